//! Drift reports: a reference window against a current window, feature by feature.

use std::fmt;

use serde::Serialize;

use super::{Beside, Finite, Instant, Measured, Pointer};

/// Canonical drift methods (DESIGN.md §3); an unknown method keeps only its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum Method {
    Psi,
    Ks,
    Wasserstein,
    WassersteinNormed,
    JensenShannon,
    KlDivergence,
    Hellinger,
    TotalVariation,
    ChiSquare,
    CramersV,
    GTest,
    ZTest,
    AndersonDarling,
    TTest,
    MannWhitney,
    CramerVonMises,
    FisherExact,
    Energy,
    Mmd,
    DomainClassifier,
}

impl Method {
    /// All methods.
    pub const ALL: &'static [Method] = &[
        Self::Psi,
        Self::Ks,
        Self::Wasserstein,
        Self::WassersteinNormed,
        Self::JensenShannon,
        Self::KlDivergence,
        Self::Hellinger,
        Self::TotalVariation,
        Self::ChiSquare,
        Self::CramersV,
        Self::GTest,
        Self::ZTest,
        Self::AndersonDarling,
        Self::TTest,
        Self::MannWhitney,
        Self::CramerVonMises,
        Self::FisherExact,
        Self::Energy,
        Self::Mmd,
        Self::DomainClassifier,
    ];

    /// The canonical name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::Ks => "ks",
            Self::Wasserstein => "wasserstein",
            Self::WassersteinNormed => "wasserstein_normed",
            Self::JensenShannon => "jensen_shannon",
            Self::KlDivergence => "kl_divergence",
            Self::Hellinger => "hellinger",
            Self::TotalVariation => "total_variation",
            Self::ChiSquare => "chi_square",
            Self::CramersV => "cramers_v",
            Self::GTest => "g_test",
            Self::ZTest => "z_test",
            Self::AndersonDarling => "anderson_darling",
            Self::TTest => "t_test",
            Self::MannWhitney => "mann_whitney",
            Self::CramerVonMises => "cramer_von_mises",
            Self::FisherExact => "fisher_exact",
            Self::Energy => "energy",
            Self::Mmd => "mmd",
            Self::DomainClassifier => "domain_classifier",
        }
    }

    /// The method of a canonical name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.as_str() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The time that the current data covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First moment, inclusive.
    pub start: Option<Instant>,
    /// Last moment, exclusive.
    pub end: Option<Instant>,
}

/// What the heights of a distribution are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SideUnit {
    /// Numbers of rows.
    Count,
    /// Probability density per unit of the feature.
    Density,
    /// Shares of rows that sum to 1.
    Share,
}

/// One side of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionSide {
    /// Bin edges (one more than heights), ascending.
    Numeric {
        /// Bin edges.
        edges: Vec<Finite>,
        /// Bin heights.
        heights: Vec<Finite>,
    },
    /// Category values and their heights.
    Categorical {
        /// Category values as text.
        categories: Vec<String>,
        /// Heights, as many as categories.
        heights: Vec<Finite>,
    },
}

/// Reference and current distribution of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// What heights are.
    pub unit: SideUnit,
    /// The reference side.
    pub reference: DistributionSide,
    /// The current side.
    pub current: DistributionSide,
}

/// An effect size: how large a change is, however many rows there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What it is: `difference of standard deviations`, `largest difference of shares`, …
    pub name: String,
    /// Its value, in its own unit; 0 is no effect.
    pub value: Finite,
}

/// One side of a column in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Rows, those without a value included.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Rows with NaN or an infinity.
    pub not_finite: u64,
    /// Different values.
    pub distinct: Option<u64>,
    /// Arithmetic mean, in the column's unit.
    pub mean: Option<Finite>,
    /// Standard deviation as of a population (divided by n), in the column's unit.
    pub std: Option<Finite>,
    /// Quantiles: a share in [0, 1] and the value there; the smallest and the largest value are at 0 and 1.
    pub quantiles: Vec<(Finite, Finite)>,
}

impl Profile {
    /// The quantile at a share, where the profile holds it.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        #[expect(clippy::float_cmp, reason = "shares are constants, not computed")]
        self.quantiles.iter().find(|(at, _)| at.get() == share).map(|(_, value)| value.get())
    }
}

/// What is known of a column beside its score.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Why there is no score: `constant in both`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computed: Option<String>,
    /// What the score's values are only near to, and how near: the sketch and its error bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approximate: Option<String>,
    /// How much the model rests on the feature, 0 or more, in the unit of the run's importances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance: Option<Finite>,
    /// The effect size beside the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// The reference side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Profile>,
    /// The current side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Profile>,
    /// Categories that only the current side has, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<String>,
    /// Categories that only the reference has, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vanished: Vec<String>,
    /// Findings on the quality of the data, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<String>,
}

/// Drift of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureDrift {
    /// The feature's name.
    pub feature: String,
    /// `numeric`, `categorical`, `text`, … ; empty when the report does not say.
    pub kind: String,
    /// The canonical method, when the tool's label is known.
    pub method: Option<Method>,
    /// The method as the tool writes it.
    pub method_label: String,
    /// The tool's score: a distance, a statistic, or a p-value for methods that report one.
    pub score: Option<Measured>,
    /// The tool's threshold: for the p-value where there is one, else for the score.
    pub threshold: Option<Finite>,
    /// The p-value, for methods that are tests.
    pub p_value: Option<Measured>,
    /// Whether the tool, or the documented rule of its method, says drift.
    pub drifted: Option<bool>,
    /// The two distributions, when the report holds them.
    pub distribution: Option<Distribution>,
    /// What is known of the column beside its score.
    pub column: Column,
}

/// A drift report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftReport {
    /// Unique in the registry: the path of the file, plus a part for files with several reports.
    pub id: String,
    /// The run it belongs to.
    pub run: Option<String>,
    /// The tool and its version, as far as the file says.
    pub tool: String,
    /// What the reference data is.
    pub reference: String,
    /// What the current data is.
    pub current: String,
    /// The time that the current data covers.
    pub window: Window,
    /// Whether the dataset as a whole drifted.
    pub drifted: Option<bool>,
    /// Share of features that drifted, in [0, 1].
    pub share_drifted: Option<Finite>,
    /// Share from which the dataset counts as drifted.
    pub share_threshold: Option<Finite>,
    /// The features, in the order of the report.
    pub features: Vec<FeatureDrift>,
    /// Where it was read.
    pub source: Pointer,
    /// What is said beside the features.
    pub beside: Option<Box<Beside>>,
}
