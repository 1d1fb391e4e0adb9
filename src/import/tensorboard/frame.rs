//! TFRecord framing: length, its checksum, data, its checksum.
//!
//! In: a stream. Out: one record after the other, and where and why it ends. The checksums are
//! CRC-32C, rotated and shifted as `tensorflow/core/lib/hash/crc32c.h` masks them. A record above the
//! limit is skipped, not held.

use std::io::{self, BufReader, Read};

/// Bytes of a record that is held in memory.
pub(super) const MOST: u64 = 64 << 20;

/// Why there are no more records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The file ends after a record.
    Whole,
    /// The file ends in the middle of a record that begins at this byte.
    Cut(u64),
    /// A checksum of the record that begins at this byte is wrong.
    Corrupt(u64),
    /// The file cannot be read.
    Unreadable(String),
}

/// A record.
pub(super) enum Record<'a> {
    /// Its data.
    Data(&'a [u8]),
    /// It is too large and was skipped.
    TooLarge(u64),
}

/// The records of a stream.
pub(super) struct Frames<R> {
    reader: BufReader<R>,
    at: u64,
    data: Vec<u8>,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(256 << 10, reader), at: 0, data: Vec::new() }
    }

    /// The stream, with what follows the last record still unread.
    pub(super) fn into_inner(self) -> R {
        self.reader.into_inner()
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Record<'_>, End> {
        let start = self.at;
        self.fill(12)?;
        let Some(length) = length(&self.data) else {
            return Err(match self.data.len() {
                0 => End::Whole,
                12 => End::Corrupt(start),
                _ => End::Cut(start),
            });
        };
        if length > MOST {
            let skipped = io::copy(&mut (&mut self.reader).take(length.saturating_add(4)), &mut io::sink())
                .map_err(|e| End::Unreadable(e.to_string()))?;
            self.at = self.at.saturating_add(skipped);
            return if skipped == length.saturating_add(4) {
                Ok(Record::TooLarge(length))
            } else {
                Err(End::Cut(start))
            };
        }
        self.fill(length + 4)?;
        let (data, checksum) = match self.data.split_last_chunk::<4>() {
            Some((data, checksum)) if data.len() as u64 == length => (data, u32::from_le_bytes(*checksum)),
            _ => return Err(End::Cut(start)),
        };
        if masked(data) == checksum { Ok(Record::Data(data)) } else { Err(End::Corrupt(start)) }
    }

    /// Reads so many bytes into `data`; fewer at the end of the file. Memory grows with what is there,
    /// not with what is asked for.
    fn fill(&mut self, count: u64) -> Result<(), End> {
        self.data.clear();
        let mut left = count;
        while left > 0 {
            let old = self.data.len();
            self.data.resize(old + usize::try_from(left.min(1 << 20)).unwrap_or(1 << 20), 0);
            let read = match self.reader.read(&mut self.data[old..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(None),
                other => other.map(Some),
            };
            let read = read.map_err(|e| End::Unreadable(e.to_string()))?;
            self.data.truncate(old + read.unwrap_or(0));
            if read == Some(0) {
                break;
            }
            left -= read.unwrap_or(0) as u64;
        }
        self.at = self.at.saturating_add(self.data.len() as u64);
        Ok(())
    }
}

/// The length that a header of 12 bytes says, when its checksum is right.
pub(super) fn length(header: &[u8]) -> Option<u64> {
    let (length, checksum) = (header.get(..8)?, header.get(8..12)?);
    let sound = masked(length) == u32::from_le_bytes(checksum.try_into().ok()?);
    sound.then_some(u64::from_le_bytes(length.try_into().ok()?))
}

fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::{End, Frames, Record, masked};

    fn framed(data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u64).to_le_bytes();
        [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, End) {
        let mut frames = Frames::new(bytes);
        let mut out = Vec::new();
        loop {
            match frames.next() {
                Ok(Record::Data(data)) => out.push(data.to_vec()),
                Ok(Record::TooLarge(_)) => {}
                Err(end) => return (out, end),
            }
        }
    }

    /// The check value of CRC-32C (RFC 3720, appendix B.4), masked.
    #[test]
    fn the_checksum_is_the_masked_one() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_ends_the_file_where_it_stands() {
        let file = [framed(b"one"), framed(b""), framed(b"three")].concat();
        assert_eq!(read(&file), (vec![b"one".to_vec(), b"".to_vec(), b"three".to_vec()], End::Whole));
        let ends = [0, 19, 35, file.len()];
        for cut in 0..file.len() {
            let (records, end) = read(&file[..cut]);
            let whole = ends.iter().filter(|e| **e <= cut).count() - 1;
            assert_eq!(records.len(), whole, "{cut}");
            assert_eq!(end, if ends.contains(&cut) { End::Whole } else { End::Cut(ends[whole] as u64) }, "{cut}");
        }
        for bit in 0..file.len() * 8 {
            let mut bytes = file.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (records, end) = read(&bytes);
            let whole = ends.iter().filter(|e| **e <= bit / 8).count() - 1;
            assert_eq!((records.len(), end), (whole, End::Corrupt(ends[whole] as u64)), "{bit}");
        }
    }

    #[test]
    fn a_record_that_says_it_is_huge_is_not_held() {
        let length = (u64::MAX - 2).to_le_bytes();
        let file = [&length[..], &masked(&length).to_le_bytes(), b"short"].concat();
        assert_eq!(read(&file), (vec![], End::Cut(0)));
    }
}
