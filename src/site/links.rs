//! The internal link check: every `href`, `src` and fragment of the planned pages must lead somewhere.
//!
//! In: all pages as bytes, and the set of their names. Out: every broken link, all at once. A plain scan
//! of tags is enough because the only HTML it reads is our own: attribute values are quoted, quotes in
//! them escaped, and text never holds a bare `<`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::diag::{Code, Diagnostic};

/// How many broken links are reported.
const MOST: usize = 200;

/// What one page offers and asks for.
struct Page<'a> {
    name: &'a str,
    ids: BTreeSet<&'a str>,
    links: BTreeSet<&'a str>,
}

/// Checks all pages.
pub(crate) fn check(files: &[(String, Vec<u8>)]) -> Vec<Diagnostic> {
    let names: BTreeSet<&str> = files.iter().map(|f| f.0.as_str()).collect();
    let pages: Vec<Page<'_>> = files
        .par_iter()
        .filter(|f| f.0.ends_with(".html"))
        .filter_map(|(name, bytes)| std::str::from_utf8(bytes).ok().map(|html| scan(name, html)))
        .collect();
    // Fragments into other pages are rare; only their targets' ids are looked up.
    let ids: BTreeMap<&str, &BTreeSet<&str>> = pages.iter().map(|p| (p.name, &p.ids)).collect();
    let mut broken: Vec<Diagnostic> = pages
        .par_iter()
        .flat_map_iter(|page| page.links.iter().filter_map(|link| problem(page, link, &names, &ids)))
        .collect();
    broken.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    let more = broken.len().saturating_sub(MOST);
    broken.truncate(MOST);
    if more > 0 {
        broken.push(Diagnostic::new(Code::LinkBroken, format!("and {}", crate::diag::count(more, "more broken link"))));
    }
    broken
}

/// Why a link is broken, if it is.
fn problem(
    page: &Page<'_>,
    link: &str,
    names: &BTreeSet<&str>,
    ids: &BTreeMap<&str, &BTreeSet<&str>>,
) -> Option<Diagnostic> {
    let report = |why: String| Some(Diagnostic::new(Code::LinkBroken, why).at(page.name).pointer(link));
    let (path, fragment) = link.split_once('#').map_or((link, None), |(p, f)| (p, Some(f)));
    let target = if path.is_empty() {
        page.name.to_owned()
    } else {
        match resolve(page.name, path) {
            Some(target) => target,
            None => return report(format!("the link '{link}' leads out of the site")),
        }
    };
    if !names.contains(target.as_str()) {
        return report(format!("the link '{link}' leads to '{target}', which is no page of the site"));
    }
    let fragment = fragment.filter(|f| !f.is_empty())?;
    match ids.get(target.as_str()) {
        Some(ids) if !ids.contains(fragment) => report(format!("'{target}' has no element with the id '{fragment}'")),
        _ => None,
    }
}

/// The page that a relative link leads to; `None` when it climbs above the root.
pub(super) fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop()?;
            }
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Ids and internal links of a page.
fn scan<'a>(name: &'a str, html: &'a str) -> Page<'a> {
    let mut page = Page { name, ids: BTreeSet::new(), links: BTreeSet::new() };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = attributes(&rest[at + 1..], |attribute, value| match attribute {
            "id" => {
                page.ids.insert(value);
            }
            "href" | "src" if !is_external(value) => {
                page.links.insert(value);
            }
            _ => {}
        });
    }
    page
}

/// Tells the quoted attributes of a tag whose `<` was read, and returns what follows the tag. What a
/// text or a value says about attributes (`title="<a href="`) is not one.
fn attributes<'a>(tag: &'a str, mut tell: impl FnMut(&'a str, &'a str)) -> &'a str {
    let mut rest = tag;
    while let Some(at) = rest.find(['>', '"']) {
        if rest.as_bytes()[at] == b'>' {
            return &rest[at + 1..];
        }
        let name = rest[..at]
            .strip_suffix('=')
            .map(|before| before.rfind(|c: char| c.is_whitespace()).map_or(before, |space| &before[space + 1..]));
        let value = &rest[at + 1..];
        let Some(end) = value.find('"') else { return "" };
        if let Some(name) = name {
            tell(name, &value[..end]);
        }
        rest = &value[end + 1..];
    }
    ""
}

fn is_external(link: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pages: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        pages.iter().map(|(n, h)| ((*n).to_owned(), h.as_bytes().to_vec())).collect()
    }

    #[test]
    fn good_links_pass() {
        let site = files(&[
            (
                "index.html",
                r##"<a href="models/a/1.html#results">x</a> <a href="#top" id="top">y</a> <a href="https://x.org/">z</a>"##,
            ),
            ("models/a/1.html", r#"<h2 id="results">r</h2><a href="../../index.html">home</a>"#),
        ]);
        assert!(check(&site).is_empty());
    }

    #[test]
    fn what_a_text_or_a_title_says_is_no_link() {
        let site = files(&[(
            "index.html",
            r#"<code>&lt;a href="nowhere.html"&gt;</code> <span title="<a href=">x</span> <a data-href="y" href="index.html">z</a>"#,
        )]);
        assert!(check(&site).is_empty());
    }

    #[test]
    fn every_broken_link_is_reported_at_once() {
        let site = files(&[
            (
                "index.html",
                r##"<a href="gone.html">x</a> <a href="a/b.html#nope">y</a> <img src="../out.png"> <a href="#here">h</a>"##,
            ),
            ("a/b.html", "<p>text</p>"),
        ]);
        let found = check(&site);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|d| d.code == Code::LinkBroken && d.path.as_deref() == Some("index.html")));
    }
}
