//! promptfoo: results of `promptfoo eval -o` as JSON, YAML and JSON Lines.
//!
//! In: a file of output version 1 to 4. Out: a run with the totals as results (a slice for each
//! prompt and provider) and one check for each row of the table. Version 3 and later keep the
//! prompts in `results.prompts`, older ones in `results.table.head.prompts`; rows are the same in
//! all, and are the lines of JSON Lines. Totals that the rows contradict are an `error` check.

mod rows;
mod totals;

use super::facts::{Facts, text};
use super::yaml::{self, Dialect};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Severity, visible};
use crate::model::{CheckStatus, Datum, Document, Instant, RunStatus};

/// The suite of all checks.
const SUITE: &str = "promptfoo";
/// The name of checks on the file as a whole.
const ITSELF: &str = "the results themselves";
/// The newest output version that is known.
const VERSION: i64 = 4;

/// promptfoo's results.
pub(crate) struct Promptfoo;

impl DocumentImporter for Promptfoo {
    fn kind(&self) -> &'static str {
        "promptfoo"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if let Some(lines) = content.json_lines() {
            return lines.take(1).any(|(_, line)| line.is_ok_and(|line| rows::is_row(&line.value)));
        }
        if content.ends_in(&["yaml", "yml"]) {
            let start = content.file.text().unwrap_or_default();
            return start.starts_with("evalId:") && start.contains("\nresults:\n");
        }
        content.json().is_some_and(is_output)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("promptfoo".to_owned());
        facts.document.run.status = RunStatus::Finished;
        if let Some(lines) = content.json_lines() {
            let mut tally = rows::Tally::default();
            for (number, line) in lines {
                match line {
                    Ok(line) => tally.row(&line.value, &format!("line {number}"), &mut facts),
                    Err(problem) => {
                        let message = format!("line {number} is damaged: {}", problem.message);
                        facts.document.problems.push(*problem);
                        facts.check(SUITE, ITSELF, CheckStatus::Error, &message, &format!("line {number}"));
                    }
                }
            }
            totals::from_rows(&tally, &mut facts);
        } else if content.ends_in(&["yaml", "yml"]) {
            let parsed = yaml::parse_lenient(content.file.text().unwrap_or_default(), Dialect::Tools);
            if let Some(error) = parsed.error {
                let message = format!("the file breaks off or is damaged: {}", error.message);
                facts.document.problems.push(error.diagnostic(&content.file.path, 0));
                facts.check(SUITE, ITSELF, CheckStatus::Error, &message, "");
            }
            output(&parsed.value, &mut facts);
        } else if let Some(Ok(json)) = content.json_document() {
            output(&json.value, &mut facts);
            if let Some(key) = json.duplicates.first() {
                let message = format!("a key stands twice in its object, at {}", visible(key, 200));
                facts.check(SUITE, ITSELF, CheckStatus::Error, &message, key);
            }
        }
        let mut document = facts.finish();
        document.standalone = true;
        document
    }
}

/// Whether a JSON value is the whole output: rows and their totals.
fn is_output(value: &Datum) -> bool {
    let Some(results) = value.get("results") else { return false };
    let counted = results.get("stats").is_some_and(|s| s.get("successes").is_some() && s.get("failures").is_some());
    counted && (results.get("results").is_some() || results.get("prompts").is_some())
}

fn output(value: &Datum, facts: &mut Facts<'_>) {
    let Some(results) = value.get("results") else { return };
    let metadata = value.get("metadata");
    if let Some(version) = metadata.and_then(|m| text(m, "promptfooVersion")) {
        facts.harness = Some(format!("promptfoo {version}"));
    }
    if let Some(Datum::Int(version)) = results.get("version")
        && !(1..=VERSION).contains(version)
    {
        let text = format!("output version {version} is not one of 1 to {VERSION}");
        facts.report(
            Code::FormatVersion,
            Severity::Warning,
            text,
            "/results/version",
            "compare the values with the tool's own",
        );
    }
    about(value, results, facts);
    let mut tally = rows::Tally::default();
    match results.get("results").and_then(Datum::items) {
        Some(rows) => {
            for (i, row) in rows.iter().enumerate() {
                tally.row(row, &format!("/results/results/{i}"), facts);
            }
        }
        None => {
            let text = "the rows are absent, so no test can be told".to_owned();
            facts.report(Code::FieldMissing, Severity::Warning, text.clone(), "/results/results", "");
            facts.check(SUITE, ITSELF, CheckStatus::Error, &text, "/results/results");
        }
    }
    totals::from_output(results, &tally, facts);
}

/// What was evaluated, and when.
fn about(value: &Datum, results: &Datum, facts: &mut Facts<'_>) {
    let config = value.get("config");
    let run = &mut facts.document.run;
    run.name = config.and_then(|c| text(c, "description")).unwrap_or_default().to_owned();
    let created = value.get("metadata").and_then(|m| text(m, "evaluationCreatedAt"));
    run.started_at = created.or_else(|| text(results, "timestamp")).and_then(Instant::parse);
    facts.system_tag("evalId", value.get("evalId"));
    for key in ["providers", "prompts", "tags"] {
        if let Some(value) = config.and_then(|c| c.get(key)) {
            facts.param(key, value);
        }
    }
    facts.params("evaluateOptions.", config.and_then(|c| c.get("evaluateOptions")));
    facts.params("runtimeOptions.", value.get("runtimeOptions"));
    for (tag, value) in config.and_then(|c| c.get("tags")).and_then(Datum::entries).unwrap_or_default() {
        facts.document.run.tags.insert(tag.clone(), value.display());
    }
    facts.extra("metadata", value.get("metadata"));
    facts.extra("shareableUrl", value.get("shareableUrl"));
}
