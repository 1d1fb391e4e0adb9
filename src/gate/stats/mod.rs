//! Statistics of the gate: numbers in, intervals, p-values and decisions out.
//!
//! In: counts, values with their standard errors, per-example scores. Out: an [`Interval`], a
//! p-value or a [`decide::Decision`], or an [`Undecidable`] that says why there is none. Nothing
//! here knows policies, files or runs. No method gives an interval of no width, and none gives NaN:
//! evidence that cannot carry a statement is an error, never a narrow interval.
//!
//! docs/gate/statistics.md says which method is meant for which evidence, and how well each one
//! keeps its word in simulation.

pub mod bootstrap;
pub mod decide;
pub mod delong;
pub mod distributions;
pub mod mcnemar;
pub mod mean;
pub mod multiplicity;
pub mod power;
pub mod proportion;

use std::fmt;

/// Why no statement can be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Undecidable {
    /// A number is NaN or infinite.
    NotFinite,
    /// A number is outside what it can be: a count above its total, a negative standard error, a
    /// confidence of 100 %.
    OutOfRange(&'static str),
    /// Too few observations for the method.
    TooFew {
        /// How many there are.
        n: u64,
        /// How many the method needs.
        needs: u64,
    },
    /// More observations than the method can take.
    TooMany {
        /// How many there are.
        n: u64,
        /// The most that it takes.
        limit: u64,
    },
    /// Lists that belong together have different lengths.
    Lengths(usize, usize),
    /// The labels know one class only.
    OneClass,
    /// All observations are equal: the method would give an interval of no width.
    NoVariation,
    /// So few observations differ from all the others that their weight cannot be known.
    TooAlike {
        /// How many differ.
        varying: u64,
        /// How many the method needs.
        needs: u64,
    },
    /// The metric has no value (0/0) for the data or for too many of the resamples.
    NoValue,
}

impl fmt::Display for Undecidable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str("a number is NaN or infinite"),
            Self::OutOfRange(what) => write!(f, "{what} is out of range"),
            Self::TooFew { n, needs } => write!(f, "n = {n} is too few, at least {needs} are needed"),
            Self::TooMany { n, limit } => write!(f, "n = {n} is more than the method takes ({limit})"),
            Self::Lengths(left, right) => write!(f, "{left} values cannot be paired with {right}"),
            Self::OneClass => f.write_str("all labels are of one class"),
            Self::NoVariation => f.write_str("all values are equal, so they do not tell how much they would vary"),
            Self::TooAlike { varying, needs } => {
                write!(f, "only {varying} of the values differ from the rest, at least {needs} must")
            }
            Self::NoValue => f.write_str("the metric has no value (0/0)"),
        }
    }
}

impl std::error::Error for Undecidable {}

/// How sure: the probability that is left to each tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    tail: f64,
}

impl Level {
    /// Each bound alone holds with this confidence (0.95 leaves 5 % below the lower bound).
    ///
    /// # Errors
    /// Unless 0.5 < `confidence` < 1.
    pub fn one_sided(confidence: f64) -> Result<Self, Undecidable> {
        Self::of_tail(1.0 - confidence)
    }

    /// Both bounds together hold with this confidence (0.95 leaves 2.5 % to each side).
    ///
    /// # Errors
    /// Unless 0 < `confidence` < 1.
    pub fn two_sided(confidence: f64) -> Result<Self, Undecidable> {
        Self::of_tail((1.0 - confidence) / 2.0)
    }

    /// The level that leaves `tail` on each side.
    ///
    /// # Errors
    /// Unless 0 < `tail` < 0.5.
    pub fn of_tail(tail: f64) -> Result<Self, Undecidable> {
        if tail > 0.0 && tail < 0.5 { Ok(Self { tail }) } else { Err(Undecidable::OutOfRange("the confidence")) }
    }

    /// The probability that is left to each tail.
    pub fn tail(self) -> f64 {
        self.tail
    }

    /// The normal quantile that leaves this tail above it.
    pub fn z(self) -> f64 {
        -distributions::normal_quantile(self.tail)
    }
}

/// The method that gave an interval; the verdict records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson score interval of one proportion.
    Wilson,
    /// Clopper–Pearson exact interval of one proportion.
    ClopperPearson,
    /// Newcombe's score interval for the difference of two independent proportions.
    Newcombe,
    /// Tango's score interval for the difference of paired proportions.
    Tango,
    /// Normal interval from a standard error.
    Stderr,
    /// Student's t.
    Student,
    /// Rule of three for observations that are all equal, within a known range.
    Constant,
    /// DeLong: of a paired difference.
    Delong,
    /// DeLong on the scale of log odds: of one AUC.
    DelongLogit,
    /// Newcombe's score interval of an AUC, where DeLong's variance is zero.
    AucScore,
    /// Paired bootstrap of examples.
    Bootstrap,
    /// Paired bootstrap of clusters.
    ClusterBootstrap,
}

impl Method {
    /// Its name in verdicts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::ClopperPearson => "clopper-pearson",
            Self::Newcombe => "newcombe",
            Self::Tango => "tango",
            Self::Stderr => "stderr",
            Self::Student => "student-t",
            Self::Constant => "rule-of-three",
            Self::Delong => "delong",
            Self::DelongLogit => "delong-logit",
            Self::AucScore => "auc-score",
            Self::Bootstrap => "paired-bootstrap",
            Self::ClusterBootstrap => "cluster-bootstrap",
        }
    }
}

/// An estimate with a lower and an upper bound, each of which holds at `level` by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The point estimate.
    pub estimate: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// How sure each bound is.
    pub level: Level,
    /// How it was computed.
    pub method: Method,
}

impl Interval {
    /// An interval, if it is one: finite, with some width, around its estimate.
    ///
    /// # Errors
    /// [`Undecidable::NotFinite`] or [`Undecidable::NoVariation`].
    pub fn new(estimate: f64, low: f64, high: f64, level: Level, method: Method) -> Result<Self, Undecidable> {
        if !(estimate.is_finite() && low.is_finite() && high.is_finite()) {
            return Err(Undecidable::NotFinite);
        }
        // A bound may not lie on the wrong side of the estimate, be it by rounding or by skewness.
        let (low, high) = (low.min(estimate), high.max(estimate));
        if low < high { Ok(Self { estimate, low, high, level, method }) } else { Err(Undecidable::NoVariation) }
    }

    /// The interval of the negated quantity.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { estimate: -self.estimate, low: -self.high, high: -self.low, ..self }
    }

    /// The standard error that a normal interval of this width would have.
    pub fn stderr(&self) -> f64 {
        (self.high - self.low) / (2.0 * self.level.z())
    }
}

/// Evidence about one number: a value, or a difference candidate − baseline.
pub trait Evidence: fmt::Debug {
    /// The point estimate.
    fn estimate(&self) -> f64;

    /// The bounds at a level.
    ///
    /// # Errors
    /// When the evidence cannot carry an interval.
    fn interval(&self, level: Level) -> Result<Interval, Undecidable>;

    /// The one-sided p-value of "the truth is below `limit`": small when it surely is.
    ///
    /// Unless a method has a test of its own, this inverts its upper bound.
    ///
    /// # Errors
    /// When the evidence cannot carry an interval, or the limit is not finite.
    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        invert(
            limit - self.estimate(),
            |level| Ok(limit - self.interval(level)?.high),
            |level| Ok(self.interval(level)?.low - limit),
        )
    }

    /// The one-sided p-value of "the truth is above `limit`": small when it surely is.
    ///
    /// # Errors
    /// As [`Evidence::p_below`].
    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        invert(
            self.estimate() - limit,
            |level| Ok(self.interval(level)?.low - limit),
            |level| Ok(limit - self.interval(level)?.high),
        )
    }
}

/// The most extreme quantile that is looked at: a tail of about 1e-297.
const FARTHEST: f64 = 36.8;

/// The tail at which a bound meets the limit. `inside` tells on which side of the limit the estimate
/// lies; `gap` is positive while the bound on the near side is still past the limit, `other` is the
/// same for the far side, for p-values above one half.
fn invert(
    inside: f64,
    gap: impl Fn(Level) -> Result<f64, Undecidable>,
    other: impl Fn(Level) -> Result<f64, Undecidable>,
) -> Result<f64, Undecidable> {
    if !inside.is_finite() {
        return Err(Undecidable::NotFinite);
    }
    let level = |z: f64| Level::of_tail(distributions::normal_sf(z).min(0.5 - f64::EPSILON));
    let tail = |gap: &dyn Fn(Level) -> Result<f64, Undecidable>| {
        let (mut low, mut high) = (0.0, FARTHEST);
        // An error at any level is an error of the whole: look at one first.
        gap(level(1.0)?)?;
        for _ in 0..80 {
            let middle = (low + high) / 2.0;
            if gap(level(middle)?)? > 0.0 { low = middle } else { high = middle }
        }
        Ok(distributions::normal_sf(low))
    };
    if inside > 0.0 { tail(&gap) } else { Ok(1.0 - tail(&other)?) }
}

/// The most observations: above it the narrowest intervals would round to nothing.
pub const MOST: u64 = 1 << 50;

/// Not more than [`MOST`], or an error.
pub(crate) fn not_too_many(n: u64) -> Result<(), Undecidable> {
    if n > MOST { Err(Undecidable::TooMany { n, limit: MOST }) } else { Ok(()) }
}

/// All finite, or an error.
pub(crate) fn finite(values: &[f64]) -> Result<(), Undecidable> {
    if values.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Undecidable::NotFinite) }
}

/// Lists of one length, or an error.
pub(crate) fn same_length<A, B>(left: &[A], right: &[B]) -> Result<(), Undecidable> {
    if left.len() == right.len() { Ok(()) } else { Err(Undecidable::Lengths(left.len(), right.len())) }
}
