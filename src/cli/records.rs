//! Per-example records: read from a run's folder when a rule needs them, once each.
//!
//! In: a run and where the catalogue says its records are. Out: examples, and the digest of every file that was
//! read for them. A file that lies outside the run's folder, or that changed since the sources were read, is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diag::visible;
use crate::digest::Sha256;
use crate::gate::examples::{Example, Examples, Records};
use crate::import::Columns;
use crate::model::{Evidence, ExampleSpec, Registry, Run};
use crate::source;

/// What was read, by file and columns.
type Known = BTreeMap<(String, Vec<String>), Result<Arc<Examples>, String>>;

/// The records below a project.
#[derive(Debug)]
pub(super) struct RecordFiles {
    folder: PathBuf,
    /// Digests of the files that the sources already read.
    read: BTreeMap<String, Sha256>,
    known: Mutex<Known>,
    evidence: Mutex<BTreeMap<String, Evidence>>,
}

impl RecordFiles {
    pub(super) fn new(folder: &Path, registry: &Registry) -> Self {
        // Only needed where a metric has records at all.
        let wanted = registry.catalogue.definitions().any(|d| d.examples.is_some());
        let read = registry.evidence.iter().filter(|_| wanted).map(|e| (e.path.clone(), e.sha256)).collect();
        Self { folder: folder.to_owned(), read, known: Mutex::default(), evidence: Mutex::default() }
    }

    /// The files that were read for examples.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn load(&self, path: &str, run: &Run, spec: &ExampleSpec, features: &[String]) -> Result<Examples, String> {
        let shown = visible(path, 160);
        let file = self.folder.join(path);
        let inside = |at: &Path| at.canonicalize().map_err(|_| format!("there is no file '{shown}'"));
        if !inside(&file)?.starts_with(inside(&self.folder.join(&run.folder))?) {
            return Err(format!("'{shown}' leads out of the run's folder"));
        }
        let data = source::read_file(&file, path).map_err(|problem| visible(&problem.message, 300))?;
        let sha256 = Sha256::of(&data.bytes);
        if self.read.get(path).is_some_and(|known| *known != sha256) {
            return Err(format!("'{shown}' changed while it was read"));
        }
        let optional = [&spec.label, &spec.prediction, &spec.score, &spec.value, &spec.cluster];
        let mut names: Vec<&str> = vec![&spec.id];
        names.extend(optional.into_iter().flatten().map(String::as_str));
        names.extend(features.iter().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        let columns = Columns::read(&data, &names)?;
        let text = |name: &Option<String>, row: usize| columns.text(name.as_deref()?, row);
        let number = |name: &Option<String>, row: usize| columns.number(name.as_deref()?, row);
        let rows = (0..columns.rows())
            .map(|row| Example {
                id: columns.text(&spec.id, row).unwrap_or_default(),
                label: text(&spec.label, row),
                prediction: text(&spec.prediction, row),
                score: number(&spec.score, row),
                value: number(&spec.value, row),
                cluster: text(&spec.cluster, row),
                features: features.iter().filter_map(|f| Some((f.clone(), columns.text(f, row)?))).collect(),
            })
            .collect();
        let bytes = u64::try_from(data.bytes.len()).unwrap_or(u64::MAX);
        let found = Evidence { path: path.to_owned(), sha256, bytes };
        self.evidence.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), found);
        Examples::new(path.to_owned(), sha256, rows)
    }
}

impl Records for RecordFiles {
    fn examples(&self, run: &Run, spec: &ExampleSpec, features: &[String]) -> Result<Arc<Examples>, String> {
        let path = if run.folder.is_empty() { spec.file.clone() } else { format!("{}/{}", run.folder, spec.file) };
        let columns = [Some(&spec.id), spec.label.as_ref(), spec.prediction.as_ref(), spec.score.as_ref()];
        let more = [spec.value.as_ref(), spec.cluster.as_ref()];
        let names = columns.into_iter().chain(more).map(|c| c.cloned().unwrap_or_default());
        let key = (path.clone(), names.chain(features.iter().cloned()).collect::<Vec<_>>());
        let known = |all: &Known| all.get(&key).cloned();
        if let Some(found) = known(&self.known.lock().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let found = self.load(&path, run, spec, features).map(Arc::new);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }
}
