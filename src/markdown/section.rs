//! The sections of a text: each heading with what stands below it.
//!
//! In: Markdown. Out: one [`RawSection`] per heading, each complete in itself: link and footnote
//! definitions that it uses but that stand elsewhere are appended to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Parser, Tag, TagEnd};

use super::rawhtml::{Piece, pieces};
use super::{dialect, normalise, words};

/// A heading and the text below it, up to the next heading of any level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawSection {
    /// The heading as plain text.
    pub title: String,
    /// Heading level, 1 to 6; 0 for text before the first heading.
    pub level: u8,
    /// The Markdown below the heading.
    pub markdown: String,
    /// Words of prose in it: not in code blocks, comments or image descriptions.
    pub words: usize,
    /// 1-based line of the heading; of the first line for text before the first heading.
    pub line: u32,
}

/// What the parser saw of a section.
#[derive(Default)]
struct Part {
    title: String,
    level: u8,
    heading: Range<usize>,
    words: usize,
    links: BTreeSet<String>,
    notes: BTreeSet<String>,
}

/// Cuts a text at its headings.
///
/// Headings inside lists, quotations and footnotes are part of their section.
pub fn sections(text: &str) -> Vec<RawSection> {
    let text = normalise(text);
    let text = text.as_ref();
    let parser = Parser::new_ext(text, dialect(text)).into_offset_iter();
    let definitions: BTreeMap<String, (Range<usize>, String)> = parser
        .reference_definitions()
        .iter()
        .map(|(label, def)| (fold(label), (def.span.clone(), format!("[{}]: <{}>", bare(label), address(&def.dest)))))
        .collect();

    let mut parts = vec![Part::default()];
    let mut notes: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let (mut depth, mut code, mut image, mut in_heading) = (0usize, false, 0usize, false);
    let mut run = String::new();
    let mut block = String::new();
    for (event, range) in parser {
        let Some(part) = parts.last_mut() else { break };
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::Heading { level, .. } if depth == 0 => {
                        flush(&mut run, part);
                        let level = level as u8;
                        parts.push(Part { level, heading: range.clone(), ..Part::default() });
                        in_heading = true;
                    }
                    Tag::CodeBlock(_) => code = true,
                    Tag::Image { .. } => image += 1,
                    Tag::Link {
                        link_type: LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut,
                        ref id,
                        ..
                    } => {
                        part.links.insert(fold(id));
                    }
                    Tag::FootnoteDefinition(ref label) => {
                        notes.entry(label.to_string()).or_insert_with(|| range.clone());
                    }
                    _ => {}
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match tag {
                    TagEnd::Heading(_) if depth == 0 => {
                        in_heading = false;
                        part.title = part.title.split_whitespace().collect::<Vec<_>>().join(" ");
                    }
                    TagEnd::CodeBlock => code = false,
                    TagEnd::Image => image = image.saturating_sub(1),
                    TagEnd::HtmlBlock => {
                        for piece in pieces(&block) {
                            if let Piece::Text(text) = piece {
                                part.words += words(&text);
                            }
                        }
                        block.clear();
                    }
                    TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link => {}
                    _ => flush(&mut run, part),
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if in_heading {
                    part.title.push_str(&text);
                } else if !code && image == 0 {
                    run.push_str(&text);
                }
            }
            Event::Html(html) => block.push_str(&html),
            Event::SoftBreak | Event::HardBreak => {
                if in_heading { &mut part.title } else { &mut run }.push(' ');
            }
            Event::FootnoteReference(label) => {
                part.notes.insert(label.to_string());
            }
            _ => {}
        }
    }
    if let Some(part) = parts.last_mut() {
        flush(&mut run, part);
    }
    assemble(text, &parts, &definitions, &notes)
}

fn flush(run: &mut String, part: &mut Part) {
    part.words += words(run);
    run.clear();
}

/// Cuts the text and completes each section with the definitions that it uses.
fn assemble(
    text: &str,
    parts: &[Part],
    definitions: &BTreeMap<String, (Range<usize>, String)>,
    notes: &BTreeMap<String, Range<usize>>,
) -> Vec<RawSection> {
    // Each definition is at most copied so often that the copies are as long as the text.
    let mut budget = text.len() + 65_536;
    let (mut line, mut counted) = (1u32, 0usize);
    let mut out = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let end = parts.get(at + 1).map_or(text.len(), |next| next.heading.start);
        let body = part.heading.end.min(end)..end;
        let own = text[body.clone()].trim_matches('\n').trim_end();
        let mut markdown = own.to_owned();
        let mut append = |markdown: &mut String, extra: &str| {
            if extra.len() <= budget {
                budget -= extra.len();
                markdown.push_str("\n\n");
                markdown.push_str(extra);
            }
        };
        for label in &part.links {
            if let Some((span, definition)) = definitions.get(label)
                && !body.contains(&span.start)
            {
                append(&mut markdown, definition);
            }
        }
        for label in &part.notes {
            if let Some(span) = notes.get(label)
                && !body.contains(&span.start)
            {
                append(&mut markdown, text[span.clone()].trim_end());
            }
        }
        if part.level == 0 && markdown.trim().is_empty() {
            continue;
        }
        let start = part.heading.start;
        line = line.saturating_add(u32::try_from(text[counted..start].matches('\n').count()).unwrap_or(u32::MAX));
        counted = start;
        out.push(RawSection { title: part.title.clone(), level: part.level, markdown, words: part.words, line });
    }
    out
}

/// A label as the parser compares it.
fn fold(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn bare(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A destination for `[label]: <…>`.
fn address(dest: &str) -> String {
    let mut out = String::with_capacity(dest.len());
    for c in dest.chars() {
        match c {
            '<' | '>' | '\\' | '&' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => {}
            c => out.push(c),
        }
    }
    out
}

/// Longest anchor, in characters.
const MAX_ANCHOR: usize = 200;

/// The anchor that GitHub and the Hugging Face Hub give a heading.
pub fn anchor(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.trim().chars().take(MAX_ANCHOR) {
        match c {
            ' ' | '\t' | '\n' => out.push('-'),
            '-' | '_' => out.push(c),
            c if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    if out.is_empty() { "section".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(text: &str) -> Vec<(u8, String, usize, u32)> {
        sections(text).into_iter().map(|s| (s.level, s.title, s.words, s.line)).collect()
    }

    #[test]
    fn text_is_cut_at_every_heading() {
        let text = "Before *all*.\n\n# One `two` [three](x)\n\nA b c.\n\nSet ext\n---\n\n```\n# not one\n```\n\n### Deep ##\n<!-- hidden words -->\n<b>seen</b> ![not seen](x)\n";
        assert_eq!(
            titles(text),
            [
                (0, String::new(), 2, 1),
                (1, "One two three".into(), 3, 3),
                (2, "Set ext".into(), 0, 7),
                (3, "Deep".into(), 1, 14)
            ]
        );
        assert_eq!(sections(text)[1].markdown, "A b c.");
        assert_eq!(titles("\n\n# Only\n"), [(1, "Only".into(), 0, 3)]);
        assert_eq!(titles(" \n"), []);
    }

    #[test]
    fn a_section_brings_the_definitions_that_it_uses() {
        let text = "# A\n\nSee [the Paper] and note[^1].\n\n# B\n\n[the paper]: https://a.b/c 'T'\n\n[^1]: A note.\n";
        let found = sections(text);
        assert_eq!(found[0].markdown, "See [the Paper] and note[^1].\n\n[the paper]: <https://a.b/c>\n\n[^1]: A note.");
        assert_eq!(found[0].words, 5);
    }

    #[test]
    fn definitions_do_not_multiply_without_end() {
        let text = format!("{}\n[x]: /{}\n", "# h\n\n[x]\n\n".repeat(2_000), "y".repeat(20_000));
        assert!(sections(&text).iter().map(|s| s.markdown.len()).sum::<usize>() < 4 * text.len());
    }

    #[test]
    fn anchors_are_those_of_the_hub() {
        assert_eq!(anchor("Bias, Risks, and Limitations"), "bias-risks-and-limitations");
        assert_eq!(anchor("Über_uns: 2.0!"), "über_uns-20");
        assert_eq!(anchor("🤗"), "section");
    }
}
