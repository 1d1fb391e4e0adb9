//! The search index: which words lead to which pages, in pieces that a browser reads one by one.
//!
//! In: facts and leaderboards. Out: files below `data/search/`, scripts that hand JSON to `assets/search.js`, which
//! folds and splits words in the same way. What is indexed: names, aliases, stages, tags and owners of everything that
//! has a page, metrics, headings and text of the newest card of a model, features of drift reports.
//!
//! Libraries that were weighed: Pagefind and tinysearch need WebAssembly and `fetch`, which `file://` and strict
//! hosts forbid; elasticlunr, Lunr and MiniSearch read one index as a whole, and their scripts alone are larger than
//! what a page may load; Fuse.js scans every entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::boards::Board;
use super::facts::Facts;
use crate::diag::visible;
use crate::model::{Catalogue, Run};

/// What a word weighs: in a name, in a fact about it, in its text.
const NAME: u32 = 8;
const FACT: u32 = 4;
const TEXT: u32 = 1;

/// Pages in a file of pages; postings in a file of words, about; pages that one word leads to; words of one page;
/// characters of a word.
const CHUNK: usize = 400;
const SHARD: usize = 3_000;
const POSTINGS: usize = 400;
const WORDS: usize = 4_000;
const WORD: usize = 40;
/// The longest prefix that names a shard.
const DEPTH: usize = 8;

/// A page that can be found.
struct Doc {
    title: String,
    href: String,
    kind: &'static str,
    words: BTreeMap<String, u32>,
}

impl Doc {
    fn new(title: &str, href: String, kind: &'static str) -> Self {
        let mut out = Self { title: visible(title, 160), href, kind, words: BTreeMap::new() };
        out.add(title, NAME);
        out
    }

    fn add(&mut self, text: &str, weight: u32) {
        for word in words(text) {
            if self.words.len() >= WORDS {
                return;
            }
            let known = self.words.entry(word).or_default();
            *known = weight.max(*known);
        }
    }
}

/// The words of a text: compatibility decomposition without marks, lower case, split at what is neither letter nor
/// number.
fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(|w| w.chars().take(WORD).collect())
        .collect()
}

/// The letter under which a name stands in an index: folded, in upper case; `#` for what begins with none.
pub(super) fn initial(name: &str) -> String {
    let first = words(name).into_iter().next().and_then(|w| w.chars().next());
    first.filter(|c| c.is_alphabetic()).map_or_else(|| "#".to_owned(), |c| c.to_uppercase().collect())
}

fn docs(facts: &Facts<'_>, boards: &[Board<'_>]) -> Vec<Doc> {
    let mut out = Vec::new();
    for (m, model) in facts.models.iter().enumerate() {
        let about = model.model;
        let mut doc = Doc::new(&about.title, facts.model_path(m), "model");
        doc.add(&about.name, NAME);
        about.owners.iter().for_each(|o| doc.add(o, FACT));
        about.tags.iter().for_each(|(k, v)| [k, v].into_iter().for_each(|t| doc.add(t, FACT)));
        about.aliases.keys().for_each(|a| doc.add(a, FACT));
        doc.add(about.description.as_deref().unwrap_or_default(), TEXT);
        if let Some(run) = model.versions.last().and_then(|v| v.run) {
            metrics(run, &facts.registry.catalogue).into_iter().for_each(|name| doc.add(name, FACT));
        }
        out.push(doc);
        // Of pages that fit alike the first is shown first: the newest version.
        for (v, entry) in model.versions.iter().enumerate().rev() {
            let version = entry.version;
            let mut doc = Doc::new(&version.selector(), facts.version_path(m, v), "version");
            doc.add(&about.title, NAME);
            version.aliases.iter().chain(&version.stage).chain(&version.status).for_each(|a| doc.add(a, FACT));
            version.tags.iter().for_each(|(k, v)| [k, v].into_iter().for_each(|t| doc.add(t, FACT)));
            if let Some(run) = entry.run {
                facts_of(&mut doc, run);
            }
            out.push(doc);
            if let Some(newest) = facts.registry.drift_of(version).last() {
                let mut doc = Doc::new(&format!("Drift of {}", version.selector()), facts.drift_path(m, v), "drift");
                newest.features.iter().for_each(|f| doc.add(&f.feature, FACT));
                doc.add(&newest.tool, FACT);
                out.push(doc);
            }
        }
        // The text of one card: those of earlier versions say the same again.
        let newest = model.versions.iter().enumerate().rev().find(|(_, v)| v.version.card.is_some());
        if let Some((v, card)) = newest.and_then(|(v, e)| Some((v, e.version.card.as_ref()?))) {
            let selector = model.versions.get(v).map(|e| e.version.selector()).unwrap_or_default();
            for section in card.sections.iter().filter(|s| !s.title.is_empty()) {
                let title = format!("{}, {selector}", section.title);
                let mut doc = Doc::new(&title, format!("{}#card", facts.version_path(m, v)), "card");
                doc.add(&section.markdown, TEXT);
                out.push(doc);
            }
        }
    }
    for board in boards {
        let mut doc = Doc::new(&board.spec.title, format!("leaderboards/{}.html", board.slug), "leaderboard");
        doc.add(&board.spec.rank_by, NAME);
        out.push(doc);
    }
    for experiment in facts.experiments.iter().filter(|e| !e.name.is_empty()) {
        out.push(Doc::new(experiment.name, format!("experiments/{}.html", experiment.slug), "experiment"));
    }
    for index in &facts.loose_runs {
        let Some(run) = facts.registry.runs.get(*index) else { continue };
        let name = if run.name.is_empty() { &run.id } else { &run.name };
        let mut doc = Doc::new(name, facts.run_path(*index), "run");
        doc.add(&run.id, NAME);
        doc.add(run.experiment.as_deref().unwrap_or_default(), FACT);
        facts_of(&mut doc, run);
        out.push(doc);
    }
    out
}

fn facts_of(doc: &mut Doc, run: &Run) {
    run.tags.iter().for_each(|(k, v)| [k, v].into_iter().for_each(|t| doc.add(t, FACT)));
    run.params.iter().for_each(|(k, v)| {
        doc.add(k, TEXT);
        doc.add(&v.display(), TEXT);
    });
    run.datasets.iter().for_each(|d| doc.add(&d.name, FACT));
    doc.add(run.git.commit.as_deref().unwrap_or_default(), TEXT);
}

fn metrics<'a>(run: &'a Run, catalogue: &'a Catalogue) -> BTreeSet<&'a str> {
    run.results.iter().flat_map(|r| [r.metric.as_str(), catalogue.canonical(&r.metric)]).collect()
}

/// The pages that a word leads to, each with its weight.
type Postings = BTreeMap<String, Vec<(usize, u32)>>;

/// All files of the index: path and bytes.
pub(crate) fn files(facts: &Facts<'_>, boards: &[Board<'_>]) -> Vec<(String, Vec<u8>)> {
    let docs = docs(facts, boards);
    let mut postings: Postings = BTreeMap::new();
    for (at, doc) in docs.iter().enumerate() {
        for (word, weight) in &doc.words {
            postings.entry(word.clone()).or_default().push((at, *weight));
        }
    }
    for list in postings.values_mut() {
        list.sort_by_key(|(at, weight)| (std::cmp::Reverse(*weight), *at));
        list.truncate(POSTINGS);
    }
    let mut shards = Vec::new();
    let all: Vec<(&str, &[(usize, u32)])> = postings.iter().map(|(w, p)| (w.as_str(), p.as_slice())).collect();
    split(&all, 0, &mut shards);
    let mut out = vec![file(
        "i",
        0,
        &json!({"prefixes": shards.iter().map(|(prefix, _)| prefix).collect::<Vec<_>>(), "chunk": CHUNK}),
    )];
    for (number, (_, words)) in shards.iter().enumerate() {
        let flat = |list: &[(usize, u32)]| list.iter().flat_map(|(d, w)| [json!(d), json!(w)]).collect::<Vec<Value>>();
        let shard: Map<String, Value> =
            words.iter().map(|(word, list)| ((*word).to_owned(), Value::Array(flat(list)))).collect();
        out.push(file("t", number, &Value::Object(shard)));
    }
    for (number, chunk) in docs.chunks(CHUNK).enumerate() {
        let rows: Vec<Value> = chunk.iter().map(|d| json!([d.title, d.href, d.kind])).collect();
        out.push(file("d", number, &Value::Array(rows)));
    }
    out
}

/// The paths of the files: how many there are follows from what they hold.
fn file(kind: &str, number: usize, value: &Value) -> (String, Vec<u8>) {
    // JSON in a string is read faster than the same as a literal; as JSON the string is a literal of the language too.
    let text = Value::String(value.to_string()).to_string().replace('<', "\\u003c");
    let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    (format!("data/search/{kind}{number}.js"), format!("presscheckSearch(\"{kind}\",{number},{text})\n").into_bytes())
}

type Words<'p> = Vec<(&'p str, &'p [(usize, u32)])>;

/// Sorted words into shards: all in one, and by one more character for as long as they are too many.
fn split<'p>(words: &[(&'p str, &'p [(usize, u32)])], depth: usize, out: &mut Vec<(String, Words<'p>)>) {
    let prefix = |word: &str| word.chars().take(depth).collect::<String>();
    for group in words.chunk_by(|a, b| prefix(a.0) == prefix(b.0)) {
        let Some((first, _)) = group.first() else { continue };
        let size: usize = group.iter().map(|(_, p)| p.len()).sum();
        if size <= SHARD || depth == DEPTH || group.len() == 1 {
            out.push((prefix(first), group.to_vec()));
            continue;
        }
        // A word that is no longer than the prefix stays in a shard of that name.
        let (short, long): (Words<'p>, Words<'p>) = group.iter().partition(|(w, _)| w.chars().nth(depth).is_none());
        if !short.is_empty() {
            out.push((prefix(first), short));
        }
        split(&long, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        assert_eq!(words("Churn_model-v2, naïve Straße ﬁt"), ["churn", "model", "v2", "naive", "straße", "fit"]);
        assert_eq!(words("نِسبة 信用評分 Ⅳ"), ["نسبة", "信用評分", "iv"]);
        assert!(words("…—").is_empty());
    }

    #[test]
    fn shards_hold_each_word_once_and_are_small() {
        let names: Vec<String> = (0..20_000).map(|i| format!("model{i:05}")).chain(["m".into(), "mo".into()]).collect();
        let list = [(0usize, 1u32)];
        let mut sorted: Vec<(&str, &[(usize, u32)])> = names.iter().map(|n| (n.as_str(), list.as_slice())).collect();
        sorted.sort_unstable();
        let mut shards = Vec::new();
        split(&sorted, 0, &mut shards);
        assert_eq!(shards.iter().map(|s| s.1.len()).sum::<usize>(), names.len());
        assert!(
            shards.iter().all(|(prefix, words)| words.len() <= SHARD && words.iter().all(|w| w.0.starts_with(prefix)))
        );
        let prefixes: BTreeSet<&String> = shards.iter().map(|s| &s.0).collect();
        assert_eq!(prefixes.len(), shards.len());
    }

    #[test]
    fn a_shard_cannot_end_its_script() {
        let (path, bytes) = file("d", 3, &json!([["</script>\u{2028}", "x", "model"]]));
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(path, "data/search/d3.js");
        assert!(!text.contains("</") && !text.contains('\u{2028}'), "{text}");
        let literal = text.strip_prefix("presscheckSearch(\"d\",3,").unwrap().strip_suffix(")\n").unwrap();
        let inner: String = serde_json::from_str(literal).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&inner).unwrap()[0][0], "</script>\u{2028}");
    }
}
