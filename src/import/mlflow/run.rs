//! One run: `meta.yaml`, `params/`, `metrics/`, `tags/`, `inputs/`, `outputs/` and the list of
//! `artifacts/`.
//!
//! In: the run's folder and its experiment. Out: the run. A run whose `meta.yaml` is broken is kept
//! with what its other files say and the status unknown; a folder without one is no run.

use super::experiment::{self, Experiment};
use super::meta::{self, Meta};
use super::{Findings, KIND, META, below, is_litter, metric, text};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::{Folder, json};
use crate::model::{Artifact, Dataset, Datum, Git, MetricResult, Pointer, Rejected, Run, RunStatus, Series, Slice};
use crate::source::{Entry, FileData, file_name};

/// The key of the raw view under which a run's outputs stand.
pub(super) const MODEL_OUTPUTS: &str = "model_outputs";

/// Fields of `meta.yaml` that have a place in the model, or say what another field says.
const KNOWN: &[&str] = &[
    "run_id",
    "run_uuid",
    "run_name",
    "name",
    "status",
    "start_time",
    "end_time",
    "lifecycle_stage",
    "experiment_id",
    "tags",
    "source_version",
];

/// The tag in which MLflow 2 keeps what it knows of the models that a run logged.
const MODEL_HISTORY: &str = "mlflow.log-model.history";

/// Malformed lines of one file that are told one by one.
const TOLD: usize = 5;

/// Reads a run's folder; nothing when it is none.
pub(super) fn read(folder: &Folder<'_>, experiment: &Experiment<'_>) -> (Option<Run>, Findings) {
    let mut findings = Findings::default();
    let Some(entry) = folder.file(META) else {
        findings.problem(meta::absent(folder, "run"));
        findings.unrecognised_folder(folder);
        return (None, findings);
    };
    let mut run = Run {
        source: KIND.to_owned(),
        experiment: Some(experiment.name.clone()),
        deleted: experiment.deleted,
        folder: folder.project_path(),
        origin: Pointer::new(folder.entry_path(entry), ""),
        ..Run::default()
    };
    match Meta::read(folder, entry) {
        Ok(meta) => describe(&mut run, &meta, folder, experiment, &mut findings),
        Err(problem) => {
            findings.problem(*problem);
            folder.name().clone_into(&mut run.id);
        }
    }
    run.extra.push(("experiment_id".to_owned(), Datum::Text(experiment.id.clone())));
    if !experiment.tags.is_empty() {
        run.extra.push(("experiment_tags".to_owned(), experiment::map(&experiment.tags)));
    }
    for entry in folder.files() {
        let relative = folder.relative(entry);
        match relative.split_once('/') {
            Some(("artifacts", path)) => {
                run.artifacts.push(Artifact { path: path.to_owned(), bytes: Some(entry.len), ..Artifact::default() });
            }
            Some((_, key)) if is_litter(file_name(key)) => findings.unrecognised(folder, entry),
            Some(("metrics", key)) => read_metric(&mut run, key, folder, entry, &mut findings),
            Some(("params", key)) => {
                if let Some(value) = text(folder, entry, &mut findings) {
                    run.params.insert(key.to_owned(), Datum::Text(value));
                }
            }
            Some(("tags", key)) => {
                if let Some(value) = text(folder, entry, &mut findings) {
                    let tags = if key.starts_with("mlflow.") { &mut run.system_tags } else { &mut run.tags };
                    tags.insert(key.to_owned(), value);
                }
            }
            Some(("inputs" | "outputs", _)) => {}
            None if relative == META => {}
            _ => findings.unrecognised(folder, entry),
        }
    }
    apply_tags(&mut run);
    if let Some(inputs) = below(folder, "inputs") {
        read_inputs(&mut run, &inputs, experiment, &mut findings);
    }
    if let Some(outputs) = below(folder, "outputs") {
        read_outputs(&mut run, &outputs, &mut findings);
    }
    (Some(run), findings)
}

/// What `meta.yaml` says.
fn describe(run: &mut Run, meta: &Meta, folder: &Folder<'_>, experiment: &Experiment<'_>, findings: &mut Findings) {
    run.id = match meta.text("run_id").or_else(|| meta.text("run_uuid")) {
        Some(id) => {
            if id != folder.name() {
                findings.problem(meta.invalid("run_id", &format!("'{}' is not the folder's name", visible(id, 80))));
            }
            id.to_owned()
        }
        None => {
            findings.problem(meta.missing("run_id"));
            folder.name().to_owned()
        }
    };
    if let Some(id) = meta.text("experiment_id").filter(|id| *id != experiment.id) {
        findings.problem(
            meta.invalid("experiment_id", &format!("'{}' is not the experiment that the run lies in", visible(id, 80))),
        );
    }
    run.name = meta.text("run_name").or_else(|| meta.text("name")).unwrap_or_default().to_owned();
    run.status = match meta.required("status", findings) {
        Some("1") => RunStatus::Running,
        Some("2") => RunStatus::Scheduled,
        Some("3") => RunStatus::Finished,
        Some("4") => RunStatus::Failed,
        Some("5") => RunStatus::Killed,
        None => RunStatus::Unknown,
        Some(other) => RunStatus::from_name(other).unwrap_or_else(|| {
            findings.problem(meta.invalid("status", &format!("'{}' is no status of a run", visible(other, 80))));
            RunStatus::Unknown
        }),
    };
    run.deleted |= experiment::is_deleted(meta, findings);
    if meta.get("start_time").is_none() {
        findings.problem(meta.missing("start_time"));
    }
    run.started_at = meta.instant("start_time", findings);
    run.ended_at = meta.instant("end_time", findings);
    // Before MLflow 1 the commit stood here; since then the field is empty.
    run.git.commit = meta.text("source_version").map(str::to_owned);
    run.extra = meta.others(KNOWN);
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
            .map(|address| meta::without_userinfo(&address)),
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

fn read_metric(run: &mut Run, key: &str, folder: &Folder<'_>, entry: &Entry, findings: &mut Findings) {
    let path = folder.entry_path(entry);
    let refused = |found: String, pointer: String| Rejected {
        metric: key.to_owned(),
        dataset: None,
        slice: Slice::default(),
        class: None,
        found,
        source: Pointer::new(path.clone(), pointer),
    };
    let data = match folder.read(entry) {
        Ok(data) => data,
        Err(problem) => {
            findings.problem(*problem);
            run.rejected.push(refused("a file that cannot be read".to_owned(), String::new()));
            return;
        }
    };
    let file = metric::parse(&data.bytes);
    // The client refuses a metric that has one such line: the value may have stood there.
    if let Some((line, found)) = file.malformed.first() {
        run.rejected.push(refused(format!("the line '{}'", visible(found, 80)), format!("line {line}")));
    } else if file.last.is_none() {
        run.rejected.push(refused("an empty file".to_owned(), String::new()));
        findings.problem(
            Diagnostic::new(Code::MetricInvalid, format!("metric '{}' has no value", visible(key, 80)))
                .at(path.clone())
                .help("was the file written completely? a rule on this metric fails"),
        );
    }
    for (line, found) in file.malformed.iter().take(TOLD) {
        let more = match file.malformed.len().checked_sub(TOLD) {
            Some(more) if more > 0 && file.malformed[TOLD - 1].0 == *line => format!(" (and {more} lines more)"),
            _ => String::new(),
        };
        findings.problem(
            Diagnostic::new(
                Code::MetricInvalid,
                format!("metric '{}': '{}' is no point of a metric{more}", visible(key, 80), visible(found, 80)),
            )
            .at(path.clone())
            .at_line(u32::try_from(*line).unwrap_or(u32::MAX), 1)
            .help("a line is TIMESTAMP VALUE STEP, and may end in a data set's name and digest"),
        );
    }
    if let Some(last) = file.last {
        let source = Pointer::new(path.clone(), format!("line {}", last.line));
        run.results.push(MetricResult {
            dataset: last.dataset.map(str::to_owned),
            step: Some(last.step),
            ..MetricResult::new(key, last.value, source)
        });
    }
    if file.points.len() > 1 {
        run.series.push(Series { metric: key.to_owned(), points: file.points, source: Pointer::new(path, "") });
    }
}

/// Datasets, and models that the run was given.
fn read_inputs(run: &mut Run, folder: &Folder<'_>, experiment: &Experiment<'_>, findings: &mut Findings) {
    let mut models = Vec::new();
    experiment::metas(folder, findings, |_, meta, findings| {
        let Some(id) = meta.required("source_id", findings) else { return };
        match meta.get("source_type").and_then(Datum::as_str) {
            Some("DATASET") => match experiment.datasets.get(id) {
                Some(dataset) => {
                    let role = meta.get("tags").and_then(|tags| tags.get("mlflow.data.context")).map(Datum::display);
                    run.datasets.push(Dataset { role: role.filter(|r| !r.is_empty()), ..dataset.clone() });
                }
                None => findings.problem(
                    meta.invalid("source_id", &format!("no dataset '{}' is in the experiment", visible(id, 80))),
                ),
            },
            Some("MODEL") => models.push(Datum::Text(id.to_owned())),
            _ => findings.problem(
                meta.invalid("source_type", "neither DATASET nor MODEL; the input is not shown")
                    .severity(Severity::Note),
            ),
        }
    });
    let key = |d: &Dataset| (d.name.clone(), d.digest.clone(), d.role.clone());
    run.datasets.sort_by_cached_key(key);
    if !models.is_empty() {
        run.extra.push(("model_inputs".to_owned(), Datum::List(models)));
    }
}

/// Models that the run made (MLflow 3).
fn read_outputs(run: &mut Run, folder: &Folder<'_>, findings: &mut Findings) {
    let mut models = Vec::new();
    experiment::metas(folder, findings, |id, meta, _| {
        let id = meta.text("destination_id").unwrap_or(id);
        let mut facts = vec![("model_id".to_owned(), Datum::Text(id.to_owned()))];
        facts.extend(meta.get("step").map(|step| ("step".to_owned(), step.clone())));
        models.push(Datum::Map(facts));
    });
    if !models.is_empty() {
        run.extra.push((MODEL_OUTPUTS.to_owned(), Datum::List(models)));
    }
}
