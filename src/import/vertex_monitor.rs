//! Vertex AI model and feature monitoring, as the REST API answers.
//!
//! In: `searchModelDeploymentMonitoringStatsAnomalies` and, of model monitoring v2,
//! `searchModelMonitoringStats` (both `monitoringStats`), or a `FeatureMonitorJob` and lists of them.
//! Out: one drift report for each objective and window, or for each job. The API is protocol buffers as
//! JSON: a number that is zero is left out, so an absent score is 0, and non-finite numbers are text.
//! What is measured (L-infinity or Jensen-Shannon divergence) stands there only in v2 and in the type
//! of a column's statistics.

use std::collections::BTreeMap;

use super::evidently::reader::{Reader, below, present, shown};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Column, Datum, Document, DriftReport, FeatureDrift, Finite, Instant, Measured, Method, Window};

/// The tool, as reports name it.
const TOOL: &str = "vertex ai";

/// Answers of Vertex AI monitoring.
pub(crate) struct VertexMonitor;

impl DocumentImporter for VertexMonitor {
    fn kind(&self) -> &'static str {
        "vertex-monitor"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| is_stats(value) || is_job(value) || !jobs(value).is_empty())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(Ok(json)) = content.json_document() else { return Document::default() };
        let mut reader = Reader::new(content);
        let mut document = Document::default();
        let value = &json.value;
        if is_stats(value) {
            let mut windows = Windows::new();
            for (i, stats) in value.get("monitoringStats").and_then(Datum::items).unwrap_or_default().iter().enumerate()
            {
                let at = below("/monitoringStats", &i.to_string());
                match present(stats, "tabularStats") {
                    Some(tabular) => points(tabular, &below(&at, "tabularStats"), &mut windows, &mut reader),
                    None => anomalies(stats, &at, &mut document, &mut reader),
                }
            }
            for (i, ((objective, end), features)) in windows.into_iter().enumerate() {
                let window = Window { start: None, end };
                let id = format!("windows/{i}");
                document.drift.push(report(&id, objective, window, features, "/monitoringStats", &reader));
            }
        } else if is_job(value) {
            document.drift.extend(job(value, "", &mut reader));
        } else {
            for (i, one) in jobs(value).iter().enumerate() {
                document.drift.extend(job(one, &below("/featureMonitorJobs", &i.to_string()), &mut reader));
            }
        }
        document.problems = reader.finish();
        document.problems.extend(json.duplicate_problems(&content.file.path));
        document
    }
}

fn is_stats(value: &Datum) -> bool {
    value.get("monitoringStats").and_then(Datum::items).is_some_and(|stats| {
        stats
            .iter()
            .any(|s| s.get("featureStats").is_some() || s.get("tabularStats").is_some() || s.get("objective").is_some())
    })
}

fn is_job(value: &Datum) -> bool {
    value.get("jobSummary").is_some_and(|s| s.get("featureStatsAndAnomalies").is_some())
}

fn jobs(value: &Datum) -> &[Datum] {
    value.get("featureMonitorJobs").and_then(Datum::items).filter(|jobs| jobs.iter().any(is_job)).unwrap_or_default()
}

/// A number of a protocol buffer; an absent one is zero.
fn number(parent: &Datum, key: &str, at: &str, reader: &mut Reader<'_>) -> Option<Measured> {
    let found = match present(parent, key) {
        None => return Some(Measured::new(0.0)),
        Some(Datum::Text(text)) => Measured::parse(text),
        Some(other) => other.as_number(),
    };
    if found.is_none() {
        let text = parent.get(key).map(shown).unwrap_or_default();
        reader
            .report(Diagnostic::new(Code::FieldInvalid, format!("a number is due here, not {text}")), &below(at, key));
    }
    found
}

/// Drift above a threshold, as the service alerts.
fn above(score: Option<Measured>, threshold: Option<Finite>) -> Option<bool> {
    score.and_then(Measured::finite).zip(threshold).map(|(score, limit)| score > limit)
}

fn report(
    id: &str,
    current: String,
    window: Window,
    features: Vec<FeatureDrift>,
    at: &str,
    reader: &Reader<'_>,
) -> DriftReport {
    let judged: Vec<bool> = features.iter().filter_map(|f| f.drifted).collect();
    let known = !features.is_empty() && judged.len() == features.len();
    #[expect(clippy::cast_precision_loss, reason = "numbers of columns")]
    let share = known.then(|| judged.iter().filter(|d| **d).count() as f64 / features.len() as f64);
    DriftReport {
        id: if id.is_empty() { reader.path.to_owned() } else { format!("{}#{id}", reader.path) },
        run: None,
        tool: TOOL.to_owned(),
        reference: "baseline".to_owned(),
        current,
        window,
        drifted: None,
        share_drifted: share.and_then(Finite::new),
        share_threshold: None,
        features,
        source: reader.place(at),
        beside: None,
    }
}

/// Deployment monitoring: an objective with statistics by column, each over one or more windows.
fn anomalies(stats: &Datum, at: &str, document: &mut Document, reader: &mut Reader<'_>) {
    let objective =
        reader.text(stats, "objective", at).unwrap_or("MODEL_DEPLOYMENT_MONITORING_OBJECTIVE_TYPE_UNSPECIFIED");
    let model = reader.text(stats, "deployedModelId", at).unwrap_or_default();
    let mut windows: BTreeMap<(Option<Instant>, Option<Instant>), Vec<FeatureDrift>> = BTreeMap::new();
    let place = below(at, "featureStats");
    for (i, column) in stats.get("featureStats").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = below(&place, &i.to_string());
        let name = reader.text(column, "featureDisplayName", &at).map_or_else(|| at.clone(), str::to_owned);
        let shared = present(column, "threshold").and_then(|t| number(t, "value", &below(&at, "threshold"), reader));
        let list = below(&at, "predictionStats");
        let predictions = column.get("predictionStats").and_then(Datum::items).unwrap_or_default();
        if predictions.is_empty() {
            reader.missing(&at, "predictionStats", "the column has no score");
        }
        for (i, one) in predictions.iter().enumerate() {
            let at = below(&list, &i.to_string());
            let score = match present(one, "distributionDeviation") {
                Some(_) => number(one, "distributionDeviation", &at, reader),
                None => number(one, "score", &at, reader),
            };
            let own = present(one, "anomalyDetectionThreshold")
                .and_then(|_| number(one, "anomalyDetectionThreshold", &at, reader));
            let threshold = shared.or(own).and_then(Measured::finite);
            let window = (reader.time(one, "startTime", &at), reader.time(one, "endTime", &at));
            windows.entry(window).or_default().push(FeatureDrift {
                feature: name.clone(),
                kind: String::new(),
                method: None,
                method_label: objective.to_owned(),
                score,
                threshold,
                p_value: None,
                drifted: above(score, threshold),
                distribution: None,
                column: Column::default(),
            });
        }
    }
    let counted = windows.values().flatten().filter(|f| f.drifted == Some(true)).count();
    let claimed = match present(stats, "anomalyCount") {
        Some(Datum::Int(n)) => usize::try_from(*n).ok(),
        Some(Datum::Text(text)) => text.parse().ok(),
        _ => None,
    };
    if let Some(claimed) = claimed.filter(|n| *n != counted) {
        let text = format!("the answer counts {claimed} anomalies, its scores and thresholds give {counted}");
        reader.report(Diagnostic::new(Code::FieldInvalid, text), &below(at, "anomalyCount"));
    }
    let one = windows.len() == 1;
    for (i, ((start, end), features)) in windows.into_iter().enumerate() {
        let id = at.trim_start_matches('/');
        let id = if one { id.to_owned() } else { format!("{id}/{i}") };
        let current = format!("{objective} {model}").trim().to_owned();
        document.drift.push(report(&id, current, Window { start, end }, features, at, reader));
    }
}

/// Columns of model monitoring v2, by objective and time.
type Windows = BTreeMap<(String, Option<Instant>), Vec<FeatureDrift>>;

/// Model monitoring v2: one column's points over time.
fn points(stats: &Datum, at: &str, windows: &mut Windows, reader: &mut Reader<'_>) {
    let name = reader.text(stats, "statsName", at).map_or_else(|| at.to_owned(), str::to_owned);
    let objective = reader.text(stats, "objective", at).unwrap_or_default();
    let list = below(at, "dataPoints");
    for (i, point) in stats.get("dataPoints").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = below(&list, &i.to_string());
        let current = present(point, "currentStats");
        let deviation = current.and_then(|c| present(c, "distributionValue")).filter(|d| d.entries().is_some());
        let score = match (current, deviation) {
            (_, Some(of)) => number(of, "distributionDeviation", &below(&at, "currentStats/distributionValue"), reader),
            (Some(of), None) => number(of, "doubleValue", &below(&at, "currentStats"), reader),
            (None, None) => None,
        };
        let threshold = number(point, "thresholdValue", &at, reader).and_then(Measured::finite);
        let label = reader.text(point, "algorithm", &at).unwrap_or(objective);
        let method = match label {
            "jensen_shannon_divergence" => Some(Method::JensenShannon),
            // The greatest difference of two shares: the tool's own, not in the list of methods.
            _ => None,
        };
        if method.is_none() && label != "l_infinity" {
            reader.unknown_method(label, &below(&at, "algorithm"));
        }
        let end = reader.time(point, "createTime", &at);
        windows.entry((objective.to_owned(), end)).or_default().push(FeatureDrift {
            feature: name.clone(),
            kind: String::new(),
            method,
            method_label: label.to_owned(),
            score,
            threshold,
            p_value: None,
            // Left out where it is false.
            drifted: Some(reader.flag(point, "hasAnomaly", &at).unwrap_or(false)).filter(|_| score.is_some()),
            distribution: None,
            column: Column::default(),
        });
    }
}

/// A job of a feature monitor.
fn job(job: &Datum, at: &str, reader: &mut Reader<'_>) -> Option<DriftReport> {
    if let Some(code) = present(job, "finalStatus").and_then(|s| present(s, "code")) {
        let message = job.get("finalStatus").and_then(|s| s.get("message")).map(Datum::display).unwrap_or_default();
        let text = format!("the job ended with status {}: {}", code.display(), visible(&message, 200));
        reader.report(Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error), &below(at, "finalStatus"));
    }
    let list = below(&below(at, "jobSummary"), "featureStatsAndAnomalies");
    let columns = job.get("jobSummary")?.get("featureStatsAndAnomalies")?.items()?;
    let mut features = Vec::with_capacity(columns.len());
    let mut end = None;
    for (i, column) in columns.iter().enumerate() {
        let at = below(&list, &i.to_string());
        let name = reader.text(column, "featureId", &at).map_or_else(|| at.clone(), str::to_owned);
        let kind = match column.get("featureStats").map(|s| s.get("type").and_then(Datum::as_str)) {
            // INT is the first of the enumeration and left out.
            Some(None | Some("INT" | "FLOAT")) => "numeric",
            Some(Some("STRING")) => "categorical",
            _ => "",
        };
        let score = number(column, "distributionDeviation", &at, reader);
        let threshold = number(column, "driftDetectionThreshold", &at, reader).and_then(Measured::finite);
        // Left out where it is false.
        let told = reader.flag(column, "driftDetected", &at).unwrap_or(false);
        if above(score, threshold).is_some_and(|derived| derived != told) && threshold.is_some_and(|t| t.get() > 0.0) {
            let text = format!("the job says drift: {told}, its score and threshold say otherwise");
            reader.report(Diagnostic::new(Code::FieldInvalid, text), &below(&at, "driftDetected"));
        }
        end = end.max(reader.time(column, "statsTime", &at));
        features.push(FeatureDrift {
            feature: name,
            kind: kind.to_owned(),
            // Jensen-Shannon divergence for numbers, L-infinity for categories.
            method: (kind == "numeric").then_some(Method::JensenShannon),
            method_label: "distributionDeviation".to_owned(),
            score,
            threshold,
            p_value: None,
            drifted: Some(told),
            distribution: None,
            column: Column::default(),
        });
    }
    let start = reader.time(job, "driftBaseSnapshotTime", at);
    let current = present(job, "name").map(Datum::display).unwrap_or_default();
    let mut out = report(at.trim_start_matches('/'), current, Window { start: None, end }, features, at, reader);
    if let Some(start) = start {
        out.reference = format!("snapshot of {start}");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileData;

    fn read(text: &str) -> Option<Document> {
        let data = FileData::from_bytes("a.json", text.as_bytes());
        let content = Content::new(&data);
        VertexMonitor.sniff(&content).then(|| VertexMonitor.read(&content))
    }

    #[test]
    fn absent_numbers_are_zero() {
        let stats = "{\"monitoringStats\":[{\"objective\":\"RAW_FEATURE_SKEW\",\"anomalyCount\":2,\"featureStats\":[\
            {\"featureDisplayName\":\"a\",\"threshold\":{\"value\":0.1},\"predictionStats\":[{\"endTime\":\"2024-01-01T00:00:00Z\"},\
            {\"score\":0.3,\"endTime\":\"2024-01-02T00:00:00Z\"},{\"score\":\"NaN\",\"endTime\":\"2024-01-03T00:00:00Z\"}]}]}]}";
        let document = read(stats).unwrap();
        let found: Vec<_> = document.drift.iter().map(|d| (d.id.as_str(), d.features[0].drifted)).collect();
        assert_eq!(
            found,
            [
                ("a.json#monitoringStats/0/0", Some(false)),
                ("a.json#monitoringStats/0/1", Some(true)),
                ("a.json#monitoringStats/0/2", None)
            ]
        );
        assert_eq!(document.problems.len(), 1, "the count is wrong");
    }

    #[test]
    fn points_of_the_second_version() {
        let stats = "{\"monitoringStats\":[{\"tabularStats\":{\"statsName\":\"a\",\"objective\":\"raw-feature-drift\",\"dataPoints\":[\
            {\"currentStats\":{\"distributionValue\":{\"distributionDeviation\":0.4}},\"thresholdValue\":0.3,\"hasAnomaly\":true,\
            \"algorithm\":\"jensen_shannon_divergence\",\"createTime\":\"2024-05-01T00:00:00Z\"},{\"currentStats\":{\"doubleValue\":0.1},\
            \"algorithm\":\"l_infinity\"},{\"algorithm\":\"l_infinity\"}]}}]}";
        let document = read(stats).unwrap();
        let row = |i: usize| {
            let f = &document.drift[i].features[0];
            (f.method, f.score.map(|s| s.as_f64()), f.drifted)
        };
        // Points without a time come first.
        assert_eq!(row(0), (None, Some(0.1), Some(false)));
        assert_eq!(document.drift[0].features[1].drifted, None);
        assert_eq!(row(1), (Some(Method::JensenShannon), Some(0.4), Some(true)));
    }

    #[test]
    fn jobs_that_failed_or_contradict_themselves() {
        let job = |rest: &str| {
            let text = format!(
                "{{\"jobSummary\":{{\"featureStatsAndAnomalies\":[{{\"featureId\":\"a\",\"driftDetectionThreshold\":0.1,\"distributionDeviation\":0.2}}]}}{rest}}}"
            );
            read(&text).unwrap()
        };
        assert_eq!(job("").problems.len(), 1, "a score above the threshold without a flag");
        assert_eq!(job(",\"finalStatus\":{\"code\":13,\"message\":\"x\"}").problems[0].severity, Severity::Error);
        for other in [
            "{}",
            "{\"monitoringStats\":[]}",
            "{\"monitoringStats\":[{}]}",
            "{\"jobSummary\":{}}",
            "{\"featureMonitorJobs\":[]}",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
