//! `presscheck drift`: compute drift, write reports of it, and raise an alarm.

mod args;
mod configured;
mod engine;
mod importances;
mod inputs;
mod settings;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub(super) use args::Drift;
pub(super) use configured::{files, homeless};
use engine::Engine;
use inputs::Inputs;
use settings::Asked;

use super::args::{Format, Global};
use super::exit;
use super::terminal::Terminal;
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::digest::Sha256;
use crate::drift::compute::{Data, Outcome, Part, compare_parts, summarise};
use crate::drift::out::{self, About};
use crate::drift::partial as part;
use crate::model::DriftReport;
use crate::rows::{self, Table};
use crate::{export, output, site, source};

pub(super) fn run(global: &Global, options: &Drift, terminal: &mut Terminal) -> u8 {
    let folder = &global.directory;
    if let Some(to) = &options.partial {
        return partial(folder, options, to, terminal);
    }
    let computed = if options.merge { merged(folder, options) } else { compared(folder, options, terminal) };
    let mut outcome = match computed {
        Ok(outcome) => outcome,
        Err((problems, code)) => {
            terminal.diagnostics(&problems);
            return code;
        }
    };
    outcome.problems.extend(overlaps(&outcome.reports));
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

/// Problems that leave nothing to compare, and the exit code.
type Refused = (Vec<Diagnostic>, u8);

/// Reads files and compares them.
fn compared(folder: &Path, options: &Drift, terminal: &Terminal) -> Result<Outcome, Refused> {
    let mut problems = Vec::new();
    let inputs = Inputs::new(folder);
    let opened = terminal.reading(|| {
        let reference = reference(&inputs, &options.reference, &mut problems)?;
        Some((reference, current(&inputs, &options.current, &mut problems)))
    });
    let Some((reference, current)) = opened.filter(|(_, current)| !current.is_empty()) else {
        return Err((problems, exit::EVIDENCE));
    };
    let mut from = None;
    let settings = |names: &BTreeSet<String>| {
        let mut settings = settings::settings(&Asked::typed(options), names)?;
        from = run_of(options).and_then(|run| importances::from_run(folder, &run, names, &mut settings));
        Ok(settings)
    };
    let outcome =
        terminal.reading(|| engine::compute(&inputs, &Engine::typed(options), &reference, &current, settings));
    let mut outcome = outcome.map_err(|(problem, code)| {
        problems.push(*problem);
        (std::mem::take(&mut problems), code)
    })?;
    importances::told(&mut outcome, from.as_ref());
    outcome.problems.splice(0..0, problems);
    Ok(outcome)
}

/// The run's folder that the reports are written into.
fn run_of(options: &Drift) -> Option<String> {
    Some(importances::folder_of(options.output.as_deref()?)?.display().to_string())
}

/// The columns of tables.
fn names(tables: &[&Table]) -> BTreeSet<String> {
    tables.iter().flat_map(|t| t.fields()).map(|f| f.name.clone()).collect()
}

/// Writes summaries of the current data.
fn partial(folder: &Path, options: &Drift, to: &Path, terminal: &Terminal) -> u8 {
    let mut problems = Vec::new();
    let inputs = Inputs::new(folder);
    let opened = terminal.reading(|| reference(&inputs, &options.current, &mut problems));
    let Some(mut data) = opened else {
        terminal.diagnostics(&problems);
        return exit::EVIDENCE;
    };
    data.name = options.name.clone().unwrap_or(data.name);
    let tables: Vec<&Table> = data.tables.iter().collect();
    let settings = match settings::settings(&Asked::typed(options), &names(&tables)) {
        Ok(settings) => settings,
        Err(problem) => {
            terminal.diagnostics(&[*problem]);
            return exit::USAGE;
        }
    };
    let bytes = match terminal.reading(|| summarise(&data, &settings)) {
        Ok(part) => part::write(part),
        Err(problem) => {
            terminal.diagnostics(&[*problem]);
            return exit::EVIDENCE;
        }
    };
    match bytes.and_then(|bytes| output::write_file_atomic(&folder.join(to), &bytes).map_err(|e| e.to_string())) {
        Ok(()) => {
            terminal.say(&format!("{} → {}", visible(&data.name, 120), to.display()));
            exit::PASS
        }
        Err(why) => {
            terminal.complain(&format!("error: the summaries cannot be written: {}", visible(&why, 400)));
            exit::EVIDENCE
        }
    }
}

/// Reads summaries, merges and compares them.
fn merged(folder: &Path, options: &Drift) -> Result<Outcome, Refused> {
    let parts = |names: &[String]| -> Result<Vec<Part>, Refused> {
        let mut out = Vec::new();
        for name in names {
            let found = source::row_files(folder, name).map_err(|problem| (vec![*problem], exit::EVIDENCE))?;
            for (path, shown) in found.files {
                let read = source::whole(&path).and_then(|bytes| part::read(&bytes));
                out.push(read.map_err(|why| {
                    let message = format!("'{}' is no summary: {}", visible(&shown, 200), visible(&why, 300));
                    let problem = Diagnostic::new(Code::FileUnreadable, message)
                        .at(shown)
                        .help("`presscheck drift --partial` writes them");
                    (vec![problem], exit::EVIDENCE)
                })?);
            }
        }
        Ok(out)
    };
    let (reference, current) = (parts(&options.reference)?, parts(&options.current)?);
    let columns = reference.iter().chain(&current).flat_map(Part::columns).map(str::to_owned).collect();
    let mut settings =
        settings::settings(&Asked::typed(options), &columns).map_err(|problem| (vec![*problem], exit::USAGE))?;
    let from = run_of(options).and_then(|run| importances::from_run(folder, &run, &columns, &mut settings));
    let outcome = compare_parts(reference, current, &settings).map(|mut outcome| {
        importances::told(&mut outcome, from.as_ref());
        outcome
    });
    outcome.map_err(|why| {
        let problem = Diagnostic::new(Code::DriftWindow, why).severity(Severity::Error);
        (vec![problem.help("make the summaries again with the same options")], exit::EVIDENCE)
    })
}

/// Files with what was read of each.
type Opened = (source::RowFiles, Vec<Result<(Table, Sha256), Box<Diagnostic>>>);

fn open(inputs: &Inputs<'_>, name: &str) -> Result<Opened, Box<Diagnostic>> {
    let found = inputs.files(name)?;
    let open = |(path, shown): &(PathBuf, String)| {
        let table = rows::open(path, shown)?;
        Ok((table, source::digest_of(path, shown)?))
    };
    let tables = found.files.par_iter().map(open).collect();
    Ok((found, tables))
}

/// The reference: all files are one. Nothing when one of them cannot be read: the others would stand for the whole.
fn reference(inputs: &Inputs<'_>, names: &[String], problems: &mut Vec<Diagnostic>) -> Option<Data> {
    let mut tables = Vec::new();
    for name in names {
        match open(inputs, name) {
            Ok((_, opened)) => tables.extend(opened),
            Err(problem) => tables.push(Err(problem)),
        }
    }
    let (tables, failed) = sorted(tables);
    problems.extend(failed);
    let tables = apart(tables);
    problems.is_empty().then(|| Data { name: names.join(", "), tables: tables.0, digest: tables.1 })
}

/// The current data: each file is a window, a folder is one. A window that cannot be read has no columns.
fn current(inputs: &Inputs<'_>, names: &[String], problems: &mut Vec<Diagnostic>) -> Vec<Data> {
    let mut out = Vec::new();
    for name in names {
        match open(inputs, name) {
            Ok((found, opened)) if found.together => {
                let (tables, failed) = sorted(opened);
                let (tables, digest) = apart(if failed.is_empty() { tables } else { Vec::new() });
                problems.extend(failed);
                out.push(Data { name: name.clone(), tables, digest });
            }
            Ok((found, opened)) => {
                for ((_, shown), table) in found.files.into_iter().zip(opened) {
                    let (tables, digest) =
                        apart(table.map_err(|problem| problems.push(*problem)).into_iter().collect());
                    out.push(Data { name: shown, tables, digest });
                }
            }
            Err(problem) => {
                problems.push(*problem);
                out.push(Data { name: name.clone(), tables: Vec::new(), digest: None });
            }
        }
    }
    out
}

/// Tables with their digests, and why others are none.
fn sorted(opened: Vec<Result<(Table, Sha256), Box<Diagnostic>>>) -> (Vec<(Table, Sha256)>, Vec<Diagnostic>) {
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for opened in opened {
        match opened {
            Ok(table) => tables.push(table),
            Err(problem) => failed.push(*problem),
        }
    }
    (tables, failed)
}

/// Tables, and what identifies them all: the digest of the file, or of the list of digests.
fn apart(tables: Vec<(Table, Sha256)>) -> (Vec<Table>, Option<String>) {
    let (tables, digests): (Vec<Table>, Vec<Sha256>) = tables.into_iter().unzip();
    let digest = match digests.as_slice() {
        [] => None,
        [one] => Some(one.hex()),
        many => Some(
            Sha256::of_parts(
                many.iter().map(|d| format!("{}\n", d.hex())).collect::<Vec<_>>().iter().map(String::as_bytes),
            )
            .hex(),
        ),
    };
    (tables, digest.map(|hex| format!("sha256 {}", hex.get(..12).unwrap_or_default())))
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
        let name = file_name(&report.id, &mut taken);
        let path = to.join(name);
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

/// The name of a window's file: after the file of the data, or the time.
fn file_name(window: &str, taken: &mut BTreeSet<String>) -> String {
    let stem = Path::new(window).file_stem().and_then(|s| s.to_str()).unwrap_or(window);
    let slug = site::file_slug(stem);
    let mut name = slug.clone();
    let mut n = 1;
    while !taken.insert(name.clone()) {
        n += 1;
        name = format!("{slug}-{n}");
    }
    format!("{name}.json")
}
