//! Parameters, data, code and files of two versions.
//!
//! In: their runs and registry entries. Out: [`Change`]s, by name. Values are text, made safe to show.

use std::collections::BTreeMap;

use super::Side;
use crate::diag::visible;
use crate::model::Run;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub name: String,
    /// Its earlier text; nothing where it was not there.
    pub before: Option<String>,
    /// Its later text; nothing where it is not there any more.
    pub after: Option<String>,
}

/// Characters of a value.
const VALUE: usize = 400;

fn differing(before: BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Change> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&&String| before.get(**name) != after.get(**name);
    names
        .iter()
        .filter(differs)
        .map(|name| Change {
            name: visible(name, 200),
            before: before.get(*name).map(|v| visible(v, VALUE)),
            after: after.get(*name).map(|v| visible(v, VALUE)),
        })
        .collect()
}

fn both(before: Option<&Run>, after: Option<&Run>, facts: impl Fn(&Run) -> BTreeMap<String, String>) -> Vec<Change> {
    differing(before.map(&facts).unwrap_or_default(), &after.map(&facts).unwrap_or_default())
}

/// Parameters that differ.
pub(super) fn params(before: Option<&Run>, after: Option<&Run>) -> Vec<Change> {
    both(before, after, |run| run.params.iter().map(|(k, v)| (k.clone(), v.display())).collect())
}

/// Datasets that differ: by role and name their digest and rows.
pub(super) fn datasets(before: Option<&Run>, after: Option<&Run>) -> Vec<Change> {
    both(before, after, |run| {
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        for d in &run.datasets {
            let name = match &d.role {
                Some(role) if *role != d.name => format!("{} ({role})", d.name),
                _ => d.name.clone(),
            };
            let rows = d.rows.map(|n| format!("{n} rows"));
            let facts = [d.digest.clone(), rows, d.uri.clone()];
            let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(", ");
            let text = out.entry(name).or_default();
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(if facts.is_empty() { "named" } else { &facts });
        }
        out
    })
}

/// Code, files, lineage and tags that differ.
pub(super) fn setup(before: Side<'_>, after: Side<'_>) -> Vec<Change> {
    let facts = |side: Side<'_>| {
        let mut out = BTreeMap::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                out.insert(name.to_owned(), value);
            }
        };
        put("stage", side.version.stage.clone());
        put("status", side.version.status.clone());
        put("aliases", Some(side.version.aliases.join(", ")));
        for (key, value) in &side.version.tags {
            put(&format!("tag {key}"), Some(value.clone()));
        }
        let Some(run) = side.run else { return out };
        put("commit", run.git.commit.clone());
        put("branch", run.git.branch.clone());
        put("repository", run.git.remote.clone());
        put("changed since the commit", run.git.dirty.map(|d| if d { "yes" } else { "no" }.to_owned()));
        put("base model", run.lineage.base_model.clone());
        put("pipeline", run.lineage.pipeline.clone());
        for artifact in &run.artifacts {
            let size = artifact.bytes.map(|b| format!("{b} bytes"));
            let says = [artifact.sha256.clone(), size].into_iter().flatten().collect::<Vec<_>>().join(", ");
            let path = run.relative(&artifact.path).unwrap_or(&artifact.path);
            put(&format!("file {path}"), Some(if says.is_empty() { "listed".to_owned() } else { says }));
        }
        for (key, value) in &run.tags {
            put(&format!("tag {key}"), Some(value.clone()));
        }
        out
    };
    differing(facts(before), &facts(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dataset, Datum};

    #[test]
    fn what_is_the_same_is_left_out() {
        let run = |rate: i64, extra: Option<&str>| {
            let mut run = Run::default();
            run.params.insert("depth".to_owned(), Datum::Int(6));
            run.params.insert("rate".to_owned(), Datum::Int(rate));
            if let Some(name) = extra {
                run.params.insert(name.to_owned(), Datum::Bool(true));
            }
            run
        };
        let found = params(Some(&run(1, None)), Some(&run(2, Some("x\u{1b}[0m"))));
        let change = |name: &str, before: Option<&str>, after: &str| Change {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: Some(after.to_owned()),
        };
        assert_eq!(found, [change("rate", Some("1"), "2"), change("x\\u{1b}[0m", None, "true")]);
        assert!(params(None, None).is_empty());
    }

    #[test]
    fn two_datasets_of_one_name_are_both_told() {
        let data = |digest: &str| Dataset {
            name: "test".to_owned(),
            digest: Some(digest.to_owned()),
            role: Some("test".to_owned()),
            rows: Some(5),
            uri: None,
        };
        let before = Run { datasets: vec![data("a")], ..Run::default() };
        let after = Run { datasets: vec![data("a"), data("b")], ..Run::default() };
        let found = datasets(Some(&before), Some(&after));
        assert_eq!(found[0].before.as_deref(), Some("a, 5 rows"));
        assert_eq!(found[0].after.as_deref(), Some("a, 5 rows; b, 5 rows"));
    }
}
