//! Legends and direct labels, placed by measured widths so that they never overlap.
//!
//! In: names with the ink of their marks. Out: rows of swatches above a plot, a column beside it, or
//! names at the ends of lines. Must not: cover data.

use super::classes::Ink;
use super::frame::{Canvas, Drawn};
use super::pen::TEXT;
use super::text::{BOLD, fit, width};

/// How a legend shows a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Swatch {
    /// A small filled or outlined box.
    Block(Ink),
    /// A box of one ink with an outline of another.
    Outlined(Ink, Ink),
    /// A ring, drawn around a dot.
    Ring(Ink, Ink),
    /// An upright stroke: an interval.
    Whisker(Ink),
    /// A box with a slash: no data.
    Slash(Ink),
    /// A cross: not computed.
    Cross(Ink),
    /// A dash: not judged.
    Dash(Ink),
}

/// One entry of a legend.
pub(crate) struct Entry {
    pub(crate) swatch: Swatch,
    pub(crate) label: String,
}

impl Entry {
    pub(crate) fn new(swatch: Swatch, label: impl Into<String>) -> Entry {
        Entry { swatch, label: label.into() }
    }

    fn width(&self) -> f64 {
        SWATCH + 5.0 + width(&self.label, TEXT)
    }
}

impl Swatch {
    fn draw(self, canvas: &Canvas, (x, y): (f64, f64)) -> Drawn {
        let (a, b) = ((x, y - 9.0), (x + 10.0, y + 1.0));
        let middle = (x + 5.0, y - 4.0);
        match self {
            Swatch::Block(ink) => canvas.block(a, b, ink),
            Swatch::Outlined(fill, edge) => {
                canvas.block(a, b, fill)?;
                canvas.block((a.0 + 1.0, a.1 + 1.0), (b.0 - 1.0, b.1 - 1.0), edge)
            }
            Swatch::Ring(dot, ring) => {
                canvas.dot(middle, 2.5, dot)?;
                canvas.dot(middle, 5.0, ring)
            }
            Swatch::Whisker(ink) => canvas.stroke((middle.0, a.1), (middle.0, b.1), ink),
            Swatch::Slash(ink) => canvas.stroke((a.0 + 1.0, b.1 - 1.0), (b.0 - 1.0, a.1 + 1.0), ink),
            Swatch::Cross(ink) => {
                canvas.stroke((a.0 + 1.0, b.1 - 1.0), (b.0 - 1.0, a.1 + 1.0), ink)?;
                canvas.stroke((a.0 + 1.0, a.1 + 1.0), (b.0 - 1.0, b.1 - 1.0), ink)
            }
            Swatch::Dash(ink) => canvas.stroke((a.0 + 1.0, middle.1), (b.0 - 1.0, middle.1), ink),
        }
    }
}

const GAP: f64 = 16.0;
/// Side of a swatch in pixels.
const SWATCH: f64 = 10.0;
/// Height of a row in pixels.
pub(crate) const ROW: f64 = 18.0;

/// How many rows the entries take in a width in pixels.
pub(crate) fn rows(entries: &[Entry], room: f64) -> usize {
    let (mut rows, mut x) = (0, f64::INFINITY);
    for e in entries {
        let w = e.width().min(room);
        if x + w > room {
            rows += 1;
            x = 0.0;
        }
        x += w + GAP;
    }
    rows
}

/// Draws the entries in rows from `(left, baseline)`, as wide as `room` pixels.
pub(crate) fn draw_rows(canvas: &Canvas, entries: &[Entry], (left, baseline): (f64, f64), room: f64) -> Drawn {
    let (mut x, mut y) = (0.0, baseline);
    for e in entries {
        let w = e.width().min(room);
        if x > 0.0 && x + w > room {
            x = 0.0;
            y += ROW;
        }
        e.swatch.draw(canvas, (left + x, y))?;
        let at = (left + x + SWATCH + 5.0, y);
        canvas.pen().text(&fit(&e.label, room - SWATCH - 5.0, TEXT), at, -1, TEXT, Ink::Text);
        x += w + GAP;
    }
    Ok(())
}

/// The row above a plot: the name of the y axis on the left, then the legend, on the same row when it
/// fits. Returns the height that all this takes, in pixels.
pub(crate) fn head(canvas: &Canvas, name: &str, entries: &[Entry], across: f64) -> Drawn<f64> {
    let baseline = 12.0;
    let shown = fit(name, across, TEXT);
    canvas.pen().text(&shown, (0.0, baseline), -1, TEXT, Ink::Muted);
    if entries.is_empty() {
        return Ok(if name.is_empty() { 8.0 } else { ROW + 6.0 });
    }
    let beside = width(&shown, TEXT) + 2.0 * GAP;
    if !name.is_empty() && beside < across && rows(entries, across - beside) == 1 {
        draw_rows(canvas, entries, (beside, baseline), across - beside)?;
        return Ok(ROW + 6.0);
    }
    let below = if name.is_empty() { baseline } else { baseline + ROW };
    draw_rows(canvas, entries, (0.0, below), across)?;
    Ok(below + (rows(entries, across) - 1) as f64 * ROW + 12.0)
}

/// A label at the right end of something, wished at a height in pixels.
pub(crate) struct EndLabel {
    pub(crate) y: f64,
    pub(crate) text: String,
    pub(crate) ink: Ink,
}

/// Width that end labels may take at most, in pixels.
pub(crate) const END_ROOM: f64 = 170.0;

/// Room for end labels beside a plot, in pixels.
pub(crate) fn end_room(texts: &[&str]) -> f64 {
    texts.iter().map(|t| width(t, TEXT) * BOLD).fold(0.0, f64::max).min(END_ROOM) + 10.0
}

/// Draws the end labels right of `x`, moved apart within `(top, bottom)`.
pub(crate) fn draw_ends(canvas: &Canvas, ends: &[EndLabel], x: f64, within: (f64, f64)) {
    let wished: Vec<f64> = ends.iter().map(|e| e.y).collect();
    for (end, y) in ends.iter().zip(spread(&wished, 13.0, within)) {
        canvas.pen().text(&fit(&end.text, END_ROOM, TEXT * BOLD), (x + 8.0, y + 4.0), -1, TEXT, end.ink);
    }
}

/// Names at the right ends of lines, moved apart so that they do not overlap.
///
/// In: wished heights in pixels with names and inks. Out: heights in the same order, at least `gap`
/// apart where the space between `top` and `bottom` allows.
pub(crate) fn spread(wished: &[f64], gap: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wished.len()).collect();
    order.sort_by(|a, b| wished[*a].total_cmp(&wished[*b]));
    let mut at: Vec<f64> = order.iter().map(|i| wished[*i].clamp(top, bottom)).collect();
    for i in 1..at.len() {
        at[i] = at[i].max(at[i - 1] + gap);
    }
    // What was pushed below the bottom is pushed back up.
    let mut limit = bottom;
    for y in at.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - gap;
    }
    let mut out = vec![0.0; wished.len()];
    for (place, i) in order.into_iter().enumerate() {
        out[i] = at[place];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_moved_apart_in_order() {
        let y = spread(&[50.0, 48.0, 200.0], 13.0, (0.0, 195.0));
        assert!(y[0] - y[1] >= 13.0 && y[2] <= 195.0, "{y:?}");
    }

    #[test]
    fn legends_wrap() {
        let e: Vec<Entry> = (0..6).map(|i| Entry::new(Swatch::Block(Ink::band(i)), "a rather long name")).collect();
        assert!(rows(&e, 300.0) >= 3);
        assert_eq!(rows(&[], 300.0), 0);
    }
}
