//! Confusion matrix: rows are true classes, columns predicted ones.
//!
//! In: counts (or weights) and class names. Out: cells shaded by their share of the row, with counts
//! where they fit. Must not: normalise what is printed; shading is relative, numbers are as given.

use super::axis::Axis;
use super::classes::Ink;
use super::frame::{Canvas, Drawn, Frame, Margins};
use super::guard::{LeftOut, finite};
use super::pen::TEXT;
use super::text::{fit, plural, short, width};
use super::ticks::{number, percent};
use super::{Figure, Heading, Table};

/// A confusion matrix.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatrixSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Class names, in the order of rows and columns.
    pub classes: Vec<String>,
    /// Counts: one row for each true class, one column for each predicted one.
    pub counts: Vec<Vec<f64>>,
}

/// Classes that are drawn at most.
pub const MAX_CLASSES: usize = 60;
/// Largest side of a cell, and width that row labels may take, in pixels.
const CELL: f64 = 60.0;
const LABEL_ROOM: f64 = 150.0;

struct Layout {
    classes: usize,
    cell: f64,
    left: f64,
    top: f64,
    upwards: bool,
    text: f64,
}

/// Draws the chart.
pub fn draw(spec: &MatrixSpec) -> Figure {
    let n = spec.classes.len().min(MAX_CLASSES);
    let names: Vec<String> = spec.classes.iter().take(n).map(|c| short(c).into_owned()).collect();
    let mut out = LeftOut::default();
    let counts: Vec<Vec<Option<f64>>> = (0..n)
        .map(|r| {
            (0..n)
                .map(|c| {
                    let raw = spec.counts.get(r).and_then(|row| row.get(c)).copied()?;
                    let count = finite(Some(raw)).filter(|v| *v >= 0.0);
                    if count.is_none() {
                        out.non_finite(|| format!("{} → {}", names[r], names[c]));
                    }
                    count
                })
                .collect()
        })
        .collect();
    let mut notes = out.notes_as("non-finite or negative", "count", "cell");
    if spec.classes.len() > n {
        notes.push(format!("the first {n} of {} classes are drawn", spec.classes.len()));
    }
    let layout = lay_out(&names);
    let side = layout.cell * n.max(1) as f64;
    let size = ((layout.left + side + 6.0).ceil().max(200.0) as u32, (layout.top + side + 6.0).ceil() as u32);
    let canvas = Canvas::new("matrix", size, &spec.heading, describe(&names, &counts));
    let drawn = if n == 0 {
        canvas.say("no classes");
        Ok(())
    } else {
        paint(&canvas, &layout, size, &names, &counts)
    };
    canvas.finish(drawn, table(&names, &counts), notes)
}

fn lay_out(names: &[String]) -> Layout {
    let n = names.len().max(1);
    let longest = names.iter().map(|l| width(l, TEXT)).fold(0.0, f64::max);
    // Whole pixels: crisp edges, and short path data.
    let cell = (470.0 / n as f64).clamp(9.0, CELL).floor();
    // Below 11 px a row is too low for text of its own size.
    let text = (cell - 1.0).clamp(8.0, TEXT);
    let room = longest * text / TEXT;
    let upwards = room > cell - 6.0;
    let left = room.min(LABEL_ROOM) + 24.0;
    let top = if upwards { room.min(LABEL_ROOM * 0.7) + 28.0 } else { 40.0 };
    Layout { classes: n, cell, left, top, upwards, text }
}

/// Level 0 is for empty cells alone; everything else is spread over the other nine.
fn shade(share: f64) -> Ink {
    if share > 0.0 { Ink::level(0.1 + 0.9 * share) } else { Ink::Q0 }
}

fn row_sum(row: &[Option<f64>]) -> f64 {
    row.iter().flatten().sum::<f64>().min(super::guard::MAX_MAGNITUDE)
}

fn paint(canvas: &Canvas, layout: &Layout, size: (u32, u32), names: &[String], counts: &[Vec<Option<f64>>]) -> Drawn {
    let n = layout.classes;
    let side = layout.cell * n as f64;
    let margins = Margins {
        left: layout.left,
        top: layout.top,
        right: f64::from(size.0) - layout.left - side,
        bottom: f64::from(size.1) - layout.top - side,
    };
    let frame = canvas.frame(margins, Axis::slots(n, Vec::new()), Axis::slots(n, Vec::new()).flipped())?;
    labels(canvas, &frame, layout, names);
    // Cells in order of shade, so that neighbours in the output share an element.
    let mut cells: Vec<(Ink, usize, usize, f64, f64)> = Vec::with_capacity(n * n);
    for (r, row) in counts.iter().enumerate() {
        let sum = row_sum(row);
        for (c, count) in row.iter().enumerate() {
            if let Some(v) = count {
                let share = if sum > 0.0 { v / sum } else { 0.0 };
                cells.push((shade(share), r, c, *v, share));
            }
        }
    }
    let titled = n * n <= super::pen::MAX_TITLED_MARKS;
    // Marks with tooltips apart from those without.
    cells.sort_by_key(|c| (c.0 as u8, titled && c.3 > 0.0));
    let inset = if layout.cell > 14.0 { 0.5 - 0.5 / layout.cell } else { 0.5 };
    for &(ink, r, c, v, share) in &cells {
        // Where cells are many, empty ones stay unpainted: the ground says the same for less.
        if !titled && v == 0.0 {
            continue;
        }
        if titled && v > 0.0 {
            frame.title_next(|| format!("{} → {}: {} ({})", names[r], names[c], number(v), percent(share)));
        }
        let (x, y) = (c as f64, r as f64);
        frame.block((x - inset, y - inset), (x + inset, y + inset), ink)?;
    }
    let half = 0.5;
    frame.block((-half, -half), (n as f64 - half, n as f64 - half), Ink::Grid)?;
    let text = if layout.cell >= 30.0 { TEXT } else { 9.0 };
    for &(ink, r, c, v, _) in &cells {
        let label = number(v);
        if v > 0.0 && width(&label, text) + 4.0 <= layout.cell && layout.cell >= 15.0 {
            let (x, y) = frame.place((c as f64, r as f64));
            frame.text(
                &label,
                (x, y + text * 0.36),
                0,
                text,
                if ink as u8 >= Ink::Q5 as u8 { Ink::OnDark } else { Ink::Text },
            );
        }
    }
    Ok(())
}

fn labels(canvas: &Canvas, frame: &Frame, layout: &Layout, names: &[String]) {
    let (left, top, _, _) = frame.edges();
    canvas.pen().text("predicted →", (left, 12.0), -1, TEXT, Ink::Muted);
    canvas.pen().text("true ↓", (0.0, top - 8.0), -1, TEXT, Ink::Muted);
    let room = LABEL_ROOM * 1.02;
    for (i, name) in names.iter().enumerate() {
        let (_, y) = frame.place((0.0, i as f64));
        let cut = fit(name, room, layout.text);
        if cut != *name {
            frame.title_next(|| name.clone());
        }
        frame.text(&cut, (left - 6.0, y + layout.text * 0.36), 1, layout.text, Ink::Text);
    }
    for (i, name) in names.iter().enumerate() {
        let (x, _) = frame.place((i as f64, 0.0));
        if layout.upwards {
            let cut = fit(name, LABEL_ROOM * 0.7, layout.text);
            if cut != *name {
                frame.title_next(|| name.clone());
            }
            canvas.pen().text_rising(&cut, (x + layout.text * 0.36, top - 6.0), layout.text, Ink::Text);
        } else {
            frame.text(name, (x, top - 6.0), 0, layout.text, Ink::Text);
        }
    }
}

fn describe(names: &[String], counts: &[Vec<Option<f64>>]) -> String {
    let total: f64 = counts.iter().map(|r| row_sum(r)).sum::<f64>().min(super::guard::MAX_MAGNITUDE);
    let right: f64 = counts.iter().enumerate().filter_map(|(i, r)| r.get(i).copied().flatten()).sum();
    let mut out = format!("{}, true against predicted.", plural(names.len(), "class"));
    if total > 0.0 {
        out.push_str(&format!(
            " Shaded by share of the true class. {} of {} on the diagonal ({}).",
            number(right.min(total)),
            number(total),
            percent((right / total).min(1.0))
        ));
    }
    let mut worst: Option<(f64, usize, usize)> = None;
    for (r, row) in counts.iter().enumerate() {
        for (c, v) in row.iter().enumerate() {
            let Some(v) = v.filter(|v| r != c && *v > 0.0) else {
                continue;
            };
            if worst.is_none_or(|(w, _, _)| v > w) {
                worst = Some((v, r, c));
            }
        }
    }
    if let Some((v, r, c)) = worst {
        out.push_str(&format!(" Most frequent confusion: {} taken for {} ({}).", names[r], names[c], number(v)));
    }
    out
}

fn table(names: &[String], counts: &[Vec<Option<f64>>]) -> Table {
    let mut table = Table::new(std::iter::once("true \\ predicted".to_owned()).chain(names.iter().cloned()));
    for (name, row) in names.iter().zip(counts) {
        table.push(|| {
            std::iter::once(name.clone()).chain(row.iter().map(|v| v.map_or("—".to_owned(), number))).collect()
        });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_follow_the_share_of_the_row() {
        let f = draw(&MatrixSpec {
            heading: Heading::new("m", "Confusion"),
            classes: vec!["no".to_owned(), "yes".to_owned()],
            counts: vec![vec![90.0, 10.0], vec![1.0, 1.0]],
        });
        let svg = f.svg.as_str();
        assert!(svg.contains("class=\"q9\"") && svg.contains("class=\"q1\"") && svg.contains("class=\"q5\""));
        assert!(svg.contains("<title>no → yes: 10 (10\u{a0}%)</title>"), "{svg}");
        assert!(f.description.contains("Most frequent confusion: no taken for yes (10)."));
    }

    #[test]
    fn ragged_and_hostile_counts_are_told() {
        let f = draw(&MatrixSpec {
            heading: Heading::new("m", "Confusion"),
            classes: vec!["a".to_owned(), "b".to_owned()],
            counts: vec![vec![f64::NAN, -1.0], vec![3.0]],
        });
        assert_eq!(f.notes, ["2 non-finite or negative counts are not drawn (cells a → a, a → b)"]);
        assert_eq!(f.table.rows[1], ["b", "3", "—"]);
    }

    #[test]
    fn sixty_classes_stay_compact() {
        let classes: Vec<String> = (0..80).map(|i| format!("class number {i}")).collect();
        let counts = (0..80)
            .map(|r| (0..80).map(|c| if r == c { 50.0 } else { f64::from((r * c) % 7 == 3) }).collect())
            .collect();
        let f = draw(&MatrixSpec { heading: Heading::new("m", "Confusion"), classes, counts });
        assert!(f.svg.as_str().len() < 30_000, "{}", f.svg.as_str().len());
        assert_eq!(f.notes, ["the first 60 of 80 classes are drawn"]);
    }
}
