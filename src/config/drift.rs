//! `[drift]`: reports that are computed while a project is read.
//!
//! In: the table as typed. Out: [`DriftConfig`]: what is compared, and where the reports belong. Methods and numbers are
//! checked where they are used, against the columns that there are.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DriftConfig {
    /// `METHOD` or `COLUMN=METHOD`.
    #[serde(default)]
    pub methods: Vec<String>,
    /// By `METHOD` or `COLUMN:METHOD`.
    #[serde(default)]
    pub thresholds: BTreeMap<String, f64>,
    /// By column: numeric, categorical, text or embedding.
    #[serde(default)]
    pub kinds: BTreeMap<String, String>,
    /// By column, 0 or more.
    #[serde(default)]
    pub importances: BTreeMap<String, f64>,
    /// `quantiles:N`, `fixed:N` or `evidently`.
    pub bins: Option<String>,
    /// Columns that are left out, by name or pattern.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// `holm`, `bh` or `none`.
    pub correction: Option<String>,
    /// The share of drifting columns from which on the data as a whole drifts.
    pub share: Option<f64>,
    /// The column of predictions.
    pub prediction: Option<String>,
    /// The column of labels.
    pub target: Option<String>,
    /// Whether all numeric columns are compared as one.
    #[serde(default)]
    pub multivariate: bool,
    /// Whether rows that repeat another are counted.
    #[serde(default)]
    pub duplicates: bool,
    /// `embedded`, `datafusion` or `df://HOST:PORT`.
    pub engine: Option<String>,
    /// A query over `data`, the rows of each side.
    pub sql: Option<String>,
    /// Other tables that it may name, with their files.
    #[serde(default)]
    pub tables: BTreeMap<String, String>,
    /// What summaries may take in memory.
    pub memory_limit: Option<String>,
    /// What is compared.
    #[serde(default)]
    pub report: Vec<DriftReportConfig>,
}

/// One `[[drift.report]]`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct DriftReportConfig {
    /// The run directory that the reports belong to, from the project.
    pub run: String,
    /// Files, folders or patterns.
    pub reference: Names,
    /// Files, folders or patterns.
    pub current: Names,
    /// The column that says when a row was.
    pub time: Option<String>,
    /// The length of a window.
    pub every: Option<String>,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// As a list.
    pub fn list(&self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name.clone()],
            Self::Several(names) => names.clone(),
        }
    }
}
