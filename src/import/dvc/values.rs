//! Files of values as DVC reads them: metrics and params in JSON, YAML or TOML, dotted names.
//!
//! In: a file. Out: a [`Datum`], and its leaves with the names that `dvc metrics show` and `dvc
//! params diff` print (`f1.macro`). Like DVC, a file of any other ending is read as YAML.

use crate::diag::{Code, Diagnostic, visible};
use crate::import::json::{self, push_token};
use crate::import::yaml;
use crate::model::{Datum, Measured, MetricResult, Pointer, Rejected, Slice};
use crate::source::FileData;

/// Deeper values are not descended into; DVC's own files have a handful of levels.
const DEPTH: usize = 64;

/// Parses a file by its ending; findings that do not stop it go to `problems`.
///
/// # Errors
/// A diagnostic when the text is not well formed.
pub(crate) fn parse(file: &FileData, problems: &mut Vec<Diagnostic>) -> Result<Datum, Box<Diagnostic>> {
    let ending = file.name().rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    if ending == "json" {
        let document = json::parse(file)?;
        problems.extend(document.duplicate_problems(&file.path));
        return Ok(document.value);
    }
    let text = file.text().ok_or_else(|| {
        Box::new(
            Diagnostic::new(Code::TextEncoding, "the file is not UTF-8")
                .at(file.path.clone())
                .help("write it as UTF-8"),
        )
    })?;
    if ending == "toml" {
        return toml(file, text);
    }
    yaml::parse(text).map_err(|e| Box::new(e.diagnostic(&file.path, 0)))
}

fn toml(file: &FileData, text: &str) -> Result<Datum, Box<Diagnostic>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let diagnostic = Diagnostic::new(Code::TomlSyntax, format!("not well-formed TOML: {}", error.message()))
            .at(file.path.clone())
            .help("was the file written completely?");
        Box::new(match error.span() {
            Some(span) => {
                let (line, column) = crate::diag::line_column(text, span.start);
                diagnostic.at_line(line, column)
            }
            None => diagnostic,
        })
    })?;
    Ok(toml_datum(toml::Value::Table(table)))
}

fn toml_datum(value: toml::Value) -> Datum {
    match value {
        toml::Value::String(text) => Datum::Text(text),
        toml::Value::Integer(value) => Datum::Int(value),
        toml::Value::Float(value) => Datum::Number(Measured::new(value)),
        toml::Value::Boolean(value) => Datum::Bool(value),
        toml::Value::Datetime(value) => Datum::Text(value.to_string()),
        toml::Value::Array(items) => Datum::List(items.into_iter().map(toml_datum).collect()),
        toml::Value::Table(entries) => Datum::Map(entries.into_iter().map(|(k, v)| (k, toml_datum(v))).collect()),
    }
}

/// Every leaf of nested maps: its name joined with `separator`, its pointer, its value. Lists are
/// leaves, as DVC prints them.
pub(crate) fn leaves(value: &Datum, separator: char) -> Vec<(String, String, &Datum)> {
    let mut out = Vec::new();
    descend(value, separator, &mut String::new(), &mut String::new(), 0, &mut out);
    out
}

fn descend<'a>(
    value: &'a Datum,
    separator: char,
    name: &mut String,
    pointer: &mut String,
    depth: usize,
    out: &mut Vec<(String, String, &'a Datum)>,
) {
    match value.entries().filter(|_| depth < DEPTH) {
        Some(entries) => {
            for (key, member) in entries {
                let (name_length, pointer_length) = (name.len(), pointer.len());
                if depth > 0 {
                    name.push(separator);
                }
                name.push_str(key);
                push_token(pointer, key);
                descend(member, separator, name, pointer, depth + 1, out);
                name.truncate(name_length);
                pointer.truncate(pointer_length);
            }
        }
        None => out.push((name.clone(), pointer.clone(), value)),
    }
}

/// The metrics of a file: numbers are results, anything else is rejected with a finding.
pub(crate) fn metrics(
    value: &Datum,
    separator: char,
    path: &str,
    problems: &mut Vec<Diagnostic>,
) -> (Vec<MetricResult>, Vec<Rejected>) {
    let (mut results, mut rejected) = (Vec::new(), Vec::new());
    for (name, pointer, leaf) in leaves(value, separator) {
        // A file with nothing but a number: DVC shows it under the file's name.
        let name = if name.is_empty() { crate::source::file_name(path).to_owned() } else { name };
        let at = Pointer::new(path, pointer);
        if let Some(number) = leaf.as_number() {
            results.push(MetricResult::new(name, number, at));
            continue;
        }
        let found = match leaf {
            Datum::Text(text) => format!("text \"{}\"", visible(text, 40)),
            other => other.kind().to_owned(),
        };
        problems.push(
            Diagnostic::new(Code::MetricInvalid, format!("metric '{}' is {found}, not a number", visible(&name, 80)))
                .at(path)
                .pointer(at.pointer.clone())
                .help("write a number, or keep what is no measurement out of the metrics file"),
        );
        rejected.push(Rejected {
            metric: name,
            dataset: None,
            slice: Slice::default(),
            class: None,
            found,
            source: at,
        });
    }
    (results, rejected)
}
