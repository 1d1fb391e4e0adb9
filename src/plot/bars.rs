//! One value per category, side by side: slices, classes, importances.
//!
//! In: up to [`MAX_BARS`] labelled values with intervals, and a reference value. Out: horizontal bars
//! from zero, or points on an axis that fits the values, with the numbers in a column. Must not: sort;
//! the caller's order carries meaning.

use super::axis::Axis;
use super::classes::Ink;
use super::frame::{Canvas, Drawn, Frame, Margins};
use super::guard::{LeftOut, Span, finite, interval, reach, unusable};
use super::pen::TEXT;
use super::text::{BOLD, fit, plural, short, width};
use super::ticks::{brief, column, number};
use super::{Figure, Heading, Table};

/// How values are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mark {
    /// Bars from zero, for amounts such as importances.
    #[default]
    Bar,
    /// Points, for scores, on an axis that need not start at zero.
    Point,
}

/// One category.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bar {
    /// Name of the category.
    pub label: String,
    /// Its value; `None` where there is none.
    pub value: Option<f64>,
    /// Interval (or value ± standard deviation).
    pub interval: Option<(f64, f64)>,
    /// Whether it is over its bound: outlined, and marked in the column of numbers.
    pub flagged: bool,
}

/// Values by category.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BarsSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Name and unit of the value, below the axis.
    pub measure: String,
    /// Bars or points.
    pub mark: Mark,
    /// The categories, first on top.
    pub bars: Vec<Bar>,
    /// A value to compare with, and its short name: "overall", "bound".
    pub reference: Option<(f64, String)>,
}

/// Categories that are drawn at most.
pub const MAX_BARS: usize = 60;
/// Width in pixels.
const WIDTH: f64 = 640.0;
/// Widest label in pixels.
const LABEL_ROOM: f64 = 220.0;

/// Draws the chart.
pub fn draw(spec: &BarsSpec) -> Figure {
    let limit = reach(spec.bars.iter().take(MAX_BARS).filter_map(|b| b.value));
    let mut out = LeftOut::default();
    let bars: Vec<Bar> = spec
        .bars
        .iter()
        .take(MAX_BARS)
        .map(|b| {
            let label = short(&b.label).into_owned();
            let value = finite(b.value);
            match (b.value, value) {
                (Some(raw), None) => out.refused(raw, || label.clone()),
                (_, Some(v)) if v.abs() > limit => out.too_far(|| label.clone()),
                _ => {}
            }
            let value = value.filter(|v| v.abs() <= limit);
            let ends =
                interval(b.interval).filter(|(lo, hi)| value.is_some() && lo.abs() <= limit && hi.abs() <= limit);
            Bar { label, value, interval: ends, flagged: b.flagged }
        })
        .collect();
    let mut notes = out.notes("value", "category");
    notes.extend(unusable(
        spec.bars
            .iter()
            .take(MAX_BARS)
            .filter(|b| finite(b.value).is_some() && b.interval.is_some() && interval(b.interval).is_none())
            .count(),
        "interval",
    ));
    notes.extend(unusable(
        usize::from(spec.reference.as_ref().is_some_and(|(v, _)| finite(Some(*v)).is_none())),
        "reference",
    ));
    if spec.bars.len() > MAX_BARS {
        notes.push(format!("the first {MAX_BARS} of {} categories are drawn", spec.bars.len()));
    }
    let row = if bars.len() > 24 { 16.0 } else { 21.0 };
    let reference = spec
        .reference
        .as_ref()
        .and_then(|(v, l)| finite(Some(*v)).filter(|v| v.abs() <= limit).map(|v| (v, short(l).into_owned())));
    let top = if reference.is_some() { 22.0 } else { 6.0 };
    let size = (WIDTH as u32, (top + row * bars.len().max(1) as f64 + 38.0) as u32);
    let canvas = Canvas::new("bars", size, &spec.heading, describe(spec, &bars));
    let drawn = paint(&canvas, spec, &bars, reference.as_ref(), (top, row));
    let mut table = Table::new(["category", "value", "interval"]);
    for b in &spec.bars {
        table.push(|| {
            let mark = if b.flagged { " ▲" } else { "" };
            let ends = b.interval.map_or("—".to_owned(), |(a, b)| format!("{} to {}", number(a), number(b)));
            vec![short(&b.label).into_owned(), b.value.map_or("—".to_owned(), |v| number(v) + mark), ends]
        });
    }
    canvas.finish(drawn, table, notes)
}

fn paint(
    canvas: &Canvas,
    spec: &BarsSpec,
    bars: &[Bar],
    reference: Option<&(f64, String)>,
    (top, row): (f64, f64),
) -> Drawn {
    let values = bars.iter().filter_map(|b| b.value);
    let ends = bars.iter().filter_map(|b| b.interval).flat_map(|(a, b)| [a, b]);
    let zero = (spec.mark == Mark::Bar).then_some(0.0);
    let Some(span) = Span::of(values.clone().chain(ends).chain(reference.map(|r| r.0)).chain(zero))
        .filter(|_| values.clone().next().is_some())
    else {
        canvas.say("no values to draw");
        return Ok(());
    };
    let numbers = column(bars.iter().map(|b| b.value));
    let side = numbers.iter().map(|n| width(n, TEXT) * BOLD).fold(0.0, f64::max) + 34.0;
    let labels = bars.iter().map(|b| width(&b.label, TEXT)).fold(0.0, f64::max).min(LABEL_ROOM);
    let left = labels + 10.0;
    let x = Axis::rounded(span, 5);
    let right = side.max(x.overhang());
    let margins = Margins { left, top, right, bottom: 38.0 };
    let mut frame = canvas.frame(margins, x, Axis::slots(bars.len(), Vec::new()).flipped())?;
    frame.mesh(true, false)?;
    frame.name_x(&short(&spec.measure));
    let thick = if row > 18.0 { 0.32 } else { 0.36 };
    for (i, b) in bars.iter().enumerate() {
        let Some(v) = b.value else { continue };
        if spec.mark == Mark::Bar {
            frame.title_next(|| tooltip(b, v));
            frame.block((0.0, i as f64 - thick), (v, i as f64 + thick), Ink::Bar)?;
        }
    }
    for (i, b) in bars.iter().enumerate() {
        if let Some((lo, hi)) = b.interval {
            frame.stroke((lo, i as f64), (hi, i as f64), Ink::Interval)?;
        }
    }
    if spec.mark == Mark::Point {
        for (i, b) in bars.iter().enumerate() {
            if let Some(v) = b.value {
                frame.title_next(|| tooltip(b, v));
                frame.dot((v, i as f64), 3.5, Ink::F1)?;
            }
        }
    }
    for (i, b) in bars.iter().enumerate().filter(|(_, b)| b.flagged) {
        let Some(v) = b.value else { continue };
        match spec.mark {
            Mark::Bar => frame.block((0.0, i as f64 - thick), (v, i as f64 + thick), Ink::Drifted)?,
            Mark::Point => frame.dot((v, i as f64), 6.0, Ink::Drifted)?,
        }
    }
    if spec.mark == Mark::Bar {
        frame.upright(0.0, Ink::Axis)?;
    }
    if let Some((v, name)) = reference {
        frame.upright(*v, Ink::Threshold)?;
        let (l, t, r, _) = frame.edges();
        let label = format!("{name} {}", brief(*v));
        let half = width(&label, TEXT) / 2.0;
        let x = frame.place((*v, 0.0)).0.clamp(l + half.min((r - l) / 2.0), (r - half).max(l + (r - l) / 2.0));
        canvas.pen().text(&fit(&label, r - l, TEXT), (x, t - 8.0), 0, TEXT, Ink::Text);
    }
    words(&frame, bars, &numbers);
    Ok(())
}

/// Labels on the left, numbers on the right.
fn words(frame: &Frame, bars: &[Bar], numbers: &[String]) {
    let (left, ..) = frame.edges();
    let place = |i: usize| frame.place((0.0, i as f64)).1 + 4.0;
    for (i, b) in bars.iter().enumerate() {
        let cut = fit(&b.label, LABEL_ROOM + 1.0, TEXT);
        if cut != b.label {
            frame.title_next(|| b.label.clone());
        }
        frame.text(&cut, (left - 8.0, place(i)), 1, TEXT, Ink::Text);
    }
    for (i, b) in bars.iter().enumerate() {
        let marked;
        let text = if b.flagged {
            marked = format!("▲ {}", numbers[i]);
            &marked
        } else {
            &numbers[i]
        };
        frame.text(text, (WIDTH - 2.0, place(i)), 1, TEXT, if b.flagged { Ink::Strong } else { Ink::Muted });
    }
}

fn tooltip(b: &Bar, v: f64) -> String {
    let ends = b.interval.map_or(String::new(), |(a, b)| format!(" ({} to {})", number(a), number(b)));
    format!("{}: {}{ends}", b.label, number(v))
}

fn describe(spec: &BarsSpec, bars: &[Bar]) -> String {
    let measure = short(&spec.measure);
    let mut out =
        format!("{} for {}.", if measure.is_empty() { "Value" } else { &measure }, plural(bars.len(), "category"));
    let known = || bars.iter().filter_map(|b| b.value.map(|v| (v, &b.label)));
    if let (Some(lo), Some(hi)) =
        (known().min_by(|a, b| a.0.total_cmp(&b.0)), known().max_by(|a, b| a.0.total_cmp(&b.0)))
    {
        out.push_str(&format!(" Lowest: {} ({}). Highest: {} ({}).", lo.1, brief(lo.0), hi.1, brief(hi.0)));
    }
    let flagged = bars.iter().filter(|b| b.flagged).count();
    if flagged > 0 {
        out.push_str(&format!(" {flagged} marked with ▲."));
    }
    if let Some((v, name)) = &spec.reference {
        out.push_str(&format!(" Reference: {} {}.", short(name), number(*v)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar { label: label.to_owned(), value: Some(value), ..Bar::default() }
    }

    #[test]
    fn bars_start_at_zero_and_run_both_ways() {
        let f = draw(&BarsSpec {
            heading: Heading::new("b", "Importance"),
            bars: vec![bar("age", 3.0), bar("zip", -2.0)],
            ..BarsSpec::default()
        });
        assert!(f.svg.as_str().contains(">−2<"), "{}", f.svg.as_str());
        assert_eq!(f.svg.as_str().matches("<path d=\"M").count(), 2);
    }

    #[test]
    fn flags_are_more_than_colour() {
        let mut b = bar("region=north", 0.7);
        b.flagged = true;
        let f = draw(&BarsSpec {
            heading: Heading::new("b", "AUC"),
            mark: Mark::Point,
            bars: vec![b, bar("region=south", 0.9)],
            reference: Some((0.85, "overall".to_owned())),
            ..BarsSpec::default()
        });
        assert!(f.svg.as_str().contains("▲ 0.700"));
        assert!(f.svg.as_str().contains("overall 0.85"));
    }
}
