//! The comparison as JSON, `presscheck.diff/1`.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::{Change, Comparison, Piece, ResultChange, Side};
use crate::model::MetricResult;

#[derive(Serialize)]
struct Named<'a> {
    model: &'a str,
    version: &'a str,
    run: Option<&'a str>,
    digest: String,
}

/// The comparison as JSON: everything, whatever is shown elsewhere. Numbers that are none are texts.
pub fn json(comparison: &Comparison<'_>) -> Value {
    let changes = |list: &[Change]| -> Vec<Value> {
        list.iter().map(|c| json!({"name": c.name, "before": c.before, "after": c.after})).collect()
    };
    let card = comparison.card.iter().map(|s| {
        let pieces: Vec<Value> = s
            .pieces
            .iter()
            .map(|p| match p {
                Piece::Same(text) => json!({"same": text}),
                Piece::Removed(text) => json!({"removed": text}),
                Piece::Added(text) => json!({"added": text}),
            })
            .collect();
        json!({"section": s.title, "pieces": pieces})
    });
    json!({
        "schema": "presscheck.diff/1",
        "before": named(comparison.before),
        "after": named(comparison.after),
        "results": comparison.results.iter().map(result).collect::<Vec<_>>(),
        "confusions": comparison.confusions.iter()
            .map(|c| json!({
                "matrix": c.matrix, "true": c.truth, "predicted": c.predicted, "before": c.before, "after": c.after
            }))
            .collect::<Vec<_>>(),
        "params": changes(&comparison.params),
        "datasets": changes(&comparison.datasets),
        "setup": changes(&comparison.setup),
        "card": card.collect::<Vec<_>>(),
        "drift": comparison.drift.iter()
            .map(|d| json!({"feature": d.feature, "before": d.before, "after": d.after}))
            .collect::<Vec<_>>(),
    })
}

fn named(side: Side<'_>) -> Named<'_> {
    Named {
        model: &side.version.model,
        version: &side.version.version,
        run: side.run.map(|r| r.id.as_str()),
        digest: side.version.digest.to_string(),
    }
}

fn result(change: &ResultChange<'_>) -> Value {
    let value = |r: Option<&MetricResult>| {
        r.map(|r| match r.value.finite() {
            Some(v) => json!(v.get()),
            None => json!(r.value.to_string()),
        })
    };
    let subject = change.subject();
    let mut out = json!({
        "metric": change.metric,
        "dataset": subject.and_then(|s| s.dataset.as_deref()),
        "split": subject.and_then(|s| s.split.as_deref()),
        "slice": subject.map(|s| &s.slice.0).filter(|s| !s.is_empty()),
        "class": subject.and_then(|s| s.class.as_deref()),
        "before": value(change.before),
        "after": value(change.after),
        "difference": change.difference,
        "moved": change.moved.as_str(),
    });
    if let Some(map) = out.as_object_mut() {
        if !change.why.is_empty() {
            map.insert("why".to_owned(), json!(change.why));
        }
        if let Some(test) = change.test {
            map.insert(
                "test".to_owned(),
                json!({"p": test.p, "method": test.method, "interval": test.interval.map(|(a, b)| [a, b])}),
            );
        }
    }
    out
}
