//! The answers of a server, kept as the files of a source.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::source::Source;

/// Answers by the path that importers will find them under, and what could not be fetched.
#[derive(Debug, Default)]
pub(super) struct Pages {
    files: BTreeMap<String, Vec<u8>>,
    problems: Vec<Diagnostic>,
}

impl Pages {
    /// Keeps an answer. Importers read names that end in `.json` and so on; `/` parts folders.
    pub(super) fn keep(&mut self, path: String, bytes: Vec<u8>) {
        self.files.insert(path, bytes);
    }

    /// Keeps what could not be fetched.
    pub(super) fn problem(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// The source, called by its address.
    pub(super) fn into_source(self, url: &str) -> Source {
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let mut source = Source::from_memory(url, host, self.files);
        source.problems = self.problems;
        source
    }
}
