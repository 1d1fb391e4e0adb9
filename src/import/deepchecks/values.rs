//! Scores of a model, as results.
//!
//! In: the value of a check. Out: results, matrices and rejected values. Frames of pandas stand in
//! the file as text that is JSON itself (a list of rows); a row with `Metric` and `Value` is a
//! result. `null` in such a row is a score that the tool could not compute.

use super::super::evidently::reader::{Reader, below, shown};
use super::super::json;
use super::{Subject, TOOL, number};
use crate::model::{Datum, Matrix, Measured, MetricResult, Rejected, Run, Slice};
use crate::source::FileData;

/// Reads a value; whether it was understood.
pub(super) fn read(value: &Datum, subject: &Subject<'_>, at: &str, run: &mut Run, reader: &mut Reader<'_>) -> bool {
    if let Some(rows) = frame(value) {
        return match subject.name {
            "Confusion Matrix Report" => matrix(&rows, subject, at, run, reader),
            _ => scores(&rows, subject, at, run, reader),
        };
    }
    match subject.name {
        "Roc Report" => by_class(value, "AUC", subject, at, run, reader),
        "Calibration Score" => by_class(value, "Calibration Score", subject, at, run, reader),
        "Simple Model Comparison" => comparison(value, subject, at, run, reader),
        name => match number(value) {
            Some(number) => {
                push(name, number, subject, None, at, run, reader);
                true
            }
            None => false,
        },
    }
}

/// The rows of a frame: a list of objects, or text that holds one.
fn frame(value: &Datum) -> Option<Vec<Datum>> {
    let rows = match value {
        Datum::Text(text) if text.starts_with('[') => {
            let Datum::List(rows) = json::parse(&FileData::from_bytes("value", text.as_bytes())).ok()?.value else {
                return None;
            };
            rows
        }
        Datum::List(rows) => rows.clone(),
        _ => return None,
    };
    (!rows.is_empty() && rows.iter().all(|r| r.entries().is_some())).then_some(rows)
}

/// A row for each metric, dataset and class.
fn scores(rows: &[Datum], subject: &Subject<'_>, at: &str, run: &mut Run, reader: &mut Reader<'_>) -> bool {
    if !rows.iter().all(|r| r.get("Metric").is_some_and(|m| m.as_str().is_some()) && r.get("Value").is_some()) {
        return false;
    }
    for (i, row) in rows.iter().enumerate() {
        let at = below(&below(at, &i.to_string()), "Value");
        let name = row.get("Metric").and_then(Datum::as_str).unwrap_or_default();
        let class = row.get("Class").filter(|c| !matches!(c, Datum::Null)).map(Datum::display);
        let dataset = row.get("Dataset").and_then(Datum::as_str).or_else(|| subject.dataset()).map(str::to_owned);
        let value = row.get("Value").unwrap_or(&Datum::Null);
        match number(value) {
            Some(number) => {
                let mut result = MetricResult::new(name, number, reader.place(at));
                result.dataset = dataset;
                result.class = class;
                result.n = match row.get("Number of samples") {
                    Some(Datum::Int(n)) => u64::try_from(*n).ok(),
                    _ => None,
                };
                result.harness = Some(TOOL.to_owned());
                run.results.push(result);
            }
            None => run.rejected.push(Rejected {
                metric: name.to_owned(),
                dataset,
                slice: Slice::default(),
                class,
                found: shown(value),
                source: reader.place(at),
            }),
        }
    }
    true
}

/// `[{"0": 19, "1": 0}, …]`: the rows are true classes, in the order of the columns.
fn matrix(rows: &[Datum], subject: &Subject<'_>, at: &str, run: &mut Run, reader: &Reader<'_>) -> bool {
    let labels: Vec<String> =
        rows.first().and_then(Datum::entries).unwrap_or_default().iter().map(|(k, _)| k.clone()).collect();
    let read = |row: &Datum| -> Option<Vec<Measured>> {
        labels.iter().map(|label| row.get(label).and_then(Datum::as_number)).collect()
    };
    let Some(rows) = rows.iter().map(read).collect::<Option<Vec<_>>>() else { return false };
    if rows.len() != labels.len() {
        return false;
    }
    run.matrices.push(Matrix {
        name: "confusion matrix".to_owned(),
        dataset: subject.dataset().map(str::to_owned),
        labels,
        rows,
        source: reader.place(at),
    });
    true
}

/// A number for each class.
fn by_class(value: &Datum, metric: &str, subject: &Subject<'_>, at: &str, run: &mut Run, reader: &Reader<'_>) -> bool {
    let Some(classes) = value.entries().filter(|c| c.iter().all(|(_, v)| number(v).is_some())) else { return false };
    for (class, value) in classes {
        if let Some(number) = number(value) {
            push(metric, number, subject, Some(class.clone()), &below(at, class), run, reader);
        }
    }
    true
}

/// `{"scores": {"F1": {"0": {"Origin": 1.0, "Simple": 0.0}}}}`, without classes for a regression.
fn comparison(value: &Datum, subject: &Subject<'_>, at: &str, run: &mut Run, reader: &Reader<'_>) -> bool {
    let Some(metrics) = value.get("scores").and_then(Datum::entries) else { return false };
    let at = below(at, "scores");
    let mut found = false;
    for (metric, by) in metrics {
        let at = below(&at, metric);
        let mut pair = |values: &Datum, class: Option<&str>, at: &str| {
            for model in ["Origin", "Simple"] {
                if let Some(number) = values.get(model).and_then(number) {
                    let name = format!("{}.{metric}.{model}", subject.name);
                    push(&name, number, subject, class.map(str::to_owned), &below(at, model), run, reader);
                    found = true;
                }
            }
        };
        pair(by, None, &at);
        for (class, values) in by.entries().unwrap_or_default() {
            pair(values, Some(class), &below(&at, class));
        }
    }
    found
}

fn push(
    name: &str,
    value: Measured,
    subject: &Subject<'_>,
    class: Option<String>,
    at: &str,
    run: &mut Run,
    reader: &Reader<'_>,
) {
    let mut result = MetricResult::new(name, value, reader.place(at));
    result.dataset = subject.dataset().map(str::to_owned);
    result.class = class;
    result.harness = Some(TOOL.to_owned());
    run.results.push(result);
}
