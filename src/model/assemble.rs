//! Records become the frozen registry: linking, aliases, inherited cards, collisions, redaction.
//!
//! In: what all importers said, the catalogue and the mapping of trackers' concepts to models and
//! versions. Out: the [`Registry`], every list sorted, every contradiction a diagnostic. Nothing is
//! dropped: what contradicts itself stays visible and is marked so that the gate refuses it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::evidence::{evidence_at, evidence_below, sort_evidence};
use super::merge::Contradictions;
use super::secret::{REDACTED, looks_secret};
use super::{
    Card, CardResult, Catalogue, Datum, Direction, Mapping, Measured, MetricDefinition, Model, ModelRecord, Records,
    Registry, Run, RunStatus, Section, Version, VersionRecord, natural_cmp,
};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::digest::Sha256;

/// Links records into the registry.
pub fn assemble(mut records: Records, catalogue: Catalogue, mappings: &[Mapping]) -> Registry {
    let mut problems = std::mem::take(&mut records.problems);
    let found: Vec<Vec<Diagnostic>> = records.runs.par_iter_mut().map(redact).collect();
    problems.extend(found.into_iter().flatten());
    sort_evidence(&mut records.evidence);
    records.evidence.dedup();
    map_runs(&mut records, mappings, &mut problems);
    place_cards(&mut records);
    let contradictions = super::merge::merge(&mut records, &mut problems);
    let runs = sorted_runs(records.runs, &mut problems);
    let mut drift = records.drift;
    drift.sort_by(|a, b| a.id.cmp(&b.id));
    let mut checks = records.checks;
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut cards = records.cards;
    cards.sort_by(|a, b| a.path.cmp(&b.path));
    records.unrecognised.sort();
    records.unrecognised.dedup();

    let catalogue = directed(catalogue, &runs);
    let mut registry = Registry {
        sources: records.sources,
        models: Vec::new(),
        runs,
        drift,
        checks,
        cards,
        evidence: records.evidence,
        unrecognised: records.unrecognised,
        problems: Vec::new(),
        catalogue,
    };
    registry.models = link_models(records.models, &registry, &contradictions, &mut problems);
    name_runs(&mut registry);
    check_results(&registry, &mut problems);
    problems.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    problems.dedup();
    registry.problems = problems;
    registry
}

/// The catalogue with the directions that evidence gives for metrics of which it knows none. A
/// metric that two files speak of differently stays without.
fn directed(mut catalogue: Catalogue, runs: &[Run]) -> Catalogue {
    let mut said: BTreeMap<&str, Option<Direction>> = BTreeMap::new();
    for (metric, direction) in runs.iter().filter(|r| !r.deleted).flat_map(|r| &r.directions) {
        let known = said.entry(metric).or_insert(Some(*direction));
        if *known != Some(*direction) {
            *known = None;
        }
    }
    for (metric, direction) in said {
        let Some(direction @ (Direction::Higher | Direction::Lower)) = direction else { continue };
        let mut definition = match catalogue.get(metric) {
            Some(known) if known.direction.is_some() => continue,
            Some(known) => known.clone(),
            None => MetricDefinition::named(metric),
        };
        definition.direction = Some(direction);
        catalogue.insert(definition);
    }
    catalogue
}

/// Replaces credentials in params and tags, once for all outputs.
fn redact(run: &mut Run) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut found = |kind: &str, key: &str| {
        problems.push(
            Diagnostic::new(
                Code::SecretRedacted,
                format!("{kind} '{}' looks like a credential; its value is not shown", visible(key, 80)),
            )
            .at(run.origin.path.clone())
            .pointer(key)
            .help("remove it from the run and revoke it: it is in the tracker's files in plain text"),
        );
    };
    for (key, value) in &mut run.params {
        redact_datum("parameter", key, value, &mut found);
    }
    for tags in [&mut run.tags, &mut run.system_tags] {
        for (key, value) in tags {
            if looks_secret(key, value) {
                *value = REDACTED.to_owned();
                found("tag", key);
            }
        }
    }
    for (key, value) in &mut run.extra {
        redact_datum("field", key, value, &mut found);
    }
    let addresses = run.datasets.iter_mut().filter_map(|d| d.uri.as_mut().map(|uri| ("dataset", uri)));
    for (what, address) in addresses.chain(run.git.remote.as_mut().map(|remote| ("git remote", remote))) {
        if looks_secret(what, address) {
            *address = REDACTED.to_owned();
            found("address of a", what);
        }
    }
    problems
}

fn redact_datum(kind: &str, key: &str, value: &mut Datum, found: &mut impl FnMut(&str, &str)) {
    match value {
        Datum::Text(text) if looks_secret(key, text) => {
            *text = REDACTED.to_owned();
            found(kind, key);
        }
        Datum::List(items) => items.iter_mut().for_each(|item| redact_datum(kind, key, item, found)),
        Datum::Map(entries) => entries.iter_mut().for_each(|(key, item)| redact_datum(kind, key, item, found)),
        _ => {}
    }
}

/// Trackers whose experiments stand for models when nothing was registered, and the statuses of runs
/// that are then versions: TensorBoard seldom says how a run ended.
const TRACKERS: &[(&str, &[RunStatus])] = &[
    ("mlflow", &[RunStatus::Finished]),
    ("wandb", &[RunStatus::Finished]),
    ("tensorboard", &[RunStatus::Finished, RunStatus::Unknown]),
];

/// Applies `[source.map]`, and the default for a tracker without registered models: the experiment
/// is the model and each finished top-level run a version.
fn map_runs(records: &mut Records, mappings: &[Mapping], problems: &mut Vec<Diagnostic>) {
    for mapping in mappings {
        for run in records.runs.iter_mut().filter(|r| is_below(&r.folder, &mapping.below) && !r.deleted) {
            match (mapping.model_of(run), mapping.version_of(run)) {
                (Ok(model), Ok(version)) => {
                    run.model = Some(model);
                    run.version = Some(version);
                }
                (Err(field), _) | (_, Err(field)) => problems.push(
                    Diagnostic::new(
                        Code::FieldMissing,
                        format!("run '{}' has no {{{field}}}, so it is no version of any model", visible(&run.id, 80)),
                    )
                    .severity(Severity::Note)
                    .at(run.origin.path.clone())
                    .help("choose another field in [source.map]"),
                ),
            }
        }
    }
    let registered: BTreeSet<&str> =
        records.models.iter().flat_map(|m| &m.versions).filter_map(|v| v.run.as_deref()).collect();
    let registered: Vec<&str> =
        records.runs.iter().filter(|r| registered.contains(r.id.as_str())).map(|r| r.folder.as_str()).collect();
    let tracker = |kind: &str| TRACKERS.iter().find(|(tracker, _)| kind.starts_with(tracker)).map(|(_, done)| *done);
    let unregistered: Vec<(String, String, &[RunStatus])> = records
        .sources
        .iter()
        .filter_map(|s| Some((s, tracker(&s.kind)?)))
        .filter(|(s, _)| !mappings.iter().any(|m| is_below(&s.path, &m.below)))
        .filter(|(s, _)| !registered.iter().any(|folder| is_below(folder, &s.path)))
        .map(|(s, done)| (s.kind.clone(), s.path.clone(), done))
        .collect();
    for (kind, store, done) in unregistered {
        let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
        let eligible = |r: &Run| {
            is_below(&r.folder, &store)
                && r.source == kind
                && !r.deleted
                && r.parent.is_none()
                && done.contains(&r.status)
        };
        for run in records.runs.iter().filter(|r| eligible(r)) {
            *seen.entry((run.experiment.clone().unwrap_or_default(), run.name.clone())).or_default() += 1;
        }
        for run in records.runs.iter_mut().filter(|r| eligible(r)) {
            let Some(experiment) = run.experiment.clone() else { continue };
            let unique = seen.get(&(experiment.clone(), run.name.clone())) == Some(&1) && !run.name.is_empty();
            let short: String = run.id.chars().take(8).collect();
            run.version = Some(match run.name.as_str() {
                name if unique => name.to_owned(),
                "" => short,
                name => format!("{name}-{short}"),
            });
            run.model = Some(experiment);
        }
    }
}

/// Cards that came with a run become cards of its versions, as the registry or the mapping names them.
fn place_cards(records: &mut Records) {
    if records.run_cards.is_empty() {
        return;
    }
    let mut versions: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for model in &records.models {
        for version in &model.versions {
            if let Some(run) = &version.run {
                versions.entry(run).or_default().insert((&model.name, &version.version));
            }
        }
    }
    for run in &records.runs {
        if let (Some(model), Some(version)) = (&run.model, &run.version) {
            versions.entry(&run.id).or_default().insert((model, version));
        }
    }
    for (run, card) in std::mem::take(&mut records.run_cards) {
        match versions.get(run.as_str()) {
            Some(versions) => records.cards.extend(versions.iter().map(|(model, version)| Card {
                model: Some((*model).to_owned()),
                version: Some((*version).to_owned()),
                ..card.clone()
            })),
            None => records.cards.push(card),
        }
    }
}

/// Whether a path is a folder or lies below it; the empty folder holds everything.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || folder == "."
        || path == folder
        || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Runs sorted by id. Of two runs with one id the later (by folder) gets its folder as id, and a
/// diagnostic says so: the gate must not choose between them.
fn sorted_runs(mut runs: Vec<Run>, problems: &mut Vec<Diagnostic>) -> Vec<Run> {
    runs.sort_by(|a, b| (&a.id, &a.folder).cmp(&(&b.id, &b.folder)));
    for i in 1..runs.len() {
        if runs[i].id == runs[i - 1].id {
            problems.push(
                Diagnostic::new(
                    Code::RunDuplicate,
                    format!(
                        "run id '{}' is claimed by '{}' and '{}'",
                        visible(&runs[i].id, 80),
                        visible(&runs[i - 1].folder, 200),
                        visible(&runs[i].folder, 200)
                    ),
                )
                .at(runs[i].origin.path.clone())
                .help("remove one of the two folders, or give the copy an id of its own"),
            );
            runs[i].id = format!("{}#{}", runs[i].id, runs[i].folder);
        }
    }
    runs.sort_by(|a, b| a.id.cmp(&b.id));
    runs
}

fn link_models(
    declared: Vec<ModelRecord>,
    registry: &Registry,
    contradictions: &Contradictions,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Model> {
    let mut models: BTreeMap<String, ModelRecord> = BTreeMap::new();
    for record in declared {
        match models.entry(record.name.clone()) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(record);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => merge_model(slot.get_mut(), record, problems),
        }
    }
    let said = |m: &ModelRecord, v: &VersionRecord| Some((v.run.clone()?, m.name.clone(), v.version.clone()));
    let said: BTreeSet<(String, String, String)> =
        models.values().flat_map(|m| m.versions.iter().filter_map(move |v| said(m, v))).collect();
    for run in registry.runs.iter().filter(|r| !r.deleted) {
        let (Some(model), Some(version)) = (&run.model, &run.version) else { continue };
        if !said.is_empty() && said.contains(&(run.id.clone(), model.clone(), version.clone())) {
            continue;
        }
        let record = models
            .entry(model.clone())
            .or_insert_with(|| ModelRecord { name: model.clone(), ..ModelRecord::default() });
        record.versions.push(VersionRecord {
            version: version.clone(),
            run: Some(run.id.clone()),
            ..VersionRecord::default()
        });
    }
    let attached = Attached::index(registry);
    models.into_values().map(|record| link_model(record, registry, &attached, contradictions, problems)).collect()
}

/// Two sources that declare one model: the first that says something wins, versions are joined. An
/// alias or stage that they point at different versions points at none: the gate must not choose.
fn merge_model(into: &mut ModelRecord, other: ModelRecord, problems: &mut Vec<Diagnostic>) {
    into.title = into.title.take().or(other.title);
    into.description = into.description.take().or(other.description);
    if into.owners.is_empty() {
        into.owners = other.owners;
    }
    for (key, value) in other.tags {
        into.tags.entry(key).or_insert(value);
    }
    into.links.extend(other.links);
    let name = into.name.clone();
    for (kind, ours, theirs) in [("alias", &mut into.aliases, other.aliases), ("stage", &mut into.stages, other.stages)]
    {
        for (key, target) in theirs {
            match ours.get(&key) {
                Some(known) if *known != target => {
                    problems.push(pointed_twice(kind, &key, known, &target, &name));
                    ours.remove(&key);
                }
                Some(_) => {}
                None => {
                    ours.insert(key, target);
                }
            }
        }
    }
    into.versions.extend(other.versions);
}

fn pointed_twice(kind: &str, key: &str, one: &str, other: &str, model: &str) -> Diagnostic {
    Diagnostic::new(
        Code::VersionContradiction,
        format!(
            "{kind} '{}' of model '{}' points at version '{}' and at version '{}'; it counts as pointing at none",
            visible(key, 80),
            visible(model, 80),
            visible(one, 80),
            visible(other, 80)
        ),
    )
    .help("correct one of the two sources")
}

/// Drift reports and checks by run, cards by model: found once for all versions.
struct Attached<'a> {
    drift: BTreeMap<&'a str, Vec<usize>>,
    checks: BTreeMap<&'a str, Vec<usize>>,
    cards: BTreeMap<&'a str, Vec<&'a Card>>,
}

impl<'a> Attached<'a> {
    fn index(registry: &'a Registry) -> Self {
        let mut out = Self { drift: BTreeMap::new(), checks: BTreeMap::new(), cards: BTreeMap::new() };
        for (i, report) in registry.drift.iter().enumerate() {
            if let Some(run) = &report.run {
                out.drift.entry(run).or_default().push(i);
            }
        }
        for (i, check) in registry.checks.iter().enumerate() {
            if let Some(run) = &check.run {
                out.checks.entry(run).or_default().push(i);
            }
        }
        for card in &registry.cards {
            if let Some(model) = &card.model {
                out.cards.entry(model).or_default().push(card);
            }
        }
        out
    }
}

fn link_model(
    record: ModelRecord,
    registry: &Registry,
    attached: &Attached<'_>,
    contradictions: &Contradictions,
    problems: &mut Vec<Diagnostic>,
) -> Model {
    let mut by_version: BTreeMap<String, Vec<VersionRecord>> = BTreeMap::new();
    for version in record.versions {
        by_version.entry(version.version.clone()).or_default().push(version);
    }
    let no_cards = Vec::new();
    let cards = attached.cards.get(record.name.as_str()).unwrap_or(&no_cards);
    let mut aliases = record.aliases;
    let mut contested: BTreeSet<String> = BTreeSet::new();
    let mut due = Vec::with_capacity(by_version.len());
    for (name, claims) in by_version {
        let mut runs: Vec<&str> = claims.iter().filter_map(|c| c.run.as_deref()).collect();
        runs.sort_unstable();
        runs.dedup();
        let ambiguous = (runs.len() > 1).then(|| {
            let folders: Vec<String> = runs
                .iter()
                .map(|id| registry.run_index(id).map_or((*id).to_owned(), |i| registry.runs[i].folder.clone()))
                .collect();
            problems.push(
                Diagnostic::new(
                    Code::VersionDuplicate,
                    format!(
                        "version '{}' of model '{}' is claimed by {}",
                        visible(&name, 80),
                        visible(&record.name, 80),
                        visible(&folders.join(" and "), 400)
                    ),
                )
                .at(folders.last().cloned().unwrap_or_default())
                .help("a version is exactly one run: rename one of them, or leave one source out"),
            );
            format!("claimed by {}", folders.join(" and "))
        });
        let ambiguous = ambiguous.or_else(|| contradictions.get(&(record.name.clone(), name.clone())).cloned());
        let ambiguous = ambiguous.or_else(|| claims.iter().find_map(|c| c.contested.clone()));
        let run = runs.first().and_then(|id| registry.run_index(id));
        if let (None, Some(id)) = (run, runs.first()) {
            problems.push(
                Diagnostic::new(
                    Code::RunMissing,
                    format!(
                        "version '{}' of model '{}' points at run '{}', which was not found",
                        visible(&name, 80),
                        visible(&record.name, 80),
                        visible(id, 80)
                    ),
                )
                .help("add the store that holds the run as a [[source]]"),
            );
        }
        for alias in claims.iter().flat_map(|c| &c.aliases) {
            match aliases.get(alias) {
                Some(known) if *known != name => {
                    problems.push(pointed_twice("alias", alias, known, &name, &record.name));
                    contested.insert(alias.clone());
                }
                Some(_) => {}
                None => {
                    aliases.insert(alias.clone(), name.clone());
                }
            }
        }
        due.push((name, claims, run, ambiguous));
    }
    let link = |(name, claims, run, ambiguous)| {
        link_version(&record.name, name, claims, run, ambiguous, cards, attached, registry)
    };
    let mut versions: Vec<Version> = due.into_par_iter().map(link).collect();
    versions.sort_by(|a, b| natural_cmp(&a.version, &b.version));
    aliases.retain(|alias, _| !contested.contains(alias));
    for version in &mut versions {
        version.aliases.retain(|alias| !contested.contains(alias));
    }
    for (alias, target) in &aliases {
        match versions.iter_mut().find(|v| v.version == *target) {
            Some(version) if !version.aliases.contains(alias) => version.aliases.push(alias.clone()),
            Some(_) => {}
            None => problems.push(dangling("alias", alias, target, &record.name)),
        }
    }
    for (stage, target) in &record.stages {
        match versions.iter_mut().find(|v| v.version == *target) {
            Some(version) => version.stage = Some(stage.clone()),
            None => problems.push(dangling("stage", stage, target, &record.name)),
        }
    }
    for version in &mut versions {
        version.aliases.sort();
    }
    aliases.retain(|_, target| versions.iter().any(|v| v.version == *target));
    Model {
        title: record.title.unwrap_or_else(|| record.name.clone()),
        name: record.name,
        description: record.description,
        owners: record.owners,
        tags: record.tags,
        links: record.links,
        aliases,
        versions,
    }
}

fn dangling(kind: &str, name: &str, target: &str, model: &str) -> Diagnostic {
    Diagnostic::new(
        Code::AliasDangling,
        format!(
            "{kind} '{}' of model '{}' points at version '{}', which does not exist",
            visible(name, 80),
            visible(model, 80),
            visible(target, 80)
        ),
    )
    .help("point it at a version that exists, or remove it")
}

#[expect(clippy::too_many_arguments, reason = "the parts of one version, each from another index")]
fn link_version(
    model: &str,
    name: String,
    claims: Vec<VersionRecord>,
    run: Option<usize>,
    ambiguous: Option<String>,
    cards: &[&Card],
    attached: &Attached<'_>,
    registry: &Registry,
) -> Version {
    let mut joined = VersionRecord::default();
    for claim in claims {
        joined.aliases.extend(claim.aliases);
        joined.stage = joined.stage.or(claim.stage);
        joined.status = joined.status.or(claim.status);
        joined.description = joined.description.or(claim.description);
        joined.created_at = joined.created_at.or(claim.created_at);
        for (key, value) in claim.tags {
            joined.tags.entry(key).or_insert(value);
        }
    }
    joined.aliases.sort();
    joined.aliases.dedup();
    let record = run.map(|i| &registry.runs[i]);
    let mut drift = record.and_then(|r| attached.drift.get(r.id.as_str())).cloned().unwrap_or_default();
    drift.sort_by_key(|i| (registry.drift[*i].window.end.or(registry.drift[*i].window.start), *i));
    let checks = record.and_then(|r| attached.checks.get(r.id.as_str())).cloned().unwrap_or_default();
    let evidence = record.map_or(0..0, |r| evidence_below(&registry.evidence, &r.folder));
    let mut shared_evidence: Vec<usize> = cards
        .iter()
        .filter(|c| c.version.is_none())
        .filter_map(|c| evidence_at(&registry.evidence, &c.path))
        .chain(record.iter().flat_map(|r| &r.further).flat_map(|f| evidence_below(&registry.evidence, f)))
        .filter(|i| !evidence.contains(i))
        .collect();
    shared_evidence.sort_unstable();
    shared_evidence.dedup();
    let judged = evidence.clone().chain(shared_evidence.iter().copied()).map(|i| &registry.evidence[i]);
    let mut lines: Vec<String> = judged.map(|e| format!("{}  {}\n", e.sha256, e.path)).collect();
    lines.sort();
    let digest = Sha256::of_parts(lines.iter().map(|l| l.as_bytes()));
    Version {
        model: model.to_owned(),
        created_at: record.and_then(|r| r.started_at).or(joined.created_at),
        description: joined.description.or_else(|| record.and_then(|r| r.description.clone())),
        card: merge_cards(cards, &name),
        version: name,
        run,
        aliases: joined.aliases,
        stage: joined.stage,
        status: joined.status,
        tags: joined.tags,
        drift,
        checks,
        evidence,
        shared_evidence,
        digest,
        ambiguous,
    }
}

/// The card of a version: the model's card, with the sections of the version's own cards in the
/// place of inherited ones of the same id, and its front matter laid over.
fn merge_cards(cards: &[&Card], version: &str) -> Option<Card> {
    let inherited = cards.iter().filter(|c| c.version.is_none());
    let own = cards.iter().filter(|c| c.version.as_deref() == Some(version));
    let mut merged: Option<Card> = None;
    for card in inherited.chain(own) {
        match &mut merged {
            None => merged = Some((*card).clone()),
            Some(base) => lay_over(base, card),
        }
    }
    if let Some(card) = &mut merged {
        card.version = Some(version.to_owned());
    }
    merged
}

fn lay_over(base: &mut Card, over: &Card) {
    base.path.clone_from(&over.path);
    if let (Datum::Map(into), Datum::Map(from)) = (&mut base.metadata, &over.metadata) {
        for (key, value) in from {
            match into.iter_mut().find(|(k, _)| k == key) {
                Some((_, old)) => *old = value.clone(),
                None => into.push((key.clone(), value.clone())),
            }
        }
    }
    for claim in &over.results {
        // Two files that claim the same claim it once.
        let same = |c: &CardResult| {
            c.metric == claim.metric
                && c.source.path != claim.source.path
                && CardResult { source: claim.source.clone(), ..c.clone() } == *claim
        };
        if !base.results.iter().any(same) {
            base.results.push(claim.clone());
        }
    }
    let mut at = 0;
    while at < over.sections.len() {
        let end = block_end(&over.sections, at);
        let block = over.sections[at..end].to_vec();
        // A title or preamble of the version's own card replaces the inherited one.
        let same = |s: &Section| s.id == block[0].id || (s.level <= 1 && s.level == block[0].level);
        match base.sections.iter().position(same) {
            Some(start) => {
                let stop = block_end(&base.sections, start);
                base.sections.splice(start..stop, block);
            }
            None => base.sections.extend(block),
        }
        at = end;
    }
}

/// The end of a section with everything nested below it. A title (level 1) holds nothing: cards put
/// all their sections under it.
fn block_end(sections: &[Section], start: usize) -> usize {
    let level = sections[start].level.max(2);
    let nested = sections[start + 1..].iter().take_while(|s| s.level > level).count();
    start + 1 + nested
}

/// Runs that a registry's version points at learn the model and version they are.
fn name_runs(registry: &mut Registry) {
    for model in &registry.models {
        for version in &model.versions {
            if let Some(i) = version.run {
                let run = &mut registry.runs[i];
                if run.model.is_none() {
                    run.model = Some(model.name.clone());
                    run.version = Some(version.version.clone());
                }
            }
        }
    }
}

/// Whether two numbers are one that was written with fewer digits the second time: writers such as
/// pandas keep ten. The gate still compares exactly.
fn same_value(a: Measured, b: Measured) -> bool {
    match (a.finite(), b.finite()) {
        (Some(a), Some(b)) => (a.get() - b.get()).abs() <= 1e-9 * a.get().abs().max(b.get().abs()),
        _ => a == b,
    }
}

/// Conflicting, repeated, non-finite and out-of-range values: shown as problems; the gate decides
/// for itself which of them a rule touches.
fn check_results(registry: &Registry, problems: &mut Vec<Diagnostic>) {
    let judged = registry.runs.par_iter().filter(|r| !r.deleted);
    let found: Vec<Vec<Diagnostic>> = judged.map(|run| problems_of(run, &registry.catalogue)).collect();
    problems.extend(found.into_iter().flatten());
}

/// What is wrong with the values of a run.
fn problems_of(run: &Run, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::new();
    for result in &run.results {
        let name = catalogue.canonical(&result.metric);
        let (_, dataset, split, slice, class) = result.key();
        if let Some(first) = seen.insert((name, dataset, split, slice, class), result) {
            let place = format!("{} and {}", first.source, result.source);
            let (code, severity, text) = if same_value(first.value, result.value) {
                (
                    Code::MetricRepeated,
                    Severity::Note,
                    format!("metric '{}' is given twice with the same value ({place})", visible(name, 80)),
                )
            } else {
                (
                    Code::MetricConflict,
                    Severity::Warning,
                    format!(
                        "metric '{}' has the values {} and {} ({place})",
                        visible(name, 80),
                        first.value,
                        result.value
                    ),
                )
            };
            problems.push(
                Diagnostic::new(code, text)
                    .severity(severity)
                    .at(result.source.path.clone())
                    .pointer(result.source.pointer.clone())
                    .help("keep one of the two, or say which dataset, split or slice each was measured on"),
            );
        }
        match (result.value.finite(), catalogue.get(name).and_then(|d| d.range)) {
            (None, _) => problems.push(
                Diagnostic::new(Code::MetricNonFinite, format!("metric '{}' of run '{}' is {}", visible(name, 80), visible(&run.name, 80), result.value))
                    .at(result.source.path.clone())
                    .pointer(result.source.pointer.clone())
                    .help("a rule on this metric fails; find out why the evaluation gave no number"),
            ),
            (Some(value), Some((low, high))) if value.get() < low || value.get() > high => problems.push(
                Diagnostic::new(Code::MetricRange, format!("metric '{}' is {}, outside {low} to {high}", visible(name, 80), value.get()))
                    .at(result.source.path.clone())
                    .pointer(result.source.pointer.clone())
                    .help("a percentage where a fraction is meant? correct the value, or the range under [metrics] in presscheck.toml"),
            ),
            _ => {}
        }
    }
    problems
}
