//! Two versions side by side: differences of results and of parameters.
//!
//! In: runs of the model. Out: [`Delta`]s and lists of changes. A difference is coloured only when the
//! intervals, where there are any, do not overlap: noise must not look like progress.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::Facts;
use super::show::{Digits, Num, arrow, interval_of};
use crate::diag::visible;
use crate::model::{Direction, MetricResult, Registry, Run, Slice};

/// A difference to another version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Delta {
    /// The signed difference; empty when there is nothing to compare with.
    pub text: String,
    /// `up` (better), `down` (worse), `same` (within the noise, or no direction).
    pub class: &'static str,
    /// What the difference means.
    pub title: String,
}

/// What makes two results speak of the same thing.
type Key<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a Slice, Option<&'a str>);

fn key<'a>(registry: &'a Registry, result: &'a MetricResult) -> Key<'a> {
    let (metric, dataset, split, slice, class) = result.key();
    (registry.catalogue.canonical(metric), dataset, split, slice, class)
}

/// Results of a run by what they speak of.
pub(crate) struct Lookup<'a> {
    registry: &'a Registry,
    by_key: BTreeMap<Key<'a>, &'a MetricResult>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(registry: &'a Registry, run: Option<&'a Run>) -> Self {
        let by_key = run.iter().flat_map(|r| &r.results).map(|r| (key(registry, r), r)).collect();
        Self { registry, by_key }
    }

    /// The result that speaks of the same thing.
    pub(crate) fn same(&self, result: &'a MetricResult) -> Option<&'a MetricResult> {
        self.by_key.get(&key(self.registry, result)).copied()
    }
}

/// Whether a value is better than another; `None` when neither is.
pub(crate) fn better(direction: Option<Direction>, target: Option<f64>, value: f64, than: f64) -> Option<bool> {
    let distance = |v: f64| (v - target.unwrap_or(0.0)).abs();
    match direction? {
        _ if value == than => None,
        Direction::Higher => Some(value > than),
        Direction::Lower => Some(value < than),
        Direction::Target => (distance(value) != distance(than)).then(|| distance(value) < distance(than)),
        Direction::None => None,
    }
}

/// The difference of a result to another.
pub(crate) fn delta(
    registry: &Registry,
    digits: Digits,
    result: &MetricResult,
    base: Option<&MetricResult>,
    name: &str,
) -> Delta {
    let Some(base) = base else { return Delta::default() };
    let (Some(a), Some(b)) = (result.value.finite(), base.value.finite()) else { return Delta::default() };
    let (a, b) = (a.get(), b.get());
    let definition = registry.catalogue.get(&result.metric);
    let verdict = better(
        definition.and_then(|d| d.direction),
        definition.and_then(|d| d.target).map(crate::model::Finite::get),
        a,
        b,
    );
    // One interval is enough to see that the other value may be the same.
    let overlap = match (interval_of(result), interval_of(base)) {
        (Some((x, _)), Some((y, _))) => x.lower.get() <= y.upper.get() && y.lower.get() <= x.upper.get(),
        (Some((x, _)), None) => (x.lower.get()..=x.upper.get()).contains(&b),
        (None, Some((y, _))) => (y.lower.get()..=y.upper.get()).contains(&a),
        (None, None) => false,
    };
    let (class, meaning) = match verdict {
        None if a == b => ("same", "equal to"),
        None => ("same", "different from"),
        Some(better) if overlap => ("same", if better { "better than" } else { "worse than" }),
        Some(true) => ("up", "better than"),
        Some(false) => ("down", "worse than"),
    };
    let noise = if overlap && a != b { ", but within the interval" } else { "" };
    let text = digits.delta(a - b);
    Delta {
        text: if overlap && a != b { format!("≈ {text}") } else { text },
        class,
        title: if name.is_empty() {
            format!("{meaning} {}{noise}", digits.format(b))
        } else {
            format!("{meaning} {} of {name}{noise}", digits.format(b))
        },
    }
}

/// A parameter or a result that differs.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    pub key: String,
    pub before: String,
    pub after: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
}

/// Parameters that differ.
pub(crate) fn params(before: Option<&Run>, after: Option<&Run>) -> Vec<Change> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let mut keys: Vec<&String> = before.params.keys().chain(after.params.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|k| before.params.get(*k) != after.params.get(*k))
        .map(|k| {
            let show = |run: &Run| run.params.get(k).map_or_else(|| "–".to_owned(), |v| visible(&v.display(), 200));
            let kind = match (before.params.contains_key(k), after.params.contains_key(k)) {
                (false, _) => "added",
                (_, false) => "removed",
                _ => "changed",
            };
            Change { key: visible(k, 120), before: show(before), after: show(after), kind }
        })
        .collect()
}

/// An overall result in two versions.
#[derive(Debug, Serialize)]
pub(crate) struct MetricChange {
    pub metric: String,
    pub arrow: &'static str,
    pub arrow_title: &'static str,
    pub dataset: String,
    pub before: Num,
    pub after: Num,
    pub delta: Delta,
}

/// Overall results that both versions report, the later's order.
pub(crate) fn metrics(
    facts: &Facts<'_>,
    before: Option<&Run>,
    after: Option<&Run>,
    before_name: &str,
) -> Vec<MetricChange> {
    let registry = facts.registry;
    let (Some(_), Some(after)) = (before, after) else { return Vec::new() };
    let lookup = Lookup::new(registry, before);
    let results = after.results.iter().filter(|r| r.is_overall());
    results
        .filter_map(|r| {
            let base = lookup.same(r)?;
            let digits = Digits::telling_apart(&[(r.value.as_f64(), base.value.as_f64())]);
            let (label, unit) = facts.label(&r.metric);
            let (arrow, arrow_title) = arrow(registry.catalogue.direction(&r.metric));
            Some(MetricChange {
                metric: if unit.is_empty() { label } else { format!("{label} ({unit})") },
                arrow,
                arrow_title,
                dataset: r.dataset.clone().unwrap_or_default(),
                before: digits.sourced(base.value, &base.source),
                after: digits.sourced(r.value, &r.source),
                delta: delta(registry, digits, r, Some(base), before_name),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Catalogue, Finite, Interval, Pointer};

    #[test]
    fn a_difference_within_the_interval_is_neither_good_nor_bad() {
        let registry = Registry { catalogue: Catalogue::built_in(), ..Registry::default() };
        let value = |v: f64, half: Option<f64>| MetricResult {
            ci: half.and_then(|h| {
                let [lower, upper, level] = [v - h, v + h, 0.95].map(Finite::new);
                Some(Interval { lower: lower?, upper: upper?, level: level? })
            }),
            ..MetricResult::new("mae", v, Pointer::default())
        };
        let class = |a: MetricResult, b: MetricResult| delta(&registry, Digits::of([1.5]), &a, Some(&b), "x").class;
        assert_eq!(class(value(1.0, None), value(2.0, None)), "up");
        assert_eq!(class(value(2.0, None), value(1.0, None)), "down");
        assert_eq!(class(value(2.0, Some(1.5)), value(1.0, None)), "same");
        assert_eq!(class(value(2.0, None), value(1.0, Some(1.5))), "same");
        assert_eq!(class(value(2.0, Some(0.1)), value(1.0, Some(0.1))), "down");
        assert_eq!(class(value(f64::NAN, None), value(1.0, None)), "");
    }
}
