//! The card rule: the sections, words, placeholders and front matter of a model card.
//!
//! In: a [`CardRule`] and the subject. Out: one finding per section and front-matter key, one for
//! placeholders elsewhere in the card. It judges whether something was written, not whether it is
//! true: only people can.

pub(crate) mod cfg;
mod diags;
mod numbers;

use cfg::{CardRule, SectionDemand};

use super::{Finding, Subject};
use crate::markdown;
use crate::model::{Card, Datum, Section, slug_id};

/// Judges a card rule.
pub(in crate::gate) fn judge(rule: &CardRule, subject: &Subject<'_>) -> Vec<Finding> {
    let Some(card) = &subject.version.card else { return vec![diags::no_card()] };
    let mut out = Vec::new();
    if let Some(file) = &rule.file {
        let is_it = subject.run.relative(&card.path) == Some(file) || card.path.rsplit('/').next() == Some(file);
        out.push(diags::file(file, &card.path, is_it));
    }
    for demand in &rule.sections {
        out.push(judge_section(rule, demand, card));
    }
    for key in &rule.front_matter {
        out.push(judge_key(key, card));
    }
    if rule.forbid_placeholders {
        out.push(judge_rest(card));
    }
    if let Some(numbers) = &rule.numbers {
        out.extend(numbers::judge(numbers, card, subject.run));
    }
    out.into_iter().map(|f| f.source(card.path.clone())).collect()
}

fn judge_section(rule: &CardRule, demand: &SectionDemand, card: &Card) -> Finding {
    let fits = |s: &Section| s.level > 0 && (demand.ids.contains(&s.id) || demand.ids.contains(&slug_id(&s.title)));
    let places: Vec<usize> = (0..card.sections.len()).filter(|i| fits(&card.sections[*i])).collect();
    if places.is_empty() {
        return diags::absent(demand);
    }
    let mut parts: Vec<&Section> = places.iter().flat_map(|i| with_nested(card, *i)).collect();
    parts.dedup_by(|a, b| std::ptr::eq(*a, *b));
    if rule.forbid_placeholders
        && let Some(found) = parts.iter().find_map(|s| placeholder_in(s))
    {
        return diags::placeholder(demand, &found);
    }
    // Of two sections of one name the longer one counts; nested sections count to theirs.
    let words = places.iter().map(|i| with_nested(card, *i).map(|s| s.words).sum::<usize>()).max().unwrap_or(0);
    diags::words(demand, words, rule.min_words.unwrap_or(1))
}

/// A section and what is nested below it. The card's title holds nothing: all sections stand under
/// it. Where there are several headings of level 1 they are sections, not titles.
fn with_nested(card: &Card, at: usize) -> impl Iterator<Item = &Section> {
    let titles = card.sections.iter().filter(|s| s.level == 1).count();
    let level = card.sections[at].level;
    let level = if level == 1 && titles == 1 { u8::MAX } else { level };
    let nested = card.sections[at + 1..].iter().take_while(move |s| s.level > level);
    std::iter::once(&card.sections[at]).chain(nested)
}

fn judge_key(key: &str, card: &Card) -> Finding {
    let same = |name: &str| name.replace('-', "_").eq_ignore_ascii_case(&key.replace('-', "_"));
    let value = card.metadata.entries().unwrap_or_default().iter().find(|(name, _)| same(name)).map(|(_, v)| v);
    match value {
        None => diags::no_key(key),
        Some(value) if !is_filled(value) => diags::empty_key(key),
        Some(value) => match markdown::placeholder(&value.display()) {
            Some(found) => diags::placeholder_key(key, &found),
            None => diags::key(key),
        },
    }
}

fn is_filled(value: &Datum) -> bool {
    match value {
        Datum::Null => false,
        Datum::Text(text) => !text.trim().is_empty(),
        Datum::List(items) => items.iter().any(is_filled),
        Datum::Map(entries) => entries.iter().any(|(_, v)| is_filled(v)),
        Datum::Bool(_) | Datum::Int(_) | Datum::Number(_) => true,
    }
}

/// A placeholder in a section's heading or text.
fn placeholder_in(section: &Section) -> Option<String> {
    markdown::placeholder(&section.title).or_else(|| markdown::placeholder(&section.markdown))
}

/// Placeholders anywhere in the card.
fn judge_rest(card: &Card) -> Finding {
    // A card of which nothing was read holds no placeholders, and nothing else either.
    if card.sections.iter().all(|s| s.words == 0) {
        return diags::empty_card();
    }
    let found = card.sections.iter().find_map(|s| placeholder_in(s).map(|found| (s.title.as_str(), found)));
    diags::placeholders(found.as_ref().map(|(section, found)| (*section, found.as_str())))
}
