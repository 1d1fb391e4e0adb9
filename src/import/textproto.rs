//! The text format of protocol buffers, without a schema.
//!
//! In: text. Out: a [`Datum::Map`]; a field that stands several times becomes a list, enum values
//! become text. Follows the Text Format Language Specification of protobuf.dev; extensions
//! (`[name]`) keep their name. Depth and size are bounded: one value for each token at most.

use crate::model::{Datum, Measured};

/// Messages within messages.
const DEPTH: usize = 64;

/// Parses a message; an error is a line and what is wrong there.
pub(crate) fn parse(text: &str) -> Result<Datum, (u32, String)> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.message(None, DEPTH);
    value.map_err(|problem| {
        let before = text.as_bytes().get(..parser.at).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), problem)
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and comments, and shows the next character.
    fn peek(&mut self) -> Option<char> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return trimmed.chars().next();
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn word(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn message(&mut self, close: Option<char>, depth: usize) -> Result<Datum, String> {
        if depth == 0 {
            return Err(format!("messages nest deeper than {DEPTH}"));
        }
        let mut fields: indexmap::IndexMap<String, (bool, Datum)> = indexmap::IndexMap::new();
        loop {
            match (self.peek(), close) {
                (None, None) => break,
                (None, Some(close)) => return Err(format!("'{close}' is due, the file ends here")),
                (Some(c), Some(close)) if c == close => {
                    self.at += c.len_utf8();
                    break;
                }
                _ => {}
            }
            let name = if self.eat('[') {
                let name = self.word(|c| c != ']' && c != '\n').trim().to_owned();
                if !self.eat(']') {
                    return Err("']' is due".to_owned());
                }
                name
            } else {
                self.word(|c| c.is_ascii_alphanumeric() || c == '_').to_owned()
            };
            if name.is_empty() {
                return Err("the name of a field is due".to_owned());
            }
            let colon = self.eat(':');
            let mut values = Vec::new();
            if self.eat('[') {
                while !self.eat(']') {
                    values.push(self.value(depth)?);
                    if !self.eat(',') && self.peek() != Some(']') {
                        return Err("',' or ']' is due".to_owned());
                    }
                }
            } else if colon || matches!(self.peek(), Some('{' | '<')) {
                values.push(self.value(depth)?);
            } else {
                return Err("':' or '{' is due".to_owned());
            }
            for value in values {
                match fields.get_mut(&name) {
                    None => {
                        fields.insert(name.clone(), (false, value));
                    }
                    Some((true, Datum::List(items))) => items.push(value),
                    Some((several, first)) => {
                        let held = std::mem::replace(first, Datum::Null);
                        *first = Datum::List(vec![held, value]);
                        *several = true;
                    }
                }
            }
            if !self.eat(',') {
                self.eat(';');
            }
        }
        Ok(Datum::Map(fields.into_iter().map(|(name, (_, value))| (name, value)).collect()))
    }

    fn value(&mut self, depth: usize) -> Result<Datum, String> {
        match self.peek() {
            Some('{') => {
                self.at += 1;
                self.message(Some('}'), depth - 1)
            }
            Some('<') => {
                self.at += 1;
                self.message(Some('>'), depth - 1)
            }
            Some('"' | '\'') => {
                let mut bytes = Vec::new();
                while let Some(quote @ ('"' | '\'')) = self.peek() {
                    self.at += 1;
                    self.string(quote, &mut bytes)?;
                }
                Ok(Datum::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Some(_) => {
                let minus = self.eat('-');
                self.peek();
                let word = self.word(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'));
                scalar(word, minus).ok_or_else(|| "a value is due".to_owned())
            }
            None => Err("a value is due, the file ends here".to_owned()),
        }
    }

    fn string(&mut self, quote: char, out: &mut Vec<u8>) -> Result<(), String> {
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(());
                }
                '\n' => break,
                '\\' => {
                    let Some((_, escaped)) = chars.next() else { break };
                    let mut digits = |radix: u32, most: usize, first: Option<char>| {
                        let mut number = first.and_then(|c| c.to_digit(radix)).unwrap_or(0);
                        let mut count = usize::from(first.is_some());
                        while count < most {
                            let Some(digit) = chars.clone().next().and_then(|(_, c)| c.to_digit(radix)) else { break };
                            number = number * radix + digit;
                            chars.next();
                            count += 1;
                        }
                        number
                    };
                    match escaped {
                        'n' => out.push(b'\n'),
                        't' => out.push(b'\t'),
                        'r' => out.push(b'\r'),
                        'a' => out.push(7),
                        'b' => out.push(8),
                        'f' => out.push(12),
                        'v' => out.push(11),
                        '0'..='7' => out.push(u8::try_from(digits(8, 3, Some(escaped)) & 0xff).unwrap_or(0)),
                        'x' | 'X' => out.push(u8::try_from(digits(16, 2, None)).unwrap_or(0)),
                        'u' | 'U' => {
                            let number = digits(16, if escaped == 'u' { 4 } else { 8 }, None);
                            let c = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        other => out.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                }
                other => out.extend(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err("a text does not end on its line".to_owned())
    }
}

/// A number, truth value or enum value.
fn scalar(word: &str, minus: bool) -> Option<Datum> {
    let signed = |text: &str| if minus { format!("-{text}") } else { text.to_owned() };
    let lower = word.to_ascii_lowercase();
    let number = lower.strip_suffix('f').unwrap_or(&lower);
    match lower.as_str() {
        "" => return None,
        "true" if !minus => return Some(Datum::Bool(true)),
        "false" if !minus => return Some(Datum::Bool(false)),
        "inf" | "infinity" | "nan" => return Measured::parse(&signed(&lower)).map(Datum::Number),
        _ => {}
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        let value = i64::from_str_radix(hex, 16).ok()?;
        return Some(Datum::Int(if minus { -value } else { value }));
    }
    if let Ok(value) = signed(&lower).parse::<i64>() {
        return Some(Datum::Int(value));
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return signed(number).parse::<f64>().ok().map(|v| Datum::Number(Measured::new(v)));
    }
    (!minus).then(|| Datum::Text(word.to_owned()))
}
