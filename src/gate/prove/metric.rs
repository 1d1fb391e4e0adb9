//! Changes to what was measured, for the rules that judge values: metric, gap and ratchet.
//!
//! In: a rule's part on the metric, the evidence and the records of the verdict on it. Out: changes, each of one
//! value that passed, or of the set of slices. Nothing is judged here.

use std::collections::BTreeSet;

use super::case::{Case, Mutation};
use crate::gate::number::rounded;
use crate::gate::policy::{Bound, GapRule, MetricRule, Mode, Same, Select, Slices, Treatment};
use crate::gate::rules::metric::values::measures;
use crate::gate::verdict::{RuleRecord, Status};
use crate::model::{Direction, Measured, MetricResult, NonFinite, Rejected, Run, Slice};

/// Too few examples.
pub(super) const SMALL: &str = "small-n";
/// Nothing to prove with.
pub(super) const UNPROVEN: &str = "unproven";

const DEMAND: &str = "leave out on_missing, on_invalid and on_no_baseline, or set them to \"fail\"";
const OPEN: &str = "only a pattern names the slice: add require = [\"…\"] or expect_at_least";

/// A change of one run.
type OfRun = Box<dyn Fn(&mut Run)>;

/// Which way a value is moved.
#[derive(Clone, Copy)]
enum Side {
    Low,
    High,
}

/// A value that passed, and the slice it was measured on.
struct Judged {
    slice: Slice,
    value: f64,
    /// The value next to the bound, on the wrong side, where that can be told.
    beyond: Option<f64>,
}

pub(super) fn of_metric(rule: &MetricRule, case: &Case<'_>, records: &[&RuleRecord]) -> Vec<Mutation> {
    let judged = judged(rule, case, |slice| {
        records.iter().find(|r| r.status == Status::Pass && r.target == target(slice)).map(|r| beyond(rule, r))
    });
    let mut out = Vec::new();
    for one in &judged {
        each(rule, one, &sides(rule), case, &mut out);
    }
    compared(rule, case, records, &mut out);
    set(rule, case, &judged, &mut out);
    out
}

pub(super) fn of_ratchet(rule: &MetricRule, case: &Case<'_>, records: &[&RuleRecord]) -> Vec<Mutation> {
    let judged = judged(rule, case, |_| records.iter().find(|r| r.status == Status::Pass).map(|r| beyond(rule, r)));
    let mut out = Vec::new();
    for one in &judged {
        each(rule, one, &worse_sides(rule), case, &mut out);
    }
    let level = Mutation::new("missing", "the level that was sustained is gone", |case| {
        case.policy.levels = crate::gate::levels::Levels::default();
    });
    out.push(level.help(DEMAND));
    out
}

pub(super) fn of_gap(rule: &GapRule, case: &Case<'_>, records: &[&RuleRecord]) -> Vec<Mutation> {
    let undecided: BTreeSet<&str> =
        records.iter().filter(|r| r.status != Status::Pass).map(|r| r.target.as_str()).collect();
    let judged = judged(&rule.of, case, |slice| (!undecided.contains(target(slice).as_str())).then_some(None));
    let mut out = Vec::new();
    for one in &judged {
        let others = judged.iter().filter(|other| other.slice != one.slice).map(|other| other.value);
        let spread =
            |side: Side| others.clone().map(|v| (far(&rule.of, one.value, side) - v).abs()).fold(0.0, f64::max);
        let side = if spread(Side::Low) >= spread(Side::High) { Side::Low } else { Side::High };
        each(&rule.of, one, &[side], case, &mut out);
    }
    set(&rule.of, case, &judged, &mut out);
    out
}

fn target(slice: &Slice) -> String {
    if slice.is_overall() { String::new() } else { slice.to_string() }
}

fn is_meant(rule: &MetricRule, slice: &Slice) -> bool {
    match &rule.slices {
        None => slice.is_overall(),
        Some(slices) => slices.fits(slice) || slices.require.contains(slice),
    }
}

/// The values that passed; `passed` says of a slice whether it did, and what lies beyond its bound.
fn judged(rule: &MetricRule, case: &Case<'_>, passed: impl Fn(&Slice) -> Option<Option<f64>>) -> Vec<Judged> {
    let mut out: Vec<Judged> = Vec::new();
    let results = case.run().map(|r| r.results.as_slice()).unwrap_or_default();
    for result in results.iter().filter(|r| measures(rule, r) && is_meant(rule, &r.slice)) {
        if out.iter().any(|known| known.slice == result.slice) {
            continue;
        }
        if let (Some(beyond), Some(value)) = (passed(&result.slice), result.value.finite()) {
            out.push(Judged { slice: result.slice.clone(), value: value.get(), beyond });
        }
    }
    out
}

/// The first value that a point rule must refuse, by the bound of its record.
fn beyond(rule: &MetricRule, record: &RuleRecord) -> Option<f64> {
    let point = rule.proof.as_ref().is_none_or(|p| p.mode == Mode::Point) && rule.repeats.is_none();
    let bound = record.bound?.finite().filter(|_| point)?.get();
    match record.op.as_deref()? {
        ">=" => Some(bound.next_down()),
        "<=" => Some(bound.next_up()),
        ">" | "<" => Some(bound),
        _ => None,
    }
}

fn worse_sides(rule: &MetricRule) -> Vec<Side> {
    match rule.direction {
        Some(Direction::Higher) => vec![Side::Low],
        Some(Direction::Lower) => vec![Side::High],
        _ => vec![Side::Low, Side::High],
    }
}

/// The sides to which a value must not go. A bound at the end of the metric's range forbids nothing there: it is
/// left out when another one forbids something.
fn sides(rule: &MetricRule) -> Vec<Side> {
    let (low, high) = rule.range.unwrap_or((None, None));
    let (mut below, mut above, mut idle) = (false, false, Vec::new());
    let mut forbid = |side: Side, forbids: bool| match (side, forbids) {
        (Side::Low, true) => below = true,
        (Side::High, true) => above = true,
        (side, false) => idle.push(side),
    };
    for bound in &rule.bounds {
        match *bound {
            Bound::Min(v) | Bound::Above(v) => forbid(Side::Low, low.is_none_or(|l| l < v)),
            Bound::Max(v) | Bound::Below(v) => forbid(Side::High, high.is_none_or(|h| h > v)),
            Bound::Within(a, b) => {
                forbid(Side::Low, low.is_none_or(|l| l < a));
                forbid(Side::High, high.is_none_or(|h| h > b));
            }
            Bound::Equals { value, tolerance } => {
                forbid(Side::Low, low.is_none_or(|l| l < value - tolerance));
                forbid(Side::High, high.is_none_or(|h| h > value + tolerance));
            }
            Bound::MaxDeviation(limit) => {
                let target = rule.target.unwrap_or(0.0);
                forbid(Side::Low, low.is_none_or(|l| target - l > limit));
                forbid(Side::High, high.is_none_or(|h| h - target > limit));
            }
        }
    }
    if let Some(relative) = &rule.relative {
        let worse = worse_sides(rule);
        if relative.max_regression.is_some() || relative.min_improvement.is_some() {
            worse.iter().for_each(|side| forbid(*side, true));
        }
        if relative.max_improvement.is_some() {
            match rule.direction {
                Some(Direction::Higher) => forbid(Side::High, high.is_none()),
                Some(Direction::Lower) => forbid(Side::Low, low.is_none()),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    if below {
        out.push(Side::Low);
    }
    if above {
        out.push(Side::High);
    }
    if out.is_empty() { idle } else { out }
}

/// A value as far on a side as the metric's range allows.
fn far(rule: &MetricRule, value: f64, side: Side) -> f64 {
    let (low, high) = rule.range.unwrap_or((None, None));
    let step = 1_000.0 * (value.abs() + 1.0);
    match side {
        Side::Low => low.unwrap_or(value - step),
        Side::High => high.unwrap_or(value + step),
    }
}

/// Changes every result of a rule's metric on a slice.
fn on(
    rule: &MetricRule,
    slice: &Slice,
    change: impl Fn(&mut MetricResult) + 'static,
) -> impl Fn(&mut Case<'_>) + 'static {
    let (rule, slice) = (rule.clone(), slice.clone());
    move |case| {
        case.change_own(|run| {
            run.results.iter_mut().filter(|r| measures(&rule, r) && r.slice == slice).for_each(&change);
        });
    }
}

/// The changes of one value.
fn each(rule: &MetricRule, one: &Judged, sides: &[Side], case: &Case<'_>, out: &mut Vec<Mutation>) {
    let Judged { slice, value, beyond } = one;
    let place = if slice.is_overall() { String::new() } else { format!(" on {slice}") };
    let name = format!("{}{place}", rule.metric);
    let shown = |v: f64| rounded(v, 6);
    let set = |v: f64| move |r: &mut MetricResult| r.value = Measured::new(v);
    if let Some(v) = *beyond {
        let what = format!("{name} lies a hair beyond its bound: {} instead of {}", shown(v), shown(*value));
        out.push(Mutation::worse(what, on(rule, slice, set(v))));
    }
    for side in sides {
        let v = far(rule, *value, *side);
        let what = format!("{name} is {} instead of {}", shown(v), shown(*value));
        out.push(
            Mutation::worse(what, on(rule, slice, set(v)))
                .help("nothing within the metric's range fails: narrow the bound, or correct the range"),
        );
    }
    let invalid = |kind, what: String, change: Box<dyn Fn(&mut MetricResult)>| {
        Mutation::new(kind, what, on(rule, slice, change)).help(DEMAND)
    };
    for nonfinite in [NonFinite::NaN, NonFinite::Infinity, NonFinite::NegInfinity] {
        let what = format!("{name} is {nonfinite}");
        out.push(invalid("not-finite", what, Box::new(move |r| r.value = Measured::NonFinite(nonfinite))));
    }
    if let Some((low, high)) = rule.range {
        for v in [low.map(|l| l - 1.0 - l.abs()), high.map(|h| h + 1.0 + h.abs())].into_iter().flatten() {
            out.push(invalid("out-of-range", format!("{name} is {}, outside its range", shown(v)), Box::new(set(v))));
        }
    }
    let renamed = format!("{name} is called {}_renamed", rule.metric);
    out.push(invalid("renamed", renamed, Box::new(|r| r.metric.push_str("_renamed"))));
    if rule.dataset.is_some() {
        let what = format!("{name} was measured on another dataset");
        out.push(invalid("moved", what, Box::new(|r| r.dataset = Some("another dataset".to_owned()))));
    }
    if rule.split.is_some() {
        let what = format!("{name} was measured on another split");
        out.push(invalid("moved", what, Box::new(|r| r.split = Some("another split".to_owned()))));
    }
    if let Some(least) = rule.min_n.filter(|n| *n > 0) {
        let help = "leave out on_small_n";
        let what = format!("{name} was measured on {} examples", least - 1);
        out.push(Mutation::new(SMALL, what, on(rule, slice, move |r| r.n = Some(least - 1))).help(help));
        if rule.counted_by.is_none() {
            let what = format!("{name} does not say on how many examples it was measured");
            out.push(Mutation::new(SMALL, what, on(rule, slice, |r| r.n = None)).help(help));
        }
    }
    if rule.proof.as_ref().is_some_and(|p| p.mode != Mode::Point) && rule.examples.is_none() && rule.repeats.is_none() {
        let forget = on(rule, slice, |r| (r.n, r.stderr, r.ci) = (None, None, None));
        let helpers: Vec<String> = [&rule.stderr, &rule.counted_by].into_iter().flatten().cloned().collect();
        let what = format!("{name} has neither a number of examples nor a standard error");
        out.push(
            Mutation::new(UNPROVEN, what, move |case| {
                forget(case);
                case.change_own(|run| run.results.retain(|r| !helpers.contains(&r.metric)));
            })
            .help("leave out on_inconclusive"),
        );
    }
    text(rule, slice, &name, out);
    twice(rule, slice, &name, *value, out);
    // A slice of which nothing else was measured is gone with its value: see `set`.
    let elsewhere = |run: &Run| run.results.iter().any(|r| !measures(rule, r) && r.slice == *slice);
    if slice.is_overall() || case.run().is_some_and(elsewhere) {
        let (rule, slice) = (rule.clone(), slice.clone());
        let gone = Mutation::new("missing", format!("{name} is missing"), move |case| {
            case.change_own(|run| run.results.retain(|r| !(measures(&rule, r) && r.slice == slice)));
        });
        out.push(gone.help(DEMAND));
    }
}

/// The value stands there as text.
fn text(rule: &MetricRule, slice: &Slice, name: &str, out: &mut Vec<Mutation>) {
    let (rule, slice) = (rule.clone(), slice.clone());
    let change = move |case: &mut Case<'_>| {
        case.change_own(|run| {
            let is_it = |r: &MetricResult| measures(&rule, r) && r.slice == slice;
            let found: Vec<Rejected> = run.results.iter().filter(|r| is_it(r)).map(rejected).collect();
            run.results.retain(|r| !is_it(r));
            run.rejected.extend(found);
        });
    };
    out.push(Mutation::new("text", format!("{name} is text, not a number"), change).help(DEMAND));
}

fn rejected(result: &MetricResult) -> Rejected {
    Rejected {
        metric: result.metric.clone(),
        dataset: result.dataset.clone(),
        slice: result.slice.clone(),
        class: result.class.clone(),
        found: "text".to_owned(),
        source: result.source.clone(),
    }
}

/// A second value for the same thing, as good as it can be.
fn twice(rule: &MetricRule, slice: &Slice, name: &str, value: f64, out: &mut Vec<Mutation>) {
    let better = match rule.direction {
        Some(Direction::Higher) => far(rule, value, Side::High),
        _ => far(rule, value, Side::Low),
    };
    let other = if better == value { value.next_down() } else { better };
    let (rule, slice) = (rule.clone(), slice.clone());
    let change = move |case: &mut Case<'_>| {
        case.change_own(|run| {
            let mut again: Vec<MetricResult> =
                run.results.iter().filter(|r| measures(&rule, r) && r.slice == slice).take(1).cloned().collect();
            again.iter_mut().for_each(|r| r.value = Measured::new(other));
            run.results.extend(again);
        });
    };
    let what = format!("{name} is given twice, also as {}", rounded(other, 6));
    out.push(Mutation::new("duplicated", what, change).help(DEMAND));
}

/// Changes of the other side of a comparison.
fn compared(rule: &MetricRule, case: &Case<'_>, records: &[&RuleRecord], out: &mut Vec<Mutation>) {
    let Some(relative) = &rule.relative else { return };
    let id = relative.baseline.clone();
    let gone = Mutation::new("missing", format!("the baseline {id} is not there"), move |case| {
        if let Some(baseline) = case.policy.baselines.get_mut(&id) {
            baseline.select = Select::Version("a version that is not there".to_owned());
        }
    });
    out.push(gone.help(DEMAND));
    if case.bases().next().is_none() || !records.iter().any(|r| r.status == Status::Pass && r.baseline.is_some()) {
        return;
    }
    let all = |change: fn(&mut Run, &MetricRule)| {
        let rule = rule.clone();
        move |case: &mut Case<'_>| case.change_bases(|run| change(run, &rule))
    };
    let lacks = |run: &mut Run, rule: &MetricRule| run.results.retain(|r| !measures(rule, r));
    let what = format!("the baseline has no {}", rule.metric);
    out.push(Mutation::new("missing", what, all(lacks)).help(DEMAND));
    let nan = |run: &mut Run, rule: &MetricRule| {
        run.results
            .iter_mut()
            .filter(|r| measures(rule, r))
            .for_each(|r| r.value = Measured::NonFinite(NonFinite::NaN));
    };
    let what = format!("the baseline's {} is NaN", rule.metric);
    out.push(Mutation::new("not-finite", what, all(nan)).help(DEMAND));
    let same = case.policy.baselines.get(&relative.baseline).map(|b| b.same.as_slice()).unwrap_or_default();
    for demanded in same {
        let measured = rule.clone();
        let (what, change): (&str, OfRun) = match demanded {
            Same::DatasetDigest => (
                "the evaluation data is not that of the baseline",
                Box::new(|run| run.datasets.iter_mut().for_each(|d| d.digest = Some("0f0f0f0f".to_owned()))),
            ),
            Same::Split => (
                "the split is not that of the baseline",
                Box::new(move |run| {
                    let ours = run.results.iter_mut().filter(|r| measures(&measured, r));
                    ours.for_each(|r| r.split = Some("another split".to_owned()));
                }),
            ),
            Same::EvalCodeDigest => (
                "the code that measured is not that of the baseline",
                Box::new(|run| {
                    run.params.remove("eval_code_digest");
                    run.tags.insert("eval_code_digest".to_owned(), "0f0f0f0f".to_owned());
                }),
            ),
            Same::Harness => (
                "the harness is not that of the baseline",
                Box::new(|run| run.results.iter_mut().for_each(|r| r.harness = Some("another harness 0".to_owned()))),
            ),
        };
        out.push(Mutation::new("not-comparable", what, move |case| case.change_own(&change)).help(DEMAND));
    }
}

/// Changes of the set of slices.
fn set(rule: &MetricRule, case: &Case<'_>, judged: &[Judged], out: &mut Vec<Mutation>) {
    let Some(slices) = &rule.slices else { return };
    let Some(run) = case.run() else { return };
    let there: BTreeSet<&Slice> =
        run.results.iter().filter(|r| measures(rule, r) && is_meant(rule, &r.slice)).map(|r| &r.slice).collect();
    let without = |gone: Vec<Slice>| {
        move |case: &mut Case<'_>| {
            case.change_own(|run| {
                run.results.retain(|r| !gone.contains(&r.slice));
                run.rejected.retain(|r| !gone.contains(&r.slice));
            });
        }
    };
    let all: Vec<Slice> = there.iter().map(|s| (*s).clone()).collect();
    out.push(Mutation::new("missing", "no slice is there any more", without(all)).help("leave out on_empty"));
    let of_baseline = |slice: &Slice| {
        case.bases().any(|run| run.results.iter().any(|r| measures(rule, r) && r.slice == *slice))
            && rule.relative.is_some()
            && slices.vanished == Treatment::Fail
    };
    let named = |slice: &Slice| slices.require.contains(slice) || is_literal(slices, slice) || of_baseline(slice);
    for one in judged.iter().filter(|one| named(&one.slice)) {
        let what = format!("slice {} is gone", one.slice);
        out.push(Mutation::new("missing", what, without(vec![one.slice.clone()])).help("leave out on_empty, vanished"));
    }
    let open: Vec<Slice> = judged.iter().map(|one| one.slice.clone()).filter(|slice| !named(slice)).collect();
    match slices.expect_at_least.and_then(|n| usize::try_from(n).ok()) {
        Some(least) => {
            // From the end, so that what is required goes last.
            let surplus = (there.len() + 1).saturating_sub(least.max(1));
            let mut gone: Vec<Slice> = open;
            gone.extend(there.iter().filter(|s| named(s)).map(|s| (*s).clone()));
            gone.truncate(surplus);
            let what = format!("only {} slices are left", there.len().saturating_sub(gone.len()));
            out.push(Mutation::new("missing", what, without(gone)).help("leave out on_empty"));
        }
        None => {
            if let Some(slice) = open.first() {
                let what = format!("slice {slice} is gone");
                out.push(Mutation::new("missing", what, without(vec![slice.clone()])).help(OPEN));
            }
        }
    }
}

/// Whether a pattern names the slice and no other.
fn is_literal(slices: &Slices, slice: &Slice) -> bool {
    slices.patterns.iter().any(|p| p.matches(slice) && !p.text.contains(['*', '?']) && p.terms.len() == slice.0.len())
}
