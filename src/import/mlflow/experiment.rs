//! An experiment: its name, its datasets, its logged models, and which of its folders are runs.
//!
//! In: a folder. Out: what the runs in it need to know. The runs themselves are read by `run`.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::meta::{self, Meta};
use super::rows::{self, ExperimentRow, LoggedModel};
use super::{Findings, META, below, is_litter, metric, text};
use crate::diag::{Code, Diagnostic, visible};
use crate::import::Folder;
use crate::model::{Dataset, Pointer};
use crate::source::file_name;

/// An experiment.
pub(super) struct Experiment<'a> {
    /// Its own fields.
    pub(super) row: ExperimentRow,
    /// The datasets that its runs refer to, by their folder's name.
    pub(super) datasets: BTreeMap<String, Dataset>,
    /// Logged models.
    pub(super) models: Vec<LoggedModel>,
    /// The folders that are runs.
    pub(super) runs: Vec<Folder<'a>>,
}

/// Reads an experiment's folder; nothing when it is none.
pub(super) fn read<'a>(folder: &Folder<'a>, trashed: bool) -> (Option<Experiment<'a>>, Findings) {
    let mut findings = Findings::default();
    let has_runs = || folder.child_folders().any(|child| folder.folder(child).file(META).is_some());
    let meta = match folder.file(META).map(|entry| Meta::read(folder, entry)) {
        Some(Ok(meta)) if meta.text("experiment_id").is_some() || meta.text("artifact_location").is_some() => meta,
        Some(Ok(meta)) if has_runs() => meta,
        Some(Err(problem)) => {
            findings.problem(*problem);
            Meta::absent(String::new())
        }
        None if has_runs() => {
            findings.problem(
                Diagnostic::new(Code::FieldMissing, "the experiment has no meta.yaml; its name is not known")
                    .at(folder.project_path())
                    .help("was the store copied completely? MLflow does not list its runs"),
            );
            Meta::absent(String::new())
        }
        Some(Ok(_)) | None => {
            findings.unrecognised_folder(folder);
            return (None, findings);
        }
    };
    let own = folder.name().to_owned();
    let (id, name) = if meta.path.is_empty() {
        (own.clone(), own)
    } else {
        let id = meta.required("experiment_id", &mut findings).map_or(own, str::to_owned);
        let name = meta.required("name", &mut findings).map_or_else(|| id.clone(), str::to_owned);
        (id, name)
    };
    let mut experiment = Experiment {
        row: ExperimentRow { deleted: trashed || is_deleted(&meta, &mut findings), id, name, tags: BTreeMap::new() },
        datasets: BTreeMap::new(),
        models: Vec::new(),
        runs: Vec::new(),
    };
    for entry in folder.files().iter().filter(|e| !folder.relative(e).contains('/')) {
        if folder.relative(entry) != META {
            findings.unrecognised(folder, entry);
        }
    }
    for path in folder.child_folders() {
        let child = folder.folder(path);
        match file_name(path) {
            "tags" => experiment.row.tags = texts(&child, &mut findings),
            "datasets" => experiment.datasets = datasets(&child, &mut findings),
            "models" => experiment.models = logged_models(&child, &mut findings),
            // Recorded calls of a model: neither runs nor evidence of a version.
            "traces" => {}
            _ if child.files().is_empty() => {}
            _ => experiment.runs.push(child),
        }
    }
    (Some(experiment), findings)
}

/// Whether `lifecycle_stage` says that the thing is deleted; absent in stores from before MLflow 1.
pub(super) fn is_deleted(meta: &Meta, findings: &mut Findings) -> bool {
    match meta.text("lifecycle_stage") {
        None | Some("active") => false,
        Some("deleted") => true,
        Some(other) => {
            findings
                .problem(meta.invalid("lifecycle_stage", &format!("'{}' is no stage of a life", visible(other, 80))));
            false
        }
    }
}

/// A folder with a file for each key; folders in it are keys with slashes.
pub(super) fn texts(folder: &Folder<'_>, findings: &mut Findings) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for entry in folder.files() {
        if is_litter(file_name(&entry.path)) {
            findings.unrecognised(folder, entry);
        } else if let Some(value) = text(folder, entry, findings) {
            out.insert(folder.relative(entry).to_owned(), value);
        }
    }
    out
}

/// The `meta.yaml` of each folder in a folder; other files are listed as unrecognised.
pub(super) fn metas<'a>(
    folder: &Folder<'a>,
    findings: &mut Findings,
    mut each: impl FnMut(&'a str, &Meta, &mut Findings),
) {
    for entry in folder.files() {
        match folder.relative(entry).split_once('/') {
            Some((_, META)) => {}
            _ => findings.unrecognised(folder, entry),
        }
    }
    for path in folder.child_folders() {
        let child = folder.folder(path);
        let Some(entry) = child.file(META) else { continue };
        match Meta::read(&child, entry) {
            Ok(meta) => each(file_name(path), &meta, findings),
            Err(problem) => findings.problem(*problem),
        }
    }
}

fn datasets(folder: &Folder<'_>, findings: &mut Findings) -> BTreeMap<String, Dataset> {
    let mut out = BTreeMap::new();
    metas(folder, findings, |id, meta, findings| {
        let name = meta.required("name", findings).unwrap_or(id).to_owned();
        let digest = meta.required("digest", findings).map(str::to_owned);
        let dataset = rows::dataset(name, digest, meta.text("profile"), meta.text("source"));
        out.insert(id.to_owned(), dataset);
    });
    out
}

fn logged_models(folder: &Folder<'_>, findings: &mut Findings) -> Vec<LoggedModel> {
    for entry in folder.files().iter().filter(|e| !folder.relative(e).contains('/')) {
        findings.unrecognised(folder, entry);
    }
    let folders: Vec<Folder<'_>> = folder.child_folders().map(|path| folder.folder(path)).collect();
    let read: Vec<(Option<LoggedModel>, Findings)> = folders.par_iter().map(logged_model).collect();
    let mut models = Vec::with_capacity(read.len());
    for (model, found) in read {
        models.extend(model);
        findings.append(found);
    }
    models
}

fn logged_model(folder: &Folder<'_>) -> (Option<LoggedModel>, Findings) {
    let mut findings = Findings::default();
    let meta = match folder.file(META).map(|entry| Meta::read(folder, entry)) {
        Some(Ok(meta)) => meta,
        Some(Err(problem)) => {
            findings.problem(*problem);
            return (None, findings);
        }
        None => {
            if !folder.files().is_empty() {
                findings.problem(meta::absent(folder, "logged model"));
                findings.unrecognised_folder(folder);
            }
            return (None, findings);
        }
    };
    let id = meta.required("model_id", &mut findings).unwrap_or(folder.name()).to_owned();
    // As MLflow's client does, a deleted model is left out.
    if meta.text("lifecycle_stage") == Some("deleted") {
        return (None, findings);
    }
    let status = meta.text("status").and_then(|number| {
        let status = LoggedModel::status(number);
        if status.is_none() {
            findings.problem(meta.invalid("status", &format!("'{}' is no status of a model", visible(number, 80))));
        }
        status
    });
    let mut model = LoggedModel {
        source_run: meta.text("source_run_id").map(str::to_owned),
        name: meta.text("name").unwrap_or(&id).to_owned(),
        kind: meta.text("model_type").map(str::to_owned),
        origin: Pointer::new(meta.path.clone(), "source_run_id"),
        id,
        status,
        folder: below(folder, "artifacts").map(|artifacts| artifacts.join("")),
        ..LoggedModel::default()
    };
    for entry in folder.files() {
        let relative = folder.relative(entry);
        match relative.split_once('/') {
            Some(("artifacts", path)) => model.artifacts.push((path.to_owned(), entry.size())),
            Some(("metrics", key)) if !is_litter(file_name(key)) => {
                let Ok(data) = folder.read(entry).map_err(|problem| findings.problem(*problem)) else { continue };
                let source = |line: usize| Pointer::new(data.path.clone(), format!("line {line}"));
                model.metrics.extend(metric::of_model(&data.bytes, key, source));
            }
            Some(("params", key)) if !is_litter(file_name(key)) => {
                model.params.extend(text(folder, entry, &mut findings).map(|value| (key.to_owned(), value)));
            }
            // What MLflow notes for itself at a model (versions, source) is said elsewhere.
            Some(("tags", key)) if key.starts_with("mlflow.") => {}
            Some(("tags", key)) if !is_litter(file_name(key)) => {
                model.tags.extend(text(folder, entry, &mut findings).map(|value| (key.to_owned(), value)));
            }
            None if relative == META => {}
            _ => findings.unrecognised(folder, entry),
        }
    }
    (Some(model), findings)
}
