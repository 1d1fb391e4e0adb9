//! One build at a time: the lock on an output folder.
//!
//! In: the output folder. Out: a lock that ends with its value, or whose it is. The lock file stands
//! *beside* the folder (`public.presscheck.lock`), because a stray file inside would be published;
//! only where the folder above cannot be written (an output that is a mount point) is it inside for
//! the time of the commit. It must not wait: a second build says so and ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::fs::{Disk, Fs, Kind};

/// The name of the lock file when it has to be inside.
pub(super) const INSIDE: &str = ".presscheck.lock";

/// A held lock.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

/// The lock file of an output folder, for those who watch the folder above it.
#[must_use]
pub fn lock_path(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_os_string();
    name.push(".presscheck.lock");
    root.with_file_name(name)
}

/// Locks a resolved output folder. The folder above it exists.
pub(super) fn acquire(root: &Path) -> Result<Lock, Error> {
    match lock_at(root, &lock_path(root)) {
        Err(Error::Io { source, .. })
            if root.is_dir()
                && matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            lock_at(root, &root.join(INSIDE))
        }
        other => other,
    }
}

fn lock_at(root: &Path, path: &Path) -> Result<Lock, Error> {
    let failed = |error| Error::io("lock", path, error);
    loop {
        if Disk.kind(path).map_err(failed)? == Some(Kind::Link) {
            return Err(Error::Target { path: path.to_path_buf(), flaw: "it is a symbolic link" });
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked { root: root.to_path_buf(), lock: path.to_path_buf() });
            }
            // Some network file systems have no locks; a build there is as safe as it was before.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The former holder removes the file when it is done. Whoever had it open by then holds a lock
        // on a file that nobody else can see, and must take the new one.
        if is_still(&file, path) {
            return Ok(Lock { path: path.to_path_buf(), _file: file });
        }
    }
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> bool {
    true // The file is never removed there, see below.
}

impl Drop for Lock {
    fn drop(&mut self) {
        if cfg!(unix) {
            // Still locked while it goes. A file that stays is harmless: the next build locks it again.
            let _ = Disk.remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_build_is_told_who_has_the_lock() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("public");
        let first = acquire(&root).unwrap();
        let error = acquire(&root).unwrap_err().to_string();
        assert!(error.starts_with("another presscheck is writing"), "{error}");
        assert!(error.contains("public.presscheck.lock"), "{error}");
        drop(first);
        assert!(!lock_path(&root).exists());
        drop(acquire(&root).unwrap());
    }
}
