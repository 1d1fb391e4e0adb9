//! Watching real folders, with less patience than usual.
#![expect(clippy::disallowed_methods, reason = "tests change the disk themselves")]

use std::fs;
use std::path::Path;
use std::thread;

use super::*;

const QUICK: Patience = Patience {
    quiet: Duration::from_millis(60),
    ceiling: Duration::from_millis(600),
    heal: Duration::from_millis(400),
    poll: Duration::from_millis(100),
};

struct Folder {
    temp: tempfile::TempDir,
}

impl Folder {
    fn new() -> Folder {
        let folder = Folder { temp: tempfile::tempdir().unwrap() };
        folder.put("runs/a/metrics.json", "{}");
        folder
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(path)
    }

    fn put(&self, path: &str, body: &str) {
        let path = self.temp.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }

    fn watch(&self, mode: Mode) -> Watcher {
        Watcher::with_patience(
            vec![self.temp.path().to_path_buf()],
            vec![self.at("public"), self.at("cache")],
            mode,
            QUICK,
        )
    }
}

/// Waits for a change, but not for ever.
fn wait(watcher: &mut Watcher, most: Duration) -> Option<Change> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let stop = &stop;
        scope.spawn(move || {
            let _ = is_done.recv_timeout(most);
            stop.store(true, Ordering::Relaxed);
        });
        let change = watcher.wait(stop);
        drop(done);
        change
    })
}

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(900);

fn names(change: &Change, root: &Path) -> Vec<String> {
    let root = root.canonicalize().unwrap();
    change.changed.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
}

#[test]
fn new_nested_folders_renamed_saves_and_deletions_are_seen() {
    for mode in [Mode::Native, Mode::Poll] {
        let folder = Folder::new();
        let mut watcher = folder.watch(mode);
        let mut see = |expected: &[&str]| {
            let change = wait(&mut watcher, LONG).unwrap_or_else(|| panic!("{mode:?}: {expected:?} was missed"));
            assert_eq!(names(&change, folder.temp.path()), expected, "{mode:?}");
            assert_eq!(change.total, expected.len());
        };
        folder.put("runs/b/deep/er/metric", "1"); // No extension, as MLflow writes it.
        see(&["runs/b/deep/er/metric"]);

        folder.put("runs/b/deep/er/later", "1"); // The folder was new a moment ago.
        see(&["runs/b/deep/er/later"]);

        folder.put("runs/a/.metrics.json.swp", "{ }"); // An editor's way to save.
        fs::rename(folder.at("runs/a/.metrics.json.swp"), folder.at("runs/a/metrics.json")).unwrap();
        see(&["runs/a/metrics.json"]);

        fs::remove_dir_all(folder.at("runs/b")).unwrap();
        see(&["runs/b/deep/er/later", "runs/b/deep/er/metric"]);
    }
}

#[test]
fn our_own_output_and_mere_reading_do_not_wake() {
    for mode in [Mode::Native, Mode::Poll] {
        let folder = Folder::new();
        let mut watcher = folder.watch(mode);
        folder.put("public/index.html", "page");
        folder.put("cache/x/y", "page");
        folder.put("runs/.git/index", "git");
        fs::create_dir_all(folder.at("runs/empty/folder")).unwrap();
        fs::read(folder.at("runs/a/metrics.json")).unwrap();
        assert_eq!(wait(&mut watcher, SHORT), None, "{mode:?}");
    }
}

#[test]
fn a_burst_is_one_change_with_twenty_names() {
    let folder = Folder::new();
    let mut watcher = folder.watch(Mode::Native);
    for number in 0..300 {
        folder.put(&format!("runs/r{number:03}/metrics.json"), "{}");
    }
    let change = wait(&mut watcher, LONG).unwrap();
    assert_eq!((change.total, change.changed.len()), (300, 20));
    assert_eq!(wait(&mut watcher, SHORT), None);
}

#[test]
fn a_writer_that_never_pauses_does_not_hold_back_the_build() {
    let folder = Folder::new();
    let mut watcher = folder.watch(Mode::Native);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                folder.put("runs/log", &"x".repeat(number));
                thread::sleep(Duration::from_millis(10));
            }
        });
        let start = Instant::now();
        let change = wait(&mut watcher, LONG);
        stop.store(true, Ordering::Relaxed);
        assert!(change.is_some());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
}

#[test]
fn a_change_while_building_is_reported_next() {
    let folder = Folder::new();
    let mut watcher = folder.watch(Mode::Native);
    folder.put("runs/a/metrics.json", "{\"auc\": 1}");
    wait(&mut watcher, LONG).unwrap();
    folder.put("runs/a/card.md", "# A"); // The build is running, nobody waits.
    thread::sleep(Duration::from_millis(150));
    assert_eq!(wait(&mut watcher, LONG).unwrap().total, 1);
}

#[test]
fn a_root_may_come_late_go_and_come_back() {
    let folder = Folder::new();
    let root = folder.at("mlruns");
    let mut watcher = Watcher::with_patience(vec![root.clone()], Vec::new(), Mode::Native, QUICK);
    for round in 0..2 {
        folder.put("mlruns/0/meta.yaml", "x");
        assert_eq!(wait(&mut watcher, LONG).unwrap().total, 1, "{round}");
        folder.put("mlruns/0/more.yaml", "x");
        assert_eq!(wait(&mut watcher, LONG).unwrap().total, 1, "{round}");
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(wait(&mut watcher, LONG).unwrap().total, 2, "{round}");
    }
    // The system may have refused from the start, but a root that goes is no reason to give up.
    assert_eq!(watcher.take_notices().is_empty(), watcher.mode() == Mode::Native);
}

#[test]
fn a_single_file_can_be_watched() {
    let folder = Folder::new();
    folder.put("presscheck.toml", "schema = 1");
    let mut watcher = Watcher::with_patience(vec![folder.at("presscheck.toml")], Vec::new(), Mode::Native, QUICK);
    folder.put("other.toml", "");
    for number in 0..2 {
        folder.put("new.toml", &format!("schema = {number}"));
        fs::rename(folder.at("new.toml"), folder.at("presscheck.toml")).unwrap();
        assert_eq!(names(&wait(&mut watcher, LONG).unwrap(), folder.temp.path()), ["presscheck.toml"]);
    }
}

#[test]
fn when_the_system_gives_up_we_poll_and_say_so() {
    let folder = Folder::new();
    let mut watcher = folder.watch(Mode::Native);
    watcher.take_notices();
    watcher.poll_because("the limit is reached");
    assert_eq!(watcher.mode(), Mode::Poll);
    assert_eq!(
        watcher.take_notices(),
        ["looking for changes every second instead of being told: the limit is reached"]
    );
    folder.put("runs/c/metrics.json", "{}");
    assert_eq!(wait(&mut watcher, LONG).unwrap().total, 1);
}

#[test]
fn a_wait_can_be_stopped() {
    let folder = Folder::new();
    let mut watcher = folder.watch(Mode::Native);
    let start = Instant::now();
    assert_eq!(wait(&mut watcher, Duration::from_millis(100)), None);
    assert!(start.elapsed() < Duration::from_secs(2));
}
