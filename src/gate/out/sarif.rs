//! The verdict as SARIF 2.1.0, as far as GitHub code scanning reads it.
//!
//! In: a verdict. Out: one run with one result per record that does not hold, at the rule's span in
//! the policy: only a result in a committed file is shown. What holds is no result, because GitHub
//! shows every result as an alert, whatever its `kind`. When the verdict is bad news about no rule in
//! particular there is a result that says so: an upload without results would close all alerts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::shared::{self, Apart, Standing, Whole, fingerprint, fingerprints, message, plain, short, uri};
use super::{Context, Refused, Writer};
use crate::gate::verdict::{Outcome, RuleRecord, RuleSeverity, RuleSpan, Verdict};

/// GitHub refuses a run with more results.
const RESULTS: usize = 25_000;
/// More notifications tell nobody more.
const NOTES: usize = 100;
/// The rule of what the verdict says about no rule in particular.
const VERDICT_RULE: &str = "presscheck/verdict";

/// The format `sarif`.
#[derive(Clone, Copy, Debug)]
pub struct Sarif;

impl Writer for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn about(&self) -> &'static str {
        "SARIF 2.1.0: GitHub code scanning, editors"
    }

    fn repository_paths(&self) -> bool {
        true
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let mut rules = Rules::default();
        let mut results: Vec<Value> = Vec::new();
        let mut notes: Vec<Value> = Vec::new();
        let whole = Whole::of(verdict);
        if whole != Whole::Said {
            let sentence = unlinked(&plain(&verdict.sentence, shared::MESSAGE));
            let level = if whole == Whole::Pending { "warning" } else { "error" };
            let span = RuleSpan {
                file: verdict.policy.files.first().map(|f| f.path.clone()).unwrap_or_default(),
                line: 1,
                col: 1,
                end_line: 1,
            };
            let (id, index) = rules.verdict(verdict);
            results.push(result(&id, index, level, &sentence, &span, &fingerprint(verdict, None)));
            notes.push(json!({ "level": level, "message": { "text": sentence } }));
        }
        let mut left_out = 0;
        for (record, fingerprint) in verdict.rules.iter().zip(fingerprints(verdict)) {
            let standing = Standing::of(record);
            if standing == Standing::Skipped && notes.len() < NOTES {
                let name = short(&record.name(), shared::NAME);
                let text = unlinked(&format!("{name} was skipped: {}", message(record, shared::MESSAGE)));
                notes.push(json!({ "level": "note", "message": { "text": text } }));
            }
            if !standing.is_finding() {
                continue;
            }
            if results.len() >= RESULTS {
                left_out += 1;
                continue;
            }
            let (id, index) = rules.of(record, verdict);
            let name = short(&record.name(), shared::NAME);
            let text = unlinked(&format!("{name}: {}", message(record, shared::MESSAGE)));
            let mut result = result(&id, index, level(record), &text, &record.span, &fingerprint);
            if standing == Standing::Waived {
                result["suppressions"] = json!([{
                    "kind": "external",
                    "status": "accepted",
                    "justification": message(record, shared::MESSAGE),
                }]);
            }
            results.push(result);
        }
        if left_out > 0 {
            let text = format!("{left_out} more records do not hold and are left out: a run holds {RESULTS} results");
            notes.push(json!({ "level": "warning", "message": { "text": text } }));
        }
        Ok(shared::json(&json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "presscheck",
                    "semanticVersion": plain(&verdict.tool.version, 80),
                    "rules": rules.list,
                }},
                "automationDetails": {
                    "id": format!("presscheck/{}/{}/", uri(&verdict.subject.model, false), uri(&verdict.stage, false)),
                },
                "invocations": [{
                    "executionSuccessful": verdict.verdict != Outcome::Error,
                    "exitCode": verdict.exit_code,
                    "endTimeUtc": verdict.evaluated_at.to_string(),
                    "toolExecutionNotifications": notes,
                }],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {
                    "verdict": verdict.verdict.as_str(),
                    "subject": plain(&verdict.subject.name, shared::NAME),
                    "subjectSha256": verdict.subject.digest.hex(),
                    "policySha256": verdict.policy.digest.hex(),
                    "counts": verdict.counts,
                },
            }],
        })))
    }
}

/// The rules that results refer to, in the order in which they are first met.
#[derive(Default)]
struct Rules {
    list: Vec<Value>,
    known: BTreeMap<String, (String, usize)>,
    apart: Apart,
}

impl Rules {
    fn of(&mut self, record: &RuleRecord, verdict: &Verdict) -> (String, usize) {
        if let Some(found) = self.known.get(&record.id) {
            return found.clone();
        }
        let kind = record.check.as_str();
        let why = match record.why.as_deref() {
            Some(why) => unlinked(&plain(why, shared::MESSAGE)),
            None => format!("A rule of kind {kind} in the policy {}.", short(&verdict.policy.name, 80)),
        };
        let level = match record.severity {
            RuleSeverity::Block => "error",
            RuleSeverity::Warn => "warning",
            RuleSeverity::Info => "note",
        };
        let key = record.id.clone();
        let id = short(&record.id, shared::NAME);
        self.add(Some(key), id, kind, &why, level)
    }

    fn verdict(&mut self, verdict: &Verdict) -> (String, usize) {
        let why = format!("What the gate says about no rule of the policy {}.", short(&verdict.policy.name, 80));
        self.add(None, VERDICT_RULE.to_owned(), "gate", &unlinked(&why), "error")
    }

    fn add(&mut self, key: Option<String>, id: String, kind: &str, why: &str, level: &str) -> (String, usize) {
        let id = self.apart.name(id);
        let index = self.list.len();
        self.list.push(json!({
            "id": id,
            "shortDescription": { "text": unlinked(&format!("{kind}: {id}")) },
            "fullDescription": { "text": why },
            "help": { "text": "The rule stands in the policy; the verdict says what was measured." },
            "defaultConfiguration": { "level": level },
        }));
        if let Some(key) = key {
            self.known.insert(key, (id.clone(), index));
        }
        (id, index)
    }
}

fn level(record: &RuleRecord) -> &'static str {
    match (Standing::of(record), record.severity) {
        (Standing::Blocks, _) | (Standing::Waived, RuleSeverity::Block) => "error",
        (Standing::Warns, _) | (Standing::Waived, RuleSeverity::Warn) => "warning",
        _ => "note",
    }
}

fn result(id: &str, index: usize, level: &str, text: &str, span: &RuleSpan, fingerprint: &str) -> Value {
    let line = span.line.max(1);
    json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&shared::path(&span.file), true), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line, "startColumn": span.col.max(1), "endLine": span.end_line.max(line) },
        }}],
        // The name under which GitHub looks for a fingerprint before it makes one from the line.
        "partialFingerprints": { "primaryLocationLineHash": format!("{fingerprint}:1") },
        // Either all results of a run speak of suppressions or none does.
        "suppressions": [],
    })
}

/// Text in which no `[label](target)` is a link.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}
