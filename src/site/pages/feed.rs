//! The newest decisions of all models as feeds: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org).
//!
//! In: the gate history. Out: bytes. Feeds need absolute addresses, so a site without `base_url` has none. An
//! entry's id follows from what was decided and when, not from where the site lies.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde::Serialize;

use crate::diag::visible;
use crate::digest::Sha256;
use crate::gate::history::Decision;
use crate::model::Instant;
use crate::site::facts::Facts;
use crate::site::parts::outcome;

/// Entries of a feed.
const ENTRIES: usize = 50;

/// A decision in a feed.
struct Item {
    id: String,
    title: String,
    text: String,
    url: String,
    at: Instant,
    tags: Vec<String>,
}

/// Whether the site has feeds.
pub(crate) fn is_there(facts: &Facts<'_>) -> bool {
    facts.base.is_some() && (0..facts.models.len()).any(|m| !facts.decisions(m).is_empty())
}

/// The newest decisions, newest first.
fn items(facts: &Facts<'_>) -> Vec<Item> {
    let mut all: Vec<(usize, &Decision)> = (0..facts.models.len())
        // Of one model's newest decisions no more than a feed holds can be among the newest of all.
        .flat_map(|m| facts.decisions(m).iter().take(ENTRIES).map(move |d| (m, d)))
        .collect();
    all.sort_by_key(|(m, d)| (std::cmp::Reverse(d.entry.at.millis()), *m));
    all.truncate(ENTRIES);
    all.into_iter().map(|(m, decision)| item(facts, m, decision)).collect()
}

fn item(facts: &Facts<'_>, m: usize, decision: &Decision) -> Item {
    let (model, entry) = (&facts.models[m], &decision.entry);
    let path = match model.position.get(entry.version.as_str()).copied() {
        Some(v) if !model.versions[v].verdicts.is_empty() => facts.verdict_path(m, v),
        Some(v) => facts.version_path(m, v),
        None => facts.model_path(m),
    };
    let name = format!("{}@{}", visible(&entry.model, 120), visible(&entry.version, 80));
    Item {
        id: uuid(decision),
        title: format!("{name}: {} for {}", outcome(entry.verdict).text, visible(&entry.stage, 60)),
        text: visible(&entry.sentence, 2_000),
        url: format!("{}{path}", facts.base.as_deref().unwrap_or_default()),
        at: entry.at,
        tags: vec![visible(&entry.model, 120), visible(&entry.stage, 60), entry.verdict.as_str().to_owned()],
    }
}

/// A UUID of version 8 (RFC 9562 §5.8) over what was decided and when.
fn uuid(decision: &Decision) -> String {
    let e = &decision.entry;
    let at = e.at.to_string();
    let parts = [e.model.as_str(), &e.version, &e.stage, e.verdict.as_str(), &at];
    let parts = parts.iter().flat_map(|p| [p.as_bytes(), b"\0"]);
    let mut bytes = Sha256::of_parts(parts).bytes();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `feed.xml`.
pub(crate) fn atom(facts: &Facts<'_>, title: &str) -> Vec<u8> {
    let mut out = Writer::new(Vec::new());
    // Writing to memory does not fail.
    let _ = render(&mut out, facts, title);
    let mut bytes = out.into_inner();
    bytes.push(b'\n');
    bytes
}

fn render(out: &mut Writer<Vec<u8>>, facts: &Facts<'_>, title: &str) -> io::Result<()> {
    let items = items(facts);
    let base = facts.base.as_deref().unwrap_or_default();
    let text = |out: &mut Writer<Vec<u8>>, name: &str, text: &str| -> io::Result<()> {
        out.create_element(name).write_text_content(BytesText::new(text))?;
        Ok(())
    };
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    out.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom")).write_inner_content(|out| {
        text(out, "title", title)?;
        text(out, "id", base)?;
        text(out, "updated", &newest(&items))?;
        out.create_element("author").write_inner_content(|out| text(out, "name", title))?;
        out.create_element("link").with_attribute(("href", base)).write_empty()?;
        let own = format!("{base}feed.xml");
        out.create_element("link").with_attributes([("rel", "self"), ("href", own.as_str())]).write_empty()?;
        for item in &items {
            out.create_element("entry").write_inner_content(|out| {
                text(out, "title", &item.title)?;
                text(out, "id", &item.id)?;
                text(out, "updated", &item.at.to_string())?;
                out.create_element("link").with_attribute(("href", item.url.as_str())).write_empty()?;
                for tag in &item.tags {
                    out.create_element("category").with_attribute(("term", tag.as_str())).write_empty()?;
                }
                text(out, "summary", &item.text)
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn newest(items: &[Item]) -> String {
    items.first().map(|i| i.at.to_string()).unwrap_or_default()
}

#[derive(Debug, Serialize)]
struct JsonFeed {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    items: Vec<JsonItem>,
}

#[derive(Debug, Serialize)]
struct JsonItem {
    id: String,
    url: String,
    title: String,
    content_text: String,
    date_published: String,
    tags: Vec<String>,
}

/// `feed.json`.
pub(crate) fn json(facts: &Facts<'_>, title: &str) -> impl Serialize + use<> {
    let base = facts.base.clone().unwrap_or_default();
    JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: title.to_owned(),
        feed_url: format!("{base}feed.json"),
        home_page_url: base,
        items: items(facts)
            .into_iter()
            .map(|item| JsonItem {
                id: item.id,
                url: item.url,
                title: item.title,
                content_text: item.text,
                date_published: item.at.to_string(),
                tags: item.tags,
            })
            .collect(),
    }
}

/// `robots.txt`: everything may be read, and here is the list.
pub(crate) fn robots(facts: &Facts<'_>) -> Vec<u8> {
    format!("User-agent: *\nAllow: /\nSitemap: {}sitemap.xml\n", facts.base.as_deref().unwrap_or_default()).into_bytes()
}
