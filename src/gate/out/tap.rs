//! The verdict in the Test Anything Protocol, version 14.
//!
//! In: a verdict. Out: a plan, a first test that says whether rules were evaluated at all, and one
//! test per record. Only what blocks is a failure for a harness: what is waived, warns or informs is
//! `not ok` with the directive TODO, what was skipped is `ok` with SKIP. Strings of diagnostics are
//! written as JSON, which YAML reads alike.

use serde_json::Value;

use super::shared::{self, META, Standing, Whole, message, names, plain, short};
use super::{Context, Refused, Writer};
use crate::gate::verdict::{RuleRecord, Verdict};

/// The format `tap`.
#[derive(Clone, Copy, Debug)]
pub struct Tap;

impl Writer for Tap {
    fn name(&self) -> &'static str {
        "tap"
    }

    fn about(&self) -> &'static str {
        "Test Anything Protocol 14"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let mut out = format!("TAP version 14\n1..{}\n", verdict.rules.len() + 1);
        let ok = if Whole::of(verdict) == Whole::Said { "ok" } else { "not ok" };
        out.push_str(&format!("{ok} 1 - {META}\n"));
        diagnostics(
            &mut out,
            &[
                ("verdict", verdict.verdict.as_str().into()),
                ("exit_code", verdict.exit_code.into()),
                ("message", plain(&verdict.sentence, shared::MESSAGE).into()),
                ("stage", plain(&verdict.stage, 80).into()),
                ("subject", plain(&verdict.subject.name, shared::NAME).into()),
                ("policy_sha256", verdict.policy.digest.hex().into()),
                ("subject_sha256", verdict.subject.digest.hex().into()),
            ],
        );
        for (i, (record, name)) in verdict.rules.iter().zip(names(verdict)).enumerate() {
            let (ok, directive) = match Standing::of(record) {
                Standing::Holds => ("ok", String::new()),
                Standing::Blocks => ("not ok", String::new()),
                Standing::Warns => ("not ok", " # TODO a warning, does not block".to_owned()),
                Standing::Informs => ("not ok", " # TODO for information".to_owned()),
                Standing::Waived => ("not ok", format!(" # TODO {}", waived(record))),
                Standing::Skipped => ("ok", format!(" # SKIP {}", escape(&plain(&record.reason, 80)))),
            };
            out.push_str(&format!("{ok} {} - {}{directive}\n", i + 2, escape(&name)));
            diagnostics(
                &mut out,
                &[
                    ("status", record.status.as_str().into()),
                    ("severity", record.severity.as_str().into()),
                    ("reason", plain(&record.reason, 80).into()),
                    ("message", message(record, shared::MESSAGE).into()),
                    ("at", format!("{}:{}", plain(&record.span.file, 1_000), record.span.line).into()),
                ],
            );
        }
        Ok(out.into_bytes())
    }
}

fn waived(record: &RuleRecord) -> String {
    match record.waiver.as_deref() {
        Some(waiver) => escape(&format!("waived by {}", short(waiver, 100))),
        None => "waived".to_owned(),
    }
}

/// A description or a reason: `#` begins a directive, `\` escapes. Readers of older versions know no
/// escapes: before what they would take for a directive `#` is shown as its number, or a name could
/// turn its failure into a skipped test.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (i, c) in text.char_indices() {
        match c {
            '\\' => out.push_str("\\\\"),
            '#' => {
                let rest = text.get(i + 1..).unwrap_or_default().trim_start();
                let word: String = rest.chars().take(4).collect();
                let directive = ["skip", "todo"].iter().any(|d| word.eq_ignore_ascii_case(d));
                out.push_str(if directive { "\\\\u{23}" } else { "\\#" });
            }
            c => out.push(c),
        }
    }
    out
}

fn diagnostics(out: &mut String, values: &[(&str, Value)]) {
    out.push_str("  ---\n");
    for (key, value) in values {
        out.push_str(&format!("  {key}: {value}\n"));
    }
    out.push_str("  ...\n");
}
