//! A group of reports on a page: the sentence over it, its charts, the slice of its features that the page
//! holds, and everything that is not as it should be.
//!
//! In: a grid and the number of a part of it. Out: its context. A grid that is too long for a page goes on in
//! further parts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::charts;
use super::grid::{Grid, Row, State};
use super::performance;
use super::reading::{dissent, not_computed};
use super::section::{FeatureSection, badge, gaps, note, section};
use super::sentence::{evidence, name};
use super::words::{about, finite, full, measured, short};
use crate::diag::{count, visible};
use crate::model::{DriftReport, Method};
use crate::site::facts::{drift_tally, window_label};
use crate::site::parts::{Badge, FigureView, data_drifted, drifted};
use crate::site::show::{self, percent};

/// A feature in the table.
#[derive(Debug, Serialize)]
struct FeatureRow {
    name: String,
    /// Its section, on this page or another.
    href: String,
    kind: String,
    importance: String,
    method: String,
    score: String,
    threshold: String,
    p_value: String,
    /// Nothing where all is well.
    badge: Option<Badge>,
    note: String,
    first: String,
    alarms: String,
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

/// Why and where features were not computed, and which.
#[derive(Debug, Serialize)]
struct GapRow {
    why: String,
    names: String,
    features: String,
}

/// A verdict against its own numbers.
#[derive(Debug, Serialize)]
struct Dissent {
    name: String,
    window: String,
    numbers: String,
    report: Badge,
    rule: Badge,
}

#[derive(Debug, Serialize)]
pub(super) struct GroupView {
    heading: String,
    id: String,
    badge: Badge,
    tool: String,
    reference: String,
    about: &'static str,
    sentence: String,
    several: bool,
    first: bool,
    window: String,
    current: String,
    rows_said: String,
    heatmap: Option<FigureView>,
    share: Option<FigureView>,
    performance: Vec<FigureView>,
    performance_said: Vec<String>,
    sections: Vec<FeatureSection>,
    sections_left: usize,
    has_importance: bool,
    rows: Vec<FeatureRow>,
    rows_from: usize,
    rows_of: usize,
    gaps: Vec<GapRow>,
    gaps_left: usize,
    dissents: Vec<Dissent>,
    dissents_left: usize,
    windows: Vec<WindowRow>,
    windows_left: usize,
}

/// Features in the table of a page.
const ROWS: usize = 200;
/// Sections of features on the first page, on later ones, and in all.
const SECTIONS: (usize, usize, usize) = (6, 6, 78);
/// Sections on the first page where it holds many features, and where it holds several groups.
const FEWER_SECTIONS: usize = 4;
const FEW_SECTIONS: usize = 3;
const MANY: usize = 100;
/// Rows of the tables of what is not as it should be, and of windows.
const ODD: usize = 30;
const WINDOWS: usize = 30;

/// How many rows have a section.
fn sectioned(grid: &Grid<'_>, detailed: bool) -> usize {
    if detailed { grid.telling.max(SECTIONS.0).min(grid.rows.len()).min(SECTIONS.2) } else { 0 }
}

fn on_first(grid: &Grid<'_>, groups: usize) -> usize {
    match grid.rows.len() {
        _ if groups > 1 => FEW_SECTIONS,
        MANY.. => FEWER_SECTIONS,
        _ => SECTIONS.0,
    }
}

/// The part in which the section of a row stands.
fn part_of(grid: &Grid<'_>, row: usize, groups: usize) -> usize {
    row.checked_sub(on_first(grid, groups)).map_or(0, |later| 1 + later / SECTIONS.1)
}

/// The parts that a group takes, each on one page.
pub(super) fn parts(grid: &Grid<'_>, groups: usize, detailed: bool) -> usize {
    let of_sections = sectioned(grid, detailed).checked_sub(1).map_or(1, |last| part_of(grid, last, groups) + 1);
    grid.rows.len().div_ceil(ROWS).max(of_sections).max(1)
}

/// About how many kilobytes of page a part takes: what goes on a page follows from it.
pub(super) fn weight(grid: &Grid<'_>, groups: usize, part: usize, detailed: bool) -> usize {
    let (rows, windows) = (grid.rows.len().saturating_sub(part * ROWS).min(ROWS), grid.reports.len());
    let sections = (0..sectioned(grid, detailed)).filter(|i| part_of(grid, *i, groups) == part).count();
    let of_section = if windows > 1 { 11 } else { 4 };
    let heat = if windows > 1 { charts::HEAT_ROWS.min(rows) * (8 + windows.min(charts::HEAT_COLUMNS)) / 60 } else { 0 };
    let listed = if part == 0 { windows.min(WINDOWS) / 3 } else { 0 };
    sections * of_section + heat + rows / 5 + listed + 3
}

/// A part of the group with this index; nothing where there is no such part. `to` is the way to another part.
pub(super) fn view(
    index: usize,
    grid: &Grid<'_>,
    groups: usize,
    number: usize,
    detailed: bool,
    to: &dyn Fn(usize) -> String,
) -> Option<GroupView> {
    if number >= parts(grid, groups, detailed) {
        return None;
    }
    let newest = *grid.reports.last()?;
    let several = grid.reports.len() > 1;
    let first = number == 0;
    let id = format!("g{}", index + 1);
    let anchor = |row: usize| format!("{id}-f{}", row + 1);
    let with_section = sectioned(grid, detailed);
    let sections = (0..with_section).filter(|i| part_of(grid, *i, groups) == number);
    let rows = number * ROWS..grid.rows.len().min((number + 1) * ROWS);
    let href = |row: usize| match part_of(grid, row, groups) {
        _ if row >= with_section => String::new(),
        part if part == number => format!("#{}", anchor(row)),
        part => format!("{}#{}", to(part), anchor(row)),
    };
    let odd = if first { dissents(grid) } else { Vec::new() };
    let holes = if first { holes(grid) } else { Vec::new() };
    let performance = if first && detailed { performance::shown(index, grid) } else { performance::Shown::default() };
    let windows = if first { grid.reports.len() } else { 0 };
    Some(GroupView {
        heading: heading(grid, newest),
        badge: data_drifted(verdict(grid, newest), now_drifted(grid)),
        tool: visible(&newest.tool, 160),
        reference: if detailed { visible(&newest.reference, 200) } else { String::new() },
        current: visible(&newest.current, 200),
        rows_said: newest
            .beside
            .as_deref()
            .and_then(|b| b.duplicates.as_ref())
            .and_then(crate::model::Duplicates::sentence)
            .map(|said| show::sentence(&said))
            .unwrap_or_default(),
        about: one_method(grid).map(about).unwrap_or_default(),
        sentence: sentence(grid, newest, several, detailed),
        several,
        first,
        window: window_text(newest),
        heatmap: (several && !rows.is_empty())
            .then(|| charts::heatmap(format!("heat{index}"), grid, rows.start, rows.end)),
        share: (several && first && detailed).then(|| charts::share(format!("share{index}"), grid)),
        performance: performance.figures,
        performance_said: performance.sentences,
        sections: sections.filter_map(|i| section(grid, grid.rows.get(i)?, anchor(i))).collect(),
        sections_left: if first && detailed { grid.telling.saturating_sub(SECTIONS.2) } else { 0 },
        has_importance: grid.rows.iter().any(|r| r.importance.is_some()),
        rows: rows.clone().filter_map(|i| Some(feature(grid, grid.rows.get(i)?, href(i)))).collect(),
        rows_from: rows.start + 1,
        rows_of: grid.rows.len(),
        gaps_left: holes.len().saturating_sub(ODD),
        gaps: holes.into_iter().take(ODD).collect(),
        dissents_left: odd.len().saturating_sub(ODD),
        dissents: odd.into_iter().take(ODD).collect(),
        windows_left: windows.saturating_sub(WINDOWS),
        windows: grid.reports.iter().rev().take(windows.min(WINDOWS)).map(|r| window(r)).collect(),
        // Two parts of a group may stand on one page.
        id: if first { id } else { format!("{id}-p{}", number + 1) },
    })
}

/// Features that were not computed, together where reason and windows are the same.
fn holes(grid: &Grid<'_>) -> Vec<GapRow> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for row in &grid.rows {
        for why in gaps(row, &grid.windows) {
            let at = *known.entry(why.clone()).or_insert(found.len());
            match found.get_mut(at) {
                Some((_, names)) => names.push(row.name),
                None => found.push((why, vec![row.name])),
            }
        }
    }
    found
        .into_iter()
        .map(|(why, names)| {
            let mut shown: Vec<String> = names.iter().take(NAMED).map(|n| visible(n, 60)).collect();
            if names.len() > NAMED {
                shown.push(format!("{} more", names.len() - NAMED));
            }
            GapRow { why, names: show::list(&shown), features: count(names.len(), "feature") }
        })
        .collect()
}

/// Features that are named in a list.
const NAMED: usize = 24;

/// What the newest report says of the data as a whole: itself, else stable where every feature is.
fn verdict(grid: &Grid<'_>, newest: &DriftReport) -> Option<bool> {
    let last = grid.reports.len().saturating_sub(1);
    let all_stable = || grid.rows.iter().all(|r| matches!(r.state(last), State::Stable | State::Absent));
    newest.drifted.or_else(|| (!newest.features.is_empty() && all_stable()).then_some(false))
}

/// Features that drifted in the newest window.
fn now_drifted(grid: &Grid<'_>) -> usize {
    let last = grid.reports.len().saturating_sub(1);
    grid.rows.iter().filter(|r| r.state(last) == State::Drifted).count()
}

/// The method that judged everything, if one did.
fn one_method(grid: &Grid<'_>) -> Option<Method> {
    let mut seen = grid.rows.iter().flat_map(|r| r.cells.iter().flatten()).map(|s| s.drift.method);
    let first = seen.next()??;
    seen.all(|m| m == Some(first)).then_some(first)
}

fn heading(grid: &Grid<'_>, newest: &DriftReport) -> String {
    let methods = match (one_method(grid).and_then(full), &grid.methods[..]) {
        (Some(name), _) => name.to_owned(),
        (None, []) => String::new(),
        (None, [a]) => visible(a, 120),
        (None, [a, b]) => format!("{} and {}", visible(a, 80), visible(b, 80)),
        (None, all) => format!("{} methods", all.len()),
    };
    match (methods.as_str(), newest.tool.as_str()) {
        ("", "") => "Drift reports".to_owned(),
        ("", tool) => visible(tool, 120),
        (_, "") => methods,
        (_, tool) => format!("{methods}, by {}", visible(tool, 120)),
    }
}

/// What the newest report says, in a sentence or two.
fn sentence(grid: &Grid<'_>, report: &DriftReport, several: bool, detailed: bool) -> String {
    let last = grid.reports.len().saturating_sub(1);
    // Where a share is told, what speaks of all columns at once is none of them.
    let counts = |row: &&super::grid::Row<'_>| report.share_drifted.is_none() || row.kind != "multivariate";
    let of =
        |wanted: fn(&State<'_>) -> bool| grid.rows.iter().filter(counts).filter(|r| wanted(&r.state(last))).count();
    let (n, present) = (of(|s| *s == State::Drifted), of(|s| *s != State::Absent));
    let share = match (report.share_drifted, report.share_threshold) {
        (Some(s), Some(t)) => format!(
            ": {} of them, {} the {} from which the tool calls the whole data drifted",
            percent(s.get()),
            if s.get() >= t.get() { "at or above" } else { "below" },
            percent(t.get())
        ),
        _ => String::new(),
    };
    let place = if several { "In the newest window " } else { "" };
    let mut out = format!("{place}{n} of {} drifted{share}.", count(present, "feature"));
    let others = [
        (of(|s| matches!(s, State::NotComputed(_))), "could not be computed"),
        (of(|s| *s == State::NotJudged), "were not judged"),
    ];
    let others: Vec<String> = others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !others.is_empty() {
        out.push_str(&format!(" {}: that is not the same as stable.", show::sentence(&show::list(&others))));
    }
    if !detailed {
        out.push_str(" Each version is compared with its own reference.");
    }
    out
}

fn window_text(report: &DriftReport) -> String {
    match (report.window.start, report.window.end) {
        (Some(a), Some(b)) => format!("{} to {}", a.date(), b.date()),
        _ => visible(&window_label(report), 100),
    }
}

fn feature(grid: &Grid<'_>, row: &Row<'_>, href: String) -> FeatureRow {
    let last = grid.reports.len().saturating_sub(1);
    let state = row.state(last);
    let seen = row.cells.get(last).map(Vec::as_slice).unwrap_or_default();
    let lead = seen.first();
    let method = lead.and_then(|s| name(s.drift)).unwrap_or_default();
    let label = |w: usize| grid.windows.get(w).map(|l| visible(l, 60)).unwrap_or_default();
    FeatureRow {
        name: visible(row.name, 160),
        href,
        kind: visible(row.kind, 40),
        importance: row.importance.map(short).unwrap_or_default(),
        method: if seen.len() > 1 { format!("{method} +{}", seen.len() - 1) } else { method },
        score: lead.map(|s| measured(s.drift.score)).unwrap_or_default(),
        threshold: lead.map(|s| finite(s.drift.threshold)).unwrap_or_default(),
        p_value: lead.map(|s| measured(s.drift.p_value)).unwrap_or_default(),
        badge: (state != State::Stable).then(|| badge(state)),
        note: match state {
            // A method that could not be computed is told in the section; here the verdict counts.
            State::Drifted | State::Stable => {
                seen.iter().find(|s| dissent(s.drift, &s.reading).is_some()).map(note).unwrap_or_default()
            }
            _ => lead.map(note).unwrap_or_default(),
        },
        first: row.first.map(label).unwrap_or_default(),
        alarms: if row.alarms > 0 { format!("{} of {}", row.alarms, grid.reports.len()) } else { String::new() },
    }
}

/// Verdicts that their own numbers speak against, the newest first.
fn dissents(grid: &Grid<'_>) -> Vec<Dissent> {
    let mut out = Vec::new();
    for w in (0..grid.reports.len()).rev() {
        for row in &grid.rows {
            for seen in row.cells.get(w).into_iter().flatten().filter(|s| not_computed(s.drift).is_none()) {
                if let Some(rule) = dissent(seen.drift, &seen.reading) {
                    out.push(Dissent {
                        name: visible(row.name, 120),
                        window: grid.windows.get(w).map(|l| visible(l, 60)).unwrap_or_default(),
                        numbers: evidence(seen).unwrap_or_default(),
                        report: drifted(seen.drift.drifted),
                        rule: drifted(Some(rule)),
                    });
                }
            }
        }
    }
    out
}

fn window(report: &DriftReport) -> WindowRow {
    let tally = drift_tally(report);
    WindowRow {
        window: window_text(report),
        current: visible(&report.current, 160),
        badge: drifted(report.drifted.or(tally.whole())),
        features: format!("{} of {}", tally.drifted, tally.features()),
        share: report.share_drifted.map(|s| percent(s.get())).unwrap_or_default(),
        source: report.source.to_string(),
    }
}
