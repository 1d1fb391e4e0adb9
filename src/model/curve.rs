//! Typed plot data: curves, matrices, importances.

use super::{Measured, Pointer};

/// What a curve shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CurveKind {
    /// x: false positive rate, y: true positive rate.
    Roc,
    /// x: recall, y: precision.
    PrecisionRecall,
    /// x: mean predicted probability, y: fraction of positives, `count` per bin.
    Calibration,
    /// x: false positive rate, y: false negative rate.
    Det,
    /// x: number of training examples, y: score.
    Learning,
}

impl CurveKind {
    /// The name in the public contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Roc => "roc",
            Self::PrecisionRecall => "pr",
            Self::Calibration => "calibration",
            Self::Det => "det",
            Self::Learning => "learning",
        }
    }
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// Horizontal value.
    pub x: Measured,
    /// Vertical value.
    pub y: Measured,
    /// The decision threshold of the point, or half the width of its error bar for learning curves.
    pub threshold: Option<Measured>,
    /// How many examples stand behind the point.
    pub count: Option<u64>,
}

/// A curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// What it shows.
    pub kind: CurveKind,
    /// Its name: the class, the file's stem, or what the tool calls it.
    pub name: String,
    /// The dataset, when known.
    pub dataset: Option<String>,
    /// The points in drawing order.
    pub points: Vec<CurvePoint>,
    /// Area under the curve, when the tool wrote it.
    pub area: Option<Measured>,
    /// Where it was read.
    pub source: Pointer,
}

/// A confusion matrix: rows are true classes, columns predicted ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Its name.
    pub name: String,
    /// The dataset, when known.
    pub dataset: Option<String>,
    /// Class labels, as many as rows.
    pub labels: Vec<String>,
    /// Counts or shares, square.
    pub rows: Vec<Vec<Measured>>,
    /// Where it was read.
    pub source: Pointer,
}

/// Importance of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportanceItem {
    /// The feature.
    pub feature: String,
    /// Mean importance.
    pub mean: Measured,
    /// Standard deviation, when known.
    pub std: Option<Measured>,
}

/// Feature importances of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importance {
    /// How they were made ("permutation", "gain"), or the file's stem.
    pub name: String,
    /// The features, as written.
    pub items: Vec<ImportanceItem>,
    /// Where they were read.
    pub source: Pointer,
}
