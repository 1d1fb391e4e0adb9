//! The gap rule's part of the policy.
//!
//! In: a rule's table and the catalogue. Out: [`GapRule`], which always has slices and a bound.

use serde::Serialize;

use crate::diag::Code;
use crate::gate::policy::reader::Table;
use crate::gate::policy::{Context, MetricRule};
use crate::gate::rules::metric::cfg::read_measured;

/// A rule of kind `gap`: how far the slices of one metric may lie apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GapRule {
    /// Which metric and which slices; without bounds of its own.
    pub of: MetricRule,
    /// The largest allowed difference between the best and the worst slice, in the metric's unit.
    pub max_gap: Option<f64>,
    /// The smallest allowed ratio of the smallest to the largest value, in [0, 1].
    pub min_ratio: Option<f64>,
}

/// Reads the keys of a gap rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>, context: &Context<'_>) -> Option<GapRule> {
    let (of, _, definition) = read_measured(table, context, "gap", false);
    let max_gap = table.amount("max_gap");
    let min_ratio = table.share("min_ratio");
    if table.key_at("slices").is_none() && table.key_at("require").is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'slices'",
            "a gap rule needs 'slices'",
            "add slices = [\"feature=*\"]",
        );
    }
    if table.key_at("max_gap").is_none() && table.key_at("min_ratio").is_none() {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no bound",
            "the rule demands nothing of its slices",
            "add max_gap, min_ratio or both",
        );
    }
    if let Some((ratio, at)) = &min_ratio
        && *ratio == 0.0
    {
        table.sink.refuse(Code::ConfigValue, at, "allows everything", "every ratio is at least 0", "");
    }
    if let (Some((gap, at)), Some((low, high))) = (&max_gap, definition.and_then(|d| d.range))
        && *gap >= high - low
    {
        table.sink.refuse(
            Code::ConfigValue,
            at,
            "allows everything",
            format!("the metric's range is {low} to {high}: no gap is larger"),
            "a percentage where a fraction is meant?",
        );
    }
    Some(GapRule { of: of?, max_gap: max_gap.map(|(v, _)| v), min_ratio: min_ratio.map(|(v, _)| v) })
}
