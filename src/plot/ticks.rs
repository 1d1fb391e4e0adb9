//! Round numbers for axes, and numbers as people write them.
//!
//! In: a span of finite values. Out: an axis that starts and ends on round numbers, with labels.
//! Must not: see a non-finite number (the guard removed them), or depend on the locale.

use super::guard::Span;

/// Round tick positions with the axis span that encloses the data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    pub(crate) span: Span,
    pub(crate) at: Vec<f64>,
    step: f64,
}

/// Rounds the span outwards to multiples of 1, 2, 2.5 or 5 times a power of ten, aiming for `aim` ticks.
pub(crate) fn nice(span: Span, aim: usize) -> Ticks {
    let width = span.width();
    let raw = width / aim.max(1) as f64;
    let exponent = raw.log10().floor() as i32;
    let mantissa = raw / 10f64.powi(exponent);
    let (unit, exponent) = match mantissa {
        m if m <= 1.001 => (1.0, exponent),
        m if m <= 2.001 => (2.0, exponent),
        m if m <= 2.501 => (2.5, exponent),
        m if m <= 5.001 => (5.0, exponent),
        _ => (1.0, exponent + 1),
    };
    let step = scale(unit, exponent);
    let first = (span.lo() / step + 1e-9).floor();
    let last = (span.hi() / step - 1e-9).ceil();
    // Where neighbouring doubles are too few for the step, or the step fell out of range.
    if !step.is_normal() || first.abs() > 1e15 || last.abs() > 1e15 || last - first > 4.0 * aim as f64 + 4.0 {
        return Ticks { span, at: vec![span.lo(), span.hi()], step: width };
    }
    let at: Vec<f64> = (0..=(last - first) as i64).map(|k| scale((first + k as f64) * unit, exponent)).collect();
    let (lo, hi) = (at.first().copied().unwrap_or(span.lo()), at.last().copied().unwrap_or(span.hi()));
    match Span::new(lo.min(span.lo()), hi.max(span.hi())) {
        Some(span) => Ticks { span, at, step },
        None => Ticks { span, at: vec![span.lo(), span.hi()], step: width },
    }
}

/// `value × 10^exponent`, dividing for negative exponents so that 3 × 10⁻¹ is 0.3 and not 0.30000000000000004.
fn scale(value: f64, exponent: i32) -> f64 {
    if exponent < 0 { value / 10f64.powi(-exponent) } else { value * 10f64.powi(exponent) }
}

impl Ticks {
    /// The label of each tick, all with the same number of decimals.
    pub(crate) fn labels(&self) -> Vec<String> {
        let largest = self.at.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        self.at.iter().map(|v| tick_label(*v, self.step, largest)).collect()
    }

    /// Drops ticks outside of a span, for axes that must end where the data ends.
    pub(crate) fn within(mut self, span: Span) -> Ticks {
        let slack = span.width() * 1e-9;
        self.at.retain(|v| *v >= span.lo() - slack && *v <= span.hi() + slack);
        self.span = span;
        self
    }
}

fn tick_label(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (unit, suffix) = match largest {
        l if (1e4..1e6).contains(&l) && step >= 100.0 => (1e3, "k"),
        l if (1e6..1e9).contains(&l) && step >= 1e5 => (1e6, "M"),
        _ => (1.0, ""),
    };
    let step = step / unit;
    let largest = largest / unit;
    if !(1e-4..1e7).contains(&largest) || step < 1e-9 {
        let digits = (largest / step).log10().ceil().clamp(0.0, 15.0) as usize;
        return minus(trim_exponent(&format!("{value:.digits$e}")));
    }
    minus(format!("{:.*}{suffix}", decimals(step), value / unit))
}

/// Decimals needed so that multiples of `step` differ: 0.25 needs two, 0.1 one, 5 none.
fn decimals(step: f64) -> usize {
    (0..=12)
        .find(|d| {
            let scaled = step * 10f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled.round() >= 1.0
        })
        .unwrap_or(12) as usize
}

/// A value for tooltips, tables and direct labels: up to six significant digits, no trailing zeros.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs();
    if magnitude < 1e15 && value.fract() == 0.0 && magnitude < 1e9 {
        return minus(format!("{value:.0}"));
    }
    if !(1e-4..1e9).contains(&magnitude) {
        return minus(trim_exponent(&format!("{value:.5e}")));
    }
    let decimals = (5 - magnitude.log10().floor() as i32).clamp(0, 9) as usize;
    let fixed = format!("{value:.decimals$}");
    let trimmed = if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
    minus(trimmed.to_owned())
}

/// A value for direct labels and sentences: four significant digits.
pub(crate) fn brief(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() || value == 0.0 || !(1e-3..1e9).contains(&magnitude) {
        return match number(value).split_once('e') {
            Some(_) => minus(trim_exponent(&format!("{value:.2e}"))),
            None => number(value),
        };
    }
    let decimals = (3 - magnitude.log10().floor() as i32).clamp(0, 6) as usize;
    let fixed = format!("{value:.decimals$}");
    let trimmed = if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
    minus(trimmed.to_owned())
}

/// Values for a column: all with the decimals that show the largest to three significant digits.
pub(crate) fn column(values: impl Iterator<Item = Option<f64>> + Clone) -> Vec<String> {
    let known = || values.clone().flatten();
    let largest = known().fold(0.0f64, |m, v| m.max(v.abs()));
    let whole = known().all(|v| v.fract() == 0.0);
    let plain = (1e-3..1e9).contains(&largest);
    let decimals = if whole { 0 } else { (2 - largest.max(1e-9).log10().floor() as i32).clamp(0, 6) as usize };
    values
        .map(|v| match v {
            None => "—".to_owned(),
            Some(v) if plain => {
                let text = format!("{v:.decimals$}");
                // What rounds to nothing has no sign.
                if text.contains(|c| matches!(c, '1'..='9')) {
                    minus(text)
                } else {
                    text.trim_start_matches('-').to_owned()
                }
            }
            Some(v) => brief(v),
        })
        .collect()
}

/// A share as a percentage: "37 %", "0.4 %", with a space that does not break.
pub(crate) fn percent(share: f64) -> String {
    let p = share * 100.0;
    if p != 0.0 && p < 9.95 { format!("{p:.1}\u{a0}%") } else { format!("{p:.0}\u{a0}%") }
}

fn trim_exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((m, e)) if m.contains('.') => {
            format!("{}e{e}", m.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text.to_owned(),
    }
}

/// A real minus sign, so that negative numbers do not look hyphenated.
fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(lo: f64, hi: f64, aim: usize) -> Vec<String> {
        nice(Span::new(lo, hi).unwrap(), aim).labels()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 1.0, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(0.8123, 0.9077, 5), ["0.80", "0.82", "0.84", "0.86", "0.88", "0.90", "0.92"]);
        assert_eq!(labels(-3.0, 9.0, 4), ["−5", "0", "5", "10"]);
        assert_eq!(labels(0.0, 48_000.0, 4), ["0", "20k", "40k", "60k"]);
        assert_eq!(labels(0.0, 3e-7, 3), ["0", "1e-7", "2e-7", "3e-7"]);
    }

    #[test]
    fn numbers_carry_sensible_digits() {
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(0.912_345_678), "0.912346");
        assert_eq!(number(123_456.0), "123456");
        assert_eq!(number(-1.5), "−1.5");
        assert_eq!(number(1.25e-9), "1.25e-9");
        assert_eq!(number(f64::NAN), "n/a");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(brief(0.906_509), "0.9065");
        assert_eq!(brief(1033.0), "1033");
        assert_eq!(brief(-1.703_45e-5), "−1.7e-5");
        assert_eq!(
            column([Some(0.076), None, Some(-0.003), Some(-1e-9)].into_iter()),
            ["0.0760", "—", "−0.0030", "0.0000"]
        );
        assert_eq!(percent(0.004), "0.4\u{a0}%");
        assert_eq!(percent(0.37), "37\u{a0}%");
    }

    proptest! {
        #[test]
        fn any_span_has_few_ticks_inside_it(a in any::<f64>(), b in any::<f64>(), aim in 1usize..12) {
            let Some(span) = Span::of([a, b]) else { return Ok(()) };
            let ticks = nice(span, aim);
            prop_assert!(ticks.at.len() <= 4 * aim + 6);
            prop_assert!(ticks.span.lo() <= span.lo() && ticks.span.hi() >= span.hi());
            for t in &ticks.at {
                prop_assert!(t.is_finite() && *t >= ticks.span.lo() && *t <= ticks.span.hi());
            }
            for l in ticks.labels() {
                prop_assert!(l.chars().count() < 26, "{}", l);
                prop_assert!(!l.contains("NaN") && !l.contains("inf"));
            }
        }
    }
}
