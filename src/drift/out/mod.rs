//! Drift reports for other programs: what a pipeline acts on, and what a monitor draws.
//!
//! In: reports and the alarm that was drawn from them. Out: bytes. They never decide.

mod metrics;
mod retrain;

pub use metrics::open_metrics;
pub use retrain::{dispatch, retrain};

use crate::model::{DriftReport, FeatureDrift, Finite, Measured};

/// Which model the data belongs to, as far as it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The model.
    pub model: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// How far beyond its threshold an entry is: 1 at the threshold, of a p-value the other way round; nothing where
/// nothing was compared.
pub fn severity(entry: &FeatureDrift) -> Option<f64> {
    let threshold = entry.threshold?.get();
    let value = entry.p_value.or(entry.score).and_then(Measured::finite).map(Finite::get)?;
    let ratio = if entry.p_value.is_some() { threshold / value.max(1e-12) } else { value / threshold };
    (threshold > 0.0 && ratio.is_finite()).then_some(ratio)
}

/// Entries that drift, or of which nothing is known; the most severe first.
fn alarming(report: &DriftReport) -> Vec<&FeatureDrift> {
    let mut out: Vec<&FeatureDrift> = report.features.iter().filter(|f| f.drifted != Some(false)).collect();
    let rank = |f: &FeatureDrift| (f.drifted == Some(true), severity(f).unwrap_or(0.0));
    out.sort_by(|a, b| {
        let (x, y) = (rank(a), rank(b));
        y.0.cmp(&x.0).then(y.1.total_cmp(&x.1)).then_with(|| a.feature.cmp(&b.feature))
    });
    out
}
