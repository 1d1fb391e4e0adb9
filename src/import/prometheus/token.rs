//! One line of text exposition, taken apart.
//!
//! In: a line. Out: a sample (name, labels, value, time as written) or a comment. The grammar is the
//! union of text format 0.0.4 and OpenMetrics 1.0, with quoted names (Prometheus 3); an exemplar is
//! checked and dropped. What the words mean (the unit of a time, say) is not decided here.

use crate::model::{Measured, Slice};

/// A sample, with its time as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line<'t> {
    pub(super) name: String,
    pub(super) labels: Slice,
    pub(super) value: Measured,
    pub(super) time: Option<&'t str>,
}

/// A comment that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comment<'t> {
    Type(String, &'t str),
    Help(String, String),
    Unit(String, &'t str),
    Eof,
    Other,
}

/// Types of either format.
pub(super) const TYPES: &[&str] =
    &["counter", "gauge", "histogram", "summary", "untyped", "unknown", "gaugehistogram", "info", "stateset"];

/// Reads a line that begins with `#`.
pub(super) fn comment(line: &str) -> Comment<'_> {
    let Some(rest) = line.trim_start().strip_prefix('#') else { return Comment::Other };
    let rest = rest.trim_start_matches([' ', '\t']);
    if rest.trim_end() == "EOF" {
        return Comment::Eof;
    }
    let Some((word, rest)) = rest.split_once([' ', '\t']) else { return Comment::Other };
    let rest = rest.trim_start_matches([' ', '\t']);
    let mut cursor = Cursor { rest };
    let name = if rest.starts_with('"') { cursor.quoted() } else { cursor.name(true).map(str::to_owned) };
    let Ok(name) = name else { return Comment::Other };
    let rest = cursor.rest.trim_start_matches([' ', '\t']);
    match word {
        "TYPE" => Comment::Type(name, rest.trim_end()),
        "HELP" => Comment::Help(name, unescaped(rest.trim_end_matches('\r'))),
        "UNIT" => Comment::Unit(name, rest.trim_end()),
        _ => Comment::Other,
    }
}

/// Reads a line that is a sample.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn sample(line: &str) -> Result<Line<'_>, &'static str> {
    let mut cursor = Cursor { rest: line.trim_matches([' ', '\t', '\r']) };
    let mut name = None;
    if !cursor.rest.starts_with('{') {
        name = Some(cursor.name(true)?.to_owned());
        cursor.blanks();
    }
    let mut labels = Slice::default();
    if cursor.rest.starts_with('{') {
        cursor.labels(&mut name, &mut labels)?;
    }
    let name = name.ok_or("the sample has no name")?;
    cursor.blanks();
    let value = Measured::parse(cursor.word()).ok_or("the value is no number")?;
    cursor.blanks();
    let time = if cursor.rest.is_empty() || cursor.rest.starts_with('#') { None } else { Some(cursor.word()) };
    cursor.blanks();
    if let Some(exemplar) = cursor.rest.strip_prefix('#') {
        cursor.rest = exemplar;
        cursor.blanks();
        cursor.labels(&mut None, &mut Slice::default()).map_err(|_| "the exemplar is not well formed")?;
        cursor.blanks();
        if Measured::parse(cursor.word()).is_none() {
            return Err("the value of the exemplar is no number");
        }
        cursor.blanks();
        cursor.word();
        cursor.blanks();
    }
    if cursor.rest.is_empty() {
        Ok(Line { name, labels, value, time })
    } else {
        Err("something stands behind the sample")
    }
}

/// A help text: OpenMetrics escapes quotes too.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some(c @ ('"' | '\\'))) => out.push(c),
            (c, next) => {
                out.push(c);
                out.extend(next);
            }
        }
    }
    out
}

/// What is left of a line.
struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Everything up to the next blank.
    fn word(&mut self) -> &'t str {
        let end = self.rest.find([' ', '\t']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        word
    }

    /// A name of ASCII letters, digits and underscores; of a metric also colons.
    fn name(&mut self, metric: bool) -> Result<&'t str, &'static str> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (metric && c == ':');
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("a name is due here");
        }
        self.rest = rest;
        Ok(name)
    }

    /// Text in quotes. A backslash before any other character than those that need one stands for itself.
    fn quoted(&mut self) -> Result<String, &'static str> {
        let inner = self.rest.strip_prefix('"').ok_or("a quote is due here")?;
        let mut out = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = inner.get(at + 1..).unwrap_or_default();
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    Some((_, c)) => out.extend(['\\', c]),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err("a quoted text does not end on its line")
    }

    /// Labels in braces; a quoted text without a value is the metric's name.
    fn labels(&mut self, name: &mut Option<String>, labels: &mut Slice) -> Result<(), &'static str> {
        self.rest = self.rest.strip_prefix('{').ok_or("a brace is due here")?;
        loop {
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Ok(());
            }
            let quoted = self.rest.starts_with('"');
            let key = if quoted { self.quoted()? } else { self.name(false)?.to_owned() };
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix('=') {
                self.rest = rest;
                self.blanks();
                let value = self.quoted()?;
                if labels.0.insert(key, value).is_some() {
                    return Err("a label stands twice");
                }
            } else if quoted && name.is_none() {
                *name = Some(key);
            } else {
                return Err("a label has no value");
            }
            self.blanks();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.starts_with('}') => {}
                None => return Err("a comma or a closing brace is due here"),
            }
        }
    }
}
