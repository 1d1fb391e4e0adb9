//! A metric over versions: an ordered, categorical x axis.
//!
//! In: version labels and up to [`MAX_SERIES`] series of optional values with intervals and promotion
//! marks, and a bound. Out: lines with dots, whiskers or bands, rings around promoted versions, the
//! failing side of the bound shaded. Must not: connect across missing values.

mod paint;

use super::classes::MAX_SERIES;
use super::frame::Canvas;
use super::guard::{LeftOut, finite, interval, reach, unusable};
use super::text::{plural, short};
use super::ticks::{brief, number};
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

/// What happened at a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// A version passed its gate.
    Promotion,
    /// Drift was first seen.
    Alarm,
}

/// An upright line at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendMark {
    /// Where: 0 is the first label, 1 the second; between them lie moments between theirs.
    pub at: f64,
    /// What happened.
    pub kind: MarkKind,
    /// The same in words, for a tooltip and the description.
    pub label: String,
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
    /// What the intervals are, such as "95 % interval"; "interval" when empty.
    pub interval_name: String,
    /// The bound.
    pub threshold: Option<Threshold>,
    /// Whether the y axis starts at zero at the latest: for distances, whose zero means something.
    pub from_zero: bool,
    /// Moments to be seen on the chart; those outside of the labels are not drawn.
    pub marks: Vec<TrendMark>,
}

impl TrendMark {
    /// Whether it lies on a chart of so many places.
    fn is_within(&self, places: usize) -> bool {
        finite(Some(self.at)).is_some_and(|at| places > 0 && at >= -0.5 && at <= places as f64 - 0.5)
    }
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (640, 280);
/// Marks on a chart: more are a fence.
const MARKS: usize = 24;

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

/// What is left to draw after the guard.
struct Scene<'a> {
    metric: &'a str,
    interval_name: &'a str,
    labels: &'a [String],
    lines: &'a [Line<'a>],
    bound: Option<&'a Threshold>,
    marks: &'a [TrendMark],
    from_zero: bool,
    limit: f64,
}

/// Draws the chart under the class of another kind.
pub(crate) fn draw_as(kind: &str, spec: &TrendSpec) -> Figure {
    let labels: Vec<String> = spec.labels.iter().map(|l| short(l).into_owned()).collect();
    let place = if spec.place.is_empty() { "version" } else { &spec.place };
    let mut out = LeftOut::default();
    let all =
        spec.series.iter().take(MAX_SERIES).flat_map(|s| s.points.iter().take(labels.len()).filter_map(|p| p.value));
    let limit = reach(all);
    let lines: Vec<Line<'_>> = spec
        .series
        .iter()
        .take(MAX_SERIES)
        .map(|s| Line {
            name: short(&s.name).into_owned(),
            values: (0..labels.len())
                .map(|i| {
                    let raw = s.points.get(i).and_then(|p| p.value)?;
                    match finite(Some(raw)) {
                        None => out.refused(raw, || labels[i].clone()),
                        Some(v) if v.abs() > limit => out.too_far(|| labels[i].clone()),
                        Some(v) => return Some(v),
                    }
                    None
                })
                .collect(),
            points: &s.points,
        })
        .collect();
    let mut notes = out.notes("value", place);
    if spec.series.len() > MAX_SERIES {
        notes.push(format!("the first {MAX_SERIES} of {} series are drawn; all are in the table", spec.series.len()));
    }
    let all_points = || lines.iter().flat_map(|l| l.points.iter().zip(&l.values));
    notes.extend(unusable(
        all_points().filter(|(p, v)| v.is_some() && p.interval.is_some() && interval(p.interval).is_none()).count(),
        "interval",
    ));
    notes.extend(unusable(
        usize::from(spec.threshold.as_ref().is_some_and(|b| finite(Some(b.value)).is_none())),
        "bound",
    ));
    let metric = short(&spec.metric);
    let mut about = describe(&metric, place, &labels, &lines, spec.threshold.as_ref());
    for mark in spec.marks.iter().filter(|m| m.is_within(labels.len())).take(MARKS) {
        about.push_str(&format!(" {}.", short(&mark.label)));
    }
    let canvas = Canvas::new(kind, SIZE, &spec.heading, about);
    let scene = Scene {
        metric: &metric,
        interval_name: &short(&spec.interval_name),
        labels: &labels,
        lines: &lines,
        bound: spec.threshold.as_ref(),
        marks: &spec.marks,
        from_zero: spec.from_zero,
        limit,
    };
    let drawn = paint::paint(&canvas, &scene, &mut notes);
    canvas.finish(drawn, table(spec, place, &labels), notes)
}

fn describe(metric: &str, place: &str, labels: &[String], lines: &[Line<'_>], bound: Option<&Threshold>) -> String {
    let mut out = format!("{} over {}.", if metric.is_empty() { "Value" } else { metric }, plural(labels.len(), place));
    for line in lines {
        let known: Vec<(usize, f64)> = line.values.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))).collect();
        let name = if lines.len() > 1 { format!(" {}:", line.name) } else { String::new() };
        if let [(at, only)] = known[..] {
            out.push_str(&format!("{name} {} at {}.", brief(only), labels[at]));
        } else if let (Some((a, first)), Some((b, last))) = (known.first(), known.last()) {
            out.push_str(&format!("{name} {} at {} to {} at {}.", brief(*first), labels[*a], brief(*last), labels[*b]));
        }
    }
    if let Some(b) = bound {
        out.push_str(&format!(" Bound: {}.", short(&b.label)));
    }
    out
}

fn table(spec: &TrendSpec, place: &str, labels: &[String]) -> Table {
    let intervals = spec.series.iter().any(|s| s.points.iter().any(|p| p.interval.is_some()));
    let mut columns = vec![place.to_owned()];
    for s in &spec.series {
        columns.push(if s.name.is_empty() { short(&spec.metric).into_owned() } else { short(&s.name).into_owned() });
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
            series: vec![TrendSeries {
                name: String::new(),
                points: values.iter().map(|v| TrendPoint { value: *v, ..TrendPoint::default() }).collect(),
            }],
            interval_name: String::new(),
            threshold: None,
            from_zero: false,
            marks: Vec::new(),
        }
    }

    #[test]
    fn marks_stand_where_they_happened() {
        let mut s = spec(&[Some(0.1), Some(0.2)]);
        let mark = |at: f64, kind: MarkKind, label: &str| TrendMark { at, kind, label: label.to_owned() };
        s.marks = vec![mark(0.5, MarkKind::Alarm, "first alarm"), mark(7.0, MarkKind::Promotion, "passed later")];
        let f = draw(&s);
        assert!(f.svg.as_str().contains("<title>first alarm</title>"), "{}", f.svg.as_str());
        assert!(f.description.ends_with("first alarm."), "{}", f.description);
        assert!(!f.svg.as_str().contains("passed later"));
        assert_eq!(f.notes, ["1 mark lies outside of the drawn range"]);
        s.marks[0].at = f64::NAN;
        assert_eq!(draw(&s).notes, ["2 marks lie outside of the drawn range"]);
    }

    #[test]
    fn gaps_break_the_line_and_are_told() {
        let f = draw(&spec(&[Some(0.1), Some(0.2), Some(f64::NAN), None, Some(0.3), Some(0.4)]));
        assert_eq!(f.notes, ["1 non-finite value is not drawn (version 1.2)"]);
        let path = f.svg.as_str().split("class=\"s1\"").nth(1).unwrap();
        assert_eq!(path[..path.find("/>").unwrap()].matches('m').count(), 1, "{path}");
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
