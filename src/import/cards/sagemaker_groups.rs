//! The metric groups of SageMaker: the files that evaluation jobs write for a model card.
//!
//! In: `{"metric_groups": […]}` as the SDK makes it of the reports of Clarify and Model Monitor, and
//! as users write it for their own evaluations. Out: the results of a run. A number is a result, a
//! square matrix with equal labels a confusion matrix, a graph over rates a curve. Text and booleans
//! are kept as what they are: no rule takes them for a number.

use std::collections::BTreeMap;

use super::outline::{At, Outline};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{
    Curve, CurveKind, CurvePoint, Datum, Document, Importance, ImportanceItem, Matrix, Measured, MetricResult, Pointer,
    Rejected, Run, Slice,
};

/// One metric, by its type.
pub(super) enum Parsed {
    /// `number`, `string`, `boolean`.
    Plain(Datum),
    /// `matrix`.
    Matrix { columns: Vec<String>, labels: Vec<String>, rows: Vec<Vec<Measured>> },
    /// `linear_graph`.
    Graph { x: String, y: String, points: Vec<(Measured, Measured)> },
    /// `bar_chart`.
    Bars { x: String, y: String, bars: Vec<(String, Measured)> },
}

/// Whether a tree is such a file.
pub(super) fn is_groups(value: &Datum) -> bool {
    value
        .get("metric_groups")
        .and_then(Datum::items)
        .is_some_and(|groups| groups.iter().any(|g| g.get("metric_data").is_some_and(|data| data.items().is_some())))
}

/// Sorts a metric by its type.
pub(super) fn parse_metric(metric: &Datum) -> Result<Parsed, (Code, String)> {
    let invalid = |message: &str| (Code::CurveInvalid, message.to_owned());
    let value = metric.get("value").ok_or((Code::CardResult, "it has no 'value'".to_owned()))?;
    let kind = metric.get("type").and_then(Datum::as_str);
    let axis = |key: &str, default: &str| match metric.get(key) {
        Some(Datum::Text(text)) if !text.trim().is_empty() => text.clone(),
        _ => default.to_owned(),
    };
    let axes = |key: &str| -> Vec<String> {
        metric.get(key).and_then(Datum::items).unwrap_or_default().iter().map(Datum::display).collect()
    };
    let numbers = |row: &Datum| -> Option<Vec<Measured>> { row.items()?.iter().map(Datum::as_number).collect() };
    match kind {
        Some("number" | "string" | "boolean") | None => match value {
            Datum::List(_) | Datum::Map(_) => Err((Code::CardResult, format!("its value is {}", value.kind()))),
            scalar => Ok(Parsed::Plain(scalar.clone())),
        },
        Some("matrix") => {
            let rows: Option<Vec<Vec<Measured>>> = value.items().and_then(|rows| rows.iter().map(numbers).collect());
            let rows = rows.ok_or_else(|| invalid("its value is no list of lists of numbers"))?;
            if rows.iter().any(|row| row.len() != rows.first().map_or(0, Vec::len)) {
                return Err(invalid("its rows are of different length"));
            }
            Ok(Parsed::Matrix { columns: axes("x_axis_name"), labels: axes("y_axis_name"), rows })
        }
        Some("linear_graph") => {
            let points: Option<Vec<(Measured, Measured)>> = value.items().and_then(|points| {
                points
                    .iter()
                    .map(|point| match numbers(point)?.as_slice() {
                        [x, y] => Some((*x, *y)),
                        _ => None,
                    })
                    .collect()
            });
            let points = points.ok_or_else(|| invalid("its value is no list of pairs of numbers"))?;
            Ok(Parsed::Graph { x: axis("x_axis_name", "x"), y: axis("y_axis_name", "y"), points })
        }
        Some("bar_chart") => {
            let heights = numbers(value).ok_or_else(|| invalid("its value is no list of numbers"))?;
            let names = axes("x_axis_name");
            if !names.is_empty() && names.len() != heights.len() {
                return Err(invalid("it has another number of names than of bars"));
            }
            let bars = heights.into_iter().enumerate();
            let bars = bars.map(|(i, y)| (names.get(i).cloned().unwrap_or_else(|| (i + 1).to_string()), y)).collect();
            Ok(Parsed::Bars { x: "Bar".to_owned(), y: axis("y_axis_name", "Value"), bars })
        }
        Some(other) => Err((Code::FieldInvalid, format!("'{}' is no type of metric", visible(other, 40)))),
    }
}

/// Reads the groups into a run.
pub(super) fn read(path: &str, value: &Datum) -> Document {
    let mut document = Document { standalone: true, ..Document::default() };
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = Outline::new(path, "");
    let root = At::root(value);
    let groups = out.list(&root, "metric_groups");
    for group in &groups {
        for metric in group.value.get("metric_data").and_then(Datum::items).unwrap_or_default() {
            if let Some(name) = metric.get("name").and_then(Datum::as_str) {
                *names.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    for group in groups {
        let title = out.text(&group, "name").unwrap_or_default();
        let place = Place::of(&title);
        for metric in out.list(&group, "metric_data") {
            let Some(name) = out.text(&metric, "name") else {
                out.problem(Code::MetricInvalid, &metric.pointer, "a metric has no 'name'", "name it");
                continue;
            };
            let repeated = names.get(&name).is_some_and(|n| *n > 1);
            let own = place.clone().told_apart(&title, repeated);
            let source = Pointer::new(path, format!("{}/value", metric.pointer));
            let notes = out.text(&metric, "notes");
            match parse_metric(metric.value) {
                Ok(parsed) => add(&mut document.run, name.clone(), parsed, own, source),
                Err((code, message)) => {
                    let message = format!("the metric {}: {message}", visible(&name, 100));
                    let help = "see the metric types in the schema of SageMaker model cards";
                    document
                        .problems
                        .push(Diagnostic::new(code, message).at(path).pointer(metric.pointer.clone()).help(help));
                    reject(&mut document.run, name.clone(), own, "a value of another type".to_owned(), source);
                }
            }
            if let Some(notes) = notes {
                document.run.extra.push((format!("{name} notes"), Datum::Text(notes)));
            }
            out.take(&metric);
        }
    }
    let (card, mut problems) = out.finish(&root);
    let kept = card.metadata.entries().unwrap_or_default().iter().filter(|(key, _)| key != "card_format");
    document.run.extra.extend(kept.cloned());
    document.problems.append(&mut problems);
    document
}

/// The part of the data that a group speaks of. Clarify writes it into the group's name:
/// `post_training_bias_metrics - label Target = 1 and facet Gender=0`.
#[derive(Clone, Default)]
struct Place {
    slice: Slice,
    class: Option<String>,
}

impl Place {
    fn of(title: &str) -> Self {
        let mut place = Self::default();
        if let Some((_, rest)) = title.split_once(" - label ")
            && let Some((label, facet)) = rest.split_once(" and facet ")
        {
            place.class = Some(label.trim().to_owned());
            if let Some((name, value)) = facet.split_once('=') {
                place.slice.0.insert(name.trim().to_owned(), value.trim().to_owned());
            } else {
                place.slice.0.insert(facet.trim().to_owned(), String::new());
            }
        }
        place
    }

    /// A name that several groups use means another thing in each: the group becomes its slice.
    fn told_apart(mut self, title: &str, repeated: bool) -> Self {
        if repeated {
            let group = if self.class.is_some() { title.split(" - label ").next().unwrap_or(title) } else { title };
            self.slice.0.insert("group".to_owned(), group.to_owned());
        }
        self
    }
}

fn reject(run: &mut Run, metric: String, place: Place, found: String, source: Pointer) {
    run.rejected.push(Rejected { metric, dataset: None, slice: place.slice, class: place.class, found, source });
}

fn add(run: &mut Run, name: String, parsed: Parsed, place: Place, source: Pointer) {
    match parsed {
        Parsed::Plain(value) => match value.as_number() {
            Some(number) => {
                let mut result = MetricResult::new(name, number, source);
                result.slice = place.slice;
                result.class = place.class;
                run.results.push(result);
            }
            None => {
                let found = match &value {
                    Datum::Text(text) => format!("text \"{}\"", visible(text, 60)),
                    other => format!("{} ({})", other.kind(), other.display()),
                };
                reject(run, name, place, found, source);
            }
        },
        Parsed::Matrix { columns, labels, rows } => {
            let square = !rows.is_empty() && rows.iter().all(|row| row.len() == rows.len());
            let labels = if labels.is_empty() { columns.clone() } else { labels };
            let same = columns.is_empty() || columns == labels;
            if square && same && (labels.is_empty() || labels.len() == rows.len()) {
                let labels = if labels.is_empty() { (0..rows.len()).map(|i| i.to_string()).collect() } else { labels };
                run.matrices.push(Matrix { name, dataset: None, labels, rows, source });
            } else {
                let rows = rows.into_iter().map(|row| Datum::List(row.into_iter().map(Datum::Number).collect()));
                run.extra.push((name, Datum::List(rows.collect())));
            }
        }
        Parsed::Graph { x, y, points } => match curve_kind(&x, &y) {
            Some(kind) => {
                let point = |(x, y)| CurvePoint { x, y, threshold: None, count: None };
                let points = points.into_iter().map(point).collect();
                run.curves.push(Curve { kind, name, dataset: None, points, area: None, source });
            }
            None => {
                let pair = |(x, y)| Datum::List(vec![Datum::Number(x), Datum::Number(y)]);
                run.extra.push((name, Datum::List(points.into_iter().map(pair).collect())));
            }
        },
        Parsed::Bars { y, bars, .. } => {
            let importance = |text: &str| {
                let text = text.to_lowercase();
                text.contains("importance") || text.contains("shap") || text.contains("attribution")
            };
            if importance(&name) || importance(&y) {
                let item = |(feature, mean)| ImportanceItem { feature, mean, std: None };
                run.importances.push(Importance { name, items: bars.into_iter().map(item).collect(), source });
            } else {
                let bars = bars.into_iter().map(|(name, value)| (name, Datum::Number(value)));
                run.extra.push((name, Datum::Map(bars.collect())));
            }
        }
    }
}

/// What a graph shows, by the names of its axes.
fn curve_kind(x: &str, y: &str) -> Option<CurveKind> {
    let plain = |text: &str| text.to_lowercase().replace([' ', '-'], "_").trim_end_matches('s').to_owned();
    match (plain(x).as_str(), plain(y).as_str()) {
        ("fpr" | "false_positive_rate", "tpr" | "true_positive_rate") => Some(CurveKind::Roc),
        ("recall", "precision") => Some(CurveKind::PrecisionRecall),
        _ => None,
    }
}
