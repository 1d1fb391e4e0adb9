//! The legacy API (0.4 to 0.6): `Report` and `TestSuite` JSON, and what `save()` writes.
//!
//! In: the file's value. Out: a [`Document`]. Every field may be absent (`as_dict(include=…)`), and
//! files with render data have neither version nor timestamp. Of a test suite only the tests are
//! read: the drift scores in their parameters are rounded, and what a snapshot stores below them
//! was not asked for. A snapshot therefore reads like the plain JSON of the same report or suite.

use super::distribution;
use super::methods;
use super::reader::{Reader, below, present};
use super::suite;
use super::v7::{class_of, contradiction, fill_share};
use super::values_legacy;
use crate::model::{Column, Datum, Document, DriftReport, FeatureDrift, Window};

/// A `Report`.
pub(super) fn read_report(value: &Datum, reader: &mut Reader<'_>) -> Document {
    let mut reports = Reports::new(value, reader);
    let mut document = Document::default();
    for (index, metric) in reader.list(value, "metrics", "").unwrap_or_default().iter().enumerate() {
        let at = format!("/metrics/{index}");
        let Some(class) = reader.text(metric, "metric", &at) else {
            reader.missing(&at, "metric", "the metric is not read");
            continue;
        };
        match metric.get("result") {
            Some(result @ Datum::Map(_)) => {
                read_metric(index, class, result, below(&at, "result"), &mut reports, &mut document, reader);
            }
            Some(Datum::Null) | None => reader.missing(&at, "result", "the metric is not read"),
            Some(other) => reader.wrong_type(&below(&at, "result"), "an object", other),
        }
    }
    document.drift = reports.finish();
    document
}

/// A `TestSuite`.
pub(super) fn read_suite(value: &Datum, reader: &mut Reader<'_>) -> Document {
    let checks = match suite::listed(value, "tests", reader) {
        Ok(tests) => suite::checks(tests, reader),
        Err(broken) => vec![*broken],
    };
    suite::compare_summary(value.get("summary"), &checks, reader);
    Document { checks, ..Document::default() }
}

/// A snapshot of a report or of a suite.
pub(super) fn read_snapshot(value: &Datum, reader: &mut Reader<'_>) -> Document {
    let empty = Datum::Map(Vec::new());
    let suite = value.get("suite").unwrap_or(&empty);
    let mut reports = Reports::new(value, reader);
    let mut document = Document::default();
    let classes = reader.list(suite, "metrics", "/suite").unwrap_or_default();
    let results = reader.list(suite, "metric_results", "/suite").unwrap_or_default();
    for index in asked(value, "metrics_ids", results.len(), reader) {
        let at = format!("/suite/metric_results/{index}");
        let class = classes.get(index).and_then(|c| c.get("type")).and_then(Datum::as_str);
        let (Some(result), Some(class)) = (results.get(index), class) else {
            reader.missing(&at, "type", "a metric of the report is not stored");
            continue;
        };
        read_metric(index, class_of(class), result, at, &mut reports, &mut document, reader);
    }
    document.drift = reports.finish();

    let results = reader.list(suite, "test_results", "/suite").unwrap_or_default();
    let mut tests = Vec::new();
    let mut lost = None;
    for index in asked(value, "test_ids", results.len(), reader) {
        let at = format!("/suite/test_results/{index}");
        match results.get(index) {
            Some(test) => tests.push((test, at)),
            None => lost = Some(at),
        }
    }
    document.checks = suite::checks(tests, reader);
    if let Some(at) = lost {
        reader.missing(&at, "test", "a test of the suite is not stored");
        document.checks.push(suite::broken(reader, "a test of the suite is not stored", &at));
    }
    document
}

/// The indices that the user asked for; all of them when the snapshot does not say.
fn asked(value: &Datum, key: &str, all: usize, reader: &mut Reader<'_>) -> Vec<usize> {
    match reader.list(value, key, "") {
        Some(ids) => ids
            .iter()
            .map(|id| match id {
                Datum::Int(id) => usize::try_from(*id).unwrap_or(usize::MAX),
                _ => usize::MAX,
            })
            .collect(),
        None => (0..all).collect(),
    }
}

/// The drift reports of a file. A second dataset-level result of one kind starts a new report.
struct Reports {
    template: DriftReport,
    done: Vec<DriftReport>,
    open: Option<DriftReport>,
    /// Whether the open report has a `DatasetDriftMetric`, a `DataDriftTable`.
    has: (bool, bool),
}

impl Reports {
    fn new(value: &Datum, reader: &mut Reader<'_>) -> Self {
        let time = reader.time(value, "timestamp", "");
        let input = value.get("links").and_then(|l| l.get("datasets")).and_then(|d| d.get("input"));
        let named = |side: &str| input.and_then(|i| i.get(side)).and_then(Datum::as_str).map(str::to_owned);
        let name = reader.text(value, "name", "").map(str::to_owned);
        let template = DriftReport {
            id: reader.path.to_owned(),
            run: None,
            tool: tool(reader.text(value, "version", "")),
            reference: named("reference").unwrap_or_default(),
            current: named("current").or(name).unwrap_or_default(),
            window: Window { start: time, end: None },
            drifted: None,
            share_drifted: None,
            share_threshold: None,
            features: Vec::new(),
            source: reader.place(""),
            beside: None,
        };
        Self { template, done: Vec::new(), open: None, has: (false, false) }
    }

    fn current(&mut self, index: usize, at: &str) -> &mut DriftReport {
        let first = self.done.is_empty();
        self.open.get_or_insert_with(|| {
            let mut report = self.template.clone();
            if !first {
                report.id = format!("{}#metrics/{index}", report.id);
                at.clone_into(&mut report.source.pointer);
            }
            report
        })
    }

    fn next(&mut self) {
        self.done.extend(self.open.take());
        self.has = (false, false);
    }

    fn finish(mut self) -> Vec<DriftReport> {
        self.next();
        self.done.iter_mut().for_each(fill_share);
        self.done
    }
}

fn tool(version: Option<&str>) -> String {
    version.map_or_else(|| "evidently".to_owned(), |v| format!("evidently {v}"))
}

fn read_metric(
    index: usize,
    class: &str,
    result: &Datum,
    at: String,
    reports: &mut Reports,
    document: &mut Document,
    reader: &mut Reader<'_>,
) {
    match class {
        "DatasetDriftMetric" => {
            if reports.has.0 {
                reports.next();
            }
            reports.has.0 = true;
            let report = reports.current(index, &at);
            // What stands here also names the limit; it goes before the table's own counts.
            report.share_threshold = reader.finite(result, "drift_share", &at);
            if report.share_threshold.is_none() {
                reader.missing(&at, "drift_share", "the share that counts as drift is not known");
            }
            report.share_drifted = reader.finite(result, "share_of_drifted_columns", &at).or(report.share_drifted);
            report.drifted = reader.flag(result, "dataset_drift", &at).or(report.drifted);
            let derived = report.share_drifted.zip(report.share_threshold).map(|(share, limit)| share >= limit);
            if report.drifted.is_none() {
                report.drifted = derived;
                reader.missing(&at, "dataset_drift", "share and limit decide, as in the tool");
            }
            contradiction(report.drifted, derived, &at, reader);
        }
        _ if class == "DataDriftTable" || result.get("drift_by_columns").is_some() => {
            if reports.has.1 {
                reports.next();
            }
            reports.has.1 = true;
            let report = reports.current(index, &at);
            report.share_drifted = report.share_drifted.or(reader.finite(result, "share_of_drifted_columns", &at));
            report.drifted = report.drifted.or(reader.flag(result, "dataset_drift", &at));
            let columns_at = below(&at, "drift_by_columns");
            match present(result, "drift_by_columns") {
                Some(Datum::Map(columns)) => {
                    for (name, column) in columns {
                        add_feature(report, Some(name), column, &below(&columns_at, name), reader);
                    }
                }
                Some(other) => reader.wrong_type(&columns_at, "an object", other),
                None => reader.missing(&at, "drift_by_columns", "the report has no features"),
            }
        }
        "ColumnDriftMetric" | "EmbeddingsDriftMetric" => {
            add_feature(reports.current(index, &at), None, result, &at, reader);
        }
        _ => values_legacy::read(class, result, &at, &reports.template.tool, document, reader),
    }
}

fn add_feature(report: &mut DriftReport, key: Option<&str>, column: &Datum, at: &str, reader: &mut Reader<'_>) {
    if column.entries().is_none() {
        reader.wrong_type(at, "an object", column);
        return;
    }
    let embeddings = present(column, "embeddings_name").is_some();
    let name = if embeddings { "embeddings_name" } else { "column_name" };
    let feature = reader.text(column, name, at).or(key).map(str::to_owned).unwrap_or_else(|| {
        reader.missing(at, "column_name", "the feature is shown by its place");
        at.to_owned()
    });
    let label = reader.text(column, if embeddings { "method_name" } else { "stattest_name" }, at);
    let known = label.and_then(methods::find).filter(|_| !embeddings);
    match (label, known) {
        (None, _) => reader.missing(at, "stattest_name", "the method is not known"),
        (Some(label), None) => reader.unknown_method(label, at),
        (Some(_), Some(_)) => {}
    }
    let score = reader.number(column, "drift_score", at);
    if score.is_none() {
        reader.missing(at, "drift_score", "the feature has no score");
    }
    let mut threshold = reader.finite(column, "stattest_threshold", at);
    if let (None, None, Some(known)) = (threshold, present(column, "stattest_threshold"), known) {
        reader.missing_note(at, "stattest_threshold", "the method's default applies, as in the tool");
        threshold = known.default_threshold();
    }
    let threshold = threshold.filter(|_| known.is_none_or(methods::Stattest::bounds_score));
    let derived = known.and_then(|k| k.drifted(score, threshold));
    let told = reader.flag(column, "drift_detected", at);
    if told.is_none() {
        reader.missing(at, "drift_detected", "score and threshold decide, where the method is known");
    }
    contradiction(told, derived, at, reader);
    let kind = match reader.text(column, "column_type", at) {
        _ if embeddings => "embedding",
        Some("num") => "numeric",
        Some("cat") => "categorical",
        Some(other) => other,
        None => known.map_or("", |k| k.kind(label.unwrap_or_default())),
    };
    let feature = FeatureDrift {
        feature,
        kind: kind.to_owned(),
        method: known.and_then(|k| k.method),
        method_label: label.unwrap_or_default().to_owned(),
        score,
        threshold,
        p_value: score.filter(|_| known.is_some_and(methods::Stattest::is_p_value)),
        drifted: told.or(derived),
        distribution: distribution::of_column(column),
        column: Column::default(),
    };
    // Presets of drift and of the target both measure the target; the same words are kept once.
    if !report.features.contains(&feature) {
        report.features.push(feature);
    }
}
