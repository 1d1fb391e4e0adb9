//! Where a file of the site may be: checked relative paths below the output folder.
//!
//! In: the names the site planned. Out: [`OutPath`], a name that is safe on every file system and in
//! every URL, or all the reasons why not. It must not touch the disk: whether something is in the way
//! there is `commit`'s question.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The longest part between two slashes, in bytes: room is left for a temporary name beside it.
const LONGEST_PART: usize = 120;
/// The longest whole path, in bytes.
const LONGEST_PATH: usize = 1000;
/// The name of our own file in the output folder, which no page may take.
pub(super) const MANIFEST: &str = "manifest.json";

/// A relative path below the output folder, checked once: plain ASCII parts separated by `/`, none of
/// which can leave the folder, hide on GitHub Pages or mean a device on Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPath(String);

impl OutPath {
    /// Checks a path.
    ///
    /// # Errors
    /// When the path is not one that every file system and web server takes as it is.
    pub fn new(text: &str) -> Result<OutPath, OutPathError> {
        match flaw_of(text) {
            None => Ok(OutPath(text.to_owned())),
            Some(flaw) => Err(OutPathError { path: text.to_owned(), flaw }),
        }
    }

    /// The path with `/` between its parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folders above the file, outermost first, without the output folder itself.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// Where the file is when the output folder is `root`.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        below(root, &self.0)
    }

    /// The name that file systems without a notion of case see.
    pub(super) fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for OutPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Borrow<str> for OutPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for OutPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A path that may not be written, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutPathError {
    path: String,
    flaw: &'static str,
}

impl OutPathError {
    /// What is wrong, without the path.
    #[must_use]
    pub fn flaw(&self) -> &'static str {
        self.flaw
    }
}

impl fmt::Display for OutPathError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} {}", self.path, self.flaw)
    }
}

impl std::error::Error for OutPathError {}

/// A `/`-separated path as a path of this system.
pub(super) fn below(root: &Path, relative: &str) -> PathBuf {
    let mut path = root.to_path_buf();
    path.extend(relative.split('/'));
    path
}

/// Checks all names of a site at once, so that one build shows every bad name.
pub(super) fn check_all<T>(files: Vec<(String, T)>) -> Result<Vec<(OutPath, T)>, Vec<String>> {
    let mut problems = Vec::new();
    let mut checked = Vec::with_capacity(files.len());
    for (path, body) in files {
        match OutPath::new(&path) {
            Ok(path) => checked.push((path, body)),
            Err(error) => problems.push(error.to_string()),
        }
    }
    checked.sort_by(|a, b| a.0.cmp(&b.0));

    // What a file system that ignores case would find under each name: a file or a folder.
    let mut files_by_fold: BTreeMap<String, &OutPath> = BTreeMap::new();
    let mut folders_by_fold: BTreeMap<String, &str> = BTreeMap::new();
    for (path, _) in &checked {
        if path.folded() == MANIFEST {
            problems.push(format!("{:?} is the name of the manifest", path.as_str()));
        }
        if let Some(other) = files_by_fold.insert(path.folded(), path) {
            problems.push(match other == path {
                true => format!("{:?} is written twice", path.as_str()),
                false => format!("{:?} and {:?} differ only by case", other.as_str(), path.as_str()),
            });
        }
        for folder in path.folders() {
            match folders_by_fold.insert(folder.to_ascii_lowercase(), folder) {
                Some(other) if other != folder => {
                    problems.push(format!("the folders {other:?} and {folder:?} differ only by case"));
                }
                _ => {}
            }
        }
    }
    for (folded, path) in &files_by_fold {
        if folders_by_fold.contains_key(folded) {
            problems.push(format!("{:?} is both a file and a folder", path.as_str()));
        }
    }
    if problems.is_empty() {
        return Ok(checked);
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

fn flaw_of(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > LONGEST_PATH {
        return Some("is longer than 1000 bytes");
    }
    if text == ".nojekyll" {
        return None;
    }
    if text.starts_with('/') {
        return Some("is an absolute path");
    }
    text.split('/').find_map(flaw_of_part)
}

/// ASCII only, because names that differ by Unicode normal form alone are one file on some disks; and
/// only characters that stand for themselves in a URL, because links are written from the same name.
fn flaw_of_part(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("has an empty part");
    }
    if part == "." || part == ".." {
        return Some("has a part that is `.` or `..`");
    }
    if part.starts_with('.') || part.starts_with('_') {
        return Some("has a part that starts with `.` or `_`, which GitHub Pages leaves out");
    }
    if part.len() > LONGEST_PART {
        return Some("has a part longer than 120 bytes");
    }
    if part.ends_with('.') {
        return Some("has a part that ends with a dot, which Windows removes");
    }
    if part.contains(['\\', ':']) {
        return Some("has a backslash or a colon, which mean folders and drives on Windows");
    }
    if !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+@=,!()".contains(&byte)) {
        return Some("has a character other than ASCII letters, digits and -._~+@=,!()");
    }
    is_device(part).then_some("has a part that Windows takes for a device")
}

/// `con`, `con.html` and the like open a device on Windows, whatever the extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$" => true,
        _ => stem
            .strip_prefix("com")
            .or_else(|| stem.strip_prefix("lpt"))
            .is_some_and(|port| port.len() == 1 && port.as_bytes()[0].is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_site_makes_are_taken() {
        for good in [
            "index.html",
            ".nojekyll",
            "models/churn/1.4.0.html",
            "assets/style-1a2b3c4d.css",
            "data/models/churn@1.json",
            "console.html",
            "com10.html",
            "a/lpt.html",
        ] {
            assert_eq!(OutPath::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn names_that_leave_hide_or_confuse_are_refused() {
        let long = "x".repeat(121);
        let deep = "abcdefgh/".repeat(120);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "./a",
            "a\\b",
            "..\\x",
            "C:\\x",
            "c:x",
            "a\0b",
            "a\nb",
            "_next/x.js",
            "a/_x",
            ".git/config",
            ".hidden",
            "a/.nojekyll",
            ".nojekyll/x",
            "con",
            "CON.html",
            "a/nul.txt",
            "Com1",
            "lpt9.tar.gz",
            "aux",
            "a.",
            "a /b",
            "a b",
            "é.html",
            "a%2fb",
            "a#b",
            "a?b",
            "\u{202e}x",
            &long,
            &deep,
        ] {
            assert!(OutPath::new(bad).is_err(), "{bad:?} was taken");
        }
        assert_eq!(OutPath::new("a/../b").unwrap_err().to_string(), "\"a/../b\" has a part that is `.` or `..`");
    }

    #[test]
    fn all_bad_names_are_told_at_once() {
        let names =
            ["b/x.html", "../up", "B/y.html", "one.html", "One.html", "two", "two/in.html", "Manifest.json", "d", "d"];
        let problems = check_all(names.map(|name| (name.to_owned(), ())).to_vec()).unwrap_err();
        assert_eq!(
            problems,
            [
                "\"../up\" has a part that is `.` or `..`",
                "\"Manifest.json\" is the name of the manifest",
                "\"One.html\" and \"one.html\" differ only by case",
                "\"d\" is written twice",
                "\"two\" is both a file and a folder",
                "the folders \"B\" and \"b\" differ only by case",
            ]
        );
    }

    #[test]
    fn folders_are_listed_outermost_first() {
        let path = OutPath::new("a/b/c.html").unwrap();
        assert_eq!(path.folders().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.file_name(), "c.html");
        assert_eq!(path.below(Path::new("/out")), Path::new("/out/a/b/c.html"));
        assert_eq!(serde_json::to_string(&path).unwrap(), "\"a/b/c.html\"");
    }
}
