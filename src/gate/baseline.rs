//! Baselines: from a selector to the run of another version, or to the reason why there is none.
//!
//! In: a baseline of the policy, the registry, the version that is judged. Out: a [`Resolution`].
//! Whatever is doubtful is no baseline: a comparison with nothing, or with itself, must not pass.

use std::collections::BTreeSet;

use super::evidence::unreadable;
use super::inputs::Inputs;
use super::policy::{Baseline, OnMissing, Same, Select};
use crate::diag::visible;
use crate::digest::Sha256;
use crate::model::{Direction, Evidence, Finite, Model, Registry, Rejected, Run, Version, evidence_below};

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
    id: &str,
    baseline: &Baseline,
    inputs: &Inputs<'a>,
    version: &Version,
    candidate: &Run,
) -> Resolution<'a> {
    let registry = inputs.registry;
    if let Select::File(_) | Select::Git(..) = &baseline.select {
        return external(id, inputs, version);
    }
    let Some(model) = registry.model(&version.model) else {
        return Resolution::None(format!("model '{}' was not read", visible(&version.model, 80)));
    };
    let other = match select(baseline, inputs, model, version) {
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
    if baseline.only_passing && !inputs.ledger.has_passed(&version.model, digest) {
        let name = visible(&base.name, 80);
        return Resolution::None(format!("version '{name}' never passed the gate with this evidence, by the ledger"));
    }
    Resolution::Found(base)
}

/// A file outside the registry that was read for this baseline.
fn external<'a>(id: &str, inputs: &Inputs<'a>, version: &Version) -> Resolution<'a> {
    match inputs.external.get(id) {
        Some(Ok(found)) => {
            let base = Base { name: found.name.clone(), version: None, run: &found.run, digest: found.digest };
            match evidence_of(inputs.registry, version).iter().find(|e| e.sha256 == found.digest) {
                Some(own) => {
                    let why = format!("it is the version's own file '{}', byte for byte", visible(&own.path, 160));
                    Resolution::Own(base, why)
                }
                None => Resolution::Found(base),
            }
        }
        Some(Err(why)) => Resolution::Invalid(why.clone()),
        None => Resolution::None("it was not read".to_owned()),
    }
}

enum Other<'a> {
    Version(&'a Version),
    Run(&'a Run, Option<&'a Version>),
}

fn select<'a>(
    baseline: &Baseline,
    inputs: &Inputs<'a>,
    model: &'a Model,
    version: &Version,
) -> Result<Other<'a>, Resolution<'a>> {
    let registry = inputs.registry;
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
        Select::Stage(stage) => in_stage(stage, inputs, model, none),
        Select::Version(name) => match model.version(name) {
            Some(found) => Ok(Other::Version(found)),
            None => Err(none(format!("model '{shown}' has no version '{}'", visible(name, 80)))),
        },
        Select::Tag(tag) => tagged(tag, registry, model, version, none),
        Select::Best(metric) => best(metric, baseline, inputs, model, version, none),
        Select::File(_) | Select::Git(..) => Err(Resolution::None("it is a file".to_owned())),
        Select::Previous if baseline.only_passing => {
            let at = model.versions.iter().position(|v| v.version == version.version).unwrap_or_default();
            let earlier = model.versions.get(..at).unwrap_or_default();
            let passing = |v: &&Version| inputs.ledger.has_passed(&model.name, v.digest);
            earlier.iter().rev().find(passing).map(Other::Version).ok_or_else(|| {
                none(format!(
                    "no version of model '{shown}' before '{}' passed the gate, by the ledger",
                    visible(&version.version, 80)
                ))
            })
        }
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

/// The version in a stage: as its registry says, or as the ledger does. Where both speak they must agree.
fn in_stage<'a>(
    stage: &str,
    inputs: &Inputs<'a>,
    model: &'a Model,
    none: impl Fn(String) -> Resolution<'a>,
) -> Result<Other<'a>, Resolution<'a>> {
    let shown = visible(stage, 80);
    let mut there = model.versions.iter().filter(|v| v.stage.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(stage)));
    let promoted = inputs.ledger.in_stage(&model.name, stage);
    match (there.next(), there.next(), promoted) {
        (Some(one), Some(two), _) => Err(Resolution::Invalid(format!(
            "versions '{}' and '{}' are both in stage '{shown}': select an alias instead",
            visible(&one.version, 80),
            visible(&two.version, 80),
        ))),
        (Some(one), None, Some(entry)) if one.version != entry.version => Err(Resolution::Invalid(format!(
            "the registry says that version '{}' is in stage '{shown}', the ledger says '{}'",
            visible(&one.version, 80),
            visible(&entry.version, 80),
        ))),
        (Some(one), None, _) => Ok(Other::Version(one)),
        (None, _, Some(entry)) => {
            let name = visible(&entry.version, 80);
            let gone = format!("the ledger says that version '{name}' is in stage '{shown}', and it was not read");
            model.version(&entry.version).map(Other::Version).ok_or(Resolution::None(gone))
        }
        (None, _, None) => {
            Err(none(format!("no version of model '{}' is in stage '{shown}'", visible(&model.name, 80))))
        }
    }
}

/// The newest other version with a tag.
fn tagged<'a>(
    tag: &str,
    registry: &'a Registry,
    model: &'a Model,
    version: &Version,
    none: impl Fn(String) -> Resolution<'a>,
) -> Result<Other<'a>, Resolution<'a>> {
    let (key, wanted) = tag.split_once('=').map_or((tag, None), |(key, value)| (key, Some(value)));
    let fits = |tags: &std::collections::BTreeMap<String, String>| {
        tags.get(key).is_some_and(|value| wanted.is_none_or(|wanted| wanted == value))
    };
    let mut found = model
        .versions
        .iter()
        .filter(|v| v.version != version.version)
        .filter(|v| fits(&v.tags) || registry.run_of(v).is_some_and(|run| fits(&run.tags)));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(Other::Version(one)),
        (Some(one), Some(two)) => Err(Resolution::Invalid(format!(
            "versions '{}' and '{}' both have the tag '{}': a baseline is one version",
            visible(&one.version, 80),
            visible(&two.version, 80),
            visible(tag, 80)
        ))),
        (None, _) => Err(none(format!(
            "no other version of model '{}' has the tag '{}'",
            visible(&model.name, 80),
            visible(tag, 80)
        ))),
    }
}

/// The other version with the best value of a metric; of equal ones the newest.
fn best<'a>(
    metric: &str,
    baseline: &Baseline,
    inputs: &Inputs<'a>,
    model: &'a Model,
    version: &Version,
    none: impl Fn(String) -> Resolution<'a>,
) -> Result<Other<'a>, Resolution<'a>> {
    let registry = inputs.registry;
    let definition = registry.catalogue.get(metric);
    let target = definition.and_then(|d| d.target).map(crate::model::Finite::get);
    let goodness = |value: f64| match (definition.and_then(|d| d.direction), target) {
        (Some(Direction::Higher), _) => value,
        (Some(Direction::Target), Some(target)) => -(value - target).abs(),
        _ => -value,
    };
    let mut candidates: Vec<(f64, &Version)> = Vec::new();
    for other in model.versions.iter().filter(|v| v.version != version.version) {
        if baseline.only_passing && !inputs.ledger.has_passed(&model.name, other.digest) {
            continue;
        }
        // A version whose value is not known may be the best one: leaving it out would lower the bar.
        let unknown = |why: &str| {
            let (name, metric) = (visible(&other.version, 80), visible(metric, 80));
            let help = if baseline.only_passing { "" } else { "; only = \"passing\" leaves it out" };
            Resolution::Invalid(format!("version '{name}' may be the best by '{metric}': {why}{help}"))
        };
        if let Some(why) = &other.ambiguous {
            return Err(unknown(&format!("it is ambiguous: {}", visible(why, 200))));
        }
        let Some(run) = registry.run_of(other).filter(|run| !run.deleted) else { continue };
        if let Some(why) = unreadable(registry, run) {
            return Err(unknown(&format!("its evidence could not be read: {why}")));
        }
        let rejected = |r: &&Rejected| {
            r.slice.is_overall() && r.class.is_none() && registry.catalogue.canonical(&r.metric) == metric
        };
        if let Some(rejected) = run.rejected.iter().find(rejected) {
            return Err(unknown(&format!("its value is no number: {}", visible(&rejected.found, 80))));
        }
        let values: BTreeSet<Option<Finite>> = registry.overall(run, metric).map(|r| r.value.finite()).collect();
        match (values.len(), values.first()) {
            (0, _) | (_, None) => {}
            (1, Some(Some(value))) => candidates.push((goodness(value.get()), other)),
            (1, _) => return Err(unknown("its value is not finite")),
            _ => return Err(unknown("it has several values")),
        }
    }
    // The last of equal ones: versions stand oldest first.
    candidates.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, v)| Other::Version(v)).ok_or_else(|| {
        none(format!(
            "no other version of model '{}' has a value of '{}'",
            visible(&model.name, 80),
            visible(metric, 80)
        ))
    })
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

/// Why the two sides cannot be compared, as far as that is known without the values.
pub(super) fn differs(baseline: &Baseline, ours: &Run, theirs: &Run, dataset: Option<&str>) -> Option<String> {
    let data = baseline.same.contains(&Same::DatasetDigest).then(|| {
        match (data_of(ours, dataset), data_of(theirs, dataset)) {
            (Err(why), _) => Some(format!("this version {why}")),
            (_, Err(why)) => Some(format!("the baseline {why}")),
            (Ok(ours), Ok(theirs)) if ours != theirs => {
                Some(format!("the evaluation data differs: {} here, {} there", show(&ours), show(&theirs)))
            }
            _ => None,
        }
    });
    let code = baseline.same.contains(&Same::EvalCodeDigest).then(|| match (code_of(ours), code_of(theirs)) {
        (None, _) => Some(format!("this version has no param or tag '{CODE}'")),
        (_, None) => Some(format!("the baseline has no param or tag '{CODE}'")),
        (Some(ours), Some(theirs)) if ours != theirs => {
            Some(format!("the code that measured differs: {} here, {} there", visible(&ours, 20), visible(&theirs, 20)))
        }
        _ => None,
    });
    data.flatten().or_else(|| code.flatten())
}

/// The param or tag that identifies the code that measured.
const CODE: &str = "eval_code_digest";

fn code_of(run: &Run) -> Option<String> {
    let param = run.params.get(CODE).map(crate::model::Datum::display).map(|text| text.to_string());
    param.or_else(|| run.tags.get(CODE).cloned()).filter(|text| !text.trim().is_empty())
}

fn show(digests: &BTreeSet<&str>) -> String {
    digests.iter().map(|d| visible(d, 20)).collect::<Vec<_>>().join(" and ")
}

/// The digests of the evaluation data.
pub(super) fn data_of<'a>(run: &'a Run, dataset: Option<&str>) -> Result<BTreeSet<&'a str>, String> {
    let chosen = run.evaluation_data(dataset);
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
