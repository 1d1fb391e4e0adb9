//! NannyML results, as `to_df()` gives them and pandas writes them: CSV and Parquet.
//!
//! In: a table with one row for each chunk ([`grid`] reads its two or three header rows, or the flat
//! names of `multilevel=False`). Out: for drift calculators one drift report for each monitored chunk
//! and method; for performance, data quality and summary statistics results, series and checks.
//! Rows of the period `reference` are what the thresholds were made of: they are counted in the name
//! of the reference and give no results. The table of a ranker is read too. Format:
//! `nannyml/base.py` and the calculators' `_create_multilevel_index`, 0.13.

mod chunks;
mod drift;
mod grid;
mod values;

use super::{Content, DocumentImporter, layout, parquet};
use crate::diag::Code;
use crate::import::findings::Findings;
use crate::model::{Document, Measured, MetricResult, Slice};
use grid::Grid;

/// NannyML results.
pub(crate) struct NannyMl;

/// What tool the records name.
const TOOL: &str = "nannyml";

/// Chunks that are read of a file.
const ROWS: usize = 100_000;

impl DocumentImporter for NannyMl {
    fn kind(&self) -> &'static str {
        TOOL
    }

    fn wants(&self, name: &str) -> bool {
        layout::is_textual(name) || name.ends_with(".parquet")
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if content.ends_in(&["parquet"]) {
            return parquet::column_names(&content.file.bytes).is_some_and(|names| grid::of_names(&names));
        }
        content.table().is_some_and(|table| ranking(&table.columns) || grid::of_table(table))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document::default();
        let mut findings = Findings::new(&content.file.path);
        if content.ends_in(&["parquet"]) {
            match parquet::read(content.file, ROWS) {
                Ok(frame) => read_grid(&Grid::from_frame(frame), content, &mut document, &mut findings),
                Err(problem) => document.problems.push(*problem),
            }
        } else if let Some(table) = content.table() {
            if ranking(&table.columns) {
                read_ranking(table, &mut document, &mut findings);
            } else {
                read_grid(&Grid::from_table(table), content, &mut document, &mut findings);
            }
        }
        document.standalone = document.speaks_of_a_run();
        document.problems.append(&mut findings.finish());
        document
    }
}

fn read_grid(grid: &Grid, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    let stem = content.stem();
    let stem = stem.strip_suffix(".flat").unwrap_or(stem);
    let (chunks, reference) = chunks::of(grid, findings);
    if chunks.is_empty() {
        findings.add(Code::FieldMissing, "the file holds no monitored chunk, only the reference period", "");
    }
    match grid.kind() {
        grid::Kind::Univariate | grid::Kind::Multivariate => {
            drift::read(grid, &chunks, &reference, document, findings);
        }
        kind => values::read(kind, grid, &chunks, stem, document, findings),
    }
}

/// Whether a table is that of `AlertCountRanker` or `CorrelationRanker`.
fn ranking(columns: &[String]) -> bool {
    let has = |name: &str| columns.iter().any(|c| c == name);
    has("column_name") && has("rank") && (has("number_of_alerts") || has("pearsonr_correlation"))
}

fn read_ranking(table: &super::table::Table, document: &mut Document, findings: &mut Findings<'_>) {
    let Some(column) = table.column(&["column_name"]) else { return };
    for (index, row) in table.rows.iter().enumerate() {
        let place = findings.place(format!("line {}", index + 2));
        let name = row.get(column).cloned().unwrap_or_default();
        let slice = Slice(std::iter::once(("column".to_owned(), name)).collect());
        for (metric, cell) in table.columns.iter().zip(row) {
            if !matches!(metric.as_str(), "number_of_alerts" | "rank" | "pearsonr_correlation" | "pearsonr_pvalue") {
                continue;
            }
            // pandas writes an absent number as nothing.
            let value = if cell.is_empty() { Some(Measured::new(f64::NAN)) } else { Measured::parse(cell) };
            let Some(value) = value else {
                let text = format!("a number is due in '{metric}'");
                findings.add(Code::FieldInvalid, text, &place.pointer);
                continue;
            };
            document.run.results.push(MetricResult {
                slice: slice.clone(),
                harness: Some(TOOL.to_owned()),
                ..MetricResult::new(metric.as_str(), value, place.clone())
            });
        }
    }
}
