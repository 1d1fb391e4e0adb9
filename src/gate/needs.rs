//! Which runs a verdict rests on.
//!
//! In: the policy, a registry in which runs may still lack their values, and the version to be judged. Out: the
//! folders of the runs whose values, cards and digests will be looked at. Everything that decides which runs those
//! are (names, aliases, stages, parents) must be in the registry; where that is not enough, everything is needed.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::{Resolution, resolve};
use super::evaluate::repeats;
use super::inputs::Inputs;
use super::policy::{Baseline, Policy, Rule, Select};
use crate::model::{Run, Version};

/// The folders of the runs that the verdict on a version rests on; nothing when only reading everything tells.
pub fn needs(policy: &Policy, inputs: &Inputs<'_>, version: &Version) -> Option<BTreeSet<String>> {
    let registry = inputs.registry;
    let rules: Vec<&Rule> = policy.rules_for(&version.model).collect();
    let used: BTreeSet<&str> = rules.iter().filter_map(|r| r.baseline()).collect();
    let baselines: BTreeMap<&str, &Baseline> =
        policy.baselines.iter().map(|(id, b)| (id.as_str(), b)).filter(|(id, _)| used.contains(id)).collect();
    // These are chosen by what files hold that may not have been read.
    let by_content = |b: &&Baseline| b.only_passing || matches!(b.select, Select::Best(_) | Select::Tag(_));
    if baselines.values().any(by_content) {
        return None;
    }
    let Some(run) = version.run.and_then(|i| registry.runs.get(i)) else { return Some(BTreeSet::new()) };
    let mut runs: Vec<&Run> = vec![run];
    for (id, baseline) in baselines {
        if let Resolution::Found(base) | Resolution::Own(base, _) = resolve(id, baseline, inputs, version, run) {
            runs.push(base.run);
        }
    }
    let mut out = BTreeSet::new();
    for run in runs {
        let again = repeats(registry, run).into_iter().filter_map(|i| registry.runs.get(i));
        out.extend(std::iter::once(run).chain(again).flat_map(Run::folders).map(str::to_owned));
    }
    Some(out)
}
