//! One version, one stage, one policy: one verdict.
//!
//! In: the policy, the frozen registry and what else was read, the version and the stage. Out: a [`Verdict`].
//! The outcome starts as an error and becomes a pass in one place, after every applicable rule has
//! been judged and at least one blocking rule has decided something. Same inputs, same bytes.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::baseline::{Resolution, resolve, twice};
use super::inputs::Inputs;
use super::policy::{
    APPROVAL_RULE, DEFAULT_STAGE, Demand, EVIDENCE_RULE, Policy, Rule, STAGE_RULE, Stage, Treatment, WAIVER_RULE,
};
use super::rules::metric::values::Index;
use super::rules::{Cause, Finding, OURS, Subject, card, digest, drift, fresh, gap, list, metric, ratchet, tests};
use super::verdict::{
    BaselineRecord, Candidate, Counts, Outcome, RuleKind, RuleRecord, RuleSeverity, RuleSpan, SCHEMA, Status,
    Subject as SubjectRecord, Tool, Verdict,
};
use super::waivers::{Applied, too_many_active};
use super::{approvals, evidence, families, stage};
use crate::diag::{count, visible};
use crate::digest::Sha256;
use crate::model::{Registry, Run, RunForm, Version};

/// Everything is in order and nothing blocks.
const EXIT_PASS: u8 = 0;
/// A blocking rule failed, was invalid or inconclusive.
const EXIT_BLOCKED: u8 = 1;
/// The candidate or a baseline is ambiguous, or there is no run to read.
const EXIT_EVIDENCE: u8 = 3;
/// The policy cannot be evaluated as it is.
const EXIT_POLICY: u8 = 2;
/// Every rule holds; time has to pass.
const EXIT_PENDING: u8 = 4;
/// No blocking rule decided anything.
const EXIT_NOTHING: u8 = 5;

/// What a verdict waits for is named in its sentence up to so many times.
const WAITED: usize = 4;

/// Judges a version for a stage.
///
/// Never fails and never panics: what cannot be judged is an outcome of its own. The caller checks
/// beforehand that the policy has the stage (a usage error there); an unknown stage is "nothing
/// evaluated" here.
pub fn evaluate(policy: &Policy, inputs: &Inputs<'_>, version: &Version, stage: &str) -> Verdict {
    let registry = inputs.registry;
    let run = version.run.and_then(|i| registry.runs.get(i));
    let mut verdict = Verdict {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        evaluated_at: inputs.at,
        clock: inputs.clock,
        provenance: None,
        proposed: None,
        stage: stage.to_owned(),
        verdict: Outcome::Error,
        exit_code: EXIT_NOTHING,
        sentence: String::new(),
        subject: SubjectRecord {
            name: version.selector(),
            model: version.model.clone(),
            version: version.version.clone(),
            digest: version.digest,
            artifact: run.map_or(version.digest, |run| artifact(run, version.digest)),
            data: run.map(data).unwrap_or_default(),
        },
        policy: policy.identity(),
        candidate: Candidate { run: run.map(|r| r.id.clone()), digest: version.digest },
        baselines: Vec::new(),
        rules: Vec::new(),
        approvals: Vec::new(),
        not_counted: Vec::new(),
        waivers: Vec::new(),
        counts: Counts::default(),
        evidence: registry.evidence_of(version).cloned().collect(),
    };
    let name = visible(&verdict.subject.name, 200);
    // What is wrong with the policy comes before what is wrong with the evidence.
    if let Some((active, most)) = too_many_active(policy, inputs.at) {
        let sentence = format!(
            "{name} cannot be judged: {} of the policy hold at the same time, at most {most} may",
            count(active, "waiver")
        );
        return stopped(verdict, EXIT_POLICY, sentence);
    }
    if let Some(why) = version.ambiguous.clone().or_else(|| run.and_then(|r| twice(registry, r))) {
        return stopped(
            verdict,
            EXIT_EVIDENCE,
            format!("{name} cannot be judged: it is ambiguous: {}", visible(&why, 400)),
        );
    }
    let Some(run) = run else {
        return stopped(verdict, EXIT_EVIDENCE, format!("{name} cannot be judged: no run of it was read"));
    };
    let Some(stage) = policy.stage(stage) else {
        let sentence = format!("{name} cannot be judged: the policy has no stage '{}'", visible(stage, 80));
        return stopped(verdict, EXIT_NOTHING, sentence);
    };
    if let Some(why) = &inputs.ledger.broken {
        let sentence = format!("{name} cannot be judged: the ledger of decisions is broken: {}", visible(why, 300));
        return stopped(verdict, EXIT_EVIDENCE, sentence);
    }
    let rules: Vec<&Rule> = policy.rules_for(&version.model).collect();
    let baselines = resolve_all(policy, &rules, inputs, version, run);
    let ambiguous = baselines.values().find_map(|r| match r {
        Resolution::Ambiguous(why) => Some(why.clone()),
        _ => None,
    });
    if let Some(why) = ambiguous {
        return stopped(verdict, EXIT_EVIDENCE, format!("{name} cannot be judged: {why}"));
    }
    let measured = measured(&rules, &baselines, registry, run);
    let subject = Subject { registry, version, run, baselines, measured };
    let mut judged = judge_all(policy, &rules, &subject, stage, inputs);
    for finding in stage::judge(stage, inputs, &version.model, verdict.subject.artifact) {
        judged.records.push(own_record(policy, STAGE_RULE, RuleKind::Stage, finding));
    }
    let applied = Applied { policy, stage, model: &version.model, subject: version.digest, at: inputs.at };
    let outcome = applied.apply(&mut judged.records);
    for finding in outcome.findings {
        judged.records.push(own_record(policy, WAIVER_RULE, RuleKind::Waiver, finding));
    }
    verdict.waivers = outcome.waivers;
    verdict.baselines = baseline_records(&subject, &judged.records);
    verdict.rules = judged.records;
    approve(policy, inputs, &subject, &mut verdict);
    name_apart(&mut verdict.rules);
    // Stable: within a group the order of the policy stays.
    verdict.rules.sort_by_key(|r| (!r.blocks(), !r.warns()));
    verdict.counts = counts(&verdict.rules);
    conclude(verdict, &rules, judged.decided, judged.bootstrapped)
}

/// Adds what approvals say to a verdict whose rules are judged; they come last because they are about the rest.
fn approve(policy: &Policy, inputs: &Inputs<'_>, subject: &Subject<'_>, verdict: &mut Verdict) {
    let Subject { registry, version, run, .. } = subject;
    let judged = approvals::judge(policy, inputs.approvals, verdict, version, run, registry);
    for (finding, span) in judged.findings {
        let record = own_record(policy, APPROVAL_RULE, RuleKind::Approval, finding);
        verdict.rules.push(RuleRecord { span, ..record });
    }
    verdict.approvals = judged.records;
    verdict.not_counted = judged.not_counted;
    verdict.policy.files.extend(judged.signers);
    verdict.add_evidence(judged.evidence);
}

/// What identifies a model whatever is said about it: the declared digests of its files, else its evidence.
fn artifact(run: &Run, evidence: Sha256) -> Sha256 {
    let files: BTreeSet<(&str, &str)> =
        digest::model_files(run).filter_map(|a| Some((a.path.as_str(), a.sha256.as_deref()?))).collect();
    // A file without a digest could be any file.
    if files.is_empty() || files.len() != digest::model_files(run).count() {
        return evidence;
    }
    let lines: Vec<String> = files.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect();
    Sha256::of_parts(lines.iter().map(|l| l.as_bytes()))
}

/// Digests of the evaluation data, as far as they are declared.
fn data(run: &Run) -> Vec<String> {
    let found: BTreeSet<String> =
        run.evaluation_data(None).iter().filter_map(|d| d.digest.clone()).filter(|d| !d.trim().is_empty()).collect();
    found.into_iter().collect()
}

/// What the runs of both sides measured, by the baseline's id; this version's under [`OURS`]. Not by the run's id:
/// two files that are baselines may say the same of themselves.
fn measured<'a>(
    rules: &[&Rule],
    baselines: &BTreeMap<&'a str, Resolution<'a>>,
    registry: &'a Registry,
    run: &'a Run,
) -> BTreeMap<&'a str, Vec<Index<'a>>> {
    let repeated = rules.iter().any(|r| r.measured().is_some_and(|m| m.repeats.is_some()));
    let bases = baselines.iter().filter_map(|(id, r)| match r {
        Resolution::Found(base) => Some((*id, base.run)),
        _ => None,
    });
    let mut out = BTreeMap::new();
    for (id, side) in std::iter::once((OURS, run)).chain(bases) {
        let mut all = vec![Index::new(side)];
        // A file outside the registry has no runs below it.
        if repeated && registry.run_index(&side.id).is_some_and(|i| registry.runs.get(i).is_some_and(|r| r == side)) {
            all.extend(repeats_of(registry, side));
        }
        out.insert(id, all);
    }
    out
}

/// The runs that repeat a run, as they may be used.
fn repeats_of<'a>(registry: &'a Registry, side: &Run) -> Vec<Index<'a>> {
    let children = repeats(registry, side).into_iter().filter_map(|i| registry.runs.get(i));
    children.map(|run| Index::new(run).unusable(evidence::unusable(registry, run))).collect()
}

/// Positions of the runs that repeat a run, in the order of their start: those that name it as their parent. A run
/// directory that is a version of the same model was made from it and repeats nothing; nor does a tracker's run that
/// says it is another model or version.
pub(super) fn repeats(registry: &Registry, side: &Run) -> Vec<usize> {
    let same = |theirs: &Option<String>, ours: &Option<String>| theirs.is_none() || theirs == ours;
    let repeats = |r: &Run| {
        let apart = match r.form {
            RunForm::Directory => r.model != side.model,
            RunForm::Tracked | RunForm::Document => same(&r.model, &side.model) && same(&r.version, &side.version),
        };
        r.parent.as_deref() == Some(side.id.as_str()) && !r.deleted && r.id != side.id && apart
    };
    let mut children: Vec<(usize, &Run)> = registry.runs.iter().enumerate().filter(|(_, r)| repeats(r)).collect();
    children.sort_by(|(_, a), (_, b)| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
    children.into_iter().map(|(i, _)| i).collect()
}

/// A verdict that could not be reached.
fn stopped(mut verdict: Verdict, exit_code: u8, sentence: String) -> Verdict {
    verdict.verdict = Outcome::Error;
    verdict.exit_code = exit_code;
    verdict.sentence = format!("{sentence}.");
    verdict
}

fn resolve_all<'a>(
    policy: &'a Policy,
    rules: &[&Rule],
    inputs: &Inputs<'a>,
    version: &Version,
    run: &Run,
) -> BTreeMap<&'a str, Resolution<'a>> {
    let used: BTreeSet<&str> = rules.iter().filter_map(|r| r.baseline()).collect();
    policy
        .baselines
        .iter()
        .filter(|(id, _)| used.contains(id.as_str()))
        .map(|(id, baseline)| (id.as_str(), resolve(id, baseline, inputs, version, run)))
        .collect()
}

/// What all rules said.
struct Judged {
    records: Vec<RuleRecord>,
    /// Whether a blocking rule of the policy decided anything.
    decided: bool,
    /// Whether a rule was skipped because a first version has no baseline.
    bootstrapped: bool,
}

fn judge_all<'p>(
    policy: &Policy,
    rules: &[&'p Rule],
    subject: &Subject<'_>,
    stage: &Stage,
    inputs: &Inputs<'_>,
) -> Judged {
    let mut out = Judged { records: Vec::new(), decided: false, bootstrapped: false };
    for finding in evidence::judge(subject) {
        out.records.push(own_record(policy, EVIDENCE_RULE, RuleKind::Evidence, finding));
    }
    let judge = |rule: &&'p Rule| {
        let findings = match &rule.demand {
            Demand::Metric(demand) => metric::judge(&rule.id, demand, policy, subject, inputs.examples),
            Demand::Drift(demand) => drift::judge(demand, subject),
            Demand::Card(demand) => card::judge(demand, subject),
            Demand::Tests(demand) => tests::judge(demand, subject),
            Demand::Gap(demand) => gap::judge(demand, subject),
            Demand::Ratchet(demand) => vec![ratchet::judge(&rule.id, demand, &policy.levels, subject)],
            Demand::Fresh(demand) => fresh::judge(demand, subject, inputs.at),
            Demand::Digest(demand) => digest::judge(demand, subject, inputs.ledger),
        };
        // A rule that finds nothing to speak of has judged nothing.
        let findings = if findings.is_empty() {
            vec![Finding::new("", "empty-match", "the rule found nothing to judge")]
        } else {
            findings
        };
        findings.into_iter().map(|finding| (*rule, finding)).collect::<Vec<_>>()
    };
    // In the order of the policy, on however many threads.
    let found: Vec<Vec<(&Rule, Finding)>> = rules.par_iter().map(judge).collect();
    let mut found: Vec<(&Rule, Finding)> = found.into_iter().flatten().collect();
    families::decide(&mut found);
    for (rule, finding) in found {
        let severity = rule.severity_at(&stage.name);
        out.bootstrapped |= finding.cause == Cause::Bootstrap;
        let (record, decided) = record(rule, severity, stage, finding);
        out.decided |= decided && severity == RuleSeverity::Block;
        out.records.push(record);
    }
    out
}

/// The record of a finding, and whether it decided something by itself.
fn record(rule: &Rule, severity: RuleSeverity, stage: &Stage, finding: Finding) -> (RuleRecord, bool) {
    let (key, treatment) = match finding.cause {
        Cause::Judged | Cause::Bootstrap => ("", None),
        Cause::Missing => ("on_missing", Some(rule.on.missing)),
        Cause::Invalid => ("on_invalid", Some(rule.on.invalid)),
        Cause::NoBaseline => ("on_no_baseline", Some(rule.on.no_baseline)),
        Cause::Empty => ("on_empty", Some(rule.on.empty)),
        Cause::SmallN => ("on_small_n", rule.on.small_n),
        Cause::Inconclusive => ("on_inconclusive", rule.on.inconclusive),
        Cause::Vanished => ("vanished", vanished(rule)),
    };
    let mut decided = finding.status != Status::Skipped;
    let mut status = finding.status;
    let mut message = finding.message;
    match treatment {
        Some(Treatment::Warn | Treatment::Skip) if status == Status::Pass => {}
        Some(treatment @ (Treatment::Warn | Treatment::Skip)) => {
            status = if treatment == Treatment::Warn { Status::Warn } else { Status::Skipped };
            message.push_str(&format!(" [{key} = \"{}\"]", treatment.as_str()));
            decided = false;
        }
        Some(Treatment::Fail) if status == Status::Inconclusive => status = Status::Fail,
        Some(Treatment::Fail) | None => {}
    }
    if status == Status::Inconclusive && !stage.block_on.contains(&Status::Inconclusive) {
        status = Status::Warn;
        message.push_str(" [the stage does not block on inconclusive]");
        decided = false;
    }
    let record = RuleRecord {
        id: rule.id.clone(),
        check: rule.kind(),
        severity,
        status,
        reason: finding.reason.to_owned(),
        message,
        metric: finding.metric,
        dataset: finding.dataset,
        target: finding.target,
        value: finding.value,
        op: finding.op,
        bound: finding.bound,
        margin: finding.margin,
        n: finding.n,
        interval: finding.interval,
        baseline: finding.baseline,
        family: finding.family,
        waiver: None,
        source: finding.source,
        why: rule.why.clone(),
        span: rule.span.clone(),
    };
    (record, decided)
}

fn vanished(rule: &Rule) -> Option<Treatment> {
    match &rule.demand {
        Demand::Metric(demand) => demand.slices.as_ref().map(|s| s.vanished),
        _ => None,
    }
}

/// The gate's own record. It belongs to no line of the policy and no stage loosens it.
fn own_record(policy: &Policy, id: &str, check: RuleKind, finding: Finding) -> RuleRecord {
    RuleRecord {
        id: id.to_owned(),
        check,
        severity: RuleSeverity::Block,
        status: finding.status,
        reason: finding.reason.to_owned(),
        message: finding.message,
        metric: None,
        dataset: None,
        target: finding.target,
        value: None,
        op: None,
        bound: None,
        margin: None,
        n: None,
        interval: None,
        baseline: None,
        family: None,
        waiver: None,
        source: finding.source,
        why: None,
        span: RuleSpan {
            file: policy.files.first().map(|f| f.path.clone()).unwrap_or_default(),
            line: 1,
            col: 1,
            end_line: 1,
        },
    }
}

/// Names are unique within a verdict: readers of JUnit files drop the second of two equal ones, and
/// it may be the one that fails.
fn name_apart(records: &mut [RuleRecord]) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for record in records {
        let target = record.target.clone();
        let mut n = 1;
        while !seen.insert(record.name()) {
            n += 1;
            record.target = if target.is_empty() { format!("#{n}") } else { format!("{target} #{n}") };
        }
    }
}

fn baseline_records(subject: &Subject<'_>, records: &[RuleRecord]) -> Vec<BaselineRecord> {
    subject
        .baselines
        .iter()
        .map(|(id, resolution)| {
            let found = match resolution {
                Resolution::Found(base) | Resolution::Own(base, _) => Some(base),
                _ => None,
            };
            let why = match resolution {
                // The first rule that could not compare says why.
                Resolution::Found(_) => records
                    .iter()
                    .find(|r| r.reason == "not-comparable" && r.baseline.as_ref().is_some_and(|b| b.id == *id))
                    .map(|r| r.message.clone()),
                Resolution::Own(_, why)
                | Resolution::None(why)
                | Resolution::Invalid(why)
                | Resolution::Ambiguous(why) => Some(why.clone()),
                Resolution::Bootstrap(why) => Some(format!("{why}; first version (bootstrap)")),
            };
            BaselineRecord {
                id: (*id).to_owned(),
                version: found.and_then(|b| b.version.map(str::to_owned)),
                run: found.map(|b| b.run.id.clone()),
                digest: found.map(|b| b.digest),
                comparable: matches!(resolution, Resolution::Found(_)) && why.is_none(),
                why,
            }
        })
        .collect()
}

fn counts(records: &[RuleRecord]) -> Counts {
    let mut out = Counts::default();
    for record in records {
        *match record.status {
            Status::Pass => &mut out.pass,
            Status::Warn => &mut out.warn,
            Status::Fail => &mut out.fail,
            Status::Inconclusive => &mut out.inconclusive,
            Status::Invalid => &mut out.invalid,
            Status::Waived => &mut out.waived,
            Status::Skipped => &mut out.skipped,
        } += 1;
    }
    out
}

/// The outcome; the only place where a verdict becomes a pass.
fn conclude(mut verdict: Verdict, rules: &[&Rule], decided: bool, bootstrapped: bool) -> Verdict {
    let name = visible(&verdict.subject.name, 200);
    let stage_name = match verdict.stage.as_str() {
        DEFAULT_STAGE => "the gate".to_owned(),
        stage => visible(stage, 80),
    };
    if !decided {
        let why = match rules.len() {
            0 => "no rule of the policy is for this model".to_owned(),
            n => format!("none of {} blocks there and could be judged", count(n, "rule")),
        };
        return stopped(verdict, EXIT_NOTHING, format!("nothing was evaluated for {name} at {stage_name}: {why}"));
    }
    let blocking: Vec<&RuleRecord> = verdict.rules.iter().filter(|r| r.blocks()).collect();
    let waits = |r: &&RuleRecord| match r.check {
        RuleKind::Stage => r.reason == stage::SOAK,
        RuleKind::Approval => r.reason == approvals::MISSING,
        _ => false,
    };
    if !blocking.is_empty() && blocking.iter().all(waits) {
        let waited: Vec<String> = blocking.iter().map(|r| r.message.clone()).collect();
        let sentence = format!("{name} waits for {stage_name}: every rule holds; {}.", list(&waited, WAITED));
        verdict.verdict = Outcome::Pending;
        verdict.exit_code = EXIT_PENDING;
        verdict.sentence = sentence;
        return verdict;
    }
    if let Some(first) = blocking.iter().find(|r| !waits(r)) {
        let sentence = format!("{name} is blocked at {stage_name} by {}: {}.", named(first, &blocking), first.message);
        verdict.verdict = Outcome::Blocked;
        verdict.exit_code = EXIT_BLOCKED;
        verdict.sentence = sentence;
        return verdict;
    }
    let warning: Vec<&RuleRecord> = verdict.rules.iter().filter(|r| r.warns()).collect();
    let unsettled: BTreeSet<&str> =
        verdict.rules.iter().filter(|r| r.status != Status::Pass).map(|r| r.id.as_str()).collect();
    let held = rules.iter().filter(|r| !unsettled.contains(r.id.as_str())).count();
    let hold = match (held, rules.len()) {
        (1, 1) => "its one rule holds".to_owned(),
        (held, all) if held == all => format!("all {all} rules hold"),
        (held, all) => format!("{held} of {} hold", count(all, "rule")),
    };
    let waived: BTreeSet<&str> = verdict.rules.iter().filter_map(|r| r.waiver.as_deref()).collect();
    let (outcome, sentence) = match warning.first() {
        _ if !waived.is_empty() => {
            let ids: Vec<String> = waived.iter().map(|id| visible(id, 80)).collect();
            let warns =
                warning.first().map_or_else(String::new, |w| format!("; {}: {}", named(w, &warning), w.message));
            (
                Outcome::PassWithWaivers,
                format!(
                    "{name} passes {stage_name} with {} ({}): {hold}{warns}.",
                    count(ids.len(), "waiver"),
                    ids.join(", ")
                ),
            )
        }
        Some(first) => (
            Outcome::PassWithWarnings,
            format!("{name} passes {stage_name} with warnings: {hold}; {}: {}.", named(first, &warning), first.message),
        ),
        None if bootstrapped => (
            Outcome::PassWithWarnings,
            format!(
                "{name} passes {stage_name} as the first version: {hold}, the others had no baseline to compare with."
            ),
        ),
        None => (Outcome::Pass, format!("{name} passes {stage_name}: {hold}.")),
    };
    verdict.verdict = outcome;
    verdict.exit_code = EXIT_PASS;
    verdict.sentence = sentence;
    verdict
}

/// The first record's name and how many other rules stand beside it.
fn named(first: &RuleRecord, all: &[&RuleRecord]) -> String {
    let others: BTreeSet<&str> = all.iter().map(|r| r.id.as_str()).filter(|id| *id != first.id).collect();
    let name = visible(&first.name(), 200);
    match others.len() {
        0 => name,
        n => format!("{name} and {}", count(n, "more rule")),
    }
}
