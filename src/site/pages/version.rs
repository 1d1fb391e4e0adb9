//! The page of a version: the model card that a reviewer reads, prints and signs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::home::StageCell;
use super::results::{self, DatasetGroup};
use super::rules::{self, RuleRow};
use crate::diag::{count, visible};
use crate::gate::out::words;
use crate::markdown::{self, RenderOptions};
use crate::model::{Card, CardResult, CheckStatus, CurveKind, Datum, Finite, Instant, Run, Version};
use crate::plot::{self, Bar, BarsSpec, Bin, CalibrationSpec, CurveSpec, Heading, MatrixSpec, SeriesSpec, StepSeries};
use crate::site::compare::{Delta, delta};
use crate::site::facts::{CORE_SECTIONS, Facts, VersionFacts};
use crate::site::parts::{
    Badge, FigureView, Link, Outside, Page, Pair, Prose, check, data_drifted, outcome, run_status,
};
use crate::site::show::{self, Digits, Num, arrow};
use crate::site::url::relative;

/// The verdict of one stage in full.
#[derive(Debug, Serialize)]
pub(crate) struct StageVerdict {
    stage: String,
    badge: Badge,
    sentence: String,
    counts: String,
    /// The last decision that the ledger holds: `recorded: pass on 2026-03-02`.
    decided: String,
    evaluated: String,
    policy: String,
    digest: String,
    href: String,
    data: String,
}

/// A section of the card.
#[derive(Debug, Serialize)]
pub(crate) struct SectionView {
    title: String,
    /// 3 or 4: below the page's own headings.
    level: u8,
    id: String,
    prose: Prose,
}

/// Whether a core section is there.
#[derive(Debug, Serialize)]
pub(crate) struct CoreSection {
    title: &'static str,
    present: bool,
}

/// What the card claims.
#[derive(Debug, Serialize)]
pub(crate) struct Claim {
    metric: String,
    dataset: String,
    value: String,
    verified: bool,
    source: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct CardView {
    path: String,
    present: usize,
    of: usize,
    core: Vec<CoreSection>,
    metadata: Vec<Pair>,
    sections: Vec<SectionView>,
    claims: Vec<Claim>,
    left_out: usize,
}

/// The newest drift reports in short.
#[derive(Debug, Serialize)]
pub(crate) struct DriftShort {
    badge: Badge,
    sentence: String,
    href: String,
    features: Vec<Pair>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CheckRow {
    badge: Badge,
    suite: String,
    name: String,
    message: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Checks {
    summary: String,
    badge: Badge,
    /// Those that did not pass.
    rows: Vec<CheckRow>,
    passed: Vec<CheckRow>,
    left_out: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct DatasetRow {
    name: String,
    role: String,
    rows: String,
    digest: String,
    uri: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct ArtifactRow {
    path: String,
    kind: String,
    size: String,
    sha256: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct ParamRow {
    key: String,
    value: String,
    /// The champion's value, where it differs.
    was: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct EvidenceRow {
    path: String,
    size: String,
    sha256: String,
}

/// The value that stands for the version.
#[derive(Debug, Serialize)]
pub(crate) struct Headline {
    label: String,
    unit: String,
    dataset: String,
    arrow: &'static str,
    arrow_title: &'static str,
    value: Num,
    interval: String,
    delta: Delta,
    base: String,
}

/// An entry of the list of what is on this page.
#[derive(Debug, Serialize)]
pub(crate) struct TocEntry {
    id: &'static str,
    text: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    toc: Vec<TocEntry>,
    model: Link,
    version: String,
    selector: String,
    description: Option<Prose>,
    aliases: Vec<String>,
    stage: String,
    status: String,
    run_badge: Option<Badge>,
    created: String,
    owners: String,
    digest: String,
    ambiguous: String,
    previous: Option<Link>,
    next: Option<Link>,
    champion: Option<Link>,
    champion_name: String,
    /// What changed; empty where there is nothing to compare with.
    changes: Option<Link>,
    verdicts: Vec<StageVerdict>,
    cells: Vec<StageCell>,
    stages: Vec<String>,
    /// Rules that fail or warn at some stage.
    rules: Vec<RuleRow>,
    /// The others, in short.
    quiet: Vec<RuleRow>,
    quiet_count: String,
    headline: Option<Headline>,
    results: Vec<DatasetGroup>,
    rejected: Vec<Pair>,
    compared: String,
    figures: Vec<FigureView>,
    training: Vec<FigureView>,
    series_left: usize,
    card: Option<CardView>,
    drift: Option<DriftShort>,
    checks: Option<Checks>,
    params: Vec<ParamRow>,
    model_facts: Vec<Pair>,
    tags: Vec<Pair>,
    datasets: Vec<DatasetRow>,
    lineage: Vec<Pair>,
    children: Vec<Link>,
    children_left: usize,
    artifacts: Vec<ArtifactRow>,
    artifacts_left: usize,
    code: Vec<Pair>,
    links: Vec<Outside>,
    evidence: Vec<EvidenceRow>,
    evidence_left: usize,
    data: String,
}

/// Rows of long lists that a page holds.
const ROWS: usize = 200;
/// Training charts of a page.
const SERIES: usize = 2;
/// Curves, matrices and importances of a page.
const FIGURES: usize = 6;

pub(crate) fn context(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Context {
    let registry = facts.registry;
    let model = &facts.models[m];
    let entry = &model.versions[v];
    let (version, run) = (entry.version, entry.run);
    let title = format!("{} {}", model.model.title, version.version);
    let sentence = entry.verdicts.last().map_or_else(|| "Model card".to_owned(), |v| v.sentence.clone());
    let page = Page::new(facts, path, "models", title, sentence).crumb(path, &model.model.title, &facts.model_path(m));
    let neighbour = |at: usize| Link::new(path, &model.versions[at].version.version, &facts.version_path(m, at));
    let base = model.champion.filter(|c| *c != v).or_else(|| v.checked_sub(1));
    let is_champion = |c: usize| model.champion == Some(c);
    let base_name = base.map(|b| {
        let role = if is_champion(b) { "champion" } else { "previous version" };
        format!("{role} {}", visible(&model.versions[b].version.version, 80))
    });
    let base_run = base.and_then(|b| model.versions[b].run);
    let (stages, mut rules) = rules::table(entry.verdicts);
    let quiet = rules.split_off(rules.partition_point(|r| r.level < 2));
    let mut first: Vec<String> = model.headline.iter().map(|h| h.metric.clone()).collect();
    for rule in entry.verdicts.iter().flat_map(|v| &v.rules) {
        if let Some(metric) = rule.metric.as_deref().map(|m| registry.catalogue.canonical(m))
            && !first.iter().any(|f| f == metric)
        {
            first.push(metric.to_owned());
        }
    }
    let results = run.map(|r| results::groups(facts, r, base_run, &first, true)).unwrap_or_default();
    let (training, series_left) = run.map(|r| training(r, registry, SERIES)).unwrap_or_default();
    let beside = base_name.as_deref().zip(base_run);
    let figures = run.map(|run| figures(run, beside)).unwrap_or_default();
    let card = version.card.as_ref().map(|c| card(c, entry));
    let drift = drift(facts, path, m, v);
    let checks = checks(facts, version);
    let evidence: Vec<_> = registry.evidence_of(version).collect();
    let children: Vec<usize> = run.and_then(|r| facts.children.get(r.id.as_str())).cloned().unwrap_or_default();
    let mut toc = Vec::new();
    let mut section = |id, text, there: bool| {
        if there {
            toc.push(TocEntry { id, text });
        }
    };
    section("verdict", "Verdict", true);
    section("results", "Results", !results.is_empty());
    section("curves", "Curves", !figures.is_empty());
    section("training", "Training", !training.is_empty());
    section("drift", "Drift", drift.is_some());
    section("checks", "Checks", checks.is_some());
    section("card", "Card", true);
    section("setup", "Data and setup", run.is_some());
    section("evidence", "Evidence", !evidence.is_empty());
    Context {
        page,
        toc,
        model: Link::new(path, &model.model.title, &facts.model_path(m)),
        version: visible(&version.version, 120),
        selector: visible(&version.selector(), 200),
        description: prose(version.description.as_deref().or(run.and_then(|r| r.description.as_deref())), "about"),
        aliases: version.aliases.iter().map(|a| visible(a, 80)).collect(),
        stage: version.stage.as_deref().map(|s| visible(s, 80)).unwrap_or_default(),
        status: version.status.as_deref().map(|s| visible(s, 80)).unwrap_or_default(),
        run_badge: run.map(|r| run_status(r.status)).filter(|b| b.text != "finished"),
        created: version.created_at.map(Instant::minute).unwrap_or_default(),
        owners: visible(&model.model.owners.join(", "), 300),
        digest: version.digest.hex(),
        ambiguous: version.ambiguous.as_deref().map(|a| visible(a, 400)).unwrap_or_default(),
        previous: v.checked_sub(1).map(neighbour),
        next: (v + 1 < model.versions.len()).then(|| neighbour(v + 1)),
        champion: model.champion.filter(|c| *c != v).map(neighbour),
        champion_name: base_name.clone().unwrap_or_default(),
        changes: base_name.as_ref().map(|name| Link::new(path, &format!("against {name}"), &facts.compare_path(m, v))),
        verdicts: entry.verdicts.iter().map(|x| stage_verdict(facts, path, m, v, x)).collect(),
        cells: super::home::stage_cells(facts, path, m, v),
        stages,
        rules,
        quiet_count: count(quiet.len(), "rule"),
        quiet,
        headline: headline(facts, m, v, base, base_name.as_deref()),
        results,
        rejected: run
            .map(|r| {
                r.rejected
                    .iter()
                    .take(ROWS)
                    .map(|x| Pair { title: x.source.to_string(), ..Pair::new(&x.metric, x.found.clone()) })
                    .collect()
            })
            .unwrap_or_default(),
        compared: base_name.unwrap_or_default(),
        figures,
        training,
        series_left,
        card,
        drift,
        checks,
        params: run.map(|r| params(r, base_run)).unwrap_or_default(),
        model_facts: run.map(model_facts).unwrap_or_default(),
        tags: run
            .map(|r| r.tags.iter().chain(&version.tags).take(ROWS).map(|(k, v)| Pair::new(k, v.clone())).collect())
            .unwrap_or_default(),
        datasets: run.map(datasets).unwrap_or_default(),
        lineage: run.map(lineage).unwrap_or_default(),
        children: children
            .iter()
            .take(20)
            .map(|i| Link::new(path, run_name(&registry.runs[*i]), &facts.run_path(*i)))
            .collect(),
        children_left: children.len().saturating_sub(20),
        artifacts: run.map(|r| r.artifacts.iter().take(ROWS).map(artifact).collect()).unwrap_or_default(),
        artifacts_left: run.map_or(0, |r| r.artifacts.len().saturating_sub(ROWS)),
        code: run.map(code).unwrap_or_default(),
        links: model.model.links.iter().map(|l| Outside::new(&l.title, &l.url)).collect(),
        evidence: evidence
            .iter()
            .take(ROWS)
            .map(|e| EvidenceRow { path: visible(&e.path, 300), size: show::bytes(e.bytes), sha256: e.sha256.hex() })
            .collect(),
        evidence_left: evidence.len().saturating_sub(ROWS),
        data: relative(path, &format!("data/models/{}.json", model.slug)),
    }
}

/// Rendered Markdown, when there is any; heading ids start with the prefix.
pub(crate) fn prose(text: Option<&str>, prefix: &str) -> Option<Prose> {
    rendered(text?, prefix, None)
}

fn rendered(text: &str, prefix: &str, anchors: Option<&BTreeMap<String, String>>) -> Option<Prose> {
    let id_prefix = format!("{prefix}-");
    let html = markdown::render(
        text,
        &RenderOptions { heading_base: 3, id_prefix: &id_prefix, anchors, ..RenderOptions::default() },
    );
    (!html.is_empty()).then_some(Prose { html })
}

/// A run's name, or its id.
pub(crate) fn run_name(run: &Run) -> &str {
    if run.name.is_empty() { &run.id } else { &run.name }
}

fn stage_verdict(
    facts: &Facts<'_>,
    path: &str,
    m: usize,
    v: usize,
    verdict: &crate::gate::verdict::Verdict,
) -> StageVerdict {
    StageVerdict {
        stage: visible(&verdict.stage, 80),
        badge: outcome(verdict.verdict),
        sentence: visible(&verdict.sentence, 600),
        counts: words::counts(&verdict.counts),
        decided: super::history::last(facts, m, v, &verdict.stage).unwrap_or_default(),
        evaluated: verdict.evaluated_at.minute(),
        policy: visible(&verdict.policy.name, 120),
        digest: verdict.policy.digest.hex(),
        href: relative(path, &facts.verdict_path(m, v)),
        data: relative(path, &facts.verdict_data_path(m, v, &verdict.stage)),
    }
}

fn headline(facts: &Facts<'_>, m: usize, v: usize, base: Option<usize>, base_name: Option<&str>) -> Option<Headline> {
    let model = &facts.models[m];
    let headline = model.headline.as_ref()?;
    let result = model.versions[v].value?;
    let base_value = base.and_then(|b| model.versions[b].value);
    let digits = Digits::of([result.value.as_f64()].into_iter().chain(base_value.map(|b| b.value.as_f64())));
    let (arrow, arrow_title) = arrow(headline.direction);
    Some(Headline {
        label: headline.label.clone(),
        unit: headline.unit.clone(),
        dataset: headline.dataset.clone().unwrap_or_default(),
        arrow,
        arrow_title,
        value: digits.sourced(result.value, &result.source),
        interval: show::interval_of(result).map(|(i, _)| digits.interval(&i)).unwrap_or_default(),
        delta: delta(facts.registry, digits, result, base_value, base_name.unwrap_or("")),
        base: if base_value.is_some() { base_name.unwrap_or("").to_owned() } else { String::new() },
    })
}

/// Area under a curve by the trapezoidal rule; nothing when a point is not finite.
fn trapezoids(points: &[(f64, f64)]) -> Option<f64> {
    let area: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
    (points.len() > 1 && area.is_finite()).then_some(area.abs())
}

/// A curve as it is drawn; a ROC curve without a stated area gets that of its points.
fn drawn_curve(curve: &crate::model::Curve, name: String) -> plot::Curve {
    let points: Vec<(f64, f64)> = curve.points.iter().map(|p| (p.x.as_f64(), p.y.as_f64())).collect();
    let stated = curve.area.and_then(|a| a.finite()).map(Finite::get);
    let area = stated.or_else(|| (curve.kind == CurveKind::Roc).then(|| trapezoids(&points)).flatten());
    plot::Curve { name, points, area }
}

/// A kind of curve as a chart: all curves of the run, or the only one beside the only one of `base`, the version that
/// this one is compared with.
fn family(run: &Run, base: Option<(&str, &Run)>, kind: CurveKind) -> Option<CurveSpec> {
    let curves: Vec<&crate::model::Curve> = run.curves.iter().filter(|c| c.kind == kind).collect();
    let (id, title, drawn) = match kind {
        CurveKind::Roc => ("roc", "ROC curve", plot::CurveKind::Roc),
        CurveKind::PrecisionRecall => ("pr", "Precision and recall", plot::CurveKind::PrecisionRecall),
        _ => ("det", "Detection error trade-off", plot::CurveKind::Det),
    };
    let mut all: Vec<plot::Curve> = match curves.as_slice() {
        [] => return None,
        [only] => vec![drawn_curve(only, "this version".to_owned())],
        several => several.iter().map(|c| drawn_curve(c, c.name.clone())).collect(),
    };
    if let (1, Some((name, base))) = (all.len(), base) {
        let mut same = base.curves.iter().filter(|c| c.kind == kind);
        if let (Some(other), None) = (same.next(), same.next()) {
            all.push(drawn_curve(other, visible(name, 60)));
        }
    }
    Some(CurveSpec { heading: Heading::new(id, title), kind: drawn, curves: all, prevalence: None })
}

/// Kinds of curves that lie in one square.
const FAMILIES: [CurveKind; 3] = [CurveKind::Roc, CurveKind::PrecisionRecall, CurveKind::Det];

/// Curves of which both versions have exactly one, over each other. Ids begin with `prefix`.
pub(crate) fn overlaid(run: &Run, (name, base): (&str, &Run), prefix: &str) -> Vec<FigureView> {
    let one = |run: &Run, kind| run.curves.iter().filter(|c| c.kind == kind).count() == 1;
    let both = FAMILIES.into_iter().filter(|kind| one(run, *kind) && one(base, *kind));
    both.filter_map(|kind| {
        let mut spec = family(run, Some((name, base)), kind)?;
        spec.heading.id = format!("{prefix}-{}", spec.heading.id);
        Some(plot::curve(&spec).into())
    })
    .collect()
}

/// Curves, matrices and importances as charts. A single curve is drawn beside the same curve of
/// `base`, the version that this one is compared with.
pub(crate) fn figures(run: &Run, base: Option<(&str, &Run)>) -> Vec<FigureView> {
    let mut out: Vec<FigureView> =
        FAMILIES.into_iter().filter_map(|kind| Some(plot::curve(&family(run, base, kind)?).into())).collect();
    for (i, curve) in run.curves.iter().filter(|c| c.kind == CurveKind::Calibration).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "counts of examples in a chart")]
        let bins = curve
            .points
            .iter()
            .map(|p| Bin {
                predicted: p.x.as_f64(),
                observed: p.y.as_f64(),
                interval: None,
                count: p.count.map(|c| c as f64),
            })
            .collect();
        let heading = Heading::new(format!("calibration{i}"), "Calibration");
        out.push(plot::calibration(&CalibrationSpec { heading, bins, summary: None }).into());
    }
    for (i, matrix) in run.matrices.iter().enumerate() {
        out.push(
            plot::matrix(&MatrixSpec {
                heading: Heading::new(format!("matrix{i}"), "Confusion matrix"),
                classes: matrix.labels.clone(),
                counts: matrix.rows.iter().map(|r| r.iter().map(|v| v.as_f64()).collect()).collect(),
            })
            .into(),
        );
    }
    for (i, curve) in run.curves.iter().filter(|c| c.kind == CurveKind::Learning).enumerate() {
        let points = |shift: f64| -> Vec<(f64, f64)> {
            curve
                .points
                .iter()
                .map(|p| (p.x.as_f64(), p.y.as_f64() + shift * p.threshold.map_or(0.0, |t| t.as_f64())))
                .collect()
        };
        out.push(
            plot::series(&SeriesSpec {
                heading: Heading::new(format!("learning{i}"), format!("Learning curve, {}", curve.name)),
                metric: "score".to_owned(),
                step: "training example".to_owned(),
                series: vec![StepSeries { name: String::new(), points: points(0.0), ..StepSeries::default() }],
            })
            .into(),
        );
    }
    for (i, importance) in run.importances.iter().enumerate() {
        let mut bars: Vec<Bar> = importance
            .items
            .iter()
            .map(|item| Bar {
                label: item.feature.clone(),
                value: Some(item.mean.as_f64()),
                interval: item
                    .std
                    .and_then(|s| s.finite())
                    .map(|s| (item.mean.as_f64() - s.get(), item.mean.as_f64() + s.get())),
                flagged: false,
            })
            .collect();
        bars.sort_by(|a, b| {
            b.value.unwrap_or(0.0).abs().total_cmp(&a.value.unwrap_or(0.0).abs()).then_with(|| a.label.cmp(&b.label))
        });
        bars.truncate(20);
        out.push(
            plot::bars(&BarsSpec {
                heading: Heading::new(
                    format!("importance{i}"),
                    format!("Feature importance, {}", importance.name.replace('_', " ")),
                ),
                measure: "mean, with one standard deviation to each side".to_owned(),
                mark: plot::Mark::Bar,
                bars,
                reference: None,
            })
            .into(),
        );
    }
    out.truncate(FIGURES);
    out
}

/// Training series: metrics that differ only by a prefix (`train_loss`, `val_loss`) share a chart.
pub(crate) fn training(run: &Run, _: &crate::model::Registry, most: usize) -> (Vec<FigureView>, usize) {
    let mut charts: Vec<(String, Vec<&crate::model::Series>)> = Vec::new();
    for series in run.series.iter().filter(|s| s.points.len() > 1) {
        let stem = stem(&series.metric);
        match charts.iter_mut().find(|c| c.0 == stem) {
            Some(chart) if chart.1.len() < plot::MAX_SERIES => chart.1.push(series),
            Some(_) => {}
            None => charts.push((stem, vec![series])),
        }
    }
    let left = charts.len().saturating_sub(most);
    let figures = charts
        .into_iter()
        .take(most)
        .enumerate()
        .map(|(i, (stem, list))| {
            let one = list.len() == 1;
            #[expect(clippy::cast_precision_loss, reason = "steps on an axis")]
            let series = list
                .iter()
                .map(|s| StepSeries {
                    name: if one { String::new() } else { s.metric.clone() },
                    points: s.points.iter().map(|p| (p.step as f64, p.value.as_f64())).collect(),
                    total: (s.totals.points > s.points.len()).then_some(s.totals.points),
                })
                .collect();
            let title = if one { list[0].metric.clone() } else { stem.clone() };
            FigureView::from(plot::series(&SeriesSpec {
                heading: Heading::new(format!("series{i}"), format!("{title} over training")),
                metric: stem,
                step: "step".to_owned(),
                series,
            }))
        })
        .collect();
    (figures, left)
}

/// A metric's name without the word that says where it was measured.
fn stem(metric: &str) -> String {
    for prefix in ["train", "val", "valid", "validation", "eval", "test", "dev"] {
        for joint in ['_', '/', '.', '-'] {
            if let Some(rest) = metric.strip_prefix(prefix).and_then(|r| r.strip_prefix(joint)) {
                return rest.to_owned();
            }
        }
    }
    metric.to_owned()
}

fn card(card: &Card, entry: &VersionFacts<'_>) -> CardView {
    let shown = card.sections.iter().filter(|s| s.level != 1 || !s.markdown.trim().is_empty());
    let mut seen = std::collections::BTreeSet::new();
    let named: Vec<(String, &crate::model::Section)> = shown
        .take(60)
        .enumerate()
        .map(|(i, s)| {
            let ascii: String = s.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let id = if ascii.is_empty() || !seen.insert(ascii.clone()) {
                format!("card-{i}")
            } else {
                format!("card-{ascii}")
            };
            (id, s)
        })
        .collect();
    // Links from one section to another lead to the heading that this page gives it.
    let anchors: BTreeMap<String, String> =
        named.iter().filter(|(_, s)| s.level > 1).map(|(id, s)| (markdown::anchor(&s.title), id.clone())).collect();
    let sections: Vec<SectionView> = named
        .into_iter()
        .filter_map(|(id, s)| {
            let title = if s.level <= 1 { String::new() } else { visible(&s.title, 200) };
            let prose = rendered(&s.markdown, &id, Some(&anchors));
            if title.is_empty() && prose.is_none() {
                return None;
            }
            Some(SectionView {
                title,
                level: if s.level <= 2 { 3 } else { 4 },
                prose: prose.unwrap_or(Prose { html: crate::markdown::Html::default() }),
                id,
            })
        })
        .collect();
    let missing = &entry.card.missing;
    CardView {
        path: visible(&card.path, 200),
        present: entry.card.present,
        of: CORE_SECTIONS.len(),
        core: CORE_SECTIONS.iter().map(|(title, _)| CoreSection { title, present: !missing.contains(title) }).collect(),
        metadata: card.metadata.entries().unwrap_or_default().iter().take(30).map(|(k, v)| metadata(k, v)).collect(),
        sections,
        claims: card
            .results
            .iter()
            .take(ROWS)
            .map(|r| Claim {
                metric: visible(r.metric_name.as_deref().unwrap_or(&r.metric), 120),
                dataset: claimed_on(r),
                value: claimed_value(r),
                verified: r.verified,
                source: r.source.to_string(),
            })
            .collect(),
        left_out: card.results.len().saturating_sub(ROWS),
    }
}

/// The dataset of a claim and the part of it.
fn claimed_on(claim: &CardResult) -> String {
    let dataset = claim.dataset_name.as_deref().or(claim.dataset.as_deref());
    match (dataset, claim.slice.as_deref()) {
        (Some(dataset), Some(slice)) => format!("{}, {}", visible(dataset, 120), visible(slice, 120)),
        (Some(one), None) | (None, Some(one)) => visible(one, 120),
        (None, None) => "–".to_owned(),
    }
}

/// The value of a claim with its interval and threshold.
fn claimed_value(claim: &CardResult) -> String {
    let mut out = visible(&claim.value.display(), 80);
    if let Some((lower, upper)) = &claim.interval {
        let _ = write!(out, " [{}, {}]", visible(&lower.display(), 40), visible(&upper.display(), 40));
    }
    if let Some(threshold) = &claim.threshold {
        let _ = write!(out, " at {}", visible(&threshold.display(), 40));
    }
    out.trim_start().to_owned()
}

fn metadata(key: &str, value: &Datum) -> Pair {
    Pair::new(&key.replace('_', " "), value.display())
}

fn drift(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Option<DriftShort> {
    let entry = &facts.models[m].versions[v];
    if entry.drift.reports == 0 {
        return None;
    }
    let (n, of) = entry.drift.features;
    let features = super::drift::worst(facts, m, v);
    let window = visible(&entry.drift.window, 80);
    Some(DriftShort {
        badge: data_drifted(entry.drift.drifted, n),
        sentence: format!(
            "{n} of {} drifted in the newest judged window ({window}); {} in all.",
            count(of, "feature"),
            count(entry.drift.reports, "report")
        ),
        href: relative(path, &facts.drift_path(m, v)),
        features,
    })
}

fn checks(facts: &Facts<'_>, version: &Version) -> Option<Checks> {
    if version.checks.is_empty() {
        return None;
    }
    let mut counts = [0usize; 5];
    let (mut rows, mut passed) = (Vec::new(), Vec::new());
    for c in facts.registry.checks_of(version) {
        counts[c.status as usize] += 1;
        let list = if c.status == CheckStatus::Pass { &mut passed } else { &mut rows };
        if list.len() < ROWS {
            list.push(CheckRow {
                badge: check(c.status),
                suite: visible(&c.suite, 160),
                name: visible(&c.name, 200),
                message: visible(&c.message, 600),
            });
        }
    }
    let names = ["passed", "warned", "failed", "errors", "skipped"];
    let parts: Vec<String> = (0..5).filter(|i| counts[*i] > 0).map(|i| format!("{} {}", counts[i], names[i])).collect();
    let worst = if counts[2] + counts[3] > 0 {
        CheckStatus::Fail
    } else if counts[1] > 0 {
        CheckStatus::Warn
    } else {
        CheckStatus::Pass
    };
    let left_out = version.checks.len() - rows.len() - passed.len();
    Some(Checks { summary: parts.join(", "), badge: check(worst), rows, passed, left_out })
}

fn params(run: &Run, base: Option<&Run>) -> Vec<ParamRow> {
    run.params
        .iter()
        .take(ROWS)
        .map(|(key, value)| ParamRow {
            key: visible(key, 120),
            value: visible(&value.display(), 500),
            was: match base {
                Some(base) => match base.params.get(key) {
                    Some(was) if was == value => String::new(),
                    Some(was) => visible(&was.display(), 200),
                    None => "not set".to_owned(),
                },
                None => String::new(),
            },
        })
        .collect()
}

/// What the model's own files say of it: signature, flavors, requirements.
fn model_facts(run: &Run) -> Vec<Pair> {
    let facts = run.extra.iter().filter(|(key, _)| key.starts_with("model.") || key.starts_with("model "));
    facts
        .take(ROWS)
        .map(|(key, value)| {
            let key = key.strip_prefix("model.").unwrap_or(key).replace(['.', '_'], " ");
            Pair::new(&key, visible(&value.display(), 2000))
        })
        .collect()
}

pub(crate) fn datasets(run: &Run) -> Vec<DatasetRow> {
    run.datasets
        .iter()
        .take(ROWS)
        .map(|d| DatasetRow {
            name: visible(&d.name, 160),
            role: d.role.as_deref().map(|r| visible(r, 80)).unwrap_or_default(),
            rows: d.rows.map(show::count).unwrap_or_default(),
            digest: d.digest.as_deref().map(|x| visible(x, 200)).unwrap_or_default(),
            uri: d.uri.as_deref().map(|x| visible(x, 300)).unwrap_or_default(),
        })
        .collect()
}

fn lineage(run: &Run) -> Vec<Pair> {
    let l = &run.lineage;
    [("Trained from", &l.parent), ("Base model", &l.base_model), ("Pipeline", &l.pipeline), ("Parent run", &run.parent)]
        .into_iter()
        .filter_map(|(k, v)| v.as_ref().map(|v| Pair::new(k, v.clone())))
        .collect()
}

pub(crate) fn artifact(a: &crate::model::Artifact) -> ArtifactRow {
    ArtifactRow {
        path: visible(&a.path, 300),
        kind: a.kind.as_deref().map(|k| visible(k, 60)).unwrap_or_default(),
        size: a.bytes.map(show::bytes).unwrap_or_default(),
        sha256: a.sha256.as_deref().map(|s| visible(s, 80)).unwrap_or_default(),
    }
}

pub(crate) fn code(run: &Run) -> Vec<Pair> {
    let mut out: Vec<Pair> =
        [("Commit", &run.git.commit), ("Branch", &run.git.branch), ("Repository", &run.git.remote)]
            .into_iter()
            .filter_map(|(k, v)| v.as_ref().map(|v| Pair::new(k, v.clone())))
            .collect();
    if let Some(dirty) = run.git.dirty {
        out.push(Pair::new("Work tree", if dirty { "had uncommitted changes" } else { "clean" }));
    }
    out
}
