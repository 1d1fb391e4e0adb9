//! DVCLive folders: what `Live(dir=…)` writes while training.
//!
//! In: a folder with DVCLive's `metrics.json` and its plots. Out: one run. Metric names are joined
//! with slashes, as they were logged; `step` in `metrics.json` is the step of all its values. The
//! nearest `dvc.yaml` above says how custom plots are meant and which artifacts were logged. DVCLive
//! writes no status, so the run's is unknown. A folder that is a run directory of the native layout
//! is not claimed, and neither is a `metrics.json` alone unless a `dvc.yaml` points at it.

use std::collections::BTreeSet;

use super::dvc::pipeline::{Pipeline, PlotSpec};
use super::dvc::{declared, plots, values};
use super::sklearn::frame::{Frame, Place};
use super::{Folder, StoreImporter, table};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Artifact, Datum, Pointer, Records, Run};
use crate::source::{Entry, file_name, parent};

/// DVCLive folders.
pub(crate) struct DvcLive;

/// Files of the native layout: a folder with one is a run directory and gathers its own files.
const NATIVE: &[&str] = &["run.toml", "model.toml", "metrics.toml", "card.md"];
const REPORTS: &[&str] = &["report.md", "report.html", "report.ipynb"];
const SERIES: &str = "plots/metrics/";

impl StoreImporter for DvcLive {
    fn kind(&self) -> &'static str {
        "dvclive"
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        looks_like(folder)
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        read(folder)
    }
}

/// Whether a folder is DVCLive's: `metrics.json`, and a series, a report or plots beside it, or a
/// `dvc.yaml` that points at it.
pub(crate) fn looks_like(folder: &Folder<'_>) -> bool {
    if folder.file("metrics.json").is_none() || NATIVE.iter().any(|n| folder.file(n).is_some()) {
        return false;
    }
    if series(folder).any(|entry| {
        let below = folder.relative(entry);
        let header = folder.sniff(below);
        header.is_some_and(|d| {
            let line = d.bytes.split(|b| *b == b'\n').next().unwrap_or_default();
            String::from_utf8_lossy(line).split('\t').any(|c| c.trim() == "step")
        })
    }) {
        return true;
    }
    let plots = ["plots/sklearn", "plots/custom", "plots/images"].iter().any(|p| folder.has_folder(p));
    let beside = plots || REPORTS.iter().any(|r| folder.file(r).is_some());
    has_step(folder) && (beside || pointed_at(folder).is_some())
}

fn series<'a>(folder: &Folder<'a>) -> impl Iterator<Item = &'a Entry> {
    let folder = *folder;
    folder.files().iter().filter(move |e| {
        let below = folder.relative(e);
        below.starts_with(SERIES) && below.ends_with(".tsv")
    })
}

/// Whether `metrics.json` counts steps, as DVCLive's does.
fn has_step(folder: &Folder<'_>) -> bool {
    let Some(data) = folder.sniff("metrics.json") else { return false };
    super::json::parse(&data).is_ok_and(|j| matches!(j.value.get("step"), Some(Datum::Int(_))))
}

/// The nearest `dvc.yaml`, in the folder or above, when it points into the folder; with the prefix
/// that its paths have.
fn pointed_at(folder: &Folder<'_>) -> Option<(Pipeline, String)> {
    let mut at = folder.path;
    loop {
        let above = Folder::new(folder.source, at);
        if above.file("dvc.yaml").is_some() {
            let prefix = if at.is_empty() { folder.path } else { folder.path[at.len()..].trim_start_matches('/') };
            let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            let pipeline = declared(&above)?;
            let inside = |p: &String| p.starts_with(&prefix);
            let points = pipeline.metrics.iter().any(inside) || pipeline.plots.iter().any(|(p, _)| inside(p));
            return points.then_some((pipeline, prefix));
        }
        if at.is_empty() {
            return None;
        }
        at = parent(at);
    }
}

fn read(folder: &Folder<'_>) -> Records {
    let mut records = Records::default();
    let path = folder.project_path();
    let mut run = Run {
        id: if path.is_empty() { folder.name().to_owned() } else { path.clone() },
        source: "dvclive".to_owned(),
        name: folder.name().to_owned(),
        folder: path,
        ..Run::default()
    };
    let (pipeline, prefix) = pointed_at(folder).unwrap_or_default();
    for artifact in &pipeline.artifacts {
        let path = artifact.path.strip_prefix(&prefix).unwrap_or(&artifact.path).to_owned();
        let bytes = folder.file(&path).map(|e| e.size());
        run.artifacts.push(Artifact { path, bytes, kind: artifact.kind.clone(), ..Artifact::default() });
    }
    let mut reported: BTreeSet<String> = run.artifacts.iter().map(|a| a.path.clone()).collect();
    for entry in folder.files() {
        let below = folder.relative(entry);
        let understood = match below {
            "metrics.json" => {
                run.origin = Pointer::new(folder.entry_path(entry), "");
                metrics(folder, entry, &mut run, &mut records.problems)
            }
            "params.yaml" => params(folder, entry, &mut run, &mut records.problems),
            _ if matches!(file_name(below), "dvc.yaml" | "dvc.lock" | ".gitignore") => true,
            _ if below.starts_with(SERIES) && below.ends_with(".tsv") => {
                scalar(folder, entry, &mut run, &mut records.problems)
            }
            _ => {
                let kind = if plots::is_image(below) {
                    Some("image")
                } else if REPORTS.contains(&below) {
                    Some("report")
                } else if below.starts_with("artifacts/") {
                    Some("artifact")
                } else {
                    None
                };
                match kind {
                    Some(kind) => {
                        if reported.insert(below.to_owned()) {
                            run.artifacts.push(Artifact {
                                path: below.to_owned(),
                                bytes: Some(entry.size()),
                                kind: Some(kind.to_owned()),
                                ..Artifact::default()
                            });
                        }
                        true
                    }
                    None => {
                        below.starts_with("plots/") && plots::is_data(below) && {
                            let specs: Vec<&PlotSpec> = pipeline
                                .plots
                                .iter()
                                .filter(|(p, _)| p.strip_prefix(&prefix) == Some(below))
                                .map(|(_, spec)| spec)
                                .collect();
                            plot(folder, entry, &specs, &mut run, &mut records)
                        }
                    }
                }
            }
        };
        if !understood {
            records.unrecognised.push(folder.entry_path(entry));
        }
    }
    records.runs.push(run);
    records
}

/// Reads and parses a file of values; what is wrong with it becomes a finding.
fn value(folder: &Folder<'_>, entry: &Entry, problems: &mut Vec<Diagnostic>) -> Option<Datum> {
    let data = folder.read(entry).map_err(|p| problems.push(*p)).ok()?;
    values::parse(&data, problems).map_err(|p| problems.push(*p)).ok()
}

fn metrics(folder: &Folder<'_>, entry: &Entry, run: &mut Run, problems: &mut Vec<Diagnostic>) -> bool {
    let Some(mut value) = value(folder, entry, problems) else { return true };
    let mut step = None;
    if let Datum::Map(entries) = &mut value {
        entries.retain(|(key, value)| match (key.as_str(), value) {
            ("step", Datum::Int(n)) => {
                step = Some(*n);
                false
            }
            _ => true,
        });
    }
    let path = folder.entry_path(entry);
    let (results, rejected) = values::metrics(&value, '/', &path, problems);
    run.rejected.extend(rejected);
    run.results.extend(results.into_iter().map(|mut r| {
        r.step = step;
        r
    }));
    true
}

fn params(folder: &Folder<'_>, entry: &Entry, run: &mut Run, problems: &mut Vec<Diagnostic>) -> bool {
    if let Some(value) = value(folder, entry, problems) {
        let leaves = values::leaves(&value, '.').into_iter().filter(|(name, ..)| !name.is_empty());
        run.params.extend(leaves.map(|(name, _, leaf)| (name, leaf.clone())));
    }
    true
}

/// A series file: the metric is its path, the value the column of its last part.
fn scalar(folder: &Folder<'_>, entry: &Entry, run: &mut Run, problems: &mut Vec<Diagnostic>) -> bool {
    let below = folder.relative(entry);
    let name = below.strip_prefix(SERIES).and_then(|n| n.strip_suffix(".tsv")).unwrap_or(below);
    let table = folder.read(entry).and_then(|data| Ok((table::parse(&data)?, Place::of(&data))));
    let (table, place) = match table {
        Ok(found) => found,
        Err(problem) => {
            problems.push(*problem);
            return true;
        }
    };
    let path = place.path.clone();
    let frame = Frame::from_table(&table, place);
    let column = |wanted: &str| frame.names.iter().position(|n| n == wanted);
    let step = column("step");
    // A name that was cleaned for the file system may differ; then it is the one column left.
    let last = file_name(name);
    let value = column(last)
        .or_else(|| (0..frame.names.len()).rfind(|c| !matches!(frame.names[*c].as_str(), "step" | "timestamp")));
    let (Some(step), Some(value)) = (step, value) else {
        problems.push(
            Diagnostic::new(
                Code::FieldMissing,
                format!("the series '{}' has no step or no value column", visible(name, 80)),
            )
            .at(path)
            .help("is it a file that DVCLive wrote?"),
        );
        return false;
    };
    if frame.len() == 0 {
        return true;
    }
    match plots::series(&frame, Some(step), value, column("timestamp"), name.to_owned()) {
        Some(series) => run.series.push(series),
        None => problems.push(
            Diagnostic::new(
                Code::MetricInvalid,
                format!("the series '{}' has cells that are no numbers", visible(name, 80)),
            )
            .at(path)
            .help("the series is not shown; log numbers only"),
        ),
    }
    true
}

fn plot(folder: &Folder<'_>, entry: &Entry, specs: &[&PlotSpec], run: &mut Run, records: &mut Records) -> bool {
    let document = match folder.read(entry) {
        Ok(data) => plots::read(&data, specs),
        Err(problem) => {
            records.problems.push(*problem);
            return true;
        }
    };
    let Some(document) = document else { return false };
    document.attach(run, records);
    true
}
