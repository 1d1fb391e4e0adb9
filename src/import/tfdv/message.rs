//! Fields of a protobuf message as JSON or text wrote it.
//!
//! In: a [`Datum`]. JSON says `numExamples` (or `num_examples`, as the message has it), 64-bit
//! integers and non-finite numbers are text there; the text format repeats fields, which is a list
//! only when there are several. Out: one way to ask.

use crate::model::{Datum, Measured};

/// A field by its JSON name, also under the name of the message.
pub(super) fn field<'d>(message: &'d Datum, name: &str) -> Option<&'d Datum> {
    let found = message.get(name).or_else(|| {
        let mut snake = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        message.get(&snake)
    });
    found.filter(|v| !matches!(v, Datum::Null))
}

/// The values of a repeated field.
pub(super) fn entries<'d>(message: &'d Datum, name: &str) -> std::slice::Iter<'d, Datum> {
    match field(message, name) {
        Some(Datum::List(items)) => items.iter(),
        Some(one) => std::slice::from_ref(one).iter(),
        None => [].iter(),
    }
}

/// The keys and values of a map: an object in JSON, `key` and `value` pairs in text.
pub(super) fn pairs<'d>(message: &'d Datum, name: &str) -> Vec<(String, &'d Datum)> {
    match field(message, name) {
        Some(Datum::Map(map))
            if !(map.len() <= 2
                && map.iter().any(|(k, _)| k == "key")
                && map.iter().all(|(k, _)| k == "key" || k == "value")) =>
        {
            map.iter().map(|(k, v)| (k.clone(), v)).collect()
        }
        _ => entries(message, name)
            .map(|e| (e.get("key").map(Datum::display).unwrap_or_default(), e.get("value").unwrap_or(&Datum::Null)))
            .collect(),
    }
}

/// A number; the protobuf JSON mapping writes 64-bit integers and `NaN` as text.
pub(super) fn number(value: &Datum) -> Option<Measured> {
    match value {
        Datum::Text(text) => Measured::parse(text),
        other => other.as_number(),
    }
}

/// A path of steps, joined; the feature's old name where there is no path.
pub(super) fn path(message: &Datum) -> String {
    let steps: Vec<String> =
        field(message, "path").into_iter().flat_map(|p| entries(p, "step")).map(Datum::display).collect();
    if steps.is_empty() { field(message, "name").map(Datum::display).unwrap_or_default() } else { steps.join(".") }
}
