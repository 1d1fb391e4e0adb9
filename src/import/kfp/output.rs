//! What a task put out: parameters and artifacts of `executor_output.json` (KFP v2).
//!
//! In: its JSON (`ml_pipelines.ExecutorOutput`), or the JSON of one artifact (`RuntimeArtifact`). Out:
//! results of `Metrics` artifacts, curves and matrices of `ClassificationMetrics`, both for each slice
//! of `SlicedClassificationMetrics`. The type is told by `type` when it stands there, else by shape:
//! metadata of a `Metrics` artifact is what its component logged, under names of its choice.

use super::super::facts::{Facts, below, present, text};
use super::super::vertex_ai;
use crate::model::{Artifact, Datum, Measured, Slice};

/// Keys of an artifact by the API, the SDK and the local runner.
const ARTIFACT: [&str; 15] = [
    "name",
    "uri",
    "metadata",
    "type",
    "customPath",
    "custom_path",
    "customProperties",
    "properties",
    "id",
    "artifactId",
    "artifact_id",
    "createTime",
    "created_at",
    "namespace",
    "number_value",
];
/// Names of artifact types that hold no measurements, which local files do not carry: their metadata
/// is a description.
const DESCRIPTIVE: [&str; 6] =
    ["system.Model", "system.Dataset", "system.Artifact", "system.HTML", "system.Markdown", "google."];

/// Whether a JSON value is the output of a task.
pub(super) fn is_output(value: &Datum) -> bool {
    let Some(entries) = value.entries() else { return false };
    let artifacts = |v: &Datum| {
        v.entries().is_some_and(|a| {
            !a.is_empty() && a.iter().all(|(_, l)| l.get("artifacts").is_some_and(|i| i.items().is_some()))
        })
    };
    let known = ["parameterValues", "artifacts", "parameters"];
    !entries.is_empty()
        && entries.iter().all(|(k, _)| known.contains(&k.as_str()))
        && (value.get("artifacts").is_some_and(artifacts)
            || value.get("parameterValues").is_some_and(|p| p.entries().is_some()))
}

/// Whether a JSON value is one artifact.
pub(super) fn is_artifact(value: &Datum) -> bool {
    let Some(entries) = value.entries() else { return false };
    entries.iter().all(|(k, _)| ARTIFACT.contains(&k.as_str()))
        && text(value, "name").is_some()
        && text(value, "uri").is_some()
        && value.get("metadata").is_some_and(|m| m.entries().is_some())
}

/// All artifact URIs of an output.
pub(super) fn uris(value: &Datum) -> impl Iterator<Item = &str> {
    let lists = value.get("artifacts").and_then(Datum::entries).unwrap_or_default().iter();
    lists
        .filter_map(|(_, list)| list.get("artifacts").and_then(Datum::items))
        .flatten()
        .filter_map(|artifact| text(artifact, "uri"))
}

/// Reads the output of a task; params get the prefix before their names.
pub(super) fn read(value: &Datum, prefix: &str, facts: &mut Facts<'_>) {
    for (name, list) in value.get("artifacts").and_then(Datum::entries).unwrap_or_default() {
        for (i, one) in list.get("artifacts").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
            artifact(one, name, &below("/artifacts", &[name, "artifacts", &i.to_string()]), facts);
        }
    }
    for (name, value) in value.get("parameterValues").and_then(Datum::entries).unwrap_or_default() {
        facts.param(&format!("{prefix}{name}"), value);
        // A component may put a metric out as a parameter. What a Metrics artifact says too is said once.
        if let Some(number) = value.as_number() {
            let said = |r: &crate::model::MetricResult| r.metric == *name && same(r.value, number);
            if !facts.document.run.results.iter().any(said) {
                facts.number(name, number, &below("/parameterValues", &[name]));
            }
        }
    }
}

fn same(a: Measured, b: Measured) -> bool {
    a.as_f64().to_bits() == b.as_f64().to_bits()
}

/// The type of an artifact, when it says: `{schemaTitle}` or text.
fn type_of(value: &Datum) -> Option<&str> {
    let stated = value.get("type")?;
    text(stated, "schemaTitle").or_else(|| text(stated, "schema_title")).or_else(|| stated.as_str())
}

/// Reads one artifact that is called `name` in its component.
pub(super) fn artifact(value: &Datum, name: &str, pointer: &str, facts: &mut Facts<'_>) {
    let stated = type_of(value);
    let Some(metadata) = present(value, "metadata") else { return };
    let at = below(pointer, &["metadata"]);
    let classified = metadata.get("confidenceMetrics").is_some() || metadata.get("confusionMatrix").is_some();
    let slices = metadata.get("evaluationSlices").and_then(Datum::items);
    let entries = metadata.entries().unwrap_or_default();
    // Numbers beside text are the description of a model or dataset.
    let measured =
        !entries.is_empty() && entries.iter().all(|(_, v)| is_measured(v)) || stated == Some("system.Metrics");
    let described = stated.is_some_and(|t| DESCRIPTIVE.iter().any(|d| t.starts_with(d)));
    let kind = match stated {
        Some(stated) => stated.trim_start_matches("system.").to_owned(),
        None if classified => "ClassificationMetrics".to_owned(),
        None if slices.is_some() => "SlicedClassificationMetrics".to_owned(),
        None if measured => "Metrics".to_owned(),
        None => String::new(),
    };
    if let Some(uri) = text(value, "uri") {
        let kind = Some(kind).filter(|k| !k.is_empty());
        facts.document.run.artifacts.push(Artifact { path: uri.to_owned(), kind, ..Artifact::default() });
    }
    if let Some(slices) = slices {
        for (i, slice) in slices.iter().enumerate() {
            let label = text(slice, "slice").unwrap_or_default();
            let whole = std::mem::replace(&mut facts.slice, Slice::parse(label));
            if let Some(found) = slice.get("sliceClassificationMetrics") {
                let at = below(&at, &["evaluationSlices", &i.to_string(), "sliceClassificationMetrics"]);
                vertex_ai::classification(found, label, &at, facts);
                scalars(found, &at, facts);
            }
            facts.slice = whole;
        }
    } else if classified {
        vertex_ai::classification(metadata, name, &at, facts);
        scalars(metadata, &at, facts);
    } else if measured && !described {
        for (key, value) in entries {
            facts.metric(key, value, &below(&at, &[key]));
        }
    } else {
        facts.extra(&format!("artifact {name}"), Some(metadata));
    }
}

/// Whether a value may be that of a logged metric: a number, or what stands in its place.
fn is_measured(value: &Datum) -> bool {
    match value {
        Datum::Int(_) | Datum::Number(_) | Datum::Null => true,
        Datum::Text(text) => super::super::facts::number_in_text(text).is_some(),
        _ => false,
    }
}

/// Numbers beside curves.
fn scalars(metadata: &Datum, pointer: &str, facts: &mut Facts<'_>) {
    for (key, value) in metadata.entries().unwrap_or_default() {
        if value.as_number().is_some() {
            facts.metric(key, value, &below(pointer, &[key]));
        }
    }
}
