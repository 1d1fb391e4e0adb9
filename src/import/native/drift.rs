//! Native drift reports.

use super::super::{Content, DocumentImporter};
use crate::model::Document;

/// Native drift reports.
pub(crate) struct NativeDrift;

impl DocumentImporter for NativeDrift {
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
