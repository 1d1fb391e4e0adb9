//! What an MLflow run's artifacts say beside what it has logged, and what its models' files say.

use std::collections::BTreeSet;

use presscheck::diag::{Code, Severity};
use presscheck::model::{Run, natural_cmp};

use crate::import_mlflow::{Store, extra, run, told};

const REPORT: &str = r#"{"cat": {"precision": 0.8, "recall": 0.7, "f1-score": 0.75, "support": 10.0},
 "dog": {"precision": 0.9, "recall": 0.95, "f1-score": 0.92, "support": 30.0}, "accuracy": ACC,
 "macro avg": {"precision": 0.85, "recall": 0.825, "f1-score": 0.835, "support": 40.0},
 "weighted avg": {"precision": 0.87, "recall": 0.88, "f1-score": 0.88, "support": 40.0}}"#;

fn report(accuracy: &str) -> String {
    REPORT.replace("ACC", accuracy)
}

fn values(run: &Run, metric: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let of = run.results.iter().filter(|r| r.metric == metric);
    of.map(|r| (r.value.to_string(), r.dataset.clone(), r.class.clone())).collect()
}

#[test]
fn a_report_adds_what_the_run_has_not_logged_and_overrules_nothing() {
    let store = Store::new();
    store.run("aa", "").put("1/aa/metrics/accuracy", "1 0.9 0\n");
    store.put("1/aa/artifacts/eval/classification_report.json", report("0.9"));
    store.put("1/aa/artifacts/train/classification_report.json", report("0.99"));
    let registry = store.read();
    let aa = run(&registry, "aa");
    assert_eq!(values(aa, "accuracy"), [("0.9".to_owned(), None, None)]);
    // Both reports say the same of the classes: once is enough.
    let classes: BTreeSet<_> = aa.results.iter().filter_map(|r| r.class.as_deref()).collect();
    assert_eq!(classes, BTreeSet::from(["cat", "dog"]));
    assert_eq!(values(aa, "recall").len(), 2);
    let conflicts: Vec<_> = registry.problems.iter().filter(|p| p.code == Code::MetricConflict).collect();
    assert_eq!(conflicts.len(), 1, "{:?}", told(&registry));
    assert_eq!(conflicts[0].severity, Severity::Warning);
    assert!(conflicts[0].place().contains("train/classification_report.json"));
    assert_eq!(aa.artifacts.len(), 2);
    // What was read of a run is evidence of it.
    let version = &registry.models[0].versions[0];
    assert_eq!(registry.evidence_of(version).filter(|e| e.path.contains("/artifacts/")).count(), 2);
}

#[test]
fn reports_that_differ_are_of_different_data() {
    let store = Store::new();
    store.run("aa", "");
    store.put("1/aa/artifacts/train/classification_report.json", report("0.99"));
    store.put("1/aa/artifacts/test/classification_report.json", report("0.9"));
    let registry = store.read();
    let mut found = values(run(&registry, "aa"), "accuracy");
    found.sort();
    let named = |value: &str, dataset: &str| (value.to_owned(), Some(dataset.to_owned()), None);
    assert_eq!(found, [named("0.9", "test/classification_report"), named("0.99", "train/classification_report")]);
    assert!(registry.problems.iter().all(|p| p.code != Code::MetricConflict));
}

#[test]
fn the_tables_of_an_evaluation() {
    let store = Store::new();
    store.run("aa", "").put(
        "1/aa/artifacts/per_class_metrics.csv",
        "positive_class,true_negatives,false_positives,false_negatives,true_positives,example_count,recall_score,roc_auc\n\
         0,41,1,3,18,63,0.857,\nü,34,4,3,22,63,odd,0.94\n",
    );
    store.put("1/aa/artifacts/eval_results_table.json", r#"{"columns": ["y", "p"], "data": [[0, 1]]}"#);
    store.put("1/aa/artifacts/metrics.json", r#"{"rmse": 3.5, "n": 100}"#);
    let registry = store.read();
    let aa = run(&registry, "aa");
    let recall = aa.results.iter().find(|r| r.metric == "recall_score").unwrap();
    assert_eq!((recall.class.as_deref(), recall.n), (Some("0"), Some(21)));
    assert_eq!(recall.source.pointer, "line 2");
    assert_eq!(values(aa, "roc_auc")[0].0, "NaN");
    assert_eq!(values(aa, "rmse"), [("3.5".to_owned(), None, None)]);
    assert!(told(&registry).iter().any(|(code, place)| *code == Code::MetricInvalid && place.contains("per_class")));
    assert_eq!(aa.artifacts.len(), 3);
}

#[test]
fn broken_artifacts_cost_only_what_they_would_have_said() {
    let store = Store::new();
    let whole = report("0.9");
    for length in (0..whole.len()).step_by(37) {
        store.run("aa", "").put("1/aa/metrics/accuracy", "1 0.5 0\n");
        store.put("1/aa/artifacts/classification_report.json", &whole[..length]);
        store.put("1/aa/artifacts/model/MLmodel", "flavors: [\n").put("1/aa/artifacts/noise.csv", b"\xff\xfe\x00,\n");
        let registry = store.read();
        assert_eq!(values(run(&registry, "aa"), "accuracy").len(), 1);
        assert!(registry.problems.iter().all(|p| p.severity != Severity::Error), "{:?}", registry.problems);
    }
}

#[test]
fn a_card_and_checks_among_the_artifacts_are_the_versions() {
    let store = Store::new();
    store.run("aa", "").run("bb", "");
    store.put("1/aa/artifacts/docs/README.md", "# Other\n\nText.\n");
    store.put("1/aa/artifacts/model_card.md", "# Card\n\n## Intended use\n\nScoring of things.\n");
    store.put(
        "1/aa/artifacts/junit.xml",
        r#"<testsuite name="s"><testcase classname="c" name="t"><failure message="no"/></testcase></testsuite>"#,
    );
    // By the experiment and the run's name.
    let registry = store.read();
    let version = registry.select("first@aa-name").unwrap();
    assert!(version.card.as_ref().unwrap().path.ends_with("aa/artifacts/model_card.md"));
    assert_eq!(registry.checks_of(version).count(), 1);
    assert!(registry.select("first@bb-name").unwrap().card.is_none());
    // By the registry, for each version of the run.
    store.put("models/m/meta.yaml", "name: m\ncreation_timestamp: 1\nlast_updated_timestamp: 1\n");
    for n in ["1", "2"] {
        store.put(&format!("models/m/version-{n}/meta.yaml"), format!("version: {n}\nname: m\nrun_id: aa\n"));
    }
    let registry = store.read();
    let mut names: Vec<&str> = registry.models[0].versions.iter().map(|v| v.version.as_str()).collect();
    names.sort_by(|a, b| natural_cmp(a, b));
    assert_eq!(names, ["1", "2"]);
    assert!(registry.models[0].versions.iter().all(|v| v.card.is_some()));
}

#[test]
fn signatures_and_requirements_are_facts() {
    let store = Store::new();
    store.run("aa", "").put(
        "1/aa/artifacts/net/MLmodel",
        "flavors:\n  python_function:\n    python_version: 3.10.2\n  pytorch:\n    pytorch_version: 2.1.0\nmlflow_version: 2.14.3\nmodel_size_bytes: 1234\n\
         signature:\n  inputs: '[{\"name\": \"a\", \"type\": \"double\", \"required\": false}, {\"name\": \"b\", \"type\": \"array\", \"items\": {\"type\": \"string\"}}, {\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float32\", \"shape\": [-1, 3]}}]'\n  outputs: not JSON\n  params: '[{\"name\": \"t\", \"dtype\": \"float\", \"default\": 0.5, \"shape\": null}]'\n",
    );
    store.put("1/aa/artifacts/net/conda.yaml", "dependencies:\n- python=3.10.2\n- pip:\n  - torch==2.1.0\n");
    store.put("1/aa/artifacts/net/input_example.json", r#"{"accuracy": 1}"#);
    let registry = store.read();
    let aa = run(&registry, "aa");
    let fact = |key: &str| extra(aa, key).map(presscheck::model::Datum::display).unwrap_or_default();
    assert_eq!(fact("model.signature.inputs"), "a: double (optional), b: array of string, float32[-1, 3]");
    assert_eq!(fact("model.signature.outputs"), "not JSON");
    assert_eq!(fact("model.signature.params"), "t: float = 0.5");
    assert_eq!(fact("model.flavors"), "python_function, pytorch 2.1.0");
    assert_eq!(fact("model.requirements"), "python=3.10.2, torch==2.1.0");
    assert_eq!((fact("model.python_version").as_str(), fact("model.size_bytes").as_str()), ("3.10.2", "1234"));
    // A model's own files are no reports.
    assert!(aa.results.is_empty());
    // Two models of one run are told apart.
    store.put("1/aa/artifacts/tree/MLmodel", "flavors:\n  sklearn:\n    sklearn_version: 1.3.2\n");
    let registry = store.read();
    assert!(extra(run(&registry, "aa"), "model tree.flavors").is_some());
    assert!(extra(run(&registry, "aa"), "model net.flavors").is_some());
}

#[test]
fn what_another_run_measures_of_a_model_is_told_at_its_run() {
    let store = Store::new();
    store.run("aa", "").run("bb", "").put("1/aa/metrics/auc", "1 0.5 0\n");
    store.put("1/models/m-1/meta.yaml", "model_id: m-1\nname: net\nexperiment_id: '1'\nsource_run_id: aa\nstatus: 2\n");
    store.put("1/models/m-1/metrics/auc", "1 0.5 0 aa\n9 0.7 0 bb\n");
    store.put("1/models/m-1/metrics/f1", "5 0.6 0 bb hold out d1\n6 0.8 0 bb hold out d1\nbroken\n");
    let registry = store.read();
    let aa = run(&registry, "aa");
    // Its own value stays; the other's latest is added, with its dataset.
    assert_eq!(values(aa, "auc"), [("0.5".to_owned(), None, None)]);
    assert_eq!(values(aa, "f1"), [("0.8".to_owned(), Some("hold out".to_owned()), None)]);
    let model = &extra(aa, "logged_models").unwrap().items().unwrap()[0];
    assert_eq!(model.get("metrics").unwrap().items().unwrap().len(), 4);
}
