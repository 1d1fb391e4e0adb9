//! Columns of free text: how long the texts are, and of which words.
//!
//! In: texts. Out: their lengths in characters, and how often each word occurs. A word is a run of letters and digits,
//! in lower case.

use super::{Categories, Numbers, Sample};

/// A column of text that is still being read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    pub(in crate::drift) lengths: Numbers,
    pub(in crate::drift) words: Categories,
}

/// A column of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// Lengths in characters.
    pub lengths: Sample,
    /// How often each word occurs.
    pub words: Categories,
}

impl Texts {
    /// A column of which at most so many lengths and words are kept as they are.
    pub fn with_limit(lengths: usize, words: usize) -> Self {
        Self { lengths: Numbers::with_limit(lengths), words: Categories::with_limit(words) }
    }

    /// Takes in so many rows of one text.
    pub fn add_many(&mut self, text: &str, rows: u64) {
        let length = text.chars().count() as f64;
        (0..rows).for_each(|_| self.lengths.add_one(length));
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            self.words.add_many(&word.to_lowercase(), rows);
        }
    }

    /// Takes in rows without a text.
    pub fn add_nulls(&mut self, rows: u64) {
        self.lengths.add_nulls(rows);
    }

    /// Takes in what was read elsewhere of the same column.
    pub fn merge(&mut self, other: Self) {
        self.lengths.merge(other.lengths);
        self.words.merge(other.words);
    }

    /// The summary.
    pub fn finish(self) -> Words {
        Words { lengths: self.lengths.finish(), words: self.words }
    }
}

impl Words {
    /// The share of the current words that the reference lacks, in [0, 1]; nothing where a side has no word or too
    /// many different ones.
    pub fn out_of_vocabulary(reference: &Self, current: &Self) -> Option<f64> {
        let (ours, theirs) = (&reference.words, &current.words);
        if ours.too_many() || theirs.too_many() || ours.rows() == 0 || theirs.rows() == 0 {
            return None;
        }
        let new: u64 = theirs.counts().iter().filter(|(w, _)| !ours.counts().contains_key(*w)).map(|(_, n)| n).sum();
        Some(new as f64 / theirs.rows() as f64)
    }
}
