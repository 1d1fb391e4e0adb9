//! Which file belongs to whom: stores first, then documents, each to its run directory.
//!
//! In: a listed source. Out: its records. Databases are read first, since they own folders that look
//! like nobody's. From the top down each folder is offered to the store
//! importers, and the first that claims it reads it. What no store understands is offered, file by
//! file, to the document importers; `native` then decides which folders are run directories and
//! gathers the documents into them. A store inside a run directory (a `dvclive/` folder, say)
//! gives its single run's records to that run.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::native::{self, Found};
use super::{Content, DATABASES, DOCUMENTS, Folder, STORES};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Datum, Evidence, Records, SourceSummary};
use crate::source::{Entry, Source, file_name, parent};

/// Endings of files that are worth reading to see whether somebody understands them.
const TEXTUAL: &[&str] =
    &[".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".md", ".markdown", ".xml", ".toml", ".yaml", ".yml"];

/// The kind of a file that is a verdict of the gate: no importer's.
const VERDICT: &str = "presscheck-verdict";

/// Whether a file's name (lower case) has the ending of a text format.
pub(super) fn is_textual(name: &str) -> bool {
    TEXTUAL.iter().any(|t| name.ends_with(t))
}

/// Whether a file's name (lower case) is one under which harnesses keep per-example records beside the
/// results: nothing is judged by them, so one that is too large to parse is listed and no error.
fn is_samples(name: &str) -> bool {
    let stem = name.strip_suffix(".jsonl");
    stem.is_some_and(|stem| stem.starts_with("samples_") || stem.ends_with("_samples"))
}

/// Reads a source: every importer, in parallel, results in the order of paths.
///
/// `kind` limits the source to one importer (`[[source]] kind = "mlflow"`); `None` asks all.
pub fn import(source: &Source, kind: Option<&str>) -> Records {
    let (mut records, taken) = databases(source, kind);
    let claimed = claims(source, kind, &taken);
    let stores: Vec<(String, &'static str, Records)> = claimed
        .par_iter()
        .map(|(path, importer)| {
            let importer = STORES[*importer];
            (path.clone(), importer.kind(), importer.read(&Folder::new(source, path)))
        })
        .collect();
    let mut stores = stores;
    let loose = loose(source, kind, &taken, &claimed, &mut stores);
    let mut found: Vec<Found<'_>> = loose.par_iter().map(|entry| recognise(source, entry, kind)).collect();
    found.retain(|file| file.kind != Some(VERDICT));
    records.append(native::gather(source, found, &mut stores));
    for (path, kind, store) in stores {
        append_store(source, &path, kind, store, &mut records);
    }
    finish(source, kind, &claimed, &mut records);
    records
}

/// A source of run directories of which only so much was read as says which versions there are: the `metrics.json`,
/// `metrics.toml` and `card.md` of a run directory speak of nothing else and wait until somebody wants them.
pub struct Outline<'a> {
    source: &'a Source,
    kind: Option<&'a str>,
    found: Vec<Found<'a>>,
}

/// Reads the outline of a source; nothing when stores or databases lie in it, as those are read in full or not at
/// all, or when there are no run directories.
pub fn outline<'a>(source: &'a Source, kind: Option<&'a str>) -> Option<Outline<'a>> {
    if kind.is_some_and(|k| k != "native") {
        return None;
    }
    let is_database = |e: &Entry| {
        let name = file_name(&e.path).to_ascii_lowercase();
        source.only.is_some() || DATABASES.iter().any(|d| d.wants(&name))
    };
    if source.files("").par_iter().any(is_database) {
        return None;
    }
    let taken = Taken::default();
    let claimed = claims(source, kind, &taken);
    if !claimed.is_empty() {
        return None;
    }
    let loose = loose(source, kind, &taken, &claimed, &mut Vec::new());
    let runs = loose.iter().filter(|e| native::makes_a_run(file_name(&e.path))).map(|e| parent(&e.path));
    let runs: BTreeSet<&str> = runs.collect();
    if runs.is_empty() {
        return None;
    }
    let waits = |entry: &Entry| runs.contains(parent(&entry.path)) && native::speaks_of_its_run(file_name(&entry.path));
    let read = |entry: &&'a Entry| if waits(entry) { Found::unread(entry) } else { recognise(source, entry, kind) };
    let mut found: Vec<Found<'_>> = loose.par_iter().map(read).collect();
    found.retain(|file| file.kind != Some(VERDICT));
    Some(Outline { source, kind, found })
}

impl Outline<'_> {
    /// What is known so far.
    pub fn records(&mut self) -> Records {
        let shown = self.found.iter_mut().map(Found::outline).collect();
        self.gathered(shown)
    }

    /// The records with the run directories in full whose folders, as paths of the project, are wanted.
    pub fn complete(mut self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Records {
        let (source, kind) = (self.source, self.kind);
        self.found.par_iter_mut().filter(|found| found.unread).for_each(|found| {
            if wanted(&source.project_path(parent(&found.entry.path))) {
                *found = recognise(source, found.entry, kind);
            }
        });
        let found = std::mem::take(&mut self.found);
        self.gathered(found)
    }

    fn gathered(&self, found: Vec<Found<'_>>) -> Records {
        let mut records = native::gather(self.source, found, &mut Vec::new());
        finish(self.source, self.kind, &[], &mut records);
        records
    }
}

/// The folders that stores own.
fn claims(source: &Source, kind: Option<&str>, taken: &Taken) -> Vec<(String, usize)> {
    let mut claimed: Vec<(String, usize)> = Vec::new();
    // What lies beside a database that was named is the database's or nobody's.
    if source.only.is_none() || source.files("").len() == 1 {
        for loose in [false, true] {
            claim("", source, kind, loose, taken, &mut claimed);
            claimed.sort();
        }
    }
    claimed
}

/// The files that no store owns, and those that stores hand back.
fn loose<'a>(
    source: &'a Source,
    kind: Option<&str>,
    taken: &Taken,
    claimed: &[(String, usize)],
    stores: &mut [native::Store],
) -> Vec<&'a Entry> {
    if !kind.is_none_or(|k| k == "native" || is_document(k) || !is_store(k)) {
        return Vec::new();
    }
    let mut loose = handed_back(source, stores);
    let free = |path: &str| source.only.as_deref().is_none_or(|only| only == path) && !taken.holds(path);
    loose.extend(source.files_outside(claimed.iter().map(|(path, _)| path.as_str())));
    loose.retain(|e| free(&e.path));
    loose.sort_by(|a, b| a.path.cmp(&b.path));
    loose.dedup_by(|a, b| a.path == b.path);
    loose
}

/// Adds what was read of the source and what was found when it was listed.
fn finish(source: &Source, kind: Option<&str>, claimed: &[(String, usize)], records: &mut Records) {
    records.evidence.extend(source.read_files().map(|(path, sha256, bytes)| Evidence { path, sha256, bytes }));
    records.problems.extend(source.problems.iter().cloned().map(|problem| weighed(problem, source, claimed)));
    if records.sources.is_empty() {
        let shown = if source.label.is_empty() { "." } else { &source.label };
        records.sources.push(SourceSummary {
            kind: kind.unwrap_or("auto").to_owned(),
            path: shown.to_owned(),
            ..SourceSummary::default()
        });
        records.problems.push(
            Diagnostic::new(Code::SourceEmpty, format!("nothing that presscheck understands was found in '{}'", visible(shown, 200)))
                .at(shown)
                .help("point [[source]] at a folder of run directories or at a tracker's store; `presscheck init` writes an example"),
        );
    }
}

/// What databases hold, and which files are theirs.
#[derive(Default)]
struct Taken {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Taken {
    fn holds(&self, path: &str) -> bool {
        self.files.contains(path) || native::nearest(&self.folders, parent(path)).is_some()
    }
}

/// Reads the databases of a source: they say which folders beside them are theirs, before the
/// importers of stores are asked about folders.
fn databases(source: &Source, kind: Option<&str>) -> (Records, Taken) {
    let (mut records, mut taken) = (Records::default(), Taken::default());
    let importers: Vec<_> = DATABASES.iter().filter(|d| kind.is_none_or(|k| matches_kind(d.kind(), k))).collect();
    let is_named = |entry: &Entry| source.only.as_deref() == Some(entry.path.as_str());
    let is_wanted = |entry: &&Entry| {
        let name = file_name(&entry.path).to_ascii_lowercase();
        is_named(entry) || importers.iter().any(|d| d.wants(&name))
    };
    let wanted: Vec<&Entry> = source.files("").par_iter().filter(is_wanted).collect();
    for entry in wanted {
        let name = file_name(&entry.path).to_ascii_lowercase();
        let named = is_named(entry);
        let folder = Folder::new(source, parent(&entry.path));
        let wanted = importers.iter().filter(|d| named || d.wants(&name));
        let Some((importer, store)) = wanted.filter_map(|d| Some((d, d.read(&folder, entry)?))).next() else {
            continue;
        };
        if store.is_store {
            taken.files.insert(entry.path.clone());
        }
        taken.folders.extend(store.folders.iter().filter(|f| !f.is_empty()).cloned());
        let below = |e: &&Entry| native::nearest(&taken.folders, parent(&e.path)).is_some();
        let read: Vec<u64> =
            source.files("").iter().filter(below).chain([entry]).filter_map(Entry::read_bytes).collect();
        let (is_store, mut store) = (store.is_store, store.records);
        if is_store {
            store.sources.push(SourceSummary {
                kind: importer.kind().to_owned(),
                path: source.project_path(&entry.path),
                runs: store.runs.len(),
                files: read.len(),
                bytes: read.iter().sum(),
            });
        }
        records.append(store);
    }
    // The log of a database is part of it.
    let logs = |path: &String| ["-wal", "-shm", "-journal"].map(|suffix| format!("{path}{suffix}"));
    let logs: Vec<String> = taken.files.iter().flat_map(logs).collect();
    taken.files.extend(logs);
    (records, taken)
}

/// Files that a store does not understand go to the others: run directories inside a DVC project,
/// say, which is any folder with a `dvc.yaml` at its root.
fn handed_back<'a>(source: &'a Source, stores: &mut [native::Store]) -> Vec<&'a Entry> {
    let mut out = Vec::new();
    for (_, _, store) in stores {
        store.unrecognised.retain(|path| match source.file_of(path) {
            Some(entry) => {
                out.push(entry);
                false
            }
            None => true,
        });
    }
    out
}

/// Whether a kind names a store importer.
fn is_store(kind: &str) -> bool {
    let mut kinds = STORES.iter().map(|s| s.kind()).chain(DATABASES.iter().map(|d| d.kind()));
    kinds.any(|k| matches_kind(k, kind))
}

/// Whether a kind of a store also names documents of the same system, to be read beside it.
fn is_document(kind: &str) -> bool {
    DOCUMENTS.iter().any(|d| matches_kind(d.kind(), kind))
}

/// `mlflow` names `mlflow-file` and every other way to keep such a store.
fn matches_kind(importer: &str, wanted: &str) -> bool {
    importer == wanted || importer.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'))
}

/// Offers a folder and those below it to the stores: to the loose ones, or to all others.
fn claim(
    path: &str,
    source: &Source,
    kind: Option<&str>,
    loose: bool,
    taken: &Taken,
    claimed: &mut Vec<(String, usize)>,
) {
    if taken.folders.contains(path) || claimed.iter().any(|(other, _)| other == path) {
        return;
    }
    let mut others = claimed.iter().map(|(other, _)| other).chain(&taken.folders);
    let above_another = loose && others.any(|other| is_above(path, other));
    let folder = Folder::new(source, path);
    let importer = STORES.iter().position(|s| {
        s.is_loose() == loose && kind.is_none_or(|k| matches_kind(s.kind(), k)) && !above_another && s.claims(&folder)
    });
    if let Some(importer) = importer {
        claimed.push((path.to_owned(), importer));
        return;
    }
    for child in source.child_folders(path).collect::<Vec<_>>() {
        claim(child, source, kind, loose, taken, claimed);
    }
}

/// A link that leads out of the source is an error, unless the store that it lies in knows it for no evidence.
fn weighed(problem: Diagnostic, source: &Source, claimed: &[(String, usize)]) -> Diagnostic {
    let is_known = |path: &str| {
        claimed.iter().any(|(store, importer)| {
            let below = path.strip_prefix(source.project_path(store).as_str()).map(|p| p.trim_start_matches('/'));
            below.is_some_and(|below| STORES.get(*importer).is_some_and(|s| s.is_beside_the_point(below)))
        })
    };
    if problem.code == Code::SymlinkOutside && problem.path.as_deref().is_some_and(is_known) {
        return problem.severity(Severity::Note);
    }
    problem
}

/// Whether a path lies below a folder.
fn is_above(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A verdict of the gate, in any version of its schema. The site shows it as history; here it is nobody's.
fn is_verdict(content: &Content<'_>) -> bool {
    let schema = content.json().and_then(|json| json.get("schema")).and_then(Datum::as_str);
    schema.is_some_and(|schema| schema.starts_with("presscheck.verdict/"))
}

/// Reads a file that no store claimed and asks the document importers.
pub(super) fn recognise<'a>(source: &'a Source, entry: &'a Entry, kind: Option<&str>) -> Found<'a> {
    let name = file_name(&entry.path).to_ascii_lowercase();
    if !is_textual(&name) && !DOCUMENTS.iter().any(|d| d.wants(&name)) {
        return Found { entry, kind: None, document: None, data: None, problem: None, unread: false };
    }
    let limit = source.limits().document_bytes;
    if entry.size() > limit && is_samples(&name) {
        return Found { entry, kind: None, document: None, data: None, problem: None, unread: false };
    }
    if entry.size() > limit {
        let path = source.project_path(&entry.path);
        let problem = Diagnostic::new(
            Code::FileTooLarge,
            format!("'{}' has {} bytes; documents above {limit} are not parsed", visible(&path, 200), entry.size()),
        )
        .at(path)
        .help(
            "evidence is small: write aggregated metrics, not raw data; max_file_size in [[source]] raises the limit",
        );
        return Found {
            entry,
            kind: None,
            document: None,
            data: None,
            problem: Some(Box::new(problem)),
            unread: false,
        };
    }
    let data = match source.read(entry) {
        Ok(data) => data,
        Err(problem) => {
            return Found { entry, kind: None, document: None, data: None, problem: Some(problem), unread: false };
        }
    };
    let native = native::is_native_file(data.name());
    let content = Content::new(&data);
    if !native && is_verdict(&content) {
        // What was said of a version is no evidence about it: its digest must not change by being judged.
        entry.set_aside();
        return Found { entry, kind: Some(VERDICT), document: None, data: None, problem: None, unread: false };
    }
    let importer = DOCUMENTS.iter().find(|d| {
        kind.is_none_or(|k| k == "native" || matches_kind(d.kind(), k))
            && (!native || d.takes_native_names())
            && d.sniff(&content)
    });
    if native && importer.is_none() {
        return Found { entry, kind: Some("native"), document: None, data: Some(data), problem: None, unread: false };
    }
    let (kind, document, problem) = match importer {
        Some(importer) => {
            let mut document = importer.read(&content);
            if native {
                native::only_of_its_run(&mut document, &data.path);
            }
            if let Some(Ok(json)) = content.json_document() {
                document.problems.extend(json.duplicate_problems(&data.path));
                native::reject_duplicates(&mut document, &json.duplicates);
            }
            (Some(importer.kind()), Some(document), None)
        }
        None => (None, None, content.json_document().and_then(|j| j.as_ref().err()).cloned()),
    };
    Found { entry, kind, document, data: None, problem, unread: false }
}

fn append_store(source: &Source, path: &str, kind: &str, mut store: Records, records: &mut Records) {
    let below = Folder::new(source, path);
    let prefix = below.project_path();
    let (files, bytes) = below
        .files()
        .par_iter()
        .filter_map(Entry::read_bytes)
        .fold(|| (0, 0), |(n, sum), bytes| (n + 1, sum + bytes))
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    store.sources.push(SourceSummary {
        kind: kind.to_owned(),
        path: if prefix.is_empty() { ".".to_owned() } else { prefix },
        runs: store.runs.len(),
        files,
        bytes,
    });
    records.append(store);
}
