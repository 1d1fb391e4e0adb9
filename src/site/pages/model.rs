//! The page of a model: its versions over time, and what changed between them.

use serde::Serialize;

use super::home::{StageCell, stage_cells};
use super::version::prose;
use super::{Pager, drift, history, pager};
use crate::diag::{count, visible};
use crate::model::{Finite, Instant};
use crate::plot::{self, Heading, TrendPoint, TrendSeries, TrendSpec};
use crate::site::compare::{self, Change, Delta, MetricChange, delta};
use crate::site::facts::{CORE_SECTIONS, Facts};
use crate::site::parts::{Badge, FigureView, Link, Outside, Page, Pair, Prose, data_drifted};
use crate::site::plan::PER_PAGE;
use crate::site::show::{self, Digits, Num, arrow};
use crate::site::url::relative;

#[derive(Debug, Serialize)]
struct Row {
    version: Link,
    created: String,
    aliases: Vec<String>,
    stage: String,
    champion: bool,
    value: Num,
    interval: String,
    delta: Delta,
    stages: Vec<StageCell>,
    drift: Option<Badge>,
    drift_note: String,
    drift_href: String,
    card: usize,
    card_of: usize,
    problem: String,
}

/// What differs between two versions.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    heading: String,
    id: String,
    before: Link,
    after: Link,
    metrics: Vec<MetricChange>,
    params: Vec<Change>,
    sections: String,
    all: Link,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    first: bool,
    title: String,
    name: String,
    description: Option<Prose>,
    owners: String,
    tags: Vec<Pair>,
    links: Vec<Outside>,
    aliases: Vec<AliasRow>,
    latest: Option<Link>,
    champion: Option<Link>,
    metric: String,
    dataset: String,
    arrow: &'static str,
    arrow_title: &'static str,
    trend: Option<FigureView>,
    /// Share of drifted features over all versions' windows, and where there is more.
    drift_figure: Option<FigureView>,
    drift: Option<Link>,
    stages: Vec<String>,
    rows: Vec<Row>,
    versions: String,
    comparisons: Vec<Comparison>,
    history: Option<history::Section>,
    pager: Option<Pager>,
    data: String,
}

#[derive(Debug, Serialize)]
struct AliasRow {
    alias: String,
    version: Link,
}

pub(crate) fn context(facts: &Facts<'_>, path: &str, m: usize, number: usize) -> Context {
    let model = &facts.models[m];
    let total = model.versions.len();
    let title = model.model.title.clone();
    let page = Page::new(facts, path, "models", title.clone(), format!("{title}: {}.", count(total, "version")));
    let link = |v: usize| Link::new(path, &model.versions[v].version.version, &facts.version_path(m, v));
    let headline = model.headline.as_ref();
    let (arrow, arrow_title) = arrow(headline.and_then(|h| h.direction));
    let digits = Digits::of(model.versions.iter().filter_map(|v| v.value).map(|r| r.value.as_f64()));
    let rows = (0..total).rev().skip(number * PER_PAGE).take(PER_PAGE);
    let mut comparisons = Vec::new();
    if number == 0
        && let Some(latest) = model.latest()
    {
        if let Some(champion) = model.champion.filter(|c| *c != latest) {
            comparisons.push(comparison(facts, path, m, champion, latest, "champion"));
        }
        if let Some(previous) = latest.checked_sub(1).filter(|p| model.champion != Some(*p)) {
            comparisons.push(comparison(facts, path, m, previous, latest, "previous version"));
        }
    }
    Context {
        page,
        first: number == 0,
        name: if model.model.name == title { String::new() } else { visible(&model.model.name, 200) },
        title: visible(&title, 200),
        description: prose(model.model.description.as_deref(), "about"),
        owners: visible(&model.model.owners.join(", "), 300),
        tags: model.model.tags.iter().take(60).map(|(k, v)| Pair::new(k, v.clone())).collect(),
        links: model.model.links.iter().take(40).map(|l| Outside::new(&l.title, &l.url)).collect(),
        aliases: model
            .model
            .aliases
            .iter()
            .filter_map(|(alias, to)| {
                let v = model.model.versions.iter().position(|v| v.version == *to)?;
                Some(AliasRow { alias: visible(alias, 80), version: link(v) })
            })
            .collect(),
        latest: model.latest().map(link),
        champion: model.champion.map(link),
        metric: headline
            .map(|h| if h.unit.is_empty() { h.label.clone() } else { format!("{} ({})", h.label, h.unit) })
            .unwrap_or_default(),
        dataset: headline.and_then(|h| h.dataset.clone()).unwrap_or_default(),
        arrow,
        arrow_title,
        trend: if number == 0 { trend(facts, m) } else { None },
        drift_figure: if number == 0 { drift::over_versions(facts, m) } else { None },
        drift: if number == 0 { drift_link(facts, path, m) } else { None },
        stages: facts.stages.iter().map(|s| visible(s, 60)).collect(),
        rows: rows
            .map(|v| {
                let version = &model.versions[v];
                let base = model.champion.filter(|c| *c != v);
                Row {
                    version: link(v),
                    created: version.version.created_at.map(Instant::date).unwrap_or_default(),
                    aliases: version.version.aliases.iter().map(|a| visible(a, 60)).collect(),
                    stage: version.version.stage.as_deref().map(|s| visible(s, 60)).unwrap_or_default(),
                    champion: model.champion == Some(v),
                    value: version
                        .value
                        .map_or_else(|| Num::none("not reported"), |r| digits.sourced(r.value, &r.source)),
                    interval: version
                        .value
                        .and_then(show::interval_of)
                        .map(|(i, _)| digits.interval(&i))
                        .unwrap_or_default(),
                    delta: match (version.value, base) {
                        (Some(r), Some(c)) => {
                            let champion = &model.versions[c];
                            delta(
                                facts.registry,
                                digits,
                                r,
                                champion.value,
                                &format!("champion {}", champion.version.version),
                            )
                        }
                        _ => Delta::default(),
                    },
                    stages: stage_cells(facts, path, m, v),
                    drift: (version.drift.reports > 0)
                        .then(|| data_drifted(version.drift.drifted, version.drift.features.0)),
                    drift_note: if version.drift.features.1 > 0 {
                        format!("{} of {} features", version.drift.features.0, version.drift.features.1)
                    } else {
                        String::new()
                    },
                    drift_href: if version.drift.reports > 0 {
                        relative(path, &facts.drift_path(m, v))
                    } else {
                        String::new()
                    },
                    card: version.card.present,
                    card_of: CORE_SECTIONS.len(),
                    problem: match (&version.version.ambiguous, version.run) {
                        (Some(why), _) => visible(why, 200),
                        (None, None) => "its run was not found".to_owned(),
                        _ => String::new(),
                    },
                }
            })
            .collect(),
        versions: count(total, "version"),
        comparisons,
        history: if number == 0 { history::of_model(facts, path, m) } else { None },
        pager: pager(&facts.model_path(m), number, total),
        data: relative(path, &format!("data/models/{}.json", model.slug)),
    }
}

/// Where the drift of the model is: a page of its own where several versions have reports.
fn drift_link(facts: &Facts<'_>, path: &str, m: usize) -> Option<Link> {
    let versions: Vec<usize> = facts.drifting_versions(m).collect();
    match versions[..] {
        [] => None,
        [v] => {
            let version = &facts.models[m].versions[v].version.version;
            Some(Link::new(path, &format!("Features and windows of {version}"), &facts.drift_path(m, v)))
        }
        _ => Some(Link::new(path, "Features and windows of all versions", &facts.model_drift_path(m))),
    }
}

/// The headline metric over versions, the champion marked.
fn trend(facts: &Facts<'_>, m: usize) -> Option<FigureView> {
    let model = &facts.models[m];
    let headline = model.headline.as_ref()?;
    if model.versions.iter().filter(|v| v.value.is_some()).count() < 2 {
        return None;
    }
    let points = model
        .versions
        .iter()
        .enumerate()
        .map(|(v, version)| TrendPoint {
            value: version.value.and_then(|r| r.value.finite()).map(Finite::get),
            interval: version.value.and_then(show::interval_of).map(|(i, _)| (i.lower.get(), i.upper.get())),
            promoted: model.champion == Some(v),
        })
        .collect();
    let level = model
        .versions
        .iter()
        .rev()
        .find_map(|v| v.value.and_then(show::interval_of))
        .map(|(i, _)| format!("{} interval", show::percent(i.level.get())))
        .unwrap_or_default();
    let on = headline.dataset.as_deref().map(|d| format!(" on {d}")).unwrap_or_default();
    let unit = if headline.unit.is_empty() { String::new() } else { format!(" ({})", headline.unit) };
    Some(
        plot::trend(&TrendSpec {
            heading: Heading::new("trend", format!("{}{on} by version", headline.label)),
            metric: format!("{}{unit}", headline.label),
            place: "version".to_owned(),
            labels: model.versions.iter().map(|v| v.version.version.clone()).collect(),
            series: vec![TrendSeries { name: String::new(), points }],
            interval_name: level,
            threshold: None,
            from_zero: false,
            marks: Vec::new(),
        })
        .into(),
    )
}

fn comparison(facts: &Facts<'_>, path: &str, m: usize, before: usize, after: usize, role: &str) -> Comparison {
    let model = &facts.models[m];
    let (a, b) = (&model.versions[before], &model.versions[after]);
    let changed = sections_changed(a.version.card.as_ref(), b.version.card.as_ref());
    Comparison {
        heading: format!("{} against the {role} {}", visible(&b.version.version, 80), visible(&a.version.version, 80)),
        id: format!("against-{}", if role == "champion" { "champion" } else { "previous" }),
        before: Link::new(path, &a.version.version, &facts.version_path(m, before)),
        after: Link::new(path, &b.version.version, &facts.version_path(m, after)),
        metrics: compare::metrics(facts, a.run, b.run, &format!("{role} {}", a.version.version)),
        params: compare::params(a.run, b.run),
        sections: visible(&show::list(&changed), 400),
        all: Link::new(path, "everything that changed", &facts.compare_path(m, after)),
    }
}

/// Titles of card sections whose text differs.
fn sections_changed(before: Option<&crate::model::Card>, after: Option<&crate::model::Card>) -> Vec<String> {
    let sections = after.map(|c| c.sections.as_slice()).unwrap_or_default();
    let old = before.map(|c| c.sections.as_slice()).unwrap_or_default();
    let text = |id: &str| old.iter().find(|s| s.id == id).map(|s| &s.markdown);
    sections.iter().filter(|s| s.level > 1 && text(&s.id) != Some(&s.markdown)).map(|s| s.title.clone()).collect()
}
