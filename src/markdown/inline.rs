//! Web addresses in plain text that GitHub would make links.

/// Cuts text into runs; those marked `true` are addresses.
pub(super) fn addresses(text: &str) -> Vec<(&str, bool)> {
    let mut out = Vec::new();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = text[at..].find("http").map(|i| at + i) {
        let rest = &text[found..];
        let before = text[..found].chars().next_back();
        let scheme = ["https://", "http://"].into_iter().find(|s| rest.starts_with(s));
        let Some(scheme) = scheme.filter(|_| before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '[')) else {
            at = found + 4;
            continue;
        };
        let length = rest
            .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|' | '{' | '}'))
            .unwrap_or(rest.len());
        let address = trim(&rest[..length]);
        if address.len() > scheme.len() && address[scheme.len()..].starts_with(char::is_alphanumeric) {
            if done < found {
                out.push((&text[done..found], false));
            }
            out.push((address, true));
            done = found + address.len();
        }
        at = found + length.max(4);
    }
    if done < text.len() {
        out.push((&text[done..], false));
    }
    out
}

/// Without the punctuation that ends a sentence, and without a bracket that was never opened.
fn trim(address: &str) -> &str {
    let mut end = address.len();
    let bytes = address.as_bytes();
    let mut unopened =
        bytes.iter().filter(|b| **b == b')').count().saturating_sub(bytes.iter().filter(|b| **b == b'(').count());
    while end > 0 {
        match bytes[end - 1] {
            b'.' | b',' | b':' | b';' | b'!' | b'?' | b'\'' | b'*' | b'_' | b'~' | b']' => end -= 1,
            b')' if unopened > 0 => {
                unopened -= 1;
                end -= 1;
            }
            _ => break,
        }
    }
    &address[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_a_reader_ends_them() {
        let found =
            |text| addresses(text).into_iter().filter(|(_, link)| *link).map(|(run, _)| run).collect::<Vec<_>>();
        assert_eq!(
            found("see https://a.b/c_(d). And (http://x.y/z), xhttp://no"),
            ["https://a.b/c_(d)", "http://x.y/z"]
        );
        assert_eq!(found("http:// https:///x httpfoo"), Vec::<&str>::new());
    }
}
