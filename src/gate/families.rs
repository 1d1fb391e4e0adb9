//! Families: many comparisons at once, corrected for their number.
//!
//! In: the findings of all rules, some of which hold the p-value of a harm that may have been found. Out: the same
//! findings, decided: harm that is significant after the correction fails, the rest passes if the data could have
//! shown a harm that matters, and is inconclusive if not. Where a rule names no family its slices are one.

use std::collections::BTreeMap;

use super::number::{plain, with_unit};
use super::policy::{Correction, Rule};
use super::rules::{Cause, Finding};
use super::stats::decide::{Decision, Detect, Why, not_inferior};
use super::stats::multiplicity::{self, adjust};
use super::stats::power::POWER;
use super::verdict::{FamilyRecord, Status};
use crate::model::Finite;

/// Decides what is still open.
pub(super) fn decide(findings: &mut [(&Rule, Finding)]) {
    let mut families: BTreeMap<(bool, String), Vec<usize>> = BTreeMap::new();
    for (i, (rule, finding)) in findings.iter().enumerate() {
        if finding.detection.is_some()
            && let Some(proof) = rule.measured().and_then(|m| m.proof.as_ref())
        {
            // A family may be named like a rule.
            let key = proof.family.clone().map_or((false, rule.id.clone()), |family| (true, family));
            families.entry(key).or_default().push(i);
        }
    }
    for ((_, name), members) in families {
        let correction = members
            .first()
            .and_then(|i| findings.get(*i))
            .and_then(|(rule, _)| Some(rule.measured()?.proof.as_ref()?.correction))
            .unwrap_or(Correction::Holm);
        let (word, method) = match correction {
            Correction::Holm => ("holm", multiplicity::Correction::Holm),
            Correction::Bh => ("bh", multiplicity::Correction::BenjaminiHochberg),
            Correction::None => ("none", multiplicity::Correction::None),
        };
        let p: Vec<f64> = members.iter().map(|i| findings[*i].1.detection.as_ref().map_or(0.0, |d| d.p)).collect();
        // Without p-values that can be corrected everything stays inconclusive.
        let Ok(adjusted) = adjust(&p, method) else { continue };
        for (i, adjusted_p) in members.iter().zip(adjusted) {
            let Some((_, finding)) = findings.get_mut(*i) else { continue };
            let Some(detection) = finding.detection.take() else { continue };
            let demand = Detect { p: adjusted_p, mde: detection.mde, power: POWER };
            let unit = detection.unit.as_deref();
            let show = |v: f64| with_unit(&plain(v), unit);
            let corrected = match members.len() {
                1 => format!("p={}", plain(adjusted_p)),
                size => format!("p={} after {word} over {size}", plain(adjusted_p)),
            };
            let says = match not_inferior(&detection.interval, demand, detection.n) {
                Decision::Fail => {
                    // Harm that is shown is no open question: `on_inconclusive` has no say in it.
                    (finding.status, finding.cause) = (Status::Fail, Cause::Judged);
                    finding.reason = "shown-inferior";
                    "harm is shown".to_owned()
                }
                Decision::Pass if detection.lacking.is_some() => {
                    finding.reason = "no-evidence";
                    let why = detection.lacking.unwrap_or_default();
                    format!("no harm is shown, but another demand of the rule could not be judged: {why}")
                }
                Decision::Pass => {
                    (finding.status, finding.cause) = (Status::Pass, Cause::Judged);
                    finding.reason = "holds";
                    format!("no harm is shown, and a harm of {} would have been", show(detection.mde))
                }
                Decision::Inconclusive(why) => {
                    let needs = match why {
                        Why::Underpowered { needs_n: Some(n), .. } => format!(", needs n >= {n}"),
                        _ => String::new(),
                    };
                    let able = match why {
                        Why::Underpowered { detectable, .. } => {
                            format!("the data could have shown {} only", show(detectable))
                        }
                        Why::Evidence(why) => why.to_string(),
                        Why::Straddles { .. } => "it is not decided".to_owned(),
                    };
                    format!("no harm is shown, but {able}, not {}{needs}", show(detection.mde))
                }
            };
            finding.message.push_str(&format!(": {says} ({corrected})"));
            finding.family = Finite::new(detection.p).zip(Finite::new(adjusted_p)).map(|(p, adjusted_p)| {
                FamilyRecord { id: name.clone(), size: members.len(), correction: word, p, adjusted_p }
            });
        }
    }
}
