//! Predictions, example by example: what is so, what was predicted, with which scores and weight.
//!
//! In: a table. Out: the columns as classes or numbers, ready to be judged in any selection of rows.
//! A row without its label, its prediction or its weight is counted and reported, never dropped in
//! silence: what a model did not answer might have been wrong. Examples stay in the order of their
//! rows, so that two versions can be compared one by one.

use super::super::findings::Findings;
use super::rows::{Column, Found, Labels, Table};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::model::{TableMapping, Task, natural_cmp};

/// Classes that predictions may be of.
const MAX_CLASSES: usize = 1_000;

/// Different whole numbers that are taken for classes when nobody said.
const GUESSED_CLASSES: usize = 100;

/// What the examples are of.
pub(super) enum Examples {
    /// Classes.
    Classes(Classes),
    /// Numbers.
    Numbers(Numbers),
}

/// Examples of classes, by row.
pub(super) struct Classes {
    /// The classes, sorted.
    pub(super) names: Vec<String>,
    /// The actual class.
    pub(super) actual: Vec<Option<usize>>,
    /// The predicted class; nothing when only scores are known.
    pub(super) predicted: Option<Vec<Option<usize>>>,
    /// Classes and their scores.
    pub(super) scores: Vec<(usize, Vec<Option<f64>>)>,
    /// The positive class.
    pub(super) positive: Option<usize>,
}

/// Examples of numbers, by row.
pub(super) struct Numbers {
    pub(super) actual: Vec<Option<f64>>,
    pub(super) predicted: Vec<Option<f64>>,
}

/// The weights of rows; nothing when all are one.
pub(super) fn weights(table: &Table, mapping: &TableMapping, findings: &mut Findings<'_>) -> Option<Vec<Option<f64>>> {
    let column = table.column(mapping.weight.as_deref()?)?;
    let mut first = None;
    let mut wrong = 0;
    let out = (0..table.rows).map(|row| match table.number(column, row) {
        Found::Number(n) if n.finite().is_some_and(|n| n.get() >= 0.0) => n.finite().map(|n| n.get()),
        _ => {
            wrong += 1;
            first.get_or_insert(row);
            None
        }
    });
    let out = out.collect();
    if let Some(row) = first {
        let text = format!(
            "{} of {} in column '{}' no weight, and {} left out",
            count(wrong, "row"),
            table.rows,
            visible(&column.name, 60),
            if wrong == 1 { "is" } else { "are" }
        );
        let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
        table.report(findings, finding.help("a weight is a number that is not negative"), row, Some(&column.name));
    }
    Some(out)
}

/// Reads the examples; nothing, with a finding, when they cannot be judged.
pub(super) fn read(table: &Table, mapping: &TableMapping, findings: &mut Findings<'_>) -> Option<Examples> {
    let column = |name: &Option<String>| name.as_deref().and_then(|name| table.column(name));
    let actual = column(&mapping.actual)?;
    let predicted = column(&mapping.predicted);
    let named = [&mapping.predicted, &mapping.score, &mapping.weight].into_iter().flatten();
    if named.chain(mapping.scores.iter().map(|(_, c)| c)).any(|name| table.column(name).is_none()) {
        // Said already: a column is not there, and without it the numbers would be others.
        return None;
    }
    match mapping.task.map_or_else(|| guess(table, mapping, actual, predicted), Ok) {
        Ok(Task::Regression) => {
            let predicted = predicted?;
            let missing = "the model predicted nothing there, and the metrics are those of the other rows";
            Some(Examples::Numbers(Numbers {
                actual: numbers(table, actual, Code::FieldMissing, LABELS, findings),
                predicted: numbers(table, predicted, Code::FieldInvalid, missing, findings),
            }))
        }
        Ok(Task::Classification) => classes(table, mapping, findings).map(Examples::Classes),
        Err(text) => {
            let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
            findings.push(finding.help("write task = \"classification\" or task = \"regression\""), "");
            None
        }
    }
}

const LABELS: &str = "the metrics are those of the other rows";

/// What predictions are of, when nobody said: classes, when there are scores of them or any text or
/// truth value; numbers, when any has a fraction; whole numbers are classes when they are few.
fn guess(table: &Table, mapping: &TableMapping, actual: &Column, predicted: Option<&Column>) -> Result<Task, String> {
    if mapping.score.is_some() || !mapping.scores.is_empty() || mapping.positive.is_some() {
        return Ok(Task::Classification);
    }
    let (mut words, mut fractions) = (0usize, 0usize);
    let mut whole = std::collections::BTreeSet::new();
    for column in [Some(actual), predicted].into_iter().flatten() {
        for row in 0..table.rows {
            match table.number(column, row) {
                Found::Missing => {}
                Found::Wrong(_) => words += 1,
                Found::Number(n) => match n.finite() {
                    Some(n) if n.get().fract() == 0.0 => {
                        if whole.len() <= GUESSED_CLASSES {
                            whole.insert(n);
                        }
                    }
                    _ => fractions += 1,
                },
            }
        }
    }
    match (words, fractions) {
        (0, 0) if whole.len() > GUESSED_CLASSES => {
            Err(format!("more than {GUESSED_CLASSES} different whole numbers: classes or quantities?"))
        }
        (words, fractions) if fractions > words => Ok(Task::Regression),
        _ => Ok(Task::Classification),
    }
}

/// The numbers of a column. Cells without one are counted: empty ones under a code of the caller's,
/// all others as an error.
fn numbers(
    table: &Table,
    column: &Column,
    missing: Code,
    meaning: &str,
    findings: &mut Findings<'_>,
) -> Vec<Option<f64>> {
    let (mut empty, mut wrong) = (Vec::new(), Vec::new());
    let mut shown = String::new();
    let out = (0..table.rows)
        .map(|row| match table.number(column, row) {
            Found::Missing => {
                empty.push(row);
                None
            }
            Found::Number(n) => n.finite().map(|n| n.get()).or_else(|| {
                shown = n.to_string();
                wrong.push(row);
                None
            }),
            Found::Wrong(found) => {
                shown = found;
                wrong.push(row);
                None
            }
        })
        .collect();
    say_empty(table, column, &empty, missing, meaning, findings);
    if let Some(row) = wrong.first() {
        let text = format!(
            "{} of {} in column '{}' no finite number, such as {shown}",
            count(wrong.len(), "row"),
            table.rows,
            visible(&column.name, 60)
        );
        let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
        table.report(findings, finding.help("nothing is read into such a cell"), *row, Some(&column.name));
    }
    out
}

fn say_empty(table: &Table, column: &Column, rows: &[usize], code: Code, meaning: &str, findings: &mut Findings<'_>) {
    let Some(first) = rows.first() else { return };
    let text =
        format!("{} of {} without '{}': {meaning}", count(rows.len(), "row"), table.rows, visible(&column.name, 60));
    table.report(findings, Diagnostic::new(code, text), *first, Some(&column.name));
}

fn classes(table: &Table, mapping: &TableMapping, findings: &mut Findings<'_>) -> Option<Classes> {
    let refuse = |text: String, help: &str, findings: &mut Findings<'_>| {
        let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
        findings.push(finding.help(help.to_owned()), "");
        None
    };
    let actual = Labels::of_classes(table, mapping.actual.as_deref(), findings);
    let predicted = Labels::of_classes(table, mapping.predicted.as_deref(), findings);
    let positive = positive(mapping, &actual);
    let scored = mapping.scores.iter().map(|(class, _)| class.as_str());
    let mut names: Vec<&str> = actual.names().chain(predicted.names()).chain(scored).chain(positive).collect();
    names.sort_by(|a, b| natural_cmp(a, b));
    names.dedup();
    if names.len() > MAX_CLASSES {
        let text = format!("there are {} different classes; at most {MAX_CLASSES} are judged", names.len());
        return refuse(text, "write task = \"regression\" if these are quantities", findings);
    }
    if let Some(positive) = positive
        && actual.names().count() > 1
        && !actual.names().any(|name| name == positive)
    {
        let some: Vec<&str> = actual.names().take(10).collect();
        let text = format!("there is no class '{}' among the labels", visible(positive, 60));
        return refuse(text, &format!("the labels are {}", visible(&some.join(", "), 200)), findings);
    }
    if mapping.score.is_some() && positive.is_none() {
        let text = "nobody says of which class 'score' is the score".to_owned();
        return refuse(text, "write positive = \"CLASS\" in [source.table]", findings);
    }
    let index = |name: &str| names.iter().position(|n| *n == name);
    let positive = positive.and_then(index);
    let by_row = |labels: &Labels| -> Vec<Option<usize>> {
        let ids: Vec<Option<usize>> = std::iter::once(None).chain(labels.names().map(index)).collect();
        (0..table.rows)
            .map(|row| usize::try_from(labels.id(row)).ok().and_then(|id| ids.get(id).copied().flatten()))
            .collect()
    };
    let empty = |rows: &[Option<usize>]| -> Vec<usize> {
        rows.iter().enumerate().filter(|(_, class)| class.is_none()).map(|(row, _)| row).collect()
    };
    let actual = by_row(&actual);
    if let Some(column) = mapping.actual.as_deref().and_then(|name| table.column(name)) {
        say_empty(table, column, &empty(&actual), Code::FieldMissing, LABELS, findings);
    }
    let silent = "the model predicted nothing there, and the metrics are those of the other rows";
    let single = mapping.score.as_deref().zip(positive).map(|(column, class)| (class, column));
    let several = mapping.scores.iter().filter_map(|(class, column)| Some((index(class)?, column.as_str())));
    let scores: Vec<(usize, Vec<Option<f64>>)> = several
        .chain(single)
        .filter_map(|(class, name)| {
            let column = table.column(name)?;
            Some((class, numbers(table, column, Code::FieldInvalid, silent, findings)))
        })
        .collect();
    let mut out = Classes {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        actual,
        predicted: None,
        scores,
        positive,
    };
    if predicted.is_there() {
        let rows = by_row(&predicted);
        if let Some(column) = mapping.predicted.as_deref().and_then(|name| table.column(name)) {
            say_empty(table, column, &empty(&rows), Code::FieldInvalid, silent, findings);
        }
        out.predicted = Some(rows);
    } else if !mapping.scores.is_empty() {
        out.predicted = Some((0..table.rows).map(|row| out.most_likely(row)).collect());
    } else if let (Some(threshold), Some(positive)) = (mapping.threshold, out.positive) {
        let others: Vec<usize> = (0..out.names.len()).filter(|class| *class != positive).collect();
        let other = match others.as_slice() {
            [] => {
                let name = out.names.first().map(|name| format!("not {name}"));
                out.names.extend(name);
                1
            }
            [other] => *other,
            _ => {
                let text = "a threshold decides between two classes, and there are more".to_owned();
                return refuse(text, "name the column of the predicted class", findings);
            }
        };
        let decide = |score: &Option<f64>| score.map(|s| if s >= threshold.get() { positive } else { other });
        out.predicted = out.scores.first().map(|(_, scores)| scores.iter().map(decide).collect());
    }
    Some(out)
}

/// The positive class: the one that was said, else `1` or `true` where a score is given and the labels
/// are no others than those and their opposite.
fn positive<'a>(mapping: &'a TableMapping, actual: &'a Labels) -> Option<&'a str> {
    if mapping.positive.is_some() {
        return mapping.positive.as_deref();
    }
    mapping.score.as_ref()?;
    let opposites = [("0", "1"), ("-1", "1"), ("false", "true"), ("False", "True"), ("FALSE", "TRUE")];
    let fits = |(no, yes): &&(&str, &str)| actual.names().all(|name| name == *no || name == *yes);
    opposites.iter().find(fits).map(|(_, yes)| *yes)
}

impl Classes {
    /// The class of the highest score; of equal ones the first in the order of classes.
    fn most_likely(&self, row: usize) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (class, scores) in &self.scores {
            let score = scores.get(row).copied().flatten()?;
            if best.is_none_or(|(at, most)| score > most || (score == most && *class < at)) {
                best = Some((*class, score));
            }
        }
        best.map(|(class, _)| class)
    }
}
