//! JSON Lines: one object in a line.
//!
//! In: a file, and which of its columns. Out: batches. The whole file says what a column is: one that holds numbers in
//! some lines and text in others is text.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use arrow_json::ReaderBuilder;
use arrow_json::reader::infer_json_schema_from_seekable;
use arrow_schema::{Schema, SchemaRef};

use super::{BATCH, Read, Sink};
use crate::source;

pub(super) fn schema(path: &Path) -> Result<Read, String> {
    let file = BufReader::with_capacity(1 << 20, source::rows_of(path)?);
    let (schema, rows) = infer_json_schema_from_seekable(file, None).map_err(|e| e.to_string())?;
    Ok((Arc::new(schema), u64::try_from(rows).ok()))
}

pub(super) fn read(path: &Path, schema: &SchemaRef, indices: &[usize], sink: Sink<'_>) -> Result<(), String> {
    let fields: Vec<_> = indices.iter().map(|i| Arc::clone(&schema.fields()[*i])).collect();
    let file = BufReader::with_capacity(1 << 20, source::rows_of(path)?);
    let builder = ReaderBuilder::new(Arc::new(Schema::new(fields))).with_batch_size(BATCH).with_coerce_primitive(true);
    for batch in builder.build(file).map_err(|e| e.to_string())? {
        sink(&batch.map_err(|e| e.to_string())?)?;
    }
    Ok(())
}
