//! The claims in `model-index`: every task, dataset and metric as one [`CardResult`].
//!
//! What the reference reader insists on and does not find is a finding that names the place; the
//! result stays with what it has.

use super::Findings;
use crate::diag::{Code, visible};
use crate::model::{Card, CardResult, Datum, Pointer};

const SHAPE: &str = "see the model-index example in the Hub's modelcard.md";

/// Reads `model-index` into a card.
pub(super) fn read(index: &Datum, card: &mut Card, findings: &mut Findings<'_>) {
    let entries: Vec<(String, &Datum)> = match index {
        Datum::Null => return,
        Datum::List(items) => items.iter().enumerate().map(|(i, item)| (format!("/model-index/{i}"), item)).collect(),
        Datum::Map(_) => {
            wrong(
                findings,
                "/model-index",
                "model-index is a map where a list of models is due",
                "put '- ' before its name",
            );
            vec![("/model-index".to_owned(), index)]
        }
        other => {
            return wrong(
                findings,
                "/model-index",
                format!("model-index is {}, not a list of models", other.kind()),
                SHAPE,
            );
        }
    };
    for (pointer, entry) in entries {
        if entry.entries().is_none() {
            wrong(findings, &pointer, format!("an entry of model-index is {}, not a map", entry.kind()), SHAPE);
            continue;
        }
        match entry.get("name").map(text) {
            Some(Some(name)) => card.model = Some(name),
            _ => wrong(findings, &pointer, "an entry of model-index has no name", "give the model's name"),
        }
        let Some(results) = entry.get("results") else {
            wrong(findings, &pointer, "an entry of model-index has no 'results'", "list them, or write 'results: []'");
            continue;
        };
        for (below, result) in list(results) {
            read_result(result, &format!("{pointer}/results{below}"), card, findings);
        }
    }
}

/// The members of a list; a lone value stands for a list of one.
fn list(value: &Datum) -> Vec<(String, &Datum)> {
    match value {
        Datum::Null => Vec::new(),
        Datum::List(items) => items.iter().enumerate().map(|(i, item)| (format!("/{i}"), item)).collect(),
        other => vec![(String::new(), other)],
    }
}

fn read_result(result: &Datum, pointer: &str, card: &mut Card, findings: &mut Findings<'_>) {
    if result.entries().is_none() {
        return wrong(findings, pointer, format!("a result is {}, not a map", result.kind()), SHAPE);
    }
    let task = part(result, pointer, "task", &["type"], findings);
    let dataset = part(result, pointer, "dataset", &["type", "name"], findings);
    let Some(metrics) = result.get("metrics") else {
        return wrong(findings, pointer, "a result has no 'metrics'", "list them as '- type: …' and 'value: …'");
    };
    for (below, metric) in list(metrics) {
        let at = format!("{pointer}/metrics{below}");
        if metric.entries().is_none() {
            wrong(findings, &at, format!("a metric is {}, not a map of type and value", metric.kind()), SHAPE);
            continue;
        }
        let field = |map: Option<&Datum>, key: &str| map.and_then(|map| map.get(key)).and_then(text);
        let metric_name = field(Some(metric), "name");
        let kind = field(Some(metric), "type");
        if kind.is_none() {
            let shown = metric_name.as_deref().unwrap_or("without a name");
            wrong(
                findings,
                &at,
                format!("the metric {} has no 'type'", visible(shown, 100)),
                "name the metric by its id, such as 'accuracy'",
            );
        }
        let value = metric.get("value");
        if value.is_none() {
            let shown = kind.as_deref().or(metric_name.as_deref()).unwrap_or("without a name");
            wrong(
                findings,
                &at,
                format!("the metric {} has no 'value'", visible(shown, 100)),
                "add the value, or leave the metric out",
            );
        }
        let Some(metric_id) = kind.or_else(|| metric_name.clone()) else { continue };
        card.results.push(CardResult {
            task: task.map.map_or_else(|| task.text.clone(), |map| field(Some(map), "type")),
            task_name: field(task.map, "name"),
            dataset: dataset.map.map_or_else(|| dataset.text.clone(), |map| field(Some(map), "type")),
            dataset_name: field(dataset.map, "name"),
            config: field(dataset.map, "config"),
            split: field(dataset.map, "split"),
            revision: field(dataset.map, "revision"),
            slice: None,
            metric: metric_id,
            metric_name,
            value: value.cloned().unwrap_or(Datum::Null),
            interval: None,
            threshold: None,
            verified: metric.get("verified") == Some(&Datum::Bool(true)),
            source: Pointer::new(card.path.clone(), at),
        });
    }
}

/// The task or dataset of a result: a map, or the plain text that some authors write instead.
#[derive(Default)]
struct Part<'a> {
    map: Option<&'a Datum>,
    text: Option<String>,
}

fn part<'a>(result: &'a Datum, pointer: &str, key: &str, required: &[&str], findings: &mut Findings<'_>) -> Part<'a> {
    let at = format!("{pointer}/{key}");
    let Some(value) = result.get(key) else {
        wrong(findings, &at, format!("a result has no '{key}'"), &format!("add '{key}:' with its type"));
        return Part::default();
    };
    if value.entries().is_none() {
        let help = format!("write it as a map: {key}: {{type: …}}");
        wrong(findings, &at, format!("the {key} of a result is {}, not a map", value.kind()), &help);
        return Part { map: None, text: text(value) };
    }
    for need in required {
        if value.get(need).is_none() {
            wrong(findings, &at, format!("the {key} of a result has no '{need}'"), &format!("add '{need}:' to it"));
        }
    }
    Part { map: Some(value), text: None }
}

/// A scalar as text; nothing for null, lists and maps.
fn text(value: &Datum) -> Option<String> {
    match value {
        Datum::Null | Datum::List(_) | Datum::Map(_) => None,
        scalar => Some(scalar.display()),
    }
}

fn wrong(findings: &mut Findings<'_>, pointer: &str, message: impl Into<String>, help: &str) {
    findings.add(Code::CardResult, pointer, message, help);
}
