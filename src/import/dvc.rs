//! DVC projects.

use super::{Folder, StoreImporter};
use crate::model::Records;

/// DVC projects.
pub(crate) struct DvcProject;

impl StoreImporter for DvcProject {
    fn kind(&self) -> &'static str {
        "dvc"
    }

    fn claims(&self, _folder: &Folder<'_>) -> bool {
        false
    }

    fn read(&self, _folder: &Folder<'_>) -> Records {
        Records::default()
    }
}
