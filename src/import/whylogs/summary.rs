//! Summaries of whylogs profiles: numbers by column.
//!
//! In: `{column: {"distribution/mean": …}}` as JSON, the same as CSV, or the data behind the visual
//! report (`featureStats`). Out: a result for each number, called as whylogs calls it, with the
//! column as slice and the file as dataset. What is no number (frequent items) goes to the raw view.

use super::TOOL;
use crate::diag::Code;
use crate::import::findings::Findings;
use crate::import::{Content, json};
use crate::model::{Datum, Document, Measured, MetricResult, Slice};

/// Reads a summary in JSON.
pub(super) fn read_json(value: &Datum, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    for (column, numbers) in value.entries().unwrap_or_default() {
        let mut at = String::new();
        json::push_token(&mut at, column);
        let n = numbers.get("counts/n").and_then(count);
        let result = base(content, column, n);
        walk(numbers, "", &at, &result, document, findings);
    }
}

/// Reads the data behind a visual report.
pub(super) fn read_visual(value: &Datum, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    for (column, stats) in value.get("columns").and_then(Datum::entries).unwrap_or_default() {
        let mut at = "/columns".to_owned();
        json::push_token(&mut at, column);
        at.push_str("/featureStats");
        let Some(numbers) = stats.get("featureStats") else { continue };
        let result = base(content, column, numbers.get("total_count").and_then(count));
        walk(numbers, "", &at, &result, document, findings);
    }
}

/// Reads a summary in CSV.
pub(super) fn read_table(content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    let Some(table) = content.table() else { return };
    let Some(name) = table.column(&["column"]) else { return };
    let size = table.column(&["counts/n"]);
    for (index, row) in table.rows.iter().enumerate() {
        let place = findings.place(format!("line {}", index + 2));
        let n = size.and_then(|at| table.number(index, at)).and_then(|n| count(&Datum::Number(n)));
        let result = base(content, row.get(name).map_or("", String::as_str), n);
        for (metric, cell) in table.columns.iter().zip(row) {
            // An empty cell: the profile has no such metric for this type of column.
            if !metric.contains('/') || cell.is_empty() || metric.starts_with("frequent_items/") {
                continue;
            }
            match Measured::parse(cell) {
                Some(value) => document.run.results.push(MetricResult {
                    metric: metric.clone(),
                    value,
                    source: place.clone(),
                    ..result.clone()
                }),
                None => findings.add(Code::FieldInvalid, format!("a number is due in '{metric}'"), &place.pointer),
            }
        }
    }
}

fn base(content: &Content<'_>, column: &str, n: Option<u64>) -> MetricResult {
    let stem = content.stem();
    let mut out = MetricResult::new("", Measured::new(0.0), crate::model::Pointer::default());
    out.dataset = Some(stem.strip_suffix(".summary").unwrap_or(stem).to_owned());
    out.slice = Slice(std::iter::once(("column".to_owned(), column.to_owned())).collect());
    out.n = n;
    out.harness = Some(TOOL.to_owned());
    out
}

fn count(value: &Datum) -> Option<u64> {
    let n = value.as_number()?.finite()?.get();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
    (n.fract() == 0.0 && (0.0..9e15).contains(&n)).then_some(n as u64)
}

/// Numbers at any depth that the format has (two at most): `quantile_statistics/median`.
fn walk(
    value: &Datum,
    prefix: &str,
    at: &str,
    result: &MetricResult,
    document: &mut Document,
    findings: &mut Findings<'_>,
) {
    for (key, item) in value.entries().unwrap_or_default() {
        let metric = if prefix.is_empty() { key.clone() } else { format!("{prefix}/{key}") };
        let mut pointer = at.to_owned();
        json::push_token(&mut pointer, key);
        match item {
            Datum::Map(_) if prefix.is_empty() && !metric.starts_with("frequent_items/") => {
                walk(item, &metric, &pointer, result, document, findings);
            }
            Datum::Int(_) | Datum::Number(_) => {
                let Some(value) = item.as_number() else { continue };
                let source = findings.place(pointer);
                document.run.results.push(MetricResult { metric, value, source, ..result.clone() });
            }
            Datum::Null => {}
            Datum::Text(_) if key == "type" => {}
            Datum::List(_) | Datum::Map(_) => {
                let column = result.slice.to_string();
                document.run.extra.push((format!("{column} {metric}"), item.clone()));
            }
            _ => findings.add(Code::FieldInvalid, format!("a number is due here, not {}", item.kind()), &pointer),
        }
    }
}
