//! whylogs: drift scores, constraint reports, and summaries of profiles.
//!
//! In: a file. Out: for `calculate_drift_scores` a drift report; for `Constraints.report()` checks;
//! for a profile's summary (`to_summary_dict` as JSON, `to_pandas` as CSV) and for the data behind
//! the visual report a result for each number of each column. Binary profiles (`.bin`) hold
//! sketches that only whylogs can merge and query: they are recognised, and a note says how to
//! write their summary. Format: whylogs 1.x.

mod drift;
mod summary;

use super::findings::Findings;
use super::{Content, DocumentImporter, layout};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Check, CheckStatus, Datum, Document};

/// Files of whylogs.
pub(crate) struct Whylogs;

/// What tool the records name.
const TOOL: &str = "whylogs";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Drift,
    Constraints,
    Summary,
    Visual,
    Profile,
}

impl DocumentImporter for Whylogs {
    fn kind(&self) -> &'static str {
        TOOL
    }

    fn wants(&self, name: &str) -> bool {
        layout::is_textual(name) || name.ends_with(".bin")
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        shape(content).is_some()
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut findings = Findings::new(&content.file.path);
        let mut document = Document::default();
        let json = content.json();
        match (shape(content), json) {
            (Some(Shape::Drift), Some(value)) => document.drift.push(drift::read(value, content, &mut findings)),
            (Some(Shape::Constraints), Some(value)) => constraints(value, content, &mut document, &mut findings),
            (Some(Shape::Summary), Some(value)) => summary::read_json(value, content, &mut document, &mut findings),
            (Some(Shape::Visual), Some(value)) => summary::read_visual(value, content, &mut document, &mut findings),
            (Some(Shape::Summary), None) => summary::read_table(content, &mut document, &mut findings),
            (Some(Shape::Profile), _) => findings.push(
                Diagnostic::new(Code::FormatVersion, "this is a binary whylogs profile: its sketches are not read")
                    .severity(Severity::Note)
                    .help("write its numbers beside it: json.dump(profile.view().to_pandas().T.to_dict(), …), or drift scores and constraint reports as JSON"),
                "",
            ),
            _ => {}
        }
        document.standalone = document.speaks_of_a_run();
        document.problems = findings.finish();
        document
    }
}

fn shape(content: &Content<'_>) -> Option<Shape> {
    if content.ends_in(&["bin"]) {
        // The mark of whylogs files; older ones begin with a protobuf message and are left alone.
        return content.file.bytes.starts_with(b"WHY1").then_some(Shape::Profile);
    }
    if let Some(table) = content.table() {
        let has = |name: &str| table.columns.iter().any(|c| c == name);
        return (has("column") && (has("counts/n") || has("types/integral"))).then_some(Shape::Summary);
    }
    let value = content.json()?;
    if let Some(items) = value.items() {
        let report = |item: &Datum| {
            let Some([Datum::Text(_), Datum::Int(_), Datum::Int(_), rest @ ..]) = item.items() else { return false };
            rest.is_empty()
                || (rest.len() == 1 && rest.iter().all(|r| matches!(r, Datum::Null) || r.get("metric").is_some()))
        };
        let named = content.file.name().to_ascii_lowercase().contains("constraint");
        let summed = items
            .iter()
            .any(|i| i.items().is_some_and(|i| i.len() == 4 && i.iter().any(|c| c.get("metric").is_some())));
        return (!items.is_empty() && items.iter().all(report) && (named || summed)).then_some(Shape::Constraints);
    }
    let entries = value.entries()?;
    let all = |wanted: fn(&Datum) -> bool| {
        entries.iter().any(|(_, v)| wanted(v)) && entries.iter().all(|(_, v)| matches!(v, Datum::Null) || wanted(v))
    };
    if all(|v| v.get("algorithm").is_some() && v.get("drift_category").is_some()) {
        return Some(Shape::Drift);
    }
    if all(|v| v.get("counts/n").is_some() || v.get("types/integral").is_some()) {
        return Some(Shape::Summary);
    }
    let columns = value.get("columns")?.entries()?;
    (!columns.is_empty()
        && columns.iter().all(|(_, c)| c.get("featureStats").is_some() && c.get("isDiscrete").is_some()))
    .then_some(Shape::Visual)
}

/// `Constraints.report()`: name, times passed, times failed, and the metrics it looked at.
fn constraints(value: &Datum, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    let stem = content.stem();
    let suite = format!("{TOOL}: {}", stem.strip_suffix(".constraints").unwrap_or(stem));
    for (index, item) in value.items().unwrap_or_default().iter().enumerate() {
        let Some([name, passed, failed, rest @ ..]) = item.items() else { continue };
        let status = match (passed, failed) {
            (Datum::Int(1..), Datum::Int(0)) => CheckStatus::Pass,
            (Datum::Int(0..), Datum::Int(1..)) => CheckStatus::Fail,
            _ => CheckStatus::Error,
        };
        let place = findings.place(format!("/{index}"));
        if status == CheckStatus::Error {
            findings.add(Code::FieldInvalid, "a constraint neither passed nor failed", &place.pointer);
        }
        let summary = rest.first().map(Datum::display).unwrap_or_default();
        document.checks.push(Check {
            id: format!("{}#{index}", content.file.path),
            run: None,
            suite: suite.clone(),
            name: name.display(),
            status,
            message: visible(&summary, 2000),
            source: place,
        });
    }
}
