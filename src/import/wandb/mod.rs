//! Folders of Weights & Biases: `wandb/` with its run directories, or run directories alone.
//!
//! In: a folder that holds `.wandb` logs, directly or in run directories below. Out: one run for each
//! log, with what lies beside it. A run directory without a log (its `files/` were copied) is read
//! from `wandb-summary.json` and `config.yaml`. Nothing is asked from a server.
//!
//! `log` cuts a log into records, `proto` says what stands in one, `value` and `history` read values,
//! `run` gathers them, `files` reads what lies beside the log; `export` reads what the public API and the
//! web pages export.

pub(crate) mod export;
mod files;
mod history;
mod log;
mod proto;
mod run;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use rayon::prelude::*;

use super::{Folder, StoreImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Records, Run};
use crate::source::{Entry, file_name, parent};

/// Folders of W&B.
pub(crate) struct Wandb;

/// The kind, as sources and runs show it.
const KIND: &str = "wandb";

impl StoreImporter for Wandb {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        if is_run(folder) {
            return true;
        }
        let mut below = folder.child_folders().map(|path| is_run(&folder.folder(path)));
        if folder.name() == "wandb" {
            below.any(|is_run| is_run)
        } else {
            below.next() == Some(true) && below.all(|is_run| is_run)
        }
    }

    fn is_beside_the_point(&self, below: &str) -> bool {
        is_process_log(below)
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        read(folder)
    }
}

/// Whether a folder is a run directory: it holds a log, or its name says so and it holds files that
/// only W&B writes.
fn is_run(folder: &Folder<'_>) -> bool {
    let own = |entry: &&Entry| !folder.relative(entry).contains('/');
    if folder.files().iter().filter(own).any(|entry| is_log(folder, entry)) {
        return true;
    }
    id_of(folder.name()).is_some()
        && ["files/wandb-metadata.json", "files/wandb-summary.json"].iter().any(|f| folder.file(f).is_some())
}

/// Whether a file is a log: by the name that W&B gives it, or by its ending and its first bytes.
fn is_log(folder: &Folder<'_>, entry: &Entry) -> bool {
    let name = file_name(&entry.path);
    if !name.ends_with(".wandb") {
        return false;
    }
    let mut header = Vec::new();
    name.starts_with("run-")
        || folder.open(entry).is_ok_and(|stream| stream.take(log::HEADER as u64).read_to_end(&mut header).is_ok())
            && log::is_header(&header)
}

/// The id in the name of a run directory: `offline-run-20261123_094735-base01aa`.
fn id_of(name: &str) -> Option<&str> {
    let rest = ["offline-run-", "run-", "dryrun-"].iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let (moment, id) = rest.split_once('-')?;
    let (day, time) = moment.split_once('_')?;
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    (digits(day, 8) && digits(time, 6) && !id.is_empty()).then_some(id)
}

/// Whether a file is a log of W&B's own processes. Newer versions link some of them to a cache.
fn is_process_log(below: &str) -> bool {
    let name = file_name(below);
    name.starts_with("debug") && name.ends_with(".log")
        || file_name(parent(below)) == "logs" && !below.split('/').any(|part| part == "files")
}

fn read(root: &Folder<'_>) -> Records {
    let mut records = Records::default();
    // A run is a folder and, usually, a log in it; a folder may hold several logs that were copied there.
    let mut logs: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in root.files().iter().filter(|e| is_log(root, e)) {
        logs.entry(parent(&entry.path)).or_default().push(entry);
    }
    let alone = root.child_folders().chain([root.path]).filter(|path| !logs.contains_key(path));
    let alone: Vec<&str> = alone.filter(|path| is_run(&Folder::new(root.source, path))).collect();
    let mut work: Vec<(&str, Option<&Entry>, bool)> = alone.into_iter().map(|path| (path, None, true)).collect();
    for (path, entries) in &logs {
        work.extend(entries.iter().map(|entry| (*path, Some(*entry), entries.len() == 1)));
    }
    work.sort_by_key(|(path, entry, _)| (*path, entry.map(|e| e.path.as_str())));
    let read: Vec<(Run, Vec<Diagnostic>, BTreeSet<&str>)> = work
        .par_iter()
        .map(|(path, entry, is_only)| {
            let folder = Folder::new(root.source, path);
            read_run(&folder, *entry, *is_only)
        })
        .collect();
    let mut understood = BTreeSet::new();
    for (run, mut problems, mut files) in read {
        records.runs.push(run);
        records.problems.append(&mut problems);
        understood.append(&mut files);
    }
    told_apart(&mut records);
    for entry in root.files() {
        if !understood.contains(entry.path.as_str()) && !is_process_log(root.relative(entry)) {
            records.unrecognised.push(root.entry_path(entry));
        }
    }
    records
}

fn read_run<'a>(
    folder: &Folder<'a>,
    entry: Option<&'a Entry>,
    is_only: bool,
) -> (Run, Vec<Diagnostic>, BTreeSet<&'a str>) {
    let mut facts = run::Facts::default();
    let mut understood = BTreeSet::new();
    let mut artifacts = Vec::new();
    if let Some(entry) = entry {
        facts.read(folder, entry);
        understood.insert(entry.path.as_str());
    }
    for other in folder.files().iter().filter(|_| is_only) {
        match folder.relative(other).split_once('/') {
            Some(("files", below)) => {
                artifacts.extend(files::read(folder, below, other, &mut facts));
                understood.insert(other.path.as_str());
            }
            None if other.path.ends_with(".wandb.synced") => {
                understood.insert(other.path.as_str());
            }
            _ => {}
        }
    }
    let origin = entry.map_or_else(|| folder.project_path(), |e| folder.entry_path(e));
    let stem = entry.and_then(|e| file_name(&e.path).strip_suffix(".wandb"));
    let id =
        stem.map(|s| s.strip_prefix("run-").unwrap_or(s)).or_else(|| id_of(folder.name())).unwrap_or(folder.name());
    let (run, problems) = facts.into_run(id, folder, &origin, artifacts);
    (run, problems, understood)
}

/// A run that was resumed has a log for each time it ran, with one id: the last keeps it.
fn told_apart(records: &mut Records) {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for (i, run) in records.runs.iter().enumerate() {
        last.insert(run.id.clone(), i);
    }
    for (i, run) in records.runs.iter_mut().enumerate() {
        if last.get(&run.id).is_some_and(|last| *last != i) {
            let place = file_name(&run.folder).to_owned();
            records.problems.push(
                Diagnostic::new(
                    Code::RunDuplicate,
                    format!(
                        "run '{}' was resumed or copied; its part in '{}' stands for itself",
                        visible(&run.id, 80),
                        visible(&place, 200)
                    ),
                )
                .severity(Severity::Note)
                .at(run.origin.path.clone())
                .help("the run's values are those of its last folder"),
            );
            run.id = format!("{}@{place}", run.id);
        }
    }
}
