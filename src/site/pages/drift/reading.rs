//! What a score means: which number its threshold bounds, how far beyond it lies, and what the documented
//! rule of its method says.
//!
//! In: features of drift reports. Out: [`Reading`]s. Must not replace a tool's verdict: what is read here
//! stands beside it. The rule is that of the gate's `drift` check: distances drift above their threshold,
//! p-values below; a method that is not known has no rule.

use std::collections::BTreeMap;

use crate::model::{DriftReport, FeatureDrift, Finite, Measured, Method};

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// More is more drift.
    Distance,
    /// Less is more drift.
    PValue,
    /// Nobody can tell.
    Unknown,
}

/// A score and its threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    /// What `value` is.
    pub kind: Kind,
    /// The number that the threshold bounds; may be infinite, never NaN.
    pub value: Option<f64>,
    /// The threshold.
    pub threshold: Option<f64>,
    /// Whether the rule says drift; nothing at the threshold itself, where tools differ.
    pub opinion: Option<bool>,
    /// Value over threshold, from 1 on beyond it; for a p-value threshold over value.
    pub excess: Option<f64>,
}

/// Methods by label whose threshold bounds the statistic although they give a p-value too.
#[derive(Debug, Default)]
pub(super) struct Rules<'a>(BTreeMap<&'a str, i64>);

/// Smaller p-values are no smaller to the eye.
pub(super) const LEAST_P: f64 = 1e-12;

impl<'a> Rules<'a> {
    /// The rules of reports that belong together. A threshold beside a statistic and a p-value bounds the
    /// p-value (docs/formats/native.md), unless most verdicts of the method only fit the statistic.
    pub(super) fn of(reports: &[&'a DriftReport]) -> Self {
        let mut out = BTreeMap::new();
        for f in reports.iter().flat_map(|r| &r.features) {
            let (Some(p), Some(score), Some(t), Some(drifted)) =
                (number(f.p_value), number(f.score), f.threshold.map(Finite::get), f.drifted)
            else {
                continue;
            };
            if p != score {
                let votes = out.entry(f.method_label.as_str()).or_insert(0i64);
                *votes += i64::from((score > t) == drifted) - i64::from((p < t) == drifted);
            }
        }
        Self(out)
    }

    /// Reads a feature.
    pub(super) fn read(&self, f: &FeatureDrift) -> Reading {
        let kind = kind(f);
        let of_statistic = self.0.get(f.method_label.as_str()).is_some_and(|votes| *votes > 0);
        let (kind, value) = match (kind, f.p_value) {
            (Kind::PValue, p) => (Kind::PValue, number(p.or(f.score))),
            (Kind::Distance, Some(p)) if !of_statistic => (Kind::PValue, number(Some(p))),
            (kind, _) => (kind, number(f.score)),
        };
        let threshold = f.threshold.map(Finite::get);
        let both = value.zip(threshold);
        let opinion = both.filter(|(v, t)| v != t).and_then(|(v, t)| match kind {
            Kind::Distance => Some(v > t),
            Kind::PValue => Some(v < t),
            Kind::Unknown => None,
        });
        let excess = both.filter(|(_, t)| *t > 0.0).and_then(|(v, t)| {
            // Of an unknown method the tool's verdict shows which way its numbers run.
            let falls = match kind {
                Kind::Distance => false,
                Kind::PValue => true,
                Kind::Unknown => f.drifted.filter(|_| v != t)? != (v > t),
            };
            Some(if falls { t / v.max(LEAST_P) } else { v / t })
        });
        Reading { kind, value, threshold, opinion, excess }
    }
}

/// What the rule says where the tool says something else.
pub(super) fn dissent(f: &FeatureDrift, reading: &Reading) -> Option<bool> {
    reading.opinion.filter(|opinion| f.drifted.is_some_and(|said| said != *opinion))
}

/// A number that is one; an infinite distance is beyond every threshold.
fn number(value: Option<Measured>) -> Option<f64> {
    value.map(Measured::as_f64).filter(|v| !v.is_nan())
}

/// Distances and p-values share one field in most tools' reports. Where label, method and p-value do not
/// say which it is, the report's own verdict may.
fn kind(f: &FeatureDrift) -> Kind {
    let label = f.method_label.to_ascii_lowercase();
    if ["p_value", "p-value", "pvalue", "p value"].iter().any(|word| label.contains(word)) {
        return Kind::PValue;
    }
    let Some(method) = f.method else { return Kind::Unknown };
    if let (Some(p), Some(score)) = (f.p_value, f.score) {
        return if p == score { Kind::PValue } else { Kind::Distance };
    }
    if f.score.is_none() && f.p_value.is_some() {
        return Kind::PValue;
    }
    if !is_test(method) {
        return Kind::Distance;
    }
    match (number(f.score), f.threshold.map(Finite::get), f.drifted) {
        (Some(score), Some(threshold), Some(drifted)) if score != threshold => {
            if drifted == (score > threshold) {
                Kind::Distance
            } else {
                Kind::PValue
            }
        }
        _ => Kind::Unknown,
    }
}

/// Methods whose tools commonly report a p-value.
fn is_test(method: Method) -> bool {
    matches!(
        method,
        Method::Ks
            | Method::ChiSquare
            | Method::GTest
            | Method::ZTest
            | Method::AndersonDarling
            | Method::TTest
            | Method::MannWhitney
            | Method::CramerVonMises
            | Method::FisherExact
    )
}

/// Why a feature has no score; nothing where it has one, or a verdict. A report that gives a reason and says
/// drift all the same says drift.
pub(super) fn not_computed(f: &FeatureDrift) -> Option<&str> {
    if let Some(why) = f.column.not_computed.as_deref().filter(|_| f.drifted != Some(true)) {
        return Some(why);
    }
    let nan = |n: Option<Measured>| n.is_some_and(|n| n.as_f64().is_nan());
    match (f.drifted, number(f.score).or(number(f.p_value))) {
        (Some(_), _) | (_, Some(_)) => None,
        _ if nan(f.score) || nan(f.p_value) => Some("the score is not a number"),
        _ => Some("the report gives no score"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sentence::tests::{feature, report};
    use super::*;

    fn read(f: &FeatureDrift) -> Reading {
        Rules::default().read(f)
    }

    #[test]
    fn distances_drift_above_and_p_values_below() {
        let psi = feature("age", Some(Method::Psi), "psi", 0.31, 0.2, None, Some(true));
        assert_eq!((read(&psi).opinion, read(&psi).kind), (Some(true), Kind::Distance));
        let ks = feature("age", Some(Method::Ks), "K-S p_value", 0.01, 0.05, None, Some(true));
        assert_eq!((read(&ks).opinion, read(&ks).kind, read(&ks).excess), (Some(true), Kind::PValue, Some(5.0)));
        let both = feature("age", Some(Method::Ks), "ks", 0.21, 0.05, Some(1e-9), Some(true));
        assert_eq!((read(&both).value, read(&both).kind), (Some(1e-9), Kind::PValue));
    }

    #[test]
    fn a_verdict_against_its_own_numbers_is_seen() {
        let psi = feature("age", Some(Method::Psi), "psi", 0.05, 0.2, None, Some(true));
        assert_eq!(dissent(&psi, &read(&psi)), Some(false));
        let equal = feature("age", Some(Method::Psi), "psi", 0.2, 0.2, None, Some(true));
        assert_eq!(dissent(&equal, &read(&equal)), None);
    }

    #[test]
    fn an_unknown_method_is_never_judged() {
        for drifted in [Some(true), Some(false), None] {
            let f = feature("age", None, "mystery", 0.5, 0.2, None, drifted);
            assert_eq!((read(&f).opinion, dissent(&f, &read(&f))), (None, None));
        }
        let falling = feature("age", None, "mystery", 0.1, 0.2, None, Some(true));
        assert_eq!(read(&falling).excess, Some(2.0), "the verdict shows that less is more drift");
        assert_eq!(read(&feature("age", None, "mystery", 0.1, 0.2, None, None)).excess, None);
    }

    #[test]
    fn a_threshold_that_only_fits_the_statistic_bounds_it() {
        // D = 0.15 with p = 0.08 against 0.2: stable by the statistic, drifted by the p-value.
        let of =
            |score: f64, p: f64, drifted| feature("a", Some(Method::Ks), "KS D", score, 0.2, Some(p), Some(drifted));
        let features = vec![of(0.15, 0.08, false), of(0.12, 0.1, false), of(0.4, 1e-9, true)];
        let report = report("2026-03-02", features);
        let rules = Rules::of(&[&report]);
        assert!(report.features.iter().all(|f| dissent(f, &rules.read(f)).is_none()));
        assert_eq!(rules.read(&report.features[0]).value, Some(0.15));
    }

    #[test]
    fn no_score_is_no_drift_free_window() {
        let mut f = feature("age", Some(Method::Psi), "psi", f64::NAN, 0.2, None, None);
        assert_eq!(not_computed(&f), Some("the score is not a number"));
        f.score = None;
        assert_eq!(not_computed(&f), Some("the report gives no score"));
        f.column.not_computed = Some("constant in both".to_owned());
        assert_eq!(not_computed(&f), Some("constant in both"));
        f.drifted = Some(false);
        assert_eq!(not_computed(&f), Some("constant in both"), "calm without a score is none");
        f.drifted = Some(true);
        assert_eq!(not_computed(&f), None, "drift is never hidden");
        f = feature("age", Some(Method::Psi), "psi", f64::INFINITY, 0.2, None, None);
        assert_eq!((not_computed(&f), read(&f).opinion), (None, Some(true)));
    }
}
