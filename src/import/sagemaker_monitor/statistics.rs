//! Statistics of data quality, as results for each column.
//!
//! In: `statistics.json`. Out: results named as the file names them (`mean`, `std_dev`,
//! `num_missing`, …) with the column as their slice. Distributions (KLL buckets, counts by category)
//! belong to one side only and are kept for the raw view without the sketch.

use super::super::evidently::reader::{Reader, below, present, shown};
use super::TOOL;
use crate::model::{Datum, Document, MetricResult, Rejected, Slice};

pub(super) fn read(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let rows = value.get("dataset").and_then(|d| d.get("item_count"));
    let all = Slice::default();
    put("item_count", rows, &all, None, "/dataset/item_count", document, reader);
    document.run.ended_at = value.get("dataset").and_then(|d| reader.time(d, "evaluation_time", "/dataset"));
    let mut distributions = Vec::new();
    for (i, feature) in value.get("features").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = below("/features", &i.to_string());
        let Some(name) = reader.text(feature, "name", &at) else {
            reader.missing(&at, "name", "the column's statistics are left out");
            continue;
        };
        let mut slice = Slice::default();
        slice.0.insert("column".to_owned(), name.to_owned());
        for key in ["numerical_statistics", "string_statistics"] {
            let Some(statistics) = present(feature, key) else { continue };
            let at = below(&at, key);
            let common = statistics.get("common");
            let n = common.and_then(|c| c.get("num_present")).and_then(count);
            for (key, value) in common.and_then(Datum::entries).unwrap_or_default() {
                put(key, Some(value), &slice, None, &below(&below(&at, "common"), key), document, reader);
            }
            for (key, value) in statistics.entries().unwrap_or_default() {
                if key == "distribution" {
                    distributions.push((name.to_owned(), without_sketch(value)));
                } else if key != "common" {
                    put(key, Some(value), &slice, n, &below(&at, key), document, reader);
                }
            }
        }
    }
    if !distributions.is_empty() {
        document.run.extra.push((format!("sagemaker {}: distributions", reader.stem), Datum::Map(distributions)));
    }
}

fn count(value: &Datum) -> Option<u64> {
    match value {
        Datum::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

fn put(
    name: &str,
    value: Option<&Datum>,
    slice: &Slice,
    n: Option<u64>,
    at: &str,
    document: &mut Document,
    reader: &Reader<'_>,
) {
    let Some(value) = value else { return };
    // Further objects are distributions of a custom container.
    if value.entries().is_some() || value.items().is_some() {
        return;
    }
    match value.as_number() {
        Some(number) => {
            let mut result = MetricResult::new(name, number, reader.place(at));
            result.slice = slice.clone();
            result.n = n;
            result.harness = Some(TOOL.to_owned());
            document.run.results.push(result);
        }
        None => document.run.rejected.push(Rejected {
            metric: name.to_owned(),
            dataset: None,
            slice: slice.clone(),
            class: None,
            found: shown(value),
            source: reader.place(at),
        }),
    }
}

/// A distribution without the sketch that its buckets were made from.
fn without_sketch(value: &Datum) -> Datum {
    match value {
        Datum::Map(entries) => Datum::Map(
            entries.iter().filter(|(k, _)| k != "sketch").map(|(k, v)| (k.clone(), without_sketch(v))).collect(),
        ),
        other => other.clone(),
    }
}
