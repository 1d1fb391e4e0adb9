//! Charts: plain numbers in, [`Figure`]s out. The only module that uses plotters.
//!
//! In: one spec struct per kind of chart, with owned strings and `f64`s of any value. Out: inline
//! `<svg>` markup, the sentence that describes it, its data as a table, and notes on everything that
//! is not drawn. Must not: know the model or the gate, read files, choose colours, or fail: a chart
//! that has nothing to draw says so.
//!
//! Reading order: a spec passes [`guard`] (finite numbers, sane spans, thinning) and `text`
//! (clean, measured labels); `axis` and `frame` set up plotters' chart over the backend
//! in `svg`, which writes with `pen`; the files
//! named for the kinds draw. plotters maps coordinates, draws mesh, axes and series; legends and
//! direct labels are placed by us, because plotters measures text in bytes.
//!
//! # For the stylesheet
//! Every class is listed with its meaning in [`STYLE_CLASSES`]. Classes stand on the `<path>`, or on
//! the `<g>` around several marks or texts, so rules must inherit (`fill`, `stroke`, `font-size`) or
//! name the children (`.dot circle:hover`). Presentation attributes make every chart readable without
//! a stylesheet (`currentColor`, opacities, dashes); any CSS rule overrides them. Where the sheet sets
//! a fill for `.q0`–`.q9`, `.ref` or `.bar`, it also sets `fill-opacity:1`. `.tx-d` is text on the dark
//! half of the heat scale. `svg.plot{max-width:100%;height:auto}` makes charts fit a
//! phone; `min-width:480px` within a scrolling figure keeps their text readable there.

mod axis;
mod bars;
mod calibration;
mod classes;
mod curve;
mod frame;
pub mod guard;
mod heatmap;
mod histogram;
mod legend;
mod matrix;
mod pen;
mod score_over_time;
mod series;
mod sparkline;
mod svg;
mod text;
mod thin;
mod ticks;
mod trend;

#[cfg(test)]
mod gallery;
#[cfg(test)]
mod hostile;

use serde::Serialize;

pub use bars::{Bar, BarsSpec, MAX_BARS, Mark, draw as bars};
pub use calibration::{Bin, CalibrationSpec, draw as calibration};
pub use classes::{MAX_SERIES, STYLE_CLASSES, StyleClass};
pub use curve::{Curve, CurveKind, CurveSpec, draw as curve};
pub use heatmap::{Cell, Gap, HeatmapSpec, MAX_FEATURES, MAX_WINDOWS, draw as heatmap};
pub use histogram::{Distribution, HistogramSpec, draw as histogram};
pub use matrix::{MAX_CLASSES, MatrixSpec, draw as matrix};
pub use score_over_time::{ScoreOverTimeSpec, draw as score_over_time};
pub use series::{SeriesSpec, StepSeries, draw as series};
pub use sparkline::{SparklineSpec, draw as sparkline};
pub use text::clean;
pub use ticks::number;
pub use trend::{MarkKind, Side, Threshold, TrendMark, TrendPoint, TrendSeries, TrendSpec, draw as trend};

/// Final inline `<svg>` markup: well-formed, without script, `style` attributes or colours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Svg(String);

impl Svg {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A chart with all that a reader who cannot see it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The drawing.
    pub svg: Svg,
    /// What the chart is of; also the `<title>` of the drawing.
    pub title: String,
    /// What the chart shows, in a sentence or two; also the `<desc>` of the drawing.
    pub description: String,
    /// The data behind the chart.
    pub table: Table,
    /// What is not drawn and why, a sentence each; empty when everything is.
    pub notes: Vec<String>,
}

/// Data behind a chart, formatted for reading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
    /// How many rows of the data are left out here, when some are.
    pub truncated: Option<usize>,
}

/// Rows that a table holds at most; the rest is counted in [`Table::truncated`].
pub const MAX_TABLE_ROWS: usize = 100;

impl Table {
    /// An empty table with these column heads.
    pub(crate) fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Table {
        Table { columns: columns.into_iter().map(Into::into).collect(), ..Table::default() }
    }

    /// Adds a row, or counts it when the table is full; the row is only made when there is room.
    pub(crate) fn push(&mut self, row: impl FnOnce() -> Vec<String>) {
        if self.rows.len() < MAX_TABLE_ROWS {
            self.rows.push(row());
        } else {
            self.skip(1);
        }
    }

    /// Counts rows that are not in the table.
    pub(crate) fn skip(&mut self, count: usize) {
        if count > 0 {
            self.truncated = Some(self.truncated.unwrap_or(0) + count);
        }
    }
}

/// What every spec starts with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// Prefix of the ids in the drawing; unique on the page. ASCII letters, digits, `-` and `_` count.
    pub id: String,
    /// What the chart is of.
    pub title: String,
    /// Replaces the description that the chart writes about itself.
    pub about: Option<String>,
}

impl Heading {
    /// A heading whose description the chart writes itself.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Heading {
        Heading { id: id.into(), title: title.into(), about: None }
    }
}
