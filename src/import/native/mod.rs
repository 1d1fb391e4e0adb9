//! The native layout: run directories, and which document belongs to which of them.
//!
//! In: the files that no store claimed, each already offered to the document importers. Out: the
//! records of the run directories, and loose documents beside them. A folder is a run directory
//! when it holds `run.toml`, `metrics.json` or `metrics.toml`, when a document in it only makes
//! sense as part of a run (a ROC curve), or when it lies below a folder with `model.toml` and holds
//! a document. Its parent is the model, its own name the version (docs/formats/native.md).

mod beside;
mod column;
pub(crate) mod drift;
mod manifest;
pub(crate) mod metrics;
pub(crate) mod records;
pub(crate) mod series;

pub(super) use manifest::toml_datum;
pub(super) use metrics::reject_duplicates;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{
    Artifact, Document, ModelRecord, Pointer, Records, Run, RunForm, RunStatus, SourceSummary, VersionRecord,
};
use crate::source::{Entry, FileData, Source, file_name, parent};

/// A file that no store claimed, after the document importers were asked.
pub(crate) struct Found<'a> {
    pub(crate) entry: &'a Entry,
    /// Who understood it.
    pub(crate) kind: Option<&'static str>,
    pub(crate) document: Option<Document>,
    /// The bytes, for files of the native layout itself.
    pub(crate) data: Option<Arc<FileData>>,
    pub(crate) problem: Option<Box<Diagnostic>>,
    /// Whether nobody asked, because nobody wants what it says.
    pub(crate) unread: bool,
}

impl<'a> Found<'a> {
    /// A file that is known to be there and is not read.
    pub(super) fn unread(entry: &'a Entry) -> Self {
        Self { entry, kind: None, document: None, data: None, problem: None, unread: true }
    }

    /// A copy that says no more than which runs and versions there are.
    pub(super) fn outline(&mut self) -> Self {
        Self {
            entry: self.entry,
            kind: self.kind,
            document: self.document.as_mut().map(Document::outline),
            data: self.data.clone(),
            problem: self.problem.clone(),
            unread: self.unread,
        }
    }
}

/// The kind of document whose metrics are those of a window of current data: in a run directory they
/// must not be taken for one another's.
const REPORT: &str = "evidently";

/// A store that lies somewhere in the source: its folder, kind and records.
pub(super) type Store = (String, &'static str, Records);

/// Whether a file name is one that the native layout itself defines.
pub(super) fn is_native_file(name: &str) -> bool {
    matches!(name, "run.toml" | "model.toml" | "metrics.json" | "metrics.toml" | "card.md")
}

/// Whether a file of that name makes its folder a run directory.
pub(super) fn makes_a_run(name: &str) -> bool {
    matches!(name, "run.toml" | "metrics.json" | "metrics.toml")
}

/// Whether a file of that name says something of its run directory's run and of nothing else, and not which version
/// that is.
pub(super) fn speaks_of_its_run(name: &str) -> bool {
    matches!(name, "metrics.json" | "metrics.toml" | "card.md")
}

/// What another tool wrote under a name of the native layout gives values of the run it lies in, nothing else: such
/// files are not read for runs that nobody judges.
pub(super) fn only_of_its_run(document: &mut Document, path: &str) {
    if document.models.is_empty() && document.others.is_empty() {
        return;
    }
    document.models.clear();
    document.others.clear();
    document.problems.push(
        Diagnostic::new(
            Code::FieldInvalid,
            "a file of this name speaks of its own run only; what it says of others was left out",
        )
        .at(path)
        .help("give the file another name"),
    );
}

/// Gathers files into run directories; a store with a single run inside a run directory is taken
/// out of `stores` and becomes part of that run.
pub(super) fn gather(source: &Source, found: Vec<Found<'_>>, stores: &mut Vec<Store>) -> Records {
    let folders = Folders::decide(&found);
    let mut records = Records::default();
    let mut runs: BTreeMap<&str, RunFiles<'_>> =
        folders.runs.iter().map(|f| (f.as_str(), RunFiles::default())).collect();
    let mut models: BTreeMap<&str, Vec<Found<'_>>> = BTreeMap::new();
    let mut loose = Vec::new();
    for file in found {
        if let Some(files) = folders.run_of(&file.entry.path).and_then(|run| runs.get_mut(run)) {
            files.push(file);
        } else if let Some(model) = folders.models.get(parent(&file.entry.path)) {
            models.entry(model).or_default().push(file);
        } else {
            loose.push(file);
        }
    }
    let mut inside: BTreeMap<&str, Vec<Store>> = BTreeMap::new();
    stores.retain_mut(|(path, kind, store)| match folders.run_of(path) {
        Some(run) if store.runs.len() == 1 => {
            inside.entry(run).or_default().push((path.clone(), kind, std::mem::take(store)));
            false
        }
        _ => true,
    });
    let mut summary = Summary::default();
    for (folder, files) in runs {
        let stores = inside.remove(folder).unwrap_or_default();
        summary.add("native", &files.read);
        read_run(source, folder, &folders, files, stores, &mut records);
    }
    for (folder, files) in models {
        read_model(source, folder, &folders, files, &mut summary, &mut records);
    }
    read_loose(source, loose, &mut summary, &mut records);
    summary.finish(source, &mut records);
    records
}

/// Which folders are run directories and which hold models.
struct Folders {
    runs: BTreeSet<String>,
    /// Folders of models, as paths of the source.
    models: BTreeSet<String>,
}

impl Folders {
    fn decide(found: &[Found<'_>]) -> Self {
        let mut runs = BTreeSet::new();
        let mut declared = BTreeSet::new();
        for file in found {
            let folder = parent(&file.entry.path);
            match file_name(&file.entry.path) {
                "model.toml" => {
                    declared.insert(folder.to_owned());
                }
                name if makes_a_run(name) => {
                    runs.insert(folder.to_owned());
                }
                _ => {}
            }
        }
        // Below a declared model, every folder with a document is a version.
        for file in found.iter().filter(|f| f.document.is_some() || f.data.is_some()) {
            let mut at = parent(&file.entry.path);
            while !at.is_empty() {
                if declared.contains(parent(at)) {
                    runs.insert(at.to_owned());
                    break;
                }
                at = parent(at);
            }
        }
        // Documents that only make sense as part of a run make their folder one, outermost first.
        let mut implied: Vec<&str> = found
            .iter()
            .filter(|f| f.document.as_ref().is_some_and(|d| !d.standalone && d.speaks_of_a_run()))
            .map(|f| parent(&f.entry.path))
            .collect();
        implied.sort_by_key(|f| f.split('/').count());
        for folder in implied {
            if nearest(&runs, folder).is_none() {
                runs.insert(folder.to_owned());
            }
        }
        let mut models: BTreeSet<String> =
            runs.iter().filter(|r| !r.is_empty()).map(|r| parent(r).to_owned()).collect();
        models.extend(declared);
        models.retain(|m| !runs.contains(m));
        Self { runs, models }
    }

    /// The run directory that a file or folder lies in.
    fn run_of(&self, path: &str) -> Option<&str> {
        nearest(&self.runs, parent(path)).or_else(|| self.runs.get(path).map(String::as_str))
    }
}

/// The folder itself or its nearest ancestor that is in the set.
pub(super) fn nearest<'a>(set: &'a BTreeSet<String>, folder: &str) -> Option<&'a str> {
    let mut at = folder;
    loop {
        if let Some(found) = set.get(at) {
            return Some(found);
        }
        if at.is_empty() {
            return None;
        }
        at = parent(at);
    }
}

/// The model that a folder of versions is called by: its path below the source without a leading
/// `runs`, or the source's own name for the root.
fn model_name(source: &Source, folder: &str) -> String {
    let folder = folder.strip_prefix("runs/").unwrap_or(folder);
    if folder.is_empty() || folder == "runs" { source.name.clone() } else { folder.to_owned() }
}

/// The files of one run directory, sorted into what the layout itself defines and the rest.
#[derive(Default)]
struct RunFiles<'a> {
    manifest: Option<Arc<FileData>>,
    metrics: Vec<Arc<FileData>>,
    card: Option<Arc<FileData>>,
    documents: Vec<(&'static str, Document)>,
    others: Vec<&'a Entry>,
    problems: Vec<Diagnostic>,
    /// Files that were understood.
    read: Vec<&'a Entry>,
    /// Whether some were left unread.
    unread: bool,
}

impl<'a> RunFiles<'a> {
    fn push(&mut self, file: Found<'a>) {
        if let Some(problem) = file.problem {
            self.problems.push(*problem);
            self.others.push(file.entry);
            return;
        }
        if file.unread {
            self.unread = true;
            return;
        }
        match (file.document, file.data) {
            (Some(document), _) => {
                self.documents.push((file.kind.unwrap_or("native"), window_named(file.kind, file.entry, document)));
                self.read.push(file.entry);
            }
            (None, Some(data)) => {
                self.read.push(file.entry);
                match data.name() {
                    "run.toml" if self.manifest.is_none() => self.manifest = Some(data),
                    "card.md" if self.card.is_none() => self.card = Some(data),
                    "metrics.json" | "metrics.toml" => self.metrics.push(data),
                    _ => self.others.push(file.entry),
                }
            }
            (None, None) => self.others.push(file.entry),
        }
    }
}

fn read_run(
    source: &Source,
    folder: &str,
    folders: &Folders,
    files: RunFiles<'_>,
    stores: Vec<Store>,
    records: &mut Records,
) {
    let project_folder = source.project_path(folder);
    let mut run = Run {
        id: if project_folder.is_empty() { source.name.clone() } else { project_folder.clone() },
        source: "native".to_owned(),
        name: if folder.is_empty() { source.name.clone() } else { file_name(folder).to_owned() },
        status: RunStatus::Unknown,
        form: RunForm::Directory,
        folder: project_folder.clone(),
        origin: Pointer::new(project_folder.clone(), ""),
        ..Run::default()
    };
    if !folder.is_empty() && folders.models.contains(parent(folder)) {
        run.model = Some(model_name(source, parent(folder)));
        run.version = Some(run.name.clone());
    }
    records.problems.extend(files.problems);
    let before = records.problems.len();
    let imported =
        files.manifest.as_ref().is_some_and(|data| manifest::read_run(data, &mut run, &mut records.problems));
    for data in &files.metrics {
        metrics::read(data).attach(&mut run, records);
    }
    if imported {
        // The values are known by the places of their first files: what is wrong with this copy concerns all.
        for problem in records.problems.iter_mut().skip(before).filter(|p| p.severity == Severity::Warning) {
            problem.severity = Severity::Error;
        }
    }
    if let (None, [], Some((kind, _))) = (&files.manifest, files.metrics.as_slice(), files.documents.first()) {
        (*kind).clone_into(&mut run.source);
    }
    for (_, document) in files.documents {
        document.attach(&mut run, records);
    }
    if let Some(data) = &files.card {
        read_card(data, &mut run, records);
    }
    for (_, _, mut store) in stores {
        if let Some(inner) = store.runs.pop() {
            run.absorb(inner);
        }
        records.problems.append(&mut store.problems);
        records.unrecognised.append(&mut store.unrecognised);
    }
    let prefix = if folder.is_empty() { 0 } else { folder.len() + 1 };
    for entry in files.others {
        let path = &entry.path[prefix..];
        match run.artifacts.iter_mut().find(|a| a.path == path) {
            Some(declared) => check_artifact(source, entry, declared, &mut records.problems),
            None => {
                run.artifacts.push(Artifact {
                    path: path.to_owned(),
                    bytes: Some(entry.size()),
                    ..Artifact::default()
                });
                records.unrecognised.push(source.project_path(&entry.path));
            }
        }
    }
    if !run.holds_values() && !imported && !files.unread {
        records.problems.push(
            Diagnostic::new(Code::RunEmpty, format!("run directory '{}' holds no results", visible(&run.id, 200)))
                .at(run.id.clone())
                .help("write metrics.json into it, or remove the folder"),
        );
    }
    records.runs.push(run);
}

/// The metrics of a report are those of its window: its file's name says which.
pub(super) fn window_named(kind: Option<&str>, entry: &Entry, mut document: Document) -> Document {
    if kind == Some(REPORT) {
        let name = file_name(&entry.path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        for result in &mut document.run.results {
            result.dataset =
                Some(result.dataset.take().map_or_else(|| stem.to_owned(), |side| format!("{stem} {side}")));
        }
    }
    document
}

/// A declared artifact that lies in the folder must be the file that was declared.
fn check_artifact(source: &Source, entry: &Entry, declared: &mut Artifact, problems: &mut Vec<Diagnostic>) {
    let path = source.project_path(&entry.path);
    let Some(expected) = &declared.sha256 else {
        declared.bytes = Some(entry.size());
        return;
    };
    match source.hash(entry) {
        Ok(actual) if actual.hex() == *expected => declared.bytes = Some(entry.size()),
        Ok(actual) => problems.push(
            Diagnostic::new(
                Code::FileChanged,
                format!(
                    "artifact '{}' has the digest {}, not the declared {}",
                    visible(&path, 200),
                    actual.short(),
                    visible(expected, 12)
                ),
            )
            .at(path)
            .help("the file was changed after run.toml was written: train again, or correct the digest"),
        ),
        Err(problem) => problems.push(*problem),
    }
}

fn read_card(data: &FileData, run: &mut Run, records: &mut Records) {
    if let Some(text) = card_text(data, &mut records.problems) {
        let (mut card, problems) = super::huggingface::card(&data.path, &text);
        records.problems.extend(problems);
        card.model = run.model.clone().or(card.model);
        card.version.clone_from(&run.version);
        records.cards.push(card);
    }
}

/// The text of a card; bytes that are not UTF-8 are replaced, and a diagnostic says so.
fn card_text(data: &FileData, problems: &mut Vec<Diagnostic>) -> Option<String> {
    if let Some(text) = data.text() {
        return Some(text.to_owned());
    }
    problems.push(
        Diagnostic::new(
            Code::TextEncoding,
            format!(
                "'{}' is not UTF-8; what cannot be read is shown as replacement characters",
                visible(&data.path, 200)
            ),
        )
        .at(data.path.clone())
        .help("write it as UTF-8"),
    );
    Some(String::from_utf8_lossy(&data.bytes).into_owned())
}

fn read_model(
    source: &Source,
    folder: &str,
    folders: &Folders,
    files: Vec<Found<'_>>,
    summary: &mut Summary,
    records: &mut Records,
) {
    let mut record = ModelRecord { name: model_name(source, folder), ..ModelRecord::default() };
    let model = record.name.clone();
    let mut declared = false;
    let mut cards = Vec::new();
    let mut complete = Vec::new();
    for file in files {
        if let Some(problem) = file.problem {
            records.problems.push(*problem);
        }
        match (file.document, file.data) {
            (_, Some(data)) if data.name() == "model.toml" => {
                declared = true;
                summary.add("native", &[file.entry]);
                manifest::read_model(&data, &mut record, &mut records.problems);
            }
            (_, Some(data)) if data.name() == "card.md" => {
                summary.add("native", &[file.entry]);
                if let Some(text) = card_text(&data, &mut records.problems) {
                    let (card, problems) = super::huggingface::card(&data.path, &text);
                    records.problems.extend(problems);
                    cards.push(card);
                }
            }
            (Some(document), _) if document.complete => {
                summary.add("native", &[file.entry]);
                complete.push(document);
            }
            (Some(mut document), _) => {
                summary.add(file.kind.unwrap_or("native"), &[file.entry]);
                cards.append(&mut document.cards);
                records.drift.append(&mut document.drift);
                records.checks.append(&mut document.checks);
                records.models.append(&mut document.models);
                records.problems.append(&mut document.problems);
            }
            _ => records.unrecognised.push(source.project_path(&file.entry.path)),
        }
    }
    for mut card in cards {
        // A card that names one of the versions speaks of that one, any other of all of them.
        let version_of = |run: &Run| run.model.as_deref() == Some(&model) && run.version == card.version;
        if card.version.is_some() && !records.runs.iter().any(version_of) {
            card.version = None;
        }
        card.model = Some(record.name.clone());
        records.cards.push(card);
    }
    if declared {
        for child in source.child_folders(folder).filter(|c| !folders.runs.contains(*c)) {
            let path = source.project_path(child);
            records.problems.push(
                Diagnostic::new(
                    Code::RunEmpty,
                    format!(
                        "'{}' lies where a version is due but holds nothing that presscheck understands",
                        visible(&path, 200)
                    ),
                )
                .at(path)
                .help("write metrics.json into it, or move the folder away"),
            );
        }
    }
    // The versions of a renamed model go with it.
    let old = model_name(source, folder);
    if record.name != old {
        let here = format!("{}/", source.project_path(folder));
        let of_this =
            |r: &&mut Run| r.model.as_deref() == Some(&old) && (folder.is_empty() || r.folder.starts_with(&here));
        for run in records.runs.iter_mut().filter(of_this) {
            run.model = Some(record.name.clone());
        }
        for card in records.cards.iter_mut().filter(|c| c.model.as_deref() == Some(&old)) {
            card.model = Some(record.name.clone());
        }
    }
    complete.into_iter().for_each(|document| document.stand_alone(records));
    records.models.push(record);
}

/// Documents outside every run directory: drift reports, checks and cards stand on their own. A
/// loose model card is the registry entry of a model of which nothing else is known.
fn read_loose(source: &Source, files: Vec<Found<'_>>, summary: &mut Summary, records: &mut Records) {
    let collections = card_collections(&files);
    for file in files {
        if let Some(problem) = file.problem {
            records.problems.push(*problem);
        }
        if file.document.is_none()
            && is_markdown(&file.entry.path)
            && collections.contains(parent(&file.entry.path))
            && let Ok(data) = source.read(file.entry)
            && let Some(text) = card_text(&data, &mut records.problems)
        {
            let (card, problems) = super::huggingface::card(&data.path, &text);
            records.problems.extend(problems);
            summary.add("huggingface", &[file.entry]);
            records.cards.push(card);
            continue;
        }
        if let (None, Some(data)) = (&file.document, &file.data)
            && data.name() == "card.md"
            && let Some(text) = card_text(data, &mut records.problems)
        {
            let (card, problems) = super::huggingface::card(&data.path, &text);
            records.problems.extend(problems);
            summary.add("huggingface", &[file.entry]);
            records.models.push(card_only_model(source, &file.entry.path, &card));
            records.cards.push(card);
            continue;
        }
        let Some(mut document) = file.document else {
            records.unrecognised.push(source.project_path(&file.entry.path));
            continue;
        };
        summary.add(file.kind.unwrap_or("native"), &[file.entry]);
        if document.complete {
            document.stand_alone(records);
            continue;
        }
        // Tests of a named model are evidence of a run as well.
        if document.speaks_of_a_run() || (!document.checks.is_empty() && document.run.model.is_some()) {
            let run = report_run(source, file.entry, file.kind, &mut document);
            for report in &mut document.drift {
                report.run.get_or_insert_with(|| run.id.clone());
            }
            for check in &mut document.checks {
                check.run.get_or_insert_with(|| run.id.clone());
            }
            for card in document.cards.iter_mut().filter(|c| c.model.is_some() && c.model == run.model) {
                card.version.clone_from(&run.version);
            }
            records.runs.push(run);
            summary.runs(file.kind.unwrap_or("native"), 1);
        }
        summary.runs(file.kind.unwrap_or("native"), document.others.len());
        records.runs.append(&mut document.others);
        records.drift.append(&mut document.drift);
        records.checks.append(&mut document.checks);
        records.models.append(&mut document.models);
        records.problems.append(&mut document.problems);
        for mut card in document.cards {
            if is_plain_readme(&file.entry.path, &card) {
                records.cards.push(card);
                continue;
            }
            let model = card_only_model(source, &file.entry.path, &card);
            card.model.get_or_insert_with(|| model.name.clone());
            card.version.get_or_insert_with(|| CARD_VERSION.to_owned());
            records.models.push(model);
            records.cards.push(card);
        }
    }
}

/// Folders in which most Markdown files are cards: there one without front matter is a card too.
fn card_collections(files: &[Found<'_>]) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for file in files.iter().filter(|f| is_markdown(&f.entry.path) && f.data.is_none()) {
        let (cards, all) = counts.entry(parent(&file.entry.path)).or_default();
        *cards += usize::from(file.document.as_ref().is_some_and(|d| !d.cards.is_empty()));
        *all += 1;
    }
    let collection = |(cards, all): &(usize, usize)| *cards >= 3 && cards * 4 >= all * 3;
    counts.iter().filter(|(_, n)| collection(n)).map(|(folder, _)| (*folder).to_owned()).collect()
}

fn is_markdown(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".md") || path.ends_with(".markdown")
}

/// A README without front matter speaks of a project: it is shown as a card, but makes no model.
fn is_plain_readme(path: &str, card: &crate::model::Card) -> bool {
    file_name(path).eq_ignore_ascii_case("readme.md")
        && card.metadata.entries().is_none_or(<[_]>::is_empty)
        && card.results.is_empty()
}

/// A document that lies outside every run directory and holds metrics is a run of its own. What it
/// says of its model and version holds; one that names a model but no version is the version of its
/// start, or of its file's name.
fn report_run(source: &Source, entry: &Entry, kind: Option<&str>, document: &mut Document) -> Run {
    let path = source.project_path(&entry.path);
    let file = file_name(&path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut run = std::mem::take(&mut document.run);
    if run.name.is_empty() {
        stem.clone_into(&mut run.name);
    }
    if run.model.is_some() && run.version.is_none() {
        run.version = Some(run.started_at.map_or_else(|| stem.to_owned(), |at| at.to_string()));
    }
    run.source = kind.unwrap_or("native").to_owned();
    run.form = RunForm::Document;
    run.folder.clone_from(&path);
    run.origin = Pointer::new(path.clone(), "");
    run.id = path;
    run
}

/// The version that a loose card describes: hubs call the state of a repository by its branch.
const CARD_VERSION: &str = "main";

fn card_only_model(source: &Source, path: &str, card: &crate::model::Card) -> ModelRecord {
    let derived = match file_name(path).to_ascii_lowercase().as_str() {
        "readme.md" | "card.md" | "model_card.md" | "modelcard.md" => match parent(path) {
            "" => source.name.clone(),
            folder => file_name(folder).to_owned(),
        },
        _ => file_name(path).rsplit_once('.').map_or(path, |(stem, _)| stem).replace("__", "/"),
    };
    ModelRecord {
        name: card.model.clone().unwrap_or(derived),
        versions: vec![VersionRecord {
            version: card.version.clone().unwrap_or_else(|| CARD_VERSION.to_owned()),
            ..VersionRecord::default()
        }],
        ..ModelRecord::default()
    }
}

/// What was read, by importer.
#[derive(Default)]
struct Summary {
    files: BTreeMap<&'static str, (usize, u64)>,
    /// Runs that are documents of their own.
    runs: BTreeMap<&'static str, usize>,
}

impl Summary {
    fn add(&mut self, kind: &'static str, entries: &[&Entry]) {
        let (files, bytes) = self.files.entry(kind).or_default();
        *files += entries.len();
        *bytes += entries.iter().map(|e| e.size()).sum::<u64>();
    }

    fn runs(&mut self, kind: &'static str, more: usize) {
        *self.runs.entry(kind).or_default() += more;
    }

    fn finish(self, source: &Source, records: &mut Records) {
        let path = if source.label.is_empty() { ".".to_owned() } else { source.label.clone() };
        let apart: usize = self.runs.iter().filter(|(kind, _)| **kind != "native").map(|(_, runs)| runs).sum();
        for (kind, (files, bytes)) in self.files {
            let runs = match kind {
                "native" => records.runs.len() - apart,
                kind => self.runs.get(kind).copied().unwrap_or_default(),
            };
            records.sources.push(SourceSummary { kind: kind.to_owned(), path: path.clone(), runs, files, bytes });
        }
    }
}
