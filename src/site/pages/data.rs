//! The same facts as JSON: the site's index, the inspect records of each model, leaderboards, and the
//! sitemap. Shapes are the public ones of `model::view`; paths are relative to the site's root.

use serde::Serialize;

use crate::diag::visible;
use crate::gate::verdict::Outcome;
use crate::model::view::{CardView, DriftView, ModelView, ResultView, RunView};
use crate::site::boards::Board;
use crate::site::facts::Facts;
use crate::site::plan::{Planned, What};

#[derive(Debug, Serialize)]
struct StageOutcome<'a> {
    stage: &'a str,
    verdict: Outcome,
    sentence: &'a str,
    data: String,
}

#[derive(Debug, Serialize)]
struct VersionEntry<'a> {
    version: &'a str,
    page: String,
    digest: String,
    champion: bool,
    drifted: Option<bool>,
    card_sections: usize,
    verdicts: Vec<StageOutcome<'a>>,
}

#[derive(Debug, Serialize)]
struct ModelEntry<'a> {
    model: &'a str,
    title: &'a str,
    page: String,
    data: String,
    headline: Option<&'a str>,
    versions: Vec<VersionEntry<'a>>,
}

/// `data/index.json`.
#[derive(Debug, Serialize)]
pub(crate) struct SiteData<'a> {
    schema: &'static str,
    title: &'a str,
    generator: &'a str,
    data_as_of: Option<crate::model::Instant>,
    models: Vec<ModelEntry<'a>>,
    leaderboards: Vec<String>,
    problems: usize,
}

pub(crate) fn site<'a>(facts: &'a Facts<'_>, boards: &[Board<'_>]) -> SiteData<'a> {
    SiteData {
        schema: "presscheck.site/1",
        title: &facts.input.options.title,
        generator: &facts.input.options.generator,
        data_as_of: facts.input.options.data_as_of,
        models: facts
            .models
            .iter()
            .enumerate()
            .map(|(m, model)| ModelEntry {
                model: &model.model.name,
                title: &model.model.title,
                page: facts.model_path(m),
                data: format!("data/models/{}.json", model.slug),
                headline: model.headline.as_ref().map(|h| h.metric.as_str()),
                versions: model
                    .versions
                    .iter()
                    .enumerate()
                    .map(|(v, version)| VersionEntry {
                        version: &version.version.version,
                        page: facts.version_path(m, v),
                        digest: version.version.digest.hex(),
                        champion: model.champion == Some(v),
                        drifted: version.drift.drifted,
                        card_sections: version.card.present,
                        verdicts: version
                            .verdicts
                            .iter()
                            .map(|x| StageOutcome {
                                stage: &x.stage,
                                verdict: x.verdict,
                                sentence: &x.sentence,
                                data: facts.verdict_data_path(m, v, &x.stage),
                            })
                            .collect(),
                    })
                    .collect(),
            })
            .collect(),
        leaderboards: boards.iter().map(|b| format!("data/leaderboards/{}.json", b.slug)).collect(),
        problems: facts.registry.problems.len(),
    }
}

/// `data/models/NAME.json`.
#[derive(Debug, Serialize)]
pub(crate) struct ModelData<'a> {
    schema: &'static str,
    models: [ModelView<'a>; 1],
    runs: Vec<RunView<'a>>,
    drift: Vec<DriftView<'a>>,
    cards: Vec<CardView<'a>>,
}

pub(crate) fn model<'a>(facts: &Facts<'a>, m: usize) -> ModelData<'a> {
    let registry = facts.registry;
    let model = &facts.models[m];
    ModelData {
        schema: crate::model::view::SCHEMA,
        models: [ModelView::new(model.model, registry)],
        runs: model.versions.iter().filter_map(|v| v.run).map(RunView::new).collect(),
        drift: model.versions.iter().flat_map(|v| registry.drift_of(v.version)).map(DriftView::new).collect(),
        cards: model.versions.iter().filter_map(|v| v.version.card.as_ref()).map(CardView::new).collect(),
    }
}

#[derive(Debug, Serialize)]
struct BoardRow<'a> {
    rank: usize,
    model: &'a str,
    version: &'a str,
    result: ResultView<'a>,
}

#[derive(Debug, Serialize)]
struct BoardGroup<'a> {
    dataset: Option<&'a str>,
    split: Option<&'a str>,
    digest: Option<&'a str>,
    rows: Vec<BoardRow<'a>>,
}

#[derive(Debug, Serialize)]
struct Unranked<'a> {
    model: &'a str,
    version: &'a str,
    why: String,
}

/// `data/leaderboards/ID.json`.
#[derive(Debug, Serialize)]
pub(crate) struct BoardData<'a> {
    schema: &'static str,
    id: &'a str,
    title: &'a str,
    rank_by: &'a str,
    groups: Vec<BoardGroup<'a>>,
    not_ranked: Vec<Unranked<'a>>,
}

pub(crate) fn board<'a>(facts: &'a Facts<'_>, board: &'a Board<'_>) -> BoardData<'a> {
    let name = |m: usize, v: usize| {
        let model = &facts.models[m];
        (model.model.name.as_str(), model.versions[v].version.version.as_str())
    };
    BoardData {
        schema: "presscheck.leaderboard/1",
        id: &board.spec.id,
        title: &board.spec.title,
        rank_by: &board.spec.rank_by,
        groups: board
            .groups
            .iter()
            .map(|g| BoardGroup {
                dataset: g.dataset,
                split: g.split,
                digest: g.digest,
                rows: g
                    .rows
                    .iter()
                    .map(|r| {
                        let (model, version) = name(r.m, r.v);
                        BoardRow { rank: r.rank, model, version, result: ResultView::new(r.result) }
                    })
                    .collect(),
            })
            .collect(),
        not_ranked: board
            .unranked
            .iter()
            .map(|(m, v, why)| {
                let (model, version) = name(*m, *v);
                Unranked { model, version, why: visible(why, 400) }
            })
            .collect(),
    }
}

/// `data/experiments/ID.json`.
#[derive(Debug, Serialize)]
pub(crate) struct ExperimentData<'a> {
    schema: &'static str,
    runs: Vec<RunView<'a>>,
}

pub(crate) fn experiment<'a>(facts: &Facts<'a>, e: usize) -> ExperimentData<'a> {
    ExperimentData {
        schema: crate::model::view::SCHEMA,
        runs: facts.experiments[e].runs.iter().map(|i| RunView::new(&facts.registry.runs[*i])).collect(),
    }
}

/// `sitemap.xml`: all pages of the site but the one for what is not there.
pub(crate) fn sitemap(facts: &Facts<'_>, plan: &[Planned]) -> Vec<u8> {
    let base = facts.base.as_deref().unwrap_or_default();
    let escaped = base.replace('&', "&amp;").replace('<', "&lt;");
    let mut paths: Vec<&str> = plan
        .iter()
        .filter(|p| p.path.ends_with(".html") && !matches!(p.what, What::NotFound))
        .map(|p| p.path.as_str())
        .collect();
    paths.sort_unstable();
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    // The format allows 50 000 addresses in a file.
    for path in paths.into_iter().take(50_000) {
        out.push_str(&format!("<url><loc>{escaped}{path}</loc></url>\n"));
    }
    out.push_str("</urlset>\n");
    out.into_bytes()
}
