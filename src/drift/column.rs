//! One column of one side: what is kept while it is read, and what can be said of it then.
//!
//! In: arrays of rows. Out: [`Collected`], a mergeable summary by kind, and [`Finished`], which methods look at.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef};

use super::moments::Moments;
use super::settings::Kind;
use super::summary::{Categories, Numbers, Sample, Texts, Words};
use crate::model::{Finite, Profile};
use crate::rows::Form;

/// What summaries may keep as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Numbers of a column.
    pub numbers: usize,
    /// Different categories, or words.
    pub categories: usize,
}

/// What is kept of a column while it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Collected {
    /// Of numbers.
    Numbers(Numbers),
    /// Of categories.
    Categories(Categories),
    /// Of texts.
    Texts(Texts),
    /// Of vectors.
    Vectors(Moments),
}

/// What is known of a column that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Finished {
    /// Of numbers.
    Numbers(Sample),
    /// Of categories.
    Categories(Categories),
    /// Of texts.
    Texts(Words, u64),
    /// Of vectors.
    Vectors(Moments),
}

impl Kind {
    /// As what a column of the kind is read.
    pub const fn form(self) -> Form {
        match self {
            Self::Numeric => Form::Numbers,
            Self::Categorical => Form::Categories,
            Self::Text => Form::Text,
            Self::Embedding => Form::Vectors,
        }
    }
}

impl Collected {
    /// Nothing yet.
    pub fn new(kind: Kind, limits: Limits) -> Self {
        match kind {
            Kind::Numeric => Self::Numbers(Numbers::with_limit(limits.numbers)),
            Kind::Categorical => Self::Categories(Categories::with_limit(limits.categories)),
            Kind::Text => Self::Texts(Texts::with_limit(limits.numbers, limits.categories)),
            Kind::Embedding => Self::Vectors(Moments::default()),
        }
    }

    /// Takes in the rows of an array that are asked for; all when none are named.
    pub(super) fn add(&mut self, array: &ArrayRef, rows: Option<&[u32]>) {
        let count = rows.map_or(array.len(), <[u32]>::len);
        let at = |k: usize| rows.map_or(k, |rows| rows.get(k).map_or(usize::MAX, |row| *row as usize));
        match self {
            Self::Numbers(numbers) => {
                let Some(values) = array.as_primitive_opt::<Float64Type>() else { return };
                if values.null_count() == 0 && rows.is_none() {
                    values.values().iter().for_each(|v| numbers.add_one(*v));
                    return;
                }
                numbers.add((0..count).map(|k| {
                    let i = at(k);
                    (i < values.len() && values.is_valid(i)).then(|| values.value(i))
                }));
            }
            Self::Categories(categories) => {
                let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else { return };
                let Some(names) = dictionary.values().as_string_opt::<i32>() else { return };
                // Counted by key first: a name is looked up once for a batch.
                let mut counts = vec![0_u64; names.len()];
                let mut nulls = 0;
                for k in 0..count {
                    let slot =
                        dictionary.key(at(k)).filter(|key| names.is_valid(*key)).and_then(|key| counts.get_mut(key));
                    match slot {
                        Some(slot) => *slot += 1,
                        None => nulls += 1,
                    }
                }
                categories.add_nulls(nulls);
                for (key, rows) in counts.into_iter().enumerate().filter(|(_, rows)| *rows > 0) {
                    categories.add_many(names.value(key), rows);
                }
            }
            Self::Texts(texts) => {
                let Some(values) = array.as_string_opt::<i32>() else { return };
                for i in (0..count).map(at) {
                    if i < values.len() && values.is_valid(i) {
                        texts.add_many(values.value(i), 1);
                    } else {
                        texts.add_nulls(1);
                    }
                }
            }
            Self::Vectors(moments) => {
                let Some(lists) = array.as_list_opt::<i32>() else { return };
                for i in (0..count).map(at) {
                    if i >= lists.len() || lists.is_null(i) {
                        moments.add_null();
                        continue;
                    }
                    let item = lists.value(i);
                    match item.as_primitive_opt::<Float64Type>() {
                        Some(vector) if vector.null_count() == 0 => moments.add(vector.values()),
                        _ => moments.add_null(),
                    }
                }
            }
        }
    }

    /// Takes in so many rows of the value at a place of an array.
    #[cfg(feature = "engine")]
    pub(super) fn add_counted(&mut self, values: &ArrayRef, place: usize, rows: u64) {
        if values.is_null(place) {
            return self.add_missing(rows);
        }
        match self {
            Self::Numbers(numbers) => {
                if let Some(values) = values.as_primitive_opt::<Float64Type>() {
                    (0..rows).for_each(|_| numbers.add_one(values.value(place)));
                }
            }
            Self::Categories(categories) => {
                if let Some(values) = values.as_string_opt::<i32>() {
                    categories.add_many(values.value(place), rows);
                }
            }
            Self::Texts(texts) => {
                if let Some(values) = values.as_string_opt::<i32>() {
                    texts.add_many(values.value(place), rows);
                }
            }
            // Their sums depend on the order in the last digits: engines are not asked for them.
            Self::Vectors(_) => {}
        }
    }

    /// Takes in rows of which a file has no such column.
    pub(super) fn add_missing(&mut self, rows: u64) {
        match self {
            Self::Numbers(numbers) => numbers.add_nulls(rows),
            Self::Categories(categories) => categories.add_nulls(rows),
            Self::Texts(texts) => texts.add_nulls(rows),
            Self::Vectors(moments) => (0..rows).for_each(|_| moments.add_null()),
        }
    }

    /// Takes in what was read elsewhere of the same column; false where it is of another kind.
    pub fn merge(&mut self, other: Self) -> bool {
        match (self, other) {
            (Self::Numbers(ours), Self::Numbers(theirs)) => ours.merge(theirs),
            (Self::Categories(ours), Self::Categories(theirs)) => ours.merge(theirs),
            (Self::Texts(ours), Self::Texts(theirs)) => ours.merge(theirs),
            (Self::Vectors(ours), Self::Vectors(theirs)) => return ours.merge(theirs),
            _ => return false,
        }
        true
    }

    /// The summary.
    pub fn finish(self) -> Finished {
        match self {
            Self::Numbers(numbers) => Finished::Numbers(numbers.finish()),
            Self::Categories(categories) => Finished::Categories(categories),
            Self::Texts(texts) => {
                let words = texts.finish();
                let nulls = words.lengths.nulls();
                Finished::Texts(words, nulls)
            }
            Self::Vectors(moments) => Finished::Vectors(moments),
        }
    }
}

/// The quantiles of a profile.
const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

impl Finished {
    /// The kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Numbers(_) => Kind::Numeric,
            Self::Categories(_) => Kind::Categorical,
            Self::Texts(..) => Kind::Text,
            Self::Vectors(_) => Kind::Embedding,
        }
    }

    /// By what share of itself a value may be off; nothing where values are exact.
    pub fn error(&self) -> Option<f64> {
        match self {
            Self::Numbers(sample) | Self::Texts(Words { lengths: sample, .. }, _) => sample.error(),
            Self::Categories(_) | Self::Vectors(_) => None,
        }
    }

    /// The side in numbers. Of texts the quantiles are of their lengths in characters.
    pub fn profile(&self) -> Profile {
        match self {
            Self::Numbers(sample) => of_sample(sample),
            Self::Categories(categories) => Profile {
                rows: categories.rows() + categories.nulls(),
                missing: categories.nulls(),
                distinct: (!categories.too_many()).then(|| categories.counts().len() as u64),
                ..Profile::default()
            },
            Self::Texts(words, _) => Profile { distinct: None, ..of_sample(&words.lengths) },
            Self::Vectors(moments) => {
                Profile { rows: moments.rows() + moments.nulls(), missing: moments.nulls(), ..Profile::default() }
            }
        }
    }
}

fn of_sample(sample: &Sample) -> Profile {
    let quantiles =
        SHARES.iter().filter_map(|share| Some((Finite::new(*share)?, Finite::new(sample.quantile(*share)?)?)));
    Profile {
        rows: sample.rows() + sample.nulls() + sample.not_finite(),
        missing: sample.nulls(),
        not_finite: sample.not_finite(),
        distinct: Some(sample.distinct() as u64).filter(|_| sample.error().is_none()),
        mean: sample.mean().and_then(Finite::new),
        std: sample.population_std().and_then(Finite::new),
        quantiles: quantiles.collect(),
    }
}
