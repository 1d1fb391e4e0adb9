//! One integration binary for the whole suite; see README.md in this folder for how to write a test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod architecture;
mod bad_input;
mod build;
mod cli;
mod corpus;
mod gate;
mod gate_out;
mod hostile;
mod import_cloud_monitor;
mod import_deepchecks;
mod import_dvc;
mod import_evidently;
mod import_great_expectations;
mod import_harnesses;
mod import_huggingface;
mod import_large;
mod import_mlflow;
mod import_mlflow_artifacts;
mod import_mlflow_db;
mod import_native;
mod import_prometheus;
mod import_sklearn;
mod import_tensorboard;
mod import_wandb;
mod inspect;
mod project;
mod serve;
mod servers;
mod sources;
