//! The log of an MLPerf training run: events of `mlperf_logging.mllog`.
//!
//! In: a file with `:::MLLOG` lines. Out: a run. Numbers of `eval_*` and `tracked_stats` events are
//! series over `epoch_num`, `samples_count` or `step_num`, and the last value of each is the result;
//! other events with a value are params. `run_stop` says how the run ended: without it the log is of
//! a run that has not ended.

use std::collections::BTreeMap;

use super::super::facts::{Facts, text};
use super::super::{Content, DocumentImporter, layout};
use super::line::{self, Entry};
use crate::diag::{Code, Severity, visible};
use crate::model::{CheckStatus, Datum, Document, Instant, Measured, Point, RunStatus, Series};

/// The suite of all checks.
const SUITE: &str = "mlperf training";

/// Logs of training runs.
pub(crate) struct Training;

impl DocumentImporter for Training {
    fn kind(&self) -> &'static str {
        "mlperf-training"
    }

    fn wants(&self, name: &str) -> bool {
        // Submissions call them `result_0.txt`; other text files are not worth reading.
        layout::is_textual(name) || name.ends_with(".log") || name.starts_with("result_") && name.ends_with(".txt")
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.ends_in(&["log", "txt"]) && line::is_log(&content.file.bytes)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("mlperf-logging".to_owned());
        let mut log = Log::default();
        for entry in line::entries(content.file) {
            match entry {
                Ok(entry) => log.entry(entry, &mut facts),
                Err(problem) => {
                    let at = format!("line {}", problem.line.unwrap_or_default());
                    let help = "was the file written completely? the events before this place are kept";
                    facts.report(Code::JsonSyntax, Severity::Error, problem.message, &at, help);
                }
            }
        }
        log.finish(&mut facts);
        let mut document = facts.finish();
        document.standalone = true;
        document
    }
}

/// The points of a series, with the line of each.
type Points = Vec<(Point, u32)>;

#[derive(Default)]
struct Log {
    series: BTreeMap<String, Points>,
    started: Option<f64>,
    stopped: Option<(f64, String, u32)>,
}

impl Log {
    fn entry(&mut self, entry: Entry, facts: &mut Facts<'_>) {
        let pointer = format!("line {}", entry.line);
        match entry.key.as_str() {
            "run_start" => self.started = entry.time_ms,
            "run_stop" => {
                let status = text(&entry.metadata, "status").unwrap_or_default().to_owned();
                self.stopped = entry.time_ms.map(|time| (time, status, entry.line));
            }
            key if key.starts_with("eval_") && !entry.value.eq(&Datum::Null) => match entry.value.as_number() {
                Some(number) => self.point(key, number, &entry),
                None => facts.reject(key, entry.value.kind().to_owned(), &pointer),
            },
            "tracked_stats" | "throughput" => match &entry.value {
                Datum::Map(stats) => {
                    for (name, value) in stats {
                        match value.as_number() {
                            Some(number) => self.point(name, number, &entry),
                            None => facts.reject(name, value.kind().to_owned(), &pointer),
                        }
                    }
                }
                value => {
                    if let Some(number) = value.as_number() {
                        self.point(&entry.key, number, &entry);
                    }
                }
            },
            "submission_benchmark" => {
                if let Some(name) = entry.value.as_str() {
                    name.clone_into(&mut facts.document.run.name);
                    facts.dataset = Some(name.to_owned());
                }
                facts.param(&entry.key, &entry.value);
            }
            key if !key.is_empty() => facts.param(key, &entry.value),
            _ => {}
        }
    }

    fn point(&mut self, name: &str, value: Measured, entry: &Entry) {
        let of = |key: &str| match entry.metadata.get(key) {
            Some(Datum::Int(step)) => Some(*step),
            #[expect(clippy::cast_possible_truncation, reason = "epochs and samples are small numbers")]
            Some(Datum::Number(step)) => step.finite().map(|s| s.get() as i64),
            _ => None,
        };
        let points = self.series.entry(name.to_owned()).or_default();
        let counted = ["epoch_num", "samples_count", "step_num", "epoch_count", "step"].into_iter().find_map(of);
        let step = counted.unwrap_or_else(|| i64::try_from(points.len()).unwrap_or(i64::MAX));
        points.push((Point { step, time: entry.time_ms.and_then(instant), value }, entry.line));
    }

    fn finish(self, facts: &mut Facts<'_>) {
        for (metric, points) in self.series {
            if let Some((last, line)) = points.last() {
                facts.number(&metric, last.value, &format!("line {line}")).step = Some(last.step);
                let source = facts.place("");
                let points = points.into_iter().map(|(p, _)| p).collect();
                facts.document.run.series.push(Series::new(metric, points, source));
            }
        }
        facts.document.run.started_at = self.started.and_then(instant);
        facts.document.run.ended_at = self.stopped.as_ref().and_then(|(time, _, _)| instant(*time));
        let (status, outcome, message, pointer) = match &self.stopped {
            Some((_, status, line)) => {
                let pointer = format!("line {line}");
                match status.as_str() {
                    "success" => (RunStatus::Finished, CheckStatus::Pass, String::new(), pointer),
                    "aborted" => (RunStatus::Killed, CheckStatus::Fail, "the run was aborted".to_owned(), pointer),
                    other => {
                        let text = format!("the run ended with status '{}'", visible(other, 60));
                        (RunStatus::Failed, CheckStatus::Error, text, pointer)
                    }
                }
            }
            None => {
                let text = "the log has no run_stop: the run is going on or was cut off";
                facts.report(
                    Code::FieldMissing,
                    Severity::Warning,
                    text.to_owned(),
                    "",
                    "read it again when the run has ended",
                );
                (RunStatus::Running, CheckStatus::Error, text.to_owned(), String::new())
            }
        };
        facts.document.run.status = status;
        facts.check(SUITE, "run status", outcome, &message, &pointer);
        // The benchmark's own result, for a run that reached its target.
        if let (Some(start), Some((stop, _, line)), CheckStatus::Pass) = (self.started, &self.stopped, outcome)
            && *stop >= start
        {
            facts.number("time_to_train_s", Measured::new((stop - start) / 1_000.0), &format!("line {line}"));
        }
        // A log is a run even when it has not measured anything yet.
        facts.param("run_status", &Datum::from(status.as_str()));
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970; out of range is no time")]
fn instant(millis: f64) -> Option<Instant> {
    Instant::from_millis(millis as i64).filter(|_| millis > 0.0)
}
