//! The verdict for a terminal: the sentence first, then a table, blockers on top.
//!
//! In: a verdict. Out: text, coloured when asked. Every line begins with our own words, and control
//! characters, escape sequences and bidirectional overrides of user text are shown, not sent.

use super::shared::{self, Groups, Standing, headline};
use super::{Context, Refused, Writer, words};
use crate::diag::count;
use crate::gate::verdict::{Outcome, RuleRecord, Verdict};

/// The format `human`.
#[derive(Clone, Copy, Debug)]
pub struct Human;

/// Changes of a proposed policy beyond these are counted.
const SHOWN_CHANGES: usize = 20;

/// Names longer than this stand on a line of their own.
const NAME_WIDTH: usize = 44;

impl Writer for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn about(&self) -> &'static str {
        "a terminal"
    }

    fn write(&self, verdict: &Verdict, context: &Context) -> Result<Vec<u8>, Refused> {
        let paint = |text: &str, colour: &str| {
            if context.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
        };
        let mut out = String::new();
        let line = |out: &mut String, text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        let colour = match verdict.verdict {
            Outcome::Pass => "1;32",
            Outcome::PassWithWarnings | Outcome::PassWithWaivers | Outcome::Pending => "1;33",
            Outcome::Blocked | Outcome::Error => "1;31",
        };
        let headline = paint(&headline(verdict.verdict), colour);
        line(&mut out, &format!("{headline}  {}", visible(&verdict.sentence, 4_000)));
        let groups = Groups::of(verdict);
        let shown: Vec<&RuleRecord> = [&groups.blocking, &groups.warning, &groups.other]
            .into_iter()
            .chain((!context.brief).then_some(&groups.holding))
            .flatten()
            .copied()
            .collect();
        if !shown.is_empty() {
            out.push('\n');
        }
        let names: Vec<String> = shown.iter().map(|r| visible(&r.name(), 200)).collect();
        let width = names.iter().map(|n| n.chars().count()).filter(|w| *w <= NAME_WIDTH).max().unwrap_or(0);
        for (record, name) in shown.iter().zip(&names) {
            let (word, colour) = word(record);
            let word = paint(&format!("{word:<12}"), colour);
            let message = inert(words::message(record, 2_000));
            if name.chars().count() <= NAME_WIDTH {
                let pad = " ".repeat(width - name.chars().count());
                line(&mut out, &format!("  {word} {name}{pad}  {message}"));
            } else {
                line(&mut out, &format!("  {word} {name}"));
                // A line of user text alone could be a command of a pipeline's runner.
                line(&mut out, &format!("  {:<12} - {message}", ""));
            }
            if record.blocks() || record.warns() {
                line(&mut out, &format!("  {:<12} {}", "", paint(&inert(words::place(record)), "2")));
            }
        }
        out.push('\n');
        if context.brief && !groups.holding.is_empty() {
            let n = groups.holding.len();
            line(&mut out, &format!("  and {} that {}", count(n, "record"), if n == 1 { "holds" } else { "hold" }));
        }
        line(&mut out, &format!("  {}", words::counts(&verdict.counts)));
        for approval in &verdict.approvals {
            line(&mut out, &format!("  approval {}", inert(words::seats(approval))));
            for (word, says) in words::signatures(approval) {
                line(&mut out, &format!("    - {word}: {}", inert(says)));
            }
        }
        if let Some(proposed) = &verdict.proposed {
            let judge = words::judged_by(verdict.policy.trusted_ref.as_deref());
            line(&mut out, &format!("  {}:", inert(judge)));
            for change in proposed.changes.iter().take(SHOWN_CHANGES) {
                line(&mut out, &format!("    - {}", visible(change, 600)));
            }
            if let more @ 1.. = proposed.changes.len().saturating_sub(SHOWN_CHANGES) {
                line(&mut out, &format!("    - and {}", count(more, "more change")));
            }
            line(&mut out, &format!("  {}", inert(words::dry_run(proposed))));
        }
        let clock = match words::clock(verdict.clock) {
            "" => String::new(),
            clock => format!(" ({clock})"),
        };
        line(
            &mut out,
            &format!(
                "  policy {} {}, evidence {}, {}{clock}",
                visible(&verdict.policy.name, 80),
                verdict.policy.digest.short(),
                verdict.subject.digest.short(),
                verdict.evaluated_at
            ),
        );
        Ok(out.into_bytes())
    }
}

/// User text in a line of ours. `##[…]` and `##vso[…]` are commands of pipelines wherever they stand.
fn visible(text: &str, limit: usize) -> String {
    inert(shared::plain(text, limit))
}

/// The same, for text of one line that shows what is not printed.
fn inert(text: String) -> String {
    if text.contains("##") { text.replace("##", "#\\u{23}") } else { text }
}

/// The word that opens a record's line, and its colour.
fn word(record: &RuleRecord) -> (&'static str, &'static str) {
    match Standing::of(record) {
        Standing::Holds => ("pass", "32"),
        Standing::Blocks => (record.status.as_str(), "31"),
        Standing::Warns => ("warn", "33"),
        Standing::Informs => ("info", "36"),
        Standing::Waived => ("waived", "33"),
        Standing::Skipped => ("skipped", "36"),
    }
}
