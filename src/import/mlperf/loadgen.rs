//! A run of loadgen: `mlperf_log_detail.txt` and `mlperf_log_summary.txt` of one folder.
//!
//! In: the folder. Out: one run. Values come from the detail log (`result_*`, without that prefix);
//! what only the summary has is taken from there, and a value on which the two disagree beyond the
//! digits that they print is rejected. `result_validity` and its parts are checks, and a performance
//! run without a verdict is an `error` check. The log of responses holds no measurement.

use super::super::facts::Facts;
use super::super::{Folder, StoreImporter};
use super::line::{self, Entry};
use super::summary::{self, Summary};
use crate::diag::{Code, Severity, visible};
use crate::model::{Artifact, CheckStatus, Datum, Instant, Measured, Pointer, Records, Run, RunStatus};
use crate::source::FileData;

const DETAIL: &str = "mlperf_log_detail.txt";
const SUMMARY: &str = "mlperf_log_summary.txt";
const RESPONSES: &str = "mlperf_log_accuracy.json";
const TRACE: &str = "mlperf_log_trace.json";
/// Files above this size are not read, in bytes.
const FILE: u64 = 64 << 20;
/// Share by which two prints of one number may differ.
const DIGITS: f64 = 1e-3;
/// The suite of all checks.
const SUITE: &str = "mlperf";

/// A folder that loadgen wrote into.
pub(crate) struct Loadgen;

impl StoreImporter for Loadgen {
    fn kind(&self) -> &'static str {
        "mlperf"
    }

    fn claims(&self, folder: &Folder<'_>) -> bool {
        let is_detail = || folder.sniff(DETAIL).is_some_and(|f| line::is_log(&f.bytes));
        let is_summary = || {
            folder
                .sniff(SUMMARY)
                .and_then(|f| f.text().map(|t| t.contains("encountered") || t.contains("MLPerf Results")))
        };
        folder.file(DETAIL).is_some_and(|e| e.size() <= FILE) && is_detail()
            || folder.file(SUMMARY).is_some_and(|e| e.size() <= FILE) && is_summary() == Some(true)
    }

    fn read(&self, folder: &Folder<'_>) -> Records {
        let mut records = Records::default();
        let mut run = Run {
            id: folder.project_path(),
            source: self.kind().to_owned(),
            name: folder.name().to_owned(),
            folder: folder.project_path(),
            origin: Pointer::new(folder.project_path(), ""),
            ..Run::default()
        };
        if run.id.is_empty() {
            folder.name().clone_into(&mut run.id);
        }
        let mut open = |name: &str| match folder.file(name).filter(|e| e.size() <= FILE).map(|e| folder.read(e)) {
            Some(Ok(file)) => Some(file),
            Some(Err(problem)) => {
                records.problems.push(*problem);
                None
            }
            None => None,
        };
        let (detail, summary) = (open(DETAIL), open(SUMMARY));
        let parsed = summary.as_ref().and_then(|f| f.text()).map(summary::read);
        let place = summary.as_deref().or(detail.as_deref()).map_or_else(|| run.id.clone(), |f| f.path.clone());
        // What the files contradict each other in is the summary's place.
        let mut facts = Facts::new(&place);
        let mut documents = Vec::new();
        let mut state = State::default();
        if let Some(file) = &detail {
            let mut facts = Facts::new(&file.path);
            read_detail(file, &mut state, &mut facts);
            documents.push(facts.finish());
        }
        if let Some(parsed) = &parsed {
            read_summary(parsed, detail.is_some(), documents.first_mut().map(|d| &mut d.run), &mut state, &mut facts);
        }
        state.verdict(&mut facts);
        documents.push(facts.finish());
        for document in documents {
            document.attach(&mut run, &mut records);
        }
        for entry in folder.files() {
            match folder.relative(entry) {
                DETAIL | SUMMARY => {}
                name @ (RESPONSES | TRACE) => {
                    let artifact = Artifact { path: name.to_owned(), bytes: Some(entry.size()), ..Artifact::default() };
                    run.artifacts.push(artifact);
                }
                _ => records.unrecognised.push(folder.entry_path(entry)),
            }
        }
        records.runs.push(run);
        records
    }
}

/// What is known of the verdict.
#[derive(Default)]
struct State {
    accuracy_only: bool,
    scenario: String,
    /// The verdict of each file that has one, with the reason.
    verdicts: Vec<(String, String)>,
    reason: String,
    parts: Vec<(String, bool)>,
    errors: Vec<String>,
}

impl State {
    /// The checks: the verdict, its parts, errors that loadgen met.
    fn verdict(&self, facts: &mut Facts<'_>) {
        let suite = if self.scenario.is_empty() { SUITE.to_owned() } else { format!("{SUITE} {}", self.scenario) };
        let name = "result validity";
        match self.verdicts.as_slice() {
            [] if self.accuracy_only => {}
            [] => {
                let text = "the log holds no verdict: the run was cut off, or the file was";
                facts.report(Code::FieldMissing, Severity::Error, text.to_owned(), "", "run loadgen to its end");
                facts.check(&suite, name, CheckStatus::Error, text, "");
            }
            [(first, pointer), rest @ ..] => {
                let status = match first.as_str() {
                    _ if rest.iter().any(|(other, _)| other != first) => CheckStatus::Error,
                    "VALID" => CheckStatus::Pass,
                    "INVALID" => CheckStatus::Fail,
                    _ => CheckStatus::Error,
                };
                let message = match status {
                    CheckStatus::Pass => String::new(),
                    CheckStatus::Fail if self.reason.is_empty() => "the result is INVALID".to_owned(),
                    CheckStatus::Fail => format!("the result is INVALID: {}", self.reason),
                    _ => {
                        let all: Vec<&str> = self.verdicts.iter().map(|(v, _)| v.as_str()).collect();
                        format!("the files disagree on the verdict: {}", all.join(" and "))
                    }
                };
                facts.check(&suite, name, status, &message, pointer);
            }
        }
        for (part, met) in &self.parts {
            let status = if *met { CheckStatus::Pass } else { CheckStatus::Fail };
            facts.check(&suite, &part.replace('_', " "), status, if *met { "" } else { "not satisfied" }, "");
        }
        if let Some(first) = self.errors.first() {
            let message = if self.errors.len() > 1 {
                format!("{first} (and {} more)", self.errors.len() - 1)
            } else {
                first.clone()
            };
            facts.check(&suite, "errors during the test", CheckStatus::Error, &message, "");
        }
    }
}

fn read_detail(file: &FileData, state: &mut State, facts: &mut Facts<'_>) {
    for entry in line::entries(file) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(problem) => {
                let message = format!("line {} of the log is damaged", problem.line.unwrap_or_default());
                state.errors.push(message);
                facts.report(
                    Code::JsonSyntax,
                    Severity::Error,
                    problem.message,
                    "",
                    "was the file written completely?",
                );
                continue;
            }
        };
        detail_entry(&entry, state, facts);
    }
    for result in &mut facts.document.run.results {
        result.harness.clone_from(&facts.harness);
    }
    facts.document.run.status =
        if state.verdicts.is_empty() && !state.accuracy_only { RunStatus::Unknown } else { RunStatus::Finished };
}

fn detail_entry(entry: &Entry, state: &mut State, facts: &mut Facts<'_>) {
    let pointer = format!("line {}", entry.line);
    let shown = entry.value.display();
    if entry.metadata.get("is_error") == Some(&Datum::Bool(true)) {
        state.errors.push(visible(&shown, 300));
    }
    match entry.key.as_str() {
        "loadgen_version" => {
            let version = shown.split_whitespace().next().unwrap_or_default();
            facts.harness = Some(format!("mlperf-loadgen {version}"));
        }
        "test_datetime" => facts.document.run.started_at = Instant::parse(&shown),
        "sut_name" | "qsl_name" => facts.param(&entry.key, &entry.value),
        "effective_scenario" => {
            state.scenario.clone_from(&shown);
            facts.param("scenario", &entry.value);
        }
        "effective_test_mode" => {
            state.accuracy_only = shown == "AccuracyOnly";
            facts.param("test_mode", &entry.value);
        }
        "result_validity" => state.verdicts.push((shown, pointer)),
        "result_invalid_reason" => shown.trim().clone_into(&mut state.reason),
        "early_stopping_met" => part("early_stopping_met", &entry.value, state),
        "num_errors" | "num_warnings" => facts.extra(&entry.key, Some(&entry.value)),
        key => {
            if let Some(name) = key.strip_prefix("result_") {
                match &entry.value {
                    Datum::Bool(_) => part(name, &entry.value, state),
                    value => {
                        facts.metric(name, value, &pointer);
                    }
                }
            } else if let Some(name) = key.strip_prefix("effective_") {
                facts.param(name, &entry.value);
            } else if key.starts_with("error_") || key == "early_stopping_result" {
                facts.extra(key, Some(&entry.value));
            }
        }
    }
}

fn part(name: &str, value: &Datum, state: &mut State) {
    let met = *value == Datum::Bool(true);
    if !state.parts.iter().any(|(known, _)| known == name) {
        state.parts.push((name.to_owned(), met));
    }
}

/// Reads the summary: all of it when there is no detail log, what is new when there is one.
fn read_summary(summary: &Summary, beside: bool, detail: Option<&mut Run>, state: &mut State, facts: &mut Facts<'_>) {
    for (name, value) in &summary.about {
        match name.as_str() {
            "Scenario" if state.scenario.is_empty() => state.scenario.clone_from(value),
            "Mode" if !beside => state.accuracy_only = value == "AccuracyOnly",
            _ => {}
        }
        let key = match name.as_str() {
            "SUT name" => "sut_name",
            "Scenario" => "scenario",
            _ => "test_mode",
        };
        facts.param(key, &Datum::Text(value.clone()));
    }
    if let Some((verdict, line)) = &summary.validity {
        state.verdicts.push((verdict.clone(), format!("line {line}")));
    }
    if !beside {
        // The summary of an accuracy run has no results at all.
        state.accuracy_only |= summary.values.is_empty() && summary.validity.is_none() && summary.about.is_empty();
        facts.harness = Some("mlperf-loadgen".to_owned());
        facts.document.run.status = RunStatus::Finished;
        for (name, value) in &summary.params {
            facts.param(name, &Datum::Text(value.clone()));
        }
        if let Some((text, _)) = &summary.errors {
            state.errors.push(text.clone());
        }
    }
    for (name, met, _) in &summary.parts {
        match state.parts.iter_mut().find(|(known, _)| known == name) {
            // Both have to say that it is met.
            Some((_, known)) => *known &= met,
            None => state.parts.push((name.clone(), *met)),
        }
    }
    let mut known = detail;
    let harness = known.as_deref().and_then(|d| d.results.first()).and_then(|r| r.harness.clone());
    facts.harness = harness.or_else(|| facts.harness.take());
    for value in &summary.values {
        let pointer = format!("line {}", value.line);
        let number = match &value.number {
            Ok(number) => *number,
            Err(text) => {
                facts.reject(&value.name, format!("text \"{}\"", visible(text, 40)), &pointer);
                continue;
            }
        };
        let same = known.as_deref().and_then(|d| d.results.iter().position(|r| r.metric == value.name));
        match (same, known.as_deref_mut()) {
            (Some(at), Some(run)) => {
                let detailed = run.results.get(at).map(|r| r.value);
                if detailed.is_some_and(|d| !close(d, number)) {
                    let text = format!("{number} in the summary and {} in the detail log", detailed.unwrap_or(number));
                    run.results.remove(at);
                    facts.reject(&value.name, text, &pointer);
                }
            }
            _ => {
                facts.number(&value.name, number, &pointer);
            }
        }
    }
}

/// Whether two prints may be of one number.
fn close(a: Measured, b: Measured) -> bool {
    let (a, b) = (a.as_f64(), b.as_f64());
    a == b || (a - b).abs() <= DIGITS * a.abs().max(b.abs()) || (a - b).abs() <= 0.01
}
