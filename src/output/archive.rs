//! Folders that are written once and never changed: what `presscheck import` makes.
//!
//! In: folders with their files, below a folder that the user named. Out: each of them complete. It
//! must not overwrite or delete evidence: a folder that is there with other content is left as it is
//! and named; one with the same content is left. What a model's own folder says (`model.toml`, cards)
//! follows the last import; what it said before is kept below `.former`.
//!
//! A folder is written under a temporary name, which holds a `CACHEDIR.TAG` so that nobody takes it for
//! evidence, renamed with it, and evidence from the moment that the mark is removed. Whatever an
//! interruption leaves is thus no evidence, and the next import removes or finishes it.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::Error;
use super::fs::{Disk, Fs, Kind};
use super::path::{below, check_all};
use super::{Files, lock, temporary_name};
use crate::digest::Sha256;

/// What [`archive`] did: numbers of folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archived {
    /// New ones, and models that say something new.
    pub written: usize,
    /// Those that were there already, with the same content.
    pub unchanged: usize,
    /// What an interrupted import had left and was removed or finished.
    pub cleaned: usize,
    /// Those that hold something else and were left as they are, and what they hold; sorted.
    pub refused: Vec<(String, &'static str)>,
}

/// What marks a folder as nobody's evidence while it is written.
const MARK: &str = "CACHEDIR.TAG";

/// What the mark holds (bford.info/cachedir).
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n";

/// Where a model's folder keeps what it said before. Marked, so that it is no evidence.
const FORMER: &str = ".former";

/// How the files of a model's own folder begin, so that those of somebody else are not replaced.
const OURS: &[&[u8]] = &[b"# presscheck import\n", b"{\"schema\":\"presscheck.records/1\""];

/// The ending of everything that has a name for the time of writing.
const TEMPORARY: &str = ".presscheck-tmp";

/// Folders that [`archive`] would leave as they are because they hold something else.
///
/// # Errors
/// When the machine fails.
pub fn refused(root: &Path, folders: &[(String, bool, Files)]) -> Result<BTreeSet<String>, Error> {
    let mut out = BTreeSet::new();
    for (at, whole, files) in folders {
        if let State::Other(_) = state(root, at, *whole, files)? {
            out.insert(at.clone());
        }
    }
    Ok(out)
}

/// Writes folders: path below `root`, whether the files are all that it may hold, and the files.
///
/// # Errors
/// With nothing changed when a name cannot be written, the folder is none, or another import writes
/// there; with whole folders only when the machine fails half-way.
pub fn archive(root: &Path, folders: Vec<(String, bool, Files)>) -> Result<Archived, Error> {
    let names =
        folders.iter().flat_map(|(at, _, files)| files.iter().map(move |(name, _)| (format!("{at}/{name}"), ())));
    check_all(names.collect()).map_err(|problems| Error::Paths { problems })?;
    if !matches!(look(root)?, None | Some(Kind::Folder)) {
        return Err(Error::Target { path: root.to_path_buf(), flaw: "it is a file or a link; name a folder" });
    }
    super::report::create_folders(root)?;
    let root = &root.canonicalize().map_err(|error| Error::io("look at", root, error))?;
    let _lock = lock::acquire(root)?;
    let mut done = Archived { cleaned: clean(root)?, ..Archived::default() };
    let mut due = Vec::new();
    for (at, whole, files) in folders {
        match state(root, &at, whole, &files)? {
            State::New => due.push((at, whole, files)),
            State::Marked => {
                finish(&below(root, &at))?;
                done.cleaned += 1;
            }
            State::Same => done.unchanged += 1,
            State::Other(flaw) => done.refused.push((at, flaw)),
        }
    }
    // A version without what its model says of it could say less than it should.
    let (blocked, mut due): (Vec<_>, Vec<_>) = due.into_iter().partition(|(at, _, _)| {
        at.split_once('/').is_some_and(|(model, _)| done.refused.iter().any(|(refused, _)| refused == model))
    });
    done.refused.extend(blocked.into_iter().map(|(at, _, _)| (at, "the model's own folder stays as it is")));
    done.refused.sort();
    // For the same reason a model's own folder comes first; a version that is not there yet is blocked.
    due.sort_by(|a, b| a.0.cmp(&b.0));
    for (at, whole, files) in due {
        if whole {
            write_folder(root, &at, &files)?
        } else {
            write_model(&below(root, &at), &files)?
        }
        done.written += 1;
    }
    Ok(done)
}

fn look(path: &Path) -> Result<Option<Kind>, Error> {
    Disk.kind(path).map_err(|error| Error::io("look at", path, error))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    Disk.read(path).map_err(|error| Error::io("read", path, error))
}

fn remove(path: &Path) -> Result<(), Error> {
    Disk.remove_file(path).map_err(|error| Error::io("remove", path, error))
}

enum State {
    /// It is not there, or a model's that says something else.
    New,
    /// It is there and complete, but marked: an import was interrupted just before its end.
    Marked,
    Same,
    Other(&'static str),
}

const IN_THE_WAY: State = State::Other("a file or link stands where a folder is due");
const DIFFERS: State = State::Other("it holds other content");

/// What is where a folder is due.
fn state(root: &Path, at: &str, whole: bool, files: &Files) -> Result<State, Error> {
    for (end, _) in at.match_indices('/') {
        if !matches!(look(&below(root, &at[..end]))?, None | Some(Kind::Folder)) {
            return Ok(IN_THE_WAY);
        }
    }
    let folder = below(root, at);
    match look(&folder)? {
        None => return Ok(State::New),
        Some(Kind::Folder) => {}
        Some(_) => return Ok(IN_THE_WAY),
    }
    let mut same = 0;
    for (name, bytes) in files {
        let path = folder.join(name);
        match look(&path)? {
            None => {}
            Some(Kind::File(length)) if length == bytes.len() as u64 && read(&path)? == *bytes => same += 1,
            Some(Kind::File(_)) if !whole => {
                let there = read(&path)?;
                if !OURS.iter().any(|start| there.starts_with(start)) {
                    return Ok(State::Other("it was not written by presscheck import"));
                }
            }
            Some(_) => return Ok(DIFFERS),
        }
    }
    let same = same == files.len();
    if !whole {
        return Ok(if same && surplus(&folder, files).is_empty() { State::Same } else { State::New });
    }
    let marked = look(&folder.join(MARK))?.is_some();
    let listed = walkdir::WalkDir::new(&folder).min_depth(1).into_iter().take(files.len() + 2).count();
    Ok(match (same, listed - usize::from(marked)) {
        (true, n) if n == files.len() && marked => State::Marked,
        (true, n) if n == files.len() => State::Same,
        _ if marked => State::Other("an interrupted import left it, and the source has changed since; remove it"),
        _ => DIFFERS,
    })
}

/// Files of a model's folder that an earlier import wrote and this one does not.
fn surplus(folder: &Path, files: &Files) -> Vec<String> {
    let listed = walkdir::WalkDir::new(folder).min_depth(1).max_depth(1).into_iter().flatten();
    let names = listed.filter(|e| e.file_type().is_file()).filter_map(|e| e.file_name().to_str().map(str::to_owned));
    names
        .filter(|n| n.starts_with("records") && n.ends_with(".json") && !files.iter().any(|(name, _)| name == n))
        .filter(|n| Disk.read(&folder.join(n)).is_ok_and(|bytes| OURS.iter().any(|start| bytes.starts_with(start))))
        .collect()
}

/// Writes what a model's own folder says; what it said before is kept.
fn write_model(folder: &Path, files: &Files) -> Result<(), Error> {
    let surplus = surplus(folder, files);
    for name in files.iter().map(|(name, _)| name).chain(&surplus) {
        let path = folder.join(name);
        if look(&path)?.is_none() {
            continue;
        }
        let before = read(&path)?;
        if files.iter().any(|(n, bytes)| n == name && *bytes == before) {
            continue;
        }
        let kept = folder.join(FORMER);
        if !matches!(look(&kept)?, None | Some(Kind::Folder)) {
            return Err(Error::Target { path: kept, flaw: "a file or link stands where a folder is due" });
        }
        super::write_file_atomic(&kept.join(MARK), SIGNATURE)?;
        super::write_file_atomic(&kept.join(format!("{name}.{}", Sha256::of(&before).short())), &before)?;
    }
    for (name, bytes) in files {
        super::write_file_atomic(&folder.join(name), bytes)?;
    }
    surplus.iter().try_for_each(|name| remove(&folder.join(name)))
}

fn write_folder(root: &Path, at: &str, files: &Files) -> Result<(), Error> {
    let (above, name) = at.rsplit_once('/').unwrap_or(("", at));
    let parent = if above.is_empty() { root.to_path_buf() } else { below(root, above) };
    let beside = parent.join(temporary_name(name));
    // A link that somebody put there would lead the files elsewhere.
    if look(&beside)?.is_some() {
        return Err(Error::Target { path: beside, flaw: "a file or link stands where a folder is due" });
    }
    // The mark comes first and goes last: a folder without it is complete.
    super::write_file_atomic(&beside.join(MARK), SIGNATURE)?;
    for (name, bytes) in files {
        let path = beside.join(name);
        Disk.write_new(&path, bytes, true).map_err(|error| Error::io("write", &path, error))?;
    }
    Disk.sync_folder(&beside).map_err(|error| Error::io("sync", &beside, error))?;
    let folder = parent.join(name);
    // Renamed with the mark in it, the folder is no evidence until the mark is gone.
    Disk.rename(&beside, &folder).map_err(|error| Error::io("rename", &beside, error))?;
    finish(&folder)?;
    Disk.sync_folder(&parent).map_err(|error| Error::io("sync", &parent, error))
}

/// Makes a complete folder evidence.
fn finish(folder: &Path) -> Result<(), Error> {
    remove(&folder.join(MARK))?;
    Disk.sync_folder(folder).map_err(|error| Error::io("sync", folder, error))
}

/// Removes what interrupted imports left under temporary names; how many there were. Nothing else has
/// such a name, and a folder must also bear the mark or hold nothing.
fn clean(root: &Path) -> Result<usize, Error> {
    let left = |entry: &walkdir::DirEntry| {
        entry.file_name().to_str().is_some_and(|n| n.starts_with('.') && n.ends_with(TEMPORARY))
    };
    let entries = walkdir::WalkDir::new(root).min_depth(1).max_depth(3).follow_links(false).into_iter().flatten();
    let mut cleaned = 0;
    for entry in entries.filter(left).collect::<Vec<_>>() {
        let path = entry.path();
        let kind = look(path)?;
        if let Some(Kind::File(_)) = kind {
            remove(path)?;
        } else if kind == Some(Kind::Folder) {
            let inside = walkdir::WalkDir::new(path).min_depth(1).into_iter().flatten();
            let inside: Vec<walkdir::DirEntry> = inside.collect();
            let marked = matches!(look(&path.join(MARK))?, Some(Kind::File(_)));
            if !inside.iter().all(|e| e.file_type().is_file() && (marked || left(e))) {
                return Err(Error::Target {
                    path: path.to_path_buf(),
                    flaw: "it has the name of what an interrupted import leaves, but holds something else; remove it",
                });
            }
            // The mark goes last here too.
            for file in inside.iter().filter(|e| e.file_name() != MARK) {
                remove(file.path())?;
            }
            remove(&path.join(MARK))?;
            Disk.remove_empty_folder(path).map_err(|error| Error::io("remove", path, error))?;
        } else {
            continue;
        }
        cleaned += 1;
    }
    Ok(cleaned)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at the disk themselves")]
mod tests {
    use std::fs;

    use super::*;

    fn unit(at: &str, whole: bool, files: &[(&str, &str)]) -> (String, bool, Files) {
        (at.to_owned(), whole, files.iter().map(|(n, b)| ((*n).to_owned(), b.as_bytes().to_vec())).collect())
    }

    fn units(text: &str) -> Vec<(String, bool, Files)> {
        vec![
            unit("m", false, &[("model.toml", "# presscheck import\nname = \"m\"\n")]),
            unit("m/1", true, &[("run.toml", text), ("metrics.json", "[]\n")]),
        ]
    }

    /// The folder of version 1 in the state in which a kill at each step leaves it.
    #[test]
    fn whatever_an_interruption_leaves_is_no_evidence_and_is_finished_or_removed() {
        type Step = (&'static str, &'static [&'static str], usize);
        let states: [Step; 6] = [
            ("m/.1.presscheck-tmp", &[], 1),
            ("m/.1.presscheck-tmp", &[".CACHEDIR.TAGabc.presscheck-tmp"], 1),
            ("m/.1.presscheck-tmp", &["CACHEDIR.TAG"], 1),
            ("m/.1.presscheck-tmp", &["CACHEDIR.TAG", "run.toml"], 1),
            ("m/.1.presscheck-tmp", &["CACHEDIR.TAG", "run.toml", "metrics.json"], 1),
            ("m/1", &["CACHEDIR.TAG", "run.toml", "metrics.json"], 1),
        ];
        for (folder, names, cleaned) in states {
            let temp = tempfile::tempdir().unwrap();
            let root = temp.path().join("archive");
            let at = root.join(folder);
            fs::create_dir_all(&at).unwrap();
            for name in names {
                let content = if *name == "metrics.json" { "[]\n" } else { "name = \"1\"\n" };
                fs::write(at.join(name), content).unwrap();
            }
            let source = crate::source::Source::discover(&root, "", &[], crate::source::Limits::default()).unwrap();
            let evidence = source.files("").iter().filter(|e| e.path.ends_with(".toml") || e.path.ends_with(".json"));
            assert_eq!(evidence.count(), 0, "{folder} {names:?}");
            let done = archive(&root, units("name = \"1\"\n")).unwrap();
            assert_eq!(done.refused, []);
            assert_eq!(done.cleaned, cleaned, "{folder} {names:?}");
            let mut left: Vec<String> = walkdir::WalkDir::new(&root)
                .into_iter()
                .flatten()
                .filter(|e| e.file_type().is_file())
                .map(|e| e.path().strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"))
                .collect();
            left.sort();
            assert_eq!(left, ["m/1/metrics.json", "m/1/run.toml", "m/model.toml"], "{folder} {names:?}");
            let again = archive(&root, units("name = \"1\"\n")).unwrap();
            assert_eq!((again.written, again.unchanged, again.cleaned), (0, 2, 0));
        }
    }

    #[test]
    fn a_marked_folder_with_other_content_is_named_and_left() {
        let temp = tempfile::tempdir().unwrap();
        let at = temp.path().join("m/1");
        fs::create_dir_all(&at).unwrap();
        for name in [MARK, "run.toml", "metrics.json"] {
            fs::write(at.join(name), "other").unwrap();
        }
        let done = archive(temp.path(), units("name = \"1\"\n")).unwrap();
        assert_eq!(done.refused.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["m/1"]);
        assert_eq!(fs::read_to_string(at.join("run.toml")).unwrap(), "other");
    }

    #[test]
    fn a_folder_that_only_looks_like_a_leftover_is_not_removed() {
        let temp = tempfile::tempdir().unwrap();
        let at = temp.path().join("m/.1.presscheck-tmp");
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("mine.txt"), "mine").unwrap();
        assert!(archive(temp.path(), units("name = \"1\"\n")).is_err());
        assert_eq!(fs::read_to_string(at.join("mine.txt")).unwrap(), "mine");
    }

    #[test]
    fn what_a_model_said_before_is_kept_and_foreign_files_are_not_replaced() {
        let temp = tempfile::tempdir().unwrap();
        archive(temp.path(), units("name = \"1\"\n")).unwrap();
        let later = unit("m", false, &[("model.toml", "# presscheck import\nname = \"m\"\ntitle = \"M\"\n")]);
        let done = archive(temp.path(), vec![later.clone()]).unwrap();
        assert_eq!((done.written, done.refused.len()), (1, 0));
        let former: Vec<_> = fs::read_dir(temp.path().join("m/.former")).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(former.len(), 2);
        assert!(former.iter().any(|p| fs::read(p).unwrap() == b"# presscheck import\nname = \"m\"\n"));
        fs::write(temp.path().join("m/model.toml"), "name = \"mine\"\n").unwrap();
        let done = archive(temp.path(), vec![later]).unwrap();
        assert_eq!(done.refused, [("m".to_owned(), "it was not written by presscheck import")]);
        assert_eq!(fs::read_to_string(temp.path().join("m/model.toml")).unwrap(), "name = \"mine\"\n");
    }
}
