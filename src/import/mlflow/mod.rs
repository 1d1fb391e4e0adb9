//! MLflow file stores (`mlruns/`), as MLflow 1 to 3 write them.
//!
//! In: a folder. Out: its runs, with metrics, datasets and artifacts, and its registered models. What
//! counts is what MLflow's own client would report; where this importer goes further (a broken
//! `meta.yaml`, a line that the client refuses) a diagnostic says so. Recorded URIs are text: no
//! path of a store is ever resolved, every file is found by its place in the folder.
//!
//! `recognise` tells a store from other folders, `experiment` and `run` read what training wrote,
//! `metric` one metric's file, `registry` the registered models, `meta` the YAML files of them all.

mod artifacts;
mod database;
mod experiment;
mod meta;
mod metric;
mod model_facts;
mod recognise;
mod registry;
mod rows;
mod run;
mod server;

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Folder, StoreImporter};
use crate::diag::Diagnostic;
use crate::model::{Datum, MetricResult, Records, Run};
use crate::source::{Entry, file_name};
use experiment::Experiment;
use rows::LoggedModel;

/// MLflow file stores.
pub(crate) struct MlflowStore;

pub(crate) use database::MlflowDatabase;
pub(crate) use server::MlflowServer;

impl StoreImporter for MlflowStore {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        recognise::is_store(folder)
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        read(folder)
    }
}

/// The kind, as sources and runs show it.
const KIND: &str = "mlflow-file";

/// The YAML file that every thing of a store has.
const META: &str = "meta.yaml";

/// What a reader noticed beside its records.
#[derive(Default)]
struct Findings {
    problems: Vec<Diagnostic>,
    unrecognised: Vec<String>,
    /// Registered prompts that were left out.
    prompts: usize,
}

impl Findings {
    fn append(&mut self, mut other: Findings) {
        self.problems.append(&mut other.problems);
        self.unrecognised.append(&mut other.unrecognised);
        self.prompts += other.prompts;
    }

    fn problem(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    fn unrecognised(&mut self, folder: &Folder<'_>, entry: &Entry) {
        self.unrecognised.push(folder.entry_path(entry));
    }

    /// A whole folder that nobody understands.
    fn unrecognised_folder(&mut self, folder: &Folder<'_>) {
        self.unrecognised.extend(folder.files().iter().map(|entry| folder.entry_path(entry)));
    }
}

fn read(root: &Folder<'_>) -> Records {
    let mut findings = Findings::default();
    let mut places: Vec<(Folder<'_>, bool)> = Vec::new();
    let registry = places_of(root, &mut places, &mut findings);

    let mut experiments = Vec::with_capacity(places.len());
    let read: Vec<(Option<Experiment<'_>>, Findings)> =
        places.par_iter().map(|(folder, trashed)| experiment::read(folder, *trashed)).collect();
    for (experiment, found) in read {
        experiments.extend(experiment);
        findings.append(found);
    }

    let work: Vec<(&Experiment<'_>, &Folder<'_>)> =
        experiments.iter().flat_map(|e| e.runs.iter().map(move |run| (e, run))).collect();
    let read: Vec<(Option<(Run, Records)>, Findings)> =
        work.par_iter().map(|(experiment, folder)| run::read(folder, experiment)).collect();
    let mut records = Records::default();
    for (run, found) in read {
        if let Some((run, beside)) = run {
            records.runs.push(run);
            records.append(beside);
        }
        findings.append(found);
    }

    let models: Vec<&LoggedModel> = experiments.iter().flat_map(|e| &e.models).collect();
    attach(root, &models, &mut records, &mut findings);
    if let Some(folder) = registry {
        let (declared, found) = registry::read(&folder, &run_of(&models));
        records.models = declared;
        findings.append(found);
    }
    records.problems.append(&mut findings.problems);
    records.unrecognised = findings.unrecognised;
    records
}

/// Which run made which logged model.
fn run_of<'a>(models: &[&'a LoggedModel]) -> BTreeMap<&'a str, &'a str> {
    models.iter().filter_map(|m| Some((m.id.as_str(), m.source_run.as_deref()?))).collect()
}

/// Finds the folders that are experiments (and whether they lie in the trash) and the registry.
fn places_of<'a>(
    root: &Folder<'a>,
    places: &mut Vec<(Folder<'a>, bool)>,
    findings: &mut Findings,
) -> Option<Folder<'a>> {
    if recognise::is_single_experiment(root) {
        places.push((*root, false));
        return None;
    }
    let mut registry = None;
    for entry in root.files().iter().filter(|e| !root.relative(e).contains('/')) {
        findings.unrecognised(root, entry);
    }
    for path in root.child_folders() {
        let child = root.folder(path);
        match file_name(path) {
            recognise::TRASH => {
                for entry in child.files().iter().filter(|e| !child.relative(e).contains('/')) {
                    findings.unrecognised(&child, entry);
                }
                places.extend(child.child_folders().map(|path| (root.folder(path), true)));
            }
            recognise::REGISTRY if child.file(META).is_none() => registry = Some(child),
            _ => places.push((child, false)),
        }
    }
    registry
}

/// Writes logged models down at the runs that made them: as their source run says, or, for one that
/// names no run, as the run's outputs say.
fn attach(root: &Folder<'_>, models: &[&LoggedModel], records: &mut Records, findings: &mut Findings) {
    let mut by_run: BTreeMap<&str, Vec<&LoggedModel>> = BTreeMap::new();
    let mut orphans: BTreeMap<&str, &LoggedModel> = BTreeMap::new();
    for model in models {
        match &model.source_run {
            Some(run) => by_run.entry(run).or_default().push(model),
            None => {
                orphans.insert(&model.id, model);
            }
        }
    }
    for run in &mut records.runs {
        let mut own = by_run.remove(run.id.as_str()).unwrap_or_default();
        if !orphans.is_empty() {
            let outputs = run.extra.iter().find(|(key, _)| key == rows::MODEL_OUTPUTS).and_then(|(_, v)| v.items());
            let ids = outputs.into_iter().flatten().filter_map(|o| o.get("model_id")?.as_str());
            own.extend(ids.filter_map(|id| orphans.remove(id)));
        }
        for model in &own {
            if let Some(folder) = &model.folder {
                let name = (own.len() > 1).then(|| format!("{} ({})", model.name, model.id));
                model_facts::read(&root.folder(folder), name.as_deref(), run, &mut findings.problems);
            }
        }
        if let [model] = own.as_slice() {
            add_measurements(model, run);
        }
        if !own.is_empty() {
            run.extra
                .push(("logged_models".to_owned(), Datum::List(own.into_iter().map(LoggedModel::facts).collect())));
        }
    }
    let rest = by_run.into_values().flatten().chain(orphans.into_values());
    let mut lost: Vec<&LoggedModel> = rest.collect();
    lost.sort_by(|a, b| (&a.origin, &a.id).cmp(&(&b.origin, &b.id)));
    findings.problems.extend(lost.into_iter().map(LoggedModel::without_run));
}

/// What other runs have measured of a run's only model, as far as the run has not measured it itself;
/// of several values the one that MLflow would call the metric's.
fn add_measurements(model: &LoggedModel, run: &mut Run) {
    let mut latest: BTreeMap<(&str, Option<&str>), &rows::ModelMetric> = BTreeMap::new();
    for metric in model.metrics.iter().filter(|m| m.run.as_deref().is_some_and(|id| id != run.id)) {
        let key = (metric.key.as_str(), metric.dataset.as_deref());
        let known = run.results.iter().any(|r| {
            r.metric == metric.key && (r.dataset.is_none() || metric.dataset.is_none() || r.dataset == metric.dataset)
        });
        if !known && latest.get(&key).is_none_or(|m| (m.step, m.millis) <= (metric.step, metric.millis)) {
            latest.insert(key, metric);
        }
    }
    let results = latest.into_values().map(|metric| MetricResult {
        dataset: metric.dataset.clone(),
        step: Some(metric.step),
        ..MetricResult::new(metric.key.clone(), metric.value, metric.source.clone())
    });
    run.results.extend(results);
}

/// The content of a small text file: a parameter, a tag, an alias.
fn text(folder: &Folder<'_>, entry: &Entry, findings: &mut Findings) -> Option<String> {
    let data = match folder.read(entry) {
        Ok(data) => data,
        Err(problem) => {
            findings.problem(*problem);
            return None;
        }
    };
    if let Some(text) = data.text() {
        return Some(text.to_owned());
    }
    findings.problem(meta::not_utf8(&data.path));
    None
}

/// The folder of that name directly below.
fn below<'a>(folder: &Folder<'a>, name: &str) -> Option<Folder<'a>> {
    folder
        .has_folder(name)
        .then(|| folder.child_folders().find(|path| file_name(path) == name))?
        .map(|p| folder.folder(p))
}

/// Files that file managers leave behind in any folder.
fn is_litter(name: &str) -> bool {
    matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini") || name.starts_with("._")
}
