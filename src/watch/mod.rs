//! When to build again.
//!
//! In: the folders that were read, and those to leave out. Out: a [`Change`] each time they differ
//! from the last look, once they have been quiet for a moment. It must not read or build anything.
//!
//! The system's events are hints, a look at all files is the truth: events get lost for folders that
//! appear nested, and network mounts send none. So a hint, or a slow timer without one, leads to a new
//! look, and only a difference between two looks is reported. Polling is the same with a faster timer
//! and no hints. No debouncer: we need no more than "something happened".

mod hints;
mod snapshot;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hints::{Hints, Native};
use snapshot::{Ignore, Snapshot, real_path};

/// How to learn of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The system's events, with a look every few seconds in case they miss something.
    #[default]
    Native,
    /// A look every second: for network mounts and containers.
    Poll,
}

/// What changed between two looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The first twenty files that are new, different or gone.
    pub changed: Vec<PathBuf>,
    /// How many there are in all.
    pub total: usize,
}

/// Waiting times; tests are less patient.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// So long nothing must happen before a change counts as finished.
    quiet: Duration,
    /// So long it may take to become quiet.
    ceiling: Duration,
    /// Between two looks without a hint.
    heal: Duration,
    /// Between two looks when polling.
    poll: Duration,
}

impl Patience {
    const USUAL: Patience = Patience {
        quiet: Duration::from_millis(200),
        ceiling: Duration::from_secs(2),
        heal: Duration::from_secs(5),
        poll: Duration::from_secs(1),
    };
}

/// A look takes at most this part of the time, however large the folders are.
const SHARE: u32 = 20;

/// Watches folders and files.
#[derive(Debug)]
pub struct Watcher {
    roots: Vec<PathBuf>,
    ignore: Ignore,
    seen: Snapshot,
    hints: Arc<Hints>,
    native: Option<Native>,
    patience: Patience,
    /// How long the last look took.
    cost: Duration,
    notices: Vec<String>,
}

impl Watcher {
    /// Starts watching; what changes from now on will be reported. Roots may be missing and come
    /// later. Paths at or below one of `ignore` do not count, nor do folders of version control.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, ignore: Vec<PathBuf>, mode: Mode) -> Watcher {
        Watcher::with_patience(roots, ignore, mode, Patience::USUAL)
    }

    fn with_patience(roots: Vec<PathBuf>, ignore: Vec<PathBuf>, mode: Mode, patience: Patience) -> Watcher {
        let mut roots: Vec<PathBuf> = roots.iter().map(|root| real_path(root)).collect();
        roots.sort();
        roots.dedup();
        let ignore = Ignore::new(&ignore);
        let hints = Arc::new(Hints::default());
        let mut watcher = Watcher {
            seen: Snapshot::default(),
            native: None,
            cost: Duration::ZERO,
            notices: Vec::new(),
            roots,
            ignore,
            hints,
            patience,
        };
        if mode == Mode::Native {
            match Native::start(&watcher.roots, &watcher.ignore, &watcher.hints) {
                Ok(native) => watcher.native = Some(native),
                Err(why) => watcher.poll_because(&why),
            }
        }
        watcher.seen = watcher.look();
        watcher
    }

    /// How changes are learned of now: polling after the system has refused.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.native.is_some() { Mode::Native } else { Mode::Poll }
    }

    /// Sentences for the person who watches, since the last call.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// Waits until something has changed since the last call and is quiet again; `None` once `stop` is
    /// set. What changes while the caller builds is reported by the next call.
    pub fn wait(&mut self, stop: &AtomicBool) -> Option<Change> {
        loop {
            let usual = if self.native.is_some() { self.patience.heal } else { self.patience.poll };
            let hinted = self.hints.wait(Instant::now() + usual.max(self.cost * SHARE), stop);
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            if hinted {
                self.hints.settle(self.patience.quiet, self.patience.ceiling, stop);
            }
            if let Some(why) = self.hints.take_failure() {
                self.poll_because(&why);
            }
            let mut now = self.look();
            if !hinted && now != self.seen {
                now = self.look_until_quiet(now, stop);
            }
            self.renew();
            if let Some(change) = now.since(&self.seen) {
                self.seen = now;
                return Some(change);
            }
        }
    }

    /// A change that came without a hint: whoever writes may be in the middle of it.
    fn look_until_quiet(&mut self, mut last: Snapshot, stop: &AtomicBool) -> Snapshot {
        let end = Instant::now() + self.patience.ceiling;
        while Instant::now() < end && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(self.patience.quiet);
            let now = self.look();
            if now == last {
                break;
            }
            last = now;
        }
        last
    }

    fn look(&mut self) -> Snapshot {
        let start = Instant::now();
        let snapshot = Snapshot::take(&self.roots, &self.ignore);
        self.cost = start.elapsed();
        snapshot
    }

    fn renew(&mut self) {
        if let Some(Err(why)) = self.native.as_mut().map(Native::renew) {
            self.poll_because(&why);
        }
    }

    fn poll_because(&mut self, why: &str) {
        self.native = None;
        self.notices.push(format!("looking for changes every second instead of being told: {why}"));
    }
}

#[cfg(test)]
mod tests;
