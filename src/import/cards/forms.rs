//! Files around cards that describe no model: schemas, and settings for a scorecard.
//!
//! In: JSON. Out: a note that says what the file is. Nothing is read from it: a threshold that
//! somebody asked for is not a value that anybody measured.

use crate::diag::{Code, Diagnostic};
use crate::model::{Datum, Document};

/// What a file is, and what to do about it.
pub(super) fn what(value: &Datum) -> Option<(&'static str, &'static str)> {
    if is_schema(value) {
        return Some(("a JSON schema", "it says how a document must look; point presscheck at the documents"));
    }
    if is_scorecard_settings(value) {
        return Some((
            "the settings of an Azure Responsible AI scorecard",
            "its thresholds are targets: write them as rules, and give the measured values as metrics",
        ));
    }
    if is_cohorts(value) {
        return Some((
            "the cohorts of an Azure Responsible AI scorecard",
            "it says how data is divided; give the values measured on each cohort as slices",
        ));
    }
    super::spdx::is_dataset_document(value).then_some((
        "an SPDX description of data sets",
        "it describes no model; it belongs beside the model that uses the data",
    ))
}

/// A note about the file.
pub(super) fn read(path: &str, value: &Datum) -> Document {
    let mut document = Document::default();
    if let Some((what, help)) = what(value) {
        document.problems.push(
            Diagnostic::new(
                Code::NotEvidence,
                format!("the file is {what}, not a model's card; nothing is read from it"),
            )
            .at(path)
            .help(help),
        );
    }
    document
}

/// A JSON schema: it names its dialect and describes an object.
fn is_schema(value: &Datum) -> bool {
    let dialect = value.get("$schema").and_then(Datum::as_str).is_some_and(|s| s.contains("json-schema.org/"));
    dialect
        && ["properties", "definitions", "$defs", "$ref", "allOf", "anyOf", "oneOf", "enum", "type"]
            .iter()
            .any(|key| value.get(key).is_some())
}

/// `Model.ModelName` and `Model.ModelType`, beside what the scorecard shall show.
fn is_scorecard_settings(value: &Datum) -> bool {
    let Some(model) = value.get("Model") else { return false };
    model.get("ModelName").is_some()
        && model.get("ModelType").is_some()
        && ["Metrics", "FeatureImportance", "DataExplorer", "Fairness", "Cohorts", "Causal"]
            .iter()
            .any(|key| value.get(key).is_some())
}

fn is_cohorts(value: &Datum) -> bool {
    value.items().is_some_and(|items| {
        !items.is_empty()
            && items.iter().all(|item| {
                item.get("name").is_some() && item.get("cohort_filter_list").is_some_and(|list| list.items().is_some())
            })
    })
}
