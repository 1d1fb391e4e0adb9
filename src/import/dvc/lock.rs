//! `dvc.lock` and `*.dvc` files: hashes, sizes and the params as they were.
//!
//! In: a parsed file. Out: entries with paths relative to the folder of the file. Both schema
//! versions of the lock are read: 2.0 keeps the stages below `stages`, 1.0 at the top.

use super::pipeline::resolve;
use crate::model::Datum;

/// A dependency or output that DVC knows the hash of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path.
    pub(crate) path: String,
    /// `md5:…` (or another hash that DVC names); `.dir` ends the hash of a folder.
    pub(crate) digest: Option<String>,
    /// Size in bytes.
    pub(crate) size: Option<u64>,
    /// Whether a stage made it.
    pub(crate) is_out: bool,
}

/// What a lock says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lock {
    /// Dependencies and outputs, in the order of the file; a path may stand in several stages.
    pub(crate) entries: Vec<Entry>,
    /// Params by file, as they were when the stage ran.
    pub(crate) params: Vec<(String, Vec<(String, Datum)>)>,
}

/// Reads a lock; `wdirs` are the working folders of stages.
pub(crate) fn read(value: &Datum, wdirs: &[(String, String)]) -> Lock {
    let mut out = Lock::default();
    let stages = value.get("stages").unwrap_or(value).entries().unwrap_or_default();
    for (name, stage) in stages {
        // `train@item` is one turn of the stage `train`; a turn may have a working folder of its own.
        let plain = name.split('@').next().unwrap_or(name);
        let of = |wanted: &str| wdirs.iter().find(|(n, _)| n == wanted);
        let wdir = of(name).or_else(|| of(plain)).map_or("", |(_, w)| w);
        for (list, is_out) in [("deps", false), ("outs", true)] {
            let items = stage.get(list).and_then(Datum::items).unwrap_or_default();
            out.entries.extend(items.iter().filter_map(|item| entry(item, wdir, is_out)));
        }
        for (file, params) in stage.get("params").and_then(Datum::entries).unwrap_or_default() {
            let Some(file) = resolve(wdir, file) else { continue };
            let params = params.entries().unwrap_or_default().iter().cloned();
            match out.params.iter_mut().find(|(f, _)| *f == file) {
                Some((_, known)) => known.extend(params),
                None => out.params.push((file, params.collect())),
            }
        }
    }
    out
}

/// Reads a `*.dvc` file: what `dvc add` tracks.
pub(crate) fn read_tracked(value: &Datum, folder: &str) -> Vec<Entry> {
    let wdir = value.get("wdir").and_then(Datum::as_str).unwrap_or("");
    let folder = resolve(folder, wdir).unwrap_or_default();
    let outs = value.get("outs").and_then(Datum::items).unwrap_or_default();
    outs.iter().filter_map(|item| entry(item, &folder, false)).collect()
}

fn entry(item: &Datum, folder: &str, is_out: bool) -> Option<Entry> {
    let written = item.get("path")?.as_str()?;
    let path = resolve(folder, written).unwrap_or_else(|| written.to_owned());
    let digest = ["md5", "etag", "checksum", "sha256"]
        .iter()
        .find_map(|kind| item.get(kind).map(|v| format!("{kind}:{}", v.display())));
    let size = match item.get("size") {
        Some(Datum::Int(size)) => u64::try_from(*size).ok(),
        _ => None,
    };
    Some(Entry { path, digest, size, is_out })
}
