//! The bootstrap of one model's metric, or of the difference of two models on the same examples.
//!
//! In: per-example scores, predictions or ranks, perhaps the cluster of each example, and a seed of
//! 32 bytes. Out: the metric's bootstrap distribution. The same inputs give the same bits on any
//! number of threads, on any machine, and in any order of the examples: each resample has a ChaCha
//! stream of its own, indices are drawn with integers only, and examples are sorted beforehand.
//!
//! It is the true multinomial bootstrap of B. Efron (1979): n units drawn with replacement, each
//! equally likely. Clusters are drawn whole (A. C. Davison and D. V. Hinkley 1997, section 3.8).

mod draws;
mod sample;

use rayon::prelude::*;

use super::distributions::{normal_quantile, normal_sf, student_quantile, student_sf};
use super::{Evidence, Interval, Level, Method, Undecidable};
use sample::Sample;

/// Resamples unless something else is asked for.
pub const RESAMPLES: u32 = 10_000;

/// The most resamples.
pub const MOST_RESAMPLES: u32 = 1_000_000;

/// The fewest units (examples or clusters) that are resampled. With fewer the resamples are too much
/// alike; docs/gate/statistics.md shows the coverage at 10.
pub const FEWEST_UNITS: u64 = 10;

/// The fewest units that must differ from the most frequent one; with fewer the bootstrap cannot see
/// how rare the rare ones are.
pub const FEWEST_VARYING: u64 = 5;

/// A metric of counted predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountMetric {
    /// (TP + TN) / n.
    Accuracy,
    /// TP / (TP + FP).
    Precision,
    /// TP / (TP + FN).
    Recall,
    /// 2·TP / (2·TP + FP + FN).
    F1,
}

/// What was observed, one entry per example. Without a baseline it is the candidate's own metric.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    /// The mean of scores.
    Mean {
        /// The candidate's scores.
        candidate: &'a [f64],
        /// The baseline's, of the same examples in the same order.
        baseline: Option<&'a [f64]>,
    },
    /// A metric of counts.
    Counts {
        /// Which.
        metric: CountMetric,
        /// The truth.
        labels: &'a [bool],
        /// The candidate's predictions.
        candidate: &'a [bool],
        /// The baseline's.
        baseline: Option<&'a [bool]>,
    },
    /// The area under the ROC curve, ties counting one half.
    Auc {
        /// The truth.
        labels: &'a [bool],
        /// The candidate's scores.
        candidate: &'a [f64],
        /// The baseline's.
        baseline: Option<&'a [f64]>,
    },
}

/// How to resample.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The key of the random streams; docs/gate/statistics.md says what it is made of.
    pub seed: [u8; 32],
    /// How many resamples; [`RESAMPLES`] is the usual number.
    pub resamples: u32,
    /// The cluster of each example, when examples are not independent. The numbers are only names.
    pub clusters: Option<&'a [u64]>,
}

/// A bootstrap distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    estimate: f64,
    /// Ascending.
    replicates: Vec<f64>,
    units: u64,
    clustered: bool,
}

/// Resamples.
///
/// # Errors
/// When lists differ in length or a number is not finite; with fewer than [`FEWEST_UNITS`] units or
/// [`FEWEST_VARYING`] that differ; when the metric has no value for the data or for more than one in
/// a thousand of the resamples.
pub fn bootstrap(data: &Data<'_>, plan: &Plan<'_>) -> Result<Bootstrap, Undecidable> {
    if !(1..=MOST_RESAMPLES).contains(&plan.resamples) {
        return Err(Undecidable::OutOfRange("the number of resamples"));
    }
    let sample = Sample::new(data, plan.clusters)?;
    let units = u64::from(sample.units());
    if units < FEWEST_UNITS {
        return Err(Undecidable::TooFew { n: units, needs: FEWEST_UNITS });
    }
    match sample.varying() {
        0 => return Err(Undecidable::NoVariation),
        varying if varying < FEWEST_VARYING => {
            return Err(Undecidable::TooAlike { varying, needs: FEWEST_VARYING });
        }
        _ => {}
    }
    let estimate = sample.observed().ok_or(Undecidable::NoValue)?;
    let drawn: Vec<Option<f64>> = (0..plan.resamples)
        .into_par_iter()
        .map_init(|| sample.scratch(), |scratch, i| sample.replicate(&plan.seed, u64::from(i), scratch))
        .collect();
    let mut replicates: Vec<f64> = drawn.into_iter().flatten().collect();
    let without = plan.resamples as usize - replicates.len();
    if without > plan.resamples as usize / 1000 {
        return Err(Undecidable::NoValue);
    }
    replicates.sort_unstable_by(f64::total_cmp);
    Ok(Bootstrap { estimate, replicates, units, clustered: plan.clusters.is_some() })
}

impl Bootstrap {
    /// The values of the metric in the resamples, ascending.
    pub fn replicates(&self) -> &[f64] {
        &self.replicates
    }

    /// The number of units that were resampled: examples, or clusters.
    pub fn units(&self) -> u64 {
        self.units
    }

    fn widening(&self) -> (f64, f64) {
        let n = self.units as f64;
        ((n / (n - 1.0)).sqrt(), n - 1.0)
    }

    /// The p-value of a limit that a share `beyond`/B of the resamples reaches.
    fn p(&self, beyond: usize) -> f64 {
        let share = (beyond as f64 + 1.0) / (self.replicates.len() as f64 + 1.0);
        if share >= 1.0 {
            return 1.0;
        }
        let (wide, df) = self.widening();
        student_sf(-normal_quantile(share) / wide, df)
    }
}

/// The expanded percentile interval of T. C. Hesterberg (2015, The American Statistician 69,
/// 371–386): percentiles at Φ(−√(n/(n−1))·t), which makes good that plain percentiles are too narrow
/// when n is small; order statistics are taken outwards. The p-values invert it.
impl Evidence for Bootstrap {
    fn estimate(&self) -> f64 {
        self.estimate
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let (wide, df) = self.widening();
        let tail = normal_sf(wide * student_quantile(level.tail(), df));
        let count = self.replicates.len();
        let rank = (tail * (count as f64 + 1.0)).floor() as usize;
        let (Some(low), Some(high)) =
            (rank.checked_sub(1).and_then(|i| self.replicates.get(i)), self.replicates.get(count.saturating_sub(rank)))
        else {
            return Err(Undecidable::TooFew { n: count as u64, needs: (1.0 / tail).ceil() as u64 });
        };
        let method = if self.clustered { Method::ClusterBootstrap } else { Method::Bootstrap };
        if low == high {
            return Err(Undecidable::NoVariation);
        }
        Interval::new(self.estimate, *low, *high, level, method)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        super::finite(&[limit])?;
        Ok(self.p(self.replicates.len() - self.replicates.partition_point(|v| *v < limit)))
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        super::finite(&[limit])?;
        Ok(self.p(self.replicates.partition_point(|v| *v <= limit)))
    }
}
