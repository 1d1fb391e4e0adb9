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

/// What was handed in, and the keys that may sign.
#[derive(Clone, Debug, Default)]
pub struct Submitted {
    /// Statements, in the order of their files.
    pub statements: Vec<Submission>,
    /// Why the folder of statements could not be read.
    pub unreadable: Option<String>,
    /// The keys; nothing when there is no such file, `Err` says why it cannot be read.
    pub signers: Option<Result<SignersFile, String>>,
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
    for submission in &submitted.statements {
        match admission.admit(submission) {
            Ok(Some((candidate, bytes))) => {
                let evidence = Evidence { path: candidate.file.clone(), sha256: candidate.sha256, bytes };
                out.evidence.push(evidence);
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
    /// A candidate and the size of its file; nothing for a sound statement about something else.
    fn admit(&self, submission: &Submission) -> Result<Option<(Candidate, u64)>, String> {
        let bytes = submission.statement.as_ref().map_err(|why| visible(why, 300))?;
        let armour = submission.signature.as_ref().map_err(|why| visible(why, 300))?;
        let namespace = &self.approvals.namespace;
        let key = signature::signer(bytes, armour, self.signers, namespace)?;
        // Only what was verified is looked at.
        let statement = Statement::parse(bytes)?;
        if statement.subject != self.verdict.subject.name || statement.stage != self.verdict.stage {
            return Ok(None);
        }
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
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let key = signature::fingerprint(key);
        let (file, sha256) = (submission.file.clone(), Sha256::of(bytes));
        Ok(Some((Candidate { statement, file, sha256, key, key_ended }, size)))
    }
}

/// The latest moment before `limit` at which somebody who may sign says to have signed: a site that shows approvals
/// is as of no earlier one.
pub fn last_issued(approvals: &Approvals, submitted: &Submitted, limit: Instant) -> Option<Instant> {
    let Some(Ok(file)) = &submitted.signers else { return None };
    let issued = submitted.statements.iter().filter_map(|submission| {
        let (bytes, armour) = (submission.statement.as_ref().ok()?, submission.signature.as_ref().ok()?);
        signature::signer(bytes, armour, &file.signers, &approvals.namespace).ok()?;
        Some(Statement::parse(bytes).ok()?.issued_at)
    });
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
