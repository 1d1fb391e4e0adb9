//! What the pages of a column claim, checked before the parquet crate believes it.
//!
//! In: the bytes of a file and the metadata of one column chunk. Out: the size of its largest page,
//! or why the chunk is refused. Page headers are Thrift structs in the compact protocol
//! (apache/thrift, `doc/specs/thrift-compact-protocol.md`); only the sizes are read. Sizes of pages
//! are claims for gzip and brotli, whose decoders in the parquet crate unpack without end: those
//! pages are unpacked once into nothing to measure them.

use std::io::Read;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescPtr;

use super::cells::Budget;

/// Largest page, unpacked. Writers make pages of about 1 MB; pandas may make a dictionary larger.
const PAGE_BYTES: u64 = 64 << 20;

/// Walks the pages of a chunk and gives the unpacked size of the largest.
pub(super) fn check(file: &Bytes, chunk: &ColumnChunkMetaData, budget: &mut Budget) -> Result<u64, String> {
    let start = chunk
        .dictionary_page_offset()
        .filter(|o| *o > 0)
        .map_or(chunk.data_page_offset(), |o| o.min(chunk.data_page_offset()));
    let range = || {
        let start = usize::try_from(start).ok()?;
        let end = start.checked_add(usize::try_from(chunk.compressed_size()).ok()?)?;
        file.get(start..end)
    };
    let mut rest = range().ok_or("a column lies outside the file")?;
    let mut largest = 0;
    let mut values: i64 = 0;
    // A reader stops at the number of values that the chunk claims; a sound writer ends there too.
    while !rest.is_empty() && values < chunk.num_values() {
        let mut thrift = Thrift { bytes: rest, at: 0 };
        let header = thrift.page_header().ok_or("a page header is damaged")?;
        let body = rest.get(thrift.at..).and_then(|r| r.get(..header.compressed)).ok_or("a page is cut off")?;
        if header.uncompressed > PAGE_BYTES {
            return Err(format!("a page claims {} bytes; at most {PAGE_BYTES} are read", header.uncompressed));
        }
        budget.unpacked(header.uncompressed)?;
        measure(chunk.compression(), body, &header)?;
        largest = largest.max(header.uncompressed);
        values = values.saturating_add(i64::from(header.values));
        rest = rest.get(thrift.at + header.compressed..).unwrap_or_default();
    }
    Ok(largest)
}

/// Whether a page unpacks to no more than it claims, for codecs that are not told where to stop.
fn measure(codec: Compression, body: &[u8], header: &Header) -> Result<(), String> {
    let limit = header.uncompressed.saturating_add(1);
    let packed = body.get(header.levels..).unwrap_or_default();
    let size = match codec {
        Compression::GZIP(_) if header.packed => {
            std::io::copy(&mut flate2::read::MultiGzDecoder::new(packed).take(limit), &mut std::io::sink())
        }
        Compression::BROTLI(_) if header.packed => {
            std::io::copy(&mut brotli::Decompressor::new(packed, 1 << 16).take(limit), &mut std::io::sink())
        }
        // The old LZ4 codec falls back to frames of any size; at most 255 bytes come of one.
        Compression::LZ4 if body.len() > 1 << 20 => return Err("a page of the old LZ4 codec is too large".to_owned()),
        _ => return Ok(()),
    };
    match size {
        Ok(size) if size <= header.uncompressed => Ok(()),
        Ok(_) => Err("a page unpacks to more than it claims".to_owned()),
        Err(error) => Err(format!("a page cannot be unpacked: {error}")),
    }
}

/// What a page header says.
#[derive(Default)]
struct Header {
    uncompressed: u64,
    compressed: usize,
    /// Values of a data page; 0 for other pages.
    values: i32,
    /// Bytes of levels that stand unpacked before the values (version 2).
    levels: usize,
    /// Whether the values are packed (version 2 may say no).
    packed: bool,
}

/// A reader of the compact protocol.
struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut out = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            out |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i64> {
        let raw = self.varint()?;
        Some((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    /// The id and type of the next field; type 0 ends the struct.
    fn field(&mut self, last: i64) -> Option<(i64, u8)> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if kind == 0 {
            return Some((last, 0));
        }
        let id = if byte >> 4 == 0 { self.int()? } else { last.checked_add(i64::from(byte >> 4))? };
        Some((id, kind))
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        if depth == 0 {
            return None;
        }
        match kind {
            1 | 2 => Some(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.varint().map(|_| ()),
            7 => self.advance(8),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.advance(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let size = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                let element = byte & 0x0f;
                for _ in 0..size {
                    // Truth values in lists take a byte each, unlike those in fields.
                    if matches!(element, 1 | 2) { self.byte().map(|_| ())? } else { self.skip(element, depth - 1)? }
                }
                Some(())
            }
            12 => {
                let mut last = 0;
                loop {
                    let (id, kind) = self.field(last)?;
                    if kind == 0 {
                        return Some(());
                    }
                    self.skip(kind, depth - 1)?;
                    last = id;
                }
            }
            // Maps do not occur in page headers.
            _ => None,
        }
    }

    fn advance(&mut self, by: usize) -> Option<()> {
        let to = self.at.checked_add(by).filter(|to| *to <= self.bytes.len())?;
        self.at = to;
        Some(())
    }

    fn page_header(&mut self) -> Option<Header> {
        let mut out = Header { packed: true, ..Header::default() };
        let mut last = 0;
        loop {
            let (id, kind) = self.field(last)?;
            match (id, kind) {
                (_, 0) => return Some(out),
                (2, 5) => out.uncompressed = u64::try_from(self.int()?).ok()?,
                (3, 5) => out.compressed = usize::try_from(self.int()?).ok()?,
                (5 | 8, 12) => self.data_header(id == 8, &mut out)?,
                _ => self.skip(kind, 16)?,
            }
            last = id;
        }
    }

    /// `DataPageHeader` or `DataPageHeaderV2`: the number of values, and in version 2 the levels.
    fn data_header(&mut self, v2: bool, out: &mut Header) -> Option<()> {
        let mut last = 0;
        loop {
            let (id, kind) = self.field(last)?;
            match (id, kind) {
                (_, 0) => return Some(()),
                (1, 5) => out.values = i32::try_from(self.int()?).ok().filter(|n| *n >= 0)?,
                (5 | 6, 5) if v2 => out.levels = out.levels.checked_add(usize::try_from(self.int()?).ok()?)?,
                (7, 1 | 2) if v2 => out.packed = kind == 1,
                _ => self.skip(kind, 16)?,
            }
            last = id;
        }
    }
}

/// Hands pages on after a look at the counts that decoders take on trust.
pub(super) struct Guard {
    inner: Box<dyn PageReader>,
    column: ColumnDescPtr,
}

impl Guard {
    pub(super) fn new(inner: Box<dyn PageReader>, column: ColumnDescPtr) -> Self {
        Self { inner, column }
    }

    fn sound(&self, page: &Page) -> Option<()> {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let least = match self.column.physical_type() {
                    Physical::BOOLEAN => return None,
                    Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
                    Physical::INT64 | Physical::DOUBLE => 8,
                    Physical::INT96 => 12,
                    Physical::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.column.type_length()).ok()?.max(1),
                };
                (usize::try_from(*num_values).ok()?.checked_mul(least)? <= buf.len()).then_some(())
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let levels = if self.column.max_def_level() > 0 {
                    let length: [u8; 4] = buf.get(..4)?.try_into().ok()?;
                    usize::try_from(u32::from_le_bytes(length)).ok()?.checked_add(4)?
                } else {
                    0
                };
                delta_counts(*encoding, buf, levels, *num_values)
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = def_levels_byte_len.checked_add(*rep_levels_byte_len)?;
                let levels = usize::try_from(levels).ok()?;
                buf.get(levels..)?;
                delta_counts(*encoding, buf, levels, *num_values)
            }
        }
    }
}

/// Delta encodings state their own number of values and buffers are made of that size: it may not be
/// larger than the page's.
fn delta_counts(encoding: Encoding, buffer: &Bytes, levels: usize, values: u32) -> Option<()> {
    if !matches!(
        encoding,
        Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY
    ) {
        return Some(());
    }
    let mut thrift = Thrift { bytes: buffer.get(levels..)?, at: 0 };
    if thrift.bytes.is_empty() {
        return Some(());
    }
    skip_deltas(&mut thrift, values)?;
    // Prefix lengths are followed by the lengths of the suffixes.
    if encoding == Encoding::DELTA_BYTE_ARRAY { skip_deltas(&mut thrift, values) } else { Some(()) }
}

/// Walks over a block of `DELTA_BINARY_PACKED` numbers, whose varints are those of Thrift.
fn skip_deltas(at: &mut Thrift<'_>, values: u32) -> Option<()> {
    let block = at.varint()?;
    let minis = at.varint()?;
    let total = at.varint()?;
    at.varint()?;
    if total > u64::from(values) || block == 0 || block > 1 << 20 || minis == 0 || minis > 1 << 10 || block % minis != 0
    {
        return None;
    }
    let per_mini = block / minis;
    let mut left = total.saturating_sub(1);
    while left > 0 {
        at.varint()?;
        let widths = at.bytes.get(at.at..at.at.checked_add(usize::try_from(minis).ok()?)?)?.to_vec();
        at.advance(widths.len())?;
        for width in widths {
            if left == 0 {
                break;
            }
            if width > 64 {
                return None;
            }
            // The last miniblock may be cut short by some writers.
            let bytes = usize::try_from((per_mini * u64::from(width)).div_ceil(8)).ok()?;
            at.at = at.at.checked_add(bytes)?.min(at.bytes.len());
            left = left.saturating_sub(per_mini);
        }
    }
    Some(())
}

impl Iterator for Guard {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Guard {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let page = self.inner.get_next_page()?;
        match &page {
            Some(page) if self.sound(page).is_none() => {
                Err(ParquetError::General("a page does not hold what it claims".to_owned()))
            }
            _ => Ok(page),
        }
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.inner.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> ParquetResult<bool> {
        self.inner.at_record_boundary()
    }
}
