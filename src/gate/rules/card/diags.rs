//! What card rules say.
//!
//! In: what was looked for. Out: findings named after sections and keys.

use super::super::Finding;
use super::cfg::SectionDemand;
use crate::diag::{count, visible};
use crate::model::Measured;

fn section(demand: &SectionDemand) -> String {
    visible(&demand.name, 80)
}

pub(super) fn no_card() -> Finding {
    Finding::new("", "missing-card", "the version has no model card")
}

pub(super) fn empty_card() -> Finding {
    Finding::new("placeholders", "empty-card", "the card holds no text")
}

pub(super) fn absent(demand: &SectionDemand) -> Finding {
    let message = format!("the card has no section '{}'", section(demand));
    Finding::new(demand.name.clone(), "missing-section", message)
}

pub(super) fn placeholder(demand: &SectionDemand, found: &str) -> Finding {
    let message = format!("the section '{}' holds the placeholder '{}'", section(demand), visible(found, 80));
    Finding::new(demand.name.clone(), "placeholder", message)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of words are far below 2^53")]
pub(super) fn words(demand: &SectionDemand, words: usize, least: u64) -> Finding {
    let holds = u64::try_from(words).is_ok_and(|w| w >= least);
    let relation = if holds { ">=" } else { "<" };
    let message = format!("the section '{}' has {} {relation} {least}", section(demand), count(words, "word"));
    let mut finding = Finding::new(demand.name.clone(), "too-short", message).holds(holds);
    finding.value = Some(Measured::new(words as f64));
    finding.op = Some(">=".to_owned());
    finding.bound = Some(Measured::new(least as f64));
    finding.margin = Some(Measured::new(words as f64 - least as f64));
    finding
}

fn key_target(key: &str) -> String {
    format!("front matter: {key}")
}

pub(super) fn no_key(key: &str) -> Finding {
    Finding::new(key_target(key), "missing-key", format!("the card's front matter has no '{}'", visible(key, 80)))
}

pub(super) fn empty_key(key: &str) -> Finding {
    Finding::new(key_target(key), "empty-key", format!("'{}' in the card's front matter is empty", visible(key, 80)))
}

pub(super) fn placeholder_key(key: &str, found: &str) -> Finding {
    let message =
        format!("'{}' in the card's front matter is the placeholder '{}'", visible(key, 80), visible(found, 80));
    Finding::new(key_target(key), "placeholder", message)
}

pub(super) fn key(key: &str) -> Finding {
    let message = format!("the card's front matter has '{}'", visible(key, 80));
    Finding::new(key_target(key), "missing-key", message).holds(true)
}

pub(super) fn placeholders(found: Option<(&str, &str)>) -> Finding {
    let message = match found {
        Some((section, found)) => {
            format!("the section '{}' holds the placeholder '{}'", visible(section, 80), visible(found, 80))
        }
        None => "the card holds no placeholders".to_owned(),
    };
    Finding::new("placeholders", "placeholder", message).holds(found.is_none())
}
