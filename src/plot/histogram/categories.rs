//! Two distributions over categories: pairs of bars.
//!
//! In: shares by name, for each side. Out: the figure, with categories met by name. Must not: sort;
//! the order of the reference stands.

use super::{Distribution, HistogramSpec, SIZE, sides};
use crate::plot::axis::Axis;
use crate::plot::classes::Ink;
use crate::plot::frame::{Canvas, Drawn, Margins};
use crate::plot::guard::{LeftOut, Span, finite};
use crate::plot::legend::head;
use crate::plot::pen::TEXT;
use crate::plot::text::{clean, fit, plural, short, width};
use crate::plot::ticks::{number, percent};
use crate::plot::{Figure, Table};

/// Categories that are drawn at most; the rest is summed.
const MAX_CATEGORIES: usize = 15;

/// Categories with shares; bins of numbers are named by their ranges when the other side has names.
pub(super) fn named(side: &Distribution) -> Vec<(String, f64)> {
    let raw: Vec<(String, f64)> = match side {
        Distribution::Categories(c) => c.iter().map(|(n, v)| (clean(n).into_owned(), *v)).collect(),
        Distribution::Numbers { edges, counts } => {
            edges.windows(2).zip(counts).map(|(e, c)| (format!("{} to {}", number(e[0]), number(e[1])), *c)).collect()
        }
    };
    let largest = raw.iter().filter_map(|r| finite(Some(r.1))).fold(0.0, f64::max);
    let total: f64 = if largest > 0.0 {
        raw.iter().filter_map(|r| finite(Some(r.1)).filter(|v| *v >= 0.0)).map(|v| v / largest).sum()
    } else {
        0.0
    };
    raw.into_iter()
        .map(|(n, v)| {
            (
                n,
                if v == 0.0 {
                    0.0
                } else if total > 0.0 {
                    v / largest / total
                } else {
                    // Nothing but zeros can be counted here: this is not a count, and is told.
                    f64::NAN
                },
            )
        })
        .collect()
}

/// Draws the chart.
pub(super) fn categories(spec: &HistogramSpec, reference: &[(String, f64)], current: &[(String, f64)]) -> Figure {
    let mut out = LeftOut::default();
    let mut rows: Vec<(String, f64, f64)> = Vec::new();
    let mut add = |name: &String, share: f64, current: bool| {
        let Some(share) = finite(Some(share)).filter(|s| *s >= 0.0) else {
            out.non_finite(|| name.clone());
            return;
        };
        let at = rows.iter().position(|r| r.0 == *name).unwrap_or_else(|| {
            rows.push((name.clone(), 0.0, 0.0));
            rows.len() - 1
        });
        if current { rows[at].2 += share } else { rows[at].1 += share }
    };
    // Linear look-ups: more categories than this are not for reading, nor for drawing.
    const LOOKED_AT: usize = 2000;
    reference.iter().take(LOOKED_AT).for_each(|(n, s)| add(n, *s, false));
    current.iter().take(LOOKED_AT).for_each(|(n, s)| add(n, *s, true));
    let notes = out.notes_as("non-finite or negative", "count", "category");
    // Cut only now: long names that differ at their ends stay apart.
    for row in &mut rows {
        row.0 = short(&row.0).into_owned();
    }
    let mut table = Table::new(["category", "reference", "current"]);
    for (name, r, c) in &rows {
        table.push(|| vec![name.clone(), percent(*r), percent(*c)]);
    }
    let moved = rows.iter().max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()));
    let feature = short(&spec.feature);
    let mut about = format!(
        "{}: {}, reference against current.",
        if feature.is_empty() { "Value" } else { &feature },
        plural(rows.len(), "category")
    );
    if let Some((name, r, c)) = moved {
        about.push_str(&format!(" Largest change: {name}, {} to {}.", percent(*r), percent(*c)));
    }
    if rows.len() > MAX_CATEGORIES {
        let rest = rows.split_off(MAX_CATEGORIES - 1);
        let (r, c) = rest.iter().fold((0.0, 0.0), |(a, b), row| (a + row.1, b + row.2));
        rows.push((format!("{} others", rest.len()), r, c));
    }
    let height = (68 + 22 * rows.len().max(1)) as u32;
    let canvas = Canvas::new("histogram", (SIZE.0, height), &spec.heading, about);
    let drawn = pairs(&canvas, &feature, &rows);
    canvas.finish(drawn, table, notes)
}

fn pairs(canvas: &Canvas, feature: &str, rows: &[(String, f64, f64)]) -> Drawn {
    let Some(span) = Span::of(rows.iter().flat_map(|r| [r.1, r.2]).chain([0.0])).filter(|_| !rows.is_empty()) else {
        canvas.say("no categories to draw");
        return Ok(());
    };
    let top = head(canvas, feature, &sides(), f64::from(SIZE.0))?;
    let x = Axis::rounded(span, 3);
    let left = rows.iter().map(|r| width(&r.0, TEXT)).fold(0.0, f64::max).min(120.0) + 10.0;
    let margins = Margins { left, top, right: x.overhang() + 4.0, bottom: 38.0 };
    let mut frame = canvas.frame(margins, x, Axis::slots(rows.len(), Vec::new()).flipped())?;
    frame.mesh(true, false)?;
    for (i, r) in rows.iter().enumerate() {
        frame.block((0.0, i as f64 - 0.38), (r.1, i as f64), Ink::Reference)?;
    }
    for (i, r) in rows.iter().enumerate() {
        frame.block((0.0, i as f64), (r.2, i as f64 + 0.38), Ink::Current)?;
    }
    frame.upright(0.0, Ink::Axis)?;
    frame.name_x("share");
    for (i, r) in rows.iter().enumerate() {
        let cut = fit(&r.0, 121.0, TEXT);
        if cut != r.0 {
            frame.title_next(|| r.0.clone());
        }
        let y = frame.place((0.0, i as f64)).1 + 4.0;
        frame.text(&cut, (left - 8.0, y), 1, TEXT, Ink::Text);
    }
    Ok(())
}
