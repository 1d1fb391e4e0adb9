//! Model cards: front matter, sections, claimed results.

use super::{Datum, Pointer};

/// A section of a card: a heading and the Markdown below it, up to the next heading of any level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading as a stable id: lower case, words joined by `_`.
    pub id: String,
    /// The heading's text.
    pub title: String,
    /// Heading level, 1 to 6; 0 for text before the first heading.
    pub level: u8,
    /// Markdown below the heading, without the heading itself.
    pub markdown: String,
    /// Words of prose in it.
    pub words: usize,
}

/// A result that a card claims (Hugging Face `model-index`, and what other cards call a metric).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardResult {
    /// Task type.
    pub task: Option<String>,
    /// Task name, for people.
    pub task_name: Option<String>,
    /// Dataset type (its id).
    pub dataset: Option<String>,
    /// Dataset name, for people.
    pub dataset_name: Option<String>,
    /// Dataset configuration.
    pub config: Option<String>,
    /// Dataset split.
    pub split: Option<String>,
    /// Dataset revision.
    pub revision: Option<String>,
    /// The part of the dataset, in the card's words; nothing for all of it.
    pub slice: Option<String>,
    /// Metric type (its id).
    pub metric: String,
    /// Metric name, for people.
    pub metric_name: Option<String>,
    /// The value as written: cards hold text and lists where a number is due.
    pub value: Datum,
    /// Lower and upper end of the interval that the card gives, as written.
    pub interval: Option<(Datum, Datum)>,
    /// The decision threshold that the value belongs to, as written.
    pub threshold: Option<Datum>,
    /// Whether the hub verified it.
    pub verified: bool,
    /// Where it was read.
    pub source: Pointer,
}

impl CardResult {
    /// A result that says only metric, value and place.
    pub fn new(metric: impl Into<String>, value: Datum, source: Pointer) -> Self {
        Self {
            task: None,
            task_name: None,
            dataset: None,
            dataset_name: None,
            config: None,
            split: None,
            revision: None,
            slice: None,
            metric: metric.into(),
            metric_name: None,
            value,
            interval: None,
            threshold: None,
            verified: false,
            source,
        }
    }
}

/// A model card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The file.
    pub path: String,
    /// The model's name, when the card or its place says.
    pub model: Option<String>,
    /// The version, when the card's place says.
    pub version: Option<String>,
    /// Front matter as a map, without `model-index`.
    pub metadata: Datum,
    /// The sections in order.
    pub sections: Vec<Section>,
    /// The results that the front matter claims.
    pub results: Vec<CardResult>,
}

/// A heading as a stable id: letters and digits in lower case, everything else one `_`.
pub fn slug_id(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}
