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
mod import_alibi_detect;
mod import_dvc;
mod import_evidently;
mod import_harnesses;
mod import_huggingface;
mod import_large;
mod import_mlflow;
mod import_mlflow_artifacts;
mod import_mlflow_db;
mod import_nannyml;
mod import_native;
mod import_sklearn;
mod import_tensorboard;
mod import_tfdv;
mod import_wandb;
mod import_whylogs;
mod inspect;
mod project;
mod serve;
mod servers;
mod sources;
