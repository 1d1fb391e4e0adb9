//! Patterns of names and paths: `*`, `?`, `**` and `{a,b}`.
//!
//! In: a pattern from the policy. Out: whether a text matches, in time proportional to the product
//! of the two lengths, whatever the pattern. No character classes: file names with brackets are
//! common and a pattern that silently means something else is a hole.

use std::fmt;

/// Alternatives of one pattern; more is a mistake or an attack.
const MAX_ALTERNATIVES: usize = 64;
const MAX_LENGTH: usize = 1_000;

/// What a pattern is matched against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A path: `*` and `?` stop at `/`, `**` does not.
    Path,
    /// A name: `*` matches anything, braces and `?` are ordinary characters.
    Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// Any one character but `/`.
    One,
    /// Any characters but `/`.
    Some,
    /// Any characters.
    All,
    /// Any number of whole folders; always followed by [`Token::InFolder`].
    Folders,
    /// Somewhere in a folder's name: its `/` leads back to [`Token::Folders`].
    InFolder,
}

/// A checked pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    alternatives: Vec<Vec<Token>>,
}

impl Pattern {
    /// Checks a pattern; `Err` says in words what is wrong with it.
    pub(crate) fn new(text: &str, kind: Kind) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a pattern must not be empty".to_owned());
        }
        if text.len() > MAX_LENGTH {
            return Err(format!("a pattern has at most {MAX_LENGTH} bytes"));
        }
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(format!("a pattern must not hold the control character {}", c.escape_unicode()));
        }
        let alternatives = match kind {
            Kind::Name => vec![name_tokens(text)],
            Kind::Path => {
                if let Some(c) = text.chars().find(|c| matches!(c, '[' | ']' | '\\')) {
                    return Err(format!("'{c}' is not supported; use '*', '?', '**' and '{{a,b}}'"));
                }
                if text.starts_with('/') || text.split('/').any(|part| part == ".." || part == ".") {
                    return Err("a path is relative to its folder and stays inside it".to_owned());
                }
                expand(text)?.iter().map(|t| path_tokens(t)).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { text: text.to_owned(), alternatives })
    }

    /// Checks a pattern of paths; `Err` says in words what is wrong with it.
    ///
    /// # Errors
    /// When it is empty, too long, absolute, or uses something that is not supported.
    pub fn path(text: &str) -> Result<Self, String> {
        Self::new(text, Kind::Path)
    }

    /// Checks a pattern of names; `Err` says in words what is wrong with it.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn name(text: &str) -> Result<Self, String> {
        Self::new(text, Kind::Name)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.alternatives.iter().any(|tokens| matches(tokens, text))
    }

    /// Whether only one text can match.
    pub fn is_literal(&self) -> bool {
        self.alternatives.len() == 1 && self.alternatives[0].iter().all(|t| matches!(t, Token::Literal(_)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn name_tokens(text: &str) -> Vec<Token> {
    text.chars().map(|c| if c == '*' { Token::All } else { Token::Literal(c) }).collect()
}

fn path_tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    for (i, part) in text.split('/').enumerate() {
        if i > 0 && out.last() != Some(&Token::InFolder) {
            out.push(Token::Literal('/'));
        }
        if part == "**" {
            out.extend([Token::Folders, Token::InFolder]);
            continue;
        }
        if part.contains("**") {
            return Err("'**' stands for whole folders: write 'a/**/b'".to_owned());
        }
        out.extend(part.chars().map(|c| match c {
            '*' => Token::Some,
            '?' => Token::One,
            c => Token::Literal(c),
        }));
    }
    if out.last() == Some(&Token::InFolder) {
        out.truncate(out.len() - 2);
        out.push(Token::All);
    }
    Ok(out)
}

/// Writes out `{a,b}`, one level deep.
fn expand(text: &str) -> Result<Vec<String>, String> {
    let mut done = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if rest[at..].starts_with('}') {
            return Err("'}' without '{'".to_owned());
        }
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let end = after.find(['{', '}']).ok_or("'{' without '}'")?;
        if after[end..].starts_with('{') {
            return Err("'{' inside '{…}'".to_owned());
        }
        let choices: Vec<&str> = after[..end].split(',').collect();
        if done.len() * choices.len() > MAX_ALTERNATIVES {
            return Err(format!("a pattern stands for at most {MAX_ALTERNATIVES} alternatives"));
        }
        done = done.iter().flat_map(|d| choices.iter().map(move |c| format!("{d}{before}{c}"))).collect();
        rest = &after[end + 1..];
    }
    for d in &mut done {
        d.push_str(rest);
    }
    Ok(done)
}

/// Follows all ways through the pattern at once: one pass over the text, no backtracking.
fn matches(tokens: &[Token], text: &str) -> bool {
    let mut at = vec![false; tokens.len() + 1];
    at[0] = true;
    skip(tokens, &mut at);
    for c in text.chars() {
        let mut next = vec![false; tokens.len() + 1];
        for (i, token) in tokens.iter().enumerate().filter(|(i, _)| at[*i]) {
            match token {
                Token::Literal(l) => next[i + 1] |= *l == c,
                Token::One => next[i + 1] |= c != '/',
                Token::Some => next[i] |= c != '/',
                Token::All => next[i] = true,
                Token::Folders => {}
                Token::InFolder if c == '/' => next[i - 1] = true,
                Token::InFolder => next[i] = true,
            }
        }
        at = next;
        skip(tokens, &mut at);
    }
    at[tokens.len()]
}

/// Steps over what may match nothing.
fn skip(tokens: &[Token], at: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        if !at[i] {
            continue;
        }
        match token {
            Token::Some | Token::All => at[i + 1] = true,
            Token::Folders => {
                at[i + 1] = true;
                at[i + 2] = true;
            }
            Token::Literal(_) | Token::One | Token::InFolder => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Pattern};

    fn path(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, Kind::Path).unwrap().matches(text)
    }

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        assert!(path("drift/*.json", "drift/a.json"));
        assert!(!path("drift/*.json", "drift/x/a.json"));
        assert!(!path("drift/*.json", "drift/a.json.bak"));
        assert!(path("drift/2026-w*.json", "drift/2026-w1.json"));
        assert!(path("checks/**/*.{json,xml}", "checks/a.json"));
        assert!(path("checks/**/*.{json,xml}", "checks/x/y/a.xml"));
        assert!(!path("checks/**/*.{json,xml}", "checks/x/y/a.md"));
        assert!(path("**/a.json", "a.json"));
        assert!(path("**/a.json", "x/y/a.json"));
        assert!(!path("**/a.json", "x/ya.json"));
        assert!(path("x/**", "x/y/z"));
        assert!(!path("x/**", "xy/z"));
        assert!(path("?.json", "a.json"));
        assert!(!path("?.json", "ab.json"));
        assert!(path("*", ""));
    }

    #[test]
    fn names_take_only_stars() {
        let name = |p: &str, t: &str| Pattern::new(p, Kind::Name).unwrap().matches(t);
        assert!(name("acme/*", "acme/churn/eu"));
        assert!(name("what?", "what?"));
        assert!(!name("what?", "whats"));
        assert!(name("*", ""));
    }

    #[test]
    fn bad_patterns_are_refused() {
        for bad in ["", "a[0-9]", "a\\b", "{a", "a}", "{a,{b,c}}", "../x", "/x", "a**b", "x/./y", "a\nb"] {
            assert!(Pattern::new(bad, Kind::Path).is_err(), "{bad:?}");
        }
        assert!(Pattern::new(&"{a,b}".repeat(7), Kind::Path).is_err());
    }

    #[test]
    fn hostile_patterns_take_linear_time() {
        let pattern = format!("{}b", "*a".repeat(300));
        assert!(!path(&pattern, &"a".repeat(2_000)));
    }
}
