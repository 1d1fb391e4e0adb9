//! An `.eval` archive: a ZIP file with deflated or zstd members, of which two are read.
//!
//! In: bytes. Out: the bytes of `header.json` and of `_journal/start.json`. Names of members are
//! compared, never used as paths. Sizes and numbers are bounded whatever the directory of the
//! archive claims. An archive that lost its directory is read from the front as far as it goes.

use std::io::{Cursor, Read};

use crate::diag::visible;

/// The log without its samples, written at the end.
pub(super) const HEADER: &str = "header.json";
/// What is known at the start.
pub(super) const START: &str = "_journal/start.json";

/// Size of a member, in bytes, unpacked.
const MEMBER: u64 = 16 << 20;
/// Members that are looked at in an archive without a directory, and in one with.
const MEMBERS: usize = 100_000;
/// Bytes that are unpacked to get past the members of an archive without a directory.
const SKIPPED: u64 = 256 << 20;

/// What was found.
#[derive(Default)]
pub(super) struct Archive {
    pub(super) header: Option<Vec<u8>>,
    pub(super) start: Option<Vec<u8>>,
    /// What is wrong with the archive, in words.
    pub(super) broken: Vec<String>,
}

/// Whether bytes are an archive that holds a log.
pub(super) fn is_log(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
        && [START, HEADER].iter().any(|name| bytes.windows(name.len()).any(|w| w == name.as_bytes()))
}

/// Reads the two members.
pub(super) fn open(bytes: &[u8]) -> Archive {
    let mut out = Archive::default();
    match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(mut archive) if archive.len() <= MEMBERS => {
            for (name, start) in [(HEADER, false), (START, true)] {
                let slot = if start { &mut out.start } else { &mut out.header };
                match archive.by_name(name) {
                    Ok(mut member) => match take(&mut member) {
                        Ok(bytes) => *slot = Some(bytes),
                        Err(cause) => out.broken.push(format!("{name}: {cause}")),
                    },
                    Err(zip::result::ZipError::FileNotFound) => {}
                    Err(cause) => out.broken.push(format!("{name}: {}", visible(&cause.to_string(), 200))),
                }
            }
        }
        Ok(archive) => out.broken.push(format!("it has {} members, more than {MEMBERS}", archive.len())),
        Err(cause) => {
            out.broken.push(visible(&cause.to_string(), 200));
            front(bytes, &mut out);
        }
    }
    out
}

/// Reads an archive without a directory from the front.
fn front(bytes: &[u8], out: &mut Archive) {
    let mut stream = Cursor::new(bytes);
    let mut unpacked = 0;
    for _ in 0..MEMBERS {
        let Ok(Some(mut member)) = zip::read::read_zipfile_from_stream(&mut stream) else { return };
        let slot = match member.name().as_deref() {
            Ok(HEADER) => Some(&mut out.header),
            Ok(START) => Some(&mut out.start),
            _ => None,
        };
        if let Some(slot) = slot {
            *slot = take(&mut member).ok();
        }
        // What is left of the member has to be unpacked to reach the next one.
        match std::io::copy(&mut member.by_ref().take(SKIPPED - unpacked), &mut std::io::sink()) {
            Ok(n) if unpacked + n < SKIPPED => unpacked += n,
            _ => return,
        }
    }
}

/// The bytes of a member, up to the limit.
fn take(member: &mut impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    member.take(MEMBER + 1).read_to_end(&mut bytes).map_err(|e| visible(&e.to_string(), 200))?;
    if bytes.len() as u64 > MEMBER {
        return Err(format!("it is larger than {MEMBER} bytes"));
    }
    Ok(bytes)
}
