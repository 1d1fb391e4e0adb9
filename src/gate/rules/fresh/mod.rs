//! The fresh rule: evidence must not be old, nor older than the model it speaks of.
//!
//! In: a [`FreshRule`], the subject and the time of judging. Out: one finding per kind of evidence and demand.
//! Evidence without a time, or with one that has not come yet, is no evidence of freshness.

pub(crate) mod cfg;
mod diags;

use cfg::{Age, Dated, FreshRule};

use super::{Finding, Subject};
use crate::model::{Instant, Run};

/// Clocks of different machines may differ by so much, in seconds.
const SKEW: i64 = 300;

/// When something was made, and where that was read.
struct Stamp {
    at: Instant,
    source: String,
}

/// Judges a fresh rule.
pub(in crate::gate) fn judge(rule: &FreshRule, subject: &Subject<'_>, now: Instant) -> Vec<Finding> {
    let mut out = Vec::new();
    for what in &rule.of {
        match stamp(*what, subject) {
            Err(finding) => out.push(*finding),
            Ok(stamp) if stamp.at.seconds() > now.seconds() + SKEW => out.push(diags::future(*what, &stamp, now)),
            Ok(stamp) => {
                if let Some(age) = &rule.max_age {
                    out.push(judge_age(*what, &stamp, age, now));
                }
                if rule.newer_than_model {
                    out.push(match model_stamp(subject) {
                        Err(finding) => Finding { target: diags::newer(*what), ..*finding },
                        Ok(model) => diags::newer_than(*what, &stamp, &model, stamp.at > model.at),
                    });
                }
            }
        }
    }
    out
}

fn judge_age(what: Dated, stamp: &Stamp, age: &Age, now: Instant) -> Finding {
    let seconds = now.seconds().saturating_sub(stamp.at.seconds());
    let holds = i64::try_from(age.length.as_secs()).is_ok_and(|most| seconds <= most);
    diags::aged(what, stamp, age, now, holds)
}

fn stamp(what: Dated, subject: &Subject<'_>) -> Result<Stamp, Box<Finding>> {
    match what {
        Dated::Evaluation => {
            let run = subject.run;
            run.ended_at
                .or(run.started_at)
                .map(|at| Stamp { at, source: run.origin.to_string() })
                .ok_or_else(|| Box::new(diags::no_time(what, "the run says neither when it ended nor when it began")))
        }
        Dated::Drift => {
            let mut reports = subject.registry.drift_of(subject.version).peekable();
            if reports.peek().is_none() {
                return Err(Box::new(diags::no_drift()));
            }
            let all: Option<Vec<Stamp>> =
                reports.map(|r| r.window.end.map(|at| Stamp { at, source: r.source.to_string() })).collect();
            // One without a time may be the one that is old.
            all.and_then(|all| all.into_iter().max_by_key(|s| s.at))
                .ok_or_else(|| Box::new(diags::no_time(what, "a drift report does not say when its window ends")))
        }
    }
}

/// When the model was made: the newest of its files that says so, or the end of the run that trained it.
fn model_stamp(subject: &Subject<'_>) -> Result<Stamp, Box<Finding>> {
    let run = subject.run;
    let is_model = |kind: Option<&str>| kind.is_some_and(|k| k.eq_ignore_ascii_case("model"));
    let made = run.artifacts.iter().filter(|a| is_model(a.kind.as_deref())).filter_map(|a| {
        a.created
            .map(|at| Stamp { at, source: format!("{}: artifact {}", run.origin, crate::diag::visible(&a.path, 120)) })
    });
    let trained = |id: &String| {
        let index = subject.registry.run_index(id)?;
        let parent: &Run = subject.registry.runs.get(index)?;
        parent.ended_at.or(parent.started_at).map(|at| Stamp { at, source: parent.origin.to_string() })
    };
    made.max_by_key(|s| s.at)
        .or_else(|| run.parent.as_ref().and_then(trained))
        .or_else(|| run.lineage.parent.as_ref().and_then(trained))
        .ok_or_else(|| Box::new(diags::no_model_time()))
}
