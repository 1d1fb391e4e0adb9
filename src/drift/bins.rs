//! Where numbers are cut into bins, and how many values fall into each.
//!
//! In: two samples. Out: counts of both sides, bin by bin. Which bins are chosen changes every distance that rests on
//! them, so each rule has its name.

use super::NotComputed;
use super::shares::Counted;
use super::summary::Sample;

/// How numbers become bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// So many bins of equal share of the reference; equal edges are one, and the outer bins are open.
    Quantiles(usize),
    /// So many bins of equal width over the reference, the outer ones open.
    Fixed(usize),
    /// As Evidently: the distinct values when the reference has at most 20, else bins of equal width over both sides,
    /// by the rule of H. A. Sturges 1926 as numpy computes it. `whole` says that the column holds integers, which
    /// numpy 2 never cuts below a width of 1.
    Evidently {
        /// Whether the column holds integers.
        whole: bool,
    },
}

/// The reference has at most so many distinct values to be counted one by one, in Evidently's rule.
const DISTINCT: usize = 20;

/// Both sides counted by a rule.
///
/// # Errors
/// When a side has no value, or no bins can be made.
pub fn count(rule: Rule, reference: &Sample, current: &Sample) -> Result<Vec<Counted>, NotComputed> {
    if reference.values().is_empty() || current.values().is_empty() {
        return Err(NotComputed::Empty);
    }
    match rule {
        Rule::Quantiles(bins) => {
            let edges = (1..bins.max(1)).filter_map(|i| reference.quantile(i as f64 / bins as f64)).collect();
            // The smallest value opens the first bin and the largest closes the last: neither cuts anything off.
            Ok(open(inner(edges, reference), reference, current))
        }
        Rule::Fixed(bins) => {
            let (low, high) = ends(reference.values()).ok_or(NotComputed::Empty)?;
            let edges = linspace(low, high, bins.max(1))?;
            Ok(open(inner(edges, reference), reference, current))
        }
        Rule::Evidently { .. } if reference.distinct() <= DISTINCT => Ok(distinct(reference, current)),
        Rule::Evidently { whole } => {
            let edges = sturges(reference, current, whole)?;
            Ok(closed(&edges, reference, current))
        }
    }
}

fn ends(values: &[f64]) -> Option<(f64, f64)> {
    Some((*values.first()?, *values.last()?))
}

/// Edges that cut: each once, none at or beyond the reference's ends.
fn inner(mut edges: Vec<f64>, reference: &Sample) -> Vec<f64> {
    edges.dedup();
    let bounds = ends(reference.values());
    edges.retain(|e| bounds.is_some_and(|(low, high)| *e > low && *e < high));
    edges
}

fn linspace(low: f64, high: f64, bins: usize) -> Result<Vec<f64>, NotComputed> {
    let width = (high - low) / bins as f64;
    if !width.is_finite() {
        return Err(NotComputed::Overflow);
    }
    let mut edges: Vec<f64> = (0..bins).map(|i| i as f64 * width + low).collect();
    edges.push(high);
    Ok(edges)
}

/// The edges of numpy's `histogram_bin_edges(…, "sturges")` over both sides.
///
/// # Errors
/// When there are no values, or they lie further apart than can be computed with.
pub fn sturges(reference: &Sample, current: &Sample, whole: bool) -> Result<Vec<f64>, NotComputed> {
    let (Some(a), Some(b)) = (ends(reference.values()), ends(current.values())) else { return Err(NotComputed::Empty) };
    let (low, high) = (a.0.min(b.0), a.1.max(b.1));
    if low == high {
        return linspace(low - 0.5, high + 0.5, 1);
    }
    let n = (reference.values().len() + current.values().len()) as f64;
    let mut width = (high - low) / (n.log2() + 1.0);
    if whole && width < 1.0 {
        width = 1.0;
    }
    if !width.is_finite() || width <= 0.0 {
        return Err(NotComputed::Overflow);
    }
    linspace(low, high, ((high - low) / width).ceil().max(1.0) as usize)
}

/// Counts between inner edges: (−∞, e₁], (e₁, e₂], …, (eₙ, ∞).
fn open(edges: Vec<f64>, reference: &Sample, current: &Sample) -> Vec<Counted> {
    let cuts = |values: &[f64]| edges.iter().map(|e| values.partition_point(|v| v <= e)).collect::<Vec<usize>>();
    between(cuts(reference.values()), cuts(current.values()), reference, current)
}

/// Counts between all edges, the last bin closed: [e₀, e₁), …, [eₙ₋₁, eₙ].
fn closed(edges: &[f64], reference: &Sample, current: &Sample) -> Vec<Counted> {
    let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or_default();
    let cuts = |values: &[f64]| inner.iter().map(|e| values.partition_point(|v| v < e)).collect::<Vec<usize>>();
    between(cuts(reference.values()), cuts(current.values()), reference, current)
}

fn between(reference: Vec<usize>, current: Vec<usize>, ours: &Sample, theirs: &Sample) -> Vec<Counted> {
    let steps = |mut cuts: Vec<usize>, all: usize| {
        cuts.push(all);
        let mut before = 0;
        cuts.into_iter()
            .map(|cut| {
                let n = cut.saturating_sub(before) as u64;
                before = cut;
                n
            })
            .collect::<Vec<u64>>()
    };
    let pairs = steps(reference, ours.values().len()).into_iter().zip(steps(current, theirs.values().len()));
    pairs.map(|(reference, current)| Counted { reference, current }).collect()
}

/// Counts of each value that any side holds.
fn distinct(reference: &Sample, current: &Sample) -> Vec<Counted> {
    let (mut a, mut b) = (reference.values(), current.values());
    let mut out = Vec::new();
    while let Some(next) = [a.first(), b.first()].into_iter().flatten().copied().reduce(f64::min) {
        let (i, j) = (a.partition_point(|v| *v <= next), b.partition_point(|v| *v <= next));
        out.push(Counted { reference: i as u64, current: j as u64 });
        (a, b) = (a.get(i..).unwrap_or_default(), b.get(j..).unwrap_or_default());
    }
    out
}
