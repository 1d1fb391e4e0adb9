//! Summaries: what is kept of a column so that every method can be computed.
//!
//! In: batches of values, or other summaries of the same column. Out: a finished summary, the same however the values
//! were split into batches and in whatever order they came. Nulls are counted and left out, and so are NaN and
//! infinities in columns of numbers.

use std::collections::BTreeMap;

/// A column of numbers that is still being read: exact, all values are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    values: Vec<f64>,
    nulls: u64,
    not_finite: u64,
}

impl Numbers {
    /// Takes values in.
    pub fn add(&mut self, values: impl IntoIterator<Item = Option<f64>>) {
        for value in values {
            match value {
                Some(value) if value.is_finite() => self.values.push(value),
                Some(_) => self.not_finite += 1,
                None => self.nulls += 1,
            }
        }
    }

    /// Takes in what was read elsewhere of the same column.
    pub fn merge(&mut self, other: Self) {
        self.values.extend(other.values);
        self.nulls += other.nulls;
        self.not_finite += other.not_finite;
    }

    /// The summary.
    pub fn finish(mut self) -> Sample {
        // Equal values are equal bits here but for the sign of zero, which no method sees.
        self.values.sort_unstable_by(f64::total_cmp);
        Sample { values: self.values, nulls: self.nulls, not_finite: self.not_finite }
    }
}

/// A column of numbers: its finite values in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    nulls: u64,
    not_finite: u64,
}

impl Sample {
    /// The values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many rows had no value.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// How many rows had NaN or an infinity.
    pub fn not_finite(&self) -> u64 {
        self.not_finite
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
        self.moments().map(|(_, squares)| (squares / self.values.len() as f64).sqrt())
    }

    /// Mean and sum of squared deviations, in two passes.
    fn moments(&self) -> Option<(f64, f64)> {
        let n = self.values.len() as f64;
        if self.values.is_empty() {
            return None;
        }
        // Scaled, so that the sum of large numbers does not overflow.
        let mean = self.values.iter().map(|v| v / n).sum::<f64>();
        let mean = mean + self.values.iter().map(|v| (v - mean) / n).sum::<f64>();
        Some((mean, self.values.iter().map(|v| (v - mean).powi(2)).sum()))
    }

    /// The quantile at `share` in [0, 1], linear between neighbours (method 7 of R. J. Hyndman and Y. Fan 1996, as
    /// numpy's default); nothing without values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.values.len().checked_sub(1)?;
        let at = share.clamp(0.0, 1.0) * last as f64;
        let below = at.floor();
        let (low, high) = (self.values.get(below as usize)?, self.values.get(at.ceil() as usize)?);
        // As numpy: from the nearer end, so that both ends are met exactly.
        let part = at - below;
        let step = high - low;
        Some(if part < 0.5 { low + step * part } else { high - step * (1.0 - part) })
    }
}

/// A column of categories: how many rows hold each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories {
    counts: BTreeMap<String, u64>,
    nulls: u64,
}

impl Categories {
    /// Takes values in.
    pub fn add<'v>(&mut self, values: impl IntoIterator<Item = Option<&'v str>>) {
        for value in values {
            match value {
                // Most rows hold a category that is known already.
                Some(value) => match self.counts.get_mut(value) {
                    Some(count) => *count += 1,
                    None => {
                        self.counts.insert(value.to_owned(), 1);
                    }
                },
                None => self.nulls += 1,
            }
        }
    }

    /// Takes in what was read elsewhere of the same column.
    pub fn merge(&mut self, other: Self) {
        for (value, count) in other.counts {
            *self.counts.entry(value).or_default() += count;
        }
        self.nulls += other.nulls;
    }

    /// The categories, by name.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// How many rows had no value.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// How many rows had one.
    pub fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Categories of the current side that the reference lacks, and of the reference that are gone.
    pub fn changes<'c>(reference: &'c Self, current: &'c Self) -> (Vec<&'c str>, Vec<&'c str>) {
        let lacks = |of: &'c Self, other: &Self| {
            of.counts.keys().filter(|k| !other.counts.contains_key(*k)).map(String::as_str).collect()
        };
        (lacks(current, reference), lacks(reference, current))
    }
}
