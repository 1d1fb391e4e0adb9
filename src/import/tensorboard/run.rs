//! One run: the event files of a folder, in order of their names.
//!
//! In: the files. Out: the run. What counts is what TensorBoard's own `EventAccumulator` reports: the
//! points of a tag in the order of writing, without those that a restart with `purge_step` took
//! back; the last of them is the tag's value. Of a file that breaks off or is corrupt everything
//! before the break counts, and a finding says where it is.

use std::collections::BTreeMap;

use prost::Message;

use super::frame::{End, Frames, MOST, Record};
use super::{KIND, proto, scalar};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::{Folder, yaml};
use crate::model::{
    Datum, Instant, Measured, MetricResult, Point, Pointer, Rejected, Run, RunStatus, SeriesSet, Slice,
};
use crate::source::{Entry, file_name};

/// Hyperparameters as PyTorch Lightning writes them beside the event files.
pub(super) const HPARAMS_FILE: &str = "hparams.yaml";

/// More tags than this are no metrics of a run.
const MOST_TAGS: usize = 20_000;

/// Bytes of a text that is kept for the raw view.
const MOST_TEXT: usize = 4096;

/// A start of a session: all earlier points from its step on are taken back.
#[derive(Clone, Copy, Debug)]
struct Restart {
    /// File and event at which it stands.
    at: (usize, u64),
    step: i64,
}

/// What is known of a tag.
#[derive(Default)]
struct Tag {
    plugin: String,
    is_scalar: bool,
    description: String,
    count: u64,
    /// The last text of the text plugin.
    text: Option<String>,
    /// The file of the last point.
    file: usize,
    rejected: Option<String>,
}

/// What the event files of a folder say.
#[derive(Default)]
struct Log {
    series: SeriesSet,
    tags: BTreeMap<String, Tag>,
    left_out: bool,
    restarts: Vec<Restart>,
    purges: bool,
    params: BTreeMap<String, Datum>,
    started: Option<f64>,
    ended: Option<f64>,
    status: Option<RunStatus>,
    first: Option<f64>,
    events: u64,
    graphs: u64,
    facts: BTreeMap<&'static str, String>,
    is_cut: bool,
    problems: Vec<Diagnostic>,
}

/// Reads a run's folder; `above` is the nearest folder above it that is a run too.
pub(super) fn read(
    root: &Folder<'_>,
    folder: &Folder<'_>,
    above: Option<&Folder<'_>>,
    files: &[&Entry],
) -> (Run, Vec<Diagnostic>) {
    let (events, others): (Vec<&Entry>, Vec<&Entry>) = files.iter().partition(|e| file_name(&e.path) != HPARAMS_FILE);
    let mut log = pass(folder, &events, &[]);
    if log.purges {
        // Points that a later restart takes back are known only now.
        let restarts = std::mem::take(&mut log.restarts);
        log = pass(folder, &events, &restarts);
    }
    let name = if folder.path == root.path { root.name() } else { &folder.path[root.path.len()..] };
    let mut run = Run {
        id: id(folder),
        source: KIND.to_owned(),
        name: name.trim_start_matches('/').to_owned(),
        experiment: Some(root.name().to_owned()),
        parent: above.map(id),
        folder: folder.project_path(),
        origin: Pointer::new(events.first().map_or_else(|| folder.project_path(), |e| folder.entry_path(e)), ""),
        ..Run::default()
    };
    for entry in others {
        lightning(folder, entry, &mut log);
    }
    log.into_run(&mut run, &events.iter().map(|e| folder.entry_path(e)).collect::<Vec<_>>())
}

fn id(folder: &Folder<'_>) -> String {
    let path = folder.project_path();
    if path.is_empty() { folder.name().to_owned() } else { path }
}

/// Reads all files once, without the points that are known to be taken back.
fn pass(folder: &Folder<'_>, files: &[&Entry], restarts: &[Restart]) -> Log {
    let mut log = Log::default();
    for (i, entry) in files.iter().enumerate() {
        let path = folder.entry_path(entry);
        let stream = match folder.open(entry) {
            Ok(stream) => stream,
            Err(problem) => {
                log.problems.push(*problem);
                continue;
            }
        };
        let mut frames = Frames::new(stream);
        let (mut event, mut broken) = (0, 0u64);
        let end = loop {
            match frames.next() {
                Ok(Record::Data(data)) => match proto::Event::decode(data) {
                    Ok(decoded) => log.event(decoded, (i, event), restarts),
                    Err(_) => broken += 1,
                },
                Ok(Record::TooLarge(bytes)) => log.problems.push(
                    Diagnostic::new(
                        Code::FileTooLarge,
                        format!(
                            "event {event} of '{}' has {bytes} bytes; above {MOST} it is not read",
                            visible(&path, 200)
                        ),
                    )
                    .severity(Severity::Warning)
                    .at(path.clone())
                    .help("scalars are small; is it a picture or a graph?"),
                ),
                Err(end) => break end,
            }
            event += 1;
        };
        log.events += event;
        if broken > 0 {
            log.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!("{broken} records of '{}' are no events; they are left out", visible(&path, 200)),
                )
                .at(path.clone())
                .help("was the file written by TensorBoard or a library that is compatible with it?"),
            );
        }
        log.is_cut = matches!(end, End::Cut(_));
        log.problems.extend(ended(&end, &path, event, i + 1 == files.len()));
        if let Err(problem) = frames.into_inner().finish() {
            log.problems.push(*problem);
        }
    }
    log
}

/// What the end of a file says.
fn ended(end: &End, path: &str, events: u64, is_last: bool) -> Option<Diagnostic> {
    let shown = visible(path, 200);
    let problem = match end {
        End::Whole if events == 0 => {
            Diagnostic::new(Code::LogTruncated, format!("'{shown}' is empty")).severity(Severity::Note)
        }
        End::Whole => return None,
        End::Cut(at) => {
            let text =
                format!("'{shown}' breaks off in the record at byte {at}; the {events} events before it are read");
            let problem = Diagnostic::new(Code::LogTruncated, text);
            // A later file goes on where this one broke off.
            let problem = if is_last { problem } else { problem.severity(Severity::Note) };
            problem.help("the run is still being written, or was cut off")
        }
        End::Corrupt(at) => Diagnostic::new(
            Code::LogCorrupt,
            format!("the record at byte {at} of '{shown}' fails its checksum; the {events} events before it are read"),
        )
        .help("the file was damaged after it was written; copy it again from where it was written"),
        End::Unreadable(cause) => Diagnostic::new(Code::FileUnreadable, format!("'{shown}' cannot be read: {cause}")),
    };
    Some(problem.at(path))
}

impl Log {
    fn event(&mut self, event: proto::Event, at: (usize, u64), restarts: &[Restart]) {
        self.first = self.first.or(Some(event.wall_time));
        if let Some(version) = event.file_version {
            self.facts.entry("file_version").or_insert(version);
        }
        if let Some(source) = event.source {
            self.facts.entry("writer").or_insert(source.writer);
        }
        self.graphs += u64::from(event.graph.is_some());
        if event.session_log.is_some_and(|s| s.status == 1) {
            self.restarts.push(Restart { at, step: event.step });
            self.purges |= !self.series.is_empty();
        }
        let taken_back = restarts.iter().any(|r| r.at > at && event.step >= r.step);
        let time = instant(event.wall_time);
        for value in event.summary.map(|s| s.value).unwrap_or_default() {
            self.value(value, at.0, event.step, time, taken_back);
        }
    }

    fn value(&mut self, value: proto::Value, file: usize, step: i64, time: Option<Instant>, taken_back: bool) {
        let plugin = value.metadata.as_ref().and_then(|m| m.plugin.as_ref());
        if let Some(plugin) = plugin.filter(|p| p.name == "hparams") {
            if let Ok(hparams) = proto::HParams::decode(plugin.content.as_slice()) {
                self.hparams(hparams);
            } else {
                self.problems.push(
                    Diagnostic::new(
                        Code::FieldInvalid,
                        format!("the hyperparameters in '{}' cannot be read", visible(&value.tag, 80)),
                    )
                    .pointer(value.tag.clone()),
                );
            }
            return;
        }
        if !self.tags.contains_key(&value.tag) && self.tags.len() >= MOST_TAGS {
            self.left_out = true;
            return;
        }
        let tag = self.tags.entry(value.tag.clone()).or_default();
        if let Some(metadata) = value.metadata.filter(|_| tag.count == 0) {
            tag.plugin = metadata.plugin.map(|p| p.name).unwrap_or_default();
            tag.is_scalar = tag.plugin == "scalars" || metadata.data_class == 1;
            tag.description = metadata.description;
        }
        tag.count += 1;
        let number = match (value.simple_value, &value.tensor) {
            (Some(number), _) => Some(Ok(f64::from(number))),
            (None, Some(tensor)) if tag.is_scalar => Some(scalar::number(tensor)),
            (None, Some(tensor)) => {
                if tag.plugin == "text" {
                    let texts = tensor.strings.iter().map(|s| String::from_utf8_lossy(s));
                    tag.text = Some(texts.collect::<Vec<_>>().join("\n").chars().take(MOST_TEXT).collect());
                }
                None
            }
            (None, None) => {
                let plugin = match (value.image, value.histogram, value.audio) {
                    (Some(_), _, _) => "images",
                    (_, Some(_), _) => "histograms",
                    (_, _, Some(_)) => "audio",
                    _ => "",
                };
                if tag.plugin.is_empty() {
                    plugin.clone_into(&mut tag.plugin);
                }
                None
            }
        };
        if taken_back {
            return;
        }
        match number {
            Some(Ok(number)) => {
                tag.file = file;
                tag.rejected = None;
                self.series.push(&value.tag, Point { step, time, value: Measured::new(number) });
            }
            Some(Err(found)) => {
                tag.file = file;
                tag.rejected = Some(found);
            }
            None => {}
        }
    }

    fn hparams(&mut self, data: proto::HParams) {
        if let Some(start) = data.start {
            self.params.extend(start.hparams.iter().map(|(name, value)| (name.clone(), datum(value, 0))));
            self.started = Some(start.start_time).filter(|t| *t > 0.0).or(self.started);
            for (key, value) in
                [("group", start.group_name), ("model_uri", start.model_uri), ("monitor_url", start.monitor_url)]
            {
                if !value.is_empty() {
                    self.facts.insert(key, value);
                }
            }
        }
        if let Some(end) = data.end {
            self.ended = Some(end.end_time).filter(|t| *t > 0.0);
            self.status = Some(match end.status() {
                proto::Status::Unknown => RunStatus::Unknown,
                proto::Status::Success => RunStatus::Finished,
                proto::Status::Failure => RunStatus::Failed,
                proto::Status::Running => RunStatus::Running,
            });
        }
        if let Some(experiment) = data.experiment {
            let facts =
                [("experiment", experiment.name), ("user", experiment.user), ("description", experiment.description)];
            for (key, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
                self.facts.insert(key, value);
            }
        }
    }

    fn into_run(mut self, run: &mut Run, files: &[String]) -> (Run, Vec<Diagnostic>) {
        let place = |tag: &Tag, name: &str| Pointer::new(files.get(tag.file).cloned().unwrap_or_default(), name);
        let nowhere = Tag::default();
        for (metric, series) in self.series.into_series() {
            let tag = self.tags.get(&metric).unwrap_or(&nowhere);
            let source = place(tag, &metric);
            if let Some(last) = series.totals().last.filter(|_| tag.rejected.is_none()) {
                run.results.push(MetricResult {
                    step: Some(last.step),
                    ..MetricResult::new(metric.clone(), last.value, source.clone())
                });
            }
            if series.totals().points > 1 {
                run.series.push(series.finish(metric, source));
            }
        }
        let (mut counts, mut texts, mut descriptions) =
            (BTreeMap::<String, Vec<(String, Datum)>>::new(), vec![], vec![]);
        for (name, tag) in self.tags {
            let source = place(&tag, &name);
            if let Some(found) = tag.rejected {
                self.problems.push(
                    Diagnostic::new(
                        Code::MetricInvalid,
                        format!("scalar '{}' is {}, not a number", visible(&name, 80), visible(&found, 80)),
                    )
                    .at(source.path.clone())
                    .pointer(name.clone())
                    .help("write a scalar as a tensor without dimensions"),
                );
                run.rejected.push(Rejected {
                    metric: name.clone(),
                    dataset: None,
                    slice: Slice::default(),
                    class: None,
                    found,
                    source,
                });
            } else if !tag.is_scalar && !matches!(tag.plugin.as_str(), "" | "scalars") {
                let count = i64::try_from(tag.count).unwrap_or(i64::MAX);
                counts.entry(tag.plugin).or_default().push((name.clone(), Datum::Int(count)));
            }
            texts.extend(tag.text.map(|text| (name.clone(), Datum::Text(text))));
            if !tag.description.is_empty() {
                descriptions.push((name, Datum::Text(tag.description)));
            }
        }
        run.params = self.params;
        run.status = self.status.unwrap_or(if self.is_cut { RunStatus::Running } else { RunStatus::Unknown });
        run.started_at = self.started.or(self.first).and_then(instant);
        run.ended_at = self.ended.and_then(instant);
        run.description = self.facts.remove("description");
        let facts = self.facts.into_iter().map(|(key, value)| (key.to_owned(), Datum::Text(value)));
        run.extra.extend(facts);
        run.extra.push(("events".to_owned(), Datum::Int(i64::try_from(self.events).unwrap_or(i64::MAX))));
        if self.graphs > 0 {
            run.extra.push(("graphs".to_owned(), Datum::Int(i64::try_from(self.graphs).unwrap_or(i64::MAX))));
        }
        run.extra.extend(counts.into_iter().map(|(plugin, tags)| (plugin, Datum::Map(tags))));
        for (key, map) in [("texts", texts), ("descriptions", descriptions)] {
            if !map.is_empty() {
                run.extra.push((key.to_owned(), Datum::Map(map)));
            }
        }
        if self.left_out {
            self.problems.push(
                Diagnostic::new(
                    Code::FileTooLarge,
                    format!(
                        "run '{}' has more than {MOST_TAGS} tags; the others are not read",
                        visible(&run.name, 200)
                    ),
                )
                .help("write fewer tags: a tag for each example is data, not a metric"),
            );
        }
        for problem in &mut self.problems {
            if problem.path.is_none() {
                problem.path = Some(run.origin.path.clone());
            }
        }
        (std::mem::take(run), self.problems)
    }
}

/// Parameters as PyTorch Lightning writes them.
fn lightning(folder: &Folder<'_>, entry: &Entry, log: &mut Log) {
    let data = match folder.read(entry) {
        Ok(data) => data,
        Err(problem) => return log.problems.push(*problem),
    };
    match data.text().map(yaml::parse) {
        Some(Ok(value)) => {
            for (name, value) in value.entries().unwrap_or_default() {
                log.params.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        Some(Err(error)) => log.problems.push(error.diagnostic(&data.path, 0)),
        None => log.problems.push(
            Diagnostic::new(Code::TextEncoding, "the file is not UTF-8")
                .at(data.path.clone())
                .help("write it as UTF-8"),
        ),
    }
}

fn datum(value: &proto::Any, depth: usize) -> Datum {
    match value {
        proto::Any { number: Some(number), .. } => Datum::Number(Measured::new(*number)),
        proto::Any { text: Some(text), .. } => Datum::Text(text.clone()),
        proto::Any { boolean: Some(value), .. } => Datum::Bool(*value),
        proto::Any { list: Some(list), .. } if depth < 8 => {
            Datum::List(list.values.iter().map(|v| datum(v, depth + 1)).collect())
        }
        _ => Datum::Null,
    }
}

/// Seconds since the epoch, to the millisecond.
fn instant(seconds: f64) -> Option<Instant> {
    let millis = (seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    (millis.abs() < 9e15).then(|| Instant::from_millis(millis as i64)).flatten()
}
