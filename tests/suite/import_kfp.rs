//! Kubeflow Pipelines: every output of the corpus, slices, and the files of version 1.

use std::path::PathBuf;

use presscheck::model::{CurveKind, Registry, Run};
use serde_json::Value;

use crate::corpus::{folder, from_memory, json, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

fn run<'r>(registry: &'r Registry, id: &str) -> &'r Run {
    registry.runs.iter().find(|r| r.id.ends_with(id)).unwrap_or_else(|| panic!("no run {id}"))
}

/// The output of a task against what the tool's API returned.
fn compare(run: &Run, task: &str, outputs: &Value) {
    for (name, output) in outputs.as_object().unwrap() {
        let at = format!("{} {name}", run.id);
        if let Some(kind) = output.get("schema").and_then(Value::as_str) {
            let artifact = run.artifacts.iter().find(|a| Some(a.path.as_str()) == output["uri"].as_str());
            assert!(artifact.is_some(), "{at}");
            let metadata = output["metadata"].as_object().unwrap();
            match kind {
                "system.Metrics" => {
                    for (metric, value) in metadata {
                        let ours = run.results.iter().find(|r| r.metric == *metric).unwrap();
                        assert_eq!(Some(ours.value.as_f64()), value.as_f64(), "{at} {metric}");
                    }
                }
                "system.ClassificationMetrics" => {
                    let matrix = &metadata["confusionMatrix"];
                    let ours = &run.matrices[0];
                    let labels: Vec<_> = matrix["annotationSpecs"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|s| s["displayName"].as_str().unwrap())
                        .collect();
                    assert_eq!(ours.labels, labels, "{at}");
                    for (row, expected) in ours.rows.iter().zip(matrix["rows"].as_array().unwrap()) {
                        let expected: Vec<f64> =
                            expected["row"].as_array().unwrap().iter().map(|c| c.as_f64().unwrap()).collect();
                        assert_eq!(row.iter().map(|c| c.as_f64()).collect::<Vec<_>>(), expected, "{at}");
                    }
                    let curve = run.curves.iter().find(|c| c.kind == CurveKind::Roc).unwrap();
                    let points = metadata["confidenceMetrics"].as_array().unwrap();
                    assert_eq!(curve.points.len(), points.len(), "{at}");
                    for (ours, expected) in curve.points.iter().zip(points) {
                        assert_eq!(Some(ours.x.as_f64()), expected["falsePositiveRate"].as_f64(), "{at}");
                        assert_eq!(Some(ours.y.as_f64()), expected["recall"].as_f64(), "{at}");
                        let threshold = ours.threshold.map(|t| t.as_f64());
                        assert_eq!(threshold, expected["confidenceThreshold"].as_f64(), "{at}");
                    }
                }
                _ => {}
            }
        } else if let Some(number) = output.as_f64() {
            let param = run.params[&format!("{task}.{name}")].as_number().unwrap();
            assert_eq!(param.as_f64(), number, "{at}");
            assert!(run.results.iter().any(|r| r.metric == *name && r.value.as_f64() == number), "{at}");
        } else {
            assert!(run.params.contains_key(&format!("{task}.{name}")), "{at}");
        }
    }
}

#[test]
fn outputs_of_the_corpus_agree_with_the_api() {
    let Some(path) = folder("trackers/kfp-2.16.1") else { return };
    let registry = read(&path);
    let mut compared = 0;
    for task in json(&path.join("expected.json"))["tasks"].as_array().unwrap() {
        // The folder of a task is named in the URIs of its artifacts.
        let outputs = &task["outputs"];
        let Some(uri) = outputs.as_object().and_then(|o| o.values().find_map(|v| v["uri"].as_str())) else { continue };
        let mut parts = uri.rsplit('/').skip(1);
        let (name, folder) = (parts.next().unwrap(), parts.next().unwrap());
        compare(run(&registry, &format!("local_outputs/{folder}")), name, outputs);
        compared += 1;
    }
    assert!(compared >= 3, "{compared}");
    let shared = run(&registry, "two-steps-shared-2026-11-23-11-44-16-121357");
    assert_eq!(shared.lineage.pipeline.as_deref(), Some("two-steps-shared"));
    for metric in ["rmse", "accuracy"] {
        assert!(shared.results.iter().any(|r| r.metric == metric), "both steps are one run");
    }
    assert!(registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn slices_and_the_files_of_version_one() {
    // An artifact on its own is a run of its own.
    let alone = from_memory(&[("artifacts/sliced.json", &bytes("kfp/sliced.json"))]);
    let sliced = run(&alone, "sliced.json");
    assert_eq!(sliced.name, "run-7/ev/sliced");
    let names: Vec<&str> = sliced.matrices.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["region=eu", "us"]);
    assert_eq!(sliced.curves[0].points.len(), 2);
    let files = ["regress.json", "mlpipeline-metrics.json", "mlpipeline-ui-metadata.json"]
        .map(|f| (f, bytes(&format!("kfp/{f}"))));
    let registry = from_memory(&files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())));
    let rest = &registry.runs[0];
    let value = |m: &str| rest.results.iter().find(|r| r.metric == m).unwrap().value.as_f64();
    assert_eq!((value("accuracy-score"), value("loss"), value("r2")), (0.93, 0.4, 0.7395607341119496));
    assert_eq!(rest.rejected.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["broken"]);
    let matrix = &rest.matrices[0];
    let cells: Vec<f64> = matrix.rows.iter().flatten().map(|c| c.as_f64()).collect();
    assert_eq!((matrix.labels.clone(), cells), (vec!["yes".to_owned(), "no".to_owned()], vec![5.0, 1.0, 2.0, 9.0]));
    assert_eq!(rest.curves[0].points.len(), 3);
}

#[test]
fn the_folder_says_which_outputs_are_one_run() {
    let output = |run: &str, task: &str, value: f64| {
        format!(
            r#"{{"artifacts": {{"m": {{"artifacts": [{{"name": "m", "uri": "gs://b/{run}/{task}/m", "metadata": {{"acc": {value}}}}}]}}}}}}"#
        )
    };
    let (a, b) = (output("p-1", "train", 0.9), output("p-1", "test", 0.8));
    let registry = from_memory(&[
        ("p-1/train/executor_output.json", a.as_bytes()),
        ("p-1/test/executor_output.json", b.as_bytes()),
    ]);
    let names: Vec<&str> = registry.runs[0].results.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!((registry.runs.len(), names), (1, vec!["test/acc", "train/acc"]));
    // Outputs that somebody keeps by version are versions.
    let registry = from_memory(&[
        ("churn/v1/executor_output.json", a.as_bytes()),
        ("churn/v2/executor_output.json", b.as_bytes()),
    ]);
    let versions: Vec<_> = registry.runs.iter().map(|r| r.version.as_deref().unwrap()).collect();
    assert_eq!(versions, ["v1", "v2"]);
    let whole = a.as_bytes();
    for cut in 0..whole.len() {
        let registry = from_memory(&[("p-1/train/executor_output.json", &whole[..cut])]);
        assert!(registry.runs.iter().all(|r| r.results.is_empty()), "cut at {cut}");
    }
}
