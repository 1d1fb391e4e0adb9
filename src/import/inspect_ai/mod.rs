//! Inspect AI: evaluation logs as `.json` and as `.eval` archives, log versions 1 to 3.
//!
//! In: a file (`inspect_ai.log.EvalLog`). Out: a run with the scores as results. An archive is read
//! member by member, only as far as the log's header goes ([`archive`]); samples are never read.
//! A log without a header is one that was still being written, or was cut off.

mod archive;
mod log;

use super::{Content, DocumentImporter, facts::Facts, facts::text, json, layout};
use crate::diag::{Code, Severity};
use crate::model::{Datum, Document, RunStatus};
use crate::source::FileData;

/// Inspect AI logs.
pub(crate) struct InspectAi;

impl DocumentImporter for InspectAi {
    fn kind(&self) -> &'static str {
        "inspect-ai"
    }

    fn wants(&self, name: &str) -> bool {
        layout::is_textual(name) || name.ends_with(".eval")
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if content.ends_in(&["eval"]) {
            return archive::is_log(&content.file.bytes);
        }
        content.json().is_some_and(is_log)
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let path = content.file.path.as_str();
        if content.ends_in(&["eval"]) {
            return read_archive(content.file);
        }
        let mut facts = Facts::new(path);
        if let Some(value) = content.json() {
            log::read(value, &mut facts);
        }
        finish(facts)
    }
}

/// Whether a JSON value is a log.
fn is_log(value: &Datum) -> bool {
    let specified = value.get("eval").is_some_and(|e| text(e, "task").is_some() && e.get("model").is_some());
    specified && ["status", "plan", "results", "stats", "samples", "version"].iter().any(|k| value.get(k).is_some())
}

fn finish(facts: Facts<'_>) -> Document {
    let mut document = facts.finish();
    document.standalone = true;
    document
}

fn read_archive(file: &FileData) -> Document {
    let found = archive::open(&file.bytes);
    let (member, bytes) = match (found.header, found.start) {
        (Some(bytes), _) => (archive::HEADER, Some(bytes)),
        (None, Some(bytes)) => (archive::START, Some(bytes)),
        (None, None) => (archive::HEADER, None),
    };
    let mut facts = Facts::member(&file.path, member);
    for broken in &found.broken {
        let help = "was the file written completely? what could be read is kept";
        facts.report(Code::FileUnreadable, Severity::Error, format!("the archive is damaged: {broken}"), "", help);
    }
    let parsed = bytes.map(|bytes| json::parse(&FileData::from_bytes(format!("{}!{member}", file.path), bytes)));
    match parsed {
        Some(Ok(parsed)) if is_log(&parsed.value) => {
            facts.document.problems.extend(parsed.duplicate_problems(&file.path));
            log::read(&parsed.value, &mut facts);
            if member == archive::START {
                facts.document.run.status = RunStatus::Running;
                let text = "the log has no header.json: the evaluation is running or was cut off".to_owned();
                facts.report(
                    Code::FieldMissing,
                    Severity::Warning,
                    text,
                    "",
                    "read it again when the evaluation has ended",
                );
            }
        }
        Some(Err(problem)) => facts.document.problems.push(*problem),
        _ => {
            let text = format!("the archive holds neither a readable {} nor {}", archive::HEADER, archive::START);
            facts.report(Code::FileUnreadable, Severity::Error, text, "", "is it an Inspect AI log?");
        }
    }
    finish(facts)
}
