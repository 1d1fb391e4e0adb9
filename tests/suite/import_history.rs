//! The git history of DVC projects: commits as runs, tags as versions, without a checkout and
//! without running anything that a repository asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::corpus::{folder, json, same_number};
use crate::project::Project;

/// `git` of the test, away from the settings of the machine.
fn git(folder: &Path, seconds: i64, arguments: &[&str]) -> String {
    let date = format!("{seconds} +0000");
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .args(["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"])
        .args(["-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const START: i64 = 1_767_225_600;

/// A repository that is written commit by commit.
struct Repo {
    project: Project,
    clock: i64,
}

impl Repo {
    fn new(arguments: &[&str]) -> Self {
        let project = Project::new();
        git(project.path(), START, &[&["init", "-q"], arguments].concat());
        Self { project, clock: START }
    }

    fn git(&mut self, arguments: &[&str]) -> String {
        self.clock += 60;
        git(self.project.path(), self.clock, arguments)
    }

    /// Writes files and commits everything; the commit's id.
    fn commit(&mut self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            write(&self.project.path().join(path), text);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn view(&self) -> Value {
        self.project.run(&["inspect", ".", "--format", "json"]).json()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test writes its own input")]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const YAML: &str = "metrics: [metrics.json]\n";

fn runs(view: &Value) -> BTreeMap<&str, &Value> {
    view["runs"].as_array().unwrap().iter().map(|r| (r["id"].as_str().unwrap(), r)).collect()
}

fn problems(view: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    view["problems"].as_array().unwrap().iter().map(|p| (text(&p["code"]), text(&p["path"]))).collect()
}

fn value(run: &Value, metric: &str) -> f64 {
    let found = run["results"].as_array().unwrap().iter().find(|r| r["metric"] == metric);
    found.and_then(|r| r["value"].as_f64()).unwrap_or(f64::NAN)
}

/// The versions of a model with the runs they lead to.
fn versions(view: &Value, model: &str) -> Vec<(String, Option<String>)> {
    let models = view["models"].as_array().unwrap();
    let model = models.iter().find(|m| m["name"] == model).unwrap_or_else(|| panic!("no model {model}: {models:?}"));
    let text = |v: &Value| v.as_str().map(str::to_owned);
    model["versions"].as_array().unwrap().iter().map(|v| (text(&v["version"]).unwrap(), text(&v["run"]))).collect()
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

fn assert_results(run: &Value, expected: &Value, separator: &str) {
    let mut wanted = BTreeMap::new();
    flat(expected, separator, "", &mut wanted);
    let step = wanted.remove("step");
    let shown = run["results"].as_array().unwrap();
    assert_eq!(shown.len(), wanted.len(), "{}", run["id"]);
    for (name, expected) in wanted {
        let found = shown.iter().find(|r| r["metric"] == name.as_str()).unwrap();
        assert!(same_number(&found["value"], &expected), "{} {name}: {} is not {expected}", run["id"], found["value"]);
        assert!(step.as_ref().is_none_or(|s| found["step"] == *s));
    }
}

/// Every commit of the corpus, against `dvc metrics show --all-commits`.
#[test]
fn the_history_of_the_corpus_shows_what_dvc_prints() {
    let Some(path) = folder("trackers/dvc-3.67.1") else { return };
    let expected = json(&path.join("expected.json"));
    let project = Project::new();
    let bundle = path.join("repo.bundle").canonicalize().unwrap();
    git(project.path(), START, &["clone", "-q", bundle.to_str().unwrap(), "."]);
    let view = project.run(&["inspect", ".", "--format", "json"]).code(0).json();
    assert_eq!(problems(&view), []);
    let runs = runs(&view);
    let commits = expected["commits"].as_array().unwrap();
    assert_eq!(commits.len(), 8);
    let mut compared = 0;
    for commit in commits {
        let id = commit["commit"].as_str().unwrap();
        let head = expected["head"] == id;
        let files = &expected["metrics_all_commits"][id]["data"];
        let run = runs.values().find(|r| r["source"] == "dvc" && r["system_tags"]["git.commit"] == id);
        if commit["metric_files"].as_object().unwrap().is_empty() {
            assert!(run.is_none(), "{id} has no metrics");
            continue;
        }
        let run = run.unwrap_or_else(|| panic!("no run of {id}"));
        let live = runs.values().find(|r| r["parent"] == run["id"]).unwrap();
        assert_results(run, &files["metrics.json"]["data"], ".");
        assert_results(live, &files["dvclive/metrics.json"]["data"], "/");
        // The same again from the text of the file, as `git show` prints it.
        let text: Value = serde_json::from_str(commit["metric_files"]["metrics.json"].as_str().unwrap()).unwrap();
        assert_results(run, &text, ".");
        assert_eq!(run["started_at"], commit["commit_date"], "{id}");
        assert_eq!(run["system_tags"]["git.dirty"], "false");
        assert_eq!(run["system_tags"]["git.subject"], commit["subject"]);
        if !head {
            assert_eq!(run["id"], id, "a commit's run is called after it");
            assert_eq!(run["system_tags"]["git.author"], commit["author"]);
        }
        compared += 1;
    }
    assert_eq!(compared, 7);
    let ours = runs.values().filter(|r| r["source"] == "dvc").count();
    assert_eq!(ours, 7, "six commits that changed metrics, and the work tree");

    let model = &view["models"][0];
    let name = model["name"].as_str().unwrap();
    let tags = &expected["tags"];
    let wanted: Vec<_> = ["v1.0", "v1.1"].map(|t| (t.to_owned(), Some(tags[t].as_str().unwrap().to_owned()))).to_vec();
    assert_eq!(versions(&view, name), wanted);
    for (tag, id) in tags.as_object().unwrap() {
        let run = runs[id.as_str().unwrap()];
        assert_results(run, &expected["metrics_all_tags"][tag]["data"]["metrics.json"]["data"], ".");
        assert_eq!(run["name"], tag.as_str());
    }
    // `dvc params diff` and `dvc metrics diff` from the first tag to the work tree.
    let first = runs[tags["v1.0"].as_str().unwrap()];
    for (name, change) in expected["params_diff_first_tag"]["params.yaml"].as_object().unwrap() {
        if change["old"].is_number() {
            assert!(same_number(&first["params"][name], &change["old"]), "{name}");
        }
    }
    for (name, change) in expected["metrics_diff_first_tag"]["metrics.json"].as_object().unwrap() {
        assert!(same_number(&value(first, name).into(), &change["old"]), "{name}");
    }
    let branches: BTreeSet<&str> = runs.values().filter_map(|r| r["system_tags"]["git.branch"].as_str()).collect();
    assert_eq!(branches, BTreeSet::from(["main", "origin/exp/stump"]));
}

#[test]
fn only_changes_become_runs_and_the_work_tree_stands_for_a_clean_head() {
    let mut repo = Repo::new(&[]);
    let empty = repo.commit("no metrics yet", &[("dvc.yaml", YAML), ("params.yaml", "lr: 0.1\n")]);
    let first = repo.commit("first\n\nBecause.", &[("metrics.json", r#"{"acc": 0.5}"#)]);
    let same = repo.commit("readme", &[("README.txt", "x")]);
    let back = repo.commit("second", &[("metrics.json", r#"{"acc": 0.6}"#), ("params.yaml", "lr: 0.2\n")]);
    let view = repo.view();
    assert_eq!(problems(&view), []);
    let name = repo.project.path().file_name().unwrap().to_str().unwrap().to_owned();
    {
        let runs = runs(&view);
        assert_eq!(runs.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from([first.as_str(), &name]));
        assert!(!runs.contains_key(empty.as_str()) && !runs.contains_key(same.as_str()));
        let work = runs[name.as_str()];
        let facts = ["git.commit", "git.dirty", "git.branch"].map(|k| work["system_tags"][k].as_str().unwrap());
        assert_eq!(facts, [back.as_str(), "false", "main"]);
        let run = runs[first.as_str()];
        assert_eq!(run["experiment"], name.as_str());
        assert_eq!((value(run, "acc"), &run["params"]["lr"]), (0.5, &0.1.into()));
        assert_eq!(run["name"], format!("{} first", &first[..7]));
        assert_eq!(run["results"][0]["source"]["path"], format!("git://{first}/metrics.json"));
    }
    // A tag makes even HEAD a run of its own, whose evidence stays what it is.
    repo.git(&["tag", "v1"]);
    write(&repo.project.path().join("metrics.json"), r#"{"acc": 0.9}"#);
    let view = repo.view();
    let runs = runs(&view);
    assert_eq!(runs[name.as_str()]["system_tags"]["git.dirty"], "true");
    assert_eq!((value(runs[name.as_str()], "acc"), value(runs[back.as_str()], "acc")), (0.9, 0.6));
    assert_eq!(versions(&view, &name), [("v1".to_owned(), Some(back.clone()))]);
}

#[test]
fn gto_tags_are_models_versions_and_stages() {
    let mut repo = Repo::new(&[]);
    let declared = "metrics: [metrics.json]\nartifacts:\n  churn: {path: model.pkl, type: model, desc: Who leaves, labels: [tabular]}\n";
    let one = repo.commit("one", &[("dvc.yaml", declared), ("metrics.json", r#"{"acc": 1}"#)]);
    for tag in ["churn@v1.0.0", "churn#dev#1", "churn#prod#2"] {
        repo.git(&["tag", "-a", tag, "-m", tag]);
    }
    let two = repo.commit(
        "two",
        &[("metrics.json", r#"{"acc": 2}"#), ("sub/dvc.yaml", declared), ("sub/metrics.json", r#"{"acc": 20}"#)],
    );
    for tag in [
        "churn@v1.1.0",
        "churn#prod#3",
        "churn#dev#4",
        "churn#dev!#5",
        "sub=churn@v0.1.0",
        "old@v1.0.0",
        "old@deprecated",
    ] {
        repo.git(&["tag", "-a", tag, "-m", tag]);
    }
    let three = repo.commit("three", &[("metrics.json", r#"{"acc": 3}"#)]);
    for tag in ["churn@v2.0.0", "churn@v2.0.0!"] {
        repo.git(&["tag", "-a", tag, "-m", tag]);
    }
    repo.git(&["tag", "churn@v9.0.0"]); // lightweight: not GTO's
    let view = repo.view();
    assert_eq!(versions(&view, "churn"), [("v1.0.0".to_owned(), Some(one)), ("v1.1.0".to_owned(), Some(two.clone()))]);
    let models = view["models"].as_array().unwrap();
    let churn = models.iter().find(|m| m["name"] == "churn").unwrap();
    let aliases: Vec<&Value> = churn["versions"].as_array().unwrap().iter().map(|v| &v["aliases"]).collect();
    assert_eq!(aliases, [&serde_json::json!(["dev"]), &serde_json::json!(["prod"])]);
    assert_eq!(
        (&churn["description"], &churn["tags"]["type"], &churn["tags"]["labels"]),
        (&"Who leaves".into(), &"model".into(), &"tabular".into())
    );
    let stages: Vec<&Value> = churn["versions"].as_array().unwrap().iter().map(|v| &v["stage"]).collect();
    assert_eq!(stages, ["dev", "prod"]);
    assert_eq!(versions(&view, "sub:churn"), [("v0.1.0".to_owned(), Some(format!("{two}:sub")))]);
    assert_eq!(models.iter().find(|m| m["name"] == "old").unwrap()["versions"][0]["status"], "DEPRECATED");
    let runs = runs(&view);
    assert_eq!(value(runs[format!("{two}:sub").as_str()], "acc"), 20.0);
    assert!(runs.contains_key(three.as_str()), "taken back as a version, still a tagged commit");
}

#[test]
fn projects_in_folders_have_their_own_runs_and_tags() {
    let mut repo = Repo::new(&[]);
    let both = repo.commit(
        "both",
        &[
            ("models/a/dvc.yaml", YAML),
            ("models/a/metrics.json", r#"{"acc": 1}"#),
            ("models/b/dvc.yaml", YAML),
            ("models/b/metrics.json", r#"{"acc": 2}"#),
        ],
    );
    let only = repo.commit("b", &[("models/b/metrics.json", r#"{"acc": 3}"#)]);
    repo.git(&["tag", "b-v1.0"]);
    repo.commit("later", &[("models/b/metrics.json", r#"{"acc": 4}"#), ("models/a/metrics.json", r#"{"acc": 5}"#)]);
    let config = "schema = 1\n[[source]]\npath = \"models\"\nkind = \"dvc\"\n";
    let repo = Repo { project: repo.project.file("presscheck.toml", config), clock: 0 };
    let view = repo.project.run(&["inspect", "--format", "json"]).json();
    let ids: BTreeSet<String> = runs(&view).keys().map(|k| (*k).to_owned()).collect();
    let wanted = [
        format!("{both}:models/a"),
        format!("{both}:models/b"),
        format!("{only}:models/b"),
        "models/a".to_owned(),
        "models/b".to_owned(),
    ];
    assert_eq!(ids, BTreeSet::from(wanted));
    assert_eq!(versions(&view, "b"), [("v1.0".to_owned(), Some(format!("{only}:models/b")))]);
    assert!(view["models"].as_array().unwrap().iter().all(|m| m["name"] != "a"), "a tag of b is none of a");
    // Unasked, only a project at the repository's root is taken for what the repository is about.
    let unasked = repo.project.run(&["inspect", "models", "--format", "json"]).json();
    assert_eq!(runs(&unasked).len(), 2);
}

#[test]
fn how_much_is_read_can_be_chosen() {
    let mut repo = Repo::new(&[]);
    repo.commit("one", &[("dvc.yaml", YAML), ("metrics.json", r#"{"acc": 1}"#)]);
    let tagged = repo.commit("two", &[("metrics.json", r#"{"acc": 2}"#)]);
    repo.git(&["tag", "v2"]);
    repo.commit("three", &[("metrics.json", r#"{"acc": 3}"#)]);
    for (history, count) in [("\"commits\"", 3), ("true", 3), ("\"tags\"", 2), ("false", 1)] {
        let config = format!("schema = 1\n[[source]]\npath = \".\"\nhistory = {history}\n");
        write(&repo.project.path().join("presscheck.toml"), &config);
        let view = repo.project.run(&["inspect", "--format", "json"]).json();
        assert_eq!(runs(&view).len(), count, "{history}");
        assert_eq!(runs(&view).contains_key(tagged.as_str()), count > 1);
    }
    // What is left out of the work tree is left out of the history.
    for (limit, count, measured) in [
        ("exclude = [\"metrics.json\"]", 3, false),
        ("exclude = [\"other/*\"]", 3, true),
        ("exclude = [\"dvc.yaml\"]", 1, true),
    ] {
        let config = format!("schema = 1\n[[source]]\npath = \".\"\nhistory = \"commits\"\n{limit}\n");
        write(&repo.project.path().join("presscheck.toml"), &config);
        let view = repo.project.run(&["inspect", "--format", "json"]).json();
        let found = runs(&view);
        let values = found.values().filter(|r| r["results"].as_array().is_some_and(|r| !r.is_empty())).count();
        assert!(found.len() <= count && (values > 0) == measured, "{limit}: {view}");
    }
    write(&repo.project.path().join("presscheck.toml"), "schema = 1\n[[source]]\npath = \".\"\nhistory = \"all\"\n");
    repo.project.run(&["inspect"]).code(2).stderr_has("no choice of history");
    // Asked for where there is no repository.
    let project = Project::new().file("dvc.yaml", YAML).file("metrics.json", r#"{"acc": 1}"#);
    let project = project.file("presscheck.toml", "schema = 1\n[[source]]\npath = \".\"\nhistory = \"tags\"\n");
    let view = project.run(&["inspect", "--format", "json"]).json();
    // The folder of the test may itself lie in a repository; then there is just no tag of it.
    assert_eq!(runs(&view).len(), 1);
}

/// Whatever a repository's configuration names as a program, none is run.
#[cfg(unix)]
#[test]
fn a_hostile_repository_runs_nothing() {
    let mut repo = Repo::new(&[]);
    let id = repo.commit(
        "one",
        &[("dvc.yaml", YAML), ("metrics.json", r#"{"acc": 1}"#), (".gitattributes", "* filter=evil diff=evil\n")],
    );
    repo.git(&["tag", "-a", "v1", "-m", "x"]);
    write(&repo.project.path().join("metrics.json"), r#"{"acc": 2}"#);
    let marker = repo.project.path().join("marker");
    let evil = format!("touch {}", marker.display());
    for key in [
        "core.fsmonitor",
        "core.pager",
        "pager.cat-file",
        "pager.for-each-ref",
        "core.sshCommand",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "gpg.program",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
        "trace2.eventTarget",
        "sequence.editor",
    ] {
        repo.git(&["config", key, &evil]);
    }
    repo.git(&["config", "alias.cat-file", &format!("!{evil}")]);
    repo.git(&["config", "alias.for-each-ref", &format!("!{evil}")]);
    repo.git(&["config", "log.showSignature", "true"]);
    // A partial clone of a repository that `git` would have to be told to reach.
    for (key, value) in [("remote.origin.url", format!("ext::{evil}")), ("remote.origin.promisor", "true".to_owned())] {
        repo.git(&["config", key, &value]);
    }
    repo.git(&["config", "core.repositoryformatversion", "1"]);
    repo.git(&["config", "extensions.partialClone", "origin"]);
    let blob = git(repo.project.path(), START, &["rev-parse", &format!("{id}:metrics.json")]);
    remove(&repo.project.path().join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..])));
    let view = repo.view();
    assert!(!marker.exists(), "something was run");
    let found = problems(&view);
    assert!(found.contains(&("file-unreadable".to_owned(), format!("git://{id}/metrics.json"))), "{found:?}");
    assert!(runs(&view).values().any(|r| value(r, "acc") == 2.0), "the work tree is read all the same");
}

#[expect(clippy::disallowed_methods, reason = "a test breaks what it made")]
fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a test breaks what it made")]
fn damage(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, b"not zlib").unwrap();
}

#[cfg(unix)]
#[test]
fn damaged_objects_are_findings_and_the_rest_is_read() {
    let mut repo = Repo::new(&[]);
    let first = repo.commit("one", &[("dvc.yaml", YAML), ("metrics.json", r#"{"acc": 1}"#)]);
    repo.git(&["tag", "v1"]);
    let second = repo.commit("two", &[("metrics.json", r#"{"acc": 2}"#)]);
    repo.git(&["tag", "v2"]);
    let third = repo.commit("three", &[("metrics.json", r#"{"acc": 3}"#)]);
    repo.git(&["tag", "v3"]);
    let blob = repo.git(&["rev-parse", &format!("{second}:metrics.json")]);
    let object = |id: &str| repo.project.path().join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    damage(&object(&blob));
    write(&repo.project.path().join(".git/refs/tags/gone"), &format!("{}\n", "1".repeat(40)));
    let view = repo.view();
    let found = problems(&view);
    assert!(found.contains(&("file-unreadable".to_owned(), format!("git://{second}/metrics.json"))), "{found:?}");
    let runs = runs(&view);
    assert_eq!((value(runs[first.as_str()], "acc"), value(runs[third.as_str()], "acc")), (1.0, 3.0));
    // The version is there, and the gate does not take it for a sound one.
    let policy = "schema = 1\n[metrics.acc]\ndirection = \"higher\"\n[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"acc\"\nmin = 0.0\n";
    write(&repo.project.path().join("presscheck.toml"), policy);
    let name = repo.project.path().file_name().unwrap().to_str().unwrap().to_owned();
    let out = repo.project.run(&["gate", &format!("{name}@v2"), "--out", "json"]);
    assert_ne!(out.json()["verdict"], "pass");
    let out = repo.project.run(&["gate", &format!("{name}@v3"), "--out", "json"]).code(0);
    assert_eq!(out.json()["verdict"], "pass");
    let evidence = out.json()["evidence"].as_array().unwrap().clone();
    assert!(evidence.iter().all(|e| e["path"].as_str().unwrap().starts_with(&format!("git://{third}/"))));
    assert_eq!(evidence.len(), 2);
    // A damaged commit and a damaged tree.
    let tree = git(repo.project.path(), START, &["rev-parse", &format!("{first}^{{tree}}")]);
    damage(&repo.project.path().join(format!(".git/objects/{}/{}", &tree[..2], &tree[2..])));
    damage(&repo.project.path().join(format!(".git/objects/{}/{}", &second[..2], &second[2..])));
    let view = repo.view();
    let found = problems(&view);
    assert!(found.iter().filter(|(code, _)| code == "history-incomplete").count() >= 2, "{found:?}");
    assert!(versions(&view, &name).iter().any(|(v, _)| v == "v3"));
}

#[test]
fn shallow_bare_sha256_and_replaced() {
    let mut repo = Repo::new(&[]);
    let one = repo.commit("one", &[("dvc.yaml", YAML), ("metrics.json", r#"{"acc": 1}"#)]);
    repo.git(&["tag", "v1"]);
    let two = repo.commit("two", &[("metrics.json", r#"{"acc": 2}"#)]);
    repo.git(&["tag", "v2"]);
    // Replaced objects are read as they were.
    repo.git(&["replace", &one, &two]);
    assert_eq!(value(runs(&repo.view())[one.as_str()], "acc"), 1.0);

    let url = format!("file://{}", repo.project.path().display());
    let shallow = Project::new();
    git(shallow.path(), START, &["clone", "-q", "--depth", "1", &url, "."]);
    let view = shallow.run(&["inspect", ".", "--format", "json"]).code(0).json();
    assert!(problems(&view).iter().any(|(code, _)| code == "history-incomplete"));
    assert!(runs(&view).contains_key(two.as_str()));

    let bare = Project::new();
    git(bare.path(), START, &["clone", "-q", "--bare", &url, "models.git"]);
    let bare = bare.file("presscheck.toml", "schema = 1\n[[source]]\npath = \"models.git\"\nkind = \"dvc\"\n");
    let view = bare.run(&["inspect", "--format", "json"]).code(0).json();
    assert_eq!(runs(&view).keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from([one.as_str(), two.as_str()]));
    assert_eq!(versions(&view, "models").len(), 2);

    let mut long = Repo::new(&["--object-format=sha256"]);
    let id = long.commit("one", &[("dvc.yaml", YAML), ("metrics.json", r#"{"acc": 7}"#)]);
    long.git(&["tag", "-a", "v1", "-m", "x"]);
    assert_eq!(id.len(), 64);
    assert_eq!(value(runs(&long.view())[id.as_str()], "acc"), 7.0);
}

#[test]
fn without_git_and_without_commits() {
    let mut repo = Repo::new(&[]);
    write(&repo.project.path().join("dvc.yaml"), YAML);
    write(&repo.project.path().join("metrics.json"), r#"{"acc": 1}"#);
    let view = repo.view();
    assert_eq!((runs(&view).len(), problems(&view)), (1, vec![]), "no commit yet");
    repo.commit("one", &[]);
    let repo = Repo { project: repo.project.env("PATH", "/nonexistent"), clock: 0 };
    let view = repo.view();
    assert_eq!(problems(&view), [("history-incomplete".to_owned(), ".git".to_owned())]);
    assert_eq!(runs(&view).len(), 1);
}

/// Two thousand commits: one program, each object once.
#[test]
fn a_long_history_is_read_at_once() {
    use std::io::Write;
    let repo = Repo::new(&[]);
    let mut stream = String::new();
    let data = |text: &str| format!("data {}\n{text}\n", text.len());
    for i in 0..2_000 {
        let files = [
            ("dvc.yaml", "metrics: [metrics.json]\nplots: [loss.csv]\n".to_owned()),
            ("metrics.json", format!("{{\"acc\": 0.{i:04}, \"f1\": {{\"macro\": 0.{i:04}}}}}")),
            ("params.yaml", format!("lr: 0.1\nseed: {}\n", i / 10)),
            ("loss.csv", format!("step,loss\n0,1\n1,0.{i:04}\n")),
        ];
        stream.push_str(&format!("commit refs/heads/main\ncommitter A <a@b> {} +0000\n", START + i));
        stream.push_str(&data(&format!("commit {i}")));
        for (path, text) in files {
            stream.push_str(&format!("M 100644 inline {path}\n{}", data(&text)));
        }
    }
    let mut child = Command::new("git")
        .current_dir(repo.project.path())
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    write(&repo.project.path().join("dvc.yaml"), YAML);
    let view = repo.view();
    let runs = runs(&view);
    assert_eq!(runs.values().filter(|r| r["source"] == "dvc").count(), 2_001);
    // 2,000 commits and trees, 2,000 metrics and plots, 200 params, one dvc.yaml, HEAD.
    let source = view["sources"].as_array().unwrap().iter().find(|s| s["kind"] == "git").unwrap();
    let objects = source["files"].as_u64().unwrap();
    assert!(objects <= 8_210, "each object is read once: {objects}");
}
