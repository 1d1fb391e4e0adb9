//! Summaries from values that an engine counted.
//!
//! In: what columns there are, how many rows each window has, and batches of different values with the rows that hold
//! them, in any order. Out: a [`Part`], equal to the one that reading the same rows gives. A column that the engine could
//! not compute says why, and the others stay.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};

use super::collect::{Key, MOST_WINDOWS, Read};
use super::column::{Collected, Limits};
use super::compute::{Part, limits};
use super::performance::{self, Pairs};
use super::plan::{Files, Planned};
use super::settings::{Every, Kind, Settings};
use crate::rows::Form;

/// A set of data of which an engine says what it holds.
#[derive(Debug)]
pub struct Grouped<'s> {
    settings: &'s Settings,
    every: Option<Every>,
    name: String,
    digest: Option<String>,
    planned: Vec<Planned>,
    extent: Read,
    limits: Limits,
    columns: Vec<BTreeMap<Key, Collected>>,
    pairs: Option<(BTreeMap<Key, Pairs>, usize)>,
}

/// How many rows a window has, and when they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Any moment of the window in milliseconds; nothing where there is no time.
    pub moment: Option<i64>,
    /// Rows.
    pub rows: u64,
    /// Rows with a time; all of them where nobody asks.
    pub timed: u64,
    /// The first and the last moment.
    pub span: Option<(i64, i64)>,
}

impl<'s> Grouped<'s> {
    /// Data of these columns, with the rows of its windows.
    pub fn new(
        name: String,
        digest: Option<String>,
        planned: Vec<Planned>,
        windows: impl IntoIterator<Item = Rows>,
        settings: &'s Settings,
        is_reference: bool,
    ) -> Self {
        let mut extent = Read::default();
        let every = settings.every.filter(|_| !is_reference);
        for window in windows {
            let key = match (every, window.moment) {
                (None, _) => {
                    extent.timeless += window.rows.saturating_sub(window.timed);
                    0
                }
                (Some(every), moment) => match moment.and_then(|moment| every.start(moment)) {
                    Some(key) => key,
                    None => {
                        extent.timeless += window.rows;
                        continue;
                    }
                },
            };
            if !extent.rows.contains_key(&key) && extent.rows.len() >= MOST_WINDOWS {
                extent.too_many = true;
                continue;
            }
            *extent.rows.entry(key).or_default() += window.rows;
            if let Some((first, last)) = window.span.filter(|_| !is_reference) {
                let span = extent.times.entry(key).or_insert((first, last));
                *span = (span.0.min(first), span.1.max(last));
            }
        }
        if every.is_none() {
            extent.rows.entry(0).or_default();
        }
        let rows: u64 = extent.rows.values().sum();
        let limits = limits(settings.memory, Some(rows), every.is_some(), planned.len() as u64 * 2);
        let columns = planned.iter().map(|_| BTreeMap::new()).collect();
        Self { settings, every, name, digest, planned, extent, limits, columns, pairs: None }
    }

    /// The columns that are to be counted: place, name and kind.
    pub fn wanted(&self) -> Vec<(usize, String, Kind)> {
        let kinds = self.planned.iter().enumerate();
        kinds.filter_map(|(i, p)| Some((i, p.name.clone(), p.kind.clone().ok()?))).collect()
    }

    /// The column at this place cannot be computed.
    pub fn lose(&mut self, column: usize, why: String) {
        if let Some(planned) = self.planned.get_mut(column) {
            planned.kind = Err(why);
        }
    }

    fn key(&self, moments: &ArrayRef, row: usize) -> Option<Key> {
        let Some(every) = self.every else { return Some(0) };
        let moments = moments.as_primitive_opt::<Int64Type>().filter(|m| m.is_valid(row))?;
        every.start(moments.value(row)).filter(|key| self.extent.rows.contains_key(key))
    }

    /// Takes in different values of a column: a moment of the window of each, the values in the form of the column's
    /// kind, and how many rows hold each.
    pub fn add(&mut self, column: usize, moments: &ArrayRef, values: &ArrayRef, counts: &ArrayRef) {
        let Some(kind) = self.planned.get(column).and_then(|p| p.kind.clone().ok()) else { return };
        let Some(counts) = counts.as_primitive_opt::<Int64Type>() else { return };
        for row in 0..values.len() {
            let Some(key) = self.key(moments, row) else { continue };
            let rows = u64::try_from(counts.value(row)).unwrap_or(0);
            let limits = self.limits;
            let Some(windows) = self.columns.get_mut(column) else { return };
            windows.entry(key).or_insert_with(|| Collected::new(kind, limits)).add_counted(values, row, rows);
        }
    }

    /// As what predictions and labels are read, where they are asked for and there.
    pub fn labels(&mut self, files: &Files<'_>) -> Option<(String, String, Form)> {
        let (prediction, target) = self.settings.labels.clone()?;
        self.pairs = Some(Default::default());
        let form = performance::form(files, (&prediction, &target), self.settings);
        Some((prediction, target, form))
    }

    /// Takes in predictions and labels: a moment of the window of each row, and both in the form that was asked for.
    pub fn add_labels(&mut self, moments: &ArrayRef, predictions: &ArrayRef, labels: &ArrayRef) {
        let most = performance::most(self.settings);
        for row in 0..predictions.len() {
            let Some(key) = self.key(moments, row) else { continue };
            let Some((windows, kept)) = self.pairs.as_mut() else { return };
            let room = *kept < most;
            *kept += usize::from(*kept <= most && windows.entry(key).or_default().add(predictions, labels, row, room));
        }
    }

    /// The summaries; `failed` says why predictions and labels could not be read.
    pub fn finish(self, failed: Option<String>) -> Part {
        let Self { settings, name, digest, planned, mut extent, limits, mut columns, pairs, .. } = self;
        for key in extent.rows.keys().copied() {
            let list = planned.iter().zip(&mut columns).filter_map(|(planned, windows)| {
                let kind = planned.kind.clone().ok()?;
                Some(windows.remove(&key).unwrap_or_else(|| Collected::new(kind, limits)))
            });
            extent.windows.insert(key, list.collect());
        }
        let most = performance::most(settings);
        let pairs = pairs.map(|(windows, kept)| match failed {
            Some(why) => Err(why),
            None if kept >= most => Err(format!("more than {most} rows have a label: raise the memory limit")),
            None => Ok(windows),
        });
        Part { name, planned, read: extent, digest, pairs }
    }
}
