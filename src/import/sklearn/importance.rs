//! Feature importances: permutation importance, model importances, SHAP summaries.
//!
//! In: a JSON value or a frame. Out: importances as written, in the file's order. The single
//! repeats of a permutation importance are not kept beside their mean and deviation, nor is the base
//! value of a SHAP summary.

use super::frame::{Frame, Place, normal};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Document, Importance, ImportanceItem, Measured};

const FEATURE: &[&str] = &["feature", "feature_name", "feature_names", "features", "variable", "column"];
const VALUE: &[&str] = &[
    "importance",
    "importances",
    "importance_mean",
    "importances_mean",
    "mean_importance",
    "feature_importance",
    "feature_importances",
    "mean_abs_shap",
    "gain",
    "weight",
    "coefficient",
    "coef",
];
const SPREAD: &[&str] = &["std", "importance_std", "importances_std", "stddev", "std_importance"];

/// Which columns hold feature, importance and its deviation.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImportanceSpec {
    feature: usize,
    value: usize,
    spread: Option<usize>,
}

/// The importances that a frame's columns make: a feature and either a known name, or the only
/// column with numbers.
pub(super) fn recognise(frame: &Frame<'_>) -> Option<ImportanceSpec> {
    let feature =
        frame.column(FEATURE).or_else(|| frame.column(&["name"]).filter(|_| frame.column(VALUE).is_some()))?;
    if frame.is_numeric(feature) {
        return None;
    }
    let spread = frame.column(SPREAD);
    let value = frame.column(VALUE).or_else(|| {
        let mut numeric =
            (0..frame.names.len()).filter(|c| *c != feature && Some(*c) != spread && frame.is_numeric(*c));
        let only = numeric.next();
        only.filter(|_| numeric.next().is_none() && frame.names.len() <= 3)
    })?;
    Some(ImportanceSpec { feature, value, spread })
}

/// A spec for columns that somebody named.
pub(super) fn named(feature: usize, value: usize) -> ImportanceSpec {
    ImportanceSpec { feature, value, spread: None }
}

/// Reads the importances of a frame.
pub(super) fn read(frame: &Frame<'_>, spec: ImportanceSpec, name: Option<&str>) -> Document {
    let items = (0..frame.len())
        .map(|row| {
            let feature = frame.label(row, spec.feature)?;
            let mean = frame.number(row, spec.value)?;
            Some(ImportanceItem { feature, mean, std: spec.spread.and_then(|s| frame.number(row, s)) })
        })
        .collect();
    let made = if frame.normal_name(spec.value) == "importances_mean" { "permutation" } else { &frame.place.stem };
    finish(name.unwrap_or(made).to_owned(), items, &frame.place)
}

fn finish(name: String, items: Vec<Option<ImportanceItem>>, place: &Place) -> Document {
    let mut document = Document::default();
    let total = items.len();
    let items: Vec<ImportanceItem> = items.into_iter().flatten().collect();
    if items.len() < total || items.is_empty() {
        document.problems.push(
            Diagnostic::new(
                Code::CurveInvalid,
                format!(
                    "importances '{}': {} of {total} features have no number",
                    visible(&name, 80),
                    total - items.len()
                ),
            )
            .at(place.path.clone())
            .pointer(place.pointer.clone())
            .help("write one number for each feature"),
        );
    }
    if !items.is_empty() {
        document.run.importances.push(Importance { name, items, source: place.here() });
    }
    document
}

/// A flat object of numbers, or one below `feature_importances`, with where it lies.
fn flat<'a>(value: &'a Datum, place: &Place) -> Option<(&'a [(String, Datum)], Place)> {
    let numbers =
        |d: &'a Datum| d.entries().filter(|e| !e.is_empty() && e.iter().all(|(_, v)| v.as_number().is_some()));
    for key in ["feature_importances", "feature_importance", "importances"] {
        if let Some(entries) = value.get(key).and_then(numbers) {
            return Some((entries, place.below(key)));
        }
    }
    // Any object of numbers looks like this; only its file's name tells what they are.
    numbers(value).filter(|_| normal(&place.stem).contains("importance")).map(|e| (e, place.clone()))
}

fn shap(value: &Datum) -> Option<&[Datum]> {
    let features = value.get("features")?.items()?;
    let named = |f: &Datum| f.get("name").or_else(|| f.get("feature")).is_some();
    (!features.is_empty() && features.iter().all(|f| named(f) && f.get("mean_abs_shap").is_some())).then_some(features)
}

/// Whether a JSON object holds importances in a shape that is no frame by itself.
pub(super) fn is_json(value: &Datum, place: &Place) -> bool {
    value.get("importances_mean").is_some_and(|v| v.items().is_some())
        || shap(value).is_some()
        || flat(value, place).is_some()
}

/// Reads importances.
pub(super) fn read_json(value: &Datum, place: &Place) -> Document {
    if let Some(means) = value.get("importances_mean").and_then(Datum::items) {
        let names =
            ["feature_names", "features", "feature_names_in"].iter().find_map(|k| value.get(k)).and_then(Datum::items);
        let spreads = value.get("importances_std").and_then(Datum::items);
        let mut document = finish(
            "permutation".to_owned(),
            means
                .iter()
                .enumerate()
                .map(|(i, mean)| {
                    Some(ImportanceItem {
                        feature: names.and_then(|n| n.get(i)).map_or_else(|| format!("feature {i}"), Datum::display),
                        mean: mean.as_number()?,
                        std: spreads.and_then(|s| s.get(i)).and_then(Datum::as_number),
                    })
                })
                .collect(),
            &place.below("importances_mean"),
        );
        if names.is_some_and(|n| n.len() != means.len()) {
            document.problems.push(
                Diagnostic::new(Code::CurveInvalid, "the importances and the feature names differ in number")
                    .at(place.path.clone())
                    .help("write one importance for each feature name"),
            );
        }
        return document;
    }
    if let Some(features) = shap(value) {
        let place = place.below("features");
        let items = |key: &str| {
            features
                .iter()
                .map(|f| {
                    let feature = f.get("name").or_else(|| f.get("feature"))?.display();
                    Some(ImportanceItem { feature, mean: f.get(key)?.as_number()?, std: None })
                })
                .collect()
        };
        let mut document = finish("mean |SHAP|".to_owned(), items("mean_abs_shap"), &place);
        if features.iter().all(|f| f.get("mean_shap").is_some()) {
            let mut signed = finish("mean SHAP".to_owned(), items("mean_shap"), &place);
            document.run.importances.append(&mut signed.run.importances);
            document.problems.append(&mut signed.problems);
        }
        return document;
    }
    let Some((entries, place)) = flat(value, place) else { return Document::default() };
    let item = |(feature, value): &(String, Datum)| {
        let mean: Measured = value.as_number()?;
        Some(ImportanceItem { feature: feature.clone(), mean, std: None })
    };
    finish(place.stem.clone(), entries.iter().map(item).collect(), &place)
}
