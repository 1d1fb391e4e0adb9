//! Statements of approval and the keys that may sign, as files.
//!
//! In: the policy, the place of the project's own files and the folder under test. Out: bytes. Who may sign is read
//! from the trusted place; what was signed comes with the change, because a signature needs no trust in its carrier.
//! A file that cannot be read is handed on as such.

use std::path::Path;

use super::tree::Tree;
use crate::diag::visible;
use crate::gate::approvals::{SignersFile, Submission, Submitted};
use crate::gate::policy::Policy;
use crate::source::{Limits, Source};

/// Size of a statement that is read, in bytes.
const STATEMENT: u64 = 64 << 10;
/// Size of a signature that is read, in bytes: that of the longest RSA key is a tenth of it.
const SIGNATURE: u64 = 16 << 10;

/// Reads what the approvals of a policy need; nothing for a policy without any.
pub(super) fn read(policy: &Policy, trusted: &Tree, folder: &Path) -> Submitted {
    let approvals = &policy.approvals;
    if approvals.required.is_empty() {
        return Submitted::default();
    }
    let path = &approvals.allowed_signers;
    let signers = match trusted.read(path) {
        Ok(bytes) => bytes.map(|bytes| Ok(SignersFile::new(path, &bytes))),
        Err(problem) => Some(Err(problem.message.clone())),
    };
    let (statements, unreadable) = match statements(folder, &approvals.dir) {
        Ok(statements) => (statements, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Submitted { statements, unreadable, signers }
}

/// The statements of a folder, not of those below it.
fn statements(folder: &Path, dir: &str) -> Result<Vec<Submission>, String> {
    let root = folder.join(dir);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let limits = Limits { file_bytes: STATEMENT, document_bytes: STATEMENT, ..Limits::default() };
    let source = Source::discover(&root, dir, &[], limits).map_err(|problem| problem.message.clone())?;
    let read = |name: &str, most: u64| {
        let entry = source.file(name).ok_or_else(|| format!("there is no file '{}'", visible(name, 160)))?;
        if entry.size() > most {
            return Err(format!("'{}' is larger than {most} bytes", visible(name, 160)));
        }
        source.read(entry).map(|data| data.bytes.to_vec()).map_err(|problem| visible(&problem.message, 300))
    };
    let wanted = source.files("").iter().filter(|e| e.path.ends_with(".json") && !e.path.contains('/'));
    Ok(wanted
        .map(|entry| Submission {
            file: source.project_path(&entry.path),
            statement: read(&entry.path, STATEMENT),
            signature: read(&format!("{}.sig", entry.path), SIGNATURE),
        })
        .collect())
}
