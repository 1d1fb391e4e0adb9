//! Performance, data quality and summary statistics become results, series and checks.
//!
//! In: a [`Grid`] of such a calculator. Out: one result for each value and monitored chunk (the chunk
//! is a slice, the period the dataset), a series over the chunks, and a check for each alert. An
//! estimate has the split `estimated`, so that no gate takes it for a measurement. Files of data
//! quality and summary statistics do not say what they measured: the file's name stands for it.

use super::TOOL;
use super::chunks::{Chunk, Reading, bound};
use super::grid::{Field, Grid, Group, Kind};
use crate::import::findings::Findings;
use crate::model::{
    Check, CheckStatus, Document, Finite, Interval, Measured, MetricResult, Point, Pointer, Rejected, Series, Slice,
};

/// Confidence boundaries stand three sampling errors from the value.
const LEVEL: f64 = 0.9973;

/// Adds the values of a file.
pub(super) fn read(
    kind: Kind,
    grid: &Grid,
    chunks: &[Chunk],
    stem: &str,
    document: &mut Document,
    findings: &mut Findings<'_>,
) {
    let run = &mut document.run;
    for group in &grid.groups {
        // `rows_count` is a metric of the whole chunk.
        let by_column = kind == Kind::Columns && group.name != "rows_count";
        let metric = if by_column { stem } else { group.name.as_str() };
        let slice = |chunk: &Chunk| {
            let mut terms = Slice(std::iter::once(("chunk".to_owned(), chunk.key.clone())).collect());
            if by_column {
                terms.0.insert("column".to_owned(), group.name.clone());
            }
            terms
        };
        let mut points = Vec::new();
        let mut realized = Vec::new();
        for chunk in chunks {
            let place = findings.place(grid.place(chunk.row));
            let reading = Reading::new(grid, chunk.row, group, findings);
            document.checks.push(check(stem, group, chunk, &reading, &place));
            let value = match &reading.value {
                Ok(value) => *value,
                Err(found) => {
                    run.rejected.push(Rejected {
                        metric: metric.to_owned(),
                        dataset: Some(chunk.period.clone()),
                        slice: slice(chunk),
                        class: None,
                        found: found.clone(),
                        source: place,
                    });
                    continue;
                }
            };
            points.push(Point { step: chunk.index, time: chunk.start, value });
            let mut number = |field: Field| bound(grid, chunk.row, group, field, findings).and_then(Measured::finite);
            let (stderr, lower, upper) =
                (number(Field::SamplingError), number(Field::LowerConfidence), number(Field::UpperConfidence));
            let result = MetricResult {
                dataset: Some(chunk.period.clone()),
                slice: slice(chunk),
                n: chunk.n,
                harness: Some(TOOL.to_owned()),
                ..MetricResult::new(metric, value, place)
            };
            let ci = lower.zip(upper).zip(Finite::new(LEVEL)).map(|((lower, upper), level)| Interval {
                lower,
                upper,
                level,
            });
            if let Some(value) = bound(grid, chunk.row, group, Field::Realized, findings) {
                realized.push(Point { step: chunk.index, time: chunk.start, value });
                run.results.push(MetricResult { value, split: Some("realized".to_owned()), ..result.clone() });
            }
            let split = (kind == Kind::Estimated).then(|| "estimated".to_owned());
            run.results.push(MetricResult { split, stderr, ci, ..result });
        }
        let name = match kind {
            Kind::Estimated => format!("{metric} (estimated)"),
            _ if by_column => format!("{metric}: {}", group.name),
            _ => metric.to_owned(),
        };
        for (name, points) in [(name, points), (format!("{metric} (realized)"), realized)] {
            if !points.is_empty() {
                run.series.push(Series::new(name, points, findings.place("")));
            }
        }
    }
}

/// What NannyML's alert says. A value that is not there or is not judged by any threshold never
/// passes, although NannyML writes `False` for both.
fn check(stem: &str, group: &Group, chunk: &Chunk, reading: &Reading, place: &Pointer) -> Check {
    let bounds = match (reading.lower, reading.upper) {
        (None, None) => "no thresholds".to_owned(),
        (Some(lower), None) => format!("threshold at least {lower}"),
        (None, Some(upper)) => format!("threshold at most {upper}"),
        (Some(lower), Some(upper)) => format!("thresholds {lower} to {upper}"),
    };
    let (status, message) = match (&reading.value, reading.alert) {
        (Err(found), _) => (CheckStatus::Error, format!("the value is {found}")),
        (Ok(Measured::NonFinite(value)), _) => {
            (CheckStatus::Error, format!("the value is {value}: it could not be calculated; {bounds}"))
        }
        (Ok(value), Some(true)) => (CheckStatus::Fail, format!("{value}; {bounds}")),
        (Ok(value), Some(false)) if reading.lower.or(reading.upper).is_some() => {
            (CheckStatus::Pass, format!("{value}; {bounds}"))
        }
        (Ok(value), Some(false)) => (CheckStatus::Skipped, format!("{value}; {bounds}")),
        (Ok(value), None) => (CheckStatus::Error, format!("{value}; the file has no alert for it")),
    };
    Check {
        id: format!("{}#{}/{:05}", place.path, group.name, chunk.index),
        run: None,
        suite: format!("{TOOL}: {stem}"),
        name: format!("{} in {}", group.name, chunk.key),
        status,
        message,
        source: place.clone(),
    }
}
