//! Parquet, column by column.
//!
//! In: a file, and which of its columns in which form. Out: batches. Text that becomes categories is read with the
//! dictionaries of the file, so that each distinct value is decoded once for a page, not once for a row.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{Field, Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::columns::{kind, type_of};
use super::{BATCH, Form, Read, Sink, Type};
use crate::source;

pub(super) fn schema(path: &Path) -> Result<Read, String> {
    let file = source::rows_of(path)?;
    let metadata = ArrowReaderMetadata::load(&file, options()).map_err(|e| e.to_string())?;
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).ok();
    Ok((Arc::clone(metadata.schema()), rows))
}

/// What writers of Arrow add to a file about their own types is believed; nothing else is asked for.
fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new()
}

pub(super) fn read(path: &Path, indices: &[usize], wanted: &[(&str, Form)], sink: Sink<'_>) -> Result<(), String> {
    let text = |e: parquet::errors::ParquetError| e.to_string();
    let file = source::rows_of(path)?;
    let plain = ArrowReaderMetadata::load(&file, options()).map_err(text)?;
    let categories = |i: usize| indices.iter().zip(wanted).any(|(at, (_, form))| *at == i && *form == Form::Categories);
    let fields: Fields = plain
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(i, field)| {
            if categories(i) && kind(field.data_type()) == Type::Text {
                Arc::new(Field::new(field.name(), type_of(Form::Categories), field.is_nullable()))
            } else {
                Arc::clone(field)
            }
        })
        .collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, plain.schema().metadata().clone()));
    let metadata = if schema == *plain.schema() {
        plain
    } else {
        ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options().with_schema(schema)).map_err(text)?
    };
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(BATCH);
    let mask = ProjectionMask::roots(builder.parquet_schema(), indices.iter().copied());
    for batch in builder.with_projection(mask).build().map_err(text)? {
        sink(&batch.map_err(|e| e.to_string())?)?;
    }
    Ok(())
}
