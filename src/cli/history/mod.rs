//! The git history of DVC projects: commits and tags as runs, tags as versions.
//!
//! In: a source's folder, which of its files are wanted, and what was read of its work tree. Out: records of the commits that changed
//! the project's metrics, params or lock, read from the object database by `git`, and the state of
//! the code for the work tree's own runs. The importer reads each commit as if it were checked out;
//! its files are called `git://COMMIT/PATH`. What cannot be read is a finding, the rest is kept.

mod commits;
mod records;
mod states;

use std::path::Path;

use super::terminal::environment;
use crate::config::History;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::git::{Failure, Objects, Repository};
use crate::model::Records;

/// Commits that are looked at; the newest first.
const MOST_COMMITS: usize = 10_000;
/// Commits without a tag that become runs; the newest first.
const MOST_RUNS: usize = 2_000;

/// Adds the history of a source to what was read of its files.
pub(super) fn add(
    root: &Path,
    label: &str,
    kind: Option<&str>,
    wanted: Option<History>,
    wants: &dyn Fn(&str) -> bool,
    records: &mut Records,
) {
    if wanted == Some(History::Off) || !matches!(kind, None | Some("dvc" | "dvclive")) {
        return;
    }
    let variables = ["PATH", "SYSTEMROOT", "SystemRoot", "PATHEXT"];
    let variables = variables.iter().filter_map(|n| Some(((*n).to_owned(), environment(n)?.into()))).collect();
    let label = if label == "." { "" } else { label.trim_end_matches('/') };
    let at = if label.is_empty() { ".git".to_owned() } else { format!("{label}/.git") };
    let found = Repository::holding(root, variables).and_then(|r| Some((r.prefix(root)?, r)));
    let Some((prefix, repository)) = found else {
        if wanted.is_some() {
            records.problems.push(
                Diagnostic::new(Code::HistoryIncomplete, "the source lies in no git repository")
                    .at(at)
                    .help("remove 'history', or read the repository itself and not a copy of its files"),
            );
        }
        return;
    };
    // Unasked, only the project that the repository is about: a project in a folder may be a fixture.
    let is_the_project = prefix.is_empty() && root.join("dvc.yaml").is_file();
    if wanted.is_none() && kind.is_none() && !is_the_project {
        return;
    }
    if repository.work_tree().is_none() {
        // The object database itself was listed; nothing in it is evidence.
        records.unrecognised.clear();
        records.problems.retain(|p| p.code != Code::SourceEmpty);
        records.sources.retain(|s| s.runs > 0);
    }
    let follow = wanted != Some(History::Tags);
    let mut objects = Objects::new(&repository);
    let place = records::Place { label, prefix: &prefix, at: &at, wants };
    if let Err(failure) = commits::read(&repository, &mut objects, &place, follow, records) {
        records.problems.push(problem(&failure, &at));
    }
}

/// Why the history could not be read, or not in full.
fn problem(failure: &Failure, at: &str) -> Diagnostic {
    let help = match failure {
        Failure::NoGit => "install git, or write history = false for this source",
        Failure::TimedOut | Failure::TooMuch => "write history = \"tags\" for this source, or false",
        Failure::Refused(_) => "check the repository with `git fsck`",
    };
    let text = format!("the git history could not be read: {}", visible(&failure.to_string(), 300));
    Diagnostic::new(Code::HistoryIncomplete, text).at(at).help(help)
}

/// Something of the history that is left out.
fn note(severity: Severity, at: &str, text: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::HistoryIncomplete, text).severity(severity).at(at).help(help)
}
