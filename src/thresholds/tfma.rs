//! TensorFlow Model Analysis: `EvalConfig` (`tensorflow_model_analysis/proto/config.proto`), JSON or text format.
//!
//! In: `metrics_specs` with thresholds on metrics, or by name in the specification; `slicing_specs`. Out: rules on the
//! whole dataset and on every slice, as `metrics_validator.py` judges them: bounds may be reached, a change threshold
//! with both an absolute and a relative part must hold in both, and one without a slice holds on all slices.

use super::draft::{BASELINE, Draft, Rule};
use super::{Format, number};
use crate::diag::visible;
use crate::import::json;
use crate::model::{Datum, Direction};
use toml::Value;

pub(super) struct EvalConfig;

/// A field by its name in the proto or in JSON.
fn field<'d>(message: &'d Datum, name: &str) -> Option<&'d Datum> {
    message.get(name).or_else(|| message.get(&camel(name))).filter(|value| **value != Datum::Null)
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut out, part| {
        let mut letters = part.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
        out
    })
}

/// A repeated field: in the text format a single one is no list.
fn many<'d>(message: &'d Datum, name: &str) -> Vec<&'d Datum> {
    match field(message, name) {
        None => Vec::new(),
        Some(Datum::List(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// The entries of a map field: an object in JSON, messages with `key` and `value` in the text format.
fn entries<'d>(message: &'d Datum, name: &str) -> Vec<(&'d str, &'d Datum)> {
    let pairs: Vec<(&str, &Datum)> = many(message, name)
        .into_iter()
        .filter_map(|entry| Some((entry.get("key")?.as_str()?, entry.get("value")?)))
        .collect();
    match field(message, name).and_then(Datum::entries) {
        Some(object) if pairs.is_empty() => object.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        _ => pairs,
    }
}

/// `google.protobuf.DoubleValue`: a number in JSON, a message in the text format.
fn wrapped(message: &Datum, name: &str) -> Option<Result<f64, ()>> {
    let value = field(message, name)?;
    let inner = if value.entries().is_some() { value.get("value") } else { Some(value) };
    // A message without its value is the default of the type.
    Some(inner.map_or(Ok(0.0), |inner| number(inner).ok_or(())))
}

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

    fn read(&self, document: &Datum, draft: &mut Draft) {
        let config = inner(document);
        let specs = many(config, "slicing_specs");
        let mut slices = Vec::new();
        let mut overall = specs.is_empty();
        for (i, spec) in specs.iter().enumerate() {
            match slice(spec) {
                Some(text) if text.is_empty() => overall = true,
                Some(text) => slices.push(text),
                None => draft.leave(&format!("/slicing_specs/{i}"), "this slicing has no equal"),
            }
        }
        let places = Places { overall, slices };
        for (i, spec) in many(config, "metrics_specs").into_iter().enumerate() {
            specification(spec, &format!("/metrics_specs/{i}"), &places, draft);
        }
        if !field(config, "cross_slicing_specs").is_none_or(|d| d.items().is_some_and(<[_]>::is_empty)) {
            draft.leave(
                "/cross_slicing_specs",
                "slices are not compared with each other one by one; see check = \"gap\"",
            );
        }
    }
}

/// `EvalConfigAndVersion` holds an `EvalConfig`.
fn inner(document: &Datum) -> &Datum {
    field(document, "eval_config").unwrap_or(document)
}

/// Where a threshold without a slice holds.
struct Places {
    overall: bool,
    slices: Vec<String>,
}

/// A slicing as a pattern: empty for the whole dataset, nothing for what a pattern cannot say.
fn slice(spec: &Datum) -> Option<String> {
    if field(spec, "slice_keys_sql").is_some() {
        return None;
    }
    let plain = |text: &str| {
        (!text.is_empty() && !text.contains(['&', ',', '=', '*', '?', '[', ']', '{', '}'])).then(|| text.to_owned())
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

fn specification(spec: &Datum, at: &str, places: &Places, draft: &mut Draft) {
    for name in ["output_names", "query_key", "binarize", "aggregate"] {
        let set = field(spec, name)
            .is_some_and(|d| !matches!(d, Datum::List(items) if items.is_empty()) && d.as_str() != Some(""));
        if set {
            draft.leave(
                &format!("{at}/{name}"),
                format!(
                    "{name} changes what the metrics are called: name the metric, the class or the dataset in the rules"
                ),
            );
        }
    }
    for (i, metric) in many(spec, "metrics").into_iter().enumerate() {
        let at = format!("{at}/metrics/{i}");
        let Some(name) = name_of(metric) else {
            draft.leave(&at, "the metric has no class_name");
            continue;
        };
        if let Some(found) = field(metric, "threshold") {
            threshold(&name, found, None, places, &format!("{at}/threshold"), draft);
        }
        for (j, per) in many(metric, "per_slice_thresholds").into_iter().enumerate() {
            per_slice(&name, per, places, &format!("{at}/per_slice_thresholds/{j}"), draft);
        }
        if field(metric, "cross_slice_thresholds").is_some() {
            draft.leave(
                &format!("{at}/cross_slice_thresholds"),
                "slices are not compared with each other one by one; see check = \"gap\"",
            );
        }
    }
    for (name, found) in entries(spec, "thresholds") {
        threshold(name, found, None, places, &format!("{at}/thresholds/{name}"), draft);
    }
    for (name, found) in entries(spec, "per_slice_thresholds") {
        for (j, per) in many(found, "thresholds").into_iter().enumerate() {
            per_slice(name, per, places, &format!("{at}/per_slice_thresholds/{name}/{j}"), draft);
        }
    }
    if field(spec, "cross_slice_thresholds").is_some() {
        draft.leave(
            &format!("{at}/cross_slice_thresholds"),
            "slices are not compared with each other one by one; see check = \"gap\"",
        );
    }
}

/// The metric's name: `name` in its JSON configuration, else the class's in snake case, as Keras makes it.
fn name_of(metric: &Datum) -> Option<String> {
    let configured = field(metric, "config").and_then(Datum::as_str).and_then(|text| json::value(text.as_bytes()));
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

fn per_slice(name: &str, per: &Datum, places: &Places, at: &str, draft: &mut Draft) {
    let Some(found) = field(per, "threshold") else {
        draft.leave(at, "there is no threshold for the slices");
        return;
    };
    let specs = many(per, "slicing_specs");
    if specs.is_empty() {
        draft.leave(at, "there are no slices for the threshold");
    }
    for (i, spec) in specs.into_iter().enumerate() {
        match slice(spec) {
            Some(pattern) => threshold(name, found, Some(&pattern), places, at, draft),
            None => draft.leave(&format!("{at}/slicing_specs/{i}"), "this slicing has no equal"),
        }
    }
}

/// The rules of a threshold, on one slicing or wherever the configuration looks.
fn threshold(metric: &str, found: &Datum, on: Option<&str>, places: &Places, at: &str, draft: &mut Draft) {
    if !draft.usable(metric, at) {
        return;
    }
    let slicings: Vec<&str> = match on {
        Some(pattern) => vec![pattern],
        None => places.overall.then_some("").into_iter().chain(places.slices.iter().map(String::as_str)).collect(),
    };
    let mut rules: Vec<Rule> = Vec::new();
    let mut direction = None;
    if let Some(value) = field(found, "value_threshold") {
        let mut rule = Rule::new("metric", metric, "bounds").key("metric", metric);
        let before = draft.left.len();
        let mut bounds = [None, None];
        for (slot, name) in bounds.iter_mut().zip(["lower_bound", "upper_bound"]) {
            match wrapped(value, name) {
                Some(Ok(number)) => *slot = Some(number),
                Some(Err(())) => draft.leave(&format!("{at}/value_threshold/{name}"), "the bound is no number"),
                None => {}
            }
        }
        let [low, high] = bounds;
        rule = match (low, high) {
            (Some(low), Some(high)) => rule.key("within", Value::Array(vec![low.into(), high.into()])),
            (Some(low), None) => rule.key("min", low),
            (None, Some(high)) => rule.key("max", high),
            (None, None) => {
                if draft.left.len() == before {
                    draft.leave(&format!("{at}/value_threshold"), "the threshold has no bound and demands nothing");
                }
                return;
            }
        };
        direction = Some(if low.is_some() { Direction::Higher } else { Direction::Lower });
        rules.push(rule);
    }
    if let Some(change) = field(found, "change_threshold") {
        let way = field(change, "direction").map(Datum::display).unwrap_or_default();
        let way = match way.as_str() {
            "HIGHER_IS_BETTER" | "2" => Direction::Higher,
            "LOWER_IS_BETTER" | "1" => Direction::Lower,
            _ => {
                draft.leave(&format!("{at}/change_threshold"), "the change has no direction");
                return;
            }
        };
        direction = Some(way);
        let mut any = false;
        for (name, part) in [("absolute", "abs"), ("relative", "rel")] {
            match wrapped(change, name) {
                Some(Ok(number)) => {
                    // Positive is better where higher is better, and worse where lower is.
                    let better = if way == Direction::Higher { number } else { -number };
                    let key = if better > 0.0 { "min_improvement" } else { "max_regression" };
                    let mut rule =
                        Rule::new("metric", metric, "change").key("metric", metric).key("baseline", BASELINE);
                    if part == "rel" {
                        rule = rule
                            .comment("a share of the baseline's absolute value; TFMA fails where the baseline is 0");
                    }
                    rules.push(rule.amounts(key, &[(part, better.abs())]));
                    any = true;
                }
                Some(Err(())) => draft.leave(&format!("{at}/change_threshold/{name}"), "the change is no number"),
                None => {}
            }
        }
        if !any {
            draft.leave(&format!("{at}/change_threshold"), "the change demands nothing");
        }
    }
    if rules.is_empty() {
        draft.leave(at, format!("the threshold of '{}' says nothing that is understood", visible(metric, 80)));
        return;
    }
    if let Some(direction) = direction
        && !draft.direct(metric, direction, at)
    {
        return;
    }
    for rule in rules {
        for slicing in &slicings {
            draft.push(rule.clone_for(slicing));
        }
    }
}
