//! One rule of the policy that is being written.
//!
//! In: a kind, what it is about, and keys with their values. Out: its TOML table, with comments above it.

use std::fmt::Write;

use toml::Value;

use crate::diag::visible;
use crate::model::Slice;

/// The baseline that comparisons are made with.
pub(super) const BASELINE: &str = "champion";

/// A rule that is being written.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    check: &'static str,
    comments: Vec<String>,
    keys: Vec<(&'static str, Value)>,
}

impl Rule {
    /// A rule of a kind, named after what it is about.
    pub(super) fn new(check: &'static str, about: &str, suffix: &str) -> Self {
        let mut id: String = about
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(60)
            .collect();
        while id.contains("--") {
            id = id.replace("--", "-");
        }
        let id = id.trim_matches('-');
        let id = if id.is_empty() { suffix.to_owned() } else { format!("{id}-{suffix}") };
        Self { id, check, comments: Vec::new(), keys: Vec::new() }
    }

    /// A rule on a metric.
    pub(super) fn on(metric: &str, suffix: &str) -> Self {
        Self::new("metric", metric, suffix).key("metric", metric)
    }

    /// A comparison of a metric with the baseline.
    pub(super) fn compared(metric: &str, suffix: &str) -> Self {
        Self::on(metric, suffix).key("baseline", BASELINE)
    }

    /// With a key.
    pub(super) fn key(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.keys.push((key, value.into()));
        self
    }

    /// With a table of numbers, for allowances.
    pub(super) fn amounts(self, key: &'static str, amounts: &[(&str, f64)]) -> Self {
        let table: toml::Table = amounts.iter().map(|(k, v)| ((*k).to_owned(), Value::Float(*v))).collect();
        self.key(key, table)
    }

    /// On slices; one that is named must be there.
    pub(super) fn slices(self, pattern: &str) -> Self {
        let key = if pattern.contains('*') { "slices" } else { "require" };
        self.key(key, Value::Array(vec![Value::from(pattern)]))
    }

    /// With a line for people above it.
    pub(super) fn comment(mut self, line: impl AsRef<str>) -> Self {
        self.comments.push(visible(line.as_ref(), 200));
        self
    }

    /// The metric that it is on.
    pub(super) fn metric(&self) -> Option<&str> {
        self.value("metric")?.as_str()
    }

    /// Whether it compares with the baseline.
    pub(super) fn compares(&self) -> bool {
        self.value("baseline").is_some()
    }

    /// Whether it blocks.
    pub(super) fn blocks(&self) -> bool {
        self.value("severity").is_none()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.keys.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The table.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.comments {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "[[rule]]\nid = {}\ncheck = \"{}\"", Value::from(self.id.as_str()), self.check);
        for (key, value) in &self.keys {
            let _ = writeln!(out, "{key} = {value}");
        }
        out
    }
}

/// A slice as it stands in a rule; nothing when its names or values cannot be written there.
pub(super) fn written(slice: &Slice) -> Option<String> {
    let text = slice.to_string();
    let fine = !slice.is_overall() && !text.contains('*') && !slice.0.values().any(String::is_empty);
    (fine && Slice::parse(&text) == *slice).then_some(text)
}
