//! The home page: what needs attention first, then every model.

use serde::Serialize;

use super::{Pager, pager};
use crate::diag::{Severity, count, visible};
use crate::gate::verdict::{Outcome, Verdict};
use crate::model::Instant;
use crate::plot::{self, Heading, SparklineSpec};
use crate::site::compare::{Delta, delta};
use crate::site::facts::{CORE_SECTIONS, Facts, ModelFacts};
use crate::site::parts::{Badge, Link, Page, Spark, data_drifted, drifted, outcome, outcome_short};
use crate::site::plan::PER_PAGE;
use crate::site::show::{Digits, Num, arrow};
use crate::site::url::relative;

/// Something that a person should look at.
#[derive(Debug, Serialize)]
pub(crate) struct Attention {
    badge: Badge,
    link: Link,
    stage: String,
    others: Vec<Other>,
    /// Follows the link: "Churn 1.4.0 is blocked …" or "Churn 1.4.0 — 6 features …".
    text: String,
    more: Link,
}

/// What another stage says about the same version.
#[derive(Debug, Serialize)]
pub(crate) struct Other {
    badge: Badge,
    stage: String,
}

/// A model in the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    model: Link,
    name: String,
    latest: Option<Link>,
    created: String,
    champion: Option<Link>,
    stages: Vec<StageCell>,
    metric: String,
    dataset: String,
    arrow: &'static str,
    arrow_title: &'static str,
    value: Num,
    delta: Delta,
    spark: Option<Spark>,
    drift: Option<Badge>,
    drift_note: String,
    drift_href: String,
    card: usize,
    card_of: usize,
    card_missing: String,
    owners: String,
}

/// A version that is in the stage already.
const IN_PLACE: Badge = Badge::new("in place", "●", "note");

/// The verdict of one stage.
#[derive(Debug, Serialize)]
pub(crate) struct StageCell {
    pub stage: String,
    pub badge: Option<Badge>,
    pub href: String,
    pub sentence: String,
}

/// A figure of the head line.
#[derive(Debug, Serialize)]
pub(crate) struct Tally {
    n: usize,
    text: String,
    class: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    first: bool,
    tally: Vec<Tally>,
    attention: Vec<Attention>,
    attention_left: usize,
    judged: bool,
    stages: Vec<String>,
    rows: Vec<Row>,
    models: usize,
    pager: Option<Pager>,
}

/// Entries of the attention list that are shown.
const MOST: usize = 40;
/// Versions in a sparkline.
const SPARK: usize = 40;

pub(crate) fn context(facts: &Facts<'_>, path: &str, number: usize) -> Context {
    let title = if number == 0 { "Models".to_owned() } else { format!("Models, page {}", number + 1) };
    let page =
        Page::new(facts, path, "models", title, "What needs attention, and every model's latest version.".to_owned());
    let stages: Vec<String> = facts.stages.iter().map(|s| visible(s, 60)).collect();
    let (mut attention, tally) = if number == 0 { attention(facts, path) } else { (Vec::new(), Vec::new()) };
    let attention_left = attention.len().saturating_sub(MOST);
    attention.truncate(MOST);
    Context {
        page,
        first: number == 0,
        tally,
        attention,
        attention_left,
        judged: !facts.stages.is_empty(),
        stages,
        rows: facts
            .models
            .iter()
            .enumerate()
            .skip(number * PER_PAGE)
            .take(PER_PAGE)
            .map(|(m, model)| row(facts, path, m, model))
            .collect(),
        models: facts.models.len(),
        pager: pager("index.html", number, facts.models.len()),
    }
}

fn row(facts: &Facts<'_>, path: &str, m: usize, model: &ModelFacts<'_>) -> Row {
    let latest = model.latest();
    let version = latest.map(|v| &model.versions[v]);
    let champion = model.champion.filter(|c| Some(*c) != latest);
    let result = version.and_then(|v| v.value);
    let values: Vec<Option<f64>> = model
        .versions
        .iter()
        .rev()
        .take(SPARK)
        .rev()
        .map(|v| v.value.and_then(|r| r.value.finite()).map(crate::model::Finite::get))
        .collect();
    let digits = Digits::of(values.iter().flatten().copied());
    let headline = model.headline.as_ref();
    let (arrow, arrow_title) = arrow(headline.and_then(|h| h.direction));
    let base = champion.and_then(|c| model.versions[c].value);
    let known = values.iter().flatten().count();
    let spark = (known > 1).then(|| {
        let title = format!("{} over {}", headline.map_or("", |h| &h.label), count(known, "version"));
        let heading = Heading::new(format!("spark{m}"), title);
        Spark { svg: plot::sparkline(&SparklineSpec { heading, values, extremes: false }).svg }
    });
    let drift = version.filter(|v| v.drift.reports > 0);
    Row {
        model: Link::new(path, &model.model.title, &facts.model_path(m)),
        name: if model.model.title == model.model.name { String::new() } else { visible(&model.model.name, 120) },
        latest: latest.map(|v| Link::new(path, &model.versions[v].version.version, &facts.version_path(m, v))),
        created: version.and_then(|v| v.version.created_at).map(Instant::date).unwrap_or_default(),
        champion: champion.map(|v| Link::new(path, &model.versions[v].version.version, &facts.version_path(m, v))),
        stages: latest.map(|v| stage_cells(facts, path, m, v)).unwrap_or_default(),
        metric: headline
            .map(|h| if h.unit.is_empty() { h.label.clone() } else { format!("{} ({})", h.label, h.unit) })
            .unwrap_or_default(),
        dataset: headline.and_then(|h| h.dataset.clone()).unwrap_or_default(),
        arrow,
        arrow_title,
        value: result
            .map_or_else(|| Num::none("the latest version does not report it"), |r| digits.sourced(r.value, &r.source)),
        delta: match (result, champion) {
            (Some(r), Some(c)) => {
                delta(facts.registry, digits, r, base, &format!("champion {}", model.versions[c].version.version))
            }
            _ => Delta::default(),
        },
        spark,
        drift: drift.map(|v| data_drifted(v.drift.drifted, v.drift.features.0)),
        drift_note: drift.map(|v| drift_note(v.drift.features)).unwrap_or_default(),
        drift_href: drift.and(latest).map(|v| relative(path, &facts.drift_path(m, v))).unwrap_or_default(),
        card: version.map_or(0, |v| v.card.present),
        card_of: CORE_SECTIONS.len(),
        card_missing: version.map(|v| missing(&v.card.missing)).unwrap_or_default(),
        owners: visible(&model.model.owners.join(", "), 200),
    }
}

fn drift_note((drifted, of): (usize, usize)) -> String {
    if of == 0 { String::new() } else { format!("{drifted} of {}", count(of, "feature")) }
}

fn missing(titles: &[&str]) -> String {
    if titles.is_empty() { "all core sections are there".to_owned() } else { format!("missing: {}", titles.join(", ")) }
}

/// A version's verdicts in the order of the site's stages.
pub(crate) fn stage_cells(facts: &Facts<'_>, path: &str, m: usize, v: usize) -> Vec<StageCell> {
    let version = &facts.models[m].versions[v];
    facts
        .stages
        .iter()
        .map(|stage| {
            let verdict = version.verdicts.iter().find(|x| x.stage == *stage);
            StageCell {
                stage: visible(stage, 60),
                badge: verdict.map(|x| {
                    // Who holds the stage is no candidate for it, and cannot be compared with itself.
                    let in_place = version.version.stage.as_deref() == Some(*stage);
                    if in_place && is_its_own_baseline(x, false) { IN_PLACE } else { outcome_short(x.verdict) }
                }),
                href: verdict.map(|_| relative(path, &facts.verdict_path(m, v))).unwrap_or_default(),
                sentence: verdict.map(|x| visible(&x.sentence, 400)).unwrap_or_default(),
            }
        })
        .collect()
}

/// A sentence as it follows the version's name: without the name when it starts with it.
fn after_name(sentence: &str, selector: &str) -> String {
    match sentence.strip_prefix(selector) {
        Some(rest) if rest.starts_with(' ') => visible(rest, 400),
        _ => visible(&format!(" — {sentence}"), 400),
    }
}

/// Whether a verdict objects only because the version cannot be compared with itself: the champion
/// is no candidate. Of versions that are not the latest, warnings are history too.
fn is_its_own_baseline(verdict: &Verdict, latest: bool) -> bool {
    let objections = || verdict.rules.iter().filter(|r| r.blocks() || (latest && r.warns()));
    let own = |r: &crate::gate::verdict::RuleRecord| r.reason == "self-baseline";
    verdict.rules.iter().any(own) && objections().all(own)
}

/// The attention list, worst first, and its tally.
fn attention(facts: &Facts<'_>, path: &str) -> (Vec<Attention>, Vec<Tally>) {
    let mut items: Vec<(u8, usize, Attention)> = Vec::new();
    let mut tallies = [0usize; 5];
    for (m, model) in facts.models.iter().enumerate() {
        let Some(latest) = model.latest() else { continue };
        // What runs and what wants to run: older versions are history.
        let live = |v: usize| v == latest || Some(v) == model.champion || model.versions[v].version.stage.is_some();
        for v in (0..model.versions.len()).rev().filter(|v| live(*v)) {
            let version = &model.versions[v];
            let name = format!("{} {}", model.model.title, version.version.version);
            let link = Link::new(path, &name, &facts.version_path(m, v));
            // One entry per version: the worst outcome speaks, the other stages stand beside it.
            let asks = |x: &&Verdict| x.verdict != Outcome::Pass && !is_its_own_baseline(x, v == latest);
            let mut stages: Vec<&Verdict> = version.verdicts.iter().filter(asks).collect();
            stages.sort_by_key(|x| std::cmp::Reverse(x.verdict));
            if let Some((worst, others)) = stages.split_first() {
                let level = match worst.verdict {
                    Outcome::Blocked | Outcome::Error => 0,
                    Outcome::Pending => 1,
                    _ => 2,
                };
                tallies[usize::from(level)] += 1;
                items.push((
                    level,
                    m,
                    Attention {
                        badge: outcome(worst.verdict),
                        link: link.clone(),
                        stage: visible(&worst.stage, 60),
                        others: others
                            .iter()
                            .map(|x| Other { badge: outcome(x.verdict), stage: visible(&x.stage, 60) })
                            .collect(),
                        text: after_name(&worst.sentence, &version.version.selector()),
                        more: Link::new(path, "verdict", &facts.verdict_path(m, v)),
                    },
                ));
            }
            if version.drift.drifted == Some(true) {
                tallies[3] += 1;
                let (n, of) = version.drift.features;
                let text = format!(
                    " — {n} of {} drifted, window {}",
                    count(of, "feature"),
                    visible(&version.drift.window, 80)
                );
                let more = Link::new(path, "drift", &facts.drift_path(m, v));
                items.push((
                    3,
                    m,
                    Attention {
                        badge: drifted(Some(true)),
                        link: link.clone(),
                        stage: String::new(),
                        others: Vec::new(),
                        text,
                        more,
                    },
                ));
            }
            // A version without any card, as a harness leaves it, is no card with holes.
            if v == latest && version.version.card.is_some() && !version.card.missing.is_empty() {
                tallies[4] += 1;
                let badge = Badge::new("incomplete card", "▤", "note");
                let list: Vec<String> = version.card.missing.iter().map(|s| (*s).to_owned()).collect();
                let text = format!(" — no {}", crate::site::show::list(&list).to_lowercase());
                let more = Link::new(path, "card", &format!("{}#card", facts.version_path(m, v)));
                items.push((4, m, Attention { badge, link, stage: String::new(), others: Vec::new(), text, more }));
            }
        }
    }
    items.sort_by_key(|(level, m, _)| (*level, *m));
    let mut list: Vec<Attention> = items.into_iter().map(|(_, _, item)| item).collect();
    let errors = facts.registry.problems.iter().filter(|p| p.severity == Severity::Error).count();
    if errors > 0 {
        list.insert(
            0,
            Attention {
                badge: Badge::new("unread", "⊘", "bad"),
                link: Link::new(path, "Input", "problems.html"),
                stage: String::new(),
                others: Vec::new(),
                text: format!(
                    " — {} while reading: what could not be read is not on these pages",
                    count(errors, "error")
                ),
                more: Link::new(path, "problems", "problems.html"),
            },
        );
    }
    let classes = ["bad", "wait", "warn", "warn", "note"];
    let texts = ["blocked", "pending", "with warnings", "drifting", "incomplete cards"];
    let tally = (0..5)
        .filter(|i| tallies[*i] > 0)
        .map(|i| Tally { n: tallies[i], text: texts[i].to_owned(), class: classes[i] })
        .collect();
    (list, tally)
}
