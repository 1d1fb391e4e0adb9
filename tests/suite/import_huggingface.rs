//! Hugging Face cards against what the reference reader and cmark-gfm make of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use presscheck::diag::Severity;
use presscheck::markdown::{RenderOptions, placeholders, render, sections};
use presscheck::model::{Card, Datum, Records};
use presscheck::source::{Limits, Source};
use serde_json::Value;

use crate::corpus;

/// Reads files, given as path below a folder and content, through all importers.
fn import(files: &[(String, Vec<u8>)]) -> Records {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(&folder.path().join(path), content);
    }
    let source = Source::discover(folder.path(), "", &[], Limits::default()).unwrap();
    presscheck::import::import(&source, Some("huggingface"))
}

#[expect(clippy::disallowed_methods, reason = "tests lay out their input")]
fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// The Markdown files of a folder by name.
fn markdown_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".md"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), bytes(&entry.path())))
        .collect();
    files.sort();
    files
}

/// Reads each file as the README.md of a folder of its own; the cards by the file's name.
fn cards(files: Vec<(String, Vec<u8>)>) -> (BTreeMap<String, Card>, Records) {
    let files: Vec<_> = files.into_iter().map(|(name, content)| (format!("{name}/README.md"), content)).collect();
    let mut records = import(&files);
    let cards = std::mem::take(&mut records.cards);
    (cards.into_iter().map(|card| (card.path.trim_end_matches("/README.md").to_owned(), card)).collect(), records)
}

fn body_of(card: &Card) -> String {
    card.sections.iter().map(|s| format!("{} {}\n\n{}\n\n", "#".repeat(s.level.into()), s.title, s.markdown)).collect()
}

/// The text that a reader sees: markup without tags, entities decoded.
fn visible_text(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('>').unwrap() + 1..];
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", " ").replace("&amp;", "&")
}

/// One of our values against the reference's JSON, modulo the tags that JSON needs.
fn same(ours: &Datum, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Datum::Null, Value::Null) => true,
        (Datum::Bool(a), Value::Bool(b)) => a == b,
        (Datum::Int(_) | Datum::Number(_), Value::Number(b)) => ours.as_number().map(|n| n.as_f64()) == b.as_f64(),
        (Datum::Text(a), Value::String(b)) => a == b,
        (Datum::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Datum::Text(a), Value::Object(b)) => b.get("$date").and_then(Value::as_str) == Some(a),
        (Datum::Number(a), Value::Object(b)) if b.contains_key("$float") => {
            Some(a.to_string()) == b["$float"].as_str().map(str::to_owned)
        }
        (Datum::Map(a), Value::Object(b)) => {
            let plain = |key: &str| {
                key.strip_prefix('$').and_then(|k| k.split_once(':')).map_or(key.to_owned(), |(_, k)| k.to_owned())
            };
            a.len() == b.len()
                && b.iter().all(|(key, value)| {
                    let key = plain(key);
                    a.iter().any(|(ours, datum)| ours.eq_ignore_ascii_case(&key) && same(datum, value))
                })
        }
        _ => false,
    }
}

/// Lists as the reference keeps `tags`: each once.
fn unique(datum: &Datum) -> Datum {
    let Datum::List(items) = datum else { return datum.clone() };
    let mut out: Vec<Datum> = Vec::new();
    for item in items {
        if !out.contains(item) {
            out.push(item.clone());
        }
    }
    Datum::List(out)
}

fn compare_metadata(name: &str, card: &Card, expected: &Value, wrong: &mut Vec<String>) {
    let known = expected["metadata"].as_object().unwrap();
    let entries = card.metadata.entries().unwrap();
    for (key, theirs) in known {
        let ours = card.metadata.get(key).map(|d| if key == "tags" { unique(d) } else { d.clone() });
        if !ours.as_ref().is_some_and(|ours| same(ours, theirs)) {
            wrong.push(format!("{name}: {key}: {ours:?} / {theirs}"));
        }
    }
    let mut others: Vec<&str> = entries
        .iter()
        .filter(|(key, value)| !known.contains_key(key) && *value != Datum::Null)
        .map(|(key, _)| key.as_str())
        .collect();
    others.sort_unstable();
    let mut theirs: Vec<&str> = expected["other_keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    theirs.sort_unstable();
    if others != theirs {
        wrong.push(format!("{name}: other keys {others:?} / {theirs:?}"));
    }
}

#[test]
fn every_card_of_the_corpus_reads_as_the_reference_reads_it() {
    let Some(folder) = corpus::folder("cards/hf-cards") else { return };
    let expected = corpus::json(&folder.join("expected.json"));
    let (cards, records) = cards(markdown_files(&folder));
    assert_eq!(cards.len(), 438);
    let mut wrong = Vec::new();
    let (mut metadata, mut values) = (0, 0);
    for (name, expected) in expected.as_object().unwrap() {
        let card = &cards[name];
        let ok = expected["ok"] == true;
        let reference = if ok { expected } else { &expected["lenient"] };
        if reference.is_null() {
            // Three cards do not scan as YAML: the part before the error is kept, and a finding says so.
            assert!(card.metadata.get("license").is_some(), "{name}");
        } else {
            compare_metadata(name, card, reference, &mut wrong);
            metadata += 1;
        }
        let problems = records.problems.iter().filter(|p| p.path.as_deref() == Some(card.path.as_str())).count();
        if !ok {
            assert!(problems > 0, "{name}: the reference refuses it, we say nothing");
            continue;
        }
        if same(&card.model.clone().map_or(Datum::Null, Datum::Text), &expected["model_name"]) {
            metadata += 1;
        } else {
            wrong.push(format!("{name}: model {:?} / {}", card.model, expected["model_name"]));
        }
        values += compare_results(name, card, expected, &mut wrong);
    }
    eprintln!("meta {metadata} values {values}\n{}", wrong.join("\n"));
    eprintln!("problems {}", records.problems.len());
    for p in &records.problems {
        eprintln!("{} {} {}", p.place(), p.pointer.as_deref().unwrap_or(""), p.message);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Compares every result in order; the reference cuts long lists to 80 and 20.
fn compare_results(name: &str, card: &Card, expected: &Value, wrong: &mut Vec<String>) -> usize {
    let head = expected["eval_results"].as_array().unwrap();
    let count = usize::try_from(expected["n_eval_results"].as_u64().unwrap()).unwrap();
    if card.results.len() != count {
        wrong.push(format!("{name}: {} results / {count}", card.results.len()));
        return 0;
    }
    let tail = expected.get("eval_results_tail").and_then(Value::as_array);
    let pairs = card
        .results
        .iter()
        .zip(head)
        .chain(tail.into_iter().flat_map(|tail| card.results[count - tail.len()..].iter().zip(tail)));
    let mut compared = 0;
    for (ours, theirs) in pairs {
        let text = |key: &str| match &theirs[key] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            other => Some(other.to_string()),
        };
        let fields = [
            (ours.task.clone(), "task_type"),
            (ours.task_name.clone(), "task_name"),
            (ours.dataset.clone(), "dataset_type"),
            (ours.dataset_name.clone(), "dataset_name"),
            (ours.config.clone(), "dataset_config"),
            (ours.split.clone(), "dataset_split"),
            (ours.revision.clone(), "dataset_revision"),
            (Some(ours.metric.clone()), "metric_type"),
            (ours.metric_name.clone(), "metric_name"),
        ];
        for (value, key) in fields {
            if value != text(key) {
                wrong.push(format!("{name}: {key} {value:?} / {}", theirs[key]));
            }
        }
        if !same(&ours.value, &theirs["metric_value"]) || ours.verified != (theirs["verified"] == true) {
            wrong.push(format!("{name}: {:?} {} / {}", ours.value, ours.verified, theirs["metric_value"]));
        }
        compared += 1;
    }
    if let Some(sum) = expected.get("eval_results_numeric_sum").and_then(Value::as_f64) {
        let ours: f64 = card.results.iter().filter_map(|r| r.value.as_number()).map(|n| n.as_f64()).sum();
        if (ours - sum).abs() > 1e-6 * sum.abs() {
            wrong.push(format!("{name}: sum {ours} / {sum}"));
        }
    }
    compared
}
