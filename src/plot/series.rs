//! A metric over steps: training curves.
//!
//! In: up to [`MAX_SERIES`] series of (step, value). Out: thinned lines, named at their right ends,
//! broken where values are missing. Must not: smooth; what is drawn was measured.

use super::axis::Axis;
use super::classes::{Ink, MAX_SERIES};
use super::frame::{Canvas, Drawn, Margins};
use super::guard::{LeftOut, Span, finite, reach};
use super::legend::{EndLabel, draw_ends, end_room, head};
use super::text::{plural, short};
use super::thin::{simplify, thin};
use super::ticks::{brief, number};
use super::{Figure, Heading, Table};

/// One line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepSeries {
    /// Name at the end of the line.
    pub name: String,
    /// Steps (or seconds, or epochs) with values; put in order of step when they are not.
    pub points: Vec<(f64, f64)>,
    /// How many points were measured, when `points` is a selection of them.
    pub total: Option<usize>,
}

/// A metric over steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Name and unit of the metric, above the y axis.
    pub metric: String,
    /// What the x axis counts, in the singular: "step", "epoch".
    pub step: String,
    /// Up to [`MAX_SERIES`] lines.
    pub series: Vec<StepSeries>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (640, 280);

struct Line {
    name: String,
    points: Vec<(f64, Option<f64>)>,
}

/// Draws the chart.
pub fn draw(spec: &SeriesSpec) -> Figure {
    let step = if spec.step.is_empty() { "step" } else { &spec.step };
    let mut out = LeftOut::default();
    let shown = || spec.series.iter().take(MAX_SERIES);
    let y_limit = reach(shown().flat_map(|s| s.points.iter().map(|p| p.1)));
    let x_limit = reach(shown().flat_map(|s| s.points.iter().map(|p| p.0)));
    let lines: Vec<Line> = shown()
        .map(|s| {
            let mut points: Vec<(f64, Option<f64>)> = s
                .points
                .iter()
                .filter_map(|&(x, y)| {
                    let Some(x) = finite(Some(x)).filter(|x| x.abs() <= x_limit) else {
                        out.refused(x, || number(x));
                        return None;
                    };
                    match finite(Some(y)) {
                        None => out.refused(y, || number(x)),
                        Some(y) if y.abs() > y_limit => out.too_far(|| number(x)),
                        Some(y) => return Some((x, Some(y))),
                    }
                    Some((x, None))
                })
                .collect();
            if !points.is_sorted_by(|a, b| a.0 <= b.0) {
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
            }
            Line { name: short(&s.name).into_owned(), points }
        })
        .collect();
    let mut notes = out.notes("point", step);
    if spec.series.len() > MAX_SERIES {
        notes.push(format!("the first {MAX_SERIES} of {} series are drawn", spec.series.len()));
    }
    for s in shown() {
        if let Some(total) = s.total.filter(|total| *total > s.points.len()) {
            let name = if s.name.is_empty() { "the line".to_owned() } else { short(&s.name).into_owned() };
            notes.push(format!(
                "{name} is drawn through {} of {total} points, lowest and highest among them",
                s.points.len()
            ));
        }
    }
    let metric = short(&spec.metric);
    let canvas = Canvas::new("series", SIZE, &spec.heading, describe(&metric, step, &lines));
    let drawn = paint(&canvas, &metric, step, &lines);
    canvas.finish(drawn, table(spec, step), notes)
}

fn paint(canvas: &Canvas, metric: &str, step: &str, lines: &[Line]) -> Drawn {
    let known = || lines.iter().flat_map(|l| l.points.iter().filter_map(|(x, y)| y.map(|y| (*x, y))));
    let (Some(x), Some(y)) = (Span::of(known().map(|p| p.0)), Span::of(known().map(|p| p.1))) else {
        canvas.say("no points to draw");
        return Ok(());
    };
    let top = head(canvas, metric, &[], f64::from(SIZE.0))?;
    let y = Axis::rounded(y, 5);
    let lasts: Vec<(f64, String)> = lines
        .iter()
        .filter_map(|l| {
            let v = l.points.iter().rev().find_map(|p| p.1)?;
            Some((v, format!("{} {}", l.name, brief(v)).trim_start().to_owned()))
        })
        .collect();
    let texts: Vec<&str> = lasts.iter().map(|l| l.1.as_str()).collect();
    let margins = Margins { left: y.label_room(), top, right: end_room(&texts), bottom: 38.0 };
    let mut frame = canvas.frame(margins, Axis::tight(x, 7), y)?;
    frame.mesh(false, true)?;
    frame.baseline()?;
    frame.name_x(step);
    let (left, t, right, b) = frame.edges();
    for (i, line) in lines.iter().enumerate() {
        for run in thin(&line.points, x, ((right - left) / 2.4) as usize) {
            let run = simplify(run, 0.35, |p| frame.place(p));
            match run[..] {
                [only] => frame.dot(only, 1.8, Ink::dot(i))?,
                _ => frame.line(run, Ink::fine(i))?,
            }
        }
    }
    let ends: Vec<EndLabel> =
        lasts.into_iter().map(|(v, text)| EndLabel { y: frame.place((0.0, v)).1, text, ink: Ink::Strong }).collect();
    for (i, line) in lines.iter().enumerate() {
        if let Some((x, y)) = line.points.iter().rev().find_map(|(x, y)| y.map(|y| (*x, y))) {
            frame.dot((x, y), 3.0, Ink::dot(i))?;
        }
    }
    draw_ends(canvas, &ends, right, (t, b - 2.0));
    Ok(())
}

fn describe(metric: &str, step: &str, lines: &[Line]) -> String {
    let mut out = format!("{} over {step}s, {} series.", if metric.is_empty() { "Value" } else { metric }, lines.len());
    for l in lines {
        let known = || l.points.iter().filter_map(|(x, y)| y.map(|y| (*x, y)));
        if let (Some(a), Some(b)) = (known().next(), known().next_back()) {
            let name = if l.name.is_empty() { "Value" } else { &l.name };
            out.push_str(&format!(
                " {name}: {} at {step} {} to {} at {step} {}.",
                brief(a.1),
                number(a.0),
                brief(b.1),
                number(b.0)
            ));
        }
    }
    out
}

/// A summary per series: thousands of steps are not for reading.
fn table(spec: &SeriesSpec, step: &str) -> Table {
    let mut table = Table::new(["series", "points", "first", "lowest", "highest", "last", &format!("last {step}")]);
    for s in &spec.series {
        table.push(|| {
            let drawable = || s.points.iter().filter(|p| finite(Some(p.1)).is_some());
            let pick = |p: Option<&(f64, f64)>| p.map_or("—".to_owned(), |p| number(p.1));
            vec![
                short(&s.name).into_owned(),
                plural(s.total.unwrap_or(s.points.len()), "point").split(' ').next().unwrap_or("0").to_owned(),
                pick(drawable().next()),
                pick(drawable().min_by(|a, b| a.1.total_cmp(&b.1))),
                pick(drawable().max_by(|a, b| a.1.total_cmp(&b.1))),
                pick(drawable().next_back()),
                drawable().next_back().map_or("—".to_owned(), |p| number(p.0)),
            ]
        });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_stays_small_and_keeps_its_peak() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), (f64::from(i) * 0.37).sin())).collect();
        points[54_321].1 = 9.0;
        let spec = SeriesSpec {
            heading: Heading::new("l", "loss"),
            metric: "loss".to_owned(),
            step: "step".to_owned(),
            series: vec![StepSeries { name: "train".to_owned(), points, ..StepSeries::default() }],
        };
        let f = draw(&spec);
        assert!(f.svg.as_str().len() < 8_000, "{}", f.svg.as_str().len());
        assert_eq!(f.table.rows[0][4], "9");
    }

    #[test]
    fn missing_steps_are_named() {
        let points = vec![(1.0, 0.5), (4.0, f64::NAN), (7.0, f64::INFINITY), (9.0, 0.25)];
        let f = draw(&SeriesSpec {
            heading: Heading::new("l", "loss"),
            step: "step".to_owned(),
            series: vec![StepSeries { name: "a".to_owned(), points, ..StepSeries::default() }],
            ..SeriesSpec::default()
        });
        assert_eq!(f.notes, ["2 non-finite points are not drawn (steps 4, 7)"]);
    }
}
