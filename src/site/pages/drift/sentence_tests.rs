//! The sentences, case by case.

use super::super::reading::Rules;
use super::*;
use crate::model::{
    Column, Distribution, DistributionSide, DriftReport, Finite, Instant, Measured, Method, Pointer, Profile, SideUnit,
    Window,
};

pub(in super::super) fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// A feature of a report.
pub(in super::super) fn feature(
    name: &str,
    method: Option<Method>,
    label: &str,
    score: f64,
    threshold: f64,
    p: Option<f64>,
    drifted: Option<bool>,
) -> FeatureDrift {
    FeatureDrift {
        feature: name.to_owned(),
        kind: "numeric".to_owned(),
        method,
        method_label: label.to_owned(),
        score: Some(Measured::new(score)),
        threshold: Some(finite(threshold)),
        p_value: p.map(Measured::new),
        drifted,
        distribution: None,
        column: Column::default(),
    }
}

/// A report of a week from a day on.
pub(in super::super) fn report(day: &str, features: Vec<FeatureDrift>) -> DriftReport {
    DriftReport {
        id: format!("drift/{day}.json"),
        run: Some("m/1".to_owned()),
        tool: "presscheck drift".to_owned(),
        reference: "train".to_owned(),
        current: "week".to_owned(),
        window: Window { start: Instant::parse(day), end: None },
        drifted: None,
        share_drifted: None,
        share_threshold: None,
        features,
        source: Pointer::new(format!("drift/{day}.json"), ""),
        beside: None,
    }
}

fn psi(score: f64, drifted: bool) -> FeatureDrift {
    feature("age", Some(Method::Psi), "psi", score, 0.2, None, Some(drifted))
}

fn profile(q: [f64; 3], missing: u64) -> Profile {
    let at = [0.25, 0.5, 0.75];
    Profile {
        rows: 1000,
        missing,
        quantiles: at.iter().zip(q).map(|(a, v)| (finite(*a), finite(v))).collect(),
        ..Profile::default()
    }
}

fn sides(mut f: FeatureDrift, reference: Profile, current: Profile) -> FeatureDrift {
    (f.column.reference, f.column.current) = (Some(reference), Some(current));
    f
}

fn categories(mut f: FeatureDrift, reference: [f64; 2], current: [f64; 2]) -> FeatureDrift {
    let side = |heights: [f64; 2]| DistributionSide::Categorical {
        categories: vec!["basic".to_owned(), "pro".to_owned()],
        heights: heights.map(finite).into(),
    };
    f.feature = "plan".to_owned();
    f.distribution = Some(Distribution { unit: SideUnit::Count, reference: side(reference), current: side(current) });
    f
}

fn said(features: &[FeatureDrift], since: Option<&str>) -> String {
    let rules = Rules::default();
    let seen: Vec<Seen<'_>> = features.iter().map(|f| Seen { drift: f, reading: rules.read(f) }).collect();
    sentence(&seen, since).unwrap().to_string()
}

#[test]
fn a_median_that_moved() {
    let up = sides(psi(0.31, true), profile([33.0, 41.0, 50.0], 0), profile([38.0, 47.0, 58.0], 0));
    assert_eq!(said(&[up], Some("2026-03-02")), "age moved up: median 41 → 47; PSI 0.31 > 0.2 since 2026-03-02");
    let down = sides(psi(0.31, true), profile([33.0, 41.0, 50.0], 0), profile([20.0, 30.5, 40.0], 0));
    assert_eq!(said(&[down], None), "age moved down: median 41 → 30.5; PSI 0.31 > 0.2");
}

#[test]
fn values_that_spread_out_or_narrow() {
    let wide = sides(psi(0.4, true), profile([33.0, 41.0, 50.0], 0), profile([28.0, 41.0, 61.0], 0));
    assert_eq!(said(&[wide], None), "age spread out: middle half 33 to 50 → 28 to 61; PSI 0.4 > 0.2");
    let narrow = sides(psi(0.4, true), profile([33.0, 41.0, 50.0], 0), profile([39.0, 41.0, 43.0], 0));
    assert_eq!(said(&[narrow], None), "age narrowed: middle half 33 to 50 → 39 to 43; PSI 0.4 > 0.2");
}

#[test]
fn without_quantiles_the_mean_speaks_and_without_profile_the_bins() {
    let mean = |m: f64| Profile { rows: 10, mean: Some(finite(m)), std: Some(finite(5.0)), ..Profile::default() };
    assert_eq!(
        said(&[sides(psi(0.3, true), mean(41.9), mean(44.0))], None),
        "age moved up: mean 41.9 → 44; PSI 0.3 > 0.2"
    );
    let mut binned = psi(0.3, true);
    let side = |heights: [f64; 2]| DistributionSide::Numeric {
        edges: [0.0, 10.0, 20.0].map(finite).into(),
        heights: heights.map(finite).into(),
    };
    binned.distribution =
        Some(Distribution { unit: SideUnit::Count, reference: side([50.0, 50.0]), current: side([20.0, 80.0]) });
    assert_eq!(said(&[binned], None), "age moved up: median about 10 → 13.8; PSI 0.3 > 0.2");
}

#[test]
fn categories_that_shift_come_and_go() {
    let shifted = categories(psi(0.3, true), [65.0, 35.0], [50.0, 50.0]);
    assert_eq!(said(std::slice::from_ref(&shifted), None), "plan shifted: basic 65 % → 50 %; PSI 0.3 > 0.2");
    let mut new = shifted.clone();
    new.column.new = vec!["trial".to_owned()];
    assert_eq!(said(&[new.clone()], None), "plan has the new category “trial”; PSI 0.3 > 0.2");
    new.column.new = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
    assert_eq!(said(&[new], None), "plan has new categories “a”, “b”, “c” and 2 more; PSI 0.3 > 0.2");
    let mut gone = shifted;
    gone.column.vanished = vec!["pro".to_owned()];
    assert_eq!(said(&[gone], None), "plan lost the category “pro”; PSI 0.3 > 0.2");
}

#[test]
fn a_missing_share_that_changed() {
    let q = [33.0, 41.0, 50.0];
    let holes = sides(psi(0.25, true), profile(q, 4), profile(q, 120));
    assert_eq!(said(&[holes], None), "age drifted, missing 0.4 % → 12 %; PSI 0.25 > 0.2");
    let stable = sides(psi(0.05, false), profile(q, 4), profile(q, 5));
    assert_eq!(said(&[stable], None), "age is stable; PSI 0.05 < 0.2");
}

#[test]
fn what_was_not_computed_is_never_stable() {
    let mut f = psi(0.0, false);
    (f.score, f.drifted) = (None, None);
    f.column.not_computed = Some("constant in both".to_owned());
    assert_eq!(said(&[f.clone()], None), "age was not computed: constant in both");
    let q = [1.0, 1.0, 1.0];
    let empty = sides(f, profile(q, 0), profile(q, 1000));
    assert_eq!(said(&[empty], None), "age was not computed: constant in both, missing 0 % → 100 %");
}

#[test]
fn one_method_that_was_not_computed_does_not_hide_the_other() {
    let mut none = psi(0.0, false);
    (none.score, none.drifted) = (None, None);
    none.column.not_computed = Some("too few rows".to_owned());
    let ks = feature("age", Some(Method::Ks), "ks", 0.21, 0.05, Some(1e-9), Some(true));
    assert_eq!(said(&[none, ks], None), "age drifted: KS p = 1e-9 < 0.05, D = 0.21");
}

#[test]
fn a_verdict_without_numbers() {
    let mut f = psi(0.0, true);
    (f.score, f.threshold) = (None, None);
    assert_eq!(said(&[f.clone()], Some("w3")), "age drifted since w3; the report gives no number");
    (f.method, f.method_label) = (None, String::new());
    assert_eq!(said(&[f.clone()], None), "age drifted; the report gives no number");
    let up = sides(f, profile([33.0, 41.0, 50.0], 0), profile([38.0, 47.0, 58.0], 0));
    assert_eq!(said(&[up], None), "age moved up: median 41 → 47; the report gives no number");
}

#[test]
fn tests_say_p_and_their_statistic() {
    let ks = feature("age", Some(Method::Ks), "ks", 0.21, 0.05, Some(1e-9), Some(true));
    assert_eq!(said(&[ks], None), "age drifted: KS p = 1e-9 < 0.05, D = 0.21");
    let only_p = feature("age", Some(Method::Ks), "K-S p_value", 0.003, 0.05, Some(0.003), Some(true));
    assert_eq!(said(&[only_p], None), "age drifted: KS p = 0.003 < 0.05");
    let chi = feature("plan", Some(Method::ChiSquare), "chi_square", 17.25, 0.05, Some(0.2), Some(false));
    assert_eq!(said(&[chi], None), "plan is stable; chi-squared p = 0.2 > 0.05, χ² = 17.3");
}

#[test]
fn two_methods_are_named_and_no_more() {
    let js = feature("age", Some(Method::JensenShannon), "js", 0.4, 0.1, None, Some(true));
    let ks = feature("age", Some(Method::Ks), "ks", 0.21, 0.05, Some(1e-9), Some(true));
    assert_eq!(
        said(&[psi(0.31, true), js, ks], Some("2026-03-02")),
        "age drifted: PSI 0.31 > 0.2, Jensen–Shannon 0.4 > 0.1 since 2026-03-02"
    );
}

#[test]
fn a_report_against_its_own_numbers_is_told() {
    let said_drift = "age drifted: PSI 0.05 < 0.2; the report calls this drift, its own numbers do not";
    assert_eq!(said(&[psi(0.05, true)], None), said_drift);
    let said_stable = "age is called stable; PSI 0.31 > 0.2; the report calls this stable, its own numbers do not";
    assert_eq!(said(&[psi(0.31, false)], None), said_stable);
}

#[test]
fn without_a_verdict_nothing_is_claimed() {
    let mut f = psi(0.31, true);
    f.drifted = None;
    assert_eq!(said(&[f.clone()], None), "age was not judged; PSI 0.31 > 0.2");
    f.threshold = None;
    assert_eq!(said(&[f], None), "age was not judged; PSI 0.31");
}

#[test]
fn names_are_made_visible() {
    let mut f = psi(0.31, true);
    f.feature = "a\u{202e}b\n".to_owned();
    assert_eq!(said(&[f], None), "a\\u{202e}b\\u{a} drifted: PSI 0.31 > 0.2");
}
