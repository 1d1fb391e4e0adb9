//! `presscheck gate`: judge a version, write reports, return the verdict as the exit code.

use std::path::{Path, PathBuf};

use super::args::{Gate, Global};
use super::beside::Beside;
use super::exit;
use super::judge::{Asked, Judged, judge, needed, trusted};
use super::project::{Project, moment};
use super::records::RecordFiles;
use super::terminal::{Terminal, environment};
use super::tree::Tree;
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::ledger::{self, Ledger};
use crate::gate::out::{self, Writer};
use crate::gate::policy::{Policy, changes};
use crate::gate::provenance::{Provenance, VARIABLES};
use crate::gate::verdict::{Clock, Outcome, Proposed, Verdict};
use crate::model::Instant;
use crate::output;

pub(super) fn run(global: &Global, options: &Gate, terminal: &mut Terminal) -> u8 {
    let reports = match reports(&options.out) {
        Ok(reports) => reports,
        Err(problem) => return refuse(terminal, &[*problem], exit::USAGE),
    };
    let clock = match moment(options.as_of.as_deref()) {
        Ok(clock) => clock,
        Err(problem) => return refuse(terminal, &[*problem], exit::USAGE),
    };
    let trusted = match trusted(global, options.trusted_ref.as_ref(), options.enforce, clock) {
        Ok(tree) => tree,
        Err(problem) => return refuse(terminal, &[*problem], exit::USAGE),
    };
    let asked = Asked { selector: &options.selector, stage: options.stage.as_deref(), clock };
    let Judged { project, policy, mut verdict, .. } = match judge(global, &trusted, &asked, terminal) {
        Ok(judged) => judged,
        Err(code) => return code,
    };
    if let Tree::Commit { .. } = trusted {
        verdict.proposed = dry_run(global, &policy, &verdict, clock);
    }
    verdict.provenance = provenance();
    if options.record
        && let Err(code) = record(&verdict, &project.folder, terminal)
    {
        return code;
    }
    let failed = write(&verdict, &reports, &project.folder, terminal);
    exit_code(&verdict, options, failed)
}

/// The exit code. A report that was not written can take the place of a pass, never of a block.
fn exit_code(verdict: &Verdict, options: &Gate, failed: bool) -> u8 {
    match verdict.exit_code {
        exit::PASS | exit::PENDING if failed && options.strict_outputs => exit::EVIDENCE,
        exit::PASS if options.warn_exit_code && verdict.verdict == Outcome::PassWithWarnings => exit::WARNINGS,
        code => code,
    }
}

/// What the policy of the folder would have said, where it is not the one that judged.
fn dry_run(global: &Global, judged_by: &Policy, verdict: &Verdict, clock: (Instant, Clock)) -> Option<Proposed> {
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => {
            let first = problems.first().map(|p| format!("{}: {}", p.place(), p.message)).unwrap_or_default();
            return Some(Proposed::refused(format!("the proposed configuration is refused: {}", visible(&first, 400))));
        }
    };
    let Some(policy) = &project.config.policy else {
        return Some(Proposed::refused("the proposed configuration has no policy".to_owned()));
    };
    if policy.digest == judged_by.digest {
        return None;
    }
    let beside = Beside::read(policy, &Tree::Folder(project.folder.clone()), &project.folder);
    let selector = &verdict.subject.name;
    let registry = project.registry_for(clock.0, |known| needed(policy, &beside, known, selector, clock));
    let changes = changes(judged_by, policy);
    let outcome = match (registry.select(&verdict.subject.name), policy.stage(&verdict.stage)) {
        (Err(error), _) => Err(error.to_string()),
        (_, None) => Err(format!("it has no stage '{}'", visible(&verdict.stage, 80))),
        (Ok(version), Some(stage)) => {
            let records = RecordFiles::new(&project.folder, &registry);
            Ok(crate::gate::evaluate(policy, &beside.inputs(&registry, &records, clock), version, &stage.name))
        }
    };
    Some(Proposed::new(policy.digest, changes, outcome))
}

/// Adds the verdict to the ledger. A decision that cannot be recorded must not look recorded.
fn record(verdict: &Verdict, folder: &Path, terminal: &Terminal) -> Result<(), u8> {
    let tree = Tree::Folder(folder.to_owned());
    let line = tree
        .read(ledger::FILE_NAME)
        .map_err(|problem| problem.message.clone())
        .and_then(|bytes| Ledger::parse(bytes.as_deref().unwrap_or_default()).line(verdict));
    let written =
        line.and_then(|line| output::append(&folder.join(ledger::FILE_NAME), &line).map_err(|error| error.to_string()));
    written.map_err(|why| {
        terminal.complain(&format!("error: the decision cannot be recorded: {}", visible(&why, 400)));
        if verdict.exit_code == exit::PASS { exit::EVIDENCE } else { verdict.exit_code }
    })
}

/// What the variables of continuous integration say of this run.
fn provenance() -> Option<Provenance> {
    let variables = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), environment(name)?)));
    Provenance::read(&variables.collect())
}

fn refuse(terminal: &Terminal, problems: &[Diagnostic], code: u8) -> u8 {
    terminal.diagnostics(problems);
    code
}

/// A report that was asked for.
struct Report {
    writer: &'static dyn Writer,
    path: Option<PathBuf>,
}

/// `FORMAT` or `FORMAT=FILE`, at least one.
fn reports(typed: &[String]) -> Result<Vec<Report>, Box<Diagnostic>> {
    let default = ["human".to_owned()];
    let typed = if typed.is_empty() { &default[..] } else { typed };
    let mut reports: Vec<Report> = Vec::new();
    for text in typed {
        let (name, path) = text.split_once('=').map_or((text.as_str(), None), |(name, path)| (name, Some(path)));
        let (Some(writer), true) = (out::format(name), path != Some("")) else { return Err(Box::new(unknown(text))) };
        let path = path.filter(|p| *p != "-").map(PathBuf::from);
        if path.is_some() && reports.iter().any(|r| r.path == path) {
            let message = format!("'{}' is the file of two reports", visible(text, 80));
            return Err(Box::new(
                Diagnostic::new(Code::ConfigValue, message).help("give each report a file of its own"),
            ));
        }
        reports.push(Report { writer, path });
    }
    Ok(reports)
}

fn unknown(text: &str) -> Diagnostic {
    let name = text.split('=').next().unwrap_or_default();
    let near = out::FORMATS.iter().map(|f| (strsim::damerau_levenshtein(f.name(), name), f.name())).min();
    let near = near.filter(|(distance, _)| (1..=2).contains(distance));
    let meant = near.map_or_else(String::new, |(_, name)| format!("did you mean {name}? "));
    let names: Vec<&str> = out::FORMATS.iter().map(|f| f.name()).collect();
    Diagnostic::new(Code::ConfigValue, format!("'{}' is no report", visible(text, 80)))
        .help(format!("{meant}use FORMAT or FORMAT=FILE with FORMAT one of {}", names.join(", ")))
}

/// Writes the reports; true when one could not be written. What a format refuses to say is no
/// failure, but the file of an earlier run must not stand for it.
fn write(verdict: &Verdict, reports: &[Report], folder: &Path, terminal: &mut Terminal) -> bool {
    let mut failed = false;
    for report in reports {
        let colour = report.path.is_none() && terminal.colour();
        let path = report.path.as_ref().map(|p| folder.join(p));
        // Some readers name files as the repository does, which may hold the project in a folder.
        let placed = report.writer.repository_paths().then(|| placed_in(verdict, folder));
        let verdict = placed.as_ref().unwrap_or(verdict);
        let bytes = match report.writer.write(verdict, &out::Context { colour, ..out::Context::default() }) {
            Ok(bytes) => bytes,
            Err(refused) => {
                let name = report.writer.name();
                terminal.complain(&format!("note: no {name} was written: {}", visible(&refused.to_string(), 1_000)));
                match path.as_deref().map(output::remove_report) {
                    Some(Ok(true)) => terminal.complain(&format!("note: the {name} of an earlier verdict was removed")),
                    Some(Err(error)) => failed |= complain(Err(error), terminal),
                    Some(Ok(false)) | None => {}
                }
                continue;
            }
        };
        match path {
            None => terminal.print(&bytes),
            Some(path) => failed |= complain(output::write_file_atomic(&path, &bytes), terminal),
        }
        if report.writer.name() == "github" {
            failed |= tell_the_runner(verdict, terminal);
        }
    }
    failed
}

/// What GitHub's runner offers: a page of the job, and values for later steps.
fn tell_the_runner(verdict: &Verdict, terminal: &Terminal) -> bool {
    let file = |variable: &str| environment(variable).filter(|p| !p.is_empty()).map(PathBuf::from);
    let mut failed = false;
    if let Some(path) = file("GITHUB_STEP_SUMMARY") {
        match out::github::step_summary(verdict, output::size(&path)) {
            Some(summary) => failed |= complain(output::append(&path, &summary), terminal),
            None => terminal.complain("note: the step summary is full; the verdict was left out of it"),
        }
    }
    if let Some(path) = file("GITHUB_OUTPUT") {
        failed |= complain(output::append(&path, out::github::outputs(verdict).as_bytes()), terminal);
    }
    failed
}

/// The verdict with the policy's file below the folder that the command was pointed at.
fn placed_in(verdict: &Verdict, folder: &Path) -> Verdict {
    let mut placed = verdict.clone();
    if folder.is_relative() && folder != Path::new(".") {
        let place = |file: &mut String| *file = folder.join(&*file).display().to_string();
        placed.rules.iter_mut().for_each(|rule| place(&mut rule.span.file));
        placed.policy.files.iter_mut().for_each(|file| place(&mut file.path));
    }
    placed
}

fn complain(result: Result<(), output::Error>, terminal: &Terminal) -> bool {
    match result {
        Ok(()) => false,
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            true
        }
    }
}
