//! Snapshots of 0.7, alone (`snapshot.dumps()`) or in a workspace: every metric by its id, with
//! parameters, typed values, tests and what is drawn.
//!
//! In: the file's value. Out: a [`Document`] that equals the one of the plain report, with the time,
//! the name and the distributions added.

use std::collections::BTreeMap;

use super::reader::{Reader, below, present};
use super::v7::{self, About, Metric, Value};
use crate::model::{Datum, Document, Window};

pub(super) fn read(value: &Datum, reader: &mut Reader<'_>) -> Document {
    let stored = value.get("metric_results").and_then(Datum::entries).unwrap_or_default();
    let by_id: BTreeMap<&str, &Datum> = stored.iter().map(|(id, m)| (id.as_str(), m)).collect();
    let order: Vec<&str> = match reader.list(value, "top_level_metrics", "") {
        Some(ids) => ids.iter().filter_map(Datum::as_str).collect(),
        None => stored.iter().map(|(id, _)| id.as_str()).collect(),
    };
    let mut metrics = Vec::new();
    let mut tests = Vec::new();
    let mut broken = Vec::new();
    for id in order {
        let at = below("/metric_results", id);
        let Some(metric) = by_id.get(id).copied() else {
            reader.missing(&at, id, "a metric of the report is not stored");
            continue;
        };
        if metric.entries().is_none() {
            reader.wrong_type(&at, "a metric", metric);
            continue;
        }
        match present(metric, "tests") {
            Some(Datum::List(items)) => {
                let at = below(&at, "tests");
                tests.extend(items.iter().enumerate().map(|(i, t)| (t, below(&at, &i.to_string()))));
            }
            Some(other) => {
                let at = below(&at, "tests");
                reader.wrong_type(&at, "a list of tests", other);
                if broken.is_empty() {
                    broken.push(super::suite::broken(reader, "a list of tests could not be read", &at));
                }
            }
            None => {}
        }
        metrics.push(read_metric(id, metric, at, reader));
    }
    let time = reader.time(value, "timestamp", "");
    let about = About {
        window: Window { start: time, end: None },
        name: reader.text(value, "name", "").unwrap_or_default().to_owned(),
    };
    let mut document = v7::document(&metrics, tests, &about, reader);
    document.checks.append(&mut broken);
    document
}

fn read_metric<'d>(id: &'d str, metric: &'d Datum, at: String, reader: &mut Reader<'_>) -> Metric<'d> {
    let location = present(metric, "metric_value_location").and_then(|l| present(l, "metric"));
    let params = location.and_then(|l| present(l, "params")).filter(|p| p.entries().is_some());
    let params = params.map(|p| (p, format!("{at}/metric_value_location/metric/params")));
    let typed = params.as_ref().and_then(|(p, _)| p.get("type")).and_then(Datum::as_str);
    if typed.is_none() {
        reader.missing(&at, "metric_value_location", "the metric's parameters are not known");
    }
    let class = typed.map_or("metric", v7::class_of);
    let values = values(metric, &at);
    Metric { id, class, params, at, values, widgets: present(metric, "widget") }
}

/// The values, by the type of the stored result.
fn values<'d>(metric: &'d Datum, at: &str) -> Vec<Value<'d>> {
    let mut out = Vec::new();
    let single =
        |part: Option<&'d str>, label: Option<&'d str>, stored: &'d Datum, at: String| match stored.get("value") {
            Some(value) => Value { part, label, value, at: below(&at, "value") },
            None => Value { part, label, value: stored, at },
        };
    if metric.get("value").is_some() {
        out.push(single(None, None, metric, at.to_owned()));
    }
    for (key, inner) in metric.entries().unwrap_or_default() {
        let at = below(at, key);
        match (key.as_str(), inner) {
            ("count" | "share" | "mean" | "std", inner @ Datum::Map(_)) => out.push(single(Some(key), None, inner, at)),
            ("counts" | "shares" | "values", Datum::Map(by_label)) => {
                let part = (key != "values").then_some(key.as_str());
                out.extend(by_label.iter().map(|(label, v)| single(part, Some(label), v, below(&at, label))));
            }
            _ => {}
        }
    }
    out
}
