//! MTEB: results of embedding models, one file for each task, and `model_meta.json`.
//!
//! In: files below `results/MODEL/REVISION/`, of the layout since 1.11 (`scores[split]` is a list) and
//! the one before (`test: {…}` at the top). Out: runs of model and revision; the files of one revision
//! become one run. Task files do not name their model: the folders do, as `mteb` writes them
//! (`__` stands for `/`, `experiments/NAME` for a run with other arguments). Files that were gathered
//! under flat names (`REVISION__Task.json`) are read as well.
//!
//! Lists of values by experiment are not kept; `*_stderr` of old files is the deviation between
//! experiments, not a standard error, and stays a metric of its own.

use super::harness::{Findings, below, due, instant, is_map, params, present, text};
use super::{Content, DocumentImporter};
use crate::model::{Dataset, Datum, Direction, Document, Pointer, Run, RunStatus, Slice};

/// MTEB results.
pub(crate) struct Mteb;

/// The revision of a model of which none is known.
const NO_REVISION: &str = "no_revision_available";
/// Maps in old files that hold values of a kind of similarity or of a part of the task.
const MEASURES: &[&str] = &[
    "cos_sim",
    "cosine",
    "dot",
    "manhattan",
    "euclidean",
    "max",
    "similarity",
    "individual",
    "original",
    "changed",
    "base",
];
/// Metrics by which MTEB ranks a kind of task, beside those that everybody knows.
const HIGHER: &[&str] = &[
    "main_score",
    "v_measure",
    "map",
    "mrr",
    "ap",
    "ndcg_at_10",
    "p-MRR",
    "cosine_spearman",
    "cosine_pearson",
    "cos_sim.spearman",
    "cos_sim.pearson",
    "cos_sim.ap",
    "max_ap",
    "max.ap",
];
/// Fields of an entry that are no metrics.
const PLAIN: &[&str] = &["hf_subset", "languages", "mteb_version", "evaluation_time", "kg_co2_emissions"];
/// Top-level fields of old files that are no splits.
const OLD_PLAIN: &[&str] = &[
    "dataset_revision",
    "mteb_dataset_name",
    "mteb_version",
    "dataset_version",
    "evaluation_time",
    "kg_co2_emissions",
];

impl DocumentImporter for Mteb {
    fn kind(&self) -> &'static str {
        "mteb"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| is_task(value) || is_meta(value, content.file.name()))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let path = content.file.path.as_str();
        match content.json() {
            Some(value) if is_task(value) => task(value, path),
            Some(value) => meta(value, path),
            None => Document::default(),
        }
    }
}

fn is_task(value: &Datum) -> bool {
    value.get("mteb_version").is_some()
        && (text(value, "mteb_dataset_name").is_some()
            || (text(value, "task_name").is_some() && is_map(value, "scores")))
}

fn is_meta(value: &Datum, name: &str) -> bool {
    let has = |key: &str| value.get(key).is_some();
    name.to_ascii_lowercase().ends_with("model_meta.json")
        && ((has("name") && has("revision")) || (has("model_name") && is_map(value, "versions")))
}

/// What the folders say of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    model: Option<String>,
    revision: Option<String>,
    experiment: Option<String>,
}

impl Place {
    fn version(&self, revision: Option<&str>) -> String {
        let revision = revision.or(self.revision.as_deref()).unwrap_or(NO_REVISION);
        match &self.experiment {
            Some(experiment) => format!("{revision}, {experiment}"),
            None => revision.to_owned(),
        }
    }
}

/// Whether a folder's name is one that holds results of many models, and says nothing.
fn is_plain_folder(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.is_empty() || name == "." || ["result", "output", "mteb", "cache", "runs"].iter().any(|w| name.contains(w))
}

/// Whether a name is a revision as hubs and MTEB write them.
fn is_revision(name: &str) -> bool {
    let hex = name.len() >= 7 && name.chars().all(|c| c.is_ascii_hexdigit());
    let number = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_');
    hex || number || [NO_REVISION, "no_revision", "external", "unknown"].contains(&name)
}

/// Reads a path.
fn place(path: &str) -> Place {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    let stem = file.strip_suffix(".json").unwrap_or(file);
    let model = |name: &str| Some(name.replace("__", "/"));
    let experiment = |name: Option<&&str>| name.filter(|n| !is_plain_folder(n)).map(|n| (*n).to_owned());
    // `MODEL/REVISION/experiments/NAME/Task.json`.
    if let [.., name, revision, "experiments", kwargs] = parts.as_slice() {
        return Place {
            model: model(name),
            revision: Some((*revision).to_owned()),
            experiment: Some((*kwargs).to_owned()),
        };
    }
    let pieces: Vec<&str> = stem.split("__").collect();
    let folder = parts.last().copied().unwrap_or_default();
    let above = parts.len().checked_sub(2).and_then(|i| parts.get(i)).copied().unwrap_or_default();
    match pieces.as_slice() {
        // Flat: `[…__]ORG__NAME__REVISION__Task.json`.
        [.., org, name, revision, _] if is_revision(revision) => Place {
            model: Some(format!("{org}/{name}")),
            revision: Some((*revision).to_owned()),
            experiment: experiment(Some(&folder)),
        },
        // Flat: `ORG__NAME/REVISION__Task.json`.
        [revision, _] if is_revision(revision) && !is_plain_folder(folder) => {
            Place { model: model(folder), revision: Some((*revision).to_owned()), experiment: None }
        }
        // Flat: `ORG/NAME__Task.json`.
        [name, _] if !folder.contains("__") && !is_revision(folder) && !is_plain_folder(folder) => {
            Place { model: Some(format!("{folder}/{name}")), revision: None, experiment: None }
        }
        _ if !above.is_empty() && (above.contains("__") || is_revision(folder)) && !is_plain_folder(above) => {
            // Results of an experiment lie in a folder of their own among the results.
            let outer = parts.len().checked_sub(3).and_then(|i| parts.get(i));
            let outermost = parts.len().checked_sub(4).and_then(|i| parts.get(i));
            let experiment = experiment(outer).filter(|_| outermost.is_some_and(|o| is_plain_folder(o)));
            Place { model: model(above), revision: Some(folder.to_owned()), experiment }
        }
        _ if folder.contains("__") || is_plain_folder(above) && !is_plain_folder(folder) => {
            Place { model: model(folder), revision: None, experiment: None }
        }
        // `ORG/NAME/Task.json`, as the first versions wrote.
        _ if !is_plain_folder(folder) => {
            Place { model: Some(format!("{above}/{folder}")), revision: None, experiment: None }
        }
        _ => Place::default(),
    }
}

/// A run of the model and revision that the folders name.
fn run_of(place: &Place, model: Option<&str>, revision: Option<&str>) -> Run {
    let model = model.map(str::to_owned).or_else(|| place.model.clone());
    let version = model.is_some().then(|| place.version(revision));
    Run { model, version, status: RunStatus::Finished, ..Run::default() }
}

fn meta(value: &Datum, path: &str) -> Document {
    let place = place(path);
    let name = text(value, "name").or_else(|| text(value, "model_name"));
    let mut run = run_of(&place, name, text(value, "revision"));
    run.lineage.base_model = text(value, "adapted_from").map(str::to_owned);
    for (key, field) in value.entries().unwrap_or_default() {
        let long = matches!(field, Datum::Text(t) if t.len() > 300) || matches!(field, Datum::List(l) if l.len() > 20);
        match (key.as_str(), field) {
            ("name" | "model_name" | "revision", _) | (_, Datum::Null) => {}
            _ if long => run.extra.push((key.clone(), field.clone())),
            _ => params(&mut run, key, field),
        }
    }
    // A file without any parameter would not speak of a run, and its model would not be seen.
    Document { run, standalone: true, ..Document::default() }
}

fn task(value: &Datum, path: &str) -> Document {
    let mut findings = Findings::new(path);
    let mut run = run_of(&place(path), None, None);
    let name = text(value, "task_name").or_else(|| text(value, "mteb_dataset_name")).unwrap_or_default();
    run.started_at = present(value, "date").and_then(instant);
    run.datasets.push(Dataset {
        name: name.to_owned(),
        digest: text(value, "dataset_revision").map(str::to_owned),
        ..Dataset::default()
    });
    let mut reader = Reader { path, task: name, harness: harness(value), run: &mut run, findings: &mut findings };
    match value.get("scores") {
        Some(Datum::Map(splits)) => {
            for (split, entries) in splits {
                let at = below("/scores", split);
                match entries {
                    Datum::List(items) => {
                        for (i, item) in items.iter().enumerate() {
                            reader.entry(item, split, &format!("{at}/{i}"));
                        }
                    }
                    other => reader.findings.wrong_type(&at, "a list of scores", other),
                }
            }
        }
        _ => {
            for (split, scores) in value.entries().unwrap_or_default() {
                if !OLD_PLAIN.contains(&split.as_str()) && scores.entries().is_some() {
                    reader.old(scores, split, &Slice::default(), "", &below("", split));
                }
            }
        }
    }
    for key in ["evaluation_time", "kg_co2_emissions"] {
        if let Some(found) = present(value, key) {
            reader.value(key, found, None, Slice::default(), below("", key));
        }
    }
    let problems = findings.finish();
    Document { run, standalone: true, problems, ..Document::default() }
}

fn harness(value: &Datum) -> String {
    text(value, "mteb_version").map_or_else(|| "mteb".to_owned(), |version| format!("mteb {version}"))
}

struct Reader<'a, 'f> {
    path: &'a str,
    task: &'a str,
    harness: String,
    run: &'a mut Run,
    findings: &'a mut Findings<'f>,
}

impl Reader<'_, '_> {
    fn value(&mut self, metric: &str, found: &Datum, split: Option<&str>, slice: Slice, pointer: String) {
        let mut result = due(metric, Pointer::new(self.path, pointer));
        result.dataset = Some(self.task.to_owned());
        result.split = split.map(str::to_owned);
        result.slice = slice;
        result.harness = Some(self.harness.clone());
        if HIGHER.contains(&metric) {
            self.run.direct(metric, Direction::Higher);
        }
        self.findings.value(self.run, result, found);
    }

    /// An entry of `scores`: one subset of the data in one split.
    fn entry(&mut self, item: &Datum, split: &str, at: &str) {
        let Some(entries) = item.entries() else {
            self.findings.wrong_type(at, "an object of scores", item);
            return;
        };
        let mut slice = Slice::default();
        if let Some(subset) = text(item, "hf_subset").filter(|s| *s != "default") {
            slice.0.insert("subset".to_owned(), subset.to_owned());
        }
        for (key, found) in entries {
            self.scores(key, found, split, &slice, &below(at, key));
        }
    }

    /// A split, or a part of it, of an old file.
    fn old(&mut self, scores: &Datum, split: &str, slice: &Slice, prefix: &str, at: &str) {
        for (key, found) in scores.entries().unwrap_or_default() {
            let at = below(at, key);
            let measure = MEASURES.contains(&key.as_str()) || !prefix.is_empty() || !slice.is_overall();
            if found.entries().is_some() && !measure && is_language(key) {
                let mut slice = slice.clone();
                slice.0.insert("subset".to_owned(), key.clone());
                self.old(found, split, &slice, prefix, &at);
            } else if found.entries().is_some() {
                self.old(found, split, slice, &format!("{prefix}{key}."), &at);
            } else {
                self.scores(&format!("{prefix}{key}"), found, split, slice, &at);
            }
        }
    }

    /// A value, or values below it; lists by experiment and what is no metric are passed over.
    fn scores(&mut self, key: &str, found: &Datum, split: &str, slice: &Slice, at: &str) {
        match found {
            Datum::Map(entries) => {
                for (inner, found) in entries {
                    self.scores(&format!("{key}.{inner}"), found, split, slice, &below(at, inner));
                }
            }
            Datum::List(_) | Datum::Null => {}
            Datum::Text(_) | Datum::Bool(_) if key != "main_score" => {}
            _ if PLAIN.contains(&key) && key != "evaluation_time" => {}
            _ => self.value(key, found, Some(split), slice.clone(), at.to_owned()),
        }
    }
}

/// `en`, `ko-ko`, `zh-CN`, `eng-Latn`: a subset of an old file is named after languages.
fn is_language(key: &str) -> bool {
    let parts: Vec<&str> = key.split(['-', '_']).collect();
    let first = parts.first().is_some_and(|p| (2..=3).contains(&p.len()) && p.chars().all(|c| c.is_ascii_lowercase()));
    first
        && parts.len() <= 4
        && parts.iter().all(|p| (2..=4).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{Place, place};

    fn said(path: &str) -> (String, String, String) {
        let Place { model, revision, experiment } = place(path);
        (model.unwrap_or_default(), revision.unwrap_or_default(), experiment.unwrap_or_default())
    }

    #[test]
    fn folders_and_flat_names_tell_model_and_revision() {
        let rev = "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a";
        for (path, model, revision, experiment) in [
            (format!("results/BAAI__bge/{rev}/Task.json"), "BAAI/bge", rev, ""),
            (format!("BAAI__bge/{rev}/Task.json"), "BAAI/bge", rev, ""),
            (format!("mine/results/BAAI__bge/{rev}/Task.v2.json"), "BAAI/bge", rev, ""),
            ("results/BAAI__bge/no_revision_available/Task.json".to_owned(), "BAAI/bge", "no_revision_available", ""),
            ("results/bm25s/0_1_10/Task.json".to_owned(), "bm25s", "0_1_10", ""),
            (format!("results/BAAI__bge/{rev}/experiments/fps_2/Task.json"), "BAAI/bge", rev, "fps_2"),
            (format!("results/num_frame_16/BAAI__bge/{rev}/Task.json"), "BAAI/bge", rev, "num_frame_16"),
            (format!("mteb/BAAI__bge/{rev}__Task.json"), "BAAI/bge", rev, ""),
            (format!("num_frame_16/BAAI__bge__{rev}__Task.json"), "BAAI/bge", rev, "num_frame_16"),
            (format!("results/BAAI__bge__{rev}__Task.json"), "BAAI/bge", rev, ""),
            ("results/BAAI__bge/Task.json".to_owned(), "BAAI/bge", "", ""),
            ("results/BAAI/bge/Task.json".to_owned(), "BAAI/bge", "", ""),
            ("results/bge/Task.json".to_owned(), "bge", "", ""),
            ("Task.json".to_owned(), "", "", ""),
        ] {
            assert_eq!(said(&path), (model.to_owned(), revision.to_owned(), experiment.to_owned()), "{path}");
        }
    }
}
