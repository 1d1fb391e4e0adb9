//! The comparison as GitHub-flavoured Markdown: a comment on a pull request.

use super::super::{Change, Comparison, Piece, SectionChange};
use super::{CONFUSIONS, Options, SHOWN, confusion, drifted, evidence, headline, name, numbers, shown, tests};
use crate::diag::count;
use crate::gate::out::markdown::escape;

/// Characters of a changed piece of a card.
const PIECE: usize = 600;

/// The comparison as Markdown.
pub fn markdown(comparison: &Comparison<'_>, options: Options) -> String {
    let side = |v: &crate::model::Version| escape(&v.selector(), 200);
    let mut out = format!(
        "### {} → {}\n\n{}\n",
        side(comparison.before.version),
        side(comparison.after.version),
        headline(comparison)
    );
    let (results, left) = shown(comparison, options);
    if !results.is_empty() {
        out.push_str("\n| Result | Before | After | Difference | | Evidence |\n|---|--:|--:|--:|---|---|\n");
    }
    for change in results {
        let found = numbers(change);
        let cells = [
            escape(&name(change), 600),
            found.before,
            found.after,
            found.difference,
            change.moved.as_str().to_owned(),
            escape(&evidence(change), 600),
        ];
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if left > 0 {
        out.push_str(&format!("\n{} of slices and classes left out.\n", count(left, "result")));
    }
    if let Some(tests) = tests(comparison) {
        out.push_str(&format!("\n<sub>{tests}</sub>\n"));
    }
    if !comparison.confusions.is_empty() {
        let limit = if options.all { usize::MAX } else { CONFUSIONS };
        out.push_str("\n#### Confusions, as shares of the true class\n\n");
        for c in comparison.confusions.iter().take(limit) {
            out.push_str(&format!("- {}\n", escape(&confusion(c), 400)));
        }
        more(&mut out, comparison.confusions.len().saturating_sub(limit));
    }
    let lists = [("Parameters", &comparison.params), ("Datasets", &comparison.datasets), ("Set-up", &comparison.setup)];
    for (title, changes) in lists {
        list(&mut out, title, changes, options);
    }
    if !comparison.drift.is_empty() {
        let limit = if options.all { usize::MAX } else { SHOWN };
        out.push_str("\n#### Drift, newest report of each\n\n| Feature | Before | After |\n|---|---|---|\n");
        for c in comparison.drift.iter().take(limit) {
            let feature = escape(c.feature, 160);
            out.push_str(&format!("| {feature} | {} | {} |\n", drifted(c.before), drifted(c.after)));
        }
        more(&mut out, comparison.drift.len().saturating_sub(limit));
    }
    if !comparison.card.is_empty() {
        out.push_str("\n#### Card\n");
    }
    for section in &comparison.card {
        out.push_str(&format!("\n**{}**\n\n{}\n", escape(section.title, 160), words(section)));
    }
    out
}

fn list(out: &mut String, title: &str, changes: &[Change], options: Options) {
    if changes.is_empty() {
        return;
    }
    let limit = if options.all { usize::MAX } else { SHOWN };
    out.push_str(&format!("\n#### {title}\n\n| | Before | After |\n|---|---|---|\n"));
    for change in changes.iter().take(limit) {
        let show = |v: &Option<String>| v.as_deref().map_or_else(|| "–".to_owned(), |v| escape(v, 600));
        out.push_str(&format!(
            "| {} | {} | {} |\n",
            escape(&change.name, 300),
            show(&change.before),
            show(&change.after)
        ));
    }
    more(out, changes.len().saturating_sub(limit));
}

fn more(out: &mut String, left: usize) {
    if left > 0 {
        out.push_str(&format!("\nand {left} more.\n"));
    }
}

/// Removed words struck out, added ones bold, each on its own line with its neighbours left out.
fn words(section: &SectionChange<'_>) -> String {
    let mut out = String::new();
    for piece in &section.pieces {
        let (mark, text) = match piece {
            Piece::Same(_) => continue,
            Piece::Removed(text) => ("removed", text),
            Piece::Added(text) => ("added", text),
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            out.push_str(&format!("- {mark}: {}\n", escape(&text, PIECE)));
        }
    }
    if out.is_empty() { "- only spaces and line breaks changed\n".to_owned() } else { out }
}
