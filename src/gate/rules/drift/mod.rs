//! The drift rule: every matched report against bounds on features and on their share.
//!
//! In: a [`DriftRule`] and the subject. Out: one finding per report, one per critical feature that
//! drifts or is absent, one per file that matches and is no report, one when there are too few. The share is computed from the
//! features; a report's own summary is never trusted.

pub(crate) mod cfg;
mod diags;

use std::collections::{BTreeMap, BTreeSet};

use cfg::{DriftRule, is_test};

use super::{Finding, Subject, below};
use crate::gate::evidence::half_read;
use crate::gate::pattern::Pattern;
use crate::gate::verdict::Status;
use crate::model::{DriftReport, FeatureDrift, Measured, Run};

/// Judges a drift rule.
pub(in crate::gate) fn judge(rule: &DriftRule, subject: &Subject<'_>) -> Vec<Finding> {
    let run = subject.run;
    let reports: Vec<&DriftReport> = subject
        .registry
        .drift_of(subject.version)
        .filter(|r| rule.report.matches(below(run, &r.source.path)))
        .collect();
    let mut out = Vec::new();
    if reports.is_empty() {
        out.push(diags::no_report(rule));
    }
    let read: Vec<&str> = reports.iter().map(|r| r.source.path.as_str()).collect();
    out.extend(unread_files(subject, &rule.report, &read).into_iter().map(|path| diags::not_a_report(&path)));
    if let Some(least) = rule.min_reports.filter(|_| !reports.is_empty()) {
        out.extend(fewer_than(least, reports.iter().map(|r| r.source.path.as_str()).collect::<BTreeSet<_>>().len()));
    }
    for required in &rule.require {
        if !read.iter().any(|path| required.matches(below(run, path))) {
            out.push(diags::required(required));
        }
    }
    for report in reports {
        let name = name_of(run, report);
        match half_read(subject.registry, &report.source.path) {
            Some(problem) => out.push(diags::half_read(name, problem)),
            None => judge_report(rule, report, name, &mut out),
        }
    }
    out
}

/// What a report is called: its id without the run's folder. That of an archive still has the folder
/// that it was made from.
fn name_of<'a>(run: &Run, report: &'a DriftReport) -> &'a str {
    let former = || {
        let place = run.relative(&report.source.path).filter(|below| !below.is_empty())?;
        let at = report.id.rfind(&format!("/{place}"))?;
        report.id.get(at + 1..)
    };
    run.relative(&report.id).or_else(former).unwrap_or(&report.id)
}

/// Files of the version that a pattern matches and that gave nothing of the kind it is meant for:
/// they were meant to be judged and cannot be.
pub(in crate::gate::rules) fn unread_files(subject: &Subject<'_>, pattern: &Pattern, read: &[&str]) -> Vec<String> {
    let run = subject.run;
    let evidence = subject.registry.evidence_of(subject.version).map(|e| &e.path);
    // An archive's own files stand for those that it was made from.
    let own = |below: &str| !run.archived.is_empty() && is_archive_file(below);
    let mut out: Vec<String> = evidence
        .chain(&subject.registry.unrecognised)
        .filter(|p| !read.contains(&p.as_str()))
        .filter_map(|p| run.relative(p))
        .filter(|below| pattern.matches(below) && !own(below))
        .map(str::to_owned)
        .collect();
    let was_read = |below: &str| read.iter().any(|p| run.relative(p) == Some(below));
    let archived = run.archived.iter().map(|file| &file.path);
    out.extend(archived.filter(|below| pattern.matches(below) && !was_read(below)).cloned());
    out.sort();
    out.dedup();
    out
}

/// Fewer reports than there must be.
pub(in crate::gate::rules) fn fewer_than(least: u64, found: usize) -> Option<Finding> {
    (!u64::try_from(found).is_ok_and(|n| n >= least)).then(|| diags::too_few_reports(found, least))
}

/// Whether a file of a run directory is one that `presscheck import` writes.
fn is_archive_file(below: &str) -> bool {
    let numbered = || below.strip_prefix("records-")?.strip_suffix(".json")?.parse::<u32>().ok();
    matches!(below, "run.toml" | "metrics.json" | "records.json") || numbered().is_some()
}

/// What a feature's number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScoreKind {
    /// More is more drift.
    Distance,
    /// Less is more drift.
    PValue,
    /// Nobody can tell.
    Unknown,
}

/// Distances and p-values share one field in most tools' reports. Where label, method and p-value
/// do not say which it is, the report's own threshold may; else it stays unknown and is not judged.
fn score_kind(feature: &FeatureDrift) -> ScoreKind {
    let label = feature.method_label.to_ascii_lowercase();
    if ["p_value", "p-value", "pvalue", "p value"].iter().any(|word| label.contains(word)) {
        return ScoreKind::PValue;
    }
    let Some(method) = feature.method else { return ScoreKind::Unknown };
    if let (Some(p), Some(score)) = (feature.p_value, feature.score) {
        return if p == score { ScoreKind::PValue } else { ScoreKind::Distance };
    }
    if !is_test(method) {
        return ScoreKind::Distance;
    }
    match (feature.score.and_then(Measured::finite), feature.threshold, feature.drifted) {
        (Some(score), Some(threshold), Some(drifted)) if score != threshold => {
            if drifted == (score > threshold) {
                ScoreKind::Distance
            } else {
                ScoreKind::PValue
            }
        }
        _ => ScoreKind::Unknown,
    }
}

/// A feature's number after judging it.
struct Judged {
    drifted: bool,
    /// What was compared, when a number was.
    value: Option<f64>,
}

/// Whether a feature drifts by the rule; `Err` says why that cannot be told.
fn judge_feature(rule: &DriftRule, feature: &FeatureDrift) -> Result<Judged, String> {
    if let Some(wanted) = rule.method
        && feature.method != Some(wanted)
    {
        return Err(diags::other_method(feature, wanted));
    }
    for number in [feature.score, feature.p_value].into_iter().flatten() {
        if number.finite().is_none() {
            return Err(diags::nonfinite(feature, number));
        }
    }
    let finite = |number: Option<Measured>| number.and_then(Measured::finite).map(crate::model::Finite::get);
    if let Some(max_score) = rule.max_score {
        let Some(score) = finite(feature.score) else { return Err(diags::no_score(feature)) };
        match score_kind(feature) {
            ScoreKind::PValue => return Err(diags::is_p_value(feature)),
            ScoreKind::Unknown => return Err(diags::unknown_score(feature)),
            ScoreKind::Distance => {}
        }
        // A signed statistic below the bound may be a large effect.
        if score < 0.0 {
            return Err(diags::negative(feature, score));
        }
        let holds = score <= max_score;
        return Ok(Judged { drifted: !holds, value: Some(score) });
    }
    if let Some(min_p) = rule.min_p {
        let p = match (finite(feature.p_value), score_kind(feature)) {
            (Some(p), _) => p,
            (None, ScoreKind::PValue) => finite(feature.score).ok_or_else(|| diags::no_score(feature))?,
            (None, _) => return Err(diags::no_p_value(feature)),
        };
        if !(0.0..=1.0).contains(&p) {
            return Err(diags::bad_p_value(feature, p));
        }
        let holds = p >= min_p;
        return Ok(Judged { drifted: !holds, value: Some(p) });
    }
    match feature.drifted {
        Some(drifted) => Ok(Judged { drifted, value: None }),
        None => Err(diags::no_flag(feature)),
    }
}

fn judge_report(rule: &DriftRule, report: &DriftReport, name: &str, out: &mut Vec<Finding>) {
    let source = report.source.to_string();
    let mut features: BTreeMap<&str, Vec<&FeatureDrift>> = BTreeMap::new();
    for feature in report.features.iter().filter(|f| !rule.exclude.iter().any(|e| e.matches(&f.feature))) {
        features.entry(&feature.feature).or_default().push(feature);
    }
    let mut drifted: Vec<(&str, Option<f64>)> = Vec::new();
    let mut worst: Option<f64> = None;
    let mut unclear: Vec<String> = Vec::new();
    let further = |a: f64, b: f64| if rule.min_p.is_some() { a.min(b) } else { a.max(b) };
    for (feature, entries) in &features {
        let mut any = false;
        let mut value: Option<f64> = None;
        for entry in entries {
            match judge_feature(rule, entry) {
                Ok(judged) => {
                    any |= judged.drifted;
                    value = match (value, judged.value) {
                        (Some(a), Some(b)) => Some(further(a, b)),
                        (a, b) => a.or(b),
                    };
                }
                Err(why) => unclear.push(why),
            }
        }
        worst = match (worst, value) {
            (Some(a), Some(b)) => Some(further(a, b)),
            (a, b) => a.or(b),
        };
        if any {
            drifted.push((feature, value));
        }
    }
    for feature in &rule.critical {
        if !features.contains_key(feature.as_str()) {
            out.push(diags::critical_absent(name, feature, &source));
        } else if let Some((_, value)) = drifted.iter().find(|(f, _)| f == feature) {
            out.push(diags::critical(rule, report, name, feature, *value));
        }
    }
    // The largest drift first, so that the message names what matters.
    drifted.sort_by(|a, b| {
        let order = match (a.1, b.1) {
            (Some(x), Some(y)) if rule.min_p.is_some() => x.total_cmp(&y),
            (Some(x), Some(y)) => y.total_cmp(&x),
            _ => std::cmp::Ordering::Equal,
        };
        order.then_with(|| a.0.cmp(b.0))
    });
    if !unclear.is_empty() {
        out.push(diags::unclear(name, &unclear, &source));
        return;
    }
    if features.is_empty() {
        out.push(
            Finding::new(name, "no-features", "the report judges no feature").status(Status::Invalid).source(source),
        );
        return;
    }
    if let Some(least) = rule.min_columns
        && !u64::try_from(features.len()).is_ok_and(|n| n >= least)
    {
        out.push(diags::too_few(name, features.len(), least, &source));
        return;
    }
    out.push(diags::report(rule, report, name, features.len(), &drifted, worst));
}
