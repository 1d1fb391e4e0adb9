//! alibi-detect and frouros: every number and flag of the corpus, and hostile ones.

use presscheck::model::Measured;
use serde_json::Value;

use crate::corpus;
use crate::project::Project;

fn numbers(value: &Value, width: usize) -> Vec<Option<f64>> {
    match value {
        Value::Array(items) => items.iter().map(Value::as_f64).collect(),
        other => vec![other.as_f64(); width],
    }
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a corpus test says what it ran on")]
fn every_prediction_of_the_corpus_agrees() {
    let Some(folder) = corpus::folder("drift/alibi-detect-0.13.0") else { return };
    println!("{}", folder.display());
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    let cases = expected["cases"].as_array().unwrap();
    for case in cases {
        let Some(file) = case["file"].as_str() else { continue };
        let report = registry.drift.iter().find(|d| d.id == file).unwrap_or_else(|| panic!("no report {file}"));
        let width = case["features"].as_array().unwrap().len();
        assert_eq!(report.features.len(), width, "{file}");
        assert_eq!(report.tool, "alibi-detect 0.13.0");
        let p_values = numbers(&case["p_value"], width);
        let distances = numbers(&case["distance"], width);
        let one = case["is_drift"].as_i64().map(|d| d == 1);
        assert_eq!(report.drifted, one, "{file}");
        for (at, ours) in report.features.iter().enumerate() {
            assert_eq!(ours.p_value.map(Measured::as_f64), p_values[at], "{file} {at}");
            assert_eq!(ours.score.map(Measured::as_f64), distances[at], "{file} {at}");
            assert_eq!(ours.method_label, case["detector"].as_str().unwrap(), "{file}");
            if let Some(threshold) = case["threshold"].as_f64() {
                assert_eq!(ours.threshold.map(|t| t.get()), Some(threshold), "{file}");
            }
            if let Some(flags) = case["is_drift"].as_array() {
                assert_eq!(ours.drifted, Some(flags[at].as_i64() == Some(1)), "{file} {at}");
            }
        }
        if let Some(one) = one {
            assert!(report.features.iter().all(|f| f.drifted.is_some()), "{file}");
            assert_eq!(report.features.iter().any(|f| f.drifted == Some(true)), one, "{file}");
        }
    }
    assert_eq!(registry.unrecognised, ["expected.json"]);
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a corpus test says what it ran on")]
fn every_frouros_result_of_the_corpus_agrees() {
    let Some(folder) = corpus::folder("drift/frouros-0.9.0") else { return };
    println!("{}", folder.display());
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    let mut compared = 0;
    for case in expected["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let truth = corpus::json(&folder.join(file));
        assert_eq!(truth.as_object().unwrap().len() as u64, case["features"].as_u64().unwrap());
        for (feature, detectors) in truth.as_object().unwrap() {
            for (detector, result) in detectors.as_object().unwrap() {
                let report = registry.drift.iter().find(|d| d.id == format!("{file}#{detector}")).unwrap();
                let ours = report.features.iter().find(|f| f.feature == *feature).unwrap();
                let theirs = result.get("statistic").or(result.get("distance")).unwrap();
                let theirs =
                    theirs.as_f64().unwrap_or_else(|| theirs.as_str().unwrap().to_ascii_lowercase().parse().unwrap());
                assert_eq!(ours.score.unwrap().as_f64(), theirs, "{file} {feature} {detector}");
                assert_eq!(ours.p_value.map(Measured::as_f64), result.get("p_value").and_then(Value::as_f64));
                assert_eq!(ours.drifted, None);
                compared += 1;
            }
        }
    }
    assert!(compared > 400, "{compared}");
    assert_eq!(registry.unrecognised, ["expected.json"]);
}

/// Predictions of detectors that the corpus does not have, written by alibi-detect 0.13.0.
#[test]
fn detectors_over_all_features_have_one() {
    let registry =
        corpus::read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/alibi_detect"));
    let report = |name: &str| registry.drift.iter().find(|d| d.id == name).unwrap_or_else(|| panic!("no {name}"));
    let chi = report("chisquare-batch.json");
    assert_eq!(chi.features.len(), 2);
    assert_eq!(chi.features[0].method.unwrap().as_str(), "chi_square");
    assert!(chi.drifted.is_some() && chi.features.iter().all(|f| f.drifted.is_some()));
    let nop = report("ks-nop.json");
    assert!(nop.features.iter().all(|f| f.p_value.is_none()));
}

#[test]
fn contradictions_and_odd_types_never_pass() {
    let mut project = Some(Project::new());
    let mut write = |name: &str, data: &str| {
        let text = format!(r#"{{"data": {data}, "meta": {{"name": "KSDrift", "detector_type": "drift"}}}}"#);
        project = project.take().map(|p| p.file(name, text));
    };
    write("a.json", r#"{"is_drift": 0, "p_val": [0.001, 0.9], "threshold": 0.025, "distance": [1, 0]}"#);
    write("b.json", r#"{"is_drift": 0, "p_val": [NaN, 0.9], "threshold": 0.025}"#);
    write("c.json", r#"{"is_drift": [0, "no", 2], "p_val": [0.5, 0.5, 0.5], "threshold": 0.05}"#);
    write("d.json", r#"{"is_drift": 0, "p_val": ["0.9"], "threshold": "0.05"}"#);
    write("e.json", r#"{"is_drift": null}"#);
    let registry = corpus::read(project.unwrap().path());
    let flags = |name: &str| {
        let report = registry.drift.iter().find(|d| d.id == name).unwrap();
        report.features.iter().map(|f| f.drifted).collect::<Vec<_>>()
    };
    assert_eq!(flags("a.json"), [None, None]);
    assert_eq!(flags("b.json"), [None, Some(false)]);
    assert_eq!(flags("c.json"), [Some(false), None, None]);
    assert_eq!(flags("e.json"), [None]);
    assert!(registry.problems.len() >= 4);
}
