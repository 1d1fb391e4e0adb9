//! Scores of drift, as a report for each check.
//!
//! In: the value of a check and its conditions. Out: a [`DriftReport`], when the value holds scores
//! of drift: by column or property (`Feature Drift`, `Property Drift`), of the label or the
//! prediction, or of all columns by a domain classifier (`Multivariate Drift`). Limits stand only in
//! the words of a condition; a score drifts when it is not less than the limit, as the tool judges.

use super::super::evidently::reader::{Reader, below, shown};
use super::{Subject, TOOL, number};
use crate::diag::{Code, Diagnostic};
use crate::model::{CheckStatus, Column, Datum, DriftReport, FeatureDrift, Finite, Measured, Method, Window};

/// The label of the domain classifier's score, which the files give no name.
const CLASSIFIER: &str = "domain classifier drift score";

/// The report of a check, if its value is one of drift.
pub(super) fn report(value: &Datum, subject: &Subject<'_>, at: &str, reader: &mut Reader<'_>) -> Option<DriftReport> {
    let limits = Limits::of(subject);
    let mut features = Vec::new();
    if value.get("domain_classifier_drift_score").is_some() {
        let at = below(at, "domain_classifier_drift_score");
        let score = score(value.get("domain_classifier_drift_score"), &at, reader);
        features.push(feature("all features".to_owned(), CLASSIFIER, score, &limits));
    } else if value.get("Drift score").is_some() {
        let name = match subject.name {
            name if name.contains("Label") => "label",
            name if name.contains("Prediction") => "prediction",
            name => name,
        };
        by_class(name, value, at, &limits, &mut features, reader);
    } else {
        let entries = value.entries()?;
        if !entries.iter().any(|(_, v)| v.get("Drift score").is_some()) {
            return None;
        }
        for (name, value) in entries {
            let at = below(at, name);
            if value.get("Drift score").is_none() {
                reader.missing(&at, "Drift score", "the column is shown without a score");
            }
            by_class(name, value, &at, &limits, &mut features, reader);
        }
    }
    let judged: Vec<bool> = features.iter().filter_map(|f| f.drifted).collect();
    let known = !features.is_empty() && judged.len() == features.len();
    #[expect(clippy::cast_precision_loss, reason = "numbers of columns")]
    let share = known.then(|| judged.iter().filter(|d| **d).count() as f64 / features.len() as f64);
    Some(DriftReport {
        id: if subject.at.is_empty() {
            reader.path.to_owned()
        } else {
            format!("{}#{}", reader.path, &subject.at[1..])
        },
        run: None,
        tool: TOOL.to_owned(),
        reference: "Train".to_owned(),
        current: "Test".to_owned(),
        window: Window::default(),
        drifted: limits.drifted,
        share_drifted: share.and_then(Finite::new),
        share_threshold: None,
        features,
        source: reader.place(at),
        beside: None,
    })
}

/// A score, or one for each class (`drift_mode="proba"`).
fn by_class(
    name: &str,
    value: &Datum,
    at: &str,
    limits: &Limits,
    features: &mut Vec<FeatureDrift>,
    reader: &mut Reader<'_>,
) {
    let label = reader.text(value, "Method", at).unwrap_or_default();
    if label.is_empty() {
        reader.missing(at, "Method", "the score is shown, not judged");
    } else if method(label).is_none() {
        reader.unknown_method(label, &below(at, "Method"));
    }
    let at = below(at, "Drift score");
    match value.get("Drift score") {
        Some(Datum::Map(classes)) if number(&Datum::Map(classes.clone())).is_none() => {
            for (class, value) in classes {
                let score = score(Some(value), &below(&at, class), reader);
                features.push(feature(format!("{name} {class}"), label, score, limits));
            }
        }
        value => features.push(feature(name.to_owned(), label, score(value, &at, reader), limits)),
    }
}

/// A score; `null` and the text `"None"` stand for a column that could not be compared.
fn score(value: Option<&Datum>, at: &str, reader: &mut Reader<'_>) -> Option<Measured> {
    match value {
        None | Some(Datum::Null) => None,
        Some(Datum::Text(text)) if text == "None" => None,
        Some(value) => {
            let found = number(value);
            if found.is_none() {
                let text = format!("a score is due here, {} stands here: {}", value.kind(), shown(value));
                reader.report(Diagnostic::new(Code::FieldInvalid, text), at);
            }
            found
        }
    }
}

fn method(label: &str) -> Option<Method> {
    match label {
        "Kolmogorov-Smirnov" | "KS" => Some(Method::Ks),
        // Divided by the range of the column.
        "Earth Mover's Distance" | "EMD" => Some(Method::WassersteinNormed),
        "Cramer's V" | "cramers_v" => Some(Method::CramersV),
        "PSI" => Some(Method::Psi),
        CLASSIFIER => Some(Method::DomainClassifier),
        _ => None,
    }
}

fn feature(name: String, label: &str, score: Option<Measured>, limits: &Limits) -> FeatureDrift {
    let method = method(label);
    let (kind, threshold) = match method {
        Some(Method::Ks | Method::WassersteinNormed) => ("numeric", limits.numeric),
        Some(Method::CramersV | Method::Psi) => ("categorical", limits.categorical),
        _ => ("", limits.numeric.filter(|_| limits.numeric == limits.categorical)),
    };
    let drifted = score.and_then(Measured::finite).zip(threshold).map(|(score, limit)| score >= limit);
    FeatureDrift {
        feature: name,
        kind: kind.to_owned(),
        method,
        method_label: label.to_owned(),
        score,
        threshold,
        p_value: None,
        drifted: drifted.filter(|_| method.is_some()),
        distribution: None,
        column: Column::default(),
    }
}

/// What the condition about drift says.
struct Limits {
    numeric: Option<Finite>,
    categorical: Option<Finite>,
    drifted: Option<bool>,
}

impl Limits {
    /// The limits of the only condition that states some; of several that differ, none.
    fn of(subject: &Subject<'_>) -> Self {
        let mut out = Self { numeric: None, categorical: None, drifted: None };
        let conditions: Vec<_> = subject
            .checks
            .iter()
            .filter_map(|c| {
                let text = c.name.strip_prefix(subject.header)?.strip_prefix(": ")?.to_ascii_lowercase();
                (text.contains("drift score < ") || text.contains("drift value is less than"))
                    .then_some((text, c.status))
            })
            .collect();
        if let [(text, _)] = conditions.as_slice() {
            let any = || after(text, "drift score < ").or_else(|| after(text, "drift value is less than "));
            let two = text.contains("categorical drift score") || text.contains("numerical drift score");
            out.numeric = if two { after(text, "numerical drift score < ") } else { any() };
            out.categorical = if two { after(text, "categorical drift score < ") } else { any() };
        }
        let statuses: Vec<CheckStatus> = conditions.iter().map(|c| c.1).collect();
        out.drifted = match statuses.as_slice() {
            [] => None,
            all if all.iter().any(|s| matches!(s, CheckStatus::Fail | CheckStatus::Warn)) => Some(true),
            all if all.iter().all(|s| *s == CheckStatus::Pass) => Some(false),
            _ => None,
        };
        out
    }
}

/// The number right behind some words.
fn after(text: &str, words: &str) -> Option<Finite> {
    let (_, rest) = text.split_once(words)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | '-' | '+'))).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches('.').parse().ok().and_then(Finite::new)
}
