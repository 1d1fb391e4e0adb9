//! The metrics catalogue: what a metric's name means — direction, unit, range, aliases.
//!
//! Well-known metrics have built-in entries; `[metrics.NAME]` in the configuration adds to them or
//! replaces single properties. Direction is never guessed from values.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Finite;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
    /// Closest to a target is best.
    Target,
    /// Says nothing about quality (counts, sizes without a goal).
    None,
}

/// The definition of a metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricDefinition {
    /// The canonical name.
    pub name: String,
    /// Which way is better; `None` when nobody said.
    pub direction: Option<Direction>,
    /// The value that is best, for [`Direction::Target`].
    pub target: Option<Finite>,
    /// The unit, as shown after a value (`ms`, `%`).
    pub unit: Option<String>,
    /// The smallest and largest value that make sense, inclusive.
    pub range: Option<(f64, f64)>,
    /// A label for people; the name when absent.
    pub label: Option<String>,
    /// Other names under which tools write this metric.
    pub aliases: Vec<String>,
    /// The metric that holds this one's standard error, where results do not say it themselves.
    pub stderr: Option<String>,
    /// The metric that holds the number of examples, where results do not say it themselves.
    pub n: Option<String>,
    /// Whether it is a share of its n examples: the mean of n zeros and ones.
    pub proportion: bool,
    /// Where its per-example records are.
    pub examples: Option<ExampleSpec>,
}

/// Where the per-example records of a metric are, and what their columns are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExampleSpec {
    /// The file, relative to the run's folder.
    pub file: String,
    /// Column of the example's id, by which two runs are aligned.
    pub id: String,
    /// Column of the truth.
    pub label: Option<String>,
    /// Column of the predicted class.
    pub prediction: Option<String>,
    /// Column of the score of the positive class.
    pub score: Option<String>,
    /// Column of a number per example whose mean is the metric.
    pub value: Option<String>,
    /// The positive class; `1` and `true` when not said.
    pub positive: Option<String>,
    /// Column of what examples belong to (customer, document): they are resampled together.
    pub cluster: Option<String>,
}

impl MetricDefinition {
    /// A definition that says nothing but the name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            direction: None,
            target: None,
            unit: None,
            range: None,
            label: None,
            aliases: Vec::new(),
            stderr: None,
            n: None,
            proportion: false,
            examples: None,
        }
    }
}

/// All metric definitions, by canonical name, and the way from aliases to them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    definitions: BTreeMap<String, MetricDefinition>,
    aliases: BTreeMap<String, String>,
}

const UNIT: Option<(f64, f64)> = Some((0.0, 1.0));
const POSITIVE: Option<(f64, f64)> = Some((0.0, f64::INFINITY));

/// A row of the table: name, direction, range, unit, aliases.
type BuiltIn = (&'static str, Direction, Option<(f64, f64)>, Option<&'static str>, &'static [&'static str]);

/// Name, direction, range, unit, aliases of the metrics that tools agree on.
/// Directions and ranges: scikit-learn's user guide, "Metrics and scoring".
#[rustfmt::skip]
const BUILT_IN: &[BuiltIn] = &[
    ("accuracy", Direction::Higher, UNIT, None, &["accuracy_score", "acc", "Accuracy"]),
    ("balanced_accuracy", Direction::Higher, UNIT, None, &["balanced_accuracy_score"]),
    ("auc", Direction::Higher, UNIT, None, &["roc_auc", "roc_auc_score", "auroc", "RocAuc"]),
    ("average_precision", Direction::Higher, UNIT, None, &["pr_auc", "auprc", "precision_recall_auc"]),
    ("f1", Direction::Higher, UNIT, None, &["f1_score", "F1Score"]),
    ("f1_macro", Direction::Higher, UNIT, None, &["macro_f1"]),
    ("f1_weighted", Direction::Higher, UNIT, None, &["weighted_f1"]),
    ("f1_micro", Direction::Higher, UNIT, None, &["micro_f1"]),
    ("auc_macro", Direction::Higher, UNIT, None, &["macro_auc"]),
    ("average_precision_macro", Direction::Higher, UNIT, None, &[]),
    ("precision", Direction::Higher, UNIT, None, &["precision_score", "Precision"]),
    ("recall", Direction::Higher, UNIT, None, &["recall_score", "sensitivity", "tpr", "Recall"]),
    ("precision_macro", Direction::Higher, UNIT, None, &["macro_precision"]),
    ("precision_weighted", Direction::Higher, UNIT, None, &["weighted_precision"]),
    ("recall_macro", Direction::Higher, UNIT, None, &["macro_recall"]),
    ("recall_weighted", Direction::Higher, UNIT, None, &["weighted_recall"]),
    ("specificity", Direction::Higher, UNIT, None, &["tnr"]),
    ("mcc", Direction::Higher, Some((-1.0, 1.0)), None, &["matthews_corrcoef"]),
    ("cohen_kappa", Direction::Higher, Some((-1.0, 1.0)), None, &["kappa"]),
    ("log_loss", Direction::Lower, POSITIVE, None, &["logloss", "cross_entropy", "LogLoss"]),
    ("brier", Direction::Lower, UNIT, None, &["brier_score", "brier_score_loss"]),
    ("ece", Direction::Lower, UNIT, None, &["expected_calibration_error"]),
    ("loss", Direction::Lower, None, None, &[]),
    ("train_loss", Direction::Lower, None, None, &["train/loss"]),
    ("val_loss", Direction::Lower, None, None, &["val/loss", "eval_loss"]),
    ("mae", Direction::Lower, POSITIVE, None, &["mean_absolute_error", "MAE.mean", "mean_abs_error"]),
    ("mse", Direction::Lower, POSITIVE, None, &["mean_squared_error"]),
    ("rmse", Direction::Lower, POSITIVE, None, &["root_mean_squared_error", "RMSE"]),
    ("median_ae", Direction::Lower, POSITIVE, None, &["median_absolute_error"]),
    ("mape", Direction::Lower, POSITIVE, None, &["mean_absolute_percentage_error", "MAPE.mean", "mean_abs_perc_error"]),
    ("max_error", Direction::Lower, POSITIVE, None, &["abs_error_max", "AbsMaxError"]),
    ("r2", Direction::Higher, Some((f64::NEG_INFINITY, 1.0)), None, &["r2_score", "R2Score"]),
    ("explained_variance", Direction::Higher, Some((f64::NEG_INFINITY, 1.0)), None, &[]),
    ("ndcg", Direction::Higher, UNIT, None, &[]),
    ("perplexity", Direction::Lower, POSITIVE, None, &["ppl"]),
    ("wer", Direction::Lower, POSITIVE, None, &[]),
    ("cer", Direction::Lower, POSITIVE, None, &[]),
    ("bleu", Direction::Higher, None, None, &[]),
    ("rouge1", Direction::Higher, None, None, &[]),
    ("rouge2", Direction::Higher, None, None, &[]),
    ("rougeL", Direction::Higher, None, None, &[]),
    ("latency_ms", Direction::Lower, POSITIVE, Some("ms"), &[]),
    ("latency_p50_ms", Direction::Lower, POSITIVE, Some("ms"), &[]),
    ("latency_p95_ms", Direction::Lower, POSITIVE, Some("ms"), &[]),
    ("latency_p99_ms", Direction::Lower, POSITIVE, Some("ms"), &[]),
    ("support", Direction::None, POSITIVE, None, &[]),
    ("n", Direction::None, POSITIVE, None, &[]),
];

impl Catalogue {
    /// The built-in definitions.
    pub fn built_in() -> Self {
        let mut out = Self::default();
        for (name, direction, range, unit, aliases) in BUILT_IN {
            out.insert(MetricDefinition {
                name: (*name).to_owned(),
                direction: Some(*direction),
                unit: unit.map(str::to_owned),
                range: *range,
                aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
                // The one of them that is the mean of n zeros and ones.
                proportion: *name == "accuracy",
                ..MetricDefinition::named(*name)
            });
        }
        out
    }

    /// Adds or replaces a definition; its aliases then lead to it.
    pub fn insert(&mut self, definition: MetricDefinition) {
        for alias in &definition.aliases {
            self.aliases.insert(alias.clone(), definition.name.clone());
        }
        self.aliases.remove(&definition.name);
        self.definitions.insert(definition.name.clone(), definition);
    }

    /// All definitions, by canonical name.
    pub fn definitions(&self) -> impl Iterator<Item = &MetricDefinition> {
        self.definitions.values()
    }

    /// The definition of a name or alias.
    pub fn get(&self, name: &str) -> Option<&MetricDefinition> {
        self.definitions.get(self.canonical(name))
    }

    /// The canonical name of a name or alias; an unknown name is its own.
    pub fn canonical<'a>(&'a self, name: &'a str) -> &'a str {
        if self.definitions.contains_key(name) {
            return name;
        }
        self.aliases.get(name).map_or(name, String::as_str)
    }

    /// Which way a metric is better, when anybody said.
    pub fn direction(&self, name: &str) -> Option<Direction> {
        self.get(name)?.direction
    }

    /// All names and aliases, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().chain(self.aliases.keys()).map(String::as_str)
    }
}
