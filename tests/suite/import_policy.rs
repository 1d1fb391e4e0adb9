//! Thresholds of other tools as policies: what they mean, and what becomes of the rest.

use presscheck::source::FileData;
use presscheck::thresholds::{Translation, translate};
use proptest::prelude::*;
use serde_json::Value;

use crate::corpus;
use crate::gate_case::{parse, two};
use crate::project::Project;

fn of(name: &str, text: &str) -> Translation {
    translate(&FileData::from_bytes(name, text), None).unwrap_or_else(|e| panic!("{e:?}"))
}

/// What was left out, in words.
fn left(translation: &Translation) -> String {
    translation.left.iter().map(|p| format!("{}: {}\n", p.pointer.as_deref().unwrap_or_default(), p.message)).collect()
}

/// The policy without its first line, which the tests write themselves.
fn rules(translation: &Translation) -> String {
    translation.text.replace("schema = 1\n", "")
}

/// MLflow's own verdicts on random thresholds, in `make.py`, are those of the gate on the translated policy.
#[test]
fn mlflow_and_the_gate_agree() {
    let file = include_str!("../fixtures/thresholds/mlflow-cases.json");
    let all: Value = serde_json::from_str(file).unwrap();
    let cases = all["cases"].as_array().unwrap();
    let mut passes = 0;
    for case in cases {
        let translation = of("thresholds.json", &case["thresholds"].to_string());
        assert!(translation.left.is_empty(), "{}", left(&translation));
        let policy = rules(&translation);
        // An empty object is no evidence of a run; a metric of another name is.
        // A version is not compared with a copy of itself: something else differs.
        let metrics = |v: &Value, other: u8| {
            let mut all = v.as_object().unwrap().clone();
            all.insert("other".to_owned(), other.into());
            Value::Object(all).to_string()
        };
        let verdict =
            two(&policy, &metrics(&case["baseline"], 1), &metrics(&case["candidate"], 2)).try_judge().unwrap();
        let expected = case["passes"].as_bool().unwrap();
        assert_eq!(verdict.verdict.promotes(), expected, "{case}\n{policy}\n{}", verdict.sentence);
        passes += usize::from(expected);
    }
    assert!(cases.len() > 300 && passes > 50 && passes < cases.len() - 50, "{passes} of {}", cases.len());
}

#[test]
fn mlflow_thresholds_without_a_direction_are_left_out() {
    let translation = of(
        "t.json",
        r#"{"a": {"threshold": 0.5, "greater_is_better": true}, "b": {"threshold": 1}, "c": {"threshold": "x", "greater_is_better": false}, "d\u0007": {"threshold": 1, "greater_is_better": true}, "e": {"threshold": 1, "greater_is_better": true, "future": 2}}"#,
    );
    let left = left(&translation);
    for what in ["/b: 'b' does not say", "/c/threshold:", "cannot be used", "/e/future: 'future'"] {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert_eq!(translation.rules, 2);
}

const EVAL_CONFIG: &str = r#"
# A comment.
model_specs { label_key: "label" }
slicing_specs {}
slicing_specs { feature_keys: ["country"] }
metrics_specs {
  metrics { class_name: "ExampleCount" }
  metrics {
    class_name: "BinaryAccuracy"
    threshold {
      value_threshold { lower_bound { value: 0.5 } upper_bound { value: 0.9 } }
      change_threshold { direction: HIGHER_IS_BETTER absolute { value: -0.01 } relative { value: -0.05 } }
    }
  }
  metrics {
    class_name: "AUC" config: '{"name": "auc_pr"}'
    per_slice_thresholds { slicing_specs { feature_keys: "sex" feature_values { key: "age" value: "20" } } threshold { value_threshold { lower_bound { value: 0.1 } } } }
  }
  thresholds { key: "loss" value { change_threshold { direction: LOWER_IS_BETTER absolute { value: -0.1 } } } }
}
"#;

#[test]
fn an_eval_config_means_what_tfma_makes_of_it() {
    let translation = of("eval_config.pbtxt", EVAL_CONFIG);
    assert!(translation.left.is_empty(), "{}", left(&translation));
    // Bounds and two changes, each overall and by country; one per slice; one change overall and by country.
    assert_eq!(translation.rules, 2 + 4 + 1 + 2);
    let policy = rules(&translation);
    let metrics = |accuracy: f64, by_country: f64, loss: f64| {
        format!(
            r#"{{"schema": "presscheck.metrics/1", "results": [
                {{"metric": "binary_accuracy", "value": {accuracy}}}, {{"metric": "loss", "value": {loss}}},
                {{"metric": "binary_accuracy", "value": {by_country}, "slice": {{"country": "fr"}}}},
                {{"metric": "loss", "value": {loss}, "slice": {{"country": "fr"}}}},
                {{"metric": "auc_pr", "value": 0.1, "slice": {{"sex": "f", "age": "20"}}}}]}}"#
        )
    };
    let judge = |two_: String| two(&policy, &metrics(0.8, 0.8, 1.0), &two_).try_judge().unwrap().verdict.promotes();
    assert!(judge(metrics(0.8, 0.8, 0.9)));
    assert!(judge(metrics(0.9, 0.79, 0.5)), "bounds may be reached, and accuracy may fall by 0.01");
    assert!(!judge(metrics(0.95, 0.8, 0.5)), "above the upper bound");
    assert!(!judge(metrics(0.8, 0.77, 0.5)), "0.03 worse in a slice: within 5 %, not within 0.01");
    assert!(!judge(metrics(0.8, 0.8, 0.95)), "the loss must fall by 0.1");
}

#[test]
fn both_spellings_of_an_eval_config_are_the_same() {
    let json = r#"{"modelSpecs": [{"labelKey": "label"}], "slicingSpecs": [{}, {"featureKeys": ["country"]}],
        "metricsSpecs": [{"metrics": [{"className": "ExampleCount"},
            {"className": "BinaryAccuracy", "threshold": {"valueThreshold": {"lowerBound": 0.5, "upperBound": 0.9},
             "changeThreshold": {"direction": "HIGHER_IS_BETTER", "absolute": -0.01, "relative": -0.05}}},
            {"className": "AUC", "config": "{\"name\": \"auc_pr\"}", "perSliceThresholds": [
             {"slicingSpecs": [{"featureKeys": ["sex"], "featureValues": {"age": "20"}}], "threshold": {"valueThreshold": {"lowerBound": 0.1}}}]}],
          "thresholds": {"loss": {"changeThreshold": {"direction": "LOWER_IS_BETTER", "absolute": -0.1}}}}]}"#;
    let after = |t: &Translation| t.text.split_once("schema = 1").unwrap().1.to_owned();
    assert_eq!(after(&of("eval_config.json", json)), after(&of("eval_config.pbtxt", EVAL_CONFIG)));
}

#[test]
fn what_tfma_has_and_the_policy_has_not_is_named() {
    let translation = of(
        "e.json",
        r#"{"metrics_specs": [{"metrics": [{"class_name": "AUC", "threshold": {"value_threshold": {"lower_bound": 0.5}}, "cross_slice_thresholds": [{}]},
            {"class_name": "Recall", "threshold": {"change_threshold": {"absolute": 0.1}}}, {}], "binarize": {"class_ids": {"values": [0]}}}],
            "slicing_specs": [{"slice_keys_sql": "SELECT 1"}, {}]}"#,
    );
    let left = left(&translation);
    for what in ["/slicing_specs/0", "cross_slice_thresholds", "no direction", "class_name", "binarize"] {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert_eq!(translation.rules, 1);
}

#[test]
fn lighthouse_assertions_block_and_warn() {
    let config = r#"
ci:
  assert:
    preset: lighthouse:no-pwa
    assertions:
      auc: [error, {minScore: 0.9, aggregationMethod: median}]
      latency: [warn, {maxNumericValue: 200}]
      both: [error, {minScore: 0.5, maxLength: 3}]
      plain: error
      nothing: off
      odd: [error, {minScore: high}]
"#;
    let translation = of("lighthouserc.yml", config);
    let left = left(&translation);
    assert!(
        left.contains("/ci/assert/preset") && left.contains("/odd/1/minScore") && left.contains("'nothing' is off"),
        "{left}"
    );
    for line in [
        "metric = \"auc\"\nmin = 0.9\nruns = { min = 2, aggregate = \"median\" }",
        "metric = \"latency\"\nmax = 200.0\nseverity = \"warn\"",
        "metric = \"both.score\"\nmin = 0.5",
        "metric = \"both.length\"\nmax = 3.0",
        "metric = \"plain\"\nmin = 0.9",
    ] {
        assert!(translation.text.contains(line), "{line}: {}", translation.text);
    }
    assert_eq!(translation.rules, 5);
}

/// A suite as the tool hands it to people; snapshots are its own format.
fn is_suite(path: &std::path::Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.ends_with(".json") && !name.ends_with(".snapshot.json")
}

/// Every suite and every report with tests of the corpus becomes a policy that judges that very file as the tool did.
#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus lies outside every project")]
fn evidently_suites_are_judged_as_evidently_did() {
    let mut judged = [0, 0];
    for folder in ["drift/evidently-0.4.40/tests", "drift/evidently-0.6.7/tests", "drift/evidently-0.7.23/conditions"] {
        let Some(root) = corpus::folder(folder) else { return };
        let mut files: Vec<_> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for path in files.iter().filter(|p| is_suite(p)).take(12) {
            let bytes = std::fs::read(path).unwrap();
            let translation = translate(&FileData::from_bytes("suite.json", bytes.clone()), None).unwrap();
            assert_eq!(translation.kind, "evidently", "{}", path.display());
            let text = String::from_utf8(bytes.clone())
                .unwrap()
                .replace("-Infinity", "null")
                .replace("Infinity", "null")
                .replace(": NaN", ": null");
            let tests: Value = serde_json::from_str(&text).unwrap();
            let bad = |status: &str| !["SUCCESS", "WARNING"].contains(&status);
            let blocks = tests["tests"].as_array().unwrap().iter().any(|t| bad(t["status"].as_str().unwrap()));
            let project = Project::new()
                .file("presscheck.toml", &translation.text)
                .file("runs/m/1/run.toml", "created = 2026-01-01T00:00:00Z\n")
                .file("runs/m/1/drift/suite.json", bytes);
            let ran = project.run(&["gate", "m@1", "--out", "json"]);
            let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
            let rule = verdict["rules"].as_array().unwrap().iter().filter(|r| r["id"] == "evidently-tests");
            let blocked = rule.clone().any(|r| !["pass", "warn"].contains(&r["status"].as_str().unwrap()));
            assert!(rule.count() > 0 && blocked == blocks, "{}: {}", path.display(), ran.stdout);
            judged[usize::from(blocks)] += 1;
        }
    }
    assert!(judged[0] > 0 && judged[1] > 0, "{judged:?}");
}

#[test]
fn the_command_writes_once_and_says_what_is_left() {
    let project = Project::new()
        .file("t.json", r#"{"accuracy": {"threshold": 0.5, "greater_is_better": true}}"#)
        .file("some.json", r#"{"accuracy": {"threshold": 0.5, "greater_is_better": true}, "b": {"threshold": 1}}"#)
        .file("none.json", r#"{"b": {"threshold": 1}}"#)
        .file("other.json", "[1, 2]")
        .file("twice.json", r#"{"a": {"threshold": 1}, "a": {"threshold": 2}}"#)
        .file("broken.json", "{");
    project.run(&["import-policy", "t.json", "-o", "presscheck.toml"]).code(0).stderr_has("nothing was left out");
    project.run(&["import-policy", "t.json", "-o", "presscheck.toml"]).code(2).stderr_has("is there already");
    project.run(&["policy", "show"]).code(0).stdout_has("accuracy must be at least 0.5");
    project.run(&["import-policy", "some.json"]).code(3).stderr_has("some.json#/b").stdout_has("# Not translated:");
    project.run(&["import-policy", "none.json"]).code(2).stderr_has("nothing in the file can be translated");
    project.run(&["import-policy", "other.json"]).code(2).stderr_has("no known tool");
    project.run(&["import-policy", "other.json", "--kind", "mlfow"]).code(2).stderr_has("use one of evidently");
    project.run(&["import-policy", "twice.json"]).code(2).stderr_has("json-duplicate-key");
    project.run(&["import-policy", "broken.json"]).code(2).stderr_has("json-syntax");
    project.run(&["import-policy", "nowhere.json"]).code(2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the file holds, there is no panic, and a policy that is handed out is one that we read.
    #[test]
    fn any_file_is_translated_or_refused(which in 0..4_usize, at in 0..4_000_usize, cut in 0..30_usize, paste in prop_oneof!["[ -~]{0,6}", Just("NaN".to_owned()), Just("\u{7}\u{202e}\n".to_owned()), Just("1e999".to_owned()), any::<String>().prop_map(|s| s.chars().take(6).collect())]) {
        let (name, text) = [
            ("t.json", r#"{"accuracy": {"threshold": 0.5, "min_relative_change": 0.1, "greater_is_better": true}, "my \"x\"": {"_threshold": 3, "_greater_is_better": false}}"#),
            ("e.pbtxt", EVAL_CONFIG),
            ("l.json", r#"{"assertions": {"a b": ["error", {"minScore": 0.5, "maxLength": 3}], "c": "warn"}}"#),
            ("v.json", r#"{"tests": [{"name": "Share of Drifted Columns", "status": "FAIL", "parameters": {"condition": {"lt": 0.3}}}]}"#),
        ][which];
        let places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        let start = at % places.len();
        let end = (start + cut).min(places.len() - 1);
        let changed = format!("{}{paste}{}", &text[..places[start]], &text[places[end]..]);
        match translate(&FileData::from_bytes(name, changed), None) {
            Ok(translation) => prop_assert!(parse(&rules(&translation)).is_ok() && translation.rules > 0),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
