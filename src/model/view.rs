//! The normalised view `presscheck.inspect/1` (DESIGN.md §3): a public contract.
//!
//! In: the registry. Out: serialisable views with keys in fixed order. `presscheck inspect` prints
//! the whole of it; the site publishes the same records under `data/`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::{
    Beside, Card, CheckStatus, Column, CurveKind, Datum, DriftReport, Finite, Instant, Interval, Measured,
    MetricResult, Model, Pointer, Registry, Run, RunStatus, Series, Slice, SourceSummary, Version,
};
use crate::diag::Diagnostic;

/// The schema's name.
pub const SCHEMA: &str = "presscheck.inspect/1";

/// The whole view.
#[derive(Debug, Serialize)]
pub struct InspectView<'a> {
    schema: &'static str,
    sources: &'a [SourceSummary],
    models: Vec<ModelView<'a>>,
    runs: Vec<RunView<'a>>,
    drift: Vec<DriftView<'a>>,
    checks: Vec<CheckView<'a>>,
    cards: Vec<CardView<'a>>,
    unrecognised: &'a [String],
    problems: &'a [Diagnostic],
}

impl<'a> InspectView<'a> {
    /// The view of a registry.
    pub fn new(registry: &'a Registry) -> Self {
        Self {
            schema: SCHEMA,
            sources: &registry.sources,
            models: registry.models.iter().map(|m| ModelView::new(m, registry)).collect(),
            runs: registry.runs.iter().map(RunView::new).collect(),
            drift: registry.drift.iter().map(DriftView::new).collect(),
            checks: registry
                .checks
                .iter()
                .map(|c| CheckView { id: &c.id, suite: &c.suite, name: &c.name, status: c.status, message: &c.message })
                .collect(),
            cards: registry.cards.iter().map(CardView::new).collect(),
            unrecognised: &registry.unrecognised,
            problems: &registry.problems,
        }
    }
}

/// A model.
#[derive(Debug, Serialize)]
pub struct ModelView<'a> {
    name: &'a str,
    description: Option<&'a str>,
    tags: &'a BTreeMap<String, String>,
    versions: Vec<VersionView<'a>>,
}

impl<'a> ModelView<'a> {
    /// The view of a model.
    pub fn new(model: &'a Model, registry: &'a Registry) -> Self {
        Self {
            name: &model.name,
            description: model.description.as_deref(),
            tags: &model.tags,
            versions: model.versions.iter().map(|v| VersionView::new(v, registry)).collect(),
        }
    }
}

/// A version.
#[derive(Debug, Serialize)]
pub struct VersionView<'a> {
    version: &'a str,
    run: Option<&'a str>,
    aliases: &'a [String],
    stage: Option<&'a str>,
    status: Option<&'a str>,
    description: Option<&'a str>,
    tags: &'a BTreeMap<String, String>,
}

impl<'a> VersionView<'a> {
    /// The view of a version.
    pub fn new(version: &'a Version, registry: &'a Registry) -> Self {
        Self {
            version: &version.version,
            run: registry.run_of(version).map(|r| r.id.as_str()),
            aliases: &version.aliases,
            stage: version.stage.as_deref(),
            status: version.status.as_deref(),
            description: version.description.as_deref(),
            tags: &version.tags,
        }
    }
}

/// A run.
#[derive(Debug, Serialize)]
pub struct RunView<'a> {
    id: &'a str,
    source: &'a str,
    name: &'a str,
    model: Option<&'a str>,
    version: Option<&'a str>,
    experiment: Option<&'a str>,
    status: RunStatus,
    deleted: bool,
    started_at: Option<Instant>,
    ended_at: Option<Instant>,
    parent: Option<&'a str>,
    params: &'a BTreeMap<String, Datum>,
    tags: &'a BTreeMap<String, String>,
    system_tags: &'a BTreeMap<String, String>,
    results: Vec<ResultView<'a>>,
    series: Vec<SeriesView<'a>>,
    curves: Vec<CurveView<'a>>,
    datasets: Vec<DatasetView<'a>>,
    artifacts: Vec<ArtifactView<'a>>,
}

impl<'a> RunView<'a> {
    /// The view of a run.
    pub fn new(run: &'a Run) -> Self {
        let mut results: Vec<ResultView<'a>> = run.results.iter().map(ResultView::new).collect();
        results.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut series: Vec<SeriesView<'a>> = run.series.iter().map(SeriesView::new).collect();
        series.sort_by(|a, b| a.metric.cmp(b.metric));
        let curves =
            run.curves.iter().map(|c| CurveView { kind: kind_name(c.kind), name: &c.name, points: c.points.len() });
        let matrices = run.matrices.iter().map(|m| CurveView {
            kind: "confusion",
            name: &m.name,
            points: m.rows.iter().map(Vec::len).sum(),
        });
        let importances =
            run.importances.iter().map(|i| CurveView { kind: "importance", name: &i.name, points: i.items.len() });
        let mut curves: Vec<CurveView<'a>> = curves.chain(matrices).chain(importances).collect();
        curves.sort_by(|a, b| (a.kind, a.name).cmp(&(b.kind, b.name)));
        Self {
            id: &run.id,
            source: &run.source,
            name: &run.name,
            model: run.model.as_deref(),
            version: run.version.as_deref(),
            experiment: run.experiment.as_deref(),
            status: run.status,
            deleted: run.deleted,
            started_at: run.started_at,
            ended_at: run.ended_at,
            parent: run.parent.as_deref(),
            params: &run.params,
            tags: &run.tags,
            system_tags: &run.system_tags,
            results,
            series,
            curves,
            datasets: run
                .datasets
                .iter()
                .map(|d| DatasetView { name: &d.name, digest: d.digest.as_deref(), role: d.role.as_deref() })
                .collect(),
            artifacts: run.artifacts.iter().map(|a| ArtifactView { path: &a.path, bytes: a.bytes }).collect(),
        }
    }
}

fn kind_name(kind: CurveKind) -> &'static str {
    kind.as_str()
}

/// A result.
#[derive(Debug, Serialize)]
pub struct ResultView<'a> {
    metric: &'a str,
    value: Measured,
    dataset: Option<&'a str>,
    split: Option<&'a str>,
    slice: &'a Slice,
    class: Option<&'a str>,
    step: Option<i64>,
    n: Option<u64>,
    stderr: Option<Finite>,
    ci: Option<IntervalView>,
    source: &'a Pointer,
}

impl<'a> ResultView<'a> {
    /// The view of a result.
    pub fn new(result: &'a MetricResult) -> Self {
        Self {
            metric: &result.metric,
            value: result.value,
            dataset: result.dataset.as_deref(),
            split: result.split.as_deref(),
            slice: &result.slice,
            class: result.class.as_deref(),
            step: result.step,
            n: result.n,
            stderr: result.stderr,
            ci: result.ci.map(IntervalView::new),
            source: &result.source,
        }
    }

    fn order(&self) -> (&str, Option<&str>, Option<&str>, &Slice, Option<&str>, &Pointer) {
        (self.metric, self.dataset, self.split, self.slice, self.class, self.source)
    }
}

#[derive(Debug, Serialize)]
struct IntervalView {
    lower: Finite,
    upper: Finite,
    level: Finite,
}

impl IntervalView {
    fn new(interval: Interval) -> Self {
        Self { lower: interval.lower, upper: interval.upper, level: interval.level }
    }
}

#[derive(Debug, Serialize)]
struct SeriesView<'a> {
    metric: &'a str,
    points: usize,
    finite: usize,
    min: Option<Finite>,
    max: Option<Finite>,
    first: Option<StepValue>,
    last: Option<StepValue>,
}

impl<'a> SeriesView<'a> {
    fn new(series: &'a Series) -> Self {
        let totals = &series.totals;
        let step_value = |p: super::Point| StepValue(p.step, p.value);
        Self {
            metric: &series.metric,
            points: totals.points,
            finite: totals.finite,
            min: totals.min,
            max: totals.max,
            first: totals.first.map(step_value),
            last: totals.last.map(step_value),
        }
    }
}

#[derive(Debug)]
struct StepValue(i64, Measured);

impl Serialize for StepValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_seq(Some(2))?;
        pair.serialize_element(&self.0)?;
        pair.serialize_element(&self.1)?;
        pair.end()
    }
}

#[derive(Debug, Serialize)]
struct CurveView<'a> {
    kind: &'static str,
    name: &'a str,
    points: usize,
}

#[derive(Debug, Serialize)]
struct DatasetView<'a> {
    name: &'a str,
    digest: Option<&'a str>,
    role: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ArtifactView<'a> {
    path: &'a str,
    bytes: Option<u64>,
}

/// A drift report.
#[derive(Debug, Serialize)]
pub struct DriftView<'a> {
    id: &'a str,
    run: Option<&'a str>,
    tool: &'a str,
    reference: &'a str,
    current: &'a str,
    window: WindowView,
    drifted: Option<bool>,
    share_drifted: Option<Finite>,
    share_threshold: Option<Finite>,
    features: Vec<FeatureView<'a>>,
    #[serde(flatten)]
    beside: Option<&'a Beside>,
}

#[derive(Debug, Serialize)]
struct WindowView {
    start: Option<Instant>,
    end: Option<Instant>,
}

#[derive(Debug, Serialize)]
struct FeatureView<'a> {
    feature: &'a str,
    kind: &'a str,
    method: Option<&'static str>,
    method_label: &'a str,
    score: Option<Measured>,
    threshold: Option<Finite>,
    p_value: Option<Measured>,
    drifted: Option<bool>,
    #[serde(skip_serializing_if = "is_empty")]
    column: &'a Column,
}

/// Whether a report says nothing of a column beside its score.
fn is_empty(column: &&Column) -> bool {
    **column == Column::default()
}

impl<'a> DriftView<'a> {
    /// The view of a drift report.
    pub fn new(report: &'a DriftReport) -> Self {
        Self {
            id: &report.id,
            run: report.run.as_deref(),
            tool: &report.tool,
            reference: &report.reference,
            current: &report.current,
            window: WindowView { start: report.window.start, end: report.window.end },
            drifted: report.drifted,
            share_drifted: report.share_drifted,
            share_threshold: report.share_threshold,
            features: report
                .features
                .iter()
                .map(|f| FeatureView {
                    feature: &f.feature,
                    kind: &f.kind,
                    method: f.method.map(super::Method::as_str),
                    method_label: &f.method_label,
                    score: f.score,
                    threshold: f.threshold,
                    p_value: f.p_value,
                    drifted: f.drifted,
                    column: &f.column,
                })
                .collect(),
            beside: report.beside.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct CheckView<'a> {
    id: &'a str,
    suite: &'a str,
    name: &'a str,
    status: CheckStatus,
    message: &'a str,
}

/// A card.
#[derive(Debug, Serialize)]
pub struct CardView<'a> {
    path: &'a str,
    model: Option<&'a str>,
    metadata: &'a Datum,
    sections: Vec<SectionView<'a>>,
    results: Vec<CardResultView<'a>>,
}

impl<'a> CardView<'a> {
    /// The view of a card.
    pub fn new(card: &'a Card) -> Self {
        Self {
            path: &card.path,
            model: card.model.as_deref(),
            metadata: &card.metadata,
            sections: card
                .sections
                .iter()
                .map(|s| SectionView { id: &s.id, title: &s.title, words: s.words })
                .collect(),
            results: card
                .results
                .iter()
                .map(|r| CardResultView {
                    task: r.task.as_deref(),
                    dataset: r.dataset.as_deref(),
                    config: r.config.as_deref(),
                    split: r.split.as_deref(),
                    metric: &r.metric,
                    value: &r.value,
                    slice: r.slice.as_deref(),
                    interval: r.interval.as_ref().map(|(lower, upper)| [lower, upper]),
                    threshold: r.threshold.as_ref(),
                    verified: r.verified,
                })
                .collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct SectionView<'a> {
    id: &'a str,
    title: &'a str,
    words: usize,
}

#[derive(Debug, Serialize)]
struct CardResultView<'a> {
    task: Option<&'a str>,
    dataset: Option<&'a str>,
    config: Option<&'a str>,
    split: Option<&'a str>,
    metric: &'a str,
    value: &'a Datum,
    #[serde(skip_serializing_if = "Option::is_none")]
    slice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[&'a Datum; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<&'a Datum>,
    verified: bool,
}
