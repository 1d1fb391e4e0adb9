//! alibi-detect: the dictionary that `predict()` of a drift detector returns, saved as JSON.
//!
//! In: `{"data": {is_drift, distance, p_val, threshold, …}, "meta": {name, version, …}}`. Out: one
//! drift report. Lists hold a number for each feature, whose names are not stored. The threshold is
//! the one for p-values. With `drift_type="batch"` the file has one flag: it is the dataset's, and a
//! feature drifts when its p-value is below the corrected threshold, which is how the flag is made
//! (`alibi_detect/cd/base.py`; with FDR correction and no drift, no feature drifts). Online detectors
//! (`test_stat` above `threshold`) are read too; outlier detectors are not.

use super::findings::Findings;
use super::{Content, DocumentImporter};
use crate::diag::Code;
use crate::model::{Column, Datum, Document, DriftReport, FeatureDrift, Finite, Measured, Method, Window};

/// Predictions of alibi-detect.
pub(crate) struct AlibiDetect;

/// The feature of detectors that look at all features together.
const ALL: &str = "all features";

impl DocumentImporter for AlibiDetect {
    fn kind(&self) -> &'static str {
        "alibi-detect"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let text = |key: &str| content.json()?.get("meta")?.get(key)?.as_str();
        text("name").is_some()
            && content.json().and_then(|j| j.get("data")).is_some_and(|d| d.get("is_drift").is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut findings = Findings::new(&content.file.path);
        let mut document = Document::default();
        if let Some(value) = content.json()
            && let Some(data) = value.get("data")
        {
            document.drift.push(report(data, value.get("meta"), content, &mut findings));
        }
        document.problems = findings.finish();
        document
    }
}

fn report(data: &Datum, meta: Option<&Datum>, content: &Content<'_>, findings: &mut Findings<'_>) -> DriftReport {
    let text = |key: &str| meta.and_then(|m| m.get(key)).and_then(Datum::as_str).unwrap_or_default();
    let detector = text("name");
    let online =
        matches!(meta.and_then(|m| m.get("online")), Some(Datum::Bool(true))) || data.get("test_stat").is_some();
    let scores = Numbers::of(data, if online { "test_stat" } else { "distance" });
    let p_values = Numbers::of(data, "p_val");
    let flags = data.get("is_drift");
    let one_flag = flags.filter(|f| f.items().is_none()).and_then(|f| flag(f, "/data/is_drift", findings));
    let width =
        [scores.width(), p_values.width(), flags.and_then(Datum::items).map(<[_]>::len)].into_iter().flatten().max();
    let threshold = Numbers::of(data, "threshold");
    let mut features: Vec<FeatureDrift> = (0..width.unwrap_or(1))
        .map(|at| {
            let score = scores.at(at, findings);
            let p_value = p_values.at(at, findings);
            // A list of thresholds belongs to sorted p-values (FDR), except where each has a flag.
            let threshold = match (&threshold, flags.and_then(Datum::items)) {
                (Numbers::List(..), None) if !online => None,
                (numbers, _) => numbers.at(at, findings).and_then(Measured::finite),
            };
            let drifted = match flags.and_then(Datum::items) {
                Some(list) => list.get(at).and_then(|f| flag(f, &format!("/data/is_drift/{at}"), findings)),
                None if width.is_none() || width == Some(1) => one_flag,
                None => derived(p_value.or(score.filter(|_| online)), threshold, one_flag, online),
            };
            let sound = p_value.or(score).is_none_or(|n| n.finite().is_some());
            FeatureDrift {
                feature: if width.is_some() { format!("feature {at}") } else { ALL.to_owned() },
                kind: String::new(),
                method: method(detector),
                method_label: detector.to_owned(),
                score,
                threshold,
                p_value,
                drifted: drifted.filter(|_| sound),
                distribution: None,
                column: Column::default(),
            }
        })
        .collect();
    let any = features.iter().any(|f| f.drifted == Some(true));
    if let Some(flag) = one_flag
        && flag != any
        && features.iter().all(|f| f.drifted.is_some())
    {
        let text = format!("is_drift is {flag}, the p-values and the threshold say {any}: no feature is judged");
        findings.add(Code::FieldInvalid, text, "/data/is_drift");
        features.iter_mut().for_each(|f| f.drifted = None);
    }
    DriftReport {
        id: content.file.path.clone(),
        run: None,
        tool: format!("alibi-detect {}", text("version")).trim_end().to_owned(),
        reference: "reference data of the detector".to_owned(),
        current: content.stem().to_owned(),
        window: Window::default(),
        drifted: one_flag,
        share_drifted: None,
        share_threshold: None,
        features,
        source: findings.place(""),
        beside: None,
    }
}

/// The flag of a feature in a report that has one for all.
fn derived(value: Option<Measured>, threshold: Option<Finite>, all: Option<bool>, online: bool) -> Option<bool> {
    let value = value.and_then(Measured::finite)?;
    match (threshold, all) {
        (Some(threshold), _) if online => Some(value > threshold),
        (Some(threshold), Some(true)) => Some(value <= threshold),
        (Some(threshold), _) => Some(value < threshold),
        (None, Some(false)) => Some(false),
        (None, _) => None,
    }
}

/// A flag: Python writes 0 and 1, or a truth value.
fn flag(value: &Datum, at: &str, findings: &mut Findings<'_>) -> Option<bool> {
    match value {
        Datum::Bool(flag) => Some(*flag),
        Datum::Int(0) => Some(false),
        Datum::Int(1) => Some(true),
        other => {
            findings.add(Code::FieldInvalid, format!("0 or 1 is due here, not {}", other.kind()), at);
            None
        }
    }
}

/// A number, or one for each feature.
enum Numbers<'d> {
    None,
    One(&'d Datum, String),
    List(&'d [Datum], String),
}

impl<'d> Numbers<'d> {
    fn of(data: &'d Datum, key: &str) -> Self {
        let at = format!("/data/{key}");
        match data.get(key) {
            None | Some(Datum::Null) => Self::None,
            Some(Datum::List(items)) => Self::List(items, at),
            Some(one) => Self::One(one, at),
        }
    }

    fn width(&self) -> Option<usize> {
        if let Self::List(items, _) = self { Some(items.len()) } else { None }
    }

    fn at(&self, index: usize, findings: &mut Findings<'_>) -> Option<Measured> {
        match self {
            Self::None => None,
            Self::One(value, at) => findings.number(Some(value), at),
            Self::List(items, at) => findings.number(items.get(index), &format!("{at}/{index}")),
        }
    }
}

/// The method of a detector; `TabularDrift` mixes two and does not say which is whose.
fn method(detector: &str) -> Option<Method> {
    let name = detector.replace("Online", "");
    Some(match name.trim_end_matches("Torch").trim_end_matches("TF").trim_end_matches("Keops") {
        "KSDrift" | "ClassifierUncertaintyDrift" | "RegressorUncertaintyDrift" => Method::Ks,
        "CVMDrift" => Method::CramerVonMises,
        "FETDrift" => Method::FisherExact,
        "ChiSquareDrift" => Method::ChiSquare,
        "MMDDrift" | "ContextMMDDrift" | "LearnedKernelDrift" => Method::Mmd,
        "ClassifierDrift" | "SpotTheDiffDrift" => Method::DomainClassifier,
        _ => return None,
    })
}
