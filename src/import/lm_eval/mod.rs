//! lm-evaluation-harness: results of version 0.3 (`results[task][metric]`), of 0.4 (`metric,filter`),
//! of the variant whose `results` is a list, and samples (`samples_*.jsonl`).
//!
//! In: a file that `lm_eval --output_path` wrote. Out: one run for each file; files of one model and
//! version become one run ([`identity`]). A task is the dataset, a filter other than `none` a slice.
//! What changes the meaning of a number without being a part of the data — shots, a limit, the chat
//! template — is the split, so that `0-shot` and `5-shot` are never compared or taken for each other.

mod identity;
mod rows;

use super::harness::{Findings, instant, is_map, params, present, samples, text};
use super::{Content, DocumentImporter};
use crate::model::{Dataset, Datum, Direction, Document, Run, RunStatus};

/// lm-evaluation-harness.
pub(crate) struct LmEval;

/// Top-level fields that become something else than a field of the raw view.
const READ: &[&str] = &[
    "results",
    "groups",
    "config",
    "versions",
    "n-shot",
    "n-samples",
    "higher_is_better",
    "model_name",
    "model_name_sanitized",
    "date",
];

impl DocumentImporter for LmEval {
    fn kind(&self) -> &'static str {
        "lm-eval"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if let Some(value) = content.json() {
            return is_results(value);
        }
        content.json_lines().and_then(|mut lines| lines.next()).is_some_and(|(_, first)| {
            first.is_ok_and(|json| {
                let has = |key: &str| json.value.get(key).is_some();
                has("doc_id") && has("doc") && (has("resps") || has("filtered_resps") || has("target"))
            })
        })
    }

    fn read(&self, content: &Content<'_>) -> Document {
        match content.json() {
            Some(value) => read(value, &content.file.path),
            None => samples(content),
        }
    }
}

fn is_results(value: &Datum) -> bool {
    let configured = value.get("config").is_some_and(|c| c.get("model_args").is_some());
    match value.get("results") {
        Some(Datum::Map(rows)) => {
            rows.iter().all(|(_, row)| row.entries().is_some())
                && is_map(value, "versions")
                && (configured || is_map(value, "configs") || is_map(value, "config") || is_map(value, "n-shot"))
        }
        Some(Datum::List(rows)) => configured && rows.iter().all(|row| row.get("task_name").is_some()),
        _ => false,
    }
}

fn read(value: &Datum, path: &str) -> Document {
    let mut findings = Findings::new(path);
    let mut run = Run { status: RunStatus::Finished, ..Run::default() };
    let identity = identity::of(value);
    run.model = identity.model;
    run.version = run.model.is_some().then_some(identity.version);
    run.started_at = present(value, "date").and_then(instant);
    for (key, field) in value.get("config").and_then(Datum::entries).unwrap_or_default() {
        if key != "model_args" {
            params(&mut run, key, field);
        }
    }
    for (key, field) in &identity.args {
        params(&mut run, &format!("model_args.{key}"), field);
    }
    for key in ["system_instruction_sha", "chat_template_sha", "fewshot_as_multiturn", "total_evaluation_time_seconds"]
    {
        params(&mut run, key, value.get(key).unwrap_or(&Datum::Null));
    }
    datasets(value, &mut run);
    directions(value, &mut run);
    rows::read(value, path, &mut run, &mut findings);
    for (key, field) in value.entries().unwrap_or_default() {
        if !READ.contains(&key.as_str()) && !matches!(field, Datum::Null) {
            run.extra.push((key.clone(), field.clone()));
        }
    }
    Document { run, standalone: true, problems: findings.finish(), ..Document::default() }
}

/// The tasks as datasets. The tool's hash of a task is no digest of its data: it covers the prompts,
/// which change with the number of shots.
fn datasets(value: &Datum, run: &mut Run) {
    let of = |key: &str, task: &str| value.get(key).and_then(|m| m.get(task));
    let tasks = value.get("configs").and_then(Datum::entries).unwrap_or_default();
    for (task, config) in tasks {
        let split = |name: &str| text(config, name).is_some();
        let role = if split("test_split") { Some("test") } else { split("validation_split").then_some("validation") };
        let uri = text(config, "dataset_path").map(|path| match text(config, "dataset_name") {
            Some(name) => format!("{path}/{name}"),
            None => path.to_owned(),
        });
        run.datasets.push(Dataset {
            name: task.clone(),
            digest: None,
            role: role.map(str::to_owned),
            rows: of("n-samples", task).and_then(|n| n.get("original")).and_then(super::harness::count),
            uri,
        });
    }
    for (group, members) in value.get("group_subtasks").and_then(Datum::entries).unwrap_or_default() {
        if members.items().is_some_and(|m| !m.is_empty()) {
            run.datasets.push(Dataset { name: group.clone(), role: Some("group".to_owned()), ..Dataset::default() });
        }
    }
}

/// `higher_is_better` by task and metric; `null` where the tool does not know.
fn directions(value: &Datum, run: &mut Run) {
    for (_, metrics) in value.get("higher_is_better").and_then(Datum::entries).unwrap_or_default() {
        for (metric, higher) in metrics.entries().unwrap_or_default() {
            if let Datum::Bool(higher) = higher {
                run.direct(metric, if *higher { Direction::Higher } else { Direction::Lower });
            }
        }
    }
}
