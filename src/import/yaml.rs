//! YAML within a budget: alias bombs and deep nesting are errors, not hangs.
//!
//! In: text. Out: a [`Datum`]. granit-parser gives the events; this module builds the value, so that
//! scalars can follow PyYAML's rules (`no` is false, dates stay text), a broken document can keep its
//! sound part, and every value knows its line. Tags are inert: `!!python/object` is a list or a text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use indexmap::IndexMap;

use super::json::push_token;
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Measured};

/// Values nest at most this deep, aliases expanded.
const MAX_DEPTH: usize = 64;
/// Values of a document, copies by alias and merge included.
const MAX_NODES: usize = 250_000;
/// Events of a document.
const MAX_EVENTS: usize = 400_000;

/// A failed parse: where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// 1-based line in the parsed text.
    pub line: Option<u32>,
    /// 1-based column.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

impl YamlError {
    /// The error as a diagnostic of a file whose YAML begins after `lines_before` lines.
    pub fn diagnostic(&self, path: &str, lines_before: u32) -> Diagnostic {
        let diagnostic = Diagnostic::new(Code::YamlSyntax, format!("not well-formed YAML: {}", self.message))
            .at(path)
            .help("quote text that holds ': ' or begins with a special character, and indent with spaces");
        match self.line {
            Some(line) => diagnostic.at_line(line.saturating_add(lines_before), self.column.unwrap_or(1)),
            None => diagnostic,
        }
    }

    fn at(span: Span, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            line: Some(line_of(span)),
            column: Some(u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX)),
            message: message.into(),
        })
    }
}

/// How plain scalars are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Files of many tools: YAML 1.1 truth values, and every common spelling of a number (`1e3`).
    Tools,
    /// Exactly PyYAML's `safe_load`, because the Hub reads cards with it: `1e3` is text, `010` is
    /// eight, `12:30` is 750.
    PyYaml,
}

/// A document that was read as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lenient {
    /// The value; the part before the error when there is one.
    pub value: Datum,
    /// Keys that a map holds twice: pointer and line of the later one, whose value was taken.
    pub duplicates: Vec<(String, u32)>,
    /// What stopped the parser.
    pub error: Option<Box<YamlError>>,
    lines: Lines,
}

impl Lenient {
    /// The 1-based line of the value at a path of keys and indices, or of the nearest value around it.
    pub fn line(&self, pointer: &str) -> Option<u32> {
        let (mut value, mut lines) = (&self.value, &self.lines);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let (at, below) = match value {
                Datum::List(items) => {
                    let at = token.parse().ok().unwrap_or(usize::MAX);
                    (at, items.get(at))
                }
                Datum::Map(entries) => match entries.iter().position(|(key, _)| *key == token) {
                    Some(at) => (at, Some(&entries[at].1)),
                    None => break,
                },
                _ => break,
            };
            let (Some(below), Some(next)) = (below, lines.below.get(at)) else { break };
            (value, lines) = (below, next);
        }
        (lines.line > 0).then_some(lines.line)
    }
}

/// The lines of a value and of the values in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lines {
    line: u32,
    below: Vec<Lines>,
}

/// Parses one document; empty text is null.
///
/// # Errors
/// Where the text is not well formed, holds a key twice, or goes beyond the budget.
pub fn parse(text: &str) -> Result<Datum, Box<YamlError>> {
    parse_with_texts(text, &[])
}

/// Parses one document whose top-level keys in `texts` hold text (or null): their scalars are taken
/// as they stand. PyYAML writes `695042e3` without quotes, because by YAML 1.1 it is no number.
///
/// # Errors
/// As [`parse`]; also where a list or map stands at such a key.
pub fn parse_with_texts(text: &str, texts: &[&str]) -> Result<Datum, Box<YamlError>> {
    let mut builder = Builder { texts, strict: true, ..Builder::new(Dialect::Tools) };
    builder.run(text)?;
    Ok(builder.finish().value.datum)
}

/// Parses one document, keeps what is sound, and lets the later of two equal keys win.
pub fn parse_lenient(text: &str, dialect: Dialect) -> Lenient {
    let mut builder = Builder { with_lines: true, ..Builder::new(dialect) };
    let error = builder.run(text).err();
    let duplicates = std::mem::take(&mut builder.duplicates);
    let Node { value, lines } = builder.finish();
    Lenient { value: value.datum, duplicates, error, lines }
}

/// A value with its size, so that copies can be charged before they are made.
#[derive(Clone)]
struct Sized {
    datum: Datum,
    nodes: usize,
    depth: usize,
}

#[derive(Clone)]
struct Node {
    value: Sized,
    lines: Lines,
}

struct Frame {
    anchor: usize,
    line: u32,
    nodes: usize,
    depth: usize,
    kids: Vec<Lines>,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<Datum>),
    Map(Box<MapFrame>),
}

#[derive(Default)]
struct MapFrame {
    entries: IndexMap<String, Datum>,
    /// The key whose value is being read.
    key: Option<Key>,
    merged: IndexMap<String, Datum>,
}

struct Key {
    text: String,
    merge: bool,
    span: Span,
}

struct Builder<'t> {
    dialect: Dialect,
    /// Top-level keys whose values are text as it stands.
    texts: &'t [&'t str],
    strict: bool,
    with_lines: bool,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Sized>,
    duplicates: Vec<(String, u32)>,
    nodes: usize,
}

impl Builder<'_> {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            texts: &[],
            strict: false,
            with_lines: false,
            stack: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            duplicates: Vec::new(),
            nodes: 0,
        }
    }

    fn run(&mut self, text: &str) -> Result<(), Box<YamlError>> {
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        options.block_scalar_eof_without_line_feed = true;
        let mut documents = 0;
        for (count, event) in Parser::new_from_str_with_options(text, options).enumerate() {
            let (event, span) = event.map_err(|error| {
                YamlError::at(Span::empty(*error.marker()), visible(error.info().lines().next().unwrap_or(""), 200))
            })?;
            if count > MAX_EVENTS {
                return Err(YamlError::at(span, format!("more than {MAX_EVENTS} parts")));
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(YamlError::at(span, "a second document begins where one is due"));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    let merge = plain && tag.is_none() && text == "<<";
                    let datum = self.scalar(text, plain, tag.as_deref());
                    let value = Sized { datum, nodes: 1, depth: 0 };
                    self.complete(value, Vec::new(), anchor, span, merge)?;
                }
                Event::SequenceStart(_, anchor, _) => self.open(FrameKind::List(Vec::new()), anchor, span)?,
                Event::MappingStart(_, anchor, _) => self.open(FrameKind::Map(Box::default()), anchor, span)?,
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some((node, anchor)) = self.close() {
                        self.complete(node.value, node.lines.below, anchor, span_at(span, node.lines.line), false)?;
                    }
                }
                Event::Alias(id) => {
                    let Some(value) = self.anchors.get(&id) else {
                        return Err(YamlError::at(span, "an alias stands inside the value that it names"));
                    };
                    let (nodes, depth) = (value.nodes, value.depth);
                    self.spend(nodes, span)?;
                    if self.stack.len() + depth > MAX_DEPTH {
                        return Err(YamlError::at(span, format!("values nest deeper than {MAX_DEPTH} levels")));
                    }
                    let value = self.anchors[&id].clone();
                    self.complete(value, Vec::new(), 0, span, false)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, span: Span) -> Result<(), Box<YamlError>> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(YamlError::at(span, format!("more than {MAX_NODES} values, aliases expanded")));
        }
        Ok(())
    }

    fn open(&mut self, kind: FrameKind, anchor: usize, span: Span) -> Result<(), Box<YamlError>> {
        if self.text_is_due() {
            return Err(YamlError::at(span, "a list or map stands where text is due"));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(YamlError::at(span, format!("values nest deeper than {MAX_DEPTH} levels")));
        }
        self.stack.push(Frame { anchor, line: line_of(span), nodes: 1, depth: 0, kids: Vec::new(), kind });
        Ok(())
    }

    /// Takes the innermost container off the stack, as far as it was read.
    fn close(&mut self) -> Option<(Node, usize)> {
        let frame = self.stack.pop()?;
        let mut below = frame.kids;
        let datum = match frame.kind {
            FrameKind::List(items) => Datum::List(items),
            FrameKind::Map(map) => {
                let MapFrame { entries, merged, .. } = *map;
                // What is merged stands before what the map says itself, as PyYAML has it.
                let mut all: Vec<(String, Datum)> =
                    merged.into_iter().filter(|(key, _)| !entries.contains_key(key)).collect();
                if self.with_lines && !all.is_empty() {
                    let inherited = Lines { line: frame.line, below: Vec::new() };
                    below = std::iter::repeat_n(inherited, all.len()).chain(below).collect();
                }
                all.extend(entries);
                Datum::Map(all)
            }
        };
        let value = Sized { datum, nodes: frame.nodes, depth: frame.depth + 1 };
        Some((Node { value, lines: Lines { line: frame.line, below } }, frame.anchor))
    }

    /// Hands a finished value to the container around it.
    fn complete(
        &mut self,
        value: Sized,
        below: Vec<Lines>,
        anchor: usize,
        span: Span,
        merge: bool,
    ) -> Result<(), Box<YamlError>> {
        self.spend(1, span)?;
        if anchor > 0 {
            self.spend(value.nodes, span)?;
            self.anchors.insert(anchor, value.clone());
        }
        let lines = Lines { line: line_of(span), below };
        let mut charge = 0;
        let mut duplicate = None;
        match self.stack.last_mut() {
            None => self.root = Some(Node { value, lines }),
            Some(frame) => {
                frame.nodes += value.nodes;
                frame.depth = frame.depth.max(value.depth);
                match &mut frame.kind {
                    FrameKind::List(items) => {
                        items.push(value.datum);
                        if self.with_lines {
                            frame.kids.push(lines);
                        }
                    }
                    FrameKind::Map(map) => match map.key.take() {
                        None => {
                            let text = match &value.datum {
                                Datum::Null => "null".to_owned(),
                                datum => datum.display(),
                            };
                            map.key = Some(Key { text, merge, span });
                        }
                        Some(key) if key.merge && merge_sources(&value.datum).is_some() => {
                            for (name, datum) in merge_sources(&value.datum).into_iter().flatten().flatten() {
                                charge += 1;
                                map.merged.entry(name.clone()).or_insert_with(|| datum.clone());
                            }
                            charge += value.nodes;
                        }
                        Some(key) => {
                            if self.with_lines {
                                let at = map.entries.get_index_of(&key.text);
                                let lines = Lines { line: line_of(key.span), ..lines };
                                match at {
                                    Some(at) => frame.kids[at] = lines,
                                    None => frame.kids.push(lines),
                                }
                            }
                            if let (at, Some(_)) = map.entries.insert_full(key.text, value.datum) {
                                duplicate = Some((at, key.span));
                            }
                        }
                    },
                }
            }
        }
        if let Some((at, span)) = duplicate {
            let pointer = self.pointer(at);
            if self.strict {
                return Err(YamlError::at(
                    span,
                    format!("the key at {} stands twice in its map", visible(&pointer, 200)),
                ));
            }
            self.duplicates.push((pointer, line_of(span)));
        }
        self.spend(charge, span)
    }

    /// The pointer of an entry of the innermost map.
    fn pointer(&self, entry: usize) -> String {
        let mut pointer = String::new();
        for (level, frame) in self.stack.iter().enumerate() {
            let last = level + 1 == self.stack.len();
            match &frame.kind {
                FrameKind::List(items) => push_token(&mut pointer, &items.len().to_string()),
                FrameKind::Map(map) if last => {
                    push_token(&mut pointer, map.entries.get_index(entry).map_or("", |(key, _)| key));
                }
                FrameKind::Map(map) => push_token(&mut pointer, map.key.as_ref().map_or("", |key| &key.text)),
            }
        }
        pointer
    }

    /// Closes what is open and gives the value.
    fn finish(mut self) -> Node {
        while let Some((node, _)) = self.close() {
            match self.stack.last_mut() {
                None => self.root = Some(node),
                Some(frame) => match &mut frame.kind {
                    FrameKind::List(items) => {
                        items.push(node.value.datum);
                        frame.kids.push(node.lines);
                    }
                    FrameKind::Map(map) => {
                        if let Some(key) =
                            map.key.take().filter(|key| !key.merge && !map.entries.contains_key(&key.text))
                        {
                            map.entries.insert(key.text, node.value.datum);
                            frame.kids.push(node.lines);
                        }
                    }
                },
            }
        }
        self.root.unwrap_or(Node {
            value: Sized { datum: Datum::Null, nodes: 1, depth: 0 },
            lines: Lines { line: 1, below: Vec::new() },
        })
    }

    /// Whether the value that comes next is text whatever it looks like.
    fn text_is_due(&self) -> bool {
        match self.stack.as_slice() {
            [Frame { kind: FrameKind::Map(map), .. }] => {
                map.key.as_ref().is_some_and(|key| self.texts.contains(&key.text.as_str()))
            }
            _ => false,
        }
    }

    fn scalar(&self, text: Cow<'_, str>, plain: bool, tag: Option<&Tag>) -> Datum {
        let resolved = match tag {
            None if self.text_is_due() => {
                (plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")).then_some(Datum::Null)
            }
            None if plain => resolve(&text, self.dialect),
            None => None,
            Some(tag) => match tag.core_suffix() {
                Some("null") => Some(Datum::Null),
                Some("bool" | "int" | "float") => resolve(&text, self.dialect),
                _ => None,
            },
        };
        resolved.unwrap_or_else(|| Datum::Text(text.into_owned()))
    }
}

/// The maps that a merge key names; nothing when its value is of another kind.
fn merge_sources(value: &Datum) -> Option<Vec<&[(String, Datum)]>> {
    match value {
        Datum::Map(entries) => Some(vec![entries]),
        Datum::List(items) => items.iter().map(Datum::entries).collect(),
        _ => None,
    }
}

fn line_of(span: Span) -> u32 {
    u32::try_from(span.start.line()).unwrap_or(u32::MAX)
}

/// The span of an end event, moved to the line where its container began.
fn span_at(span: Span, line: u32) -> Span {
    Span::empty(granit_parser::Marker::new(span.start.index(), line as usize, 0))
}

/// What a plain scalar means, when it is not text.
fn resolve(text: &str, dialect: Dialect) -> Option<Datum> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Datum::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Some(Datum::Bool(true)),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Some(Datum::Bool(false)),
        _ => {}
    }
    if !matches!(text.as_bytes().first(), Some(b'-' | b'+' | b'.' | b'0'..=b'9')) || text.len() > 400 {
        return None;
    }
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let number = |value: f64| Datum::Number(Measured::new(if negative { -value } else { value }));
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(number(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return (digits == text).then(|| number(f64::NAN)),
        _ => {}
    }
    if let Some(whole) = whole_number(digits, dialect) {
        return match i64::try_from(if negative { -whole } else { whole }) {
            Ok(value) => Some(Datum::Int(value)),
            #[expect(clippy::cast_precision_loss, reason = "beyond the range of i64 a rounded number is what is left")]
            Err(_) => Some(number(whole as f64)),
        };
    }
    if dialect == Dialect::PyYaml && digits.contains(':') {
        return sexagesimal(digits).map(number);
    }
    is_float(digits, dialect).then(|| digits.replace('_', "").parse().ok().map(number)).flatten()
}

/// A whole number without its sign, in the bases that YAML 1.1 knows.
fn whole_number(digits: &str, dialect: Dialect) -> Option<i128> {
    let based = |rest: &str, radix: u32| {
        let clean = rest.replace('_', "");
        (!clean.is_empty() && clean.chars().all(|c| c.is_digit(radix)))
            .then(|| i128::from_str_radix(&clean, radix).ok())
            .flatten()
    };
    if let Some(rest) = digits.strip_prefix("0x") {
        return based(rest, 16);
    }
    if let Some(rest) = digits.strip_prefix("0b") {
        return based(rest, 2);
    }
    if dialect == Dialect::Tools
        && let Some(rest) = digits.strip_prefix("0o")
    {
        return based(rest, 8);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if dialect == Dialect::PyYaml && digits.len() > 1 && digits.starts_with('0') {
        return based(&digits[1..], 8);
    }
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return based(digits, 10);
    }
    if dialect == Dialect::PyYaml && digits.contains(':') && !digits.contains('.') && !digits.starts_with('0') {
        return sexagesimal_parts(digits)?
            .iter()
            .try_fold(0i128, |sum, part| sum.checked_mul(60)?.checked_add(part.replace('_', "").parse().ok()?));
    }
    None
}

/// The parts of `12:30:45`, when every part after the first is below sixty.
fn sexagesimal_parts(digits: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = digits.split(':').collect();
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
    let first = parts.first()?.replace('_', "");
    let rest = parts.iter().skip(1).all(|p| number(p) && p.len() <= 2 && p.parse::<u8>().is_ok_and(|v| v < 60));
    (parts.len() > 1 && number(&first) && rest).then_some(parts)
}

/// `1:30.5`: ninety and a half.
fn sexagesimal(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_once('.')?;
    let mut value = 0.0;
    for part in sexagesimal_parts(whole)? {
        value = value * 60.0 + part.replace('_', "").parse::<f64>().ok()?;
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return None;
    }
    Some(value + format!("0.{}", fraction.replace('_', "")).parse::<f64>().unwrap_or(0.0))
}

/// Whether text without its sign is a number with a point or an exponent.
fn is_float(digits: &str, dialect: Dialect) -> bool {
    let run = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let signed = exponent.is_none_or(|e| e.starts_with(['-', '+']));
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && e.bytes().all(|b| b.is_ascii_digit())
    });
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            run(whole)
                && run(fraction)
                && mantissa.bytes().any(|b| b.is_ascii_digit())
                && (whole.starts_with(|c: char| c.is_ascii_digit()) || (whole.is_empty() && !fraction.starts_with('_')))
        }
        None => dialect == Dialect::Tools && run(mantissa) && mantissa.starts_with(|c: char| c.is_ascii_digit()),
    };
    mantissa_ok && exponent_ok && (signed || dialect == Dialect::Tools)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn py(text: &str) -> Datum {
        let parsed = parse_lenient(text, Dialect::PyYaml);
        assert_eq!(parsed.error, None, "{text}");
        parsed.value
    }

    fn int(value: i64) -> Datum {
        Datum::Int(value)
    }

    #[test]
    fn scalars_follow_pyyaml() {
        for (text, value) in [
            ("no", Datum::Bool(false)),
            ("On", Datum::Bool(true)),
            ("y", "y".into()),
            ("~", Datum::Null),
            ("010", int(8)),
            ("08", "08".into()),
            ("0x1F", int(31)),
            ("0b101", int(5)),
            ("0o17", "0o17".into()),
            ("1_000", int(1000)),
            ("12:30", int(750)),
            ("12:30:45", int(45045)),
            ("12:75", "12:75".into()),
            ("1e3", "1e3".into()),
            ("1.e3", "1.e3".into()),
            ("1.0e+3", Measured::new(1000.0).into_datum()),
            ("1_000.5", Measured::new(1000.5).into_datum()),
            (".5", Measured::new(0.5).into_datum()),
            ("-.inf", Measured::new(f64::NEG_INFINITY).into_datum()),
            (".nan", Measured::new(f64::NAN).into_datum()),
            ("2024-02-30", "2024-02-30".into()),
            ("'no'", "no".into()),
            ("!!str no", "no".into()),
            ("!!int '3'", int(3)),
            ("!License mit", "mit".into()),
            ("12345678901234567890123", Measured::new(12_345_678_901_234_567_890_123.0).into_datum()),
            ("-", Datum::List(vec![Datum::Null])),
            ("+", "+".into()),
            (".", ".".into()),
        ] {
            assert_eq!(py(text), value, "{text}");
        }
    }

    impl Measured {
        fn into_datum(self) -> Datum {
            Datum::Number(self)
        }
    }

    #[test]
    fn other_tools_write_exponents_without_a_point() {
        assert_eq!(parse("1e-05").unwrap(), Datum::Number(Measured::new(1e-5)));
        assert_eq!(parse("010").unwrap(), int(10));
        assert_eq!(parse("12:30").unwrap(), "12:30".into());
    }

    #[test]
    fn merge_keys_stand_first_and_lose() {
        let value = py("base: &b {a: 1, b: 2}\nx:\n  b: 3\n  <<: *b\n");
        assert_eq!(value.get("x"), Some(&Datum::Map(vec![("a".into(), int(1)), ("b".into(), int(3))])));
    }

    #[test]
    fn a_key_that_stands_twice() {
        let error = parse("a: 1\nb:\n  - c: 1\n    c: 2\n").unwrap_err();
        assert_eq!(error.line, Some(4));
        assert!(error.message.contains("/b/0/c"), "{}", error.message);
        let lenient = parse_lenient("a: 1\na: 2\n", Dialect::PyYaml);
        assert_eq!(lenient.value.get("a"), Some(&int(2)));
        assert_eq!(lenient.duplicates, [("/a".to_owned(), 2)]);
    }

    #[test]
    fn the_sound_part_stays() {
        let lenient = parse_lenient("a: 1\nb:\n- x\n- y: [1, 2\nc: 3\n", Dialect::PyYaml);
        assert!(lenient.error.is_some());
        assert_eq!(lenient.value.get("a"), Some(&int(1)));
        assert!(lenient.value.get("b").is_some());
    }

    #[test]
    fn values_know_their_line() {
        let lenient = parse_lenient("a: 1\nb:\n- x\n- y:\n    z: 1\n", Dialect::PyYaml);
        assert_eq!(lenient.line("/a"), Some(1));
        assert_eq!(lenient.line("/b/1/y/z"), Some(5));
        assert_eq!(lenient.line("/b/1/nothing"), Some(4));
    }

    #[test]
    fn bombs_are_errors() {
        let laughs = (1..12).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, i| {
            format!("{text}a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","))
        });
        assert!(parse(&laughs).unwrap_err().line.is_some());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse("a: &a\n  b: *a\n").is_err());
        let chain = (1..200).fold("a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned(), |text, i| {
            format!("{text}a{i}: &a{i} [[[[[[[[[[*a{}]]]]]]]]]]\n", i - 1)
        });
        assert!(parse(&chain).unwrap_err().message.contains("deeper"));
    }

    #[test]
    fn keys_that_hold_text_keep_what_stands_there() {
        let text = "digest: 695042e3\nname: no\nid: '12'\nempty:\nnone: None\nquoted: 'null'\nnull: null\nversion: 0o17\nother: 1e3\nblock: 'a


  b'\n";
        let keys = ["digest", "name", "id", "empty", "none", "quoted", "version", "block"];
        let value = parse_with_texts(text, &keys).unwrap();
        let text = |text: &str| Some(Datum::Text(text.to_owned()));
        assert_eq!(value.get("digest").cloned(), text("695042e3"));
        assert_eq!(value.get("name").cloned(), text("no"));
        assert_eq!(value.get("id").cloned(), text("12"));
        assert_eq!(value.get("empty"), Some(&Datum::Null));
        assert_eq!(value.get("none").cloned(), text("None"));
        assert_eq!(value.get("quoted").cloned(), text("null"));
        assert_eq!(value.get("version").cloned(), text("0o17"));
        assert_eq!(value.get("block").cloned(), text("a\n\nb"));
        assert_ne!(value.get("other").cloned(), text("1e3"));
        assert_eq!(parse("").unwrap(), Datum::Null);
        assert!(parse_with_texts("name: [a]\n", &keys).is_err());
        assert_eq!(parse_with_texts("a: 1\na: 2\n", &keys).unwrap_err().line, Some(2));
    }
}
