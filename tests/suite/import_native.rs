//! The native layout: every form of metrics, what belongs to whom, and what is wrong with files.

use crate::corpus::{read, view};
use crate::project::Project;
use serde_json::json;

fn result<'a>(run: &'a serde_json::Value, metric: &str) -> Vec<&'a serde_json::Value> {
    run["results"].as_array().unwrap().iter().filter(|r| r["metric"] == metric).collect()
}

#[test]
fn flat_nested_and_full_metrics_say_the_same() {
    let flat = Project::new().file("runs/m/1/metrics.json", r#"{"auc": 0.91, "n": 1000}"#);
    let nested = Project::new().file(
        "runs/m/1/metrics.json",
        r#"{"test": {"auc": 0.91, "n": 1000, "slices": {"region=eu & device=mobile": {"auc": 0.9, "n": 40}}, "classes": {"yes": {"recall": 0.5}}}}"#,
    );
    let full = Project::new().file(
        "runs/m/1/metrics.json",
        r#"[{"metric": "auc", "value": 0.91, "dataset": "test", "n": 1000, "ci": {"lower": 0.9, "upper": 0.92, "level": 0.9}},
            {"metric": "auc", "value": 0.9, "dataset": "test", "slice": {"region": "eu", "device": "mobile"}, "n": 40},
            {"metric": "recall", "value": 0.5, "dataset": "test", "class": "yes"}]"#,
    );
    let toml = Project::new().file(
        "runs/m/1/metrics.toml",
        "[test]\nauc = 0.91\nn = 1000\n[test.slices.\"device=mobile & region=eu\"]\nauc = 0.9\nn = 40\n[test.classes.yes]\nrecall = 0.5\n",
    );
    let flat = view(&read(flat.path()));
    assert_eq!(flat["runs"][0]["results"][0]["value"], json!(0.91));
    assert_eq!(flat["runs"][0]["results"][0]["n"], json!(1000));
    assert_eq!(flat["runs"][0]["model"], "m");
    assert_eq!(flat["runs"][0]["version"], "1");
    let views: Vec<serde_json::Value> = [nested, full, toml].iter().map(|p| view(&read(p.path()))).collect();
    for view in &views {
        let run = &view["runs"][0];
        let auc = result(run, "auc");
        assert_eq!(auc.len(), 2);
        assert_eq!(auc[0]["dataset"], "test");
        assert_eq!(auc[1]["slice"], json!({"device": "mobile", "region": "eu"}));
        assert_eq!(auc[1]["n"], json!(40));
        assert_eq!(result(run, "recall")[0]["class"], "yes");
        assert_eq!(view["problems"], json!([]));
    }
    assert_eq!(result(&views[1]["runs"][0], "auc")[0]["ci"], json!({"lower": 0.9, "upper": 0.92, "level": 0.9}));
}

#[test]
fn values_that_are_no_numbers_are_problems_and_no_results() {
    let project = Project::new()
        .file("m/1/metrics.json", r#"{"a": "0.9", "b": true, "c": null, "d": NaN, "e": -Infinity, "f": [1], "ok": 1}"#);
    let view = view(&read(project.path()));
    let names: Vec<&str> =
        view["runs"][0]["results"].as_array().unwrap().iter().map(|r| r["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["d", "e", "ok"]);
    assert_eq!(view["runs"][0]["results"][0]["value"], json!({"nonfinite": "NaN"}));
    let codes: Vec<&str> = view["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["metric-invalid", "metric-invalid", "metric-nonfinite", "metric-nonfinite", "metric-invalid"]);
    let registry = read(project.path());
    let rejected: Vec<&str> = registry.runs[0].rejected.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!(rejected, ["a", "b", "f"]);
}

#[test]
fn a_key_that_stands_twice_is_no_evidence() {
    let project = Project::new().file("m/1/metrics.json", r#"{"test": {"auc": 0.91, "auc": 0.99, "f1": 0.5}}"#);
    let registry = read(project.path());
    assert_eq!(registry.runs[0].results.len(), 1);
    assert_eq!(registry.runs[0].rejected[0].metric, "auc");
    assert_eq!(view(&registry)["problems"][0]["code"], "json-duplicate-key");
}

#[test]
fn broken_files_are_named_with_their_place_and_the_rest_is_read() {
    let project = Project::new()
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9,\n \"f1\": }")
        .file("runs/m/1/roc.bin", [0u8, 1])
        .file("runs/m/2/metrics.json", r#"{"auc": 0.8}"#)
        .file("runs/m/2/run.toml", "created = 2026-03-02T09:30:00Z\nstatus = 'finished'\n[params]\ndepth = 3\n")
        .file("runs/m/model.toml", "title = 'M'\n[aliases]\nchampion = '9'\n");
    let view = view(&read(project.path()));
    let problems = view["problems"].as_array().unwrap();
    let syntax = problems.iter().find(|p| p["code"] == "json-syntax").unwrap();
    assert_eq!((&syntax["path"], &syntax["line"]), (&json!("runs/m/1/metrics.json"), &json!(2)));
    assert!(problems.iter().any(|p| p["code"] == "alias-dangling"));
    let second = view["runs"].as_array().unwrap().iter().find(|r| r["version"] == "2").unwrap();
    assert_eq!(second["started_at"], "2026-03-02T09:30:00Z");
    assert_eq!(second["params"], json!({"depth": 3}));
    assert_eq!(view["unrecognised"], json!(["runs/m/1/roc.bin"]));
}

#[test]
fn two_folders_that_claim_one_version_are_a_contradiction() {
    let project = Project::new()
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/copy/metrics.json", r#"{"auc": 0.8}"#)
        .file("runs/m/copy/run.toml", "version = '1'\n");
    let registry = read(project.path());
    assert!(registry.model("m").unwrap().version("1").unwrap().ambiguous.is_some());
    assert!(registry.problems.iter().any(|p| p.code.as_str() == "version-duplicate"));
}

#[test]
fn sections_of_a_version_replace_inherited_ones() {
    let project = Project::new()
        .file("runs/m/model.toml", "title = 'M'\n")
        .file(
            "runs/m/card.md",
            "---\nlicense: mit\n---\n# M\n\n## Intended use\n\nOld words.\n\n## Limitations\n\nSome.\n",
        )
        .file("runs/m/1/card.md", "---\nlanguage: en\n---\n## Intended use\n\nNew words here.\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
    let registry = read(project.path());
    let card = registry.model("m").unwrap().version("1").unwrap().card.clone().unwrap();
    let titles: Vec<&str> = card.sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["M", "Intended use", "Limitations"]);
    assert!(card.sections[1].markdown.contains("New words"));
    assert_eq!(card.metadata.get("license").unwrap().as_str(), Some("mit"));
    assert_eq!(card.metadata.get("language").unwrap().as_str(), Some("en"));
}

#[test]
fn credentials_are_shown_nowhere() {
    let project = Project::new().file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#).file(
        "runs/m/1/run.toml",
        "[params]\naws_secret_access_key = 'abc123XYZ'\n[tags]\ndb = 'postgres://u:hunter2@h/x'\n",
    );
    let text = view(&read(project.path())).to_string();
    assert!(!text.contains("abc123XYZ") && !text.contains("hunter2"), "{text}");
    assert!(text.contains("secret-redacted"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_source_and_special_files_are_not_read() {
    let project =
        Project::new().file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#).file("outside.json", r#"{"secret": 1}"#);
    let runs = project.path().join("runs");
    std::os::unix::fs::symlink("../../../outside.json", runs.join("m/1/metrics.toml")).unwrap();
    std::os::unix::fs::symlink("..", runs.join("m/loop")).unwrap();
    let view = view(&read(&runs));
    assert_eq!(view["runs"].as_array().unwrap().len(), 1);
    assert!(
        view["problems"].as_array().unwrap().iter().any(|p| p["code"] == "symlink-outside"),
        "{}",
        view["problems"]
    );
    assert!(!view.to_string().contains("secret"));
}

#[test]
fn caches_environments_and_a_projects_readme_are_no_evidence() {
    let project = Project::new()
        .file("README.md", "# My project\n\nHow to run it.\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("venv/pyvenv.cfg", "")
        .file("venv/lib/m/1/metrics.json", r#"{"auc": 0.1}"#)
        .file("out/A/metrics.json", r#"{"auc": 0.2}"#)
        .file("out/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55")
        .file("out/z/metrics.json", r#"{"auc": 0.3}"#);
    let view = view(&read(project.path()));
    let models: Vec<&str> = view["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(models, ["m"]);
    assert_eq!(view["cards"][0]["path"], "README.md");
}

#[test]
fn a_loose_card_with_front_matter_is_a_model_without_a_run() {
    let project =
        Project::new().file("bert/README.md", "---\nlicense: mit\n---\n# Bert\n\n## Intended use\n\nWords.\n");
    let registry = read(project.path());
    let version = registry.select("bert@main").unwrap();
    assert!(version.run.is_none() && version.card.is_some());
}

#[test]
fn run_directories_inside_a_dvc_project_are_read() {
    let project = Project::new()
        .file("dvc.yaml", "stages:\n  train:\n    cmd: python train.py\n    metrics: [metrics.json]\n")
        .file("metrics.json", r#"{"acc": 0.5}"#)
        .file("runs/m/1/run.toml", "status = 'finished'\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
    let registry = read(project.path());
    assert_eq!(registry.model("m").unwrap().versions.len(), 1);
    assert!(registry.runs.iter().any(|r| r.source == "dvc"));
}
