//! Exit codes: a contract (DESIGN.md §2). No flag changes what a number means.

/// Everything passed, or the command did what it was asked.
pub const PASS: u8 = 0;
/// A blocking rule failed, was invalid or inconclusive.
pub const BLOCKED: u8 = 1;
/// The command line, the configuration or the policy is wrong.
pub const USAGE: u8 = 2;
/// Evidence is absent, unreadable or ambiguous.
pub const EVIDENCE: u8 = 3;
/// Only approvals or a soak time are outstanding.
pub const PENDING: u8 = 4;
/// Nothing was evaluated.
pub const NOTHING: u8 = 5;
/// Passed with warnings; only with `--warn-exit-code`.
pub const WARNINGS: u8 = 10;
/// A bug in presscheck.
pub const INTERNAL: u8 = 70;
