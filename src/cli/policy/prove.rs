//! `presscheck policy prove`: change the evidence, and show that every blocking rule blocks.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::super::args::{Format, Global, PolicyProve};
use super::super::beside::Beside;
use super::super::exit;
use super::super::project::moment;
use super::super::records::RecordFiles;
use super::super::terminal::Terminal;
use super::super::tree::Tree;
use crate::diag::{count, visible};
use crate::gate::prove::{Nothing, Passed, Shown, prove};

/// Of changes that pass, so many are shown of one rule without `--verbose`.
const MOST: usize = 5;

pub(super) fn run(global: &Global, options: &PolicyProve, terminal: &mut Terminal) -> u8 {
    let clock = match moment(options.as_of.as_deref()) {
        Ok(clock) => clock,
        Err(problem) => {
            terminal.diagnostics(&[*problem]);
            return exit::USAGE;
        }
    };
    let (project, policy) = match super::load(global, terminal) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let stages = match super::stages(&policy, options.stage.as_deref(), terminal) {
        Ok(stages) => stages,
        Err(code) => return code,
    };
    let registry = terminal.reading(|| project.registry(clock.0));
    let beside = Beside::read(&policy, &Tree::Folder(project.folder.clone()), &project.folder);
    let records = RecordFiles::new(&project.folder, &registry);
    let shown = prove(&policy, &beside.inputs(&registry, &records, clock), &stages);
    match options.format {
        Format::Json => {
            let mut json = serde_json::to_vec_pretty(&shown).unwrap_or_default();
            json.push(b'\n');
            terminal.print(&json);
        }
        Format::Text => {
            let verbose = global.verbose > 0;
            terminal.print(text(&shown, terminal.colour(), verbose).as_bytes());
        }
    }
    if shown.is_empty() {
        terminal.complain("error: no rule blocks at any stage: there is nothing to prove");
        exit::NOTHING
    } else if shown.iter().all(Shown::holds) {
        exit::PASS
    } else {
        exit::BLOCKED
    }
}

fn text(shown: &[Shown], colour: bool, verbose: bool) -> String {
    let paint = |text: &str, code: &str| if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let w = &mut out;
    let width = shown.iter().map(|s| s.rule.chars().count()).max().unwrap_or(0).min(44);
    let mut stage = None;
    for one in shown {
        if stage != Some(&one.stage) {
            let before = if stage.is_some() { "\n" } else { "" };
            let _ = writeln!(w, "{before}{}", paint(&visible(&one.stage, 80), "1"));
            stage = Some(&one.stage);
        }
        let (word, code) = match (&one.nothing, one.holds()) {
            (Some(Nothing::AlreadyBlocks(_)), _) => ("blocks", "32"),
            (_, true) => ("proven", "32"),
            (_, false) => ("OPEN  ", "1;31"),
        };
        let rule = visible(&one.rule, 80);
        let of = match &one.version {
            Some(version) => format!("{}@{}", visible(&one.model, 80), visible(version, 80)),
            None => visible(&one.model, 80),
        };
        let says = match &one.nothing {
            Some(Nothing::AlreadyBlocks(why)) => format!("blocks every version as it is: {why}"),
            Some(Nothing::NoEvidence(why)) => format!("nothing shows that it blocks: {why}"),
            None => {
                let blocked = one.tried - one.passed.len() - one.excepted.len();
                format!("{blocked} of {} block", count(one.tried, "change"))
            }
        };
        let _ = writeln!(w, "  {} {rule:<width$}  {of}: {says}", paint(word, code));
        let limit = if verbose { usize::MAX } else { MOST };
        list(w, "passes when", &one.passed, limit);
        list(w, "by its own key passes when", &one.excepted, if verbose { usize::MAX } else { 1 });
    }
    let open: BTreeSet<&str> = shown.iter().filter(|s| !s.holds()).map(|s| s.rule.as_str()).collect();
    let tried: usize = shown.iter().map(|s| s.tried).sum();
    let passed: usize = shown.iter().map(|s| s.passed.len() + s.excepted.len()).sum();
    let rules: BTreeSet<&str> = shown.iter().map(|s| s.rule.as_str()).collect();
    let _ = match open.len() {
        0 => writeln!(
            w,
            "\n{}: {} of {} of the evidence block.",
            paint("Every blocking rule blocks", "1;32"),
            tried - passed,
            count(tried, "change")
        ),
        n => {
            let names: Vec<String> = open.iter().map(|id| visible(id, 80)).collect();
            let of = rules.len();
            let line = format!("{n} of {} can be passed with evidence that should not pass", count(of, "rule"));
            writeln!(w, "\n{}: {}.", paint(&line, "1;31"), names.join(", "))
        }
    };
    out
}

fn list(w: &mut String, how: &str, all: &[Passed], limit: usize) {
    for passed in all.iter().take(limit) {
        let _ = writeln!(w, "         {how} {}: {}", visible(&passed.change, 300), visible(&passed.said, 300));
        if !passed.help.is_empty() {
            let _ = writeln!(w, "           help: {}", passed.help);
        }
    }
    if all.len() > limit {
        let _ = writeln!(w, "         and {} more; --verbose shows them", all.len() - limit);
    }
}
