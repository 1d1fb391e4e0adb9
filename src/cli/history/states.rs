//! States of projects: which files of a commit matter, and their contents, each read once.
//!
//! In: trees and the reader of objects. Out: for the folder of a project in a commit, the files that
//! the importer needs with their blobs. Equal folders have one state, however many commits have them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::git::{Failure, Kind, Objects, Reply, Trees};
use crate::import::dvc::needs::{self, Needs, Tree};

/// Contents that are kept for the next commits, in bytes.
const KEPT: usize = 256 << 20;

/// A project's folder at some commit.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What the project needs.
    pub(super) needs: Needs,
    /// Needed files and their blobs, in the order of paths.
    pub(super) files: Vec<(String, String)>,
    /// Those that make one state differ from another.
    pub(super) print: Vec<(String, String)>,
}

/// Reads states.
pub(super) struct States<'a, 'r> {
    pub(super) objects: &'a mut Objects<'r>,
    pub(super) trees: Trees,
    states: BTreeMap<String, Arc<State>>,
    projects: BTreeMap<String, Arc<[String]>>,
    tracked: BTreeMap<String, Arc<[String]>>,
    blobs: BTreeMap<String, Reply>,
    kept: usize,
    failure: Option<Failure>,
}

impl<'a, 'r> States<'a, 'r> {
    pub(super) fn new(objects: &'a mut Objects<'r>) -> Self {
        Self {
            objects,
            trees: Trees::default(),
            states: BTreeMap::new(),
            projects: BTreeMap::new(),
            tracked: BTreeMap::new(),
            blobs: BTreeMap::new(),
            kept: 0,
            failure: None,
        }
    }

    /// The folders below a tree that hold a `dvc.yaml`; empty for the tree itself.
    pub(super) fn projects(&mut self, tree: &str) -> Vec<String> {
        let found = self.trees.named(tree, |name| name == "dvc.yaml", &mut self.projects);
        found.iter().map(|path| crate::source::parent(path).to_owned()).collect()
    }

    /// Reads blobs that will be asked for, so that asking for each is no round trip.
    pub(super) fn prefetch<'i>(&mut self, ids: impl Iterator<Item = &'i str>) -> Result<(), Failure> {
        if self.kept > KEPT {
            self.blobs.clear();
            self.kept = 0;
        }
        let wanted: BTreeSet<&str> = ids.filter(|id| !self.blobs.contains_key(*id)).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        for chunk in wanted.chunks(1_024) {
            for (id, reply) in chunk.iter().zip(self.objects.read(chunk)?) {
                if let Reply::Found(object) = &reply {
                    self.kept += object.bytes.len();
                }
                self.blobs.insert((*id).to_owned(), reply);
            }
        }
        Ok(())
    }

    /// A blob.
    pub(super) fn blob(&mut self, id: &str) -> Result<Reply, Failure> {
        self.prefetch(std::iter::once(id))?;
        Ok(self.blobs.get(id).cloned().unwrap_or(Reply::Missing))
    }

    /// The state of a project by the tree of its folder.
    pub(super) fn of(&mut self, tree: &str) -> Result<Arc<State>, Failure> {
        if let Some(known) = self.states.get(tree) {
            return Ok(known.clone());
        }
        let tracked = self.trees.named(tree, |name| name.len() > 4 && name.ends_with(".dvc"), &mut self.tracked);
        let needs = needs::of(&mut Project { states: self, tree, tracked });
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut state = State::default();
        for (path, decides) in &needs.files {
            if let Some(entry) = self.trees.find(tree, path) {
                if *decides {
                    state.print.push((path.clone(), entry.id.clone()));
                }
                state.files.push((path.clone(), entry.id));
            }
        }
        state.needs = needs;
        let state = Arc::new(state);
        self.states.insert(tree.to_owned(), state.clone());
        Ok(state)
    }
}

/// A project's folder, as the importer looks at it.
struct Project<'s, 'a, 'r> {
    states: &'s mut States<'a, 'r>,
    tree: &'s str,
    tracked: Arc<[String]>,
}

impl Tree for Project<'_, '_, '_> {
    fn has(&self, path: &str) -> bool {
        self.states.trees.find(self.tree, path).is_some_and(|e| !e.is_folder)
    }

    fn files(&self, folder: &str, most: usize) -> Vec<String> {
        match self.states.trees.find(self.tree, folder) {
            Some(entry) if entry.is_folder && !folder.is_empty() => {
                self.states.trees.files(&entry.id, folder, most).into_iter().map(|(path, _)| path).collect()
            }
            _ => Vec::new(),
        }
    }

    fn tracked(&self) -> Vec<String> {
        self.tracked.to_vec()
    }

    fn read(&mut self, path: &str) -> Option<Arc<[u8]>> {
        let entry = self.states.trees.find(self.tree, path).filter(|e| !e.is_folder)?;
        match self.states.blob(&entry.id) {
            Ok(reply) => reply.of(Kind::Blob).map(|object| object.bytes.clone()),
            Err(failure) => {
                self.states.failure = Some(failure);
                None
            }
        }
    }
}
