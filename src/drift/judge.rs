//! What of a window's numbers is drift.
//!
//! In: the entries of all columns of a window. Out: a flag for each, and for the window as a whole. Tests of many
//! columns are judged together; a column that could not be computed is never taken as unchanged.

use super::settings::{Correction, Settings};
use crate::diag::count;
use crate::model::{FeatureDrift, Finite, Measured, Method};

/// Sets what drifts; returns whether the window does as a whole, and the share of drifting columns in [0, 1].
pub(super) fn judge(features: &mut [FeatureDrift], settings: &Settings) -> (Option<bool>, Option<Finite>) {
    let tests: Vec<usize> = (0..features.len()).filter(|i| features.get(*i).is_some_and(is_test)).collect();
    let raw: Vec<f64> = tests.iter().filter_map(|i| features.get(*i)?.p_value.map(Measured::as_f64)).collect();
    let adjusted = adjust(&raw, settings.correction);
    let name = match settings.correction {
        Correction::Holm => "Holm",
        Correction::BenjaminiHochberg => "Benjamini–Hochberg",
        Correction::None => "",
    };
    for (i, p) in tests.iter().zip(&adjusted) {
        if let Some(feature) = features.get_mut(*i) {
            feature.p_value = Some(Measured::from(*p));
            if raw.len() > 1 && !name.is_empty() {
                feature.method_label.push_str(&format!(" (p by {name} over {})", count(raw.len(), "test")));
            }
        }
    }
    for (k, feature) in features.iter_mut().enumerate() {
        let value = feature.p_value.or(feature.score).and_then(Measured::finite).map(Finite::get);
        feature.drifted = match (value, feature.threshold) {
            // The table of this test ends at 0.001: beyond, an adjusted p-value may be far smaller than it says.
            (Some(p), Some(level))
                if feature.method == Some(Method::AndersonDarling)
                    && p >= level.get()
                    && tests.iter().zip(&raw).any(|(i, p)| *i == k && *p <= 0.001) =>
            {
                feature.column.not_computed =
                    Some("the test's table of p-values ends at 0.001: too many columns for it".to_owned());
                None
            }
            (Some(p), Some(level)) if feature.p_value.is_some() => Some(p < level.get()),
            (Some(score), Some(threshold)) => Some(score > threshold.get()),
            _ => None,
        };
    }
    let mut columns: Vec<(&str, Option<bool>)> = Vec::new();
    for feature in features.iter() {
        match columns.last_mut() {
            Some((name, flag)) if *name == feature.feature => {
                *flag = match (*flag, feature.drifted) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                }
            }
            _ => columns.push((&feature.feature, feature.drifted)),
        }
    }
    if columns.is_empty() {
        return (None, None);
    }
    let all = columns.len() as f64;
    let drifted = columns.iter().filter(|(_, flag)| *flag == Some(true)).count() as f64;
    let unknown = columns.iter().filter(|(_, flag)| flag.is_none()).count() as f64;
    let whole = if drifted / all >= settings.share {
        Some(true)
    } else if (drifted + unknown) / all < settings.share {
        Some(false)
    } else {
        None
    };
    (whole, Finite::new(drifted / all))
}

fn is_test(feature: &FeatureDrift) -> bool {
    feature.p_value.is_some_and(|p| p.finite().is_some())
}

/// P-values that can each be compared with the level.
fn adjust(p: &[f64], correction: Correction) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let at = |i: usize| p.get(i).copied().unwrap_or(1.0);
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let m = p.len() as f64;
    let mut out = p.to_vec();
    let mut set = |i: usize, value: f64| {
        if let Some(slot) = out.get_mut(i) {
            *slot = value;
        }
    };
    match correction {
        Correction::None => {}
        Correction::Holm => {
            let mut largest = 0.0_f64;
            for (rank, i) in order.iter().enumerate() {
                largest = largest.max((at(*i) * (m - rank as f64)).min(1.0));
                set(*i, largest);
            }
        }
        Correction::BenjaminiHochberg => {
            let mut smallest = 1.0_f64;
            for (rank, i) in order.iter().enumerate().rev() {
                smallest = smallest.min((at(*i) * m / (rank as f64 + 1.0)).min(1.0));
                set(*i, smallest);
            }
        }
    }
    out
}
