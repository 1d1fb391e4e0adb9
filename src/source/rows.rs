//! Files of rows that a command or the configuration names: found, opened, hashed.
//!
//! In: a path, which may be a file, a folder or a pattern. Out: the files in the order of their names, and handles to
//! read them. Readers of columns jump about in a file, so its digest is taken in a pass of its own.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::discover::plain;
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::{Hasher, Sha256};

/// Endings of the files that are taken from a folder.
const ENDINGS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "parquet", "arrow", "feather", "ipc"];

/// The files that one name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFiles {
    /// Files on the disk with the names that people know them by.
    pub files: Vec<(PathBuf, String)>,
    /// Whether they belong together: the files of a folder are one table.
    pub together: bool,
}

/// The files of a name: a file, all files of rows below a folder, or those that match a pattern (`*`, `?`, `[…]`, `**`).
///
/// # Errors
/// When there is none.
pub fn row_files(folder: &Path, name: &str) -> Result<RowFiles, Box<Diagnostic>> {
    let problem = |why: &str| {
        Box::new(
            Diagnostic::new(Code::FileUnreadable, format!("'{}' {why}", visible(name, 200)))
                .at(name)
                .help("name a file, a folder with files of rows, or a pattern in quotes"),
        )
    };
    let path = folder.join(name);
    let shown = |found: &Path| found.strip_prefix(folder).unwrap_or(found).display().to_string();
    if path.is_file() {
        return Ok(RowFiles { files: vec![(path, name.to_owned())], together: false });
    }
    let (pattern, together) = if path.is_dir() {
        (format!("{}/**/*", glob::Pattern::escape(&path.display().to_string())), true)
    } else if name.contains(['*', '?', '[']) {
        let base = glob::Pattern::escape(&folder.display().to_string());
        (if Path::new(name).is_absolute() { name.to_owned() } else { format!("{base}/{name}") }, false)
    } else {
        return Err(problem("is not there"));
    };
    let found = glob::glob(&pattern).map_err(|error| problem(&format!("is no pattern: {}", error.msg)))?;
    let known = |p: &Path| p.extension().and_then(|e| e.to_str()).is_some_and(|e| ENDINGS.contains(&e));
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| problem(&format!("cannot be listed: {}", plain(error.error()))))?;
        if path.is_file() && (!together || known(&path)) {
            let name = shown(&path);
            files.push((path, name));
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(problem(if together { "holds no file of rows" } else { "matches no file" }));
    }
    Ok(RowFiles { files, together })
}

/// Whether a path below a prefix is wanted.
pub type RowFilter = Box<dyn Fn(&str) -> bool + Sync>;

/// Whether an object of a store is wanted, by its path below a prefix: all files of rows, or those that match a pattern
/// in which `*` does not cross folders.
///
/// # Errors
/// When the pattern is none, in words.
pub fn row_filter(pattern: Option<&str>) -> Result<RowFilter, String> {
    let Some(pattern) = pattern else {
        let known = |path: &str| path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
        return Ok(Box::new(known));
    };
    let pattern = glob::Pattern::new(pattern).map_err(|error| error.msg.to_owned())?;
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    Ok(Box::new(move |path| pattern.matches_with(path, options)))
}

/// Where files of a name can come and go: itself, or of a pattern the folder above its first wildcard.
pub fn row_root(folder: &Path, name: &str) -> PathBuf {
    const WILD: [char; 3] = ['*', '?', '['];
    let path = folder.join(name);
    if path.is_file() || path.is_dir() || !name.contains(WILD) {
        return path;
    }
    let fixed: PathBuf =
        Path::new(name).components().take_while(|part| !part.as_os_str().to_string_lossy().contains(WILD)).collect();
    folder.join(fixed)
}

/// Opens a file of rows.
pub(crate) fn rows_of(path: &Path) -> Result<File, String> {
    #[expect(clippy::disallowed_methods, reason = "source is the one module that opens files to read")]
    let file = File::open(path).map_err(|e| plain(&e))?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err("it is no regular file".to_owned());
    }
    Ok(file)
}

/// The first bytes of a file, fewer where it is shorter.
pub(crate) fn begin(path: &Path, bytes: u64) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    rows_of(path)?.take(bytes).read_to_end(&mut out).map_err(|e| plain(&e))?;
    Ok(out)
}

/// A file of any size, whole.
pub(crate) fn whole(path: &Path) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    rows_of(path)?.read_to_end(&mut out).map_err(|e| plain(&e))?;
    Ok(out)
}

/// Whether a file begins with these bytes; false where it cannot be read.
pub(crate) fn begins(path: &Path, with: &[u8]) -> bool {
    begin(path, with.len() as u64).is_ok_and(|bytes| bytes == with)
}

/// The digest of a file of any size.
pub(crate) fn digest_of(path: &Path, shown: &str) -> Result<Sha256, Box<Diagnostic>> {
    let read = || -> Result<Sha256, String> {
        let mut file = rows_of(path)?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(plain(&e)),
            }
        }
    };
    read().map_err(|why| {
        let message = format!("'{}' cannot be read: {why}", visible(shown, 200));
        Box::new(Diagnostic::new(Code::FileUnreadable, message).at(shown).help("check that you may read it"))
    })
}
