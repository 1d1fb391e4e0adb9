//! The stylesheet, the favicon and the script, embedded; names carry the digest of their bytes.
//!
//! In: the site's overrides. Out: files below `assets/`, and the names that pages link to. A file of the
//! user whose name is none of ours is published as it is (a logo for an overridden header, say).

use std::collections::BTreeMap;

use crate::digest::Sha256;

/// Our assets: name, digest in the published name, bytes.
pub const ASSETS: [(&str, &[u8]); 3] = [
    ("site.css", include_bytes!("../../assets/site.css")),
    ("favicon.svg", include_bytes!("../../assets/favicon.svg")),
    ("search.js", include_bytes!("../../assets/search.js")),
];

/// Published assets.
#[derive(Debug)]
pub(crate) struct Assets {
    /// Output path and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Output path of the stylesheet.
    pub css: String,
    /// Output path of the favicon.
    pub icon: String,
    /// Output path of the script of the search page.
    pub search: String,
}

/// Names and bytes of all assets.
pub(crate) fn publish(overrides: &BTreeMap<String, Vec<u8>>) -> Assets {
    let mut files = Vec::new();
    let mut paths = Vec::new();
    for (name, built_in) in ASSETS {
        let bytes =
            overrides.get(name).or_else(|| overrides.get(&format!("assets/{name}"))).map_or(built_in, Vec::as_slice);
        let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, ""));
        let path = format!("assets/{stem}.{}.{suffix}", &Sha256::of(bytes).hex()[..8]);
        files.push((path.clone(), bytes.to_vec()));
        paths.push(path);
    }
    for (name, bytes) in overrides {
        let short = name.strip_prefix("assets/").unwrap_or(name);
        let is_template = short.ends_with(".html");
        let is_ours = ASSETS.iter().any(|a| a.0 == short);
        let plain = short.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with(['.', '_'])
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        });
        if !is_template && !is_ours && plain {
            files.push((format!("assets/{short}"), bytes.clone()));
        }
    }
    let mut paths = paths.into_iter();
    let mut next = || paths.next().unwrap_or_default();
    let (css, icon, search) = (next(), next(), next());
    Assets { files, css, icon, search }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_is_small_and_asks_for_nothing() {
        let css = std::str::from_utf8(ASSETS[0].1).unwrap();
        assert!(css.len() <= 20_000, "{} bytes", css.len());
        assert!(!css.contains("url(") && !css.contains("@import"));
        assert!(ASSETS[2].1.len() <= 20_000);
    }

    #[test]
    fn an_override_takes_the_place_and_changes_the_name() {
        let own = publish(&BTreeMap::new());
        let theirs = publish(&BTreeMap::from([
            ("assets/site.css".to_owned(), b"body{}".to_vec()),
            ("assets/logo.png".to_owned(), vec![1]),
            ("assets/../x".to_owned(), vec![1]),
        ]));
        assert_ne!(own.css, theirs.css);
        assert_eq!(theirs.files.len(), ASSETS.len() + 1);
        assert!(theirs.files.iter().any(|f| f.0 == "assets/logo.png"));
    }
}
