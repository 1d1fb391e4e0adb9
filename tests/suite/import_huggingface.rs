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
        // serde_json reads the last digit of a long number inexactly, we do not.
        (Datum::Int(_) | Datum::Number(_), Value::Number(b)) => {
            let (a, b) = (ours.as_number().unwrap().as_f64(), b.as_f64().unwrap());
            (a - b).abs() <= 4.0 * f64::EPSILON * a.abs()
        }
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

const FIELDS: &[&str] = &[
    "base_model",
    "datasets",
    "language",
    "library_name",
    "license",
    "license_name",
    "license_link",
    "metrics",
    "pipeline_tag",
    "tags",
];

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
        // The reference drops its own fields when they are null, and keeps others.
        // `model_name` is a field of its own there.
        .filter(|(key, _)| key != "model_name")
        .filter(|(key, value)| !known.contains_key(key) && !(*value == Datum::Null && FIELDS.contains(&key.as_str())))
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
            // Three cards have a tab where PyYAML allows none and YAML does not mind: they are read whole.
            assert!(card.metadata.get("tags").is_some(), "{name}");
            continue;
        } else {
            compare_metadata(name, card, reference, &mut wrong);
            metadata += 1;
        }
        let problems = records.problems.iter().filter(|p| p.path.as_deref() == Some(card.path.as_str())).count();
        if !ok {
            assert!(problems > 0, "{name}: the reference refuses it, we say nothing");
            continue;
        }
        // A card that names no model is that of its folder.
        let model = card.model.clone().filter(|model| model != name).map_or(Datum::Null, Datum::Text);
        if same(&model, &expected["model_name"]) {
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

const METADATA: usize = 840;
const VALUES: usize = 1_342;

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

/// The text below the front matter.
fn body(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content).replace("\r\r\n", "\n").replace("\r\n", "\n");
    let lines: Vec<&str> = text.trim_start_matches(['\u{feff}', '\n', ' ']).split('\n').collect();
    match lines.iter().skip(1).position(|line| line.trim_end() == "---") {
        Some(end) if lines[0].trim_end() == "---" => lines[end + 2..].join("\n"),
        _ => text,
    }
}

/// Where we differ from cmark-gfm on purpose.
const DIFFERENT: &[(&str, &[&str], &str)] = &[
    ("CATIE-AQ__camembert_v2.0.md", &["a"], "a link without address is text"),
    ("Elron__deberta-v3-large-emotion.md", &["a"], "a link without address is text"),
    ("Elron__deberta-v3-large-sentiment.md", &["a"], "a link without address is text"),
    ("OpenGVLab__InternViT-6B-448px-V1-5.md", &["a"], "a link to a heading that is not there is text"),
    ("klue__bert-base.md", &["a"], "a link to a heading that is not there is text"),
    ("lmms-lab__LLaVA-Video-7B-Qwen2.md", &["a"], "a link to a heading that is not there is text"),
    ("cross-encoder__nli-deberta-v3-base.md", &["p"], "CR CR LF is one line end"),
    (
        "mpoyraz__wav2vec2-xls-r-300m-cv7-turkish.md",
        &["p", "table", "thead", "th", "td", "tr"],
        "CR CR LF is one line end",
    ),
    ("pkshatech__GLuCoSE-base-ja.md", &["p", "ol", "li", "br", "a"], "footnotes"),
    (
        "madhurjindal__autonlp-Gibberish-Detector-492513457.md",
        &["headings"],
        "a heading in a quotation begins no section",
    ),
];

#[test]
fn headings_and_elements_are_those_of_cmark() {
    let Some(folder) = corpus::folder("cards/hf-cards") else { return };
    let expected = corpus::json(&folder.join("expected-structure.json"));
    let mut wrong = Vec::new();
    let (mut headings, mut elements, mut plain) = (0, 0, 0);
    for (name, content) in markdown_files(&folder) {
        let expected = &expected[&name];
        let body = body(&content);
        let differs = |what: &str| DIFFERENT.iter().any(|(card, parts, _)| *card == name && parts.contains(&what));
        let ours: Vec<(u64, String)> =
            sections(&body).into_iter().filter(|s| s.level > 0).map(|s| (s.level.into(), s.title)).collect();
        let theirs: Vec<(u64, String)> = expected["headings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|h| (h[0].as_u64().unwrap(), h[1].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")))
            .collect();
        if ours != theirs && !differs("headings") {
            wrong.push(format!("{name}: {ours:?} / {theirs:?}"));
        }
        headings += ours.len();

        // With raw HTML in the card we show more than cmark, which leaves all of it out; without,
        // the counts are equal. Images are links or text here: they are counted by their class.
        let raw = body.match_indices('<').any(|(at, _)| {
            body[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
        });
        let html = render(&body, &RenderOptions { heading_base: 1, relative_links: true, ..RenderOptions::default() });
        for (tag, count) in counts(html.as_str()) {
            let theirs = expected["tags"].get(tag).and_then(Value::as_u64).unwrap_or(0);
            let more_is_fine = raw && count > theirs;
            let apart = raw && matches!(tag, "a" | "p" | "em" | "strong" | "br" | "img" | "code");
            if count == theirs {
                elements += count;
            } else if !(more_is_fine || apart || differs(tag)) {
                wrong.push(format!("{name}: {tag} {count} / {theirs}"));
            }
        }
        plain += usize::from(!raw);
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((headings, elements, plain), (HEADINGS, ELEMENTS, PLAIN));
}

const HEADINGS: usize = 3_184;
const ELEMENTS: u64 = 55_244;
const PLAIN: usize = 192;

/// Elements of rendered markup, images and alerts by their class.
fn counts(html: &str) -> Vec<(&'static str, u64)> {
    const TAGS: &[&str] = &[
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "pre",
        "table",
        "thead",
        "th",
        "td",
        "tr",
        "blockquote",
        "strong",
        "em",
        "del",
        "hr",
        "br",
        "code",
        "a",
        "img",
    ];
    let image_paths = html
        .split("<span class=\"img-ref\"")
        .skip(1)
        .filter(|rest| rest.split("</span>").next().unwrap().contains("<code>"));
    let (image_paths, image_links) = (image_paths.count(), html.matches("<a class=\"img-ref\"").count());
    TAGS.iter()
        .map(|tag| {
            let all = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            let count = match *tag {
                "a" => all - image_links,
                "code" => all - image_paths,
                "blockquote" => all + html.matches("<div class=\"alert ").count(),
                "p" => all - html.matches("<p class=\"alert-title\">").count(),
                "img" => html.matches("class=\"img-ref\"").count(),
                _ => all,
            };
            (*tag, count as u64)
        })
        .collect()
}
