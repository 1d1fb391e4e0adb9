//! Proportions: one, the difference of two independent ones, the difference of paired ones.
//!
//! In: counts. Out: score intervals, which keep some width at 0 of n and n of n, and exact ones.

use super::distributions::{beta_quantile, binomial_cdf, bisect, normal_sf};
use super::{Evidence, Interval, Level, Method, Undecidable, mcnemar};

/// `k` of `n` independent examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    k: u64,
    n: u64,
}

impl Proportion {
    /// `k` of `n`.
    ///
    /// # Errors
    /// When n = 0, k > n, or n is above [`super::MOST`].
    pub fn new(k: u64, n: u64) -> Result<Self, Undecidable> {
        super::not_too_many(n)?;
        match (k, n) {
            (_, 0) => Err(Undecidable::TooFew { n, needs: 1 }),
            (k, n) if k > n => Err(Undecidable::OutOfRange("the count")),
            _ => Ok(Self { k, n }),
        }
    }

    /// The counts of a rate that was written as a number.
    ///
    /// # Errors
    /// When `rate`·`n` is not a whole number: then the rate is no proportion of n examples. Rates
    /// that were rounded to four digits or more are recognised.
    pub fn of_rate(rate: f64, n: u64) -> Result<Self, Undecidable> {
        if !rate.is_finite() {
            return Err(Undecidable::NotFinite);
        }
        let k = (rate * n as f64).round();
        if !(0.0..=1.0).contains(&rate) || (k / (n.max(1)) as f64 - rate).abs() > 5.1e-5 {
            return Err(Undecidable::OutOfRange("the rate"));
        }
        Self::new(k as u64, n)
    }

    fn rate(self) -> f64 {
        self.k as f64 / self.n as f64
    }

    fn degenerate(self) -> bool {
        self.k == 0 || self.k == self.n
    }

    /// Wilson's score interval (E. B. Wilson 1927): the rates p with |p̂ − p| ≤ z·√(p(1−p)/n).
    ///
    /// # Errors
    /// Never for counts that [`Proportion::new`] takes.
    pub fn wilson(self, level: Level) -> Result<Interval, Undecidable> {
        let (low, high) = wilson_bounds(self.rate(), self.n as f64, level.z());
        Interval::new(self.rate(), low, high, level, Method::Wilson)
    }

    /// The exact interval of Clopper and Pearson (1934), from quantiles of the beta distribution. At
    /// 0 of n its upper bound is 1 − tail^(1/n): the rule of three.
    ///
    /// # Errors
    /// When n is too large for exact tails and the count is not 0 or n.
    pub fn clopper_pearson(self, level: Level) -> Result<Interval, Undecidable> {
        let (k, n) = (self.k as f64, self.n as f64);
        let tail = level.tail();
        let all = (tail.ln() / n).exp();
        let none = -(tail.ln() / n).exp_m1();
        if !self.degenerate() {
            binomial_cdf(self.k, self.n, 0.5)?;
        }
        let low = match self.k {
            0 => 0.0,
            k if k == self.n => all,
            _ => beta_quantile(k, n - k + 1.0, tail),
        };
        let high = match self.k {
            k if k == self.n => 1.0,
            0 => none,
            _ => 1.0 - beta_quantile(n - k, k + 1.0, tail),
        };
        Interval::new(self.rate(), low, high, level, Method::ClopperPearson)
    }
}

fn wilson_bounds(rate: f64, n: f64, z: f64) -> (f64, f64) {
    let share = z * z / n;
    let middle = rate + share / 2.0;
    let half = z * (rate * (1.0 - rate) / n + share / (4.0 * n)).sqrt();
    (((middle - half) / (1.0 + share)).clamp(0.0, 1.0), ((middle + half) / (1.0 + share)).clamp(0.0, 1.0))
}

/// Wilson, and the exact interval at 0 of n and n of n, where Wilson promises a little too much.
impl Evidence for Proportion {
    fn estimate(&self) -> f64 {
        self.rate()
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        if self.degenerate() { self.clopper_pearson(level) } else { self.wilson(level) }
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        one_sample(self.k, self.n, limit)
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        one_sample(self.n - self.k, self.n, 1.0 - limit)
    }
}

/// p of "the rate is below the limit": the score test that Wilson inverts, or the exact one.
fn one_sample(k: u64, n: u64, limit: f64) -> Result<f64, Undecidable> {
    if !limit.is_finite() {
        return Err(Undecidable::NotFinite);
    }
    if limit <= 0.0 {
        return Ok(1.0);
    }
    if limit >= 1.0 {
        // Only one rate is not below 1, and it cannot give a miss.
        return Ok(if k == n && limit == 1.0 { 1.0 } else { 0.0 });
    }
    let count = n as f64;
    Ok(match k {
        0 => (count * (-limit).ln_1p()).exp(),
        k if k == n => 1.0,
        _ => normal_sf((limit - k as f64 / count) / (limit * (1.0 - limit) / count).sqrt()),
    })
}

/// The difference of two independent proportions, candidate − baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoProportions {
    /// The candidate's counts.
    pub candidate: Proportion,
    /// The baseline's counts.
    pub baseline: Proportion,
}

/// The hybrid score interval of R. G. Newcombe (1998, Statistics in Medicine 17, 873–890, method
/// 10): the two Wilson intervals, combined by the square root of the sum of squares.
impl Evidence for TwoProportions {
    fn estimate(&self) -> f64 {
        self.candidate.rate() - self.baseline.rate()
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let z = level.z();
        let (a, b) = (self.candidate.rate(), self.baseline.rate());
        let (a_low, a_high) = wilson_bounds(a, self.candidate.n as f64, z);
        let (b_low, b_high) = wilson_bounds(b, self.baseline.n as f64, z);
        let low = a - b - (a - a_low).hypot(b_high - b);
        let high = a - b + (a_high - a).hypot(b - b_low);
        Interval::new(a - b, low.max(-1.0), high.min(1.0), level, Method::Newcombe)
    }
}

/// The difference of two proportions on the same examples, candidate − baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedProportions {
    wins: u64,
    losses: u64,
    n: u64,
}

impl PairedProportions {
    /// Of `n` examples, `wins` that only the candidate got right and `losses` that only the baseline
    /// got right.
    ///
    /// # Errors
    /// When n = 0, the two are more than n, or n is above [`super::MOST`].
    pub fn new(wins: u64, losses: u64, n: u64) -> Result<Self, Undecidable> {
        super::not_too_many(n)?;
        if n == 0 {
            return Err(Undecidable::TooFew { n, needs: 1 });
        }
        match wins.checked_add(losses) {
            Some(both) if both <= n => Ok(Self { wins, losses, n }),
            _ => Err(Undecidable::OutOfRange("the number of discordant pairs")),
        }
    }

    /// Counts the pairs of two lists of right (true) and wrong.
    ///
    /// # Errors
    /// When the lists are empty or of different lengths.
    pub fn of(candidate: &[bool], baseline: &[bool]) -> Result<Self, Undecidable> {
        super::same_length(candidate, baseline)?;
        let pairs = || candidate.iter().zip(baseline);
        let wins = pairs().filter(|(a, b)| **a && !**b).count();
        let losses = pairs().filter(|(a, b)| !**a && **b).count();
        Self::new(wins as u64, losses as u64, candidate.len() as u64)
    }

    /// Examples that the two judge differently.
    pub fn discordant(self) -> u64 {
        self.wins + self.losses
    }

    /// Examples that only the candidate got right.
    pub fn wins(self) -> u64 {
        self.wins
    }

    /// Examples that only the baseline got right.
    pub fn losses(self) -> u64 {
        self.losses
    }

    /// Tango's score statistic for a true difference of `delta`: (p̂ − δ) over its standard error
    /// with the nuisance rate at its restricted maximum likelihood.
    fn score(self, delta: f64) -> f64 {
        let (b, c, n) = (self.wins as f64, self.losses as f64, self.n as f64);
        // 2n·q² + B·q − c·δ(1−δ) = 0 for the rate q of losses; see Tango 1998, formula 4.
        let linear = (2.0 * n - b + c) * delta - b - c;
        let constant = -c * delta * (1.0 - delta);
        let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
        let q = if linear > 0.0 {
            // The same root without cancellation.
            if constant == 0.0 { 0.0 } else { -2.0 * constant / (linear + root) }
        } else {
            (root - linear) / (4.0 * n)
        };
        let variance = (n * (2.0 * q + delta * (1.0 - delta))).max(0.0);
        let numerator = b - c - n * delta;
        if numerator == 0.0 { 0.0 } else { numerator / variance.sqrt() }
    }
}

/// The score interval of T. Tango (1998, Statistics in Medicine 17, 891–908), and McNemar's mid-p
/// where the limit is no difference at all.
impl Evidence for PairedProportions {
    fn estimate(&self) -> f64 {
        (self.wins as f64 - self.losses as f64) / self.n as f64
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        let (z, estimate) = (level.z(), self.estimate());
        let low = bisect(-1.0, estimate, |delta| self.score(delta) > z);
        let high = bisect(estimate, 1.0, |delta| self.score(delta) > -z);
        Interval::new(estimate, low, high, level, Method::Tango)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        paired(*self, limit)
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        paired(Self { wins: self.losses, losses: self.wins, n: self.n }, -limit)
    }
}

fn paired(counts: PairedProportions, limit: f64) -> Result<f64, Undecidable> {
    if !limit.is_finite() {
        return Err(Undecidable::NotFinite);
    }
    if limit <= -1.0 {
        return Ok(1.0);
    }
    if limit >= 1.0 {
        return Ok(if counts.wins == counts.n && limit == 1.0 { 1.0 } else { 0.0 });
    }
    if limit == 0.0 && counts.discordant() <= super::distributions::EXACT_LIMIT {
        return mcnemar::mid_p(counts.wins, counts.losses, mcnemar::Side::Less);
    }
    Ok(normal_sf(-counts.score(limit)))
}
