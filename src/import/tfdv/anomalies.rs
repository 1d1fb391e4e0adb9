//! `Anomalies`: reasons become checks, measurements of drift and skew become drift reports.
//!
//! In: the message. Out: a check for each reason of each feature (`ERROR` fails, `WARNING` warns, a
//! severity that is not known fails), and one report for drift and one for skew. A measurement drifts
//! when it is above its threshold, which is the rule of TFDV's comparators; both are listed below it
//! too. The Jensen-Shannon divergence is TFDV's approximation over its own histograms.

use super::TOOL;
use super::message::{entries, field, number, pairs, path};
use crate::diag::{Code, Diagnostic, visible};
use crate::import::Content;
use crate::import::findings::Findings;
use crate::model::{Check, CheckStatus, Column, Datum, Document, DriftReport, FeatureDrift, Measured, Method, Window};

/// Reads the message.
pub(super) fn read(value: &Datum, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    let stem = content.stem();
    let stem = stem.strip_suffix(".anomalies").unwrap_or(stem);
    let suite = format!("{TOOL}: {stem}");
    let mut found = Vec::new();
    for (name, info) in pairs(value, "anomalyInfo") {
        let column = match path(info) {
            path if path.is_empty() => name.clone(),
            path => path,
        };
        one(&column, info, &format!("anomalyInfo/{name}"), &mut found, findings);
    }
    if let Some(info) = field(value, "datasetAnomalyInfo") {
        one("dataset", info, "datasetAnomalyInfo", &mut found, findings);
    }
    if matches!(field(value, "dataMissing"), Some(Datum::Bool(true))) {
        found.push((
            "dataset: no data".to_owned(),
            CheckStatus::Error,
            "TFDV had no data to validate".to_owned(),
            "dataMissing".to_owned(),
        ));
    } else if found.is_empty() {
        found.push(("anomalies".to_owned(), CheckStatus::Pass, "no anomalies were found".to_owned(), String::new()));
    }
    for (name, status, message, pointer) in found {
        document.checks.push(Check {
            id: format!("{}#{pointer}", content.file.path),
            run: None,
            suite: suite.clone(),
            name,
            status,
            message,
            source: findings.place(if pointer.is_empty() { pointer } else { format!("/{pointer}") }),
        });
    }
    for (part, measurements) in [("drift", "driftMeasurements"), ("skew", "skewMeasurements")] {
        let features: Vec<FeatureDrift> = entries(value, "driftSkewInfo")
            .flat_map(|info| entries(info, measurements).map(move |m| (path(info), m)))
            .map(|(name, measurement)| feature(name, measurement, findings))
            .collect();
        if !features.is_empty() {
            document.drift.push(DriftReport {
                id: format!("{}#{part}", content.file.path),
                run: None,
                tool: TOOL.to_owned(),
                reference: if part == "drift" { "previous statistics" } else { "serving statistics" }.to_owned(),
                current: stem.to_owned(),
                window: Window::default(),
                drifted: None,
                share_drifted: None,
                share_threshold: None,
                features,
                source: findings.place("/driftSkewInfo"),
                beside: None,
            });
        }
    }
}

/// Name, status, message and pointer of a check.
type Found = (String, CheckStatus, String, String);

fn one(column: &str, info: &Datum, at: &str, out: &mut Vec<Found>, findings: &mut Findings<'_>) {
    let text = |message: &Datum, key: &str| field(message, key).map(Datum::display).unwrap_or_default();
    let status = match text(info, "severity").as_str() {
        "ERROR" | "2" => CheckStatus::Fail,
        "WARNING" | "1" => CheckStatus::Warn,
        other => {
            let text = format!("severity '{}' is not known: the anomaly fails", visible(other, 40));
            findings.add(Code::FieldInvalid, text, &format!("/{at}/severity"));
            CheckStatus::Fail
        }
    };
    let before = out.len();
    for (index, reason) in entries(info, "reason").enumerate() {
        let message = match text(reason, "description") {
            description if description.is_empty() => text(reason, "shortDescription"),
            description => description,
        };
        out.push((format!("{column}: {}", text(reason, "type")), status, message, format!("{at}/reason/{index}")));
    }
    if out.len() == before {
        let message = match text(info, "description") {
            description if description.is_empty() => text(info, "shortDescription"),
            description => description,
        };
        out.push((column.to_owned(), status, message, at.to_owned()));
    }
}

fn feature(name: String, measurement: &Datum, findings: &mut Findings<'_>) -> FeatureDrift {
    let label = field(measurement, "type").map(Datum::display).unwrap_or_default();
    let method = (label == "JENSEN_SHANNON_DIVERGENCE").then_some(Method::JensenShannon);
    if method.is_none() && !matches!(label.as_str(), "L_INFTY" | "NORMALIZED_ABSOLUTE_DIFFERENCE") {
        let text = format!("drift method '{}' is not known: its score is shown, not judged", visible(&label, 80));
        findings.push(Diagnostic::new(Code::ReportUnknownMethod, text), "/driftSkewInfo");
    }
    let mut read = |key: &str| {
        let value = field(measurement, key)?;
        if number(value).is_none() {
            let text = format!("a number is due as {key} of '{}', not {}", visible(&name, 80), value.kind());
            findings.add(Code::FieldInvalid, text, "/driftSkewInfo");
        }
        number(value)
    };
    let (score, threshold) = (read("value"), read("threshold").and_then(Measured::finite));
    FeatureDrift {
        feature: name,
        kind: String::new(),
        method,
        method_label: label,
        score,
        threshold,
        p_value: None,
        drifted: score.and_then(Measured::finite).zip(threshold).map(|(score, threshold)| score > threshold),
        distribution: None,
        column: Column::default(),
    }
}
