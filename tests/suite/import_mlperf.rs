//! MLPerf: every number of loadgen's logs against a plain reading of them, verdicts, and cut logs.

use std::path::{Path, PathBuf};

use presscheck::model::{CheckStatus, Registry, Run, RunStatus};
use serde_json::Value;

use crate::corpus::{folder, from_memory, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

/// The entries of a log, read with another parser.
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn entries(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter_map(|l| l.strip_prefix(":::MLLOG ")).map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn run<'r>(registry: &'r Registry, id: &str) -> &'r Run {
    registry.runs.iter().find(|r| r.id.ends_with(id)).unwrap_or_else(|| panic!("no run {id}"))
}

fn status(registry: &Registry, run: &Run, name: &str) -> Option<CheckStatus> {
    registry.checks.iter().find(|c| c.run.as_ref() == Some(&run.id) && c.name == name).map(|c| c.status)
}

fn compare(registry: &Registry, run: &Run, folder: &Path) {
    let mut verdict = None;
    for entry in entries(&folder.join("mlperf_log_detail.txt")) {
        let key = entry["key"].as_str().unwrap();
        let Some(name) = key.strip_prefix("result_") else { continue };
        match &entry["value"] {
            Value::Number(n) => {
                let ours = run.results.iter().find(|r| r.metric == name).unwrap_or_else(|| panic!("no {name}"));
                assert_eq!(Some(ours.value.as_f64()), n.as_f64(), "{} {name}", run.id);
                assert!(ours.harness.as_ref().unwrap().starts_with("mlperf-loadgen 6.0.17"));
            }
            Value::Bool(met) => {
                let expected = if *met { CheckStatus::Pass } else { CheckStatus::Fail };
                assert_eq!(status(registry, run, &name.replace('_', " ")), Some(expected), "{} {name}", run.id);
            }
            Value::String(text) if name == "validity" => verdict = Some(text == "VALID"),
            _ => {}
        }
    }
    let expected = verdict.map(|valid| if valid { CheckStatus::Pass } else { CheckStatus::Fail });
    assert_eq!(status(registry, run, "result validity"), expected, "{}", run.id);
}

#[test]
fn logs_of_the_corpus_agree_with_their_lines() {
    let Some(path) = folder("cards/mlperf-run") else { return };
    let registry = read(&path);
    for below in ["offline-accuracy", "offline-performance", "server-performance", "singlestream-performance"] {
        let below = format!("loadgen-{below}");
        compare(&registry, run(&registry, &below), &path.join(&below));
    }
    let stream = run(&registry, "loadgen-singlestream-performance");
    assert_eq!(status(&registry, stream, "errors during the test"), Some(CheckStatus::Error));
    let training = run(&registry, "training-run.log");
    let evals: Vec<f64> = entries(&path.join("training-run.log"))
        .iter()
        .filter(|e| e["key"] == "eval_accuracy")
        .map(|e| e["value"].as_f64().unwrap())
        .collect();
    let points: Vec<f64> = training.series[0].points.iter().map(|p| p.value.as_f64()).collect();
    assert_eq!(points, evals);
    let last = training.results.iter().find(|r| r.metric == "eval_accuracy").unwrap();
    assert_eq!((last.value.as_f64(), last.step), (0.88, Some(5)));
    assert_eq!(training.status, RunStatus::Finished);
    assert!(registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn a_valid_run_with_both_files_and_with_one() {
    let both = read(&fixture("mlperf"));
    let stream = run(&both, "multistream");
    compare(&both, stream, &fixture("mlperf/multistream"));
    assert_eq!(status(&both, stream, "result validity"), Some(CheckStatus::Pass));
    let summary = bytes("mlperf/multistream/mlperf_log_summary.txt");
    let alone = from_memory(&[("x/mlperf_log_summary.txt", &summary)]);
    let run = run(&alone, "x");
    assert_eq!(status(&alone, run, "result validity"), Some(CheckStatus::Pass));
    let p99 = run.results.iter().find(|r| r.metric == "99.00_percentile_latency_ns").unwrap();
    assert_eq!(p99.value.as_f64(), 4166.0);
}

#[test]
fn files_that_disagree_or_break_off_do_not_pass() {
    let detail = bytes("mlperf/multistream/mlperf_log_detail.txt");
    let summary = String::from_utf8(bytes("mlperf/multistream/mlperf_log_summary.txt")).unwrap();
    let check = |detail: &[u8], summary: &str| {
        let files = [("x/mlperf_log_detail.txt", detail), ("x/mlperf_log_summary.txt", summary.as_bytes())];
        let registry = from_memory(&files);
        let run = run(&registry, "x");
        let rejected = run.rejected.iter().map(|r| r.metric.clone()).collect::<Vec<_>>();
        (status(&registry, run, "result validity"), rejected)
    };
    assert_eq!(check(&detail, &summary), (Some(CheckStatus::Pass), vec![]));
    let lying = summary.replace("Result is : VALID", "Result is : INVALID");
    assert_eq!(check(&detail, &lying).0, Some(CheckStatus::Error));
    let faster = summary.replace("Max latency (ns)                : 8074605", "Max latency (ns)                : 8");
    assert_ne!(faster, summary);
    assert_eq!(check(&detail, &faster).1, ["max_latency_ns"]);
    for cut in (200..detail.len()).step_by(1_499) {
        let registry = from_memory(&[("x/mlperf_log_detail.txt", &detail[..cut])]);
        let run = run(&registry, "x");
        let found = status(&registry, run, "result validity");
        let broken = status(&registry, run, "errors during the test").is_some();
        assert!(found != Some(CheckStatus::Pass) || broken || registry.problems.is_empty(), "cut at {cut}");
        let before = !detail[..cut].windows(15).any(|w| w == b"result_validity");
        assert!(!before || found == Some(CheckStatus::Error), "cut at {cut}");
    }
}

#[test]
fn a_training_log_says_how_its_run_ended() {
    let whole = String::from_utf8(bytes("mlperf/training.log")).unwrap();
    let end = |text: &str| {
        let registry = from_memory(&[("t.log", text.as_bytes())]);
        (registry.runs[0].status, registry.checks[0].status)
    };
    assert_eq!(end(&whole), (RunStatus::Finished, CheckStatus::Pass));
    assert_eq!(end(&whole.replace("\"success\"", "\"aborted\"")), (RunStatus::Killed, CheckStatus::Fail));
    assert_eq!(end(&whole.replace("\"success\"", "\"odd\"")), (RunStatus::Failed, CheckStatus::Error));
    let cut = &whole[..whole.find("run_stop").unwrap() - 300];
    assert_eq!(end(cut), (RunStatus::Running, CheckStatus::Error));
    let prefixed: String = whole.lines().map(|l| format!("0: {l}\nnoise\n")).collect();
    assert_eq!(end(&prefixed), (RunStatus::Finished, CheckStatus::Pass));
}
