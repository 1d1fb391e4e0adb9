//! The card rule's part of the policy.
//!
//! In: a rule's table. Out: [`CardRule`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::diag::Code;
use crate::gate::policy::reader::Table;
use crate::model::{Catalogue, slug_id};

/// A rule of kind `card`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CardRule {
    /// Sections that must be there.
    pub sections: Vec<SectionDemand>,
    /// How many words each of them must have.
    pub min_words: Option<u64>,
    /// Whether placeholders are forbidden in the whole card.
    pub forbid_placeholders: bool,
    /// Keys that the front matter must fill.
    pub front_matter: Vec<String>,
    /// Whether numbers that the card quotes must be the run's.
    pub numbers: Option<Numbers>,
    /// The file that the card must be, relative to the run's folder or by its name.
    pub file: Option<String>,
}

/// Numbers that a card quotes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// The largest difference, in the metric's unit.
    pub tolerance: f64,
    /// The names of every metric that the catalogue knows, by canonical name.
    pub names: BTreeMap<String, BTreeSet<String>>,
}

/// A section that must be there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionDemand {
    /// As the policy writes it.
    pub name: String,
    /// The ids that satisfy it: its own and its aliases.
    pub ids: Vec<String>,
}

/// Headings that mean the same, as ids. A wrong alias would be a wrong pass, so only different
/// numbers and spellings of one phrase stand in a row, and combined headings that name it in full.
const ALIASES: &[&[&str]] = &[
    &["intended_use", "intended_uses"],
    &["out_of_scope_use", "out_of_scope_uses", "out_of_scope"],
    &["training_data", "training_dataset", "training_datasets"],
    &["evaluation_data", "evaluation_dataset", "evaluation_datasets"],
    &["evaluation", "evaluation_results"],
    &["limitations", "known_limitations", "bias_risks_and_limitations", "limitations_and_biases"],
    &["ethical_considerations", "ethics"],
];

fn ids(name: &str) -> Vec<String> {
    let own = slug_id(name);
    let mut out = vec![own.clone()];
    if let Some(row) = ALIASES.iter().find(|row| row.contains(&own.as_str())) {
        out.extend(row.iter().filter(|a| **a != own).map(|a| (*a).to_owned()));
    }
    out
}

/// `numbers = { match_run = true, tolerance = … }`.
fn read_numbers(table: &Table<'_, '_>, catalogue: &Catalogue) -> Option<Numbers> {
    let inner = table.table("numbers")?;
    let matches = inner.truth("match_run");
    let tolerance = inner.amount("tolerance").map_or(0.0, |(v, _)| v);
    inner.finish(&[]);
    if !matches.is_some_and(|(matches, _)| matches) {
        inner.sink.refuse(
            Code::PolicyRuleIncomplete,
            &inner.at,
            "demands nothing",
            "'numbers' needs match_run = true",
            "leave the key out when numbers are not to be compared",
        );
        return None;
    }
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in catalogue.names() {
        names.entry(catalogue.canonical(name).to_owned()).or_default().insert(name.to_owned());
    }
    Some(Numbers { tolerance, names })
}

/// Reads the keys of a card rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>, catalogue: &Catalogue) -> Option<CardRule> {
    let numbers = read_numbers(table, catalogue);
    let file = table.text("file").map(|(name, _)| name.to_owned());
    let mut sections: Vec<SectionDemand> = Vec::new();
    for (name, at) in table.texts("sections").unwrap_or_default() {
        let demand = SectionDemand { name: name.to_owned(), ids: ids(name) };
        let why = if demand.ids[0].is_empty() {
            "has no letters or digits"
        } else if sections.iter().any(|s| s.ids[0] == demand.ids[0]) {
            "is the same as another"
        } else {
            sections.push(demand);
            continue;
        };
        table.sink.refuse(Code::ConfigValue, &at, "not usable", format!("a section of 'sections' {why}"), "");
    }
    let min_words = table.count("min_words");
    let placeholders = table.word("placeholders", &[("forbid", true), ("allow", false)]).map(|(forbid, _)| forbid);
    let front_matter: Vec<String> =
        table.texts("front_matter").unwrap_or_default().into_iter().map(|(key, _)| key.to_owned()).collect();
    if let (Some((_, at)), None) = (&min_words, table.key_at("sections")) {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            at,
            "without 'sections'",
            "'min_words' belongs to 'sections'",
            "",
        );
    }
    if ["sections", "front_matter", "numbers", "file"].iter().all(|key| table.key_at(key).is_none())
        && placeholders != Some(true)
    {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no demand",
            "the rule demands nothing of the card",
            "add sections, front_matter, numbers, or placeholders = \"forbid\"",
        );
    }
    Some(CardRule {
        sections,
        min_words: min_words.map(|(n, _)| n),
        forbid_placeholders: placeholders.unwrap_or(false),
        front_matter,
        numbers,
        file,
    })
}
