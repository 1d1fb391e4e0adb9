//! Evidence: every file that was read, with its digest.

use serde::Serialize;

use crate::digest::Sha256;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// The file, relative to the project, `/` between parts.
    pub path: String,
    /// Digest of exactly the bytes that were evaluated.
    pub sha256: Sha256,
    /// Size in bytes.
    pub bytes: u64,
}
