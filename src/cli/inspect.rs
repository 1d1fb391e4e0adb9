//! `presscheck inspect`: what was read, and what was not understood and why.

use std::fmt::Write;

use super::args::{Format, Global, Inspect};
use super::exit;
use super::project::{Project, has_errors, now, read_source};
use super::terminal::Terminal;
use crate::diag::{count, visible};
use crate::model::{Catalogue, Records, Registry, assemble, view::InspectView};

pub(super) fn run(global: &Global, options: &Inspect, terminal: &mut Terminal) -> u8 {
    let registry = if options.paths.is_empty() {
        match Project::load(global) {
            Ok(project) => terminal.reading(|| project.registry(now())),
            Err(problems) => {
                terminal.diagnostics(&problems);
                return exit::USAGE;
            }
        }
    } else {
        // Paths in the view are relative to the folder that was asked for; with several folders the
        // path as typed tells them apart.
        let several = options.paths.len() > 1;
        let mut records = Records::default();
        for path in &options.paths {
            let label = if several || path.is_file() { path.display().to_string() } else { String::new() };
            records.append(terminal.reading(|| read_source(&global.directory.join(path), &label)));
        }
        // The catalogue of the project gives aliases and ranges; without one the built-in holds.
        let catalogue = Project::load(global).map_or_else(|_| Catalogue::built_in(), |p| p.config.catalogue);
        assemble(records, catalogue, &[])
    };
    match options.format {
        Format::Json => match serde_json::to_vec_pretty(&InspectView::new(&registry)) {
            Ok(mut json) => {
                json.push(b'\n');
                terminal.print(&json);
            }
            Err(error) => {
                terminal.complain(&format!("the view could not be written: {error}"));
                return exit::INTERNAL;
            }
        },
        Format::Text => {
            terminal.print(table(&registry).as_bytes());
            terminal.diagnostics(&registry.problems);
        }
    }
    if has_errors(&registry) { exit::EVIDENCE } else { exit::PASS }
}

/// The view for people.
fn table(registry: &Registry) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let w = &mut out;
    for source in &registry.sources {
        let _ = writeln!(
            w,
            "{}: {} ({}, {}, {} bytes)",
            visible(&source.path, 200),
            source.kind,
            count(source.runs, "run"),
            count(source.files, "file"),
            source.bytes
        );
    }
    if !registry.models.is_empty() {
        let _ = writeln!(w, "\nModels");
        for model in &registry.models {
            let aliases: Vec<String> = model.aliases.iter().map(|(a, v)| format!("{a} → {v}")).collect();
            let _ = writeln!(
                w,
                "  {}  {}  {}",
                visible(&model.name, 60),
                count(model.versions.len(), "version"),
                visible(&aliases.join(", "), 120)
            );
            for version in model.versions.iter().rev().take(12) {
                let run = registry.run_of(version);
                let _ = writeln!(
                    w,
                    "    {:<14} {:<10} {:>4} results  {:>3} drift  {:>3} checks  {}",
                    visible(&version.version, 40),
                    run.map_or("no run", |r| r.status.as_str()),
                    run.map_or(0, |r| r.results.len()),
                    version.drift.len(),
                    version.checks.len(),
                    version.digest.short(),
                );
            }
            if model.versions.len() > 12 {
                let _ = writeln!(w, "    … and {} older", model.versions.len() - 12);
            }
        }
    }
    let others: Vec<_> = registry.runs.iter().filter(|r| r.model.is_none()).collect();
    if !others.is_empty() {
        let _ = writeln!(w, "\nRuns that are no version of a model");
        for run in others.iter().take(40) {
            let shown: Vec<String> = run
                .results
                .iter()
                .filter(|r| r.is_overall())
                .take(4)
                .map(|r| format!("{} {}", visible(&r.metric, 30), r.value))
                .collect();
            let _ = writeln!(
                w,
                "  {:<34} {:<22} {:<9} {}{}",
                visible(&run.id, 34),
                visible(&run.name, 22),
                run.status.as_str(),
                shown.join("  "),
                if run.deleted { "  (deleted)" } else { "" }
            );
        }
        if others.len() > 40 {
            let _ = writeln!(w, "  … and {} more (--format json shows all)", others.len() - 40);
        }
    }
    if !registry.drift.is_empty() {
        let _ = writeln!(w, "\nDrift reports");
        for report in registry.drift.iter().take(40) {
            let drifted = report.features.iter().filter(|f| f.drifted == Some(true)).count();
            let _ = writeln!(
                w,
                "  {}  {}  {drifted} of {} drifted",
                visible(&report.id, 80),
                visible(&report.tool, 40),
                count(report.features.len(), "feature")
            );
        }
        if registry.drift.len() > 40 {
            let _ = writeln!(w, "  … and {} more", registry.drift.len() - 40);
        }
    }
    if !registry.cards.is_empty() {
        let _ = writeln!(
            w,
            "\n{} with {}",
            count(registry.cards.len(), "card"),
            count(registry.cards.iter().map(|c| c.results.len()).sum(), "claimed result")
        );
    }
    if !registry.checks.is_empty() {
        let _ = writeln!(w, "\n{} of other tools", count(registry.checks.len(), "check"));
    }
    if !registry.unrecognised.is_empty() {
        let _ = writeln!(w, "\nNot understood ({}): no importer knows the content of", registry.unrecognised.len());
        for path in registry.unrecognised.iter().take(20) {
            let _ = writeln!(w, "  {}", visible(path, 160));
        }
        if registry.unrecognised.len() > 20 {
            let _ = writeln!(w, "  … and {} more", registry.unrecognised.len() - 20);
        }
    }
    out
}
