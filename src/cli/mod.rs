//! The command line: wires the parts together and hands each its bytes, clock and options.
//!
//! One file per command. This is the only module that reads the clock, the environment and the
//! working directory, that prints, and that turns outcomes into exit codes; nobody uses it but
//! `main`.

mod approve;
mod args;
mod beside;
mod build;
mod cached;
mod check;
mod decisions;
mod diff;
mod drift;
pub mod exit;
mod explain;
mod export;
mod gate;
mod history;
mod import;
mod import_policy;
mod init;
mod inspect;
mod judge;
mod manual;
mod policy;
mod preview;
mod project;
mod ratchet;
mod records;
#[cfg(feature = "serve")]
mod serve;
mod signatures;
mod terminal;
mod theme;
mod tree;

use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use terminal::Terminal;

/// Runs the command line of this process and returns its exit code.
pub fn run() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::PASS };
            // Nothing can be done about a closed pipe here.
            let _ = error.print();
            return code;
        }
    };
    // A panic is a bug in presscheck; it must never look like a pass.
    catch_unwind(AssertUnwindSafe(|| dispatch(cli))).unwrap_or(exit::INTERNAL)
}

fn dispatch(cli: Cli) -> u8 {
    let mut terminal = Terminal::new(&cli.global);
    let global = cli.global;
    let code = match cli.command {
        Command::Init => init::run(&global, &mut terminal),
        Command::Build(options) => build::run(&global, &options, &mut terminal),
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve::run(&global, &options, &mut terminal),
        Command::Ratchet(command) => ratchet::run(&global, &command, &mut terminal),
        Command::Policy(command) => policy::run(&global, &command, &mut terminal),
        Command::Gate(options) => gate::run(&global, &options, &mut terminal),
        Command::Approve(options) => approve::approve(&global, &options, &mut terminal),
        Command::Reject(options) => approve::reject(&global, &options, &mut terminal),
        Command::Check(options) => check::run(&global, &options, &mut terminal),
        Command::Inspect(options) => inspect::run(&global, &options, &mut terminal),
        Command::Import(options) => import::run(&global, &options, &mut terminal),
        Command::ImportPolicy(options) => import_policy::run(&global, &options, &mut terminal),
        Command::Diff(options) => diff::run(&global, &options, &mut terminal),
        Command::Export(options) => export::run(&global, &options, &mut terminal),
        Command::Theme(command) => theme::run(&global, &command, &mut terminal),
        Command::Drift(options) => drift::run(&global, &options, &mut terminal),
        Command::Explain { code } => explain::run(code.as_deref(), &mut terminal),
        Command::Completions { shell } => manual::completions(shell, Cli::command(), &mut terminal),
        Command::Man => manual::page(Cli::command(), &mut terminal),
    };
    // A report that could not be printed in full is no pass.
    if terminal.broken() && code == exit::PASS { exit::EVIDENCE } else { code }
}
