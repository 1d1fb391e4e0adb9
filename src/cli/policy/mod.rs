//! `presscheck policy`: look at a policy, look for what it does not mean, and prove that it blocks.

mod lint;
mod prove;
mod show;

use super::args::{Global, Policy as Command};
use super::exit;
use super::project::Project;
use super::terminal::Terminal;
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::policy::Policy;

pub(super) fn run(global: &Global, command: &Command, terminal: &mut Terminal) -> u8 {
    match command {
        Command::Lint(options) => lint::run(global, options, terminal),
        Command::Show(options) => show::run(global, options, terminal),
        Command::Prove(options) => prove::run(global, options, terminal),
    }
}

/// A project with a policy; else what is to be printed, and the exit code.
fn load(global: &Global, terminal: &Terminal) -> Result<(Project, Policy), u8> {
    let project = Project::load(global).map_err(|problems| {
        terminal.diagnostics(&problems);
        exit::USAGE
    })?;
    match project.config.policy.clone() {
        Some(policy) => Ok((project, policy)),
        None => {
            let problem =
                Diagnostic::new(Code::PolicyNothingBlocks, "there is no policy: presscheck.toml has no [[rule]]")
                    .help("add a [[rule]]; `presscheck init` writes an example");
            terminal.diagnostics(&[problem]);
            Err(exit::NOTHING)
        }
    }
}

/// The stages that were asked for: one, or all.
fn stages<'p>(policy: &'p Policy, wanted: Option<&str>, terminal: &Terminal) -> Result<Vec<&'p str>, u8> {
    let all: Vec<&str> = policy.stages().collect();
    let Some(wanted) = wanted else { return Ok(all) };
    match all.iter().find(|s| **s == wanted) {
        Some(stage) => Ok(vec![stage]),
        None => {
            let message = format!("the policy has no stage '{}'", visible(wanted, 60));
            let problem = Diagnostic::new(Code::PolicyUnknownReference, message)
                .help(format!("stages: {}", visible(&all.join(", "), 400)));
            terminal.diagnostics(&[problem]);
            Err(exit::USAGE)
        }
    }
}
