//! A project in a temporary folder: write files, run the real binary, look at what it did.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A temporary project; the folder goes when it is dropped.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// A page without the one script that we put there: the address of a file of ours, and nothing in it.
pub(crate) fn without_our_script(html: &str) -> String {
    let Some((before, rest)) = html.split_once("<script src=\"assets/search.") else { return html.to_owned() };
    let (digest, after) = rest.split_once(".js\" defer></script>").unwrap();
    assert!(digest.len() == 8 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    format!("{before}{after}")
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// An empty project.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("presscheck-").tempdir().unwrap(), environment: BTreeMap::new() }
    }

    /// A copy of the example project.
    pub(crate) fn example() -> Self {
        let project = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("site-example"), project.path());
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, folders included.
    #[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let at = self.path().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, content).unwrap();
        self
    }

    /// Sets a variable for every command.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs presscheck in the project.
    #[expect(clippy::disallowed_methods, reason = "a child needs the machine's PATH and little else")]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_presscheck"));
        command.args(arguments).current_dir(self.path()).env_clear();
        for keep in ["PATH", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(keep) {
                command.env(keep, value);
            }
        }
        command.envs(&self.environment);
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path)).unwrap()
    }

    /// The bytes of a file.
    #[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Every file below a folder with its bytes, by path relative to it.
    pub(crate) fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path().join(below))
    }
}

impl Ran {
    /// Standard error holds this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn stdout_has(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "'{text}' is not in standard output:\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn stdout_lacks(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text), "'{text}' is in standard output:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub(crate) fn stderr_has(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "'{text}' is not in standard error:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn stderr_lacks(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "'{text}' is in standard error:\n{}", self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}:\n{}", self.stdout))
    }
}

/// Every file below a folder with its bytes, by path relative to it.
#[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| {
            (e.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), std::fs::read(e.path()).unwrap())
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "tests copy the example project")]
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().filter_entry(|e| e.file_name() != "public").map(Result::unwrap)
    {
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
