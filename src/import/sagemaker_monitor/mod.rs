//! SageMaker Model Monitor and Clarify: what their containers write as JSON.
//!
//! In: a file of a monitoring execution or a baseline job. Out:
//! - `constraint_violations.json`: a failed check for each violation, and drift for those of
//!   `baseline_drift_check` whose wording holds distance and threshold ([`violations`]);
//! - `statistics.json` of data quality: results for each column ([`statistics`]); those of
//!   model quality have the form of an evaluation and are read by [`super::sagemaker`];
//! - Clarify's `analysis.json`: bias metrics as results by facet, SHAP values as importances ([`clarify`]);
//! - `constraints.json` holds limits and no values: it is kept for the raw view.
//!
//! Model cards have the same numbers in another shape; they are not read here.

mod clarify;
mod statistics;
#[cfg(test)]
mod tests;
mod violations;

use super::evidently::reader::Reader;
use super::{Content, DocumentImporter};
use crate::model::{Datum, Document};

/// The tools, as results name them.
const TOOL: &str = "sagemaker model monitor";

/// Files of SageMaker Model Monitor and Clarify.
pub(crate) struct SageMakerMonitor;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Violations,
    DataStatistics,
    Clarify,
    Constraints,
}

impl DocumentImporter for SageMakerMonitor {
    fn kind(&self) -> &'static str {
        "sagemaker-monitor"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| shape(value).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(Ok(json)) = content.json_document() else { return Document::default() };
        let mut reader = Reader::new(content);
        let mut document = Document::default();
        match shape(&json.value) {
            Some(Shape::Violations) => violations::read(&json.value, &mut document, &mut reader),
            Some(Shape::DataStatistics) => statistics::read(&json.value, &mut document, &mut reader),
            Some(Shape::Clarify) => clarify::read(&json.value, &mut document, &mut reader),
            Some(Shape::Constraints) => {
                document.run.extra.push((format!("sagemaker {}", reader.stem), json.value.clone()));
            }
            None => {}
        }
        // One file for each window: several lie side by side.
        document.standalone = document.speaks_of_a_run();
        document.problems = reader.finish();
        document.problems.extend(json.duplicate_problems(&content.file.path));
        document
    }
}

/// What a JSON value is, by the keys that the tools write.
fn shape(value: &Datum) -> Option<Shape> {
    let is_map = |key: &str| value.get(key).is_some_and(|v| v.entries().is_some());
    if let Some(violations) = value.get("violations").and_then(Datum::items) {
        let ours = |v: &Datum| v.get("constraint_check_type").is_some();
        // An execution without violations writes an empty list and little else.
        let empty = violations.is_empty()
            && value.entries().is_some_and(|e| e.iter().all(|(k, _)| k == "violations" || k == "version"));
        return (empty || violations.iter().any(ours)).then_some(Shape::Violations);
    }
    let bias = |key: &str| value.get(key).is_some_and(|v| v.get("facets").is_some());
    let explained = value.get("explanations").is_some_and(|e| e.get("kernel_shap").is_some() || e.get("pdp").is_some());
    if bias("pre_training_bias_metrics") || bias("post_training_bias_metrics") || explained {
        return Some(Shape::Clarify);
    }
    if let Some(features) = value.get("features").and_then(Datum::items) {
        let typed = |f: &Datum| f.get("name").is_some() && f.get("inferred_type").is_some();
        let measured = |f: &Datum| f.get("numerical_statistics").is_some() || f.get("string_statistics").is_some();
        if features.iter().any(|f| typed(f) && measured(f)) {
            return Some(Shape::DataStatistics);
        }
        let counted = value.get("dataset").is_some_and(|d| d.get("item_count").is_some());
        if counted && features.iter().all(typed) {
            return Some(Shape::DataStatistics);
        }
        let limits =
            |f: &Datum| ["completeness", "num_constraints", "string_constraints"].iter().any(|k| f.get(k).is_some());
        if features.iter().any(|f| typed(f) && limits(f))
            || (value.get("monitoring_config").is_some() && features.iter().all(typed))
        {
            return Some(Shape::Constraints);
        }
    }
    let limits =
        ["binary_classification_constraints", "multiclass_classification_constraints", "regression_constraints"];
    limits.iter().any(|key| is_map(key)).then_some(Shape::Constraints)
}
