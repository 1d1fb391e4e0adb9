//! Metrics by group of the data: slice tables, fairlearn's `MetricFrame` in every layout that
//! pandas writes, its overall values and its summary of differences.
//!
//! In: a table or a JSON value. Out: results with slices and the number of examples of the group.
//! Where the layout has lost the names of the grouping columns, a group is a slice of its own name
//! (`high & north`). A metric that is undefined for a group is an empty cell or null and becomes NaN.
//! Any table of numbers looks like one of groups, so a known metric must stand in it, and either a
//! count beside it or a file name that speaks of groups.

use std::sync::LazyLock;

use super::curve::whole;
use super::frame::{Frame, Place, normal};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Catalogue, Datum, Document, Measured, MetricResult, Pointer, Rejected, Slice};

const COUNT: &[&str] = &["count", "counts", "n", "support", "n_samples", "size"];
/// File and folder names that speak of groups.
const HINTS: &[&str] = &["by_group", "slices", "slice", "fairness", "subgroup", "subgroups", "segments", "groups"];
/// Metrics of fairness that the catalogue does not list.
const FAIRNESS: &[&str] = &[
    "selection_rate",
    "false_positive_rate",
    "true_positive_rate",
    "false_negative_rate",
    "true_negative_rate",
    "mean_prediction",
    "bias",
];
/// Grouping columns that tell models or runs apart, not parts of the data.
const NOT_GROUPS: &[&str] = &[
    "model",
    "models",
    "run",
    "run_id",
    "version",
    "experiment",
    "algorithm",
    "classifier",
    "estimator",
    "name",
    "params",
    "trial",
    "epoch",
    "step",
    "fold",
    "metric",
    "feature",
    "seed",
    "timestamp",
    "date",
];
/// Columns whose values are names of slices already.
const SLICE: &[&str] = &["slice", "slices", "slice_name", "group", "subgroup", "segment"];
/// A grouping column that names classes, not parts of the data.
const CLASS: &[&str] = &["class", "label", "class_name"];
const SUMMARY: &[&str] = &["difference", "ratio", "group_min", "group_max"];

/// The well-known metrics, made once: sniffing asks for them with every file.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

fn is_metric(name: &str) -> bool {
    let catalogue = &*CATALOGUE;
    let name = normal(name);
    let stem = ["_macro", "_micro", "_weighted", "_samples"].iter().find_map(|s| name.strip_suffix(s)).unwrap_or(&name);
    let count = COUNT.contains(&name.as_str());
    !count && (catalogue.get(&name).is_some() || catalogue.get(stem).is_some() || FAIRNESS.contains(&name.as_str()))
}

/// The leading columns that name groups, when the frame is a table of groups.
fn group_columns(frame: &Frame<'_>) -> Option<usize> {
    if frame.len() == 0 || frame.names.len() < 2 {
        return None;
    }
    let hinted = frame.place.hints_at(HINTS);
    let is_value = |c: usize| {
        let name = frame.normal_name(c);
        COUNT.contains(&name) || is_metric(name)
    };
    // Groups may be coded as numbers, which only a hint tells from one more metric.
    let first = (0..frame.names.len()).find(|c| is_value(*c) || (!hinted && frame.is_numeric(*c)))?;
    let values = first..frame.names.len();
    let groups = 0..first;
    let all_numbers = values
        .clone()
        .all(|c| frame.is_numeric(c) || (hinted && (0..frame.len()).any(|r| frame.number(r, c).is_some())));
    let sound = first > 0
        && groups.clone().all(|c| !NOT_GROUPS.contains(&frame.normal_name(c)))
        && all_numbers
        && values.clone().any(|c| is_metric(&frame.names[c]))
        && (hinted || values.clone().any(|c| COUNT.contains(&frame.normal_name(c))));
    let mut seen = std::collections::BTreeSet::new();
    let mut distinct = || (0..frame.len()).all(|r| seen.insert(slice(frame, r, first)));
    (sound && distinct()).then_some(first)
}

/// The slice of a row: `column=value` for named columns, the value itself where the column only
/// says "slice" or has no name.
fn slice(frame: &Frame<'_>, row: usize, columns: usize) -> Slice {
    let mut out = Slice::default();
    for column in 0..columns {
        let value = frame.label(row, column).unwrap_or_default();
        let name = frame.normal_name(column);
        if name.is_empty() || name.starts_with("unnamed:") || SLICE.contains(&name) {
            add_term(&value, &mut out);
        } else {
            out.0.insert(frame.names[column].clone(), value);
        }
    }
    out
}

/// A term `feature=value`, or a name with an empty value.
fn add_term(text: &str, slice: &mut Slice) {
    for term in text.split(" & ").map(str::trim).filter(|t| !t.is_empty()) {
        match term.split_once('=') {
            Some((key, value)) => slice.0.insert(key.trim().to_owned(), value.trim().to_owned()),
            None => slice.0.insert(term.to_owned(), String::new()),
        };
    }
}

/// Whether a frame is a table of groups.
pub(super) fn is_frame(frame: &Frame<'_>) -> bool {
    group_columns(frame).is_some()
}

/// Reads a table of groups.
pub(super) fn read_frame(frame: &Frame<'_>) -> Document {
    let mut document = Document::default();
    let Some(first) = group_columns(frame) else { return document };
    for row in 0..frame.len() {
        let cells = (first..frame.names.len())
            .map(|c| {
                let value = match frame.number(row, c) {
                    Some(number) => Ok(number),
                    None if frame.is_empty_cell(row, c) => Ok(Measured::new(f64::NAN)),
                    None => Err(format!("text \"{}\"", visible(&frame.label(row, c).unwrap_or_default(), 40))),
                };
                (frame.names[c].clone(), value, frame.pointer(row, c))
            })
            .collect();
        let from = document.run.results.len();
        add_group(&slice(frame, row, first), cells, &mut document);
        if first == 1 && CLASS.contains(&frame.normal_name(0)) {
            for result in &mut document.run.results[from..] {
                result.slice = Slice::default();
                result.class = frame.label(row, 0);
            }
        }
    }
    document
}

type Cell = (String, Result<Measured, String>, Pointer);

/// Adds the results of one group; its count is the `n` of all of them.
fn add_group(slice: &Slice, cells: Vec<Cell>, document: &mut Document) {
    let n = cells
        .iter()
        .find(|(name, ..)| COUNT.contains(&normal(name).as_str()))
        .and_then(|(_, value, _)| value.as_ref().ok().copied())
        .and_then(whole);
    let mut used = false;
    for (name, value, at) in cells {
        if n.is_some() && !used && COUNT.contains(&normal(&name).as_str()) {
            used = true;
            continue;
        }
        match value {
            Ok(value) => {
                let mut result = MetricResult::new(name, value, at);
                result.slice = slice.clone();
                result.n = n;
                document.run.results.push(result);
            }
            Err(found) => {
                document.problems.push(
                    Diagnostic::new(
                        Code::MetricInvalid,
                        format!("metric '{}' is {found}, not a number", visible(&name, 80)),
                    )
                    .at(at.path.clone())
                    .pointer(at.pointer.clone())
                    .help("write a number, or leave the cell empty where the metric is undefined"),
                );
                let slice = slice.clone();
                document.run.rejected.push(Rejected {
                    metric: name,
                    dataset: None,
                    slice,
                    class: None,
                    found,
                    source: at,
                });
            }
        }
    }
}

/// The labels in the text of a Python tuple: `('high', 'north')`.
fn tuple(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut out = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let (label, after) = match quote {
            Some(quote) => {
                let (label, after) = rest[1..].split_once(quote)?;
                (label, after.trim_start())
            }
            None => rest.split_once(',').map_or((rest, ""), |(label, _)| (label, &rest[label.len()..])),
        };
        out.push(label.trim().to_owned());
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        if quote.is_some() && !after.is_empty() && !after.starts_with(',') {
            return None;
        }
    }
    (!out.is_empty()).then_some(out)
}

fn key_slice(key: &str) -> Slice {
    let mut out = Slice::default();
    match tuple(key) {
        Some(labels) => labels.iter().for_each(|l| add_term(l, &mut out)),
        None => add_term(key, &mut out),
    }
    out
}

/// An object of objects of numbers (null where undefined), all with the same keys.
fn uniform(value: &Datum) -> Option<&[(String, Datum)]> {
    let entries = value.entries()?;
    let first: Vec<&String> = entries.first()?.1.entries()?.iter().map(|(k, _)| k).collect();
    let sound = entries.iter().all(|(_, v)| {
        v.entries().is_some_and(|cells| {
            cells.len() == first.len()
                && cells.iter().zip(&first).all(|((k, v), f)| k == *f && (v.as_number().is_some() || *v == Datum::Null))
        })
    });
    (sound && !first.is_empty()).then_some(entries)
}

/// How groups and metrics nest in an object.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// `{group: {metric: value}}`.
    Index,
    /// `{metric: {group: value}}`.
    Columns,
}

fn layout(value: &Datum, place: &Place) -> Option<Layout> {
    let entries = uniform(value)?;
    let outer: Vec<&String> = entries.iter().map(|(k, _)| k).collect();
    let inner: Vec<&String> = entries[0].1.entries()?.iter().map(|(k, _)| k).collect();
    let metrics = |keys: &[&String]| keys.iter().any(|k| is_metric(k));
    let layout = match (metrics(&outer), metrics(&inner)) {
        (false, true) => Layout::Index,
        (true, false) => Layout::Columns,
        _ => return None,
    };
    let groups = if layout == Layout::Index { &outer } else { &inner };
    let tuples = groups.iter().all(|g| tuple(g).is_some_and(|t| t.len() > 1));
    (tuples || place.hints_at(HINTS)).then_some(layout)
}

fn is_summary(value: &Datum) -> bool {
    value
        .entries()
        .is_some_and(|e| e.iter().filter(|(k, v)| SUMMARY.contains(&k.as_str()) && v.entries().is_some()).count() >= 2)
}

fn is_overall(value: &Datum, place: &Place) -> bool {
    let named = normal(&place.stem).ends_with("overall") && place.hints_at(HINTS);
    named
        && value.entries().is_some_and(|e| {
            e.iter().all(|(_, v)| v.as_number().is_some() || *v == Datum::Null) && e.iter().any(|(k, _)| is_metric(k))
        })
}

/// Whether a JSON value holds metrics by group.
pub(super) fn is_json(value: &Datum, place: &Place) -> bool {
    is_summary(value) || is_overall(value, place) || layout(value, place).is_some() || frame(value, place).is_some()
}

/// A table of groups in one of the layouts that keep its columns apart.
fn frame<'a>(value: &'a Datum, place: &Place) -> Option<Frame<'a>> {
    Frame::from_json(value, place).filter(is_frame)
}

/// Reads metrics by group.
pub(super) fn read_json(value: &Datum, place: &Place) -> Document {
    let mut document = Document::default();
    let number = |v: &Datum| v.as_number().unwrap_or_else(|| Measured::new(f64::NAN));
    if is_summary(value) {
        for (kind, cells) in value.entries().unwrap_or_default() {
            for (metric, v) in cells.entries().unwrap_or_default() {
                let at = place.below(kind).below(metric).here();
                document.run.results.push(MetricResult::new(format!("{metric}_{kind}"), number(v), at));
            }
        }
    } else if is_overall(value, place) {
        let cells = value.entries().unwrap_or_default();
        let cells = cells.iter().map(|(k, v)| (k.clone(), Ok(number(v)), place.below(k).here())).collect();
        add_group(&Slice::default(), cells, &mut document);
    } else if let Some(layout) = layout(value, place) {
        let entries = value.entries().unwrap_or_default();
        if layout == Layout::Index {
            for (group, cells) in entries {
                let cells = cells.entries().unwrap_or_default();
                let at = place.below(group);
                let cells = cells.iter().map(|(k, v)| (k.clone(), Ok(number(v)), at.below(k).here())).collect();
                add_group(&key_slice(group), cells, &mut document);
            }
        } else {
            let groups = entries.first().and_then(|(_, v)| v.entries()).unwrap_or_default();
            for (i, (group, _)) in groups.iter().enumerate() {
                let cells = entries
                    .iter()
                    .filter_map(|(metric, values)| {
                        let (_, v) = values.entries()?.get(i)?;
                        Some((metric.clone(), Ok(number(v)), place.below(metric).below(group).here()))
                    })
                    .collect();
                add_group(&key_slice(group), cells, &mut document);
            }
        }
    } else if let Some(frame) = frame(value, place) {
        return read_frame(&frame);
    }
    document
}
