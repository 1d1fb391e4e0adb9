//! TensorFlow Data Validation: anomalies and statistics, as protobuf JSON or in the text format.
//!
//! In: `Anomalies` or `DatasetFeatureStatisticsList` messages (tensorflow/metadata,
//! `proto/v0/anomalies.proto` and `statistics.proto`), as `MessageToJson` or `write_anomalies_text`
//! and `write_stats_text` write them; a `Schema` is recognised and says nothing. Out: for anomalies
//! checks and drift reports (drift and skew apart), for statistics a result for each number of each
//! feature. Binary messages and TFRecords are not read. Anomalies of a clean dataset are one passed
//! check, so that a gate can ask for it.

mod anomalies;
mod message;
mod statistics;

use super::findings::Findings;
use super::{Content, DocumentImporter, layout};
use crate::diag::{Code, Diagnostic};
use crate::model::{Datum, Document};
use message::{entries, field};

/// Files of TFDV.
pub(crate) struct Tfdv;

/// What tool the records name.
const TOOL: &str = "tfdv";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Anomalies,
    Statistics,
    Schema,
}

impl DocumentImporter for Tfdv {
    fn kind(&self) -> &'static str {
        TOOL
    }

    fn wants(&self, name: &str) -> bool {
        layout::is_textual(name) || [".pbtxt", ".textproto", ".prototxt"].iter().any(|e| name.ends_with(e))
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if is_text(content) {
            // A damaged file is recognised by what stands at its beginning.
            let bytes = &content.file.bytes;
            let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or_default());
            let first = start.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default();
            let name: String = first.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            return match name.as_str() {
                "anomaly_info" | "drift_skew_info" | "anomaly_name_format" | "baseline" | "dataset_anomaly_info" => {
                    true
                }
                "datasets" => start.contains("num_examples") || start.contains("_stats"),
                "feature" => start.contains("presence") || start.contains("type:"),
                _ => false,
            };
        }
        content.json().and_then(shape).is_some()
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut findings = Findings::new(&content.file.path);
        let mut document = Document::default();
        let parsed;
        let value = if is_text(content) {
            match super::textproto::parse(&String::from_utf8_lossy(&content.file.bytes)) {
                Ok(value) => {
                    parsed = value;
                    Some(&parsed)
                }
                Err((line, problem)) => {
                    let text = format!("the text protobuf cannot be read: {problem}");
                    findings.push(
                        Diagnostic::new(Code::TextprotoSyntax, text)
                            .at_line(line, 1)
                            .help("was the file written completely? write it to a temporary name and rename it"),
                        "",
                    );
                    None
                }
            }
        } else {
            content.json()
        };
        if let Some(value) = value {
            match shape(value) {
                Some(Shape::Anomalies) => anomalies::read(value, content, &mut document, &mut findings),
                Some(Shape::Statistics) => statistics::read(value, content, &mut document, &mut findings),
                Some(Shape::Schema) | None => {}
            }
        }
        document.standalone = document.speaks_of_a_run();
        document.problems = findings.finish();
        document
    }
}

fn is_text(content: &Content<'_>) -> bool {
    content.ends_in(&["pbtxt", "textproto", "prototxt"])
}

/// What a message is, by its fields.
fn shape(value: &Datum) -> Option<Shape> {
    let is = |key: &str| field(value, key);
    if is("anomalyInfo").is_some_and(|v| v.entries().is_some() || v.items().is_some())
        || is("driftSkewInfo").is_some()
        || is("datasetAnomalyInfo").is_some()
        || is("anomalyNameFormat").is_some_and(|v| v.as_str().is_some())
    {
        return Some(Shape::Anomalies);
    }
    let any =
        |list: &str, keys: &[&str]| entries(value, list).any(|item| keys.iter().any(|k| field(item, k).is_some()));
    if any("datasets", &["numExamples", "features"])
        && entries(value, "datasets").all(|d| {
            entries(d, "features").all(|f| {
                ["numStats", "stringStats", "bytesStats", "structStats", "customStats", "path"]
                    .iter()
                    .any(|k| field(f, k).is_some())
            })
        })
    {
        return Some(Shape::Statistics);
    }
    let schema = ["presence", "shape", "valueCount", "driftComparator", "skewComparator", "domain"];
    (any("feature", &["name"]) && any("feature", &schema)).then_some(Shape::Schema)
}
