//! SageMaker: `evaluation.json` of model quality, and the registry's `describe-model-package`.
//!
//! In: a JSON file. Out: results with deviations, curves and the confusion matrix ([`quality`]); a
//! model, its version, approval and metadata ([`package`]). Addresses in S3 are shown, never opened.

mod package;
mod quality;

use super::facts::Facts;
use super::{Content, DocumentImporter};
use crate::model::Document;

/// SageMaker's files.
pub(crate) struct SageMaker;

impl DocumentImporter for SageMaker {
    fn kind(&self) -> &'static str {
        "sagemaker"
    }

    fn takes_native_names(&self) -> bool {
        true
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|v| {
            // The native layout has tables of metrics too; deviations tell them apart.
            let native = super::native::is_native_file(content.file.name());
            let evaluation = quality::is_evaluation(v) && (!native || quality::has_deviations(v));
            evaluation || package::is_package(v) || package::is_list(v)
        })
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("sagemaker".to_owned());
        let Some(value) = content.json() else { return Document::default() };
        if package::is_package(value) {
            package::read(value, &mut facts);
            facts.document.standalone = true;
        } else if package::is_list(value) {
            package::read_list(value, &mut facts);
        } else {
            quality::read(value, &mut facts);
            // A pipeline writes `evaluation.json` beside the model; under other names several windows
            // of monitoring lie side by side.
            let name = content.file.name();
            facts.document.standalone = name != "evaluation.json" && !super::native::is_native_file(name);
        }
        facts.finish()
    }
}
