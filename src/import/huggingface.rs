//! Hugging Face model cards.

use super::{Content, DocumentImporter};
use crate::model::Document;

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
