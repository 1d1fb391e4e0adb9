//! Distances between two distributions over the same bins or categories.
//!
//! In: how many rows of each side fall into each bin. Out: distances, 0 where the shares are the same. Natural
//! logarithms throughout.

use super::NotComputed;
use super::summary::Categories;

/// One bin or category: rows of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Rows of the reference.
    pub reference: u64,
    /// Rows of the current data.
    pub current: u64,
}

/// Both sides of a column of categories, in the order of their names.
pub fn of_categories(reference: &Categories, current: &Categories) -> Vec<Counted> {
    let (ours, theirs) = (reference.counts(), current.counts());
    let names: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let count = |of: &std::collections::BTreeMap<String, u64>, name: &String| of.get(name).copied().unwrap_or(0);
    names.into_iter().map(|name| Counted { reference: count(ours, name), current: count(theirs, name) }).collect()
}

/// What becomes of empty bins where a logarithm of them would be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// This share takes the place of 0.
    Share(f64),
    /// As Evidently: 0.0001, unless the side's smallest share is no larger; then a millionth of that.
    Evidently,
}

/// Shares of both sides.
fn shares(counted: &[Counted]) -> Result<(Vec<f64>, Vec<f64>), NotComputed> {
    let share = |of: fn(&Counted) -> u64| {
        let n: u64 = counted.iter().map(of).sum();
        (n > 0).then(|| counted.iter().map(|c| of(c) as f64 / n as f64).collect::<Vec<f64>>())
    };
    Ok((share(|c| c.reference).ok_or(NotComputed::Empty)?, share(|c| c.current).ok_or(NotComputed::Empty)?))
}

fn filled(mut shares: Vec<f64>, fill: Fill) -> Vec<f64> {
    let smallest = shares.iter().copied().filter(|s| *s > 0.0).fold(f64::INFINITY, f64::min);
    let instead = match fill {
        Fill::Share(share) => share,
        Fill::Evidently if smallest <= 0.0001 => smallest / 1e6,
        Fill::Evidently => 0.0001,
    };
    shares.iter_mut().filter(|s| **s == 0.0).for_each(|s| *s = instead);
    shares
}

/// The population stability index, Σ (r − c)·ln(r/c): 0 and more, symmetric (J. D. Kullback and R. A. Leibler 1951
/// call it the divergence J; the name is from credit scoring). Shares that were filled are not scaled back to 1.
///
/// # Errors
/// When a side has no value.
pub fn psi(counted: &[Counted], fill: Fill) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    let pairs = filled(reference, fill).into_iter().zip(filled(current, fill));
    Ok(pairs.map(|(r, c)| (r - c) * (r / c).ln()).sum())
}

/// The Kullback–Leibler divergence of the reference from the current data, Σ r·ln(r/c), of shares that were filled
/// and scaled to 1, as `scipy.stats.entropy` does.
///
/// # Errors
/// When a side has no value.
pub fn kullback_leibler(counted: &[Counted], fill: Fill) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    let scaled = |shares: Vec<f64>| {
        let sum: f64 = shares.iter().sum();
        shares.into_iter().map(move |s| s / sum)
    };
    let pairs = scaled(filled(reference, fill)).zip(scaled(filled(current, fill)));
    Ok(pairs.map(|(r, c)| r * (r / c).ln()).sum())
}

/// The Jensen–Shannon distance: the root of the mean divergence of both sides from their middle, in [0, √ln 2]
/// (D. M. Endres and J. E. Schindelin 2003). Empty bins need no filling.
///
/// # Errors
/// When a side has no value.
pub fn jensen_shannon(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    let part = |p: f64, middle: f64| if p > 0.0 { p * (p / middle).ln() } else { 0.0 };
    let sum: f64 = reference
        .iter()
        .zip(&current)
        .map(|(r, c)| {
            let middle = (r + c) / 2.0;
            part(*r, middle) + part(*c, middle)
        })
        .sum();
    Ok((sum / 2.0).max(0.0).sqrt())
}

/// The Hellinger distance, √(1 − Σ √(r·c)), in [0, 1] (E. Hellinger 1909).
///
/// # Errors
/// When a side has no value.
pub fn hellinger(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    // As a sum of squares, which loses no digits where both sides are nearly the same.
    let sum: f64 = reference.iter().zip(&current).map(|(r, c)| (r.sqrt() - c.sqrt()).powi(2)).sum();
    Ok((sum / 2.0).sqrt())
}

/// The total variation distance, ½ Σ |r − c|, in [0, 1]: the share of rows that would have to move.
///
/// # Errors
/// When a side has no value.
pub fn total_variation(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    Ok(reference.iter().zip(&current).map(|(r, c)| (r - c).abs()).sum::<f64>() / 2.0)
}

/// The largest difference of one share, max |r − c|, in [0, 1].
///
/// # Errors
/// When a side has no value.
pub fn largest(counted: &[Counted]) -> Result<f64, NotComputed> {
    let (reference, current) = shares(counted)?;
    Ok(reference.iter().zip(&current).map(|(r, c)| (r - c).abs()).fold(0.0, f64::max))
}
