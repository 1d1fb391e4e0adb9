//! The page that sets a version beside its champion and the version before it.
//!
//! In: comparisons of [`crate::compare`]. Out: the context of the page: differences first, what is the same only
//! counted. Must not compare anything itself.

use serde::Serialize;

use super::version::overlaid;
use crate::compare::{Change, Comparison, Confusion, Move, Piece, ResultChange, SectionChange};
use crate::diag::{count, visible};
use crate::model::MetricResult;
use crate::site::facts::Facts;
use crate::site::parts::{Badge, FigureView, Link, Page, drifted};
use crate::site::show::{self, Digits, Num, arrow, interval_of};

/// A result that differs.
#[derive(Debug, Serialize)]
struct Row {
    metric: String,
    arrow: &'static str,
    arrow_title: &'static str,
    place: String,
    before: Num,
    before_interval: String,
    after: Num,
    after_interval: String,
    difference: String,
    badge: Badge,
    evidence: String,
}

/// A parameter, a dataset or a detail that differs.
#[derive(Debug, Serialize)]
struct ChangeRow {
    name: String,
    before: String,
    after: String,
}

/// A stretch of a card's text: `same`, `del` or `ins`.
#[derive(Debug, Serialize)]
struct Stretch {
    kind: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Text {
    title: String,
    pieces: Vec<Stretch>,
    cut: bool,
}

#[derive(Debug, Serialize)]
struct DriftRow {
    feature: String,
    before: Badge,
    after: Badge,
}

/// A cell of a confusion matrix.
#[derive(Debug, Serialize)]
struct ConfusionRow {
    truth: String,
    predicted: String,
    before: String,
    after: String,
    difference: String,
}

/// One of the comparisons.
#[derive(Debug, Serialize)]
struct View {
    id: &'static str,
    heading: String,
    role: &'static str,
    before: Link,
    before_name: String,
    after_name: String,
    sentence: String,
    rows: Vec<Row>,
    rows_left: usize,
    tests: String,
    params: Vec<ChangeRow>,
    params_left: usize,
    datasets: Vec<ChangeRow>,
    setup: Vec<ChangeRow>,
    setup_left: usize,
    drift: Vec<DriftRow>,
    drift_left: usize,
    card: Vec<Text>,
    card_left: usize,
    figures: Vec<FigureView>,
    confusions: Vec<ConfusionRow>,
    confusions_left: usize,
    same: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    version: Link,
    views: Vec<View>,
    command: String,
}

/// Rows of a list, and sections of a card.
const ROWS: usize = 48;
const SECTIONS: usize = 20;
/// Cells of confusion matrices.
const CONFUSIONS: usize = 12;
/// Words of an unchanged stretch that stay on each side of a change, and characters of a changed one.
const AROUND: usize = 12;
const STRETCH: usize = 2_500;

/// The versions that a version is set beside, with what they are to it: its champion, and the one before it.
pub(crate) fn bases(facts: &Facts<'_>, m: usize, v: usize) -> Vec<(usize, &'static str)> {
    let champion = facts.models[m].champion.filter(|c| *c != v);
    let previous = v.checked_sub(1).filter(|p| champion != Some(*p));
    champion.map(|c| (c, "champion")).into_iter().chain(previous.map(|p| (p, "previous version"))).collect()
}

/// The page of a version.
pub(crate) fn context(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Context {
    let model = &facts.models[m];
    let entry = &model.versions[v];
    let title = format!("What changed in {} {}", model.model.title, entry.version.version);
    let about = "Results, parameters, data and card beside those of other versions.".to_owned();
    let page = Page::new(facts, path, "models", title.clone(), about)
        .crumb(path, &model.model.title, &facts.model_path(m))
        .crumb(path, &entry.version.version, &facts.version_path(m, v));
    Context {
        page,
        title: visible(&title, 200),
        version: Link::new(path, &entry.version.selector(), &facts.version_path(m, v)),
        views: bases(facts, m, v).into_iter().map(|(base, role)| view(facts, path, m, (base, v), role)).collect(),
        command: visible(&format!("presscheck diff {} OTHER", entry.version.selector()), 200),
    }
}

fn view(facts: &Facts<'_>, path: &str, m: usize, (base, v): (usize, usize), role: &'static str) -> View {
    let model = &facts.models[m];
    let (a, b) = (&model.versions[base], &model.versions[v]);
    let id = if role == "champion" { "champion" } else { "previous" };
    let comparison = Comparison::new(facts.registry, a.version, b.version);
    let name = visible(&a.version.version, 80);
    let differing: Vec<&ResultChange<'_>> = comparison.results.iter().filter(|r| r.moved != Move::Same).collect();
    // Slices and classes that got worse come before those that got better.
    let overall = |r: &ResultChange<'_>| r.subject().is_some_and(MetricResult::is_overall);
    let (mut results, mut parts): (Vec<_>, Vec<_>) = differing.into_iter().partition(|r| overall(r));
    parts.sort_by_key(|r| r.moved);
    results.extend(parts);
    let text = comparison.card.iter().take(SECTIONS).map(section).collect();
    View {
        id,
        heading: format!("Against the {role} {name}"),
        role,
        before: Link::new(path, &name, &facts.version_path(m, base)),
        sentence: sentence(&comparison),
        rows: results.iter().take(ROWS).map(|r| row(facts, r)).collect(),
        rows_left: results.len().saturating_sub(ROWS),
        tests: tests(&comparison),
        params: changes(&comparison.params),
        params_left: comparison.params.len().saturating_sub(ROWS),
        datasets: changes(&comparison.datasets),
        setup: changes(&comparison.setup),
        setup_left: comparison.setup.len().saturating_sub(ROWS),
        drift: comparison
            .drift
            .iter()
            .take(ROWS)
            .map(|d| DriftRow { feature: visible(d.feature, 160), before: drifted(d.before), after: drifted(d.after) })
            .collect(),
        drift_left: comparison.drift.len().saturating_sub(ROWS),
        card: text,
        card_left: comparison.card.len().saturating_sub(SECTIONS),
        confusions: comparison.confusions.iter().take(CONFUSIONS).map(confusion).collect(),
        confusions_left: comparison.confusions.len().saturating_sub(CONFUSIONS),
        figures: a.run.zip(b.run).map(|(a, b)| overlaid(b, (&name, a), id)).unwrap_or_default(),
        same: comparison.count(Move::Same),
        after_name: visible(&b.version.version, 80),
        before_name: name,
    }
}

/// What is said first.
fn sentence(comparison: &Comparison<'_>) -> String {
    if comparison.is_empty() {
        return "Nothing differs in what both versions report.".to_owned();
    }
    let of = |moved: Move, says: &str| match comparison.count(moved) {
        0 => None,
        n => Some(format!("{} {says}", count(n, "result"))),
    };
    let said = [
        of(Move::Worse, "worse"),
        of(Move::Better, "better"),
        of(Move::Unclear, "moved within the noise"),
        of(Move::Moved, "moved, and nobody said which way is better"),
        of(Move::Apart, "not comparable"),
        of(Move::Gone, "gone"),
        of(Move::New, "new"),
        of(Move::Same, "the same"),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { String::new() } else { format!("{}.", show::sentence(&show::list(&said))) }
}

fn row(facts: &Facts<'_>, change: &ResultChange<'_>) -> Row {
    let value = |r: Option<&MetricResult>| r.map_or(f64::NAN, |r| r.value.as_f64());
    let digits = Digits::telling_apart(&[(value(change.before), value(change.after))]);
    let number = |r: Option<&MetricResult>| {
        r.map_or_else(|| Num::none("this version does not report it"), |r| digits.sourced(r.value, &r.source))
    };
    let interval = |r: Option<&MetricResult>| {
        r.and_then(interval_of).map(|(interval, _)| digits.interval(&interval)).unwrap_or_default()
    };
    let (arrow, arrow_title) = arrow(change.direction);
    let (label, unit) = facts.label(change.metric);
    Row {
        metric: if unit.is_empty() { label } else { format!("{label} ({unit})") },
        arrow,
        arrow_title,
        place: change.subject().map(place).unwrap_or_default(),
        before: number(change.before),
        before_interval: interval(change.before),
        after: number(change.after),
        after_interval: interval(change.after),
        difference: change.difference.map(|d| digits.delta(d)).unwrap_or_default(),
        badge: badge(change),
        evidence: evidence(change, digits),
    }
}

/// What a result speaks of beside its metric.
fn place(r: &MetricResult) -> String {
    let mut parts: Vec<String> =
        [r.dataset.as_deref(), r.split.as_deref()].into_iter().flatten().map(|p| visible(p, 80)).collect();
    if !r.slice.is_overall() {
        parts.push(visible(&r.slice.to_string(), 160));
    }
    if let Some(class) = &r.class {
        parts.push(format!("class {}", visible(class, 80)));
    }
    parts.join(", ")
}

/// What is not tested is in no colour that alarms or praises.
fn badge(change: &ResultChange<'_>) -> Badge {
    match change.moved {
        Move::Worse if change.test.is_none() => Badge::new("worse", "▽", "mute"),
        Move::Better if change.test.is_none() => Badge::new("better", "△", "mute"),
        Move::Worse => Badge::new("worse", "▼", "bad"),
        Move::Better => Badge::new("better", "▲", "good"),
        Move::Unclear => Badge::new("unclear", "≈", "mute"),
        Move::Moved => Badge::new("moved", "△", "note"),
        Move::Apart => Badge::new("not comparable", "≠", "warn"),
        Move::Gone => Badge::new("gone", "−", "warn"),
        Move::New => Badge::new("new", "+", "note"),
        Move::Same => Badge::new("same", "=", "mute"),
    }
}

fn evidence(change: &ResultChange<'_>, digits: Digits) -> String {
    if !change.why.is_empty() {
        return visible(&change.why, 300);
    }
    let Some(test) = change.test else {
        return if change.difference.is_some() { "not tested".to_owned() } else { String::new() };
    };
    let p = if test.p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {:.2}", test.p) };
    let p = if (1e-4..0.01).contains(&test.p) { format!("p = {:.4}", test.p) } else { p };
    match test.interval {
        Some((low, high)) => format!("{} to {}, {p}", digits.delta(low), digits.delta(high)),
        None => p,
    }
}

/// How the tests were made; empty where there are none.
fn tests(comparison: &Comparison<'_>) -> String {
    let mut methods: Vec<&str> = comparison.results.iter().filter_map(|r| Some(r.test?.method)).collect();
    methods.sort_unstable();
    methods.dedup();
    if methods.is_empty() {
        return "No result could be tested: a side does not say how sure it is.".to_owned();
    }
    format!(
        "{} could be tested ({}). The p-values are adjusted together by Holm's method; from 0.05 on a difference is \
         called unclear. The bounds are those of the single difference, at 95 %.",
        count(comparison.tested, "result"),
        methods.join("; ")
    )
}

fn confusion(c: &Confusion<'_>) -> ConfusionRow {
    let points = (c.after - c.before) * 100.0;
    let sign = if points < 0.0 { "−" } else { "+" };
    ConfusionRow {
        truth: visible(c.truth, 80),
        predicted: visible(c.predicted, 80),
        before: show::percent(c.before),
        after: show::percent(c.after),
        difference: format!("{sign}{:.1} points", points.abs()),
    }
}

fn changes(list: &[Change]) -> Vec<ChangeRow> {
    let show = |v: &Option<String>| v.clone().unwrap_or_else(|| "–".to_owned());
    let row = |c: &Change| ChangeRow { name: c.name.clone(), before: show(&c.before), after: show(&c.after) };
    list.iter().take(ROWS).map(row).collect()
}

fn section(change: &SectionChange<'_>) -> Text {
    let last = change.pieces.len().saturating_sub(1);
    let mut cut = false;
    let mut long = |text: &str| {
        cut |= text.chars().nth(STRETCH).is_some();
        visible_lines(text, STRETCH)
    };
    let pieces = change.pieces.iter().enumerate().map(|(i, piece)| match piece {
        Piece::Same(text) => Stretch { kind: "same", text: visible_lines(&around(text, i > 0, i < last), STRETCH) },
        Piece::Removed(text) => Stretch { kind: "del", text: long(text) },
        Piece::Added(text) => Stretch { kind: "ins", text: long(text) },
    });
    let pieces = pieces.collect();
    Text { title: visible(change.title, 160), pieces, cut }
}

/// Text with its line breaks, made safe to show.
fn visible_lines(text: &str, limit: usize) -> String {
    text.split('\n').map(|line| visible(line, limit)).collect::<Vec<_>>().join("\n")
}

/// The ends of an unchanged stretch that touch a change.
fn around(text: &str, before: bool, after: bool) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    if words.len() <= AROUND * (usize::from(before) + usize::from(after)) {
        return text.to_owned();
    }
    let first = if before { words.iter().take(AROUND).copied().collect() } else { String::new() };
    let last = if after { words.get(words.len() - AROUND..).unwrap_or_default().concat() } else { String::new() };
    format!("{first}… {last}")
}
