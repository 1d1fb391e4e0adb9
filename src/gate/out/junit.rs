//! The verdict as JUnit XML that GitLab, Jenkins and GitHub actions read alike.
//!
//! In: a verdict. Out: one suite with one test case per record and a first one that is always
//! there: Jenkins drops suites without cases. Names are unique, because GitLab keeps the first of
//! two equal ones. It is a display only: neither tool turns a red case into a red job by itself.

use std::collections::BTreeSet;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Context, Writer};
use crate::diag::visible;
use crate::gate::verdict::{RuleRecord, RuleSeverity, Status, Verdict};

/// The format `junit`.
#[derive(Clone, Copy, Debug)]
pub struct Junit;

impl Writer for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Vec<u8> {
        let prefix = format!("presscheck.{}", clean(&verdict.stage, 80));
        let mut suite = TestSuite::new(prefix.as_str());
        // Some readers take a zone for an error, and Jenkins reads a time without one as UTC.
        let time = verdict.evaluated_at.to_string();
        let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default().to_owned();
        suite.extra.insert("timestamp".into(), time.into());
        suite.extra.insert("time".into(), "0".into());
        for (name, value) in [
            ("verdict", verdict.verdict.as_str().to_owned()),
            ("exit_code", verdict.exit_code.to_string()),
            ("subject", verdict.subject.name.clone()),
            ("subject.sha256", verdict.subject.digest.hex()),
            ("policy", verdict.policy.name.clone()),
            ("policy.sha256", verdict.policy.digest.hex()),
        ] {
            suite.add_property(Property::new(name, clean(&value, 400)));
        }
        suite.add_test_case(meta(verdict, &prefix));
        let mut names: BTreeSet<(String, String)> = BTreeSet::new();
        for record in &verdict.rules {
            let class = format!("{prefix}.{}", record.check.as_str());
            let base = match record.target.as_str() {
                "" => format!("{} [overall]", clean(&record.id, 200)),
                _ => clean(&record.name(), 400),
            };
            let mut name = base.clone();
            let mut n = 1;
            while !names.insert((class.clone(), name.clone())) {
                n += 1;
                name = format!("{base} ({n})");
            }
            suite.add_test_case(case(record, name, &class));
        }
        let mut report = Report::new("presscheck");
        report.add_test_suite(suite);
        match report.to_string() {
            Ok(text) => text.into_bytes(),
            // Only writing to memory can fail, and it does not; an empty file is no green report.
            Err(_) => Vec::new(),
        }
    }
}

/// The case that is always there; it fails when the verdict is an error without records.
fn meta(verdict: &Verdict, prefix: &str) -> TestCase {
    let sentence = clean(&verdict.sentence, 4_000);
    let records_block = verdict.rules.iter().any(RuleRecord::blocks);
    let status = if verdict.verdict.promotes() || records_block {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(sentence.as_str()).set_type(verdict.verdict.as_str()).set_description(sentence.as_str());
        status
    };
    let mut case = TestCase::new("rules evaluated", status);
    case.set_classname(format!("{prefix}.meta"));
    case.extra.insert("time".into(), "0".into());
    case.set_system_out(sentence);
    case
}

fn case(record: &RuleRecord, name: String, class: &str) -> TestCase {
    let message = clean(&record.message, 4_000);
    let non_success = |kind: NonSuccessKind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message.as_str()).set_type(clean(&record.reason, 80)).set_description(message.as_str());
        status
    };
    let status = match (record.status, record.severity) {
        (Status::Fail, RuleSeverity::Block) => non_success(NonSuccessKind::Failure),
        (Status::Invalid | Status::Inconclusive, RuleSeverity::Block) => non_success(NonSuccessKind::Error),
        (Status::Waived | Status::Skipped, _) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message.as_str());
            status
        }
        // What does not block must not turn a build red; its text says what it is.
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case.extra.insert("time".into(), "0".into());
    case.extra.insert("file".into(), clean(&record.span.file, 400).into());
    case.extra.insert("line".into(), record.span.line.to_string().into());
    let word = if record.warns() { "warning" } else { record.status.as_str() };
    case.set_system_out(format!("{word}: {message}"));
    case
}

/// Text that any XML 1.0 reader takes: control characters shown, non-characters and what is not
/// allowed left out.
fn clean(text: &str, limit: usize) -> String {
    visible(text, limit)
        .chars()
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'))
        .collect()
}
