//! The cache of fetched files, in the user's cache folder.
//!
//! In: keys that are digests, and content. Out: files that hold exactly that content. The folder is
//! the user's own (`$XDG_CACHE_HOME/presscheck`, else `~/.cache/presscheck`); it may be deleted at any
//! time, and a cache that cannot be written is no error.

use std::path::{Path, PathBuf};

use super::terminal::environment;
use crate::output;
use crate::remote::Cache;

/// Files kept from one command to the next.
#[derive(Debug)]
pub(super) struct Cached {
    folder: PathBuf,
}

impl Cached {
    /// The user's cache; nothing when the environment names no folder for one.
    pub(super) fn new() -> Option<Self> {
        let absolute = |name: &str| environment(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let folder = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|h| h.join(".cache")))?;
        Some(Self { folder: folder.join("presscheck").join("objects") })
    }

    fn path(&self, key: &str) -> PathBuf {
        let (fan, rest) = key.split_at_checked(2).unwrap_or(("", key));
        self.folder.join(fan).join(rest)
    }
}

impl Cache for Cached {
    fn find(&self, key: &str, bytes: u64) -> Option<PathBuf> {
        let path = self.path(key);
        let meta = path.symlink_metadata().ok()?;
        (meta.is_file() && meta.len() == bytes).then_some(path)
    }

    fn keep(&self, key: &str, bytes: &[u8]) -> Option<PathBuf> {
        let path = self.path(key);
        output::write_file_atomic(Path::new(&path), bytes).ok()?;
        Some(path)
    }
}
