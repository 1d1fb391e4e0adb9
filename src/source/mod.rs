//! The only reader of run data: finds files, reads each once, hashes what it read.
//!
//! In: a folder and limits. Out: a [`Source`], a sorted list of files with a handle to read them,
//! and diagnostics for what could not be listed. It does not know what any file means.

pub(crate) mod activity;
mod database;
mod discover;
mod read;
mod rows;
mod stream;

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::diag::Diagnostic;
use crate::digest::Sha256;

pub use activity::{Activity, activity};
pub use database::{Database, SQLITE_MAGIC};
pub(crate) use discover::plain;
pub use read::read_file;
pub use rows::{RowFiles, RowFilter, row_files, row_filter, row_root};
pub(crate) use rows::{begin, begins, digest_of, rows_of, whole};
pub use stream::Stream;

/// What a source may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Folder levels below the root.
    pub depth: usize,
    /// Size of a file that is parsed, in bytes.
    pub file_bytes: u64,
    /// Size of a document that is parsed into a tree of values, in bytes: it takes many times as much.
    pub document_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 48, file_bytes: 64 << 20, document_bytes: 16 << 20 }
    }
}

/// The content of a file, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileData {
    /// The file, relative to the project, `/` between parts.
    pub path: String,
    /// What was read.
    pub bytes: Vec<u8>,
    /// Digest of `bytes`.
    pub sha256: Sha256,
}

impl FileData {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        file_name(&self.path)
    }

    /// The content as text without a byte-order mark, when it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        std::str::from_utf8(bytes).ok()
    }

    /// The digest of content that did not come from a source (tests, benches).
    pub fn from_bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { path: path.into(), sha256: Sha256::of(&bytes), bytes }
    }
}

/// The last part of a `/`-separated path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last part; empty for a single part.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// A path of a source as a path of the project; `label` is where the source lies.
fn project_path(label: &str, path: &str) -> String {
    match (label, path) {
        ("", path) => path.to_owned(),
        (label, "") => label.to_owned(),
        (label, path) => [label, "/", path].concat(),
    }
}

/// A size that nobody has asked for yet.
const UNKNOWN: u64 = u64::MAX;

/// A file that was found.
#[derive(Debug)]
pub struct Entry {
    /// Relative to the source's root, `/` between parts.
    pub path: String,
    /// Its size; [`UNKNOWN`] until somebody asks. Few files are asked, and each costs a call of the system.
    size: AtomicU64,
    location: Location,
    /// What a sniff has read, until the importer takes it.
    kept: Mutex<Option<Arc<FileData>>>,
    digest: OnceLock<(Sha256, u64)>,
    /// Whether it turned out to be no evidence.
    aside: AtomicBool,
}

impl Entry {
    fn new(path: String, location: Location, size: u64) -> Self {
        Self {
            path,
            size: AtomicU64::new(size),
            location,
            kept: Mutex::new(None),
            digest: OnceLock::new(),
            aside: AtomicBool::new(false),
        }
    }

    /// Its size in bytes when this was first asked: a hint, as a file may change until it is read.
    pub fn size(&self) -> u64 {
        match self.size.load(Ordering::Relaxed) {
            UNKNOWN => {
                let size = self.disk().and_then(|path| path.symlink_metadata().ok()).map_or(0, |m| m.len());
                // The first who asks decides, so that all see the same.
                let other = self.size.compare_exchange(UNKNOWN, size, Ordering::Relaxed, Ordering::Relaxed);
                other.err().unwrap_or(size)
            }
            size => size,
        }
    }

    /// Says that the file is no evidence although it was read: [`Source::read_files`] leaves it out.
    pub fn set_aside(&self) {
        self.aside.store(true, Ordering::Relaxed);
    }

    /// Where it is on disk, when it is there.
    fn disk(&self) -> Option<Cow<'_, Path>> {
        match &self.location {
            Location::Below(root) => Some(Cow::Owned(root.join(&self.path))),
            Location::Disk(path) => Some(Cow::Borrowed(path)),
            Location::Memory(_) | Location::Listed => None,
        }
    }

    /// The digest of what was read of it; nothing when it was not read.
    pub fn sha256(&self) -> Option<Sha256> {
        self.digest.get().map(|(digest, _)| *digest)
    }

    /// How many bytes were read of it; nothing when it was not read.
    pub fn read_bytes(&self) -> Option<u64> {
        self.digest.get().map(|(_, bytes)| *bytes)
    }
}

/// Where the bytes of a file are.
#[derive(Debug)]
enum Location {
    /// On disk below the root, where its path says.
    Below(Arc<Path>),
    /// On disk somewhere else: what a link leads to, a name that is not UTF-8.
    Disk(PathBuf),
    /// Handed over by whoever fetched them: an object of a git repository, a page of an API.
    Memory(Arc<[u8]>),
    /// Known and not fetched, because it is larger than a file may be.
    Listed,
}

/// A file that somebody else fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Its bytes.
    Memory(Vec<u8>),
    /// Where it was kept, and its size.
    Disk(PathBuf, u64),
    /// It was not fetched, being larger than a file may be; its size.
    Listed(u64),
}

/// A folder of run data, listed.
#[derive(Debug)]
pub struct Source {
    /// The folder relative to the project, `/` between parts; empty for the project itself.
    pub label: String,
    /// The folder's own name, for naming a model after it.
    pub name: String,
    /// Files, sorted by path.
    entries: Vec<Entry>,
    /// Folders, sorted by path, without the root.
    folders: Vec<String>,
    limits: Limits,
    /// The file that was named, when it was no folder: the others belong to it.
    pub only: Option<String>,
    /// What could not be listed.
    pub problems: Vec<Diagnostic>,
}

impl Source {
    /// A source whose files were fetched by others: `(path, bytes)`, `/` between parts. `label` is
    /// how diagnostics and evidence call it, `name` what a model is named after.
    pub fn from_memory(
        label: impl Into<String>,
        name: impl Into<String>,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path, Fetched::Memory(bytes)));
        Self::from_fetched(label, name, files, Limits::default())
    }

    /// As [`Source::from_memory`], with files that may lie on disk or not have been fetched at all.
    pub fn from_fetched(
        label: impl Into<String>,
        name: impl Into<String>,
        files: impl IntoIterator<Item = (String, Fetched)>,
        limits: Limits,
    ) -> Self {
        let mut entries: Vec<Entry> = files
            .into_iter()
            .map(|(path, file)| match file {
                Fetched::Memory(bytes) => {
                    let len = bytes.len() as u64;
                    Entry::new(path, Location::Memory(bytes.into()), len)
                }
                Fetched::Disk(file, len) => Entry::new(path, Location::Disk(file), len),
                Fetched::Listed(len) => Entry::new(path, Location::Listed, len),
            })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        let mut folders = std::collections::BTreeSet::new();
        for entry in &entries {
            let mut at = parent(&entry.path);
            while !at.is_empty() && folders.insert(at.to_owned()) {
                at = parent(at);
            }
        }
        Self {
            label: label.into(),
            name: name.into(),
            entries,
            folders: folders.into_iter().collect(),
            limits,
            only: None,
            problems: Vec::new(),
        }
    }

    /// Adds files that were made of other data, as if they lay at their path below the root. One that is there already
    /// stays as it is; the paths of such files are returned.
    pub fn add(&mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<String> {
        let mut there = Vec::new();
        for (path, bytes) in files {
            if self.entries.iter().any(|e| e.path == path) {
                there.push(path);
                continue;
            }
            let mut at = parent(&path);
            while !at.is_empty() {
                if let Err(place) = self.folders.binary_search_by(|f| f.as_str().cmp(at)) {
                    self.folders.insert(place, at.to_owned());
                }
                at = parent(at);
            }
            let size = bytes.len() as u64;
            self.entries.push(Entry::new(path, Location::Memory(bytes.into()), size));
        }
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        there
    }

    /// Keeps only the files that are wanted, by their path relative to the root. A folder in which
    /// nothing is left is no longer there.
    pub fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        let had: Vec<bool> = self.folders.iter().map(|f| !self.files(f).is_empty()).collect();
        self.entries.retain(|e| wanted(&e.path));
        let folders = std::mem::take(&mut self.folders);
        self.folders =
            folders.into_iter().zip(had).filter(|(f, had)| !had || !self.files(f).is_empty()).map(|(f, _)| f).collect();
    }

    /// Files below a folder (recursively), sorted; the empty folder is the root.
    pub fn files(&self, folder: &str) -> &[Entry] {
        &self.entries[self.range(folder)]
    }

    /// Where the files below a folder stand among all files.
    fn range(&self, folder: &str) -> Range<usize> {
        if folder.is_empty() {
            return 0..self.entries.len();
        }
        let prefix = format!("{folder}/");
        let start = self.entries.partition_point(|e| e.path.as_str() < prefix.as_str());
        let length = self.entries[start..].partition_point(|e| e.path.starts_with(&prefix));
        start..start + length
    }

    /// Files that lie below none of the folders, sorted.
    pub fn files_outside<'a>(&self, folders: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &Entry> {
        let mut taken: Vec<Range<usize>> = folders.into_iter().map(|folder| self.range(folder)).collect();
        taken.sort_by_key(|range| range.start);
        let mut at = 0;
        let mut free = Vec::with_capacity(taken.len() + 1);
        for range in taken {
            free.push(at..range.start.max(at));
            at = at.max(range.end);
        }
        free.push(at..self.entries.len());
        free.into_iter().flat_map(|range| &self.entries[range])
    }

    /// The file of that path.
    pub fn file(&self, path: &str) -> Option<&Entry> {
        self.entries.binary_search_by(|e| e.path.as_str().cmp(path)).ok().map(|i| &self.entries[i])
    }

    /// Folders directly below a folder, as paths relative to the root.
    pub fn child_folders<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = self.folders.partition_point(|f| f.as_str() < prefix.as_str());
        let length = self.folders[start..].partition_point(|f| f.starts_with(&prefix));
        let skip = prefix.len();
        self.folders[start..start + length].iter().map(String::as_str).filter(move |f| !f[skip..].contains('/'))
    }

    /// All folders below a folder, at any depth, sorted.
    pub fn folders_below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = self.folders.partition_point(|f| f.as_str() < prefix.as_str());
        let length = self.folders[start..].partition_point(|f| f.starts_with(&prefix));
        self.folders[start..start + length].iter().map(String::as_str)
    }

    /// Whether a folder of that path was found.
    pub fn has_folder(&self, folder: &str) -> bool {
        self.folders.binary_search_by(|f| f.as_str().cmp(folder)).is_ok()
    }

    /// What it may cost.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// A path of this source as a path of the project.
    pub fn project_path(&self, path: &str) -> String {
        project_path(&self.label, path)
    }

    /// The file of a path of the project.
    pub fn file_of(&self, project_path: &str) -> Option<&Entry> {
        if self.label.is_empty() {
            return self.file(project_path);
        }
        self.file(project_path.strip_prefix(self.label.as_str())?.strip_prefix('/')?)
    }

    /// The files that were read so far and not set aside: project path, digest, size.
    pub fn read_files(&self) -> impl Iterator<Item = (String, Sha256, u64)> + '_ {
        self.entries
            .iter()
            .filter(|e| !e.aside.load(Ordering::Relaxed))
            .filter_map(|e| e.digest.get().map(|(sha256, len)| (self.project_path(&e.path), *sha256, *len)))
    }
}
