//! JUnit XML, as pytest, Maven Surefire, Jest, Vitest, gotestsum and nextest write it.
//!
//! In: a file whose root is `testsuites` or `testsuite`, whatever its name. Out: one [`Check`] per
//! test case. There is no schema that all writers share, so only what they agree on is read:
//! `failure`, `error` and `skipped` below a `testcase`, and the outcome that some also write as an
//! attribute. Counts of a suite are never trusted, but a suite that counts more failures than it
//! lists is a contradiction, and a contradiction or a broken file is an `error` check: no gate may
//! pass on what could not be read. Entities other than the predefined five are never expanded, and
//! a document type declaration is skipped.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, line_column, visible};
use crate::model::{Check, CheckStatus, Document, Pointer};

/// Elements that may lie within each other.
const DEPTH: usize = 64;
/// Length of a message, in characters.
const MESSAGE: usize = 500;
/// Text that is gathered for a message, in bytes, before it is trimmed.
const GATHERED: usize = 8 * 1024;

/// JUnit XML.
pub(crate) struct Junit;

impl DocumentImporter for Junit {
    fn kind(&self) -> &'static str {
        "junit"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let bytes = &content.file.bytes;
        let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if !start.starts_with(b"<") {
            return false;
        }
        // The bytes, not the text: a file in another encoding is still one that must be refused.
        let mut reader = Reader::from_reader(start);
        loop {
            match reader.read_event() {
                Ok(Event::Start(e) | Event::Empty(e)) => {
                    return matches!(e.local_name().as_ref(), b"testsuites" | b"testsuite");
                }
                Ok(Event::End(_) | Event::Eof) | Err(_) => return false,
                Ok(_) => {}
            }
        }
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let path = content.file.path.as_str();
        let mut out = Out { path, stem: content.stem(), document: Document::default() };
        match content.file.text() {
            Some(text) => {
                if let Err(broken) = parse(text, &mut out) {
                    let (line, column) = line_column(text, broken.offset);
                    out.document.problems.push(
                        Diagnostic::new(Code::XmlSyntax, format!("not well-formed JUnit XML: {}", broken.cause))
                            .severity(crate::diag::Severity::Error)
                            .at(path)
                            .at_line(line, column)
                            .help("was the file written completely? the tests before this place are kept"),
                    );
                    out.broken("the file", &format!("the file breaks off or is damaged: {}", broken.cause), line);
                }
            }
            None => {
                out.document.problems.push(
                    Diagnostic::new(Code::TextEncoding, "the file is not UTF-8").at(path).help("write it as UTF-8"),
                );
                out.broken("the file", "the file is not UTF-8 and was not read", 1);
            }
        }
        out.document
    }
}

/// Where and why a file cannot be read further.
struct Broken {
    offset: usize,
    cause: String,
}

/// What is gathered.
struct Out<'a> {
    path: &'a str,
    stem: &'a str,
    document: Document,
}

impl Out<'_> {
    fn check(&mut self, suite: &str, name: String, status: CheckStatus, message: String, line: u32) {
        let index = self.document.checks.len();
        self.document.checks.push(Check {
            id: format!("{}#tests/{index}", self.path),
            run: None,
            suite: if suite.is_empty() { self.stem.to_owned() } else { suite.to_owned() },
            name,
            status,
            message,
            source: Pointer::new(self.path, format!("line {line}")),
        });
    }

    /// A check for what could not be read.
    fn broken(&mut self, name: &str, message: &str, line: u32) {
        self.check("", name.to_owned(), CheckStatus::Error, trimmed(message), line);
    }
}

/// An element that is open.
enum Frame {
    Suite {
        name: String,
        /// `failures` and `errors` as the suite counts them.
        claimed: u64,
        /// Failures and errors found before it was opened.
        before: u64,
        line: u32,
    },
    Case(Case),
    /// `failure`, `error` or `skipped`; it belongs to the nearest case or suite.
    Outcome(Outcome),
    Other,
}

/// A test case that is open.
struct Case {
    name: String,
    status: CheckStatus,
    message: String,
    line: u32,
}

/// An outcome that is open.
struct Outcome {
    status: CheckStatus,
    message: String,
    text: String,
    line: u32,
}

/// Attributes that are read, by the order of [`NAMES`].
const NAMES: [&str; 9] = ["name", "classname", "message", "type", "status", "result", "tests", "failures", "errors"];

/// The attributes of an element that matter here; the first of two equal ones.
struct Attributes([Option<String>; NAMES.len()]);

impl Attributes {
    fn read(element: &BytesStart<'_>) -> Result<Self, String> {
        let mut out = [const { None }; NAMES.len()];
        // Without the check for duplicates, which takes quadratic time in their number.
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let Some(slot) = NAMES.iter().position(|n| n.as_bytes() == attribute.key.as_ref()) else { continue };
            if out[slot].is_none() {
                let raw = String::from_utf8_lossy(&attribute.value);
                out[slot] = Some(unescape(&raw).map_or_else(|_| raw.to_string(), |text| text.into_owned()));
            }
        }
        Ok(Self(out))
    }

    fn get(&self, name: &str) -> &str {
        NAMES.iter().position(|n| *n == name).and_then(|i| self.0[i].as_deref()).unwrap_or_default()
    }

    fn count(&self, name: &str) -> u64 {
        self.get(name).trim().parse().unwrap_or_default()
    }
}

fn parse(text: &str, out: &mut Out<'_>) -> Result<(), Broken> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, offset: 0, line: 1 };
    let mut stack: Vec<Frame> = Vec::new();
    // Elements named failure or error so far, and whether the root was closed.
    let mut bad = 0;
    let mut ended = false;
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let fault = |cause: &str| Broken { offset, cause: cause.to_owned() };
        let event = reader.read_event().map_err(|e| Broken {
            offset: usize::try_from(reader.error_position()).unwrap_or(usize::MAX),
            cause: visible(&e.to_string(), 200),
        })?;
        match event {
            Event::Start(element) | Event::Empty(element) if ended => {
                let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                return Err(fault(&format!("<{}> stands after the end of the root element", visible(&name, 60))));
            }
            Event::Start(element) => {
                if stack.len() >= DEPTH {
                    return Err(fault(&format!("elements nest deeper than {DEPTH}")));
                }
                let frame = open(&element, lines.at(offset), bad, &stack).map_err(|e| fault(&e))?;
                bad += is_bad(&frame);
                stack.push(frame);
            }
            Event::Empty(element) => {
                let frame = open(&element, lines.at(offset), bad, &stack).map_err(|e| fault(&e))?;
                bad += is_bad(&frame);
                close(frame, bad, &mut stack, out);
                ended = stack.is_empty();
            }
            Event::End(_) => {
                // quick-xml has compared the names.
                let Some(frame) = stack.pop() else { return Err(fault("an end tag without a start tag")) };
                close(frame, bad, &mut stack, out);
                ended = stack.is_empty();
            }
            Event::Text(t) => match t.decode() {
                Ok(t) => gather(&mut stack, &t).map_err(fault)?,
                Err(e) => return Err(fault(&e.to_string())),
            },
            Event::CData(t) => match t.decode() {
                Ok(t) => gather(&mut stack, &t).map_err(fault)?,
                Err(e) => return Err(fault(&e.to_string())),
            },
            Event::GeneralRef(entity) => {
                let raw = format!("&{};", String::from_utf8_lossy(entity.as_ref()));
                let text = unescape(&raw).map_or_else(|_| raw.clone(), |t| t.into_owned());
                gather(&mut stack, &text).map_err(fault)?;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof if ended => return Ok(()),
            Event::Eof => {
                // The case that was being written is reported with what is known of it.
                while let Some(frame) = stack.pop() {
                    if let Frame::Case(case) = frame {
                        let message = "the file breaks off within this test".to_owned();
                        out.check(suite(&stack), case.name, CheckStatus::Error, message, case.line);
                    }
                }
                return Err(fault("the file ends before the root element does"));
            }
        }
    }
}

fn open(element: &BytesStart<'_>, line: u32, bad: u64, stack: &[Frame]) -> Result<Frame, String> {
    let name = element.local_name();
    let name = name.as_ref();
    let in_case = stack.iter().any(|f| matches!(f, Frame::Case(_)));
    Ok(match name {
        b"testsuites" | b"testsuite" if !in_case => {
            let attributes = Attributes::read(element)?;
            Frame::Suite {
                // The root's name is the tool's; a suite's own comes first.
                name: attributes.get("name").to_owned(),
                claimed: attributes.count("failures").saturating_add(attributes.count("errors")),
                before: bad,
                line,
            }
        }
        b"testcase" if !in_case => {
            let attributes = Attributes::read(element)?;
            let (status, message) = said(&attributes);
            let name = match (attributes.get("classname"), attributes.get("name")) {
                ("", name) => name.to_owned(),
                (class, "") => class.to_owned(),
                (class, name) => format!("{class}.{name}"),
            };
            Frame::Case(Case { name, status, message, line })
        }
        b"failure" | b"error" | b"skipped" => {
            let attributes = Attributes::read(element)?;
            let status = match name {
                b"failure" => CheckStatus::Fail,
                b"error" => CheckStatus::Error,
                _ => CheckStatus::Skipped,
            };
            let message = match attributes.get("message").trim() {
                "" => String::new(),
                text => trimmed(text),
            };
            Frame::Outcome(Outcome { status, message, text: String::new(), line })
        }
        _ => Frame::Other,
    })
}

/// The outcome that a case has as an attribute (googletest, jest-junit, ctest).
fn said(attributes: &Attributes) -> (CheckStatus, String) {
    let of = |key: &str| match attributes.get(key).to_ascii_lowercase().as_str() {
        "failed" | "failure" | "fail" => Some(CheckStatus::Fail),
        "error" | "errored" => Some(CheckStatus::Error),
        "skipped" | "disabled" | "notrun" | "suppressed" | "pending" => Some(CheckStatus::Skipped),
        _ => None,
    };
    match of("result").or_else(|| of("status")) {
        Some(status) => (status, format!("the test's status is {}", status.as_str())),
        None => (CheckStatus::Pass, String::new()),
    }
}

fn is_bad(frame: &Frame) -> u64 {
    u64::from(matches!(frame, Frame::Outcome(o) if o.status != CheckStatus::Skipped))
}

fn close(frame: Frame, bad: u64, stack: &mut [Frame], out: &mut Out<'_>) {
    match frame {
        Frame::Case(case) => out.check(suite(stack), case.name, case.status, case.message, case.line),
        Frame::Outcome(outcome) => {
            let message = if outcome.message.is_empty() { trimmed(&outcome.text) } else { outcome.message };
            let case = stack.iter_mut().rev().find_map(|f| if let Frame::Case(c) = f { Some(c) } else { None });
            match case {
                // The worst outcome of a case counts: error before failure before skipped.
                Some(case) => {
                    if rank(outcome.status) > rank(case.status) {
                        case.status = outcome.status;
                        case.message = message;
                    } else if outcome.status == case.status && !message.is_empty() {
                        case.message = message;
                    }
                }
                None => out.check(suite(stack), "the suite itself".to_owned(), outcome.status, message, outcome.line),
            }
        }
        Frame::Suite { name, claimed, before, line } => {
            let found = bad - before;
            if claimed > found {
                let text = format!("the suite counts {claimed} failures and errors but lists {found}");
                out.document.problems.push(
                    Diagnostic::new(Code::XmlSyntax, text.clone())
                        .at(out.path)
                        .at_line(line, 1)
                        .help("the tests count; was the file cut or edited after the run?"),
                );
                let name = if name.is_empty() { suite(stack).to_owned() } else { name };
                out.check(&name, "the suite itself".to_owned(), CheckStatus::Error, text, line);
            }
        }
        Frame::Other => {}
    }
}

fn rank(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Pass => 0,
        CheckStatus::Warn => 1,
        CheckStatus::Skipped => 2,
        CheckStatus::Fail => 3,
        CheckStatus::Error => 4,
    }
}

/// The name of the innermost suite that has one.
fn suite(stack: &[Frame]) -> &str {
    let named = |f: &'_ Frame| matches!(f, Frame::Suite { name, .. } if !name.is_empty());
    match stack.iter().rev().find(|f| named(f)) {
        Some(Frame::Suite { name, .. }) => name,
        _ => "",
    }
}

/// Adds text to the innermost outcome; text beside the root is an error.
fn gather(stack: &mut [Frame], text: &str) -> Result<(), &'static str> {
    match stack.last_mut() {
        Some(Frame::Outcome(outcome)) if outcome.text.len() < GATHERED => {
            let mut end = text.len().min(GATHERED);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            outcome.text.push_str(&text[..end]);
            Ok(())
        }
        None if !text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']).is_empty() => {
            Err("text stands outside the root element")
        }
        _ => Ok(()),
    }
}

/// A message without white space around it, cut to its length.
fn trimmed(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MESSAGE) {
        Some(_) => {
            let mut out: String = text.chars().take(MESSAGE - 1).collect();
            out.push('…');
            out
        }
        None => text.to_owned(),
    }
}

/// Line numbers of ascending offsets.
struct Lines<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the element that starts at or after an offset.
    fn at(&mut self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len());
        if let Some(passed) = self.text.as_bytes().get(self.offset..offset) {
            let breaks = passed.iter().filter(|b| **b == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            self.offset = offset;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileData;

    fn read(bytes: impl Into<Vec<u8>>) -> Option<Document> {
        let data = FileData::from_bytes("in/tests.xml", bytes);
        let content = Content::new(&data);
        Junit.sniff(&content).then(|| Junit.read(&content))
    }

    fn rows(document: &Document) -> Vec<(&str, &str, CheckStatus, &str)> {
        let row = |c: &'_ Check| c.status;
        document.checks.iter().map(|c| (c.suite.as_str(), c.name.as_str(), row(c), c.message.as_str())).collect()
    }

    fn has_error(document: &Document) -> bool {
        document.checks.iter().any(|c| c.status == CheckStatus::Error) && !document.problems.is_empty()
    }

    const PYTEST: &str = include_str!("../../tests/fixtures/import/junit/pytest.xml");

    #[test]
    fn only_test_suites_are_recognised() {
        for other in ["", "{}", "<html/>", "<project><testsuite/></project>", "plain", "<!-- <testsuite/> -->", "<"] {
            assert_eq!(read(other), None, "{other}");
        }
        for ours in ["<testsuites/>", "\u{feff}<?xml version='1.0'?>\n<!-- x --><testsuite name='a'></testsuite>\n"] {
            assert_eq!(read(ours), Some(Document::default()), "{ours}");
        }
    }

    #[test]
    fn a_file_that_breaks_off_anywhere_has_an_error() {
        let root = PYTEST.find("<testsuites name=\"pytest tests\">").unwrap() + 33;
        let end = PYTEST.trim_end().len();
        for length in root..end {
            let Some(document) = PYTEST.get(..length).and_then(read) else { continue };
            assert!(has_error(&document), "cut at {length}");
        }
        let whole = read(PYTEST).unwrap();
        assert!(whole.problems.is_empty());
        let cut = read(&PYTEST[..PYTEST.find("AssertionError").unwrap()]).unwrap();
        assert_eq!(cut.checks[0], whole.checks[0], "what came before is kept");
    }

    #[test]
    fn a_broken_file_says_where() {
        let document = read("<testsuite name='s'>\n<testcase name='a'/>\n<testcase name='b'></testsuite>").unwrap();
        assert_eq!(document.checks[0].name, "a");
        assert_eq!(document.checks[0].source.pointer, "line 2");
        assert_eq!(document.problems[0].line, Some(3));
        assert!(has_error(&document));
        for bad in [
            "<testsuite/><testsuite/>",
            "<testsuite/>text",
            "<testsuite><testcase name='a'><failure>a & b</failure></testcase></testsuite>",
        ] {
            assert!(has_error(&read(bad).unwrap()), "{bad}");
        }
    }

    #[test]
    fn entities_are_never_expanded() {
        let text = "<!DOCTYPE testsuite [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>\
            <testsuite name='s'><testcase name='&b;'><failure>&f; &lt;&#65;&amp;</failure></testcase></testsuite>";
        assert_eq!(rows(&read(text).unwrap()), [("s", "&b;", CheckStatus::Fail, "&f; <A&")]);
    }

    #[test]
    fn counts_that_hide_failures_are_an_error() {
        let document = read("<testsuite name='s' tests='3' failures='2'><testcase name='a'/></testsuite>").unwrap();
        let text = "the suite counts 2 failures and errors but lists 0";
        assert_eq!(
            rows(&document),
            [("s", "a", CheckStatus::Pass, ""), ("s", "the suite itself", CheckStatus::Error, text)]
        );
        // A suite that could not run at all (Jest), and an error beside the tests.
        assert!(has_error(&read("<testsuites><testsuite name='s' errors='1'/></testsuites>").unwrap()));
        let beside = read("<testsuite name='s' errors='1'><error message='no module'/></testsuite>").unwrap();
        assert_eq!(rows(&beside), [("s", "the suite itself", CheckStatus::Error, "no module")]);
        // Sums of the root cover its suites.
        let sums = "<testsuites failures='1'><testsuite failures='1'><testcase name='a'><failure/></testcase></testsuite></testsuites>";
        assert_eq!(rows(&read(sums).unwrap()), [("tests", "a", CheckStatus::Fail, "")]);
    }

    #[test]
    fn the_worst_outcome_counts() {
        let text = "<testsuite name='s'>\
            <testcase name='a'><failure message='f'/><error message='e'/></testcase>\
            <testcase name='b' status='notrun'/><testcase name='c' result='failed'/>\
            <testcase name='d' classname='m'><skipped/><failure>late</failure></testcase>\
            <testcase classname='m'/></testsuite>";
        assert_eq!(
            rows(&read(text).unwrap()),
            [
                ("s", "a", CheckStatus::Error, "e"),
                ("s", "b", CheckStatus::Skipped, "the test's status is skipped"),
                ("s", "c", CheckStatus::Fail, "the test's status is fail"),
                ("s", "m.d", CheckStatus::Fail, "late"),
                ("s", "m", CheckStatus::Pass, ""),
            ]
        );
    }

    #[test]
    fn sizes_are_bounded() {
        let deep = format!("<testsuite>{}", "<a>".repeat(100_000));
        assert!(has_error(&read(deep).unwrap()));
        let long = format!(
            "<testsuite><testcase name='a'><failure>\n {} </failure></testcase></testsuite>",
            "é".repeat(9_000)
        );
        let document = read(long).unwrap();
        assert_eq!(document.checks[0].message.chars().count(), MESSAGE);
        let many = format!("<testsuite>{}</testsuite>", "<testcase name='a' classname='b'/>\n".repeat(20_000));
        let before = std::time::Instant::now();
        let document = read(many).unwrap();
        assert_eq!((document.checks.len(), before.elapsed().as_secs() < 5), (20_000, true));
        assert_eq!(document.checks[19_999].source.pointer, "line 20000");
        let attributes: String = (0..50_000).map(|i| format!(" a{i}='x'")).collect();
        assert_eq!(read(format!("<testsuite{attributes}/>")), Some(Document::default()));
    }

    #[test]
    fn other_encodings_are_refused_not_passed() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='\xe9'/></testsuite>";
        let document = read(latin.as_slice()).unwrap();
        assert_eq!(document.problems[0].code, Code::TextEncoding);
        assert!(has_error(&document));
    }
}
