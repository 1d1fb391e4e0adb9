//! Prometheus: answers of its HTTP API as JSON, and text exposition.
//!
//! In: a file; the answers of a live server come as files too (`remote/prometheus.rs`). Out: a run of its
//! own, or values for the run directory the file lies in:
//! - each monitoring series is a [`Series`](crate::model::Series) with its times, named as a selector
//!   (`drift_score{feature="age"}`); a gap is a missing point and stays one;
//! - its last value is a result: the metric's name, the labels as its slice;
//! - alerts and alerting rules become checks.
//!
//! Sample values are numbers written as text, by the format's own rule. A series that has two values
//! at one time is rejected, and an answer that is an error is a problem: nothing is guessed.

mod api;
mod samples;
#[cfg(test)]
mod tests;
mod text;
mod token;

use super::{Content, DocumentImporter};
use crate::model::Document;

/// The tool, as results name it; neither format says its version.
const TOOL: &str = "prometheus";

/// Answers of Prometheus and text exposition.
pub(crate) struct Prometheus;

impl DocumentImporter for Prometheus {
    fn kind(&self) -> &'static str {
        TOOL
    }

    /// Of plain text files only those that say so: a log must not be read to see what it is.
    fn wants(&self, name: &str) -> bool {
        let says_so = ["metrics", "prom", "federate", "exposition"].iter().any(|word| name.contains(word));
        name.ends_with(".json") || is_exposition(name) || (name.ends_with(".txt") && says_so)
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let name = content.file.name().to_ascii_lowercase();
        if is_exposition(&name) || name.ends_with(".txt") {
            return text::sniff(&content.file.bytes, is_exposition(&name));
        }
        content.json().is_some_and(|value| api::shape(value).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        match content.json_document() {
            Some(Ok(json)) => api::read(json, content.file),
            Some(Err(_)) => Document::default(),
            None => text::read(content),
        }
    }
}

/// Whether a file's name (lower case) is one that only exposition has.
fn is_exposition(name: &str) -> bool {
    [".prom", ".om", ".openmetrics"].iter().any(|ending| name.ends_with(ending))
}
