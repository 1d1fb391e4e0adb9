//! How good predictions were, window by window, where labels are known.
//!
//! In: the reports of a group. Out: a figure for each metric with its intervals, the reference first, and sentences on
//! what is not known. Must not judge: whether a change matters is for rules.

use std::collections::BTreeMap;

use super::grid::Grid;
use crate::diag::{count, visible};
use crate::model::{Measure, Performance, PerformanceSide};
use crate::plot::{self, Heading, TrendPoint, TrendSeries, TrendSpec};
use crate::site::parts::FigureView;

/// Metrics that are drawn, and sentences that are said.
const METRICS: usize = 4;
const SENTENCES: usize = 6;

/// What is said and drawn.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// A figure for each metric.
    pub figures: Vec<FigureView>,
    /// What is predicted, how many labels there are, and what is not known.
    pub sentences: Vec<String>,
}

/// The performance of a group's windows; nothing where no report speaks of it.
pub(super) fn shown(index: usize, grid: &Grid<'_>) -> Shown {
    let found: Vec<Option<&Performance>> =
        grid.reports.iter().map(|r| r.beside.as_deref().and_then(|b| b.performance.as_ref())).collect();
    let Some(newest) = found.iter().rev().flatten().next() else { return Shown::default() };
    // Each window has its reference; drawn is that of the newest.
    let sides: Vec<Option<&PerformanceSide>> = std::iter::once(newest.reference.as_ref())
        .chain(found.iter().map(|p| p.and_then(|p| p.current.as_ref())))
        .collect();
    let labels: Vec<String> = std::iter::once("reference".to_owned()).chain(grid.windows.iter().cloned()).collect();
    let mut metrics: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, measure) in sides.iter().flatten().flat_map(|s| &s.metrics).enumerate() {
        metrics.entry(&measure.metric).or_insert(at);
    }
    let mut metrics: Vec<(&str, usize)> = metrics.into_iter().collect();
    metrics.sort_by_key(|m| m.1);
    let figures = metrics
        .iter()
        .take(METRICS)
        .map(|(metric, _)| figure(format!("performance{index}-{}", visible(metric, 20)), metric, &labels, &sides))
        .collect();
    let mut sentences = vec![labelled(newest)];
    let unknown = found.iter().zip(&grid.windows).flat_map(|(p, window)| {
        let why = p.iter().flat_map(|p| p.not_computed.iter().chain(p.current.iter().flat_map(|c| &c.not_computed)));
        why.map(move |why| format!("{}: {}", visible(window, 60), visible(why, 200)))
    });
    sentences.extend(unknown.take(SENTENCES));
    Shown { figures, sentences }
}

fn labelled(p: &Performance) -> String {
    let mut out = format!("{} against {}", visible(&p.prediction, 120), visible(&p.target, 120));
    if let Some(side) = &p.current {
        let rows = |n: u64| count(usize::try_from(n).unwrap_or(usize::MAX), "row");
        out.push_str(&format!(
            "; in the newest window {} with a label, {} without one yet",
            rows(side.labelled),
            rows(side.unlabelled)
        ));
        if side.unpredicted > 0 {
            out.push_str(&format!(", {} without a prediction", rows(side.unpredicted)));
        }
    }
    out.push('.');
    out
}

fn figure(id: String, metric: &str, labels: &[String], sides: &[Option<&PerformanceSide>]) -> FigureView {
    let measure = |side: &Option<&PerformanceSide>| -> Option<Measure> {
        side.and_then(|s| s.metrics.iter().find(|m| m.metric == metric).cloned())
    };
    let points = sides
        .iter()
        .map(|side| {
            measure(side).map_or_else(TrendPoint::default, |m| TrendPoint {
                value: Some(m.value.get()),
                interval: Some((m.low.get(), m.high.get())),
                promoted: false,
            })
        })
        .collect();
    let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let mut view = FigureView::from(plot::trend(&TrendSpec {
        heading: Heading::new(id, format!("{} by window", visible(metric, 60))),
        metric: visible(metric, 60),
        place: "window".to_owned(),
        labels: labels.to_vec(),
        series: vec![TrendSeries { name: String::new(), points }],
        interval_name: "95 % interval".to_owned(),
        threshold: None,
        from_zero: false,
        marks: Vec::new(),
    }));
    view.keep_rows(12);
    view
}
