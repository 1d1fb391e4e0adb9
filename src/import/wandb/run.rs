//! One run: its log, and the files beside it.
//!
//! In: the records of a `.wandb` log, in their order. Out: the run. A metric's value is what the
//! summary says last; the history gives the series. A log that breaks off before it holds a summary
//! gives the last value of each metric instead. The exit record says how the run ended; without one
//! it is still being written or was cut off.

use std::collections::BTreeMap;

use prost::Message;

use super::history::{Rows, seconds};
use super::log::{End, HEADER, Log, MOST, Record};
use super::value::{Tree, is_media, number, parse};
use super::{KIND, proto};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::Folder;
use crate::model::{Artifact, Dataset, Datum, MetricResult, Pointer, Rejected, Run, RunStatus, Slice, Totals};
use crate::source::Entry;

/// What a log says, or the files beside it when the log says nothing.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) rows: Rows,
    pub(super) summary: Tree,
    pub(super) has_summary: bool,
    pub(super) config: Tree,
    pub(super) run: Option<proto::Run>,
    exit: Option<proto::Exit>,
    environment: Option<proto::Environment>,
    producer: Option<String>,
    artifacts: Vec<Artifact>,
    saved: Vec<String>,
    datasets: Vec<Dataset>,
    defined: Vec<Datum>,
    records: u64,
    invalid: u64,
    pub(super) extra: Vec<(String, Datum)>,
    pub(super) problems: Vec<Diagnostic>,
}

impl Facts {
    /// Reads a log.
    pub(super) fn read(&mut self, folder: &Folder<'_>, entry: &Entry) {
        let path = folder.entry_path(entry);
        let stream = match folder.open(entry) {
            Ok(stream) => stream,
            Err(problem) => return self.problems.push(*problem),
        };
        let (mut log, mut end) = Log::new(stream);
        if let Some(version) = log.unknown_version {
            self.problems.push(
                Diagnostic::new(
                    Code::FormatVersion,
                    format!("'{}' has the log format {version}, which presscheck does not know", visible(&path, 200)),
                )
                .at(path.clone())
                .help("it is read as far as it is understood"),
            );
        }
        let end = loop {
            if let Some(end) = end.take() {
                break end;
            }
            match log.next() {
                Ok(Record::Data(data)) => match proto::Record::decode(data) {
                    Ok(record) => self.record(record),
                    Err(_) => self.invalid += 1,
                },
                Ok(Record::TooLarge(bytes)) => self.problems.push(
                    Diagnostic::new(
                        Code::FileTooLarge,
                        format!("a record of '{}' has {bytes} bytes; above {MOST} it is not read", visible(&path, 200)),
                    )
                    .severity(Severity::Warning)
                    .at(path.clone())
                    .help("log large values as files or tables"),
                ),
                Err(end) => break end,
            }
            self.records += 1;
        };
        self.problems.extend(self.ended(&end, &path, entry.size()));
        if self.invalid + self.rows.invalid > 0 {
            self.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!(
                        "{} records or values of '{}' cannot be read",
                        self.invalid + self.rows.invalid,
                        visible(&path, 200)
                    ),
                )
                .at(path.clone())
                .help("was the log written by a version of wandb that presscheck does not know?"),
            );
        }
        if self.rows.is_full || self.summary.is_full || self.config.is_full {
            self.problems.push(
                Diagnostic::new(Code::FileTooLarge, format!("'{}' holds more keys than are read", visible(&path, 200)))
                    .at(path)
                    .help("log fewer keys: a key for each example is data, not a metric"),
            );
        }
        if let Err(problem) = log.into_inner().finish() {
            self.problems.push(*problem);
        }
    }

    /// What the end of a log says.
    fn ended(&self, end: &End, path: &str, bytes: u64) -> Option<Diagnostic> {
        let shown = visible(path, 200);
        let before = format!("the {} records before it are read", self.records);
        let problem = match end {
            End::Whole | End::Cut(_) if self.records == 0 => {
                let text = format!("'{shown}' holds no record ({bytes} bytes)");
                Diagnostic::new(Code::LogTruncated, text)
                    .severity(if bytes <= HEADER as u64 { Severity::Note } else { Severity::Warning })
                    .help("the run was killed before anything was written")
            }
            End::Whole if self.exit.is_none() => {
                let text = format!("'{shown}' ends without an exit record");
                Diagnostic::new(Code::LogTruncated, text).help("the run is still being written, or was cut off")
            }
            End::Whole => return None,
            End::Cut(at) => {
                let text = format!("'{shown}' breaks off in the record at byte {at}; {before}");
                Diagnostic::new(Code::LogTruncated, text).help("the run is still being written, or was cut off")
            }
            End::Corrupt(at) => {
                let text = format!("'{shown}' is damaged at byte {at}; {before}");
                Diagnostic::new(Code::LogCorrupt, text).help("copy the log again from where it was written")
            }
            End::NoLog => Diagnostic::new(Code::LogCorrupt, format!("'{shown}' does not begin as a log of W&B does"))
                .help("copy the log again from where it was written"),
            End::Unreadable(cause) => {
                Diagnostic::new(Code::FileUnreadable, format!("'{shown}' cannot be read: {cause}"))
            }
        };
        Some(problem.at(path))
    }

    fn record(&mut self, record: proto::Record) {
        if let Some(history) = record.history {
            self.rows.push(&history);
        }
        if let Some(summary) = record.summary {
            self.has_summary = true;
            apply(&mut self.summary, summary, &mut self.invalid);
        }
        if let Some(config) = record.config {
            apply(&mut self.config, config, &mut self.invalid);
        }
        if let Some(mut run) = record.run {
            if let Some(config) = run.config.take() {
                apply(&mut self.config, config, &mut self.invalid);
            }
            if let Some(summary) = run.summary.take().filter(|s| !s.update.is_empty()) {
                self.has_summary = true;
                apply(&mut self.summary, summary, &mut self.invalid);
            }
            self.run = Some(run);
        }
        self.saved.extend(record.files.into_iter().flat_map(|f| f.files).map(|f| f.path).take(MOST_FILES));
        if let Some(artifact) = record.artifact {
            self.artifact(artifact);
        }
        if let Some(used) = record.use_artifact.filter(|_| self.datasets.len() < MOST_FILES) {
            let name = if used.name.is_empty() { used.id } else { used.name };
            let role = Some(used.kind).filter(|k| !k.is_empty());
            self.datasets.push(Dataset { name, role, ..Dataset::default() });
        }
        if let Some(metric) = record.metric.filter(|_| self.defined.len() < MOST_FILES) {
            self.defined.push(defined(metric));
        }
        self.exit = record.exit.or(self.exit);
        self.environment = record.environment.or(self.environment.take());
        self.producer = record.header.and_then(|h| h.version_info).map(|v| v.producer).or(self.producer.take());
    }

    fn artifact(&mut self, artifact: proto::ArtifactRecord) {
        if self.artifacts.len() >= MOST_FILES {
            return;
        }
        let sizes = artifact.manifest.iter().flat_map(|m| &m.contents).filter_map(|e| u64::try_from(e.size).ok());
        let bytes = artifact.manifest.is_some().then(|| sizes.fold(0, u64::saturating_add));
        self.artifacts.retain(|a| a.path != artifact.name);
        self.artifacts.push(Artifact {
            path: artifact.name,
            bytes,
            kind: Some(artifact.kind).filter(|k| !k.is_empty()),
            ..Artifact::default()
        });
    }

    /// The run; `id` is what the log's name says.
    pub(super) fn into_run(
        mut self,
        id: &str,
        folder: &Folder<'_>,
        origin: &str,
        files: Vec<Artifact>,
    ) -> (Run, Vec<Diagnostic>) {
        let described = self.run.take();
        let has_log = self.records > 0;
        let described_run = described.clone().unwrap_or_default();
        let mut run = Run {
            id: first(&described_run.run_id, id),
            source: KIND.to_owned(),
            name: described_run.display_name,
            experiment: some(described_run.project),
            folder: folder.project_path(),
            origin: Pointer::new(origin, ""),
            description: some(described_run.notes),
            tags: described_run.tags.into_iter().map(|tag| (tag, String::new())).collect(),
            ..Run::default()
        };
        run.status = match self.exit {
            Some(proto::Exit { not_complete: true, .. }) => RunStatus::Running,
            Some(proto::Exit { exit_code: 0, .. }) => RunStatus::Finished,
            Some(_) => RunStatus::Failed,
            None if has_log => RunStatus::Running,
            None => RunStatus::Unknown,
        };
        for (key, value) in [
            ("wandb.entity", described_run.entity),
            ("wandb.group", described_run.run_group),
            ("wandb.job_type", described_run.job_type),
            ("wandb.sweep_id", described_run.sweep_id),
            ("wandb.host", described_run.host),
            (
                "wandb.version",
                self.producer.take().map(|p| p.split('+').next().unwrap_or_default().to_owned()).unwrap_or_default(),
            ),
        ] {
            if !value.is_empty() {
                run.system_tags.insert(key.to_owned(), value);
            }
        }
        let start = described_run.start_time.or(self.environment.as_ref().and_then(|e| e.started_at));
        let start = start.map(|t| t.seconds as f64 + f64::from(t.nanos) * 1e-9);
        run.started_at = start.and_then(seconds);
        if let (Some(start), Some(exit), false) = (start, self.exit, described_run.resumed) {
            run.ended_at = (exit.runtime > 0).then(|| seconds(start + f64::from(exit.runtime))).flatten();
        }
        let git = described_run.git.into_iter().chain(self.environment.as_ref().and_then(|e| e.git.clone()));
        for git in git {
            run.git.commit = run.git.commit.take().or(some(git.commit));
            run.git.remote = run.git.remote.take().or(some(git.remote_url));
        }
        self.parameters(&mut run);
        self.values(&mut run);
        run.datasets = std::mem::take(&mut self.datasets);
        run.artifacts = files;
        for path in self.saved {
            if !run.artifacts.iter().any(|a| a.path == path) && !path.contains('*') {
                run.artifacts.push(Artifact { path, ..Artifact::default() });
            }
        }
        run.artifacts.extend(self.artifacts);
        if let Some(environment) = self.environment {
            run.extra.push(("environment".to_owned(), described_environment(environment)));
        }
        if !self.defined.is_empty() {
            run.extra.push(("defined_metrics".to_owned(), Datum::List(self.defined)));
        }
        if let Some(exit) = self.exit {
            run.extra.push(("exit_code".to_owned(), Datum::Int(i64::from(exit.exit_code))));
        }
        run.extra.push(("history_rows".to_owned(), Datum::Int(i64::try_from(self.rows.rows).unwrap_or(i64::MAX))));
        run.extra.append(&mut self.extra);
        // The points are moved last: the values above look at their totals.
        for (metric, series) in std::mem::take(&mut self.rows.series).into_series() {
            if series.totals().points > 1 {
                let source = Pointer::new(origin, metric.clone());
                run.series.push(series.finish(metric, source));
            }
        }
        (run, self.problems)
    }

    fn parameters(&mut self, run: &mut Run) {
        for (name, _, value) in self.config.leaves() {
            if run.params.insert(name.clone(), value.clone()).is_some_and(|old| old != *value) {
                self.problems.push(
                    Diagnostic::new(
                        Code::FieldInvalid,
                        format!("two parameters are shown as '{}'; the later one is kept", visible(&name, 80)),
                    )
                    .at(run.origin.path.clone())
                    .help("do not use dots in the names of parameters that have siblings in a map"),
                );
            }
        }
    }

    /// Numbers of the summary are results; what else stands there is refused, and kept for the raw view.
    fn values(&self, run: &mut Run) {
        let origin = &run.origin.path;
        if !self.has_summary {
            let last = |(metric, totals): (&str, &Totals)| {
                let last = totals.last?;
                let source = Pointer::new(origin.clone(), metric);
                Some(MetricResult { step: Some(last.step), ..MetricResult::new(metric, last.value, source) })
            };
            run.results.extend(self.rows.series.totals().filter_map(last));
            return;
        }
        let logged: BTreeMap<&str, &Totals> = self.rows.series.totals().collect();
        let mut others = Vec::new();
        for (metric, pointer, value) in self.summary.leaves() {
            let source = Pointer::new(origin.clone(), pointer);
            if let Some(value) = number(value) {
                let last = logged.get(metric.as_str()).and_then(|t| t.last).filter(|last| last.value == value);
                run.results.push(MetricResult {
                    step: last.map(|last| last.step),
                    ..MetricResult::new(metric, value, source)
                });
                continue;
            }
            let found = match value {
                Datum::Text(text) => Some(format!("text \"{}\"", visible(text, 40))),
                Datum::Null | Datum::Bool(_) => Some(value.kind().to_owned()),
                _ => None,
            };
            if let Some(found) = found {
                run.rejected.push(Rejected {
                    metric: metric.clone(),
                    dataset: None,
                    slice: Slice::default(),
                    class: None,
                    found,
                    source,
                });
            }
            if !is_media(value) || value.get("path").is_some() {
                others.push((metric, value.clone()));
            }
        }
        if !others.is_empty() {
            run.extra.push(("summary".to_owned(), Datum::Map(others)));
        }
    }
}

/// More files, artifacts or definitions of one run are not listed.
const MOST_FILES: usize = 20_000;

fn apply(tree: &mut Tree, items: proto::Items, invalid: &mut u64) {
    for item in items.update {
        match parse(&item.value_json) {
            Some(value) => tree.set(&item.key, &item.nested_key, value),
            None => *invalid += 1,
        }
    }
    for item in items.remove {
        tree.remove(&item.key, &item.nested_key);
    }
}

fn defined(metric: proto::MetricRecord) -> Datum {
    let goal = match metric.goal {
        1 => "minimize",
        2 => "maximize",
        _ => "",
    };
    let facts = [
        ("name", first(&metric.name, &metric.glob_name)),
        ("step_metric", metric.step_metric),
        ("goal", goal.to_owned()),
    ];
    Datum::Map(texts(facts))
}

fn described_environment(environment: proto::Environment) -> Datum {
    let mut facts = texts([
        ("os", environment.os),
        ("python", environment.python),
        ("program", first(&environment.code_path, &environment.program)),
        ("args", environment.args.join(" ")),
        ("docker", environment.docker),
        ("gpu", environment.gpu_type),
        ("cuda", environment.cuda_version),
    ]);
    for (key, count) in [("cpu_count", environment.cpu_count), ("gpu_count", environment.gpu_count)] {
        if count > 0 {
            facts.push((key.to_owned(), Datum::Int(i64::from(count))));
        }
    }
    Datum::Map(facts)
}

fn texts<const N: usize>(facts: [(&str, String); N]) -> Vec<(String, Datum)> {
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), Datum::Text(value)))
        .collect()
}

fn first(a: &str, b: &str) -> String {
    if a.is_empty() { b.to_owned() } else { a.to_owned() }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
