//! `series.csv`: metrics over steps, one column each.
//!
//! In: a table whose first column is `step` (or `epoch`, `iteration`) and whose others are metrics,
//! with an optional `time` column. Out: one series per metric. An empty cell is no point.

use super::super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Document, Instant, Measured, Point, Pointer, Series};

/// Native series.
pub(crate) struct NativeSeries;

const STEP: &[&str] = &["step", "epoch", "iteration"];
const TIME: &[&str] = &["time", "timestamp"];

impl DocumentImporter for NativeSeries {
    fn kind(&self) -> &'static str {
        "native"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let stem = content.stem();
        (stem == "series" || stem == "history")
            && content
                .table()
                .is_some_and(|t| t.columns.first().is_some_and(|c| STEP.contains(&c.to_ascii_lowercase().as_str())))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document::default();
        let Some(table) = content.table() else { return document };
        let path = &content.file.path;
        let time = table.column(TIME);
        for (column, name) in table.columns.iter().enumerate().skip(1).filter(|(i, _)| Some(*i) != time) {
            let mut points = Vec::with_capacity(table.rows.len());
            for (i, row) in table.rows.iter().enumerate() {
                let step = row[0].trim().parse::<i64>().ok().or_else(|| whole(Measured::parse(&row[0])?));
                let cell = row[column].trim();
                if cell.is_empty() {
                    continue;
                }
                match (step, Measured::parse(cell)) {
                    (Some(step), Some(value)) => {
                        points.push(Point { step, time: time.and_then(|t| Instant::parse(&row[t])), value })
                    }
                    _ => document.problems.push(
                        Diagnostic::new(
                            Code::CsvSyntax,
                            format!(
                                "column '{}' holds '{}', not a number, or the step is none",
                                visible(name, 80),
                                visible(cell, 40)
                            ),
                        )
                        .at(path.clone())
                        .at_line(u32::try_from(i + 2).unwrap_or(u32::MAX), 1)
                        .help("leave a cell empty where nothing was logged"),
                    ),
                }
            }
            points.sort_by_key(|p| p.step);
            if !points.is_empty() {
                document.run.series.push(Series::new(name.clone(), points, Pointer::new(path.clone(), name.clone())));
            }
        }
        document
    }
}

/// A step that was written as a float.
fn whole(value: Measured) -> Option<i64> {
    let value = value.finite()?.get();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}
