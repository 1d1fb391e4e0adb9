//! Repeats: several runs or seeds of one version, and the one value that they become.
//!
//! In: `runs = { min, aggregate }`, and the values of the single runs. Out: the value that is judged. Which
//! runs belong together is known from `parent`: the children of the version's run. "The best of n" is no
//! aggregate: it would let a version pass by repetition.

use serde::Serialize;

use super::cfg::MetricRule;
use super::diags;
use super::values::{NoValue, Value, Values};
use crate::diag::Code;
use crate::gate::policy::reader::Table;
use crate::model::{Direction, Slice};

/// How several runs of one version become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// How many there must be.
    pub min: u64,
    /// What becomes of them.
    pub aggregate: Aggregate,
}

/// One value out of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// The middle one; the mean of the two middle ones of an even number.
    Median,
    /// The worst by the metric's direction.
    Worst,
    /// The arithmetic mean.
    Mean,
    /// That of the run that started last.
    Last,
}

impl Aggregate {
    const WORDS: &'static [(&'static str, Self)] =
        &[("median", Self::Median), ("worst", Self::Worst), ("mean", Self::Mean), ("last", Self::Last)];

    /// The word in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Worst => "worst",
            Self::Mean => "mean",
            Self::Last => "last",
        }
    }
}

/// Reads `runs`.
pub(super) fn read(table: &Table<'_, '_>, rule: Option<&MetricRule>) -> Option<Repeats> {
    let inner = table.table("runs")?;
    let min = inner.count("min").map_or(1, |(n, _)| n);
    let mut aggregate = Aggregate::Median;
    if let Some((text, at)) = inner.text("aggregate") {
        if text == "best" {
            inner.sink.refuse(
                Code::ConfigValue,
                &at,
                "lets chance decide",
                "the best of several runs proves nothing: a version would pass by repetition",
                "use median, worst, mean or last",
            );
        } else if let Some(found) =
            crate::gate::policy::reader::choose(inner.sink, "'aggregate'", (text, &at), Aggregate::WORDS)
        {
            aggregate = found;
        }
        let ordered = rule.is_none_or(|r| {
            matches!(r.direction, Some(Direction::Higher | Direction::Lower))
                || (r.direction == Some(Direction::Target) && r.target.is_some())
        });
        if aggregate == Aggregate::Worst && !ordered {
            inner.sink.refuse(
                Code::PolicyUnknownMetric,
                &at,
                "direction not known",
                "'worst' needs a metric whose direction is known",
                "add [metrics.NAME] with direction = \"higher\" or \"lower\"",
            );
        }
    }
    inner.finish(&[]);
    Some(Repeats { min, aggregate })
}

/// The value of a side: of its run, or of the runs below it.
pub(super) fn value<'a>(
    rule: &MetricRule,
    side: &'a [Values<'a>],
    slice: &Slice,
    pick: &dyn Fn(&Values<'a>) -> Result<Value<'a>, NoValue>,
) -> Result<Value<'a>, NoValue> {
    let (Some(repeats), [own, children @ ..]) = (rule.repeats, side) else {
        return match side.first() {
            Some(own) => pick(own),
            None => Err(NoValue::Missing("no run was read".to_owned())),
        };
    };
    let runs = if children.is_empty() { std::slice::from_ref(own) } else { children };
    let mut found: Vec<Value<'a>> = Vec::new();
    for values in runs {
        // Left out in silence, a run that went wrong would choose which of its siblings count.
        if let Some(why) = &values.index.unusable {
            return Err(diags::unusable_run(rule, slice, values.index.run, why));
        }
        match pick(values) {
            Ok(value) => found.push(value),
            // A run that did not measure it is one run fewer; one that measured nonsense is no evidence.
            Err(NoValue::Missing(_)) if runs.len() > 1 => {}
            Err(why) => return Err(why),
        }
    }
    if !u64::try_from(found.len()).is_ok_and(|n| n >= repeats.min) {
        return Err(diags::too_few_runs(rule, slice, found.len(), repeats.min));
    }
    let numbers: Vec<f64> = found.iter().map(|v| v.number).collect();
    let last = found.last().cloned().ok_or_else(|| diags::too_few_runs(rule, slice, 0, repeats.min))?;
    let number = match repeats.aggregate {
        Aggregate::Last => last.number,
        Aggregate::Mean => mean(&numbers),
        Aggregate::Median => median(&numbers),
        Aggregate::Worst => worst(rule, &numbers),
    };
    let n = if found.iter().all(|v| v.n.is_some()) { found.iter().filter_map(|v| v.n).min() } else { None };
    Ok(Value { number, n, repeats: numbers, ..last })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of runs are far below 2^53")]
fn mean(numbers: &[f64]) -> f64 {
    // Each share first: the sum of large numbers may overflow where their mean does not.
    let n = numbers.len() as f64;
    numbers.iter().map(|v| v / n).sum()
}

/// The middle value; NaN, which no comparison lets pass, of nothing.
pub(in crate::gate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match (sorted.get(half), sorted.len() % 2) {
        (Some(middle), 1) => *middle,
        (Some(upper), _) => sorted.get(half.wrapping_sub(1)).map_or(f64::NAN, |lower| lower / 2.0 + upper / 2.0),
        (None, _) => f64::NAN,
    }
}

fn worst(rule: &MetricRule, numbers: &[f64]) -> f64 {
    let badness = |v: &f64| match (rule.direction, rule.target) {
        (Some(Direction::Higher), _) => -*v,
        (Some(Direction::Target), Some(target)) => (v - target).abs(),
        _ => *v,
    };
    numbers.iter().copied().max_by(|a, b| badness(a).total_cmp(&badness(b))).unwrap_or(f64::NAN)
}
