//! The values: rows by task, groups of tasks, and the list of the variant.
//!
//! In: the file's top-level object. Out: results of the run, each with its standard error, its number
//! of examples, and the harness with the task's version.

use std::collections::BTreeSet;

use crate::diag::{Code, Diagnostic};
use crate::import::harness::{Findings, below, count, due, present, shown, text};
use crate::model::{Datum, Finite, Pointer, Run};

/// Keys of a row that are no metrics.
const PLAIN: &[&str] =
    &["alias", "name", "sample_len", "sample_count", "samples", "task_name", "prompt_name", "subset"];
/// Keys of a row of the list variant that say where the data is from.
const PLACE: &[&str] = &["dataset_path", "dataset_name", "prompt_id", "prompt_jinja", "fixed_answer_choice_list"];
/// How the name of a standard error ends.
const STDERR: &str = "_stderr";

/// Reads all values.
pub(super) fn read(value: &Datum, path: &str, run: &mut Run, findings: &mut Findings<'_>) {
    let file = File { value, path, harness: harness(value) };
    match value.get("results") {
        Some(Datum::Map(tasks)) => {
            for (task, row) in tasks {
                file.row(task, row, &below("/results", task), run, findings);
            }
            // Rows of groups stand in both places; one that differs is a contradiction, which stays visible.
            let groups = value.get("groups").and_then(Datum::entries).unwrap_or_default();
            for (group, row) in groups {
                let same = tasks.iter().any(|(task, other)| task == group && other == row);
                if !same && row.entries().is_some() {
                    file.row(group, row, &below("/groups", group), run, findings);
                }
            }
        }
        Some(Datum::List(rows)) => {
            for (i, row) in rows.iter().enumerate() {
                if let Some(task) = text(row, "task_name") {
                    file.row(task, row, &format!("/results/{i}"), run, findings);
                }
            }
        }
        _ => {}
    }
}

/// `lm-eval 0.4.8 (8c05cfe0)`: the version is young, older files give the commit only.
fn harness(value: &Datum) -> String {
    let mut out = "lm-eval".to_owned();
    if let Some(version) = text(value, "lm_eval_version") {
        out.push(' ');
        out.push_str(version);
    }
    if let Some(commit) = text(value, "git_hash") {
        out.push_str(&format!(" ({})", commit.chars().take(12).collect::<String>()));
    }
    out
}

struct File<'a> {
    value: &'a Datum,
    path: &'a str,
    harness: String,
}

impl File<'_> {
    fn of(&self, map: &str, task: &str) -> Option<&Datum> {
        present(self.value.get(map)?, task)
    }

    fn row(&self, task: &str, row: &Datum, pointer: &str, run: &mut Run, findings: &mut Findings<'_>) {
        let Some(entries) = row.entries() else { return };
        let keys: BTreeSet<&str> = entries.iter().map(|(k, _)| k.as_str()).collect();
        let split = self.split(task);
        let harness = self.task_harness(task);
        for (key, found) in entries {
            let (metric, filter) = key.split_once(',').unwrap_or((key, "none"));
            let metric = metric.trim();
            let plain = !key.contains(',') && (PLAIN.contains(&metric) || PLACE.contains(&metric));
            // An error beside its metric belongs to it.
            let error_of = metric.strip_suffix(STDERR).map(|of| named(of, filter, key.contains(',')));
            if metric.is_empty() || plain || error_of.is_some_and(|of| keys.contains(of.as_str())) {
                continue;
            }
            let mut result = due(metric, Pointer::new(self.path, below(pointer, key)));
            result.dataset = Some(task.to_owned());
            result.split.clone_from(&split);
            if filter != "none" && !filter.is_empty() {
                result.slice.0.insert("filter".to_owned(), filter.to_owned());
            }
            if let Some(prompt) = text(row, "prompt_name") {
                result.slice.0.insert("prompt".to_owned(), prompt.to_owned());
            }
            if let Some(subset) = text(row, "subset") {
                result.slice.0.insert("subset".to_owned(), subset.to_owned());
            }
            result.n = self.examples(task, row, key);
            let error = named(&format!("{metric}{STDERR}"), filter, key.contains(','));
            result.stderr = stderr(row, &error, &below(pointer, &error), findings);
            result.harness = Some(harness.clone());
            if !matches!(found, Datum::Null) {
                findings.value(run, result, found);
            }
        }
    }

    /// Everything beside the data that a number depends on: shots, limit, chat template.
    fn split(&self, task: &str) -> Option<String> {
        let config = self.value.get("config").unwrap_or(&Datum::Null);
        let shots = self
            .of("n-shot", task)
            .or_else(|| self.of("configs", task).and_then(|c| present(c, "num_fewshot")))
            .or_else(|| present(config, "num_fewshot"))
            .map(Datum::display)
            .filter(|s| !s.is_empty());
        let mut parts: Vec<String> = shots.iter().map(|s| format!("{s}-shot")).collect();
        if let Some(limit) = present(config, "limit") {
            parts.push(format!("limit {}", limit.display()));
        }
        if text(self.value, "chat_template").is_some() {
            parts.push("chat template".to_owned());
        }
        if text(self.value, "system_instruction").is_some() {
            parts.push("system prompt".to_owned());
        }
        let several = matches!(self.value.get("fewshot_as_multiturn"), Some(Datum::Bool(true)));
        if several && shots.as_deref().is_some_and(|s| s != "0") {
            parts.push("multiturn".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn task_harness(&self, task: &str) -> String {
        let mut out = self.harness.clone();
        if let Some(version) = self.of("versions", task).map(Datum::display).filter(|v| !v.is_empty()) {
            out.push_str(&format!(", task version {version}"));
        }
        let members = self.of("group_subtasks", task).and_then(Datum::items).map_or(0, <[Datum]>::len);
        if members > 0 {
            out.push_str(&format!(", group of {members} tasks"));
        } else if self.of("groups", task).is_some() {
            out.push_str(", group");
        }
        out
    }

    fn examples(&self, task: &str, row: &Datum, key: &str) -> Option<u64> {
        let counted = row.get("sample_count").and_then(|c| c.get(key)).and_then(count);
        let effective = || self.of("n-samples", task).and_then(|n| n.get("effective")).and_then(count);
        let length = || row.get("sample_len").or_else(|| row.get("samples")).and_then(count);
        counted.or_else(effective).or_else(length)
    }
}

/// The key of a metric and filter in the file's own layout.
fn named(metric: &str, filter: &str, new: bool) -> String {
    if new { format!("{metric},{filter}") } else { metric.to_owned() }
}

/// The standard error: the format writes `"N/A"` where there is none.
fn stderr(row: &Datum, key: &str, pointer: &str, findings: &mut Findings<'_>) -> Option<Finite> {
    let found = present(row, key)?;
    if found.as_str().is_some_and(|t| matches!(t.trim(), "N/A" | "")) {
        return None;
    }
    let Some(number) = found.as_number() else {
        let text = format!("a standard error is due here, not {}", shown(found));
        findings.report(Diagnostic::new(Code::FieldInvalid, text).help("the metric stands without one"), pointer);
        return None;
    };
    number.finite().filter(|e| e.get() >= 0.0).or_else(|| {
        let text = format!("the standard error is {number}: the metric stands without one");
        let note = number.finite().is_none();
        let finding = Diagnostic::new(if note { Code::MetricNonFinite } else { Code::FieldInvalid }, text);
        findings.report(finding.severity(crate::diag::Severity::Note), pointer);
        None
    })
}
