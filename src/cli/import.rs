//! `presscheck import`: any source as native run directories, so that evidence can be archived.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::args::{Global, Import};
use super::exit;
use super::project::{Project, has_errors, now, read_without};
use super::terminal::Terminal;
use crate::config::Config;
use crate::diag::{Diagnostic, count};
use crate::export::There;
use crate::model::{Catalogue, Records, Registry, assemble};
use crate::{export, output};

pub(super) fn run(global: &Global, options: &Import, terminal: &mut Terminal) -> u8 {
    let root = global.directory.join(&options.output);
    let registry = match read(global, options, &root) {
        Ok(registry) => registry,
        Err(problems) => {
            terminal.diagnostics(&problems);
            return exit::USAGE;
        }
    };
    terminal.diagnostics(&registry.problems);
    // What was archived before stays: a model goes on speaking of versions that its source has no more.
    let there = root.is_dir().then(|| assemble(read_without(&root, "", &[], None), Catalogue::built_in(), &[]));
    let units = |refused: Option<&BTreeSet<String>>| -> Vec<(String, bool, output::Files)> {
        let units = export::native(&registry, There { registry: there.as_ref(), refused });
        units.into_iter().map(|unit| (unit.folder, unit.whole, unit.files)).collect()
    };
    let mut due = units(None);
    let written = output::refused(&root, &due).and_then(|refused| {
        if !refused.is_empty() {
            due = units(Some(&refused));
        }
        output::archive(&root, due)
    });
    match written {
        Ok(done) => {
            if done.cleaned > 0 {
                terminal
                    .say(&format!("{} of an interrupted import removed or finished", count(done.cleaned, "remnant")));
            }
            terminal.say(&format!(
                "{} of {} → {}: {} written, {} unchanged",
                count(registry.runs.len(), "run"),
                count(registry.models.len(), "model"),
                root.display(),
                count(done.written, "folder"),
                done.unchanged,
            ));
            if !done.refused.is_empty() {
                terminal.complain(&format!(
                    "error: {} in {} would have to change and stay as they are; to archive what the source says now, name another folder",
                    count(done.refused.len(), "folder"),
                    root.display(),
                ));
                for (at, what) in &done.refused {
                    terminal.complain(&format!("  {at} ({what})"));
                }
                return exit::USAGE;
            }
        }
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    }
    if has_errors(&registry) { exit::EVIDENCE } else { exit::PASS }
}

/// What the sources say: those that were named, or the configured ones.
fn read(global: &Global, options: &Import, root: &std::path::Path) -> Result<Registry, Vec<Diagnostic>> {
    let exclude = [root.to_path_buf()];
    if options.sources.is_empty() {
        let mut project = Project::load(global)?;
        project.exclude = exclude.to_vec();
        return Ok(project.registry(now()));
    }
    let catalogue = Project::load(global).map_or_else(|_| Catalogue::built_in(), |p| p.config.catalogue);
    let several = options.sources.len() > 1;
    let mut records = Records::default();
    for wanted in &options.sources {
        if wanted.contains("://") {
            let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
            let kind = options.kind.as_deref().map(|k| format!("kind = {}\n", quoted(k))).unwrap_or_default();
            let text = format!("schema = 1\n[[source]]\n{kind}uri = {}\n", quoted(wanted));
            let config = Config::parse(&text, "SRC", "import")?;
            let project = Project { folder: global.directory.clone(), config, exclude: Vec::new() };
            records.append(project.records(now()));
            continue;
        }
        let path = global.directory.join(wanted);
        let label = if several || path.is_file() { PathBuf::from(wanted).display().to_string() } else { String::new() };
        records.append(read_without(&path, &label, &exclude, options.kind.as_deref()));
    }
    Ok(assemble(records, catalogue, &[]))
}
