//! The options of `presscheck drift`, as typed.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::Format;

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Drift {
    /// The reference data: a file, a folder or a pattern
    #[arg(long, value_name = "PATH", required_unless_present = "partial", num_args = 1..)]
    pub(super) reference: Vec<String>,
    /// The current data; each file is a window, a folder is one
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub(super) current: Vec<String>,
    /// Write a report for each window into this folder
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// The column that says when a row was
    #[arg(long, value_name = "COLUMN")]
    pub(super) time: Option<String>,
    /// Cut windows of this length by the time column: 1h, 1d, 1w, 1mo
    #[arg(long, value_name = "LENGTH", requires = "time")]
    pub(super) every: Option<String>,
    /// Compare by this method: METHOD for all columns it is for, or COLUMN=METHOD
    #[arg(long = "method", value_name = "METHOD")]
    pub(super) methods: Vec<String>,
    /// From where on it is drift: METHOD=NUMBER, or COLUMN:METHOD=NUMBER
    #[arg(long = "threshold", value_name = "THRESHOLD")]
    pub(super) thresholds: Vec<String>,
    /// Read a column as numeric, categorical, text or embedding: COLUMN=KIND
    #[arg(long = "kind", value_name = "COLUMN=KIND")]
    pub(super) kinds: Vec<String>,
    /// How much the model rests on a column: COLUMN=NUMBER
    #[arg(long = "importance", value_name = "COLUMN=NUMBER")]
    pub(super) importances: Vec<String>,
    /// How numbers are put into bins: quantiles:N, fixed:N or evidently
    #[arg(long, value_name = "RULE", default_value = "quantiles:10")]
    pub(super) bins: String,
    /// Leave columns out, by name or pattern
    #[arg(long, value_name = "COLUMN")]
    pub(super) exclude: Vec<String>,
    /// How p-values of many columns are judged together: holm, bh or none
    #[arg(long, value_name = "RULE", default_value = "holm")]
    pub(super) correction: String,
    /// The share of drifting columns from which on the data as a whole drifts
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub(super) share: f64,
    /// The column of predictions: scores, classes or numbers
    #[arg(long, value_name = "COLUMN", requires = "target")]
    pub(super) prediction: Option<String>,
    /// The column of labels; where there are some, performance is computed
    #[arg(long, value_name = "COLUMN", requires = "prediction", conflicts_with_all = ["partial", "merge"])]
    pub(super) target: Option<String>,
    /// Compare all numeric columns as one as well: whether the relations between them changed
    #[arg(long, conflicts_with_all = ["partial", "merge"])]
    pub(super) multivariate: bool,
    /// Count rows that repeat another one
    #[arg(long, conflicts_with_all = ["partial", "merge"])]
    pub(super) duplicates: bool,
    /// What computes: embedded, datafusion, or the scheduler of a Ballista cluster, df://HOST:PORT
    #[arg(long, value_name = "ENGINE", default_value = "embedded", conflicts_with_all = ["partial", "merge"])]
    pub(super) engine: String,
    /// Compare what this query says of each side, whose rows it calls data; needs an engine
    #[arg(long, value_name = "QUERY")]
    pub(super) sql: Option<String>,
    /// Another table that the query may name: NAME=PATH
    #[arg(long = "table", value_name = "NAME=PATH", requires = "sql")]
    pub(super) tables: Vec<String>,
    /// What summaries may take in memory: 500MB, 2GB
    #[arg(long, value_name = "SIZE", default_value = "2GB")]
    pub(super) memory_limit: String,
    /// Write the summaries of the current data into this file instead of comparing them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "output", "merge"])]
    pub(super) partial: Option<PathBuf>,
    /// What the data of the summaries is called; those of one name are merged
    #[arg(long, value_name = "NAME", requires = "partial")]
    pub(super) name: Option<String>,
    /// PATH is such files: merge the summaries, then compare
    #[arg(long)]
    pub(super) merge: bool,
    /// Exit 1 on an alarm: a window drifts as a whole or cannot be judged, or a critical column does
    #[arg(long)]
    pub(super) gate: bool,
    /// A column that raises the alarm by itself
    #[arg(long, value_name = "COLUMN")]
    pub(super) critical: Vec<String>,
    /// Write what a pipeline needs to know to retrain, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) retrain: Option<PathBuf>,
    /// Write the body of a repository_dispatch of GitHub
    #[arg(long, value_name = "FILE")]
    pub(super) dispatch: Option<PathBuf>,
    /// Write the newest window as OpenMetrics text
    #[arg(long, value_name = "FILE")]
    pub(super) openmetrics: Option<PathBuf>,
    /// The model that the data is of, for those files
    #[arg(long, value_name = "NAME")]
    pub(super) model: Option<String>,
    /// Its version
    #[arg(long, value_name = "VERSION")]
    pub(super) model_version: Option<String>,
}
