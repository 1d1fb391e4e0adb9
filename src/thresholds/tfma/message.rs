//! Messages of an `EvalConfig`, as JSON or the text format wrote them.
//!
//! In: a [`Datum`]. JSON says `metricsSpecs` or `metrics_specs`, the text format repeats fields, which is a list only
//! when there are several, and writes maps as messages with `key` and `value`. Out: one way to ask.

use crate::import::json;
use crate::model::{Datum, Measured};

/// A field by its name in the proto or in JSON.
pub(super) fn field<'d>(message: &'d Datum, name: &str) -> Option<&'d Datum> {
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
pub(super) fn many<'d>(message: &'d Datum, name: &str) -> Vec<&'d Datum> {
    match field(message, name) {
        None => Vec::new(),
        Some(Datum::List(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// The entries of a map field: an object in JSON, messages with `key` and `value` in the text format.
pub(super) fn entries<'d>(message: &'d Datum, name: &str) -> Vec<(&'d str, &'d Datum)> {
    let is_pair = |d: &&Datum| {
        let two = |d: &[(String, Datum)]| d.iter().all(|(key, _)| key == "key" || key == "value");
        d.entries().is_some_and(two) && d.get("key").is_some_and(|k| k.as_str().is_some())
    };
    let found = many(message, name);
    if !found.is_empty() && found.iter().all(is_pair) {
        let value = |entry: &'d Datum| entry.get("value").unwrap_or(&Datum::Null);
        return found.into_iter().filter_map(|e| Some((e.get("key")?.as_str()?, value(e)))).collect();
    }
    let object = field(message, name).and_then(Datum::entries).unwrap_or_default();
    object.iter().map(|(key, value)| (key.as_str(), value)).collect()
}

/// `google.protobuf.DoubleValue`: a number in JSON, a message in the text format.
pub(super) fn wrapped(message: &Datum, name: &str) -> Option<Result<f64, ()>> {
    let value = field(message, name)?;
    let inner = if value.entries().is_some() { value.get("value") } else { Some(value) };
    let number = |d: &Datum| match d {
        // The JSON of protobuf allows numbers as text.
        Datum::Text(text) => Measured::parse(text)?.finite().map(crate::model::Finite::get),
        other => super::super::number(other),
    };
    // A message without its value is the default of the type.
    Some(inner.map_or(Ok(0.0), |inner| number(inner).ok_or(())))
}

/// The JSON of a metric's `config`, whose outer braces may be left out.
pub(super) fn config(metric: &Datum) -> Result<Option<Datum>, ()> {
    let Some(text) = field(metric, "config") else { return Ok(None) };
    let text = text.as_str().ok_or(())?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let whole = if text.starts_with('{') { text.to_owned() } else { format!("{{{text}}}") };
    json::value(whole.as_bytes()).filter(|d| d.entries().is_some()).map(Some).ok_or(())
}
