//! `presscheck explain`: what a diagnostic code means.

use std::fmt::Write;

use super::exit;
use super::terminal::Terminal;
use crate::diag::{Code, visible};

pub(super) fn run(code: Option<&str>, terminal: &mut Terminal) -> u8 {
    let mut out = String::new();
    // Writing to a String cannot fail.
    match code.map(|name| (name, Code::from_name(name))) {
        None => {
            for code in Code::ALL {
                let _ = writeln!(out, "{:<24} {:<8} {}", code.as_str(), code.severity(), code.about());
            }
        }
        Some((_, Some(code))) => {
            let _ = writeln!(out, "{} ({})\n\n  {}.", code.as_str(), code.severity(), code.about());
        }
        Some((name, None)) => {
            let near = Code::ALL.iter().map(|c| (strsim::damerau_levenshtein(c.as_str(), name), c.as_str())).min();
            let help = near.filter(|(d, _)| *d <= 6).map_or(String::new(), |(_, n)| format!("; did you mean '{n}'?"));
            terminal.complain(&format!("error: there is no code '{}'{help}", visible(name, 60)));
            return exit::USAGE;
        }
    }
    terminal.print(out.as_bytes());
    exit::PASS
}
