//! Listing a folder: sorted, bounded, never outside the root, every failure a diagnostic.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use walkdir::WalkDir;

use super::{Entry, Limits, Location, SQLITE_MAGIC, Source, UNKNOWN, file_name};
use crate::diag::{Code, Diagnostic, visible};

/// Folders that hold no evidence and may be huge.
const SKIPPED: &[&str] =
    &[".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".ipynb_checkpoints", ".cache"];

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
            if let Some(folder) = canonical
                .parent()
                .filter(|_| source.entries.iter().any(|e| source.open(e).is_ok_and(|s| s.begins_with(SQLITE_MAGIC))))
            {
                source.list_companions(folder, exclude);
            }
            return Ok(source);
        }
        source.list(&canonical, "", exclude);
        source.settle();
        Ok(source)
    }

    /// Lists the folders beside a database in which its program keeps what does not go into tables.
    fn list_companions(&mut self, folder: &Path, exclude: &[PathBuf]) {
        for name in COMPANIONS {
            if folder.join(name).symlink_metadata().is_ok_and(|m| m.is_dir()) {
                self.folders.push((*name).to_owned());
                self.list(folder, name, exclude);
            }
        }
        self.settle();
    }

    /// Lists what lies in a folder below the root.
    fn list(&mut self, root: &Path, below: &str, exclude: &[PathBuf]) {
        let walk = Walk {
            root: root.into(),
            excluded: exclude.iter().filter_map(|p| p.canonicalize().ok()).collect(),
            label: &self.label,
            depth: self.limits.depth,
        };
        let path = if below.is_empty() { root.to_owned() } else { root.join(below) };
        let depth = usize::from(!below.is_empty());
        if let Some(mut found) = walk.folder(&path, below, depth) {
            self.entries.append(&mut found.entries);
            self.folders.append(&mut found.folders);
            self.problems.append(&mut found.problems);
        }
    }

    /// Sorts what was listed: files nearly always are, folder by folder.
    fn settle(&mut self) {
        if !self.entries.par_windows(2).all(|pair| pair[0].path <= pair[1].path) {
            self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        self.folders.par_sort();
    }

    fn push(&mut self, path: String, location: PathBuf, len: u64) {
        self.entries.push(Entry::new(path, Location::Disk(location), len));
    }
}

/// A walk through a folder, its parts in parallel.
struct Walk<'a> {
    root: Arc<Path>,
    excluded: Vec<PathBuf>,
    label: &'a str,
    depth: usize,
}

/// What lies in a folder, at any depth; files in the order of their paths.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    folders: Vec<String>,
    problems: Vec<Diagnostic>,
}

impl Found {
    fn append(&mut self, mut other: Found) {
        // What is long is moved, not copied.
        if self.entries.is_empty() {
            self.entries = other.entries;
        } else {
            self.entries.append(&mut other.entries);
        }
        self.folders.append(&mut other.folders);
        self.problems.append(&mut other.problems);
    }
}

/// Something in a folder.
struct Child {
    /// Its path below the root; a folder's with a slash at its end, so that names sort as paths do.
    path: String,
    disk: PathBuf,
    kind: std::fs::FileType,
    /// Whether the name had to be changed to be shown.
    lossy: bool,
}

impl Walk<'_> {
    /// Lists a folder; nothing when it is a cache or an environment.
    fn folder(&self, disk: &Path, path: &str, depth: usize) -> Option<Found> {
        let mut out = Found::default();
        let excluded: Vec<&std::ffi::OsStr> =
            self.excluded.iter().filter(|p| p.parent() == Some(disk)).filter_map(|p| p.file_name()).collect();
        // One level at a time: the folders below are walked on all cores.
        let mut children: Vec<Child> = Vec::new();
        for entry in WalkDir::new(disk).min_depth(1).max_depth(1).follow_root_links(false) {
            match entry {
                Ok(entry) => {
                    if depth > 0 && entry.file_name().to_str().is_some_and(|n| MARKERS.contains(&n)) {
                        return None;
                    }
                    if !excluded.contains(&entry.file_name()) {
                        children.push(self.child(entry, path));
                    }
                }
                Err(error) => out.problems.push(self.unlistable(path, &error)),
            }
        }
        let skipped = |c: &Child| c.kind.is_dir() && SKIPPED.contains(&file_name(c.path.trim_end_matches('/')));
        children.retain(|c| !skipped(c));
        // All have the folder's own path in common, which need not be compared.
        let own = |c: &Child| -> usize { path.len().min(c.path.len()) };
        children.sort_by(|a, b| a.path.as_bytes()[own(a)..].cmp(&b.path.as_bytes()[own(b)..]));
        super::activity::listed(children.iter().filter(|c| !c.kind.is_dir()).count());
        let folders: Vec<&Child> = children.iter().filter(|c| c.kind.is_dir()).collect();
        let below: Vec<Option<Found>> = folders.par_iter().map(|child| self.below(child, depth + 1)).collect();
        // Files and the content of folders, in the order of paths.
        let mut below = below.into_iter();
        for child in children {
            if !child.kind.is_dir() {
                self.add(child, &mut out);
            } else if let Some(found) = below.next().flatten() {
                out.append(found);
            }
        }
        Some(out)
    }

    fn child(&self, entry: walkdir::DirEntry, path: &str) -> Child {
        let kind = entry.file_type();
        let shown = entry.file_name().to_string_lossy();
        let mut below = String::with_capacity(path.len() + shown.len() + 2);
        if !path.is_empty() {
            below.push_str(path);
            below.push('/');
        }
        below.push_str(&shown);
        if kind.is_dir() {
            below.push('/');
        }
        let lossy = matches!(shown, std::borrow::Cow::Owned(_));
        Child { path: below, kind, lossy, disk: entry.into_path() }
    }

    /// A folder in the folder.
    fn below(&self, child: &Child, depth: usize) -> Option<Found> {
        let path = child.path.trim_end_matches('/');
        if depth > self.depth {
            let mut out = Found::default();
            let shown = self.project_path(path);
            out.problems.push(
                Diagnostic::new(
                    Code::DepthLimit,
                    format!("'{}' lies more than {} folders deep and is not read", visible(&shown, 200), self.depth),
                )
                .at(shown)
                .help("name a folder nearer to the data as the source"),
            );
            return Some(out);
        }
        let mut found = self.folder(&child.disk, path, depth)?;
        found.folders.push(path.to_owned());
        if child.lossy {
            found.problems.push(self.not_utf8(path));
        }
        Some(found)
    }

    /// Something in the folder that is no folder.
    fn add(&self, child: Child, out: &mut Found) {
        if child.lossy {
            out.problems.push(self.not_utf8(&child.path));
        }
        match child.kind {
            kind if kind.is_file() => {
                // A name that was changed to be shown does not lead back to the file.
                let location = if child.path.contains('\u{fffd}') {
                    Location::Disk(child.disk)
                } else {
                    Location::Below(Arc::clone(&self.root))
                };
                out.entries.push(Entry::new(child.path, location, UNKNOWN));
            }
            kind if kind.is_symlink() => self.add_link(&child, out),
            _ => {
                let shown = self.project_path(&child.path);
                out.problems.push(
                    Diagnostic::new(
                        Code::FileSpecial,
                        format!("'{}' is no regular file and is not read", visible(&shown, 200)),
                    )
                    .at(shown),
                );
            }
        }
    }

    fn add_link(&self, child: &Child, out: &mut Found) {
        let shown = self.project_path(&child.path);
        match child.disk.canonicalize() {
            Ok(target) if !target.starts_with(&self.root) => out.problems.push(
                Diagnostic::new(
                    Code::SymlinkOutside,
                    format!("'{}' is a link that leads out of the source; it is not followed", visible(&shown, 200)),
                )
                .at(shown)
                .help("copy the file into the source, or name its folder as a [[source]] of its own"),
            ),
            Ok(target) if target.is_file() => {
                let len = target.metadata().map_or(0, |m| m.len());
                out.entries.push(Entry::new(child.path.clone(), Location::Disk(target), len));
            }
            Ok(_) => {}
            Err(error) => out.problems.push(
                Diagnostic::new(
                    Code::SymlinkLoop,
                    format!("'{}' is a link that leads nowhere: {}", visible(&shown, 200), plain(&error)),
                )
                .at(shown),
            ),
        }
    }

    fn project_path(&self, path: &str) -> String {
        super::project_path(self.label, path)
    }

    fn not_utf8(&self, path: &str) -> Diagnostic {
        let shown = self.project_path(path);
        Diagnostic::new(
            Code::NameNotUtf8,
            format!("the name of '{}' is not UTF-8; it is shown with replacement characters", visible(&shown, 200)),
        )
        .at(shown)
        .help("rename it")
    }

    fn unlistable(&self, path: &str, error: &walkdir::Error) -> Diagnostic {
        let path = self.project_path(path);
        let cause = error.io_error().map_or_else(|| error.to_string(), plain);
        Diagnostic::new(Code::FileUnreadable, format!("'{}' cannot be listed: {cause}", visible(&path, 200)))
            .at(path)
            .help("check the permissions of the folder")
    }
}

/// An I/O error without the "(os error N)" tail.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
