//! Summaries: what is kept of a column so that every method can be computed.
//!
//! In: batches of values, or other summaries of the same column. Out: a finished summary, the same however the values
//! were split into batches and in whatever order they came: that is what makes drift computable anywhere and mergeable.
//! Nulls are counted and left out, and so are NaN and infinities in columns of numbers.

mod categories;
mod numbers;
mod rounded;
mod rows;
mod text;

pub use categories::{Categories, MOST_CATEGORIES};
pub(in crate::drift) use numbers::Parts;
pub use numbers::{Numbers, Sample};
pub use rows::Rows;
pub use text::{Texts, Words};
