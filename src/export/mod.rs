//! A registry as native run directories: the writing side of `import/native`.
//!
//! In: the frozen registry. Out: the files of each run directory and model, as names and bytes;
//! `import/native` reads them back to the same records (docs/formats/import.md). Names made from user
//! text are safe path parts. It must not touch the disk.

mod drift;
mod records;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Sha256;
use crate::model::{Artifact, Dataset, Datum, Model, Registry, Run, RunForm, Version, natural_cmp};
use records::{map, opt, run_parts, text_of, write_records};
use text::{fits_toml, quoted, toml};

/// What is written in one piece: a run directory, or a folder's own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The folder below the output folder.
    pub folder: String,
    /// Whether the files are all that the folder may hold.
    pub whole: bool,
    /// Names below the folder, and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What is there already, where an archive is added to.
#[derive(Clone, Copy, Debug, Default)]
pub struct There<'a> {
    /// What the archive says.
    pub registry: Option<&'a Registry>,
    /// Run directories that stay as they are there, because they hold something else.
    pub refused: Option<&'a BTreeSet<String>>,
}

/// A drift report as a `presscheck.drift/1` file.
pub fn drift_report(report: &crate::model::DriftReport) -> Vec<u8> {
    let schema = ("schema".to_owned(), text_of("presscheck.drift/1"));
    let mut document = drift::report(report);
    if let Datum::Map(entries) = &mut document {
        entries.insert(0, schema);
    }
    let mut out = String::new();
    text::json(&mut out, &document);
    out.push('\n');
    out.into_bytes()
}

/// The files of a registry. Of versions that it does not have, and of those that stay as they are, a
/// model goes on saying what it said before.
pub fn native(registry: &Registry, there: There<'_>) -> Vec<Unit> {
    let mut kept: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut out: Vec<Unit> = Vec::new();
    let mut taken: BTreeMap<String, ()> = BTreeMap::new();
    for run in &registry.runs {
        let (above, own) = match (&run.model, &run.version) {
            (Some(model), Some(version)) => (model.as_str(), version.as_str()),
            _ => {
                let above = run.experiment.as_deref().filter(|e| !e.is_empty()).unwrap_or(&run.source);
                (above, if run.name.is_empty() { run.id.as_str() } else { run.name.as_str() })
            }
        };
        let above = match (&run.model, &run.version) {
            (Some(_), Some(_)) => part(above),
            // A model of the same name must not take these for its versions.
            _ => format!("{}.runs", part(above)),
        };
        let mut folder = format!("{above}/{}", part(own));
        if taken.contains_key(&folder) {
            folder = format!("{above}/{}", with_digest(own, &run.id, 24));
        }
        taken.insert(folder.clone(), ());
        if let (true, Some(model), Some(version)) =
            (there.refused.is_some_and(|r| r.contains(&folder)), &run.model, &run.version)
        {
            kept.insert((model, version));
        }
        out.push(Unit { folder, whole: true, files: run_files(run, registry) });
    }
    for model in &registry.models {
        let mut files =
            vec![("model.toml".to_owned(), model_toml(model, registry, there.registry, &kept).into_bytes())];
        let cards = registry.cards.iter().filter(|c| c.model.as_deref() == Some(&model.name));
        let cards: Vec<Datum> =
            cards.filter(|c| records::run_of_card(c, registry).is_none()).map(|c| records::card(c, None)).collect();
        files.extend(write_records("", vec![("cards", cards)]));
        out.push(Unit { folder: part(&model.name), whole: false, files });
    }
    let attached = |run: &Option<String>| run.as_ref().is_some_and(|r| registry.run_index(r).is_some());
    let loose = vec![
        ("drift", registry.drift.iter().filter(|d| !attached(&d.run)).map(|d| records::drift(d, None)).collect()),
        ("checks", registry.checks.iter().filter(|c| !attached(&c.run)).map(|c| records::check(c, None)).collect()),
        (
            "cards",
            registry
                .cards
                .iter()
                .filter(|c| c.model.as_deref().is_none_or(|m| registry.model(m).is_none()))
                .map(|c| records::card(c, None))
                .collect(),
        ),
    ];
    let loose = write_records("", loose);
    if !loose.is_empty() {
        let digest = Sha256::of_parts(loose.iter().map(|(_, bytes)| bytes.as_slice())).short();
        out.push(Unit { folder: format!("without-run.runs/{digest}"), whole: true, files: loose });
    }
    out.sort_by(|a, b| a.folder.cmp(&b.folder));
    out
}

fn run_files(run: &Run, registry: &Registry) -> Vec<(String, Vec<u8>)> {
    let (mut metrics, mut rest) = (Vec::new(), Vec::new());
    let mut size = 0;
    for result in &run.results {
        let (datum, plain) = records::result(result, run);
        let mut line = String::new();
        text::json(&mut line, &datum);
        size += line.len();
        if plain && size < records::FILE_BYTES { metrics.push(line) } else { rest.push(datum) }
    }
    let mut out = vec![("run.toml".to_owned(), run_toml(run).into_bytes())];
    if !metrics.is_empty() {
        out.push(("metrics.json".to_owned(), format!("[\n{}\n]\n", metrics.join(",\n")).into_bytes()));
    }
    let mut parts = run_parts(run, registry);
    parts.push(("results", rest));
    let odd = |d: &&Dataset| !plain_dataset(d);
    parts.push(("datasets", run.datasets.iter().filter(odd).map(dataset).collect()));
    let odd = |a: &&Artifact| !plain_artifact(a);
    parts.push(("artifacts", run.artifacts.iter().filter(odd).map(artifact).collect()));
    out.extend(write_records("", parts));
    out
}

fn plain_count(n: Option<u64>) -> bool {
    n.is_none_or(|n| i64::try_from(n).is_ok())
}

fn plain_dataset(dataset: &Dataset) -> bool {
    plain_count(dataset.rows)
}

fn plain_artifact(artifact: &Artifact) -> bool {
    let digest = artifact.sha256.as_deref();
    plain_count(artifact.bytes) && digest.is_none_or(|d| !d.contains(':') && d.to_ascii_lowercase() == d)
}

fn dataset(d: &Dataset) -> Datum {
    map([
        ("name", text_of(&d.name)),
        ("digest", opt(d.digest.as_deref())),
        ("role", opt(d.role.as_deref())),
        ("rows", records::count(d.rows)),
        ("uri", opt(d.uri.as_deref())),
    ])
}

fn artifact(a: &Artifact) -> Datum {
    map([
        ("path", text_of(&a.path)),
        ("bytes", records::count(a.bytes)),
        ("sha256", opt(a.sha256.as_deref())),
        ("kind", opt(a.kind.as_deref())),
        ("created", opt(a.created.map(|t| t.to_string()).as_deref())),
    ])
}

/// TOML in the making.
#[derive(Default)]
struct Toml(String);

impl Toml {
    /// `key = value`; nothing for null.
    fn set(&mut self, key: &str, value: &Datum) {
        if *value == Datum::Null {
            return;
        }
        let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if bare {
            self.0.push_str(key)
        } else {
            quoted(&mut self.0, key)
        }
        self.0.push_str(" = ");
        toml(&mut self.0, value);
        self.0.push('\n');
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        self.set(key, &opt(value));
    }

    /// `[name]` with all of a map; nothing when it is empty.
    fn table<'a>(&mut self, heading: &str, entries: impl IntoIterator<Item = (&'a str, Datum)>) {
        let mut inner = Toml::default();
        entries.into_iter().for_each(|(key, value)| inner.set(key, &value));
        if !inner.0.is_empty() {
            self.0.push_str(&format!("\n{heading}\n{}", inner.0));
        }
    }

    fn texts(&mut self, heading: &str, texts: &BTreeMap<String, String>) {
        self.table(heading, texts.iter().map(|(k, v)| (k.as_str(), text_of(v))));
    }

    fn datum(&mut self, heading: &str, value: &Datum) {
        self.table(heading, value.entries().unwrap_or_default().iter().map(|(k, v)| (k.as_str(), v.clone())));
    }
}

/// Whether a param can stand in `run.toml`.
fn fits_run_toml(value: &Datum) -> bool {
    fits_toml(value, 16)
}

fn run_toml(run: &Run) -> String {
    let mut out = Toml::default();
    let time = |t: Option<crate::model::Instant>| t.map(|t| t.to_string());
    out.text("created", time(run.started_at).as_deref());
    out.text("ended", time(run.ended_at).as_deref());
    out.text("status", Some(run.status.as_str()));
    out.text("name", Some(&run.name));
    out.text("model", run.model.as_deref());
    out.text("version", run.version.as_deref());
    out.text("experiment", run.experiment.as_deref());
    out.text("parent", run.parent.as_deref());
    out.text("description", run.description.as_deref());
    let form = match run.form {
        RunForm::Tracked => "tracked",
        RunForm::Directory => "directory",
        RunForm::Document => "document",
    };
    out.table(
        "[imported]",
        [
            ("id", text_of(&run.id)),
            ("source", text_of(&run.source)),
            ("form", text_of(form)),
            ("deleted", Datum::Bool(run.deleted)),
        ],
    );
    let git = &run.git;
    let fields = [("commit", &git.commit), ("branch", &git.branch), ("remote", &git.remote)];
    let dirty = git.dirty.map_or(Datum::Null, Datum::Bool);
    out.table("[git]", fields.map(|(k, v)| (k, opt(v.as_deref()))).into_iter().chain([("dirty", dirty)]));
    let params = run.params.iter().filter(|(_, v)| fits_run_toml(v));
    out.table("[params]", params.map(|(k, v)| (k.as_str(), v.clone())));
    out.texts("[tags]", &run.tags);
    out.texts("[system_tags]", &run.system_tags);
    run.datasets.iter().filter(|d| plain_dataset(d)).for_each(|d| out.datum("[[dataset]]", &dataset(d)));
    run.artifacts.iter().filter(|a| plain_artifact(a)).for_each(|a| out.datum("[[artifact]]", &artifact(a)));
    let l = &run.lineage;
    let fields = [("parent", &l.parent), ("base_model", &l.base_model), ("pipeline", &l.pipeline)];
    out.table("[lineage]", fields.map(|(k, v)| (k, opt(v.as_deref()))));
    out.0
}

fn model_toml(model: &Model, registry: &Registry, there: Option<&Registry>, kept: &BTreeSet<(&str, &str)>) -> String {
    let former = there.and_then(|there| Some((there.model(&model.name)?, there)));
    let stays =
        |v: &Version| kept.contains(&(model.name.as_str(), v.version.as_str())) || model.version(&v.version).is_none();
    let mut versions: Vec<(&Version, &Registry)> = Vec::new();
    if let Some((former, there)) = former {
        versions.extend(former.versions.iter().filter(|v| stays(v)).map(|v| (v, there)));
    }
    let old: BTreeSet<&str> = versions.iter().map(|(v, _)| v.version.as_str()).collect();
    versions.extend(model.versions.iter().filter(|v| !old.contains(v.version.as_str())).map(|v| (v, registry)));
    versions.sort_by(|(a, _), (b, _)| natural_cmp(&a.version, &b.version));
    let mut aliases = model.aliases.clone();
    for (alias, version) in former.iter().flat_map(|(former, _)| &former.aliases) {
        if model.version(version).is_none() {
            aliases.entry(alias.clone()).or_insert_with(|| version.clone());
        }
    }
    let mut out = Toml("# presscheck import\n".to_owned());
    out.text("name", Some(&model.name));
    out.text("title", Some(&model.title));
    out.text("description", model.description.as_deref());
    if !model.owners.is_empty() {
        out.set("owners", &Datum::List(model.owners.iter().map(|o| text_of(o)).collect()));
    }
    out.texts("[tags]", &model.tags);
    out.texts("[aliases]", &aliases);
    for link in &model.links {
        out.table("[[link]]", [("title", text_of(&link.title)), ("url", text_of(&link.url))]);
    }
    for (version, registry) in versions {
        out.table(
            "[[version]]",
            [
                ("version", text_of(&version.version)),
                ("run", opt(registry.run_of(version).map(|r| r.id.as_str()))),
                ("stage", opt(version.stage.as_deref())),
                ("status", opt(version.status.as_deref())),
                ("description", opt(version.description.as_deref())),
                ("created", opt(version.created_at.map(|t| t.to_string()).as_deref())),
                ("contested", opt(version.ambiguous.as_deref())),
            ],
        );
        out.texts("[version.tags]", &version.tags);
    }
    out.0
}

/// A name as one safe part of a path: itself when it is plain, else a slug with digits of its digest.
fn part(name: &str) -> String {
    let plain = (1..=72).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains("..")
        && !is_device(name)
        && !["card.md", "model.toml", "records.json", "runs"].contains(&name)
        && !name.ends_with(".runs")
        && !name.rsplit_once('-').is_some_and(|(_, d)| d.len() >= 12 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    if plain { name.to_owned() } else { with_digest(name, name, 12) }
}

/// A slug of the name, with digits of the digest of what sets it apart.
fn with_digest(name: &str, apart: &str, digits: usize) -> String {
    let mut stem: String = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if stem.len() >= 60 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            stem.push(c);
        } else if !stem.is_empty() && !stem.ends_with('-') {
            stem.push('-');
        }
    }
    let stem = stem.trim_end_matches('-');
    let hex: String = Sha256::of(apart.as_bytes()).hex().chars().take(digits).collect();
    if stem.is_empty() { format!("x-{hex}") } else { format!("{stem}-{hex}") }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || (stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")))
}
