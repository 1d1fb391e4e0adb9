//! Several runs that speak of one version become one, by rule; what contradicts itself is marked.
//!
//! In: all runs and the versions that registries declare. Out: the runs with each version's evidence
//! in one place, and for each version that cannot be judged the reason (docs/formats/README.md states
//! the rule). Values are never chosen between here: two values of one metric stay, and the gate calls
//! that invalid.
//!
//! The rule: a version has at most one run of a tracker and at most one run directory for each source.
//! The tracker's run is the version's run, else the directory of the source that stands first, else
//! the first document; the others' values, reports and cards are added to it, and their facts fill
//! what it does not say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Datum, ModelRecord, Records, Run, RunForm, RunStatus};
use crate::diag::{Code, Diagnostic, visible};

/// Why a version cannot be judged, by model and version.
pub(super) type Contradictions = BTreeMap<(String, String), String>;

/// Joins the runs of each version.
pub(super) fn merge(records: &mut Records, problems: &mut Vec<Diagnostic>) -> Contradictions {
    let mut contradictions = Contradictions::new();
    let mut gone: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for ((model, version), mut claims) in claims(&records.models, &records.runs) {
        if claims.len() < 2 {
            continue;
        }
        claims.sort_by_key(|i| records.runs.get(*i).map(|r| (r.form, r.rank, r.id.clone())));
        let runs: Vec<&Run> = claims.iter().filter_map(|i| records.runs.get(*i)).collect();
        if !may_join(&runs) {
            // Two runs that each could be the version: `assemble` reports the pair.
            continue;
        }
        let found = contradiction(&runs);
        if let Some(what) = found {
            let places: Vec<&str> = runs.iter().map(|r| r.folder.as_str()).collect();
            problems.push(
                Diagnostic::new(
                    Code::VersionContradiction,
                    format!(
                        "what is said of version '{}' of model '{}' contradicts itself: {what}",
                        visible(&version, 80),
                        visible(&model, 80)
                    ),
                )
                .at(places.last().copied().unwrap_or_default())
                .help(format!(
                    "correct one of {}, or leave one source out; until then the gate blocks the version",
                    visible(&places.join(" and "), 400)
                )),
            );
            contradictions.insert((model, version), format!("its sources contradict each other: {what}"));
        }
        let Some((primary, rest)) = claims.split_first() else { continue };
        for i in rest {
            if let (Some(from), Some(into)) = (records.runs.get(*i), records.runs.get(*primary)) {
                gone.insert(from.id.clone(), into.id.clone());
            }
        }
        taken.insert(*primary, rest.to_vec());
    }
    if gone.is_empty() {
        return contradictions;
    }
    join(records, &taken, &gone);
    contradictions
}

/// The runs that claim each version, by their position.
fn claims(models: &[ModelRecord], runs: &[Run]) -> BTreeMap<(String, String), Vec<usize>> {
    let mut out: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    let by_id: BTreeMap<&str, usize> = runs.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect();
    for (model, version) in models.iter().flat_map(|m| m.versions.iter().map(move |v| (m, v))) {
        if let Some(i) = version.run.as_deref().and_then(|id| by_id.get(id)) {
            out.entry((model.name.clone(), version.version.clone())).or_default().insert(*i);
        }
    }
    for (i, run) in runs.iter().enumerate().filter(|(_, r)| !r.deleted) {
        if let (Some(model), Some(version)) = (&run.model, &run.version) {
            out.entry((model.clone(), version.clone())).or_default().insert(i);
        }
    }
    out.into_iter().map(|(key, runs)| (key, runs.into_iter().collect())).collect()
}

/// Whether at most one of the runs is a tracker's and no two are run directories of one source.
fn may_join(runs: &[&Run]) -> bool {
    let tracked = runs.iter().filter(|r| r.form == RunForm::Tracked).count();
    let mut sources = BTreeSet::new();
    tracked <= 1 && runs.iter().filter(|r| r.form == RunForm::Directory).all(|r| sources.insert(r.rank))
}

/// The first fact that two of the runs state differently, in words.
fn contradiction(runs: &[&Run]) -> Option<String> {
    runs.iter().enumerate().find_map(|(i, a)| runs[i + 1..].iter().find_map(|b| between(a, b)))
}

fn between(a: &Run, b: &Run) -> Option<String> {
    if let (Some(x), Some(y)) = (&a.git.commit, &b.git.commit)
        && !(x.starts_with(y.as_str()) || y.starts_with(x.as_str()))
    {
        return Some(format!("commit {} and {}", visible(x, 12), visible(y, 12)));
    }
    let ended = |s: RunStatus| matches!(s, RunStatus::Finished | RunStatus::Failed | RunStatus::Killed);
    // The run of an evaluation may fail without the training having done so; the gate sees both.
    if a.form != RunForm::Document
        && b.form != RunForm::Document
        && ended(a.status)
        && ended(b.status)
        && a.status != b.status
    {
        return Some(format!("status {} and {}", a.status.as_str(), b.status.as_str()));
    }
    for x in &a.datasets {
        let same = |y: &&super::Dataset| y.name == x.name && y.role == x.role;
        for y in b.datasets.iter().filter(same) {
            if let (Some(p), Some(q)) = (&x.digest, &y.digest)
                && p != q
            {
                return Some(format!(
                    "dataset {} has the digest {} and {}",
                    visible(&x.name, 60),
                    visible(p, 16),
                    visible(q, 16)
                ));
            }
        }
    }
    // The params of an evaluation are its own.
    if a.form == RunForm::Document || b.form == RunForm::Document {
        return None;
    }
    a.params.iter().find_map(|(key, x)| {
        let y = b.params.get(key)?;
        (!same_value(x, y)).then(|| {
            format!("param {} is {} and {}", visible(key, 60), visible(&x.display(), 40), visible(&y.display(), 40))
        })
    })
}

/// A tracker writes every param as text: `0.10` and 0.1 are one value.
fn same_value(a: &Datum, b: &Datum) -> bool {
    let (x, y) = (a.display(), b.display());
    x == y || matches!((x.parse::<f64>(), y.parse::<f64>()), (Ok(x), Ok(y)) if x == y)
}

/// Moves everything of the runs that go into those that stay.
fn join(records: &mut Records, taken: &BTreeMap<usize, Vec<usize>>, gone: &BTreeMap<String, String>) {
    let mut slots: Vec<Option<Run>> = std::mem::take(&mut records.runs).into_iter().map(Some).collect();
    for (primary, rest) in taken {
        let Some(mut run) = slots.get_mut(*primary).and_then(Option::take) else { continue };
        for i in rest {
            let Some(mut other) = slots.get_mut(*i).and_then(Option::take) else { continue };
            run.further.push(std::mem::take(&mut other.folder));
            run.further.append(&mut other.further);
            // An evaluation that failed or goes on is as little finished as the version's own run.
            if matches!(run.status, RunStatus::Finished) && !matches!(other.status, RunStatus::Unknown) {
                run.status = other.status;
            }
            if other.form == RunForm::Document {
                let differs =
                    |(key, value): &(&String, &Datum)| run.params.get(*key).is_some_and(|v| !same_value(v, value));
                let own: Vec<(String, Datum)> =
                    other.params.iter().filter(differs).map(|(k, v)| (k.clone(), v.clone())).collect();
                if !own.is_empty() {
                    run.extra.push((format!("params of {}", other.id), Datum::Map(own)));
                }
            }
            if run.model.is_none() {
                (run.model, run.version) = (other.model.take(), other.version.take());
            }
            run.absorb(other);
        }
        if let Some(slot) = slots.get_mut(*primary) {
            *slot = Some(run);
        }
    }
    records.runs = slots.into_iter().flatten().collect();
    let repoint = |run: &mut Option<String>| {
        if let Some(to) = run.as_ref().and_then(|r| gone.get(r)) {
            *run = Some(to.clone());
        }
    };
    records.drift.iter_mut().for_each(|d| repoint(&mut d.run));
    records.checks.iter_mut().for_each(|c| repoint(&mut c.run));
    records.runs.iter_mut().for_each(|r| repoint(&mut r.parent));
    records.models.iter_mut().flat_map(|m| &mut m.versions).for_each(|v| repoint(&mut v.run));
}
