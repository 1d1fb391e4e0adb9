//! What an amount of evidence can show, and how much evidence a statement needs.
//!
//! In: standard errors, rates, margins, a level and a power. Out: effects and numbers of examples.
//! The power is the chance to reach the statement when it is true by that much.

use super::distributions::normal_quantile;
use super::{Interval, Level, Undecidable, finite};

/// The usual power.
pub const POWER: f64 = 0.8;

/// z of the level plus z of the power.
fn reach(level: Level, power: f64) -> Result<f64, Undecidable> {
    if (0.5..1.0).contains(&power) {
        Ok(level.z() + normal_quantile(power))
    } else {
        Err(Undecidable::OutOfRange("the power"))
    }
}

/// A number of examples, rounded up; `None` beyond 2^53.
fn whole(n: f64) -> Option<u64> {
    // A hair below a whole number is that number, not one more.
    let up = (n - 1e-9 * n.abs().max(1e-3)).ceil().max(1.0);
    (up < 9.0e15).then_some(up as u64)
}

/// The minimum detectable effect of a normal test: (z_α + z_β)·se.
///
/// # Errors
/// When the standard error is not positive and finite, or the power not within 0.5 and 1.
pub fn detectable(stderr: f64, level: Level, power: f64) -> Result<f64, Undecidable> {
    finite(&[stderr])?;
    if stderr > 0.0 { Ok(reach(level, power)? * stderr) } else { Err(Undecidable::NoVariation) }
}

/// The minimum detectable effect of evidence with this interval, from its width.
///
/// # Errors
/// As [`detectable`].
pub fn detectable_by(interval: &Interval, power: f64) -> Result<f64, Undecidable> {
    detectable(interval.stderr(), interval.level, power)
}

/// The examples for a paired comparison of right and wrong to prove a regression of at most `margin`
/// when there is none, where the two models disagree on a share of `disagreement`:
/// (z_α + z_β)²·d/m². `None` when no number will do.
///
/// # Errors
/// When a number is out of range.
pub fn paired_n(disagreement: f64, margin: f64, level: Level, power: f64) -> Result<Option<u64>, Undecidable> {
    finite(&[disagreement, margin])?;
    if !(0.0..=1.0).contains(&disagreement) {
        return Err(Undecidable::OutOfRange("the share of disagreement"));
    }
    if margin <= 0.0 {
        return Ok(None);
    }
    Ok(whole(reach(level, power)?.powi(2) * disagreement / (margin * margin)))
}

/// The smallest n at which an observed rate proves a rate of at least `min`: by Wilson's bound, at a
/// rate of 1 by the exact one. `None` when the rate is not above the minimum.
///
/// # Errors
/// When a rate is not within 0 and 1.
pub fn floor_n(rate: f64, min: f64, level: Level) -> Result<Option<u64>, Undecidable> {
    finite(&[rate, min])?;
    if !(0.0..=1.0).contains(&rate) || !(0.0..=1.0).contains(&min) {
        return Err(Undecidable::OutOfRange("a rate"));
    }
    Ok(match (rate, min) {
        (_, 0.0) => Some(1),
        (rate, min) if rate <= min => None,
        (1.0, min) => whole(level.tail().ln() / min.ln()),
        (rate, min) => whole((level.z() / (rate - min)).powi(2) * min * (1.0 - min)),
    })
}

/// The smallest number of discordant pairs, all of them wins, at which the sign test can reach the
/// level: 2^−n ≤ tail; for mid-p half of that.
pub fn sign_n(level: Level, mid_p: bool) -> u64 {
    let tail = if mid_p { 2.0 * level.tail() } else { level.tail() };
    (1..=1100).find(|n| 0.5f64.powi(*n) <= tail).map_or(u64::MAX, |n| n.unsigned_abs().into())
}

/// The examples for a mean of values within \[0, 1\] to be within `epsilon` on one side with
/// probability 1 − `delta`, whatever their distribution: ln(1/δ) / 2ε² (W. Hoeffding 1963).
///
/// # Errors
/// When a number is out of range.
pub fn hoeffding_n(epsilon: f64, delta: f64) -> Result<Option<u64>, Undecidable> {
    finite(&[epsilon, delta])?;
    if epsilon > 0.0 && delta > 0.0 && delta < 1.0 {
        Ok(whole(-delta.ln() / (2.0 * epsilon * epsilon)))
    } else {
        Err(Undecidable::OutOfRange("epsilon or delta"))
    }
}

/// The chance that at least one of `rules` independent tests at this level fails by bad luck.
pub fn false_block(rules: u32, level: Level) -> f64 {
    -(f64::from(rules) * (-level.tail()).ln_1p()).exp_m1()
}

/// The examples at which the bound below the estimate would reach `limit`, if the estimate stayed and
/// the interval shrank like 1/√n; `None` when the estimate itself is not above the limit.
pub fn needed_n(interval: &Interval, n: u64, limit: f64) -> Option<u64> {
    let (half, room) = (interval.estimate - interval.low, interval.estimate - limit);
    if room > 0.0 && half > 0.0 && limit.is_finite() { whole(n as f64 * (half / room).powi(2)) } else { None }
}
