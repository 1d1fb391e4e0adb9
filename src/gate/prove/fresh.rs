//! Changes to times.
//!
//! In: a fresh rule. Out: changes: time passes, times are gone, lie ahead, or before the model. Nothing is judged here.

use super::case::{Case, Mutation};
use crate::gate::policy::{Dated, FreshRule};
use crate::model::{Instant, Run};

const DAY: i64 = 86_400;
const CENTURY: i64 = 36_525 * DAY;

fn later(at: Instant, seconds: i64) -> Option<Instant> {
    Instant::from_seconds(at.seconds().saturating_add(seconds))
}

/// Sets when the evidence of a kind was made.
fn date(what: Dated, case: &mut Case<'_>, at: Option<Instant>) {
    match what {
        Dated::Evaluation => case.change_own(|run| (run.started_at, run.ended_at) = (at, at)),
        Dated::Drift => case.change_drift(|d| d.window.end = at),
    }
}

/// Says that the model was made at a moment; nothing forgets it.
fn model_made(run: &mut Run, at: Option<Instant>) {
    for artifact in &mut run.artifacts {
        if artifact.kind.as_deref().is_some_and(|k| k.eq_ignore_ascii_case("model")) {
            artifact.created = at;
        }
    }
    if at.is_none() {
        run.parent = None;
        run.lineage.parent = None;
    }
}

pub(super) fn mutations(rule: &FreshRule) -> Vec<Mutation> {
    let mut out = Vec::new();
    if rule.max_age.is_some() {
        out.push(Mutation::worse("a hundred years pass", |case| {
            case.at = later(case.at, CENTURY).unwrap_or(case.at);
        }));
    }
    for what in rule.of.iter().copied() {
        let name = what.as_str();
        let gone = Mutation::new("missing", format!("{name} does not say when"), move |case| date(what, case, None));
        out.push(gone.help("leave out on_missing"));
        let ahead = Mutation::new("stale", format!("{name} is of tomorrow"), move |case| {
            let at = later(case.at, DAY);
            date(what, case, at);
        });
        out.push(ahead.help("leave out on_invalid"));
        if rule.newer_than_model {
            out.push(Mutation::worse(format!("{name} is older than the model"), move |case| {
                let at = case.at;
                date(what, case, later(at, -DAY));
                case.change_own(|run| {
                    if run.artifacts.iter().any(|a| a.created.is_some()) {
                        model_made(run, Some(at));
                    }
                });
                case.change_parents(|run| (run.started_at, run.ended_at) = (Some(at), Some(at)));
            }));
        }
    }
    if rule.newer_than_model {
        let gone = Mutation::new("missing", "nobody says when the model was made", |case| {
            case.change_own(|run| model_made(run, None));
        });
        out.push(gone.help("leave out on_missing"));
    }
    out
}
