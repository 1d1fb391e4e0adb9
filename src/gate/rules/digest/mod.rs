//! The digest rule: model, data and card are identified by their content.
//!
//! In: a [`DigestRule`], the subject and the ledger. Out: one finding per file, dataset and card. A digest
//! that nobody declared identifies nothing; one that was declared for other bytes is a forgery or a mistake.

pub(crate) mod cfg;
mod diags;

use cfg::{DigestRule, Identified, Verify};

use super::{Finding, Subject};
use crate::gate::ledger::Ledger;
use crate::model::{Artifact, Dataset, Evidence, Run};

/// Judges a digest rule.
pub(in crate::gate) fn judge(rule: &DigestRule, subject: &Subject<'_>, ledger: &Ledger) -> Vec<Finding> {
    let mut out = Vec::new();
    for what in &rule.of {
        match what {
            Identified::Model => judge_model(rule, subject, &mut out),
            Identified::Dataset => judge_data(rule, subject, ledger, &mut out),
            Identified::Card => out.push(judge_card(subject)),
        }
    }
    out
}

/// The files that are the model.
pub(in crate::gate) fn model_files(run: &Run) -> impl Iterator<Item = &Artifact> {
    run.artifacts.iter().filter(|a| a.kind.as_deref().is_some_and(|k| k.eq_ignore_ascii_case("model")))
}

fn judge_model(rule: &DigestRule, subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let before = out.len();
    for artifact in model_files(subject.run) {
        let Some(declared) = artifact.sha256.as_deref().filter(|d| !d.trim().is_empty()) else {
            out.push(diags::undeclared("model", &artifact.path));
            continue;
        };
        out.push(match rule.verify {
            Verify::Declared => diags::declared("model", &artifact.path, declared),
            Verify::Recompute => diags::recomputed("model", &artifact.path, declared, of_file(subject, &artifact.path)),
        });
    }
    if out.len() == before {
        out.push(diags::no_model());
    }
}

fn judge_data(rule: &DigestRule, subject: &Subject<'_>, ledger: &Ledger, out: &mut Vec<Finding>) {
    let data: Vec<&Dataset> = subject.run.evaluation_data(None);
    if data.is_empty() {
        out.push(diags::no_data());
    }
    for dataset in data {
        let Some(declared) = dataset.digest.as_deref().filter(|d| !d.trim().is_empty()) else {
            out.push(diags::undeclared("dataset", &dataset.name));
            continue;
        };
        out.push(match rule.verify {
            Verify::Declared => diags::declared("dataset", &dataset.name, declared),
            Verify::Recompute => {
                let file = dataset.uri.as_deref().unwrap_or(&dataset.name);
                diags::recomputed("dataset", &dataset.name, declared, of_file(subject, file))
            }
        });
        if let Some(most) = rule.max_dataset_uses {
            let uses = ledger.uses(declared) + 1;
            if u64::try_from(uses).is_ok_and(|u| u > most) {
                out.push(diags::worn_out(&dataset.name, uses, most));
            }
        }
    }
}

fn judge_card(subject: &Subject<'_>) -> Finding {
    let Some(card) = &subject.version.card else { return diags::no_card() };
    match subject.registry.evidence_of(subject.version).find(|e| e.path == card.path) {
        Some(evidence) => diags::card(&card.path, evidence),
        None => diags::card_not_evidence(&card.path),
    }
}

/// The file of a run, as it was read.
fn of_file<'a>(subject: &Subject<'a>, path: &str) -> Option<&'a Evidence> {
    let run = subject.run;
    subject.registry.evidence_of(subject.version).find(|e| run.relative(&e.path) == Some(path))
}
