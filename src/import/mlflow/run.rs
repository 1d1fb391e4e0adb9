//! One run: `meta.yaml`, `params/`, `metrics/`, `tags/`, `inputs/`, `outputs/` and the list of
//! `artifacts/`.
//!
//! In: the run's folder and its experiment. Out: the run. A run whose `meta.yaml` is broken is kept
//! with what its other files say and the status unknown; a folder without one is no run.

use super::experiment::{self, Experiment};
use super::meta::{self, Meta};
use super::rows::{ExperimentRow, RunRow};
use super::{Findings, KIND, META, artifacts, below, is_litter, metric, text};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::Folder;
use crate::model::{Artifact, Dataset, Datum, MetricResult, Pointer, Records, Rejected, Run, RunStatus, Series, Slice};
use crate::source::{Entry, file_name};

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

/// Malformed lines of one file that are told one by one.
const TOLD: usize = 5;

/// Reads a run's folder; nothing when it is none.
pub(super) fn read(folder: &Folder<'_>, experiment: &Experiment<'_>) -> (Option<(Run, Records)>, Findings) {
    let mut findings = Findings::default();
    let Some(entry) = folder.file(META) else {
        findings.problem(meta::absent(folder, "run"));
        findings.unrecognised_folder(folder);
        return (None, findings);
    };
    let mut run = RunRow {
        folder: folder.project_path(),
        origin: Pointer::new(folder.entry_path(entry), ""),
        ..RunRow::default()
    };
    match Meta::read(folder, entry) {
        Ok(meta) => describe(&mut run, &meta, folder, &experiment.row, &mut findings),
        Err(problem) => {
            findings.problem(*problem);
            folder.name().clone_into(&mut run.id);
        }
    }
    let metrics = folder.files().iter().filter(|e| folder.relative(e).starts_with("metrics/")).count();
    run.results.reserve_exact(metrics);
    for entry in folder.files() {
        let relative = folder.relative(entry);
        match relative.split_once('/') {
            Some(("artifacts", path)) => {
                run.artifacts.push(Artifact {
                    path: path.to_owned(),
                    bytes: Some(entry.size()),
                    ..Artifact::default()
                });
            }
            Some((_, key)) if is_litter(file_name(key)) => findings.unrecognised(folder, entry),
            Some(("metrics", key)) => read_metric(&mut run, key, folder, entry, &mut findings),
            Some(("params", key)) => {
                if let Some(value) = text(folder, entry, &mut findings) {
                    run.params.insert(key.to_owned(), Datum::Text(value));
                }
            }
            Some(("tags", key)) => {
                run.tags.extend(text(folder, entry, &mut findings).map(|value| (key.to_owned(), value)));
            }
            Some(("inputs" | "outputs", _)) => {}
            None if relative == META => {}
            _ => findings.unrecognised(folder, entry),
        }
    }
    if let Some(inputs) = below(folder, "inputs") {
        read_inputs(&mut run, &inputs, experiment, &mut findings);
    }
    if let Some(outputs) = below(folder, "outputs") {
        read_outputs(&mut run, &outputs, &mut findings);
    }
    let mut run = run.into_run(KIND, &experiment.row);
    let beside = below(folder, "artifacts").map(|folder| artifacts::read(&folder, &mut run)).unwrap_or_default();
    (Some((run, beside)), findings)
}

/// What `meta.yaml` says.
fn describe(run: &mut RunRow, meta: &Meta, folder: &Folder<'_>, experiment: &ExperimentRow, findings: &mut Findings) {
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
    run.source_version = meta.text("source_version").map(str::to_owned);
    run.extra = meta.others(KNOWN);
}

fn read_metric(run: &mut RunRow, key: &str, folder: &Folder<'_>, entry: &Entry, findings: &mut Findings) {
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
        run.series.push(Series::new(key, file.points, Pointer::new(path, "")));
    }
}

/// Datasets, and models that the run was given.
fn read_inputs(run: &mut RunRow, folder: &Folder<'_>, experiment: &Experiment<'_>, findings: &mut Findings) {
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
            Some("MODEL") => run.model_inputs.push(id.to_owned()),
            _ => findings.problem(
                meta.invalid("source_type", "neither DATASET nor MODEL; the input is not shown")
                    .severity(Severity::Note),
            ),
        }
    });
}

/// Models that the run made (MLflow 3).
fn read_outputs(run: &mut RunRow, folder: &Folder<'_>, findings: &mut Findings) {
    experiment::metas(folder, findings, |id, meta, _| {
        let id = meta.text("destination_id").unwrap_or(id);
        let step = match meta.get("step") {
            Some(Datum::Int(step)) => Some(*step),
            _ => None,
        };
        run.model_outputs.push((id.to_owned(), step));
    });
}
