//! Single files of Kubeflow Pipelines.
//!
//! In: a JSON or YAML file. Out: what it says of the run whose folder it lies in. An artifact on its
//! own is a run of its own, called by the run, task and artifact in its URI, because artifacts of many
//! runs are exported into one folder.

use super::super::facts::{Facts, present, text};
use super::super::{Content, DocumentImporter};
use super::{output, ui};
use crate::model::{Datum, Document};

/// Files of Kubeflow Pipelines.
pub(crate) struct KfpDocument;

/// What a file is.
enum Shape {
    /// `executor_output.json`.
    Output,
    /// The JSON of one artifact.
    Artifact,
    /// `mlpipeline-metrics.json` of v1.
    Metrics,
    /// `mlpipeline-ui-metadata.json` of v1.
    Ui,
    /// A compiled pipeline or component.
    Pipeline,
}

impl DocumentImporter for KfpDocument {
    fn kind(&self) -> &'static str {
        "kfp"
    }

    fn takes_native_names(&self) -> bool {
        true
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if content.ends_in(&["yaml", "yml"]) {
            return is_pipeline_text(content.file.text().unwrap_or_default());
        }
        content.json().is_some_and(|v| shape(v).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("kfp".to_owned());
        let mut standalone = false;
        if let Some(value) = content.json() {
            match shape(value) {
                Some(Shape::Output) => {
                    output::read(value, "", &mut facts);
                    facts.document.run.name = output::uris(value).next().map(run_of).unwrap_or_default();
                }
                Some(Shape::Artifact) => {
                    standalone = true;
                    let name = text(value, "name").unwrap_or_default();
                    output::artifact(value, name, "", &mut facts);
                    facts.document.run.name = text(value, "uri").map(called).unwrap_or_default();
                }
                Some(Shape::Metrics) => v1_metrics(value, &mut facts),
                Some(Shape::Ui) => ui::read(value, &mut facts),
                Some(Shape::Pipeline) | None => {}
            }
        }
        let mut document = facts.finish();
        document.standalone = standalone;
        document
    }
}

fn shape(value: &Datum) -> Option<Shape> {
    let items = |key: &str| value.get(key).and_then(Datum::items).filter(|i| !i.is_empty());
    if output::is_output(value) {
        Some(Shape::Output)
    } else if output::is_artifact(value) {
        Some(Shape::Artifact)
    } else if items("metrics")
        .is_some_and(|m| m.iter().all(|m| text(m, "name").is_some() && m.get("numberValue").is_some()))
    {
        Some(Shape::Metrics)
    } else if items("outputs").is_some_and(ui::are_outputs) {
        Some(Shape::Ui)
    } else if value.get("pipelineInfo").is_some()
        && value.get("root").is_some()
        && value.get("deploymentSpec").is_some()
    {
        Some(Shape::Pipeline)
    } else {
        None
    }
}

/// Whether a YAML text is a compiled pipeline or component.
fn is_pipeline_text(text: &str) -> bool {
    text.starts_with("# PIPELINE DEFINITION")
        || ["\npipelineInfo:", "\ndeploymentSpec:", "\nroot:"].iter().all(|key| text.contains(key))
}

/// `{"metrics": [{"name", "numberValue", "format"}]}`: a percentage is a share that is shown times 100.
fn v1_metrics(value: &Datum, facts: &mut Facts<'_>) {
    for (i, metric) in value.get("metrics").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = format!("/metrics/{i}/numberValue");
        if let (Some(name), Some(number)) = (text(metric, "name"), metric.get("numberValue")) {
            facts.metric(name, number, &at);
        }
        if let Some(format) = present(metric, "format").filter(|f| f.as_str() != Some("RAW")) {
            facts.extra(&format!("format of {}", text(metric, "name").unwrap_or_default()), Some(format));
        }
    }
}

/// The run and task in a URI that ends in `RUN/TASK/ARTIFACT`.
fn run_of(uri: &str) -> String {
    let mut parts = uri.trim_end_matches('/').rsplit('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some(task), Some(run)) if !run.is_empty() && !run.ends_with(':') => format!("{run}/{task}"),
        (Some(task), _) => task.to_owned(),
        _ => String::new(),
    }
}

/// Run, task and artifact in a URI.
fn called(uri: &str) -> String {
    let artifact = uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    format!("{}/{artifact}", run_of(uri))
}
