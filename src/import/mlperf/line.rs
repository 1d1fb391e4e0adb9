//! One line of an MLPerf log: `:::MLLOG {json}`, perhaps after other text.
//!
//! In: bytes of a file. Out: entries with key, value, time and metadata. Lines without the mark are
//! other output and are skipped; a marked line that is no JSON is a finding.

use super::super::facts::text;
use super::super::json;
use crate::diag::Diagnostic;
use crate::model::Datum;
use crate::source::FileData;

/// What stands before every entry.
const MARK: &[u8] = b":::MLLOG";

/// An entry.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Datum,
    pub(super) metadata: Datum,
    pub(super) time_ms: Option<f64>,
    pub(super) line: u32,
}

/// Whether the first lines of a file hold an entry.
pub(super) fn is_log(bytes: &[u8]) -> bool {
    let head = bytes.get(..4_096).unwrap_or(bytes);
    head.windows(MARK.len() + 2).any(|w| w.starts_with(MARK) && w.ends_with(b"{"))
}

/// The entries of a file, in order.
pub(super) fn entries(file: &FileData) -> impl Iterator<Item = Result<Entry, Box<Diagnostic>>> + '_ {
    file.bytes.split(|b| *b == b'\n').enumerate().filter_map(|(i, line)| {
        let at = line.windows(MARK.len()).position(|w| w == MARK)?;
        let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        Some(entry(line.get(at + MARK.len()..)?.trim_ascii(), number, &file.path))
    })
}

fn entry(bytes: &[u8], line: u32, path: &str) -> Result<Entry, Box<Diagnostic>> {
    let parsed = json::parse(&FileData::from_bytes(path, bytes)).map_err(|mut problem| {
        problem.line = Some(line);
        problem
    })?;
    Ok(Entry {
        key: text(&parsed.value, "key").unwrap_or_default().to_owned(),
        value: parsed.value.get("value").cloned().unwrap_or(Datum::Null),
        metadata: parsed.value.get("metadata").cloned().unwrap_or(Datum::Null),
        time_ms: parsed.value.get("time_ms").and_then(Datum::as_number).and_then(|t| t.finite()).map(|t| t.get()),
        line,
    })
}
