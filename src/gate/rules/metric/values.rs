//! Values: what a run measured of a metric, slice by slice, once it is certain what that is.
//!
//! In: a rule that says which metric, dataset, split and class, and a run. Out: for each slice one number,
//! or the reason why there is none: missing, no number, not finite, out of range, or several that differ.
//! Nothing is compared here.

use std::collections::{BTreeMap, BTreeSet};

use super::cfg::MetricRule;
use super::diags;
use crate::model::{Measured, MetricResult, Rejected, Run, Slice};

/// A run's results by metric, built once: rules and slices are many.
pub(in crate::gate) struct Index<'a> {
    pub(in crate::gate) run: &'a Run,
    results: BTreeMap<&'a str, Vec<&'a MetricResult>>,
    rejected: BTreeMap<&'a str, Vec<&'a Rejected>>,
    /// Why nothing that the run says may be used, for a run that repeats another.
    pub(super) unusable: Option<String>,
    /// Dataset, split and slice of every result, of any metric.
    places: BTreeSet<(Option<&'a String>, Option<&'a String>, &'a Slice)>,
}

impl<'a> Index<'a> {
    /// Sorts the results of a run.
    pub(in crate::gate) fn new(run: &'a Run) -> Self {
        let mut index =
            Self { run, results: BTreeMap::new(), rejected: BTreeMap::new(), unusable: None, places: BTreeSet::new() };
        for result in &run.results {
            index.results.entry(&result.metric).or_default().push(result);
            index.places.insert((result.dataset.as_ref(), result.split.as_ref(), &result.slice));
        }
        for rejected in &run.rejected {
            index.rejected.entry(&rejected.metric).or_default().push(rejected);
        }
        index
    }

    /// Says why nothing of it may be used, if so.
    pub(in crate::gate) fn unusable(mut self, why: Option<String>) -> Self {
        self.unusable = why;
        self
    }

    /// Results of the rule's metric, dataset, split and class, on any slice, in the order of the run.
    fn matching<'s>(&'s self, rule: &'s MetricRule) -> impl Iterator<Item = &'a MetricResult> + 's {
        let named = rule.names.iter().filter_map(|name| self.results.get(name.as_str())).flatten().copied();
        named.filter(|r| is_placed(rule, r))
    }

    /// Every slice that the run speaks of, of any metric: one without this metric is missing, not gone.
    pub(super) fn slices(&self, rule: &MetricRule) -> BTreeSet<&'a Slice> {
        let results = self
            .places
            .iter()
            .filter(|(dataset, split, _)| {
                wanted(rule.dataset.as_ref(), *dataset) && wanted(rule.split.as_ref(), *split)
            })
            .map(|(_, _, slice)| *slice);
        let rejected = self.rejected.values().flatten().map(|r| &r.slice);
        results.chain(rejected).filter(|s| !s.is_overall()).collect()
    }

    /// Whether the run knows the metric at all.
    pub(super) fn knows(&self, rule: &MetricRule) -> bool {
        rule.names.iter().any(|name| self.results.contains_key(name.as_str()))
    }

    /// Datasets, splits and classes on which the metric was measured, for advice.
    pub(super) fn measured_on(&self, rule: &MetricRule) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut out: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for result in rule.names.iter().filter_map(|name| self.results.get(name.as_str())).flatten() {
            for (key, name) in [("dataset", &result.dataset), ("split", &result.split), ("class", &result.class)] {
                if let Some(name) = name {
                    out.entry(key).or_default().insert(name.clone());
                }
            }
        }
        out
    }
}

/// Whether a result is of a rule's metric, dataset, split and class.
pub(in crate::gate) fn measures(rule: &MetricRule, result: &MetricResult) -> bool {
    rule.names.contains(&result.metric) && is_placed(rule, result)
}

/// Whether a result is of a rule's dataset, split and class.
fn is_placed(rule: &MetricRule, result: &MetricResult) -> bool {
    result.class == rule.class
        && wanted(rule.dataset.as_ref(), result.dataset.as_ref())
        && wanted(rule.split.as_ref(), result.split.as_ref())
}

fn wanted(demanded: Option<&String>, given: Option<&String>) -> bool {
    demanded.is_none() || demanded == given
}

/// What a run measured of a rule's metric, by slice.
pub(in crate::gate) struct Values<'a> {
    pub(super) index: &'a Index<'a>,
    rule: &'a MetricRule,
    results: BTreeMap<&'a Slice, Vec<&'a MetricResult>>,
    rejected: BTreeMap<&'a Slice, &'a Rejected>,
}

impl<'a> Values<'a> {
    pub(in crate::gate) fn new(rule: &'a MetricRule, index: &'a Index<'a>) -> Self {
        let mut results: BTreeMap<&Slice, Vec<&MetricResult>> = BTreeMap::new();
        for result in index.matching(rule) {
            results.entry(&result.slice).or_default().push(result);
        }
        let mut rejected: BTreeMap<&Slice, &Rejected> = BTreeMap::new();
        for found in rule.names.iter().filter_map(|name| index.rejected.get(name.as_str())).flatten() {
            // What was rejected may lack its dataset; then it may be the one that is meant.
            if found.class == rule.class
                && (found.dataset.is_none() || wanted(rule.dataset.as_ref(), found.dataset.as_ref()))
            {
                rejected.entry(&found.slice).or_insert(found);
            }
        }
        Self { index, rule, results, rejected }
    }

    /// The results on a slice.
    pub(super) fn on(&self, slice: &Slice) -> &[&'a MetricResult] {
        self.results.get(slice).map(Vec::as_slice).unwrap_or_default()
    }

    /// The files that the results were read from.
    pub(super) fn files(&self) -> BTreeSet<&'a str> {
        self.results.values().flatten().map(|r| r.source.path.as_str()).collect()
    }

    /// The value on a slice.
    pub(in crate::gate) fn value(&self, slice: &Slice) -> Result<Value<'a>, NoValue> {
        self.one_of(slice, self.on(slice).to_vec())
    }

    /// The value among some of the results on a slice.
    pub(super) fn one_of(&self, slice: &Slice, found: Vec<&'a MetricResult>) -> Result<Value<'a>, NoValue> {
        let rule = self.rule;
        if let Some(rejected) = self.rejected.get(slice) {
            return Err(diags::not_a_number(rule, rejected));
        }
        let missing = || NoValue::Missing(diags::missing(rule, self.index, slice));
        let Some(first) = found.first().copied() else { return Err(missing()) };
        let mut number = None;
        for result in &found {
            let Some(finite) = result.value.finite() else { return Err(diags::nonfinite(rule, slice, result)) };
            match number {
                None => number = Some(finite.get()),
                Some(known) if known == finite.get() => {}
                Some(_) => return Err(diags::ambiguous(rule, slice, &found)),
            }
        }
        let Some(number) = number else { return Err(missing()) };
        if let Some((low, high)) = rule.range
            && !(low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high))
        {
            return Err(diags::out_of_range(rule, slice, first, number, (low, high)));
        }
        let n = found.iter().filter_map(|r| r.n).min().or_else(|| {
            let n = self.beside(rule.counted_by.as_deref()?, first)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in the condition")]
            (n >= 0.0 && n.fract() == 0.0 && n < 9.0e15).then_some(n as u64)
        });
        let stated = found.iter().map(|r| r.stderr).collect::<BTreeSet<_>>();
        let stderr = match (stated.len(), stated.first()) {
            (1, Some(Some(stderr))) => Some(stderr.get()),
            (1, Some(None)) => rule.stderr.as_deref().and_then(|name| self.beside(name, first)),
            _ => None,
        };
        Ok(Value { number, result: first, n, stderr, all: found, repeats: Vec::new() })
    }

    /// The value of another metric that was measured in the same place; nothing when there are several.
    fn beside(&self, name: &str, place: &MetricResult) -> Option<f64> {
        let same = |r: &&&MetricResult| {
            (&r.dataset, &r.split, &r.slice, &r.class) == (&place.dataset, &place.split, &place.slice, &place.class)
        };
        let found: BTreeSet<_> = self.index.results.get(name)?.iter().filter(same).map(|r| r.value.finite()).collect();
        match (found.len(), found.first()) {
            (1, Some(Some(value))) => Some(value.get()),
            _ => None,
        }
    }
}

/// One side's value, once it is certain that there is exactly one.
#[derive(Clone, Debug)]
pub(in crate::gate) struct Value<'a> {
    pub(in crate::gate) number: f64,
    /// The first result that gives it.
    pub(in crate::gate::rules) result: &'a MetricResult,
    /// The smallest number of examples that any of them gives.
    pub(in crate::gate::rules) n: Option<u64>,
    /// Its standard error, when somebody says.
    pub(super) stderr: Option<f64>,
    /// All results that give it.
    pub(super) all: Vec<&'a MetricResult>,
    /// The values of the single runs that it was made of; empty for the value of one run.
    pub(super) repeats: Vec<f64>,
}

/// Why there is no value.
pub(in crate::gate) enum NoValue {
    Missing(String),
    Invalid { reason: &'static str, message: String, value: Option<Measured>, source: Option<String> },
}
