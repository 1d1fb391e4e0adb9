//! Values of 0.7 that are not drift, as results.
//!
//! In: metrics with their values. Out: results, and rejected values where a scalar is no number.
//! A result is named by the metric's class, with the part behind a dot (`MissingValueCount.share`,
//! `MAE.mean`); its slice is the column, the group of a `GroupByMetric` and every parameter that
//! changes the value (`quantile`, `left`, `probas_threshold`, …); its class is the label.

use std::collections::BTreeMap;

use super::reader::{Reader, shown};
use super::v7::{Metric, TOOL, class_of, is_drift};
use crate::diag::{Code, Diagnostic, Severity};
use crate::model::{Datum, Document, Measured, MetricResult, Rejected, Slice};

/// The dataset that values belong to.
const DATASET: &str = "current";

/// Parameters that say what is drawn beside a value, not what the value is.
const DRAWN: &[&str] = &[
    "conf_matrix",
    "error_distr",
    "error_normality",
    "error_plot",
    "nbinsx",
    "perc_error_plot",
    "pr_curve",
    "pr_table",
    "roc_curve",
];

/// Values that are not drift. A value that stands twice (metrics with other plots) is taken once.
#[derive(Default)]
pub(super) struct Results {
    results: Vec<MetricResult>,
    rejected: Vec<Rejected>,
    seen: BTreeMap<(String, Slice, Option<String>), Measured>,
}

impl Results {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// Puts them into a document.
    pub(super) fn give(self, document: &mut Document) {
        document.run.results = self.results;
        document.run.rejected = self.rejected;
    }

    /// Takes the values of a metric.
    pub(super) fn add(&mut self, metric: &Metric<'_>, reader: &mut Reader<'_>) {
        let (class, slice) = subject(metric);
        if metric.values.is_empty() && !is_drift(class) {
            reader.missing(&metric.at, "value", "the metric has no result");
        }
        for value in &metric.values {
            let name = match value.part {
                Some(part) => format!("{class}.{part}"),
                None => class.to_owned(),
            };
            let label = value.label.map(str::to_owned);
            let source = reader.place(value.at.clone());
            match value.value {
                Datum::List(_) | Datum::Map(_) => {
                    let text = format!("{name} is a table or a nested value; it is not read");
                    let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Note);
                    reader.report(finding, &value.at);
                }
                scalar => match scalar.as_number() {
                    Some(number) => {
                        let key = (name.clone(), slice.clone(), label.clone());
                        if self.seen.get(&key) == Some(&number) {
                            continue;
                        }
                        self.seen.insert(key, number);
                        let mut result = MetricResult::new(name, number, source);
                        result.dataset = Some(DATASET.to_owned());
                        result.slice = slice.clone();
                        result.class = label;
                        result.harness = Some(TOOL.to_owned());
                        self.results.push(result);
                    }
                    None => self.rejected.push(Rejected {
                        metric: name,
                        dataset: Some(DATASET.to_owned()),
                        slice: slice.clone(),
                        class: label,
                        found: match scalar {
                            Datum::Null => "null".to_owned(),
                            other => format!("{} {}", other.kind(), shown(other)),
                        },
                        source,
                    }),
                },
            }
        }
    }
}

/// What a metric speaks of: its class, and its column, group and parameters as a slice.
fn subject<'m>(metric: &Metric<'m>) -> (&'m str, Slice) {
    let mut class = metric.class;
    let mut slice = Slice::default();
    let mut params = metric.params.as_ref().map(|(p, _)| *p);
    while let (Some(group), "GroupByMetric") = (params, class) {
        if let (Some(column), Some(label)) = (group.get("column_name").and_then(Datum::as_str), group.get("label")) {
            slice.0.insert(column.to_owned(), label.display());
        }
        params = group.get("metric");
        match params.and_then(|p| p.get("type")).and_then(Datum::as_str) {
            Some(inner) => class = class_of(inner),
            None => break,
        }
    }
    for (key, value) in params.and_then(Datum::entries).unwrap_or_default() {
        let silent = match value {
            Datum::Null | Datum::Bool(false) => true,
            Datum::List(items) => items.is_empty(),
            Datum::Text(text) => text == "default" && key.ends_with("_name"),
            _ => false,
        };
        // The limits of drift say how a value is judged, not what it is.
        let limit = is_drift(class) && (key == "drift_share" || key.ends_with("threshold"));
        if key == "type" || key.ends_with("tests") || DRAWN.contains(&key.as_str()) || silent || limit {
            continue;
        }
        slice.0.insert(key.clone(), value.display());
    }
    (class, slice)
}
