//! Which commits become runs.
//!
//! In: a repository. Out: the records of each commit that changed a project, of each that a tag
//! names, and of `HEAD` for comparing it with the work tree.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::records::{self, Place, TagRecord};
use super::states::States;
use super::{MOST_COMMITS, MOST_RUNS, note};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::git::{Commit, Failure, History, Kind, Objects, Ref, Reply, Repository, Tag, refs, walk};
use crate::import;
use crate::model::Records;
use crate::source::Source;

/// Commits that are imported at once.
const AT_ONCE: usize = 64;

/// Reads the history below `place.prefix` into `records`.
pub(super) fn read(
    repository: &Repository,
    objects: &mut Objects<'_>,
    place: &Place<'_>,
    follow: bool,
    records: &mut Records,
) -> Result<(), Failure> {
    let refs = refs(repository)?;
    let head = objects.read_one("HEAD")?.of(Kind::Commit).map(|o| o.id.clone());
    let tags = peel(objects, &refs)?;
    let history = commits(objects, &refs, head.as_deref(), &tags, follow)?;
    report(repository, place, &history, records);

    let by_id: BTreeMap<&str, &Commit> = history.commits.iter().map(|c| (c.id.as_str(), c)).collect();
    let mut states = States::new(objects);
    states.trees.load(states.objects, history.commits.iter().map(|c| c.tree.clone()))?;
    let found = projects(&mut states, &history, place)?;
    let mut chosen = changed(&found, &history);
    let is_cut = limit(&mut chosen, &history);
    if is_cut || history.cut {
        records.problems.push(note(
            Severity::Note,
            place.at,
            format!("the history is long: only the newest {MOST_RUNS} changes of the newest {MOST_COMMITS} commits are shown"),
            "write history = \"tags\" for this source to read tags only",
        ));
    }
    let tags = records::targets(&tags, &found, repository, place);
    let tagged: BTreeSet<(&str, &str)> =
        tags.iter().flat_map(|t| t.folders.iter().map(|f| (t.commit.as_str(), f.as_str()))).collect();
    for (commit, folder) in &tagged {
        chosen.entry((*commit).to_owned()).or_default().insert((*folder).to_owned());
    }
    let branches = branches(&refs, head.as_deref(), &by_id);
    let names = records::Names { repository, branches: &branches, tags: &tags };

    // The work tree first: the run of an untagged `HEAD` is not shown beside the same state of the
    // files.
    let mut shown = Shown::default();
    if let Some(commit) = head.as_deref().and_then(|id| by_id.get(id)) {
        let folders: BTreeSet<String> =
            found.get(commit.id.as_str()).into_iter().flatten().map(|p| p.folder.clone()).collect();
        let source = source(&mut states, commit, &found, &folders, &names, place)?;
        let at_head = records::of(commit, import(source), &names);
        let clean = records::mark_work_tree(records, &at_head, commit, &names, place, &folders);
        if let Some(chosen) = chosen.get_mut(&commit.id) {
            chosen.retain(|f| !clean.contains(f) || tagged.contains(&(commit.id.as_str(), f.as_str())));
        }
    }

    let newest: Vec<&Commit> =
        history.commits.iter().filter(|c| chosen.get(&c.id).is_some_and(|f| !f.is_empty())).collect();
    for chunk in newest.chunks(AT_ONCE) {
        let ids: Vec<&str> = chunk
            .iter()
            .flat_map(|c| found.get(c.id.as_str()).into_iter().flatten())
            .flat_map(|p| p.state.files.iter().map(|(_, id)| id.as_str()))
            .collect();
        states.prefetch(ids.into_iter())?;
        let mut sources = Vec::with_capacity(chunk.len());
        for commit in chunk {
            let Some(folders) = chosen.get(&commit.id) else { continue };
            sources.push((*commit, source(&mut states, commit, &found, folders, &names, place)?));
        }
        let read: Vec<(&Commit, Records)> = sources.into_par_iter().map(|(c, s)| (c, import(s))).collect();
        for (commit, read) in read {
            shown.add(records::of(commit, read, &names));
        }
    }
    records.models.extend(records::models(&tags, &shown.records.runs, &found, &by_id, place));
    let (files, bytes) = (states.objects.count, states.objects.bytes);
    shown.finish(place, files, bytes, records);
    damage(&states, place, records);
    Ok(())
}

/// The commits that tags lead to.
fn peel(objects: &mut Objects<'_>, refs: &[Ref]) -> Result<Vec<TagRecord>, Failure> {
    let mut out: Vec<TagRecord> = refs
        .iter()
        .filter_map(|r| Some(TagRecord { name: r.tag()?.to_owned(), commit: r.id.clone(), ..TagRecord::default() }))
        .collect();
    // A tag may be a tag of a tag.
    for _ in 0..4 {
        let ids: Vec<&str> = out.iter().filter(|t| !t.peeled).map(|t| t.commit.as_str()).collect();
        let replies = objects.read(&ids)?;
        for (tag, reply) in out.iter_mut().filter(|t| !t.peeled).zip(replies) {
            match reply.of(Kind::Tag).and_then(|o| Tag::parse(&o.bytes)) {
                Some(found) => {
                    tag.commit = found.target;
                    if tag.annotation.is_none() {
                        tag.annotation = Some((found.tagger, found.message));
                    }
                }
                None => tag.peeled = true,
            }
        }
    }
    Ok(out)
}

fn commits(
    objects: &mut Objects<'_>,
    refs: &[Ref],
    head: Option<&str>,
    tags: &[TagRecord],
    follow: bool,
) -> Result<History, Failure> {
    let tagged: Vec<String> = tags.iter().map(|t| t.commit.clone()).collect();
    let mut tips: Vec<String> = head.map(str::to_owned).into_iter().collect();
    if follow {
        tips.extend(
            refs.iter().filter(|r| r.branch().is_some() || experiment(&r.name).is_some()).map(|r| r.id.clone()),
        );
        tips.extend(tagged.iter().cloned());
    }
    let mut history = walk(objects, &tips, follow, MOST_COMMITS)?;
    // Tags count however old they are.
    let known: BTreeSet<&String> = history.commits.iter().map(|c| &c.id).collect();
    let missing: Vec<String> = tagged.iter().filter(|id| !known.contains(id)).cloned().collect();
    let more = walk(objects, &missing, false, usize::MAX)?;
    history.commits.extend(more.commits);
    history.missing.extend(more.missing);
    history.broken.extend(more.broken);
    history.commits.sort_by_key(|c| std::cmp::Reverse(c.committer.seconds));
    Ok(history)
}

/// The name of a DVC experiment, from its ref `refs/exps/AB/CDEF…/NAME`.
fn experiment(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("refs/exps/")?;
    let mut parts = rest.splitn(3, '/');
    let (two, more, name) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |t: &str| t.bytes().all(|b| b.is_ascii_hexdigit());
    (two.len() == 2 && more.len() >= 38 && is_hex(two) && is_hex(more)).then_some(name)
}

/// A project in a commit.
pub(super) struct Project {
    /// Its folder in the repository.
    pub(super) folder: String,
    /// Its state there.
    pub(super) state: std::sync::Arc<super::states::State>,
}

/// Projects by commit.
pub(super) type Projects = BTreeMap<String, Vec<Project>>;

fn projects(states: &mut States<'_, '_>, history: &History, place: &Place<'_>) -> Result<Projects, Failure> {
    let mut folders: Vec<(&Commit, String, String)> = Vec::new();
    for commit in &history.commits {
        let Some(start) = states.trees.find(&commit.tree, place.prefix).filter(|e| e.is_folder) else { continue };
        for below in states.projects(&start.id) {
            let Some(tree) = states.trees.find(&start.id, &below) else { continue };
            let folder = [place.prefix, &below].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("/");
            let file = if folder.is_empty() { "dvc.yaml".to_owned() } else { format!("{folder}/dvc.yaml") };
            if place.wants(&file) {
                folders.push((commit, folder, tree.id));
            }
        }
    }
    let trees: BTreeSet<&str> = folders.iter().map(|(_, _, tree)| tree.as_str()).collect();
    let first: Vec<String> = trees
        .iter()
        .flat_map(|tree| ["dvc.yaml", "params.yaml", "dvc.lock"].map(|name| states.trees.find(tree, name)))
        .flatten()
        .map(|e| e.id)
        .collect();
    states.prefetch(first.iter().map(String::as_str))?;
    let mut out = Projects::new();
    for (commit, folder, tree) in &folders {
        let state = states.of(tree)?;
        out.entry(commit.id.clone()).or_default().push(Project { folder: folder.clone(), state });
    }
    Ok(out)
}

/// The projects with metrics that a commit left in another state than all of its parents.
fn changed(found: &Projects, history: &History) -> BTreeMap<String, BTreeSet<String>> {
    let at =
        |commit: &str, folder: &str| found.get(commit)?.iter().find(|p| p.folder == folder).map(|p| &p.state.print);
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for commit in &history.commits {
        for project in found.get(&commit.id).into_iter().flatten().filter(|p| p.state.needs.measured) {
            let same = commit.parents.iter().any(|p| at(p, &project.folder) == Some(&project.state.print));
            if !same {
                out.entry(commit.id.clone()).or_default().insert(project.folder.clone());
            }
        }
    }
    out
}

/// Keeps the newest changes; whether some were dropped.
fn limit(chosen: &mut BTreeMap<String, BTreeSet<String>>, history: &History) -> bool {
    if chosen.len() <= MOST_RUNS {
        return false;
    }
    let kept: BTreeSet<&String> =
        history.commits.iter().map(|c| &c.id).filter(|id| chosen.contains_key(*id)).take(MOST_RUNS).collect();
    chosen.retain(|id, _| kept.contains(id));
    true
}

/// The branch that a commit was made on: the first whose line of first parents it stands on.
fn branches<'r>(refs: &'r [Ref], head: Option<&str>, by_id: &BTreeMap<&str, &Commit>) -> BTreeMap<String, &'r str> {
    let mut tips: Vec<(&Ref, &str)> =
        refs.iter().filter_map(|r| Some((r, r.branch().or(experiment(&r.name))?))).collect();
    let rank = |r: &Ref| match () {
        () if r.is_head => 0,
        () if head == Some(r.id.as_str()) => 1,
        () if r.name.starts_with("refs/heads/") => 2,
        () if r.name.starts_with("refs/remotes/") => 3,
        () => 4,
    };
    tips.sort_by_key(|(r, _)| (rank(r), r.name.as_str()));
    let mut out = BTreeMap::new();
    for (tip, name) in tips {
        let mut at = by_id.get(tip.id.as_str());
        while let Some(commit) = at {
            if out.contains_key(&commit.id) {
                break;
            }
            out.insert(commit.id.clone(), name);
            at = commit.parents.first().and_then(|p| by_id.get(p.as_str()));
        }
    }
    out
}

/// The files that some projects of a commit need, as a source of their own. What cannot be read is a
/// finding about the file, which keeps the gate from judging without it.
fn source(
    states: &mut States<'_, '_>,
    commit: &Commit,
    found: &Projects,
    folders: &BTreeSet<String>,
    names: &records::Names<'_>,
    place: &Place<'_>,
) -> Result<Source, Failure> {
    let label = records::label(&commit.id);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut problems = Vec::new();
    for project in found.get(&commit.id).into_iter().flatten().filter(|p| folders.contains(&p.folder)) {
        let join =
            |path: &str| if project.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", project.folder) };
        for (path, id) in &project.state.files {
            let path = join(path);
            if !place.wants(&path) {
                continue;
            }
            let why = match states.blob(id)? {
                Reply::Found(object) => {
                    files.insert(path, object.bytes.to_vec());
                    continue;
                }
                Reply::Missing => "its content is not in this clone".to_owned(),
                Reply::TooLarge(size) => format!("it has {size} bytes"),
                Reply::Broken => "its object is damaged".to_owned(),
            };
            problems.push(
                Diagnostic::new(
                    Code::FileUnreadable,
                    format!("'{}' of commit {} cannot be read: {why}", visible(&path, 200), commit.short()),
                )
                .at(format!("{label}/{path}"))
                .help("clone the repository in full, or check it with `git fsck`"),
            );
        }
        for (path, _) in &project.state.needs.cached {
            problems.push(note(
                Severity::Note,
                &format!("{label}/{}", join(path)),
                format!(
                    "'{}' is kept in DVC's cache, not in git, so its values at older commits are not read",
                    visible(path, 200)
                ),
                "write `cache: false` for metrics and plots in dvc.yaml, as `dvc stage add -M` does",
            ));
        }
    }
    let mut source = Source::from_memory(label, names.repository.name(), files);
    source.problems = problems;
    Ok(source)
}

fn import(source: Source) -> Records {
    import::import(&source, None)
}

/// The records of all commits.
#[derive(Default)]
struct Shown {
    records: Records,
    commits: usize,
    /// Notes that were made of a newer commit, without the commit.
    noted: BTreeSet<(Code, String)>,
}

impl Shown {
    fn add(&mut self, mut records: Records) {
        self.commits += 1;
        // The same note of a thousand commits is one note.
        records.problems.retain(|p| p.severity != Severity::Note || self.noted.insert((p.code, p.message.clone())));
        self.records.append(records);
    }

    fn finish(mut self, place: &Place<'_>, files: usize, bytes: u64, into: &mut Records) {
        self.records.sources = vec![crate::model::SourceSummary {
            kind: "git".to_owned(),
            path: place.at.to_owned(),
            runs: self.records.runs.len(),
            files,
            bytes,
        }];
        into.append(self.records);
    }
}

/// What of the history is not there.
fn report(repository: &Repository, place: &Place<'_>, history: &History, records: &mut Records) {
    if !history.broken.is_empty() {
        let ids: Vec<&str> = history.broken.iter().take(3).map(String::as_str).collect();
        records.problems.push(note(
            Severity::Error,
            place.at,
            format!("{} cannot be read: {}", count(history.broken.len(), "commit"), ids.join(", ")),
            "check the repository with `git fsck`",
        ));
    }
    if !history.missing.is_empty() {
        let severity = if repository.is_shallow() { Severity::Note } else { Severity::Warning };
        records.problems.push(note(
            severity,
            place.at,
            format!("the history is cut off: {} not in this clone", count(history.missing.len(), "older commit")),
            "clone the repository in full (`fetch-depth: 0` in a workflow, `GIT_DEPTH: 0` on GitLab), with its tags",
        ));
    }
}

/// Trees that could not be read.
fn damage(states: &States<'_, '_>, place: &Place<'_>, records: &mut Records) {
    if states.trees.cut {
        records.problems.push(note(
            Severity::Warning,
            place.at,
            "the history has more folders than are read; some commits are left out".to_owned(),
            "write history = \"tags\" for this source",
        ));
    }
    if !states.trees.broken.is_empty() {
        records.problems.push(note(
            Severity::Error,
            place.at,
            format!("{} of the history cannot be read", count(states.trees.broken.len(), "folder")),
            "clone the repository in full, or check it with `git fsck`",
        ));
    }
}
