//! scikit-learn's usual dumps.

use super::{Content, DocumentImporter};
use crate::model::Document;

/// scikit-learn's usual dumps.
pub(crate) struct Sklearn;

impl DocumentImporter for Sklearn {
    fn kind(&self) -> &'static str {
        "sklearn"
    }

    fn sniff(&self, _content: &Content<'_>) -> bool {
        false
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}
