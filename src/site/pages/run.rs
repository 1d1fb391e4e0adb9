//! The page of a run that is no registered version.

use serde::Serialize;

use super::results::{self, DatasetGroup};
use super::version::{ArtifactRow, DatasetRow, artifact, code, datasets, figures, prose, run_name, training};
use crate::diag::visible;
use crate::model::Instant;
use crate::site::facts::Facts;
use crate::site::parts::{Badge, FigureView, Link, Page, Pair, Prose, run_status};
use crate::site::url::relative;

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    id: String,
    badge: Badge,
    deleted: bool,
    source: String,
    folder: String,
    started: String,
    ended: String,
    parent: Option<Link>,
    children: Vec<Link>,
    children_left: usize,
    description: Option<Prose>,
    results: Vec<DatasetGroup>,
    rejected: Vec<Pair>,
    training: Vec<FigureView>,
    series_left: usize,
    figures: Vec<FigureView>,
    params: Vec<Pair>,
    tags: Vec<Pair>,
    system_tags: Vec<Pair>,
    datasets: Vec<DatasetRow>,
    artifacts: Vec<ArtifactRow>,
    artifacts_left: usize,
    code: Vec<Pair>,
    data: String,
}

/// Rows of long lists, and charts of series.
const ROWS: usize = 300;
const SERIES: usize = 12;

pub(crate) fn context(facts: &Facts<'_>, path: &str, index: usize) -> Context {
    let registry = facts.registry;
    let run = &registry.runs[index];
    let experiment = facts.experiment_of.get(run.experiment.as_deref().unwrap_or("")).map(|e| &facts.experiments[*e]);
    let mut page = Page::new(facts, path, "experiments", run_name(run).to_owned(), format!("Run {}", run.id)).crumb(
        path,
        "Experiments",
        "experiments/index.html",
    );
    if let Some(e) = experiment {
        page = page.crumb(path, e.name, &format!("experiments/{}.html", e.slug));
    }
    let children: &[usize] = facts.children.get(run.id.as_str()).map(Vec::as_slice).unwrap_or_default();
    let (training, series_left) = training(run, registry, SERIES);
    Context {
        page,
        title: visible(run_name(run), 200),
        id: visible(&run.id, 200),
        badge: run_status(run.status),
        deleted: run.deleted,
        source: visible(&run.source, 80),
        folder: visible(&run.folder, 300),
        started: run.started_at.map(Instant::minute).unwrap_or_default(),
        ended: run.ended_at.map(Instant::minute).unwrap_or_default(),
        parent: run.parent.as_deref().map(|id| match registry.run_index(id) {
            Some(i) => Link::new(path, run_name(&registry.runs[i]), &facts.run_path(i)),
            None => Link::plain(id),
        }),
        children: children
            .iter()
            .take(50)
            .map(|i| Link::new(path, run_name(&registry.runs[*i]), &facts.run_path(*i)))
            .collect(),
        children_left: children.len().saturating_sub(50),
        description: prose(run.description.as_deref(), "about"),
        results: results::groups(facts, run, None, &[], true),
        rejected: run
            .rejected
            .iter()
            .take(ROWS)
            .map(|x| Pair { title: x.source.to_string(), ..Pair::new(&x.metric, x.found.clone()) })
            .collect(),
        training,
        series_left,
        figures: figures(run, None),
        params: run.params.iter().take(ROWS).map(|(k, v)| Pair::new(k, v.display())).collect(),
        tags: run.tags.iter().take(ROWS).map(|(k, v)| Pair::new(k, v.clone())).collect(),
        system_tags: run.system_tags.iter().take(ROWS).map(|(k, v)| Pair::new(k, v.clone())).collect(),
        datasets: datasets(run),
        artifacts: run.artifacts.iter().take(ROWS).map(artifact).collect(),
        artifacts_left: run.artifacts.len().saturating_sub(ROWS),
        code: code(run),
        data: experiment.map(|e| relative(path, &format!("data/experiments/{}.json", e.slug))).unwrap_or_default(),
    }
}
