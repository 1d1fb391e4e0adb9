//! CSV with a header.
//!
//! In: a file, and which of its columns. Out: batches. Empty fields and the words that pandas and R write for a missing
//! value are missing. A column is a number only when every field of it is one: the whole file is looked at.

use std::io::{BufReader, Read as _, Seek};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow_csv::ReaderBuilder;
use arrow_csv::reader::Format;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use regex::Regex;

use super::{BATCH, Read, Sink};
use crate::source;

/// Fields that stand for a missing value.
pub(super) const MISSING_WORDS: &[&str] = &["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "NaT"];

static MISSING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("^({})$", MISSING_WORDS.join("|"))).ok());

/// How the file is written: what separates its fields is what its first line has most of.
pub(super) fn format(path: &Path) -> Result<(Format, u8), String> {
    let mut start = Vec::new();
    source::rows_of(path)?.take(64 << 10).read_to_end(&mut start).map_err(|e| e.to_string())?;
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|b| **b == wanted).count();
    let delimiter = [b',', b'\t', b';', b'|'].into_iter().max_by_key(|d| (count(*d), *d == b',')).unwrap_or(b',');
    let format = Format::default().with_header(true).with_delimiter(delimiter);
    let format = match MISSING.as_ref() {
        Some(missing) => format.with_null_regex(missing.clone()),
        None => format,
    };
    Ok((format, delimiter))
}

/// The file without the mark that some programs begin UTF-8 with.
fn reader(path: &Path) -> Result<BufReader<std::fs::File>, String> {
    let mut file = source::rows_of(path)?;
    let mut mark = [0; 3];
    let n = file.read(&mut mark).map_err(|e| e.to_string())?;
    if mark.get(..n) != Some(b"\xef\xbb\xbf") {
        file.rewind().map_err(|e| e.to_string())?;
    }
    Ok(BufReader::with_capacity(1 << 20, file))
}

pub(super) fn schema(path: &Path) -> Result<Read, String> {
    let (format, _) = format(path)?;
    let (schema, rows) = format.infer_schema(reader(path)?, None).map_err(|e| e.to_string())?;
    // Truth values are written in many ways, and times of day or days in as many: as text nothing is lost.
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|f| {
            let kind = match f.data_type() {
                DataType::Int64 => DataType::Int64,
                t if t.is_numeric() => DataType::Float64,
                t @ (DataType::Timestamp(..) | DataType::Date32 | DataType::Null) => t.clone(),
                _ => DataType::Utf8,
            };
            Field::new(f.name(), kind, true)
        })
        .collect();
    Ok((Arc::new(Schema::new(fields)), u64::try_from(rows).ok()))
}

pub(super) fn read(path: &Path, schema: &SchemaRef, indices: &[usize], sink: Sink<'_>) -> Result<(), String> {
    let (_, delimiter) = format(path)?;
    let mut projection = indices.to_vec();
    projection.sort_unstable();
    projection.dedup();
    let mut builder = ReaderBuilder::new(Arc::clone(schema))
        .with_header(true)
        .with_delimiter(delimiter)
        .with_batch_size(BATCH)
        .with_projection(projection);
    if let Some(missing) = MISSING.as_ref() {
        builder = builder.with_null_regex(missing.clone());
    }
    for batch in builder.build(reader(path)?).map_err(|e| e.to_string())? {
        sink(&batch.map_err(|e| e.to_string())?)?;
    }
    Ok(())
}
