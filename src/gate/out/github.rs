//! The verdict as GitHub Actions workflow commands.
//!
//! In: a verdict. Out: annotations for standard output, and as separate functions the lines of
//! `GITHUB_OUTPUT` and the step summary. Every line begins with a command of ours and user text is
//! escaped inside it, so nothing from a metric's name can become a command.

use super::shared::{self, Groups, Standing, headline, plain, short};
use super::{Context, Limit, Refused, SUMMARY_LIMIT, Writer, markdown};
use crate::gate::verdict::{RuleRecord, Verdict};

/// The format `github`.
#[derive(Clone, Copy, Debug)]
pub struct Github;

/// GitHub shows 10 annotations per level and step; the tenth says how many there are.
const SHOWN: usize = 9;

impl Writer for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "GitHub Actions: annotations, step summary, outputs"
    }

    fn repository_paths(&self) -> bool {
        true
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let groups = Groups::of(verdict);
        let waived: Vec<&RuleRecord> = verdict.rules.iter().filter(|r| Standing::of(r) == Standing::Waived).collect();
        let mut out = String::new();
        annotate(&mut out, "error", &groups.blocking, SHOWN);
        annotate(&mut out, "warning", &groups.warning, SHOWN);
        // The verdict is a notice itself.
        annotate(&mut out, "notice", &waived, SHOWN - 1);
        let level = if verdict.verdict.promotes() { "notice" } else { "error" };
        // The verdict itself is a notice, also when it is bad news about no rule in particular: the
        // errors above name what is wrong, and an error verdict has none of them.
        let level = if groups.blocking.is_empty() { level } else { "notice" };
        out.push_str(&format!(
            "::{level} title={}::{}\n",
            property(&format!("presscheck {}", headline(verdict.verdict)), shared::NAME),
            data(&verdict.sentence)
        ));
        Ok(out.into_bytes())
    }
}

fn annotate(out: &mut String, level: &str, records: &[&RuleRecord], shown: usize) {
    for record in records.iter().take(shown) {
        let line = record.span.line.max(1);
        let end =
            if record.span.end_line > line { format!(",endLine={}", record.span.end_line) } else { String::new() };
        out.push_str(&format!(
            "::{level} title={},file={},line={line}{end}::{}\n",
            property(&short(&record.name(), 200), 200),
            property(&shared::path(&record.span.file), 1_000),
            data(&shared::message(record, shared::MESSAGE))
        ));
    }
    if let Some(more) = records.len().checked_sub(shown).filter(|n| *n > 0) {
        out.push_str(&format!("::{level} title=presscheck::and {more} more; see the step summary\n"));
    }
}

/// A message: one line, and nothing that decodes to a second one.
fn data(text: &str) -> String {
    plain(text, shared::MESSAGE).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value.
fn property(text: &str, limit: usize) -> String {
    data(&plain(text, limit)).replace(':', "%3A").replace(',', "%2C")
}

/// The Markdown for `GITHUB_STEP_SUMMARY`, of which `used` bytes were written before in this step.
/// Nothing when hardly any room is left: a summary that is too large is lost whole.
pub fn step_summary(verdict: &Verdict, used: u64) -> Option<Vec<u8>> {
    let used = usize::try_from(used).unwrap_or(usize::MAX);
    let room = Limit::Bytes(SUMMARY_LIMIT.most().saturating_sub(used));
    let text = markdown::render(verdict, room);
    (room.size(&text) <= room.most()).then(|| text.into_bytes())
}

/// The lines for `GITHUB_OUTPUT`. Values are one line, so no delimiter can be forged.
pub fn outputs(verdict: &Verdict) -> String {
    format!(
        "verdict={}\nexit-code={}\npromotes={}\nsentence={}\nsubject-name={}\nsubject-digest=sha256:{}\n",
        verdict.verdict.as_str(),
        verdict.exit_code,
        verdict.verdict.promotes(),
        plain(&verdict.sentence, shared::MESSAGE),
        short(&verdict.subject.name, shared::NAME),
        verdict.subject.digest.hex(),
    )
}
