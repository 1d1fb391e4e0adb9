//! Numbers, sizes and times as a reader sees them; templates never format.
//!
//! In: values of the model. Out: [`Num`]s (text, class, where it comes from). Missing is an en dash,
//! non-finite is named and marked, negative is a true minus sign. Digits are chosen for a column, not for
//! a cell, so that columns align and differences show.

use serde::Serialize;

use crate::model::{Direction, Finite, Interval, Measured, MetricResult, Pointer};

/// A number in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Num {
    /// What is shown.
    pub text: String,
    /// What a hover says: the exact value and where it was read.
    pub title: String,
    /// `""`, `nan` or `none`.
    pub class: &'static str,
}

impl Num {
    /// No value, and why.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self { text: "–".to_owned(), title: why.into(), class: "none" }
    }

    /// A text that is no measurement.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), title: String::new(), class: "" }
    }
}

/// How many decimals a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits(Option<usize>);

impl Digits {
    /// Four significant digits for the largest value of the column; whole numbers stay whole.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut largest, mut whole, mut smallest) = (0.0f64, true, f64::INFINITY);
        for v in values.into_iter().filter(|v| v.is_finite()) {
            largest = largest.max(v.abs());
            if v != 0.0 {
                smallest = smallest.min(v.abs());
            }
            whole &= v.fract() == 0.0;
        }
        if whole && largest < 1e12 {
            return Self(Some(0));
        }
        if largest >= 1e9 || smallest < 1e-5 && largest < 1e-3 {
            return Self(None);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=6")]
        Self(Some((3.0 - largest.log10().floor()).clamp(0.0, 6.0) as usize))
    }

    /// The digits for these, but never fewer than it takes to tell the pairs apart.
    pub(crate) fn telling_apart(pairs: &[(f64, f64)]) -> Self {
        let mut digits = Self::of(pairs.iter().flat_map(|(a, b)| [*a, *b]));
        while let Self(Some(n)) = digits {
            let same = |(a, b): &(f64, f64)| {
                a != b && a.is_finite() && b.is_finite() && format!("{a:.n$}") == format!("{b:.n$}")
            };
            if n >= 12 || !pairs.iter().any(same) {
                break;
            }
            digits = Self(Some(n + 1));
        }
        digits
    }

    /// A finite number with these digits.
    pub(crate) fn format(self, value: f64) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        let text = match self.0 {
            Some(0) if value.fract() == 0.0 => return grouped(value),
            Some(n) => {
                let text = format!("{value:.n$}");
                // A value that is not zero must not look like it.
                if text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-')) { format!("{value:.2e}") } else { text }
            }
            None => format!("{value:.3e}"),
        };
        minus(text)
    }

    /// A measured value with these digits.
    pub(crate) fn measured(self, value: Measured) -> Num {
        match value {
            Measured::Finite(v) => Num { text: self.format(v.get()), title: minus(v.get().to_string()), class: "" },
            Measured::NonFinite(v) => Num {
                text: v.as_str().replace("Infinity", "∞").replace('-', "−"),
                title: format!("{v}: not a number that can be judged"),
                class: "nan",
            },
        }
    }

    /// A value and where it was read.
    pub(crate) fn sourced(self, value: Measured, source: &Pointer) -> Num {
        let mut num = self.measured(value);
        num.title = format!("{} — {source}", num.title);
        num
    }

    /// A value and where it was read, from the run's folder on.
    pub(crate) fn sourced_in(self, value: Measured, source: &Pointer, folder: &str) -> Num {
        let mut num = self.measured(value);
        let path = source.path.strip_prefix(folder).and_then(|p| p.strip_prefix('/')).unwrap_or(&source.path);
        let joint = if source.pointer.is_empty() { "" } else { "#" };
        num.title = format!("{} — {path}{joint}{}", num.title, source.pointer);
        num
    }

    /// A signed difference; `±0` when it rounds to nothing.
    pub(crate) fn delta(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        if value == 0.0 {
            return "±0".to_owned();
        }
        let text = self.format(value);
        if value > 0.0 { format!("+{text}") } else { text }
    }

    /// `0.947 – 0.984`.
    pub(crate) fn interval(self, interval: &Interval) -> String {
        self.span(interval.lower.get(), interval.upper.get())
    }

    /// Two ends.
    pub(crate) fn span(self, lower: f64, upper: f64) -> String {
        format!("{} – {}", self.format(lower), self.format(upper))
    }
}

/// The interval around a result: the tool's own, or two standard errors to each side.
pub(crate) fn interval_of(result: &MetricResult) -> Option<(Interval, &'static str)> {
    if let Some(ci) = result.ci {
        return Some((ci, ""));
    }
    let (value, stderr) = (result.value.finite()?.get(), result.stderr?.get());
    let z = 1.959_963_984_540_054;
    Some((
        Interval {
            lower: Finite::new(value - z * stderr)?,
            upper: Finite::new(value + z * stderr)?,
            level: Finite::new(0.95)?,
        },
        "value ± 1.96 standard errors",
    ))
}

/// Whole numbers in groups of three, with a narrow space from 10 000 on.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    if value < 0.0 { format!("−{out}") } else { out }
}

/// A count.
#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown rounded")]
pub(crate) fn count(n: u64) -> String {
    grouped(n as f64)
}

/// A size for people.
#[expect(clippy::cast_precision_loss, reason = "sizes are shown rounded")]
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 1000.0 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.95 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let p = share * 100.0;
    if p != 0.0 && p.abs() < 9.95 { format!("{p:.1} %") } else { format!("{p:.0} %") }
}

/// A phrase as the beginning of a sentence.
pub(crate) fn sentence(phrase: &str) -> String {
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A real minus sign, so that negative numbers do not look hyphenated.
pub(crate) fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// An arrow for the direction of a metric, and what it means.
pub(crate) fn arrow(direction: Option<Direction>) -> (&'static str, &'static str) {
    match direction {
        Some(Direction::Higher) => ("↑", "higher is better"),
        Some(Direction::Lower) => ("↓", "lower is better"),
        Some(Direction::Target) => ("→", "closest to its target is best"),
        Some(Direction::None) => ("", "says nothing about quality"),
        None => ("", "nobody said which way is better"),
    }
}

/// `first`, `second`, … joined as people list things.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_number_of_decimals() {
        let d = Digits::of([0.968_078, 0.5]);
        assert_eq!((d.format(0.968_078), d.format(0.5)), ("0.9681".to_owned(), "0.5000".to_owned()));
        assert_eq!(Digits::of([44.57, 9.1]).format(44.567), "44.57");
        assert_eq!(Digits::of([12.0, 341.0]).format(12.0), "12");
        assert_eq!(Digits::of([12_000.0]).format(-12_000.0), "−12\u{202f}000");
        assert_eq!(Digits::of([1e-7]).format(1e-7), "1.000e-7");
        assert_eq!(Digits::of([0.5]).format(1e-9), "1.00e-9");
    }

    #[test]
    fn digits_show_why_an_inequality_holds() {
        let d = Digits::telling_apart(&[(0.900_004, 0.9)]);
        assert_eq!((d.format(0.900_004), d.format(0.9)), ("0.900004".to_owned(), "0.900000".to_owned()));
        assert_eq!(Digits::telling_apart(&[(0.9, 0.9)]).format(0.9), "0.9000");
    }

    #[test]
    fn what_is_no_number_is_marked() {
        let d = Digits::of([1.5]);
        assert_eq!(d.measured(Measured::new(f64::NAN)).class, "nan");
        assert_eq!(d.measured(Measured::new(f64::NEG_INFINITY)).text, "−∞");
        assert_eq!(Num::none("x").text, "–");
        assert_eq!(d.delta(0.0), "±0");
        assert_eq!(d.delta(-0.25), "−0.250");
    }

    #[test]
    fn sizes_and_shares() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(48_566), "48.6 kB");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.37), "37 %");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
