//! Importers: one file or folder per foreign format, each a pure function from bytes to records.
//!
//! In: the files of a [`Source`]. Out: [`Records`]. An importer recognises its format by content,
//! never opens a file itself (a `Folder` hands it bytes that were hashed once), keeps what it does
//! not understand, and turns everything broken into a diagnostic while the sound part is kept.
//!
//! Two shapes of format: a `StoreImporter` owns a folder with many files (an MLflow store, a DVC
//! project), a `DocumentImporter` one file (an Evidently report, a card, a ROC curve). Documents
//! belong to the run directory they lie in; `native` knows which folder is one.

mod findings;
pub mod json;
mod layout;
pub mod parquet;
pub mod table;
pub(crate) mod textproto;
pub mod yaml;

mod alibi_detect;
mod alpaca_eval;
mod azure_ml;
mod azure_monitor;
mod cards;
mod ctrf;
mod deepchecks;
pub(crate) mod dvc;
mod dvclive;
mod eee;
mod evidently;
mod facts;
mod frouros;
mod great_expectations;
mod harness;
mod helm;
mod huggingface;
mod inspect_ai;
mod junit;
mod kfp;
mod lm_eval;
mod mlflow;
mod mlperf;
mod mteb;
mod nannyml;
mod native;
mod openai_evals;
mod plain;
mod prometheus;
mod promptfoo;
mod sagemaker;
mod sagemaker_monitor;
mod sklearn;
mod tensorboard;
mod tfdv;
mod vertex_ai;
mod vertex_monitor;
mod wandb;
mod whylogs;

use std::cell::OnceCell;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::model::{Datum, Document, Records};
use crate::source::{Database, Entry, FileData, SQLITE_MAGIC, Source, Stream};

pub use layout::{Outline, import, outline};
pub use plain::{Columns, import_table};

/// A format that owns a folder.
pub(crate) trait StoreImporter: Sync {
    /// The kind, as sources and runs show it.
    fn kind(&self) -> &'static str;

    /// Whether the folder is the root of such a store. Called for every folder from the top down:
    /// it must decide from the listing first and sniff at most a few small files.
    fn claims(&self, folder: &Folder<'_>) -> bool;

    /// Whether the store is no more than a folder above files that could lie anywhere, with no mark of
    /// its own. Such a store is asked after all others, and never for a folder above one of theirs.
    fn is_loose(&self) -> bool {
        false
    }

    /// Whether a file of the store, by its path below it, is known to hold no evidence. A link in its
    /// place that leads out of the source is then worth a note only.
    fn is_beside_the_point(&self, _below: &str) -> bool {
        false
    }

    /// Reads the store. Every file below the folder is this importer's: it lists what it did not
    /// understand in `unrecognised`.
    fn read(&self, folder: &Folder<'_>) -> Records;
}

/// A format that keeps a whole store in one file: a database.
pub(crate) trait DatabaseImporter: Sync {
    /// The kind, as sources and runs show it.
    fn kind(&self) -> &'static str;

    /// Whether files of such a name (lower case) are worth opening. A file that the configuration
    /// names is opened in any case.
    fn wants(&self, name: &str) -> bool;

    /// Reads the store; nothing when the file is none.
    fn read(&self, folder: &Folder<'_>, entry: &Entry) -> Option<StoreFile>;
}

/// A store that was read from one file.
pub(crate) struct StoreFile {
    /// What it says.
    pub(crate) records: Records,
    /// Folders of the source that belong to it and to nobody else, as paths of the source.
    pub(crate) folders: Vec<String>,
    /// Whether it could be read; if not, the records say why.
    pub(crate) is_store: bool,
}

/// A format of one file.
pub(crate) trait DocumentImporter: Sync {
    /// The kind, as sources show it.
    fn kind(&self) -> &'static str;

    /// Whether files of such a name (lower case) are worth reading to see whether they are of this
    /// format. The default is the usual text formats.
    fn wants(&self, name: &str) -> bool {
        layout::is_textual(name)
    }

    /// Whether files of this format may bear a name of the native layout (`metrics.json`); they are
    /// then told apart by their content.
    fn takes_native_names(&self) -> bool {
        false
    }

    /// Whether the content is of this format. Called for every file that any importer wants.
    fn sniff(&self, content: &Content<'_>) -> bool;

    /// Reads the document.
    fn read(&self, content: &Content<'_>) -> Document;
}

/// All importers of stores, in the order of asking: the most specific first.
pub(crate) const STORES: &[&dyn StoreImporter] = &[
    &mlflow::MlflowStore,
    &mlflow::MlflowServer,
    &dvc::DvcProject,
    &dvclive::DvcLive,
    &helm::HelmSuite,
    &wandb::Wandb,
    &wandb::export::WandbExports,
    &tensorboard::TensorBoard,
    &mlperf::Loadgen,
    &kfp::PipelineRun,
];

/// All importers of databases.
pub(crate) const DATABASES: &[&dyn DatabaseImporter] = &[&mlflow::MlflowDatabase];

/// All importers of documents, in the order of asking: the most specific first.
pub(crate) const DOCUMENTS: &[&dyn DocumentImporter] = &[
    &evidently::Evidently,
    &lm_eval::LmEval,
    &mteb::Mteb,
    &eee::EveryEvalEver,
    &helm::HelmEfficiency,
    &alpaca_eval::AlpacaEval,
    &deepchecks::Deepchecks,
    &great_expectations::GreatExpectations,
    &prometheus::Prometheus,
    &sagemaker_monitor::SageMakerMonitor,
    &azure_monitor::AzureMonitor,
    &vertex_monitor::VertexMonitor,
    &nannyml::NannyMl,
    &whylogs::Whylogs,
    &alibi_detect::AlibiDetect,
    &frouros::Frouros,
    &tfdv::Tfdv,
    &native::records::NativeRecords,
    &native::drift::NativeDrift,
    &native::series::NativeSeries,
    &wandb::export::WandbExport,
    &inspect_ai::InspectAi,
    &promptfoo::Promptfoo,
    &openai_evals::OpenAiEvals,
    &ctrf::Ctrf,
    &mlperf::Training,
    &sagemaker::SageMaker,
    &vertex_ai::VertexAi,
    &azure_ml::AzureMl,
    &kfp::KfpDocument,
    &sklearn::Sklearn,
    &dvc::DvcLiveYaml,
    &junit::Junit,
    &cards::VerifyMl,
    &cards::ModelCardToolkit,
    &cards::SageMakerCard,
    &cards::CycloneDx,
    &cards::Spdx,
    &cards::Bailo,
    &huggingface::HuggingFaceCard,
    &cards::CardForm,
];

/// A folder of a source, with handles to its files.
#[derive(Clone, Copy)]
pub(crate) struct Folder<'a> {
    source: &'a Source,
    path: &'a str,
}

impl<'a> Folder<'a> {
    pub(crate) fn new(source: &'a Source, path: &'a str) -> Self {
        Self { source, path }
    }

    /// The folder's path in the project; empty for the project itself.
    pub(crate) fn project_path(&self) -> String {
        self.source.project_path(self.path)
    }

    /// The folder's own name; the source's name for its root.
    pub(crate) fn name(&self) -> &'a str {
        if self.path.is_empty() { &self.source.name } else { crate::source::file_name(self.path) }
    }

    /// The path of something below this folder as a path of the source.
    pub(crate) fn join(&self, below: &str) -> String {
        match (self.path, below) {
            ("", below) => below.to_owned(),
            (path, "") => path.to_owned(),
            (path, below) => format!("{path}/{below}"),
        }
    }

    /// All files below, recursively, sorted by path.
    pub(crate) fn files(&self) -> &'a [Entry] {
        self.source.files(self.path)
    }

    /// A file's path relative to this folder.
    pub(crate) fn relative<'e>(&self, entry: &'e Entry) -> &'e str {
        if self.path.is_empty() { &entry.path } else { &entry.path[self.path.len() + 1..] }
    }

    /// The file at a path relative to this folder.
    pub(crate) fn file(&self, below: &str) -> Option<&'a Entry> {
        self.source.file(&self.join(below))
    }

    /// Folders directly below, as paths of the source.
    pub(crate) fn child_folders(&self) -> impl Iterator<Item = &'a str> {
        self.source.child_folders(self.path)
    }

    /// A folder of the source by its path.
    pub(crate) fn folder(&self, source_path: &'a str) -> Folder<'a> {
        Folder { source: self.source, path: source_path }
    }

    /// Whether there is a folder at a path relative to this one.
    pub(crate) fn has_folder(&self, below: &str) -> bool {
        self.source.has_folder(&self.join(below))
    }

    /// Reads a file to recognise it; nothing when it is absent or unreadable.
    pub(crate) fn sniff(&self, below: &str) -> Option<Arc<FileData>> {
        self.source.sniff(self.file(below)?).ok()
    }

    /// Reads a file for good.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Arc<FileData>, Box<Diagnostic>> {
        self.source.read(entry)
    }

    /// Whether a file begins as a SQLite database.
    pub(crate) fn is_sqlite(&self, entry: &Entry) -> bool {
        self.open(entry).is_ok_and(|stream| stream.begins_with(SQLITE_MAGIC))
    }

    /// Whether the source is this one file.
    pub(crate) fn is_named(&self, entry: &Entry) -> bool {
        self.source.only.as_deref() == Some(entry.path.as_str())
    }

    /// Opens a database for reading. Call `finish` on it.
    pub(crate) fn database<'e>(&self, entry: &'e Entry) -> Result<Database<'e>, Box<Diagnostic>> {
        self.source.database(entry)
    }

    /// All folders below this one, at any depth, as paths of the source.
    pub(crate) fn folders_below(&self) -> impl Iterator<Item = &'a str> {
        self.source.folders_below(self.path)
    }

    /// Asks the importers of documents about a file; nothing when none understands it.
    pub(crate) fn document(&self, entry: &'a Entry) -> native::Found<'a> {
        layout::recognise(self.source, entry, None)
    }

    /// Opens a file of any size as a stream, for logs that are too large to hold. Call `finish` on it.
    pub(crate) fn open<'e>(&self, entry: &'e Entry) -> Result<Stream<'e>, Box<Diagnostic>> {
        self.source.open(entry)
    }

    /// The project path of something below this folder, whether it is there or not.
    pub(crate) fn project_path_of(&self, below: &str) -> String {
        self.source.project_path(&self.join(below))
    }

    /// An entry's path in the project.
    pub(crate) fn entry_path(&self, entry: &Entry) -> String {
        self.source.project_path(&entry.path)
    }
}

/// The content of one file, parsed at most once for all importers that ask.
pub(crate) struct Content<'a> {
    /// The file.
    pub(crate) file: &'a FileData,
    json: OnceCell<Result<json::Json, Box<Diagnostic>>>,
    table: OnceCell<Result<table::Table, Box<Diagnostic>>>,
}

impl<'a> Content<'a> {
    pub(crate) fn new(file: &'a FileData) -> Self {
        Self { file, json: OnceCell::new(), table: OnceCell::new() }
    }

    /// Whether the file's name ends in one of the endings (lower case, without the dot).
    pub(crate) fn ends_in(&self, endings: &[&str]) -> bool {
        let name = self.file.name().to_ascii_lowercase();
        endings.iter().any(|e| name.strip_suffix(e).is_some_and(|stem| stem.ends_with('.')))
    }

    /// The file's name without its last ending.
    pub(crate) fn stem(&self) -> &'a str {
        let name = self.file.name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The JSON value, when the file is JSON by its name and content.
    pub(crate) fn json(&self) -> Option<&Datum> {
        self.json_document()?.as_ref().ok().map(|j| &j.value)
    }

    /// The JSON document with its findings, when the file is JSON by its name.
    pub(crate) fn json_document(&self) -> Option<&Result<json::Json, Box<Diagnostic>>> {
        self.ends_in(&["json"]).then(|| self.json.get_or_init(|| json::parse(self.file)))
    }

    /// The values of the file line by line, when it is JSON Lines by its name. Not kept: a file of
    /// samples may be long; take one line to recognise a format.
    pub(crate) fn json_lines(&self) -> Option<impl Iterator<Item = (u32, Result<json::Json, Box<Diagnostic>>)> + 'a> {
        self.ends_in(&["jsonl", "ndjson"]).then(|| json::lines(self.file))
    }

    /// The table, when the file is CSV or TSV by its name and content.
    pub(crate) fn table(&self) -> Option<&table::Table> {
        self.table_document()?.as_ref().ok()
    }

    /// The table with its findings, when the file is CSV or TSV by its name.
    pub(crate) fn table_document(&self) -> Option<&Result<table::Table, Box<Diagnostic>>> {
        self.ends_in(&["csv", "tsv"]).then(|| self.table.get_or_init(|| table::parse(self.file)))
    }
}
