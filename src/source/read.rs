//! Reading a file: once, whole, regular files only, hashed as it comes in.

use std::io::Read;
use std::sync::Arc;

use super::discover::plain;
use super::{Entry, FileData, Location, Source};
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::Sha256;

/// Files below this size are read in one call.
const ONE_READ: usize = 64 << 10;

/// Reads a file that is named by the command line, not found in a source: the configuration, a
/// theme's template.
///
/// # Errors
/// When the file cannot be read or is larger than 16 MiB.
pub fn read_file(path: &std::path::Path, shown: &str) -> Result<FileData, Box<Diagnostic>> {
    const LIMIT: u64 = 16 << 20;
    let problem = |cause: String| {
        Box::new(
            Diagnostic::new(Code::FileUnreadable, format!("'{}' cannot be read: {cause}", visible(shown, 200)))
                .at(shown)
                .help("check that the file exists and that you may read it"),
        )
    };
    #[expect(clippy::disallowed_methods, reason = "source is the one module that opens files to read")]
    let file = std::fs::File::open(path).map_err(|e| problem(plain(&e)))?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err(problem("it is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| problem(plain(&e)))?;
    if bytes.len() as u64 > LIMIT {
        return Err(problem(format!("it is larger than {LIMIT} bytes")));
    }
    Ok(FileData::from_bytes(shown, bytes))
}

impl Source {
    /// Reads a file to recognise it; the bytes are kept for the importer that claims it.
    ///
    /// # Errors
    /// When the file cannot be read or is too large.
    pub fn sniff(&self, entry: &Entry) -> Result<Arc<FileData>, Box<Diagnostic>> {
        let mut kept = entry.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(data) = &*kept {
            return Ok(Arc::clone(data));
        }
        let data = self.load(entry)?;
        *kept = Some(Arc::clone(&data));
        Ok(data)
    }

    /// Reads a file for good: what a sniff has kept is handed over, nothing stays in memory here.
    ///
    /// # Errors
    /// When the file cannot be read, is too large, or changed since it was first read.
    pub fn read(&self, entry: &Entry) -> Result<Arc<FileData>, Box<Diagnostic>> {
        let kept = entry.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        kept.map_or_else(|| self.load(entry), Ok)
    }

    /// Drops what sniffing kept for a file that nobody claimed.
    pub fn forget(&self, entry: &Entry) {
        entry.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }

    /// The digest of a file of any size, read as a stream: for artifacts that are declared, not parsed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hash(&self, entry: &Entry) -> Result<Sha256, Box<Diagnostic>> {
        self.open(entry)?.finish()
    }

    fn load(&self, entry: &Entry) -> Result<Arc<FileData>, Box<Diagnostic>> {
        let path = self.project_path(&entry.path);
        let unreadable = |cause: String| unreadable(&path, &cause);
        let limit = self.limits.file_bytes;
        let too_large = |len: u64| {
            Box::new(
                Diagnostic::new(
                    Code::FileTooLarge,
                    format!("'{}' has {len} bytes; files above {limit} are not parsed", visible(&path, 200)),
                )
                .at(path.clone())
                .help("evidence is small: write aggregated metrics, not raw data"),
            )
        };
        let bytes = match &entry.location {
            Location::Listed => return Err(too_large(entry.size())),
            Location::Memory(bytes) if bytes.len() as u64 > limit => return Err(too_large(bytes.len() as u64)),
            Location::Memory(bytes) => bytes.to_vec(),
            Location::Below(_) | Location::Disk(_) => {
                let location = entry.disk().unwrap_or_default();
                #[expect(clippy::disallowed_methods, reason = "source is the one module that opens run data")]
                let mut file = std::fs::File::open(location).map_err(|e| unreadable(plain(&e)))?;
                let meta = file.metadata().map_err(|e| unreadable(plain(&e)))?;
                if !meta.is_file() {
                    return Err(unreadable("it is no regular file".to_owned()));
                }
                if meta.len() > limit {
                    return Err(too_large(meta.len()));
                }
                read_all(&mut file, meta.len(), limit + 1).map_err(|e| unreadable(plain(&e)))?
            }
        };
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
        super::activity::bytes(bytes.len());
        super::activity::read();
        let sha256 = Sha256::of(&bytes);
        let len = bytes.len() as u64;
        if entry.digest.get_or_init(|| (sha256, len)).0 != sha256 {
            return Err(Box::new(
                Diagnostic::new(
                    Code::FileChanged,
                    format!("'{}' changed while it was being read", visible(&path, 200)),
                )
                .at(path)
                .help("wait until the run has finished writing, then try again"),
            ));
        }
        Ok(Arc::new(FileData { path, bytes, sha256 }))
    }
}

/// The content of a file that has `size` bytes by what the system says, up to `limit` bytes.
///
/// Most files are small, and a call of the system costs more than their content: one read that asks
/// for a byte more than the file is said to have, and gets just that many, has met the end. Anything
/// else (the file grows or shrinks, or the system does not know its size) is read until nothing comes.
fn read_all(file: &mut std::fs::File, size: u64, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match usize::try_from(size) {
        Ok(size) if size < ONE_READ => {
            bytes.resize(size + 1, 0);
            let got = loop {
                match file.read(&mut bytes) {
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    got => break got?,
                }
            };
            bytes.truncate(got);
            if got == size {
                return Ok(bytes);
            }
        }
        Ok(size) => bytes.reserve_exact(size.saturating_add(1)),
        Err(_) => {}
    }
    let left = limit.saturating_sub(bytes.len() as u64);
    file.take(left).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that cannot be read, and why.
pub(super) fn unreadable(path: &str, cause: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::FileUnreadable, format!("'{}' cannot be read: {cause}", visible(path, 200)))
            .at(path)
            .help("check that the file exists and that you may read it"),
    )
}
