//! Where a project's own files are read from: the folder itself, or the commit that a ref names.
//!
//! In: a path relative to the project. Out: its bytes, nothing when there is no such file, or why it cannot be
//! read. It reads only what it is asked for and checks nothing out: a change under test must not be judged by
//! files that it brings along.

use std::path::{Path, PathBuf};

use super::terminal::environment;
use crate::diag::{Code, Diagnostic, visible};
use crate::git::{Kind, Objects, Reply, Repository};
use crate::source;

/// A place that the project's own files are read from.
pub(super) enum Tree {
    /// The folder.
    Folder(PathBuf),
    /// A commit of the repository that the folder lies in.
    Commit {
        repository: Repository,
        /// Path of the project below the repository's work tree.
        prefix: String,
        /// The ref, as it was given.
        name: String,
        /// The commit that it names.
        commit: String,
    },
}

impl Tree {
    /// The commit that the first of some names leads to.
    ///
    /// # Errors
    /// When the folder lies in no repository, git cannot be run, or no name leads to a commit.
    pub(super) fn at(folder: &Path, names: &[String]) -> Result<Self, Box<Diagnostic>> {
        let shown = names.first().map(|n| visible(n, 120)).unwrap_or_default();
        let refuse = |why: String, help: &str| {
            let message = format!("the ref '{shown}' cannot be read: {why}");
            Err(Box::new(Diagnostic::new(Code::TrustedRef, message).help(help)))
        };
        let variables = ["PATH", "SYSTEMROOT", "SystemRoot", "PATHEXT"];
        let variables = variables.iter().filter_map(|n| Some(((*n).to_owned(), environment(n)?.into()))).collect();
        let found = Repository::holding(folder, variables).and_then(|r| Some((r.prefix(folder)?, r)));
        let Some((prefix, repository)) = found else {
            return refuse("the project lies in no git repository".to_owned(), "run the gate in a checkout");
        };
        for name in names.iter().filter(|n| is_plain(n)) {
            let mut objects = Objects::new(&repository);
            let asked = format!("{name}^{{commit}}");
            match objects.read_one(&asked) {
                Ok(reply) => {
                    if let Some(object) = reply.of(Kind::Commit) {
                        let commit = object.id.clone();
                        drop(objects);
                        return Ok(Self::Commit { repository, prefix, name: name.clone(), commit });
                    }
                }
                Err(failure) => return refuse(failure.to_string(), "install git, or make it readable"),
            }
        }
        refuse(
            "it is not there".to_owned(),
            "fetch it before the gate runs: actions/checkout with fetch-depth: 0, or `git fetch origin BRANCH`",
        )
    }

    /// How the verdict names it; nothing for the folder.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Folder(_) => None,
            Self::Commit { name, commit, .. } => {
                Some(format!("{name} ({})", commit.chars().take(12).collect::<String>()))
            }
        }
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Box<Diagnostic>> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(path);
                if !file.exists() {
                    return Ok(None);
                }
                source::read_file(&file, path).map(|data| Some(data.bytes.to_vec()))
            }
            Self::Commit { repository, prefix, name, commit } => {
                let below = if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") };
                // A policy that is extended may lie above the project, but in no other repository.
                let Some(below) = normal(&below) else {
                    let message = format!("'{}' leads out of the repository", visible(path, 120));
                    return Err(Box::new(Diagnostic::new(Code::TrustedRef, message).at(path.to_owned())));
                };
                let unreadable = |why: String| {
                    let message = format!("'{}' at '{}' cannot be read: {why}", visible(path, 120), visible(name, 80));
                    Box::new(Diagnostic::new(Code::TrustedRef, message).at(path.to_owned()))
                };
                if below.contains(['\n', '\r']) {
                    return Err(unreadable("its name holds a line break".to_owned()));
                }
                let mut objects = Objects::new(repository);
                match objects.read_one(&format!("{commit}:{below}")) {
                    Ok(Reply::Found(object)) if object.kind == Kind::Blob => Ok(Some(object.bytes.to_vec())),
                    Ok(Reply::Missing) => Ok(None),
                    Ok(Reply::Found(_)) => Err(unreadable("it is no file".to_owned())),
                    Ok(Reply::TooLarge(size)) => Err(unreadable(format!("it has {size} bytes"))),
                    Ok(Reply::Broken) => Err(unreadable("the object is broken".to_owned())),
                    Err(failure) => Err(unreadable(failure.to_string())),
                }
            }
        }
    }
}

/// Whether a text is the name of a ref or commit and nothing that git reads as more.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '#' | '=');
    !name.is_empty() && name.len() <= 250 && !name.starts_with('-') && !name.contains("..") && name.chars().all(plain)
}

/// A path without `..`; nothing when it leads above its beginning.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop()?;
            }
            "" | "." => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
