//! What gap rules say.
//!
//! In: the two slices that lie furthest apart. Out: findings with both of them.

use super::super::Finding;
use super::Ends;
use super::cfg::GapRule;
use crate::diag::{count, visible};
use crate::gate::number::{digits_for, rounded, with_unit};

fn metric(rule: &GapRule) -> String {
    visible(&rule.of.metric, 80)
}

fn ends(rule: &GapRule, ends: &Ends<'_>) -> String {
    let digits = digits_for(&[ends.low.1, ends.high.1]);
    let show = |v: f64| with_unit(&rounded(v, digits), rule.of.unit.as_deref());
    let name = |slice: &crate::model::Slice| visible(&slice.to_string(), 120);
    format!("{} for {}, {} for {}", show(ends.low.1), name(ends.low.0), show(ends.high.1), name(ends.high.0))
}

pub(super) fn gap(rule: &GapRule, found: &Ends<'_>, gap: f64, bound: f64, holds: bool) -> String {
    let digits = digits_for(&[gap, bound]);
    let show = |v: f64| with_unit(&rounded(v, digits), rule.of.unit.as_deref());
    let relation = if holds { "<=" } else { ">" };
    let (ours, most) = (show(gap), show(bound));
    format!("{} gap {ours} {relation} max_gap {most} ({})", metric(rule), ends(rule, found))
}

pub(super) fn ratio(rule: &GapRule, found: &Ends<'_>, ratio: f64, bound: f64, holds: bool) -> String {
    let digits = digits_for(&[ratio, bound]);
    let relation = if holds { ">=" } else { "<" };
    let (ours, least) = (rounded(ratio, digits), rounded(bound, digits));
    format!("{} ratio {ours} {relation} min_ratio {least} ({})", metric(rule), ends(rule, found))
}

pub(super) fn no_ratio(rule: &GapRule, found: &Ends<'_>) -> Finding {
    let message =
        format!("{} has no ratio of slices: both values must be positive ({})", metric(rule), ends(rule, found));
    Finding::new("ratio", "no-ratio", message).invalid()
}

pub(super) fn overflow(rule: &GapRule, found: &Ends<'_>) -> Finding {
    let message = format!("{} is too large to compare ({})", metric(rule), ends(rule, found));
    Finding::new("gap", "overflow", message).invalid()
}

pub(super) fn too_few(rule: &GapRule, decided: usize) -> Finding {
    let message =
        format!("a gap needs two slices with a value of {}, {} could be used", metric(rule), count(decided, "slice"));
    Finding::new("", "too-few-slices", message)
}
