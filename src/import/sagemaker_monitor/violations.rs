//! Violations of constraints, as checks and drift.
//!
//! In: `constraint_violations.json` of data quality, model quality, bias or feature attribution.
//! Out: a failed check for each violation; one passing check when the list is empty, which is how
//! an execution says that every constraint holds. Numbers stand only inside `description`, in
//! several wordings; only `distance … threshold …` of `baseline_drift_check` is taken apart, and any
//! other wording stays text.

use std::collections::BTreeMap;

use super::super::evidently::reader::{MESSAGE, Reader, below, cut, present};
use super::TOOL;
use crate::model::{Check, CheckStatus, Column, Datum, Document, DriftReport, FeatureDrift, Finite, Measured, Window};

const DRIFT: &str = "baseline_drift_check";

pub(super) fn read(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    let violations = value.get("violations").and_then(Datum::items).unwrap_or_default();
    let mut features = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    if violations.is_empty() {
        let message = "the monitor found no violation".to_owned();
        push("constraints".to_owned(), CheckStatus::Pass, message, "/violations", document, reader);
    }
    for (i, violation) in violations.iter().enumerate() {
        let at = below("/violations", &i.to_string());
        let kind = reader.text(violation, "constraint_check_type", &at).unwrap_or("violation");
        let subject = subject(violation);
        let name = if subject.is_empty() { kind.to_owned() } else { format!("{kind}({subject})") };
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} #{count}") };
        let text = reader.text(violation, "description", &at).unwrap_or_default().trim();
        let message = if text.is_empty() { "the constraint is violated" } else { text };
        push(name, CheckStatus::Fail, message.to_owned(), &at, document, reader);
        if let (DRIFT, Some(feature)) = (kind, present(violation, "feature_name").and_then(Datum::as_str)) {
            features.push(drift(feature, text));
        }
    }
    if !features.is_empty() {
        document.drift.push(DriftReport {
            id: reader.path.to_owned(),
            run: None,
            tool: TOOL.to_owned(),
            reference: "baseline".to_owned(),
            current: reader.stem.to_owned(),
            window: Window::default(),
            drifted: Some(true),
            // Only columns that drift are listed.
            share_drifted: None,
            share_threshold: None,
            features,
            source: reader.place("/violations"),
            beside: None,
        });
    }
}

/// What a violation speaks of: a column, a metric, a facet of it, or a label.
fn subject(violation: &Datum) -> String {
    let text = |key: &str| present(violation, key).map(Datum::display).filter(|t| !t.is_empty());
    let facet = text("facet").map(|facet| format!("{facet}={}", text("facet_value").unwrap_or_default()));
    [text("feature_name"), text("metric_name"), facet, text("label")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// The distance is the greatest difference between two distributions; which one the container
/// took (`Simple`, `Robust`, `LInfinity`, …) stands in `constraints.json` alone.
fn drift(feature: &str, text: &str) -> FeatureDrift {
    let lower = text.to_ascii_lowercase();
    FeatureDrift {
        feature: feature.to_owned(),
        kind: String::new(),
        method: None,
        method_label: DRIFT.to_owned(),
        score: after(&lower, "distance").map(|n| Measured::new(n.get())),
        threshold: after(&lower, "threshold"),
        p_value: None,
        drifted: Some(true),
        distribution: None,
        column: Column::default(),
    }
}

/// The number that stands right behind a word, which is there once.
fn after(text: &str, word: &str) -> Option<Finite> {
    let mut parts = text.split(word);
    let (_, rest) = (parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let rest = rest.trim_start_matches([':', ' ', '=']);
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | '-' | '+'))).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches('.').parse().ok().and_then(Finite::new)
}

fn push(name: String, status: CheckStatus, message: String, at: &str, document: &mut Document, reader: &Reader<'_>) {
    let checks = &mut document.checks;
    checks.push(Check {
        id: format!("{}#tests/{}", reader.path, checks.len()),
        run: None,
        suite: format!("{TOOL}: violations"),
        name,
        status,
        message: cut(&message, MESSAGE),
        source: reader.place(at),
    });
}
