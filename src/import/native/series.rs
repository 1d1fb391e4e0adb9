//! Native series.

use super::super::{Content, DocumentImporter};
use crate::model::Document;

/// Native series.
pub(crate) struct NativeSeries;

impl DocumentImporter for NativeSeries {
    fn kind(&self) -> &'static str {
        "native"
    }

    fn sniff(&self, _content: &Content<'_>) -> bool {
        false
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}
