//! Where the values of a policy stand, and what they are after defaults.
//!
//! In: the policy as typed, and a rule after validation. Out: the line of each key, and for a rule every effective
//! value with the place that it came from. What is not written anywhere is said to be built in.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use toml::Spanned;

use super::raw::{RawEntry, RawValue};
use super::{Policy, RawPolicy, Rule};
use crate::diag::line_column;
use crate::gate::verdict::RuleKind;

/// The lines of keys by key.
type Lines = BTreeMap<String, u32>;

/// Where the keys of a policy stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Keys of `[defaults]`, by file.
    defaults: BTreeMap<String, Lines>,
    /// Keys of rules, by id.
    rules: BTreeMap<String, Lines>,
}

impl Places {
    /// The places in a file.
    pub(super) fn of(raw: &RawPolicy, file: &str, text: &str) -> Self {
        let lines = |entries: &[RawEntry]| -> Lines {
            entries.iter().map(|e| (e.key.clone(), line_column(text, e.at.start).0)).collect()
        };
        let id = |entries: &[RawEntry]| {
            entries.iter().find(|e| e.key == "id").and_then(|e| match e.value.get_ref() {
                RawValue::Text(id) => Some(id.clone()),
                _ => None,
            })
        };
        let defaults = raw.defaults.as_ref().map(|d| lines(&d.get_ref().0)).unwrap_or_default();
        let rules = raw.rules.iter().map(Spanned::get_ref).filter_map(|r| Some((id(&r.0)?, lines(&r.0)))).collect();
        Self { defaults: BTreeMap::from([(file.to_owned(), defaults)]), rules }
    }

    /// With the places of what is inherited; a rule of one's own hides the one that it replaces.
    pub(super) fn above(mut self, inherited: Self) -> Self {
        for (file, lines) in inherited.defaults {
            self.defaults.entry(file).or_insert(lines);
        }
        for (id, lines) in inherited.rules {
            self.rules.entry(id).or_insert(lines);
        }
        self
    }
}

/// An effective value of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    /// The key, as in the policy; of inner tables with dots.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Where it came from: `FILE:LINE`, `FILE:LINE [defaults]`, `[metrics.NAME]` or `built in`.
    pub from: String,
}

/// Every effective value of a rule.
pub fn resolved(policy: &Policy, rule: &Rule) -> Vec<Resolved> {
    let mut flat: Vec<(Vec<String>, Value)> = Vec::new();
    flatten(&mut Vec::new(), serde_json::to_value(rule).unwrap_or_default(), &mut flat);
    let mut out: Vec<Resolved> = Vec::new();
    for (path, value) in flat {
        let Some((key, of_metric)) = key_of(&path, rule) else { continue };
        let first = key.split('.').next().unwrap_or_default().to_owned();
        let line = policy.places.rules.get(&rule.id).and_then(|lines| lines.get(&first));
        let from = match (line, of_metric) {
            (_, true) => format!("[metrics.{}]", rule.measured().map(|m| m.metric.as_str()).unwrap_or_default()),
            (Some(line), _) => format!("{}:{line}", rule.span.file),
            (None, _) => match policy.places.defaults.get(&rule.span.file).and_then(|lines| lines.get(&first)) {
                Some(line) => format!("{}:{line} [defaults]", rule.span.file),
                None => "built in".to_owned(),
            },
        };
        out.push(Resolved { key, value, from });
    }
    out
}

fn flatten(path: &mut Vec<String>, value: Value, out: &mut Vec<(Vec<String>, Value)>) {
    match value {
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                path.push(key);
                flatten(path, value, out);
                path.pop();
            }
        }
        value => out.push((path.clone(), value)),
    }
}

/// What the catalogue says of a metric, not the rule.
const OF_METRIC: &[&str] =
    &["names", "direction", "target", "unit", "range", "proportion", "stderr", "counted_by", "examples"];

/// The policy's key for a place in the rule, and whether the catalogue gives it; nothing for what is no key.
fn key_of(path: &[String], rule: &Rule) -> Option<(String, bool)> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let measured = rule.measured().is_some();
    let inner = match parts.as_slice() {
        ["id"] => return None,
        // A card has nothing that these keys speak of.
        ["on", _] if rule.kind() == RuleKind::Card => return None,
        ["on", name] => return Some((format!("on_{name}"), false)),
        ["demand", _, "of", rest @ ..] if measured => rest,
        ["demand", _, rest @ ..] => rest,
        rest => rest,
    };
    let key = match inner {
        ["bounds"] => return Some((bounds_key(rule), false)),
        [first, ..] if measured && OF_METRIC.contains(first) => return Some((inner.join("."), true)),
        ["relative", rest @ ..] | ["slices", rest @ ..] if rest != ["patterns"] => rest.join("."),
        ["slices", "patterns"] => "slices".to_owned(),
        ["proof", "mode"] => "evidence".to_owned(),
        ["proof", rest @ ..] => rest.join("."),
        ["repeats", rest @ ..] => format!("runs.{}", rest.join(".")),
        ["forbid_placeholders"] => "placeholders".to_owned(),
        ["newer_than_model"] => "newer_than".to_owned(),
        [word @ ("error" | "skipped" | "warning")] if rule.kind() == RuleKind::Tests => format!("treat.{word}"),
        rest => rest.join("."),
    };
    Some((key, false))
}

/// The key of the first bound: all of them are listed as one.
fn bounds_key(rule: &Rule) -> String {
    use super::Bound;
    let first = rule.measured().and_then(|m| m.bounds.first());
    match first {
        Some(Bound::Min(_)) => "min",
        Some(Bound::Max(_)) => "max",
        Some(Bound::Above(_)) => "above",
        Some(Bound::Below(_)) => "below",
        Some(Bound::Equals { .. }) => "equals",
        Some(Bound::Within(..)) => "within",
        Some(Bound::MaxDeviation(_)) => "max_deviation",
        None => "bounds",
    }
    .to_owned()
}
