//! DVCLive folders.

use super::{Folder, StoreImporter};
use crate::model::Records;

/// DVCLive folders.
pub(crate) struct DvcLive;

impl StoreImporter for DvcLive {
    fn kind(&self) -> &'static str {
        "dvclive"
    }

    fn claims(&self, _folder: &Folder<'_>) -> bool {
        false
    }

    fn read(&self, _folder: &Folder<'_>) -> Records {
        Records::default()
    }
}
