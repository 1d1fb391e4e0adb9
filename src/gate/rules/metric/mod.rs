//! The metric rule: a value, or the value of each slice, against bounds and a baseline.
//!
//! In: a [`MetricRule`] and the subject. Out: one finding per slice, and one for every demand on the
//! set of slices that does not hold.

pub(crate) mod cfg;
mod compare;
mod demand;
mod diags;
pub(in crate::gate) mod proof;
pub(in crate::gate) mod repeats;
mod shown;
pub(in crate::gate) mod values;

use std::collections::BTreeSet;

use cfg::{MetricRule, Relative, Slices};
use compare::{Judged, absolute, relative_to};
use values::{NoValue, Value, Values};

use super::{Cause, Finding, Subject};
use crate::digest::Sha256;
use crate::gate::baseline::{Base, Resolution, differs};
use crate::gate::evidence::half_read;
use crate::gate::examples::Records;
use crate::gate::policy::{Policy, Same};
use crate::gate::verdict::{BaselineValue, IntervalRecord, Status};
use crate::model::{Measured, MetricResult, Slice};

/// What a rule looks at: what this version measured, and what its baseline did.
struct Sides<'a> {
    rule: &'a MetricRule,
    policy: &'a Policy,
    subject: &'a Subject<'a>,
    records: &'a dyn Records,
    /// Policy and rule: what seeds are made of, besides the data.
    key: Sha256,
    /// This version's run, then the runs that repeat it.
    ours: Vec<Values<'a>>,
    /// The baseline's run, then the runs that repeat it; empty without a baseline.
    theirs: Vec<Values<'a>>,
}

/// Judges a metric rule.
pub(in crate::gate) fn judge(
    id: &str,
    rule: &MetricRule,
    policy: &Policy,
    subject: &Subject<'_>,
    records: &dyn Records,
) -> Vec<Finding> {
    let theirs = rule.relative.as_ref().map(|r| of_run(rule, subject.theirs(&r.baseline))).unwrap_or_default();
    let key = Sha256::of_parts([policy.digest.hex().as_bytes(), id.as_bytes()]);
    let sides = Sides { rule, policy, subject, records, key, ours: of_run(rule, subject.ours()), theirs };
    match &rule.slices {
        None => vec![judge_slice(&sides, &Slice::default(), true)],
        Some(slices) => judge_slices(&sides, slices),
    }
}

/// What a run and the runs that repeat it measured.
fn of_run<'a>(rule: &'a MetricRule, all: &'a [values::Index<'a>]) -> Vec<Values<'a>> {
    let counted = if rule.repeats.is_some() { all } else { all.get(..1).unwrap_or_default() };
    counted.iter().map(|index| Values::new(rule, index)).collect()
}

/// The slices that a rule judges.
pub(in crate::gate::rules) struct Chosen<'a> {
    /// Those of the run that fit, and those that are required and there.
    pub(in crate::gate::rules) slices: BTreeSet<&'a Slice>,
    /// What the set of slices lacks.
    pub(in crate::gate::rules) lacking: Vec<Finding>,
}

/// Chooses the slices of a run that a rule speaks of.
pub(in crate::gate::rules) fn choose<'a>(rule: &'a MetricRule, slices: &'a Slices, ours: &[Values<'a>]) -> Chosen<'a> {
    let mut lacking = Vec::new();
    let known: BTreeSet<&Slice> = ours.iter().flat_map(|v| v.index.slices(rule)).collect();
    for pattern in &slices.patterns {
        if !known.iter().any(|s| pattern.matches(s) && slices.fits(s)) {
            lacking.push(diags::empty(rule, pattern));
        }
    }
    let mut chosen: BTreeSet<&Slice> = known.iter().copied().filter(|s| slices.fits(s)).collect();
    for slice in &slices.require {
        if known.contains(slice) {
            chosen.insert(slice);
        } else {
            lacking.push(diags::required(rule, slice));
        }
    }
    let measured = chosen.iter().filter(|s| ours.iter().any(|v| !v.on(s).is_empty())).count();
    if let Some(least) = slices.expect_at_least
        && !u64::try_from(measured).is_ok_and(|m| m >= least)
    {
        lacking.push(diags::too_few(rule, measured, least));
    }
    Chosen { slices: chosen, lacking }
}

/// A record that was left out of a file may have been the slice that blocks.
pub(in crate::gate::rules) fn left_out(
    rule: &MetricRule,
    ours: &[Values<'_>],
    subject: &Subject<'_>,
) -> Option<Finding> {
    let files: BTreeSet<&str> = ours.iter().flat_map(Values::files).collect();
    files.iter().find_map(|path| half_read(subject.registry, path)).map(|problem| diags::half_read(rule, problem))
}

fn judge_slices(sides: &Sides<'_>, slices: &Slices) -> Vec<Finding> {
    let rule = sides.rule;
    let chosen = choose(rule, slices, &sides.ours);
    let mut out = chosen.lacking;
    for slice in &chosen.slices {
        out.push(judge_slice(sides, slice, slices.require.contains(slice)));
    }
    if let Some(Resolution::Found(base)) =
        rule.relative.as_ref().and_then(|r| sides.subject.baselines.get(r.baseline.as_str()))
    {
        let theirs: BTreeSet<&Slice> = sides.theirs.iter().flat_map(|v| v.index.slices(rule)).collect();
        for slice in theirs {
            let had_it = sides.theirs.iter().any(|v| !v.on(slice).is_empty());
            if had_it && slices.fits(slice) && !chosen.slices.contains(slice) && !slices.require.contains(slice) {
                out.push(diags::vanished(rule, slice, base));
            }
        }
    }
    out.extend(left_out(rule, &sides.ours, sides.subject));
    out
}

fn judge_slice(sides: &Sides<'_>, slice: &Slice, required: bool) -> Finding {
    let mut finding = judge_value(sides, slice, required);
    finding.metric = Some(sides.rule.metric.clone());
    finding.target = slice.to_string();
    finding.dataset = finding.dataset.or_else(|| sides.rule.dataset.clone());
    finding
}

/// The finding of a value that is not there or none.
pub(in crate::gate::rules) fn without_value(rule: &MetricRule, why: NoValue, required: bool) -> Finding {
    match why {
        NoValue::Missing(message) => {
            // A slice that must be there must be there with its value.
            let cause = if rule.slices.is_some() && required { Cause::Judged } else { Cause::Missing };
            Finding::new("", "missing", message).cause(cause)
        }
        NoValue::Invalid { reason, message, value, source } => {
            let mut finding = Finding::new("", reason, message).invalid();
            (finding.value, finding.source) = (value, source);
            finding
        }
    }
}

/// A finding with the value that it is about.
pub(in crate::gate::rules) fn with_value(value: &Value<'_>, mut finding: Finding) -> Finding {
    finding.value = Some(Measured::new(value.number));
    finding.dataset.clone_from(&value.result.dataset);
    finding.n = value.n;
    let given = value.result.ci.filter(|_| value.repeats.len() < 2);
    finding.interval = finding.interval.or(given.map(IntervalRecord::from));
    finding.source = Some(value.result.source.to_string());
    finding
}

fn judge_value(sides: &Sides<'_>, slice: &Slice, required: bool) -> Finding {
    let rule = sides.rule;
    let value = match repeats::value(rule, &sides.ours, slice, &|v| v.value(slice)) {
        Ok(value) => value,
        Err(why) => return without_value(rule, why, required),
    };
    let with_value = |finding: Finding| with_value(&value, finding);
    let base = match rule.relative.as_ref().map(|relative| compare_with(sides, relative, slice, &value)) {
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
    if let Some(proof) = &rule.proof {
        return with_value(demand::judge(sides, proof, slice, &value, base.as_ref()));
    }
    let holds = !judged.is_empty() && judged.iter().all(|j| j.holds);
    let mut finding = Finding::new("", shown.reason, diags::compared(rule, slice, &value, shown, base.as_ref()));
    finding.op = Some(shown.op.to_owned());
    finding.bound = Some(Measured::new(shown.bound));
    finding.margin = Some(Measured::new(shown.margin));
    finding.baseline = base.as_ref().map(|b| b.record.clone());
    with_value(finding.holds(holds))
}

/// Too few examples to decide, or nobody knows how many.
pub(in crate::gate::rules) fn small_n(
    rule: &MetricRule,
    slice: &Slice,
    value: &Value<'_>,
    required: bool,
) -> Option<Finding> {
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
struct BaseValue<'a> {
    number: f64,
    run: &'a crate::model::Run,
    value: Value<'a>,
    record: BaselineValue,
    notes: Vec<String>,
}

/// Finds the baseline's value, or says why there is none.
fn compare_with<'a>(
    sides: &'a Sides<'a>,
    relative: &Relative,
    slice: &Slice,
    value: &Value<'_>,
) -> Result<BaseValue<'a>, Box<Finding>> {
    let (rule, subject) = (sides.rule, sides.subject);
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
    let baseline = sides.policy.baselines.get(id);
    let same = baseline.map(|b| b.same.as_slice()).unwrap_or_default();
    if let Some(why) = baseline.and_then(|b| differs(b, subject.run, base.run, rule.dataset.as_deref())) {
        return Err(not_comparable(&why));
    }
    let notes = std::cell::RefCell::new(BTreeSet::new());
    let other_place = std::cell::RefCell::new(None);
    // Of each run below the baseline those results that were measured where ours were.
    let pick = |values: &Values<'a>| -> Result<Value<'a>, NoValue> {
        let all = values.on(slice).to_vec();
        let found = same_place(all, &value.all, |r| r.dataset.as_deref(), "dataset", &notes)
            .and_then(|found| same_place(found, &value.all, |r| r.split.as_deref(), "split", &notes))
            .and_then(|found| {
                let splits =
                    |results: &[&MetricResult]| results.iter().map(|r| r.split.clone()).collect::<BTreeSet<_>>();
                if same.contains(&Same::Split) && !found.is_empty() && splits(&found) != splits(&value.all) {
                    return Err("the splits differ".to_owned());
                }
                let harnesses =
                    |results: &[&MetricResult]| results.iter().map(|r| r.harness.clone()).collect::<BTreeSet<_>>();
                if same.contains(&Same::Harness) && !found.is_empty() && harnesses(&found) != harnesses(&value.all) {
                    return Err(diags::other_harness(&harnesses(&value.all), &harnesses(&found)));
                }
                Ok(found)
            });
        match found {
            Ok(found) => values.one_of(slice, found),
            Err(why) => {
                let stop =
                    NoValue::Invalid { reason: "not-comparable", message: why.clone(), value: None, source: None };
                other_place.borrow_mut().get_or_insert(why);
                Err(stop)
            }
        }
    };
    let found = repeats::value(rule, &sides.theirs, slice, &pick);
    if let Some(why) = other_place.into_inner() {
        return Err(not_comparable(&why));
    }
    match found {
        Ok(theirs) => Ok(BaseValue {
            number: theirs.number,
            run: base.run,
            record: record(id, base, Some(Measured::new(theirs.number))),
            value: theirs,
            notes: notes.into_inner().into_iter().collect(),
        }),
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
    notes: &std::cell::RefCell<BTreeSet<String>>,
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
    notes.borrow_mut().insert(format!("only one side names its {what}"));
    Ok(unsaid)
}
