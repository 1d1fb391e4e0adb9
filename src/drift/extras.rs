//! What a report says beside its columns, as far as it was asked for.
//!
//! In: the data and the settings. Out: [`Extras`], from which each window's part is taken. Each part reads the data once
//! more, row by row; none of them costs anything when it is not asked for.

use super::collect::{Cut, Key};
use super::compute::Data;
use super::duplicates::{self, Counted};
use super::multivariate::Together;
use super::performance::{self, Pairs};
use super::settings::Settings;
use crate::model::{Beside, Performance, Scored};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Of the reference, and of each set of current data.
    duplicates: Option<(Counted, Vec<Counted>)>,
    performance: Option<Judged>,
    /// All numeric columns as one.
    pub(super) together: Option<Together>,
}

impl Extras {
    /// Reads what is asked for.
    pub(super) fn of(reference: &Data, current: &[Data], settings: &Settings, cut: Option<Cut<'_>>) -> Self {
        let duplicates = settings.duplicates.then(|| {
            let ours = duplicates::count(reference, settings, None);
            (ours, current.iter().map(|data| duplicates::count(data, settings, cut)).collect())
        });
        let performance = settings.labels.clone().map(|(prediction, target)| {
            let names = (prediction.as_str(), target.as_str());
            let ours = performance::read(reference, names, settings, None);
            let theirs: Vec<_> = current.iter().map(|d| performance::read(d, names, settings, cut)).collect();
            Judged::new((prediction, target), ours, theirs)
        });
        Self { duplicates, performance, together: None }
    }

    /// Predictions and labels that were read elsewhere, of the reference and of each set of current data.
    pub(super) fn with_pairs(
        names: (String, String),
        reference: performance::Read,
        current: Vec<performance::Read>,
    ) -> Self {
        Self { performance: Some(Judged::new(names, reference, current)), ..Self::default() }
    }

    /// What is said of a window of the data with this index; nothing when nothing was asked for.
    pub(super) fn beside(&self, index: Option<usize>, key: Key) -> Option<Box<Beside>> {
        let index = index?;
        let duplicates =
            self.duplicates.as_ref().and_then(|(ours, theirs)| Some(duplicates::said(ours, theirs.get(index)?, key)));
        let performance = self.performance.as_ref().map(|judged| judged.said(index, key));
        let out = Beside { duplicates, performance, importances_from: None };
        (out != Beside::default()).then(|| Box::new(out))
    }
}

/// Predictions and labels of all sides.
#[derive(Debug)]
struct Judged {
    prediction: String,
    target: String,
    task: Scored,
    ours: performance::Read,
    theirs: Vec<performance::Read>,
}

impl Judged {
    fn new((prediction, target): (String, String), ours: performance::Read, theirs: Vec<performance::Read>) -> Self {
        // What is predicted is the same in all windows, also in those whose few labels are all 0 or 1.
        let all = || theirs.iter().chain([&ours]).flatten().flat_map(std::collections::BTreeMap::values);
        let task = match (all().any(Pairs::has_numbers), all().all(Pairs::is_binary)) {
            (true, true) => Scored::Score,
            (true, false) => Scored::Value,
            (false, _) => Scored::Class,
        };
        Self { prediction, target, task, ours, theirs }
    }

    fn said(&self, index: usize, key: Key) -> Performance {
        let side = |read: Option<&performance::Read>, key: Key| {
            read?.as_ref().ok().map(|windows| windows.get(&key).map(|p| p.judged(self.task)).unwrap_or_default())
        };
        let why = |of: &str, read: Option<&performance::Read>| Some(format!("{of}: {}", read?.as_ref().err()?));
        let theirs = self.theirs.get(index);
        Performance {
            prediction: self.prediction.clone(),
            target: self.target.clone(),
            task: self.task,
            reference: side(Some(&self.ours), 0),
            current: side(theirs, key),
            not_computed: why("the current data", theirs).or_else(|| why("the reference", Some(&self.ours))),
        }
    }
}
