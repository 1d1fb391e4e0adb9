//! Hugging Face model cards.

use super::{Content, DocumentImporter};
use crate::model::Document;

/// Reads a card.
pub(crate) fn card(path: &str, _text: &str) -> (crate::model::Card, Vec<crate::diag::Diagnostic>) {
    (
        crate::model::Card {
            path: path.to_owned(),
            model: None,
            version: None,
            metadata: crate::model::Datum::Map(Vec::new()),
            sections: Vec::new(),
            results: Vec::new(),
        },
        Vec::new(),
    )
}

/// Hugging Face model cards.
pub(crate) struct HuggingFaceCard;

impl DocumentImporter for HuggingFaceCard {
    fn kind(&self) -> &'static str {
        "huggingface"
    }

    fn sniff(&self, _content: &Content<'_>) -> bool {
        false
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}
