//! `presscheck.drift/1`: a drift report in the native form, with distributions.
//!
//! In: a JSON document with that `schema`. Out: a drift report. The fields are those of the inspect
//! contract, plus `distribution`: `edges` (numeric) or `categories`, and `reference` and `current`
//! counts. A feature whose `drifted` is absent is judged by score and threshold only where the
//! method's direction is documented; anything else stays unknown.

use super::super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{
    Datum, Distribution, DistributionSide, Document, DriftReport, FeatureDrift, Finite, Instant, Measured, Method,
    Pointer, SideUnit, Window,
};

/// Native drift reports.
pub(crate) struct NativeDrift;

const SCHEMA: &str = "presscheck.drift/1";

impl DocumentImporter for NativeDrift {
    fn kind(&self) -> &'static str {
        "native"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content
            .json()
            .and_then(|j| j.get("schema"))
            .and_then(Datum::as_str)
            .is_some_and(|s| s.starts_with("presscheck.drift/"))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document::default();
        let Some(value) = content.json() else { return document };
        let path = &content.file.path;
        let text = |key: &str| value.get(key).map(Datum::display).unwrap_or_default();
        if text("schema") != SCHEMA {
            document.problems.push(
                Diagnostic::new(
                    Code::FormatVersion,
                    format!("'{}' is not {SCHEMA}; it is read as that", visible(&text("schema"), 60)),
                )
                .at(path.clone())
                .pointer("/schema"),
            );
        }
        let time =
            |key: &str| value.get("window").and_then(|w| w.get(key)).and_then(Datum::as_str).and_then(Instant::parse);
        let mut features = Vec::new();
        match value.get("features").and_then(Datum::items) {
            Some(items) => {
                for (i, item) in items.iter().enumerate() {
                    let pointer = format!("/features/{i}");
                    match feature(item) {
                        Ok((feature, problem)) => {
                            features.push(feature);
                            document.problems.extend(problem.map(|p| bad(path, &pointer, &p)));
                        }
                        Err(problem) => document.problems.push(bad(path, &pointer, &problem)),
                    }
                }
            }
            None => document.problems.push(bad(path, "/features", "a drift report needs a list of features")),
        }
        let known: Vec<bool> = features.iter().filter_map(|f| f.drifted).collect();
        let complete = !features.is_empty() && known.len() == features.len();
        #[expect(clippy::cast_precision_loss, reason = "counts of features")]
        let computed =
            complete.then(|| known.iter().filter(|d| **d).count() as f64 / known.len() as f64).and_then(Finite::new);
        let share_drifted = number(value.get("share_drifted")).and_then(Measured::finite).or(computed);
        let share_threshold = number(value.get("share_threshold")).and_then(Measured::finite);
        let drifted = match value.get("drifted") {
            Some(Datum::Bool(drifted)) => Some(*drifted),
            _ => share_drifted.zip(share_threshold).map(|(share, threshold)| share >= threshold),
        };
        let beside = super::beside::beside(value).unwrap_or_else(|| {
            document.problems.push(bad(path, "", "what is said beside the features has the wrong shape"));
            None
        });
        document.drift.push(DriftReport {
            id: path.clone(),
            run: None,
            tool: text("tool"),
            reference: text("reference"),
            current: text("current"),
            window: Window { start: time("start"), end: time("end") },
            drifted,
            share_drifted,
            share_threshold,
            features,
            source: Pointer::new(path.clone(), ""),
            beside,
        });
        document
    }
}

fn bad(path: &str, pointer: &str, message: &str) -> Diagnostic {
    Diagnostic::new(Code::JsonShape, message)
        .at(path)
        .pointer(pointer)
        .help("see docs/formats/native.md for the fields of a drift report")
}

fn number(value: Option<&Datum>) -> Option<Measured> {
    value.and_then(Datum::as_number)
}

/// Reads a feature; `Ok` with a message when only its distribution is broken.
fn feature(item: &Datum) -> Result<(FeatureDrift, Option<String>), String> {
    let name = item.get("feature").map(Datum::display).filter(|n| !n.is_empty()).ok_or("a feature needs a name")?;
    let label = item.get("method").map(Datum::display).unwrap_or_default();
    let method = Method::from_name(&label);
    let score = number(item.get("score"));
    let threshold = number(item.get("threshold")).and_then(Measured::finite);
    let drifted = match item.get("drifted") {
        Some(Datum::Bool(drifted)) => Some(*drifted),
        _ => None,
    };
    let (distribution, problem) = match item.get("distribution") {
        None | Some(Datum::Null) => (None, None),
        Some(value) => match distribution(value) {
            Ok(distribution) => (Some(distribution), None),
            Err(problem) => {
                (None, Some(format!("the distribution of '{}' cannot be used: {problem}", visible(&name, 80))))
            }
        },
    };
    let out = FeatureDrift {
        feature: name,
        kind: item.get("kind").map(Datum::display).unwrap_or_default(),
        method,
        method_label: item.get("method_label").map(Datum::display).unwrap_or(label),
        score,
        threshold,
        p_value: number(item.get("p_value")),
        drifted,
        distribution,
        column: super::column::column(item).ok_or("its column has the wrong shape")?,
    };
    Ok((out, problem))
}

fn distribution(value: &Datum) -> Result<Distribution, String> {
    if value.get("unit").is_some() {
        return super::column::distribution(value).ok_or_else(|| "a side of it has the wrong shape".to_owned());
    }
    let heights = |key: &str| -> Result<Vec<Finite>, String> {
        let items = value.get(key).and_then(Datum::items).ok_or_else(|| format!("'{key}' is no list"))?;
        let finite: Option<Vec<Finite>> =
            items.iter().map(|i| i.as_number().and_then(Measured::finite).filter(|f| f.get() >= 0.0)).collect();
        finite.ok_or_else(|| format!("'{key}' holds something that is no count"))
    };
    let (reference, current) = (heights("reference")?, heights("current")?);
    if let Some(categories) = value.get("categories").and_then(Datum::items) {
        let categories: Vec<String> = categories.iter().map(Datum::display).collect();
        if categories.len() != reference.len() || categories.len() != current.len() {
            return Err("there must be as many counts as categories".to_owned());
        }
        let side = |heights| DistributionSide::Categorical { categories: categories.clone(), heights };
        return Ok(Distribution { unit: SideUnit::Count, reference: side(reference), current: side(current) });
    }
    let edges = value.get("edges").and_then(Datum::items).ok_or("it has neither 'edges' nor 'categories'")?;
    let edges: Option<Vec<Finite>> = edges.iter().map(|e| e.as_number().and_then(Measured::finite)).collect();
    let edges = edges.ok_or("'edges' holds something that is no number")?;
    if edges.windows(2).any(|w| w[0] >= w[1]) {
        return Err("'edges' must ascend".to_owned());
    }
    if edges.len() != reference.len() + 1 || edges.len() != current.len() + 1 {
        return Err("there must be one more edge than counts".to_owned());
    }
    let side = |heights| DistributionSide::Numeric { edges: edges.clone(), heights };
    Ok(Distribution { unit: SideUnit::Count, reference: side(reference), current: side(current) })
}
