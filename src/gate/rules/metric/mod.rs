//! The metric rule: a value, or the value of each slice, against bounds and a baseline.
//!
//! In: a [`MetricRule`] and the subject. Out: one finding per slice, and one for every demand on the
//! set of slices that does not hold. Every comparison is written as what must hold, so that a
//! number that compares with nothing never passes.

pub(crate) mod cfg;
mod diags;

use std::collections::{BTreeMap, BTreeSet};

use cfg::{Bound, MetricRule, Relative, Slices};

use super::{Cause, Finding, Subject};
use crate::gate::baseline::{Base, Resolution, differs};
use crate::gate::evidence::half_read;
use crate::gate::policy::{Policy, Same};
use crate::gate::verdict::{BaselineValue, Status};
use crate::model::{Direction, Measured, MetricResult, Run, Slice};

/// Judges a metric rule.
pub(in crate::gate) fn judge(rule: &MetricRule, policy: &Policy, subject: &Subject<'_>) -> Vec<Finding> {
    match &rule.slices {
        None => vec![judge_slice(rule, policy, subject, &Slice::default(), true)],
        Some(slices) => judge_slices(rule, slices, policy, subject),
    }
}

fn judge_slices(rule: &MetricRule, slices: &Slices, policy: &Policy, subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let known = known_slices(rule, subject.run);
    let fits = |slice: &Slice| {
        slices.patterns.iter().any(|p| p.matches(slice)) && !slices.exclude.iter().any(|p| p.matches(slice))
    };
    for pattern in &slices.patterns {
        if !known.iter().any(|s| pattern.matches(s) && fits(s)) {
            out.push(diags::empty(rule, pattern));
        }
    }
    let mut judged: BTreeSet<&Slice> = known.iter().copied().filter(|s| fits(s)).collect();
    for slice in &slices.require {
        if known.contains(slice) {
            judged.insert(slice);
        } else {
            out.push(diags::required(rule, slice));
        }
    }
    let measured = judged.iter().filter(|s| results(rule, subject.run, s).next().is_some()).count();
    if let Some(least) = slices.expect_at_least
        && !u64::try_from(measured).is_ok_and(|m| m >= least)
    {
        out.push(diags::too_few(rule, measured, least));
    }
    for slice in &judged {
        out.push(judge_slice(rule, policy, subject, slice, slices.require.contains(slice)));
    }
    if let Some(Resolution::Found(base)) =
        rule.relative.as_ref().and_then(|r| subject.baselines.get(r.baseline.as_str()))
    {
        for slice in known_slices(rule, base.run) {
            let had_it = results(rule, base.run, slice).next().is_some();
            if had_it && fits(slice) && !judged.contains(slice) && !slices.require.contains(slice) {
                out.push(diags::vanished(rule, slice, base));
            }
        }
    }
    // A record that was left out of a file may have been the slice that blocks.
    let files: BTreeSet<&str> = matching(rule, subject.run).map(|r| r.source.path.as_str()).collect();
    if let Some(problem) = files.iter().find_map(|path| half_read(subject.registry, path)) {
        out.push(diags::half_read(rule, problem));
    }
    out
}

/// Every slice that the run speaks of, of any metric: one without this metric is missing, not gone.
fn known_slices<'a>(rule: &MetricRule, run: &'a Run) -> BTreeSet<&'a Slice> {
    let results = run
        .results
        .iter()
        .filter(|r| wanted(rule.dataset.as_ref(), r.dataset.as_ref()) && wanted(rule.split.as_ref(), r.split.as_ref()))
        .map(|r| &r.slice);
    results.chain(run.rejected.iter().map(|r| &r.slice)).filter(|s| !s.is_overall()).collect()
}

fn wanted(demanded: Option<&String>, given: Option<&String>) -> bool {
    demanded.is_none() || demanded == given
}

/// Results of the rule's metric, dataset, split and class, on any slice.
fn matching<'a>(rule: &'a MetricRule, run: &'a Run) -> impl Iterator<Item = &'a MetricResult> {
    run.results.iter().filter(|r| {
        rule.names.contains(&r.metric)
            && r.class == rule.class
            && wanted(rule.dataset.as_ref(), r.dataset.as_ref())
            && wanted(rule.split.as_ref(), r.split.as_ref())
    })
}

fn results<'a>(rule: &'a MetricRule, run: &'a Run, slice: &'a Slice) -> impl Iterator<Item = &'a MetricResult> {
    matching(rule, run).filter(move |r| r.slice == *slice)
}

/// One side's value, once it is certain that there is exactly one.
#[derive(Clone, Debug)]
struct Value<'a> {
    number: f64,
    /// The first result that gives it.
    result: &'a MetricResult,
    /// The smallest number of examples that any of them gives.
    n: Option<u64>,
    /// All results that give it.
    all: Vec<&'a MetricResult>,
}

/// Why there is no value.
enum NoValue {
    Missing(String),
    Invalid { reason: &'static str, message: String, value: Option<Measured>, source: Option<String> },
}

/// The value among results that all speak of the same slice.
fn value_of<'a>(
    rule: &MetricRule,
    run: &'a Run,
    slice: &Slice,
    found: Vec<&'a MetricResult>,
) -> Result<Value<'a>, NoValue> {
    // What was rejected may lack its dataset; then it may be the one that is meant.
    let rejected = run.rejected.iter().find(|r| {
        rule.names.contains(&r.metric)
            && r.slice == *slice
            && r.class == rule.class
            && (r.dataset.is_none() || wanted(rule.dataset.as_ref(), r.dataset.as_ref()))
    });
    if let Some(rejected) = rejected {
        return Err(diags::not_a_number(rule, rejected));
    }
    let Some(first) = found.first() else { return Err(NoValue::Missing(diags::missing(rule, run, slice))) };
    let mut number = None;
    for result in &found {
        let Some(finite) = result.value.finite() else { return Err(diags::nonfinite(rule, slice, result)) };
        match number {
            None => number = Some(finite.get()),
            Some(known) if known == finite.get() => {}
            Some(_) => return Err(diags::ambiguous(rule, slice, &found)),
        }
    }
    let Some(number) = number else { return Err(NoValue::Missing(diags::missing(rule, run, slice))) };
    if let Some((low, high)) = rule.range
        && !(low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high))
    {
        return Err(diags::out_of_range(rule, slice, first, number, (low, high)));
    }
    Ok(Value { number, result: first, n: found.iter().filter_map(|r| r.n).min(), all: found })
}

fn judge_slice(rule: &MetricRule, policy: &Policy, subject: &Subject<'_>, slice: &Slice, required: bool) -> Finding {
    let mut finding = judge_value(rule, policy, subject, slice, required);
    finding.metric = Some(rule.metric.clone());
    finding.target = slice.to_string();
    finding.dataset = finding.dataset.or_else(|| rule.dataset.clone());
    finding
}

fn judge_value(rule: &MetricRule, policy: &Policy, subject: &Subject<'_>, slice: &Slice, required: bool) -> Finding {
    let value = match value_of(rule, subject.run, slice, results(rule, subject.run, slice).collect()) {
        Ok(value) => value,
        Err(NoValue::Missing(message)) => {
            // A slice that must be there must be there with its value.
            let cause = if rule.slices.is_some() && required { Cause::Judged } else { Cause::Missing };
            return Finding::new("", "missing", message).cause(cause);
        }
        Err(NoValue::Invalid { reason, message, value, source }) => {
            let mut finding = Finding::new("", reason, message).invalid();
            (finding.value, finding.source) = (value, source);
            return finding;
        }
    };
    let with_value = |mut finding: Finding| {
        finding.value = Some(Measured::new(value.number));
        finding.dataset.clone_from(&value.result.dataset);
        finding.n = value.n;
        finding.interval = value.result.ci;
        finding.source = Some(value.result.source.to_string());
        finding
    };
    let base = match rule.relative.as_ref().map(|relative| compare_with(rule, relative, policy, subject, slice, &value))
    {
        None => None,
        Some(Ok(base)) => Some(base),
        // No baseline at all, whatever the number of examples.
        Some(Err(stopped)) if stopped.reason != "missing-baseline" => return with_value(*stopped),
        Some(Err(stopped)) => match small_n(rule, slice, &value, required) {
            Some(small) => return with_value(small),
            None => return with_value(*stopped),
        },
    };
    if let Some(small) = small_n(rule, slice, &value, required) {
        return with_value(small);
    }
    let mut judged: Vec<Judged> = rule.bounds.iter().map(|b| absolute(rule, *b, value.number)).collect();
    if let (Some(relative), Some(base)) = (&rule.relative, &base) {
        judged.extend(relative_to(rule, relative, value.number, base.number));
    }
    // The bound that fails first, else the one that is nearest to failing.
    let failing = judged.iter().find(|j| !j.holds);
    let nearest = || judged.iter().min_by(|a, b| a.margin.total_cmp(&b.margin));
    let Some(shown) = failing.or_else(nearest) else {
        return with_value(Finding::new("", "no-bound", "the rule has no bound"));
    };
    let finite = judged.iter().all(|j| j.bound.is_finite() && j.compared.is_finite());
    if !finite {
        return with_value(diags::overflow(rule, slice));
    }
    let holds = !judged.is_empty() && judged.iter().all(|j| j.holds);
    let mut finding = Finding::new("", shown.reason, diags::compared(rule, slice, &value, shown, base.as_ref()));
    finding.op = Some(shown.op.to_owned());
    finding.bound = Some(Measured::new(shown.bound));
    finding.margin = Some(Measured::new(shown.margin));
    finding.baseline = base.map(|b| b.record);
    with_value(finding.holds(holds))
}

/// Too few examples to decide, or nobody knows how many.
fn small_n(rule: &MetricRule, slice: &Slice, value: &Value<'_>, required: bool) -> Option<Finding> {
    let least = rule.min_n?;
    if value.n.is_some_and(|n| n >= least) {
        return None;
    }
    let finding = Finding::new("", "small-n", diags::small_n(rule, slice, value.n, least));
    Some(if rule.slices.is_some() && required {
        finding
    } else {
        finding.status(Status::Inconclusive).cause(Cause::SmallN)
    })
}

/// The baseline's value for a comparison.
struct BaseValue {
    number: f64,
    record: BaselineValue,
    notes: Vec<String>,
}

/// Finds the baseline's value, or says why there is none.
fn compare_with(
    rule: &MetricRule,
    relative: &Relative,
    policy: &Policy,
    subject: &Subject<'_>,
    slice: &Slice,
    value: &Value<'_>,
) -> Result<BaseValue, Box<Finding>> {
    let id = relative.baseline.as_str();
    let none = |why: &str| Box::new(diags::no_baseline(rule, slice, id, why));
    let base = match subject.baselines.get(id) {
        Some(Resolution::Found(base)) => base,
        Some(Resolution::None(why)) => return Err(none(why)),
        Some(Resolution::Bootstrap(why)) => return Err(Box::new(diags::bootstrap(rule, slice, id, why))),
        Some(Resolution::Own(base, why)) => return Err(Box::new(diags::own(rule, slice, id, base, why))),
        Some(Resolution::Invalid(why) | Resolution::Ambiguous(why)) => {
            return Err(Box::new(diags::unusable_baseline(rule, slice, id, why)));
        }
        None => return Err(none("it was not resolved")),
    };
    let with_base = |finding: Finding, number: Option<Measured>| {
        let mut finding = finding;
        finding.baseline = Some(record(id, base, number));
        Box::new(finding)
    };
    let not_comparable = |why: &str| with_base(diags::not_comparable(rule, slice, id, base, why), None);
    let same = policy.baselines.get(id).map(|b| b.same.as_slice()).unwrap_or_default();
    if let Some(why) = policy.baselines.get(id).and_then(|b| differs(b, subject.run, base.run, rule.dataset.as_deref()))
    {
        return Err(not_comparable(&why));
    }
    let all: Vec<&MetricResult> = results(rule, base.run, slice).collect();
    let mut notes = Vec::new();
    let found = same_place(all, &value.all, |r| r.dataset.as_deref(), "dataset", &mut notes)
        .and_then(|found| same_place(found, &value.all, |r| r.split.as_deref(), "split", &mut notes))
        .map_err(|why| not_comparable(&why))?;
    if same.contains(&Same::Split) {
        let splits = |results: &[&MetricResult]| results.iter().map(|r| r.split.clone()).collect::<BTreeSet<_>>();
        if !found.is_empty() && splits(&found) != splits(&value.all) {
            return Err(not_comparable("the splits differ"));
        }
    }
    match value_of(rule, base.run, slice, found) {
        Ok(theirs) => {
            Ok(BaseValue { number: theirs.number, record: record(id, base, Some(Measured::new(theirs.number))), notes })
        }
        Err(NoValue::Missing(_)) => Err(with_base(diags::missing_baseline(rule, slice, id, base), None)),
        Err(NoValue::Invalid { message, value, .. }) => {
            Err(with_base(diags::invalid_baseline(rule, slice, id, base, &message), value))
        }
    }
}

fn record(id: &str, base: &Base<'_>, value: Option<Measured>) -> BaselineValue {
    BaselineValue { id: id.to_owned(), version: base.name.clone(), run: Some(base.run.id.clone()), value }
}

/// Of the baseline's results those that were measured in the same place (dataset, split) as ours.
/// Where one side does not say, they are compared and a note tells; where both say and differ, not.
fn same_place<'a>(
    theirs: Vec<&'a MetricResult>,
    ours: &[&MetricResult],
    place: impl Fn(&MetricResult) -> Option<&str>,
    what: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a MetricResult>, String> {
    let here: BTreeSet<Option<&str>> = ours.iter().map(|r| place(r)).collect();
    let exact: Vec<&MetricResult> = theirs.iter().copied().filter(|r| here.contains(&place(r))).collect();
    if !exact.is_empty() || theirs.is_empty() {
        return Ok(exact);
    }
    let unsaid: Vec<&MetricResult> =
        theirs.iter().copied().filter(|r| here.contains(&None) || place(r).is_none()).collect();
    if unsaid.is_empty() {
        let there: BTreeSet<Option<&str>> = theirs.iter().map(|r| place(r)).collect();
        return Err(diags::other_place(what, &here, &there));
    }
    notes.push(format!("only one side names its {what}"));
    Ok(unsaid)
}

/// The outcome of one comparison.
struct Judged {
    holds: bool,
    /// The reason when it does not hold.
    reason: &'static str,
    op: &'static str,
    /// What was compared: the value, or its distance to the target.
    compared: f64,
    bound: f64,
    /// Signed distance to the bound, negative when it does not hold.
    margin: f64,
    /// What the bound is, in words.
    label: String,
}

fn absolute(rule: &MetricRule, bound: Bound, value: f64) -> Judged {
    let judged = |holds, reason, op, bound: f64, margin, label: &str| Judged {
        holds,
        reason,
        op,
        compared: value,
        bound,
        margin,
        label: label.to_owned(),
    };
    match bound {
        Bound::Min(min) => judged(value >= min, "below-bound", ">=", min, value - min, "min"),
        Bound::Max(max) => judged(value <= max, "above-bound", "<=", max, max - value, "max"),
        Bound::Above(low) => judged(value > low, "below-bound", ">", low, value - low, "above"),
        Bound::Below(high) => judged(value < high, "above-bound", "<", high, high - value, "below"),
        Bound::Equals { value: wanted, tolerance } => {
            let off = (value - wanted).abs();
            judged(off <= tolerance, "not-equal", "==", wanted, tolerance - off, "equals")
        }
        Bound::Within(low, high) => {
            let holds = value >= low && value <= high;
            let margin = (value - low).min(high - value);
            let edge = if value - low < high - value { low } else { high };
            let reason = if value < low { "below-bound" } else { "above-bound" };
            judged(holds, reason, "within", edge, margin, &format!("within {low} to {high}"))
        }
        Bound::MaxDeviation(limit) => {
            let off = rule.target.map_or(f64::INFINITY, |target| (value - target).abs());
            Judged {
                compared: off,
                ..judged(off <= limit, "deviation", "deviation <=", limit, limit - off, "max_deviation")
            }
        }
    }
}

fn relative_to(rule: &MetricRule, relative: &Relative, value: f64, baseline: f64) -> Vec<Judged> {
    // For a metric with a target what must not grow is the distance to it.
    let distance = |v: f64| rule.target.map_or(f64::INFINITY, |target| (v - target).abs());
    let (ours, theirs, higher, deviation) = match rule.direction {
        Some(Direction::Higher) => (value, baseline, true, false),
        Some(Direction::Lower) => (value, baseline, false, false),
        Some(Direction::Target) => (distance(value), distance(baseline), false, true),
        Some(Direction::None) | None => (f64::NAN, f64::NAN, true, false),
    };
    let judge = |amount: f64, better: bool, at_least: bool, reason: &'static str, label: String| {
        // Better by `amount` is up for higher and down for lower; `at_least` this good, or at most.
        let bound = if better == higher { theirs + amount } else { theirs - amount };
        let up = at_least == higher;
        let (holds, margin) = if up { (ours >= bound, ours - bound) } else { (ours <= bound, bound - ours) };
        let op = match (up, deviation) {
            (true, false) => ">=",
            (false, false) => "<=",
            (true, true) => "deviation >=",
            (false, true) => "deviation <=",
        };
        Judged { holds, reason, op, compared: ours, bound, margin, label }
    };
    let mut out = Vec::new();
    if let Some(allowance) = &relative.max_regression {
        let amount = allowance.of(theirs);
        out.push(judge(
            amount,
            false,
            true,
            "regression",
            diags::amount(rule, "allowed regression", amount, allowance, theirs),
        ));
    }
    if let Some(allowance) = &relative.min_improvement {
        let amount = allowance.of(theirs);
        out.push(judge(
            amount,
            true,
            true,
            "no-improvement",
            diags::amount(rule, "demanded improvement", amount, allowance, theirs),
        ));
    }
    if let Some(allowance) = &relative.max_improvement {
        let amount = allowance.of(theirs);
        out.push(judge(
            amount,
            true,
            false,
            "suspicious-improvement",
            diags::amount(rule, "largest credible improvement", amount, allowance, theirs),
        ));
    }
    out
}

/// Datasets on which the metric was measured, for advice.
fn places(rule: &MetricRule, run: &Run) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut out: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for result in run.results.iter().filter(|r| rule.names.contains(&r.metric)) {
        for (key, name) in [("dataset", &result.dataset), ("split", &result.split), ("class", &result.class)] {
            if let Some(name) = name {
                out.entry(key).or_default().insert(name.clone());
            }
        }
    }
    out
}

/// Whether the run knows the metric at all.
fn is_known(rule: &MetricRule, run: &Run) -> bool {
    run.results.iter().any(|r| rule.names.contains(&r.metric))
}
