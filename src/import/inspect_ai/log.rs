//! A log's header: what was evaluated, how it ended, the scores.
//!
//! In: the JSON of an `EvalLog` without its samples. Out: facts of a run. Version 1 has one scorer
//! (`results.scorer`, `results.metrics`), version 2 and later a list (`results.scores`). A metric is
//! called by its own name (`accuracy`) when the log has one score, and `SCORE/METRIC` when it has
//! several, because then the bare name says nothing. `stderr` beside `accuracy` or `mean` is the
//! standard error of that value.

use std::collections::BTreeSet;

use super::super::facts::{Facts, below, count, present, text};
use crate::diag::{Code, Severity, visible};
use crate::model::{Dataset, Datum, Instant, RunStatus};

/// The newest log version that is known.
const VERSION: i64 = 3;

/// Reads a log into the facts.
pub(super) fn read(log: &Datum, facts: &mut Facts<'_>) {
    version(log, facts);
    status(log, facts);
    if let Some(eval) = log.get("eval") {
        specification(eval, facts);
    }
    times(log, facts);
    if let Some(results) = present(log, "results") {
        scores(results, facts);
    }
    facts.params("generate.", log.get("plan").and_then(|p| p.get("config")));
    facts.extra("plan", log.get("plan").and_then(|p| p.get("steps")));
    facts.extra("stats", log.get("stats"));
    facts.extra("error", log.get("error").and_then(|e| e.get("message")));
    tags(log, facts);
    if log.get("invalidated") == Some(&Datum::Bool(true)) {
        invalidate(facts);
    }
}

fn version(log: &Datum, facts: &mut Facts<'_>) {
    if let Some(Datum::Int(version)) = log.get("version") {
        facts.system_tag("log_version", Some(&Datum::Int(*version)));
        if !(0..=VERSION).contains(version) {
            let text = format!("log version {version} is newer than {VERSION}, the last that is known");
            facts.report(
                Code::FormatVersion,
                Severity::Warning,
                text,
                "/version",
                "compare the values with the tool's own",
            );
        }
    }
}

fn status(log: &Datum, facts: &mut Facts<'_>) {
    // `start.json` of an archive has no status; its reader sets one.
    let Some(name) = text(log, "status") else { return };
    facts.document.run.status = match name {
        "success" => RunStatus::Finished,
        "error" => RunStatus::Failed,
        "cancelled" => RunStatus::Killed,
        "started" => RunStatus::Running,
        other => {
            // An outcome that nobody knows must not count as success.
            let message = format!("status '{}' is not known; the run counts as failed", visible(other, 60));
            facts.report(Code::FieldInvalid, Severity::Warning, message, "/status", "");
            RunStatus::Failed
        }
    };
}

fn specification(eval: &Datum, facts: &mut Facts<'_>) {
    let run = &mut facts.document.run;
    let task = text(eval, "task").unwrap_or_default();
    task.clone_into(&mut run.name);
    run.model = text(eval, "model").map(str::to_owned);
    facts.dataset = Some(task.to_owned()).filter(|t| !t.is_empty());
    let tool = eval.get("packages").and_then(|p| text(p, "inspect_ai"));
    facts.harness = Some(tool.map_or_else(|| "inspect_ai".to_owned(), |v| format!("inspect_ai {v}")));
    if let Some(dataset) = eval.get("dataset") {
        let name = text(dataset, "name").or_else(|| text(dataset, "location")).unwrap_or(task);
        facts.document.run.datasets.push(Dataset {
            name: name.to_owned(),
            role: Some("test".to_owned()),
            rows: count(dataset, "samples"),
            uri: text(dataset, "location").map(str::to_owned),
            digest: None,
        });
    }
    for key in ["task", "task_version", "solver", "model_base_url"] {
        if let Some(value) = present(eval, key) {
            facts.param(key, value);
        }
    }
    facts.params("task_args.", eval.get("task_args"));
    facts.params("solver_args.", eval.get("solver_args"));
    facts.params("model_args.", eval.get("model_args"));
    facts.params("generate.", eval.get("model_generate_config"));
    facts.params("config.", eval.get("config"));
    facts.params("model_roles.", eval.get("model_roles"));
    for key in ["eval_id", "run_id", "task_id", "task_file", "task_registry_name", "eval_set_id", "created"] {
        facts.system_tag(key, eval.get(key));
    }
    for key in ["packages", "scorers", "metrics", "sandbox", "task_attribs"] {
        facts.extra(key, eval.get(key));
    }
    let revision = present(eval, "revision");
    let git = &mut facts.document.run.git;
    git.commit = revision.and_then(|r| text(r, "commit")).map(str::to_owned);
    git.remote = revision.and_then(|r| text(r, "origin")).map(str::to_owned);
    git.dirty = match revision.and_then(|r| r.get("dirty")) {
        Some(Datum::Bool(dirty)) => Some(*dirty),
        _ => None,
    };
}

fn times(log: &Datum, facts: &mut Facts<'_>) {
    let stats = log.get("stats");
    let at = |object: Option<&Datum>, key: &str| object.and_then(|o| text(o, key)).and_then(Instant::parse);
    let eval = log.get("eval");
    let run = &mut facts.document.run;
    run.started_at = at(stats, "started_at").or_else(|| at(eval, "created"));
    run.ended_at = at(stats, "completed_at");
    // Tasks of one evaluation set start in the same second; the task's id keeps them apart.
    if let Some(started) = run.started_at.filter(|_| run.model.is_some()) {
        let task = run.name.rsplit('/').next().unwrap_or_default();
        let id: String = eval.and_then(|e| text(e, "task_id")).unwrap_or_default().chars().take(6).collect();
        let parts = [started.to_string(), task.to_owned(), id];
        run.version = Some(parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("-"));
    }
}

/// Tags of the evaluation, and the scalars of its metadata.
fn tags(log: &Datum, facts: &mut Facts<'_>) {
    let eval = log.get("eval");
    for owner in [Some(log), eval].into_iter().flatten() {
        for tag in owner.get("tags").and_then(Datum::items).unwrap_or_default() {
            if let Some(tag) = tag.as_str() {
                facts.document.run.tags.entry(tag.to_owned()).or_default();
            }
        }
        for (key, value) in owner.get("metadata").and_then(Datum::entries).unwrap_or_default() {
            match value {
                Datum::Text(_) | Datum::Int(_) | Datum::Number(_) | Datum::Bool(_) => {
                    facts.document.run.tags.entry(key.clone()).or_insert_with(|| value.display());
                }
                other => facts.extra(&format!("metadata.{key}"), Some(other)),
            }
        }
    }
}

/// One score: what it is called, and its metrics.
struct Score<'d> {
    name: &'d str,
    reducer: Option<&'d str>,
    n: Option<u64>,
    metrics: &'d [(String, Datum)],
    pointer: String,
}

fn scores(results: &Datum, facts: &mut Facts<'_>) {
    let all = count(results, "completed_samples").or_else(|| count(results, "total_samples"));
    facts.extra("total_samples", results.get("total_samples"));
    facts.extra("completed_samples", results.get("completed_samples"));
    facts.extra("headline", results.get("headline"));
    let mut found = Vec::new();
    match present(results, "scores") {
        Some(Datum::List(items)) => {
            for (i, score) in items.iter().enumerate() {
                let pointer = format!("/results/scores/{i}");
                let Some(metrics) = score.get("metrics").and_then(Datum::entries) else {
                    let text = "a score has no metrics".to_owned();
                    facts.report(Code::FieldMissing, Severity::Warning, text, &pointer, "");
                    continue;
                };
                let name = text(score, "name").or_else(|| text(score, "scorer")).unwrap_or_default();
                let n = count(score, "scored_samples").or(all);
                found.push(Score { name, reducer: text(score, "reducer"), n, metrics, pointer });
            }
        }
        Some(other) => {
            let text = format!("'scores' is {}, not a list", other.kind());
            facts.report(Code::JsonShape, Severity::Error, text, "/results/scores", "");
        }
        None => {
            if let Some(metrics) = results.get("metrics").and_then(Datum::entries) {
                let scorer = results.get("scorer");
                let name = scorer.and_then(|s| text(s, "name").or_else(|| s.as_str())).unwrap_or_default();
                found.push(Score { name, reducer: None, n: all, metrics, pointer: "/results".to_owned() });
            }
        }
    }
    let several = found.len() > 1;
    let names: Vec<&str> = found.iter().map(|s| s.name).collect();
    for score in &found {
        let reduced = names.iter().filter(|n| **n == score.name).count() > 1;
        let prefix = match score.reducer.filter(|_| reduced) {
            Some(reducer) => format!("{}/{reducer}/", score.name),
            None if several => format!("{}/", score.name),
            None => String::new(),
        };
        one_score(score, &prefix, facts);
    }
}

/// Names of the standard error of a score's mean.
const STDERR: [&str; 2] = ["stderr", "bootstrap_stderr"];
/// Names of a score's mean.
const MEANS: [&str; 2] = ["accuracy", "mean"];

fn one_score(score: &Score<'_>, prefix: &str, facts: &mut Facts<'_>) {
    // A metric is `{name, value}`; a bare number is taken too.
    let value = |metric: &'_ Datum| metric.get("value").cloned().unwrap_or_else(|| metric.clone());
    let has = |name: &str| score.metrics.iter().any(|(k, _)| k == name);
    let stderr = STDERR.iter().find_map(|name| {
        let (_, metric) = score.metrics.iter().find(|(k, _)| k == name)?;
        let error = value(metric).as_number()?.finite().filter(|e| e.get() >= 0.0)?;
        MEANS.iter().any(|m| has(m)).then_some((*name, error))
    });
    let mut seen = BTreeSet::new();
    for (name, metric) in score.metrics {
        if !seen.insert(name) || stderr.is_some_and(|(taken, _)| taken == name) {
            continue;
        }
        let pointer = below(&score.pointer, &["metrics", name]);
        let pointer = if metric.get("value").is_some() { format!("{pointer}/value") } else { pointer };
        if let Some(result) = facts.metric(&format!("{prefix}{name}"), &value(metric), &pointer) {
            result.n = score.n;
            if MEANS.contains(&name.as_str()) {
                result.stderr = stderr.map(|(_, error)| error);
            }
        }
    }
}

/// Somebody has marked samples of the log as invalid: none of its values may pass a gate.
fn invalidate(facts: &mut Facts<'_>) {
    let results = std::mem::take(&mut facts.document.run.results);
    let prefix = facts.place("").pointer;
    for result in results {
        let pointer = result.source.pointer.strip_prefix(&prefix).unwrap_or_default().to_owned();
        let found = format!("{} of a log that is marked as invalidated", result.value);
        facts.reject(&result.metric, found, &pointer);
    }
}
