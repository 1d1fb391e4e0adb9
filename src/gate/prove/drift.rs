//! Changes to drift reports.
//!
//! In: a drift rule and the evidence. Out: changes: drift that must be seen, numbers
//! that are none, columns and reports that are gone. Nothing is judged here.

use std::collections::BTreeSet;

use super::case::{Case, Mutation};
use crate::gate::policy::{DriftRule, Pattern};
use crate::gate::rules::below;
use crate::model::{DriftReport, FeatureDrift, Measured, NonFinite};

const DEMAND: &str = "leave out on_missing, on_invalid and on_empty, or set them to \"fail\"";

pub(super) fn mutations(rule: &DriftRule, case: &Case<'_>) -> Vec<Mutation> {
    let Some(run) = case.run() else { return Vec::new() };
    let meant = |d: &&DriftReport| rule.report.matches(below(run, &d.source.path));
    let reports: Vec<&DriftReport> = case.registry.drift_of(&case.version).filter(meant).collect();
    let files: BTreeSet<String> = reports.iter().map(|d| d.source.path.clone()).collect();
    let mut out = Vec::new();
    for report in &reports {
        let name = below(run, &report.source.path);
        of_report(rule, report, name, &mut out);
    }
    let all = files.clone();
    out.push(Mutation::new("missing", "no report is there any more", move |case| case.delete(&all)).help(DEMAND));
    let demand = Demanded { require: &rule.require, report: &rule.report, least: rule.min_reports };
    missing(demand, &files, |path| below(run, path).to_owned(), &mut out);
    out
}

/// Which reports there must be.
#[derive(Clone, Copy)]
pub(super) struct Demanded<'r> {
    pub(super) require: &'r [Pattern],
    pub(super) report: &'r Pattern,
    pub(super) least: Option<u64>,
}

/// Reports that are gone: each that is required; so many that too few are left; one that only a pattern finds, where
/// nothing is demanded.
pub(super) fn missing(
    demanded: Demanded<'_>,
    files: &BTreeSet<String>,
    name: impl Fn(&str) -> String,
    out: &mut Vec<Mutation>,
) {
    let Demanded { require, report, least } = demanded;
    let mut gone = |path: &String, help| {
        let only = BTreeSet::from([path.clone()]);
        let what = format!("{} is gone", name(path));
        out.push(Mutation::new("missing", what, move |case| case.delete(&only)).help(help));
    };
    for path in files.iter().filter(|path| require.iter().any(|r| r.matches(&name(path)))) {
        // Another file may fit the same demand.
        let others = |r: &&Pattern| r.matches(&name(path)) && files.iter().filter(|f| r.matches(&name(f))).count() == 1;
        if require.iter().any(|r| others(&r)) {
            gone(path, DEMAND);
        }
    }
    if let Some(least) = least.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
        let kept = least - 1;
        let all: BTreeSet<String> = files.iter().skip(kept).cloned().collect();
        let change = move |case: &mut Case<'_>| case.delete(&all);
        out.push(Mutation::new("missing", format!("only {kept} reports are left"), change).help(DEMAND));
    } else if require.is_empty()
        && !report.is_literal()
        && let Some(path) = files.last()
    {
        gone(
            path,
            "only a pattern finds the report, so that one that fails can be deleted: add require = [\"…\"] or min_reports",
        );
    }
}

/// Changes some features of one report.
fn on(
    report: &DriftReport,
    feature: Option<String>,
    change: impl Fn(&mut FeatureDrift) + 'static,
) -> impl Fn(&mut Case<'_>) + 'static {
    let id = report.id.clone();
    move |case| {
        case.change_drift(|d| {
            if d.id == id {
                let meant = |f: &&mut FeatureDrift| feature.as_ref().is_none_or(|name| f.feature == *name);
                d.features.iter_mut().filter(meant).for_each(&change);
            }
        });
    }
}

fn of_report(rule: &DriftRule, report: &DriftReport, name: &str, out: &mut Vec<Mutation>) {
    let judged: Vec<&FeatureDrift> =
        report.features.iter().filter(|f| !rule.exclude.iter().any(|e| e.matches(&f.feature))).collect();
    let drifting = {
        let rule = rule.clone();
        move |f: &mut FeatureDrift| drift(&rule, f)
    };
    out.push(
        Mutation::worse(format!("every column of {name} drifts"), on(report, None, drifting.clone()))
            .help("narrow the bound or max_drifted_share"),
    );
    let each: Vec<&str> = match rule.max_drifted_share {
        None => judged.iter().map(|f| f.feature.as_str()).collect(),
        Some(_) => rule.critical.iter().map(String::as_str).collect(),
    };
    for feature in each {
        let what = format!("{feature} of {name} drifts");
        out.push(Mutation::worse(what, on(report, Some(feature.to_owned()), drifting.clone())));
    }
    for feature in &judged {
        let change = on(report, Some(feature.feature.clone()), |f| {
            let nan = Some(Measured::NonFinite(NonFinite::NaN));
            f.score = nan;
            f.p_value = f.p_value.and(nan);
        });
        out.push(Mutation::new("not-finite", format!("{} of {name} is NaN", feature.feature), change).help(DEMAND));
        let forget = on(report, Some(feature.feature.clone()), |f| {
            (f.score, f.p_value, f.drifted) = (None, None, None);
        });
        let what = format!("{} of {name} has no number", feature.feature);
        out.push(Mutation::new("missing", what, forget).help(DEMAND));
    }
    if rule.method.is_some() {
        let other = on(report, None, |f| {
            f.method = None;
            "another method".clone_into(&mut f.method_label);
        });
        out.push(Mutation::new("renamed", format!("{name} uses another method"), other).help(DEMAND));
    }
    let keep = |keep: Vec<String>| {
        let id = report.id.clone();
        move |case: &mut Case<'_>| {
            case.change_drift(|d| {
                if d.id == id {
                    d.features.retain(|f| keep.contains(&f.feature));
                }
            });
        }
    };
    out.push(Mutation::new("missing", format!("{name} holds no column"), keep(Vec::new())).help(DEMAND));
    let names: BTreeSet<String> = judged.iter().map(|f| f.feature.clone()).collect();
    for critical in &rule.critical {
        let rest = names.iter().filter(|n| *n != critical).cloned().collect();
        out.push(Mutation::new("missing", format!("{critical} of {name} is gone"), keep(rest)).help(DEMAND));
    }
    match rule.min_columns.and_then(|n| usize::try_from(n).ok()) {
        Some(least) => {
            let rest: Vec<String> = names.iter().take(least.saturating_sub(1)).cloned().collect();
            let what = format!("{name} holds only {} columns", rest.len());
            out.push(Mutation::new("missing", what, keep(rest)).help(DEMAND));
        }
        None => {
            let open = names.iter().find(|n| !rule.critical.contains(n));
            if let Some(gone) = open.filter(|_| names.len() > 1) {
                let rest = names.iter().filter(|n| *n != gone).cloned().collect();
                out.push(
                    Mutation::new("missing", format!("{gone} of {name} is gone"), keep(rest))
                        .help("a column that drifts can be left out: add min_columns, or name it in critical"),
                );
            }
        }
    }
}

/// Drift, as the rule measures it, a hair beyond its bound.
fn drift(rule: &DriftRule, feature: &mut FeatureDrift) {
    if let Some(most) = rule.max_score {
        let (before, beyond) = (feature.score, Some(Measured::new(most.next_up())));
        // Where score and p-value are one number the score is the p-value, and the rule refuses it anyway.
        if feature.p_value.is_none() || feature.p_value != before {
            feature.score = beyond;
        }
        feature.drifted = Some(true);
    } else if let Some(least) = rule.min_p {
        let beyond = Some(Measured::new(least.next_down()));
        if feature.p_value.is_some() {
            if feature.score == feature.p_value {
                feature.score = beyond;
            }
            feature.p_value = beyond;
        } else {
            feature.score = beyond;
        }
        feature.drifted = Some(true);
    } else {
        feature.drifted = Some(true);
    }
}
