//! `presscheck completions` and `presscheck man`: generated from the command line's definition.

use super::exit;
use super::terminal::Terminal;

pub(super) fn completions(shell: clap_complete::Shell, mut command: clap::Command, terminal: &mut Terminal) -> u8 {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command, "presscheck", &mut out);
    terminal.print(&out);
    exit::PASS
}

pub(super) fn page(command: clap::Command, terminal: &mut Terminal) -> u8 {
    let mut out = Vec::new();
    if clap_mangen::Man::new(command).render(&mut out).is_err() {
        return exit::INTERNAL;
    }
    terminal.print(&out);
    exit::PASS
}
