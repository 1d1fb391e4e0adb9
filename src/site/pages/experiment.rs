//! Experiments: runs of a tracker that are no registered versions, as tables of params and metrics.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::version::run_name;
use super::{Pager, pager};
use crate::diag::{count, visible};
use crate::model::{Instant, Run};
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Link, Page, Pair, run_status};
use crate::site::plan::PER_PAGE;
use crate::site::show::{Digits, Num, arrow};
use crate::site::url::relative;

#[derive(Debug, Serialize)]
struct Entry {
    experiment: Link,
    runs: String,
    status: String,
    last: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct ListContext {
    page: Page,
    experiments: Vec<Entry>,
    runs: String,
}

pub(crate) fn list(facts: &Facts<'_>, path: &str) -> ListContext {
    let page = Page::new(
        facts,
        path,
        "experiments",
        "Experiments".to_owned(),
        "Runs that are no registered version.".to_owned(),
    );
    let entries = facts
        .experiments
        .iter()
        .map(|e| {
            let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
            for i in &e.runs {
                *by_status.entry(facts.registry.runs[*i].status.as_str()).or_default() += 1;
            }
            Entry {
                experiment: Link::new(path, e.name, &format!("experiments/{}.html", e.slug)),
                runs: count(e.runs.len(), "run"),
                status: by_status.iter().map(|(s, n)| format!("{n} {s}")).collect::<Vec<_>>().join(", "),
                last: e
                    .runs
                    .iter()
                    .filter_map(|i| facts.registry.runs[*i].started_at)
                    .max()
                    .map(Instant::minute)
                    .unwrap_or_default(),
            }
        })
        .collect();
    ListContext { page, experiments: entries, runs: count(facts.loose_runs.len(), "run") }
}

#[derive(Debug, Serialize)]
struct Column {
    label: String,
    arrow: &'static str,
    arrow_title: &'static str,
}

#[derive(Debug, Serialize)]
struct Row {
    run: Link,
    badge: Badge,
    started: String,
    nested: bool,
    params: Vec<Num>,
    metrics: Vec<Num>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    runs: String,
    params: Vec<String>,
    metrics: Vec<Column>,
    shared: Vec<Pair>,
    rows: Vec<Row>,
    more: String,
    pager: Option<Pager>,
    data: String,
}

/// Columns of each kind.
const COLUMNS: usize = 8;

pub(crate) fn context(facts: &Facts<'_>, path: &str, e: usize, number: usize) -> Context {
    let registry = facts.registry;
    let experiment = &facts.experiments[e];
    let first = format!("experiments/{}.html", experiment.slug);
    let page = Page::new(facts, path, "experiments", experiment.name.to_owned(), count(experiment.runs.len(), "run"))
        .crumb(path, "Experiments", "experiments/index.html");
    let runs: Vec<(usize, &Run)> =
        experiment.runs.iter().skip(number * PER_PAGE).take(PER_PAGE).map(|i| (*i, &registry.runs[*i])).collect();
    let mut values: BTreeMap<&str, (BTreeSet<String>, usize)> = BTreeMap::new();
    let mut metrics: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, run) in &runs {
        for (key, value) in &run.params {
            let entry = values.entry(key).or_default();
            entry.0.insert(value.display());
            entry.1 += 1;
        }
        let mine: BTreeSet<&str> =
            run.results.iter().filter(|r| r.is_overall()).map(|r| registry.catalogue.canonical(&r.metric)).collect();
        for metric in mine {
            *metrics.entry(metric).or_default() += 1;
        }
    }
    // What differs between the runs explains them; what they share is said once.
    let mut varying: Vec<(&str, usize)> =
        values.iter().filter(|(_, (set, n))| set.len() > 1 || *n < runs.len()).map(|(k, (_, n))| (*k, *n)).collect();
    varying.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut columns: Vec<(&str, usize)> = metrics.into_iter().collect();
    columns.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let more = varying.len().saturating_sub(COLUMNS) + columns.len().saturating_sub(COLUMNS);
    varying.truncate(COLUMNS);
    columns.truncate(COLUMNS);
    let of = |run, metric: &str| crate::site::boards::result_of_metric(registry, run, metric);
    let digits: Vec<Digits> = columns
        .iter()
        .map(|(m, _)| Digits::of(runs.iter().filter_map(|(_, r)| of(r, m)).map(|r| r.value.as_f64())))
        .collect();
    Context {
        page,
        title: visible(experiment.name, 200),
        runs: count(experiment.runs.len(), "run"),
        params: varying.iter().map(|(k, _)| visible(k, 80)).collect(),
        metrics: columns
            .iter()
            .map(|(m, _)| {
                let (arrow, arrow_title) = arrow(registry.catalogue.direction(m));
                Column { label: visible(&facts.label(m).0, 80), arrow, arrow_title }
            })
            .collect(),
        shared: values
            .iter()
            .filter(|(_, (set, n))| runs.len() > 1 && set.len() == 1 && *n == runs.len())
            .filter_map(|(k, (set, _))| set.first().map(|v| Pair::new(k, v.clone())))
            .take(40)
            .collect(),
        rows: runs
            .iter()
            .map(|(i, run)| Row {
                run: Link::new(path, run_name(run), &facts.run_path(*i)),
                badge: run_status(run.status),
                started: run.started_at.map(Instant::minute).unwrap_or_default(),
                nested: run.parent.is_some(),
                params: varying
                    .iter()
                    .map(|(k, _)| {
                        run.params
                            .get(*k)
                            .map_or_else(|| Num::none("not set"), |v| Num::text(visible(&v.display(), 60)))
                    })
                    .collect(),
                metrics: columns
                    .iter()
                    .zip(&digits)
                    .map(|((m, _), d)| {
                        of(run, m).map_or_else(|| Num::none("not reported"), |r| d.sourced(r.value, &r.source))
                    })
                    .collect(),
            })
            .collect(),
        more: if more > 0 { format!("{} in the data file", count(more, "more column")) } else { String::new() },
        pager: pager(&first, number, experiment.runs.len()),
        data: relative(path, &format!("data/experiments/{}.json", experiment.slug)),
    }
}
