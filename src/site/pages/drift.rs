//! Drift: features over windows, the reports that belong together in one group.
//!
//! Reports are of one group when one tool compared against one reference by one method; only within a
//! group do scores over time mean anything.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diag::{count, visible};
use crate::model::{Distribution, DistributionSide, DriftReport, FeatureDrift, Finite, Instant};
use crate::plot::{self, Cell, Heading, HeatmapSpec, HistogramSpec, ScoreOverTimeSpec, Side};
use crate::site::facts::{Facts, window_label};
use crate::site::parts::{Badge, FigureView, Link, Page, drifted};
use crate::site::show::{self, Digits, Num};
use crate::site::url::relative;

#[derive(Debug, Serialize)]
struct FeatureRow {
    feature: String,
    kind: String,
    method: String,
    score: Num,
    threshold: String,
    p_value: Num,
    badge: Badge,
}

#[derive(Debug, Serialize)]
struct WindowRow {
    window: String,
    current: String,
    badge: Badge,
    features: String,
    share: String,
    source: String,
}

#[derive(Debug, Serialize)]
struct GroupView {
    heading: String,
    id: String,
    badge: Badge,
    tool: String,
    reference: String,
    method: String,
    about: &'static str,
    sentence: String,
    several: bool,
    window: String,
    current: String,
    heatmap: Option<FigureView>,
    lines: Vec<FigureView>,
    histograms: Vec<FigureView>,
    histograms_left: usize,
    rows: Vec<FeatureRow>,
    left_out: usize,
    windows: Vec<WindowRow>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    subject: Option<Link>,
    badge: Option<Badge>,
    groups: Vec<GroupView>,
    groups_left: usize,
    data: String,
}

/// Groups on a page, histograms and score lines in a group, rows of its table.
const GROUPS: usize = 12;
const HISTOGRAMS: usize = 6;
const LINES: usize = 2;
const ROWS: usize = 200;
/// Features and windows in a heat map: more is unreadable, and the table has them.
const HEAT_ROWS: usize = 40;
const HEAT_COLUMNS: usize = 26;

pub(crate) fn of_version(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Context {
    let model = &facts.models[m];
    let entry = &model.versions[v];
    let title = format!("Drift of {} {}", model.model.title, entry.version.version);
    let page = Page::new(facts, path, "models", title.clone(), "Input drift against the training data.".to_owned())
        .crumb(path, &model.model.title, &facts.model_path(m))
        .crumb(path, &entry.version.version, &facts.version_path(m, v));
    let reports: Vec<&DriftReport> = facts.registry.drift_of(entry.version).collect();
    let (groups, groups_left) = groups(&reports);
    Context {
        page,
        title: visible(&title, 200),
        subject: Some(Link::new(path, &entry.version.selector(), &facts.version_path(m, v))),
        badge: Some(drifted(entry.drift.drifted)),
        groups,
        groups_left,
        data: relative(path, &format!("data/models/{}.json", model.slug)),
    }
}

pub(crate) fn loose(facts: &Facts<'_>, path: &str) -> Context {
    let title = "Drift reports of no version".to_owned();
    let page = Page::new(facts, path, "models", title.clone(), "Reports that name no run that was read.".to_owned());
    let reports: Vec<&DriftReport> = facts.loose_drift.iter().map(|i| &facts.registry.drift[*i]).collect();
    let (groups, groups_left) = groups(&reports);
    Context { page, title, subject: None, badge: None, groups, groups_left, data: String::new() }
}

/// Reports by tool, reference and method; the group with most windows first.
fn groups(reports: &[&DriftReport]) -> (Vec<GroupView>, usize) {
    let mut by_kind: BTreeMap<(&str, &str, String), Vec<&DriftReport>> = BTreeMap::new();
    for report in reports {
        by_kind.entry((report.tool.as_str(), report.reference.as_str(), methods(report))).or_default().push(report);
    }
    let mut lists: Vec<(String, Vec<&DriftReport>)> = by_kind.into_iter().map(|((_, _, m), list)| (m, list)).collect();
    for (_, list) in &mut lists {
        list.sort_by_key(|r| (r.window.start.or(r.window.end).map_or(i64::MIN, Instant::millis), r.id.as_str()));
    }
    lists.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let left = lists.len().saturating_sub(GROUPS);
    (lists.into_iter().take(GROUPS).enumerate().map(|(i, (method, list))| group(i, method, &list)).collect(), left)
}

/// The methods of a report as its tool names them.
fn methods(report: &DriftReport) -> String {
    let mut labels: Vec<&str> =
        report.features.iter().map(|f| f.method_label.as_str()).filter(|l| !l.is_empty()).collect();
    labels.sort_unstable();
    labels.dedup();
    match labels[..] {
        [] => String::new(),
        [a] => a.to_owned(),
        [a, b] => format!("{a} and {b}"),
        _ => format!("{} methods", labels.len()),
    }
}

/// Score over threshold, from 1 on beyond it; a p-value counts the other way round.
fn ratio(f: &FeatureDrift) -> Option<f64> {
    let (score, threshold) = (f.p_value.or(f.score)?.as_f64(), f.threshold?.get());
    if score.is_nan() || threshold <= 0.0 {
        return None;
    }
    Some(if f.p_value.is_some() || is_p_value(f) { threshold / score.max(1e-12) } else { score / threshold })
}

/// The threshold of the score; where a tool gives a statistic and a p-value, its threshold is the
/// p-value's.
fn score_threshold(f: &FeatureDrift) -> Option<Finite> {
    f.threshold.filter(|_| f.p_value.is_none() || f.p_value == f.score)
}

/// Whether the score is a p-value, where small means drift.
fn is_p_value(f: &FeatureDrift) -> bool {
    if f.p_value.is_some() && f.p_value == f.score {
        return true;
    }
    matches!((f.score.and_then(|s| s.finite()), f.threshold, f.drifted), (Some(s), Some(t), Some(true)) if s < t)
}

fn group(index: usize, method: String, list: &[&DriftReport]) -> GroupView {
    let newest = list[list.len() - 1];
    let mut order: Vec<&FeatureDrift> = newest.features.iter().collect();
    order.sort_by(|a, b| {
        ratio(b).unwrap_or(-1.0).total_cmp(&ratio(a).unwrap_or(-1.0)).then_with(|| a.feature.cmp(&b.feature))
    });
    let by_name: Vec<BTreeMap<&str, &FeatureDrift>> =
        list.iter().map(|r| r.features.iter().map(|f| (f.feature.as_str(), f)).collect()).collect();
    let windows: Vec<String> = list.iter().map(|r| window_label(r)).collect();
    let several = list.len() > 1;
    let scores = Digits::of(
        newest
            .features
            .iter()
            .flat_map(|f| [f.score.map_or(f64::NAN, |s| s.as_f64()), f.threshold.map_or(f64::NAN, Finite::get)]),
    );
    let drifted_now = newest.features.iter().filter(|f| f.drifted == Some(true)).count();
    let with_distribution: Vec<&&FeatureDrift> =
        order.iter().filter(|f| f.distribution.is_some() && f.drifted != Some(false)).collect();
    GroupView {
        heading: match (method.as_str(), newest.tool.as_str()) {
            ("", "") => "Drift reports".to_owned(),
            ("", tool) => visible(tool, 120),
            (method, "") => visible(method, 120),
            (method, tool) => format!("{}, by {}", label(method, newest), visible(tool, 120)),
        },
        id: format!("group-{}", index + 1),
        badge: drifted(newest.drifted.or(if drifted_now == 0 { Some(false) } else { None })),
        tool: visible(&newest.tool, 160),
        reference: visible(&newest.reference, 200),
        current: visible(&newest.current, 200),
        about: if one_method(newest) { about(newest) } else { "" },
        method: visible(&method, 120),
        sentence: sentence(newest, drifted_now, several),
        several,
        window: window_text(newest),
        heatmap: several.then(|| heatmap(index, &order, &windows, &by_name)),
        lines: if several { lines(index, list, &windows, &order, &by_name) } else { Vec::new() },
        histograms: with_distribution
            .iter()
            .take(HISTOGRAMS)
            .enumerate()
            .filter_map(|(i, f)| histogram(index, i, f))
            .collect(),
        histograms_left: with_distribution.len().saturating_sub(HISTOGRAMS),
        rows: order
            .iter()
            .take(ROWS)
            .map(|f| FeatureRow {
                feature: visible(&f.feature, 160),
                kind: visible(&f.kind, 60),
                method: visible(&f.method_label, 120),
                score: f.score.map_or_else(|| Num::none("no score"), |s| scores.measured(s)),
                threshold: f.threshold.map(|t| scores.format(t.get())).unwrap_or_default(),
                p_value: f.p_value.map_or_else(
                    || Num::none("the method gives none"),
                    |p| {
                        let digits = if f.score == Some(p) { scores } else { Digits::of([p.as_f64()]) };
                        digits.measured(p)
                    },
                ),
                badge: drifted(f.drifted),
            })
            .collect(),
        left_out: order.len().saturating_sub(ROWS),
        windows: list
            .iter()
            .rev()
            .take(ROWS)
            .map(|r| {
                let n = r.features.iter().filter(|f| f.drifted == Some(true)).count();
                WindowRow {
                    window: window_text(r),
                    current: visible(&r.current, 160),
                    badge: drifted(r.drifted.or(if n == 0 { Some(false) } else { None })),
                    features: format!("{n} of {}", r.features.len()),
                    share: r.share_drifted.map(|s| show::percent(s.get())).unwrap_or_default(),
                    source: r.source.to_string(),
                }
            })
            .collect(),
    }
}

fn window_text(report: &DriftReport) -> String {
    match (report.window.start, report.window.end) {
        (Some(a), Some(b)) => format!("{} to {}", a.date(), b.date()),
        _ => visible(&window_label(report), 100),
    }
}

/// What the newest report says, in a sentence.
fn sentence(report: &DriftReport, n: usize, several: bool) -> String {
    let of = count(report.features.len(), "feature");
    let share = match (report.share_drifted, report.share_threshold) {
        (Some(s), Some(t)) => format!(
            ": {} of them, {} the {} from which the tool calls the whole data drifted",
            show::percent(s.get()),
            if s.get() >= t.get() { "at or above" } else { "below" },
            show::percent(t.get())
        ),
        _ => String::new(),
    };
    let place = if several { "In the newest window " } else { "" };
    format!("{place}{n} of {of} drifted{share}.")
}

/// A name for people where we know the method.
fn label(method: &str, report: &DriftReport) -> String {
    use crate::model::Method as M;
    let known = report.features.first().and_then(|f| f.method);
    let one = !method.contains(" and ") && !method.ends_with(" methods");
    match known.filter(|_| one) {
        Some(M::Psi) => "Population stability index".to_owned(),
        Some(M::Ks) => "Kolmogorov–Smirnov".to_owned(),
        Some(M::Wasserstein | M::WassersteinNormed) => "Wasserstein distance".to_owned(),
        Some(M::JensenShannon) => "Jensen–Shannon distance".to_owned(),
        Some(M::ChiSquare) => "Chi-squared test".to_owned(),
        _ => visible(method, 120),
    }
}

/// Whether one method judged all features.
fn one_method(report: &DriftReport) -> bool {
    report.features.windows(2).all(|pair| pair[0].method == pair[1].method)
}

/// What the method measures, and why a score over the threshold matters.
fn about(report: &DriftReport) -> &'static str {
    use crate::model::Method as M;
    match report.features.first().and_then(|f| f.method) {
        Some(M::Psi) => {
            "The population stability index compares shares of rows per bin; it grows with every bin that gained or lost rows. Below 0.1 is usually read as stable, above 0.2 as a shift worth acting on."
        }
        Some(M::Ks) => {
            "The two-sample Kolmogorov–Smirnov statistic is the largest gap between the two cumulative distributions; with many rows even small gaps have a small p-value, so read the statistic with it."
        }
        Some(M::Wasserstein | M::WassersteinNormed) => {
            "The Wasserstein distance is how far values must move on average to turn one distribution into the other; normed, it is counted in standard deviations of the reference."
        }
        Some(M::JensenShannon) => {
            "The Jensen–Shannon distance is 0 for equal distributions and 1 for distributions without overlap."
        }
        Some(M::ChiSquare | M::GTest) => {
            "The test asks whether category counts of both windows could come from one distribution; a small p-value says they do not."
        }
        Some(M::DomainClassifier) => "A classifier tries to tell the two windows apart; 0.5 means that it cannot.",
        Some(_) | None => "",
    }
}

fn heatmap(
    index: usize,
    order: &[&FeatureDrift],
    windows: &[String],
    by_name: &[BTreeMap<&str, &FeatureDrift>],
) -> FigureView {
    let skip = windows.len().saturating_sub(HEAT_COLUMNS);
    let features: Vec<&&FeatureDrift> = order.iter().take(HEAT_ROWS).collect();
    let cells = features
        .iter()
        .map(|f| {
            by_name[skip..]
                .iter()
                .map(|report| match report.get(f.feature.as_str()) {
                    Some(f) => Cell {
                        ratio: ratio(f),
                        drifted: f.drifted == Some(true),
                        label: match (f.score, f.threshold) {
                            (Some(s), Some(t)) => format!(
                                "{} {}, threshold {}",
                                f.method_label,
                                plot::number(s.as_f64()),
                                plot::number(t.get())
                            ),
                            (Some(s), None) => format!("{} {}", f.method_label, plot::number(s.as_f64())),
                            _ => String::new(),
                        },
                    },
                    None => Cell::default(),
                })
                .collect()
        })
        .collect();
    let mut view = FigureView::from(plot::heatmap(&HeatmapSpec {
        heading: Heading::new(format!("heat{index}"), "Score by feature and window"),
        features: features.iter().map(|f| f.feature.clone()).collect(),
        windows: windows[skip..].to_vec(),
        cells,
    }));
    if order.len() > HEAT_ROWS {
        view.note(format!("the {HEAT_ROWS} features with the highest scores of {} are drawn", order.len()));
    }
    view
}

/// The share of drifted features, and the scores of those that drifted most, over windows.
fn lines(
    index: usize,
    list: &[&DriftReport],
    windows: &[String],
    order: &[&FeatureDrift],
    by_name: &[BTreeMap<&str, &FeatureDrift>],
) -> Vec<FigureView> {
    let newest = list[list.len() - 1];
    let mut out = Vec::new();
    #[expect(clippy::cast_precision_loss, reason = "counts of features on an axis")]
    let shares: Vec<Option<f64>> = list
        .iter()
        .map(|r| {
            let n = r.features.iter().filter(|f| f.drifted == Some(true)).count();
            (!r.features.is_empty()).then(|| r.share_drifted.map_or(n as f64 / r.features.len() as f64, Finite::get))
        })
        .collect();
    out.push(FigureView::from(plot::score_over_time(&ScoreOverTimeSpec {
        heading: Heading::new(format!("share{index}"), "Share of features that drifted"),
        score: "share drifted".to_owned(),
        windows: windows.to_vec(),
        values: shares,
        threshold: newest.share_threshold.map(|t| (t.get(), format!("dataset drifts from {}", plot::number(t.get())))),
        quiet: Some(Side::AtMost),
    })));
    for (i, f) in order.iter().filter(|f| f.drifted == Some(true)).take(LINES).enumerate() {
        let values = by_name
            .iter()
            .map(|r| r.get(f.feature.as_str()).and_then(|f| f.score).and_then(|s| s.finite()).map(Finite::get))
            .collect();
        out.push(FigureView::from(plot::score_over_time(&ScoreOverTimeSpec {
            heading: Heading::new(format!("score{index}-{i}"), format!("{} of {}", f.method_label, f.feature)),
            score: f.method_label.clone(),
            windows: windows.to_vec(),
            values,
            threshold: score_threshold(f).map(|t| (t.get(), format!("threshold {}", plot::number(t.get())))),
            quiet: Some(if is_p_value(f) { Side::AtLeast } else { Side::AtMost }),
        })));
    }
    out
}

fn histogram(group: usize, index: usize, f: &FeatureDrift) -> Option<FigureView> {
    let Distribution { unit, reference, current } = f.distribution.as_ref()?;
    // Densities become shares of the bin: the chart shows proportions.
    let density = *unit == crate::model::SideUnit::Density;
    let side = |side: &DistributionSide| match side {
        DistributionSide::Numeric { edges, heights } => {
            let edges: Vec<f64> = edges.iter().map(|e| e.get()).collect();
            let counts = heights
                .iter()
                .enumerate()
                .map(|(i, h)| match (density, edges.get(i), edges.get(i + 1)) {
                    (true, Some(a), Some(b)) => h.get() * (b - a),
                    _ => h.get(),
                })
                .collect();
            plot::Distribution::Numbers { edges, counts }
        }
        DistributionSide::Categorical { categories, heights } => {
            plot::Distribution::Categories(categories.iter().cloned().zip(heights.iter().map(|h| h.get())).collect())
        }
    };
    Some(
        plot::histogram(&HistogramSpec {
            heading: Heading::new(format!("hist{group}-{index}"), f.feature.clone()),
            feature: f.feature.clone(),
            reference: side(reference),
            current: side(current),
        })
        .into(),
    )
}
