//! A measured value of a metric, with everything that makes it comparable and traceable.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Finite, Measured};

/// Where a value was read: a file of the evidence and a place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pointer {
    /// The file, relative to the source folder, `/` between parts.
    pub path: String,
    /// RFC 6901 JSON pointer, `line N`, or a column name; empty for the whole file.
    pub pointer: String,
}

impl Pointer {
    /// A place in a file.
    pub fn new(path: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { path: path.into(), pointer: pointer.into() }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() { f.write_str(&self.path) } else { write!(f, "{}#{}", self.path, self.pointer) }
    }
}

/// A named part of a dataset as `feature=value` terms; empty for the whole dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Slice(pub BTreeMap<String, String>);

impl Slice {
    /// Parses `region=eu & device=mobile` (`&` or `,` between terms); a term without `=` is a
    /// slice of that name with the value empty.
    pub fn parse(text: &str) -> Self {
        Self(
            text.split(['&', ','])
                .map(str::trim)
                .filter(|term| !term.is_empty())
                .map(|term| match term.split_once('=') {
                    Some((key, value)) => (key.trim().to_owned(), value.trim().to_owned()),
                    None => (term.to_owned(), String::new()),
                })
                .collect(),
        )
    }

    /// Whether this is the whole dataset.
    pub fn is_overall(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" & ")?;
            }
            if value.is_empty() { f.write_str(key)? } else { write!(f, "{key}={value}")? }
        }
        Ok(())
    }
}

/// A two-sided interval around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// Lower end, same unit as the value.
    pub lower: Finite,
    /// Upper end, same unit as the value.
    pub upper: Finite,
    /// Confidence level, in (0, 1).
    pub level: Finite,
}

/// A measured value of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricResult {
    /// The metric's name as the tool wrote it.
    pub metric: String,
    /// The value.
    pub value: Measured,
    /// The dataset it was measured on.
    pub dataset: Option<String>,
    /// The split of the dataset.
    pub split: Option<String>,
    /// The part of the dataset; empty for all of it.
    pub slice: Slice,
    /// The class it speaks of, for per-class metrics.
    pub class: Option<String>,
    /// The training step.
    pub step: Option<i64>,
    /// How many examples it was measured on.
    pub n: Option<u64>,
    /// Standard error, same unit as the value.
    pub stderr: Option<Finite>,
    /// Confidence interval that the tool gave.
    pub ci: Option<Interval>,
    /// The evaluation harness and its version.
    pub harness: Option<String>,
    /// Where it was read.
    pub source: Pointer,
}

impl MetricResult {
    /// A result that says only metric, value and place.
    pub fn new(metric: impl Into<String>, value: impl Into<Measured>, source: Pointer) -> Self {
        Self {
            metric: metric.into(),
            value: value.into(),
            dataset: None,
            split: None,
            slice: Slice::default(),
            class: None,
            step: None,
            n: None,
            stderr: None,
            ci: None,
            harness: None,
            source,
        }
    }

    /// What makes two results speak of the same thing: metric, dataset, split, slice, class.
    pub fn key(&self) -> (&str, Option<&str>, Option<&str>, &Slice, Option<&str>) {
        (&self.metric, self.dataset.as_deref(), self.split.as_deref(), &self.slice, self.class.as_deref())
    }

    /// Whether it speaks of the whole dataset and of all classes.
    pub fn is_overall(&self) -> bool {
        self.slice.is_overall() && self.class.is_none()
    }
}

/// A value that stands where a metric is due but is no number. The gate calls it invalid, not
/// missing: nothing is coerced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The metric's name as the tool wrote it.
    pub metric: String,
    /// The dataset, when known.
    pub dataset: Option<String>,
    /// The slice, when known.
    pub slice: Slice,
    /// The class, when known.
    pub class: Option<String>,
    /// What stands there, in words ("text \"0.9\"", "two different values").
    pub found: String,
    /// Where it was read.
    pub source: Pointer,
}
