//! The verdict page: the policy in sentences, each rule's outcome, and what was judged.

use serde::Serialize;

use super::rules::{RuleRow, row};
use super::version::counts;
use crate::diag::{count, visible};
use crate::gate::verdict::{Clock, Verdict};
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Link, Page, outcome, status};
use crate::site::show;
use crate::site::url::relative;

#[derive(Debug, Serialize)]
struct Item {
    rule: RuleRow,
    badge: Badge,
    severity: &'static str,
    sentence: String,
}

#[derive(Debug, Serialize)]
struct BaselineRow {
    id: String,
    version: String,
    digest: String,
    why: String,
    comparable: bool,
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
    /// Rules that fail or warn.
    items: Vec<Item>,
    /// The others, in short.
    quiet: Vec<Item>,
    quiet_count: String,
    baselines: Vec<BaselineRow>,
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
    policy: String,
    policy_digest: String,
    policy_files: Vec<FileRow>,
    trusted_ref: String,
    tool: String,
    stages: Vec<StageView>,
    sentences: Vec<Sentence>,
    evidence: Vec<FileRow>,
    evidence_left: usize,
}

/// Evidence that is listed.
const ROWS: usize = 300;

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
    }
}

fn stage(facts: &Facts<'_>, path: &str, m: usize, v: usize, index: usize, verdict: &Verdict) -> StageView {
    let sentences = facts.input.policy.as_ref().map(|p| p.rules.as_slice()).unwrap_or_default();
    let mut items: Vec<Item> = verdict
        .rules
        .iter()
        .map(|record| Item {
            rule: row(record, 0),
            badge: status(record.status, record.severity),
            severity: record.severity.as_str(),
            sentence: sentences
                .iter()
                .find(|(id, _)| *id == record.id)
                .map(|(_, s)| visible(s, 800))
                .unwrap_or_default(),
        })
        .collect();
    items.sort_by_key(|i| i.rule.level);
    // What a rule demands is said once, above the first of its records.
    for at in (1..items.len()).rev() {
        if items[at].rule.id == items[at - 1].rule.id {
            items[at].sentence.clear();
        }
    }
    let quiet = items.split_off(items.partition_point(|i| i.rule.level < 2));
    StageView {
        stage: visible(&verdict.stage, 80),
        id: format!("stage-{}", index + 1),
        badge: outcome(verdict.verdict),
        sentence: visible(&verdict.sentence, 800),
        counts: counts(verdict),
        evaluated: verdict.evaluated_at.minute(),
        clock: match verdict.clock {
            Clock::Wall => "",
            Clock::AsOf => "as of that moment, not of today",
        },
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
                why: b.why.as_deref().map(|w| visible(w, 300)).unwrap_or_default(),
                comparable: b.comparable,
            })
            .collect(),
        data: relative(path, &facts.verdict_data_path(m, v, &verdict.stage)),
    }
}
