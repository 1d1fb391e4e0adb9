//! The drawing of a trend.
//!
//! In: lines whose values passed the guard, and the bound. Out: marks on the canvas, and notes. Must
//! not: look at the spec again.

use super::{Line, MARKS, MarkKind, SIZE, Scene, Side, TrendMark};
use crate::plot::axis::{Axis, slot_labels};
use crate::plot::classes::Ink;
use crate::plot::frame::{Canvas, Drawn, Frame, Margins};
use crate::plot::guard::{Span, finite, interval};
use crate::plot::legend::{EndLabel, Entry, Swatch, draw_ends, end_room, head};
use crate::plot::text::short;
use crate::plot::thin::thin;
use crate::plot::ticks::{brief, number};

/// Up to this many places, intervals are whiskers and every value has a dot.
const FEW: usize = 40;

pub(super) fn paint(canvas: &Canvas, scene: &Scene<'_>, notes: &mut Vec<String>) -> Drawn {
    let Scene { metric, interval_name, labels, lines, bound, marks, from_zero, limit } = scene;
    let limit = *limit;
    let intervals = lines.iter().flat_map(|l| l.points.iter().zip(&l.values)).filter(|(_, v)| v.is_some());
    let ends =
        intervals.filter_map(|(p, _)| interval(p.interval)).flat_map(|(a, b)| [a, b]).filter(|v| v.abs() <= limit);
    let Some(mut span) = Span::of(lines.iter().flat_map(|l| l.values.iter().flatten().copied()).chain(ends)) else {
        canvas.say("no values to draw");
        return Ok(());
    };
    if *from_zero {
        span = Span::new(span.lo().min(0.0), span.hi().max(0.0)).unwrap_or(span);
    }
    let bound = bound.and_then(|b| finite(Some(b.value)).map(|v| (b, v)));
    let mut shown = None;
    if let Some((b, v)) = bound {
        let away = (span.lo() - v).max(v - span.hi());
        // A bound far away from the data would flatten it; it is told instead of drawn.
        if away <= 4.0 * span.width() && v.abs() <= limit {
            span = Span::new(span.lo().min(v), span.hi().max(v)).unwrap_or(span);
            shown = Some((b, v, short(&b.label)));
        } else {
            let side = if v > span.hi() { "above" } else { "below" };
            notes.push(format!("the bound ({}) lies {side} the drawn range", short(&b.label)));
        }
    }
    let promoted = lines.iter().any(|l| l.points.iter().take(labels.len()).any(|p| p.promoted));
    let mut entries = Vec::new();
    if promoted {
        entries.push(Entry::new(Swatch::Ring(Ink::F1, Ink::Promoted), "promoted"));
    }
    let drawn_intervals = || {
        lines
            .iter()
            .flat_map(|l| l.points.iter().zip(&l.values))
            .any(|(p, v)| v.is_some() && interval(p.interval).is_some())
    };
    if labels.len() <= FEW && drawn_intervals() {
        let name = if interval_name.is_empty() { "interval" } else { interval_name };
        entries.push(Entry::new(Swatch::Whisker(Ink::Interval), name));
    }
    let on_chart: Vec<&TrendMark> = marks.iter().filter(|m| m.is_within(labels.len())).take(MARKS).collect();
    for (kind, name) in [(MarkKind::Promotion, "passed the gate"), (MarkKind::Alarm, "first alarm")] {
        if on_chart.iter().any(|m| m.kind == kind) {
            entries.push(Entry::new(Swatch::Whisker(mark_ink(kind)), name));
        }
    }
    match marks.len() - on_chart.len() {
        0 => {}
        1 => notes.push("1 mark lies outside of the drawn range".to_owned()),
        n => notes.push(format!("{n} marks lie outside of the drawn range")),
    }
    let top = head(canvas, metric, &entries, f64::from(SIZE.0))?;
    let y = Axis::rounded(span, 5);
    let lasts: Vec<(usize, f64, String)> = lines
        .iter()
        .enumerate()
        .filter_map(|(i, l)| {
            let v = l.values.iter().rev().flatten().next().copied()?;
            let text = if lines.len() > 1 { format!("{} {}", l.name, brief(v)) } else { brief(v) };
            Some((i, v, text))
        })
        .collect();
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
    for mark in on_chart {
        frame.title_next(|| short(&mark.label).into_owned());
        frame.upright(mark.at, mark_ink(mark.kind))?;
    }
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
    let mut ends: Vec<EndLabel> =
        lasts.into_iter().map(|(_, v, text)| EndLabel { y: frame.place((0.0, v)).1, text, ink: Ink::Strong }).collect();
    if let Some((_, v, text)) = shown {
        ends.push(EndLabel { y: frame.place((0.0, v)).1, text: text.into_owned(), ink: Ink::Text });
    }
    draw_ends(canvas, &ends, r, (t, b - 2.0));
    Ok(())
}

fn mark_ink(kind: MarkKind) -> Ink {
    match kind {
        MarkKind::Promotion => Ink::Promoted,
        MarkKind::Alarm => Ink::Drifted,
    }
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
    // A band finer than this is heavier, not clearer.
    let step = places.div_ceil(130);
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
    let columns = if labels.len() > FEW { (right - left) / 3.0 } else { 1e6 };
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
            let range = interval(line.points.get(i).and_then(|p| p.interval))
                .map_or(String::new(), |(a, b)| format!(" ({} to {})", number(a), number(b)));
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
