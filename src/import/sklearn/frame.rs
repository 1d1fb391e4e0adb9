//! One view of tabular data, whichever way it was written.
//!
//! In: a delimited table, a JSON object of lists, a list of objects, or pandas' `split` and `table`
//! layouts. Out: named columns with numbers and labels by row, and a pointer for each cell. Text in
//! JSON is never taken for a number; in a delimited table everything is text and numbers are parsed.
//! It must not know what any column means.

use crate::import::json::push_token;
use crate::import::table::Table;
use crate::model::{Datum, Measured, Pointer};
use crate::source::FileData;

/// Where data lies: a file and, for JSON, a place in it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The file, relative to the project.
    pub(crate) path: String,
    /// The file's name without its last ending.
    pub(crate) stem: String,
    /// RFC 6901 pointer of the value.
    pub(crate) pointer: String,
}

impl Place {
    /// The whole of a file.
    pub(crate) fn of(file: &FileData) -> Self {
        let name = file.name();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Self { path: file.path.clone(), stem: stem.to_owned(), pointer: String::new() }
    }

    /// A member of the value.
    pub(crate) fn below(&self, token: &str) -> Self {
        let mut out = self.clone();
        push_token(&mut out.pointer, token);
        out
    }

    /// The place as a pointer of the model.
    pub(crate) fn here(&self) -> Pointer {
        Pointer::new(self.path.clone(), self.pointer.clone())
    }

    /// Whether the stem or the name of the folder holds one of the words, in lower case.
    pub(crate) fn hints_at(&self, words: &[&str]) -> bool {
        let stem = normal(&self.stem);
        let folder = normal(crate::source::file_name(crate::source::parent(&self.path)));
        words.iter().any(|w| stem.contains(w) || folder == *w)
    }

    /// Whether the stem holds one of the words, in lower case.
    pub(crate) fn stem_holds(&self, words: &[&str]) -> bool {
        let stem = normal(&self.stem);
        words.iter().any(|w| stem.contains(w))
    }
}

/// A name as it is compared: lower case, `_` for spaces and hyphens.
pub(crate) fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// A list of objects with more keys than this is no table of ours; looking keys up would be slow.
const MOST_KEYS: usize = 256;

/// Columns of equal or unequal length.
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a> {
    /// Column names as written.
    pub(crate) names: Vec<String>,
    /// Where the data lies.
    pub(crate) place: Place,
    normal: Vec<String>,
    rows: Rows<'a>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Rows<'a> {
    /// Text cells of a delimited table.
    Delimited(&'a [Vec<String>]),
    /// One list for each column.
    Columns(Vec<&'a [Datum]>),
    /// One object for each row.
    Records(&'a [Datum]),
    /// One list for each row, below `/data`, with the labels of the index as leading columns.
    Split { index: &'a [Datum], levels: usize, data: &'a [Datum] },
}

impl<'a> Frame<'a> {
    fn new(names: Vec<String>, rows: Rows<'a>, len: usize, place: Place) -> Self {
        let normal = names.iter().map(|n| normal(n)).collect();
        Self { names, place, normal, rows, len }
    }

    /// A delimited table.
    pub(crate) fn from_table(table: &'a Table, place: Place) -> Self {
        Self::new(table.columns.clone(), Rows::Delimited(&table.rows), table.rows.len(), place)
    }

    /// JSON in any of the tabular layouts; nothing when it is none of them.
    pub(crate) fn from_json(value: &'a Datum, place: &Place) -> Option<Self> {
        match value {
            Datum::List(items) => Self::from_records(items, place.clone()),
            Datum::Map(entries) => Self::from_split(value, place)
                .or_else(|| Self::from_table_schema(value, place))
                .or_else(|| Self::from_columns(entries, place.clone())),
            _ => None,
        }
    }

    /// An object whose members are lists of scalars; other members are not columns.
    fn from_columns(entries: &'a [(String, Datum)], place: Place) -> Option<Self> {
        let scalar = |d: &Datum| !matches!(d, Datum::List(_) | Datum::Map(_));
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for (name, value) in entries {
            if let Some(items) = value.items().filter(|items| items.iter().all(scalar)) {
                names.push(name.clone());
                columns.push(items);
            }
        }
        if columns.is_empty() {
            return None;
        }
        let len = columns.iter().map(|c| c.len()).max().unwrap_or(0);
        Some(Self::new(names, Rows::Columns(columns), len, place))
    }

    /// A list of objects.
    fn from_records(items: &'a [Datum], place: Place) -> Option<Self> {
        if items.is_empty() || items.iter().any(|i| i.entries().is_none()) {
            return None;
        }
        let mut names = indexmap::IndexSet::new();
        for (name, _) in items.iter().filter_map(Datum::entries).flatten() {
            if !names.contains(name) {
                names.insert(name.clone());
                if names.len() > MOST_KEYS {
                    return None;
                }
            }
        }
        Some(Self::new(names.into_iter().collect(), Rows::Records(items), items.len(), place))
    }

    /// `DataFrame.to_json(orient="split")`.
    fn from_split(value: &'a Datum, place: &Place) -> Option<Self> {
        let columns = value.get("columns")?.items()?;
        let index = value.get("index")?.items()?;
        let data = value.get("data")?.items()?;
        let width = columns.len();
        let sound = index.len() == data.len() && data.iter().all(|r| r.items().is_some_and(|r| r.len() == width));
        // A running number says nothing about the row.
        let counted = index.iter().enumerate().all(|(i, d)| matches!(d, Datum::Int(n) if usize::try_from(*n) == Ok(i)));
        let levels =
            if counted { 0 } else { index.iter().map(|d| d.items().map_or(1, <[Datum]>::len)).max().unwrap_or(0) };
        let names = (0..levels).map(|_| String::new()).chain(columns.iter().map(Datum::display)).collect();
        sound.then(|| Self::new(names, Rows::Split { index, levels, data }, data.len(), place.clone()))
    }

    /// `DataFrame.to_json(orient="table")`: a schema beside a list of objects.
    fn from_table_schema(value: &'a Datum, place: &Place) -> Option<Self> {
        let fields = value.get("schema")?.get("fields")?.items()?;
        let data = value.get("data")?.items()?;
        let mut frame = Self::from_records(data, place.below("data"))?;
        let counted = |name: &str| {
            fields.iter().any(|f| {
                f.get("name").and_then(Datum::as_str) == Some(name)
                    && f.get("type").and_then(Datum::as_str) == Some("integer")
            })
        };
        if frame.names.first().is_some_and(|n| n == "index" && counted(n)) {
            frame.names.remove(0);
            frame.normal.remove(0);
        }
        Some(frame)
    }

    /// How many rows the longest column has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Position of the first column of one of the names (lower case, `_` for spaces and hyphens).
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|wanted| self.normal.iter().position(|n| n == wanted))
    }

    /// Whether every column is of one of the names.
    pub(crate) fn only(&self, names: &[&[&str]]) -> bool {
        self.normal.iter().all(|n| names.iter().any(|set| set.contains(&n.as_str())))
    }

    /// A column's name as it is compared.
    pub(crate) fn normal_name(&self, column: usize) -> &str {
        self.normal.get(column).map_or("", String::as_str)
    }

    /// How many cells a column has.
    pub(crate) fn length(&self, column: usize) -> usize {
        match &self.rows {
            Rows::Columns(columns) => columns.get(column).map_or(0, |c| c.len()),
            _ => self.len,
        }
    }

    fn datum(&self, row: usize, column: usize) -> Option<&'a Datum> {
        match &self.rows {
            Rows::Delimited(_) => None,
            Rows::Columns(columns) => columns.get(column)?.get(row),
            Rows::Records(records) => records.get(row)?.get(self.names.get(column)?),
            Rows::Split { index, levels, data } => {
                if column < *levels {
                    let label = index.get(row)?;
                    label.items().map_or(Some(label), |labels| labels.get(column))
                } else {
                    data.get(row)?.items()?.get(column - levels)
                }
            }
        }
    }

    /// The number in a cell.
    pub(crate) fn number(&self, row: usize, column: usize) -> Option<Measured> {
        match &self.rows {
            Rows::Delimited(rows) => rows.get(row)?.get(column).and_then(|cell| Measured::parse(cell)),
            _ => self.datum(row, column)?.as_number(),
        }
    }

    /// The cell as a label; `None` when it is empty.
    pub(crate) fn label(&self, row: usize, column: usize) -> Option<String> {
        let text = match &self.rows {
            Rows::Delimited(rows) => rows.get(row)?.get(column)?.trim().to_owned(),
            _ => match self.datum(row, column)? {
                Datum::Null | Datum::List(_) | Datum::Map(_) => return None,
                scalar => scalar.display(),
            },
        };
        (!text.is_empty()).then_some(text)
    }

    /// Whether the cell holds nothing: an empty cell, null, or no cell at all.
    pub(crate) fn is_empty_cell(&self, row: usize, column: usize) -> bool {
        match &self.rows {
            Rows::Delimited(rows) => rows.get(row).and_then(|r| r.get(column)).is_none_or(|c| c.trim().is_empty()),
            _ => matches!(self.datum(row, column), None | Some(Datum::Null)),
        }
    }

    /// Whether the column has numbers, and nothing else but empty cells.
    pub(crate) fn is_numeric(&self, column: usize) -> bool {
        let mut seen = false;
        (0..self.len).all(|row| {
            let number = self.number(row, column).is_some();
            seen |= number;
            number || self.is_empty_cell(row, column)
        }) && seen
    }

    /// Whether the frame's cells are text that is parsed, not JSON values.
    pub(crate) fn is_delimited(&self) -> bool {
        matches!(self.rows, Rows::Delimited(_))
    }

    /// Where a cell lies.
    pub(crate) fn pointer(&self, row: usize, column: usize) -> Pointer {
        let name = self.names.get(column).map_or("", String::as_str);
        let at = match &self.rows {
            // The header is line 1; rows that span lines are counted as one.
            Rows::Delimited(_) => return Pointer::new(self.place.path.clone(), format!("line {}", row + 2)),
            Rows::Columns(_) => self.place.below(name).below(&row.to_string()),
            Rows::Records(_) => self.place.below(&row.to_string()).below(name),
            Rows::Split { levels, .. } => {
                let data = self.place.below("data").below(&row.to_string());
                if column < *levels { data } else { data.below(&(column - levels).to_string()) }
            }
        };
        at.here()
    }
}
