//! The metric rule's part of the policy.
//!
//! In: a rule's table and the catalogue. Out: [`MetricRule`], in which every bound is finite and no
//! two contradict each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;

use crate::diag::{Code, visible};
use crate::gate::pattern::{Kind, Pattern};
use crate::gate::policy::Treatment;
use crate::gate::policy::reader::{Table, closest};
use crate::model::{Direction, ExampleSpec, MetricDefinition, Slice};

use super::proof::Proof;
use super::repeats::Repeats;
use crate::gate::policy::Context;

/// A rule of kind `metric`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricRule {
    /// The canonical name.
    pub metric: String,
    /// The name and its aliases: what evidence may call it.
    pub names: BTreeSet<String>,
    /// Which way is better, when the catalogue says.
    pub direction: Option<Direction>,
    /// The value that is best, for metrics with a target.
    pub target: Option<f64>,
    /// The unit, as shown after a value.
    pub unit: Option<String>,
    /// The smallest and largest value that make sense; `None` at an open end.
    pub range: Option<(Option<f64>, Option<f64>)>,
    /// Only results on this dataset.
    pub dataset: Option<String>,
    /// Only results on this split.
    pub split: Option<String>,
    /// Only results for this class; without it only results for all classes.
    pub class: Option<String>,
    /// Absolute bounds; all must hold.
    pub bounds: Vec<Bound>,
    /// Bounds relative to a baseline; all must hold.
    pub relative: Option<Relative>,
    /// The slices it speaks of; the whole dataset when absent.
    pub slices: Option<Slices>,
    /// The smallest number of examples that decides.
    pub min_n: Option<u64>,
    /// Whether the value is a share of its n examples.
    pub proportion: bool,
    /// The metric that holds the standard error, where results do not say it.
    pub stderr: Option<String>,
    /// The metric that holds the number of examples, where results do not say it.
    pub counted_by: Option<String>,
    /// Where per-example records are.
    pub examples: Option<ExampleSpec>,
    /// What must be shown beyond the numbers themselves; nothing for `evidence = "point"`.
    pub proof: Option<Proof>,
    /// How several runs of one version become one value.
    pub repeats: Option<Repeats>,
}

/// An absolute bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least.
    Min(f64),
    /// At most.
    Max(f64),
    /// More than.
    Above(f64),
    /// Less than.
    Below(f64),
    /// Equal, up to a tolerance.
    Equals {
        /// The value.
        value: f64,
        /// The largest difference.
        tolerance: f64,
    },
    /// Between two values, both included.
    Within(f64, f64),
    /// At most so far from the metric's target.
    MaxDeviation(f64),
}

/// Bounds relative to a baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Relative {
    /// The baseline's id.
    pub baseline: String,
    /// How much worse it may be.
    pub max_regression: Option<Allowance>,
    /// How much better it must be.
    pub min_improvement: Option<Allowance>,
    /// How much better it may be: a larger jump is suspicious.
    pub max_improvement: Option<Allowance>,
}

/// A difference that is allowed or demanded: the larger of the two parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Allowance {
    /// In the metric's unit.
    pub abs: Option<f64>,
    /// As a share of the baseline's absolute value.
    pub rel: Option<f64>,
}

impl Allowance {
    /// The amount against a baseline's value.
    pub fn of(&self, baseline: f64) -> f64 {
        let rel = self.rel.map_or(0.0, |share| share * baseline.abs());
        self.abs.unwrap_or(0.0).max(rel)
    }
}

/// The slices that a rule speaks of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slices {
    /// Which.
    pub patterns: Vec<SlicePattern>,
    /// Which not.
    pub exclude: Vec<SlicePattern>,
    /// Which must be there and be decidable.
    pub require: Vec<Slice>,
    /// How many there must be at least.
    pub expect_at_least: Option<u64>,
    /// What becomes of a slice that the baseline has and this version has not.
    pub vanished: Treatment,
}

impl Slices {
    /// Whether a slice is one that the rule speaks of; required ones are, whether they fit or not.
    pub fn fits(&self, slice: &Slice) -> bool {
        self.patterns.iter().any(|p| p.matches(slice)) && !self.exclude.iter().any(|p| p.matches(slice))
    }
}

/// A pattern of slices: `region=*`, `region=eu & device=*`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlicePattern {
    /// As written.
    pub text: String,
    /// Features and the patterns of their values; a slice has exactly these features.
    pub terms: BTreeMap<String, Option<Pattern>>,
}

impl SlicePattern {
    /// Whether a slice fits.
    pub fn matches(&self, slice: &Slice) -> bool {
        slice.0.len() == self.terms.len()
            && self.terms.iter().all(|(feature, pattern)| match (slice.0.get(feature), pattern) {
                (Some(value), Some(pattern)) => pattern.matches(value),
                (Some(value), None) => value.is_empty(),
                (None, _) => false,
            })
    }

    pub(in crate::gate) fn read(table: &Table<'_, '_>, key: &str, text: &str, at: &Range<usize>) -> Option<Self> {
        let mut terms = BTreeMap::new();
        for term in text.split(['&', ',']).map(str::trim) {
            let refuse = |why: &str| {
                table.sink.refuse(
                    Code::ConfigValue,
                    at,
                    "not a slice",
                    format!("'{key}' holds the slice '{}': {why}", visible(text, 120)),
                    "write feature=value, feature=*, or feature=value & other=value",
                );
            };
            let (feature, value) = match term.split_once('=') {
                Some((feature, value)) => (feature.trim(), Some(value.trim())),
                None => (term, None),
            };
            if feature.is_empty() || value == Some("") {
                refuse("a term is empty");
                return None;
            }
            if feature.contains('*') {
                refuse("'*' may stand for values, not for features");
                return None;
            }
            let pattern = match value.map(|v| Pattern::new(v, Kind::Name)) {
                None => None,
                Some(Ok(pattern)) => Some(pattern),
                Some(Err(why)) => {
                    refuse(&why);
                    return None;
                }
            };
            if terms.insert(feature.to_owned(), pattern).is_some() {
                refuse("a feature is named twice");
                return None;
            }
        }
        Some(Self { text: text.to_owned(), terms })
    }
}

/// A metric's name as typed, and where.
type Typed<'t> = (&'t str, Range<usize>);

/// Reads which metric a rule speaks of, and on what it was measured: a rule without bounds, and the
/// metric's definition. `relative` says whether the rule compares with a baseline.
pub(in crate::gate::rules) fn read_measured<'t, 'c>(
    table: &Table<'t, '_>,
    context: &Context<'c>,
    what: &str,
    relative: bool,
) -> (Option<MetricRule>, Option<Typed<'t>>, Option<&'c MetricDefinition>) {
    let absent = table.key_at("metric").is_none();
    let metric = table.text("metric");
    if absent {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'metric'",
            format!("a {what} rule needs 'metric'"),
            "",
        );
    }
    let metric = metric.filter(|(name, at)| {
        let fine = !name.trim().is_empty();
        if !fine {
            table.sink.refuse(Code::ConfigValue, at, "empty", "'metric' must not be empty", "");
        }
        fine
    });
    let definition = metric.as_ref().and_then(|(name, _)| context.catalogue.get(name));
    let selector = |key: &'static str| table.text(key).map(|(t, _)| t.to_owned());
    let (dataset, split, class) = (selector("dataset"), selector("split"), selector("class"));
    let slices = read_slices(table, relative);
    let min_n = table.count("min_n").map(|(n, _)| n);
    let open = |v: f64| v.is_finite().then_some(v);
    let rule = metric.as_ref().map(|(name, _)| {
        let canonical = context.catalogue.canonical(name).to_owned();
        let catalogue = context.catalogue;
        let mut names: BTreeSet<String> =
            catalogue.names().filter(|n| catalogue.canonical(n) == canonical).map(str::to_owned).collect();
        names.insert(canonical.clone());
        MetricRule {
            names,
            metric: canonical,
            direction: definition.and_then(|d| d.direction),
            target: definition.and_then(|d| d.target).map(crate::model::Finite::get),
            unit: definition.and_then(|d| d.unit.clone()),
            range: definition.and_then(|d| d.range).map(|(low, high)| (open(low), open(high))),
            dataset,
            split,
            class,
            bounds: Vec::new(),
            relative: None,
            slices,
            min_n,
            proportion: definition.is_some_and(|d| d.proportion),
            stderr: definition.and_then(|d| d.stderr.clone()),
            counted_by: definition.and_then(|d| d.n.clone()),
            examples: definition.and_then(|d| d.examples.clone()),
            proof: None,
            repeats: None,
        }
    });
    (rule, metric, definition)
}

/// Reads the keys of a metric rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>, context: &Context<'_>) -> Option<MetricRule> {
    let relative_keys = ["max_regression", "min_improvement", "max_improvement", "baseline"];
    let compares = relative_keys.iter().any(|k| table.key_at(k).is_some());
    let (rule, metric, definition) = read_measured(table, context, "metric", compares);
    let bounds = read_bounds(table, definition, metric.as_ref());
    let relative = read_relative(table, context, definition, metric.as_ref());
    let bound_keys = ["min", "max", "above", "below", "equals", "within", "max_deviation"];
    if bounds.is_empty()
        && relative.is_none()
        && bound_keys.iter().chain(&relative_keys).all(|k| table.key_at(k).is_none())
    {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no bound",
            "the rule demands nothing of its metric",
            "add min, max, above, below, equals, within or max_deviation, or a baseline with max_regression",
        );
    }
    let repeats = super::repeats::read(table, rule.as_ref());
    let proof = super::proof::read(table, context, &bounds, relative.as_ref(), repeats.as_ref());
    Some(MetricRule { bounds, relative, proof, repeats, ..rule? })
}

fn read_bounds(table: &Table<'_, '_>, definition: Option<&MetricDefinition>, metric: Option<&Typed<'_>>) -> Vec<Bound> {
    let mut bounds: Vec<(Bound, Range<usize>)> = Vec::new();
    let mut push = |bound: Option<(Bound, Range<usize>)>| bounds.extend(bound);
    push(table.number("min").map(|(v, at)| (Bound::Min(v), at)));
    push(table.number("max").map(|(v, at)| (Bound::Max(v), at)));
    push(table.number("above").map(|(v, at)| (Bound::Above(v), at)));
    push(table.number("below").map(|(v, at)| (Bound::Below(v), at)));
    let tolerance = table.amount("tolerance");
    let equals = table.number("equals");
    if let (Some(at), None) = (table.key_at("tolerance"), table.key_at("equals")) {
        table.sink.refuse(Code::PolicyRuleIncomplete, &at, "without 'equals'", "'tolerance' belongs to 'equals'", "");
    }
    push(equals.map(|(value, at)| (Bound::Equals { value, tolerance: tolerance.map_or(0.0, |(t, _)| t) }, at)));
    push(table.pair("within").map(|((low, high), at)| (Bound::Within(low, high), at)));
    let deviation = table.amount("max_deviation");
    if let Some((limit, at)) = deviation {
        if definition.is_some_and(|d| d.target.is_some()) {
            push(Some((Bound::MaxDeviation(limit), at)));
        } else {
            no_direction(table, metric, &at, "'max_deviation' needs a metric with a target");
        }
    }
    contradictions(table, &bounds);
    if let Some((low, high)) = definition.and_then(|d| d.range) {
        for (bound, at) in &bounds {
            if let Some(why) = outside(*bound, low, high) {
                table.sink.refuse(
                    Code::ConfigValue,
                    at,
                    "outside the metric's range",
                    format!("the bound can never {why}: the metric's range is {low} to {high}"),
                    "a percentage where a fraction is meant? correct the bound, or the range under [metrics]",
                );
            }
        }
    }
    bounds.into_iter().map(|(bound, _)| bound).collect()
}

/// The values that a bound allows: from, to, and whether the ends are excluded.
fn allowed(bound: Bound) -> (f64, bool, f64, bool) {
    let (no, all) = (f64::NEG_INFINITY, f64::INFINITY);
    match bound {
        Bound::Min(v) => (v, false, all, false),
        Bound::Above(v) => (v, true, all, false),
        Bound::Max(v) => (no, false, v, false),
        Bound::Below(v) => (no, false, v, true),
        Bound::Equals { value, tolerance } => (value - tolerance, false, value + tolerance, false),
        Bound::Within(low, high) => (low, false, high, false),
        Bound::MaxDeviation(_) => (no, false, all, false),
    }
}

fn contradictions(table: &Table<'_, '_>, bounds: &[(Bound, Range<usize>)]) {
    let (mut low, mut low_open, mut high, mut high_open) = (f64::NEG_INFINITY, false, f64::INFINITY, false);
    for (bound, at) in bounds {
        let (from, from_open, to, to_open) = allowed(*bound);
        if from > low || (from == low && from_open) {
            (low, low_open) = (from, from_open);
        }
        if to < high || (to == high && to_open) {
            (high, high_open) = (to, to_open);
        }
        if low > high || (low == high && (low_open || high_open)) {
            table.sink.refuse(
                Code::PolicyRuleIncomplete,
                at,
                "nothing can hold this",
                "the bounds of the rule contradict each other: no value can pass",
                "",
            );
            return;
        }
    }
}

/// Why a bound says nothing about values inside a range.
fn outside(bound: Bound, low: f64, high: f64) -> Option<&'static str> {
    let (from, from_open, to, to_open) = allowed(bound);
    if from > high || to < low || (from == high && from_open) || (to == low && to_open) {
        return Some("hold");
    }
    // `min = 0` on a range from 0 is redundant but honest; a bound beyond the range is a mistake.
    let always = match bound {
        Bound::Min(_) | Bound::Above(_) => from < low,
        Bound::Max(_) | Bound::Below(_) => to > high,
        Bound::Within(..) | Bound::Equals { .. } => from <= low && to >= high,
        Bound::MaxDeviation(_) => false,
    };
    always.then_some("fail")
}

fn no_direction(table: &Table<'_, '_>, metric: Option<&Typed<'_>>, at: &Range<usize>, why: &str) {
    let (name, at) = metric.map_or(("", at), |(name, at)| (*name, at));
    table.sink.refuse(
        Code::PolicyUnknownMetric,
        at,
        "direction not known",
        format!("{why}, and the catalogue does not say so of '{}'", visible(name, 80)),
        &format!(
            "add [metrics.{}] with direction = \"higher\", \"lower\", or \"target\" and target = …",
            visible(name, 60)
        ),
    );
}

fn read_relative(
    table: &Table<'_, '_>,
    context: &Context<'_>,
    definition: Option<&MetricDefinition>,
    metric: Option<&Typed<'_>>,
) -> Option<Relative> {
    let keys = ["max_regression", "min_improvement", "max_improvement"];
    let baseline = table.text("baseline");
    let max_regression = read_allowance(table, "max_regression");
    let min_improvement = read_allowance(table, "min_improvement");
    let max_improvement = read_allowance(table, "max_improvement");
    let used = keys.iter().find_map(|k| table.key_at(k));
    match (table.key_at("baseline"), &used) {
        (None, None) => return None,
        (None, Some(at)) => {
            table.sink.refuse(
                Code::PolicyRuleIncomplete,
                at,
                "compared with what?",
                "a regression or improvement needs a 'baseline'",
                "",
            );
            return None;
        }
        (Some(at), None) => {
            table.sink.refuse(
                Code::PolicyRuleIncomplete,
                &at,
                "not used",
                "the rule names a baseline but demands nothing relative to it",
                "add max_regression = { abs = …, rel = … }, min_improvement or max_improvement",
            );
            return None;
        }
        (Some(at), Some(_)) => {
            let fits = match definition.map(|d| (d.direction, d.target)) {
                Some((Some(Direction::Higher | Direction::Lower), _)) => true,
                Some((Some(Direction::Target), target)) => target.is_some(),
                Some((Some(Direction::None) | None, _)) | None => false,
            };
            if !fits {
                no_direction(table, metric, &at, "a relative rule needs to know which way is better");
                if let Some((name, at)) = metric
                    && definition.is_none()
                    && let Some(near) = closest(name, context.catalogue.names())
                {
                    table.sink.refuse(
                        Code::PolicyUnknownMetric,
                        at,
                        "not in the catalogue",
                        format!("the catalogue has no metric '{}'", visible(name, 80)),
                        &format!("did you mean '{}'?", visible(near, 80)),
                    );
                }
                return None;
            }
        }
    }
    let (id, at) = baseline?;
    if !context.has_baseline(id) {
        table.sink.refuse(
            Code::PolicyUnknownReference,
            &at,
            "no such baseline",
            format!("the baseline '{}' is not defined", visible(id, 80)),
            &context.baseline_help(id),
        );
        return None;
    }
    if let (Some(least), Some(most)) = (&min_improvement, &max_improvement)
        && let (Allowance { abs: Some(a), rel: None }, Allowance { abs: Some(b), rel: None })
        | (Allowance { abs: None, rel: Some(a) }, Allowance { abs: None, rel: Some(b) }) = (least, most)
        && a > b
        && let Some(at) = used
    {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &at,
            "nothing can hold this",
            "min_improvement is larger than max_improvement",
            "",
        );
    }
    Some(Relative { baseline: id.to_owned(), max_regression, min_improvement, max_improvement })
}

pub(in crate::gate::rules) fn read_allowance(table: &Table<'_, '_>, key: &'static str) -> Option<Allowance> {
    let inner = table.table(key)?;
    let (abs, rel) = (inner.amount("abs"), inner.share("rel"));
    inner.finish(&[]);
    if inner.key_at("abs").is_none() && inner.key_at("rel").is_none() {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &inner.at,
            "no amount",
            format!("'{key}' needs abs or rel"),
            "abs is in the metric's unit, rel a share of the baseline; the larger of the two counts",
        );
        return None;
    }
    Some(Allowance { abs: abs.map(|(v, _)| v), rel: rel.map(|(v, _)| v) })
}

fn read_slices(table: &Table<'_, '_>, relative: bool) -> Option<Slices> {
    let patterns = |key: &'static str| -> Vec<SlicePattern> {
        let texts = table.texts(key).unwrap_or_default();
        texts.iter().filter_map(|(text, at)| SlicePattern::read(table, key, text, at)).collect()
    };
    let (slices, exclude) = (patterns("slices"), patterns("exclude"));
    let mut require = Vec::new();
    for (text, at) in table.texts("require").unwrap_or_default() {
        if SlicePattern::read(table, "require", text, &at).is_none() {
            continue;
        }
        let slice = Slice::parse(text);
        let why = if text.contains('*') {
            "a pattern: name each required slice"
        } else if exclude.iter().any(|e| e.matches(&slice)) {
            "excluded as well"
        } else {
            require.push(slice);
            continue;
        };
        table.sink.refuse(
            Code::ConfigValue,
            &at,
            "cannot be required",
            format!("'require' holds the slice '{}', which is {why}", visible(text, 120)),
            "",
        );
    }
    require.sort();
    require.dedup();
    let expect_at_least = table.count("expect_at_least").map(|(n, _)| n);
    let vanished = table.word("vanished", Treatment::WORDS).map(|(t, _)| t);
    if table.key_at("slices").is_none() && table.key_at("require").is_none() {
        for key in ["exclude", "expect_at_least", "vanished"] {
            if let Some(at) = table.key_at(key) {
                table.sink.refuse(
                    Code::PolicyRuleIncomplete,
                    &at,
                    "without 'slices'",
                    format!("'{key}' belongs to 'slices'"),
                    "add slices = [\"feature=*\"]",
                );
            }
        }
        return None;
    }
    if let (Some(at), false, Some(_)) = (table.key_at("vanished"), relative, vanished)
        && table.key_at("baseline").is_none()
    {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &at,
            "without 'baseline'",
            "'vanished' compares the slices with those of a baseline",
            "add a baseline, or use require and expect_at_least",
        );
    }
    Some(Slices { patterns: slices, exclude, require, expect_at_least, vanished: vanished.unwrap_or(Treatment::Fail) })
}
