//! `presscheck.verdict/1` as JSON: the verdict itself.
//!
//! In: a verdict. Out: indented JSON with keys in the order of the types, and a newline.

use super::{Context, Writer};
use crate::gate::verdict::Verdict;

/// The format `json`.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Writer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Vec<u8> {
        // A verdict holds only text, numbers that are finite or marked, and lists of these; should
        // that ever change, what comes out must not look like a verdict.
        let mut out = serde_json::to_vec_pretty(verdict)
            .unwrap_or_else(|_| b"{\"error\": \"the verdict cannot be written as JSON\"}".to_vec());
        out.push(b'\n');
        out
    }
}
