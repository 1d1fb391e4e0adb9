//! What a rule wants shown beyond the numbers themselves: its part of the policy.
//!
//! In: `evidence`, `confidence`, `method`, `family`, `correction` and `mde` of a rule, and the defaults. Out:
//! [`Proof`], or nothing for `evidence = "point"`, which compares the numbers as they are.

use serde::Serialize;

use super::cfg::{Bound, Relative};
use super::repeats::Repeats;
use crate::diag::Code;
use crate::gate::policy::Context;
use crate::gate::policy::reader::Table;

/// What the evidence must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The numbers are compared as they are.
    Point,
    /// It must be shown that the bound holds ("prove").
    Noninferior,
    /// It must not be shown that the bound is broken, by data that could have shown it ("detect").
    NotInferior,
}

impl Mode {
    /// The words in the policy.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("point", Self::Point), ("noninferior", Self::Noninferior), ("not_inferior", Self::NotInferior)];
}

/// By which method an interval is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The best one that the evidence allows.
    Auto,
    /// DeLong's for areas under the ROC curve.
    Delong,
    /// McNemar's for two proportions over the same examples.
    Mcnemar,
    /// Resampled differences over the same examples.
    PairedBootstrap,
    /// Wilson's for a proportion, Newcombe's for the difference of two.
    Wilson,
    /// Normal, from the standard errors that the evidence gives.
    Stderr,
    /// Student's t over repeated runs.
    Runs,
}

impl Method {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("delong", Self::Delong),
        ("mcnemar", Self::Mcnemar),
        ("paired-bootstrap", Self::PairedBootstrap),
        ("wilson", Self::Wilson),
        ("stderr", Self::Stderr),
        ("runs", Self::Runs),
    ];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, m)| *m == self).map_or("", |(word, _)| word)
    }
}

/// How the p-values of a family are corrected for their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Correction {
    /// Holm's: the chance of any false alarm is bounded.
    Holm,
    /// Benjamini and Hochberg's: the share of false alarms among the alarms is bounded.
    Bh,
    /// None.
    None,
}

impl Correction {
    /// The words in the policy.
    pub const WORDS: &'static [(&'static str, Self)] = &[("holm", Self::Holm), ("bh", Self::Bh), ("none", Self::None)];
}

/// What a rule wants shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// Prove or detect; never [`Mode::Point`].
    pub mode: Mode,
    /// The confidence of one-sided statements, in (0.5, 1).
    pub confidence: f64,
    /// The method, or `auto`.
    pub method: Method,
    /// Rules of the same family are corrected together; a rule of its own is a family of its slices.
    pub family: Option<String>,
    /// How.
    pub correction: Correction,
    /// The smallest harm that the data must have been able to show, in the metric's unit.
    pub mde: Option<f64>,
}

/// Reads the keys; nothing for a rule that compares points.
pub(super) fn read(
    table: &Table<'_, '_>,
    context: &Context<'_>,
    bounds: &[Bound],
    relative: Option<&Relative>,
    repeats: Option<&Repeats>,
) -> Option<Proof> {
    let mode = table.word("evidence", Mode::WORDS);
    let confidence = read_confidence(table);
    let method = table.word("method", Method::WORDS);
    let family = table.text("family");
    let correction = table.word("correction", Correction::WORDS);
    let mde = table.amount("mde");
    let chosen = mode.as_ref().map_or(context.evidence, |(m, _)| *m);
    let refuse = |key: &'static str, why: &str, help: &str| {
        if let Some(at) = table.key_at(key) {
            table.sink.refuse(Code::PolicyRuleIncomplete, &at, "says nothing here", format!("'{key}' {why}"), help);
        }
    };
    if chosen == Mode::Point {
        for key in ["confidence", "method", "family", "correction", "mde"] {
            refuse(
                key,
                "has no effect with evidence = \"point\"",
                "add evidence = \"noninferior\" or \"not_inferior\", or remove it",
            );
        }
        return None;
    }
    if chosen == Mode::Noninferior {
        for key in ["family", "correction", "mde"] {
            refuse(key, "is for evidence = \"not_inferior\"", "a proof of every rule needs no correction: remove it");
        }
    }
    // Two-sided demands and suspicious jumps have no single direction of harm.
    let provable =
        bounds.iter().all(|b| matches!(b, Bound::Min(_) | Bound::Max(_) | Bound::Above(_) | Bound::Below(_)));
    let suspicious = relative.is_some_and(|r| r.max_improvement.is_some());
    if !provable || suspicious {
        let at = mode.map_or_else(|| table.at.clone(), |(_, at)| at);
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &at,
            "needs min, max, above, below or a comparison",
            "equals, within, max_deviation and max_improvement are compared as points only",
            "write evidence = \"point\", or a rule of its own for them",
        );
    }
    if let (Some((Method::Runs, at)), None) = (&method, repeats) {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            at,
            "without 'runs'",
            "method = \"runs\" needs several runs of the version",
            "add runs = { min = 5, aggregate = \"mean\" }",
        );
    }
    if let Some((name, at)) = &family
        && (name.trim().is_empty() || name.len() > 100)
    {
        table.sink.refuse(Code::ConfigValue, at, "not usable", "'family' is a short name", "");
    }
    if let Some((mde, at)) = &mde
        && *mde == 0.0
    {
        table.sink.refuse(Code::ConfigValue, at, "no data is enough", "'mde' must be more than 0", "");
    }
    if chosen == Mode::NotInferior && mde.is_none() {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no 'mde'",
            "evidence = \"not_inferior\" needs 'mde'",
            "the smallest harm that the data must have been able to show: without it, too little data passes",
        );
    }
    Some(Proof {
        mode: chosen,
        confidence: confidence.unwrap_or(context.confidence),
        method: method.map_or(Method::Auto, |(m, _)| m),
        family: family.map(|(name, _)| name.to_owned()),
        correction: correction.map_or(context.correction, |(c, _)| c),
        mde: mde.map(|(v, _)| v),
    })
}

/// A confidence of one-sided statements.
pub(in crate::gate) fn read_confidence(table: &Table<'_, '_>) -> Option<f64> {
    let (confidence, at) = table.number("confidence")?;
    if confidence > 0.5 && confidence < 1.0 {
        return Some(confidence);
    }
    table.sink.refuse(
        Code::ConfigValue,
        &at,
        "not between 0.5 and 1",
        "'confidence' lies between 0.5 and 1",
        "0.95 is usual",
    );
    None
}
