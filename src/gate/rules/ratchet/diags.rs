//! What ratchet rules say.
//!
//! In: a value and the level it is compared with. Out: findings and sentences.

use super::super::{Cause, Finding};
use super::cfg::RatchetRule;
use crate::diag::{count, visible};
use crate::gate::levels::Level;
use crate::gate::number::{digits_for, plain, rounded, with_unit};

fn metric(rule: &RatchetRule) -> String {
    visible(&rule.of.metric, 80)
}

pub(super) fn no_level(rule: &RatchetRule) -> Finding {
    let message = format!(
        "{} has no sustained level yet: it takes {}, and `presscheck ratchet update` writes it",
        metric(rule),
        count(usize::try_from(rule.window).unwrap_or(usize::MAX), "consecutive passing version")
    );
    Finding::new("", "no-level", message).cause(Cause::NoBaseline)
}

pub(super) fn not_comparable(rule: &RatchetRule, why: &str) -> Finding {
    Finding::new("", "not-comparable", format!("{} cannot be compared with its level: {why}", metric(rule)))
}

pub(super) fn overflow(rule: &RatchetRule) -> Finding {
    Finding::new("", "overflow", format!("{} is too large to compare", metric(rule))).invalid()
}

pub(super) fn compared(
    rule: &RatchetRule,
    level: &Level,
    (ours, bound): (f64, f64),
    higher: bool,
    off_target: bool,
    holds: bool,
) -> String {
    let unit = rule.of.unit.as_deref();
    let digits = digits_for(&[ours, bound]);
    let show = |v: f64| with_unit(&rounded(v, digits), unit);
    let relation = match (higher, holds) {
        (true, true) => ">=",
        (true, false) => "<",
        (false, true) => "<=",
        (false, false) => ">",
    };
    let subject = if off_target { format!("{} deviation from target", metric(rule)) } else { metric(rule) };
    let last = level.versions.last().map_or_else(String::new, |v| format!(" up to {}", visible(v, 60)));
    format!(
        "{subject} {} {relation} {} (sustained level {} over {}{last})",
        show(ours),
        show(bound),
        with_unit(&plain(level.value), unit),
        count(level.versions.len(), "version")
    )
}
