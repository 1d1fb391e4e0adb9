//! Reliability: observed share of positives over predicted probability.
//!
//! In: bins with mean prediction, observed share, counts when known. Out: a square plot with the
//! diagonal of perfect calibration, and beneath it how many predictions fell where. Must not: bin.

use super::axis::Axis;
use super::classes::Ink;
use super::frame::{Canvas, Drawn, Margins};
use super::guard::{LeftOut, Span, finite, interval, unusable};
use super::pen::TEXT;
use super::text::plural;
use super::ticks::{brief, number};
use super::{Figure, Heading, Table};

/// One bin of predictions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Mean predicted probability, 0 to 1.
    pub predicted: f64,
    /// Observed share of positives, 0 to 1.
    pub observed: f64,
    /// Interval of the observed share.
    pub interval: Option<(f64, f64)>,
    /// Number of predictions in the bin.
    pub count: Option<f64>,
}

/// A reliability curve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CalibrationSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Bins in order of prediction.
    pub bins: Vec<Bin>,
    /// Name and value of a summary, such as ("ECE", 0.031), printed beside the plot.
    pub summary: Option<(String, f64)>,
}

/// Width and height in pixels, with counts and without.
const SIZE: (u32, u32) = (400, 392);
const SIZE_PLAIN: (u32, u32) = (400, 320);
const SIDE: f64 = 258.0;
const LEFT: f64 = 40.0;

/// Draws the chart.
pub fn draw(spec: &CalibrationSpec) -> Figure {
    let mut out = LeftOut::default();
    let share = |v: f64| finite(Some(v)).filter(|v| (-1e-9..=1.0 + 1e-9).contains(v)).map(|v| v.clamp(0.0, 1.0));
    let bins: Vec<Bin> = spec
        .bins
        .iter()
        .enumerate()
        .filter_map(|(i, b)| {
            let found = share(b.predicted).zip(share(b.observed));
            if found.is_none() {
                out.non_finite(|| (i + 1).to_string());
            }
            found.map(|(predicted, observed)| Bin {
                predicted,
                observed,
                interval: interval(b.interval).map(|(a, b)| (a.clamp(0.0, 1.0), b.clamp(0.0, 1.0))),
                count: finite(b.count).filter(|c| *c >= 0.0),
            })
        })
        .collect();
    let counted = bins.iter().any(|b| b.count.is_some_and(|c| c > 0.0));
    let canvas =
        Canvas::new("calibration", if counted { SIZE } else { SIZE_PLAIN }, &spec.heading, describe(spec, &bins));
    let drawn = paint(&canvas, spec, &bins, counted);
    let mut table = Table::new(["predicted", "observed", "interval", "count"]);
    for b in &bins {
        table.push(|| {
            let range = b.interval.map_or("—".to_owned(), |(a, b)| format!("{} to {}", number(a), number(b)));
            vec![number(b.predicted), number(b.observed), range, b.count.map_or("—".to_owned(), number)]
        });
    }
    let mut notes = out.notes_as("non-finite or out-of-range", "point", "bin");
    let lost = |b: &&Bin| b.interval.is_some() && interval(b.interval).is_none();
    notes.extend(unusable(spec.bins.iter().filter(lost).count(), "interval"));
    notes
        .extend(unusable(spec.bins.iter().filter(|b| b.count.is_some() && finite(b.count).is_none()).count(), "count"));
    notes.extend(unusable(
        usize::from(spec.summary.as_ref().is_some_and(|(_, v)| finite(Some(*v)).is_none())),
        "summary",
    ));
    canvas.finish(drawn, table, notes)
}

fn paint(canvas: &Canvas, spec: &CalibrationSpec, bins: &[Bin], counted: bool) -> Drawn {
    if bins.is_empty() {
        canvas.say("no bins to draw");
        return Ok(());
    }
    let (w, h) = if counted { SIZE } else { SIZE_PLAIN };
    let right = f64::from(w) - LEFT - SIDE;
    let bottom = f64::from(h) - 24.0 - SIDE;
    canvas.pen().text("observed share", (0.0, 12.0), -1, TEXT, Ink::Muted);
    let x_axis =
        if counted { Axis::tight(Span::unit(), 5).with_ticks(Vec::new()) } else { Axis::rounded(Span::unit(), 5) };
    let mut frame =
        canvas.frame(Margins { left: LEFT, top: 24.0, right, bottom }, x_axis, Axis::rounded(Span::unit(), 5))?;
    frame.mesh(!counted, true)?;
    frame.baseline()?;
    frame.stroke((0.0, 0.0), (1.0, 1.0), Ink::Diagonal)?;
    for b in bins {
        if let Some((lo, hi)) = b.interval {
            frame.stroke((b.predicted, lo), (b.predicted, hi), Ink::Interval)?;
        }
    }
    if bins.len() > 1 {
        frame.line(bins.iter().map(|b| (b.predicted, b.observed)).collect(), Ink::S1)?;
    }
    for b in bins {
        frame.title_next(|| {
            let n = b.count.map_or(String::new(), |c| format!(", n = {}", number(c)));
            format!("predicted {}, observed {}{n}", number(b.predicted), number(b.observed))
        });
        frame.dot((b.predicted, b.observed), 3.0, Ink::F1)?;
    }
    let (_, top, edge, _) = frame.edges();
    if let Some((name, value)) = spec.summary.as_ref().and_then(|(n, v)| finite(Some(*v)).map(|v| (n, v))) {
        canvas.pen().text(
            &format!("{} {}", super::text::short(name), brief(value)),
            (edge + 10.0, top + 9.0),
            -1,
            TEXT,
            Ink::Strong,
        );
    }
    canvas.stroke((edge + 10.0, top + 24.0), (edge + 28.0, top + 24.0), Ink::Diagonal)?;
    canvas.pen().text("perfect", (edge + 34.0, top + 28.0), -1, TEXT, Ink::Muted);
    if counted {
        counts(canvas, bins, right)?;
    } else {
        frame.name_x("predicted probability");
    }
    Ok(())
}

/// The counts beneath, on the same x axis.
fn counts(canvas: &Canvas, bins: &[Bin], right: f64) -> Drawn {
    let most = bins.iter().filter_map(|b| b.count).fold(0.0, f64::max);
    let Some(span) = Span::new(0.0, most) else {
        return Ok(());
    };
    let top = 24.0 + SIDE + 14.0;
    let y = Axis::bare(span).with_ticks(vec![(most, number(most))]);
    let mut frame =
        canvas.frame(Margins { left: LEFT, top, right, bottom: 38.0 }, Axis::rounded(Span::unit(), 5), y)?;
    frame.mesh(false, true)?;
    // Half the distance to the nearest neighbour, so that bars touch but never overlap.
    let gap =
        bins.windows(2).map(|w| (w[1].predicted - w[0].predicted).abs()).filter(|d| *d > 1e-6).fold(0.1, f64::min);
    let half = (gap * 0.42).max(0.004);
    for b in bins {
        if let Some(c) = b.count.filter(|c| *c > 0.0) {
            frame.block(((b.predicted - half).max(0.0), c), ((b.predicted + half).min(1.0), 0.0), Ink::Bar)?;
        }
    }
    frame.baseline()?;
    frame.name_x("predicted probability");
    let (_, t, r, _) = frame.edges();
    canvas.pen().text("count", (r + 10.0, t + 9.0), -1, TEXT, Ink::Muted);
    Ok(())
}

fn describe(spec: &CalibrationSpec, bins: &[Bin]) -> String {
    let mut out = format!("Observed share over predicted probability in {}.", plural(bins.len(), "bin"));
    let worst =
        bins.iter().max_by(|a, b| (a.predicted - a.observed).abs().total_cmp(&(b.predicted - b.observed).abs()));
    if let Some(b) = worst {
        out.push_str(&format!(
            " Furthest from the diagonal: predicted {}, observed {}.",
            brief(b.predicted),
            brief(b.observed)
        ));
    }
    if let Some((name, v)) = &spec.summary {
        out.push_str(&format!(" {}: {}.", super::text::short(name), number(*v)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_beneath_when_known() {
        let bin = |p: f64, c| Bin { predicted: p, observed: p * 0.9, interval: None, count: c };
        let with = draw(&CalibrationSpec {
            heading: Heading::new("c", "Calibration"),
            bins: vec![bin(0.1, Some(10.0)), bin(0.9, Some(30.0))],
            summary: None,
        });
        assert!(with.svg.as_str().contains("class=\"bar\""));
        let without = draw(&CalibrationSpec {
            heading: Heading::new("c", "Calibration"),
            bins: vec![bin(0.1, None), bin(f64::NAN, None)],
            summary: None,
        });
        assert!(!without.svg.as_str().contains("class=\"bar\""));
        assert_eq!(without.notes, ["1 non-finite or out-of-range point is not drawn (bin 2)"]);
        assert!(with.description.contains("Furthest from the diagonal: predicted 0.9, observed 0.81."));
    }
}
