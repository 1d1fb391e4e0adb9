//! What a file store looks like, whatever its folder is called.
//!
//! In: a folder's listing and a few small files. Out: yes or no. An experiment is known by the
//! fields of its `meta.yaml`, looked for line by line so that a half-written file still counts.

use super::{META, below};
use crate::import::Folder;
use crate::source::file_name;

/// The folder of registered models beside the experiments.
pub(super) const REGISTRY: &str = "models";

/// The folder of deleted experiments.
pub(super) const TRASH: &str = ".trash";

/// How many files are looked at before a folder is given up.
const SNIFFS: usize = 12;

/// A `meta.yaml` above this size is nobody's.
const SNIFF_BYTES: u64 = 1 << 20;

/// Whether the folder holds experiments, deleted experiments or registered models, or is a single
/// experiment that somebody took out of its store.
pub(super) fn is_store(folder: &Folder<'_>) -> bool {
    is_single_experiment(folder)
        || any_child(folder, is_experiment)
        || below(folder, TRASH).is_some_and(|trash| any_child(&trash, is_experiment))
        || below(folder, REGISTRY).is_some_and(|registry| any_child(&registry, is_registered_model))
}

/// Whether the folder itself is an experiment.
pub(super) fn is_single_experiment(folder: &Folder<'_>) -> bool {
    is_small(folder) && has_fields(folder, META, is_experiment)
}

fn is_small(folder: &Folder<'_>) -> bool {
    folder.file(META).is_some_and(|entry| entry.size() <= SNIFF_BYTES)
}

fn any_child(folder: &Folder<'_>, is: impl Fn(&[&str]) -> bool) -> bool {
    folder
        .child_folders()
        .filter(|child| is_small(&folder.folder(child)))
        .take(SNIFFS)
        .any(|child| has_fields(folder, &format!("{}/{META}", file_name(child)), &is))
}

/// Whether the top-level keys of a YAML file are those that are looked for.
fn has_fields(folder: &Folder<'_>, below: &str, is: impl Fn(&[&str]) -> bool) -> bool {
    folder.sniff(below).is_some_and(|data| {
        let text = String::from_utf8_lossy(&data.bytes);
        let keys: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with([' ', '#', '-']))
            .filter_map(|line| Some(line.split_once(':')?.0.trim_matches(['"', '\'', ' ', '\u{feff}'])))
            .collect();
        is(&keys)
    })
}

/// The fields of an experiment, and none of a run or a logged model. Stores from before MLflow 1
/// have no `lifecycle_stage`.
fn is_experiment(keys: &[&str]) -> bool {
    let has = |key| keys.contains(&key);
    has("experiment_id")
        && has("artifact_location")
        && !["model_id", "source_run_id", "run_id", "run_uuid"].into_iter().any(has)
}

/// The fields of a registered model, and none of a version or of a logged model.
fn is_registered_model(keys: &[&str]) -> bool {
    let has = |key| keys.contains(&key);
    has("name")
        && has("creation_timestamp")
        && has("last_updated_timestamp")
        && !["experiment_id", "model_id", "version"].into_iter().any(has)
}
