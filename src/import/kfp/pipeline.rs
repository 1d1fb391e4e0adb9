//! The folder of one pipeline run: `TASK/executor_output.json` for each task.
//!
//! In: the folder, as `kfp.local` and copies of a pipeline root have it. Out: one run with what all
//! tasks put out. A folder counts only when an artifact's URI inside names folder and task, so that
//! outputs which somebody keeps by version stay apart. Metrics that several tasks put out under one
//! name are called `TASK/NAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::facts::Facts;
use super::super::{Folder, StoreImporter, json};
use super::output;
use crate::model::{Document, Pointer, Records, Run};
use crate::source::{FileData, file_name};

/// What a task leaves behind.
const OUTPUT: &str = "executor_output.json";
/// Outputs above this size are not read, in bytes.
const FILE: u64 = 16 << 20;

/// A pipeline run.
pub(crate) struct PipelineRun;

impl StoreImporter for PipelineRun {
    fn kind(&self) -> &'static str {
        "kfp"
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let run = folder.name();
        folder.child_folders().any(|child| {
            let task = folder.folder(child);
            task.file(OUTPUT).is_some_and(|e| e.size() <= FILE)
                && task.sniff(OUTPUT).is_some_and(|file| belongs(&file, run, task.name()))
        })
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        let mut records = Records::default();
        let path = folder.project_path();
        let mut run = Run {
            id: if path.is_empty() { folder.name().to_owned() } else { path.clone() },
            source: self.kind().to_owned(),
            name: folder.name().to_owned(),
            folder: path.clone(),
            origin: Pointer::new(path, ""),
            ..Run::default()
        };
        run.lineage.pipeline = Some(pipeline_name(folder.name()).to_owned());
        let mut tasks: Vec<(String, Document)> = Vec::new();
        for entry in folder.files() {
            let below = folder.relative(entry);
            let task = below.strip_suffix(OUTPUT).and_then(|t| t.strip_suffix('/')).filter(|t| !t.contains('/'));
            let Some(task) = task.filter(|_| entry.size() <= FILE) else {
                records.unrecognised.push(folder.entry_path(entry));
                continue;
            };
            let file = match folder.read(entry) {
                Ok(file) => file,
                Err(problem) => {
                    records.problems.push(*problem);
                    continue;
                }
            };
            match json::parse(&file) {
                Ok(parsed) => {
                    records.problems.extend(parsed.duplicate_problems(&file.path));
                    let mut facts = Facts::new(&file.path);
                    facts.harness = Some("kfp".to_owned());
                    output::read(&parsed.value, &format!("{task}."), &mut facts);
                    tasks.push((task.to_owned(), facts.finish()));
                }
                Err(problem) => records.problems.push(*problem),
            }
        }
        qualify(&mut tasks);
        for (_, document) in tasks {
            document.attach(&mut run, &mut records);
        }
        records.runs.push(run);
        records
    }
}

/// Whether an output's artifacts lie, by their URIs, in a folder of that run and task.
fn belongs(file: &Arc<FileData>, run: &str, task: &str) -> bool {
    let part = format!("/{run}/{task}/");
    // The text first: most files that bear the name need no parsing.
    let bytes = &file.bytes;
    if !bytes.windows(part.len()).any(|w| w == part.as_bytes()) {
        return false;
    }
    json::parse(file)
        .is_ok_and(|parsed| output::is_output(&parsed.value) && output::uris(&parsed.value).any(|u| u.contains(&part)))
}

/// Metrics that more than one task puts out get the task before their name.
fn qualify(tasks: &mut [(String, Document)]) {
    let mut owners: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (i, (_, document)) in tasks.iter().enumerate() {
        let run = &document.run;
        for name in run.results.iter().map(|r| &r.metric).chain(run.rejected.iter().map(|r| &r.metric)) {
            owners.entry(name.clone()).or_default().insert(i);
        }
    }
    let shared = |name: &str| owners.get(name).is_some_and(|o| o.len() > 1);
    for (task, document) in tasks {
        let run = &mut document.run;
        let names = run.results.iter_mut().map(|r| &mut r.metric).chain(run.rejected.iter_mut().map(|r| &mut r.metric));
        for name in names.filter(|n| shared(n)) {
            *name = format!("{task}/{name}");
        }
    }
}

/// The pipeline's name: `train-eval-2026-11-23-11-44-00-521410` without the time.
fn pipeline_name(run: &str) -> &str {
    let name = file_name(run);
    let is_digit = |b: u8| b.is_ascii_digit() || b == b'-';
    let time = name.bytes().rev().take_while(|b| is_digit(*b)).count();
    let cut = name.len() - time;
    if time >= 20 { name.get(..cut).map_or(name, |n| n.trim_end_matches('-')) } else { name }
}
