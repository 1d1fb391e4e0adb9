//! `DatasetFeatureStatisticsList`: numbers by feature.
//!
//! In: the message. Out: a result for each number that statistics of a feature hold, under the
//! message's own names (`num_missing`, `mean`, `std_dev`, `unique`, …), with the feature as slice.
//! Absent numbers are zero by the message's definition for counts only: nothing is made up here.
//! Histograms are not kept: their buckets differ from one dataset to the next.

use super::TOOL;
use super::message::{entries, field, number, path};
use crate::diag::{Code, visible};
use crate::import::Content;
use crate::import::findings::Findings;
use crate::model::{Dataset, Datum, Document, Measured, MetricResult, Slice};

/// Numbers of `CommonStatistics`.
const COMMON: &[(&str, &str)] = &[
    ("numNonMissing", "num_non_missing"),
    ("numMissing", "num_missing"),
    ("minNumValues", "min_num_values"),
    ("maxNumValues", "max_num_values"),
    ("avgNumValues", "avg_num_values"),
    ("totNumValues", "tot_num_values"),
];

/// Numbers of `NumericStatistics`, `StringStatistics` and `BytesStatistics`.
const OWN: &[(&str, &str)] = &[
    ("mean", "mean"),
    ("stdDev", "std_dev"),
    ("numZeros", "num_zeros"),
    ("min", "min"),
    ("median", "median"),
    ("max", "max"),
    ("unique", "unique"),
    ("avgLength", "avg_length"),
    ("avgNumBytes", "avg_num_bytes"),
    ("minNumBytes", "min_num_bytes"),
    ("maxNumBytes", "max_num_bytes"),
];

/// Reads the message.
pub(super) fn read(value: &Datum, content: &Content<'_>, document: &mut Document, findings: &mut Findings<'_>) {
    let stem = content.stem();
    let stem = stem.strip_suffix(".statistics").or_else(|| stem.strip_suffix(".stats")).unwrap_or(stem);
    for dataset in entries(value, "datasets") {
        let part = field(dataset, "name").map(Datum::display).filter(|n| !n.is_empty());
        let name = part.map_or_else(|| stem.to_owned(), |part| format!("{stem} {part}"));
        let n = field(dataset, "numExamples").and_then(number).and_then(count);
        document.run.datasets.push(Dataset { name: name.clone(), rows: n, ..Dataset::default() });
        for feature in entries(dataset, "features") {
            let column = path(feature);
            let mut base =
                MetricResult::new("", Measured::new(0.0), findings.place(format!("/datasets/features/{column}")));
            base.dataset = Some(name.clone());
            base.n = n;
            base.slice = Slice(std::iter::once(("column".to_owned(), column)).collect());
            base.harness = Some(TOOL.to_owned());
            for key in ["numStats", "stringStats", "bytesStats", "structStats"] {
                let Some(stats) = field(feature, key) else { continue };
                if let Some(common) = field(stats, "commonStats") {
                    add(common, COMMON, &base, document, findings);
                }
                add(stats, OWN, &base, document, findings);
            }
        }
    }
}

fn add(
    stats: &Datum,
    names: &[(&str, &str)],
    base: &MetricResult,
    document: &mut Document,
    findings: &mut Findings<'_>,
) {
    for (key, metric) in names {
        let Some(value) = field(stats, key) else { continue };
        match number(value) {
            Some(value) => {
                document.run.results.push(MetricResult { metric: (*metric).to_owned(), value, ..base.clone() });
            }
            None => {
                let text = format!(
                    "a number is due as {metric} of {}, not {}",
                    visible(&base.slice.to_string(), 80),
                    value.kind()
                );
                findings.add(Code::FieldInvalid, text, &base.source.pointer);
            }
        }
    }
}

fn count(value: Measured) -> Option<u64> {
    let n = value.finite()?.get();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
    (n.fract() == 0.0 && (0.0..9e15).contains(&n)).then_some(n as u64)
}
