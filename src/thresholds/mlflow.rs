//! MLflow's `MetricThreshold`s (`mlflow/models/evaluation/validation.py`), as the JSON of a dict by metric.
//!
//! In: `{"accuracy": {"threshold": 0.8, "min_absolute_change": 0.05, "min_relative_change": 0.05,
//! "greater_is_better": true}}`, also with the attributes' own names (`_threshold`) and with `higher_is_better` of
//! older versions. Out: a bound, and for each change a comparison with the baseline. A threshold is met when it is
//! reached exactly, as in MLflow; where the baseline is 0, a relative change must there be 1e-10 at least.

use super::draft::{Draft, below};
use super::rule::Rule;
use super::{Format, number};
use crate::diag::visible;
use crate::model::{Datum, Direction};
use crate::source::FileData;

pub(super) struct MetricThresholds;

const KEYS: &[&str] =
    &["threshold", "min_absolute_change", "min_relative_change", "greater_is_better", "higher_is_better"];

/// MLflow's least change where the baseline is 0.
const LEAST: f64 = 1e-10;

impl Format for MetricThresholds {
    fn kind(&self) -> &'static str {
        "mlflow"
    }

    fn about(&self) -> &'static str {
        "MetricThreshold by metric, as JSON"
    }

    fn sniff(&self, document: &Datum) -> bool {
        let is_one = |d: &Datum| {
            let known = |(key, _): &(String, Datum)| KEYS.contains(&key.trim_start_matches('_'));
            d.entries().is_some_and(|e| e.iter().any(known))
        };
        document.entries().is_some_and(|e| !e.is_empty() && e.iter().any(|(_, d)| is_one(d)))
    }

    fn read(&self, document: &Datum, _: &FileData, draft: &mut Draft) {
        for (metric, threshold) in document.entries().unwrap_or_default() {
            let at = below("", metric);
            if draft.usable(metric, &at) {
                one(metric, threshold, &at, draft);
            }
        }
    }
}

fn one(metric: &str, threshold: &Datum, at: &str, draft: &mut Draft) {
    let entries = threshold.entries().unwrap_or_default();
    let get = |key: &str| {
        let found = entries.iter().find(|(k, _)| k.trim_start_matches('_') == key).map(|(_, value)| value);
        found.filter(|value| **value != Datum::Null)
    };
    for (i, (key, _)) in entries.iter().enumerate() {
        let name = key.trim_start_matches('_');
        if !KEYS.contains(&name) {
            draft.leave(&below(at, key), format!("'{}' is no part of a MetricThreshold", visible(key, 60)));
        } else if entries.iter().take(i).any(|(k, _)| k.trim_start_matches('_') == name) {
            draft.leave(&below(at, key), format!("'{}' is given twice; the first counts", visible(name, 60)));
        }
    }
    let greater = match (get("greater_is_better"), get("higher_is_better")) {
        (Some(Datum::Bool(greater)), None) | (None, Some(Datum::Bool(greater))) => *greater,
        (Some(Datum::Bool(greater)), Some(Datum::Bool(higher))) if greater == higher => *greater,
        (None, None) => {
            draft.leave(at, format!("'{}' does not say whether greater is better", visible(metric, 80)));
            return;
        }
        _ => {
            draft.leave(at, format!("'{}' does not say clearly whether greater is better", visible(metric, 80)));
            return;
        }
    };
    let mut amount = |key: &'static str| match get(key) {
        None => None,
        Some(value) => {
            let found = number(value).filter(|v| key == "threshold" || *v >= 0.0);
            if found.is_none() {
                draft.leave(&below(at, key), format!("{key} of '{}' is no number that it can be", visible(metric, 80)));
            }
            found
        }
    };
    let (bound, absolute, relative) =
        (amount("threshold"), amount("min_absolute_change"), amount("min_relative_change"));
    if (get("threshold"), get("min_absolute_change"), get("min_relative_change")) == (None, None, None) {
        draft.leave(at, format!("'{}' has no threshold", visible(metric, 80)));
        return;
    }
    draft.direct(metric, if greater { Direction::Higher } else { Direction::Lower }, at);
    if let Some(bound) = bound {
        let (key, suffix) = if greater { ("min", "floor") } else { ("max", "ceiling") };
        draft.push(Rule::on(metric, suffix).key(key, bound), &below(at, "threshold"));
    }
    if let Some(absolute) = absolute {
        let rule = Rule::compared(metric, "improvement").amounts("min_improvement", &[("abs", absolute)]);
        draft.push(rule, &below(at, "min_absolute_change"));
    }
    if let Some(relative) = relative {
        // MLflow does not ask for a change of 0: such a threshold compares and finds nothing to demand.
        let rule = if relative == 0.0 {
            let why = "where the baseline is 0, MLflow demands 1e-10 more; the rule lets an equal value pass";
            draft.leave(&below(at, "min_relative_change"), why);
            Rule::compared(metric, "no-worse").amounts("max_regression", &[("abs", 0.0)])
        } else {
            Rule::compared(metric, "relative-improvement")
                .comment("a share of the baseline's absolute value; abs is what MLflow demands where that is 0")
                .amounts("min_improvement", &[("abs", LEAST), ("rel", relative)])
        };
        draft.push(rule, &below(at, "min_relative_change"));
    }
}
