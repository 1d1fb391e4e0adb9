//! `presscheck import`: what is written as run directories reads back as it was.

use std::collections::BTreeSet;
use std::fmt::Debug;

use presscheck::export::There;
use presscheck::model::{
    Check, Curve, DriftReport, Importance, Matrix, MetricResult, Pointer, Registry, Rejected, Series,
};
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
    let files: Vec<(String, Vec<u8>)> = presscheck::export::native(registry, There::default())
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
pub(crate) fn round_trip(registry: &Registry) -> Option<String> {
    let again = archived(registry);
    let (a, b) = (bare(corpus::view(registry)), bare(corpus::view(&again)));
    difference("", &a, &b).or_else(|| {
        let (a, b) = (records(registry), records(&again));
        let lost = a.iter().find(|r| !b.contains(*r)).map(|r| format!("lost: {r}"));
        lost.or_else(|| b.iter().find(|r| !a.contains(*r)).map(|r| format!("new: {r}")))
    })
}

/// Every record with all that the program knows of it, also what no view shows: distributions,
/// harnesses, rejected values, fields for the raw view. Places are relative to the run's folder.
fn records(registry: &Registry) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for run in &registry.runs {
        let id = &run.id;
        let at = |p: &Pointer| Pointer::new(run.relative(&p.path).unwrap_or(&p.path), p.pointer.as_str());
        let mut all = |what: &dyn Debug| {
            out.insert(format!("{id}: {what:?}"));
        };
        run.results.iter().for_each(|r| all(&MetricResult { source: at(&r.source), ..r.clone() }));
        run.rejected.iter().for_each(|r| all(&Rejected { source: at(&r.source), ..r.clone() }));
        run.series.iter().for_each(|r| all(&Series { source: at(&r.source), ..r.clone() }));
        run.curves.iter().for_each(|r| all(&Curve { source: at(&r.source), ..r.clone() }));
        run.matrices.iter().for_each(|r| all(&Matrix { source: at(&r.source), ..r.clone() }));
        run.importances.iter().for_each(|r| all(&Importance { source: at(&r.source), ..r.clone() }));
        run.datasets.iter().for_each(|r| all(r));
        run.artifacts.iter().for_each(|r| all(r));
        run.extra.iter().for_each(|r| all(r));
        all(&(&run.params, &run.tags, &run.system_tags, &run.directions, &run.git, &run.lineage));
        all(&(&run.source, run.form, run.status, run.deleted, run.started_at, run.ended_at, &run.parent));
        all(&(&run.name, &run.model, &run.version, &run.experiment, &run.description));
    }
    let at = |run: &Option<String>, p: &Pointer| {
        let run = run.as_deref().and_then(|id| registry.run_index(id)).map(|i| &registry.runs[i]);
        Pointer::new(run.and_then(|r| r.relative(&p.path)).unwrap_or(&p.path), p.pointer.as_str())
    };
    for d in &registry.drift {
        out.insert(format!("{:?}", DriftReport { source: at(&d.run, &d.source), ..d.clone() }));
    }
    for c in &registry.checks {
        out.insert(format!("{:?}", Check { source: at(&c.run, &c.source), ..c.clone() }));
    }
    for card in &registry.cards {
        out.insert(format!("{:?} {:?} {:?} {:?}", card.model, card.version, card.metadata, card.sections));
    }
    out
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

const RUN: &str = "model = \"m\"\nversion = \"VERSION\"\n";

/// A project with a model of two versions.
fn two_versions() -> Project {
    Project::new()
        .file("src/m/model.toml", "title = \"M\"\n[aliases]\nchampion = \"1\"\n")
        .file("src/m/1/run.toml", RUN.replace("VERSION", "1"))
        .file("src/m/1/metrics.json", "{\"accuracy\": 0.91}")
        .file("src/m/2/run.toml", RUN.replace("VERSION", "2"))
        .file("src/m/2/metrics.json", "{\"accuracy\": 0.92}")
}

fn champion(project: &Project) -> Option<String> {
    let registry = corpus::read(&project.path().join("archive"));
    registry.model("m").unwrap().aliases.get("champion").cloned()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "looks at what is on disk")]
fn a_new_version_is_added_and_the_old_ones_stay() {
    let project = two_versions();
    let first = project.run(&["import", "src", "-o", "archive"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let toml = std::fs::read(project.path().join("archive/m/model.toml")).unwrap();
    let old = std::fs::read(project.path().join("archive/m/1/metrics.json")).unwrap();
    let project = project
        .file("src/m/model.toml", "title = \"M\"\n[aliases]\nchampion = \"3\"\n")
        .file("src/m/3/run.toml", RUN.replace("VERSION", "3"))
        .file("src/m/3/metrics.json", "{\"accuracy\": 0.93}");
    let second = project.run(&["import", "src", "-o", "archive"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stderr.contains("2 folders written, 2 unchanged"), "{}", second.stderr);
    assert_eq!(champion(&project).as_deref(), Some("3"));
    assert_eq!(std::fs::read(project.path().join("archive/m/1/metrics.json")).unwrap(), old);
    let former = project.path().join("archive/m/.former");
    let kept = std::fs::read_dir(former).unwrap().any(|e| std::fs::read(e.unwrap().path()).unwrap() == toml);
    assert!(kept, "what the model said before is kept");
    // A version that the source no longer has stays, and the model goes on speaking of it.
    std::fs::remove_dir_all(project.path().join("src/m/1")).unwrap();
    let third = project.run(&["import", "src", "-o", "archive"]);
    assert_eq!(third.code, 0, "{}", third.stderr);
    let registry = corpus::read(&project.path().join("archive"));
    let versions: Vec<&str> = registry.model("m").unwrap().versions.iter().map(|v| v.version.as_str()).collect();
    assert_eq!(versions, ["1", "2", "3"]);
    assert!(registry.model("m").unwrap().versions.iter().all(|v| v.run.is_some() && v.ambiguous.is_none()));
}

#[test]
fn only_what_differs_is_refused_and_the_rest_is_added() {
    let project = two_versions();
    assert_eq!(project.run(&["import", "src", "-o", "archive"]).code, 0);
    let project = project
        .file("src/m/1/metrics.json", "{\"accuracy\": 0.5}")
        .file("src/m/3/run.toml", RUN.replace("VERSION", "3"))
        .file("src/m/3/metrics.json", "{\"accuracy\": 0.93}");
    let second = project.run(&["import", "src", "-o", "archive"]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("m/1 (it holds other content)"), "{}", second.stderr);
    assert!(!second.stderr.contains("m/2 ("), "{}", second.stderr);
    let registry = corpus::read(&project.path().join("archive"));
    let model = registry.model("m").unwrap();
    let values: Vec<Option<f64>> = model
        .versions
        .iter()
        .map(|v| registry.run_of(v).and_then(|r| r.results[0].value.finite()).map(|v| v.get()))
        .collect();
    assert_eq!(values, [Some(0.91), Some(0.92), Some(0.93)]);
}

/// A killed import leaves whole versions or none, and the next one goes on.
#[cfg(unix)]
#[test]
fn a_killed_import_leaves_nothing_half_written() {
    let mut project = Project::new();
    for i in 0..300 {
        project = project
            .file(&format!("src/m/{i}/run.toml"), RUN.replace("VERSION", &i.to_string()))
            .file(&format!("src/m/{i}/metrics.json"), "{\"accuracy\": 0.91, \"loss\": 0.1}");
    }
    let mut stopped = 0;
    for (round, signal) in ["-INT", "-KILL", "-TERM", "-KILL", "-INT", "-KILL"].into_iter().enumerate() {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_presscheck"))
            .args(["import", "src", "-o", "archive"])
            .current_dir(project.path())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Wait until it writes, and a little longer each time.
        let due = |at: &std::path::Path| std::fs::read_dir(at).map_or(0, Iterator::count) > 5 + round * 10;
        for _ in 0..2000 {
            if due(&project.path().join("archive/m")) || child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let _ = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        stopped += usize::from(!status.success());
        if !project.path().join("archive").is_dir() {
            continue;
        }
        let registry = corpus::read(&project.path().join("archive"));
        for run in &registry.runs {
            assert_eq!(run.results.len(), 2, "{} is half written", run.id);
        }
    }
    assert!(stopped > 0, "no import was stopped in time");
    let last = project.run(&["import", "src", "-o", "archive"]);
    assert_eq!(last.code, 0, "{}", last.stderr);
    let registry = corpus::read(&project.path().join("archive"));
    assert_eq!(registry.runs.len(), 300);
    let left = walkdir::WalkDir::new(project.path().join("archive")).into_iter().flatten();
    let left: Vec<_> = left.filter(|e| e.file_name().to_string_lossy().ends_with("presscheck-tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}
