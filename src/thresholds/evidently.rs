//! Evidently: what a test suite or a report with tests demanded.
//!
//! In: the JSON of a suite (`TestSuite`, to 0.6) or of a report with tests (0.7). Out: a rule that every test of such
//! a file must pass, by its own status, and one on the share of drifting columns where a test is about that. The
//! conditions stay where they are, in Evidently: what they compare with is computed there.

use super::draft::{Draft, Rule};
use super::{Format, number};
use crate::diag::{count, visible};
use crate::model::Datum;
use toml::Value;

pub(super) struct Evidently;

impl Format for Evidently {
    fn kind(&self) -> &'static str {
        "evidently"
    }

    fn about(&self) -> &'static str {
        "a test suite, or a report with tests, as JSON"
    }

    fn sniff(&self, document: &Datum) -> bool {
        let is_test =
            |t: &Datum| t.get("status").is_some() && (t.get("parameters").is_some() || t.get("test_config").is_some());
        document.get("tests").and_then(Datum::items).is_some_and(|tests| tests.iter().any(is_test))
    }

    fn read(&self, document: &Datum, draft: &mut Draft) {
        let tests = document.get("tests").and_then(Datum::items).unwrap_or_default();
        let critical =
            |t: &&Datum| !matches!(t.get("test_config").and_then(|c| c.get("is_critical")), Some(Datum::Bool(false)));
        let lenient = tests.len() - tests.iter().filter(critical).count();
        let report = "drift/*.json";
        let mut rule = Rule::new("tests", "evidently", "tests").comment(format!(
            "{} in the file that this was made of; put the JSON of every run into its folder",
            count(tests.len(), "test")
        ));
        for test in tests.iter().take(LISTED) {
            rule = rule.comment(format!("  {}", words(test)));
        }
        if tests.len() > LISTED {
            rule = rule.comment(format!("  and {} more", tests.len() - LISTED));
        }
        rule = rule.key("report", report).key("min_reports", 1);
        rule = rule.key("min_tests", i64::try_from(tests.len()).unwrap_or(i64::MAX));
        if lenient > 0 {
            let table: toml::Table = [("warning".to_owned(), Value::from("warn"))].into_iter().collect();
            rule = rule
                .comment(format!("{} not critical: a failure of them is a warning", count(lenient, "test")))
                .key("treat", table);
        }
        draft.push(rule);
        for (i, test) in tests.iter().enumerate() {
            if let Some(share) = drift_share(test) {
                draft.push(
                    Rule::new("drift", "evidently", "drift")
                        .comment("the share is computed from the columns' own flags")
                        .key("report", report)
                        .key("min_reports", 1)
                        .key("max_drifted_share", share),
                );
                break;
            } else if is_drift_share(test) {
                draft.leave(
                    &format!("/tests/{i}"),
                    "the share of drifting columns has no upper bound below 1; the test's own status is judged",
                );
            }
        }
    }
}

/// Tests that are listed for people.
const LISTED: usize = 40;

/// What a test is about and what it demands.
fn words(test: &Datum) -> String {
    let name = test.get("name").map(Datum::display).unwrap_or_default();
    let parameters = test.get("parameters");
    let column =
        parameters.and_then(|p| p.get("column_name")).map(|c| format!(" ({})", c.display())).unwrap_or_default();
    let condition = parameters.and_then(|p| p.get("condition")).and_then(Datum::entries).unwrap_or_default();
    let demands: Vec<String> = condition
        .iter()
        .filter(|(_, v)| *v != Datum::Null)
        .map(|(key, value)| {
            let bound = value.get("value").unwrap_or(value);
            format!(" {key} {}", visible(&bound.display(), 40))
        })
        .collect();
    format!("{name}{column}{}", demands.join(","))
}

fn is_drift_share(test: &Datum) -> bool {
    let name = test.get("name").and_then(Datum::as_str).unwrap_or_default();
    name.starts_with("Share of Drifted Columns")
}

/// The largest share of drifting columns that a test lets pass.
fn drift_share(test: &Datum) -> Option<f64> {
    if !is_drift_share(test) {
        return None;
    }
    let condition = test.get("parameters").and_then(|p| p.get("condition"));
    let config = test.get("test_config");
    let of = |name: &str| condition.and_then(|c| c.get(name)).and_then(number);
    let less = config.filter(|c| {
        let kind = c.get("type").and_then(Datum::as_str).unwrap_or_default();
        kind.contains("LessOrEqual") || kind.contains("LessThan")
    });
    // Where less is demanded the suite's own test, which is judged too, blocks at the bound itself.
    let share = of("lte").or_else(|| of("lt")).or_else(|| less.and_then(|c| c.get("threshold")).and_then(number))?;
    (0.0..1.0).contains(&share).then_some(share)
}
