//! Deepchecks: every condition, failure and score of the corpus, and fixtures that need no corpus.

use std::path::Path;

use presscheck::model::{Check, CheckStatus, Registry};
use serde_json::Value;

use crate::corpus;

fn checks<'r>(registry: &'r Registry, file: &str) -> Vec<&'r Check> {
    let mut found: Vec<(usize, &Check)> = registry
        .checks
        .iter()
        .filter(|c| c.source.path == file)
        .map(|c| (c.id.rsplit('/').next().unwrap().parse().unwrap(), c))
        .collect();
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, check)| check).collect()
}

fn method(label: &str) -> &'static str {
    match label {
        "Kolmogorov-Smirnov" => "ks",
        "Earth Mover's Distance" => "wasserstein_normed",
        "Cramer's V" => "cramers_v",
        "PSI" => "psi",
        other => panic!("{other}"),
    }
}

/// Scores of a check: those of its only report that holds them all.
fn compare_scores(registry: &Registry, place: &str, at: &str, values: &Value) {
    let id = if at.is_empty() { place.to_owned() } else { format!("{place}#{at}") };
    let report = registry.drift.iter().find(|d| d.id == id).unwrap_or_else(|| panic!("no report {id}"));
    let values = values.as_object().unwrap();
    // Of the label: the value as the file holds it.
    let one = values.contains_key("Drift score");
    assert_eq!(report.features.len(), if one { 1 } else { values.len() }, "{id}");
    for feature in &report.features {
        let label = serde_json::json!({"score": values.get("Drift score"), "method": values.get("Method")});
        let theirs = if one { &label } else { &values[&feature.feature] };
        let ours = feature.score.map(|s| s.as_f64());
        match theirs["score"].as_f64() {
            Some(score) => assert_eq!(ours, Some(score), "{id}: {}", feature.feature),
            None => assert!(ours.is_none_or(f64::is_nan), "{id}: {}: {ours:?}", feature.feature),
        }
        let label = theirs["method"].as_str().unwrap_or_default();
        assert_eq!(feature.method_label, label, "{id}");
        if !label.is_empty() {
            assert_eq!(feature.method.unwrap().as_str(), method(label), "{id}");
        }
    }
}

#[test]
fn corpus_deepchecks() {
    let Some(folder) = corpus::folder("drift/deepchecks-0.19.1") else { return };
    let registry = corpus::read(&folder);
    let (mut conditions, mut scores) = (0, 0);
    for case in corpus::json(&folder.join("expected.json"))["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let ours = checks(&registry, file);
        let mut ours = ours.iter();
        for (i, check) in case["checks"].as_array().unwrap().iter().enumerate() {
            if let Some(error) = check["error"].as_str() {
                let found = ours.next().unwrap();
                assert_eq!(found.status, CheckStatus::Error, "{file}");
                assert!(found.message.ends_with(error), "{file}: {}", found.message);
            }
            for condition in check["conditions"].as_array().into_iter().flatten() {
                let found = ours.next().unwrap();
                let name = format!("{}: {}", check["check"].as_str().unwrap(), condition["name"].as_str().unwrap());
                assert!(found.name.starts_with(&name), "{file}: {} is not {name}", found.name);
                assert_eq!(
                    found.status.as_str().to_uppercase(),
                    condition["status"].as_str().unwrap(),
                    "{file}: {name}"
                );
                assert_eq!(found.message, condition["details"].as_str().unwrap().trim(), "{file}: {name}");
                conditions += 1;
            }
            if let Some(values) = check.get("values") {
                let at = if case["kind"] == "single_check" { String::new() } else { format!("results/{i}") };
                compare_scores(&registry, file, &at, values);
                scores += 1;
            }
        }
        assert!(ours.next().is_none(), "{file}");
    }
    assert!(conditions > 50 && scores > 15, "{conditions} {scores}");
    assert_eq!(registry.unrecognised, ["expected.json"]);
    let problems: Vec<_> =
        registry.problems.iter().filter(|p| p.code != presscheck::diag::Code::MetricNonFinite).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let mut ids: Vec<&str> = registry.checks.iter().map(|c| c.id.as_str()).collect();
    ids.dedup();
    assert_eq!(ids.len(), registry.checks.len());
}

#[test]
fn limits_of_the_corpus_agree_with_the_conditions() {
    let Some(folder) = corpus::folder("drift/deepchecks-0.19.1") else { return };
    let registry = corpus::read(&folder);
    // `Failed for 4 out of 15 columns.` is what the tool itself counts.
    let mut compared = 0;
    for check in registry.checks.iter().filter(|c| c.name.starts_with("Feature Drift: ")) {
        let Some(rest) = check.message.strip_prefix("Failed for ") else { continue };
        let (failed, rest) = rest.split_once(" out of ").unwrap();
        let report = &check.source.pointer[1..].split("/conditions_results").next().unwrap();
        let id = format!("{}#{report}", check.source.path);
        let report = registry.drift.iter().find(|d| d.id == id).unwrap();
        let ours = report.features.iter().filter(|f| f.drifted == Some(true)).count();
        assert_eq!(ours.to_string(), failed, "{id}");
        assert_eq!(report.features.len().to_string(), rest.split(' ').next().unwrap(), "{id}");
        compared += 1;
    }
    assert!(compared > 5, "{compared}");
}

#[test]
fn fixture_of_a_model_evaluation() {
    let registry = corpus::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/deepchecks"));
    let run = registry.runs.iter().find(|r| r.id == "iris-model_evaluation.json").unwrap();
    assert_eq!(run.matrices.len(), 2);
    let find = |metric: &str, dataset: &str, class: &str| {
        run.results
            .iter()
            .find(|r| r.metric == metric && r.dataset.as_deref() == Some(dataset) && r.class.as_deref() == Some(class))
            .unwrap_or_else(|| panic!("{metric} {dataset} {class}"))
    };
    assert_eq!(find("F1", "Train", "0").n, Some(31));
    assert_eq!(find("AUC", "Test", "1").value.as_f64(), 0.9800347222222222);
    assert_eq!(find("Calibration Score", "Test", "1").value.as_f64(), 0.055600000000000004);
    assert!(registry.checks.iter().any(|c| c.status == CheckStatus::Error && c.name == "Boosting Overfit"));
    let report = &registry.drift.iter().find(|d| d.id == "iris-PredictionDrift.json").unwrap();
    assert_eq!(report.features[0].feature, "prediction");
    assert!(registry.problems.is_empty(), "{:#?}", registry.problems);
}
