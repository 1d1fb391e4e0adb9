//! Markdown: headings and sections of a card, and safe HTML of its text.
//!
//! In: text that strangers wrote. Out: plain data and [`Html`], the one type for trusted markup. A
//! leaf module: it uses nothing else of ours and is the only user of pulldown-cmark and ammonia.
//!
//! Safety stands on three legs. [`render()`] writes every tag itself from a list of safe ones, so raw
//! HTML of the text is only ever a request for one of them; nesting and size are bounded before
//! anything is parsed again; ammonia then filters the result with a list of its own.

mod inline;
mod placeholder;
mod rawhtml;
mod render;
mod sanitise;
mod section;
mod url;

use std::borrow::Cow;

use pulldown_cmark::Options;
use serde::{Serialize, Serializer};

pub use placeholder::{placeholder, placeholders};
pub use render::{RenderOptions, render};
pub use section::{RawSection, anchor, sections};

/// Markup that may stand in a page as it is. Only this module makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Html {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// More footnote marks than this are a way to keep the parser busy, not notes: they stay text.
const MAX_FOOTNOTE_MARKS: usize = 1_000;

/// The dialect: GitHub's, and definition lists.
fn dialect(text: &str) -> Options {
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST;
    if text.matches("[^").take(MAX_FOOTNOTE_MARKS + 1).count() <= MAX_FOOTNOTE_MARKS {
        options |= Options::ENABLE_FOOTNOTES;
    }
    options
}

/// Line ends become `\n` (also the `\r\r\n` of files that were converted twice), other control
/// characters and byte-order marks go.
pub(crate) fn normalise(text: &str) -> Cow<'_, str> {
    // Embeddings, overrides and isolates make a text read other than it is written (CVE-2021-42574).
    let direction = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let drop = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            || direction(c)
    };
    if !text.contains(drop) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                while chars.peek() == Some(&'\r') && { chars.clone().nth(1).is_some_and(|c| matches!(c, '\r' | '\n')) }
                {
                    chars.next();
                }
                if chars.peek() == Some(&'\r') || chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{b}' | '\u{c}' | '\u{85}' => out.push(' '),
            c if drop(c) => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The part of a text that is looked at: at most `max` bytes, whole characters.
fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Words of prose: runs between white space that hold a letter or digit; an ideograph is a word.
fn words(text: &str) -> usize {
    text.split_whitespace()
        .map(|run| {
            let ideographs = run
                .chars()
                .filter(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
                .count();
            if ideographs > 0 { ideographs } else { usize::from(run.contains(char::is_alphanumeric)) }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_one_kind() {
        assert_eq!(normalise("a\r\r\nb\r\nc\rd\ne\r\r\r\nf\r\rg\u{1}\u{feff}"), "a\nb\nc\nd\ne\nf\n\ng");
    }

    #[test]
    fn words_are_counted_like_a_reader() {
        assert_eq!(words("one, two — 3% | x"), 4);
        assert_eq!(words("日本語 text"), 4);
    }
}
