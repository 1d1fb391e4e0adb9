//! Reference against current: how a feature's distribution moved.
//!
//! In: two distributions, both binned numbers or both categories. Out: numbers as a filled and an
//! outlined step shape (shares for equal bins, densities otherwise), categories as pairs of bars.
//! Must not: bin raw values.

use super::classes::Ink;
use super::frame::{Axis, At, Canvas, Drawn, Margins};
use super::guard::{LeftOut, Span, finite};
use super::legend::{Entry, Swatch, head};
use super::svg::TEXT;
use super::text::{clean, fit, plural, width};
use super::ticks::{number, percent};
use super::{Figure, Heading, Table};

/// A distribution as counts (or weights, or shares: only proportions matter).
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Bins of numbers: one more edge than counts, in ascending order; outer edges may be infinite.
    Numbers {
        /// Bin edges, in the feature's unit.
        edges: Vec<f64>,
        /// Count of each bin.
        counts: Vec<f64>,
    },
    /// Categories with counts.
    Categories(Vec<(String, f64)>),
}

/// Two distributions of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Name and unit of the feature, below the axis.
    pub feature: String,
    /// What the current data is compared with.
    pub reference: Distribution,
    /// The data in question.
    pub current: Distribution,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (320, 200);
/// Categories that are drawn at most; the rest is summed.
const MAX_CATEGORIES: usize = 15;
/// Bins that are drawn at most.
const MAX_BINS: usize = 512;

/// One bin: from, to, share of all.
type BinShare = (f64, f64, f64);

/// Draws the chart.
pub fn draw(spec: &HistogramSpec) -> Figure {
    match (&spec.reference, &spec.current) {
        (Distribution::Numbers { edges: re, counts: rc }, Distribution::Numbers { edges: ce, counts: cc }) => {
            let mut notes = Vec::new();
            let reference = bins(re, rc, "reference", &mut notes);
            let current = bins(ce, cc, "current", &mut notes);
            numbers(spec, &reference, &current, notes)
        }
        (reference, current) => categories(spec, &named(reference), &named(current)),
    }
}

/// Checked bins with shares; open outer bins are drawn as wide as their neighbours.
fn bins(edges: &[f64], counts: &[f64], side: &str, notes: &mut Vec<String>) -> Vec<BinShare> {
    let mut edges = edges.to_vec();
    let n = edges.len();
    if n >= 3 {
        let open = |e: f64| e.is_infinite() || e.abs() > super::guard::MAX_MAGNITUDE;
        let (first, last) = (open(edges[0]), open(edges[n - 1]));
        if first {
            edges[0] = if n == 3 { edges[1] - 1.0 } else { edges[1] - (edges[2] - edges[1]) };
        }
        if last {
            edges[n - 1] = if n == 3 { edges[1] + 1.0 } else { edges[n - 2] + (edges[n - 2] - edges[n - 3]) };
        }
        if first || last {
            notes.push(format!("outer bins of the {side} are open; they are drawn as wide as their neighbours"));
        }
    }
    let mut out = LeftOut::default();
    let mut kept: Vec<BinShare> = Vec::new();
    for (i, (pair, count)) in edges.windows(2).zip(counts).take(MAX_BINS).enumerate() {
        let count = finite(Some(*count)).filter(|c| *c >= 0.0);
        match (finite(Some(pair[0])), finite(Some(pair[1])), count) {
            (Some(a), Some(b), Some(c)) if b > a => kept.push((a, b, c)),
            _ => out.non_finite(|| (i + 1).to_string()),
        }
    }
    notes.extend(out.notes(&format!("{side} value"), "bin"));
    if counts.len() > MAX_BINS {
        notes.push(format!("the first {MAX_BINS} of {} {side} bins are drawn", counts.len()));
    }
    // Scaled before summing, so that huge counts do not overflow.
    let largest = kept.iter().map(|b| b.2).fold(0.0, f64::max);
    let total: f64 = if largest > 0.0 { kept.iter().map(|b| b.2 / largest).sum() } else { 0.0 };
    for b in &mut kept {
        b.2 = if total > 0.0 { b.2 / largest / total } else { 0.0 };
    }
    kept
}

fn numbers(spec: &HistogramSpec, reference: &[BinShare], current: &[BinShare], notes: Vec<String>) -> Figure {
    let same = reference.len() == current.len() && reference.iter().zip(current).all(|(a, b)| a.0 == b.0 && a.1 == b.1);
    let feature = clean(&spec.feature);
    let mean = |b: &[BinShare]| b.iter().map(|(lo, hi, s)| (lo / 2.0 + hi / 2.0) * s).sum::<f64>();
    let about = format!(
        "{}: {} of reference data (mean about {}) against {} of current data (mean about {}).",
        if feature.is_empty() { "Value" } else { &feature }, plural(reference.len(), "bin"), number(mean(reference)), plural(current.len(), "bin"), number(mean(current)),
    );
    let canvas = Canvas::new("histogram", SIZE, &spec.heading, about);
    let drawn = steps(&canvas, &feature, reference, current, same);
    let mut table = Table::new(if same { vec!["bin", "reference", "current"] } else { vec!["bin", "share", "side"] });
    let range = |b: &BinShare| format!("{} to {}", number(b.0), number(b.1));
    if same {
        for (a, b) in reference.iter().zip(current) {
            table.push(|| vec![range(a), percent(a.2), percent(b.2)]);
        }
    } else {
        for (side, bins) in [("reference", reference), ("current", current)] {
            for b in bins {
                table.push(|| vec![range(b), percent(b.2), side.to_owned()]);
            }
        }
    }
    canvas.finish(drawn, table, notes)
}

fn sides() -> [Entry; 2] {
    [Entry::new(Swatch::Block(Ink::Reference), "reference"), Entry::new(Swatch::Block(Ink::Current), "current")]
}

fn steps(canvas: &Canvas, feature: &str, reference: &[BinShare], current: &[BinShare], same: bool) -> Drawn {
    let all = || reference.iter().chain(current);
    let Some(x) = Span::of(all().flat_map(|b| [b.0, b.1])) else {
        canvas.say("no bins to draw");
        return Ok(());
    };
    // Equal bins compare as shares; different bins only as densities, scaled to the widest extent so
    // that narrow bins far below 1 do not overflow.
    let height = |b: &BinShare| if same { b.2 } else { b.2 / ((b.1 - b.0) / x.width()).max(1e-9) };
    let most = all().map(&height).fold(0.0, f64::max);
    let y = if same {
        Axis::rounded(Span::new(0.0, most).unwrap_or(Span::unit()), 3)
    } else {
        Axis::bare(Span::new(0.0, most * 1.02).unwrap_or(Span::unit()))
    };
    let top = head(canvas, if same { "share" } else { "density" }, &sides(), f64::from(SIZE.0))?;
    let left = if same { y.label_room() } else { 4.0 };
    let x = Axis::tight(x, 4);
    let margins = Margins { left, top, right: x.overhang().max(6.0), bottom: 38.0 };
    let mut frame = canvas.frame(margins, x, y)?;
    frame.mesh(false, true)?;
    let filled = outline(reference, height);
    if filled.len() > 2 {
        frame.area(filled, Ink::Reference)?;
    }
    let line = outline(current, height);
    if line.len() > 2 {
        frame.line(line, Ink::Current)?;
    }
    frame.baseline()?;
    frame.name_x(feature);
    Ok(())
}

/// The step shape over bins, down to zero where bins do not touch.
fn outline(bins: &[BinShare], height: impl Fn(&BinShare) -> f64) -> Vec<At> {
    let mut out: Vec<At> = Vec::with_capacity(bins.len() * 2 + 2);
    let mut end: Option<f64> = None;
    for b in bins {
        if end != Some(b.0) {
            out.extend(end.map(|e| (e, 0.0)));
            out.push((b.0, 0.0));
        }
        let h = height(b);
        out.push((b.0, h));
        out.push((b.1, h));
        end = Some(b.1);
    }
    out.extend(end.map(|e| (e, 0.0)));
    out
}

/// Categories with shares; bins of numbers are named by their ranges when the other side has names.
fn named(side: &Distribution) -> Vec<(String, f64)> {
    let raw: Vec<(String, f64)> = match side {
        Distribution::Categories(c) => c.iter().map(|(n, v)| (clean(n).into_owned(), *v)).collect(),
        Distribution::Numbers { edges, counts } => edges.windows(2).zip(counts).map(|(e, c)| (format!("{} to {}", number(e[0]), number(e[1])), *c)).collect(),
    };
    let largest = raw.iter().filter_map(|r| finite(Some(r.1))).fold(0.0, f64::max);
    let total: f64 = if largest > 0.0 { raw.iter().filter_map(|r| finite(Some(r.1)).filter(|v| *v >= 0.0)).map(|v| v / largest).sum() } else { 0.0 };
    raw.into_iter().map(|(n, v)| (n, if total > 0.0 { v / largest / total } else { 0.0 })).collect()
}

fn categories(spec: &HistogramSpec, reference: &[(String, f64)], current: &[(String, f64)]) -> Figure {
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
    let notes = out.notes("count", "category");
    let mut table = Table::new(["category", "reference", "current"]);
    for (name, r, c) in &rows {
        table.push(|| vec![name.clone(), percent(*r), percent(*c)]);
    }
    let moved = rows.iter().max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()));
    let feature = clean(&spec.feature);
    let mut about = format!("{}: {}, reference against current.", if feature.is_empty() { "Value" } else { &feature }, plural(rows.len(), "category"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(reference: Distribution, current: Distribution) -> HistogramSpec {
        HistogramSpec { heading: Heading::new("d", "age"), feature: "age".to_owned(), reference, current }
    }

    fn numbers(edges: &[f64], counts: &[f64]) -> Distribution {
        Distribution::Numbers { edges: edges.to_vec(), counts: counts.to_vec() }
    }

    #[test]
    fn equal_bins_compare_as_shares() {
        let e = [0.0, 10.0, 20.0];
        let f = draw(&spec(numbers(&e, &[1.0, 3.0]), numbers(&e, &[30.0, 10.0])));
        assert_eq!(f.table.rows[0], ["0 to 10", "25 %", "75 %"]);
        assert!(f.svg.as_str().contains(">share<"));
    }

    #[test]
    fn different_bins_compare_as_densities() {
        let f = draw(&spec(numbers(&[0.0, 10.0, 20.0], &[1.0, 1.0]), numbers(&[0.0, 5.0, 20.0], &[1.0, 1.0])));
        assert!(f.svg.as_str().contains(">density<"));
    }

    #[test]
    fn open_bins_are_closed_and_told() {
        let e = [f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY];
        let f = draw(&spec(numbers(&e, &[1.0, 1.0, 1.0]), numbers(&e, &[1.0, 2.0, 1.0])));
        assert_eq!(f.table.rows[0][0], "−1 to 0");
        assert_eq!(f.notes.len(), 2);
    }

    #[test]
    fn categories_meet_by_name() {
        let c = |v: &[(&str, f64)]| Distribution::Categories(v.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect());
        let f = draw(&spec(c(&[("男", 1.0), ("女", 1.0)]), c(&[("女", 3.0), ("new", 1.0)])));
        assert_eq!(f.table.rows, [["男", "50 %", "0 %"], ["女", "50 %", "75 %"], ["new", "0 %", "25 %"]]);
        assert!(f.description.contains("Largest change: 男, 50 % to 0 %."), "{}", f.description);
    }
}
