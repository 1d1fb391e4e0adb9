//! What several formats need: safe text, names that are apart, and what a record amounts to.
//!
//! In: a verdict. Out: parts of reports. It knows no format.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::visible;
use crate::digest::Sha256;
use crate::gate::verdict::{Outcome, RuleRecord, RuleSeverity, Status, Verdict};

/// The case that test formats always hold: whether rules were evaluated at all.
pub(super) const META: &str = "rules evaluated";

/// Messages are cut here.
pub(super) const MESSAGE: usize = 4_000;
/// Names are cut here, with a digest of the whole in the place of the rest.
pub(super) const NAME: usize = 300;

/// `PASS`, `BLOCKED`, …: the outcome as a headline.
pub(super) fn headline(outcome: Outcome) -> String {
    outcome.to_string().to_uppercase()
}

/// Text as one line of printable characters: controls, overrides of direction, separators of lines
/// and non-characters are shown as `\u{…}`.
pub(super) fn plain(text: &str, limit: usize) -> String {
    let text = visible(text, limit);
    if !text.contains(['\u{2028}', '\u{2029}', '\u{fffe}', '\u{ffff}', '\u{feff}', '\u{61c}']) {
        return text;
    }
    text.chars().fold(String::with_capacity(text.len() + 8), |mut out, c| {
        match c {
            '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' | '\u{feff}' | '\u{61c}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
        out
    })
}

/// A name of at most `limit` characters: what is cut off is stood for by a digest of the whole, so
/// that two long names that begin alike stay apart in every run.
pub(super) fn short(text: &str, limit: usize) -> String {
    let whole = plain(text, text.len());
    let whole = whole.trim();
    if whole.is_empty() {
        return "(no name)".to_owned();
    }
    if whole.chars().count() <= limit {
        return whole.to_owned();
    }
    let kept: String = whole.chars().take(limit.saturating_sub(14)).collect();
    format!("{}… {}", kept.trim_end(), Sha256::of(text.as_bytes()).short())
}

/// Texts made different: readers drop the second of two equal names, and it may be the one that fails.
#[derive(Default)]
pub(super) struct Apart(BTreeSet<String>);

impl Apart {
    /// The name, or the name with the first free number.
    pub(super) fn name(&mut self, name: String) -> String {
        let mut out = name.clone();
        let mut n = 1;
        while !self.0.insert(out.clone()) {
            n += 1;
            out = format!("{name} ({n})");
        }
        out
    }
}

/// A name for each record, in their order, no two alike and none that of the case that is always there.
pub(super) fn names(verdict: &Verdict) -> Vec<String> {
    let mut apart = Apart::default();
    apart.name(META.to_owned());
    verdict.rules.iter().map(|record| apart.name(short(&record.name(), NAME))).collect()
}

/// What a record amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It holds.
    Holds,
    /// It keeps the version from being promoted.
    Blocks,
    /// It is a warning.
    Warns,
    /// It does not hold, and is for information only.
    Informs,
    /// It does not hold, and a waiver covers it.
    Waived,
    /// It was left out.
    Skipped,
}

impl Standing {
    pub(super) fn of(record: &RuleRecord) -> Self {
        match (record.status, record.severity) {
            (Status::Pass, _) => Self::Holds,
            (Status::Warn, _) => Self::Warns,
            (Status::Waived, _) => Self::Waived,
            (Status::Skipped, _) => Self::Skipped,
            (Status::Fail | Status::Invalid | Status::Inconclusive, RuleSeverity::Block) => Self::Blocks,
            (Status::Fail | Status::Invalid | Status::Inconclusive, RuleSeverity::Warn) => Self::Warns,
            (Status::Fail | Status::Invalid | Status::Inconclusive, RuleSeverity::Info) => Self::Informs,
        }
    }

    /// Whether it is something that reports of findings list.
    pub(super) const fn is_finding(self) -> bool {
        matches!(self, Self::Blocks | Self::Warns | Self::Informs | Self::Waived)
    }
}

/// What the verdict says that no record says: nothing, that it waits, or that it is bad news about no
/// rule in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// It may be promoted, or records say why not.
    Said,
    /// Approvals or time are outstanding.
    Pending,
    /// It may not be promoted, and no record says so.
    Failed,
}

impl Whole {
    pub(super) fn of(verdict: &Verdict) -> Self {
        if verdict.verdict.promotes() || verdict.rules.iter().any(RuleRecord::blocks) {
            Self::Said
        } else if verdict.verdict == Outcome::Pending {
            Self::Pending
        } else {
            Self::Failed
        }
    }
}

/// `waived by W-2026-014: auc 0.871 < min 0.880`; other records' message.
pub(super) fn message(record: &RuleRecord, limit: usize) -> String {
    let text = plain(&record.message, limit);
    match (record.status, record.waiver.as_deref()) {
        (Status::Waived, Some(waiver)) => format!("waived by {}: {text}", short(waiver, 100)),
        (Status::Waived, None) => format!("waived: {text}"),
        _ => text,
    }
}

/// A digest that stays the same when lines move, values change or a new version is judged: of model,
/// stage, rule, target, metric and dataset. Equal ones are numbered.
pub(super) fn fingerprints(verdict: &Verdict) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = |digest: String| {
        let n = seen.entry(digest.clone()).or_default();
        *n += 1;
        if *n == 1 { digest } else { format!("{digest}:{n}") }
    };
    verdict.rules.iter().map(|record| number(fingerprint(verdict, Some(record)))).collect()
}

/// The fingerprint of a record, or of what the verdict says about no record.
pub(super) fn fingerprint(verdict: &Verdict, record: Option<&RuleRecord>) -> String {
    let rule = record.map_or("", |r| r.id.as_str());
    let target = record.map_or("", |r| r.target.as_str());
    let metric = record.and_then(|r| r.metric.as_deref()).unwrap_or("");
    let dataset = record.and_then(|r| r.dataset.as_deref()).unwrap_or("");
    let mut text = String::new();
    for part in [&verdict.subject.model, &verdict.stage, rule, target, metric, dataset] {
        // With its length each part stays itself, whatever it holds.
        text.push_str(&format!("{}:{part};", part.len()));
    }
    Sha256::of(text.as_bytes()).hex().chars().take(32).collect()
}

/// A text as a part of a URI: all but letters, digits and `-._~` percent-encoded, and `/` if wanted.
pub(super) fn uri(text: &str, slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if slashes => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A path with `/` between its parts, that begins with none of them and with no `./`.
pub(super) fn path(text: &str) -> String {
    let text = text.replace('\\', "/");
    let mut rest = text.trim_start_matches('/');
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    if rest.is_empty() { "presscheck.toml".to_owned() } else { rest.to_owned() }
}

/// JSON with a newline at its end.
pub(super) fn json(value: &serde_json::Value) -> Vec<u8> {
    // Printing a value cannot fail; `to_string` of it has no error to give.
    format!("{value:#}\n").into_bytes()
}

/// Records in the groups of a report: what blocks, what warns, what was not decided, what holds.
pub(super) struct Groups<'a> {
    pub(super) blocking: Vec<&'a RuleRecord>,
    pub(super) warning: Vec<&'a RuleRecord>,
    pub(super) other: Vec<&'a RuleRecord>,
    pub(super) holding: Vec<&'a RuleRecord>,
}

impl<'a> Groups<'a> {
    pub(super) fn of(verdict: &'a Verdict) -> Self {
        let mut out = Self { blocking: Vec::new(), warning: Vec::new(), other: Vec::new(), holding: Vec::new() };
        for record in &verdict.rules {
            match Standing::of(record) {
                Standing::Blocks => &mut out.blocking,
                Standing::Warns => &mut out.warning,
                Standing::Holds => &mut out.holding,
                Standing::Informs | Standing::Waived | Standing::Skipped => &mut out.other,
            }
            .push(record);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_that_begin_alike_stay_apart() {
        let (a, b) = (format!("{}a", "x".repeat(10_000)), format!("{}b", "x".repeat(10_000)));
        assert_ne!(short(&a, 300), short(&b, 300));
        assert_eq!(short(&a, 300).chars().count(), 300);
        assert_eq!(short(" \t", 300), r"\u{9}");
        assert_eq!(short("  ", 300), "(no name)");
    }

    #[test]
    fn equal_names_are_numbered() {
        let mut apart = Apart::default();
        let mut name = |n: &str| apart.name(n.to_owned());
        assert_eq!([name("a"), name("a (2)"), name("a"), name("a")], ["a", "a (2)", "a (3)", "a (4)"]);
    }

    #[test]
    fn text_is_one_printable_line() {
        assert_eq!(plain("a\n\u{2028}\u{ffff}\u{202e}é", 99), r"a\u{a}\u{2028}\u{ffff}\u{202e}é");
    }

    #[test]
    fn paths_are_relative() {
        assert_eq!(path("/./a\\b.toml"), "a/b.toml");
        assert_eq!(path("./"), "presscheck.toml");
        assert_eq!(uri("a b/ü%", true), "a%20b/%C3%BC%25");
    }
}
