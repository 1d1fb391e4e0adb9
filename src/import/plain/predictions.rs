//! Tables of predictions: metrics are computed, for all rows and for each value of each slice column.
//!
//! In: a table with a row for each example. Out: a run for each model and version with its metrics,
//! confusion matrix and curves. What is not defined (the AUC of examples of one class) is no result,
//! and a note says why.

use std::collections::BTreeMap;

use super::super::findings::Findings;
use super::classes::{self, Tallies};
use super::examples::{self, Classes, Examples, Numbers};
use super::numbers::{self, Score};
use super::ranking::{self, Ranking};
use super::rows::{Labels, Table};
use super::{Identity, MAX_RESULTS, MAX_RUNS, Place, Who};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Curve, CurveKind, CurvePoint, Matrix, Measured, MetricResult, Pointer, Run, Slice, TableMapping};

/// Different values that a slice column may have.
const MAX_SLICES: usize = 1_000;

/// Classes of a confusion matrix that is kept, and of results by class in slices.
const MAX_MATRIX: usize = 200;

/// Classes that have curves of their own.
const MAX_CURVES: usize = 20;

/// Rows that are judged together, and what they have in common.
struct Part<'a> {
    rows: &'a [usize],
    dataset: Option<&'a str>,
    split: Option<&'a str>,
    slice: Slice,
}

struct Judge<'a, 'f> {
    path: &'a str,
    weights: Option<Vec<Option<f64>>>,
    label_source: String,
    score_source: String,
    results: usize,
    findings: &'a mut Findings<'f>,
}

/// Reads the runs of a table.
pub(super) fn read(table: &Table, mapping: &TableMapping, place: &Place<'_>, findings: &mut Findings<'_>) -> Vec<Run> {
    let weights = examples::weights(table, mapping, findings);
    let Some(examples) = examples::read(table, mapping, findings) else { return Vec::new() };
    let identity = Identity::new(table, mapping, findings);
    let mut labels = |name: Option<&String>| Labels::of(table, name.map(String::as_str), findings);
    let (dataset, split) = (labels(mapping.dataset.as_ref()), labels(mapping.split.as_ref()));
    let slices: Vec<Labels> = mapping.slice.iter().map(|name| labels(Some(name))).collect();
    let time = mapping.time.as_deref().and_then(|name| table.column(name));
    let mut times: BTreeMap<Who, (crate::model::Instant, crate::model::Instant)> = BTreeMap::new();
    let mut groups: BTreeMap<Who, BTreeMap<(u32, u32), Vec<usize>>> = BTreeMap::new();
    for row in 0..table.rows {
        let Some(who) = identity.of(table, row, findings) else { continue };
        if groups.len() >= MAX_RUNS && !groups.contains_key(&who) {
            let text = format!("the table holds more than {MAX_RUNS} runs; the rest is not read");
            findings.push(Diagnostic::new(Code::FileTooLarge, text).help("split the table"), "");
            break;
        }
        groups.entry(who).or_default().entry((dataset.id(row), split.id(row))).or_default().push(row);
        if let Some(at) = time.and_then(|c| table.moment(c, row, findings)) {
            let (first, last) = times.entry(who).or_insert((at, at));
            (*first, *last) = ((*first).min(at), (*last).max(at));
        }
    }
    let slices: Vec<&Labels> = slices.iter().filter(|labels| few(labels, findings)).collect();
    let label = mapping.predicted.clone().or_else(|| mapping.score.clone()).or_else(|| mapping.actual.clone());
    let score = mapping.score.clone().or_else(|| mapping.scores.first().map(|(_, column)| column.clone()));
    let mut judge = Judge {
        path: place.path,
        weights,
        label_source: label.unwrap_or_default(),
        score_source: score.unwrap_or_default(),
        results: 0,
        findings,
    };
    let mut runs = Vec::new();
    for (who, parts) in groups {
        let mut run = identity.run(place, who);
        if let Some((first, last)) = times.get(&who) {
            (run.started_at, run.ended_at) = (Some(*first), Some(*last).filter(|last| last > first));
        }
        for ((of_dataset, of_split), rows) in parts {
            let (dataset, split) = (dataset.name(of_dataset), split.name(of_split));
            judge.part(&examples, &Part { rows: &rows, dataset, split, slice: Slice::default() }, &mut run);
            for labels in &slices {
                let mut by_value: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
                for row in rows.iter().filter(|row| labels.id(**row) != 0) {
                    by_value.entry(labels.id(*row)).or_default().push(*row);
                }
                for (id, rows) in by_value {
                    let Some(value) = labels.name(id) else { continue };
                    let slice = Slice([(labels.column.clone(), value.to_owned())].into());
                    judge.part(&examples, &Part { rows: &rows, dataset, split, slice }, &mut run);
                }
            }
        }
        runs.push(run);
    }
    runs
}

/// Whether a slice column has few enough values.
fn few(labels: &Labels, findings: &mut Findings<'_>) -> bool {
    let values = labels.names().count();
    if values > MAX_SLICES {
        let name = visible(&labels.column, 60);
        let text = format!("slice column '{name}' has {values} values; at most {MAX_SLICES} are judged");
        let finding = Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Error);
        findings.push(finding.help("write a column of coarser values, or leave it out of slice"), "");
    }
    values <= MAX_SLICES
}

impl Judge<'_, '_> {
    fn weight(&self, row: usize) -> Option<f64> {
        self.weights.as_ref().map_or(Some(1.0), |weights| weights.get(row).copied().flatten())
    }

    fn part(&mut self, examples: &Examples, part: &Part<'_>, run: &mut Run) {
        if self.results > MAX_RESULTS {
            return;
        }
        match examples {
            Examples::Numbers(numbers) => self.numbers(numbers, part, run),
            Examples::Classes(classes) => {
                self.labels(classes, part, run);
                self.scores(classes, part, run);
            }
        }
        if self.results > MAX_RESULTS {
            let text = format!("there are more than {MAX_RESULTS} results; the rest is left out");
            let finding = Diagnostic::new(Code::FileTooLarge, text).help("name fewer slice columns");
            self.findings.push(finding, "");
        }
    }

    /// Adds what was computed; what is not defined is no result.
    fn add(
        &mut self,
        run: &mut Run,
        part: &Part<'_>,
        class: Option<&str>,
        n: u64,
        column: &str,
        scores: impl IntoIterator<Item = Score>,
    ) {
        for (metric, value) in scores {
            match value {
                Ok(value) => run.results.push(MetricResult {
                    dataset: part.dataset.map(str::to_owned),
                    split: part.split.map(str::to_owned),
                    slice: part.slice.clone(),
                    class: class.map(str::to_owned),
                    n: Some(n),
                    harness: Some("presscheck".to_owned()),
                    ..MetricResult::new(metric, value, Pointer::new(self.path, column))
                }),
                Err(why) => {
                    let slice = (!part.slice.is_overall()).then(|| part.slice.to_string());
                    let of = [class.map(|c| format!("class {c}")), part.dataset.map(str::to_owned)];
                    let of: Vec<String> =
                        of.into_iter().chain([part.split.map(str::to_owned), slice]).flatten().collect();
                    let of = if of.is_empty() { String::new() } else { format!(" ({})", visible(&of.join(", "), 120)) };
                    let text = format!("{metric}{of} is not defined: {why}");
                    let finding = Diagnostic::new(Code::MetricInvalid, text).severity(Severity::Note);
                    self.findings.push(finding.help("it is no result: a rule on it finds it missing"), column);
                }
            }
            self.results += 1;
        }
    }

    fn numbers(&mut self, numbers: &Numbers, part: &Part<'_>, run: &mut Run) {
        let at = |column: &[Option<f64>], row: usize| column.get(row).copied().flatten();
        let pair = |row: &usize| Some((at(&numbers.actual, *row)?, at(&numbers.predicted, *row)?, self.weight(*row)?));
        let pairs: Vec<numbers::Pair> = part.rows.iter().filter_map(pair).collect();
        if pairs.is_empty() {
            return self.nothing(part);
        }
        let scores = numbers::regression(&pairs, self.weights.is_some());
        let column = self.label_source.clone();
        self.add(run, part, None, pairs.len() as u64, &column, scores);
    }

    fn nothing(&mut self, part: &Part<'_>) {
        let of = if part.slice.is_overall() { String::new() } else { format!(" of {}", part.slice) };
        let text = format!("no row{} has both a label and a prediction", visible(&of, 100));
        self.findings.push(Diagnostic::new(Code::FieldMissing, text), "");
    }

    /// Metrics of predicted classes.
    fn labels(&mut self, classes: &Classes, part: &Part<'_>, run: &mut Run) {
        let Some(predicted) = &classes.predicted else { return };
        let at = |column: &[Option<usize>], row: usize| column.get(row).copied().flatten();
        let pair = |row: &usize| Some((at(&classes.actual, *row)?, at(predicted, *row)?, self.weight(*row)?));
        let pairs: Vec<classes::Pair> = part.rows.iter().filter_map(pair).collect();
        if pairs.is_empty() {
            return self.nothing(part);
        }
        let (n, kinds) = (pairs.len() as u64, classes.names.len());
        let column = self.label_source.clone();
        let tallies = Tallies::new(&pairs, kinds);
        self.add(run, part, None, n, &column, tallies.overall());
        match classes.positive.filter(|_| kinds <= 2) {
            Some(positive) => {
                self.add(run, part, None, n, &column, tallies.class(positive));
                self.add(run, part, None, n, &column, [tallies.specificity(positive)]);
            }
            None => self.add(run, part, None, n, &column, tallies.averages()),
        }
        let overall = part.slice.is_overall();
        if overall || kinds <= MAX_MATRIX {
            for (class, name) in classes.names.iter().enumerate() {
                let examples = tallies.examples(class);
                let scores = tallies.class(class);
                // A slice need not hold every class; only what it holds is worth a note.
                let there = overall || scores.iter().any(|(_, value)| value.is_ok());
                if there {
                    self.add(run, part, Some(name), examples, &column, scores);
                }
            }
        }
        if overall && kinds <= MAX_MATRIX {
            let rows = classes::confusion(&pairs, kinds);
            run.matrices.push(Matrix {
                name: part.split.unwrap_or("predictions").to_owned(),
                dataset: part.dataset.map(str::to_owned),
                labels: classes.names.clone(),
                rows: rows.into_iter().map(|row| row.into_iter().map(Measured::new).collect()).collect(),
                source: Pointer::new(self.path, column),
            });
        }
    }

    /// Metrics of scores.
    fn scores(&mut self, classes: &Classes, part: &Part<'_>, run: &mut Run) {
        if classes.scores.is_empty() {
            return;
        }
        let column = self.score_source.clone();
        let scored = |positive: &usize| classes.scores.iter().any(|(class, _)| class == positive);
        let alone = classes.names.len() <= 2 || classes.scores.len() == 1;
        let binary = classes.positive.filter(|positive| alone && scored(positive));
        let wanted = |class: &usize| binary.is_none_or(|positive| positive == *class);
        let mut areas: Vec<Result<f64, &'static str>> = Vec::new();
        let mut precisions = Vec::new();
        let mut n = 0;
        for (class, scores) in classes.scores.iter().filter(|(class, _)| wanted(class)) {
            let pairs: Vec<ranking::Pair> = part
                .rows
                .iter()
                .filter_map(|row| {
                    let actual = classes.actual.get(*row).copied().flatten()?;
                    Some((scores.get(*row).copied().flatten()?, actual == *class, self.weight(*row)?))
                })
                .collect();
            if pairs.is_empty() {
                return self.nothing(part);
            }
            n = pairs.len() as u64;
            let ranking = Ranking::new(&pairs);
            let (auc, precision) = (ranking.auc(), ranking.average_precision());
            let Some(name) = classes.names.get(*class) else { continue };
            let of_class = binary.is_none().then_some(name.as_str());
            self.add(run, part, of_class, n, &column, [("auc", auc), ("average_precision", precision)]);
            if binary.is_some() {
                self.add(run, part, None, n, &column, ranking::probabilities(&pairs));
            }
            areas.push(auc);
            precisions.push(precision);
            if part.slice.is_overall() && *class < MAX_CURVES {
                self.curves(run, part, name, &ranking, &pairs, (auc, precision));
            }
        }
        if binary.is_none() {
            let mean = |values: Vec<Result<f64, &'static str>>| {
                let values: Vec<f64> =
                    values.into_iter().collect::<Result<_, _>>().map_err(|_| "that of a class is not defined")?;
                #[expect(clippy::cast_precision_loss, reason = "there are at most a thousand classes")]
                Ok(numbers::sum(values.iter().copied()) / values.len().max(1) as f64)
            };
            let all = [
                ("auc_macro", mean(areas)),
                ("average_precision_macro", mean(precisions)),
                ("log_loss", self.log_loss(classes, part)),
            ];
            self.add(run, part, None, n, &column, all);
        }
    }

    fn log_loss(&self, classes: &Classes, part: &Part<'_>) -> Result<f64, &'static str> {
        let mut rows = Vec::new();
        for row in part.rows {
            let scores: Option<Vec<f64>> =
                classes.scores.iter().map(|(_, scores)| scores.get(*row).copied().flatten()).collect();
            let actual = classes.actual.get(*row).copied().flatten();
            let (Some(scores), Some(actual), Some(weight)) = (scores, actual, self.weight(*row)) else { continue };
            let at = classes.scores.iter().position(|(class, _)| *class == actual);
            rows.push((scores, at.ok_or("a class has no score")?, weight));
        }
        ranking::log_loss(&rows)
    }

    fn curves(
        &self,
        run: &mut Run,
        part: &Part<'_>,
        class: &str,
        ranking: &Ranking,
        pairs: &[ranking::Pair],
        (auc, precision): (Result<f64, &'static str>, Result<f64, &'static str>),
    ) {
        let mut add = |kind, points: Vec<CurvePoint>, area: Option<f64>| {
            if !points.is_empty() {
                run.curves.push(Curve {
                    kind,
                    name: part.split.map_or_else(|| class.to_owned(), |split| format!("{class} ({split})")),
                    dataset: part.dataset.map(str::to_owned),
                    points,
                    area: area.map(Measured::new),
                    source: Pointer::new(self.path, self.score_source.clone()),
                });
            }
        };
        add(CurveKind::Roc, ranking.roc(), auc.ok());
        add(CurveKind::PrecisionRecall, ranking.precision_recall(), precision.ok());
        add(CurveKind::Calibration, ranking::calibration(pairs), None);
    }
}
