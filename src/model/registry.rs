//! The frozen registry: everything that was read, linked. The gate and the site see only this.

use std::collections::BTreeMap;
use std::fmt;

use super::{Card, Catalogue, Check, DriftReport, Evidence, Instant, Link, MetricResult, Run, SourceSummary};
use crate::diag::Diagnostic;
use crate::digest::Sha256;

/// A version of a model: one candidate for promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The model's name.
    pub model: String,
    /// The version's name.
    pub version: String,
    /// Index of its run in [`Registry::runs`].
    pub run: Option<usize>,
    /// Aliases that point at it, sorted.
    pub aliases: Vec<String>,
    /// The stage it is in.
    pub stage: Option<String>,
    /// The registry's status (`READY`).
    pub status: Option<String>,
    /// What it is, for people (Markdown).
    pub description: Option<String>,
    /// Tags of the version.
    pub tags: BTreeMap<String, String>,
    /// When it was registered or its run started.
    pub created_at: Option<Instant>,
    /// Its card: the model's card with this version's sections put in.
    pub card: Option<Card>,
    /// Indices of its drift reports, oldest window first.
    pub drift: Vec<usize>,
    /// Indices of its checks.
    pub checks: Vec<usize>,
    /// Range of its evidence in [`Registry::evidence`].
    pub evidence: std::ops::Range<usize>,
    /// Indices of evidence that lies elsewhere: inherited cards, and the files of runs that were merged
    /// into its own.
    pub shared_evidence: Vec<usize>,
    /// Digest over the sorted `sha256  path` lines of all its evidence: what was judged.
    pub digest: Sha256,
    /// Why this version cannot be judged, when two sources claim it.
    pub ambiguous: Option<String>,
}

impl Version {
    /// `model@version`.
    pub fn selector(&self) -> String {
        format!("{}@{}", self.model, self.version)
    }
}

/// A named line of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The model's name.
    pub name: String,
    /// A title for people; the name when nobody gave one.
    pub title: String,
    /// What it is (Markdown).
    pub description: Option<String>,
    /// People or teams who answer for it.
    pub owners: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Links.
    pub links: Vec<Link>,
    /// Aliases to versions.
    pub aliases: BTreeMap<String, String>,
    /// Its versions, oldest first (natural order of their names).
    pub versions: Vec<Version>,
}

impl Model {
    /// The newest version.
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version of that name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|v| v.version == name)
    }

    /// The version before the given one.
    pub fn previous(&self, name: &str) -> Option<&Version> {
        let at = self.versions.iter().position(|v| v.version == name)?;
        at.checked_sub(1).map(|i| &self.versions[i])
    }
}

/// Everything that was read, linked and sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// The sources, in the order of the configuration.
    pub sources: Vec<SourceSummary>,
    /// Models by name.
    pub models: Vec<Model>,
    /// Runs by id.
    pub runs: Vec<Run>,
    /// Drift reports by id.
    pub drift: Vec<DriftReport>,
    /// Checks by id.
    pub checks: Vec<Check>,
    /// Cards by path, as read (versions hold their merged card).
    pub cards: Vec<Card>,
    /// Evidence by path.
    pub evidence: Vec<Evidence>,
    /// Files that nobody understood, sorted.
    pub unrecognised: Vec<String>,
    /// Findings, sorted.
    pub problems: Vec<Diagnostic>,
    /// What the metrics mean.
    pub catalogue: Catalogue,
}

/// Why a selector did not lead to exactly one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorError {
    /// No model of that name.
    NoModel {
        /// What was asked for.
        model: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The model has no such version, alias or stage.
    NoVersion {
        /// The model.
        model: String,
        /// What was asked for.
        version: String,
        /// The versions and aliases there are.
        known: Vec<String>,
    },
    /// The selector names no model and there is not exactly one.
    Unspecified {
        /// The names there are.
        known: Vec<String>,
    },
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |known: &[String]| if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        match self {
            Self::NoModel { model, known } => write!(f, "there is no model '{model}'; known models: {}", list(known)),
            Self::NoVersion { model, version, known } => {
                write!(f, "model '{model}' has no version '{version}'; known: {}", list(known))
            }
            Self::Unspecified { known } => {
                write!(f, "name a model, as in MODEL@VERSION; known models: {}", list(known))
            }
        }
    }
}

impl Registry {
    /// The model of that name.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.binary_search_by(|m| m.name.as_str().cmp(name)).ok().map(|i| &self.models[i])
    }

    /// Position of a run by id.
    pub fn run_index(&self, id: &str) -> Option<usize> {
        self.runs.binary_search_by(|r| r.id.as_str().cmp(id)).ok()
    }

    /// The run of a version.
    pub fn run_of(&self, version: &Version) -> Option<&Run> {
        version.run.map(|i| &self.runs[i])
    }

    /// The evidence of a version: the files of its run, then those that it shares.
    pub fn evidence_of<'a>(&'a self, version: &'a Version) -> impl Iterator<Item = &'a Evidence> {
        version.evidence.clone().chain(version.shared_evidence.iter().copied()).map(|i| &self.evidence[i])
    }

    /// The drift reports of a version, oldest window first.
    pub fn drift_of<'a>(&'a self, version: &'a Version) -> impl Iterator<Item = &'a DriftReport> {
        version.drift.iter().map(|i| &self.drift[*i])
    }

    /// The checks of a version.
    pub fn checks_of<'a>(&'a self, version: &'a Version) -> impl Iterator<Item = &'a Check> {
        version.checks.iter().map(|i| &self.checks[*i])
    }

    /// Resolves `churn`, `churn@1.4.0`, `churn@latest`, `churn@champion`, `churn@previous`, or
    /// `churn@production` (a stage) to a version. A version's own name wins over an alias, an alias
    /// over a stage, and both over `latest` and `previous`.
    ///
    /// # Errors
    /// When no model or version fits, or no model is named and there are several.
    pub fn select(&self, selector: &str) -> Result<&Version, SelectorError> {
        let known = || self.models.iter().map(|m| m.name.clone()).collect::<Vec<_>>();
        // Model names may hold '@': the longest model name that fits wins.
        let (model, version) = if let Some(model) = self.model(selector) {
            (model, None)
        } else {
            let mut found = None;
            for (at, _) in selector.rmatch_indices('@') {
                if let Some(model) = self.model(&selector[..at]) {
                    found = Some((model, Some(&selector[at + 1..])));
                    break;
                }
            }
            match found {
                Some(found) => found,
                None if selector.is_empty() && self.models.len() == 1 => (&self.models[0], None),
                None if selector.is_empty() => return Err(SelectorError::Unspecified { known: known() }),
                None => {
                    let name = selector.rsplit_once('@').map_or(selector, |(name, _)| name);
                    return Err(SelectorError::NoModel { model: name.to_owned(), known: known() });
                }
            }
        };
        let wanted = version.unwrap_or("latest");
        let found = model
            .version(wanted)
            .or_else(|| model.aliases.get(wanted).and_then(|v| model.version(v)))
            .or_else(|| model.versions.iter().rev().find(|v| v.stage.as_deref() == Some(wanted)))
            .or_else(|| match wanted {
                "latest" => model.latest(),
                "previous" => model.latest().and_then(|v| model.previous(&v.version)),
                _ => None,
            });
        found.ok_or_else(|| SelectorError::NoVersion {
            model: model.name.clone(),
            version: wanted.to_owned(),
            known: model.versions.iter().map(|v| v.version.clone()).chain(model.aliases.keys().cloned()).collect(),
        })
    }

    /// Overall results of a run whose metric is the given one, by canonical name.
    pub fn overall<'a>(&'a self, run: &'a Run, metric: &str) -> impl Iterator<Item = &'a MetricResult> + use<'a> {
        let canonical = self.catalogue.canonical(metric).to_owned();
        run.results.iter().filter(move |r| r.is_overall() && self.catalogue.canonical(&r.metric) == canonical)
    }
}
