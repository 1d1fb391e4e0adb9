//! Means and values with a standard error: normal, Student's t, and the rule of three.
//!
//! In: a value with its standard error, values of repeated runs, or scores of examples.

use super::distributions::{normal_sf, student_quantile, student_sf};
use super::{Evidence, Interval, Level, Method, Undecidable, finite, same_length};

/// A value with a standard error that is taken as known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    value: f64,
    stderr: f64,
}

impl Normal {
    /// A value and the standard error that its tool gave.
    ///
    /// # Errors
    /// When one is not finite, the standard error is negative, or zero.
    pub fn new(value: f64, stderr: f64) -> Result<Self, Undecidable> {
        finite(&[value, stderr])?;
        match stderr {
            s if s < 0.0 => Err(Undecidable::OutOfRange("the standard error")),
            0.0 => Err(Undecidable::NoVariation),
            // So small beside the value that the interval would round to nothing.
            s if value + s <= value => Err(Undecidable::NoVariation),
            _ => Ok(Self { value, stderr }),
        }
    }

    /// The difference of two values as if they were independent: too wide when both come from the
    /// same examples, which is the safe side for proving and the weak side for detecting (E. Miller
    /// 2024, arXiv:2411.00640, section 4).
    ///
    /// # Errors
    /// When the difference is not finite.
    pub fn difference(candidate: Self, baseline: Self) -> Result<Self, Undecidable> {
        Self::new(candidate.value - baseline.value, candidate.stderr.hypot(baseline.stderr))
    }
}

impl Evidence for Normal {
    fn estimate(&self) -> f64 {
        self.value
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let half = level.z() * self.stderr;
        Interval::new(self.value, self.value - half, self.value + half, level, Method::Stderr)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(normal_sf((limit - self.value) / self.stderr))
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(normal_sf((self.value - limit) / self.stderr))
    }
}

/// A mean whose standard error was estimated from the same few values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Student {
    value: f64,
    stderr: f64,
    df: f64,
}

/// The mean of a list and the variance of that mean.
fn moments(values: &[f64]) -> Result<(f64, f64), Undecidable> {
    finite(values)?;
    let n = values.len();
    if n < 2 {
        return Err(Undecidable::TooFew { n: n as u64, needs: 2 });
    }
    let first = values.first().copied().unwrap_or(0.0);
    let count = n as f64;
    // From the first value: equal values give a variance of exactly zero.
    let mean = values.iter().map(|v| v - first).sum::<f64>() / count;
    let squares = values.iter().map(|v| (v - first - mean).powi(2)).sum::<f64>();
    finite(&[mean, squares])?;
    Ok((first + mean, squares / (count - 1.0) / count))
}

impl Student {
    fn new(value: f64, variance: f64, df: f64) -> Result<Self, Undecidable> {
        let Normal { value, stderr } = Normal::new(value, variance.sqrt())?;
        if df.is_finite() && df > 0.0 { Ok(Self { value, stderr, df }) } else { Err(Undecidable::NotFinite) }
    }

    /// The mean of independent values: repeated runs, or one score per example (or per cluster).
    ///
    /// # Errors
    /// With fewer than two values, values that are all equal or not finite.
    pub fn of(values: &[f64]) -> Result<Self, Undecidable> {
        let (mean, variance) = moments(values)?;
        Self::new(mean, variance, values.len() as f64 - 1.0)
    }

    /// The mean of the differences of paired values: the same seeds, folds or examples.
    ///
    /// # Errors
    /// As [`Student::of`], and when the lists differ in length.
    pub fn paired(candidate: &[f64], baseline: &[f64]) -> Result<Self, Undecidable> {
        same_length(candidate, baseline)?;
        Self::of(&candidate.iter().zip(baseline).map(|(a, b)| a - b).collect::<Vec<f64>>())
    }

    /// The difference of the means of independent repeats with unequal variances (B. L. Welch 1947;
    /// degrees of freedom by F. E. Satterthwaite 1946).
    ///
    /// # Errors
    /// As [`Student::of`]; equal values on one side only are no error.
    pub fn welch(candidate: &[f64], baseline: &[f64]) -> Result<Self, Undecidable> {
        let ((a, va), (b, vb)) = (moments(candidate)?, moments(baseline)?);
        let (na, nb) = (candidate.len() as f64 - 1.0, baseline.len() as f64 - 1.0);
        // By shares, so that tiny variances do not underflow.
        let share = va / (va + vb);
        let df = 1.0 / (share * share / na + (1.0 - share) * (1.0 - share) / nb);
        if va + vb == 0.0 {
            return Err(Undecidable::NoVariation);
        }
        Self::new(a - b, va + vb, df)
    }

    /// The standard error of the mean.
    pub fn stderr(&self) -> f64 {
        self.stderr
    }

    /// The degrees of freedom.
    pub fn df(&self) -> f64 {
        self.df
    }
}

impl Evidence for Student {
    fn estimate(&self) -> f64 {
        self.value
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let half = student_quantile(level.tail(), self.df) * self.stderr;
        Interval::new(self.value, self.value - half, self.value + half, level, Method::Student)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(student_sf((limit - self.value) / self.stderr, self.df))
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(student_sf((self.value - limit) / self.stderr, self.df))
    }
}

/// Observations that are all equal, of a quantity with a known range.
///
/// With `n` of them, no more than a share of 1 − tail^(1/n) of all examples has another value (the
/// rule of three, J. A. Hanley and A. Lippman-Hand 1983), and none is outside the range; so the mean
/// is no farther than that share of the way to either end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    value: f64,
    n: u64,
    range: (f64, f64),
}

impl Constant {
    /// `n` observations of `value`, which can lie between the two ends of `range`. Differences of
    /// scores within \[0, 1\] have the range \[−1, 1\].
    ///
    /// # Errors
    /// When n = 0 or above [`super::MOST`], a number is not finite, or the value is not within the range.
    pub fn new(value: f64, n: u64, range: (f64, f64)) -> Result<Self, Undecidable> {
        finite(&[value, range.0, range.1])?;
        super::not_too_many(n)?;
        if n == 0 {
            return Err(Undecidable::TooFew { n, needs: 1 });
        }
        if range.0 < range.1 && range.0 <= value && value <= range.1 {
            Ok(Self { value, n, range })
        } else {
            Err(Undecidable::OutOfRange("the value"))
        }
    }
}

impl Evidence for Constant {
    fn estimate(&self) -> f64 {
        self.value
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let unseen = -(level.tail().ln() / self.n as f64).exp_m1();
        let low = self.value - unseen * (self.value - self.range.0);
        let high = self.value + unseen * (self.range.1 - self.value);
        Interval::new(self.value, low, high, level, Method::Constant)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(unseen(limit - self.value, self.range.1 - self.value, self.n))
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        finite(&[limit])?;
        Ok(unseen(self.value - limit, self.value - self.range.0, self.n))
    }
}

/// The chance to see `n` equal values although the mean is `distance` away, where the farthest
/// value is `room` away: then at least a share of distance/room has another value.
fn unseen(distance: f64, room: f64, n: u64) -> f64 {
    if distance <= 0.0 {
        1.0
    } else if distance >= room {
        0.0
    } else {
        (n as f64 * (-distance / room).ln_1p()).exp()
    }
}
