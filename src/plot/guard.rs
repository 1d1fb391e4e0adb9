//! The gate that every number passes before it reaches plotters.
//!
//! In: any `f64`. Out: [`Finite`] numbers, a span that is never empty and never overflows, points
//! thinned to what a pixel column can show, and a sentence for everything that was left out.
//! Must not: drop anything silently. plotters loops for ever on infinite axes, panics or wraps on
//! points far outside of them, and draws NaN on the frame; none of this may happen behind this module.

use super::text::plural;

/// Largest magnitude that is drawn at all: differences and ticks of such numbers still are numbers.
pub const MAX_MAGNITUDE: f64 = 1e300;
/// Points further out than this many times the typical magnitude are left out: they would flatten
/// everything else into one line.
pub const MAX_RELATIVE_SPAN: f64 = 1e12;
/// Smallest axis width relative to its values: below it, neighbouring doubles are too coarse.
const MIN_RELATIVE_WIDTH: f64 = 1e-12;
/// Smallest axis width of all: below it, ticks fall into the denormal numbers.
const MIN_WIDTH: f64 = 1e-280;

/// A number that passed the guard: neither NaN nor infinite nor beyond [`MAX_MAGNITUDE`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Finite(f64);

impl Finite {
    /// The number, if it can be drawn.
    pub fn new(value: f64) -> Option<Finite> {
        (value.is_finite() && value.abs() <= MAX_MAGNITUDE).then_some(Finite(value))
    }

    /// The number itself.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Passes an optional number on if it can be drawn.
pub(crate) fn finite(value: Option<f64>) -> Option<f64> {
    value.and_then(Finite::new).map(Finite::get)
}

/// An interval, if both ends can be drawn; ends given in the wrong order are put right.
pub(crate) fn interval(ends: Option<(f64, f64)>) -> Option<(f64, f64)> {
    let (a, b) = ends?;
    let (a, b) = (finite(Some(a))?, finite(Some(b))?);
    Some((a.min(b), a.max(b)))
}

/// A range with `lo < hi`, both finite, wide enough to divide by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    lo: f64,
    hi: f64,
}

impl Span {
    /// The span between two numbers; equal or nearly equal ends are moved apart. `None` if either
    /// end cannot be drawn.
    pub(crate) fn new(lo: f64, hi: f64) -> Option<Span> {
        let (lo, hi) = (Finite::new(lo)?.get(), Finite::new(hi)?.get());
        let (lo, hi) = (lo.min(hi), lo.max(hi));
        let largest = lo.abs().max(hi.abs());
        if hi - lo >= (largest * MIN_RELATIVE_WIDTH).max(MIN_WIDTH) {
            return Some(Span { lo, hi });
        }
        let middle = lo + (hi - lo) / 2.0;
        // Room around a constant: a tenth of it, or 0..1 around nothing.
        if largest <= MIN_WIDTH {
            return Some(Span { lo: 0.0, hi: 1.0 });
        }
        let room = (largest * 0.1).max(MIN_WIDTH);
        Some(Span { lo: middle - room, hi: middle + room })
    }

    /// The span of all numbers that can be drawn; `None` if there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Span> {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.into_iter().filter_map(Finite::new) {
            lo = lo.min(v.get());
            hi = hi.max(v.get());
        }
        Span::new(lo, hi)
    }

    /// From 0 to 1, the range of shares and probabilities, and of a chart without data.
    pub(crate) fn unit() -> Span {
        Span { lo: 0.0, hi: 1.0 }
    }

    pub(crate) fn lo(self) -> f64 {
        self.lo
    }

    pub(crate) fn hi(self) -> f64 {
        self.hi
    }

    /// Width; finite and positive by construction.
    pub(crate) fn width(self) -> f64 {
        self.hi - self.lo
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper, clamped to a little outside.
    pub(crate) fn share(self, value: f64) -> f64 {
        ((value - self.lo) / self.width()).clamp(-0.5, 1.5)
    }
}

/// Collects what is not drawn and says it in one sentence.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut {
    missing: Vec<String>,
    missing_count: usize,
    far: Vec<String>,
    far_count: usize,
}

/// How many left-out points are named before "and more".
const NAMED: usize = 5;

impl LeftOut {
    /// Notes a value that is not a drawable number.
    pub(crate) fn non_finite(&mut self, name: impl FnOnce() -> String) {
        self.missing_count += 1;
        if self.missing.len() < NAMED {
            self.missing.push(name());
        }
    }

    /// Notes a value that is too far from the others to share an axis with them.
    pub(crate) fn too_far(&mut self, name: impl FnOnce() -> String) {
        self.far_count += 1;
        if self.far.len() < NAMED {
            self.far.push(name());
        }
    }

    /// Notes a value that did not become [`Finite`]: too large, or no number at all.
    pub(crate) fn refused(&mut self, value: f64, name: impl FnOnce() -> String) {
        if value.is_finite() {
            self.too_far(name);
        } else {
            self.non_finite(name);
        }
    }

    /// The sentences, such as "3 non-finite points are not drawn (steps 4, 7, 9)".
    pub(crate) fn notes(&self, noun: &str, place: &str) -> Vec<String> {
        self.notes_as("non-finite", noun, place)
    }

    /// The same where more than non-finite values cannot be used, such as negative counts.
    pub(crate) fn notes_as(&self, unusable: &str, noun: &str, place: &str) -> Vec<String> {
        let sentence = |count: usize, kind: &str, names: &[String]| {
            let more = if count > names.len() { ", …" } else { "" };
            let places = plural(count, place);
            let place = places.split_once(' ').map_or("", |(_, p)| p);
            let verb = if count == 1 { "is" } else { "are" };
            format!(
                "{} {verb} not drawn ({place} {}{more})",
                plural(count, &format!("{kind} {noun}")),
                names.join(", ")
            )
        };
        let mut out = Vec::new();
        if self.missing_count > 0 {
            out.push(sentence(self.missing_count, unusable, &self.missing));
        }
        if self.far_count > 0 {
            out.push(sentence(self.far_count, "far-off", &self.far));
        }
        out
    }
}

/// A note on accompanying numbers, such as interval ends, that cannot be drawn.
pub(crate) fn unusable(count: usize, noun: &str) -> Option<String> {
    let verb = if count == 1 { "is" } else { "are" };
    (count > 0).then(|| format!("{} {verb} not drawn", plural(count, &format!("non-finite {noun}"))))
}

/// Largest magnitude that may share an axis with the rest of the values.
///
/// 10¹² times the median magnitude, and never below 10¹²: ordinary data never meets this limit.
pub(crate) fn reach(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().filter_map(Finite::new).fold(0.0f64, |m, v| m.max(v.get().abs()));
    if largest <= MAX_RELATIVE_SPAN {
        return MAX_RELATIVE_SPAN;
    }
    let mut sizes: Vec<f64> = values.filter_map(Finite::new).map(|v| v.get().abs()).collect();
    let middle = (sizes.len() - 1) / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    (*median * MAX_RELATIVE_SPAN).clamp(MAX_RELATIVE_SPAN, MAX_MAGNITUDE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_ends_are_moved_apart() {
        let s = Span::new(0.5, 0.5).unwrap();
        assert!(s.lo() < 0.5 && s.hi() > 0.5);
        assert_eq!(Span::new(0.0, 0.0), Some(Span::unit()));
        assert_eq!(Span::new(5e-324, 0.0), Some(Span::unit()));
        assert_eq!(Span::new(f64::NAN, 1.0), None);
        assert_eq!(Span::of([f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn what_is_left_out_is_named() {
        let mut out = LeftOut::default();
        for s in [4, 7, 9] {
            out.non_finite(|| s.to_string());
        }
        assert_eq!(out.notes("point", "step"), ["3 non-finite points are not drawn (steps 4, 7, 9)"]);
        let mut one = LeftOut::default();
        one.too_far(|| "12".to_owned());
        assert_eq!(one.notes("point", "step"), ["1 far-off point is not drawn (step 12)"]);
    }

    #[test]
    fn reach_leaves_ordinary_data_alone() {
        assert_eq!(reach([0.1, 0.2, 1e11].into_iter()), 1e12);
        assert_eq!(reach([0.1, 0.2, 1e200].into_iter()), 1e12);
        assert!(reach([1e250, 2e250].into_iter()) >= 2e250);
    }

    proptest! {
        #[test]
        fn spans_divide(a in any::<f64>(), b in any::<f64>()) {
            if let Some(s) = Span::new(a, b) {
                prop_assert!(s.width() > 0.0 && s.width().is_finite());
                prop_assert!(s.lo() < s.hi());
            }
        }
    }
}
