//! Thresholds of other tools as policies: what they mean, and what becomes of the rest.

use presscheck::diag::Severity;
use presscheck::gate::verdict::{Outcome, RuleKind, RuleSeverity, Status, Verdict};
use presscheck::source::FileData;
use presscheck::thresholds::{Translation, translate};
use proptest::prelude::*;
use serde_json::Value;

use crate::corpus;
use crate::gate_case::{case, parse, two};
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

/// MLflow's own verdicts on random thresholds, in `make/mlflow.py`, are those of the gate on the translated policy.
#[test]
fn mlflow_and_the_gate_agree() {
    let file = include_str!("../fixtures/thresholds/mlflow-cases.json");
    let all: Value = serde_json::from_str(file).unwrap();
    let (mut passes, mut judged) = (0, 0);
    for case in all["cases"].as_array().unwrap() {
        let translation = of("thresholds.json", &case["thresholds"].to_string());
        let (metric, threshold) = case["thresholds"].as_object().unwrap().iter().next().unwrap();
        let relative = threshold.get("min_relative_change").or_else(|| threshold.get("_min_relative_change"));
        let zero = relative.and_then(Value::as_f64) == Some(0.0);
        let told = translation.left.iter().filter(|p| p.severity == Severity::Warning).count();
        assert_eq!(told, usize::from(zero), "{}", left(&translation));
        if zero && case["baseline"][metric].as_f64() == Some(0.0) {
            // The one thing that the translation says it leaves out.
            continue;
        }
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
        judged += 1;
    }
    assert!(judged > 700 && passes > 200 && passes < judged - 200, "{passes} of {judged}");
}

/// MLflow lets a model pass whose metric is NaN where only a relative change is demanded; the gate never does.
#[test]
fn a_metric_that_is_no_number_never_passes_a_translated_threshold() {
    let file = include_str!("../fixtures/thresholds/mlflow-cases.json");
    let all: Value = serde_json::from_str(file).unwrap();
    let cases = all["nan"].as_array().unwrap();
    assert!(cases.iter().any(|c| c["passes"] == true), "MLflow lets some pass");
    for case in cases {
        let translation = of("thresholds.json", &case["thresholds"].to_string());
        let metric = serde_json::to_string(case["thresholds"].as_object().unwrap().keys().next().unwrap()).unwrap();
        let verdict = two(
            &rules(&translation),
            &format!("{{{metric}: 0.5, \"other\": 1}}"),
            &format!("{{{metric}: NaN, \"other\": 2}}"),
        );
        assert!(!verdict.try_judge().unwrap().verdict.promotes(), "{case}");
    }
}

/// A threshold that no policy can hold does not keep the others from being written.
#[test]
fn a_rule_that_the_gate_would_refuse_is_left_out_with_its_reason() {
    let translation = of(
        "t.json",
        r#"{"accuracy": {"threshold": 80, "greater_is_better": true}, "f1": {"threshold": 0.5, "greater_is_better": true},
            "x": {"min_relative_change": 1.5, "greater_is_better": true}, "big": {"threshold": 9007199254740993, "greater_is_better": true}}"#,
    );
    let left = left(&translation);
    for what in
        ["/accuracy/threshold: accuracy-floor: the bound can never hold", "/x/min_relative_change", "/big/threshold"]
    {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert_eq!(translation.rules, 1);
}

/// What a file says of one name of a metric does not turn its other names round.
#[test]
fn directions_are_those_of_the_file_for_the_names_of_the_file() {
    let translation = of(
        "t.json",
        r#"{"accuracy": {"min_absolute_change": 0.1, "greater_is_better": false},
            "accuracy_score": {"min_absolute_change": 0.1, "greater_is_better": true}}"#,
    );
    let judge = |accuracy: f64, score: f64| {
        let new = format!("{{\"accuracy\": {accuracy}, \"accuracy_score\": {score}}}");
        two(&rules(&translation), "{\"accuracy\": 0.5, \"accuracy_score\": 0.5}", &new).judge().verdict.promotes()
    };
    assert!(judge(0.4, 0.6));
    assert!(!judge(0.6, 0.6) && !judge(0.4, 0.4));
}

/// Names with both kinds of quotes are keys of TOML as well as values.
#[test]
fn names_are_quoted_by_the_crate() {
    let name = "a'b\"c]\n"[..6].to_owned() + " \u{202e}\u{e9} = [";
    let file = serde_json::json!({name.clone(): {"min_absolute_change": 0.5, "greater_is_better": true}});
    let translation = of("t.json", &file.to_string());
    let old = serde_json::json!({name.clone(): 1.0}).to_string();
    let with = |v: f64| two(&rules(&translation), &old, &serde_json::json!({name.clone(): v}).to_string()).judge();
    assert!(with(1.5).verdict.promotes() && !with(1.4).verdict.promotes());
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
    assert!(!translation.text.contains("[metrics.loss]"), "known to everybody");
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
            {"class_name": "Recall", "threshold": {"change_threshold": {"absolute": 0.1}}}, {"threshold": {"value_threshold": {"lower_bound": 0.5}}}], "binarize": {"class_ids": {"values": [0]}, "k_list": {"values": [1]}}}],
            "slicing_specs": [{"slice_keys_sql": "SELECT 1"}, {}]}"#,
    );
    let left = left(&translation);
    for what in ["/slicing_specs/0", "cross_slice_thresholds", "no direction", "class_name", "binarize/k_list"] {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert_eq!(translation.rules, 1);
}

/// The direction of a change says which way the comparison goes; bounds say nothing of what is better.
#[test]
fn tfma_comparisons_go_the_way_that_they_say() {
    let translation = of(
        "e.json",
        r#"{"metrics_specs": [{"metrics": [
            {"class_name": "AUC", "threshold": {"value_threshold": {"upper_bound": 0.99}, "change_threshold": {"absolute": -0.01, "direction": "HIGHER_IS_BETTER"}}},
            {"class_name": "AUC", "threshold": {"change_threshold": {"absolute": 0.1, "direction": "LOWER_IS_BETTER"}}},
            {"class_name": "LogLoss", "threshold": {"value_threshold": {"lower_bound": 0, "upper_bound": 1}, "change_threshold": {"relative": 0.5, "direction": 1}}},
            {"class_name": "LogLoss", "threshold": {"change_threshold": {"absolute": -0.25, "direction": "HIGHER_IS_BETTER"}}}]}]}"#,
    );
    assert!(translation.left.is_empty() && !translation.text.contains("[metrics."), "{}", translation.text);
    let judge = |auc: f64, loss: f64| {
        let new = format!("{{\"auc\": {auc}, \"log_loss\": {loss}}}");
        two(&rules(&translation), "{\"auc\": 0.75, \"log_loss\": 0.5}", &new).judge().verdict.promotes()
    };
    assert!(judge(0.8, 0.75) && judge(0.74, 0.25));
    assert!(!judge(0.73, 0.5) && !judge(0.86, 0.5), "not much worse, not suspiciously better");
    assert!(!judge(0.75, 0.76) && !judge(0.75, 0.24), "half as much again at most, less by 0.25 at most");
}

/// One half of a threshold that has no equal does not take the other half with it.
#[test]
fn halves_of_a_tfma_threshold_stand_alone() {
    let translation = of(
        "e.json",
        r#"{"metrics_specs": [{"metrics": [
            {"class_name": "Recall", "threshold": {"value_threshold": {"lower_bound": 0.5}, "change_threshold": {"absolute": 0.1}}},
            {"class_name": "Precision", "cross_slice_thresholds": [], "threshold": {"value_threshold": {}, "change_threshold": {"absolute": -0.01, "direction": "HIGHER_IS_BETTER"}}},
            {"class_name": "AUC", "threshold": {"value_threshold": {"lower_bound": 0.9, "upper_bound": 0.1}, "change_threshold": {"absolute": -0.01, "relative": 1.01, "direction": "HIGHER_IS_BETTER"}}},
            {"class_name": "AUC", "threshold": {"change_threshold": {"absolute": -0.1, "direction": "LOWER_IS_BETTER"}}}]}]}"#,
    );
    assert_eq!(translation.rules, 3, "{}", translation.text);
    let left = left(&translation);
    for what in [
        "/0/threshold/change_threshold: the change has no direction",
        "/1/threshold/value_threshold",
        "/2/threshold/value_threshold",
        "/2/threshold/change_threshold/relative",
        "/3/threshold/change_threshold/absolute: 'auc' would have to become worse",
    ] {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert!(!left.contains("cross_slice"), "an empty list demands nothing: {left}");
}

#[test]
fn tfma_classes_names_and_slices() {
    let translation = of(
        "e.txt",
        r#"eval_config {
          model_specs { name: "candidate" } model_specs { name: "baseline" is_baseline: true }
          slicing_specs { feature_values { key: "country" value: "fr" } }
          slicing_specs { feature_values { key: "city" value: " lyon" } }
          metrics_specs {
            model_names: "candidate"
            binarize { class_ids { values: 0 values: 2 } top_k_list { values: 5 } }
            metrics { class_name: "Precision" config: '"name": "my_precision", "thresholds": [0.5]'
              threshold { value_threshold { lower_bound { value: 0.5 } } } }
          }
          metrics_specs { model_names: "baseline" metrics { class_name: "AUC" threshold { value_threshold { lower_bound { value: 0.5 } } } } }
          options { min_slice_size { value: 50 } }
        }"#,
    );
    let left = left(&translation);
    for what in
        ["/eval_config/slicing_specs/1", "top_k_list", "fewer than 50", "/eval_config/metrics_specs/1/model_names"]
    {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert_eq!(translation.rules, 2, "{}", translation.text);
    let result = |class: &str, value: f64| {
        format!(r#"{{"metric": "my_precision", "value": {value}, "class": "{class}", "slice": {{"country": "fr"}}}}"#)
    };
    let judge = |results: Vec<String>| {
        let text = format!(r#"{{"schema": "presscheck.metrics/1", "results": [{}]}}"#, results.join(","));
        two(&rules(&translation), "{\"other\": 1}", &text).judge().verdict.promotes()
    };
    assert!(judge(vec![result("0", 0.5), result("2", 0.6)]));
    assert!(!judge(vec![result("0", 0.5), result("2", 0.4)]), "below in a class");
    assert!(!judge(vec![result("0", 0.5)]), "a class is missing");
}

/// Lighthouse CI's own verdicts on random assertions, in `make/lighthouse.js`, are those of the gate.
#[test]
fn lighthouse_and_the_gate_agree() {
    let file = include_str!("../fixtures/thresholds/lighthouse-cases.json");
    let all: Value = serde_json::from_str(file).unwrap();
    let mut judged = [0, 0];
    for config in all["cases"].as_array().unwrap() {
        let expected = config["expected"].as_object().unwrap();
        if expected.is_empty() {
            continue;
        }
        let translation = of("lighthouserc.json", &config["config"].to_string());
        let bad = translation.left.iter().find(|p| p.severity == Severity::Warning);
        assert!(bad.is_none(), "{}", left(&translation));
        let runs = config["runs"].as_array().unwrap();
        // An empty object is no evidence of a run.
        let metrics = |run: &Value, other: usize| {
            let mut all = run.as_object().unwrap().clone();
            all.insert("other".to_owned(), other.into());
            Value::Object(all).to_string()
        };
        let mut case = case(&rules(&translation), &[("churn/2/metrics.json", metrics(&runs[0], 9).as_str())]);
        for (i, run) in runs.iter().enumerate().filter(|_| runs.len() > 1) {
            case = case
                .file(&format!("seeds/{i}/metrics.json"), &metrics(run, i))
                .file(&format!("seeds/{i}/run.toml"), "parent = \"runs/churn/2\"\n");
        }
        let verdict = case.judge();
        for (metric, said) in expected {
            let record = verdict.rules.iter().find(|r| r.metric.as_deref() == Some(metric)).unwrap();
            assert_eq!(
                record.status == Status::Pass,
                said["passed"].as_bool().unwrap(),
                "{config}\n{}",
                record.message
            );
            assert_eq!(record.severity == RuleSeverity::Block, said["level"] == "error", "{config}");
            judged[usize::from(record.status == Status::Pass)] += 1;
        }
        assert_eq!(verdict.rules.iter().filter(|r| r.check == RuleKind::Metric).count(), expected.len(), "{config}");
    }
    assert!(judged.iter().all(|n| *n > 200), "{judged:?}");
}

#[test]
fn lighthouse_files_that_lean_on_others_are_not_whole() {
    let translation = of(
        ".lighthouserc",
        "ci:\n  extends: ./base.json\n  collect: {url: [http://a/, http://b/]}\n  assert:\n    assertions:\n      accuracy: [error, {maxNumericValue: 0.99}]\n      f1: [warn, {minScore: 0.5, auditRan: 1}]\n",
    );
    let left = left(&translation);
    for what in ["/ci/extends", "/ci/collect/url: each of 2", "/f1/1/auditRan"] {
        assert!(left.contains(what), "{what}: {left}");
    }
    assert!(!translation.text.contains("[metrics."), "a bound turns no metric round: {}", translation.text);
    let warns = of("l.json", r#"{"assertions": {"f1": "warn"}}"#);
    assert!(warns.text.contains("no rule blocks") && parse(&rules(&warns)).is_ok(), "{}", warns.text);
    let odd = of("l.json", r#"{"assertions": {"f1": "error"}, "assertMatrix": {"assertions": {"a": "error"}}}"#);
    assert!(self::left(&odd).contains("/assertMatrix: a list is due"));
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

/// A file of the corpus with bare `NaN` and the like, which serde does not read, as null.
#[expect(clippy::disallowed_methods, reason = "the corpus lies outside every project")]
fn evidently_files(folders: &[&str]) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for root in folders.iter().filter_map(|f| corpus::folder(f)) {
        let mut files: Vec<_> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
            let text = std::fs::read_to_string(path).unwrap();
            let text = text.replace("-Infinity", "null").replace("Infinity", "null").replace(": NaN", ": null");
            out.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
        }
    }
    out
}

/// The verdict of the policy that is made of a file on a version with that very file.
fn judge_itself(document: &Value) -> (Translation, Verdict) {
    let text = document.to_string();
    let translation = of("suite.json", &text);
    let case = case(
        &rules(&translation),
        &[("churn/2/run.toml", "created = 2026-01-01T00:00:00Z\n"), ("churn/2/checks/suite.json", text.as_str())],
    );
    let verdict = case.judge();
    (translation, verdict)
}

/// Every suite and every report with tests of the corpus becomes a policy that judges that very file as the tool did.
#[test]
fn evidently_suites_are_judged_as_evidently_did() {
    let mut judged = [0, 0];
    let folders = [
        "drift/evidently-0.4.40/tests",
        "drift/evidently-0.6.7/tests",
        "drift/evidently-0.7.23/conditions",
        "drift/evidently-0.7.23/drift_custom",
        "drift/evidently-0.7.23/model",
        "drift/evidently-0.7.23/summary",
    ];
    let files = evidently_files(&folders);
    for (path, document) in &files {
        let Some(tests) = document["tests"].as_array().filter(|t| !t.is_empty()) else { continue };
        let blocks = tests.iter().any(|t| !["SUCCESS", "WARNING"].contains(&t["status"].as_str().unwrap()));
        let (translation, verdict) = judge_itself(document);
        assert_eq!(translation.kind, "evidently");
        assert!(translation.left.iter().all(|p| p.severity == Severity::Note), "{path}: {}", left(&translation));
        assert_eq!(!verdict.verdict.promotes(), blocks, "{path}: {}", verdict.sentence);
        judged[usize::from(blocks)] += 1;
    }
    assert!(files.is_empty() || judged.iter().all(|n| *n > 3), "{judged:?}");
}

/// Each test of a report of 0.7 by itself: the rules on its value and on drift say what the tool said.
fn each_test_alone(documents: &[(String, Value)]) -> [usize; 3] {
    // Rules on tests, values, drift.
    let mut rules = [0; 3];
    for (path, document) in documents {
        let Some(tests) = document["tests"].as_array() else { continue };
        for test in tests {
            let mut alone = document.clone();
            alone["tests"] = Value::Array(vec![test.clone()]);
            let (translation, verdict) = judge_itself(&alone);
            let status = test["status"].as_str().unwrap();
            for record in &verdict.rules {
                let kind = match record.check {
                    RuleKind::Tests => 0,
                    RuleKind::Metric => 1,
                    RuleKind::Drift => 2,
                    _ => continue,
                };
                rules[kind] += 1;
                let held = record.status == Status::Pass;
                assert_eq!(held, status == "SUCCESS", "{path}: {test}\n{}\n{}", record.message, translation.text);
                let warns = record.severity != RuleSeverity::Block || record.status == Status::Warn;
                assert_eq!(!held && warns, status == "WARNING", "{path}: {test}\n{}", record.message);
            }
        }
    }
    rules
}

#[test]
fn evidently_tests_of_the_corpus_and_their_rules_agree() {
    let folders = ["drift/evidently-0.7.23/conditions", "drift/evidently-0.7.23/drift_custom"];
    let documents = evidently_files(&folders);
    let rules = each_test_alone(&documents);
    assert!(documents.is_empty() || (rules[0] > 150 && rules[1] > 90 && rules[2] > 50), "{rules:?}");
}

#[test]
fn evidently_tests_and_their_rules_agree() {
    let file = include_str!("../fixtures/import/evidently/v0.7/flights-w06-single-metrics.json");
    let document: Value = serde_json::from_str(file).unwrap();
    let rules = each_test_alone(&[("flights".to_owned(), document.clone())]);
    assert!(rules[2] > 0, "{rules:?}");
    // What is compared with the reference data is judged by the test alone; a fixed number by the value as well.
    let mut changed = document.clone();
    let i = document["tests"].as_array().unwrap().iter().position(|t| t["id"] == "lt").unwrap();
    changed["tests"][i]["status"] = "SUCCESS".into();
    changed["tests"][i]["test_config"]["threshold"] = 0.0.into();
    let (_, verdict) = judge_itself(&changed);
    assert!(!verdict.verdict.promotes());
}

/// A suite of 0.4 holds no drift report and no values: its own tests are judged, with what is only a warning.
#[test]
fn a_suite_without_values_is_judged_by_its_tests() {
    let suite = |status: &str| {
        serde_json::json!({"version": "0.4.40", "summary": {"all_passed": true}, "tests": [
            {"name": "Share of Drifted Columns", "group": "data_drift", "status": status,
             "parameters": {"condition": {"lt": 0.3}, "features": {}}}]})
    };
    for (status, outcome) in [
        ("SUCCESS", Outcome::Pass),
        ("WARNING", Outcome::PassWithWarnings),
        ("FAIL", Outcome::Blocked),
        ("ERROR", Outcome::Blocked),
    ] {
        let (translation, verdict) = judge_itself(&suite(status));
        assert_eq!((verdict.verdict, translation.rules), (outcome, 1), "{status}: {}", verdict.sentence);
    }
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
    fn any_file_is_translated_or_refused(which in 0..6_usize, at in 0..4_000_usize, cut in 0..30_usize, paste in prop_oneof!["[ -~]{0,6}", Just("NaN".to_owned()), Just("\u{7}\u{202e}\n".to_owned()), Just("1e999".to_owned()), any::<String>().prop_map(|s| s.chars().take(6).collect())]) {
        let (name, text) = [
            ("t.json", r#"{"accuracy": {"threshold": 0.5, "min_relative_change": 0.1, "greater_is_better": true}, "my \"x\"": {"_threshold": 3, "_greater_is_better": false}}"#),
            ("e.pbtxt", EVAL_CONFIG),
            ("l.json", r#"{"assertions": {"a b": ["error", {"minScore": 0.5, "maxLength": 3}], "c": "warn"}}"#),
            ("e.json", r#"{"evalConfig": {"metricsSpecs": [{"binarize": {"classIds": {"values": [1]}}, "metrics": [{"className": "AUC", "config": "\"name\": \"x\"", "threshold": {"valueThreshold": {"lowerBound": "0.5"}, "changeThreshold": {"relative": -0.5, "direction": "LOWER_IS_BETTER"}}}]}]}}"#),
            ("report.json", r#"{"metrics": [{"id": "a", "config": {"type": "evidently:metric_v2:RowCount"}, "value": 5}], "tests": [{"name": "Rows", "status": "SUCCESS", "metric_config": {"metric_id": "a", "params": {"type": "evidently:metric_v2:RowCount"}}, "test_config": {"type": "evidently:test_v2:LessThanMetricTest", "is_critical": false, "threshold": 7.5}, "bound_test": {"type": "evidently:bound_test:SingleValueBoundTest"}}]}"#),
            ("v.json", r#"{"tests": [{"name": "Share of Drifted Columns", "status": "FAIL", "parameters": {"condition": {"lt": 0.3}}}]}"#),
        ][which];
        let places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        let start = at % places.len();
        let end = (start + cut).min(places.len() - 1);
        let changed = format!("{}{paste}{}", &text[..places[start]], &text[places[end]..]);
        match translate(&FileData::from_bytes(name, changed), None) {
            Ok(translation) => prop_assert!(translation.check().is_ok() && translation.rules > 0, "{}", translation.text),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
