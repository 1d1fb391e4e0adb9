//! `[[source]]`: which files are wanted, what becomes model and version, and several sources of one version.

use serde_json::{Value, json};

use crate::project::{Project, Ran};

const RULE: &str = r#"
[[rule]]
id = "auc"
check = "metric"
metric = "auc"
dataset = "test"
min = 0.8
[stage.prod]
"#;

fn inspect(project: &Project) -> Value {
    let ran = project.run(&["inspect", "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr))
}

fn codes(view: &Value) -> Vec<&str> {
    view["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect()
}

fn ids(view: &Value) -> Vec<&str> {
    view["runs"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect()
}

fn gate(project: &Project, version: &str) -> Ran {
    project.run(&["gate", version, "--stage", "prod"])
}

#[test]
fn include_and_exclude_choose_files_by_their_path_below_the_source() {
    let project = Project::new()
        .file(
            "presscheck.toml",
            "schema = 1\n[[source]]\npath = \"runs\"\ninclude = [\"*/1/**\", \"*/2/**\"]\nexclude = [\"scratch/**\"]\n",
        )
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/2/metrics.json", r#"{"auc": 0.91}"#)
        .file("runs/m/3/metrics.json", r#"{"auc": "#)
        .file("runs/scratch/1/metrics.json", r#"{"auc": 0.1}"#);
    let view = inspect(&project);
    assert_eq!(ids(&view), ["runs/m/1", "runs/m/2"]);
    assert_eq!(view["problems"], json!([]), "what is not wanted is not complained of");
}

#[test]
fn a_limit_on_size_holds_for_every_file_and_can_be_raised() {
    let config = |size: &str| format!("schema = 1\n[[source]]\npath = \"runs\"\nmax_file_size = \"{size}\"\n");
    let project = Project::new()
        .file("presscheck.toml", config("1kB"))
        .file("runs/m/1/metrics.json", format!(r#"{{"auc": 0.9{}}}"#, " ".repeat(2_000)));
    let view = inspect(&project);
    assert!(codes(&view).contains(&"file-too-large"), "{:?}", codes(&view));
    let project = project.file("presscheck.toml", config("1 MiB"));
    assert_eq!(codes(&inspect(&project)), Vec::<&str>::new());
}

#[test]
fn old_runs_are_left_out_and_counted() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[[source]]\npath = \"runs\"\nmax_age = \"90d\"\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/1/run.toml", "created = 2001-01-01T00:00:00Z\n")
        .file("runs/m/2/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/2/run.toml", "created = 2999-01-01T00:00:00Z\n");
    let view = inspect(&project);
    assert_eq!(ids(&view), ["runs/m/2"]);
    assert_eq!(codes(&view), ["runs-left-out"]);
    assert!(view["problems"][0]["message"].as_str().unwrap().starts_with("1 run left out"));
}

#[test]
fn parts_of_the_path_become_model_and_version() {
    let project = Project::new()
        .file(
            "presscheck.toml",
            "schema = 1\n[[source]]\npath = \"nightly\"\nmap = { model = \"{path[1]}\", version = \"{path[0]}-{path[-1]}\" }\n",
        )
        .file("nightly/2026-03-02/churn/eu/metrics.json", r#"{"auc": 0.9}"#)
        .file("nightly/2026-03-02/churn/us/metrics.json", r#"{"auc": 0.8}"#);
    let view = inspect(&project);
    assert_eq!(view["models"][0]["name"], "churn");
    let versions: Vec<&str> =
        view["models"][0]["versions"].as_array().unwrap().iter().map(|v| v["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["2026-03-02-eu", "2026-03-02-us"]);
}

#[test]
fn wrong_keys_of_a_source_are_refused_at_their_line() {
    for (wrong, what) in [
        ("path = \"runs\"\ninclude = [\"a/[bc]\"]", "'['"),
        ("path = \"runs\"\nmax_age = \"soon\"", "no length of time"),
        ("path = \"runs\"\nmax_file_size = \"big\"", "no size"),
        ("path = \"runs\"\ntimeout = \"5s\"", "for a source on a server"),
        ("path = \"runs\"\nmap = { model = \"m\", version = \"{run_id}\" }", "no field"),
        ("path = \"runs\"\nmap = { model = \"{modle}\", version = \"{run_id}\" }", "no field '{modle}'"),
        ("uri = \"https://me:secret@host\"\nkind = \"mlflow\"", "holds a user"),
        ("uri = \"https://host\"\nkind = \"prometheus\"", "asks nothing"),
        ("uri = \"https://host\"\nkind = \"mlflow\"\ntoken_env = \"sk-123 456\"", "no name of an environment variable"),
        ("uri = \"ftp://host/x\"", "scheme 'ftp'"),
        ("uri = \"sqlite:////etc/passwd\"", "does not lie in the project"),
    ] {
        let project = Project::new().file("presscheck.toml", format!("schema = 1\n[[source]]\n{wrong}\n"));
        let ran = project.run(&["inspect"]);
        assert_eq!(ran.code, 2, "{wrong}: {}", ran.stderr);
        assert!(ran.stderr.contains(what) && ran.stderr.contains("presscheck.toml:"), "{wrong}: {}", ran.stderr);
        assert!(!ran.stderr.contains("secret@"), "{}", ran.stderr);
    }
}

/// A run directory of training and one of a nightly evaluation, for the same version.
fn two_sources(training: &str, evaluation: &str) -> Project {
    Project::new()
        .file(
            "presscheck.toml",
            format!("schema = 1\n[[source]]\npath = \"runs\"\n[[source]]\npath = \"nightly\"\n{RULE}"),
        )
        .file("runs/churn/3/metrics.json", r#"{"train": {"auc": 0.97}}"#)
        .file("runs/churn/3/run.toml", training)
        .file("nightly/churn/3/metrics.json", r#"{"test": {"auc": 0.91}}"#)
        .file("nightly/churn/3/run.toml", evaluation)
        .file("nightly/churn/3/card.md", "# Churn\n\n## Intended use\n\nLetters to people who may leave.\n")
}

#[test]
fn two_sources_of_one_version_are_merged() {
    let project = two_sources("git = { commit = \"0123abcd\" }\n[params]\ndepth = 3\n", "[params]\nbatch = 8\n");
    let view = inspect(&project);
    assert_eq!(view["problems"], json!([]));
    assert_eq!(ids(&view), ["runs/churn/3"], "the source that stands first gives the run");
    let run = &view["runs"][0];
    assert_eq!(run["params"], json!({"batch": 8, "depth": 3}));
    assert_eq!(run["results"].as_array().unwrap().len(), 2);
    assert_eq!(view["cards"][0]["model"], "churn");
    assert_eq!(gate(&project, "churn@3").code, 0);
    // What the second source says is judged: its file is part of the evidence that the digest covers.
    let digest = |p: &Project| {
        let ran = p.run(&["gate", "churn@3", "--stage", "prod", "--out", "json", "--as-of", "2026-03-02T00:00:00Z"]);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()["subject"]["digest"].clone()
    };
    let before = digest(&project);
    let project = project.file("nightly/churn/3/metrics.json", r#"{"test": {"auc": 0.5}}"#);
    assert_ne!(digest(&project), before);
    assert_eq!(gate(&project, "churn@3").code, 1);
}

#[test]
fn an_unreadable_file_of_the_second_source_blocks() {
    let project = two_sources("", "").file("nightly/churn/3/more.json", "{\"auc\": ");
    assert_ne!(gate(&project, "churn@3").code, 0);
}

#[test]
fn sources_that_contradict_each_other_block_the_gate() {
    for (one, other, what) in [
        ("git = { commit = \"0123abcd\" }", "git = { commit = \"9999abcd\" }", "commit 0123abcd and 9999abcd"),
        ("status = \"finished\"", "status = \"failed\"", "status finished and failed"),
        ("[params]\ndepth = 3", "[params]\ndepth = 4", "param depth is 3 and 4"),
        (
            "[[dataset]]\nname = \"holdout\"\ndigest = \"aa\"",
            "[[dataset]]\nname = \"holdout\"\ndigest = \"bb\"",
            "dataset holdout has the digest aa and bb",
        ),
    ] {
        let project = two_sources(one, other);
        let view = inspect(&project);
        assert_eq!(codes(&view), ["version-contradiction"], "{what}");
        let message = view["problems"][0]["message"].as_str().unwrap();
        assert!(message.contains(what), "{message}");
        let ran = gate(&project, "churn@3");
        assert_eq!(ran.code, 3, "{what}: {}{}", ran.stdout, ran.stderr);
    }
    // 0.10 as a tracker writes it and 0.1 are one value; a short commit is the beginning of the long one.
    let project = two_sources(
        "git = { commit = \"0123abcd\" }\n[params]\nrate = \"0.10\"",
        "git = { commit = \"0123abcdef\" }\n[params]\nrate = 0.1",
    );
    assert_eq!(codes(&inspect(&project)), Vec::<&str>::new());
}

#[test]
fn two_values_of_one_metric_are_never_chosen_between() {
    let project = two_sources("", "").file("runs/churn/3/metrics.json", r#"{"test": {"auc": 0.99}}"#);
    assert_ne!(gate(&project, "churn@3").code, 0);
    assert!(codes(&inspect(&project)).contains(&"metric-conflict"));
}

#[test]
fn an_alias_that_two_sources_point_elsewhere_points_nowhere() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[[source]]\npath = \"a\"\n[[source]]\npath = \"b\"\n")
        .file("a/churn/model.toml", "[aliases]\nchampion = \"1\"\n")
        .file("a/churn/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("b/churn/model.toml", "[aliases]\nchampion = \"2\"\n")
        .file("b/churn/2/metrics.json", r#"{"auc": 0.9}"#);
    let view = inspect(&project);
    assert_eq!(codes(&view), ["version-contradiction"]);
    let aliases: Vec<&Value> =
        view["models"][0]["versions"].as_array().unwrap().iter().map(|v| &v["aliases"]).collect();
    assert_eq!(aliases, [&json!([]), &json!([])]);
}

#[test]
fn an_unreachable_server_is_a_problem_and_the_rest_builds() {
    // Nothing listens on port 9 of the loopback address.
    let project = Project::new()
        .file(
            "presscheck.toml",
            "schema = 1\n[[source]]\npath = \"runs\"\n[[source]]\nkind = \"mlflow\"\nuri = \"http://127.0.0.1:9\"\ntimeout = \"2s\"\n",
        )
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
    let ran = project.run(&["build"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("source-unreachable") && ran.stderr.contains("http://127.0.0.1:9"), "{}", ran.stderr);
    assert!(project.read("public/index.html").contains("m"));
    assert_eq!(project.run(&["build", "--keep-going"]).code, 0);
}
