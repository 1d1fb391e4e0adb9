//! Changes to the model card.
//!
//! In: a card rule and the evidence. Out: changes: a card, a section or a key that is gone, empty or only a
//! placeholder, and numbers that are not the run's. Nothing is judged here.

use super::case::{Case, Mutation};
use crate::gate::policy::{CardRule, SectionDemand};
use crate::model::{Card, Datum, Measured, Section, slug_id};

/// The sections of a demand, with what is nested below them.
fn is_below(card: &Card, demand: &SectionDemand) -> Vec<bool> {
    let fits = |s: &Section| s.level > 0 && (demand.ids.contains(&s.id) || demand.ids.contains(&slug_id(&s.title)));
    let mut within: Option<u8> = None;
    card.sections
        .iter()
        .map(|section| {
            if fits(section) {
                within = Some(within.map_or(section.level, |level| level.min(section.level)));
            } else if within.is_some_and(|level| section.level <= level) {
                within = None;
            }
            within.is_some()
        })
        .collect()
}

/// Changes the card of the version.
fn on(change: impl Fn(&mut Card) + 'static) -> impl Fn(&mut Case<'_>) + 'static {
    move |case| {
        if let Some(card) = &mut case.version.card {
            change(card);
        }
    }
}

pub(super) fn mutations(rule: &CardRule, case: &Case<'_>) -> Vec<Mutation> {
    let Some(card) = &case.version.card else { return Vec::new() };
    let mut out = vec![Mutation::new("missing", "the card is gone", |case| case.version.card = None)];
    if rule.file.is_some() {
        let elsewhere = on(|card| "another-card.txt".clone_into(&mut card.path));
        out.push(Mutation::new("moved", "the card is another file", elsewhere));
    }
    for demand in &rule.sections {
        let below = is_below(card, demand);
        let name = &demand.name;
        let (gone, empty, filled) = (below.clone(), below.clone(), below);
        out.push(Mutation::new(
            "missing",
            format!("section {name} is gone"),
            on(move |card| {
                let mut gone = gone.iter();
                card.sections.retain(|_| !gone.next().is_some_and(|g| *g));
            }),
        ));
        let change = on(move |card| {
            for (section, _) in card.sections.iter_mut().zip(&empty).filter(|(_, below)| **below) {
                section.markdown.clear();
                section.words = 0;
            }
        });
        out.push(Mutation::new("missing", format!("section {name} is empty"), change));
        if rule.forbid_placeholders {
            let change = on(move |card| {
                let first = card.sections.iter_mut().zip(&filled).find(|(_, below)| **below);
                if let Some((section, _)) = first {
                    section.markdown.push_str("\n\nTODO\n");
                }
            });
            out.push(Mutation::new("worse", format!("section {name} holds a placeholder"), change));
        }
        if let Some(least) = rule.min_words.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 1) {
            let below = is_below(card, demand);
            let change = on(move |card| {
                let mut left = least - 1;
                for (section, _) in card.sections.iter_mut().zip(&below).filter(|(_, below)| **below) {
                    section.words = section.words.min(left);
                    left -= section.words;
                }
            });
            out.push(Mutation::worse(format!("section {name} has only {} words", least - 1), change));
        }
    }
    for key in &rule.front_matter {
        let same = {
            let key = key.replace('-', "_");
            move |name: &str| name.replace('-', "_").eq_ignore_ascii_case(&key)
        };
        let empty = same.clone();
        let gone = on(move |card| {
            if let Datum::Map(entries) = &mut card.metadata {
                entries.retain(|(name, _)| !same(name));
            }
        });
        out.push(Mutation::new("missing", format!("{key} is not in the front matter"), gone));
        let change = on(move |card| {
            if let Datum::Map(entries) = &mut card.metadata {
                entries.iter_mut().filter(|(name, _)| empty(name)).for_each(|(_, value)| *value = Datum::Null);
            }
        });
        out.push(Mutation::new("missing", format!("{key} is empty in the front matter"), change));
    }
    if rule.numbers.is_some() {
        out.push(Mutation::new("forged", "the card quotes other numbers than the run's", |case| {
            case.change_own(|run| {
                for result in &mut run.results {
                    if let Some(value) = result.value.finite() {
                        result.value = Measured::new(value.get() + 0.5 + value.get().abs());
                    }
                }
            });
        }));
    }
    out
}
