//! The policy that is being written: rules with their keys, what they need, and what is left out.
//!
//! In: what the readers of the tools' files say. Out: TOML text in a fixed order. Names and numbers are written by the
//! toml crate; what people wrote goes into comments only after control characters are made visible. A rule that the
//! gate would refuse is not written but left out, with the gate's reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use toml::Value;

use super::rule::{BASELINE, Rule};
use crate::config::Config;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::json::push_token;
use crate::model::{Catalogue, Direction};
use crate::source::FileData;

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

    /// Adds a rule; an id that is taken gets a number. What the gate would refuse is left out.
    pub(super) fn push(&mut self, mut rule: Rule, pointer: &str) {
        if let Err(why) = self.refusal(&rule) {
            self.leave(pointer, why);
            return;
        }
        let wanted = rule.id.clone();
        let mut n = 1;
        while !self.ids.insert(rule.id.clone()) {
            n += 1;
            rule.id = format!("{wanted}-{n}");
        }
        self.rules.push(rule);
    }

    /// Adds a rule that repeats what another one judges already: where the gate would refuse it, nothing is lost.
    pub(super) fn offer(&mut self, rule: Rule, pointer: &str) {
        match self.refusal(&rule) {
            Ok(()) => self.push(rule, pointer),
            Err(why) => self.note(pointer, format!("{why}; the test's own status is judged")),
        }
    }

    /// Why the gate would not take a rule.
    fn refusal(&self, rule: &Rule) -> Result<(), String> {
        let mut text = String::from("schema = 1\n");
        self.needs(std::slice::from_ref(rule), &mut text);
        text.push_str(&rule.text());
        Config::parse(&text, "presscheck.toml", "imported").map(|_| ()).map_err(|problems| {
            let first = problems.first();
            let why = first.map_or("the rule is refused", |p| p.message.as_str());
            let help = first.and_then(|p| p.help.as_deref()).map(|h| format!(" ({h})")).unwrap_or_default();
            format!("{}: {why}{help}", visible(&rule.id, 80))
        })
    }

    /// Whether a metric's name can stand in a policy; else it is left out.
    pub(super) fn usable(&mut self, metric: &str, pointer: &str) -> bool {
        let fine = !metric.trim().is_empty() && metric.len() <= 200 && !metric.chars().any(char::is_control);
        if !fine {
            self.leave(pointer, format!("the metric's name '{}' cannot be used", visible(metric, 80)));
        }
        fine
    }

    /// Says which way a metric is better, whatever the catalogue says.
    pub(super) fn direct(&mut self, metric: &str, direction: Direction, pointer: &str) {
        let said = self.catalogue.direction(metric);
        if said.is_some_and(|d| d != direction) && self.metrics.get(metric) != Some(&direction) {
            self.note(pointer, format!("'{}' is better the other way than usual", visible(metric, 80)));
        }
        self.metrics.insert(metric.to_owned(), direction);
    }

    /// Which way a metric is better; where nobody said, the one that is given here.
    pub(super) fn direction_or(&mut self, metric: &str, otherwise: Direction) -> Direction {
        let ordered = |d: &Direction| matches!(d, Direction::Higher | Direction::Lower);
        let said = self.metrics.get(metric).copied().or_else(|| self.catalogue.direction(metric)).filter(ordered);
        said.unwrap_or_else(|| {
            self.metrics.insert(metric.to_owned(), otherwise);
            otherwise
        })
    }

    /// A demand that has no equal.
    pub(super) fn leave(&mut self, pointer: &str, message: impl Into<String>) {
        self.tell(
            Severity::Warning,
            pointer,
            message.into(),
            "write the rule by hand; docs/gate/policy.md has the language",
        );
    }

    /// What differs without letting more pass, or demands nothing.
    pub(super) fn note(&mut self, pointer: &str, message: impl Into<String>) {
        self.tell(Severity::Note, pointer, message.into(), "");
    }

    fn tell(&mut self, severity: Severity, pointer: &str, message: String, help: &str) {
        let found = Diagnostic::new(Code::PolicyImport, message).severity(severity);
        let found = found.at(self.path.clone()).pointer(pointer);
        let found = if help.is_empty() { found } else { found.help(help) };
        if !self.left.contains(&found) {
            self.left.push(found);
        }
    }

    /// The entries of the catalogue and the baseline that rules need.
    fn needs(&self, rules: &[Rule], out: &mut String) {
        let named: BTreeSet<&str> = rules.iter().filter_map(Rule::metric).collect();
        let said = |metric: &str| self.metrics.get(metric).copied();
        let turned = |metric: &str| said(metric).is_some_and(|d| self.catalogue.direction(metric) != Some(d));
        // An alias of a metric that is turned round here would be turned with it.
        let drawn = |metric: &str| {
            let one = self.catalogue.canonical(metric);
            one != metric && turned(one)
        };
        for metric in named {
            let direction = match said(metric) {
                Some(direction) if turned(metric) || drawn(metric) => direction,
                None if drawn(metric) => self.catalogue.direction(metric).unwrap_or(Direction::None),
                _ => continue,
            };
            let word = match direction {
                Direction::Higher => "higher",
                Direction::Lower => "lower",
                Direction::Target | Direction::None => "none",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "\n[metrics.{}]\ndirection = \"{word}\"", key(metric));
        }
        if rules.iter().any(Rule::compares) {
            let _ = writeln!(out, "\n[baseline.{BASELINE}]              # the version to compare with");
            let _ = writeln!(out, "select = \"alias:{BASELINE}\"");
        }
    }

    /// The text of the configuration.
    pub(super) fn text(&self, kind: &str, about: &str) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let w = &mut out;
        let _ = writeln!(w, "# Made of {} ({kind}: {about}) by presscheck import-policy.", visible(&self.path, 200));
        let _ = writeln!(w, "# Look through it: `presscheck policy show` says it in plain English.");
        let _ = writeln!(w, "schema = 1");
        self.needs(&self.rules, w);
        for rule in &self.rules {
            out.push('\n');
            out.push_str(&rule.text());
        }
        let told = |severity: Severity| self.left.iter().filter(move |p| p.severity == severity);
        for (severity, title) in [(Severity::Warning, "Not translated:"), (Severity::Note, "Not quite the same:")] {
            if told(severity).next().is_some() {
                let _ = writeln!(out, "\n# {title}");
            }
            for problem in told(severity) {
                let place = problem.pointer.as_deref().unwrap_or_default();
                let _ = writeln!(out, "#   {}: {}", visible(place, 200), visible(&problem.message, 400));
            }
        }
        out
    }

    /// Says so when nothing blocks.
    pub(super) fn finish(&mut self) {
        if !self.rules.is_empty() && !self.rules.iter().any(Rule::blocks) {
            self.note("", "no rule blocks, as nothing did before: the gate then ends with 5");
        }
    }
}

/// A key of a table as the toml crate quotes it.
fn key(text: &str) -> String {
    let table: toml::Table = [(text.to_owned(), Value::Integer(0))].into_iter().collect();
    let line = table.to_string();
    line.trim_end().strip_suffix(" = 0").unwrap_or_default().to_owned()
}

/// A pointer with one more token.
pub(super) fn below(pointer: &str, token: &str) -> String {
    let mut out = pointer.to_owned();
    push_token(&mut out, token);
    out
}
