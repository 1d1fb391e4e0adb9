//! What the newest drift reports of two versions say differently.
//!
//! In: the reports of both. Out: [`DriftChange`]s. Only verdicts are compared: each version has a reference of
//! its own, so that scores are not.

use std::collections::BTreeMap;

use crate::model::{DriftReport, Registry, Version};

/// A feature whose verdicts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftChange<'a> {
    /// The feature.
    pub feature: &'a str,
    /// Whether it drifted in the newest report of the earlier version; nothing where nobody said.
    pub before: Option<bool>,
    /// The same of the later version.
    pub after: Option<bool>,
}

/// Compares the newest reports; nothing where a side has none.
pub(super) fn compare<'a>(registry: &'a Registry, before: &'a Version, after: &'a Version) -> Vec<DriftChange<'a>> {
    let newest = |version: &'a Version| registry.drift_of(version).last();
    let (Some(a), Some(b)) = (newest(before), newest(after)) else { return Vec::new() };
    let (a, b) = (verdicts(a), verdicts(b));
    let mut features: Vec<&str> = a.keys().chain(b.keys()).copied().collect();
    features.sort_unstable();
    features.dedup();
    let of = |side: &BTreeMap<&str, Option<bool>>, feature: &str| side.get(feature).copied().flatten();
    features
        .into_iter()
        .map(|feature| DriftChange { feature, before: of(&a, feature), after: of(&b, feature) })
        .filter(|c| c.before != c.after)
        .collect()
}

/// By feature whether any method saw drift; all must have said no for a no.
fn verdicts(report: &DriftReport) -> BTreeMap<&str, Option<bool>> {
    let mut out: BTreeMap<&str, Option<bool>> = BTreeMap::new();
    for f in &report.features {
        let known = out.entry(f.feature.as_str()).or_insert(Some(false));
        *known = match (*known, f.drifted) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    out
}
