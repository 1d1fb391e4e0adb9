//! Values of legacy metrics that are not drift, as results and confusion matrices.
//!
//! In: a metric's class and result. Out: the numbers below `current` and `reference`, each as the
//! dataset of that name. The keys of `RegressionQualityMetric`, `ClassificationQualityMetric` and
//! `ClassificationQualityByClass` are metrics by themselves (`rmse`, `f1`); those of all other
//! metrics are prefixed by the class (`DatasetSummaryMetric.number_of_rows`). Lists are plot data
//! and not read.

use super::reader::{Reader, below, present};
use crate::model::{Datum, Document, Matrix, Measured, MetricResult, Slice};

/// How deep values nest below `current` and `reference`.
const DEPTH: usize = 4;

/// The values of a metric that is not drift: what stands below `current` and `reference`.
pub(super) fn read(
    class: &str,
    result: &Datum,
    at: &str,
    tool: &str,
    document: &mut Document,
    reader: &mut Reader<'_>,
) {
    let bare =
        matches!(class, "RegressionQualityMetric" | "ClassificationQualityMetric" | "ClassificationQualityByClass");
    let mut slice = Slice::default();
    for key in ["column_name", "quantile", "left", "right"] {
        if let Some(value @ (Datum::Text(_) | Datum::Int(_) | Datum::Number(_))) = result.get(key) {
            let key = if key == "column_name" { "column" } else { key };
            slice.0.insert(key.to_owned(), value.display());
        }
    }
    for dataset in ["current", "reference"] {
        if let Some(matrix) = matrix(result, class, dataset, at, reader) {
            document.run.matrices.push(matrix);
        }
        for key in [dataset.to_owned(), format!("{dataset}_characteristics")] {
            let Some(values) = present(result, &key) else { continue };
            let mut walk = Walk {
                name: if bare { String::new() } else { class.to_owned() },
                slice: slice.clone(),
                class: None,
                dataset,
                tool,
                out: &mut document.run.results,
            };
            let at = below(at, &key);
            // `{metrics: {<label>: {precision, …}}}`.
            let by_label = (class == "ClassificationQualityByClass").then(|| values.get("metrics")).flatten();
            match by_label.and_then(Datum::entries) {
                Some(labels) => {
                    let at = below(&at, "metrics");
                    for (label, values) in labels {
                        walk.class = Some(label);
                        walk.descend(values, &below(&at, label), DEPTH, reader);
                    }
                }
                None => walk.descend(values, &at, DEPTH, reader),
            }
        }
    }
}

/// Where in a metric's values we are.
struct Walk<'w> {
    name: String,
    slice: Slice,
    class: Option<&'w str>,
    dataset: &'w str,
    tool: &'w str,
    out: &'w mut Vec<MetricResult>,
}

impl Walk<'_> {
    fn descend(&mut self, value: &Datum, at: &str, depth: usize, reader: &Reader<'_>) {
        if let Some(number) = value.as_number() {
            self.push(number, at, reader);
        }
        let (Some(entries), true) = (value.entries(), depth > 0) else { return };
        for (key, value) in entries {
            // The value of each column, keyed by its name.
            let columns = key.ends_with("_by_columns");
            let length = self.name.len();
            if !self.name.is_empty() {
                self.name.push('.');
            }
            self.name.push_str(key);
            let at = below(at, key);
            match (columns, value) {
                (true, Datum::Map(by_column)) => {
                    for (column, value) in by_column {
                        self.slice.0.insert("column".to_owned(), column.clone());
                        self.descend(value, &below(&at, column), depth - 1, reader);
                    }
                    self.slice.0.remove("column");
                }
                _ => self.descend(value, &at, depth - 1, reader),
            }
            self.name.truncate(length);
        }
    }

    fn push(&mut self, number: Measured, at: &str, reader: &Reader<'_>) {
        let mut result = MetricResult::new(self.name.clone(), number, reader.place(at));
        result.dataset = Some(self.dataset.to_owned());
        result.slice = self.slice.clone();
        result.class = self.class.map(str::to_owned);
        result.harness = Some(self.tool.to_owned());
        self.out.push(result);
    }
}

/// `current_matrix` and `reference_matrix` of a confusion matrix.
fn matrix(result: &Datum, class: &str, dataset: &str, at: &str, reader: &Reader<'_>) -> Option<Matrix> {
    let key = format!("{dataset}_matrix");
    let stored = present(result, &key).filter(|_| class == "ClassificationConfusionMatrix")?;
    let labels: Vec<String> = stored.get("labels")?.items()?.iter().map(Datum::display).collect();
    let rows: Vec<Vec<Measured>> = stored
        .get("values")?
        .items()?
        .iter()
        .map(|row| row.items()?.iter().map(Datum::as_number).collect())
        .collect::<Option<_>>()?;
    (rows.len() == labels.len() && rows.iter().all(|r| r.len() == labels.len())).then(|| Matrix {
        name: "confusion matrix".to_owned(),
        dataset: Some(dataset.to_owned()),
        labels,
        rows,
        source: reader.place(below(at, &key)),
    })
}
