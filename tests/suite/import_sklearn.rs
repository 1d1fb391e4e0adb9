//! Folders with scikit-learn's files: what `inspect` shows of them, against what was computed.

use std::path::PathBuf;

use presscheck::model::{CurveKind, Registry, Run};

use crate::corpus::{folder, json, read};

fn run<'a>(registry: &'a Registry, id: &str) -> &'a Run {
    registry.runs.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no run '{id}'"))
}

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/sklearn").join(below)
}

fn value(run: &Run, metric: &str, class: Option<&str>) -> f64 {
    let found = run.results.iter().find(|r| r.metric == metric && r.class.as_deref() == class && r.slice.is_overall());
    found.unwrap_or_else(|| panic!("{}: no {metric} of {class:?}", run.id)).value.as_f64()
}

#[test]
fn reports_matrices_and_slices_of_the_corpus_join_the_run_of_their_folder() {
    let Some(path) = folder("cards/sklearn-artifacts") else { return };
    let registry = read(&path);
    for (id, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        let run = run(&registry, id);
        for (label, support) in expected["report_support"].as_object().into_iter().flatten() {
            let (metric, class) = match label.strip_suffix(" avg") {
                Some(average) => (format!("recall_{average}"), None),
                None => ("recall".to_owned(), Some(label.as_str())),
            };
            let result = run.results.iter().find(|r| r.metric == metric && r.class.as_deref() == class).unwrap();
            assert_eq!(result.n.map(|n| n as f64), support.as_f64(), "{id} {label}");
        }
        if let Some(sum) = expected.get("confusion_sum") {
            assert_eq!(run.matrices.len(), 2, "{id}: JSON and CSV");
            for matrix in &run.matrices {
                let total: f64 = matrix.rows.iter().flatten().map(|c| c.as_f64()).sum();
                let trace: f64 = (0..matrix.rows.len()).map(|i| matrix.rows[i][i].as_f64()).sum();
                assert_eq!(Some(total), sum.as_f64(), "{id}");
                assert_eq!(Some(trace), expected["confusion_trace"].as_f64(), "{id}");
                let labels: Vec<&str> =
                    expected["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
                assert_eq!(matrix.labels, labels, "{id}");
            }
        }
        for (slice, values) in expected["slices"].as_object().into_iter().flatten() {
            let result = run.results.iter().find(|r| r.metric == "mae" && r.slice.to_string() == *slice).unwrap();
            assert_eq!(Some(result.value.as_f64()), values["mae"].as_f64());
            assert_eq!(result.n, values["n"].as_u64());
        }
        for (metric, expected) in expected["metrics"].as_object().into_iter().flatten() {
            // What the folder's own metrics.json says, which the native layout reads.
            assert_eq!(Some(value(run, metric, None)), expected.as_f64(), "{id} {metric}");
        }
        if let Some(mean) = expected.get("mean_accuracy") {
            assert_eq!(Some(value(run, "test_accuracy", None)), mean.as_f64());
        }
    }
}

#[test]
fn an_undefined_metric_stays_undefined() {
    let registry = read(&fixture(""));
    let run = run(&registry, "report");
    assert!(value(run, "precision", Some("virginica")).is_nan());
    assert_eq!(value(run, "recall", Some("virginica")), 0.0);
    assert_eq!(run.matrices[0].labels, ["setosa", "versicolor", "virginica"]);
}

#[test]
fn curves_carry_the_name_of_their_class_or_file() {
    let registry = read(&fixture(""));
    let run = run(&registry, "curves");
    let mut names: Vec<_> = run.curves.iter().map(|c| (c.kind, c.name.as_str())).collect();
    names.sort();
    let (roc, pr) = (CurveKind::Roc, CurveKind::PrecisionRecall);
    assert_eq!(
        names,
        [
            (roc, "roc_curve"),
            (roc, "setosa"),
            (roc, "versicolor"),
            (roc, "virginica"),
            (pr, "setosa"),
            (pr, "versicolor"),
            (pr, "virginica")
        ]
    );
}
