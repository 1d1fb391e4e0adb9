//! What fresh rules say.
//!
//! In: times. Out: findings with both of them.

use super::super::{Cause, Finding};
use super::Stamp;
use super::cfg::{Age, Dated};
use crate::model::Instant;

pub(super) fn no_time(what: Dated, why: &str) -> Finding {
    Finding::new(what.as_str(), "no-time", format!("it is not known how old the {} is: {why}", what.as_str())).invalid()
}

pub(super) fn no_drift() -> Finding {
    Finding::new("drift", "missing", "the version has no drift report").cause(Cause::Missing)
}

pub(super) fn no_model_time() -> Finding {
    let message = "it is not known when the model was made: no artifact of kind \"model\" says 'created', and no run \
                   that it was trained by was read";
    Finding::new("", "no-model-time", message).invalid()
}

pub(super) fn future(what: Dated, stamp: &Stamp, now: Instant) -> Finding {
    let message = format!("the {} is of {}, which is after {}: a clock is wrong", what.as_str(), stamp.at, now);
    Finding::new(what.as_str(), "future", message).invalid().source(stamp.source.clone())
}

pub(super) fn aged(what: Dated, stamp: &Stamp, age: &Age, now: Instant, holds: bool) -> Finding {
    let relation = if holds { "not older" } else { "older" };
    let message = format!("the {} is of {}, {relation} than {} at {}", what.as_str(), stamp.at, age.text, now.minute());
    Finding::new(what.as_str(), "stale", message).holds(holds).source(stamp.source.clone())
}

/// The target of the second demand.
pub(super) fn newer(what: Dated) -> String {
    format!("{} after model", what.as_str())
}

pub(super) fn newer_than(what: Dated, stamp: &Stamp, model: &Stamp, holds: bool) -> Finding {
    let relation = if holds { "after" } else { "not after" };
    let message = format!("the {} is of {}, {relation} the model, which is of {}", what.as_str(), stamp.at, model.at);
    Finding::new(newer(what), "older-than-model", message).holds(holds).source(stamp.source.clone())
}
