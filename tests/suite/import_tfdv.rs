//! TFDV: every anomaly, measurement and statistic of the corpus, as JSON and as text protobuf.

use presscheck::model::{CheckStatus, Registry};
use serde_json::Value;

use crate::corpus;
use crate::project::Project;

fn compare_anomalies(place: &str, registry: &Registry, case: &Value) -> usize {
    let ours: Vec<_> = registry.checks.iter().filter(|c| c.source.path == place).collect();
    let mut wanted = 0;
    for (column, anomaly) in case["anomalies"].as_object().unwrap() {
        for reason in anomaly["reasons"].as_array().unwrap() {
            let name = format!("{column}: {}", reason["type"].as_str().unwrap());
            let check = ours.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{place} lacks {name}"));
            assert_eq!(check.message, reason["description"].as_str().unwrap(), "{place} {name}");
            let status = if anomaly["severity"] == 2 { CheckStatus::Fail } else { CheckStatus::Warn };
            assert_eq!(check.status, status, "{place} {name}");
            wanted += 1;
        }
    }
    assert_eq!(ours.len(), wanted.max(1), "{place}");
    wanted
}

fn compare_drift(place: &str, registry: &Registry, case: &Value) -> usize {
    let id = format!("{place}#drift");
    let report = registry.drift.iter().find(|d| d.id == id).unwrap_or_else(|| panic!("no report {id}"));
    let mut compared = 0;
    for column in case["drift"].as_array().unwrap() {
        let name = column["column"].as_str().unwrap();
        for (at, theirs) in column["measurements"].as_array().unwrap().iter().enumerate() {
            let ours = report.features.iter().filter(|f| f.feature == name).nth(at).unwrap();
            assert_eq!(ours.method_label, theirs["type"].as_str().unwrap(), "{id} {name}");
            assert_eq!(ours.score.map(|s| s.as_f64()), theirs["value"].as_f64(), "{id} {name}");
            assert_eq!(ours.threshold.map(|t| t.get()), theirs["threshold"].as_f64(), "{id} {name}");
            assert_eq!(ours.drifted, theirs["drifted"].as_bool(), "{id} {name}");
            compared += 1;
        }
    }
    assert_eq!(report.features.len(), compared, "{id}");
    compared
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a corpus test says what it ran on")]
fn every_anomaly_and_measurement_of_the_corpus_agrees() {
    let Some(folder) = corpus::folder("drift/tfdv-1.16.1") else { return };
    println!("{}", folder.display());
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    let mut compared = 0;
    for case in expected["cases"].as_array().unwrap() {
        for file in ["file", "text_file"] {
            let place = case[file].as_str().unwrap();
            compared += compare_anomalies(place, &registry, case) + compare_drift(place, &registry, case);
        }
    }
    assert!(compared > 300, "{compared}");
    // Statistics say the same in both forms, also where names stand as bytes in octal.
    let numbers = |id: &str| {
        let run = registry.runs.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no run {id}"));
        let mut out: Vec<_> = run
            .results
            .iter()
            .map(|r| (r.metric.clone(), r.slice.clone(), r.value, r.n))
            .map(|r| format!("{r:?}"))
            .collect();
        out.sort();
        out
    };
    for stem in ["flights-ref", "flights-w12", "breast_cancer-w08"] {
        let json = numbers(&format!("{stem}.statistics.json"));
        assert!(json.len() > 100, "{stem}");
        assert_eq!(json, numbers(&format!("{stem}.statistics.pbtxt")), "{stem}");
    }
    assert_eq!(numbers("flights-ref.statistics.json"), numbers("flights-ref.write_stats_text.pbtxt"));
    let truth = corpus::json(&folder.join("flights-w12.statistics.json"));
    for feature in truth["datasets"][0]["features"].as_array().unwrap() {
        let Some(mean) = feature["numStats"]["mean"].as_f64() else { continue };
        let name = feature["path"]["step"][0].as_str().unwrap();
        let run = registry.runs.iter().find(|r| r.id == "flights-w12.statistics.json").unwrap();
        let ours = run
            .results
            .iter()
            .find(|r| r.metric == "mean" && r.slice.0.get("column").map(String::as_str) == Some(name));
        assert_eq!(ours.unwrap().value.as_f64(), mean);
    }
    assert_eq!(registry.unrecognised, ["expected.json"]);
    assert!(registry.problems.iter().all(|p| p.path.as_deref() != Some("flights-w12.anomalies.json")));
}

#[test]
fn odd_anomalies_never_pass() {
    let mut project = Some(Project::new());
    let mut write = |name: &str, text: &str| project = project.take().map(|p| p.file(name, text));
    write("clean.json", r#"{"anomalyNameFormat": "SERIALIZED_PATH", "baseline": {}}"#);
    write("nodata.json", r#"{"anomalyNameFormat": "SERIALIZED_PATH", "dataMissing": true}"#);
    write(
        "odd.json",
        r#"{"anomalyInfo": {"x": {"severity": "ODD"}, "y": 3}, "driftSkewInfo": [{"path": {"step": ["x"]}, "driftMeasurements": [{"type": "L_INFTY", "value": "NaN", "threshold": 0.1}, {"type": "L_INFTY", "threshold": 0.1}, {"type": "MAGIC", "value": [1]}], "skewMeasurements": {"type": "L_INFTY", "value": 0.2, "threshold": 0.1}}]}"#,
    );
    write(
        "text.pbtxt",
        "anomaly_info {\n  key: 'a\\'b'\n  value < severity: WARNING reason [{type: X}, {type: Y}] > # note\n}\ndrift_skew_info { path { step: \"a\" \"b\" } skew_measurements { type: L_INFTY value: -inf threshold: 1e-2f } }\n",
    );
    write("cut.pbtxt", "anomaly_info {\n  key: \"x\"\n");
    write("deep.pbtxt", &("anomaly_info {".to_owned() + &"a{".repeat(100_000)));
    let registry = corpus::read(project.unwrap().path());
    let of =
        |name: &str| registry.checks.iter().filter(|c| c.source.path == name).map(|c| c.status).collect::<Vec<_>>();
    assert_eq!(of("clean.json"), [CheckStatus::Pass]);
    assert_eq!(of("nodata.json"), [CheckStatus::Error]);
    assert_eq!(of("odd.json"), [CheckStatus::Fail, CheckStatus::Fail]);
    assert_eq!(of("text.pbtxt"), [CheckStatus::Warn, CheckStatus::Warn]);
    let drift = |id: &str| registry.drift.iter().find(|d| d.id == id).unwrap();
    assert!(drift("odd.json#drift").features.iter().all(|f| f.drifted.is_none()));
    assert_eq!(drift("odd.json#skew").features[0].drifted, Some(true));
    assert_eq!(drift("text.pbtxt#skew").features[0].feature, "ab");
    assert_eq!(drift("text.pbtxt#skew").features[0].drifted, None);
    for broken in ["cut.pbtxt", "deep.pbtxt"] {
        assert!(registry.problems.iter().any(|p| p.path.as_deref() == Some(broken)), "{broken}");
    }
}
