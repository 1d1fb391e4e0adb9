//! Clarify's analysis: bias metrics and SHAP values.
//!
//! In: `analysis.json`, also as the baseline constraints of a bias or explainability monitor. Out: each
//! bias metric as a result with the facet as its slice, and the global SHAP values of a label as
//! importances. A metric that could not be computed is rejected with what the tool says about it.
//! Partial dependence and values of words are kept for the raw view.

use super::super::evidently::reader::{Reader, below, present, shown};
use crate::model::{Datum, Document, Importance, ImportanceItem, MetricResult, Rejected, Slice};

/// The tool, as results name it.
const TOOL: &str = "sagemaker clarify";

pub(super) fn read(value: &Datum, document: &mut Document, reader: &mut Reader<'_>) {
    for key in ["pre_training_bias_metrics", "post_training_bias_metrics"] {
        let Some(facets) = value.get(key).and_then(|v| v.get("facets")) else { continue };
        let at = below(&below("", key), "facets");
        if facets.entries().is_none() {
            reader.wrong_type(&at, "facets by their names", facets);
        }
        for (facet, groups) in facets.entries().unwrap_or_default() {
            let at = below(&at, facet);
            for (i, group) in groups.items().unwrap_or_default().iter().enumerate() {
                let at = below(&at, &i.to_string());
                let of = group.get("value_or_threshold").map(Datum::display).unwrap_or_default();
                let mut slice = Slice::default();
                slice.0.insert(facet.clone(), of);
                for (i, metric) in group.get("metrics").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
                    let at = below(&below(&at, "metrics"), &i.to_string());
                    bias(metric, &slice, &at, document, reader);
                }
            }
        }
    }
    let Some(explanations) = value.get("explanations").and_then(Datum::entries) else { return };
    for (method, labels) in explanations {
        let at = below("/explanations", method);
        if method != "kernel_shap" {
            document.run.extra.push((format!("{TOOL}: {method}"), labels.clone()));
            continue;
        }
        for (label, values) in labels.entries().unwrap_or_default() {
            shap(label, values, &below(&at, label), document, reader);
        }
    }
}

fn bias(metric: &Datum, slice: &Slice, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let Some(name) = reader.text(metric, "name", at) else {
        reader.missing(at, "name", "the metric is left out");
        return;
    };
    let source = reader.place(below(at, "value"));
    match metric.get("value").and_then(Datum::as_number) {
        Some(number) => {
            let mut result = MetricResult::new(name, number, source);
            result.slice = slice.clone();
            result.harness = Some(TOOL.to_owned());
            document.run.results.push(result);
        }
        None => {
            let error = present(metric, "error").map(|e| format!(": {}", e.display())).unwrap_or_default();
            document.run.rejected.push(Rejected {
                metric: name.to_owned(),
                dataset: None,
                slice: slice.clone(),
                class: None,
                found: format!("{}{error}", metric.get("value").map_or_else(|| "nothing".to_owned(), shown)),
                source,
            });
        }
    }
}

fn shap(label: &str, values: &Datum, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let global = below(at, "global_shap_values");
    let mut items = Vec::new();
    for (feature, value) in values.get("global_shap_values").and_then(Datum::entries).unwrap_or_default() {
        match value.as_number() {
            Some(mean) => items.push(ImportanceItem { feature: feature.clone(), mean, std: None }),
            None => reader.wrong_type(&below(&global, feature), "a number", value),
        }
    }
    if !items.is_empty() {
        let name = format!("kernel_shap {label}");
        document.run.importances.push(Importance { name, items, source: reader.place(global) });
    }
    if let Some(number) = values.get("expected_value").and_then(Datum::as_number) {
        let mut result = MetricResult::new("expected_value", number, reader.place(below(at, "expected_value")));
        result.class = Some(label.to_owned());
        result.harness = Some(TOOL.to_owned());
        document.run.results.push(result);
    }
    if let Some(text) = values.get("global_top_shap_text") {
        document.run.extra.push((format!("{TOOL}: {label} global_top_shap_text"), text.clone()));
    }
}
