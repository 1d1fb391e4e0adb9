//! Numbers that a card quotes: they must be those of the run that it speaks of.
//!
//! In: the card's results (model-index) and its text, and the run. Out: one finding per number that the card gives
//! for a metric of the run. In text a number counts as quoted when it follows a metric's name with nothing but
//! punctuation or "is", "of", "=" between them, also in the next cell of a table; a value that was rounded is the
//! run's when it rounds to it. What a card says of metrics that the run does not know cannot be compared.

use std::collections::BTreeSet;

use super::cfg::Numbers;
use super::diags;
use crate::gate::rules::Finding;
use crate::model::{Card, CardResult, Datum, MetricResult, Run};

/// Findings of one card are bounded: a card is no table of results.
const MOST: usize = 500;

/// Judges the numbers of a card.
pub(super) fn judge(rule: &Numbers, card: &Card, run: &Run) -> Vec<Finding> {
    let mut out: Vec<Finding> = card.results.iter().filter_map(|result| judge_result(rule, result, run)).collect();
    for section in &card.sections {
        for (metric, number, decimals, percent) in quoted(rule, &section.markdown, run) {
            let values = values(rule, run, &metric, |_| true);
            let holds = values.iter().any(|v| fits(rule, number, decimals, percent, *v));
            out.push(diags::quoted(&metric, &section.title, number, &values, holds));
        }
    }
    out.truncate(MOST);
    if out.is_empty() {
        out.push(diags::no_numbers());
    }
    out
}

/// A result of the front matter.
fn judge_result(rule: &Numbers, result: &CardResult, run: &Run) -> Option<Finding> {
    let metric = canonical(rule, &result.metric);
    let names: Vec<&str> = [&result.dataset, &result.dataset_name].into_iter().flatten().map(String::as_str).collect();
    let place = names.first().copied().unwrap_or("model-index");
    let number = match &result.value {
        Datum::Number(value) => value.finite().map(crate::model::Finite::get),
        #[expect(clippy::cast_precision_loss, reason = "a quoted count this large is shown rounded anyway")]
        Datum::Int(value) => Some(*value as f64),
        _ => None,
    };
    let Some(number) = number else {
        return Some(diags::no_number(&metric, place, &result.value.display()));
    };
    let on_it = |r: &MetricResult| {
        let dataset = names.is_empty() || r.dataset.as_deref().is_none_or(|d| names.contains(&d));
        let split = result.split.is_none() || r.split.is_none() || result.split == r.split;
        dataset && split && (result.slice.is_some() || r.slice.is_overall())
    };
    let values = values(rule, run, &metric, on_it);
    if values.is_empty() {
        return Some(diags::not_measured(&metric, place));
    }
    let holds = values.iter().any(|v| fits(rule, number, decimals_of(number), false, *v));
    Some(diags::quoted(&metric, place, number, &values, holds))
}

fn canonical(rule: &Numbers, name: &str) -> String {
    let known = rule.names.iter().find(|(_, names)| names.contains(name)).map(|(canonical, _)| canonical.clone());
    known.unwrap_or_else(|| name.to_owned())
}

/// The finite values of a metric in the places that count, each once.
fn values(rule: &Numbers, run: &Run, metric: &str, counts: impl Fn(&MetricResult) -> bool) -> Vec<f64> {
    let same = |name: &str| name == metric || rule.names.get(metric).is_some_and(|names| names.contains(name));
    let found: BTreeSet<_> =
        run.results.iter().filter(|r| same(&r.metric) && counts(r)).filter_map(|r| r.value.finite()).collect();
    found.into_iter().map(crate::model::Finite::get).collect()
}

/// Decimals of a number as it is written shortest.
fn decimals_of(number: f64) -> usize {
    format!("{number}").split_once('.').map_or(0, |(_, d)| d.len())
}

/// Whether a quoted number is a value: within the tolerance, or the value rounded to its decimals.
fn fits(rule: &Numbers, quoted: f64, decimals: usize, percent: bool, value: f64) -> bool {
    let value = if percent { value * 100.0 } else { value };
    let half = 0.5 * 10_f64.powi(-i32::try_from(decimals.min(15)).unwrap_or(15));
    // Whole numbers are no rounded shares: 1 is not 0.6.
    let rounding = if decimals == 0 && !percent { 0.0 } else { half };
    let tolerance = if percent { rule.tolerance * 100.0 } else { rule.tolerance };
    (quoted - value).abs() <= tolerance.max(rounding) + 1e-12 * value.abs().max(1.0)
}

/// Numbers that follow the name of one of the run's metrics: metric, number, its decimals, whether per cent.
fn quoted(rule: &Numbers, text: &str, run: &Run) -> Vec<(String, f64, usize, bool)> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    let metrics: BTreeSet<&str> = run.results.iter().map(|r| r.metric.as_str()).collect();
    for metric in metrics {
        let canonical = canonical(rule, metric);
        let names = rule.names.get(&canonical).into_iter().flatten().cloned().chain([metric.to_owned()]);
        for name in names {
            let written = [name.to_lowercase(), name.to_lowercase().replace('_', " ")];
            wanted.extend(written.into_iter().map(|w| (w, canonical.clone())));
        }
    }
    wanted.sort();
    wanted.dedup();
    // The longest name that fits: "balanced accuracy" is not "accuracy".
    wanted.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut out = Vec::new();
    for line in text.lines().take(20_000) {
        let lower = line.to_lowercase();
        let mut from = 0;
        while let Some((at, name, canonical)) = first_name(&lower, from, &wanted) {
            let rest = lower.get(at + name.len()..).unwrap_or_default();
            if let Some((number, decimals, percent)) = number_after(rest) {
                out.push((canonical.to_owned(), number, decimals, percent));
            }
            from = at + name.len();
            if out.len() >= MOST {
                return out;
            }
        }
    }
    out
}

/// The next whole name in a line.
fn first_name<'w>(line: &str, from: usize, wanted: &'w [(String, String)]) -> Option<(usize, &'w str, &'w str)> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut best: Option<(usize, &str, &str)> = None;
    for (name, canonical) in wanted {
        let mut start = from;
        while let Some(found) = line.get(start..).and_then(|rest| rest.find(name.as_str())) {
            let at = start + found;
            let before = line.get(..at).and_then(|t| t.chars().next_back());
            let after = line.get(at + name.len()..).and_then(|t| t.chars().next());
            if !is_part(before) && !is_part(after) {
                if best.is_none_or(|(known, _, _)| at < known) {
                    best = Some((at, name, canonical));
                }
                break;
            }
            start = at + name.len().max(1);
        }
    }
    best
}

/// A decimal number that stands next, with nothing but punctuation and a few words before it.
fn number_after(text: &str) -> Option<(f64, usize, bool)> {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', ':', '=', '|', '*', '`', '~', '(', '≈', '"']);
        let word = ["is ", "of ", "was ", "score "].iter().find_map(|w| trimmed.strip_prefix(w));
        match word {
            Some(after) => rest = after,
            None => {
                rest = trimmed;
                break;
            }
        }
    }
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(rest.len());
    let digits = rest.get(..end)?.trim_end_matches('.');
    let number: f64 = digits.parse().ok()?;
    let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
    let percent = rest.get(digits.len()..).is_some_and(|t| t.trim_start().starts_with('%'));
    // A whole number behind a name is a count, a version or a class as often as a value.
    (decimals > 0 || percent).then_some((number, decimals, percent))
}
