//! What tests rules say.
//!
//! In: what was counted. Out: findings that name the first failing tests.

use super::super::{Cause, Finding, list};
use super::cfg::TestsRule;
use crate::diag::{Diagnostic, count, visible};
use crate::gate::pattern::Pattern;
use crate::model::{Check, CheckStatus};

pub(super) fn no_report(rule: &TestsRule) -> Finding {
    let message = format!("no test report of this version matches '{}'", visible(rule.report.as_str(), 120));
    Finding::new("", "empty-match", message).cause(Cause::Empty)
}

pub(super) fn not_a_report(path: &str) -> Finding {
    let message = format!("'{}' matches the rule, but no test was read from it", visible(path, 200));
    Finding::new(path, "not-a-report", message).invalid()
}

pub(super) fn required(pattern: &Pattern) -> Finding {
    let message = format!("the required report '{}' is not there", visible(pattern.as_str(), 120));
    Finding::new(pattern.as_str(), "missing-report", message)
}

pub(super) fn too_few(ran: usize, least: u64) -> Finding {
    Finding::new(
        "number of tests",
        "too-few-tests",
        format!("{} ran, at least {least} are expected", count(ran, "test")),
    )
}

pub(super) fn half_read(name: &str, problem: &Diagnostic) -> Finding {
    let message = format!(
        "a part of the report was left out: {}: {}",
        visible(&problem.place(), 200),
        visible(&problem.message, 200)
    );
    Finding::new(name, "half-read", message).invalid()
}

/// `2 of 19 tests failed: a (failed), b (skipped)`.
pub(super) fn some(checks: &[&Check], all: usize, what: &str) -> String {
    let names: Vec<String> = checks
        .iter()
        .map(|c| {
            let name = visible(&c.name, 80);
            match c.status {
                CheckStatus::Fail | CheckStatus::Pass => name,
                CheckStatus::Error => format!("{name} (error)"),
                CheckStatus::Skipped => format!("{name} (skipped)"),
                CheckStatus::Warn => format!("{name} (warning)"),
            }
        })
        .collect();
    format!("{} of {} {what}: {}", checks.len(), count(all, "test"), list(&names, 3))
}

pub(super) fn all(passed: usize, left_out: usize) -> String {
    match left_out {
        0 => format!("{} passed", count(passed, "test")),
        n => format!("{} passed, {n} left out by the policy", count(passed, "test")),
    }
}
