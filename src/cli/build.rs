//! `presscheck build`: read, judge, render, write.

use std::path::PathBuf;

use super::args::{Build, Global};
use super::preview::{self, Rendered};
use super::project::{Project, has_errors, moment, now};
use super::terminal::{Terminal, environment};
use super::{decisions, exit};
use crate::diag::{Severity, count};
use crate::output;

pub(super) fn run(global: &Global, options: &Build, terminal: &mut Terminal) -> u8 {
    if let Some(threads) = options.threads {
        // Fails only when a pool exists already, and nothing has used one yet.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build_global();
    }
    let mut project = match Project::load(global) {
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
    if let Some(output) = &options.output {
        project.config.site.output = output.display().to_string();
    }
    let root = project.output();
    let inputs: Vec<PathBuf> = project
        .source_folders()
        .into_iter()
        .chain(decisions::folders(&project).iter().map(|f| project.folder.join(f)).filter(|f| f.is_dir()))
        .filter(|folder| !contains(folder, &root))
        .chain(project.config.site.theme.iter().map(|t| project.folder.join(t)))
        .collect();
    let home = environment("HOME").map(PathBuf::from);
    let working = working_folder();
    let target = output::Target {
        root: &root,
        inputs: &inputs,
        home: home.as_deref(),
        working_dir: working.as_deref(),
        adopt: options.adopt,
        generator: concat!("presscheck ", env!("CARGO_PKG_VERSION")),
    };
    if let Err(error) = output::check(&target) {
        terminal.complain(&format!("error: {error}"));
        return exit::USAGE;
    }
    let mut registry = terminal.reading(|| project.registry(as_of.unwrap_or_else(now)));
    let history = decisions::read(&project, &mut registry);
    let Rendered { files, versions, blocked } = match preview::render(&project, &registry, &history, as_of, terminal) {
        Ok(rendered) => rendered,
        Err(problems) => {
            terminal.diagnostics(&registry.problems);
            terminal.diagnostics(&problems);
            terminal.complain("error: the site was not written; what was there is unchanged");
            return exit::USAGE;
        }
    };
    let pages = files.iter().filter(|(path, _)| path.ends_with(".html")).count();
    let committed = match output::commit(&target, files) {
        Ok(committed) => committed,
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    };
    terminal.diagnostics(&registry.problems);
    for path in &committed.kept_edited {
        terminal.say(&format!("kept {path}: it was edited by hand and is no longer part of the site"));
    }
    let of = |severity| registry.problems.iter().filter(|p| p.severity == severity).count();
    terminal.say(&format!(
        "{} of {}, {} → {}: {} written, {} unchanged, {} deleted",
        count(pages, "page"),
        count(versions, "version"),
        if blocked == 0 { "none blocked".to_owned() } else { format!("{blocked} blocked at some stage") },
        root.display(),
        committed.written,
        committed.unchanged,
        committed.deleted,
    ));
    let errors = of(Severity::Error);
    if errors > 0 {
        terminal.say(&format!("{} in the inputs; the rest of the site is complete", count(errors, "error")));
    }
    if options.open {
        open(&root.join("index.html"), terminal);
    }
    if has_errors(&registry) && !options.keep_going { exit::EVIDENCE } else { exit::PASS }
}

/// Asks the system to show a page; where there is no desktop the address is said instead.
fn open(page: &std::path::Path, terminal: &Terminal) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let quiet = std::process::Stdio::null;
    let child = std::process::Command::new(program).arg(page).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if child.is_err() {
        let page = page.canonicalize().unwrap_or_else(|_| page.to_path_buf());
        terminal.say(&format!("open {} in a browser", page.display()));
    }
}

/// Whether a folder holds another, by their names; a source that is the whole project holds the
/// output folder and leaves it out when it is read.
fn contains(folder: &std::path::Path, inner: &std::path::Path) -> bool {
    let real = |p: &std::path::Path| p.canonicalize().unwrap_or_else(|_| p.to_path_buf());
    let (folder, inner) = (real(folder), absolute(inner));
    inner != folder && (inner.starts_with(&folder) || inner.parent().is_some_and(|p| real(p).starts_with(&folder)))
}

/// The working folder of the process.
#[expect(clippy::disallowed_methods, reason = "cli is the one module that knows the working folder")]
pub(super) fn working_folder() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

fn absolute(path: &std::path::Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
