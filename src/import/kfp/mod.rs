//! Kubeflow Pipelines: what components of v1 and v2 leave behind.
//!
//! A folder of a pipeline run, in which each task has a folder with its `executor_output.json`, is
//! one run ([`pipeline`]): artifact URIs inside say that the folders belong together. Everything else
//! is a document ([`document`]): a single `executor_output.json`, the JSON of an artifact, and of v1
//! `mlpipeline-metrics.json` and `mlpipeline-ui-metadata.json`. A compiled pipeline is known and says
//! nothing about a run. Recorded URIs are compared and shown, never opened.

mod document;
mod output;
mod pipeline;
mod ui;

pub(super) use document::KfpDocument;
pub(super) use pipeline::PipelineRun;
