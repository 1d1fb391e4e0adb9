//! The edition of the site that is being served.
//!
//! In: what the builds publish. Out: for a path, the file. Everything is in memory: a request is looked
//! up in a map, so no path can lead out of the site, and the output folder is never touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::body::Bytes;

/// One edition; replaced as a whole, never changed.
#[derive(Debug, Default)]
pub(super) struct Edition {
    /// The files of the last good build; `None` before there was one.
    pub(super) files: Option<Arc<BTreeMap<String, Bytes>>>,
    /// What to show because the last build failed.
    pub(super) error: Option<String>,
    /// Counts the editions.
    pub(super) number: u64,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// This file, with its name in the site.
    File(String, &'a Bytes),
    /// A folder that was asked for without its slash.
    Folder,
    /// Nothing.
    Nothing,
}

impl Edition {
    /// Looks up a decoded path below the base path, without a leading slash.
    pub(super) fn find(&self, path: &str) -> Found<'_> {
        let Some(files) = &self.files else {
            return Found::Nothing;
        };
        let name = match path.is_empty() || path.ends_with('/') {
            true => format!("{path}index.html"),
            false => path.to_owned(),
        };
        match files.get(&name) {
            Some(bytes) => Found::File(name, bytes),
            None if files.contains_key(&format!("{name}/index.html")) => Found::Folder,
            None => Found::Nothing,
        }
    }
}

/// The media type of a file, by its extension.
pub(super) fn media_type(name: &str) -> &'static str {
    let extension =
        name.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "xml" => "application/xml",
        "atom" => "application/atom+xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_files_and_folders() {
        let names = ["index.html", "churn/index.html", "churn/1.html", "data"];
        let edition = Edition {
            files: Some(Arc::new(
                names.iter().map(|name| ((*name).to_owned(), Bytes::from_static(name.as_bytes()))).collect(),
            )),
            ..Edition::default()
        };
        let file = |path| match edition.find(path) {
            Found::File(name, _) => Some(name),
            _ => None,
        };
        assert_eq!(file("").as_deref(), Some("index.html"));
        assert_eq!(file("churn/").as_deref(), Some("churn/index.html"));
        assert_eq!(file("churn/1.html").as_deref(), Some("churn/1.html"));
        assert_eq!(edition.find("churn"), Found::Folder);
        for nothing in ["data/", "churn/2.html", "../index.html", "/index.html", "churn//1.html"] {
            assert_eq!(edition.find(nothing), Found::Nothing, "{nothing}");
        }
        assert_eq!(Edition::default().find(""), Found::Nothing);
    }

    #[test]
    fn media_types_go_by_the_extension() {
        assert_eq!(media_type("a.b/c"), "application/octet-stream");
        assert_eq!(media_type("a/c.HTML"), "text/html; charset=utf-8");
        assert_eq!(media_type("html"), "application/octet-stream");
    }
}
