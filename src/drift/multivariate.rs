//! All numeric columns at once: whether the relations between them changed.
//!
//! In: the rows of both sides. Out: for each window one entry of its report, [`TOGETHER`], judged like a column but counted
//! as none. The columns are put in standard deviations of the reference; the principal components that hold
//! [`SHARE`] of its variance reconstruct the rows, and the mean squared error of that is compared with the
//! reference's own (NannyML's multivariate drift by data reconstruction, whose share this is). It sees what no column
//! shows alone: two that moved together and no longer do. Rows that lack a value are left out and counted.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};

use super::NotComputed;
use super::collect::{Cut, Key, MOST_WINDOWS, parts};
use super::compute::Data;
use super::moments::{LONGEST, Moments, reconstruction};
use super::settings::{Settings, TOGETHER};
use crate::diag::{count, visible};
use crate::model::{Column, Effect, FeatureDrift, Finite, Measured, Profile};
use crate::rows::Form;

/// The share of the reference's variance that the components hold.
const SHARE: f64 = 0.65;
/// Parts of the reference that say what changes by chance.
const PARTS: u64 = 10;
/// Standard deviations of those from which on a change is one.
const DEVIATIONS: f64 = 3.0;
/// A smaller change matters to nobody, however many rows show it.
const LEAST: f64 = 0.1;

/// Rows of a window as moments, and rows that lack a value.
#[derive(Clone, Debug, Default)]
struct Seen {
    moments: Moments,
    incomplete: u64,
}

/// Both sides.
#[derive(Debug)]
pub(super) struct Together {
    /// Columns that are looked at; those that are constant in the reference are not.
    columns: Vec<String>,
    constant: Vec<String>,
    /// The reference as a whole, and in parts of equal size.
    reference: Result<(Seen, Vec<Moments>), String>,
    current: Vec<Result<BTreeMap<Key, Seen>, String>>,
}

/// Mean and standard deviation of a column.
#[derive(Clone, Copy, Debug, Default)]
struct Scale {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Scale {
    /// B. P. Welford 1962.
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        let off = value - self.mean;
        self.mean += off / self.n;
        self.squares += off * (value - self.mean);
    }

    fn std(self) -> f64 {
        (self.squares / self.n.max(1.0)).sqrt()
    }
}

/// Reads both sides; `columns` are numeric on all of them.
pub(super) fn read(
    reference: &Data,
    current: &[Data],
    columns: Vec<String>,
    settings: &Settings,
    cut: Option<Cut<'_>>,
) -> Together {
    let mut out =
        Together { columns: Vec::new(), constant: Vec::new(), reference: Err(String::new()), current: Vec::new() };
    if columns.len() < 2 {
        out.reference = Err("fewer than two columns are numeric on both sides".to_owned());
        return out;
    }
    if columns.len() > LONGEST {
        out.reference = Err(format!("more than {LONGEST} columns are numeric"));
        return out;
    }
    let mut scales = vec![Scale::default(); columns.len()];
    let mut complete = 0_u64;
    let scaled = rows(reference, &columns, None, &mut |_, row| {
        if let Some(row) = row {
            complete += 1;
            scales.iter_mut().zip(row).for_each(|(scale, value)| scale.add(*value));
        }
        Ok(())
    });
    if let Err(why) = scaled {
        out.reference = Err(why);
        return out;
    }
    let varies: Vec<bool> = scales.iter().map(|s| s.std() > 0.0 && s.std().is_finite()).collect();
    for (name, varies) in columns.iter().zip(&varies) {
        if *varies { &mut out.columns } else { &mut out.constant }.push(name.clone());
    }
    let scales: Vec<Scale> = scales.into_iter().zip(&varies).filter(|(_, v)| **v).map(|(s, _)| s).collect();
    if out.columns.len() < 2 {
        out.reference = Err("fewer than two numeric columns vary in the rows that have all values".to_owned());
        return out;
    }
    let mut line = Vec::with_capacity(scales.len());
    let mut place = |seen: &mut Seen, row: Option<&[f64]>| match row {
        None => seen.incomplete += 1,
        Some(row) => {
            line.clear();
            line.extend(row.iter().zip(&scales).map(|(value, scale)| (value - scale.mean) / scale.std()));
            seen.moments.add(&line);
        }
    };
    let kept = out.columns.clone();
    let size = (kept.len() * (kept.len() + 3) / 2 * 8) as u64;
    let mut whole = Seen::default();
    let mut chunks = vec![Seen::default(); PARTS as usize];
    let mut at = 0_u64;
    let read = rows(reference, &kept, None, &mut |_, row| {
        if row.is_some() {
            // Rows that lack a value in a constant column alone are read here as well; the last part takes them.
            let part = (at.min(complete.saturating_sub(1)) * PARTS / complete.max(1)) as usize;
            at += 1;
            if let Some(chunk) = chunks.get_mut(part) {
                place(chunk, row);
            }
        } else {
            whole.incomplete += 1;
        }
        Ok(())
    });
    for chunk in &chunks {
        whole.moments.merge(chunk.moments.clone());
    }
    out.reference = read.map(|()| (whole, chunks.into_iter().map(|c| c.moments).collect()));
    out.current = current
        .iter()
        .map(|data| {
            let mut windows: BTreeMap<Key, Seen> = BTreeMap::new();
            rows(data, &kept, cut, &mut |key, row| {
                if !windows.contains_key(&key) {
                    if windows.len() >= MOST_WINDOWS {
                        return Ok(());
                    }
                    if (windows.len() as u64 + 1) * size > settings.memory / 2 {
                        return Err("too many columns and windows: raise the memory limit".to_owned());
                    }
                }
                place(windows.entry(key).or_default(), row);
                Ok(())
            })?;
            Ok(windows)
        })
        .collect();
    out
}

/// A row of a window, or nothing where it lacks a value.
type Each<'e> = &'e mut dyn FnMut(Key, Option<&[f64]>) -> Result<(), String>;

/// Calls for each row.
fn rows(data: &Data, columns: &[String], cut: Option<Cut<'_>>, each: Each<'_>) -> Result<(), String> {
    for table in &data.tables {
        let has = |name: &str| table.fields().iter().any(|f| f.name == name);
        if let Some(lacking) = columns.iter().find(|c| !has(c)) {
            return Err(format!("'{}' lacks the column '{}'", visible(table.shown(), 120), visible(lacking, 80)));
        }
        let cut = cut.filter(|c| c.every.is_some());
        if cut.is_some_and(|c| !has(c.column)) {
            // Its rows are in no window.
            continue;
        }
        let mut wanted: Vec<(&str, Form)> = columns.iter().map(|c| (c.as_str(), Form::Numbers)).collect();
        wanted.extend(cut.map(|c| (c.column, Form::Times)));
        let mut scratch = super::collect::Read::default();
        let mut failed = Ok(());
        let mut line = Vec::with_capacity(columns.len());
        let mut take = |arrays: &[ArrayRef]| {
            if failed.is_err() {
                return;
            }
            let values: Vec<_> =
                arrays.iter().take(columns.len()).filter_map(|a| a.as_primitive_opt::<Float64Type>()).collect();
            let windows = match (cut, arrays.last()) {
                (Some(cut), Some(times)) => parts(times, cut.every, &mut scratch),
                _ => vec![(0, None)],
            };
            let count = arrays.first().map_or(0, Array::len);
            for (key, chosen) in windows {
                let mut one = |row: usize| {
                    line.clear();
                    line.extend(
                        values
                            .iter()
                            .map_while(|v| Some(v.value(row)).filter(|value| v.is_valid(row) && value.is_finite())),
                    );
                    if failed.is_ok() {
                        failed = each(key, (line.len() == columns.len()).then_some(&line));
                    }
                };
                match chosen {
                    Some(chosen) => chosen.iter().for_each(|row| one(*row as usize)),
                    None => (0..count).for_each(&mut one),
                }
            }
        };
        table.read(&wanted, &mut take).map_err(|problem| problem.message.clone())?;
        failed?;
    }
    Ok(())
}

impl Together {
    /// The entry of a window of the data with this index.
    pub(super) fn entry(&self, index: usize, key: Key) -> FeatureDrift {
        let mut column = Column::default();
        if !self.constant.is_empty() {
            let names = visible(&self.constant.join(", "), 200);
            column.quality.push(format!("not looked at, constant in the reference: {names}"));
        }
        let mut out = FeatureDrift {
            feature: TOGETHER.to_owned(),
            kind: "multivariate".to_owned(),
            method: None,
            method_label: format!("PCA reconstruction error of {}", count(self.columns.len(), "column")),
            score: None,
            threshold: None,
            p_value: None,
            drifted: None,
            distribution: None,
            column: Column::default(),
        };
        let said = self.compared(index, key, &mut column);
        match said {
            Ok((score, threshold)) => {
                out.score = Some(Measured::from(score));
                out.threshold = Finite::new(threshold);
                out.drifted = Some(score > threshold);
            }
            Err(why) => column.not_computed = Some(why),
        }
        out.column = column;
        out
    }

    /// How far the error moved, and from where on that is drift.
    fn compared(&self, index: usize, key: Key, column: &mut Column) -> Result<(f64, f64), String> {
        let (ours, chunks) = self.reference.as_ref().map_err(|why| format!("the reference: {why}"))?;
        let windows = match self.current.get(index) {
            Some(Ok(windows)) => windows,
            Some(Err(why)) => return Err(format!("the current data: {why}")),
            None => return Err("the current data was not read".to_owned()),
        };
        let theirs = windows.get(&key).ok_or("the current data has no rows")?;
        let profile = |seen: &Seen| Profile {
            rows: seen.moments.rows() + seen.incomplete,
            missing: seen.incomplete,
            ..Profile::default()
        };
        (column.reference, column.current) = (Some(profile(ours)), Some(profile(theirs)));
        for (of, seen) in [("reference", ours), ("current data", theirs)] {
            if seen.incomplete > 0 {
                let rows = count(usize::try_from(seen.incomplete).unwrap_or(usize::MAX), "row");
                column.quality.push(format!("{rows} of the {of} lack a value and are left out"));
            }
        }
        let why = |why: NotComputed| why.to_string();
        let found = reconstruction(&ours.moments, &theirs.moments, SHARE).map_err(why)?;
        column.effect = Finite::new(found.shift)
            .map(|value| Effect { name: "distance of the means in standard deviations".to_owned(), value });
        // The error is a mean over rows: what it moves by chance shrinks with the root of their number.
        let errors: Vec<(f64, f64)> = chunks
            .iter()
            .filter(|chunk| chunk.rows() > 1)
            .filter_map(|chunk| {
                let score = reconstruction(&ours.moments, chunk, SHARE).ok()?.score;
                Some((score, chunk.rows() as f64))
            })
            .collect();
        if errors.len() < 2 {
            return Err("the reference has too few rows to say what changes by chance".to_owned());
        }
        let n = errors.len() as f64;
        let mean = errors.iter().map(|(e, _)| e).sum::<f64>() / n;
        let variance = errors.iter().map(|(e, _)| (e - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let rows = errors.iter().map(|(_, rows)| rows).sum::<f64>() / n;
        let deviation = (variance * rows / theirs.moments.rows().max(1) as f64).sqrt();
        Ok((found.score.abs(), (DEVIATIONS * deviation).max(LEAST)))
    }
}
