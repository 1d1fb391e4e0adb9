//! SageMaker, Vertex AI and Azure ML: every value of the corpus, resources of their registries.

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

fn value(run: &Run, metric: &str) -> f64 {
    run.results.iter().find(|r| r.metric == metric).unwrap_or_else(|| panic!("{}: no {metric}", run.id)).value.as_f64()
}

fn cells(run: &Run) -> Vec<f64> {
    run.matrices[0].rows.iter().flatten().map(|c| c.as_f64()).collect()
}

/// The cells of a matrix in any of the three shapes.
fn expected_cells(matrix: &Value) -> Vec<f64> {
    let rows: Vec<Value> = match matrix.get("rows").or_else(|| matrix.get("matrix")) {
        Some(rows) => rows.as_array().unwrap().clone(),
        None => matrix.as_object().unwrap().values().cloned().collect(),
    };
    let row = |r: &Value| match r {
        Value::Array(cells) => cells.clone(),
        other => other.as_object().unwrap().values().cloned().collect(),
    };
    rows.iter().flat_map(row).map(|c| c.as_f64().unwrap()).collect()
}

#[test]
fn files_of_the_corpus_agree() {
    let Some(path) = folder("trackers/cloud-eval-formats") else { return };
    let registry = read(&path);
    let expected = json(&path.join("expected.json"));
    for (file, facts) in expected["files"].as_object().unwrap() {
        // Model Monitor's constraints are bounds, not measurements.
        if facts.get("constraints").is_some() {
            continue;
        }
        let run = run(&registry, file.rsplit_once('/').unwrap().0);
        for (metric, scalar) in facts["scalars"].as_object().into_iter().flatten() {
            let wanted = scalar.get("value").unwrap_or(scalar);
            assert_eq!(Some(value(run, metric)), wanted.as_f64(), "{file} {metric}");
            if let Some(deviation) = scalar.get("standard_deviation") {
                // What could not be computed is the text "NaN" in the file, and no result.
                let ours = run.results.iter().find(|r| r.metric == format!("{metric}.standard_deviation"));
                assert_eq!(ours.map(|r| r.value.as_f64()), deviation.as_f64(), "{file} {metric}");
            }
        }
        if let Some(matrix) = facts.get("confusion_matrix").filter(|m| !m.is_null()) {
            assert_eq!(cells(run), expected_cells(matrix), "{file}");
        }
        let points = facts["confidence_metrics"].as_u64().or(facts["n_thresholds"].as_u64()).filter(|n| *n > 0);
        if let Some(points) = points {
            for curve in run.curves.iter().filter(|c| c.kind == CurveKind::Roc) {
                assert_eq!(curve.points.len() as u64, points, "{file} {}", curve.name);
            }
            let classes = facts["class_labels"].as_array().map_or(1, Vec::len);
            assert_eq!(run.curves.iter().filter(|c| c.kind == CurveKind::Roc).count(), classes, "{file}");
        }
        for other in facts["others"].as_array().into_iter().flatten().filter(|o| *o != "confusion_matrix") {
            assert!(run.curves.iter().any(|c| Some(c.name.as_str()) == other.as_str()), "{file} {other}");
        }
    }
    assert!(registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn a_model_package_is_a_version_with_its_approval() {
    let files = ["describe-model-package.json", "list-model-packages.json"].map(|f| (f, bytes(&format!("cloud/{f}"))));
    let registry = from_memory(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]);
    let model = registry.models.iter().find(|m| m.name == "churn").unwrap();
    let stages: Vec<_> = model.versions.iter().map(|v| (v.version.as_str(), v.stage.as_deref().unwrap())).collect();
    assert_eq!(stages, [("3", "Rejected"), ("4", "Approved"), ("5", "PendingManualApproval")]);
    let run = &registry.runs[0];
    assert_eq!((run.model.as_deref(), run.version.as_deref()), (Some("churn"), Some("4")));
    assert_eq!(run.tags["auc"], "0.91", "metadata of the customer is text, not a measurement");
    assert_eq!(run.git.commit.as_deref(), Some("0a1b2c3"));
    let kinds: Vec<_> = run.artifacts.iter().map(|a| a.kind.as_deref().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "ModelMetrics.ModelQuality.Statistics",
            "ModelMetrics.ModelQuality.Constraints",
            "ModelMetrics.Bias.Report",
            "DriftCheckBaselines.ModelQuality.Statistics",
        ]
    );
    assert!(run.results.is_empty());
}

#[test]
fn an_evaluation_of_model_monitor() {
    let registry = from_memory(&[("v1/evaluation.json", &bytes("cloud/evaluation.json"))]);
    let run = &registry.runs[0];
    let auc = run.results.iter().find(|r| r.metric == "auc").unwrap();
    assert_eq!((auc.value.as_f64(), auc.stderr, auc.n), (0.97, None, Some(400)));
    assert_eq!(value(run, "auc.standard_deviation"), 0.01, "of subsamples: no standard error");
    assert!(value(run, "recall").is_nan());
    assert_eq!(run.rejected.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["f1"], "text is no number");
    assert_eq!(cells(run), [114.0, 13.0, 0.0, 208.0]);
    assert_eq!(run.curves.len(), 2);
    // The native layout keeps its own tables of metrics.
    let native = br#"{"test_metrics": {"auc": {"value": 0.9, "n": 10}}}"#;
    let registry = from_memory(&[("v1/metrics.json", native)]);
    assert_eq!(registry.runs[0].results[0].dataset.as_deref(), Some("test_metrics"));
}

#[test]
fn vertex_resources_name_model_version_and_slice() {
    let registry = from_memory(&[("a.json", &bytes("cloud/model-evaluation.json"))]);
    let run = &registry.runs[0];
    assert_eq!((run.model.as_deref(), run.version.as_deref()), (Some("77"), Some("2")));
    assert!(value(run, "logLoss").is_nan(), "NaN is text in the JSON of protocol buffers");
    assert_eq!(cells(run), [8.0, 2.0, 1.0, 9.0]);
    let main = run.curves.iter().find(|c| c.kind == CurveKind::PrecisionRecall && c.name == "all classes").unwrap();
    assert_eq!(
        main.points.iter().map(|p| p.x.as_f64()).collect::<Vec<_>>(),
        [1.0, 0.8, 0.0],
        "zeros are left out there"
    );
    assert!(run.curves.iter().any(|c| c.name == "maxPredictions=1"));
    let slices = &from_memory(&[("s.json", &bytes("cloud/slices.json"))]).runs[0];
    let shown: Vec<_> = slices.results.iter().map(|r| (r.slice.to_string(), r.value.as_f64())).collect();
    assert_eq!(shown[0], ("annotationSpec=cat".to_owned(), 0.91));
    assert!(slices.results.iter().any(|r| r.slice.0.get("country").is_some_and(|c| c == "DE")));
    assert_eq!(slices.rejected.len(), 1);
    let forecast = &from_memory(&[("v/metrics.json", &bytes("cloud/forecast.json"))]).runs[0];
    let losses: Vec<_> = forecast.results.iter().filter(|r| r.metric == "scaledPinballLoss").collect();
    assert_eq!((losses.len(), losses[1].slice.to_string()), (2, "quantile=0.9".to_owned()));
}

#[test]
fn azure_metrics_and_charts() {
    let registry = from_memory(&[
        ("v1/metrics.json", &bytes("cloud/azure.json")),
        ("v1/residuals.json", &bytes("cloud/residuals.json")),
    ]);
    let run = &registry.runs[0];
    assert_eq!((value(run, "loss"), value(run, "accuracy")), (0.25, 0.91));
    assert!(value(run, "r2").is_nan());
    assert_eq!((run.series[0].metric.as_str(), run.series[0].points.len()), ("loss", 3));
    assert_eq!(run.rejected.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(), ["bad"]);
    assert!(run.artifacts.iter().any(|a| a.path.starts_with("aml://")));
    assert!(registry.unrecognised.is_empty(), "{:?}", registry.unrecognised);
}

#[test]
fn broken_files_never_panic() {
    for file in ["model-evaluation", "slices", "evaluation", "azure", "describe-model-package", "forecast"] {
        let whole = bytes(&format!("cloud/{file}.json"));
        for cut in (0..whole.len()).step_by(41) {
            let registry = from_memory(&[("a.json", &whole[..cut])]);
            assert!(registry.runs.is_empty() || registry.problems.is_empty(), "{file} cut at {cut}");
        }
        // Every number as text, every text as a number.
        let text = String::from_utf8(whole).unwrap();
        for (from, to) in
            [(": 0.", ": \"x\", \"y\": 0."), ("[", "{\"a\": ["), (": {", ": [{"), (": \"", ": 1, \"z\": \"")]
        {
            from_memory(&[("a.json", text.replace(from, to).as_bytes())]);
        }
    }
}
