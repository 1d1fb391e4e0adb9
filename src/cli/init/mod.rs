//! `presscheck init`: a commented configuration, a small example run and a CI workflow.
//!
//! Files that exist are never changed; what was left alone is named.

use super::args::Global;
use super::exit;
use super::terminal::Terminal;
use crate::diag::count;
use crate::output;

/// What is written, by path.
const FILES: &[(&str, &str)] = &[
    ("presscheck.toml", include_str!("presscheck.toml")),
    ("runs/example/model.toml", include_str!("model.toml")),
    ("runs/example/card.md", include_str!("card.md")),
    ("runs/example/1.0.0/run.toml", include_str!("run-1.0.0.toml")),
    ("runs/example/1.0.0/metrics.json", include_str!("metrics-1.0.0.json")),
    ("runs/example/1.1.0/run.toml", include_str!("run-1.1.0.toml")),
    ("runs/example/1.1.0/metrics.json", include_str!("metrics-1.1.0.json")),
    (".github/workflows/presscheck.yml", include_str!("workflow.yml")),
];

pub(super) fn run(global: &Global, terminal: &mut Terminal) -> u8 {
    let files: Vec<(String, Vec<u8>)> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    match output::scaffold(&global.directory, &files) {
        Ok(done) => {
            for path in &done.created {
                terminal.say(&format!("created  {path}"));
            }
            for path in &done.skipped {
                terminal.say(&format!("kept     {path} (it was there)"));
            }
            if done.created.is_empty() {
                terminal.say("nothing to do: all files are there");
            } else {
                terminal.say(&format!("\n{}. Next:\n  presscheck build            writes public/index.html\n  presscheck gate example     judges example@latest\n  presscheck serve            preview with live reload", count(done.created.len(), "file")));
            }
            exit::PASS
        }
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            exit::USAGE
        }
    }
}
