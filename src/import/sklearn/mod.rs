//! scikit-learn's reports, matrices, curves and tables, as people write them with `json.dump` and
//! `DataFrame.to_csv`; fairlearn's and SHAP's tables too.
//!
//! In: one JSON or CSV file, recognised by the names in it. A shape that any table of numbers could
//! have (an object of importances, metrics by group) counts only when the file's name speaks of it.
//! Out: results, curves, matrices, importances. It must not take what other tools own, and it leaves
//! alone what it could only show in part: tables of predictions (`y_true`, `y_pred`) and of SHAP
//! values stay files that nobody understood, which are listed, until the gate pairs examples.

mod curve;
pub(crate) mod frame;
mod groups;
mod importance;
mod matrix;
mod plots;
mod report;
mod search;
#[cfg(test)]
mod tests;

use super::{Content, DocumentImporter};
use crate::model::{Datum, Document};

use frame::{Frame, Place};
pub(crate) use plots::{confusion_of_columns, curves_from_json, curves_from_table, importance_of_columns, merge};

/// scikit-learn's documents.
pub(crate) struct Sklearn;

/// A JSON shape: how to tell it, how to read it.
type JsonShape = (fn(&Datum, &Place) -> bool, fn(&Datum, &Place) -> Document);
/// A table's shape: how to tell it, how to read it.
type TableShape = (fn(&Frame<'_>) -> bool, fn(&Frame<'_>) -> Document);

/// JSON shapes in the order of asking: the most specific first.
const JSON: &[JsonShape] = &[
    (report::is_json, report::read_json),
    (search::is_results_json, search::read_results_json),
    (search::is_best, search::read_best),
    (search::is_cross_validation, search::read_cross_validation),
    (groups::is_json, groups::read_json),
    (plots::is_json, curves_from_json),
];

/// Shapes of tables in the order of asking: the most specific first.
const TABLES: &[TableShape] = &[
    (report::is_frame, report::read_frame),
    (matrix::is_frame, matrix::read_frame),
    (search::is_results, search::read_results),
    (plots::is_frame, |frame| plots::read_frame(frame, None, &[]).unwrap_or_default()),
    (groups::is_frame, groups::read_frame),
];

impl DocumentImporter for Sklearn {
    fn kind(&self) -> &'static str {
        "sklearn"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let place = Place::of(content.file);
        if let Some(value) = content.json() {
            return JSON.iter().any(|(is, _)| is(value, &place));
        }
        content.table().is_some_and(|table| {
            let frame = Frame::from_table(table, place);
            TABLES.iter().any(|(is, _)| is(&frame))
        })
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let place = Place::of(content.file);
        if let Some(value) = content.json() {
            return JSON
                .iter()
                .find(|(is, _)| is(value, &place))
                .map(|(_, read)| read(value, &place))
                .unwrap_or_default();
        }
        content
            .table()
            .map(|table| {
                let frame = Frame::from_table(table, place);
                TABLES.iter().find(|(is, _)| is(&frame)).map(|(_, read)| read(&frame)).unwrap_or_default()
            })
            .unwrap_or_default()
    }
}
