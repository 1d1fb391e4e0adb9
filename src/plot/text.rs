//! Labels made safe and measured.
//!
//! In: text that users wrote. Out: text that XML 1.0 may hold, cut to a width, and the width itself.
//! Must not: shape glyphs or read fonts; widths are estimates that err on the wide side, from the
//! advances of DejaVu Sans, the widest of the common faces, and from Unicode's wide blocks (UAX #11).

use std::borrow::Cow;

/// Whether a character is dropped from labels: XML-illegal characters (XML 1.0 §2.2 `Char`), other
/// controls, and bidirectional overrides that can make text read as something else (CVE-2021-42574).
fn is_unwelcome(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        | '\u{FFFE}' | '\u{FFFF}' | '\u{FEFF}'
        | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{61C}'
        | '\u{2028}' | '\u{2029}')
}

/// The text without unwelcome characters; tabs and line ends become spaces.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unwelcome(c) || matches!(c, '\t' | '\n' | '\r')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .filter(|c| !is_unwelcome(*c))
            .map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c })
            .collect(),
    )
}

/// Longest label in characters: labels come back in tooltips, tables and descriptions, and a file may
/// hold names of any length.
const LONGEST: usize = 200;

/// A clean label that is not longer than a label can be.
pub(crate) fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        None => clean(text),
        Some((end, _)) => Cow::Owned(format!("{}…", clean(&text[..end]))),
    }
}

/// Advance of one character in em.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | 'I' | ' ' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '`' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.97,
        '=' | '+' | '<' | '>' | '~' | '\u{2190}'..='\u{22FF}' => 0.84,
        '0'..='9' => 0.64,
        'A'..='Z' => 0.71,
        '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200D}' | '\u{FE00}'..='\u{FE0F}' => 0.0,
        '\u{0}'..='\u{2FF}' => 0.62,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{303E}'
        | '\u{3041}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{20000}'..='\u{3FFFD}' => 1.02,
        '\u{1F000}'..='\u{1FAFF}' => 1.3,
        _ => 0.7,
    }
}

/// Estimated width of a text in pixels at a font size in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// How much wider bold text is, at most.
pub(crate) const BOLD: f64 = 1.14;

/// The text cut to a width in pixels, with an ellipsis where something was cut.
pub(crate) fn fit(text: &str, max: f64, size: f64) -> Cow<'_, str> {
    if width(text, size) <= max {
        return Cow::Borrowed(text);
    }
    let mut room = max - 0.9 * size;
    let mut out = String::new();
    for c in text.chars() {
        room -= advance(c) * size;
        if room < 0.0 {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    Cow::Owned(out)
}

/// Appends text with markup characters escaped, for element content and double-quoted attributes.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_unwelcome(c) => {}
            c => out.push(c),
        }
    }
}

/// "step" or "steps", as the count wants it.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{count} {stem}ies"),
        None if noun.ends_with("ss") => format!("{count} {noun}es"),
        None => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_labels_are_cleaned() {
        assert_eq!(clean("a\0b\u{1b}[31mc\u{FFFE}\u{202E}d\te"), "ab[31mcd e");
        assert!(matches!(clean("plain 数据"), Cow::Borrowed(_)));
    }

    #[test]
    fn cutting_keeps_whole_characters() {
        assert_eq!(fit("churn", 100.0, 10.0), "churn");
        assert_eq!(fit("数据漂移检测报告", 45.0, 10.0), "数据漂…");
        assert_eq!(fit("anything", 0.0, 10.0), "…");
    }

    #[test]
    fn wide_characters_count_double() {
        assert!(width("数据", 10.0) > 1.6 * width("ab", 10.0));
    }

    #[test]
    fn endless_labels_end() {
        assert_eq!(short(&"数".repeat(1_000_000)).chars().count(), LONGEST + 1);
        assert_eq!(short("age"), "age");
    }

    #[test]
    fn plurals() {
        assert_eq!(plural(1, "entry"), "1 entry");
        assert_eq!(plural(2, "entry"), "2 entries");
        assert_eq!(plural(3, "class"), "3 classes");
        assert_eq!(plural(0, "point"), "0 points");
    }

    proptest! {
        #[test]
        fn cut_text_fits(text in "\\PC{0,60}", max in 10.0..300.0f64) {
            prop_assert!(width(&fit(&text, max, 11.0), 11.0) <= max.max(11.0));
        }

        #[test]
        fn escaped_text_is_xml(text in any::<String>()) {
            let mut out = String::new();
            escape_into(&mut out, &clean(&text));
            let bad = out.chars().any(|c| (c < ' ') || c == '<' || c == '\u{FFFE}' || c == '\u{FFFF}');
            prop_assert!(!bad);
        }
    }
}
