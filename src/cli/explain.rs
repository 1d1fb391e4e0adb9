//! `presscheck explain`: what a diagnostic code, a rule's status or an exit code means.
//!
//! In: a name. Out: the core of its page below `docs/`, which is part of the program, as text for a terminal.

use std::fmt::Write;

use super::exit;
use super::terminal::Terminal;
use crate::diag::{Code, Severity, visible};

/// The page of all codes.
const CODES: &str = include_str!("../../docs/codes.md");

macro_rules! pages {
    ($folder:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../docs/gate/", $folder, "/", $name, ".md")))),*]
    };
}

/// The pages of statuses.
const STATUSES: &[(&str, &str)] =
    pages!("status": "pass", "fail", "invalid", "inconclusive", "waived", "warn", "skipped");

/// The pages of exit codes.
const EXITS: &[(&str, &str)] = pages!("exit": "0", "1", "2", "3", "4", "5", "10", "70");

/// Columns of a line of prose.
const WIDTH: usize = 92;

pub(super) fn run(name: Option<&str>, terminal: &mut Terminal) -> u8 {
    let Some(name) = name else {
        terminal.print(list().as_bytes());
        return exit::PASS;
    };
    let colour = terminal.colour();
    let code = Code::from_name(name).map(|code| of_code(code, colour));
    let status = || page(STATUSES, name).map(|text| of_page(text, colour));
    let number = name.strip_prefix("exit-").unwrap_or(name);
    let exits = || page(EXITS, number).map(|text| of_page(text, colour));
    match code.or_else(status).or_else(exits) {
        Some(text) => {
            terminal.print(text.as_bytes());
            exit::PASS
        }
        None => {
            let near = names().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
            let help = near.filter(|(d, _)| *d <= 6).map_or(String::new(), |(_, n)| format!("; did you mean '{n}'?"));
            terminal.complain(&format!("error: there is no code '{}'{help}", visible(name, 60)));
            exit::USAGE
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|c| c.as_str()).chain(STATUSES.iter().map(|(name, _)| *name))
}

fn list() -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for code in Code::ALL {
        let _ = writeln!(out, "{:<24} {:<8} {}", code.as_str(), code.severity(), code.about());
    }
    let statuses: Vec<&str> = STATUSES.iter().map(|(name, _)| *name).collect();
    let exits: Vec<String> = EXITS.iter().map(|(name, _)| format!("exit-{name}")).collect();
    let _ = writeln!(out, "\nStatuses of rules: {}\nExit codes: {}", statuses.join(", "), exits.join(", "));
    out
}

fn page(pages: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    pages.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn of_code(code: Code, colour: bool) -> String {
    let mut out = String::new();
    let strong = |text: &str| if colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let _ = writeln!(out, "{} ({})\n\n  {}.\n", strong(code.as_str()), code.severity(), code.about());
    out.push_str(&plain(section(code).unwrap_or_default()));
    let _ = writeln!(out, "\n{}", wrapped(effect(code)));
    out
}

/// The part of the page that speaks of a code.
fn section(code: Code) -> Option<&'static str> {
    let (_, after) = CODES.split_once(&format!("\n## {}\n", code.as_str()))?;
    Some(after.split("\n## ").next().unwrap_or(after).trim())
}

/// What a finding does to exit codes and verdicts.
fn effect(code: Code) -> &'static str {
    let name = code.as_str();
    let begins = |words: &[&str]| words.iter().any(|w| name.starts_with(w));
    match code.severity() {
        _ if begins(&["lint-"]) => "Effect: policy lint ends with 1; no verdict changes.",
        _ if name == "policy-import" => "Effect: import-policy ends with 3, or with 2 when nothing is left.",
        _ if name == "policy-nothing-blocks" => "Effect: the gate ends with 5 at that stage.",
        _ if name == "ledger-broken" => {
            "Effect: the gate ends with 3 for every version; build ends with 3 after it has written the site."
        }
        _ if matches!(name, "verdict-file" | "decision-orphan") => {
            "Effect: none; no verdict rests on it, and it is told on the problems page."
        }
        Severity::Error if begins(&["config-", "policy-", "trusted-"]) => "Effect: exit code 2; nothing is judged.",
        _ if begins(&["output-", "link-", "template-"]) => {
            "Effect: the command fails; a site that was there before stays as it was."
        }
        Severity::Error => {
            "Effect: build, check and inspect end with 3 after they have done the rest; the gate blocks versions with \
             this file in one of their folders."
        }
        Severity::Warning => {
            "Effect: no exit code changes by itself; rules that rest on what was left out do not pass."
        }
        Severity::Note => "Effect: none; it is told with --verbose and on the problems page.",
    }
}

/// A page without its example.
fn of_page(text: &str, colour: bool) -> String {
    let core = text.split("\n## Example").next().unwrap_or(text);
    let (title, rest) = core.split_once('\n').unwrap_or((core, ""));
    let title = plain(title.trim_start_matches('#').trim());
    let title = if colour { format!("\x1b[1m{}\x1b[0m\n", title.trim_end()) } else { title };
    format!("{title}\n{}", plain(rest.trim()))
}

/// Paragraphs of Markdown as text: marks of emphasis and code are dropped, of links the text stays.
fn plain(markdown: &str) -> String {
    let mut out = String::new();
    for paragraph in markdown.split("\n\n") {
        let mut text = paragraph.replace("**", "").replace('`', "");
        while let Some((before, rest)) = text.split_once('[') {
            let Some((shown, after)) = rest.split_once("](") else { break };
            let after = after.split_once(')').map_or("", |(_, after)| after);
            text = format!("{before}{shown}{after}");
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&wrapped(&text));
        out.push('\n');
    }
    out
}

/// Lines of at most [`WIDTH`] columns.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
