//! OpenAI evals: the log of the corpus against its own lines, and logs that break off.

use std::path::PathBuf;

use presscheck::model::RunStatus;
use serde_json::Value;

use crate::corpus::{folder, from_memory, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

/// What the lines say, read with another parser.
fn truth(text: &str) -> (Value, Value, usize) {
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let find = |key: &str| lines.iter().find_map(|l| l.get(key)).unwrap().clone();
    (find("spec"), find("final_report"), lines.iter().filter(|l| l["type"] == "match").count())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn the_log_of_the_corpus_agrees_with_its_lines() {
    let Some(path) = folder("cards/openai-evals") else { return };
    let registry = read(&path);
    let text = std::fs::read_to_string(path.join("240101000000AAAABBBB_dummy_test-match.jsonl")).unwrap();
    let (spec, report, samples) = truth(&text);
    let run = &registry.runs[0];
    assert_eq!(run.status, RunStatus::Finished);
    assert_eq!(run.model.as_deref(), spec["completion_fns"][0].as_str());
    assert_eq!(
        run.params["run_config.seed"].as_number().unwrap().as_f64(),
        spec["run_config"]["seed"].as_f64().unwrap()
    );
    let result = &run.results[0];
    assert_eq!((result.metric.as_str(), Some(result.value.as_f64())), ("accuracy", report["accuracy"].as_f64()));
    assert_eq!(result.stderr.map(|s| s.get()), report["boostrap_std"].as_f64());
    assert_eq!(
        (result.dataset.as_deref(), result.split.as_deref()),
        (spec["eval_name"].as_str(), spec["split"].as_str())
    );
    assert_eq!(result.n, Some(samples as u64));
}

#[test]
fn other_reports_and_broken_logs() {
    let whole = String::from_utf8(bytes("openai_evals/match.jsonl")).unwrap();
    let other = whole.replace(
        "\"boostrap_std\": 0.2721655269759087",
        "\"scores\": {\"f1\": 0.5}, \"worst\": NaN, \"count\": \"3\", \"note\": \"x\", \"none\": null",
    );
    let run = &from_memory(&[("a.jsonl", other.as_bytes())]).runs[0];
    let names: Vec<&str> = run.results.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!(names, ["accuracy", "scores.f1", "worst"]);
    assert_eq!(run.rejected.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["count", "none"]);
    let cut: String = whole.lines().filter(|l| !l.contains("final_report")).map(|l| format!("{l}\n")).collect();
    let registry = from_memory(&[("a.jsonl", cut.as_bytes())]);
    assert_eq!((registry.runs[0].status, registry.runs[0].results.len()), (RunStatus::Running, 0));
    for cut in (400..whole.len()).step_by(97) {
        let registry = from_memory(&[("a.jsonl", &whole.as_bytes()[..cut])]);
        assert!(registry.runs.len() <= 1);
    }
    let twice = format!("{whole}{{\"final_report\": {{\"accuracy\": 1.0}}}}\n");
    assert!(!from_memory(&[("a.jsonl", twice.as_bytes())]).problems.is_empty(), "two reports that differ");
}
