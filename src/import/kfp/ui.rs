//! `mlpipeline-ui-metadata.json` of KFP v1: outputs for the pages of the user interface.
//!
//! In: its JSON. Out: confusion matrices and ROC curves whose table stands inside the file
//! (`storage: inline`). Tables elsewhere are named by a path, which is not followed; markdown, web
//! pages and links are facts for the raw view.

use super::super::facts::{Facts, number_in_text, text};
use crate::model::{CurveKind, CurvePoint, Datum};

/// Whether a list is one of outputs.
pub(super) fn are_outputs(items: &[Datum]) -> bool {
    const TYPES: [&str; 6] = ["confusion_matrix", "roc", "markdown", "web-app", "table", "tensorboard"];
    let typed = |o: &Datum| text(o, "type").is_some_and(|t| TYPES.contains(&t));
    items.iter().all(|o| typed(o) && (o.get("source").is_some() || o.get("storage").is_some()))
}

/// Reads the outputs.
pub(super) fn read(value: &Datum, facts: &mut Facts<'_>) {
    for (i, output) in value.get("outputs").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = format!("/outputs/{i}");
        let rows = inline(output);
        match (text(output, "type"), rows) {
            (Some("confusion_matrix"), Some(rows)) => matrix(output, &rows, &at, facts),
            (Some("roc"), Some(rows)) => roc(output, &rows, &at, facts),
            (kind, _) => facts.extra(&format!("output {} {i}", kind.unwrap_or_default()), Some(output)),
        }
    }
}

/// The cells of a table inside the file.
fn inline(output: &Datum) -> Option<Vec<Vec<&str>>> {
    if text(output, "storage") != Some("inline") || text(output, "format").is_some_and(|f| f != "csv") {
        return None;
    }
    let lines = text(output, "source")?.lines().filter(|l| !l.trim().is_empty());
    Some(lines.map(|l| l.split(',').map(str::trim).collect()).collect())
}

/// The column of a name in the schema.
fn column(output: &Datum, names: &[&str]) -> Option<usize> {
    let schema = output.get("schema")?.items()?;
    schema.iter().position(|c| text(c, "name").is_some_and(|n| names.contains(&n)))
}

/// Rows of target, predicted and count.
fn matrix(output: &Datum, rows: &[Vec<&str>], pointer: &str, facts: &mut Facts<'_>) {
    let labels: Vec<String> =
        output.get("labels").and_then(Datum::items).unwrap_or_default().iter().map(Datum::display).collect();
    let place = |cell: Option<&&str>| cell.and_then(|c| labels.iter().position(|l| l == c));
    let [target, predicted, count] =
        [("target", 0), ("predicted", 1), ("count", 2)].map(|(n, usual)| column(output, &[n]).unwrap_or(usual));
    let mut cells = vec![vec![None; labels.len()]; labels.len().min(1_000)];
    for row in rows {
        let number = row.get(count).and_then(|c| number_in_text(c));
        if let (Some(t), Some(p)) = (place(row.get(target)), place(row.get(predicted)))
            && let Some(cell) = cells.get_mut(t).and_then(|r| r.get_mut(p))
        {
            *cell = number;
        }
    }
    facts.matrix("confusion_matrix", labels.clone(), cells, pointer);
}

/// Rows of false positive rate, true positive rate and threshold.
fn roc(output: &Datum, rows: &[Vec<&str>], pointer: &str, facts: &mut Facts<'_>) {
    let [x, y, threshold] =
        [(["fpr", "false_positive_rate"], 0), (["tpr", "true_positive_rate"], 1), (["thresholds", "threshold"], 2)]
            .map(|(n, usual)| column(output, &n).unwrap_or(usual));
    let at = |row: &[&str], i: usize| row.get(i).and_then(|c| number_in_text(c));
    let points = rows.iter().map(|row| {
        let (x, y) = (at(row, x)?, at(row, y)?);
        Some(CurvePoint { x, y, threshold: at(row, threshold), count: None })
    });
    facts.curve(CurveKind::Roc, "roc", points.collect(), pointer);
}
