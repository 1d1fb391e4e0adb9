//! How much this process has read so far: for progress on a terminal, and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

static LISTED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static ROWS: AtomicU64 = AtomicU64::new(0);

/// Counts since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Files that were found.
    pub listed: u64,
    /// Files that were read, and answers of servers.
    pub read: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Rows of tables that were read; those of a file that is read column by column count once for each column.
    pub rows: u64,
}

/// What was done so far.
pub fn activity() -> Activity {
    let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Activity { listed: now(&LISTED), read: now(&READ), bytes: now(&BYTES), rows: now(&ROWS) }
}

/// Files were found.
pub(super) fn listed(files: usize) {
    LISTED.fetch_add(files as u64, Ordering::Relaxed);
}

/// A file or an answer was read to its end.
pub(crate) fn read() {
    READ.fetch_add(1, Ordering::Relaxed);
}

/// Bytes came in.
pub(crate) fn bytes(bytes: usize) {
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// Rows of a table came in.
pub(crate) fn rows(rows: usize) {
    ROWS.fetch_add(rows as u64, Ordering::Relaxed);
}
