//! Evidence that could not be read, or only in part.
//!
//! In: the registry's findings about files. Out: those that concern a version, and the gate's own
//! record `evidence` that keeps a version with unreadable files from passing: what could not be
//! read might have been the number that blocks.

use super::rules::{Cause, Finding, Subject, list};
use super::verdict::Status;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::model::{Registry, Run, RunStatus};

/// Findings of a kind about files below a folder, or about the folder itself.
fn problems_in<'a>(
    registry: &'a Registry,
    run: &'a Run,
    kind: fn(&Diagnostic) -> bool,
) -> impl Iterator<Item = &'a Diagnostic> {
    // Not a binary search, although `assemble` sorts: whoever appends a problem later must not
    // thereby hide it from the gate. Few findings are of a kind that is asked for.
    registry
        .problems
        .iter()
        .filter(move |p| kind(p) && p.path.as_deref().is_some_and(|path| run.relative(path).is_some()))
}

fn is_error(problem: &Diagnostic) -> bool {
    problem.severity == Severity::Error
}

/// Whether a finding means that something in a file was left out.
fn is_half_read(problem: &Diagnostic) -> bool {
    is_error(problem)
        || (problem.severity == Severity::Warning
            && matches!(problem.code, Code::FieldInvalid | Code::JsonShape | Code::CsvSyntax | Code::YamlSyntax))
}

/// The first finding about a file that means that something in it was left out.
pub(super) fn half_read<'a>(registry: &'a Registry, path: &str) -> Option<&'a Diagnostic> {
    registry.problems.iter().find(|p| is_half_read(p) && p.path.as_deref() == Some(path))
}

/// Why the evidence of a run cannot be trusted as a whole, if so.
pub(super) fn unreadable(registry: &Registry, run: &Run) -> Option<String> {
    let errors: Vec<&Diagnostic> = problems_in(registry, run, is_error).collect();
    let first = errors.first()?;
    let more = match errors.len() - 1 {
        0 => String::new(),
        more => format!(" (and {})", count(more, "more problem")),
    };
    Some(format!("{}: {}{more}", visible(&first.place(), 200), visible(&first.message, 300)))
}

/// Why a run that repeats another one cannot be used, if so.
pub(super) fn unusable(registry: &Registry, run: &Run) -> Option<String> {
    match run.status {
        RunStatus::Failed | RunStatus::Killed | RunStatus::Running | RunStatus::Scheduled => {
            Some(format!("its status is '{}'", run.status.as_str()))
        }
        RunStatus::Finished | RunStatus::Unknown => unreadable(registry, run),
    }
}

/// The gate's own findings about the evidence of the version.
pub(super) fn judge(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let run = subject.run;
    if let Some(why) = unreadable(subject.registry, run) {
        let finding = Finding::new("", "unreadable-evidence", format!("evidence could not be read: {why}"));
        out.push(finding.status(Status::Invalid));
    }
    if run.deleted {
        let finding = Finding::new("run", "run-deleted", "the run is marked as deleted in its tracker");
        out.push(finding.status(Status::Invalid));
    }
    match run.status {
        RunStatus::Failed | RunStatus::Killed => {
            let message = format!("the run's status is '{}': its numbers may be partial", run.status.as_str());
            out.push(Finding::new("run status", "run-failed", message).status(Status::Invalid));
        }
        RunStatus::Running | RunStatus::Scheduled => {
            let message = format!("the run's status is '{}': its numbers may still change", run.status.as_str());
            out.push(Finding::new("run status", "run-unfinished", message).status(Status::Invalid));
        }
        RunStatus::Finished | RunStatus::Unknown => {}
    }
    let mut partial: Vec<String> = problems_in(subject.registry, run, is_half_read)
        .filter(|p| !is_error(p))
        .map(|p| visible(&p.place(), 200))
        .collect();
    partial.dedup();
    if !partial.is_empty() {
        let message = format!("parts of the evidence were left out: {}", list(&partial, 3));
        out.push(Finding::new("left out", "evidence-left-out", message).status(Status::Warn));
    }
    out.into_iter().map(|f| f.cause(Cause::Judged)).collect()
}
