//! `presscheck export`: a version as one file, for mail and archives.

use super::args::{Export, Global};
use super::project::{Project, has_errors, moment, now};
use super::terminal::Terminal;
use super::{decisions, exit, preview};
use crate::diag::visible;
use crate::output;

pub(super) fn run(global: &Global, options: &Export, terminal: &mut Terminal) -> u8 {
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    let as_of = match options.as_of.as_deref().map(|t| moment(Some(t))).transpose() {
        Ok(as_of) => as_of.map(|(at, _)| at),
        Err(problem) => {
            terminal.diagnostics([&*problem]);
            return exit::USAGE;
        }
    };
    let mut registry = terminal.reading(|| project.registry(as_of.unwrap_or_else(now)));
    let history = decisions::read(&project, &mut registry);
    terminal.diagnostics(&registry.problems);
    let version = match registry.select(&options.selector) {
        Ok(version) => version,
        Err(error) => {
            terminal.complain(&format!("error: {}", visible(&error.to_string(), 1_000)));
            return exit::EVIDENCE;
        }
    };
    let bytes = match preview::single_file(&project, &registry, &history, as_of, version) {
        Ok(bytes) => bytes,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    match &options.output {
        Some(path) => {
            // Relative to the project, as every path that is typed beside -C.
            let path = project.folder.join(path);
            if let Err(error) = output::write_file_atomic(&path, &bytes) {
                terminal.complain(&format!("error: {error}"));
                return exit::USAGE;
            }
            let size = bytes.len().div_ceil(1000);
            terminal.say(&format!("{} → {} ({size} kB)", visible(&version.selector(), 200), path.display()));
        }
        None => terminal.print(&bytes),
    }
    if has_errors(&registry) { exit::EVIDENCE } else { exit::PASS }
}
