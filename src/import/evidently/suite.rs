//! Tests become checks.
//!
//! In: the tests of a file, of either API, and where they stand. Out: one [`Check`] each. A test
//! whose outcome cannot be read becomes an `error`, so that no gate passes on it; the suite's own
//! summary is never trusted, only compared.

use std::collections::BTreeMap;

use super::reader::{Reader, below, present, shown};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Check, CheckStatus, Datum};

/// The tests of a list, as checks.
pub(super) fn checks<'d>(tests: impl IntoIterator<Item = (&'d Datum, String)>, reader: &mut Reader<'_>) -> Vec<Check> {
    tests.into_iter().enumerate().map(|(index, (test, at))| check(index, test, &at, reader)).collect()
}

/// The list of tests at a key of the file's top level; a value that is no list is one broken check.
pub(super) fn listed<'d>(
    value: &'d Datum,
    key: &str,
    reader: &mut Reader<'_>,
) -> Result<Vec<(&'d Datum, String)>, Box<Check>> {
    let at = below("", key);
    match present(value, key) {
        None => Ok(Vec::new()),
        Some(Datum::List(items)) => {
            Ok(items.iter().enumerate().map(|(i, t)| (t, below(&at, &i.to_string()))).collect())
        }
        Some(other) => {
            reader.wrong_type(&at, "a list of tests", other);
            Err(Box::new(broken(reader, &format!("'{key}' is {}, not a list of tests", other.kind()), &at)))
        }
    }
}

/// A check that stands for tests that could not be read.
pub(super) fn broken(reader: &Reader<'_>, message: &str, at: &str) -> Check {
    Check {
        id: format!("{}#tests", reader.path),
        run: None,
        suite: suite_name(reader),
        name: "tests".to_owned(),
        status: CheckStatus::Error,
        message: message.to_owned(),
        source: reader.place(at),
    }
}

/// Compares a legacy summary with the tests themselves.
pub(super) fn compare_summary(summary: Option<&Datum>, checks: &[Check], reader: &mut Reader<'_>) {
    let Some(by_status) = summary.and_then(|s| s.get("by_status")).and_then(Datum::entries) else { return };
    let mut counted: BTreeMap<CheckStatus, f64> = BTreeMap::new();
    for check in checks {
        *counted.entry(check.status).or_default() += 1.0;
    }
    for (name, claimed) in by_status {
        let Some(status) = status_of(name) else { continue };
        let found = counted.get(&status).copied().unwrap_or_default();
        if claimed.as_number().is_none_or(|n| n.as_f64() != found) {
            let text = format!("the summary says {} {name}, the tests say {found}", shown(claimed));
            reader.report(
                Diagnostic::new(Code::FieldInvalid, text)
                    .help("the tests count; was the file cut or edited after the run?"),
                &below("/summary/by_status", name),
            );
        }
    }
}

/// What a status means.
pub(super) fn status_of(name: &str) -> Option<CheckStatus> {
    match name {
        "SUCCESS" => Some(CheckStatus::Pass),
        "WARNING" => Some(CheckStatus::Warn),
        "FAIL" => Some(CheckStatus::Fail),
        "ERROR" => Some(CheckStatus::Error),
        "SKIPPED" => Some(CheckStatus::Skipped),
        _ => None,
    }
}

fn suite_name(reader: &Reader<'_>) -> String {
    format!("evidently: {}", reader.stem)
}

fn check(index: usize, test: &Datum, at: &str, reader: &mut Reader<'_>) -> Check {
    if test.entries().is_none() {
        reader.wrong_type(at, "a test", test);
    }
    let name = reader.text(test, "name", at).map_or_else(|| format!("test {index}"), str::to_owned);
    let mut message = reader.text(test, "description", at).unwrap_or_default().replace("**", "");
    let written = reader.text(test, "status", at);
    let status = written.and_then(status_of).unwrap_or_else(|| {
        let found = match written {
            Some(status) => format!("status '{}' is not known", visible(status, 60)),
            None => "the test has no status".to_owned(),
        };
        if written.is_some() {
            let finding = Diagnostic::new(Code::FieldInvalid, found.clone()).severity(Severity::Warning);
            reader.report(finding, &below(at, "status"));
        } else {
            reader.missing(at, "status", "the test counts as an error");
        }
        message = if message.is_empty() { found } else { format!("{found}; {message}") };
        CheckStatus::Error
    });
    Check {
        id: format!("{}#tests/{index}", reader.path),
        run: None,
        suite: suite_name(reader),
        name,
        status,
        message,
        source: reader.place(at),
    }
}
