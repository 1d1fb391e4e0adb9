//! What card rules say.
//!
//! In: what was looked for. Out: findings named after sections and keys.

use super::super::{Finding, list};
use super::cfg::SectionDemand;
use crate::diag::{count, visible};
use crate::gate::number::{digits_for, rounded};
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

pub(super) fn file(wanted: &str, path: &str, holds: bool) -> Finding {
    let relation = if holds { "is" } else { "is not" };
    let message = format!("the card '{}' {relation} the file '{}'", visible(path, 160), visible(wanted, 120));
    Finding::new("file", "missing-card", message).holds(holds)
}

/// A number that the card quotes, and what the run measured.
pub(super) fn quoted(metric: &str, place: &str, quoted: f64, measured: &[f64], holds: bool) -> Finding {
    let mut all = vec![quoted];
    all.extend(measured);
    let digits = digits_for(&all);
    let values: Vec<String> = measured.iter().map(|v| rounded(*v, digits)).collect();
    let relation = if holds { "as the run measured" } else { "the run measured" };
    let message = format!(
        "the card quotes {} {} ({}), {relation} {}",
        visible(metric, 80),
        rounded(quoted, digits),
        visible(place, 80),
        list(&values, 4)
    );
    let mut finding = Finding::new(format!("number {metric} in {place}"), "other-number", message).holds(holds);
    finding.metric = Some(metric.to_owned());
    finding.value = Some(Measured::new(quoted));
    finding
}

pub(super) fn not_measured(metric: &str, place: &str) -> Finding {
    let message = format!(
        "the card quotes {} ({}), which the run did not measure there",
        visible(metric, 80),
        visible(place, 80)
    );
    Finding::new(format!("number {metric} in {place}"), "number-without-run", message)
}

pub(super) fn no_number(metric: &str, place: &str, written: &str) -> Finding {
    let message = format!(
        "the card's value of {} ({}) is no number: {}",
        visible(metric, 80),
        visible(place, 80),
        visible(written, 60)
    );
    Finding::new(format!("number {metric} in {place}"), "not-a-number", message)
}

pub(super) fn no_numbers() -> Finding {
    Finding::new("numbers", "other-number", "the card quotes no number that the run measured another value of")
        .holds(true)
}
