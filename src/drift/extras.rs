//! What a report says beside its columns, as far as it was asked for.
//!
//! In: the data and the settings. Out: [`Extras`], from which each window's part is taken. Each part reads the data once
//! more, row by row; none of them costs anything when it is not asked for.

use super::collect::{Cut, Key};
use super::compute::Data;
use super::duplicates::{self, Counted};
use super::settings::Settings;
use crate::model::Beside;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Of the reference, and of each set of current data.
    duplicates: Option<(Counted, Vec<Counted>)>,
}

impl Extras {
    /// Reads what is asked for.
    pub(super) fn of(reference: &Data, current: &[Data], settings: &Settings, cut: Option<Cut<'_>>) -> Self {
        let duplicates = settings.duplicates.then(|| {
            let ours = duplicates::count(reference, settings, None);
            (ours, current.iter().map(|data| duplicates::count(data, settings, cut)).collect())
        });
        Self { duplicates }
    }

    /// What is said of a window of the data with this index; nothing when nothing was asked for.
    pub(super) fn beside(&self, index: Option<usize>, key: Key) -> Option<Box<Beside>> {
        let index = index?;
        let duplicates =
            self.duplicates.as_ref().and_then(|(ours, theirs)| Some(duplicates::said(ours, theirs.get(index)?, key)));
        let out = Beside { duplicates, ..Beside::default() };
        (out != Beside::default()).then(|| Box::new(out))
    }
}
