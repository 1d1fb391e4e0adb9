//! The fresh rule's part of the policy.
//!
//! In: a rule's table. Out: [`FreshRule`], which always has something that can fail.

use serde::{Serialize, Serializer};

use crate::diag::{Code, visible};
use crate::gate::policy::reader::{Table, choose};
use crate::model::duration;

/// A rule of kind `fresh`: how old evidence may be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FreshRule {
    /// Of which evidence.
    pub of: Vec<Dated>,
    /// The largest age.
    pub max_age: Option<Age>,
    /// Whether it must have been made after the model.
    pub newer_than_model: bool,
}

/// Evidence that has a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dated {
    /// The run: when it ended, or else when it started.
    Evaluation,
    /// The newest drift report: the end of its window.
    Drift,
}

impl Dated {
    const WORDS: &'static [(&'static str, Self)] = &[("evaluation", Self::Evaluation), ("drift", Self::Drift)];

    /// The word in the policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evaluation => "evaluation",
            Self::Drift => "drift",
        }
    }
}

/// A length of time as the policy writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Age {
    /// As written: `14d`.
    pub text: String,
    /// What it means.
    pub length: std::time::Duration,
}

impl Serialize for Age {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.length.as_secs().serialize(serializer)
    }
}

/// A length of time.
pub(in crate::gate) fn read_age(table: &Table<'_, '_>, key: &'static str) -> Option<Age> {
    let (text, at) = table.text(key)?;
    match duration(text).filter(|length| !length.is_zero()) {
        Some(length) => Some(Age { text: text.to_owned(), length }),
        None => {
            table.sink.refuse(
                Code::ConfigValue,
                &at,
                "not a length of time",
                format!("'{key}' cannot be '{}'", visible(text, 60)),
                "write 36h, 14d or 2w",
            );
            None
        }
    }
}

/// Reads the keys of a fresh rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>) -> Option<FreshRule> {
    let mut of: Vec<Dated> = Vec::new();
    for (text, at) in table.texts("of").unwrap_or_default() {
        of.extend(choose(table.sink, "'of' of a fresh rule", (text, &at), Dated::WORDS));
    }
    of.sort();
    if table.key_at("of").is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'of'",
            "a fresh rule needs 'of'",
            "of = [\"evaluation\", \"drift\"], or one of them",
        );
    }
    let max_age = read_age(table, "max_age");
    let newer_than = table.word("newer_than", &[("model", ())]);
    if table.key_at("max_age").is_none() && table.key_at("newer_than").is_none() {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no demand",
            "the rule demands nothing of the evidence",
            "add max_age = \"14d\", newer_than = \"model\", or both",
        );
    }
    (!of.is_empty()).then_some(FreshRule { of, max_age, newer_than_model: newer_than.is_some() })
}
