//! The order of names that hold numbers: `v2` before `v10`, `1.4.0` before `1.10.0`.

use std::cmp::Ordering;

/// Natural order: runs of digits compare as numbers, everything else by character; a pre-release
/// (`1.0.0-rc1`) comes before its release, as Semantic Versioning 2.0.0 §11 says. Names that are
/// equal so far compare by their bytes, so the order is total.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (left.chars().next(), right.chars().next()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) | (Some(_), None) => return rank(left).cmp(&rank(right)),
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (digits_left, rest_left) = split_digits(left);
                let (digits_right, rest_right) = split_digits(right);
                let order = digits_left.len().cmp(&digits_right.len()).then_with(|| digits_left.cmp(digits_right));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return rank(left).cmp(&rank(right));
                }
                left = &left[x.len_utf8()..];
                right = &right[y.len_utf8()..];
            }
        }
    }
}

/// Where a text stands by its first character alone: a hyphen before the end, the end before all else.
fn rank(text: &str) -> (u8, char) {
    match text.chars().next() {
        Some('-') => (0, '-'),
        None => (1, '-'),
        Some(c) => (2, c),
    }
}

/// Leading digits without leading zeros, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::natural_cmp;

    #[test]
    fn numbers_compare_as_numbers() {
        let mut names = vec!["v10", "v2", "1.10.0", "1.4.0", "1.4.0-rc1", "v2", "", "2024.12", "2024.2", "007", "7"];
        names.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(names, ["", "1.4.0-rc1", "1.4.0", "1.10.0", "007", "7", "2024.2", "2024.12", "v2", "v2", "v10"]);
    }

    proptest::proptest! {
        #[test]
        fn the_order_is_total(a in "[a0-2.+-]{0,6}", b in "[a0-2.+-]{0,6}", c in "[a0-2.+-]{0,6}") {
            proptest::prop_assert_eq!(natural_cmp(&a, &b), natural_cmp(&b, &a).reverse());
            if natural_cmp(&a, &b).is_le() && natural_cmp(&b, &c).is_le() {
                proptest::prop_assert!(natural_cmp(&a, &c).is_le());
            }
        }
    }
}
