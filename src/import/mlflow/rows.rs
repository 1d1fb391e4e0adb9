//! What a store says, whatever it is kept in: the rows that every back end hands over, and the one
//! place that makes records of them.
//!
//! In: rows, their fields still in MLflow's terms. Out: runs and versions. Files, a database and a
//! server thus give the same view of the same data. A back end reads and reports what is broken; what
//! a tag means, which run a version comes from and what counts as a prompt is said here.

use std::collections::BTreeMap;

use super::meta::without_userinfo;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::import::json;
use crate::model::{
    Artifact, Dataset, Datum, Git, Instant, Measured, MetricResult, Pointer, Rejected, Run, RunStatus, Series,
    VersionRecord,
};
use crate::source::FileData;

/// The key of the raw view under which a run's outputs stand.
pub(super) const MODEL_OUTPUTS: &str = "model_outputs";

/// The key of the raw view under which a run's inputs that are models stand.
const MODEL_INPUTS: &str = "model_inputs";

/// The tag in which MLflow 2 keeps what it knows of the models that a run logged.
const MODEL_HISTORY: &str = "mlflow.log-model.history";

/// The tag by which a registered prompt differs from a registered model.
const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// An experiment.
#[derive(Clone, Debug, Default)]
pub(super) struct ExperimentRow {
    /// Its id.
    pub(super) id: String,
    /// Its name; the id when that is all that is known.
    pub(super) name: String,
    /// Whether it is marked as deleted or lies in the trash.
    pub(super) deleted: bool,
    /// Its tags, those that MLflow sets included.
    pub(super) tags: BTreeMap<String, String>,
}

/// A run, everything that hangs on it included.
#[derive(Debug, Default)]
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: RunStatus,
    pub(super) deleted: bool,
    pub(super) started_at: Option<Instant>,
    pub(super) ended_at: Option<Instant>,
    /// The commit, in stores from before MLflow 1.
    pub(super) source_version: Option<String>,
    /// Fields that the model has no place for.
    pub(super) extra: Vec<(String, Datum)>,
    pub(super) params: BTreeMap<String, Datum>,
    /// The user's tags and those of MLflow.
    pub(super) tags: Vec<(String, String)>,
    pub(super) results: Vec<MetricResult>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) series: Vec<Series>,
    pub(super) datasets: Vec<Dataset>,
    /// Logged models that the run was given.
    pub(super) model_inputs: Vec<String>,
    /// Logged models that the run made, and at which step.
    pub(super) model_outputs: Vec<(String, Option<i64>)>,
    pub(super) artifacts: Vec<Artifact>,
    /// The folder of its evidence.
    pub(super) folder: String,
    /// Where its main record was read.
    pub(super) origin: Pointer,
}

impl RunRow {
    /// The run of an experiment. `kind` names the back end.
    pub(super) fn into_run(self, kind: &str, experiment: &ExperimentRow) -> Run {
        let mut run = Run {
            id: self.id,
            source: kind.to_owned(),
            name: self.name,
            experiment: Some(experiment.name.clone()),
            status: self.status,
            deleted: self.deleted || experiment.deleted,
            started_at: self.started_at,
            ended_at: self.ended_at,
            params: self.params,
            results: self.results,
            rejected: self.rejected,
            series: self.series,
            datasets: self.datasets,
            artifacts: self.artifacts,
            folder: self.folder,
            extra: self.extra,
            origin: self.origin,
            ..Run::default()
        };
        run.git.commit = self.source_version;
        run.extra.push(("experiment_id".to_owned(), Datum::Text(experiment.id.clone())));
        if !experiment.tags.is_empty() {
            run.extra.push(("experiment_tags".to_owned(), texts(&experiment.tags)));
        }
        for (key, value) in self.tags {
            let tags = if key.starts_with("mlflow.") { &mut run.system_tags } else { &mut run.tags };
            tags.insert(key, value);
        }
        apply_tags(&mut run);
        run.datasets.sort_by_cached_key(|d| (d.name.clone(), d.digest.clone(), d.role.clone()));
        if !self.model_inputs.is_empty() {
            let models = self.model_inputs.into_iter().map(Datum::Text).collect();
            run.extra.push((MODEL_INPUTS.to_owned(), Datum::List(models)));
        }
        if !self.model_outputs.is_empty() {
            let models = self.model_outputs.into_iter().map(|(id, step)| {
                let step = step.map(|step| ("step".to_owned(), Datum::Int(step)));
                Datum::Map([("model_id".to_owned(), Datum::Text(id))].into_iter().chain(step).collect())
            });
            run.extra.push((MODEL_OUTPUTS.to_owned(), Datum::List(models.collect())));
        }
        run
    }
}

/// What MLflow writes into tags although it is no tag of the user's.
fn apply_tags(run: &mut Run) {
    let tag = |keys: &[&str]| {
        keys.iter().find_map(|key| run.system_tags.get(*key)).filter(|value| !value.is_empty()).cloned()
    };
    let git = Git {
        commit: tag(&["mlflow.source.git.commit", "mlflow.git.commit"]).or_else(|| run.git.commit.clone()),
        branch: tag(&["mlflow.source.git.branch", "mlflow.gitBranchName", "mlflow.git.branch"]),
        remote: tag(&["mlflow.source.git.repoURL", "mlflow.gitRepoURL", "mlflow.git.repo_url"])
            .map(|address| without_userinfo(&address)),
        dirty: tag(&["mlflow.git.dirty"]).map(|dirty| dirty.eq_ignore_ascii_case("true")),
    };
    let parent = tag(&["mlflow.parentRunId"]);
    let description = tag(&["mlflow.note.content"]);
    let name = tag(&["mlflow.runName"]);
    // A whole document for each model that MLflow 2 logged: a fact for the raw view, not a tag to show.
    if let Some(history) = run.system_tags.remove(MODEL_HISTORY) {
        let parsed = json::parse(&FileData::from_bytes(run.origin.path.clone(), history.as_str()));
        run.extra.push((MODEL_HISTORY.to_owned(), parsed.map_or(Datum::Text(history), |json| json.value)));
    }
    run.git = git;
    run.parent = parent;
    run.description = description;
    if run.name.is_empty() {
        run.name = name.unwrap_or_default();
    }
}

/// A model that a run logged (MLflow 3).
#[derive(Debug, Default)]
pub(super) struct LoggedModel {
    /// Its id, `m-HEX`.
    pub(super) id: String,
    /// The run that made it.
    pub(super) source_run: Option<String>,
    /// Where it was read.
    pub(super) origin: Pointer,
    pub(super) name: String,
    pub(super) status: Option<&'static str>,
    pub(super) kind: Option<String>,
    pub(super) params: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) metrics: Vec<ModelMetric>,
    pub(super) artifacts: Vec<(String, u64)>,
    /// The folder of its artifacts, as a path of the source.
    pub(super) folder: Option<String>,
}

/// A value that some run measured of a logged model.
#[derive(Clone, Debug)]
pub(super) struct ModelMetric {
    pub(super) key: String,
    pub(super) value: Measured,
    pub(super) step: i64,
    pub(super) millis: i64,
    pub(super) dataset: Option<String>,
    pub(super) digest: Option<String>,
    /// The run that measured it.
    pub(super) run: Option<String>,
    pub(super) source: Pointer,
}

impl LoggedModel {
    /// The status of a number in a store.
    pub(super) fn status(number: &str) -> Option<&'static str> {
        match number {
            "1" => Some("PENDING"),
            "2" => Some("READY"),
            "3" => Some("FAILED"),
            _ => None,
        }
    }

    /// The facts for the raw view of its run.
    pub(super) fn facts(&self) -> Datum {
        let text = |text: &str| Datum::Text(text.to_owned());
        let mut facts = vec![("id".to_owned(), text(&self.id)), ("name".to_owned(), text(&self.name))];
        facts.extend(self.status.map(|status| ("status".to_owned(), text(status))));
        facts.extend(self.kind.as_deref().map(|kind| ("model_type".to_owned(), text(kind))));
        facts.push(("params".to_owned(), texts(&self.params)));
        facts.push(("tags".to_owned(), texts(&self.tags)));
        let metrics = self.metrics.iter().map(|m| {
            let mut fields = vec![("key".to_owned(), text(&m.key)), ("value".to_owned(), Datum::Number(m.value))];
            fields.push(("step".to_owned(), Datum::Int(m.step)));
            fields.push(("timestamp".to_owned(), Datum::Int(m.millis)));
            let named = [("dataset_name", &m.dataset), ("dataset_digest", &m.digest), ("run_id", &m.run)];
            fields.extend(named.into_iter().filter_map(|(k, v)| Some((k.to_owned(), text(v.as_deref()?)))));
            Datum::Map(fields)
        });
        facts.push(("metrics".to_owned(), Datum::List(metrics.collect())));
        let artifacts = self.artifacts.iter().map(|(path, bytes)| {
            let bytes = i64::try_from(*bytes).map_or(Datum::Null, Datum::Int);
            Datum::Map(vec![("path".to_owned(), text(path)), ("bytes".to_owned(), bytes)])
        });
        facts.push(("artifacts".to_owned(), Datum::List(artifacts.collect())));
        Datum::Map(facts)
    }

    /// No run is there to show it at.
    pub(super) fn without_run(&self) -> Diagnostic {
        let why = match &self.source_run {
            Some(run) => format!("was made by run '{}', which is not in the store", visible(run, 80)),
            None => "names no run that made it".to_owned(),
        };
        Diagnostic::new(Code::RunMissing, format!("logged model '{}' {why}; it is not shown", visible(&self.name, 80)))
            .severity(Severity::Note)
            .at(self.origin.path.clone())
            .pointer(self.origin.pointer.clone())
    }
}

/// Texts as a value.
pub(super) fn texts(texts: &BTreeMap<String, String>) -> Datum {
    Datum::Map(texts.iter().map(|(key, value)| (key.clone(), Datum::Text(value.clone()))).collect())
}

/// A dataset of its columns. Profile and source are JSON in text; to MLflow they are free text, and
/// what is no JSON says nothing.
pub(super) fn dataset(name: String, digest: Option<String>, profile: Option<&str>, source: Option<&str>) -> Dataset {
    let embedded =
        |text: Option<&str>| json::parse(&FileData::from_bytes("dataset", text?)).ok().map(|json| json.value);
    let rows = match embedded(profile).as_ref().and_then(|profile| profile.get("num_rows")) {
        Some(Datum::Int(rows)) => u64::try_from(*rows).ok(),
        _ => None,
    };
    let source = embedded(source);
    let uri = ["url", "uri", "path"].iter().find_map(|key| source.as_ref()?.get(key)?.as_str());
    Dataset { name, digest, role: None, rows, uri: uri.map(without_userinfo) }
}

/// A version of a registered model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VersionRow<'a> {
    pub(super) version: &'a str,
    pub(super) stage: Option<&'a str>,
    pub(super) status: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    pub(super) run_id: Option<&'a str>,
    pub(super) model_id: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) created_at: Option<Instant>,
}

impl VersionRow<'_> {
    /// The version; nothing when it was deleted. `run_of` leads from logged models to their runs.
    pub(super) fn record(&self, run_of: &BTreeMap<&str, &str>) -> Option<VersionRecord> {
        (self.stage != Some("Deleted_Internal")).then(|| VersionRecord {
            version: self.version.to_owned(),
            run: self.source_run(run_of),
            stage: self.stage.filter(|stage| *stage != "None").map(str::to_owned),
            status: self.status.map(str::to_owned),
            description: self.description.map(str::to_owned),
            created_at: self.created_at,
            ..VersionRecord::default()
        })
    }

    /// The run of a version: as it says, or as the logged model it was made from says, or as its
    /// source says (`runs:/RUN_ID/path`, read as text).
    fn source_run(&self, run_of: &BTreeMap<&str, &str>) -> Option<String> {
        let source = self.source.unwrap_or_default();
        let by_model = || {
            let id = self.model_id.or_else(|| source.strip_prefix("models:/"))?;
            run_of.get(id).copied()
        };
        let by_source = || source.strip_prefix("runs:/")?.split('/').next().filter(|id| !id.is_empty());
        self.run_id.or_else(by_model).or_else(by_source).map(str::to_owned)
    }
}

/// Whether a registered model's tags say that it is a prompt, which MLflow keeps among the models.
pub(super) fn is_prompt(tags: &BTreeMap<String, String>) -> bool {
    tags.get(IS_PROMPT).is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

/// Prompts are no models.
pub(super) fn prompts_left_out(prompts: usize, path: String) -> Option<Diagnostic> {
    (prompts > 0).then(|| {
        let are = if prompts == 1 { "is no model and is" } else { "are no models and are" };
        Diagnostic::new(Code::LeftOut, format!("{} {are} left out", count(prompts, "registered prompt"))).at(path)
    })
}
