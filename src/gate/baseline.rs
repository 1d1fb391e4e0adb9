//! Baselines: from a selector to the run of another version, or to the reason why there is none.
//!
//! In: a baseline of the policy, the registry, the version that is judged. Out: a [`Resolution`].
//! Whatever is doubtful is no baseline: a comparison with nothing, or with itself, must not pass.

use std::collections::BTreeSet;

use super::evidence::unreadable;
use super::policy::{Baseline, OnMissing, Same, Select};
use crate::diag::visible;
use crate::digest::Sha256;
use crate::model::{Evidence, Model, Registry, Run, Version, evidence_below};

/// The other side of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Base<'a> {
    /// The version's name, or the run's id when the run is no version.
    pub(super) name: String,
    pub(super) version: Option<&'a str>,
    pub(super) run: &'a Run,
    pub(super) digest: Sha256,
}

/// What a selector led to.
#[derive(Clone, Debug)]
pub(super) enum Resolution<'a> {
    Found(Base<'a>),
    /// There is none; why.
    None(String),
    /// There is none, and the policy allows that for the first version of a model.
    Bootstrap(String),
    /// It is the version that is judged, or a copy of it.
    Own(Base<'a>, String),
    /// It cannot be used; why.
    Invalid(String),
    /// Two claim to be it: nothing can be judged.
    Ambiguous(String),
}

/// Resolves a baseline.
pub(super) fn resolve<'a>(
    baseline: &Baseline,
    registry: &'a Registry,
    version: &Version,
    candidate: &Run,
) -> Resolution<'a> {
    let Some(model) = registry.model(&version.model) else {
        return Resolution::None(format!("model '{}' was not read", visible(&version.model, 80)));
    };
    let other = match select(baseline, registry, model, version) {
        Ok(other) => other,
        Err(stopped) => return stopped,
    };
    let (run, name, other_version) = match other {
        Other::Version(other) => {
            if let Some(why) = &other.ambiguous {
                return Resolution::Ambiguous(format!(
                    "baseline {} is ambiguous: {}",
                    visible(&other.selector(), 160),
                    visible(why, 300)
                ));
            }
            let Some(run) = other.run.and_then(|i| registry.runs.get(i)) else {
                return Resolution::None(format!("version '{}' has no run that was read", visible(&other.version, 80)));
            };
            (run, other.version.clone(), Some(other))
        }
        Other::Run(run, version) => (run, version.map_or_else(|| run.id.clone(), |v| v.version.clone()), version),
    };
    if let Some(why) = twice(registry, run) {
        return Resolution::Ambiguous(format!("baseline run is ambiguous: {why}"));
    }
    let evidence = match other_version {
        Some(other) => evidence_of(registry, other),
        None => evidence_of_run(registry, &run.folder),
    };
    let digest = other_version.map_or_else(|| digest_of(evidence), |v| v.digest);
    let base = Base { name, version: other_version.map(|v| v.version.as_str()), run, digest };
    if run.id == candidate.id || other_version.is_some_and(|v| v.model == version.model && v.version == version.version)
    {
        return Resolution::Own(base, "it is the version that is judged".to_owned());
    }
    // Two runs of one folder share their files without being copies of each other.
    if !evidence.is_empty()
        && run.folder != candidate.folder
        && content(evidence, run) == content(evidence_of(registry, version), candidate)
    {
        return Resolution::Own(base, "its files are the same, byte for byte".to_owned());
    }
    if run.deleted {
        return Resolution::None("its run is marked as deleted".to_owned());
    }
    if let Some(why) = unreadable(registry, run) {
        return Resolution::Invalid(format!("its evidence could not be read: {why}"));
    }
    Resolution::Found(base)
}

enum Other<'a> {
    Version(&'a Version),
    Run(&'a Run, Option<&'a Version>),
}

fn select<'a>(
    baseline: &Baseline,
    registry: &'a Registry,
    model: &'a Model,
    version: &Version,
) -> Result<Other<'a>, Resolution<'a>> {
    let none = |why: String| match baseline.on_missing {
        OnMissing::Bootstrap if is_first(model, version) => Resolution::Bootstrap(why),
        OnMissing::Bootstrap => Resolution::None(format!("{why}, and the model has earlier versions")),
        OnMissing::Fail => Resolution::None(why),
    };
    let shown = visible(&model.name, 80);
    match &baseline.select {
        Select::Alias(alias) => {
            let Some(name) = model.aliases.get(alias) else {
                return Err(none(format!("model '{shown}' has no alias '{}'", visible(alias, 80))));
            };
            // An alias that leads nowhere is a broken registry, not a first release.
            let dangling =
                format!("alias '{}' points at version '{}', which was not read", visible(alias, 80), visible(name, 80));
            model.version(name).map(Other::Version).ok_or(Resolution::None(dangling))
        }
        Select::Stage(stage) => {
            let mut there =
                model.versions.iter().filter(|v| v.stage.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(stage)));
            match (there.next(), there.next()) {
                (Some(one), None) => Ok(Other::Version(one)),
                (Some(one), Some(two)) => Err(Resolution::Invalid(format!(
                    "versions '{}' and '{}' are both in stage '{}': select an alias instead",
                    visible(&one.version, 80),
                    visible(&two.version, 80),
                    visible(stage, 80)
                ))),
                (None, _) => Err(none(format!("no version of model '{shown}' is in stage '{}'", visible(stage, 80)))),
            }
        }
        Select::Version(name) => match model.version(name) {
            Some(found) => Ok(Other::Version(found)),
            None => Err(none(format!("model '{shown}' has no version '{}'", visible(name, 80)))),
        },
        Select::Previous => match model.previous(&version.version) {
            Some(found) => Ok(Other::Version(found)),
            None => Err(none(format!("model '{shown}' has no version before '{}'", visible(&version.version, 80)))),
        },
        Select::Run(id) => match registry.run_index(id) {
            Some(at) => {
                let of = registry.models.iter().flat_map(|m| &m.versions).find(|v| v.run == Some(at));
                Ok(Other::Run(&registry.runs[at], of))
            }
            None => Err(none(format!("run '{}' was not read", visible(id, 80)))),
        },
    }
}

/// Whether no other version of the model can be an earlier one. A version counts as later only when
/// both its name and its time say so: a name like `0.0.0` must not buy a bootstrap.
fn is_first(model: &Model, version: &Version) -> bool {
    let mut seen = false;
    model.versions.iter().all(|other| {
        if other.version == version.version {
            seen = true;
            return true;
        }
        seen && matches!((other.created_at, version.created_at), (Some(theirs), Some(ours)) if theirs > ours)
    })
}

/// Whether two folders claim the run's id. `assemble` gives the later one its folder as part of the
/// id, so that both stay visible.
pub(super) fn twice(registry: &Registry, run: &Run) -> Option<String> {
    let prefix = format!("{}#", run.id);
    let start = registry.runs.partition_point(|r| r.id < prefix);
    let copy = registry.runs[start..]
        .iter()
        .take_while(|r| r.id.starts_with(&prefix))
        .find(|r| r.id[prefix.len()..] == r.folder);
    let original = || {
        let id = run.id.strip_suffix(run.folder.as_str())?.strip_suffix('#')?;
        registry.run_index(id).map(|i| &registry.runs[i])
    };
    copy.or_else(original).map(|other| {
        format!("the run's id is claimed by '{}' and '{}'", visible(&run.folder, 200), visible(&other.folder, 200))
    })
}

/// The evidence of a version.
fn evidence_of<'a>(registry: &'a Registry, version: &Version) -> &'a [Evidence] {
    registry.evidence.get(version.evidence.clone()).unwrap_or_default()
}

/// The evidence below a run's folder.
fn evidence_of_run<'a>(registry: &'a Registry, folder: &str) -> &'a [Evidence] {
    registry.evidence.get(evidence_below(&registry.evidence, folder)).unwrap_or_default()
}

/// As [`Version::digest`], for a run that is no version.
fn digest_of(evidence: &[Evidence]) -> Sha256 {
    let lines: Vec<String> = evidence.iter().map(|e| format!("{}  {}\n", e.sha256, e.path)).collect();
    Sha256::of_parts(lines.iter().map(|l| l.as_bytes()))
}

/// Files and their digests, wherever the folder lies: a copied run has the same.
fn content<'a>(evidence: &'a [Evidence], run: &Run) -> BTreeSet<(&'a str, Sha256)> {
    evidence.iter().map(|e| (super::rules::below(run, &e.path), e.sha256)).collect()
}

/// Roles of data that is measured on.
const EVALUATION_ROLES: &[&str] =
    &["test", "testing", "validation", "valid", "val", "eval", "evaluation", "holdout", "hold-out"];

/// Why the two sides cannot be compared, as far as that is known without the values.
pub(super) fn differs(baseline: &Baseline, ours: &Run, theirs: &Run, dataset: Option<&str>) -> Option<String> {
    if !baseline.same.contains(&Same::DatasetDigest) {
        return None;
    }
    match (digests(ours, dataset), digests(theirs, dataset)) {
        (Err(why), _) => Some(format!("this version {why}")),
        (_, Err(why)) => Some(format!("the baseline {why}")),
        (Ok(ours), Ok(theirs)) if ours != theirs => {
            Some(format!("the evaluation data differs: {} here, {} there", show(&ours), show(&theirs)))
        }
        _ => None,
    }
}

fn show(digests: &BTreeSet<&str>) -> String {
    digests.iter().map(|d| visible(d, 20)).collect::<Vec<_>>().join(" and ")
}

/// The digests of the evaluation data: the dataset that the rule names, else all of the known roles.
fn digests<'a>(run: &'a Run, dataset: Option<&str>) -> Result<BTreeSet<&'a str>, String> {
    let named: Vec<_> = run
        .datasets
        .iter()
        .filter(|d| dataset.is_some_and(|wanted| d.name == wanted || d.role.as_deref() == Some(wanted)))
        .collect();
    let chosen = if named.is_empty() {
        run.datasets
            .iter()
            .filter(|d| d.role.as_deref().is_some_and(|r| EVALUATION_ROLES.iter().any(|e| e.eq_ignore_ascii_case(r))))
            .collect()
    } else {
        named
    };
    if chosen.is_empty() {
        return Err("names no evaluation data".to_owned());
    }
    chosen
        .iter()
        .map(|d| {
            d.digest
                .as_deref()
                .filter(|digest| !digest.trim().is_empty())
                .ok_or_else(|| format!("gives no digest of its data '{}'", visible(&d.name, 80)))
        })
        .collect()
}
