//! Drift: how far current data lies from reference data, column by column.
//!
//! In: values of two samples. Out: distances, statistics and p-values. Every sample becomes a *summary* that can be
//! added to and merged with others ([`summary`]); every method is a function of two finished summaries. The methods
//! stand by what they look at: [`samples`] (the values themselves), [`shares`] (what share of rows lies where) and
//! [`counts`] (how many). [`bins`] says where numbers are cut. Nothing here reads files, and nothing decides what is
//! too much.

pub mod anderson;
pub mod bins;
mod collect;
pub mod column;
mod compare;
pub mod compute;
pub mod counts;
mod duplicates;
mod extras;
#[cfg(feature = "engine")]
pub mod grouped;
mod judge;
pub mod kolmogorov;
mod measure;
pub mod moments;
mod multivariate;
pub mod out;
pub mod partial;
mod performance;
pub mod plan;
mod quality;
pub mod samples;
pub mod settings;
pub mod shares;
pub mod summary;

/// A test's statistic and p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// The statistic, in the method's own unit; infinite where a category is new to the reference.
    pub statistic: f64,
    /// The chance of such a statistic or a larger one if nothing had changed, in [0, 1].
    pub p_value: f64,
}

/// Why a method says nothing about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotComputed {
    /// One side has no value.
    Empty,
    /// Both sides are one and the same value.
    Constant,
    /// Fewer than two rows on one side.
    TooFew,
    /// The categories are not two.
    NotBinary,
    /// The numbers are beyond what can be computed with.
    Overflow,
    /// There are too many different values to be categories.
    TooManyCategories,
    /// The vectors of both sides have different lengths.
    Lengths,
    /// The method is not for columns of this kind.
    OtherKind,
}

impl std::fmt::Display for NotComputed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "one side has no value",
            Self::Constant => "constant in both",
            Self::TooFew => "fewer than two rows on one side",
            Self::NotBinary => "not two categories",
            Self::Overflow => "the numbers are too large",
            Self::TooManyCategories => "too many different values",
            Self::Lengths => "the vectors have different lengths",
            Self::OtherKind => "the method is not for columns of this kind",
        })
    }
}

#[cfg(test)]
mod tests;
