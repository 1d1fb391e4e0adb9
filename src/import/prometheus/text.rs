//! Text exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0.
//!
//! In: a file that a client library, a pushgateway, `/federate` or a backfill wrote. Out: a run with
//! each series' last value as a result, and a series where samples have a time. OpenMetrics is told
//! by its `# EOF`, or by the ending `.om`: its times are in seconds, those of 0.0.4 in milliseconds.
//! Parts of histograms and summaries are series of their own, as the text writes them. A line that
//! is not well formed is a problem with its number, and the other lines are kept.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::Content;
use super::super::evidently::reader::Reader;
use super::samples::{self, Sample};
use super::token::{self, Comment};
use crate::diag::{Code, Diagnostic};
use crate::model::{Datum, Document, Instant, Measured, Slice};

/// Lines that are looked at to recognise the format.
const SNIFFED: usize = 50;

/// Times before this, in milliseconds since 1970, are seconds by mistake (1973).
const EARLIEST: i64 = 100_000_000_000;

/// Whether bytes are text exposition; `named` says that the file's name already says so.
pub(super) fn sniff(bytes: &[u8], named: bool) -> bool {
    let start = bytes.get(..bytes.len().min(64 * 1024)).unwrap_or_default();
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() || named => {
            std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty()).take(SNIFFED);
    if named {
        let ours = |line: &str| !matches!(token::comment(line), Comment::Other) || token::sample(line).is_ok();
        return lines.any(ours);
    }
    let mut first = true;
    let mut typed = false;
    for line in lines {
        if line.starts_with('#') {
            typed |= matches!(token::comment(line), Comment::Type(_, kind) if token::TYPES.contains(&kind));
        } else if first || token::sample(line).is_err() {
            return false;
        }
        first = false;
    }
    typed
}

/// Reads a file.
pub(super) fn read(content: &Content<'_>) -> Document {
    let mut reader = Reader::new(content);
    let mut document = Document { standalone: true, ..Document::default() };
    let Some(text) = content.file.text() else {
        reader.report(Diagnostic::new(Code::TextEncoding, "the file is not UTF-8").help("write it as UTF-8"), "");
        document.problems = reader.finish();
        return document;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let ended = text.lines().map(str::trim).rfind(|l| !l.is_empty()).map(token::comment) == Some(Comment::Eof);
    let mut out = Gathered { seconds: ended || content.ends_in(&["om", "openmetrics"]), ..Gathered::default() };
    if out.seconds && !ended {
        let finding = Diagnostic::new(Code::CsvSyntax, "the file breaks off: OpenMetrics ends with '# EOF'");
        reader.report(finding.help("was it written completely? the lines before this place are kept"), "");
    }
    for (i, line) in text.lines().enumerate() {
        let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        out.line(line, number, &mut reader);
    }
    samples::too_many(out.seen, &mut reader);
    for ((name, labels), (number, found)) in out.series {
        let source = reader.place(format!("line {number}"));
        samples::put(&name, labels, found, source, &mut document.run, &mut reader);
    }
    if !out.families.is_empty() {
        document.run.extra.push((format!("prometheus: {}", reader.stem), Datum::Map(families(out.families))));
    }
    document.problems = reader.finish();
    document
}

/// What is gathered.
#[derive(Default)]
struct Gathered {
    /// Whether times are in seconds.
    seconds: bool,
    ended: bool,
    series: BTreeMap<(String, Slice), (u32, Vec<Sample>)>,
    /// Series, those included that are too many.
    seen: usize,
    /// Type, unit and help of each metric.
    families: IndexMap<String, Vec<(String, Datum)>>,
}

impl Gathered {
    fn line(&mut self, line: &str, number: u32, reader: &mut Reader<'_>) {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            return;
        }
        if self.ended {
            broken("a line stands behind '# EOF'", number, reader);
            return;
        }
        if line.starts_with('#') {
            let (name, key, said) = match token::comment(line) {
                Comment::Type(name, kind) => {
                    if !token::TYPES.contains(&kind) {
                        broken("the type of a metric is not known", number, reader);
                    }
                    (name, "type", kind.to_owned())
                }
                Comment::Help(name, text) => (name, "help", text),
                Comment::Unit(name, unit) => (name, "unit", unit.to_owned()),
                Comment::Eof => {
                    self.ended = true;
                    return;
                }
                Comment::Other => return,
            };
            if self.families.len() < samples::SERIES {
                self.families.entry(name).or_default().push((key.to_owned(), Datum::Text(said)));
            }
            return;
        }
        let sample = match token::sample(line) {
            Ok(sample) => sample,
            Err(cause) => return broken(cause, number, reader),
        };
        let time = match sample.time {
            None => None,
            Some(text) => match self.time(text) {
                Ok(time) => Some(time),
                Err(cause) => return broken(cause, number, reader),
            },
        };
        let key = (sample.name, sample.labels);
        if self.series.len() >= samples::SERIES && !self.series.contains_key(&key) {
            self.seen += 1;
            return;
        }
        let (_, found) = self.series.entry(key).or_insert_with(|| (number, Vec::new()));
        found.push(Sample { time, value: sample.value });
        self.seen = self.seen.max(self.series.len());
    }

    fn time(&self, text: &str) -> Result<Instant, &'static str> {
        if self.seconds {
            let seconds = Measured::parse(text).and_then(Measured::finite).and_then(|t| samples::seconds(t.get()));
            return seconds.ok_or("the time is no number of seconds");
        }
        let millis: i64 = text.parse().map_err(|_| "the time is no whole number of milliseconds")?;
        if (1..EARLIEST).contains(&millis) {
            return Err("the time lies before 1973: is this OpenMetrics (seconds) without '# EOF'?");
        }
        Instant::from_millis(millis).ok_or("the time is out of range")
    }
}

fn families(families: IndexMap<String, Vec<(String, Datum)>>) -> Vec<(String, Datum)> {
    families.into_iter().map(|(name, said)| (name, Datum::Map(said))).collect()
}

fn broken(cause: &str, line: u32, reader: &mut Reader<'_>) {
    let text = format!("line {line} is left out: {cause}");
    reader.report(Diagnostic::new(Code::FieldInvalid, text).at_line(line, 1), &format!("line {line}"));
}
