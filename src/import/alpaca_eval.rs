//! AlpacaEval leaderboards: tables with a row for each model, as `alpaca_eval` writes them
//! (`leaderboard.csv` beside the annotations, `*_leaderboard.csv` in its repository).
//!
//! In: a CSV file whose first column has no name and holds model names. Out: one run for each row.
//! All rows are judged by one annotator, which the file or its folder is named after: it is the
//! split, so that results of two annotators are never taken for one another. The table that
//! compares annotators (`Human agreement`) gives runs that are no version of any model.

use super::harness::{Findings, VERSION, due, row_run, whole};
use super::table::Table;
use super::{Content, DocumentImporter};
use crate::model::{Datum, Direction, Document, Finite, Measured, Pointer};
use crate::source::{file_name, parent};

/// AlpacaEval leaderboards.
pub(crate) struct AlpacaEval;

const KIND: &str = "alpaca-eval";
const DATASET: &str = "alpaca_eval";

/// Columns that hold the standard error of another one.
const ERRORS: &[(&str, &str)] = &[("win_rate", "standard_error"), ("length_controlled_winrate", "lc_standard_error")];
/// Columns in which more is better.
const HIGHER: &[&str] = &[
    "win_rate",
    "length_controlled_winrate",
    "discrete_win_rate",
    "n_wins",
    "Human agreement",
    "Spearman corr.",
    "Pearson corr.",
];
/// Columns in which less is better.
const LOWER: &[&str] = &["Price [$/1000 examples]", "Time [seconds/1000 examples]", "Variance"];

impl DocumentImporter for AlpacaEval {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let text = content.file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content.file.bytes);
        let header = text.split(|b| *b == b'\n').next().unwrap_or_default();
        let Ok(header) = std::str::from_utf8(header) else { return false };
        // Cheap first: the header alone decides whether the table is parsed.
        content.ends_in(&["csv", "tsv"])
            && (header.contains("win_rate") && header.contains("standard_error") || header.contains("Human agreement"))
            && content.table_document().is_some_and(|t| t.as_ref().map_or(true, |t| board(t).is_some()))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document::default();
        let table = match content.table_document() {
            Some(Ok(table)) => table,
            Some(Err(problem)) => {
                document.problems.push((**problem).clone());
                return document;
            }
            None => return document,
        };
        let models = board(table) == Some(Board::Models);
        let mut findings = Findings::new(&content.file.path);
        let annotator = annotator(content);
        for (at, row) in table.rows.iter().enumerate() {
            let Some(name) = row.first().map(|n| n.trim()).filter(|n| !n.is_empty()) else { continue };
            let mut run = row_run(content, KIND, at, name);
            if models {
                run.model = Some(name.to_owned());
                run.version = Some(VERSION.to_owned());
            } else {
                run.experiment = Some("AlpacaEval annotators".to_owned());
            }
            let number = |column: &str| -> Option<Measured> {
                let index = table.columns.iter().position(|c| c == column)?;
                table.number(at, index)
            };
            let n = number("n_total").and_then(whole);
            for (column, (title, cell)) in table.columns.iter().zip(row).enumerate().skip(1) {
                let cell = cell.trim();
                if cell.is_empty() || ERRORS.iter().any(|(_, error)| error == title) {
                    continue;
                }
                if title == "mode" {
                    run.tags.insert(title.clone(), cell.to_owned());
                    continue;
                }
                let source = Pointer::new(content.file.path.clone(), format!("row {}, column {}", at + 2, column + 1));
                let mut result = due(title, source);
                result.dataset = Some(if models { DATASET.to_owned() } else { "annotators".to_owned() });
                result.split = models.then(|| annotator.clone());
                result.n = n.filter(|_| title.ends_with("win_rate") || title.ends_with("winrate"));
                result.harness = Some("AlpacaEval".to_owned());
                result.stderr = ERRORS
                    .iter()
                    .find(|(of, _)| of == title)
                    .and_then(|(_, error)| number(error))
                    .and_then(Measured::finite)
                    .filter(|e: &Finite| e.get() >= 0.0);
                if HIGHER.contains(&title.as_str()) {
                    run.direct(title, Direction::Higher);
                } else if LOWER.contains(&title.as_str()) {
                    run.direct(title, Direction::Lower);
                }
                let value = Measured::parse(cell).map_or_else(|| Datum::Text(cell.to_owned()), Datum::Number);
                findings.value(&mut run, result, &value);
            }
            document.others.push(run);
        }
        document.problems.append(&mut findings.finish());
        document
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Board {
    Models,
    Annotators,
}

/// Which board a table is.
fn board(table: &Table) -> Option<Board> {
    let first = table.columns.first()?;
    let has = |name: &str| table.columns.iter().any(|c| c == name);
    if !(first.is_empty() || ["Unnamed: 0", "name", "model", "generator"].contains(&first.as_str())) {
        return None;
    }
    if has("win_rate") && has("standard_error") {
        Some(Board::Models)
    } else {
        (has("Human agreement") && (has("mode") || has("# parsed"))).then_some(Board::Annotators)
    }
}

/// The annotator: what the file is named after, or its folder when the file is only `leaderboard.csv`.
fn annotator(content: &Content<'_>) -> String {
    let stem = content.stem();
    let named = stem.strip_suffix("_leaderboard").or_else(|| stem.strip_suffix("leaderboard")).unwrap_or(stem);
    let folder = file_name(parent(&content.file.path));
    if named.is_empty() && !folder.is_empty() {
        folder.to_owned()
    } else if named.is_empty() {
        stem.to_owned()
    } else {
        named.to_owned()
    }
}
