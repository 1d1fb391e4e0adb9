//! Tests on counts: whether two sets of counts could come from one distribution.
//!
//! In: how many rows of each side fall into each category. Out: statistics with p-values, and effect sizes. The
//! chi-square distribution is that of `statrs`.

use statrs::function::gamma::checked_gamma_ur;

use super::shares::Counted;
use super::{NotComputed, Tested};

/// P(X² ≥ x) with so many degrees of freedom.
fn chi_square_sf(x: f64, freedom: f64) -> f64 {
    match (x, freedom) {
        (_, f) if f <= 0.0 => 1.0,
        (x, _) if x <= 0.0 => 1.0,
        (x, _) if x.is_infinite() => 0.0,
        (x, f) => checked_gamma_ur(f / 2.0, x / 2.0).map_or(0.0, |p| p.clamp(0.0, 1.0)),
    }
}

fn totals(counted: &[Counted]) -> Result<(f64, f64), NotComputed> {
    let reference: u64 = counted.iter().map(|c| c.reference).sum();
    let current: u64 = counted.iter().map(|c| c.current).sum();
    if reference == 0 || current == 0 { Err(NotComputed::Empty) } else { Ok((reference as f64, current as f64)) }
}

/// The categories that any side holds.
fn held(counted: &[Counted]) -> impl Iterator<Item = (f64, f64)> {
    counted.iter().filter(|c| c.reference + c.current > 0).map(|c| (c.reference as f64, c.current as f64))
}

/// Pearson's test that both sides have the same distribution, on the 2 × k table, without Yates' correction
/// (K. Pearson 1900; `scipy.stats.chi2_contingency(…, correction=False)`).
///
/// # Errors
/// When a side has no value, or both hold a single category.
pub fn homogeneity(counted: &[Counted]) -> Result<Tested, NotComputed> {
    let (reference, current) = totals(counted)?;
    let all = reference + current;
    let categories = held(counted).count();
    if categories < 2 {
        return Err(NotComputed::Constant);
    }
    let statistic = held(counted)
        .map(|(r, c)| {
            let (expected_r, expected_c) = ((r + c) * reference / all, (r + c) * current / all);
            (r - expected_r).powi(2) / expected_r + (c - expected_c).powi(2) / expected_c
        })
        .sum();
    Ok(Tested { statistic, p_value: chi_square_sf(statistic, categories as f64 - 1.0) })
}

/// Pearson's test that the current counts come from the reference's shares, taken as known
/// (`scipy.stats.chisquare`). A category that the reference lacks is impossible by it: infinite, p = 0.
///
/// # Errors
/// When a side has no value.
pub fn goodness_of_fit(counted: &[Counted]) -> Result<Tested, NotComputed> {
    let (reference, current) = totals(counted)?;
    let statistic = held(counted)
        .map(|(r, c)| {
            let expected = r * current / reference;
            if expected > 0.0 { (c - expected).powi(2) / expected } else { f64::INFINITY }
        })
        .sum();
    Ok(Tested { statistic, p_value: chi_square_sf(statistic, held(counted).count() as f64 - 1.0) })
}

/// The log-likelihood ratio test on the 2 × k table, 2 Σ O·ln(O/E) (S. S. Wilks 1935, as `scipy`'s
/// `chi2_contingency(…, lambda_="log-likelihood", correction=False)`).
///
/// # Errors
/// When a side has no value, or both hold a single category.
pub fn likelihood_ratio(counted: &[Counted]) -> Result<Tested, NotComputed> {
    let (reference, current) = totals(counted)?;
    let all = reference + current;
    let categories = held(counted).count();
    if categories < 2 {
        return Err(NotComputed::Constant);
    }
    let part = |observed: f64, expected: f64| if observed > 0.0 { observed * (observed / expected).ln() } else { 0.0 };
    let sum: f64 =
        held(counted).map(|(r, c)| part(r, (r + c) * reference / all) + part(c, (r + c) * current / all)).sum();
    let statistic = (2.0 * sum).max(0.0);
    Ok(Tested { statistic, p_value: chi_square_sf(statistic, categories as f64 - 1.0) })
}

/// Cramér's V of side and category, in [0, 1]: √(χ²/n), as the table has two rows (H. Cramér 1946).
///
/// # Errors
/// As [`homogeneity`].
pub fn cramers_v(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = totals(counted)?;
    Ok((homogeneity(counted)?.statistic / (reference + current)).sqrt())
}

/// Cramér's V without what chance alone adds (W. Bergsma 2013).
///
/// # Errors
/// As [`homogeneity`], and when there is one row only.
pub fn cramers_v_corrected(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = totals(counted)?;
    let n = reference + current;
    if n < 2.0 {
        return Err(NotComputed::TooFew);
    }
    let columns = held(counted).count() as f64;
    let phi = homogeneity(counted)?.statistic / n;
    let without = (phi - (columns - 1.0) / (n - 1.0)).max(0.0);
    let rows = 2.0 - 1.0 / (n - 1.0);
    let columns = columns - (columns - 1.0).powi(2) / (n - 1.0);
    let least = (rows - 1.0).min(columns - 1.0);
    if least > 0.0 { Ok((without / least).sqrt()) } else { Err(NotComputed::TooFew) }
}

/// The z-test that two proportions are the same, pooled, two-sided. Counts of the category in question and of all
/// others.
///
/// # Errors
/// When a side has no value, there are not two categories, or both sides hold one only.
pub fn proportions(counted: &[Counted]) -> Result<Tested, NotComputed> {
    let (reference, current) = totals(counted)?;
    let held: Vec<(f64, f64)> = held(counted).collect();
    let (first, second) = match held.as_slice() {
        [first, second] => (first, second),
        [_] => return Err(NotComputed::Constant),
        _ => return Err(NotComputed::NotBinary),
    };
    let pooled = (first.0 + first.1) / (reference + current);
    let spread = (pooled * ((second.0 + second.1) / (reference + current)) * (1.0 / reference + 1.0 / current)).sqrt();
    let statistic = (first.1 / current - first.0 / reference) / spread;
    Ok(Tested { statistic, p_value: libm::erfc(statistic.abs() / std::f64::consts::SQRT_2) })
}
