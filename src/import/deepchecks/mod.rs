//! Deepchecks: results of suites and of single checks as JSON.
//!
//! In: what `SuiteResult.to_json()` or `CheckResult.to_json()` wrote. Out:
//! - each condition of a check is a [`Check`]; a check that could not run (`CheckFailure`) is an
//!   `error`, although the tool itself passes such a suite. A check without conditions was not
//!   judged and gives none;
//! - scores of drift become a drift report for each check ([`drift`]);
//! - scores of a model, confusion matrices and single numbers become results ([`values`]).
//!
//! All other values (tables and maps of data-integrity checks) are kept for the raw view.

mod drift;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use super::evidently::reader::{MESSAGE, Reader, below, cut, present, shown};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic};
use crate::model::{Check, CheckStatus, Datum, Document, Measured};

/// The tool, as results and reports name it; the files do not say its version.
const TOOL: &str = "deepchecks";

/// Values up to this length, in bytes of text, are kept for the raw view.
const KEPT: usize = 4096;

/// Deepchecks results.
pub(crate) struct Deepchecks;

impl DocumentImporter for Deepchecks {
    fn kind(&self) -> &'static str {
        "deepchecks"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| is_result(value) || is_suite(value))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(Ok(json)) = content.json_document() else { return Document::default() };
        let mut reader = Reader::new(content);
        let mut out = Out { document: Document::default(), suite: String::new(), seen: BTreeMap::new() };
        if is_result(&json.value) {
            out.suite = format!("{TOOL}: {}", reader.stem);
            out.result(&json.value, "", &mut reader);
        } else {
            out.nested(&json.value, "", DEPTH, &mut reader);
        }
        let mut document = out.document;
        // One file for each pair of datasets: several lie side by side.
        document.standalone = document.speaks_of_a_run();
        document.problems = reader.finish();
        document.problems.extend(json.duplicate_problems(&content.file.path));
        document
    }
}

/// How deep suites may lie within suites.
const DEPTH: usize = 4;

/// Whether a value is the result of one check.
fn is_result(value: &Datum) -> bool {
    let named = value.get("check").is_some_and(|c| c.get("name").is_some_and(|n| n.as_str().is_some()));
    let typed = matches!(value.get("type").and_then(Datum::as_str), Some("CheckResult" | "CheckFailure"));
    let shaped = || {
        value.get("header").is_some() && (value.get("conditions_results").is_some() || value.get("exception").is_some())
    };
    named && (typed || shaped())
}

/// Whether a value is the result of a suite.
fn is_suite(value: &Datum) -> bool {
    let Some(results) = value.get("results").and_then(Datum::items) else { return false };
    let typed = value.get("type").and_then(Datum::as_str) == Some("SuiteResult");
    value.get("name").is_some() && (typed || results.iter().any(is_result))
}

/// What is gathered.
struct Out {
    document: Document,
    suite: String,
    seen: BTreeMap<(String, String), usize>,
}

impl Out {
    /// A suite, or a suite within one.
    fn nested(&mut self, value: &Datum, at: &str, depth: usize, reader: &mut Reader<'_>) {
        let name = reader.text(value, "name", at).unwrap_or(reader.stem);
        self.suite = format!("{TOOL}: {name}");
        let at = below(at, "results");
        for (i, result) in value.get("results").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
            let at = below(&at, &i.to_string());
            if is_result(result) {
                self.result(result, &at, reader);
            } else if is_suite(result) && depth > 0 {
                let outer = self.suite.clone();
                self.nested(result, &at, depth - 1, reader);
                self.suite = outer;
            } else {
                reader.wrong_type(&at, "the result of a check", result);
                self.push(
                    format!("result {i}"),
                    CheckStatus::Error,
                    "the result could not be read".into(),
                    &at,
                    reader,
                );
            }
        }
    }

    fn result(&mut self, result: &Datum, at: &str, reader: &mut Reader<'_>) {
        let name = result.get("check").and_then(|c| c.get("name")).and_then(Datum::as_str).unwrap_or_default();
        let header = reader.text(result, "header", at).filter(|h| !h.is_empty()).unwrap_or(name);
        let failed = result.get("type").and_then(Datum::as_str) == Some("CheckFailure");
        if let Some(exception) = present(result, "exception").map(Datum::display).or(failed.then(String::new)) {
            let message = format!("the check could not run: {exception}");
            self.push(header.to_owned(), CheckStatus::Error, message, at, reader);
            return;
        }
        let first = self.document.checks.len();
        self.conditions(result, header, at, reader);
        let checks = self.document.checks.get(first..).unwrap_or_default();
        let subject = Subject { name, header, at, checks };
        let value_at = below(at, "value");
        let Some(value) = result.get("value") else {
            reader.missing(at, "value", "the check has no value");
            return;
        };
        if let Some(report) = drift::report(value, &subject, &value_at, reader) {
            self.document.drift.push(report);
        } else if !values::read(value, &subject, &value_at, &mut self.document.run, reader) && size(value) <= KEPT {
            self.document.run.extra.push((format!("{}: {header}", self.suite), value.clone()));
        }
    }

    fn conditions(&mut self, result: &Datum, header: &str, at: &str, reader: &mut Reader<'_>) {
        // Absent where a check has none.
        let Some(conditions) = present(result, "conditions_results") else { return };
        let place = below(at, "conditions_results");
        let Some(conditions) = conditions.items() else {
            reader.wrong_type(&place, "a list of conditions", conditions);
            let message = "the conditions could not be read".to_owned();
            self.push(header.to_owned(), CheckStatus::Error, message, &place, reader);
            return;
        };
        for (i, condition) in conditions.iter().enumerate() {
            let at = below(&place, &i.to_string());
            let text = reader.text(condition, "Condition", &at);
            let name = match text {
                Some(text) => format!("{header}: {text}"),
                None => header.to_owned(),
            };
            let mut message = present(condition, "More Info").map(Datum::display).unwrap_or_default();
            let status = match condition.get("Status") {
                Some(Datum::Text(status)) if status == "PASS" => CheckStatus::Pass,
                Some(Datum::Text(status)) if status == "WARN" => CheckStatus::Warn,
                Some(Datum::Text(status)) if status == "FAIL" => CheckStatus::Fail,
                Some(Datum::Text(status)) if status == "ERROR" => CheckStatus::Error,
                other => {
                    let found = other.map_or_else(|| "absent".to_owned(), shown);
                    let text = format!("the status of a condition is {found}, it counts as an error");
                    reader.report(Diagnostic::new(Code::FieldInvalid, text.clone()), &below(&at, "Status"));
                    message = format!("{text}; {message}");
                    CheckStatus::Error
                }
            };
            self.push(name, status, message, &at, reader);
        }
    }

    /// Adds a check; two of one name (a check that runs twice in a suite) are told apart by their order.
    fn push(&mut self, name: String, status: CheckStatus, message: String, at: &str, reader: &Reader<'_>) {
        let seen = self.seen.entry((self.suite.clone(), name.clone())).or_default();
        *seen += 1;
        let name = if *seen == 1 { name } else { format!("{name} #{seen}") };
        let checks = &mut self.document.checks;
        checks.push(Check {
            id: format!("{}#tests/{}", reader.path, checks.len()),
            run: None,
            suite: self.suite.clone(),
            name,
            status,
            message: cut(&message, MESSAGE),
            source: reader.place(at),
        });
    }
}

/// The check whose value is read.
struct Subject<'r> {
    /// Its own name.
    name: &'r str,
    /// Its name with the dataset that it ran on.
    header: &'r str,
    /// Where its result stands.
    at: &'r str,
    /// Its conditions.
    checks: &'r [Check],
}

impl Subject<'_> {
    /// `Train` or `Test`, for checks that run on each dataset by itself.
    fn dataset(&self) -> Option<&'static str> {
        let (_, side) = self.header.rsplit_once(" - ")?;
        match side {
            "Train Dataset" => Some("Train"),
            "Test Dataset" => Some("Test"),
            _ => None,
        }
    }
}

/// The number of a value, which numpy's types wrap (`{"dtype": "float64", "value": 0.1}`).
fn number(value: &Datum) -> Option<Measured> {
    match value.get("dtype") {
        Some(_) => value.get("value")?.as_number(),
        None => value.as_number(),
    }
}

/// About how long a value is as text.
fn size(value: &Datum) -> usize {
    match value {
        Datum::Text(text) => text.len(),
        Datum::List(items) => items.iter().map(size).sum(),
        Datum::Map(entries) => entries.iter().map(|(k, v)| k.len() + size(v)).sum(),
        _ => 8,
    }
}
