//! Results of a run grouped by dataset: overall, by slice, by class.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::diag::visible;
use crate::model::{Finite, MetricResult, Run};
use crate::plot::{self, Bar, BarsSpec, Heading, Mark};
use crate::site::compare::{Delta, Lookup, delta};
use crate::site::facts::Facts;
use crate::site::parts::FigureView;
use crate::site::show::{self, Digits, Num, arrow, interval_of};

/// An overall result.
#[derive(Debug, Serialize)]
pub(crate) struct ResultRow {
    metric: String,
    unit: String,
    arrow: &'static str,
    arrow_title: &'static str,
    value: Num,
    interval: String,
    interval_title: String,
    n: String,
    delta: Delta,
}

/// Results by slice or class: a row each, a column per metric.
#[derive(Debug, Serialize)]
pub(crate) struct Grid {
    what: &'static str,
    columns: Vec<GridColumn>,
    rows: Vec<GridRow>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct GridColumn {
    label: String,
    arrow: &'static str,
    arrow_title: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct GridRow {
    label: String,
    n: String,
    cells: Vec<Num>,
}

/// Everything measured on one dataset.
#[derive(Debug, Serialize)]
pub(crate) struct DatasetGroup {
    heading: String,
    id: String,
    digest: String,
    /// The harnesses that measured here.
    harness: String,
    rows: Vec<ResultRow>,
    intervals: bool,
    sizes: bool,
    grids: Vec<Grid>,
    figures: Vec<FigureView>,
}

/// Rows of a grid and overall rows that a page holds.
const ROWS: usize = 60;
/// Slice charts of a dataset.
const CHARTS: usize = 1;
/// Metrics in a grid.
const COLUMNS: usize = 8;

/// Groups by dataset and split; `base` is the version to compare with.
pub(crate) fn groups(
    facts: &Facts<'_>,
    run: &Run,
    base: Option<&Run>,
    first_metrics: &[String],
    charts: bool,
) -> Vec<DatasetGroup> {
    let registry = facts.registry;
    let mut by_data: BTreeMap<(Option<&str>, Option<&str>), Vec<&MetricResult>> = BTreeMap::new();
    for result in &run.results {
        by_data.entry((result.dataset.as_deref(), result.split.as_deref())).or_default().push(result);
    }
    let lookup = Lookup::new(registry, base);
    let mut out = Vec::with_capacity(by_data.len());
    // Named datasets first, the test data before all.
    let mut keys: Vec<(Option<&str>, Option<&str>)> = by_data.keys().copied().collect();
    keys.sort_by_key(|(d, s)| (d.is_none(), !matches!(*d, Some("test" | "holdout")), *d, *s));
    for (g, key) in keys.into_iter().enumerate() {
        let mut results = by_data.remove(&key).unwrap_or_default();
        let rank = |r: &MetricResult| {
            let canonical = registry.catalogue.canonical(&r.metric);
            first_metrics.iter().position(|m| m == canonical).unwrap_or(usize::MAX)
        };
        results.sort_by_key(|r| rank(r));
        let overall: Vec<&MetricResult> = results.iter().copied().filter(|r| r.is_overall()).take(ROWS * 2).collect();
        let rows: Vec<ResultRow> = overall
            .iter()
            .map(|r| {
                let same = lookup.same(r);
                let digits = match same.and_then(|b| b.value.finite()).zip(r.value.finite()) {
                    Some((a, b)) => Digits::telling_apart(&[(a.get(), b.get())]),
                    None => Digits::of([r.value.as_f64()]),
                };
                let (label, unit) = facts.label(&r.metric);
                let (arrow, arrow_title) = arrow(registry.catalogue.direction(&r.metric));
                let interval = interval_of(r);
                ResultRow {
                    metric: visible(&label, 120),
                    unit,
                    arrow,
                    arrow_title,
                    value: digits.sourced_in(r.value, &r.source, &run.folder),
                    interval: interval.as_ref().map(|(i, _)| digits.interval(i)).unwrap_or_default(),
                    interval_title: interval
                        .as_ref()
                        .map(|(i, how)| format!("{} interval {how}", show::percent(i.level.get())))
                        .unwrap_or_default(),
                    n: r.n.map(show::count).unwrap_or_default(),
                    // The column's head names the version.
                    delta: delta(registry, digits, r, same, ""),
                }
            })
            .collect();
        let mut grids = Vec::new();
        let mut figures = Vec::new();
        for what in ["slice", "class"] {
            let parts: Vec<&MetricResult> = results
                .iter()
                .copied()
                .filter(
                    |r| if what == "slice" { !r.slice.is_overall() } else { r.slice.is_overall() && r.class.is_some() },
                )
                .collect();
            if parts.is_empty() {
                continue;
            }
            if charts && what == "slice" && g == 0 {
                figures.extend(slice_charts(facts, &parts, &overall, g));
            }
            grids.push(grid(facts, what, &parts, &run.folder));
        }
        let digest = facts.data_digest(run, key.0).map(|d| visible(d, 100)).unwrap_or_default();
        out.push(DatasetGroup {
            heading: match key {
                (Some(d), Some(s)) => visible(&format!("{d}, {s}"), 160),
                (Some(d), None) => visible(d, 120),
                (None, Some(s)) => visible(s, 120),
                (None, None) => "No dataset named".to_owned(),
            },
            id: format!("results-{}", g + 1),
            digest,
            harness: harnesses(&results),
            intervals: rows.iter().any(|r| !r.interval.is_empty()),
            sizes: rows.iter().any(|r| !r.n.is_empty()),
            rows,
            grids,
            figures,
        });
    }
    out
}

/// Which harnesses measured, once for all rows.
fn harnesses(results: &[&MetricResult]) -> String {
    let names: BTreeSet<&str> = results.iter().filter_map(|r| r.harness.as_deref()).collect();
    visible(&show::list(&names.into_iter().map(str::to_owned).collect::<Vec<_>>()), 200)
}

fn part_name(result: &MetricResult) -> String {
    match (&result.class, result.slice.is_overall()) {
        (Some(class), true) => class.clone(),
        (Some(class), false) => format!("{}, class {class}", result.slice),
        (None, _) => result.slice.to_string(),
    }
}

fn grid(facts: &Facts<'_>, what: &'static str, parts: &[&MetricResult], folder: &str) -> Grid {
    let registry = facts.registry;
    let mut metrics: Vec<&str> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut cells: BTreeMap<(String, &str), &MetricResult> = BTreeMap::new();
    for r in parts {
        let metric = registry.catalogue.canonical(&r.metric);
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
        let name = part_name(r);
        if seen.insert(name.clone()) {
            names.push(name.clone());
        }
        cells.insert((name, metric), r);
    }
    // Counts stand in a column of their own.
    metrics.retain(|m| !matches!(*m, "support" | "n"));
    metrics.truncate(COLUMNS);
    let digits: Vec<Digits> = metrics
        .iter()
        .map(|m| Digits::of(cells.iter().filter(|((_, c), _)| c == m).map(|(_, r)| r.value.as_f64())))
        .collect();
    let left_out = names.len().saturating_sub(ROWS);
    let rows = names
        .iter()
        .take(ROWS)
        .map(|name| {
            let of = |metric: &str| cells.get(&(name.clone(), metric)).copied();
            let n = metrics.iter().find_map(|m| of(m).and_then(|r| r.n));
            GridRow {
                label: visible(name, 160),
                n: n.map(show::count).unwrap_or_default(),
                cells: metrics
                    .iter()
                    .zip(&digits)
                    .map(|(m, d)| {
                        of(m).map_or_else(|| Num::none("not reported"), |r| d.sourced_in(r.value, &r.source, folder))
                    })
                    .collect(),
            }
        })
        .collect();
    let columns = metrics
        .iter()
        .map(|m| {
            let (label, _) = facts.label(m);
            let (arrow, arrow_title) = arrow(registry.catalogue.direction(m));
            GridColumn { label: visible(&label, 80), arrow, arrow_title }
        })
        .collect();
    Grid { what, columns, rows, left_out }
}

/// The first metrics with slices as points with intervals, the overall value as the line to compare with.
fn slice_charts(
    facts: &Facts<'_>,
    parts: &[&MetricResult],
    overall: &[&MetricResult],
    group: usize,
) -> Vec<FigureView> {
    let registry = facts.registry;
    let mut metrics: Vec<&str> = Vec::new();
    for r in parts {
        let metric = registry.catalogue.canonical(&r.metric);
        if !metrics.contains(&metric) && !matches!(metric, "support" | "n") {
            metrics.push(metric);
        }
    }
    // The order of the overall results is the order of interest.
    metrics.sort_by_key(|m| {
        overall.iter().position(|r| registry.catalogue.canonical(&r.metric) == *m).unwrap_or(usize::MAX)
    });
    metrics
        .into_iter()
        .take(CHARTS)
        .enumerate()
        .map(|(i, metric)| {
            let (label, unit) = facts.label(metric);
            let all = overall.iter().find(|r| registry.catalogue.canonical(&r.metric) == metric);
            let bars = parts
                .iter()
                .filter(|r| registry.catalogue.canonical(&r.metric) == metric)
                .map(|r| Bar {
                    label: part_name(r),
                    value: Some(r.value.as_f64()),
                    interval: interval_of(r).map(|(i, _)| (i.lower.get(), i.upper.get())),
                    flagged: false,
                })
                .collect();
            FigureView::from(plot::bars(&BarsSpec {
                heading: Heading::new(format!("slices{group}-{i}"), format!("{label} by slice")),
                measure: if unit.is_empty() { label.clone() } else { format!("{label} ({unit})") },
                mark: Mark::Point,
                bars,
                reference: all.and_then(|r| r.value.finite()).map(Finite::get).map(|v| (v, "overall".to_owned())),
            }))
        })
        .collect()
}
