//! `report.json()` of 0.7: a list of metrics with parameters and values, and a list of tests.
//!
//! In: the file's value. Out: a [`Document`]. Releases before 0.7.13 wrote no parameters beside a
//! metric; they are taken from the metric's tests, and without tests only the class is known.

use std::collections::BTreeMap;

use super::reader::{Reader, below, present};
use super::suite;
use super::v7::{self, About, Metric, Value};
use crate::model::{Datum, Document};

pub(super) fn read(value: &Datum, reader: &mut Reader<'_>) -> Document {
    let (tests, broken) = match suite::listed(value, "tests", reader) {
        Ok(tests) => (tests, None),
        Err(check) => (Vec::new(), Some(*check)),
    };
    let mut params: BTreeMap<&str, (&Datum, String)> = BTreeMap::new();
    for (test, at) in &tests {
        if let Some(config) = test.get("metric_config")
            && let (Some(id), Some(p)) = (config.get("metric_id").and_then(Datum::as_str), present(config, "params"))
        {
            params.entry(id).or_insert_with(|| (p, below(&below(at, "metric_config"), "params")));
        }
    }
    let mut metrics = Vec::new();
    for (index, metric) in reader.list(value, "metrics", "").unwrap_or_default().iter().enumerate() {
        let at = format!("/metrics/{index}");
        match metric.entries() {
            None => reader.wrong_type(&at, "a metric", metric),
            Some([]) => reader.missing(&at, "value", "the tool computed no result"),
            Some(_) => metrics.push(read_metric(metric, at, &params, reader)),
        }
    }
    let mut document = v7::document(&metrics, tests, &About::default(), reader);
    document.checks.extend(broken);
    document
}

fn read_metric<'d>(
    metric: &'d Datum,
    at: String,
    by_test: &BTreeMap<&str, (&'d Datum, String)>,
    reader: &mut Reader<'_>,
) -> Metric<'d> {
    let id = reader.text(metric, "id", &at).unwrap_or_default();
    let config = match present(metric, "config") {
        Some(config @ Datum::Map(_)) => Some((config, below(&at, "config"))),
        Some(other) => {
            reader.wrong_type(&below(&at, "config"), "an object", other);
            None
        }
        None => None,
    };
    let params = config.or_else(|| by_test.get(id).cloned());
    let typed = params.as_ref().and_then(|(p, _)| p.get("type")).and_then(Datum::as_str);
    // `ValueDrift(column=x,…)`: what is in the parentheses cannot be told apart, the class can.
    let named = || {
        let name = metric.get("metric_name").or_else(|| metric.get("metric_id")).and_then(Datum::as_str);
        name.map(|n| n.split('(').next().unwrap_or(n))
    };
    let class = typed.map(v7::class_of).or_else(named).unwrap_or_else(|| {
        reader.missing(&at, "config", "the metric has no name");
        "metric"
    });
    if params.is_none() {
        reader.missing(&at, "config", "the metric's parameters are not known");
    }
    let values = values(class, metric, &at);
    Metric { id, class, params, at, values, widgets: None }
}

/// The values of a metric: a number, `{count, share}`, `{mean, std}`, `{counts: {…}, shares: {…}}`,
/// or an object by label.
fn values<'d>(class: &str, metric: &'d Datum, at: &str) -> Vec<Value<'d>> {
    let Some(value) = metric.get("value") else { return Vec::new() };
    let at = below(at, "value");
    let Some(entries) = value.entries() else {
        return vec![Value { part: None, label: None, value, at }];
    };
    let labels = class.ends_with("ByLabel");
    let mut out = Vec::with_capacity(entries.len());
    for (key, inner) in entries {
        let at = below(&at, key);
        match (key.as_str(), inner) {
            ("count" | "share" | "mean" | "std", _) if !labels => {
                out.push(Value { part: Some(key), label: None, value: inner, at });
            }
            ("counts" | "shares", Datum::Map(by_label)) if !labels => {
                out.extend(by_label.iter().map(|(label, value)| Value {
                    part: Some(key),
                    label: Some(label),
                    value,
                    at: below(&at, label),
                }));
            }
            _ => out.push(Value { part: None, label: Some(key), value: inner, at }),
        }
    }
    out
}
