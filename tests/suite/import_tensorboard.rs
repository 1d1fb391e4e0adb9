//! TensorBoard event files: every value of the corpus against TensorBoard's own reader, a small log
//! folder of the repository's own, and files that are broken on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use presscheck::diag::{Code, Severity};
use presscheck::import::import;
use presscheck::model::{Catalogue, Datum, Registry, Run, RunStatus, assemble};
use presscheck::source::{FileData, Source};
use serde_json::Value;

use crate::corpus::{folder, read, same_number, view};

/// A JSON file with every digit of its numbers.
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn json(path: &Path) -> Value {
    let file = FileData::from_bytes("expected.json", std::fs::read(path).unwrap());
    serde_json::to_value(presscheck::import::json::parse(&file).unwrap().value).unwrap()
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/tensorboard")
}

#[test]
fn the_corpus_says_what_tensorboard_says() {
    let Some(path) = folder("trackers/tensorboard-2.20.0") else { return };
    let expected = json(&path.join("expected.json"));
    for root in [path.clone(), path.join("runs")] {
        same(&read(&root), &expected, "runs");
    }
}

#[test]
fn the_small_folder_of_the_repository() {
    let expected = json(&fixture().join("expected.json"));
    let registry = read(&fixture());
    same(&registry, &expected, "logs");
    // Points that a restart took back are gone, and the values are those of every type and form.
    let run = run(&registry, "purged");
    assert_eq!(run.series[0].points.iter().map(|p| p.step).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(self::run(&registry, "lightning").params["batch_size"], Datum::Int(8));
}

fn run<'a>(registry: &'a Registry, name: &str) -> &'a Run {
    registry.runs.iter().find(|r| r.name == name).unwrap()
}

/// Compares everything that the accumulator reports.
fn same(registry: &Registry, expected: &Value, logdir: &str) {
    let ours = view(registry);
    let theirs = expected["runs"].as_object().unwrap();
    let runs: BTreeMap<&str, &Value> =
        ours["runs"].as_array().unwrap().iter().map(|r| (r["name"].as_str().unwrap(), r)).collect();
    assert_eq!(runs.keys().copied().collect::<BTreeSet<_>>(), theirs.keys().map(String::as_str).collect());
    for (name, theirs) in theirs {
        let (ours, record) = (runs[name.as_str()], run(registry, name));
        assert_eq!(ours["source"], "tensorboard");
        assert_eq!(ours["experiment"], logdir);
        let parent = theirs_parent(name, expected);
        assert_eq!(
            record.parent.as_deref().map(|p| p.ends_with(parent.unwrap_or("?"))),
            parent.map(|_| true),
            "{name}"
        );
        let scalars = theirs["scalars"].as_object().unwrap();
        let results: BTreeMap<&str, &Value> =
            ours["results"].as_array().unwrap().iter().map(|r| (r["metric"].as_str().unwrap(), r)).collect();
        assert_eq!(
            results.keys().copied().collect::<BTreeSet<_>>(),
            scalars.keys().map(String::as_str).collect(),
            "{name}"
        );
        for (tag, scalar) in scalars {
            let result = results[tag.as_str()];
            assert_eq!(result["step"], scalar["last"][0], "{name} {tag}");
            assert!(same_number(&result["value"], &scalar["last"][1]), "{name} {tag}: {result} {scalar}");
            let series = record.series.iter().find(|s| s.metric == *tag);
            assert_eq!(
                series.map_or(1, |s| s.totals.points),
                scalar["count"].as_u64().unwrap() as usize,
                "{name} {tag}"
            );
            let Some(series) = series else { continue };
            let (every, points) = match scalar["points"].as_array() {
                Some(points) => (1, points),
                None => (97, scalar["points_every_97th"].as_array().unwrap()),
            };
            let kept: Vec<_> = series.points.iter().step_by(every).collect();
            assert_eq!(kept.len(), points.len(), "{name} {tag}");
            for (ours, theirs) in kept.iter().zip(points) {
                assert_eq!(ours.step, theirs[0].as_i64().unwrap());
                assert!(same_number(&serde_json::to_value(ours.value).unwrap(), &theirs[1]), "{name} {tag} {theirs}");
                let time = (theirs[2].as_f64().unwrap() * 1000.0).round() as i64;
                assert_eq!(ours.time.unwrap().millis(), time, "{name} {tag}");
            }
            let said = extra(record, "descriptions").and_then(|d| d.get(tag)).and_then(Datum::as_str);
            assert_eq!(said, scalar["description"].as_str().filter(|d| !d.is_empty()), "{name} {tag}");
        }
        let hparams = theirs["hparams"]["hparams"].as_object();
        let params: BTreeMap<&String, &Value> = hparams.into_iter().flatten().collect();
        let extra_params = record.params.iter().filter(|(k, _)| params.contains_key(k));
        for (key, value) in extra_params.clone() {
            assert_eq!(serde_json::to_value(value).unwrap(), *params[key], "{name} {key}");
        }
        assert_eq!(extra_params.count(), params.len(), "{name}");
        let ended = theirs["hparams"]["records"].as_array().is_some_and(|r| r.iter().any(|r| r == "session_end_info"));
        let status = if ended {
            RunStatus::Finished
        } else if name == "truncated" {
            RunStatus::Running
        } else {
            RunStatus::Unknown
        };
        assert_eq!(record.status, status, "{name}");
        let started = (theirs["first_event_timestamp"].as_f64().unwrap() * 1000.0).round() as i64;
        // A session's own start comes before the first event's.
        assert!(record.started_at.unwrap().millis().abs_diff(started) <= 1 || !params.is_empty() || ended, "{name}");
        if let Some(events) = theirs["raw_events"].as_i64() {
            assert_eq!(extra(record, "events"), Some(&Datum::Int(events)), "{name}");
        }
        for plugin in ["images", "histograms"] {
            let counts = extra(record, plugin)
                .map_or_else(|| Value::Object(Default::default()), |c| serde_json::to_value(c).unwrap());
            assert_eq!(counts, theirs[plugin], "{name} {plugin}");
        }
        for (tag, other) in theirs["other_tensors"].as_object().unwrap() {
            let plugin = other["plugin"].as_str().unwrap();
            if plugin != "hparams" {
                let count = extra(record, plugin).and_then(|p| p.get(tag));
                assert_eq!(
                    count.and_then(Datum::as_number).map(|n| n.as_f64()),
                    other["count"].as_f64(),
                    "{name} {tag}"
                );
            }
        }
    }
}

/// The run whose folder is the nearest above.
fn theirs_parent<'a>(name: &'a str, expected: &Value) -> Option<&'a str> {
    let mut at = name;
    while let Some((above, _)) = at.rsplit_once('/') {
        if !expected["runs"][above].is_null() {
            return Some(above);
        }
        at = above;
    }
    None
}

fn extra<'a>(run: &'a Run, key: &str) -> Option<&'a Datum> {
    run.extra.iter().find(|(k, _)| k == key).map(|(_, v)| v)
}

#[test]
fn top_level_runs_are_versions_unless_they_were_cut_off() {
    let Some(path) = folder("trackers/tensorboard-2.20.0/runs") else { return };
    let registry = read(&path);
    assert_eq!(registry.models.len(), 1);
    assert_eq!(registry.models[0].name, "runs");
    let versions: BTreeSet<&str> = registry.models[0].versions.iter().map(|v| v.version.as_str()).collect();
    for name in ["digits/lr=0.01", "long", "restarted", "keras-like/train"] {
        assert!(versions.contains(name), "{name}");
    }
    for name in ["truncated", "digits/lr=0.01/hp", "digits/lr=0.01/both/a"] {
        assert!(!versions.contains(name), "{name}");
    }
}

fn memory(files: Vec<(&str, Vec<u8>)>) -> Registry {
    let source = Source::from_memory("", "logs", files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)));
    assemble(import(&source, None), Catalogue::built_in(), &[])
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn events(below: &str) -> Vec<u8> {
    let folder = fixture().join("logs").join(below);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    files.sort();
    std::fs::read(&files[0]).unwrap()
}

#[test]
fn every_cut_is_told_and_keeps_what_is_before_it() {
    let bytes = events("plain");
    let whole =
        memory(vec![("a/events.out.tfevents.1.h", bytes.clone()), ("b/events.out.tfevents.1.h", bytes.clone())]);
    let all = &run(&whole, "a").series;
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    for cut in (0..bytes.len()).step_by(7) {
        let registry = memory(vec![("r/events.out.tfevents.1.h", bytes[..cut].to_vec())]);
        let run = &registry.runs[0];
        for series in &run.series {
            let full = all.iter().find(|s| s.metric == series.metric).unwrap();
            assert_eq!(series.points, full.points[..series.points.len()], "{cut}");
        }
        if run.status == RunStatus::Running {
            assert!(registry.problems.iter().any(|p| p.code == Code::LogTruncated), "{cut}");
            assert!(registry.models.is_empty(), "{cut}");
        }
    }
}

#[test]
fn a_flipped_byte_is_an_error_that_the_gate_sees() {
    let mut bytes = events("plain");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let registry = memory(vec![("r/events.out.tfevents.1.h", bytes)]);
    let problem = registry.problems.iter().find(|p| p.code == Code::LogCorrupt).unwrap();
    assert_eq!(problem.severity, Severity::Error);
    assert!(problem.path.as_deref().unwrap().starts_with(&registry.runs[0].folder));
    assert!(!registry.runs[0].series[0].points.is_empty());
}

#[test]
fn an_empty_file_and_a_foreign_one_do_not_harm_the_rest() {
    let bytes = events("plain");
    let registry = memory(vec![
        ("a/events.out.tfevents.1.h", bytes.clone()),
        ("b/events.out.tfevents.1.h", Vec::new()),
        ("c/events.out.tfevents.1.h", b"<html>not found</html>".to_vec()),
        ("d/my-tfevents-notes.txt", b"nothing".to_vec()),
        ("e/tfevents", bytes),
    ]);
    assert_eq!(registry.runs.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "e"]);
    assert_eq!(run(&registry, "a").results, {
        let mut e = run(&registry, "e").results.clone();
        e.iter_mut().for_each(|r| r.source.path = r.source.path.replace("e/tfevents", "a/events.out.tfevents.1.h"));
        e
    });
    assert!(registry.unrecognised.iter().any(|u| u == "d/my-tfevents-notes.txt"));
    let note = registry.problems.iter().find(|p| p.path.as_deref() == Some("b/events.out.tfevents.1.h")).unwrap();
    assert_eq!((note.code, note.severity), (Code::LogTruncated, Severity::Note));
    let error = registry.problems.iter().find(|p| p.path.as_deref() == Some("c/events.out.tfevents.1.h")).unwrap();
    assert_eq!(error.severity, Severity::Error);
}

#[test]
fn other_stores_below_and_beside_are_left_to_their_importers() {
    let Some(corpus) = folder("trackers") else { return };
    let registry = read(&corpus);
    let kinds: BTreeSet<(&str, &str)> = registry.sources.iter().map(|s| (s.kind.as_str(), s.path.as_str())).collect();
    for expected in [
        ("tensorboard", "tensorboard-2.20.0/runs"),
        ("wandb", "wandb-0.31.0/wandb"),
        ("wandb", "wandb-0.16.6/wandb"),
        ("mlflow-file", "mlflow-3.17.2-file/mlruns"),
        ("dvclive", "dvclive-3.49.1/dvclive-html"),
    ] {
        assert!(kinds.contains(&expected), "{expected:?} {kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|(kind, _)| *kind == "tensorboard").count(), 1);
    assert_eq!(kinds.iter().filter(|(kind, _)| *kind == "wandb").count(), 2);
}

#[test]
fn a_log_folder_inside_a_run_directory_belongs_to_that_run() {
    let bytes = events("plain");
    let registry = memory(vec![
        ("models/v1/metrics.json", b"{\"auc\": 0.9}".to_vec()),
        ("models/v1/tb/events.out.tfevents.1.h", bytes.clone()),
        ("models/v2/metrics.json", b"{\"auc\": 0.8}".to_vec()),
        ("models/v2/tb/events.out.tfevents.1.h", bytes),
    ]);
    assert_eq!(registry.runs.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["models/v1", "models/v2"]);
    assert!(registry.runs.iter().all(|r| r.results.len() > 1 && !r.series.is_empty()));
}
