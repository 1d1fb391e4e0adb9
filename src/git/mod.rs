//! Git repositories, read from their object database through the `git` program; never a checkout.
//!
//! In: a folder. Out: refs, commits, trees and blobs as they are stored. `git` runs with an emptied
//! environment and only as plumbing that runs no hook, filter, pager or helper, whatever the
//! repository's configuration says: `for-each-ref` and `cat-file --batch`. Nothing is fetched,
//! nothing is written, objects that were replaced are read as they were. Waiting and memory are
//! bounded. It does not know what any file means.

mod object;
mod objects;
mod refs;
mod tree;
mod walk;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use object::{Commit, Person, Tag};
pub use objects::{Kind, Object, Objects, Reply};
pub use refs::{Ref, refs};
pub use tree::{Entry, Trees};
pub use walk::{History, walk};

/// Why a repository could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no `git` program.
    NoGit,
    /// `git` took too long, and was ended.
    TimedOut,
    /// `git` sent more than is read from one repository.
    TooMuch,
    /// `git` said no; its words.
    Refused(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoGit => f.write_str("the program 'git' was not found"),
            Self::TimedOut => f.write_str("git did not answer in time"),
            Self::TooMuch => f.write_str("git sent more data than is read from one repository"),
            Self::Refused(why) => write!(f, "git said: {why}"),
        }
    }
}

/// A repository that was found; nothing of it was read yet.
#[derive(Clone, Debug)]
pub struct Repository {
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
    /// `PATH` and the like, as the caller wants `git` to be found and run.
    environment: Vec<(String, OsString)>,
}

impl Repository {
    /// The repository that a folder lies in: the nearest `.git` in it or above, or the folder itself
    /// when it is a bare repository. A bare repository above is not looked for: a folder in a
    /// checkout can be made to look like one. `environment` is all that `git` gets to see.
    pub fn holding(folder: &Path, environment: Vec<(String, OsString)>) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        let folder = if folder.is_file() { folder.parent()?.to_owned() } else { folder };
        let work_tree = folder.ancestors().find(|at| {
            let git = at.join(".git");
            git.is_file() || git.join("HEAD").exists()
        });
        if let Some(at) = work_tree {
            return Some(Self { git_dir: at.join(".git"), work_tree: Some(at.to_owned()), environment });
        }
        let bare = folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir();
        bare.then_some(Self { git_dir: folder, work_tree: None, environment })
    }

    /// The folder with the files, when there is one.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// The folder's own name, without the `.git` of a bare repository.
    pub fn name(&self) -> String {
        let folder = self.work_tree.as_ref().unwrap_or(&self.git_dir);
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if self.work_tree.is_some() { name } else { name.trim_end_matches(".git").to_owned() }
    }

    /// The path of a folder below the work tree, `/` between parts.
    pub fn prefix(&self, folder: &Path) -> Option<String> {
        let folder = folder.canonicalize().ok()?;
        let Some(work_tree) = &self.work_tree else { return Some(String::new()) };
        let below = folder.strip_prefix(work_tree).ok()?;
        let parts: Vec<String> = below.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        Some(parts.join("/"))
    }

    /// Whether the repository says that its history was cut off (`git clone --depth`).
    pub fn is_shallow(&self) -> bool {
        self.git_dir.join("shallow").is_file()
    }

    /// `git` with nothing of the user's, the system's or the caller's settings. `--git-dir` is
    /// explicit, so `git` looks for no other repository. What a repository's own configuration could
    /// start is switched off, although no command that is used here would start it.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(self.environment.iter().map(|(k, v)| (k, v)));
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", NULL_DEVICE),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            // A partial clone must not fetch what it lacks; older versions of git know only the
            // second way: no protocol is allowed.
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", ""),
        ] {
            command.env(name, value);
        }
        command.arg("--no-pager").arg("--no-replace-objects").arg("--git-dir").arg(&self.git_dir);
        for setting in [
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.sshCommand=false",
            "core.attributesFile=/dev/null",
            "protocol.allow=never",
            "credential.helper=",
            "gc.auto=0",
            "maintenance.auto=false",
        ] {
            command.arg("-c").arg(setting);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }
}

#[cfg(windows)]
const NULL_DEVICE: &str = "NUL";
#[cfg(not(windows))]
const NULL_DEVICE: &str = "/dev/null";
