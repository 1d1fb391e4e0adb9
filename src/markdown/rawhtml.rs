//! Raw HTML in Markdown, cut into pieces: text, and tags as requests.
//!
//! In: what the Markdown parser took for HTML. Out: pieces; comments, declarations, scripts and
//! styles are gone. Nothing here decides what is shown; [`mod@super::render`] has the list of safe tags.
//! Linear: what cannot be finished is text, and is not looked for twice.

use std::borrow::Cow;

use super::url::unescape;

/// A piece of raw HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text, entities decoded.
    Text(Cow<'a, str>),
    /// A start tag: its name in lower case and the attributes that somebody asks for.
    Open { name: String, href: Option<String>, src: Option<String>, alt: Option<String>, open: bool },
    /// An end tag.
    Close { name: String },
}

/// Longest tag that is read as one.
const MAX_TAG: usize = 8_192;

/// Cuts raw HTML into pieces.
pub(super) fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut scan = Scan { html, work: html.len().saturating_mul(4) + 65_536, ..Scan::default() };
    let mut out = Vec::new();
    let (mut at, mut text) = (0, 0);
    while let Some(next) = html[at..].find('<').map(|i| at + i) {
        at = next;
        let Some((end, piece)) = scan.markup(at) else {
            at += 1;
            continue;
        };
        if text < at {
            out.push(Piece::Text(unescape(&html[text..at])));
        }
        out.extend(piece);
        at = end;
        text = at;
    }
    if text < html.len() {
        out.push(Piece::Text(unescape(&html[text..])));
    }
    out
}

#[derive(Default)]
struct Scan<'a> {
    html: &'a str,
    /// Bytes that may still be looked at in vain.
    work: usize,
    /// Ends that do not occur any more.
    missing: Vec<&'static str>,
}

impl<'a> Scan<'a> {
    /// The markup at a `<`: where it ends, and what it is worth; nothing when it is text.
    fn markup(&mut self, at: usize) -> Option<(usize, Option<Piece<'a>>)> {
        let rest = &self.html[at..];
        if rest.starts_with("<!--") {
            if rest.starts_with("<!-->") || rest.starts_with("<!--->") {
                return Some((at + rest.find('>')? + 1, None));
            }
            return self.until(at + 4, "-->").map(|end| (end, None));
        }
        if rest.starts_with("<![CDATA[") {
            return None;
        }
        if rest.starts_with("<?") {
            return self.until(at + 2, "?>").map(|end| (end, None));
        }
        if let Some(declaration) = rest.strip_prefix("<!") {
            let named = declaration.starts_with(|c: char| c.is_ascii_alphabetic());
            return named.then(|| self.until(at + 2, ">")).flatten().map(|end| (end, None));
        }
        let (closing, name_at) = if rest.starts_with("</") { (true, at + 2) } else { (false, at + 1) };
        let name_length =
            self.html[name_at..].bytes().take(40).take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        let name = self.html[name_at..name_at + name_length].to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let (end, piece) = self.tag(name_at + name_length, &name)?;
        if closing {
            return Some((end, Some(Piece::Close { name })));
        }
        for raw in ["script", "style"] {
            if name == raw
                && let Some(hidden) = self.end_of_raw(end, raw)
            {
                return Some((hidden, None));
            }
        }
        Some((end, Some(piece)))
    }

    fn until(&mut self, from: usize, end: &'static str) -> Option<usize> {
        if self.missing.contains(&end) {
            return None;
        }
        let found = self.html[from..].find(end).map(|i| from + i + end.len());
        if found.is_none() {
            self.missing.push(end);
        }
        found
    }

    /// The end of a script or style element whose start tag ends at `from`.
    fn end_of_raw(&mut self, from: usize, name: &'static str) -> Option<usize> {
        if self.missing.contains(&name) {
            return None;
        }
        let bytes = self.html.as_bytes();
        let mut at = from;
        while let Some(next) = self.html[at..].find("</").map(|i| at + i) {
            let end = next + 2 + name.len();
            if bytes.len() >= end && bytes[next + 2..end].eq_ignore_ascii_case(name.as_bytes()) {
                return self.html[end..].find('>').map(|i| end + i + 1);
            }
            at = next + 2;
        }
        self.missing.push(name);
        None
    }

    /// The attributes of a tag, from the end of its name to behind its `>`.
    fn tag(&mut self, from: usize, name: &str) -> Option<(usize, Piece<'a>)> {
        let limit = self.html.floor_char_boundary((from + MAX_TAG.min(self.work)).min(self.html.len()));
        let text = &self.html[..limit];
        let (mut href, mut src, mut alt, mut open) = (None, None, None, false);
        let mut at = from;
        let end = loop {
            at += space(&text[at..]);
            let rest = &text[at..];
            match rest.as_bytes().first() {
                Some(b'>') => break Some(at + 1),
                Some(b'/') => {
                    at += 1;
                    continue;
                }
                None | Some(b'<') => break None,
                _ => {}
            }
            let length = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/' | '<'))
                .unwrap_or(rest.len());
            let attribute = &rest[..length];
            at += length.max(usize::from(rest.starts_with('=')));
            let after = at + space(&text[at..]);
            let mut value = "";
            if length > 0 && text[after..].starts_with('=') {
                at = after + 1;
                at += space(&text[at..]);
                let rest = &text[at..];
                match rest.as_bytes().first() {
                    Some(quote @ (b'"' | b'\'')) => {
                        let Some(length) = rest[1..].find(char::from(*quote)) else { break None };
                        value = &rest[1..=length];
                        at += length + 2;
                    }
                    _ => {
                        let length = rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len());
                        value = &rest[..length];
                        at += length;
                    }
                }
            }
            let slot = match (name, attribute.to_ascii_lowercase().as_str()) {
                ("a", "href") => &mut href,
                ("img", "src") => &mut src,
                ("img", "alt") => &mut alt,
                ("details", "open") => {
                    open = true;
                    continue;
                }
                _ => continue,
            };
            slot.get_or_insert_with(|| unescape(value).into_owned());
        };
        if end.is_none() {
            self.work = self.work.saturating_sub(at.min(limit) - from + 1);
        }
        let end = end?;
        Some((end, Piece::Open { name: name.to_owned(), href, src, alt, open }))
    }
}

fn space(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_whitespace).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(html: &str) -> String {
        pieces(html)
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Open { name, href, src, alt, .. } => {
                    format!(
                        "[{name}{}]",
                        [href, src, alt].into_iter().flatten().map(|v| format!(" {v}")).collect::<String>()
                    )
                }
                Piece::Close { name } => format!("[/{name}]"),
            })
            .collect()
    }

    #[test]
    fn tags_text_and_nothing_else() {
        for (html, expected) in [
            ("a <B class=x>b</b > c", "a [b]b[/b] c"),
            ("<a href='x>y' HREF=z>t</a>", "[a x>y]t[/a]"),
            ("<img src=a.png alt=\"A &amp; B\"/>", "[img a.png A & B]"),
            ("<img/src/onerror=x>", "[img ]"),
            ("x <!-- hidden --> y <?php z ?><!DOCTYPE html>", "x  y "),
            ("<!-- open", "<!-- open"),
            ("<script>alert('</b>')</SCRIPT >after", "after"),
            ("<style>p{}</style><script>open", "[script]open"),
            ("1 < 2 <3 <", "1 < 2 <3 <"),
            ("<![CDATA[x]]>", "<![CDATA[x]]>"),
            ("<a <b>x", "<a [b]x"),
            ("<a href=\"open", "<a href=\"open"),
            ("<a =x>y", "[a]y"),
        ] {
            assert_eq!(show(html), expected, "{html}");
        }
    }
}
