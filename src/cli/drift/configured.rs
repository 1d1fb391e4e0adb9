//! The reports that `[drift]` of the configuration asks for, computed while a project is read.
//!
//! In: the table, and the folder of a source. Out: files of run directories below it, as if `presscheck drift -o` had
//! written them, and diagnostics. A report that cannot be computed is there all the same, without columns: the gate calls
//! it invalid, since an absent one could go unnoticed.

use std::collections::BTreeSet;
use std::path::Path;

use super::engine::Engine;
use super::inputs::Inputs;
use super::settings::{Asked, settings};
use super::{Code, Diagnostic, Severity, current, file_name, overlaps, reference};
use crate::config::drift::{DriftConfig, DriftReportConfig};
use crate::diag::visible;
use crate::drift::compute::Outcome;
use crate::export;
use crate::model::{DriftReport, Pointer, Window};

/// Files by their path below the source.
pub(in crate::cli) type Files = Vec<(String, Vec<u8>)>;

/// The reports of runs that lie below a source's folder; both paths are from the project.
pub(in crate::cli) fn files(project: &Path, config: &DriftConfig, source: &str) -> (Files, Vec<Diagnostic>) {
    let (mut out, mut problems) = (Files::new(), Vec::new());
    let plain = |path: &str| path.trim_start_matches("./").trim_matches('/').to_owned();
    let source = match plain(source).as_str() {
        "." => String::new(),
        other => other.to_owned(),
    };
    let mut taken: BTreeSet<(String, String)> = BTreeSet::new();
    for report in &config.report {
        let run = plain(&report.run);
        let below = if source.is_empty() { Some(run.as_str()) } else { run.strip_prefix(&format!("{source}/")) };
        let Some(below) = below.filter(|b| !b.is_empty() && !b.split('/').any(|part| part == "..")) else { continue };
        let (reports, found) = compute_one(project, config, report);
        problems.extend(found);
        let mut names = BTreeSet::new();
        for report in reports {
            let mut name = file_name(&report.id, &mut names);
            // Several tables of the configuration may speak of one run.
            while !taken.insert((run.clone(), name.clone())) {
                name.insert(0, '_');
            }
            out.push((format!("{below}/drift/{name}"), export::drift_report(&report)));
        }
    }
    (out, problems)
}

fn compute_one(
    project: &Path,
    config: &DriftConfig,
    report: &DriftReportConfig,
) -> (Vec<DriftReport>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let inputs = Inputs::new(project);
    let Some(reference) = reference(&inputs, &report.reference.list(), &mut problems) else {
        return (vec![nothing(report)], problems);
    };
    let current = current(&inputs, &report.current.list(), &mut problems);
    let mut from = None;
    let settings = |names: &BTreeSet<String>| {
        let mut settings = settings(&Asked::configured(config, report), names)?;
        from = super::importances::from_run(project, &report.run, names, &mut settings);
        Ok(settings)
    };
    match super::engine::compute(&inputs, &Engine::configured(config), &reference, &current, settings) {
        Ok(mut outcome) => {
            super::importances::told(&mut outcome, from.as_ref());
            let Outcome { reports, problems: found } = outcome;
            problems.extend(found);
            problems.extend(overlaps(&reports));
            if reports.is_empty() {
                let why = format!("no window of the drift of '{}' was computed", visible(&report.run, 120));
                let problem = Diagnostic::new(Code::DriftWindow, why).severity(Severity::Error);
                problems.push(problem.help("name files that are there"));
                return (vec![nothing(report)], problems);
            }
            (reports, problems)
        }
        Err((problem, _)) => {
            problems.push(*problem);
            (vec![nothing(report)], problems)
        }
    }
}

/// A report that says nothing.
fn nothing(report: &DriftReportConfig) -> DriftReport {
    DriftReport {
        id: "not computed".to_owned(),
        run: None,
        tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        reference: report.reference.list().join(", "),
        current: report.current.list().join(", "),
        window: Window::default(),
        drifted: None,
        share_drifted: None,
        share_threshold: None,
        features: Vec::new(),
        source: Pointer::new(String::new(), ""),
        beside: None,
    }
}

/// Reports of runs that lie below no source: nobody would read them.
pub(in crate::cli) fn homeless(config: &DriftConfig, sources: &[String]) -> Vec<Diagnostic> {
    let plain = |path: &str| path.trim_start_matches("./").trim_matches('/').to_owned();
    let sources: Vec<String> = sources.iter().map(|s| plain(s)).collect();
    let has_home = |run: &str| sources.iter().any(|s| s.is_empty() || s == "." || run.starts_with(&format!("{s}/")));
    let lost = config.report.iter().filter(|r| !has_home(&plain(&r.run)));
    lost.map(|report| {
        let message = format!("the run '{}' of [[drift.report]] lies below no source", visible(&report.run, 200));
        Diagnostic::new(Code::DriftWindow, message)
            .severity(Severity::Error)
            .help("write the run's folder from the project: run = \"runs/churn/1.4.0\"")
    })
    .collect()
}
