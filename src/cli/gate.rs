//! `presscheck gate`: judge a version, write reports, return the verdict as the exit code.

use std::path::{Path, PathBuf};

use super::args::{Gate, Global};
use super::exit;
use super::project::{Project, moment};
use super::terminal::{Terminal, environment};
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::out;
use crate::gate::verdict::{Outcome, Verdict};
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
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => return refuse(terminal, &problems, exit::USAGE),
    };
    let Some(policy) = &project.config.policy else {
        let problem = Diagnostic::new(Code::PolicyNothingBlocks, "there is no policy: presscheck.toml has no [[rule]]")
            .help("add a [[rule]]; `presscheck init` writes an example");
        return refuse(terminal, &[problem], exit::NOTHING);
    };
    let stages = policy.stages();
    let stage = match (&options.stage, stages.as_slice()) {
        (Some(stage), known) if known.iter().any(|k| k == stage) => stage.clone(),
        (Some(stage), known) => {
            let near = known.iter().map(|k| (strsim::damerau_levenshtein(k, stage), k)).min();
            let help = near.map_or_else(String::new, |(d, k)| {
                if d <= 3 { format!("did you mean '{k}'?") } else { format!("stages: {}", known.join(", ")) }
            });
            let problem = Diagnostic::new(
                Code::PolicyUnknownReference,
                format!("the policy has no stage '{}'", visible(stage, 60)),
            )
            .help(help);
            return refuse(terminal, &[problem], exit::USAGE);
        }
        (None, [only]) => only.clone(),
        (None, known) => {
            let problem = Diagnostic::new(
                Code::PolicyUnknownReference,
                "the policy has several stages; say which one the version is to enter",
            )
            .help(format!("add --stage {}", known.join(" or --stage ")));
            return refuse(terminal, &[problem], exit::USAGE);
        }
    };
    let registry = project.registry(&[]);
    let version = match registry.select(&options.selector) {
        Ok(version) => version,
        Err(error) => {
            terminal.diagnostics(&registry.problems);
            terminal.complain(&format!("error: {}", visible(&error.to_string(), 1_000)));
            return exit::EVIDENCE;
        }
    };
    let verdict = crate::gate::evaluate(policy, &registry, version, &stage, clock);
    let failed = write(&verdict, &reports, &project.folder, terminal);
    match verdict.exit_code {
        exit::PASS if failed => exit::EVIDENCE,
        exit::PASS if options.warn_exit_code && verdict.verdict == Outcome::PassWithWarnings => exit::WARNINGS,
        code => code,
    }
}

fn refuse(terminal: &Terminal, problems: &[Diagnostic], code: u8) -> u8 {
    terminal.diagnostics(problems);
    code
}

/// A report that was asked for.
struct Report {
    format: &'static str,
    path: Option<PathBuf>,
}

/// `FORMAT` or `FORMAT=FILE`, at least one.
fn reports(typed: &[String]) -> Result<Vec<Report>, Box<Diagnostic>> {
    if typed.is_empty() {
        return Ok(vec![Report { format: "human", path: None }]);
    }
    typed
        .iter()
        .map(|text| {
            let (name, path) = text.split_once('=').map_or((text.as_str(), None), |(name, path)| (name, Some(path)));
            match (out::FORMATS.iter().find(|f| **f == name), path) {
                (Some(_), Some("")) | (None, _) => Err(Box::new(
                    Diagnostic::new(Code::ConfigValue, format!("'{}' is no report", visible(text, 80)))
                        .help(format!("use FORMAT or FORMAT=FILE with FORMAT one of {}", out::FORMATS.join(", "))),
                )),
                (Some(format), path) => Ok(Report { format, path: path.map(PathBuf::from) }),
            }
        })
        .collect()
}

/// Writes the reports; true when one could not be written, which is no pass.
fn write(verdict: &Verdict, reports: &[Report], folder: &Path, terminal: &mut Terminal) -> bool {
    let mut failed = false;
    for report in reports {
        let colour = report.path.is_none() && terminal.colour();
        let bytes = out::write(report.format, verdict, &out::Context { colour });
        match &report.path {
            None => terminal.print(&bytes),
            Some(path) => failed |= complain(output::write_file_atomic(&folder.join(path), &bytes), terminal),
        }
        if report.format == "github" {
            // What the runner offers: a page of the job, and values for later steps.
            for (variable, content) in
                [("GITHUB_STEP_SUMMARY", out::step_summary(verdict)), ("GITHUB_OUTPUT", out::github_outputs(verdict))]
            {
                if let Some(path) = environment(variable).filter(|p| !p.is_empty()) {
                    failed |= complain(output::append(Path::new(&path), &content), terminal);
                }
            }
        }
    }
    failed
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
