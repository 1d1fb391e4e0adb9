//! Listing a folder: sorted, bounded, never outside the root, every failure a diagnostic.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::{Entry, Limits, Location, Source};
use crate::diag::{Code, Diagnostic, visible};

/// Folders that hold no evidence and may be huge.
const SKIPPED: &[&str] =
    &[".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".ipynb_checkpoints", ".cache"];

/// The size of a file that was not asked for yet.
const UNKNOWN: u64 = u64::MAX;

/// Folders beside a database that belong to it: where MLflow and its server put artifacts.
const COMPANIONS: &[&str] = &["mlartifacts", "mlruns"];

/// Files whose folder holds nothing of the user's: a cache (bford.info/cachedir), a Python environment.
const MARKERS: &[&str] = &["CACHEDIR.TAG", "pyvenv.cfg"];

impl Source {
    /// Lists the files below `root`. `label` is the folder's path in the project, as diagnostics
    /// and evidence show it; paths in `exclude` (the output folder, say) are left out.
    ///
    /// Symbolic links to files inside the root are read; links to folders are not followed, because
    /// what is inside the root is listed in its own place; links that leave the root are refused.
    ///
    /// # Errors
    /// When the root is absent, no folder or cannot be listed.
    pub fn discover(root: &Path, label: &str, exclude: &[PathBuf], limits: Limits) -> Result<Source, Box<Diagnostic>> {
        let label = if label == "." { String::new() } else { label.trim_end_matches('/').to_owned() };
        let shown = if label.is_empty() { ".".to_owned() } else { label.clone() };
        let canonical = root.canonicalize().map_err(|e| {
            Box::new(
                Diagnostic::new(
                    Code::SourceMissing,
                    format!("source '{}' cannot be read: {}", visible(&shown, 200), plain(&e)),
                )
                .at(shown.clone())
                .help("correct the path, or create the folder"),
            )
        })?;
        let mut source = Source {
            name: canonical.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
            label,
            entries: Vec::new(),
            folders: Vec::new(),
            limits,
            only: None,
            problems: Vec::new(),
        };
        if canonical.is_file() {
            // A single file: its folder is the root, and it alone is listed.
            let name = source.name.clone();
            let len = canonical.metadata().map_or(0, |m| m.len());
            source.name = canonical
                .parent()
                .and_then(Path::file_name)
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            source.label = super::parent(&source.label).to_owned();
            source.only = Some(name.clone());
            source.push(name, canonical.clone(), len);
            if let Some(folder) = canonical.parent().filter(|_| source.entries.iter().any(|e| source.is_sqlite(e))) {
                source.list_companions(folder, exclude, limits);
            }
            return Ok(source);
        }
        source.walk(&canonical, exclude, limits);
        Ok(source)
    }

    /// Lists the folders beside a database in which its program keeps what does not go into tables.
    fn list_companions(&mut self, folder: &Path, exclude: &[PathBuf], limits: Limits) {
        for name in COMPANIONS {
            let below = folder.join(name);
            if below.symlink_metadata().is_ok_and(|m| m.is_dir()) {
                self.walk_below(folder, &below, exclude, limits);
                self.folders.push((*name).to_owned());
            }
        }
        self.settle();
    }

    fn walk(&mut self, root: &Path, exclude: &[PathBuf], limits: Limits) {
        self.walk_below(root, root, exclude, limits);
        self.settle();
    }

    /// Lists what lies below a folder; paths are relative to the root.
    fn walk_below(&mut self, root: &Path, folder: &Path, exclude: &[PathBuf], limits: Limits) {
        let (source, canonical) = (self, root);
        let excluded: Vec<PathBuf> = exclude.iter().filter_map(|p| p.canonicalize().ok()).collect();
        let walk = WalkDir::new(folder).follow_links(false).max_depth(limits.depth + 1).sort_by_file_name();
        let entries = walk.into_iter().filter_entry(|e| {
            let skipped =
                e.depth() > 0 && e.file_type().is_dir() && e.file_name().to_str().is_some_and(|n| SKIPPED.contains(&n));
            !skipped && !excluded.iter().any(|x| x == e.path())
        });
        let mut entries = entries;
        let mut caches: Vec<String> = Vec::new();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) if entry.depth() > 1 && entry.file_name().to_str().is_some_and(|n| MARKERS.contains(&n)) => {
                    caches.push(super::parent(&relative(canonical, entry.path()).0).to_owned());
                    entries.skip_current_dir();
                }
                Ok(entry) => source.add(canonical, &entry),
                Err(error) => {
                    let at = error.path().map_or_else(String::new, |p| relative(canonical, p).0);
                    let cause = error.io_error().map_or_else(|| error.to_string(), plain);
                    let path = source.project_path(&at);
                    source.problems.push(
                        Diagnostic::new(
                            Code::FileUnreadable,
                            format!("'{}' cannot be listed: {cause}", visible(&path, 200)),
                        )
                        .at(path)
                        .help("check the permissions of the folder"),
                    );
                }
            }
        }
        if !caches.is_empty() {
            let cached = |path: &str| {
                caches
                    .iter()
                    .any(|c| path == c || path.strip_prefix(c.as_str()).is_some_and(|rest| rest.starts_with('/')))
            };
            source.entries.retain(|e| !cached(&e.path));
            source.folders.retain(|f| !cached(f));
        }
    }

    /// Asks for sizes and sorts.
    fn settle(&mut self) {
        // Asking for sizes costs as much as the walk; it can be done on all cores.
        self.entries.par_iter_mut().filter(|e| e.len == UNKNOWN).for_each(|e| {
            if let Location::Disk(path) = &e.location {
                e.len = path.symlink_metadata().map_or(0, |m| m.len());
            }
        });
        self.entries.par_sort_by(|a, b| a.path.cmp(&b.path));
        self.folders.sort();
    }

    fn add(&mut self, root: &Path, entry: &walkdir::DirEntry) {
        if entry.depth() == 0 {
            return;
        }
        let (path, lossy) = relative(root, entry.path());
        let shown = self.project_path(&path);
        if lossy {
            self.problems.push(
                Diagnostic::new(
                    Code::NameNotUtf8,
                    format!(
                        "the name of '{}' is not UTF-8; it is shown with replacement characters",
                        visible(&shown, 200)
                    ),
                )
                .at(shown.clone())
                .help("rename it"),
            );
        }
        let kind = entry.file_type();
        if kind.is_dir() {
            if entry.depth() > self.limits.depth {
                self.problems.push(
                    Diagnostic::new(
                        Code::DepthLimit,
                        format!(
                            "'{}' lies more than {} folders deep and is not read",
                            visible(&shown, 200),
                            self.limits.depth
                        ),
                    )
                    .at(shown)
                    .help("name a folder nearer to the data as the source"),
                );
            } else {
                self.folders.push(path);
            }
        } else if kind.is_file() {
            self.push(path, entry.path().to_path_buf(), UNKNOWN);
        } else if kind.is_symlink() {
            self.add_link(root, entry.path(), path, &shown);
        } else {
            self.problems.push(
                Diagnostic::new(
                    Code::FileSpecial,
                    format!("'{}' is no regular file and is not read", visible(&shown, 200)),
                )
                .at(shown),
            );
        }
    }

    fn add_link(&mut self, root: &Path, link: &Path, path: String, shown: &str) {
        match link.canonicalize() {
            Ok(target) if !target.starts_with(root) => self.problems.push(
                Diagnostic::new(
                    Code::SymlinkOutside,
                    format!("'{}' is a link that leads out of the source; it is not followed", visible(shown, 200)),
                )
                .at(shown)
                .help("copy the file into the source, or name its folder as a [[source]] of its own"),
            ),
            Ok(target) if target.is_file() => {
                let len = target.metadata().map_or(0, |m| m.len());
                self.push(path, target, len);
            }
            Ok(_) => {}
            Err(error) => self.problems.push(
                Diagnostic::new(
                    Code::SymlinkLoop,
                    format!("'{}' is a link that leads nowhere: {}", visible(shown, 200), plain(&error)),
                )
                .at(shown),
            ),
        }
    }

    fn push(&mut self, path: String, location: PathBuf, len: u64) {
        self.entries.push(Entry::new(path, Location::Disk(location), len));
    }
}

/// The path below the root with `/` between parts, and whether its name was not UTF-8.
fn relative(root: &Path, path: &Path) -> (String, bool) {
    let path = path.strip_prefix(root).unwrap_or(path);
    let mut lossy = false;
    let parts: Vec<String> = path
        .components()
        .map(|c| {
            let text = c.as_os_str().to_string_lossy();
            lossy |= matches!(&text, std::borrow::Cow::Owned(_));
            text.into_owned()
        })
        .collect();
    (parts.join("/"), lossy)
}

/// An I/O error without the "(os error N)" tail.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
