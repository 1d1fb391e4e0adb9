//! Summaries written down, so that any other system can do the reading: `presscheck.partial/1`.
//!
//! In: a [`Part`]. Out: an Arrow file, one row for each window and column, and back. docs/drift.md has the columns of the
//! file. What is read back is checked as any other input: nothing in a file makes it panic, and a summary that cannot
//! have been written by us is refused as a whole.

#[expect(clippy::disallowed_types, reason = "Arrow's schemas have one; it is never iterated over here")]
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::collect::{Key, Read};
use super::column::Collected;
use super::compute::Part;
use super::moments::Moments;
use super::plan::Planned;
use super::settings::Kind;
use super::summary::{Categories, Numbers, Parts, Texts};

/// The schema's name, in the metadata of the file.
pub const SCHEMA: &str = "presscheck.partial/1";

/// Columns of the file.
fn schema(name: &str) -> Schema {
    let list = |name: &str, kind: DataType| {
        Field::new(name, DataType::List(Arc::new(Field::new_list_field(kind, true))), false)
    };
    let fields = vec![
        Field::new("column", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, true),
        Field::new("why", DataType::Utf8, true),
        Field::new("whole", DataType::Boolean, false),
        Field::new("nothing", DataType::Boolean, false),
        Field::new("lacking", DataType::UInt64, false),
        Field::new("window", DataType::Int64, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("first", DataType::Int64, true),
        Field::new("last", DataType::Int64, true),
        Field::new("nulls", DataType::UInt64, false),
        Field::new("unusable", DataType::UInt64, false),
        Field::new("digits", DataType::UInt64, true),
        Field::new("counted", DataType::UInt64, false),
        Field::new("too_many", DataType::Boolean, false),
        list("values", DataType::Float64),
        list("cells", DataType::Float64),
        list("cell_rows", DataType::UInt64),
        list("names", DataType::Utf8),
        list("name_rows", DataType::UInt64),
    ];
    let metadata = [("schema", SCHEMA), ("name", name)].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Schema::new(fields).with_metadata(metadata.into_iter().collect::<Metadata>())
}

#[expect(clippy::disallowed_types, reason = "Arrow's schemas have one; it is never iterated over here")]
type Metadata = HashMap<String, String>;

/// A row of the file.
#[derive(Debug, Default)]
struct Row {
    nulls: u64,
    unusable: u64,
    digits: Option<u64>,
    counted: u64,
    too_many: bool,
    values: Vec<f64>,
    cells: Vec<(f64, u64)>,
    names: Vec<(String, u64)>,
}

impl Row {
    fn numbers(numbers: Numbers) -> Self {
        let parts = numbers.parts();
        let (digits, cells) = parts.cells.map_or((None, Vec::new()), |(d, cells)| (Some(u64::from(d)), cells));
        Self { nulls: parts.nulls, unusable: parts.not_finite, digits, values: parts.values, cells, ..Self::default() }
    }

    fn categories(self, categories: &Categories) -> Self {
        Self {
            counted: categories.rows(),
            too_many: categories.too_many(),
            names: categories.counts().iter().map(|(name, rows)| (name.clone(), *rows)).collect(),
            ..self
        }
    }

    fn of(collected: Collected) -> Self {
        match collected {
            Collected::Numbers(numbers) => Self::numbers(numbers),
            Collected::Categories(categories) => {
                Self { nulls: categories.nulls(), ..Self::default() }.categories(&categories)
            }
            Collected::Texts(texts) => Self::numbers(texts.lengths).categories(&texts.words),
            Collected::Vectors(moments) => {
                let (values, nulls, unusable) = moments.parts();
                Self { counted: moments.rows(), nulls, unusable, values, ..Self::default() }
            }
        }
    }

    fn into_numbers(self) -> Option<(Numbers, Option<Categories>)> {
        let digits = match self.digits {
            Some(digits) => Some(u32::try_from(digits).ok()?),
            None => None,
        };
        let words = Categories::from_parts(self.names, 0, self.counted, self.too_many)?;
        let parts = Parts {
            values: self.values,
            cells: digits.map(|digits| (digits, self.cells)),
            nulls: self.nulls,
            not_finite: self.unusable,
        };
        Some((Numbers::from_parts(parts, usize::MAX)?, Some(words)))
    }

    fn collected(self, kind: Kind) -> Option<Collected> {
        Some(match kind {
            Kind::Numeric => Collected::Numbers(self.into_numbers()?.0),
            Kind::Categorical => {
                Collected::Categories(Categories::from_parts(self.names, self.nulls, self.counted, self.too_many)?)
            }
            Kind::Text => {
                let (lengths, words) = self.into_numbers()?;
                Collected::Texts(Texts { lengths, words: words? })
            }
            Kind::Embedding => {
                Collected::Vectors(Moments::from_parts(self.values, self.counted, self.nulls, self.unusable)?)
            }
        })
    }
}

/// A column of a window: what it is, the window with its rows, first and last moment, and what is kept.
type Line = (Planned, Key, u64, Option<(i64, i64)>, Row);

/// The file of a part.
///
/// # Errors
/// When Arrow cannot write it, in words.
pub fn write(part: Part) -> Result<Vec<u8>, String> {
    encode(part).map_err(|error| error.to_string())
}

fn encode(part: Part) -> Result<Vec<u8>, ArrowError> {
    let mut rows: Vec<Line> = Vec::new();
    let readable: Vec<&Planned> = part.planned.iter().filter(|p| p.kind.is_ok()).collect();
    for (key, columns) in part.read.windows {
        let count = part.read.rows.get(&key).copied().unwrap_or(0);
        let span = part.read.times.get(&key).copied();
        for (planned, collected) in readable.iter().zip(columns) {
            rows.push(((*planned).clone(), key, count, span, Row::of(collected)));
        }
    }
    for planned in part.planned.iter().filter(|p| p.kind.is_err()) {
        rows.push((planned.clone(), 0, 0, None, Row::default()));
    }
    // A column that comes first in the file comes first in the reports.
    let place = |name: &str| part.planned.iter().position(|p| p.name == name);
    rows.sort_by_key(|(planned, key, ..)| (*key, place(&planned.name)));
    let text = |of: &dyn Fn(&Planned) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(p, ..)| of(p)).collect::<StringArray>())
    };
    let whole = |of: &dyn Fn(&Line) -> u64| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<UInt64Array>()) };
    let truth = |of: &dyn Fn(&Line) -> bool| -> ArrayRef {
        Arc::new(rows.iter().map(|r| Some(of(r))).collect::<BooleanArray>())
    };
    let mut values = ListBuilder::new(Float64Builder::new());
    let mut cells = ListBuilder::new(Float64Builder::new());
    let mut cell_rows = ListBuilder::new(UInt64Builder::new());
    let mut names = ListBuilder::new(StringBuilder::new());
    let mut name_rows = ListBuilder::new(UInt64Builder::new());
    for (.., row) in &rows {
        values.append_value(row.values.iter().map(|v| Some(*v)));
        cells.append_value(row.cells.iter().map(|(v, _)| Some(*v)));
        cell_rows.append_value(row.cells.iter().map(|(_, n)| Some(*n)));
        names.append_value(row.names.iter().map(|(name, _)| Some(name.as_str())));
        name_rows.append_value(row.names.iter().map(|(_, n)| Some(*n)));
    }
    let schema = Arc::new(schema(&part.name));
    let columns: Vec<ArrayRef> = vec![
        text(&|p| Some(p.name.clone())),
        text(&|p| p.kind.as_ref().ok().map(|k| k.as_str().to_owned())),
        text(&|p| p.kind.as_ref().err().cloned()),
        truth(&|(p, ..)| p.whole),
        truth(&|(p, ..)| p.nothing),
        whole(&|(p, ..)| p.lacking as u64),
        Arc::new(rows.iter().map(|(_, key, ..)| *key).collect::<Int64Array>()),
        whole(&|(_, _, count, ..)| *count),
        Arc::new(rows.iter().map(|(_, _, _, span, _)| span.map(|s| s.0)).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|(_, _, _, span, _)| span.map(|s| s.1)).collect::<Int64Array>()),
        whole(&|(.., row)| row.nulls),
        whole(&|(.., row)| row.unusable),
        Arc::new(rows.iter().map(|(.., row)| row.digits).collect::<UInt64Array>()),
        whole(&|(.., row)| row.counted),
        truth(&|(.., row)| row.too_many),
        Arc::new(values.finish()),
        Arc::new(cells.finish()),
        Arc::new(cell_rows.finish()),
        Arc::new(names.finish()),
        Arc::new(name_rows.finish()),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let mut out = Vec::new();
    let mut writer = FileWriter::try_new(&mut out, &schema)?;
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    Ok(out)
}

/// A part that was written down.
///
/// # Errors
/// When it is no such file, or says what cannot be, in words.
pub fn read(bytes: &[u8]) -> Result<Part, String> {
    let text = |error: ArrowError| error.to_string();
    let decode = || -> Result<Part, String> {
        let reader = FileReader::try_new(Cursor::new(bytes), None).map_err(text)?;
        let found = reader.schema();
        let name = found.metadata().get("name").cloned().unwrap_or_default();
        if found.metadata().get("schema").map(String::as_str) != Some(SCHEMA) {
            return Err(format!("it is no {SCHEMA}"));
        }
        if found.fields() != schema(&name).fields() {
            return Err(format!("its columns are not those of {SCHEMA}"));
        }
        let mut part = Part { name, planned: Vec::new(), read: Read::default(), digest: None, pairs: None };
        for batch in reader {
            take(&batch.map_err(text)?, &mut part)?;
        }
        // Each window has each column.
        let columns = part.planned.iter().filter(|p| p.kind.is_ok()).count();
        if part.read.windows.values().any(|list| list.len() != columns) {
            return Err("a window lacks columns".to_owned());
        }
        Ok(part)
    };
    // Arrow believes what offsets say.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err("its content contradicts itself".to_owned()))
}

fn take(batch: &RecordBatch, part: &mut Part) -> Result<(), String> {
    let column = |name: &str| batch.column_by_name(name).ok_or_else(|| format!("it lacks '{name}'"));
    let wrong = |name: &str| format!("'{name}' has another type");
    let words = |name: &str| Ok::<_, String>(column(name)?.as_string_opt::<i32>().ok_or_else(|| wrong(name))?.clone());
    let whole = |name: &str| {
        Ok::<_, String>(column(name)?.as_primitive_opt::<UInt64Type>().ok_or_else(|| wrong(name))?.clone())
    };
    let signed =
        |name: &str| Ok::<_, String>(column(name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(name))?.clone());
    let truth = |name: &str| Ok::<_, String>(column(name)?.as_boolean_opt().ok_or_else(|| wrong(name))?.clone());
    let list = |name: &str, row: usize| {
        let lists = column(name)?.as_list_opt::<i32>().ok_or_else(|| wrong(name))?;
        Ok::<_, String>(lists.value(row))
    };
    let numbers = |name: &str, row: usize| -> Result<Vec<f64>, String> {
        let list = list(name, row)?;
        let values: &Float64Array = list.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong(name))?;
        if values.null_count() > 0 { Err(format!("'{name}' lacks values")) } else { Ok(values.values().to_vec()) }
    };
    let counts = |name: &str, row: usize| -> Result<Vec<u64>, String> {
        let list = list(name, row)?;
        let values = list.as_primitive_opt::<UInt64Type>().ok_or_else(|| wrong(name))?;
        if values.null_count() > 0 { Err(format!("'{name}' lacks values")) } else { Ok(values.values().to_vec()) }
    };
    let (columns, kinds, whys) = (words("column")?, words("kind")?, words("why")?);
    let (wholes, nothings, too_many) = (truth("whole")?, truth("nothing")?, truth("too_many")?);
    let (lacking, rows, nulls) = (whole("lacking")?, whole("rows")?, whole("nulls")?);
    let (unusable, digits, counted) = (whole("unusable")?, whole("digits")?, whole("counted")?);
    let (window, first, last) = (signed("window")?, signed("first")?, signed("last")?);
    for row in 0..batch.num_rows() {
        let name = columns.value(row).to_owned();
        let kind = match (kinds.is_valid(row), whys.is_valid(row)) {
            (true, _) => Ok(Kind::from_name(kinds.value(row)).ok_or("a kind is unknown")?),
            (false, true) => Err(whys.value(row).to_owned()),
            (false, false) => return Err("a column has no kind".to_owned()),
        };
        let planned = Planned {
            name: name.clone(),
            kind: kind.clone(),
            whole: wholes.value(row),
            nothing: nothings.value(row),
            lacking: usize::try_from(lacking.value(row)).map_err(|_| "a count is too large")?,
        };
        match part.planned.iter().find(|p| p.name == name) {
            None => part.planned.push(planned),
            Some(known) if *known == planned => {}
            Some(_) => return Err("a column is said to be of two kinds".to_owned()),
        }
        let Ok(kind) = kind else { continue };
        let key = window.value(row);
        if *part.read.rows.entry(key).or_insert(rows.value(row)) != rows.value(row) {
            return Err("a window is said to have two numbers of rows".to_owned());
        }
        if first.is_valid(row) && last.is_valid(row) {
            part.read.times.insert(key, (first.value(row), last.value(row)));
        }
        let (cells, cell_rows) = (numbers("cells", row)?, counts("cell_rows", row)?);
        let name_rows = counts("name_rows", row)?;
        let list = list("names", row)?;
        let names = list.as_string_opt::<i32>().ok_or_else(|| wrong("names"))?;
        if cells.len() != cell_rows.len() || names.len() != name_rows.len() {
            return Err("lists that belong together have different lengths".to_owned());
        }
        let found = Row {
            nulls: nulls.value(row),
            unusable: unusable.value(row),
            digits: digits.is_valid(row).then(|| digits.value(row)),
            counted: counted.value(row),
            too_many: too_many.value(row),
            values: numbers("values", row)?,
            cells: cells.into_iter().zip(cell_rows).collect(),
            names: (0..names.len()).map(|i| names.value(i).to_owned()).zip(name_rows).collect(),
        };
        let collected = found.collected(kind).ok_or_else(|| "a summary says what cannot be".to_owned())?;
        let list = part.read.windows.entry(key).or_default();
        // In the order of the columns that are read.
        let place = part.planned.iter().filter(|p| p.kind.is_ok()).position(|p| p.name == name);
        if place != Some(list.len()) {
            return Err("its columns are out of order".to_owned());
        }
        list.push(collected);
    }
    Ok(())
}
