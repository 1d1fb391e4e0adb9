//! The commits behind some refs, newest first.
//!
//! In: ids of commits. Out: the commits they descend from, each after all that were committed later,
//! up to a number; and where the history breaks off.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::{Commit, Failure, Kind, Objects, Reply};

/// What a walk found.
#[derive(Default)]
pub struct History {
    /// Commits, newest first.
    pub commits: Vec<Commit>,
    /// Commits that others name as their parents and that are not there.
    pub missing: BTreeSet<String>,
    /// Commits that cannot be read.
    pub broken: BTreeSet<String>,
    /// Whether there are more than were asked for.
    pub cut: bool,
}

/// Walks from `tips` along all parents. With `follow` off only the tips are read.
///
/// # Errors
/// When `git` cannot be run or does not answer.
pub fn walk(objects: &mut Objects<'_>, tips: &[String], follow: bool, most: usize) -> Result<History, Failure> {
    let mut out = History::default();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut read: BTreeMap<String, Commit> = BTreeMap::new();
    let mut heap: BinaryHeap<(i64, String)> = BinaryHeap::new();
    let mut wanted: Vec<String> = tips.iter().filter(|id| seen.insert((*id).clone())).cloned().collect();
    loop {
        let ids: Vec<&str> = wanted.iter().map(String::as_str).collect();
        for (id, reply) in ids.iter().zip(objects.read(&ids)?) {
            match &reply {
                Reply::Missing => {
                    out.missing.insert((*id).to_owned());
                }
                Reply::Found(object) if object.kind == Kind::Commit => match Commit::parse(id, &object.bytes) {
                    Some(commit) => {
                        heap.push((commit.committer.seconds, commit.id.clone()));
                        read.insert(commit.id.clone(), commit);
                    }
                    None => {
                        out.broken.insert((*id).to_owned());
                    }
                },
                // A tag may point at a tree or a blob; there is no commit then.
                Reply::Found(_) => {}
                Reply::Broken | Reply::TooLarge(_) => {
                    out.broken.insert((*id).to_owned());
                }
            }
        }
        let Some((_, id)) = heap.pop() else { break };
        if out.commits.len() >= most {
            out.cut = true;
            break;
        }
        let Some(commit) = read.remove(&id) else {
            wanted.clear();
            continue;
        };
        wanted = if follow {
            commit.parents.iter().filter(|p| seen.insert((*p).clone())).cloned().collect()
        } else {
            Vec::new()
        };
        out.commits.push(commit);
    }
    Ok(out)
}
