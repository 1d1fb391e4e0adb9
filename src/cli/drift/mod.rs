//! `presscheck drift`: compute drift, write reports of it, and raise an alarm.

mod args;
mod settings;
mod text;

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

pub(super) use args::Drift;

use super::args::{Format, Global};
use super::exit;
use super::terminal::Terminal;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::drift::compute::{Data, Outcome, compute};
use crate::drift::out::{self, About};
use crate::model::DriftReport;
use crate::rows::{self, Table};
use crate::{export, output, site, source};

pub(super) fn run(global: &Global, options: &Drift, terminal: &mut Terminal) -> u8 {
    let folder = &global.directory;
    let mut problems = Vec::new();
    let opened = terminal.reading(|| {
        Some((reference(folder, &options.reference, &mut problems)?, current(folder, &options.current, &mut problems)))
    });
    let Some((reference, current)) = opened.filter(|(_, current)| !current.is_empty()) else {
        return refuse(terminal, &problems, exit::EVIDENCE);
    };
    let tables: Vec<&Table> = current.iter().chain([&reference]).flat_map(|d| &d.tables).collect();
    let settings = match settings::settings(options, &tables) {
        Ok(settings) => settings,
        Err(problem) => return refuse(terminal, &[*problem], exit::USAGE),
    };
    let mut outcome = terminal.reading(|| compute(&reference, &current, &settings));
    outcome.problems.extend(overlaps(&outcome.reports));
    outcome.problems.splice(0..0, problems);
    terminal.diagnostics(&outcome.problems);
    let alarm = alarm(&outcome, options);
    match options.format {
        Format::Text => terminal.print(text::render(&outcome.reports, &alarm, terminal.colour()).as_bytes()),
        Format::Json => {
            let mut out = Vec::new();
            for report in &outcome.reports {
                out.extend(export::drift_report(report));
            }
            terminal.print(&out);
        }
    }
    let mut failed = false;
    if let Some(to) = &options.output {
        failed |= write_reports(&folder.join(to), &outcome.reports, terminal);
    }
    let about = About { model: options.model.clone(), version: options.model_version.clone() };
    let files = [
        (&options.retrain, out::retrain(&outcome.reports, &about, &alarm)),
        (&options.dispatch, out::dispatch(&outcome.reports, &about, &alarm)),
        (&options.openmetrics, out::open_metrics(&outcome.reports, &about, !alarm.is_empty())),
    ];
    for (path, bytes) in files {
        let Some(path) = path else { continue };
        if let Err(error) = output::write_file_atomic(&folder.join(path), &bytes) {
            terminal.complain(&format!("error: {error}"));
            failed = true;
        }
    }
    let unread = outcome.problems.iter().any(|p| p.severity == Severity::Error);
    match (options.gate && !alarm.is_empty(), unread || failed) {
        (true, _) => exit::BLOCKED,
        (false, true) => exit::EVIDENCE,
        (false, false) => exit::PASS,
    }
}

fn refuse(terminal: &Terminal, problems: &[Diagnostic], code: u8) -> u8 {
    terminal.diagnostics(problems);
    code
}

/// Files with what was read of each.
type Opened = (source::RowFiles, Vec<Result<Table, Box<Diagnostic>>>);

fn open(folder: &Path, name: &str) -> Result<Opened, Box<Diagnostic>> {
    let found = source::row_files(folder, name)?;
    let tables = found.files.par_iter().map(|(path, shown)| rows::open(path, shown)).collect();
    Ok((found, tables))
}

/// The reference: all files are one. Nothing when one of them cannot be read: the others would stand for the whole.
fn reference(folder: &Path, names: &[String], problems: &mut Vec<Diagnostic>) -> Option<Data> {
    let mut tables = Vec::new();
    for name in names {
        match open(folder, name) {
            Ok((_, opened)) => tables.extend(opened),
            Err(problem) => tables.push(Err(problem)),
        }
    }
    let (tables, failed) = sorted(tables);
    problems.extend(failed);
    problems.is_empty().then(|| Data { name: names.join(", "), tables })
}

/// The current data: each file is a window, a folder is one. A window that cannot be read has no columns.
fn current(folder: &Path, names: &[String], problems: &mut Vec<Diagnostic>) -> Vec<Data> {
    let mut out = Vec::new();
    for name in names {
        match open(folder, name) {
            Ok((found, opened)) if found.together => {
                let (tables, failed) = sorted(opened);
                let tables = if failed.is_empty() { tables } else { Vec::new() };
                problems.extend(failed);
                out.push(Data { name: name.clone(), tables });
            }
            Ok((found, opened)) => {
                for ((_, shown), table) in found.files.into_iter().zip(opened) {
                    let tables = table.map_err(|problem| problems.push(*problem)).into_iter().collect();
                    out.push(Data { name: shown, tables });
                }
            }
            Err(problem) => {
                problems.push(*problem);
                out.push(Data { name: name.clone(), tables: Vec::new() });
            }
        }
    }
    out
}

/// Tables, and why others are none.
fn sorted(opened: Vec<Result<Table, Box<Diagnostic>>>) -> (Vec<Table>, Vec<Diagnostic>) {
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for opened in opened {
        match opened {
            Ok(table) => tables.push(table),
            Err(problem) => failed.push(*problem),
        }
    }
    (tables, failed)
}

/// Why there is an alarm; empty when there is none. What cannot be judged is one.
fn alarm(outcome: &Outcome, options: &Drift) -> Vec<String> {
    let mut out = Vec::new();
    for report in &outcome.reports {
        let window = visible(&report.id, 120);
        match report.drifted {
            Some(false) => {}
            Some(true) => out.push(format!("{window}: the data as a whole drifts")),
            None => out.push(format!("{window}: whether the data as a whole drifts cannot be told")),
        }
        for column in &options.critical {
            let entries = || report.features.iter().filter(|f| f.feature == *column);
            let name = visible(column, 80);
            if entries().next().is_none() || entries().any(|f| f.drifted.is_none()) {
                out.push(format!("{window}: the critical column '{name}' was not judged"));
            } else if entries().any(|f| f.drifted == Some(true)) {
                out.push(format!("{window}: the critical column '{name}' drifts"));
            }
        }
    }
    if outcome.reports.is_empty() {
        out.push("no window was computed".to_owned());
    }
    out
}

/// Windows whose times overlap count rows of the same time twice.
fn overlaps(reports: &[DriftReport]) -> Vec<Diagnostic> {
    let mut spans: Vec<_> = reports
        .iter()
        .filter_map(|r| Some((r.window.start?.millis(), r.window.end?.millis(), r.id.as_str())))
        .collect();
    spans.sort_unstable();
    let mut out = Vec::new();
    let mut furthest: Option<(i64, &str)> = None;
    for (start, end, name) in spans {
        if let Some((until, before)) = furthest.filter(|(until, _)| *until > start) {
            let message =
                format!("the windows '{}' and '{}' overlap in time", visible(before, 120), visible(name, 120));
            out.push(
                Diagnostic::new(Code::DriftWindow, message).help("their scores are not independent of each other"),
            );
            furthest = Some((until.max(end), if until >= end { before } else { name }));
        } else {
            furthest = Some((end, name));
        }
    }
    out
}

/// Writes a report for each window; true when one could not be written. A file that is no drift report of ours stays.
fn write_reports(to: &Path, reports: &[DriftReport], terminal: &Terminal) -> bool {
    let mut failed = false;
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut written = 0_usize;
    for report in reports {
        let stem = Path::new(&report.id).file_stem().and_then(|s| s.to_str()).unwrap_or(&report.id);
        let slug = site::file_slug(stem);
        let mut name = slug.clone();
        let mut n = 1;
        while !taken.insert(name.clone()) {
            n += 1;
            name = format!("{slug}-{n}");
        }
        let path = to.join(format!("{name}.json"));
        let ours = || source::begins(&path, br#"{"schema":"presscheck.drift/1","tool":"presscheck "#);
        if path.symlink_metadata().is_ok() && !ours() {
            let shown = visible(&path.display().to_string(), 300);
            terminal.complain(&format!("error: {shown} is no drift report of presscheck and is not overwritten"));
            failed = true;
            continue;
        }
        match output::write_file_atomic(&path, &export::drift_report(report)) {
            Ok(()) => written += 1,
            Err(error) => {
                terminal.complain(&format!("error: {error}"));
                failed = true;
            }
        }
    }
    terminal.say(&format!("{} → {}", count(written, "report"), to.display()));
    failed
}
