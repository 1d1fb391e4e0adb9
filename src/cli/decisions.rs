//! Earlier decisions for the site: the ledger, and the verdict files that the configuration names.
//!
//! In: a project. Out: its gate history, and what could not be read of it: warnings, since no verdict rests on these
//! files. A broken ledger is an error, because later verdicts do rest on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::prelude::*;

use super::project::Project;
use super::tree::Tree;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::gate::Pattern;
use crate::gate::history::{Decision, History};
use crate::gate::ledger::{FILE_NAME, Ledger};
use crate::model::Registry;
use crate::source::{Limits, Source};

/// Size of a verdict file that is read, in bytes.
const SIZE: u64 = 16 << 20;
/// Files that are read; the last ones by path are kept, since names often hold a time.
const MOST: usize = 20_000;

/// Reads the history, and adds what is wrong with it to the registry's problems.
pub(super) fn read(project: &Project, registry: &mut Registry) -> History {
    let ledger = match Tree::Folder(project.folder.clone()).read(FILE_NAME) {
        Ok(bytes) => Ledger::parse(bytes.as_deref().unwrap_or_default()),
        Err(problem) => Ledger::broken(problem.message.clone()),
    };
    let (files, problems) = files(project);
    let history = History::new(&ledger, files);
    registry.problems.extend(problems);
    registry.problems.extend(history.problems(registry));
    registry.problems.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    history
}

/// The folders, relative to the project, that verdict files may lie in.
pub(super) fn folders(project: &Project) -> BTreeSet<String> {
    project.config.site.verdicts.iter().map(|pattern| literal(pattern.as_str())).collect()
}

/// The part of a pattern before its first wildcard, whole folders only; a file's folder where there is none.
fn literal(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('/').collect();
    let wild = parts.iter().position(|part| part.contains(['*', '?', '{']));
    let end = wild.unwrap_or(parts.len().saturating_sub(1));
    match parts.get(..end).unwrap_or_default().join("/") {
        folder if folder.is_empty() => ".".to_owned(),
        folder => folder,
    }
}

/// The verdict files.
fn files(project: &Project) -> (Vec<Decision>, Vec<Diagnostic>) {
    let site = &project.config.site;
    let exclude: Vec<PathBuf> = std::iter::once(project.output()).chain(project.exclude.iter().cloned()).collect();
    let limits = Limits { file_bytes: SIZE, document_bytes: SIZE, ..Limits::default() };
    let mut problems = Vec::new();
    let mut found: BTreeMap<String, Result<Decision, Box<Diagnostic>>> = BTreeMap::new();
    let mut left = 0;
    for folder in folders(project) {
        let patterns: Vec<&Pattern> = site.verdicts.iter().filter(|p| literal(p.as_str()) == folder).collect();
        let root = project.folder.join(&folder);
        let source = match root.is_dir().then(|| Source::discover(&root, &folder, &exclude, limits)) {
            Some(Ok(source)) => source,
            Some(Err(problem)) => {
                problems.push(problem.severity(Severity::Warning));
                continue;
            }
            None => {
                problems.extend(site.verdicts_named.then(|| unmatched(&patterns)));
                continue;
            }
        };
        problems.extend(source.problems.iter().cloned().map(|p| p.severity(Severity::Warning)));
        let wanted = |path: &str| patterns.iter().any(|p| p.matches(path));
        let entries: Vec<_> = source.files("").iter().filter(|e| wanted(&source.project_path(&e.path))).collect();
        if entries.is_empty() && site.verdicts_named {
            problems.push(unmatched(&patterns));
        }
        let skip = entries.len().saturating_sub(MOST);
        left += skip;
        let read: Vec<(String, Result<Decision, Box<Diagnostic>>)> = entries
            .par_iter()
            .skip(skip)
            .map(|entry| {
                let path = source.project_path(&entry.path);
                let decision = source.read(entry).and_then(|data| Decision::parse(&data.bytes, &path));
                (path, decision)
            })
            .collect();
        found.extend(read);
    }
    if left > 0 {
        let message = format!("{} beyond the last {MOST} by name are not read", count(left, "verdict file"));
        problems.push(
            Diagnostic::new(Code::VerdictFile, message)
                .help("name fewer with [site] verdicts, or move old ones away; the ledger tells of them all"),
        );
    }
    let mut decisions = Vec::new();
    for decision in found.into_values() {
        match decision {
            Ok(decision) => decisions.push(decision),
            Err(problem) => problems.push(problem.severity(Severity::Warning)),
        }
    }
    (decisions, problems)
}

/// A place that was named and holds nothing.
fn unmatched(patterns: &[&Pattern]) -> Diagnostic {
    let named: Vec<String> = patterns.iter().map(|p| format!("'{}'", visible(p.as_str(), 120))).collect();
    Diagnostic::new(Code::VerdictFile, format!("no verdict file matches {}", named.join(", ")))
        .help("correct [site] verdicts, or write one with `presscheck gate … --out json=FILE`")
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn patterns_begin_with_folders() {
        for (pattern, folder) in [
            ("verdicts/**/*.json", "verdicts"),
            ("a/b/c.json", "a/b"),
            ("*.json", "."),
            ("**/x.json", "."),
            ("a/b{c,d}/*.json", "a"),
            ("v.json", "."),
        ] {
            assert_eq!(literal(pattern), folder, "{pattern}");
        }
    }
}
