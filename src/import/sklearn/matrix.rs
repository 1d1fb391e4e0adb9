//! Confusion matrices: JSON with labels, one 2×2 matrix for each label, CSV with labels on both
//! sides, and pairs of actual and predicted labels that are still to be counted.
//!
//! In: a JSON value or a frame. Out: square matrices, rows true, columns predicted. A matrix with a
//! cell that is no count is not kept, because every number read from it would mislead; a diagnostic
//! says so. Where counts are given, normalised copies of the same matrix are left out.

use indexmap::IndexMap;

use super::frame::{Frame, Place};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Document, Matrix, Measured, natural_cmp};

const LABELS: &[&str] = &["labels", "classes", "class_names", "display_labels", "target_names", "label_names"];
const COUNTS: &[&str] = &["matrix", "confusion_matrix", "confusion", "cm", "counts"];
const SHARES: &[&str] =
    &["normalized_true", "normalized", "normalised", "normalized_matrix", "normalized_pred", "normalized_all"];
/// More different labels than this are no classes.
const MOST_LABELS: usize = 200;

fn is_grid(value: &Datum) -> bool {
    value.items().is_some_and(|rows| !rows.is_empty() && rows.iter().all(|r| r.items().is_some()))
}

fn labels(value: &Datum) -> Option<Vec<String>> {
    LABELS.iter().find_map(|k| value.get(k)).and_then(Datum::items).map(|l| l.iter().map(Datum::display).collect())
}

fn grid<'a>(value: &'a Datum, keys: &[&'static str]) -> Option<(&'static str, &'a Datum)> {
    keys.iter().find_map(|k| value.get(k).filter(|v| is_grid(v)).map(|v| (*k, v)))
}

/// Whether a JSON value is a confusion matrix and nothing else.
pub(super) fn is_json(value: &Datum, place: &Place) -> bool {
    if is_grid(value) {
        return place.stem_holds(&["confusion"]);
    }
    let known =
        |key: &str| LABELS.contains(&key) || COUNTS.contains(&key) || SHARES.contains(&key) || key == "matrices";
    let alone = value
        .entries()
        .is_some_and(|e| e.iter().all(|(k, v)| known(k) || matches!(v, Datum::Null | Datum::Bool(_) | Datum::Text(_))));
    let holds =
        || grid(value, COUNTS).is_some() || grid(value, SHARES).is_some() || value.get("matrices").is_some_and(is_grid);
    alone && labels(value).is_some() && holds()
}

/// Whether a member of an object is a confusion matrix by its key.
pub(super) fn is_member(key: &str, value: &Datum) -> bool {
    matches!(key, "confusion_matrix" | "confusion") && is_grid(value)
}

/// Whether a key names the labels of a matrix that stands beside it.
pub(super) fn is_labels(key: &str) -> bool {
    LABELS.contains(&key)
}

/// Reads a member of an object that is a confusion matrix; labels may stand beside it.
pub(super) fn read_member(object: &Datum, member: &Datum, place: &Place, name: Option<&str>) -> Document {
    let mut document = Document::default();
    add(name.unwrap_or(&place.stem).to_owned(), labels(object), member, place, &mut document);
    document
}

/// Reads a confusion matrix, or one for each label.
pub(super) fn read_json(value: &Datum, place: &Place, name: Option<&str>) -> Document {
    let mut document = Document::default();
    let title = name.unwrap_or(&place.stem).to_owned();
    if is_grid(value) {
        add(title, None, value, place, &mut document);
        return document;
    }
    let labels = labels(value);
    if let Some((key, rows)) = grid(value, COUNTS).or_else(|| grid(value, SHARES)) {
        add(title, labels, rows, &place.below(key), &mut document);
    } else if let (Some(labels), Some(matrices)) = (labels, value.get("matrices").and_then(Datum::items)) {
        let place = place.below("matrices");
        if labels.len() != matrices.len() {
            document.problems.push(invalid(
                &place,
                &title,
                &format!("{} labels stand beside {} matrices", labels.len(), matrices.len()),
            ));
        }
        for (i, matrix) in matrices.iter().enumerate() {
            let label = labels.get(i).cloned().unwrap_or_else(|| i.to_string());
            let sides = vec![format!("not {label}"), label.clone()];
            add(label, Some(sides), matrix, &place.below(&i.to_string()), &mut document);
        }
    }
    document
}

fn add(name: String, labels: Option<Vec<String>>, rows: &Datum, place: &Place, document: &mut Document) {
    let cells: Option<Vec<Vec<Measured>>> = rows
        .items()
        .and_then(|rows| rows.iter().map(|row| row.items()?.iter().map(Datum::as_number).collect()).collect());
    let Some(cells) = cells else {
        document.problems.push(invalid(place, &name, "it has cells that are no numbers, so it is not shown"));
        return;
    };
    add_cells(name, labels, cells, place, document);
}

fn add_cells(
    name: String,
    labels: Option<Vec<String>>,
    rows: Vec<Vec<Measured>>,
    place: &Place,
    document: &mut Document,
) {
    let size = rows.len();
    if size == 0 || rows.iter().any(|r| r.len() != size) {
        document.problems.push(invalid(place, &name, "it is not square, so it is not shown"));
        return;
    }
    if rows.iter().flatten().any(|c| c.finite().is_none_or(|c| c.get() < 0.0)) {
        document.problems.push(invalid(
            place,
            &name,
            "it has cells that are negative or not finite, so it is not shown",
        ));
        return;
    }
    let labels = match labels {
        Some(labels) if labels.len() == size => labels,
        Some(labels) => {
            let text = format!("it has {} labels for {size} classes, so they are numbered", labels.len());
            document.problems.push(invalid(place, &name, &text));
            (0..size).map(|i| i.to_string()).collect()
        }
        None => (0..size).map(|i| i.to_string()).collect(),
    };
    document.run.matrices.push(Matrix { name, dataset: None, labels, rows, source: place.here() });
}

fn invalid(place: &Place, name: &str, text: &str) -> Diagnostic {
    Diagnostic::new(Code::CurveInvalid, format!("confusion matrix '{}': {text}", visible(name, 80)))
        .at(place.path.clone())
        .pointer(place.pointer.clone())
        .help("write one row for each true class, with one count for each predicted class")
}

/// Whether a table is a confusion matrix: the first column repeats the other columns' names. Counts
/// are enough to tell it from a correlation matrix; shares need a file name that says it.
pub(super) fn is_frame(frame: &Frame<'_>) -> bool {
    let named = frame.place.stem_holds(&["confusion"]);
    let width = frame.names.len();
    let numbers = |from: usize, whole: bool| {
        (from..width).all(|c| {
            (0..frame.len()).all(|r| frame.number(r, c).is_some_and(|v| !whole || super::curve::whole(v).is_some()))
        })
    };
    if frame.is_delimited() && width > 1 && frame.len() == width - 1 {
        let mirrored = (0..frame.len()).all(|r| frame.label(r, 0).as_deref() == Some(frame.names[r + 1].as_str()));
        return mirrored && (named || numbers(1, true));
    }
    named && frame.is_delimited() && frame.len() == width && numbers(0, false)
}

/// Reads a table that is a confusion matrix.
pub(super) fn read_frame(frame: &Frame<'_>) -> Document {
    let mut document = Document::default();
    let first = usize::from(frame.len() < frame.names.len());
    let name = frame.place.stem.clone();
    let cells: Option<Vec<Vec<Measured>>> = (0..frame.len())
        .map(|row| (first..frame.names.len()).map(|column| frame.number(row, column)).collect())
        .collect();
    match cells {
        Some(cells) => {
            add_cells(name, Some(frame.names[first..].to_vec()), cells, &frame.place, &mut document);
        }
        None => {
            document.problems.push(invalid(&frame.place, &name, "it has cells that are no numbers, so it is not shown"))
        }
    }
    document
}

/// The columns `actual` and `predicted`, when their values are labels: text, or few whole numbers.
pub(super) fn pairs(frame: &Frame<'_>) -> Option<(usize, usize)> {
    let (actual, predicted) = (frame.column(&["actual"])?, frame.column(&["predicted"])?);
    are_labels(frame, actual, predicted).then_some((actual, predicted))
}

/// Whether two columns hold labels of classes.
pub(super) fn are_labels(frame: &Frame<'_>, actual: usize, predicted: usize) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    for row in 0..frame.len() {
        for column in [actual, predicted] {
            if frame.number(row, column).is_some_and(|n| super::curve::whole(n).is_none()) {
                return false;
            }
            if let Some(label) = frame.label(row, column) {
                seen.insert(label);
                if seen.len() > MOST_LABELS {
                    return false;
                }
            }
        }
    }
    !seen.is_empty()
}

/// Counts pairs of labels; classes in natural order.
pub(super) fn read_pairs(frame: &Frame<'_>, actual: usize, predicted: usize, name: Option<&str>) -> Document {
    let mut document = Document::default();
    let mut counts: IndexMap<(String, String), u32> = IndexMap::new();
    let mut skipped = 0;
    for row in 0..frame.len() {
        match (frame.label(row, actual), frame.label(row, predicted)) {
            (Some(a), Some(p)) => *counts.entry((a, p)).or_default() += 1,
            _ => skipped += 1,
        }
    }
    let mut labels: Vec<String> = counts.keys().flat_map(|(a, p)| [a.clone(), p.clone()]).collect();
    labels.sort_by(|a, b| natural_cmp(a, b).then(a.cmp(b)));
    labels.dedup();
    let name = name.unwrap_or(&frame.place.stem).to_owned();
    if skipped > 0 {
        document.problems.push(invalid(
            &frame.place,
            &name,
            &format!("{skipped} rows lack a label and are not counted"),
        ));
    }
    let at = |label: &String| labels.iter().position(|l| l == label);
    let mut rows = vec![vec![0_u32; labels.len()]; labels.len()];
    for ((actual, predicted), n) in &counts {
        if let (Some(a), Some(p)) = (at(actual), at(predicted)) {
            rows[a][p] = *n;
        }
    }
    let rows = rows.into_iter().map(|r| r.into_iter().map(|n| Measured::new(f64::from(n))).collect()).collect();
    if !labels.is_empty() {
        document.run.matrices.push(Matrix { name, dataset: None, labels, rows, source: frame.place.here() });
    }
    document
}
