//! The ratchet rule: a version must not fall below what its model has sustained.
//!
//! In: a [`RatchetRule`], the levels and the subject. Out: one finding. [`sustained`] makes levels: the best
//! median of so many consecutive passing versions. Never a single best run, which chance may have made; never
//! the median of the last ones, which would let a model decay step by step.

pub(crate) mod cfg;
mod diags;

use cfg::RatchetRule;

use super::metric::repeats::median;
use super::metric::values::Values;
use super::metric::{small_n, with_value, without_value};
use super::{Finding, Subject};
use crate::gate::baseline::data_of;
use crate::gate::levels::Levels;
use crate::model::{Direction, Measured, Slice};

/// Judges a ratchet rule.
pub(in crate::gate) fn judge(id: &str, rule: &RatchetRule, levels: &Levels, subject: &Subject<'_>) -> Finding {
    let mut finding = judge_value(id, rule, levels, subject);
    finding.metric = Some(rule.of.metric.clone());
    finding.dataset = finding.dataset.or_else(|| rule.of.dataset.clone());
    finding
}

fn judge_value(id: &str, rule: &RatchetRule, levels: &Levels, subject: &Subject<'_>) -> Finding {
    let overall = Slice::default();
    let indices = subject.ours();
    let Some(index) = indices.first() else { return Finding::new("", "missing", "no run was read") };
    let values = Values::new(&rule.of, index);
    let value = match values.value(&overall) {
        Ok(value) => value,
        Err(why) => return without_value(&rule.of, why, true),
    };
    if let Some(small) = small_n(&rule.of, &overall, &value, false) {
        return with_value(&value, small);
    }
    let Some(level) = levels.get(id, &subject.version.model) else {
        return with_value(&value, diags::no_level(rule));
    };
    if !level.data.is_empty() {
        let why = match data_of(subject.run, rule.of.dataset.as_deref()) {
            Ok(ours) if ours.iter().copied().eq(level.data.iter().map(String::as_str)) => None,
            Ok(_) => {
                Some("the evaluation data differs: start again with `presscheck ratchet update --reset`".to_owned())
            }
            Err(why) => Some(format!("this version {why}")),
        };
        if let Some(why) = why {
            return with_value(&value, diags::not_comparable(rule, &why));
        }
    }
    let (ours, theirs, higher, off_target) = oriented(rule, value.number, level.value);
    let slack = rule.slack.map_or(0.0, |s| s.of(theirs));
    let bound = if higher { theirs - slack } else { theirs + slack };
    if !(bound.is_finite() && ours.is_finite()) {
        return with_value(&value, diags::overflow(rule));
    }
    let holds = if higher { ours >= bound } else { ours <= bound };
    let message = diags::compared(rule, level, (ours, bound), higher, off_target, holds);
    let mut finding = Finding::new("", "below-level", message).holds(holds);
    let op = match (higher, off_target) {
        (true, _) => ">=",
        (false, false) => "<=",
        (false, true) => "deviation <=",
    };
    finding.op = Some(op.to_owned());
    finding.bound = Some(Measured::new(bound));
    finding.margin = Some(Measured::new(if higher { ours - bound } else { bound - ours }));
    with_value(&value, finding)
}

/// Both numbers as they are compared, whether more is better, and whether they are distances to a target.
fn oriented(rule: &RatchetRule, ours: f64, level: f64) -> (f64, f64, bool, bool) {
    match (rule.of.direction, rule.of.target) {
        (Some(Direction::Higher), _) => (ours, level, true, false),
        (Some(Direction::Target), Some(target)) => ((ours - target).abs(), (level - target).abs(), false, true),
        _ => (ours, level, false, false),
    }
}

/// Whether a level is better than another.
pub(in crate::gate) fn better(rule: &RatchetRule, new: f64, old: f64) -> bool {
    let (ours, theirs, higher, _) = oriented(rule, new, old);
    if higher { ours > theirs } else { ours < theirs }
}

/// The best median of any `window` consecutive of the passing versions, oldest first; nothing when there are
/// fewer. `passing` holds names and values.
pub(in crate::gate) fn sustained(rule: &RatchetRule, passing: &[(String, f64)]) -> Option<(f64, Vec<String>)> {
    let window = usize::try_from(rule.window).ok().filter(|w| *w > 0)?;
    let badness = |v: f64| match (rule.of.direction, rule.of.target) {
        (Some(Direction::Higher), _) => -v,
        (Some(Direction::Target), Some(target)) => (v - target).abs(),
        _ => v,
    };
    passing
        .windows(window)
        .map(|part| {
            let numbers: Vec<f64> = part.iter().map(|(_, v)| *v).collect();
            (median(&numbers), part)
        })
        .min_by(|a, b| badness(a.0).total_cmp(&badness(b.0)))
        .map(|(level, part)| (level, part.iter().map(|(name, _)| name.clone()).collect()))
}
