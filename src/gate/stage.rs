//! The way to a stage: what must have passed before, and how long ago.
//!
//! In: a stage of the policy, the ledger, the version's model files and the time. Out: findings of the gate's
//! own; none for a stage that may be entered directly. Time that is still to pass is no failure: it is waited for.

use super::inputs::Inputs;
use super::policy::Stage;
use super::rules::Finding;
use super::verdict::Status;
use crate::diag::visible;
use crate::digest::Sha256;

/// The reason of a finding that only time can settle.
pub(super) const SOAK: &str = "soak";

/// Judges the way to a stage.
pub(super) fn judge(stage: &Stage, inputs: &Inputs<'_>, model: &str, artifact: Sha256) -> Vec<Finding> {
    stage.from.iter().map(|from| judge_from(stage, from, inputs, model, artifact)).collect()
}

fn judge_from(stage: &Stage, from: &str, inputs: &Inputs<'_>, model: &str, artifact: Sha256) -> Finding {
    let shown = visible(from, 80);
    let target = format!("from {from}");
    let Some(entry) = inputs.ledger.holds_since(model, from, artifact) else {
        let message = format!(
            "these model files have not passed stage '{shown}' by the ledger: run the gate for it with --record"
        );
        return Finding::new(target, "not-staged", message);
    };
    let Some(soak) = &stage.soak else {
        let message = format!("these model files passed stage '{shown}' at {}", entry.at.minute());
        return Finding::new(target, "not-staged", message).holds(true);
    };
    let waited = inputs.at.seconds().saturating_sub(entry.at.seconds());
    let holds = i64::try_from(soak.length.as_secs()).is_ok_and(|wanted| waited >= wanted);
    let relation = if holds { "at least" } else { "less than" };
    let message = format!("stage '{shown}' was passed at {}, {relation} {} ago", entry.at.minute(), soak.text);
    Finding::new(target, SOAK, message).status(Status::Inconclusive).holds(holds)
}
