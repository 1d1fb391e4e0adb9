//! A card in the making: fields of a tree of data become facts, sections and claims.
//!
//! In: a tree, asked for field by field. Out: a `Card`, and a finding for every field of another
//! type than the format says. The outline remembers what was asked for: everything else in the tree
//! goes into the card's metadata under its dotted path, so that no field is lost in silence.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Diagnostic, count, visible};
use crate::import::json::push_token;
use crate::markdown;
use crate::model::{Card, CardResult, Datum, Measured, Pointer, Section, slug_id};

/// More findings than this about one card say nothing new.
const MAX_PROBLEMS: usize = 50;
/// Fields beyond the format that are kept one by one.
const MAX_KEPT: usize = 300;
/// Longest text of such a field, in characters.
const MAX_TEXT: usize = 2000;

/// A value and its place in the tree.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub(super) value: &'a Datum,
    /// RFC 6901 pointer.
    pub(super) pointer: String,
}

impl<'a> At<'a> {
    /// The whole tree.
    pub(super) fn root(value: &'a Datum) -> Self {
        Self { value, pointer: String::new() }
    }

    fn below(&self, token: &str, value: &'a Datum) -> Self {
        let mut pointer = self.pointer.clone();
        push_token(&mut pointer, token);
        Self { value, pointer }
    }
}

/// A card in the making.
pub(super) struct Outline<'a> {
    path: &'a str,
    card: Card,
    /// Facts, in the order of their making.
    facts: Vec<(String, Datum)>,
    ids: BTreeSet<String>,
    counters: BTreeMap<String, usize>,
    /// A heading that is written once something stands below it.
    group: Option<String>,
    /// Pointers of what was asked for.
    seen: BTreeSet<String>,
    problems: Vec<Diagnostic>,
    more: usize,
}

impl<'a> Outline<'a> {
    /// A card of the file; `format` names what it is written in.
    pub(super) fn new(path: &'a str, format: &str) -> Self {
        Self {
            path,
            card: Card {
                path: path.to_owned(),
                model: None,
                version: None,
                metadata: Datum::Map(Vec::new()),
                sections: Vec::new(),
                results: Vec::new(),
            },
            facts: vec![("card_format".to_owned(), format.into())],
            ids: BTreeSet::new(),
            counters: BTreeMap::new(),
            group: None,
            seen: BTreeSet::new(),
            problems: Vec::new(),
            more: 0,
        }
    }

    /// Names the model and its version.
    pub(super) fn names(&mut self, model: Option<String>, version: Option<String>) {
        self.card.model = model;
        self.card.version = version;
    }

    /// A finding.
    pub(super) fn problem(&mut self, code: Code, pointer: &str, message: impl Into<String>, help: &str) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        self.problems.push(Diagnostic::new(code, message).at(self.path).pointer(pointer).help(help));
    }

    // Fields of the tree.

    /// The value at a key; nothing when it is absent or null.
    pub(super) fn get<'t>(&mut self, at: &At<'t>, key: &str) -> Option<At<'t>> {
        let found = at.below(key, at.value.get(key)?);
        self.seen.insert(found.pointer.clone());
        (*found.value != Datum::Null).then_some(found)
    }

    /// The map at a key.
    pub(super) fn map<'t>(&mut self, at: &At<'t>, key: &str) -> Option<At<'t>> {
        let found = self.get(at, key)?;
        if found.value.entries().is_some() {
            return Some(found);
        }
        self.wrong(&found, "an object");
        None
    }

    /// The items of the list at a key; a lone value stands for a list of one.
    pub(super) fn list<'t>(&mut self, at: &At<'t>, key: &str) -> Vec<At<'t>> {
        let Some(found) = self.get(at, key) else { return Vec::new() };
        let Some(items) = found.value.items() else {
            if *found.value == Datum::Text(String::new()) || found.value.entries().is_some_and(<[_]>::is_empty) {
                return Vec::new();
            }
            let message =
                format!("{} is {}, not a list; it is read as a list of one", shown(&found), found.value.kind());
            self.problem(Code::FieldInvalid, &found.pointer, message, "see the format's schema");
            return vec![found];
        };
        let items: Vec<At<'t>> = items.iter().enumerate().map(|(i, item)| found.below(&i.to_string(), item)).collect();
        self.seen.extend(items.iter().map(|item| item.pointer.clone()));
        items
    }

    /// The entries of a map.
    pub(super) fn fields<'t>(&mut self, at: &At<'t>) -> Vec<(&'t str, At<'t>)> {
        let entries = at.value.entries().unwrap_or_default().iter();
        let fields: Vec<_> = entries.map(|(key, value)| (key.as_str(), at.below(key, value))).collect();
        self.seen.extend(fields.iter().map(|(_, at)| at.pointer.clone()));
        fields
    }

    /// The text at a key, trimmed; scalars as text, nothing when it is empty.
    pub(super) fn text(&mut self, at: &At<'_>, key: &str) -> Option<String> {
        let found = self.get(at, key)?;
        self.own_text(&found)
    }

    /// The value itself as text.
    pub(super) fn own_text(&mut self, at: &At<'_>) -> Option<String> {
        self.seen.insert(at.pointer.clone());
        match at.value {
            Datum::Null => None,
            Datum::List(_) | Datum::Map(_) => {
                self.wrong(at, "text");
                None
            }
            scalar => Some(scalar.display().trim().to_owned()).filter(|text| !text.is_empty()),
        }
    }

    /// The texts of a list: plain ones, or maps that hold one at the key.
    pub(super) fn texts(&mut self, at: &At<'_>, key: &str, inner: &str) -> Vec<String> {
        self.list(at, key)
            .iter()
            .filter_map(|item| match item.value {
                Datum::Map(_) if !inner.is_empty() => self.text(item, inner),
                _ => self.own_text(item),
            })
            .collect()
    }

    /// A value whatever its shape, as it stands.
    pub(super) fn whole(&mut self, at: &At<'_>, key: &str) -> Option<Datum> {
        let found = self.get(at, key)?;
        self.take(&found);
        Some(found.value.clone())
    }

    /// Marks a value and everything below it as read.
    pub(super) fn take(&mut self, at: &At<'_>) {
        self.seen.insert(at.pointer.clone());
        match at.value {
            Datum::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.take(&at.below(&i.to_string(), item));
                }
            }
            Datum::Map(entries) => {
                for (key, value) in entries {
                    self.take(&at.below(key, value));
                }
            }
            _ => {}
        }
    }

    /// A value of another type than the format says: it is reported, and kept with the facts.
    pub(super) fn wrong(&mut self, at: &At<'_>, due: &str) {
        let message = format!("{} is {}, not {due}", shown(at), at.value.kind());
        self.problem(
            Code::FieldInvalid,
            &at.pointer,
            message,
            "see the format's schema; the value is kept as it stands",
        );
        self.take(at);
        self.facts.push((dotted(&at.pointer), bounded(at.value)));
    }

    // What the card says.

    /// A fact of the card's metadata; an empty one is left out.
    pub(super) fn fact(&mut self, key: &str, value: impl Into<Datum>) {
        let value = value.into();
        let empty = match &value {
            Datum::Null => true,
            Datum::Text(text) => text.trim().is_empty(),
            Datum::List(items) => items.is_empty(),
            Datum::Map(entries) => entries.is_empty(),
            _ => false,
        };
        if !empty {
            self.facts.push((key.to_owned(), value));
        }
    }

    /// A fact that is one text, or a list of several.
    pub(super) fn fact_of(&mut self, key: &str, mut texts: Vec<String>) {
        match texts.len() {
            0 => {}
            1 => self.fact(key, texts.remove(0)),
            _ => self.fact(key, Datum::List(texts.into_iter().map(Datum::Text).collect())),
        }
    }

    /// A section; one without text is left out.
    pub(super) fn section(&mut self, title: &str, markdown: impl Into<String>) {
        self.group = None;
        self.push(2, title, markdown.into());
    }

    /// A heading over the parts that follow; it is left out when none does.
    pub(super) fn group(&mut self, title: &str) {
        self.group = Some(title.to_owned());
    }

    /// A section below the group's heading.
    pub(super) fn part(&mut self, title: &str, markdown: impl Into<String>) {
        self.push(3, title, markdown.into());
    }

    fn push(&mut self, level: u8, title: &str, markdown: String) {
        let markdown = markdown.trim_matches('\n').to_owned();
        if markdown.trim().is_empty() {
            return;
        }
        if level > 2
            && let Some(group) = self.group.take()
        {
            self.write(2, &group, String::new());
        }
        self.write(level, title, markdown);
    }

    fn write(&mut self, level: u8, title: &str, markdown: String) {
        let id = match slug_id(title) {
            id if id.is_empty() => "section".to_owned(),
            id => id,
        };
        let counter = self.counters.entry(id.clone()).or_insert(0);
        let own = loop {
            *counter += 1;
            let own = if *counter == 1 { id.clone() } else { format!("{id}_{counter}") };
            if self.ids.insert(own.clone()) {
                break own;
            }
        };
        let words = markdown::sections(&markdown).iter().map(|s| s.words).sum();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        self.card.sections.push(Section { id: own, title, level, markdown, words });
    }

    /// A claim at a place of the tree, for the caller to complete.
    pub(super) fn claimed(&self, metric: String, value: Datum, pointer: &str) -> CardResult {
        CardResult::new(metric, value, Pointer::new(self.path, pointer))
    }

    /// A result that the card claims.
    pub(super) fn claim(&mut self, result: CardResult) {
        self.card.results.push(result);
    }

    /// The claims so far.
    pub(super) fn claims(&self) -> &[CardResult] {
        &self.card.results
    }

    /// Keeps what nobody asked for in a tree of its own around the card's.
    pub(super) fn keep_unread(&mut self, root: &At<'_>) {
        let mut kept = Vec::new();
        self.leftovers(root, &mut kept);
        self.facts.extend(kept);
    }

    /// The card, with everything in the tree that nobody asked for.
    pub(super) fn finish(mut self, root: &At<'_>) -> (Card, Vec<Diagnostic>) {
        let mut kept = Vec::new();
        let left = self.leftovers(root, &mut kept);
        if left > 0 {
            kept.push(("further_fields".to_owned(), Datum::Int(i64::try_from(left).unwrap_or(i64::MAX))));
        }
        self.facts.extend(kept);
        let mut entries: Vec<(String, Datum)> = Vec::with_capacity(self.facts.len());
        let mut keys = BTreeSet::new();
        for (key, value) in self.facts {
            if keys.insert(key.clone()) {
                entries.push((key, value));
            }
        }
        self.card.metadata = Datum::Map(entries);
        if self.more > 0 {
            self.problems.push(
                Diagnostic::new(
                    Code::CardMetadata,
                    format!("and {} of the same card", count(self.more, "more finding")),
                )
                .at(self.path)
                .help("mend the ones above first"),
            );
        }
        (self.card, self.problems)
    }

    /// Keeps what was not asked for; the number of fields that were too many.
    fn leftovers(&self, at: &At<'_>, kept: &mut Vec<(String, Datum)>) -> usize {
        let children: Vec<At<'_>> = match at.value {
            Datum::Map(entries) => entries.iter().map(|(key, value)| at.below(key, value)).collect(),
            Datum::List(items) => items.iter().enumerate().map(|(i, item)| at.below(&i.to_string(), item)).collect(),
            _ => return 0,
        };
        let mut left = 0;
        for child in children {
            if self.seen.contains(&child.pointer) {
                left += self.leftovers(&child, kept);
            } else if is_empty(child.value) {
            } else if kept.len() < MAX_KEPT {
                kept.push((dotted(&child.pointer), bounded(child.value)));
            } else {
                left += 1;
            }
        }
        left
    }
}

fn is_empty(value: &Datum) -> bool {
    match value {
        Datum::Null => true,
        Datum::Text(text) => text.is_empty(),
        Datum::List(items) => items.is_empty(),
        Datum::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A value with its long texts cut.
fn bounded(value: &Datum) -> Datum {
    match value {
        Datum::Text(text) if text.len() > MAX_TEXT => {
            let cut: String = text.chars().take(MAX_TEXT / 10).collect();
            Datum::Text(format!("{cut}… ({} bytes)", text.len()))
        }
        Datum::List(items) => Datum::List(items.iter().map(bounded).collect()),
        Datum::Map(entries) => Datum::Map(entries.iter().map(|(k, v)| (k.clone(), bounded(v))).collect()),
        other => other.clone(),
    }
}

/// A pointer as a key: `/a/b` is `a.b`.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

fn shown(at: &At<'_>) -> String {
    format!("the value at {}", visible(&at.pointer, 200))
}

/// A number, also where the format has numbers as text; anything else as it stands.
pub(super) fn number(value: &Datum) -> Datum {
    match value {
        Datum::Text(text) => Measured::parse(text).map_or_else(|| value.clone(), Datum::Number),
        other => other.clone(),
    }
}

// Markdown.

/// A list; the lines of an item stay in it.
pub(super) fn bullets(items: &[String]) -> String {
    items.iter().map(|item| format!("- {}\n", item.trim().replace('\n', "\n  "))).collect()
}

/// Paragraphs, as far as they say something.
pub(super) fn paragraphs<'t>(texts: impl IntoIterator<Item = Option<&'t str>>) -> String {
    texts.into_iter().flatten().filter(|t| !t.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// `**Label:** text`.
pub(super) fn labelled(label: &str, text: &str) -> String {
    format!("**{label}:** {text}")
}

/// An address on its own, as a link where it is one.
pub(super) fn address(text: &str) -> String {
    let plain = !text.contains(|c: char| c.is_whitespace() || c == '<' || c == '>' || c.is_control());
    if plain && (text.starts_with("https://") || text.starts_with("http://")) {
        format!("<{text}>")
    } else {
        text.to_owned()
    }
}

/// A table; columns without any value are left out.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let used: Vec<usize> = (0..header.len())
        .filter(|i| rows.iter().any(|row| row.get(*i).is_some_and(|cell| !cell.trim().is_empty())))
        .collect();
    if used.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(used.iter().map(|i| cell(header.get(*i).copied().unwrap_or_default())).collect());
    out.push_str(&line(used.iter().map(|_| "---".to_owned()).collect()));
    for row in rows {
        out.push_str(&line(used.iter().map(|i| cell(row.get(*i).map_or("", String::as_str))).collect()));
    }
    out
}

/// Text as a cell of a table: one line, its bars escaped.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "\\\\").replace('|', "\\|")
}

/// The claims as a table, from the one at `from` on.
pub(super) fn claims_table(claims: &[CardResult]) -> String {
    let rows: Vec<Vec<String>> = claims
        .iter()
        .map(|claim| {
            vec![
                claim.metric_name.clone().unwrap_or_else(|| claim.metric.clone()),
                claim.dataset_name.clone().or_else(|| claim.dataset.clone()).unwrap_or_default(),
                claim.slice.clone().unwrap_or_default(),
                claim.value.display(),
                claim
                    .interval
                    .as_ref()
                    .map(|(lower, upper)| format!("{} – {}", lower.display(), upper.display()))
                    .unwrap_or_default(),
                claim.threshold.as_ref().map(Datum::display).unwrap_or_default(),
            ]
        })
        .collect();
    table(&["Metric", "Dataset", "Slice", "Value", "Interval", "Threshold"], &rows)
}

/// Images that a card holds as data: they are named with their size, not shown.
pub(super) fn figures(names: &[(String, usize)]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let list: Vec<String> = names
        .iter()
        .map(|(name, bytes)| {
            let name = if name.is_empty() { "without a name" } else { name };
            format!("{} ({} kB)", name.trim(), bytes.saturating_mul(3).div_ceil(4 * 1000))
        })
        .collect();
    format!("Figures in the card's file, not shown here: {}.", list.join(", "))
}
