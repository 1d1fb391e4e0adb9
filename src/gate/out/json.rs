//! `presscheck.verdict/1` as JSON: the verdict itself.
//!
//! In: a verdict. Out: indented JSON with keys in the order of the types, and a newline.

use super::{Context, Refused, Writer};
use crate::gate::verdict::Verdict;

/// The format `json`.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Writer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "presscheck.verdict/1, the whole verdict"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        // A verdict holds only text, numbers that are finite or marked, and lists of these; should
        // that ever change, nothing must come out that looks like a verdict.
        let mut out = serde_json::to_vec_pretty(verdict)
            .map_err(|error| Refused(format!("the verdict cannot be written as JSON: {error}")))?;
        out.push(b'\n');
        Ok(out)
    }
}
