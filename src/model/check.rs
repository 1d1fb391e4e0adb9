//! A result of another tool's test suite.

use serde::Serialize;

use super::Pointer;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum CheckStatus {
    Pass,
    Warn,
    Fail,
    Error,
    Skipped,
}

impl CheckStatus {
    /// The name in the public contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// A check: one test of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Unique in the registry.
    pub id: String,
    /// The run it belongs to.
    pub run: Option<String>,
    /// The suite: tool and name.
    pub suite: String,
    /// The test's name.
    pub name: String,
    /// The outcome.
    pub status: CheckStatus,
    /// What the tool says about it.
    pub message: String,
    /// Where it was read.
    pub source: Pointer,
}
