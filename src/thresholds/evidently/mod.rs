//! Evidently: what a test suite or a report with tests demanded.
//!
//! In: the JSON of a suite (`TestSuite`, to 0.6) or of a report with tests (0.7). Out: a rule that every test of such
//! a file must pass by its own status, as Evidently judges it. A report of 0.7 holds the values as well: what its tests
//! compare with a fixed number is then also judged from these ([`condition`]), and so is drift.

mod condition;

use std::collections::BTreeSet;

use toml::Value;

use super::Format;
use super::draft::{Draft, below};
use super::rule::{Rule, written};
use crate::diag::{count, visible};
use crate::import;
use crate::model::{CheckStatus, Datum, DriftReport, MetricResult, Records};
use crate::source::{FileData, Source};
use condition::{Condition, Part};

pub(super) struct Evidently;

/// Tests that are listed for people.
const LISTED: usize = 40;

impl Format for Evidently {
    fn kind(&self) -> &'static str {
        "evidently"
    }

    fn about(&self) -> &'static str {
        "a test suite, or a report with tests, as JSON"
    }

    fn sniff(&self, document: &Datum) -> bool {
        let is_test =
            |t: &Datum| t.get("status").is_some() && (t.get("parameters").is_some() || t.get("test_config").is_some());
        document.get("tests").and_then(Datum::items).is_some_and(|tests| tests.iter().any(is_test))
    }

    fn read(&self, document: &Datum, file: &FileData, draft: &mut Draft) {
        let (name, records) = evidence(file);
        let tests = document.get("tests").and_then(Datum::items).unwrap_or_default();
        if records.checks.is_empty() {
            draft.leave("/tests", format!("as '{}' no test of the file is read in a run's folder", visible(&name, 80)));
            return;
        }
        let report = format!("**/{}", name.replace(['*', '?', '[', ']', '{', '}', '\\'], "?"));
        draft.push(suite(tests, &records, &report), "/tests");
        drift(document, tests, &records, &report, draft);
        let results: Vec<&MetricResult> = records.runs.iter().flat_map(|run| &run.results).collect();
        for (i, test) in tests.iter().enumerate() {
            let at = format!("/tests/{i}");
            if let Some(rule) = on_value(document, test, &results) {
                draft.offer(rule, &at);
            }
        }
    }
}

/// What the gate reads from the file where it lies in a run's folder, and the name that it has there.
fn evidence(file: &FileData) -> (String, Records) {
    let name = file.name();
    let name = if name.ends_with(".json") { name.to_owned() } else { format!("{name}.json") };
    let files = [("m/1/run.toml".to_owned(), Vec::new()), (format!("m/1/{name}"), file.bytes.to_vec())];
    (name, import::import(&Source::from_memory("runs", "runs", files), None))
}

/// The rule on the tests' own statuses.
fn suite(tests: &[Datum], records: &Records, report: &str) -> Rule {
    let ran = records.checks.iter().filter(|c| c.status != CheckStatus::Skipped).count();
    let mut rule = Rule::new("tests", "evidently", "tests").comment(format!(
        "{} in the file that this was made of; put the JSON of every run into its folder",
        count(tests.len(), "test")
    ));
    for test in tests.iter().take(LISTED) {
        rule = rule.comment(format!("  {}", condition::words(test)));
    }
    if tests.len() > LISTED {
        rule = rule.comment(format!("  and {} more", tests.len() - LISTED));
    }
    // Evidently calls a failure of a test that is not critical a warning, and passes.
    let warning: toml::Table = [("warning".to_owned(), Value::from("warn"))].into_iter().collect();
    rule = rule.key("report", report).key("min_reports", 1).key("treat", warning);
    match i64::try_from(ran) {
        Ok(ran @ 1..) => rule.key("min_tests", ran),
        _ => rule,
    }
}

/// The rules on drift: the largest share of drifting columns, and columns that must not drift.
fn drift(document: &Datum, tests: &[Datum], records: &Records, report: &str, draft: &mut Draft) {
    // With several reports in one file it is not known which of them a test is about.
    let [read] = records.drift.as_slice() else { return };
    let rule = |suffix: &str| Rule::new("drift", "evidently", suffix).key("report", report).key("min_reports", 1);
    let mut columns = BTreeSet::new();
    for (i, test) in tests.iter().enumerate() {
        match condition::class(test) {
            Some("ValueDrift") if condition::is_drift(test) => {
                let column = condition::params(test).and_then(|p| p.get("column")).and_then(Datum::as_str);
                columns.extend(column.filter(|c| read.features.iter().any(|f| f.feature == *c)));
            }
            Some("DriftedColumnsCount") => {
                let share = Condition::of(test).filter(|c| c.part == Part::Key("share")).and_then(|c| c.largest());
                let tools = condition::values(document, test).and_then(|(value, _)| value.get("share")?.as_number());
                if let (Some(share), Some(tools)) = (share, tools)
                    && share_of(read).is_some_and(|ours| ours == tools.as_f64())
                {
                    let rule = rule("drift-share")
                        .comment("the share is computed from the columns' own flags; one that is less than a number")
                        .comment("is at most the next smaller number")
                        .key("max_drifted_share", share);
                    draft.offer(condition::severe(rule, test), &format!("/tests/{i}"));
                }
            }
            _ => {}
        }
    }
    if !columns.is_empty() {
        let list: Vec<Value> = columns.into_iter().map(Value::from).collect();
        draft.offer(rule("drift-columns").key("critical", Value::Array(list)), "/tests");
    }
}

/// The share of drifting columns as the gate computes it.
#[expect(clippy::cast_precision_loss, reason = "reports have far fewer than 2^53 columns")]
fn share_of(report: &DriftReport) -> Option<f64> {
    let flags: Option<Vec<bool>> = report.features.iter().map(|f| f.drifted).collect();
    let flags = flags.filter(|f| !f.is_empty())?;
    Some(flags.iter().filter(|f| **f).count() as f64 / flags.len() as f64)
}

/// The rule on the value that a test of 0.7 compares with a fixed number.
fn on_value(document: &Datum, test: &Datum, results: &[&MetricResult]) -> Option<Rule> {
    let condition = Condition::of(test)?;
    let (_, at) = condition::values(document, test)?;
    let at = match &condition.part {
        Part::Whole => at,
        Part::Key(key) => below(&at, key),
        Part::Label(label) => below(&at, label),
        Part::KeyOfLabel(key, label) => below(&below(&at, key), label),
    };
    let result = results.iter().find(|r| r.source.pointer == at)?;
    let about = format!("{} {} {}", result.metric, result.slice, result.class.as_deref().unwrap_or_default());
    let mut rule = Rule::new("metric", &about, condition.suffix()).key("metric", result.metric.as_str());
    if let Some(dataset) = &result.dataset {
        rule = rule.key("dataset", dataset.as_str());
    }
    if let Some(class) = &result.class {
        rule = rule.key("class", class.as_str());
    }
    if !result.slice.is_overall() {
        rule = rule.slices(&written(&result.slice)?);
    }
    Some(condition::severe(condition.bound(rule), test))
}
