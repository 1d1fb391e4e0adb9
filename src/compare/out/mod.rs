//! A comparison as text: for a terminal, as Markdown, as JSON.
//!
//! In: a [`Comparison`]. Out: text. Every user text is made safe for its place; numbers have as many digits as it
//! takes to tell the two sides apart.

mod json;
mod markdown;
mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use super::{Comparison, Confusion, Move, ResultChange};
use crate::diag::{count, visible};
use crate::gate::number::{digits_for, rounded, with_unit};
use crate::model::{Direction, MetricResult};

/// What is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Results that are the same too, and every slice and class.
    pub all: bool,
    /// Whether a terminal shows colours.
    pub colour: bool,
}

/// Results of slices and classes, changes and pieces that are shown unless all are wanted.
const SHOWN: usize = 40;

/// The two values and their difference.
struct Numbers {
    before: String,
    after: String,
    difference: String,
}

fn numbers(change: &ResultChange<'_>) -> Numbers {
    let value = |r: Option<&MetricResult>| r.map(|r| r.value.as_f64());
    let (a, b) = (value(change.before), value(change.after));
    let finite: Vec<f64> = [a, b].into_iter().flatten().filter(|v| v.is_finite()).collect();
    let digits = digits_for(&finite);
    let show = |v: Option<f64>| match v {
        None => "–".to_owned(),
        Some(v) if v.is_finite() => with_unit(&rounded(v, digits), Some(change.unit)),
        Some(v) if v.is_nan() => "NaN".to_owned(),
        Some(v) => if v > 0.0 { "∞" } else { "−∞" }.to_owned(),
    };
    let difference = change.difference.map(|d| match d {
        0.0 => "±0".to_owned(),
        d if d > 0.0 => format!("+{}", rounded(d, 3)),
        d => format!("−{}", rounded(-d, 3)),
    });
    Numbers { before: show(a), after: show(b), difference: difference.unwrap_or_default() }
}

/// The name of a result with everything that it speaks of.
fn name(change: &ResultChange<'_>) -> String {
    let arrow = match change.direction {
        Some(Direction::Higher) => " ↑",
        Some(Direction::Lower) => " ↓",
        Some(Direction::Target) => " →",
        Some(Direction::None) | None => "",
    };
    let mut out = format!("{}{arrow}", visible(change.metric, 120));
    let Some(r) = change.subject() else { return out };
    let place: Vec<String> =
        [r.dataset.as_deref(), r.split.as_deref()].into_iter().flatten().map(|p| visible(p, 80)).collect();
    if !place.is_empty() {
        out.push_str(&format!(" on {}", place.join("/")));
    }
    if !r.slice.is_overall() {
        out.push_str(&format!(" [{}]", visible(&r.slice.to_string(), 160)));
    }
    if let Some(class) = &r.class {
        out.push_str(&format!(" class {}", visible(class, 80)));
    }
    out
}

/// What stands behind a difference, or why there is none.
fn evidence(change: &ResultChange<'_>) -> String {
    if !change.why.is_empty() {
        return change.why.clone();
    }
    let Some(test) = change.test.filter(|_| change.moved != Move::Same) else {
        return if change.difference.is_some_and(|d| d != 0.0) { "not tested".to_owned() } else { String::new() };
    };
    let bounds = test.interval.map(|(low, high)| format!("95 % of the difference {} to {}", signed(low), signed(high)));
    let p = if test.p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {}", rounded(test.p, 2)) };
    [bounds, Some(p)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn signed(value: f64) -> String {
    if value < 0.0 { format!("−{}", rounded(-value, 3)) } else { format!("+{}", rounded(value, 3)) }
}

/// What is said first.
fn headline(comparison: &Comparison<'_>) -> String {
    if comparison.is_empty() {
        return "Nothing differs.".to_owned();
    }
    let of = |moved: Move| {
        let n = comparison.count(moved);
        (n > 0).then(|| format!("{n} {}", moved.as_str()))
    };
    let moves = [Move::Worse, Move::Better, Move::Unclear, Move::Moved, Move::Apart, Move::Gone, Move::New, Move::Same];
    let results: Vec<String> = moves.into_iter().filter_map(of).collect();
    let results = if results.is_empty() { "none".to_owned() } else { results.join(", ") };
    let others = [
        (comparison.params.len(), "param"),
        (comparison.datasets.len(), "dataset"),
        (comparison.setup.len(), "detail of the set-up"),
        (comparison.card.len(), "section of the card"),
        (comparison.drift.len(), "drift verdict"),
    ];
    let others: Vec<String> = others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| plural(*n, what)).collect();
    let others = if others.is_empty() { "nothing else".to_owned() } else { others.join(", ") };
    format!("Results: {results}. Differing: {others}.")
}

fn plural(n: usize, what: &str) -> String {
    match (n, what.split_once(' ')) {
        (2.., Some((first, rest))) if rest.starts_with("of ") => format!("{n} {first}s {rest}"),
        _ => count(n, what),
    }
}

/// How the tests were made; nothing where there are none.
fn tests(comparison: &Comparison<'_>) -> Option<String> {
    let mut methods: Vec<&str> = comparison.results.iter().filter_map(|r| Some(r.test?.method)).collect();
    methods.sort_unstable();
    methods.dedup();
    (!methods.is_empty()).then(|| {
        format!(
            "{} tested ({}); p-values adjusted by Holm's method; \"unclear\" is p ≥ 0.05. \"Not tested\": a side does \
             not say how sure it is.",
            count(comparison.tested, "result"),
            methods.join("; ")
        )
    })
}

/// The results to show, and how many are left out.
fn shown<'c, 'a>(comparison: &'c Comparison<'a>, options: Options) -> (Vec<&'c ResultChange<'a>>, usize) {
    if options.all {
        return (comparison.results.iter().collect(), 0);
    }
    let overall = |r: &ResultChange<'_>| r.subject().is_some_and(MetricResult::is_overall);
    let wanted: Vec<_> = comparison.results.iter().filter(|r| r.moved != Move::Same).collect();
    let (mut out, mut rest): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|r| overall(r));
    // Of slices and classes what got worse comes first.
    rest.sort_by_key(|r| r.moved);
    let left = rest.len().saturating_sub(SHOWN);
    out.extend(rest.into_iter().take(SHOWN));
    (out, left)
}

/// Cells of confusion matrices that are shown unless all are wanted.
const CONFUSIONS: usize = 12;

/// A cell of a confusion matrix.
fn confusion(c: &Confusion<'_>) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (truth, predicted) = (visible(c.truth, 80), visible(c.predicted, 80));
    format!("{truth} taken for {predicted}: {} → {}", percent(c.before), percent(c.after))
}

/// What a drift verdict is called.
fn drifted(verdict: Option<bool>) -> &'static str {
    match verdict {
        Some(true) => "drifted",
        Some(false) => "stable",
        None => "not judged",
    }
}
