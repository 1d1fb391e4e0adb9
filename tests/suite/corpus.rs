//! The corpus of real tool outputs beside the repository, and the normalised view of a folder.

use std::path::PathBuf;

use presscheck::model::{Catalogue, Registry, assemble, view::InspectView};
use presscheck::source::{Limits, Source};

/// A folder of the corpus; `None`, with a line that says so, when the corpus is not there.
pub(crate) fn folder(below: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(below);
    // A checkout may lie one level deeper than usual (a work tree beside the main one).
    let deeper = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(below);
    let found = [path, deeper].into_iter().find(|p| p.exists());
    if found.is_none() {
        eprintln_skip(below);
    }
    found
}

#[expect(clippy::disallowed_macros, reason = "a skipped test says so on standard error")]
fn eprintln_skip(below: &str) {
    eprintln!("skipped: the corpus folder '{below}' is not beside this checkout");
}

/// What is read from a folder, with all importers.
pub(crate) fn read(path: &std::path::Path) -> Registry {
    let source = Source::discover(path, "", &[], Limits::default()).unwrap();
    assemble(presscheck::import::import(&source, None), Catalogue::built_in(), &[])
}

/// What is read from files that are given here.
pub(crate) fn from_memory(files: &[(&str, &[u8])]) -> Registry {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    let source = Source::from_memory("", "here", files);
    assemble(presscheck::import::import(&source, None), Catalogue::built_in(), &[])
}

/// The public view of a registry as JSON.
pub(crate) fn view(registry: &Registry) -> serde_json::Value {
    serde_json::to_value(InspectView::new(registry)).unwrap()
}

/// A JSON file.
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
pub(crate) fn json(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A number of the view against a number of `expected.json` (non-finite ones are text there).
pub(crate) fn same_number(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (serde_json::Value::Number(a), serde_json::Value::Number(b)) => a.as_f64() == b.as_f64(),
        (serde_json::Value::Object(o), serde_json::Value::String(s)) => {
            o.get("nonfinite").and_then(|v| v.as_str()) == Some(s)
        }
        (a, b) => a == b,
    }
}
