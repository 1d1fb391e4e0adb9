//! Files that are needed while a command runs.
//!
//! In: names. Out: files to write into, in a folder of the system's place for temporary files that is removed when the
//! command ends. Nothing of the user's lies there.

use std::fs::File;
use std::path::PathBuf;

/// A folder that ends with the command.
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// An empty folder.
    ///
    /// # Errors
    /// When the system has no place for one.
    pub fn new() -> std::io::Result<Self> {
        tempfile::Builder::new().prefix("presscheck-").tempdir().map(Self)
    }

    /// A new file of this name.
    ///
    /// # Errors
    /// When it is there already or cannot be made.
    pub fn file(&self, name: &str) -> std::io::Result<(PathBuf, File)> {
        let path = self.0.path().join(name);
        let file = File::create_new(&path)?;
        Ok((path, file))
    }
}
