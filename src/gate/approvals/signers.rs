//! `allowed_signers`: which key may sign in whose name, for what and when. The format is OpenSSH's (ssh-keygen(1),
//! ALLOWED SIGNERS).
//!
//! In: the file's bytes. Out: its lines, and what is wrong with those that cannot be used. A line that is not
//! understood in full is no line: a restriction that is overlooked would be a hole. Dates are UTC, also where
//! OpenSSH would take the zone of the machine: the same file must mean the same everywhere.

use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::diag::visible;
use crate::model::Instant;

/// RSA keys with a shorter modulus are refused, in bits.
const RSA_BITS: usize = 2048;

/// The keys that may sign.
#[derive(Clone, Debug, Default)]
pub struct Signers {
    lines: Vec<Line>,
    /// What is wrong with lines that are left out: their 1-based number, and why.
    pub problems: Vec<(usize, String)>,
}

#[derive(Clone, Debug)]
struct Line {
    principals: String,
    namespaces: Option<String>,
    valid_after: Option<Instant>,
    valid_before: Option<Instant>,
    key: PublicKey,
}

/// Why a known key may not sign in a name; later ones are nearer to being allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Barred {
    /// The key belongs to other names.
    Principal,
    /// It may sign for other things only.
    Namespace,
    /// It does not count yet.
    Early(Instant),
    /// It does not count any more, since that moment.
    Expired(Instant),
}

impl Signers {
    /// Reads the file.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut out = Self::default();
        for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let Ok(text) = std::str::from_utf8(line) else {
                out.problems.push((i + 1, "it is not UTF-8".to_owned()));
                continue;
            };
            let text = text.trim_end_matches('\r').trim_matches([' ', '\t']);
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            match read_line(text) {
                Ok(line) => out.lines.push(line),
                Err(why) => out.problems.push((i + 1, why)),
            }
        }
        out
    }

    /// How many lines can be used.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether no line can be used.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A key as it stands in the file; nothing for one that does not.
    pub(super) fn key(&self, key: &KeyData) -> Option<&PublicKey> {
        self.lines.iter().map(|line| &line.key).find(|known| known.key_data() == key)
    }

    /// Whether a key may sign in a name, for a namespace, at a moment.
    ///
    /// # Errors
    /// What keeps it from that, of the line that is nearest to allowing it.
    pub(super) fn may(&self, key: &KeyData, principal: &str, namespace: &str, at: Instant) -> Result<(), Barred> {
        let mut nearest = Barred::Principal;
        for line in self.lines.iter().filter(|line| line.key.key_data() == key) {
            match line.may(principal, namespace, at) {
                Ok(()) => return Ok(()),
                Err(barred) => nearest = nearest.max(barred),
            }
        }
        Err(nearest)
    }
}

impl Line {
    fn may(&self, principal: &str, namespace: &str, at: Instant) -> Result<(), Barred> {
        if !listed(&self.principals, principal) {
            return Err(Barred::Principal);
        }
        if self.namespaces.as_deref().is_some_and(|patterns| !listed(patterns, namespace)) {
            return Err(Barred::Namespace);
        }
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if at < from => Err(Barred::Early(from)),
            (_, Some(end)) if at > end => Err(Barred::Expired(end)),
            _ => Ok(()),
        }
    }
}

fn read_line(text: &str) -> Result<Line, String> {
    let (principals, rest) = field(text)?;
    if principals.is_empty() {
        return Err("it names nobody".to_owned());
    }
    let mut line = Options::default();
    // Options stand before the key, where there are any: the first word of a key is its type.
    let rest = match key_of(rest) {
        Some(_) => rest,
        None => {
            let end = unquoted(rest, |c| c == ' ' || c == '\t').unwrap_or(rest.len());
            let (options, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
            line.read(options)?;
            rest.trim_start_matches([' ', '\t'])
        }
    };
    let key = key_of(rest).ok_or("it holds no key that can be read")?;
    if line.authority {
        return Err("certificate authorities are not supported".to_owned());
    }
    usable(&key)?;
    if let (Some(from), Some(end)) = (line.valid_after, line.valid_before)
        && end <= from
    {
        return Err("its valid-before is not after its valid-after".to_owned());
    }
    let Options { namespaces, valid_after, valid_before, .. } = line;
    Ok(Line { principals, namespaces, valid_after, valid_before, key })
}

/// The first word of a line, with or without quotes, and what follows it.
fn field(text: &str) -> Result<(String, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (word, rest) = quoted.split_once('"').ok_or("a quote is not closed")?;
        return Ok((word.to_owned(), rest.trim_start_matches([' ', '\t'])));
    }
    let (word, rest) = text.split_once([' ', '\t']).ok_or("it holds a name only")?;
    Ok((word.to_owned(), rest.trim_start_matches([' ', '\t'])))
}

/// `TYPE BASE64 [COMMENT]`; the comment says nothing.
fn key_of(text: &str) -> Option<PublicKey> {
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let (kind, body) = (words.next()?, words.next()?);
    PublicKey::from_openssh(&format!("{kind} {body}")).ok()
}

/// Keys that nobody should trust, or that cannot be verified with.
fn usable(key: &PublicKey) -> Result<(), String> {
    match key.key_data() {
        KeyData::Rsa(rsa) => {
            let bits = rsa.n.as_positive_bytes().map_or(0, |n| n.len() * 8);
            if bits < RSA_BITS {
                return Err(format!("an RSA key of {bits} bits is too short, {RSA_BITS} is the least"));
            }
            Ok(())
        }
        KeyData::Ed25519(_) | KeyData::SkEd25519(_) | KeyData::Ecdsa(_) | KeyData::SkEcdsaSha2NistP256(_) => Ok(()),
        _ => Err(format!("keys of the type {} are not supported", visible(key.algorithm().as_str(), 60))),
    }
}

#[derive(Default)]
struct Options {
    authority: bool,
    namespaces: Option<String>,
    valid_after: Option<Instant>,
    valid_before: Option<Instant>,
}

impl Options {
    fn read(&mut self, mut text: &str) -> Result<(), String> {
        loop {
            let end = unquoted(text, |c| c == ',').unwrap_or(text.len());
            let (option, rest) = text.split_at_checked(end).unwrap_or((text, ""));
            self.one(option)?;
            match rest.strip_prefix(',') {
                Some(rest) => text = rest,
                None => return Ok(()),
            }
        }
    }

    fn one(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let value = match value {
            None => None,
            Some(value) => {
                let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
                let inner = inner.filter(|v| !v.contains(['"', '\\']));
                Some(inner.ok_or_else(|| format!("the value of '{}' stands in no quotes", visible(name, 40)))?)
            }
        };
        let twice = || format!("'{}' stands twice", visible(name, 40));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => self.authority = true,
            ("namespaces", Some(list)) if !list.is_empty() => {
                if self.namespaces.replace(list.to_owned()).is_some() {
                    return Err(twice());
                }
            }
            ("valid-after", Some(text)) => {
                if self.valid_after.replace(moment(text)?).is_some() {
                    return Err(twice());
                }
            }
            ("valid-before", Some(text)) => {
                if self.valid_before.replace(moment(text)?).is_some() {
                    return Err(twice());
                }
            }
            _ => return Err(format!("'{}' is no option of a signer, and no type of a key", visible(option, 60))),
        }
        Ok(())
    }
}

/// The first place outside quotes where something stands.
fn unquoted(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    let mut inside = false;
    text.char_indices().find_map(|(at, c)| {
        inside ^= c == '"';
        (!inside && is(c)).then_some(at)
    })
}

/// `20260101`, `202601011200` or `20260101120000`, with or without the `Z` of UTC.
fn moment(text: &str) -> Result<Instant, String> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let part = |from: usize, to: usize| digits.get(from..to);
    let read = || {
        let numbers = digits.bytes().all(|b| b.is_ascii_digit());
        let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let (hour, minute, second) = match digits.len() {
            8 => ("00", "00", "00"),
            12 => (part(8, 10)?, part(10, 12)?, "00"),
            14 => (part(8, 10)?, part(10, 12)?, part(12, 14)?),
            _ => return None,
        };
        numbers.then(|| Instant::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))).flatten()
    };
    read().ok_or_else(|| format!("'{}' is no time such as 20260101Z", visible(text, 40)))
}

/// Whether a list of patterns holds a text (OpenSSH's match_pattern_list): one that begins with `!` rules out.
fn listed(patterns: &str, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern, text) => return false,
            Some(_) => {}
            None => found |= fits(pattern, text),
        }
    }
    found
}

/// `*` is any text and `?` any byte, as in OpenSSH; in time of the product of the lengths.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(literal) if literal == byte => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn said(line: &str, principal: &str, namespace: &str, when: &str) -> Result<(), Barred> {
        let signers = Signers::parse(line.as_bytes());
        assert!(signers.problems.is_empty(), "{line}: {:?}", signers.problems);
        let key = key_of(KEY).unwrap();
        signers.may(key.key_data(), principal, namespace, at(when))
    }

    #[test]
    fn lines_say_who_may_sign_for_what_and_when() {
        let noon = "2026-06-15T12:00:00Z";
        assert_eq!(said(&format!("a@x {KEY} a comment"), "a@x", "n", noon), Ok(()));
        assert_eq!(said(&format!("  a@x,b@x\t{KEY}\r"), "b@x", "n", noon), Ok(()));
        assert_eq!(said(&format!("\"a@x,b@x\" {KEY}"), "b@x", "n", noon), Ok(()));
        assert_eq!(said(&format!("*@x,!eve@x {KEY}"), "eve@x", "n", noon), Err(Barred::Principal));
        assert_eq!(said(&format!("*@x,!eve@x {KEY}"), "ann@x", "n", noon), Ok(()));
        assert_eq!(said(&format!("a?@x {KEY}"), "ab@x", "n", noon), Ok(()));
        let limited = format!("a@x namespaces=\"n,m*\",valid-after=\"20260101Z\",valid-before=\"20270101\" {KEY}");
        assert_eq!(said(&limited, "a@x", "many", noon), Ok(()));
        assert_eq!(said(&limited, "a@x", "git", noon), Err(Barred::Namespace));
        assert_eq!(said(&limited, "a@x", "n", "2025-12-31T23:59:59Z"), Err(Barred::Early(at("2026-01-01"))));
        assert_eq!(said(&limited, "a@x", "n", "2027-01-01T00:00:01Z"), Err(Barred::Expired(at("2027-01-01"))));
        // The nearest of several lines speaks.
        let both = format!("b@x {KEY}\n# a comment\n\na@x valid-before=\"20260101Z\" {KEY}");
        assert_eq!(said(&both, "a@x", "n", noon), Err(Barred::Expired(at("2026-01-01"))));
    }

    #[test]
    fn a_line_that_is_not_understood_is_none() {
        for line in [
            "a@x".to_owned(),
            format!("a@x cert-authority {KEY}"),
            format!("a@x no-such-option {KEY}"),
            format!("a@x namespaces=n {KEY}"),
            format!("a@x namespaces=\"n\",namespaces=\"m\" {KEY}"),
            format!("a@x valid-after=\"tomorrow\" {KEY}"),
            format!("a@x valid-after=\"20261301Z\" {KEY}"),
            format!("a@x valid-after=\"20270101Z\",valid-before=\"20260101Z\" {KEY}"),
            format!("\"a@x {KEY}"),
            "a@x ssh-ed25519 AAAA".to_owned(),
            "a@x namespaces=\"n\"".to_owned(),
        ] {
            let signers = Signers::parse(line.as_bytes());
            assert_eq!((signers.len(), signers.problems.len()), (0, 1), "{line}");
        }
        assert_eq!(Signers::parse(b"\xff\xfe x\n\n").problems.len(), 1);
    }

    #[test]
    fn patterns_take_no_time() {
        assert!(!fits(&"*a".repeat(200), &"a".repeat(100)));
        assert!(fits("**", "") && fits("*", "x") && !fits("?", "") && !fits("", "x") && !fits("A", "a"));
    }
}
