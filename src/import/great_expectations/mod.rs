//! Great Expectations: validation results and results of checkpoints, of 0.x and of 1.x.
//!
//! In: a file. Out: one [`Check`](crate::model::Check) for each expectation that was evaluated.
//! Shapes, told apart by content:
//! - a validation result (`to_json_dict()`, and the files of a `validations` store);
//! - a checkpoint's result, of 0.x (`run_results`) and as `describe()` of 1.x prints it
//!   (`validation_results`);
//! - `describe()` of one validation result, and the result of one expectation;
//! - a suite, which says what is expected and not what was found: it gives no checks.
//!
//! An expectation that raised an exception is an `error` whatever else stands there, one without a
//! clear `success` too, and a result whose statistics count more failures than it lists holds an
//! extra `error`: the file was cut or edited. A failed expectation of severity `warning` or `info`
//! is a warning.

mod expectation;
#[cfg(test)]
mod tests;

use super::evidently::reader::{Reader, below, present, shown};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity};
use crate::model::{CheckStatus, Datum, Document};
use expectation::Suite;

/// Great Expectations.
pub(crate) struct GreatExpectations;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The result of validating one batch.
    Validation,
    /// The same, as `describe()` shortens it.
    Described,
    /// A checkpoint's result of 0.x: results by their identifiers.
    Checkpoint,
    /// `describe()` of a checkpoint's result of 1.x.
    DescribedCheckpoint,
    /// The result of one expectation.
    Single,
    /// What is expected, without results.
    Definition,
}

impl DocumentImporter for GreatExpectations {
    fn kind(&self) -> &'static str {
        "great-expectations"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| shape(value).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(Ok(json)) = content.json_document() else { return Document::default() };
        let mut reader = Reader::new(content);
        let mut document = Document::default();
        let value = &json.value;
        match shape(value) {
            Some(Shape::Validation) => validation(value, "", "results", &mut document, &mut reader),
            Some(Shape::Described) => validation(value, "", "expectations", &mut document, &mut reader),
            Some(Shape::Checkpoint) => checkpoint(value, &mut document, &mut reader),
            Some(Shape::DescribedCheckpoint) => described(value, &mut document, &mut reader),
            Some(Shape::Single) => {
                let mut suite = Suite::new("", &reader);
                suite.add(value, "", &mut document.checks, &mut reader);
            }
            Some(Shape::Definition) => {
                let text = "a suite says what is expected; results of a validation are read, not suites";
                reader.report(Diagnostic::new(Code::FieldMissing, text).severity(Severity::Note), "");
            }
            None => {}
        }
        document.problems = reader.finish();
        document.problems.extend(json.duplicate_problems(&content.file.path));
        document
    }
}

/// What a JSON value is.
fn shape(value: &Datum) -> Option<Shape> {
    let list = |key: &str| value.get(key).and_then(Datum::items);
    let counts = |key: &str| value.get("statistics").is_some_and(|s| s.get(key).is_some());
    if let Some(results) = value.get("run_results").and_then(Datum::entries) {
        let ours = |result: &Datum| {
            let inner = result.get("validation_result").unwrap_or(result);
            matches!(shape(inner), Some(Shape::Validation))
        };
        let configured = value.get("checkpoint_config").is_some() || value.get("validation_operator_config").is_some();
        return (configured || results.iter().any(|(_, r)| ours(r))).then_some(Shape::Checkpoint);
    }
    if list("validation_results").is_some() && counts("evaluated_validations") {
        return Some(Shape::DescribedCheckpoint);
    }
    if let Some(results) = list("results")
        && (counts("evaluated_expectations") || results.iter().any(is_result))
    {
        return Some(Shape::Validation);
    }
    if let Some(expectations) = list("expectations") {
        if counts("evaluated_expectations") {
            return Some(Shape::Described);
        }
        let defined = |e: &Datum| {
            let name = e.get("expectation_type").or_else(|| e.get("type")).and_then(Datum::as_str);
            name.is_some_and(is_expectation) && e.get("kwargs").is_some()
        };
        let versioned = value.get("meta").is_some_and(|m| m.get("great_expectations_version").is_some());
        return (versioned || expectations.iter().any(defined)).then_some(Shape::Definition);
    }
    is_result(value).then_some(Shape::Single)
}

/// Whether a value is the result of one expectation, in either layout or as `describe()` shortens it.
fn is_result(value: &Datum) -> bool {
    let typed = |of: &Datum, key: &str| of.get(key).and_then(Datum::as_str).is_some_and(is_expectation);
    match value.get("expectation_config") {
        Some(config) => typed(config, "expectation_type") || typed(config, "type"),
        None => typed(value, "expectation_type") && value.get("kwargs").is_some() && value.get("success").is_some(),
    }
}

/// The tool's own expectations and, by its convention, all others are named so.
fn is_expectation(name: &str) -> bool {
    name.starts_with("expect_") || name == "unexpected_rows_expectation"
}

/// Reads the result of one validation.
fn validation(value: &Datum, at: &str, list: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let meta = present(value, "meta");
    let name = present(value, "suite_name")
        .or_else(|| meta.and_then(|m| present(m, "expectation_suite_name")))
        .and_then(Datum::as_str)
        .unwrap_or_default();
    let mut suite = Suite::new(name, reader);
    let first = document.checks.len();
    let place = below(at, list);
    match value.get(list) {
        Some(Datum::List(results)) => {
            for (i, result) in results.iter().enumerate() {
                suite.add(result, &below(&place, &i.to_string()), &mut document.checks, reader);
            }
        }
        other => {
            let found = other.map_or("nothing", Datum::kind);
            suite.broken(format!("a list of results is due, {found} stands there"), &place, document, reader);
        }
    }
    let failed = |status: CheckStatus| status != CheckStatus::Pass;
    let checks = document.checks.get(first..).unwrap_or_default();
    let (listed, bad) = (checks.len(), checks.iter().filter(|c| failed(c.status)).count());
    if let Some(text) = contradiction(value, listed, bad) {
        let text = format!("{text}: the file was cut or edited");
        suite.broken(text, &below(at, "statistics"), document, reader);
    }
    if let Some(meta) = meta {
        let label = if name.is_empty() { reader.stem } else { name };
        document.run.extra.push((format!("great_expectations: {label}"), meta.clone()));
    }
}

/// What the file's own summary says against what it lists. A validation that was asked to return
/// failures alone counts more expectations than it lists, but not more failures.
fn contradiction(value: &Datum, listed: usize, bad: usize) -> Option<String> {
    let count = |key: &str| value.get("statistics").and_then(|s| s.get(key)).and_then(Datum::as_number);
    #[expect(clippy::cast_precision_loss, reason = "numbers of expectations in a file of limited size")]
    let (listed, bad) = (listed as f64, bad as f64);
    if let Some(claimed) = count("unsuccessful_expectations").map(|n| n.as_f64())
        && claimed > bad
    {
        return Some(format!("the statistics count {claimed} failed expectations, {bad} are listed"));
    }
    if let Some(claimed) = count("evaluated_expectations").map(|n| n.as_f64())
        && claimed > listed
        && bad < listed
    {
        return Some(format!("the statistics count {claimed} expectations, {listed} are listed"));
    }
    match value.get("success") {
        Some(Datum::Bool(false)) if bad == 0.0 => {
            Some("the validation failed, but no expectation is listed that did".to_owned())
        }
        Some(Datum::Bool(_)) => None,
        Some(other) => Some(format!("'success' of the validation is {}", shown(other))),
        None => Some("the validation does not say whether it succeeded".to_owned()),
    }
}

/// Reads a checkpoint's result of 0.x.
fn checkpoint(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let at = below("", "run_results");
    let results = value.get("run_results").and_then(Datum::entries).unwrap_or_default();
    for (identifier, result) in results {
        let at = below(&at, identifier);
        match result.get("validation_result") {
            Some(inner) => validation(inner, &below(&at, "validation_result"), "results", document, reader),
            None => validation(result, &at, "results", document, reader),
        }
    }
    whole(value, results.len(), document, reader);
}

/// Reads `describe()` of a checkpoint's result of 1.x.
fn described(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let at = below("", "validation_results");
    let results = value.get("validation_results").and_then(Datum::items).unwrap_or_default();
    for (i, result) in results.iter().enumerate() {
        validation(result, &below(&at, &i.to_string()), "expectations", document, reader);
    }
    whole(value, results.len(), document, reader);
}

/// A checkpoint that failed without a failing expectation, or counts more validations than it lists.
fn whole(value: &Datum, listed: usize, document: &mut Document, reader: &mut Reader<'_>) {
    let passed = document.checks.iter().all(|c| c.status == CheckStatus::Pass);
    let claimed = value.get("statistics").and_then(|s| s.get("evaluated_validations")).and_then(Datum::as_number);
    #[expect(clippy::cast_precision_loss, reason = "numbers of validations in a file of limited size")]
    let missing = claimed.filter(|n| n.as_f64() > listed as f64);
    let text = match (missing, value.get("success")) {
        (Some(n), _) => format!("the statistics count {n} validations, {listed} are listed"),
        (None, Some(Datum::Bool(false))) if passed => {
            "the checkpoint failed, but no expectation is listed that did".to_owned()
        }
        _ => return,
    };
    Suite::new("", reader).broken(format!("{text}: the file was cut or edited"), "/statistics", document, reader);
}
