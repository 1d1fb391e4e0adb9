//! Items as markup, within limits of depth, size and table cells.
//!
//! In: items and options. Out: balanced markup; every tag is written here, from a list of safe ones.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inline;
use super::super::section::anchor;
use super::super::url::{Target, escape, target};
use pulldown_cmark::{Alignment, BlockQuoteKind};

use super::items::{Item, Notes, Open, RawTag};
use super::{MAX_CELLS, MAX_COLUMNS, MAX_DEPTH, RenderOptions};

pub(super) struct Writer<'a, 'o> {
    options: &'o RenderOptions<'o>,
    pub(super) out: String,
    max_out: usize,
    pub(super) full: bool,
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
    pub(super) fn new(options: &'o RenderOptions<'o>, length: usize, notes: &'o Notes<'a>) -> Self {
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
    pub(super) fn find_headings(&mut self, items: &[Item<'_>]) {
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

    pub(super) fn items(&mut self, items: &[Item<'_>]) {
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
            self.out.push_str("<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table");
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
    pub(super) fn footnotes(&mut self) {
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
