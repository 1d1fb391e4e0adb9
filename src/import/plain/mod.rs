//! Plain tables: metrics or predictions in CSV, TSV, JSON, JSON Lines, YAML, TOML or Parquet.
//!
//! In: the files of a source and the mapping of `[source.table]`. Out: records. Nothing here is
//! recognised by content: the configuration says what the columns are, and a column that is not there
//! is an error. One file may hold many runs; each is a document of its own, so that several tables of
//! one version are joined as any other evidence is (docs/formats/tables.md).

mod classes;
mod columns;
mod examples;
mod files;
mod metrics;
mod numbers;
mod predictions;
mod ranking;
mod rows;
mod tree;

use rayon::prelude::*;

pub use columns::Columns;

use super::findings::Findings;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Evidence, Pointer, Records, Run, RunForm, SourceSummary, TableMapping, TableRows};
use crate::source::{Entry, Source, file_name, parent};
use rows::{Labels, Table};

/// The kind, as sources and runs show it.
const KIND: &str = "table";

/// Runs that one file may give.
const MAX_RUNS: usize = 10_000;

/// Results that one file may give.
const MAX_RESULTS: usize = 100_000;

/// Reads every table of a source.
pub fn import_table(source: &Source, mapping: &TableMapping) -> Records {
    let wanted = |entry: &&Entry| source.only.as_deref().is_none_or(|only| only == entry.path);
    let entries: Vec<&Entry> = source.files("").iter().filter(wanted).collect();
    let read: Vec<Option<Records>> = entries.par_iter().map(|entry| read_file(source, entry, mapping)).collect();
    let mut records = Records::default();
    let mut summary = SourceSummary {
        kind: KIND.to_owned(),
        path: if source.label.is_empty() { ".".to_owned() } else { source.label.clone() },
        ..SourceSummary::default()
    };
    for (entry, read) in entries.into_iter().zip(read) {
        let Some(read) = read else {
            records.unrecognised.push(source.project_path(&entry.path));
            continue;
        };
        summary.files += 1;
        summary.bytes += entry.size();
        summary.runs += read.runs.len();
        records.append(read);
    }
    if summary.files == 0 {
        let text = format!("no table was found in '{}'", visible(&summary.path, 200));
        records.problems.push(
            Diagnostic::new(Code::SourceEmpty, text)
                .at(summary.path.clone())
                .help("a table is a file that ends in .csv, .tsv, .json, .jsonl, .yaml, .toml or .parquet"),
        );
    }
    records.sources.push(summary);
    records.evidence.extend(source.read_files().map(|(path, sha256, bytes)| Evidence { path, sha256, bytes }));
    records.problems.extend(source.problems.iter().cloned());
    records
}

/// Reads one file; nothing when its name is not that of a table.
fn read_file(source: &Source, entry: &Entry, mapping: &TableMapping) -> Option<Records> {
    let format = files::Format::of(file_name(&entry.path))?;
    let path = source.project_path(&entry.path);
    let mut records = Records::default();
    let limit = source.limits().document_bytes;
    if format.is_tree() && entry.size() > limit {
        let text = format!("'{}' has {} bytes; above {limit} it is not parsed", visible(&path, 200), entry.size());
        let help = "write a large table as CSV, JSON Lines or Parquet; max_file_size in [[source]] raises the limit";
        records.problems.push(Diagnostic::new(Code::FileTooLarge, text).at(path).help(help));
        return Some(records);
    }
    let file = match source.read(entry) {
        Ok(file) => file,
        Err(problem) => {
            records.problems.push(*problem);
            return Some(records);
        }
    };
    let mut findings = Findings::new(&file.path);
    if let Some(table) = files::read(format, &file, mapping, &mut findings) {
        let place = Place { source, entry, path: &path };
        records.runs = match mapping.rows {
            TableRows::Metrics | TableRows::Wide => metrics::read(&table, mapping, &place, &mut findings),
            TableRows::Predictions => predictions::read(&table, mapping, &place, &mut findings),
        };
        let quiet = records.runs.is_empty() && table.rows == 0;
        if quiet {
            let finding = Diagnostic::new(Code::RunEmpty, "the table has no rows")
                .help("was the file written completely? remove it if it is not needed");
            findings.push(finding, "");
        }
    }
    records.problems.extend(findings.finish());
    Some(records)
}

/// Where a table lies.
struct Place<'a> {
    source: &'a Source,
    entry: &'a Entry,
    path: &'a str,
}

impl Place<'_> {
    /// The run that rows with these cells belong to.
    ///
    /// Without a column of the version, the run's name is the version, else the file's stem. Without a
    /// column of the model it is the folder that the file lies in when the stem is the version, as in
    /// the native layout; else the stem.
    fn run(&self, model: Option<&str>, version: Option<&str>, name: Option<&str>) -> Run {
        let file = file_name(&self.entry.path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let folder = match parent(&self.entry.path) {
            "" if self.source.only.is_some() || self.source.label.is_empty() => stem,
            "" => self.source.name.as_str(),
            folder => folder,
        };
        let by_file = version.is_none() && name.is_none();
        let parts: Vec<&str> = [model, version, name].into_iter().flatten().collect();
        let id = if parts.is_empty() { self.path.to_owned() } else { format!("{}#{}", self.path, parts.join("/")) };
        let version = version.or(name).unwrap_or(stem);
        Run {
            id,
            source: KIND.to_owned(),
            name: name.unwrap_or(version).to_owned(),
            model: Some(model.unwrap_or(if by_file { folder } else { stem }).to_owned()),
            version: Some(version.to_owned()),
            form: RunForm::Document,
            folder: self.path.to_owned(),
            origin: Pointer::new(self.path, ""),
            ..Run::default()
        }
    }
}

/// Who each row speaks of: columns of model, version and run.
struct Identity {
    columns: [Labels; 3],
}

/// The cells of model, version and run of a row, as positions in their columns' labels.
type Who = [u32; 3];

impl Identity {
    fn new(table: &Table, mapping: &TableMapping, findings: &mut Findings<'_>) -> Self {
        let columns = [&mapping.model, &mapping.version, &mapping.run];
        for name in columns.into_iter().flatten() {
            table.warn_of_numbers(name, findings);
        }
        Self { columns: columns.map(|name| Labels::of(table, name.as_deref(), findings)) }
    }

    /// Who a row speaks of; nothing, with a finding, when a column that is named has an empty cell.
    fn of(&self, table: &Table, row: usize, findings: &mut Findings<'_>) -> Option<Who> {
        let who = [0, 1, 2].map(|i| self.columns.get(i).map_or(0, |labels| labels.id(row)));
        for (labels, id) in self.columns.iter().zip(who) {
            if id == 0 && labels.is_there() {
                let text =
                    format!("the row does not say its {}, so it belongs to nothing", visible(&labels.column, 60));
                let finding = Diagnostic::new(Code::FieldMissing, text)
                    .severity(Severity::Error)
                    .help("fill the cell, or do not name the column in [source.table]");
                table.report(findings, finding, row, Some(&labels.column));
                return None;
            }
        }
        Some(who)
    }

    /// The run of some cells.
    fn run(&self, place: &Place<'_>, who: Who) -> Run {
        let [model, version, run] = &self.columns;
        place.run(model.name(who[0]), version.name(who[1]), run.name(who[2]))
    }
}
