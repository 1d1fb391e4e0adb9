//! The verdict as a Common Test Report Format (CTRF) 1.0.0 document.
//!
//! In: a verdict. Out: one test per record, after one that says whether rules were evaluated at all.
//! What blocks is `failed` with the status of the gate in `rawStatus`, so that a reader who looks at
//! the tests and one who looks at the counts see the same. Objects take no keys of ours but in
//! `labels` and `extra`.

use serde_json::{Map, Value, json};

use super::shared::{self, META, Standing, Whole, fingerprint, fingerprints, message, names, plain, short};
use super::{Context, Refused, Writer};
use crate::gate::verdict::{RuleKind, RuleRecord, Status, Verdict};

/// The format `ctrf`.
#[derive(Clone, Copy, Debug)]
pub struct Ctrf;

impl Writer for Ctrf {
    fn name(&self) -> &'static str {
        "ctrf"
    }

    fn about(&self) -> &'static str {
        "Common Test Report Format, JSON"
    }

    fn repository_paths(&self) -> bool {
        true
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let stage = short(&verdict.stage, 80);
        let sentence = plain(&verdict.sentence, shared::MESSAGE);
        let mut tests = vec![json!({
            "testId": fingerprint(verdict, None),
            "name": META,
            "status": match Whole::of(verdict) {
                Whole::Said => "passed",
                Whole::Pending => "pending",
                Whole::Failed => "failed",
            },
            "duration": 0,
            "suite": [stage, "meta"],
            "message": sentence,
            "rawStatus": verdict.verdict.as_str(),
        })];
        for ((record, name), id) in verdict.rules.iter().zip(names(verdict)).zip(fingerprints(verdict)) {
            tests.push(test(record, &name, &id, &stage));
        }
        let count = |status: &str| tests.iter().filter(|t| t["status"] == status).count();
        let at = verdict.evaluated_at.millis();
        let summary = json!({
            "tests": tests.len(),
            "passed": count("passed"),
            "failed": count("failed"),
            "skipped": count("skipped"),
            "pending": count("pending"),
            "other": count("other"),
            "start": at,
            "stop": at,
            "extra": { "presscheck": {
                "verdict": verdict.verdict.as_str(),
                "exit_code": verdict.exit_code,
                "policy": plain(&verdict.policy.name, shared::NAME),
                "policy_sha256": verdict.policy.digest.hex(),
                "subject_sha256": verdict.subject.digest.hex(),
            }},
        });
        let version = plain(&verdict.tool.version, 80);
        Ok(shared::json(&json!({
            "reportFormat": "CTRF",
            "specVersion": "1.0.0",
            "timestamp": verdict.evaluated_at.to_string(),
            "generatedBy": format!("presscheck {version}"),
            "results": {
                "tool": { "name": "presscheck", "version": version },
                "summary": summary,
                "tests": tests,
                "environment": environment(verdict, &stage),
            },
        })))
    }
}

fn test(record: &RuleRecord, name: &str, id: &str, stage: &str) -> Value {
    let status = match Standing::of(record) {
        // Nobody has objected: somebody has yet to sign.
        Standing::Blocks if record.check == RuleKind::Approval && record.status == Status::Inconclusive => "pending",
        Standing::Holds => "passed",
        Standing::Blocks => "failed",
        // Neither red nor counted among what holds.
        Standing::Warns | Standing::Informs => "other",
        Standing::Waived | Standing::Skipped => "skipped",
    };
    let mut labels = Map::new();
    labels.insert("severity".to_owned(), record.severity.as_str().into());
    for (key, value) in [("metric", &record.metric), ("dataset", &record.dataset), ("waiver", &record.waiver)] {
        if let Some(value) = value {
            labels.insert(key.to_owned(), plain(value, shared::NAME).into());
        }
    }
    json!({
        "testId": id,
        "name": name,
        "status": status,
        "duration": 0,
        "suite": [stage, record.check.as_str()],
        "message": message(record, shared::MESSAGE),
        "line": record.span.line.max(1),
        "rawStatus": record.status.as_str(),
        "filePath": plain(&shared::path(&record.span.file), 1_000),
        "labels": labels,
        "extra": { "presscheck": {
            "reason": plain(&record.reason, 80),
            "value": record.value,
            "op": record.op,
            "bound": record.bound,
            "n": record.n,
        }},
    })
}

fn environment(verdict: &Verdict, stage: &str) -> Value {
    let mut out = Map::new();
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), plain(value, shared::NAME).into());
        }
    };
    set("appName", Some(&verdict.subject.model));
    set("appVersion", Some(&verdict.subject.version));
    let provenance = verdict.provenance.as_ref();
    set("buildUrl", provenance.and_then(|p| p.run_url.as_deref()));
    set("repositoryName", provenance.and_then(|p| p.repository.as_deref()));
    set("commit", provenance.and_then(|p| p.commit.as_deref()));
    set("branchName", provenance.and_then(|p| p.reference.as_deref()));
    set("testEnvironment", Some(stage));
    Value::Object(out)
}
