//! From rendered pages to a folder, so that it can stop anywhere.
//!
//! In: every file of the site, in memory. Out: the folder holds exactly these files, those of others,
//! and a manifest; [`Committed`] says what it took. It must not delete or overwrite a file that is
//! not ours, follow a link below the output folder, or touch a file that has not changed.
//!
//! The order of steps is what makes it safe to kill:
//!
//! 1. look at everything; any obstacle ends the build here, with nothing changed;
//! 2. write a *partial* manifest that lists the old files and the new ones, and wait for the disk;
//! 3. write what changed, each beside its place and then renamed: assets, data, pages, index pages;
//! 4. delete what only the old site had, if nobody edited it;
//! 5. write the finished manifest and wait for the disk.
//!
//! Killed before 2 it is the old site. Killed later it is a mix of whole files, and the partial
//! manifest tells the next build that all of them are ours. That build compares bytes with what is on
//! disk, never with what a manifest claims, so it repairs whatever it finds.
//!
//! Only the manifests are synced. 10,000 `fsync`s would take longer than everything else together,
//! and all they buy is that a power cut leaves no page that the next build has to write again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::digest::Sha256;

use super::error::Error;
use super::fs::{Fs, Kind};
use super::guard::{self, Former, Target};
use super::lock;
use super::manifest::{Entry, Manifest};
use super::path::{MANIFEST, OutPath, below, check_all};
use super::temporary_name;

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// Files that were written, without the manifest.
    pub written: usize,
    /// Files that were as they should be and were left alone.
    pub unchanged: usize,
    /// Files of the former site that were deleted.
    pub deleted: usize,
    /// Bytes in the written files.
    pub bytes: u64,
    /// Files of the former site that somebody has edited since: kept, and no longer ours.
    pub kept_edited: Vec<String>,
    /// SHA-256 of the manifest: the identity of the site.
    pub manifest_sha256: String,
}

/// A file of the new site, and what is to be done about it.
struct Planned<'a> {
    path: &'a OutPath,
    body: &'a [u8],
    sha256: String,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Write,
    /// To be written where a folder of ours is.
    Evict,
    Blocked(&'static str),
}

/// What is in the place of a folder that the site uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Missing,
    Folder,
    Blocked(&'static str),
}

pub(super) fn commit_on(fs: &dyn Fs, target: &Target<'_>, files: Vec<(String, Vec<u8>)>) -> Result<Committed, Error> {
    let files = check_all(files).map_err(|problems| Error::Paths { problems })?;
    let root = guard::resolve(fs, target)?;
    create_above(fs, &root)?;
    let _lock = lock::acquire(&root)?;
    let former = guard::former(fs, &root, target.adopt)?;

    let stale: Vec<&OutPath> =
        former.owned.keys().filter(|path| files.binary_search_by(|(new, _)| new.cmp(path)).is_err()).collect();
    let first_gone = displaced(&stale, &files);
    let places = places(fs, &root, &files, &stale, &first_gone)?;
    let mut planned = plan(fs, &root, &former, &files, &places, &first_gone)?;
    let (stale, kept_edited) = sort_stale(fs, &root, &former, &stale, &places)?;
    for file in planned.iter_mut().filter(|file| file.fate == Fate::Evict) {
        if !holds_only(&root, file.path, &stale, &former)? {
            file.fate = Fate::Blocked("a folder with files that are not ours");
        }
    }
    refuse_obstacles(&root, &planned)?;

    let finished = Manifest {
        generator: target.generator.to_owned(),
        files: planned.iter().map(Planned::entry).collect(),
        leftovers: Vec::new(),
        complete: true,
    };
    let finished_bytes = finished.to_bytes();
    let mut done =
        Committed { kept_edited, manifest_sha256: Sha256::of(&finished_bytes).hex(), ..Committed::default() };
    done.unchanged = planned.iter().filter(|file| file.fate == Fate::Keep).count();
    if former.manifest.as_deref() == Some(&finished_bytes) && done.unchanged == planned.len() {
        // A build that was killed before its first step may have left this one.
        remove(fs, &temporary(&root, MANIFEST))?;
        return Ok(done);
    }

    create_folder(fs, &root)?;
    write_file(fs, &root, MANIFEST, &partial(&finished, &former).to_bytes(), true)?;
    if former.cut_short {
        sweep(fs, &root, &former, &places)?;
    }
    for path in stale.iter().filter(|path| first_gone.contains(path.as_str())) {
        remove(fs, &path.below(&root))?;
    }
    for file in planned.iter().filter(|file| file.fate == Fate::Evict) {
        remove_emptied(fs, &root, file.path, &former)?;
    }
    for (folder, _) in places.iter().filter(|(folder, place)| **place == Place::Missing && is_needed(folder, &planned))
    {
        create_folder(fs, &below(&root, folder))?;
    }
    for rank in Rank::ALL {
        let batch: Vec<&Planned<'_>> =
            planned.iter().filter(|file| file.fate != Fate::Keep && Rank::of(file.path) == rank).collect();
        batch.par_iter().try_for_each(|file| write_file(fs, &root, file.path.as_str(), file.body, false))?;
        done.written += batch.len();
        done.bytes += batch.iter().map(|file| file.body.len() as u64).sum::<u64>();
    }
    for path in stale.iter().filter(|path| !first_gone.contains(path.as_str())) {
        remove(fs, &path.below(&root))?;
    }
    done.deleted = stale.len();
    prune(fs, &root, former.owned.keys(), &planned, &places)?;
    write_file(fs, &root, MANIFEST, &finished_bytes, true)?;
    Ok(done)
}

impl Planned<'_> {
    fn entry(&self) -> Entry {
        Entry { path: self.path.clone(), sha256: self.sha256.clone(), bytes: self.body.len() as u64 }
    }
}

/// The order in which files appear: nobody who follows a link from an index should miss a page, nor a
/// page its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Asset,
    Data,
    Page,
    Index,
}

impl Rank {
    const ALL: [Rank; 4] = [Rank::Asset, Rank::Data, Rank::Page, Rank::Index];

    fn of(path: &OutPath) -> Rank {
        let name = path.file_name();
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "html" if name == "index.html" => Rank::Index,
            "html" => Rank::Page,
            "xml" => Rank::Index,
            "json" => Rank::Data,
            _ if path.as_str().starts_with("data/") => Rank::Data,
            _ => Rank::Asset,
        }
    }
}

/// Former files that have to go before the new ones come: those that differ from a new name by case
/// alone (one file, on some disks), those whose name is now a folder, and those whose folder is now a
/// file.
fn displaced<'a>(stale: &[&'a OutPath], files: &[(OutPath, Vec<u8>)]) -> BTreeSet<&'a str> {
    if stale.is_empty() {
        return BTreeSet::new();
    }
    let new_files: BTreeSet<String> = files.iter().map(|(path, _)| path.folded()).collect();
    let new_folders: BTreeSet<String> =
        files.iter().flat_map(|(path, _)| path.folders()).map(str::to_ascii_lowercase).collect();
    stale
        .iter()
        .filter(|path| {
            let name = path.folded();
            new_files.contains(&name)
                || new_folders.contains(&name)
                || path.folders().any(|folder| new_files.contains(&folder.to_ascii_lowercase()))
        })
        .map(|path| path.as_str())
        .collect()
}

/// Looks once at every folder that the old or the new site uses.
fn places<'a>(
    fs: &dyn Fs,
    root: &Path,
    files: &'a [(OutPath, Vec<u8>)],
    stale: &[&'a OutPath],
    first_gone: &BTreeSet<&str>,
) -> Result<BTreeMap<&'a str, Place>, Error> {
    let mut places = BTreeMap::new();
    places.insert("", if has_folder(fs, root)? { Place::Folder } else { Place::Missing });
    let folders: BTreeSet<&str> =
        files.iter().map(|(path, _)| path).chain(stale.iter().copied()).flat_map(OutPath::folders).collect();
    // A folder sorts before what is in it, so the place of the folder above is always known.
    for folder in folders {
        let place = match place_above(&places, folder) {
            Place::Folder => {
                let path = below(root, folder);
                match fs.kind(&path).map_err(|error| Error::io("look at", &path, error))? {
                    None => Place::Missing,
                    Some(Kind::Folder) => Place::Folder,
                    Some(Kind::File(_)) if first_gone.contains(folder) => Place::Missing,
                    Some(Kind::File(_)) => Place::Blocked("below a file"),
                    Some(Kind::Link) => Place::Blocked("below a symbolic link"),
                    Some(Kind::Other) => Place::Blocked("below something that is no folder"),
                }
            }
            other => other,
        };
        places.insert(folder, place);
    }
    Ok(places)
}

fn has_folder(fs: &dyn Fs, path: &Path) -> Result<bool, Error> {
    let kind = fs.kind(path).map_err(|error| Error::io("look at", path, error))?;
    Ok(kind == Some(Kind::Folder))
}

fn place_above(places: &BTreeMap<&str, Place>, path: &str) -> Place {
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    places.get(above).copied().unwrap_or(Place::Missing)
}

/// Decides about every new file. Reads only files that may be equal: same length, or not ours.
fn plan<'a>(
    fs: &dyn Fs,
    root: &Path,
    former: &Former,
    files: &'a [(OutPath, Vec<u8>)],
    places: &BTreeMap<&str, Place>,
    first_gone: &BTreeSet<&str>,
) -> Result<Vec<Planned<'a>>, Error> {
    let replaced: BTreeSet<String> = first_gone.iter().map(|path| path.to_ascii_lowercase()).collect();
    files
        .par_iter()
        .map(|(path, body)| {
            let is_ours =
                former.owned.contains_key(path) || (!replaced.is_empty() && replaced.contains(&path.folded()));
            let fate = match place_above(places, path.as_str()) {
                Place::Missing => Fate::Write,
                Place::Blocked(what) => Fate::Blocked(what),
                Place::Folder => {
                    let on_disk = path.below(root);
                    match fs.kind(&on_disk).map_err(|error| Error::io("look at", &on_disk, error))? {
                        None => Fate::Write,
                        Some(Kind::File(length)) => {
                            let same = length == body.len() as u64
                                && !replaced.contains(&path.folded())
                                && fs.read(&on_disk).map_err(|error| Error::io("read", &on_disk, error))? == *body;
                            match (same, is_ours) {
                                (true, _) => Fate::Keep,
                                (false, true) => Fate::Write,
                                (false, false) => Fate::Blocked("a file that is not ours"),
                            }
                        }
                        Some(Kind::Folder) if owns_below(former, path) => Fate::Evict,
                        Some(Kind::Folder) => Fate::Blocked("a folder"),
                        Some(Kind::Link) => Fate::Blocked("a symbolic link"),
                        Some(Kind::Other) => Fate::Blocked("neither a file nor a folder"),
                    }
                }
            };
            Ok(Planned { path, body, sha256: Sha256::of(body).hex(), fate })
        })
        .collect()
}

fn refuse_obstacles(root: &Path, planned: &[Planned<'_>]) -> Result<(), Error> {
    let obstacles: Vec<(String, &'static str)> = planned
        .iter()
        .filter_map(|file| match file.fate {
            Fate::Blocked(what) => Some((file.path.to_string(), what)),
            _ => None,
        })
        .collect();
    match obstacles.is_empty() {
        true => Ok(()),
        false => Err(Error::InTheWay { root: root.to_path_buf(), obstacles }),
    }
}

/// Former files that may be deleted, and those that somebody has made their own.
fn sort_stale<'a>(
    fs: &dyn Fs,
    root: &Path,
    former: &Former,
    stale: &[&'a OutPath],
    places: &BTreeMap<&str, Place>,
) -> Result<(Vec<&'a OutPath>, Vec<String>), Error> {
    let mut delete = Vec::new();
    let mut keep = Vec::new();
    for &path in stale {
        match place_above(places, path.as_str()) {
            Place::Missing => continue,
            Place::Blocked(_) => {
                keep.push(path.to_string());
                continue;
            }
            Place::Folder => {}
        }
        let on_disk = path.below(root);
        match fs.kind(&on_disk).map_err(|error| Error::io("look at", &on_disk, error))? {
            None => {}
            Some(Kind::File(_)) => {
                let body = fs.read(&on_disk).map_err(|error| Error::io("read", &on_disk, error))?;
                match former.owned.get(path).is_some_and(|digests| digests.contains(&Sha256::of(&body).hex())) {
                    true => delete.push(path),
                    false => keep.push(path.to_string()),
                }
            }
            Some(_) => keep.push(path.to_string()),
        }
    }
    Ok((delete, keep))
}

/// The files of former builds below a folder.
fn owned_below<'a>(former: &'a Former, folder: &OutPath) -> impl Iterator<Item = &'a OutPath> {
    let inside = format!("{folder}/");
    former.owned.keys().filter(move |path| path.as_str().starts_with(&inside))
}

fn owns_below(former: &Former, folder: &OutPath) -> bool {
    owned_below(former, folder).next().is_some()
}

/// Whether a folder can go to make room for a file: nothing is in it but what is deleted anyway.
fn holds_only(root: &Path, folder: &OutPath, stale: &[&OutPath], former: &Former) -> Result<bool, Error> {
    let mut ours: BTreeSet<PathBuf> = stale.iter().map(|path| path.below(root)).collect();
    ours.extend(owned_below(former, folder).map(|path| temporary(root, path.as_str())));
    let mut folders: BTreeSet<PathBuf> =
        owned_below(former, folder).flat_map(OutPath::folders).map(|folder| below(root, folder)).collect();
    folders.insert(folder.below(root));
    for entry in WalkDir::new(folder.below(root)) {
        let entry = entry.map_err(|error| Error::io("list", &folder.below(root), error.into()))?;
        let known = if entry.file_type().is_dir() { &folders } else { &ours };
        if !known.contains(entry.path()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a folder of ours whose files are gone, and the folders in it.
fn remove_emptied(fs: &dyn Fs, root: &Path, folder: &OutPath, former: &Former) -> Result<(), Error> {
    let inside = format!("{folder}/");
    let folders: BTreeSet<&str> = owned_below(former, folder)
        .flat_map(OutPath::folders)
        .filter(|name| *name == folder.as_str() || name.starts_with(&inside))
        .collect();
    for name in folders.into_iter().rev() {
        let path = below(root, name);
        fs.remove_empty_folder(&path).map_err(|error| Error::io("remove", &path, error))?;
    }
    Ok(())
}

/// The manifest for the time of the commit: everything that is, was or will be ours.
fn partial(finished: &Manifest, former: &Former) -> Manifest {
    let mut leftovers = Vec::new();
    for (path, digests) in &former.owned {
        for sha256 in digests {
            let is_new = finished
                .files
                .binary_search_by(|entry| entry.path.cmp(path))
                .is_ok_and(|at| finished.files[at].sha256 == *sha256);
            if !is_new {
                leftovers.push(Entry { path: path.clone(), sha256: sha256.clone(), bytes: 0 });
            }
        }
    }
    Manifest { leftovers, complete: false, ..finished.clone() }
}

/// Removes the temporary files of a build that was killed. Their names follow from the manifest.
fn sweep(fs: &dyn Fs, root: &Path, former: &Former, places: &BTreeMap<&str, Place>) -> Result<(), Error> {
    for path in former.owned.keys() {
        let known = places.get(path.as_str().rsplit_once('/').map_or("", |(above, _)| above));
        if known == Some(&Place::Folder) {
            remove(fs, &temporary(root, path.as_str()))?;
        }
    }
    Ok(())
}

/// Whether a file of the new site is somewhere below the folder.
fn is_needed(folder: &str, planned: &[Planned<'_>]) -> bool {
    let inside = format!("{folder}/");
    let first = planned.partition_point(|file| file.path.as_str() < inside.as_str());
    planned.get(first).is_some_and(|file| file.path.as_str().starts_with(&inside))
}

/// Removes folders that held our files and hold nothing any more.
fn prune<'a>(
    fs: &dyn Fs,
    root: &Path,
    owned: impl Iterator<Item = &'a OutPath>,
    planned: &[Planned<'_>],
    places: &BTreeMap<&str, Place>,
) -> Result<(), Error> {
    let unused: BTreeSet<&str> = owned
        .flat_map(OutPath::folders)
        .filter(|folder| places.get(folder) == Some(&Place::Folder) && !is_needed(folder, planned))
        .collect();
    // Backwards, so that a folder comes after what is in it.
    for folder in unused.into_iter().rev() {
        let path = below(root, folder);
        fs.remove_empty_folder(&path).map_err(|error| Error::io("remove", &path, error))?;
    }
    Ok(())
}

fn temporary(root: &Path, relative: &str) -> PathBuf {
    let path = below(root, relative);
    let name = relative.rsplit('/').next().unwrap_or(relative);
    path.with_file_name(temporary_name(name))
}

fn write_file(fs: &dyn Fs, root: &Path, relative: &str, body: &[u8], durable: bool) -> Result<(), Error> {
    let path = below(root, relative);
    let beside = temporary(root, relative);
    let result = fs
        .write_new(&beside, body, durable)
        .map_err(|error| Error::io("write", &beside, error))
        .and_then(|()| fs.rename(&beside, &path).map_err(|error| Error::io("replace", &path, error)));
    if result.is_err() {
        // The first error is the one to tell; what is left is swept by the next build.
        let _ = fs.remove_file(&beside);
        return result;
    }
    match durable {
        true => fs.sync_folder(root).map_err(|error| Error::io("sync", root, error)),
        false => Ok(()),
    }
}

fn remove(fs: &dyn Fs, path: &Path) -> Result<(), Error> {
    fs.remove_file(path).map_err(|error| Error::io("delete", path, error))
}

fn create_folder(fs: &dyn Fs, path: &Path) -> Result<(), Error> {
    fs.create_folder(path).map_err(|error| Error::io("create", path, error))
}

/// Creates the folders above the output folder.
fn create_above(fs: &dyn Fs, root: &Path) -> Result<(), Error> {
    let Some(parent) = root.parent() else {
        return Ok(());
    };
    if fs.kind(parent).map_err(|error| Error::io("look at", parent, error))?.is_some() {
        return Ok(());
    }
    create_above(fs, parent)?;
    match fs.create_folder(parent) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(|error| Error::io("create", parent, error)),
    }
}
