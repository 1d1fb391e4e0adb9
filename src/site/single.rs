//! One version as one file: its card, verdict, comparison and drift in a document that asks for nothing.
//!
//! In: the pages of the version as the site has them. Out: HTML with the stylesheet inside. Links between these
//! pages become links within the document; others lead to the published site where it has an address, else they are
//! text. Pages are not rendered anew, so the document says what the site says.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::links::resolve;
use crate::diag::{Code, Diagnostic};
use crate::digest::Sha256;

/// A page that goes into the document.
pub(crate) struct Part<'a> {
    /// Its path in the site.
    pub path: &'a str,
    /// What the list of contents calls it.
    pub title: String,
    /// Its bytes.
    pub html: &'a str,
}

/// Where the content of a page begins and ends in `base.html`.
const BEGIN: &str = "<main id=\"main\" tabindex=\"-1\">";
const END: &str = "</main>";

/// What surrounds the pages.
pub(crate) struct Frame<'a> {
    /// The document's title.
    pub title: &'a str,
    /// The stylesheet.
    pub css: &'a str,
    /// What made it, and of when the data is.
    pub footer: String,
    /// The address of the published site with a slash at its end.
    pub base: Option<&'a str>,
}

/// The document.
///
/// # Errors
/// When a page has no main part, as an overridden `base.html` may leave it, or cannot be read as HTML.
pub(crate) fn document(frame: &Frame<'_>, parts: &[Part<'_>]) -> Result<Vec<u8>, Box<Diagnostic>> {
    let places: BTreeMap<&str, usize> = parts.iter().enumerate().map(|(i, p)| (p.path, i)).collect();
    let css = frame.css.replace("</", "<\\/");
    let digest = STANDARD.encode(Sha256::of(css.as_bytes()).bytes());
    let title = escape(frame.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{css}</style>\n</head>\n\
         <body>\n<header class=\"top\"><span class=\"site\">{title}</span><nav aria-label=\"Contents\">"
    );
    for (i, part) in parts.iter().enumerate() {
        out.push_str(&format!("<a href=\"#p{i}\">{}</a>\n", escape(&part.title)));
    }
    out.push_str("</nav></header>\n<main>\n");
    for (i, part) in parts.iter().enumerate() {
        let broken = |why: &str| Box::new(Diagnostic::new(Code::TemplateError, why.to_owned()).at(part.path));
        let body = part.html.split_once(BEGIN).and_then(|(_, rest)| rest.rsplit_once(END)).map(|(body, _)| body);
        let body = body.ok_or_else(|| {
            broken("the page has no <main id=\"main\" tabindex=\"-1\">")
                .help("keep it in your base.html: a single file takes what is in it")
        })?;
        let settings = RewriteStrSettings::new().append_element_content_handler(element!("*", |el| {
            rewrite(el, i, part.path, &places, frame.base);
            Ok(())
        }));
        let body = rewrite_str(body, settings).map_err(|e| broken(&e.to_string()))?;
        out.push_str(&format!("<div id=\"p{i}\" class=\"part\">{body}</div>\n"));
    }
    out.push_str(&format!(
        "</main>\n<footer class=\"foot\"><p>{}</p></footer>\n</body>\n</html>\n",
        escape(&frame.footer)
    ));
    Ok(out.into_bytes())
}

/// Attributes that name elements of their page, several with spaces between them.
const NAMING: [&str; 6] = ["id", "for", "headers", "aria-labelledby", "aria-describedby", "aria-controls"];

fn rewrite(el: &mut Element<'_, '_>, part: usize, path: &str, places: &BTreeMap<&str, usize>, base: Option<&str>) {
    for name in NAMING {
        if let Some(value) = el.get_attribute(name) {
            let ours: Vec<String> = value.split_ascii_whitespace().map(|id| format!("p{part}-{id}")).collect();
            // Only names that HTML does not know are refused.
            let _ = el.set_attribute(name, &ours.join(" "));
        }
    }
    let Some(href) = el.get_attribute("href") else { return };
    let elsewhere = href.split_once(':').is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphabetic()));
    if elsewhere {
        return;
    }
    let (to, fragment) = href.split_once('#').unwrap_or((&href, ""));
    let target = if to.is_empty() { Some(path.to_owned()) } else { resolve(path, to) };
    let within = target.as_deref().and_then(|t| places.get(t));
    let new = match (within, base, target.as_deref()) {
        (Some(at), _, _) if fragment.is_empty() => format!("#p{at}"),
        (Some(at), _, _) => format!("#p{at}-{fragment}"),
        (None, Some(base), Some(target)) if fragment.is_empty() => format!("{base}{target}"),
        (None, Some(base), Some(target)) => format!("{base}{target}#{fragment}"),
        (None, _, _) => {
            el.remove_attribute("href");
            return;
        }
    };
    let _ = el.set_attribute("href", &new);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(base: Option<&str>, pages: &[(&str, &str)]) -> String {
        let pages: Vec<(String, String)> =
            pages.iter().map(|(path, body)| ((*path).to_owned(), format!("<html>{BEGIN}{body}{END}</html>"))).collect();
        let parts: Vec<Part<'_>> =
            pages.iter().map(|(path, html)| Part { path, title: "A & B".to_owned(), html }).collect();
        let frame = Frame { title: "<t>", css: "a{}", footer: "f".to_owned(), base };
        String::from_utf8(document(&frame, &parts).unwrap()).unwrap()
    }

    #[test]
    fn links_stay_within_the_document_lead_to_the_site_or_are_text() {
        let pages = [
            (
                "models/m/1.html",
                "<h2 id=\"a\">x</h2><a href=\"#a\">1</a><a href=\"1-drift.html#b\">2</a><a href=\"../../index.html\">3</a><a href=\"https://e.org/x\">4</a>",
            ),
            ("models/m/1-drift.html", "<p id=\"b\" aria-labelledby=\"b c\">y</p><a href=\"1.html\">5</a>"),
        ];
        let html = made(None, &pages);
        for part in [
            "<h2 id=\"p0-a\">",
            "href=\"#p0-a\">1",
            "href=\"#p1-b\">2",
            "<a>3</a>",
            "href=\"https://e.org/x\">4",
            "id=\"p1-b\" aria-labelledby=\"p1-b p1-c\"",
            "href=\"#p0\">5",
            "<title>&lt;t&gt;</title>",
            ">A &amp; B</a>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let published = made(Some("https://e.org/m/"), &pages);
        assert!(published.contains("href=\"https://e.org/m/index.html\">3"), "{published}");
    }

    #[test]
    fn the_policy_lets_only_this_style_in() {
        let html = made(None, &[("a.html", "x")]);
        // python3: base64.b64encode(hashlib.sha256(b"a{}").digest())
        assert!(html.contains("style-src 'sha256-"), "{html}");
        let digest = STANDARD.encode(Sha256::of(b"a{}").bytes());
        assert!(html.contains(&digest) && html.contains("<style>a{}</style>"));
    }

    #[test]
    fn a_page_without_a_main_part_is_refused() {
        let frame = Frame { title: "t", css: "", footer: String::new(), base: None };
        let parts = [Part { path: "a.html", title: String::new(), html: "<html>none</html>" }];
        assert_eq!(document(&frame, &parts).unwrap_err().code, Code::TemplateError);
    }
}
