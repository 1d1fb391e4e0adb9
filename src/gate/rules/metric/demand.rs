//! Rules that want proof: what a rule demands, as limits that the evidence is held against.
//!
//! In: a rule with `evidence = "noninferior"` or `"not_inferior"`, the values and the evidence. Out: one finding:
//! shown, the opposite shown, or neither. For the detecting kind the finding carries its p-value: whether that is
//! harm is decided once all comparisons of its family are known.

use super::cfg::{Allowance, Bound, Relative};
use super::proof::{Mode, Proof};
use super::shown::{Made, OneSide, Refused, Shown};
use super::values::Value;
use super::{BaseValue, Sides, diags};
use crate::gate::rules::{Cause, Detection, Finding};
use crate::gate::stats::decide::{Better, Decision, Why, noninferior};
use crate::gate::stats::{Interval, Level};
use crate::gate::verdict::{IntervalRecord, Status};
use crate::model::{Direction, Finite, Measured, Slice};

/// One demand on the value, or on its difference to the baseline's.
struct Demand {
    limit: f64,
    higher: bool,
    /// Whether the limit itself is not enough.
    strict: bool,
    /// Whether it is about the difference.
    relative: bool,
    /// The limit in words: `min`, `allowed regression`.
    label: &'static str,
}

/// What a demand is held against, and what came of it.
pub(super) struct Held {
    pub(super) limit: f64,
    pub(super) higher: bool,
    pub(super) relative: bool,
    pub(super) label: &'static str,
    pub(super) interval: Interval,
    pub(super) notes: Vec<String>,
}

/// Judges a value by the rule's demands.
pub(super) fn judge(
    sides: &Sides<'_>,
    proof: &Proof,
    slice: &Slice,
    value: &Value<'_>,
    base: Option<&BaseValue<'_>>,
) -> Finding {
    let rule = sides.rule;
    let inconclusive = |reason: &'static str, message: String| {
        let mut finding = Finding::new("", reason, message).status(Status::Inconclusive).cause(Cause::Inconclusive);
        finding.baseline = base.map(|b| b.record.clone());
        finding
    };
    let demands = demands(sides, base);
    let (Ok(level), false) = (Level::one_sided(proof.confidence), demands.is_empty()) else {
        return inconclusive("no-evidence", diags::nothing_to_show(rule, slice));
    };
    let made = Made { rule, proof, records: sides.records, slice, key: sides.key };
    let ours = OneSide { value, run: sides.subject.run };
    let mut worst: Option<Finding> = None;
    // The least certain interval, and a demand without evidence: what all demands together could have shown.
    let (mut widest, mut lacking): (Option<(Interval, Option<u64>)>, Option<String>) = (None, None);
    for demand in &demands {
        let found = match (demand.relative, base) {
            (true, Some(base)) => made.of_difference(ours, OneSide { value: &base.value, run: base.run }),
            _ => made.of_value(ours),
        };
        let finding = match found {
            Err(Refused::Ways(why)) => inconclusive("no-evidence", diags::no_evidence(rule, slice, proof, &why)),
            Err(Refused::Contradiction(why)) => {
                return Finding {
                    baseline: base.map(|b| b.record.clone()),
                    ..Finding::new("", "records-differ", diags::records_differ(rule, slice, &why)).invalid()
                };
            }
            Ok(shown) => match shown.interval(level) {
                Err(why) => inconclusive("no-evidence", diags::no_evidence(rule, slice, proof, &[why.to_string()])),
                Ok(interval) => hold(sides, proof, slice, value, demand, demands.len(), &shown, interval),
            },
        };
        let finding = Finding { baseline: base.map(|b| b.record.clone()), ..finding };
        match &finding.detection {
            Some(d) if widest.is_none_or(|(known, _)| d.interval.stderr() > known.stderr()) => {
                widest = Some((d.interval, d.n));
            }
            None if finding.status == Status::Inconclusive => lacking = Some(finding.message.clone()),
            _ => {}
        }
        worst = Some(match worst {
            Some(known) if badness(&known) >= badness(&finding) => known,
            _ => finding,
        });
    }
    let mut worst = worst.unwrap_or_else(|| inconclusive("no-evidence", diags::nothing_to_show(rule, slice)));
    if let Some(detection) = &mut worst.detection {
        detection.lacking = lacking;
        if let Some((interval, n)) = widest {
            (detection.interval, detection.n) = (interval, n);
        }
    }
    worst
}

/// The finding that is shown: what failed first, then what is open, then the smallest p-value.
fn badness(finding: &Finding) -> (u8, i64) {
    let rank = match finding.status {
        Status::Fail | Status::Invalid => 2,
        Status::Inconclusive => 1,
        _ => 0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "only their order counts")]
    let p = finding.detection.as_ref().map_or(0, |d| ((1.0 - d.p) * 1e15) as i64);
    (rank, p)
}

#[expect(clippy::too_many_arguments, reason = "all of them are one comparison")]
fn hold(
    sides: &Sides<'_>,
    proof: &Proof,
    slice: &Slice,
    value: &Value<'_>,
    demand: &Demand,
    demands: usize,
    shown: &Shown,
    interval: Interval,
) -> Finding {
    let rule = sides.rule;
    let held = Held {
        limit: demand.limit,
        higher: demand.higher,
        relative: demand.relative,
        label: demand.label,
        interval,
        notes: shown.notes.clone(),
    };
    let better = if demand.higher { Better::Higher } else { Better::Lower };
    let mut finding = match proof.mode {
        Mode::NotInferior => match shown.p_worse(demand.limit, demand.higher) {
            Err(why) => {
                let message = diags::no_evidence(rule, slice, proof, &[why.to_string()]);
                Finding::new("", "no-evidence", message).status(Status::Inconclusive).cause(Cause::Inconclusive)
            }
            Ok(p) => {
                let message = diags::held(rule, slice, value, &held, diags::Outcome::Open);
                let mut finding = Finding::new("", "too-little-power", message)
                    .status(Status::Inconclusive)
                    .cause(Cause::Inconclusive);
                #[expect(clippy::cast_precision_loss, reason = "a rule has a handful of demands")]
                let p = (p * demands as f64).min(1.0);
                finding.detection = Some(Detection {
                    p,
                    interval,
                    mde: proof.mde.unwrap_or(0.0),
                    n: shown.n,
                    unit: rule.unit.clone(),
                    lacking: None,
                });
                finding
            }
        },
        Mode::Noninferior | Mode::Point => {
            let decision = noninferior(&interval, demand.limit, better, shown.n);
            let touches = if demand.higher { interval.low <= demand.limit } else { interval.high >= demand.limit };
            match decision {
                Decision::Pass if !(demand.strict && touches) => {
                    let message = diags::held(rule, slice, value, &held, diags::Outcome::Shown);
                    Finding::new("", "not-shown", message).holds(true)
                }
                Decision::Fail => {
                    let message = diags::held(rule, slice, value, &held, diags::Outcome::Opposite);
                    Finding::new("", "shown-inferior", message)
                }
                Decision::Pass | Decision::Inconclusive(_) => {
                    let needs = match decision {
                        Decision::Inconclusive(Why::Straddles { needs_n }) => needs_n,
                        _ => None,
                    };
                    let message = diags::held(rule, slice, value, &held, diags::Outcome::Neither { needs });
                    Finding::new("", "not-shown", message).status(Status::Inconclusive).cause(Cause::Inconclusive)
                }
            }
        }
    };
    finding.op = Some(if demand.higher { ">=" } else { "<=" }.to_owned());
    // The bound stands on the scale of the value, as for rules that compare points.
    let theirs = if demand.relative { value.number - interval.estimate } else { 0.0 };
    finding.bound = Some(Measured::new(theirs + demand.limit));
    let edge = if demand.higher { interval.low - demand.limit } else { demand.limit - interval.high };
    finding.margin = Some(Measured::new(edge));
    finding.interval = record(&interval, proof, demand.relative, shown);
    finding
}

fn record(interval: &Interval, proof: &Proof, relative: bool, shown: &Shown) -> Option<IntervalRecord> {
    Some(IntervalRecord {
        lower: Finite::new(interval.low)?,
        upper: Finite::new(interval.high)?,
        level: Finite::new(proof.confidence)?,
        side: "one",
        of: if relative { "difference" } else { "value" },
        method: Some(interval.method.as_str()),
        seed: shown.seed,
        clusters: shown.clusters,
    })
}

fn demands(sides: &Sides<'_>, base: Option<&BaseValue<'_>>) -> Vec<Demand> {
    let rule = sides.rule;
    let mut out: Vec<Demand> = rule
        .bounds
        .iter()
        .filter_map(|bound| match *bound {
            Bound::Min(limit) => Some(absolute(limit, true, false, "min")),
            Bound::Max(limit) => Some(absolute(limit, false, false, "max")),
            Bound::Above(limit) => Some(absolute(limit, true, true, "above")),
            Bound::Below(limit) => Some(absolute(limit, false, true, "below")),
            Bound::Equals { .. } | Bound::Within(..) | Bound::MaxDeviation(_) => None,
        })
        .collect();
    if let (Some(relative), Some(base)) = (&rule.relative, base) {
        match against(relative, rule.direction, base.number) {
            Some(demands) => out.extend(demands),
            // One demand that cannot be shown is not made good by others that can.
            None => return Vec::new(),
        }
    }
    out
}

fn absolute(limit: f64, higher: bool, strict: bool, label: &'static str) -> Demand {
    Demand { limit, higher, strict, relative: false, label }
}

/// The demands on the difference; nothing for distances to a target, which have no evidence of their own.
fn against(relative: &Relative, direction: Option<Direction>, theirs: f64) -> Option<Vec<Demand>> {
    let higher = match direction {
        Some(Direction::Higher) => true,
        Some(Direction::Lower) => false,
        Some(Direction::Target | Direction::None) | None => return None,
    };
    let demand = |allowance: &Allowance, worse: bool, label: &'static str| {
        let amount = allowance.of(theirs);
        let limit = if worse == higher { -amount } else { amount };
        Demand { limit, higher, strict: false, relative: true, label }
    };
    let mut out = Vec::new();
    out.extend(relative.max_regression.as_ref().map(|a| demand(a, true, "allowed regression")));
    out.extend(relative.min_improvement.as_ref().map(|a| demand(a, false, "demanded improvement")));
    Some(out)
}
