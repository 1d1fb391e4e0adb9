//! Markdown as safe HTML.
//!
//! In: text. Out: [`Html`]. `items` turns the parser's events and the requests of raw HTML into one
//! list of items; a tag of raw HTML counts only when its partner stands in the same container, so what
//! is written is balanced by construction and an open `<details>` cannot swallow what follows. `write`
//! turns the items into markup, and the sanitiser looks at it once more.

mod items;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use items::collect;
use write::Writer;

use super::{Html, head, normalise, sanitise};

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
    /// Ids on the page for anchors of headings that stand outside this text (see [`super::anchor`]).
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
