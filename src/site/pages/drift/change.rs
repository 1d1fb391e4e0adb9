//! How a column changed between its two sides: where its values lie, which categories came and went, how
//! much is missing.
//!
//! In: a feature of a drift report. Out: numbers. Where the report has no profile they are read from its
//! distribution and marked as near.

use std::collections::BTreeMap;

use crate::model::{Distribution, DistributionSide, FeatureDrift, Finite, Profile, SideUnit};

/// Shares at which values are compared, with their names.
pub(super) const AT: [(f64, &str); 5] =
    [(0.05, "5 %"), (0.25, "lower quartile"), (0.5, "median"), (0.75, "upper quartile"), (0.95, "95 %")];

/// A number on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub reference: f64,
    pub current: f64,
    /// Whether both were read from bins.
    pub near: bool,
}

/// The share of one category on both sides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share<'a> {
    pub category: &'a str,
    pub reference: f64,
    pub current: f64,
}

/// The way that a column changed most.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change<'a> {
    /// The median rose or fell.
    Median(Pair),
    /// The mean did; there is no median.
    Mean(Pair),
    /// The middle half of the values got wider or narrower: its ends on both sides.
    Spread { reference: (f64, f64), current: (f64, f64) },
    /// Categories that were not there before.
    New(&'a [String]),
    /// Categories that are not there any more.
    Vanished(&'a [String]),
    /// The category whose share changed most.
    Share(Share<'a>),
}

/// Of the middle half: a median that moved less did not move.
const MOVED: f64 = 0.1;
/// A middle half that is less than this much wider is as wide.
const WIDER: f64 = 1.2;
/// A share that changed less did not change.
const SHARE: f64 = 0.02;
/// A missing share that changed less did not change.
const MISSING: f64 = 0.005;

/// A quantile of both sides.
pub(super) fn quantile(f: &FeatureDrift, at: f64) -> Option<Pair> {
    let exact = |p: &Option<Profile>| p.as_ref().and_then(|p| p.quantile(at));
    if let (Some(reference), Some(current)) = (exact(&f.column.reference), exact(&f.column.current)) {
        return Some(Pair { reference, current, near: false });
    }
    let Distribution { unit, reference, current } = f.distribution.as_ref()?;
    Some(Pair { reference: of_bins(reference, *unit, at)?, current: of_bins(current, *unit, at)?, near: true })
}

/// A quantile as of bins within which values lie evenly.
fn of_bins(side: &DistributionSide, unit: SideUnit, at: f64) -> Option<f64> {
    let DistributionSide::Numeric { edges, heights } = side else { return None };
    let mass = |(pair, height): (&[Finite], &Finite)| match pair {
        [a, b] if unit == SideUnit::Density => height.get() * (b.get() - a.get()),
        _ => height.get(),
    };
    let masses: Vec<f64> = edges.windows(2).zip(heights).map(mass).collect();
    let total: f64 = masses.iter().sum();
    if !total.is_finite() || total <= 0.0 || masses.iter().any(|m| *m < 0.0) {
        return None;
    }
    let mut left = at * total;
    for (pair, mass) in edges.windows(2).zip(&masses) {
        if let [a, b] = pair
            && *mass > 0.0
            && left <= *mass
        {
            return Some(a.get() + (b.get() - a.get()) * (left / mass));
        }
        left -= mass;
    }
    edges.last().map(|e| e.get())
}

/// The share of rows without a value on both sides.
pub(super) fn missing(f: &FeatureDrift) -> Option<Pair> {
    #[expect(clippy::cast_precision_loss, reason = "a share is shown rounded")]
    let share =
        |p: &Option<Profile>| p.as_ref().filter(|p| p.rows > 0).map(|p| p.missing.min(p.rows) as f64 / p.rows as f64);
    Some(Pair { reference: share(&f.column.reference)?, current: share(&f.column.current)?, near: false })
}

/// The same, where it changed.
pub(super) fn missing_changed(f: &FeatureDrift) -> Option<Pair> {
    missing(f).filter(|p| (p.current - p.reference).abs() >= MISSING)
}

/// Shares by category, the largest change first.
pub(super) fn shares(f: &FeatureDrift) -> Vec<Share<'_>> {
    let Some(Distribution { reference, current, .. }) = &f.distribution else { return Vec::new() };
    let (Some(a), Some(b)) = (of_categories(reference), of_categories(current)) else { return Vec::new() };
    let mut both: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    a.into_iter().for_each(|(name, share)| both.entry(name).or_default().0 += share);
    b.into_iter().for_each(|(name, share)| both.entry(name).or_default().1 += share);
    let mut out: Vec<Share<'_>> =
        both.into_iter().map(|(category, (reference, current))| Share { category, reference, current }).collect();
    let size = |s: &Share<'_>| (s.current - s.reference).abs();
    out.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.category.cmp(b.category)));
    out
}

fn of_categories(side: &DistributionSide) -> Option<Vec<(&str, f64)>> {
    let DistributionSide::Categorical { categories, heights } = side else { return None };
    let total: f64 = heights.iter().map(|h| h.get()).sum();
    if !total.is_finite() || total <= 0.0 {
        return None;
    }
    Some(categories.iter().zip(heights).map(|(c, h)| (c.as_str(), h.get() / total)).collect())
}

/// The way that a column changed most; nothing where it did not, or nobody can tell.
pub(super) fn change(f: &FeatureDrift) -> Option<Change<'_>> {
    if let Some(median) = quantile(f, 0.5) {
        return numeric(f, median);
    }
    let mean = |p: &Option<Profile>| p.as_ref().and_then(|p| p.mean).map(Finite::get);
    if let (Some(reference), Some(current)) = (mean(&f.column.reference), mean(&f.column.current)) {
        let std = f.column.reference.as_ref().and_then(|p| p.std).map_or(0.0, Finite::get);
        let moved = (current - reference).abs() > MOVED * std;
        return moved.then_some(Change::Mean(Pair { reference, current, near: false }));
    }
    if !f.column.new.is_empty() {
        return Some(Change::New(&f.column.new));
    }
    if !f.column.vanished.is_empty() {
        return Some(Change::Vanished(&f.column.vanished));
    }
    shares(f).into_iter().next().filter(|s| (s.current - s.reference).abs() >= SHARE).map(Change::Share)
}

fn numeric(f: &FeatureDrift, median: Pair) -> Option<Change<'_>> {
    let quartiles = quantile(f, 0.25).zip(quantile(f, 0.75));
    let halves = quartiles.map(|(low, high)| (high.reference - low.reference, high.current - low.current));
    let moved = (median.current - median.reference).abs();
    if moved > MOVED * halves.map_or(0.0, |(reference, _)| reference) {
        return Some(Change::Median(median));
    }
    let ((low, high), (reference, current)) = quartiles.zip(halves)?;
    let wide = current > reference * WIDER || current * WIDER < reference;
    wide.then_some(Change::Spread { reference: (low.reference, high.reference), current: (low.current, high.current) })
}
