//! What a native drift report says beside its features.
//!
//! In: a report. Out: the records; nothing where a part has the wrong shape. `export/drift.rs` writes them;
//! docs/formats/native.md has the keys.

use super::records::{each, field, finite, opt, text, whole};
use crate::model::{Beside, Datum, Duplicates, Measure, Performance, PerformanceSide, RowCount, Scored};

/// What is there; the inner nothing is a report that says nothing beside its features.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn beside(report: &Datum) -> Option<Option<Box<Beside>>> {
    let out = Beside {
        duplicates: field(report, "duplicates", duplicates)?,
        performance: field(report, "performance", performance)?,
        importances_from: opt(report, "importances_from")?,
    };
    Some((out != Beside::default()).then(|| Box::new(out)))
}

fn performance(item: &Datum) -> Option<Performance> {
    let task = item.get("task")?.as_str()?;
    Some(Performance {
        prediction: text(item, "prediction")?,
        target: text(item, "target")?,
        task: Scored::ALL.iter().copied().find(|t| t.as_str() == task)?,
        reference: field(item, "reference", performance_side)?,
        current: field(item, "current", performance_side)?,
        not_computed: opt(item, "not_computed")?,
    })
}

fn performance_side(item: &Datum) -> Option<PerformanceSide> {
    let measure = |m: &Datum| {
        let number = |key: &str| m.get(key).and_then(finite);
        let (value, low, high) = (number("value")?, number("low")?, number("high")?);
        (low <= value && value <= high).then_some(Measure { metric: text(m, "metric")?, value, low, high })
    };
    Some(PerformanceSide {
        labelled: whole(item.get("labelled")?)?,
        unlabelled: whole(item.get("unlabelled")?)?,
        unpredicted: whole(item.get("unpredicted")?)?,
        metrics: each(item.get("metrics")?, measure)?,
        not_computed: field(item, "not_computed", |list| each(list, |t| t.as_str().map(str::to_owned)))?
            .unwrap_or_default(),
    })
}

fn duplicates(item: &Datum) -> Option<Duplicates> {
    item.entries()?;
    let side = |key: &str| {
        field(item, key, |side| {
            let (rows, duplicates) = (whole(side.get("rows")?)?, whole(side.get("duplicates")?)?);
            let error = field(side, "error", finite)?.filter(|e| e.get() >= 0.0);
            (duplicates <= rows).then_some(RowCount { rows, duplicates, error })
        })
    };
    Some(Duplicates {
        reference: side("reference")?,
        current: side("current")?,
        not_computed: opt(item, "not_computed")?,
    })
}
