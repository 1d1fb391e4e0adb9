//! A word-sized line: where a number came from, without axes.
//!
//! In: values in order. Out: 120 by 28 pixels with a dot on the last value. Must not: need a legend.

use super::axis::Axis;
use super::classes::Ink;
use super::frame::{Canvas, Drawn, Margins};
use super::guard::{LeftOut, Span, finite, reach};
use super::text::plural;
use super::thin::thin;
use super::ticks::{brief, number};
use super::{Figure, Heading, Table};

/// A sparkline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparklineSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Values, oldest first; `None` where there is none.
    pub values: Vec<Option<f64>>,
    /// Whether small dots mark the lowest and the highest value.
    pub extremes: bool,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (120, 28);

/// Draws the sparkline.
pub fn draw(spec: &SparklineSpec) -> Figure {
    let limit = reach(spec.values.iter().flatten().copied());
    let mut out = LeftOut::default();
    let points: Vec<(f64, Option<f64>)> = spec
        .values
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let drawable = finite(*v);
            match (v, drawable) {
                (Some(raw), None) => out.refused(*raw, || (i + 1).to_string()),
                (_, Some(d)) if d.abs() > limit => out.too_far(|| (i + 1).to_string()),
                _ => {}
            }
            (i as f64, drawable.filter(|d| d.abs() <= limit))
        })
        .collect();
    let known: Vec<(f64, f64)> = points.iter().filter_map(|(x, y)| y.map(|y| (*x, y))).collect();
    let canvas = Canvas::new("sparkline", SIZE, &spec.heading, describe(&known));
    let drawn = paint(&canvas, spec, &points, &known);
    let mut table = Table::new(["position", "value"]);
    for (i, v) in spec.values.iter().enumerate().rev() {
        table.push(|| vec![(i + 1).to_string(), v.map_or("—".to_owned(), number)]);
    }
    canvas.finish(drawn, table, out.notes("value", "position"))
}

fn paint(canvas: &Canvas, spec: &SparklineSpec, points: &[(f64, Option<f64>)], known: &[(f64, f64)]) -> Drawn {
    let Some(y) = Span::of(known.iter().map(|p| p.1)) else {
        return Ok(());
    };
    let x = Span::new(0.0, points.len().saturating_sub(1) as f64).unwrap_or(Span::unit());
    let x = if points.len() < 2 { Span::new(-1.0, 0.0).unwrap_or(x) } else { x };
    let margins = Margins { left: 3.0, top: 4.0, right: 4.0, bottom: 4.0 };
    let mut frame = canvas.frame(margins, Axis::bare(x), Axis::bare(y))?;
    for run in thin(points, x, 112) {
        match run[..] {
            [only] => frame.dot(only, 1.0, Ink::F1)?,
            _ => frame.line(run, Ink::S1)?,
        }
    }
    if spec.extremes {
        let ends = [known.iter().min_by(|a, b| a.1.total_cmp(&b.1)), known.iter().max_by(|a, b| a.1.total_cmp(&b.1))];
        for end in ends.into_iter().flatten() {
            frame.dot(*end, 1.5, Ink::F2)?;
        }
    }
    if let Some(last) = known.last() {
        frame.dot(*last, 2.5, Ink::F1)?;
    }
    Ok(())
}

fn describe(known: &[(f64, f64)]) -> String {
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return "No values.".to_owned();
    };
    let lo = known.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let hi = known.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{} from {} to {}; lowest {}, highest {}.",
        plural(known.len(), "value"),
        brief(first.1),
        brief(last.1),
        brief(lo),
        brief(hi)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_small() {
        let f = draw(&SparklineSpec {
            heading: Heading::new("k", "AUC"),
            values: [0.8, 0.85, 0.83, 0.9].map(Some).to_vec(),
            extremes: false,
        });
        assert!(f.svg.as_str().len() < 900, "{}", f.svg.as_str().len());
        assert_eq!(f.description, "4 values from 0.8 to 0.9; lowest 0.8, highest 0.9.");
        assert_eq!(f.svg.as_str().matches("<circle").count(), 1);
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let f = draw(&SparklineSpec {
            heading: Heading::new("k", "AUC"),
            values: vec![None, Some(f64::NAN)],
            extremes: true,
        });
        assert_eq!(f.description, "No values.");
        assert_eq!(f.notes.len(), 1);
    }
}
