//! CTRF: Common Test Report Format, all versions (<https://ctrf.io>, JSON schema 0.0.x and 1.0).
//!
//! In: a JSON file with `results.tool`, `results.summary` and `results.tests`. Out: one check for
//! each test. The summary is never trusted, but one that is absent or says something else than the
//! tests do is an `error` check, and so is a file that cannot be parsed: no gate may pass on what
//! could not be read in full.

use super::facts::{Facts, count, present, text};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Severity, visible};
use crate::model::{CheckStatus, Datum, Document};

/// Outcomes of a test, with the field of the summary that counts them.
const OUTCOMES: [(&str, CheckStatus); 5] = [
    ("passed", CheckStatus::Pass),
    ("failed", CheckStatus::Fail),
    ("skipped", CheckStatus::Skipped),
    ("pending", CheckStatus::Skipped),
    // What the tool could not place among the others is no pass.
    ("other", CheckStatus::Error),
];

/// The name of checks on the report as a whole.
const ITSELF: &str = "the report itself";

/// CTRF reports.
pub(crate) struct Ctrf;

impl DocumentImporter for Ctrf {
    fn kind(&self) -> &'static str {
        "ctrf"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        match content.json_document() {
            Some(Ok(json)) => is_report(&json.value),
            // A report that breaks off is still one that must be refused.
            Some(Err(_)) => {
                let head = content.file.bytes.get(..4_096).unwrap_or(&content.file.bytes);
                let head = String::from_utf8_lossy(head);
                head.contains("\"reportFormat\"") && head.contains("\"CTRF\"")
                    || ["\"results\"", "\"tool\"", "\"summary\"", "\"passed\"", "\"pending\"", "\"other\""]
                        .iter()
                        .all(|k| head.contains(k))
            }
            None => false,
        }
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        match content.json_document() {
            Some(Ok(json)) => {
                report(&json.value, content.stem(), &mut facts);
                if let Some(key) = json.duplicates.first() {
                    let message = format!("a key stands twice in its object, at {}", visible(key, 200));
                    facts.check(content.stem(), ITSELF, CheckStatus::Error, &message, key);
                }
            }
            Some(Err(problem)) => {
                facts.document.problems.push((**problem).clone());
                let message = format!("the file breaks off or is damaged: {}", problem.message);
                facts.check(content.stem(), ITSELF, CheckStatus::Error, &message, "");
            }
            None => {}
        }
        facts.finish()
    }
}

fn is_report(value: &Datum) -> bool {
    let Some(results) = value.get("results") else { return false };
    if text(value, "reportFormat") == Some("CTRF") {
        return true;
    }
    let tool = results.get("tool").is_some_and(|t| t.get("name").is_some());
    let summary = results.get("summary").is_some_and(|s| s.entries().is_some());
    let tests = results.get("tests").is_some_and(|t| t.items().is_some());
    tool && (summary || tests)
}

fn report(value: &Datum, stem: &str, facts: &mut Facts<'_>) {
    let Some(results) = value.get("results") else { return };
    let tool = results.get("tool").and_then(|t| text(t, "name")).unwrap_or(stem);
    for key in ["specVersion", "reportId", "timestamp", "generatedBy"] {
        facts.extra(key, value.get(key));
    }
    facts.extra("environment", results.get("environment"));
    let Some(tests) = results.get("tests").and_then(Datum::items) else {
        broken("the report has no list of tests", "/results/tests", tool, facts);
        return;
    };
    let mut counts = [0u64; OUTCOMES.len()];
    for (i, test) in tests.iter().enumerate() {
        let pointer = format!("/results/tests/{i}");
        let status = text(test, "status").unwrap_or_default();
        let place = OUTCOMES.iter().position(|(name, _)| *name == status);
        if let Some(slot) = place.and_then(|p| counts.get_mut(p)) {
            *slot += 1;
        }
        one_test(test, place.and_then(|p| OUTCOMES.get(p)).map(|(_, s)| *s), tool, &pointer, facts);
    }
    compare(results.get("summary"), &counts, tests.len(), tool, facts);
}

fn one_test(test: &Datum, status: Option<CheckStatus>, tool: &str, pointer: &str, facts: &mut Facts<'_>) {
    let name = text(test, "name").unwrap_or("a test without a name");
    let suite = match present(test, "suite") {
        Some(Datum::List(parts)) => parts.iter().map(Datum::display).collect::<Vec<_>>().join(" > "),
        Some(Datum::Text(suite)) => suite.clone(),
        _ => String::new(),
    };
    let suite = if suite.is_empty() { tool } else { &suite };
    let said = text(test, "message").or_else(|| text(test, "trace")).unwrap_or_default();
    // Jest's `test.todo` is a test that does not exist yet.
    let todo = status == Some(CheckStatus::Error) && text(test, "rawStatus") == Some("todo");
    let status = if todo { Some(CheckStatus::Skipped) } else { status };
    let raw = text(test, "rawStatus").map(|raw| format!("the tool says '{}'", visible(raw, 60)));
    match status {
        Some(CheckStatus::Pass) if test.get("flaky") == Some(&Datum::Bool(true)) => {
            let retries = count(test, "retries").map_or_else(String::new, |n| format!(" after {n} retries"));
            facts.check(suite, name, CheckStatus::Warn, &format!("flaky: it passed{retries}"), pointer);
        }
        Some(status) => {
            let raw = raw.filter(|_| said.is_empty() && status != CheckStatus::Pass).unwrap_or_default();
            facts.check(suite, name, status, if said.is_empty() { &raw } else { said }, pointer);
        }
        None => {
            let found = test.get("status").map_or_else(|| "absent".to_owned(), Datum::display);
            let message = format!("the test's status is '{}', which is none of the format's", visible(&found, 60));
            facts.report(Code::FieldInvalid, Severity::Warning, message.clone(), pointer, "");
            facts.check(suite, name, CheckStatus::Error, &message, pointer);
        }
    }
}

/// The summary against the tests.
fn compare(summary: Option<&Datum>, counts: &[u64; OUTCOMES.len()], tests: usize, tool: &str, facts: &mut Facts<'_>) {
    let Some(summary) = summary.filter(|s| s.entries().is_some()) else {
        broken("the report has no summary to compare the tests with", "/results/summary", tool, facts);
        return;
    };
    let listed = std::iter::once(("tests", u64::try_from(tests).unwrap_or(u64::MAX)))
        .chain(OUTCOMES.iter().map(|(name, _)| *name).zip(counts.iter().copied()));
    let mut wrong = Vec::new();
    for (field, listed) in listed {
        match (present(summary, field), count(summary, field)) {
            (_, Some(claimed)) if claimed == listed => {}
            (_, Some(claimed)) => wrong.push(format!("{field} {claimed}, but {listed} are listed")),
            (Some(other), None) => wrong.push(format!("{field} is {}, not a count", other.kind())),
            // Old writers leave out what did not happen; only the total has to be there.
            (None, None) if listed == 0 && field != "tests" => {}
            (None, None) => wrong.push(format!("{field} is absent, but {listed} are listed")),
        }
    }
    if !wrong.is_empty() {
        let text = format!("the summary contradicts the tests: {}", wrong.join("; "));
        broken(&text, "/results/summary", tool, facts);
    }
}

fn broken(text: &str, pointer: &str, tool: &str, facts: &mut Facts<'_>) {
    let help = "the tests count; was the file cut or edited after the run?";
    facts.report(Code::FieldInvalid, Severity::Error, text.to_owned(), pointer, help);
    facts.check(tool, ITSELF, CheckStatus::Error, text, pointer);
}
