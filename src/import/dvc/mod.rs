//! DVC projects: the state of the work tree. Git history is not read.
//!
//! In: a folder with a `dvc.yaml` that declares something of its own. Out: one run for the work tree
//! with metrics and params under the names that `dvc metrics show` and `dvc params diff` print, the
//! hashes of `dvc.lock`, and the declared plots; a metric that stands in several files is
//! `file:name`, as in `dvc exp show`. Stores inside the project (a DVCLive folder, another project)
//! become runs of their own with the project's run as parent and are not repeated in it. Documents
//! of other tools that DVC does not speak of (a drift report, a card) belong to the run, too.
//! A `dvc.yaml` that DVCLive wrote, which speaks of nothing but DVCLive's folders, makes no project.

pub(crate) mod gto;
mod lock;
pub(crate) mod needs;
pub(crate) mod pipeline;
pub(crate) mod plots;
pub(crate) mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, DOCUMENTS, DocumentImporter, Folder, STORES, StoreImporter, dvclive};
use crate::diag::{Code, Diagnostic, Severity};
use crate::model::{Artifact, Dataset, Datum, Document, MetricResult, Pointer, Records, Run, RunStatus, SourceSummary};
use crate::source::{Entry, file_name, parent};
use pipeline::{Pipeline, PlotSpec};

/// DVC projects.
pub(crate) struct DvcProject;

/// Files that belong to DVC itself.
const OWN: &[&str] = &["dvc.yaml", "dvc.lock", ".dvcignore", ".gitignore", ".gitattributes"];
/// Endings of files that the document importers may understand.
const DOCUMENT: &[&str] = &[".json", ".csv", ".tsv", ".md", ".markdown", ".xml"];

impl StoreImporter for DvcProject {
    fn kind(&self) -> &'static str {
        "dvc"
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        if folder.file("dvc.yaml").is_none() {
            return false;
        }
        let Some(data) = folder.sniff("dvc.yaml") else { return false };
        let Some(text) = data.text() else { return false };
        match super::yaml::parse(text) {
            Ok(value) => {
                let inside = |path: &str| within_dvclive(folder, path);
                pipeline::is_pipeline(&value) && !pipeline::read(&value, &mut pipeline::no_files).speaks_only_of(inside)
            }
            // A broken file is still a project's when it begins like one; reading it says what is wrong.
            Err(_) => text.lines().any(|l| l.starts_with("stages:")),
        }
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        Project::new(*folder).read()
    }
}

/// Whether a path lies in a DVCLive folder below, or in this folder when it is one itself.
fn within_dvclive(folder: &Folder<'_>, path: &str) -> bool {
    let mut at = path;
    loop {
        let candidate = folder.join(at);
        if dvclive::looks_like(&Folder::new(folder.source, &candidate)) {
            return true;
        }
        if at.is_empty() {
            return false;
        }
        at = parent(at);
    }
}

/// Reads a folder's `dvc.yaml` with the values that its templates use; findings are dropped, for
/// those who only want to know what it declares.
pub(crate) fn declared(folder: &Folder<'_>) -> Option<Pipeline> {
    let data = folder.sniff("dvc.yaml")?;
    let value = super::yaml::parse(data.text()?).ok()?;
    let mut load = |path: &str| values::parse(&*folder.sniff(path)?, &mut Vec::new()).ok();
    pipeline::is_pipeline(&value).then(|| pipeline::read(&value, &mut load))
}

/// A project being read.
struct Project<'a> {
    folder: Folder<'a>,
    records: Records,
    run: Run,
    /// Files that were understood, relative to the folder.
    understood: BTreeSet<String>,
    artifacts: BTreeMap<String, Artifact>,
    datasets: BTreeMap<String, Dataset>,
    /// Folders of stores inside, relative to the folder.
    stores: Vec<String>,
}

impl<'a> Project<'a> {
    fn new(folder: Folder<'a>) -> Self {
        let path = folder.project_path();
        let run = Run {
            id: if path.is_empty() { folder.name().to_owned() } else { path.clone() },
            source: "dvc".to_owned(),
            name: folder.name().to_owned(),
            status: RunStatus::Finished,
            folder: path,
            ..Run::default()
        };
        Self {
            folder,
            records: Records::default(),
            run,
            understood: BTreeSet::new(),
            artifacts: BTreeMap::new(),
            datasets: BTreeMap::new(),
            stores: Vec::new(),
        }
    }

    fn read(mut self) -> Records {
        let children: Vec<&'a str> = self.folder.child_folders().collect();
        for child in children {
            self.find_stores(child);
        }
        // At the root the run is named after the folder, which may also be the name of a folder in it.
        while self.run.id.is_empty() || self.records.runs.iter().any(|r| r.id == self.run.id) {
            self.run.id = format!("./{}", self.run.id);
        }
        for run in &mut self.records.runs {
            if run.parent.is_none() {
                run.parent = Some(self.run.id.clone());
            }
        }
        let vars = self.take("params.yaml").unwrap_or(Datum::Null);
        let at = self.folder.project_path();
        let path = if at.is_empty() { "dvc.yaml".to_owned() } else { format!("{at}/dvc.yaml") };
        self.run.origin = Pointer::new(path.clone(), "");
        let value = self.take("dvc.yaml").unwrap_or(Datum::Null);
        let mut pipeline = pipeline::read(&value, &mut |path: &str| match path {
            "params.yaml" => Some(vars.clone()),
            path => self.take(path),
        });
        self.records.problems.extend(pipeline.problems.drain(..).map(|p| p.at(path.clone())));
        let lock = self.take("dvc.lock");
        if let Some(lock) = &lock {
            self.run.extra.push(("dvc.lock".to_owned(), lock.clone()));
        }
        let lock = lock::read(&lock.unwrap_or(Datum::Null), &pipeline.wdirs);

        self.metrics(&pipeline);
        self.params(&vars, &pipeline, &lock);
        self.plots(&pipeline);
        self.hashes(&pipeline, &lock);
        self.rest();
        self.run.artifacts.extend(self.artifacts.into_values());
        self.run.datasets.extend(self.datasets.into_values());
        self.records.runs.insert(0, self.run);
        self.records
    }

    /// Stores of other importers, and other DVC projects, inside this one.
    fn find_stores(&mut self, path: &'a str) {
        let folder = self.folder.folder(path);
        let relative = self.relative(path);
        if file_name(&relative) == ".dvc" {
            return;
        }
        if let Some(store) = STORES.iter().find(|s| s.claims(&folder)) {
            let records = store.read(&folder);
            self.records.sources.push(SourceSummary {
                kind: store.kind().to_owned(),
                path: folder.project_path(),
                runs: records.runs.len(),
                files: folder.files().len(),
                bytes: folder.files().iter().map(|e| e.size()).sum(),
            });
            self.records.append(records);
            self.stores.push(relative);
            return;
        }
        let children: Vec<&'a str> = folder.child_folders().collect();
        for child in children {
            self.find_stores(child);
        }
    }

    /// A path of the source relative to the folder.
    fn relative(&self, path: &str) -> String {
        if self.folder.path.is_empty() { path.to_owned() } else { path[self.folder.path.len() + 1..].to_owned() }
    }

    fn in_store(&self, path: &str) -> bool {
        self.stores.iter().any(|s| path == s || path.strip_prefix(s.as_str()).is_some_and(|r| r.starts_with('/')))
    }

    /// Parses a file of values; what is wrong with it becomes a finding.
    fn take(&mut self, path: &str) -> Option<Datum> {
        let entry = self.folder.file(path)?;
        self.understood.insert(path.to_owned());
        let data = self.folder.read(entry).map_err(|p| self.records.problems.push(*p)).ok()?;
        values::parse(&data, &mut self.records.problems).map_err(|p| self.records.problems.push(*p)).ok()
    }

    /// The files that a declared path means: itself, or what lies below it.
    fn files(&self, path: &str) -> Vec<&'a Entry> {
        let below = if path.is_empty() {
            Vec::new()
        } else {
            self.folder.source.files(&self.folder.join(path)).iter().collect()
        };
        self.folder
            .file(path)
            .map_or(below, |file| vec![file])
            .into_iter()
            .filter(|e| !self.in_store(&self.relative(&e.path)))
            .collect()
    }

    fn metrics(&mut self, pipeline: &Pipeline) {
        let mut by_file: Vec<(String, Vec<MetricResult>)> = Vec::new();
        for path in &pipeline.metrics {
            for entry in self.files(path) {
                let relative = self.relative(&entry.path);
                if !self.understood.contains(&relative)
                    && let Some(value) = self.take(&relative)
                {
                    let at = self.folder.entry_path(entry);
                    let (results, rejected) = values::metrics(&value, '.', &at, &mut self.records.problems);
                    self.run.rejected.extend(rejected);
                    by_file.push((relative, results));
                }
            }
        }
        let mut files_of: BTreeMap<String, usize> = BTreeMap::new();
        for (_, results) in &by_file {
            let names: BTreeSet<&String> = results.iter().map(|r| &r.metric).collect();
            for name in names {
                *files_of.entry(name.clone()).or_default() += 1;
            }
        }
        for (file, results) in by_file {
            for mut result in results {
                if files_of.get(&result.metric).is_some_and(|n| *n > 1) {
                    result.metric = format!("{file}:{}", result.metric);
                }
                self.run.results.push(result);
            }
        }
    }

    /// `params.yaml`, then other files; where a file is not there, what the lock remembers of it.
    fn params(&mut self, vars: &Datum, pipeline: &Pipeline, lock: &lock::Lock) {
        self.add_params("params.yaml", vars);
        let mut seen = BTreeSet::from(["params.yaml".to_owned()]);
        for path in &pipeline.params {
            let is_first = seen.insert(path.clone()) && !self.in_store(path);
            // Python files are DVC's to read, and not ours to run.
            if is_first && path.ends_with(".py") {
                self.mark(path);
                if !lock.params.iter().any(|(file, _)| file == path) {
                    self.records.problems.push(
                        Diagnostic::new(
                            Code::FormatVersion,
                            "params in a Python file are read from dvc.lock only, which has none of them",
                        )
                        .severity(Severity::Note)
                        .at(self.folder.project_path_of(path))
                        .help("keep params in YAML, JSON or TOML, or run `dvc repro` so that dvc.lock has them"),
                    );
                }
            } else if is_first && let Some(value) = self.take(path) {
                self.add_params(path, &value);
            }
        }
        for (file, params) in &lock.params {
            if self.folder.file(file).is_none() || file.ends_with(".py") {
                self.add_params(file, &Datum::Map(params.clone()));
            }
        }
    }

    fn add_params(&mut self, file: &str, value: &Datum) {
        for (name, _, leaf) in values::leaves(value, '.') {
            if name.is_empty() {
                continue;
            }
            match self.run.params.get(&name) {
                None => {
                    self.run.params.insert(name, leaf.clone());
                }
                Some(known) if known == leaf => {}
                Some(_) => {
                    self.run.params.insert(format!("{file}:{name}"), leaf.clone());
                }
            }
        }
    }

    fn plots(&mut self, pipeline: &Pipeline) {
        let mut specs: BTreeMap<&str, Vec<&PlotSpec>> = BTreeMap::new();
        let mut files: BTreeMap<String, &Entry> = BTreeMap::new();
        for (path, spec) in &pipeline.plots {
            for entry in self.files(path) {
                let relative = self.folder.relative(entry);
                specs.entry(relative).or_default().push(spec);
                files.insert(relative.to_owned(), entry);
            }
        }
        for (relative, entry) in files {
            if plots::is_image(&relative) {
                self.understood.insert(relative.clone());
                self.artifact(&relative, Some(entry.size()), Some("image"));
            } else if plots::is_data(&relative) && !self.understood.contains(&relative) {
                match self.folder.read(entry) {
                    Ok(data) => {
                        let specs = specs.get(relative.as_str()).map_or(&[][..], Vec::as_slice);
                        if let Some(document) = plots::read(&data, specs) {
                            self.understood.insert(relative);
                            self.attach(document);
                        }
                    }
                    Err(problem) => self.records.problems.push(*problem),
                }
            }
        }
    }

    fn attach(&mut self, document: Document) {
        document.attach(&mut self.run, &mut self.records);
    }

    fn artifact(&mut self, path: &str, bytes: Option<u64>, kind: Option<&str>) {
        let artifact = self
            .artifacts
            .entry(path.to_owned())
            .or_insert_with(|| Artifact { path: path.to_owned(), ..Artifact::default() });
        artifact.bytes = artifact.bytes.or(bytes);
        artifact.kind = kind.map(str::to_owned).or_else(|| artifact.kind.take());
    }

    /// Datasets and artifacts from hashes and declarations. What lies in a folder of data, or is
    /// tracked by `dvc add` and no model, is a dataset; any other output that is no metric, plot or
    /// source code is an artifact.
    fn hashes(&mut self, pipeline: &Pipeline, lock: &lock::Lock) {
        let mut tracked = Vec::new();
        let dvc_files: Vec<String> = self
            .folder
            .files()
            .iter()
            .map(|e| self.relative(&e.path))
            .filter(|p| p.ends_with(".dvc") && !p.starts_with(".dvc/") && !self.in_store(p))
            .collect();
        for path in dvc_files {
            if let Some(value) = self.take(&path) {
                tracked.extend(lock::read_tracked(&value, parent(&path)));
            }
        }
        let reported: BTreeSet<&str> =
            pipeline.metrics.iter().map(String::as_str).chain(pipeline.plots.iter().map(|(p, _)| p.as_str())).collect();
        let declared: BTreeMap<&str, Option<&str>> =
            pipeline.artifacts.iter().map(|a| (a.path.as_str(), a.kind.as_deref())).collect();
        let entries = lock.entries.iter().map(|e| (e, false)).chain(tracked.iter().map(|e| (e, true)));
        for (entry, tracked) in entries {
            let path = entry.path.as_str();
            if reported.contains(path) || self.in_store(path) {
                continue;
            }
            let is_declared = declared.contains_key(path);
            if !is_declared && (is_data_path(path) || tracked) {
                let digest = entry.digest.clone();
                self.datasets.entry(path.to_owned()).or_insert_with(|| Dataset {
                    name: path.to_owned(),
                    digest,
                    ..Dataset::default()
                });
            } else if entry.is_out || is_declared {
                self.artifact(path, entry.size, declared.get(path).copied().flatten());
            } else {
                continue;
            }
            self.mark(path);
        }
        for (path, kind) in declared {
            let bytes = self.folder.file(path).map(|e| e.size());
            self.artifact(path, bytes, kind);
            self.mark(path);
        }
        for path in &pipeline.outs {
            if !self.in_store(path) && !self.datasets.contains_key(path) {
                let bytes = self.folder.file(path).map(|e| e.size());
                self.artifact(path, bytes, None);
            }
            self.mark(path);
        }
    }

    /// Marks a file, or all files below a folder, as understood.
    fn mark(&mut self, path: &str) {
        for entry in self.files(path) {
            let relative = self.relative(&entry.path);
            self.understood.insert(relative);
        }
    }

    /// Documents of other tools, and the list of what nobody understood.
    fn rest(&mut self) {
        for entry in self.folder.files() {
            let relative = self.relative(&entry.path);
            let internal = relative.starts_with(".dvc/") || OWN.contains(&file_name(&relative));
            if internal || self.understood.contains(&relative) || self.in_store(&relative) {
                continue;
            }
            let lower = relative.to_ascii_lowercase();
            match DOCUMENT.iter().any(|e| lower.ends_with(e)).then(|| self.folder.read(entry)) {
                Some(Ok(data)) => match document(&data) {
                    Some(document) => self.attach(document),
                    None => self.records.unrecognised.push(self.folder.entry_path(entry)),
                },
                Some(Err(problem)) => self.records.problems.push(*problem),
                None => self.records.unrecognised.push(self.folder.entry_path(entry)),
            }
        }
    }
}

/// A file as one of the document importers reads it.
fn document(data: &crate::source::FileData) -> Option<Document> {
    let content = Content::new(data);
    let importer = DOCUMENTS.iter().find(|d| d.sniff(&content))?;
    let mut document = importer.read(&content);
    if let Some(Ok(json)) = content.json_document() {
        let duplicates: Vec<Diagnostic> = json.duplicate_problems(&data.path);
        document.problems.extend(duplicates);
    }
    Some(document)
}

/// The `dvc.yaml` that DVCLive writes: it speaks only of DVCLive's folders, which read it themselves,
/// so nothing of it is left to show.
pub(crate) struct DvcLiveYaml;

impl DocumentImporter for DvcLiveYaml {
    fn kind(&self) -> &'static str {
        "dvclive"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.file.name() == "dvc.yaml"
            && content.file.text().and_then(|text| super::yaml::parse(text).ok()).is_some_and(|value| {
                pipeline::is_pipeline(&value) && pipeline::read(&value, &mut pipeline::no_files).stages.is_empty()
            })
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}

/// Whether a path lies in a folder of data.
fn is_data_path(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "data" | "dataset" | "datasets"))
}
