//! What the preview adds to a page on its way out; built files never contain it.
//!
//! In: a built page and the edition. Out: the page with the reload script and, when the last build
//! failed, with a notice on top. It must not parse HTML in earnest: it looks for three tags in pages
//! that we wrote, and pages that are written otherwise still arrive whole.
//!
//! The page's own Content-Security-Policy is taken out, because it forbids the connection that reload
//! needs; the server sends the same policy, with that one addition, as a header.

/// Where the preview's own files are, whatever the base path.
pub(super) const OWN: &str = "/__presscheck/";

/// What is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extras<'a> {
    /// Tells editions apart, also across restarts.
    pub(super) edition: &'a str,
    /// HTML for the notice.
    pub(super) error: Option<&'a str>,
}

/// Adds the extras to a page. What is not UTF-8 is left as it is.
pub(super) fn with_extras(page: &[u8], extras: Extras<'_>) -> Option<String> {
    let page = std::str::from_utf8(page).ok()?;
    let page = without_policy(page);
    let mut out = String::with_capacity(page.len() + 400);
    let head_end = find(&page, "</head", 0);
    let (before, after) = page.split_at(head_end.unwrap_or(0));
    // A page without a head gets the tags in front; the parser makes a head of them. In front of the
    // doctype they would switch to quirks mode, so they go behind it.
    match head_end {
        Some(_) => out.push_str(before),
        None => out.push_str(&after[..end_of_doctype(after)]),
    }
    out.push_str(&head_tags(extras));
    let rest = match head_end {
        Some(_) => after,
        None => &after[end_of_doctype(after)..],
    };
    match extras.error {
        None => out.push_str(rest),
        Some(error) => {
            let body = find(rest, "<body", 0).and_then(|start| rest[start..].find('>').map(|end| start + end + 1));
            let (above, below) = rest.split_at(body.unwrap_or(rest.len()));
            out.push_str(above);
            out.push_str(&notice(error));
            out.push_str(below);
        }
    }
    Some(out)
}

/// A whole page for when there is nothing else to show.
pub(super) fn own_page(title: &str, content: &str, edition: &str, is_error: bool) -> String {
    let extras = Extras { edition, error: is_error.then_some(content) };
    let body = if is_error { notice(content) } else { content.to_owned() };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n{}</head>\n<body>\n{body}\n</body>\n</html>\n",
        head_tags(extras)
    )
}

fn head_tags(extras: Extras<'_>) -> String {
    let style = match extras.error {
        Some(_) => format!("<link rel=\"stylesheet\" href=\"{OWN}overlay.css\">\n"),
        None => String::new(),
    };
    format!("{style}<script src=\"{OWN}reload.js?edition={}\" defer></script>\n", extras.edition)
}

fn notice(error: &str) -> String {
    format!("<div class=\"presscheck-overlay\" role=\"alert\">{error}</div>\n")
}

fn end_of_doctype(page: &str) -> usize {
    let start = page.len() - page.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    match find(page, "<!doctype", start) {
        Some(at) if at == start => page[at..].find('>').map_or(0, |end| at + end + 1),
        _ => 0,
    }
}

/// The page without `<meta http-equiv="Content-Security-Policy" …>` in its head.
fn without_policy(page: &str) -> String {
    let head_end = find(page, "</head", 0).unwrap_or(page.len());
    let mut out = String::with_capacity(page.len());
    let mut copied = 0;
    let mut from = 0;
    while let Some(start) = find(page, "<meta", from).filter(|start| *start < head_end) {
        let end = start + end_of_tag(&page[start..]);
        let tag = page[start..end].to_ascii_lowercase();
        if tag.contains("http-equiv") && tag.contains("content-security-policy") {
            out.push_str(&page[copied..start]);
            copied = end;
        }
        from = end;
    }
    out.push_str(&page[copied..]);
    out
}

/// Behind the `>` that is not in a quoted value: the policy itself may not hold one, others may.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// The first place of an ASCII lower-case needle, in any case.
fn find(text: &str, needle: &str, from: usize) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let last = text.len().checked_sub(needle.len())?;
    (from..=last).find(|at| text[*at] == needle[0] && text[*at..*at + needle.len()].eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html>\n<html><head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'\">\n<meta charset=\"utf-8\">\n<title>a</title>\n</head>\n<body class=\"x\">\n<p>text</p></body></html>";

    fn extras(error: Option<&str>) -> Extras<'_> {
        Extras { edition: "e1", error }
    }

    #[test]
    fn the_script_comes_in_and_the_policy_goes() {
        let page = with_extras(PAGE.as_bytes(), extras(None)).unwrap();
        assert_eq!(
            page,
            "<!doctype html>\n<html><head>\n\n<meta charset=\"utf-8\">\n<title>a</title>\n<script src=\"/__presscheck/reload.js?edition=e1\" defer></script>\n</head>\n<body class=\"x\">\n<p>text</p></body></html>"
        );
        let other = PAGE.replace("<meta http-equiv=\"Content", "<META content='a>b' HTTP-EQUIV='content");
        assert!(!with_extras(other.as_bytes(), extras(None)).unwrap().to_lowercase().contains("content-security"));
    }

    #[test]
    fn a_failed_build_is_told_on_top_of_every_page() {
        let page = with_extras(PAGE.as_bytes(), extras(Some("<h1>failed</h1>"))).unwrap();
        assert!(page.contains("<link rel=\"stylesheet\" href=\"/__presscheck/overlay.css\">"), "{page}");
        assert!(
            page.contains("<body class=\"x\"><div class=\"presscheck-overlay\" role=\"alert\"><h1>failed</h1></div>"),
            "{page}"
        );
        assert!(page.ends_with("<p>text</p></body></html>"));
    }

    #[test]
    fn pages_written_otherwise_arrive_whole() {
        for page in ["", "text", "<!DOCTYPE html><p>x", "<html><body>", "<meta", "<head></head", "é<body"] {
            let out = with_extras(page.as_bytes(), extras(Some("E"))).unwrap();
            assert!(out.contains("reload.js") && out.contains("overlay\" role"), "{page} -> {out}");
            assert_eq!(out.starts_with("<!DOCTYPE"), page.starts_with("<!DOCTYPE"), "{out}");
        }
        assert_eq!(with_extras(b"\xff", extras(None)), None);
    }
}
