//! A `MetricThreshold` of TFMA as rules.
//!
//! In: the message, and the metric, class and slices that it holds for. Out: rules as `metrics_validator.py` judges:
//! both bounds of a value may be reached; the difference to the baseline must be at least a change with
//! HIGHER_IS_BETTER and at most one with LOWER_IS_BETTER, in the absolute and in the relative part. The direction
//! there says which way the comparison goes, not always which way is better: `LOWER_IS_BETTER, absolute: 0.1` on an
//! AUC forbids a suspicious jump. What is better is taken from the catalogue first.

use super::super::draft::{Draft, below};
use super::super::rule::Rule;
use super::message::{field, wrapped};
use crate::diag::visible;
use crate::model::{Datum, Direction};
use toml::Value;

/// What a threshold holds for.
pub(super) struct Target<'t> {
    pub(super) metric: &'t str,
    /// A class; all classes together when there is none.
    pub(super) class: Option<&'t str>,
    /// Patterns of slices; the empty one is the whole dataset.
    pub(super) slices: &'t [String],
}

impl Target<'_> {
    /// Adds a rule for each slice.
    fn push(&self, rule: &Rule, at: &str, draft: &mut Draft) {
        for slice in self.slices {
            let mut rule = rule.clone();
            if let Some(class) = self.class {
                rule = rule.key("class", class);
            }
            if !slice.is_empty() {
                rule = rule.slices(slice);
            }
            draft.push(rule, at);
        }
    }
}

/// The rules of a threshold.
pub(super) fn threshold(found: &Datum, target: &Target<'_>, at: &str, draft: &mut Draft) {
    if !draft.usable(target.metric, at) {
        return;
    }
    let (value, change) = (field(found, "value_threshold"), field(found, "change_threshold"));
    if let Some(value) = value {
        bounds(value, target, &below(at, "value_threshold"), draft);
    }
    if let Some(change) = change {
        changes(change, target, &below(at, "change_threshold"), draft);
    }
    if value.is_none() && change.is_none() {
        draft.leave(at, format!("the threshold of '{}' says nothing that is understood", visible(target.metric, 80)));
    }
}

/// A bound or a change that is there; one that is no number is left out.
fn amount(message: &Datum, name: &str, at: &str, draft: &mut Draft) -> Option<f64> {
    match wrapped(message, name)? {
        Ok(number) => Some(number),
        Err(()) => {
            draft.leave(&below(at, name), "that is no number to compare with");
            None
        }
    }
}

fn bounds(value: &Datum, target: &Target<'_>, at: &str, draft: &mut Draft) {
    let demands = |name: &str| field(value, name).is_some();
    if !demands("lower_bound") && !demands("upper_bound") {
        draft.leave(at, "the threshold has no bound and demands nothing but that the metric is there");
    }
    let (low, high) = (amount(value, "lower_bound", at, draft), amount(value, "upper_bound", at, draft));
    let rule = Rule::on(target.metric, "bounds");
    let rule = match (low, high) {
        (Some(low), Some(high)) => rule.key("within", Value::Array(vec![low.into(), high.into()])),
        (Some(low), None) => rule.key("min", low),
        (None, Some(high)) => rule.key("max", high),
        (None, None) => return,
    };
    target.push(&rule, at, draft);
}

fn changes(change: &Datum, target: &Target<'_>, at: &str, draft: &mut Draft) {
    let way = match field(change, "direction").map(Datum::display).unwrap_or_default().as_str() {
        "HIGHER_IS_BETTER" | "2" => Direction::Higher,
        "LOWER_IS_BETTER" | "1" => Direction::Lower,
        _ => {
            draft.leave(at, "the change has no direction");
            return;
        }
    };
    let mut any = false;
    for (name, part) in [("absolute", "abs"), ("relative", "rel")] {
        any |= field(change, name).is_some();
        let Some(number) = amount(change, name, at, draft) else { continue };
        let at = below(at, name);
        let better = draft.direction_or(target.metric, way);
        // By how much it has to be better, or may be at most; below 0 it is worse.
        let gain = if better == Direction::Higher { number } else { -number };
        let key = match (way == better, gain > 0.0) {
            (true, true) => "min_improvement",
            (true, false) => "max_regression",
            (false, _) if gain >= 0.0 => "max_improvement",
            (false, _) => {
                draft.leave(&at, format!("'{}' would have to become worse", visible(target.metric, 80)));
                continue;
            }
        };
        let mut rule = Rule::compared(target.metric, "change");
        if part == "rel" {
            rule = rule.comment("a share of the baseline's absolute value; TFMA fails where the baseline is 0");
        }
        target.push(&rule.amounts(key, &[(part, gain.abs())]), &at, draft);
    }
    if !any {
        draft.leave(at, "the change demands nothing but that the metric and a baseline are there");
    }
}
