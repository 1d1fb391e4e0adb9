//! The `meta.yaml` of experiments, runs, models and versions.
//!
//! In: a file. Out: its fields, or the diagnostic that says why not. Names and ids are read as the
//! text that stands there: MLflow writes with PyYAML, which leaves `695042e3` unquoted because to it
//! that is no number; to YAML 1.2 it is.

use super::Findings;
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::import::{Folder, yaml};
use crate::model::{Datum, Instant};
use crate::source::Entry;

/// Fields that hold text (or nothing), whatever their value looks like.
const TEXTS: &[&str] = &[
    "artifact_location",
    "artifact_uri",
    "current_stage",
    "description",
    "destination_id",
    "digest",
    "entry_point_name",
    "experiment_id",
    "lifecycle_stage",
    "model_id",
    "model_type",
    "name",
    "profile",
    "run_id",
    "run_name",
    "run_uuid",
    "schema",
    "source",
    "source_id",
    "source_name",
    "source_run_id",
    "source_version",
    "status",
    "status_message",
    "storage_location",
    "user_id",
    "version",
];

/// The fields of a `meta.yaml`.
pub(super) struct Meta {
    /// The file, relative to the project.
    pub(super) path: String,
    fields: Vec<(String, Datum)>,
}

impl Meta {
    /// Reads the file.
    pub(super) fn read(folder: &Folder<'_>, entry: &Entry) -> Result<Self, Box<Diagnostic>> {
        let data = folder.read(entry)?;
        let text = data.text().ok_or_else(|| Box::new(not_utf8(&data.path)))?;
        match yaml::parse_with_texts(text, TEXTS).map_err(|error| Box::new(error.diagnostic(&data.path, 0)))? {
            Datum::Map(fields) => Ok(Self { path: data.path.clone(), fields }),
            other => {
                let found = if other == Datum::Null { "is empty" } else { "holds no fields" };
                Err(Box::new(
                    Diagnostic::new(Code::YamlSyntax, format!("the file {found}"))
                        .at(data.path.clone())
                        .help("was it written completely? restore it from the machine that wrote the store"),
                ))
            }
        }
    }

    /// The fields of a file that could not be read: none.
    pub(super) fn absent(path: String) -> Self {
        Self { path, fields: Vec::new() }
    }

    /// A field.
    pub(super) fn get(&self, key: &str) -> Option<&Datum> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// A field's text; empty text counts as absent.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// A field's text; a diagnostic when there is none.
    pub(super) fn required(&self, key: &str, findings: &mut Findings) -> Option<&str> {
        let text = self.text(key);
        if text.is_none() {
            findings.problem(self.missing(key));
        }
        text
    }

    /// A point in time in milliseconds; zero and less count as not set, as MLflow writes them.
    pub(super) fn instant(&self, key: &str, findings: &mut Findings) -> Option<Instant> {
        match self.get(key)? {
            Datum::Null => None,
            Datum::Int(millis) if Instant::from_millis(*millis).is_some() => Instant::from_millis(*millis),
            other => {
                findings.problem(self.invalid(key, &format!("{} is no time in milliseconds", quoted(other))));
                None
            }
        }
    }

    /// The fields that are not in `known` and say something.
    pub(super) fn others(&self, known: &[&str]) -> Vec<(String, Datum)> {
        let says = |value: &Datum| match value {
            Datum::Null => false,
            Datum::Text(text) => !text.is_empty(),
            Datum::List(items) => !items.is_empty(),
            Datum::Map(entries) => !entries.is_empty(),
            _ => true,
        };
        self.fields.iter().filter(|(key, value)| !known.contains(&key.as_str()) && says(value)).cloned().collect()
    }

    /// A field that is due is absent.
    pub(super) fn missing(&self, key: &str) -> Diagnostic {
        Diagnostic::new(Code::FieldMissing, format!("the field '{key}' is absent"))
            .at(self.path.clone())
            .pointer(key)
            .help("was the file written completely? restore it from the machine that wrote the store")
    }

    /// A field holds something that MLflow does not write.
    pub(super) fn invalid(&self, key: &str, what: &str) -> Diagnostic {
        Diagnostic::new(Code::FieldInvalid, format!("the field '{key}': {what}"))
            .at(self.path.clone())
            .pointer(key)
            .help("correct the field, or restore the file from the machine that wrote the store")
    }
}

/// A value for a message.
fn quoted(value: &Datum) -> String {
    format!("'{}'", visible(&value.display(), 80))
}

/// A text file that is not UTF-8.
pub(super) fn not_utf8(path: &str) -> Diagnostic {
    Diagnostic::new(Code::TextEncoding, "the file is not UTF-8")
        .at(path)
        .help("MLflow writes UTF-8; restore the file from the machine that wrote the store")
}

/// A folder stands where a run or a model is due, but has no `meta.yaml`.
pub(super) fn absent(folder: &Folder<'_>, what: &str) -> Diagnostic {
    Diagnostic::new(Code::FieldMissing, format!("the {what} has no meta.yaml and is not read"))
        .severity(Severity::Warning)
        .at(folder.project_path())
        .help("was the store copied completely? MLflow does not list it either")
}

/// An address without the user name and password that it may hold.
pub(super) fn without_userinfo(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => address.to_owned(),
    }
}
