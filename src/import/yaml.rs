//! YAML within a budget: alias bombs, deep nesting and duplicate keys are errors, not hangs.
//!
//! In: text. Out: a [`Datum`]. serde-saphyr does the parsing; dates and anything else that is
//! neither null, truth value, number, list nor map stays text. Truth values follow YAML 1.1 (`no` is
//! false), as PyYAML reads them, because PyYAML is what wrote nearly every file we read.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;

use crate::diag::{Code, Diagnostic};
use crate::model::{Datum, Measured};

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
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 400_000,
            max_aliases: 2_000,
            max_anchors: 2_000,
            flow_nesting_limit: 64,
            max_depth: 64,
            max_nodes: 250_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
        },
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        deserializer.deserialize_any(DatumVisitor { texts })
    });
    match parsed {
        Ok(value) => Ok(value),
        Err(error) => {
            let location = error.location();
            let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
            Err(Box::new(YamlError {
                line: location.map(|l| number(l.line())),
                column: location.map(|l| number(l.column())),
                message: error.without_snippet().to_string(),
            }))
        }
    }
}

struct YamlDatum(Datum);

impl<'de> Deserialize<'de> for YamlDatum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DatumVisitor { texts: &[] }).map(Self)
    }
}

/// Text as it stands, or null.
struct YamlText(Datum);

impl<'de> Deserialize<'de> for YamlText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(|text| Self(text.map_or(Datum::Null, Datum::Text)))
    }
}

struct DatumVisitor<'t> {
    /// Keys whose values are text as it stands.
    texts: &'t [&'t str],
}

impl<'de> Visitor<'de> for DatumVisitor<'_> {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Datum, E> {
        #[expect(clippy::cast_precision_loss, reason = "beyond the range of i64 a rounded number is what is left")]
        Ok(i64::try_from(value).map_or_else(|_| Datum::Number(Measured::new(value as f64)), Datum::Int))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Datum, E> {
        #[expect(clippy::cast_precision_loss, reason = "beyond the range of i64 a rounded number is what is left")]
        Ok(i64::try_from(value).map_or_else(|_| Datum::Number(Measured::new(value as f64)), Datum::Int))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Datum, E> {
        #[expect(clippy::cast_precision_loss, reason = "beyond the range of i64 a rounded number is what is left")]
        Ok(i64::try_from(value).map_or_else(|_| Datum::Number(Measured::new(value as f64)), Datum::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Number(Measured::new(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        Ok(Datum::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Datum, E> {
        Ok(Datum::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_none<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Datum, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Datum, A::Error> {
        let mut items = Vec::new();
        while let Some(YamlDatum(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Datum::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Datum, A::Error> {
        let mut entries = Vec::new();
        while let Some(YamlDatum(key)) = map.next_key()? {
            let key = key.display();
            let value = if self.texts.contains(&key.as_str()) {
                map.next_value::<YamlText>()?.0
            } else {
                map.next_value::<YamlDatum>()?.0
            };
            entries.push((key, value));
        }
        Ok(Datum::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_with_texts};
    use crate::model::Datum;

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
