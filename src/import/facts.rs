//! What importers of evaluation harnesses and pipelines share: values of a JSON tree become records.
//!
//! In: values and where they stand. Out: a [`Document`] with results (or what stands in their place
//! as rejected), params, matrices, curves, checks and findings, all in bounded number. It knows no
//! format: an importer says which value is a metric and what it is called.

use super::json::push_token;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{
    Check, CheckStatus, Curve, CurveKind, CurvePoint, Datum, Document, Matrix, Measured, MetricResult, Pointer,
    Rejected, Slice,
};

/// Checks that one file may give.
const CHECKS: usize = 5_000;
/// Findings that one file may give.
const PROBLEMS: usize = 200;
/// Length of a message or name, in characters.
const MESSAGE: usize = 500;
/// Values in a param; larger ones go to the raw view.
const PARAM_VALUES: usize = 60;
/// Characters of a param.
const PARAM_TEXT: usize = 4_000;
/// Classes of a matrix.
const CLASSES: usize = 1_000;

/// A document that is being gathered.
pub(super) struct Facts<'a> {
    path: &'a str,
    /// What stands before every pointer: the member of an archive.
    prefix: String,
    /// Tool and version, for every result.
    pub(super) harness: Option<String>,
    /// The dataset of the results that follow.
    pub(super) dataset: Option<String>,
    /// The split of the results that follow.
    pub(super) split: Option<String>,
    /// The slice of the results that follow.
    pub(super) slice: Slice,
    pub(super) document: Document,
    left_out: usize,
}

/// An RFC 6901 pointer with more tokens.
pub(super) fn below(pointer: &str, tokens: &[&str]) -> String {
    let mut out = pointer.to_owned();
    for token in tokens {
        push_token(&mut out, token);
    }
    out
}

/// The value at a key, when it is there and not `null`.
pub(super) fn present<'d>(parent: &'d Datum, key: &str) -> Option<&'d Datum> {
    parent.get(key).filter(|v| **v != Datum::Null)
}

/// The text at a key, when there is some.
pub(super) fn text<'d>(parent: &'d Datum, key: &str) -> Option<&'d str> {
    parent.get(key).and_then(Datum::as_str).filter(|t| !t.is_empty())
}

/// The whole number at a key, when it is one that counts.
pub(super) fn count(parent: &Datum, key: &str) -> Option<u64> {
    parent.get(key).and_then(whole)
}

/// A value as a count: whole and not negative, also when written as a float.
pub(super) fn whole(value: &Datum) -> Option<u64> {
    match value {
        Datum::Int(n) => u64::try_from(*n).ok(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count written as a float")]
        Datum::Number(n) => {
            n.finite().filter(|n| n.get() >= 0.0 && n.get().fract() == 0.0 && n.get() < 9e15).map(|n| n.get() as u64)
        }
        _ => None,
    }
}

/// A text without white space around it, safe to show and cut to its length.
pub(super) fn short(text: &str, limit: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// Whether a value is small enough for a table of params.
fn is_small(value: &Datum) -> bool {
    fn weigh(value: &Datum, left: &mut usize, text: &mut usize) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match value {
            Datum::Text(t) => match text.checked_sub(t.len()) {
                Some(rest) => {
                    *text = rest;
                    true
                }
                None => false,
            },
            Datum::List(items) => items.iter().all(|v| weigh(v, left, text)),
            Datum::Map(entries) => entries.iter().all(|(_, v)| weigh(v, left, text)),
            _ => true,
        }
    }
    weigh(value, &mut { PARAM_VALUES }, &mut { PARAM_TEXT })
}

impl<'a> Facts<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self {
            path,
            prefix: String::new(),
            harness: None,
            dataset: None,
            split: None,
            slice: Slice::default(),
            document: Document::default(),
            left_out: 0,
        }
    }

    /// The facts of a member of an archive: pointers then read `header.json#/results`.
    pub(super) fn member(path: &'a str, member: &str) -> Self {
        Self { prefix: format!("{member}#"), ..Self::new(path) }
    }

    /// A place in the file.
    pub(super) fn place(&self, pointer: &str) -> Pointer {
        Pointer::new(self.path, format!("{}{pointer}", self.prefix))
    }

    /// Notes a finding, up to the limit.
    pub(super) fn report(&mut self, code: Code, severity: Severity, message: String, pointer: &str, help: &str) {
        if self.document.problems.len() >= PROBLEMS {
            self.left_out += 1;
            return;
        }
        let place = self.place(pointer);
        let mut problem = Diagnostic::new(code, message).severity(severity).at(place.path).pointer(place.pointer);
        if !help.is_empty() {
            problem = problem.help(help);
        }
        self.document.problems.push(problem);
    }

    /// A value that the format calls a metric. What is no number is rejected, never coerced; the
    /// result is given back so that its context can be filled in.
    pub(super) fn metric(&mut self, name: &str, value: &Datum, pointer: &str) -> Option<&mut MetricResult> {
        match value.as_number() {
            Some(number) => Some(self.number(name, number, pointer)),
            None => {
                let found = match value {
                    Datum::Text(text) => format!("text \"{}\"", visible(text, 40)),
                    other => other.kind().to_owned(),
                };
                self.reject(name, found, pointer);
                None
            }
        }
    }

    /// As [`Facts::metric`], for formats that write some numbers as text (64-bit counts, `NaN`).
    pub(super) fn metric_or_text(&mut self, name: &str, value: &Datum, pointer: &str) -> Option<&mut MetricResult> {
        match value.as_str().and_then(number_in_text) {
            Some(number) => Some(self.number(name, number, pointer)),
            None => self.metric(name, value, pointer),
        }
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str, number: Measured, pointer: &str) -> &mut MetricResult {
        let mut result = MetricResult::new(name, number, self.place(pointer));
        result.harness.clone_from(&self.harness);
        result.dataset.clone_from(&self.dataset);
        result.split.clone_from(&self.split);
        result.slice = self.slice.clone();
        let results = &mut self.document.run.results;
        results.push(result);
        let last = results.len() - 1;
        &mut results[last]
    }

    /// Something that stands where a metric is due but is none.
    pub(super) fn reject(&mut self, name: &str, found: String, pointer: &str) {
        let message = format!("metric '{}' is {}, not a number", visible(name, 80), visible(&found, 80));
        let help = "a rule on this metric fails as long as it is none";
        self.report(Code::MetricInvalid, Severity::Warning, message, pointer, help);
        self.document.run.rejected.push(Rejected {
            metric: name.to_owned(),
            dataset: self.dataset.clone(),
            slice: self.slice.clone(),
            class: None,
            found,
            source: self.place(pointer),
        });
    }

    /// A param; `null` is none, and what is too large for a table is kept for the raw view.
    pub(super) fn param(&mut self, name: &str, value: &Datum) {
        match value {
            Datum::Null => {}
            value if is_small(value) => {
                self.document.run.params.insert(name.to_owned(), value.clone());
            }
            value => self.document.run.extra.push((name.to_owned(), value.clone())),
        }
    }

    /// The members of an object as params, each with the prefix before its name.
    pub(super) fn params(&mut self, prefix: &str, object: Option<&Datum>) {
        for (key, value) in object.and_then(Datum::entries).unwrap_or_default() {
            self.param(&format!("{prefix}{key}"), value);
        }
    }

    /// A fact for the raw view.
    pub(super) fn extra(&mut self, name: &str, value: Option<&Datum>) {
        if let Some(value) = value.filter(|v| **v != Datum::Null) {
            self.document.run.extra.push((name.to_owned(), value.clone()));
        }
    }

    /// A tag that the tool sets itself; only scalars are tags.
    pub(super) fn system_tag(&mut self, name: &str, value: Option<&Datum>) {
        if let Some(Datum::Text(_) | Datum::Int(_) | Datum::Bool(_) | Datum::Number(_)) = value
            && let Some(value) = value
        {
            let value = short(&value.display(), PARAM_TEXT);
            if !value.is_empty() {
                self.document.run.system_tags.insert(name.to_owned(), value);
            }
        }
    }

    /// A check. Name and message are cut to a length.
    pub(super) fn check(&mut self, suite: &str, name: &str, status: CheckStatus, message: &str, pointer: &str) {
        let index = self.document.checks.len();
        let check = Check {
            id: format!("{}#checks/{index}", self.path),
            run: None,
            suite: short(suite, MESSAGE),
            name: short(name, MESSAGE),
            status,
            message: short(message, MESSAGE),
            source: self.place(pointer),
        };
        self.document.checks.push(check);
    }

    /// A confusion matrix: one row for each true class. One that is not square or has cells that are
    /// no numbers is not kept, because every number read from it would mislead.
    pub(super) fn matrix(&mut self, name: &str, labels: Vec<String>, rows: Vec<Vec<Option<Measured>>>, pointer: &str) {
        let size = rows.len();
        let square = size > 0 && size <= CLASSES && rows.iter().all(|r| r.len() == size);
        let cells: Option<Vec<Vec<Measured>>> = rows.into_iter().map(|r| r.into_iter().collect()).collect();
        match cells {
            Some(rows) if square && labels.len() == size => {
                let source = self.place(pointer);
                let dataset = self.dataset.clone();
                self.document.run.matrices.push(Matrix { name: name.to_owned(), dataset, labels, rows, source });
            }
            _ => {
                let text =
                    format!("confusion matrix '{}' is not square, or has cells that are no numbers", visible(name, 80));
                self.report(Code::CurveInvalid, Severity::Warning, text, pointer, "it is not shown");
            }
        }
    }

    /// A curve from points; one without points is none, and points that are no numbers are left out
    /// with a finding.
    pub(super) fn curve(&mut self, kind: CurveKind, name: &str, points: Vec<Option<CurvePoint>>, pointer: &str) {
        let all = points.len();
        let points: Vec<CurvePoint> = points.into_iter().flatten().collect();
        if points.len() < all {
            let text = format!("curve '{}' has {} points that are no numbers", visible(name, 80), all - points.len());
            self.report(Code::CurveInvalid, Severity::Warning, text, pointer, "they are left out");
        }
        if !points.is_empty() {
            let source = self.place(pointer);
            let (name, dataset) = (name.to_owned(), self.dataset.clone());
            self.document.run.curves.push(Curve { kind, name, dataset, points, area: None, source });
        }
    }

    /// The document. Of too many checks the worst are kept, and one check stands for the rest.
    pub(super) fn finish(mut self) -> Document {
        if self.left_out > 0 {
            let text = format!("{} more findings in this file", self.left_out);
            self.document.problems.push(Diagnostic::new(Code::FieldInvalid, text).at(self.path));
        }
        let checks = &mut self.document.checks;
        if checks.len() > CHECKS {
            checks.sort_by_key(|c| std::cmp::Reverse(severity(c.status)));
            let rest = checks.split_off(CHECKS - 1);
            if let Some(worst) = rest.first() {
                let message =
                    format!("{} more checks, none of them worse than '{}'", rest.len(), worst.status.as_str());
                checks.push(Check {
                    id: format!("{}#checks/rest", self.path),
                    run: None,
                    suite: worst.suite.clone(),
                    name: "further checks".to_owned(),
                    status: worst.status,
                    message,
                    source: Pointer::new(self.path, ""),
                });
            }
        }
        self.document
    }
}

/// How bad an outcome is.
fn severity(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Pass => 0,
        CheckStatus::Skipped => 1,
        CheckStatus::Warn => 2,
        CheckStatus::Fail => 3,
        CheckStatus::Error => 4,
    }
}

/// A number written as text, as formats of protocol buffers and of the JVM write some.
pub(super) fn number_in_text(text: &str) -> Option<Measured> {
    match text {
        "NaN" => return Some(Measured::new(f64::NAN)),
        "Infinity" | "inf" => return Some(Measured::new(f64::INFINITY)),
        "-Infinity" | "-inf" => return Some(Measured::new(f64::NEG_INFINITY)),
        _ => {}
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain && text.len() < 64 { text.parse().ok().map(Measured::new) } else { None }
}

/// A point of a curve from its values.
pub(super) fn point(x: Option<&Datum>, y: Option<&Datum>, threshold: Option<&Datum>) -> Option<CurvePoint> {
    let number = |v: Option<&Datum>| v.and_then(|v| v.as_number().or_else(|| v.as_str().and_then(number_in_text)));
    Some(CurvePoint { x: number(x)?, y: number(y)?, threshold: number(threshold), count: None })
}

/// A row of cells.
pub(super) fn cells(row: &Datum) -> Vec<Option<Measured>> {
    row.items()
        .unwrap_or_default()
        .iter()
        .map(|v| v.as_number().or_else(|| v.as_str().and_then(number_in_text)))
        .collect()
}
