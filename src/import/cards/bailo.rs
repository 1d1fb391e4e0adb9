//! Bailo model cards, as its API and its Python client give them.
//!
//! In: a card (`modelId`, `schemaId`, `version`, `metadata`), alone, under `modelCard`, or as the
//! `card` of a `model`. The fields below `metadata` follow a schema that each organisation writes:
//! pages, sections, questions. Out: a `Card` with a section per page; lists of name and value under
//! a key `metrics` are claims.

use super::outline::{At, Outline, bullets, labelled, table};
use crate::model::{Datum, Document};

/// Whether a tree is such a card.
pub(super) fn is_card(value: &Datum) -> bool {
    find(value).is_some()
}

fn find(value: &Datum) -> Option<(At<'_>, Option<At<'_>>)> {
    let own = |at: &Datum| at.get("schemaId").is_some() && at.get("metadata").is_some_and(|m| m.entries().is_some());
    let root = At::root(value);
    if own(value) && value.get("modelId").is_some() {
        return Some((root, None));
    }
    if let Some(card) = value.get("modelCard").filter(|card| own(card)) {
        return Some((At { value: card, pointer: "/modelCard".to_owned() }, None));
    }
    let model = value.get("model")?;
    let card = model.get("card").filter(|card| own(card))?;
    let model = At { value: model, pointer: "/model".to_owned() };
    Some((At { value: card, pointer: "/model/card".to_owned() }, Some(model)))
}

/// Reads a card.
pub(super) fn read(path: &str, value: &Datum) -> Document {
    let Some((card, model)) = find(value) else { return Document::default() };
    let mut out = Outline::new(path, "Bailo model card");
    let mut name = None;
    if let Some(model) = &model {
        name = out.text(model, "name").or_else(|| out.text(model, "id"));
        let text = out.text(model, "description").unwrap_or_default();
        out.section("Overview", text);
    }
    let id = out.text(&card, "modelId");
    // The version counts edits of the card, not of the model.
    for (key, fact) in
        [("schemaId", "schema"), ("version", "card_version"), ("createdBy", "creator"), ("createdAt", "created")]
    {
        if let Some(text) = out.text(&card, key) {
            out.fact(fact, text);
        }
    }
    if let Some(id) = &id {
        out.fact("model_id", id.clone());
    }
    out.names(name.or(id), None);
    if let Some(metadata) = out.map(&card, "metadata") {
        for (key, page_at) in out.fields(&metadata) {
            let title = words(key);
            let (mut own, mut parts) = (Vec::new(), Vec::new());
            if page_at.value.entries().is_none() {
                own.push(answer(&mut out, &page_at));
            }
            for (key, at) in out.fields(&page_at) {
                match at.value {
                    Datum::Map(_) => {
                        let lines: Vec<String> = out
                            .fields(&at)
                            .iter()
                            .map(|(key, at)| labelled(&words(key), &answer(&mut out, at)))
                            .collect();
                        parts.push((words(key), lines.join("\n\n")));
                    }
                    Datum::List(items) if key == "metrics" && items.iter().all(|i| i.get("name").is_some()) => {
                        own.push(metrics(&mut out, &page_at, key));
                    }
                    _ => own.push(labelled(&words(key), &answer(&mut out, &at))),
                }
            }
            own.retain(|line| !line.is_empty());
            if own.is_empty() {
                out.group(&title);
            } else {
                out.section(&title, own.join("\n\n"));
            }
            for (title, text) in parts {
                out.part(&title, text);
            }
        }
    }
    let (card, problems) = out.finish(&card);
    Document { cards: vec![card], problems, ..Document::default() }
}

/// The answer to a question, as Markdown.
fn answer(out: &mut Outline<'_>, at: &At<'_>) -> String {
    out.take(at);
    match at.value {
        Datum::Bool(value) => (if *value { "yes" } else { "no" }).to_owned(),
        Datum::List(items) => format!("\n\n{}", bullets(&items.iter().map(Datum::display).collect::<Vec<_>>())),
        other => other.display(),
    }
}

fn metrics(out: &mut Outline<'_>, at: &At<'_>, key: &str) -> String {
    let mut rows = Vec::new();
    for metric in out.list(at, key) {
        let Some(name) = out.text(&metric, "name") else { continue };
        let value = out.whole(&metric, "value").unwrap_or(Datum::Null);
        rows.push(vec![name.clone(), value.display()]);
        let claim = out.claimed(name, value, &format!("{}/value", metric.pointer));
        out.claim(claim);
    }
    table(&["Metric", "Value"], &rows)
}

/// `modelSummary` as "Model summary".
fn words(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if (c.is_uppercase() || c == '_' || c == '-') && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        if c == '_' || c == '-' {
            continue;
        }
        if out.is_empty() { out.extend(c.to_uppercase()) } else { out.extend(c.to_lowercase()) }
    }
    out
}
