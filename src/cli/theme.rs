//! `presscheck theme eject|diff`: built-in templates and assets as a start for one's own, and what has changed since.
//!
//! `eject` writes a file beside an untouched copy of it below `.base/`; `diff` tells from the copy what the user
//! changed and what a newer presscheck did. Files that are there are never changed.

use std::collections::BTreeMap;
use std::path::Path;

use similar::{ChangeTag, TextDiff};

use super::args::{Global, Theme};
use super::exit;
use super::project::Project;
use super::terminal::Terminal;
use crate::diag::{count, visible};
use crate::output;
use crate::site::{ASSETS, TEMPLATES};
use crate::source::{Limits, Source};

/// Where the theme goes when the configuration names no folder.
const FOLDER: &str = "theme";
/// Untouched copies of what was ejected.
const BASE: &str = ".base";

pub(super) fn run(global: &Global, command: &Theme, terminal: &mut Terminal) -> u8 {
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    let configured = project.config.site.theme.as_deref();
    let name = configured.unwrap_or(FOLDER);
    let folder = project.folder.join(name);
    match command {
        Theme::Eject { names, all } => {
            let code = eject(&folder, name, (names, *all), terminal);
            if configured.is_none() && code == exit::PASS && (*all || !names.is_empty()) {
                terminal.say(&format!("\nNow add to presscheck.toml:\n\n  [site]\n  theme = \"{name}\""));
            }
            code
        }
        Theme::Diff { names, check } => diff(&folder, name, (names, *check), terminal),
    }
}

/// Everything that can be replaced, by name.
fn built_in() -> BTreeMap<String, &'static [u8]> {
    let templates = TEMPLATES.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes()));
    templates.chain(ASSETS.iter().map(|(name, bytes)| (format!("assets/{name}"), *bytes))).collect()
}

fn eject(folder: &Path, shown: &str, (names, all): (&[String], bool), terminal: &mut Terminal) -> u8 {
    let known = built_in();
    if names.is_empty() && !all {
        let list: String = known.keys().map(|name| format!("{name}\n")).collect();
        terminal.print(list.as_bytes());
        return exit::PASS;
    }
    let wanted: Vec<&String> = if all { known.keys().collect() } else { names.iter().collect() };
    let mut files = Vec::new();
    for name in wanted {
        let Some(bytes) = known.get(name) else {
            terminal.complain(&format!(
                "error: there is no template or asset '{}'; `presscheck theme eject` lists them",
                visible(name, 120)
            ));
            return exit::USAGE;
        };
        files.push((name.clone(), bytes.to_vec()));
    }
    let done = match output::scaffold(folder, &files) {
        Ok(done) => done,
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    // A copy belongs to the file that was made with it: beside one that was there before it would tell lies.
    let copies: Vec<(String, Vec<u8>)> = files
        .into_iter()
        .filter(|(name, _)| done.created.contains(name))
        .map(|(name, bytes)| (format!("{BASE}/{name}"), bytes))
        .collect();
    for (name, bytes) in &copies {
        if let Err(error) = output::write_file_atomic(&folder.join(name), bytes) {
            terminal.complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    }
    for name in &done.created {
        terminal.say(&format!("created  {shown}/{name}"));
    }
    for name in &done.skipped {
        terminal.say(&format!("kept     {shown}/{name} (it was there)"));
    }
    exit::PASS
}

fn diff(folder: &Path, shown: &str, (names, check): (&[String], bool), terminal: &mut Terminal) -> u8 {
    let files = match read(folder, shown) {
        Ok(files) => files,
        Err(problem) => {
            terminal.diagnostics([&*problem]);
            return exit::EVIDENCE;
        }
    };
    let known = built_in();
    if let Some(unknown) = names.iter().find(|n| !files.contains_key(*n)) {
        terminal.complain(&format!("error: there is no '{}' in {shown}", visible(unknown, 120)));
        return exit::USAGE;
    }
    let mut outdated = 0;
    let mut out = String::new();
    for (name, bytes) in files.iter().filter(|(name, _)| !name.starts_with(BASE)) {
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        // An asset may lie at the top of the folder too.
        let ours = known.get(name).or_else(|| known.get(&format!("assets/{name}")));
        let Some(ours) = ours else {
            out.push_str(&format!("{}: your own\n", visible(name, 200)));
            continue;
        };
        let (theirs, ours) = (text(bytes), text(ours));
        let base = files.get(&format!("{BASE}/{name}")).map(|b| text(b));
        let moved = base.as_ref().is_some_and(|base| *base != ours);
        outdated += usize::from(moved && theirs != ours);
        out.push_str(&format!("{}: {}\n", visible(name, 200), state(&theirs, &ours, base.as_deref())));
        if theirs == ours {
            continue;
        }
        out.push_str(&unified(base.as_deref().unwrap_or(&ours), &theirs, "built-in", "yours"));
        if let Some(base) = base.filter(|_| moved) {
            out.push_str(&unified(&base, &ours, "built-in when you copied it", "built-in now"));
        }
    }
    if out.is_empty() {
        terminal.say(&format!("{shown} replaces nothing"));
    }
    terminal.print(out.as_bytes());
    if outdated > 0 {
        terminal.say(&format!("{} changed since it was copied", count(outdated, "built-in file")));
    }
    if check && outdated > 0 { exit::BLOCKED } else { exit::PASS }
}

/// All files of the theme, copies included.
fn read(folder: &Path, shown: &str) -> Result<BTreeMap<String, Vec<u8>>, Box<crate::diag::Diagnostic>> {
    let mut out = BTreeMap::new();
    for (at, prefix) in [(folder.to_path_buf(), String::new()), (folder.join(BASE), format!("{BASE}/"))] {
        if !at.is_dir() {
            continue;
        }
        let found = Source::discover(&at, shown, &[], Limits::default())?;
        for entry in found.files("") {
            out.insert(format!("{prefix}{}", entry.path), found.read(entry)?.bytes.clone());
        }
    }
    Ok(out)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn state(theirs: &str, ours: &str, base: Option<&str>) -> String {
    let size = |a: &str, b: &str| {
        let diff = TextDiff::from_lines(a, b);
        let of = |tag| diff.iter_all_changes().filter(|c| c.tag() == tag).count();
        format!("+{} −{}", of(ChangeTag::Insert), of(ChangeTag::Delete))
    };
    match base {
        _ if theirs == ours => "the same as the built-in one; it can go".to_owned(),
        None => format!("differs from the built-in one ({})", size(ours, theirs)),
        Some(base) if base == ours => format!("changed by you ({})", size(base, theirs)),
        Some(base) if base == theirs => {
            format!("as you copied it; the built-in one has changed ({})", size(base, ours))
        }
        Some(base) => {
            format!("changed by you ({}), and the built-in one has changed ({})", size(base, theirs), size(base, ours))
        }
    }
}

/// The differences as a patch; every line of it is safe to print.
fn unified(before: &str, after: &str, from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let patch = diff.unified_diff().context_radius(2).header(from, to).to_string();
    patch.lines().map(|line| format!("  {}\n", visible(line, 2_000))).collect()
}
