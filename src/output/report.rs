//! Single files outside the site: gate reports, exports, approvals, the scaffold of `init`.
//!
//! In: a path the user named, and bytes. Out: the whole file or an error. It must not write through a
//! link: in a pipeline the working copy, with its links, comes from whoever opened the pull request.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::fs::{Disk, Fs, Kind};

/// Writes a file beside its place, waits for the disk and renames it, so that readers see the old file
/// or the new one. Folders above it are created. What is not a regular file but can be written
/// (`/dev/stdout`, a pipe) is written to directly.
///
/// # Errors
/// When the path is a folder or a link, or the system refuses.
pub fn write_file_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let kind = Disk.kind(path).map_err(|error| Error::io("look at", path, error))?;
    let refused = |flaw| Err(Error::Target { path: path.to_path_buf(), flaw });
    match kind {
        None | Some(Kind::File(_)) => {}
        Some(Kind::Folder) => return refused("it is a folder"),
        // The links in /dev are the system's own: /dev/stdout leads to this process' output.
        Some(Kind::Link) if path.starts_with("/dev") => return write_directly(path, bytes),
        Some(Kind::Link) => {
            return refused("it is a symbolic link; name the file it leads to, or remove it");
        }
        Some(Kind::Other) => return write_directly(path, bytes),
    }
    let Some(name) = path.file_name() else {
        return refused("it has no file name");
    };
    let folder = folder_of(path);
    create_folders(&folder)?;
    let mut builder = tempfile::Builder::new();
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    builder.prefix(&prefix).suffix(".presscheck-tmp");
    #[cfg(unix)]
    {
        // The umask takes its share: 0644 as a rule. Without this it would be 0600.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(&folder).map_err(|error| Error::io("write in", &folder, error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| Error::io("write", path, error))?;
    file.persist(path).map_err(|error| Error::io("replace", path, error.error))?;
    Disk.sync_folder(&folder).map_err(|error| Error::io("sync", &folder, error))
}

/// Removes a report that was written earlier: it would speak of another verdict. Only a regular file
/// goes; what is not there, a link, a folder or a device stays as it is.
///
/// # Errors
/// When the system refuses.
pub fn remove_report(path: &Path) -> Result<bool, Error> {
    match Disk.kind(path).map_err(|error| Error::io("look at", path, error))? {
        Some(Kind::File(_)) => {
            Disk.remove_file(path).map_err(|error| Error::io("remove", path, error))?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// How large a file is; nothing is 0.
pub fn size(path: &Path) -> u64 {
    match Disk.kind(path) {
        Ok(Some(Kind::File(bytes))) => bytes,
        _ => 0,
    }
}

fn write_directly(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Error::io("write", path, error))
}

/// Adds bytes to the end of a file that somebody else keeps open for that: a runner's step summary.
///
/// # Errors
/// When the file cannot be opened or written.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Error::io("write", path, error))
}

/// What [`scaffold`] did; paths as given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scaffolded {
    /// Files that are new.
    pub created: Vec<String>,
    /// Files that were there and were left as they are.
    pub skipped: Vec<String>,
}

/// Creates files that do not exist below `folder`, and never changes one that does. Unlike the paths
/// of a site these may have names with a dot (`.github/workflows/…`).
///
/// # Errors
/// When a path could leave the folder, before anything is written; or when the system refuses.
pub fn scaffold(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<Scaffolded, Error> {
    let problems: Vec<String> = files
        .iter()
        .filter(|(path, _)| !stays_inside(path))
        .map(|(path, _)| format!("{path:?} is not a plain relative path"))
        .collect();
    if !problems.is_empty() {
        return Err(Error::Paths { problems });
    }
    let mut done = Scaffolded::default();
    for (relative, bytes) in files {
        let path = super::path::below(folder, relative);
        let list = if create(&path, bytes)? { &mut done.created } else { &mut done.skipped };
        list.push(relative.clone());
    }
    Ok(done)
}

/// Creates a file, folders included, unless something is there already; says whether it did.
///
/// # Errors
/// When the file cannot be created or written.
pub fn create(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    create_folders(&folder_of(path))?;
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(bytes).map_err(|error| Error::io("write", path, error))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::io("create", path, error)),
    }
}

fn stays_inside(path: &str) -> bool {
    !path.contains(['\\', ':', '\0']) && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[expect(clippy::disallowed_methods, reason = "output is the only writer")]
pub(super) fn create_folders(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at the disk themselves")]
mod tests {
    use super::*;

    #[test]
    fn a_report_replaces_the_former_one_and_can_be_read_by_others() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("reports/deep/junit.xml");
        write_file_atomic(&path, b"one").unwrap();
        write_file_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let plain = temp.path().join("plain");
            fs::write(&plain, b"").unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&path), mode(&plain));
        }
    }

    #[test]
    fn a_report_is_not_written_into_a_folder() {
        let temp = tempfile::tempdir().unwrap();
        let error = write_file_atomic(temp.path(), b"x").unwrap_err().to_string();
        assert!(error.ends_with("was not written: it is a folder"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_report_does_not_follow_a_link_but_fills_a_device() {
        let temp = tempfile::tempdir().unwrap();
        let precious = temp.path().join("precious");
        fs::write(&precious, b"keep").unwrap();
        let link = temp.path().join("junit.xml");
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        assert!(write_file_atomic(&link, b"x").is_err());
        assert_eq!(fs::read(&precious).unwrap(), b"keep");
        write_file_atomic(Path::new("/dev/null"), b"x").unwrap();
        assert!(!Path::new("/dev/null").symlink_metadata().unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn only_a_regular_file_is_removed() {
        let temp = tempfile::tempdir().unwrap();
        let (report, link) = (temp.path().join("svr.json"), temp.path().join("link"));
        assert!(!remove_report(&report).unwrap());
        fs::write(&report, b"old").unwrap();
        std::os::unix::fs::symlink(&report, &link).unwrap();
        assert!(!remove_report(&link).unwrap() && !remove_report(temp.path()).unwrap());
        assert_eq!((size(&report), size(temp.path())), (3, 0));
        assert!(remove_report(&report).unwrap() && !report.exists());
    }

    #[test]
    fn a_scaffold_never_changes_a_file() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("presscheck.toml"), b"mine").unwrap();
        let files = ["presscheck.toml", ".github/workflows/gate.yml"].map(|path| (path.to_owned(), b"new".to_vec()));
        let done = scaffold(temp.path(), &files).unwrap();
        assert_eq!(done.created, [".github/workflows/gate.yml"]);
        assert_eq!(done.skipped, ["presscheck.toml"]);
        assert_eq!(fs::read(temp.path().join("presscheck.toml")).unwrap(), b"mine");
        for bad in ["../x", "/x", "a//b", "a\\b", "", "C:x"] {
            assert!(scaffold(temp.path(), &[(bad.to_owned(), Vec::new())]).is_err(), "{bad}");
        }
    }
}
