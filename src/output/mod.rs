//! The only writer of the product.
//!
//! In: rendered bytes with their names, and the folder the user chose. Out: a folder that holds the
//! site and everything that others put there, or an [`Error`] and a folder as it was. It must not
//! render, read evidence, or delete anything that its manifest does not list, but for a former report
//! at a path that the user named for the new one.
//!
//! [`commit()`] writes a site, [`write_file_atomic`] a single report, [`scaffold`] the files of `init`.
//! `guard` decides whether a folder may be written, `manifest` remembers what is ours, `commit`
//! explains the order of steps, `fs` is the disk (and, in tests, a disk that fails).

mod archive;
mod commit;
mod error;
mod fs;
mod guard;
mod lock;
mod manifest;
mod path;
mod report;
mod scratch;
#[cfg(test)]
mod tests;

pub use archive::{Archived, archive, refused};
pub use commit::Committed;
pub use error::{Error, Refusal};
pub use guard::Target;
pub use lock::lock_path;
pub use manifest::{Entry, Manifest};
pub use path::{OutPath, OutPathError};
pub use report::{Scaffolded, append, create, remove_report, scaffold, size, write_file_atomic};
pub use scratch::Scratch;

/// The files of a site: path below the output folder, and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

/// Writes a site. See the module `commit` for what happens in which order.
///
/// # Errors
/// With nothing changed when a name, the folder or a file in it is in the way; with a mix that the
/// next commit repairs when the machine fails half-way.
pub fn commit(target: &Target<'_>, files: Files) -> Result<Committed, Error> {
    commit::commit_on(&fs::Disk, target, files)
}

/// Says whether [`commit()`] would refuse the folder, before anything is read or rendered. Changes
/// nothing.
///
/// # Errors
/// Those of [`commit()`] that do not depend on the files.
pub fn check(target: &Target<'_>) -> Result<(), Error> {
    let root = guard::resolve(&fs::Disk, target)?;
    if fs::Fs::kind(&fs::Disk, &root).map_err(|error| Error::io("look at", &root, error))?.is_some() {
        guard::former(&fs::Disk, &root, target.adopt)?;
    }
    Ok(())
}

/// The name a file has while it is written. It follows from the file's own name, so that the next
/// build finds what a killed one left without searching.
fn temporary_name(name: &str) -> String {
    format!(".{name}.presscheck-tmp")
}
