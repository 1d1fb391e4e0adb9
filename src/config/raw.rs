//! `presscheck.toml` as typed: every key, with its span, before anything is checked.
//!
//! In: the text. Out: [`RawConfig`], or one diagnostic that points at the line: syntax, an unknown
//! key (with the nearest known one), a missing key or a value of the wrong type.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::diag::{Code, Diagnostic};
use crate::gate::policy::{
    RawApproval, RawApprovals, RawBaseline, RawDefaults, RawPolicy, RawRole, RawRule, RawStage, RawWaiver,
};

/// Kinds of sources that `[[source]] kind` may name, besides `auto`.
pub(super) const KINDS: &[&str] = &[
    "native",
    "mlflow",
    "dvc",
    "dvclive",
    "evidently",
    "lm-eval",
    "mteb",
    "every-eval-ever",
    "helm",
    "alpaca-eval",
    "nannyml",
    "whylogs",
    "alibi-detect",
    "frouros",
    "tfdv",
    "huggingface",
    "sklearn",
    "junit",
    "inspect-ai",
    "promptfoo",
    "openai-evals",
    "ctrf",
    "mlperf",
    "kfp",
    "sagemaker",
    "vertex-ai",
    "azure-ml",
    "prometheus",
    "tensorboard",
    "wandb",
    "model-card-toolkit",
    "verifyml",
    "sagemaker-model-card",
    "cyclonedx",
    "spdx",
    "bailo",
    "great-expectations",
    "deepchecks",
    "sagemaker-monitor",
    "azure-monitor",
    "vertex-monitor",
    "table",
];

/// The file, top level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    schema: Option<Spanned<i64>>,
    name: Option<String>,
    site: Option<RawSite>,
    #[serde(default)]
    source: Vec<Spanned<RawSource>>,
    #[serde(default)]
    metrics: BTreeMap<String, RawMetric>,
    #[serde(default)]
    leaderboard: Vec<Spanned<RawLeaderboard>>,
    defaults: Option<Spanned<RawDefaults>>,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    #[serde(default)]
    baseline: BTreeMap<Spanned<String>, Spanned<RawBaseline>>,
    #[serde(default)]
    stage: BTreeMap<Spanned<String>, Spanned<RawStage>>,
    approvals: Option<Spanned<RawApprovals>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<RawRole>>,
    #[serde(default)]
    approval: Vec<Spanned<RawApproval>>,
    // Parts of the policy language that this version does not evaluate: accepted here only so that
    // the policy can refuse them by name and line.
    extends: Option<Spanned<Vec<Spanned<RawExtends>>>>,
    requires_presscheck: Option<Spanned<String>>,
    #[serde(default)]
    waiver: Vec<Spanned<RawWaiver>>,
    card: Option<Spanned<toml::Value>>,
    drift: Option<super::drift::DriftConfig>,
    include: Option<Spanned<toml::Value>>,
}

/// The file, sorted into what each module validates.
#[derive(Debug)]
pub(super) struct RawConfig {
    pub(super) schema: Option<Spanned<i64>>,
    pub(super) site: Option<RawSite>,
    pub(super) source: Vec<Spanned<RawSource>>,
    pub(super) metrics: BTreeMap<String, RawMetric>,
    pub(super) leaderboard: Vec<Spanned<RawLeaderboard>>,
    pub(super) extends: Vec<Spanned<RawExtends>>,
    pub(super) drift: super::drift::DriftConfig,
    pub(super) policy: RawPolicy,
}

/// A policy that is extended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExtends {
    pub(super) path: Spanned<String>,
    pub(super) sha256: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSite {
    pub(super) title: Option<String>,
    pub(super) base_url: Option<Spanned<String>>,
    pub(super) output: Option<Spanned<String>>,
    pub(super) footer: Option<String>,
    pub(super) theme: Option<String>,
    pub(super) verdicts: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) path: Option<Spanned<String>>,
    pub(super) uri: Option<Spanned<String>>,
    pub(super) kind: Option<Spanned<String>>,
    pub(super) history: Option<Spanned<toml::Value>>,
    pub(super) map: Option<RawMap>,
    pub(super) table: Option<Spanned<super::table::RawTable>>,
    #[serde(default)]
    pub(super) include: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) exclude: Vec<Spanned<String>>,
    pub(super) max_file_size: Option<Spanned<String>>,
    pub(super) max_age: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) token_env: Option<Spanned<String>>,
    pub(super) username_env: Option<Spanned<String>>,
    pub(super) password_env: Option<Spanned<String>>,
    pub(super) experiments: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    pub(super) query: Vec<Spanned<RawQuery>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuery {
    pub(super) name: Spanned<String>,
    pub(super) expr: Spanned<String>,
    pub(super) range: Option<Spanned<String>>,
    pub(super) step: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMap {
    pub(super) model: Spanned<String>,
    pub(super) version: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetric {
    pub(super) direction: Option<Spanned<String>>,
    pub(super) target: Option<Spanned<f64>>,
    pub(super) unit: Option<String>,
    pub(super) range: Option<Spanned<Vec<f64>>>,
    pub(super) label: Option<String>,
    pub(super) aliases: Option<Vec<String>>,
    pub(super) stderr: Option<String>,
    pub(super) n: Option<String>,
    pub(super) proportion: Option<bool>,
    pub(super) examples: Option<Spanned<RawExamples>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExamples {
    pub(super) file: Spanned<String>,
    pub(super) id: String,
    pub(super) label: Option<String>,
    pub(super) prediction: Option<String>,
    pub(super) score: Option<String>,
    pub(super) value: Option<String>,
    pub(super) positive: Option<String>,
    pub(super) cluster: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLeaderboard {
    pub(super) id: Spanned<String>,
    pub(super) title: Option<String>,
    pub(super) models: Option<Vec<String>>,
    pub(super) rank_by: String,
    pub(super) dataset: Option<String>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) per: Option<Spanned<String>>,
}

/// Reads the text.
pub(super) fn parse(text: &Arc<str>, file: &str) -> Result<RawConfig, Box<Diagnostic>> {
    let raw: RawFile = toml::from_str(text).map_err(|error| Box::new(diagnostic(&error, text, file)))?;
    let unsupported = [("card", raw.card), ("include", raw.include)];
    let unsupported =
        unsupported.into_iter().filter_map(|(key, value)| value.map(|v| (key.to_owned(), v.span()))).collect();
    Ok(RawConfig {
        schema: raw.schema,
        site: raw.site,
        source: raw.source,
        metrics: raw.metrics,
        leaderboard: raw.leaderboard,
        extends: raw.extends.map(Spanned::into_inner).unwrap_or_default(),
        drift: raw.drift.unwrap_or_default(),
        policy: RawPolicy {
            name: raw.name,
            defaults: raw.defaults,
            rules: raw.rule,
            baselines: raw.baseline,
            stages: raw.stage,
            waivers: raw.waiver,
            approvals: raw.approvals,
            roles: raw.roles,
            approval: raw.approval,
            requires: raw.requires_presscheck,
            unsupported,
        },
    })
}

/// Whether any policy key was typed.
pub(super) fn speaks_of_a_policy(raw: &RawPolicy) -> bool {
    !(raw.rules.is_empty()
        && raw.defaults.is_none()
        && raw.baselines.is_empty()
        && raw.stages.is_empty()
        && raw.waivers.is_empty()
        && raw.approvals.is_none()
        && raw.roles.is_empty()
        && raw.approval.is_empty()
        && raw.requires.is_none()
        && raw.unsupported.is_empty())
}

/// An error of the TOML reader as a diagnostic with its line.
fn diagnostic(error: &toml::de::Error, text: &Arc<str>, file: &str) -> Diagnostic {
    let message = error.message();
    let (code, text_message, label, help) = if let Some(rest) = message.strip_prefix("unknown field `") {
        let (key, known) = rest.split_once('`').unwrap_or((rest, ""));
        let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let near = names
            .iter()
            .map(|n| (strsim::damerau_levenshtein(n, key), *n))
            .filter(|(distance, n)| *distance <= 1 + n.len().max(key.len()) / 4)
            .min();
        let help = match near {
            Some((_, near)) => format!("did you mean '{near}'?"),
            None if names.is_empty() => "remove it".to_owned(),
            None => format!("known here: {}", names.join(", ")),
        };
        (
            Code::ConfigUnknownKey,
            format!("there is no key '{}' here", crate::diag::visible(key, 80)),
            "unknown key",
            help,
        )
    } else if let Some(rest) = message.strip_prefix("missing field `") {
        let key = rest.trim_end_matches('`');
        (Code::ConfigMissingKey, format!("the key '{key}' is missing"), "in this table", format!("add {key} = …"))
    } else if message.starts_with("invalid type")
        || message.starts_with("invalid value")
        || message.starts_with("invalid length")
    {
        (
            Code::ConfigType,
            message.to_owned(),
            "this value",
            "see docs/config.md for the keys and their types".to_owned(),
        )
    } else {
        (
            Code::ConfigSyntax,
            format!("not well-formed TOML: {message}"),
            "here",
            "text needs quotes, a key may stand once, and a table begins with [name]".to_owned(),
        )
    };
    let out = Diagnostic::new(code, text_message).at(file).help(help);
    match error.span() {
        Some(span) => out.span(text, span, label),
        None => out,
    }
}
