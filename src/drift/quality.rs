//! What is wrong with the data itself, whether it drifts or not.
//!
//! In: both sides of a column. Out: sentences, and the categories that came and went.

use super::column::Finished;
use super::summary::{Categories, Sample};
use crate::model::Profile;

/// Categories that are named.
const NAMED: usize = 20;

/// A share of missing values that moved by less is not told.
const MISSING: f64 = 0.01;

/// A share of values beyond the reference's range that is told.
const BEYOND: f64 = 0.001;

/// Sentences on a column.
pub(super) fn findings(reference: &Finished, current: &Finished) -> Vec<String> {
    let mut out = Vec::new();
    let (ours, theirs) = (reference.profile(), current.profile());
    let share = |part: u64, of: &Profile| part as f64 / of.rows.max(1) as f64;
    let percent = |share: f64| {
        let percent = share * 100.0;
        if percent > 0.0 && percent < 0.1 { "less than 0.1 %".to_owned() } else { format!("{percent:.1} %") }
    };
    let (before, after) = (share(ours.missing, &ours), share(theirs.missing, &theirs));
    if (before - after).abs() >= MISSING {
        out.push(format!("missing values: {} in the reference, {} now", percent(before), percent(after)));
    }
    for (side, of) in [("reference", &ours), ("current data", &theirs)] {
        if of.not_finite > 0 {
            out.push(format!("the {side} has {} rows with NaN or an infinity, which count as no value", of.not_finite));
        }
    }
    match (reference, current) {
        (Finished::Numbers(a), Finished::Numbers(b)) => numbers(a, b, &percent, &mut out),
        (Finished::Categories(a), Finished::Categories(b)) if !a.too_many() && !b.too_many() => {
            constant(a.counts().len() == 1, b.counts().len() == 1, &mut out);
        }
        _ => {}
    }
    out
}

fn constant(before: bool, after: bool, out: &mut Vec<String>) {
    match (before, after) {
        (true, true) => out.push("the column holds one value on each side".to_owned()),
        (false, true) => out.push("the column has become constant".to_owned()),
        (true, false) => out.push("the column was constant and is no longer".to_owned()),
        (false, false) => {}
    }
}

fn numbers(reference: &Sample, current: &Sample, percent: &dyn Fn(f64) -> String, out: &mut Vec<String>) {
    let (Some((low, high)), Some((first, last))) = (reference.ends(), current.ends()) else { return };
    constant(low == high, first == last, out);
    if first >= low && last <= high {
        return;
    }
    let values = current.values();
    let below = current.rank(values.partition_point(|v| *v < low));
    let above = current.rows() - current.rank(values.partition_point(|v| *v <= high));
    let share = (below + above) as f64 / current.rows() as f64;
    // New samples always reach a little further; what is told is many values, or values far away.
    let width = high - low;
    if share < BEYOND && first >= low - width && last <= high + width {
        return;
    }
    out.push(format!(
        "{} of the values lie outside the reference's range [{}, {}]: now [{}, {}]",
        percent(share),
        short(low),
        short(high),
        short(first),
        short(last)
    ));
}

/// A number with four significant digits, where it is not a whole one.
fn short(value: f64) -> String {
    let rounded = format!("{value:.3e}").parse().unwrap_or(value);
    if value.fract() == 0.0 { value.to_string() } else { f64::to_string(&rounded) }
}

/// Categories that came, and those that went; the most frequent first.
pub(super) fn changes(reference: &Finished, current: &Finished) -> (Vec<String>, Vec<String>) {
    let (Finished::Categories(a), Finished::Categories(b)) = (reference, current) else { return Default::default() };
    if a.too_many() || b.too_many() {
        return Default::default();
    }
    let (new, gone) = Categories::changes(a, b);
    let ordered = |names: Vec<&str>, of: &Categories| {
        let mut names = names;
        names.sort_by_key(|n| (std::cmp::Reverse(of.counts().get(*n).copied()), *n));
        let left = names.len().saturating_sub(NAMED);
        let mut out: Vec<String> = names.into_iter().take(NAMED).map(str::to_owned).collect();
        if left > 0 {
            out.push(format!("({left} more)"));
        }
        out
    };
    (ordered(new, b), ordered(gone, a))
}
