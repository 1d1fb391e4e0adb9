//! The text of two cards, section by section and word by word.
//!
//! In: two cards. Out: [`SectionChange`]s. A section is the same by its id. The words are those of the source,
//! Markdown included; nothing is rendered here.

use similar::{Algorithm, ChangeTag, TextDiff};

use crate::model::{Card, Section};

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Stands in both.
    Same(String),
    /// Stands in the earlier one only.
    Removed(String),
    /// Stands in the later one only.
    Added(String),
}

/// A section that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionChange<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Its text; of a section that only one card has, a single piece.
    pub pieces: Vec<Piece>,
}

/// A text of more words than this is compared by lines: word by word it takes too long.
const WORDS: usize = 5_000;
/// Texts that have less than this in common, as a share of both, are told as old and new lines: single words that
/// they happen to share explain nothing.
const REWRITTEN: f32 = 0.6;
/// One of more lines is not compared within.
const LINES: usize = 20_000;

/// Compares two cards; a card that is not there has no section.
pub(super) fn compare<'a>(before: Option<&'a Card>, after: Option<&'a Card>) -> Vec<SectionChange<'a>> {
    let sections = |card: Option<&'a Card>| card.map(|c| c.sections.as_slice()).unwrap_or_default();
    let (old, new) = (sections(before), sections(after));
    let mut taken = vec![false; old.len()];
    let mut out = Vec::new();
    for section in new {
        // Sections of one id are paired in their order.
        let earlier = old.iter().zip(&mut taken).find(|(s, taken)| !**taken && s.id == section.id).map(|(s, taken)| {
            *taken = true;
            s
        });
        let pieces = match earlier {
            Some(earlier) if text(earlier) == text(section) => continue,
            Some(earlier) => pieces(text(earlier), text(section)),
            None => vec![Piece::Added(text(section).to_owned())],
        };
        out.push(SectionChange { title: &section.title, pieces });
    }
    let gone = old.iter().zip(&taken).filter(|(_, taken)| !**taken);
    out.extend(gone.map(|(s, _)| SectionChange { title: &s.title, pieces: vec![Piece::Removed(text(s).to_owned())] }));
    out
}

fn text(section: &Section) -> &str {
    section.markdown.trim()
}

fn pieces(before: &str, after: &str) -> Vec<Piece> {
    let words = |t: &str| t.split_whitespace().nth(WORDS).is_some();
    let lines = |t: &str| t.lines().nth(LINES).is_some();
    if lines(before) || lines(after) {
        return vec![Piece::Removed(before.to_owned()), Piece::Added(after.to_owned())];
    }
    let mut differ = TextDiff::configure();
    // No deadline: the same texts give the same pieces on any machine.
    differ.algorithm(Algorithm::Patience);
    if !words(before) && !words(after) {
        let diff = differ.diff_words(before, after);
        if diff.ratio() >= REWRITTEN {
            return joined(&diff);
        }
    }
    joined(&differ.diff_lines(before, after))
}

/// Changes with neighbours of one kind in one piece.
fn joined(diff: &TextDiff<'_, '_, str>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for change in diff.iter_all_changes() {
        let value = change.value();
        match (change.tag(), out.last_mut()) {
            (ChangeTag::Equal, Some(Piece::Same(text)))
            | (ChangeTag::Delete, Some(Piece::Removed(text)))
            | (ChangeTag::Insert, Some(Piece::Added(text))) => text.push_str(value),
            (ChangeTag::Equal, _) => out.push(Piece::Same(value.to_owned())),
            (ChangeTag::Delete, _) => out.push(Piece::Removed(value.to_owned())),
            (ChangeTag::Insert, _) => out.push(Piece::Added(value.to_owned())),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Datum;

    fn card(sections: &[(&str, &str)]) -> Card {
        let section = |(title, markdown): &(&str, &str)| Section {
            id: crate::model::slug_id(title),
            title: (*title).to_owned(),
            level: 2,
            markdown: (*markdown).to_owned(),
            words: markdown.split_whitespace().count(),
        };
        Card {
            path: "card.md".to_owned(),
            model: None,
            version: None,
            metadata: Datum::Null,
            sections: sections.iter().map(section).collect(),
            results: Vec::new(),
        }
    }

    #[test]
    fn words_that_changed_are_told_and_the_rest_is_left_out() {
        let before = card(&[("Use", "For scoring."), ("Limits", "Not for people under 18 years."), ("Old", "Gone.")]);
        let after = card(&[("Use", "For scoring."), ("Limits", "Not for people under 21 years."), ("Ethics", "New.")]);
        let found = compare(Some(&before), Some(&after));
        assert_eq!(found.iter().map(|c| c.title).collect::<Vec<_>>(), ["Limits", "Ethics", "Old"]);
        let of = |text: &str| text.to_owned();
        assert_eq!(
            found[0].pieces,
            [
                Piece::Same(of("Not for people under ")),
                Piece::Removed(of("18")),
                Piece::Added(of("21")),
                Piece::Same(of(" years."))
            ]
        );
        assert_eq!(found[1].pieces, [Piece::Added(of("New."))]);
        assert_eq!(found[2].pieces, [Piece::Removed(of("Gone."))]);
    }

    #[test]
    fn texts_of_any_size_end() {
        let words = |n: usize, salt: usize| (0..n).map(|i| format!("w{}", (i * 7 + salt) % 97)).collect::<Vec<_>>();
        for (a, b) in [
            (words(4_999, 0).join(" "), words(4_999, 3).join(" ")),
            (words(90_000, 0).join("\n"), words(90_000, 1).join("\n")),
        ] {
            let rebuilt = |keep: fn(&Piece) -> Option<&str>| -> String {
                pieces(&a, &b).iter().filter_map(keep).collect::<Vec<_>>().concat()
            };
            assert_eq!(
                rebuilt(|p| match p {
                    Piece::Same(t) | Piece::Removed(t) => Some(t),
                    Piece::Added(_) => None,
                }),
                a
            );
            assert_eq!(
                rebuilt(|p| match p {
                    Piece::Same(t) | Piece::Added(t) => Some(t),
                    Piece::Removed(_) => None,
                }),
                b
            );
        }
    }
}
