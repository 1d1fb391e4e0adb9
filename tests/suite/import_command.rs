//! `presscheck import`: what is written as run directories reads back as it was.

use presscheck::model::Registry;
use serde_json::Value;

use crate::corpus;
use crate::project::Project;

/// The view without what differs by nature: places of files.
fn bare(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.shift_remove("source");
                map.values_mut().for_each(strip);
                for key in ["results", "curves", "series"] {
                    if let Some(Value::Array(items)) = map.get_mut(key) {
                        items.sort_by_key(Value::to_string);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let top = value.as_object_mut().unwrap();
    for key in ["sources", "unrecognised", "problems"] {
        top.shift_remove(key);
    }
    let kinds: Vec<Value> = top["runs"].as_array().unwrap().iter().map(|r| r["source"].clone()).collect();
    strip(&mut value);
    for card in value["cards"].as_array_mut().unwrap() {
        card.as_object_mut().unwrap().shift_remove("path");
    }
    value["cards"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    value["kinds"] = Value::Array(kinds);
    value
}

/// What the archive of a registry says.
pub(crate) fn archived(registry: &Registry) -> Registry {
    let files: Vec<(String, Vec<u8>)> = presscheck::export::native(registry)
        .into_iter()
        .flat_map(|u| u.files.into_iter().map(move |(name, bytes)| (format!("{}/{name}", u.folder), bytes)))
        .collect();
    for (path, _) in &files {
        presscheck::output::OutPath::new(path).unwrap();
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(p, b)| (p.as_str(), b.as_slice())).collect();
    corpus::from_memory(&files)
}

/// Compares a registry with what its archive says; the first difference, if there is one.
fn round_trip(registry: &Registry) -> Option<String> {
    let again = archived(registry);
    let (a, b) = (bare(corpus::view(registry)), bare(corpus::view(&again)));
    difference("", &a, &b)
}

fn difference(at: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() => {
            x.iter().find_map(|(k, v)| difference(&format!("{at}/{k}"), v, y.get(k).unwrap_or(&Value::Null)))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (v, w))| difference(&format!("{at}/{i}"), v, w))
        }
        _ if a == b => None,
        _ => {
            let cut = |v: &Value| v.to_string().chars().take(300).collect::<String>();
            Some(format!("{at}: {} became {}", cut(a), cut(b)))
        }
    }
}

#[test]
#[expect(clippy::disallowed_macros, reason = "names each folder as it runs")]
fn every_folder_of_the_corpus_reads_back_as_it_was() {
    let mut wrong = Vec::new();
    for group in ["trackers", "drift", "cards"] {
        let Some(folder) = corpus::folder(group) else { continue };
        let mut below: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        below.retain(|p| p.is_dir());
        below.sort();
        for path in below {
            eprintln!("{}", path.display());
            wrong.extend(round_trip(&corpus::read(&path)).map(|d| format!("{}: {d}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_archive_is_written_once_and_never_changed() {
    let project = Project::example();
    let first = project.run(&["import", "runs", "-o", "archive"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let again = project.run(&["import", "runs", "-o", "archive"]);
    assert!(again.stderr.contains("0 folders written"), "{}", again.stderr);
    let registry = corpus::read(&project.path().join("runs"));
    assert_eq!(round_trip(&registry), None);
    let changed = project.file("runs/digit-reader/0.4.0/metrics.json", "{\"accuracy\": 0.1}");
    let other = changed.run(&["import", "runs", "-o", "archive"]);
    assert_eq!(other.code, 2, "{}", other.stderr);
    assert!(other.stderr.contains("digit-reader/0.4.0"), "{}", other.stderr);
}

#[test]
fn hostile_names_stay_below_the_folder() {
    let long = "x".repeat(300);
    let names = ["../../x", "/etc/x", "A", "a", "con", "NUL.txt", "a\\u0000b", "a\\nb", "", "..", &long, "com1"];
    let run = |name: &str| format!("name = \"{name}\"\nmodel = \"{name}\"\nversion = \"{name}\"\n[params]\nk = 1\n");
    let files: Vec<(String, String)> =
        names.iter().enumerate().map(|(i, n)| (format!("m/{i}/run.toml"), run(n))).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(p, t)| (p.as_str(), t.as_bytes())).collect();
    let registry = corpus::from_memory(&files);
    assert_eq!(registry.runs.len(), names.len());
    assert_eq!(round_trip(&registry), None);
}
