//! `evaluation.json`: metrics of model quality, as SageMaker Pipelines and Model Monitor write it.
//!
//! In: groups such as `binary_classification_metrics`, each `{NAME: {value, standard_deviation}}`
//! beside a confusion matrix and curves. Out: results under the names in the file, and each deviation
//! as `NAME.standard_deviation`: Model Monitor takes it over a few large subsamples and pipelines write
//! that of the residuals, so it is no standard error and no interval is made of it. The text `NaN`
//! stands for one that could not be computed. Several groups in one file keep the names apart by the
//! group.

use super::super::facts::{Facts, below, count, number_in_text, point, present, text};
use crate::model::{CurveKind, Datum, Instant, Measured};

/// Groups of Model Monitor; pipelines write others that end alike.
const GROUPS: [&str; 4] = [
    "regression_metrics",
    "binary_classification_metrics",
    "multiclass_classification_metrics",
    "classification_metrics",
];
const MATRIX: &str = "confusion_matrix";
/// Curves: key, kind, horizontal and vertical list.
const CURVES: [(&str, CurveKind, &str, &str); 2] = [
    ("receiver_operating_characteristic_curve", CurveKind::Roc, "false_positive_rates", "true_positive_rates"),
    ("precision_recall_curve", CurveKind::PrecisionRecall, "recalls", "precisions"),
];

/// Whether a JSON value holds such groups: a known one, or one of that form with a metric in it.
pub(super) fn is_evaluation(value: &Datum) -> bool {
    groups(value).next().is_some()
}

/// Whether a metric in a group has the deviation that SageMaker writes.
pub(super) fn has_deviations(value: &Datum) -> bool {
    groups(value).any(|(_, entries)| entries.iter().any(|(_, v)| v.get("standard_deviation").is_some()))
}

fn groups(value: &Datum) -> impl Iterator<Item = (&str, &[(String, Datum)])> {
    let metric = |v: &Datum| v.entries().is_some_and(|e| e.iter().any(|(k, _)| k == "value") && e.len() <= 4);
    value.entries().unwrap_or_default().iter().filter_map(move |(key, group)| {
        let entries = group.entries()?;
        let known = GROUPS.contains(&key.as_str());
        let alike = key.ends_with("_metrics") && (known || entries.iter().any(|(_, v)| metric(v)));
        let holds = || {
            entries.is_empty()
                || entries.iter().any(|(k, v)| metric(v) || k == MATRIX || CURVES.iter().any(|c| c.0 == k))
        };
        (alike && holds()).then_some((key.as_str(), entries))
    })
}

/// Reads the groups.
pub(super) fn read(value: &Datum, facts: &mut Facts<'_>) {
    let about = value.get("dataset");
    let n = about.and_then(|d| {
        count(d, "item_count").or_else(|| present(d, "item_count").and_then(Datum::as_str).and_then(|t| t.parse().ok()))
    });
    if let Some(about) = about {
        let at = |key: &str| text(about, key).and_then(Instant::parse);
        facts.document.run.started_at = at("start_time");
        facts.document.run.ended_at = at("end_time");
        facts.extra("dataset", Some(about));
        let run = &mut facts.document.run;
        run.ended_at = run.ended_at.or_else(|| text(about, "evaluation_time").and_then(Instant::parse));
        if let Some(time) = text(about, "evaluation_time") {
            facts.system_tag("evaluation_time", Some(&Datum::from(time)));
        }
    }
    let several = groups(value).count() > 1;
    for (group, entries) in groups(value) {
        let prefix = if several { format!("{group}/") } else { String::new() };
        facts.document.run.system_tags.insert("sagemaker.group".to_owned(), group.to_owned());
        for (name, metric) in entries {
            let at = below("", &[group, name]);
            let title = format!("{prefix}{name}");
            if name == MATRIX {
                matrix(&title, metric, &at, facts);
            } else if let Some((_, kind, x, y)) = CURVES.iter().find(|c| c.0 == name) {
                curve(*kind, &title, [x, y], metric, &at, facts);
            } else {
                one(&title, metric, n, &at, facts);
            }
        }
    }
    for (key, other) in value.entries().unwrap_or_default() {
        if key != "dataset" && !groups(value).any(|(group, _)| group == key) {
            facts.extra(key, Some(other));
        }
    }
}

fn one(name: &str, metric: &Datum, n: Option<u64>, pointer: &str, facts: &mut Facts<'_>) {
    match metric {
        Datum::Map(_) => match metric.get("value") {
            Some(value) => {
                // The tool writes NaN as text; any other text is no number.
                let at = below(pointer, &["value"]);
                let not_a_number = value.as_str() == Some("NaN");
                let result =
                    if not_a_number { facts.metric_or_text(name, value, &at) } else { facts.metric(name, value, &at) };
                if let Some(result) = result {
                    result.n = n;
                }
                if let Some(deviation) = deviation(metric) {
                    let at = below(pointer, &["standard_deviation"]);
                    facts.number(&format!("{name}.standard_deviation"), deviation, &at).n = n;
                }
            }
            None => facts.extra(name, Some(metric)),
        },
        Datum::Int(_) | Datum::Number(_) => {
            if let Some(result) = facts.metric(name, metric, pointer) {
                result.n = n;
            }
        }
        Datum::Text(text) if number_in_text(text).is_some() => {
            facts.metric(name, metric, pointer);
        }
        other => facts.extra(name, Some(other)),
    }
}

fn deviation(metric: &Datum) -> Option<Measured> {
    metric.get("standard_deviation")?.as_number().filter(|n| n.finite().is_some())
}

/// `{"0": {"0": 114, "1": 13}, …}`: true class, then predicted class.
fn matrix(name: &str, value: &Datum, pointer: &str, facts: &mut Facts<'_>) {
    let rows = value.entries().unwrap_or_default();
    let mut labels: Vec<String> = rows.iter().map(|(k, _)| k.clone()).collect();
    for (_, row) in rows {
        for (predicted, _) in row.entries().unwrap_or_default() {
            if labels.len() <= 1_000 && !labels.contains(predicted) {
                labels.push(predicted.clone());
            }
        }
    }
    // A class that was never true, or never predicted, has no row or no cell.
    let zero = Datum::Int(0);
    let cells = labels.iter().map(|actual| {
        let row = value.get(actual);
        labels.iter().map(|predicted| row.and_then(|r| r.get(predicted)).unwrap_or(&zero).as_number()).collect()
    });
    let cells = if labels.len() > 1_000 { Vec::new() } else { cells.collect() };
    facts.matrix(name, labels.clone(), cells, pointer);
}

fn curve(kind: CurveKind, name: &str, axes: [&str; 2], value: &Datum, pointer: &str, facts: &mut Facts<'_>) {
    let [x, y] = axes.map(|a| value.get(a).and_then(Datum::items).unwrap_or_default());
    let thresholds = value.get("thresholds").and_then(Datum::items).unwrap_or_default();
    let length = x.len().max(y.len());
    let points = (0..length).map(|i| point(x.get(i), y.get(i), thresholds.get(i))).collect();
    facts.curve(kind, name, points, pointer);
}
