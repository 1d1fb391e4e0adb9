//! Branches, tags and `HEAD` of a repository.
//!
//! In: a repository. Out: names with the ids they point at, objects untouched: a ref whose object is
//! gone is listed like any other.

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

use super::{Failure, Repository};

/// More bytes of refs are not read: some 100,000 of them.
const MOST_BYTES: u64 = 16 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// A ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Its full name: `refs/tags/v1.0`.
    pub name: String,
    /// The object it points at: a commit, or the object of an annotated tag.
    pub id: String,
    /// Whether it is the branch that `HEAD` names.
    pub is_head: bool,
}

impl Ref {
    /// The name of a tag.
    pub fn tag(&self) -> Option<&str> {
        self.name.strip_prefix("refs/tags/")
    }

    /// The name of a branch, for a remote's branch with the remote's name before it.
    pub fn branch(&self) -> Option<&str> {
        self.name.strip_prefix("refs/heads/").or_else(|| self.name.strip_prefix("refs/remotes/"))
    }
}

/// The branches, remotes' branches, tags and DVC experiments of a repository, sorted by name.
///
/// # Errors
/// When `git` cannot be run or refuses.
pub fn refs(repository: &Repository) -> Result<Vec<Ref>, Failure> {
    let mut command = repository.command(&[
        "for-each-ref",
        "--format=%(objectname) %(HEAD) %(if)%(symref)%(then)s%(else)-%(end) %(refname)",
        "refs/heads",
        "refs/remotes",
        "refs/tags",
        "refs/exps",
    ]);
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().map_err(|e| started(&e))?;
    let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Failure::Refused("no output".to_owned()));
    };
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes);
        // Nobody listens any more after a timeout.
        let _ = send.send(read.map(|_| bytes));
    });
    // Words of `git` about broken refs are few; what does not fit a pipe makes it wait and time out.
    let received = receive.recv_timeout(PATIENCE);
    let Ok(read) = received else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::TimedOut);
    };
    let bytes = read.map_err(|e| Failure::Refused(e.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        let _ = child.kill();
        let _ = child.wait();
        return Err(Failure::TooMuch);
    }
    let mut words = Vec::new();
    let _ = stderr.by_ref().take(4_096).read_to_end(&mut words);
    let status = child.wait().map_err(|e| Failure::Refused(e.to_string()))?;
    if !status.success() {
        let words = String::from_utf8_lossy(&words);
        return Err(Failure::Refused(words.lines().next().unwrap_or("nothing").to_owned()));
    }
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

/// Reads the lines of `for-each-ref`; symbolic refs (`origin/HEAD`) only repeat others.
fn parse(text: &str) -> Vec<Ref> {
    text.lines()
        .filter_map(|line| {
            let (id, rest) = line.split_once(' ')?;
            // The mark is `*` or a space.
            let is_head = rest.starts_with('*');
            let (symbolic, name) = rest.get(2..)?.split_once(' ')?;
            (symbolic != "s").then(|| Ref { name: name.to_owned(), id: id.to_owned(), is_head })
        })
        .collect()
}

pub(super) fn started(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound { Failure::NoGit } else { Failure::Refused(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_refs() {
        let refs = parse("aa * - refs/heads/main\nbb   - refs/tags/m@v1#2\ncc   s refs/remotes/origin/HEAD\nbroken\n");
        let shown: Vec<_> = refs.iter().map(|r| (r.id.as_str(), r.is_head, r.name.as_str())).collect();
        assert_eq!(shown, [("aa", true, "refs/heads/main"), ("bb", false, "refs/tags/m@v1#2")]);
        assert_eq!((refs[0].branch(), refs[1].tag()), (Some("main"), Some("m@v1#2")));
    }
}
