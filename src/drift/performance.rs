//! How good predictions were, where labels are known: by window, with intervals.
//!
//! In: the tables of a side, the columns of predictions and labels. Out: metrics with their intervals, and how many rows
//! have no label yet. Rows are never dropped in silence. The intervals are those of the gate ([`crate::gate::stats`]).

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};

use super::collect::{Cut, Key, parts};
use super::compute::Data;
use super::plan::{Files, fields};
use super::settings::{Kind, Settings};
use crate::diag::visible;
use crate::gate::stats::mean::Student;
use crate::gate::stats::proportion::Proportion;
use crate::gate::stats::{Evidence as _, Level, Undecidable, delong};
use crate::model::{Finite, Measure, PerformanceSide, Scored};
use crate::rows::{Form, Type};

/// What a window has.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Predictions and labels that are numbers.
    numbers: Vec<(f64, f64)>,
    /// Rows whose class was predicted rightly, and all with a label.
    classes: (u64, u64),
    unlabelled: u64,
    unpredicted: u64,
}

/// Rows by window, or why there are none.
pub(super) type Read = Result<BTreeMap<Key, Pairs>, String>;

/// Reads predictions and labels of a side.
pub(super) fn read(data: &Data, (prediction, target): (&str, &str), settings: &Settings, cut: Option<Cut<'_>>) -> Read {
    let both = form(&fields(&data.tables), (prediction, target), settings);
    let most = most(settings);
    let mut out: BTreeMap<Key, Pairs> = BTreeMap::new();
    let (mut kept, mut scratch) = (0_usize, super::collect::Read::default());
    for table in &data.tables {
        let has = |name: &str| table.fields().iter().any(|f| f.name == name);
        if !has(prediction) {
            return Err(format!("'{}' lacks the column '{}'", visible(table.shown(), 120), visible(prediction, 80)));
        }
        let cut = cut.filter(|c| c.every.is_some() && has(c.column));
        let mut wanted = vec![(prediction, both)];
        let labels = has(target).then(|| wanted.push((target, both)));
        wanted.extend(cut.map(|c| (c.column, Form::Times)));
        let mut take = |arrays: &[ArrayRef]| {
            let rows = arrays.first().map_or(0, Array::len);
            let windows = match (cut, arrays.last()) {
                (Some(cut), Some(times)) => parts(times, cut.every, &mut scratch),
                _ => vec![(0, None)],
            };
            let label = arrays.get(1).filter(|_| labels.is_some());
            for (key, chosen) in windows {
                let window = out.entry(key).or_default();
                let mut one = |row: usize| {
                    let (Some(guess), Some(label)) = (arrays.first(), label) else {
                        window.unlabelled += 1;
                        return;
                    };
                    kept += usize::from(kept <= most && window.add(guess, label, row, kept < most));
                };
                match chosen {
                    Some(chosen) => chosen.iter().for_each(|row| one(*row as usize)),
                    None => (0..rows).for_each(&mut one),
                }
            }
        };
        table.read(&wanted, &mut take).map_err(|problem| problem.message.clone())?;
    }
    if kept >= most {
        return Err(format!("more than {most} rows have a label: raise the memory limit"));
    }
    Ok(out)
}

/// As what predictions and labels are read: as numbers where both are. Labels of scores may be truth values.
pub(super) fn form(files: &Files<'_>, (prediction, target): (&str, &str), settings: &Settings) -> Form {
    let numeric = |name: &str| {
        let typed = settings.columns.get(name).and_then(|c| c.kind);
        let mut types = files.iter().copied().flatten().filter(|f| f.name == name).map(|f| &f.kind);
        let numbers = |kind: &Type| matches!(kind, Type::Number { .. } | Type::Nothing | Type::Truth);
        typed.map_or_else(|| types.all(numbers), |kind| kind == Kind::Numeric)
    };
    if numeric(prediction) && numeric(target) { Form::Numbers } else { Form::Text }
}

/// How many rows with a label can be kept.
pub(super) fn most(settings: &Settings) -> usize {
    usize::try_from(settings.memory / 16 / 4).unwrap_or(usize::MAX)
}

impl Pairs {
    /// Takes in a row; whether it takes memory.
    pub(super) fn add(&mut self, guess: &ArrayRef, label: &ArrayRef, row: usize, room: bool) -> bool {
        if label.is_null(row) {
            self.unlabelled += 1;
            return false;
        }
        if let (Some(guess), Some(label)) =
            (guess.as_primitive_opt::<Float64Type>(), label.as_primitive_opt::<Float64Type>())
        {
            let truth = label.value(row);
            if !truth.is_finite() {
                self.unlabelled += 1;
            } else if guess.is_null(row) || !guess.value(row).is_finite() {
                self.unpredicted += 1;
            } else if room {
                self.numbers.push((guess.value(row), truth));
                return true;
            } else {
                return true;
            }
        } else if let (Some(guess), Some(label)) = (guess.as_string_opt::<i32>(), label.as_string_opt::<i32>()) {
            if guess.is_null(row) {
                self.unpredicted += 1;
            } else {
                self.classes.0 += u64::from(guess.value(row) == label.value(row));
                self.classes.1 += 1;
            }
        }
        false
    }

    /// Whether all labels are 0 or 1, as far as they are numbers.
    pub(super) fn is_binary(&self) -> bool {
        self.numbers.iter().all(|(_, label)| *label == 0.0 || *label == 1.0)
    }

    /// Whether there is a label that is a number.
    pub(super) fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The metrics of a task. One that is not defined says why.
    pub(super) fn judged(&self, task: Scored) -> PerformanceSide {
        let labelled = self.numbers.len() as u64 + self.classes.1;
        let mut out = PerformanceSide {
            labelled,
            unlabelled: self.unlabelled,
            unpredicted: self.unpredicted,
            ..PerformanceSide::default()
        };
        if labelled == 0 {
            out.not_computed.push("no row has both a prediction and a label".to_owned());
            return out;
        }
        // Sums depend on the order in their last digits, and rows have none.
        let mut numbers = self.numbers.clone();
        numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let of = |each: fn(f64, f64) -> f64| -> Vec<f64> { numbers.iter().map(|(p, t)| each(*p, *t)).collect() };
        let mean = |each| Student::of(&of(each)).and_then(|mean| mean.interval(level()?));
        let found = match task {
            Scored::Score => {
                let labels: Vec<bool> = numbers.iter().map(|(_, label)| *label > 0.5).collect();
                let area = delong::auc(&labels, &of(|score, _| score)).and_then(|auc| auc.interval(level()?));
                let shares = numbers.iter().all(|(score, _)| (0.0..=1.0).contains(score));
                let brier = if shares {
                    mean(|score, label| (score - label).powi(2))
                } else {
                    Err(Undecidable::OutOfRange("a score that should be a probability"))
                };
                vec![("auc", area), ("brier", brier)]
            }
            Scored::Class => {
                let (right, all) = self.classes;
                vec![("accuracy", Proportion::new(right, all).and_then(|p| p.wilson(level()?)))]
            }
            Scored::Value => vec![
                ("mae", mean(|p, t| (p - t).abs())),
                ("mse", mean(|p, t| (p - t).powi(2))),
                ("bias", mean(|p, t| p - t)),
            ],
        };
        for (metric, interval) in found {
            let measure = interval.map_err(|why| why.to_string()).and_then(|i| {
                let finite = |n: f64| Finite::new(n).ok_or_else(|| "it is not finite".to_owned());
                let (value, low, high) = (finite(i.estimate)?, finite(i.low)?, finite(i.high)?);
                Ok(Measure { metric: metric.to_owned(), value, low, high })
            });
            match measure {
                Ok(measure) => out.metrics.push(measure),
                Err(why) => out.not_computed.push(format!("{metric}: {why}")),
            }
        }
        out
    }
}

/// 95 % between both bounds.
fn level() -> Result<Level, Undecidable> {
    Level::two_sided(0.95)
}
