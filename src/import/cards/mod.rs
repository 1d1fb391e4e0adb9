//! Model cards that are not Markdown: fields in JSON, XML or protocol buffers become a `Card`.
//!
//! In: one file of Model Card Toolkit, VerifyML, SageMaker, CycloneDX, SPDX 3 or Bailo. Out: facts,
//! sections under the headings that card rules ask for, and results. The results are claims of the
//! author, as in a Hugging Face card: they stay on the card and no rule judges them. What a format
//! records as the outcome of a test is a check. Forms and schemas of these tools are recognised, so
//! that nobody looks for a model in them. One file per format; `outline` holds what they share.

mod bailo;
mod binary;
mod cyclonedx;
mod cyclonedx_xml;
mod forms;
mod outline;
mod sagemaker;
mod sagemaker_groups;
mod spdx;
mod toolkit;

use super::{Content, DocumentImporter, json};
use crate::diag::{Code, Diagnostic, Severity};
use crate::model::{Datum, Document};

/// Model Card Toolkit: JSON of both schemas, and `model_card.proto`.
pub(crate) struct ModelCardToolkit;

/// VerifyML: the same fields and more.
pub(crate) struct VerifyMl;

/// SageMaker model cards: content, replies of the API, metric groups.
pub(crate) struct SageMakerCard;

/// CycloneDX: components that are models, in JSON or XML.
pub(crate) struct CycloneDx;

/// SPDX 3 with the AI profile.
pub(crate) struct Spdx;

/// Bailo model cards.
pub(crate) struct Bailo;

/// Schemas, forms and settings of card tools.
pub(crate) struct CardForm;

/// The tree of a toolkit card in whatever form the file has it.
fn toolkit_tree(content: &Content<'_>) -> Option<(Datum, Vec<Diagnostic>)> {
    if content.ends_in(&["proto"]) {
        if !binary::begins_as_card(&content.file.bytes) {
            return None;
        }
        let decoded = binary::decode(&content.file.bytes);
        let problems = decoded.broken.map(|(offset, why)| {
            Diagnostic::new(Code::FieldInvalid, format!("the card cannot be decoded beyond byte {offset}: {why}"))
                .severity(Severity::Error)
                .at(content.file.path.clone())
                .help("was the file written completely? what stands before this place is kept")
        });
        return Some((decoded.tree, problems.into_iter().collect()));
    }
    if let Some(value) = content.json() {
        return toolkit::is_card(value).then(|| (value.clone(), Vec::new()));
    }
    // The toolkit's own early examples have line breaks within texts, which JSON forbids.
    content.json_document()?.as_ref().err()?;
    let text = content.file.text()?;
    if !text.contains("\"model_details\"") {
        return None;
    }
    let (value, problem) = json::parse_with_raw_breaks(content.file)?;
    toolkit::is_card(&value).then(|| (value, vec![problem]))
}

fn read_toolkit(content: &Content<'_>) -> Document {
    let Some((tree, mut problems)) = toolkit_tree(content) else { return Document::default() };
    let mut document = toolkit::read(&content.file.path, &tree);
    problems.append(&mut document.problems);
    document.problems = problems;
    document
}

impl DocumentImporter for ModelCardToolkit {
    fn kind(&self) -> &'static str {
        "model-card-toolkit"
    }

    fn wants(&self, name: &str) -> bool {
        std::path::Path::new(name).extension().is_some_and(|e| e == "json" || e == "proto")
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        toolkit_tree(content).is_some()
    }

    fn read(&self, content: &Content<'_>) -> Document {
        read_toolkit(content)
    }
}

impl DocumentImporter for VerifyMl {
    fn kind(&self) -> &'static str {
        "verifyml"
    }

    fn wants(&self, name: &str) -> bool {
        ModelCardToolkit.wants(name)
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        toolkit_tree(content).is_some_and(|(tree, _)| toolkit::is_verifyml(&tree))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        read_toolkit(content)
    }
}

impl DocumentImporter for SageMakerCard {
    fn kind(&self) -> &'static str {
        "sagemaker-model-card"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| sagemaker::is_card(value) || sagemaker_groups::is_groups(value))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        match content.json() {
            Some(value) if sagemaker_groups::is_groups(value) => sagemaker_groups::read(&content.file.path, value),
            Some(value) => sagemaker::read(&content.file.path, value),
            None => Document::default(),
        }
    }
}

impl DocumentImporter for CycloneDx {
    fn kind(&self) -> &'static str {
        "cyclonedx"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        match content.json() {
            Some(value) => cyclonedx::is_bom(value) && cyclonedx::holds_model(value),
            None => content.ends_in(&["xml", "cdx"]) && cyclonedx_xml::sniff(&content.file.bytes),
        }
    }

    fn read(&self, content: &Content<'_>) -> Document {
        if let Some(value) = content.json() {
            return cyclonedx::read(&content.file.path, value);
        }
        let (value, problem) = cyclonedx_xml::tree(content.file);
        let mut document = cyclonedx::read(&content.file.path, &value);
        document.problems.extend(problem);
        document
    }
}

impl DocumentImporter for Spdx {
    fn kind(&self) -> &'static str {
        "spdx"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(spdx::is_ai_document)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        content.json().map(|value| spdx::read(&content.file.path, value)).unwrap_or_default()
    }
}

impl DocumentImporter for Bailo {
    fn kind(&self) -> &'static str {
        "bailo"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(bailo::is_card)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        content.json().map(|value| bailo::read(&content.file.path, value)).unwrap_or_default()
    }
}

impl DocumentImporter for CardForm {
    fn kind(&self) -> &'static str {
        "card-form"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| forms::what(value).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        content.json().map(|value| forms::read(&content.file.path, value)).unwrap_or_default()
    }
}
