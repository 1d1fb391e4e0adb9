//! Rows of data: files of a table as columns of one kind each.
//!
//! In: paths of CSV, JSON Lines, Parquet and Arrow files. Out: what columns a file has ([`Table`]), and their values in
//! batches, cast to the kind that is asked for. The format is told by content, never by the name. It knows nothing of
//! statistics, writes nothing, and nothing in a file makes it panic: a file that contradicts itself is an error.

mod columns;
mod delimited;
mod ipc;
mod json;
mod parquet;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};

use crate::diag::{Code, Diagnostic, visible};
use crate::source;

/// Rows in a batch.
const BATCH: usize = 8192;

/// What the values of a column are, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Numbers; `whole` when they are integers.
    Number {
        /// Whether the column holds integers.
        whole: bool,
    },
    /// Truth values.
    Truth,
    /// Text.
    Text,
    /// Points in time or days.
    Time,
    /// Vectors of numbers, with their length where the file fixes it.
    Vector(Option<usize>),
    /// Something that is not compared: its name in Arrow.
    Other(String),
    /// Nothing but missing values, of no type.
    Nothing,
}

/// As what a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `Float64Array`; whole numbers above 2⁵³ are rounded.
    Numbers,
    /// `DictionaryArray<Int32>` of text.
    Categories,
    /// `StringArray`.
    Text,
    /// `TimestampMillisecondArray`, UTC.
    Times,
    /// `FixedSizeListArray` or `ListArray` of `Float64Array`.
    Vectors,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Type,
}

/// A format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header; tabs and semicolons are told by the header.
    Csv,
    /// One JSON object in a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
    /// The file format of Apache Arrow (`.arrow`, Feather 2).
    ArrowFile,
    /// The stream format of Apache Arrow.
    ArrowStream,
}

/// A file of rows that was recognised.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    shown: String,
    format: Format,
    schema: SchemaRef,
    fields: Vec<Field>,
    rows: Option<u64>,
}

/// Recognises a file and reads what its columns are; of CSV and JSON Lines the whole file, since any row may say
/// otherwise.
///
/// # Errors
/// When it cannot be read, is none of the formats, has no columns or two of one name.
pub fn open(path: &Path, shown: &str) -> Result<Table, Box<Diagnostic>> {
    let problem = |why: &str| unreadable(shown, why);
    let start = source::begin(path, 8).map_err(|why| problem(&why))?;
    let format = match start.as_slice() {
        [b'P', b'A', b'R', b'1', ..] => Format::Parquet,
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Format::ArrowFile,
        [0xff, 0xff, 0xff, 0xff, ..] => Format::ArrowStream,
        [] => return Err(problem("it is empty")),
        [b'[', ..] => return Err(problem("it is a JSON list; write one JSON object in a line")),
        bytes if bytes.trim_ascii_start().first() == Some(&b'{') => Format::JsonLines,
        bytes if bytes.contains(&0) => return Err(problem("it is no CSV, JSON Lines, Parquet or Arrow file")),
        _ => Format::Csv,
    };
    let (schema, rows) = guarded(|| match format {
        Format::Csv => delimited::schema(path),
        Format::JsonLines => json::schema(path),
        Format::Parquet => parquet::schema(path),
        Format::ArrowFile | Format::ArrowStream => ipc::schema(path, format),
    })
    .map_err(|why| problem(&why))?;
    let fields: Vec<Field> =
        schema.fields().iter().map(|f| Field { name: f.name().clone(), kind: columns::kind(f.data_type()) }).collect();
    if fields.is_empty() {
        return Err(problem("it has no columns"));
    }
    let mut names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(problem(&format!("two of its columns are called '{}'", visible(twice, 80))));
    }
    Ok(Table { path: path.to_owned(), shown: shown.to_owned(), format, schema, fields, rows })
}

/// A column of a result.
#[cfg(feature = "engine")]
pub fn field(name: &str, data: &DataType) -> Field {
    Field { name: name.to_owned(), kind: columns::kind(data) }
}

/// A column in a form; categories as plain text.
///
/// # Errors
/// When a value is not what is asked for, in words.
#[cfg(feature = "engine")]
pub fn cast(array: &ArrayRef, form: Form) -> Result<ArrayRef, String> {
    columns::cast(array, if form == Form::Categories { Form::Text } else { form })
}

/// What an engine needs to know to read the file as we do.
#[cfg(feature = "engine")]
impl Table {
    /// Its columns as Arrow has them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Its format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What separates fields; a comma where nothing does.
    pub fn delimiter(&self) -> u8 {
        match self.format {
            Format::Csv => delimited::format(&self.path).map_or(b',', |(_, delimiter)| delimiter),
            _ => b',',
        }
    }

    /// Fields of CSV that stand for a missing value.
    pub fn missing_words() -> &'static [&'static str] {
        delimited::MISSING_WORDS
    }
}

impl Table {
    /// The file, as people know it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The file on the disk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns, in their order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How many rows it has, where the file says so.
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// Whether reading one column costs little more than that column.
    pub fn columnar(&self) -> bool {
        matches!(self.format, Format::Parquet | Format::ArrowFile)
    }

    /// Calls for each batch of rows with the columns that are asked for, in that order.
    ///
    /// # Errors
    /// When the file cannot be read to its end, or a value is not what its column is asked for.
    pub fn read(&self, wanted: &[(&str, Form)], each: &mut dyn FnMut(&[ArrayRef])) -> Result<(), Box<Diagnostic>> {
        let indices: Option<Vec<usize>> =
            wanted.iter().map(|(name, _)| self.schema.fields().iter().position(|f| f.name() == name)).collect();
        let problem = |why: &str| unreadable(&self.shown, why);
        let indices = indices.ok_or_else(|| problem("a column is not there"))?;
        let mut sink = |batch: &RecordBatch| -> Result<(), String> {
            // A projection keeps the order of the file.
            let place =
                |i: &usize| batch.schema_ref().index_of(self.schema.field(*i).name()).map_err(|e| e.to_string());
            let mut out = Vec::with_capacity(indices.len());
            for (i, (name, form)) in indices.iter().zip(wanted) {
                let array = batch.column(place(i)?);
                out.push(columns::cast(array, *form).map_err(|why| format!("column '{}': {why}", visible(name, 80)))?);
            }
            source::activity::rows(batch.num_rows());
            each(&out);
            Ok(())
        };
        guarded(|| match self.format {
            Format::Csv => delimited::read(&self.path, &self.schema, &indices, &mut sink),
            Format::JsonLines => json::read(&self.path, &self.schema, &indices, &mut sink),
            Format::Parquet => parquet::read(&self.path, &indices, wanted, &mut sink),
            Format::ArrowFile | Format::ArrowStream => ipc::read(&self.path, self.format, &indices, &mut sink),
        })
        .map_err(|why| problem(&why))
    }
}

/// Whoever takes batches.
type Sink<'s> = &'s mut dyn FnMut(&RecordBatch) -> Result<(), String>;

/// What a schema was read with: columns, and rows where the file counts them.
type Read = (SchemaRef, Option<u64>);

/// The crates that decode believe what a file says of itself; where it lies, some of them panic.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("its content contradicts itself".to_owned()))
}

/// A type's name for people.
fn name_of(kind: &DataType) -> String {
    visible(&kind.to_string(), 80)
}

fn unreadable(shown: &str, why: &str) -> Box<Diagnostic> {
    let message = format!("'{}' cannot be read as a table: {}", visible(shown, 200), visible(why, 400));
    Box::new(
        Diagnostic::new(Code::FileUnreadable, message)
            .at(shown)
            .help("CSV with a header, JSON Lines, Parquet and Arrow files are read"),
    )
}
