//! An MLflow tracking server, page by page (REST API 2.0 and 3.x; mlflow/protos/service.proto and
//! model_registry.proto name the messages).
//!
//! In: a client. Out: the answers as files: `experiments/N.json`, `runs/N.json`, `histories/N.json` and `history-of/RUN/N.json`,
//! `registered-models/N.json`, `model-versions/N.json`, `logged-models/N.json`, `artifacts/RUN/N.json`
//! (lists) and `files/RUN/PATH` (small documents of runs that are registered versions). Only page
//! tokens, ids and metric names are looked at here; `import/mlflow` reads the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiter::JsonValue;
use serde_json::{Value, json};

use super::http::{Client, Failure};
use super::pages::Pages;
use crate::diag::{Code, Diagnostic, Severity, count};

/// Runs on one page of a search.
const RUNS_PAGE: u32 = 1_000;

/// Runs whose histories of one metric are asked for at once; the server takes at most 100
/// (mlflow/server/handlers.py, `MAX_RUNS_GET_METRIC_HISTORY_BULK`).
const RUNS_PER_HISTORY: usize = 100;

/// Points in one answer of histories; the server cuts off at 25,000 (`MAX_HISTORY_RESULTS`).
const POINTS: usize = 25_000;

/// Pages of one listing: a server that never stops is stopped.
const PAGES: usize = 10_000;

/// Requests for lists of artifacts.
const LISTS: usize = 5_000;

/// Size of an artifact that is fetched, in bytes.
const ARTIFACT_BYTES: u64 = 2 << 20;

/// Endings of artifacts that an importer may understand.
const DOCUMENTS: &[&str] = &[".json", ".csv", ".md", ".yaml", ".yml", ".toml", ".txt", "/MLmodel"];

/// Requests at the same time.
const AT_ONCE: usize = 8;

/// Fetches everything but traces. `experiments` limits it to those of these names; empty for all.
pub(super) fn fetch(client: &Client, source: &str, experiments: &[String]) -> Result<Pages, Box<Diagnostic>> {
    let fatal = |failure: Failure| Box::new(failure.diagnostic(source));
    let mut pages = Pages::default();

    let found = listing(&mut pages, "experiments", |token| {
        client.post_json(
            "/api/2.0/mlflow/experiments/search",
            &body(json!({"max_results": 1_000, "view_type": "ALL"}), token),
        )
    })
    .map_err(fatal)?;
    let ids: Vec<String> = members(&found, "experiments")
        .filter(|e| experiments.is_empty() || text(e, "name").is_some_and(|n| experiments.iter().any(|w| w == n)))
        .filter_map(|e| text(e, "experiment_id").map(str::to_owned))
        .collect();
    for wanted in experiments {
        if !members(&found, "experiments").any(|e| text(e, "name") == Some(wanted)) {
            pages.problem(
                Diagnostic::new(
                    Code::SourceMissing,
                    format!("the server has no experiment '{}'", crate::diag::visible(wanted, 80)),
                )
                .at(source)
                .help("correct the name in 'experiments'; its evidence counts as missing"),
            );
        }
    }

    let mut runs = Vec::new();
    // The server searches a limited number of experiments at once.
    for group in ids.chunks(100) {
        runs.extend(
            listing(&mut pages, &format!("runs/{}", group[0]), |token| {
                let search = json!({"experiment_ids": group, "max_results": RUNS_PAGE, "run_view_type": "ALL"});
                client.post_json("/api/2.0/mlflow/runs/search", &body(search, token))
            })
            .map_err(fatal)?,
        );
    }
    histories(client, source, &runs, &mut pages)?;

    let mut registered = BTreeSet::new();
    for (name, path) in [("registered-models", "registered-models/search"), ("model-versions", "model-versions/search")]
    {
        let found = listing(&mut pages, name, |token| {
            let mut query = vec![("max_results", "1000")];
            query.extend(token.map(|t| ("page_token", t)));
            client.get(&format!("/api/2.0/mlflow/{path}"), &query)
        });
        match found {
            Ok(found) => registered.extend(
                members(&found, "model_versions")
                    .filter_map(|v| text(v, "run_id"))
                    .filter(|r| !r.is_empty())
                    .map(str::to_owned),
            ),
            // A server without a registry says so; any other failure is one of the source.
            Err(Failure::Status(404 | 501, _)) => {}
            Err(failure) => return Err(fatal(failure)),
        }
    }
    for group in ids.chunks(10) {
        let found = listing(&mut pages, &format!("logged-models/{}", group[0]), |token| {
            let search = json!({"experiment_ids": group, "max_results": 50});
            client.post_json("/api/2.0/mlflow/logged-models/search", &body(search, token))
        });
        match found {
            Ok(_) => {}
            // Servers before 3.0 have none.
            Err(Failure::Status(404 | 405 | 501, _)) => break,
            Err(failure) => return Err(fatal(failure)),
        }
    }
    artifacts(client, source, &runs, &registered, &mut pages);
    Ok(pages)
}

/// Follows page tokens; each answer is kept as `NAME/N.json` and given back parsed.
fn listing(
    pages: &mut Pages,
    name: &str,
    ask: impl Fn(Option<&str>) -> Result<Vec<u8>, Failure>,
) -> Result<Vec<JsonValue<'static>>, Failure> {
    let mut out: Vec<JsonValue<'static>> = Vec::new();
    let mut token: Option<String> = None;
    let mut seen = BTreeSet::new();
    while out.len() < PAGES {
        let bytes = ask(token.as_deref())?;
        let value = parse(&bytes)?;
        pages.keep(format!("{name}/{:05}.json", out.len()), bytes);
        token = next_page(&value);
        out.push(value);
        match &token {
            Some(next) if seen.insert(next.clone()) => {}
            // No further page, or a server that leads in a circle.
            _ => break,
        }
    }
    Ok(out)
}

/// Parses an answer. It may hold the bare words `NaN` and `Infinity`: the server is Python.
fn parse(bytes: &[u8]) -> Result<JsonValue<'static>, Failure> {
    let value = JsonValue::parse(bytes, true).map_err(|e| {
        let cause = e.error_type;
        Failure::Unreachable(format!(
            "the answer is not JSON ({cause}): is this the address of an MLflow tracking server?"
        ))
    })?;
    Ok(value.into_static())
}

fn next_page(value: &JsonValue<'_>) -> Option<String> {
    text(value, "next_page_token").filter(|t| !t.is_empty()).map(str::to_owned)
}

fn body(mut search: Value, token: Option<&str>) -> Value {
    if let Some(token) = token {
        search["page_token"] = Value::from(token);
    }
    search
}

fn get<'a>(value: &'a JsonValue<'_>, key: &str) -> Option<&'a JsonValue<'a>> {
    match value {
        JsonValue::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

fn items<'a>(value: &'a JsonValue<'_>, key: &str) -> &'a [JsonValue<'a>] {
    match get(value, key) {
        Some(JsonValue::Array(items)) => items,
        _ => &[],
    }
}

fn members<'a>(pages: &'a [JsonValue<'static>], key: &'a str) -> impl Iterator<Item = &'a JsonValue<'a>> {
    pages.iter().flat_map(move |p| items(p, key))
}

fn text<'a>(value: &'a JsonValue<'_>, key: &str) -> Option<&'a str> {
    match get(value, key)? {
        JsonValue::Str(text) => Some(text),
        _ => None,
    }
}

/// The whole history of every metric, for as many runs at once as the server allows.
fn histories(
    client: &Client,
    source: &str,
    runs: &[JsonValue<'static>],
    pages: &mut Pages,
) -> Result<(), Box<Diagnostic>> {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for run in members(runs, "runs") {
        let Some(id) = get(run, "info").and_then(|i| text(i, "run_id")) else { continue };
        let metrics = get(run, "data").map(|d| items(d, "metrics")).unwrap_or_default();
        for key in metrics.iter().filter_map(|m| text(m, "key")) {
            wanted.entry(key).or_default().push(id);
        }
    }
    let jobs: Vec<(&str, &[&str])> =
        wanted.iter().flat_map(|(key, runs)| runs.chunks(RUNS_PER_HISTORY).map(move |group| (*key, group))).collect();
    let answers = at_once(&jobs, |(key, group)| history(client, key, group));
    let mut kept = 0;
    for answer in answers {
        for (run, bytes) in answer.map_err(|f| Box::new(f.diagnostic(source)))? {
            let folder = run.map_or_else(|| "histories".to_owned(), |run| format!("history-of/{run}"));
            pages.keep(format!("{folder}/{kept:06}.json"), bytes);
            kept += 1;
        }
    }
    Ok(())
}

/// An answer with histories. That for a single run does not name it.
type History = (Option<String>, Vec<u8>);

/// The histories of one metric in some runs. An answer that may have been cut off is asked for again
/// in halves, and that of a single run page by page.
fn history(client: &Client, key: &str, runs: &[&str]) -> Result<Vec<History>, Failure> {
    let most = POINTS.to_string();
    let [only] = runs else {
        let mut query: Vec<(&str, &str)> = runs.iter().map(|r| ("run_id", *r)).collect();
        query.extend([("metric_key", key), ("max_results", most.as_str())]);
        let (left, right) = runs.split_at(runs.len() / 2);
        return match client.get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", &query) {
            Ok(bytes) => {
                if items(&parse(&bytes)?, "metrics").len() < POINTS {
                    return Ok(vec![(None, bytes)]);
                }
                let mut out = history(client, key, left)?;
                out.extend(history(client, key, right)?);
                Ok(out)
            }
            // Older servers, and managed ones, answer for one run at a time only.
            Err(Failure::Status(400 | 404 | 405 | 501, _)) => {
                let mut out = history(client, key, left)?;
                out.extend(history(client, key, right)?);
                Ok(out)
            }
            Err(failure) => Err(failure),
        };
    };
    let mut out = Vec::new();
    let mut token: Option<String> = None;
    let mut seen = BTreeSet::new();
    while out.len() < PAGES {
        let mut query = vec![("run_id", *only), ("metric_key", key), ("max_results", most.as_str())];
        query.extend(token.as_deref().map(|t| ("page_token", t)));
        let bytes = client.get("/api/2.0/mlflow/metrics/get-history", &query)?;
        token = next_page(&parse(&bytes)?);
        out.push((Some((*only).to_owned()), bytes));
        match &token {
            Some(next) if seen.insert(next.clone()) => {}
            _ => break,
        }
    }
    Ok(out)
}

/// Lists artifacts, and fetches the documents among those of registered versions. A failure here is a
/// problem of that run, not of the whole source.
fn artifacts(
    client: &Client,
    source: &str,
    runs: &[JsonValue<'static>],
    registered: &BTreeSet<String>,
    pages: &mut Pages,
) {
    let mut ids: Vec<&str> =
        members(runs, "runs").filter_map(|r| get(r, "info").and_then(|i| text(i, "run_id"))).collect();
    // Registered versions first: they are what a gate judges.
    ids.sort_by_key(|id| !registered.contains(*id));
    let left = AtomicUsize::new(LISTS);
    let answers = at_once(&ids, |id| artifacts_of(client, id, registered.contains(*id), &left));
    let mut unlisted = 0;
    for answer in answers {
        match answer {
            Ok(kept) => kept.into_iter().for_each(|(path, bytes)| pages.keep(path, bytes)),
            Err(_) => unlisted += 1,
        }
    }
    if unlisted > 0 {
        pages.problem(
            Diagnostic::new(
                Code::FileUnreadable,
                format!("the artifacts of {} could not be listed in full", count(unlisted, "run")),
            )
            .severity(Severity::Warning)
            .at(source)
            .help("metrics, params and tags are complete; rules about files of these runs find nothing"),
        );
    }
}

type Kept = Vec<(String, Vec<u8>)>;

fn artifacts_of(client: &Client, id: &str, registered: bool, left: &AtomicUsize) -> Result<Kept, Failure> {
    let mut out = Kept::new();
    let mut folders = vec![String::new()];
    let mut listed = 0;
    while let Some(folder) = folders.pop() {
        let mut token: Option<String> = None;
        loop {
            if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
                return Err(Failure::TooLarge);
            }
            let mut query = vec![("run_id", id)];
            if !folder.is_empty() {
                query.push(("path", folder.as_str()));
            }
            query.extend(token.as_deref().map(|t| ("page_token", t)));
            let bytes = client.get("/api/2.0/mlflow/artifacts/list", &query)?;
            let value = parse(&bytes)?;
            for file in items(&value, "files") {
                let Some(path) = text(file, "path") else { continue };
                if matches!(get(file, "is_dir"), Some(JsonValue::Bool(true))) {
                    // A folder that does not lie below the one that was asked for leads in a circle.
                    if path.len() > folder.len() && path.starts_with(folder.as_str()) && path.split('/').count() < 16 {
                        folders.push(path.to_owned());
                    }
                } else if registered && is_document(path, file) {
                    let query = [("path", path), ("run_uuid", id)];
                    // A document that cannot be fetched stays in the list of artifacts.
                    if let Ok(content) = client.get("/get-artifact", &query) {
                        out.push((format!("files/{id}/{path}"), content));
                    }
                }
            }
            token = next_page(&value);
            out.push((format!("artifacts/{id}/{listed:04}.json"), bytes));
            listed += 1;
            if token.is_none() {
                break;
            }
        }
    }
    Ok(out)
}

fn is_document(path: &str, file: &JsonValue<'_>) -> bool {
    // Sizes are 64-bit integers, which protobuf writes as text in JSON.
    let size = match get(file, "file_size") {
        Some(JsonValue::Int(size)) => u64::try_from(*size).ok(),
        Some(JsonValue::Str(size)) => size.parse().ok(),
        _ => None,
    };
    let clean = !path.split('/').any(|part| part.is_empty() || part == "." || part == "..");
    let path = format!("/{path}");
    clean && size.is_none_or(|s| s <= ARTIFACT_BYTES) && DOCUMENTS.iter().any(|d| path.ends_with(d))
}

/// Does all jobs, a few at the same time, and gives the answers in the order of the jobs.
fn at_once<J: Sync, A: Send>(jobs: &[J], work: impl Fn(&J) -> A + Sync) -> Vec<A> {
    let next = AtomicUsize::new(0);
    let answers: Vec<Mutex<Option<A>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(jobs.len()) {
            scope.spawn(|| {
                while let Some((job, slot)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(i).zip(answers.get(i))
                } {
                    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(work(job));
                }
            });
        }
    });
    answers
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        .collect()
}
