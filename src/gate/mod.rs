//! The gate: policy and registry in, verdict out; knows nothing of pages.
//!
//! [`policy`] turns the policy keys of the configuration into a validated [`policy::Policy`] or into
//! diagnostics that point at their lines. [`evaluate()`] judges one version by it and returns a
//! [`verdict::Verdict`]; [`out`] renders that. Nothing here reads files, the clock or the
//! environment, or prints: equal inputs give equal bytes.

pub mod approvals;
mod baseline;
mod evaluate;
mod evidence;
pub mod examples;
mod families;
pub mod history;
mod inputs;
pub mod ledger;
pub mod levels;
mod needs;
pub(crate) mod number;
pub mod out;
mod pattern;
pub mod policy;
pub mod prove;
pub mod provenance;
mod rules;
mod stage;
pub mod stats;
pub mod sustain;
pub mod verdict;
mod waivers;

pub use evaluate::evaluate;
pub use inputs::{External, Inputs};
pub use needs::needs;
pub use pattern::Pattern;
