//! McNemar's test of paired right and wrong: exact, and mid-p.
//!
//! In: the numbers of examples that only one of two models got right. Out: a p-value. Under the null
//! hypothesis each such example is a fair coin. The sign test is the same test.

use super::Undecidable;
use super::distributions::{binomial_cdf, binomial_pmf};

/// The alternative hypothesis, about the wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// There are fewer wins than losses.
    Less,
    /// There are more wins than losses.
    Greater,
    /// There are more or fewer.
    Both,
}

/// Q. McNemar's test (1947) with exact binomial probabilities; 1 without discordant pairs.
///
/// # Errors
/// When there are too many pairs for exact tails.
pub fn exact(wins: u64, losses: u64, side: Side) -> Result<f64, Undecidable> {
    let n = total(wins, losses)?;
    Ok(match side {
        Side::Less => binomial_cdf(wins, n, 0.5)?,
        Side::Greater => binomial_cdf(losses, n, 0.5)?,
        Side::Both => (2.0 * binomial_cdf(wins.min(losses), n, 0.5)?).min(1.0),
    })
}

/// The mid-p version: half the probability of what was observed is left out. M. W. Fagerland,
/// S. Lydersen, P. Laake (2013, BMC Medical Research Methodology 13:91) recommend it: the exact test
/// is too timid, and this one stays at its level or close to it.
///
/// # Errors
/// As [`exact`].
pub fn mid_p(wins: u64, losses: u64, side: Side) -> Result<f64, Undecidable> {
    let n = total(wins, losses)?;
    let half = 0.5 * binomial_pmf(wins, n, 0.5);
    Ok(match side {
        Side::Less => binomial_cdf(wins, n, 0.5)? - half,
        Side::Greater => binomial_cdf(losses, n, 0.5)? - half,
        Side::Both if wins == losses => 1.0 - half,
        Side::Both => 2.0 * (binomial_cdf(wins.min(losses), n, 0.5)? - half),
    }
    .clamp(0.0, 1.0))
}

fn total(wins: u64, losses: u64) -> Result<u64, Undecidable> {
    wins.checked_add(losses).ok_or(Undecidable::OutOfRange("the number of discordant pairs"))
}
