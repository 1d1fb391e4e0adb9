//! Output paths: names from user text become slugs that cannot collide, escape or differ by case.
//!
//! In: names as tools wrote them. Out: lower-case ASCII file names and relative links between pages.
//! A slug is the name itself where the name is plain already; otherwise it carries the first digits of
//! the name's SHA-256. A plain name that looks as if it carried such digits, or that ends like one of our
//! own file names, gets digits too, so nobody can choose a name that lands on somebody else's page.

use std::collections::BTreeMap;

use crate::digest::Sha256;

/// Digits of the digest in a slug.
const DIGITS: usize = 8;
/// Longest slug without its digest.
const MAX: usize = 72;

/// Slugs of a set of names, distinct and in need of no other name to be read back.
#[derive(Debug, Default)]
pub(crate) struct Names<'a>(BTreeMap<&'a str, String>);

impl<'a> Names<'a> {
    /// Gives every name a slug of its own. Should two digests begin alike, both slugs carry the whole
    /// digest: the result does not depend on the order of the names.
    pub(crate) fn assign(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_slug: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
        for name in names {
            let claims = by_slug.entry(slug(name)).or_default();
            if !claims.contains(&name) {
                claims.push(name);
            }
        }
        let mut out = BTreeMap::new();
        for (slug, claims) in by_slug {
            match claims[..] {
                [only] => {
                    out.insert(only, slug);
                }
                _ => out.extend(claims.into_iter().map(|name| (name, with_digest(name, 64)))),
            }
        }
        Self(out)
    }

    /// The slug of one of the names; a name that is not in the set gets the slug it would have alone.
    pub(crate) fn get(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| slug(name))
    }
}

/// The slug of a name.
pub(crate) fn slug(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { with_digest(name, DIGITS) }
}

fn with_digest(name: &str, digits: usize) -> String {
    let mut stem = String::with_capacity(name.len().min(MAX));
    for c in name.chars() {
        if stem.len() >= MAX {
            break;
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            stem.push(c);
        } else if !stem.is_empty() && !stem.ends_with('-') {
            // Dots go as well: `con.txt` is a device on Windows whatever follows the dot.
            stem.push('-');
        }
    }
    stem.truncate(stem.trim_end_matches('-').len());
    if stem.is_empty() || is_device(&stem) {
        stem.insert(0, 'x');
    }
    format!("{stem}-{}", &Sha256::of(name.as_bytes()).hex()[..digits.min(64)])
}

/// Whether a name can be a file name as it is.
fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=MAX).contains(&name.len())
        && bytes.iter().all(|b| alphanumeric(*b) || matches!(b, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(|b| alphanumeric(*b))
        && bytes.last().is_some_and(|b| alphanumeric(*b))
        && !name.contains("..")
        && !is_device(name.split('.').next().unwrap_or(name))
        && !is_ours(name)
}

/// Names that end like a page of ours (`1.0-drift`, `runs-2`) or like a slug with its digest.
fn is_ours(name: &str) -> bool {
    let tail = name.rsplit('-').next().unwrap_or(name);
    matches!(name, "index" | "history" | "drift")
        || (name.contains('-') && matches!(tail, "compare" | "drift" | "verdict"))
        || (name.contains("-p") && tail.strip_prefix('p').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())))
        || (name.contains('-') && tail.len() >= DIGITS && tail.bytes().all(|b| b.is_ascii_hexdigit()))
        || [".html", ".json", ".css", ".svg"].iter().any(|end| name.ends_with(end))
}

/// Device names of Windows, which no file may have.
fn is_device(stem: &str) -> bool {
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit()))
}

/// The way from one page to another (or to an asset), both given from the root of the site.
pub(crate) fn relative(from: &str, to: &str) -> String {
    let (to_path, rest) = match to.find('#') {
        Some(at) => to.split_at(at),
        None => (to, ""),
    };
    if from == to_path && !rest.is_empty() {
        return rest.to_owned();
    }
    let mut common = 0;
    for (a, b) in from.match_indices('/').zip(to_path.match_indices('/')) {
        if a.0 != b.0 || from[..a.0] != to_path[..b.0] {
            break;
        }
        common = a.0 + 1;
    }
    let ups = from[common..].matches('/').count();
    let mut out = String::with_capacity(ups * 3 + to.len() - common);
    for _ in 0..ups {
        out.push_str("../");
    }
    out.push_str(&to[common..]);
    out
}

/// `../` as often as a page lies deep: the way to the root.
pub(crate) fn root(from: &str) -> String {
    "../".repeat(from.matches('/').count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn plain_names_are_their_own_slugs() {
        for name in ["churn", "1.4.0", "v2", "bert_base.en", "2026-09"] {
            assert_eq!(slug(name), name);
        }
    }

    #[test]
    fn everything_else_carries_a_digest() {
        for name in [
            "",
            "Churn",
            "../../etc/x",
            "..\\..\\x",
            "/abs",
            "C:\\x",
            "CON",
            "con",
            "con.txt",
            "nul.1",
            "com7",
            "a\0b",
            "_x",
            ".git",
            "x.",
            "a..b",
            "index",
            "history",
            "drift",
            "1.0-drift",
            "1.0-verdict",
            "1.0-compare",
            "exp-p2",
            "foo-0123abcd",
            "x.html",
            "naïve",
            "模型",
            "a b",
            "-",
        ] {
            let s = slug(name);
            assert_ne!(s, name);
            assert!(s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{s}");
            assert!(!is_device(s.split('.').next().unwrap()), "{s}");
        }
        assert!(slug(&"x".repeat(300)).len() < 90);
    }

    #[test]
    fn names_that_differ_by_case_or_normal_form_get_two_pages() {
        let names = Names::assign(["Model", "model", "MODEL", "é", "e\u{301}"]);
        let all: BTreeSet<String> = ["Model", "model", "MODEL", "é", "e\u{301}"].map(|n| names.get(n)).into();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn nobody_can_take_the_slug_of_another_name() {
        let taken = slug("Churn");
        assert_ne!(slug(&taken), taken);
    }

    #[test]
    fn links_are_relative() {
        assert_eq!(relative("index.html", "models/a/index.html"), "models/a/index.html");
        assert_eq!(relative("models/a/1.html", "models/a/index.html"), "index.html");
        assert_eq!(relative("models/a/1.html", "models/ab/1.html"), "../ab/1.html");
        assert_eq!(relative("models/a/1.html", "index.html"), "../../index.html");
        assert_eq!(relative("models/a/1.html", "models/a/1.html#x"), "#x");
        assert_eq!(relative("a/b/c.html", "a/d/e.html#x"), "../d/e.html#x");
        assert_eq!(root("models/a/1.html"), "../../");
    }

    proptest::proptest! {
        #[test]
        fn distinct_names_have_distinct_paths_on_any_disk(names in proptest::collection::btree_set("[aA.b_~é/\\-]{0,6}|con|CON|index|[a-f0-9]{1,3}-[0-9a-f]{8}", 1..20)) {
            let assigned = Names::assign(names.iter().map(String::as_str));
            let paths: BTreeSet<String> = names.iter().map(|n| assigned.get(n).to_lowercase()).collect();
            proptest::prop_assert_eq!(paths.len(), names.len());
            for path in &paths {
                proptest::prop_assert!(!path.starts_with(['.', '_', '-']) && !path.ends_with('.') && !path.contains('/'));
            }
        }
    }
}
