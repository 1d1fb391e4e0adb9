//! One feature in full: the sentence, what each method says, both sides in numbers and in pictures.
//!
//! In: a row of a grid. Out: its context. Must not decide which rows get one.

use serde::Serialize;

use super::change::{AT, missing, quantile, shares};
use super::charts;
use super::grid::{Grid, Row, State};
use super::reading::{dissent, not_computed};
use super::sentence::{Seen, name, sentence};
use super::words::{finite, measured, pair, short};
use crate::diag::{count, visible};
use crate::model::{Column, Finite, Profile};
use crate::site::parts::{Badge, FigureView, drifted};
use crate::site::show;

/// What one method says.
#[derive(Debug, Serialize)]
struct MethodRow {
    method: String,
    score: String,
    threshold: String,
    p_value: String,
    effect: String,
    badge: Badge,
    note: String,
}

/// A number on both sides.
#[derive(Debug, Serialize)]
struct SideRow {
    what: String,
    reference: String,
    current: String,
}

/// A feature.
#[derive(Debug, Serialize)]
pub(super) struct FeatureSection {
    id: String,
    name: String,
    kind: String,
    badge: Badge,
    importance: String,
    sentence: String,
    window: String,
    methods: Vec<MethodRow>,
    values: Vec<SideRow>,
    /// Whether values were read from bins.
    near: bool,
    categories: Vec<SideRow>,
    categories_left: usize,
    new: String,
    vanished: String,
    notes: Vec<String>,
    gaps: Vec<String>,
    score: Option<FigureView>,
    distributions: Vec<FigureView>,
}

/// Categories whose shares are listed, and names of new or vanished ones.
const CATEGORIES: usize = 5;
const NAMES: usize = 12;
/// Findings on the quality of the data.
const NOTES: usize = 8;

/// The section of a row. `id` is its anchor.
pub(super) fn section(grid: &Grid<'_>, row: &Row<'_>, id: String) -> Option<FeatureSection> {
    let newest = row.newest();
    let seen = row.cells.get(newest)?;
    let lead = seen.first()?;
    let several = grid.reports.len() > 1;
    let label = |w: usize| grid.windows.get(w).map(|l| visible(l, 60)).unwrap_or_default();
    let said = sentence(seen, since(grid, row).as_deref())?;
    let column = fullest(seen);
    let with_picture = |w: usize| row.cells.get(w)?.iter().find(|s| s.drift.distribution.is_some());
    let title = |w: usize, what: &str| {
        if several { format!("{what}, {}", label(w)) } else { "Reference against current".to_owned() }
    };
    let mut distributions = Vec::new();
    // The newest window that has a picture; a constant one says less.
    let drawn = (0..=newest).rev().find(|w| with_picture(*w).is_some());
    if let Some((w, s)) = drawn.and_then(|w| Some((w, with_picture(w)?))) {
        let what = if w + 1 == grid.reports.len() { "Newest window" } else { "Latest window with a distribution" };
        distributions.extend(charts::histogram(format!("{id}-now"), s.drift, title(w, what)));
    }
    if let Some((w, s)) = row.first.filter(|w| Some(*w) != drawn).and_then(|w| Some((w, with_picture(w)?))) {
        distributions.extend(charts::histogram(format!("{id}-first"), s.drift, title(w, "First alarm")));
    }
    let mut notes: Vec<String> = column.quality.iter().take(NOTES).map(|q| visible(q, 200)).collect();
    notes.extend(column.approximate.iter().map(|a| format!("Approximate: {}", visible(a, 200))));
    let several_methods = seen.len() > 1 || seen.iter().any(|s| s.drift.column.effect.is_some());
    let changes = shares(seen.iter().find(|s| s.drift.distribution.is_some()).unwrap_or(lead).drift);
    let categories_left = changes.len().saturating_sub(CATEGORIES);
    Some(FeatureSection {
        name: said.subject,
        kind: visible(row.kind, 60),
        badge: badge(row.state(newest)),
        importance: row.importance.map(short).unwrap_or_default(),
        sentence: said.predicate,
        window: if several && newest + 1 < grid.reports.len() { label(newest) } else { String::new() },
        methods: if several_methods { seen.iter().map(method).collect() } else { Vec::new() },
        near: AT.iter().any(|(at, _)| values_of(seen, *at).is_some_and(|p| p.near)),
        values: values(seen, column),
        categories: changes
            .into_iter()
            .take(CATEGORIES)
            .map(|s| SideRow {
                what: visible(s.category, 120),
                reference: show::percent(s.reference),
                current: show::percent(s.current),
            })
            .collect(),
        categories_left,
        new: names(&column.new),
        vanished: names(&column.vanished),
        notes,
        gaps: gaps(row, &grid.windows),
        score: if several { charts::score(format!("{id}-score"), row, lead, &grid.windows) } else { None },
        distributions,
        id,
    })
}

/// Since when a feature drifts. The order of windows without dates is that of their names: it says nothing
/// of time.
pub(super) fn since(grid: &Grid<'_>, row: &Row<'_>) -> Option<String> {
    let at = row.since.filter(|_| grid.reports.len() > 1)?;
    grid.reports.get(at).filter(|r| r.window.start.or(r.window.end).is_some())?;
    grid.windows.get(at).map(|l| visible(l, 60))
}

/// What is said in a word of a state.
pub(super) fn badge(state: State<'_>) -> Badge {
    match state {
        State::Drifted => drifted(Some(true)),
        State::Stable => drifted(Some(false)),
        State::NotJudged => drifted(None),
        State::NotComputed(_) => Badge::new("not computed", "×", "wait"),
        State::Absent => Badge::new("not in the window", "–", "mute"),
    }
}

/// The column of the method whose report tells most of it: a column is the same for all methods.
fn fullest<'a>(seen: &'a [Seen<'a>]) -> &'a Column {
    static NONE: Column = Column {
        not_computed: None,
        approximate: None,
        importance: None,
        effect: None,
        reference: None,
        current: None,
        new: Vec::new(),
        vanished: Vec::new(),
        quality: Vec::new(),
    };
    let size = |c: &Column| {
        usize::from(c.reference.is_some())
            + usize::from(c.current.is_some())
            + c.new.len()
            + c.vanished.len()
            + c.quality.len()
    };
    // The first of equals.
    seen.iter().map(|s| &s.drift.column).rev().max_by_key(|c| size(c)).unwrap_or(&NONE)
}

fn method(seen: &Seen<'_>) -> MethodRow {
    let f = seen.drift;
    let label = visible(&f.method_label, 80);
    let called = name(f).unwrap_or_default();
    MethodRow {
        method: if label.is_empty() || label.eq_ignore_ascii_case(&called) { called } else { label },
        score: measured(f.score),
        threshold: finite(f.threshold),
        p_value: measured(f.p_value),
        effect: f
            .column
            .effect
            .as_ref()
            .map(|e| format!("{} ({})", short(e.value.get()), visible(&e.name, 80)))
            .unwrap_or_default(),
        badge: match not_computed(f) {
            Some(_) => badge(State::NotComputed("")),
            None => drifted(f.drifted),
        },
        note: note(seen),
    }
}

/// What is to be said beside a verdict.
pub(super) fn note(seen: &Seen<'_>) -> String {
    if let Some(why) = not_computed(seen.drift) {
        return visible(why, 160);
    }
    match (dissent(seen.drift, &seen.reading), seen.drift.drifted, seen.reading.opinion) {
        (Some(true), ..) => "its numbers say drift".to_owned(),
        (Some(false), ..) => "its numbers say stable".to_owned(),
        (None, None, Some(true)) => "beyond its threshold".to_owned(),
        (None, None, Some(false)) => "within its threshold".to_owned(),
        _ => String::new(),
    }
}

fn values_of(seen: &[Seen<'_>], at: f64) -> Option<super::change::Pair> {
    seen.iter().find_map(|s| quantile(s.drift, at))
}

fn values(seen: &[Seen<'_>], column: &Column) -> Vec<SideRow> {
    let mut out = Vec::new();
    let mut add = |what: &str, reference: String, current: String| {
        out.push(SideRow { what: what.to_owned(), reference, current });
    };
    for (at, what) in AT {
        if let Some(p) = values_of(seen, at) {
            let (a, b) = pair(p.reference, p.current);
            add(what, a, b);
        }
    }
    let side = |of: fn(&Profile) -> Option<f64>| {
        (column.reference.as_ref().and_then(of), column.current.as_ref().and_then(of))
    };
    let two = |(a, b): (Option<f64>, Option<f64>)| match (a, b) {
        (Some(a), Some(b)) => Some(pair(a, b)),
        (None, None) => None,
        (a, b) => Some((a.map(short).unwrap_or_default(), b.map(short).unwrap_or_default())),
    };
    if let Some((a, b)) = two(side(|p| p.mean.map(Finite::get))) {
        add("mean", a, b);
    }
    if let Some((a, b)) = two(side(|p| p.std.map(Finite::get))) {
        add("standard deviation", a, b);
    }
    if let Some(p) = seen.iter().find_map(|s| missing(s.drift)) {
        add("missing", show::percent(p.reference), show::percent(p.current));
    }
    let whole = |of: fn(&Profile) -> Option<u64>| {
        let text = |p: &Option<Profile>| p.as_ref().and_then(of).map(show::count).unwrap_or_default();
        (text(&column.reference), text(&column.current))
    };
    for (what, (a, b)) in [
        ("not finite", whole(|p| Some(p.not_finite).filter(|n| *n > 0))),
        ("different values", whole(|p| p.distinct)),
        ("rows", whole(|p| Some(p.rows).filter(|n| *n > 0))),
    ] {
        if !(a.is_empty() && b.is_empty()) {
            add(what, a, b);
        }
    }
    out
}

fn names(list: &[String]) -> String {
    let mut shown: Vec<String> = list.iter().take(NAMES).map(|n| visible(n, 60)).collect();
    if list.len() > NAMES {
        shown.push(format!("{} more", list.len() - NAMES));
    }
    shown.join(", ")
}

/// Where a feature was not computed and why: reasons with their windows.
pub(super) fn gaps(row: &Row<'_>, windows: &[String]) -> Vec<String> {
    let mut out: Vec<(&str, Vec<(usize, usize)>)> = Vec::new();
    for w in 0..windows.len() {
        let State::NotComputed(why) = row.state(w) else { continue };
        match out.iter_mut().find(|(known, _)| *known == why) {
            Some((_, spans)) => match spans.last_mut() {
                Some(last) if last.1 + 1 == w => last.1 = w,
                _ => spans.push((w, w)),
            },
            None => out.push((why, vec![(w, w)])),
        }
    }
    let label = |w: usize| windows.get(w).map(|l| visible(l, 60)).unwrap_or_default();
    out.into_iter()
        .take(NOTES)
        .map(|(why, spans)| {
            let n: usize = spans.iter().map(|(a, b)| b - a + 1).sum();
            let mut list: Vec<String> = spans
                .iter()
                .take(SPANS)
                .map(|(a, b)| if a == b { label(*a) } else { format!("{} to {}", label(*a), label(*b)) })
                .collect();
            if spans.len() > SPANS {
                list.push("others".to_owned());
            }
            format!("{} ({}: {})", visible(why, 160), count(n, "window"), show::list(&list))
        })
        .collect()
}

/// Stretches of windows that are named.
const SPANS: usize = 4;
