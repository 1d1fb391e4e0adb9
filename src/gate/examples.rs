//! Per-example records: what a run says about each single example of its evaluation data.
//!
//! In: the columns of a file, as whoever reads files hands them over. Out: examples in the order of their ids,
//! and the pairs of two runs. Two runs are compared example by example only when both judged exactly the same
//! ones. Nothing here opens a file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::diag::{count, visible};
use crate::digest::Sha256;
use crate::model::{ExampleSpec, Run, Slice};

/// Whoever can read the per-example records of a run.
pub trait Records: Sync + fmt::Debug {
    /// The records of a run, with some columns more: those that slices are made of.
    ///
    /// # Errors
    /// Why there are none, in words.
    fn examples(&self, run: &Run, spec: &ExampleSpec, features: &[String]) -> Result<Arc<Examples>, String>;
}

/// Nobody: no run has per-example records.
#[derive(Clone, Copy, Debug)]
pub struct NoRecords;

impl Records for NoRecords {
    fn examples(&self, _: &Run, spec: &ExampleSpec, _: &[String]) -> Result<Arc<Examples>, String> {
        Err(format!("'{}' was not read", visible(&spec.file, 120)))
    }
}

/// One example.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// What identifies it in every run.
    pub id: String,
    /// The truth.
    pub label: Option<String>,
    /// The predicted class.
    pub prediction: Option<String>,
    /// The score of the positive class.
    pub score: Option<f64>,
    /// A number whose mean is the metric.
    pub value: Option<f64>,
    /// What it belongs to.
    pub cluster: Option<String>,
    /// The features that slices are made of.
    pub features: BTreeMap<String, String>,
}

/// The examples of a run, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The file.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256,
    rows: Vec<Example>,
}

impl Examples {
    /// Sorts examples by id.
    ///
    /// # Errors
    /// When an id is empty or stands twice.
    pub fn new(path: String, sha256: Sha256, mut rows: Vec<Example>) -> Result<Self, String> {
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        if rows.first().is_some_and(|r| r.id.is_empty()) {
            return Err(format!("an example in '{}' has no id", visible(&path, 120)));
        }
        if let Some([first, _]) = rows.windows(2).find_map(|pair| match pair {
            [a, b] if a.id == b.id => Some([a, b]),
            _ => None,
        }) {
            let (path, id) = (visible(&path, 120), visible(&first.id, 60));
            return Err(format!("'{path}' holds the example '{id}' twice"));
        }
        Ok(Self { path, sha256, rows })
    }

    /// Those of a slice, in the order of their ids.
    pub fn on<'a>(&'a self, slice: &'a Slice) -> Vec<&'a Example> {
        self.rows.iter().filter(|r| slice.0.iter().all(|(k, v)| r.features.get(k) == Some(v))).collect()
    }
}

/// The same examples of two runs, side by side.
///
/// # Errors
/// When one side has examples that the other has not, or their truth differs.
pub fn aligned<'a>(ours: &[&'a Example], theirs: &[&'a Example]) -> Result<Vec<(&'a Example, &'a Example)>, String> {
    let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.id == b.id);
    if !same {
        let ids = |side: &[&'a Example]| side.iter().map(|e| e.id.as_str()).collect::<std::collections::BTreeSet<_>>();
        let (here, there) = (ids(ours), ids(theirs));
        return Err(format!(
            "the two runs did not judge the same examples: {} only here, {} only there",
            here.difference(&there).count(),
            there.difference(&here).count()
        ));
    }
    let pairs: Vec<_> = ours.iter().copied().zip(theirs.iter().copied()).collect();
    let differ = pairs.iter().filter(|(a, b)| a.label != b.label || a.cluster != b.cluster).count();
    if differ > 0 {
        return Err(format!("the two runs name another label or cluster for {}", count(differ, "example")));
    }
    Ok(pairs)
}
