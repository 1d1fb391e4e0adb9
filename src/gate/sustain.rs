//! New levels for ratchet rules: what the versions that pass have sustained.
//!
//! In: the policy and everything that was read. Out: levels, each with how it came about. A level never gets
//! worse by itself: who wants that says so. Versions measured on other data than the newest one do not count.

use std::collections::BTreeSet;

use super::evaluate::evaluate;
use super::inputs::Inputs;
use super::levels::{Level, Levels};
use super::policy::{Demand, Policy, RatchetRule};
use super::rules::metric::values::{Index, Values};
use super::rules::ratchet;
use crate::diag::{count, visible};
use crate::model::{Model, Slice};

/// Levels as they should be, and a sentence for each rule and model about what became of it.
pub struct Sustained {
    /// All levels, those that did not change included.
    pub levels: Levels,
    /// What became of each, for people.
    pub says: Vec<String>,
}

/// Finds the levels of all ratchet rules. A version counts when it passes the rest of the policy at `stage`.
pub fn sustain(policy: &Policy, inputs: &Inputs<'_>, stage: &str, reset: bool) -> Sustained {
    let mut levels: Vec<Level> = Vec::new();
    let mut says = Vec::new();
    let mut without = policy.clone();
    without.rules.retain(|rule| !matches!(rule.demand, Demand::Ratchet(_)));
    // A level is about what was measured. Signatures of old versions run out.
    without.approvals.required.clear();
    for model in &inputs.registry.models {
        let ratchets: Vec<(&str, &RatchetRule)> = policy
            .rules_for(&model.name)
            .filter_map(|rule| match &rule.demand {
                Demand::Ratchet(demand) => Some((rule.id.as_str(), demand.as_ref())),
                _ => None,
            })
            .collect();
        if ratchets.is_empty() {
            continue;
        }
        let passing: BTreeSet<&str> = model
            .versions
            .iter()
            .filter(|version| evaluate(&without, inputs, version, stage).verdict.promotes())
            .map(|version| version.version.as_str())
            .collect();
        for (id, rule) in ratchets {
            let known = policy.levels.get(id, &model.name).filter(|_| !reset);
            let (level, why) = level(id, rule, model, &passing, inputs, known);
            levels.extend(level);
            says.push(format!("{} of {}: {why}", visible(id, 80), visible(&model.name, 80)));
        }
    }
    // Levels of models that were not read now stay as they are.
    let read: BTreeSet<&str> = inputs.registry.models.iter().map(|m| m.name.as_str()).collect();
    levels.extend(policy.levels.iter().filter(|l| !read.contains(l.model.as_str())).cloned());
    Sustained { levels: Levels::new(levels), says }
}

fn level(
    id: &str,
    rule: &RatchetRule,
    model: &Model,
    passing: &BTreeSet<&str>,
    inputs: &Inputs<'_>,
    known: Option<&Level>,
) -> (Option<Level>, String) {
    let overall = Slice::default();
    let mut measured: Vec<(String, f64, Vec<String>)> = Vec::new();
    for version in model.versions.iter().filter(|v| passing.contains(v.version.as_str())) {
        let Some(run) = inputs.registry.run_of(version) else { continue };
        let index = Index::new(run);
        if let Ok(value) = Values::new(&rule.of, &index).value(&overall) {
            let data = super::baseline::data_of(run, rule.of.dataset.as_deref()).unwrap_or_default();
            measured.push((version.version.clone(), value.number, data.into_iter().map(str::to_owned).collect()));
        }
    }
    let data = measured.last().map(|(_, _, data)| data.clone()).unwrap_or_default();
    let same: Vec<(String, f64)> =
        measured.into_iter().filter(|(_, _, of)| *of == data).map(|(name, value, _)| (name, value)).collect();
    let enough = usize::try_from(rule.window).unwrap_or(usize::MAX);
    let Some((value, versions)) = ratchet::sustained(rule, &same) else {
        let why = format!("{} of {} on the same data pass, no new level", same.len(), count(enough, "version"));
        return (known.cloned(), why);
    };
    let found = Level { rule: id.to_owned(), model: model.name.clone(), value, versions, data };
    match known {
        Some(known) if known.data == found.data && !ratchet::better(rule, found.value, known.value) => {
            (Some(known.clone()), format!("stays at {}", known.value))
        }
        Some(known) if known.data != found.data => (
            Some(known.clone()),
            format!("stays at {}: the versions are measured on other data now, --reset starts again", known.value),
        ),
        Some(known) => {
            let why = format!("from {} to {}", known.value, found.value);
            (Some(found), why)
        }
        None => {
            let why = format!("{}, the first level", found.value);
            (Some(found), why)
        }
    }
}
