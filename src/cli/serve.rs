//! `presscheck serve`: preview with live reload; never exits on a bad file, never writes the output.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::args::{Global, Serve, Watch};
use super::preview;
use super::project::{Project, now};
use super::terminal::Terminal;
use super::{decisions, exit};
use crate::config::FILE_NAME;
use crate::diag::{Diagnostic, Severity, count, render_all};
use crate::gate::ledger::FILE_NAME as FILE_LEDGER;
use crate::output::lock_path;
use crate::serve::{Event, Options, Server};
use crate::source::row_root;
use crate::watch::{Mode, Watcher};

/// The usual port.
const PORT: u16 = 8000;

pub(super) fn run(global: &Global, options: &Serve, terminal: &mut Terminal) -> u8 {
    let address = SocketAddr::new(options.host, options.port.unwrap_or(PORT));
    let base_path = Project::load(global)
        .ok()
        .and_then(|p| p.config.site.base_url)
        .map_or_else(|| "/".to_owned(), |url| path_of(&url));
    let wanted = Options {
        base_path,
        allow_hosts: options.allow_host.clone(),
        other_port: options.port.is_none(),
        ..Options::default()
    };
    let verbose = global.verbose > 0;
    let quiet = global.quiet;
    let listener = Arc::new(move |event: Event| {
        let important = !matches!(event, Event::Answered { .. });
        if (important && !quiet) || verbose {
            super::terminal::note(&event.to_string());
        }
    });
    let server = match Server::start(address, &wanted, listener) {
        Ok(server) => server,
        Err(error) => {
            terminal.complain(&format!("error: could not listen on {address}: {error}"));
            return exit::USAGE;
        }
    };
    terminal.say(&format!("serving {} — stop with ctrl-c", server.url()));
    let mode = match options.watch {
        Watch::Native => Mode::Native,
        Watch::Poll => Mode::Poll,
    };
    let never = AtomicBool::new(false);
    let mut watched = Watched::new(global, mode);
    loop {
        publish(global, &server, terminal);
        for notice in watched.watcher.take_notices() {
            terminal.say(&notice);
        }
        let Some(change) = watched.watcher.wait(&never) else { return exit::PASS };
        let first = change.changed.first().map(|p| p.display().to_string()).unwrap_or_default();
        terminal.say(&format!("{} changed ({first})", count(change.total, "file")));
        watched.renew(global, mode);
    }
}

/// A watcher and what it watches. It looks before the first build does, and reports with the next
/// call what changes while a build runs, so nothing is missed.
struct Watched {
    roots: Vec<PathBuf>,
    ignore: Vec<PathBuf>,
    watcher: Watcher,
}

impl Watched {
    fn new(global: &Global, mode: Mode) -> Self {
        let (roots, ignore) = Self::wanted(global);
        Self { watcher: Watcher::new(roots.clone(), ignore.clone(), mode), roots, ignore }
    }

    /// Watches other folders when the configuration now names other ones.
    fn renew(&mut self, global: &Global, mode: Mode) {
        if Self::wanted(global) != (self.roots.clone(), self.ignore.clone()) {
            *self = Self::new(global, mode);
        }
    }

    fn wanted(global: &Global) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let mut roots = vec![global.config.clone().unwrap_or_else(|| global.directory.join(FILE_NAME))];
        let mut ignore = Vec::new();
        match Project::load(global) {
            Ok(project) => {
                roots.extend(project.source_folders());
                roots.push(project.folder.join(FILE_LEDGER));
                let drift = project.config.drift.report.iter();
                let data = drift.flat_map(|r| r.reference.list().into_iter().chain(r.current.list()));
                roots.extend(data.map(|name| row_root(&project.folder, &name)));
                let verdicts = decisions::folders(&project);
                roots.extend(verdicts.iter().filter(|f| *f != ".").map(|f| project.folder.join(f)));
                roots.extend(project.config.site.theme.iter().map(|t| project.folder.join(t)));
                ignore.extend([lock_path(&project.output()), project.output()]);
            }
            Err(_) => roots.push(global.directory.clone()),
        }
        (roots, ignore)
    }
}

/// Builds and shows the site, or what is wrong.
fn publish(global: &Global, server: &Server, terminal: &mut Terminal) {
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => return show(server, terminal, &problems),
    };
    let mut registry = terminal.reading(|| project.registry(now()));
    let history = decisions::read(&project, &mut registry);
    match preview::render(&project, &registry, &history, None, terminal) {
        Err(problems) => show(server, terminal, &problems),
        Ok(rendered) => {
            let pages = rendered.files.iter().filter(|(path, _)| path.ends_with(".html")).count();
            server.publish(rendered.files);
            terminal.say(&format!("{}, {}", count(pages, "page"), count(rendered.versions, "version")));
            let errors: Vec<&Diagnostic> = registry.problems.iter().filter(|p| p.severity == Severity::Error).collect();
            if !errors.is_empty() {
                terminal.diagnostics(errors.iter().copied());
                server.publish_error(page(errors));
            }
        }
    }
}

fn show(server: &Server, terminal: &Terminal, problems: &[Diagnostic]) {
    terminal.diagnostics(problems);
    server.publish_error(page(problems.iter().collect()));
}

/// Diagnostics as HTML: escaped text in a preformatted block.
fn page(problems: Vec<&Diagnostic>) -> String {
    let text = render_all(problems.iter().copied().take(20), false);
    let mut out = format!("<h1>{}</h1><pre>", count(problems.len(), "problem"));
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out.push_str("</pre>");
    out
}

/// The path of a site's address.
fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}"))
}
