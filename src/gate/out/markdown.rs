//! The verdict as Markdown: a step summary, a pull-request comment, an issue.
//!
//! In: a verdict and a size. Out: GitHub-flavoured Markdown that begins with a marker by which a
//! comment is found again and updated. Sections that do not fit are dropped whole, the least
//! important first, and their absence is said; half a table would be read as the whole. `markdown`
//! fits a comment, `summary` the larger page of a job.

use super::shared::{self, Groups, headline, plain};
use super::{COMMENT_LIMIT, Context, Limit, Refused, SUMMARY_LIMIT, Writer, words};
use crate::diag::count;
use crate::gate::provenance::Provenance;
use crate::gate::verdict::{Outcome, RuleRecord, Verdict};

/// The format `markdown`.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

/// The format `summary`.
#[derive(Clone, Copy, Debug)]
pub struct Summary;

impl Writer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn about(&self) -> &'static str {
        "a comment on a pull or merge request, up to 65,000 characters"
    }

    fn write(&self, verdict: &Verdict, context: &Context) -> Result<Vec<u8>, Refused> {
        Ok(render(verdict, context.limit.unwrap_or(COMMENT_LIMIT)).into_bytes())
    }
}

impl Writer for Summary {
    fn name(&self) -> &'static str {
        "summary"
    }

    fn about(&self) -> &'static str {
        "the same for a job's page, up to 900 KiB"
    }

    fn write(&self, verdict: &Verdict, context: &Context) -> Result<Vec<u8>, Refused> {
        Ok(render(verdict, context.limit.unwrap_or(SUMMARY_LIMIT)).into_bytes())
    }
}

/// Approvals, and signatures of each, that are listed.
const SIGNATURES: usize = 8;

/// The report, as much of it as fits.
pub(super) fn render(verdict: &Verdict, limit: Limit) -> String {
    let sign = match verdict.verdict {
        Outcome::Pass => "✅",
        Outcome::PassWithWarnings | Outcome::PassWithWaivers => "⚠️",
        Outcome::Pending => "⏳",
        Outcome::Blocked | Outcome::Error => "⛔",
    };
    let mut out = format!(
        "{}\n## {sign} {} – {}\n\n{}\n",
        marker(verdict),
        headline(verdict.verdict),
        escape(&verdict.subject.name, 200),
        escape(&verdict.sentence, 4_000)
    );
    let footer = format!(
        "\n<sub>{} · stage {} · policy {} <code>{}</code> · evidence <code>{}</code> · {} · presscheck {}{}</sub>\n",
        escape(&words::counts(&verdict.counts), 200),
        escape(&verdict.stage, 80),
        escape(&verdict.policy.name, 80),
        verdict.policy.digest.short(),
        verdict.subject.digest.short(),
        verdict.evaluated_at,
        escape(&verdict.tool.version, 40),
        verdict.provenance.as_ref().map_or_else(String::new, provenance)
    );
    if let Some(proposed) = &verdict.proposed {
        let judge = verdict.policy.trusted_ref.as_deref().unwrap_or("the trusted ref");
        out.push_str(&format!(
            "\n**This change edits the policy.** The one of {} judged; the proposed one would say: {}\n\n",
            escape(judge, 120),
            escape(&proposed.sentence, 1_000)
        ));
        for change in proposed.changes.iter().take(20) {
            out.push_str(&format!("- {}\n", escape(change, 600)));
        }
        if let more @ 1.. = proposed.changes.len().saturating_sub(20) {
            out.push_str(&format!("- and {}\n", count(more, "more change")));
        }
    }
    out.push_str(&approvals(verdict));
    let groups = Groups::of(verdict);
    let sections = [
        ("Blocking", &groups.blocking, true),
        ("Warnings", &groups.warning, true),
        ("Not decided or for information", &groups.other, false),
        ("Holding", &groups.holding, false),
    ];
    // Room is kept for the footer and for one line per section that says it was left out.
    let mut used = limit.size(&out) + limit.size(&footer) + sections.len() * 120;
    for (title, records, open) in sections {
        if records.is_empty() {
            continue;
        }
        let section = section(title, records, open);
        let size = limit.size(&section);
        if used + size <= limit.most() {
            used += size;
            out.push_str(&section);
        } else {
            out.push_str(&format!(
                "\n**{title}**: {}, left out here for their size.\n",
                count(records.len(), "record")
            ));
        }
    }
    out.push_str(&footer);
    out
}

/// The comment's first line; nothing in it can end the HTML comment early.
pub fn marker(verdict: &Verdict) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(100)
            .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '/') { c } else { '-' })
            .collect::<String>()
            .replace("--", "-_")
    };
    format!("<!-- presscheck:{}:{} -->", plain(&verdict.subject.model), plain(&verdict.stage))
}

/// Where the gate ran. The address was made of plain characters only; all else is escaped.
fn provenance(found: &Provenance) -> String {
    let link = found.run_url.as_deref().map_or_else(String::new, |url| format!(" ([run]({url}))"));
    format!(" · {}{link}", escape(&found.sentence(), 1_000))
}

/// Who has signed and who has not. What is too much for a comment is counted.
fn approvals(verdict: &Verdict) -> String {
    let mut out = String::new();
    for approval in verdict.approvals.iter().take(SIGNATURES) {
        out.push_str(&format!("\n**Approval {}**\n\n", escape(&words::seats(approval), 300)));
        let said = words::signatures(approval);
        for (word, says) in said.iter().take(SIGNATURES) {
            out.push_str(&format!("- {word}: {}\n", escape(says, 600)));
        }
        if let more @ 1.. = said.len().saturating_sub(SIGNATURES) {
            out.push_str(&format!("- and {more} more\n"));
        }
    }
    if let more @ 1.. = verdict.approvals.len().saturating_sub(SIGNATURES) {
        out.push_str(&format!("\nAnd {}.\n", count(more, "more approval")));
    }
    out
}

fn section(title: &str, records: &[&RuleRecord], open: bool) -> String {
    let mut out = String::new();
    if open {
        out.push_str(&format!("\n### {title}\n\n"));
    } else {
        out.push_str(&format!("\n<details><summary>{title} ({})</summary>\n\n", records.len()));
    }
    out.push_str("| status | rule | what it says | policy |\n|---|---|---|---|\n");
    for record in records {
        let why = record.why.as_deref().map_or_else(String::new, |w| format!(" – {}", escape(w, 300)));
        out.push_str(&format!(
            "| {} | {} | {}{why} | {}:{} |\n",
            record.status.as_str(),
            escape(&record.name(), 200),
            escape(&shared::message(record, 2_000), 2_200),
            escape(&record.span.file, 200),
            record.span.line
        ));
    }
    if !open {
        out.push_str("\n</details>\n");
    }
    out
}

/// User text inside Markdown: no HTML, no markup, no table cell, no link, no mention, one line.
pub fn escape(text: &str, limit: usize) -> String {
    let text = plain(text, limit);
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside_word = before.is_alphanumeric() && chars.peek().is_some_and(|n| n.is_alphanumeric());
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            // After the entity the scheme is no link any more, for GitHub's autolinks as well.
            // Nor can `::` begin a command of the runner, should the report be printed.
            ':' if matches!(chars.peek(), Some('/' | ':')) => out.push_str("&#58;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            // A word joiner keeps the name behind it from being notified.
            '@' => out.push_str("@\u{2060}"),
            '_' if inside_word => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '~' | '!' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}
