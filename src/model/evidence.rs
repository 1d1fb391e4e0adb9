//! Evidence: every file that was read, with its digest, and which of it lies in a folder.

use rayon::prelude::*;
use serde::Serialize;

use crate::digest::Sha256;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// The file, relative to the project, `/` between parts.
    pub path: String,
    /// Digest of exactly the bytes that were evaluated.
    pub sha256: Sha256,
    /// Size in bytes.
    pub bytes: u64,
}

/// Whether a path is the address of something that lies in no folder of the project, such as
/// `git://COMMIT/PATH`. Paths of files never hold two slashes, so no file can look like one.
pub fn is_address(path: &str) -> bool {
    path.contains("//")
}

/// The order of evidence: files by path, then addresses.
fn place(path: &str) -> (bool, &str) {
    (is_address(path), path)
}

/// Sorts evidence so that [`evidence_below`] finds each folder's in one piece.
pub(super) fn sort_evidence(evidence: &mut [Evidence]) {
    let order = |a: &Evidence, b: &Evidence| (place(&a.path), a).cmp(&(place(&b.path), b));
    // Nearly always in order already: sources list their files so.
    if !evidence.par_windows(2).all(|pair| order(&pair[0], &pair[1]).is_le()) {
        evidence.sort_by(order);
    }
}

/// The position of a file in sorted evidence.
pub(super) fn evidence_at(evidence: &[Evidence], path: &str) -> Option<usize> {
    evidence.binary_search_by(|e| place(&e.path).cmp(&place(path))).ok()
}

/// The range of sorted evidence that lies below a folder; the empty folder is the project.
pub fn evidence_below(evidence: &[Evidence], folder: &str) -> std::ops::Range<usize> {
    if folder.is_empty() {
        return 0..evidence.partition_point(|e| !is_address(&e.path));
    }
    // A document that is a run by itself lies in no folder of its own.
    if let Some(file) = evidence_at(evidence, folder) {
        return file..file + 1;
    }
    let prefix = format!("{folder}/");
    let start = evidence.partition_point(|e| place(&e.path) < place(&prefix));
    let length = evidence.get(start..).unwrap_or_default().iter().take_while(|e| e.path.starts_with(&prefix)).count();
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_in_no_folder() {
        let paths = ["z", "git://b/x", "git/a", "a/b", "git://a/x", "a/b/c", "é"];
        let mut evidence: Vec<Evidence> = paths
            .iter()
            .map(|p| Evidence { path: (*p).to_owned(), sha256: Sha256::of(p.as_bytes()), bytes: 1 })
            .collect();
        sort_evidence(&mut evidence);
        let below = |folder| -> Vec<&str> {
            evidence[evidence_below(&evidence, folder)].iter().map(|e| e.path.as_str()).collect()
        };
        assert_eq!(below(""), ["a/b", "a/b/c", "git/a", "z", "é"]);
        assert_eq!(below("git"), ["git/a"]);
        assert_eq!(below("git://a"), ["git://a/x"]);
        assert_eq!(below("a"), ["a/b", "a/b/c"]);
        assert_eq!(below("a/b"), ["a/b"], "a file is evidence of its own");
        for path in paths {
            assert_eq!(evidence[evidence_at(&evidence, path).unwrap()].path, path);
        }
    }
}
