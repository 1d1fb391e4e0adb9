//! May we write here, and which of the files that are already there are ours?
//!
//! In: the output folder the user named, the folders that were read, the home and working folder (the
//! environment is read in `cli`). Out: the resolved folder and what former builds left in it, or a
//! refusal. It must not change anything on the disk.
//!
//! An output folder *inside* an input folder is normal (`public` in the project): discovery leaves it
//! out. The other way round would put pages among the evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::error::{Error, Refusal};
use super::fs::{Fs, Kind};
use super::lock;
use super::manifest::Manifest;
use super::path::{MANIFEST, OutPath};
use super::temporary_name;

/// How many foreign files a refusal names.
const NAMED: usize = 5;

/// Where a site goes, and what must not be hit on the way.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The output folder; it need not exist.
    pub root: &'a Path,
    /// Every file and folder that was or will be read: sources, configuration, policy, theme.
    pub inputs: &'a [PathBuf],
    /// The home folder, when there is one.
    pub home: Option<&'a Path>,
    /// The folder the command was started in.
    pub working_dir: Option<&'a Path>,
    /// Build into a folder that holds files of others; they stay as they are.
    pub adopt: bool,
    /// Who writes, for the manifest: `presscheck 0.1.0`.
    pub generator: &'a str,
}

/// What former builds left in the folder.
#[derive(Debug, Default)]
pub(super) struct Former {
    /// Our files, each with every content that a build may have left.
    pub(super) owned: BTreeMap<OutPath, BTreeSet<String>>,
    /// The manifest as it stands on disk.
    pub(super) manifest: Option<Vec<u8>>,
    /// Whether the last build was cut short, so that temporary files may lie around.
    pub(super) cut_short: bool,
}

/// Resolves the folder and refuses the ones that no flag makes acceptable.
pub(super) fn resolve(fs: &dyn Fs, target: &Target<'_>) -> Result<PathBuf, Error> {
    let root = real_path(target.root).map_err(|error| Error::io("resolve", target.root, error))?;
    let refused = |reason| Err(Error::Refused { root: root.clone(), reason });
    if root.parent().is_none() {
        return refused(Refusal::FileSystemRoot);
    }
    let contains = |other: &Path| real_path(other).is_ok_and(|other| other.starts_with(&root));
    if target.home.is_some_and(contains) {
        return refused(Refusal::Home);
    }
    for input in target.inputs {
        let real = real_path(input).map_err(|error| Error::io("resolve", input, error))?;
        if real == root {
            return refused(Refusal::IsInput);
        }
        if real.starts_with(&root) {
            return refused(Refusal::ContainsInput(input.clone()));
        }
    }
    if target.working_dir.is_some_and(contains) {
        return refused(Refusal::WorkingFolder);
    }
    match fs.kind(&root).map_err(|error| Error::io("look at", &root, error))? {
        None => return Ok(root),
        Some(Kind::Folder) => {}
        Some(_) => return refused(Refusal::NotAFolder),
    }
    let git = root.join(".git");
    if fs.kind(&git).map_err(|error| Error::io("look at", &git, error))?.is_some() {
        return refused(Refusal::Repository);
    }
    Ok(root)
}

/// Reads what former builds left, and refuses a folder of other people's files.
pub(super) fn former(fs: &dyn Fs, root: &Path, adopt: bool) -> Result<Former, Error> {
    let path = root.join(MANIFEST);
    let flaw = match fs.kind(&path).map_err(|error| Error::io("look at", &path, error))? {
        None => None,
        Some(Kind::File(_)) => {
            let bytes = fs.read(&path).map_err(|error| Error::io("read", &path, error))?;
            match Manifest::parse(&bytes) {
                Ok(manifest) => {
                    return Ok(Former {
                        owned: manifest.owned(),
                        cut_short: !manifest.complete,
                        manifest: Some(bytes),
                    });
                }
                Err(why) => Some((why, is_damaged_manifest(&bytes))),
            }
        }
        Some(_) => Some(("is not a file".to_owned(), false)),
    };
    let manifest_is_ours = flaw.as_ref().is_none_or(|(_, ours)| *ours);
    let (foreign, first) = foreign_files(root, manifest_is_ours)?;
    if foreign > 0 && !adopt {
        let reason = Refusal::NotOurs { foreign, first, manifest: flaw.map(|(why, _)| why) };
        return Err(Error::Refused { root: root.to_path_buf(), reason });
    }
    if !manifest_is_ours {
        let obstacles = vec![(MANIFEST.to_owned(), "a manifest.json that is not ours")];
        return Err(Error::InTheWay { root: root.to_path_buf(), obstacles });
    }
    Ok(Former { cut_short: true, ..Former::default() })
}

/// A file that a crashed disk emptied, or that another version of presscheck wrote, may be replaced;
/// somebody's web app manifest may not.
fn is_damaged_manifest(bytes: &[u8]) -> bool {
    let mark = b"presscheck.manifest";
    bytes.is_empty() || bytes.windows(mark.len()).any(|window| window == mark)
}

fn foreign_files(root: &Path, manifest_is_ours: bool) -> Result<(usize, Vec<String>), Error> {
    let ours = [temporary_name(MANIFEST), lock::INSIDE.to_owned()];
    let mut total = 0;
    let mut first = Vec::new();
    for entry in WalkDir::new(root).min_depth(1).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                match error.into_io_error() {
                    Some(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Some(error) => return Err(Error::io("list", &path, error)),
                    None => continue, // A loop of links; links are not followed.
                }
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().into_owned();
        if ours.contains(&name) || (name == MANIFEST && manifest_is_ours) {
            continue;
        }
        total += 1;
        if first.len() < NAMED {
            first.push(name);
        }
    }
    Ok((total, first))
}

/// The path without links, for a path that need not exist.
pub(super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match path.canonicalize() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok(real_path(parent)?.join(name)),
            _ => Err(error),
        },
        other => other,
    }
}
