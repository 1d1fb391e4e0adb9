//! The internal link check: every `href`, `src` and fragment of the planned pages must lead somewhere.
//!
//! In: all pages as bytes, and the set of their names. Out: every broken link, all at once. A plain scan
//! for attributes is enough because the only HTML it reads is our own: attribute values are quoted and
//! escaped, and text never holds a bare `<`.

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
fn resolve(from: &str, link: &str) -> Option<String> {
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
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(found) = html[at..].find("=\"") {
        let equals = at + found;
        let start = equals + 2;
        let Some(len) = html[start..].find('"') else { break };
        let value = &html[start..start + len];
        let mut begin = equals;
        while begin > 0 && bytes[begin - 1].is_ascii_alphabetic() {
            begin -= 1;
        }
        // Only whole attribute names: `data-href` and `aria-x` are preceded by a hyphen.
        if begin > 0 && bytes[begin - 1].is_ascii_whitespace() {
            match &html[begin..equals] {
                "id" => {
                    page.ids.insert(value);
                }
                "href" | "src" if !is_external(value) => {
                    page.links.insert(value);
                }
                _ => {}
            }
        }
        at = start + len + 1;
    }
    page
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
