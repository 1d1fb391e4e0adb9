//! What a person would say of a feature in a window: "age moved up: median 41 → 47; PSI 0.31 > 0.2 since
//! 2026-03-02".
//!
//! In: what the reports say of the feature in that window, read by their rules, and since when it drifts.
//! Out: the sentence, its subject apart so that a page can set it in a direction of its own. Pure.

use std::fmt;

use super::change::{Change, Pair, change, missing_changed};
use super::reading::{Kind, Reading, dissent, not_computed};
use super::words::{brief, pair, short};
use crate::diag::visible;
use crate::model::FeatureDrift;
use crate::site::show::{list, percent};

/// A feature as one method saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub drift: &'a FeatureDrift,
    pub reading: Reading,
}

/// A sentence in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// The feature.
    pub subject: String,
    /// What is said of it.
    pub predicate: String,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.predicate)
    }
}

/// Methods of one feature that a sentence names; categories.
const METHODS: usize = 2;
const CATEGORIES: usize = 3;

/// The sentence. `seen` is what each method saw, the leading one first; `since` is the window from which
/// on the feature has drifted.
pub(super) fn sentence(seen: &[Seen<'_>], since: Option<&str>) -> Option<Sentence> {
    let lead = seen.first()?.drift;
    let subject = visible(&lead.feature, 120);
    let say = |predicate: String| Some(Sentence { subject: subject.clone(), predicate });
    let scored = || seen.iter().filter(|s| not_computed(s.drift).is_none());
    if scored().next().is_none() {
        let why = visible(not_computed(lead).unwrap_or_default(), 200);
        return say(format!("was not computed: {why}{}", and_missing(seen)));
    }
    let moved = seen.iter().find_map(|s| change(s.drift));
    let alarms: Vec<&Seen<'_>> = scored().filter(|s| s.drift.drifted == Some(true)).collect();
    let missing = and_missing(seen);
    if !alarms.is_empty() {
        let what = moved.as_ref().map_or_else(|| "drifted".to_owned(), moved_text);
        let since = since.map(|s| format!(" since {}", visible(s, 60))).unwrap_or_default();
        let evidence: Vec<String> = alarms.iter().filter_map(|s| evidence(s)).take(METHODS).collect();
        if evidence.is_empty() {
            return say(format!("{what}{missing}{since}; the report gives no number"));
        }
        let joint = if moved.is_none() && missing.is_empty() { ":" } else { ";" };
        let doubt = if alarms.iter().any(|s| dissent(s.drift, &s.reading).is_some()) {
            "; the report calls this drift, its own numbers do not"
        } else {
            ""
        };
        return say(format!("{what}{missing}{joint} {}{since}{doubt}", evidence.join(", ")));
    }
    let shown: Vec<String> = scored().filter_map(evidence).take(METHODS).collect();
    let numbers = if shown.is_empty() { String::new() } else { format!("; {}", shown.join(", ")) };
    let state = match scored().any(|s| s.drift.drifted == Some(false)) {
        true if seen.iter().any(|s| dissent(s.drift, &s.reading) == Some(true)) => {
            let what = moved.as_ref().map_or_else(|| "is called stable".to_owned(), moved_text);
            return say(format!("{what}{missing}{numbers}; the report calls this stable, its own numbers do not"));
        }
        true => "is stable",
        false => "was not judged",
    };
    // What is stable may still have moved a little.
    let little = moved.as_ref().map(|m| format!(": {}", amounts(m))).unwrap_or_default();
    say(format!("{state}{little}{missing}{numbers}"))
}

/// How the column changed, as a predicate.
fn moved_text(moved: &Change<'_>) -> String {
    let verb = match moved {
        Change::Median(p) | Change::Mean(p) if p.current > p.reference => "moved up",
        Change::Median(_) | Change::Mean(_) => "moved down",
        Change::Spread { reference, current } if current.1 - current.0 > reference.1 - reference.0 => "spread out",
        Change::Spread { .. } => "narrowed",
        Change::New(names) => {
            return format!(
                "has {} {}",
                if names.len() == 1 { "the new category" } else { "new categories" },
                named(names)
            );
        }
        Change::Vanished(names) => {
            return format!(
                "lost {} {}",
                if names.len() == 1 { "the category" } else { "the categories" },
                named(names)
            );
        }
        Change::Share(_) => "shifted",
    };
    format!("{verb}: {}", amounts(moved))
}

/// The numbers of a change.
fn amounts(moved: &Change<'_>) -> String {
    let arrow = |p: &Pair| {
        let (a, b) = pair(p.reference, p.current);
        format!("{}{a} → {b}", if p.near { "about " } else { "" })
    };
    match moved {
        Change::Median(p) => format!("median {}", arrow(p)),
        Change::Mean(p) => format!("mean {}", arrow(p)),
        Change::Spread { reference, current } => format!(
            "middle half {} to {} → {} to {}",
            short(reference.0),
            short(reference.1),
            short(current.0),
            short(current.1)
        ),
        Change::New(names) => format!("new {}", named(names)),
        Change::Vanished(names) => format!("without {}", named(names)),
        Change::Share(s) => {
            format!("{} {} → {}", visible(s.category, 60), percent(s.reference), percent(s.current))
        }
    }
}

/// Categories by name, the first few.
fn named(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(CATEGORIES).map(|n| format!("“{}”", visible(n, 40))).collect();
    if names.len() > CATEGORIES {
        shown.push(format!("{} more", names.len() - CATEGORIES));
    }
    list(&shown)
}

fn and_missing(seen: &[Seen<'_>]) -> String {
    let changed = seen.iter().find_map(|s| missing_changed(s.drift));
    changed.map(|p| format!(", missing {} → {}", percent(p.reference), percent(p.current))).unwrap_or_default()
}

/// A method's name: ours, else the tool's.
pub(super) fn name(f: &FeatureDrift) -> Option<String> {
    let label = || Some(visible(&f.method_label, 60)).filter(|l| !l.is_empty());
    brief(f.method).map(|(name, _)| name.to_owned()).or_else(label)
}

/// Score against threshold: "PSI 0.31 > 0.2", "KS p = 1e-9 < 0.05, D = 0.21".
pub(super) fn evidence(seen: &Seen<'_>) -> Option<String> {
    let Seen { drift: f, reading } = seen;
    let value = reading.value?;
    let (text, bound) = match reading.threshold {
        Some(t) => {
            let (a, b) = pair(value, t);
            let sign = if value > t {
                ">"
            } else if value < t {
                "<"
            } else {
                "="
            };
            (a, format!(" {sign} {b}"))
        }
        None => (short(value), String::new()),
    };
    let name = name(f).unwrap_or_else(|| "score".to_owned());
    if reading.kind != Kind::PValue {
        let p = f.p_value.filter(|p| f.score != Some(*p)).map(|p| format!(" (p = {})", short(p.as_f64())));
        return Some(format!("{name} {text}{bound}{}", p.unwrap_or_default()));
    }
    let statistic = f.score.filter(|s| f.p_value.is_some_and(|p| p != *s)).map(|s| {
        let symbol = brief(f.method).map(|(_, symbol)| symbol).filter(|s| !s.is_empty()).unwrap_or("statistic");
        format!(", {symbol} = {}", short(s.as_f64()))
    });
    Some(format!("{name} p = {text}{bound}{}", statistic.unwrap_or_default()))
}

#[cfg(test)]
#[path = "sentence_tests.rs"]
pub(super) mod tests;
