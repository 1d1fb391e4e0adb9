//! The second pass: ammonia over markup that we wrote ourselves, with a list of its own.

use std::borrow::Cow;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::url::{Target, target};

/// Elements that may stay.
const TAGS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
];

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .add_tags(TAGS)
        .add_url_schemes(["http", "https", "mailto"])
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .strip_comments(true)
        .add_clean_content_tags(["script", "style"])
        .add_tag_attributes("a", ["href", "rel", "id", "aria-label"])
        .add_tag_attributes("code", ["class"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("div", ["tabindex", "role", "aria-label"])
        .add_tag_attributes("li", ["id"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("pre", ["tabindex"])
        .add_tag_attributes("section", ["role", "aria-label"])
        .add_tag_attributes("span", ["title", "role", "aria-label"])
        .add_tag_attributes("th", ["scope"])
        .add_allowed_classes("a", ["footnote-back", "img-ref"])
        .add_allowed_classes(
            "div",
            ["alert", "alert-note", "alert-tip", "alert-important", "alert-warning", "alert-caution", "table-scroll"],
        )
        .add_allowed_classes("li", ["task-item"])
        .add_allowed_classes("p", ["alert-title", "cut"])
        .add_allowed_classes("section", ["footnotes"])
        .add_allowed_classes("span", ["img-ref", "link-ref", "task", "task-done", "task-open"])
        .add_allowed_classes("sup", ["footnote-ref"])
        .add_allowed_classes("td", ["align-center", "align-left", "align-right"])
        .add_allowed_classes("th", ["align-center", "align-left", "align-right"])
        .attribute_filter(|_, attribute, value| match attribute {
            "href" if target(value) == Target::Refused => None,
            _ => Some(Cow::Borrowed(value)),
        });
    for heading in ["h1", "h2", "h3", "h4", "h5", "h6"] {
        builder.add_tag_attributes(heading, ["id"]);
    }
    builder
});

/// Filters markup.
pub(super) fn clean(markup: &str) -> String {
    without_first_lines(&BUILDER.clean(&with_short_texts(markup)).to_string())
}

/// A reader of HTML drops the line break that directly follows `<pre>`, a writer does not add it
/// again: without such breaks what was filtered once stays as it is when it is filtered once more.
fn without_first_lines(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(at) = rest.find("<pre") {
        let end = rest[at..].find('>').map_or(rest.len(), |length| at + length + 1);
        out.push_str(&rest[..end]);
        rest = rest[end..].trim_start_matches('\n');
    }
    out.push_str(rest);
    out
}

/// Characters to be escaped in one text node.
const MAX_ESCAPES: usize = 1_000;

/// html5ever 0.40 writes a text in time quadratic to its `&` and U+0080..=U+00BF (it looks for the
/// next `<` from each of them). Comments, which ammonia drops, cut such texts into many nodes.
fn with_short_texts(markup: &str) -> Cow<'_, str> {
    let (mut out, mut copied) = (String::new(), 0);
    let (mut in_tag, mut run) = (false, 0);
    for (at, byte) in markup.bytes().enumerate() {
        match byte {
            b'<' => in_tag = true,
            b'>' => (in_tag, run) = (false, 0),
            // Both are the first byte of a character, so the text can be cut before them.
            b'&' | 0xC2 if !in_tag => {
                run += 1;
                if run > MAX_ESCAPES {
                    out.push_str(&markup[copied..at]);
                    out.push_str("<!---->");
                    (copied, run) = (at, 1);
                }
            }
            _ => {}
        }
    }
    if copied == 0 {
        return Cow::Borrowed(markup);
    }
    out.push_str(&markup[copied..]);
    Cow::Owned(out)
}
