//! Rows: one test, run with one prompt and one provider.
//!
//! In: rows (`EvaluateResult`). Out: a check for each, and how many passed, failed and could not run,
//! in all and for each prompt and provider. A check is called by the test's description, or else its
//! variables, with prompt and provider, so that it has the same name in the next evaluation.

use std::collections::BTreeMap;

use super::super::facts::{Facts, present, short, text};
use super::SUITE;
use crate::model::{CheckStatus, Datum};

/// Length of the parts of a name, in characters.
const PART: usize = 80;

/// How the rows of one prompt and provider came out.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcomes {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) errors: u64,
}

impl Outcomes {
    pub(super) fn all(self) -> u64 {
        self.passed + self.failed + self.errors
    }
}

/// The outcomes so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) total: Outcomes,
    /// By provider and prompt.
    pub(super) parts: BTreeMap<(String, String), Outcomes>,
    names: BTreeMap<String, usize>,
}

/// Whether a JSON value is a row.
pub(super) fn is_row(value: &Datum) -> bool {
    let graded = value.get("gradingResult").is_some() || value.get("namedScores").is_some();
    value.get("success").is_some() && value.get("provider").is_some() && value.get("prompt").is_some() && graded
}

/// A provider is an id, or an object with id and label.
pub(super) fn provider(value: Option<&Datum>) -> String {
    let named = |v: &Datum| text(v, "label").or_else(|| text(v, "id")).map(str::to_owned);
    value.and_then(|v| v.as_str().map(str::to_owned).or_else(|| named(v))).unwrap_or_default()
}

/// A prompt is text, or an object with label and text.
pub(super) fn prompt(value: Option<&Datum>) -> String {
    let named =
        |v: &Datum| text(v, "label").or_else(|| text(v, "display")).or_else(|| text(v, "raw")).map(str::to_owned);
    short(&value.and_then(|v| v.as_str().map(str::to_owned).or_else(|| named(v))).unwrap_or_default(), PART)
}

impl Tally {
    /// Counts a row and notes its check.
    pub(super) fn row(&mut self, row: &Datum, pointer: &str, facts: &mut Facts<'_>) {
        let (provider, prompt) = (provider(row.get("provider")), prompt(row.get("prompt")));
        let status = outcome(row);
        let part = self.parts.entry((provider.clone(), prompt.clone())).or_default();
        for outcomes in [part, &mut self.total] {
            match status {
                CheckStatus::Pass => outcomes.passed += 1,
                CheckStatus::Fail => outcomes.failed += 1,
                _ => outcomes.errors += 1,
            }
        }
        let mut name = format!("{} · {prompt} [{provider}]", described(row));
        let seen = self.names.entry(name.clone()).or_default();
        *seen += 1;
        if *seen > 1 {
            name = format!("{name} ({seen})");
        }
        let reason = row.get("gradingResult").and_then(|g| text(g, "reason"));
        let message = match status {
            CheckStatus::Pass => "",
            _ => text(row, "error").or(reason).unwrap_or_default(),
        };
        facts.check(SUITE, &name, status, message, pointer);
    }
}

/// What became of a row: only `success: true` is a pass. `failureReason` 2 is an error; older
/// versions have an error text and nothing graded.
fn outcome(row: &Datum) -> CheckStatus {
    let reason = row.get("failureReason");
    let ungraded = present(row, "gradingResult").is_none() && text(row, "error").is_some();
    match row.get("success") {
        Some(Datum::Bool(true)) if !matches!(reason, Some(Datum::Int(1 | 2))) => CheckStatus::Pass,
        Some(Datum::Bool(false)) if matches!(reason, Some(Datum::Int(2))) => CheckStatus::Error,
        Some(Datum::Bool(false)) if reason.is_none() && ungraded => CheckStatus::Error,
        Some(Datum::Bool(false)) => CheckStatus::Fail,
        _ => CheckStatus::Error,
    }
}

/// The test's description, or else its variables.
fn described(row: &Datum) -> String {
    let test = row.get("testCase");
    if let Some(description) = text(row, "description").or_else(|| test.and_then(|t| text(t, "description"))) {
        return short(description, PART);
    }
    let vars = row.get("vars").or_else(|| test.and_then(|t| t.get("vars")));
    let vars: Vec<String> = vars
        .and_then(Datum::entries)
        .unwrap_or_default()
        .iter()
        .map(|(k, v)| {
            format!("{}={}", short(k, PART), v.as_str().map_or_else(|| short(&v.display(), PART), |t| short(t, PART)))
        })
        .collect();
    match (vars.is_empty(), row.get("testIdx")) {
        (true, Some(index)) => format!("test {}", index.display()),
        (true, None) => "a test".to_owned(),
        (false, _) => short(&vars.join(", "), 2 * PART),
    }
}
