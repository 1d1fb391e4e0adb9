//! Assertions in the style of Lighthouse CI: `lighthouserc.json`, `.yml`, or the same by metric.
//!
//! In: `ci.assert.assertions`: a level, or a level with `minScore`, `maxLength` or `maxNumericValue`, and an
//! `aggregationMethod`. Out: a rule for each of them, as `packages/utils/src/assertions.js` judges: a bound may be
//! reached, an assertion without any demands a score of 0.9, `error` blocks and `warn` warns.

use super::draft::{Draft, Rule};
use super::{Format, number};
use crate::diag::visible;
use crate::import::json::push_token;
use crate::model::{Datum, Direction};
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

    fn read(&self, document: &Datum, draft: &mut Draft) {
        let Some((assert, at)) = assert_of(document) else { return };
        block(assert, at, draft);
        for (i, part) in assert.get("assertMatrix").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
            let at = format!("{at}/assertMatrix/{i}");
            if let Some(pattern) = part.get("matchingUrlPattern") {
                draft.leave(
                    &format!("{at}/matchingUrlPattern"),
                    format!(
                        "'{}' chooses pages by address: these rules hold for all models; add models or slices",
                        visible(&pattern.display(), 80)
                    ),
                );
            }
            block(part, &at, draft);
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
            draft.leave(&format!("{at}/{key}"), format!("{key} = {}: {what}", visible(&value.display(), 80)));
        }
    }
    let method = assert.get("aggregationMethod").and_then(Datum::as_str);
    for (metric, assertion) in assert.get("assertions").and_then(Datum::entries).unwrap_or_default() {
        let mut at = format!("{at}/assertions");
        push_token(&mut at, metric);
        if draft.usable(metric, &at) {
            one(metric, assertion, method, &at, draft);
        }
    }
}

fn one(metric: &str, assertion: &Datum, method: Option<&str>, at: &str, draft: &mut Draft) {
    let nothing = Datum::Null;
    let (level, options) = match assertion {
        Datum::Text(level) => (level.as_str(), &nothing),
        Datum::List(items) => match items.as_slice() {
            [Datum::Text(level)] => (level.as_str(), &nothing),
            [Datum::Text(level), options] => (level.as_str(), options),
            _ => {
                draft.leave(at, "the assertion is neither a level nor a level with options");
                return;
            }
        },
        Datum::Null | Datum::Bool(false) => ("off", &nothing),
        _ => {
            draft.leave(at, "the assertion is neither a level nor a level with options");
            return;
        }
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
    let known = |key: &str| key == "aggregationMethod" || BOUNDS.iter().any(|(k, ..)| *k == key);
    for (key, _) in options.entries().unwrap_or_default().iter().filter(|(key, _)| !known(key)) {
        draft.leave(&format!("{at}/1/{key}"), format!("'{}' has no equal", visible(key, 60)));
    }
    let mut bounds: Vec<(bool, &str, f64)> = Vec::new();
    for (key, lower, what) in BOUNDS {
        match options.get(key).map(number) {
            None => {}
            Some(Some(bound)) => bounds.push((*lower, what, bound)),
            Some(None) => {
                draft.leave(&format!("{at}/1/{key}"), format!("{key} of '{}' is no number", visible(metric, 80)));
                return;
            }
        }
    }
    if bounds.is_empty() {
        bounds.push((true, "score", SCORE));
    }
    let several = bounds.len() > 1;
    for (lower, what, bound) in bounds {
        let name = if several { format!("{metric}.{what}") } else { metric.to_owned() };
        if !draft.direct(&name, if lower { Direction::Higher } else { Direction::Lower }, at) {
            continue;
        }
        let (key, suffix) = if lower { ("min", "floor") } else { ("max", "ceiling") };
        let mut rule = Rule::new("metric", &name, suffix).key("metric", name.as_str()).key(key, bound);
        if severity != "block" {
            rule = rule.key("severity", severity);
        }
        match options.get("aggregationMethod").and_then(Datum::as_str).or(method) {
            Some(method @ ("median" | "pessimistic")) => {
                let word = if method == "median" { "median" } else { "worst" };
                let table: toml::Table =
                    [("min".to_owned(), Value::Integer(2)), ("aggregate".to_owned(), Value::from(word))]
                        .into_iter()
                        .collect();
                rule = rule.key("runs", table);
            }
            Some("optimistic") | None => {
                rule =
                    rule.comment("Lighthouse CI takes the best of several runs; here the version's own run must hold");
            }
            Some(other) => {
                draft.leave(at, format!("the aggregation '{}' has no equal: one run is judged", visible(other, 60)))
            }
        }
        draft.push(rule);
    }
}
