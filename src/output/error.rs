//! Why nothing, or not everything, was written.
//!
//! In: what the other files of this module found. Out: one [`Error`] whose text says what happened,
//! where, what it means for the output and what to do. It must not decide anything.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How many names a message lists before it counts the rest.
const SHOWN: usize = 10;

/// Why the output could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The machine refused: no space, no permission, a disk that is gone.
    Io {
        /// What was being done, to read after "could not".
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's own reason.
        source: io::Error,
    },
    /// The folder is one we do not write into. Nothing was changed.
    Refused {
        /// The folder, as resolved.
        root: PathBuf,
        /// Why.
        reason: Refusal,
    },
    /// The site planned names that cannot be written. Nothing was changed.
    Paths {
        /// One sentence for each name, sorted.
        problems: Vec<String>,
    },
    /// Files that are not ours have names that the site needs. Nothing was changed.
    InTheWay {
        /// The output folder.
        root: PathBuf,
        /// Path and what is there, sorted.
        obstacles: Vec<(String, &'static str)>,
    },
    /// Another build holds the output. Nothing was changed.
    Locked {
        /// The output folder.
        root: PathBuf,
        /// The file that is locked.
        lock: PathBuf,
    },
    /// A single file may not be replaced, because of what is there now.
    Target {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: &'static str,
    },
}

/// Why a folder is not one we write into.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is the root of the file system.
    FileSystemRoot,
    /// It is, or contains, the home folder.
    Home,
    /// It is, or contains, the folder the command was started in.
    WorkingFolder,
    /// It contains `.git`.
    Repository,
    /// It is a folder of inputs.
    IsInput,
    /// It contains inputs.
    ContainsInput(PathBuf),
    /// It is a file or something else that is not a folder.
    NotAFolder,
    /// It holds files and no manifest of ours says which of them we may touch.
    NotOurs {
        /// How many files there are.
        foreign: usize,
        /// The first of them.
        first: Vec<String>,
        /// Why the manifest does not help, when there is one.
        manifest: Option<String>,
    },
}

impl Error {
    /// A failed system call.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Error {
        Error::Io { doing, path: path.to_path_buf(), source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { doing, path, source } => write!(out, "could not {doing} {}: {source}", path.display()),
            Error::Refused { root, reason } => {
                write!(out, "{} is not used as the output folder, because it {reason}", root.display())
            }
            Error::Paths { problems } => {
                write!(out, "{} cannot be written; nothing was changed", count(problems.len(), "planned name"))?;
                list(out, problems.iter().map(String::as_str), problems.len())
            }
            Error::InTheWay { root, obstacles } => {
                write!(
                    out,
                    "{} in {} not ours and would be overwritten; nothing was changed; move or remove them, or choose another output folder",
                    match obstacles.len() {
                        1 => "1 file".to_owned(),
                        many => format!("{many} files"),
                    },
                    match obstacles.len() {
                        1 => format!("{} is", root.display()),
                        _ => format!("{} are", root.display()),
                    },
                )?;
                let lines: Vec<String> = obstacles.iter().map(|(path, what)| format!("{path} ({what})")).collect();
                list(out, lines.iter().map(String::as_str), lines.len())
            }
            Error::Locked { root, lock } => write!(
                out,
                "another presscheck is writing {}; nothing was changed; wait for it to finish (it holds {})",
                root.display(),
                lock.display()
            ),
            Error::Target { path, flaw } => {
                write!(out, "{} was not written: {flaw}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::FileSystemRoot => out.write_str("is the root of the file system"),
            Refusal::Home => out.write_str("is or contains the home folder"),
            Refusal::WorkingFolder => out.write_str("is or contains the folder the command was started in"),
            Refusal::Repository => out.write_str("is the root of a repository (it contains .git)"),
            Refusal::IsInput => out.write_str("is also a folder of inputs"),
            Refusal::ContainsInput(input) => write!(out, "contains the input {}", input.display()),
            Refusal::NotAFolder => out.write_str("is not a folder"),
            Refusal::NotOurs { foreign, first, manifest } => {
                match manifest {
                    None => write!(out, "holds {} and no manifest.json of ours", count(*foreign, "file"))?,
                    Some(why) => write!(out, "holds {} and its manifest.json {why}", count(*foreign, "file"))?,
                }
                out.write_str("; choose an empty folder, or pass --adopt to build into it and keep what is there")?;
                list(out, first.iter().map(String::as_str), *foreign)
            }
        }
    }
}

/// "1 file", "3 files".
fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// The first names below each other, then how many more.
fn list<'a>(out: &mut fmt::Formatter<'_>, names: impl Iterator<Item = &'a str>, total: usize) -> fmt::Result {
    let mut shown = 0;
    for name in names.take(SHOWN) {
        write!(out, "\n  {}", name.escape_debug())?;
        shown += 1;
    }
    match total - shown {
        0 => Ok(()),
        more => write!(out, "\n  and {more} more"),
    }
}
