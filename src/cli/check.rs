//! `presscheck check`: configuration, policy and inputs, without a verdict.

use super::args::{Check, Format, Global};
use super::exit;
use super::project::{Project, has_errors, now};
use super::terminal::Terminal;
use crate::diag::{Diagnostic, Severity, count};

pub(super) fn run(global: &Global, options: &Check, terminal: &mut Terminal) -> u8 {
    let (problems, code): (Vec<Diagnostic>, u8) = match Project::load(global) {
        Err(problems) => (problems, exit::USAGE),
        Ok(project) => {
            let registry = terminal.reading(|| project.registry(now()));
            let code = if has_errors(&registry) { exit::EVIDENCE } else { exit::PASS };
            (registry.problems, code)
        }
    };
    match options.format {
        Format::Json => {
            let mut json = serde_json::to_vec_pretty(&problems).unwrap_or_default();
            json.push(b'\n');
            terminal.print(&json);
        }
        Format::Text => {
            terminal.diagnostics(&problems);
            let of = |severity| problems.iter().filter(|p| p.severity == severity).count();
            let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
            terminal.say(&format!("{}, {}", count(errors, "error"), count(warnings, "warning")));
        }
    }
    code
}
