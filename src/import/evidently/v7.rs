//! The metrics and tests of 0.7, however they were stored: drift, checks and results.
//!
//! In: metrics with their parameters and values (from `report.json()` or a snapshot), and tests.
//! Out: a [`Document`]. The metric's class decides: `ValueDrift`, `EmbeddingsDrift` and
//! `DriftedColumnsCount` are drift, all others results ([`super::values_v7`]). In a file that has
//! results anyway, the values of drift metrics are results as well, so that a rule can name them;
//! drift alone never makes a run of a file.

use std::collections::BTreeMap;

use super::distribution;
use super::methods;
use super::reader::{Reader, below, present};
use super::suite;
use super::values_v7::Results;
use crate::diag::{Code, Diagnostic};
use crate::model::{
    CheckStatus, Column, Datum, Distribution, DistributionSide, Document, DriftReport, FeatureDrift, Finite, Measured,
    Window,
};

/// What is known of the tool from the shape of these files.
pub(super) const TOOL: &str = "evidently 0.7";

/// A metric with its value.
pub(super) struct Metric<'d> {
    /// The fingerprint that tests refer to.
    pub(super) id: &'d str,
    /// The class, without the prefix of its type.
    pub(super) class: &'d str,
    /// The parameters, and where they stand.
    pub(super) params: Option<(&'d Datum, String)>,
    /// Where the metric stands.
    pub(super) at: String,
    /// Its values.
    pub(super) values: Vec<Value<'d>>,
    /// What a snapshot draws for it.
    pub(super) widgets: Option<&'d Datum>,
}

/// One value of a metric.
pub(super) struct Value<'d> {
    /// `count`, `mean`, …; none when the metric has one value only.
    pub(super) part: Option<&'d str>,
    /// The label that it speaks of.
    pub(super) label: Option<&'d str>,
    /// What stands there.
    pub(super) value: &'d Datum,
    /// Where.
    pub(super) at: String,
}

/// The class at the end of `evidently:metric_v2:RowCount`.
pub(super) fn class_of(written: &str) -> &str {
    written.rsplit([':', '.']).next().unwrap_or(written)
}

/// What else a file says.
#[derive(Default)]
pub(super) struct About {
    pub(super) window: Window,
    pub(super) name: String,
}

/// The document of a file's metrics and tests.
pub(super) fn document<'d>(
    metrics: &[Metric<'d>],
    tests: Vec<(&'d Datum, String)>,
    about: &About,
    reader: &mut Reader<'_>,
) -> Document {
    let flags = Flags::of(&tests);
    let mut reports = Reports::default();
    let mut results = Results::default();
    for (index, metric) in metrics.iter().enumerate() {
        match metric.class {
            "DriftedColumnsCount" => {
                let report = reports.for_dataset(index, about, metric, reader);
                dataset_level(report, metric, reader);
            }
            "ValueDrift" | "EmbeddingsDrift" => {
                let feature = feature(metric, &flags, reader);
                reports.current(index, about, metric, reader).features.push(feature);
            }
            _ => results.add(metric, reader),
        }
    }
    if !results.is_empty() {
        for metric in metrics.iter().filter(|m| is_drift(m.class)) {
            results.add(metric, reader);
        }
    }
    let mut document = Document { drift: reports.finish(), ..Document::default() };
    results.give(&mut document);
    document.checks = suite::checks(tests, reader);
    document
}

/// Whether a metric of that class is drift.
pub(super) fn is_drift(class: &str) -> bool {
    matches!(class, "DriftedColumnsCount" | "ValueDrift" | "EmbeddingsDrift")
}

/// The drift tests by the metric that they judge.
struct Flags<'d>(BTreeMap<&'d str, &'d Datum>);

impl<'d> Flags<'d> {
    fn of(tests: &[(&'d Datum, String)]) -> Self {
        let mut out = BTreeMap::new();
        for (test, _) in tests {
            if test.get("id").and_then(Datum::as_str) != Some("drift") {
                continue;
            }
            let joined = test.get("metric_config").and_then(|c| c.get("metric_id"));
            let joined = joined.or_else(|| test.get("bound_test").and_then(|b| b.get("metric_fingerprint")));
            if let Some(id) = joined.and_then(Datum::as_str) {
                out.entry(id).or_insert(*test);
            }
        }
        Self(out)
    }

    /// Whether the test says drift: failed, also when the failure only warns.
    fn drifted(&self, id: &str) -> Option<bool> {
        match suite::status_of(self.0.get(id)?.get("status")?.as_str()?)? {
            CheckStatus::Pass => Some(false),
            CheckStatus::Fail | CheckStatus::Warn => Some(true),
            CheckStatus::Error | CheckStatus::Skipped => None,
        }
    }

    /// The method's display name in the test's description, for releases before 0.7.20, which did
    /// not write a method that was chosen automatically into the parameters.
    fn method(&self, id: &str) -> Option<&'d str> {
        let text = self.0.get(id)?.get("description")?.as_str()?;
        let (_, rest) = text.split_once("drift detection method is ")?;
        rest.rsplit_once(". The drift threshold").map(|(label, _)| label)
    }
}

/// The drift reports of a file. A `DriftedColumnsCount` after another one starts a new report, as
/// presets write their count before their columns.
#[derive(Default)]
struct Reports {
    done: Vec<DriftReport>,
    open: Option<DriftReport>,
    counted: bool,
}

impl Reports {
    fn current(&mut self, index: usize, about: &About, metric: &Metric<'_>, reader: &Reader<'_>) -> &mut DriftReport {
        let first = self.done.is_empty();
        self.open.get_or_insert_with(|| {
            let id = if first { reader.path.to_owned() } else { format!("{}#metrics/{index}", reader.path) };
            DriftReport {
                id,
                run: None,
                tool: TOOL.to_owned(),
                reference: String::new(),
                current: about.name.clone(),
                window: about.window,
                drifted: None,
                share_drifted: None,
                share_threshold: None,
                features: Vec::new(),
                source: reader.place(if first { String::new() } else { metric.at.clone() }),
                beside: None,
            }
        })
    }

    fn for_dataset(
        &mut self,
        index: usize,
        about: &About,
        metric: &Metric<'_>,
        reader: &Reader<'_>,
    ) -> &mut DriftReport {
        if self.counted {
            self.done.extend(self.open.take());
        }
        self.counted = true;
        self.current(index, about, metric, reader)
    }

    fn finish(mut self) -> Vec<DriftReport> {
        self.done.extend(self.open.take());
        for report in &mut self.done {
            fill_share(report);
        }
        self.done
    }
}

/// Without a dataset-level result the share is counted, when every feature has a flag.
pub(super) fn fill_share(report: &mut DriftReport) {
    if report.share_drifted.is_some() || report.drifted.is_some() || report.features.is_empty() {
        return;
    }
    let flags: Option<Vec<bool>> = report.features.iter().map(|f| f.drifted).collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of columns is far below 2^53")]
    if let Some(flags) = flags {
        let drifted = flags.iter().filter(|f| **f).count();
        report.share_drifted = Finite::new(drifted as f64 / flags.len() as f64);
    }
}

fn dataset_level(report: &mut DriftReport, metric: &Metric<'_>, reader: &mut Reader<'_>) {
    let share = metric.values.iter().find(|v| v.part == Some("share"));
    report.share_drifted = share.and_then(|v| number(v, reader)).and_then(Measured::finite);
    if share.is_none() {
        reader.missing(&metric.at, "share", "whether the dataset drifted is not known");
    }
    report.share_threshold = match &metric.params {
        Some((params, at)) => reader.finite(params, "drift_share", at),
        None => None,
    };
    if report.share_threshold.is_none() {
        reader.missing(&metric.at, "drift_share", "whether the dataset drifted is not known");
    }
    report.drifted = report.share_drifted.zip(report.share_threshold).map(|(share, limit)| share >= limit);
}

fn number(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Measured> {
    let number = value.value.as_number();
    if number.is_none() {
        reader.wrong_type(&value.at, "a number", value.value);
    }
    number
}

fn feature(metric: &Metric<'_>, flags: &Flags<'_>, reader: &mut Reader<'_>) -> FeatureDrift {
    let empty = Datum::Map(Vec::new());
    let (params, at) = metric.params.as_ref().map_or((&empty, metric.at.as_str()), |(p, at)| (*p, at.as_str()));
    let embeddings = metric.class == "EmbeddingsDrift";
    let column = if embeddings { "embeddings_name" } else { "column" };
    let name = reader.text(params, column, at).map(str::to_owned).unwrap_or_else(|| {
        reader.missing(at, column, "the feature is shown by its place");
        metric.at.clone()
    });
    let whole = metric.values.iter().find(|v| v.part.is_none() && v.label.is_none());
    if whole.is_none() {
        reader.missing(&metric.at, "value", "the feature has no score");
    }
    let score = whole.and_then(|v| number(v, reader));

    let label = if embeddings {
        present(params, "drift_method").and_then(|m| m.get("type")).and_then(Datum::as_str).map(class_of)
    } else {
        reader.text(params, "method", at)
    };
    let label = label.or_else(|| flags.method(metric.id));
    let known = if embeddings { None } else { label.and_then(methods::find) };
    match (label, known) {
        (None, _) => reader.missing(at, "method", "the score is shown, not judged"),
        (Some(label), None) => {
            reader.unknown_method(label, &below(at, if embeddings { "drift_method" } else { "method" }))
        }
        (Some(_), Some(_)) => {}
    }
    let mut threshold = reader.finite(params, "threshold", at);
    if let (None, None, Some(known)) = (threshold, present(params, "threshold"), known) {
        threshold = known.default_threshold();
        reader.missing_note(at, "threshold", "the method's default applies, as in the tool");
    }
    let threshold = threshold.filter(|_| known.is_none_or(methods::Stattest::bounds_score));
    let derived = known.and_then(|k| k.drifted(score, threshold));
    let told = flags.drifted(metric.id);
    contradiction(told, derived, &metric.at, reader);

    let distribution = metric.widgets.and_then(distribution::of_widgets);
    let kind = match known.map(|k| k.kind(label.unwrap_or_default())) {
        _ if embeddings => "embedding",
        Some(kind) if !kind.is_empty() => kind,
        _ => distribution.as_ref().map_or("", kind_of),
    };
    FeatureDrift {
        feature: name,
        kind: kind.to_owned(),
        method: known.and_then(|k| k.method),
        method_label: label.unwrap_or_default().to_owned(),
        score,
        threshold,
        p_value: score.filter(|_| known.is_some_and(methods::Stattest::is_p_value)),
        drifted: told.or(derived),
        distribution,
        column: Column::default(),
    }
}

/// The kind of a column by its distribution: only numeric columns are binned.
fn kind_of(distribution: &Distribution) -> &'static str {
    match distribution.current {
        DistributionSide::Numeric { .. } => "numeric",
        DistributionSide::Categorical { .. } => "categorical",
    }
}

/// A flag that the tool's own rule contradicts is worth a warning: the flag stays.
pub(super) fn contradiction(told: Option<bool>, derived: Option<bool>, at: &str, reader: &mut Reader<'_>) {
    if let (Some(told), Some(derived)) = (told, derived)
        && told != derived
    {
        let word = |drifted: bool| if drifted { "drift" } else { "no drift" };
        let text = format!("the file says {}, its score and threshold say {}", word(told), word(derived));
        reader.report(
            Diagnostic::new(Code::FieldInvalid, text).help("was the file edited, or written by a changed method?"),
            at,
        );
    }
}
