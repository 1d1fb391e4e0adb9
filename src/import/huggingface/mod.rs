//! Hugging Face model cards: Markdown with YAML front matter, and `.eval_results/*.yaml` beside it.
//!
//! In: the text of a card. Out: a [`Card`] and what is wrong with it. The Hub's own reader refuses a
//! whole card for one incomplete result; this one is for people and keeps the rest. The results in
//! `model-index` are claims of the author: they stay on the card and never become evidence.

mod eval_results;
mod front_matter;
mod model_index;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::yaml::{self, Dialect, Lenient};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::markdown;
use crate::model::{Card, Dataset, Datum, Document, Section, slug_id};
use crate::source::FileData;

pub(crate) use front_matter::{FrontMatter, split_front_matter};

/// More findings than this about one card say nothing new.
const MAX_PROBLEMS: usize = 50;

/// Keys of a model card's front matter (hub-docs, modelcard.md).
const KNOWN_KEYS: &[&str] = &[
    "base_model",
    "datasets",
    "language",
    "library_name",
    "license",
    "license_name",
    "metrics",
    "model-index",
    "model_name",
    "pipeline_tag",
    "tags",
];

/// Hugging Face model cards.
pub(crate) struct HuggingFaceCard;

impl DocumentImporter for HuggingFaceCard {
    fn kind(&self) -> &'static str {
        "huggingface"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if content.ends_in(&["md", "markdown"]) {
            return is_card_name(content.stem()) || has_card_keys(&decode(content.file).0);
        }
        content.ends_in(&["yaml", "yml"]) && content.file.text().is_some_and(eval_results::sniff)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let (text, problem) = decode(content.file);
        if content.ends_in(&["yaml", "yml"]) {
            return eval_results::read(&content.file.path, &text);
        }
        let (card, mut problems) = card(&content.file.path, &text);
        problems.extend(problem);
        if describes_dataset(&card) {
            problems.push(
                Diagnostic::new(Code::NotEvidence, "the card describes a data set, not a model; its text is not shown")
                    .at(content.file.path.clone())
                    .help("name the data set in the model's card, under 'datasets'"),
            );
            let mut document = Document { problems, ..Document::default() };
            if let Some(name) = card.metadata.get("pretty_name").and_then(Datum::as_str) {
                document.run.datasets.push(Dataset { name: name.to_owned(), ..Dataset::default() });
            }
            return document;
        }
        Document { cards: vec![card], problems, ..Document::default() }
    }
}

/// `README`, `MODEL_CARD`, `modelcard`, `churn-card`; not `scorecard`.
fn is_card_name(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    let before = stem.strip_suffix("card");
    stem == "readme"
        || before.is_some_and(|b| b.is_empty() || b.ends_with("model") || b.ends_with(['-', '_', '.', ' ']))
}

/// Whether a card is that of a data set: its front matter has keys that only those have, or its
/// title says so, and it has none of a model's.
fn describes_dataset(card: &Card) -> bool {
    let has = |key: &&str| card.metadata.get(key).is_some();
    let of_model = ["pipeline_tag", "library_name", "base_model", "model_name"].iter().any(has);
    let title = card.sections.iter().find(|s| s.level == 1).map(|s| s.title.trim().to_lowercase());
    let titled = title.is_some_and(|t| t.starts_with("dataset card for ") || t == "dataset card");
    !of_model
        && card.results.is_empty()
        && (titled
            || [
                "annotations_creators",
                "dataset_info",
                "language_creators",
                "pretty_name",
                "size_categories",
                "source_datasets",
                "task_categories",
            ]
            .iter()
            .any(has))
}

/// Whether the front matter has a key of a card, without parsing it.
fn has_card_keys(text: &str) -> bool {
    let (front_matter, _, _) = split_front_matter(text);
    front_matter.is_some_and(|matter| {
        matter.yaml.lines().any(|line| {
            let key = line.split(':').next().unwrap_or("").trim_matches(['"', '\'']);
            line.contains(':') && KNOWN_KEYS.contains(&key)
        })
    })
}

/// A file as text, with a finding when it is not UTF-8; what cannot be read is shown as `�`.
pub(crate) fn decode(file: &FileData) -> (Cow<'_, str>, Option<Diagnostic>) {
    if let Some(text) = file.text() {
        return (Cow::Borrowed(text), None);
    }
    let utf16 = |swap: fn([u8; 2]) -> u16| {
        let units = file.bytes[2..].chunks_exact(2).map(|pair| swap([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let (text, encoding) = match file.bytes.get(..2) {
        Some(b"\xff\xfe") => (utf16(u16::from_le_bytes), "UTF-16"),
        Some(b"\xfe\xff") => (utf16(u16::from_be_bytes), "UTF-16"),
        _ => (String::from_utf8_lossy(&file.bytes).into_owned(), "not UTF-8"),
    };
    let problem =
        Diagnostic::new(Code::TextEncoding, format!("the card is {encoding}; it is shown as far as it can be read"))
            .severity(Severity::Warning)
            .at(file.path.clone())
            .help("write it as UTF-8");
    (Cow::Owned(text), Some(problem))
}

/// Reads a card; its front matter may be absent.
pub(crate) fn card(path: &str, text: &str) -> (Card, Vec<Diagnostic>) {
    let text = markdown::normalise(text);
    let (front_matter, body, _) = split_front_matter(&text);
    let mut findings = Findings { path, problems: Vec::new(), more: 0, matter: None };
    let mut card = Card {
        path: path.to_owned(),
        model: None,
        version: None,
        metadata: Datum::Map(Vec::new()),
        sections: sections(body),
        results: Vec::new(),
    };
    if let Some(FrontMatter { yaml, first_line }) = front_matter {
        let parsed = yaml::parse_lenient(yaml, Dialect::PyYaml);
        if let Some(error) = &parsed.error {
            findings.problems.push(unreadable(path, error, first_line));
        }
        findings.matter = Some((parsed, first_line));
        findings.metadata(&mut card);
    }
    (card, findings.finish())
}

fn unreadable(path: &str, error: &yaml::YamlError, first_line: u32) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::CardMetadata,
        format!("the front matter cannot be read further than this: {}; what stands before it is kept", error.message),
    )
    .at(path)
    .help("indent with spaces, and quote text that holds ': ' or begins with a special character");
    match error.line {
        Some(line) => problem.at_line(line.saturating_add(first_line - 1), error.column.unwrap_or(1)),
        None => problem,
    }
}

/// What is wrong with a card, each finding with its place.
struct Findings<'a> {
    path: &'a str,
    problems: Vec<Diagnostic>,
    more: usize,
    matter: Option<(Lenient, u32)>,
}

impl Findings<'_> {
    fn add(&mut self, code: Code, pointer: &str, message: impl Into<String>, help: &str) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        let problem = Diagnostic::new(code, message).at(self.path).pointer(pointer).help(help);
        let line =
            self.matter.as_ref().and_then(|(matter, first)| Some(matter.line(pointer)?.saturating_add(first - 1)));
        self.problems.push(match line {
            Some(line) => problem.at_line(line, 1),
            None => problem,
        });
    }

    /// Sorts the front matter into metadata and claims.
    fn metadata(&mut self, card: &mut Card) {
        let Some((matter, first_line)) = self.matter.take() else { return };
        let value = matter.value.clone();
        let duplicates = matter.duplicates.clone();
        let failed = matter.error.is_some();
        self.matter = Some((matter, first_line));
        for (pointer, _) in &duplicates {
            self.add(
                Code::CardMetadata,
                pointer,
                format!("the key at {} stands twice; the later value is taken", visible(pointer, 200)),
                "keep one of them",
            );
        }
        let entries = match value {
            Datum::Map(entries) => entries,
            Datum::Null => return,
            other => {
                if !failed {
                    self.add(
                        Code::CardMetadata,
                        "",
                        format!("the front matter is {}, not a map of keys", other.kind()),
                        "write `key: value` lines between the two lines of `---`",
                    );
                }
                return;
            }
        };
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if key == "model-index" {
                model_index::read(&value, card, self);
            } else {
                if key == "model_index" {
                    self.add(
                        Code::CardMetadata,
                        "/model_index",
                        "the key 'model_index' means nothing to the Hub; results belong under 'model-index'",
                        "rename it to model-index",
                    );
                }
                kept.push((key, value));
            }
        }
        card.metadata = Datum::Map(kept);
        if card.model.is_none() {
            card.model = card.metadata.get("model_name").and_then(Datum::as_str).map(str::to_owned);
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        if self.more > 0 {
            self.problems.push(
                Diagnostic::new(
                    Code::CardMetadata,
                    format!("and {} of the same card", crate::diag::count(self.more, "more finding")),
                )
                .at(self.path)
                .help("mend the ones above first"),
            );
        }
        self.problems
    }
}

/// The sections of a body, with ids that no two share.
pub(crate) fn sections(body: &str) -> Vec<Section> {
    let mut taken = BTreeSet::new();
    let mut counters: BTreeMap<String, usize> = BTreeMap::new();
    markdown::sections(body)
        .into_iter()
        .map(|raw| {
            let id = match slug_id(&raw.title) {
                id if !id.is_empty() => id,
                _ if raw.level == 0 => "introduction".to_owned(),
                _ => "section".to_owned(),
            };
            let counter = counters.entry(id.clone()).or_insert(0);
            let id = loop {
                *counter += 1;
                let candidate = if *counter == 1 { id.clone() } else { format!("{id}_{counter}") };
                if taken.insert(candidate.clone()) {
                    break candidate;
                }
            };
            Section { id, title: raw.title, level: raw.level, markdown: raw.markdown, words: raw.words }
        })
        .collect()
}
