//! Grammar of both text formats, answers of every kind, and damaged input.

use super::token::{Line, sample};
use super::*;
use crate::diag::Code;
use crate::model::{CheckStatus, Measured, Slice};
use crate::source::FileData;

fn read(path: &str, bytes: impl Into<Vec<u8>>) -> Option<Document> {
    let data = FileData::from_bytes(path, bytes);
    let content = Content::new(&data);
    Prometheus.sniff(&content).then(|| Prometheus.read(&content))
}

fn rows(document: &Document) -> Vec<(String, Measured)> {
    document.run.results.iter().map(|r| (samples::selector(&r.metric, &r.slice), r.value)).collect()
}

fn row(name: &str, value: f64) -> (String, Measured) {
    (name.to_owned(), Measured::new(value))
}

#[test]
fn lines_of_both_formats() {
    let name = |line: &str| sample(line).map(|l| samples::selector(&l.name, &l.labels));
    assert_eq!(name("a 1"), Ok("a".to_owned()));
    assert_eq!(name("a:b_1\t{ x = \"y\" , z=\"\", } 1e3 5"), Ok("a:b_1{x=\"y\",z=\"\"}".to_owned()));
    assert_eq!(name(r#"a{x="q\"\\\n\d}"} 1"#), Ok("a{x=\"q\\\"\\\\\\n\\\\d}\"}".to_owned()));
    assert_eq!(name(r#"{"a.b","c d"="e"} 1"#), Ok("a.b{c d=\"e\"}".to_owned()));
    let whole = sample("a_bucket{le=\"1\"} 3 12.5 # {trace=\"x\"} 0.5 12.4").unwrap();
    assert_eq!((whole.value, whole.time), (Measured::new(3.0), Some("12.5")));
    let untimed: Line<'_> = sample("a_total 3 # {} 0.5").unwrap();
    assert_eq!(untimed.time, None);
    for bad in [
        "",
        "a",
        "1a 1",
        "a{ 1",
        "a{x} 1",
        "a{x=y} 1",
        "a{x=\"y} 1",
        "a{x=\"1\",x=\"2\"} 1",
        "{x=\"y\"} 1",
        "a one",
        "a 1 2 3",
        "a{x=\"y\"z=\"w\"} 1",
        "a 1 # {x=\"y\"}",
        "a 1 # x",
        "a{x=\"\\",
        "-a 1",
        "ä 1",
    ] {
        assert!(sample(bad).is_err(), "{bad}");
    }
}

#[test]
fn times_have_the_unit_of_their_format() {
    let read_time = |path: &str, text: &str| {
        let document = read(path, text).unwrap();
        document.run.series.first().map(|s| (s.points[0].step, s.points[0].time.unwrap().millis()))
    };
    assert_eq!(read_time("a.prom", "a 1 1700000000123\n"), Some((1_700_000_000, 1_700_000_000_123)));
    assert_eq!(read_time("a.om", "a 1 1700000000.5\n# EOF\n"), Some((1_700_000_000, 1_700_000_000_500)));
    assert_eq!(
        read_time("metrics.txt", "# TYPE a gauge\na 1 1700000000\n# EOF\n"),
        Some((1_700_000_000, 1_700_000_000_000))
    );
    // Seconds without the end of OpenMetrics: the time is refused, not read as 1970.
    let cut = read("a.prom", "a 1 1700000000\nb 2\n").unwrap();
    assert_eq!((rows(&cut), cut.problems.len()), (vec![row("b", 2.0)], 1));
    let cut = read("a.om", "a 1 1700000000\n").unwrap();
    assert_eq!((cut.run.series.len(), cut.problems[0].code), (1, Code::CsvSyntax));
    let behind = read("a.om", "a 1\n# EOF\nb 2\n# EOF\n").unwrap();
    assert_eq!((rows(&behind).len(), behind.problems.len()), (1, 2));
}

#[test]
fn series_and_contradictions() {
    let text =
        "a{x=\"1\"} 1 1700000000000\na{x=\"1\"} NaN 1700000060000\na{x=\"1\"} +Inf 1700000120000\nb 1\nb 2\nc 3\nc 3\n";
    let document = read("a.prom", text).unwrap();
    assert_eq!(rows(&document), [row("a{x=\"1\"}", f64::INFINITY), row("c", 3.0)]);
    assert_eq!(document.run.series[0].points.len(), 3);
    assert_eq!(
        (document.run.rejected[0].metric.as_str(), document.run.rejected[0].source.pointer.as_str()),
        ("b", "line 4")
    );
    let bad = read("a.prom", "ok 1\nbroken{ 2\n\n# just a comment\nok2 2\n").unwrap();
    assert_eq!((rows(&bad).len(), bad.problems[0].line), (2, Some(2)));
    let latin = read("a.prom", b"ok 1\n\xe9 2\n".as_slice()).unwrap();
    assert_eq!((rows(&latin).len(), latin.problems[0].code), (0, Code::TextEncoding));
}

#[test]
fn other_text_is_left_alone() {
    for other in [
        "",
        "hello 1\n",
        "# A title\n\nsome text\n",
        "# TYPE\n",
        "# TYPE a gauge\nthis is prose\n",
        "numpy==1.2\n",
        "# HELP me\n",
        "a 1\n",
        "# TYPE a colour\na 1\n",
    ] {
        assert_eq!(read("metrics.txt", other), None, "{other}");
    }
    assert_eq!(read("a.prom", "just words without end\n"), None);
    assert!(read("metrics.txt", "# HELP a b\n# TYPE a gauge\na 1\n").is_some());
    for name in ["notes.txt", "a.csv", "requirements.txt", "prom.md"] {
        assert!(!Prometheus.wants(name), "{name}");
    }
}

#[test]
fn answers_of_every_kind() {
    let ok = |kind: &str, result: &str| {
        format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":{result}}}}}")
    };
    let read = |text: &str| super::tests::read("in/q.json", text).unwrap();
    let scalar = read(&ok("scalar", "[1700000000.25,\"42\"]"));
    assert_eq!(rows(&scalar), [row("q", 42.0)]);
    assert_eq!(scalar.run.series[0].points[0].time.unwrap().millis(), 1_700_000_000_250);
    assert_eq!(read(&ok("string", "[1,\"drift\"]")).run.rejected[0].found, "text \"drift\"");
    let vector = read(&ok("vector", "[{\"metric\":{\"__name__\":\"a\",\"b\":\"c\"},\"value\":[1,\"-Inf\"]}]"));
    assert_eq!(rows(&vector), [row("a{b=\"c\"}", f64::NEG_INFINITY)]);
    let histogram = "[{\"metric\":{\"__name__\":\"h\"},\"histograms\":[[1,{\"count\":\"3\",\"sum\":\"1.5\",\"buckets\":[[0,\"1\",\"2\",\"3\"]]}]]}]";
    assert_eq!(rows(&read(&ok("matrix", histogram))), [row("h.count", 3.0), row("h.sum", 1.5)]);
    let twice = read(&ok("matrix", "[{\"metric\":{},\"values\":[[1,\"1\"],[1,\"2\"]]}]"));
    assert_eq!((twice.run.results.len(), twice.run.rejected.len()), (0, 1));
    let mixed =
        read(&ok("matrix", "[{\"metric\":{},\"values\":[[1,\"x\"],[null,\"2\"],7,[3,\"\"],[4,\" 5\"],[5,\"6\"]]}]"));
    assert_eq!((rows(&mixed), mixed.problems.len()), (vec![row("q", 6.0)], 5));
    let error = read("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}");
    assert_eq!(error.problems[0].severity, crate::diag::Severity::Error);
    let warned =
        read("{\"status\":\"success\",\"warnings\":[\"partial\"],\"data\":{\"resultType\":\"matrix\",\"result\":[]}}");
    assert_eq!(warned.problems[0].message, "the server says: partial");
    for other in [
        "<html>",
        "{\"status\":\"success\"}",
        "{\"status\":\"success\",\"data\":[\"a\"]}",
        "{\"status\":\"error\"}",
        "{\"status\":\"success\",\"data\":{}}",
    ] {
        assert_eq!(super::tests::read("a.json", other), None, "{other}");
    }
}

#[test]
fn alerts_and_rules_are_checks() {
    let rules = "{\"status\":\"success\",\"data\":{\"groups\":[{\"name\":\"g\",\"rules\":[\
        {\"type\":\"recording\",\"name\":\"r\",\"health\":\"ok\"},\
        {\"type\":\"alerting\",\"name\":\"a\",\"health\":\"ok\",\"state\":\"inactive\"},\
        {\"type\":\"alerting\",\"name\":\"b\",\"health\":\"ok\",\"state\":\"firing\"},\
        {\"type\":\"alerting\",\"name\":\"c\",\"health\":\"unknown\",\"state\":\"inactive\"}]}]}}";
    let document = read("rules.json", rules).unwrap();
    let found: Vec<_> = document.checks.iter().map(|c| (c.name.as_str(), c.status)).collect();
    assert_eq!(found, [("g/a", CheckStatus::Pass), ("g/b", CheckStatus::Fail), ("g/c", CheckStatus::Error)]);
    let none = read("alerts.json", "{\"status\":\"success\",\"data\":{\"alerts\":[]}}").unwrap();
    assert!(none.checks.is_empty(), "no alert may also mean no rule");
}

#[test]
fn many_series_are_bounded() {
    let text: String = (0..60_000).map(|i| format!("a{{x=\"{i}\"}} 1\n")).collect();
    let document = read("a.prom", text).unwrap();
    assert_eq!(document.run.results.len(), samples::SERIES);
    assert!(document.problems.iter().any(|p| p.code == Code::FileTooLarge));
    assert_eq!(samples::selector("a", &Slice::default()), "a");
}

#[test]
fn text_that_is_cut_anywhere_is_read() {
    let text =
        "# TYPE a histogram\n# HELP a é\na_bucket{le=\"+Inf\",x=\"é\\\"\"} 1 1.5 # {t=\"é\"} 0.5\na_sum NaN\n# EOF\n";
    for length in 0..text.len() {
        for name in ["a.om", "a.prom", "metrics.txt"] {
            let _ = read(name, &text.as_bytes()[..length]);
        }
    }
}
