//! `presscheck policy lint`: rules that cannot fail, cannot pass or can be starved, and parts that match nothing.

use super::super::args::{Format, Global, PolicyLint};
use super::super::beside::Beside;
use super::super::exit;
use super::super::project::moment;
use super::super::records::RecordFiles;
use super::super::terminal::Terminal;
use super::super::tree::Tree;
use crate::diag::{Severity, count};
use crate::gate::policy::lint;

pub(super) fn run(global: &Global, options: &PolicyLint, terminal: &mut Terminal) -> u8 {
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
    let registry = terminal.reading(|| project.registry(clock.0));
    let beside = Beside::read(&policy, &Tree::Folder(project.folder.clone()), &project.folder);
    let records = RecordFiles::new(&project.folder, &registry);
    let found = lint(&policy, &beside.inputs(&registry, &records, clock));
    let warnings = found.iter().filter(|p| p.severity != Severity::Note).count();
    match options.format {
        Format::Json => {
            let mut json = serde_json::to_vec_pretty(&found).unwrap_or_default();
            json.push(b'\n');
            terminal.print(&json);
        }
        Format::Text => {
            terminal.diagnostics(&found);
            let notes = match found.len() - warnings {
                0 => String::new(),
                n => format!(", {}", count(n, "note")),
            };
            terminal.say(&format!(
                "{} checked: {}{notes}",
                count(policy.rules.len(), "rule"),
                count(warnings, "warning")
            ));
        }
    }
    if warnings == 0 { exit::PASS } else { exit::BLOCKED }
}
