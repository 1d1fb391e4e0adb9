//! Columns of numbers: all values while they fit, then counts by leading digits.
//!
//! In: values. Out: a [`Sample`]: values in ascending order, each with the rows that it stands for.

use super::rounded::Rounded;

/// Values that wait to be put into cells.
const WAITING: usize = 1 << 18;

/// A column of numbers that is still being read.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    values: Vec<f64>,
    rounded: Option<Rounded>,
    most: usize,
    nulls: u64,
    not_finite: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self::with_limit(usize::MAX)
    }
}

impl Numbers {
    /// A column of which at most so many values are kept as they are.
    pub fn with_limit(most: usize) -> Self {
        Self { values: Vec::new(), rounded: None, most, nulls: 0, not_finite: 0 }
    }

    /// Takes values in.
    pub fn add(&mut self, values: impl IntoIterator<Item = Option<f64>>) {
        for value in values {
            match value {
                Some(value) => self.add_one(value),
                None => self.nulls += 1,
            }
        }
    }

    /// Takes a value in.
    pub fn add_one(&mut self, value: f64) {
        if !value.is_finite() {
            self.not_finite += 1;
            return;
        }
        // No method sees the sign of zero, and engines drop it.
        self.values.push(value + 0.0);
        if self.values.len() > self.most.min(if self.rounded.is_some() { WAITING } else { usize::MAX }) {
            self.round();
        }
    }

    /// Takes in rows without a value.
    pub fn add_nulls(&mut self, rows: u64) {
        self.nulls += rows;
    }

    /// Takes in what was read elsewhere of the same column; the smaller limit holds.
    pub fn merge(&mut self, other: Self) {
        self.most = self.most.min(other.most);
        self.nulls += other.nulls;
        self.not_finite += other.not_finite;
        self.values.extend(other.values);
        match (&mut self.rounded, other.rounded) {
            (Some(ours), Some(theirs)) => ours.merge(theirs),
            (ours @ None, theirs) => *ours = theirs,
            (Some(_), None) => {}
        }
        if self.rounded.is_some() || self.values.len() > self.most {
            self.round();
        }
    }

    /// Puts what is kept as it is into cells.
    fn round(&mut self) {
        let mut values = std::mem::take(&mut self.values);
        self.rounded.get_or_insert_default().absorb(&mut values);
        values.clear();
        if values.capacity() <= 2 * WAITING {
            self.values = values;
        }
    }

    /// The summary.
    pub fn finish(mut self) -> Sample {
        let (nulls, not_finite) = (self.nulls, self.not_finite);
        if self.rounded.is_some() {
            self.round();
        }
        match self.rounded {
            None => {
                // Equal values are equal bits here.
                self.values.sort_unstable_by(f64::total_cmp);
                Sample { values: self.values, upto: None, error: None, nulls, not_finite }
            }
            Some(rounded) => {
                let mut rows = 0;
                let upto = rounded.cells().iter().map(|(_, n)| {
                    rows += n;
                    rows
                });
                let upto = Some(upto.collect());
                let values = rounded.cells().iter().map(|(v, _)| *v).collect();
                Sample { values, upto, error: Some(rounded.error()), nulls, not_finite }
            }
        }
    }

    /// What is kept, for writing it down: values as they are, then digits and cells.
    pub(in crate::drift) fn parts(mut self) -> Parts {
        if self.rounded.is_some() {
            self.round();
        } else {
            self.values.sort_unstable_by(f64::total_cmp);
        }
        let cells = self.rounded.map(|r| (r.digits(), r.cells().to_vec()));
        Parts { values: self.values, cells, nulls: self.nulls, not_finite: self.not_finite }
    }

    /// A column that was written down; nothing where it cannot have been written by us.
    pub(in crate::drift) fn from_parts(parts: Parts, most: usize) -> Option<Self> {
        let Parts { values, cells, nulls, not_finite } = parts;
        if values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let rounded = match cells {
            Some((digits, cells)) => Some(Rounded::from_cells(digits, cells)?),
            None => None,
        };
        let mut out = Self { values: Vec::new(), rounded, most, nulls, not_finite };
        values.into_iter().for_each(|v| out.add_one(v));
        Some(out)
    }
}

/// What is kept of a column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drift) struct Parts {
    pub(in crate::drift) values: Vec<f64>,
    pub(in crate::drift) cells: Option<(u32, Vec<(f64, u64)>)>,
    pub(in crate::drift) nulls: u64,
    pub(in crate::drift) not_finite: u64,
}

/// A column of numbers: its finite values in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    /// For each value how many rows hold it or a smaller one; each stands for one row when there is none.
    upto: Option<Vec<u64>>,
    error: Option<f64>,
    nulls: u64,
    not_finite: u64,
}

impl Sample {
    /// The values, ascending; how many rows each stands for says [`Self::rank`].
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many rows hold one of the first so many values.
    pub fn rank(&self, values: usize) -> u64 {
        match (&self.upto, values.checked_sub(1)) {
            (_, None) => 0,
            (None, Some(_)) => values.min(self.values.len()) as u64,
            (Some(upto), Some(last)) => upto.get(last).or(upto.last()).copied().unwrap_or(0),
        }
    }

    /// How many rows have a finite value.
    pub fn rows(&self) -> u64 {
        self.rank(self.values.len())
    }

    /// By what share of itself a value may be off; nothing where the values are exact.
    pub fn error(&self) -> Option<f64> {
        self.error
    }

    /// How many rows had no value.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// How many rows had NaN or an infinity.
    pub fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// The smallest and the largest value.
    pub fn ends(&self) -> Option<(f64, f64)> {
        Some((*self.values.first()?, *self.values.last()?))
    }

    /// How many different values there are.
    pub fn distinct(&self) -> usize {
        let steps = self.values.windows(2).filter(|pair| matches!(pair, [a, b] if a != b)).count();
        steps + usize::from(!self.values.is_empty())
    }

    /// The arithmetic mean; nothing without values.
    pub fn mean(&self) -> Option<f64> {
        self.moments().map(|(mean, _)| mean)
    }

    /// The standard deviation of the values as a population (divided by n); nothing without values.
    pub fn population_std(&self) -> Option<f64> {
        self.moments().map(|(_, squares)| (squares / self.rows() as f64).sqrt())
    }

    /// Values with the rows that they stand for.
    fn weighted(&self) -> impl Iterator<Item = (f64, f64)> {
        self.values.iter().enumerate().map(|(i, v)| (*v, (self.rank(i + 1) - self.rank(i)) as f64))
    }

    /// Mean and sum of squared deviations, in two passes.
    pub fn moments(&self) -> Option<(f64, f64)> {
        let n = self.rows() as f64;
        if self.values.is_empty() {
            return None;
        }
        if self.upto.is_none() {
            // Scaled, so that the sum of large numbers does not overflow.
            let mean = self.values.iter().map(|v| v / n).sum::<f64>();
            let mean = mean + self.values.iter().map(|v| (v - mean) / n).sum::<f64>();
            return Some((mean, self.values.iter().map(|v| (v - mean).powi(2)).sum()));
        }
        let mean = self.weighted().map(|(v, w)| v / n * w).sum::<f64>();
        let mean = mean + self.weighted().map(|(v, w)| (v - mean) / n * w).sum::<f64>();
        Some((mean, self.weighted().map(|(v, w)| (v - mean).powi(2) * w).sum()))
    }

    /// The value of the row at a place from 0 on.
    fn at(&self, row: u64) -> Option<f64> {
        match &self.upto {
            None => self.values.get(usize::try_from(row).ok()?).copied(),
            Some(upto) => self.values.get(upto.partition_point(|n| *n <= row)).copied(),
        }
    }

    /// The quantile at `share` in [0, 1], linear between neighbours (method 7 of R. J. Hyndman and Y. Fan 1996, as
    /// numpy's default); nothing without values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.rows().checked_sub(1)?;
        let at = share.clamp(0.0, 1.0) * last as f64;
        let below = at.floor();
        let (low, high) = (self.at(below as u64)?, self.at(at.ceil() as u64)?);
        // As numpy: from the nearer end, so that both ends are met exactly.
        let part = at - below;
        let step = high - low;
        Some(if part < 0.5 { low + step * part } else { high - step * (1.0 - part) })
    }
}
