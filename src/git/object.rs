//! Commits and annotated tags, from their stored text.
//!
//! In: the bytes of an object. Out: its fields; what does not look like such an object is nothing.

/// Who did something, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The name; the address is left out, it is nobody's business on a page.
    pub name: String,
    /// Seconds since the Unix epoch.
    pub seconds: i64,
}

/// A commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The id of its tree.
    pub tree: String,
    /// The ids of its parents, the first first.
    pub parents: Vec<String>,
    /// Who wrote the change.
    pub author: Person,
    /// Who committed it.
    pub committer: Person,
    /// The first paragraph of the message, on one line.
    pub subject: String,
    /// The rest of the message.
    pub body: String,
}

/// An annotated tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// What it points at.
    pub target: String,
    /// Who made it.
    pub tagger: Person,
    /// Its message, without a signature.
    pub message: String,
}

/// The headers (name and value) and the message.
fn split(bytes: &[u8]) -> (Vec<(&str, String)>, String) {
    let end = bytes.windows(2).position(|w| w == b"\n\n");
    let (head, message) = match end {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end + 2..).unwrap_or_default()),
        None => (bytes, &[][..]),
    };
    // A message may be of another encoding than UTF-8; only the usual other one is read.
    let latin = head.split(|b| *b == b'\n').any(|line| {
        line.strip_prefix(b"encoding ").is_some_and(|e| {
            let e = e.to_ascii_lowercase();
            e == b"iso-8859-1" || e == b"latin1" || e == b"iso8859-1"
        })
    });
    let text = |bytes: &[u8]| -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if latin => bytes.iter().map(|b| char::from(*b)).collect(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }
    };
    let headers = head
        .split(|b| *b == b'\n')
        .filter(|line| !line.starts_with(b" "))
        .filter_map(|line| {
            let at = line.iter().position(|b| *b == b' ')?;
            let name = std::str::from_utf8(line.get(..at)?).ok()?;
            Some((name, text(line.get(at + 1..)?)))
        })
        .collect();
    (headers, text(message))
}

/// `Ada Example <ada@example.org> 1700000000 +0100`.
fn person(text: &str) -> Person {
    let name = text.split('<').next().unwrap_or_default().trim().to_owned();
    let after = text.rsplit('>').next().unwrap_or_default();
    let seconds = after.split_whitespace().next().and_then(|s| s.parse().ok()).unwrap_or_default();
    Person { name, seconds }
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Commit {
    /// Reads a commit.
    pub fn parse(id: &str, bytes: &[u8]) -> Option<Self> {
        let (headers, message) = split(bytes);
        let mut out = Self { id: id.to_owned(), ..Self::default() };
        for (name, value) in headers {
            match name {
                "tree" if out.tree.is_empty() => out.tree = value,
                "parent" if is_id(&value) => out.parents.push(value),
                "author" => out.author = person(&value),
                "committer" => out.committer = person(&value),
                _ => {}
            }
        }
        let message = message.trim_start_matches('\n');
        let (subject, body) = message.split_once("\n\n").unwrap_or((message, ""));
        out.subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        out.body = body.trim().to_owned();
        is_id(&out.tree).then_some(out)
    }

    /// The first seven digits of its id, as people know it.
    pub fn short(&self) -> &str {
        self.id.get(..7).unwrap_or(&self.id)
    }
}

impl Tag {
    /// Reads an annotated tag.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (headers, message) = split(bytes);
        let mut out = Self::default();
        for (name, value) in headers {
            match name {
                "object" if is_id(&value) => out.target = value,
                "tagger" => out.tagger = person(&value),
                _ => {}
            }
        }
        let end = ["-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"]
            .iter()
            .filter_map(|s| message.find(s))
            .min()
            .unwrap_or(message.len());
        out.message = message.get(..end).unwrap_or_default().trim().to_owned();
        (!out.target.is_empty()).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789012345678901234567890123456789";

    #[test]
    fn a_signed_merge() {
        let text = format!(
            "tree {ID}\nparent {ID}\nparent {ID}\nauthor Ada <E> <a@b> 12 +0100\ncommitter Bo <b@c> 34 -0500\ngpgsig -----BEGIN\n parent x\n -----END\n\nOne\ntwo\n\nBody\n"
        );
        let commit = Commit::parse(ID, text.as_bytes()).unwrap();
        assert_eq!((commit.parents.len(), commit.subject.as_str(), commit.body.as_str()), (2, "One two", "Body"));
        assert_eq!((commit.author.name.as_str(), commit.author.seconds, commit.committer.seconds), ("Ada", 12, 34));
        assert_eq!(commit.short(), "0123456");
    }

    #[test]
    fn other_encodings_and_nonsense() {
        let mut bytes = format!("tree {ID}\nencoding ISO-8859-1\n\nG").into_bytes();
        bytes.extend([0xfc, b'n']);
        assert_eq!(Commit::parse(ID, &bytes).unwrap().subject, "Gün");
        assert_eq!(Commit::parse(ID, b"tree ../../etc/passwd\n\nx"), None);
        assert_eq!(Commit::parse(ID, b""), None);
        assert_eq!(Tag::parse(b"object --upload-pack=x\n\n"), None);
    }

    #[test]
    fn a_tag_without_its_signature() {
        let text = format!(
            "object {ID}\ntype commit\ntag v1\ntagger T <t> 5 +0000\n\nhello\n-----BEGIN PGP SIGNATURE-----\nx"
        );
        let tag = Tag::parse(text.as_bytes()).unwrap();
        assert_eq!((tag.message.as_str(), tag.tagger.seconds, tag.target.as_str()), ("hello", 5, ID));
    }
}
