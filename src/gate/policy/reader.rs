//! Reads a raw table key by key and remembers what was wrong or left over.
//!
//! In: a table as typed. Out: typed values with their places, and diagnostics in a shared sink. A
//! key that nobody asked for is an error in [`Table::finish`]: a typo must not disable a rule.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::raw::{RawEntry, RawValue};
use crate::diag::{Code, Diagnostic, visible};

/// The file that is read and what was found wrong with it.
pub(crate) struct Sink<'a> {
    file: &'a str,
    text: &'a Arc<str>,
    found: RefCell<Vec<Diagnostic>>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(file: &'a str, text: &'a Arc<str>) -> Self {
        Self { file, text, found: RefCell::new(Vec::new()) }
    }

    /// A diagnostic at a place of the file.
    pub(crate) fn at(&self, code: Code, at: &Range<usize>, label: &str, message: impl Into<String>) -> Diagnostic {
        // A span that is not of this text (a caller's mistake) must not panic further down.
        let end = at.end.min(self.text.len());
        let start = at.start.min(end);
        let inside = self.text.is_char_boundary(start) && self.text.is_char_boundary(end);
        let range = if inside { start..end } else { 0..0 };
        Diagnostic::new(code, message).at(self.file).span(self.text, range, label)
    }

    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Reports and forgets: the shape of most refusals.
    pub(crate) fn refuse(&self, code: Code, at: &Range<usize>, label: &str, message: impl Into<String>, help: &str) {
        let diagnostic = self.at(code, at, label, message);
        self.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    pub(crate) fn unsupported(&self, at: &Range<usize>, what: &str) {
        self.refuse(
            Code::PolicyUnsupported,
            at,
            "not evaluated by this version",
            format!("{what} is not evaluated by this version of presscheck"),
            "remove it: a policy that is only half evaluated would pass what it means to stop",
        );
    }

    pub(crate) fn file(&self) -> &str {
        self.file
    }

    pub(crate) fn source(&self) -> &str {
        self.text
    }

    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        found.dedup();
        found
    }
}

/// A value and where it stands.
pub(crate) type At<T> = (T, Range<usize>);

/// A table that is being read.
pub(crate) struct Table<'t, 'a> {
    pub(crate) sink: &'t Sink<'a>,
    entries: &'t [RawEntry],
    taken: Vec<Cell<bool>>,
    asked: RefCell<Vec<&'static str>>,
    /// Where the table stands: its header, or its braces.
    pub(crate) at: Range<usize>,
    what: &'t str,
}

impl<'t, 'a> Table<'t, 'a> {
    pub(crate) fn new(sink: &'t Sink<'a>, entries: &'t [RawEntry], at: Range<usize>, what: &'t str) -> Self {
        let taken = entries.iter().map(|_| Cell::new(false)).collect();
        Self { sink, entries, taken, asked: RefCell::new(Vec::new()), at, what }
    }

    fn take(&self, key: &'static str) -> Option<&'t RawEntry> {
        self.asked.borrow_mut().push(key);
        let i = self.entries.iter().position(|e| e.key == key)?;
        self.taken[i].set(true);
        Some(&self.entries[i])
    }

    fn wrong_type(&self, key: &str, value: &Spanned<RawValue>, wanted: &str) {
        self.sink.refuse(
            Code::ConfigType,
            &value.span(),
            &format!("expected {wanted}"),
            format!("'{key}' of {} must be {wanted}, not {}", self.what, value.get_ref().kind()),
            "",
        );
    }

    /// Where a key stands, when it is there.
    pub(crate) fn key_at(&self, key: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|e| e.key == key).map(|e| e.at.clone())
    }

    /// The last byte of the table.
    pub(crate) fn end(&self) -> usize {
        self.entries.iter().map(|e| e.value.span().end.max(e.at.end)).max().unwrap_or(0).max(self.at.end)
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<At<&'t str>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Text(text) => Some((text, entry.value.span())),
            _ => {
                self.wrong_type(key, &entry.value, "text");
                None
            }
        }
    }

    /// A date, as TOML's own kind or as text.
    pub(crate) fn date(&self, key: &'static str) -> Option<At<String>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Datetime(text) | RawValue::Text(text) => Some((text.clone(), entry.value.span())),
            _ => {
                self.wrong_type(key, &entry.value, "a date");
                None
            }
        }
    }

    /// True or false.
    pub(crate) fn truth(&self, key: &'static str) -> Option<At<bool>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Bool(value) => Some((*value, entry.value.span())),
            _ => {
                self.wrong_type(key, &entry.value, "true or false");
                None
            }
        }
    }

    /// A finite number.
    pub(crate) fn number(&self, key: &'static str) -> Option<At<f64>> {
        let entry = self.take(key)?;
        self.finite(key, &entry.value).map(|v| (v, entry.value.span()))
    }

    fn finite(&self, key: &str, value: &Spanned<RawValue>) -> Option<f64> {
        let number = match value.get_ref() {
            #[expect(clippy::cast_precision_loss, reason = "checked on the next line")]
            RawValue::Int(whole) => Some(*whole as f64).filter(|_| whole.unsigned_abs() <= 1 << 53),
            RawValue::Float(number) => Some(*number).filter(|n| n.is_finite()),
            _ => {
                self.wrong_type(key, value, "a number");
                return None;
            }
        };
        if number.is_none() {
            self.sink.refuse(
                Code::ConfigValue,
                &value.span(),
                "not a number to compare with",
                format!("'{key}' of {} must be a finite number", self.what),
                "a rule with such a bound would always pass or always fail",
            );
        }
        number
    }

    /// A number that is not negative.
    pub(crate) fn amount(&self, key: &'static str) -> Option<At<f64>> {
        let (value, at) = self.number(key)?;
        if value < 0.0 {
            self.sink.refuse(
                Code::ConfigValue,
                &at,
                "negative",
                format!("'{key}' of {} must not be negative", self.what),
                "",
            );
            return None;
        }
        Some((value.abs(), at))
    }

    /// A share of 1.
    pub(crate) fn share(&self, key: &'static str) -> Option<At<f64>> {
        let (value, at) = self.amount(key)?;
        if value > 1.0 {
            self.sink.refuse(
                Code::ConfigValue,
                &at,
                "more than 1",
                format!("'{key}' of {} is a share between 0 and 1", self.what),
                "write 0.05 for 5 %",
            );
            return None;
        }
        Some((value, at))
    }

    /// A whole number from 1.
    pub(crate) fn count(&self, key: &'static str) -> Option<At<u64>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Int(value) if *value >= 1 => Some((value.unsigned_abs(), entry.value.span())),
            RawValue::Int(_) => {
                self.sink.refuse(
                    Code::ConfigValue,
                    &entry.value.span(),
                    "less than 1",
                    format!("'{key}' of {} must be at least 1", self.what),
                    "leave the key out when there is no such demand",
                );
                None
            }
            _ => {
                self.wrong_type(key, &entry.value, "a whole number");
                None
            }
        }
    }

    /// A list of texts with at least one item, none of them empty or given twice.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<At<&'t str>>> {
        let entry = self.take(key)?;
        let RawValue::List(items) = entry.value.get_ref() else {
            self.wrong_type(key, &entry.value, "a list of texts");
            return None;
        };
        if items.is_empty() {
            self.sink.refuse(
                Code::ConfigValue,
                &entry.value.span(),
                "empty",
                format!("'{key}' of {} must not be an empty list", self.what),
                "leave the key out when there is no such demand",
            );
            return None;
        }
        let mut out: Vec<At<&'t str>> = Vec::new();
        for item in items {
            match item.get_ref() {
                RawValue::Text(text) if text.trim().is_empty() => {
                    self.sink.refuse(
                        Code::ConfigValue,
                        &item.span(),
                        "empty",
                        format!("'{key}' of {} holds an empty text", self.what),
                        "",
                    );
                }
                RawValue::Text(text) if out.iter().any(|(known, _)| known == text) => {
                    self.sink.refuse(
                        Code::ConfigValue,
                        &item.span(),
                        "given before",
                        format!("'{key}' of {} holds '{}' twice", self.what, visible(text, 80)),
                        "",
                    );
                }
                RawValue::Text(text) => out.push((text, item.span())),
                _ => self.wrong_type(key, item, "text"),
            }
        }
        Some(out)
    }

    /// Exactly two finite numbers.
    pub(crate) fn pair(&self, key: &'static str) -> Option<At<(f64, f64)>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::List(items) if items.len() == 2 => {
                let (low, high) = (self.finite(key, &items[0]), self.finite(key, &items[1]));
                Some(((low?, high?), entry.value.span()))
            }
            _ => {
                self.wrong_type(key, &entry.value, "a list of two numbers");
                None
            }
        }
    }

    /// An inner table.
    pub(crate) fn table(&self, key: &'static str) -> Option<Table<'t, 'a>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Table(entries) => Some(Table::new(self.sink, entries, entry.value.span(), key)),
            _ => {
                self.wrong_type(key, &entry.value, "a table");
                None
            }
        }
    }

    /// A list of inner tables with at least one of them.
    pub(crate) fn tables(&self, key: &'static str) -> Option<Vec<Table<'t, 'a>>> {
        let entry = self.take(key)?;
        let RawValue::List(items) = entry.value.get_ref() else {
            self.wrong_type(key, &entry.value, "a list of tables");
            return None;
        };
        if items.is_empty() {
            let message = format!("'{key}' of {} must not be an empty list", self.what);
            self.sink.refuse(Code::ConfigValue, &entry.value.span(), "empty", message, "");
            return None;
        }
        let mut out = Vec::new();
        for item in items {
            match item.get_ref() {
                RawValue::Table(entries) => out.push(Table::new(self.sink, entries, item.span(), key)),
                _ => self.wrong_type(key, item, "a table"),
            }
        }
        Some(out)
    }

    /// A text, or a table of texts by name.
    pub(crate) fn text_or_table(&self, key: &'static str) -> Option<TextOrTable<'t>> {
        let entry = self.take(key)?;
        match entry.value.get_ref() {
            RawValue::Text(text) => Some(TextOrTable::Text((text, entry.value.span()))),
            RawValue::Table(entries) => {
                let mut out = Vec::new();
                for inner in entries {
                    match inner.value.get_ref() {
                        RawValue::Text(text) => {
                            out.push(((inner.key.as_str(), inner.at.clone()), (text.as_str(), inner.value.span())));
                        }
                        _ => self.wrong_type(&format!("{key}.{}", visible(&inner.key, 80)), &inner.value, "text"),
                    }
                }
                Some(TextOrTable::Table(out, entry.value.span()))
            }
            _ => {
                self.wrong_type(key, &entry.value, "text or a table");
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<At<T>> {
        let (text, at) = self.text(key)?;
        let found = choose(self.sink, &format!("'{key}' of {}", self.what), (text, &at), words)?;
        Some((found, at))
    }

    /// Refuses what is left: keys of the language that are not evaluated, then unknown keys.
    pub(crate) fn finish(&self, not_evaluated: &[&'static str]) {
        for (entry, _) in self.entries.iter().zip(&self.taken).filter(|(_, taken)| !taken.get()) {
            if not_evaluated.contains(&entry.key.as_str()) {
                self.sink.unsupported(&entry.at, &format!("'{}' of {}", entry.key, self.what));
            } else {
                self.unknown(entry, not_evaluated);
            }
        }
    }

    fn unknown(&self, entry: &RawEntry, not_evaluated: &[&'static str]) {
        let asked = self.asked.borrow();
        let known = asked.iter().chain(not_evaluated).copied();
        let help = match closest(&entry.key, known) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("keys of {}: {}", self.what, asked.join(", ")),
        };
        self.sink.refuse(
            Code::ConfigUnknownKey,
            &entry.at,
            "unknown key",
            format!("{} has no key '{}'", self.what, visible(&entry.key, 80)),
            &help,
        );
    }
}

/// A text, or a table of texts by name, with places.
pub(crate) enum TextOrTable<'t> {
    Text(At<&'t str>),
    Table(Vec<(At<&'t str>, At<&'t str>)>, Range<usize>),
}

/// The value of a word, or a refusal that lists the words there are.
pub(crate) fn choose<T: Copy>(
    sink: &Sink<'_>,
    what: &str,
    (text, at): (&str, &Range<usize>),
    words: &[(&str, T)],
) -> Option<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let list = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    sink.refuse(
        Code::ConfigValue,
        at,
        "not one of the values",
        format!("{what} cannot be '{}'", visible(text, 80)),
        &match closest(text, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean '{near}'? possible: {list}"),
            None => format!("possible: {list}"),
        },
    );
    None
}

/// The known name that is most like a mistyped one.
pub(crate) fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Names longer than any key are not typos; comparing them would take quadratic time.
    let short: String = name.chars().take(60).collect();
    known
        .map(|k| (strsim::jaro_winkler(&short, k), k))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, k)| k)
}
