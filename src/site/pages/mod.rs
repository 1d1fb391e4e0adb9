//! One file per kind of page: each builds the serialisable context of its template, and nothing else.

pub(crate) mod about;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod drift;
pub(crate) mod experiment;
pub(crate) mod feed;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod leaderboard;
pub(crate) mod model;
pub(crate) mod not_found;
pub(crate) mod problems;
pub(crate) mod results;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod verdict;
pub(crate) mod version;

use serde::Serialize;

use super::plan::{PER_PAGE, numbered};
use super::url::relative;

/// Where a reader is in a list that takes several pages.
#[derive(Debug, Serialize)]
pub(crate) struct Pager {
    pub(crate) page: usize,
    pub(crate) pages: usize,
    pub(crate) previous: String,
    pub(crate) next: String,
}

/// The pager of a list, when it takes several pages.
pub(crate) fn pager(first: &str, page: usize, items: usize) -> Option<Pager> {
    let pages = items.div_ceil(PER_PAGE);
    if pages < 2 {
        return None;
    }
    let from = numbered(first, page);
    let to = |p: usize| relative(&from, &numbered(first, p));
    Some(Pager {
        page: page + 1,
        pages,
        previous: page.checked_sub(1).map(to).unwrap_or_default(),
        next: if page + 1 < pages { to(page + 1) } else { String::new() },
    })
}
