//! Problems: what could not be read or looks wrong, by severity and file, and what nobody understood.

use serde::Serialize;

use crate::diag::{Diagnostic, Severity, count, visible};
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Page};

#[derive(Debug, Serialize)]
struct Item {
    code: &'static str,
    place: String,
    message: String,
    help: String,
}

#[derive(Debug, Serialize)]
struct FileGroup {
    file: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Level {
    heading: String,
    id: &'static str,
    badge: Badge,
    about: &'static str,
    files: Vec<FileGroup>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    levels: Vec<Level>,
    unrecognised: Vec<String>,
    unrecognised_left: usize,
}

/// Problems of a severity, and files, that are listed.
const ROWS: usize = 1_000;

pub(crate) fn context(facts: &Facts<'_>, path: &str) -> Context {
    let registry = facts.registry;
    let page =
        Page::new(facts, path, "problems", "Problems".to_owned(), "What could not be read or looks wrong.".to_owned());
    let levels = [
        (Severity::Error, "error", "errors", Badge::new("error", "⊘", "bad"), "Something could not be read, so it is not on these pages. The gate never passes a version on what it could not read."),
        (Severity::Warning, "warning", "warnings", Badge::new("warning", "▲", "warn"), "Something is probably not meant."),
        (Severity::Note, "note", "notes", Badge::new("note", "i", "note"), "Something worth knowing."),
    ]
    .into_iter()
    .filter_map(|(severity, name, id, badge, about)| {
        let list: Vec<&Diagnostic> = registry.problems.iter().filter(|p| p.severity == severity).collect();
        if list.is_empty() {
            return None;
        }
        let mut files: Vec<FileGroup> = Vec::new();
        for problem in list.iter().take(ROWS) {
            let file = problem.path.as_deref().map_or_else(|| "No file".to_owned(), |p| visible(p, 300));
            if files.last().is_none_or(|f| f.file != file) {
                files.push(FileGroup { file, items: Vec::new() });
            }
            let place = match (problem.line, problem.column, &problem.pointer) {
                (Some(line), Some(column), _) => format!("line {line}, column {column}"),
                (Some(line), None, _) => format!("line {line}"),
                (None, _, Some(pointer)) => visible(pointer, 200),
                _ => String::new(),
            };
            if let Some(group) = files.last_mut() {
                group.items.push(Item {
                    code: problem.code.as_str(),
                    place,
                    message: visible(&problem.message, 800),
                    help: problem.help.as_deref().map(|h| visible(h, 600)).unwrap_or_default(),
                });
            }
        }
        Some(Level { heading: count(list.len(), name), id, badge, about, files, left_out: list.len().saturating_sub(ROWS) })
    })
    .collect();
    Context {
        page,
        levels,
        unrecognised: registry.unrecognised.iter().take(ROWS).map(|p| visible(p, 300)).collect(),
        unrecognised_left: registry.unrecognised.len().saturating_sub(ROWS),
    }
}
