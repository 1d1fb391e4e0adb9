//! The few operations on the disk that a commit is made of.
//!
//! In: absolute paths. Out: the system's answers, nothing hidden. A trait, so that tests can fail the
//! n-th operation and look at what is left. It must not know what a manifest or a page is.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What is at a path, without following a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file and its length.
    File(u64),
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// The disk.
pub(super) trait Fs: Sync {
    /// What is at `path`; `None` when nothing is.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// The whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// One new folder; its parent exists. A folder that is already there is fine.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// A new file with the mode the umask leaves (0644, not the 0600 of most temporary files, which
    /// GitHub Pages refuses). A file of that name is replaced, a link is not followed.
    fn write_new(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()>;
    /// Moves a file over another.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file or link; one that is gone already is fine.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder if it is empty, and says whether it did.
    fn remove_empty_folder(&self, path: &Path) -> io::Result<bool>;
    /// Asks the disk to keep what the folder lists.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The real disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk;

impl Fs for Disk {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() => Ok(Some(Kind::File(meta.len()))),
            Ok(meta) if meta.is_dir() => Ok(Some(Kind::Folder)),
            Ok(meta) if meta.is_symlink() => Ok(Some(Kind::Link)),
            Ok(_) => Ok(Some(Kind::Other)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "compares a page on disk with the one that was rendered; no evidence is read here"
    )]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            other => other,
        }
    }

    fn write_new(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        let open = || OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = match open() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.remove_file(path)?;
                open()?
            }
            other => other?,
        };
        file.write_all(bytes)?;
        match durable {
            true => file.sync_all(),
            false => Ok(()),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "output commits files")]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[expect(clippy::disallowed_methods, reason = "output is the only module that deletes, and only what it wrote")]
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "only empty folders that our files were in")]
    fn remove_empty_folder(&self, path: &Path) -> io::Result<bool> {
        match fs::remove_dir(path) {
            Ok(()) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::DirectoryNotEmpty
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a folder is opened to be synced, nothing is read")]
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if cfg!(not(unix)) {
            return Ok(()); // Folders cannot be opened for this elsewhere.
        }
        match fs::File::open(path)?.sync_all() {
            // Some network file systems have no fsync for folders; they keep their own order.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }
}
