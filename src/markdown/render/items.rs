//! The items of a text: Markdown's events and raw HTML's requests in one list.
//!
//! In: text. Out: items in the order in which they are written, and those of each footnote. It
//! decides which raw tags count; it writes nothing.

use std::collections::BTreeMap;

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd, TextMergeStream};

use super::super::dialect;
use super::super::rawhtml::{Piece, pieces};
use super::MAX_DEPTH;

/// What is written, in order.
pub(super) enum Item<'a> {
    Open(Open<'a>),
    Close,
    RawOpen { tag: &'static RawTag, href: Option<String>, open: bool, matched: bool },
    RawClose { matched: bool },
    Image { src: CowStr<'a>, alt: String },
    Text(CowStr<'a>),
    Code(CowStr<'a>),
    Note(CowStr<'a>),
    Void(&'static str),
    Task(bool),
}

/// A container of Markdown.
pub(super) enum Open<'a> {
    Plain(&'static str),
    Heading { level: u8, title: String },
    Alert(BlockQuoteKind),
    Pre { language: String },
    List { start: Option<u64> },
    ListItem { task: bool },
    Table { label: String },
    Cell { head: bool, align: Alignment },
    Link(CowStr<'a>),
}

/// A tag of raw HTML that may be asked for.
#[derive(Debug)]
pub(super) struct RawTag {
    pub(super) name: &'static str,
    /// Whether it may stand in a paragraph.
    pub(super) inline: bool,
}

pub(super) const RAW_TAGS: &[RawTag] = &[
    RawTag { name: "a", inline: true },
    RawTag { name: "b", inline: true },
    RawTag { name: "blockquote", inline: false },
    RawTag { name: "caption", inline: false },
    RawTag { name: "cite", inline: true },
    RawTag { name: "code", inline: true },
    RawTag { name: "dd", inline: false },
    RawTag { name: "del", inline: true },
    RawTag { name: "details", inline: false },
    RawTag { name: "div", inline: false },
    RawTag { name: "dl", inline: false },
    RawTag { name: "dt", inline: false },
    RawTag { name: "em", inline: true },
    RawTag { name: "h1", inline: false },
    RawTag { name: "h2", inline: false },
    RawTag { name: "h3", inline: false },
    RawTag { name: "h4", inline: false },
    RawTag { name: "h5", inline: false },
    RawTag { name: "h6", inline: false },
    RawTag { name: "i", inline: true },
    RawTag { name: "ins", inline: true },
    RawTag { name: "kbd", inline: true },
    RawTag { name: "li", inline: false },
    RawTag { name: "mark", inline: true },
    RawTag { name: "ol", inline: false },
    RawTag { name: "p", inline: false },
    RawTag { name: "pre", inline: false },
    RawTag { name: "q", inline: true },
    RawTag { name: "s", inline: true },
    RawTag { name: "samp", inline: true },
    RawTag { name: "small", inline: true },
    RawTag { name: "strike", inline: true },
    RawTag { name: "strong", inline: true },
    RawTag { name: "sub", inline: true },
    RawTag { name: "summary", inline: false },
    RawTag { name: "sup", inline: true },
    RawTag { name: "table", inline: false },
    RawTag { name: "tbody", inline: false },
    RawTag { name: "td", inline: false },
    RawTag { name: "tfoot", inline: false },
    RawTag { name: "th", inline: false },
    RawTag { name: "thead", inline: false },
    RawTag { name: "tr", inline: false },
    RawTag { name: "u", inline: true },
    RawTag { name: "ul", inline: false },
    RawTag { name: "var", inline: true },
];

fn raw_tag(name: &str) -> Option<&'static RawTag> {
    RAW_TAGS.binary_search_by(|tag| tag.name.cmp(name)).ok().map(|at| &RAW_TAGS[at])
}

pub(super) type Notes<'a> = BTreeMap<String, Vec<Item<'a>>>;

/// The items of a text, and those of each footnote.
pub(super) fn collect(text: &str) -> (Vec<Item<'_>>, Notes<'_>) {
    let mut collector = Collector { lists: vec![Vec::new()], frames: vec![Frame::default()], ..Collector::default() };
    for event in TextMergeStream::new(Parser::new_ext(text, dialect(text))) {
        collector.event(event);
    }
    let items = collector.lists.into_iter().next().unwrap_or_default();
    (items, collector.notes)
}

/// Tags of raw HTML that are open in a container of Markdown.
#[derive(Default)]
struct Frame {
    open: Vec<(usize, &'static RawTag)>,
    /// Tags that were too deep, and whose end tags must not close others.
    skipped: BTreeMap<&'static str, usize>,
    /// The newest block in this container: a raw paragraph around one is none.
    block: usize,
}

#[derive(Default)]
struct Collector<'a> {
    /// The text, and the footnote that is being read.
    lists: Vec<Vec<Item<'a>>>,
    note: Vec<String>,
    notes: Notes<'a>,
    frames: Vec<Frame>,
    html: String,
    title: Option<(usize, String)>,
    label: Option<(usize, String)>,
    image: Option<(CowStr<'a>, String, usize)>,
    aligns: Vec<Alignment>,
    column: usize,
    table_head: bool,
    in_code: bool,
}

impl<'a> Collector<'a> {
    fn list(&mut self) -> &mut Vec<Item<'a>> {
        if self.lists.is_empty() {
            self.lists.push(Vec::new());
        }
        let last = self.lists.len() - 1;
        &mut self.lists[last]
    }

    fn push(&mut self, item: Item<'a>) -> usize {
        let list = self.list();
        list.push(item);
        list.len() - 1
    }

    fn open(&mut self, open: Open<'a>, block: bool) -> usize {
        let at = self.push(Item::Open(open));
        if block && let Some(frame) = self.frames.last_mut() {
            frame.block = at + 1;
        }
        self.frames.push(Frame::default());
        at
    }

    fn close(&mut self) {
        self.frames.pop();
        self.push(Item::Close);
    }

    fn event(&mut self, event: Event<'a>) {
        if let Some((_, alt, depth)) = &mut self.image {
            match event {
                Event::Start(_) => *depth += 1,
                Event::End(_) if *depth > 0 => *depth -= 1,
                Event::End(_) => {
                    if let Some((src, alt, _)) = self.image.take() {
                        self.push(Item::Image { src, alt });
                    }
                }
                Event::Text(text) | Event::Code(text) => alt.push_str(&text),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                self.note_text(&text);
                self.push(Item::Text(text));
            }
            Event::Code(text) => {
                self.note_text(&text);
                self.push(Item::Code(text));
            }
            Event::Html(html) => self.html.push_str(&html),
            Event::InlineHtml(html) => self.raw(&html, true),
            Event::FootnoteReference(label) => {
                self.push(Item::Note(label));
            }
            Event::SoftBreak => {
                self.note_text(" ");
                self.push(Item::Text("\n".into()));
            }
            Event::HardBreak => {
                self.note_text(" ");
                self.push(Item::Void("<br>\n"));
            }
            Event::Rule => {
                self.push(Item::Void("<hr>\n"));
            }
            Event::TaskListMarker(done) => {
                let list = self.list();
                if let Some(Item::Open(Open::ListItem { task })) =
                    list.iter_mut().rev().take(4).find(|i| matches!(i, Item::Open(Open::ListItem { .. })))
                {
                    *task = true;
                }
                self.push(Item::Task(done));
            }
            Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.push(Item::Code(text));
            }
        }
    }

    fn note_text(&mut self, text: &str) {
        if let Some((_, title)) = &mut self.title {
            title.push_str(text);
        }
        if let Some((_, label)) = &mut self.label
            && label.len() < 200
        {
            label.push_str(text);
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Paragraph => self.open(Open::Plain("p"), true),
            Tag::Heading { level, .. } => {
                let at = self.open(Open::Heading { level: level as u8, title: String::new() }, true);
                self.title = Some((at, String::new()));
                at
            }
            Tag::BlockQuote(None) => self.open(Open::Plain("blockquote"), true),
            Tag::BlockQuote(Some(kind)) => self.open(Open::Alert(kind), true),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.in_code = true;
                self.open(Open::Pre { language }, true)
            }
            Tag::HtmlBlock | Tag::MetadataBlock(_) => {
                self.html.clear();
                0
            }
            Tag::List(start) => self.open(Open::List { start }, true),
            Tag::Item => self.open(Open::ListItem { task: false }, true),
            Tag::FootnoteDefinition(label) => {
                self.note.push(label.to_string());
                self.lists.push(Vec::new());
                self.frames.push(Frame::default());
                0
            }
            Tag::DefinitionList => self.open(Open::Plain("dl"), true),
            Tag::DefinitionListTitle => self.open(Open::Plain("dt"), true),
            Tag::DefinitionListDefinition => self.open(Open::Plain("dd"), true),
            Tag::Table(aligns) => {
                self.aligns = aligns;
                let at = self.open(Open::Table { label: String::new() }, true);
                self.label = Some((at, String::new()));
                at
            }
            Tag::TableHead => {
                (self.table_head, self.column) = (true, 0);
                self.open(Open::Plain("thead"), true);
                self.open(Open::Plain("tr"), true)
            }
            Tag::TableRow => {
                self.column = 0;
                self.open(Open::Plain("tr"), true)
            }
            Tag::TableCell => {
                let align = self.aligns.get(self.column).copied().unwrap_or(Alignment::None);
                self.column += 1;
                if self.column > 1 {
                    self.note_text(", ");
                }
                self.open(Open::Cell { head: self.table_head, align }, true)
            }
            Tag::Emphasis => self.open(Open::Plain("em"), false),
            Tag::Strong => self.open(Open::Plain("strong"), false),
            Tag::Strikethrough => self.open(Open::Plain("del"), false),
            Tag::Superscript => self.open(Open::Plain("sup"), false),
            Tag::Subscript => self.open(Open::Plain("sub"), false),
            Tag::Link { dest_url, .. } => self.open(Open::Link(dest_url), false),
            Tag::Image { dest_url, .. } => {
                self.image = Some((dest_url, String::new(), 0));
                0
            }
        };
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                self.raw(&html, false);
            }
            TagEnd::MetadataBlock(_) => {}
            TagEnd::FootnoteDefinition => {
                self.frames.pop();
                if self.lists.len() > 1
                    && let (Some(items), Some(label)) = (self.lists.pop(), self.note.pop())
                {
                    self.notes.entry(label).or_insert(items);
                }
            }
            TagEnd::Heading(_) => {
                self.close();
                if let Some((at, text)) = self.title.take()
                    && let Some(Item::Open(Open::Heading { title, .. })) = self.list().get_mut(at)
                {
                    *title = text;
                }
            }
            TagEnd::TableHead => {
                self.table_head = false;
                self.close();
                self.close();
                if let Some((at, text)) = self.label.take()
                    && let Some(Item::Open(Open::Table { label })) = self.list().get_mut(at)
                {
                    *label = text;
                }
                self.open(Open::Plain("tbody"), true);
            }
            TagEnd::Table => {
                self.close();
                self.close();
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.close();
            }
            TagEnd::Image => {}
            _ => self.close(),
        }
    }

    /// Takes the pieces of raw HTML as requests.
    fn raw(&mut self, html: &str, inline: bool) {
        let pieces = pieces(html);
        let block = |name: &str| raw_tag(name).is_some_and(|tag| !tag.inline) || name == "hr";
        let paragraph = !inline
            && !pieces.iter().any(|piece| match piece {
                Piece::Open { name, .. } | Piece::Close { name } => block(name),
                Piece::Text(_) => false,
            })
            && pieces.iter().any(|piece| match piece {
                Piece::Text(text) => !text.trim().is_empty(),
                Piece::Open { name, .. } => name == "img",
                Piece::Close { .. } => false,
            });
        if paragraph {
            self.open(Open::Plain("p"), true);
        }
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    self.note_text(&text);
                    self.push(Item::Text(CowStr::from(text.into_owned())));
                }
                Piece::Open { name, src, alt, href, open } => match name.as_str() {
                    "br" | "wbr" => {
                        self.push(Item::Void("<br>\n"));
                    }
                    "hr" if !inline => {
                        self.push(Item::Void("<hr>\n"));
                    }
                    "img" => {
                        self.push(Item::Image { src: src.unwrap_or_default().into(), alt: alt.unwrap_or_default() });
                    }
                    name => self.raw_open(name, href, open, inline),
                },
                Piece::Close { name } => self.raw_close(&name),
            }
        }
        if paragraph {
            self.close();
        }
    }

    fn raw_open(&mut self, name: &str, href: Option<String>, open: bool, inline: bool) {
        let Some(tag) = raw_tag(name).filter(|tag| tag.inline || !inline) else {
            return;
        };
        let depth: usize = self.frames.iter().rev().take(MAX_DEPTH).map(|frame| frame.open.len()).sum();
        let Some(frame) = self.frames.last_mut() else { return };
        if depth >= MAX_DEPTH {
            *frame.skipped.entry(tag.name).or_default() += 1;
            return;
        }
        let at = self.lists.last().map_or(0, Vec::len);
        if !tag.inline {
            frame.block = at + 1;
        }
        frame.open.push((at, tag));
        self.push(Item::RawOpen { tag, href, open, matched: false });
    }

    fn raw_close(&mut self, name: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        if let Some(skipped) = frame.skipped.get_mut(name).filter(|count| **count > 0) {
            *skipped -= 1;
            return;
        }
        let Some(found) = frame.open.iter().rposition(|(_, tag)| tag.name == name) else { return };
        let (at, tag) = frame.open[found];
        frame.open.truncate(found);
        // A paragraph cannot hold blocks: around Markdown's own paragraphs it is left out.
        if tag.name == "p" && frame.block > at + 1 {
            return;
        }
        if let Some(Item::RawOpen { matched, .. }) = self.list().get_mut(at) {
            *matched = true;
        }
        self.push(Item::RawClose { matched: true });
    }
}

/// The language of a code fence as a class: `[a-z0-9+-]`, at most 30 characters.
fn language(info: &str) -> String {
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or("");
    let clean = word.to_ascii_lowercase();
    let fits = clean.len() <= 30
        && clean.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-'));
    if fits { clean } else { String::new() }
}
