//! Axes: spans with round ticks, or places for categories, and the labels on them.
//!
//! In: spans that passed the guard, or category labels. Out: what plotters asks an axis for: where a
//! value lies, where the key points are, how they are written. Must not: map anything to a place far
//! outside of the plot.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::guard::Span;
use super::pen::TEXT;
use super::text::{fit, width};
use super::ticks::nice;

/// Distance between axis labels and the plot, in pixels.
pub(crate) const LABEL_GAP: f64 = 6.0;

/// One axis: its span and the ticks on it. plotters asks it for positions and labels.
pub(crate) struct Axis {
    pub(super) span: Span,
    ticks: Vec<(f64, String)>,
    flipped: bool,
}

impl Axis {
    /// Numbers, rounded outwards to about `aim` ticks.
    pub(crate) fn rounded(span: Span, aim: usize) -> Axis {
        let ticks = nice(span, aim);
        let labels = ticks.labels();
        Axis { span: ticks.span, ticks: ticks.at.into_iter().zip(labels).collect(), flipped: false }
    }

    /// Numbers, with the axis ending where the data ends.
    pub(crate) fn tight(span: Span, aim: usize) -> Axis {
        let ticks = nice(span, aim).within(span);
        let labels = ticks.labels();
        Axis { span, ticks: ticks.at.into_iter().zip(labels).collect(), flipped: false }
    }

    /// An axis without ticks.
    pub(crate) fn bare(span: Span) -> Axis {
        Axis { span, ticks: Vec::new(), flipped: false }
    }

    /// `count` places around 0, 1, 2…, with labels at some of them.
    pub(crate) fn slots(count: usize, ticks: Vec<(usize, String)>) -> Axis {
        let span = Span::new(-0.5, count.max(1) as f64 - 0.5).unwrap_or(Span::unit());
        Axis { span, ticks: ticks.into_iter().map(|(i, l)| (i as f64, l)).collect(), flipped: false }
    }

    /// The same axis, running the other way (first slot on top).
    pub(crate) fn flipped(mut self) -> Axis {
        self.flipped = true;
        self
    }

    /// The same axis with other labels, for positions that the labels do not follow from.
    pub(crate) fn with_ticks(mut self, ticks: Vec<(f64, String)>) -> Axis {
        self.ticks = ticks;
        self
    }

    /// Room for the labels of a vertical axis, in pixels.
    pub(crate) fn label_room(&self) -> f64 {
        self.ticks.iter().map(|(_, l)| width(l, TEXT)).fold(0.0, f64::max) + LABEL_GAP + 2.0
    }

    /// Half of the last label of a horizontal axis: how far it reaches out to the right, in pixels.
    pub(crate) fn overhang(&self) -> f64 {
        self.ticks.last().map_or(0.0, |(_, l)| width(l, TEXT) / 2.0)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = self.span.share(*value);
        let share = if self.flipped { 1.0 - share } else { share };
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // plotters walks the mesh twice; the light lines of the first walk are not wanted.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.span.lo()..self.span.hi()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(at, _)| at == value).map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// Labels for slots along a horizontal axis: as many as fit, counted back from the last, which is the
/// newest and always shown. `room` is the width of one slot in pixels.
pub(crate) fn slot_labels(labels: &[String], room: f64) -> Vec<(usize, String)> {
    const WIDEST: f64 = 110.0;
    let widest = labels.iter().map(|l| width(l, TEXT)).fold(0.0, f64::max).min(WIDEST.max(room - 8.0));
    let every = ((widest + 10.0) / room.max(0.01)).ceil().max(1.0) as usize;
    let last = labels.len().saturating_sub(1);
    labels
        .iter()
        .enumerate()
        .filter(|(i, _)| (last - i).is_multiple_of(every))
        .map(|(i, l)| (i, fit(l, widest + 1.0, TEXT).into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_slots_keep_the_newest_label() {
        let labels: Vec<String> = (0..40).map(|i| format!("1.{i}.0")).collect();
        let shown = slot_labels(&labels, 14.0);
        assert_eq!(shown.last().map(|l| l.0), Some(39));
        assert!(shown.len() < 14);
    }

    #[test]
    fn roomy_slots_show_all_labels() {
        let labels = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(slot_labels(&labels, 100.0).len(), 2);
    }

    #[test]
    fn axes_map_ends_to_ends() {
        let a = Axis::rounded(Span::unit(), 5);
        assert_eq!((a.map(&0.0, (100, 600)), a.map(&1.0, (100, 600))), (100, 600));
        let f = Axis::slots(3, Vec::new()).flipped();
        assert!(f.map(&0.0, (300, 0)) < f.map(&2.0, (300, 0)));
        assert_eq!(a.map(&1e308, (0, 1000)), 1500);
    }
}
