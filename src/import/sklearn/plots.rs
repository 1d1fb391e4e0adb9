//! Curves, matrices and importances wherever they stand in a document.
//!
//! In: a table or a JSON value. Out: typed plot data. JSON may nest: by kind (`{"roc": […]}`), by
//! class (`{"benign": {"roc": {…}, "pr": {…}}}`) or both; names that only repeat the kind are not
//! part of a curve's name. Numbers that stand beside curves are results; anything else that stands
//! beside them is named in a note. DVC and DVCLive read their plots through these functions.

use super::curve::CurveSpec;
use super::frame::{Frame, Place, normal};
use super::importance::ImportanceSpec;
use super::{curve, importance, matrix};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::table::Table;
use crate::model::{Datum, Document, Measured, MetricResult, Pointer};

/// How deep curves may nest in a document: class, kind, data.
const DEPTH: usize = 3;

/// Keys that say what kind of plot stands below, not whose.
const KINDS: &[&str] = &[
    "roc",
    "roc_curve",
    "pr",
    "pr_curve",
    "prc",
    "precision_recall",
    "precision_recall_curve",
    "det",
    "det_curve",
    "calibration",
    "calibration_curve",
    "learning_curve",
    "confusion_matrix",
    "cm",
    "curve",
    "curves",
    "plots",
    "data",
    "points",
];

/// What a frame's columns make.
enum Kind {
    Curves(Vec<CurveSpec>),
    Pairs(usize, usize),
    Importance(ImportanceSpec),
}

fn kind(frame: &Frame<'_>) -> Option<Kind> {
    let curves = curve::recognise(frame);
    (!curves.is_empty())
        .then_some(Kind::Curves(curves))
        .or_else(|| matrix::pairs(frame).map(|(a, p)| Kind::Pairs(a, p)))
        .or_else(|| importance::recognise(frame).map(Kind::Importance))
}

/// Whether a frame is a plot that is understood.
pub(super) fn is_frame(frame: &Frame<'_>) -> bool {
    kind(frame).is_some()
}

/// Reads the plot that a frame is; nothing when its columns make none.
pub(super) fn read_frame(frame: &Frame<'_>, name: Option<&str>, beside: &[(String, Datum)]) -> Option<Document> {
    Some(match kind(frame)? {
        Kind::Curves(specs) => {
            let mut document = Document::default();
            for spec in specs {
                merge(curve::read(frame, &spec, name, beside), &mut document);
            }
            document
        }
        Kind::Pairs(actual, predicted) => matrix::read_pairs(frame, actual, predicted, name),
        Kind::Importance(spec) => importance::read(frame, spec, name),
    })
}

/// Whether a JSON value is a plot or holds one not too deep.
pub(super) fn is_json(value: &Datum, place: &Place) -> bool {
    holds(value, place, 0)
}

fn holds(value: &Datum, place: &Place, depth: usize) -> bool {
    if depth > DEPTH || !matches!(value, Datum::List(_) | Datum::Map(_)) {
        return false;
    }
    curve::is_learning(value)
        || matrix::is_json(value, place)
        || importance::is_json(value, place)
        || Frame::from_json(value, place).is_some_and(|f| is_frame(&f))
        || value.entries().is_some_and(|e| e.iter().any(|(k, v)| matrix::is_member(k, v) || holds(v, place, depth + 1)))
}

/// Typed plots of a delimited table; an empty document when it holds none.
pub(crate) fn curves_from_table(table: &Table, place: &Place) -> Document {
    let frame = Frame::from_table(table, place.clone());
    if matrix::is_frame(&frame) {
        return matrix::read_frame(&frame);
    }
    read_frame(&frame, None, &[]).unwrap_or_default()
}

/// Typed plots of a JSON (or YAML) value; an empty document when it holds none.
pub(crate) fn curves_from_json(value: &Datum, place: &Place) -> Document {
    let mut document = Document::default();
    if holds(value, place, 0) {
        walk(value, place, &[], 0, &mut document);
    }
    document
}

fn walk(value: &Datum, place: &Place, names: &[&str], depth: usize, document: &mut Document) {
    let name = (!names.is_empty()).then(|| names.join(" "));
    let name = name.as_deref();
    let entries = value.entries().unwrap_or_default();
    let read = if curve::is_learning(value) {
        Some(curve::read_learning(value, place, name))
    } else if importance::is_json(value, place) {
        Some(importance::read_json(value, place))
    } else if matrix::is_json(value, place) {
        Some(matrix::read_json(value, place, name))
    } else {
        Frame::from_json(value, place).and_then(|f| read_frame(&f, name, entries))
    };
    let understood = read.is_some();
    if let Some(read) = read {
        merge(read, document);
    }
    for (key, member) in entries {
        let below = place.below(key);
        if understood {
            // Columns were read together; a number beside them may be one of their own.
            if let Some(value) = member.as_number().filter(|_| !curve::is_own(key)) {
                result(key, value, name, below.here(), document);
            }
        } else if matrix::is_member(key, member) {
            merge(matrix::read_member(value, member, &below, name), document);
        } else if holds(member, place, depth + 1) {
            let mut names = names.to_vec();
            if !KINDS.contains(&normal(key).as_str()) {
                names.push(key);
            }
            walk(member, &below, &names, depth + 1, document);
        } else if let Some(value) = member.as_number() {
            result(key, value, name, below.here(), document);
        } else if matches!(member, Datum::List(_) | Datum::Map(_)) && !matrix::is_labels(key) {
            document.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!("'{}' beside curves is not understood and not shown", visible(key, 80)),
                )
                .severity(Severity::Note)
                .at(below.path)
                .pointer(below.pointer),
            );
        }
    }
}

/// A number beside curves; below a class it is that class's.
fn result(key: &str, value: Measured, name: Option<&str>, at: Pointer, document: &mut Document) {
    let mut result = MetricResult::new(key, value, at);
    result.class = name.map(str::to_owned);
    document.run.results.push(result);
}

/// Adds what another document says.
pub(crate) fn merge(mut from: Document, into: &mut Document) {
    into.run.absorb(from.run);
    into.drift.append(&mut from.drift);
    into.checks.append(&mut from.checks);
    into.cards.append(&mut from.cards);
    into.problems.append(&mut from.problems);
}

/// Counts the labels of two columns that somebody named as actual and predicted.
pub(crate) fn confusion_of_columns(frame: &Frame<'_>, actual: usize, predicted: usize) -> Option<Document> {
    matrix::are_labels(frame, actual, predicted).then(|| matrix::read_pairs(frame, actual, predicted, None))
}

/// Importances from two columns that somebody named.
pub(crate) fn importance_of_columns(frame: &Frame<'_>, feature: usize, value: usize) -> Option<Document> {
    (!frame.is_numeric(feature) && frame.is_numeric(value))
        .then(|| importance::read(frame, importance::named(feature, value), None))
}
