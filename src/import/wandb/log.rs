//! The framing of a `.wandb` log.
//!
//! In: a stream. Out: one record after the other, and where and why it ends. The framing is LevelDB's
//! log format (`doc/log_format.md` there) with a header of seven bytes, counted to the first block,
//! and plain CRC-32 over type and data (`core/pkg/leveldb` of the wandb repository). No version of
//! wandb compresses the log. A record above the limit is skipped, not held.

use std::io::{self, Read};

/// Bytes of a record that is held in memory.
pub(super) const MOST: usize = 64 << 20;

/// The header: letters, a number, and the version.
pub(super) const HEADER: usize = 7;

/// The letters and the number.
const MAGIC: &[u8] = b":W&B\xe1\xbe";

/// Versions of the store that are known; both have the same framing.
const VERSIONS: &[u8] = &[0, 1];

const BLOCK: usize = 32 << 10;
const CHUNK_HEADER: usize = 7;

/// Why there are no more records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The file ends after a record.
    Whole,
    /// The file ends in the middle of a record that begins at this byte.
    Cut(u64),
    /// What stands at this byte is no sound record.
    Corrupt(u64),
    /// The file does not begin as a log does.
    NoLog,
    /// The file cannot be read.
    Unreadable(String),
}

/// A record.
pub(super) enum Record<'a> {
    /// Its data.
    Data(&'a [u8]),
    /// It is too large and was skipped.
    TooLarge(usize),
}

/// Whether the bytes are the first of a log, as far as they go.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes.starts_with(MAGIC)
}

/// The records of a stream.
pub(super) struct Log<R> {
    reader: R,
    /// The current block; shorter than `BLOCK` at the end of the file.
    block: Vec<u8>,
    at: usize,
    /// Where the block begins in the file.
    base: u64,
    record: Vec<u8>,
    /// A version that is not known.
    pub(super) unknown_version: Option<u8>,
}

impl<R: Read> Log<R> {
    /// Reads the header.
    pub(super) fn new(reader: R) -> (Self, Option<End>) {
        let mut log = Self { reader, block: Vec::new(), at: 0, base: 0, record: Vec::new(), unknown_version: None };
        let end = match log.fill() {
            Err(end) => Some(end),
            Ok(()) if is_header(&log.block) => {
                log.at = HEADER;
                log.unknown_version = log.block.get(MAGIC.len()).copied().filter(|v| !VERSIONS.contains(v));
                None
            }
            Ok(()) if log.block.len() < HEADER && MAGIC.starts_with(&log.block[..log.block.len().min(MAGIC.len())]) => {
                Some(End::Cut(0))
            }
            Ok(()) => Some(End::NoLog),
        };
        (log, end)
    }

    /// The stream, with what follows still unread.
    pub(super) fn into_inner(self) -> R {
        self.reader
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Record<'_>, End> {
        self.record.clear();
        let mut length = 0;
        let mut started: Option<u64> = None;
        loop {
            let left = self.block.len() - self.at;
            if left < CHUNK_HEADER {
                if self.block.len() < BLOCK && left > 0 {
                    return Err(End::Cut(started.unwrap_or_else(|| self.offset())));
                }
                self.base += self.block.len() as u64;
                self.fill()?;
                if self.block.is_empty() {
                    return Err(started.map_or(End::Whole, End::Cut));
                }
                continue;
            }
            let here = self.offset();
            let start = started.unwrap_or(here);
            let chunk = self.block.get(self.at..).unwrap_or_default();
            let Some((header, rest)) = chunk.split_first_chunk::<CHUNK_HEADER>() else { return Err(End::Cut(start)) };
            let [c0, c1, c2, c3, l0, l1, kind] = *header;
            let size = usize::from(u16::from_le_bytes([l0, l1]));
            if *header == [0; CHUNK_HEADER] && rest.iter().all(|b| *b == 0) {
                // Space that was reserved and never written.
                return Err(End::Cut(start));
            }
            let Some(data) = rest.get(..size) else {
                return Err(if self.block.len() < BLOCK { End::Cut(start) } else { End::Corrupt(here) });
            };
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(&[kind]);
            hasher.update(data);
            let sound = hasher.finalize() == u32::from_le_bytes([c0, c1, c2, c3]);
            if !sound || !matches!((kind, started), (1 | 2, None) | (3 | 4, Some(_))) {
                return Err(End::Corrupt(here));
            }
            let from = self.at + CHUNK_HEADER;
            self.at = from + size;
            length += size;
            if kind == 1 {
                return Ok(Record::Data(self.block.get(from..self.at).unwrap_or_default()));
            }
            started = Some(start);
            if length <= MOST {
                self.record.extend_from_slice(self.block.get(from..self.at).unwrap_or_default());
            }
            if kind == 4 {
                return Ok(if length <= MOST { Record::Data(&self.record) } else { Record::TooLarge(length) });
            }
        }
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Reads the next block.
    fn fill(&mut self) -> Result<(), End> {
        self.block.resize(BLOCK, 0);
        self.at = 0;
        let mut filled = 0;
        while filled < BLOCK {
            match self.reader.read(&mut self.block[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.block.clear();
                    return Err(End::Unreadable(e.to_string()));
                }
            }
        }
        self.block.truncate(filled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, End, Log, Record};

    /// Writes records as `core/pkg/leveldb/record.go` does.
    fn written(records: &[Vec<u8>]) -> Vec<u8> {
        let mut out = b":W&B\xe1\xbe\0".to_vec();
        for record in records {
            let mut rest = &record[..];
            let mut first = true;
            loop {
                let left = BLOCK - out.len() % BLOCK;
                if left < 7 {
                    out.resize(out.len() + left, 0);
                    continue;
                }
                let (data, more) = rest.split_at(rest.len().min(left - 7));
                let kind = match (first, more.is_empty()) {
                    (true, true) => 1,
                    (true, false) => 2,
                    (false, false) => 3,
                    (false, true) => 4,
                };
                let mut hasher = crc32fast::Hasher::new();
                hasher.update(&[kind]);
                hasher.update(data);
                out.extend(hasher.finalize().to_le_bytes());
                out.extend((data.len() as u16).to_le_bytes());
                out.push(kind);
                out.extend(data);
                (rest, first) = (more, false);
                if rest.is_empty() {
                    break;
                }
            }
        }
        out
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, End) {
        let (mut log, end) = Log::new(bytes);
        if let Some(end) = end {
            return (Vec::new(), end);
        }
        let mut out = Vec::new();
        loop {
            match log.next() {
                Ok(Record::Data(data)) => out.push(data.to_vec()),
                Ok(Record::TooLarge(_)) => {}
                Err(end) => return (out, end),
            }
        }
    }

    fn records() -> Vec<Vec<u8>> {
        // One that ends so that too little for a header is left in the block, and one over three blocks.
        vec![vec![1; 100], vec![2; BLOCK - 7 - 107 - 7 - 5], vec![3; 80_000], Vec::new(), vec![4; 9]]
    }

    #[test]
    fn records_over_several_blocks_are_joined() {
        assert_eq!(read(&written(&records())), (records(), End::Whole));
        assert_eq!(read(&written(&[])), (vec![], End::Whole));
    }

    #[test]
    fn every_cut_gives_what_is_before_it() {
        let file = written(&records());
        let all = records();
        for cut in (0..file.len()).step_by(13).chain([1, 6, 7, file.len() - 1]) {
            let (found, end) = read(&file[..cut]);
            assert_eq!(found, all[..found.len()], "{cut}");
            assert!(matches!(end, End::Cut(_) | End::Whole), "{cut} {end:?}");
            assert!(found.len() < all.len(), "{cut}");
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_log_there() {
        let file = written(&records());
        let all = records();
        for at in (7..file.len()).step_by(997) {
            let mut bytes = file.clone();
            bytes[at] ^= 0x10;
            let (found, end) = read(&bytes);
            // Padding at the end of a block says nothing.
            if bytes.get(at).is_some_and(|b| *b == 0x10) && at % BLOCK > BLOCK - 7 {
                continue;
            }
            assert_eq!(found, all[..found.len()], "{at}");
            assert!(matches!(end, End::Corrupt(_) | End::Cut(_)), "{at} {end:?}");
        }
    }

    #[test]
    fn reserved_space_and_foreign_files() {
        let mut file = written(&[vec![1; 10]]);
        file.resize(file.len() + 500, 0);
        assert_eq!(read(&file), (vec![vec![1; 10]], End::Cut(24)));
        assert_eq!(read(b""), (vec![], End::Cut(0)));
        assert_eq!(read(b":W&B"), (vec![], End::Cut(0)));
        assert_eq!(read(b"{\"a\":1}"), (vec![], End::NoLog));
    }
}
