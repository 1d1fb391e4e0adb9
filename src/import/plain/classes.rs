//! Metrics of predicted classes: counts of each class become accuracy, precision, recall and the rest.
//!
//! In: actual and predicted classes with weights. Out: values, or why there is none: a share of
//! nothing is no number, neither 0 nor 1. Definitions: scikit-learn's user guide, "Classification
//! metrics"; its averages count a share of nothing as zero, and so do these.

use super::numbers::{Score, Sum, sum};

/// An example: actual and predicted class, weight.
pub(super) type Pair = (usize, usize, f64);

/// What is counted of one class.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    hits: Sum,
    actual: Sum,
    predicted: Sum,
    examples: u64,
}

/// Counts of all classes.
pub(super) struct Tallies {
    classes: Vec<Tally>,
    total: f64,
    right: f64,
}

impl Tallies {
    pub(super) fn new(pairs: &[Pair], classes: usize) -> Self {
        let mut tallies = vec![Tally::default(); classes];
        let (mut total, mut right) = (Sum::default(), Sum::default());
        for (actual, predicted, weight) in pairs {
            total.add(*weight);
            if actual == predicted {
                right.add(*weight);
            }
            if let Some(tally) = tallies.get_mut(*actual) {
                tally.actual.add(*weight);
                tally.examples += 1;
                if actual == predicted {
                    tally.hits.add(*weight);
                }
            }
            if let Some(tally) = tallies.get_mut(*predicted) {
                tally.predicted.add(*weight);
            }
        }
        Self { classes: tallies, total: total.get(), right: right.get() }
    }

    fn of(&self, class: usize) -> (f64, f64, f64) {
        let tally = self.classes.get(class).copied().unwrap_or_default();
        (tally.hits.get(), tally.actual.get(), tally.predicted.get())
    }

    /// How many examples are of a class.
    pub(super) fn examples(&self, class: usize) -> u64 {
        self.classes.get(class).map_or(0, |tally| tally.examples)
    }

    /// Precision, recall and F1 of a class.
    pub(super) fn class(&self, class: usize) -> [Score; 3] {
        let (hits, actual, predicted) = self.of(class);
        let share = |part: f64, whole: f64, why| if whole > 0.0 { Ok(part / whole) } else { Err(why) };
        [
            ("precision", share(hits, predicted, "nothing is predicted to be of the class")),
            ("recall", share(hits, actual, "nothing is of the class")),
            ("f1", share(2.0 * hits, actual + predicted, "nothing is of the class or predicted to be")),
        ]
    }

    /// The share of all others that is not predicted to be of a class.
    pub(super) fn specificity(&self, class: usize) -> Score {
        let (hits, actual, predicted) = self.of(class);
        let others = self.total - actual;
        let right = others - (predicted - hits);
        ("specificity", if others > 0.0 { Ok(right / others) } else { Err("nothing is of another class") })
    }

    /// Accuracy and its like.
    pub(super) fn overall(&self) -> Vec<Score> {
        if self.total <= 0.0 {
            return ["accuracy", "balanced_accuracy", "mcc"].map(|name| (name, Err("all weights are zero"))).to_vec();
        }
        let seen = || (0..self.classes.len()).map(|class| self.of(class));
        let recalls: Vec<f64> = seen().filter(|(_, a, _)| *a > 0.0).map(|(h, a, _)| h / a).collect();
        #[expect(clippy::cast_precision_loss, reason = "there are at most a thousand classes")]
        let balanced = sum(recalls.iter().copied()) / recalls.len() as f64;
        let total = self.total;
        let shared = self.right * total - sum(seen().map(|(_, a, p)| a * p));
        let of_predicted = total * total - sum(seen().map(|(.., p)| p * p));
        let of_actual = total * total - sum(seen().map(|(_, a, _)| a * a));
        let kinds = |of: &dyn Fn((f64, f64, f64)) -> f64| seen().filter(|tally| of(*tally) > 0.0).count();
        let mcc = if kinds(&|(_, a, _)| a) < 2 {
            Err("all examples are of one class")
        } else if kinds(&|(.., p)| p) < 2 {
            Err("all predictions are of one class")
        } else {
            Ok(shared / (of_predicted * of_actual).sqrt())
        };
        vec![("accuracy", Ok(self.right / total)), ("balanced_accuracy", Ok(balanced)), ("mcc", mcc)]
    }

    /// Precision, recall and F1 as means over the classes, plain and by the share of each.
    pub(super) fn averages(&self) -> Vec<Score> {
        const NAMES: [(&str, &str); 3] = [
            ("precision_macro", "precision_weighted"),
            ("recall_macro", "recall_weighted"),
            ("f1_macro", "f1_weighted"),
        ];
        let there: Vec<usize> = (0..self.classes.len())
            .filter(|class| {
                let (_, actual, predicted) = self.of(*class);
                actual > 0.0 || predicted > 0.0
            })
            .collect();
        if there.is_empty() || self.total <= 0.0 {
            return Vec::new();
        }
        let mut out = Vec::new();
        for (at, (plain, weighted)) in NAMES.iter().enumerate() {
            let value = |class: usize| self.class(class).get(at).and_then(|(_, v)| v.ok()).unwrap_or(0.0);
            #[expect(clippy::cast_precision_loss, reason = "there are at most a thousand classes")]
            let mean = sum(there.iter().map(|class| value(*class))) / there.len() as f64;
            let by_share = sum(there.iter().map(|class| value(*class) * self.of(*class).1)) / self.total;
            out.push((*plain, Ok(mean)));
            out.push((*weighted, Ok(by_share)));
        }
        out
    }
}

/// The confusion matrix: rows are actual classes, columns predicted ones.
pub(super) fn confusion(pairs: &[Pair], classes: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; classes]; classes];
    for (actual, predicted, weight) in pairs {
        if let Some(cell) = rows.get_mut(*actual).and_then(|row| row.get_mut(*predicted)) {
            *cell += weight;
        }
    }
    rows
}
