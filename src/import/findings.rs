//! Findings about one file: each with its place, and not more of a kind than anybody reads.
//!
//! In: what an importer notes while it reads. Out: diagnostics; of each code the first hundred are
//! kept and the rest is counted, so that a file cannot flood the list of problems.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::model::{Datum, Measured, Pointer};

/// How many findings of one code a file may give.
const KEPT: usize = 100;

/// What was found in a file.
pub(super) struct Findings<'a> {
    /// The file's path in the project.
    pub(super) path: &'a str,
    problems: Vec<Diagnostic>,
    seen: BTreeMap<Code, usize>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, problems: Vec::new(), seen: BTreeMap::new() }
    }

    /// A place in the file.
    pub(super) fn place(&self, pointer: impl Into<String>) -> Pointer {
        Pointer::new(self.path, pointer)
    }

    /// Notes a finding.
    pub(super) fn add(&mut self, code: Code, text: impl Into<String>, pointer: &str) {
        self.push(Diagnostic::new(code, text), pointer);
    }

    /// Notes a finding that has been made ready.
    pub(super) fn push(&mut self, diagnostic: Diagnostic, pointer: &str) {
        let seen = self.seen.entry(diagnostic.code).or_default();
        *seen += 1;
        if *seen <= KEPT {
            self.problems.push(diagnostic.at(self.path).pointer(pointer));
        }
    }

    /// A number that JSON holds, absent for `null`; anything else is noted.
    pub(super) fn number(&mut self, value: Option<&Datum>, pointer: &str) -> Option<Measured> {
        let value = value.filter(|v| !matches!(v, Datum::Null))?;
        if value.as_number().is_none() {
            self.add(Code::FieldInvalid, format!("a number is due here, {} stands here", value.kind()), pointer);
        }
        value.as_number()
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
