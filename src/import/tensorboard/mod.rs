//! TensorBoard log folders: event files as TensorFlow, Keras, PyTorch, JAX and tensorboardX write them.
//!
//! In: a folder with event files somewhere below. Out: one run for each folder that holds some, named
//! by its path below the log folder, as TensorBoard names it. A folder is a log folder when it holds
//! event files itself or in two of its folders: it has no other mark, so it is asked last.
//!
//! `frame` cuts a file into records, `proto` says what stands in one, `scalar` takes the number out
//! of a tensor, `run` gathers the files of a folder.

mod frame;
mod proto;
mod run;
mod scalar;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use rayon::prelude::*;

use super::{Folder, StoreImporter};
use crate::model::Records;
use crate::source::{Entry, file_name, parent};

/// TensorBoard log folders.
pub(crate) struct TensorBoard;

/// The kind, as sources and runs show it.
const KIND: &str = "tensorboard";

/// What TensorBoard looks for in a file's name.
const MARK: &str = "tfevents";

/// What every writer lets the name begin with.
const PREFIX: &str = "events.out.tfevents.";

/// Files of a run directory of the native layout: the log folder is then the folder below it.
const NATIVE: &[&str] = &["run.toml", "model.toml", "metrics.json", "metrics.toml", "card.md"];

impl StoreImporter for TensorBoard {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_loose(&self) -> bool {
        true
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let mut below = BTreeSet::new();
        for entry in folder.files().iter().filter(|e| file_name(&e.path).contains(MARK)) {
            match folder.relative(entry).split_once('/') {
                None if is_events(folder, entry) => return true,
                None => {}
                Some((child, _)) if below.contains(child) => {}
                Some((child, _)) if is_events(folder, entry) => {
                    below.insert(child);
                }
                Some(_) => {}
            }
        }
        below.len() > 1 && !folder.files().iter().any(|e| NATIVE.contains(&file_name(&e.path)))
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        read(folder)
    }
}

/// Whether a file is one of events: by the name that every writer gives it, or by a name that says
/// so and a first record with the right checksum.
fn is_events(folder: &Folder<'_>, entry: &Entry) -> bool {
    let name = file_name(&entry.path);
    if name.starts_with(PREFIX) {
        return true;
    }
    let mut header = Vec::new();
    name.contains(MARK)
        && folder.open(entry).is_ok_and(|stream| stream.take(12).read_to_end(&mut header).is_ok())
        && frame::length(&header).is_some()
}

fn read(root: &Folder<'_>) -> Records {
    let mut records = Records::default();
    let mut runs: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let mut others = Vec::new();
    for entry in root.files() {
        if is_events(root, entry) {
            runs.entry(parent(&entry.path)).or_default().push(entry);
        } else {
            others.push(entry);
        }
    }
    for entry in others {
        let folder = parent(&entry.path);
        match runs.get_mut(folder) {
            Some(files) if file_name(&entry.path) == run::HPARAMS_FILE => files.push(entry),
            _ => records.unrecognised.push(root.entry_path(entry)),
        }
    }
    let folders: BTreeSet<&str> = runs.keys().copied().collect();
    let read: Vec<_> = runs
        .par_iter()
        .map(|(path, files)| {
            let folder = Folder::new(root.source, path);
            let above = std::iter::successors(Some(*path), |p| (!p.is_empty()).then(|| parent(p))).skip(1);
            let above = above.take_while(|p| p.len() >= root.path.len()).find(|p| folders.contains(p));
            run::read(root, &folder, above.map(|path| Folder::new(root.source, path)).as_ref(), files)
        })
        .collect();
    for (run, mut problems) in read {
        records.runs.push(run);
        records.problems.append(&mut problems);
    }
    records
}
