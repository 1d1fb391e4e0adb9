//! Both sides of a column by one method: a number, what it is called, and how large the change is.
//!
//! In: two finished columns and a method. Out: [`Score`], or why there is none; the effect size; the distributions that
//! are drawn. It does not say what is too much.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::anderson::anderson_darling;
use super::column::Finished;
use super::moments::{Moments, reconstruction};
use super::samples::{PValue, kolmogorov_smirnov, wasserstein, wasserstein_normed};
use super::settings::Bins;
use super::shares::{
    self, Counted, hellinger, jensen_shannon, kullback_leibler, largest, of_categories, total_variation,
};
use super::summary::{Categories, Sample, Words};
use super::{NotComputed, bins, counts};
use crate::model::{Distribution, DistributionSide, Effect, Finite, Method, SideUnit};

/// The share of the variance of embeddings that the kept components hold.
const VARIANCE: f64 = 0.95;

/// A column by a method.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Score {
    /// The method, where it has a name of its own.
    pub(super) method: Option<Method>,
    /// The method with what was chosen.
    pub(super) label: String,
    /// A distance or a statistic.
    pub(super) value: f64,
    /// The p-value of a test.
    pub(super) p_value: Option<f64>,
    /// What the distance reaches in one of a hundred draws when nothing has changed.
    pub(super) noise: Option<f64>,
}

/// Compares numbers.
pub(super) fn numbers(
    method: Method,
    rule: (Bins, bool),
    reference: &Sample,
    current: &Sample,
) -> Result<Score, NotComputed> {
    let (bins, whole) = rule;
    let counted = || bins::count(bins.rule(whole), reference, current);
    let binned = |name: &str| format!("{name} ({})", bins.words());
    let score = |label: String, value: f64| Score { method: Some(method), label, value, p_value: None, noise: None };
    Ok(match method {
        Method::Psi => {
            let counted = counted()?;
            let value = shares::psi(&counted, bins.fill())?;
            Score { noise: noise(&counted), ..score(binned("PSI"), value) }
        }
        Method::JensenShannon => score(binned("Jensen–Shannon distance"), jensen_shannon(&counted()?)?),
        Method::KlDivergence => score(binned("KL divergence"), kullback_leibler(&counted()?, bins.fill())?),
        Method::Hellinger => score(binned("Hellinger distance"), hellinger(&counted()?)?),
        Method::TotalVariation => score(binned("total variation"), total_variation(&counted()?)?),
        Method::Wasserstein => score("Wasserstein distance".to_owned(), wasserstein(reference, current)?),
        Method::WassersteinNormed => {
            score("Wasserstein distance in standard deviations".to_owned(), wasserstein_normed(reference, current)?)
        }
        Method::Ks => {
            let tested = kolmogorov_smirnov(reference, current, PValue::Auto)?;
            let label = "Kolmogorov–Smirnov".to_owned();
            Score { p_value: Some(tested.p_value), ..score(label, tested.statistic) }
        }
        Method::AndersonDarling => {
            let tested = anderson_darling(reference, current)?;
            Score { p_value: Some(tested.p_value), ..score("Anderson–Darling".to_owned(), tested.statistic) }
        }
        _ => return Err(NotComputed::OtherKind),
    })
}

/// Compares categories.
pub(super) fn categories(
    method: Method,
    fill: Bins,
    reference: &Categories,
    current: &Categories,
) -> Result<Score, NotComputed> {
    if reference.too_many() || current.too_many() {
        return Err(NotComputed::TooManyCategories);
    }
    let counted = of_categories(reference, current);
    let score = |label: &str, value: f64| Score {
        method: Some(method),
        label: label.to_owned(),
        value,
        p_value: None,
        noise: None,
    };
    let tested =
        |label: &str, tested: super::Tested| Score { p_value: Some(tested.p_value), ..score(label, tested.statistic) };
    Ok(match method {
        Method::Psi => {
            let label = if fill == Bins::Evidently { "PSI (empty ones filled as Evidently does)" } else { "PSI" };
            Score { noise: noise(&counted), ..score(label, shares::psi(&counted, fill.fill())?) }
        }
        Method::JensenShannon => score("Jensen–Shannon distance", jensen_shannon(&counted)?),
        Method::KlDivergence => score("KL divergence", kullback_leibler(&counted, fill.fill())?),
        Method::Hellinger => score("Hellinger distance", hellinger(&counted)?),
        Method::TotalVariation => score("total variation", total_variation(&counted)?),
        Method::CramersV => score("Cramér's V", counts::cramers_v(&counted)?),
        Method::ChiSquare => tested("chi-square of homogeneity", counts::homogeneity(&counted)?),
        Method::GTest => tested("G-test", counts::likelihood_ratio(&counted)?),
        Method::ZTest => {
            let found = counts::proportions(&counted)?;
            // The sign says which way, the distance how far.
            Score { p_value: Some(found.p_value), ..score("z-test of two proportions", found.statistic.abs()) }
        }
        _ => return Err(NotComputed::OtherKind),
    })
}

/// How many words of the current texts the reference lacks.
pub(super) fn vocabulary(reference: &Words, current: &Words) -> Option<Score> {
    let value = Words::out_of_vocabulary(reference, current)?;
    let label = "out-of-vocabulary share of words".to_owned();
    Some(Score { method: None, label, value, p_value: None, noise: None })
}

/// Compares vectors.
pub(super) fn vectors(reference: &Moments, current: &Moments) -> Result<(Score, Effect), NotComputed> {
    let found = reconstruction(reference, current, VARIANCE)?;
    let label = format!("PCA reconstruction error ({} components)", found.components);
    let effect = Effect {
        name: "distance of the means in standard deviations".to_owned(),
        value: Finite::new(found.shift).ok_or(NotComputed::Overflow)?,
    };
    Ok((Score { method: None, label, value: found.score, p_value: None, noise: None }, effect))
}

/// The value that a PSI without any drift stays below in 99 of 100 draws: it is distributed as (1/m + 1/n)·χ² with one
/// degree of freedom fewer than bins (B. Yurdakul 2018, Statistical Properties of Population Stability Index).
fn noise(counted: &[Counted]) -> Option<f64> {
    let (m, n): (u64, u64) = counted.iter().fold((0, 0), |(m, n), c| (m + c.reference, n + c.current));
    let held = counted.iter().filter(|c| c.reference + c.current > 0).count();
    if held < 2 || m == 0 || n == 0 {
        return None;
    }
    let quantile = ChiSquared::new((held - 1) as f64).ok()?.inverse_cdf(0.99);
    Some(quantile * (1.0 / m as f64 + 1.0 / n as f64)).filter(|v| v.is_finite())
}

/// How large a change is, whatever the number of rows.
pub(super) fn effect(reference: &Finished, current: &Finished) -> Option<Effect> {
    let of = |name: &str, value: f64| Some(Effect { name: name.to_owned(), value: Finite::new(value)? });
    match (reference, current) {
        (Finished::Numbers(a), Finished::Numbers(b)) => {
            let spread = a.population_std().filter(|s| *s > 0.0)?;
            of("difference of means in standard deviations", (b.mean()? - a.mean()?) / spread)
        }
        (Finished::Categories(a), Finished::Categories(b)) if !a.too_many() && !b.too_many() => {
            of("largest difference of a share", largest(&of_categories(a, b)).ok()?)
        }
        (Finished::Texts(a, _), Finished::Texts(b, _)) => {
            let spread = a.lengths.population_std().filter(|s| *s > 0.0)?;
            of("difference of mean lengths in standard deviations", (b.lengths.mean()? - a.lengths.mean()?) / spread)
        }
        _ => None,
    }
}

/// Bins and categories that are drawn.
const DRAWN_BINS: usize = 20;
const DRAWN_CATEGORIES: usize = 20;

/// The two distributions as they are drawn, and the share of rows beyond.
pub(super) fn distribution(reference: &Finished, current: &Finished) -> Option<(Distribution, f64)> {
    match (reference, current) {
        (Finished::Numbers(a), Finished::Numbers(b)) => of_numbers(a, b),
        (Finished::Texts(a, _), Finished::Texts(b, _)) => of_numbers(&a.lengths, &b.lengths),
        (Finished::Categories(a), Finished::Categories(b)) if !a.too_many() && !b.too_many() => {
            Some((of_counts(a, b)?, 0.0))
        }
        _ => None,
    }
}

/// Bins of equal width over the middle 99 in 100 of both sides; a few extreme values would hide all others.
fn of_numbers(a: &Sample, b: &Sample) -> Option<(Distribution, f64)> {
    let ends = |share: f64| Some((a.quantile(share)?, b.quantile(share)?));
    let ((low_a, low_b), (high_a, high_b)) = (ends(0.005)?, ends(0.995)?);
    let (low, high) = (low_a.min(low_b), high_a.max(high_b));
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
    let width = (high - low) / DRAWN_BINS as f64;
    if !width.is_finite() || low + width <= low {
        return None;
    }
    let edges: Vec<f64> =
        (0..=DRAWN_BINS).map(|i| if i == DRAWN_BINS { high } else { low + width * i as f64 }).collect();
    let mut beyond = 0.0_f64;
    let mut side = |sample: &Sample| -> Option<Vec<Finite>> {
        let values = sample.values();
        let first = sample.rank(values.partition_point(|v| *v < low));
        let mut before = first;
        let mut heights = Vec::with_capacity(DRAWN_BINS);
        for (i, edge) in edges.iter().enumerate().skip(1) {
            let upto = sample.rank(values.partition_point(|v| if i == DRAWN_BINS { v <= edge } else { v < edge }));
            heights.push(Finite::new(upto.saturating_sub(before) as f64)?);
            before = upto;
        }
        let all = sample.rows();
        beyond = beyond.max((all - (before - first)) as f64 / all as f64);
        Some(heights)
    };
    let (ours, theirs) = (side(a)?, side(b)?);
    let edges: Vec<Finite> = edges.into_iter().filter_map(Finite::new).collect();
    let numeric = |heights| DistributionSide::Numeric { edges: edges.clone(), heights };
    let drawn = Distribution { unit: SideUnit::Count, reference: numeric(ours), current: numeric(theirs) };
    Some((drawn, beyond))
}

/// The most frequent categories, and all others together.
fn of_counts(a: &Categories, b: &Categories) -> Option<Distribution> {
    let share =
        |of: &Categories, name: &str| of.counts().get(name).copied().unwrap_or(0) as f64 / of.rows().max(1) as f64;
    let names: std::collections::BTreeSet<&String> = a.counts().keys().chain(b.counts().keys()).collect();
    let mut names: Vec<&String> = names.into_iter().collect();
    names.sort_by(|x, y| share(b, y).max(share(a, y)).total_cmp(&share(b, x).max(share(a, x))).then_with(|| x.cmp(y)));
    let (shown, rest) = names.split_at(names.len().min(DRAWN_CATEGORIES));
    let mut categories: Vec<String> = shown.iter().map(|n| (*n).clone()).collect();
    if !rest.is_empty() {
        categories.push(format!("({} more)", rest.len()));
    }
    let heights = |of: &Categories| -> Option<Vec<Finite>> {
        let count = |n: &&String| of.counts().get(*n).copied().unwrap_or(0);
        let mut out: Vec<u64> = shown.iter().map(count).collect();
        if !rest.is_empty() {
            out.push(rest.iter().map(count).sum());
        }
        out.into_iter().map(|n| Finite::new(n as f64)).collect()
    };
    let side = |heights| DistributionSide::Categorical { categories: categories.clone(), heights };
    Some(Distribution { unit: SideUnit::Count, reference: side(heights(a)?), current: side(heights(b)?) })
}
