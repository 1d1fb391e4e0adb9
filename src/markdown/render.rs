//! Markdown as safe HTML.
//!
//! In: text. Out: [`Html`]. The parser's events and the requests of raw HTML become one list of
//! items; a tag of raw HTML counts only when its partner stands in the same container, so what is
//! written is balanced by construction and an open `<details>` cannot swallow what follows.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd, TextMergeStream};

use super::rawhtml::{Piece, pieces};
use super::section::anchor;
use super::url::{Target, escape, target};
use super::{Html, dialect, head, inline, normalise, sanitise};

/// Elements nest at most this deep; what is deeper keeps its text.
const MAX_DEPTH: usize = 32;
/// Cells of all tables together.
const MAX_CELLS: usize = 40_000;
/// Columns of a table.
const MAX_COLUMNS: usize = 256;

/// How to render.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions<'a> {
    /// The level that a heading of level 1 gets; deeper ones follow, down to 6.
    pub heading_base: u8,
    /// Stands before every id, so that several texts fit on a page.
    pub id_prefix: &'a str,
    /// What is longer is cut, with a sentence that says so.
    pub max_bytes: usize,
    /// Whether links to files beside the text stay links. A page of the site does not lie where the
    /// card lay, so they are text with the path as title unless this is set.
    pub relative_links: bool,
    /// Ids on the page for anchors of headings that stand outside this text (see [`anchor`]).
    pub anchors: Option<&'a BTreeMap<String, String>>,
}

impl Default for RenderOptions<'_> {
    fn default() -> Self {
        Self { heading_base: 2, id_prefix: "", max_bytes: 1 << 20, relative_links: false, anchors: None }
    }
}

/// Renders Markdown. The result is balanced, loads nothing, and runs nothing.
pub fn render(markdown: &str, options: &RenderOptions<'_>) -> Html {
    let text = normalise(head(markdown, options.max_bytes));
    let text = text.as_ref();
    let (items, notes) = collect(text);
    let mut writer = Writer::new(options, text.len(), &notes);
    writer.find_headings(&items);
    writer.items(&items);
    writer.footnotes();
    if markdown.len() > options.max_bytes || writer.full {
        writer.out.push_str("<p class=\"cut\">The rest of this text is not shown: it is too long.</p>\n");
    }
    Html(sanitise::clean(&writer.out))
}

/// What is written, in order.
enum Item<'a> {
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
enum Open<'a> {
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
struct RawTag {
    name: &'static str,
    /// Whether it may stand in a paragraph.
    inline: bool,
}

const RAW_TAGS: &[RawTag] = &[
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

type Notes<'a> = BTreeMap<String, Vec<Item<'a>>>;

/// The items of a text, and those of each footnote.
fn collect(text: &str) -> (Vec<Item<'_>>, Notes<'_>) {
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

struct Writer<'a, 'o> {
    options: &'o RenderOptions<'o>,
    out: String,
    max_out: usize,
    full: bool,
    /// What each open item writes at its end; nothing for those that were left out.
    stack: Vec<Closing>,
    depth: usize,
    links: usize,
    code: usize,
    cells: usize,
    columns: Vec<usize>,
    headings: Vec<String>,
    next_heading: usize,
    anchors: BTreeMap<String, String>,
    ids: BTreeSet<String>,
    counters: BTreeMap<String, usize>,
    notes: &'o Notes<'a>,
    /// Footnotes in the order of their first mention.
    mentioned: Vec<String>,
}

struct Closing {
    tail: &'static str,
    counts: bool,
    link: bool,
    code: bool,
    table: bool,
}

impl<'a, 'o> Writer<'a, 'o> {
    fn new(options: &'o RenderOptions<'o>, length: usize, notes: &'o Notes<'a>) -> Self {
        Self {
            options,
            out: String::with_capacity(length + length / 2),
            max_out: length.saturating_mul(6) + 65_536,
            full: false,
            stack: Vec::new(),
            depth: 0,
            links: 0,
            code: 0,
            cells: 0,
            columns: Vec::new(),
            headings: Vec::new(),
            next_heading: 0,
            anchors: BTreeMap::new(),
            ids: BTreeSet::new(),
            counters: BTreeMap::new(),
            notes,
            mentioned: Vec::new(),
        }
    }

    /// Gives every heading its id before the first link to one is written.
    fn find_headings(&mut self, items: &[Item<'_>]) {
        for item in items {
            if let Item::Open(Open::Heading { title, .. }) = item {
                let name = anchor(title);
                let id = self.unique(&name);
                self.anchors.entry(name).or_insert_with(|| id.clone());
                self.headings.push(id);
            }
        }
    }

    fn unique(&mut self, name: &str) -> String {
        let counter = self.counters.entry(name.to_owned()).or_default();
        loop {
            let candidate = if *counter == 0 {
                format!("{}{name}", self.options.id_prefix)
            } else {
                format!("{}{name}-{counter}", self.options.id_prefix)
            };
            *counter += 1;
            if self.ids.insert(candidate.clone()) {
                return candidate;
            }
        }
    }

    fn items(&mut self, items: &[Item<'_>]) {
        for item in items {
            if self.out.len() > self.max_out {
                self.full = true;
            }
            match item {
                Item::Close => self.close(),
                Item::RawClose { matched } => {
                    if *matched {
                        self.close();
                    }
                }
                Item::Open(open) => self.open(open),
                Item::RawOpen { tag, href, open, matched } => {
                    if *matched {
                        self.raw_open(tag, href.as_deref(), *open);
                    }
                }
                _ if self.full => {}
                Item::Text(text) => self.text(text),
                Item::Code(text) => {
                    self.out.push_str("<code>");
                    escape(&mut self.out, text);
                    self.out.push_str("</code>");
                }
                Item::Image { src, alt } => self.image(src, alt),
                Item::Note(label) => self.note(label),
                Item::Void(tag) => self.out.push_str(tag),
                Item::Task(done) => {
                    let (class, label, mark) = if *done { ("done", "done", "☑") } else { ("open", "open", "☐") };
                    self.out.push_str(&format!(
                        "<span class=\"task task-{class}\" role=\"img\" aria-label=\"{label}\">{mark}</span> "
                    ));
                }
            }
        }
        while !self.stack.is_empty() {
            self.close();
        }
    }

    fn text(&mut self, text: &str) {
        if self.links > 0 || self.code > 0 || !text.contains("http") {
            return escape(&mut self.out, text);
        }
        for (run, address) in inline::addresses(text) {
            match address.then(|| target(run)) {
                Some(Target::External(href)) => {
                    self.external(&href, "");
                    escape(&mut self.out, run);
                    self.out.push_str("</a>");
                }
                _ => escape(&mut self.out, run),
            }
        }
    }

    fn external(&mut self, href: &str, class: &str) {
        self.out.push_str("<a");
        if !class.is_empty() {
            self.out.push_str(&format!(" class=\"{class}\""));
        }
        self.out.push_str(" href=\"");
        escape(&mut self.out, href);
        self.out.push_str("\" rel=\"nofollow noopener noreferrer\">");
    }

    /// Notes what to write at the end of a container; nothing when it is too deep or the text is full.
    fn enter(&mut self, tail: &'static str) -> bool {
        let fits = self.depth < MAX_DEPTH && !self.full;
        self.stack.push(Closing {
            tail: if fits { tail } else { "" },
            counts: fits,
            link: false,
            code: false,
            table: false,
        });
        if fits {
            self.depth += 1;
        } else if !tail.starts_with("</") || tail.ends_with('\n') {
            self.out.push(if self.full { ' ' } else { '\n' });
        }
        fits
    }

    fn close(&mut self) {
        let Some(closing) = self.stack.pop() else { return };
        self.out.push_str(closing.tail);
        self.depth -= usize::from(closing.counts);
        self.links -= usize::from(closing.link);
        self.code -= usize::from(closing.code);
        if closing.table {
            self.columns.pop();
        }
    }

    fn mark(&mut self, change: impl FnOnce(&mut Closing)) {
        if let Some(last) = self.stack.last_mut() {
            change(last);
        }
    }

    fn open(&mut self, open: &Open<'_>) {
        match open {
            Open::Plain(name) => {
                if *name == "tr"
                    && let Some(column) = self.columns.last_mut()
                {
                    *column = 0;
                }
                let (start, tail) = plain(name);
                if self.enter(tail) {
                    self.out.push_str(start);
                }
            }
            Open::Heading { level, .. } => {
                let id = self.headings.get(self.next_heading).cloned();
                self.next_heading += 1;
                let (start, tail) = heading(self.options.heading_base, *level);
                if self.enter(tail) {
                    self.out.push_str(start);
                    if let Some(id) = id {
                        self.out.push_str(" id=\"");
                        escape(&mut self.out, &id);
                        self.out.push('"');
                    }
                    self.out.push('>');
                }
            }
            Open::Alert(kind) => {
                let (class, title) = match kind {
                    BlockQuoteKind::Note => ("note", "Note"),
                    BlockQuoteKind::Tip => ("tip", "Tip"),
                    BlockQuoteKind::Important => ("important", "Important"),
                    BlockQuoteKind::Warning => ("warning", "Warning"),
                    BlockQuoteKind::Caution => ("caution", "Caution"),
                };
                if self.enter("</div>\n") {
                    self.out.push_str(&format!(
                        "<div class=\"alert alert-{class}\">\n<p class=\"alert-title\">{title}</p>\n"
                    ));
                }
            }
            Open::Pre { language } => {
                if self.enter("</code></pre>\n") {
                    self.out.push_str("<pre tabindex=\"0\"><code");
                    if !language.is_empty() {
                        self.out.push_str(&format!(" class=\"language-{language}\""));
                    }
                    self.out.push('>');
                }
                self.code += 1;
                self.mark(|closing| closing.code = true);
            }
            Open::List { start: None } => {
                if self.enter("</ul>\n") {
                    self.out.push_str("<ul>\n");
                }
            }
            Open::List { start: Some(start) } => {
                if self.enter("</ol>\n") {
                    self.out.push_str(&if *start == 1 {
                        "<ol>\n".to_owned()
                    } else {
                        format!("<ol start=\"{start}\">\n")
                    });
                }
            }
            Open::ListItem { task } => {
                if self.enter("</li>\n") {
                    self.out.push_str(if *task { "<li class=\"task-item\">" } else { "<li>" });
                }
            }
            Open::Table { label } => {
                self.table(label);
            }
            Open::Cell { head, align } => {
                self.cells += 1;
                let column = self.columns.last_mut().map_or(1, |column| {
                    *column += 1;
                    *column
                });
                if column > MAX_COLUMNS || self.cells > MAX_CELLS {
                    self.full |= self.cells > MAX_CELLS;
                    self.stack.push(Closing { tail: " ", counts: false, link: false, code: false, table: false });
                    return;
                }
                let class = match align {
                    Alignment::None => "",
                    Alignment::Left => " class=\"align-left\"",
                    Alignment::Center => " class=\"align-center\"",
                    Alignment::Right => " class=\"align-right\"",
                };
                if self.enter(if *head { "</th>\n" } else { "</td>\n" }) {
                    self.out.push_str(if *head { "<th scope=\"col\"" } else { "<td" });
                    self.out.push_str(class);
                    self.out.push('>');
                }
            }
            Open::Link(dest) => self.link(dest),
        }
    }

    fn table(&mut self, label: &str) {
        if self.enter("</table></div>\n") {
            let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
            let label: String = label.trim_matches([',', ' ']).chars().take(80).collect();
            self.out.push_str("<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table");
            if !label.is_empty() {
                self.out.push_str(": ");
                escape(&mut self.out, &label);
            }
            self.out.push_str("\"><table>\n");
        }
        self.columns.push(0);
        self.mark(|closing| closing.table = true);
    }

    fn link(&mut self, dest: &str) {
        let place = if self.links > 0 { Target::Refused } else { target(dest) };
        match place {
            Target::External(href) => {
                if self.enter("</a>") {
                    self.external(&href, "");
                }
            }
            Target::Fragment(name) => match self.place(&name) {
                Some(id) => {
                    if self.enter("</a>") {
                        self.out.push_str("<a href=\"#");
                        escape(&mut self.out, &id);
                        self.out.push_str("\">");
                    }
                }
                None => self.stack.push(Closing { tail: "", counts: false, link: false, code: false, table: false }),
            },
            Target::Relative(path) if self.options.relative_links => {
                if self.enter("</a>") {
                    self.out.push_str("<a href=\"");
                    escape(&mut self.out, &path);
                    self.out.push_str("\">");
                }
            }
            Target::Relative(path) => {
                if self.enter("</span>") {
                    self.out.push_str("<span class=\"link-ref\" title=\"");
                    escape(&mut self.out, &path);
                    self.out.push_str("\">");
                }
            }
            Target::Refused => {
                self.stack.push(Closing { tail: "", counts: false, link: false, code: false, table: false });
            }
        }
        self.links += 1;
        self.mark(|closing| closing.link = true);
    }

    /// The id on the page that an anchor means.
    fn place(&self, name: &str) -> Option<String> {
        let wanted = [name.to_owned(), anchor(name)];
        wanted.iter().find_map(|name| {
            self.anchors.get(name).or_else(|| self.options.anchors.and_then(|anchors| anchors.get(name))).cloned()
        })
    }

    fn image(&mut self, src: &str, alt: &str) {
        let place = target(src);
        let name = src.split(['?', '#']).next().unwrap_or("").rsplit('/').next().unwrap_or("");
        let alt = if alt.trim().is_empty() {
            if name.is_empty() || place == Target::Refused { "image" } else { name }
        } else {
            alt
        };
        match place {
            Target::External(href) if self.links == 0 => {
                self.external(&href, "img-ref");
                escape(&mut self.out, alt);
                self.out.push_str("</a>");
            }
            Target::Relative(path) if self.links == 0 => {
                self.out.push_str("<span class=\"img-ref\">");
                escape(&mut self.out, alt);
                if alt != path {
                    self.out.push_str(" <code>");
                    escape(&mut self.out, &path);
                    self.out.push_str("</code>");
                }
                self.out.push_str("</span>");
            }
            _ => {
                self.out.push_str("<span class=\"img-ref\">");
                escape(&mut self.out, alt);
                self.out.push_str("</span>");
            }
        }
    }

    fn raw_open(&mut self, tag: &'static RawTag, href: Option<&str>, open: bool) {
        match tag.name {
            "a" => match href {
                Some(href) => self.link(href),
                None => self.stack.push(Closing { tail: "", counts: false, link: false, code: false, table: false }),
            },
            "table" => self.table(""),
            "pre" => {
                if self.enter("</pre>\n") {
                    self.out.push_str("<pre tabindex=\"0\">");
                }
                self.code += 1;
                self.mark(|closing| closing.code = true);
            }
            "code" => {
                if self.enter("</code>") {
                    self.out.push_str("<code>");
                }
                self.code += 1;
                self.mark(|closing| closing.code = true);
            }
            "details" => {
                if self.enter("</details>\n") {
                    self.out.push_str(if open { "<details open>" } else { "<details>" });
                }
            }
            name => {
                let (start, tail) = match name.strip_prefix('h').and_then(|level| level.parse().ok()) {
                    Some(level) => heading(self.options.heading_base, level),
                    None => plain(name),
                };
                if self.enter(tail) {
                    self.out.push_str(start);
                    if !start.ends_with(['>', '\n']) {
                        self.out.push('>');
                    }
                }
            }
        }
    }

    fn note(&mut self, label: &str) {
        if !self.notes.contains_key(label) {
            return escape(&mut self.out, &format!("[^{label}]"));
        }
        let first = !self.mentioned.iter().any(|known| known == label);
        if first {
            self.mentioned.push(label.to_owned());
        }
        let number = self.mentioned.iter().position(|known| known == label).unwrap_or(0) + 1;
        if self.links > 0 {
            self.out.push_str(&format!("<sup class=\"footnote-ref\">{number}</sup>"));
            return;
        }
        let prefix = self.options.id_prefix;
        self.out.push_str("<sup class=\"footnote-ref\"><a href=\"#");
        escape(&mut self.out, prefix);
        self.out.push_str(&format!("fn-{number}\""));
        if first {
            self.out.push_str(" id=\"");
            escape(&mut self.out, prefix);
            self.out.push_str(&format!("fnref-{number}\""));
        }
        self.out.push_str(&format!(" aria-label=\"note {number}\">{number}</a></sup>"));
    }

    /// Writes the footnotes that were mentioned, in that order; one may mention another.
    fn footnotes(&mut self) {
        if self.mentioned.is_empty() {
            return;
        }
        self.out.push_str("<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Notes\"><ol>\n");
        let mut at = 0;
        while let Some(label) = self.mentioned.get(at).cloned() {
            at += 1;
            self.out.push_str("<li id=\"");
            escape(&mut self.out, self.options.id_prefix);
            self.out.push_str(&format!("fn-{at}\">"));
            let notes = self.notes;
            if let Some(items) = notes.get(&label) {
                self.items(items);
            }
            self.out.push_str("<a class=\"footnote-back\" href=\"#");
            escape(&mut self.out, self.options.id_prefix);
            self.out.push_str(&format!("fnref-{at}\" aria-label=\"back to the text\">↩</a></li>\n"));
        }
        self.out.push_str("</ol></section>\n");
    }
}

/// Start and end of an element without attributes; blocks end in a line break.
fn plain(name: &str) -> (&'static str, &'static str) {
    match name {
        "b" => ("<b>", "</b>"),
        "blockquote" => ("<blockquote>\n", "</blockquote>\n"),
        "caption" => ("<caption>", "</caption>\n"),
        "cite" => ("<cite>", "</cite>"),
        "dd" => ("<dd>", "</dd>\n"),
        "del" => ("<del>", "</del>"),
        "div" => ("<div>\n", "</div>\n"),
        "dl" => ("<dl>\n", "</dl>\n"),
        "dt" => ("<dt>", "</dt>\n"),
        "em" => ("<em>", "</em>"),
        "i" => ("<i>", "</i>"),
        "ins" => ("<ins>", "</ins>"),
        "kbd" => ("<kbd>", "</kbd>"),
        "li" => ("<li>", "</li>\n"),
        "mark" => ("<mark>", "</mark>"),
        "ol" => ("<ol>\n", "</ol>\n"),
        "p" => ("<p>", "</p>\n"),
        "q" => ("<q>", "</q>"),
        "s" => ("<s>", "</s>"),
        "samp" => ("<samp>", "</samp>"),
        "small" => ("<small>", "</small>"),
        "strike" => ("<s>", "</s>"),
        "strong" => ("<strong>", "</strong>"),
        "sub" => ("<sub>", "</sub>"),
        "summary" => ("<summary>", "</summary>\n"),
        "sup" => ("<sup>", "</sup>"),
        "tbody" => ("<tbody>\n", "</tbody>\n"),
        "td" => ("<td>", "</td>\n"),
        "tfoot" => ("<tfoot>\n", "</tfoot>\n"),
        "th" => ("<th>", "</th>\n"),
        "thead" => ("<thead>\n", "</thead>\n"),
        "tr" => ("<tr>\n", "</tr>\n"),
        "u" => ("<u>", "</u>"),
        "ul" => ("<ul>\n", "</ul>\n"),
        "var" => ("<var>", "</var>"),
        _ => ("<span>", "</span>"),
    }
}

/// A heading's start, still open for its id, and its end.
fn heading(base: u8, level: u8) -> (&'static str, &'static str) {
    match base.max(1).saturating_add(level.max(1)).saturating_sub(1) {
        1 => ("<h1", "</h1>\n"),
        2 => ("<h2", "</h2>\n"),
        3 => ("<h3", "</h3>\n"),
        4 => ("<h4", "</h4>\n"),
        5 => ("<h5", "</h5>\n"),
        _ => ("<h6", "</h6>\n"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn html(markdown: &str) -> String {
        render(markdown, &RenderOptions { id_prefix: "c-", ..RenderOptions::default() }).0
    }

    /// Without line breaks, which mean nothing between blocks.
    fn flat(markdown: &str) -> String {
        html(markdown).replace('\n', "")
    }

    #[test]
    fn the_list_of_tags_is_sorted() {
        assert!(RAW_TAGS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn headings_shift_and_get_ids_once() {
        assert_eq!(
            flat("# A `b`\n## A b\n###### x\n[to](#a-b) [no](#none)"),
            "<h2 id=\"c-a-b\">A <code>b</code></h2><h3 id=\"c-a-b-1\">A b</h3><h6 id=\"c-x\">x</h6><p><a href=\"#c-a-b\">to</a> no</p>"
        );
    }

    #[test]
    fn github_flavour() {
        assert_eq!(
            flat("> [!WARNING]\n> Hot."),
            "<div class=\"alert alert-warning\"><p class=\"alert-title\">Warning</p><p>Hot.</p></div>"
        );
        assert_eq!(
            flat("- [x] a\n- [ ] b ~~c~~"),
            "<ul><li class=\"task-item\"><span class=\"task task-done\" role=\"img\" aria-label=\"done\">☑</span> a</li>\
             <li class=\"task-item\"><span class=\"task task-open\" role=\"img\" aria-label=\"open\">☐</span> b <del>c</del></li></ul>"
        );
        assert_eq!(
            flat("| A | B |\n|---|--:|\n| 1 | 2 |"),
            "<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: A, B\"><table><thead><tr><th scope=\"col\">A</th>\
             <th scope=\"col\" class=\"align-right\">B</th></tr></thead><tbody><tr><td>1</td><td class=\"align-right\">2</td></tr></tbody></table></div>"
        );
        assert_eq!(
            flat("A[^n] b[^n].\n\n[^n]: Note."),
            "<p>A<sup class=\"footnote-ref\"><a href=\"#c-fn-1\" id=\"c-fnref-1\" aria-label=\"note 1\">1</a></sup> \
             b<sup class=\"footnote-ref\"><a href=\"#c-fn-1\" aria-label=\"note 1\">1</a></sup>.</p>\
             <section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Notes\"><ol><li id=\"c-fn-1\"><p>Note.</p>\
             <a class=\"footnote-back\" href=\"#c-fnref-1\" aria-label=\"back to the text\">↩</a></li></ol></section>"
        );
        assert_eq!(flat("Term\n: Meaning -- \"as is\""), "<dl><dt>Term</dt><dd>Meaning -- \"as is\"</dd></dl>");
        assert_eq!(flat("```C++ x\na<b\n```"), "<pre tabindex=\"0\"><code class=\"language-c++\">a&lt;b</code></pre>");
        assert_eq!(flat("```\"><script>\na\n```"), "<pre tabindex=\"0\"><code>a</code></pre>");
    }

    #[test]
    fn links_lead_out_or_nowhere() {
        assert_eq!(
            flat("[a](https://x.y \"t\") [b](b.md) [c](javascript:x) http://z.w."),
            "<p><a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\">a</a> <span class=\"link-ref\" title=\"b.md\">b</span> c \
             <a href=\"http://z.w\" rel=\"nofollow noopener noreferrer\">http://z.w</a>.</p>"
        );
        let options = RenderOptions { relative_links: true, ..RenderOptions::default() };
        assert_eq!(render("[b](b.md)", &options).as_str(), "<p><a href=\"b.md\">b</a></p>\n");
    }

    #[test]
    fn images_are_named_and_not_loaded() {
        assert_eq!(
            flat(
                "![A *b*](https://x.y/i.png) ![](i/c.png) ![d](data:image/png;base64,x) [![e](https://x.y/e.svg)](https://x.y)"
            ),
            "<p><a class=\"img-ref\" href=\"https://x.y/i.png\" rel=\"nofollow noopener noreferrer\">A b</a> \
             <span class=\"img-ref\">c.png <code>i/c.png</code></span> <span class=\"img-ref\">d</span> \
             <a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\"><span class=\"img-ref\">e</span></a></p>"
        );
        assert_eq!(
            flat("<p align=center><img src=\"a.png\" alt='A &amp; B'></p>"),
            "<p><span class=\"img-ref\">A &amp; B <code>a.png</code></span></p>"
        );
    }

    #[test]
    fn raw_html_is_a_request() {
        for (markdown, expected) in [
            ("a<br>b<sup>2</sup> <b onclick=x>c</b>", "<p>a<br>b<sup>2</sup> <b>c</b></p>"),
            (
                "<details><summary>S</summary>\n\n**t**\n\n</details>",
                "<details><summary>S</summary><p><strong>t</strong></p></details>",
            ),
            ("<details><summary>x</summary>\n\nafter", "<summary>x</summary><p>after</p>"),
            ("<b>a <i>b</b> c</i>", "<p><b>a b</b> c</p>"),
            ("*a <b>b* c</b>", "<p><em>a b</em> c</p>"),
            ("<center>\n<font color=red>x</font>\n</center>", "<p>x</p>"),
            ("<p align=center>\n\ntext\n\n</p>", "<p>text</p>"),
            ("<p>one</p><p>two</p>", "<p>one</p><p>two</p>"),
            ("x <!-- c --> y <!-- open", "<p>x  y &lt;!-- open</p>"),
            ("<!-- open\n\nafter", "<p>&lt;!-- openafter</p>"),
            ("<script>x</script>\n\nafter", "<p>after</p>"),
            ("<h1 align=center>T</h1>", "<h2>T</h2>"),
            (
                "<a href=javascript:x>a</a> <a href='https://x.y'>b <a href='https://z'>c</a></a>",
                "<p>a <a href=\"https://x.y\" rel=\"nofollow noopener noreferrer\">b c</a></p>",
            ),
            (
                "<table><tr><td>1</td></tr></table>",
                "<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table><tbody><tr><td>1</td></tr></tbody></table></div>",
            ),
        ] {
            assert_eq!(flat(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_deep_says_so_or_stays_flat() {
        let options = RenderOptions { max_bytes: 100, ..RenderOptions::default() };
        assert!(render(&"é ".repeat(100), &options).as_str().ends_with("too long.</p>\n"));
        let deep = html(&format!("{}deep", "> ".repeat(200)));
        assert_eq!(deep.matches("<blockquote>").count(), MAX_DEPTH);
        assert!(deep.contains("deep"));
        assert!(html(&format!("{}x", "<div>\n\n".repeat(100))).contains('x'));
    }

    /// Panics unless tags are balanced and from the list, and attributes harmless.
    fn check(markup: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = markup;
        while let Some(at) = rest.find('<') {
            let end = rest[at..].find('>').map(|i| at + i).unwrap();
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(
                !matches!(
                    name,
                    "script"
                        | "style"
                        | "svg"
                        | "math"
                        | "img"
                        | "iframe"
                        | "object"
                        | "form"
                        | "input"
                        | "meta"
                        | "link"
                ),
                "{tag}"
            );
            for attribute in
                tag.split("\" ").filter_map(|a| a.split_once("=\"")).map(|(name, _)| name.rsplit(' ').next().unwrap())
            {
                assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src", "{tag}");
            }
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{markup}");
            } else if !matches!(name, "br" | "hr") {
                open.push(name);
            }
            assert!(open.len() <= MAX_DEPTH + 4, "{}", open.len());
        }
        assert_eq!(open, Vec::<&str>::new(), "{markup}");
        let lower = markup.to_lowercase();
        assert!(!lower.contains("href=\"javascript") && !lower.contains("<script"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_written_is_harmless(parts in proptest::collection::vec(prop_oneof![
            "[ -~\n]{0,12}",
            proptest::sample::select(vec![
                "<", ">", "</", "<b>", "</b>", "<p>", "</p>", "<td>", "<table>", "</table>", "<tr>", "<a href=\"", "<a href='javascript:x'>", "</a>",
                "<script>", "</script>", "<svg onload=x>", "<math>", "<details>", "</details>", "<summary>", "<!--", "-->", "<style>", "</style>",
                "onclick=\"x\"", "\n\n", "\n> ", "\n- ", "\n1. ", "\n| a | b |\n|---|---|\n| ", "](javascript:x)", "[a](", "![", "](x)", "[^1]", "\n[^1]: ",
                "```", "`", "**", "~~", "$", "&lt;", "&#x3c;", "\u{0}", "\u{202e}", "\n# ", "\n: ", "<pre>", "</pre>", "<code>", "<h1>", "</h1>", "<li>", "<ul>",
            ]).prop_map(str::to_owned),
        ], 0..40)) {
            let markdown = parts.concat();
            let once = html(&markdown);
            check(&once);
            prop_assert_eq!(sanitise::clean(&once), once);
        }
    }
}
