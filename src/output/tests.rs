//! What a commit promises, step by step, on a disk that fails when told to.
#![expect(clippy::disallowed_methods, reason = "tests look at the disk themselves")]

use crate::digest::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::commit::commit_on;
use super::fs::{Disk, Fs, Kind};
use super::*;

/// A project folder with an input and an output folder, removed at the end.
struct Project {
    temp: tempfile::TempDir,
}

impl Project {
    fn new() -> Project {
        Project { temp: tempfile::tempdir().unwrap() }
    }

    fn out(&self) -> PathBuf {
        self.temp.path().join("public")
    }

    fn put(&self, path: &str, body: &str) {
        let path = self.temp.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }

    fn commit(&self, site: &[(&str, &str)]) -> Result<Committed, Error> {
        self.commit_on(&Disk, site, false)
    }

    fn adopt(&self, site: &[(&str, &str)]) -> Result<Committed, Error> {
        self.commit_on(&Disk, site, true)
    }

    fn commit_on(&self, fs: &dyn Fs, site: &[(&str, &str)], adopt: bool) -> Result<Committed, Error> {
        let out = self.out();
        let inputs = [self.temp.path().to_path_buf()];
        let target =
            Target { root: &out, inputs: &inputs, home: None, working_dir: None, adopt, generator: "presscheck test" };
        commit_on(fs, &target, files(site))
    }

    /// Everything in the output folder, folders with a slash at the end.
    fn tree(&self) -> BTreeMap<String, String> {
        tree(&self.out())
    }

    /// The site without the manifest.
    fn pages(&self) -> Vec<(String, String)> {
        self.tree().into_iter().filter(|(path, _)| path != "manifest.json" && !path.ends_with('/')).collect()
    }
}

fn tree(root: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(root)
        .min_depth(1)
        .into_iter()
        .filter_map(Result::ok)
        .map(|entry| {
            let name = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            match entry.file_type().is_file() {
                true => (name, String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned()),
                false => (format!("{name}/"), String::new()),
            }
        })
        .collect()
}

fn files(site: &[(&str, &str)]) -> Files {
    site.iter().map(|(path, body)| ((*path).to_owned(), body.as_bytes().to_vec())).collect()
}

fn owned(site: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut site: Vec<_> = site.iter().map(|(path, body)| ((*path).to_owned(), (*body).to_owned())).collect();
    site.sort();
    site
}

const ONE: &[(&str, &str)] = &[
    ("index.html", "home one"),
    ("churn/1.html", "churn 1"),
    ("churn/index.html", "churn one"),
    ("old/gone.html", "gone"),
    ("old/deep/gone.html", "gone too"),
    ("assets/style.css", "css"),
    ("data/churn.json", "{}"),
    ("Badge.svg", "badge one"),
    ("turns", "into a folder"),
];
const TWO: &[(&str, &str)] = &[
    ("index.html", "home two"),
    ("churn/1.html", "churn 1"),
    ("churn/2.html", "churn 2"),
    ("churn/index.html", "churn two"),
    ("new/deep/page.html", "new"),
    ("assets/style.css", "css"),
    ("data/churn.json", "{\"v\":2}"),
    ("badge.svg", "badge two"),
    ("turns/into.html", "into a folder"),
];

#[test]
fn a_site_is_written_changed_and_cleaned() {
    let project = Project::new();
    let first = project.commit(ONE).unwrap();
    assert_eq!((first.written, first.unchanged, first.deleted), (9, 0, 0));
    assert_eq!(project.pages(), owned(ONE));

    let again = project.commit(ONE).unwrap();
    assert_eq!((again.written, again.unchanged, again.deleted, again.bytes), (0, 9, 0, 0));
    assert_eq!(again.manifest_sha256, first.manifest_sha256);

    let second = project.commit(TWO).unwrap();
    assert_eq!((second.written, second.unchanged, second.deleted), (7, 2, 4));
    assert_eq!(second.bytes, 8 + 7 + 9 + 3 + 7 + 9 + 13);
    assert_eq!(project.pages(), owned(TWO));
    assert!(!project.out().join("old").exists(), "empty folders go with their files");
    assert_eq!(fs::read_dir(project.temp.path()).unwrap().count(), 1, "no lock is left");
    let manifest = fs::read(project.out().join("manifest.json")).unwrap();
    assert_eq!(Sha256::of(&manifest).hex(), second.manifest_sha256);
    assert!(Manifest::parse(&manifest).unwrap().complete);
}

#[test]
fn the_manifest_depends_on_the_files_alone() {
    let (here, there) = (Project::new(), Project::new());
    there.commit(TWO).unwrap();
    let mut backwards = ONE.to_vec();
    backwards.reverse();
    assert_eq!(here.commit(ONE).unwrap().manifest_sha256, there.commit(&backwards).unwrap().manifest_sha256);
    assert_eq!(here.tree(), there.tree());
}

#[test]
fn an_unchanged_file_is_not_touched() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    let path = project.out().join("assets/style.css");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(15));
    project.commit(TWO).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[cfg(unix)]
#[test]
fn files_can_be_read_by_a_web_server() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.commit(ONE).unwrap();
    project.put("plain", "");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let plain = mode(project.temp.path().join("plain"));
    assert_eq!(mode(project.out().join("index.html")), plain);
    assert_eq!(mode(project.out().join("manifest.json")), plain);
}

#[test]
fn a_page_edited_by_hand_is_written_again() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    project.put("public/index.html", "home 0ne");
    fs::remove_file(project.out().join("churn/1.html")).unwrap();
    assert_eq!(project.commit(ONE).unwrap().written, 2);
    assert_eq!(project.pages(), owned(ONE));
}

#[test]
fn a_stale_page_that_somebody_edited_is_kept_and_told_once() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    project.put("public/old/gone.html", "my notes");
    let done = project.commit(TWO).unwrap();
    assert_eq!(done.kept_edited, ["old/gone.html"]);
    assert_eq!(project.tree()["old/gone.html"], "my notes");
    let done = project.commit(TWO).unwrap();
    assert!(done.kept_edited.is_empty());
    assert_eq!(project.tree()["old/gone.html"], "my notes");
}

#[test]
fn files_of_others_stay_in_a_folder_of_ours() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    project.put("public/CNAME", "reports.example");
    project.put("public/old/notes.txt", "mine");
    project.commit(TWO).unwrap();
    project.commit(&[]).unwrap();
    assert_eq!(project.pages(), owned(&[("CNAME", "reports.example"), ("old/notes.txt", "mine")]));
}

#[test]
fn a_folder_of_others_is_refused_unless_adopted() {
    let project = Project::new();
    for number in 0..12 {
        project.put(&format!("public/photo{number:02}.jpg"), "photo");
    }
    let before = project.tree();
    let error = project.commit(ONE).unwrap_err().to_string();
    assert!(error.contains("holds 12 files and no manifest.json of ours"), "{error}");
    assert!(error.contains("--adopt") && error.contains("photo00.jpg") && error.ends_with("and 7 more"), "{error}");
    assert_eq!(project.tree(), before);

    project.adopt(ONE).unwrap();
    project.commit(TWO).unwrap();
    let after = project.tree();
    assert!(before.iter().all(|(path, body)| after.get(path) == Some(body)));
}

#[test]
fn a_file_of_others_is_never_overwritten() {
    let project = Project::new();
    project.put("public/index.html", "my home page");
    project.put("public/new/deep", "a file where a folder is due");
    project.put("public/assets/style.css", "css");
    let before = project.tree();
    let error = project.adopt(TWO).unwrap_err().to_string();
    assert!(error.contains("2 files in"), "{error}");
    assert!(error.contains("index.html (a file that is not ours)"), "{error}");
    assert!(error.contains("new/deep/page.html (below a file)"), "{error}");
    assert_eq!(project.tree(), before);
}

#[test]
fn a_manifest_that_is_not_ours_is_not_trusted() {
    // (what is in the file, whether --adopt may replace it)
    for (body, replaceable) in [
        ("", true),
        ("{\"schema\": \"presscheck.manifest/9\", \"generator\": \"\", \"files\": []}", true),
        ("{\"name\": \"my web app\"}", false),
        ("\0\0\0", false),
    ] {
        let project = Project::new();
        project.put("public/manifest.json", body);
        project.put("public/index.html", "home one");
        let error = project.commit(ONE).unwrap_err().to_string();
        assert!(error.contains("its manifest.json"), "{error}");
        assert_eq!(project.tree()["manifest.json"], body);
        assert_eq!(project.adopt(ONE).is_ok(), replaceable, "{body:?}");
    }
}

#[test]
fn a_manifest_cannot_make_us_delete_outside() {
    let project = Project::new();
    project.put("precious", "keep");
    let digest = Sha256::of(b"keep").hex();
    project.put(
        "public/manifest.json",
        &format!(
            r#"{{"schema": "presscheck.manifest/1", "generator": "", "files": [{{"path": "../precious", "sha256": "{digest}", "bytes": 4}}]}}"#
        ),
    );
    project.adopt(ONE).unwrap();
    assert_eq!(fs::read_to_string(project.temp.path().join("precious")).unwrap(), "keep");
}

#[cfg(unix)]
#[test]
fn links_in_the_output_are_neither_followed_nor_removed() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    project.put("elsewhere/1.html", "churn 1");
    project.put("elsewhere/gone.html", "gone");
    for (folder, target) in [("churn", "elsewhere"), ("old", "elsewhere")] {
        fs::remove_dir_all(project.out().join(folder)).unwrap();
        std::os::unix::fs::symlink(project.temp.path().join(target), project.out().join(folder)).unwrap();
    }
    let error = project.commit(TWO).unwrap_err().to_string();
    assert!(error.contains("churn/1.html (below a symbolic link)"), "{error}");

    fs::remove_file(project.out().join("churn")).unwrap();
    let done = project.commit(TWO).unwrap();
    assert_eq!(done.kept_edited, ["old/deep/gone.html", "old/gone.html"]);
    assert!(project.temp.path().join("elsewhere/gone.html").exists());

    fs::remove_file(project.out().join("index.html")).unwrap();
    std::os::unix::fs::symlink(project.temp.path().join("elsewhere/gone.html"), project.out().join("index.html"))
        .unwrap();
    let error = project.commit(TWO).unwrap_err().to_string();
    assert!(error.contains("index.html (a symbolic link)"), "{error}");
}

#[test]
fn folders_that_nobody_meant_are_refused() {
    let project = Project::new();
    project.put("runs/churn/1/metrics.json", "{}");
    project.put("repo/.git/HEAD", "ref");
    project.put("file", "");
    let person = Project::new();
    let at = |name: &str| project.temp.path().join(name);
    let of = |name: &str| person.temp.path().join(name);
    let none: &[PathBuf] = &[];
    let inputs = &[at("runs")][..];
    let (home, work) = (of("home/me"), of("work"));
    let cases: &[(PathBuf, &[PathBuf], &str)] = &[
        (PathBuf::from("/"), none, "is the root of the file system"),
        (of("home"), none, "is or contains the home folder"),
        (of("home/me"), none, "is or contains the home folder"),
        (of("work"), none, "is or contains the folder the command was started in"),
        (at("repo"), none, "is the root of a repository"),
        (at("runs"), inputs, "is also a folder of inputs"),
        (at("runs/../runs/"), inputs, "is also a folder of inputs"),
        (project.temp.path().to_path_buf(), inputs, "contains the input"),
        (at("file"), none, "is not a folder"),
    ];
    for (root, inputs, why) in cases {
        let target = Target { root, inputs, home: Some(&home), working_dir: Some(&work), adopt: true, generator: "" };
        for error in [check(&target).unwrap_err(), commit(&target, files(ONE)).unwrap_err()] {
            assert!(error.to_string().contains(why), "{}: {error}", root.display());
        }
    }
    assert!(!at("runs/index.html").exists());
    let inside = at("runs/churn/public");
    let target = Target { root: &inside, inputs, home: None, working_dir: None, adopt: false, generator: "" };
    check(&target).unwrap();
    assert!(!inside.exists(), "a check changes nothing");
    commit(&target, files(ONE)).unwrap();
    check(&target).unwrap();
}

#[test]
fn a_folder_makes_room_for_a_file_only_when_all_in_it_is_ours() {
    let project = Project::new();
    project.commit(TWO).unwrap();
    project.put("public/turns/notes.txt", "mine");
    let before = project.tree();
    let error = project.commit(ONE).unwrap_err().to_string();
    assert!(error.contains("turns (a folder with files that are not ours)"), "{error}");
    assert_eq!(project.tree(), before);
    fs::remove_file(project.out().join("turns/notes.txt")).unwrap();
    project.commit(ONE).unwrap();
    assert_eq!(project.pages(), owned(ONE));
}

#[test]
fn bad_names_stop_the_build_before_anything_is_written() {
    let project = Project::new();
    let error = project.commit(&[("index.html", ""), ("../x", ""), ("_y", "")]).unwrap_err().to_string();
    assert!(error.starts_with("2 planned names cannot be written"), "{error}");
    assert!(!project.out().exists());
}

#[test]
fn two_builds_do_not_mix() {
    let project = Project::new();
    project.commit(ONE).unwrap();
    let lock = super::lock::acquire(&project.out().canonicalize().unwrap()).unwrap();
    let error = project.commit(TWO).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(lock);
    assert_eq!(project.pages(), owned(ONE));
    project.commit(TWO).unwrap();
}

/// How the disk fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// One operation fails, as when the disk is full for a moment.
    Once,
    /// From one operation on nothing happens any more, as after `kill -9`; a write stops half-way.
    Dead,
}

/// A disk that fails at the n-th operation that could change it.
struct FaultyDisk {
    operations: AtomicUsize,
    at: usize,
    fault: Fault,
}

impl FaultyDisk {
    fn step(&self) -> io::Result<()> {
        let number = self.operations.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = match self.fault {
            Fault::Once => number == self.at,
            Fault::Dead => number >= self.at,
        };
        if fails { Err(io::Error::other("the disk failed")) } else { Ok(()) }
    }
}

impl Fs for FaultyDisk {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        self.step()?;
        Disk.kind(path)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.step()?;
        Disk.read(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        Disk.create_folder(path)
    }
    fn write_new(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        let before = self.operations.load(Ordering::SeqCst);
        if let Err(error) = self.step() {
            if self.fault == Fault::Once || before + 1 == self.at {
                Disk.write_new(path, &bytes[..bytes.len() / 2], false)?;
            }
            return Err(error);
        }
        Disk.write_new(path, bytes, durable)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        Disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        Disk.remove_file(path)
    }
    fn remove_empty_folder(&self, path: &Path) -> io::Result<bool> {
        self.step()?;
        Disk.remove_empty_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        Disk.sync_folder(path)
    }
}

/// Foreign files, also in folders of ours, and one stale page that somebody edited.
const FOREIGN: &[(&str, &str)] =
    &[("CNAME", "reports.example"), ("churn/notes.txt", "mine"), ("old/deep/notes.txt", "mine")];

fn folder_before() -> Project {
    let project = Project::new();
    project.commit(ONE).unwrap();
    for (path, body) in FOREIGN {
        project.put(&format!("public/{path}"), body);
    }
    project.put("public/old/gone.html", "edited");
    project
}

#[test]
fn a_disk_that_fails_anywhere_loses_nothing_and_the_next_build_repairs() {
    let reference = folder_before();
    let counting = FaultyDisk { operations: AtomicUsize::new(0), at: usize::MAX, fault: Fault::Once };
    reference.commit_on(&counting, TWO, false).unwrap();
    let finished = reference.tree();
    let operations = counting.operations.load(Ordering::SeqCst);
    assert!(operations > 60, "{operations} operations are too few to be all");

    for fault in [Fault::Once, Fault::Dead] {
        for at in 1..=operations {
            let told = format!("{fault:?} at operation {at} of {operations}");
            let project = folder_before();
            let before = project.tree();
            let disk = FaultyDisk { operations: AtomicUsize::new(0), at, fault };
            let error = project.commit_on(&disk, TWO, false).expect_err(&told);
            assert!(matches!(error, Error::Io { .. }), "{told}: {error}");
            let after = project.tree();
            let manifest = Manifest::parse(after["manifest.json"].as_bytes()).expect(&told);
            for (path, body) in &after {
                let whole = before.get(path) == Some(body) || finished.get(path) == Some(body);
                let ours = path == "manifest.json" || path.ends_with(".presscheck-tmp");
                assert!(whole || ours, "{told}: {path} is neither old nor new: {body:?}");
            }
            for (path, body) in FOREIGN.iter().chain(&[("old/gone.html", "edited")]) {
                assert_eq!(after.get(*path).map(String::as_str), Some(*body), "{told}: {path}");
            }
            for (path, _) in ONE.iter().filter(|(path, _)| TWO.iter().any(|(new, _)| new == path)) {
                assert!(after.contains_key(*path), "{told}: {path} is neither old nor new, but gone");
            }
            if manifest.complete {
                let same = |site: &BTreeMap<String, String>| {
                    site.iter()
                        .filter(|(path, _)| !path.ends_with('/'))
                        .all(|(path, body)| after.get(path) == Some(body))
                };
                assert!(same(&before) || same(&finished), "{told}: a complete manifest over an incomplete site");
            }

            // The next build is the same one, or one of a site that was never finished, or the old one.
            project.commit(TWO).expect(&told);
            assert_eq!(project.tree(), finished, "{told}");

            let project = folder_before();
            let disk = FaultyDisk { operations: AtomicUsize::new(0), at, fault };
            project.commit_on(&disk, TWO, false).expect_err(&told);
            project.commit(&[("index.html", "three")]).expect(&told);
            let mut expected = owned(FOREIGN);
            expected.push(("index.html".to_owned(), "three".to_owned()));
            expected.push(("old/gone.html".to_owned(), "edited".to_owned()));
            expected.sort();
            assert_eq!(project.pages(), expected, "{told}");

            let project = folder_before();
            let disk = FaultyDisk { operations: AtomicUsize::new(0), at, fault };
            project.commit_on(&disk, TWO, false).expect_err(&told);
            fs::write(project.out().join("old/gone.html"), "gone").unwrap();
            project.commit(ONE).expect(&told);
            let mut expected = owned(ONE);
            expected.extend(owned(FOREIGN));
            expected.sort();
            assert_eq!(project.pages(), expected, "{told}");
        }
    }
}

#[test]
fn a_first_build_that_fails_anywhere_is_not_mistaken_for_foreign_files() {
    let reference = Project::new();
    let counting = FaultyDisk { operations: AtomicUsize::new(0), at: usize::MAX, fault: Fault::Once };
    reference.commit_on(&counting, TWO, false).unwrap();
    for fault in [Fault::Once, Fault::Dead] {
        for at in 1..=counting.operations.load(Ordering::SeqCst) {
            let project = Project::new();
            let disk = FaultyDisk { operations: AtomicUsize::new(0), at, fault };
            project.commit_on(&disk, TWO, false).unwrap_err();
            project.commit(TWO).unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            assert_eq!(project.tree(), reference.tree(), "{fault:?} at {at}");
        }
    }
}

/// `cargo test --release --lib -- --ignored --nocapture ten_thousand`
#[test]
#[ignore = "a measurement"]
fn ten_thousand_small_files() {
    let project = Project::new();
    let page = "x".repeat(6000);
    let site = |changed: usize| -> Files {
        (0..10_000)
            .map(|number| {
                let edition = usize::from(number == changed);
                (format!("m{}/v{number}.html", number / 100), format!("{number} {edition} {page}").into_bytes())
            })
            .collect()
    };
    let out = project.out();
    let target =
        Target { root: &out, inputs: &[], home: None, working_dir: None, adopt: false, generator: "presscheck test" };
    let mut times = String::new();
    for (name, changed) in [("cold", 1), ("unchanged", 1), ("one changed", 2), ("all gone", usize::MAX)] {
        let files = if changed == usize::MAX { Vec::new() } else { site(changed) };
        let start = std::time::Instant::now();
        let done = commit(&target, files).unwrap();
        times.push_str(&format!("{name}: {:?} {done:?}\n", start.elapsed()));
    }
    fs::write(std::env::temp_dir().join("presscheck-commit-times"), times).unwrap();
}
