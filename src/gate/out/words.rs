//! What reports and pages say of a verdict, in the same words everywhere.
//!
//! In: parts of a verdict. Out: phrases of one line. User text in them is shown, not sent, and not yet escaped for
//! any format. It knows no format and decides nothing.

use super::shared::{self, plain};
use crate::diag::count;
use crate::gate::approvals::what_changed;
use crate::gate::number;
use crate::gate::verdict::{
    ApprovalRecord, BaselineRecord, Clock, Counts, FamilyRecord, IntervalRecord, Outcome, Proposed, RuleKind,
    RuleRecord, Signed, Verdict, WaiverRecord, WaiverState,
};

/// People who are named of those who may fill a seat.
const NAMED: usize = 10;

/// The reason of the gate's own record about a waiver whose end is near.
const ENDING: &str = "ending-waiver";

/// `3 pass, 1 fail`: the statuses that occur.
pub fn counts(counts: &Counts) -> String {
    let c = counts;
    let all = [
        (c.fail, "fail"),
        (c.invalid, "invalid"),
        (c.inconclusive, "inconclusive"),
        (c.warn, "warn"),
        (c.waived, "waived"),
        (c.skipped, "skipped"),
        (c.pass, "pass"),
    ];
    let parts: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if parts.is_empty() { "no rule was evaluated".to_owned() } else { parts.join(", ") }
}

/// `waived by W-2026-014: auc 0.871 < min 0.880`; other records' message.
pub fn message(record: &RuleRecord, limit: usize) -> String {
    shared::message(record, limit)
}

/// What is to be said beside the time of a verdict.
pub const fn clock(clock: Clock) -> &'static str {
    match clock {
        Clock::Wall => "",
        Clock::AsOf => "as of a given time",
    }
}

/// `rule at presscheck.toml:12 (why), value from metrics.json`; the gate's own records stand in no line of a policy.
pub fn place(record: &RuleRecord) -> String {
    let why = record.why.as_deref().map_or_else(String::new, |w| format!(" ({})", plain(w, 300)));
    let read = record.source.as_deref().map_or_else(String::new, |s| format!(", value from {}", plain(s, 300)));
    own(record.check).map_or_else(|| format!("rule at {}{why}{read}", line(record)), |own| format!("{own}{read}"))
}

/// `presscheck.toml:12`.
pub fn line(record: &RuleRecord) -> String {
    format!("{}:{}", plain(&record.span.file, 200), record.span.line)
}

/// What a record is that belongs to no rule of the policy; nothing for the others.
pub const fn own(kind: RuleKind) -> Option<&'static str> {
    match kind {
        RuleKind::Stage => Some("the gate's own record of the way to the stage"),
        RuleKind::Waiver => Some("the gate's own record of the waivers"),
        RuleKind::Approval => Some("an approval that the policy asks for"),
        RuleKind::Evidence => Some("the gate's own record of the evidence"),
        RuleKind::Metric
        | RuleKind::Drift
        | RuleKind::Card
        | RuleKind::Tests
        | RuleKind::Gap
        | RuleKind::Ratchet
        | RuleKind::Fresh
        | RuleKind::Digest => None,
    }
}

/// Whose policy judged, where the change under test brings another.
pub fn judged_by(trusted_ref: Option<&str>) -> String {
    let judge = trusted_ref.unwrap_or("the trusted ref");
    format!("judged by the policy of {}; the proposed policy differs", plain(judge, 120))
}

/// What the proposed policy would have said.
pub fn dry_run(proposed: &Proposed) -> String {
    format!("dry run of the proposed policy: {}", plain(&proposed.sentence, 1_000))
}

/// What an interval is of, how sure it is and how it was made; not its ends.
pub fn interval(interval: &IntervalRecord) -> String {
    let level = number::with_unit(&number::plain(interval.level.get() * 100.0), Some("%"));
    let mut out = match interval.side {
        "one" => format!("each end at {level}"),
        _ => format!("{level} interval"),
    };
    if interval.of == "difference" {
        out.push_str(" of the difference to the baseline");
    }
    match interval.method {
        Some(method) => out.push_str(&format!(" by {method}")),
        None => out.push_str(", as the evidence gives it"),
    }
    if let Some(clusters) = interval.clusters {
        out.push_str(&format!(", {clusters} clusters"));
    }
    if let Some(seed) = interval.seed {
        out.push_str(&format!(", seed {}", seed.short()));
    }
    out
}

/// One comparison among those of its family.
pub fn family(family: &FamilyRecord) -> String {
    let (p, adjusted) = (number::plain(family.p.get()), number::plain(family.adjusted_p.get()));
    let of = format!("of family {}", plain(&family.id, 120));
    match family.size {
        1 => format!("the only comparison {of}: p = {p} of \"worse than allowed\""),
        size => format!(
            "one of {size} comparisons {of}: p = {p} of \"worse than allowed\", {adjusted} after {}",
            plain(family.correction, 40)
        ),
    }
}

/// Whether a baseline can be compared with, and why not.
pub fn comparable(baseline: &BaselineRecord) -> String {
    let word = if baseline.comparable { "comparable" } else { "not comparable" };
    baseline.why.as_deref().map_or_else(|| word.to_owned(), |why| format!("{word}: {}", plain(why, 400)))
}

/// The state of a waiver in a word.
pub const fn state(state: WaiverState) -> &'static str {
    match state {
        WaiverState::Used => "used",
        WaiverState::Unused => "unused",
        WaiverState::Redundant => "redundant",
        WaiverState::Expired => "expired",
        WaiverState::NotYet => "not yet",
        WaiverState::Elsewhere => "elsewhere",
    }
}

/// What became of a waiver, as a phrase.
pub fn became(waiver: &WaiverRecord) -> String {
    match waiver.state {
        WaiverState::Used => format!("covers {}", count(waiver.used, "record")),
        WaiverState::Unused => "covers nothing: no record of its rule needs it".to_owned(),
        WaiverState::Redundant => "covers nothing that another waiver does not cover".to_owned(),
        WaiverState::Expired => "its last day is over".to_owned(),
        WaiverState::NotYet => "its first day has not come".to_owned(),
        WaiverState::Elsewhere => "is for another model, stage or evidence".to_owned(),
    }
}

/// How long a waiver still holds.
pub fn time_left(waiver: &WaiverRecord) -> String {
    match waiver.days_left {
        0 => "ends today".to_owned(),
        1 => "1 day left".to_owned(),
        days @ 2.. => format!("{days} days left"),
        -1 => "ended 1 day ago".to_owned(),
        days => format!("ended {} days ago", days.unsigned_abs()),
    }
}

/// Whether the policy wants people to be warned that a waiver ends soon.
pub fn ends_soon(verdict: &Verdict, waiver: &WaiverRecord) -> bool {
    let about = |r: &RuleRecord| r.target == waiver.id || r.target.starts_with(&format!("{} #", waiver.id));
    verdict.rules.iter().any(|r| r.check == RuleKind::Waiver && r.reason == ENDING && about(r))
}

/// `signoff: 1 of 2 seats filled`.
pub fn seats(approval: &ApprovalRecord) -> String {
    let all: usize = approval.need.iter().map(|n| n.count).sum();
    format!("{}: {} of {} filled", plain(&approval.id, 100), approval.have.len(), count(all, "seat"))
}

/// Who filled which seat, who objects, what is out of date and what is missing: a word and a phrase each.
pub fn signatures(approval: &ApprovalRecord) -> Vec<(&'static str, String)> {
    let said = |s: &Signed| {
        let comment = if s.comment.trim().is_empty() { String::new() } else { format!(": {}", plain(&s.comment, 300)) };
        let ends = s.expires.map_or_else(String::new, |end| format!(", until {}", end.minute()));
        format!("{} as {}, {}{ends}{comment}", plain(&s.by, 120), plain(&s.role, 80), s.at.minute())
    };
    let mut out: Vec<(&'static str, String)> = approval.rejected.iter().map(|s| ("rejected", said(s))).collect();
    out.extend(approval.have.iter().map(|s| ("approved", said(s))));
    out.extend(approval.stale.iter().map(|s| {
        let (by, role) = (plain(&s.by, 120), plain(&s.role, 80));
        let what = what_changed(&s.changed);
        ("out of date", format!("{by} as {role}, {} {}; {what}", s.decision, s.at.minute()))
    }));
    out.extend(approval.missing.iter().map(|m| {
        let who: Vec<String> = m.who.iter().take(NAMED).map(|w| plain(w, 120)).collect();
        let more = m.who.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let who = if who.is_empty() { "nobody else may".to_owned() } else { who.join(", ") };
        ("missing", format!("{} of {}: {who}{more}", m.count, plain(&m.role, 80)))
    }));
    out
}

/// What an outcome means for the exit code, where one code belongs to it.
pub const fn exit_code(outcome: Outcome) -> Option<u8> {
    match outcome {
        Outcome::Pass | Outcome::PassWithWarnings | Outcome::PassWithWaivers => Some(0),
        Outcome::Blocked => Some(1),
        Outcome::Pending => Some(4),
        Outcome::Error => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256;
    use crate::gate::verdict::RuleSpan;
    use crate::model::Finite;

    fn finite(v: f64) -> Finite {
        Finite::new(v).unwrap()
    }

    fn waiver(days_left: i64, state: WaiverState) -> WaiverRecord {
        WaiverRecord {
            id: "W-1".to_owned(),
            rule: "floor".to_owned(),
            state,
            used: usize::from(state == WaiverState::Used),
            reason: "r".to_owned(),
            owner: "o".to_owned(),
            ticket: None,
            created: "2026-05-01".to_owned(),
            expires: "2026-06-30".to_owned(),
            days_left,
            floor: None,
            span: RuleSpan { file: "presscheck.toml".to_owned(), line: 3, col: 1, end_line: 9 },
        }
    }

    #[test]
    fn an_interval_says_what_it_is_of_and_how_it_was_made() {
        let found = IntervalRecord {
            lower: finite(-0.1),
            upper: finite(0.1),
            level: finite(0.95),
            side: "one",
            of: "difference",
            method: Some("paired-bootstrap"),
            seed: Some(Sha256::of(b"seed")),
            clusters: Some(12),
        };
        let seed = Sha256::of(b"seed").short();
        let text =
            format!("each end at 95% of the difference to the baseline by paired-bootstrap, 12 clusters, seed {seed}");
        assert_eq!(interval(&found), text);
        let given = IntervalRecord { side: "two", of: "value", method: None, seed: None, clusters: None, ..found };
        assert_eq!(interval(&given), "95% interval, as the evidence gives it");
    }

    #[test]
    fn a_family_of_one_is_not_corrected() {
        let of = |size| FamilyRecord {
            id: "slices".to_owned(),
            size,
            correction: "holm",
            p: finite(0.01),
            adjusted_p: finite(0.04),
        };
        assert_eq!(
            family(&of(4)),
            "one of 4 comparisons of family slices: p = 0.01 of \"worse than allowed\", 0.04 after holm"
        );
        assert!(family(&of(1)).starts_with("the only comparison of family slices"));
    }

    #[test]
    fn the_time_that_a_waiver_has_left() {
        for (days, text) in [(15, "15 days left"), (1, "1 day left"), (0, "ends today"), (-1, "ended 1 day ago")] {
            assert_eq!(time_left(&waiver(days, WaiverState::Used)), text);
        }
        assert_eq!(time_left(&waiver(i64::MIN, WaiverState::Expired)), "ended 9223372036854775808 days ago");
        assert_eq!(became(&waiver(3, WaiverState::Used)), "covers 1 record");
    }
}
