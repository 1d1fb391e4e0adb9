//! Who may use whom: the table of the design, held against the `use` lines and paths of the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Module, what it may use of ours, and the crates that it alone may use.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("digest", &[], &["sha2"]),
    ("diag", &[], &["annotate_snippets"]),
    ("markdown", &[], &["pulldown_cmark", "ammonia"]),
    ("source", &["diag", "digest"], &["walkdir", "rusqlite", "glob"]),
    (
        "rows",
        &["diag", "source"],
        &["arrow_array", "arrow_cast", "arrow_csv", "arrow_ipc", "arrow_json", "arrow_schema", "regex"],
    ),
    ("remote", &["diag", "digest", "source"], &["ureq", "base64", "object_store", "futures_util"]),
    ("git", &[], &[]),
    ("model", &["diag", "digest"], &["jiff"]),
    (
        "import",
        &["source", "model", "diag", "digest", "markdown"],
        &[
            "jiter",
            "csv",
            "granit_parser",
            "prost",
            "crc32c",
            "crc32fast",
            "zip",
            "parquet",
            "flate2",
            "brotli",
            "bytes",
        ],
    ),
    ("export", &["model", "diag", "digest"], &[]),
    ("gate", &["model", "diag", "digest", "markdown"], &["libm", "chacha20", "semver", "ssh_key"]),
    ("drift", &["diag", "digest", "gate", "model", "rows"], &["statrs", "nalgebra"]),
    ("engine", &["diag", "drift", "rows", "source"], &["datafusion", "ballista", "percent_encoding"]),
    ("compare", &["model", "gate", "diag"], &["similar"]),
    ("thresholds", &["config", "diag", "import", "model", "source"], &[]),
    ("config", &["diag", "model", "gate", "remote", "digest"], &[]),
    ("plot", &[], &["plotters", "plotters_backend"]),
    (
        "site",
        &["compare", "config", "model", "plot", "gate", "diag", "digest", "markdown"],
        &["tera", "unicode_normalization", "lol_html"],
    ),
    ("output", &["digest"], &["tempfile"]),
    ("watch", &[], &["notify"]),
    ("serve", &[], &["hyper", "hyper_util", "http_body_util", "tokio"]),
];

/// Crates that more than one module may use although another owns them, with the reason.
const SHARED: &[(&str, &str, &str)] = &[
    ("cli", "jiff", "the clock is read in cli"),
    ("watch", "walkdir", "a watch looks at the tree as source does"),
    ("output", "walkdir", "the guard looks at what an output folder holds"),
    ("rows", "parquet", "Parquet as columns, not as cells"),
    ("drift", "arrow_array", "the values that rows hands over"),
    ("engine", "arrow_array", "the batches that an engine answers with"),
    ("engine", "arrow_cast", "counts as whole numbers"),
    ("engine", "arrow_schema", "types that an engine is asked for"),
    ("engine", "csv", "DataFusion's module of that name"),
    ("engine", "parquet", "DataFusion's module of that name"),
    ("engine", "futures_util", "DataFusion answers with streams"),
    ("engine", "tokio", "DataFusion is asynchronous"),
    ("drift", "arrow_ipc", "summaries are written as Arrow files"),
    ("drift", "arrow_schema", "summaries are written as Arrow files"),
    ("drift", "libm", "the distributions of its tests"),
    ("import", "quick_xml", "JUnit, CycloneDX"),
    ("gate", "quick_xml", "JUnit"),
    ("site", "quick_xml", "feeds"),
    ("site", "base64", "the digest of a style within a page's policy"),
    ("cli", "similar", "what a theme changed"),
    ("import", "rusqlite", "source opens a database, the importer asks it"),
    ("remote", "jiter", "an MLflow server answers with the bare words NaN and Infinity"),
    ("remote", "tokio", "object_store is asynchronous"),
];

/// Paths `crate::NAME` in a file, by the module that the file belongs to.
fn uses() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (path, bytes) in crate::project::tree(&root) {
        let Some(module) = path.strip_suffix(".rs").map(|p| p.split('/').next().unwrap().to_owned()) else { continue };
        if module == "lib" || module == "main" || path.ends_with("/tests.rs") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        // What stands below the unit tests' heading is not part of the module.
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for (at, _) in line.match_indices("crate::") {
                let name: String = line[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                out.entry(module.clone()).or_default().insert((name, path.clone()));
            }
            // Grouped imports of several modules: `use crate::{diag::…, model::…};`.
            if let Some((_, group)) = line.split_once("crate::{") {
                for part in group.trim_end_matches(['}', ';']).split(", ") {
                    let name: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    out.entry(module.clone()).or_default().insert((name, path.clone()));
                }
            }
            for (_, _, crates) in TABLE {
                for name in *crates {
                    let starts =
                        |(at, _): (usize, &str)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    if line.match_indices(&format!("{name}::")).any(starts) {
                        out.entry(module.clone()).or_default().insert((format!("extern {name}"), path.clone()));
                    }
                }
            }
        }
    }
    out
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let uses = uses();
    let mut wrong = Vec::new();
    for (module, allowed, _) in TABLE {
        for (name, path) in uses.get(*module).into_iter().flatten() {
            let is_module = name == "cli" || TABLE.iter().any(|(m, _, _)| m == name);
            if is_module && name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{path} uses crate::{name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_crate_is_used_by_the_module_that_owns_it() {
    let mut wrong = Vec::new();
    for (module, found) in uses() {
        for (name, path) in found {
            let Some(name) = name.strip_prefix("extern ") else { continue };
            let owner = TABLE.iter().find(|(_, _, crates)| crates.contains(&name)).unwrap().0;
            let shared = SHARED.iter().any(|(m, c, _)| *m == module && *c == name);
            if owner != module && !shared {
                wrong.push(format!("{path} uses {name}, which belongs to {owner}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_is_in_the_table() {
    let known: BTreeSet<&str> = TABLE.iter().map(|(m, _, _)| *m).chain(["cli"]).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in crate::project::tree(&root).keys() {
        let module = path.trim_end_matches(".rs").split('/').next().unwrap();
        assert!(module == "lib" || module == "main" || known.contains(module), "src/{path} is in no row of the table");
    }
}

#[test]
fn every_file_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (path, bytes) in crate::project::tree(&root).into_iter().filter(|(p, _)| p.ends_with(".rs")) {
        assert!(bytes.starts_with(b"//!"), "src/{path} does not begin with //!");
    }
}
