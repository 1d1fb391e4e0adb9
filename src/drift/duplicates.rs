//! Rows that equal another row in every column.
//!
//! In: the tables of a side. Out: by window how many rows there are and how many of them repeat another one. All columns
//! count, points in time as well, but those that are left out. A row is known by the first 128 bits of the SHA-256 of its
//! values: nobody can make two rows seem equal that are not. Numbers are equal by value, whichever file they stand in.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, StringArray, TimestampMillisecondArray};
use rayon::prelude::*;

use super::collect::{Cut, Key, MOST_WINDOWS, parts};
use super::compute::Data;
use super::settings::Settings;
use super::summary::Rows;
use crate::diag::visible;
use crate::digest::Sha256;
use crate::model::{Duplicates, Finite, RowCount};
use crate::rows::{Form, Table, Type};

/// Rows by window, or why they are not known.
pub(super) type Counted = Result<BTreeMap<Key, RowCount>, String>;

/// Counts the rows of a side. `windows` of time share the memory.
pub(super) fn count(data: &Data, settings: &Settings, cut: Option<Cut<'_>>) -> Counted {
    let columns = columns(&data.tables, settings)?;
    let shared = if cut.is_some_and(|c| c.every.is_some()) { SHARED } else { 1 };
    // The reference and a window, each while two lists are merged.
    let most = usize::try_from(settings.memory / 16 / 4 / shared).unwrap_or(usize::MAX);
    let parts: Vec<Result<BTreeMap<Key, Rows>, String>> =
        data.tables.par_iter().map(|table| of_table(table, &columns, cut, most)).collect();
    let mut all: BTreeMap<Key, Rows> = BTreeMap::new();
    for part in parts {
        for (key, rows) in part? {
            match all.get_mut(&key) {
                Some(ours) => ours.merge(rows),
                None => {
                    all.insert(key, rows);
                }
            }
        }
    }
    let finished = all.into_iter().map(|(key, rows)| {
        let (rows, duplicates, error) = rows.finish();
        (key, RowCount { rows, duplicates, error: error.and_then(Finite::new) })
    });
    Ok(finished.collect())
}

/// Windows of time that share the memory of one.
const SHARED: u64 = 64;

/// What a report says of a window.
pub(super) fn said(reference: &Counted, current: &Counted, key: Key) -> Duplicates {
    let side = |counted: &Counted, key: Key| counted.as_ref().ok().and_then(|windows| windows.get(&key).copied());
    let why = |of: &str, counted: &Counted| counted.as_ref().err().map(|why| format!("{of}: {why}"));
    let none = RowCount { rows: 0, duplicates: 0, error: None };
    Duplicates {
        reference: side(reference, 0).or_else(|| reference.is_ok().then_some(none)),
        current: side(current, key).or_else(|| current.is_ok().then_some(none)),
        not_computed: why("the reference", reference).or_else(|| why("the current data", current)),
    }
}

/// The columns of a side in the order of their names, each in one form for all files.
fn columns(tables: &[Table], settings: &Settings) -> Result<Vec<(String, Form)>, String> {
    let mut types: BTreeMap<&str, Vec<&Type>> = BTreeMap::new();
    for field in tables.iter().flat_map(Table::fields).filter(|f| !settings.exclude.contains(&f.name)) {
        types.entry(&field.name).or_default().push(&field.kind);
    }
    let mut out = Vec::new();
    for (name, types) in types {
        let mut forms = BTreeSet::new();
        for found in types {
            match found {
                // A whole number may be larger than a float can tell apart.
                Type::Number { whole: true } => forms.insert("whole"),
                Type::Number { whole: false } => forms.insert("number"),
                Type::Truth | Type::Text => forms.insert("text"),
                Type::Time => forms.insert("time"),
                Type::Vector(_) => forms.insert("vector"),
                Type::Nothing => false,
                Type::Other(kind) => {
                    let (name, kind) = (visible(name, 80), visible(kind, 80));
                    return Err(format!("column '{name}' is of type {kind}, which cannot be looked at: exclude it"));
                }
            };
        }
        let forms: Vec<&str> = forms.into_iter().collect();
        let form = match forms.as_slice() {
            [] => continue,
            ["number"] | ["number", "whole"] => Form::Numbers,
            ["time"] => Form::Times,
            ["vector"] => Form::Vectors,
            many if many.contains(&"vector") => {
                return Err(format!("column '{}' has mixed types", visible(name, 80)));
            }
            _ => Form::Text,
        };
        out.push((name.to_owned(), form));
    }
    if out.is_empty() { Err("there is no column to look at".to_owned()) } else { Ok(out) }
}

/// The values of a column in a batch.
enum Values<'a> {
    /// The file lacks it.
    Missing,
    Numbers(&'a Float64Array),
    Texts(&'a StringArray),
    Times(&'a TimestampMillisecondArray),
    Vectors(&'a ListArray),
}

impl<'a> Values<'a> {
    fn of(array: Option<&'a ArrayRef>, form: Form) -> Self {
        let Some(array) = array else { return Self::Missing };
        let found = match form {
            Form::Numbers => array.as_primitive_opt::<Float64Type>().map(Self::Numbers),
            Form::Times => array.as_primitive_opt::<TimestampMillisecondType>().map(Self::Times),
            Form::Vectors => array.as_list_opt::<i32>().map(Self::Vectors),
            Form::Text | Form::Categories => array.as_string_opt::<i32>().map(Self::Texts),
        };
        found.unwrap_or(Self::Missing)
    }

    /// Writes the value of a row, so that no two different rows are written alike.
    fn write(&self, row: usize, to: &mut Vec<u8>) {
        match self {
            // As pandas: NaN is a missing value.
            Self::Numbers(values) if values.is_valid(row) && !values.value(row).is_nan() => {
                number(values.value(row), to)
            }
            Self::Texts(values) if values.is_valid(row) => {
                let text = values.value(row).as_bytes();
                to.push(2);
                to.extend((text.len() as u64).to_le_bytes());
                to.extend(text);
            }
            Self::Times(values) if values.is_valid(row) => {
                to.push(3);
                to.extend(values.value(row).to_le_bytes());
            }
            Self::Vectors(values) if values.is_valid(row) => {
                let item = values.value(row);
                to.push(4);
                to.extend((item.len() as u64).to_le_bytes());
                if let Some(vector) = item.as_primitive_opt::<Float64Type>() {
                    for value in vector {
                        match value {
                            Some(value) => number(value, to),
                            None => to.push(0),
                        }
                    }
                }
            }
            _ => to.push(0),
        }
    }
}

/// Both zeros are one number.
fn number(value: f64, to: &mut Vec<u8>) {
    to.push(1);
    to.extend((if value == 0.0 { 0.0 } else { value }).to_bits().to_le_bytes());
}

fn of_table(
    table: &Table,
    columns: &[(String, Form)],
    cut: Option<Cut<'_>>,
    most: usize,
) -> Result<BTreeMap<Key, Rows>, String> {
    let has = |name: &str| table.fields().iter().any(|f| f.name == name);
    let cut = cut.filter(|c| c.every.is_some() && has(c.column));
    let mut wanted: Vec<(&str, Form)> =
        columns.iter().filter(|(name, _)| has(name)).map(|(name, form)| (name.as_str(), *form)).collect();
    if let Some(cut) = cut.filter(|c| !wanted.contains(&(c.column, Form::Times))) {
        wanted.retain(|(name, _)| *name != cut.column);
        wanted.push((cut.column, Form::Times));
    }
    let place = |name: &str| wanted.iter().position(|(n, _)| *n == name);
    let places: Vec<(Option<usize>, Form)> = columns.iter().map(|(name, form)| (place(name), *form)).collect();
    let times = cut.and_then(|c| place(c.column));
    let mut out: BTreeMap<Key, Rows> = BTreeMap::new();
    let mut scratch = super::collect::Read::default();
    let mut line = Vec::new();
    let mut take = |arrays: &[ArrayRef]| {
        let values: Vec<Values<'_>> =
            places.iter().map(|(place, form)| Values::of(place.and_then(|i| arrays.get(i)), *form)).collect();
        let count = arrays.first().map_or(0, Array::len);
        let windows = match (cut, times.and_then(|i| arrays.get(i))) {
            (Some(cut), Some(times)) => parts(times, cut.every, &mut scratch),
            _ => vec![(0, None)],
        };
        for (key, chosen) in windows {
            if !out.contains_key(&key) && out.len() >= MOST_WINDOWS {
                continue;
            }
            let rows = out.entry(key).or_insert_with(|| Rows::with_limit(most));
            let mut one = |row: usize| {
                line.clear();
                values.iter().for_each(|value| value.write(row, &mut line));
                let digest = Sha256::of(&line).bytes();
                rows.add(digest.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte)));
            };
            match chosen {
                Some(chosen) => chosen.iter().for_each(|row| one(*row as usize)),
                None => (0..count).for_each(&mut one),
            }
        }
    };
    table.read(&wanted, &mut take).map_err(|problem| problem.message.clone())?;
    Ok(out)
}
