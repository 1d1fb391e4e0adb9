//! The site: registry and verdicts in, pages out; writes nothing, judges nothing.
//!
//! `facts` works out what many pages ask; `plan` says which pages exist; `pages` holds one context per
//! kind of page; `templates` renders contexts, in parallel; `links` checks the result. Must not: open
//! files, read a clock or the environment, compute a verdict. Equal input gives equal bytes on any number
//! of threads.

mod assets;
mod boards;
mod compare;
mod facts;
mod links;
mod pages;
mod parts;
mod plan;
mod search;
mod show;
mod single;
mod templates;
mod url;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

pub use crate::config::{Leaderboard, Per};
pub use assets::ASSETS;
pub use templates::TEMPLATES;
pub(crate) use url::slug as file_slug;

use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::digest::Sha256;
use crate::gate::history::History;
use crate::gate::verdict::Verdict;
use crate::model::{Instant, Model, Registry, Version};

impl Leaderboard {
    /// Whether it speaks of a model.
    pub(crate) fn covers(&self, model: &Model) -> bool {
        self.models.is_empty() || self.models.iter().any(|pattern| glob(pattern, &model.name))
    }
}

/// Whether a name fits a pattern of `*` (anything) and `?` (one character).
fn glob(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while j < n.len() {
        if i < p.len() && p[i] == '*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '?' || p[i] == n[j]) {
            (i, j) = (i + 1, j + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (i, j) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

/// How the site looks and what it is called.
#[derive(Clone, Debug, Default)]
pub struct SiteOptions {
    /// The title.
    pub title: String,
    /// The address, for canonical links, the sitemap and feeds only.
    pub base_url: Option<String>,
    /// The leaderboards; one per headline metric when there are none.
    pub leaderboards: Vec<Leaderboard>,
    /// The user's templates and assets by name (`base.html`, `pages/home.html`, `assets/site.css`).
    pub overrides: BTreeMap<String, Vec<u8>>,
    /// A line at the foot of every page.
    pub footer: Option<String>,
    /// The tool and its version.
    pub generator: String,
    /// The newest moment that the data speaks of.
    pub data_as_of: Option<Instant>,
}

/// The policy in words.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: Sha256,
    /// Each rule's id and what it demands, as a sentence.
    pub rules: Vec<(String, String)>,
}

/// Everything that the site shows.
pub struct SiteInput<'a> {
    /// What was read.
    pub registry: &'a Registry,
    /// The verdicts of a version, one per stage, by model and version.
    pub verdicts: &'a BTreeMap<(String, String), Vec<Verdict>>,
    /// Earlier decisions.
    pub history: &'a History,
    /// The policy that gave them.
    pub policy: Option<PolicyText>,
    /// How the site looks.
    pub options: &'a SiteOptions,
}

/// What every template can see beside its page.
#[derive(Serialize)]
struct Site<'a> {
    title: String,
    css: &'a str,
    icon: &'a str,
    search: &'a str,
    footer: Option<String>,
    generator: String,
    data_as_of: Option<String>,
    has_leaderboards: bool,
    has_experiments: bool,
    has_feed: bool,
    problems: usize,
    errors: usize,
    context_version: u32,
}

impl<'a> Site<'a> {
    fn new(
        input: &SiteInput<'_>,
        facts: &facts::Facts<'_>,
        boards: &[boards::Board<'_>],
        assets: &'a assets::Assets,
    ) -> Self {
        let problems = &input.registry.problems;
        Self {
            title: facts.title(),
            css: &assets.css,
            icon: &assets.icon,
            search: &assets.search,
            footer: input.options.footer.as_deref().map(|f| visible(f, 1_000)),
            generator: visible(&input.options.generator, 100),
            data_as_of: input.options.data_as_of.map(Instant::minute),
            has_leaderboards: !boards.is_empty(),
            has_experiments: !facts.experiments.is_empty(),
            has_feed: pages::feed::is_there(facts),
            problems: problems.len(),
            errors: problems.iter().filter(|p| p.severity == Severity::Error).count(),
            context_version: CONTEXT_VERSION,
        }
    }
}

/// Version of the contexts that templates see; overrides can check it.
const CONTEXT_VERSION: u32 = 1;

/// A file of the site: its path from the root, and its bytes.
pub type File = (String, Vec<u8>);

/// Renders the whole site: output paths and bytes, sorted by path. `progress` is told how many of how
/// many files are done.
///
/// # Errors
/// All templates that fail, all links that lead nowhere, all names that collide.
pub fn render(input: &SiteInput<'_>, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Vec<File>, Vec<Diagnostic>> {
    let facts = facts::Facts::new(input);
    let boards = boards::all(&facts);
    let assets = assets::publish(&input.options.overrides);
    let site = Site::new(input, &facts, &boards, &assets);
    let templates = templates::Templates::new(&input.options.overrides, &site)?;
    let plan = plan::plan(&facts, &boards);
    let total = plan.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let rendered: Vec<Result<File, Box<Diagnostic>>> = plan
        .into_par_iter()
        .map(|planned| {
            let bytes = plan::make(&planned, &facts, &boards, &templates)?;
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, total);
            Ok((planned.path, bytes))
        })
        .collect();
    let mut files = assets.files;
    files.extend(search::files(&facts, &boards));
    let mut broken = Vec::new();
    for file in rendered {
        match file {
            Ok(file) => files.push(file),
            Err(problem) => broken.push(*problem),
        }
    }
    if !broken.is_empty() {
        // One fault in a template shows on every page of its kind: each is reported once.
        broken.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        broken.dedup_by(|a, b| a.path == b.path && a.line == b.line && a.column == b.column && a.line.is_some());
        return Err(broken);
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut problems = collisions(&files);
    problems.extend(links::check(&files));
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// One version as a single HTML file that asks for nothing: its card, verdict, comparison and drift.
///
/// # Errors
/// Templates that fail; an overridden `base.html` without the main part that the file is made of.
pub fn single_file(input: &SiteInput<'_>, version: &Version) -> Result<Vec<u8>, Vec<Diagnostic>> {
    use plan::What;
    let facts = facts::Facts::new(input);
    let boards = boards::all(&facts);
    let assets = assets::publish(&input.options.overrides);
    let site = Site::new(input, &facts, &boards, &assets);
    let templates = templates::Templates::new(&input.options.overrides, &site)?;
    let own = |m: usize, v: usize| {
        let found = &facts.models[m].versions[v].version;
        found.model == version.model && found.version == version.version
    };
    let mut pages = Vec::new();
    for planned in plan::plan(&facts, &boards) {
        // The order of reading: the card, why it is so, what changed, whether the data moved.
        let (rank, title) = match planned.what {
            What::Version(m, v) if own(m, v) => (0, "Model card".to_owned()),
            What::Verdict(m, v) if own(m, v) => (1, "Verdict".to_owned()),
            What::Compare(m, v) if own(m, v) => (2, "What changed".to_owned()),
            What::Drift(m, v, 0) if own(m, v) => (3, "Drift".to_owned()),
            What::Drift(m, v, page) if own(m, v) => (3, format!("Drift, page {}", page + 1)),
            _ => continue,
        };
        let html = plan::make(&planned, &facts, &boards, &templates).map_err(|p| vec![*p])?;
        pages.push((rank, planned.path, title, String::from_utf8_lossy(&html).into_owned()));
    }
    pages.sort_by_key(|page| page.0);
    let parts: Vec<single::Part<'_>> =
        pages.iter().map(|(_, path, title, html)| single::Part { path, title: title.clone(), html }).collect();
    let css = assets.files.iter().find(|f| f.0 == assets.css).map(|f| f.1.as_slice()).unwrap_or_default();
    let frame = single::Frame {
        title: &format!("{} · {}", visible(&version.selector(), 200), site.title),
        css: &String::from_utf8_lossy(css),
        footer: match &site.data_as_of {
            Some(at) => format!("Data as of {at}. Made with {}. All times are UTC.", site.generator),
            None => format!("Made with {}. All times are UTC.", site.generator),
        },
        base: facts.base.as_deref(),
    };
    single::document(&frame, &parts).map_err(|p| vec![*p])
}

/// Files that would lie on each other on a disk that does not tell case apart. Cannot happen by
/// construction of the names; checked because overwriting a page silently would be worse than failing.
fn collisions(files: &[(String, Vec<u8>)]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut out = Vec::new();
    for (path, _) in files {
        if let Some(other) = seen.insert(path.to_lowercase(), path) {
            out.push(
                Diagnostic::new(Code::OutputCollision, format!("'{other}' and '{path}' are one file")).at(path.clone()),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests;
