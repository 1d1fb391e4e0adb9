//! The rules of a version's verdicts as one table: a row per rule, a state per stage.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diag::visible;
use crate::gate::verdict::{RuleRecord, Verdict};
use crate::site::parts::{Badge, status};
use crate::site::show::{self, Digits, Num};

/// A rule over all stages.
#[derive(Debug, Serialize)]
pub(crate) struct RuleRow {
    pub id: String,
    pub target: String,
    pub kind: &'static str,
    pub metric: String,
    pub dataset: String,
    pub states: Vec<Option<Badge>>,
    /// The state in words when it is the same, and a pass, at all stages.
    pub same_state: &'static str,
    pub value: Num,
    pub op: &'static str,
    pub bound: String,
    pub margin: Num,
    pub margin_class: &'static str,
    pub interval: String,
    pub n: String,
    pub baseline: String,
    pub baseline_value: String,
    pub message: String,
    pub why: String,
    pub source: String,
    pub place: String,
    /// `0` blocks, `1` warns, `2` neither, for the order and the row's mark.
    pub level: u8,
}

/// Stage names and rows, what blocks first.
pub(crate) fn table(verdicts: &[Verdict]) -> (Vec<String>, Vec<RuleRow>) {
    let stages: Vec<String> = verdicts.iter().map(|v| visible(&v.stage, 60)).collect();
    let mut rows: Vec<RuleRow> = Vec::new();
    let mut index: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (s, verdict) in verdicts.iter().enumerate() {
        for record in &verdict.rules {
            let at = *index.entry((&record.id, &record.target)).or_insert_with(|| {
                rows.push(row(record, stages.len()));
                rows.len() - 1
            });
            rows[at].states[s] = Some(status(record.status, record.severity));
            rows[at].level = rows[at].level.min(level(record));
        }
    }
    for row in &mut rows {
        row.same_state = if row.states.iter().all(|s| s.is_some_and(|b| b.text == "pass")) { "✓ pass" } else { "" };
    }
    rows.sort_by_key(|r| r.level);
    (stages, rows)
}

fn level(record: &RuleRecord) -> u8 {
    if record.blocks() {
        0
    } else if record.warns() {
        1
    } else {
        2
    }
}

pub(crate) fn row(record: &RuleRecord, stages: usize) -> RuleRow {
    let pair = record.value.zip(record.bound).map(|(v, b)| (v.as_f64(), b.as_f64()));
    let numbers: Vec<(f64, f64)> = pair.into_iter().collect();
    let digits = if numbers.is_empty() {
        Digits::of(record.value.iter().chain(&record.bound).map(|v| v.as_f64()))
    } else {
        Digits::telling_apart(&numbers)
    };
    let source = record.source.as_deref().map(|s| visible(s, 300)).unwrap_or_default();
    let mut value = record.value.map_or_else(|| Num::none("no value"), |v| digits.measured(v));
    if !source.is_empty() && record.value.is_some() {
        value.title = format!("{} — {source}", value.title);
    }
    let margin = record.margin.map_or_else(
        || Num::none("no margin"),
        |m| {
            let mut num = digits.measured(m);
            if let Some(finite) = m.finite() {
                num.text = digits.delta(finite.get());
            }
            num
        },
    );
    RuleRow {
        id: visible(&record.id, 120),
        target: visible(&record.target, 160),
        kind: record.check.as_str(),
        metric: record.metric.as_deref().map(|m| visible(m, 120)).unwrap_or_default(),
        dataset: record.dataset.as_deref().map(|d| visible(d, 120)).unwrap_or_default(),
        states: vec![None; stages],
        same_state: "",
        value,
        op: record.op.as_deref().map(op).unwrap_or_default(),
        bound: record.bound.map(|b| digits.measured(b).text).unwrap_or_default(),
        margin_class: match record.margin.and_then(|m| m.finite()) {
            Some(m) if m.get() < 0.0 => "down",
            _ => "",
        },
        margin,
        interval: record.interval.as_ref().map(|i| interval(i, digits)).unwrap_or_default(),
        n: record.n.map(show::count).unwrap_or_default(),
        baseline: record
            .baseline
            .as_ref()
            .map(|b| visible(&format!("{} {}", b.id, b.version), 120))
            .unwrap_or_default(),
        baseline_value: record
            .baseline
            .as_ref()
            .and_then(|b| b.value)
            .map(|v| digits.measured(v).text)
            .unwrap_or_default(),
        message: visible(&record.message, 600),
        why: record.why.as_deref().map(|w| visible(w, 600)).unwrap_or_default(),
        source,
        place: format!("{}:{}", visible(&record.span.file, 200), record.span.line),
        level: level(record),
    }
}

/// A comparison as a sign.
fn op(op: &str) -> &'static str {
    match op {
        ">=" => "≥",
        "<=" => "≤",
        ">" => ">",
        "<" => "<",
        "==" => "=",
        _ => "within",
    }
}

/// The two ends, and what they are ends of where that is not the value.
fn interval(found: &crate::gate::verdict::IntervalRecord, digits: crate::site::show::Digits) -> String {
    let ends = digits.span(found.lower.get(), found.upper.get());
    if found.of == "difference" { format!("Δ {ends}") } else { ends }
}
