//! Statements of approval and the keys that may sign, as files.
//!
//! In: the policy, the place of the project's own files and the folder under test. Out: bytes. Who may sign is read
//! from the trusted place; what was signed comes with the change, because a signature needs no trust in its carrier.
//! A file that cannot be read is handed on as such.

use std::path::Path;

use super::tree::Tree;
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::approvals::{SignersFile, Submission, Submitted};
use crate::gate::policy::Policy;
use crate::gate::verdict::Verdict;
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
    Submitted::new(&approvals.namespace, statements(folder, &approvals.dir), signers)
}

/// What people should hear of the approvals of a verdict.
pub(super) fn problems(policy: &Policy, submitted: &Submitted, verdict: &Verdict) -> Vec<Diagnostic> {
    let approvals = &policy.approvals;
    if verdict.approvals.is_empty() {
        return Vec::new();
    }
    let signers = |message: String| {
        Diagnostic::new(Code::AllowedSigners, message)
            .at(approvals.allowed_signers.clone())
            .help("a line is: PRINCIPAL [namespaces=\"…\",valid-before=\"…\"] KEYTYPE KEY; see docs/gate/approvals.md")
    };
    let mut out = Vec::new();
    match submitted.signers() {
        None => out.push(signers("there is no file of signers, so no approval can be verified".to_owned())),
        Some(Err(why)) => out.push(signers(format!("the file of signers cannot be read: {}", visible(why, 300)))),
        Some(Ok(file)) => out.extend(file.signers.problems.iter().map(|(line, why)| {
            signers(format!("a line is left out: {why}")).at_line(u32::try_from(*line).unwrap_or(u32::MAX), 1)
        })),
    }
    if let Some(why) = submitted.unreadable() {
        let message = format!("the folder of approvals cannot be read: {}", visible(why, 300));
        out.push(Diagnostic::new(Code::ApprovalNotCounted, message).at(approvals.dir.clone()));
    }
    out.extend(verdict.not_counted.iter().map(|statement| {
        Diagnostic::new(Code::ApprovalNotCounted, format!("this statement does not count: {}", statement.why))
            .at(statement.file.clone())
            .help("it blocks nothing; sign it as `presscheck approve` says, or remove it")
    }));
    out
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
