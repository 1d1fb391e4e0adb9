//! The verdict: what was judged, by which policy, and what each rule says. `presscheck.verdict/1`.
//!
//! In: nothing; these are the types that `evaluate` fills. Out: the one value from which every
//! writer and the verdict page render. Keys are written in the order of the fields, numbers
//! non-finite ones included as the inspect contract writes them, so equal inputs give equal bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::model::{Evidence, Finite, Instant, Interval, Measured};

/// The schema's name.
pub const SCHEMA: &str = "presscheck.verdict/1";

/// The outcome of the whole gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum Outcome {
    Pass,
    PassWithWarnings,
    PassWithWaivers,
    Pending,
    Blocked,
    /// Nothing was evaluated, or the evidence is ambiguous or unreadable.
    Error,
}

impl Outcome {
    /// The name in the verdict file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::PassWithWarnings => "pass_with_warnings",
            Self::PassWithWaivers => "pass_with_waivers",
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Error => "error",
        }
    }

    /// Whether the version may be promoted.
    pub const fn promotes(self) -> bool {
        matches!(self, Self::Pass | Self::PassWithWarnings | Self::PassWithWaivers)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::PassWithWarnings => "pass with warnings",
            Self::PassWithWaivers => "pass with waivers",
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Error => "error",
        })
    }
}

/// What one rule says about one thing (the whole, a slice, a feature, a section).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum Status {
    Pass,
    Warn,
    Fail,
    Inconclusive,
    Invalid,
    Waived,
    Skipped,
}

impl Status {
    /// The name in the verdict file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
            Self::Waived => "waived",
            Self::Skipped => "skipped",
        }
    }
}

/// How much a rule matters at the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum RuleSeverity {
    Info,
    Warn,
    Block,
}

impl RuleSeverity {
    /// The name in the verdict file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// The kind of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum RuleKind {
    Metric,
    Drift,
    Card,
    Tests,
    Gap,
    Ratchet,
    Fresh,
    Digest,
    /// Not a rule of the policy: what the stage demands of a version before it may be judged for it.
    Stage,
    /// Not a rule of the policy: what is wrong with waivers.
    Waiver,
    /// Not a rule of the policy: whose signatures are there, and whose are not.
    Approval,
    /// Not a rule of the policy: the gate's own record of evidence that could not be read.
    Evidence,
}

impl RuleKind {
    /// The name in policies and verdicts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Drift => "drift",
            Self::Card => "card",
            Self::Tests => "tests",
            Self::Gap => "gap",
            Self::Ratchet => "ratchet",
            Self::Fresh => "fresh",
            Self::Digest => "digest",
            Self::Stage => "stage",
            Self::Waiver => "waiver",
            Self::Approval => "approval",
            Self::Evidence => "evidence",
        }
    }
}

/// Where the clock came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// The system's clock when the gate ran.
    Wall,
    /// `--as-of`.
    AsOf,
}

/// The tool that judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// `presscheck`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// `model@version`.
    pub name: String,
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// Digest over the version's evidence.
    pub digest: Sha256,
    /// Digest over the declared digests of its model files; where none are declared that of the evidence. It
    /// stays the same when further evidence about the same model arrives.
    pub artifact: Sha256,
    /// Digests of the evaluation data, sorted.
    pub data: Vec<String>,
}

/// A file of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyFile {
    /// The file.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256,
}

/// The policy that judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyIdentity {
    /// Its name.
    pub name: String,
    /// Digest over the keys that can change a verdict.
    pub digest: Sha256,
    /// Its files.
    pub files: Vec<PolicyFile>,
    /// The ref that it was read from, when not the work tree.
    pub trusted_ref: Option<String>,
}

/// The run that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The run's id.
    pub run: Option<String>,
    /// Digest over its evidence.
    pub digest: Sha256,
}

/// A baseline that rules compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaselineRecord {
    /// The baseline's id in the policy.
    pub id: String,
    /// The version that it led to.
    pub version: Option<String>,
    /// The run that it led to.
    pub run: Option<String>,
    /// Digest over its evidence.
    pub digest: Option<Sha256>,
    /// Whether it can be compared with.
    pub comparable: bool,
    /// Why not.
    pub why: Option<String>,
}

/// The baseline's side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaselineValue {
    /// The baseline's id in the policy.
    pub id: String,
    /// The version that it led to.
    pub version: String,
    /// The run that it led to.
    pub run: Option<String>,
    /// Its value.
    pub value: Option<Measured>,
}

/// An interval around a value or a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntervalRecord {
    /// Lower end, same unit as the value.
    pub lower: Finite,
    /// Upper end, same unit as the value.
    pub upper: Finite,
    /// Confidence, in (0, 1): of both ends together, or of each of them where `side` is `one`.
    pub level: Finite,
    /// `two` where both ends hold together at the level, `one` where each does by itself.
    pub side: &'static str,
    /// `value`, or `difference` to the baseline's value.
    pub of: &'static str,
    /// How it was computed; nothing for one that the evidence brought along.
    pub method: Option<&'static str>,
    /// The key of the random streams, where any were used.
    pub seed: Option<Sha256>,
    /// How many clusters were resampled.
    pub clusters: Option<u64>,
}

impl From<Interval> for IntervalRecord {
    /// One that the evidence brought along.
    fn from(interval: Interval) -> Self {
        let Interval { lower, upper, level } = interval;
        Self { lower, upper, level, side: "two", of: "value", method: None, seed: None, clusters: None }
    }
}

/// The family of a multiple comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FamilyRecord {
    /// Its name: the rule's own id where it names none.
    pub id: String,
    /// How many comparisons it has.
    pub size: usize,
    /// The correction.
    pub correction: &'static str,
    /// The p-value of "worse than allowed" of this record alone.
    pub p: Finite,
    /// The same, corrected.
    pub adjusted_p: Finite,
}

/// The place of a rule in the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSpan {
    /// The file.
    pub file: String,
    /// 1-based first line.
    pub line: u32,
    /// 1-based column.
    pub col: u32,
    /// 1-based last line.
    pub end_line: u32,
}

impl Verdict {
    /// Adds files that were read for the verdict beyond those of the version.
    pub fn add_evidence(&mut self, files: Vec<Evidence>) {
        self.evidence.extend(files);
        self.evidence.sort();
        self.evidence.dedup();
    }
}

/// What one rule says about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRecord {
    /// The rule's id.
    pub id: String,
    /// Its kind.
    pub check: RuleKind,
    /// How much it matters at this stage.
    pub severity: RuleSeverity,
    /// What it says.
    pub status: Status,
    /// Why, as a stable word: `below-bound`, `missing`, `nonfinite`, `empty-match`, …
    pub reason: String,
    /// Why, as a sentence with the numbers.
    pub message: String,
    /// The metric, method or section it speaks of.
    pub metric: Option<String>,
    /// The dataset.
    pub dataset: Option<String>,
    /// The slice as text, or the drift feature, window, check; empty for the whole.
    pub target: String,
    /// The value.
    pub value: Option<Measured>,
    /// The comparison: `>=`, `<=`, `>`, `<`, `==`, `within`; `deviation <=`, `deviation >=` compare
    /// the distance to the metric's target instead of the value.
    pub op: Option<String>,
    /// The bound that the value was compared with.
    pub bound: Option<Measured>,
    /// Signed distance to the bound in the good direction: negative when it fails.
    pub margin: Option<Measured>,
    /// How many examples the value was measured on.
    pub n: Option<u64>,
    /// The interval that decided, or else the one that the evidence gives around the value.
    pub interval: Option<IntervalRecord>,
    /// The baseline's side.
    pub baseline: Option<BaselineValue>,
    /// The family of comparisons that was corrected for its size.
    pub family: Option<FamilyRecord>,
    /// The waiver that covers it.
    pub waiver: Option<String>,
    /// Where the value was read.
    pub source: Option<String>,
    /// The rule's reason of being, as the policy says.
    pub why: Option<String>,
    /// The rule's place in the policy.
    pub span: RuleSpan,
}

impl RuleRecord {
    /// Whether this record keeps the version from being promoted.
    pub fn blocks(&self) -> bool {
        self.severity == RuleSeverity::Block
            && matches!(self.status, Status::Fail | Status::Invalid | Status::Inconclusive)
    }

    /// Whether this record is a warning.
    pub fn warns(&self) -> bool {
        self.status == Status::Warn
            || (self.severity == RuleSeverity::Warn
                && matches!(self.status, Status::Fail | Status::Invalid | Status::Inconclusive))
    }

    /// `rule-id` or `rule-id [target]`: unique within a verdict.
    pub fn name(&self) -> String {
        if self.target.is_empty() { self.id.clone() } else { format!("{} [{}]", self.id, self.target) }
    }
}

/// The policy of the change under test: how it differs from the one that judged, and what it would have said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// Its digest; nothing when it is refused.
    pub policy: Option<Sha256>,
    /// How it differs, a sentence each.
    pub changes: Vec<String>,
    /// The outcome it would have led to.
    pub verdict: Outcome,
    /// That outcome in one sentence, or why there is none.
    pub sentence: String,
    /// The names of the records that would have blocked.
    pub blocking: Vec<String>,
}

impl Proposed {
    /// A policy that cannot judge.
    pub fn refused(why: String) -> Self {
        Self { policy: None, changes: Vec::new(), verdict: Outcome::Error, sentence: why, blocking: Vec::new() }
    }

    /// A policy and the verdict that it leads to, or why it leads to none.
    pub fn new(policy: Sha256, changes: Vec<String>, outcome: Result<Verdict, String>) -> Self {
        let refused = Self { policy: Some(policy), changes, ..Self::refused(String::new()) };
        match outcome {
            Err(why) => Self { sentence: why, ..refused },
            Ok(verdict) => Self {
                blocking: verdict.rules.iter().filter(|r| r.blocks()).map(RuleRecord::name).collect(),
                verdict: verdict.verdict,
                sentence: verdict.sentence,
                ..refused
            },
        }
    }
}

/// What became of a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaiverRecord {
    /// Its id.
    pub id: String,
    /// The rule that it is an exception from.
    pub rule: String,
    /// What became of it.
    pub state: WaiverState,
    /// How many records it covers.
    pub used: usize,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// Its first day.
    pub created: String,
    /// Its last day.
    pub expires: String,
    /// Whole days until it ends; negative when it has.
    pub days_left: i64,
    /// The value that is too bad even so.
    pub floor: Option<Finite>,
    /// Its place in the policy.
    pub span: RuleSpan,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It covers a record.
    Used,
    /// It holds and covers nothing: the rule passes, or nothing fits.
    Unused,
    /// Another waiver covers everything that it would.
    Redundant,
    /// Its last day is over.
    Expired,
    /// Its first day has not come.
    NotYet,
    /// It is for another model, stage or evidence.
    Elsewhere,
}

/// An approval that the policy asks for, and who has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalRecord {
    /// Its id.
    pub id: String,
    /// Whether every seat is filled and nobody objects.
    pub satisfied: bool,
    /// The seats.
    pub need: Vec<Seats>,
    /// The seats that are filled.
    pub have: Vec<Signed>,
    /// Signatures that are for something else by now, of members that fill no seat; the latest of each.
    pub stale: Vec<Stale>,
    /// Members who object.
    pub rejected: Vec<Signed>,
    /// The seats that are not filled.
    pub missing: Vec<Missing>,
    /// What a signature must be over, with its digest now.
    pub binds: Vec<Bound>,
    /// Who made the run or its card, as far as the evidence says; they fill no seat. Nothing when that is allowed.
    pub authors: Vec<String>,
    /// Its place in the policy.
    pub span: RuleSpan,
}

/// Seats of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seats {
    /// The role.
    pub role: String,
    /// How many.
    pub count: usize,
}

/// Seats of a role that nobody fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The role.
    pub role: String,
    /// How many.
    pub count: usize,
    /// Its members who could fill them.
    pub who: Vec<String>,
}

/// Something that a signature must be over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// `model`, `run`, `card`, `policy`, `dataset`, `baseline`, or `rules`: what the rules say.
    pub what: &'static str,
    /// Its digest now.
    pub sha256: Sha256,
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// Who signed.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When, as the statement says.
    pub at: Instant,
    /// Until when it counts.
    pub expires: Option<Instant>,
    /// What they say.
    pub comment: String,
    /// The statement's file.
    pub file: String,
    /// Its digest.
    pub sha256: Sha256,
    /// The fingerprint of the key.
    pub key: String,
}

/// A signature that no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Who signed.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When, as the statement says.
    pub at: Instant,
    /// `approved` or `rejected`.
    pub decision: &'static str,
    /// What changed since: what it is bound to, `rules`, or that it is `expired` or `too old`.
    pub changed: Vec<&'static str>,
    /// The statement's file.
    pub file: String,
}

/// A statement that does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotCounted {
    /// The statement's file.
    pub file: String,
    /// Why.
    pub why: String,
}

/// How many records have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is its own name")]
pub struct Counts {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub inconclusive: usize,
    pub invalid: usize,
    pub waived: usize,
    pub skipped: usize,
}

/// The verdict over one version at one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The tool.
    pub tool: Tool,
    /// When it was evaluated.
    pub evaluated_at: Instant,
    /// Where that time came from.
    pub clock: Clock,
    /// Where the gate ran, when continuous integration says so. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<super::provenance::Provenance>,
    /// What the policy of the change under test would have said, where it is not the one that judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposed>,
    /// The stage it was evaluated for.
    pub stage: String,
    /// The outcome.
    pub verdict: Outcome,
    /// The exit code that belongs to it.
    pub exit_code: u8,
    /// The outcome in one sentence.
    pub sentence: String,
    /// What was judged.
    pub subject: Subject,
    /// By which policy.
    pub policy: PolicyIdentity,
    /// The run.
    pub candidate: Candidate,
    /// The baselines.
    pub baselines: Vec<BaselineRecord>,
    /// What each rule says, blocking ones first.
    pub rules: Vec<RuleRecord>,
    /// The approvals that the policy asks for, in its order.
    pub approvals: Vec<ApprovalRecord>,
    /// Statements of approval that do not count, by file; none that are for another version or stage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<NotCounted>,
    /// The waivers of the policy, by id.
    pub waivers: Vec<WaiverRecord>,
    /// How many records have each status.
    pub counts: Counts,
    /// The evidence of the version.
    pub evidence: Vec<Evidence>,
}
