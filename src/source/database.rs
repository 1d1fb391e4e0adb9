//! Opening a SQLite database that another program may be writing to at this moment.
//!
//! In: an entry of a source. Out: a connection that only reads, hardened against what a hostile file
//! may hold, and the digest of what it reads as evidence. Nothing is written, also no `-wal`, `-shm`
//! or `-journal` file beside it. A database of usual size is taken into memory in one read
//! transaction, so that the program that writes is held up for no longer than a copy takes, and the
//! digest is that of exactly the bytes that are read. What the tables mean is the importer's matter.
//!
//! A database with a write-ahead log is read through the log's shared memory, which is opened
//! read-only. One without a log file is read as a file that does not change, and looked at again
//! afterwards. See sqlite.org/wal.html, section "Read-Only Databases".

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::serialize::Data;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::discover::plain;
use super::read::unreadable;
use super::{Entry, Location, Source};
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::{Hasher, Sha256};

/// The first bytes of every SQLite database.
pub const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A database up to this size is taken into memory.
const IMAGE_BYTES: u64 = 128 << 20;

/// How long a lock of another program is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A value or a row above this size is refused.
const VALUE_BYTES: i32 = 16 << 20;

/// Steps of SQLite's machine that any database may take, and those for each byte of it: reading a
/// row takes a few steps for each column, and a row has a few bytes for each column.
const STEPS: u64 = 50_000_000;
const STEPS_PER_BYTE: u64 = 8;

/// How often a database is read again that changed meanwhile.
const ATTEMPTS: usize = 3;

/// A database that is open for reading, in one transaction.
pub struct Database<'a> {
    /// The connection. Nothing but reading is possible on it.
    pub connection: Connection,
    /// The database's size in bytes.
    pub bytes: u64,
    entry: &'a Entry,
    path: String,
    /// For a database that stays on disk: dropped after the connection, because closing any handle of
    /// a file drops the locks that the process has on it.
    file: Option<(std::fs::File, PathBuf, Journal, std::fs::Metadata)>,
}

/// How the database is protected against a reader and a writer meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Journal {
    /// By locks on the file.
    Rollback,
    /// By a write-ahead log that is there.
    Log,
    /// It has a write-ahead log by its header, but none is there: nobody has it open.
    Closed,
}

impl Source {
    /// Opens a database for reading. Call [`Database::finish`] when everything was read.
    ///
    /// # Errors
    /// When it cannot be read as it stands: locked, damaged, in the middle of a write.
    pub fn database<'a>(&self, entry: &'a Entry) -> Result<Database<'a>, Box<Diagnostic>> {
        let path = self.project_path(&entry.path);
        match &entry.location {
            Location::Listed => Err(unreadable(&path, "it is too large and was not fetched")),
            Location::Memory(bytes) => {
                let digest = Sha256::of(bytes);
                let mut connection = in_memory(&path)?;
                let mut image = bytes.to_vec();
                without_log(&mut image);
                connection
                    .deserialize_read_exact(rusqlite::MAIN_DB, image.as_slice(), image.len(), true)
                    .map_err(|error| problem(&path, &error))?;
                let bytes = image.len() as u64;
                entry.digest.get_or_init(|| (digest, bytes));
                begin(&mut connection, bytes).map_err(|error| problem(&path, &error))?;
                Ok(Database { connection, bytes, entry, path, file: None })
            }
            Location::Below(_) | Location::Disk(_) => {
                let location = &entry.disk().unwrap_or_default();
                for _ in 1..ATTEMPTS {
                    match on_disk(entry, &path, location) {
                        Err(problem) if problem.code == Code::FileChanged => {}
                        done => return done,
                    }
                }
                on_disk(entry, &path, location)
            }
        }
    }
}

impl Database<'_> {
    /// Ends the transaction and records the digest of what was read.
    ///
    /// # Errors
    /// When the database changed meanwhile although nobody was to write to it.
    pub fn finish(self) -> Result<(), Box<Diagnostic>> {
        let Self { connection, entry, path, file, .. } = self;
        let Some((mut file, location, journal, before)) = file else { return Ok(()) };
        let (digest, bytes) = hash(&mut file).map_err(|e| unreadable(&path, &plain(&e)))?;
        let still = unchanged(&file, &location, journal, &before);
        drop(connection);
        if !still {
            return Err(changed(&path));
        }
        entry.digest.get_or_init(|| (digest, bytes));
        Ok(())
    }

    /// An error of SQLite as a diagnostic that names the file, the cause and the cure.
    pub fn problem(&self, error: &rusqlite::Error) -> Box<Diagnostic> {
        problem(&self.path, error)
    }
}

impl std::fmt::Debug for Database<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

fn on_disk<'a>(entry: &'a Entry, path: &str, location: &Path) -> Result<Database<'a>, Box<Diagnostic>> {
    #[expect(clippy::disallowed_methods, reason = "source is the one module that opens run data")]
    let mut file = std::fs::File::open(location).map_err(|e| unreadable(path, &plain(&e)))?;
    let meta = file.metadata().map_err(|e| unreadable(path, &plain(&e)))?;
    if !meta.is_file() {
        return Err(unreadable(path, "it is no regular file"));
    }
    let mut header = [0; 100];
    let got = read_up_to(&mut file, &mut header).map_err(|e| unreadable(path, &plain(&e)))?;
    if got == 0 {
        return Err(empty(path));
    }
    if !header[..got].starts_with(SQLITE_MAGIC) || got < header.len() {
        return Err(not_a_database(path));
    }
    let journal = journal(path, location, &header)?;
    let parameters = match journal {
        Journal::Rollback => "mode=ro",
        Journal::Log => "mode=ro&readonly_shm=1",
        Journal::Closed => "mode=ro&immutable=1",
    };
    let uri = uri(location, parameters).ok_or_else(|| unreadable(path, "its path is not UTF-8"))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sqlite = |error: rusqlite::Error| problem(path, &error);
    let mut connection = Connection::open_with_flags(uri, flags).map_err(sqlite)?;
    connection.busy_timeout(PATIENCE).map_err(sqlite)?;
    begin(&mut connection, meta.len()).map_err(sqlite)?;
    // SQLite fills up a last page that is cut off; what stood there would be missed silently.
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        0 | 1 => 1 << 16,
        page => u64::from(page),
    };
    if journal != Journal::Log && !file.metadata().is_ok_and(|m| m.len().is_multiple_of(page)) {
        return Err(damaged(path));
    }
    if meta.len() > IMAGE_BYTES {
        let bytes = meta.len();
        let file = Some((file, location.to_owned(), journal, meta));
        return Ok(Database { connection, bytes, entry, path: path.to_owned(), file });
    }
    let mut image = match connection.serialize(rusqlite::MAIN_DB).map_err(sqlite)? {
        Data::Owned(image) => image,
        Data::Shared(_) => return Err(unreadable(path, "it is no file")),
    };
    let still = unchanged(&file, location, journal, &meta);
    drop(connection);
    drop(file);
    if !still {
        return Err(changed(path));
    }
    let bytes = image.len() as u64;
    let digest = Sha256::of(&image);
    if entry.digest.get_or_init(|| (digest, bytes)).0 != digest {
        return Err(changed(path));
    }
    without_log(&mut image);
    let mut connection = in_memory(path)?;
    connection.deserialize(rusqlite::MAIN_DB, image, true).map_err(sqlite)?;
    begin(&mut connection, bytes).map_err(sqlite)?;
    Ok(Database { connection, bytes, entry, path: path.to_owned(), file: None })
}

/// How readers and writers of the file agree, and whether it can be read without writing.
fn journal(path: &str, location: &Path, header: &[u8; 100]) -> Result<Journal, Box<Diagnostic>> {
    // Offset 19: the version that is needed to read the file; 2 is a write-ahead log.
    if header[19] != 2 {
        return Ok(Journal::Rollback);
    }
    match (beside(location, "-wal"), beside(location, "-shm")) {
        (Some(_), Some(_)) => Ok(Journal::Log),
        (None | Some(0), _) => Ok(Journal::Closed),
        (Some(_), None) => Err(refused(
            path,
            "it has a write-ahead log that was not written back, but no '-shm' file",
            "copy the '-shm' file too, or let the program that writes it end in order: `sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'`",
        )),
    }
}

/// The size of a file beside the database, when it is there.
fn beside(location: &Path, suffix: &str) -> Option<u64> {
    let mut name = location.as_os_str().to_owned();
    name.push(suffix);
    Path::new(&name).symlink_metadata().ok().map(|m| m.len())
}

/// Whether a database that nobody was to write to is as it was. Where locks protect it, it is.
fn unchanged(file: &std::fs::File, location: &Path, journal: Journal, before: &std::fs::Metadata) -> bool {
    let same = |now: std::fs::Metadata| now.len() == before.len() && now.modified().ok() == before.modified().ok();
    journal != Journal::Closed
        || (beside(location, "-wal").is_none_or(|bytes| bytes == 0) && file.metadata().is_ok_and(same))
}

/// A path as SQLite's URI, which takes parameters.
fn uri(location: &Path, parameters: &str) -> Option<String> {
    let path = location.to_str()?.trim_start_matches(r"\\?\").replace('\\', "/");
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for c in path.chars() {
        match c {
            '%' => out.push_str("%25"),
            '?' => out.push_str("%3f"),
            '#' => out.push_str("%23"),
            c => out.push(c),
        }
    }
    out.push('?');
    out.push_str(parameters);
    Some(out)
}

fn in_memory(path: &str) -> Result<Connection, Box<Diagnostic>> {
    Connection::open_in_memory_with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| problem(path, &error))
}

/// Says in the header of a copy that it has no write-ahead log: all of it is in the copy.
fn without_log(image: &mut [u8]) {
    if let Some(versions) = image.get_mut(18..20) {
        versions.fill(1);
    }
}

/// Makes the connection one that only reads, within bounds, and begins to read.
fn begin(connection: &mut Connection, bytes: u64) -> rusqlite::Result<()> {
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 50),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 4),
        (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    for (option, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(option, value)?;
    }
    let chunk = 1_000_000;
    let mut left = (STEPS + bytes.saturating_mul(STEPS_PER_BYTE)) / 1_000_000;
    connection.progress_handler(
        chunk,
        Some(move || {
            left = left.saturating_sub(1);
            left == 0
        }),
    )?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; BEGIN")?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
}

fn read_up_to(file: &mut std::fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

fn hash(file: &mut std::fs::File) -> std::io::Result<(Sha256, u64)> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(0))?;
    let (mut hasher, mut bytes, mut buffer) = (Hasher::default(), 0, vec![0; 256 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher.finish(), bytes)),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

fn refused(path: &str, cause: &str, cure: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::FileUnreadable, format!("the database '{}' cannot be read: {cause}", visible(path, 200)))
            .at(path)
            .help(cure),
    )
}

fn empty(path: &str) -> Box<Diagnostic> {
    refused(path, "it is empty", "was it copied completely? MLflow makes its tables when it first opens the database")
}

fn not_a_database(path: &str) -> Box<Diagnostic> {
    refused(
        path,
        "it is no SQLite database, or only the beginning of one",
        "was it copied completely? copy it while nothing writes, or with `sqlite3 FILE .backup`",
    )
}

fn damaged(path: &str) -> Box<Diagnostic> {
    refused(
        path,
        "it is damaged or cut off",
        "copy it again while nothing writes; `sqlite3 FILE 'PRAGMA integrity_check'` says what is left",
    )
}

fn changed(path: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::FileChanged, format!("'{}' changed while it was being read", visible(path, 200)))
            .at(path)
            .help("wait until the run has finished writing, then try again"),
    )
}

/// What SQLite says, in words that lead on.
fn problem(path: &str, error: &rusqlite::Error) -> Box<Diagnostic> {
    let Some(code) = error.sqlite_error_code() else {
        return refused(path, &error.to_string(), "is it a database that MLflow wrote?");
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => refused(
            path,
            "another program has it locked",
            "try again when that program has finished writing, or read a copy made with `sqlite3 FILE .backup`",
        ),
        ErrorCode::NotADatabase => not_a_database(path),
        ErrorCode::DatabaseCorrupt => damaged(path),
        // The journal of an interrupted write, or a write-ahead log that cannot be joined.
        ErrorCode::ReadOnly => refused(
            path,
            "a write to it was interrupted and has not been rolled back",
            "open it once with the program that writes it, which repairs it; presscheck changes nothing",
        ),
        ErrorCode::OperationInterrupted => refused(
            path,
            "it takes more steps to read than its size allows",
            "its pages refer to one another in circles: restore it from a backup",
        ),
        ErrorCode::TooBig | ErrorCode::OutOfMemory => {
            refused(path, "a value or its schema is too large", "is it a database that MLflow wrote?")
        }
        _ => refused(path, &error.to_string(), "check that it is complete and that you may read it"),
    }
}
