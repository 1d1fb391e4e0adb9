//! `[source.table]`: which columns of a plain table are what.
//!
//! In: nothing but what the configuration says, checked there. Out: the mapping that the importer of
//! plain tables follows. It names columns; whether they exist is known only when a file is read.

use super::Finite;

/// What one row of a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableRows {
    /// One value of one metric.
    #[default]
    Metrics,
    /// One run; columns are metrics.
    Wide,
    /// One example with its true and its predicted value.
    Predictions,
}

impl TableRows {
    /// All forms with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("metrics", Self::Metrics), ("wide", Self::Wide), ("predictions", Self::Predictions)];
}

/// What predictions are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Classes.
    Classification,
    /// Numbers.
    Regression,
}

/// Which columns of a table are what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableMapping {
    /// What one row is.
    pub rows: TableRows,
    /// JSON pointer to the rows; empty for the whole file.
    pub at: String,
    /// Column of the model's name.
    pub model: Option<String>,
    /// Column of the version.
    pub version: Option<String>,
    /// Column of the run's id.
    pub run: Option<String>,
    /// Column of the dataset.
    pub dataset: Option<String>,
    /// Column of the split.
    pub split: Option<String>,
    /// Columns that become terms of the slice.
    pub slice: Vec<String>,
    /// Column of the time.
    pub time: Option<String>,
    /// Column of the step.
    pub step: Option<String>,
    /// Column of the number of examples.
    pub n: Option<String>,
    /// Column of the metric's name.
    pub metric: Option<String>,
    /// Column of the value.
    pub value: Option<String>,
    /// Column of the class.
    pub class: Option<String>,
    /// Column of the standard error.
    pub stderr: Option<String>,
    /// Columns that are metrics; empty for every column of numbers that is nothing else.
    pub metrics: Vec<String>,
    /// Columns that are parameters.
    pub params: Vec<String>,
    /// Column of the true value.
    pub actual: Option<String>,
    /// Column of the predicted value.
    pub predicted: Option<String>,
    /// Column of the score of the positive class.
    pub score: Option<String>,
    /// Columns of the scores of classes: class and column.
    pub scores: Vec<(String, String)>,
    /// The positive class.
    pub positive: Option<String>,
    /// From which score on the positive class is predicted, where no column says it.
    pub threshold: Option<Finite>,
    /// Column of the weight.
    pub weight: Option<String>,
    /// What predictions are of, when it was said.
    pub task: Option<Task>,
}

impl TableMapping {
    /// Every column that is named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let single = [
            &self.model,
            &self.version,
            &self.run,
            &self.dataset,
            &self.split,
            &self.time,
            &self.step,
            &self.n,
            &self.metric,
            &self.value,
            &self.class,
            &self.stderr,
            &self.actual,
            &self.predicted,
            &self.score,
            &self.weight,
        ];
        let lists = self.slice.iter().chain(&self.metrics).chain(&self.params);
        single.into_iter().flatten().chain(lists).chain(self.scores.iter().map(|(_, c)| c)).map(String::as_str)
    }
}
