//! `presscheck diff`: what changed between two versions.

use super::args::{Diff, DiffFormat, Global};
use super::exit;
use super::project::{Project, has_errors, now};
use super::terminal::Terminal;
use crate::compare::{Comparison, out};
use crate::diag::visible;
use crate::model::{Registry, Version};

pub(super) fn run(global: &Global, options: &Diff, terminal: &mut Terminal) -> u8 {
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    let registry = terminal.reading(|| project.registry(now()));
    terminal.diagnostics(&registry.problems);
    let (before, after) = match sides(&registry, options) {
        Ok(sides) => sides,
        Err(why) => {
            terminal.complain(&format!("error: {}", visible(&why, 1_000)));
            return exit::EVIDENCE;
        }
    };
    let comparison = Comparison::new(&registry, before, after);
    let shown = out::Options { all: options.all, colour: terminal.colour() };
    let text = match options.format {
        DiffFormat::Text => out::text(&comparison, shown),
        DiffFormat::Markdown => out::markdown(&comparison, shown),
        DiffFormat::Json => match serde_json::to_string_pretty(&out::json(&comparison)) {
            Ok(text) => format!("{text}\n"),
            Err(error) => {
                terminal.complain(&format!("the comparison could not be written: {error}"));
                return exit::INTERNAL;
            }
        },
    };
    terminal.print(text.as_bytes());
    if has_errors(&registry) { exit::EVIDENCE } else { exit::PASS }
}

/// The two versions that are meant.
fn sides<'a>(registry: &'a Registry, options: &Diff) -> Result<(&'a Version, &'a Version), String> {
    let select = |selector: &str| registry.select(selector).map_err(|e| e.to_string());
    let first = select(&options.before)?;
    let Some(after) = &options.after else {
        let earlier = registry.model(&first.model).and_then(|m| m.previous(&first.version));
        let earlier = earlier.ok_or_else(|| format!("{} has no version before it; name both", first.selector()))?;
        return Ok((earlier, first));
    };
    let second = match after.strip_prefix('@') {
        Some(version) => select(&format!("{}@{version}", first.model))?,
        None => select(after)?,
    };
    Ok((first, second))
}
