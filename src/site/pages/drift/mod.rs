//! Drift: features over windows, the reports that belong together in one group.
//!
//! Reports are of one group when one tool compared against one reference by methods that they share; only
//! within a group do scores over time mean anything. In: drift reports. Out: contexts of the drift pages of a
//! version, of a model, and of reports that name no run. What does not fit on the first page goes on to the
//! next; nothing is judged anew.

mod change;
mod charts;
mod grid;
mod group;
mod monitoring;
mod performance;
mod reading;
mod section;
mod sentence;
mod table;
mod words;

use serde::Serialize;

use self::grid::{Grid, References, grids};
use self::group::GroupView;
use super::Pager;
use crate::diag::visible;
use crate::model::{DriftReport, Importance, Instant};
use crate::plot::{self, Heading, MAX_SERIES, TrendPoint, TrendSeries, TrendSpec};
use crate::site::facts::{Facts, drift_tally, window_label};
use crate::site::parts::{Badge, FigureView, Link, Page, Pair, data_drifted};
use crate::site::plan::numbered;
use crate::site::url::relative;

pub(crate) use self::table::csv;

/// A version on the drift page of its model.
#[derive(Debug, Serialize)]
struct VersionRow {
    version: Link,
    drift: Link,
    badge: Badge,
    windows: usize,
    newest: String,
    features: String,
    first: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    first: bool,
    title: String,
    subject: Option<Link>,
    badge: Option<Badge>,
    over_versions: Option<FigureView>,
    versions: Vec<VersionRow>,
    groups: Vec<GroupView>,
    several: bool,
    groups_left: usize,
    monitoring: Vec<FigureView>,
    monitoring_left: usize,
    pager: Option<Pager>,
    data: String,
    csv: String,
}

/// Groups of one subject that are shown, and first alarms on a chart.
const GROUPS: usize = 60;
const ALARMS: usize = 12;
/// Kilobytes that a page of several groups has about.
const ROOM: usize = 80;

/// What a page is about.
struct Subject<'a> {
    reports: Vec<&'a DriftReport>,
    importances: Vec<&'a Importance>,
    references: References,
}

impl<'a> Subject<'a> {
    fn version(facts: &Facts<'a>, m: usize, v: usize) -> Self {
        let entry = &facts.models[m].versions[v];
        Self {
            reports: facts.registry.drift_of(entry.version).collect(),
            importances: entry.run.iter().flat_map(|r| &r.importances).collect(),
            references: References::Apart,
        }
    }

    fn model(facts: &Facts<'a>, m: usize) -> Self {
        let versions = &facts.models[m].versions;
        Self {
            reports: versions.iter().flat_map(|v| facts.registry.drift_of(v.version)).collect(),
            // The newest model's importances say what matters now.
            importances: versions.iter().rev().filter_map(|v| v.run).flat_map(|r| &r.importances).collect(),
            references: References::Together,
        }
    }

    fn loose(facts: &Facts<'a>) -> Self {
        let reports = facts.loose_drift.iter().map(|i| &facts.registry.drift[*i]).collect();
        Self { reports, importances: Vec::new(), references: References::Apart }
    }

    fn grids(&self) -> Vec<Grid<'a>> {
        grids(&self.reports, &self.importances, self.references)
    }

    fn detailed(&self) -> bool {
        self.references == References::Apart
    }

    /// What stands on which page: groups with their parts. The first parts of all groups come first.
    fn layout(&self, grids: &[Grid<'_>]) -> Vec<Vec<(usize, usize)>> {
        let shown = || grids.iter().take(GROUPS).enumerate();
        let parts: Vec<usize> = shown().map(|(_, g)| group::parts(g, grids.len(), self.detailed())).collect();
        let most = parts.iter().copied().max().unwrap_or(0);
        let all = (0..most).flat_map(|part| shown().map(move |(i, g)| (i, g, part)));
        let mut out: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        let mut used = 0;
        for (i, grid, part) in all.filter(|(i, _, part)| parts.get(*i).is_some_and(|n| part < n)) {
            let weight = group::weight(grid, grids.len(), part, self.detailed());
            if used > 0 && used + weight > ROOM {
                out.push(Vec::new());
                used = 0;
            }
            used += weight;
            if let Some(page) = out.last_mut() {
                page.push((i, part));
            }
        }
        out
    }

    fn pages(&self) -> usize {
        self.layout(&self.grids()).len()
    }
}

/// How many pages the drift of a version takes.
pub(crate) fn pages_of_version(facts: &Facts<'_>, m: usize, v: usize) -> usize {
    Subject::version(facts, m, v).pages()
}

/// How many the drift of a model takes; none where only one version has any.
pub(crate) fn pages_of_model(facts: &Facts<'_>, m: usize) -> usize {
    if facts.drifting_versions(m).count() < 2 { 0 } else { Subject::model(facts, m).pages() }
}

/// How many the reports of no version take.
pub(crate) fn pages_of_loose(facts: &Facts<'_>) -> usize {
    Subject::loose(facts).pages()
}

/// What is the same on all drift pages.
fn context(page: Page, title: &str, subject: &Subject<'_>, grids: &[Grid<'_>], first: &str, number: usize) -> Context {
    let path = numbered(first, number);
    let layout = subject.layout(grids);
    let pages = layout.len();
    let to = |p: usize| relative(&path, &numbered(first, p));
    let place = |of: (usize, usize)| layout.iter().position(|page| page.contains(&of)).unwrap_or(0);
    let view = |(i, part): (usize, usize)| {
        let to_part = |other: usize| match place((i, other)) {
            page if page == number => String::new(),
            page => to(page),
        };
        group::view(i, grids.get(i)?, grids.len(), part, subject.detailed(), &to_part)
    };
    Context {
        page,
        first: number == 0,
        title: visible(title, 200),
        subject: None,
        badge: None,
        over_versions: None,
        versions: Vec::new(),
        groups: layout.get(number).into_iter().flatten().filter_map(|of| view(*of)).collect(),
        several: grids.len() > 1,
        groups_left: grids.len().saturating_sub(GROUPS),
        monitoring: Vec::new(),
        monitoring_left: 0,
        pager: (pages > 1).then(|| Pager {
            page: number + 1,
            pages,
            previous: number.checked_sub(1).map(to).unwrap_or_default(),
            next: if number + 1 < pages { to(number + 1) } else { String::new() },
        }),
        data: String::new(),
        csv: String::new(),
    }
}

/// The page of a version.
pub(crate) fn of_version(facts: &Facts<'_>, path: &str, m: usize, v: usize, number: usize) -> Context {
    let model = &facts.models[m];
    let entry = &model.versions[v];
    let title = format!("Drift of {} {}", model.model.title, entry.version.version);
    let page = Page::new(facts, path, "models", title.clone(), "Input drift against the training data.".to_owned())
        .crumb(path, &model.model.title, &facts.model_path(m))
        .crumb(path, &entry.version.version, &facts.version_path(m, v));
    let subject = Subject::version(facts, m, v);
    let grids = subject.grids();
    let mut out = context(page, &title, &subject, &grids, &facts.drift_path(m, v), number);
    out.subject = Some(Link::new(path, &entry.version.selector(), &facts.version_path(m, v)));
    out.badge = Some(data_drifted(entry.drift.drifted, entry.drift.features.0));
    if number == 0 {
        (out.monitoring, out.monitoring_left) = monitoring::figures(facts, m, v, &alarms(&grids));
    }
    out.data = relative(path, &format!("data/models/{}.json", model.slug));
    out.csv = relative(path, &facts.drift_data_path(m, v));
    out
}

/// What a person would say of the features that drift by the newest report with a verdict, for the page of
/// the version.
pub(crate) fn worst(facts: &Facts<'_>, m: usize, v: usize) -> Vec<Pair> {
    let wanted = &facts.models[m].versions[v].drift.window;
    let grids = Subject::version(facts, m, v).grids();
    let of = |g: &Grid<'_>| g.windows.iter().rposition(|w| w == wanted);
    let Some((grid, at)) = grids.iter().find_map(|g| Some((g, of(g)?))) else { return Vec::new() };
    let drifted = grid.rows.iter().filter(|r| r.state(at) == grid::State::Drifted);
    let said = drifted.take(WORST).filter_map(|row| {
        let said = sentence::sentence(row.cells.get(at)?, section::since(grid, row).as_deref())?;
        Some(Pair::new(row.name, said.predicate))
    });
    said.collect()
}

/// Features on the page of a version.
const WORST: usize = 6;

/// The first alarm of each group, with its moment.
fn alarms(grids: &[Grid<'_>]) -> Vec<(Instant, String)> {
    let first = |g: &Grid<'_>| {
        let row = g.rows.iter().filter(|r| r.first.is_some()).min_by_key(|r| (r.first, r.name))?;
        let report = g.reports.get(row.first?)?;
        let at = report.window.start.or(report.window.end)?;
        Some((at, format!("{}: first drift alarm, {}", at.date(), visible(row.name, 60))))
    };
    let mut out: Vec<(Instant, String)> = grids.iter().filter_map(first).collect();
    out.sort_by_key(|a| a.0.millis());
    out.truncate(ALARMS);
    out
}

/// The page of a model.
pub(crate) fn of_model(facts: &Facts<'_>, path: &str, m: usize, number: usize) -> Context {
    let model = &facts.models[m];
    let title = format!("Drift of {}", model.model.title);
    let about = "Input drift of all versions, each against its own reference.".to_owned();
    let page =
        Page::new(facts, path, "models", title.clone(), about).crumb(path, &model.model.title, &facts.model_path(m));
    let subject = Subject::model(facts, m);
    let mut grids = subject.grids();
    for grid in &mut grids {
        for (label, report) in grid.windows.iter_mut().zip(&grid.reports) {
            if let Some(version) = version_of(facts, m, report) {
                *label = format!("{version} · {label}");
            }
        }
    }
    let mut out = context(page, &title, &subject, &grids, &facts.model_drift_path(m), number);
    if number == 0 {
        out.over_versions = over_versions(facts, m);
        out.versions = facts.drifting_versions(m).map(|v| version_row(facts, path, m, v)).collect();
        out.versions.reverse();
        out.versions.truncate(VERSIONS);
    }
    out.data = relative(path, &format!("data/models/{}.json", model.slug));
    out
}

/// Versions on the page of a model, the newest ones.
const VERSIONS: usize = 60;

fn version_of<'a>(facts: &Facts<'a>, m: usize, report: &DriftReport) -> Option<&'a str> {
    let run = facts.registry.run_index(report.run.as_deref()?)?;
    let (owner, v) = (*facts.owners.get(run)?)?;
    (owner as usize == m).then(|| facts.models[m].versions.get(v as usize).map(|v| v.version.version.as_str()))?
}

fn version_row(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> VersionRow {
    let entry = &facts.models[m].versions[v];
    let grids = Subject::version(facts, m, v).grids();
    let first = alarms(&grids).into_iter().next();
    let (n, of) = entry.drift.features;
    VersionRow {
        version: Link::new(path, &entry.version.version, &facts.version_path(m, v)),
        drift: Link::new(path, "windows and features", &facts.drift_path(m, v)),
        badge: data_drifted(entry.drift.drifted, entry.drift.features.0),
        windows: entry.drift.reports,
        newest: visible(&entry.drift.window, 60),
        features: if of > 0 { format!("{n} of {of}") } else { String::new() },
        first: first.map(|(at, _)| at.date()).unwrap_or_default(),
    }
}

/// The page of reports of no version.
pub(crate) fn loose(facts: &Facts<'_>, path: &str, number: usize) -> Context {
    let title = "Drift reports of no version".to_owned();
    let page = Page::new(facts, path, "models", title.clone(), "Reports that name no run that was read.".to_owned());
    let subject = Subject::loose(facts);
    let grids = subject.grids();
    context(page, &title, &subject, &grids, "drift.html", number)
}

/// The share of drifted features over the windows of all versions; nothing where there are no two windows.
pub(crate) fn over_versions(facts: &Facts<'_>, m: usize) -> Option<FigureView> {
    let versions: Vec<usize> = facts.drifting_versions(m).collect();
    let shown = versions.get(versions.len().saturating_sub(MAX_SERIES)..).unwrap_or_default();
    let key = |r: &DriftReport| (r.window.start.or(r.window.end).map_or(i64::MIN, Instant::millis), window_label(r));
    let all = || shown.iter().flat_map(|v| facts.registry.drift_of(facts.models[m].versions[*v].version));
    let mut windows: Vec<(i64, String)> = all().map(key).collect();
    windows.sort();
    windows.dedup();
    if windows.len() < 2 {
        return None;
    }
    let series = shown.iter().map(|v| {
        let version = facts.models[m].versions[*v].version;
        let mut points = vec![TrendPoint::default(); windows.len()];
        for report in facts.registry.drift_of(version) {
            let value = report.share_drifted.map(crate::model::Finite::get).or_else(|| drift_tally(report).share());
            if let Some(point) = windows.binary_search(&key(report)).ok().and_then(|at| points.get_mut(at)) {
                // Two reports on one window: the worse one.
                point.value = match (point.value, value) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        TrendSeries { name: version.version.clone(), points }
    });
    let mut view = FigureView::from(plot::trend(&TrendSpec {
        heading: Heading::new("drift-versions", "Share of features that drifted, by version"),
        metric: "share drifted".to_owned(),
        place: "window".to_owned(),
        labels: windows.iter().map(|w| w.1.clone()).collect(),
        series: series.collect(),
        interval_name: String::new(),
        threshold: None,
        from_zero: true,
        marks: Vec::new(),
    }));
    view.keep_rows(12);
    if shown.len() < versions.len() {
        view.note(format!("the newest {} of {} versions are drawn", shown.len(), versions.len()));
    }
    Some(view)
}
