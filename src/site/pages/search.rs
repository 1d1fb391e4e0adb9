//! Search: a box for browsers with script, and an index from A to Z for all.
//!
//! In: facts and leaderboards. Out: the context of a page of the index. What the box finds is in [`crate::site::search`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Pager, pager};
use crate::site::boards::Board;
use crate::site::facts::Facts;
use crate::site::parts::{Link, Page};
use crate::site::plan::{PER_PAGE, numbered};
use crate::site::search::initial;

/// Something with a page of its own.
#[derive(Debug, Serialize)]
struct Entry {
    link: Link,
    kind: &'static str,
}

/// Entries of one letter.
#[derive(Debug, Serialize)]
struct Group {
    id: String,
    letter: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    letters: Vec<Link>,
    groups: Vec<Group>,
    pager: Option<Pager>,
}

const FIRST: &str = "search.html";

/// Letter, name, address and kind of every entry, in the order of the index.
fn entries<'a>(facts: &Facts<'a>, boards: &'a [Board<'_>]) -> Vec<(String, &'a str, String, &'static str)> {
    let mut out: Vec<(String, &str, String, &'static str)> = Vec::new();
    let mut add = |name: &'a str, href: String, kind| out.push((initial(name), name, href, kind));
    for (m, model) in facts.models.iter().enumerate() {
        add(&model.model.title, facts.model_path(m), "model");
        if model.model.name != model.model.title {
            add(&model.model.name, facts.model_path(m), "model");
        }
    }
    for board in boards {
        add(&board.spec.title, format!("leaderboards/{}.html", board.slug), "leaderboard");
    }
    for experiment in facts.experiments.iter().filter(|e| !e.name.is_empty()) {
        add(experiment.name, format!("experiments/{}.html", experiment.slug), "experiment");
    }
    out.sort_by(|a, b| (&a.0, a.1.to_lowercase(), a.1, &a.2).cmp(&(&b.0, b.1.to_lowercase(), b.1, &b.2)));
    out
}

/// How many pages the index takes.
pub(crate) fn pages(facts: &Facts<'_>, boards: &[Board<'_>]) -> usize {
    entries(facts, boards).len().div_ceil(PER_PAGE).max(1)
}

/// The id of a letter.
fn id(letter: &str) -> String {
    let point = letter.chars().next().map_or(0, u32::from);
    if letter.is_ascii() && letter != "#" { format!("az-{letter}") } else { format!("az-u{point:x}") }
}

/// A page of the index.
pub(crate) fn context(facts: &Facts<'_>, boards: &[Board<'_>], path: &str, number: usize) -> Context {
    let all = entries(facts, boards);
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, entry) in all.iter().enumerate() {
        first.entry(&entry.0).or_insert(at / PER_PAGE);
    }
    let letters = first
        .iter()
        .map(|(letter, page)| Link::new(path, letter, &format!("{}#{}", numbered(FIRST, *page), id(letter))))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    for (letter, name, href, kind) in all.iter().skip(number * PER_PAGE).take(PER_PAGE) {
        let entry = Entry { link: Link::new(path, name, href), kind };
        match groups.last_mut().filter(|g| g.letter == *letter) {
            Some(group) => group.entries.push(entry),
            None => groups.push(Group { id: id(letter), letter: letter.clone(), entries: vec![entry] }),
        }
    }
    let about = "Models, leaderboards and experiments from A to Z, and a search over all pages.".to_owned();
    Context {
        page: Page::new(facts, path, "search", "Search".to_owned(), about),
        letters,
        groups,
        pager: pager(FIRST, number, all.len()),
    }
}
