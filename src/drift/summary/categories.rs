//! Columns of categories: how many rows hold each.
//!
//! In: values. Out: counts by value. Where there are more different values than can be kept, only the number of rows
//! is, whatever the order in which they came.

use std::collections::BTreeMap;

/// More different values than these are no categories.
pub const MOST_CATEGORIES: usize = 1_000_000;

/// A column of categories: how many rows hold each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categories {
    counts: BTreeMap<String, u64>,
    nulls: u64,
    rows: u64,
    most: usize,
    too_many: bool,
}

impl Default for Categories {
    fn default() -> Self {
        Self::with_limit(MOST_CATEGORIES)
    }
}

impl Categories {
    /// A column of at most so many different values.
    pub fn with_limit(most: usize) -> Self {
        Self { counts: BTreeMap::new(), nulls: 0, rows: 0, most, too_many: false }
    }

    /// Takes values in.
    pub fn add<'v>(&mut self, values: impl IntoIterator<Item = Option<&'v str>>) {
        for value in values {
            match value {
                Some(value) => self.add_many(value, 1),
                None => self.nulls += 1,
            }
        }
    }

    /// Takes in so many rows of one value.
    pub fn add_many(&mut self, value: &str, rows: u64) {
        self.rows += rows;
        if self.too_many || rows == 0 {
            return;
        }
        // Most rows hold a category that is known already.
        match self.counts.get_mut(value) {
            Some(count) => *count += rows,
            None => {
                self.counts.insert(value.to_owned(), rows);
                self.check();
            }
        }
    }

    /// Takes in rows without a value.
    pub fn add_nulls(&mut self, rows: u64) {
        self.nulls += rows;
    }

    /// Takes in what was read elsewhere of the same column; the smaller limit holds.
    pub fn merge(&mut self, other: Self) {
        self.nulls += other.nulls;
        self.rows += other.rows;
        self.most = self.most.min(other.most);
        self.too_many |= other.too_many;
        if !self.too_many {
            for (value, count) in other.counts {
                *self.counts.entry(value).or_default() += count;
            }
        }
        self.check();
    }

    fn check(&mut self) {
        if self.too_many || self.counts.len() > self.most {
            self.too_many = true;
            self.counts = BTreeMap::new();
        }
    }

    /// A column that was written down; nothing where it cannot have been written by us.
    pub(in crate::drift) fn from_parts(
        names: Vec<(String, u64)>,
        nulls: u64,
        rows: u64,
        too_many: bool,
    ) -> Option<Self> {
        let mut out = Self { nulls, ..Self::default() };
        if too_many {
            (out.too_many, out.rows) = (true, rows);
            return names.is_empty().then_some(out);
        }
        names.iter().for_each(|(name, n)| out.add_many(name, *n));
        let each_once = out.too_many || out.counts.len() == names.len();
        (each_once && out.rows == rows).then_some(out)
    }

    /// Whether there were more different values than can be kept: then no counts are.
    pub fn too_many(&self) -> bool {
        self.too_many
    }

    /// How many different values can be kept.
    pub fn most(&self) -> usize {
        self.most
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
        self.rows
    }

    /// Categories of the current side that the reference lacks, and of the reference that are gone.
    pub fn changes<'c>(reference: &'c Self, current: &'c Self) -> (Vec<&'c str>, Vec<&'c str>) {
        let lacks = |of: &'c Self, other: &Self| {
            of.counts.keys().filter(|k| !other.counts.contains_key(*k)).map(String::as_str).collect()
        };
        (lacks(current, reference), lacks(reference, current))
    }
}
