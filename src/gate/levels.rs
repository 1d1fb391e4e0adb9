//! The levels of ratchet rules: what a model has already sustained.
//!
//! In: the text of `presscheck.ratchet.toml`, which `presscheck ratchet update` writes and people commit. Out:
//! levels by rule and model, or what is wrong with the file. It is part of the policy: who may change the
//! policy may change the levels, nobody else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diag::{Code, Diagnostic, visible};

/// The file's name, beside the configuration.
pub const FILE_NAME: &str = "presscheck.ratchet.toml";

/// The format's version.
const SCHEMA: i64 = 1;

/// A level that was sustained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The rule's id.
    pub rule: String,
    /// The model's name.
    pub model: String,
    /// The level, in the metric's unit.
    pub value: f64,
    /// The versions whose median it is, oldest first.
    pub versions: Vec<String>,
    /// Digests of the evaluation data that it was measured on; empty when nobody said.
    #[serde(default)]
    pub data: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLevels {
    schema: i64,
    #[serde(default)]
    level: Vec<Level>,
}

/// All levels, by rule and model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Levels(Vec<Level>);

impl Levels {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is not well-formed, of another version, names a level twice, or holds a value that is no number.
    pub fn parse(text: &str, file: &str) -> Result<Self, Box<Diagnostic>> {
        let refuse = |message: String| {
            Box::new(
                Diagnostic::new(Code::ConfigValue, message)
                    .at(file.to_owned())
                    .help("`presscheck ratchet update` writes this file; do not edit it by hand"),
            )
        };
        let raw: RawLevels =
            toml::from_str(text).map_err(|e| refuse(format!("not a file of levels: {}", e.message())))?;
        if raw.schema != SCHEMA {
            return Err(refuse(format!("schema {} is not known; this version reads schema {SCHEMA}", raw.schema)));
        }
        let mut seen = BTreeMap::new();
        for level in &raw.level {
            if seen.insert((&level.rule, &level.model), ()).is_some() {
                let (rule, model) = (visible(&level.rule, 80), visible(&level.model, 80));
                return Err(refuse(format!("two levels for rule '{rule}' and model '{model}'")));
            }
            if !level.value.is_finite() {
                return Err(refuse(format!("the level of rule '{}' is no finite number", visible(&level.rule, 80))));
            }
        }
        Ok(Self::new(raw.level))
    }

    /// Levels in a fixed order.
    pub fn new(mut levels: Vec<Level>) -> Self {
        levels.sort_by(|a, b| (&a.model, &a.rule).cmp(&(&b.model, &b.rule)));
        Self(levels)
    }

    /// The level of a rule for a model.
    pub fn get(&self, rule: &str, model: &str) -> Option<&Level> {
        self.0.iter().find(|l| l.rule == rule && l.model == model)
    }

    /// All levels, by model and rule.
    pub fn iter(&self) -> impl Iterator<Item = &Level> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for levels that [`Levels::parse`] accepts.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        #[derive(Serialize)]
        struct File<'a> {
            schema: i64,
            level: &'a [Level],
        }
        let body = toml::to_string(&File { schema: SCHEMA, level: &self.0 })?;
        Ok(format!("# What each model has sustained. `presscheck ratchet update` writes this file; commit it.\n{body}"))
    }
}
