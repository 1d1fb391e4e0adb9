//! Numbers as text: as few digits as show which of them is larger.
//!
//! In: finite numbers that were compared. Out: texts that, read back, stand in the same order. A
//! value of 0.87996 under a minimum of 0.88 must never be shown as "0.88 < 0.88".

use std::cmp::Ordering;

/// Digits with which the search begins.
const FIRST_DIGITS: usize = 4;
/// Digits that tell any two doubles apart.
const ALL_DIGITS: usize = 17;

/// A number rounded to so many significant digits.
pub(crate) fn rounded(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Ok(near) = scientific.parse::<f64>() else { return scientific };
    let size = near.abs();
    if near.is_finite() && (1e-5..1e15).contains(&size) { format!("{near}") } else { format!("{near:e}") }
}

/// A number on its own, to four significant digits.
pub(crate) fn plain(value: f64) -> String {
    rounded(value, FIRST_DIGITS)
}

/// As few digits as keep all numbers in their order.
pub(crate) fn digits_for(values: &[f64]) -> usize {
    (FIRST_DIGITS..ALL_DIGITS)
        .find(|digits| {
            let shown: Vec<Option<f64>> = values.iter().map(|v| rounded(*v, *digits).parse().ok()).collect();
            values.iter().zip(&shown).enumerate().all(|(i, (a, x))| {
                values[i + 1..].iter().zip(&shown[i + 1..]).all(|(b, y)| order(Some(*a), Some(*b)) == order(*x, *y))
            })
        })
        .unwrap_or(ALL_DIGITS)
}

fn order(a: Option<f64>, b: Option<f64>) -> Option<Ordering> {
    a?.partial_cmp(&b?)
}

/// With the unit behind it: `12.5 ms`, `3%`.
pub(crate) fn with_unit(number: &str, unit: Option<&str>) -> String {
    match unit {
        None | Some("") => number.to_owned(),
        Some("%") => format!("{number}%"),
        Some(unit) => format!("{number} {}", crate::diag::visible(unit, 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::{digits_for, plain, rounded};

    #[test]
    fn shown_numbers_keep_their_order() {
        let digits = digits_for(&[0.87996, 0.88]);
        assert_eq!((rounded(0.87996, digits).as_str(), rounded(0.88, digits).as_str()), ("0.87996", "0.88"));
        assert_eq!(digits_for(&[0.5, 0.88]), 4);
        assert_eq!(plain(0.968_078_979_8), "0.9681");
        assert_eq!((plain(120.0).as_str(), plain(1e300).as_str(), plain(-0.0).as_str()), ("120", "1e300", "0"));
    }

    proptest::proptest! {
        #[test]
        fn any_two_numbers_keep_their_order(a in proptest::num::f64::NORMAL, ulps in 0_u64..4, b in proptest::num::f64::NORMAL) {
            for b in [b, f64::from_bits(a.to_bits() ^ ulps)] {
                if b.is_finite() {
                    let digits = digits_for(&[a, b]);
                    let (x, y): (f64, f64) = (rounded(a, digits).parse().unwrap(), rounded(b, digits).parse().unwrap());
                    proptest::prop_assert_eq!(a.partial_cmp(&b), x.partial_cmp(&y));
                }
            }
        }
    }
}
