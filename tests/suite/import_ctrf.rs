//! CTRF reports: outcomes of real reporters, and reports that contradict themselves.

use std::path::PathBuf;

use presscheck::model::{CheckStatus, Registry};
use serde_json::{Value, json};

use crate::corpus::{from_memory, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

fn rows(registry: &Registry, part: &str) -> Vec<(String, CheckStatus)> {
    let ours = registry.checks.iter().filter(|c| c.id.contains(part));
    ours.map(|c| (c.name.clone(), c.status)).collect()
}

fn outcome(value: &Value) -> Vec<(String, CheckStatus)> {
    rows(&from_memory(&[("in/report.json", value.to_string().as_bytes())]), "")
}

fn itself(value: &Value) -> bool {
    outcome(value).contains(&("the report itself".to_owned(), CheckStatus::Error))
}

#[test]
fn reports_of_pytest_and_jest() {
    use CheckStatus::{Fail, Pass, Skipped};
    let registry = read(&fixture("ctrf"));
    let name = |n: &str, s| (n.to_owned(), s);
    let pytest = rows(&registry, "pytest.json");
    for expected in [
        name("test_a.py::test_ok", Pass),
        name("test_a.py::test_bad", Fail),
        name("test_a.py::test_skip", Skipped),
        name("test_a.py::test_err", Fail),
        name("test_a.py::test_p[3]", Fail),
    ] {
        assert!(pytest.contains(&expected), "{expected:?}");
    }
    assert_eq!(pytest.len(), 7);
    let jest = rows(&registry, "jest.json");
    assert_eq!(jest, [name("ok", Pass), name("bad", Fail), name("s", Skipped), name("t", Skipped), name("d in", Pass)]);
    assert!(registry.checks.iter().any(|c| c.suite == "a.test.js > d"));
    assert!(registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn what_contradicts_itself_or_is_incomplete_is_an_error() {
    let test = |name: &str, status: &str| json!({"name": name, "status": status, "duration": 1});
    let report = |summary: Value, tests: Vec<Value>| json!({"results": {"tool": {"name": "t"}, "summary": summary, "tests": tests}});
    let sums = |tests, passed, failed| json!({"tests": tests, "passed": passed, "failed": failed, "skipped": 0, "pending": 0, "other": 0});
    let two = || vec![test("a", "passed"), test("b", "failed")];
    assert!(!itself(&report(sums(2, 1, 1), two())));
    assert!(itself(&report(sums(10, 9, 1), two())), "tests are missing from the list");
    assert!(itself(&report(sums(2, 2, 0), two())), "a failure is hidden");
    assert!(itself(&report(json!({}), two())), "no counts");
    assert!(itself(&report(json!({"tests": "2", "passed": 1, "failed": 1}), two())), "a count as text");
    assert!(!itself(&report(json!({"tests": 2, "passed": 1, "failed": 1}), two())), "old writers leave out zeros");
    assert!(itself(&json!({"results": {"tool": {"name": "t"}, "tests": two()}})), "no summary");
    assert!(itself(&json!({"reportFormat": "CTRF", "results": {"tool": {"name": "t"}, "summary": sums(2, 1, 1)}})));
    let odd = report(sums(3, 1, 0), vec![test("a", "passed"), test("b", "other"), test("c", "PASSED")]);
    let found = outcome(&odd);
    assert!(
        found.contains(&("b".to_owned(), CheckStatus::Error)) && found.contains(&("c".to_owned(), CheckStatus::Error))
    );
    let mut flaky = report(sums(1, 1, 0), vec![test("a", "passed")]);
    flaky["results"]["tests"][0]["flaky"] = true.into();
    assert_eq!(outcome(&flaky), [("a".to_owned(), CheckStatus::Warn)]);
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    let text = r#"{"reportFormat": "CTRF", "results": {"tool": {"name": "t"}, "summary": {"tests": 1, "passed": 1},
        "tests": [{"name": "a", "status": "failed", "status": "passed"}]}}"#;
    let registry = from_memory(&[("r.json", text.as_bytes())]);
    assert!(registry.checks.iter().any(|c| c.status == CheckStatus::Error));
}

#[test]
fn a_report_that_breaks_off_has_an_error() {
    let whole = bytes("ctrf/pytest.json");
    for cut in (40..whole.len() - 3).step_by(61) {
        let registry = from_memory(&[("r.json", &whole[..cut])]);
        let error = registry.checks.iter().any(|c| c.status == CheckStatus::Error);
        assert!(error && !registry.problems.is_empty(), "cut at {cut}");
    }
}

#[test]
fn many_tests_keep_the_worst() {
    let tests: Vec<Value> = (0..20_000)
        .map(|i| json!({"name": format!("n{i}"), "status": if i == 19_999 { "failed" } else { "passed" }}))
        .collect();
    let value = json!({"results": {"tool": {"name": "t"}, "summary": {"tests": 20_000, "passed": 19_999, "failed": 1}, "tests": tests}});
    let found = outcome(&value);
    assert!(found.len() <= 5_000);
    assert!(found.contains(&("n19999".to_owned(), CheckStatus::Fail)));
    assert!(found.contains(&("further checks".to_owned(), CheckStatus::Pass)));
}
