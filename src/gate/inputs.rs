//! Everything that a verdict rests on besides the policy.
//!
//! In: what the command line read beforehand. Out: one value that [`super::evaluate()`] takes. Nothing here, and
//! nothing behind it, opens a file or looks at a clock.

use std::collections::BTreeMap;

use super::approvals::Submitted;
use super::examples::{NoRecords, Records};
use super::ledger::Ledger;
use super::verdict::Clock;
use crate::digest::Sha256;
use crate::model::{Instant, Registry, Run};

/// What is judged, with what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Everything that was read.
    pub registry: &'a Registry,
    /// The decisions so far.
    pub ledger: &'a Ledger,
    /// Baselines that are files outside the sources, by id of the baseline; `Err` says why one cannot be used.
    pub external: &'a BTreeMap<String, Result<External, String>>,
    /// Statements of approval, and the keys that may sign.
    pub approvals: &'a Submitted,
    /// Whoever can read per-example records.
    pub examples: &'a dyn Records,
    /// The moment of judging.
    pub at: Instant,
    /// Where that moment comes from.
    pub clock: Clock,
}

/// A baseline that is a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// How messages name it.
    pub name: String,
    /// What it says.
    pub run: Run,
    /// Digest of its bytes.
    pub digest: Sha256,
}

static NO_LEDGER: Ledger = Ledger::EMPTY;
static NO_APPROVALS: Submitted = Submitted::NONE;
static NO_EXTERNAL: BTreeMap<String, Result<External, String>> = BTreeMap::new();

impl<'a> Inputs<'a> {
    /// A registry at a moment, without a ledger and without files beside the sources.
    pub fn new(registry: &'a Registry, at: Instant, clock: Clock) -> Self {
        Self {
            registry,
            ledger: &NO_LEDGER,
            external: &NO_EXTERNAL,
            approvals: &NO_APPROVALS,
            examples: &NoRecords,
            at,
            clock,
        }
    }
}
