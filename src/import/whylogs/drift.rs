//! Drift scores of whylogs: `calculate_drift_scores(…, with_thresholds=True)` as JSON.
//!
//! In: an object by column of `algorithm`, `pvalue`, `statistic`, `thresholds`, `drift_category`, or
//! null where no score could be calculated. Out: a drift report. Only the category `DRIFT` is drift.
//! The threshold is that of the p-value where there is one, else that of the statistic.

use super::TOOL;
use crate::diag::{Code, Diagnostic, visible};
use crate::import::findings::Findings;
use crate::import::{Content, json};
use crate::model::{Column, Datum, DriftReport, FeatureDrift, Finite, Method, Window};

/// The report of a file.
pub(super) fn read(value: &Datum, content: &Content<'_>, findings: &mut Findings<'_>) -> DriftReport {
    let stem = content.stem();
    let features = value.entries().unwrap_or_default().iter().map(|(name, v)| feature(name, v, findings)).collect();
    DriftReport {
        id: content.file.path.clone(),
        run: None,
        tool: TOOL.to_owned(),
        reference: "reference profile".to_owned(),
        current: stem.strip_suffix(".drift").unwrap_or(stem).to_owned(),
        window: Window::default(),
        drifted: None,
        share_drifted: None,
        share_threshold: None,
        features,
        source: findings.place(""),
        beside: None,
    }
}

fn feature(name: &str, value: &Datum, findings: &mut Findings<'_>) -> FeatureDrift {
    let mut at = String::new();
    json::push_token(&mut at, name);
    if matches!(value, Datum::Null) {
        let text = format!("whylogs could not compare '{}'", visible(name, 80));
        findings.add(Code::FieldMissing, text, &at);
    }
    let algorithm = value.get("algorithm").and_then(Datum::as_str).unwrap_or_default();
    let (method, kind) = match algorithm {
        "ks" => (Some(Method::Ks), "numeric"),
        "chi-square" => (Some(Method::ChiSquare), "categorical"),
        "hellinger" => (Some(Method::Hellinger), ""),
        "psi" => (Some(Method::Psi), ""),
        _ => (None, ""),
    };
    if method.is_none() && !algorithm.is_empty() {
        let text = format!("drift method '{}' is not known: its score is shown, not judged", visible(algorithm, 80));
        findings.push(Diagnostic::new(Code::ReportUnknownMethod, text), &format!("{at}/algorithm"));
    }
    let score = findings.number(value.get("statistic"), &format!("{at}/statistic"));
    let p_value = findings.number(value.get("pvalue"), &format!("{at}/pvalue"));
    let drifted = match value.get("drift_category").and_then(Datum::as_str) {
        Some("DRIFT") => Some(true),
        Some("NO_DRIFT" | "POSSIBLE_DRIFT") => Some(false),
        Some(other) => {
            let text = format!("drift category '{}' is not known", visible(other, 60));
            findings.add(Code::FieldInvalid, text, &format!("{at}/drift_category"));
            None
        }
        None => None,
    };
    FeatureDrift {
        feature: name.to_owned(),
        kind: kind.to_owned(),
        method,
        method_label: algorithm.to_owned(),
        score,
        threshold: threshold(value, p_value.is_some()),
        p_value,
        drifted,
        distribution: None,
        column: Column::default(),
    }
}

/// The end of the range called `DRIFT` where drift begins: its upper one for p-values.
fn threshold(value: &Datum, p_value: bool) -> Option<Finite> {
    let [lower, upper] = value.get("thresholds")?.get("DRIFT")?.items()? else { return None };
    (if p_value { upper } else { lower }).as_number()?.finite()
}
