//! Approvals: which of the signed statements that were handed in fill the seats that the policy asks for.
//!
//! In: statements with their signatures, the keys that may sign, and a verdict whose rules are judged. Out: one record
//! per approval, findings for the verdict, and why statements do not count. A statement can fill a seat or object;
//! nothing in one can make a rule hold. What is wrong with a statement is said and never stops anything: else anyone
//! could, by dropping a file.

mod authors;
mod binds;
pub(in crate::gate) mod seats;
mod signature;
mod signers;
mod statement;
mod strict;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

pub use binds::{Digests, RULES};
pub use signers::Signers;
pub use statement::{Decision, PREDICATE_TYPE, STATEMENT_TYPE, Statement};
pub(in crate::gate) use tally::{MISSING, what_changed};

use rayon::prelude::*;
use ssh_key::PublicKey;

use self::signers::Barred;
use self::tally::Tally;
use super::policy::{Approvals, Policy};
use super::rules::Finding;
use super::verdict::{ApprovalRecord, NotCounted, PolicyFile, RuleSpan, Verdict};
use crate::diag::visible;
use crate::digest::Sha256;
use crate::model::{Evidence, Instant, Registry, Run, Version};

/// How far a reviewer's clock may be ahead, in seconds.
const AHEAD: i64 = 300;

/// What was handed in, and the keys that may sign. Signatures are verified once, however many versions are judged.
#[derive(Clone, Debug, Default)]
pub struct Submitted {
    statements: Vec<Submission>,
    /// What became of each statement.
    checked: Vec<Result<Checked, String>>,
    unreadable: Option<String>,
    signers: Option<Result<SignersFile, String>>,
}

impl Submitted {
    /// Nothing was handed in, and nobody may sign.
    pub const NONE: Self = Self { statements: Vec::new(), checked: Vec::new(), unreadable: None, signers: None };

    /// Verifies what was handed in. `signers` is nothing when there is no such file, `Err` says why it cannot be read;
    /// `statements` is `Err` when their folder cannot be read.
    pub fn new(
        namespace: &str,
        statements: Result<Vec<Submission>, String>,
        signers: Option<Result<SignersFile, String>>,
    ) -> Self {
        let (statements, unreadable) = match statements {
            Ok(statements) => (statements, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let none = Signers::default();
        let keys = match &signers {
            Some(Ok(file)) => &file.signers,
            _ => &none,
        };
        let checked = statements.par_iter().map(|s| Checked::new(s, keys, namespace)).collect();
        Self { statements, checked, unreadable, signers }
    }

    /// The same keys, and other statements.
    pub(super) fn with(&self, namespace: &str, statements: Vec<Submission>) -> Self {
        Self::new(namespace, Ok(statements), self.signers.clone())
    }

    /// The file of signers; nothing when there is none, `Err` says why it cannot be read.
    pub fn signers(&self) -> Option<&Result<SignersFile, String>> {
        self.signers.as_ref()
    }

    /// Why the folder of statements could not be read.
    pub fn unreadable(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }
}

/// A statement whose signature is by a key that is known.
#[derive(Clone, Debug)]
struct Checked {
    statement: Statement,
    key: PublicKey,
    fingerprint: String,
    sha256: Sha256,
    bytes: u64,
}

impl Checked {
    fn new(submission: &Submission, signers: &Signers, namespace: &str) -> Result<Self, String> {
        let bytes = submission.statement.as_ref().map_err(|why| visible(why, 300))?;
        let armour = submission.signature.as_ref().map_err(|why| visible(why, 300))?;
        let key = signature::signer(bytes, armour, signers, namespace)?;
        // Only what was verified is looked at.
        Ok(Self {
            statement: Statement::parse(bytes)?,
            fingerprint: signature::fingerprint(key),
            key: key.clone(),
            sha256: Sha256::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        })
    }
}

/// A statement and its signature, as they were read.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The statement's file.
    pub file: String,
    /// Its bytes, or why there are none.
    pub statement: Result<Vec<u8>, String>,
    /// The bytes of the signature, or why there are none.
    pub signature: Result<Vec<u8>, String>,
}

/// The file of signers.
#[derive(Clone, Debug)]
pub struct SignersFile {
    /// The file.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256,
    /// What it says.
    pub signers: Signers,
}

impl SignersFile {
    /// Reads the file's bytes.
    pub fn new(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), sha256: Sha256::of(bytes), signers: Signers::parse(bytes) }
    }
}

/// A verified statement about the version and the stage, by somebody who may speak in its role.
#[derive(Clone, Debug)]
struct Candidate {
    statement: Statement,
    file: String,
    sha256: Sha256,
    key: String,
    /// The moment at which the key ceased to count, where that is over.
    key_ended: Option<Instant>,
}

/// What approvals say of a verdict.
pub(super) struct Judged {
    pub(super) records: Vec<ApprovalRecord>,
    pub(super) findings: Vec<(Finding, RuleSpan)>,
    pub(super) not_counted: Vec<NotCounted>,
    /// The statements that were weighed.
    pub(super) evidence: Vec<Evidence>,
    /// The file of signers.
    pub(super) signers: Option<PolicyFile>,
}

/// Judges the approvals that a stage needs for a version.
pub(super) fn judge(
    policy: &Policy,
    submitted: &Submitted,
    verdict: &Verdict,
    version: &Version,
    run: &Run,
    registry: &Registry,
) -> Judged {
    let mut out = Judged {
        records: Vec::new(),
        findings: Vec::new(),
        not_counted: Vec::new(),
        evidence: Vec::new(),
        signers: None,
    };
    let required: Vec<_> = policy.approvals.for_stage(&verdict.stage, &version.model).collect();
    if required.is_empty() {
        return out;
    }
    let none = Signers::default();
    let (signers, lacking) = match &submitted.signers {
        Some(Ok(file)) => {
            out.signers = Some(PolicyFile { path: file.path.clone(), sha256: file.sha256 });
            let lacking = file.signers.is_empty().then(|| format!("'{}' holds no key", visible(&file.path, 160)));
            (&file.signers, lacking)
        }
        Some(Err(why)) => (&none, Some(visible(why, 300))),
        None => {
            let path = visible(&policy.approvals.allowed_signers, 160);
            (&none, Some(format!("there is no file '{path}', so no signature can be verified")))
        }
    };
    let lacking = lacking.or_else(|| submitted.unreadable.as_ref().map(|why| visible(why, 300)));
    let roles: BTreeSet<&str> = required.iter().flat_map(|a| &a.need).map(|need| need.role.as_str()).collect();
    let admission = Admission { approvals: &policy.approvals, roles, signers, verdict };
    let mut candidates: Vec<Candidate> = Vec::new();
    for (submission, checked) in submitted.statements.iter().zip(&submitted.checked) {
        match admission.admit(&submission.file, checked) {
            Ok(Some(candidate)) => {
                let bytes = checked.as_ref().map_or(0, |checked| checked.bytes);
                out.evidence.push(Evidence { path: candidate.file.clone(), sha256: candidate.sha256, bytes });
                candidates.push(candidate);
            }
            Ok(None) => {}
            Err(why) => out.not_counted.push(NotCounted { file: submission.file.clone(), why }),
        }
    }
    let digests = Digests::of(verdict, version, registry);
    let authors = authors::of(run, version);
    for approval in required {
        let tally = Tally {
            approval,
            approvals: &policy.approvals,
            digests: &digests,
            authors: &authors,
            at: verdict.evaluated_at,
        };
        let (record, finding, more) = tally.count(&candidates, lacking.as_deref());
        out.findings.push((finding, approval.span.clone()));
        out.records.push(record);
        out.not_counted.extend(more);
    }
    out.not_counted.sort();
    out.not_counted.dedup();
    out
}

/// Which statements are weighed at all.
struct Admission<'a> {
    approvals: &'a Approvals,
    /// The roles that are asked for.
    roles: BTreeSet<&'a str>,
    signers: &'a Signers,
    verdict: &'a Verdict,
}

impl Admission<'_> {
    /// A candidate; nothing for a sound statement about something else.
    fn admit(&self, file: &str, checked: &Result<Checked, String>) -> Result<Option<Candidate>, String> {
        let Checked { statement, key, fingerprint, sha256, .. } = checked.as_ref().map_err(Clone::clone)?;
        if statement.subject != self.verdict.subject.name || statement.stage != self.verdict.stage {
            return Ok(None);
        }
        let namespace = &self.approvals.namespace;
        let at = self.verdict.evaluated_at;
        let (reviewer, role) = (visible(&statement.reviewer, 100), visible(&statement.role, 80));
        let key_ended = match self.signers.may(key.key_data(), &statement.reviewer, namespace, at) {
            Ok(()) => None,
            // An objection does not go away because a key has run out: time must never help a version.
            Err(Barred::Expired(end)) if statement.decision == Decision::Rejected && statement.issued_at <= end => {
                Some(end)
            }
            Err(Barred::Expired(end)) => return Err(format!("the key of {reviewer} ended at {}", end.minute())),
            Err(Barred::Early(from)) => return Err(format!("the key of {reviewer} counts from {}", from.minute())),
            Err(Barred::Namespace) => {
                return Err(format!("the key of {reviewer} may not sign for '{}'", visible(namespace, 80)));
            }
            Err(Barred::Principal) => return Err(format!("it is signed with a key that is not {reviewer}'s")),
        };
        if statement.issued_at.seconds() > at.seconds().saturating_add(AHEAD) {
            return Err(format!(
                "it says that it was issued at {}, which is yet to come",
                statement.issued_at.minute()
            ));
        }
        if !self.roles.contains(statement.role.as_str()) {
            return Err(format!("no approval of this stage asks for the role '{role}'"));
        }
        if !self.approvals.members(&statement.role).contains(&statement.reviewer) {
            return Err(format!("{reviewer} is no member of the role '{role}'"));
        }
        Ok(Some(Candidate {
            statement: statement.clone(),
            file: file.to_owned(),
            sha256: *sha256,
            key: fingerprint.clone(),
            key_ended,
        }))
    }
}

/// The latest moment before `limit` at which somebody who may sign says to have signed: a site that shows approvals
/// is as of no earlier one.
pub fn last_issued(submitted: &Submitted, limit: Instant) -> Option<Instant> {
    let issued = submitted.checked.iter().filter_map(|checked| Some(checked.as_ref().ok()?.statement.issued_at));
    issued.filter(|at| *at <= limit).max()
}

/// The last statement of a reviewer about a model, verified or not: to tell a reviewer what changed since.
pub fn last_of<'s>(submitted: &'s Submitted, reviewer: &str, model: &str, stage: &str) -> Option<(&'s str, Statement)> {
    let found = submitted.statements.iter().filter_map(|submission| {
        let statement = Statement::parse(submission.statement.as_ref().ok()?).ok()?;
        let about = statement.subject.rsplit_once('@').is_some_and(|(name, _)| name == model);
        let mine = statement.reviewer == reviewer && statement.stage == stage && about;
        mine.then_some((submission.file.as_str(), statement))
    });
    found.max_by(|(a_file, a), (b_file, b)| (a.issued_at, a_file).cmp(&(b.issued_at, b_file)))
}

/// What a statement is over that is not so any more, in words of the policy; `rules` among them.
pub fn changed_since(statement: &Statement, digests: &Digests) -> Vec<&'static str> {
    digests.changed(&super::policy::Bind::ALL, &statement.binds, statement.verdict)
}

/// Groups by a key, in the order of the keys.
fn grouped<'c, K: Ord>(
    candidates: impl Iterator<Item = &'c Candidate>,
    key: impl Fn(&'c Candidate) -> K,
) -> BTreeMap<K, Vec<&'c Candidate>> {
    let mut out: BTreeMap<K, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        out.entry(key(candidate)).or_default().push(candidate);
    }
    out
}
