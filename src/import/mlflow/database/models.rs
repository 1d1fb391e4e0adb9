//! Logged models (MLflow 3) and the registry of the database.
//!
//! In: tables. Out: logged models with their params, tags and metrics; declared models with versions,
//! aliases, stages and tags. Prompts and deleted things are left out, as MLflow's client does.

use std::collections::BTreeMap;

use super::super::Findings;
use super::super::rows::{LoggedModel, ModelMetric, VersionRow, is_prompt, prompts_left_out};
use super::runs::infinite;
use super::table::Tables;
use crate::diag::visible;
use crate::model::{ModelRecord, Pointer};

/// Which dataset a run has measured a metric on: by run, then metric, step and time.
pub(in crate::import::mlflow) type Measured = BTreeMap<String, BTreeMap<(String, i64, i64), String>>;

/// Reads the logged models, by their ids.
pub(super) fn logged(tables: &Tables<'_>, findings: &mut Findings) -> rusqlite::Result<BTreeMap<String, LoggedModel>> {
    let mut out: BTreeMap<String, LoggedModel> = BTreeMap::new();
    let columns = &["model_id", "name", "status", "model_type", "source_run_id", "lifecycle_stage"];
    tables.rows("logged_models", columns, findings, |row, findings| {
        let owned = |at: usize| row.filled(at).map(std::borrow::Cow::into_owned);
        let Some(id) = owned(0) else { return };
        if row.text(5).as_deref() == Some("deleted") {
            return;
        }
        let number = owned(2).unwrap_or_default();
        let status = LoggedModel::status(&number);
        if status.is_none() {
            let what = format!("'{}' is no status of a model", visible(&number, 80));
            findings.problem(tables.problem(&format!("logged_models/{id}"), what));
        }
        let model = LoggedModel {
            name: owned(1).unwrap_or_else(|| id.clone()),
            status,
            kind: owned(3),
            source_run: owned(4),
            origin: Pointer::new(tables.path, format!("logged_models/{id}")),
            id: id.clone(),
            ..LoggedModel::default()
        };
        out.insert(id, model);
    })?;
    for (table, columns, is_param) in [
        ("logged_model_params", ["model_id", "param_key", "param_value"], true),
        ("logged_model_tags", ["model_id", "tag_key", "tag_value"], false),
    ] {
        tables.rows(table, &columns, findings, |row, _| {
            let (Some(id), Some(key)) = (row.text(0), row.text(1)) else { return };
            let Some(model) = out.get_mut(id.as_ref()) else { return };
            let value = row.text(2).unwrap_or_default().into_owned();
            if is_param {
                model.params.insert(key.into_owned(), value);
            } else if !key.starts_with("mlflow.") {
                // What MLflow notes for itself at a model (versions, source) is said elsewhere.
                model.tags.insert(key.into_owned(), value);
            }
        })?;
    }
    Ok(out)
}

/// Reads what was measured of logged models, and on which data. Here alone the database says on which
/// dataset a run has measured a metric.
pub(super) fn metrics(
    tables: &Tables<'_>,
    models: &mut BTreeMap<String, LoggedModel>,
    findings: &mut Findings,
) -> rusqlite::Result<Measured> {
    let mut out = Measured::new();
    let columns = &[
        "model_id",
        "metric_name",
        "metric_value",
        "metric_step",
        "metric_timestamp_ms",
        "run_id",
        "dataset_name",
        "dataset_digest",
    ];
    tables.rows("logged_model_metrics", columns, findings, |row, _| {
        let owned = |at: usize| row.filled(at).map(std::borrow::Cow::into_owned);
        let (Some(id), Some(key)) = (row.text(0), owned(1)) else { return };
        let (step, millis) = (row.int(3).unwrap_or_default(), row.int(4).unwrap_or_default());
        let (run, dataset) = (owned(5), owned(6));
        if let (Some(run), Some(dataset)) = (&run, &dataset) {
            let of_run = out.entry(run.clone()).or_default();
            of_run.entry((key.clone(), step, millis)).or_insert_with(|| dataset.clone());
        }
        // NaN is stored as null here.
        let value = row.number(2).map_or(f64::NAN, infinite).into();
        if let Some(model) = models.get_mut(id.as_ref()) {
            let source = Pointer::new(tables.path, format!("logged_model_metrics/{id}/{key}"));
            model.metrics.push(ModelMetric { key, value, step, millis, dataset, digest: owned(7), run, source });
        }
    })?;
    for model in models.values_mut() {
        model.metrics.sort_by(|a, b| (a.millis, &a.key, a.step, &a.run).cmp(&(b.millis, &b.key, b.step, &b.run)));
    }
    Ok(out)
}

/// A model's name; names are unique in a workspace only (MLflow 3).
fn name(name: &str, workspace: Option<&str>) -> String {
    match workspace {
        None | Some("" | "default") => name.to_owned(),
        Some(workspace) => format!("{workspace}/{name}"),
    }
}

/// Reads the registry. `run_of` leads from logged models to their runs.
pub(super) fn registered(
    tables: &Tables<'_>,
    run_of: &BTreeMap<&str, &str>,
    findings: &mut Findings,
) -> rusqlite::Result<Vec<ModelRecord>> {
    let mut out: BTreeMap<String, ModelRecord> = BTreeMap::new();
    tables.rows("registered_models", &["name", "workspace", "description"], findings, |row, _| {
        let Some(own) = row.filled(0) else { return };
        let name = name(&own, row.text(1).as_deref());
        let description = row.filled(2).map(std::borrow::Cow::into_owned);
        out.insert(name.clone(), ModelRecord { name, description, ..ModelRecord::default() });
    })?;
    let mut lost = 0;
    tables.rows("registered_model_tags", &["name", "workspace", "key", "value"], findings, |row, _| {
        let (Some(own), Some(key)) = (row.text(0), row.text(2)) else { return };
        match out.get_mut(&name(&own, row.text(1).as_deref())) {
            Some(model) => {
                model.tags.insert(key.into_owned(), row.text(3).unwrap_or_default().into_owned());
            }
            None => lost += 1,
        }
    })?;
    tables.orphans("registered_model_tags", std::mem::take(&mut lost), findings);
    tables.rows("registered_model_aliases", &["name", "workspace", "alias", "version"], findings, |row, _| {
        let (Some(own), Some(alias), Some(version)) = (row.text(0), row.filled(2), row.filled(3)) else { return };
        match out.get_mut(&name(&own, row.text(1).as_deref())) {
            Some(model) => {
                model.aliases.insert(alias.into_owned(), version.into_owned());
            }
            None => lost += 1,
        }
    })?;
    tables.orphans("registered_model_aliases", std::mem::take(&mut lost), findings);
    let columns = &[
        "name",
        "workspace",
        "version",
        "current_stage",
        "status",
        "description",
        "run_id",
        "source",
        "creation_time",
    ];
    tables.rows("model_versions", columns, findings, |row, _| {
        let (Some(own), Some(version)) = (row.text(0), row.filled(2)) else { return };
        let Some(model) = out.get_mut(&name(&own, row.text(1).as_deref())) else {
            lost += 1;
            return;
        };
        let (stage, status, description) = (row.filled(3), row.filled(4), row.filled(5));
        let (run_id, source) = (row.filled(6), row.filled(7));
        let row = VersionRow {
            version: &version,
            stage: stage.as_deref(),
            status: status.as_deref(),
            description: description.as_deref(),
            run_id: run_id.as_deref(),
            model_id: None,
            source: source.as_deref(),
            created_at: row.instant(8),
        };
        model.versions.extend(row.record(run_of));
    })?;
    tables.orphans("model_versions", std::mem::take(&mut lost), findings);
    tables.rows("model_version_tags", &["name", "workspace", "version", "key", "value"], findings, |row, _| {
        let (Some(own), Some(version), Some(key)) = (row.text(0), row.text(2), row.text(3)) else { return };
        let versions = out.get_mut(&name(&own, row.text(1).as_deref())).map(|m| &mut m.versions);
        if let Some(version) = versions.into_iter().flatten().find(|v| v.version == version) {
            version.tags.insert(key.into_owned(), row.text(4).unwrap_or_default().into_owned());
        }
    })?;
    let all = out.len();
    let mut models: Vec<ModelRecord> = out.into_values().filter(|model| !is_prompt(&model.tags)).collect();
    for model in &mut models {
        model.versions.sort_by(|a, b| a.version.cmp(&b.version));
    }
    findings.problems.extend(prompts_left_out(all - models.len(), tables.path.to_owned()));
    Ok(models)
}
