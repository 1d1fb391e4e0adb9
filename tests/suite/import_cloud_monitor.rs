//! SageMaker Model Monitor and Clarify, Azure ML and Vertex AI: every value that the corpus states.

use presscheck::diag::Severity;
use presscheck::model::{CheckStatus, DriftReport, Registry};

use crate::corpus;

fn report<'r>(registry: &'r Registry, file: &str) -> &'r DriftReport {
    registry.drift.iter().find(|d| d.source.path == file).unwrap_or_else(|| panic!("no report {file}"))
}

fn check_names(registry: &Registry, file: &str) -> Vec<String> {
    let mut found: Vec<(usize, String)> = registry
        .checks
        .iter()
        .filter(|c| c.source.path == file)
        .map(|c| (c.id.rsplit('/').next().unwrap().parse().unwrap(), c.name.clone()))
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn corpus_cloud_samples() {
    let Some(folder) = corpus::folder("drift/cloud-samples") else { return };
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    assert_eq!(registry.unrecognised, ["expected.json"]);
    assert!(registry.problems.iter().all(|p| p.severity == Severity::Note), "{:#?}", registry.problems);

    let names = check_names(&registry, "sagemaker/constraint_violations.json");
    assert_eq!(names.len() as u64, expected["sagemaker_published"]["violations"].as_u64().unwrap());
    for (kind, count) in expected["sagemaker_published"]["by_type"].as_object().unwrap() {
        let ours = names.iter().filter(|n| n.starts_with(&format!("{kind}("))).count() as u64;
        assert_eq!(ours, count.as_u64().unwrap(), "{kind}");
    }
    assert_eq!(check_names(&registry, "sagemaker/constraints_violations.custom-container.json").len(), 2);

    let shape = &expected["sagemaker_shape"];
    let names = check_names(&registry, "sagemaker/shape-flights/w11/constraint_violations.json");
    let theirs: Vec<String> = shape["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| format!("{}({})", v[1].as_str().unwrap(), v[0].as_str().unwrap()))
        .collect();
    assert_eq!(names, theirs);
    let drift = report(&registry, "sagemaker/shape-flights/w11/constraint_violations.json");
    assert_eq!(drift.features.len(), theirs.iter().filter(|n| n.starts_with("baseline_drift_check")).count());
    for feature in &drift.features {
        let distance = shape["drift_distance"][&feature.feature].as_f64();
        assert_eq!(feature.score.map(|s| s.as_f64()), distance, "{}", feature.feature);
        assert_eq!(feature.threshold.map(|t| t.get()), shape["threshold"].as_f64());
        assert_eq!(feature.drifted, Some(true));
    }
    let statistics = registry.runs.iter().find(|r| r.id == "sagemaker/shape-flights/w11/statistics.json").unwrap();
    let value = |metric: &str, column: &str| {
        let of = |r: &&presscheck::model::MetricResult| {
            r.metric == metric && r.slice.0.get("column").map_or("", String::as_str) == column
        };
        statistics.results.iter().find(of).map(|r| r.value.as_f64())
    };
    assert_eq!(value("item_count", ""), Some(700.0));
    assert_eq!(value("mean", "dep_delay"), Some(22.162857142857142));
    assert_eq!(value("std_dev", "dep_delay"), Some(68.90064725266907));

    let shape = &expected["vertex_shape"];
    let drift = report(&registry, "vertex-ai/search-stats-anomalies.shape.json");
    let scores = shape["scores"].as_object().unwrap();
    assert_eq!(drift.features.len(), scores.len());
    for feature in &drift.features {
        assert_eq!(feature.score.map(|s| s.as_f64()), scores[&feature.feature].as_f64(), "{}", feature.feature);
        assert_eq!(feature.threshold.map(|t| t.get()), shape["threshold"].as_f64());
    }
    let drifted = drift.features.iter().filter(|f| f.drifted == Some(true)).count() as u64;
    assert_eq!(drifted, shape["anomalies"].as_u64().unwrap());
    assert_eq!(drift.window.start.unwrap().to_string(), "2024-03-11T00:00:00Z");
    let job = report(&registry, "vertex-ai/feature-monitor-job.documented.json");
    assert_eq!(job.features[0].score.map(|s| s.as_f64()), Some(0.1388880008888));
    assert_eq!((job.features[0].drifted, job.features[0].kind.as_str()), (Some(true), "categorical"));

    let below = expected["azure_gsq"]["metrics_below_threshold"].as_object().unwrap();
    let failed: Vec<&str> = registry
        .checks
        .iter()
        .filter(|c| c.source.path == "azure-ml/gsq-signal.json" && c.status == CheckStatus::Fail)
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(failed.len(), below.len());
    let run = registry.runs.iter().find(|r| r.id == "azure-ml/gsq-signal.json").unwrap();
    for (metric, pair) in below {
        assert!(failed.contains(&metric.as_str()), "{metric}");
        let value = run.results.iter().find(|r| r.metric == *metric).unwrap().value.as_f64();
        assert_eq!(Some(value), pair[0].as_f64(), "{metric}");
        let check = registry.checks.iter().find(|c| c.name == *metric).unwrap();
        assert_eq!(check.message, format!("{}, at least {} is due", pair[0], pair[1]));
    }
    assert_eq!(
        registry.checks.iter().filter(|c| c.name == "AverageFluencyScore" && c.status == CheckStatus::Pass).count(),
        1
    );
    let signal = report(&registry, "azure-ml/data-drift-signal.shape.json");
    let table = report(&registry, "azure-ml/signal-metrics.shape.csv");
    for feature in &table.features {
        let same = signal.features.iter().find(|f| f.feature == feature.feature && f.method == feature.method).unwrap();
        assert_eq!((same.score, same.threshold, same.drifted), (feature.score, feature.threshold, feature.drifted));
    }
}

#[test]
fn corpus_sagemaker_metrics() {
    let Some(folder) = corpus::folder("cards/sagemaker") else { return };
    let registry = corpus::read(&folder);
    let run = |file: &str| registry.runs.iter().find(|r| r.id == file).unwrap_or_else(|| panic!("{file}"));
    let value =
        |file: &str, metric: &str| run(file).results.iter().find(|r| r.metric == metric).unwrap().value.as_f64();
    let binary = "model_monitor_model_quality_binary_classification.json";
    assert_eq!(value(binary, "f0_5"), 0.38461538461538);
    assert_eq!(value(binary, "auc.standard_deviation"), 0.1);
    assert_eq!((run(binary).matrices.len(), run(binary).curves.len()), (1, 2));
    assert!(run(binary).rejected.is_empty());
    // What the tool's own translation to a model card holds, number by number.
    for (file, translated) in [
        (binary, "translated_model_monitor_model_quality_binary_classification.json"),
        ("model_monitor_model_quality_regression.json", "translated_model_monitor_model_quality_regression.json"),
    ] {
        let mut compared = 0;
        for group in corpus::json(&folder.join(translated))["metric_groups"].as_array().unwrap() {
            for metric in group["metric_data"].as_array().unwrap().iter().filter(|m| m["type"] == "number") {
                let name = metric["name"].as_str().unwrap().replace(" - ", ".");
                assert_eq!(Some(value(file, &name)), metric["value"].as_f64(), "{file}: {name}");
                compared += 1;
            }
        }
        assert!(compared > 3, "{file}");
    }
    let bias = run("clarify_bias.json");
    let found: Vec<(String, f64)> =
        bias.results.iter().map(|r| (format!("{} {}", r.metric, r.slice), r.value.as_f64())).collect();
    let expected =
        [("CDDL Gender=0", 0.21491590864936), ("AD Gender=0", -0.11415724421435), ("AD Gender=1", -0.1141572442143538)];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
    let explained = run("clarify_explanability.json");
    let sizes: Vec<usize> = explained.importances.iter().map(|i| i.items.len()).collect();
    assert_eq!(sizes, [8, 5]);
}
