//! Conditions without a clear status, limits in words, and damaged files.

use super::*;
use crate::model::Method;
use crate::source::FileData;

fn read(text: &str) -> Option<Document> {
    let data = FileData::from_bytes("in/result.json", text.as_bytes());
    let content = Content::new(&data);
    Deepchecks.sniff(&content).then(|| Deepchecks.read(&content))
}

fn result(name: &str, value: &str, conditions: &str) -> String {
    format!(
        "{{\"type\":\"CheckResult\",\"check\":{{\"name\":\"{name}\"}},\"header\":\"{name}\",\
         \"value\":{value},\"conditions_results\":{conditions}}}"
    )
}

#[test]
fn only_pass_passes() {
    for status in ["null", "\"pass\"", "\"✓\"", "true", "\"ERROR\""] {
        let condition = format!("[{{\"Status\":{status},\"Condition\":\"c\",\"More Info\":\"m\"}}]");
        let document = read(&result("A", "1", &condition)).unwrap();
        assert_eq!(
            (document.checks[0].status, document.checks[0].name.as_str()),
            (CheckStatus::Error, "A: c"),
            "{status}"
        );
    }
    let document =
        read(&result("A", "1", "[{\"Condition\":\"c\"},{\"Status\":\"PASS\",\"Condition\":\"c\"}]")).unwrap();
    let names: Vec<&str> = document.checks.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["A: c", "A: c #2"]);
    assert_eq!(read(&result("A", "1", "\"PASS\"")).unwrap().checks[0].status, CheckStatus::Error);
    let failure = "{\"type\":\"CheckFailure\",\"check\":{\"name\":\"A\"},\"header\":\"A\",\"exception\":null}";
    assert_eq!(read(failure).unwrap().checks[0].status, CheckStatus::Error);
    let suite = format!("{{\"type\":\"SuiteResult\",\"name\":\"s\",\"results\":[7,{failure}]}}");
    assert_eq!(read(&suite).unwrap().checks.len(), 2);
}

#[test]
fn limits_stand_in_conditions() {
    let value = "{\"a\":{\"Drift score\":{\"dtype\":\"float64\",\"value\":0.2},\"Method\":\"Kolmogorov-Smirnov\"},\
        \"b\":{\"Drift score\":NaN,\"Method\":\"PSI\"},\"c\":{\"Drift score\":null,\"Method\":\"new\"}}";
    let condition = |text: &str| format!("[{{\"Status\":\"FAIL\",\"Condition\":\"{text}\"}}]");
    let text = condition("categorical drift score < 0.1 and numerical drift score < 0.2");
    let document = read(&result("Feature Drift", value, &text)).unwrap();
    let report = &document.drift[0];
    assert_eq!((report.drifted, report.share_drifted, report.id.as_str()), (Some(true), None, "in/result.json"));
    let row = |i: usize| {
        let f = &report.features[i];
        (f.method, f.threshold.map(|t| t.get()), f.drifted)
    };
    assert_eq!(row(0), (Some(Method::Ks), Some(0.2), Some(true)));
    assert_eq!(row(1), (Some(Method::Psi), Some(0.1), None));
    assert_eq!(row(2), (None, None, None));
    let value = "{\"Drift score\":{\"0\":0.1,\"1\":0.3},\"Method\":\"Earth Mover's Distance\"}";
    let document = read(&result("Prediction Drift", value, &condition("Prediction drift score < 0.15"))).unwrap();
    let found: Vec<_> = document.drift[0].features.iter().map(|f| (f.feature.as_str(), f.drifted)).collect();
    assert_eq!(found, [("prediction 0", Some(false)), ("prediction 1", Some(true))]);
    let document = read(&result("Label Drift", "{\"Drift score\":\"0.1\",\"Method\":\"PSI\"}", "[]")).unwrap();
    assert_eq!((document.drift[0].features[0].score, document.problems.len()), (None, 1));
}

#[test]
fn frames_are_results() {
    let rows = "[{\\\"Dataset\\\":\\\"Test\\\",\\\"Class\\\":0,\\\"Metric\\\":\\\"F1\\\",\\\"Value\\\":0.5,\
        \\\"Number of samples\\\":7},{\\\"Dataset\\\":\\\"Test\\\",\\\"Class\\\":null,\\\"Metric\\\":\\\"F1\\\",\\\"Value\\\":null}]";
    let document = read(&result("Train Test Performance", &format!("\"{rows}\""), "[]")).unwrap();
    let found = &document.run.results[0];
    assert_eq!((found.dataset.as_deref(), found.class.as_deref(), found.n), (Some("Test"), Some("0"), Some(7)));
    assert_eq!((document.run.rejected.len(), document.standalone), (1, true));
    // A frame that is cut is no frame.
    let cut = result("Train Test Performance", &format!("\"{}\"", &rows[..80]), "[]");
    assert!(read(&cut).unwrap().run.results.is_empty());
}

#[test]
fn other_files_are_left_alone() {
    for other in
        ["{}", "[]", "{\"name\":\"a\",\"results\":[]}", "{\"check\":{\"name\":\"a\"}}", "{\"type\":\"CheckResult\"}"]
    {
        assert_eq!(read(other), None, "{other}");
    }
}
