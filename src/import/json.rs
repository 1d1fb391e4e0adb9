//! JSON as Python writes it: bare `NaN` and `Infinity`, duplicate keys noticed, depth bounded.
//!
//! In: a file. Out: a [`Datum`] with the keys in their order, and a diagnostic for each key that an
//! object holds twice (the later value wins, as in every Python reader; the gate refuses metrics
//! whose values contradict). jiter does the parsing.

use jiter::{JsonValue, LinePosition};

use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Measured};
use crate::source::FileData;

/// A parsed document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json {
    /// The value.
    pub value: Datum,
    /// Keys that an object holds twice: pointer of the object's member.
    pub duplicates: Vec<String>,
}

impl Json {
    /// A diagnostic for each duplicate key.
    pub fn duplicate_problems(&self, path: &str) -> Vec<Diagnostic> {
        self.duplicates
            .iter()
            .map(|pointer| {
                Diagnostic::new(
                    Code::JsonDuplicateKey,
                    format!("the key at {} stands twice in its object", visible(pointer, 200)),
                )
                .severity(crate::diag::Severity::Warning)
                .at(path)
                .pointer(pointer.clone())
                .help("keep one of them; a metric with two different values cannot be judged")
            })
            .collect()
    }
}

/// Parses a file.
///
/// # Errors
/// A diagnostic with line and column when the text is not JSON.
pub fn parse(file: &FileData) -> Result<Json, Box<Diagnostic>> {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Box::new(
            Diagnostic::new(Code::TextEncoding, "the file is UTF-16, not UTF-8")
                .at(file.path.clone())
                .help("write it as UTF-8"),
        ));
    }
    parse_bytes(bytes, &file.path, 0)
}

/// Parses one text that stands after `lines_before` other lines of its file.
fn parse_bytes(bytes: &[u8], path: &str, lines_before: usize) -> Result<Json, Box<Diagnostic>> {
    let value = JsonValue::parse(bytes, true).map_err(|error| {
        let LinePosition { line, column } = error.get_position(bytes);
        let line = u32::try_from(line + lines_before).unwrap_or(u32::MAX);
        Box::new(
            Diagnostic::new(Code::JsonSyntax, format!("not well-formed JSON: {}", error.error_type))
                .at(path)
                .at_line(line, u32::try_from(column).unwrap_or(u32::MAX).max(1))
                .help("was the file written completely? write it to a temporary name and rename it"),
        )
    })?;
    let mut duplicates = Vec::new();
    let value = datum(&value, &mut String::new(), &mut duplicates);
    Ok(Json { value, duplicates })
}

/// Parses a file whose texts hold raw line breaks or other control characters, which JSON forbids
/// but some writers leave in; with a diagnostic that says so. Nothing when it is no JSON even so.
///
/// Where that alone does not help, a text whose line is followed by a closing bracket is taken to end
/// with its line: its quote was lost.
pub fn parse_with_raw_breaks(file: &FileData) -> Option<(Datum, Diagnostic)> {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    [false, true].into_iter().find_map(|closing| {
        let (mended, found, first) = mended(bytes, closing);
        let value = parse_bytes(&mended, &file.path, 0).ok()?.value;
        let how =
            if closing { "a text without a closing quote ends with its line" } else { "they are read as escapes" };
        let problem = Diagnostic::new(
            Code::JsonSyntax,
            format!("not valid JSON: {} inside texts; {how}", crate::diag::count(found, "raw control character")),
        )
        .severity(crate::diag::Severity::Warning)
        .at(file.path.clone())
        .at_line(first?, 1)
        .help("write the file with a JSON library: a line break inside a text is \\n");
        Some((value, problem))
    })
}

/// The bytes with raw control characters inside texts escaped, how many there were, and the first one's line.
fn mended(bytes: &[u8], closing: bool) -> (Vec<u8>, usize, Option<u32>) {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let (mut inside, mut escaped, mut found) = (false, false, 0usize);
    let (mut line, mut first) = (1u32, None);
    for (at, byte) in bytes.iter().enumerate() {
        if inside && *byte < 0x20 {
            found += 1;
            first.get_or_insert(line);
            let after = bytes.iter().skip(at).take(256).find(|b| !b.is_ascii_whitespace());
            if escaped {
                // A backslash before it would make an escape that does not exist.
                out.push(b'\\');
            }
            escaped = false;
            if closing && *byte == b'\n' && matches!(after, Some(b'}' | b']')) {
                out.extend_from_slice(b"\"\n");
                inside = false;
            } else {
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            }
        } else {
            out.push(*byte);
            if *byte == b'"' && !escaped {
                inside = !inside;
            }
            escaped = inside && *byte == b'\\' && !escaped;
        }
        line = line.saturating_add(u32::from(*byte == b'\n'));
    }
    (out, found, first)
}

/// The values of a file with one JSON value on each line (JSON Lines), read one at a time. Each comes
/// with the number of its line, counted from 1; a line that is no JSON is an error of its own and the
/// rest goes on.
pub fn lines(file: &FileData) -> impl Iterator<Item = (u32, Result<Json, Box<Diagnostic>>)> + '_ {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    bytes
        .split(|b| *b == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(i, line)| (u32::try_from(i + 1).unwrap_or(u32::MAX), parse_bytes(line.trim_ascii_end(), &file.path, i)))
}

/// A JSON value inside another format, duplicate keys unnoticed; nothing when it is not JSON.
pub(crate) fn value(bytes: &[u8]) -> Option<Datum> {
    let value = JsonValue::parse(bytes, true).ok()?;
    Some(datum(&value, &mut String::new(), &mut Vec::new()))
}

fn datum(value: &JsonValue<'_>, pointer: &mut String, duplicates: &mut Vec<String>) -> Datum {
    match value {
        JsonValue::Null => Datum::Null,
        JsonValue::Bool(value) => Datum::Bool(*value),
        JsonValue::Int(value) => Datum::Int(*value),
        JsonValue::Float(value) => Datum::Number(Measured::new(*value)),
        JsonValue::Str(text) => Datum::Text(text.to_string()),
        JsonValue::Array(items) => Datum::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| below(pointer, &i.to_string(), |pointer| datum(item, pointer, duplicates)))
                .collect(),
        ),
        JsonValue::Object(members) => {
            let mut entries: Vec<(String, Datum)> = Vec::with_capacity(members.len());
            let mut seen = indexmap::IndexSet::with_capacity(members.len());
            for (key, item) in members.iter() {
                let value = below(pointer, key, |pointer| {
                    let (at, fresh) = seen.insert_full(key.clone());
                    if !fresh {
                        duplicates.push(pointer.clone());
                    }
                    (at, fresh, datum(item, pointer, duplicates))
                });
                match value {
                    (_, true, value) => entries.push((key.to_string(), value)),
                    (at, false, value) => entries[at].1 = value,
                }
            }
            Datum::Map(entries)
        }
        #[expect(
            unreachable_patterns,
            reason = "JsonValue has a BigInt variant when another crate turns its feature on"
        )]
        _ => Datum::Null,
    }
}

/// Runs `inner` with a token appended to an RFC 6901 pointer.
fn below<T>(pointer: &mut String, token: &str, inner: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    push_token(pointer, token);
    let out = inner(pointer);
    pointer.truncate(length);
    out
}

/// Appends a token to an RFC 6901 pointer.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}
