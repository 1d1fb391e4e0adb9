//! The test of T. W. Anderson and D. A. Darling for two samples.
//!
//! In: two samples. Out: the normalised statistic and a p-value, after F. W. Scholz and M. A. Stephens 1987 (J. Am.
//! Stat. Assoc. 82, 918), with midranks for ties, as `scipy.stats.anderson_ksamp`. The paper tabulates the distribution
//! between 0.25 and 0.001; a p-value beyond is given as the nearer end.

use super::summary::Sample;
use super::{NotComputed, Tested};

#[expect(clippy::approx_constant, reason = "2.718 is a critical value of the table, not e")]
/// The levels of the paper's table, and the critical values for two samples: b₀ + b₁ + b₂ of its table 2.
const TABLE: [(f64, f64); 7] =
    [(0.25, 0.325), (0.1, 1.226), (0.05, 1.961), (0.025, 2.718), (0.01, 3.752), (0.005, 4.592), (0.001, 6.546)];

/// The test, two-sided in that it looks at the whole distribution.
///
/// # Errors
/// When a side has no value, there are fewer than four, or all are the same.
pub fn anderson_darling(reference: &Sample, current: &Sample) -> Result<Tested, NotComputed> {
    let (m, n) = (reference.rows() as f64, current.rows() as f64);
    if m == 0.0 || n == 0.0 {
        return Err(NotComputed::Empty);
    }
    let all = m + n;
    if all < 4.0 {
        return Err(NotComputed::TooFew);
    }
    let (a, b) = (reference.values(), current.values());
    let (mut i, mut j) = (0, 0);
    let mut sums = [0.0, 0.0];
    let mut distinct = 0;
    while let Some(next) = [a.get(i), b.get(j)].into_iter().flatten().copied().reduce(f64::min) {
        let (before_i, before_j) = (reference.rank(i), current.rank(j));
        while a.get(i).is_some_and(|v| *v <= next) {
            i += 1;
        }
        while b.get(j).is_some_and(|v| *v <= next) {
            j += 1;
        }
        distinct += 1;
        let here = [(reference.rank(i) - before_i) as f64, (current.rank(j) - before_j) as f64];
        let ties = here[0] + here[1];
        let middle = (before_i + before_j) as f64 + ties / 2.0;
        let spread = middle * (all - middle) - all * ties / 4.0;
        let below = [before_i as f64 + here[0] / 2.0, before_j as f64 + here[1] / 2.0];
        for ((sum, below), rows) in sums.iter_mut().zip(below).zip([m, n]) {
            *sum += ties / all * (all * below - middle * rows).powi(2) / spread;
        }
    }
    if distinct < 2 {
        return Err(NotComputed::Constant);
    }
    let squared = (sums[0] / m + sums[1] / n) * (all - 1.0) / all;
    let statistic = (squared - 1.0) / variance(m, n).sqrt();
    Ok(Tested { statistic, p_value: p_value(statistic) })
}

/// The variance of the statistic when nothing has changed (equation 4 of the paper, k = 2).
fn variance(m: f64, n: f64) -> f64 {
    let all = m + n;
    let inverse = 1.0 / m + 1.0 / n;
    let (mut h, mut g) = (0.0, 0.0);
    let steps = (all as u64).saturating_sub(2);
    for step in 0..steps {
        h += 1.0 / (all - 1.0 - step as f64);
        g += h / (2.0 + step as f64);
    }
    h += 1.0;
    let k = 2.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverse;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * inverse + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    (a * all.powi(3) + b * all.powi(2) + c * all + d) / ((all - 1.0) * (all - 2.0) * (all - 3.0))
}

/// From a parabola through the logarithms of the levels, fitted by least squares.
fn p_value(statistic: f64) -> f64 {
    let [(largest, first), .., (smallest, last)] = TABLE;
    if statistic < first {
        return largest;
    }
    if statistic > last {
        return smallest;
    }
    // Sums of powers of the critical values, and of those times the logarithms.
    let power = |k: i32| TABLE.iter().map(|(_, x)| x.powi(k)).sum::<f64>();
    let mixed = |k: i32| TABLE.iter().map(|(level, x)| x.powi(k) * level.ln()).sum::<f64>();
    let (s0, s1, s2, s3, s4) = (power(0), power(1), power(2), power(3), power(4));
    let (t0, t1, t2) = (mixed(0), mixed(1), mixed(2));
    let determinant = s0 * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s2 * s3) + s2 * (s1 * s3 - s2 * s2);
    let c0 = t0 * (s2 * s4 - s3 * s3) - s1 * (t1 * s4 - s3 * t2) + s2 * (t1 * s3 - s2 * t2);
    let c1 = s0 * (t1 * s4 - t2 * s3) - t0 * (s1 * s4 - s2 * s3) + s2 * (s1 * t2 - t1 * s2);
    let c2 = s0 * (s2 * t2 - s3 * t1) - s1 * (s1 * t2 - t1 * s2) + t0 * (s1 * s3 - s2 * s2);
    ((c0 + c1 * statistic + c2 * statistic * statistic) / determinant).exp()
}
