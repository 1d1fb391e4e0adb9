//! Trees: which files a commit has, and the ids of their contents.
//!
//! In: ids of trees. Out: paths and blob ids. Each tree is read once, however many commits have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Failure, Kind, Objects, Reply};

/// More trees, or bytes of trees, are not read.
const MOST_TREES: usize = 400_000;
const MOST_BYTES: usize = 512 << 20;
/// Deeper folders are not looked into.
const DEPTH: usize = 48;
/// Folders that hold no evidence and may be huge.
const SKIPPED: &[&str] = &[".git", "node_modules", "__pycache__", ".venv", ".ipynb_checkpoints", ".cache", ".dvc"];

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name: one part of a path.
    pub name: String,
    /// Its object.
    pub id: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// Trees that were read, by id.
#[derive(Default)]
pub struct Trees {
    known: BTreeMap<String, Arc<[u8]>>,
    bytes: usize,
    /// Trees that could not be read.
    pub broken: BTreeSet<String>,
    /// Whether some were left out because there are too many.
    pub cut: bool,
}

impl Trees {
    /// Reads trees and everything below them.
    ///
    /// # Errors
    /// When `git` cannot be run or does not answer.
    pub fn load(&mut self, objects: &mut Objects<'_>, roots: impl IntoIterator<Item = String>) -> Result<(), Failure> {
        let mut wanted: BTreeSet<String> = roots.into_iter().filter(|id| self.is_new(id)).collect();
        for _ in 0..=DEPTH {
            if wanted.is_empty() {
                break;
            }
            let ids: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let mut below = BTreeSet::new();
            for chunk in ids.chunks(4_096) {
                for (id, reply) in chunk.iter().zip(objects.read(chunk)?) {
                    let Reply::Found(object) = &reply else {
                        self.broken.insert((*id).to_owned());
                        continue;
                    };
                    if object.kind != Kind::Tree {
                        self.broken.insert((*id).to_owned());
                        continue;
                    }
                    self.bytes += object.bytes.len();
                    if self.bytes > MOST_BYTES || self.known.len() >= MOST_TREES {
                        self.cut = true;
                        return Ok(());
                    }
                    self.known.insert((*id).to_owned(), object.bytes.clone());
                }
            }
            for id in &ids {
                let folders = self.entries(id).filter(|e| e.is_folder && !SKIPPED.contains(&e.name.as_str()));
                below.extend(folders.map(|e| e.id).filter(|id| self.is_new(id)));
            }
            wanted = below;
        }
        Ok(())
    }

    fn is_new(&self, id: &str) -> bool {
        !self.known.contains_key(id) && !self.broken.contains(id)
    }

    /// The entries of a tree that was read. Names that are no plain part of a path are left out.
    pub fn entries(&self, id: &str) -> impl Iterator<Item = Entry> + use<'_> {
        let digits = id.len() / 2;
        let mut rest: &[u8] = self.known.get(id).map_or(&[], |bytes| bytes);
        std::iter::from_fn(move || {
            loop {
                let (entry, after) = next(rest, digits)?;
                rest = after;
                if entry.is_some() {
                    return entry;
                }
            }
        })
    }

    /// The entry at a path below a tree.
    pub fn find(&self, tree: &str, path: &str) -> Option<Entry> {
        let mut at = Entry { name: String::new(), id: tree.to_owned(), is_folder: true };
        for part in path.split('/').filter(|p| !p.is_empty()) {
            at = self.entries(&at.id).find(|e| at.is_folder && e.name == part)?;
        }
        Some(at)
    }

    /// The files below a folder, as paths with `prefix` before them, and the ids of their contents.
    pub fn files(&self, tree: &str, prefix: &str, most: usize) -> Vec<(String, String)> {
        let mut out = Vec::new();
        self.descend(tree, prefix, 0, most, &mut out);
        out
    }

    fn descend(&self, tree: &str, prefix: &str, depth: usize, most: usize, out: &mut Vec<(String, String)>) {
        for entry in self.entries(tree) {
            if out.len() >= most {
                return;
            }
            let path = if prefix.is_empty() { entry.name } else { format!("{prefix}/{}", entry.name) };
            if !entry.is_folder {
                out.push((path, entry.id));
            } else if depth < DEPTH {
                self.descend(&entry.id, &path, depth + 1, most, out);
            }
        }
    }

    /// The files below a tree whose names fit. `seen` remembers the answer for each tree.
    pub fn named(
        &self,
        tree: &str,
        fits: fn(&str) -> bool,
        seen: &mut BTreeMap<String, Arc<[String]>>,
    ) -> Arc<[String]> {
        self.named_at(tree, fits, 0, seen)
    }

    fn named_at(
        &self,
        tree: &str,
        fits: fn(&str) -> bool,
        depth: usize,
        seen: &mut BTreeMap<String, Arc<[String]>>,
    ) -> Arc<[String]> {
        if let Some(known) = seen.get(tree) {
            return known.clone();
        }
        let mut out = Vec::new();
        for entry in self.entries(tree) {
            if !entry.is_folder {
                if fits(&entry.name) {
                    out.push(entry.name);
                }
            } else if depth < DEPTH && !SKIPPED.contains(&entry.name.as_str()) {
                out.extend(
                    self.named_at(&entry.id, fits, depth + 1, seen).iter().map(|b| format!("{}/{b}", entry.name)),
                );
            }
        }
        let out: Arc<[String]> = out.into();
        seen.insert(tree.to_owned(), out.clone());
        out
    }
}

/// The first entry of a tree's bytes, `MODE NAME\0ID`, and the rest; links and submodules, and names
/// that could lead elsewhere, are no entry.
fn next(bytes: &[u8], digits: usize) -> Option<(Option<Entry>, &[u8])> {
    let space = bytes.iter().position(|b| *b == b' ')?;
    let end = space + bytes.get(space..)?.iter().position(|b| *b == 0)?;
    let id = bytes.get(end + 1..end + 1 + digits)?;
    let rest = bytes.get(end + 1 + digits..)?;
    let (mode, name) = (bytes.get(..space)?, bytes.get(space + 1..end)?);
    let is_folder = match mode {
        b"40000" | b"040000" => true,
        mode if mode.starts_with(b"100") => false,
        _ => return Some((None, rest)),
    };
    let Ok(name) = std::str::from_utf8(name) else { return Some((None, rest)) };
    if name.is_empty() || matches!(name, "." | "..") || name.contains('/') {
        return Some((None, rest));
    }
    let id = id.iter().map(|b| format!("{b:02x}")).collect();
    Some((Some(Entry { name: name.to_owned(), id, is_folder }), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_a_tree() {
        let id = [0xab_u8; 20];
        let mut bytes = Vec::new();
        for (mode, name) in
            [("100644", "a.json"), ("40000", "dir"), ("120000", "link"), ("160000", "sub"), ("100644", "..")]
        {
            bytes.extend(format!("{mode} {name}\0").bytes());
            bytes.extend(id);
        }
        bytes.extend(b"100644 cut\0ab");
        let tree = "00".repeat(20);
        let mut trees = Trees::default();
        trees.known.insert(tree.clone(), bytes.into());
        let names: Vec<_> = trees.entries(&tree).map(|e| (e.name, e.is_folder)).collect();
        assert_eq!(names, [("a.json".to_owned(), false), ("dir".to_owned(), true)]);
        assert_eq!(trees.find(&tree, "a.json").unwrap().id, "ab".repeat(20));
        assert_eq!(trees.find(&tree, "dir/none"), None);
    }
}
