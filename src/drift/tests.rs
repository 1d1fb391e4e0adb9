//! What holds for any data.

use super::bins::{Rule, count};
use super::samples::{PValue, kolmogorov_smirnov, wasserstein};
use super::shares::{Fill, hellinger, jensen_shannon, psi, total_variation};
use super::summary::{Categories, Numbers, Sample};
use super::{NotComputed, counts, shares};
use proptest::prelude::*;

fn sample(values: &[f64]) -> Sample {
    let mut numbers = Numbers::default();
    numbers.add(values.iter().map(|v| Some(*v)));
    numbers.finish()
}

#[test]
fn what_cannot_be_computed_says_why() {
    let (one, none) = (sample(&[1.0, 1.0]), sample(&[]));
    assert_eq!(kolmogorov_smirnov(&one, &none, PValue::Auto), Err(NotComputed::Empty));
    assert_eq!(wasserstein(&none, &one), Err(NotComputed::Empty));
    assert_eq!(count(Rule::Quantiles(10), &none, &one), Err(NotComputed::Empty));
    assert_eq!(
        wasserstein(&sample(&[-1e308, 1e308]), &sample(&[1e308, 1e308])).map(f64::is_finite),
        Err(NotComputed::Overflow)
    );
    let mut a = Categories::default();
    a.add([Some("x"), None]);
    assert_eq!(counts::homogeneity(&shares::of_categories(&a, &a)), Err(NotComputed::Constant));
    assert_eq!(counts::proportions(&shares::of_categories(&a, &a)), Err(NotComputed::Constant));
    assert_eq!(a.nulls(), 1);
}

proptest! {
    /// However a column is split, the summary is the same.
    #[test]
    fn summaries_can_be_merged(values in prop::collection::vec(prop::option::of(any::<f64>()), 0..60), at in 0..60_usize) {
        let mut whole = Numbers::default();
        whole.add(values.iter().copied());
        let (left, right) = values.split_at(at.min(values.len()));
        let mut part = Numbers::default();
        part.add(right.iter().copied());
        let mut other = Numbers::default();
        other.add(left.iter().copied());
        part.merge(other);
        prop_assert_eq!(whole.finish(), part.finish());
    }

    /// Distances are 0 to oneself, the same both ways, and within their range.
    #[test]
    fn distances_are_distances(a in prop::collection::vec(-5..5_i32, 1..60), b in prop::collection::vec(-5..5_i32, 1..60)) {
        let (a, b) = (a.iter().map(|v| f64::from(*v)).collect::<Vec<_>>(), b.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
        let (a, b) = (sample(&a), sample(&b));
        for rule in [Rule::Quantiles(4), Rule::Fixed(5), Rule::Evidently { whole: true }] {
            let there = count(rule, &a, &b).unwrap();
            let rows: u64 = there.iter().map(|c| c.current).sum();
            prop_assert_eq!(rows, b.values().len() as u64);
            let back: Vec<_> = there.iter().map(|c| shares::Counted { reference: c.current, current: c.reference }).collect();
            for distance in [jensen_shannon, hellinger, total_variation] {
                let d = distance(&there).unwrap();
                prop_assert!((0.0..=1.0 + 1e-12).contains(&d) && (d - distance(&back).unwrap()).abs() < 1e-12);
            }
            prop_assert!((psi(&there, Fill::Share(1e-4)).unwrap() - psi(&back, Fill::Share(1e-4)).unwrap()).abs() < 1e-9);
            let own = count(rule, &a, &a).unwrap();
            prop_assert!(psi(&own, Fill::Evidently).unwrap() == 0.0 && hellinger(&own).unwrap() == 0.0);
        }
        let (there, back) = (kolmogorov_smirnov(&a, &b, PValue::Exact).unwrap(), kolmogorov_smirnov(&b, &a, PValue::Exact).unwrap());
        prop_assert!((there.statistic - back.statistic).abs() < 1e-12 && (there.p_value - back.p_value).abs() < 1e-9);
        prop_assert!((0.0..=1.0).contains(&there.p_value));
        prop_assert!((wasserstein(&a, &b).unwrap() - wasserstein(&b, &a).unwrap()).abs() < 1e-9);
        prop_assert_eq!(wasserstein(&a, &a).unwrap(), 0.0);
    }
}
