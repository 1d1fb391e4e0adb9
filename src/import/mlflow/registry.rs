//! The model registry: `models/NAME/` with versions, tags and aliases.
//!
//! In: the registry's folder, and which run made which logged model. Out: the declared models. As
//! with MLflow's client, an alias is what its file says, a version that was deleted is not there,
//! and prompts, which MLflow keeps among the models, are no models.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::experiment::texts;
use super::meta::{self, Meta};
use super::rows::{VersionRow, is_prompt, prompts_left_out};
use super::{Findings, META, below};
use crate::diag::{Code, Diagnostic, visible};
use crate::import::Folder;
use crate::model::{Datum, ModelRecord, VersionRecord};
use crate::source::file_name;

/// Reads the registry. `run_of` leads from logged models to their source runs.
pub(super) fn read(folder: &Folder<'_>, run_of: &BTreeMap<&str, &str>) -> (Vec<ModelRecord>, Findings) {
    let mut findings = Findings::default();
    for entry in folder.files().iter().filter(|e| !folder.relative(e).contains('/')) {
        findings.unrecognised(folder, entry);
    }
    let folders: Vec<Folder<'_>> = folder.child_folders().map(|path| folder.folder(path)).collect();
    let read: Vec<(Option<ModelRecord>, Findings)> = folders.par_iter().map(|f| model(f, run_of)).collect();
    let mut models = Vec::with_capacity(read.len());
    for (model, found) in read {
        models.extend(model);
        findings.append(found);
    }
    findings.problems.extend(prompts_left_out(findings.prompts, folder.project_path()));
    (models, findings)
}

fn model(folder: &Folder<'_>, run_of: &BTreeMap<&str, &str>) -> (Option<ModelRecord>, Findings) {
    let mut findings = Findings::default();
    let versions: Vec<(&str, Folder<'_>)> = folder
        .child_folders()
        .filter_map(|path| Some((file_name(path).strip_prefix("version-")?, folder.folder(path))))
        .collect();
    let meta = match folder.file(META).map(|entry| Meta::read(folder, entry)) {
        Some(Ok(meta)) => meta,
        Some(Err(problem)) => {
            findings.problem(*problem);
            Meta::absent(String::new())
        }
        None if folder.files().is_empty() => return (None, findings),
        None if versions.is_empty() => {
            findings.problem(meta::absent(folder, "registered model"));
            findings.unrecognised_folder(folder);
            return (None, findings);
        }
        None => {
            findings.problem(
                Diagnostic::new(Code::FieldMissing, "the registered model has no meta.yaml")
                    .at(folder.project_path())
                    .help("was the store copied completely? MLflow does not list it"),
            );
            Meta::absent(String::new())
        }
    };
    let mut record = ModelRecord { name: folder.name().to_owned(), ..ModelRecord::default() };
    if let Some(name) = meta.text("name") {
        if name != record.name {
            findings.problem(meta.invalid("name", &format!("'{}' is not the folder's name", visible(name, 80))));
        }
        name.clone_into(&mut record.name);
    }
    record.description = meta.text("description").map(str::to_owned);
    let mut files = BTreeMap::new();
    for path in folder.child_folders() {
        let child = folder.folder(path);
        match file_name(path) {
            "tags" => record.tags = texts(&child, &mut findings),
            "aliases" => files = texts(&child, &mut findings),
            name if name.starts_with("version-") => {}
            _ => findings.unrecognised_folder(&child),
        }
    }
    if is_prompt(&record.tags) {
        return (None, Findings { prompts: 1, ..Findings::default() });
    }
    for entry in folder.files().iter().filter(|e| !folder.relative(e).contains('/')) {
        if folder.relative(entry) != META {
            findings.unrecognised(folder, entry);
        }
    }
    record.aliases = files.into_iter().map(|(alias, version)| (alias, version.trim().to_owned())).collect();
    contradictions(&record, &meta, &mut findings);
    for (number, folder) in versions {
        record.versions.extend(version(number, &folder, run_of, &mut findings));
    }
    (Some(record), findings)
}

/// `meta.yaml` repeats the aliases. Its list is told where it differs, and the files count: they are
/// what MLflow's client reads.
fn contradictions(record: &ModelRecord, meta: &Meta, findings: &mut Findings) {
    let Some(entries) = meta.get("aliases").and_then(Datum::entries) else { return };
    let listed: BTreeMap<&str, String> = entries.iter().map(|(k, v)| (k.as_str(), v.display())).collect();
    let differs = |alias: &str, file: &str, list: &str| {
        meta.invalid(
            "aliases",
            &format!("alias '{}' is {list} here, but {file} in the folder 'aliases'", visible(alias, 80)),
        )
        .help("the file counts; set the alias anew with MLflow so that both agree")
    };
    let named = |version: &str| format!("version '{}'", visible(version, 40));
    for (alias, version) in &record.aliases {
        match listed.get(alias.as_str()) {
            Some(other) if other == version => {}
            Some(other) => findings.problem(differs(alias, &named(version), &named(other))),
            None => findings.problem(differs(alias, &named(version), "absent")),
        }
    }
    for (alias, version) in &listed {
        if !record.aliases.contains_key(*alias) {
            findings.problem(differs(alias, "absent", &named(version)));
        }
    }
}

fn version(
    number: &str,
    folder: &Folder<'_>,
    run_of: &BTreeMap<&str, &str>,
    findings: &mut Findings,
) -> Option<VersionRecord> {
    let Some(entry) = folder.file(META) else {
        if !folder.files().is_empty() {
            findings.problem(meta::absent(folder, "version"));
            findings.unrecognised_folder(folder);
        }
        return None;
    };
    // The version exists although nothing can be said of it: leaving it out would make the one
    // before it the latest.
    let meta = Meta::read(folder, entry).unwrap_or_else(|problem| {
        findings.problem(*problem);
        Meta::absent(String::new())
    });
    if meta.text("current_stage") == Some("Deleted_Internal") {
        return None;
    }
    if let Some(other) = meta.text("version").filter(|v| *v != number) {
        findings.problem(meta.invalid("version", &format!("'{}' is not the folder's number", visible(other, 40))));
    }
    let row = VersionRow {
        version: number,
        stage: meta.text("current_stage"),
        status: meta.text("status"),
        description: meta.text("description"),
        run_id: meta.text("run_id"),
        model_id: meta.text("model_id"),
        source: meta.text("source"),
        created_at: meta.instant("creation_timestamp", findings),
    };
    let mut record = row.record(run_of)?;
    for entry in folder.files() {
        let relative = folder.relative(entry);
        if relative != META && !relative.starts_with("tags/") {
            findings.unrecognised(folder, entry);
        }
    }
    if let Some(tags) = below(folder, "tags") {
        record.tags = texts(&tags, findings);
    }
    Some(record)
}
