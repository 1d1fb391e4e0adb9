//! Thresholds of other tools as a policy, so that a team can start from what it has.
//!
//! In: a file in which another tool keeps its thresholds. Out: the text of a `presscheck.toml`, and a diagnostic for
//! everything in the file that has no equal there. Nothing is left out in silence, and nothing is translated into
//! something that lets more pass. One file per tool.

mod draft;
mod evidently;
mod lighthouse;
mod mlflow;
mod rule;
mod tfma;

use draft::Draft;

use crate::config::Config;
use crate::diag::{Code, Diagnostic, visible};
use crate::import::{json, textproto, yaml};
use crate::model::Datum;
use crate::source::FileData;

/// A tool's thresholds.
trait Format: Sync {
    /// Its name.
    fn kind(&self) -> &'static str;

    /// What of the tool is read.
    fn about(&self) -> &'static str;

    /// Whether a document is of this tool.
    fn sniff(&self, document: &Datum) -> bool;

    /// Translates it.
    fn read(&self, document: &Datum, file: &FileData, draft: &mut Draft);
}

const FORMATS: &[&dyn Format] =
    &[&evidently::Evidently, &tfma::EvalConfig, &lighthouse::Assertions, &mlflow::MetricThresholds];

/// A policy that was made of another tool's thresholds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The tool.
    pub kind: &'static str,
    /// The text of the configuration.
    pub text: String,
    /// How many rules it has.
    pub rules: usize,
    /// What has no equal, each at its place in the file.
    pub left: Vec<Diagnostic>,
}

impl Translation {
    /// Whether the gate takes the policy.
    ///
    /// # Errors
    /// What it refuses; then there is a fault in the translation.
    pub fn check(&self) -> Result<(), Vec<Diagnostic>> {
        Config::parse(&self.text, "presscheck.toml", "imported").map(|_| ())
    }
}

/// The names and descriptions of what can be translated.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMATS.iter().map(|f| (f.kind(), f.about()))
}

/// Translates a file.
///
/// # Errors
/// When it cannot be parsed, is of no known tool, or says nothing that can be translated.
pub fn translate(file: &FileData, kind: Option<&str>) -> Result<Translation, Vec<Diagnostic>> {
    let document = parse(file).map_err(|problem| vec![*problem])?;
    let refuse = |message: String, help: &str| {
        vec![Diagnostic::new(Code::PolicyImport, message).at(file.path.clone()).help(help.to_owned())]
    };
    let known = || kinds().map(|(name, about)| format!("{name} ({about})")).collect::<Vec<_>>().join(", ");
    let format = match kind {
        Some(kind) => FORMATS.iter().find(|f| f.kind() == kind).ok_or_else(|| {
            refuse(
                format!("'{}' is nothing that can be translated", visible(kind, 60)),
                &format!("use one of {}", known()),
            )
        })?,
        None => FORMATS.iter().find(|f| f.sniff(&document)).ok_or_else(|| {
            refuse(
                "the file holds thresholds of no known tool".to_owned(),
                &format!("--kind says which it is: {}", known()),
            )
        })?,
    };
    let mut draft = Draft::new(file);
    format.read(&document, file, &mut draft);
    draft.finish();
    if draft.rules() == 0 {
        let mut problems =
            refuse("nothing in the file can be translated into a rule".to_owned(), "see docs/gate/import-policy.md");
        problems.append(&mut draft.left);
        return Err(problems);
    }
    let text = draft.text(format.kind(), format.about());
    Ok(Translation { kind: format.kind(), rules: draft.rules(), text, left: draft.left })
}

/// JSON, YAML or protobuf's text format, by the file's name or else by what can be parsed.
fn parse(file: &FileData) -> Result<Datum, Box<Diagnostic>> {
    let name = file.name().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|e| name.ends_with(e));
    let text = || {
        file.text().ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::TextEncoding, "the file is not UTF-8")
                    .at(file.path.clone())
                    .help("save it as UTF-8"),
            )
        })
    };
    if ends(&[".yaml", ".yml"]) {
        return yaml::parse(text()?).map_err(|e| Box::new(e.diagnostic(&file.path, 0)));
    }
    if ends(&[".pbtxt", ".textproto", ".textpb", ".prototxt"]) {
        return textproto::parse(text()?).map_err(|(line, why)| {
            Box::new(Diagnostic::new(Code::TextprotoSyntax, why).at(file.path.clone()).at_line(line, 1))
        });
    }
    match json::parse(file) {
        Ok(parsed) if parsed.duplicates.is_empty() => Ok(parsed.value),
        Ok(parsed) => Err(parsed.duplicate_problems(&file.path).into_iter().next().map_or_else(
            || Box::new(Diagnostic::new(Code::JsonDuplicateKey, "a key stands twice").at(file.path.clone())),
            Box::new,
        )),
        // `.lighthouserc` has no ending and is YAML or JSON; files of no known ending may be anything.
        Err(problem) if !ends(&[".json"]) => {
            let text = text()?;
            match (textproto::parse(text), yaml::parse(text)) {
                (Ok(value), _) if tfma::EvalConfig.sniff(&value) => Ok(value),
                (_, Ok(value @ Datum::Map(_))) => Ok(value),
                (_, Err(error)) if !text.trim_start().starts_with(['{', '[']) => {
                    Err(Box::new(error.diagnostic(&file.path, 0)))
                }
                _ => Err(problem),
            }
        }
        Err(problem) => Err(problem),
    }
}

/// A number that can be compared with: finite, and a whole one not so large that it would be rounded.
fn number(value: &Datum) -> Option<f64> {
    match value {
        Datum::Int(whole) if whole.unsigned_abs() > 1 << 53 => None,
        other => other.as_number()?.finite().map(crate::model::Finite::get),
    }
}
