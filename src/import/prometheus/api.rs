//! Answers of the HTTP API: `query`, `query_range`, `alerts`, `rules`.
//!
//! In: the JSON body (<https://prometheus.io/docs/prometheus/latest/querying/api/>). Out: a
//! [`Document`]. Of a native histogram the count and the sum are read, as `NAME.count` and
//! `NAME.sum`; its buckets are not. An answer without a metric name (`rate(…)`, `histogram_quantile(…)`)
//! is called by its file. Lists of series, targets and metadata are recognised and hold no values.

use super::super::evidently::reader::{MESSAGE, Reader, below, cut, present, shown};
use super::super::json::Json;
use super::samples::{self, Sample, put};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Check, CheckStatus, Datum, Document, Measured, Rejected, Slice};
use crate::source::FileData;

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `data.resultType` and `data.result`.
    Query,
    Alerts,
    Rules,
    /// Something without values.
    Listing,
    Error,
}

/// What a JSON value is, when it is an answer of Prometheus.
pub(super) fn shape(value: &Datum) -> Option<Shape> {
    match value.get("status").and_then(Datum::as_str)? {
        "error" => value.get("errorType").and_then(Datum::as_str).map(|_| Shape::Error),
        "success" => {
            let data = value.get("data")?;
            let kind = data.get("resultType").and_then(Datum::as_str);
            if kind.is_some_and(|k| ["matrix", "vector", "scalar", "string"].contains(&k))
                && data.get("result").is_some()
            {
                return Some(Shape::Query);
            }
            let items = |key: &str| data.get(key).and_then(Datum::items);
            if items("alerts").is_some_and(|a| a.iter().all(|a| a.get("labels").is_some() && a.get("state").is_some()))
            {
                return Some(Shape::Alerts);
            }
            if items("groups").is_some_and(|g| g.iter().all(|g| g.get("rules").is_some_and(|r| r.items().is_some()))) {
                return Some(Shape::Rules);
            }
            let named = |list: &[Datum]| !list.is_empty() && list.iter().all(|s| s.get("__name__").is_some());
            let described = |entries: &[(String, Datum)]| {
                let ours = |m: &Datum| ["type", "help", "unit"].iter().all(|k| m.get(k).is_some());
                !entries.is_empty() && entries.iter().all(|(_, v)| v.items().is_some_and(|v| v.iter().all(ours)))
            };
            let listing = items("activeTargets").is_some()
                || data.items().is_some_and(named)
                || data.entries().is_some_and(described);
            listing.then_some(Shape::Listing)
        }
        _ => None,
    }
}

/// Reads an answer that was recognised.
pub(super) fn read(json: &Json, file: &FileData) -> Document {
    let mut reader = Reader::of(file);
    let mut document = Document { standalone: true, ..Document::default() };
    let value = &json.value;
    let none = Datum::Null;
    let data = value.get("data").unwrap_or(&none);
    match shape(value) {
        Some(Shape::Query) => query(data, &mut document, &mut reader),
        Some(Shape::Alerts) => alerts(data, &mut document, &mut reader),
        Some(Shape::Rules) => rules(data, &mut document, &mut reader),
        Some(Shape::Error) => {
            let word = |key: &str| visible(&value.get(key).map(Datum::display).unwrap_or_default(), 300);
            let text = format!(
                "the server answered with an error instead of values: {}: {}",
                word("errorType"),
                word("error")
            );
            reader.report(Diagnostic::new(Code::FieldMissing, text).severity(Severity::Error), "/error");
        }
        Some(Shape::Listing) | None => {}
    }
    for (key, severity) in [("warnings", Severity::Warning), ("infos", Severity::Note)] {
        for (i, text) in value.get(key).and_then(Datum::items).unwrap_or_default().iter().enumerate() {
            let text = format!("the server says: {}", visible(&text.display(), 300));
            let finding = Diagnostic::new(Code::FieldInvalid, text).severity(severity);
            reader.report(finding, &below(&below("", key), &i.to_string()));
        }
    }
    document.problems = reader.finish();
    document.problems.extend(json.duplicate_problems(&file.path));
    document
}

fn query(data: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let at = "/data/result";
    let result = data.get("result").unwrap_or(&Datum::Null);
    match data.get("resultType").and_then(Datum::as_str) {
        Some("scalar") => {
            if let Some(sample) = sample(result, at, reader) {
                let name = reader.stem.to_owned();
                put(&name, Slice::default(), vec![sample], reader.place(at), &mut document.run, reader);
            }
        }
        Some("string") => {
            let found = result.items().and_then(|r| r.get(1)).map(shown).unwrap_or_default();
            document.run.rejected.push(Rejected {
                metric: reader.stem.to_owned(),
                dataset: None,
                slice: Slice::default(),
                class: None,
                found: format!("text {found}"),
                source: reader.place(at),
            });
        }
        _ => {
            let Some(list) = result.items() else {
                reader.wrong_type(at, "a list of series", result);
                return;
            };
            samples::too_many(list.len(), reader);
            for (i, one) in list.iter().take(samples::SERIES).enumerate() {
                series(one, &below(at, &i.to_string()), document, reader);
            }
        }
    }
}

/// A series of a matrix or a vector.
fn series(one: &Datum, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let mut name = None;
    let mut labels = Slice::default();
    match one.get("metric").and_then(Datum::entries) {
        Some(entries) => {
            for (key, value) in entries {
                match value {
                    Datum::Text(text) if key == "__name__" => name = Some(text.clone()),
                    Datum::Text(text) => {
                        labels.0.insert(key.clone(), text.clone());
                    }
                    other => reader.wrong_type(&below(&below(at, "metric"), key), "text", other),
                }
            }
        }
        None => {
            reader.missing(at, "metric", "the series cannot be told from others and is left out");
            let text = "a series without labels";
            reader.report(Diagnostic::new(Code::FieldInvalid, text), at);
            return;
        }
    }
    let name = name.unwrap_or_else(|| reader.stem.to_owned());
    let mut found = Vec::new();
    for (key, many) in [("values", true), ("value", false)] {
        let Some(value) = one.get(key) else { continue };
        let at = below(at, key);
        match (many, value.items()) {
            (true, Some(values)) => {
                found.extend(
                    values.iter().enumerate().filter_map(|(i, v)| sample(v, &below(&at, &i.to_string()), reader)),
                );
            }
            (true, None) => reader.wrong_type(&at, "a list of samples", value),
            (false, _) => found.extend(sample(value, &at, reader)),
        }
    }
    put(&name, labels.clone(), found, reader.place(at), &mut document.run, reader);
    let (mut counts, mut sums) = (Vec::new(), Vec::new());
    let mut histogram = |value: &Datum, at: &str, reader: &mut Reader<'_>| {
        let Some([time, body]) = value.items() else {
            reader.wrong_type(at, "a time and a histogram", value);
            return;
        };
        for (key, out) in [("count", &mut counts), ("sum", &mut sums)] {
            let pair = Datum::List(vec![time.clone(), body.get(key).cloned().unwrap_or(Datum::Null)]);
            out.extend(sample(&pair, &below(&below(at, "1"), key), reader));
        }
    };
    if let Some(values) = one.get("histograms").and_then(Datum::items) {
        let at = below(at, "histograms");
        for (i, value) in values.iter().enumerate() {
            histogram(value, &below(&at, &i.to_string()), reader);
        }
    }
    if let Some(value) = one.get("histogram") {
        histogram(value, &below(at, "histogram"), reader);
    }
    for (part, samples) in [("count", counts), ("sum", sums)] {
        put(&format!("{name}.{part}"), labels.clone(), samples, reader.place(at), &mut document.run, reader);
    }
}

/// `[seconds, "value"]`.
fn sample(value: &Datum, at: &str, reader: &mut Reader<'_>) -> Option<Sample> {
    let Some([time, number]) = value.items() else {
        reader.wrong_type(at, "a time and a value", value);
        return None;
    };
    let instant = time.as_number().and_then(Measured::finite).and_then(|t| samples::seconds(t.get()));
    if instant.is_none() {
        reader.wrong_type(&below(at, "0"), "a time in seconds", time);
    }
    let found = match number {
        Datum::Text(text) if text.trim() == text => Measured::parse(text),
        other => other.as_number(),
    };
    if found.is_none() {
        reader.wrong_type(&below(at, "1"), "a number as text", number);
    }
    Some(Sample { time: Some(instant?), value: found? })
}

/// Active alerts: one that fires is a failed check. A server without active alerts may have no rules
/// at all, so an empty list says nothing.
fn alerts(data: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    for (i, alert) in data.get("alerts").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = below("/data/alerts", &i.to_string());
        let labels = alert.get("labels");
        let name = labels.and_then(|l| l.get("alertname")).and_then(Datum::as_str).unwrap_or("alert");
        let mut slice = Slice::default();
        for (key, value) in labels.and_then(Datum::entries).unwrap_or_default() {
            if key != "alertname" {
                slice.0.insert(key.clone(), value.display());
            }
        }
        let state = alert.get("state").and_then(Datum::as_str).unwrap_or_default();
        let said = summary(alert);
        let said = if said.is_empty() { state.to_owned() } else { format!("{state}: {said}") };
        check(samples::selector(name, &slice), state_of(state), said, &at, document, reader);
    }
}

/// Alerting rules: inactive ones pass, and a rule that could not be evaluated is an error.
fn rules(data: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    for (g, group) in data.get("groups").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let in_group = group.get("name").and_then(Datum::as_str).unwrap_or_default();
        for (r, rule) in group.get("rules").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
            let at = format!("/data/groups/{g}/rules/{r}");
            let alerting = rule.get("type").and_then(Datum::as_str) == Some("alerting");
            let healthy = rule.get("health").and_then(Datum::as_str) == Some("ok");
            if !alerting && healthy {
                continue;
            }
            let name = format!("{in_group}/{}", rule.get("name").and_then(Datum::as_str).unwrap_or_default());
            let query = rule.get("query").map(Datum::display).unwrap_or_default();
            let (status, message) = if healthy {
                let state = rule.get("state").and_then(Datum::as_str).unwrap_or_default();
                (state_of(state), format!("{state}: {query}"))
            } else {
                let error = present(rule, "lastError").map(Datum::display).unwrap_or_default();
                (CheckStatus::Error, format!("the rule was not evaluated: {error}; {query}"))
            };
            check(name, status, message, &at, document, reader);
        }
    }
}

fn state_of(state: &str) -> CheckStatus {
    match state {
        "inactive" => CheckStatus::Pass,
        "pending" => CheckStatus::Warn,
        "firing" => CheckStatus::Fail,
        _ => CheckStatus::Error,
    }
}

fn summary(alert: &Datum) -> String {
    let notes = alert.get("annotations");
    let said = ["summary", "description", "message"].iter().find_map(|k| notes.and_then(|n| present(n, k)));
    said.map(Datum::display).unwrap_or_default()
}

fn check(name: String, status: CheckStatus, message: String, at: &str, document: &mut Document, reader: &Reader<'_>) {
    let checks = &mut document.checks;
    checks.push(Check {
        id: format!("{}#tests/{}", reader.path, checks.len()),
        run: None,
        suite: format!("{}: alerts", super::TOOL),
        name,
        status,
        message: cut(&message, MESSAGE),
        source: reader.place(at),
    });
}
