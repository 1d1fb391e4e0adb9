//! MLPerf: what loadgen leaves behind, and the logs of training.
//!
//! A folder with `mlperf_log_summary.txt` or `mlperf_log_detail.txt` is one run of loadgen
//! ([`loadgen`]): both files say the same, so they are read together. Any other file whose lines
//! begin with `:::MLLOG` is the log of a training run ([`training`]). Both share the line format of
//! `mlperf_logging.mllog` ([`mod@line`]).

mod line;
mod loadgen;
mod summary;
mod training;

pub(super) use loadgen::Loadgen;
pub(super) use training::Training;
