//! What a native drift report says beside its features.
//!
//! In: a report. Out: the records; nothing where a part has the wrong shape. `export/drift.rs` writes them;
//! docs/formats/native.md has the keys.

use super::records::{field, finite, opt, whole};
use crate::model::{Beside, Datum, Duplicates, RowCount};

/// What is there; the inner nothing is a report that says nothing beside its features.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn beside(report: &Datum) -> Option<Option<Box<Beside>>> {
    let out = Beside {
        duplicates: field(report, "duplicates", duplicates)?,
        importances_from: opt(report, "importances_from")?,
    };
    Some((out != Beside::default()).then(|| Box::new(out)))
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
