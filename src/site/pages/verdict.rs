//! The verdict page: each rule's outcome, the waivers, the policy in sentences, what was judged, earlier decisions.
//!
//! In: the verdicts of a version. Out: the context; its words are those of the terminal (`gate::out::words`).

use serde::Serialize;

use super::history::{self, ProposedView, Section};
use super::rules::{RuleRow, row};
use crate::diag::{count, visible};
use crate::gate::out::words;
use crate::gate::verdict::{ApprovalRecord, RuleRecord, Status, Verdict, WaiverRecord, WaiverState};
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Link, Outside, Page, outcome, status};
use crate::site::show;
use crate::site::url::relative;

#[derive(Debug, Serialize)]
struct Item {
    rule: RuleRow,
    badge: Badge,
    severity: &'static str,
    sentence: String,
    /// What it is when it belongs to no rule of the policy.
    own: &'static str,
    /// Whether it passes.
    holds: bool,
    /// Size, margin, interval, baseline and family, a phrase each.
    details: Vec<String>,
}

#[derive(Debug, Serialize)]
struct WaiverRow {
    id: String,
    rule: String,
    badge: Badge,
    /// That it ends soon, when the policy wants to be warned.
    ending: Option<Badge>,
    became: String,
    reason: String,
    owner: String,
    created: String,
    expires: String,
    left: String,
    floor: String,
    ticket: Option<Outside>,
    place: String,
}

#[derive(Debug, Serialize)]
struct ApprovalRow {
    seats: String,
    badge: Badge,
    /// Who signed, objects or is waited for.
    lines: Vec<String>,
    place: String,
}

#[derive(Debug, Serialize)]
struct BaselineRow {
    id: String,
    version: String,
    digest: String,
    run: String,
    state: String,
}

#[derive(Debug, Serialize)]
struct StageView {
    stage: String,
    id: String,
    badge: Badge,
    sentence: String,
    counts: String,
    evaluated: String,
    clock: &'static str,
    exit_code: u8,
    /// Records that do not hold: they block, warn, inform, are waived or were skipped.
    items: Vec<Item>,
    /// The others, in short.
    quiet: Vec<Item>,
    quiet_count: String,
    baselines: Vec<BaselineRow>,
    waivers: Vec<WaiverRow>,
    waivers_elsewhere: String,
    approvals: Vec<ApprovalRow>,
    proposed: Option<ProposedView>,
    who: String,
    run: Option<Outside>,
    history: Section,
    data: String,
}

#[derive(Debug, Serialize)]
struct FileRow {
    path: String,
    size: String,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Sentence {
    id: String,
    text: String,
    applies: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    version: Link,
    selector: String,
    digest: String,
    run: String,
    /// The digest of the model's files, when it is not that of the evidence.
    artifact: String,
    evaluation_data: Vec<String>,
    evaluation_data_left: usize,
    policy: String,
    policy_digest: String,
    policy_files: Vec<FileRow>,
    trusted_ref: String,
    tool: String,
    stages: Vec<StageView>,
    sentences: Vec<Sentence>,
    evidence: Vec<FileRow>,
    evidence_left: usize,
    broken: String,
}

/// Evidence that is listed.
const ROWS: usize = 300;
/// Waivers and digests that are listed.
const LISTED: usize = 60;

pub(crate) fn context(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Context {
    let model = &facts.models[m];
    let entry = &model.versions[v];
    let version = entry.version;
    let title = format!("Verdict on {} {}", model.model.title, version.version);
    let description = entry.verdicts.iter().map(|v| v.sentence.as_str()).collect::<Vec<_>>().join(" ");
    let page = Page::new(facts, path, "models", title.clone(), description)
        .crumb(path, &model.model.title, &facts.model_path(m))
        .crumb(path, &version.version, &facts.version_path(m, v));
    let first = entry.verdicts.first();
    let policy = facts.input.policy.as_ref();
    let applies = |id: &str| entry.verdicts.iter().any(|v| v.rules.iter().any(|r| r.id == id));
    let evidence = first.map(|v| v.evidence.as_slice()).unwrap_or_default();
    Context {
        page,
        title: visible(&title, 200),
        version: Link::new(path, &version.selector(), &facts.version_path(m, v)),
        selector: visible(&version.selector(), 200),
        digest: version.digest.hex(),
        run: first.and_then(|v| v.candidate.run.as_deref()).map(|r| visible(r, 200)).unwrap_or_default(),
        artifact: first
            .filter(|v| v.subject.artifact != v.subject.digest)
            .map(|v| v.subject.artifact.hex())
            .unwrap_or_default(),
        evaluation_data: first
            .map(|v| v.subject.data.iter().take(LISTED).map(|d| visible(d, 200)).collect())
            .unwrap_or_default(),
        evaluation_data_left: first.map_or(0, |v| v.subject.data.len().saturating_sub(LISTED)),
        policy: first.map(|v| visible(&v.policy.name, 120)).unwrap_or_default(),
        policy_digest: first.map(|v| v.policy.digest.hex()).unwrap_or_default(),
        policy_files: first
            .map(|v| {
                v.policy
                    .files
                    .iter()
                    .map(|f| FileRow { path: visible(&f.path, 200), size: String::new(), sha256: f.sha256.hex() })
                    .collect()
            })
            .unwrap_or_default(),
        trusted_ref: first.and_then(|v| v.policy.trusted_ref.as_deref()).map(|r| visible(r, 200)).unwrap_or_default(),
        tool: first.map(|v| format!("{} {}", v.tool.name, v.tool.version)).unwrap_or_default(),
        stages: entry.verdicts.iter().enumerate().map(|(i, x)| stage(facts, path, m, v, i, x)).collect(),
        sentences: policy
            .map(|p| {
                p.rules
                    .iter()
                    .map(|(id, text)| Sentence { id: visible(id, 120), text: visible(text, 800), applies: applies(id) })
                    .collect()
            })
            .unwrap_or_default(),
        evidence: evidence
            .iter()
            .take(ROWS)
            .map(|e| FileRow { path: visible(&e.path, 300), size: show::bytes(e.bytes), sha256: e.sha256.hex() })
            .collect(),
        evidence_left: evidence.len().saturating_sub(ROWS),
        broken: facts.input.history.broken.as_deref().map(|why| visible(why, 400)).unwrap_or_default(),
    }
}

fn stage(facts: &Facts<'_>, path: &str, m: usize, v: usize, index: usize, verdict: &Verdict) -> StageView {
    let sentences = facts.input.policy.as_ref().map(|p| p.rules.as_slice()).unwrap_or_default();
    let mut items: Vec<Item> = verdict
        .rules
        .iter()
        .map(|record| Item {
            rule: RuleRow { message: words::message(record, 1_000), ..row(record, 0) },
            own: words::own(record.check).unwrap_or_default(),
            holds: record.status == Status::Pass,
            details: details(record),
            badge: status(record.status, record.severity),
            severity: record.severity.as_str(),
            sentence: sentences
                .iter()
                .find(|(id, _)| *id == record.id)
                .map(|(_, s)| visible(s, 800))
                .unwrap_or_default(),
        })
        .collect();
    items.sort_by_key(|i| (i.holds, i.rule.level));
    // What a rule demands is said once, above the first of its records.
    for at in (1..items.len()).rev() {
        if items[at].rule.id == items[at - 1].rule.id {
            items[at].sentence.clear();
        }
    }
    let here: Vec<&WaiverRecord> = verdict.waivers.iter().filter(|w| w.state != WaiverState::Elsewhere).collect();
    let who = verdict.provenance.as_ref();
    let quiet = items.split_off(items.partition_point(|i| !i.holds));
    StageView {
        stage: visible(&verdict.stage, 80),
        id: format!("stage-{}", index + 1),
        badge: outcome(verdict.verdict),
        sentence: visible(&verdict.sentence, 800),
        counts: words::counts(&verdict.counts),
        evaluated: verdict.evaluated_at.minute(),
        clock: words::clock(verdict.clock),
        exit_code: verdict.exit_code,
        items,
        quiet_count: count(quiet.len(), "rule"),
        quiet,
        baselines: verdict
            .baselines
            .iter()
            .map(|b| BaselineRow {
                id: visible(&b.id, 80),
                version: b.version.as_deref().map(|v| visible(v, 120)).unwrap_or_default(),
                digest: b.digest.map(|d| d.hex()).unwrap_or_default(),
                run: b.run.as_deref().map(|r| visible(r, 200)).unwrap_or_default(),
                state: show::sentence(&words::comparable(b)),
            })
            .collect(),
        waivers: here.iter().take(LISTED).map(|w| waiver(verdict, w)).collect(),
        waivers_elsewhere: match verdict.waivers.len() - here.len() {
            0 => String::new(),
            1 => "1 waiver of the policy is for another model, stage or evidence.".to_owned(),
            n => format!("{n} waivers of the policy are for another model, stage or evidence."),
        },
        approvals: verdict.approvals.iter().take(LISTED).map(approval).collect(),
        proposed: verdict.proposed.as_ref().map(|p| ProposedView::new(p, verdict.policy.trusted_ref.as_deref())),
        who: who.map(|p| visible(&p.sentence(), 1_000)).unwrap_or_default(),
        run: who.and_then(|p| p.run_url.as_deref()).map(|url| Outside::new("run", url)),
        history: history::of_stage(facts, path, m, v, &verdict.stage),
        data: relative(path, &facts.verdict_data_path(m, v, &verdict.stage)),
    }
}

/// What a record says in numbers beside its message.
fn details(record: &RuleRecord) -> Vec<String> {
    let row = row(record, 0);
    let mut out = Vec::new();
    if record.margin.is_some() {
        out.push(format!("margin {}", row.margin.text));
    }
    if !row.n.is_empty() {
        out.push(format!("n = {}", row.n));
    }
    if let Some(interval) = &record.interval {
        out.push(format!("{} ({})", row.interval, words::interval(interval)));
    }
    if record.baseline.is_some() {
        let value = if row.baseline_value.is_empty() { String::new() } else { format!(": {}", row.baseline_value) };
        out.push(format!("baseline {}{value}", row.baseline));
    }
    if let Some(family) = &record.family {
        out.push(words::family(family));
    }
    out
}

fn approval(approval: &ApprovalRecord) -> ApprovalRow {
    let badge = match (approval.satisfied, approval.rejected.is_empty()) {
        (true, _) => Badge::new("approved", "✓", "ok"),
        (false, true) => Badge::new("waits", "◷", "wait"),
        (false, false) => Badge::new("rejected", "✕", "bad"),
    };
    let said = words::signatures(approval);
    ApprovalRow {
        seats: words::seats(approval),
        badge,
        lines: said.iter().take(LISTED).map(|(word, says)| format!("{word}: {says}")).collect(),
        place: format!("{}:{}", visible(&approval.span.file, 200), approval.span.line),
    }
}

fn waiver(verdict: &Verdict, waiver: &WaiverRecord) -> WaiverRow {
    let word = words::state(waiver.state);
    let badge = match waiver.state {
        WaiverState::Used => Badge::new(word, "◆", "warn"),
        WaiverState::Expired => Badge::new(word, "▲", "warn"),
        WaiverState::NotYet => Badge::new(word, "◷", "wait"),
        WaiverState::Unused | WaiverState::Redundant => Badge::new(word, "i", "note"),
        WaiverState::Elsewhere => Badge::new(word, "–", "mute"),
    };
    WaiverRow {
        id: visible(&waiver.id, 120),
        rule: visible(&waiver.rule, 120),
        badge,
        ending: words::ends_soon(verdict, waiver).then(|| Badge::new("ends soon", "▲", "warn")),
        became: words::became(waiver),
        reason: visible(&waiver.reason, 800),
        owner: visible(&waiver.owner, 200),
        created: visible(&waiver.created, 40),
        expires: visible(&waiver.expires, 40),
        left: words::time_left(waiver),
        floor: waiver.floor.map(|f| show::minus(f.get().to_string())).unwrap_or_default(),
        ticket: waiver.ticket.as_deref().map(|t| Outside::new(t, t)),
        place: format!("{}:{}", visible(&waiver.span.file, 200), waiver.span.line),
    }
}
