//! Objects by id, through one `git cat-file --batch`.
//!
//! In: ids, any number. Out: their bytes, in the order asked for. The program is started when first
//! needed and once more when a broken object ends it; that object is reported as broken. What is
//! larger than the limit is passed over, not held.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::{Failure, Repository};

/// Larger objects are not held.
const MOST_BYTES: u64 = 16 << 20;
/// More is not read from one repository, passed over or not.
const MOST_IN_ALL: u64 = 8 << 30;
/// Ids that are asked for at once: fewer bytes than the smallest pipe holds, so that asking never
/// waits for the answers to be read.
const AT_ONCE: usize = 56;
const PATIENCE: Duration = Duration::from_secs(30);
/// A repository with more broken objects than this is given up.
const MOST_RESTARTS: usize = 100;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its id, also when it was asked for by another name.
    pub id: String,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The object.
    Found(Object),
    /// There is none of that id: cut off (shallow), not fetched (partial clone), or lost.
    Missing,
    /// It is larger than is held; its size.
    TooLarge(u64),
    /// It cannot be read.
    Broken,
}

impl Reply {
    /// The object, when it is one of that kind.
    pub fn of(&self, kind: Kind) -> Option<&Object> {
        match self {
            Self::Found(object) if object.kind == kind => Some(object),
            _ => None,
        }
    }
}

/// The running program.
struct Session {
    child: Child,
    stdin: ChildStdin,
    replies: Receiver<io::Result<Reply>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        // It ends by itself when its input does; a hanging one must not outlive us.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reader of objects.
pub struct Objects<'a> {
    repository: &'a Repository,
    session: Option<Session>,
    restarts: usize,
    /// Objects that were read.
    pub count: usize,
    /// Bytes that were read.
    pub bytes: u64,
}

impl<'a> Objects<'a> {
    /// A reader; nothing is started yet.
    pub fn new(repository: &'a Repository) -> Self {
        Self { repository, session: None, restarts: 0, count: 0, bytes: 0 }
    }

    /// One object, by id or as `HEAD`.
    ///
    /// # Errors
    /// When `git` cannot be run or does not answer.
    pub fn read_one(&mut self, id: &str) -> Result<Reply, Failure> {
        let mut replies = self.read(&[id])?;
        Ok(replies.pop().unwrap_or(Reply::Missing))
    }

    /// The objects of these ids, in order.
    ///
    /// # Errors
    /// When `git` cannot be run or does not answer.
    pub fn read(&mut self, ids: &[&str]) -> Result<Vec<Reply>, Failure> {
        let mut out = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(AT_ONCE) {
            let mut left = chunk;
            while !left.is_empty() {
                let before = out.len();
                let broke = self.exchange(left, &mut out)?;
                left = left.get(out.len() - before..).unwrap_or_default();
                if broke && !left.is_empty() {
                    // The object that was due ended the program.
                    self.session = None;
                    self.restarts += 1;
                    if self.restarts > MOST_RESTARTS {
                        return Err(Failure::Refused("too many objects are broken".to_owned()));
                    }
                    out.push(Reply::Broken);
                    left = left.get(1..).unwrap_or_default();
                }
            }
        }
        Ok(out)
    }

    /// Asks and takes the answers; whether the program ended before the last.
    fn exchange(&mut self, ids: &[&str], out: &mut Vec<Reply>) -> Result<bool, Failure> {
        if self.session.is_none() {
            self.session = Some(start(self.repository)?);
        }
        let Some(session) = &mut self.session else { return Ok(true) };
        let mut request = String::with_capacity(ids.len() * 66);
        for id in ids {
            // A name with a line end would be two requests.
            request.push_str(if id.contains(['\n', '\0']) || id.is_empty() { "-" } else { id });
            request.push('\n');
        }
        if session.stdin.write_all(request.as_bytes()).and_then(|()| session.stdin.flush()).is_err() {
            return Ok(true);
        }
        for _ in ids {
            match session.replies.recv_timeout(PATIENCE) {
                Ok(Ok(reply)) => {
                    self.count += 1;
                    self.bytes += match &reply {
                        Reply::Found(object) => object.bytes.len() as u64,
                        Reply::TooLarge(size) => *size,
                        Reply::Missing | Reply::Broken => 0,
                    };
                    out.push(reply);
                    if self.bytes > MOST_IN_ALL {
                        self.session = None;
                        return Err(Failure::TooMuch);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.session = None;
                    return Err(Failure::TimedOut);
                }
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(true),
            }
        }
        Ok(false)
    }
}

fn start(repository: &Repository) -> Result<Session, Failure> {
    let mut command = repository.command(&["cat-file", "--batch"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().map_err(|e| super::refs::started(&e))?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Failure::Refused("no pipes".to_owned()));
    };
    // Few answers wait at a time: each may be as large as the limit.
    let (send, replies) = sync_channel(4);
    std::thread::spawn(move || {
        let mut reader = BufReader::with_capacity(1 << 16, stdout);
        loop {
            let reply = next(&mut reader);
            let ended = reply.is_err();
            if send.send(reply).is_err() || ended {
                break;
            }
        }
    });
    Ok(Session { child, stdin, replies })
}

/// Reads one answer: `ID TYPE SIZE`, the bytes, a line end; or `NAME missing`.
fn next(reader: &mut BufReader<ChildStdout>) -> io::Result<Reply> {
    let mut line = Vec::new();
    reader.by_ref().take(8_192).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    let mut parts = line.rsplitn(3, ' ');
    let (last, middle, first) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let (Some(kind), Some(id), Ok(size)) = (middle, first, last.parse::<u64>()) else { return Ok(Reply::Missing) };
    let kind = match kind {
        "commit" => Kind::Commit,
        "tree" => Kind::Tree,
        "blob" => Kind::Blob,
        "tag" => Kind::Tag,
        _ => return Ok(Reply::Missing),
    };
    if size > MOST_BYTES {
        let passed = io::copy(&mut reader.by_ref().take(size + 1), &mut io::sink())?;
        return if passed == size + 1 { Ok(Reply::TooLarge(size)) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    reader.read_exact(&mut bytes)?;
    reader.read_exact(&mut [0])?;
    Ok(Reply::Found(Object { kind, id: id.to_owned(), bytes: bytes.into() }))
}
