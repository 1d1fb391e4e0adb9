//! OpenAI evals: the event log of `oaieval`, one JSON object on each line.
//!
//! In: a `.jsonl` file with a `spec` (`evals.base.RunSpec`), a `final_report` and events
//! (`evals.record.Event`), in any order. Out: a run whose results are the numbers of the final
//! report. The bootstrap deviation of the accuracy (`boostrap_std` as the tool spells it) is its
//! standard error. A log without a final report is of a run that has not ended.

use std::collections::BTreeSet;

use super::facts::{Facts, below, number_in_text, present, text};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Severity};
use crate::model::{Datum, Document, Instant, RunStatus};

/// Objects nest this deep in a final report.
const DEPTH: usize = 6;
/// Names of the bootstrap deviation.
const BOOTSTRAP: [&str; 2] = ["boostrap_std", "bootstrap_std"];

/// Event logs of OpenAI evals.
pub(crate) struct OpenAiEvals;

impl DocumentImporter for OpenAiEvals {
    fn kind(&self) -> &'static str {
        "openai-evals"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let Some(lines) = content.json_lines() else { return false };
        lines.take(3).any(|(_, line)| line.is_ok_and(|line| line.value.get("spec").is_some_and(is_spec)))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("openai-evals".to_owned());
        let Some(lines) = content.json_lines() else { return Document::default() };
        let mut report: Option<(u32, Datum)> = None;
        let mut samples = BTreeSet::new();
        let mut last = None;
        for (number, line) in lines {
            let line = match line {
                Ok(line) => line.value,
                Err(problem) => {
                    facts.document.problems.push(*problem);
                    continue;
                }
            };
            if let Some(spec) = line.get("spec").filter(|s| is_spec(s)) {
                specification(spec, &mut facts);
            } else if let Some(found) = present(&line, "final_report") {
                if report.as_ref().is_some_and(|(_, earlier)| earlier != found) {
                    let text = format!("line {number} holds another final report; it is the one that counts");
                    facts.report(Code::MetricConflict, Severity::Error, text, &format!("line {number}"), "");
                }
                report = Some((number, found.clone()));
            } else {
                if matches!(text(&line, "type"), Some("match" | "metrics"))
                    && let Some(sample) = text(&line, "sample_id")
                {
                    samples.insert(sample.to_owned());
                }
                last = text(&line, "created_at").and_then(Instant::parse).or(last);
            }
        }
        facts.document.run.ended_at = last;
        let n = u64::try_from(samples.len()).ok().filter(|n| *n > 0);
        match report {
            Some((line, report)) => {
                facts.document.run.status = RunStatus::Finished;
                let at = format!("line {line} /final_report");
                values(&report, "", &at, 0, &mut facts);
                let stderr = BOOTSTRAP.iter().find_map(|k| report.get(k)).and_then(Datum::as_number);
                let stderr = stderr.and_then(|s| s.finite()).filter(|s| s.get() >= 0.0);
                for result in &mut facts.document.run.results {
                    result.n = n;
                    if result.metric == "accuracy" {
                        result.stderr = stderr;
                    }
                }
                let taken = stderr.is_some() && report.get("accuracy").is_some_and(|a| a.as_number().is_some());
                facts.document.run.results.retain(|r| !(taken && BOOTSTRAP.contains(&r.metric.as_str())));
            }
            None => {
                facts.document.run.status = RunStatus::Running;
                facts.report(
                    Code::FieldMissing,
                    Severity::Warning,
                    "the log has no final report: the evaluation is running or was cut off".to_owned(),
                    "",
                    "read it again when the evaluation has ended",
                );
            }
        }
        let mut document = facts.finish();
        document.standalone = true;
        document
    }
}

fn is_spec(spec: &Datum) -> bool {
    text(spec, "eval_name").is_some() && (spec.get("run_id").is_some() || spec.get("completion_fns").is_some())
}

fn specification(spec: &Datum, facts: &mut Facts<'_>) {
    let name = text(spec, "eval_name").unwrap_or_default().to_owned();
    facts.dataset = Some(name.clone());
    facts.split = text(spec, "split").map(str::to_owned);
    facts.document.run.name = name;
    facts.document.run.started_at = text(spec, "created_at").and_then(Instant::parse);
    if let Some([Datum::Text(model)]) = spec.get("completion_fns").and_then(Datum::items) {
        facts.document.run.model = Some(model.clone());
        // Several evaluations of one model may start together; the run's id keeps them apart.
        facts.document.run.version = text(spec, "run_id").map(str::to_owned);
    }
    for key in ["eval_name", "base_eval", "split", "completion_fns"] {
        if let Some(value) = present(spec, key) {
            facts.param(key, value);
        }
    }
    facts.params("run_config.", spec.get("run_config"));
    for key in ["run_id", "created_by"] {
        facts.system_tag(key, spec.get(key));
    }
}

/// The numbers of a report; keys of objects are joined by dots. Text that is no number is a fact.
fn values(object: &Datum, prefix: &str, pointer: &str, depth: usize, facts: &mut Facts<'_>) {
    for (key, value) in object.entries().unwrap_or_default() {
        let name = format!("{prefix}{key}");
        let at = below(pointer, &[key]);
        match value {
            Datum::Map(_) if depth < DEPTH => values(value, &format!("{name}."), &at, depth + 1, facts),
            Datum::Text(t) if number_in_text(t).is_none() => facts.extra(&format!("final_report.{name}"), Some(value)),
            Datum::List(_) | Datum::Map(_) | Datum::Bool(_) => {
                facts.extra(&format!("final_report.{name}"), Some(value));
            }
            value => {
                facts.metric(&name, value, &at);
            }
        }
    }
}
