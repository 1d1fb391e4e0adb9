//! Which files the site has: every page and data file with its path, before anything is rendered.
//!
//! In: facts and leaderboards. Out: the list of [`Planned`] files; [`make`] turns one into bytes.

use super::boards::Board;
use super::facts::Facts;
use super::pages;
use super::templates::Templates;
use crate::diag::{Code, Diagnostic};

/// A file to be made.
pub(crate) struct Planned {
    pub path: String,
    pub what: What,
}

/// What a file holds; numbers are indices into the facts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Home(usize),
    Leaderboards,
    Leaderboard(usize),
    Model(usize, usize),
    Version(usize, usize),
    Compare(usize, usize),
    Drift(usize, usize, usize),
    ModelDrift(usize, usize),
    Verdict(usize, usize),
    History(usize, usize),
    LooseDrift(usize),
    Experiments,
    Experiment(usize, usize),
    Run(usize),
    Search(usize),
    Problems,
    About,
    NotFound,
    SiteData,
    ModelData(usize),
    DriftData(usize, usize),
    HistoryData(usize),
    VerdictData(usize, usize, usize),
    BoardData(usize),
    ExperimentData(usize),
    NoJekyll,
    Sitemap,
    Robots,
    Atom,
    JsonFeed,
}

/// Models, versions, runs and decisions on one page.
pub(crate) const PER_PAGE: usize = 200;

/// The path of a page of a list: the first has the plain name.
pub(crate) fn numbered(path: &str, page: usize) -> String {
    if page == 0 { path.to_owned() } else { path.replace(".html", &format!("-p{}.html", page + 1)) }
}

fn pages_of(n: usize) -> usize {
    n.div_ceil(PER_PAGE).max(1)
}

/// All files of the site.
pub(crate) fn plan(facts: &Facts<'_>, boards: &[Board<'_>]) -> Vec<Planned> {
    let mut out = Vec::new();
    let mut add = |path: String, what: What| out.push(Planned { path, what });
    for page in 0..pages_of(facts.models.len()) {
        add(numbered("index.html", page), What::Home(page));
    }
    if !boards.is_empty() {
        add("leaderboards/index.html".to_owned(), What::Leaderboards);
    }
    for (i, board) in boards.iter().enumerate() {
        add(format!("leaderboards/{}.html", board.slug), What::Leaderboard(i));
        add(format!("data/leaderboards/{}.json", board.slug), What::BoardData(i));
    }
    for (m, model) in facts.models.iter().enumerate() {
        for page in 0..pages_of(model.versions.len()) {
            add(numbered(&facts.model_path(m), page), What::Model(m, page));
        }
        add(format!("data/models/{}.json", model.slug), What::ModelData(m));
        for page in 0..pages::drift::pages_of_model(facts, m) {
            add(numbered(&facts.model_drift_path(m), page), What::ModelDrift(m, page));
        }
        let decisions = facts.decisions(m).len();
        if decisions > pages::history::ON_MODEL {
            for page in 0..pages_of(decisions) {
                add(numbered(&facts.history_path(m), page), What::History(m, page));
            }
        }
        if decisions > 0 {
            add(facts.history_data_path(m), What::HistoryData(m));
        }
        for (v, version) in model.versions.iter().enumerate() {
            add(facts.version_path(m, v), What::Version(m, v));
            if !pages::compare::bases(facts, m, v).is_empty() {
                add(facts.compare_path(m, v), What::Compare(m, v));
            }
            if !version.version.drift.is_empty() {
                for page in 0..pages::drift::pages_of_version(facts, m, v) {
                    add(numbered(&facts.drift_path(m, v), page), What::Drift(m, v, page));
                }
                add(facts.drift_data_path(m, v), What::DriftData(m, v));
            }
            if !version.verdicts.is_empty() {
                add(facts.verdict_path(m, v), What::Verdict(m, v));
            }
            for (i, verdict) in version.verdicts.iter().enumerate() {
                add(facts.verdict_data_path(m, v, &verdict.stage), What::VerdictData(m, v, i));
            }
        }
    }
    if !facts.loose_drift.is_empty() {
        for page in 0..pages::drift::pages_of_loose(facts) {
            add(numbered("drift.html", page), What::LooseDrift(page));
        }
    }
    if !facts.experiments.is_empty() {
        add("experiments/index.html".to_owned(), What::Experiments);
    }
    for (e, experiment) in facts.experiments.iter().enumerate() {
        for page in 0..pages_of(experiment.runs.len()) {
            add(numbered(&format!("experiments/{}.html", experiment.slug), page), What::Experiment(e, page));
        }
        add(format!("data/experiments/{}.json", experiment.slug), What::ExperimentData(e));
    }
    for run in &facts.loose_runs {
        add(facts.run_path(*run), What::Run(*run));
    }
    for page in 0..pages::search::pages(facts, boards) {
        add(numbered("search.html", page), What::Search(page));
    }
    add("problems.html".to_owned(), What::Problems);
    add("about.html".to_owned(), What::About);
    add("404.html".to_owned(), What::NotFound);
    add("data/index.json".to_owned(), What::SiteData);
    add(".nojekyll".to_owned(), What::NoJekyll);
    if facts.base.is_some() {
        add("sitemap.xml".to_owned(), What::Sitemap);
        add("robots.txt".to_owned(), What::Robots);
    }
    if pages::feed::is_there(facts) {
        add("feed.xml".to_owned(), What::Atom);
        add("feed.json".to_owned(), What::JsonFeed);
    }
    out
}

/// Makes one file.
///
/// # Errors
/// When its template fails.
pub(crate) fn make(
    planned: &Planned,
    facts: &Facts<'_>,
    boards: &[Board<'_>],
    templates: &Templates,
) -> Result<Vec<u8>, Box<Diagnostic>> {
    let path = planned.path.as_str();
    match planned.what {
        What::Home(page) => templates.render("pages/home.html", path, &pages::home::context(facts, path, page)),
        What::Leaderboards => {
            templates.render("pages/leaderboards.html", path, &pages::leaderboard::list(facts, boards, path))
        }
        What::Leaderboard(i) => {
            templates.render("pages/leaderboard.html", path, &pages::leaderboard::context(facts, &boards[i], path))
        }
        What::Model(m, page) => {
            templates.render("pages/model.html", path, &pages::model::context(facts, path, m, page))
        }
        What::Version(m, v) => {
            templates.render("pages/version.html", path, &pages::version::context(facts, path, m, v))
        }
        What::Compare(m, v) => {
            templates.render("pages/compare.html", path, &pages::compare::context(facts, path, m, v))
        }
        What::Drift(m, v, page) => {
            templates.render("pages/drift.html", path, &pages::drift::of_version(facts, path, m, v, page))
        }
        What::ModelDrift(m, page) => {
            templates.render("pages/drift.html", path, &pages::drift::of_model(facts, path, m, page))
        }
        What::LooseDrift(page) => templates.render("pages/drift.html", path, &pages::drift::loose(facts, path, page)),
        What::DriftData(m, v) => Ok(pages::drift::csv(facts, m, v)),
        What::Verdict(m, v) => {
            templates.render("pages/verdict.html", path, &pages::verdict::context(facts, path, m, v))
        }
        What::History(m, page) => {
            templates.render("pages/history.html", path, &pages::history::context(facts, path, m, page))
        }
        What::Experiments => templates.render("pages/experiments.html", path, &pages::experiment::list(facts, path)),
        What::Experiment(e, page) => {
            templates.render("pages/experiment.html", path, &pages::experiment::context(facts, path, e, page))
        }
        What::Run(run) => templates.render("pages/run.html", path, &pages::run::context(facts, path, run)),
        What::Search(page) => {
            templates.render("pages/search.html", path, &pages::search::context(facts, boards, path, page))
        }
        What::Problems => templates.render("pages/problems.html", path, &pages::problems::context(facts, path)),
        What::About => templates.render("pages/about.html", path, &pages::about::context(facts, path)),
        What::NotFound => templates.render("pages/not_found.html", path, &pages::not_found::context(facts, path)),
        What::SiteData => json(path, &pages::data::site(facts, boards)),
        What::ModelData(m) => json(path, &pages::data::model(facts, m)),
        What::HistoryData(m) => json(path, &pages::history::data(facts, m)),
        What::VerdictData(m, v, i) => json(path, &facts.models[m].versions[v].verdicts[i]),
        What::BoardData(i) => json(path, &pages::data::board(facts, &boards[i])),
        What::ExperimentData(e) => json(path, &pages::data::experiment(facts, e)),
        What::NoJekyll => Ok(Vec::new()),
        What::Robots => Ok(pages::feed::robots(facts)),
        What::Atom => Ok(pages::feed::atom(facts, &facts.title())),
        What::JsonFeed => json(path, &pages::feed::json(facts, &facts.title())),
        What::Sitemap => Ok(pages::data::sitemap(facts, &plan(facts, boards))),
    }
}

fn json(path: &str, value: &impl serde::Serialize) -> Result<Vec<u8>, Box<Diagnostic>> {
    let mut bytes = serde_json::to_vec(value)
        .map_err(|e| Box::new(Diagnostic::new(Code::TemplateError, e.to_string()).at(path)))?;
    bytes.push(b'\n');
    Ok(bytes)
}
