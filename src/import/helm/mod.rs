//! HELM: suites of runs (`benchmark_output/runs/SUITE/RUN/`) and the efficiency tables of its models.
//!
//! In: folders with `run_spec.json` and `stats.json`. Out: one run for each suite and model: the suite
//! is the version, a run's name without its model the dataset. Requests and values by instance
//! (`scenario_state.json`, `per_instance_stats.json`) are named as artifacts and not read: they are
//! large, and `stats.json` holds what HELM made of them.

mod efficiency;
mod stats;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use efficiency::HelmEfficiency;

use super::harness::{Findings, is_map, params, present, text};
use super::native::nearest;
use super::{Folder, StoreImporter, json};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Artifact, Dataset, Datum, Direction, Pointer, Records, Run, RunForm, RunStatus};
use crate::source::{Entry, file_name, parent};

/// A suite of HELM runs, or one run.
pub(crate) struct HelmSuite;

const KIND: &str = "helm";
const SPEC: &str = "run_spec.json";
const STATS: &str = "stats.json";
/// Files of a suite that sum up what its runs say.
const SUITE_FILES: &[&str] = &[
    "summary.json",
    "schema.json",
    "groups.json",
    "groups_metadata.json",
    "runs.json",
    "run_specs.json",
    "runs_to_run_suites.json",
    "adapter_specs.json",
    "costs.json",
    "errors.json",
    "contamination.json",
];

impl StoreImporter for HelmSuite {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let is_run = |folder: &Folder<'_>| {
            let spec = folder.sniff(SPEC).and_then(|file| json::parse(&file).ok());
            spec.is_some_and(|json| is_map(&json.value, "adapter_spec") && text(&json.value, "name").is_some())
        };
        let mut below = folder.child_folders().map(|path| folder.folder(path));
        folder.file(SPEC).is_some_and(|_| is_run(folder))
            || below.find(|f| f.file(SPEC).is_some()).is_some_and(|f| is_run(&f))
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        let mut records = Records::default();
        let mut runs: BTreeMap<(String, String), Run> = BTreeMap::new();
        let specs: Vec<&Entry> = folder.files().iter().filter(|e| file_name(&e.path) == SPEC).collect();
        for spec in &specs {
            read_run(folder, spec, &mut runs, &mut records);
        }
        let inside: BTreeSet<String> = specs.iter().map(|s| parent(&s.path).to_owned()).collect();
        let suites: BTreeSet<&str> = inside.iter().map(|run| parent(run)).collect();
        for entry in folder.files() {
            let place = parent(&entry.path);
            let summary = suites.contains(place) && SUITE_FILES.contains(&file_name(&entry.path))
                || file_name(place) == "groups" && suites.contains(parent(place));
            if !summary && nearest(&inside, place).is_none() {
                records.unrecognised.push(folder.entry_path(entry));
            }
        }
        for suite in &suites {
            directions(folder, suite, &mut runs);
        }
        records.runs.extend(runs.into_values());
        records
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// `schema.json` of a suite says which way its metrics are better.
fn directions(folder: &Folder<'_>, suite: &str, runs: &mut BTreeMap<(String, String), Run>) {
    let path = joined(suite, "schema.json");
    let Some(entry) = folder.files().iter().find(|e| e.path == path) else { return };
    let Some(schema) = folder.read(entry).ok().and_then(|file| json::parse(&file).ok()) else { return };
    for metric in schema.value.get("metrics").and_then(Datum::items).unwrap_or_default() {
        if let (Some(name), Some(Datum::Bool(lower))) = (text(metric, "name"), metric.get("lower_is_better")) {
            for run in runs.values_mut().filter(|r| below(&r.folder, suite) || suite.is_empty()) {
                run.direct(name, if *lower { Direction::Lower } else { Direction::Higher });
            }
        }
    }
}

/// Reads one run folder into the run of its suite and model.
fn read_run<'a>(
    folder: &Folder<'a>,
    spec: &'a Entry,
    runs: &mut BTreeMap<(String, String), Run>,
    records: &mut Records,
) {
    let parsed = folder.read(spec).and_then(|file| {
        let json = json::parse(&file)?;
        records.problems.extend(json.duplicate_problems(&file.path));
        Ok(json.value)
    });
    let value = match parsed {
        Ok(value) => value,
        Err(problem) => {
            records.problems.push(*problem);
            return;
        }
    };
    let path = folder.entry_path(spec);
    let adapter = value.get("adapter_spec").unwrap_or(&Datum::Null);
    let name = text(&value, "name").unwrap_or_else(|| file_name(parent(&path)));
    let suite_path = parent(parent(&path)).to_owned();
    let suite = match parent(parent(&spec.path)) {
        "" => folder.source.name.clone(),
        suite => file_name(suite).to_owned(),
    };
    let model = text(adapter, "model").or_else(|| text(adapter, "model_deployment")).map(str::to_owned);
    if model.is_none() {
        records.problems.push(
            Diagnostic::new(Code::FieldMissing, format!("run '{}' names no model", visible(name, 120)))
                .at(path.clone())
                .pointer("/adapter_spec/model")
                .help("its results belong to no version of any model"),
        );
    }
    let dataset = dataset_name(name);
    let key = (suite_path.clone(), model.clone().unwrap_or_else(|| format!("run {name}")));
    let run = runs.entry(key).or_insert_with(|| Run {
        id: format!("{}#{}", joined(&suite_path, "").trim_end_matches('/'), model.as_deref().unwrap_or(name)),
        source: KIND.to_owned(),
        name: model.as_deref().unwrap_or(name).to_owned(),
        version: model.is_some().then(|| suite.clone()),
        model,
        experiment: Some(suite),
        status: RunStatus::Finished,
        form: RunForm::Document,
        folder: parent(&path).to_owned(),
        origin: Pointer::new(path.clone(), ""),
        ..Run::default()
    });
    let own = parent(&path);
    if run.folder != own {
        run.further.push(own.to_owned());
    }
    params(run, "model_deployment", adapter.get("model_deployment").unwrap_or(&Datum::Null));
    run.extra.push((dataset.clone(), value.clone()));
    let here = folder.folder(parent(&spec.path));
    let scenario = here.file("scenario.json");
    let described = scenario.and_then(|entry| folder.read(entry).ok()).and_then(|file| json::parse(&file).ok());
    run.datasets.push(Dataset {
        name: dataset.clone(),
        uri: described.and_then(|j| present(&j.value, "definition_path").map(Datum::display)),
        ..Dataset::default()
    });
    let mut found = false;
    for entry in here.files() {
        match file_name(&entry.path) {
            STATS if parent(&entry.path) == parent(&spec.path) => {
                found = true;
                read_stats(folder, entry, &dataset, run, records);
            }
            SPEC | "scenario.json" => {}
            _ => run.artifacts.push(Artifact {
                path: folder.relative(entry).to_owned(),
                bytes: Some(entry.size()),
                ..Artifact::default()
            }),
        }
    }
    if !found {
        records.problems.push(
            Diagnostic::new(Code::RunEmpty, format!("run '{}' has no {STATS}", visible(name, 120)))
                .at(path)
                .help("did the run end? HELM writes its values last"),
        );
    }
}

fn read_stats(folder: &Folder<'_>, entry: &Entry, dataset: &str, run: &mut Run, records: &mut Records) {
    let parsed = folder.read(entry).and_then(|file| {
        let json = json::parse(&file)?;
        records.problems.extend(json.duplicate_problems(&file.path));
        Ok(json.value)
    });
    let path = folder.entry_path(entry);
    match parsed {
        Ok(value) => {
            let mut findings = Findings::new(&path);
            stats::read(&value, &path, dataset, run, &mut findings);
            records.problems.append(&mut findings.finish());
        }
        Err(problem) => records.problems.push(*problem),
    }
}

/// The name of a run without its model: `mmlu:subject=anatomy,model=openai_gpt2` asks what
/// `mmlu:subject=anatomy` asks of every model.
fn dataset_name(name: &str) -> String {
    let (scenario, args) = name.split_once(':').unwrap_or((name, ""));
    let args: Vec<&str> = args
        .split(',')
        .filter(|a| !a.is_empty() && !a.starts_with("model=") && !a.starts_with("model_deployment="))
        .collect();
    if args.is_empty() { scenario.to_owned() } else { format!("{scenario}:{}", args.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::dataset_name;

    #[test]
    fn the_model_is_no_part_of_what_is_asked() {
        for (name, dataset) in [
            ("narrative_qa:model=openai_gpt2", "narrative_qa"),
            ("mmlu:subject=anatomy,method=joint,model=openai_gpt2", "mmlu:subject=anatomy,method=joint"),
            ("bbq:model=a,subject=all,model_deployment=b", "bbq:subject=all"),
            ("plain", "plain"),
        ] {
            assert_eq!(dataset_name(name), dataset);
        }
    }
}
