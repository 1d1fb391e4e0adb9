//! Reading rows of a database whose schema and content may be anybody's.
//!
//! In: a connection. Out: cells, by the names of columns. Views, virtual tables and generated columns
//! are not read; text of the wrong encoding, blobs and wrong types are told once for each table; the
//! text that all rows hold together is bounded by the database's size.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::super::Findings;
use crate::diag::{Code, Diagnostic, visible};
use crate::model::Instant;
use crate::source::Database;

/// Text that is taken for each byte of the database, and that of a small one. Pages may refer to one
/// another so that few of them make many rows.
const TEXT_PER_BYTE: u64 = 4;
const TEXT: u64 = 64 << 20;

/// The tables of a database.
pub(super) struct Tables<'a> {
    connection: &'a Connection,
    /// The database's path in the project.
    pub(super) path: &'a str,
    columns: BTreeMap<String, BTreeSet<String>>,
    left: Cell<u64>,
}

impl<'a> Tables<'a> {
    /// Lists tables and columns.
    pub(super) fn of(database: &'a Database<'_>, path: &'a str) -> rusqlite::Result<Self> {
        let connection = &database.connection;
        let mut names: Vec<String> = Vec::new();
        let mut statement = connection
            .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage > 0 LIMIT 1000")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let (ValueRef::Text(name), ValueRef::Text(sql)) = (row.get_ref(0)?, row.get_ref(1)?)
                && sql.get(..12).is_some_and(|start| start.eq_ignore_ascii_case(b"CREATE TABLE"))
                && let Ok(name) = std::str::from_utf8(name)
            {
                names.push(name.to_owned());
            }
        }
        let mut columns = BTreeMap::new();
        for name in names.into_iter().filter(|n| n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')) {
            let mut statement = connection.prepare(&format!("PRAGMA table_xinfo(\"{name}\")"))?;
            let mut rows = statement.query([])?;
            let mut plain = BTreeSet::new();
            while let Some(row) = rows.next()? {
                // Column 6, `hidden`: 0 for a plain column.
                if let (ValueRef::Text(column), ValueRef::Integer(0)) = (row.get_ref(1)?, row.get_ref(6)?) {
                    plain.extend(std::str::from_utf8(column).map(str::to_owned));
                }
            }
            columns.insert(name, plain);
        }
        let left = Cell::new(TEXT + database.bytes.saturating_mul(TEXT_PER_BYTE));
        Ok(Self { connection, path, columns, left })
    }

    pub(super) fn has(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|c| c.contains(column))
    }

    /// Reads the wanted columns of each row; a column that is not there is null. A table that is not
    /// there has no rows.
    pub(super) fn rows(
        &self,
        table: &'static str,
        wanted: &[&'static str],
        findings: &mut Findings,
        mut each: impl FnMut(&Cells<'_>, &mut Findings),
    ) -> rusqlite::Result<()> {
        if !self.has(table) {
            return Ok(());
        }
        let column = |name: &&'static str| {
            if self.has_column(table, name) { format!("\"{name}\"") } else { "NULL".to_owned() }
        };
        let columns: Vec<String> = wanted.iter().map(column).collect();
        let sql = format!("SELECT {} FROM main.\"{table}\"", columns.join(", "));
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let odd = Cell::new(None);
        while let Some(row) = rows.next()? {
            each(&Cells { row, left: &self.left, odd: &odd }, findings);
            if self.left.get() == 0 {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT),
                    None,
                ));
            }
        }
        if let Some((at, what)) = odd.take() {
            let column = wanted.get(at).copied().unwrap_or_default();
            findings.problem(
                self.problem(table, format!("the column '{column}' of table '{table}' holds {what}"))
                    .pointer(format!("{table}/{column}")),
            );
        }
        Ok(())
    }

    /// A finding about a table.
    pub(super) fn problem(&self, table: &str, what: String) -> Diagnostic {
        Diagnostic::new(Code::FieldInvalid, what)
            .at(self.path)
            .pointer(table.to_owned())
            .help("MLflow does not write this: was the database changed by another program?")
    }

    /// Rows that hang on something that is not there.
    pub(super) fn orphans(&self, table: &str, rows: usize, findings: &mut Findings) {
        if rows > 0 {
            let what = format!("{} of table '{table}' belong to nothing in the store", crate::diag::count(rows, "row"));
            findings.problem(self.problem(table, what).severity(crate::diag::Severity::Note));
        }
    }
}

/// The cells of a row.
pub(super) struct Cells<'a> {
    row: &'a Row<'a>,
    left: &'a Cell<u64>,
    odd: &'a Cell<Option<(usize, &'static str)>>,
}

impl Cells<'_> {
    fn value(&self, at: usize) -> ValueRef<'_> {
        self.row.get_ref(at).unwrap_or(ValueRef::Null)
    }

    fn odd(&self, at: usize, what: &'static str) {
        if self.odd.get().is_none() {
            self.odd.set(Some((at, what)));
        }
    }

    /// The text of a cell; numbers as they are written. Empty text counts.
    pub(super) fn text(&self, at: usize) -> Option<Cow<'_, str>> {
        match self.value(at) {
            ValueRef::Null => None,
            ValueRef::Text(bytes) => {
                self.left.set(self.left.get().saturating_sub(bytes.len() as u64));
                let text = String::from_utf8_lossy(bytes);
                if matches!(text, Cow::Owned(_)) {
                    self.odd(at, "text that is not UTF-8");
                }
                Some(text)
            }
            ValueRef::Integer(value) => Some(Cow::Owned(value.to_string())),
            ValueRef::Real(value) => Some(Cow::Owned(value.to_string())),
            ValueRef::Blob(_) => {
                self.odd(at, "bytes where text is due");
                None
            }
        }
    }

    /// The text of a cell that says something.
    pub(super) fn filled(&self, at: usize) -> Option<Cow<'_, str>> {
        self.text(at).filter(|text| !text.is_empty())
    }

    pub(super) fn int(&self, at: usize) -> Option<i64> {
        match self.value(at) {
            ValueRef::Integer(value) => Some(value),
            ValueRef::Null => None,
            _ => {
                self.odd(at, "something else than a whole number");
                None
            }
        }
    }

    /// The number of a cell, or what stands there instead.
    pub(super) fn number(&self, at: usize) -> Result<f64, String> {
        match self.value(at) {
            ValueRef::Real(value) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "SQLite stores whole numbers of a REAL column so")]
            ValueRef::Integer(value) => Ok(value as f64),
            ValueRef::Null => Err("nothing".to_owned()),
            ValueRef::Text(bytes) => Err(format!("the text '{}'", visible(&String::from_utf8_lossy(bytes), 80))),
            ValueRef::Blob(_) => Err("bytes".to_owned()),
        }
    }

    /// A point in time in milliseconds.
    pub(super) fn instant(&self, at: usize) -> Option<Instant> {
        let millis = self.int(at)?;
        let instant = Instant::from_millis(millis);
        if instant.is_none() {
            self.odd(at, "a number that is no time in milliseconds");
        }
        instant
    }
}
