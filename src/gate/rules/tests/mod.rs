//! The tests rule: what other tools' test suites said about the version.
//!
//! In: a [`TestsRule`] and the subject. Out: one finding per report file, one per required file that
//! is not there, one when too few tests ran or reports are there. Suites' own summaries are never trusted: every test
//! counts by its own status.

pub(crate) mod cfg;
mod diags;

use std::collections::BTreeMap;

use cfg::TestsRule;

use super::drift::{fewer_than, unread_files};
use super::{Finding, Subject, below};
use crate::gate::evidence::half_read;
use crate::gate::policy::Treatment;
use crate::gate::verdict::Status;
use crate::model::{Check, CheckStatus};

/// Judges a tests rule.
pub(in crate::gate) fn judge(rule: &TestsRule, subject: &Subject<'_>) -> Vec<Finding> {
    let run = subject.run;
    let mut files: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in subject.registry.checks_of(subject.version) {
        if rule.report.matches(below(run, &check.source.path)) {
            files.entry(&check.source.path).or_default().push(check);
        }
    }
    let mut out = Vec::new();
    if files.is_empty() {
        out.push(diags::no_report(rule));
    }
    let read: Vec<&str> = files.keys().copied().collect();
    out.extend(unread_files(subject, &rule.report, &read).into_iter().map(|path| diags::not_a_report(&path)));
    if let Some(least) = rule.min_reports.filter(|_| !files.is_empty()) {
        out.extend(fewer_than(least, files.len()));
    }
    for required in &rule.require {
        if !read.iter().any(|path| required.matches(below(run, path))) {
            out.push(diags::required(required));
        }
    }
    let ran = files.values().flatten().filter(|c| c.status != CheckStatus::Skipped).count();
    if !files.is_empty() {
        if ran == 0 {
            out.push(Finding::new("number of tests", "no-tests", "no test ran: all were skipped"));
        } else if let Some(least) = rule.min_tests
            && !u64::try_from(ran).is_ok_and(|n| n >= least)
        {
            out.push(diags::too_few(ran, least));
        }
    }
    for (path, checks) in files {
        let name = below(run, path);
        match half_read(subject.registry, path) {
            Some(problem) => out.push(diags::half_read(name, problem)),
            None => out.push(judge_file(rule, path, name, &checks)),
        }
    }
    out
}

fn judge_file(rule: &TestsRule, path: &str, name: &str, checks: &[&Check]) -> Finding {
    let outcome = |check: &Check| match check.status {
        CheckStatus::Pass => None,
        CheckStatus::Fail => Some(Treatment::Fail),
        CheckStatus::Error => Some(rule.error),
        CheckStatus::Skipped => Some(rule.skipped),
        CheckStatus::Warn => Some(rule.warning),
    };
    let of = |treatment: Treatment| -> Vec<&Check> {
        checks.iter().copied().filter(|c| outcome(c) == Some(treatment)).collect()
    };
    let (failing, warning, left_out) = (of(Treatment::Fail), of(Treatment::Warn), of(Treatment::Skip));
    let passed = checks.iter().filter(|c| outcome(c).is_none()).count();
    let finding = if !failing.is_empty() {
        Finding::new(name, "tests-failed", diags::some(&failing, checks.len(), "failed"))
    } else if !warning.is_empty() {
        Finding::new(name, "tests-warned", diags::some(&warning, checks.len(), "gave warnings")).status(Status::Warn)
    } else {
        let all = passed > 0 && passed + left_out.len() == checks.len();
        Finding::new(name, "tests-failed", diags::all(passed, left_out.len())).holds(all)
    };
    let mut finding = finding.source(path);
    finding.n = u64::try_from(checks.len()).ok();
    finding
}
