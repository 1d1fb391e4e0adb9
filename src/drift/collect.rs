//! Files into summaries: every row is put into its window, every column into its summary.
//!
//! In: tables, columns with their kinds, and how time is cut. Out: for each window the summaries of the columns.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{Array, ArrayRef};

use super::column::{Collected, Limits};
use super::settings::{Every, Kind};
use crate::diag::Diagnostic;
use crate::rows::{Form, Table};

/// Windows that a time column may make.
pub(super) const MOST_WINDOWS: usize = 5_000;

/// A window: its first second by the time column, or 0 where files are windows.
pub(super) type Key = i64;

/// What was read of one table.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Summaries by window, one for each column that was asked for.
    pub(super) windows: BTreeMap<Key, Vec<Collected>>,
    /// Rows by window.
    pub(super) rows: BTreeMap<Key, u64>,
    /// The first and the last moment in milliseconds, where there is a time column.
    pub(super) times: BTreeMap<Key, (i64, i64)>,
    /// Rows without a time.
    pub(super) timeless: u64,
    /// Whether there were more windows than can be kept; rows of further ones are not read.
    pub(super) too_many: bool,
}

/// How rows are put into windows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    /// The column with the time.
    pub(super) column: &'a str,
    /// The length of a window; one window when there is none.
    pub(super) every: Option<Every>,
}

/// Reads columns of a table. A column that the table lacks is missing in all its rows.
///
/// # Errors
/// When the table cannot be read to its end: what was read before says nothing certain then.
pub(super) fn read(
    table: &Table,
    columns: &[(&str, Kind)],
    cut: Option<Cut<'_>>,
    limits: Limits,
) -> Result<Read, Box<Diagnostic>> {
    let has = |name: &str| table.fields().iter().any(|f| f.name == name);
    if cut.is_some_and(|c| c.every.is_some() && !has(c.column)) {
        // Its rows are in no window.
        let mut timeless = 0;
        let any: Vec<(&str, Form)> =
            columns.iter().filter(|(n, _)| has(n)).map(|(n, k)| (*n, k.form())).take(1).collect();
        match table.rows() {
            Some(rows) => timeless = rows,
            None if any.is_empty() => {}
            None => table.read(&any, &mut |arrays| timeless += arrays.first().map_or(0, Array::len) as u64)?,
        }
        return Ok(Read { timeless, ..Read::default() });
    }
    let cut = cut.filter(|c| has(c.column));
    let mut wanted: Vec<(&str, Form)> =
        columns.iter().filter(|(name, _)| has(name)).map(|(name, kind)| (*name, kind.form())).collect();
    wanted.extend(cut.map(|c| (c.column, Form::Times)));
    let mut out = Read::default();
    if wanted.is_empty() {
        let rows = table.rows().unwrap_or(0);
        out.rows.insert(0, rows);
        out.windows.insert(0, columns.iter().map(|(_, kind)| lacking(*kind, limits, rows)).collect());
        return Ok(out);
    }
    // Where each column stands among the arrays.
    let mut next = 0..;
    let places: Vec<Option<usize>> =
        columns.iter().map(|(name, _)| if has(name) { next.next() } else { None }).collect();
    let mut take = |arrays: &[ArrayRef]| {
        let rows = arrays.first().map_or(0, Array::len);
        let parts = match (cut, arrays.last()) {
            (Some(cut), Some(times)) => parts(times, cut.every, &mut out),
            _ => vec![(0, None)],
        };
        for (key, chosen) in parts {
            let count = chosen.as_ref().map_or(rows, Vec::len) as u64;
            if !out.windows.contains_key(&key) && out.windows.len() >= MOST_WINDOWS {
                out.too_many = true;
                continue;
            }
            *out.rows.entry(key).or_default() += count;
            let window = out
                .windows
                .entry(key)
                .or_insert_with(|| columns.iter().map(|(_, kind)| Collected::new(*kind, limits)).collect());
            for (collected, place) in window.iter_mut().zip(&places) {
                match place.and_then(|i| arrays.get(i)) {
                    Some(array) => collected.add(array, chosen.as_deref()),
                    None => collected.add_missing(count),
                }
            }
        }
    };
    table.read(&wanted, &mut take)?;
    if cut.is_none_or(|c| c.every.is_none()) {
        // A file without rows is a window all the same.
        out.rows.entry(0).or_default();
        out.windows.entry(0).or_insert_with(|| columns.iter().map(|(_, kind)| Collected::new(*kind, limits)).collect());
    }
    Ok(out)
}

/// A column that a file lacks.
fn lacking(kind: Kind, limits: Limits, rows: u64) -> Collected {
    let mut out = Collected::new(kind, limits);
    out.add_missing(rows);
    out
}

/// The rows of each window; all rows where the time only says when the window was.
pub(super) fn parts(times: &ArrayRef, every: Option<Every>, out: &mut Read) -> Vec<(Key, Option<Vec<u32>>)> {
    let Some(times) = times.as_primitive_opt::<TimestampMillisecondType>() else { return Vec::new() };
    let mut chosen: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
    for (row, time) in times.iter().enumerate() {
        // A time that no window can hold is none.
        let placed = time.and_then(|time| Some((time, every.map_or(Some(0), |every| every.start(time))?)));
        let Some((time, key)) = placed else {
            out.timeless += 1;
            continue;
        };
        let span = out.times.entry(key).or_insert((time, time));
        *span = (span.0.min(time), span.1.max(time));
        if every.is_some() {
            chosen.entry(key).or_default().extend(u32::try_from(row).ok());
        }
    }
    match every {
        None => vec![(0, None)],
        // Most batches lie in one window.
        Some(_) if chosen.len() == 1 && chosen.values().all(|rows| rows.len() == times.len()) => {
            chosen.into_keys().map(|key| (key, None)).collect()
        }
        Some(_) => chosen.into_iter().map(|(key, rows)| (key, Some(rows))).collect(),
    }
}

impl Read {
    /// Takes in what was read of another table of the same columns.
    pub(super) fn merge(&mut self, other: Self) {
        self.timeless += other.timeless;
        self.too_many |= other.too_many;
        for (key, rows) in other.rows {
            *self.rows.entry(key).or_default() += rows;
        }
        for (key, (first, last)) in other.times {
            let span = self.times.entry(key).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
        for (key, columns) in other.windows {
            match self.windows.get_mut(&key) {
                None => {
                    self.windows.insert(key, columns);
                }
                Some(window) => {
                    for (ours, theirs) in window.iter_mut().zip(columns) {
                        // Same columns, same kinds; vectors of another length count as missing.
                        ours.merge(theirs);
                    }
                }
            }
        }
        if self.windows.len() > MOST_WINDOWS {
            self.too_many = true;
        }
    }
}
