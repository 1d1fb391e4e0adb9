//! What a drift report says beside its features.
//!
//! In: facts of a window that are of no single column. Out: records with sentences for people. Nothing here is judged.

use serde::Serialize;

use super::Finite;
use crate::diag::visible;

/// What a drift report says beside its features.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Rows that repeat another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Duplicates>,
    /// The file that the importances of columns were taken from, where nobody gave them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importances_from: Option<String>,
    /// How good the predictions were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
}

/// What predictions are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scored {
    /// A score for a label that is 0 or 1.
    Score,
    /// A class.
    Class,
    /// A number.
    Value,
}

impl Scored {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Score, Self::Class, Self::Value];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Class => "class",
            Self::Value => "value",
        }
    }
}

/// How good predictions were on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Performance {
    /// The column of predictions.
    pub prediction: String,
    /// The column of labels.
    pub target: String,
    /// What was predicted.
    pub task: Scored,
    /// The reference side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<PerformanceSide>,
    /// The current side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<PerformanceSide>,
    /// Why a side is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computed: Option<String>,
}

/// How good predictions were on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PerformanceSide {
    /// Rows with a prediction and a label.
    pub labelled: u64,
    /// Rows without a label: it may come later.
    pub unlabelled: u64,
    /// Rows with a label and no usable prediction.
    pub unpredicted: u64,
    /// The metrics.
    pub metrics: Vec<Measure>,
    /// Metrics that are not defined, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_computed: Vec<String>,
}

/// A metric with its interval of 95 %.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// `auc`, `brier`, `accuracy`, `mae`, `mse` or `bias` (prediction less label).
    pub metric: String,
    /// Its value.
    pub value: Finite,
    /// The lower bound.
    pub low: Finite,
    /// The upper bound.
    pub high: Finite,
}

/// Rows that equal another one in every column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// On the reference side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<RowCount>,
    /// On the current side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<RowCount>,
    /// Why a side is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computed: Option<String>,
}

/// Rows of a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowCount {
    /// All rows.
    pub rows: u64,
    /// Rows that repeat an earlier one: all but the first of those that are equal.
    pub duplicates: u64,
    /// The standard error of their share, in [0, 1], where they were estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Finite>,
}

impl RowCount {
    /// The share of rows that repeat another, in [0, 1]; 0 without rows.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn share(self) -> f64 {
        self.duplicates as f64 / self.rows.max(1) as f64
    }

    fn words(self) -> String {
        let percent = self.share() * 100.0;
        let about = self.error.map(|e| format!(" (give or take {:.2} points)", e.get() * 100.0)).unwrap_or_default();
        format!("{percent:.2} %{about}")
    }
}

impl Duplicates {
    /// A sentence for people, where there is something to say.
    pub fn sentence(&self) -> Option<String> {
        if let Some(why) = &self.not_computed {
            return Some(format!("repeated rows were not counted: {}", visible(why, 200)));
        }
        let (before, after) = (self.reference?, self.current?);
        if before.duplicates == 0 && after.duplicates == 0 {
            return None;
        }
        Some(format!("rows that repeat another: {} in the reference, {} now", before.words(), after.words()))
    }
}
