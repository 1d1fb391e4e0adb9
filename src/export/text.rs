//! JSON and TOML texts of any datum, so that reading them back gives the same datum.
//!
//! In: a [`Datum`]. Out: text. JSON with bare `NaN` and `Infinity`, as the native reader reads them;
//! TOML values on one line. It writes no file.

use std::fmt::Write;

use crate::model::{Datum, Measured};

/// Appends a datum as JSON.
pub(super) fn json(out: &mut String, value: &Datum) {
    match value {
        Datum::Null => out.push_str("null"),
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Datum::Number(value) => number(out, *value, ["NaN", "Infinity", "-Infinity"]),
        Datum::Text(value) => quoted(out, value),
        Datum::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                json(out, item);
            }
            out.push(']');
        }
        Datum::Map(entries) => {
            out.push('{');
            for (i, (key, item)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                quoted(out, key);
                out.push(':');
                json(out, item);
            }
            out.push('}');
        }
    }
}

/// Appends a datum as a TOML value; the caller has asked [`fits_toml`].
pub(super) fn toml(out: &mut String, value: &Datum) {
    match value {
        Datum::Number(value) => number(out, *value, ["nan", "inf", "-inf"]),
        Datum::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                toml(out, item);
            }
            out.push(']');
        }
        Datum::Map(entries) => {
            out.push('{');
            for (i, (key, item)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { " " });
                quoted(out, key);
                out.push_str(" = ");
                toml(out, item);
            }
            out.push_str(" }");
        }
        other => json(out, other),
    }
}

/// Whether TOML can say it: no null, no key twice, not too deep.
pub(super) fn fits_toml(value: &Datum, depth: usize) -> bool {
    match value {
        Datum::Null => false,
        Datum::List(items) => depth > 0 && items.iter().all(|i| fits_toml(i, depth - 1)),
        Datum::Map(entries) => {
            let mut seen = std::collections::BTreeSet::new();
            depth > 0 && entries.iter().all(|(key, v)| seen.insert(key) && fits_toml(v, depth - 1))
        }
        _ => true,
    }
}

fn number(out: &mut String, value: Measured, [nan, infinity, negative]: [&str; 3]) {
    let value = value.as_f64();
    if value.is_nan() {
        out.push_str(nan);
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { infinity } else { negative });
    } else {
        // The shortest text that reads back as the same number, always with a point or an exponent.
        let _ = write!(out, "{value:?}");
    }
}

/// A text in quotes, escaped for JSON and TOML alike.
pub(super) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
