//! Distances and tests on the values themselves.
//!
//! In: two samples. Out: the Kolmogorov–Smirnov statistic with its p-values, and Wasserstein's distance. Both walk
//! through the merged values once; ties are taken together.

use super::kolmogorov::{asymptotic, exact};
use super::summary::Sample;
use super::{NotComputed, Tested};

/// Up to so many rows a side the p-value is exact, as in `scipy.stats.ks_2samp(method="auto")`.
pub const EXACT_ROWS: u64 = 10_000;

/// How a p-value is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PValue {
    /// Counted over all orders in which the rows of both sides could have come.
    Exact,
    /// From the distribution for one sample of the harmonic size.
    Asymptotic,
    /// Exact up to [`EXACT_ROWS`] rows, else asymptotic.
    Auto,
}

/// Calls for each distinct value of both sides: the value, the one before, and how many rows of each side lie at or
/// below the one before.
fn steps(reference: &Sample, current: &Sample, mut call: impl FnMut(f64, f64, u64, u64)) {
    let (ours, theirs) = (reference.values(), current.values());
    let (mut i, mut j) = (0, 0);
    let mut before: Option<f64> = None;
    while let Some(next) = [ours.get(i), theirs.get(j)].into_iter().flatten().copied().reduce(f64::min) {
        if let Some(before) = before {
            call(next, before, reference.rank(i), current.rank(j));
        }
        while ours.get(i).is_some_and(|v| *v <= next) {
            i += 1;
        }
        while theirs.get(j).is_some_and(|v| *v <= next) {
            j += 1;
        }
        before = Some(next);
    }
}

/// The test of A. N. Kolmogorov and N. V. Smirnov for two samples, two-sided: the largest distance of the two
/// distribution functions, in [0, 1].
///
/// # Errors
/// When a side has no value.
pub fn kolmogorov_smirnov(reference: &Sample, current: &Sample, p_value: PValue) -> Result<Tested, NotComputed> {
    let (m, n) = (reference.rows(), current.rows());
    if m == 0 || n == 0 {
        return Err(NotComputed::Empty);
    }
    let mut largest = 0.0_f64;
    steps(reference, current, |_, _, i, j| {
        largest = largest.max((i as f64 / m as f64 - j as f64 / n as f64).abs());
    });
    let counted = match p_value {
        PValue::Exact => true,
        PValue::Asymptotic => false,
        PValue::Auto => m.max(n) <= EXACT_ROWS,
    };
    let p_value = if counted { exact(m as usize, n as usize, largest) } else { asymptotic(m, n, largest) };
    Ok(Tested { statistic: largest, p_value: p_value.clamp(0.0, 1.0) })
}

/// Wasserstein's distance of order 1, ∫ |F − G|: how far a row has to be moved on average, in the column's unit
/// (`scipy.stats.wasserstein_distance`).
///
/// # Errors
/// When a side has no value, or the values lie further apart than can be computed with.
pub fn wasserstein(reference: &Sample, current: &Sample) -> Result<f64, NotComputed> {
    let (m, n) = (reference.rows(), current.rows());
    if m == 0 || n == 0 {
        return Err(NotComputed::Empty);
    }
    let mut sum = 0.0;
    steps(reference, current, |next, before, i, j| {
        sum += (i as f64 / m as f64 - j as f64 / n as f64).abs() * (next - before);
    });
    if sum.is_finite() { Ok(sum) } else { Err(NotComputed::Overflow) }
}

/// Wasserstein's distance in standard deviations of the reference, of which at least 0.001 is taken (Evidently).
///
/// # Errors
/// As [`wasserstein`].
pub fn wasserstein_normed(reference: &Sample, current: &Sample) -> Result<f64, NotComputed> {
    let spread = reference.population_std().ok_or(NotComputed::Empty)?.max(0.001);
    Ok(wasserstein(reference, current)? / spread)
}
