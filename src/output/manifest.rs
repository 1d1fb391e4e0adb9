//! `manifest.json`: which files in the output are ours, and what is in them.
//!
//! In: paths and bytes of a site, or the bytes of a manifest found on disk. Out: deterministic bytes
//! (no time, no machine), or what a former build left. It must not touch the disk.
//!
//! Two documents share the name. `presscheck.manifest/1` describes a finished site, and an approval
//! can bind to its digest. While a commit is under way the file is a `presscheck.manifest-partial/1`:
//! the files that are coming, plus those of former builds that may still be there. A reader that
//! knows only the first cannot mistake a half-written site for a finished one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::path::OutPath;

const WHOLE: &str = "presscheck.manifest/1";
const PARTIAL: &str = "presscheck.manifest-partial/1";

/// One file of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Where it is.
    pub path: OutPath,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// A manifest that was read or is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Who wrote the site, e.g. `presscheck 0.1.0`.
    pub generator: String,
    /// The files of the site, sorted by path.
    pub files: Vec<Entry>,
    /// Files of former builds that may still be there; empty in a finished site.
    pub leftovers: Vec<Entry>,
    /// Whether the build that wrote it had finished.
    pub complete: bool,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// With a fragment to read after "its manifest.json", when the bytes are not a manifest of a
    /// version that we know, or list a path that we would never have written.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, String> {
        let raw: RawManifest = serde_json::from_slice(bytes).map_err(|error| format!("is not readable ({error})"))?;
        let complete = match raw.schema.as_str() {
            WHOLE => true,
            PARTIAL => false,
            other => return Err(format!("has the unknown schema {other:?}")),
        };
        if complete && !raw.leftovers.is_empty() {
            return Err("lists leftovers although it is complete".to_owned());
        }
        Ok(Manifest {
            generator: raw.generator,
            files: check_entries(raw.files)?,
            leftovers: check_entries(raw.leftovers)?,
            complete,
        })
    }

    /// The bytes to write: one file per line, so that a diff of two manifests can be read.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let schema = if self.complete { WHOLE } else { PARTIAL };
        let mut text = format!("{{\n\"schema\": \"{schema}\",\n\"generator\": {},\n", quoted(&self.generator));
        push_entries(&mut text, "files", &self.files);
        if !self.complete {
            text.push_str(",\n");
            push_entries(&mut text, "leftovers", &self.leftovers);
        }
        text.push_str("\n}\n");
        text.into_bytes()
    }

    /// Every path that is ours, with every content that a build may have left there.
    pub(super) fn owned(&self) -> BTreeMap<OutPath, BTreeSet<String>> {
        let mut owned: BTreeMap<OutPath, BTreeSet<String>> = BTreeMap::new();
        for entry in self.files.iter().chain(&self.leftovers) {
            owned.entry(entry.path.clone()).or_default().insert(entry.sha256.clone());
        }
        owned
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    schema: String,
    generator: String,
    files: Vec<RawEntry>,
    #[serde(default)]
    leftovers: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    path: String,
    sha256: String,
    bytes: u64,
}

/// A manifest may come from anyone who could write the folder. What it lists may be deleted, so its
/// paths pass the same check as those we write.
fn check_entries(raw: Vec<RawEntry>) -> Result<Vec<Entry>, String> {
    raw.into_iter()
        .map(|entry| {
            let path = OutPath::new(&entry.path).map_err(|error| format!("lists a path that is not ours: {error}"))?;
            let is_digest =
                entry.sha256.len() == 64 && entry.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if !is_digest {
                return Err(format!("has no SHA-256 for {path}"));
            }
            Ok(Entry { path, sha256: entry.sha256, bytes: entry.bytes })
        })
        .collect()
}

fn push_entries(text: &mut String, key: &str, entries: &[Entry]) {
    text.push_str(&format!("\"{key}\": ["));
    for (number, entry) in entries.iter().enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        // Paths and digests are plain ASCII without quotes or backslashes: nothing to escape.
        text.push_str(&format!(
            "{{\"path\": \"{}\", \"sha256\": \"{}\", \"bytes\": {}}}",
            entry.path, entry.sha256, entry.bytes
        ));
    }
    text.push_str(if entries.is_empty() { "]" } else { "\n]" });
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256;

    fn entry(path: &str, body: &str) -> Entry {
        Entry { path: OutPath::new(path).unwrap(), sha256: Sha256::of(body.as_bytes()).hex(), bytes: body.len() as u64 }
    }

    #[test]
    fn a_finished_manifest_has_these_bytes() {
        let manifest = Manifest {
            generator: "presscheck \"0\"".to_owned(),
            files: vec![entry("a.html", ""), entry("b/c.css", "x")],
            leftovers: Vec::new(),
            complete: true,
        };
        let text = String::from_utf8(manifest.to_bytes()).unwrap();
        assert_eq!(
            text,
            r#"{
"schema": "presscheck.manifest/1",
"generator": "presscheck \"0\"",
"files": [
{"path": "a.html", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": 0},
{"path": "b/c.css", "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", "bytes": 1}
]
}
"#
        );
        assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), manifest);
    }

    #[test]
    fn an_unfinished_manifest_reads_back_and_owns_both_contents() {
        let manifest = Manifest {
            generator: String::new(),
            files: vec![entry("a.html", "new")],
            leftovers: vec![entry("a.html", "old"), entry("gone.html", "old")],
            complete: false,
        };
        let again = Manifest::parse(&manifest.to_bytes()).unwrap();
        assert_eq!(again, manifest);
        let owned = again.owned();
        assert_eq!(owned["a.html"].len(), 2);
        assert_eq!(owned["gone.html"].len(), 1);
        let empty = Manifest { files: Vec::new(), leftovers: Vec::new(), ..manifest };
        assert_eq!(Manifest::parse(&empty.to_bytes()).unwrap(), empty);
    }

    #[test]
    fn manifests_that_we_did_not_write_are_refused() {
        let digest = "0".repeat(64);
        for bad in [
            String::new(),
            "{".to_owned(),
            "[]".to_owned(),
            r#"{"name": "my app", "icons": []}"#.to_owned(),
            r#"{"schema": "presscheck.manifest/2", "generator": "", "files": []}"#.to_owned(),
            r#"{"schema": "presscheck.manifest/1", "generator": "", "files": [], "more": 1}"#.to_owned(),
            format!(
                r#"{{"schema": "presscheck.manifest/1", "generator": "", "files": [{{"path": "../../etc/passwd", "sha256": "{digest}", "bytes": 0}}]}}"#
            ),
            r#"{"schema": "presscheck.manifest/1", "generator": "", "files": [{"path": "a", "sha256": "ABC", "bytes": 0}]}"#
                .to_owned(),
        ] {
            assert!(Manifest::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
