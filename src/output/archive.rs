//! Folders that are written once and never changed: what `presscheck import` makes.
//!
//! In: folders with their files, below a folder that the user named. Out: each of them complete, or an
//! error. It must not overwrite or delete what was there: a folder with other content ends everything
//! before anything is written; one with the same content is left.
//!
//! A folder is written under a temporary name, which holds a `CACHEDIR.TAG` so that nobody takes it for
//! evidence, and renamed when it is complete.

use std::path::Path;

use super::error::Error;
use super::fs::{Disk, Fs, Kind};
use super::path::{below, check_all};
use super::{Files, temporary_name};

/// What [`archive`] did: numbers of folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    /// New ones.
    pub written: usize,
    /// Those that were there already, with the same content.
    pub unchanged: usize,
}

/// What marks a folder as nobody's evidence while it is written.
const MARK: &str = "CACHEDIR.TAG";

/// Writes folders: path below `root`, whether the files are all that it may hold, and the files.
///
/// # Errors
/// With nothing changed when a name cannot be written or something else is in the way; with whole
/// folders only when the machine fails half-way.
pub fn archive(root: &Path, folders: Vec<(String, bool, Files)>) -> Result<Archived, Error> {
    let names =
        folders.iter().flat_map(|(at, _, files)| files.iter().map(move |(name, _)| (format!("{at}/{name}"), ())));
    check_all(names.collect()).map_err(|problems| Error::Paths { problems })?;
    if !matches!(Disk.kind(root).map_err(|error| Error::io("look at", root, error))?, None | Some(Kind::Folder)) {
        return Err(Error::Target { path: root.to_path_buf(), flaw: "it is a file or a link; name a folder" });
    }
    let mut obstacles = Vec::new();
    let mut due = Vec::new();
    let mut done = Archived::default();
    for (at, whole, files) in folders {
        match state(root, &at, whole, &files)? {
            State::New => due.push((at, whole, files)),
            State::Same => done.unchanged += 1,
            State::Other(flaw) => obstacles.push((at, flaw)),
        }
    }
    if !obstacles.is_empty() {
        obstacles.sort();
        return Err(Error::InTheWay { root: root.to_path_buf(), obstacles });
    }
    for (at, whole, files) in due {
        if whole {
            write_folder(root, &at, &files)?;
        } else {
            for (name, bytes) in &files {
                super::write_file_atomic(&below(root, &format!("{at}/{name}")), bytes)?;
            }
        }
        done.written += 1;
    }
    Ok(done)
}

enum State {
    New,
    Same,
    Other(&'static str),
}

/// What is where a folder is due.
fn state(root: &Path, at: &str, whole: bool, files: &Files) -> Result<State, Error> {
    let look = |path: &Path| Disk.kind(path).map_err(|error| Error::io("look at", path, error));
    for (end, _) in at.match_indices('/') {
        if !matches!(look(&below(root, &at[..end]))?, None | Some(Kind::Folder)) {
            return Ok(State::Other("a file or link stands where a folder is due"));
        }
    }
    let folder = below(root, at);
    match look(&folder)? {
        None => return Ok(State::New),
        Some(Kind::Folder) => {}
        Some(_) => return Ok(State::Other("a file or link stands where a folder is due")),
    }
    let (mut same, mut absent) = (0, 0);
    for (name, bytes) in files {
        let path = folder.join(name);
        match look(&path)? {
            None => absent += 1,
            Some(Kind::File(length)) if length == bytes.len() as u64 => {
                if Disk.read(&path).map_err(|error| Error::io("read", &path, error))? != *bytes {
                    return Ok(State::Other("it holds other content"));
                }
                same += 1;
            }
            Some(_) => return Ok(State::Other("it holds other content")),
        }
    }
    if whole {
        let listed = walkdir::WalkDir::new(&folder).min_depth(1).into_iter().take(files.len() + 1).count();
        return Ok(if absent == 0 && listed == files.len() {
            State::Same
        } else {
            State::Other("it holds other content")
        });
    }
    Ok(if same == files.len() { State::Same } else { State::New })
}

fn write_folder(root: &Path, at: &str, files: &Files) -> Result<(), Error> {
    let (above, name) = at.rsplit_once('/').unwrap_or(("", at));
    let parent = if above.is_empty() { root.to_path_buf() } else { below(root, above) };
    let beside = parent.join(temporary_name(name));
    // A link that somebody put there would lead the files elsewhere.
    if !matches!(Disk.kind(&beside).map_err(|error| Error::io("look at", &beside, error))?, None | Some(Kind::Folder)) {
        return Err(Error::Target { path: beside, flaw: "a file or link stands where a folder is due" });
    }
    // The mark comes first and goes last: a folder without it is complete.
    super::write_file_atomic(&beside.join(MARK), b"Signature: 8a477f597d28d172789f06886806bc55\n")?;
    let io = |doing, path: &Path, error| Error::io(doing, path, error);
    let listed = walkdir::WalkDir::new(&beside).min_depth(1);
    // What a killed import left under the same name is ours.
    for entry in listed.into_iter().flatten().filter(|e| e.file_type().is_file() && e.file_name() != MARK) {
        Disk.remove_file(entry.path()).map_err(|error| io("remove", entry.path(), error))?;
    }
    for (name, bytes) in files {
        let path = beside.join(name);
        Disk.write_new(&path, bytes, true).map_err(|error| io("write", &path, error))?;
    }
    let (mark, folder) = (beside.join(MARK), parent.join(name));
    // Renamed with the mark in it, the folder is no evidence until the mark is gone.
    Disk.rename(&beside, &folder).map_err(|error| io("rename", &mark, error))?;
    Disk.remove_file(&folder.join(MARK)).map_err(|error| io("remove", &mark, error))?;
    Disk.sync_folder(&parent).map_err(|error| io("sync", &parent, error))
}
