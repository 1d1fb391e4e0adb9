//! Drift results become drift reports: one for each monitored chunk and method.
//!
//! In: a [`Grid`] of a drift calculator. Out: reports in the order of methods, then chunks. Scores of
//! one method over chunks can be compared, those of different methods cannot, hence a report for
//! each. NannyML judges columns and not the dataset, so that a report of columns has no flag.

use super::TOOL;
use super::chunks::{Chunk, Reading};
use super::grid::{Grid, Group, Kind};
use crate::import::findings::Findings;
use crate::model::{Column, Document, DriftReport, FeatureDrift, Finite, Measured, Method, Window};

/// Adds the reports of a file.
pub(super) fn read(
    grid: &Grid,
    chunks: &[Chunk],
    reference: &str,
    document: &mut Document,
    findings: &mut Findings<'_>,
) {
    let mut methods: Vec<&str> = Vec::new();
    for group in &grid.groups {
        if !methods.contains(&label(group)) {
            methods.push(label(group));
        }
    }
    for name in methods {
        for chunk in chunks {
            let features: Vec<FeatureDrift> = grid
                .groups
                .iter()
                .filter(|g| label(g) == name)
                .map(|group| feature(grid, chunk, group, findings))
                .collect();
            let flags: Vec<bool> = features.iter().filter_map(|f| f.drifted).collect();
            let known =
                flags.len() == features.len() && features.iter().all(|f| f.score.is_some_and(|s| s.finite().is_some()));
            #[expect(clippy::cast_precision_loss, reason = "counts of features")]
            let share = || Finite::new(flags.iter().filter(|d| **d).count() as f64 / flags.len() as f64);
            let multivariate = grid.kind() == Kind::Multivariate;
            document.drift.push(DriftReport {
                id: format!("{}#{name}/{:05}", findings.path, chunk.index),
                run: None,
                tool: TOOL.to_owned(),
                reference: reference.to_owned(),
                current: format!("{} chunk {}", chunk.period, chunk.key),
                window: Window { start: chunk.start, end: chunk.end },
                drifted: if multivariate { features.first().and_then(|f| f.drifted) } else { None },
                share_drifted: if known && !multivariate { share() } else { None },
                share_threshold: None,
                features,
                source: findings.place(grid.place(chunk.row)),
                beside: None,
            });
        }
    }
}

/// The method of a group; multivariate results are called by it.
fn label(group: &Group) -> &str {
    group.method.as_deref().unwrap_or(&group.name)
}

fn feature(grid: &Grid, chunk: &Chunk, group: &Group, findings: &mut Findings<'_>) -> FeatureDrift {
    let reading = Reading::new(grid, chunk.row, group, findings);
    let finite = |n: Option<Measured>| n.and_then(Measured::finite);
    let (upper, lower) = (finite(reading.upper), finite(reading.lower));
    let score = reading.value.ok();
    // The bound that was crossed; the upper one when none was.
    let threshold = match (score.and_then(Measured::finite), lower) {
        (Some(score), Some(lower)) if score < lower => Some(lower),
        _ => upper.or(lower),
    };
    // Chi-squared alerts by its p-value, which is not written; any other method without a
    // threshold was not judged, whatever stands there.
    let judged = threshold.is_some() || label(group) == "chi2";
    let (method, kind) = match label(group) {
        "jensen_shannon" => (Some(Method::JensenShannon), ""),
        "kolmogorov_smirnov" => (Some(Method::Ks), "numeric"),
        "wasserstein" => (Some(Method::Wasserstein), "numeric"),
        "hellinger" => (Some(Method::Hellinger), ""),
        "chi2" => (Some(Method::ChiSquare), "categorical"),
        "l_infinity" => (None, "categorical"),
        "domain_classifier_auroc" => (Some(Method::DomainClassifier), ""),
        _ => (None, ""),
    };
    let kind = if kind.is_empty() { kind_elsewhere(grid, group) } else { kind };
    FeatureDrift {
        feature: group.name.clone(),
        kind: kind.to_owned(),
        method,
        method_label: label(group).to_owned(),
        score,
        threshold,
        p_value: None,
        drifted: reading.alert.filter(|_| judged && score.is_some()),
        distribution: None,
        column: Column::default(),
    }
}

/// What another method of the same column says of its kind.
fn kind_elsewhere(grid: &Grid, group: &Group) -> &'static str {
    let other = |methods: [&str; 2]| {
        grid.groups.iter().any(|g| g.name == group.name && g.method.as_deref().is_some_and(|m| methods.contains(&m)))
    };
    if other(["kolmogorov_smirnov", "wasserstein"]) {
        "numeric"
    } else if other(["chi2", "l_infinity"]) {
        "categorical"
    } else {
        ""
    }
}
