//! MLflow's SQLite stores: every value of the corpus against what MLflow's own client reports, the
//! same data in files and in tables, a database that is being written to, and databases that are
//! broken on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use presscheck::diag::{Code, Severity};
use presscheck::model::{Catalogue, Datum, Registry, assemble};
use presscheck::source::{Limits, Source};
use rusqlite::Connection;
use serde_json::Value;

use crate::corpus::{folder, read, view};
use crate::import_mlflow::{extra, json, list, logged_models, run, same, text, told};

/// What a client reports of a database, with the infinities that it cannot hold.
fn truth(path: &Path) -> Value {
    let mut expected = json(path);
    for run in expected["runs"].as_array_mut().unwrap() {
        for metric in run["metrics"].as_object_mut().unwrap().values_mut() {
            let greatest = |v: &Value| v.as_f64().is_some_and(|v| v.abs() == f64::MAX);
            let Some(history) = metric["history"].as_array_mut() else { continue };
            if !history.iter().any(|p| greatest(&p[1])) {
                continue;
            }
            for point in history.iter_mut().filter(|p| greatest(&p[1])) {
                point[1] = Value::from(if point[1].as_f64() > Some(0.0) { "Infinity" } else { "-Infinity" });
            }
            let history = history.clone();
            let finite: Vec<f64> = history.iter().filter_map(|p| p[1].as_f64()).collect();
            metric["finite"] = Value::from(finite.len());
            metric["min"] = finite.iter().copied().reduce(f64::min).map_or(Value::Null, Value::from);
            metric["max"] = finite.iter().copied().reduce(f64::max).map_or(Value::Null, Value::from);
            metric["first_point"] = history.first().cloned().unwrap();
            metric["final_point"] = history.last().cloned().unwrap();
            if greatest(&metric["last"]) {
                metric["last"] = metric["final_point"][1].clone();
            }
        }
    }
    expected
}

fn corpus(version: &str) -> Option<Registry> {
    let path = folder(&format!("trackers/mlflow-{version}-sqlite"))?;
    let before = listing(&path);
    let store = read(&path);
    same(&store, &truth(&path.join("expected.json")));
    let kinds: Vec<&str> = store.sources.iter().map(|s| s.kind.as_str()).collect();
    assert_eq!(kinds, ["mlflow-sqlite"]);
    assert_eq!(store.unrecognised, ["expected.json"]);
    // The database alone, as `path = "mlflow.db"` names it, is the same store.
    let alone = read(&path.join("mlflow.db"));
    assert_eq!(view(&alone)["runs"], view(&store)["runs"]);
    assert_eq!(view(&alone)["models"], view(&store)["models"]);
    assert_eq!(alone.unrecognised, Vec::<String>::new());
    assert_eq!(listing(&path), before, "nothing was written");
    let file = store.evidence.iter().find(|e| e.path == "mlflow.db").unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test compares the digest")]
    let bytes = std::fs::read(path.join("mlflow.db")).unwrap();
    assert_eq!(file.sha256, presscheck::digest::Sha256::of(&bytes));
    Some(store)
}

fn listing(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        path.read_dir().unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_database_of_mlflow_2_22() {
    corpus("2.22.5");
}

#[test]
fn the_database_of_mlflow_3_17() {
    let Some(store) = corpus("3.17.2") else { return };
    let path = folder("trackers/mlflow-3.17.2-sqlite").unwrap();
    logged_models(&store, &truth(&path.join("expected.json")));
}

/// The same script has filled both: what does not depend on ids and on chance is the same.
#[test]
fn the_same_data_in_files_and_in_tables() {
    let (Some(files), Some(tables)) = (folder("trackers/mlflow-3.17.2-file"), folder("trackers/mlflow-3.17.2-sqlite"))
    else {
        return;
    };
    let (files, tables) = (read(&files.join("mlruns")), read(&tables));
    let (files, tables) = (shape(&files), shape(&tables));
    assert!(files.len() > 300);
    let differ: Vec<&String> = files.symmetric_difference(&tables).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

/// What a store says, without ids, times and measured values.
fn shape(registry: &Registry) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for run in &registry.runs {
        let experiment = run.experiment.as_deref().unwrap_or_default();
        let mut add = |what: String| {
            out.insert(format!("{experiment} / {}: {what}", run.name));
        };
        add(format!("{} deleted {} parent {}", run.status.as_str(), run.deleted, run.parent.is_some()));
        add(format!("description {:?}", run.description));
        for (key, value) in &run.params {
            // The seed is the one thing that the two were given differently.
            add(if key == "seed" { format!("param {key}") } else { format!("param {key} {value:?}") });
        }
        for (key, value) in run.tags.iter().chain(&run.system_tags) {
            let value = if ["mlflow.parentRunId", "mlflow.datasets"].contains(&key.as_str()) { "" } else { value };
            add(format!("tag {key} {value}"));
        }
        for result in &run.results {
            let (_, dataset, split, slice, class) = result.key();
            add(format!("result {} {dataset:?} {split:?} {slice} {class:?} {:?}", result.metric, result.step));
        }
        for series in run.series.iter().filter(|s| s.points.iter().any(|p| p.step != s.points[0].step)) {
            add(format!("series {}", series.metric));
        }
        for dataset in &run.datasets {
            add(format!("dataset {} {:?} {:?} {:?}", dataset.name, dataset.role, dataset.rows, dataset.uri));
        }
        for artifact in &run.artifacts {
            add(format!("artifact {}", artifact.path));
        }
        for matrix in &run.matrices {
            add(format!("matrix {}", matrix.name));
        }
        for (key, value) in &run.extra {
            let value = match key.as_str() {
                "artifact_uri" | "experiment_id" | "deleted_time" | "logged_models" | "model_inputs"
                | "model_outputs" | "model.created" | "model.size_bytes" | "source_type" | "tags" => String::new(),
                _ => format!("{value:?}"),
            };
            if !matches!(key.as_str(), "source_type" | "tags" | "deleted_time") {
                add(format!("extra {key} {value}"));
            }
        }
    }
    for model in &registry.models {
        out.insert(format!("model {} {:?} {:?} {:?}", model.name, model.description, model.tags, model.aliases));
        for version in &model.versions {
            let run = registry.run_of(version).map(|r| &r.name);
            out.insert(format!(
                "version {} {} {run:?} {:?} {:?} {:?}",
                model.name, version.version, version.stage, version.status, version.tags
            ));
            out.insert(format!("card {} {} {}", model.name, version.version, version.card.is_some()));
        }
    }
    out
}

#[test]
fn artifacts_say_more_of_the_same_run() {
    let Some(path) = folder("trackers/mlflow-3.17.2-sqlite") else { return };
    let registry = read(&path);
    let version = registry.select("wine-classifier@challenger").unwrap();
    let run = registry.run_of(version).unwrap();
    let recall: Vec<_> = run.results.iter().filter(|r| r.metric == "recall_score" && r.class.is_some()).collect();
    assert_eq!(recall.iter().filter_map(|r| r.class.as_deref()).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert!(recall.iter().all(|r| r.n.is_some() && r.source.path.ends_with("artifacts/per_class_metrics.csv")));
    let card = version.card.as_ref().unwrap();
    assert!(card.path.ends_with("artifacts/model_card.md"));
    let fact = |key: &str| extra(run, key).unwrap().display();
    assert!(fact("model.signature.inputs").starts_with("alcohol: double, malic_acid: double"));
    assert_eq!(fact("model.signature.outputs"), "int64[-1]");
    assert!(fact("model.flavors").contains("sklearn 1.9.1"));
    assert_eq!(fact("model.mlflow_version"), "3.17.2");
    assert_eq!(fact("model.python_version"), "3.11.7");
    assert!(fact("model.requirements").contains("scikit-learn==1.9.1"));
    assert!(registry.problems.iter().all(|p| p.code != Code::MetricConflict), "{:?}", told(&registry));
    assert!(!version.evidence.is_empty());
}

/// A small store of the schema of MLflow 1.30, which later versions only add to.
const SCHEMA: &str = "
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
CREATE TABLE experiment_tags (key VARCHAR(250), value VARCHAR(5000), experiment_id INTEGER);
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500), entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER);
CREATE TABLE params (key VARCHAR(250), value VARCHAR(250), run_uuid VARCHAR(32));
CREATE TABLE tags (key VARCHAR(250), value VARCHAR(5000), run_uuid VARCHAR(32));
CREATE TABLE metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT, run_uuid VARCHAR(32), step BIGINT, is_nan BOOLEAN);
CREATE TABLE latest_metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT, step BIGINT, is_nan BOOLEAN, run_uuid VARCHAR(32));
CREATE TABLE registered_models (name VARCHAR(256), creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000));
CREATE TABLE model_versions (name VARCHAR(256), version INTEGER, creation_time BIGINT, description VARCHAR(5000), current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32), status VARCHAR(20));
CREATE TABLE model_version_tags (key VARCHAR(250), value VARCHAR(5000), name VARCHAR(256), version INTEGER);
CREATE TABLE registered_model_tags (key VARCHAR(250), value VARCHAR(5000), name VARCHAR(256));
CREATE TABLE registered_model_aliases (alias VARCHAR(256), version INTEGER, name VARCHAR(256));
INSERT INTO experiments VALUES (0, 'Default', 'x', 'active'), (1, 'churn', 'y', 'active'), (2, 'old', 'z', 'deleted');
INSERT INTO runs VALUES ('aa', 'one', 'LOCAL', '', '', 'ml', 'FINISHED', 1000, 2000, '', 'active', '/srv/ml/mlruns/1/aa/artifacts', 1);
INSERT INTO runs VALUES ('bb', 'two', 'LOCAL', '', '', 'ml', 'RUNNING', 3000, NULL, 'abc', 'deleted', '/srv/ml/mlruns/1/bb/artifacts', 1);
INSERT INTO params VALUES ('lr', '0.1', 'aa'), ('a/b', 'x', 'aa');
INSERT INTO tags VALUES ('mlflow.user', 'ml', 'aa'), ('team', 'ä', 'aa'), ('mlflow.parentRunId', 'aa', 'bb');
INSERT INTO metrics VALUES ('auc', 0.5, 1, 'aa', 0, 0), ('auc', 0.75, 2, 'aa', 1, 0), ('loss', 0, 1, 'aa', 0, 1), ('inf', 1.7976931348623157e308, 1, 'aa', 0, 0), ('ninf', -1.7976931348623157e308, 1, 'aa', 0, 0);
INSERT INTO latest_metrics SELECT key, value, timestamp, step, is_nan, run_uuid FROM metrics WHERE NOT (key = 'auc' AND step = 0);
INSERT INTO registered_models VALUES ('m', 1, 1, 'About');
INSERT INTO model_versions VALUES ('m', 1, 5, 'first', 'Production', 'runs:/aa/model', 'aa', 'READY'), ('m', 2, 6, NULL, 'None', 'runs:/aa/model', '', 'READY'), ('m', 3, 7, NULL, 'Deleted_Internal', '', 'aa', 'READY');
INSERT INTO model_version_tags VALUES ('ok', 'yes', 'm', 1);
INSERT INTO registered_model_aliases VALUES ('champion', 1, 'm');
";

struct Store(tempfile::TempDir);

impl Store {
    fn new() -> Self {
        let store = Self(tempfile::tempdir().unwrap());
        store.sql(SCHEMA);
        store
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("mlflow.db")
    }

    fn open(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn sql(&self, sql: &str) -> &Self {
        self.open().execute_batch(sql).unwrap();
        self
    }

    #[expect(clippy::disallowed_methods, reason = "a test writes the store that it reads")]
    fn put(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    #[expect(clippy::disallowed_methods, reason = "a test breaks the store that it has written")]
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    fn read(&self) -> Registry {
        read(self.0.path())
    }
}

#[test]
fn a_small_store_with_the_columns_of_mlflow_1() {
    let store = Store::new();
    store.put("mlruns/1/aa/artifacts/sub/a.txt", "12345").put("mlruns/1/traces/tr-1/artifacts/traces.json", "{}");
    store.put("mlruns/1/cc/artifacts/gone.txt", "x");
    let registry = store.read();
    let aa = run(&registry, "aa");
    let values: BTreeMap<&str, String> = aa.results.iter().map(|r| (r.metric.as_str(), r.value.to_string())).collect();
    let expected = [("auc", "0.75"), ("inf", "Infinity"), ("loss", "NaN"), ("ninf", "-Infinity")];
    assert_eq!(values, expected.map(|(k, v)| (k, v.to_owned())).into());
    assert_eq!(aa.series.len(), 1);
    assert_eq!(aa.artifacts[0].path, "sub/a.txt");
    assert_eq!(aa.tags, BTreeMap::from([("team".to_owned(), "ä".to_owned())]));
    let bb = run(&registry, "bb");
    assert_eq!((bb.deleted, bb.parent.as_deref(), bb.git.commit.as_deref()), (true, Some("aa"), Some("abc")));
    let versions: Vec<_> = registry.models[0]
        .versions
        .iter()
        .map(|v| (v.version.as_str(), v.stage.as_deref(), registry.run_of(v).map(|r| r.id.as_str())))
        .collect();
    assert_eq!(versions, [("1", Some("Production"), Some("aa")), ("2", None, Some("aa"))]);
    assert_eq!(registry.unrecognised, ["mlruns/1/cc/artifacts/gone.txt"]);
    let mut codes: Vec<Code> = registry.problems.iter().map(|p| p.code).collect();
    codes.dedup();
    assert_eq!(codes, [Code::MetricNonFinite], "{:?}", registry.problems);
}

#[test]
fn the_digest_of_a_run_is_its_own() {
    let store = Store::new();
    let digests =
        |registry: &Registry| -> Vec<String> { registry.models[0].versions.iter().map(|v| v.digest.hex()).collect() };
    let before = store.read();
    store.sql("INSERT INTO runs (run_uuid, status, start_time, experiment_id, lifecycle_stage) VALUES ('zz', 'FINISHED', 1, 1, 'active')");
    let beside = store.read();
    assert_eq!(digests(&before), digests(&beside));
    let file = |r: &Registry| r.evidence.iter().find(|e| e.path == "mlflow.db").unwrap().sha256;
    assert_ne!(file(&before), file(&beside));
    store.sql("UPDATE latest_metrics SET value = 0.76 WHERE key = 'auc'");
    assert_ne!(digests(&beside), digests(&store.read()));
}

#[test]
fn a_store_without_later_tables_and_columns() {
    let store = Store::new();
    store.sql(
        "DROP TABLE latest_metrics; DROP TABLE registered_models; DROP TABLE model_versions; DROP TABLE experiment_tags;
         ALTER TABLE metrics DROP COLUMN is_nan; ALTER TABLE metrics DROP COLUMN step; ALTER TABLE runs DROP COLUMN artifact_uri;",
    );
    let registry = store.read();
    let auc = run(&registry, "aa").results.iter().find(|r| r.metric == "auc").unwrap().clone();
    assert_eq!((auc.value.to_string(), auc.step), ("0.75".to_owned(), Some(0)));
}

#[test]
fn views_and_generated_columns_are_not_read() {
    let store = Store::new();
    store.sql(
        "DROP TABLE params; CREATE VIEW params AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT 'aa' AS run_uuid, x AS key, x AS value FROM c;
         ALTER TABLE tags ADD COLUMN big TEXT GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL;
         CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END;",
    );
    let started = std::time::Instant::now();
    let registry = store.read();
    assert!(started.elapsed().as_secs() < 5);
    assert!(run(&registry, "aa").params.is_empty());
    assert_eq!(run(&registry, "aa").tags.len(), 1);
    // A view in the place of the runs: no store.
    let store = Store::new();
    store.sql("ALTER TABLE runs RENAME TO r; CREATE VIEW runs AS SELECT * FROM r;");
    let registry = store.read();
    assert!(registry.runs.is_empty());
    assert!(
        registry.problems.iter().any(|p| p.code == Code::FileUnreadable && p.message.contains("no tables of MLflow"))
    );
}

#[test]
fn wrong_types_are_told_and_never_numbers() {
    let store = Store::new();
    store.sql(
        "INSERT INTO metrics VALUES ('text', '0.9x', 1, 'aa', 0, 0), ('blob', x'00ff', 1, 'aa', 0, 0), ('null', NULL, 1, 'aa', 0, 0), ('ghost', 1, 1, 'nobody', 0, 0);
         INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('text', '0.9x', 1, 0, 0, 'aa');
         INSERT INTO params VALUES ('bytes', x'00ff', 'aa'), ('odd', CAST(x'ff41' AS TEXT), 'aa');
         UPDATE runs SET start_time = 'soon', status = 'DONE' WHERE run_uuid = 'bb';",
    );
    let registry = store.read();
    let aa = run(&registry, "aa");
    let rejected: Vec<&str> = aa.rejected.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!(rejected, ["blob", "null", "text"]);
    assert!(aa.results.iter().all(|r| !["text", "blob", "null"].contains(&r.metric.as_str())));
    assert_eq!(aa.params["odd"], Datum::Text("\u{fffd}A".to_owned()));
    let messages: Vec<&str> = registry.problems.iter().map(|p| p.message.as_str()).collect();
    for part in
        ["where a number is due", "column 'start_time'", "'DONE' is no status", "belong to nothing", "table 'params'"]
    {
        assert!(messages.iter().any(|m| m.contains(part)), "{part}: {messages:?}");
    }
}

#[test]
fn a_huge_value_is_refused_and_the_rest_builds() {
    let store = Store::new();
    store.sql("INSERT INTO tags VALUES ('huge', hex(zeroblob(20000000)), 'aa')");
    store.put("card.md", "# A card\n\nText.\n");
    let registry = store.read();
    assert!(
        registry.problems.iter().any(|p| p.code == Code::FileUnreadable && p.severity == Severity::Error),
        "{:?}",
        told(&registry)
    );
    assert_eq!(registry.cards.len(), 1);
}

/// Every state of a broken file is an error that names it; nothing panics and nothing hangs.
#[test]
fn truncated_and_damaged_databases() {
    let store = Store::new();
    let whole = store.bytes();
    store.put("mlruns/1/aa/artifacts/metrics.json", "{\"accuracy\": 1}");
    let started = std::time::Instant::now();
    for length in [0, 1, 15, 16, 50, 99, 100, 512, 4095, 4096, 5000, 8192, 20_000, whole.len() - 4096, whole.len() - 1]
    {
        store.put("mlflow.db", &whole[..length.min(whole.len())]);
        let registry = store.read();
        assert!(
            registry
                .problems
                .iter()
                .any(|p| p.severity == Severity::Error && p.path.as_deref() == Some("mlflow.db") && p.help.is_some()),
            "{length}: {:?}",
            registry.problems
        );
        // Its artifacts are not taken for runs of their own.
        assert!(registry.runs.is_empty(), "{length}");
    }
    let mut seed = 7_u64;
    for _ in 0..150 {
        let mut broken = whole.clone();
        for _ in 0..20 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % broken.len();
            broken[at] = u8::try_from(seed >> 24 & 0xff).unwrap();
        }
        store.put("mlflow.db", &broken);
        let _ = view(&store.read());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn other_databases_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join("app.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
        .unwrap();
    let registry = read(folder.path());
    assert_eq!(registry.unrecognised, ["app.db"]);
    assert!(registry.problems.iter().all(|p| p.severity != Severity::Error), "{:?}", registry.problems);
    assert!(registry.problems.iter().any(|p| p.message.contains("no tables of MLflow")));
    // Named as a source, it is an error.
    let source = Source::discover(&folder.path().join("app.db"), "app.db", &[], Limits::default()).unwrap();
    let registry = assemble(presscheck::import::import(&source, Some("mlflow")), Catalogue::built_in(), &[]);
    assert!(registry.problems.iter().any(|p| p.severity == Severity::Error));
}

/// A program that writes is neither held up for long nor does it show half of what it does.
#[test]
fn a_database_that_is_written_to_meanwhile() {
    for mode in ["DELETE", "WAL"] {
        let store = Store::new();
        store.sql(&format!("PRAGMA journal_mode = {mode};"));
        let writer = store.open();
        writer.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        writer.execute_batch("PRAGMA wal_autocheckpoint = 3;").unwrap();
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut n = 0;
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                // Two rows that always go together.
                writer
                    .execute_batch(&format!(
                        "BEGIN; INSERT INTO metrics VALUES ('a', {n}, {n}, 'aa', {n}, 0); INSERT INTO metrics VALUES ('b', {n}, {n}, 'aa', {n}, 0); COMMIT;"
                    ))
                    .unwrap();
                n += 1;
                std::thread::sleep(std::time::Duration::from_millis(3));
            }
            n
        });
        let mut last = 0;
        // Until it was seen to grow: a reader can be done before the writer has begun.
        for turn in 0..5_000 {
            if turn >= 25 && last > 0 {
                break;
            }
            let registry = store.read();
            let errors: Vec<_> = registry.problems.iter().filter(|p| p.severity == Severity::Error).collect();
            assert!(errors.is_empty(), "{mode}: {errors:?}");
            let points = |metric: &str| {
                run(&registry, "aa").series.iter().find(|s| s.metric == metric).map_or(0, |s| s.points.len())
            };
            assert_eq!(points("a"), points("b"), "{mode}");
            assert!(points("a") >= last, "{mode}");
            last = points("a");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let written = thread.join().unwrap();
        assert!(written > 0 && last > 0, "{mode}: {written} written, {last} seen");
        assert!(run(&store.read(), "aa").results.iter().any(|r| r.metric == "a"));
    }
}

#[test]
fn nothing_is_written_beside_a_database_with_a_log() {
    let store = Store::new();
    store.sql("PRAGMA journal_mode = WAL;");
    // Closed in order: the log is gone, and stays so.
    let closed = listing(store.0.path());
    assert_eq!(closed, ["mlflow.db"]);
    assert_eq!(store.read().runs.len(), 2);
    assert_eq!(listing(store.0.path()), closed);
    // Open elsewhere: what is in the log alone is read.
    let writer = store.open();
    writer.execute_batch("PRAGMA wal_autocheckpoint = 0; INSERT INTO params VALUES ('fresh', '1', 'aa');").unwrap();
    let open = listing(store.0.path());
    assert_eq!(open, ["mlflow.db", "mlflow.db-shm", "mlflow.db-wal"]);
    let registry = store.read();
    assert!(run(&registry, "aa").params.contains_key("fresh"));
    assert_eq!(registry.unrecognised, Vec::<String>::new());
    assert_eq!(listing(store.0.path()), open);
    // Copied away with its log but without the shared memory: an error, not old data.
    let copy = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test copies a store")]
    for name in ["mlflow.db", "mlflow.db-wal"] {
        std::fs::write(copy.path().join(name), std::fs::read(store.0.path().join(name)).unwrap()).unwrap();
    }
    let registry = read(copy.path());
    assert!(registry.runs.is_empty());
    assert!(registry.problems.iter().any(|p| p.message.contains("write-ahead log")), "{:?}", registry.problems);
    assert_eq!(listing(copy.path()), ["mlflow.db", "mlflow.db-wal"]);
}

#[test]
fn a_locked_database_is_an_error_and_the_rest_builds() {
    let store = Store::new();
    store.put("card.md", "# A card\n\nText.\n");
    let writer = store.open();
    writer.execute_batch("BEGIN EXCLUSIVE; INSERT INTO params VALUES ('x', '1', 'aa');").unwrap();
    let registry = store.read();
    assert!(registry.runs.is_empty());
    assert!(registry.problems.iter().any(|p| p.message.contains("has it locked")), "{:?}", registry.problems);
    assert_eq!(registry.cards.len(), 1);
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    assert_eq!(store.read().runs.len(), 2);
}

#[test]
fn the_store_is_named_by_path_and_by_address() {
    let parse = |source: &str| {
        presscheck::config::Config::parse(&format!("schema = 1\n[[source]]\n{source}\n"), "presscheck.toml", "x")
    };
    for source in ["kind = \"mlflow\"\npath = \"data/mlflow.db\"", "uri = \"sqlite:///data/mlflow.db\""] {
        assert_eq!(parse(source).unwrap().sources[0].folder(), Some("data/mlflow.db"));
    }
    for uri in ["sqlite:////srv/ml/mlflow.db", "sqlite:///../mlflow.db", "sqlite:///", "sqlite:///a.db?mode=rw"] {
        let problems = parse(&format!("uri = \"{uri}\"")).unwrap_err();
        assert_eq!(problems.len(), 1, "{uri}");
        assert_eq!(problems[0].code, Code::ConfigValue, "{uri}");
    }
}

/// As `import_mlflow::stores_written_by_mlflow_elsewhere`, for databases.
#[test]
#[ignore = "needs folders of stores that MLflow has written"]
#[expect(clippy::disallowed_methods, reason = "the folder is given in the environment")]
fn databases_written_by_mlflow_elsewhere() {
    for path in std::env::split_paths(&std::env::var_os("PRESSCHECK_MLFLOW_STORE").unwrap()) {
        let expected = truth(&path.join("expected.json"));
        let registry = read(&path);
        same(&registry, &expected);
        let count: usize = list(&expected["runs"]).len();
        assert_eq!(registry.runs.len(), count, "{}", text(&expected["mlflow"]));
    }
}
