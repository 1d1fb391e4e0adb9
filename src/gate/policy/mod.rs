//! The policy: rules, baselines, stages and defaults, as typed and as validated.
//!
//! In: [`RawPolicy`], the policy keys as typed with their places, and the metrics catalogue. Out:
//! [`Policy`], which only [`validate()`] makes, or every diagnostic that stands against it, each at its
//! line. A key that would be ignored is refused: a policy must not promise what nobody checks.

mod approval;
mod changes;
pub(crate) mod explain;
pub(crate) mod inherit;
mod lint;
mod places;
pub(crate) mod raw;
pub(crate) mod reader;
mod validate;
mod waiver;

use std::collections::BTreeMap;

use serde::Serialize;

use super::levels::Levels;
pub use super::pattern::Pattern;
pub use super::rules::card::cfg::{CardRule, SectionDemand};
pub use super::rules::digest::cfg::{DigestRule, Identified, Verify};
pub use super::rules::drift::cfg::DriftRule;
pub use super::rules::fresh::cfg::{Age, Dated, FreshRule};
pub use super::rules::gap::cfg::GapRule;
pub use super::rules::metric::cfg::{Allowance, Bound, MetricRule, Relative, SlicePattern, Slices};
pub use super::rules::metric::proof::{Correction, Method as ProofMethod, Mode, Proof};
pub use super::rules::metric::repeats::{Aggregate, Repeats};
pub use super::rules::ratchet::cfg::RatchetRule;
pub use super::rules::tests::cfg::TestsRule;
use super::verdict::{PolicyFile, PolicyIdentity, RuleKind, RuleSeverity, RuleSpan, Status};
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::Sha256;
use crate::model::Registry;
pub use approval::{Approval, Approvals, Bind, Need};
pub use changes::changes;
pub use explain::{approval as explain_approval, explain};
pub use lint::lint;
pub use places::{Places, Resolved, resolved};
pub use raw::{RawApproval, RawApprovals, RawBaseline, RawDefaults, RawPolicy, RawRole, RawRule, RawStage, RawWaiver};
pub use validate::validate;
pub(crate) use validate::{Context, read_pattern, read_patterns, validate_below};
pub use waiver::{Matching, Waiver, WaiverLimits};

/// The stage of a policy that defines none.
pub const DEFAULT_STAGE: &str = "default";

/// The id of the record that the gate adds itself when evidence could not be read.
pub const EVIDENCE_RULE: &str = "evidence";

/// The id of the records that the gate adds about the way to a stage.
pub const STAGE_RULE: &str = "stage";

/// The id of the records that the gate adds about waivers.
pub const WAIVER_RULE: &str = "waivers";

/// The id of the records that the gate adds about approvals.
pub const APPROVAL_RULE: &str = "approvals";

/// A validated policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policy {
    /// Its name, shown in every verdict.
    pub name: String,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// The baselines by id.
    pub baselines: BTreeMap<String, Baseline>,
    /// The stages, in the order of the file.
    pub stages: Vec<Stage>,
    /// What waivers are allowed to be.
    pub waiver_limits: WaiverLimits,
    /// The waivers, by id.
    pub waivers: Vec<Waiver>,
    /// Whose signatures are needed.
    #[serde(skip_serializing_if = "Approvals::is_empty")]
    pub approvals: Approvals,
    /// What models have sustained, for ratchet rules.
    pub levels: Levels,
    /// Digest over everything above: layout, comments and places of the file do not change it.
    #[serde(skip)]
    pub digest: Sha256,
    /// The files it was read from.
    #[serde(skip)]
    pub files: Vec<PolicyFile>,
    /// The ref that it was read from, when not the work tree; `cli` sets it.
    #[serde(skip)]
    pub trusted_ref: Option<String>,
    /// What is allowed but probably not meant.
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
    /// Where its keys stand.
    #[serde(skip)]
    pub places: Places,
}

impl Policy {
    /// The names of the stages; never empty.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|s| s.name.as_str())
    }

    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.name == name)
    }

    /// The policy with the levels that its ratchet rules compare with, read from a file of their own.
    ///
    /// # Errors
    /// When the policy cannot be identified any more, which does not happen.
    pub fn with_levels(mut self, levels: Levels, file: PolicyFile) -> Result<Self, Box<Diagnostic>> {
        self.levels = levels;
        self.files.push(file);
        self.identified()
    }

    /// With the digest of what it says.
    fn identified(mut self) -> Result<Self, Box<Diagnostic>> {
        match serde_json::to_vec(&self) {
            Ok(canonical) => {
                self.digest = Sha256::of(&canonical);
                Ok(self)
            }
            Err(e) => Err(Box::new(
                Diagnostic::new(Code::ConfigValue, format!("the policy cannot be identified: {e}")).at(self
                    .files
                    .first()
                    .map(|f| f.path.clone())
                    .unwrap_or_default()),
            )),
        }
    }

    /// The rules that hold for a model.
    pub fn rules_for<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |r| r.applies_to(model))
    }

    /// How the verdict names it.
    pub fn identity(&self) -> PolicyIdentity {
        PolicyIdentity {
            name: self.name.clone(),
            digest: self.digest,
            files: self.files.clone(),
            trusted_ref: self.trusted_ref.clone(),
        }
    }

    /// Patterns under `models` that fit no model that was read: perhaps a typo, perhaps a model whose
    /// runs are elsewhere. The gate cannot tell, so it is a warning for `check` and `build` to show.
    pub fn unmatched_models(&self, registry: &Registry) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        for rule in &self.rules {
            for pattern in rule.models.iter().filter(|p| !registry.models.iter().any(|m| p.matches(&m.name))) {
                out.push(
                    Diagnostic::new(
                        Code::PolicyUnknownReference,
                        format!(
                            "rule '{}' names the model '{}', which was not read",
                            rule.id,
                            visible(pattern.as_str(), 80)
                        ),
                    )
                    .severity(crate::diag::Severity::Warning)
                    .at(rule.span.file.clone())
                    .at_line(rule.span.line, rule.span.col)
                    .help("a rule that fits no model judges nothing: check the spelling"),
                );
            }
        }
        out
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Its id: stable, part of reports and waivers.
    pub id: String,
    /// The models it holds for; empty for all.
    pub models: Vec<Pattern>,
    /// How much it matters at each stage; every stage has an entry.
    pub severity: BTreeMap<String, RuleSeverity>,
    /// What becomes of values that cannot be judged.
    pub on: Treatments,
    /// Whether a waiver may cover it.
    pub waivable: bool,
    /// What policies that inherit it may do to it.
    pub lock: Lock,
    /// Why it exists, for people.
    pub why: Option<String>,
    /// What it demands.
    pub demand: Demand,
    /// Its place in the policy.
    #[serde(skip)]
    pub span: RuleSpan,
}

impl Rule {
    /// Whether it holds for a model.
    pub fn applies_to(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|p| p.matches(model))
    }

    /// How much it matters at a stage; a stage that the policy does not know gets the strictest.
    pub fn severity_at(&self, stage: &str) -> RuleSeverity {
        self.severity.get(stage).copied().unwrap_or(RuleSeverity::Block)
    }

    /// Its kind.
    pub fn kind(&self) -> RuleKind {
        match self.demand {
            Demand::Metric(_) => RuleKind::Metric,
            Demand::Drift(_) => RuleKind::Drift,
            Demand::Card(_) => RuleKind::Card,
            Demand::Tests(_) => RuleKind::Tests,
            Demand::Gap(_) => RuleKind::Gap,
            Demand::Ratchet(_) => RuleKind::Ratchet,
            Demand::Fresh(_) => RuleKind::Fresh,
            Demand::Digest(_) => RuleKind::Digest,
        }
    }

    /// What it says of a metric: which one, on what data, on which slices.
    pub fn measured(&self) -> Option<&MetricRule> {
        match &self.demand {
            Demand::Metric(rule) => Some(rule),
            Demand::Gap(rule) => Some(&rule.of),
            Demand::Ratchet(rule) => Some(&rule.of),
            Demand::Drift(_) | Demand::Card(_) | Demand::Tests(_) | Demand::Fresh(_) | Demand::Digest(_) => None,
        }
    }

    /// The baseline it compares with.
    pub fn baseline(&self) -> Option<&str> {
        match &self.demand {
            Demand::Metric(rule) => rule.relative.as_ref().map(|r| r.baseline.as_str()),
            _ => None,
        }
    }
}

/// What a policy that inherits a rule may do to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lock {
    /// Nothing.
    None,
    /// Make it stricter.
    Tighten,
    /// Anything.
    Any,
}

/// What a rule demands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// Of a metric.
    Metric(Box<MetricRule>),
    /// Of drift reports.
    Drift(DriftRule),
    /// Of the model card.
    Card(CardRule),
    /// Of other tools' test suites.
    Tests(TestsRule),
    /// Of the spread between slices.
    Gap(Box<GapRule>),
    /// Of what the model has sustained before.
    Ratchet(Box<RatchetRule>),
    /// Of the age of evidence.
    Fresh(FreshRule),
    /// Of the identity of model, data and card.
    Digest(DigestRule),
}

/// What becomes of something that cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// It fails.
    Fail,
    /// It is a warning.
    Warn,
    /// It is left out, and listed as left out.
    Skip,
}

impl Treatment {
    pub(crate) const WORDS: &'static [(&'static str, Treatment)] =
        &[("fail", Self::Fail), ("warn", Self::Warn), ("skip", Self::Skip)];

    /// The word in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Skip => "skip",
        }
    }
}

/// The `on_…` keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Treatments {
    /// A metric that is not there.
    pub missing: Treatment,
    /// A value that is no number, out of range, or ambiguous.
    pub invalid: Treatment,
    /// No baseline, or a baseline without the value.
    pub no_baseline: Treatment,
    /// A pattern that matches nothing.
    pub empty: Treatment,
    /// Too few examples; `None` leaves the record inconclusive, which blocks.
    pub small_n: Option<Treatment>,
    /// Evidence that shows neither the one nor the other; `None` leaves the record inconclusive, which blocks.
    pub inconclusive: Option<Treatment>,
}

impl Default for Treatments {
    fn default() -> Self {
        Self {
            missing: Treatment::Fail,
            invalid: Treatment::Fail,
            no_baseline: Treatment::Fail,
            empty: Treatment::Fail,
            small_n: None,
            inconclusive: None,
        }
    }
}

/// A version to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// Which version.
    pub select: Select,
    /// What becomes of a model that has none yet.
    pub on_missing: OnMissing,
    /// What must be the same on both sides.
    pub same: Vec<Same>,
    /// Whether only versions count that passed the gate, by the ledger.
    pub only_passing: bool,
}

/// Which version a baseline is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Select {
    /// The version that an alias points at.
    Alias(String),
    /// The version that is in a stage.
    Stage(String),
    /// A version by name.
    Version(String),
    /// A run by id.
    Run(String),
    /// The version before the one that is judged.
    Previous,
    /// The version whose run has a tag: `key` or `key=value`.
    Tag(String),
    /// The version with the best value of a metric.
    Best(String),
    /// A file of metrics in the project.
    File(String),
    /// A file of metrics at a git ref: ref and path.
    Git(String, String),
}

impl std::fmt::Display for Select {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Alias(name) => write!(f, "alias {}", visible(name, 80)),
            Self::Stage(name) => write!(f, "stage {}", visible(name, 80)),
            Self::Version(name) => write!(f, "version {}", visible(name, 80)),
            Self::Run(name) => write!(f, "run {}", visible(name, 80)),
            Self::Previous => f.write_str("the previous version"),
            Self::Tag(tag) => write!(f, "the version tagged {}", visible(tag, 80)),
            Self::Best(metric) => write!(f, "the best version by {}", visible(metric, 80)),
            Self::File(path) => write!(f, "the file {}", visible(path, 120)),
            Self::Git(reference, path) => write!(f, "{} at {}", visible(path, 120), visible(reference, 80)),
        }
    }
}

/// What becomes of a model without a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// Its rules fail.
    Fail,
    /// Its rules are skipped for the first version of a model, and the verdict says so.
    Bootstrap,
}

/// What must be the same on both sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// The digest of the evaluation data.
    DatasetDigest,
    /// The split that the value was measured on.
    Split,
    /// The digest of the code that measured: the param or tag `eval_code_digest`.
    EvalCodeDigest,
    /// The tool that measured, and its version.
    Harness,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What blocks; `fail` and `invalid` always do.
    pub block_on: Vec<Status>,
    /// Stages that the same model files must have passed before.
    pub from: Vec<String>,
    /// How long ago.
    pub soak: Option<Age>,
    /// How many waivers a verdict may rest on.
    pub max_waivers: Option<u64>,
}
