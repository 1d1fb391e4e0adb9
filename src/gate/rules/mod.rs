//! The rule kinds, one folder each: the check, `cfg` (its part of the policy), `diags` (its words).
//!
//! In: a validated rule and the subject. Out: findings, one per thing that the rule speaks of (the
//! whole, a slice, a report, a section). A check never decides what an outcome means for the
//! verdict: severities, `on_…` treatments and stages are applied in `evaluate`.

pub(in crate::gate) mod card;
pub(in crate::gate) mod digest;
pub(in crate::gate) mod drift;
pub(in crate::gate) mod fresh;
pub(in crate::gate) mod gap;
pub(in crate::gate) mod metric;
pub(in crate::gate) mod ratchet;
pub(in crate::gate) mod tests;

use std::collections::BTreeMap;

use super::baseline::Resolution;
use super::stats;
use super::verdict::{BaselineValue, FamilyRecord, IntervalRecord, Status};
use crate::model::{Measured, Registry, Run, Version};

/// What is judged.
pub(super) struct Subject<'a> {
    pub(super) registry: &'a Registry,
    pub(super) version: &'a Version,
    pub(super) run: &'a Run,
    /// The baselines that the applicable rules name.
    pub(super) baselines: BTreeMap<&'a str, Resolution<'a>>,
    /// What the runs of both sides measured, by the baseline's id ([`OURS`] for this version): the run itself, then
    /// the runs that repeat it, in the order of their start.
    pub(super) measured: BTreeMap<&'a str, Vec<metric::values::Index<'a>>>,
}

/// The key of this version among what was measured; no baseline has an empty id.
pub(super) const OURS: &str = "";

impl<'a> Subject<'a> {
    /// What this version's run measured, then the runs that repeat it.
    pub(super) fn ours(&self) -> &[metric::values::Index<'a>] {
        self.theirs(OURS)
    }

    /// What a baseline's run measured, then the runs that repeat it.
    pub(super) fn theirs(&self, baseline: &str) -> &[metric::values::Index<'a>] {
        self.measured.get(baseline).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Which `on_…` key may change what becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// None: the finding stands as it is.
    Judged,
    Missing,
    Invalid,
    NoBaseline,
    Empty,
    SmallN,
    /// Evidence that shows neither the one nor the other.
    Inconclusive,
    /// The rule's own `vanished`.
    Vanished,
    /// A first version without a baseline.
    Bootstrap,
}

/// Harm that may have been found: decided once the p-values of its family are corrected for their number.
#[derive(Clone, Debug)]
pub(super) struct Detection {
    /// The p-value of "worse than the limit", of this record alone.
    pub(super) p: f64,
    /// The interval, with its level.
    pub(super) interval: stats::Interval,
    /// The smallest harm that the data must have been able to show.
    pub(super) mde: f64,
    /// How many units the evidence rests on.
    pub(super) n: Option<u64>,
    /// The unit of the metric.
    pub(super) unit: Option<String>,
    /// Why another demand of the same rule could not be judged: then harm may be shown, its absence not.
    pub(super) lacking: Option<String>,
}

/// What a rule says about one thing.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) target: String,
    pub(super) status: Status,
    pub(super) cause: Cause,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) metric: Option<String>,
    pub(super) dataset: Option<String>,
    pub(super) value: Option<Measured>,
    pub(super) op: Option<String>,
    pub(super) bound: Option<Measured>,
    pub(super) margin: Option<Measured>,
    pub(super) n: Option<u64>,
    pub(super) interval: Option<IntervalRecord>,
    /// What a family of comparisons still has to decide.
    pub(super) detection: Option<Detection>,
    /// What the family decided.
    pub(super) family: Option<FamilyRecord>,
    pub(super) baseline: Option<BaselineValue>,
    pub(super) source: Option<String>,
}

impl Finding {
    /// A finding that fails until somebody says otherwise.
    pub(super) fn new(target: impl Into<String>, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            status: Status::Fail,
            cause: Cause::Judged,
            reason,
            message: message.into(),
            metric: None,
            dataset: None,
            value: None,
            op: None,
            bound: None,
            margin: None,
            n: None,
            interval: None,
            detection: None,
            family: None,
            baseline: None,
            source: None,
        }
    }

    pub(super) fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    pub(super) fn cause(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// A value that cannot be judged.
    pub(super) fn invalid(self) -> Self {
        self.status(Status::Invalid).cause(Cause::Invalid)
    }

    /// An outcome by its truth; the only way to a pass.
    pub(super) fn holds(mut self, holds: bool) -> Self {
        if holds {
            self.status = Status::Pass;
            self.reason = "holds";
        }
        self
    }

    pub(super) fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// A path of the evidence relative to the run's folder; as it is when it lies elsewhere.
pub(super) fn below<'p>(run: &Run, path: &'p str) -> &'p str {
    run.relative(path).unwrap_or(path)
}

/// "a, b, c and 4 more".
pub(super) fn list(items: &[String], shown: usize) -> String {
    let head = items.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(shown) {
        0 => head,
        more => format!("{head} and {more} more"),
    }
}
