//! About: what was read, and by which policy it was judged.

use serde::Serialize;

use crate::diag::visible;
use crate::site::facts::Facts;
use crate::site::parts::Page;
use crate::site::show;

#[derive(Debug, Serialize)]
struct SourceRow {
    kind: String,
    path: String,
    runs: String,
    files: String,
    size: String,
}

#[derive(Debug, Serialize)]
struct Sentence {
    id: String,
    text: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    sources: Vec<SourceRow>,
    models: String,
    versions: String,
    runs: String,
    drift: String,
    evidence: String,
    size: String,
    policy: String,
    policy_digest: String,
    sentences: Vec<Sentence>,
}

pub(crate) fn context(facts: &Facts<'_>, path: &str) -> Context {
    let registry = facts.registry;
    let number = |n: usize| show::count(n as u64);
    let policy = facts.input.policy.as_ref();
    Context {
        page: Page::new(
            facts,
            path,
            "about",
            "About this site".to_owned(),
            "What was read, and how it was judged.".to_owned(),
        ),
        sources: registry
            .sources
            .iter()
            .map(|s| SourceRow {
                kind: visible(&s.kind, 60),
                path: visible(&s.path, 300),
                runs: number(s.runs),
                files: number(s.files),
                size: show::bytes(s.bytes),
            })
            .collect(),
        models: number(registry.models.len()),
        versions: number(registry.models.iter().map(|m| m.versions.len()).sum()),
        runs: number(registry.runs.len()),
        drift: number(registry.drift.len()),
        evidence: number(registry.evidence.len()),
        size: show::bytes(registry.evidence.iter().map(|e| e.bytes).sum()),
        policy: policy.map(|p| visible(&p.name, 120)).unwrap_or_default(),
        policy_digest: policy.map(|p| p.digest.hex()).unwrap_or_default(),
        sentences: policy
            .map(|p| {
                p.rules.iter().map(|(id, text)| Sentence { id: visible(id, 120), text: visible(text, 800) }).collect()
            })
            .unwrap_or_default(),
    }
}
