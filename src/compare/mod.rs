//! What changed from one version to another.
//!
//! In: two versions of a registry, of one model or of two. Out: a [`Comparison`]: results with the evidence for
//! a difference, what makes some of them not comparable, parameters, data, setup, card and drift; [`out`]
//! renders it. Must not judge: no policy is read here, and a difference that the evidence does not carry is
//! called unclear.

mod cards;
mod drift;
mod matrices;
pub mod out;
mod results;
mod setup;

pub use cards::{Piece, SectionChange};
pub use drift::DriftChange;
pub use matrices::Confusion;
pub use results::{Move, ResultChange, Test};
pub use setup::Change;

use crate::model::{Registry, Run, Version};

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The version.
    pub version: &'a Version,
    /// Its run, where one was read.
    pub run: Option<&'a Run>,
}

/// Two versions beside each other.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The one that is compared with.
    pub before: Side<'a>,
    /// The one that is looked at.
    pub after: Side<'a>,
    /// Results by what they speak of: overall ones first, then slices and classes, each in the order of `after`.
    pub results: Vec<ResultChange<'a>>,
    /// How many of them carry a test; their p-values are adjusted together by Holm's method.
    pub tested: usize,
    /// Cells of confusion matrices that differ, the largest change first.
    pub confusions: Vec<Confusion<'a>>,
    /// Parameters that differ.
    pub params: Vec<Change>,
    /// Datasets that differ.
    pub datasets: Vec<Change>,
    /// Code, files, tags and owners that differ.
    pub setup: Vec<Change>,
    /// Sections of the card that differ, in the order of `after`.
    pub card: Vec<SectionChange<'a>>,
    /// Features whose newest drift verdicts differ.
    pub drift: Vec<DriftChange<'a>>,
}

impl<'a> Comparison<'a> {
    /// Compares `after` with `before`.
    pub fn new(registry: &'a Registry, before: &'a Version, after: &'a Version) -> Self {
        let side = |version: &'a Version| Side { version, run: registry.run_of(version) };
        let (before, after) = (side(before), side(after));
        let results = results::compare(registry, before.run, after.run);
        Self {
            before,
            after,
            tested: results.iter().filter(|r| r.test.is_some()).count(),
            results,
            confusions: matrices::compare(before.run, after.run),
            params: setup::params(before.run, after.run),
            datasets: setup::datasets(before.run, after.run),
            setup: setup::setup(before, after),
            card: cards::compare(before.version.card.as_ref(), after.version.card.as_ref()),
            drift: drift::compare(registry, before.version, after.version),
        }
    }

    /// How many results moved so.
    pub fn count(&self, moved: Move) -> usize {
        self.results.iter().filter(|r| r.moved == moved).count()
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.results.iter().all(|r| r.moved == Move::Same)
            && self.confusions.is_empty()
            && self.params.is_empty()
            && self.datasets.is_empty()
            && self.setup.is_empty()
            && self.card.is_empty()
            && self.drift.is_empty()
    }
}
