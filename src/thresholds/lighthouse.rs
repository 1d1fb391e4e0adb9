//! Assertions in the style of Lighthouse CI: `lighthouserc.json`, `.yml`, or the same by metric.
//!
//! In: `ci.assert.assertions`: a level, or a level with `minScore`, `maxLength` or `maxNumericValue`, and an
//! `aggregationMethod`. Out: a rule for each of them, as `packages/utils/src/assertions.js` judges: a bound may be
//! reached, an assertion without any demands a score of 0.9, `error` blocks and `warn` warns.

use super::draft::{Draft, below};
use super::rule::Rule;
use super::{Format, number};
use crate::diag::visible;
use crate::model::{Datum, Direction};
use crate::source::FileData;
use toml::Value;

pub(super) struct Assertions;

/// The score that Lighthouse CI demands when nothing else is.
const SCORE: f64 = 0.9;

/// The bounds: key, whether it is a lower one, and what it is called when a metric has several.
const BOUNDS: &[(&str, bool, &str)] =
    &[("minScore", true, "score"), ("maxLength", false, "length"), ("maxNumericValue", false, "numericValue")];

impl Format for Assertions {
    fn kind(&self) -> &'static str {
        "lighthouse"
    }

    fn about(&self) -> &'static str {
        "assertions of Lighthouse CI, JSON or YAML"
    }

    fn sniff(&self, document: &Datum) -> bool {
        assert_of(document).is_some()
    }

    fn read(&self, document: &Datum, _: &FileData, draft: &mut Draft) {
        let Some((assert, at)) = assert_of(document) else { return };
        if let Some(ci) = document.get("ci") {
            if let Some(other) = ci.get("extends").filter(|v| **v != Datum::Null) {
                draft.leave(
                    "/ci/extends",
                    format!("the assertions of '{}' are not read", visible(&other.display(), 80)),
                );
            }
            let pages = ci.get("collect").and_then(|c| c.get("url")).and_then(Datum::items).map_or(0, <[_]>::len);
            if pages > 1 {
                let why = format!("each of {pages} addresses had to hold; the rules look at the whole: add slices");
                draft.leave("/ci/collect/url", why);
            }
        }
        block(assert, at, draft);
        match assert.get("assertMatrix") {
            None | Some(Datum::Null) => {}
            Some(Datum::List(parts)) => {
                for (i, part) in parts.iter().enumerate() {
                    let at = format!("{at}/assertMatrix/{i}");
                    if let Some(pattern) = part.get("matchingUrlPattern").filter(|p| p.as_str() != Some(".*")) {
                        draft.leave(
                            &below(&at, "matchingUrlPattern"),
                            format!(
                                "'{}' chooses pages by address: these rules hold for all models; add models or slices",
                                visible(&pattern.display(), 80)
                            ),
                        );
                    }
                    block(part, &at, draft);
                }
            }
            Some(other) => draft.leave(&below(at, "assertMatrix"), format!("a list is due, not {}", other.kind())),
        }
    }
}

/// The part with the assertions, and where it stands.
fn assert_of(document: &Datum) -> Option<(&Datum, &'static str)> {
    let has =
        |d: &&Datum| d.get("assertions").is_some() || d.get("assertMatrix").is_some() || d.get("preset").is_some();
    let nested = document.get("ci").and_then(|ci| ci.get("assert"));
    nested.filter(has).map(|d| (d, "/ci/assert")).or_else(|| has(&document).then_some((document, "")))
}

fn block(assert: &Datum, at: &str, draft: &mut Draft) {
    for (key, what) in [
        ("preset", "its assertions are part of Lighthouse, not of this file"),
        ("budgetsFile", "budgets are in a file of their own"),
    ] {
        if let Some(value) = assert.get(key).filter(|v| !matches!(v, Datum::Null | Datum::Bool(false))) {
            draft.leave(&below(at, key), format!("{key} = {}: {what}", visible(&value.display(), 80)));
        }
    }
    let method = assert.get("aggregationMethod").filter(|m| **m != Datum::Null);
    let found = assert.get("assertions").filter(|a| **a != Datum::Null);
    if let Some(other) = found.filter(|a| a.entries().is_none()) {
        draft.leave(&below(at, "assertions"), format!("assertions by name are due, not {}", other.kind()));
    }
    for (metric, assertion) in found.and_then(Datum::entries).unwrap_or_default() {
        let at = below(&below(at, "assertions"), metric);
        if draft.usable(metric, &at) {
            one(metric, assertion, method, &at, draft);
        }
    }
}

/// The level and the options of an assertion.
fn parts(assertion: &Datum) -> Option<(&str, &Datum)> {
    match assertion {
        Datum::Text(level) => Some((level.as_str(), &Datum::Null)),
        Datum::List(items) => match items.as_slice() {
            [Datum::Text(level)] => Some((level.as_str(), &Datum::Null)),
            [Datum::Text(level), options @ (Datum::Map(_) | Datum::Null)] => Some((level.as_str(), options)),
            _ => None,
        },
        // YAML 1.1 reads the word off as false.
        Datum::Null | Datum::Bool(false) => Some(("off", &Datum::Null)),
        _ => None,
    }
}

fn one(metric: &str, assertion: &Datum, method: Option<&Datum>, at: &str, draft: &mut Draft) {
    let Some((level, options)) = parts(assertion) else {
        draft.leave(at, "the assertion is neither a level nor a level with options");
        return;
    };
    let severity = match level {
        "error" => "block",
        "warn" => "warn",
        "off" => {
            draft.note(at, format!("'{}' is off", visible(metric, 80)));
            return;
        }
        other => {
            draft.leave(at, format!("'{}' is no level", visible(other, 40)));
            return;
        }
    };
    let options_at = below(at, "1");
    let known = |key: &str| key == "aggregationMethod" || BOUNDS.iter().any(|(k, ..)| *k == key);
    for (key, _) in options.entries().unwrap_or_default().iter().filter(|(key, _)| !known(key)) {
        draft.leave(&below(&options_at, key), format!("'{}' has no equal", visible(key, 60)));
    }
    let mut bounds: Vec<(bool, &str, f64)> = Vec::new();
    for (key, lower, what) in BOUNDS {
        match options.get(key).map(number) {
            None => {}
            Some(Some(bound)) => bounds.push((*lower, what, bound)),
            Some(None) => {
                draft.leave(&below(&options_at, key), format!("{key} of '{}' is no number", visible(metric, 80)));
                return;
            }
        }
    }
    if bounds.is_empty() {
        bounds.push((true, "score", SCORE));
    }
    let several = bounds.len() > 1;
    if several {
        draft.note(at, format!("'{}' has several quantities, each a metric of its own", visible(metric, 80)));
    }
    let method = options.get("aggregationMethod").filter(|m| **m != Datum::Null).or(method);
    for (lower, what, bound) in bounds {
        let name = if several { format!("{metric}.{what}") } else { metric.to_owned() };
        let (key, suffix) = if lower { ("min", "floor") } else { ("max", "ceiling") };
        let mut rule = Rule::on(&name, suffix).key(key, bound);
        if severity != "block" {
            rule = rule.key("severity", severity);
        }
        // A bound does not turn round what everybody knows of a metric.
        let usual = if lower { Direction::Higher } else { Direction::Lower };
        let same_way = draft.direction_or(&name, usual) == usual;
        let runs = |word: &str| {
            let table: toml::Table =
                [("min".to_owned(), Value::Integer(2)), ("aggregate".to_owned(), Value::from(word))]
                    .into_iter()
                    .collect();
            table
        };
        rule = match method.map(|m| m.as_str().unwrap_or_default()) {
            Some("median") => rule.key("runs", runs("median")),
            Some("pessimistic") if same_way => {
                draft.note(at, "a run that lacks the metric failed the assertion; here it is one run fewer");
                rule.key("runs", runs("worst"))
            }
            Some("pessimistic") => {
                draft.leave(at, "the worst run of a bound in the good direction has no equal: one run is judged");
                rule
            }
            Some("optimistic") | None => {
                rule.comment("Lighthouse CI takes the best of several runs; here the version's own run must hold")
            }
            Some(other) => {
                draft.leave(at, format!("the aggregation '{}' has no equal: one run is judged", visible(other, 60)));
                rule
            }
        };
        draft.push(rule, at);
    }
}
