//! The feature importances of the run that reports belong to, for drift that was asked for without any.
//!
//! In: the folder of a run. Out: importances by column and where they stand. Nothing is guessed: of several runs in the
//! folder none is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use crate::drift::compute::Outcome;
use crate::drift::settings::Settings;
use crate::import;
use crate::model::Importance;
use crate::source::{Limits, Source};

/// The run's folder that reports in this folder belong to: the one above `drift`, else the folder itself; nothing where
/// that is no folder of its own.
pub(super) fn folder_of(output: &Path) -> Option<&Path> {
    let folder = if output.file_name()? == "drift" { output.parent()? } else { output };
    folder.components().any(|part| matches!(part, Component::Normal(_))).then_some(folder)
}

/// Sets the importances of columns by the run, where none were given. Returns where they stand.
pub(super) fn from_run(
    project: &Path,
    run: &str,
    columns: &BTreeSet<String>,
    settings: &mut Settings,
) -> Option<String> {
    if settings.columns.values().any(|c| c.importance.is_some()) {
        return None;
    }
    let source = Source::discover(&project.join(run), run, &[], Limits::default()).ok()?;
    let records = import::import(&source, None);
    let mut with = records.runs.iter().filter(|r| !r.importances.is_empty());
    let run = with.next().filter(|_| with.next().is_none())?;
    // As on the pages: the first list that speaks of any of the columns.
    let fits = |list: &&Importance| list.items.iter().any(|i| columns.contains(&i.feature));
    let list = run.importances.iter().find(fits)?;
    // What a permutation improves or a coefficient lowers rests on the column as well.
    let items = list.items.iter().filter_map(|i| Some((i.feature.clone(), i.mean.finite()?.get().abs())));
    let found: BTreeMap<String, f64> = items.filter(|(name, _)| columns.contains(name)).collect();
    if found.is_empty() {
        return None;
    }
    for (name, importance) in found {
        settings.columns.entry(name).or_default().importance = Some(importance);
    }
    Some(if list.name.is_empty() { list.source.path.clone() } else { format!("{} ({})", list.source.path, list.name) })
}

/// Says in each report where its importances are from.
pub(super) fn told(outcome: &mut Outcome, from: Option<&String>) {
    let Some(from) = from else { return };
    for report in &mut outcome.reports {
        report.beside.get_or_insert_default().importances_from = Some(from.clone());
    }
}
