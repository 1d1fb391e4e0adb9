//! Evidently reports.

use super::{Content, DocumentImporter};
use crate::model::Document;

/// Evidently reports.
pub(crate) struct Evidently;

impl DocumentImporter for Evidently {
    fn kind(&self) -> &'static str {
        "evidently"
    }

    fn sniff(&self, _content: &Content<'_>) -> bool {
        false
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}
