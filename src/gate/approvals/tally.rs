//! Counting: which seats of one approval are filled, by whom, and who objects.
//!
//! In: an approval of the policy, candidates, what a signature must be over now, the authors and the time. Out: the
//! record, a finding, and why some candidates do not count here. A finding passes only when every seat is filled and
//! nobody objects; a missing seat is inconclusive, which waits, and an objection fails.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Decision, Digests, authors, grouped, seats};
use crate::diag::visible;
use crate::gate::policy::{Approval, Approvals};
use crate::gate::rules::{Finding, list};
use crate::gate::verdict::{ApprovalRecord, Bound, Missing, NotCounted, Seats, Signed, Stale, Status};
use crate::model::Instant;

/// The reason of a finding that only signatures can settle.
pub(in crate::gate) const MISSING: &str = "not-approved";
/// The reason of a finding about an objection.
const REJECTED: &str = "rejected";
/// Names of people in a sentence.
const NAMED: usize = 5;

/// What one approval is counted with.
pub(super) struct Tally<'a> {
    pub(super) approval: &'a Approval,
    pub(super) approvals: &'a Approvals,
    pub(super) digests: &'a Digests,
    pub(super) authors: &'a BTreeSet<String>,
    pub(super) at: Instant,
}

impl Tally<'_> {
    /// Counts. `lacking` says why no signature at all could be verified, if so.
    pub(super) fn count(
        &self,
        candidates: &[Candidate],
        lacking: Option<&str>,
    ) -> (ApprovalRecord, Finding, Vec<NotCounted>) {
        let mine: Vec<&Candidate> = candidates.iter().filter(|c| self.approval.needs(&c.statement.role)).collect();
        let current = |c: &Candidate| self.changed(c).is_empty();
        let rejected = self.objections(&mine);
        let last_no = |c: &Candidate| {
            let no = mine.iter().filter(|o| o.statement.decision == Decision::Rejected && current(o));
            no.filter(|o| o.statement.reviewer == c.statement.reviewer).map(|o| o.statement.issued_at).max()
        };
        let mut valid: Vec<&Candidate> = Vec::new();
        let mut aged: BTreeMap<&str, &'static str> = BTreeMap::new();
        let mut not_counted = Vec::new();
        let approving = mine.iter().copied().filter(|c| c.statement.decision == Decision::Approved && current(c));
        for latest in grouped(approving, seat_of).values().filter_map(|group| latest(group)) {
            if last_no(latest).is_some_and(|no| latest.statement.issued_at <= no) {
                continue;
            }
            if self.approval.not_author && authors::includes(self.authors, &latest.statement.reviewer) {
                let (who, id) = (visible(&latest.statement.reviewer, 100), visible(&self.approval.id, 80));
                let why = format!("{who} made the run or its card, and approval '{id}' wants somebody else");
                not_counted.push(NotCounted { file: latest.file.clone(), why });
            } else if let Some(why) = self.too_old(latest) {
                aged.insert(&latest.file, why);
            } else {
                valid.push(latest);
            }
        }
        valid.sort_by_key(|c| (c.statement.issued_at, &c.statement.reviewer, &c.file));
        let (have, missing) = self.seat(&valid, &rejected);
        let record = ApprovalRecord {
            id: self.approval.id.clone(),
            satisfied: missing.is_empty() && rejected.is_empty() && lacking.is_none(),
            need: self.approval.need.iter().map(|n| Seats { role: n.role.clone(), count: n.count }).collect(),
            stale: self.stale(&mine, &have, &rejected, &aged),
            have,
            rejected,
            missing,
            binds: self.bound(),
            authors: if self.approval.not_author { self.authors.iter().cloned().collect() } else { Vec::new() },
            span: self.approval.span.clone(),
        };
        let finding = finding(&record, lacking);
        (record, finding, not_counted)
    }

    fn changed(&self, candidate: &Candidate) -> Vec<&'static str> {
        let statement = &candidate.statement;
        self.digests.changed(&self.approval.binds, &statement.binds, statement.verdict)
    }

    /// Objections to what is judged now, the last of each reviewer, unless the same one has approved it since.
    fn objections(&self, mine: &[&Candidate]) -> Vec<Signed> {
        let about_this = mine.iter().copied().filter(|c| self.changed(c).is_empty());
        let mut out = Vec::new();
        for said in grouped(about_this, |c| &c.statement.reviewer).values() {
            let last = |decision: Decision| {
                let of: Vec<&Candidate> = said.iter().copied().filter(|c| c.statement.decision == decision).collect();
                latest(&of)
            };
            let lifted = |no: &Candidate| {
                last(Decision::Approved).is_some_and(|yes| yes.statement.issued_at > no.statement.issued_at)
            };
            out.extend(last(Decision::Rejected).filter(|no| !lifted(no)).map(signed));
        }
        out
    }

    /// Whether an approval has run out.
    fn too_old(&self, candidate: &Candidate) -> Option<&'static str> {
        let statement = &candidate.statement;
        if candidate.key_ended.is_some() || statement.expires_at.is_some_and(|end| self.at >= end) {
            return Some("expired");
        }
        let oldest = self.approval.max_age.as_ref().map(|age| self.at.before(age.length));
        oldest.is_some_and(|oldest| statement.issued_at < oldest).then_some("too old")
    }

    /// The seats that are filled and those that are not.
    fn seat(&self, valid: &[&Candidate], rejected: &[Signed]) -> (Vec<Signed>, Vec<Missing>) {
        let need = &self.approval.need;
        let names: Vec<(&str, &str)> = valid.iter().map(|c| (c.statement.reviewer.as_str(), c.key.as_str())).collect();
        let people = seats::people(&names);
        let groups: Vec<usize> = people.iter().copied().collect::<BTreeSet<usize>>().into_iter().collect();
        let of = |person: usize, role: &str| {
            let theirs = valid.iter().zip(&people).filter(|(_, p)| groups.get(person) == Some(p)).map(|(c, _)| *c);
            theirs.filter(|c| c.statement.role == role).min_by_key(|c| (c.statement.issued_at, &c.file))
        };
        let may: Vec<Vec<bool>> =
            (0..groups.len()).map(|p| need.iter().map(|n| of(p, &n.role).is_some()).collect()).collect();
        let counts: Vec<usize> = need.iter().map(|n| n.count).collect();
        let filled: Vec<Vec<usize>> = if self.approval.distinct {
            seats::assign(&counts, &may)
        } else {
            let able = |person: &usize, kind: usize| may.get(*person).is_some_and(|m| m.get(kind) == Some(&true));
            let fill = |(kind, count)| (0..groups.len()).filter(|p| able(p, kind)).take(count).collect();
            counts.iter().copied().enumerate().map(fill).collect()
        };
        let mut have: Vec<Signed> = Vec::new();
        for (seats, people) in need.iter().zip(&filled) {
            have.extend(people.iter().filter_map(|p| of(*p, &seats.role)).map(signed));
        }
        let mut missing = Vec::new();
        for (seats, people) in need.iter().zip(&filled) {
            let left = seats.count.saturating_sub(people.len());
            if left == 0 {
                continue;
            }
            let sits = |member: &String| {
                have.iter().any(|s| s.by == *member && (self.approval.distinct || s.role == seats.role))
            };
            let bars = |member: &String| {
                rejected.iter().any(|s| s.by == *member)
                    || (self.approval.not_author && authors::includes(self.authors, member))
            };
            let who = self.approvals.members(&seats.role).iter().filter(|m| !sits(m) && !bars(m)).cloned().collect();
            missing.push(Missing { role: seats.role.clone(), count: left, who });
        }
        (have, missing)
    }

    /// The last word of each member that is for something else by now, of those who neither sit nor object.
    fn stale(
        &self,
        mine: &[&Candidate],
        have: &[Signed],
        rejected: &[Signed],
        aged: &BTreeMap<&str, &'static str>,
    ) -> Vec<Stale> {
        let settled = |c: &Candidate| {
            let (by, role) = (&c.statement.reviewer, &c.statement.role);
            have.iter().any(|s| s.by == *by && s.role == *role) || rejected.iter().any(|s| s.by == *by)
        };
        let groups = grouped(mine.iter().copied().filter(|c| !settled(c)), seat_of);
        let last = groups.values().filter_map(|group| latest(group));
        let stale = last.filter_map(|c| {
            let mut changed = self.changed(c);
            changed.extend(aged.get(c.file.as_str()));
            (!changed.is_empty()).then(|| Stale {
                by: c.statement.reviewer.clone(),
                role: c.statement.role.clone(),
                at: c.statement.issued_at,
                decision: c.statement.decision.as_str(),
                changed,
                file: c.file.clone(),
            })
        });
        stale.collect()
    }

    fn bound(&self) -> Vec<Bound> {
        let of = |bind: &crate::gate::policy::Bind| {
            self.digests.binds.get(bind).map(|sha256| Bound { what: bind.as_str(), sha256: *sha256 })
        };
        let rules = Bound { what: super::RULES, sha256: self.digests.rules };
        self.approval.binds.iter().filter_map(of).chain([rules]).collect()
    }
}

/// The seat that a statement is for.
fn seat_of(candidate: &Candidate) -> (&str, &str) {
    (&candidate.statement.reviewer, &candidate.statement.role)
}

/// The last of some statements; of two at the same moment the one that counts for a shorter time.
fn latest<'c>(group: &[&'c Candidate]) -> Option<&'c Candidate> {
    let ends = |c: &Candidate| c.statement.expires_at.map_or((1, 0), |end| (0, end.millis()));
    group.iter().copied().max_by_key(|c| (c.statement.issued_at, Reverse(ends(c)), Reverse(&c.file)))
}

fn signed(candidate: &Candidate) -> Signed {
    let statement = &candidate.statement;
    Signed {
        by: statement.reviewer.clone(),
        role: statement.role.clone(),
        at: statement.issued_at,
        expires: statement.expires_at.filter(|_| statement.decision == Decision::Approved),
        comment: statement.comment.clone(),
        file: candidate.file.clone(),
        sha256: candidate.sha256,
        key: candidate.key.clone(),
    }
}

fn finding(record: &ApprovalRecord, lacking: Option<&str>) -> Finding {
    let id = visible(&record.id, 80);
    let who = |s: &Signed| format!("{} ({})", visible(&s.by, 100), visible(&s.role, 60));
    if !record.rejected.is_empty() {
        let said: Vec<String> = record
            .rejected
            .iter()
            .map(|s| {
                let why =
                    if s.comment.trim().is_empty() { String::new() } else { format!(": {}", visible(&s.comment, 300)) };
                format!("{} rejected it on {}{why}", who(s), s.at.date())
            })
            .collect();
        let message = format!("{id}: {}; only they can lift that, with a later approval", list(&said, NAMED));
        return Finding::new(&record.id, REJECTED, message);
    }
    if record.satisfied {
        let names: Vec<String> = record.have.iter().map(who).collect();
        let message = format!("{id}: approved by {}", list(&names, NAMED));
        return Finding::new(&record.id, MISSING, message).holds(true);
    }
    let seats: Vec<String> = record.missing.iter().map(missing).collect();
    let mut message = format!("{id} still needs {}", seats.join(" and "));
    if let Some(why) = lacking {
        message.push_str(&format!("; {why}"));
    }
    let stale: Vec<String> = record
        .stale
        .iter()
        .map(|s| {
            let word = if s.decision == Decision::Approved.as_str() { "approval" } else { "rejection" };
            format!("the {word} by {} is out of date ({})", visible(&s.by, 100), what_changed(&s.changed))
        })
        .collect();
    if !stale.is_empty() {
        message.push_str(&format!("; {}", list(&stale, NAMED)));
    }
    Finding::new(&record.id, MISSING, message).status(Status::Inconclusive)
}

/// `1 of ml-lead (alice@example.com or bob@example.com)`.
fn missing(seats: &Missing) -> String {
    let names: Vec<String> = seats.who.iter().map(|m| visible(m, 100)).collect();
    let who = match names.as_slice() {
        [] => "nobody else may".to_owned(),
        [one] => one.clone(),
        all if all.len() <= NAMED => {
            let (last, head) = all.split_last().map_or(("", all), |(last, head)| (last.as_str(), head));
            format!("{} or {last}", head.join(", "))
        }
        all => list(all, NAMED),
    };
    format!("{} of {} ({who})", seats.count, visible(&seats.role, 60))
}

/// `card, policy changed`, `expired`.
pub(in crate::gate) fn what_changed(changed: &[&'static str]) -> String {
    let (time, content): (Vec<&str>, Vec<&str>) = changed.iter().partition(|c| ["expired", "too old"].contains(*c));
    let content = (!content.is_empty()).then(|| format!("changed since: {}", content.join(", ")));
    content.into_iter().chain((!time.is_empty()).then(|| time.join(", "))).collect::<Vec<_>>().join("; ")
}
