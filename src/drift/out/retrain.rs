//! What a pipeline that retrains a model is told.
//!
//! In: reports, and whether they are an alarm. Out: `presscheck.retrain/1` (docs/drift.md has the keys), and the same as
//! the body of a request to `POST /repos/{owner}/{repo}/dispatches` of GitHub, whose `client_payload` has at most 10 keys
//! and, as a whole, 65,535 characters.

use serde::Serialize;

use super::{About, alarming, severity};
use crate::model::{DriftReport, FeatureDrift, Finite, Instant, Measured, Method};

#[derive(Debug, Serialize)]
struct Retrain<'a> {
    schema: &'static str,
    model: Option<&'a str>,
    version: Option<&'a str>,
    alarm: bool,
    why: &'a [String],
    reference: &'a str,
    windows: Vec<WindowOf<'a>>,
}

#[derive(Debug, Serialize)]
struct WindowOf<'a> {
    name: &'a str,
    start: Option<Instant>,
    end: Option<Instant>,
    drifted: Option<bool>,
    share_drifted: Option<Finite>,
    severity: Option<Finite>,
    features: Vec<Feature<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    features_left_out: usize,
}

#[derive(Debug, Serialize)]
struct Feature<'a> {
    feature: &'a str,
    method: Option<&'static str>,
    score: Option<Measured>,
    p_value: Option<Measured>,
    threshold: Option<Finite>,
    drifted: Option<bool>,
    severity: Option<Finite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_computed: Option<&'a str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

fn feature(entry: &FeatureDrift) -> Feature<'_> {
    Feature {
        feature: &entry.feature,
        method: entry.method.map(Method::as_str),
        score: entry.score,
        p_value: entry.p_value,
        threshold: entry.threshold,
        drifted: entry.drifted,
        severity: severity(entry).and_then(Finite::new),
        not_computed: entry.column.not_computed.as_deref(),
    }
}

fn document<'a>(
    reports: &'a [DriftReport],
    about: &'a About,
    why: &'a [String],
    most: usize,
    windows: usize,
) -> Retrain<'a> {
    let window = |report: &'a DriftReport| {
        let entries = alarming(report);
        let severity = entries.iter().filter_map(|f| severity(f)).reduce(f64::max).and_then(Finite::new);
        WindowOf {
            name: &report.id,
            start: report.window.start,
            end: report.window.end,
            drifted: report.drifted,
            share_drifted: report.share_drifted,
            severity,
            features_left_out: entries.len().saturating_sub(most),
            features: entries.into_iter().take(most).map(feature).collect(),
        }
    };
    Retrain {
        schema: "presscheck.retrain/1",
        model: about.model.as_deref(),
        version: about.version.as_deref(),
        alarm: !why.is_empty(),
        why,
        reference: reports.first().map_or("", |r| r.reference.as_str()),
        // The newest windows are those to act on.
        windows: reports.iter().skip(reports.len().saturating_sub(windows)).map(window).collect(),
    }
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut out = serde_json::to_vec_pretty(value).unwrap_or_default();
    out.push(b'\n');
    out
}

/// The document with every window; `why` is empty when there is no alarm.
pub fn retrain(reports: &[DriftReport], about: &About, why: &[String]) -> Vec<u8> {
    bytes(&document(reports, about, why, usize::MAX, usize::MAX))
}

/// What GitHub takes.
const PAYLOAD: usize = 65_535;

#[derive(Debug, Serialize)]
struct Dispatch<'a> {
    event_type: &'static str,
    client_payload: Retrain<'a>,
}

/// The body of a `repository_dispatch`; features and then older windows are left out until it fits.
pub fn dispatch(reports: &[DriftReport], about: &About, why: &[String]) -> Vec<u8> {
    let why = why.get(..why.len().min(20)).unwrap_or_default();
    for (features, windows) in [(200, 60), (50, 30), (20, 10), (5, 3), (3, 1), (0, 1), (0, 0)] {
        let client_payload = document(reports, about, why, features, windows);
        let size = serde_json::to_vec(&client_payload).map_or(usize::MAX, |b| b.len());
        if size < PAYLOAD {
            return bytes(&Dispatch { event_type: "presscheck-drift", client_payload });
        }
    }
    // Names of any length: what is left says that there is an alarm.
    let nobody = About::default();
    let short = [String::from("see the report")];
    let why = if why.is_empty() { &[][..] } else { &short[..] };
    bytes(&Dispatch { event_type: "presscheck-drift", client_payload: document(&[], &nobody, why, 0, 0) })
}
