//! What drift rules say.
//!
//! In: what was judged. Out: findings with the worst features and their scores.

use super::super::{Cause, Finding, list};
use super::cfg::DriftRule;
use crate::diag::{Diagnostic, count, visible};
use crate::gate::number::{digits_for, plain, rounded};
use crate::gate::pattern::Pattern;
use crate::model::{DriftReport, FeatureDrift, Measured, Method};

fn name_of(feature: &FeatureDrift) -> String {
    visible(&feature.feature, 80)
}

fn method_of(feature: &FeatureDrift) -> String {
    match feature.method {
        Some(method) => method.as_str().to_owned(),
        None if feature.method_label.is_empty() => "an unnamed method".to_owned(),
        None => format!("'{}'", visible(&feature.method_label, 80)),
    }
}

pub(super) fn no_report(rule: &DriftRule) -> Finding {
    let message = format!("no drift report of this version matches '{}'", visible(rule.report.as_str(), 120));
    Finding::new("", "empty-match", message).cause(Cause::Empty)
}

pub(super) fn not_a_report(path: &str) -> Finding {
    let message = format!("'{}' matches the rule, but no drift report was read from it", visible(path, 200));
    Finding::new(path, "not-a-report", message).invalid()
}

pub(super) fn required(pattern: &Pattern) -> Finding {
    let message = format!("the required report '{}' is not there", visible(pattern.as_str(), 120));
    Finding::new(pattern.as_str(), "missing-report", message)
}

pub(super) fn too_few_reports(found: usize, least: u64) -> Finding {
    let verb = if found == 1 { "is" } else { "are" };
    let message = format!("there {verb} {}, at least {least} are expected", count(found, "report"));
    Finding::new("number of reports", "too-few-reports", message)
}

pub(super) fn half_read(name: &str, problem: &Diagnostic) -> Finding {
    let message = format!(
        "a part of the report was left out: {}: {}",
        visible(&problem.place(), 200),
        visible(&problem.message, 200)
    );
    Finding::new(name, "half-read", message).invalid()
}

pub(super) fn other_method(feature: &FeatureDrift, wanted: Method) -> String {
    format!("'{}' was judged by {}, not by {wanted}", name_of(feature), method_of(feature))
}

pub(super) fn nonfinite(feature: &FeatureDrift, number: Measured) -> String {
    format!("the score of '{}' is {number}", name_of(feature))
}

pub(super) fn no_score(feature: &FeatureDrift) -> String {
    format!("'{}' has no score", name_of(feature))
}

pub(super) fn is_p_value(feature: &FeatureDrift) -> String {
    format!(
        "the score of '{}' is a p-value ({}), which falls with drift: use min_p",
        name_of(feature),
        method_of(feature)
    )
}

pub(super) fn unknown_score(feature: &FeatureDrift) -> String {
    format!(
        "nobody says whether the score of '{}' ({}) is a distance or a p-value",
        name_of(feature),
        method_of(feature)
    )
}

pub(super) fn negative(feature: &FeatureDrift, score: f64) -> String {
    format!("the score of '{}' is {}, and a distance is not negative", name_of(feature), plain(score))
}

pub(super) fn no_p_value(feature: &FeatureDrift) -> String {
    format!("'{}' ({}) has no p-value", name_of(feature), method_of(feature))
}

pub(super) fn bad_p_value(feature: &FeatureDrift, p: f64) -> String {
    format!("the p-value of '{}' is {}, outside 0 to 1", name_of(feature), plain(p))
}

pub(super) fn no_flag(feature: &FeatureDrift) -> String {
    format!("the report does not say whether '{}' drifted", name_of(feature))
}

pub(super) fn unclear(name: &str, reasons: &[String], source: &str) -> Finding {
    Finding::new(name, "not-judgeable", list(reasons, 2)).invalid().source(source)
}

pub(super) fn too_few(name: &str, found: usize, least: u64, source: &str) -> Finding {
    let message = format!("the report judges {}, at least {least} are expected", count(found, "feature"));
    Finding::new(name, "too-few-columns", message).source(source)
}

pub(super) fn critical_absent(name: &str, feature: &str, source: &str) -> Finding {
    let message = format!("the critical feature '{}' is not in the report", visible(feature, 80));
    Finding::new(format!("{name}: {feature}"), "critical-absent", message).source(source)
}

/// The bound on a single feature.
fn limit(rule: &DriftRule) -> Option<(f64, &'static str, &'static str)> {
    match (rule.max_score, rule.min_p) {
        (Some(max), _) => Some((max, ">", "max_score")),
        (None, Some(min)) => Some((min, "<", "min_p")),
        (None, None) => None,
    }
}

fn method_words(rule: &DriftRule, report: &DriftReport) -> String {
    let mut names: Vec<String> = match rule.method {
        Some(method) => vec![method.as_str().to_owned()],
        None => report.features.iter().map(method_of).collect(),
    };
    names.sort();
    names.dedup();
    list(&names, 3)
}

pub(super) fn critical(
    rule: &DriftRule,
    report: &DriftReport,
    name: &str,
    feature: &str,
    value: Option<f64>,
) -> Finding {
    let shown = visible(feature, 80);
    let message = match (limit(rule), value) {
        (Some((bound, relation, key)), Some(value)) => {
            let digits = digits_for(&[value, bound]);
            format!(
                "the critical feature '{shown}' drifts: {} {} {relation} {key} {}",
                method_words(rule, report),
                rounded(value, digits),
                rounded(bound, digits)
            )
        }
        _ => format!("the critical feature '{shown}' drifts, as the report says"),
    };
    let mut finding =
        Finding::new(format!("{name}: {feature}"), "critical-drift", message).source(report.source.to_string());
    finding.metric = Some(method_words(rule, report));
    finding.value = value.map(Measured::new);
    if let Some((bound, relation, _)) = limit(rule) {
        finding.op = Some(if relation == ">" { "<=" } else { ">=" }.to_owned());
        finding.bound = Some(Measured::new(bound));
        finding.margin = value.map(|v| Measured::new(if relation == ">" { bound - v } else { v - bound }));
    }
    finding
}

/// The finding of a report that could be judged.
pub(super) fn report(
    rule: &DriftRule,
    report: &DriftReport,
    name: &str,
    features: usize,
    drifted: &[(&str, Option<f64>)],
    worst: Option<f64>,
) -> Finding {
    let worst_drifted: Vec<String> = drifted
        .iter()
        .map(|(feature, value)| match (value, limit(rule)) {
            (Some(v), Some((bound, ..))) => {
                format!("{} {}", visible(feature, 60), rounded(*v, digits_for(&[*v, bound])))
            }
            _ => visible(feature, 60),
        })
        .collect();
    let worst_drifted = if drifted.is_empty() { String::new() } else { format!(": {}", list(&worst_drifted, 3)) };
    let by = match limit(rule) {
        Some((bound, relation, _)) => {
            format!(" ({} {relation} {})", method_words(rule, report), rounded(bound, digits_for(&[bound])))
        }
        None => " (as the report says)".to_owned(),
    };
    let drifting = drifted.len();
    let mut finding = match (rule.max_drifted_share, limit(rule)) {
        (Some(most), _) => {
            #[expect(clippy::cast_precision_loss, reason = "numbers of features are far below 2^53")]
            let share = drifting as f64 / features as f64;
            let digits = digits_for(&[share, most]);
            let holds = share <= most;
            let relation = if holds { "<=" } else { ">" };
            let message = format!(
                "{drifting} of {} drift{by}, a share of {} {relation} {}{worst_drifted}",
                count(features, "feature"),
                rounded(share, digits),
                rounded(most, digits)
            );
            let mut finding = Finding::new(name, "drifted-share", message).holds(holds);
            finding.value = Some(Measured::new(share));
            finding.op = Some("<=".to_owned());
            finding.bound = Some(Measured::new(most));
            finding.margin = Some(Measured::new(most - share));
            finding
        }
        (None, Some((bound, relation, key))) => {
            let holds = drifted.is_empty() && worst.is_some();
            let message = match worst {
                Some(worst) if holds => {
                    let digits = digits_for(&[worst, bound]);
                    let inverse = if relation == ">" { "<=" } else { ">=" };
                    format!(
                        "none of {} drifts: {} at worst {} {inverse} {key} {}",
                        count(features, "feature"),
                        method_words(rule, report),
                        rounded(worst, digits),
                        rounded(bound, digits)
                    )
                }
                _ => format!("{drifting} of {} drift{by}{worst_drifted}", count(features, "feature")),
            };
            let mut finding = Finding::new(name, "feature-drift", message).holds(holds);
            finding.value = worst.map(Measured::new);
            finding.op = Some(if relation == ">" { "<=" } else { ">=" }.to_owned());
            finding.bound = Some(Measured::new(bound));
            finding.margin = worst.map(|w| Measured::new(if relation == ">" { bound - w } else { w - bound }));
            finding
        }
        // Only critical features are judged; each that drifts has a finding of its own.
        (None, None) => {
            let any = drifted.iter().any(|(feature, _)| rule.critical.iter().any(|c| c == feature));
            let message = if any {
                "a critical feature drifts".to_owned()
            } else {
                format!("no critical feature drifts, {drifting} of {} in all", count(features, "feature"))
            };
            Finding::new(name, "critical-drift", message).holds(!any)
        }
    };
    finding.metric = Some(method_words(rule, report));
    finding.n = u64::try_from(features).ok();
    finding.source(report.source.to_string())
}
