//! Data of any shape that a tool wrote beside its metrics: params, front matter, configuration.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Measured;

/// A value of any shape, keys in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number.
    Number(Measured),
    /// Text; also dates, in their written form.
    Text(String),
    /// A list.
    List(Vec<Datum>),
    /// A map; keys that were not text are written as text.
    Map(Vec<(String, Datum)>),
}

impl Datum {
    /// The text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is one.
    pub fn as_number(&self) -> Option<Measured> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are shown rounded, as JSON readers do")]
            Self::Int(value) => Some(Measured::new(*value as f64)),
            Self::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// The map's entries, when it is a map.
    pub fn entries(&self) -> Option<&[(String, Datum)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The list's items, when it is a list.
    pub fn items(&self) -> Option<&[Datum]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value at a key of a map.
    pub fn get(&self, key: &str) -> Option<&Datum> {
        self.entries()?.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// A short text for a table cell: scalars as written, lists joined, maps as compact pairs.
    pub fn display(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::List(items) => items.iter().map(Self::display).collect::<Vec<_>>().join(", "),
            Self::Map(entries) => {
                entries.iter().map(|(k, v)| format!("{k}: {}", v.display())).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// What kind of value it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

impl From<&str> for Datum {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Datum {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
