//! The verdict as GitHub Actions workflow commands.
//!
//! In: a verdict. Out: annotations for standard output, and as separate functions the lines of
//! `GITHUB_OUTPUT` and the step summary. Every line begins with a command of ours and user text is
//! escaped inside it, so nothing from a metric's name can become a command.

use super::markdown::Markdown;
use super::{COMMENT_LIMIT, Context, Groups, SUMMARY_LIMIT, Writer, headline};
use crate::diag::visible;
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

    fn write(&self, verdict: &Verdict, _: &Context) -> Vec<u8> {
        let groups = Groups::of(verdict);
        let mut out = String::new();
        annotate(&mut out, "error", &groups.blocking);
        annotate(&mut out, "warning", &groups.warning);
        let level = if verdict.verdict.promotes() { "notice" } else { "error" };
        // The verdict itself is a notice, also when it is bad news about no rule in particular: the
        // errors above name what is wrong, and an error verdict has none of them.
        let level = if groups.blocking.is_empty() { level } else { "notice" };
        out.push_str(&format!(
            "::{level} title={}::{}\n",
            property(&format!("presscheck {}", headline(verdict.verdict))),
            data(&verdict.sentence)
        ));
        out.into_bytes()
    }
}

fn annotate(out: &mut String, level: &str, records: &[&RuleRecord]) {
    for record in records.iter().take(SHOWN) {
        let end = if record.span.end_line > record.span.line {
            format!(",endLine={}", record.span.end_line)
        } else {
            String::new()
        };
        out.push_str(&format!(
            "::{level} title={},file={},line={}{end}::{}\n",
            property(&record.name()),
            property(&record.span.file),
            record.span.line,
            data(&record.message)
        ));
    }
    if let Some(more) = records.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        out.push_str(&format!("::{level} title=presscheck::and {more} more; see the step summary\n"));
    }
}

/// A message: one line, and nothing that decodes to a second one.
fn data(text: &str) -> String {
    visible(text, 4_000).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value.
fn property(text: &str) -> String {
    data(&visible(text, 200)).replace(':', "%3A").replace(',', "%2C")
}

/// The Markdown for `GITHUB_STEP_SUMMARY`.
pub fn step_summary(verdict: &Verdict) -> Vec<u8> {
    Markdown.write(verdict, &Context { limit: SUMMARY_LIMIT, ..Context::default() })
}

/// The Markdown for a pull-request comment.
pub fn comment(verdict: &Verdict) -> Vec<u8> {
    Markdown.write(verdict, &Context { limit: COMMENT_LIMIT, ..Context::default() })
}

/// The lines for `GITHUB_OUTPUT`. The sentence is one line, so no delimiter can be forged.
pub fn outputs(verdict: &Verdict) -> String {
    format!(
        "verdict={}\nexit-code={}\npromotes={}\nsentence={}\n",
        verdict.verdict.as_str(),
        verdict.exit_code,
        verdict.verdict.promotes(),
        visible(&verdict.sentence, 4_000)
    )
}
