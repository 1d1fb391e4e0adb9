//! What a native drift report says of a column beside its score, and distributions with two sides.
//!
//! In: the `column` and `distribution` of a feature. Out: the records; nothing where a part has the wrong shape, since
//! half of a column would say something else. `export/drift.rs` writes them; docs/formats/native.md has the keys.

use super::records::{each, field, finite, opt, text, whole};
use crate::model::{Column, Datum, Distribution, DistributionSide, Effect, Finite, Profile, SideUnit};

/// The column of a feature; an empty one where the report says nothing.
pub(super) fn column(feature: &Datum) -> Option<Column> {
    let Some(item) = feature.get("column").filter(|c| **c != Datum::Null) else { return Some(Column::default()) };
    item.entries()?;
    let words = |key: &str| match item.get(key) {
        None | Some(Datum::Null) => Some(Vec::new()),
        Some(list) => each(list, |t| t.as_str().map(str::to_owned)),
    };
    Some(Column {
        not_computed: opt(item, "not_computed")?,
        approximate: opt(item, "approximate")?,
        importance: field(item, "importance", finite)?.filter(|i| i.get() >= 0.0),
        effect: field(item, "effect", |e| {
            Some(Effect { name: text(e, "name")?, value: e.get("value").and_then(finite)? })
        })?,
        reference: field(item, "reference", profile)?,
        current: field(item, "current", profile)?,
        new: words("new")?,
        vanished: words("vanished")?,
        quality: words("quality")?,
    })
}

fn profile(item: &Datum) -> Option<Profile> {
    item.entries()?;
    let number = |key: &str| field(item, key, whole).map(Option::unwrap_or_default);
    let quantiles = field(item, "quantiles", |list| {
        each(list, |pair| match pair.items()? {
            [share, value] => Some((finite(share).filter(|s| (0.0..=1.0).contains(&s.get()))?, finite(value)?)),
            _ => None,
        })
    })?;
    Some(Profile {
        rows: number("rows")?,
        missing: number("missing")?,
        not_finite: number("not_finite")?,
        distinct: field(item, "distinct", whole)?,
        mean: field(item, "mean", finite)?,
        std: field(item, "std", finite)?,
        quantiles: quantiles.unwrap_or_default(),
    })
}

/// A distribution whose sides stand by themselves, with the unit of their heights.
pub(super) fn distribution(value: &Datum) -> Option<Distribution> {
    let unit = match value.get("unit")?.as_str()? {
        "count" => SideUnit::Count,
        "density" => SideUnit::Density,
        "share" => SideUnit::Share,
        _ => return None,
    };
    Some(Distribution { unit, reference: side(value.get("reference")?)?, current: side(value.get("current")?)? })
}

fn side(value: &Datum) -> Option<DistributionSide> {
    let heights: Vec<Finite> = each(value.get("heights")?, finite)?;
    if let Some(categories) = value.get("categories") {
        let categories: Vec<String> = each(categories, |c| c.as_str().map(str::to_owned))?;
        return (categories.len() == heights.len()).then_some(DistributionSide::Categorical { categories, heights });
    }
    let edges: Vec<Finite> = each(value.get("edges")?, finite)?;
    (edges.len() == heights.len() + 1 || heights.is_empty()).then_some(DistributionSide::Numeric { edges, heights })
}
