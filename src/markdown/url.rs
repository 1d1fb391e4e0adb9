//! Which addresses a link of a card may have.
//!
//! Decided on the text as a browser would see it: control characters and white space gone, entities
//! decoded once more than the parser did.

use std::borrow::Cow;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Another site or a mail address.
    External(String),
    /// A place on the same page, without `#`.
    Fragment(String),
    /// A file beside the card.
    Relative(String),
    /// Nowhere that we would lead a reader.
    Refused,
}

/// Longer addresses are not links for people.
const MAX_URL: usize = 4_000;

/// Sorts an address whose entities the parser has decoded.
pub(super) fn target(raw: &str) -> Target {
    if raw.len() > MAX_URL {
        return Target::Refused;
    }
    let clean: String =
        raw.trim_matches(blank).chars().filter(|c| !c.is_control()).map(|c| if c == '\\' { '/' } else { c }).collect();
    if clean.is_empty() {
        return Target::Refused;
    }
    // What must hold for the text must also hold for every reading of it that drops more.
    for reading in [clean.as_str(), &unescape(&clean)] {
        let bare: String = reading.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !blank(*c)).collect();
        if !scheme_allowed(&bare) {
            return Target::Refused;
        }
    }
    if let Some(place) = clean.strip_prefix('#') {
        return Target::Fragment(place.trim_start_matches('#').to_owned());
    }
    match scheme(&clean) {
        Some(_) => Target::External(encode(&clean)),
        None => Target::Relative(encode(&clean)),
    }
}

/// Characters that browsers or readers take for nothing.
fn blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The scheme in lower case, when there is one.
fn scheme(url: &str) -> Option<String> {
    let end = url.find([':', '/', '?', '#'])?;
    (url.as_bytes()[end] == b':').then(|| url[..end].to_ascii_lowercase())
}

fn scheme_allowed(url: &str) -> bool {
    let url = url.replace('\\', "/");
    match scheme(&url).as_deref() {
        Some("http" | "https") => {
            let host = url.split_once("://").map_or("", |(_, rest)| rest);
            host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        }
        Some("mailto") => true,
        Some(_) => false,
        None => !url.starts_with("//"),
    }
}

/// Percent-encodes what must not stand in an address.
fn encode(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^' => out.push_str(&format!("%{:02X}", c as u32)),
            c if c.is_whitespace() => out.push_str("%20"),
            c if blank(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Decodes numeric entities and the named ones that matter in addresses and attributes, once.
///
/// Others stay as written; that is safe because whatever comes out is escaped again.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let window = super::head(rest, 34);
        let body = &window[1..];
        let length = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '#')).unwrap_or(body.len());
        // `&#106a` ends before the letter, `&#x6aZ` before the `Z`.
        let number = |prefix: &str, digit: fn(&u8) -> bool| {
            body.to_ascii_lowercase().starts_with(prefix).then(|| {
                prefix.len()
                    + body.as_bytes()[prefix.len()..length.max(prefix.len())].iter().take_while(|b| digit(b)).count()
            })
        };
        let length = number("#x", u8::is_ascii_hexdigit).or_else(|| number("#", u8::is_ascii_digit)).unwrap_or(length);
        let name = &body[..length];
        match decode(name) {
            Some(c) => {
                out.push(c);
                let ends = body[length..].starts_with(';');
                rest = &rest[1 + length + usize::from(ends)..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn decode(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some(char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
    }
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "colon" => ':',
        "sol" => '/',
        "bsol" => '\\',
        "period" => '.',
        "Tab" => '\t',
        "NewLine" => '\n',
        "num" => '#',
        "copy" => '©',
        "mdash" => '—',
        "ndash" => '–',
        "hellip" => '…',
        "middot" => '·',
        "bull" => '•',
        "times" => '×',
        "rarr" => '→',
        "larr" => '←',
        _ => return None,
    })
}

/// Escapes text for an element or a double-quoted attribute.
pub(super) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_schemes_lead_anywhere() {
        for bad in [
            "javascript:x",
            "JaVaScRiPt:x",
            "java\nscript:x",
            "\u{1}javascript:x",
            "java\tscript:x",
            " javascript:x",
            "javascript&colon;x",
            "java&#x73;cript:x",
            "&#x6A;avascript:x",
            "vbscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "//canary.invalid/x",
            "/\\canary.invalid",
            "\\\\canary.invalid",
            "java script:x",
            "\u{200b}javascript:x",
            "http:javascript",
            "https:",
            "https://",
            "blob:x",
            "",
            " ",
            "&#106avascript:x",
        ] {
            assert_eq!(target(bad), Target::Refused, "{bad:?}");
        }
        assert_eq!(target("https://a.b/c d"), Target::External("https://a.b/c%20d".into()));
        assert_eq!(target("HTTP://a.b?x=1&y=2"), Target::External("HTTP://a.b?x=1&y=2".into()));
        assert_eq!(target("mailto:a@b.c"), Target::External("mailto:a@b.c".into()));
        assert_eq!(target("#uses"), Target::Fragment("uses".into()));
        assert_eq!(target("docs/a.md"), Target::Relative("docs/a.md".into()));
        assert_eq!(target("x\" onclick=\"y"), Target::Relative("x%22%20onclick=%22y".into()));
    }
}
