//! MLflow's SQLite store (`mlflow.db`), as MLflow 0.9 to 3 write and migrate it, and the artifacts
//! that lie beside it.
//!
//! In: a database that `source` has opened, and the folders beside it. Out: the same rows that a file
//! store gives. Only real tables are read, only their plain columns, each by its name, so that an old
//! schema lacks columns and a new one has more. Artifacts are found by their place: a folder
//! `RUN_ID/artifacts` or `models/m-ID/artifacts` somewhere beside the database; the recorded address
//! only decides between two of them, as text.
//!
//! `table` reads rows with bounds on everything, `runs` and `models` know the columns, `digest` makes
//! the evidence of one run.

pub(super) mod digest;
pub(super) mod models;
pub(super) mod runs;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Findings, artifacts, attach, recognise, run_of};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::{DatabaseImporter, Folder, StoreFile};
use crate::model::{Artifact, Evidence, Records, Run};
use crate::source::{Entry, file_name, parent};
use table::Tables;

/// MLflow's SQLite stores.
pub(crate) struct MlflowDatabase;

/// The kind, as sources and runs show it.
const KIND: &str = "mlflow-sqlite";

/// Endings of databases.
const ENDINGS: &[&str] = &[".db", ".sqlite", ".sqlite3", ".db3"];

/// The folder of artifacts of a run or a logged model.
const ARTIFACTS: &str = "artifacts";

impl DatabaseImporter for MlflowDatabase {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn wants(&self, name: &str) -> bool {
        ENDINGS.iter().any(|ending| name.ends_with(ending)) || is_named_so(name)
    }

    fn read(&self, folder: &Folder<'_>, entry: &Entry) -> Option<StoreFile> {
        let name = file_name(&entry.path).to_ascii_lowercase();
        let meant = folder.is_named(entry) || (is_named_so(&name) && ENDINGS.iter().any(|e| name.ends_with(e)));
        if !meant && !folder.is_sqlite(entry) {
            return None;
        }
        match read(folder, entry) {
            Ok(store) => Some(store),
            // A file that was named to find out what it is.
            Err(_) if !folder.is_sqlite(entry) && !is_named_so(&name) => None,
            Err(problem) => {
                let problem = if meant { *problem } else { problem.severity(Severity::Note) };
                let folders = if meant { companions(folder) } else { Vec::new() };
                let mut records = Records::default();
                records.problems.push(problem);
                Some(StoreFile { records, folders, is_store: false })
            }
        }
    }
}

fn is_named_so(name: &str) -> bool {
    name.contains("mlflow")
}

/// Folders of artifacts beside a database that cannot be read: without it they are nobody's.
fn companions(folder: &Folder<'_>) -> Vec<String> {
    let beside = folder.child_folders().filter(|path| matches!(file_name(path), "mlruns" | "mlartifacts"));
    beside.filter(|path| !recognise::is_store(&folder.folder(path))).map(str::to_owned).collect()
}

fn read(folder: &Folder<'_>, entry: &Entry) -> Result<StoreFile, Box<Diagnostic>> {
    let path = folder.entry_path(entry);
    let database = folder.database(entry)?;
    let mut findings = Findings::default();
    let sqlite = |error: &rusqlite::Error| database.problem(error);
    let tables = Tables::of(&database, &path).map_err(|e| sqlite(&e))?;
    if !(tables.has("experiments") && tables.has("runs")) {
        return Err(not_mlflow(&path));
    }
    let stored = runs::read(&tables, &mut findings).map_err(|e| sqlite(&e))?;
    let mut models = models::logged(&tables, &mut findings).map_err(|e| sqlite(&e))?;
    let measured = models::metrics(&tables, &mut models, &mut findings).map_err(|e| sqlite(&e))?;
    let registered = {
        let models: Vec<_> = models.values().collect();
        models::registered(&tables, &run_of(&models), &mut findings).map_err(|e| sqlite(&e))?
    };
    database.finish()?;
    let mut records = Records { models: registered, ..Records::default() };

    let places = Places::find(folder, &stored, &models);
    let beside: Vec<(Run, Records, Option<&str>)> = stored
        .into_runs(KIND, &path, &measured, &mut findings)
        .into_par_iter()
        .map(|mut run| {
            let place = places.runs.get(&run.id).copied();
            let beside = place.map(|place| {
                let files = folder.folder(place);
                run.artifacts = files
                    .files()
                    .iter()
                    .map(|e| Artifact {
                        path: files.relative(e).to_owned(),
                        bytes: Some(e.size()),
                        ..Artifact::default()
                    })
                    .collect();
                artifacts::read(&files, &mut run)
            });
            (run, beside.unwrap_or_default(), place)
        })
        .collect();
    let mut read = Vec::new();
    for (run, beside, place) in beside {
        records.runs.push(run);
        records.append(beside);
        read.push(place);
    }
    for (id, place) in &places.models {
        if let Some(model) = models.get_mut(*id) {
            let files = folder.folder(place);
            model.artifacts = files.files().iter().map(|e| (files.relative(e).to_owned(), e.size())).collect();
            model.folder = Some((*place).to_owned());
        }
    }
    let all: Vec<_> = models.values().collect();
    attach(folder, &all, &mut records, &mut findings);
    let evidence: Vec<Evidence> =
        records.runs.par_iter().zip(&read).map(|(run, place)| digest::of(run, files_of(folder, *place))).collect();
    records.evidence.extend(evidence);
    places.unrecognised(folder, &mut findings);
    records.problems.append(&mut findings.problems);
    records.unrecognised.append(&mut findings.unrecognised);
    Ok(StoreFile { records, folders: places.owned.into_iter().collect(), is_store: true })
}

fn files_of<'a>(folder: &Folder<'a>, place: Option<&'a str>) -> &'a [Entry] {
    place.map(|path| folder.folder(path).files()).unwrap_or_default()
}

fn not_mlflow(path: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(
            Code::FileUnreadable,
            format!("the database '{}' has no tables of MLflow's tracking store", visible(path, 200)),
        )
        .at(path)
        .help("name the file of `mlflow server --backend-store-uri sqlite:///mlflow.db`; MLflow makes the tables when it first opens it"),
    )
}

/// Where the artifacts are.
struct Places<'a> {
    /// The folder of artifacts of each run, as a path of the source.
    runs: BTreeMap<String, &'a str>,
    /// The same for logged models.
    models: BTreeMap<&'a str, &'a str>,
    /// Folders that are this store's and nobody else's.
    owned: BTreeSet<String>,
}

impl<'a> Places<'a> {
    fn find(folder: &Folder<'a>, stored: &runs::Stored, models: &BTreeMap<String, super::rows::LoggedModel>) -> Self {
        let mut out = Places { runs: BTreeMap::new(), models: BTreeMap::new(), owned: BTreeSet::new() };
        for path in folder.folders_below().filter(|path| file_name(path) == ARTIFACTS) {
            let owner = parent(path);
            let id = file_name(owner);
            // A file store has its own.
            if folder.folder(owner).file(super::META).is_some() {
                continue;
            }
            let experiment = if let Some(uri) = stored.artifact_uri(id) {
                let known = out.runs.get(id).copied();
                if known.is_none_or(|known| shared_end(path, uri) > shared_end(known, uri)) {
                    out.runs.insert(id.to_owned(), path);
                }
                parent(owner)
            } else if models.contains_key(id) && file_name(parent(owner)) == "models" {
                out.models.insert(id, path);
                parent(parent(owner))
            } else {
                continue;
            };
            let whole = stored.has_experiment(file_name(experiment))
                && folder.folder(experiment).file(super::META).is_none()
                && experiment.len() > folder.join("").len();
            out.owned.insert(if whole { experiment } else { owner }.to_owned());
        }
        out
    }

    /// Files in the store's folders that belong to no run and no model; traces are no evidence.
    fn unrecognised(&self, folder: &Folder<'_>, findings: &mut Findings) {
        let known: BTreeSet<&str> = self.runs.values().chain(self.models.values()).copied().collect();
        for owned in &self.owned {
            let below = folder.folder(owned);
            for entry in below.files() {
                let mut at = parent(&entry.path);
                while at.len() > owned.len() && !known.contains(at) {
                    at = parent(at);
                }
                if !known.contains(at) && !below.relative(entry).starts_with("traces/") {
                    findings.unrecognised(&below, entry);
                }
            }
        }
    }
}

/// How many parts at their ends a path and an address share.
fn shared_end(path: &str, uri: &str) -> usize {
    path.rsplit('/').zip(uri.rsplit('/')).take_while(|(a, b)| a == b).count()
}
