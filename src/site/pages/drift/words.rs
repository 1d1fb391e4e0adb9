//! Numbers and methods of drift as people write them.

use crate::model::{Finite, Measured, Method};
use crate::plot::number;

/// A number with three significant digits; whole numbers stay whole.
pub(super) fn short(value: f64) -> String {
    digits(value, 3)
}

fn digits(value: f64, significant: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".to_owned()
        } else if value > 0.0 {
            "∞".to_owned()
        } else {
            "−∞".to_owned()
        };
    }
    if value == 0.0 || (value.fract() == 0.0 && value.abs() < 1e6) {
        return number(value);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a double is below 400")]
    let exponent = value.abs().log10().floor() as i32;
    let scale = 10f64.powi(significant - 1 - exponent);
    let rounded = (value * scale).round() / scale;
    number(if scale.is_finite() && rounded.is_finite() { rounded } else { value })
}

/// Two numbers with as many digits as it takes to tell them apart.
pub(super) fn pair(a: f64, b: f64) -> (String, String) {
    for significant in 3..6 {
        let texts = (digits(a, significant), digits(b, significant));
        if a == b || texts.0 != texts.1 {
            return texts;
        }
    }
    (number(a), number(b))
}

/// A measured value.
pub(super) fn measured(value: Option<Measured>) -> String {
    value.map(|v| short(v.as_f64())).unwrap_or_default()
}

/// A finite value.
pub(super) fn finite(value: Option<Finite>) -> String {
    value.map(|v| short(v.get())).unwrap_or_default()
}

/// A method in a word, and the letter of its statistic.
pub(super) fn brief(method: Option<Method>) -> Option<(&'static str, &'static str)> {
    Some(match method? {
        Method::Psi => ("PSI", ""),
        Method::Ks => ("KS", "D"),
        Method::Wasserstein => ("Wasserstein", ""),
        Method::WassersteinNormed => ("Wasserstein (normed)", ""),
        Method::JensenShannon => ("Jensen–Shannon", ""),
        Method::KlDivergence => ("KL", ""),
        Method::Hellinger => ("Hellinger", ""),
        Method::TotalVariation => ("total variation", ""),
        Method::ChiSquare => ("chi-squared", "χ²"),
        Method::CramersV => ("Cramér’s V", "V"),
        Method::GTest => ("G-test", "G"),
        Method::ZTest => ("Z-test", "z"),
        Method::AndersonDarling => ("Anderson–Darling", "A²"),
        Method::TTest => ("t-test", "t"),
        Method::MannWhitney => ("Mann–Whitney", "U"),
        Method::CramerVonMises => ("Cramér–von Mises", "T"),
        Method::FisherExact => ("Fisher’s exact", "odds ratio"),
        Method::Energy => ("energy distance", ""),
        Method::Mmd => ("MMD", "MMD²"),
        Method::DomainClassifier => ("domain classifier AUC", ""),
    })
}

/// The full name of a method.
pub(super) fn full(method: Method) -> Option<&'static str> {
    Some(match method {
        Method::Psi => "Population stability index",
        Method::Ks => "Kolmogorov–Smirnov",
        Method::Wasserstein | Method::WassersteinNormed => "Wasserstein distance",
        Method::JensenShannon => "Jensen–Shannon distance",
        Method::ChiSquare => "Chi-squared test",
        _ => return None,
    })
}

/// What a method measures, and why a score over the threshold matters.
pub(super) fn about(method: Method) -> &'static str {
    match method {
        Method::Psi => {
            "The population stability index compares shares of rows per bin; it grows with every bin that gained or lost rows. Below 0.1 is usually read as stable, above 0.2 as a shift worth acting on."
        }
        Method::Ks => {
            "The two-sample Kolmogorov–Smirnov statistic is the largest gap between the two cumulative distributions; with many rows even small gaps have a small p-value, so read the statistic with it."
        }
        Method::Wasserstein | Method::WassersteinNormed => {
            "The Wasserstein distance is how far values must move on average to turn one distribution into the other; normed, it is counted in standard deviations of the reference."
        }
        Method::JensenShannon => {
            "The Jensen–Shannon distance is 0 for equal distributions; without any overlap it is 1, or 0.83 where natural logarithms are used."
        }
        Method::ChiSquare | Method::GTest => {
            "The test asks whether category counts of both windows could come from one distribution; a small p-value says they do not."
        }
        Method::DomainClassifier => "A classifier tries to tell the two windows apart; 0.5 means that it cannot.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_must_be() {
        assert_eq!(
            (short(0.312_34), short(41.0), short(1e-9), short(123_456.0)),
            ("0.312".into(), "41".into(), "1e-9".into(), "123456".into())
        );
        assert_eq!(pair(41.0, 47.0), ("41".to_owned(), "47".to_owned()));
        assert_eq!(pair(0.200_4, 0.2), ("0.2004".to_owned(), "0.2".to_owned()));
        assert_eq!(pair(f64::INFINITY, 0.2).0, "∞");
    }
}
