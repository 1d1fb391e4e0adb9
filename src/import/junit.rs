//! JUnit XML.

use super::{Content, DocumentImporter};
use crate::model::Document;

/// JUnit XML.
pub(crate) struct Junit;

impl DocumentImporter for Junit {
    fn kind(&self) -> &'static str {
        "junit"
    }

    fn sniff(&self, _content: &Content<'_>) -> bool {
        false
    }

    fn read(&self, _content: &Content<'_>) -> Document {
        Document::default()
    }
}
