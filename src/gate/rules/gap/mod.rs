//! The gap rule: how far the slices of one metric lie apart.
//!
//! In: a [`GapRule`] and the subject. Out: one finding per demand on the spread, and one for every slice
//! that cannot take part. A slice whose value is missing, invalid or too small is never left out in
//! silence: the worst slice is often the smallest.

pub(crate) mod cfg;
mod diags;

use cfg::GapRule;

use super::metric::values::Values;
use super::metric::{choose, left_out, small_n, without_value};
use super::{Finding, Subject};
use crate::model::{Measured, Slice};

/// The slices that lie furthest apart, with their values.
struct Ends<'a> {
    low: (&'a Slice, f64),
    high: (&'a Slice, f64),
}

/// Judges a gap rule.
pub(in crate::gate) fn judge(rule: &GapRule, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(slices) = &rule.of.slices else { return Vec::new() };
    let indices = subject.ours();
    let ours: Vec<Values<'_>> = indices.iter().take(1).map(|index| Values::new(&rule.of, index)).collect();
    let chosen = choose(&rule.of, slices, &ours);
    let mut out = chosen.lacking;
    let mut decided: Vec<(&Slice, f64, &crate::model::MetricResult)> = Vec::new();
    for slice in &chosen.slices {
        let required = slices.require.contains(slice);
        let Some(values) = ours.first() else { continue };
        let undecided = match values.value(slice) {
            Ok(value) => match small_n(&rule.of, slice, &value, required) {
                None => {
                    decided.push((slice, value.number, value.result));
                    continue;
                }
                Some(small) => super::metric::with_value(&value, small),
            },
            Err(why) => without_value(&rule.of, why, required),
        };
        out.push(Finding { target: slice.to_string(), metric: Some(rule.of.metric.clone()), ..undecided });
    }
    out.extend(left_out(&rule.of, &ours, subject));
    let low = decided.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let high = decided.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let (Some(low), Some(high), true) = (low, high, decided.len() >= 2) else {
        out.push(diags::too_few(rule, decided.len()));
        return out;
    };
    let ends = Ends { low: (low.0, low.1), high: (high.0, high.1) };
    let finish = |finding: Finding| Finding {
        metric: Some(rule.of.metric.clone()),
        dataset: low.2.dataset.clone().or_else(|| rule.of.dataset.clone()),
        n: decided.iter().map(|(_, _, result)| result.n).min().flatten(),
        ..finding.source(low.2.source.to_string())
    };
    if let Some(bound) = rule.max_gap {
        let gap = ends.high.1 - ends.low.1;
        let holds = gap <= bound;
        let finding = if gap.is_finite() {
            let finding = Finding::new("gap", "gap", diags::gap(rule, &ends, gap, bound, holds)).holds(holds);
            compared(finding, gap, "<=", bound, bound - gap)
        } else {
            diags::overflow(rule, &ends)
        };
        out.push(finish(finding));
    }
    if let Some(bound) = rule.min_ratio {
        // Where all values are the same there is no gap, whatever their sign.
        let ratio = if ends.low.1 == ends.high.1 { 1.0 } else { ends.low.1 / ends.high.1 };
        let finding = if ratio == 1.0 || (ends.low.1 >= 0.0 && ends.high.1 > 0.0 && ratio.is_finite()) {
            let holds = ratio >= bound;
            let finding = Finding::new("ratio", "ratio", diags::ratio(rule, &ends, ratio, bound, holds)).holds(holds);
            compared(finding, ratio, ">=", bound, ratio - bound)
        } else {
            diags::no_ratio(rule, &ends)
        };
        out.push(finish(finding));
    }
    out
}

fn compared(mut finding: Finding, value: f64, op: &str, bound: f64, margin: f64) -> Finding {
    finding.value = Some(Measured::new(value));
    finding.op = Some(op.to_owned());
    finding.bound = Some(Measured::new(bound));
    finding.margin = Some(Measured::new(margin));
    finding
}
