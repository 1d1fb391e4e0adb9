//! The chunks of a result: which rows are monitored, and what time and rows they cover.
//!
//! In: a [`Grid`]. Out: the monitored chunks in order, and what the reference is called.

use super::grid::{Field, Grid, Group};
use crate::diag::Code;
use crate::import::findings::Findings;
use crate::model::{Datum, Instant, Measured};

/// A monitored chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its row in the grid.
    pub(super) row: usize,
    /// Its key as NannyML names it (`[0:159]`, `2024-03`).
    pub(super) key: String,
    /// Its index among the monitored chunks.
    pub(super) index: i64,
    /// Its period (`analysis`).
    pub(super) period: String,
    pub(super) start: Option<Instant>,
    pub(super) end: Option<Instant>,
    /// Its number of rows.
    pub(super) n: Option<u64>,
}

/// The monitored chunks, and the name of the reference.
pub(super) fn of(grid: &Grid, findings: &mut Findings<'_>) -> (Vec<Chunk>, String) {
    let mut chunks = Vec::new();
    let mut reference = 0usize;
    let (mut first, mut last) = (None, None);
    for row in 0..grid.rows() {
        let text = |name: &str| grid.chunk(row, name).map(Datum::display).unwrap_or_default();
        let period = text("period");
        if period == "reference" {
            reference += 1;
            first = first.or_else(|| Instant::parse(&text("start_date")));
            last = Instant::parse(&text("end_date")).or(last);
            continue;
        }
        if period.is_empty() {
            findings.add(
                Code::FieldMissing,
                "the chunk has no period: it is taken for a monitored one",
                &grid.place(row),
            );
        }
        let whole = |name: &str| grid.chunk(row, name).and_then(number).and_then(Measured::finite).map(|n| n.get());
        let time = |name: &str| Instant::parse(&text(name));
        let n = whole("start_index").zip(whole("end_index")).map(|(start, end)| end - start + 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
        let n = n.filter(|n| n.fract() == 0.0 && (0.0..9e15).contains(n)).map(|n| n as u64);
        chunks.push(Chunk {
            row,
            key: text("key"),
            index: i64::try_from(chunks.len()).unwrap_or(i64::MAX),
            period: if period.is_empty() { "analysis".to_owned() } else { period },
            start: time("start_date"),
            end: time("end_date"),
            n,
        });
    }
    // Results over one reference belong together, and those over another do not: its days tell.
    let mut name = "reference period".to_owned();
    if let (Some(first), Some(last)) = (first, last) {
        name.push_str(&format!(" {} to {}", first.date(), last.date()));
    }
    if reference > 0 {
        name.push_str(&format!(", {}", crate::diag::count(reference, "chunk")));
    }
    (chunks, name)
}

/// A cell as a number: CSV has only text, and pandas writes these numbers as text there.
pub(super) fn number(cell: &Datum) -> Option<Measured> {
    match cell {
        Datum::Text(text) => Measured::parse(text),
        other => other.as_number(),
    }
}

/// What stands in the cells of a group in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The value; an empty cell is how pandas writes NaN. `Err` is what stands there instead.
    pub(super) value: Result<Measured, String>,
    pub(super) upper: Option<Measured>,
    pub(super) lower: Option<Measured>,
    pub(super) alert: Option<bool>,
}

impl Reading {
    pub(super) fn new(grid: &Grid, row: usize, group: &Group, findings: &mut Findings<'_>) -> Self {
        let value = match grid.cell(row, group, Field::Value) {
            None | Some(Datum::Null) => Ok(Measured::new(f64::NAN)),
            Some(cell) => number(cell).ok_or_else(|| format!("{} \"{}\"", cell.kind(), cell.display())),
        };
        if let Err(found) = &value {
            let text = format!("a number is due for '{}', not {}", group.name, crate::diag::visible(found, 60));
            findings.add(Code::FieldInvalid, text, &grid.place(row));
        }
        let alert = match grid.cell(row, group, Field::Alert) {
            Some(Datum::Bool(alert)) => Some(*alert),
            Some(Datum::Text(text)) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(Datum::Text(text)) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        if alert.is_none() {
            let text = format!("'{}' has no alert that is true or false: nobody judged it", group.name);
            findings.add(Code::FieldMissing, text, &grid.place(row));
        }
        Self {
            value,
            upper: bound(grid, row, group, Field::UpperThreshold, findings),
            lower: bound(grid, row, group, Field::LowerThreshold, findings),
            alert,
        }
    }
}

/// A number that may be absent.
pub(super) fn bound(
    grid: &Grid,
    row: usize,
    group: &Group,
    field: Field,
    findings: &mut Findings<'_>,
) -> Option<Measured> {
    let cell = grid.cell(row, group, field).filter(|d| !matches!(d, Datum::Null))?;
    let found = number(cell);
    if found.is_none() {
        let text = format!("a number is due beside '{}', not {}", group.name, cell.kind());
        findings.add(Code::FieldInvalid, text, &grid.place(row));
    }
    // NaN is another way to say that there is none.
    found.filter(|n| !n.as_f64().is_nan())
}
