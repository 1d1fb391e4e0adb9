//! The policy that is being written: rules with their keys, what they need, and what is left out.
//!
//! In: what the readers of the tools' files say. Out: TOML text in a fixed order. Names and numbers are written by the
//! toml crate; what people wrote goes into comments only after control characters are made visible.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use toml::Value;

use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Catalogue, Direction};
use crate::source::FileData;

/// The baseline that comparisons are made with.
pub(super) const BASELINE: &str = "champion";

/// A rule that is being written.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    id: String,
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

    /// The same on a slicing; on the whole dataset when that is empty.
    pub(super) fn clone_for(&self, slicing: &str) -> Self {
        let rule = self.clone();
        if slicing.is_empty() { rule } else { rule.key("slices", Value::Array(vec![Value::from(slicing)])) }
    }

    /// With a line for people above it.
    pub(super) fn comment(mut self, line: impl AsRef<str>) -> Self {
        self.comments.push(visible(line.as_ref(), 200));
        self
    }
}

/// A policy that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    path: String,
    rules: Vec<Rule>,
    ids: BTreeSet<String>,
    metrics: BTreeMap<String, Direction>,
    catalogue: Catalogue,
    pub(super) left: Vec<Diagnostic>,
}

impl Draft {
    pub(super) fn new(file: &FileData) -> Self {
        Self {
            path: file.path.clone(),
            rules: Vec::new(),
            ids: BTreeSet::new(),
            metrics: BTreeMap::new(),
            catalogue: Catalogue::built_in(),
            left: Vec::new(),
        }
    }

    /// How many rules there are.
    pub(super) fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Adds a rule; an id that is taken gets a number.
    pub(super) fn push(&mut self, mut rule: Rule) {
        let wanted = rule.id.clone();
        let mut n = 1;
        while !self.ids.insert(rule.id.clone()) {
            n += 1;
            rule.id = format!("{wanted}-{n}");
        }
        self.rules.push(rule);
    }

    /// Whether a metric's name can stand in a policy; else it is left out.
    pub(super) fn usable(&mut self, metric: &str, pointer: &str) -> bool {
        let fine = !metric.trim().is_empty() && metric.len() <= 200 && !metric.chars().any(char::is_control);
        if !fine {
            self.leave(pointer, format!("the metric's name '{}' cannot be used", visible(metric, 80)));
        }
        fine
    }

    /// Which way a metric is better. Two ways at once are none: its rules are then left out.
    pub(super) fn direct(&mut self, metric: &str, direction: Direction, pointer: &str) -> bool {
        let known = *self.metrics.entry(metric.to_owned()).or_insert(direction);
        if known != direction {
            self.leave(pointer, format!("'{}' is better both ways: higher and lower", visible(metric, 80)));
        }
        known == direction
    }

    /// Something that has no equal.
    pub(super) fn leave(&mut self, pointer: &str, message: impl Into<String>) {
        self.left.push(
            Diagnostic::new(Code::PolicyImport, message.into())
                .severity(crate::diag::Severity::Warning)
                .at(self.path.clone())
                .pointer(pointer)
                .help("write the rule by hand; docs/gate/policy.md has the language"),
        );
    }

    /// Something that demands nothing and is only told.
    pub(super) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        let note = Diagnostic::new(Code::PolicyImport, message.into());
        self.left.push(note.severity(crate::diag::Severity::Note).at(self.path.clone()).pointer(pointer));
    }

    /// The text of the configuration.
    pub(super) fn text(&self, kind: &str, about: &str) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let w = &mut out;
        let _ = writeln!(w, "# Made of {} ({kind}: {about}) by presscheck import-policy.", visible(&self.path, 200));
        let _ = writeln!(w, "# Look through it: `presscheck policy show` says it in plain English.");
        let _ = writeln!(w, "schema = 1");
        let of = |metric: &str| self.catalogue.get(self.catalogue.canonical(metric)).and_then(|d| d.direction);
        for (metric, direction) in &self.metrics {
            if of(metric) != Some(*direction) {
                let word = if *direction == Direction::Lower { "lower" } else { "higher" };
                let _ = writeln!(w, "\n[metrics.{}]\ndirection = \"{word}\"", Value::from(metric.as_str()));
            }
        }
        if self.rules.iter().any(|r| r.keys.iter().any(|(key, _)| *key == "baseline")) {
            let _ = writeln!(w, "\n[baseline.{BASELINE}]              # the version to compare with");
            let _ = writeln!(w, "select = \"alias:{BASELINE}\"");
        }
        for rule in &self.rules {
            out.push('\n');
            for line in &rule.comments {
                let _ = writeln!(out, "# {line}");
            }
            let _ = writeln!(out, "[[rule]]\nid = {}\ncheck = \"{}\"", Value::from(rule.id.as_str()), rule.check);
            for (key, value) in &rule.keys {
                let _ = writeln!(out, "{key} = {value}");
            }
        }
        if !self.left.is_empty() {
            let _ = writeln!(out, "\n# Not translated:");
        }
        for problem in &self.left {
            let place = problem.pointer.as_deref().unwrap_or_default();
            let _ = writeln!(out, "#   {}: {}", visible(place, 200), visible(&problem.message, 300));
        }
        out
    }
}
