//! The answers of an MLflow tracking server, as `remote::mlflow` keeps them: one JSON page a file.
//!
//! In: a folder with `experiments/`, `runs/`, `histories/`, `history-of/`, `registered-models/`, `model-versions/`,
//! `logged-models/`, `artifacts/` and `files/`. Out: the same rows that a file store and a database
//! give. The messages are those of mlflow/protos/service.proto and model_registry.proto as JSON; 64-bit
//! integers come as numbers or as text, and a server on a database says the greatest number of either
//! sign for an infinity.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::database::digest;
use super::database::models::Measured as MeasuredOn;
use super::database::runs::{Metric, Stored, StoredRun, infinite};
use super::metric::Line;
use super::rows::{ExperimentRow, LoggedModel, ModelMetric, RunRow, VersionRow, dataset, is_prompt, prompts_left_out};
use super::{Findings, artifacts, attach, run_of};
use crate::diag::{Code, Diagnostic, visible};
use crate::import::{Folder, StoreImporter, json};
use crate::model::{Artifact, Datum, Evidence, Instant, ModelRecord, Pointer, Records, RunStatus};
use crate::source::file_name;

/// The answers of a tracking server.
pub(crate) struct MlflowServer;

/// The kind, as sources and runs show it.
const KIND: &str = "mlflow-server";

impl StoreImporter for MlflowServer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let first = "experiments/00000.json";
        folder.file(first).is_some()
            && folder.sniff(first).is_some_and(|data| {
                json::parse(&data).is_ok_and(|j| {
                    let first = j.value.get("experiments").and_then(Datum::items).and_then(<[_]>::first);
                    first.is_none_or(|e| e.get("experiment_id").is_some() && e.get("lifecycle_stage").is_some())
                        && j.value.get("experiments").is_some()
                })
            })
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        Reader { folder, findings: Findings::default() }.read()
    }
}

struct Reader<'a> {
    folder: &'a Folder<'a>,
    findings: Findings,
}

impl Reader<'_> {
    fn read(mut self) -> Records {
        let mut stored = Stored { experiments: self.experiments(), runs: IndexMap::new() };
        self.runs(&mut stored.runs);
        self.histories(&mut stored.runs);
        let (mut models, measured) = self.logged_models();
        let path = self.folder.project_path();
        let registered = {
            let models: Vec<&LoggedModel> = models.values().collect();
            self.registered(&run_of(&models))
        };
        let mut records = Records { models: registered, ..Records::default() };
        let mut runs = stored.into_runs(KIND, &path, &measured, &mut self.findings);
        for run in &mut runs {
            let lists = self.pages(&format!("artifacts/{}", run.id));
            run.artifacts = lists.iter().flat_map(|page| items(page, "files")).filter_map(artifact).collect();
            run.artifacts.sort_by(|a, b| a.path.cmp(&b.path));
            let files = self.folder.join(&format!("files/{}", run.id));
            let below = self.folder.folder(&files);
            records.append(artifacts::read(&below, run));
            let record: Evidence = digest::of(run, below.files());
            records.evidence.push(record);
        }
        records.runs = runs;
        for model in models.values_mut() {
            model.metrics.sort_by(|a, b| (a.millis, &a.key, a.step, &a.run).cmp(&(b.millis, &b.key, b.step, &b.run)));
        }
        let all: Vec<&LoggedModel> = models.values().collect();
        attach(self.folder, &all, &mut records, &mut self.findings);
        records.problems.append(&mut self.findings.problems);
        records.unrecognised.append(&mut self.findings.unrecognised);
        records
    }

    /// The pages in a folder, in the order of their names; one that is no JSON is a problem.
    fn pages(&mut self, below: &str) -> Vec<Datum> {
        let path = self.folder.join(below);
        let folder = self.folder.folder(&path);
        let mut out = Vec::new();
        for entry in folder.files() {
            match folder.read(entry).and_then(|data| json::parse(&data)) {
                Ok(page) => out.push(page.value),
                Err(problem) => self.findings.problem(*problem),
            }
        }
        out
    }

    fn problem(&mut self, pointer: String, what: String) {
        let problem = Diagnostic::new(Code::FieldInvalid, what).at(self.folder.project_path()).pointer(pointer);
        self.findings.problem(problem);
    }

    fn experiments(&mut self) -> BTreeMap<String, ExperimentRow> {
        let mut out = BTreeMap::new();
        for page in self.pages("experiments") {
            for experiment in items(&page, "experiments") {
                let Some(id) = text(experiment, "experiment_id") else { continue };
                let name = text(experiment, "name").unwrap_or_else(|| id.clone());
                let deleted = text(experiment, "lifecycle_stage").as_deref() == Some("deleted");
                out.insert(id.clone(), ExperimentRow { id, name, deleted, tags: pairs(experiment, "tags") });
            }
        }
        out
    }

    fn runs(&mut self, runs: &mut IndexMap<String, StoredRun>) {
        for page in self.pages("runs") {
            for run in items(&page, "runs") {
                let Some(info) = run.get("info") else { continue };
                let Some(id) = text(info, "run_id").or_else(|| text(info, "run_uuid")) else { continue };
                let status = text(info, "status").unwrap_or_default();
                let known = RunStatus::from_name(&status);
                if known.is_none() {
                    self.problem(format!("runs/{id}"), format!("'{}' is no status of a run", visible(&status, 80)));
                }
                let data = run.get("data").unwrap_or(&Datum::Null);
                let inputs = run.get("inputs").unwrap_or(&Datum::Null);
                let outputs = run.get("outputs").unwrap_or(&Datum::Null);
                let shown = ["artifact_uri", "user_id"];
                let extra = shown.into_iter().filter_map(|key| Some((key.to_owned(), Datum::Text(filled(info, key)?))));
                let row = RunRow {
                    name: text(info, "run_name").unwrap_or_default(),
                    status: known.unwrap_or_default(),
                    deleted: text(info, "lifecycle_stage").as_deref() == Some("deleted"),
                    started_at: moment(info, "start_time"),
                    ended_at: moment(info, "end_time"),
                    extra: extra.collect(),
                    params: pairs(data, "params").into_iter().map(|(k, v)| (k, Datum::Text(v))).collect(),
                    tags: pairs(data, "tags").into_iter().collect(),
                    datasets: items(inputs, "dataset_inputs").filter_map(input).collect(),
                    model_inputs: items(inputs, "model_inputs").filter_map(|m| filled(m, "model_id")).collect(),
                    model_outputs: items(outputs, "model_outputs")
                        .filter_map(|m| Some((filled(m, "model_id")?, integer(m, "step"))))
                        .collect(),
                    ..RunRow::default()
                };
                let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
                for metric in items(data, "metrics") {
                    let Some(key) = text(metric, "key") else { continue };
                    let slot = metrics.entry(key).or_default();
                    match point(metric) {
                        Some(line) => slot.latest = Some(line),
                        None => slot.rejected = Some(found(metric)),
                    }
                }
                let stored = StoredRun {
                    row,
                    experiment: text(info, "experiment_id").unwrap_or_default(),
                    artifact_uri: String::new(),
                    metrics,
                };
                if runs.insert(id.clone(), stored).is_some() {
                    // A run that moved between two pages while they were fetched: the later answer holds.
                    self.findings.problem(
                        Diagnostic::new(Code::FileChanged, format!("run '{}' stands on two pages", visible(&id, 80)))
                            .severity(crate::diag::Severity::Note)
                            .at(self.folder.project_path())
                            .help("the server was written to while it was read; read it again for a single state"),
                    );
                }
            }
        }
    }

    fn histories(&mut self, runs: &mut IndexMap<String, StoredRun>) {
        let mut pages: Vec<(Option<String>, Datum)> =
            self.pages("histories").into_iter().map(|page| (None, page)).collect();
        let single: Vec<String> = {
            let path = self.folder.join("history-of");
            let folder = self.folder.folder(&path);
            folder.child_folders().map(|f| file_name(f).to_owned()).collect()
        };
        for run in single {
            let own = self.pages(&format!("history-of/{run}"));
            pages.extend(own.into_iter().map(|page| (Some(run.clone()), page)));
        }
        for (only, page) in pages {
            for metric in items(&page, "metrics") {
                let run = filled(metric, "run_id").or_else(|| only.clone());
                let Some(run) = run.and_then(|id| runs.get_mut(&id)) else { continue };
                let Some(key) = text(metric, "key") else { continue };
                let slot = run.metrics.entry(key).or_default();
                match point(metric) {
                    Some(line) => slot.points.push(line),
                    None => slot.rejected = Some(found(metric)),
                }
            }
        }
    }

    /// Logged models by id, and on which dataset a run has measured a metric.
    fn logged_models(&mut self) -> (BTreeMap<String, LoggedModel>, MeasuredOn) {
        let (mut out, mut measured) = (BTreeMap::new(), MeasuredOn::new());
        for page in self.pages("logged-models") {
            for model in items(&page, "models") {
                let Some(info) = model.get("info") else { continue };
                let Some(id) = text(info, "model_id") else { continue };
                let data = model.get("data").unwrap_or(&Datum::Null);
                let origin = Pointer::new(self.folder.project_path(), format!("logged_models/{id}"));
                let metrics = items(data, "metrics").filter_map(|metric| {
                    let key = text(metric, "key")?;
                    let line = point(metric)?;
                    let (run, dataset) = (filled(metric, "run_id"), filled(metric, "dataset_name"));
                    if let (Some(run), Some(dataset)) = (&run, &dataset) {
                        let of_run = measured.entry(run.clone()).or_default();
                        of_run.entry((key.clone(), line.step, line.millis)).or_insert_with(|| dataset.clone());
                    }
                    let source = Pointer::new(origin.path.clone(), format!("logged_model_metrics/{id}/{key}"));
                    let digest = filled(metric, "dataset_digest");
                    let value = line.value.into();
                    Some(ModelMetric { key, value, step: line.step, millis: line.millis, dataset, digest, run, source })
                });
                let metrics = metrics.collect();
                let status = match text(info, "status").as_deref() {
                    Some("LOGGED_MODEL_PENDING") => Some("PENDING"),
                    Some("LOGGED_MODEL_READY") => Some("READY"),
                    Some("LOGGED_MODEL_UPLOAD_FAILED") => Some("FAILED"),
                    _ => None,
                };
                let mut tags = pairs(info, "tags");
                // What MLflow notes for itself at a model (versions, source) is said elsewhere.
                tags.retain(|key, _| !key.starts_with("mlflow."));
                let model = LoggedModel {
                    name: text(info, "name").unwrap_or_else(|| id.clone()),
                    status,
                    kind: filled(info, "model_type"),
                    source_run: filled(info, "source_run_id"),
                    params: pairs(data, "params"),
                    tags,
                    metrics,
                    id: id.clone(),
                    origin,
                    ..LoggedModel::default()
                };
                out.insert(id, model);
            }
        }
        (out, measured)
    }

    fn registered(&mut self, run_of: &BTreeMap<&str, &str>) -> Vec<ModelRecord> {
        let mut out: BTreeMap<String, ModelRecord> = BTreeMap::new();
        for page in self.pages("registered-models") {
            for model in items(&page, "registered_models") {
                let Some(name) = text(model, "name") else { continue };
                let aliases =
                    items(model, "aliases").filter_map(|a| Some((text(a, "alias")?, scalar(a, "version")?))).collect();
                let (description, tags) = (filled(model, "description"), pairs(model, "tags"));
                out.insert(name.clone(), ModelRecord { name, description, tags, aliases, ..ModelRecord::default() });
            }
        }
        for page in self.pages("model-versions") {
            for version in items(&page, "model_versions") {
                let (Some(name), Some(number)) = (text(version, "name"), scalar(version, "version")) else { continue };
                let field = |key: &str| filled(version, key);
                let (stage, status, description) = (field("current_stage"), field("status"), field("description"));
                let (run_id, model_id, source) = (field("run_id"), field("model_id"), field("source"));
                let row = VersionRow {
                    version: &number,
                    stage: stage.as_deref(),
                    status: status.as_deref(),
                    description: description.as_deref(),
                    run_id: run_id.as_deref(),
                    model_id: model_id.as_deref(),
                    source: source.as_deref(),
                    created_at: moment(version, "creation_timestamp"),
                };
                let record = row.record(run_of).map(|mut r| {
                    r.tags = pairs(version, "tags");
                    r
                });
                let model = out.entry(name.clone()).or_insert_with(|| ModelRecord { name, ..ModelRecord::default() });
                model.versions.extend(record);
            }
        }
        let all = out.len();
        let mut models: Vec<ModelRecord> = out.into_values().filter(|model| !is_prompt(&model.tags)).collect();
        for model in &mut models {
            model.versions.sort_by(|a, b| a.version.cmp(&b.version));
        }
        self.findings.problems.extend(prompts_left_out(all - models.len(), self.folder.project_path()));
        models
    }
}

fn items<'d>(value: &'d Datum, key: &str) -> impl Iterator<Item = &'d Datum> + use<'d> {
    value.get(key).and_then(Datum::items).into_iter().flatten()
}

fn text(value: &Datum, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// A text that is not empty: protobuf's way of saying that there is none.
fn filled(value: &Datum, key: &str) -> Option<String> {
    text(value, key).filter(|t| !t.is_empty())
}

/// A text or a number as text: versions have been both.
fn scalar(value: &Datum, key: &str) -> Option<String> {
    value.get(key).map(Datum::display).filter(|t| !t.is_empty())
}

/// A 64-bit integer, as a number or as text.
fn integer(value: &Datum, key: &str) -> Option<i64> {
    match value.get(key)? {
        Datum::Int(n) => Some(*n),
        Datum::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn moment(value: &Datum, key: &str) -> Option<Instant> {
    // 0 is protobuf's way of saying that there is none.
    integer(value, key).filter(|millis| *millis != 0).and_then(Instant::from_millis)
}

/// `[{key, value}, …]`.
fn pairs(value: &Datum, key: &str) -> BTreeMap<String, String> {
    items(value, key).filter_map(|p| Some((text(p, "key")?, text(p, "value").unwrap_or_default()))).collect()
}

/// A metric's point; nothing when its value is no number. Protobuf writes NaN and infinities as text,
/// and leaves out what is 0.
fn point(metric: &Datum) -> Option<Line<'static>> {
    let value = match metric.get("value") {
        None => 0.0,
        Some(Datum::Text(text)) => match text.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => return None,
        },
        Some(value) => infinite(value.as_number()?.as_f64()),
    };
    let (millis, step) =
        (integer(metric, "timestamp").unwrap_or_default(), integer(metric, "step").unwrap_or_default());
    Some(Line { number: 0, millis, value, step, dataset: None })
}

fn found(metric: &Datum) -> String {
    metric.get("value").map_or_else(|| "nothing".to_owned(), |v| format!("\"{}\"", visible(&v.display(), 80)))
}

fn input(input: &Datum) -> Option<crate::model::Dataset> {
    let data = input.get("dataset")?;
    let (profile, source) = (text(data, "profile"), text(data, "source"));
    let mut out = dataset(text(data, "name")?, filled(data, "digest"), profile.as_deref(), source.as_deref());
    out.role = pairs(input, "tags").remove("mlflow.data.context");
    Some(out)
}

fn artifact(file: &Datum) -> Option<Artifact> {
    if matches!(file.get("is_dir"), Some(Datum::Bool(true))) {
        return None;
    }
    let bytes = integer(file, "file_size").and_then(|n| u64::try_from(n).ok());
    Some(Artifact { path: text(file, "path")?, bytes, ..Artifact::default() })
}
