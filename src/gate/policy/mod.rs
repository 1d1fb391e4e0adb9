//! The policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::diag::Diagnostic;
use crate::model::Catalogue;

/// A rule.
#[derive(Debug, Deserialize)]
pub struct RawRule {}
/// A baseline.
#[derive(Debug, Deserialize)]
pub struct RawBaseline {}
/// A stage.
#[derive(Debug, Deserialize)]
pub struct RawStage {}
/// Defaults.
#[derive(Debug, Deserialize)]
pub struct RawDefaults {}
/// As typed.
#[derive(Debug)]
#[expect(missing_docs, reason = "stub")]
pub struct RawPolicy {
    pub name: Option<Spanned<String>>,
    pub defaults: Option<Spanned<RawDefaults>>,
    pub rules: Vec<Spanned<RawRule>>,
    pub baselines: BTreeMap<Spanned<String>, Spanned<RawBaseline>>,
    pub stages: BTreeMap<Spanned<String>, Spanned<RawStage>>,
    pub unsupported: Vec<(String, std::ops::Range<usize>)>,
}
impl RawPolicy {
    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
/// Validated.
#[derive(Clone, Debug)]
pub struct Policy {}
/// Validates.
///
/// # Errors
/// All problems.
pub fn validate(_: RawPolicy, _: &str, _: &Arc<str>, _: &Catalogue) -> Result<Policy, Vec<Diagnostic>> {
    Ok(Policy {})
}
