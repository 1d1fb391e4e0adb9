//! Comparisons of numbers: a value with a bound, a value with a baseline's value.
//!
//! In: finite numbers and what a rule demands of them. Out: whether each demand holds, by how much, and
//! against which number. Every comparison is written as what must hold, so that a number that compares
//! with nothing never passes.

use super::cfg::{Bound, MetricRule, Relative};
use super::diags;
use crate::model::Direction;

/// The outcome of one comparison.
pub(super) struct Judged {
    pub(super) holds: bool,
    /// The reason when it does not hold.
    pub(super) reason: &'static str,
    pub(super) op: &'static str,
    /// What was compared: the value, or its distance to the target.
    pub(super) compared: f64,
    pub(super) bound: f64,
    /// Signed distance to the bound, negative when it does not hold.
    pub(super) margin: f64,
    /// What the bound is, in words.
    pub(super) label: String,
}

/// Compares a value with a bound.
pub(super) fn absolute(rule: &MetricRule, bound: Bound, value: f64) -> Judged {
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

/// Compares a value with a baseline's.
pub(super) fn relative_to(rule: &MetricRule, relative: &Relative, value: f64, baseline: f64) -> Vec<Judged> {
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
