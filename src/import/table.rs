//! Delimited tables: CSV by default, tabs for `.tsv`; the csv crate does the parsing.
//!
//! In: a file. Out: column names and rows of text; ragged rows are an error with their line.

use crate::diag::{Code, Diagnostic};
use crate::model::Measured;
use crate::source::FileData;

/// A table of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names, trimmed.
    pub columns: Vec<String>,
    /// Rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Position of the first column whose name is one of `names` (compared in lower case).
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        self.columns.iter().position(|c| names.contains(&c.to_ascii_lowercase().as_str()))
    }

    /// The number in a cell; `None` when it is empty or no number.
    pub fn number(&self, row: usize, column: usize) -> Option<Measured> {
        self.rows.get(row)?.get(column).and_then(|cell| Measured::parse(cell))
    }
}

/// Parses a file.
///
/// # Errors
/// A diagnostic with the line when a row is ragged or the text is not UTF-8.
pub fn parse(file: &FileData) -> Result<Table, Box<Diagnostic>> {
    let delimiter = if file.path.to_ascii_lowercase().ends_with(".tsv") { b'\t' } else { b',' };
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let problem = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let text = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("the row has {len} cells, the header {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
            _ => error.to_string(),
        };
        Box::new(
            Diagnostic::new(Code::CsvSyntax, text)
                .at(file.path.clone())
                .at_line(u32::try_from(line).unwrap_or(u32::MAX), 1)
                .help("give every row as many cells as the header, quoted where they hold the separator"),
        )
    };
    let columns = reader.headers().map_err(|e| problem(&e))?.iter().map(|c| c.trim().to_owned()).collect();
    let rows = reader
        .records()
        .map(|row| row.map(|row| row.iter().map(str::to_owned).collect()).map_err(|e| problem(&e)))
        .collect::<Result<_, _>>()?;
    Ok(Table { columns, rows })
}
