//! GTO: a model registry made of annotated git tags.
//!
//! In: tags with the commits they point at. Out: models with their versions and stages as `gto show`
//! lists them. The grammar is that of iterative/gto 1.x: `NAME@v1.2.0` registers a version,
//! `NAME@v1.2.0!` takes that back, `NAME#STAGE` and `NAME#STAGE!` assign and unassign a stage,
//! `NAME@deprecated` retires the model; `#N` may stand at the end of each. A name may begin with the
//! folder of its `dvc.yaml`: `FOLDER=NAME` in a tag, `FOLDER:NAME` for people. Of several versions in
//! one stage the greatest is the one that counts.

use std::collections::BTreeMap;

use crate::model::natural_cmp;

/// A tag of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GtoTag {
    /// Its name.
    pub(crate) name: String,
    /// The commit it leads to.
    pub(crate) commit: String,
    /// When it was made, in seconds since the Unix epoch.
    pub(crate) seconds: i64,
    /// Its message.
    pub(crate) message: String,
}

/// A version of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GtoVersion {
    /// `v1.2.0`, or the commit when a stage was assigned to one without a version.
    pub(crate) version: String,
    /// The commit.
    pub(crate) commit: String,
    /// When it was registered, in seconds since the Unix epoch.
    pub(crate) seconds: i64,
    /// What was said of it.
    pub(crate) message: String,
    /// The stages that it was assigned to and not taken from, in the order of assignment.
    pub(crate) stages: Vec<String>,
}

/// A model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GtoModel {
    /// The folder of its `dvc.yaml`; empty for the repository's own.
    pub(crate) folder: String,
    /// Its name, without the folder.
    pub(crate) name: String,
    /// Its versions, the greatest first.
    pub(crate) versions: Vec<GtoVersion>,
    /// The version that counts for each stage.
    pub(crate) stages: BTreeMap<String, String>,
    /// Whether it was retired after everything else that was said of it.
    pub(crate) deprecated: bool,
}

impl GtoModel {
    /// `FOLDER:NAME`, or the name alone.
    pub(crate) fn full_name(&self) -> String {
        if self.folder.is_empty() { self.name.clone() } else { format!("{}:{}", self.folder, self.name) }
    }
}

/// What a tag does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Register(String),
    Deregister(String),
    Assign(String),
    Unassign(String),
    Deprecate,
    Create,
}

/// Whether a tag's name is one of GTO's.
pub(crate) fn is_gto(tag: &str) -> bool {
    parse(tag).is_some()
}

/// The folder of the model that a tag of GTO's speaks of.
pub(crate) fn folder_of(tag: &str) -> Option<String> {
    parse(tag).map(|(folder, ..)| folder)
}

/// Whether a tag is one of a model's.
pub(crate) fn speaks_of(tag: &str, model: &GtoModel) -> bool {
    parse(tag).is_some_and(|(folder, name, _)| folder == model.folder && name == model.name)
}

/// The folder and name that a tag speaks of, and what it does.
fn parse(tag: &str) -> Option<(String, String, Action)> {
    let at = tag.find(['@', '#'])?;
    let (name, rest) = (tag.get(..at)?, tag.get(at..)?);
    let (folder, name) = match name.split_once('=') {
        Some((folder, name)) => (folder, name),
        None => ("", name),
    };
    let folder_ok = folder.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if !folder_ok || !is_name(name) || (folder.is_empty() && tag.get(..at)?.contains('=')) {
        return None;
    }
    let stage = rest.strip_prefix('#');
    let rest = stage.or_else(|| rest.strip_prefix('@'))?;
    // A counter may stand at the end of everything.
    let (rest, counter) = rest.split_once('#').map_or((rest, None), |(r, c)| (r, Some(c)));
    if counter.is_some_and(|c| c.is_empty() || !c.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let (value, cancels) = rest.strip_suffix('!').map_or((rest, false), |v| (v, true));
    let action = match (stage.is_some(), value, cancels) {
        (true, stage, _) if !is_name(stage) => return None,
        (true, stage, false) => Action::Assign(stage.to_owned()),
        (true, stage, true) => Action::Unassign(stage.to_owned()),
        (false, "deprecated", false) => Action::Deprecate,
        (false, "created", false) => Action::Create,
        (false, version, _) if semver(version).is_none() => return None,
        (false, version, false) => Action::Register(version.to_owned()),
        (false, version, true) => Action::Deregister(version.to_owned()),
    };
    Some((folder.trim_end_matches('/').to_owned(), name.to_owned(), action))
}

/// Letters, digits, `-`, `_` and `/`; a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c))
}

/// The numbers and the pre-release part of `v1.2.3-rc.1+build`.
fn semver(version: &str) -> Option<([u64; 3], String)> {
    let rest = version.strip_prefix('v')?;
    let (rest, build) = rest.split_once('+').map_or((rest, None), |(r, b)| (r, Some(b)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(c, p)| (c, Some(p)));
    let words =
        |text: &str| text.split('.').all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let leading_zero = |w: &str| w.len() > 1 && w.starts_with('0') && w.bytes().all(|b| b.is_ascii_digit());
    if build.is_some_and(|b| !words(b)) || pre.is_some_and(|p| !words(p) || p.split('.').any(leading_zero)) {
        return None;
    }
    let mut numbers = core.split('.').map(|n| {
        let plain = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && !leading_zero(n);
        plain.then(|| n.parse::<u64>().unwrap_or(u64::MAX))
    });
    let out = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then(|| (out, pre.unwrap_or_default().to_owned()))
}

/// The order of versions: by semantic versioning, commits before all versions.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    match (semver(a), semver(b)) {
        (Some((a, a_pre)), Some((b, b_pre))) => a.cmp(&b).then_with(|| match (a_pre.is_empty(), b_pre.is_empty()) {
            (true, false) => std::cmp::Ordering::Greater,
            (false, true) => std::cmp::Ordering::Less,
            _ => pre_order(&a_pre, &b_pre),
        }),
        (Some(_), None) => std::cmp::Ordering::Greater,
        (None, Some(_)) => std::cmp::Ordering::Less,
        (None, None) => natural_cmp(a, b),
    }
}

/// Pre-releases: part by part, numbers by value and before words, the shorter first.
fn pre_order(a: &str, b: &str) -> std::cmp::Ordering {
    let number = |w: &str| w.bytes().all(|b| b.is_ascii_digit()).then(|| w.parse::<u64>().unwrap_or(u64::MAX));
    let mut ours = a.split('.');
    let mut theirs = b.split('.');
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return std::cmp::Ordering::Equal,
            (None, Some(_)) => std::cmp::Ordering::Less,
            (Some(_), None) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => a.cmp(b),
            },
        };
        if order != std::cmp::Ordering::Equal {
            return order;
        }
    }
}

/// A version while the tags are read in the order they were made.
#[derive(Default)]
struct Draft {
    commit: String,
    seconds: i64,
    message: String,
    /// The last word on it; nothing when only stages were assigned.
    registered: Option<bool>,
    stages: Vec<String>,
}

/// The models of a repository's annotated tags; others than GTO's are passed over.
pub(crate) fn models(tags: &[GtoTag]) -> Vec<GtoModel> {
    let mut tags: Vec<(&GtoTag, (String, String, Action))> =
        tags.iter().filter_map(|t| Some((t, parse(&t.name)?))).collect();
    tags.sort_by_key(|(tag, _)| (tag.seconds, counter(&tag.name)));
    let mut drafts: BTreeMap<(String, String), (BTreeMap<String, Draft>, bool)> = BTreeMap::new();
    for (tag, (folder, name, action)) in tags {
        let (versions, deprecated) = drafts.entry((folder, name)).or_default();
        *deprecated = action == Action::Deprecate;
        match action {
            Action::Register(version) => {
                let draft = versions.entry(version).or_default();
                if draft.registered.is_none() {
                    draft.seconds = tag.seconds;
                }
                draft.commit.clone_from(&tag.commit);
                draft.message.clone_from(&tag.message);
                draft.registered = Some(true);
            }
            Action::Deregister(version) => versions.entry(version).or_default().registered = Some(false),
            Action::Assign(stage) => {
                let version = at_commit(versions, &tag.commit);
                let draft = versions.entry(version).or_insert_with(|| Draft {
                    commit: tag.commit.clone(),
                    seconds: tag.seconds,
                    message: tag.message.clone(),
                    ..Draft::default()
                });
                draft.stages.retain(|s| *s != stage);
                draft.stages.push(stage);
            }
            Action::Unassign(stage) => {
                let version = at_commit(versions, &tag.commit);
                if let Some(draft) = versions.get_mut(&version) {
                    draft.stages.retain(|s| *s != stage);
                }
            }
            Action::Deprecate | Action::Create => {}
        }
    }
    drafts
        .into_iter()
        .map(|((folder, name), (drafts, deprecated))| {
            let mut versions: Vec<GtoVersion> = drafts
                .into_iter()
                .filter(|(_, d)| d.registered.unwrap_or(!d.stages.is_empty()))
                .map(|(version, d)| GtoVersion {
                    version,
                    commit: d.commit,
                    seconds: d.seconds,
                    message: d.message,
                    stages: d.stages,
                })
                .collect();
            versions.sort_by(|a, b| order(&b.version, &a.version));
            let mut stages = BTreeMap::new();
            for version in &versions {
                for stage in &version.stages {
                    stages.entry(stage.clone()).or_insert_with(|| version.version.clone());
                }
            }
            GtoModel { folder, name, versions, stages, deprecated }
        })
        .collect()
}

/// The version that a stage is assigned to at a commit: the last that was registered there, or the
/// commit itself.
fn at_commit(versions: &BTreeMap<String, Draft>, commit: &str) -> String {
    versions
        .iter()
        .filter(|(_, d)| d.commit == commit)
        .max_by_key(|(_, d)| (d.registered, d.seconds))
        .map_or_else(|| commit.to_owned(), |(version, _)| version.clone())
}

/// The counter at the end of a tag: of two tags of one second the lower was made first.
fn counter(tag: &str) -> u64 {
    tag.rsplit_once('#').and_then(|(_, n)| n.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar() {
        let ok = [
            "model@v1.2.0",
            "model@v1.2.0!",
            "model#prod",
            "model#prod!",
            "model#prod#3",
            "model#prod!#4",
            "model@deprecated",
            "model@deprecated#5",
            "a/b-c_d@v0.0.1-rc.1+build.5",
            "folder/sub=model@v1.0.0#2",
            "m@v1.0.0#1",
        ];
        for tag in ok {
            assert!(is_gto(tag), "{tag}");
        }
        let not = [
            "v1.0",
            "model@1.0.0",
            "model@v1.0",
            "model@v01.0.0",
            "model@latest",
            "-model@v1.0.0",
            "model#",
            "model#-x",
            "=m@v1.0.0",
            "model@v1.0.0#x",
            "model@v1.0.0#",
            "model@v1.0.0@x",
            "mo del@v1.0.0",
            "model@v1.0.0-",
            "@v1.0.0",
            "model@deprecated!",
        ];
        for tag in not {
            assert!(!is_gto(tag), "{tag}");
        }
    }

    fn tag(name: &str, commit: &str, seconds: i64) -> GtoTag {
        GtoTag { name: name.to_owned(), commit: commit.to_owned(), seconds, message: String::new() }
    }

    #[test]
    fn versions_stages_and_what_is_taken_back() {
        let models = models(&[
            tag("m@v1.9.0", "a", 1),
            tag("m@v1.10.0", "b", 2),
            tag("m@v2.0.0-rc.1", "c", 3),
            tag("m#prod#1", "b", 4),
            tag("m#dev#2", "b", 4),
            tag("m#prod#3", "a", 5),
            tag("m#dev!#4", "b", 6),
            tag("m@v2.0.0-rc.1!", "c", 7),
            tag("sub=n#dev", "d", 8),
            tag("old@v1.0.0", "a", 1),
            tag("old@deprecated", "a", 2),
            tag("v1.0", "a", 1),
        ]);
        let names: Vec<_> = models.iter().map(GtoModel::full_name).collect();
        assert_eq!(names, ["m", "old", "sub:n"]);
        let versions: Vec<_> = models[0].versions.iter().map(|v| v.version.as_str()).collect();
        assert_eq!(versions, ["v1.10.0", "v1.9.0"]);
        // Both are in prod; the greater counts, as in `gto show`.
        assert_eq!(models[0].stages, BTreeMap::from([("prod".to_owned(), "v1.10.0".to_owned())]));
        assert_eq!((models[1].deprecated, models[0].deprecated), (true, false));
        assert_eq!(models[2].versions[0].version, "d");
    }

    #[test]
    fn the_order_of_versions() {
        let mut versions = ["v1.0.0", "v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0-rc", "v0.9.9", "v1.0.0-1", "abc"];
        versions.sort_by(|a, b| order(a, b));
        assert_eq!(versions, ["abc", "v0.9.9", "v1.0.0-1", "v1.0.0-rc", "v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0"]);
    }
}
