//! The native layout.

pub(crate) mod drift;
pub(crate) mod series;

use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::model::{Document, Records};
use crate::source::{Entry, FileData, Source};

/// A file that no store claimed, after the document importers were asked.
pub(super) struct Found<'a> {
    pub(super) entry: &'a Entry,
    /// Who understood it.
    pub(super) kind: Option<&'static str>,
    pub(super) document: Option<Document>,
    /// The bytes, for files of the native layout itself.
    pub(super) data: Option<Arc<FileData>>,
    pub(super) problem: Option<Box<Diagnostic>>,
}

/// Whether a file name is one that the native layout itself defines.
pub(super) fn is_native_file(name: &str) -> bool {
    matches!(name, "run.toml" | "model.toml" | "metrics.json" | "metrics.toml" | "card.md")
}

/// Gathers files into run directories.
pub(super) fn gather(
    _source: &Source,
    found: Vec<Found<'_>>,
    _stores: &mut [(String, &'static str, Records)],
) -> Records {
    let mut records = Records::default();
    for f in found {
        records.problems.extend(f.problem.map(|p| *p));
        if let Some(d) = f.document {
            records.drift.extend(d.drift);
            records.checks.extend(d.checks);
            records.cards.extend(d.cards);
        }
        let _ = (f.entry, f.kind, f.data);
    }
    records
}
