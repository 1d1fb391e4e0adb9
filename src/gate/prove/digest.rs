//! Changes to digests.
//!
//! In: a digest rule and the evidence. Out: changes: digests that are gone, that are of other bytes, and files that
//! nobody hashed. Nothing is judged here.

use super::case::{Case, Mutation};
use crate::gate::policy::{DigestRule, Identified, Verify};
use crate::model::Artifact;

const FORGED: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

fn is_model(artifact: &Artifact) -> bool {
    artifact.kind.as_deref().is_some_and(|k| k.eq_ignore_ascii_case("model"))
}

pub(super) fn mutations(rule: &DigestRule, case: &Case<'_>) -> Vec<Mutation> {
    let mut out = Vec::new();
    let recompute = rule.verify == Verify::Recompute;
    for what in &rule.of {
        match what {
            Identified::Model => {
                out.push(Mutation::new("missing", "no file is the model", |case| {
                    case.change_own(|run| run.artifacts.retain(|a| !is_model(a)));
                }));
                for (forged, label) in [(None, "has no digest"), (Some(FORGED), "has a digest of other bytes")] {
                    if forged.is_none() || recompute {
                        let kind = if forged.is_some() { "forged" } else { "missing" };
                        out.push(Mutation::new(kind, format!("the model {label}"), move |case| {
                            case.change_own(|run| {
                                let models = run.artifacts.iter_mut().filter(|a| is_model(a));
                                models.for_each(|a| a.sha256 = forged.map(str::to_owned));
                            });
                        }));
                    }
                }
            }
            Identified::Dataset => {
                out.push(Mutation::new("missing", "no evaluation data is named", |case| {
                    case.change_own(|run| run.datasets.clear());
                }));
                for (forged, label) in [(None, "has no digest"), (Some(FORGED), "has a digest of other bytes")] {
                    if forged.is_none() || recompute {
                        let kind = if forged.is_some() { "forged" } else { "missing" };
                        out.push(Mutation::new(kind, format!("the evaluation data {label}"), move |case| {
                            case.change_own(|run| {
                                run.datasets.iter_mut().for_each(|d| d.digest = forged.map(str::to_owned));
                            });
                        }));
                    }
                }
            }
            Identified::Card => {
                out.push(Mutation::new("missing", "the card is gone", |case| case.version.card = None));
                if let Some(path) = case.version.card.as_ref().map(|c| c.path.clone()) {
                    out.push(Mutation::new("forged", "the card is no file that was read", move |case| {
                        let kept = case.version.card.clone();
                        case.delete(&std::collections::BTreeSet::from([path.clone()]));
                        case.version.card = kept;
                    }));
                }
            }
        }
    }
    if recompute && rule.of.iter().any(|w| *w != Identified::Card) {
        out.push(Mutation::new("missing", "no file was hashed", |case| {
            let files = case.files().map(|e| e.path.clone()).collect();
            let kept = case.version.card.clone();
            case.delete(&files);
            case.version.card = kept;
        }));
    }
    out
}
