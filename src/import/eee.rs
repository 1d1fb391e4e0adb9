//! Every Eval Ever: one file for each model and leaderboard, in the schema's versions 0.0 to 0.3
//! (`eval.schema.json`), and its per-example records beside them (`*_samples.jsonl`).
//!
//! In: a JSON object with `evaluation_id`, `model_info` and `evaluation_results`. Out: one run for
//! each file; files that speak of the same model become one run. The leaderboard, as the
//! evaluation's id names it, is the split: two leaderboards that measured one benchmark differently
//! do not contradict each other.

use super::harness::{Findings, VERSION, below, count, due, finite, instant, params, present, text};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{Datum, Direction, Document, Finite, Interval, MetricResult, Pointer, Run, RunStatus, Slice};

/// Every Eval Ever.
pub(crate) struct EveryEvalEver;

/// Top-level fields that become something else than a field of the raw view.
const READ: &[&str] = &[
    "evaluation_results",
    "model_info",
    "eval_library",
    "evaluation_timestamp",
    "detailed_evaluation_results_per_samples",
];

impl DocumentImporter for EveryEvalEver {
    fn kind(&self) -> &'static str {
        "every-eval-ever"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if let Some(value) = content.json() {
            return is_aggregate(value);
        }
        content.json_lines().and_then(|mut lines| lines.next()).is_some_and(|(_, first)| {
            first.is_ok_and(|json| {
                ["evaluation_id", "sample_id", "evaluation"].iter().all(|key| json.value.get(key).is_some())
            })
        })
    }

    fn read(&self, content: &Content<'_>) -> Document {
        match content.json() {
            Some(value) => read(value, &content.file.path),
            None => super::harness::samples(content),
        }
    }
}

fn is_aggregate(value: &Datum) -> bool {
    value.get("evaluation_results").is_some_and(|r| r.items().is_some())
        && value.get("model_info").is_some_and(|m| m.entries().is_some())
        && text(value, "evaluation_id").is_some()
        && value.get("schema_version").is_some()
}

fn read(value: &Datum, path: &str) -> Document {
    let mut findings = Findings::new(path);
    let mut run = Run { status: RunStatus::Finished, ..Run::default() };
    let model = value.get("model_info").unwrap_or(&Datum::Null);
    run.model = text(model, "id").or_else(|| text(model, "name")).map(str::to_owned);
    match &run.model {
        Some(_) => run.version = Some(VERSION.to_owned()),
        None => findings.report(
            Diagnostic::new(Code::FieldMissing, "the file names no model: its results belong to no version")
                .help("model_info.id is required by the schema"),
            "/model_info",
        ),
    }
    run.started_at = present(value, "evaluation_timestamp").and_then(instant);
    for key in ["developer", "inference_platform"] {
        if let Some(known) = text(model, key).filter(|t| *t != "unknown") {
            run.tags.insert(key.to_owned(), known.to_owned());
        }
    }
    for key in ["name", "inference_engine", "additional_details"] {
        params(&mut run, if key == "name" { "model_name" } else { key }, model.get(key).unwrap_or(&Datum::Null));
    }
    let board = Board::of(value, run.model.as_deref());
    let results = value.get("evaluation_results").and_then(Datum::items).unwrap_or_default();
    let mut read: Vec<(MetricResult, &Datum)> = Vec::with_capacity(results.len());
    for (i, item) in results.iter().enumerate() {
        if let Some(result) = result(item, i, path, value, &board, &mut run, &mut findings) {
            read.push((result, item));
        }
    }
    tell_apart(&mut read);
    for (result, item) in read {
        add(&mut run, result, item, &mut findings);
    }
    for (key, field) in value.entries().unwrap_or_default() {
        if !READ.contains(&key.as_str()) {
            run.extra.push((key.clone(), field.clone()));
        }
    }
    Document { run, standalone: true, problems: findings.finish(), ..Document::default() }
}

/// Where results were published and what measured them.
struct Board {
    /// The leaderboard's short name.
    slug: Option<String>,
    /// The leaderboard, and what else tells one evaluation of a model from another.
    split: Option<String>,
    harness: Option<String>,
}

impl Board {
    fn of(value: &Datum, model: Option<&str>) -> Self {
        let plain =
            |t: &str| t.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        let id = text(value, "evaluation_id").unwrap_or_default();
        let mut parts: Vec<&str> = id.split('/').filter(|p| !p.is_empty()).collect();
        // `leaderboard/…/moment`: what stands between is the model, and how it was measured.
        if parts.len() > 1 && parts.last().is_some_and(|p| p.parse::<f64>().is_ok()) {
            parts.pop();
        }
        let (slug, middle) = match parts.split_first() {
            Some((slug, middle)) => (Some((*slug).to_owned()), middle),
            None => (None, [].as_slice()),
        };
        let model = plain(model.unwrap_or_default());
        let mut rest: Vec<&str> = middle.to_vec();
        if let Some(end) = (1..=middle.len()).rev().find(|end| plain(&middle[..*end].concat()) == model) {
            rest.drain(..end);
        }
        let split = slug.as_ref().map(|slug| std::iter::once(slug.as_str()).chain(rest).collect::<Vec<_>>().join("/"));
        let known = |map: Option<&Datum>, key: &str| {
            map.and_then(|m| text(m, key)).filter(|t| *t != "unknown").map(str::to_owned)
        };
        let library = value.get("eval_library");
        let harness = match (known(library, "name"), known(library, "version")) {
            (Some(name), Some(version)) => Some(format!("{name} {version}")),
            (Some(name), None) => Some(name),
            (None, _) => known(value.get("source_metadata"), "source_name")
                .or_else(|| known(value.get("evaluation_source"), "evaluation_source_name")),
        };
        Self { slug, split, harness }
    }
}

/// What a result speaks of; its value is still to be read.
fn result(
    item: &Datum,
    index: usize,
    path: &str,
    file: &Datum,
    board: &Board,
    run: &mut Run,
    findings: &mut Findings<'_>,
) -> Option<MetricResult> {
    let pointer = format!("/evaluation_results/{index}");
    let config = item.get("metric_config").unwrap_or(&Datum::Null);
    let Some(name) = text(item, "evaluation_name") else {
        findings.report(
            Diagnostic::new(Code::FieldInvalid, "a result without 'evaluation_name' is left out")
                .help("nobody can tell what it measures"),
            &pointer,
        );
        return None;
    };
    let data = present(item, "source_data").or_else(|| present(file, "source_data")).unwrap_or(&Datum::Null);
    let benchmark = text(data, "dataset_name");
    let described = text(config, "evaluation_description").unwrap_or_default();
    let said = text(config, "metric_name")
        .or_else(|| text(config, "metric_id"))
        .or_else(|| described.strip_suffix(name).and_then(|d| d.strip_suffix(" on ")).filter(|d| !d.is_empty()));
    let (metric, dataset) = match said {
        // The evaluation is the benchmark, and its metric is known.
        Some(metric) => (metric, Some(name.to_owned())),
        // Nobody says what the number is: the evaluation's name is all there is.
        None => (name, benchmark.map(str::to_owned).or_else(|| board.slug.clone())),
    };
    let mut result = due(metric, Pointer::new(path, format!("{pointer}/score_details/score")));
    let split = match text(data, "hf_split") {
        Some(split) => Some(board.split.as_ref().map_or_else(|| split.to_owned(), |b| format!("{b}, {split}"))),
        None => board.split.clone(),
    };
    result.split = split.filter(|s| dataset.as_ref() != Some(s));
    result.dataset = dataset;
    result.harness.clone_from(&board.harness);
    result.n = present(data, "samples_number").and_then(count);
    if let Some(Datum::Bool(lower)) = config.get("lower_is_better") {
        run.direct(metric, if *lower { Direction::Lower } else { Direction::Higher });
    }
    Some(result)
}

/// Results of one name in one file (a leaderboard's tabs): what tells them apart becomes their slice.
fn tell_apart(read: &mut [(MetricResult, &Datum)]) {
    let mut seen: std::collections::BTreeMap<(String, Option<String>, Option<String>), usize> = Default::default();
    let key = |r: &MetricResult| (r.metric.clone(), r.dataset.clone(), r.split.clone());
    for (result, _) in read.iter() {
        *seen.entry(key(result)).or_default() += 1;
    }
    for (result, item) in read.iter_mut().filter(|(r, _)| seen.get(&key(r)).is_some_and(|n| *n > 1)) {
        let details = item.get("score_details").and_then(|s| s.get("details")).unwrap_or(&Datum::Null);
        let config = item.get("generation_config").and_then(Datum::entries).unwrap_or_default();
        let mut slice = Slice::default();
        if let Some(tab) = text(details, "tab") {
            slice.0.insert("tab".to_owned(), tab.to_owned());
        }
        for (name, value) in config.iter().filter(|(_, v)| !matches!(v, Datum::Map(_) | Datum::Null)) {
            slice.0.insert(name.clone(), value.display());
        }
        result.slice = slice;
    }
}

/// Reads the score and its uncertainty.
fn add(run: &mut Run, mut result: MetricResult, item: &Datum, findings: &mut Findings<'_>) {
    let details = item.get("score_details").unwrap_or(&Datum::Null);
    let config = item.get("metric_config").unwrap_or(&Datum::Null);
    let pointer = result.source.pointer.trim_end_matches("/score").to_owned();
    if let Some(uncertainty) = present(details, "uncertainty") {
        let at = below(&pointer, "uncertainty");
        result.stderr = present(uncertainty, "standard_error").and_then(|error| {
            let number = error.as_number().and_then(crate::model::Measured::finite).or_else(|| finite(error, "value"));
            number.filter(|e| e.get() >= 0.0).or_else(|| {
                findings.wrong_type(&below(&at, "standard_error"), "a standard error", error);
                None
            })
        });
        let score = finite(details, "score");
        result.ci = present(uncertainty, "confidence_interval").and_then(|ci| interval(ci, score, &at, findings));
        result.n = present(uncertainty, "num_samples").and_then(count).or(result.n);
    }
    let Some(score) = details.get("score") else {
        findings.reject(run, result, "no score".to_owned());
        return;
    };
    // The schema: with `has_unknown_level` a score of -1 means that nothing is known.
    let unknown = matches!(config.get("has_unknown_level"), Some(Datum::Bool(true)))
        && score.as_number().is_some_and(|n| n.as_f64() == -1.0);
    if unknown {
        findings.reject(run, result, "an unknown level (-1)".to_owned());
    } else {
        findings.value(run, result, score);
    }
}

/// The interval, when it has a level and holds the score: some writers give distances from it.
fn interval(ci: &Datum, score: Option<Finite>, at: &str, findings: &mut Findings<'_>) -> Option<Interval> {
    let at = below(at, "confidence_interval");
    let (Some(lower), Some(upper)) = (finite(ci, "lower"), finite(ci, "upper")) else {
        findings.wrong_type(&at, "an interval with two ends", ci);
        return None;
    };
    let level = finite(ci, "confidence_level").filter(|l: &Finite| l.get() > 0.0 && l.get() < 1.0);
    match level {
        Some(level) if score.is_some_and(|s| lower <= s && s <= upper) => Some(Interval { lower, upper, level }),
        _ => {
            let text = format!(
                "the interval from {} to {} has no level between 0 and 1 or does not hold the score: it is not shown",
                visible(&lower.get().to_string(), 40),
                visible(&upper.get().to_string(), 40)
            );
            findings.report(Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Note), &at);
            None
        }
    }
}
