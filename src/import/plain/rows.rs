//! A table in memory: columns of small cells, and where each row stands in its file.
//!
//! In: cells as a format gives them. Out: labels and numbers. In CSV every cell is text and a number
//! is a text that reads as one; the other formats have types, and there a text is never a number.

use indexmap::IndexSet;

use super::super::findings::Findings;
use super::super::json::push_token;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Datum, Instant, Measured};

/// A cell; texts are kept once for each column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    Missing,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, also one that is not finite.
    Number(f64),
    /// A text: its position in the column.
    Text(u32),
    /// A value that is no scalar.
    Odd(&'static str),
}

/// A column.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    texts: IndexSet<String>,
}

impl Column {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a cell; the cells before it that nobody gave are missing.
    pub(super) fn put(&mut self, row: usize, cell: Cell) {
        if self.cells.len() < row {
            self.cells.resize(row, Cell::Missing);
        }
        self.cells.push(cell);
    }

    /// A text as a cell.
    pub(super) fn text(&mut self, text: &str) -> Cell {
        let at = match self.texts.get_index_of(text) {
            Some(at) => at,
            None => self.texts.insert_full(text.to_owned()).0,
        };
        u32::try_from(at).map_or(Cell::Missing, Cell::Text)
    }

    /// A value of a tree as a cell.
    pub(super) fn datum(&mut self, value: &Datum) -> Cell {
        match value {
            Datum::Null => Cell::Missing,
            Datum::Bool(value) => Cell::Bool(*value),
            Datum::Int(value) => Cell::Int(*value),
            Datum::Number(value) => Cell::Number(value.as_f64()),
            Datum::Text(text) => self.text(text),
            other => Cell::Odd(other.kind()),
        }
    }

    fn text_of(&self, at: u32) -> &str {
        usize::try_from(at).ok().and_then(|at| self.texts.get_index(at)).map_or("", String::as_str)
    }

    pub(super) fn cell(&self, row: usize) -> Cell {
        self.cells.get(row).copied().unwrap_or(Cell::Missing)
    }

    /// A cell as a name; nothing when it is empty.
    pub(super) fn label(&self, row: usize) -> Option<String> {
        match self.cell(row) {
            Cell::Missing | Cell::Odd(_) => None,
            Cell::Bool(value) => Some(value.to_string()),
            Cell::Int(value) => Some(value.to_string()),
            Cell::Number(value) => (!value.is_nan()).then(|| Measured::new(value).to_string()),
            Cell::Text(at) => Some(self.text_of(at).trim()).filter(|t| !t.is_empty()).map(str::to_owned),
        }
    }

    /// A cell as a value for a table of params.
    pub(super) fn value(&self, row: usize) -> Datum {
        match self.cell(row) {
            Cell::Missing | Cell::Odd(_) => Datum::Null,
            Cell::Bool(value) => Datum::Bool(value),
            Cell::Int(value) => Datum::Int(value),
            Cell::Number(value) => Datum::Number(Measured::new(value)),
            Cell::Text(at) => Datum::Text(self.text_of(at).to_owned()),
        }
    }
}

/// What stands where a number is due.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Missing,
    /// A number.
    Number(Measured),
    /// Something else, in words.
    Wrong(String),
}

/// Where rows stand in their file.
#[derive(Debug)]
pub(super) enum Places {
    /// Lines.
    Lines(Vec<u32>),
    /// Items of a list at a pointer.
    Items(String, Vec<u32>),
    /// Members of an object at a pointer.
    Members(String, Vec<String>),
    /// Items of each of the columns, which lie at a pointer.
    Columns(String),
    /// Members of each of the columns.
    ColumnMembers(String, Vec<String>),
    /// The object at a pointer is the only row.
    Single(String),
    /// Rows by their number.
    Numbered,
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// The columns that were asked for and are there.
    pub(super) columns: Vec<Column>,
    /// Rows.
    pub(super) rows: usize,
    /// Names of all columns of the file.
    pub(super) header: Vec<String>,
    pub(super) places: Places,
    /// Whether the format has no types, so that numbers are written as text.
    pub(super) untyped: bool,
}

impl Table {
    /// The column of a name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// What stands in a cell where a number is due.
    pub(super) fn number(&self, column: &Column, row: usize) -> Found {
        match column.cell(row) {
            Cell::Missing => Found::Missing,
            #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown rounded, as JSON readers do")]
            Cell::Int(value) => Found::Number(Measured::new(value as f64)),
            Cell::Number(value) => Found::Number(Measured::new(value)),
            Cell::Bool(_) => Found::Wrong("a boolean".to_owned()),
            Cell::Odd(kind) => Found::Wrong(kind.to_owned()),
            Cell::Text(at) => {
                let text = column.text_of(at);
                match Measured::parse(text) {
                    None if self.untyped && text.trim().is_empty() => Found::Missing,
                    Some(number) if self.untyped || number.finite().is_none() => Found::Number(number),
                    _ => Found::Wrong(format!("text \"{}\"", visible(text, 40))),
                }
            }
        }
    }

    /// A count in a cell; what is none is a finding.
    pub(super) fn count(&self, column: &Column, row: usize, findings: &mut Findings<'_>) -> Option<u64> {
        let whole = |n: Measured| n.finite().map(|n| n.get()).filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 9e15);
        match self.number(column, row) {
            Found::Missing => None,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and not negative")]
            Found::Number(n) if whole(n).is_some() => whole(n).map(|n| n as u64),
            _ => self.wrong(findings, column, row, "a count"),
        }
    }

    /// A whole number in a cell; what is none is a finding.
    pub(super) fn whole(&self, column: &Column, row: usize, findings: &mut Findings<'_>) -> Option<i64> {
        if let Cell::Int(value) = column.cell(row) {
            return Some(value);
        }
        let whole = |n: Measured| n.finite().map(|n| n.get()).filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
        match self.number(column, row) {
            Found::Missing => None,
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            Found::Number(n) if whole(n).is_some() => whole(n).map(|n| n as i64),
            _ => self.wrong(findings, column, row, "a whole number"),
        }
    }

    /// A moment in a cell; what is none is a finding.
    pub(super) fn moment(&self, column: &Column, row: usize, findings: &mut Findings<'_>) -> Option<Instant> {
        let text = column.label(row)?;
        let moment = Instant::parse(&text).filter(|_| matches!(column.cell(row), Cell::Text(_)));
        moment.or_else(|| self.wrong(findings, column, row, "a moment such as 2026-03-02T09:30:00Z"))
    }

    fn wrong<T>(&self, findings: &mut Findings<'_>, column: &Column, row: usize, due: &str) -> Option<T> {
        let found = column.label(row).unwrap_or_else(|| "something else".to_owned());
        let text = format!("column '{}': {due} is due, not {}", visible(&column.name, 60), visible(&found, 40));
        let help = "what is no such value is read as if it were not there";
        self.report(findings, Diagnostic::new(Code::FieldInvalid, text).help(help), row, Some(&column.name));
        None
    }

    /// A place as a pointer: of a row, or of a cell in it.
    pub(super) fn pointer(&self, row: usize, column: Option<&str>) -> String {
        let with = |mut pointer: String, tokens: &[Option<&str>]| {
            tokens.iter().flatten().for_each(|token| push_token(&mut pointer, token));
            pointer
        };
        let beside = |row: String| column.map_or_else(|| row.clone(), |c| format!("{row}, {}", visible(c, 100)));
        match &self.places {
            Places::Lines(lines) => beside(format!("line {}", lines.get(row).copied().unwrap_or_default())),
            Places::Items(at, rows) => {
                let item = rows.get(row).copied().unwrap_or_default().to_string();
                with(at.clone(), &[Some(&item), column])
            }
            Places::Members(at, keys) => with(at.clone(), &[keys.get(row).map(String::as_str), column]),
            Places::Columns(at) => with(at.clone(), &[column, column.map(|_| row.to_string()).as_deref()]),
            Places::ColumnMembers(at, keys) => with(at.clone(), &[column, keys.get(row).map(String::as_str)]),
            Places::Single(at) => with(at.clone(), &[column]),
            Places::Numbered => beside(format!("row {}", row + 1)),
        }
    }

    /// Notes a finding at a row, or at a cell of it.
    pub(super) fn report(&self, findings: &mut Findings<'_>, finding: Diagnostic, row: usize, column: Option<&str>) {
        let line = match &self.places {
            Places::Lines(lines) => lines.get(row).copied(),
            _ => None,
        };
        let finding = match line {
            Some(line) => finding.at_line(line, 1),
            None => finding,
        };
        findings.push(finding, &self.pointer(row, column));
    }

    /// A name that is written as a number loses its digits: version 1.10 is 1.1.
    pub(super) fn warn_of_numbers(&self, name: &str, findings: &mut Findings<'_>) {
        let Some(column) = self.column(name) else { return };
        let broken = |cell: &Cell| matches!(cell, Cell::Number(n) if n.fract() != 0.0);
        if let Some(row) = column.cells.iter().position(broken) {
            let text = format!("names in column '{}' are numbers: 1.10 and 1.1 are the same there", visible(name, 60));
            let finding = Diagnostic::new(Code::FieldInvalid, text).help("write names and versions as text");
            self.report(findings, finding, row, Some(name));
        }
    }
}

/// The names in a column, each once; 0 is none.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// The column's name.
    pub(super) column: String,
    ids: Option<Vec<u32>>,
    names: IndexSet<String>,
}

impl Labels {
    /// The names of a column that may not be mapped at all.
    pub(super) fn of(table: &Table, name: Option<&str>, findings: &mut Findings<'_>) -> Self {
        Self::read(table, name, findings, false)
    }

    /// The names of classes: in a format without types `1.0` is the class `1`, as a column of whole
    /// numbers with gaps is written by pandas.
    pub(super) fn of_classes(table: &Table, name: Option<&str>, findings: &mut Findings<'_>) -> Self {
        Self::read(table, name, findings, true)
    }

    fn read(table: &Table, name: Option<&str>, findings: &mut Findings<'_>, classes: bool) -> Self {
        let Some(column) = name.and_then(|name| table.column(name)) else { return Self::default() };
        let mut out = Self { column: column.name.clone(), ids: None, names: IndexSet::new() };
        let mut ids = Vec::with_capacity(table.rows);
        // Texts are kept once already: their names are found once each.
        let mut known: Vec<Option<u32>> = vec![None; column.texts.len()];
        let mut last: Option<(Cell, u32)> = None;
        for row in 0..table.rows {
            let cell = column.cell(row);
            let slot = match cell {
                Cell::Text(at) => usize::try_from(at).ok(),
                _ => None,
            };
            let seen = slot.and_then(|at| known.get(at).copied().flatten());
            let id = match (seen, last) {
                (Some(id), _) => id,
                (None, Some((same, id))) if same == cell => id,
                _ => {
                    if let Cell::Odd(kind) = cell {
                        let text = format!("column '{}': a name is due, not {kind}", visible(&column.name, 60));
                        let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
                        table.report(findings, finding, row, Some(&column.name));
                    }
                    let label = column.label(row);
                    let label = label.map(|l| if classes && table.untyped { class_name(l) } else { l });
                    let id = label.map_or(0, |label| out.id_of(label));
                    if let Some(slot) = slot.and_then(|at| known.get_mut(at)) {
                        *slot = Some(id);
                    }
                    id
                }
            };
            last = Some((cell, id));
            ids.push(id);
        }
        out.ids = Some(ids);
        out
    }

    fn id_of(&mut self, label: String) -> u32 {
        let (at, _) = self.names.insert_full(label);
        u32::try_from(at + 1).unwrap_or(0)
    }

    /// Whether there is such a column.
    pub(super) fn is_there(&self) -> bool {
        self.ids.is_some()
    }

    /// The name's position in a row, from 1; 0 when there is none.
    pub(super) fn id(&self, row: usize) -> u32 {
        self.ids.as_ref().and_then(|ids| ids.get(row)).copied().unwrap_or(0)
    }

    /// The name of a position.
    pub(super) fn name(&self, id: u32) -> Option<&str> {
        let at = usize::try_from(id).ok()?.checked_sub(1)?;
        self.names.get_index(at).map(String::as_str)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// `1.0` is the class `1`.
fn class_name(label: String) -> String {
    match label.split_once('.') {
        Some((whole, zeros))
            if !zeros.is_empty()
                && zeros.bytes().all(|b| b == b'0')
                && whole.strip_prefix('-').unwrap_or(whole).bytes().all(|b| b.is_ascii_digit())
                && whole.bytes().any(|b| b.is_ascii_digit()) =>
        {
            whole.to_owned()
        }
        _ => label,
    }
}
