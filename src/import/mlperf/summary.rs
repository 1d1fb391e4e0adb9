//! `mlperf_log_summary.txt`: lines of `name : value` in sections, written for people.
//!
//! In: text. Out: measured values under the names that the detail log has for them, the verdict and
//! its parts, and the parameters.

use super::super::facts::number_in_text;
use crate::model::Measured;

/// A measured value: its name, the number (or the text that stands there), and the line.
pub(super) struct Value {
    pub(super) name: String,
    pub(super) number: Result<Measured, String>,
    pub(super) line: u32,
}

/// What a summary says.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) values: Vec<Value>,
    /// "VALID" or "INVALID", as written, and its line.
    pub(super) validity: Option<(String, u32)>,
    /// The parts of the verdict: name, whether satisfied, line.
    pub(super) parts: Vec<(String, bool, u32)>,
    pub(super) params: Vec<(String, String)>,
    /// Scenario, mode, name of the system.
    pub(super) about: Vec<(String, String)>,
    /// Whether the text says that errors were met.
    pub(super) errors: Option<(String, u32)>,
}

/// Reads a summary.
pub(super) fn read(text: &str) -> Summary {
    let mut out = Summary::default();
    let mut parameters = false;
    for (i, line) in text.lines().enumerate() {
        let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        let plain = line.trim();
        if plain.starts_with("Test Parameters Used") {
            parameters = true;
        }
        if (plain.contains("ERROR encountered") || plain.contains("ERRORS encountered")) && out.errors.is_none() {
            out.errors = Some((plain.to_owned(), number));
        }
        // Advice ("* Early stopping 90.0th percentile estimate: 1563") is no measurement.
        let Some((name, value)) = plain.split_once(':').filter(|_| !plain.starts_with('*')) else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || value.is_empty() {
            continue;
        }
        match name {
            "SUT name" | "Scenario" | "Mode" => out.about.push((name.to_owned(), value.to_owned())),
            "Result is" => out.validity = Some((value.to_owned(), number)),
            _ if parameters => out.params.push((canonical(name), value.to_owned())),
            _ if name.ends_with("satisfied") => {
                let part = canonical(name.trim_end_matches("satisfied").trim());
                out.parts.push((format!("{part}_met"), value.eq_ignore_ascii_case("yes"), number));
            }
            _ => {
                let value = number_in_text(value).ok_or_else(|| value.to_owned());
                out.values.push(Value { name: canonical(name), number: value, line: number });
            }
        }
    }
    out
}

/// A name as the detail log writes it after `result_`: `Mean latency (ns)` is `mean_latency_ns`.
fn canonical(name: &str) -> String {
    let name = name.replace("w/o ", "without ").replace("w/ ", "with ");
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '(' | ')' => {}
            c if c.is_whitespace() => out.push('_'),
            c => out.extend(c.to_lowercase()),
        }
    }
    match out.as_str() {
        "completed_samples_per_second" => "completed_samples_per_sec".to_owned(),
        "scheduled_samples_per_second" => "scheduled_samples_per_sec".to_owned(),
        "performance_constraints" => "perf_constraints".to_owned(),
        _ => out,
    }
}
