//! Changes to the reports of other tools' test suites.
//!
//! In: a tests rule and the evidence. Out: changes: tests that fail, could not run
//! or did not, and reports that are gone. Nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Case, Mutation};
use super::drift::{Demanded, missing};
use crate::gate::policy::{TestsRule, Treatment};
use crate::gate::rules::below;
use crate::model::{Check, CheckStatus};

const DEMAND: &str = "leave out treat, on_missing and on_empty, or set them to \"fail\"";

/// So many tests of a report are changed one by one.
const EACH: usize = 100;

pub(super) fn mutations(rule: &TestsRule, case: &Case<'_>) -> Vec<Mutation> {
    let Some(run) = case.run() else { return Vec::new() };
    let mut files: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in case.registry.checks_of(&case.version) {
        if rule.report.matches(below(run, &check.source.path)) {
            files.entry(&check.source.path).or_default().push(check);
        }
    }
    let mut out = Vec::new();
    for (path, checks) in &files {
        let name = below(run, path);
        for check in checks.iter().filter(|c| c.status == CheckStatus::Pass).take(EACH) {
            let (id, what) = (check.id.clone(), format!("test {} of {name} fails", check.name));
            out.push(Mutation::worse(what, move |case| set(case, CheckStatus::Fail, |c| c.id == id)));
        }
        for (status, treated, what) in
            [(CheckStatus::Error, rule.error, "could not run"), (CheckStatus::Skipped, rule.skipped, "was skipped")]
        {
            let first = checks.iter().find(|c| c.status == CheckStatus::Pass);
            if let (Treatment::Fail, Some(check)) = (treated, first) {
                let (id, what) = (check.id.clone(), format!("test {} of {name} {what}", check.name));
                out.push(Mutation::new("worse", what, move |case| set(case, status, |c| c.id == id)).help(DEMAND));
            }
        }
    }
    let paths: BTreeSet<String> = files.keys().map(|p| (*p).to_owned()).collect();
    for (status, what) in [(CheckStatus::Skipped, "every test was skipped"), (CheckStatus::Error, "no test could run")]
    {
        let paths = paths.clone();
        let change = move |case: &mut Case<'_>| set(case, status, |c| paths.contains(&c.source.path));
        out.push(Mutation::new("worse", what, change).help(DEMAND));
    }
    if let Some(least) = rule.min_tests.and_then(|n| usize::try_from(n).ok()) {
        let ids = files.values().flatten().filter(|c| c.status != CheckStatus::Skipped).map(|c| c.id.clone());
        let kept: BTreeSet<String> = ids.take(least.saturating_sub(1)).collect();
        let what = format!("only {} tests ran", kept.len());
        let change = move |case: &mut Case<'_>| {
            let registry = &case.registry;
            case.version.checks.retain(|i| registry.checks.get(*i).is_some_and(|c| kept.contains(&c.id)));
        };
        out.push(Mutation::new("missing", what, change).help(DEMAND));
    }
    let all = paths.clone();
    out.push(Mutation::new("missing", "no report is there any more", move |case| case.delete(&all)).help(DEMAND));
    let demand = Demanded { require: &rule.require, report: &rule.report, least: rule.min_reports };
    missing(demand, &paths, |path| below(run, path).to_owned(), &mut out);
    out
}

fn set(case: &mut Case<'_>, status: CheckStatus, which: impl Fn(&Check) -> bool) {
    case.change_checks(|check| {
        if which(check) {
            check.status = status;
        }
    });
}
