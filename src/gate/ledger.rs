//! The ledger: which version was judged for which stage, when, and with what outcome. `promotions.jsonl`.
//!
//! In: the bytes of an append-only file in which every line names the digest of the line before it. Out: its
//! entries, or why the chain is broken: then nothing that rests on it can be judged. Lines are added, never
//! changed; `presscheck gate --record` adds them.

use serde::{Deserialize, Serialize};

use super::verdict::{Outcome, Verdict};
use crate::digest::Sha256;
use crate::model::Instant;

/// The file's name, beside the configuration.
pub const FILE_NAME: &str = "promotions.jsonl";

/// The schema's name.
pub const SCHEMA: &str = "presscheck.promotion/1";

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// The stage that it was judged for.
    pub stage: String,
    /// The outcome.
    pub verdict: Outcome,
    /// The outcome in one sentence.
    pub sentence: String,
    /// Digest over the version's evidence.
    pub subject: Sha256,
    /// Digest over the declared digests of its model files; where none are declared that of the evidence.
    pub artifact: Sha256,
    /// Digest of the policy that judged.
    pub policy: Sha256,
    /// Digests of the evaluation data, sorted.
    pub data: Vec<String>,
    /// When.
    pub at: Instant,
    /// Digest of the line before this one; nothing for the first.
    pub previous: Option<Sha256>,
}

/// All decisions, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The decisions, in the order of the file.
    pub entries: Vec<Entry>,
    /// Digest of the last line.
    last: Option<Sha256>,
    /// Why it cannot be trusted.
    pub broken: Option<String>,
}

impl Ledger {
    /// No decisions.
    pub const EMPTY: Self = Self { entries: Vec::new(), last: None, broken: None };

    /// A ledger that cannot be read.
    pub fn broken(why: String) -> Self {
        Self { broken: Some(why), ..Self::EMPTY }
    }

    /// Reads the file. A broken chain keeps the entries before the break, for people to look at.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut ledger = Self::default();
        let body = match bytes {
            [] => return ledger,
            [body @ .., b'\n'] => body,
            _ => {
                ledger.broken = Some("its last line is not complete".to_owned());
                return ledger;
            }
        };
        for (i, line) in body.split(|b| *b == b'\n').enumerate() {
            let line_number = i + 1;
            let entry: Entry = match serde_json::from_slice(line) {
                Ok(entry) => entry,
                Err(e) => {
                    ledger.broken = Some(format!("line {line_number} is no entry: {e}"));
                    return ledger;
                }
            };
            let why = if entry.schema != SCHEMA {
                Some(format!("line {line_number} is of an unknown schema"))
            } else if entry.previous != ledger.last {
                Some(format!(
                    "line {line_number} does not follow the line before it: a line was changed, added or removed"
                ))
            } else {
                None
            };
            if why.is_some() {
                ledger.broken = why;
                return ledger;
            }
            ledger.last = Some(Sha256::of(line));
            ledger.entries.push(entry);
        }
        ledger
    }

    /// The line that records a verdict, to be appended; it ends with a line break.
    ///
    /// # Errors
    /// When the ledger is broken: nothing can follow.
    pub fn line(&self, verdict: &Verdict) -> Result<Vec<u8>, String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let entry = Entry {
            schema: SCHEMA.to_owned(),
            model: verdict.subject.model.clone(),
            version: verdict.subject.version.clone(),
            stage: verdict.stage.clone(),
            verdict: verdict.verdict,
            sentence: verdict.sentence.clone(),
            subject: verdict.subject.digest,
            artifact: verdict.subject.artifact,
            policy: verdict.policy.digest,
            data: verdict.subject.data.clone(),
            at: verdict.evaluated_at,
            previous: self.last,
        };
        let mut line = serde_json::to_vec(&entry).map_err(|e| e.to_string())?;
        line.push(b'\n');
        Ok(line)
    }

    /// The decisions about a model, oldest first.
    pub fn of<'a>(&'a self, model: &'a str) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.entries.iter().filter(move |e| e.model == model)
    }

    /// The version that is in a stage: the last one that was let in.
    pub fn in_stage(&self, model: &str, stage: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .filter(|e| e.model == model)
            .find(|e| e.stage.eq_ignore_ascii_case(stage) && e.verdict.promotes())
    }

    /// Since when an artifact holds a stage without a decision to the contrary: the first of the passes that
    /// follow the last decision that was none.
    pub fn holds_since(&self, model: &str, stage: &str, artifact: Sha256) -> Option<&Entry> {
        let mut since = None;
        for entry in self.entries.iter().filter(|e| e.model == model && e.stage == stage && e.artifact == artifact) {
            match (entry.verdict.promotes(), since) {
                (true, None) => since = Some(entry),
                (true, Some(_)) => {}
                (false, _) => since = None,
            }
        }
        since
    }

    /// Whether the evidence of a version ever passed, at any stage, and was not refused later at that stage.
    pub fn has_passed(&self, model: &str, subject: Sha256) -> bool {
        let mut last: std::collections::BTreeMap<&str, bool> = std::collections::BTreeMap::new();
        for entry in self.of(model).filter(|e| e.subject == subject) {
            last.insert(&entry.stage, entry.verdict.promotes());
        }
        last.values().any(|passed| *passed)
    }

    /// How many decisions rested on data of a digest.
    pub fn uses(&self, digest: &str) -> usize {
        self.entries.iter().filter(|e| e.data.iter().any(|d| d == digest)).count()
    }
}
