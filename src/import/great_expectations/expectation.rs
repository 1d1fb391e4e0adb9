//! One expectation and what was found, as a check.
//!
//! In: an entry of a validation result, in either layout. Out: a [`Check`]. Its name is the
//! expectation's type and what it speaks of (`expect_column_mean_to_be_between(age)`): neither the
//! limits nor the batch, so that it stays the same from run to run. Limits and observed values are
//! in the message.

use std::collections::BTreeMap;

use super::super::evidently::reader::{MESSAGE, Reader, below, cut, present, shown};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Check, CheckStatus, Datum, Document};

/// Length of a part of a message or name, in characters.
const PART: usize = 160;

/// Arguments that say what an expectation speaks of.
const DOMAIN: &[&str] = &["column", "column_A", "column_B", "column_list", "column_set", "table"];

/// Arguments that are neither domain nor limit.
const QUIET: &[&str] = &[
    "auto",
    "batch_id",
    "catch_exceptions",
    "condition_parser",
    "include_config",
    "meta",
    "partition_object",
    "profiler_config",
    "result_format",
    "row_condition",
];

/// The expectations of one suite, in the order of the file.
pub(super) struct Suite {
    name: String,
    seen: BTreeMap<String, usize>,
}

impl Suite {
    /// The suite of a name; a result that does not say has that of its file.
    pub(super) fn new(name: &str, reader: &Reader<'_>) -> Self {
        let name = if name.is_empty() { reader.stem } else { name };
        Self { name: format!("great_expectations: {name}"), seen: BTreeMap::new() }
    }

    /// Adds the result of an expectation.
    pub(super) fn add(&mut self, result: &Datum, at: &str, checks: &mut Vec<Check>, reader: &mut Reader<'_>) {
        let config = result.get("expectation_config").unwrap_or(result);
        let kind = present(config, "expectation_type").or_else(|| present(config, "type")).and_then(Datum::as_str);
        if kind.is_none() {
            reader.missing(at, "expectation_type", "the expectation is shown by its place");
        }
        let kwargs = config.get("kwargs");
        let name = self.unique(name_of(kind.unwrap_or(at), kwargs));
        let (status, message) = outcome(result, config, kwargs, kind.is_some());
        if status == CheckStatus::Error && raised(result.get("exception_info"), DEPTH).is_none() {
            let finding = Diagnostic::new(Code::FieldMissing, format!("{}: {message}", visible(&name, 200)));
            reader.report(finding.help("a result that is not clear counts as an error"), &below(at, "success"));
        }
        self.push(name, status, message, at, checks, reader);
    }

    /// Adds an error for what contradicts itself or could not be read.
    pub(super) fn broken(&mut self, text: String, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
        let finding = Diagnostic::new(Code::FieldMissing, text.clone());
        reader.report(finding.help("the expectations that are listed count; the rest is an error"), at);
        let name = self.unique("the validation itself".to_owned());
        self.push(name, CheckStatus::Error, text, at, &mut document.checks, reader);
    }

    fn push(
        &self,
        name: String,
        status: CheckStatus,
        message: String,
        at: &str,
        checks: &mut Vec<Check>,
        reader: &Reader<'_>,
    ) {
        checks.push(Check {
            id: format!("{}#tests/{}", reader.path, checks.len()),
            run: None,
            suite: self.name.clone(),
            name,
            status,
            message: cut(&message, MESSAGE),
            source: reader.place(at),
        });
    }

    /// Two expectations of one type about one column (other limits) are told apart by their order.
    fn unique(&mut self, name: String) -> String {
        let seen = self.seen.entry(name.clone()).or_default();
        *seen += 1;
        if *seen == 1 { name } else { format!("{name} #{seen}") }
    }
}

fn name_of(kind: &str, kwargs: Option<&Datum>) -> String {
    let arguments = kwargs.and_then(Datum::entries).unwrap_or_default();
    let find = |key: &str| arguments.iter().find(|(k, _)| k == key).map(|(_, v)| v);
    let domain: Vec<String> = DOMAIN
        .iter()
        .filter(|key| **key != "column_set")
        .filter_map(|key| find(key))
        .filter(|value| !matches!(value, Datum::Null))
        .map(|value| cut(&value.display(), PART))
        .collect();
    let mut name = if domain.is_empty() { kind.to_owned() } else { format!("{kind}({})", domain.join(", ")) };
    if let Some(condition) = find("row_condition").filter(|v| !matches!(v, Datum::Null)) {
        let condition = condition.get("pass_through_filter").unwrap_or(condition).display();
        name.push_str(" where ");
        name.push_str(&cut(&condition, PART));
    }
    name
}

/// How deep exceptions lie below `exception_info`: by metric in 1.x.
const DEPTH: usize = 2;

/// The message of the exception that an expectation raised, if it did.
fn raised(info: Option<&Datum>, depth: usize) -> Option<String> {
    let info = info?;
    match info.get("raised_exception") {
        Some(Datum::Bool(false)) | None => {}
        Some(Datum::Bool(true)) => {
            let message = present(info, "exception_message").map(Datum::display).unwrap_or_default();
            return Some(if message.is_empty() { "no message".to_owned() } else { message });
        }
        Some(other) => return Some(format!("'raised_exception' is {}", shown(other))),
    }
    if depth == 0 {
        return None;
    }
    info.entries()?.iter().filter(|(_, v)| v.entries().is_some()).find_map(|(_, v)| raised(Some(v), depth - 1))
}

fn outcome(result: &Datum, config: &Datum, kwargs: Option<&Datum>, typed: bool) -> (CheckStatus, String) {
    if let Some(message) = raised(result.get("exception_info"), DEPTH) {
        return (CheckStatus::Error, format!("the expectation could not be evaluated: {message}"));
    }
    let success = match result.get("success") {
        Some(Datum::Bool(success)) if typed => *success,
        Some(Datum::Bool(_)) => return (CheckStatus::Error, "the result does not say what was expected".to_owned()),
        Some(Datum::Null) | None => return (CheckStatus::Error, "the result has no outcome".to_owned()),
        Some(other) => return (CheckStatus::Error, format!("the outcome is {}", shown(other))),
    };
    let severity = present(config, "severity").and_then(Datum::as_str).unwrap_or("critical");
    let status = match (success, severity) {
        (true, _) => CheckStatus::Pass,
        (false, "warning" | "info") => CheckStatus::Warn,
        (false, _) => CheckStatus::Fail,
    };
    let mut parts = observed(result.get("result"));
    let expected = expected(kwargs);
    if !expected.is_empty() {
        parts.push(format!("expected {}", expected.join(", ")));
    }
    if let Some(text) = present(config, "description").and_then(Datum::as_str) {
        parts.push(cut(text, PART));
    }
    (status, parts.join("; "))
}

/// What was found, in words.
fn observed(result: Option<&Datum>) -> Vec<String> {
    let mut parts = Vec::new();
    let Some(result) = result else { return parts };
    match result.get("observed_value") {
        Some(Datum::Null) | None => {}
        Some(value) => parts.push(format!("observed {}", cut(&value.display(), PART))),
    }
    if let Some(unexpected) = present(result, "unexpected_count") {
        let mut text = format!("{} ", unexpected.display());
        if let Some(all) = present(result, "element_count") {
            text.push_str(&format!("of {} ", all.display()));
        }
        text.push_str("unexpected");
        if let Some(percent) = present(result, "unexpected_percent") {
            text.push_str(&format!(" ({} %)", percent.display()));
        }
        parts.push(text);
    }
    parts
}

/// The limits, in words.
fn expected(kwargs: Option<&Datum>) -> Vec<String> {
    let arguments = kwargs.and_then(Datum::entries).unwrap_or_default();
    arguments
        .iter()
        .filter(|(key, value)| {
            let domain = DOMAIN.contains(&key.as_str()) && key != "column_set";
            !domain && !QUIET.contains(&key.as_str()) && !matches!(value, Datum::Null | Datum::Bool(false))
        })
        .map(|(key, value)| format!("{key} {}", cut(&value.display(), PART)))
        .collect()
}
