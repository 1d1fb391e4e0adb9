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
            let (low, high) = reference.ends().ok_or(NotComputed::Empty)?;
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

/// Edges that cut: each once, none at or beyond the reference's ends.
fn inner(mut edges: Vec<f64>, reference: &Sample) -> Vec<f64> {
    edges.dedup();
    let bounds = reference.ends();
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
    let (Some(a), Some(b)) = (reference.ends(), current.ends()) else { return Err(NotComputed::Empty) };
    let (low, high) = (a.0.min(b.0), a.1.max(b.1));
    if low == high {
        return linspace(low - 0.5, high + 0.5, 1);
    }
    let n = (reference.rows() + current.rows()) as f64;
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
    let cuts =
        |of: &Sample| edges.iter().map(|e| of.rank(of.values().partition_point(|v| v <= e))).collect::<Vec<u64>>();
    between(cuts(reference), cuts(current), reference, current)
}

/// Counts between all edges, the last bin closed: [e₀, e₁), …, [eₙ₋₁, eₙ].
fn closed(edges: &[f64], reference: &Sample, current: &Sample) -> Vec<Counted> {
    let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or_default();
    let cuts =
        |of: &Sample| inner.iter().map(|e| of.rank(of.values().partition_point(|v| v < e))).collect::<Vec<u64>>();
    between(cuts(reference), cuts(current), reference, current)
}

fn between(reference: Vec<u64>, current: Vec<u64>, ours: &Sample, theirs: &Sample) -> Vec<Counted> {
    let steps = |mut cuts: Vec<u64>, all: u64| {
        cuts.push(all);
        let mut before = 0;
        cuts.into_iter()
            .map(|cut| {
                let n = cut.saturating_sub(before);
                before = cut;
                n
            })
            .collect::<Vec<u64>>()
    };
    let pairs = steps(reference, ours.rows()).into_iter().zip(steps(current, theirs.rows()));
    pairs.map(|(reference, current)| Counted { reference, current }).collect()
}

/// Counts of each value that any side holds.
fn distinct(reference: &Sample, current: &Sample) -> Vec<Counted> {
    let (a, b) = (reference.values(), current.values());
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while let Some(next) = [a.get(i), b.get(j)].into_iter().flatten().copied().reduce(f64::min) {
        let past = |values: &[f64], from: usize| {
            let rest = values.get(from..).unwrap_or_default();
            from + rest.partition_point(|v| *v <= next)
        };
        let (after_i, after_j) = (past(a, i), past(b, j));
        let rows = |of: &Sample, from: usize, to: usize| of.rank(to) - of.rank(from);
        out.push(Counted { reference: rows(reference, i, after_i), current: rows(current, j, after_j) });
        (i, j) = (after_i, after_j);
    }
    out
}
