//! Text that somebody meant to fill in.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeWithOffset};

use super::rawhtml::{Piece, pieces};
use super::{dialect, normalise};

/// Places that still wait for their author: the 1-based line, and the text as written.
///
/// Found are `TODO`, `TBD`, `FIXME` and `XXX` as words in capitals (`tbd` in any case when it is all
/// that stands there), "More Information Needed", unfilled numbers such as `xx.xx`, `<insert …>`,
/// `[insert …]` and lorem ipsum. Code and comments are not looked at.
pub fn placeholders(markdown: &str) -> Vec<(u32, String)> {
    let text = normalise(markdown);
    let text = text.as_ref();
    let mut out = Vec::new();
    let mut code = false;
    let mut lines = Lines { text, line: 1, counted: 0 };
    let mut add = |at: usize, found: String| out.push((lines.of(at), found));
    for (event, range) in TextMergeWithOffset::new(Parser::new_ext(text, dialect(text)).into_offset_iter()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(run) if !code => find(&run, &mut |found| add(range.start, found)),
            Event::Html(html) | Event::InlineHtml(html) => {
                for piece in pieces(&html) {
                    match piece {
                        Piece::Text(run) => find(&run, &mut |found| add(range.start, found)),
                        Piece::Open { name, .. } if name == "insert" => {
                            add(range.start, html.split_whitespace().collect::<Vec<_>>().join(" "));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// The first placeholder of a text, for those who must not overlook one: a commonly left word in any
/// case and anywhere, code and comments included, or else what [`placeholders`] finds.
pub fn placeholder(text: &str) -> Option<String> {
    left_word(text).map(str::to_owned).or_else(|| placeholders(text).into_iter().next().map(|(_, found)| found))
}

/// Words that stand for something to be written, as they are commonly left behind.
fn left_word(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    for phrase in ["more information needed", "lorem ipsum"] {
        if lower.contains(phrase) {
            return Some(phrase);
        }
    }
    for (start, word) in words(text) {
        match word {
            "TODO" | "FIXME" | "TBD" | "TBA" | "XXX" => {}
            // In lower case "todo" is an ordinary word of other languages; with a colon it is not.
            _ if word.eq_ignore_ascii_case("todo") => {
                let after = text[start + word.len()..].chars().next();
                let before = text[..start].chars().next_back();
                if !(after == Some(':') || (before == Some('[') && after == Some(']')) || text.trim() == word) {
                    continue;
                }
            }
            _ if ["fixme", "tbd", "tba"].iter().any(|w| word.eq_ignore_ascii_case(w)) => {}
            _ => continue,
        }
        return ["TODO", "FIXME", "TBD", "TBA", "XXX"].into_iter().find(|w| word.eq_ignore_ascii_case(w));
    }
    None
}

/// Runs of letters, digits and `_` with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .map(|w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

/// Lines of growing offsets, counted once.
struct Lines<'a> {
    text: &'a str,
    line: u32,
    counted: usize,
}

impl Lines<'_> {
    fn of(&mut self, at: usize) -> u32 {
        let at = self.text.floor_char_boundary(at);
        if at >= self.counted {
            let more = self.text[self.counted..at].matches('\n').count();
            self.line = self.line.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            self.counted = at;
        }
        self.line
    }
}

fn find(run: &str, add: &mut dyn FnMut(String)) {
    let trimmed = run.trim();
    if trimmed.eq_ignore_ascii_case("tbd") || trimmed.eq_ignore_ascii_case("tba") {
        return add(trimmed.to_owned());
    }
    let lower = run.to_ascii_lowercase();
    let mut at = 0;
    while let Some(i) = lower[at..].find("more information needed").map(|i| at + i) {
        let end = i + "more information needed".len();
        let open = run[..i].ends_with('[') && run[end..].starts_with(']');
        add(if open { run[i - 1..=end].to_owned() } else { run[i..end].to_owned() });
        at = end;
    }
    if let Some(i) = lower.find("lorem ipsum") {
        add(run[i..i + "lorem ipsum".len()].to_owned());
    }
    for (open, close) in [("[insert ", ']'), ("<insert ", '>'), ("{insert ", '}')] {
        let mut at = 0;
        while let Some(i) = lower[at..].find(open).map(|i| at + i) {
            let Some(length) = run[i..].find(close) else { break };
            add(run[i..=i + length].to_owned());
            at = i + length;
        }
    }
    for word in run.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ','))) {
        let word = word.trim_matches(['.', ',', '-']);
        if matches!(word, "TODO" | "TBD" | "TBA" | "FIXME" | "XXX") || unfilled_number(word) {
            add(word.to_owned());
        }
    }
}

/// `xx.xx`, `XX,X`, `0.xxx`: a number whose digits were never filled in.
fn unfilled_number(word: &str) -> bool {
    let Some((whole, fraction)) = word.split_once(['.', ',']) else { return false };
    let unfilled = |text: &str| !text.is_empty() && text.bytes().all(|b| matches!(b, b'x' | b'X'));
    match whole {
        "0" => fraction.len() >= 2 && unfilled(fraction),
        _ => whole.len() >= 2 && unfilled(whole) && unfilled(fraction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, String)> {
        placeholders(text)
    }

    #[test]
    fn what_waits_for_its_author_is_found() {
        let text = "# TODO\n\n[More Information Needed]\n\n- WER: xx.xx\n- acc 0.xx\n\n| a |\n|---|\n| tbd |\n\n<insert the name> FIXME: x\n[insert date] [More information needed](https://a.b)\nLorem ipsum dolor\n";
        let words: Vec<String> = found(text).into_iter().map(|(line, text)| format!("{line}:{text}")).collect();
        assert_eq!(
            words,
            [
                "1:TODO",
                "3:[More Information Needed]",
                "5:xx.xx",
                "6:0.xx",
                "10:tbd",
                "12:<insert the name>",
                "12:FIXME",
                "13:[insert date]",
                "13:More information needed",
                "14:Lorem ipsum"
            ]
        );
    }

    #[test]
    fn prose_and_code_are_not_taken_for_it() {
        let text = "```\nTODO\n```\n\n    TBD\n\n`FIXME` <!-- TODO -->\n\nEsto es todo, v1.x.x, TODO_LIST, mastodon, version 2.x, insert a coin, tbd: a word\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn left_words_are_found_and_ordinary_words_are_not() {
        for text in
            ["TODO: write", "see **TBD**", "[More Information Needed]", "todo: x", "[todo]", "todo", "Lorem ipsum"]
        {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in ["", "para todo el mundo", "TODOS los datos", "mastodon", "a_TODO_b", "tbdx"] {
            assert!(placeholder(text).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_that_either_finds_is_overlooked() {
        for (text, found) in
            [("For <insert the users>.", "<insert the users>"), ("WER xx.xx", "xx.xx"), ("`FIXME`", "FIXME")]
        {
            assert_eq!(placeholder(text).as_deref(), Some(found));
        }
    }
}
