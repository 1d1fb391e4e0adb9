//! presscheck: static model reports that are also the gate a model must pass.
//!
//! Data flows once, one way; the modules below stand in reading order:
//! [`source`] reads and hashes bytes ([`remote`] fetches those of servers,
//! [`git`] those of commits), [`import`] turns them into records, [`model`] freezes the
//! records into a registry, [`gate`] judges the registry by the policy in [`config`], [`plot`] and
//! [`site`] render pages from registry and verdicts, [`export`] turns a registry into run directories, and [`output`] is the only writer.
//! [`drift`] compares data with data, [`compare`] a version with another,
//! [`thresholds`] turns other tools' thresholds into a policy.
//! [`watch`] and [`serve`] preview a site while it is written; [`cli`] wires the parts together.
//! `tests/suite/architecture.rs` holds who may use whom.

pub mod cli;
pub mod compare;
pub mod config;
pub mod diag;
pub mod digest;
pub mod drift;
#[cfg(feature = "engine")]
pub mod engine;
pub mod export;
pub mod gate;
pub mod git;
pub mod import;
pub mod markdown;
pub mod model;
pub mod output;
pub mod plot;
pub mod remote;
pub mod rows;
#[cfg(feature = "serve")]
pub mod serve;
pub mod site;
pub mod source;
pub mod thresholds;
#[cfg(feature = "serve")]
pub mod watch;
