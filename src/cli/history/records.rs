//! Records of commits: ids, names and times from git, models and versions from tags.
//!
//! In: what the importer read of a commit, the commit and the repository's tags. Out: records whose
//! runs are called after the commit (`COMMIT`, or `COMMIT:FOLDER` for a project in a folder), and the
//! models that tags make: GTO's, and for plain version tags one that is named after the project.

use std::collections::{BTreeMap, BTreeSet};

use super::commits::Projects;
use crate::git::{Commit, Person, Repository};
use crate::import::dvc::gto::{self, GtoTag};
use crate::model::{Git, Instant, ModelRecord, Records, Run, VersionRecord};
use crate::source::file_name;

/// Where a source is.
pub(super) struct Place<'a> {
    /// The source, relative to the project.
    pub(super) label: &'a str,
    /// The source's folder in the repository.
    pub(super) prefix: &'a str,
    /// What findings about the repository are about.
    pub(super) at: &'a str,
    /// Which files are wanted, by their path below the source.
    pub(super) wants: &'a dyn Fn(&str) -> bool,
}

impl Place<'_> {
    /// Whether a file of the repository is one of the source, and wanted.
    pub(super) fn wants(&self, path: &str) -> bool {
        let below = match self.prefix {
            "" => Some(path),
            prefix => path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|below| (self.wants)(below))
    }
}

/// A tag.
#[derive(Clone, Debug, Default)]
pub(super) struct TagRecord {
    /// Its name.
    pub(super) name: String,
    /// The commit it leads to.
    pub(super) commit: String,
    /// Who made an annotated tag, and the message.
    pub(super) annotation: Option<(Person, String)>,
    /// Whether `commit` is known to be no tag any more.
    pub(super) peeled: bool,
    /// The projects that it speaks of.
    pub(super) folders: Vec<String>,
}

/// What git calls things.
pub(super) struct Names<'a> {
    pub(super) repository: &'a Repository,
    pub(super) branches: &'a BTreeMap<String, &'a str>,
    pub(super) tags: &'a [TagRecord],
}

/// How the files of a commit are called. Two slashes stand in no path of a real file.
pub(super) fn label(commit: &str) -> String {
    format!("git://{commit}")
}

/// The id of the run of something in a commit.
fn run_id(commit: &str, path: &str) -> String {
    if path.is_empty() { commit.to_owned() } else { format!("{commit}:{path}") }
}

/// The name of a project by its folder.
fn project_name(folder: &str, repository: &Repository) -> String {
    if folder.is_empty() { repository.name() } else { file_name(folder).to_owned() }
}

/// Gives the runs of a commit their ids, names and times.
pub(super) fn of(commit: &Commit, mut records: Records, names: &Names<'_>) -> Records {
    let label = label(&commit.id);
    records.runs.retain(|r| matches!(r.source.as_str(), "dvc" | "dvclive"));
    records.sources.clear();
    records.unrecognised.clear();
    records.problems.retain(|p| p.code != crate::diag::Code::SourceEmpty);
    let rename = |id: &str| match id.strip_prefix(&label) {
        Some(path) => run_id(&commit.id, path.trim_start_matches('/')),
        None => run_id(&commit.id, id),
    };
    let at = Instant::from_seconds(commit.committer.seconds);
    let tags: Vec<&str> = names.tags.iter().filter(|t| t.commit == commit.id).map(|t| t.name.as_str()).collect();
    let named = if tags.is_empty() {
        format!("{} {}", commit.short(), commit.subject).trim_end().to_owned()
    } else {
        tags.join(", ")
    };
    for run in &mut records.runs {
        run.id = rename(&run.id);
        run.parent = run.parent.as_deref().map(rename);
        run.started_at = at;
        run.git = Git {
            commit: Some(commit.id.clone()),
            branch: names.branches.get(&commit.id).map(|b| (*b).to_owned()),
            remote: None,
            dirty: Some(false),
        };
        // A DVCLive folder keeps its name within its project's run.
        let below = run.parent.is_some().then(|| std::mem::take(&mut run.name));
        let folder = run.folder.strip_prefix(&label).unwrap_or_default().trim_start_matches('/');
        run.experiment = Some(project_name(
            if run.source == "dvc" { folder } else { crate::source::parent(folder) },
            names.repository,
        ));
        run.name = below.map_or_else(|| named.clone(), |below| format!("{below} ({named})"));
        if !commit.body.is_empty() && run.parent.is_none() {
            run.description = Some(commit.body.clone());
        }
        say(run, "git.author", &commit.author.name);
        say(run, "git.subject", &commit.subject);
        say(run, "git.tags", &tags.join(", "));
        say_git(run);
    }
    let rename_of = |run: &mut Option<String>| *run = run.as_deref().map(rename);
    records.drift.iter_mut().for_each(|d| rename_of(&mut d.run));
    records.checks.iter_mut().for_each(|c| rename_of(&mut c.run));
    records
}

fn say(run: &mut Run, key: &str, value: &str) {
    if !value.is_empty() {
        run.system_tags.insert(key.to_owned(), value.to_owned());
    }
}

/// The state of the code as tags, for whoever reads the run's tags only.
fn say_git(run: &mut Run) {
    let git = run.git.clone();
    say(run, "git.commit", git.commit.as_deref().unwrap_or_default());
    say(run, "git.branch", git.branch.as_deref().unwrap_or_default());
    if let Some(dirty) = git.dirty {
        say(run, "git.dirty", if dirty { "true" } else { "false" });
    }
}

/// Tells the work tree's runs which commit they stand on, and finds the projects whose files are as
/// that commit has them.
pub(super) fn mark_work_tree(
    records: &mut Records,
    at_head: &Records,
    head: &Commit,
    names: &Names<'_>,
    place: &Place<'_>,
    folders: &BTreeSet<String>,
) -> BTreeSet<String> {
    let label = label(&head.id);
    // A path of the work tree's source as a path of the repository.
    let in_repository = |path: &str| -> Option<String> {
        let below = match place.label {
            "" => path,
            l if l == path => "",
            l => path.strip_prefix(l)?.strip_prefix('/')?,
        };
        Some([place.prefix, below].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("/"))
    };
    let here: BTreeMap<String, _> =
        records.evidence.iter().filter_map(|e| Some((in_repository(&e.path)?, e.sha256))).collect();
    let inside = |path: &str, folder: &str| {
        folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))
    };
    let mut clean = BTreeSet::new();
    for folder in folders {
        let mut files = at_head
            .evidence
            .iter()
            .filter_map(|e| Some((e.path.strip_prefix(&label)?.trim_start_matches('/'), e.sha256)))
            .filter(|(path, _)| inside(path, folder));
        if files.all(|(path, sha256)| here.get(path) == Some(&sha256)) {
            clean.insert(folder.clone());
        }
    }
    let at = Instant::from_seconds(head.committer.seconds);
    for run in records.runs.iter_mut().filter(|r| matches!(r.source.as_str(), "dvc" | "dvclive")) {
        let Some(folder) = in_repository(&run.folder) else { continue };
        let project = folders.iter().filter(|f| inside(&folder, f)).max_by_key(|f| f.len());
        let Some(project) = project else { continue };
        let wanted = run_id(&head.id, &folder);
        let same = at_head.runs.iter().find(|r| r.id == wanted).is_some_and(|r| is_same(r, run));
        if !same && (folder == *project || run.parent.is_none()) {
            clean.remove(project);
        }
        run.git = Git {
            commit: Some(head.id.clone()),
            branch: names.branches.get(&head.id).map(|b| (*b).to_owned()),
            remote: None,
            dirty: Some(!same),
        };
        if same {
            run.started_at = run.started_at.or(at);
        }
        say(run, "git.subject", &head.subject);
        say_git(run);
    }
    clean
}

/// Whether two runs say the same.
fn is_same(a: &Run, b: &Run) -> bool {
    let results = |run: &Run| -> Vec<(String, String)> {
        let mut out: Vec<_> = run.results.iter().map(|r| (r.metric.clone(), r.value.to_string())).collect();
        out.sort();
        out
    };
    a.params == b.params && results(a) == results(b)
}

/// Finds the projects that each tag speaks of; tags of commits without a project are left out.
pub(super) fn targets(
    tags: &[TagRecord],
    found: &Projects,
    repository: &Repository,
    place: &Place<'_>,
) -> Vec<TagRecord> {
    let models = gto::models(&gto_tags(tags));
    tags.iter()
        .filter_map(|tag| {
            let projects = found.get(&tag.commit)?;
            let mut tag = tag.clone();
            let folder = gto::folder_of(&tag.name);
            tag.folders = match folder {
                Some(folder) => {
                    let exact = projects.iter().find(|p| p.folder == folder);
                    let only = (projects.len() == 1 && folder.is_empty()).then(|| projects.first()).flatten();
                    let known = models.iter().any(|m| m.folder == folder);
                    exact.or(only).filter(|_| known).map(|p| p.folder.clone()).into_iter().collect()
                }
                None => {
                    let named: Vec<String> = projects
                        .iter()
                        .filter(|p| of_project(&tag.name, &project_name(&p.folder, repository)).is_some())
                        .map(|p| p.folder.clone())
                        .collect();
                    // A tag of one project of several is not a tag of the others.
                    if named.is_empty() { projects.iter().map(|p| p.folder.clone()).collect() } else { named }
                }
            };
            let inside = |f: &String| {
                place.prefix.is_empty() || f == place.prefix || f.starts_with(&format!("{}/", place.prefix))
            };
            tag.folders.retain(inside);
            (!tag.folders.is_empty()).then_some(tag)
        })
        .collect()
}

/// The version in a tag that begins with a project's name: `churn/v1.0`, `churn-v1.0`.
fn of_project<'t>(tag: &'t str, project: &str) -> Option<&'t str> {
    let rest = tag.strip_prefix(project)?;
    let version = rest.strip_prefix(['/', '-'])?;
    is_version(version).then_some(version)
}

/// Whether a tag names a version: `v1.0`, `1.2.3`, `2026-03-01`.
fn is_version(tag: &str) -> bool {
    let rest = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    rest.starts_with(|c: char| c.is_ascii_digit())
}

fn gto_tags(tags: &[TagRecord]) -> Vec<GtoTag> {
    // GTO itself passes over lightweight tags.
    let annotated = tags.iter().filter_map(|t| Some((t, t.annotation.as_ref()?)));
    annotated
        .map(|(tag, (tagger, message))| GtoTag {
            name: tag.name.clone(),
            commit: tag.commit.clone(),
            seconds: tagger.seconds,
            message: message.clone(),
        })
        .collect()
}

/// The models that tags make.
pub(super) fn models(
    tags: &[TagRecord],
    runs: &[Run],
    found: &Projects,
    commits: &BTreeMap<&str, &Commit>,
    place: &Place<'_>,
) -> Vec<ModelRecord> {
    let ids: BTreeSet<&str> = runs.iter().map(|r| r.id.as_str()).collect();
    // The run of a project in a commit: its own, or the only DVCLive run below it.
    let run_of = |commit: &str, folder: &str| -> Option<String> {
        let own = run_id(commit, folder);
        if ids.contains(own.as_str()) {
            return Some(own);
        }
        let prefix = if folder.is_empty() { format!("{commit}:") } else { format!("{own}/") };
        let mut below = runs.iter().filter(|r| r.parent.is_none() && r.id.starts_with(&prefix));
        let first = below.next()?;
        below.next().is_none().then(|| first.id.clone())
    };
    let mut out: BTreeMap<String, ModelRecord> = BTreeMap::new();
    for tag in tags.iter().filter(|t| !gto::is_gto(&t.name)) {
        for folder in &tag.folders {
            let Some(run) = run_of(&tag.commit, folder) else { continue };
            let Some(project) = runs.iter().find(|r| r.id == run).and_then(|r| r.experiment.clone()) else { continue };
            let version = match of_project(&tag.name, &project) {
                Some(version) => version,
                None if is_version(&tag.name) => tag.name.as_str(),
                None => continue,
            };
            let record =
                out.entry(project.clone()).or_insert_with(|| ModelRecord { name: project, ..ModelRecord::default() });
            let made = tag.annotation.as_ref().map(|(tagger, _)| tagger.seconds);
            let seconds = made.or_else(|| commits.get(tag.commit.as_str()).map(|c| c.committer.seconds));
            record.versions.push(VersionRecord {
                version: version.to_owned(),
                run: Some(run),
                description: tag.annotation.as_ref().map(|(_, m)| m.clone()).filter(|m| !m.is_empty()),
                created_at: seconds.and_then(Instant::from_seconds),
                ..VersionRecord::default()
            });
        }
    }
    let targets: BTreeMap<&str, &Vec<String>> = tags.iter().map(|t| (t.name.as_str(), &t.folders)).collect();
    for model in gto::models(&gto_tags(tags)) {
        let name = model.full_name();
        let record = out.entry(name.clone()).or_insert_with(|| ModelRecord { name, ..ModelRecord::default() });
        for version in &model.versions {
            let folder = tags
                .iter()
                .filter(|t| t.commit == version.commit && gto::speaks_of(&t.name, &model))
                .find_map(|t| targets.get(t.name.as_str())?.first());
            let folder = folder.cloned().unwrap_or_else(|| place.prefix.to_owned());
            let declared = found.get(&version.commit).into_iter().flatten().filter(|p| p.folder == folder);
            let declared = declared.flat_map(|p| &p.state.needs.artifacts).find(|a| a.name == model.name);
            if let Some(artifact) = declared {
                // Versions come with the greatest first: the first to say something is the newest.
                record.description = record.description.take().or_else(|| artifact.description.clone());
                for (key, value) in [
                    ("type", artifact.kind.clone()),
                    ("path", Some(artifact.path.clone())),
                    ("labels", (!artifact.labels.is_empty()).then(|| artifact.labels.join(", "))),
                ] {
                    if let Some(value) = value {
                        record.tags.entry(key.to_owned()).or_insert(value);
                    }
                }
            }
            let mut tags = BTreeMap::new();
            if !version.stages.is_empty() {
                tags.insert("stages".to_owned(), version.stages.join(", "));
            }
            record.versions.push(VersionRecord {
                version: version.version.clone(),
                run: run_of(&version.commit, &folder),
                description: Some(version.message.clone()).filter(|m| !m.is_empty()),
                created_at: Instant::from_seconds(version.seconds),
                status: model.deprecated.then(|| "DEPRECATED".to_owned()),
                tags,
                ..VersionRecord::default()
            });
        }
        // A version may stand in several stages: each leads to it, one is shown.
        for (stage, version) in &model.stages {
            record.stages.insert(stage.clone(), version.clone());
            record.aliases.insert(stage.clone(), version.clone());
        }
    }
    out.into_values().filter(|m| !m.versions.is_empty()).collect()
}
