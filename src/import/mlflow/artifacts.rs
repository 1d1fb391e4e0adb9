//! A run's artifacts: documents of other tools among them, the tables of `mlflow.evaluate`, a card.
//!
//! In: the folder of the artifacts. Out: what they say, at the run. They are evidence of the same run:
//! what the run has logged as a metric counts, and a report that says it again adds nothing; one that
//! says otherwise is told and adds nothing either. Files that nobody understands stay artifacts, which
//! are listed by name and size.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::model_facts;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::{Content, Folder, native};
use crate::model::{Card, Catalogue, Document, Measured, MetricResult, Pointer, Records, Run, Slice};
use crate::source::{Entry, FileData, file_name, parent};

/// A table or report above this size is data, not a summary of it.
const REPORT_BYTES: u64 = 4 << 20;

/// Documents that are read of one run; a run that logs more has its reasons, but not as evidence.
const DOCUMENTS: usize = 200;

/// The well-known metrics, made once.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// Reads the artifacts in a folder (a path of the source) into the run. What does not fit into a run
/// is handed back: drift, checks, cards, findings.
pub(super) fn read(folder: &Folder<'_>, run: &mut Run) -> Records {
    let mut records = Records::default();
    if folder.files().is_empty() {
        return records;
    }
    let models: Vec<&str> =
        folder.files().iter().filter(|e| file_name(&e.path) == model_facts::FILE).map(|e| parent(&e.path)).collect();
    let several = models.len() > 1;
    for model in &models {
        let name = several.then(|| file_name(model));
        model_facts::read(&folder.folder(model), name, run, &mut records.problems);
    }
    let in_model = |path: &str| models.iter().any(|m| path.strip_prefix(m).is_some_and(|rest| rest.starts_with('/')));
    let mut documents: Vec<(&Entry, Document)> = Vec::new();
    for entry in folder.files().iter().filter(|e| e.size() <= REPORT_BYTES && !in_model(&e.path)).take(DOCUMENTS) {
        if let Some(document) = document(folder, entry, &mut records.problems) {
            documents.push((entry, document));
        }
    }
    let paths: Vec<&str> = documents.iter().map(|(entry, _)| folder.relative(entry)).collect();
    let results: Vec<Vec<MetricResult>> =
        documents.iter_mut().map(|(_, d)| std::mem::take(&mut d.run.results)).collect();
    let results = merge(&paths, results, &run.results, &mut records.problems);
    let mut cards: Vec<Card> = Vec::new();
    for (_, mut document) in documents {
        cards.append(&mut document.cards);
        // A value that the run has logged is not made invalid by a report that lacks it.
        document.run.rejected.retain(|r| {
            let same = |m: &MetricResult| {
                canonical(&m.metric) == canonical(&r.metric) && m.class == r.class && m.slice == r.slice
            };
            !run.results.iter().any(same)
        });
        document.attach(run, &mut records);
    }
    run.results.extend(results);
    // One card for a run: the one that lies nearest to the root.
    cards.sort_by_key(|card| (card.path.matches('/').count(), card.path.clone()));
    records.run_cards.extend(cards.into_iter().next().map(|card| (run.id.clone(), card)));
    records
}

/// What a file says; nothing when nobody understands it.
fn document<'a>(folder: &Folder<'a>, entry: &'a Entry, problems: &mut Vec<Diagnostic>) -> Option<Document> {
    let name = file_name(&entry.path);
    if name == "per_class_metrics.csv" {
        let data = folder.read(entry).map_err(|problem| problems.push(*problem)).ok()?;
        if let Some(document) = per_class(&data) {
            return Some(document);
        }
    }
    let found = folder.document(entry);
    if let Some(problem) = found.problem {
        // An artifact may be anything; that it breaks off costs what it would have said.
        problems.push(problem.severity(Severity::Warning));
        return None;
    }
    match (found.document, found.data) {
        (Some(document), _) => Some(native::window_named(found.kind, entry, document)),
        (None, Some(data)) => match data.name() {
            "metrics.json" => Some(native::metrics::read(&data)),
            "card.md" => {
                let (text, problem) = crate::import::huggingface::decode(&data);
                let (card, mut found) = crate::import::huggingface::card(&data.path, &text);
                found.extend(problem);
                Some(Document { cards: vec![card], problems: found, ..Document::default() })
            }
            _ => None,
        },
        (None, None) => None,
    }
}

/// `per_class_metrics.csv` of `mlflow.evaluate`: a row for each class against the others.
fn per_class(data: &FileData) -> Option<Document> {
    let table = Content::new(data).table().cloned()?;
    let class = table.column(&["positive_class"])?;
    let support = [table.column(&["true_positives"])?, table.column(&["false_negatives"])?];
    let mut document = Document::default();
    for (row, cells) in table.rows.iter().enumerate() {
        let n: Option<f64> = support.iter().map(|c| table.number(row, *c)?.finite().map(|f| f.get())).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and checked to be one")]
        let n = n.filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 9e15).map(|n| n as u64);
        for (column, name) in table.columns.iter().enumerate() {
            if column == class || name == "example_count" || name.is_empty() {
                continue;
            }
            // pandas writes NaN as an empty cell.
            let empty = cells.get(column).is_some_and(String::is_empty);
            let value = if empty { Some(Measured::new(f64::NAN)) } else { table.number(row, column) };
            let Some(value) = value else {
                document.problems.push(not_a_number(data, row, name));
                continue;
            };
            let source = Pointer::new(data.path.clone(), format!("line {}", row + 2));
            document.run.results.push(MetricResult {
                class: cells.get(class).cloned(),
                n,
                harness: Some("mlflow.evaluate".to_owned()),
                ..MetricResult::new(name.clone(), value, source)
            });
        }
    }
    Some(document)
}

fn not_a_number(data: &FileData, row: usize, name: &str) -> Diagnostic {
    Diagnostic::new(Code::MetricInvalid, format!("metric '{}' is no number", visible(name, 80)))
        .at(data.path.clone())
        .at_line(u32::try_from(row + 2).unwrap_or(u32::MAX), 1)
        .help("was the file written completely? log the table again")
}

/// The name of a metric in the catalogue.
fn canonical(metric: &str) -> &str {
    CATALOGUE.canonical(metric)
}

/// What makes two results of one run speak of the same thing, as far as a report says it.
type Key = (String, Option<String>, Slice, Option<String>);

/// The results of reports that say something that the run has not logged. Reports that contradict one
/// another speak of different data, which their paths tell apart.
fn merge(
    paths: &[&str],
    results: Vec<Vec<MetricResult>>,
    logged: &[MetricResult],
    problems: &mut Vec<Diagnostic>,
) -> Vec<MetricResult> {
    let key = |r: &MetricResult| -> Key {
        (canonical(&r.metric).to_owned(), r.split.clone(), r.slice.clone(), r.class.clone())
    };
    let mut own: BTreeMap<Key, Vec<&MetricResult>> = BTreeMap::new();
    for result in logged {
        own.entry(key(result)).or_default().push(result);
    }
    let mut out: Vec<(usize, MetricResult)> = Vec::new();
    let mut first: BTreeMap<(Key, Option<String>), usize> = BTreeMap::new();
    let mut apart: Vec<usize> = Vec::new();
    for (document, results) in results.into_iter().enumerate() {
        for result in results {
            let key = key(&result);
            let same_data =
                |r: &&&MetricResult| r.dataset.is_none() || result.dataset.is_none() || r.dataset == result.dataset;
            if let Some(known) = own.get(&key).and_then(|known| known.iter().find(same_data)) {
                if !same_value(known.value, result.value) {
                    problems.push(differs(known, &result));
                }
                continue;
            }
            match first.get(&(key.clone(), result.dataset.clone())) {
                Some(at) if out[*at].0 == document => out.push((document, result)),
                Some(at) if same_value(out[*at].1.value, result.value) => {}
                Some(at) => {
                    apart.extend([*at, out.len()]);
                    out.push((document, result));
                }
                None => {
                    first.insert((key, result.dataset.clone()), out.len());
                    out.push((document, result));
                }
            }
        }
    }
    for at in apart {
        let (document, result) = &mut out[at];
        if result.dataset.is_none() {
            let path = paths[*document];
            let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
            result.dataset = Some(stem.to_owned());
        }
    }
    out.into_iter().map(|(_, result)| result).collect()
}

/// Whether two numbers are one that was written with fewer digits the second time.
fn same_value(a: Measured, b: Measured) -> bool {
    match (a.finite(), b.finite()) {
        (Some(a), Some(b)) => (a.get() - b.get()).abs() <= 1e-9 * a.get().abs().max(b.get().abs()),
        _ => a == b,
    }
}

fn differs(logged: &MetricResult, report: &MetricResult) -> Diagnostic {
    Diagnostic::new(
        Code::MetricConflict,
        format!(
            "metric '{}' is {} here, but the run has logged {}, which counts",
            visible(&report.metric, 80),
            report.value,
            logged.value
        ),
    )
    .severity(Severity::Warning)
    .at(report.source.path.clone())
    .pointer(report.source.pointer.clone())
    .help("does the report speak of other data? say which in its file: a dataset, a split or a slice")
}
