//! DVC projects and DVCLive folders: what `inspect` shows of them, against the tools' own output.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use presscheck::model::{CurveKind, Datum, Registry, Run, RunStatus};
use serde_json::Value;

use crate::corpus::{folder, json, read, same_number, view};

fn run<'a>(registry: &'a Registry, id: &str) -> &'a Run {
    registry.runs.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no run '{id}'"))
}

fn shown<'a>(view: &'a Value, id: &str) -> &'a Value {
    view["runs"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap()
}

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/dvc").join(below)
}

/// The numbers of nested objects with joined names.
fn flat(value: &Value, separator: &str, prefix: &str, out: &mut BTreeMap<String, Value>) {
    for (key, value) in value.as_object().unwrap() {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}{separator}{key}") };
        match value {
            Value::Object(_) => flat(value, separator, &name, out),
            value => {
                out.insert(name, value.clone());
            }
        }
    }
}

/// The results of a shown run are exactly those expected.
fn assert_results(run: &Value, expected: &BTreeMap<String, Value>) {
    let results: BTreeMap<String, Value> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["metric"].as_str().unwrap().to_owned(), r["value"].clone()))
        .collect();
    assert_eq!(results.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, value) in expected {
        assert!(same_number(&results[name], value), "{name}: {} is not {value}", results[name]);
    }
}

#[test]
fn the_work_tree_of_the_corpus_shows_what_dvc_prints() {
    let Some(path) = folder("trackers/dvc-3.67.1") else { return };
    let expected = json(&path.join("expected.json"));
    let registry = read(&path.join("worktree"));
    assert_eq!(registry.problems, []);
    let view = view(&registry);
    let project = shown(&view, "worktree");
    let files = &expected["metrics_worktree"][""]["data"];

    let mut metrics = BTreeMap::new();
    flat(&files["metrics.json"]["data"], ".", "", &mut metrics);
    assert_eq!(metrics.len(), 18);
    assert_results(project, &metrics);
    let precision =
        run(&registry, "worktree").results.iter().find(|r| r.metric == "per_class.class_0.precision").unwrap();
    assert_eq!(precision.source.to_string(), "metrics.json#/per_class/class_0/precision");

    let live = shown(&view, "dvclive");
    assert_eq!((&live["source"], &live["parent"]), (&"dvclive".into(), &"worktree".into()));
    let mut metrics = BTreeMap::new();
    flat(&files["dvclive/metrics.json"]["data"], "/", "", &mut metrics);
    let step = metrics.remove("step").unwrap();
    assert_results(live, &metrics);
    assert!(live["results"].as_array().unwrap().iter().all(|r| r["step"] == step));

    let params = project["params"].as_object().unwrap();
    let expected = expected["params_diff_first_tag"]["params.yaml"].as_object().unwrap();
    assert_eq!(params.keys().collect::<std::collections::BTreeSet<_>>(), expected.keys().collect());
    for (name, change) in expected {
        let ours = match &params[name] {
            // `dvc params diff` prints a list as Python does.
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|i| format!("'{}'", i.as_str().unwrap())).collect();
                format!("[{}]", items.join(", ")).into()
            }
            other => other.clone(),
        };
        assert!(same_number(&ours, &change["new"]), "{name}: {ours} is not {}", change["new"]);
    }
}

#[test]
fn plots_hashes_and_leftovers_of_a_project() {
    let registry = read(&fixture("project"));
    assert_eq!(registry.problems, []);
    let project = run(&registry, "project");
    assert_eq!((project.source.as_str(), project.status), ("dvc", RunStatus::Finished));
    let curves: Vec<_> = project.curves.iter().map(|c| (c.kind, c.name.as_str(), c.points.len())).collect();
    assert_eq!(curves.len(), 3, "declared twice, read once: {curves:?}");
    assert!(curves.iter().all(|(kind, name, _)| *kind == CurveKind::Roc && name.starts_with("class_")));
    let [confusion] = &project.matrices[..] else { panic!("one matrix") };
    let trace: f64 = (0..3).map(|i| confusion.rows[i][i].as_f64()).sum();
    let total: f64 = confusion.rows.iter().flatten().map(|c| c.as_f64()).sum();
    let accuracy = project.results.iter().find(|r| r.metric == "accuracy").unwrap().value.as_f64();
    assert_eq!((total, trace / total), (54.0, accuracy), "the matrix agrees with metrics.json");
    // Rows are true classes: recall of class_1 from the row, precision of class_0 from the column.
    assert_eq!(confusion.rows[1].iter().map(|c| c.as_f64()).sum::<f64>(), 21.0);
    assert_eq!(project.importances[0].items.len(), 13);
    assert!(project.series.is_empty(), "series are the DVCLive run's");

    let data = &project.datasets[..];
    assert_eq!(data.len(), 1);
    assert_eq!(data[0].name, "data/wine.npz");
    assert_eq!(data[0].digest.as_deref(), Some("md5:1f2b60d74b04949e50c1a5135c463337"));
    let model = project.artifacts.iter().find(|a| a.path == "models/model.pkl").unwrap();
    assert_eq!((model.bytes, model.sha256.as_deref()), (Some(166_340), None));
    let md5 = project.extra.iter().find(|(k, _)| k == "dvc.lock").unwrap();
    assert!(md5.1.display().contains("119722a43e435de4aae7e6afeeb64fcc"));
    assert_eq!(registry.unrecognised, ["src/evaluate.py", "src/prepare.py", "src/train.py"]);

    let live = run(&registry, "dvclive");
    assert_eq!(live.parent.as_deref(), Some("project"));
    assert_eq!(live.series.len(), 3);
    assert_eq!(live.params["epochs"], Datum::Int(40));
}

/// Series, metrics and files of DVCLive folders against `expected.json`.
fn assert_dvclive(path: &Path, expected: &Value, files: bool) {
    let registry = read(path);
    let view = view(&registry);
    assert_eq!(registry.runs.len(), 3, "dvc.yaml speaks only of DVCLive, so there is no DVC run");
    for (id, expected) in expected["directories"].as_object().unwrap() {
        let shown = shown(&view, id);
        assert_eq!(shown["source"], "dvclive");
        let mut metrics = BTreeMap::new();
        flat(&expected["metrics"], "/", "", &mut metrics);
        let step = metrics.remove("step").unwrap();
        assert_results(shown, &metrics);
        assert!(shown["results"].as_array().unwrap().iter().all(|r| r["step"] == step), "{id}");
        let series = shown["series"].as_array().unwrap();
        let expected_series = expected["series"].as_object().unwrap();
        assert_eq!(series.len(), expected_series.len(), "{id}");
        for (name, expected) in expected_series {
            let ours = series.iter().find(|s| s["metric"] == name.as_str()).unwrap();
            assert_eq!(ours["points"], expected["rows"], "{id} {name}");
            let columns = expected["columns"].as_array().unwrap();
            let at = columns.iter().position(|c| c == "step").unwrap();
            for end in ["first", "last"] {
                let cell = |i: usize| expected[end][i].as_str().unwrap().parse::<f64>().ok();
                assert_eq!(ours[end][0].as_f64(), cell(at), "{id} {name} {end}");
                assert_eq!(ours[end][1].as_f64(), cell(columns.len() - 1), "{id} {name} {end}");
            }
            if let Some(time) = columns.iter().position(|c| c == "timestamp") {
                let series = run(&registry, id).series.iter().find(|s| s.metric == *name).unwrap();
                let millis = |end: &str| expected[end][time].as_str().unwrap().parse::<i64>().unwrap();
                assert_eq!(series.points[0].time.unwrap().millis(), millis("first"));
                assert_eq!(series.points.last().unwrap().time.unwrap().millis(), millis("last"));
            }
        }
        for file in expected["files"].as_array().unwrap().iter().filter(|_| files) {
            let file = file.as_str().unwrap();
            let full = format!("{id}/{file}");
            let read = registry.evidence.iter().any(|e| e.path == full);
            let listed = run(&registry, id).artifacts.iter().any(|a| a.path == file);
            assert!(read != listed, "{full} is either read or an artifact");
            assert!(!registry.unrecognised.contains(&full), "{full}");
        }
    }
}

#[test]
fn dvclive_folders_of_the_corpus_show_what_was_logged() {
    let Some(path) = folder("trackers/dvclive-3.49.1") else { return };
    let expected = json(&path.join("expected.json"));
    assert_dvclive(&path, &expected, true);

    let registry = read(&path);
    assert_eq!(registry.unrecognised, ["expected.json"]);
    let md = run(&registry, "dvclive-md");
    let curves: Vec<_> = md.curves.iter().map(|c| (c.kind, c.name.as_str())).collect();
    assert_eq!(
        curves,
        [
            (CurveKind::Calibration, "calibration"),
            (CurveKind::PrecisionRecall, "precision_recall"),
            (CurveKind::Roc, "roc")
        ]
    );
    assert_eq!(md.matrices[0].labels, ["0", "1"]);
    assert_eq!(md.importances[0].items.len(), 30);
    assert_eq!(md.params["model.kind"], Datum::Text("sgd".to_owned()));
    assert_eq!(md.params["names"], Datum::List(vec!["a".into(), "b".into()]));
    let interrupted = run(&registry, "dvclive-interrupted");
    assert!(interrupted.series[0].points[3].value.finite().is_none(), "nan stays in the series");
}

#[test]
fn dvclive_fixture_reads_without_the_corpus() {
    let registry = read(&fixture("live"));
    let ids: Vec<_> = registry.runs.iter().map(|r| (r.id.as_str(), r.source.as_str())).collect();
    assert_eq!(ids, [("dvclive-html", "dvclive"), ("dvclive-interrupted", "dvclive"), ("dvclive-md", "dvclive")]);
    let md = run(&registry, "dvclive-md");
    assert_eq!(md.results.iter().find(|r| r.metric == "final/f1").unwrap().source.pointer, "/final~1f1");
    let roc = md.curves.iter().find(|c| c.kind == CurveKind::Roc).unwrap();
    assert_eq!(roc.points[0].threshold.unwrap().as_f64(), f64::INFINITY);
    assert!(roc.points.len() > 10);
    assert_eq!(md.importances[0].items[0].feature, "mean radius");
    assert_eq!(run(&registry, "dvclive-interrupted").status, RunStatus::Unknown);
}

/// A project in a temporary folder.
fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        write(&path, text);
    }
    let registry = read(folder.path());
    (folder, registry)
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own input")]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn the_project(registry: &Registry) -> &Run {
    registry.runs.iter().find(|r| r.source == "dvc").unwrap()
}

#[test]
fn metrics_of_two_files_keep_apart_and_other_formats_are_read() {
    let (_folder, registry) = project(&[
        ("p/dvc.yaml", "metrics: [train.json, eval/test.yaml, eval/speed.toml, all]\nparams:\n- extra.toml\n"),
        ("p/train.json", r#"{"accuracy": 0.9, "note": "fine", "loss": NaN}"#),
        ("p/eval/test.yaml", "accuracy: 0.8\ndeep: {f1: 0.7}\n"),
        ("p/eval/speed.toml", "latency_ms = 12\n"),
        ("p/all/more.json", r#"{"more": 1}"#),
        ("p/params.yaml", "lr: 0.1\n"),
        ("p/extra.toml", "lr = 0.2\ndepth = 3\n"),
    ]);
    let run = the_project(&registry);
    assert_eq!((run.id.as_str(), run.name.as_str()), ("p", "p"));
    let mut results: Vec<_> = run.results.iter().map(|r| (r.metric.as_str(), r.value.to_string())).collect();
    results.sort();
    let expected = [
        ("deep.f1", "0.7"),
        ("eval/test.yaml:accuracy", "0.8"),
        ("latency_ms", "12"),
        ("loss", "NaN"),
        ("more", "1"),
        ("train.json:accuracy", "0.9"),
    ];
    assert_eq!(results, expected.map(|(k, v)| (k, v.to_owned())));
    assert_eq!(run.rejected[0].found, "text \"fine\"");
    let params: Vec<_> = run.params.iter().map(|(k, v)| (k.as_str(), v.display())).collect();
    assert_eq!(params, [("depth", "3".to_owned()), ("extra.toml:lr", "0.2".to_owned()), ("lr", "0.1".to_owned())]);
}

#[test]
fn stages_are_unrolled_and_working_folders_applied() {
    let (_folder, registry) = project(&[
        (
            "dvc.yaml",
            "stages:\n  each:\n    foreach: ${regions}\n    do:\n      cmd: x\n      metrics: ['out/${item}.json']\n  grid:\n    matrix: {seed: [1, 2]}\n    wdir: sub\n    cmd: y\n    metrics: ['m${item.seed}.json']\n    plots: [loss.csv: {x: epoch}]\n  lost:\n    cmd: z\n    metrics: ['${nowhere}.json']\n",
        ),
        ("params.yaml", "regions: [eu, us]\n"),
        ("out/eu.json", r#"{"a": 1}"#),
        ("out/us.json", r#"{"b": 2}"#),
        ("sub/m1.json", r#"{"c": 3}"#),
        ("sub/m2.json", r#"{"d": 4}"#),
        ("sub/loss.csv", "epoch,loss,val\n0,0.5,0.6\n1,0.4,\n"),
    ]);
    let run = the_project(&registry);
    let names: Vec<_> = run.results.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let series: Vec<_> = run.series.iter().map(|s| (s.metric.as_str(), s.points.len())).collect();
    assert_eq!(series, [("loss", 2), ("loss/val", 1)]);
    assert!(registry.problems.iter().any(|p| p.message.contains("${nowhere}.json")));
}

#[test]
fn a_metrics_file_alone_is_dvclives_only_when_dvc_yaml_points_at_it() {
    let metrics = ("live/metrics.json", r#"{"acc": 0.5, "step": 3}"#);
    let (_a, pointed) = project(&[("dvc.yaml", "metrics: [live/metrics.json]\n"), metrics]);
    assert_eq!(pointed.runs[0].source, "dvclive");
    assert_eq!(pointed.runs[0].results[0].step, Some(3));
    let (_b, alone) = project(&[metrics]);
    assert!(alone.runs.iter().all(|r| r.source != "dvclive"));
    // A run directory of the native layout keeps its own files.
    let (_c, native) = project(&[metrics, ("live/run.toml", ""), ("live/plots/metrics/acc.tsv", "step\tacc\n0\t1\n")]);
    assert!(native.runs.iter().all(|r| r.source != "dvclive"));
    // Older DVCLive keeps its dvc.yaml inside its own folder.
    let (_d, inside) = project(&[
        metrics,
        ("live/dvc.yaml", "metrics: [metrics.json]\nplots:\n- plots/metrics: {x: step}\n"),
        ("live/plots/metrics/acc.tsv", "step\tacc\n0\t0.5\n"),
    ]);
    assert_eq!(inside.runs.iter().map(|r| r.source.as_str()).collect::<Vec<_>>(), ["dvclive"]);
}

#[test]
fn hostile_files_in_a_project_are_findings_never_panics() {
    let Some(path) = folder("hostile/metrics") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut yaml = "metrics: [m]\nparams: [m/nan.json, m/deep-object.json]\nplots: [m, p]\n".to_owned();
    for entry in walkdir::WalkDir::new(&path).min_depth(1) {
        let entry = entry.unwrap();
        for below in ["m", "p", "live/plots/custom"] {
            let to = folder.path().join(below).join(entry.file_name());
            copy(entry.path(), &to);
        }
        yaml.push_str(&format!("- {}: {{x: a, y: b, template: confusion}}\n", entry.file_name().to_str().unwrap()));
    }
    yaml = yaml.replacen("plots: [m, p]\n", "plots:\n- m\n- p\n", 1);
    write(&folder.path().join("dvc.yaml"), &yaml);
    write(&folder.path().join("live/metrics.json"), "{\"step\": 1, \"a\": \"x\"}");
    write(&folder.path().join("dvc.lock"), "stages: [1, 2]\nschema: {}\n");
    let registry = read(folder.path());
    let run = the_project(&registry);
    assert!(run.results.len() > 100);
    assert!(registry.problems.iter().any(|p| p.path.as_deref() == Some("m/truncated.json") && p.line == Some(1)));
    assert!(registry.runs.iter().any(|r| r.id == "live" && r.rejected.len() == 1));
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own input")]
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

#[test]
fn broken_pipelines_say_what_is_wrong() {
    let (_folder, registry) = project(&[("dvc.yaml", "stages:\n  a: {cmd: [}\n"), ("metrics.json", "{}")]);
    let syntax = registry.problems.iter().find(|p| p.code.as_str() == "yaml-syntax").unwrap();
    assert_eq!((syntax.path.as_deref(), syntax.line), (Some("dvc.yaml"), Some(2)));
    let (_folder, other) = project(&[("dvc.yaml", "hello: world\n")]);
    assert!(other.runs.is_empty());
}

#[test]
fn stores_and_documents_inside_a_project_are_not_lost() {
    let (_folder, registry) = project(&[
        ("dvc.yaml", "stages:\n  a: {cmd: x, outs: [model.bin]}\nartifacts:\n  best: {path: model.bin, type: model}\n"),
        ("model.bin", "0123"),
        ("data/raw.csv.dvc", "outs:\n- md5: abc\n  size: 7\n  hash: md5\n  path: raw.csv\n"),
        ("sub/dvc.yaml", "metrics: [m.json]\n"),
        ("sub/m.json", r#"{"a": 1}"#),
        ("reports/roc.csv", "fpr,tpr\n0,0\n1,1\n"),
        ("notes.txt", "x"),
    ]);
    let root = registry.runs.iter().find(|r| r.source == "dvc" && r.parent.is_none()).unwrap();
    assert_eq!(root.curves.len(), 1);
    assert_eq!(root.artifacts[0].kind.as_deref(), Some("model"));
    assert_eq!(root.artifacts[0].bytes, Some(4));
    assert_eq!(root.datasets[0].name, "data/raw.csv");
    assert_eq!(root.datasets[0].digest.as_deref(), Some("md5:abc"));
    let sub = registry.runs.iter().find(|r| r.id == "sub").unwrap();
    assert_eq!((sub.parent.as_ref(), sub.results.len()), (Some(&root.id), 1));
    assert_eq!(registry.unrecognised, ["notes.txt"]);
}

#[test]
fn a_dvclive_folder_in_a_run_directory_belongs_to_its_run() {
    let (_folder, registry) = project(&[
        ("churn/1.0/run.toml", ""),
        ("churn/1.0/dvc.yaml", "metrics: [dvclive/metrics.json]\nplots:\n- dvclive/plots/metrics: {x: step}\n"),
        ("churn/1.0/dvclive/metrics.json", r#"{"val": {"acc": 0.9}, "step": 1}"#),
        ("churn/1.0/dvclive/plots/metrics/val/acc.tsv", "step\tacc\n0\t0.8\n1\t0.9\n"),
    ]);
    let run = run(&registry, "churn/1.0");
    assert_eq!(registry.runs.len(), 1);
    assert_eq!((run.results[0].metric.as_str(), run.results[0].step), ("val/acc", Some(1)));
    assert_eq!(run.series[0].points.len(), 2);
}
