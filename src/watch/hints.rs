//! What the system says about changes: soon, incomplete, and never to be relied on.
//!
//! In: folders. Out: one bit, "something may have changed", and the reasons why the system will not
//! tell. The only user of notify. It must not look at files or remember paths: a storm of ten thousand
//! events costs as much memory as one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::snapshot::Ignore;

/// How often a sleeping wait looks at its stop flag.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// The bit, shared with the system's thread.
#[derive(Debug, Default)]
pub(super) struct Hints {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// When the last hint came, until somebody takes it.
    last: Option<Instant>,
    /// Why the system has stopped telling us everything.
    failed: Option<String>,
}

impl Hints {
    /// Waits for a hint, at most until `end`; false when none came.
    pub(super) fn wait(&self, end: Instant, stop: &AtomicBool) -> bool {
        let mut state = self.lock();
        while state.last.is_none() && !stop.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.arrived.wait_timeout(state, left.min(STOP_CHECK)).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.last.is_some()
    }

    /// Waits until no hint came for `quiet`, at most `ceiling`, and takes all that came.
    pub(super) fn settle(&self, quiet: Duration, ceiling: Duration, stop: &AtomicBool) {
        let end = Instant::now() + ceiling;
        loop {
            let now = Instant::now();
            let calm = self.lock().last.map_or(now, |last| last + quiet);
            if calm <= now || now >= end || stop.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(calm.min(end).saturating_duration_since(now).min(STOP_CHECK));
        }
        self.lock().last = None;
    }

    /// Why the system cannot be relied on any more, told once.
    pub(super) fn take_failure(&self) -> Option<String> {
        self.lock().failed.take()
    }

    fn hint(&self) {
        self.lock().last = Some(Instant::now());
        self.arrived.notify_all();
    }

    fn fail(&self, why: String) {
        self.lock().failed = Some(why);
        self.hint();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The system's watcher over some roots.
#[derive(Debug)]
pub(super) struct Native {
    watcher: RecommendedWatcher,
    /// Each root with the identity of the folder that is being watched under this name.
    roots: Vec<(PathBuf, Option<u64>)>,
}

impl Native {
    /// Starts watching; a fragment that says why not otherwise.
    pub(super) fn start(roots: &[PathBuf], ignore: &Ignore, hints: &Arc<Hints>) -> Result<Native, String> {
        let (seen, skip, below) = (Arc::clone(hints), ignore.clone(), roots.to_vec());
        let handler = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if is_hint(&event, &below, &skip) => seen.hint(),
            Ok(_) => {}
            Err(error) => match limit_of(&error) {
                Some(why) => seen.fail(why),
                None => seen.hint(),
            },
        };
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(handler, config).map_err(|error| reason(&error))?;
        let mut native = Native { watcher, roots: roots.iter().map(|root| (root.clone(), None)).collect() };
        native.renew()?;
        Ok(native)
    }

    /// Watches roots that came, or came back, since the last time. A root that is missing is no error.
    pub(super) fn renew(&mut self) -> Result<(), String> {
        for (root, watched) in &mut self.roots {
            let now = identity_of(root);
            if now == *watched {
                continue;
            }
            if watched.take().is_some() {
                // Fails when the system has already dropped the watch with the folder.
                let _ = self.watcher.unwatch(root);
            }
            if now.is_none() {
                continue;
            }
            match self.watcher.watch(root, RecursiveMode::Recursive) {
                Ok(()) => *watched = now,
                Err(error) if identity_of(root).is_some() => return Err(reason(&error)),
                Err(_) => {} // Gone again.
            }
        }
        Ok(())
    }
}

fn identity_of(root: &Path) -> Option<u64> {
    std::fs::metadata(root).ok().map(|meta| super::snapshot::identity(&meta))
}

/// Reading is not a change: our own look at the folders would wake us for ever.
fn is_hint(event: &notify::Event, roots: &[PathBuf], ignore: &Ignore) -> bool {
    if event.need_rescan() || event.paths.is_empty() {
        return true;
    }
    if let EventKind::Access(access) = event.kind
        && access != AccessKind::Close(AccessMode::Write)
    {
        return false;
    }
    event.paths.iter().any(|path| roots.iter().any(|root| !ignore.covers(root, path)))
}

/// Why not, for a person: the system's own words for a full watch table are "no space left on device".
fn reason(error: &notify::Error) -> String {
    limit_of(error).unwrap_or_else(|| error.to_string())
}

fn limit_of(error: &notify::Error) -> Option<String> {
    const ENOSPC: i32 = 28;
    const EMFILE: i32 = 24;
    let code = match &error.kind {
        ErrorKind::MaxFilesWatch => ENOSPC,
        ErrorKind::Io(error) => error.raw_os_error()?,
        _ => return None,
    };
    match code {
        ENOSPC => Some(
            "the system's limit of watched folders is reached (the disk is not full); raise it with `sudo sysctl fs.inotify.max_user_watches=524288`"
                .to_owned(),
        ),
        EMFILE => Some(
            "the system's limit of watchers is reached; raise it with `sudo sysctl fs.inotify.max_user_instances=512`"
                .to_owned(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Event;
    use notify::event::{CreateKind, Flag};

    #[test]
    fn a_full_watch_table_is_not_a_full_disk() {
        for error in
            [notify::Error::new(ErrorKind::MaxFilesWatch), notify::Error::io(std::io::Error::from_raw_os_error(28))]
        {
            let text = reason(&error);
            assert!(text.contains("fs.inotify.max_user_watches"), "{text}");
        }
        let text = reason(&notify::Error::io(std::io::Error::from_raw_os_error(24)));
        assert!(text.contains("fs.inotify.max_user_instances"), "{text}");
        assert_eq!(limit_of(&notify::Error::path_not_found()), None);
    }

    #[test]
    fn only_what_may_change_a_page_is_a_hint() {
        let roots = [PathBuf::from("/p")];
        let ignore = Ignore::new(&[PathBuf::from("/p/public")]);
        let hint = |kind, path: &str| is_hint(&Event::new(kind).add_path(PathBuf::from(path)), &roots, &ignore);
        let create = EventKind::Create(CreateKind::File);
        assert!(hint(create, "/p/runs/metrics/auc"));
        assert!(hint(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/p/x"));
        assert!(!hint(EventKind::Access(AccessKind::Open(AccessMode::Read)), "/p/x"));
        assert!(!hint(create, "/p/public/index.html"));
        assert!(!hint(create, "/p/runs/.git/index"));
        assert!(hint(create, "/p/public.toml"));
        assert!(is_hint(&Event::new(EventKind::Other).set_flag(Flag::Rescan), &roots, &ignore));
    }
}
