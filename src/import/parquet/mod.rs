//! Parquet tables: plain columns, typed, within a budget.
//!
//! In: the bytes of a `.parquet` file. Out: a [`Frame`]: one [`Datum`] for each cell of each column
//! that is not nested, in the order of the schema; members of structs are columns called
//! `outer.inner`, lists and maps are named in `left_out` and not read. The parquet crate decodes;
//! `pages` looks at every page first, because a page may claim to unpack to any size and the
//! crate believes it. Metadata format: apache/parquet-format, `src/main/thrift/parquet.thrift`.
//!
//! Nothing in a file makes this panic, hang or hold more than a few hundred MB.

mod cells;
mod pages;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::diag::{Code, Diagnostic};
use crate::model::Datum;
use crate::source::FileData;

/// Cells that a frame holds at most.
const MAX_CELLS: usize = 4 << 20;

/// Columns that a table may have.
const MAX_COLUMNS: usize = 20_000;

/// Row groups that a table may have.
const MAX_GROUPS: usize = 20_000;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Truth values.
    Bool,
    /// Whole numbers; those above `i64::MAX` come as numbers.
    Int,
    /// Numbers, decimals included.
    Number,
    /// Text.
    Text,
    /// Bytes, as hexadecimal text.
    Binary,
    /// Days, as `2026-03-02`.
    Date,
    /// Times of day, as `09:30:00.5`.
    Time,
    /// Points in time, as RFC 3339 in UTC.
    Timestamp,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; members of structs are `outer.inner`.
    pub name: String,
    /// What its cells are.
    pub kind: ColumnKind,
    /// The cells, as many as the frame has rows; null is [`Datum::Null`].
    pub cells: Vec<Datum>,
}

/// A table, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The columns that were read.
    pub columns: Vec<Column>,
    /// Rows that were read.
    pub rows: usize,
    /// Rows that the file says it has; more than `rows` when the limit cut it.
    pub total_rows: u64,
    /// Columns that were not read: lists, maps and types without plain values.
    pub left_out: Vec<String>,
}

impl Frame {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

/// Whether bytes begin and end as a Parquet file does.
pub fn is_parquet(bytes: &[u8]) -> bool {
    bytes.len() >= 12 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")
}

/// Names of the leaf columns (`outer.inner`), from the footer alone: to recognise a format.
pub fn column_names(bytes: &[u8]) -> Option<Vec<String>> {
    if !is_parquet(bytes) {
        return None;
    }
    let bytes = Bytes::copy_from_slice(bytes);
    guarded(|| {
        let reader = SerializedFileReader::new(bytes).map_err(|e| e.to_string())?;
        let schema = reader.metadata().file_metadata().schema_descr();
        if schema.num_columns() > MAX_COLUMNS {
            return Err("too many columns".to_owned());
        }
        Ok(schema.columns().iter().map(|c| c.path().string()).collect())
    })
    .ok()
}

/// Reads the first `max_rows` rows of a file.
///
/// # Errors
/// A diagnostic when the file is no Parquet file, is damaged, or goes beyond the budget.
pub fn read(file: &FileData, max_rows: usize) -> Result<Frame, Box<Diagnostic>> {
    read_some(file, max_rows, MAX_CELLS, &|_| true)
}

/// Reads the first `max_rows` rows of the columns that are wanted, at most `max_cells` cells.
///
/// # Errors
/// As [`read`].
pub fn read_some(
    file: &FileData,
    max_rows: usize,
    max_cells: usize,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Frame, Box<Diagnostic>> {
    let fail = |cause: String| {
        Box::new(
            Diagnostic::new(Code::ParquetSyntax, format!("the Parquet file cannot be read: {cause}"))
                .at(file.path.clone())
                .help("was the file written completely? write it to a temporary name and rename it"),
        )
    };
    if !is_parquet(&file.bytes) {
        return Err(fail("it does not begin and end with the mark of such a file".to_owned()));
    }
    let bytes = Bytes::copy_from_slice(&file.bytes);
    guarded(|| frame(&bytes, max_rows, max_cells, wanted)).map_err(fail)
}

/// Runs a reader of the parquet crate. The crate indexes and asserts on what a file claims; what
/// [`pages`] can check is refused before, and this is the last line for the rest: the crate's values
/// are dropped when it panics, so nothing half-made is ever seen.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("its pages contradict its metadata".to_owned()))
}

fn frame(bytes: &Bytes, max_rows: usize, max_cells: usize, wanted: &dyn Fn(&str) -> bool) -> Result<Frame, String> {
    let reader = SerializedFileReader::new(bytes.clone()).map_err(|e| e.to_string())?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    if schema.num_columns() > MAX_COLUMNS || metadata.num_row_groups() > MAX_GROUPS {
        return Err("it has too many columns or row groups".to_owned());
    }
    let mut total_rows: u64 = 0;
    for group in metadata.row_groups() {
        let rows = u64::try_from(group.num_rows()).map_err(|_| "a row group has a negative number of rows")?;
        total_rows = total_rows.saturating_add(rows);
        if group.num_columns() != schema.num_columns() {
            return Err("a row group does not have the columns of the schema".to_owned());
        }
    }
    let mut out = Frame { total_rows, ..Frame::default() };
    let mut plain = Vec::new();
    for (index, column) in schema.columns().iter().enumerate() {
        match cells::kind_of(column) {
            Some(kind) if column.max_rep_level() == 0 => {
                if !wanted(&column.path().string()) {
                    continue;
                }
                plain.push(index);
                out.columns.push(Column { name: column.path().string(), kind, cells: Vec::new() });
            }
            _ => out.left_out.push(column.path().string()),
        }
    }
    let limit = max_rows.min(max_cells / plain.len().max(1));
    let mut budget = cells::Budget::default();
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let rows = usize::try_from(group.num_rows()).map_err(|_| "a row group is too long")?.min(limit - out.rows);
        if rows == 0 {
            continue;
        }
        let row_group = reader.get_row_group(index).map_err(|e| e.to_string())?;
        for (place, column) in plain.iter().zip(&mut out.columns) {
            let largest = pages::check(bytes, group.column(*place), &mut budget)?;
            let source = row_group.get_column_page_reader(*place).map_err(|e| e.to_string())?;
            let guard = pages::Guard::new(source, group.column(*place).column_descr_ptr());
            cells::read(group.column(*place), Box::new(guard), rows, largest, &mut budget, &mut column.cells)?;
        }
        out.rows += rows;
    }
    Ok(out)
}
