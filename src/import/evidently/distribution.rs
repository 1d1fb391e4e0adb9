//! Distributions as Evidently stores them: histograms in report data, bars in plots.
//!
//! In: `{x, y}` pairs of both sides, or the widgets of a snapshot. Out: a [`Distribution`]. Numeric
//! bins have one edge more than heights; everything else is categories. What does not fit together
//! gives nothing: a plot is worth less than a wrong one costs.

use super::reader::present;
use crate::model::{Datum, Distribution, DistributionSide, Finite, SideUnit};

/// The distributions of one column in legacy data, where each side is an object.
///
/// `distribution` (edges common to both sides, counts) is only written when render data was asked
/// for; `small_distribution` has its own edges on each side and densities for numeric columns.
pub(super) fn of_column(column: &Datum) -> Option<Distribution> {
    let pair = |key: &str| {
        let side = |name: &str| present(present(column, name)?, key).and_then(side_of);
        Some((side("reference")?, side("current")?))
    };
    if let Some((reference, current)) = pair("distribution") {
        return Some(Distribution { unit: SideUnit::Count, reference, current });
    }
    let (reference, current) = pair("small_distribution")?;
    let unit = match (&reference, &current) {
        (DistributionSide::Numeric { .. }, DistributionSide::Numeric { .. }) => SideUnit::Density,
        (DistributionSide::Categorical { .. }, DistributionSide::Categorical { .. }) => SideUnit::Count,
        _ => return None,
    };
    Some(Distribution { unit, reference, current })
}

/// The distribution in the widgets of a metric in a 0.7 snapshot: the visible bars of the plot
/// under the tab `DATA DISTRIBUTION` (the hidden ones are the same in percent).
pub(super) fn of_widgets(widgets: &Datum) -> Option<Distribution> {
    let tab = widgets
        .items()?
        .iter()
        .filter_map(|w| w.get("tabs").and_then(Datum::items))
        .flatten()
        .find(|t| t.get("title").and_then(Datum::as_str) == Some("DATA DISTRIBUTION"))?;
    let traces = tab.get("widget")?.get("params")?.get("data")?.items()?;
    let side = |name: &str| {
        traces
            .iter()
            .find(|t| {
                t.get("name").and_then(Datum::as_str) == Some(name)
                    && t.get("type").and_then(Datum::as_str) == Some("bar")
                    && !matches!(t.get("visible"), Some(Datum::Bool(false)))
            })
            .and_then(side_of)
    };
    Some(Distribution { unit: SideUnit::Count, reference: side("reference")?, current: side("current")? })
}

/// One side: an object with `x` and `y`.
fn side_of(data: &Datum) -> Option<DistributionSide> {
    let x = data.get("x")?.items()?;
    let heights: Vec<Finite> = data.get("y")?.items()?.iter().map(finite).collect::<Option<_>>()?;
    if heights.iter().any(|h| h.get() < 0.0) {
        return None;
    }
    if x.len() == heights.len() {
        return Some(DistributionSide::Categorical { categories: x.iter().map(category).collect(), heights });
    }
    let edges: Vec<Finite> = x.iter().map(finite).collect::<Option<_>>()?;
    let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
    (ascending && !heights.is_empty() && edges.len() == heights.len() + 1)
        .then_some(DistributionSide::Numeric { edges, heights })
}

fn finite(value: &Datum) -> Option<Finite> {
    value.as_number()?.finite()
}

fn category(value: &Datum) -> String {
    if matches!(value, Datum::Null) { "null".to_owned() } else { value.display() }
}
