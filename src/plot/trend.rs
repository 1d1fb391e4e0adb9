//! A metric over versions: an ordered, categorical x axis.
//!
//! In: version labels and up to [`MAX_SERIES`] series of optional values with intervals and promotion
//! marks, and a bound. Out: lines with dots, whiskers or bands, rings around promoted versions, the
//! failing side of the bound shaded. Must not: connect across missing values.

use super::classes::{Ink, MAX_SERIES};
use super::frame::{Axis, Canvas, Drawn, Frame, Margins, slot_labels};
use super::guard::{LeftOut, Span, finite, interval, reach};
use super::legend::{EndLabel, Entry, Swatch, draw_ends, end_room, head};
use super::text::{clean, plural};
use super::thin::thin;
use super::ticks::number;
use super::{Figure, Heading, Table};

/// Which side of a bound passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Values at or above the bound pass.
    AtLeast,
    /// Values at or below the bound pass.
    AtMost,
}

/// A bound drawn across the chart, with its failing side shaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The bound, in the metric's unit.
    pub value: f64,
    /// Short text beside the line, such as "at least 0.90".
    pub label: String,
    /// The side that passes.
    pub passes: Side,
}

/// A series' value at one version.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrendPoint {
    /// The value; `None` where there is no result.
    pub value: Option<f64>,
    /// Lower and upper end of its interval.
    pub interval: Option<(f64, f64)>,
    /// Whether this version was promoted, or is the champion.
    pub promoted: bool,
}

/// One line of the chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrendSeries {
    /// Name at the end of the line (not shown for a single series).
    pub name: String,
    /// One point for each of [`TrendSpec::labels`]; missing ones count as without value.
    pub points: Vec<TrendPoint>,
}

/// A metric over versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrendSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Name and unit of the metric, above the y axis.
    pub metric: String,
    /// What the places on the x axis are, in the singular: "version", "window".
    pub place: String,
    /// Labels along the x axis, oldest first.
    pub labels: Vec<String>,
    /// Up to [`MAX_SERIES`] lines.
    pub series: Vec<TrendSeries>,
    /// The bound.
    pub threshold: Option<Threshold>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (640, 280);
/// Up to this many places, intervals are whiskers and every value has a dot.
const FEW: usize = 40;

/// Draws the chart.
pub fn draw(spec: &TrendSpec) -> Figure {
    draw_as("trend", spec)
}

/// Values of one series that can be drawn, by place.
struct Line<'a> {
    name: String,
    values: Vec<Option<f64>>,
    points: &'a [TrendPoint],
}

/// Draws the chart under the class of another kind.
pub(crate) fn draw_as(kind: &str, spec: &TrendSpec) -> Figure {
    let labels: Vec<String> = spec.labels.iter().map(|l| clean(l).into_owned()).collect();
    let place = if spec.place.is_empty() { "version" } else { &spec.place };
    let mut out = LeftOut::default();
    let all = spec.series.iter().take(MAX_SERIES).flat_map(|s| s.points.iter().take(labels.len()).filter_map(|p| p.value));
    let limit = reach(all);
    let lines: Vec<Line<'_>> = spec.series.iter().take(MAX_SERIES).map(|s| Line {
        name: clean(&s.name).into_owned(),
        values: (0..labels.len()).map(|i| {
            let raw = s.points.get(i).and_then(|p| p.value)?;
            match finite(Some(raw)) {
                None => out.non_finite(|| labels[i].clone()),
                Some(v) if v.abs() > limit => out.too_far(|| labels[i].clone()),
                Some(v) => return Some(v),
            }
            None
        }).collect(),
        points: &s.points,
    }).collect();
    let mut notes = out.notes("value", place);
    if spec.series.len() > MAX_SERIES {
        notes.push(format!("{} of {} are drawn; all are in the table", MAX_SERIES, plural(spec.series.len(), "series").replace("seriess", "series")));
    }
    let metric = clean(&spec.metric);
    let canvas = Canvas::new(kind, SIZE, &spec.heading, describe(&metric, place, &labels, &lines, spec.threshold.as_ref()));
    let drawn = paint(&canvas, &metric, &labels, &lines, spec.threshold.as_ref(), limit, &mut notes);
    canvas.finish(drawn, table(spec, place, &labels), notes)
}

fn paint(canvas: &Canvas, metric: &str, labels: &[String], lines: &[Line<'_>], bound: Option<&Threshold>, limit: f64, notes: &mut Vec<String>) -> Drawn {
    let intervals = lines.iter().flat_map(|l| l.points.iter().zip(&l.values)).filter(|(_, v)| v.is_some());
    let ends = intervals.filter_map(|(p, _)| interval(p.interval)).flat_map(|(a, b)| [a, b]).filter(|v| v.abs() <= limit);
    let Some(mut span) = Span::of(lines.iter().flat_map(|l| l.values.iter().flatten().copied()).chain(ends)) else {
        canvas.say("no values to draw");
        return Ok(());
    };
    let bound = bound.and_then(|b| finite(Some(b.value)).map(|v| (b, v)));
    let mut shown = None;
    if let Some((b, v)) = bound {
        let away = (span.lo() - v).max(v - span.hi());
        // A bound far away from the data would flatten it; it is told instead of drawn.
        if away <= 4.0 * span.width() && v.abs() <= limit {
            span = Span::new(span.lo().min(v), span.hi().max(v)).unwrap_or(span);
            shown = Some((b, v, clean(&b.label)));
        } else {
            let side = if v > span.hi() { "above" } else { "below" };
            notes.push(format!("the bound ({}) lies {side} the drawn range", clean(&b.label)));
        }
    }
    let promoted = lines.iter().any(|l| l.points.iter().take(labels.len()).any(|p| p.promoted));
    let mut entries = Vec::new();
    if promoted {
        entries.push(Entry::new(Swatch::Ring(Ink::F1, Ink::Promoted), "promoted"));
    }
    let top = head(canvas, metric, &entries, f64::from(SIZE.0))?;
    let y = Axis::rounded(span, 5);
    let lasts: Vec<(usize, f64, String)> = lines.iter().enumerate().filter_map(|(i, l)| {
        let v = l.values.iter().rev().flatten().next().copied()?;
        let text = if lines.len() > 1 { format!("{} {}", l.name, number(v)) } else { number(v) };
        Some((i, v, text))
    }).collect();
    let texts: Vec<&str> = lasts.iter().map(|l| l.2.as_str()).chain(shown.iter().map(|s| s.2.as_ref())).collect();
    let left = y.label_room();
    let right = end_room(&texts);
    let slot = (f64::from(SIZE.0) - left - right) / labels.len().max(1) as f64;
    let x = Axis::slots(labels.len(), slot_labels(labels, slot));
    let mut frame = canvas.frame(Margins { left, top, right, bottom: 24.0 }, x, y)?;
    if let Some((b, v, _)) = &shown {
        let (x, y) = (frame.x(), frame.y());
        let end = if b.passes == Side::AtLeast { y.lo() } else { y.hi() };
        frame.block((x.lo(), *v), (x.hi(), end), Ink::Beyond)?;
    }
    frame.mesh(false, true)?;
    frame.baseline()?;
    for (i, line) in lines.iter().enumerate() {
        spread_of(&frame, line, i, limit, labels.len())?;
    }
    if let Some((_, v, _)) = &shown {
        frame.level(*v, Ink::Threshold)?;
    }
    for (i, line) in lines.iter().enumerate() {
        strokes(&mut frame, line, i, labels)?;
    }
    for (i, line) in lines.iter().enumerate() {
        dots(&frame, line, i, labels)?;
    }
    let (_, t, r, b) = frame.edges();
    let mut ends: Vec<EndLabel> = lasts.into_iter().map(|(_, v, text)| EndLabel { y: frame.place((0.0, v)).1, text, ink: Ink::Strong }).collect();
    if let Some((_, v, text)) = shown {
        ends.push(EndLabel { y: frame.place((0.0, v)).1, text: text.into_owned(), ink: Ink::Text });
    }
    draw_ends(canvas, &ends, r, (t, b - 2.0));
    Ok(())
}

/// Intervals: whiskers for few places, a band for many.
fn spread_of(frame: &Frame, line: &Line<'_>, index: usize, limit: f64, places: usize) -> Drawn {
    let at = |i: usize| {
        let ends = line.points.get(i).filter(|_| line.values[i].is_some()).and_then(|p| interval(p.interval));
        ends.filter(|(a, b)| a.abs() <= limit && b.abs() <= limit)
    };
    if places <= FEW {
        for (i, (a, b)) in (0..places).filter_map(|i| at(i).map(|e| (i as f64, e))) {
            frame.stroke((i, a), (i, b), Ink::Interval)?;
        }
        return Ok(());
    }
    let step = places.div_ceil(600);
    let mut i = 0;
    while i < places {
        let run: Vec<(usize, (f64, f64))> = (i..places).map_while(|k| at(k).map(|e| (k, e))).collect();
        i += run.len() + 1;
        if run.len() > 1 {
            let upper = run.iter().step_by(step).map(|(k, e)| (*k as f64, e.1));
            let lower = run.iter().step_by(step).rev().map(|(k, e)| (*k as f64, e.0));
            frame.area(upper.chain(lower).collect(), Ink::band(index))?;
        }
    }
    Ok(())
}

fn strokes(frame: &mut Frame, line: &Line<'_>, index: usize, labels: &[String]) -> Drawn {
    let points: Vec<(f64, Option<f64>)> = line.values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
    let (left, _, right, _) = frame.edges();
    let columns = if labels.len() > FEW { (right - left) / 2.0 } else { 1e6 };
    for run in thin(&points, frame.x(), columns as usize) {
        match run[..] {
            [only] if labels.len() > FEW => frame.dot(only, 1.5, Ink::dot(index))?,
            [_] => {}
            _ => frame.line(run, Ink::line(index))?,
        }
    }
    Ok(())
}

fn dots(frame: &Frame, line: &Line<'_>, index: usize, labels: &[String]) -> Drawn {
    let last = line.values.iter().rposition(Option::is_some);
    let ring = |i: usize| line.points.get(i).is_some_and(|p| p.promoted);
    for (i, v) in line.values.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))) {
        if labels.len() > FEW && Some(i) != last && !ring(i) {
            continue;
        }
        frame.title_next(|| {
            let name = if line.name.is_empty() { String::new() } else { format!("{}, ", line.name) };
            let range = interval(line.points.get(i).and_then(|p| p.interval)).map_or(String::new(), |(a, b)| format!(" ({} to {})", number(a), number(b)));
            format!("{name}{}: {}{range}", labels[i], number(v))
        });
        frame.dot((i as f64, v), 3.0, Ink::dot(index))?;
    }
    for (i, v) in line.values.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))) {
        if ring(i) {
            frame.dot((i as f64, v), 6.0, Ink::Promoted)?;
        }
    }
    Ok(())
}

fn describe(metric: &str, place: &str, labels: &[String], lines: &[Line<'_>], bound: Option<&Threshold>) -> String {
    let mut out = format!("{} over {}.", if metric.is_empty() { "Value" } else { metric }, plural(labels.len(), place));
    for line in lines {
        let known: Vec<(usize, f64)> = line.values.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))).collect();
        let name = if lines.len() > 1 { format!(" {}:", line.name) } else { String::new() };
        if let (Some((a, first)), Some((b, last))) = (known.first(), known.last()) {
            out.push_str(&format!("{name} {} at {} to {} at {}.", number(*first), labels[*a], number(*last), labels[*b]));
        }
    }
    if let Some(b) = bound {
        out.push_str(&format!(" Bound: {}.", clean(&b.label)));
    }
    out
}

fn table(spec: &TrendSpec, place: &str, labels: &[String]) -> Table {
    let intervals = spec.series.iter().any(|s| s.points.iter().any(|p| p.interval.is_some()));
    let mut columns = vec![place.to_owned()];
    for s in &spec.series {
        columns.push(if s.name.is_empty() { clean(&spec.metric).into_owned() } else { clean(&s.name).into_owned() });
        if intervals {
            columns.push("interval".to_owned());
        }
    }
    let mut table = Table::new(columns);
    for (i, label) in labels.iter().enumerate().rev() {
        table.push(|| {
            let mut row = vec![label.clone()];
            for s in &spec.series {
                let p = s.points.get(i).copied().unwrap_or_default();
                let mark = if p.promoted { " (promoted)" } else { "" };
                row.push(p.value.map_or("—".to_owned(), |v| number(v) + mark));
                if intervals {
                    row.push(p.interval.map_or("—".to_owned(), |(a, b)| format!("{} to {}", number(a), number(b))));
                }
            }
            row
        });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(values: &[Option<f64>]) -> TrendSpec {
        TrendSpec {
            heading: Heading::new("t", "AUC over versions"),
            metric: "AUC".to_owned(),
            place: "version".to_owned(),
            labels: (0..values.len()).map(|i| format!("1.{i}")).collect(),
            series: vec![TrendSeries { name: String::new(), points: values.iter().map(|v| TrendPoint { value: *v, ..TrendPoint::default() }).collect() }],
            threshold: None,
        }
    }

    #[test]
    fn gaps_break_the_line_and_are_told() {
        let f = draw(&spec(&[Some(0.1), Some(0.2), Some(f64::NAN), None, Some(0.3), Some(0.4)]));
        assert_eq!(f.notes, ["1 non-finite value is not drawn (version 1.2)"]);
        let path = f.svg.as_str().split("class=\"s1\"").nth(1).unwrap();
        assert_eq!(path[..path.find("/>").unwrap()].matches('m').count() , 1, "{path}");
        assert_eq!(f.table.rows.len(), 6);
        assert_eq!(f.table.rows[0], ["1.5", "0.4"]);
    }

    #[test]
    fn a_far_bound_is_told_not_drawn() {
        let mut s = spec(&[Some(0.91), Some(0.92)]);
        s.threshold = Some(Threshold { value: 0.1, label: "at least 0.1".to_owned(), passes: Side::AtLeast });
        let f = draw(&s);
        assert!(!f.svg.as_str().contains("class=\"th\""));
        assert_eq!(f.notes, ["the bound (at least 0.1) lies below the drawn range"]);
        s.threshold = Some(Threshold { value: 0.9, label: "at least 0.9".to_owned(), passes: Side::AtLeast });
        assert!(draw(&s).svg.as_str().contains("class=\"th\""));
    }

    #[test]
    fn promoted_versions_have_a_ring() {
        let mut s = spec(&[Some(0.1), Some(0.2)]);
        s.series[0].points[1].promoted = true;
        assert_eq!(draw(&s).svg.as_str().matches("class=\"good\"").count(), 2, "one in the legend, one in the chart");
    }
}
