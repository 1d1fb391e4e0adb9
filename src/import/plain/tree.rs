//! Tables in trees of values: JSON, YAML and TOML, and the objects of JSON Lines.
//!
//! In: a tree. Out: a [`Table`], whichever of the usual shapes it has: a list of objects, an object of
//! columns or of rows, `columns` beside `data`, or a single row. A row of another shape is left out
//! with its pointer.

use indexmap::IndexMap;

use super::super::findings::Findings;
use super::super::json::push_token;
use super::files::{MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Wanted, error, too_large};
use super::rows::{Column, Places, Table};
use crate::diag::{Code, Diagnostic, count, visible};
use crate::model::{Datum, TableMapping, TableRows};

/// The value at a JSON pointer, and the pointer.
pub(super) fn below<'d>(tree: &'d Datum, at: &str, findings: &mut Findings<'_>) -> Option<(String, &'d Datum)> {
    let mut value = tree;
    for token in at.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match value {
            Datum::List(items) => token.parse().ok().and_then(|i: usize| items.get(i)),
            other => other.get(&token),
        };
        let Some(next) = next else {
            let finding = error(Code::FieldMissing, format!("there is nothing at '{}'", visible(at, 200)));
            findings.push(finding.help("correct at in [source.table]"), at);
            return None;
        };
        value = next;
    }
    Some((at.to_owned(), value))
}

/// Rows of objects that may have different keys.
pub(super) struct Builder<'a> {
    wanted: &'a Wanted<'a>,
    columns: IndexMap<String, Column>,
    header: IndexMap<String, ()>,
    rows: usize,
    cells: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(wanted: &'a Wanted<'a>) -> Self {
        Self { wanted, columns: IndexMap::new(), header: IndexMap::new(), rows: 0, cells: 0 }
    }

    /// Adds a row; `false` when the table is too large.
    pub(super) fn row(&mut self, entries: &[(String, Datum)], findings: &mut Findings<'_>) -> bool {
        for (name, value) in entries {
            if self.header.len() < MAX_COLUMNS && !self.header.contains_key(name) {
                self.header.insert(name.clone(), ());
            }
            if !self.wanted.has(name) {
                continue;
            }
            let column = match self.columns.get_mut(name) {
                Some(column) => column,
                None => self.columns.entry(name.clone()).or_insert_with(|| Column::new(name)),
            };
            let cell = column.datum(value);
            column.put(self.rows, cell);
            self.cells += 1;
        }
        self.rows += 1;
        let fits = self.rows < MAX_ROWS && self.cells < MAX_CELLS && self.columns.len() < MAX_COLUMNS;
        if !fits {
            too_large(findings);
        }
        fits
    }

    pub(super) fn table(self, places: Places) -> Table {
        let columns = self.columns.into_values().collect();
        let header = self.header.into_keys().collect();
        Table { columns, rows: self.rows, header, places, untyped: false }
    }
}

/// A tree of values that holds a table.
pub(super) struct Tree<'a, 'b, 'f> {
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) mapping: &'a TableMapping,
    pub(super) findings: &'b mut Findings<'f>,
}

impl Tree<'_, '_, '_> {
    /// The table that a value holds.
    pub(super) fn table(&mut self, value: &Datum, at: String) -> Option<Table> {
        match value {
            Datum::List(items) => self.items(items, at),
            Datum::Map(entries) => self.object(entries, at),
            Datum::Null => {
                let finding = Diagnostic::new(Code::RunEmpty, "the file is empty").help("write rows into it");
                self.findings.push(finding, &at);
                None
            }
            other => self.shape(&format!("a table is due, not {}", other.kind()), &at, ""),
        }
    }

    fn shape<T>(&mut self, text: &str, at: &str, key: &str) -> Option<T> {
        let help = if key.is_empty() {
            "a table is a list of objects, or an object of columns".to_owned()
        } else {
            let mut to = at.to_owned();
            push_token(&mut to, key);
            format!("write at = \"{}\" in [source.table]", visible(&to, 100))
        };
        self.findings.push(error(Code::JsonShape, text).help(help), at);
        None
    }

    /// A list of objects.
    fn items(&mut self, items: &[Datum], at: String) -> Option<Table> {
        let mut builder = Builder::new(self.wanted);
        let mut places = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let Some(entries) = item.entries() else {
                let mut pointer = at.clone();
                push_token(&mut pointer, &i.to_string());
                let text = format!("a row is an object, not {}; it is left out", item.kind());
                self.findings.push(error(Code::JsonShape, text), &pointer);
                continue;
            };
            if !builder.row(entries, self.findings) {
                return None;
            }
            places.push(u32::try_from(i).unwrap_or(u32::MAX));
        }
        Some(builder.table(Places::Items(at, places)))
    }

    /// An object: of columns, of rows, `columns` and `data`, or one row.
    fn object(&mut self, entries: &[(String, Datum)], at: String) -> Option<Table> {
        let get = |key: &str| entries.iter().find(|(k, _)| k == key).map(|(_, v)| v);
        if let (Some(Datum::List(names)), Some(Datum::List(data))) = (get("columns"), get("data"))
            && names.iter().all(|n| n.as_str().is_some())
        {
            return self.split(names, data, at);
        }
        let list_of_objects =
            entries.iter().find(|(_, v)| v.items().is_some_and(|i| i.first().is_some_and(|i| i.entries().is_some())));
        if let Some((key, _)) = list_of_objects
            && !entries.iter().any(|(k, _)| self.wanted.named.contains(&k.as_str()))
        {
            return self.shape("the table lies deeper in the file", &at, key);
        }
        if !entries.is_empty() && entries.iter().all(|(_, v)| v.items().is_some()) {
            return self.columns(entries, at);
        }
        if !entries.is_empty() && entries.iter().all(|(_, v)| v.entries().is_some()) {
            return self.objects(entries, at);
        }
        if self.mapping.rows == TableRows::Wide {
            let mut builder = Builder::new(self.wanted);
            builder.row(entries, self.findings);
            return Some(builder.table(Places::Single(at)));
        }
        let key = list_of_objects.map_or("", |(key, _)| key.as_str());
        self.shape("an object of single values is no table", &at, key)
    }

    /// An object with a list for each column.
    fn columns(&mut self, entries: &[(String, Datum)], at: String) -> Option<Table> {
        let longest = entries.iter().filter_map(|(_, v)| v.items()).map(<[_]>::len).max().unwrap_or_default();
        let mut columns = Vec::new();
        if longest > MAX_ROWS || longest.saturating_mul(entries.len()) > MAX_CELLS {
            too_large(self.findings);
            return None;
        }
        for (name, value) in entries.iter().filter(|(name, _)| self.wanted.has(name)) {
            let items = value.items().unwrap_or_default();
            if items.len() != longest {
                let mut pointer = at.clone();
                push_token(&mut pointer, name);
                let text = format!(
                    "column '{}' has {}, another one {longest}",
                    visible(name, 80),
                    count(items.len(), "value")
                );
                self.findings.push(error(Code::JsonShape, text).help("columns are of one length"), &pointer);
            }
            let mut column = Column::new(name);
            for (row, item) in items.iter().enumerate() {
                let cell = column.datum(item);
                column.put(row, cell);
            }
            columns.push(column);
        }
        let header = entries.iter().map(|(name, _)| name.clone()).collect();
        Some(Table { columns, rows: longest, header, places: Places::Columns(at), untyped: false })
    }

    /// An object of objects: of columns, as pandas writes by default, or of rows.
    fn objects(&mut self, entries: &[(String, Datum)], at: String) -> Option<Table> {
        let inner =
            |v: &Datum| v.entries().is_some_and(|e| e.iter().any(|(k, _)| self.wanted.named.contains(&k.as_str())));
        let of_columns = entries.iter().any(|(k, _)| self.wanted.named.contains(&k.as_str()));
        if !of_columns && (entries.iter().any(|(_, v)| inner(v)) || self.wanted.named.is_empty()) {
            let mut builder = Builder::new(self.wanted);
            for (_, value) in entries {
                if !builder.row(value.entries().unwrap_or_default(), self.findings) {
                    return None;
                }
            }
            let keys = entries.iter().map(|(key, _)| key.clone()).collect();
            return Some(builder.table(Places::Members(at, keys)));
        }
        let mut keys: IndexMap<&str, usize> = IndexMap::new();
        for (key, _) in entries.iter().flat_map(|(_, v)| v.entries().unwrap_or_default()) {
            let next = keys.len();
            keys.entry(key).or_insert(next);
        }
        if keys.len().saturating_mul(entries.len()) > MAX_CELLS {
            too_large(self.findings);
            return None;
        }
        let mut columns = Vec::new();
        for (name, value) in entries.iter().filter(|(name, _)| self.wanted.has(name)) {
            let mut column = Column::new(name);
            let mut members: Vec<(usize, &Datum)> = value
                .entries()
                .unwrap_or_default()
                .iter()
                .filter_map(|(k, v)| Some((*keys.get(k.as_str())?, v)))
                .collect();
            members.sort_by_key(|(row, _)| *row);
            for (row, value) in members {
                let cell = column.datum(value);
                column.put(row, cell);
            }
            columns.push(column);
        }
        let header = entries.iter().map(|(name, _)| name.clone()).collect();
        let rows = keys.len();
        let keys = keys.into_keys().map(str::to_owned).collect();
        Some(Table { columns, rows, header, places: Places::ColumnMembers(at, keys), untyped: false })
    }

    /// `columns` and `data`, as pandas writes with orient = "split".
    fn split(&mut self, names: &[Datum], data: &[Datum], at: String) -> Option<Table> {
        let mut builder = Builder::new(self.wanted);
        let mut places = Vec::new();
        for (i, row) in data.iter().enumerate() {
            let Some(cells) = row.items().filter(|cells| cells.len() == names.len()) else {
                let text =
                    format!("the row has not as many cells as there are columns ({}); it is left out", names.len());
                self.findings.push(error(Code::JsonShape, text), &format!("{at}/data/{i}"));
                continue;
            };
            let name = |n: &Datum| n.as_str().unwrap_or_default().to_owned();
            let entries: Vec<(String, Datum)> = names.iter().map(name).zip(cells.iter().cloned()).collect();
            if !builder.row(&entries, self.findings) {
                return None;
            }
            places.push(u32::try_from(i).unwrap_or(u32::MAX));
        }
        Some(builder.table(Places::Items(format!("{at}/data"), places)))
    }
}
