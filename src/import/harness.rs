//! What the importers of evaluation harnesses share: findings with a cap, values or what stands in
//! their place, and runs that are rows of a table.
//!
//! In: JSON values and where they stand. Out: results, rejected values and diagnostics. It does not
//! know any format.

use std::collections::BTreeMap;

use super::{Content, json};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{
    Artifact, Datum, Document, Finite, Instant, Measured, MetricResult, Pointer, Rejected, Run, RunForm, RunStatus,
};

/// How many findings of one code a file may give.
const KEPT: usize = 50;

/// The version of a model whose revision nobody names: hubs call the state of a repository by its branch.
pub(super) const VERSION: &str = "main";

/// What was found wrong with a file.
pub(super) struct Findings<'a> {
    path: &'a str,
    problems: Vec<Diagnostic>,
    seen: BTreeMap<Code, usize>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, problems: Vec::new(), seen: BTreeMap::new() }
    }

    /// Notes a finding at a place of the file.
    pub(super) fn report(&mut self, finding: Diagnostic, pointer: &str) {
        let seen = self.seen.entry(finding.code).or_default();
        *seen += 1;
        if *seen <= KEPT {
            self.problems.push(finding.at(self.path).pointer(pointer));
        }
    }

    /// A field that holds another type than the format says.
    pub(super) fn wrong_type(&mut self, pointer: &str, expected: &str, found: &Datum) {
        let text = format!("{expected} is due here, not {}", shown(found));
        self.report(Diagnostic::new(Code::FieldInvalid, text), pointer);
    }

    /// Adds what stands where a value is due: a result when it is a number, else a rejected value.
    pub(super) fn value(&mut self, run: &mut Run, mut result: MetricResult, found: &Datum) {
        match found.as_number() {
            Some(number) => {
                result.value = number;
                run.results.push(result);
            }
            None => self.reject(run, result, shown(found)),
        }
    }

    /// Adds something that is no value where one is due.
    pub(super) fn reject(&mut self, run: &mut Run, result: MetricResult, found: String) {
        let text = format!("metric '{}' is not a number: {found}", visible(&result.metric, 80));
        let pointer = result.source.pointer.clone();
        let help = "nothing is read into it: a rule on this metric fails";
        self.report(Diagnostic::new(Code::MetricInvalid, text).help(help), &pointer);
        run.rejected.push(Rejected {
            metric: result.metric,
            dataset: result.dataset,
            slice: result.slice,
            class: result.class,
            found,
            source: result.source,
        });
    }

    /// The findings, with a count of those that were left out.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for (code, seen) in self.seen {
            if seen > KEPT {
                let text = format!("{} more findings of this kind in this file", seen - KEPT);
                self.problems.push(Diagnostic::new(code, text).at(self.path));
            }
        }
        self.problems
    }
}

/// A result whose value is still to be filled in.
pub(super) fn due(metric: &str, source: Pointer) -> MetricResult {
    MetricResult::new(metric, f64::NAN, source)
}

/// An RFC 6901 pointer with one more token.
pub(super) fn below(pointer: &str, token: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + token.len() + 1);
    out.push_str(pointer);
    json::push_token(&mut out, token);
    out
}

/// The value at a key, when it is there and not `null`.
pub(super) fn present<'d>(parent: &'d Datum, key: &str) -> Option<&'d Datum> {
    parent.get(key).filter(|v| !matches!(v, Datum::Null))
}

/// The text at a key, when there is any.
pub(super) fn text<'d>(parent: &'d Datum, key: &str) -> Option<&'d str> {
    parent.get(key).and_then(Datum::as_str).map(str::trim).filter(|t| !t.is_empty())
}

/// Whether the value at a key is a map.
pub(super) fn is_map(parent: &Datum, key: &str) -> bool {
    parent.get(key).is_some_and(|v| v.entries().is_some())
}

/// The finite number at a key.
pub(super) fn finite(parent: &Datum, key: &str) -> Option<Finite> {
    parent.get(key)?.as_number().and_then(Measured::finite)
}

/// A count: a whole number that is not negative, also when it is written as a float.
pub(super) fn count(value: &Datum) -> Option<u64> {
    match value {
        Datum::Int(n) => u64::try_from(*n).ok(),
        _ => whole(value.as_number()?),
    }
}

/// A number that is whole and not negative.
pub(super) fn whole(value: Measured) -> Option<u64> {
    let value = value.finite()?.get();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and in the range of exact floats"
    )]
    ((0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

/// Seconds since the epoch as number or text, or a written date.
pub(super) fn instant(value: &Datum) -> Option<Instant> {
    let seconds = |number: Measured| {
        let millis = number.finite()?.get() * 1000.0;
        #[expect(clippy::cast_possible_truncation, reason = "within the range that is asked for")]
        (millis.abs() < 1e15).then_some(millis as i64).and_then(Instant::from_millis)
    };
    match value {
        Datum::Text(text) => match Measured::parse(text) {
            Some(number) => seconds(number),
            None => Instant::parse(text),
        },
        other => seconds(other.as_number()?),
    }
}

/// A short form of a value, for messages.
pub(super) fn shown(value: &Datum) -> String {
    match value {
        Datum::Text(text) => format!("text \"{}\"", visible(text, 60)),
        other => other.kind().to_owned(),
    }
}

/// A run that is one row of a document.
pub(super) fn row_run(content: &Content<'_>, kind: &str, row: usize, name: &str) -> Run {
    let path = &content.file.path;
    Run {
        id: format!("{path}#{row}"),
        source: kind.to_owned(),
        name: name.to_owned(),
        status: RunStatus::Finished,
        folder: path.clone(),
        form: RunForm::Document,
        origin: Pointer::new(path.clone(), format!("row {row}")),
        ..Run::default()
    }
}

/// Adds a value as parameters: scalars and lists as they are, maps by dotted names; `null` is left out.
pub(super) fn params(run: &mut Run, name: &str, value: &Datum) {
    match value {
        Datum::Null => {}
        Datum::Map(entries) => {
            for (key, value) in entries {
                params(run, &format!("{name}.{key}"), value);
            }
        }
        other => {
            run.params.entry(name.to_owned()).or_insert_with(|| other.clone());
        }
    }
}

/// Per-example records beside results (`samples_*.jsonl`): counted, line by line, and named as an
/// artifact. Their text is not kept.
pub(super) fn samples(content: &Content<'_>) -> Document {
    let mut document = Document::default();
    let (mut records, mut broken) = (0_usize, None);
    for (_, value) in content.json_lines().into_iter().flatten() {
        match value {
            Ok(_) => records += 1,
            Err(problem) => broken = broken.or(Some(problem)),
        }
    }
    document.run.artifacts.push(Artifact {
        path: content.file.name().to_owned(),
        bytes: u64::try_from(content.file.bytes.len()).ok(),
        kind: Some(format!("{records} per-example records")),
        ..Artifact::default()
    });
    // The results themselves stand elsewhere: a broken line here takes nothing from them.
    document.problems.extend(broken.map(|problem| problem.severity(Severity::Note)));
    document
}
