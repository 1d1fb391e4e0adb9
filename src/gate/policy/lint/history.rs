//! What the evidence that was read could have shown.
//!
//! In: the policy, and the newest versions of every model, judged at every stage. Out: diagnostics about rules that no
//! version could have passed for want of examples, slices, reports or baselines, and about parts of the policy that
//! match nothing. One version that could be judged is enough to say nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{at, blocks};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::gate::inputs::Inputs;
use crate::gate::policy::{Bound, Demand, MetricRule, Mode, Pattern, Policy, Rule};
use crate::gate::rules::metric::values::measures;
use crate::gate::stats::{Level, power};
use crate::gate::verdict::{RuleRecord, RuleSeverity, Status, Verdict, WaiverState};
use crate::model::{Catalogue, Direction, Finite, MetricDefinition, MetricResult, Registry, Run, Slice};

/// So many versions of a model are judged, the newest.
const VERSIONS: usize = 5;

/// Reasons that say that there was nothing to decide by, whatever the values.
const UNDECIDED: &[&str] = &[
    "missing",
    "empty-match",
    "small-n",
    "no-evidence",
    "too-little-power",
    "no-baseline",
    "missing-baseline",
    "not-comparable",
    "no-level",
    "missing-slice",
    "too-few-slices",
    "missing-report",
    "critical-absent",
    "too-few-columns",
    "too-few-reports",
    "too-few-tests",
    "no-digest",
    "not-recomputed",
    "no-time",
    "no-model-time",
];

/// What one version's run and verdicts are.
struct Judged<'a> {
    model: &'a str,
    run: &'a Run,
    verdicts: Vec<Verdict>,
}

pub(super) fn check(policy: &Policy, inputs: &Inputs<'_>, out: &mut Vec<Diagnostic>) {
    let registry = inputs.registry;
    let mut judged = Vec::new();
    for model in &registry.models {
        unblocked(policy, &model.name, out);
        for version in model.versions.iter().rev().take(VERSIONS) {
            let Some(run) = registry.run_of(version) else { continue };
            let verdicts = policy.stages().map(|s| crate::gate::evaluate(policy, inputs, version, s)).collect();
            judged.push(Judged { model: &model.name, run, verdicts });
        }
    }
    if judged.is_empty() {
        return;
    }
    for rule in &policy.rules {
        let mine: Vec<&Judged<'_>> = judged.iter().filter(|j| rule.applies_to(j.model)).collect();
        if mine.is_empty() {
            continue;
        }
        undecided(rule, &mine, out);
        floors(rule, &mine, out);
        zero_baseline(rule, &mine, out);
        unmatched(rule, registry, &mine, out);
    }
    waivers(policy, &judged, out);
    metrics(policy, registry, out);
}

/// A model that no rule blocks at a stage, although rules block others there.
fn unblocked(policy: &Policy, model: &str, out: &mut Vec<Diagnostic>) {
    for stage in policy.stages() {
        let block = |r: &Rule| r.severity_at(stage) == RuleSeverity::Block;
        if policy.rules.iter().any(block) && !policy.rules_for(model).any(block) {
            let message = format!("no rule blocks model '{}' at stage '{}'", visible(model, 80), visible(stage, 60));
            let file = policy.files.first().map(|f| f.path.clone()).unwrap_or_default();
            out.push(
                Diagnostic::new(Code::PolicyNothingBlocks, message)
                    .at(file)
                    .help("the gate ends with exit code 5 there: give a rule that holds for it severity \"block\""),
            );
        }
    }
}

fn records<'v>(rule: &'v Rule, judged: &'v Judged<'_>) -> impl Iterator<Item = &'v RuleRecord> {
    judged.verdicts.first().into_iter().flat_map(|v| &v.rules).filter(move |r| r.id == rule.id)
}

/// What none of the versions could decide, by target.
fn undecided(rule: &Rule, mine: &[&Judged<'_>], out: &mut Vec<Diagnostic>) {
    let mut open: Option<BTreeMap<&str, &RuleRecord>> = None;
    let mut versions = 0;
    for judged in mine {
        let all: Vec<&RuleRecord> = records(rule, judged).collect();
        if all.is_empty() {
            continue;
        }
        versions += 1;
        let mine: BTreeMap<&str, &RuleRecord> =
            all.iter().filter(|r| UNDECIDED.contains(&r.reason.as_str())).map(|r| (r.target.as_str(), *r)).collect();
        // What one version decides, or does not speak of, is not undecidable.
        match &mut open {
            None => open = Some(mine),
            Some(open) => open.retain(|target, _| mine.contains_key(target)),
        }
    }
    let open = open.unwrap_or_default();
    // What the policy says is to be left open is no surprise.
    let meant = |r: &RuleRecord| matches!(r.status, Status::Warn | Status::Skipped);
    let Some(first) = open.values().find(|r| !meant(r)).or_else(|| open.values().next()) else { return };
    let severity = if meant(first) { Severity::Note } else { Severity::Warning };
    let more = match open.len() - 1 {
        0 => String::new(),
        more => format!(" (and {} more like it)", more),
    };
    let (code, what) = if first.reason == "empty-match" {
        (Code::LintUnused, "matches nothing")
    } else {
        (Code::LintNeverPasses, "could not be decided")
    };
    let message = format!(
        "rule '{}' {what} in any of the {} that were read: {}{more}",
        rule.id,
        count(versions, "version"),
        visible(&first.message, 400)
    );
    let help = match first.reason.as_str() {
        "small-n" => "lower min_n, or measure on more examples",
        "too-little-power" => "raise mde, or measure on more examples: less data cannot show such a harm",
        "no-evidence" => "give n, stderr, several runs or per-example records, or write evidence = \"point\"",
        "too-few-slices" | "missing-slice" | "empty-match" => "correct the pattern, or measure on such slices",
        "no-baseline" | "missing-baseline" | "not-comparable" => "correct the baseline, or what must be the same",
        "no-level" => "run `presscheck ratchet update` when enough versions have passed",
        _ => "a rule that nothing can pass is switched off sooner or later: correct it, or bring the evidence",
    };
    out.push(at(&rule.span, code, message).severity(severity).help(help));
}

fn is_meant(rule: &MetricRule, result: &MetricResult) -> bool {
    measures(rule, result)
        && match &rule.slices {
            None => result.slice.is_overall(),
            Some(slices) => slices.fits(&result.slice) || slices.require.contains(&result.slice),
        }
}

/// Floors under a share that not even a perfect result would prove at the n that there is.
fn floors(rule: &Rule, mine: &[&Judged<'_>], out: &mut Vec<Diagnostic>) {
    let Demand::Metric(demand) = &rule.demand else { return };
    let Some(proof) = demand.proof.as_ref().filter(|p| p.mode == Mode::Noninferior && demand.proportion) else {
        return;
    };
    let Ok(level) = Level::one_sided(proof.confidence) else { return };
    let mut most: BTreeMap<&Slice, u64> = BTreeMap::new();
    for result in mine.iter().flat_map(|j| &j.run.results).filter(|r| is_meant(demand, r)) {
        if let Some(n) = result.n {
            let known = most.entry(&result.slice).or_insert(n);
            *known = n.max(*known);
        }
    }
    for bound in &demand.bounds {
        let share = match *bound {
            Bound::Min(v) | Bound::Above(v) => v,
            Bound::Max(v) | Bound::Below(v) => 1.0 - v,
            _ => continue,
        };
        let Ok(Some(needed)) = power::floor_n(1.0, share, level) else { continue };
        let short: Vec<(&Slice, u64)> = most.iter().filter(|(_, n)| **n < needed).map(|(s, n)| (*s, *n)).collect();
        let Some((slice, n)) = short.iter().max_by_key(|(_, n)| *n) else { continue };
        let place =
            if slice.is_overall() { String::new() } else { format!(" of slice {}", visible(&slice.to_string(), 80)) };
        let more = match short.len() - 1 {
            0 => String::new(),
            more => format!(" (and {} smaller)", count(more, "slice")),
        };
        let message = format!(
            "rule '{}' cannot pass: not even a perfect result on the {n} examples{place} proves its bound with {}% confidence, it takes n >= {needed}{more}",
            rule.id,
            crate::gate::number::rounded(proof.confidence * 100.0, 6),
        );
        out.push(
            at(&rule.span, Code::LintNeverPasses, message)
                .help("measure on more examples, lower the bound or the confidence, or add min_n and on_small_n"),
        );
    }
}

fn zero_baseline(rule: &Rule, mine: &[&Judged<'_>], out: &mut Vec<Diagnostic>) {
    let Some(relative) = rule.measured().and_then(|m| m.relative.as_ref()) else { return };
    let only_share = |a: &super::super::Allowance| a.abs.is_none() && a.rel.is_some();
    if !relative.max_regression.as_ref().is_some_and(only_share) {
        return;
    }
    let zero = mine
        .iter()
        .flat_map(|j| records(rule, j))
        .find(|r| r.baseline.as_ref().and_then(|b| b.value?.finite()).map(Finite::get) == Some(0.0));
    if let Some(record) = zero {
        let target =
            if record.target.is_empty() { String::new() } else { format!(" on {}", visible(&record.target, 80)) };
        let message = format!(
            "rule '{}' allows a share of the baseline{target}, and the baseline is 0: nothing is allowed",
            rule.id
        );
        out.push(
            at(&rule.span, Code::LintZeroBaseline, message).help("add abs beside rel: the larger of the two counts"),
        );
    }
}

/// Patterns that leave out what is not there anyway.
fn unmatched(rule: &Rule, registry: &Registry, mine: &[&Judged<'_>], out: &mut Vec<Diagnostic>) {
    let mut say = |pattern: &str| {
        let message =
            format!("'exclude' of rule '{}' holds '{}', which matches nothing", rule.id, visible(pattern, 80));
        out.push(
            at(&rule.span, Code::LintUnused, message)
                .severity(Severity::Note)
                .help("remove it: it would hide the first thing of that name"),
        );
    };
    if let Some(slices) = rule.measured().and_then(|m| m.slices.as_ref()) {
        for pattern in &slices.exclude {
            if !mine.iter().flat_map(|j| &j.run.results).any(|r| pattern.matches(&r.slice)) {
                say(&pattern.text);
            }
        }
    }
    if let Demand::Drift(drift) = &rule.demand {
        let runs: BTreeSet<&str> = mine.iter().map(|j| j.run.id.as_str()).collect();
        let reports = || registry.drift.iter().filter(|d| d.run.as_deref().is_some_and(|r| runs.contains(r)));
        let unused = |p: &&Pattern| !reports().flat_map(|d| &d.features).any(|f| p.matches(&f.feature));
        drift.exclude.iter().filter(unused).for_each(|p| say(p.as_str()));
    }
}

/// Waivers that hold and cover nothing of what was read.
fn waivers(policy: &Policy, judged: &[Judged<'_>], out: &mut Vec<Diagnostic>) {
    for waiver in &policy.waivers {
        let states: BTreeSet<&str> = judged
            .iter()
            .flat_map(|j| &j.verdicts)
            .flat_map(|v| &v.waivers)
            .filter(|w| w.id == waiver.id)
            .map(|w| match w.state {
                WaiverState::Used => "used",
                WaiverState::Redundant => "redundant",
                WaiverState::Unused | WaiverState::Elsewhere => "unused",
                WaiverState::Expired | WaiverState::NotYet => "over",
            })
            .collect();
        let what = match (states.contains("used"), states.contains("redundant"), states.contains("unused")) {
            (false, true, _) => "covers nothing that another waiver does not cover",
            (false, false, true) => "covers nothing of the newest versions",
            _ => continue,
        };
        let message = format!("waiver {} {what}", visible(&waiver.id, 80));
        out.push(
            at(&waiver.span, Code::LintUnused, message).help("remove it: it would cover what nobody has looked at"),
        );
    }
}

/// Metrics that the configuration defines and nobody measures.
fn metrics(policy: &Policy, registry: &Registry, out: &mut Vec<Diagnostic>) {
    let built_in = Catalogue::built_in();
    let measured: BTreeSet<&str> = registry
        .runs
        .iter()
        .flat_map(|r| r.results.iter().map(|x| x.metric.as_str()).chain(r.rejected.iter().map(|x| x.metric.as_str())))
        .map(|name| registry.catalogue.canonical(name))
        .collect();
    let helpers: BTreeSet<&str> = policy
        .rules
        .iter()
        .filter_map(Rule::measured)
        .flat_map(|m| [m.stderr.as_deref(), m.counted_by.as_deref()])
        .flatten()
        .collect();
    let file = policy.files.first().map(|f| f.path.clone()).unwrap_or_default();
    let own: BTreeSet<&str> = registry.catalogue.names().filter(|n| registry.catalogue.canonical(n) == *n).collect();
    for name in own {
        let definition: Option<&MetricDefinition> = registry.catalogue.get(name);
        let judged = definition.and_then(|d| d.direction).is_some_and(|d| d != Direction::None);
        if definition == built_in.get(name) || helpers.contains(name) || !judged {
            continue;
        }
        let named = policy.rules.iter().filter(|r| r.measured().is_some_and(|m| m.metric == name)).collect::<Vec<_>>();
        let (severity, message) = if !measured.contains(name) {
            (Severity::Warning, format!("nothing that was read measures '{}'", visible(name, 80)))
        } else if !named.iter().any(|r| blocks(r)) {
            (Severity::Note, format!("'{}' is measured and no rule blocks by it", visible(name, 80)))
        } else {
            continue;
        };
        out.push(
            Diagnostic::new(Code::LintUnused, message)
                .severity(severity)
                .at(file.clone())
                .pointer(format!("metrics.{name}"))
                .help("correct the name or its aliases, add a rule, or remove it"),
        );
    }
}
