//! The verdict as a GitLab code quality report.
//!
//! In: a verdict. Out: the JSON list that GitLab documents under "Implement a custom tool": one entry
//! per record that does not hold, at the rule's line in the policy. GitLab keeps one of two entries
//! with equal fingerprints, so no two are equal.

use serde_json::{Value, json};

use super::shared::{self, Standing, Whole, fingerprint, fingerprints, message, plain, short};
use super::{Context, Refused, Writer};
use crate::gate::verdict::Verdict;

/// The format `codequality`.
#[derive(Clone, Copy, Debug)]
pub struct CodeQuality;

impl Writer for CodeQuality {
    fn name(&self) -> &'static str {
        "codequality"
    }

    fn about(&self) -> &'static str {
        "GitLab: artifacts:reports:codequality"
    }

    fn repository_paths(&self) -> bool {
        true
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let mut out: Vec<Value> = Vec::new();
        match Whole::of(verdict) {
            Whole::Said => {}
            whole => out.push(json!({
                "description": plain(&verdict.sentence, shared::MESSAGE),
                "check_name": "presscheck/verdict",
                "fingerprint": fingerprint(verdict, None),
                "severity": if whole == Whole::Pending { "major" } else { "blocker" },
                "location": location(&verdict.policy.files.first().map(|f| f.path.clone()).unwrap_or_default(), 1),
            })),
        }
        for (record, fingerprint) in verdict.rules.iter().zip(fingerprints(verdict)) {
            let severity = match Standing::of(record) {
                Standing::Blocks => "blocker",
                Standing::Warns => "minor",
                Standing::Informs | Standing::Waived => "info",
                Standing::Holds | Standing::Skipped => continue,
            };
            out.push(json!({
                "description": format!("{}: {}", short(&record.name(), shared::NAME), message(record, shared::MESSAGE)),
                "check_name": format!("presscheck/{}", short(&record.id, shared::NAME)),
                "fingerprint": fingerprint,
                "severity": severity,
                "location": location(&record.span.file, record.span.line),
            }));
        }
        Ok(shared::json(&Value::Array(out)))
    }
}

fn location(file: &str, line: u32) -> Value {
    json!({ "path": plain(&shared::path(file), 1_000), "lines": { "begin": line.max(1) } })
}
