//! Confusions that became more or less frequent.
//!
//! In: the confusion matrices of two runs. Out: [`Confusion`]s, the largest change first. Matrices are paired by
//! name and dataset, and only where both have the same classes; what changed is the share of a true class, since
//! two evaluations may have different numbers of examples.

use crate::model::{Matrix, Run};

/// One cell of a matrix in both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion<'a> {
    /// The matrix's name.
    pub matrix: &'a str,
    /// The true class.
    pub truth: &'a str,
    /// The class that was predicted for it.
    pub predicted: &'a str,
    /// The share of the true class's examples that were predicted so, in the earlier run, in [0, 1].
    pub before: f64,
    /// The same in the later run.
    pub after: f64,
}

/// The cells that differ.
pub(super) fn compare<'a>(before: Option<&'a Run>, after: Option<&'a Run>) -> Vec<Confusion<'a>> {
    let list = |run: Option<&'a Run>| run.map(|r| r.matrices.as_slice()).unwrap_or_default();
    let mut out = Vec::new();
    for matrix in list(after) {
        let fits = |m: &&Matrix| m.name == matrix.name && m.dataset == matrix.dataset && m.labels == matrix.labels;
        let Some(earlier) = list(before).iter().find(fits) else { continue };
        for ((truth, old), new) in matrix.labels.iter().zip(&earlier.rows).zip(&matrix.rows) {
            let (Some(old), Some(new)) = (shares(old), shares(new)) else { continue };
            let cells = matrix.labels.iter().zip(old).zip(new);
            out.extend(cells.filter(|((_, a), b)| a != b).map(|((predicted, before), after)| Confusion {
                matrix: &matrix.name,
                truth,
                predicted,
                before,
                after,
            }));
        }
    }
    let size = |c: &Confusion<'_>| (c.after - c.before).abs();
    out.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| (a.truth, a.predicted).cmp(&(b.truth, b.predicted))));
    out
}

/// A row as shares of its sum; nothing where there is no sum.
fn shares(row: &[crate::model::Measured]) -> Option<Vec<f64>> {
    let counts: Vec<f64> = row.iter().map(|v| v.as_f64()).collect();
    let sum: f64 = counts.iter().sum();
    let usable = sum.is_finite() && sum > 0.0 && counts.iter().all(|c| *c >= 0.0);
    usable.then(|| counts.into_iter().map(|c| c / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Measured, Pointer};

    fn run(labels: &[&str], rows: &[&[f64]]) -> Run {
        let matrix = Matrix {
            name: "confusion_matrix".to_owned(),
            dataset: None,
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            rows: rows.iter().map(|r| r.iter().map(|v| Measured::new(*v)).collect()).collect(),
            source: Pointer::default(),
        };
        Run { matrices: vec![matrix], ..Run::default() }
    }

    #[test]
    fn shares_of_the_true_class_are_compared() {
        let before = run(&["cat", "dog"], &[&[8.0, 2.0], &[5.0, 5.0]]);
        let after = run(&["cat", "dog"], &[&[12.0, 8.0], &[50.0, 50.0]]);
        let found = compare(Some(&before), Some(&after));
        let told: Vec<_> = found.iter().map(|c| (c.truth, c.predicted, c.before, c.after)).collect();
        assert_eq!(told, [("cat", "cat", 0.8, 0.6), ("cat", "dog", 0.2, 0.4)]);
    }

    #[test]
    fn other_classes_and_rows_without_examples_are_left_out() {
        let before = run(&["cat", "dog"], &[&[8.0, 2.0], &[0.0, 0.0]]);
        assert!(compare(Some(&before), Some(&run(&["cat", "cow"], &[&[1.0, 9.0], &[1.0, 9.0]]))).is_empty());
        let after = run(&["cat", "dog"], &[&[f64::NAN, 9.0], &[1.0, 9.0]]);
        let found = compare(Some(&before), Some(&after));
        assert!(found.is_empty(), "{found:?}");
    }
}
