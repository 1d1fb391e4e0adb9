//! What the watched folders look like: the truth that events only hint at.
//!
//! In: roots and what to leave out. Out: every file with length, time and identity, and the difference
//! to another look. It must not read a file, follow a link or decide by extension: MLflow's metric
//! files have none, and a run that is deleted must disappear from the site.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::{DirEntry, WalkDir};

use super::Change;

/// Folders of version control, whose contents change with every command.
const VERSION_CONTROL: [&str; 5] = [".git", ".hg", ".jj", ".svn", ".bzr"];
/// How many paths a [`Change`] names.
const NAMED: usize = 20;

/// What to leave out.
#[derive(Debug, Clone, Default)]
pub(super) struct Ignore {
    prefixes: Vec<PathBuf>,
}

impl Ignore {
    /// Leaves out everything at or below these paths, which need not exist yet.
    pub(super) fn new(prefixes: &[PathBuf]) -> Ignore {
        Ignore { prefixes: prefixes.iter().map(|path| real_path(path)).collect() }
    }

    /// Whether a path below `root` is left out. The root itself never is.
    pub(super) fn covers(&self, root: &Path, path: &Path) -> bool {
        let Ok(inside) = path.strip_prefix(root) else {
            return true;
        };
        inside.components().any(|part| VERSION_CONTROL.iter().any(|name| part.as_os_str() == *name))
            || self.prefixes.iter().any(|prefix| path.starts_with(prefix) && path != root)
    }
}

/// One look at the roots.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
}

#[derive(Debug, PartialEq, Eq)]
enum Stamp {
    /// Length, time of the last change, identity on its disk.
    File(u64, Option<SystemTime>, u64),
    /// There, but the system does not let us look.
    Unreadable,
}

impl Snapshot {
    /// Looks at all roots. Folders count only by what is in them: an empty one changes no page, and
    /// the time of one changes with every temporary file.
    pub(super) fn take(roots: &[PathBuf], ignore: &Ignore) -> Snapshot {
        let mut files = BTreeMap::new();
        for root in roots {
            let walk = WalkDir::new(root).sort_by_file_name().into_iter();
            for entry in walk.filter_entry(|entry| entry.depth() == 0 || !ignore.covers(root, entry.path())) {
                match entry {
                    Ok(entry) if entry.file_type().is_dir() => {}
                    Ok(entry) => {
                        // None when it has gone since it was listed.
                        if let Some(stamp) = stamp(&entry) {
                            files.insert(entry.into_path(), stamp);
                        }
                    }
                    Err(error) => {
                        let is_gone =
                            error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                        if let (Some(path), false) = (error.path(), is_gone) {
                            files.insert(path.to_path_buf(), Stamp::Unreadable);
                        }
                    }
                }
            }
        }
        Snapshot { files }
    }

    /// What is new, different or gone since `before`; `None` when nothing is.
    pub(super) fn since(&self, before: &Snapshot) -> Option<Change> {
        let changed = self.files.iter().filter(|(path, stamp)| before.files.get(*path) != Some(stamp));
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        let mut change = Change { changed: Vec::new(), total: 0 };
        for path in changed.map(|(path, _)| path).chain(gone) {
            change.total += 1;
            if change.changed.len() < NAMED {
                change.changed.push(path.clone());
            }
        }
        (change.total > 0).then_some(change)
    }
}

fn stamp(entry: &DirEntry) -> Option<Stamp> {
    match entry.metadata() {
        Ok(meta) => Some(Stamp::File(meta.len(), meta.modified().ok(), identity(&meta))),
        Err(error) if error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound) => None,
        Err(_) => Some(Stamp::Unreadable),
    }
}

/// A number that differs between a file and the one that is renamed over it.
#[cfg(unix)]
pub(super) fn identity(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

/// Elsewhere length and time have to do.
#[cfg(not(unix))]
pub(super) fn identity(_: &std::fs::Metadata) -> u64 {
    0
}

/// The path without links, as far as it exists: events and walks then agree on names.
pub(super) fn real_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => real_path(parent).join(name),
        _ => path,
    }
}
