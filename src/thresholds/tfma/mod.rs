//! TensorFlow Model Analysis: `EvalConfig` (`tensorflow_model_analysis/proto/config.proto`), JSON or text format.
//!
//! In: `metrics_specs` with thresholds on metrics, or by name in the specification; `slicing_specs`. Out: rules on the
//! whole dataset and on every slice, as `metrics_validator.py` judges them ([`threshold`](mod@threshold)). One without
//! a slice holds on all slices that the configuration names, one of a specification with `binarize` for each of its
//! classes.

mod message;
mod threshold;

use super::Format;
use super::draft::{Draft, below};
use crate::diag::visible;
use crate::model::Datum;
use crate::source::FileData;
use message::{entries, field, many, wrapped};
use threshold::{Target, threshold};

pub(super) struct EvalConfig;

/// Why a threshold across slices is left out.
const ACROSS: &str = "slices are not compared with each other one by one; see check = \"gap\"";

impl Format for EvalConfig {
    fn kind(&self) -> &'static str {
        "tfma"
    }

    fn about(&self) -> &'static str {
        "EvalConfig of TensorFlow Model Analysis, JSON or text format"
    }

    fn sniff(&self, document: &Datum) -> bool {
        field(inner(document), "metrics_specs").is_some()
    }

    fn read(&self, document: &Datum, _: &FileData, draft: &mut Draft) {
        let config = inner(document);
        let top = if field(document, "eval_config").is_some() { "/eval_config" } else { "" };
        let specs = many(config, "slicing_specs");
        let mut slices = Vec::new();
        for (i, spec) in specs.iter().enumerate() {
            match slice(spec) {
                Some(text) => slices.push(text),
                None => draft.leave(&format!("{top}/slicing_specs/{i}"), "this slicing has no equal"),
            }
        }
        if specs.is_empty() {
            slices.push(String::new());
        }
        let candidates = candidates(config);
        for (i, spec) in many(config, "metrics_specs").into_iter().enumerate() {
            specification(spec, &format!("{top}/metrics_specs/{i}"), &slices, candidates.as_deref(), draft);
        }
        if let Some(least) = field(config, "options").and_then(|o| wrapped(o, "min_slice_size")) {
            let of = least.map(|n| format!(" of fewer than {n} examples")).unwrap_or_default();
            draft.note(
                &format!("{top}/options/min_slice_size"),
                format!("TFMA skips slices{of}; here they count: see min_n and on_small_n"),
            );
        }
    }
}

/// `EvalConfigAndVersion` and `EvalRun` hold an `EvalConfig`.
fn inner(document: &Datum) -> &Datum {
    field(document, "eval_config").unwrap_or(document)
}

/// The names of the models that are not the baseline; nothing where some model has no name.
fn candidates(config: &Datum) -> Option<Vec<&str>> {
    let named: Option<Vec<(&str, bool)>> = many(config, "model_specs")
        .into_iter()
        .map(|m| Some((field(m, "name")?.as_str()?, field(m, "is_baseline") == Some(&Datum::Bool(true)))))
        .collect();
    let candidates: Vec<&str> = named?.into_iter().filter(|(_, baseline)| !baseline).map(|(name, _)| name).collect();
    (!candidates.is_empty()).then_some(candidates)
}

/// A slicing as a pattern: empty for the whole dataset, nothing for what a pattern cannot say.
fn slice(spec: &Datum) -> Option<String> {
    if field(spec, "slice_keys_sql").is_some_and(|d| d.as_str() != Some("")) {
        return None;
    }
    let plain = |text: &str| {
        let fine = !text.is_empty() && text.trim() == text && !text.contains(['&', ',', '=', '*']);
        (fine && !text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    let mut terms = Vec::new();
    for key in many(spec, "feature_keys") {
        terms.push(format!("{}=*", plain(key.as_str()?)?));
    }
    for (key, value) in entries(spec, "feature_values") {
        terms.push(format!("{}={}", plain(key)?, plain(&value.display())?));
    }
    Some(terms.join(" & "))
}

/// Whether a field says something: the JSON of protobuf may hold empty lists and texts.
fn says(message: &Datum, name: &str) -> bool {
    match field(message, name) {
        None => false,
        Some(Datum::List(items)) => !items.is_empty(),
        Some(Datum::Text(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// The classes that a specification judges one by one; `None` among them is the metric over all classes.
fn classes(spec: &Datum, at: &str, draft: &mut Draft) -> Vec<Option<String>> {
    let mut out = Vec::new();
    let mut narrowed = false;
    if let Some(binarize) = field(spec, "binarize") {
        let at = below(at, "binarize");
        let values = |name: &str| field(binarize, name).map(|list| many(list, "values")).unwrap_or_default();
        for class in values("class_ids") {
            (narrowed, out) = (true, [out, vec![Some(class.display())]].concat());
        }
        for name in ["k_list", "top_k_list"] {
            if !values(name).is_empty() {
                narrowed = true;
                draft.leave(&below(&at, name), "metrics of the k best predictions have names of their own");
            }
        }
    }
    if let Some(aggregate) = field(spec, "aggregate") {
        let at = below(at, "aggregate");
        narrowed = true;
        if field(aggregate, "top_k_list").is_some_and(|list| !many(list, "values").is_empty()) {
            draft.leave(&below(&at, "top_k_list"), "metrics of the k best predictions have names of their own");
        } else {
            draft.note(&at, "the average over the classes is judged: the evidence must call it by the metric's name");
            out.push(None);
        }
    }
    if narrowed { out } else { vec![None] }
}

fn specification(spec: &Datum, at: &str, slices: &[String], candidates: Option<&[&str]>, draft: &mut Draft) {
    let models: Vec<&str> = many(spec, "model_names").into_iter().filter_map(Datum::as_str).collect();
    if let Some(candidates) = candidates
        && !models.is_empty()
        && !models.iter().any(|m| candidates.contains(m))
    {
        draft.note(&below(at, "model_names"), "TFMA judges no threshold of the baseline: nothing is demanded");
        return;
    }
    match many(spec, "output_names").as_slice() {
        [] => {}
        [one] => draft.note(
            &below(at, "output_names"),
            format!("the output '{}' is judged under the metric's name", visible(&one.display(), 80)),
        ),
        _ => draft.leave(
            &below(at, "output_names"),
            "each output has metrics of its own: name the dataset or the metric in the rules",
        ),
    }
    if says(spec, "query_key") {
        draft.note(&below(at, "query_key"), "the metric over all queries is judged");
    }
    for class in classes(spec, at, draft) {
        let class = class.as_deref();
        for (i, metric) in many(spec, "metrics").into_iter().enumerate() {
            let at = format!("{at}/metrics/{i}");
            let thresholds = ["threshold", "per_slice_thresholds", "cross_slice_thresholds"];
            if !thresholds.iter().any(|name| says(metric, name)) {
                continue;
            }
            let Some(name) = name_of(metric) else {
                draft.leave(&at, "the metric has no class_name, or a config that is no JSON");
                continue;
            };
            if let Some(found) = field(metric, "threshold") {
                threshold(found, &Target { metric: &name, class, slices }, &below(&at, "threshold"), draft);
            }
            for (j, per) in many(metric, "per_slice_thresholds").into_iter().enumerate() {
                let at = format!("{at}/per_slice_thresholds/{j}");
                let slices = slices_of(per, &at, draft);
                per_slice(per, &Target { metric: &name, class, slices: &slices }, &at, draft);
            }
            if says(metric, "cross_slice_thresholds") {
                draft.leave(&below(&at, "cross_slice_thresholds"), ACROSS);
            }
        }
        for (name, found) in entries(spec, "thresholds") {
            threshold(found, &Target { metric: name, class, slices }, &below(&below(at, "thresholds"), name), draft);
        }
        for (name, found) in entries(spec, "per_slice_thresholds") {
            let at = below(&below(at, "per_slice_thresholds"), name);
            for (j, per) in many(found, "thresholds").into_iter().enumerate() {
                let at = format!("{at}/thresholds/{j}");
                let slices = slices_of(per, &at, draft);
                per_slice(per, &Target { metric: name, class, slices: &slices }, &at, draft);
            }
        }
        if !entries(spec, "cross_slice_thresholds").is_empty() {
            draft.leave(&below(at, "cross_slice_thresholds"), ACROSS);
        }
    }
}

/// The slices that a threshold names.
fn slices_of(per: &Datum, at: &str, draft: &mut Draft) -> Vec<String> {
    let specs = many(per, "slicing_specs");
    if specs.is_empty() {
        draft.leave(at, "there are no slices for the threshold");
    }
    let mut out = Vec::new();
    for (i, spec) in specs.into_iter().enumerate() {
        match slice(spec) {
            Some(pattern) => out.push(pattern),
            None => draft.leave(&format!("{at}/slicing_specs/{i}"), "this slicing has no equal"),
        }
    }
    out
}

fn per_slice(per: &Datum, target: &Target<'_>, at: &str, draft: &mut Draft) {
    match field(per, "threshold") {
        Some(found) => threshold(found, target, &below(at, "threshold"), draft),
        None => draft.leave(at, "there is no threshold for the slices"),
    }
}

/// The metric's name: `name` in its JSON configuration, else the class's in snake case, as Keras makes it.
fn name_of(metric: &Datum) -> Option<String> {
    let configured = message::config(metric).ok()?;
    if let Some(name) = configured.as_ref().and_then(|c| c.get("name")).and_then(Datum::as_str) {
        return Some(name.to_owned());
    }
    let class = field(metric, "class_name")?.as_str().filter(|c| !c.is_empty())?;
    let letters: Vec<char> = class.chars().collect();
    let mut out = String::new();
    for (i, c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| letters.get(b));
        let after = letters.get(i + 1);
        let word = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            || (before.is_some() && after.is_some_and(char::is_ascii_lowercase));
        if c.is_ascii_uppercase() && word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Some(out)
}
