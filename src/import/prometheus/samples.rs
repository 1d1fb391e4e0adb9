//! Samples of one series, as a series and a result.
//!
//! In: a metric's name, its labels and its samples in the order of the file. Out: what a run holds.
//! The step of a point is its time in whole seconds since 1970, so that gaps stay visible wherever
//! a series is drawn by steps. Nothing is filled in, smoothed or resampled.

use std::fmt::Write as _;

use super::super::evidently::reader::Reader;
use super::TOOL;
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Instant, Measured, MetricResult, Point, Pointer, Rejected, Run, Series, Slice};

/// Series of one file that are kept.
pub(super) const SERIES: usize = 50_000;

/// A sample; times in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) time: Option<Instant>,
    pub(super) value: Measured,
}

/// A time in seconds since 1970, to the millisecond.
pub(super) fn seconds(time: f64) -> Option<Instant> {
    let millis = (time * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "held within what f64 counts exactly")]
    (millis.abs() < 9.0e15).then(|| Instant::from_millis(millis as i64)).flatten()
}

/// Puts a series into a run.
pub(super) fn put(
    metric: &str,
    labels: Slice,
    mut samples: Vec<Sample>,
    source: Pointer,
    run: &mut Run,
    reader: &mut Reader<'_>,
) {
    samples.sort_by_key(|s| s.time);
    samples.dedup_by(|a, b| a.time == b.time && a.value == b.value);
    let twice = samples.windows(2).any(|pair| matches!(pair, [a, b] if a.time == b.time));
    let mixed = samples.iter().any(|s| s.time.is_none()) && samples.iter().any(|s| s.time.is_some());
    if twice || mixed {
        let found = if twice { "two values at one time" } else { "values with and without a time" };
        let text = format!("series {} has {found}", visible(&selector(metric, &labels), 200));
        reader.report(Diagnostic::new(Code::MetricInvalid, text), &source.pointer);
        run.rejected.push(Rejected {
            metric: metric.to_owned(),
            dataset: None,
            slice: labels,
            class: None,
            found: found.to_owned(),
            source,
        });
        return;
    }
    let Some(last) = samples.last() else { return };
    let mut result = MetricResult::new(metric, last.value, source.clone());
    result.harness = Some(TOOL.to_owned());
    let points: Vec<Point> = samples
        .iter()
        .filter_map(|s| {
            s.time.map(|time| Point { step: time.millis().div_euclid(1000), time: Some(time), value: s.value })
        })
        .collect();
    if !points.is_empty() {
        run.series.push(Series::new(selector(metric, &labels), points, source));
    }
    result.slice = labels;
    run.results.push(result);
}

/// A series as PromQL selects it: `name{label="value"}`.
pub(super) fn selector(metric: &str, labels: &Slice) -> String {
    let mut out = metric.to_owned();
    for (i, (name, value)) in labels.0.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let before = if i == 0 { '{' } else { ',' };
        // Writing to a string does not fail.
        let _ = write!(out, "{before}{name}=\"{value}\"");
    }
    if !labels.0.is_empty() {
        out.push('}');
    }
    out
}

/// Reports the series that were left out because a file holds too many.
pub(super) fn too_many(seen: usize, reader: &mut Reader<'_>) {
    if seen > SERIES {
        let text = format!("the file holds more than {SERIES} series; the rest is left out");
        reader.report(Diagnostic::new(Code::FileTooLarge, text).help("select fewer series, or aggregate them"), "");
    }
}
