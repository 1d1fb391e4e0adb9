//! What an approval is over, each as one digest. Equal content gives equal digests, wherever and whenever.
//!
//! In: a verdict, the version and the registry. Out: [`Digests`]. A list is digested as its lines, sorted, each with a
//! line break; an empty list has a digest too, so that content which arrives later is a change.
//!
//! | bind | digest over |
//! |---|---|
//! | `model` | the declared digests of the model's files, else the evidence: `subject.artifact` |
//! | `run` | every file of the version's evidence: `subject.digest` |
//! | `card` | `sha256  path` of each card file among the evidence |
//! | `policy` | what the policy says, layout and comments apart: `policy.digest` |
//! | `dataset` | the declared digests of the evaluation data: `subject.data` |
//! | `baseline` | `id version digest` of each baseline that a rule compares with |
//! | `rules` | what each rule says (below); always compared |
//!
//! `rules` is the part of the verdict that a reviewer relies on: of each record its id, kind, severity, target,
//! metric, dataset, status, reason and waiver. Values and sentences are left out: `run` and `baseline` stand for the
//! numbers, and a sentence may hold the age of a report, which changes by itself. The gate's own records about the
//! way to the stage, waivers and approvals are left out too: they change with time, or would be circular.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::digest::Sha256;
use crate::gate::policy::Bind;
use crate::gate::verdict::{RuleKind, Verdict};
use crate::model::{Registry, Version};

/// The name of what the rules say among what changed.
pub const RULES: &str = "rules";

/// What an approval given now would be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// By what it is.
    pub binds: BTreeMap<Bind, Sha256>,
    /// What the rules say.
    pub rules: Sha256,
}

impl Digests {
    /// Of a verdict on a version.
    pub fn of(verdict: &Verdict, version: &Version, registry: &Registry) -> Self {
        let binds = Bind::ALL.into_iter().map(|bind| {
            let digest = match bind {
                Bind::Model => verdict.subject.artifact,
                Bind::Run => verdict.subject.digest,
                Bind::Card => cards(version, registry),
                Bind::Policy => verdict.policy.digest,
                Bind::Dataset => lines(verdict.subject.data.iter().map(|digest| json!([digest]).to_string())),
                Bind::Baseline => lines(
                    verdict.baselines.iter().map(|b| json!([b.id, b.version, b.digest.map(|d| d.hex())]).to_string()),
                ),
            };
            (bind, digest)
        });
        Self { binds: binds.collect(), rules: rules(verdict) }
    }

    /// What is not as a statement says, of what an approval binds. What the statement does not say is not the same.
    pub(super) fn changed(&self, binds: &[Bind], said: &BTreeMap<Bind, Sha256>, rules: Sha256) -> Vec<&'static str> {
        let mut out: Vec<&'static str> = binds
            .iter()
            .filter(|bind| said.get(bind).is_none_or(|digest| self.binds.get(bind) != Some(digest)))
            .map(|bind| bind.as_str())
            .collect();
        if rules != self.rules {
            out.push(RULES);
        }
        out
    }
}

fn cards(version: &Version, registry: &Registry) -> Sha256 {
    let known: BTreeSet<&str> =
        registry.cards.iter().map(|c| c.path.as_str()).chain(version.card.iter().map(|c| c.path.as_str())).collect();
    let files = registry.evidence_of(version).filter(|e| known.contains(e.path.as_str()));
    lines(files.map(|e| format!("{}  {}", e.sha256, e.path)))
}

fn rules(verdict: &Verdict) -> Sha256 {
    let said = verdict
        .rules
        .iter()
        .filter(|r| !matches!(r.check, RuleKind::Stage | RuleKind::Waiver | RuleKind::Approval))
        .map(|r| {
            let (check, severity, status) = (r.check.as_str(), r.severity.as_str(), r.status.as_str());
            json!([r.id, check, severity, r.target, r.metric, r.dataset, status, r.reason, r.waiver]).to_string()
        });
    lines(said)
}

fn lines(items: impl Iterator<Item = String>) -> Sha256 {
    let mut all: Vec<String> = items.map(|line| format!("{line}\n")).collect();
    all.sort();
    Sha256::of_parts(all.iter().map(String::as_bytes))
}
