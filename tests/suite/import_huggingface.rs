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
        .filter(|(key, value)| !known.contains_key(key) && (*value != Datum::Null || !FIELDS.contains(&key.as_str())))
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
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((metadata, values), (METADATA, VALUES));
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

fn fixtures() -> (BTreeMap<String, Card>, Records) {
    cards(markdown_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/huggingface")))
}

fn titles(card: &Card) -> Vec<(&str, &str, usize)> {
    card.sections.iter().map(|s| (s.id.as_str(), s.title.as_str(), s.words)).collect()
}

#[test]
fn a_card_with_verified_results() {
    let (cards, _) = fixtures();
    let card = &cards["abhilash1910__albert-squad-v2.md"];
    assert_eq!(card.model.as_deref(), Some("abhilash1910/albert-squad-v2"));
    let shown = |r: &presscheck::model::CardResult| {
        (
            r.task.clone(),
            r.dataset.clone(),
            r.split.clone(),
            r.metric.clone(),
            r.value.display(),
            r.verified,
            r.source.to_string(),
        )
    };
    let of = |metric: &str, value: &str, at: usize| {
        (
            Some("question-answering".to_owned()),
            Some("squad_v2".to_owned()),
            Some("validation".to_owned()),
            metric.to_owned(),
            value.to_owned(),
            true,
            format!("abhilash1910__albert-squad-v2.md/README.md#/model-index/0/results/0/metrics/{at}"),
        )
    };
    assert_eq!(
        card.results.iter().map(shown).collect::<Vec<_>>(),
        [of("exact_match", "23.6563", 0), of("f1", "29.3808", 1)]
    );
    let keys: Vec<&str> = card.metadata.entries().unwrap().iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["language", "license", "datasets"]);
    assert_eq!(card.sections, []);
}

#[test]
fn claims_are_no_results() {
    let (_, records) = fixtures();
    assert!(records.runs.iter().all(|run| run.results.is_empty()));
}

#[test]
fn a_result_without_value_is_kept_and_named() {
    let (cards, records) = fixtures();
    let card = &cards["Semih__wav2vec2_Irish_Large.md"];
    assert_eq!((card.results[0].metric.as_str(), &card.results[0].value), ("wer", &Datum::Null));
    let problem = records.problems.iter().find(|p| p.path.as_deref() == Some(card.path.as_str())).unwrap();
    assert_eq!(problem.code.as_str(), "card-result");
    assert_eq!((problem.line, problem.pointer.as_deref()), (Some(23), Some("/model-index/0/results/0/metrics/0")));
    assert_eq!(problem.message, "the metric wer has no 'value'");
    assert_eq!(
        titles(card),
        [("wav2vec2_irish_lite_speech_to_text", "wav2vec2-irish-lite Speech to Text", 0), ("usage", "Usage", 15)]
    );
}

#[test]
fn odd_line_ends_are_line_ends() {
    let (cards, _) = fixtures();
    let card = &cards["cross-encoder__nli-deberta-v3-base.md"];
    assert!(card.sections.iter().all(|s| !s.markdown.contains('\r')));
    let html = render(&body_of(card), &RenderOptions::default());
    assert_eq!(html.as_str().matches("<pre ").count(), 3);
    let card = &cards["microsoft__xclip-base-patch32.md"];
    assert_eq!(card.metadata.get("license"), Some(&Datum::Text("mit".into())));
    assert_eq!(card.results.len(), 2);
}

#[test]
fn alerts_and_placeholders_of_real_cards() {
    let (cards, _) = fixtures();
    let html = render(&body_of(&cards["Qwen__Qwen2-Math-1.5B-Instruct.md"]), &RenderOptions::default());
    assert_eq!(html.as_str().matches("<div class=\"alert alert-warning\">").count(), 2);
    assert_eq!(html.as_str().matches("<div class=\"alert alert-important\">").count(), 1);
    let found: Vec<(&str, Vec<(u32, String)>)> = cards["Doogie__Waynehills-STT-doogie-server.md"]
        .sections
        .iter()
        .map(|s| (s.id.as_str(), placeholders(&s.markdown)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    let unfilled = vec![(1, "More information needed".to_owned())];
    assert_eq!(
        found,
        [
            ("model_description", unfilled.clone()),
            ("intended_uses_limitations", unfilled.clone()),
            ("training_and_evaluation_data", unfilled)
        ]
    );
}

#[test]
fn every_finding_names_its_place_and_cure() {
    let text = "\n---\nlicense: mit\nlicense: apache-2.0\ntags: [a\n  ]\nmodel_index: x\nmodel-index:\n- name: m\n  results:\n  - task: text-classification\n    dataset: glue\n    metrics:\n    - type: f1\n      value: [1, 2]\n    - {name: Accuracy, value: '0,9'}\n    - 3\n  - metrics: {type: wer, value: 0.1}\n  - dataset: {type: d}\n  - x\n- results: []\n- 5\n---\nbody\n";
    let (cards, records) = cards(vec![("c".into(), text.into())]);
    let problems: Vec<String> = records
        .problems
        .iter()
        .map(|p| {
            assert!(p.help.is_some() && p.severity == Severity::Warning, "{p:?}");
            format!("{}: {} {}", p.line.unwrap(), p.pointer.as_deref().unwrap(), p.message)
        })
        .collect();
    assert_eq!(
        problems,
        [
            "4: /license the key at /license stands twice; the later value is taken",
            "7: /model_index the key 'model_index' means nothing to the Hub; results belong under 'model-index'",
            "11: /model-index/0/results/0/task the task of a result is text, not a map",
            "12: /model-index/0/results/0/dataset the dataset of a result is text, not a map",
            "16: /model-index/0/results/0/metrics/1 the metric Accuracy has no 'type'",
            "17: /model-index/0/results/0/metrics/2 a metric is a number, not a map of type and value",
            "18: /model-index/0/results/1/task a result has no 'task'",
            "18: /model-index/0/results/1/dataset a result has no 'dataset'",
            "19: /model-index/0/results/2/task a result has no 'task'",
            "19: /model-index/0/results/2/dataset the dataset of a result has no 'name'",
            "19: /model-index/0/results/2 a result has no 'metrics'",
            "20: /model-index/0/results/3 a result is text, not a map",
            "21: /model-index/1 an entry of model-index has no name",
            "22: /model-index/2 an entry of model-index is a number, not a map",
        ]
    );
    let card = &cards["c"];
    assert_eq!(card.metadata.get("license"), Some(&Datum::Text("apache-2.0".into())));
    let shown: Vec<String> = card
        .results
        .iter()
        .map(|r| format!("{:?} {:?} {} {}", r.task, r.dataset, r.metric, r.value.display()))
        .collect();
    assert_eq!(
        shown,
        [
            "Some(\"text-classification\") Some(\"glue\") f1 1, 2",
            "Some(\"text-classification\") Some(\"glue\") Accuracy 0,9",
            "None None wer 0.1"
        ]
    );
}

#[test]
fn only_cards_are_claimed() {
    let files = [
        ("a/README.md", "no front matter\n"),
        ("a/MODEL_CARD.md", "x\n"),
        ("a/churn-card.md", "x\n"),
        ("a/notes.md", "# Notes\n"),
        ("a/post.md", "---\ntitle: Hello\nlayout: post\n---\ntext\n"),
        ("a/some.md", "---\nlibrary_name: sklearn\n---\ntext\n"),
        ("a/discard.md", "x\n"),
        ("a/list.yaml", "- a: 1\n"),
    ];
    let records = import(&files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())));
    let claimed: Vec<&str> = records.cards.iter().map(|card| card.path.as_str()).collect();
    assert_eq!(claimed, ["a/MODEL_CARD.md", "a/README.md", "a/churn-card.md", "a/some.md"]);
}

#[test]
fn ids_of_sections_differ() {
    let (cards, _) = cards(vec![("c".into(), "text\n\n# Uses\n\n## Uses!\n\n# Uses 2\n\n# 🤗\n".into())]);
    let ids: Vec<&str> = cards["c"].sections.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["introduction", "uses", "uses_2", "uses_2_2", "section"]);
}

/// Panics when markup could run, load or hide something.
fn harmless(name: &str, html: &str) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').unwrap();
        let tag = rest[at + 1..end].to_ascii_lowercase();
        let element = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        let allowed = [
            "a",
            "b",
            "blockquote",
            "br",
            "code",
            "dd",
            "del",
            "details",
            "div",
            "dl",
            "dt",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "ins",
            "kbd",
            "li",
            "mark",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "section",
            "small",
            "span",
            "strong",
            "sub",
            "summary",
            "sup",
            "table",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
            "u",
            "ul",
            "var",
            "caption",
            "cite",
        ];
        assert!(allowed.contains(&element), "{name}: <{tag}>");
        for (at, _) in tag.match_indices("=\"") {
            let attribute = tag[..at].rsplit(' ').next().unwrap();
            let allowed =
                ["href", "rel", "id", "class", "title", "role", "aria-label", "tabindex", "start", "scope", "open"];
            assert!(allowed.contains(&attribute), "{name}: <{tag}>");
            if attribute == "href" {
                let value = &tag[at + 2..];
                assert!(
                    ["http://", "https://", "mailto:", "#"].iter().any(|s| value.starts_with(s)),
                    "{name}: <{tag}>"
                );
            }
        }
        rest = &rest[end + 1..];
    }
}

#[test]
fn hostile_cards_do_nothing_and_hide_nothing() {
    let Some(folder) = corpus::folder("hostile/cards") else { return };
    let (cards, _) = cards(markdown_files(&folder));
    assert_eq!(cards.len(), 14);
    for (name, card) in &cards {
        // As one text, and section by section, as the pages show it.
        for text in card.sections.iter().map(|s| s.markdown.clone()).chain([body_of(card)]) {
            harmless(name, render(&text, &RenderOptions::default()).as_str());
        }
        let last = card.sections.last().unwrap();
        let html = render(&last.markdown, &RenderOptions::default());
        let whole = visible_text(render(&body_of(card), &RenderOptions::default()).as_str());
        if name != "xss-in-metadata.md" {
            let after = "This paragraph must still be visible.";
            assert!(whole.contains(after) && (name == "xss-ci.md" || html.as_str().contains(after)), "{name}");
        }
    }
}

#[test]
fn hostile_vectors_stay_text() {
    let Some(folder) = corpus::folder("hostile") else { return };
    let vectors = corpus::json(&folder.join("vectors.json"));
    for vector in vectors.as_array().unwrap() {
        let (id, payload) = (vector["id"].as_str().unwrap(), vector["payload"].as_str().unwrap());
        for (place, text) in [
            ("block", format!("{payload}\n\nafter it\n")),
            ("inline", format!("before {payload} within\n\nafter it\n")),
            ("cell", format!("| a |\n|---|\n| {} |\n\nafter it\n", payload.replace('\n', " "))),
            ("heading", format!("# {}\n\nafter it\n", payload.replace('\n', " "))),
            ("list", format!("- {payload}\n\nafter it\n")),
            ("link", format!("[x]({payload}) ![y]({payload})\n\nafter it\n")),
            ("attribute", format!("<a href=\"{payload}\">x</a> <img src='{payload}' alt=\"{payload}\">\n\nafter it\n")),
            ("details", format!("<details><summary>{payload}</summary>\n\nafter it\n")),
        ] {
            let html = render(&text, &RenderOptions::default());
            harmless(&format!("{id} {place}"), html.as_str());
            assert!(visible_text(html.as_str()).contains("after it"), "{id} {place}: {}", html.as_str());
            let before = html.as_str().split("after it").next().unwrap();
            assert_eq!(before.matches("<details").count(), before.matches("</details").count(), "{id} {place}");
        }
    }
}

#[test]
fn hostile_front_matter_ends_soon_and_the_body_is_shown() {
    let Some(folder) = corpus::folder("hostile/yaml") else { return };
    for (name, content) in markdown_files(&folder) {
        let start = Instant::now();
        let (cards, _) = cards(vec![(name.clone(), content.clone())]);
        assert!(start.elapsed() < LIMIT, "{name}: {:?}", start.elapsed());
        let text = body_of(&cards[&name]).to_lowercase();
        assert!(
            text.contains("body") || text.contains("title") || text.contains("type: model-index"),
            "{name}: {text}"
        );
    }
    let value = |name: &str, key: &str| {
        let content = bytes(&folder.join(name));
        cards(vec![("c".into(), content)]).0["c"].metadata.get(key).cloned()
    };
    assert_eq!(value("norway.md", "language"), Some(Datum::Bool(false)));
    assert_eq!(value("norway.md", "y"), Some("n".into()));
    assert_eq!(value("octal.md", "version"), Some(Datum::Int(8)));
    assert_eq!(value("octal.md", "exp"), Some("1e3".into()));
    assert_eq!(value("python-object.md", "license"), Some(Datum::List(vec!["true".into()])));
    assert_eq!(value("custom-tag.md", "license"), Some("mit".into()));
    assert_eq!(value("duplicate-keys.md", "license"), Some("gpl-3.0".into()));
    assert_eq!(value("two-documents.md", "license"), Some("mit".into()));
}

/// A second in a debug build on a machine with nothing else to do; three where there is.
const LIMIT: Duration = Duration::from_secs(3);

#[test]
fn slow_markdown_ends_soon() {
    let Some(folder) = corpus::folder("hostile/slow") else { return };
    let mut texts: Vec<(String, String)> = markdown_files(&folder)
        .into_iter()
        .map(|(name, content)| (name, String::from_utf8_lossy(&content).into_owned()))
        .collect();
    texts.extend(shapes(4).into_iter().map(|(name, text)| (name.to_owned(), text)));
    for (name, text) in texts {
        let start = Instant::now();
        let html = render(&text, &RenderOptions::default());
        let _ = (sections(&text), placeholders(&text));
        assert!(start.elapsed() < LIMIT, "{name}: {:?}", start.elapsed());
        harmless(&name, html.as_str());
    }
}

/// Shapes that parsers have been slow on, `n` quarters of the usual length.
fn shapes(n: usize) -> Vec<(&'static str, String)> {
    let cells = "|a".repeat(2_000);
    vec![
        ("quotes", ">".repeat(12_500 * n)),
        ("brackets", "[".repeat(12_500 * n)),
        ("footnote openers", "[^\n".repeat(5_000 * n)),
        ("footnote marks", "[^a] ".repeat(5_000 * n)),
        ("comments", "!-- <".repeat(5_000 * n)),
        ("comment openers", "x <!-- ".repeat(5_000 * n)),
        ("columns", format!("{cells}|\n{}|\n{}", "|-".repeat(2_000), format!("{cells}|\n").repeat(n))),
        ("autofill", format!("{}|\n{}|\n{}", "|a".repeat(1_000), "|-".repeat(1_000), "|x|\n".repeat(500 * n))),
        ("quoted attributes", "<a x=\"".repeat(5_000 * n)),
        ("nested emphasis", "*a **b ".repeat(2_500 * n)),
        ("open tags", "<b><i><a href='http://x.y'>".repeat(2_500 * n)),
        ("open blocks", "<div>\n\n".repeat(2_500 * n)),
        ("raw tables", "<table><tr><td>".repeat(1_250 * n)),
        ("closed tags", format!("{}{}", "<b>".repeat(2_500 * n), "</i>".repeat(2_500 * n))),
        ("definitions", "a\n: b\n".repeat(2_500 * n)),
        ("links", "[a](<b".repeat(5_000 * n)),
        ("addresses", "http://a.b/)".repeat(2_500 * n)),
        (
            "headings with one reference",
            format!("{}\n[x]: /{}\n", "# h\n\n[x]\n\n".repeat(1_250 * n), "y".repeat(10_000)),
        ),
        ("ampersands", "&".repeat(12_500 * n)),
        ("degrees", "°".repeat(12_500 * n)),
        ("degrees in a heading", format!("# {}", "ª".repeat(12_500 * n))),
        ("degrees in a title", format!("[a](<{}>)", "ª".repeat(12_500 * n))),
        ("degrees in a description", format!("![{}](x)", "ª".repeat(12_500 * n))),
        ("degrees in code", format!("```\n{}\n```", "&°".repeat(6_250 * n))),
        ("scripts", "<script>".repeat(2_500 * n)),
        ("block of tags", format!("<div>\n{}", "<a b=\"c d e f\" g='<".repeat(1_250 * n))),
    ]
}

#[test]
fn twice_the_text_takes_at_most_three_times_as_long() {
    let time = |text: &str| {
        (0..2)
            .map(|_| {
                let start = Instant::now();
                let _ = (render(text, &RenderOptions::default()), sections(text), placeholders(text));
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    for ((name, once), (_, twice)) in shapes(1).into_iter().zip(shapes(2)) {
        // What takes no time at all cannot be measured, and others use the machine too: what is
        // quadratic fails every time.
        let linear = (0..5).any(|_| time(&twice) < time(&once) * 3 + Duration::from_millis(30));
        assert!(linear, "{name}");
    }
}

#[test]
fn any_bytes_are_a_card_or_none() {
    let Some(folder) = corpus::folder("hostile/bytes") else { return };
    let (cards, records) = cards(markdown_files(&folder));
    for (name, card) in &cards {
        harmless(name, render(&body_of(card), &RenderOptions::default()).as_str());
    }
    for name in [
        "bom-utf8.md",
        "crlf.md",
        "crcrlf.md",
        "cr-only.md",
        "utf16be.md",
        "utf16le.md",
        "invalid-utf8.md",
        "latin1.md",
    ] {
        assert_eq!(cards[name].metadata.get("license"), Some(&Datum::Text("mit".into())), "{name}");
        assert_eq!(cards[name].sections.last().unwrap().title, "Title", "{name}");
    }
    let encoding = records.problems.iter().filter(|p| p.code.as_str() == "text-encoding").count();
    assert_eq!(encoding, 8, "{:?}", records.problems);
}

#[test]
fn results_beside_a_card() {
    let yaml = "# Evaluation\n- dataset:\n    id: cais/hle\n    task_id: default\n  value: 20.90\n  source: {url: https://x.y, name: Eval Logs}\n- dataset: {id: Idavidrein/gpqa, task_id: gpqa_diamond}\n  value: 0.412\n- dataset: {id: a/b}\n  value: n/a\n";
    let files = [
        ("m/v/run.toml".to_owned(), b"".to_vec()),
        ("m/v/metrics.json".to_owned(), b"{\"auc\": 0.9}".to_vec()),
        ("m/v/eval_results/hle.yaml".to_owned(), yaml.into()),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in &files {
        write(&folder.path().join(path), content);
    }
    let source = Source::discover(folder.path(), "", &[], Limits::default()).unwrap();
    let records = presscheck::import::import(&source, None);
    let found: Vec<String> = records.runs[0]
        .results
        .iter()
        .map(|r| format!("{} {} {:?} {:?}", r.metric, r.value, r.dataset, r.harness))
        .collect();
    assert_eq!(
        found,
        [
            "auc 0.9 None None",
            "cais/hle 20.9 Some(\"cais/hle\") Some(\"Eval Logs\")",
            "gpqa_diamond 0.412 Some(\"Idavidrein/gpqa\") None"
        ]
    );
    assert_eq!(records.runs[0].rejected[0].found, "text \"n/a\"");
}
