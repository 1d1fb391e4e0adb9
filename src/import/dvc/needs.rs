//! Which files of a DVC project say how well its model does: what to take from a commit.
//!
//! In: a project that is not checked out, as a [`Tree`]. Out: the paths that the importer reads as
//! evidence, and which of them make one state of the project differ from another. Images, data,
//! models and source code are not among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pipeline::{self, Declared, Pipeline};
use super::{lock, plots, values};
use crate::model::Datum;
use crate::source::{FileData, parent};

/// More files below one declared folder are not taken.
const MOST_FILES: usize = 2_000;

/// A project that is not checked out; paths are relative to the folder of its `dvc.yaml`.
pub(crate) trait Tree {
    /// Whether there is a file of that path.
    fn has(&self, path: &str) -> bool;
    /// The files below a folder, at most so many.
    fn files(&self, folder: &str, most: usize) -> Vec<String>;
    /// Its `*.dvc` files.
    fn tracked(&self) -> Vec<String>;
    /// The content of a file.
    fn read(&mut self, path: &str) -> Option<Arc<[u8]>>;
}

/// What a project needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Files, sorted; whether a change of the file makes another state of the project.
    pub(crate) files: BTreeMap<String, bool>,
    /// Whether one of them is a metrics file.
    pub(crate) measured: bool,
    /// Declared metrics and plots that are not there although `dvc.lock` knows them, with their MD5:
    /// they are in DVC's cache.
    pub(crate) cached: Vec<(String, String)>,
    /// Named artifacts.
    pub(crate) artifacts: Vec<Declared>,
}

/// Looks through a project.
pub(crate) fn of(tree: &mut dyn Tree) -> Needs {
    let mut out = Needs::default();
    out.files.insert("dvc.yaml".to_owned(), false);
    for own in ["dvc.lock", "params.yaml"] {
        if tree.has(own) {
            out.files.insert(own.to_owned(), true);
        }
    }
    for tracked in tree.tracked() {
        out.files.entry(tracked).or_insert(false);
    }
    let Some(value) = parse(tree, "dvc.yaml") else { return out };
    let mut loaded = Vec::new();
    let Pipeline { metrics, params, plots, wdirs, artifacts, .. } = pipeline::read(&value, &mut |path: &str| {
        let value = parse(tree, path)?;
        loaded.push(path.to_owned());
        Some(value)
    });
    out.artifacts = artifacts;
    out.files.extend(loaded.into_iter().map(|path| (path, true)));
    let mut absent = Vec::new();
    for path in &params {
        out.take(tree, path, true, |_| true);
    }
    for path in &metrics {
        let taken = out.take(tree, path, true, |_| true);
        out.measured |= taken;
        if !taken {
            absent.push(path.as_str());
        } else if path.ends_with("/metrics.json") {
            out.dvclive(tree, parent(path));
        }
    }
    for (path, _) in &plots {
        if !out.take(tree, path, false, plots::is_data) && !plots::is_image(path) {
            absent.push(path);
        }
    }
    if !absent.is_empty()
        && let Some(value) = parse(tree, "dvc.lock")
    {
        for entry in lock::read(&value, &wdirs).entries {
            let md5 = entry.digest.as_deref().and_then(|d| d.strip_prefix("md5:"));
            if let Some(md5) = md5.filter(|_| entry.is_out && absent.contains(&entry.path.as_str())) {
                out.measured |= metrics.contains(&entry.path);
                out.cached.push((entry.path.clone(), md5.to_owned()));
            }
        }
        out.cached.sort();
        out.cached.dedup();
    }
    out
}

impl Needs {
    /// Takes a file, or the files below a folder; whether there was any.
    fn take(&mut self, tree: &dyn Tree, path: &str, decides: bool, fits: impl Fn(&str) -> bool) -> bool {
        let mut taken = false;
        let found = if tree.has(path) { vec![path.to_owned()] } else { tree.files(path, MOST_FILES) };
        for file in found.into_iter().filter(|f| fits(f)) {
            *self.files.entry(file).or_insert(false) |= decides;
            taken = true;
        }
        taken
    }

    /// What DVCLive writes beside its metrics.
    fn dvclive(&mut self, tree: &dyn Tree, folder: &str) {
        let below = format!("{folder}/plots");
        if !self.take(tree, &below, false, plots::is_data) {
            return;
        }
        for (own, decides) in [("params.yaml", true), ("dvc.yaml", false)] {
            let path = format!("{folder}/{own}");
            if tree.has(&path) {
                *self.files.entry(path).or_insert(false) |= decides;
            }
        }
    }
}

fn parse(tree: &mut dyn Tree, path: &str) -> Option<Datum> {
    let bytes = tree.read(path)?;
    values::parse(&FileData::from_bytes(path, &*bytes), &mut Vec::new()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(BTreeMap<&'static str, &'static str>);

    impl Tree for Files {
        fn has(&self, path: &str) -> bool {
            self.0.contains_key(path)
        }
        fn files(&self, folder: &str, most: usize) -> Vec<String> {
            let prefix = format!("{folder}/");
            self.0.keys().filter(|p| p.starts_with(&prefix)).take(most).map(|p| (*p).to_owned()).collect()
        }
        fn tracked(&self) -> Vec<String> {
            self.0.keys().filter(|p| p.ends_with(".dvc")).map(|p| (*p).to_owned()).collect()
        }
        fn read(&mut self, path: &str) -> Option<Arc<[u8]>> {
            self.0.get(path).map(|t| t.as_bytes().into())
        }
    }

    #[test]
    fn what_is_taken_from_a_commit() {
        let mut files = Files(BTreeMap::from([
            (
                "dvc.yaml",
                "vars: [conf/extra.yaml]\nmetrics: ['out/${name}.json', live/metrics.json, gone.json]\nplots: [img.png, p]\nparams: [other.toml]\n",
            ),
            (
                "dvc.lock",
                "schema: '2.0'\nstages: {a: {outs: [{path: gone.json, hash: md5, md5: aa}, {path: m.pkl, md5: bb}]}}\n",
            ),
            ("conf/extra.yaml", "name: best\n"),
            ("out/best.json", "{}"),
            ("out/worst.json", "{}"),
            ("live/metrics.json", "{}"),
            ("live/params.yaml", ""),
            ("live/plots/metrics/a.tsv", ""),
            ("live/plots/images/a.png", ""),
            ("p/a.csv", ""),
            ("p/a.png", ""),
            ("img.png", ""),
            ("other.toml", ""),
            ("data.csv", ""),
            ("raw.csv.dvc", ""),
        ]));
        let needs = of(&mut files);
        let decides: Vec<_> = needs.files.iter().filter(|(_, d)| **d).map(|(p, _)| p.as_str()).collect();
        let others: Vec<_> = needs.files.iter().filter(|(_, d)| !**d).map(|(p, _)| p.as_str()).collect();
        let expected =
            ["conf/extra.yaml", "dvc.lock", "live/metrics.json", "live/params.yaml", "other.toml", "out/best.json"];
        assert_eq!(decides, expected);
        assert_eq!(others, ["dvc.yaml", "live/plots/metrics/a.tsv", "p/a.csv", "raw.csv.dvc"]);
        assert_eq!(needs.cached, [("gone.json".to_owned(), "aa".to_owned())]);
        assert!(needs.measured);
    }
}
