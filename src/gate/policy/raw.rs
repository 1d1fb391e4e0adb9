//! The policy as typed: every key and value with its place in the file, nothing judged yet.
//!
//! In: whatever TOML the user wrote. Out: tables that [`super::validate()`] reads. Deserialising
//! accepts any key and any type on purpose: serde's `deny_unknown_fields` stops at the first mistake
//! and cannot suggest a name, so unknown keys and wrong types are found, all of them, in `validate`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A date or time, as written.
    Datetime(String),
    List(Vec<Spanned<RawValue>>),
    Table(Vec<RawEntry>),
}

impl RawValue {
    /// What it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Datetime(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawEntry {
    pub(crate) key: String,
    /// Where the key stands; for keys of inner tables where their value stands.
    pub(crate) at: Range<usize>,
    pub(crate) value: Spanned<RawValue>,
}

/// toml hands dates to visitors as a map with one private key of this beginning.
const DATETIME_KEY: &str = "$__toml_private_datetime";

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a TOML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawValue, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<RawValue>>()? {
            items.push(item);
        }
        Ok(RawValue::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.starts_with(DATETIME_KEY) {
                return map.next_value::<String>().map(RawValue::Datetime);
            }
            let value = map.next_value::<Spanned<RawValue>>()?;
            entries.push(RawEntry { key, at: value.span(), value });
        }
        Ok(RawValue::Table(entries))
    }
}

/// A table whose keys have places.
fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RawEntry>, D::Error> {
    struct TableVisitor;

    impl<'de> Visitor<'de> for TableVisitor {
        type Value = Vec<RawEntry>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(key) = map.next_key::<Spanned<String>>()? {
                let value = map.next_value::<Spanned<RawValue>>()?;
                entries.push(RawEntry { at: key.span(), key: key.into_inner(), value });
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_map(TableVisitor)
}

macro_rules! raw_table {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name(pub(crate) Vec<RawEntry>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                entries(deserializer).map(Self)
            }
        }
    )*};
}

raw_table! {
    /// One `[[rule]]`.
    RawRule;
    /// One `[baseline.ID]`.
    RawBaseline;
    /// One `[stage.NAME]`.
    RawStage;
    /// One `[[waiver]]`.
    RawWaiver;
    /// `[defaults]`.
    RawDefaults;
    /// `[approvals]`.
    RawApprovals;
    /// One `[roles.NAME]`.
    RawRole;
    /// One `[[approval]]`.
    RawApproval;
}

/// All policy keys of a configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawPolicy {
    /// `name`.
    pub name: Option<String>,
    /// `[defaults]`.
    pub defaults: Option<Spanned<RawDefaults>>,
    /// `[[rule]]`, in the order of the file.
    pub rules: Vec<Spanned<RawRule>>,
    /// `[baseline.ID]`.
    pub baselines: BTreeMap<Spanned<String>, Spanned<RawBaseline>>,
    /// `[stage.NAME]`.
    pub stages: BTreeMap<Spanned<String>, Spanned<RawStage>>,
    /// `[[waiver]]`, in the order of the file.
    pub waivers: Vec<Spanned<RawWaiver>>,
    /// `[approvals]`.
    pub approvals: Option<Spanned<RawApprovals>>,
    /// `[roles.NAME]`.
    pub roles: BTreeMap<Spanned<String>, Spanned<RawRole>>,
    /// `[[approval]]`, in the order of the file.
    pub approval: Vec<Spanned<RawApproval>>,
    /// `requires_presscheck`.
    pub requires: Option<Spanned<String>>,
    /// Top-level policy keys that exist in the language but are not evaluated by this version
    /// (`include`, …) and where each stands. Every one is refused.
    pub unsupported: Vec<(String, Range<usize>)>,
}
