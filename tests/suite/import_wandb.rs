//! W&B: every value of the corpus and of logs by other versions against W&B's own reader, exports, and
//! logs that are broken on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use presscheck::diag::{Code, Severity};
use presscheck::import::import;
use presscheck::model::{Catalogue, Datum, Registry, Run, RunStatus, assemble};
use presscheck::source::{FileData, Source};
use serde_json::{Map, Value};

use crate::corpus::{folder, read, same_number, view};

/// A JSON file with every digit of its numbers.
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn json(path: &Path) -> Value {
    let file = FileData::from_bytes("expected.json", std::fs::read(path).unwrap());
    serde_json::to_value(presscheck::import::json::parse(&file).unwrap().value).unwrap()
}

fn fixture(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/wandb").join(version)
}

const INTERNAL: &[&str] = &["_step", "_runtime", "_timestamp", "_wandb"];

/// The leaves of a value by dotted names; what describes media is a leaf.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn descend(name: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
        match value.as_object().filter(|o| !o.is_empty() && !o.contains_key("_type")) {
            Some(object) => object.iter().for_each(|(k, v)| descend(&format!("{name}.{k}"), v, out)),
            None => {
                out.insert(name.to_owned(), value.clone());
            }
        }
    }
    let mut out = BTreeMap::new();
    for (key, value) in value.as_object().unwrap().iter().filter(|(k, _)| !INTERNAL.contains(&k.as_str())) {
        descend(key, value, &mut out);
    }
    out
}

fn is_number(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|s| matches!(s, "NaN" | "Infinity" | "-Infinity"))
}

fn run<'a>(registry: &'a Registry, id: &str) -> &'a Run {
    registry.runs.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no run {id}"))
}

fn extra<'a>(run: &'a Run, key: &str) -> Option<&'a Datum> {
    run.extra.iter().find(|(k, _)| k == key).map(|(_, v)| v)
}

fn same_series(run: &Run, name: &str, points: &[Value], every: usize, count: usize) {
    let Some(series) = run.series.iter().find(|s| s.metric == name) else {
        assert!(count < 2, "{} {name}", run.id);
        return;
    };
    assert_eq!(series.totals.points, count, "{} {name}", run.id);
    let kept: Vec<_> = series.points.iter().step_by(every).collect();
    assert_eq!(kept.len(), points.len(), "{} {name}", run.id);
    for (ours, theirs) in kept.iter().zip(points) {
        assert_eq!(ours.step, theirs[0].as_i64().unwrap(), "{} {name}", run.id);
        assert!(same_number(&serde_json::to_value(ours.value).unwrap(), &theirs[1]), "{} {name} {theirs}", run.id);
        assert!(ours.time.is_some());
    }
}

fn same_results(registry: &Registry, run: &Run, summary: &BTreeMap<String, Value>) {
    let ours = view(registry);
    let ours = ours["runs"].as_array().unwrap().iter().find(|r| r["id"] == run.id.as_str()).unwrap();
    let results: BTreeMap<&str, &Value> =
        ours["results"].as_array().unwrap().iter().map(|r| (r["metric"].as_str().unwrap(), &r["value"])).collect();
    let numbers: BTreeMap<&str, &Value> =
        summary.iter().filter(|(_, v)| is_number(v)).map(|(k, v)| (k.as_str(), v)).collect();
    assert_eq!(results.keys().collect::<BTreeSet<_>>(), numbers.keys().collect(), "{}", run.id);
    for (name, value) in numbers {
        assert!(same_number(results[name], value), "{} {name} {} {value}", run.id, results[name]);
    }
    let refused: BTreeSet<&str> = run.rejected.iter().map(|r| r.metric.as_str()).collect();
    let others = summary.iter().filter(|(_, v)| !is_number(v) && (v.is_string() || v.is_null() || v.is_boolean()));
    assert_eq!(refused, others.map(|(k, _)| k.as_str()).collect(), "{}", run.id);
}

fn corpus(version: &str) {
    let Some(path) = folder(&format!("trackers/wandb-{version}")) else { return };
    let expected = json(&path.join("expected.json"));
    let registry = read(&path.join("wandb"));
    // A folder above gives the same runs, and the exports beside them.
    let above = read(&path);
    assert_eq!(above.runs.iter().filter(|r| r.source == "wandb").count(), registry.runs.len());
    assert_eq!(registry.unrecognised, Vec::<String>::new());
    let theirs = expected["runs"].as_array().unwrap();
    assert_eq!(registry.runs.len(), theirs.len());
    for theirs in theirs {
        let file = theirs["wandb_file"].as_str().unwrap();
        let id = theirs["run_id"].as_str().unwrap_or_else(|| &file[4..file.len() - 6]);
        let run = run(&registry, id);
        assert!(run.folder.ends_with(theirs["run_dir"].as_str().unwrap()));
        let status = match theirs["status"].as_str().unwrap() {
            "crashed" => RunStatus::Unknown, // nothing was written
            other => RunStatus::from_name(other).unwrap(),
        };
        assert_eq!(run.status, status, "{id}");
        let text = |key: &str| theirs[key].as_str().filter(|t| !t.is_empty());
        assert_eq!(run.name, theirs["name"].as_str().unwrap_or_default());
        assert_eq!(run.experiment.as_deref(), text("project"));
        assert_eq!(run.description.as_deref(), text("notes"));
        for key in ["entity", "group", "job_type", "sweep_id", "host"] {
            assert_eq!(
                run.system_tags.get(&format!("wandb.{key}")).map(String::as_str),
                text(if key == "group" { "group" } else { key })
            );
        }
        let tags =
            theirs["tags"].as_array().into_iter().flatten().map(|t| t.as_str().unwrap()).collect::<BTreeSet<_>>();
        assert_eq!(run.tags.keys().map(String::as_str).collect::<BTreeSet<_>>(), tags);
        assert_eq!(run.started_at.map(|t| t.millis() / 1000), theirs["start_time"].as_i64(), "{id}");
        assert_eq!(extra(run, "history_rows"), Some(&Datum::Int(theirs["history_rows"].as_i64().unwrap())));
        let exit = theirs["exit"]["exit_code"].as_i64();
        assert_eq!(extra(run, "exit_code"), exit.map(Datum::Int).as_ref());

        let none = Value::Object(Map::new());
        let config = theirs.get("config").unwrap_or(&none);
        let params: BTreeMap<String, Value> =
            run.params.iter().map(|(k, v)| (k.clone(), serde_json::to_value(v).unwrap())).collect();
        // What W&B keeps for its own panels stands under `_wandb`.
        let own = |key: &String| key == "_wandb" || key.starts_with("_wandb.");
        let config: BTreeMap<_, _> = leaves(config).into_iter().filter(|(key, _)| !own(key)).collect();
        assert_eq!(params, config, "{id}");

        // The expectation joins the nested keys of rows and summary with dots; media have a `_type`.
        let summary = theirs.get("summary_records_merged").unwrap_or(&none).as_object().unwrap();
        let media: BTreeSet<&str> = summary.keys().filter_map(|k| k.strip_suffix("._type")).collect();
        let plain: Map<String, Value> = summary
            .iter()
            .filter(|(k, _)| !k.starts_with("_wandb.") && !media.iter().any(|m| k.starts_with(&format!("{m}."))))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let plain = leaves(&Value::Object(plain)).into_iter().filter(|(_, v)| v["_type"].is_null()).collect();
        same_results(&registry, run, &plain);

        let mut names = BTreeSet::new();
        for (name, history) in theirs["history"].as_object().into_iter().flatten() {
            if INTERNAL.contains(&name.as_str())
                || media.iter().any(|m| name.starts_with(&format!("{m}.")))
                || history["first"].is_object()
                || !is_number(&history["first"])
            {
                continue;
            }
            let count = history["count"].as_u64().unwrap() as usize;
            let (every, points) = match history["history"].as_array() {
                Some(points) => (1, points),
                None => (97, history["history_every_97th"].as_array().unwrap()),
            };
            same_series(run, name, points, every, count);
            if count > 1 {
                names.insert(name.as_str());
            }
        }
        assert_eq!(run.series.iter().map(|s| s.metric.as_str()).collect::<BTreeSet<_>>(), names, "{id}");

        let files: BTreeSet<&str> = run.artifacts.iter().map(|a| a.path.as_str()).collect();
        for saved in theirs["saved_files"].as_array().unwrap() {
            let saved = saved.as_str().unwrap();
            assert!(
                files.contains(saved) || matches!(saved, "requirements.txt" | "wandb-metadata.json"),
                "{id} {saved}"
            );
        }
        for artifact in theirs["artifacts"].as_array().unwrap() {
            let ours = run.artifacts.iter().find(|a| a.path == artifact["name"].as_str().unwrap()).unwrap();
            assert_eq!(ours.kind.as_deref(), artifact["type"].as_str());
        }
    }
    let models: Vec<&str> = registry.models.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(models, ["wine-quality"]);
    let finished = theirs.iter().filter(|r| r["status"] == "finished").count();
    assert_eq!(registry.models[0].versions.len(), finished);
    let notes = registry.problems.iter().filter(|p| p.code == Code::LogTruncated && p.severity == Severity::Note);
    assert_eq!(notes.count(), 1);
    assert!(!registry.problems.iter().any(|p| p.severity == Severity::Error), "{:?}", registry.problems);
}

#[test]
fn the_runs_of_wandb_0_31() {
    corpus("0.31.0");
}

#[test]
fn the_runs_of_wandb_0_16() {
    corpus("0.16.6");
}

fn small(version: &str) {
    let path = fixture(version);
    let expected = json(&path.join("expected.json"));
    let registry = read(&path);
    assert_eq!(registry.runs.len(), expected.as_object().unwrap().len());
    for (file, theirs) in expected.as_object().unwrap() {
        let name = file.rsplit('/').next().unwrap();
        let run = run(&registry, &name[4..name.len() - 6]);
        for (name, points) in theirs["history"].as_object().unwrap() {
            let points = points.as_array().unwrap();
            same_series(run, name, points, 1, points.len());
        }
        let status = match (theirs["exit"].as_i64(), theirs["records"].as_i64()) {
            (Some(0), _) => RunStatus::Finished,
            (Some(_), _) => RunStatus::Failed,
            (None, Some(0)) => RunStatus::Unknown,
            (None, _) => RunStatus::Running,
        };
        assert_eq!(run.status, status);
        if status == RunStatus::Finished || status == RunStatus::Failed {
            let summary: BTreeMap<_, _> =
                leaves(&theirs["summary"]).into_iter().filter(|(_, v)| v["_type"].is_null()).collect();
            same_results(&registry, run, &summary);
            let params: BTreeMap<String, Value> =
                run.params.iter().map(|(k, v)| (k.clone(), serde_json::to_value(v).unwrap())).collect();
            assert_eq!(params, leaves(&theirs["config"]));
        }
    }
}

#[test]
fn the_small_folders_of_the_repository() {
    small("0.13.11");
    small("0.22.3");
    // A log that was cut off before any summary gives the last value of each metric.
    let registry = read(&fixture("0.13.11"));
    let killed = run(&registry, "cccc3333");
    assert_eq!(killed.status, RunStatus::Running);
    assert_eq!(killed.results.len(), 1);
    assert_eq!(killed.results[0].value, killed.series[0].totals.last.unwrap().value);
    assert!(registry.models.iter().all(|m| m.versions.iter().all(|v| v.version != "third")));
}

fn memory(files: Vec<(&str, Vec<u8>)>) -> Registry {
    let source = Source::from_memory("", "project", files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)));
    assemble(import(&source, None), Catalogue::built_in(), &[])
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn log(version: &str, id: &str) -> Vec<u8> {
    let wandb = fixture(version).join("wandb");
    let run = std::fs::read_dir(wandb).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_str().unwrap().ends_with(id));
    std::fs::read(run.unwrap().join(format!("run-{id}.wandb"))).unwrap()
}

#[test]
fn every_cut_is_told_and_keeps_what_is_before_it() {
    let bytes = log("0.22.3", "aaaa1111");
    let whole = memory(vec![("wandb/run-20261123_000000-x/run-x.wandb", bytes.clone())]);
    let all = &whole.runs[0].series;
    for cut in (0..bytes.len()).step_by(61) {
        let registry = memory(vec![("wandb/run-20261123_000000-x/run-x.wandb", bytes[..cut].to_vec())]);
        assert_eq!(registry.runs.len(), 1, "{cut}");
        let run = &registry.runs[0];
        assert!(matches!(run.status, RunStatus::Running | RunStatus::Unknown), "{cut}");
        assert!(registry.models.is_empty(), "{cut}");
        assert!(registry.problems.iter().any(|p| p.code == Code::LogTruncated), "{cut}");
        for series in &run.series {
            let full = all.iter().find(|s| s.metric == series.metric).unwrap();
            assert_eq!(series.points, full.points[..series.points.len()], "{cut}");
        }
    }
}

#[test]
fn a_flipped_byte_is_an_error_that_the_gate_sees() {
    let bytes = log("0.22.3", "aaaa1111");
    for at in (8..bytes.len()).step_by(397) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        let registry = memory(vec![("wandb/run-20261123_000000-x/run-x.wandb", bytes)]);
        let run = &registry.runs[0];
        let problem =
            registry.problems.iter().find(|p| matches!(p.code, Code::LogCorrupt | Code::LogTruncated)).unwrap();
        assert!(problem.path.as_deref().unwrap().starts_with(&run.folder), "{at}");
        assert!(run.status != RunStatus::Finished, "{at}");
    }
}

#[test]
fn empty_logs_are_notes_and_the_rest_is_read() {
    let registry = memory(vec![
        ("wandb/offline-run-20261123_000000-a/run-a.wandb", Vec::new()),
        ("wandb/offline-run-20261123_000001-b/run-b.wandb", b":W&B\xe1\xbe\0".to_vec()),
        ("wandb/offline-run-20261123_000002-aaaa1111/run-aaaa1111.wandb", log("0.13.11", "aaaa1111")),
        ("wandb/debug.log", b"...".to_vec()),
        ("data/metrics.json", b"{\"auc\": 0.9}".to_vec()),
    ]);
    let notes: Vec<_> = registry.problems.iter().filter(|p| p.code == Code::LogTruncated).map(|p| p.severity).collect();
    assert_eq!(notes, [Severity::Note, Severity::Note]);
    assert_eq!(run(&registry, "aaaa1111").status, RunStatus::Finished);
    assert_eq!(run(&registry, "data").source, "native");
    assert_eq!(registry.unrecognised, Vec::<String>::new());
}

#[test]
fn a_copied_run_directory_without_its_log_is_read_from_its_files() {
    let at = |file: &str| format!("wandb/run-20261123_000000-x1/files/{file}");
    let registry = memory(vec![
        (&at("wandb-summary.json"), b"{\"acc\": 0.5, \"_step\": 3, \"_wandb\": {\"runtime\": 1}}".to_vec()),
        (&at("config.yaml"), b"wandb_version: 1\n_wandb:\n  value: {}\nlr:\n  desc: null\n  value: 0.1\n".to_vec()),
        (&at("wandb-metadata.json"), b"{\"python\": \"3.11\"}".to_vec()),
        (&at("requirements.txt"), b"numpy==2.0\n".to_vec()),
    ]);
    let run = run(&registry, "x1");
    assert_eq!(run.results.iter().map(|r| (r.metric.as_str(), r.value.as_f64())).collect::<Vec<_>>(), [("acc", 0.5)]);
    assert_eq!(run.params.keys().collect::<Vec<_>>(), ["lr"]);
    assert_eq!(run.status, RunStatus::Unknown);
    assert!(extra(run, "metadata").is_some() && extra(run, "requirements").is_some());
}

#[test]
fn the_parts_of_a_resumed_run_are_told_apart() {
    let registry = memory(vec![
        ("wandb/run-20261123_000000-bbbb2222/run-bbbb2222.wandb", log("0.13.11", "bbbb2222")),
        ("wandb/run-20261124_000000-bbbb2222/run-bbbb2222.wandb", log("0.13.11", "bbbb2222")),
    ]);
    let ids: Vec<&str> = registry.runs.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["bbbb2222", "bbbb2222@run-20261123_000000-bbbb2222"]);
    assert!(run(&registry, "bbbb2222").folder.ends_with("run-20261124_000000-bbbb2222"));
    assert!(registry.problems.iter().any(|p| p.code == Code::RunDuplicate && p.severity == Severity::Note));
}

#[test]
fn exports_of_the_api_and_of_the_web_pages() {
    let history = ",_step,_runtime,_timestamp,loss,note\n0,0,0.5,1700000000.5,1.0,\n1,1,0.6,1700000001.5,NaN,x\n2,2,0.7,1700000002.5,0.25,\n";
    let chart = "\"Step\",\"brisk-sun-1 - loss\",\"brisk-sun-1 - loss__MIN\",\"brisk-sun-1 - loss__MAX\"\n\"0\",\"1\",\"1\",\"1\"\n\"5\",\"0.5\",\"0.5\",\"0.5\"\n";
    let table = "\"Name\",\"State\",\"Notes\",\"User\",\"Tags\",\"Created\",\"Runtime\",\"Sweep\",\"lr\",\"opt\",\"acc\"\n\
                 \"brisk-sun-1\",\"finished\",\"-\",\"ml\",\"a, b\",\"2026-11-23T10:00:00.000Z\",\"12\",\"\",\"0.1\",\"adam\",\"0.9\"\n\
                 \"calm-sea-2\",\"crashed\",\"-\",\"ml\",\"\",\"2026-11-23T11:00:00.000Z\",\"12\",\"\",\"0.2\",\"sgd\",\"\"\n";
    let registry = memory(vec![
        ("h/run/history.csv", history.into()),
        ("c/run/chart.csv", chart.into()),
        ("t/wandb_export.csv", table.into()),
        (
            "s/run/run.json",
            b"{\"acc\": 0.5, \"exploding\": Infinity, \"word\": \"0.9\", \"_step\": 3, \"_runtime\": 1.5}".to_vec(),
        ),
        ("x/run/other.json", b"{\"acc\": 0.5, \"_step\": 3}".to_vec()),
        ("m/a.summary.json", b"{\"acc\": 0.1, \"_step\": 3, \"_timestamp\": 1.5}".to_vec()),
        ("m/b.summary.json", b"{\"acc\": 0.2, \"_step\": 3, \"_timestamp\": 1.5}".to_vec()),
        ("m/notes.txt", b"-".to_vec()),
    ]);
    let loss = |id: &str| {
        let series = run(&registry, id).series.iter().find(|s| s.metric == "loss").unwrap();
        (series.totals.points, series.totals.finite, series.totals.last.map(|p| (p.step, p.value.as_f64())))
    };
    assert_eq!(loss("h/run"), (3, 2, Some((2, 0.25))));
    assert_eq!(loss("c/run"), (2, 2, Some((5, 0.5))));
    assert_eq!(run(&registry, "h/run").series.len(), 1);
    let rows: Vec<&Run> = registry.runs.iter().filter(|r| r.folder == "t").collect();
    assert_eq!(
        rows.iter().map(|r| (r.name.as_str(), r.status)).collect::<Vec<_>>(),
        [("brisk-sun-1", RunStatus::Finished), ("calm-sea-2", RunStatus::Killed)]
    );
    assert_eq!(rows[0].results.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["lr", "acc"]);
    assert_eq!(rows[0].tags.keys().collect::<Vec<_>>(), ["a", "b"]);
    let summary = run(&registry, "s/run");
    assert_eq!(summary.results.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["acc", "exploding"]);
    assert_eq!(summary.rejected[0].metric, "word");
    assert_eq!(run(&registry, "m/a.summary.json").results[0].value.as_f64(), 0.1);
    assert_eq!(run(&registry, "m/b.summary.json").results[0].value.as_f64(), 0.2);
    assert!(!registry.runs.iter().any(|r| r.id == "x/run" && r.source == "wandb-export"));
    assert!(registry.unrecognised.contains(&"m/notes.txt".to_owned()));
}

/// `logs/debug-core.log` of newer versions is a link into a cache.
#[cfg(unix)]
#[test]
#[expect(clippy::disallowed_methods, reason = "tests build their project")]
fn a_link_to_a_log_of_its_processes_does_not_block_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let run_folder = folder.path().join("wandb/offline-run-20261123_000000-aaaa1111");
    std::fs::create_dir_all(run_folder.join("logs")).unwrap();
    std::fs::write(run_folder.join("run-aaaa1111.wandb"), log("0.22.3", "aaaa1111")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", run_folder.join("logs/debug-core.log")).unwrap();
    let registry = read(folder.path());
    assert_eq!(run(&registry, "aaaa1111").status, RunStatus::Finished);
    let link = registry.problems.iter().find(|p| p.code == Code::SymlinkOutside).unwrap();
    assert_eq!(link.severity, Severity::Note);
    std::os::unix::fs::symlink("/etc/hostname", run_folder.join("files")).unwrap();
    let registry = read(folder.path());
    assert!(registry.problems.iter().any(|p| p.code == Code::SymlinkOutside && p.severity == Severity::Error));
}
