//! Wordings, shapes of custom containers, and damaged values.

use super::*;
use crate::model::CheckStatus;
use crate::source::FileData;

fn read(text: &str) -> Option<Document> {
    let data = FileData::from_bytes("in/statistics.json", text.as_bytes());
    let content = Content::new(&data);
    SageMakerMonitor.sniff(&content).then(|| SageMakerMonitor.read(&content))
}

#[test]
fn wordings_of_violations() {
    let violation = |kind: &str, rest: &str| format!("{{\"constraint_check_type\":\"{kind}\",{rest}}}");
    let text = format!(
        "{{\"version\":\"1.0\",\"violations\":[{},{},{},{},{},7]}}",
        violation(
            "baseline_drift_check",
            "\"feature_name\":\"a\",\"description\":\"Baseline drift distance: 1.5E-1 exceeds threshold: 0.1.\""
        ),
        violation("baseline_drift_check", "\"feature_name\":\"b\",\"description\":\"other words 0.3\""),
        violation(
            "bias_drift_check",
            "\"facet\":\"Age\",\"facet_value\":\"40\",\"metric_name\":\"CI\",\"description\":\"Value 0.07 does not\""
        ),
        violation("feature_attribution_drift_check", "\"label\":\"label0\",\"metric_name\":\"shap\""),
        violation("LessThanThreshold", "\"metric_name\":\"recall\",\"description\":null"),
    );
    let document = read(&text).unwrap();
    let names: Vec<&str> = document.checks.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "baseline_drift_check(a)",
            "baseline_drift_check(b)",
            "bias_drift_check(CI, Age=40)",
            "feature_attribution_drift_check(shap, label0)",
            "LessThanThreshold(recall)",
            "violation"
        ]
    );
    assert!(document.checks.iter().all(|c| c.status == CheckStatus::Fail));
    let scores: Vec<_> = document.drift[0]
        .features
        .iter()
        .map(|f| (f.score.map(|s| s.as_f64()), f.threshold.map(|t| t.get()), f.drifted))
        .collect();
    assert_eq!(scores, [(Some(0.15), Some(0.1), Some(true)), (None, None, Some(true))]);
    let clean = read("{\"violations\":[]}").unwrap();
    assert_eq!((clean.checks.len(), clean.checks[0].status), (1, CheckStatus::Pass));
    assert!(clean.drift.is_empty());
}

#[test]
fn values_that_are_no_numbers_are_rejected() {
    let text = "{\"pre_training_bias_metrics\":{\"facets\":{\"g\":[{\"value_or_threshold\":\"0\",\"metrics\":\
        [{\"name\":\"CDDL\",\"value\":null,\"error\":\"no group\"},{\"name\":\"CI\",\"value\":0.5}]}]}}}";
    let document = read(text).unwrap();
    assert_eq!(document.run.rejected[0].found, "null: no group");
    assert_eq!(document.run.results[0].slice.to_string(), "g=0");
}

#[test]
fn other_files_are_left_alone() {
    for other in [
        "{}",
        "[]",
        "{\"violations\":[],\"count\":0}",
        "{\"violations\":[{\"rule\":\"x\"}]}",
        "{\"features\":[]}",
        "{\"features\":[{\"name\":\"a\"}]}",
        "{\"regression_metrics\":[]}",
        "{\"regression_metrics\":{\"mae\":{\"value\":0.5}}}",
        "{\"explanations\":{}}",
    ] {
        assert_eq!(read(other), None, "{other}");
    }
    let limits = read("{\"features\":[{\"name\":\"a\",\"inferred_type\":\"String\",\"completeness\":1.0}]}").unwrap();
    assert_eq!((limits.standalone, limits.run.extra.len()), (false, 1));
}
