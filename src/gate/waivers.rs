//! Waivers at work: which of them hold now, which records they cover, and what is to be said about the rest.
//!
//! In: the policy's waivers, the records of a verdict and the time. Out: records turned into `waived`, one entry
//! per waiver, and records of the gate's own about waivers that cover nothing or are too many. A waiver covers a
//! bad number, never evidence that is not there or cannot be judged.

use std::collections::BTreeMap;

use super::policy::{Policy, Stage, Waiver};
use super::rules::Finding;
use super::verdict::{RuleRecord, Status, WaiverRecord, WaiverState};
use crate::diag::{count, visible};
use crate::digest::Sha256;
use crate::model::Instant;

const DAY: i64 = 86_400;

/// Reasons of records that rest on evidence which is there and was judged.
const JUDGED: &[&str] = &[
    "below-bound",
    "above-bound",
    "not-equal",
    "deviation",
    "regression",
    "no-improvement",
    "suspicious-improvement",
    "not-shown",
    "shown-inferior",
    "too-little-power",
    "gap",
    "ratio",
    "below-level",
    "small-n",
    "stale",
    "older-than-model",
    "feature-drift",
    "drifted-share",
    "critical-drift",
    "tests-failed",
    "too-short",
    "placeholder",
    "other-number",
];

/// What the waivers of a policy are applied to.
pub(super) struct Applied<'a> {
    pub(super) policy: &'a Policy,
    pub(super) stage: &'a Stage,
    pub(super) model: &'a str,
    pub(super) subject: Sha256,
    pub(super) at: Instant,
}

/// What the waivers did.
pub(super) struct Outcome {
    pub(super) waivers: Vec<WaiverRecord>,
    /// Records of the gate's own: those that block and those that warn.
    pub(super) findings: Vec<Finding>,
}

/// Whether more waivers hold at a moment than the policy allows; how many.
pub(super) fn too_many_active(policy: &Policy, at: Instant) -> Option<(usize, u64)> {
    let most = policy.waiver_limits.max_active?;
    let active = policy.waivers.iter().filter(|w| w.created <= at && at < w.ends).count();
    (!u64::try_from(active).is_ok_and(|n| n <= most)).then_some((active, most))
}

impl Applied<'_> {
    /// Applies the waivers to the records, in the order of their ids.
    pub(super) fn apply(&self, records: &mut [RuleRecord]) -> Outcome {
        let mut used: BTreeMap<&str, usize> = BTreeMap::new();
        let mut covered_twice: BTreeMap<&str, String> = BTreeMap::new();
        for record in records.iter_mut() {
            if !matches!(record.status, Status::Fail | Status::Inconclusive) {
                continue;
            }
            let fitting: Vec<&Waiver> =
                self.policy.waivers.iter().filter(|w| self.state(w).is_none() && covers(w, record)).collect();
            let Some((first, others)) = fitting.split_first() else { continue };
            record.status = Status::Waived;
            record.waiver = Some(first.id.clone());
            record.message.push_str(&format!(
                " [waived by {} until {}: {}]",
                visible(&first.id, 80),
                visible(&first.expires, 20),
                visible(&first.reason, 200)
            ));
            *used.entry(&first.id).or_default() += 1;
            for other in others {
                covered_twice.entry(&other.id).or_insert_with(|| first.id.clone());
            }
        }
        let mut findings = Vec::new();
        let mut waivers = Vec::new();
        for waiver in &self.policy.waivers {
            let covers = used.get(waiver.id.as_str()).copied().unwrap_or_default();
            let redundant = covered_twice.get(waiver.id.as_str()).filter(|_| covers == 0);
            let state = self.state(waiver).unwrap_or(match (covers, redundant) {
                (0, Some(_)) => WaiverState::Redundant,
                (0, None) => WaiverState::Unused,
                _ => WaiverState::Used,
            });
            findings.extend(self.remark(waiver, state, redundant.map(String::as_str)));
            waivers.push(WaiverRecord {
                id: waiver.id.clone(),
                rule: waiver.rule.clone(),
                state,
                used: covers,
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                ticket: waiver.ticket.clone(),
                created: waiver.created.date(),
                expires: waiver.expires.clone(),
                days_left: (waiver.ends.seconds() - self.at.seconds()).div_euclid(DAY),
                floor: waiver.floor.and_then(crate::model::Finite::new),
                span: waiver.span.clone(),
            });
        }
        let in_use = waivers.iter().filter(|w| w.used > 0).count();
        if let Some(most) = self.stage.max_waivers
            && !u64::try_from(in_use).is_ok_and(|n| n <= most)
        {
            let stage = visible(&self.stage.name, 80);
            let message = format!("the verdict rests on {}, stage '{stage}' allows {most}", count(in_use, "waiver"));
            findings.push(Finding::new("", "too-many-waivers", message));
        }
        Outcome { waivers, findings }
    }

    /// Why a waiver does not hold here and now.
    fn state(&self, waiver: &Waiver) -> Option<WaiverState> {
        let for_model = waiver.models.is_empty() || waiver.models.iter().any(|p| p.matches(self.model));
        let for_stage = waiver.stages.is_empty() || waiver.stages.contains(&self.stage.name);
        let for_subject = waiver.subject.as_ref().is_none_or(|digits| self.subject.hex().starts_with(digits.as_str()));
        if !(for_model && for_stage && for_subject) {
            return Some(WaiverState::Elsewhere);
        }
        if self.at < waiver.created {
            return Some(WaiverState::NotYet);
        }
        (self.at >= waiver.ends).then_some(WaiverState::Expired)
    }

    /// What people should hear about a waiver.
    fn remark(&self, waiver: &Waiver, state: WaiverState, by: Option<&str>) -> Option<Finding> {
        let id = visible(&waiver.id, 80);
        let of = visible(&waiver.rule, 80);
        let warn = |reason: &'static str, message: String| {
            Some(Finding::new(waiver.id.clone(), reason, message).status(Status::Warn))
        };
        match state {
            WaiverState::Elsewhere => None,
            WaiverState::Expired => warn(
                "expired-waiver",
                format!("waiver {id} of rule '{of}' ended on {}: renew or remove it", visible(&waiver.expires, 20)),
            ),
            WaiverState::NotYet => {
                let first = waiver.created.date();
                warn("early-waiver", format!("waiver {id} of rule '{of}' does not hold before {first}"))
            }
            WaiverState::Unused => {
                warn("unused-waiver", format!("waiver {id} covers nothing: rule '{of}' has no record that needs it"))
            }
            WaiverState::Redundant => warn(
                "redundant-waiver",
                format!("waiver {id} covers nothing that {} does not cover", visible(by.unwrap_or_default(), 80)),
            ),
            WaiverState::Used => {
                let soon = self.policy.waiver_limits.warn_before.as_ref()?;
                let left = waiver.ends.seconds().saturating_sub(self.at.seconds());
                let near = i64::try_from(soon.length.as_secs()).is_ok_and(|before| left <= before);
                let last = visible(&waiver.expires, 20);
                near.then(|| warn("ending-waiver", format!("waiver {id} of rule '{of}' ends on {last}"))).flatten()
            }
        }
    }
}

/// Whether a waiver covers a record.
fn covers(waiver: &Waiver, record: &RuleRecord) -> bool {
    waiver.rule == record.id
        && JUDGED.contains(&record.reason.as_str())
        && waiver.matching.fits(&record.target)
        && waiver.floor.is_none_or(|floor| above(floor, record))
}

/// Whether a value is not beyond the floor of a waiver: the bound that holds even so.
fn above(floor: f64, record: &RuleRecord) -> bool {
    let Some(value) = record.value.and_then(|v| v.finite()).map(crate::model::Finite::get) else { return false };
    match record.op.as_deref() {
        Some(">=" | ">") => value >= floor,
        Some("<=" | "<") => value <= floor,
        // Without a direction nobody can say which side of the floor is the worse one.
        _ => false,
    }
}
