//! Experiments, runs, params, tags, metrics and datasets of the database.
//!
//! In: tables. Out: rows as a file store gives them. The value of a metric is what `latest_metrics`
//! says, as MLflow's client reports it, or, in stores from before that table, the greatest by step,
//! time and value. The database cannot hold NaN and infinities: `is_nan` marks the one, the greatest
//! number of either sign stands for the other.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::Findings;
use super::super::metric::Line;
use super::super::rows::{ExperimentRow, RunRow, dataset};
use super::models::Measured;
use super::table::{Cells, Tables};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Dataset, Datum, Instant, MetricResult, Point, Pointer, Rejected, Run, RunStatus, Series, Slice};

/// Everything about runs that the tables hold.
pub(in crate::import::mlflow) struct Stored {
    pub(in crate::import::mlflow) experiments: BTreeMap<String, ExperimentRow>,
    pub(in crate::import::mlflow) runs: IndexMap<String, StoredRun>,
}

/// A run, its metrics not yet put in order.
#[derive(Default)]
pub(in crate::import::mlflow) struct StoredRun {
    pub(in crate::import::mlflow) row: RunRow,
    pub(in crate::import::mlflow) experiment: String,
    pub(in crate::import::mlflow) artifact_uri: String,
    pub(in crate::import::mlflow) metrics: BTreeMap<String, Metric>,
}

/// A metric of a run.
#[derive(Default)]
pub(in crate::import::mlflow) struct Metric {
    /// As `latest_metrics` says.
    pub(in crate::import::mlflow) latest: Option<Line<'static>>,
    /// Every point, in any order.
    pub(in crate::import::mlflow) points: Vec<Line<'static>>,
    /// What stands where a number is due.
    pub(in crate::import::mlflow) rejected: Option<String>,
}

impl Stored {
    /// The recorded address of a run's artifacts; nothing when there is no such run.
    pub(super) fn artifact_uri(&self, run: &str) -> Option<&str> {
        self.runs.get(run).map(|run| run.artifact_uri.as_str())
    }

    pub(super) fn has_experiment(&self, id: &str) -> bool {
        self.experiments.contains_key(id)
    }

    /// The runs, in the order of their ids.
    pub(in crate::import::mlflow) fn into_runs(
        self,
        kind: &str,
        path: &str,
        measured: &Measured,
        findings: &mut Findings,
    ) -> Vec<Run> {
        let mut out: Vec<Run> = Vec::with_capacity(self.runs.len());
        let unknown = ExperimentRow::default();
        for (id, mut stored) in self.runs {
            let experiment = self.experiments.get(&stored.experiment).unwrap_or_else(|| {
                findings.problem(
                    Diagnostic::new(
                        Code::FieldInvalid,
                        format!(
                            "run '{}' is of experiment '{}', which is not in the store",
                            visible(&id, 80),
                            visible(&stored.experiment, 80)
                        ),
                    )
                    .at(path)
                    .pointer(format!("runs/{id}")),
                );
                &unknown
            });
            for (key, metric) in std::mem::take(&mut stored.metrics) {
                add_metric(&mut stored.row, &id, key, metric, path, measured, findings);
            }
            stored.row.folder = format!("{path}/{id}");
            stored.row.origin = Pointer::new(path, format!("runs/{id}"));
            stored.row.id = id;
            stored.row.model_outputs.sort();
            stored.row.model_inputs.sort();
            out.push(stored.row.into_run(kind, experiment));
        }
        out.sort_by(|a, b| a.id.cmp(&b.id));
        out
    }
}

fn add_metric(
    row: &mut RunRow,
    run: &str,
    key: String,
    mut metric: Metric,
    path: &str,
    measured: &Measured,
    findings: &mut Findings,
) {
    let source = Pointer::new(path, format!("metrics/{run}/{key}"));
    if let Some(found) = metric.rejected {
        findings.problem(
            Diagnostic::new(
                Code::MetricInvalid,
                format!("metric '{}' has {} where a number is due", visible(&key, 80), visible(&found, 100)),
            )
            .at(path)
            .pointer(source.pointer.clone())
            .help("MLflow writes numbers only; a rule on this metric fails"),
        );
        row.rejected.push(Rejected {
            metric: key.clone(),
            dataset: None,
            slice: Slice::default(),
            class: None,
            found,
            source: source.clone(),
        });
    }
    // Rows have no order of writing: equal steps and times are ordered by value.
    metric.points.sort_by(|a, b| (a.step, a.millis).cmp(&(b.step, b.millis)).then(a.value.total_cmp(&b.value)));
    let greatest = || {
        metric.points.iter().copied().fold(None, |best: Option<Line<'static>>, line| match best {
            Some(best) if !super::super::metric::is_later(&line, &best) => Some(best),
            _ => Some(line),
        })
    };
    if let Some(last) = metric.latest.or_else(greatest) {
        let dataset = measured.get(run).and_then(|m| m.get(&(key.clone(), last.step, last.millis)));
        row.results.push(MetricResult {
            dataset: dataset.cloned(),
            step: Some(last.step),
            ..MetricResult::new(key.clone(), last.value, source.clone())
        });
    }
    if metric.points.len() > 1 {
        let points = metric
            .points
            .iter()
            .map(|p| Point { step: p.step, time: Instant::from_millis(p.millis), value: p.value.into() })
            .collect();
        row.series.push(Series::new(key, points, source));
    }
}

/// Reads the tables.
pub(super) fn read(tables: &Tables<'_>, findings: &mut Findings) -> rusqlite::Result<Stored> {
    let mut stored = Stored { experiments: experiments(tables, findings)?, runs: IndexMap::new() };
    runs(tables, &mut stored.runs, findings)?;
    let runs = &mut stored.runs;
    texts(tables, "params", runs, findings, |run, key, value| {
        run.row.params.insert(key, Datum::Text(value));
    })?;
    texts(tables, "tags", runs, findings, |run, key, value| run.row.tags.push((key, value)))?;
    metrics(tables, "metrics", runs, findings, |metric, line| metric.points.push(line))?;
    metrics(tables, "latest_metrics", runs, findings, |metric, line| metric.latest = Some(line))?;
    inputs(tables, runs, findings)?;
    Ok(stored)
}

fn experiments(tables: &Tables<'_>, findings: &mut Findings) -> rusqlite::Result<BTreeMap<String, ExperimentRow>> {
    let mut out = BTreeMap::new();
    tables.rows("experiments", &["experiment_id", "name", "lifecycle_stage"], findings, |row, findings| {
        let Some(id) = row.text(0).map(std::borrow::Cow::into_owned) else { return };
        let name = row.filled(1).map_or_else(|| id.clone(), std::borrow::Cow::into_owned);
        let deleted = is_deleted(tables, row, 2, "experiments", findings);
        out.insert(id.clone(), ExperimentRow { id, name, deleted, tags: BTreeMap::new() });
    })?;
    tables.rows("experiment_tags", &["experiment_id", "key", "value"], findings, |row, _| {
        if let (Some(id), Some(key)) = (row.text(0), row.text(1))
            && let Some(experiment) = out.get_mut(id.as_ref())
        {
            experiment.tags.insert(key.into_owned(), row.text(2).unwrap_or_default().into_owned());
        }
    })?;
    Ok(out)
}

fn is_deleted(tables: &Tables<'_>, row: &Cells<'_>, at: usize, table: &str, findings: &mut Findings) -> bool {
    match row.filled(at).as_deref() {
        None | Some("active") => false,
        Some("deleted") => true,
        Some(other) => {
            findings.problem(tables.problem(table, format!("'{}' is no stage of a life", visible(other, 80))));
            false
        }
    }
}

/// Columns of `runs`, and those among them that are shown as they are.
const RUNS: &[&str] = &[
    "run_uuid",
    "name",
    "status",
    "lifecycle_stage",
    "start_time",
    "end_time",
    "source_version",
    "experiment_id",
    "artifact_uri",
    "deleted_time",
    "entry_point_name",
    "source_name",
    "source_type",
    "user_id",
];
const SHOWN: std::ops::Range<usize> = 8..14;

fn runs(tables: &Tables<'_>, runs: &mut IndexMap<String, StoredRun>, findings: &mut Findings) -> rusqlite::Result<()> {
    tables.rows("runs", RUNS, findings, |row, findings| {
        let Some(id) = row.filled(0).map(std::borrow::Cow::into_owned) else { return };
        let owned = |at: usize| row.filled(at).map(std::borrow::Cow::into_owned);
        let status = owned(2);
        let known = status.as_deref().and_then(RunStatus::from_name);
        if known.is_none() {
            let what = format!("'{}' is no status of a run", visible(status.as_deref().unwrap_or_default(), 80));
            findings.problem(tables.problem(&format!("runs/{id}"), what));
        }
        let mut extra: Vec<(String, Datum)> = Vec::new();
        for (at, name) in RUNS.iter().enumerate().take(SHOWN.end).skip(SHOWN.start) {
            match *name {
                "deleted_time" => extra.extend(row.int(at).map(|v| ((*name).to_owned(), Datum::Int(v)))),
                // What MLflow writes when nobody says.
                "source_type" if row.text(at).as_deref() == Some("UNKNOWN") => {}
                _ => extra.extend(owned(at).map(|v| ((*name).to_owned(), Datum::Text(v)))),
            }
        }
        let run = RunRow {
            name: owned(1).unwrap_or_default(),
            status: known.unwrap_or_default(),
            deleted: is_deleted(tables, row, 3, "runs", findings),
            started_at: row.instant(4),
            ended_at: row.instant(5),
            source_version: owned(6),
            extra,
            ..RunRow::default()
        };
        let stored = StoredRun {
            row: run,
            experiment: owned(7).unwrap_or_default(),
            artifact_uri: owned(8).unwrap_or_default(),
            metrics: BTreeMap::new(),
        };
        runs.insert(id, stored);
    })
}

/// A table of keys and texts of runs.
fn texts(
    tables: &Tables<'_>,
    table: &'static str,
    runs: &mut IndexMap<String, StoredRun>,
    findings: &mut Findings,
    mut take: impl FnMut(&mut StoredRun, String, String),
) -> rusqlite::Result<()> {
    let mut orphans = 0;
    tables.rows(table, &["run_uuid", "key", "value"], findings, |row, _| {
        let (Some(run), Some(key)) = (row.text(0), row.text(1)) else { return };
        match runs.get_mut(run.as_ref()) {
            Some(stored) => take(stored, key.into_owned(), row.text(2).unwrap_or_default().into_owned()),
            None => orphans += 1,
        }
    })?;
    tables.orphans(table, orphans, findings);
    Ok(())
}

/// A table of points.
fn metrics(
    tables: &Tables<'_>,
    table: &'static str,
    runs: &mut IndexMap<String, StoredRun>,
    findings: &mut Findings,
    mut take: impl FnMut(&mut Metric, Line<'static>),
) -> rusqlite::Result<()> {
    let mut orphans = 0;
    tables.rows(table, &["run_uuid", "key", "value", "timestamp", "step", "is_nan"], findings, |row, _| {
        let (Some(run), Some(key)) = (row.text(0), row.text(1)) else { return };
        let Some(stored) = runs.get_mut(run.as_ref()) else {
            orphans += 1;
            return;
        };
        let metric = match stored.metrics.get_mut(key.as_ref()) {
            Some(metric) => metric,
            None => stored.metrics.entry(key.into_owned()).or_default(),
        };
        let is_nan = row.int(5).is_some_and(|flag| flag != 0);
        match row.number(2) {
            _ if is_nan => take(metric, line(row, f64::NAN)),
            Ok(value) => take(metric, line(row, infinite(value))),
            Err(found) => metric.rejected = Some(found),
        }
    })?;
    tables.orphans(table, orphans, findings);
    Ok(())
}

fn line(row: &Cells<'_>, value: f64) -> Line<'static> {
    let (millis, step) = (row.int(3).unwrap_or_default(), row.int(4).unwrap_or_default());
    Line { number: 0, millis, value, step, dataset: None }
}

/// The value that the database's number stands for.
pub(in crate::import::mlflow) fn infinite(value: f64) -> f64 {
    if value.abs() == f64::MAX { value * 2.0 } else { value }
}

/// Datasets and models that runs were given, and models that they made.
fn inputs(
    tables: &Tables<'_>,
    runs: &mut IndexMap<String, StoredRun>,
    findings: &mut Findings,
) -> rusqlite::Result<()> {
    let mut datasets: BTreeMap<String, Dataset> = BTreeMap::new();
    let columns = &["dataset_uuid", "name", "digest", "dataset_profile", "dataset_source"];
    tables.rows("datasets", columns, findings, |row, _| {
        let Some(id) = row.filled(0) else { return };
        let name = row.filled(1).unwrap_or_else(|| id.clone()).into_owned();
        let digest = row.filled(2).map(std::borrow::Cow::into_owned);
        datasets.insert(id.into_owned(), dataset(name, digest, row.text(3).as_deref(), row.text(4).as_deref()));
    })?;
    let mut roles: BTreeMap<String, String> = BTreeMap::new();
    tables.rows("input_tags", &["input_uuid", "name", "value"], findings, |row, _| {
        if let (Some(id), Some("mlflow.data.context"), Some(role)) =
            (row.text(0), row.text(1).as_deref(), row.filled(2))
        {
            roles.insert(id.into_owned(), role.into_owned());
        }
    })?;
    let columns = &["input_uuid", "source_type", "source_id", "destination_type", "destination_id", "step"];
    let mut lost = 0;
    tables.rows("inputs", columns, findings, |row, findings| {
        let text = |at: usize| row.text(at).unwrap_or_default().into_owned();
        let (source, destination) = (text(2), text(4));
        match (text(1).as_str(), text(3).as_str()) {
            ("DATASET", "RUN") => match (datasets.get(&source), runs.get_mut(&destination)) {
                (Some(dataset), Some(run)) => {
                    let role = roles.get(&text(0)).cloned();
                    run.row.datasets.push(Dataset { role, ..dataset.clone() });
                }
                _ => lost += 1,
            },
            ("RUN_INPUT", "MODEL_INPUT") => match runs.get_mut(&source) {
                Some(run) => run.row.model_inputs.push(destination),
                None => lost += 1,
            },
            ("RUN_OUTPUT", "MODEL_OUTPUT") => match runs.get_mut(&source) {
                Some(run) => run.row.model_outputs.push((destination, row.int(5))),
                None => lost += 1,
            },
            // Datasets of evaluations and inputs of traces are other matters.
            (kind, _) if kind != "DATASET" && !kind.starts_with("RUN") => {}
            (kind, to) => {
                let what =
                    format!("an input leads from '{}' to '{}'; it is not shown", visible(kind, 40), visible(to, 40));
                findings.problem(tables.problem("inputs", what).severity(Severity::Note));
            }
        }
    })?;
    tables.orphans("inputs", lost, findings);
    Ok(())
}
