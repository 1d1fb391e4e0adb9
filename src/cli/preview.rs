//! From a project to the bytes of its site: what `build` writes and `serve` shows.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::beside::Beside;
use super::project::{Project, data_as_of, now};
use super::records::RecordFiles;
use super::terminal::Terminal;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::gate::approvals::last_issued;
use crate::gate::history::History;
use crate::gate::policy::explain;
use crate::gate::verdict::{Clock, Outcome, Verdict};
use crate::model::{Instant, Registry, Version};
use crate::site;
use crate::source;

/// A rendered site.
pub(super) struct Rendered {
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) versions: usize,
    /// Versions that some stage refuses.
    pub(super) blocked: usize,
}

/// Judges every version at every stage and renders all pages.
///
/// The verdicts in a site are as of `--as-of`, or of the newest moment that the evidence or a signed statement names:
/// the same inputs give the same bytes on any day.
pub(super) fn render(
    project: &Project,
    registry: &Registry,
    history: &History,
    as_of: Option<Instant>,
    terminal: &Terminal,
) -> Result<Rendered, Vec<Diagnostic>> {
    let bar = terminal.bar("rendering", 0);
    let rendered = with_input(project, registry, history, as_of, |input| {
        let versions = input.verdicts.len();
        let refused = |v: &Verdict| matches!(v.verdict, Outcome::Blocked | Outcome::Error);
        let blocked = input.verdicts.values().filter(|verdicts| verdicts.iter().any(refused)).count();
        let files = site::render(input, &|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })?;
        Ok(Rendered { files, versions, blocked })
    });
    bar.finish_and_clear();
    rendered
}

/// The same for one version in one file.
pub(super) fn single_file(
    project: &Project,
    registry: &Registry,
    history: &History,
    as_of: Option<Instant>,
    version: &Version,
) -> Result<Vec<u8>, Vec<Diagnostic>> {
    with_input(project, registry, history, as_of, |input| site::single_file(input, version))
}

/// Everything that pages are made of.
fn with_input<T>(
    project: &Project,
    registry: &Registry,
    history: &History,
    as_of: Option<Instant>,
    make: impl FnOnce(&site::SiteInput<'_>) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Vec<Diagnostic>> {
    let beside = match &project.config.policy {
        Some(policy) => Beside::read(policy, &Tree::Folder(project.folder.clone()), &project.folder),
        None => Beside::default(),
    };
    let signed = || last_issued(beside.approvals(), now());
    let at = as_of.or_else(|| data_as_of(registry).max(signed())).or_else(|| Instant::from_seconds(0));
    let verdicts = judge(project, &beside, registry, at);
    let config = &project.config;
    let options = site::SiteOptions {
        title: config.site.title.clone(),
        base_url: config.site.base_url.clone(),
        leaderboards: config.leaderboards.clone(),
        overrides: theme(project)?,
        footer: config.site.footer.clone(),
        generator: concat!("presscheck ", env!("CARGO_PKG_VERSION")).to_owned(),
        data_as_of: at,
    };
    let policy = config.policy.as_ref().map(|policy| site::PolicyText {
        name: policy.name.clone(),
        digest: policy.digest,
        rules: policy.rules.iter().map(|rule| (rule.id.clone(), explain(policy, rule))).collect(),
    });
    make(&site::SiteInput { registry, verdicts: &verdicts, history, policy, options: &options })
}

/// Every version at every stage.
fn judge(
    project: &Project,
    beside: &Beside,
    registry: &Registry,
    at: Option<Instant>,
) -> BTreeMap<(String, String), Vec<Verdict>> {
    let records = RecordFiles::new(&project.folder, registry);
    let versions: Vec<_> = registry.models.iter().flat_map(|m| &m.versions).collect();
    versions
        .par_iter()
        .map(|version| {
            let verdicts = match (&project.config.policy, at) {
                (Some(policy), Some(at)) => policy
                    .stages()
                    .map(|stage| {
                        crate::gate::evaluate(
                            policy,
                            &beside.inputs(registry, &records, (at, Clock::AsOf)),
                            version,
                            stage,
                        )
                    })
                    .collect(),
                _ => Vec::new(),
            };
            ((version.model.clone(), version.version.clone()), verdicts)
        })
        .collect()
}

/// The user's templates and assets, by name.
fn theme(project: &Project) -> Result<BTreeMap<String, Vec<u8>>, Vec<Diagnostic>> {
    let Some(theme) = &project.config.site.theme else { return Ok(BTreeMap::new()) };
    let found = source::Source::discover(&project.folder.join(theme), theme, &[], source::Limits::default())
        .map_err(|p| vec![*p])?;
    found
        .files("")
        .iter()
        // Copies of what was ejected are no overrides.
        .filter(|entry| !entry.path.starts_with('.'))
        .map(|entry| found.read(entry).map(|data| (entry.path.clone(), data.bytes.clone())).map_err(|p| vec![*p]))
        .collect()
}
