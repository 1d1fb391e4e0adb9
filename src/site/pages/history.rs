//! Gate history: the decisions about a model, for its own page, for pages of a long history, and for a version's
//! verdict page.
//!
//! In: the facts, which hold the decisions. Out: contexts. Whether evidence or policy have changed since is a
//! comparison of digests; nothing is judged.

use serde::Serialize;

use super::{Pager, pager};
use crate::diag::{count, visible};
use crate::gate::history::{Decision, PastWaiver};
use crate::gate::out::words;
use crate::gate::verdict::{Outcome, Proposed};
use crate::model::Instant;
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Link, Outside, Page, outcome};
use crate::site::plan::PER_PAGE;
use crate::site::show;
use crate::site::url::relative;

/// Decisions on the page of the model itself.
pub(crate) const ON_MODEL: usize = 6;
/// Decisions on a verdict page, for each stage.
const ON_VERDICT: usize = 4;
/// Changes of a proposed policy, waivers and files that are listed of one decision.
const LISTED: usize = 20;

impl<'a> Facts<'a> {
    /// The first page of a model's gate history.
    pub(crate) fn history_path(&self, m: usize) -> String {
        format!("models/{}/history.html", self.models[m].slug)
    }

    pub(crate) fn history_data_path(&self, m: usize) -> String {
        format!("data/history/{}.json", self.models[m].slug)
    }

    /// Earlier decisions about a model, newest first.
    pub(crate) fn decisions(&self, m: usize) -> &'a [Decision] {
        self.input.history.of(&self.models[m].model.name)
    }

    /// Earlier decisions on a version, newest first.
    pub(crate) fn decisions_on(&self, m: usize, v: usize) -> impl Iterator<Item = &'a Decision> {
        let all = self.decisions(m);
        self.models[m].versions[v].decisions.iter().filter_map(move |i| all.get(*i))
    }
}

/// What is to be said of a decision today.
#[derive(Debug, Serialize)]
struct Mark {
    badge: Badge,
    title: String,
}

/// What the policy of a change would have said.
#[derive(Debug, Serialize)]
pub(crate) struct ProposedView {
    heading: String,
    changes: Vec<String>,
    changes_left: usize,
    badge: Badge,
    dry_run: String,
    blocking: String,
}

impl ProposedView {
    pub(crate) fn new(proposed: &Proposed, trusted_ref: Option<&str>) -> Self {
        let names: Vec<String> = proposed.blocking.iter().take(LISTED).map(|n| visible(n, 160)).collect();
        let more = proposed.blocking.len().saturating_sub(LISTED);
        let blocking = names.join(", ");
        Self {
            heading: show::sentence(&words::judged_by(trusted_ref)),
            changes: proposed.changes.iter().take(LISTED).map(|c| visible(c, 600)).collect(),
            changes_left: proposed.changes.len().saturating_sub(LISTED),
            badge: outcome(proposed.verdict),
            dry_run: show::sentence(&words::dry_run(proposed)),
            blocking: if more > 0 { format!("{blocking} and {}", count(more, "more")) } else { blocking },
        }
    }
}

/// One decision.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// When, to the minute, and as the record has it.
    at: String,
    at_exact: String,
    badge: Badge,
    stage: String,
    version: Link,
    /// Today's verdict on the same version and stage.
    today: String,
    sentence: String,
    marks: Vec<Mark>,
    waivers: Vec<String>,
    proposed: Option<ProposedView>,
    /// Exit code, counts, where it stands: what a line below holds.
    facts: Vec<String>,
    policy: String,
    policy_digest: String,
    evidence: String,
    evidence_digest: String,
    who: String,
    run: Option<Outside>,
    files: Vec<String>,
}

/// Decisions that a page shows, and where the others are.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) rows: Vec<Row>,
    /// How many there are in all.
    pub(crate) total: String,
    /// All of them, when the page holds only some.
    pub(crate) all: Option<Link>,
    /// Why the ledger cannot be trusted.
    pub(crate) broken: String,
    pub(crate) empty: bool,
}

/// The page of a long history.
#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    name: String,
    section: Section,
    pager: Option<Pager>,
    data: String,
}

pub(crate) fn context(facts: &Facts<'_>, path: &str, m: usize, number: usize) -> Context {
    let model = &facts.models[m];
    let decisions = facts.decisions(m);
    let title = format!("Gate history of {}", model.model.title);
    let description = format!("Every decision of the gate about {}.", model.model.title);
    let rows = decisions.iter().skip(number * PER_PAGE).take(PER_PAGE);
    Context {
        page: Page::new(facts, path, "models", title.clone(), description).crumb(
            path,
            &model.model.title,
            &facts.model_path(m),
        ),
        title: visible(&title, 200),
        name: visible(&model.model.name, 200),
        section: Section {
            rows: rows.map(|d| row(facts, path, m, d)).collect(),
            total: count(decisions.len(), "decision"),
            all: None,
            broken: broken(facts),
            empty: decisions.is_empty(),
        },
        pager: pager(&facts.history_path(m), number, decisions.len()),
        data: relative(path, &facts.history_data_path(m)),
    }
}

/// The newest decisions about a model, for its own page; nothing when there is none and the ledger is whole.
pub(crate) fn of_model(facts: &Facts<'_>, path: &str, m: usize) -> Option<Section> {
    let decisions = facts.decisions(m);
    let broken = broken(facts);
    if decisions.is_empty() && broken.is_empty() {
        return None;
    }
    Some(Section {
        rows: decisions.iter().take(ON_MODEL).map(|d| row(facts, path, m, d)).collect(),
        total: count(decisions.len(), "decision"),
        all: (decisions.len() > ON_MODEL)
            .then(|| Link::new(path, &format!("All {}", count(decisions.len(), "decision")), &facts.history_path(m))),
        broken,
        empty: decisions.is_empty(),
    })
}

/// The newest decisions on a version for a stage, for its verdict page.
pub(crate) fn of_stage(facts: &Facts<'_>, path: &str, m: usize, v: usize, stage: &str) -> Section {
    let all: Vec<&Decision> = facts.decisions_on(m, v).filter(|d| d.entry.stage == stage).collect();
    let to = if facts.decisions(m).len() > ON_MODEL {
        facts.history_path(m)
    } else {
        format!("{}#history", facts.model_path(m))
    };
    Section {
        rows: all.iter().take(ON_VERDICT).map(|d| row(facts, path, m, d)).collect(),
        total: count(all.len(), "decision"),
        all: (!facts.decisions(m).is_empty()).then(|| Link::new(path, "Gate history of the model", &to)),
        broken: String::new(),
        empty: all.is_empty(),
    }
}

/// The last decision on a version for a stage that the ledger holds: `recorded: pass on 2026-03-02`.
pub(crate) fn last(facts: &Facts<'_>, m: usize, v: usize, stage: &str) -> Option<String> {
    let recorded = facts.decisions_on(m, v).find(|d| d.entry.stage == stage && d.line.is_some())?;
    Some(format!("recorded: {} on {}", recorded.entry.verdict, recorded.entry.at.date()))
}

fn broken(facts: &Facts<'_>) -> String {
    facts.input.history.broken.as_deref().map(|why| visible(why, 400)).unwrap_or_default()
}

fn row(facts: &Facts<'_>, path: &str, m: usize, decision: &Decision) -> Row {
    let model = &facts.models[m];
    let entry = &decision.entry;
    let at = model.position.get(entry.version.as_str()).copied();
    let today = at.and_then(|v| {
        let index = model.versions[v].verdicts.iter().position(|x| x.stage == entry.stage)?;
        Some(relative(path, &format!("{}#stage-{}", facts.verdict_path(m, v), index + 1)))
    });
    let details = decision.details.as_ref();
    let who = details.and_then(|d| d.provenance.as_ref());
    let mut told = Vec::new();
    if let Some(code) = decision.exit_code() {
        told.push(format!("exit code {code}"));
    }
    if let Some(details) = details {
        told.push(words::counts(&details.counts));
        told.extend(Some(words::clock(details.clock)).filter(|c| !c.is_empty()).map(str::to_owned));
    }
    told.push(
        decision.line.map_or_else(|| "not in the ledger".to_owned(), |line| format!("line {line} of the ledger")),
    );
    Row {
        at: entry.at.minute(),
        at_exact: entry.at.to_string(),
        badge: outcome(entry.verdict),
        stage: visible(&entry.stage, 80),
        version: at.map_or_else(
            || Link::plain(&entry.version),
            |v| Link::new(path, &entry.version, &facts.version_path(m, v)),
        ),
        today: today.unwrap_or_default(),
        sentence: visible(&entry.sentence, 800),
        marks: marks(facts, m, at, decision),
        waivers: details.map(|d| d.waivers.iter().take(LISTED).map(waiver).collect()).unwrap_or_default(),
        proposed: details.and_then(|d| d.proposed.as_ref().map(|p| ProposedView::new(p, d.trusted_ref.as_deref()))),
        facts: told,
        policy: details.map(|d| visible(&d.policy_name, 80)).unwrap_or_default(),
        policy_digest: entry.policy.short(),
        evidence: entry.subject.short(),
        evidence_digest: entry.subject.hex(),
        who: who.map(|p| visible(&p.sentence(), 1_000)).unwrap_or_default(),
        run: who.and_then(|p| p.run_url.as_deref()).map(|url| Outside::new("run", url)),
        files: decision.files.iter().take(LISTED).map(|f| visible(f, 200)).collect(),
    }
}

/// What has changed since, and what does not fit.
fn marks(facts: &Facts<'_>, m: usize, at: Option<usize>, decision: &Decision) -> Vec<Mark> {
    let entry = &decision.entry;
    let mut out = Vec::new();
    let mut mark = |badge: Badge, title: String| out.push(Mark { badge, title });
    if let Some(line) = decision.contradicts {
        mark(
            Badge::new("contradicts the ledger", "✕", "bad"),
            format!("line {line} of the ledger says something else of the same version, stage and moment"),
        );
    }
    if decision.doubtful {
        mark(
            Badge::new("may have been changed", "✕", "bad"),
            "the line after it in the ledger does not follow from it: one of the two was changed".to_owned(),
        );
    }
    match at.map(|v| facts.models[m].versions[v].version.digest) {
        None => mark(Badge::new("version is gone", "?", "mute"), "no source holds this version any more".to_owned()),
        Some(digest) if digest != entry.subject => mark(
            Badge::new("evidence has changed since", "▲", "warn"),
            format!("judged: {}; here now: {}", entry.subject.short(), digest.short()),
        ),
        Some(_) => {}
    }
    if let Some(policy) = facts.input.policy.as_ref().filter(|p| p.digest != entry.policy) {
        mark(
            Badge::new("another policy", "i", "note"),
            format!("judged by {}; the policy is now {}", entry.policy.short(), policy.digest.short()),
        );
    }
    out
}

/// A waiver of an earlier verdict in a sentence.
fn waiver(waiver: &PastWaiver) -> String {
    format!(
        "{} of rule {}, until {}, by {}: {}",
        visible(&waiver.id, 80),
        visible(&waiver.rule, 80),
        visible(&waiver.expires, 20),
        visible(&waiver.owner, 120),
        visible(&waiver.reason, 400)
    )
}

/// A decision as data.
#[derive(Debug, Serialize)]
struct DecisionData<'a> {
    at: Instant,
    version: &'a str,
    stage: &'a str,
    verdict: Outcome,
    exit_code: Option<u8>,
    sentence: &'a str,
    subject: String,
    evidence_changed: Option<bool>,
    policy: String,
    ledger_line: Option<usize>,
    contradicts_line: Option<usize>,
    files: &'a [String],
}

/// `data/history/NAME.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Data<'a> {
    schema: &'static str,
    model: &'a str,
    ledger_broken: Option<&'a str>,
    decisions: Vec<DecisionData<'a>>,
}

pub(crate) fn data<'a>(facts: &Facts<'a>, m: usize) -> Data<'a> {
    let model = &facts.models[m];
    Data {
        schema: "presscheck.history/1",
        model: &model.model.name,
        ledger_broken: facts.input.history.broken.as_deref(),
        decisions: facts
            .decisions(m)
            .iter()
            .map(|d| DecisionData {
                at: d.entry.at,
                version: &d.entry.version,
                stage: &d.entry.stage,
                verdict: d.entry.verdict,
                exit_code: d.exit_code(),
                sentence: &d.entry.sentence,
                subject: d.entry.subject.hex(),
                evidence_changed: model
                    .position
                    .get(d.entry.version.as_str())
                    .map(|v| model.versions[*v].version.digest != d.entry.subject),
                policy: d.entry.policy.hex(),
                ledger_line: d.line,
                contradicts_line: d.contradicts,
                files: &d.files,
            })
            .collect(),
    }
}
