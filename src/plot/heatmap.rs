//! Drift at a glance: features down, windows across.
//!
//! In: one cell per feature and window with the score's ratio to its threshold. Out: cells shaded by
//! that ratio (the dark half of the scale is over the threshold), drifted cells outlined as well. What
//! is no score is never shaded: a cross where a score could not be computed, a slash where there is no
//! data, a dash where a score has nothing to be judged by. Must not: sort or decide what drifted; the
//! caller does.

use super::axis::{Axis, slot_labels};
use super::classes::Ink;
use super::frame::{Canvas, Drawn, Frame, Margins};
use super::guard::{LeftOut, finite};
use super::legend::{Entry, Swatch, draw_rows};
use super::pen::{MAX_TITLED_MARKS, TEXT};
use super::text::{fit, plural, short, width};
use super::ticks::{brief, number};
use super::{Figure, Heading, Table};

/// What a cell without a ratio says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gap {
    /// Nothing is known of the feature in the window.
    #[default]
    NoData,
    /// The feature was there, and its score could not be computed.
    NotComputed,
    /// There is a score, and nothing to judge it by.
    NotJudged,
    /// There is a verdict and no score.
    NoScore,
}

/// One feature in one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Score divided by its threshold: from 1 on it is over. `None` without a score.
    pub ratio: Option<f64>,
    /// Why there is no ratio; of no matter where there is one.
    pub gap: Gap,
    /// Whether it counts as drifted; outlined.
    pub drifted: bool,
    /// What a reader should see on it, such as "PSI 0.31, threshold 0.2"; may be empty.
    pub label: String,
}

/// Drift of features over windows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeatmapSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Features, most interesting first.
    pub features: Vec<String>,
    /// Windows, oldest first.
    pub windows: Vec<String>,
    /// For each feature a cell per window; missing ones count as without data.
    pub cells: Vec<Vec<Cell>>,
    /// For each feature what a reader should see on its name; empty ones say nothing.
    pub rows: Vec<String>,
}

/// Features (rows) and windows (columns) that are drawn at most.
pub const MAX_FEATURES: usize = 500;
/// See [`MAX_FEATURES`]; the newest windows are kept.
pub const MAX_WINDOWS: usize = 120;
const LABEL_ROOM: f64 = 190.0;
const WIDTH: f64 = 640.0;
const TOP: f64 = 28.0;
/// From this many cells on a heat map is large.
const LARGE: usize = 800;
/// Up to this many cells, each has a tooltip.
const TITLED: usize = 80;

/// Draws the chart.
pub fn draw(spec: &HeatmapSpec) -> Figure {
    let rows = spec.features.len().min(MAX_FEATURES);
    let skip = spec.windows.len().saturating_sub(MAX_WINDOWS);
    let features: Vec<String> = spec.features.iter().take(rows).map(|f| short(f).into_owned()).collect();
    let windows: Vec<String> = spec.windows.iter().skip(skip).map(|w| short(w).into_owned()).collect();
    let mut out = LeftOut::default();
    let none = Cell::default();
    let grid: Vec<Vec<(&Cell, Option<f64>)>> = (0..rows)
        .map(|r| {
            (0..windows.len())
                .map(|c| {
                    let cell = spec.cells.get(r).and_then(|row| row.get(c + skip)).unwrap_or(&none);
                    let ratio = match cell.ratio {
                        // An infinite distance is over any threshold, and says so by the darkest shade.
                        Some(r) if r == f64::INFINITY || r > super::guard::MAX_MAGNITUDE => {
                            Some(super::guard::MAX_MAGNITUDE)
                        }
                        r => finite(r),
                    };
                    if cell.ratio.is_some() && ratio.is_none() {
                        out.non_finite(|| format!("{} in {}", features[r], windows[c]));
                    }
                    (cell, ratio)
                })
                .collect()
        })
        .collect();
    let mut notes = out.notes("score", "cell");
    if spec.features.len() > rows {
        notes.push(format!("the first {rows} of {} features are drawn", spec.features.len()));
    }
    if skip > 0 {
        notes.push(format!("the newest {} of {} windows are drawn", windows.len(), spec.windows.len()));
    }
    let row = if rows > 40 { 13.0 } else { 18.0 };
    let size = (WIDTH as u32, (TOP + row * rows.max(1) as f64 + 26.0) as u32);
    let canvas = Canvas::new("heatmap", size, &spec.heading, describe(&features, &windows, &grid));
    let drawn = paint(&canvas, &features, &windows, &grid, &spec.rows, row);
    canvas.finish(drawn, table(spec, &features, &windows, &grid), notes)
}

fn paint(
    canvas: &Canvas,
    features: &[String],
    windows: &[String],
    grid: &[Vec<(&Cell, Option<f64>)>],
    about: &[String],
    row: f64,
) -> Drawn {
    if features.is_empty() || windows.is_empty() {
        canvas.say("no windows to draw");
        return Ok(());
    }
    let room = features.iter().map(|f| width(f, TEXT)).fold(0.0, f64::max).min(LABEL_ROOM);
    let left = (room + 10.0).ceil();
    let overhang = windows.last().map_or(0.0, |w| width(w, TEXT).min(110.0) / 2.0);
    // Whole pixels: crisp edges, and short path data.
    let space = |cells: f64| (WIDTH - left - (overhang - cells / 2.0).max(4.0)) / windows.len() as f64;
    let cell = space(space(0.0)).min(46.0);
    let cell = if cell > 3.0 { cell.floor() } else { cell };
    let margins = Margins { left, top: TOP, right: WIDTH - left - cell * windows.len() as f64, bottom: 26.0 };
    let x = Axis::slots(windows.len(), slot_labels(windows, cell));
    let mut frame = canvas.frame(margins, x, Axis::slots(features.len(), Vec::new()).flipped())?;
    frame.mesh(false, false)?;
    cells(&frame, features, windows, grid, (cell, row))?;
    for (i, f) in features.iter().enumerate() {
        let cut = fit(f, LABEL_ROOM + 1.0, TEXT);
        match about.get(i).filter(|text| !text.is_empty()) {
            Some(text) => frame.title_next(|| short(text).into_owned()),
            None if cut != *f => frame.title_next(|| f.clone()),
            None => {}
        }
        let y = frame.place((0.0, i as f64)).1 + 4.0;
        frame.text(&cut, (left - 8.0, y), 1, TEXT, Ink::Text);
    }
    draw_rows(canvas, &legend(grid), (0.0, 12.0), WIDTH)
}

/// The scale, and those of the other marks that are there.
fn legend(grid: &[Vec<(&Cell, Option<f64>)>]) -> Vec<Entry> {
    let mut out = vec![
        Entry::new(Swatch::Block(Ink::Q1), "low"),
        Entry::new(Swatch::Block(Ink::Q4), "near the threshold"),
        Entry::new(Swatch::Block(Ink::Q6), "over it"),
        Entry::new(Swatch::Block(Ink::Q9), "twice or more"),
        Entry::new(Swatch::Outlined(Ink::Q6, Ink::Drifted), "drifted"),
    ];
    let has = |gap: Gap| grid.iter().flatten().any(|(cell, ratio)| ratio.is_none() && cell.gap == gap);
    let marks = [
        (Gap::NotComputed, Swatch::Cross(Ink::Failed), "not computed"),
        (Gap::NotJudged, Swatch::Dash(Ink::Missing), "not judged"),
        (Gap::NoData, Swatch::Slash(Ink::Missing), "no data"),
    ];
    out.extend(marks.into_iter().filter(|(gap, ..)| has(*gap)).map(|(_, swatch, label)| Entry::new(swatch, label)));
    out
}

/// The shade of a cell: its ratio's, or that of a verdict without a score. In a large heat map only the
/// shades of the legend are used: neighbours join, and no eye tells twenty shades of a cell that small.
fn shade(cell: &Cell, ratio: Option<f64>, large: bool) -> Option<Ink> {
    match ratio {
        Some(ratio) if large => Some(match ratio {
            ..0.6 => Ink::Q1,
            ..1.0 => Ink::Q4,
            ..2.0 => Ink::Q6,
            _ => Ink::Q9,
        }),
        Some(ratio) => Some(Ink::level(ratio / 2.0)),
        None if cell.gap == Gap::NoScore => Some(if cell.drifted { Ink::Q6 } else { Ink::Q1 }),
        None => None,
    }
}

fn cells(
    frame: &Frame,
    features: &[String],
    windows: &[String],
    grid: &[Vec<(&Cell, Option<f64>)>],
    (width, height): (f64, f64),
) -> Drawn {
    // Ink, whether it has a tooltip, row, first and last column.
    let mut known: Vec<(Ink, bool, usize, usize, usize)> = Vec::new();
    let count = grid.iter().flatten().count();
    for (r, row) in grid.iter().enumerate() {
        for (c, (cell, ratio)) in row.iter().enumerate() {
            let Some(ink) = shade(cell, *ratio, count > LARGE) else { continue };
            // Everything has a tooltip when cells are few; drifted cells when they are not many.
            let titled = count <= TITLED || (cell.drifted && count <= MAX_TITLED_MARKS);
            match known.last_mut() {
                Some(last) if count > MAX_TITLED_MARKS && last.0 == ink && last.2 == r && last.4 + 1 == c => last.4 = c,
                _ => known.push((ink, titled, r, c, c)),
            }
        }
    }
    // In order of shade, so that thousands of cells need ten elements.
    known.sort_by_key(|k| (k.0 as u8, k.1));
    let gap = if count > MAX_TITLED_MARKS { 0.0 } else { 1.0 };
    let (hx, hy) = (0.5 - (0.5 * gap / width).min(0.1), 0.5 - 0.5 / height);
    for &(ink, titled, r, from, to) in &known {
        if titled {
            frame.title_next(|| tooltip(&features[r], &windows[from], grid[r][from].0, grid[r][from].1));
        }
        frame.block((from as f64 - hx, r as f64 - hy), (to as f64 + hx, r as f64 + hy), ink)?;
    }
    let each = || {
        grid.iter()
            .enumerate()
            .flat_map(|(r, row)| row.iter().enumerate().map(move |(c, cell)| (r as f64, c as f64, cell)))
    };
    let (sx, sy) = (0.25f64.min(4.0 / width), 4.0 / height);
    let gaps = |wanted: Gap| each().filter(move |(_, _, (cell, ratio))| ratio.is_none() && cell.gap == wanted);
    for (r, c, _) in gaps(Gap::NoData) {
        frame.stroke((c - sx, r + sy), (c + sx, r - sy), Ink::Missing)?;
    }
    for (r, c, _) in gaps(Gap::NotJudged) {
        frame.stroke((c - sx, r), (c + sx, r), Ink::Missing)?;
    }
    for (r, c, _) in gaps(Gap::NotComputed) {
        frame.stroke((c - sx, r + sy), (c + sx, r - sy), Ink::Failed)?;
        frame.stroke((c - sx, r - sy), (c + sx, r + sy), Ink::Failed)?;
    }
    let (ox, oy) = (0.5 - (1.5 / width).min(0.2), 0.5 - 1.5 / height);
    // Narrow cells without gaps are outlined as one where neighbours drifted.
    let joins = |last: &(f64, f64, f64), r: f64, c: f64| gap == 0.0 && last.0 == r && last.2 + 1.0 == c;
    let mut outlines: Vec<(f64, f64, f64)> = Vec::new();
    for (r, c, _) in each().filter(|(_, _, (cell, _))| cell.drifted) {
        match outlines.last_mut() {
            Some(last) if joins(last, r, c) => last.2 = c,
            _ => outlines.push((r, c, c)),
        }
    }
    for (r, from, to) in outlines {
        frame.block((from - ox, r - oy), (to + ox, r + oy), Ink::Drifted)?;
    }
    Ok(())
}

fn tooltip(feature: &str, window: &str, cell: &Cell, ratio: Option<f64>) -> String {
    let state = if cell.drifted { ", drifted" } else { "" };
    if cell.label.is_empty() {
        return format!("{feature}, {window}: {} × threshold{state}", ratio.map_or("—".to_owned(), number));
    }
    format!("{feature}, {window}: {}{state}", short(&cell.label))
}

fn describe(features: &[String], windows: &[String], grid: &[Vec<(&Cell, Option<f64>)>]) -> String {
    let drifted = grid.iter().flatten().filter(|(c, _)| c.drifted).count();
    let without = |gap: Gap| grid.iter().flatten().filter(|(c, r)| r.is_none() && c.gap == gap).count();
    let mut out = format!(
        "{} over {}; {} drifted.",
        plural(features.len(), "feature"),
        plural(windows.len(), "window"),
        plural(drifted, "cell")
    );
    let kinds = [(Gap::NotComputed, "not computed"), (Gap::NotJudged, "not judged"), (Gap::NoData, "without data")];
    for (n, what) in kinds.map(|(gap, what)| (without(gap), what)).into_iter().filter(|(n, _)| *n > 0) {
        out.push_str(&format!(" {} {what}.", plural(n, "cell")));
    }
    if let (Some(last), Some(window)) = (windows.len().checked_sub(1), windows.last()) {
        let now: Vec<&str> = grid
            .iter()
            .zip(features)
            .filter(|(row, _)| row.get(last).is_some_and(|(c, _)| c.drifted))
            .map(|(_, f)| f.as_str())
            .collect();
        if !now.is_empty() {
            let more = if now.len() > 5 { " and more" } else { "" };
            out.push_str(&format!(" In {window}: {}{more}.", now[..now.len().min(5)].join(", ")));
        }
    }
    out
}

fn table(spec: &HeatmapSpec, features: &[String], windows: &[String], grid: &[Vec<(&Cell, Option<f64>)>]) -> Table {
    // A reader wants the newest windows; a table wider than this is unreadable.
    const COLUMNS: usize = 12;
    let from = windows.len().saturating_sub(COLUMNS);
    let mut table =
        Table::new(std::iter::once("feature (score ÷ threshold)".to_owned()).chain(windows[from..].iter().cloned()));
    for (name, row) in features.iter().zip(grid) {
        table.push(|| {
            let value = |(cell, ratio): &(&Cell, Option<f64>)| match (ratio, cell.gap) {
                (Some(v), _) if cell.drifted => format!("{} ▲", brief(*v)),
                (Some(v), _) => brief(*v),
                (None, Gap::NoScore) if cell.drifted => "▲".to_owned(),
                (None, Gap::NoScore) => "stable".to_owned(),
                (None, Gap::NotComputed) => "not computed".to_owned(),
                (None, Gap::NotJudged) => "not judged".to_owned(),
                (None, Gap::NoData) => "—".to_owned(),
            };
            std::iter::once(name.clone()).chain(row[from..].iter().map(value)).collect()
        });
    }
    table.skip(spec.features.len() - features.len());
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(ratio: f64) -> Cell {
        Cell { ratio: Some(ratio), drifted: ratio >= 1.0, ..Cell::default() }
    }

    #[test]
    fn drifted_cells_are_outlined_and_missing_ones_slashed() {
        let f = draw(&HeatmapSpec {
            heading: Heading::new("h", "Drift"),
            features: vec!["age".to_owned(), "zip".to_owned()],
            windows: vec!["w1".to_owned(), "w2".to_owned()],
            cells: vec![vec![cell(0.2), cell(1.3)], vec![cell(f64::NAN)]],
            rows: Vec::new(),
        });
        let svg = f.svg.as_str();
        assert!(svg.contains("<title>age, w2: 1.3 × threshold, drifted</title>"), "{svg}");
        assert_eq!(svg.matches("class=\"bad\"").count(), 2, "legend and cell");
        assert_eq!(svg.matches("class=\"miss\"").count(), 2);
        assert_eq!(f.description, "2 features over 2 windows; 1 cell drifted. 2 cells without data. In w2: age.");
        assert_eq!(f.notes, ["1 non-finite score is not drawn (cell zip in w1)"]);
    }

    #[test]
    fn what_is_no_score_is_never_shaded_as_one() {
        let gap = |gap: Gap| Cell { gap, ..Cell::default() };
        let f = draw(&HeatmapSpec {
            heading: Heading::new("h", "Drift"),
            features: vec!["age".to_owned()],
            windows: ["w1", "w2", "w3"].map(str::to_owned).into(),
            cells: vec![vec![gap(Gap::NotComputed), gap(Gap::NotJudged), gap(Gap::NoData)]],
            rows: vec!["age: constant in both".to_owned()],
        });
        let svg = f.svg.as_str();
        assert_eq!(f.table.rows, [["age", "not computed", "not judged", "—"]]);
        assert!(
            f.description.contains("1 cell not computed. 1 cell not judged. 1 cell without data."),
            "{}",
            f.description
        );
        assert!(svg.contains(">not computed</text>") && svg.contains("<title>age: constant in both</title>"), "{svg}");
        // Only the legend is shaded.
        for class in ["q1", "q4", "q6", "q9"] {
            assert!(svg.matches(&format!("class=\"{class}\"")).count() <= 1 + usize::from(class == "q6"), "{svg}");
        }
    }

    #[test]
    fn a_verdict_without_a_score_is_shown() {
        let f = draw(&HeatmapSpec {
            heading: Heading::new("h", "Drift"),
            features: vec!["age".to_owned()],
            windows: vec!["w1".to_owned()],
            cells: vec![vec![Cell { gap: Gap::NoScore, drifted: true, ..Cell::default() }]],
            rows: Vec::new(),
        });
        assert_eq!(f.table.rows, [["age", "▲"]]);
        assert_eq!(f.svg.as_str().matches("class=\"bad\"").count(), 2, "legend and cell");
    }

    #[test]
    fn thousands_of_cells_stay_compact() {
        let f = draw(&HeatmapSpec {
            heading: Heading::new("h", "Drift"),
            features: (0..600).map(|i| format!("feature_{i}")).collect(),
            windows: (0..12).map(|i| format!("2026-{i:02}")).collect(),
            cells: (0..600).map(|r| (0..12).map(|c| cell(f64::from((r * 7 + c * 13) % 23) / 10.0)).collect()).collect(),
            rows: Vec::new(),
        });
        assert_eq!(f.notes, ["the first 500 of 600 features are drawn"]);
        assert!(f.svg.as_str().len() < 40 * 6000, "{}", f.svg.as_str().len());
        assert!(f.svg.as_str().matches("<path").count() < 30);
    }
}
