//! What importers hand over: records, not yet linked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Card, Check, DriftReport, Evidence, Instant, Link, Pointer, Rejected, Run, Slice};
use crate::diag::{Code, Diagnostic};

/// One source, as read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceSummary {
    /// The importer's kind (`native`, `mlflow-file`, …).
    pub kind: String,
    /// The folder or file, relative to the project.
    pub path: String,
    /// Runs found.
    pub runs: usize,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
}

/// A version as a registry or a folder declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionRecord {
    /// The version's name.
    pub version: String,
    /// The run it points at.
    pub run: Option<String>,
    /// Aliases that point at it.
    pub aliases: Vec<String>,
    /// The stage it is in.
    pub stage: Option<String>,
    /// The registry's status (`READY`).
    pub status: Option<String>,
    /// What it is, for people (Markdown).
    pub description: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was registered.
    pub created_at: Option<Instant>,
    /// Why it cannot be judged, as an archive of it says.
    pub contested: Option<String>,
}

/// A model as a registry or a folder declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelRecord {
    /// The model's name.
    pub name: String,
    /// A title for people.
    pub title: Option<String>,
    /// What it is (Markdown).
    pub description: Option<String>,
    /// People or teams who answer for it.
    pub owners: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Links.
    pub links: Vec<Link>,
    /// Aliases to versions, as far as not said by the versions.
    pub aliases: BTreeMap<String, String>,
    /// Stages to versions, as far as not said by the versions.
    pub stages: BTreeMap<String, String>,
    /// Its versions.
    pub versions: Vec<VersionRecord>,
}

/// What one document says; whoever knows where the document lies decides what it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it says of a run: values, params, and whatever else the format knows (model, start, tags).
    pub run: Run,
    /// Whether the document is a whole run by itself, so that several of them side by side are
    /// several runs: the results file of an evaluation harness, a report of one window.
    pub standalone: bool,
    /// Further runs, complete with their ids, of a document with one of them in each row: a leaderboard.
    /// They never belong to the run directory that the document lies in.
    pub others: Vec<Run>,
    /// Drift reports.
    pub drift: Vec<DriftReport>,
    /// Checks.
    pub checks: Vec<Check>,
    /// Cards.
    pub cards: Vec<Card>,
    /// Models and versions that a registry's answer declares.
    pub models: Vec<ModelRecord>,
    /// Whether the records already say what they belong to, so that nothing follows from the place of
    /// the document: an archive that `export` wrote.
    pub complete: bool,
    /// Files that nobody understood.
    pub unread: Vec<String>,
    /// Findings.
    pub problems: Vec<Diagnostic>,
}

impl Document {
    /// Whether the document holds values that only make sense as part of a run.
    pub fn speaks_of_a_run(&self) -> bool {
        self.run.holds_values() || !self.run.params.is_empty()
    }

    /// A copy without values, drift and checks, of which it keeps no more than that there are some: enough to tell
    /// which runs and versions there are.
    pub fn outline(&mut self) -> Document {
        let speaks = self.run.holds_values();
        let (drift, checks) = (std::mem::take(&mut self.drift), std::mem::take(&mut self.checks));
        let run = &mut self.run;
        let values =
            (std::mem::take(&mut run.results), std::mem::take(&mut run.rejected), std::mem::take(&mut run.series));
        let drawn =
            (std::mem::take(&mut run.curves), std::mem::take(&mut run.matrices), std::mem::take(&mut run.importances));
        let mut copy = self.clone();
        copy.checks.extend(checks.first().cloned());
        (self.run.results, self.run.rejected, self.run.series) = values;
        (self.run.curves, self.run.matrices, self.run.importances) = drawn;
        (self.drift, self.checks) = (drift, checks);
        if speaks {
            copy.run.rejected.push(Rejected {
                metric: String::new(),
                dataset: None,
                slice: Slice::default(),
                class: None,
                found: "a value that was left out".to_owned(),
                source: Pointer::default(),
            });
        }
        copy
    }

    /// Moves everything but the run into the records, as it is.
    pub fn stand_alone(mut self, records: &mut Records) {
        records.drift.append(&mut self.drift);
        records.checks.append(&mut self.checks);
        records.cards.append(&mut self.cards);
        records.unrecognised.append(&mut self.unread);
        records.problems.append(&mut self.problems);
    }

    /// Moves what belongs to a run into it; drift, checks and cards get the run's id.
    pub fn attach(mut self, run: &mut Run, records: &mut Records) {
        if self.complete {
            run.absorb(std::mem::take(&mut self.run));
            return self.stand_alone(records);
        }
        run.absorb(self.run);
        records.runs.append(&mut self.others);
        for mut report in self.drift {
            report.run = Some(run.id.clone());
            records.drift.push(report);
        }
        for mut check in self.checks {
            check.run = Some(run.id.clone());
            records.checks.push(check);
        }
        // A bill of materials describes other models beside the run's own: those stay what they are.
        let named = self.cards.len() > 1 && self.cards.iter().any(|c| c.model.is_some() && c.model == run.model);
        for mut card in self.cards {
            if named && card.model != run.model {
                records.cards.push(card);
                continue;
            }
            card.model = run.model.clone().or(card.model);
            card.version = run.version.clone().or(card.version);
            records.cards.push(card);
        }
        records.models.append(&mut self.models);
        records.problems.append(&mut self.problems);
    }
}

/// Everything that one or more sources said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The sources.
    pub sources: Vec<SourceSummary>,
    /// Models that a registry or a folder declares.
    pub models: Vec<ModelRecord>,
    /// Runs.
    pub runs: Vec<Run>,
    /// Drift reports.
    pub drift: Vec<DriftReport>,
    /// Checks.
    pub checks: Vec<Check>,
    /// Cards.
    pub cards: Vec<Card>,
    /// Cards that speak of a run: of the versions that it turns out to be.
    pub run_cards: Vec<(String, Card)>,
    /// Files that were read.
    pub evidence: Vec<Evidence>,
    /// Files that nobody understood, relative to the project.
    pub unrecognised: Vec<String>,
    /// Findings.
    pub problems: Vec<Diagnostic>,
}

impl Records {
    /// Leaves out runs that ended, or began when they did not end, before a moment, with all that
    /// hangs on them. A run that a version of a registry points at stays, and so does one that says
    /// no time. A note says how many went.
    pub fn forget_before(&mut self, moment: Instant) {
        let registered: BTreeSet<&str> =
            self.models.iter().flat_map(|m| &m.versions).filter_map(|v| v.run.as_deref()).collect();
        let old =
            |r: &Run| r.ended_at.or(r.started_at).is_some_and(|at| at < moment) && !registered.contains(r.id.as_str());
        let gone: BTreeSet<String> = self.runs.iter().filter(|r| old(r)).map(|r| r.id.clone()).collect();
        if gone.is_empty() {
            return;
        }
        let stays = |run: &Option<String>| run.as_ref().is_none_or(|r| !gone.contains(r));
        self.runs.retain(|r| !gone.contains(&r.id));
        self.drift.retain(|d| stays(&d.run));
        self.checks.retain(|c| stays(&c.run));
        let path = self.sources.first().map(|s| s.path.clone()).unwrap_or_default();
        self.problems.push(
            Diagnostic::new(
                Code::RunsLeftOut,
                format!("{} left out: older than {}", crate::diag::count(gone.len(), "run"), moment.date()),
            )
            .at(path)
            .help("raise max_age in [[source]] to read them"),
        );
    }

    /// Adds another source's records.
    pub fn append(&mut self, mut other: Records) {
        self.sources.append(&mut other.sources);
        self.models.append(&mut other.models);
        self.runs.append(&mut other.runs);
        self.drift.append(&mut other.drift);
        self.checks.append(&mut other.checks);
        self.cards.append(&mut other.cards);
        self.run_cards.append(&mut other.run_cards);
        self.evidence.append(&mut other.evidence);
        self.unrecognised.append(&mut other.unrecognised);
        self.problems.append(&mut other.problems);
    }
}
