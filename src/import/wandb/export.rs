//! What people export from W&B: the summary of a run as JSON, its history as CSV, a chart's or a
//! project table's CSV from the web pages.
//!
//! In: a document, or a folder of them. Out: results and series. A document is recognised by columns
//! or keys that only W&B writes (`_step` with `_runtime` or `_timestamp`, `NAME__MIN` with `NAME__MAX`).
//! A summary or history alone belongs to the run directory that it lies in; several summaries in one
//! folder, and every row of a project's table, are runs of their own. Which columns of such a table
//! are configuration the export does not say: numbers become results, text parameters.

use std::io::Read;

use super::value::{Tree, is_media, number};
use crate::diag::{Code, Diagnostic, visible};
use crate::import::{Content, DocumentImporter, Folder, StoreImporter, table};
use crate::model::{
    Datum, Document, Instant, Measured, MetricResult, Point, Pointer, Records, Rejected, Run, RunStatus, Series, Slice,
};
use crate::source::{Entry, FileData, file_name};

/// Documents that were exported.
pub(crate) struct WandbExport;

/// Folders with the exports of several runs.
pub(crate) struct WandbExports;

const KIND: &str = "wandb-export";

/// Columns that every export of a project's table begins with or holds.
const TABLE: &[&str] = &["Name", "State", "Created", "Runtime"];

/// Columns of such a table that say something of the run itself.
const OWN: &[&str] =
    &["Name", "State", "Notes", "Tags", "Created", "Runtime", "User", "Sweep", "Agent", "ID", "Group", "Job Type"];

/// Files of a run directory of the native layout: what lies beside them is a document of that run.
const NATIVE: &[&str] = &["run.toml", "model.toml", "metrics.json", "metrics.toml", "card.md"];

/// A file that is larger is no summary.
const MOST: u64 = 16 << 20;

impl DocumentImporter for WandbExport {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(is_summary)
            || content.table().is_some_and(|t| is_history(&t.columns) || !chart(&t.columns).is_empty())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document::default();
        if let Some(value) = content.json() {
            (document.run.results, document.run.rejected) = summary(value, &content.file.path);
        } else if let Some(table) = content.table() {
            document.run.series = if is_history(&table.columns) {
                history(table, content.file, &mut document.problems)
            } else {
                charts(table, content.file, &mut document.problems)
            };
        }
        document
    }
}

impl StoreImporter for WandbExports {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_loose(&self) -> bool {
        true
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let own: Vec<&Entry> = own(folder);
        !own.iter().any(|e| NATIVE.contains(&file_name(&e.path)))
            && (own.iter().any(|e| is_table_file(folder, e))
                || own.iter().filter(|e| is_summary_file(folder, e)).take(2).count() > 1)
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        let mut records = Records::default();
        for entry in folder.files() {
            let own = !folder.relative(entry).contains('/');
            let read: Option<fn(&FileData, &mut Records)> = if own && is_table_file(folder, entry) {
                Some(read_table)
            } else if own && is_summary_file(folder, entry) {
                Some(read_summary)
            } else {
                None
            };
            match (read, folder.read(entry)) {
                (Some(read), Ok(data)) => read(&data, &mut records),
                (Some(_), Err(problem)) => records.problems.push(*problem),
                (None, _) => records.unrecognised.push(folder.entry_path(entry)),
            }
        }
        for run in &mut records.runs {
            run.folder = folder.project_path();
        }
        records
    }
}

fn own<'a>(folder: &Folder<'a>) -> Vec<&'a Entry> {
    let folder = *folder;
    folder.files().iter().filter(|e| !folder.relative(e).contains('/') && e.size() <= MOST).collect()
}

/// Whether a file is named like a summary and is one.
fn is_summary_file(folder: &Folder<'_>, entry: &Entry) -> bool {
    let name = file_name(&entry.path).to_ascii_lowercase();
    name.ends_with(".json")
        && name.contains("summary")
        && entry.size() <= MOST
        && folder
            .sniff(folder.relative(entry))
            .and_then(|data| crate::import::json::parse(&data).ok())
            .is_some_and(|json| is_summary(&json.value))
}

/// Whether a file is the CSV of a project's table, by its first line.
fn is_table_file(folder: &Folder<'_>, entry: &Entry) -> bool {
    let mut head = Vec::new();
    if !file_name(&entry.path).to_ascii_lowercase().ends_with(".csv")
        || folder.open(entry).is_ok_and(|stream| stream.take(8192).read_to_end(&mut head).is_err())
    {
        return false;
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let columns: Vec<&str> = line.split(',').map(|c| c.trim().trim_matches('"')).collect();
    TABLE.iter().all(|wanted| columns.contains(wanted)) && (columns.contains(&"User") || columns.contains(&"Sweep"))
}

/// `run.summary` as a dictionary: two of the keys that W&B sets itself, with numbers.
fn is_summary(value: &Datum) -> bool {
    let set = ["_step", "_runtime", "_timestamp"];
    let count = set.iter().filter(|key| value.get(key).is_some_and(|v| v.as_number().is_some())).count();
    count + usize::from(value.get("_wandb").is_some_and(|v| v.entries().is_some())) > 1
}

/// `run.history()` as CSV.
fn is_history(columns: &[String]) -> bool {
    let has = |name: &str| columns.iter().any(|c| c == name);
    has("_step") && (has("_runtime") || has("_timestamp"))
}

/// The columns of a chart's CSV that hold values: each has its `__MIN` and `__MAX` beside it.
fn chart(columns: &[String]) -> Vec<usize> {
    let has = |name: String| columns.contains(&name);
    let is_value = |c: &String| c.contains(" - ") && has(format!("{c}__MIN")) && has(format!("{c}__MAX"));
    (1..columns.len()).filter(|i| columns.get(*i).is_some_and(is_value)).collect()
}

fn summary(value: &Datum, path: &str) -> (Vec<MetricResult>, Vec<Rejected>) {
    let tree: Tree = value.entries().unwrap_or_default().iter().cloned().collect();
    let (mut results, mut rejected) = (Vec::new(), Vec::new());
    for (metric, pointer, value) in tree.leaves() {
        let source = Pointer::new(path, pointer);
        match value {
            _ if number(value).is_some() => {
                results.extend(number(value).map(|number| MetricResult::new(metric, number, source)));
            }
            Datum::Text(_) | Datum::Null | Datum::Bool(_) if !is_media(value) => rejected.push(Rejected {
                metric,
                dataset: None,
                slice: Slice::default(),
                class: None,
                found: value
                    .as_str()
                    .map_or_else(|| value.kind().to_owned(), |t| format!("text \"{}\"", visible(t, 40))),
                source,
            }),
            _ => {}
        }
    }
    (results, rejected)
}

/// The cells of a column that are numbers; an empty cell is no point, anything else a finding.
fn points(
    table: &table::Table,
    step: usize,
    time: Option<usize>,
    column: usize,
    file: &FileData,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Point> {
    let mut out = Vec::new();
    let mut wrong: Option<(usize, String)> = None;
    for (i, row) in table.rows.iter().enumerate() {
        let cell = |column: usize| row.get(column).map_or("", |cell| cell.trim());
        if cell(column).is_empty() {
            continue;
        }
        match (Measured::parse(cell(step)).and_then(whole), Measured::parse(cell(column))) {
            (Some(step), Some(value)) => {
                let time = time.and_then(|t| cell(t).parse().ok()).and_then(super::history::seconds);
                out.push(Point { step, time, value });
            }
            _ => wrong = wrong.or_else(|| Some((i + 2, cell(column).to_owned()))),
        }
    }
    // A column of text is no metric at all; a few words among numbers are.
    if let Some((line, found)) = wrong.filter(|_| !out.is_empty()) {
        let name = table.columns.get(column).map_or("", String::as_str);
        problems.push(
            Diagnostic::new(
                Code::CsvSyntax,
                format!(
                    "column '{}' holds '{}' among its numbers, or a step is none",
                    visible(name, 80),
                    visible(&found, 40)
                ),
            )
            .at(file.path.clone())
            .at_line(u32::try_from(line).unwrap_or(u32::MAX), 1)
            .help("the point is left out"),
        );
    }
    out
}

fn whole(value: Measured) -> Option<i64> {
    let value = value.finite()?.get();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}

fn history(table: &table::Table, file: &FileData, problems: &mut Vec<Diagnostic>) -> Vec<Series> {
    let position = |name: &str| table.columns.iter().position(|c| c == name);
    let (Some(step), time) = (position("_step"), position("_timestamp")) else { return Vec::new() };
    let mut out = Vec::new();
    for (column, name) in table.columns.iter().enumerate() {
        // pandas writes its index into a column without a name.
        if name.is_empty() || name.starts_with("Unnamed") || super::value::INTERNAL.contains(&name.as_str()) {
            continue;
        }
        let points = points(table, step, time, column, file, problems);
        if !points.is_empty() {
            out.push(Series::new(name.clone(), points, Pointer::new(file.path.clone(), name.clone())));
        }
    }
    out
}

fn charts(table: &table::Table, file: &FileData, problems: &mut Vec<Diagnostic>) -> Vec<Series> {
    let columns = chart(&table.columns);
    let name = |column: &usize| table.columns.get(*column).map_or("", String::as_str);
    let runs: std::collections::BTreeSet<&str> =
        columns.iter().filter_map(|c| name(c).rsplit_once(" - ").map(|(run, _)| run)).collect();
    let mut out = Vec::new();
    for column in &columns {
        // With one run the column is the metric; with several the run's name has to stay.
        let metric = match name(column).rsplit_once(" - ") {
            Some((_, metric)) if runs.len() == 1 => metric,
            _ => name(column),
        };
        let points = points(table, 0, None, *column, file, problems);
        if !points.is_empty() {
            out.push(Series::new(metric, points, Pointer::new(file.path.clone(), name(column))));
        }
    }
    out
}

fn read_summary(data: &FileData, records: &mut Records) {
    let parsed = match crate::import::json::parse(data) {
        Ok(parsed) => parsed,
        Err(problem) => return records.problems.push(*problem),
    };
    records.problems.extend(parsed.duplicate_problems(&data.path));
    let stem = data.name().strip_suffix(".json").unwrap_or(data.name());
    let name = stem.trim_end_matches("summary").trim_end_matches(['.', '_', '-']);
    let (results, rejected) = summary(&parsed.value, &data.path);
    records.runs.push(Run {
        id: data.path.clone(),
        source: KIND.to_owned(),
        name: if name.is_empty() { stem } else { name }.to_owned(),
        origin: Pointer::new(data.path.clone(), ""),
        results,
        rejected,
        ..Run::default()
    });
}

fn read_table(data: &FileData, records: &mut Records) {
    let table = match table::parse(data) {
        Ok(table) => table,
        Err(problem) => return records.problems.push(*problem),
    };
    for (i, row) in table.rows.iter().enumerate() {
        let line = format!("line {}", i + 2);
        let cell = |name: &str| {
            let at = table.columns.iter().position(|c| c == name)?;
            row.get(at).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty())
        };
        let mut run = Run {
            id: cell("ID").unwrap_or_else(|| format!("{}#{line}", data.path)),
            source: KIND.to_owned(),
            name: cell("Name").unwrap_or_default(),
            status: status(&cell("State").unwrap_or_default()),
            started_at: cell("Created").and_then(|c| Instant::parse(&c)),
            description: cell("Notes").filter(|notes| notes != "-"),
            origin: Pointer::new(data.path.clone(), line.clone()),
            ..Run::default()
        };
        run.tags = cell("Tags")
            .iter()
            .flat_map(|tags| tags.split(','))
            .map(|tag| (tag.trim().to_owned(), String::new()))
            .filter(|(tag, _)| !tag.is_empty())
            .collect();
        for (name, value) in table.columns.iter().zip(row).filter(|(name, _)| !OWN.contains(&name.as_str())) {
            let value = value.trim();
            match Measured::parse(value) {
                Some(number) => run.results.push(MetricResult::new(
                    name.clone(),
                    number,
                    Pointer::new(data.path.clone(), format!("{line}, {name}")),
                )),
                None if value.is_empty() => {}
                None => {
                    run.params.insert(name.clone(), Datum::Text(value.to_owned()));
                }
            }
        }
        records.runs.push(run);
    }
}

/// A state as the web pages call it.
fn status(state: &str) -> RunStatus {
    match state {
        "crashed" | "preempted" => RunStatus::Killed,
        "pending" | "preempting" => RunStatus::Scheduled,
        other => RunStatus::from_name(other).unwrap_or_default(),
    }
}
