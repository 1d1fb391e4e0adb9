//! Columns of a table for whoever knows himself what they mean.
//!
//! In: the bytes of a table in any of the formats, and names of columns. Out: the cells of those columns as text
//! and as numbers, or why the table cannot be used. Half a table is no table here: a row that was left out may be
//! the one that matters.

use super::super::findings::Findings;
use super::files;
use super::rows::{Found, Table};
use crate::diag::{Severity, visible};
use crate::model::{Finite, TableMapping, TableRows};
use crate::source::{FileData, file_name};

/// Columns of a table.
#[derive(Debug)]
pub struct Columns(Table);

impl Columns {
    /// Reads columns of a file; its name's ending says which format it has.
    ///
    /// # Errors
    /// When the format is not known, a column is not there, or anything of the file could not be read.
    pub fn read(file: &FileData, names: &[&str]) -> Result<Self, String> {
        let shown = visible(&file.path, 160);
        let Some(format) = files::Format::of(file_name(&file.path)) else {
            return Err(format!("'{shown}' is no table: name it .csv, .tsv, .json, .jsonl, .yaml, .toml or .parquet"));
        };
        let slice = names.iter().map(|n| (*n).to_owned()).collect();
        let mapping = TableMapping { rows: TableRows::Predictions, slice, ..TableMapping::default() };
        let mut findings = Findings::new(&file.path);
        let table = files::read(format, file, &mapping, &mut findings);
        let problems = findings.finish();
        if let Some(problem) = problems.iter().find(|p| p.severity != Severity::Note) {
            return Err(format!("{}: {}", visible(&problem.place(), 200), visible(&problem.message, 300)));
        }
        table.map(Self).ok_or_else(|| format!("'{shown}' holds no table"))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.0.rows
    }

    /// A cell as text; nothing when it is empty.
    pub fn text(&self, name: &str, row: usize) -> Option<String> {
        self.0.column(name)?.label(row)
    }

    /// A cell as a finite number; nothing when it is empty or none.
    pub fn number(&self, name: &str, row: usize) -> Option<f64> {
        match self.0.number(self.0.column(name)?, row) {
            Found::Number(value) => value.finite().map(Finite::get),
            Found::Missing | Found::Wrong(_) => None,
        }
    }
}
