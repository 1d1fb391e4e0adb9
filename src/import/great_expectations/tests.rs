//! Results that contradict themselves, are damaged or speak of nothing.

use super::*;
use crate::model::Check;
use crate::source::FileData;

fn read(text: &str) -> Option<Document> {
    let data = FileData::from_bytes("in/result.json", text.as_bytes());
    let content = Content::new(&data);
    GreatExpectations.sniff(&content).then(|| GreatExpectations.read(&content))
}

fn rows(document: &Document) -> Vec<(&str, CheckStatus)> {
    document.checks.iter().map(|c: &Check| (c.name.as_str(), c.status)).collect()
}

fn entry(rest: &str) -> String {
    format!("{{\"expectation_config\":{{\"type\":\"expect_x\",\"kwargs\":{{\"column\":\"a\"}}}},{rest}}}")
}

fn result(entries: &[String], success: &str, statistics: &str) -> String {
    format!("{{\"success\":{success},\"results\":[{}],\"statistics\":{{{statistics}}}}}", entries.join(","))
}

#[test]
fn only_a_clear_success_passes() {
    let counts = "\"evaluated_expectations\":1";
    for outcome in [
        "\"success\":null",
        "\"success\":\"true\"",
        "\"success\":1",
        "\"result\":{}",
        "\"success\":true,\"exception_info\":{\"raised_exception\":true}",
        "\"success\":true,\"exception_info\":{\"raised_exception\":\"yes\"}",
        "\"success\":true,\"exception_info\":{\"metric\":{\"raised_exception\":true,\"exception_message\":\"no\"}}",
    ] {
        let document = read(&result(&[entry(outcome)], "true", counts)).unwrap();
        assert_eq!(rows(&document), [("expect_x(a)", CheckStatus::Error)], "{outcome}");
    }
    let document = read(&result(&[entry("\"success\":true")], "true", counts)).unwrap();
    assert_eq!(rows(&document), [("expect_x(a)", CheckStatus::Pass)]);
    let untyped = "{\"success\":true,\"expectation_config\":{\"kwargs\":{}}}".to_owned();
    let document = read(&result(&[untyped], "true", counts)).unwrap();
    assert_eq!(document.checks[0].status, CheckStatus::Error);
    let text = result(&["7".to_owned()], "true", counts);
    assert_eq!(read(&text).unwrap().checks[0].status, CheckStatus::Error);
}

#[test]
fn summaries_that_hide_failures_are_an_error() {
    let pass = || entry("\"success\":true");
    let fail = || entry("\"success\":false");
    let errors = |text: &str| {
        let document = read(text).unwrap();
        document.checks.iter().filter(|c| c.name == "the validation itself" && c.status == CheckStatus::Error).count()
    };
    let counts = |all: u8, bad: u8| format!("\"evaluated_expectations\":{all},\"unsuccessful_expectations\":{bad}");
    assert_eq!(errors(&result(&[pass()], "true", &counts(1, 0))), 0);
    assert_eq!(errors(&result(&[pass()], "false", &counts(2, 1))), 1);
    assert_eq!(errors(&result(&[pass()], "true", &counts(3, 0))), 1, "others were cut");
    assert_eq!(errors(&result(&[fail()], "false", &counts(9, 1))), 0, "failures alone were asked for");
    assert_eq!(errors(&result(&[pass()], "false", &counts(1, 0))), 1);
    assert_eq!(errors(&result(&[pass()], "null", &counts(1, 0))), 1);
    assert_eq!(errors("{\"statistics\":{\"evaluated_expectations\":2},\"results\":[]}"), 1);
    let nested = |success: &str| {
        let inner = result(&[pass()], "true", "");
        format!("{{\"success\":{success},\"run_results\":{{\"a/b~c\":{{\"validation_result\":{inner}}}}}}}")
    };
    assert_eq!((errors(&nested("true")), errors(&nested("false"))), (0, 1));
}

#[test]
fn severity_and_repeated_names() {
    let entry = |severity: &str, low: u8| {
        format!(
            "{{\"success\":false,\"expectation_config\":{{\"type\":\"expect_x\",\"severity\":\"{severity}\",\
             \"kwargs\":{{\"column\":\"a\",\"min_value\":{low},\"batch_id\":\"b-7\"}}}},\"result\":{{\"observed_value\":NaN}}}}"
        )
    };
    let document =
        read(&result(&[entry("warning", 1), entry("critical", 2), entry("info", 3), entry("odd", 4)], "false", ""))
            .unwrap();
    let names: Vec<&str> = document.checks.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["expect_x(a)", "expect_x(a) #2", "expect_x(a) #3", "expect_x(a) #4"]);
    let statuses: Vec<CheckStatus> = document.checks.iter().map(|c| c.status).collect();
    assert_eq!(statuses, [CheckStatus::Warn, CheckStatus::Fail, CheckStatus::Warn, CheckStatus::Fail]);
    assert_eq!(document.checks[0].message, "observed NaN; expected min_value 1");
    assert_eq!(document.checks[0].suite, "great_expectations: result");
}

#[test]
fn other_files_are_left_alone() {
    for other in [
        "{}",
        "[]",
        "{\"results\":[]}",
        "{\"results\":[{\"success\":true}],\"success\":true}",
        "{\"expectations\":[\"a\"]}",
        "{\"run_results\":{\"a\":{\"status\":\"ok\"}}}",
        "{\"success\":true,\"statistics\":{\"tests\":3}}",
        "{\"type\":\"expect_x\"}",
    ] {
        assert_eq!(read(other), None, "{other}");
    }
    let suite = read("{\"expectations\":[{\"type\":\"expect_x\",\"kwargs\":{}}],\"name\":\"s\"}").unwrap();
    assert_eq!((suite.checks.len(), suite.problems.len()), (0, 1));
}
