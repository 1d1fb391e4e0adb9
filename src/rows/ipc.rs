//! Arrow's own files and streams.
//!
//! In: a file, and which of its columns. Out: batches.

use std::io::BufReader;
use std::path::Path;

use arrow_ipc::reader::{FileReader, StreamReader};

use super::{Format, Read, Sink};
use crate::source;

pub(super) fn schema(path: &Path, format: Format) -> Result<Read, String> {
    let file = BufReader::new(source::rows_of(path)?);
    let text = |e: arrow_schema::ArrowError| e.to_string();
    let schema = match format {
        Format::ArrowFile => FileReader::try_new(file, None).map_err(text)?.schema(),
        _ => StreamReader::try_new(file, None).map_err(text)?.schema(),
    };
    Ok((schema, None))
}

pub(super) fn read(path: &Path, format: Format, indices: &[usize], sink: Sink<'_>) -> Result<(), String> {
    let file = BufReader::new(source::rows_of(path)?);
    let text = |e: arrow_schema::ArrowError| e.to_string();
    // A projection is in the order of the file, without repeats.
    let mut projection = indices.to_vec();
    projection.sort_unstable();
    projection.dedup();
    match format {
        Format::ArrowFile => {
            for batch in FileReader::try_new(file, Some(projection)).map_err(text)? {
                sink(&batch.map_err(text)?)?;
            }
        }
        _ => {
            for batch in StreamReader::try_new(file, Some(projection)).map_err(text)? {
                sink(&batch.map_err(text)?)?;
            }
        }
    }
    Ok(())
}
