//! Reading a file of any size as a stream: for logs that are too large to hold.
//!
//! In: an entry of a source. Out: a reader that hashes what passes through it. Whoever reads it calls
//! [`Stream::finish`], so that the evidence records the digest of the whole file, also of a part that
//! an importer did not care to look at. The reader is not buffered.

use std::io::{self, Read};

use super::discover::plain;
use super::read::unreadable;
use super::{Entry, Location, Source};
use crate::diag::Diagnostic;
use crate::digest::{Hasher, Sha256};

/// A file that is being read, hashed as it comes in.
pub struct Stream<'a> {
    entry: &'a Entry,
    path: String,
    inner: Box<dyn Read + Send + 'a>,
    hasher: Hasher,
    read: u64,
}

impl Source {
    /// Opens a file to read it as a stream; there is no limit on its size.
    ///
    /// # Errors
    /// When it cannot be opened or is no regular file.
    pub fn open<'a>(&self, entry: &'a Entry) -> Result<Stream<'a>, Box<Diagnostic>> {
        let path = self.project_path(&entry.path);
        let inner: Box<dyn Read + Send + 'a> = match &entry.location {
            Location::Listed => return Err(unreadable(&path, "it is too large and was not fetched")),
            Location::Memory(bytes) => Box::new(&bytes[..]),
            Location::Below(_) | Location::Disk(_) => {
                let location = entry.disk().unwrap_or_default();
                #[expect(clippy::disallowed_methods, reason = "source is the one module that opens run data")]
                let file = std::fs::File::open(location).map_err(|e| unreadable(&path, &plain(&e)))?;
                if !file.metadata().is_ok_and(|m| m.is_file()) {
                    return Err(unreadable(&path, "it is no regular file"));
                }
                Box::new(file)
            }
        };
        Ok(Stream { entry, path, inner, hasher: Hasher::default(), read: 0 })
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        self.read += n as u64;
        super::activity::bytes(n);
        Ok(n)
    }
}

impl Stream<'_> {
    /// Whether the file begins with these bytes; the file does not count as read.
    pub fn begins_with(mut self, magic: &[u8]) -> bool {
        let mut start = vec![0; magic.len()];
        self.inner.read_exact(&mut start).is_ok() && start == magic
    }

    /// Reads what is left, and records the digest of the whole file as evidence.
    ///
    /// # Errors
    /// When the rest cannot be read.
    pub fn finish(mut self) -> Result<Sha256, Box<Diagnostic>> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(unreadable(&self.path, &plain(&e))),
            }
        }
        super::activity::read();
        let sha256 = self.hasher.finish();
        self.entry.digest.get_or_init(|| (sha256, self.read));
        Ok(sha256)
    }
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("path", &self.path).field("read", &self.read).finish_non_exhaustive()
    }
}
