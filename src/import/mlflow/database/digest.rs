//! The evidence of one run of a database: a digest that changes when the run's rows change, and not
//! when another run is written beside it.
//!
//! In: a run, and the files of its artifacts. Out: a digest over the run's values in a fixed order,
//! each with its length before it, and over the digests of the artifacts that were read.

use crate::digest::Hasher;
use crate::model::{Evidence, Run};
use crate::source::Entry;

/// The evidence, below the run's folder.
pub(in crate::import::mlflow) fn of(run: &Run, artifacts: &[Entry]) -> Evidence {
    let mut out = Parts::default();
    for text in [run.id.as_str(), &run.name, run.status.as_str(), run.experiment.as_deref().unwrap_or_default()] {
        out.text(text);
    }
    out.text(if run.deleted { "deleted" } else { "active" });
    for time in [run.started_at, run.ended_at] {
        out.text(&time.map(|t| t.millis().to_string()).unwrap_or_default());
    }
    out.begin("params", run.params.len());
    for (key, value) in &run.params {
        out.text(key);
        out.text(&value.display());
    }
    for tags in [&run.tags, &run.system_tags] {
        out.begin("tags", tags.len());
        for (key, value) in tags {
            out.text(key);
            out.text(value);
        }
    }
    out.begin("results", run.results.len());
    for result in &run.results {
        out.text(&result.metric);
        out.text(&result.value.to_string());
        out.text(&result.step.map(|s| s.to_string()).unwrap_or_default());
        out.text(result.dataset.as_deref().unwrap_or_default());
        out.text(&result.slice.to_string());
        out.text(result.class.as_deref().unwrap_or_default());
    }
    out.begin("rejected", run.rejected.len());
    for rejected in &run.rejected {
        out.text(&rejected.metric);
        out.text(&rejected.found);
    }
    out.begin("series", run.series.len());
    for series in &run.series {
        out.text(&series.metric);
        out.begin("points", series.points.len());
        for point in &series.points {
            out.number(point.step);
            out.number(point.time.map_or(i64::MIN, crate::model::Instant::millis));
            out.bytes(&point.value.as_f64().to_bits().to_le_bytes());
        }
    }
    out.begin("datasets", run.datasets.len());
    for dataset in &run.datasets {
        out.text(&dataset.name);
        out.text(dataset.digest.as_deref().unwrap_or_default());
        out.text(dataset.role.as_deref().unwrap_or_default());
    }
    out.begin("artifacts", artifacts.len());
    for entry in artifacts {
        out.text(&entry.path);
        out.bytes(&entry.size().to_le_bytes());
        out.text(&entry.sha256().map(|digest| digest.hex()).unwrap_or_default());
    }
    Evidence { path: format!("{}/record", run.folder), sha256: out.hasher.finish(), bytes: out.bytes }
}

#[derive(Default)]
struct Parts {
    hasher: Hasher,
    bytes: u64,
}

impl Parts {
    fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn number(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    fn begin(&mut self, what: &str, items: usize) {
        self.text(what);
        self.bytes(&(items as u64).to_le_bytes());
    }
}
