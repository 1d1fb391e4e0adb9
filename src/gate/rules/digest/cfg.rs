//! The digest rule's part of the policy.
//!
//! In: a rule's table. Out: [`DigestRule`].

use serde::Serialize;

use crate::diag::Code;
use crate::gate::policy::reader::{Table, choose};

/// A rule of kind `digest`: what was judged must be identified by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DigestRule {
    /// Of what.
    pub of: Vec<Identified>,
    /// Whether a declared digest is enough.
    pub verify: Verify,
    /// After so many decisions on the same evaluation data a warning is due: it wears out.
    pub max_dataset_uses: Option<u64>,
}

/// What can be identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identified {
    /// The files of the model: artifacts of kind `model`.
    Model,
    /// The evaluation data.
    Dataset,
    /// The model card.
    Card,
}

impl Identified {
    const WORDS: &'static [(&'static str, Self)] =
        &[("model", Self::Model), ("dataset", Self::Dataset), ("card", Self::Card)];
}

/// How a digest is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// The file is there, and its bytes have the declared digest.
    Recompute,
    /// A digest is declared.
    Declared,
}

/// Reads the keys of a digest rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>) -> Option<DigestRule> {
    let mut of: Vec<Identified> = Vec::new();
    for (text, at) in table.texts("of").unwrap_or_default() {
        of.extend(choose(table.sink, "'of' of a digest rule", (text, &at), Identified::WORDS));
    }
    of.sort();
    if table.key_at("of").is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'of'",
            "a digest rule needs 'of'",
            "of = [\"model\", \"dataset\", \"card\"], or some of them",
        );
    }
    let words = &[("recompute", Verify::Recompute), ("declared", Verify::Declared)];
    let verify = table.word("verify", words).map_or(Verify::Recompute, |(v, _)| v);
    let uses = table.count("max_dataset_uses");
    if let Some((_, at)) = &uses
        && !of.contains(&Identified::Dataset)
    {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            at,
            "without \"dataset\"",
            "'max_dataset_uses' counts the uses of a dataset",
            "add \"dataset\" to 'of'",
        );
    }
    (!of.is_empty()).then_some(DigestRule { of, verify, max_dataset_uses: uses.map(|(n, _)| n) })
}
