//! What Evidently's drift methods are called, and when each of them says drift.
//!
//! In: a method as the tool writes it — its id (`psi`) when the caller chose it, its display name
//! (`PSI`) when Evidently chose it. Out: the canonical method, the kind of column that it proves
//! and the rule that turns score and threshold into a flag. Directions and default thresholds:
//! `evidently/legacy/calculations/stattests` of 0.7.21, compared with the flags of 0.4.40, 0.6.7
//! and 0.7.23. A method that is not in the table is never judged here.

use crate::model::{Finite, Measured, Method};

/// When a score means drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A p-value below the threshold.
    PBelow,
    /// A p-value below or at the threshold.
    PAtMost,
    /// A distance at or above the threshold.
    AtLeast,
    /// A distance, or the ROC AUC of a classifier that tells the two sides apart, above the threshold.
    Above,
    /// The ROC AUC of such a classifier against a percentile of random classifiers, which the file
    /// does not hold: the threshold is the percentile, and nothing can be derived from it.
    Percentile,
}

/// Which columns a method is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    Numeric,
    Categorical,
    /// Categorical when the caller asked for it; Evidently itself also chooses it for numeric
    /// columns with few values.
    CategoricalIfAsked,
    Text,
    Any,
}

/// A drift method of Evidently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stattest {
    id: &'static str,
    label: &'static str,
    /// The canonical method; none for a test that has no canonical name.
    pub(super) method: Option<Method>,
    pub(super) rule: Rule,
    default: f64,
    columns: Columns,
}

#[rustfmt::skip]
const STATTESTS: &[Stattest] = &[
    entry("ks", "K-S p_value", Some(Method::Ks), Rule::PAtMost, 0.05, Columns::Numeric),
    entry("z", "Z-test p_value", Some(Method::ZTest), Rule::PBelow, 0.05, Columns::CategoricalIfAsked),
    entry("chisquare", "chi-square p_value", Some(Method::ChiSquare), Rule::PBelow, 0.05, Columns::CategoricalIfAsked),
    entry("jensenshannon", "Jensen-Shannon distance", Some(Method::JensenShannon), Rule::AtLeast, 0.1, Columns::Any),
    entry("wasserstein", "Wasserstein distance (normed)", Some(Method::WassersteinNormed), Rule::AtLeast, 0.1, Columns::Numeric),
    entry("kl_div", "Kullback-Leibler divergence", Some(Method::KlDivergence), Rule::AtLeast, 0.1, Columns::Any),
    entry("psi", "PSI", Some(Method::Psi), Rule::AtLeast, 0.1, Columns::Any),
    entry("hellinger", "Hellinger distance", Some(Method::Hellinger), Rule::AtLeast, 0.1, Columns::Any),
    entry("ed", "Energy-distance", Some(Method::Energy), Rule::Above, 0.1, Columns::Numeric),
    entry("anderson", "Anderson-Darling", Some(Method::AndersonDarling), Rule::PBelow, 0.1, Columns::Numeric),
    entry("cramer_von_mises", "Cramer-von Mises", Some(Method::CramerVonMises), Rule::PAtMost, 0.1, Columns::Numeric),
    entry("es", "Epps-Singleton", None, Rule::PBelow, 0.05, Columns::Numeric),
    entry("mannw", "Mann-Whitney U-rank test", Some(Method::MannWhitney), Rule::PBelow, 0.05, Columns::Numeric),
    entry("t_test", "t_test", Some(Method::TTest), Rule::PBelow, 0.05, Columns::Numeric),
    entry("empirical_mmd", "empirical_mmd", Some(Method::Mmd), Rule::PBelow, 0.1, Columns::Numeric),
    entry("fisher_exact", "Fisher's Exact test", Some(Method::FisherExact), Rule::PBelow, 0.1, Columns::Categorical),
    entry("g_test", "g_test", Some(Method::GTest), Rule::PBelow, 0.1, Columns::Categorical),
    // A permutation test of the total variation distance: the score is its p-value.
    entry("TVD", "Total-Variation-Distance", Some(Method::TotalVariation), Rule::PBelow, 0.1, Columns::Categorical),
    entry("abs_text_content_drift", "Absolute text content drift", Some(Method::DomainClassifier), Rule::Above, 0.55, Columns::Text),
    entry("perc_text_content_drift", "Percentile text content drift", Some(Method::DomainClassifier), Rule::Percentile, 0.95, Columns::Text),
];

const fn entry(
    id: &'static str,
    label: &'static str,
    method: Option<Method>,
    rule: Rule,
    default: f64,
    columns: Columns,
) -> Stattest {
    Stattest { id, label, method, rule, default, columns }
}

/// The method of an id or display name.
pub(super) fn find(label: &str) -> Option<&'static Stattest> {
    STATTESTS.iter().find(|s| s.id == label || s.label == label)
}

impl Stattest {
    /// The threshold that the tool uses when none was given.
    pub(super) fn default_threshold(&self) -> Option<Finite> {
        Finite::new(self.default)
    }

    /// Whether the threshold is a bound for the score.
    pub(super) fn bounds_score(&self) -> bool {
        self.rule != Rule::Percentile
    }

    /// Whether the score is a p-value.
    pub(super) fn is_p_value(&self) -> bool {
        matches!(self.rule, Rule::PBelow | Rule::PAtMost)
    }

    /// What the tool's rule says; nothing when a number is absent or not finite.
    pub(super) fn drifted(&self, score: Option<Measured>, threshold: Option<Finite>) -> Option<bool> {
        let score = score?.finite()?.get();
        let threshold = threshold?.get();
        match self.rule {
            Rule::PBelow => Some(score < threshold),
            Rule::PAtMost => Some(score <= threshold),
            Rule::AtLeast => Some(score >= threshold),
            Rule::Above => Some(score > threshold),
            Rule::Percentile => None,
        }
    }

    /// The kind of a column that this method was applied to, when that follows from how the method
    /// is written.
    pub(super) fn kind(&self, written: &str) -> &'static str {
        match self.columns {
            Columns::Numeric => "numeric",
            Columns::Categorical => "categorical",
            Columns::CategoricalIfAsked if written == self.id => "categorical",
            Columns::Text => "text",
            Columns::CategoricalIfAsked | Columns::Any => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(label: &str, score: f64, threshold: f64) -> Option<bool> {
        find(label).unwrap().drifted(Some(score.into()), Finite::new(threshold))
    }

    #[test]
    fn the_rule_at_the_threshold_itself_is_the_tools_own() {
        for below in
            ["z", "chisquare", "anderson", "es", "mannw", "t_test", "empirical_mmd", "fisher_exact", "g_test", "TVD"]
        {
            assert_eq!(flag(below, 0.05, 0.05), Some(false), "{below}");
            assert_eq!(flag(below, 0.049, 0.05), Some(true), "{below}");
        }
        for at_most in ["ks", "cramer_von_mises"] {
            assert_eq!(flag(at_most, 0.05, 0.05), Some(true), "{at_most}");
            assert_eq!(flag(at_most, 0.051, 0.05), Some(false), "{at_most}");
        }
        for at_least in ["jensenshannon", "wasserstein", "kl_div", "psi", "hellinger"] {
            assert_eq!(flag(at_least, 0.1, 0.1), Some(true), "{at_least}");
            assert_eq!(flag(at_least, 0.099, 0.1), Some(false), "{at_least}");
        }
        for above in ["ed", "abs_text_content_drift"] {
            assert_eq!(flag(above, 0.1, 0.1), Some(false), "{above}");
            assert_eq!(flag(above, 0.101, 0.1), Some(true), "{above}");
        }
        assert_eq!(flag("perc_text_content_drift", 0.99, 0.95), None);
        assert_eq!(flag("ks", f64::NAN, 0.05), None);
        assert!(find("custom function 'mine'").is_none());
    }

    #[test]
    fn ids_and_labels_are_unambiguous() {
        let mut names: Vec<&str> = STATTESTS.iter().map(|s| s.id).collect();
        names.extend(STATTESTS.iter().filter(|s| s.label != s.id).map(|s| s.label));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
