//! `presscheck import-policy`: another tool's thresholds as a policy to start from.

use super::args::{Global, ImportPolicy};
use super::exit;
use super::terminal::Terminal;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::{output, source, thresholds};

pub(super) fn run(global: &Global, options: &ImportPolicy, terminal: &mut Terminal) -> u8 {
    let path = global.directory.join(&options.file);
    let translated = source::read_file(&path, &options.file.display().to_string())
        .map_err(|problem| vec![*problem])
        .and_then(|file| thresholds::translate(&file, options.kind.as_deref()));
    let translation = match translated {
        Ok(translation) => translation,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    // A policy that the gate would refuse must not be handed out.
    if let Err(problems) = translation.check() {
        terminal.diagnostics(&problems);
        terminal.complain("error: the policy that was made is refused; this is a fault of presscheck");
        return exit::INTERNAL;
    }
    terminal.diagnostics(&translation.left);
    match &options.output {
        None => terminal.print(translation.text.as_bytes()),
        Some(out) => {
            let to = global.directory.join(out);
            match output::create(&to, translation.text.as_bytes()) {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("'{}' is there already", visible(&out.display().to_string(), 200));
                    let problem = Diagnostic::new(Code::ConfigValue, message)
                        .help("a policy is never overwritten: choose another name");
                    terminal.diagnostics(&[problem]);
                    return exit::USAGE;
                }
                Err(error) => {
                    terminal.complain(&format!("error: {error}"));
                    return exit::USAGE;
                }
            }
        }
    }
    let demands = translation.left.iter().filter(|p| p.severity != Severity::Note).count();
    let left = match demands {
        0 => "nothing was left out".to_owned(),
        n => format!("{} not translated", count(n, "demand")),
    };
    terminal.say(&format!("{} of {}; {left}", count(translation.rules, "rule"), translation.kind));
    if demands == 0 { exit::PASS } else { exit::EVIDENCE }
}
