//! The charts of drift pages.
//!
//! In: grids and rows. Out: figures. Must not sort or judge.

use super::grid::{Grid, Row, State};
use super::reading::{Kind, LEAST_P};
use super::sentence::{Seen, evidence, name};
use super::words::short;
use crate::diag::count;
use crate::model::{Distribution, DistributionSide, FeatureDrift, Finite, SideUnit};
use crate::plot::{self, Cell, Gap, Heading, HeatmapSpec, HistogramSpec, ScoreOverTimeSpec, Side};
use crate::site::parts::FigureView;

/// Features and windows in a heat map: more is unreadable, and the table has them.
pub(super) const HEAT_ROWS: usize = 50;
pub(super) const HEAT_COLUMNS: usize = 60;

/// Features over windows, the rows of the grid from `from` on.
pub(super) fn heatmap(id: String, grid: &Grid<'_>, from: usize, upto: usize) -> FigureView {
    let skip = grid.windows.len().saturating_sub(HEAT_COLUMNS);
    let end = grid.rows.len().min(upto).min(from + HEAT_ROWS);
    let rows = grid.rows.get(from..end).unwrap_or_default();
    let cells = rows.iter().map(|row| (skip..grid.windows.len()).map(|w| cell(row, w)).collect()).collect();
    let mut view = FigureView::from(plot::heatmap(&HeatmapSpec {
        heading: Heading::new(id, "Score against threshold, by feature and window"),
        features: rows.iter().map(|r| r.name.to_owned()).collect(),
        windows: grid.windows.get(skip..).unwrap_or_default().to_vec(),
        cells,
        rows: rows.iter().map(|r| story(r, &grid.windows)).collect(),
    }));
    view.keep_rows(HEAT_TABLE);
    if from > 0 || end < grid.rows.len() {
        view.note(format!(
            "{} to {end} of {} are drawn; the table below and the data have all",
            from + 1,
            count(grid.rows.len(), "feature")
        ));
    }
    if skip > 0 {
        view.note(format!("the newest {} of {} windows are drawn", grid.windows.len() - skip, grid.windows.len()));
    }
    view
}

/// Rows of the table behind a heat map: the features are in the table of the page as well.
const HEAT_TABLE: usize = 20;

fn cell(row: &Row<'_>, window: usize) -> Cell {
    let state = row.state(window);
    let drifted = state == State::Drifted;
    // The highest of the methods: each score is counted in its own threshold.
    let seen = row.cells.get(window).map(Vec::as_slice).unwrap_or_default();
    let ratio = seen.iter().filter_map(|s| s.reading.excess).max_by(f64::total_cmp);
    let gap = match state {
        State::Absent => Gap::NoData,
        State::NotComputed(_) => Gap::NotComputed,
        State::NotJudged => Gap::NotJudged,
        State::Stable | State::Drifted => Gap::NoScore,
    };
    let label = match state {
        State::NotComputed(why) => why.to_owned(),
        _ => seen.first().and_then(evidence).unwrap_or_default(),
    };
    Cell { ratio: ratio.filter(|_| !matches!(state, State::NotComputed(_))), gap, drifted, label }
}

/// What a row did, for its name.
fn story(row: &Row<'_>, windows: &[String]) -> String {
    let without = windows.iter().enumerate().filter(|(w, _)| matches!(row.state(*w), State::NotComputed(_))).count();
    let gaps = if without > 0 { format!(", not computed in {without}") } else { String::new() };
    match row.first.and_then(|at| windows.get(at)) {
        Some(first) => {
            format!(
                "{}: drifted in {} of {}, first {first}{gaps}",
                row.name,
                row.alarms,
                count(windows.len(), "window")
            )
        }
        None if without > 0 => format!("{}: never drifted{gaps}", row.name),
        None => String::new(),
    }
}

/// The share of drifted features over windows.
pub(super) fn share(id: String, grid: &Grid<'_>) -> FigureView {
    let shares = (0..grid.reports.len()).map(|w| share_of(grid, w)).collect();
    let threshold = grid.reports.last().and_then(|r| r.share_threshold).map(Finite::get);
    plot::score_over_time(&ScoreOverTimeSpec {
        heading: Heading::new(id, "Share of features that drifted"),
        score: "share drifted".to_owned(),
        windows: grid.windows.clone(),
        values: shares,
        threshold: threshold.map(|t| (t, format!("dataset drifts from {}", plot::number(t)))),
        quiet: Some(Side::AtMost),
        alarm: None,
    })
    .into()
}

/// The share of features that drifted in a window: the report's own, else of those that were judged.
pub(super) fn share_of(grid: &Grid<'_>, window: usize) -> Option<f64> {
    if let Some(own) = grid.reports.get(window).and_then(|r| r.share_drifted) {
        return Some(own.get());
    }
    let of = |wanted: State<'_>| grid.rows.iter().filter(|r| r.state(window) == wanted).count();
    let (drifted, stable) = (of(State::Drifted), of(State::Stable));
    #[expect(clippy::cast_precision_loss, reason = "counts of features on an axis")]
    (drifted + stable > 0).then(|| drifted as f64 / (drifted + stable) as f64)
}

/// The score of a feature's leading method over windows; nothing where there are no two.
pub(super) fn score(id: String, row: &Row<'_>, lead: &Seen<'_>, windows: &[String]) -> Option<FigureView> {
    let label = lead.drift.method_label.as_str();
    let of_label = |cell: &Vec<Seen<'_>>| cell.iter().find(|s| s.drift.method_label == label).map(|s| s.reading);
    let as_log = lead.reading.kind == Kind::PValue;
    let scale = |v: f64| if as_log { -v.max(LEAST_P).log10() } else { v };
    let values: Vec<Option<f64>> = row.cells.iter().map(|c| of_label(c)?.value.map(scale)).collect();
    if values.iter().flatten().count() < 2 {
        return None;
    }
    let called = name(lead.drift).unwrap_or_else(|| "score".to_owned());
    let threshold = lead.reading.threshold.filter(|t| !as_log || *t > 0.0);
    let mut view = FigureView::from(plot::score_over_time(&ScoreOverTimeSpec {
        heading: Heading::new(id, format!("{called} by window")),
        score: if as_log { format!("{called}, −log10 p") } else { called },
        windows: windows.to_vec(),
        values,
        threshold: threshold.map(|t| (scale(t), format!("{}{}", if as_log { "p = " } else { "threshold " }, short(t)))),
        quiet: Some(if lead.reading.kind == Kind::Unknown && falls(lead) { Side::AtLeast } else { Side::AtMost }),
        alarm: row.cells.iter().position(|c| c.iter().any(|s| is_alarm(s, label))),
    }));
    view.keep_rows(SCORE_TABLE);
    if as_log {
        let tiny = row.cells.iter().filter_map(of_label).filter_map(|r| r.value).any(|p| p < LEAST_P);
        let cut = if tiny { format!("; p-values below {} are drawn there", short(LEAST_P)) } else { String::new() };
        view.note(format!("higher is less likely to be chance{cut}"));
    }
    Some(view)
}

/// Whether the method saw drift: another method's alarm is not one of this chart.
fn is_alarm(seen: &Seen<'_>, label: &str) -> bool {
    seen.drift.method_label == label && seen.drift.drifted == Some(true)
}

/// Rows of the table behind a score: the newest windows.
const SCORE_TABLE: usize = 12;

/// Whether less is more drift, as a verdict shows.
fn falls(seen: &Seen<'_>) -> bool {
    match (seen.reading.value, seen.reading.threshold, seen.drift.drifted) {
        (Some(v), Some(t), Some(drifted)) if v != t => drifted != (v > t),
        _ => false,
    }
}

/// Reference against current in one window.
pub(super) fn histogram(id: String, f: &FeatureDrift, title: String) -> Option<FigureView> {
    let Distribution { unit, reference, current } = f.distribution.as_ref()?;
    let mut view = FigureView::from(plot::histogram(&HistogramSpec {
        heading: Heading::new(id, title),
        feature: f.feature.clone(),
        reference: side(reference, *unit),
        current: side(current, *unit),
    }));
    view.keep_rows(BINS);
    Some(view)
}

/// Rows of the table behind a distribution.
const BINS: usize = 24;

/// Densities become shares of the bin: the chart shows proportions.
fn side(side: &DistributionSide, unit: SideUnit) -> plot::Distribution {
    match side {
        DistributionSide::Numeric { edges, heights } => {
            let edges: Vec<f64> = edges.iter().map(|e| e.get()).collect();
            let counts = heights
                .iter()
                .enumerate()
                .map(|(i, h)| match (unit == SideUnit::Density, edges.get(i), edges.get(i + 1)) {
                    (true, Some(a), Some(b)) => h.get() * (b - a),
                    _ => h.get(),
                })
                .collect();
            plot::Distribution::Numbers { edges, counts }
        }
        DistributionSide::Categorical { categories, heights } => {
            plot::Distribution::Categories(categories.iter().cloned().zip(heights.iter().map(|h| h.get())).collect())
        }
    }
}
