//! The files that W&B writes beside a log: `config.yaml`, `wandb-summary.json`,
//! `wandb-metadata.json`, `requirements.txt`, media and what the user saved.
//!
//! In: the files of a run's folder. Out: artifacts by name and size, facts for the raw view, and, when
//! the log says nothing of the run, its summary and configuration.

use super::run::Facts;
use super::value::Tree;
use crate::diag::Diagnostic;
use crate::import::{Folder, json, yaml};
use crate::model::{Artifact, Datum};
use crate::source::Entry;

/// Lines of `requirements.txt` that are kept.
const MOST_LINES: usize = 2_000;

/// Reads what stands in `files/`; gives the artifacts and whether a file is W&B's own.
pub(super) fn read(folder: &Folder<'_>, below: &str, entry: &Entry, facts: &mut Facts) -> Option<Artifact> {
    match below {
        "wandb-summary.json" => {
            if let Some(value) = document(folder, entry, facts).filter(|_| !facts.has_summary) {
                let entries = value.entries().map(<[_]>::to_vec).unwrap_or_default();
                facts.summary = entries.into_iter().collect::<Tree>();
                facts.has_summary = facts.summary.entries().next().is_some();
            }
            None
        }
        "wandb-metadata.json" => {
            if let Some(value) = document(folder, entry, facts) {
                facts.extra.push(("metadata".to_owned(), value));
            }
            None
        }
        "config.yaml" => {
            if let Some(value) = text(folder, entry, facts) {
                match yaml::parse(&value) {
                    Ok(value) if facts.config.is_empty() => facts.config = config(&value),
                    Ok(_) => {}
                    Err(error) => facts.problems.push(error.diagnostic(&folder.entry_path(entry), 0)),
                }
            }
            None
        }
        "requirements.txt" => {
            if let Some(value) = text(folder, entry, facts) {
                let lines = value.lines().map(str::trim).filter(|l| !l.is_empty()).take(MOST_LINES);
                let lines = lines.map(Datum::from).collect();
                facts.extra.push(("requirements".to_owned(), Datum::List(lines)));
            }
            None
        }
        _ => {
            let kind = match below.split('/').collect::<Vec<_>>().as_slice() {
                ["media", kind, ..] => Some((*kind).to_owned()),
                ["output.log"] => Some("log".to_owned()),
                ["code", ..] | ["diff.patch"] => Some("code".to_owned()),
                _ => None,
            };
            Some(Artifact { path: below.to_owned(), bytes: Some(entry.size()), kind, ..Artifact::default() })
        }
    }
}

fn document(folder: &Folder<'_>, entry: &Entry, facts: &mut Facts) -> Option<Datum> {
    let parsed = folder.read(entry).and_then(|data| Ok((json::parse(&data)?, data)));
    match parsed {
        Ok((document, data)) => {
            facts.problems.extend(document.duplicate_problems(&data.path));
            Some(document.value)
        }
        Err(problem) => {
            facts.problems.push(*problem);
            None
        }
    }
}

fn text(folder: &Folder<'_>, entry: &Entry, facts: &mut Facts) -> Option<String> {
    match folder.read(entry) {
        Ok(data) => match data.text() {
            Some(text) => Some(text.to_owned()),
            None => {
                facts.problems.push(
                    Diagnostic::new(crate::diag::Code::TextEncoding, "the file is not UTF-8")
                        .at(data.path.clone())
                        .help("write it as UTF-8"),
                );
                None
            }
        },
        Err(problem) => {
            facts.problems.push(*problem);
            None
        }
    }
}

/// `config.yaml`: each value stands in a map beside its description.
fn config(value: &Datum) -> Tree {
    let entries = value.entries().unwrap_or_default().iter().filter(|(key, _)| key != "wandb_version");
    entries.map(|(key, value)| (key.clone(), value.get("value").unwrap_or(value).clone())).collect()
}
