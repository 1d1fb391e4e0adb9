//! A run: one execution that produced evidence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Curve, Datum, Direction, Evidence, Importance, Instant, Matrix, MetricResult, Pointer, Rejected, Series};

/// What became of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is its own name")]
pub enum RunStatus {
    Finished,
    Failed,
    Running,
    Scheduled,
    Killed,
    #[default]
    Unknown,
}

impl RunStatus {
    /// The name in the public contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
            Self::Killed => "killed",
            Self::Unknown => "unknown",
        }
    }

    /// The status of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Finished, Self::Failed, Self::Running, Self::Scheduled, Self::Killed, Self::Unknown]
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(name))
    }
}

/// A dataset that a run used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its digest, as the tool writes it.
    pub digest: Option<String>,
    /// What it was used for: `train`, `test`, …
    pub role: Option<String>,
    /// Number of rows.
    pub rows: Option<u64>,
    /// Where it came from; shown as text, never opened.
    pub uri: Option<String>,
}

/// A file that a run left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Its path as the tool names it.
    pub path: String,
    /// Size in bytes, when known.
    pub bytes: Option<u64>,
    /// SHA-256 that somebody declared, as 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// What it is (`model`, `table`, …).
    pub kind: Option<String>,
    /// When it was made, as far as its source says.
    pub created: Option<Instant>,
}

/// The state of the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Git {
    /// Commit id.
    pub commit: Option<String>,
    /// Branch.
    pub branch: Option<String>,
    /// Repository, shown as text.
    pub remote: Option<String>,
    /// Whether the work tree had changes.
    pub dirty: Option<bool>,
}

/// A link for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Text.
    pub title: String,
    /// Address; only http, https and mailto are ever made clickable.
    pub url: String,
}

/// Where a version comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// The version or run that it was trained from (`model@version` or a run id).
    pub parent: Option<String>,
    /// The model that it was fine-tuned from.
    pub base_model: Option<String>,
    /// The pipeline that made it.
    pub pipeline: Option<String>,
}

/// How a run came to be known, in the order of precedence when several are one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunForm {
    /// A tracker recorded it, under an id of its own.
    #[default]
    Tracked,
    /// It is a run directory.
    Directory,
    /// It is one document that is a run by itself: the results file of an evaluation harness, say.
    Document,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The tool's own id; for run directories their path.
    pub id: String,
    /// The importer that read it.
    pub source: String,
    /// Its name, for people.
    pub name: String,
    /// The model it is a version of, when its source says.
    pub model: Option<String>,
    /// The version it is, when its source says.
    pub version: Option<String>,
    /// The tracker's experiment.
    pub experiment: Option<String>,
    /// What became of it.
    pub status: RunStatus,
    /// Whether the tracker marks it as deleted.
    pub deleted: bool,
    /// Start, or the moment of creation.
    pub started_at: Option<Instant>,
    /// End.
    pub ended_at: Option<Instant>,
    /// The parent run's id.
    pub parent: Option<String>,
    /// What it is, for people (Markdown).
    pub description: Option<String>,
    /// Parameters, as the tool writes them.
    pub params: BTreeMap<String, Datum>,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
    /// Tags that the tool sets itself.
    pub system_tags: BTreeMap<String, String>,
    /// Final values.
    pub results: Vec<MetricResult>,
    /// Values that are no numbers.
    pub rejected: Vec<Rejected>,
    /// Metrics over steps.
    pub series: Vec<Series>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Confusion matrices.
    pub matrices: Vec<Matrix>,
    /// Feature importances.
    pub importances: Vec<Importance>,
    /// Datasets.
    pub datasets: Vec<Dataset>,
    /// Artifacts.
    pub artifacts: Vec<Artifact>,
    /// The state of the code.
    pub git: Git,
    /// Where it comes from.
    pub lineage: Lineage,
    /// How it came to be known.
    pub form: RunForm,
    /// The position of its source in the configuration.
    pub rank: usize,
    /// The folder that holds its evidence, relative to the project.
    pub folder: String,
    /// Further folders and files that hold evidence of it: those of runs that were merged into it, or
    /// what it shares with others (a database).
    pub further: Vec<String>,
    /// Which way metrics are better, as the evidence itself says; [`Direction::None`] where it
    /// contradicts itself. Pages rank by it where the catalogue says nothing; the gate never does.
    pub directions: BTreeMap<String, Direction>,
    /// Fields of the tool that the model has no place for, for the raw view.
    pub extra: Vec<(String, Datum)>,
    /// The files that an archive of it was made from, relative to its folder: what was to be judged
    /// there is still known here. Empty for a run that comes from no archive.
    pub archived: Vec<Evidence>,
    /// Where its main record was read.
    pub origin: Pointer,
}

/// Roles of data that is measured on.
const EVALUATION_ROLES: &[&str] =
    &["test", "testing", "validation", "valid", "val", "eval", "evaluation", "holdout", "hold-out"];

impl Run {
    /// The data that the run was measured on: the datasets of that name or role, else all of a role that is for
    /// measuring.
    pub fn evaluation_data(&self, dataset: Option<&str>) -> Vec<&Dataset> {
        let asked = |d: &&Dataset| dataset.is_some_and(|wanted| d.name == wanted || d.role.as_deref() == Some(wanted));
        let named: Vec<_> = self.datasets.iter().filter(asked).collect();
        if !named.is_empty() {
            return named;
        }
        let measures = |role: &str| EVALUATION_ROLES.iter().any(|e| e.eq_ignore_ascii_case(role));
        self.datasets.iter().filter(|d| d.role.as_deref().is_some_and(measures)).collect()
    }

    /// The folders and files that hold its evidence.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.folder).chain(&self.further).map(String::as_str)
    }

    /// A path of the evidence relative to the folder of this run that it lies in; nothing when it lies
    /// in none.
    pub fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.folders().find_map(|folder| match folder {
            // What lies in no folder, such as an old commit's file, is not the project's either.
            "" => (!super::is_address(path)).then_some(path),
            folder if folder == path => Some(""),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        })
    }

    /// Whether it holds any measured value, curve or matrix, or something that stands where one is due.
    pub fn holds_values(&self) -> bool {
        !(self.results.is_empty()
            && self.rejected.is_empty()
            && self.series.is_empty()
            && self.curves.is_empty()
            && self.matrices.is_empty()
            && self.importances.is_empty())
    }

    /// Notes which way a metric is better; two different ways are none.
    pub fn direct(&mut self, metric: &str, direction: Direction) {
        let known = self.directions.entry(metric.to_owned()).or_insert(direction);
        if *known != direction {
            *known = Direction::None;
        }
    }

    /// Takes in what another source says of the same run: values are added, and facts fill only what
    /// is not known yet. The identity (id, source, folder, origin, model, version, name) stays.
    pub fn absorb(&mut self, other: Run) {
        self.results.extend(other.results);
        self.rejected.extend(other.rejected);
        self.series.extend(other.series);
        self.curves.extend(other.curves);
        self.matrices.extend(other.matrices);
        self.importances.extend(other.importances);
        for dataset in other.datasets {
            if !self.datasets.contains(&dataset) {
                self.datasets.push(dataset);
            }
        }
        self.artifacts.extend(other.artifacts);
        self.extra.extend(other.extra);
        self.archived.extend(other.archived);
        for (metric, direction) in other.directions {
            self.direct(&metric, direction);
        }
        for (key, value) in other.params {
            self.params.entry(key).or_insert(value);
        }
        for (into, from) in [(&mut self.tags, other.tags), (&mut self.system_tags, other.system_tags)] {
            for (key, value) in from {
                into.entry(key).or_insert(value);
            }
        }
        if self.status == RunStatus::Unknown {
            self.status = other.status;
        }
        self.started_at = self.started_at.or(other.started_at);
        self.ended_at = self.ended_at.or(other.ended_at);
        fill(&mut self.experiment, other.experiment);
        fill(&mut self.parent, other.parent);
        fill(&mut self.description, other.description);
        fill(&mut self.git.commit, other.git.commit);
        fill(&mut self.git.branch, other.git.branch);
        fill(&mut self.git.remote, other.git.remote);
        self.git.dirty = self.git.dirty.or(other.git.dirty);
        fill(&mut self.lineage.parent, other.lineage.parent);
        fill(&mut self.lineage.base_model, other.lineage.base_model);
        fill(&mut self.lineage.pipeline, other.lineage.pipeline);
    }
}

fn fill(slot: &mut Option<String>, value: Option<String>) {
    if slot.is_none() {
        *slot = value;
    }
}
