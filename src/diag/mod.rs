//! Diagnostics: what is wrong with the user's data or policy, where, what it means, what to do.
//!
//! In: findings of every other module. Out: one [`Diagnostic`] type that the terminal, the JSON
//! view, CI annotations and the problems page all render. This module knows nothing of runs, models
//! or pages, and prints nothing: `cli` decides where diagnostics go.

pub mod codes;
mod text;

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use codes::Code;
pub use text::{render_all, render_one};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something that could not be read or judged; it changes the exit code.
    Error,
    /// Something that is probably not meant; the exit code stays.
    Warning,
    /// Something worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// A byte range of a source text, kept with the text so that the line can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The whole text of the file.
    pub text: Arc<str>,
    /// Byte offsets into `text`, half open.
    pub range: std::ops::Range<usize>,
    /// What the marked range is, as a label under it.
    pub label: String,
}

/// One finding about the user's data, configuration or policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable kebab-case code; `presscheck explain CODE` describes it.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// The file, relative to the project, with `/` between parts.
    pub path: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
    /// 1-based column, in characters.
    pub column: Option<u32>,
    /// RFC 6901 pointer into a JSON document, or a dotted key of a table.
    pub pointer: Option<String>,
    /// What is wrong: lower case, no blame.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The source line, when the text is at hand.
    pub snippet: Option<Box<Snippet>>,
}

impl Diagnostic {
    /// A diagnostic of `code` with the code's usual severity.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            path: None,
            line: None,
            column: None,
            pointer: None,
            message: message.into(),
            help: None,
            snippet: None,
        }
    }

    /// With another severity than the code's usual one.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// At a file.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// At a 1-based line and column of the file.
    #[must_use]
    pub fn at_line(mut self, line: u32, column: u32) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// At a JSON pointer or dotted key.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// At a byte range of a known text: sets line, column and the snippet.
    #[must_use]
    pub fn span(mut self, text: &Arc<str>, range: std::ops::Range<usize>, label: impl Into<String>) -> Self {
        let (line, column) = line_column(text, range.start);
        self.line = Some(line);
        self.column = Some(column);
        self.snippet = Some(Box::new(Snippet { text: Arc::clone(text), range, label: label.into() }));
        self
    }

    /// `path:line:column`, as far as known.
    pub fn place(&self) -> String {
        let mut out = self.path.clone().unwrap_or_default();
        if let Some(line) = self.line {
            out.push_str(&format!(":{line}"));
            if let Some(column) = self.column {
                out.push_str(&format!(":{column}"));
            }
        }
        if let (None, Some(pointer)) = (self.line, &self.pointer) {
            out.push_str(&format!("#{pointer}"));
        }
        out
    }

    /// The order in which diagnostics are listed: by file, place, code and text.
    pub fn sort_key(&self) -> (&str, u32, u32, &str, &str, &str) {
        (
            self.path.as_deref().unwrap_or(""),
            self.line.unwrap_or(0),
            self.column.unwrap_or(0),
            self.pointer.as_deref().unwrap_or(""),
            self.code.as_str(),
            &self.message,
        )
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Problem", 8)?;
        out.serialize_field("code", self.code.as_str())?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("path", &self.path)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("column", &self.column)?;
        out.serialize_field("pointer", &self.pointer)?;
        out.serialize_field("message", &self.message)?;
        out.serialize_field("help", &self.help)?;
        out.end()
    }
}

/// 1-based line and character column of a byte offset.
pub fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Text from a file or a tag made safe for a terminal, a log or a message: control characters,
/// escape sequences and bidirectional overrides are shown as `\u{…}`, and long text is cut.
pub fn visible(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit + 4));
    for (i, c) in text.chars().enumerate() {
        if i >= limit {
            out.push('…');
            break;
        }
        let bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || bidi {
            out.push_str(&c.escape_unicode().to_string());
        } else {
            out.push(c);
        }
    }
    out
}

/// "1 run", "2 runs": a count with its noun.
pub fn count(n: usize, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
}
