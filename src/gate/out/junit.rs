//! The verdict as JUnit XML that GitLab, Jenkins and GitHub actions read alike.
//!
//! In: a verdict. Out: one suite with one test case per record and a first one that is always
//! there: Jenkins drops suites without cases. Names are unique, because GitLab keeps the first of
//! two equal ones. Attributes and elements are those of Jenkins' `junit-10.xsd`, which the xUnit
//! plugin enforces; it knows no line of a case, so the rule's place stands in the text. It is a
//! display only: no tool turns a red case into a red job by itself.

use std::io;

use quick_xml::Writer as Xml;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::shared::{self, META, Standing, Whole, message, names, plain, short};
use super::{Context, Refused, Writer};
use crate::gate::verdict::{RuleRecord, Status, Verdict};

/// The format `junit`.
#[derive(Clone, Copy, Debug)]
pub struct Junit;

impl Writer for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "JUnit XML: GitLab, Jenkins, test viewers"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let cases = cases(verdict);
        let mut out = Xml::new_with_indent(Vec::new(), b' ', 2);
        render(&mut out, verdict, &cases)
            .map_err(|error| Refused(format!("the verdict cannot be written as XML: {error}")))?;
        let mut out = out.into_inner();
        out.push(b'\n');
        Ok(out)
    }
}

/// A test case.
struct Case {
    class: String,
    name: String,
    /// The element that says why it did not pass: its name, its type and its text.
    outcome: Option<(&'static str, String, String)>,
    text: String,
}

fn cases(verdict: &Verdict) -> Vec<Case> {
    let prefix = format!("presscheck.{}", short(&verdict.stage, 80));
    let sentence = plain(&verdict.sentence, shared::MESSAGE);
    let mut out = vec![Case {
        class: format!("{prefix}.meta"),
        name: META.to_owned(),
        outcome: (Whole::of(verdict) != Whole::Said)
            .then(|| ("error", verdict.verdict.as_str().to_owned(), sentence.clone())),
        text: sentence,
    }];
    for (record, name) in verdict.rules.iter().zip(names(verdict)) {
        let name = if record.target.is_empty() { format!("{name} [overall]") } else { name };
        out.push(Case {
            class: format!("{prefix}.{}", record.check.as_str()),
            name,
            outcome: outcome(record),
            text: text(record),
        });
    }
    // A target may be called `overall`.
    let mut apart = shared::Apart::default();
    for case in &mut out {
        case.name = apart.name(std::mem::take(&mut case.name));
    }
    out
}

/// What does not block must not turn a build red; its text says what it is.
fn outcome(record: &RuleRecord) -> Option<(&'static str, String, String)> {
    let element = match (Standing::of(record), record.status) {
        (Standing::Blocks, Status::Fail) => "failure",
        (Standing::Blocks, _) => "error",
        (Standing::Waived | Standing::Skipped, _) => "skipped",
        (Standing::Holds | Standing::Warns | Standing::Informs, _) => return None,
    };
    Some((element, plain(&record.reason, 80), message(record, shared::MESSAGE)))
}

fn text(record: &RuleRecord) -> String {
    let word = match Standing::of(record) {
        Standing::Warns => "warning",
        _ => record.status.as_str(),
    };
    let file = plain(&record.span.file, 1_000);
    format!("{word}: {} (rule at {file}:{})", message(record, shared::MESSAGE), record.span.line)
}

fn render(out: &mut Xml<Vec<u8>>, verdict: &Verdict, cases: &[Case]) -> io::Result<()> {
    let count = |element: &str| {
        cases.iter().filter(|c| c.outcome.as_ref().is_some_and(|(e, ..)| *e == element)).count().to_string()
    };
    let (tests, failures, errors, skipped) =
        (cases.len().to_string(), count("failure"), count("error"), count("skipped"));
    // Some readers take a zone for an error, and Jenkins reads a time without one as UTC.
    let time = verdict.evaluated_at.to_string();
    let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default();
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let totals = [("tests", tests.as_str()), ("failures", &failures), ("errors", &errors)];
    out.create_element("testsuites")
        .with_attribute(("name", "presscheck"))
        .with_attributes(totals)
        .with_attribute(("time", "0"))
        .write_inner_content(|out| {
            out.create_element("testsuite")
                .with_attribute(("name", format!("presscheck.{}", short(&verdict.stage, 80)).as_str()))
                .with_attributes(totals)
                .with_attributes([("skipped", skipped.as_str()), ("time", "0"), ("timestamp", time)])
                .write_inner_content(|out| {
                    properties(out, verdict)?;
                    cases.iter().try_for_each(|case| render_case(out, case))
                })?;
            Ok(())
        })?;
    Ok(())
}

fn properties(out: &mut Xml<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    let values = [
        ("verdict", verdict.verdict.as_str().to_owned()),
        ("exit_code", verdict.exit_code.to_string()),
        ("subject", short(&verdict.subject.name, shared::NAME)),
        ("subject.sha256", verdict.subject.digest.hex()),
        ("policy", short(&verdict.policy.name, shared::NAME)),
        ("policy.sha256", verdict.policy.digest.hex()),
    ];
    out.create_element("properties").write_inner_content(|out| {
        for (name, value) in &values {
            out.create_element("property")
                .with_attributes([("name", *name), ("value", value.as_str())])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn render_case(out: &mut Xml<Vec<u8>>, case: &Case) -> io::Result<()> {
    let attributes = [("name", case.name.as_str()), ("classname", case.class.as_str()), ("time", "0")];
    out.create_element("testcase").with_attributes(attributes).write_inner_content(|out| {
        if let Some((element, kind, text)) = &case.outcome {
            out.create_element(*element)
                .with_attributes([("message", text.as_str()), ("type", kind.as_str())])
                .write_text_content(BytesText::new(&case.text))?;
        } else {
            out.create_element("system-out").write_text_content(BytesText::new(&case.text))?;
        }
        Ok(())
    })?;
    Ok(())
}
