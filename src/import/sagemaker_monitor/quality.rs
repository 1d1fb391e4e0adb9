//! Model quality, as results, a confusion matrix and curves.
//!
//! In: `statistics.json` of a model quality job: `binary_classification_metrics`,
//! `multiclass_classification_metrics` or `regression_metrics`. Out: each metric's `value` as a result
//! and its `standard_deviation` as `NAME.standard_deviation`: it is that of a few large subsamples, not
//! a standard error. The text `"NaN"` is how the tool writes a deviation that it could not compute.

use super::super::evidently::reader::{Reader, below, shown};
use super::{QUALITY, TOOL};
use crate::diag::{Code, Diagnostic};
use crate::model::{
    Curve, CurveKind, CurvePoint, Datum, Document, Matrix, Measured, MetricResult, NonFinite, Rejected, Slice,
};

pub(super) fn read(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let n = match value.get("dataset").and_then(|d| d.get("item_count")) {
        Some(Datum::Int(n)) => u64::try_from(*n).ok(),
        _ => None,
    };
    document.run.ended_at = value.get("dataset").and_then(|d| reader.time(d, "evaluation_time", "/dataset"));
    for key in QUALITY {
        let at = below("", key);
        for (name, metric) in value.get(key).and_then(Datum::entries).unwrap_or_default() {
            let at = below(&at, name);
            match name.as_str() {
                "confusion_matrix" => matrix(metric, &at, document, reader),
                "receiver_operating_characteristic_curve" => {
                    let axes = ["false_positive_rates", "true_positive_rates"];
                    curve(CurveKind::Roc, metric, axes, &at, document, reader);
                }
                "precision_recall_curve" => {
                    curve(CurveKind::PrecisionRecall, metric, ["recalls", "precisions"], &at, document, reader);
                }
                _ => scalar(name, metric, n, &at, document, reader),
            }
        }
    }
}

fn scalar(name: &str, metric: &Datum, n: Option<u64>, at: &str, document: &mut Document, reader: &Reader<'_>) {
    let (value, at_value) = match metric.get("value") {
        Some(value) => (value, below(at, "value")),
        None => (metric, at.to_owned()),
    };
    let result = |name: String, number: Measured, at: String| {
        let mut result = MetricResult::new(name, number, reader.place(at));
        result.n = n;
        result.harness = Some(TOOL.to_owned());
        result
    };
    match measured(value) {
        Some(number) => document.run.results.push(result(name.to_owned(), number, at_value)),
        None => document.run.rejected.push(Rejected {
            metric: name.to_owned(),
            dataset: None,
            slice: Slice::default(),
            class: None,
            found: shown(value),
            source: reader.place(at_value),
        }),
    }
    if let Some(deviation) = metric.get("standard_deviation").and_then(measured).filter(|m| m.finite().is_some()) {
        let name = format!("{name}.standard_deviation");
        document.run.results.push(result(name, deviation, below(at, "standard_deviation")));
    }
}

/// A number; the text `"NaN"` is the only one that the tool writes for one.
fn measured(value: &Datum) -> Option<Measured> {
    match value {
        Datum::Text(text) if text == "NaN" => Some(Measured::NonFinite(NonFinite::NaN)),
        other => other.as_number(),
    }
}

/// `{"0": {"0": 1, "1": 2}, …}`: true classes outside, predicted ones inside.
fn matrix(value: &Datum, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let rows = value.entries().unwrap_or_default();
    let labels: Vec<String> = rows.iter().map(|(label, _)| label.clone()).collect();
    let read = |row: &Datum| labels.iter().map(|l| row.get(l).and_then(Datum::as_number)).collect::<Option<Vec<_>>>();
    let square = rows.iter().all(|(_, row)| row.entries().is_some_and(|e| e.len() == labels.len()));
    match rows.iter().map(|(_, row)| read(row)).collect::<Option<Vec<_>>>() {
        Some(rows) if square && !rows.is_empty() => document.run.matrices.push(Matrix {
            name: "confusion matrix".to_owned(),
            dataset: None,
            labels,
            rows,
            source: reader.place(at),
        }),
        _ => reader
            .report(Diagnostic::new(Code::CurveInvalid, "the confusion matrix is not square or holds no numbers"), at),
    }
}

fn curve(kind: CurveKind, value: &Datum, axes: [&str; 2], at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let axis = |key: &str| -> Option<Vec<Measured>> {
        value.get(key)?.items()?.iter().map(|v| v.as_number().filter(|n| n.finite().is_some())).collect()
    };
    let [x, y] = axes.map(axis);
    match (x, y) {
        (Some(x), Some(y)) if x.len() == y.len() && !x.is_empty() => document.run.curves.push(Curve {
            kind,
            name: reader.stem.to_owned(),
            dataset: None,
            points: x.into_iter().zip(y).map(|(x, y)| CurvePoint { x, y, threshold: None, count: None }).collect(),
            area: None,
            source: reader.place(at),
        }),
        _ => reader.report(Diagnostic::new(Code::CurveInvalid, "the curve's two lists do not fit"), at),
    }
}
