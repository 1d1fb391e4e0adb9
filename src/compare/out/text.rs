//! The comparison for a terminal.

use super::super::{Change, Comparison, Move, Piece, SectionChange};
use super::{CONFUSIONS, Options, SHOWN, confusion, drifted, evidence, headline, name, numbers, shown, tests};
use crate::diag::{count, visible};

/// Names longer than this stand on a line of their own.
const NAME_WIDTH: usize = 48;
/// Words of an unchanged stretch that are shown on each side of a change.
const AROUND: usize = 4;

/// The comparison for a terminal.
pub fn text(comparison: &Comparison<'_>, options: Options) -> String {
    let paint = |text: &str, colour: &str| {
        if options.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let side = |v: &crate::model::Version| visible(&v.selector(), 200);
    let title = format!("{} → {}", side(comparison.before.version), side(comparison.after.version));
    let mut out = format!("{}\n{}\n", paint(&title, "1"), headline(comparison));
    let (results, left) = shown(comparison, options);
    if !results.is_empty() {
        out.push_str("\nResults\n");
    }
    let names: Vec<String> = results.iter().map(|r| name(r)).collect();
    let width = names.iter().map(|n| n.chars().count()).filter(|w| *w <= NAME_WIDTH).max().unwrap_or(0);
    for (change, name) in results.iter().zip(&names) {
        let colour = match change.moved {
            Move::Worse | Move::Apart | Move::Gone => "31",
            Move::Better => "32",
            Move::Unclear | Move::Moved | Move::New => "33",
            Move::Same => "2",
        };
        let word = paint(&format!("{:<14}", change.moved.as_str()), colour);
        let found = numbers(change);
        let mut says = format!("{} → {}", found.before, found.after);
        for part in [found.difference, evidence(change)] {
            if !part.is_empty() {
                says.push_str(&format!("  {part}"));
            }
        }
        match name.chars().count() {
            n if n <= NAME_WIDTH => out.push_str(&format!("  {word} {name}{}  {says}\n", " ".repeat(width - n))),
            _ => out.push_str(&format!("  {word} {name}\n  {:<14} - {says}\n", "")),
        }
    }
    if left > 0 {
        out.push_str(&format!("  and {} of slices and classes; --all shows them\n", count(left, "more result")));
    }
    if let Some(tests) = tests(comparison) {
        out.push_str(&format!("  {}\n", paint(&tests, "2")));
    }
    if !comparison.confusions.is_empty() {
        out.push_str("\nConfusions, as shares of the true class\n");
        let limit = if options.all { usize::MAX } else { CONFUSIONS };
        for c in comparison.confusions.iter().take(limit) {
            out.push_str(&format!("  {}\n", confusion(c)));
        }
        more(&mut out, comparison.confusions.len().saturating_sub(limit));
    }
    let lists = [("Parameters", &comparison.params), ("Datasets", &comparison.datasets), ("Set-up", &comparison.setup)];
    for (title, changes) in lists {
        list(&mut out, title, changes, options);
    }
    if !comparison.drift.is_empty() {
        out.push_str("\nDrift, newest report of each\n");
        let limit = if options.all { usize::MAX } else { SHOWN };
        for c in comparison.drift.iter().take(limit) {
            out.push_str(&format!("  {}  {} → {}\n", visible(c.feature, 160), drifted(c.before), drifted(c.after)));
        }
        more(&mut out, comparison.drift.len().saturating_sub(limit));
    }
    if !comparison.card.is_empty() {
        out.push_str("\nCard\n");
    }
    for section in &comparison.card {
        out.push_str(&format!("  {}\n", visible(section.title, 160)));
        for line in words(section, &paint).lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
    out
}

fn list(out: &mut String, title: &str, changes: &[Change], options: Options) {
    if changes.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}\n"));
    let limit = if options.all { usize::MAX } else { SHOWN };
    for change in changes.iter().take(limit) {
        let show = |v: &Option<String>| v.clone().unwrap_or_else(|| "–".to_owned());
        out.push_str(&format!("  {}  {} → {}\n", change.name, show(&change.before), show(&change.after)));
    }
    more(out, changes.len().saturating_sub(limit));
}

fn more(out: &mut String, left: usize) {
    if left > 0 {
        out.push_str(&format!("  and {left} more; --all shows them\n"));
    }
}

/// The changed words with a few around them: `[-removed-]`, `{+added+}`.
fn words(section: &SectionChange<'_>, paint: &impl Fn(&str, &str) -> String) -> String {
    let last = section.pieces.len().saturating_sub(1);
    let mut out = String::new();
    for (i, piece) in section.pieces.iter().enumerate() {
        match piece {
            Piece::Same(text) => out.push_str(&safe(&around(text, i > 0, i < last))),
            Piece::Removed(text) => out.push_str(&paint(&format!("[-{}-]", safe(text)), "31")),
            Piece::Added(text) => out.push_str(&paint(&format!("{{+{}+}}", safe(text)), "32")),
        }
    }
    out
}

/// The ends of an unchanged stretch that touch a change.
fn around(text: &str, before: bool, after: bool) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let kept = AROUND * (usize::from(before) + usize::from(after));
    if words.len() <= kept {
        return text.to_owned();
    }
    let first = if before { words.iter().take(AROUND).copied().collect() } else { String::new() };
    let last = if after { words.get(words.len() - AROUND..).unwrap_or_default().concat() } else { String::new() };
    format!("{first}… {last}")
}

/// Text of a card on one line: what a terminal would act on is shown.
fn safe(text: &str) -> String {
    visible(&text.split('\n').collect::<Vec<_>>().join(" "), 20_000)
}
