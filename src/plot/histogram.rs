//! Reference against current: how a feature's distribution moved.
//!
//! In: two distributions, both binned numbers or both categories. Out: numbers as a filled and an
//! outlined step shape (shares for equal bins, densities otherwise), categories as pairs of bars.
//! Must not: bin raw values.

use super::classes::Ink;
mod categories;

use self::categories::{categories, named};
use super::axis::Axis;
use super::frame::{At, Canvas, Drawn, Margins};
use super::guard::{LeftOut, Span, finite};
use super::legend::{Entry, Swatch, head};
use super::text::{plural, short};
use super::ticks::{brief, number, percent};
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
    notes.extend(out.notes_as("unusable", &format!("{side} value"), "bin"));
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
    let feature = short(&spec.feature);
    let mean = |b: &[BinShare]| b.iter().map(|(lo, hi, s)| (lo / 2.0 + hi / 2.0) * s).sum::<f64>();
    let about = format!(
        "{}: {} of reference data (mean about {}) against {} of current data (mean about {}).",
        if feature.is_empty() { "Value" } else { &feature },
        plural(reference.len(), "bin"),
        brief(mean(reference)),
        plural(current.len(), "bin"),
        brief(mean(current)),
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
    let height = |b: &BinShare| {
        if same { b.2 } else { b.2 / ((b.1 - b.0) / x.width()).max(1e-9) }
    };
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
        assert_eq!(f.table.rows[0], ["0 to 10", "25\u{a0}%", "75\u{a0}%"]);
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
        assert_eq!(
            f.table.rows,
            [["男", "50\u{a0}%", "0\u{a0}%"], ["女", "50\u{a0}%", "75\u{a0}%"], ["new", "0\u{a0}%", "25\u{a0}%"]]
        );
        assert!(f.description.contains("Largest change: 男, 50\u{a0}% to 0\u{a0}%."), "{}", f.description);
    }

    #[test]
    fn counts_that_are_none_are_told() {
        let c = |v: f64| Distribution::Categories(vec![("a".to_owned(), v)]);
        let f = draw(&spec(c(f64::NAN), c(1.0)));
        assert_eq!(f.notes, ["1 non-finite or negative count is not drawn (category a)"]);
    }
}
