//! One version, one stage, one policy: one verdict.
//!
//! In: the policy, the frozen registry, the version, the stage and the clock. Out: a [`Verdict`].
//! The outcome starts as an error and becomes a pass in one place, after every applicable rule has
//! been judged and at least one blocking rule has decided something. Same inputs, same bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::{Resolution, resolve, twice};
use super::evidence;
use super::policy::{DEFAULT_STAGE, Demand, EVIDENCE_RULE, Policy, Rule, Stage, Treatment};
use super::rules::{Cause, Finding, Subject, card, drift, metric, tests};
use super::verdict::{
    BaselineRecord, Candidate, Clock, Counts, Outcome, RuleKind, RuleRecord, RuleSeverity, RuleSpan, SCHEMA, Status,
    Subject as SubjectRecord, Tool, Verdict,
};
use crate::diag::{count, visible};
use crate::model::{Instant, Registry, Run, Version};

/// Everything is in order and nothing blocks.
const EXIT_PASS: u8 = 0;
/// A blocking rule failed, was invalid or inconclusive.
const EXIT_BLOCKED: u8 = 1;
/// The candidate or a baseline is ambiguous, or there is no run to read.
const EXIT_EVIDENCE: u8 = 3;
/// No blocking rule decided anything.
const EXIT_NOTHING: u8 = 5;

/// Judges a version for a stage.
///
/// Never fails and never panics: what cannot be judged is an outcome of its own. The caller checks
/// beforehand that the policy has the stage (a usage error there); an unknown stage is "nothing
/// evaluated" here.
pub fn evaluate(
    policy: &Policy,
    registry: &Registry,
    version: &Version,
    stage: &str,
    clock: (Instant, Clock),
) -> Verdict {
    let run = version.run.and_then(|i| registry.runs.get(i));
    let mut verdict = Verdict {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        evaluated_at: clock.0,
        clock: clock.1,
        provenance: None,
        stage: stage.to_owned(),
        verdict: Outcome::Error,
        exit_code: EXIT_NOTHING,
        sentence: String::new(),
        subject: SubjectRecord {
            name: version.selector(),
            model: version.model.clone(),
            version: version.version.clone(),
            digest: version.digest,
        },
        policy: policy.identity(),
        candidate: Candidate { run: run.map(|r| r.id.clone()), digest: version.digest },
        baselines: Vec::new(),
        rules: Vec::new(),
        approvals: Vec::new(),
        waivers: Vec::new(),
        counts: Counts::default(),
        evidence: registry.evidence_of(version).cloned().collect(),
    };
    let name = visible(&verdict.subject.name, 200);
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
    let rules: Vec<&Rule> = policy.rules_for(&version.model).collect();
    let subject = Subject { registry, version, run, baselines: resolve_all(policy, &rules, registry, version, run) };
    let ambiguous = subject.baselines.values().find_map(|r| match r {
        Resolution::Ambiguous(why) => Some(why.clone()),
        _ => None,
    });
    if let Some(why) = ambiguous {
        return stopped(verdict, EXIT_EVIDENCE, format!("{name} cannot be judged: {why}"));
    }
    let judged = judge_all(policy, &rules, &subject, stage);
    verdict.baselines = baseline_records(&subject, &judged.records);
    verdict.counts = counts(&judged.records);
    verdict.rules = judged.records;
    conclude(verdict, &rules, judged.decided, judged.bootstrapped)
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
    registry: &'a Registry,
    version: &Version,
    run: &Run,
) -> BTreeMap<&'a str, Resolution<'a>> {
    let used: BTreeSet<&str> = rules.iter().filter_map(|r| r.baseline()).collect();
    policy
        .baselines
        .iter()
        .filter(|(id, _)| used.contains(id.as_str()))
        .map(|(id, baseline)| (id.as_str(), resolve(baseline, registry, version, run)))
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

fn judge_all(policy: &Policy, rules: &[&Rule], subject: &Subject<'_>, stage: &Stage) -> Judged {
    let mut out = Judged { records: Vec::new(), decided: false, bootstrapped: false };
    for finding in evidence::judge(subject) {
        out.records.push(evidence_record(policy, finding));
    }
    for rule in rules {
        let severity = rule.severity_at(&stage.name);
        let findings = match &rule.demand {
            Demand::Metric(demand) => metric::judge(demand, policy, subject),
            Demand::Drift(demand) => drift::judge(demand, subject),
            Demand::Card(demand) => card::judge(demand, subject),
            Demand::Tests(demand) => tests::judge(demand, subject),
        };
        // A rule that finds nothing to speak of has judged nothing.
        let findings = if findings.is_empty() {
            vec![Finding::new("", "empty-match", "the rule found nothing to judge")]
        } else {
            findings
        };
        for finding in findings {
            out.bootstrapped |= finding.cause == Cause::Bootstrap;
            let (record, decided) = record(rule, severity, stage, finding);
            out.decided |= decided && severity == RuleSeverity::Block;
            out.records.push(record);
        }
    }
    name_apart(&mut out.records);
    // Stable: within a group the order of the policy stays.
    out.records.sort_by_key(|r| (!r.blocks(), !r.warns()));
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
        family: None,
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
fn evidence_record(policy: &Policy, finding: Finding) -> RuleRecord {
    RuleRecord {
        id: EVIDENCE_RULE.to_owned(),
        check: RuleKind::Evidence,
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
    let stage = match verdict.stage.as_str() {
        DEFAULT_STAGE => "the gate".to_owned(),
        stage => visible(stage, 80),
    };
    if !decided {
        let why = match rules.len() {
            0 => "no rule of the policy is for this model".to_owned(),
            n => format!("none of {} blocks there and could be judged", count(n, "rule")),
        };
        return stopped(verdict, EXIT_NOTHING, format!("nothing was evaluated for {name} at {stage}: {why}"));
    }
    let blocking: Vec<&RuleRecord> = verdict.rules.iter().filter(|r| r.blocks()).collect();
    if let Some(first) = blocking.first() {
        let sentence = format!("{name} is blocked at {stage} by {}: {}.", named(first, &blocking), first.message);
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
    let (outcome, sentence) = match warning.first() {
        Some(first) => (
            Outcome::PassWithWarnings,
            format!("{name} passes {stage} with warnings: {hold}; {}: {}.", named(first, &warning), first.message),
        ),
        None if bootstrapped => (
            Outcome::PassWithWarnings,
            format!("{name} passes {stage} as the first version: {hold}, the others had no baseline to compare with."),
        ),
        None => (Outcome::Pass, format!("{name} passes {stage}: {hold}.")),
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
