//! Writers: one verdict, many formats.
//!
//! In: a verdict. Out: bytes. Writers decide nothing and open nothing: what the exit code says is
//! what every format says, and a format that cannot be written never changes it. Text from evidence
//! and policies is hostile until a writer has escaped it for its format.

pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;

use super::verdict::{Outcome, RuleRecord, Verdict};

/// How a verdict is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the terminal format may use colour; the caller knows NO_COLOR and the terminal.
    pub colour: bool,
    /// Whether the terminal format lists rules that hold as well.
    pub all: bool,
    /// The largest size of the Markdown format in bytes; whole sections are dropped above it.
    pub limit: usize,
}

/// A pull-request comment holds 65,536 characters.
pub const COMMENT_LIMIT: usize = 65_000;
/// A step summary holds 1 MiB; above it the upload fails, the step does not.
pub const SUMMARY_LIMIT: usize = 900 << 10;

impl Default for Context {
    fn default() -> Self {
        Self { colour: false, all: true, limit: COMMENT_LIMIT }
    }
}

/// A format.
pub trait Writer: Sync {
    /// The name in `--out NAME[=PATH]`.
    fn name(&self) -> &'static str;

    /// The verdict in this format.
    fn write(&self, verdict: &Verdict, context: &Context) -> Vec<u8>;
}

/// All formats.
pub const FORMATS: &[&dyn Writer] = &[&human::Human, &json::Json, &github::Github, &markdown::Markdown, &junit::Junit];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static dyn Writer> {
    FORMATS.iter().copied().find(|w| w.name() == name)
}

/// `PASS`, `BLOCKED`, …: the outcome as a headline.
fn headline(outcome: Outcome) -> String {
    outcome.to_string().to_uppercase()
}

/// Records in the groups of a report: what blocks, what warns, what was not decided, what holds.
struct Groups<'a> {
    blocking: Vec<&'a RuleRecord>,
    warning: Vec<&'a RuleRecord>,
    other: Vec<&'a RuleRecord>,
    holding: Vec<&'a RuleRecord>,
}

impl<'a> Groups<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let mut out = Self { blocking: Vec::new(), warning: Vec::new(), other: Vec::new(), holding: Vec::new() };
        for record in &verdict.rules {
            let group = if record.blocks() {
                &mut out.blocking
            } else if record.warns() {
                &mut out.warning
            } else if record.status == super::verdict::Status::Pass {
                &mut out.holding
            } else {
                &mut out.other
            };
            group.push(record);
        }
        out
    }
}
