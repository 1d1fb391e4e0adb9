//! Reading fields of a file that may hold anything: each wrong or absent field becomes a finding.
//!
//! In: JSON values and where they stand. Out: typed values, and diagnostics with a JSON pointer.
//! It does not know what the fields mean. A file cannot flood the list of problems: of each code
//! the first hundred are kept and the rest is counted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Content, json};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Datum, Finite, Instant, Measured, Pointer};
use crate::source::FileData;

/// How many findings of one code a file may give.
const KEPT: usize = 100;

/// The file and what was found wrong with it.
pub(in crate::import) struct Reader<'a> {
    /// The file's path in the project.
    pub(in crate::import) path: &'a str,
    /// The file's name without its ending.
    pub(in crate::import) stem: &'a str,
    problems: Vec<Diagnostic>,
    seen: BTreeMap<Code, usize>,
    unknown_methods: BTreeSet<String>,
}

/// An RFC 6901 pointer with one more token.
pub(in crate::import) fn below(pointer: &str, token: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + token.len() + 1);
    out.push_str(pointer);
    json::push_token(&mut out, token);
    out
}

/// The value at a key, when it is there and not `null`.
pub(in crate::import) fn present<'d>(parent: &'d Datum, key: &str) -> Option<&'d Datum> {
    parent.get(key).filter(|v| !matches!(v, Datum::Null))
}

impl<'a> Reader<'a> {
    pub(in crate::import) fn new(content: &Content<'a>) -> Self {
        Self::of(content.file)
    }

    /// Of a file, or of an answer that stands for one.
    pub(in crate::import) fn of(file: &'a FileData) -> Self {
        let name = file.name();
        Self {
            path: &file.path,
            stem: name.rsplit_once('.').map_or(name, |(stem, _)| stem),
            problems: Vec::new(),
            seen: BTreeMap::new(),
            unknown_methods: BTreeSet::new(),
        }
    }

    /// A place in the file.
    pub(in crate::import) fn place(&self, pointer: impl Into<String>) -> Pointer {
        Pointer::new(self.path, pointer)
    }

    /// Notes a finding.
    pub(in crate::import) fn report(&mut self, diagnostic: Diagnostic, pointer: &str) {
        let seen = self.seen.entry(diagnostic.code).or_default();
        *seen += 1;
        if *seen <= KEPT {
            self.problems.push(diagnostic.at(self.path).pointer(pointer));
        }
    }

    /// A field that the format requires is absent.
    pub(in crate::import) fn missing(&mut self, pointer: &str, field: &str, effect: &str) {
        self.report(Diagnostic::new(Code::FieldMissing, format!("'{field}' is absent: {effect}")), pointer);
    }

    /// As [`Reader::missing`], where the tool itself has a rule for the absent field.
    pub(in crate::import) fn missing_note(&mut self, pointer: &str, field: &str, effect: &str) {
        let finding = Diagnostic::new(Code::FieldMissing, format!("'{field}' is absent: {effect}"));
        self.report(finding.severity(Severity::Note), pointer);
    }

    /// A field has another type than the format says.
    pub(in crate::import) fn wrong_type(&mut self, pointer: &str, expected: &str, found: &Datum) {
        let text = format!("{expected} is due here, {} stands here: {}", found.kind(), shown(found));
        self.report(Diagnostic::new(Code::FieldInvalid, text), pointer);
    }

    /// A method that is not in the table: once for each name.
    pub(in crate::import) fn unknown_method(&mut self, label: &str, pointer: &str) {
        if self.unknown_methods.insert(label.to_owned()) {
            let text = format!("drift method '{}' is not known: its score is shown, not judged", visible(label, 120));
            self.report(Diagnostic::new(Code::ReportUnknownMethod, text), pointer);
        }
    }

    /// The number at a key; `null` counts as absent.
    pub(in crate::import) fn number(&mut self, parent: &Datum, key: &str, at: &str) -> Option<Measured> {
        let value = present(parent, key)?;
        if value.as_number().is_none() {
            self.wrong_type(&below(at, key), "a number", value);
        }
        value.as_number()
    }

    /// The finite number at a key; `null` counts as absent.
    pub(in crate::import) fn finite(&mut self, parent: &Datum, key: &str, at: &str) -> Option<Finite> {
        let number = self.number(parent, key, at)?;
        if number.finite().is_none() {
            let finding = Diagnostic::new(Code::FieldInvalid, format!("a finite number is due here, not {number}"));
            self.report(finding, &below(at, key));
        }
        number.finite()
    }

    /// The text at a key; `null` counts as absent.
    pub(in crate::import) fn text<'d>(&mut self, parent: &'d Datum, key: &str, at: &str) -> Option<&'d str> {
        let value = present(parent, key)?;
        if value.as_str().is_none() {
            self.wrong_type(&below(at, key), "text", value);
        }
        value.as_str()
    }

    /// The point in time at a key; `null` counts as absent.
    pub(in crate::import) fn time(&mut self, parent: &Datum, key: &str, at: &str) -> Option<Instant> {
        let text = self.text(parent, key, at)?;
        let time = Instant::parse(text);
        if time.is_none() {
            let found = format!("a time is due here, not '{}'", visible(text, 60));
            self.report(Diagnostic::new(Code::FieldInvalid, found), &below(at, key));
        }
        time
    }

    /// The truth value at a key; `null` counts as absent.
    pub(in crate::import) fn flag(&mut self, parent: &Datum, key: &str, at: &str) -> Option<bool> {
        match present(parent, key)? {
            Datum::Bool(value) => Some(*value),
            other => {
                self.wrong_type(&below(at, key), "true or false", other);
                None
            }
        }
    }

    /// The list at a key; `null` counts as absent.
    pub(in crate::import) fn list<'d>(&mut self, parent: &'d Datum, key: &str, at: &str) -> Option<&'d [Datum]> {
        let value = present(parent, key)?;
        if value.items().is_none() {
            self.wrong_type(&below(at, key), "a list", value);
        }
        value.items()
    }

    /// The findings, with a count of those that were left out.
    pub(in crate::import) fn finish(mut self) -> Vec<Diagnostic> {
        for (code, seen) in self.seen {
            if seen > KEPT {
                let text = format!("{} more findings of this kind in this file", seen - KEPT);
                self.problems.push(Diagnostic::new(code, text).at(self.path));
            }
        }
        self.problems
    }
}

/// A short form of a value, for messages.
pub(in crate::import) fn shown(value: &Datum) -> String {
    match value {
        Datum::Text(text) => format!("\"{}\"", visible(text, 60)),
        Datum::List(items) => format!("{} long", items.len()),
        Datum::Map(entries) => format!("{} keys", entries.len()),
        Datum::Null => "null".to_owned(),
        other => other.display(),
    }
}

/// Length of a message that a tool wrote, in characters.
pub(in crate::import) const MESSAGE: usize = 2000;

/// A text without white space around it, cut to a number of characters.
pub(in crate::import) fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}
