//! Inheritance: a policy may add to the policies that it extends, and make them stricter; nothing else.
//!
//! In: what is inherited and what a policy says itself. Out: the two as one, or what would be loosened. Rules are
//! never removed, only replaced by stricter ones of the same id; waivers are never inherited.

use super::{
    Age, Allowance, Bound, CardRule, Demand, DigestRule, DriftRule, FreshRule, GapRule, Lock, MetricRule, Mode, Policy,
    RatchetRule, Rule, RuleSeverity, SlicePattern, Slices, Stage, TestsRule, Treatment, Verify,
};

/// Joins what two parents say; the name of what both define differently.
///
/// # Errors
/// What is defined twice, in words.
pub(crate) fn join(mut first: Policy, second: Policy) -> Result<Policy, String> {
    for rule in second.rules {
        match first.rules.iter().find(|r| r.id == rule.id) {
            None => first.rules.push(rule),
            Some(known) if *known == rule => {}
            Some(_) => return Err(format!("rule '{}'", rule.id)),
        }
    }
    for (id, baseline) in second.baselines {
        match first.baselines.get(&id) {
            None => {
                first.baselines.insert(id, baseline);
            }
            Some(known) if *known == baseline => {}
            Some(_) => return Err(format!("baseline '{id}'")),
        }
    }
    for stage in second.stages {
        match first.stages.iter().find(|s| s.name == stage.name) {
            None => first.stages.push(stage),
            Some(known) if *known == stage => {}
            Some(_) => return Err(format!("stage '{}'", stage.name)),
        }
    }
    first.waiver_limits.max_days = first.waiver_limits.max_days.min(second.waiver_limits.max_days);
    first.waiver_limits.max_active = least(first.waiver_limits.max_active, second.waiver_limits.max_active);
    first.warnings.extend(second.warnings);
    first.places = first.places.above(second.places);
    for file in second.files {
        if !first.files.contains(&file) {
            first.files.push(file);
        }
    }
    Ok(first)
}

/// The smaller of two limits, where nothing is no limit.
pub(super) fn least(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a stage loosens that is inherited.
pub(super) fn loosened_stage(old: &Stage, new: &Stage) -> Option<&'static str> {
    let checks = [
        ("block_on", old.block_on.iter().all(|s| new.block_on.contains(s))),
        ("from", old.from.iter().all(|s| new.from.contains(s))),
        ("soak", at_least(old.soak.as_ref().map(|a| a.length), new.soak.as_ref().map(|a| a.length))),
        ("max_waivers", at_most(old.max_waivers, new.max_waivers)),
    ];
    first_loose(&checks)
}

/// What a rule loosens that is inherited; nothing when it only tightens.
pub(super) fn loosened(old: &Rule, new: &Rule) -> Option<&'static str> {
    match old.lock {
        Lock::Any => return None,
        Lock::None => return Some("lock = \"none\""),
        Lock::Tighten => {}
    }
    let severities = old.severity.iter().all(|(stage, severity)| new.severity_at(stage) >= *severity);
    let on = [
        (old.on.missing, new.on.missing),
        (old.on.invalid, new.on.invalid),
        (old.on.no_baseline, new.on.no_baseline),
        (old.on.empty, new.on.empty),
        (strict(old.on.small_n), strict(new.on.small_n)),
        (strict(old.on.inconclusive), strict(new.on.inconclusive)),
    ];
    let checks = [
        ("check", old.kind() == new.kind()),
        ("models", new.models.is_empty() || old.models == new.models),
        ("severity", severities),
        ("on_…", on.iter().all(|(old, new)| severity(*new) >= severity(*old))),
        ("waivable", old.waivable || !new.waivable),
        ("lock", new.lock == Lock::Tighten || new.lock == Lock::None),
    ];
    first_loose(&checks).or_else(|| match (&old.demand, &new.demand) {
        (Demand::Metric(old), Demand::Metric(new)) => metric(old, new),
        (Demand::Gap(old), Demand::Gap(new)) => gap(old, new),
        (Demand::Ratchet(old), Demand::Ratchet(new)) => ratchet(old, new),
        (Demand::Drift(old), Demand::Drift(new)) => drift(old, new),
        (Demand::Card(old), Demand::Card(new)) => card(old, new),
        (Demand::Tests(old), Demand::Tests(new)) => tests(old, new),
        (Demand::Fresh(old), Demand::Fresh(new)) => fresh(old, new),
        (Demand::Digest(old), Demand::Digest(new)) => digest(old, new),
        _ => Some("check"),
    })
}

fn first_loose(checks: &[(&'static str, bool)]) -> Option<&'static str> {
    checks.iter().find(|(_, holds)| !holds).map(|(key, _)| *key)
}

/// Nothing leaves a record inconclusive, which blocks like a failure.
fn strict(treatment: Option<Treatment>) -> Treatment {
    treatment.unwrap_or(Treatment::Fail)
}

fn severity(treatment: Treatment) -> u8 {
    match treatment {
        Treatment::Fail => 2,
        Treatment::Warn => 1,
        Treatment::Skip => 0,
    }
}

/// Whether a lower limit is not lowered; nothing is no limit.
fn at_least<T: PartialOrd>(old: Option<T>, new: Option<T>) -> bool {
    match (old, new) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new >= old,
    }
}

/// Whether an upper limit is not raised; nothing is no limit.
fn at_most<T: PartialOrd>(old: Option<T>, new: Option<T>) -> bool {
    match (old, new) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new <= old,
    }
}

fn all<T: PartialEq>(old: &[T], new: &[T]) -> bool {
    old.iter().all(|item| new.contains(item))
}

/// Which metric, on what: it must stay the same.
fn same_measure(old: &MetricRule, new: &MetricRule) -> Option<&'static str> {
    let checks = [
        ("metric", old.metric == new.metric && old.names == new.names),
        ("the metric's direction", old.direction == new.direction && old.target == new.target),
        ("the metric's range", range_holds(old.range, new.range)),
        ("dataset", old.dataset.is_none() && new.dataset.is_none() || old.dataset == new.dataset),
        ("split", old.split == new.split),
        ("class", old.class == new.class),
        ("min_n", at_least(old.min_n, new.min_n)),
        ("slices", slices(old.slices.as_ref(), new.slices.as_ref())),
    ];
    first_loose(&checks)
}

type Range = Option<(Option<f64>, Option<f64>)>;

fn range_holds(old: Range, new: Range) -> bool {
    let Some((low, high)) = old else { return true };
    new.is_some_and(|(new_low, new_high)| at_least(low, new_low) && at_most(high, new_high))
}

fn slices(old: Option<&Slices>, new: Option<&Slices>) -> bool {
    let texts = |patterns: &[SlicePattern]| patterns.iter().map(|p| p.terms.clone()).collect::<Vec<_>>();
    match (old, new) {
        (None, None) => true,
        (None, Some(_)) | (Some(_), None) => false,
        (Some(old), Some(new)) => {
            all(&texts(&old.patterns), &texts(&new.patterns))
                && all(&texts(&new.exclude), &texts(&old.exclude))
                && all(&old.require, &new.require)
                && at_least(old.expect_at_least, new.expect_at_least)
                && severity(new.vanished) >= severity(old.vanished)
        }
    }
}

fn metric(old: &MetricRule, new: &MetricRule) -> Option<&'static str> {
    let bounds = old.bounds.iter().all(|o| new.bounds.iter().any(|n| tighter(*o, *n)));
    let relative = match (&old.relative, &new.relative) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => {
            old.baseline == new.baseline
                && allows_no_more(old.max_regression, new.max_regression)
                && demands_no_less(old.min_improvement, new.min_improvement)
                && allows_no_more(old.max_improvement, new.max_improvement)
        }
    };
    let proof = match (&old.proof, &new.proof) {
        (None, None) => true,
        // What is proven holds as a point as well.
        (None, Some(new)) => new.mode == Mode::Noninferior,
        (Some(_), None) => false,
        (Some(old), Some(new)) => {
            let surer = match old.mode {
                Mode::NotInferior => new.confidence <= old.confidence,
                Mode::Noninferior | Mode::Point => new.confidence >= old.confidence,
            };
            let same = (old.mode, old.method, old.correction, &old.family)
                == (new.mode, new.method, new.correction, &new.family);
            same && surer && at_most(old.mde, new.mde)
        }
    };
    let repeats = match (&old.repeats, &new.repeats) {
        (None, None) => true,
        (Some(old), Some(new)) => old.aggregate == new.aggregate && new.min >= old.min,
        _ => false,
    };
    let checks = [("a bound", bounds), ("baseline or allowance", relative), ("evidence", proof), ("runs", repeats)];
    same_measure(old, new).or_else(|| first_loose(&checks))
}

/// Whether a bound lets through nothing that another does not.
fn tighter(old: Bound, new: Bound) -> bool {
    match (old, new) {
        (Bound::Min(o), Bound::Min(n)) | (Bound::Above(o) | Bound::Min(o), Bound::Above(n)) => n >= o,
        (Bound::Above(o), Bound::Min(n)) => n > o,
        (Bound::Max(o), Bound::Max(n)) | (Bound::Below(o) | Bound::Max(o), Bound::Below(n)) => n <= o,
        (Bound::Below(o), Bound::Max(n)) => n < o,
        (Bound::Equals { value: o, tolerance: t }, Bound::Equals { value: n, tolerance: s }) => o == n && s <= t,
        (Bound::Within(a, b), Bound::Within(c, d)) => c >= a && d <= b,
        (Bound::MaxDeviation(o), Bound::MaxDeviation(n)) => n <= o,
        _ => false,
    }
}

fn parts(a: Allowance) -> (f64, f64) {
    (a.abs.unwrap_or(0.0), a.rel.unwrap_or(0.0))
}

fn allows_no_more(old: Option<Allowance>, new: Option<Allowance>) -> bool {
    match (old.map(parts), new.map(parts)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new.0 <= old.0 && new.1 <= old.1,
    }
}

fn demands_no_less(old: Option<Allowance>, new: Option<Allowance>) -> bool {
    match (old.map(parts), new.map(parts)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new.0 >= old.0 && new.1 >= old.1,
    }
}

fn gap(old: &GapRule, new: &GapRule) -> Option<&'static str> {
    let checks =
        [("max_gap", at_most(old.max_gap, new.max_gap)), ("min_ratio", at_least(old.min_ratio, new.min_ratio))];
    same_measure(&old.of, &new.of).or_else(|| first_loose(&checks))
}

fn ratchet(old: &RatchetRule, new: &RatchetRule) -> Option<&'static str> {
    let slack = match (old.slack.map(parts), new.slack.map(parts)) {
        (_, None) => true,
        (None, Some(new)) => new == (0.0, 0.0),
        (Some(old), Some(new)) => new.0 <= old.0 && new.1 <= old.1,
    };
    let checks = [("window", old.window == new.window), ("slack", slack)];
    same_measure(&old.of, &new.of).or_else(|| first_loose(&checks))
}

fn drift(old: &DriftRule, new: &DriftRule) -> Option<&'static str> {
    first_loose(&[
        ("report", old.report == new.report),
        ("method", old.method.is_none() || old.method == new.method),
        ("max_score", at_most(old.max_score, new.max_score)),
        ("min_p", at_least(old.min_p, new.min_p)),
        ("max_drifted_share", at_most(old.max_drifted_share, new.max_drifted_share)),
        ("critical", all(&old.critical, &new.critical)),
        ("exclude", all(&new.exclude, &old.exclude)),
        ("min_columns", at_least(old.min_columns, new.min_columns)),
        ("min_reports", at_least(old.min_reports, new.min_reports)),
        ("require", all(&old.require, &new.require)),
    ])
}

fn card(old: &CardRule, new: &CardRule) -> Option<&'static str> {
    let numbers = match (&old.numbers, &new.numbers) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new.tolerance <= old.tolerance,
    };
    first_loose(&[
        ("sections", all(&old.sections, &new.sections)),
        ("min_words", at_least(old.min_words, new.min_words)),
        ("placeholders", new.forbid_placeholders || !old.forbid_placeholders),
        ("front_matter", all(&old.front_matter, &new.front_matter)),
        ("numbers", numbers),
        ("file", old.file.is_none() || old.file == new.file),
    ])
}

fn tests(old: &TestsRule, new: &TestsRule) -> Option<&'static str> {
    let treat = [(old.error, new.error), (old.skipped, new.skipped), (old.warning, new.warning)];
    first_loose(&[
        ("report", old.report == new.report),
        ("treat", treat.iter().all(|(old, new)| severity(*new) >= severity(*old))),
        ("min_tests", at_least(old.min_tests, new.min_tests)),
        ("min_reports", at_least(old.min_reports, new.min_reports)),
        ("require", all(&old.require, &new.require)),
    ])
}

fn fresh(old: &FreshRule, new: &FreshRule) -> Option<&'static str> {
    let length = |age: &Option<Age>| age.as_ref().map(|a| a.length);
    first_loose(&[
        ("of", all(&old.of, &new.of)),
        ("max_age", at_most(length(&old.max_age), length(&new.max_age))),
        ("newer_than", new.newer_than_model || !old.newer_than_model),
    ])
}

fn digest(old: &DigestRule, new: &DigestRule) -> Option<&'static str> {
    first_loose(&[
        ("of", all(&old.of, &new.of)),
        ("verify", new.verify == Verify::Recompute || old.verify == Verify::Declared),
        ("max_dataset_uses", at_most(old.max_dataset_uses, new.max_dataset_uses)),
    ])
}

/// The severities of an inherited rule at the stages of the whole policy: stages that its own policy did not know
/// get what it says for the one stage that it had, or else the strictest.
pub(super) fn at_all_stages(rule: &mut Rule, stages: &[Stage], only: Option<RuleSeverity>) {
    for stage in stages {
        rule.severity.entry(stage.name.clone()).or_insert(only.unwrap_or(RuleSeverity::Block));
    }
}
