//! Proof that blocking rules block: the evidence of a version that passes is changed, and the gate must object.
//!
//! In: the policy and what the gate judges by. Out: for every blocking rule, stage and model how many changes were
//! tried and which of them the gate let pass. Changes are made to the evidence as it was read, in memory, one at a
//! time, and undone; a rule is judged alone, so that no other one can cover for it. Nothing is written.

mod approvals;
mod card;
mod case;
mod checks;
mod digest;
mod drift;
mod fresh;
mod metric;
mod run;

use serde::Serialize;

use self::case::{Case, Mutation};
use super::inputs::Inputs;
use super::policy::{Demand, EVIDENCE_RULE, Mode, Policy, Rule, Treatment};
use super::verdict::{RuleRecord, RuleSeverity, RuleSpan, Status, Verdict};
use crate::diag::visible;
use crate::model::Version;

/// The exit code of a version or baseline that cannot be told apart: no pass either.
const EXIT_EVIDENCE: u8 = 3;

/// So many versions of a model are looked at for one that passes a rule, from the newest.
const VERSIONS: usize = 50;

/// What was shown of one rule at one stage for one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The stage.
    pub stage: String,
    /// The rule; [`EVIDENCE_RULE`] for what the gate itself sees to.
    pub rule: String,
    /// The model.
    pub model: String,
    /// The version whose evidence was changed: the newest that passes the rule.
    pub version: Option<String>,
    /// How many changes were tried.
    pub tried: usize,
    /// Changes that the gate let pass.
    pub passed: Vec<Passed>,
    /// Changes that it let pass because a key of the rule says so.
    pub excepted: Vec<Passed>,
    /// Why nothing was tried, if so.
    pub nothing: Option<Nothing>,
    /// Where the rule stands.
    pub span: RuleSpan,
}

impl Shown {
    /// Whether the rule was shown to block.
    pub fn holds(&self) -> bool {
        self.passed.is_empty() && !matches!(self.nothing, Some(Nothing::NoEvidence(_)))
    }
}

/// Why no change was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why", content = "message")]
pub enum Nothing {
    /// Every version is blocked by the rule as it is: it blocks, and more cannot be shown.
    AlreadyBlocks(String),
    /// There is nothing to change: the rule decided nothing for any version.
    NoEvidence(String),
}

/// A change of the evidence that did not make a rule block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// What kind of change: `worse`, `missing`, `not-finite`, …
    pub kind: &'static str,
    /// What was changed, in words.
    pub change: String,
    /// What the gate said of it.
    pub said: String,
    /// What would make the rule block.
    pub help: String,
}

/// Shows of every rule that blocks at the stages that it does.
pub fn prove(policy: &Policy, inputs: &Inputs<'_>, stages: &[&str]) -> Vec<Shown> {
    let mut case = Case::new(policy, inputs);
    let mut out = Vec::new();
    for stage in stages {
        let blocks = |r: &&Rule| r.severity_at(stage) == RuleSeverity::Block;
        for rule in policy.rules.iter().filter(blocks) {
            let before = out.len();
            for model in inputs.registry.models.iter().filter(|m| rule.applies_to(&m.name)) {
                let versions: Vec<&Version> = model.versions.iter().rev().take(VERSIONS).collect();
                out.push(prove_rule(&mut case, rule, stage, &model.name, &versions));
            }
            if out.len() == before {
                let nothing = Nothing::NoEvidence("no model that it holds for was read".to_owned());
                out.push(Shown { nothing: Some(nothing), ..shown(rule, stage, "", None) });
            }
        }
        for model in &inputs.registry.models {
            let mine = policy.rules.iter().filter(blocks).find(|r| r.applies_to(&model.name));
            if let Some(rule) = mine {
                let versions: Vec<&Version> = model.versions.iter().rev().take(VERSIONS).collect();
                out.extend(prove_evidence(&mut case, rule, stage, &model.name, &versions));
            }
            out.extend(approvals::prove(policy, inputs, stage, model));
        }
    }
    out
}

fn shown(rule: &Rule, stage: &str, model: &str, version: Option<&Version>) -> Shown {
    Shown {
        stage: stage.to_owned(),
        rule: rule.id.clone(),
        model: model.to_owned(),
        version: version.map(|v| v.version.clone()),
        tried: 0,
        passed: Vec::new(),
        excepted: Vec::new(),
        nothing: None,
        span: rule.span.clone(),
    }
}

/// The records of a rule, and those of the gate's own about the evidence.
fn records<'v>(verdict: &'v Verdict, id: &'v str) -> impl Iterator<Item = &'v RuleRecord> {
    verdict.rules.iter().filter(move |r| r.id == id || r.id == EVIDENCE_RULE)
}

fn objects(verdict: &Verdict, id: &str) -> bool {
    verdict.exit_code == EXIT_EVIDENCE || records(verdict, id).any(RuleRecord::blocks)
}

fn decides(verdict: &Verdict, id: &str) -> bool {
    verdict.rules.iter().any(|r| r.id == id && r.status == Status::Pass)
}

/// One rule: the newest version that passes it, then one change after the other.
fn prove_rule(case: &mut Case<'_>, rule: &Rule, stage: &str, model: &str, versions: &[&Version]) -> Shown {
    let mut said = None;
    for version in versions {
        case.judge(rule, version);
        let verdict = case.verdict(stage);
        let first = || records(&verdict, &rule.id).find(|r| r.blocks()).map_or(&verdict.sentence, |r| &r.message);
        if objects(&verdict, &rule.id) {
            said.get_or_insert_with(|| Nothing::AlreadyBlocks(visible(first(), 300)));
            continue;
        }
        if !decides(&verdict, &rule.id) {
            said.get_or_insert_with(|| {
                let why = verdict.rules.iter().find(|r| r.id == rule.id).map_or(&verdict.sentence, |r| &r.message);
                Nothing::NoEvidence(visible(why, 300))
            });
            continue;
        }
        let mutations = mutations(rule, case, &verdict);
        return tried(case, rule, stage, shown(rule, stage, model, Some(version)), mutations);
    }
    let nothing = said.unwrap_or_else(|| Nothing::NoEvidence("the model has no version".to_owned()));
    Shown { nothing: Some(nothing), ..shown(rule, stage, model, None) }
}

fn mutations(rule: &Rule, case: &Case<'_>, verdict: &Verdict) -> Vec<Mutation> {
    let records: Vec<&RuleRecord> = verdict.rules.iter().filter(|r| r.id == rule.id).collect();
    match &rule.demand {
        Demand::Metric(demand) => metric::of_metric(demand, case, &records),
        Demand::Gap(demand) => metric::of_gap(demand, case, &records),
        Demand::Ratchet(demand) => metric::of_ratchet(&demand.of, case, &records),
        Demand::Drift(demand) => drift::mutations(demand, case),
        Demand::Tests(demand) => checks::mutations(demand, case),
        Demand::Card(demand) => card::mutations(demand, case),
        Demand::Fresh(demand) => fresh::mutations(demand),
        Demand::Digest(demand) => digest::mutations(demand, case),
    }
}

/// What the gate sees to whatever the rules say: files that cannot be read, runs that failed, versions that are two.
fn prove_evidence(case: &mut Case<'_>, rule: &Rule, stage: &str, model: &str, versions: &[&Version]) -> Option<Shown> {
    for version in versions {
        case.judge(rule, version);
        let verdict = case.verdict(stage);
        if verdict.exit_code == EXIT_EVIDENCE || verdict.rules.iter().any(|r| r.id == EVIDENCE_RULE && r.blocks()) {
            continue;
        }
        let mut out = shown(rule, stage, model, Some(version));
        EVIDENCE_RULE.clone_into(&mut out.rule);
        for mutation in run::mutations(case) {
            out.tried += 1;
            let verdict = case.with(&mutation, stage);
            let own = verdict.rules.iter().any(|r| r.id == EVIDENCE_RULE && r.blocks());
            if verdict.exit_code != EXIT_EVIDENCE && !own {
                out.passed.push(mutation.passed(verdict.sentence));
            }
        }
        return Some(out);
    }
    None
}

fn tried(case: &mut Case<'_>, rule: &Rule, stage: &str, mut out: Shown, mutations: Vec<Mutation>) -> Shown {
    out.tried = mutations.len();
    for mutation in mutations {
        let verdict = case.with(&mutation, stage);
        if objects(&verdict, &rule.id) {
            continue;
        }
        let said = records(&verdict, &rule.id)
            .find(|r| r.status != Status::Pass)
            .map_or(verdict.sentence.clone(), |r| format!("{}: {}", r.status.as_str(), r.message));
        let passed = mutation.passed(visible(&said, 300));
        if excepts(rule, mutation.kind) { out.excepted.push(passed) } else { out.passed.push(passed) }
    }
    if out.tried == 0 {
        out.nothing = Some(Nothing::NoEvidence("nothing of its evidence can be changed".to_owned()));
    }
    out
}

/// Whether the rule itself says that too little evidence is not to block: a decision about sample sizes, in the open.
fn excepts(rule: &Rule, kind: &str) -> bool {
    let loose = |t: Option<Treatment>| t.is_some_and(|t| t != Treatment::Fail);
    let proof = rule.measured().and_then(|m| m.proof.as_ref()).is_some_and(|p| p.mode != Mode::Point);
    match kind {
        metric::SMALL => loose(rule.on.small_n),
        metric::UNPROVEN => proof && loose(rule.on.inconclusive),
        _ => false,
    }
}
