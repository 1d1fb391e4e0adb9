//! The ratchet rule's part of the policy.
//!
//! In: a rule's table and the catalogue. Out: [`RatchetRule`], for a metric whose direction is known.

use serde::Serialize;

use crate::diag::{Code, visible};
use crate::gate::policy::reader::Table;
use crate::gate::policy::{Allowance, Context, MetricRule};
use crate::gate::rules::metric::cfg::{read_allowance, read_measured};
use crate::model::Direction;

/// How many versions sustain a level when the policy does not say.
const WINDOW: u64 = 5;

/// A rule of kind `ratchet`: not worse than what was sustained before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatchetRule {
    /// Which metric; without bounds or slices of its own.
    pub of: MetricRule,
    /// How many consecutive passing versions make a level.
    pub window: u64,
    /// How much worse than the level a version may be.
    pub slack: Option<Allowance>,
}

/// Reads the keys of a ratchet rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>, context: &Context<'_>) -> Option<RatchetRule> {
    let (of, metric, definition) = read_measured(table, context, "ratchet", false);
    let window = table.count("window");
    let slack = read_allowance(table, "slack");
    for key in ["slices", "require", "exclude", "expect_at_least", "vanished"] {
        if let Some(at) = table.key_at(key) {
            table.sink.refuse(
                Code::PolicyRuleIncomplete,
                &at,
                "not for a ratchet",
                format!("'{key}' is not for ratchet rules: a level is that of the whole data"),
                "write a metric rule with slices and a baseline",
            );
        }
    }
    if let Some((window, at)) = &window
        && *window > 1_000
    {
        table.sink.refuse(Code::ConfigValue, at, "too many", "'window' is at most 1000 versions", "");
    }
    let ordered = definition.is_some_and(|d| match d.direction {
        Some(Direction::Higher | Direction::Lower) => true,
        Some(Direction::Target) => d.target.is_some(),
        Some(Direction::None) | None => false,
    });
    if let (Some((name, at)), false) = (&metric, ordered) {
        table.sink.refuse(
            Code::PolicyUnknownMetric,
            at,
            "direction not known",
            format!("a ratchet needs to know which way '{}' is better", visible(name, 80)),
            &format!("add [metrics.{}] with direction = \"higher\" or \"lower\"", visible(name, 60)),
        );
    }
    Some(RatchetRule { of: of?, window: window.map_or(WINDOW, |(n, _)| n), slack })
}
