//! `classification_report(output_dict=True)`, as JSON or as the CSV of its data frame.
//!
//! In: per class and per average precision, recall, F1 and support. Out: results; those of a class
//! carry it, those of an average its name (`macro avg` → `f1_macro`). Support is the number of
//! examples behind the row's values; where it is no whole number (sample weights) it stands as a
//! result of its own. `accuracy` is absent for multi-label data and may be repeated four times in a
//! data frame. Undefined values are `NaN` and stay so.

use super::curve::whole;
use super::frame::{Frame, Place};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Document, Measured, MetricResult, Pointer, Rejected};

const AVERAGES: &[(&str, &str)] =
    &[("micro avg", "micro"), ("macro avg", "macro"), ("weighted avg", "weighted"), ("samples avg", "samples")];
const COLUMNS: &[&str] = &["precision", "recall", "f1-score", "support"];

fn average(label: &str) -> Option<&'static str> {
    AVERAGES.iter().find(|(name, _)| *name == label).map(|(_, short)| *short)
}

/// Whether a JSON object is such a report: a row of averages, or nothing but complete rows.
pub(super) fn is_json(value: &Datum, _place: &Place) -> bool {
    let Some(entries) = value.entries() else { return false };
    let row = |v: &Datum, keys: &[&str]| v.entries().is_some() && keys.iter().all(|k| v.get(k).is_some());
    entries.iter().any(|(k, v)| average(k).is_some() && row(v, &["precision", "recall"]))
        || (entries.iter().any(|(_, v)| row(v, COLUMNS))
            && entries.iter().all(|(k, v)| row(v, COLUMNS) || k == "accuracy"))
}

/// Reads a report.
pub(super) fn read_json(value: &Datum, place: &Place) -> Document {
    let mut document = Document::default();
    let whole_set = value.get("weighted avg").and_then(|v| v.get("support")).and_then(Datum::as_number).and_then(whole);
    for (label, row) in value.entries().unwrap_or_default() {
        let at = place.below(label);
        match row {
            Datum::Map(cells) if label == "accuracy" => {
                // A data frame repeats the one number in every cell.
                let Some((key, value)) = cells.iter().find_map(|(k, v)| v.as_number().map(|n| (k, n))) else {
                    continue;
                };
                accuracy(value, whole_set, at.below(key).here(), &mut document);
            }
            Datum::Map(cells) => {
                let cells: Vec<(&str, Cell, Pointer)> =
                    cells.iter().map(|(key, value)| (key.as_str(), Cell::of(value), at.below(key).here())).collect();
                add_row(label, &cells, &mut document);
            }
            other => match other.as_number() {
                Some(value) if label == "accuracy" => accuracy(value, whole_set, at.here(), &mut document),
                Some(value) => document.run.results.push(MetricResult::new(label.clone(), value, at.here())),
                None => reject(label, None, &Cell::of(other), at.here(), &mut document),
            },
        }
    }
    document
}

/// A cell of a report.
enum Cell {
    Number(Measured),
    /// What stands there instead.
    Other(String),
}

impl Cell {
    fn of(value: &Datum) -> Self {
        match value.as_number() {
            Some(number) => Self::Number(number),
            None => Self::Other(match value {
                Datum::Text(text) => format!("text \"{}\"", visible(text, 40)),
                other => other.kind().to_owned(),
            }),
        }
    }
}

fn accuracy(value: Measured, n: Option<u64>, at: Pointer, document: &mut Document) {
    let mut result = MetricResult::new("accuracy", value, at);
    result.n = n;
    document.run.results.push(result);
}

fn add_row(label: &str, cells: &[(&str, Cell, Pointer)], document: &mut Document) {
    let average = average(label);
    let class = average.is_none().then(|| label.to_owned());
    let name = |key: &str| {
        let base = if key == "f1-score" { "f1" } else { key };
        average.map_or_else(|| base.to_owned(), |a| format!("{base}_{a}"))
    };
    let n = cells.iter().find(|(k, ..)| *k == "support").and_then(|(_, c, _)| match c {
        Cell::Number(value) => whole(*value),
        Cell::Other(_) => None,
    });
    for (key, cell, at) in cells {
        match cell {
            Cell::Number(_) if *key == "support" && n.is_some() => {}
            Cell::Number(value) => {
                let mut result = MetricResult::new(name(key), *value, at.clone());
                result.class.clone_from(&class);
                result.n = n;
                document.run.results.push(result);
            }
            other => reject(&name(key), class.as_deref(), other, at.clone(), document),
        }
    }
}

fn reject(metric: &str, class: Option<&str>, cell: &Cell, at: Pointer, document: &mut Document) {
    let Cell::Other(found) = cell else { return };
    document.problems.push(
        Diagnostic::new(Code::MetricInvalid, format!("metric '{}' is {found}, not a number", visible(metric, 80)))
            .at(at.path.clone())
            .pointer(at.pointer.clone())
            .help("write the report with output_dict=True and no rounding to text"),
    );
    document.run.rejected.push(Rejected {
        metric: metric.to_owned(),
        dataset: None,
        slice: crate::model::Slice::default(),
        class: class.map(str::to_owned),
        found: found.clone(),
        source: at,
    });
}

/// Whether a table is a report with one row for each class.
pub(super) fn is_frame(frame: &Frame<'_>) -> bool {
    frame.names.len() == 5
        && frame.column(COLUMNS_NORMAL[0]).is_some_and(|c| c == 1)
        && COLUMNS_NORMAL.iter().all(|c| frame.column(c).is_some())
}

const COLUMNS_NORMAL: &[&[&str]] = &[&["precision"], &["recall"], &["f1_score"], &["support"]];

/// Reads a report's data frame.
pub(super) fn read_frame(frame: &Frame<'_>) -> Document {
    let mut document = Document::default();
    let support = frame.column(&["support"]);
    let row_of = |label: &str| (0..frame.len()).find(|r| frame.label(*r, 0).as_deref() == Some(label));
    let whole_set = row_of("weighted avg").and_then(|r| frame.number(r, support?)).and_then(whole);
    for row in 0..frame.len() {
        let Some(label) = frame.label(row, 0) else { continue };
        if label == "accuracy" {
            if let Some(value) = frame.number(row, 1) {
                accuracy(value, whole_set, frame.pointer(row, 1), &mut document);
            }
            continue;
        }
        let cells: Vec<(&str, Cell, Pointer)> = (1..frame.names.len())
            .map(|column| {
                let cell = match frame.number(row, column) {
                    Some(number) => Cell::Number(number),
                    // pandas writes NaN as an empty cell.
                    None if frame.is_empty_cell(row, column) => Cell::Number(Measured::new(f64::NAN)),
                    None => {
                        Cell::Other(format!("text \"{}\"", visible(&frame.label(row, column).unwrap_or_default(), 40)))
                    }
                };
                (frame.names[column].as_str(), cell, frame.pointer(row, column))
            })
            .collect();
        add_row(&label, &cells, &mut document);
    }
    document
}
