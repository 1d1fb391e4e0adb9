//! Inspect AI logs: every score of the corpus, archives of both compressions, and hostile archives.

use std::path::PathBuf;

use presscheck::diag::Severity;
use presscheck::model::{Registry, Run, RunStatus};
use serde_json::Value;

use crate::corpus::{folder, from_memory, json, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

fn run<'r>(registry: &'r Registry, file: &str) -> &'r Run {
    registry.runs.iter().find(|r| r.id.ends_with(file)).unwrap_or_else(|| panic!("no run of {file}"))
}

fn value(run: &Run, metric: &str) -> f64 {
    run.results.iter().find(|r| r.metric == metric).unwrap_or_else(|| panic!("{}: no {metric}", run.id)).value.as_f64()
}

/// A log against its row of `expected.json`.
fn compare(run: &Run, expected: &Value) {
    let at = &run.id;
    assert_eq!(run.source, "inspect-ai", "{at}");
    assert_eq!(run.model.as_deref(), expected["model"].as_str(), "{at}");
    assert_eq!(run.params["task"].as_str(), expected["task"].as_str(), "{at}");
    let status = match expected["status"].as_str().unwrap() {
        "success" => RunStatus::Finished,
        "error" => RunStatus::Failed,
        "cancelled" => RunStatus::Killed,
        other => panic!("{other}"),
    };
    assert_eq!(run.status, status, "{at}");
    let version = expected["version"].as_i64().map(|v| v.to_string());
    assert_eq!(run.system_tags.get("log_version"), version.as_ref(), "{at}");
    if let Some(total) = expected["total_samples"].as_f64() {
        let ours = run.extra.iter().find(|(k, _)| k == "total_samples").unwrap();
        assert_eq!(ours.1.as_number().unwrap().as_f64(), total, "{at}");
    }
    let scores = expected["scores"].as_array().unwrap();
    let mut seen = 0;
    for score in scores {
        let name = score["name"].as_str().unwrap();
        let prefix = if scores.len() > 1 { format!("{name}/") } else { String::new() };
        let metrics = score["metrics"].as_object().unwrap();
        for (metric, expected) in metrics {
            let error = metric == "stderr" && (metrics.contains_key("accuracy") || metrics.contains_key("mean"));
            let title = if error { metrics.keys().find(|k| *k == "accuracy" || *k == "mean").unwrap() } else { metric };
            let result = run.results.iter().find(|r| r.metric == format!("{prefix}{title}")).unwrap();
            let ours = if error { result.stderr.unwrap().get() } else { result.value.as_f64() };
            assert_eq!(Some(ours), expected.as_f64(), "{at}: {name} {metric}");
            assert_eq!(result.dataset.as_deref(), run.params["task"].as_str(), "{at}");
            assert!(result.n.is_some() && result.harness.as_ref().unwrap().starts_with("inspect_ai"), "{at}");
            seen += usize::from(!error);
        }
    }
    assert_eq!(run.results.len(), seen, "{at}");
}

#[test]
fn logs_of_the_corpus_agree_with_the_tool() {
    for below in ["cards/inspect-ai-public", "cards/eval-tools-run/inspect-run"] {
        let Some(path) = folder(below) else { return };
        let expected = json(&path.join("expected.json"));
        for (file, row) in expected.as_object().unwrap() {
            // A log that plain readers of archives refuse has a copy that they read.
            let row = if row.get("note").is_some() { &expected[file.replace(".eval", ".deflate.eval")] } else { row };
            // Each on its own: copies of one log speak of the same version, and would be merged.
            let log = bytes(path.join(file).to_str().unwrap());
            let registry = from_memory(&[(file, &log)]);
            compare(run(&registry, file), row);
            assert!(registry.problems.is_empty(), "{below}/{file}: {:?}", registry.problems);
        }
    }
}

#[test]
fn several_scores_and_reducers_are_told_apart() {
    let registry = read(&fixture("inspect_ai"));
    let dicts = run(&registry, "dicts.eval");
    assert_eq!((value(dicts, "a/mean"), value(dicts, "b/std")), (0.5, 2.449489742783178));
    assert_eq!((value(dicts, "grp/all"), value(dicts, "grp/g0"), value(dicts, "grp/g1")), (1.125, 1.25, 1.0));
    let mean = dicts.results.iter().find(|r| r.metric == "a/mean").unwrap();
    assert_eq!((mean.n, mean.stderr.map(|s| s.get())), (Some(8), Some(0.1889822365046136)));
    assert!(dicts.tags.contains_key("t1"));
    assert_eq!(mean.source.pointer, "header.json#/results/scores/0/metrics/mean/value");
    let reducers = run(&registry, "reducers.json");
    let values = ["match/mean/accuracy", "match/at_least_2/accuracy"].map(|m| value(reducers, m));
    assert_eq!(values, [0.6666666666666666, 1.0]);
}

#[test]
fn a_log_of_version_one_and_one_that_is_invalidated() {
    let old = r#"{"version": 1, "status": "success", "eval": {"task": "t", "model": "m", "created": "2024-05-01T00:00:00"},
        "results": {"scorer": {"name": "match"}, "metrics": {"accuracy": {"name": "accuracy", "value": 0.25},
        "bootstrap_std": {"name": "bootstrap_std", "value": NaN}, "text": {"name": "text", "value": "0.5"}}}}"#;
    let registry = from_memory(&[("logs/old.json", old.as_bytes())]);
    let run = &registry.runs[0];
    assert_eq!((value(run, "accuracy"), run.results.len(), run.rejected.len()), (0.25, 2, 1));
    assert!(value(run, "bootstrap_std").is_nan());
    let marked = old.replacen("\"version\": 1", "\"version\": 2, \"invalidated\": true", 1);
    let registry = from_memory(&[("logs/old.json", marked.as_bytes())]);
    assert_eq!((registry.runs[0].results.len(), registry.runs[0].rejected.len()), (0, 3));
    let unknown = old.replacen("success", "odd", 1);
    assert_eq!(from_memory(&[("old.json", unknown.as_bytes())]).runs[0].status, RunStatus::Failed);
    let twice = old.replacen("\"value\": 0.25", "\"value\": 0.25, \"value\": 0.9", 1);
    let registry = from_memory(&[("old.json", twice.as_bytes())]);
    assert!(registry.runs[0].rejected.iter().any(|r| r.metric == "accuracy"), "a key that stands twice");
}

#[test]
fn an_archive_that_breaks_off_is_never_a_finished_run() {
    let whole = bytes("inspect_ai/dicts.eval");
    for cut in (0..whole.len()).step_by(997).chain([whole.len() - 1, whole.len() - 30]) {
        let registry = from_memory(&[("a.eval", &whole[..cut])]);
        let broken = registry.problems.iter().any(|p| p.severity == Severity::Error);
        let unread = registry.unrecognised == ["a.eval"];
        assert!(broken || unread, "cut at {cut}");
        let finished = registry.runs.iter().any(|r| r.status == RunStatus::Finished && !r.results.is_empty());
        assert!(!finished || broken, "cut at {cut}");
    }
    // Bytes that are not what their checksum says.
    let mut damaged = whole.clone();
    let middle = damaged.len() - 6_000;
    for byte in &mut damaged[middle..middle + 4_000] {
        *byte ^= 0x55;
    }
    let registry = from_memory(&[("a.eval", &damaged)]);
    assert!(registry.problems.iter().any(|p| p.severity == Severity::Error));
}
