//! What a verdict rests on besides the sources: the ledger of decisions, the levels of ratchets, baselines that are
//! files, and signed approvals.
//!
//! In: the policy and the place that the project's own files are read from. Out: the values that the gate takes.
//! It decides nothing: what is missing or broken is handed on as such.

use std::collections::BTreeMap;

use super::tree::Tree;
use crate::diag::{Diagnostic, visible};
use crate::digest::Sha256;
use crate::gate::approvals::Submitted;
use crate::gate::examples::Records;
use crate::gate::policy::{Policy, Select};
use crate::gate::verdict::{Clock, PolicyFile};
use crate::gate::{External, Inputs, ledger, levels};
use crate::import;
use crate::model::{Instant, Registry};
use crate::source::Source;

/// The ledger, and the baselines that are files.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) ledger: ledger::Ledger,
    external: BTreeMap<String, Result<External, String>>,
    approvals: Submitted,
}

impl Beside {
    /// Reads what the policy needs. The ledger and files come from `trusted`; `git:` baselines name their own ref.
    pub(super) fn read(policy: &Policy, trusted: &Tree, folder: &std::path::Path) -> Self {
        let ledger = match trusted.read(ledger::FILE_NAME) {
            Ok(bytes) => ledger::Ledger::parse(bytes.as_deref().unwrap_or_default()),
            Err(problem) => ledger::Ledger::broken(problem.message.clone()),
        };
        let mut external = BTreeMap::new();
        for (id, baseline) in &policy.baselines {
            let found = match &baseline.select {
                Select::File(path) => of_file(trusted.read(path), path, path),
                Select::Git(reference, path) => {
                    let name = format!("{path} at {reference}");
                    match Tree::at(folder, std::slice::from_ref(reference)) {
                        Ok(tree) => of_file(tree.read(path), path, &name),
                        Err(problem) => Err(visible(&problem.message, 300)),
                    }
                }
                _ => continue,
            };
            external.insert(id.clone(), found);
        }
        Self { ledger, external, approvals: super::signatures::read(policy, trusted, folder) }
    }

    /// Statements of approval, and the keys that may sign.
    pub(super) fn approvals(&self) -> &Submitted {
        &self.approvals
    }

    /// Everything that a verdict rests on.
    pub(super) fn inputs<'a>(
        &'a self,
        registry: &'a Registry,
        records: &'a dyn Records,
        (at, clock): (Instant, Clock),
    ) -> Inputs<'a> {
        Inputs {
            registry,
            ledger: &self.ledger,
            external: &self.external,
            approvals: &self.approvals,
            examples: records,
            at,
            clock,
        }
    }
}

/// The metrics of a file, as a run.
fn of_file(bytes: Result<Option<Vec<u8>>, Box<Diagnostic>>, path: &str, name: &str) -> Result<External, String> {
    let bytes = match bytes {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(format!("there is no file '{}'", visible(name, 160))),
        Err(problem) => return Err(visible(&problem.message, 300)),
    };
    let digest = Sha256::of(&bytes);
    let file = path.rsplit('/').next().unwrap_or(path);
    // In a folder of its own the file is a run directory, whatever the real folder is called.
    let source = Source::from_memory(path, "baseline", [(format!("baseline/file/{file}"), bytes)]);
    let records = import::import(&source, None);
    if let Some(problem) = records.problems.iter().find(|p| p.severity == crate::diag::Severity::Error) {
        return Err(format!("'{}': {}", visible(name, 160), visible(&problem.message, 300)));
    }
    let mut runs = records.runs.into_iter().filter(|run| !run.results.is_empty());
    match (runs.next(), runs.next()) {
        (Some(run), None) => Ok(External { name: name.to_owned(), run, digest }),
        (Some(_), Some(_)) => Err(format!("'{}' holds several runs", visible(name, 160))),
        (None, _) => Err(format!("no metric was read from '{}'", visible(name, 160))),
    }
}

/// The policy with the levels of its ratchets.
///
/// # Errors
/// When the file of levels is there and cannot be read.
pub(super) fn with_levels(policy: Policy, tree: &Tree) -> Result<Policy, Vec<Diagnostic>> {
    let Some(bytes) = tree.read(levels::FILE_NAME).map_err(|p| vec![*p])? else { return Ok(policy) };
    let text = String::from_utf8_lossy(&bytes);
    let found = levels::Levels::parse(&text, levels::FILE_NAME).map_err(|p| vec![*p])?;
    let file = PolicyFile { path: levels::FILE_NAME.to_owned(), sha256: Sha256::of(&bytes) };
    policy.with_levels(found, file).map_err(|p| vec![*p])
}
