//! Evidently: reports, test suites and snapshots as JSON, of the legacy API (0.4 to 0.6) and of 0.7.
//!
//! In: a file. Out: a [`Document`] with drift, checks and values. Five shapes, told apart by
//! content: `report.json()` of 0.7 ([`report_v7`]), its snapshots, alone or in a workspace
//! ([`snapshot_v7`]), legacy `Report` and `TestSuite` JSON and legacy snapshots ([`legacy`]).
//! A workspace's `metadata.json` is recognised and says nothing.
//!
//! What becomes what:
//! - metrics of drift become one [`DriftReport`](crate::model::DriftReport), or several where a file
//!   holds several dataset-level results (`path`, `path#metrics/<index>`);
//! - tests become checks, whatever a summary says about them;
//! - every other metric becomes results, also beside drift. A file of drift and tests alone
//!   therefore does not speak of a run; one that measures rows or a model does ([`values_v7`] and
//!   [`values_legacy`] say how its results are named).
//!
//! Values are those of the current data (dataset `current`); legacy files hold the reference data's
//! too (dataset `reference`). Nothing is computed anew: flags are the tool's, or its own rule for
//! score and threshold where it wrote none.

mod distribution;
mod legacy;
mod methods;
pub(super) mod reader;
mod report_v7;
mod snapshot_v7;
mod suite;
#[cfg(test)]
mod tests;
mod v7;
mod values_legacy;
mod values_v7;

use super::{Content, DocumentImporter};
use crate::model::{Datum, Document};
use crate::source::{file_name, parent};
use reader::Reader;

/// Evidently reports.
pub(crate) struct Evidently;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `report.json()` of 0.7.
    Report7,
    /// `snapshot.dumps()` of 0.7, and the files of a workspace.
    Snapshot7,
    /// `report.json()` or `as_dict()` of the legacy API.
    LegacyReport,
    /// `suite.json()` of the legacy API.
    LegacySuite,
    /// `save()` of the legacy API.
    LegacySnapshot,
    /// The description of a project in a workspace.
    Workspace,
}

impl DocumentImporter for Evidently {
    fn kind(&self) -> &'static str {
        "evidently"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| shape(value, &content.file.path).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(value) = content.json() else { return Document::default() };
        let mut reader = Reader::new(content);
        let mut document = match shape(value, &content.file.path) {
            Some(Shape::Report7) => report_v7::read(value, &mut reader),
            Some(Shape::Snapshot7) => snapshot_v7::read(value, &mut reader),
            Some(Shape::LegacyReport) => legacy::read_report(value, &mut reader),
            Some(Shape::LegacySuite) => legacy::read_suite(value, &mut reader),
            Some(Shape::LegacySnapshot) => legacy::read_snapshot(value, &mut reader),
            Some(Shape::Workspace) | None => Document::default(),
        };
        // One report for each window of current data: several lie side by side.
        document.standalone = document.speaks_of_a_run();
        document.problems.append(&mut reader.finish());
        document
    }
}

/// What a JSON value is, by its keys and by the types that Evidently writes into them.
fn shape(value: &Datum, path: &str) -> Option<Shape> {
    let is_map = |key: &str| value.get(key).is_some_and(|v| v.entries().is_some());
    let is_list = |key: &str| value.get(key).is_some_and(|v| v.items().is_some());
    let items = |key: &str| value.get(key).and_then(Datum::items).unwrap_or_default().iter();
    if is_map("suite") && (is_list("metrics_ids") || is_list("test_ids")) {
        return Some(Shape::LegacySnapshot);
    }
    if is_map("metric_results") && (is_list("top_level_metrics") || is_list("tests_widgets")) {
        return Some(Shape::Snapshot7);
    }
    let typed = |config: Option<&Datum>| {
        config.and_then(|c| c.get("type")).and_then(Datum::as_str).is_some_and(|t| t.starts_with("evidently:"))
    };
    if items("metrics").any(|m| typed(m.get("config")))
        || items("tests")
            .any(|t| typed(t.get("metric_config").and_then(|c| c.get("params"))) || typed(t.get("bound_test")))
    {
        return Some(Shape::Report7);
    }
    if items("metrics").any(|m| m.get("metric").is_some_and(|n| n.as_str().is_some()) && m.get("result").is_some()) {
        return Some(Shape::LegacyReport);
    }
    let summed = value.get("summary").is_some_and(|s| s.get("by_status").is_some() || s.get("all_passed").is_some());
    let grouped = || {
        items("tests")
            .any(|t| ["name", "status", "group"].iter().all(|k| t.get(k).is_some_and(|v| v.as_str().is_some())))
    };
    if value.get("tests").is_some() && (summed || grouped()) {
        return Some(Shape::LegacySuite);
    }
    // `workspace/<id>/metadata.json`.
    let id = value.get("id").and_then(Datum::as_str)?;
    let described = value.get("name").is_some() && value.get("description").is_some();
    (described && file_name(path) == "metadata.json" && file_name(parent(path)) == id).then_some(Shape::Workspace)
}
