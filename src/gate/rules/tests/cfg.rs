//! The tests rule's part of the policy.
//!
//! In: a rule's table. Out: [`TestsRule`].

use serde::Serialize;

use crate::gate::pattern::Pattern;
use crate::gate::policy::Treatment;
use crate::gate::policy::reader::Table;
use crate::gate::rules::drift::cfg::{read_report, read_required};

/// A rule of kind `tests`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestsRule {
    /// Which reports, by path relative to the run's folder.
    pub report: Pattern,
    /// What becomes of a test that could not run.
    pub error: Treatment,
    /// What becomes of a test that was skipped.
    pub skipped: Treatment,
    /// What becomes of a test that its tool calls a warning.
    pub warning: Treatment,
    /// How many tests must have run.
    pub min_tests: Option<u64>,
    /// How many reports there must be.
    pub min_reports: Option<u64>,
    /// Files that must be there.
    pub require: Vec<Pattern>,
}

/// Reads the keys of a tests rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>) -> Option<TestsRule> {
    let report = read_report(table);
    let treat = table.table("treat");
    let word = |key: &'static str| {
        treat.as_ref().and_then(|t| t.word(key, Treatment::WORDS)).map_or(Treatment::Fail, |(t, _)| t)
    };
    let (error, skipped, warning) = (word("error"), word("skipped"), word("warning"));
    if let Some(treat) = &treat {
        treat.finish(&[]);
    }
    let min_tests = table.count("min_tests").map(|(n, _)| n);
    let min_reports = table.count("min_reports").map(|(n, _)| n);
    let require = read_required(table, report.as_ref());
    Some(TestsRule { report: report?, error, skipped, warning, min_tests, min_reports, require })
}
