//! Everything that pages ask more than once, worked out once: slugs, headline metrics, champions,
//! verdicts by version, drift states, experiments.
//!
//! In: the site's input. Out: [`Facts`], which borrow from the registry. Must not compute a verdict.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::url::Names;
use super::{Leaderboard, SiteInput};
use crate::diag::visible;
use crate::gate::history::Decision;
use crate::gate::verdict::{RuleKind, Verdict};
use crate::markdown;
use crate::model::{Direction, DriftReport, Instant, MetricDefinition, MetricResult, Model, Registry, Run, Version};

/// All facts of the site.
pub(crate) struct Facts<'a> {
    pub registry: &'a Registry,
    pub input: &'a SiteInput<'a>,
    /// The address of the site with a slash at its end.
    pub base: Option<String>,
    pub models: Vec<ModelFacts<'a>>,
    /// For each run of the registry the model and version that it is.
    pub owners: Vec<Option<(u32, u32)>>,
    pub experiments: Vec<Experiment<'a>>,
    /// Experiments by the name that runs give (empty for none).
    pub experiment_of: BTreeMap<&'a str, usize>,
    /// Runs that are no version, as indices; each has a page.
    pub loose_runs: Vec<usize>,
    /// Runs by parent id.
    pub children: BTreeMap<&'a str, Vec<usize>>,
    /// Drift reports that belong to no version and no run with a page.
    pub loose_drift: Vec<usize>,
    pub run_slugs: Names<'a>,
    /// All stages that verdicts speak of, in the order of the policy as the verdicts list them.
    pub stages: Vec<&'a str>,
}

/// Facts about a model.
pub(crate) struct ModelFacts<'a> {
    pub model: &'a Model,
    pub slug: String,
    pub versions: Vec<VersionFacts<'a>>,
    pub headline: Option<Headline>,
    /// The version that others are compared with: alias `champion`, else the one in production.
    pub champion: Option<usize>,
    /// Versions by name.
    pub position: BTreeMap<&'a str, usize>,
}

/// Facts about a version.
pub(crate) struct VersionFacts<'a> {
    pub version: &'a Version,
    pub run: Option<&'a Run>,
    pub slug: String,
    pub verdicts: &'a [Verdict],
    /// Earlier decisions on it, as indices into those about the model, newest first.
    pub decisions: Vec<usize>,
    /// The headline metric's value.
    pub value: Option<&'a MetricResult>,
    pub drift: DriftState,
    pub card: CardState,
}

/// The metric that stands for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    pub metric: String,
    pub dataset: Option<String>,
    pub split: Option<String>,
    pub label: String,
    pub unit: String,
    pub direction: Option<Direction>,
}

/// An experiment: runs that are no versions.
pub(crate) struct Experiment<'a> {
    pub name: &'a str,
    pub slug: String,
    /// Newest first.
    pub runs: Vec<usize>,
}

/// What the newest drift report of a version says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DriftState {
    /// Reports there are.
    pub reports: usize,
    /// Whether the newest report with an opinion says drift.
    pub drifted: Option<bool>,
    /// Drifted features and all features of that report.
    pub features: (usize, usize),
    /// Its window or name.
    pub window: String,
}

/// How complete a card is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CardState {
    /// Core sections with something in them.
    pub present: usize,
    /// Titles of those that are missing.
    pub missing: Vec<&'static str>,
}

/// Core sections of a card: title, and ids under which cards hold it.
pub(crate) const CORE_SECTIONS: [(&str, &[&str]); 6] = [
    ("Intended use", &["intended_use", "intended_uses", "uses", "direct_use", "intended_uses_limitations"]),
    ("Out-of-scope use", &["out_of_scope_use", "out_of_scope_uses", "out_of_scope", "misuse_and_out_of_scope_use"]),
    ("Training data", &["training_data", "training_dataset", "training_details", "data"]),
    (
        "Evaluation",
        &[
            "evaluation",
            "evaluation_data",
            "evaluation_results",
            "metrics",
            "results",
            "performance",
            "quantitative_analyses",
        ],
    ),
    (
        "Limitations",
        &[
            "limitations",
            "bias_risks_and_limitations",
            "limitations_and_bias",
            "known_limitations",
            "caveats",
            "caveats_and_recommendations",
        ],
    ),
    (
        "Ethical considerations",
        &["ethical_considerations", "ethics", "ethical_considerations_and_limitations", "fairness"],
    ),
];

/// Fewer words than this are no section.
const FEW_WORDS: usize = 5;

impl<'a> Facts<'a> {
    /// Works everything out.
    pub(crate) fn new(input: &'a SiteInput<'a>) -> Self {
        let registry = input.registry;
        let verdicts: BTreeMap<(&str, &str), &[Verdict]> =
            input.verdicts.iter().map(|((m, v), list)| ((m.as_str(), v.as_str()), list.as_slice())).collect();
        let model_slugs = Names::assign(registry.models.iter().map(|m| m.name.as_str()));
        let models: Vec<ModelFacts<'a>> = registry
            .models
            .par_iter()
            .map(|model| {
                let decisions = input.history.of(&model.name);
                model_facts(model, registry, &verdicts, &model_slugs, &input.options.leaderboards, decisions)
            })
            .collect();
        let mut owners = vec![None; registry.runs.len()];
        for (m, model) in models.iter().enumerate() {
            for (v, version) in model.versions.iter().enumerate() {
                if let (Some(run), Ok(m), Ok(v)) = (version.version.run, u32::try_from(m), u32::try_from(v)) {
                    owners[run] = Some((m, v));
                }
            }
        }
        let loose_runs: Vec<usize> = (0..registry.runs.len()).filter(|i| owners[*i].is_none()).collect();
        let run_slugs = Names::assign(loose_runs.iter().map(|i| registry.runs[*i].id.as_str()));
        let mut children: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, run) in registry.runs.iter().enumerate() {
            if let Some(parent) = &run.parent {
                children.entry(parent).or_default().push(i);
            }
        }
        let loose_drift = registry
            .drift
            .iter()
            .enumerate()
            .filter(|(_, d)| d.run.as_deref().and_then(|id| registry.run_index(id)).is_none())
            .map(|(i, _)| i)
            .collect();
        let mut stages: Vec<&str> = Vec::new();
        for list in input.verdicts.values() {
            for verdict in list {
                if !stages.contains(&verdict.stage.as_str()) {
                    stages.push(&verdict.stage);
                }
            }
        }
        let base = input.options.base_url.as_ref().map(|b| if b.ends_with('/') { b.clone() } else { format!("{b}/") });
        let experiments = experiments(registry, &loose_runs);
        let name =
            |e: &Experiment<'a>| e.runs.first().and_then(|i| registry.runs[*i].experiment.as_deref()).unwrap_or("");
        let experiment_of = experiments.iter().enumerate().map(|(i, e)| (name(e), i)).collect();
        Self {
            registry,
            input,
            base,
            models,
            owners,
            experiments,
            experiment_of,
            loose_runs,
            children,
            loose_drift,
            run_slugs,
            stages,
        }
    }

    pub(crate) fn model_path(&self, m: usize) -> String {
        format!("models/{}/index.html", self.models[m].slug)
    }

    pub(crate) fn version_path(&self, m: usize, v: usize) -> String {
        format!("models/{}/{}.html", self.models[m].slug, self.models[m].versions[v].slug)
    }

    /// The site's title.
    pub(crate) fn title(&self) -> String {
        visible(&self.input.options.title, 200)
    }

    pub(crate) fn compare_path(&self, m: usize, v: usize) -> String {
        format!("models/{}/{}-compare.html", self.models[m].slug, self.models[m].versions[v].slug)
    }

    pub(crate) fn drift_path(&self, m: usize, v: usize) -> String {
        format!("models/{}/{}-drift.html", self.models[m].slug, self.models[m].versions[v].slug)
    }

    /// The drift of all versions of a model.
    pub(crate) fn model_drift_path(&self, m: usize) -> String {
        format!("models/{}/drift.html", self.models[m].slug)
    }

    pub(crate) fn drift_data_path(&self, m: usize, v: usize) -> String {
        format!("data/drift/{}/{}.csv", self.models[m].slug, self.models[m].versions[v].slug)
    }

    /// The versions of a model that have drift reports, oldest first.
    pub(crate) fn drifting_versions(&self, m: usize) -> impl Iterator<Item = usize> {
        self.models[m].versions.iter().enumerate().filter(|(_, v)| v.drift.reports > 0).map(|(v, _)| v)
    }

    pub(crate) fn verdict_path(&self, m: usize, v: usize) -> String {
        format!("models/{}/{}-verdict.html", self.models[m].slug, self.models[m].versions[v].slug)
    }

    pub(crate) fn verdict_data_path(&self, m: usize, v: usize, stage: &str) -> String {
        let model = &self.models[m];
        format!("data/verdicts/{}/{}/{}.json", model.slug, model.versions[v].slug, super::url::slug(stage))
    }

    /// The page of a run: the version's page when it is a version.
    pub(crate) fn run_path(&self, run: usize) -> String {
        match self.owners[run] {
            Some((m, v)) => self.version_path(m as usize, v as usize),
            None => format!("runs/{}.html", self.run_slugs.get(&self.registry.runs[run].id)),
        }
    }

    /// Label and unit of a metric.
    pub(crate) fn label(&self, metric: &str) -> (String, String) {
        label(self.registry.catalogue.get(metric), metric)
    }

    /// Digest of the data behind a dataset name of a run, when the run declares it.
    pub(crate) fn data_digest<'r>(&self, run: &'r Run, dataset: Option<&str>) -> Option<&'r str> {
        let name = dataset?;
        run.datasets
            .iter()
            .find(|d| d.name == name)
            .or_else(|| run.datasets.iter().find(|d| d.role.as_deref() == Some(name)))?
            .digest
            .as_deref()
    }
}

impl ModelFacts<'_> {
    /// The newest version.
    pub(crate) fn latest(&self) -> Option<usize> {
        self.versions.len().checked_sub(1)
    }
}

fn label(definition: Option<&MetricDefinition>, metric: &str) -> (String, String) {
    let label = definition.and_then(|d| d.label.clone()).unwrap_or_else(|| metric.to_owned());
    (label, definition.and_then(|d| d.unit.clone()).unwrap_or_default())
}

fn model_facts<'a>(
    model: &'a Model,
    registry: &'a Registry,
    verdicts: &BTreeMap<(&str, &str), &'a [Verdict]>,
    slugs: &Names<'_>,
    boards: &[Leaderboard],
    decisions: &[Decision],
) -> ModelFacts<'a> {
    let version_slugs = Names::assign(model.versions.iter().map(|v| v.version.as_str()));
    let mut versions: Vec<VersionFacts<'a>> = model
        .versions
        .iter()
        .map(|version| VersionFacts {
            version,
            run: registry.run_of(version),
            slug: version_slugs.get(&version.version),
            verdicts: verdicts.get(&(model.name.as_str(), version.version.as_str())).copied().unwrap_or(&[]),
            decisions: Vec::new(),
            value: None,
            drift: drift_state(registry, version),
            card: card_state(version),
        })
        .collect();
    let position: BTreeMap<&str, usize> =
        model.versions.iter().enumerate().map(|(v, version)| (version.version.as_str(), v)).collect();
    for (i, decision) in decisions.iter().enumerate() {
        if let Some(v) = position.get(decision.entry.version.as_str()) {
            versions[*v].decisions.push(i);
        }
    }
    let champion = model
        .aliases
        .get("champion")
        .or_else(|| model.aliases.get("production"))
        .and_then(|name| model.versions.iter().position(|v| v.version == *name))
        .or_else(|| {
            model
                .versions
                .iter()
                .rposition(|v| v.stage.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("production")))
        });
    let mut out = ModelFacts { model, slug: slugs.get(&model.name), versions, headline: None, champion, position };
    out.headline = headline(&out, registry, boards);
    if let Some(headline) = &out.headline {
        for version in &mut out.versions {
            version.value = version.run.and_then(|run| value_of(registry, run, headline));
        }
    }
    out
}

/// The value of a headline metric in a run.
fn value_of<'a>(registry: &'a Registry, run: &'a Run, headline: &Headline) -> Option<&'a MetricResult> {
    run.results.iter().find(|r| {
        r.is_overall()
            && r.dataset == headline.dataset
            && r.split == headline.split
            && registry.catalogue.canonical(&r.metric) == headline.metric
    })
}

/// Which metrics speak for a model, best first, when nobody said.
const PREFERRED: [&str; 24] = [
    // What MTEB itself ranks a task by.
    "main_score",
    "auc",
    "average_precision",
    "balanced_accuracy",
    "f1_macro",
    "f1",
    "f1_weighted",
    "mcc",
    "accuracy",
    "exact_match",
    "ndcg",
    "r2",
    "mae",
    "rmse",
    "mape",
    "mse",
    "bleu",
    "rougeL",
    "wer",
    "perplexity",
    "log_loss",
    "brier",
    "val_loss",
    "loss",
];

/// How much a dataset says about a model: test data most, training data least.
pub(crate) fn dataset_place(dataset: Option<&str>) -> u8 {
    match dataset {
        Some("test") => 0,
        Some("holdout" | "eval" | "evaluation") => 1,
        Some("validation" | "val" | "dev") => 2,
        Some("train" | "training") => 5,
        Some(_) => 3,
        None => 4,
    }
}

/// Versions that are asked which metrics a model reports.
const RECENT: usize = 20;

/// The metric that stands for a model: the leaderboard's, else that of the policy's first metric rule,
/// else the one that most of the recent versions report, by a fixed order of preference.
fn headline(model: &ModelFacts<'_>, registry: &Registry, boards: &[Leaderboard]) -> Option<Headline> {
    type Key<'k> = (&'k str, Option<&'k str>, Option<&'k str>);
    let mut counts: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for version in model.versions.iter().rev().take(RECENT) {
        for result in version.run.iter().flat_map(|run| &run.results).filter(|r| r.is_overall()) {
            let metric = registry.catalogue.canonical(&result.metric);
            *counts.entry((metric, result.dataset.as_deref(), result.split.as_deref())).or_default() += 1;
        }
    }
    let rule = model.versions.iter().rev().flat_map(|v| v.verdicts).flat_map(|v| &v.rules).find_map(|r| {
        let whole = r.check == RuleKind::Metric && r.target.is_empty();
        Some((registry.catalogue.canonical(r.metric.as_deref().filter(|_| whole)?), r.dataset.as_deref()))
    });
    // A board for everybody may rank by a metric that this model does not report.
    let fits = |(metric, dataset): &(&str, Option<&str>)| {
        counts.keys().any(|(m, d, _)| m == metric && (dataset.is_none() || d == dataset))
    };
    let wanted = boards
        .iter()
        .filter(|b| b.covers(model.model))
        .map(|b| (registry.catalogue.canonical(&b.rank_by), b.dataset.as_deref()))
        .chain(rule)
        .find(fits);
    let rank = |(metric, dataset, split): &Key<'_>, n: usize| {
        let asked = wanted.is_some_and(|(m, d)| m == *metric && (d.is_none() || d == *dataset));
        let directed = matches!(
            registry.catalogue.direction(metric),
            Some(Direction::Higher | Direction::Lower | Direction::Target)
        );
        let preferred = PREFERRED.iter().position(|p| p == metric).unwrap_or(PREFERRED.len());
        let cost = metric.starts_with("latency");
        (!asked, !directed, cost, std::cmp::Reverse(n), preferred, dataset_place(*dataset), split.is_some())
    };
    let (key, _) = counts.iter().min_by_key(|(key, n)| (rank(key, **n), **key))?;
    let (metric, dataset, split) = *key;
    let (label, unit) = label(registry.catalogue.get(metric), metric);
    Some(Headline {
        metric: metric.to_owned(),
        dataset: dataset.map(str::to_owned),
        split: split.map(str::to_owned),
        label,
        unit,
        direction: registry.catalogue.direction(metric),
    })
}

/// The window of a report for people: its days, else what it says about its current data, else its file.
pub(crate) fn window_label(report: &DriftReport) -> String {
    match (report.window.start, report.window.end) {
        (Some(start), _) => start.date(),
        (None, Some(end)) => end.date(),
        _ => {
            let file = report.id.rsplit('/').next().unwrap_or(&report.id);
            file.strip_suffix(".json").unwrap_or(file).to_owned()
        }
    }
}

/// How many features of a report drifted, whatever the number of methods that looked at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DriftTally {
    /// At least one method says drift.
    pub drifted: usize,
    /// None does, and one says that there is none.
    pub stable: usize,
    /// No method has a verdict.
    pub unknown: usize,
}

impl DriftTally {
    /// All features.
    pub(crate) fn features(self) -> usize {
        self.drifted + self.stable + self.unknown
    }

    /// What follows for the data as a whole: stable where every feature is, else nothing.
    pub(crate) fn whole(self) -> Option<bool> {
        (self.stable > 0 && self.drifted + self.unknown == 0).then_some(false)
    }

    /// Drifted features among those with a verdict, in [0, 1].
    pub(crate) fn share(self) -> Option<f64> {
        let judged = self.drifted + self.stable;
        #[expect(clippy::cast_precision_loss, reason = "counts of features")]
        (judged > 0).then(|| self.drifted as f64 / judged as f64)
    }
}

/// The features of a report by what is said of them.
pub(crate) fn drift_tally(report: &DriftReport) -> DriftTally {
    let mut verdicts: BTreeMap<&str, Option<bool>> = BTreeMap::new();
    for f in &report.features {
        let said = verdicts.entry(&f.feature).or_default();
        *said = match (*said, f.drifted) {
            (Some(a), Some(b)) => Some(a || b),
            (a, b) => a.or(b),
        };
    }
    let of = |wanted: Option<bool>| verdicts.values().filter(|said| **said == wanted).count();
    DriftTally { drifted: of(Some(true)), stable: of(Some(false)), unknown: of(None) }
}

fn drift_state(registry: &Registry, version: &Version) -> DriftState {
    let judged = |d: &&DriftReport| d.drifted.is_some() || d.features.iter().any(|f| f.drifted.is_some());
    let newest = version.drift.iter().rev().map(|i| &registry.drift[*i]).find(judged);
    let Some(report) = newest else { return DriftState { reports: version.drift.len(), ..DriftState::default() } };
    let tally = drift_tally(report);
    DriftState {
        reports: version.drift.len(),
        drifted: report.drifted.or(tally.whole()),
        features: (tally.drifted, tally.features()),
        window: window_label(report),
    }
}

fn card_state(version: &Version) -> CardState {
    let Some(card) = &version.card else {
        return CardState { present: 0, missing: CORE_SECTIONS.iter().map(|s| s.0).collect() };
    };
    let mut state = CardState::default();
    for (title, ids) in CORE_SECTIONS {
        // A section that only holds further sections counts by what they hold; one with a placeholder
        // is still to be written.
        let words: usize = card
            .sections
            .iter()
            .enumerate()
            .filter(|(_, s)| ids.contains(&s.id.as_str()))
            .map(|(i, s)| {
                let below = card.sections[i + 1..].iter().take_while(|b| b.level > s.level);
                let all = || std::iter::once(s).chain(below.clone());
                if all().any(|s| markdown::placeholder(&s.markdown).is_some()) {
                    return 0;
                }
                all().map(|s| s.words).sum::<usize>()
            })
            .sum();
        if words >= FEW_WORDS { state.present += 1 } else { state.missing.push(title) }
    }
    state
}

fn experiments<'a>(registry: &'a Registry, loose: &[usize]) -> Vec<Experiment<'a>> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for i in loose {
        by_name.entry(registry.runs[*i].experiment.as_deref().unwrap_or("")).or_default().push(*i);
    }
    let slugs = Names::assign(by_name.keys().copied());
    let started = |i: &usize| registry.runs[*i].started_at.map_or(i64::MIN, Instant::millis);
    by_name
        .into_iter()
        .map(|(name, mut runs)| {
            runs.sort_by_key(|i| (std::cmp::Reverse(started(i)), *i));
            Experiment { name: if name.is_empty() { "no experiment" } else { name }, slug: slugs.get(name), runs }
        })
        .collect()
}
