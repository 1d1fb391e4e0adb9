//! Azure ML: the metrics of a run, and the charts that automated ML and `log_*` store as JSON.
//!
//! In: a chart (`{schema_type, schema_version, data}`), or an object of metrics in which values that
//! are charts or images are `aml://` addresses (`run.get_metrics()`). Out: results, series of metrics
//! that were logged several times, confusion matrices, and the ROC and precision–recall curves that
//! the counts of an accuracy table give. Addresses are shown, never opened.

use super::facts::{Facts, below, cells, text};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Severity, visible};
use crate::model::{Artifact, CurveKind, CurvePoint, Datum, Document, Measured, Point, Series};

/// Charts that are known.
const CHARTS: [&str; 6] =
    ["confusion_matrix", "accuracy_table", "residuals", "predictions", "probability_metrics", "forecast_horizon_table"];

/// Azure ML's files.
pub(crate) struct AzureMl;

impl DocumentImporter for AzureMl {
    fn kind(&self) -> &'static str {
        "azure-ml"
    }

    fn takes_native_names(&self) -> bool {
        true
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|v| is_chart(v) || is_metrics(v))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("azure-ml".to_owned());
        if let Some(value) = content.json() {
            if is_chart(value) {
                chart(value, content.stem(), "", &mut facts);
            } else {
                metrics(value, &mut facts);
            }
        }
        facts.finish()
    }
}

fn is_chart(value: &Datum) -> bool {
    let versioned = value.get("schema_version").is_some() && value.get("data").is_some_and(|d| d.entries().is_some());
    // Some versions write the schema's name with another ending.
    text(value, "schema_type").is_some_and(|t| versioned && CHARTS.iter().any(|c| t.starts_with(c)))
}

fn is_metrics(value: &Datum) -> bool {
    let address = |v: &Datum| v.as_str().is_some_and(|t| t.starts_with("aml://"));
    let entries = value.entries().unwrap_or_default();
    let held = |v: &Datum| v.entries().is_some_and(|e| e.iter().any(|(_, v)| address(v)));
    entries.iter().any(|(_, v)| address(v) || is_chart(v))
        || entries.iter().any(|(_, v)| held(v)) && entries.iter().all(|(_, v)| v.entries().is_some())
}

fn metrics(value: &Datum, facts: &mut Facts<'_>) {
    for (name, value) in value.entries().unwrap_or_default() {
        let at = below("", &[name]);
        match value {
            Datum::Text(address) if address.starts_with("aml://") => {
                let kind = Some(name.clone());
                facts.document.run.artifacts.push(Artifact { path: address.clone(), kind, ..Artifact::default() });
            }
            Datum::List(items) => series(name, items, &at, facts),
            Datum::Map(_) if is_chart(value) => chart(value, name, &at, facts),
            Datum::Map(_) | Datum::Bool(_) => facts.extra(name, Some(value)),
            // The service writes numbers that JSON does not have as text.
            Datum::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity" | "nan" | "inf" | "-inf") => {
                let number = text.parse().map_or(Measured::new(f64::NAN), Measured::new);
                facts.number(name, number, &at);
            }
            Datum::Text(text) if super::facts::number_in_text(text).is_none() => facts.extra(name, Some(value)),
            value => {
                facts.metric(name, value, &at);
            }
        }
    }
}

/// A metric that was logged several times: the last value counts.
fn series(name: &str, items: &[Datum], pointer: &str, facts: &mut Facts<'_>) {
    let numbers: Option<Vec<Measured>> = items.iter().map(Datum::as_number).collect();
    match numbers.as_deref() {
        Some([first @ .., last]) => {
            let step = i64::try_from(first.len()).unwrap_or(i64::MAX);
            facts.number(name, *last, &format!("{pointer}/{}", first.len())).step = Some(step);
            let point = |(i, value): (usize, &Measured)| Point {
                step: i64::try_from(i).unwrap_or(i64::MAX),
                time: None,
                value: *value,
            };
            let points = numbers.iter().flatten().enumerate().map(point).collect();
            let source = facts.place(pointer);
            facts.document.run.series.push(Series::new(name, points, source));
        }
        Some([]) => {}
        None if items.iter().any(|i| i.as_number().is_some()) => {
            facts.reject(name, "a list with values that are no numbers".to_owned(), pointer);
        }
        None => facts.extra(name, Some(&Datum::List(items.to_vec()))),
    }
}

fn chart(value: &Datum, name: &str, pointer: &str, facts: &mut Facts<'_>) {
    let Some(data) = value.get("data") else { return };
    let at = below(pointer, &["data"]);
    let labels = || {
        let labels = data.get("class_labels").or_else(|| data.get("classes")).and_then(Datum::items);
        labels.unwrap_or_default().iter().map(Datum::display).collect::<Vec<_>>()
    };
    let kind = text(value, "schema_type").unwrap_or_default();
    if kind.starts_with("confusion_matrix") {
        let rows = data.get("matrix").and_then(Datum::items).unwrap_or_default();
        facts.matrix(name, labels(), rows.iter().map(cells).collect(), &below(&at, &["matrix"]));
    } else if kind.starts_with("accuracy_table") {
        accuracy_table(data, &labels(), &at, facts);
    } else {
        // Residuals and predictions are histograms of a regression: no metric, no curve.
        facts.extra(&format!("{kind} {name}"), Some(data));
    }
}

/// `probability_tables[class][threshold]` is `[TP, FP, TN, FN]`.
fn accuracy_table(data: &Datum, labels: &[String], pointer: &str, facts: &mut Facts<'_>) {
    let tables = data.get("probability_tables").and_then(Datum::items).unwrap_or_default();
    let thresholds = data.get("probability_thresholds").and_then(Datum::items).unwrap_or_default();
    if tables.len() != labels.len() {
        let text = format!("{} tables stand beside {} labels", tables.len(), labels.len());
        facts.report(
            Code::CurveInvalid,
            Severity::Warning,
            text,
            pointer,
            "tables without a label are called by number",
        );
    }
    for (i, table) in tables.iter().enumerate() {
        let name = labels.get(i).cloned().unwrap_or_else(|| i.to_string());
        let at = below(pointer, &["probability_tables", &i.to_string()]);
        let rows = table.items().unwrap_or_default();
        if !thresholds.is_empty() && rows.len() != thresholds.len() {
            let text = format!("'{}' has {} rows for {} thresholds", visible(&name, 80), rows.len(), thresholds.len());
            facts.report(Code::CurveInvalid, Severity::Warning, text, &at, "the curve is not shown");
            continue;
        }
        let mut roc = Vec::with_capacity(rows.len());
        let mut recall = Vec::with_capacity(rows.len());
        for (row, threshold) in rows.iter().zip(thresholds.iter().map(Some).chain(std::iter::repeat(None))) {
            let threshold = threshold.and_then(Datum::as_number);
            match counts(row) {
                Some([tp, fp, tn, fn_]) => {
                    roc.push(ratio(fp, fp + tn).zip(ratio(tp, tp + fn_)).map(|(x, y)| curve_point(x, y, threshold)));
                    // Nothing predicted has no precision: such a point is left out without a finding.
                    if let Some((x, y)) = ratio(tp, tp + fn_).zip(ratio(tp, tp + fp)) {
                        recall.push(Some(curve_point(x, y, threshold)));
                    }
                }
                None => {
                    roc.push(None);
                    recall.push(None);
                }
            }
        }
        facts.curve(CurveKind::Roc, &name, roc, &at);
        facts.curve(CurveKind::PrecisionRecall, &name, recall, &at);
    }
}

fn counts(row: &Datum) -> Option<[f64; 4]> {
    let found: Option<Vec<f64>> =
        row.items()?.iter().map(|v| v.as_number()?.finite().map(|n| n.get()).filter(|n| *n >= 0.0)).collect();
    found?.try_into().ok()
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn curve_point(x: f64, y: f64, threshold: Option<Measured>) -> CurvePoint {
    CurvePoint { x: Measured::new(x), y: Measured::new(y), threshold, count: None }
}
