//! The gate with everything that lies beside the sources: extended policies, the ledger, the levels of ratchets,
//! baselines that are files, per-example records, and a policy from a trusted ref. Through the real binary.

use std::process::Command;

use presscheck::digest::Sha256;

use crate::project::Project;

const BASE: &str = "schema = 1\n[[rule]]\nid = \"auc-floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.8\n";

fn pin(text: &str) -> String {
    Sha256::of(text.as_bytes()).hex()
}

/// A project whose policy extends `BASE` and says `own` itself.
fn extending(own: &str) -> Project {
    let config = format!("schema = 1\nextends = [{{ path = \"org/base.toml\", sha256 = \"{}\" }}]\n{own}", pin(BASE));
    Project::new()
        .file("org/base.toml", BASE)
        .file("presscheck.toml", config)
        .file("runs/churn/1/metrics.json", "{\"auc\": 0.85}")
        .file("runs/churn/1/run.toml", "created = 2026-01-01T00:00:00Z\n")
}

#[test]
fn an_extended_rule_judges() {
    extending("").run(&["gate", "churn"]).code(0);
    let over = "[[rule]]\nid = \"auc-floor\"\noverride = true\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.9\n";
    extending(over).run(&["gate", "churn"]).code(1).stdout_has("0.85 < min 0.9");
}

#[test]
fn what_is_inherited_may_only_become_stricter() {
    let over = |lines: &str| {
        format!("[[rule]]\nid = \"auc-floor\"\noverride = true\ncheck = \"metric\"\nmetric = \"auc\"\n{lines}\n")
    };
    for (lines, key) in [
        ("min = 0.7", "a bound"),
        ("max = 0.9", "a bound"),
        ("min = 0.8\nseverity = \"warn\"", "severity"),
        ("min = 0.8\non_missing = \"skip\"", "on_…"),
        ("min = 0.8\nmodels = [\"other\"]", "models"),
        ("min = 0.8\nslices = [\"a=*\"]", "slices"),
        ("min = 0.8\ndataset = \"train\"", "dataset"),
        ("min = 0.8\nlock = \"any\"", "lock"),
    ] {
        let ran = extending(&over(lines)).run(&["gate", "churn"]).code(2);
        assert!(ran.stderr.contains("policy-loosened") && ran.stderr.contains(key), "{lines}: {}", ran.stderr);
    }
    let twice = "[[rule]]\nid = \"auc-floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.9\n";
    extending(twice).run(&["gate", "churn"]).code(2).stderr_has("inherited from org/base.toml:2");
    extending(&over("min = 0.9").replace("auc-floor", "auc-flor"))
        .run(&["gate", "churn"])
        .code(2)
        .stderr_has("nothing to override");
    extending("[metrics.auc]\ndirection = \"lower\"\n").run(&["gate", "churn"]).code(0);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
fn a_pin_is_exact_and_policies_end() {
    let other = extending("").file("org/base.toml", BASE.replace("0.8", "0.1"));
    other.run(&["gate", "churn"]).code(2).stderr_has("not the pinned one");
    let gone = extending("");
    std::fs::remove_file(gone.path().join("org/base.toml")).unwrap();
    gone.run(&["gate", "churn"]).code(2).stderr_has("there is no file 'org/base.toml'");
    // A file cannot hold its own digest; a cycle of paths is refused before anything is hashed.
    let cycle = format!("schema = 1\nextends = [{{ path = \"presscheck.toml\", sha256 = \"{}\" }}]\n", "0".repeat(64));
    Project::new().file("presscheck.toml", cycle).run(&["gate"]).code(2).stderr_has("extends itself");
    let short = "schema = 1\nextends = [{ path = \"org/base.toml\", sha256 = \"9d0c\" }]\n";
    extending("").file("presscheck.toml", short).run(&["gate"]).code(2).stderr_has("64 hexadecimal digits");
}

#[test]
fn parents_must_agree_and_one_that_is_reached_twice_is_read_once() {
    let second = BASE.replace("0.8", "0.7");
    let both = |second: &str| {
        let config = format!(
            "schema = 1\nextends = [{{ path = \"a.toml\", sha256 = \"{}\" }}, {{ path = \"b.toml\", sha256 = \"{}\" }}]\n",
            pin(BASE),
            pin(second)
        );
        Project::new()
            .file("a.toml", BASE)
            .file("b.toml", second)
            .file("presscheck.toml", config)
            .file("runs/churn/1/metrics.json", "{\"auc\": 0.85}")
    };
    both(&second).run(&["gate", "churn"]).code(2).stderr_has("rule 'auc-floor' is defined differently");
    both(BASE).run(&["gate", "churn"]).code(2).stderr_has("rule 'auc-floor' is defined differently");
    let through = format!("schema = 1\nextends = [{{ path = \"a.toml\", sha256 = \"{}\" }}]\n", pin(BASE));
    both(&through).run(&["gate", "churn"]).code(0);
}

#[test]
fn numbers_in_the_card_must_be_those_of_the_run() {
    let policy =
        "schema = 1\n[[rule]]\nid = \"card\"\ncheck = \"card\"\nnumbers = { match_run = true, tolerance = 0.0005 }\n";
    let with = |card: &str| {
        Project::new()
            .file("presscheck.toml", policy)
            .file("runs/churn/1/metrics.json", "{\"auc\": 0.8512, \"accuracy\": 0.93}")
            .file("runs/churn/1/card.md", card)
    };
    with("# Churn\n\nThe AUC is 0.851 and the accuracy of 93.0 % holds.\n").run(&["gate", "churn"]).code(0);
    with("# Churn\n\n| metric | value |\n|---|---|\n| AUC | 0.91 |\n")
        .run(&["gate", "churn"])
        .code(1)
        .stdout_has("the card quotes auc 0.91 (Churn), the run measured 0.8512");
    let index = |value: &str| {
        format!(
            "---\nmodel-index:\n- name: churn\n  results:\n  - task: {{type: x}}\n    dataset: {{type: d, name: d}}\n    metrics:\n    - type: auc\n      value: {value}\n---\n# Churn\n\nText.\n"
        )
    };
    with(&index("0.8512")).run(&["gate", "churn"]).code(0);
    with(&index("0.86")).run(&["gate", "churn"]).code(1).stdout_has("quotes auc 0.86 (d), the run measured 0.8512");
}

fn git(project: &Project, arguments: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(status.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&status.stderr));
}

/// A repository on whose branch `main` the floor is 0.9, and in whose folder it is 0.5.
fn loosened() -> Project {
    let policy = |floor: &str| BASE.replace("0.8", floor);
    let project =
        Project::new().file("presscheck.toml", policy("0.9")).file("runs/churn/1/metrics.json", "{\"auc\": 0.85}");
    git(&project, &["init", "-q", "-b", "main"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-q", "-m", "policy"]);
    git(&project, &["checkout", "-q", "-b", "change"]);
    project.file("presscheck.toml", policy("0.5"))
}

#[test]
fn a_change_is_judged_by_the_policy_that_it_is_to_enter() {
    let project = loosened();
    project.run(&["gate", "churn"]).code(0);
    let ran = project.run(&["gate", "churn", "--trusted-ref", "main", "--out", "json"]).code(1);
    let verdict = ran.json();
    assert!(verdict["policy"]["trusted_ref"].as_str().unwrap().starts_with("main ("));
    assert_eq!(verdict["proposed"]["verdict"], "pass");
    let change = verdict["proposed"]["changes"][0].as_str().unwrap();
    assert!(change.contains("auc must be at least 0.9") && change.contains("auc must be at least 0.5"), "{change}");
    project.run(&["gate", "churn", "--trusted-ref", "main"]).code(1).stdout_has("proposed policy");
    project.run(&["gate", "churn", "--trusted-ref", "nowhere"]).code(2).stderr_has("trusted-ref");
    project.run(&["gate", "churn", "--trusted-ref", "--version"]).code(2);
    project.run(&["gate", "churn", "--enforce"]).code(2).stderr_has("--enforce needs a trusted ref");
}

#[test]
fn the_target_branch_of_a_pull_request_is_trusted_unasked() {
    let project = loosened().env("GITHUB_BASE_REF", "main");
    project.run(&["gate", "churn", "--enforce"]).code(1).stdout_has("0.85 < min 0.9");
    let project = project.env("GITHUB_BASE_REF", "not-fetched");
    project.run(&["gate", "churn", "--enforce"]).code(2).stderr_has("fetch-depth");
    project.run(&["gate", "churn"]).code(0);
    let old = ["gate", "churn", "--enforce", "--as-of", "2020-01-01T00:00:00Z", "--trusted-ref", "main"];
    project.run(&old).code(2).stderr_has("within 24 hours");
}

#[test]
fn decisions_are_recorded_and_a_broken_ledger_stops_everything() {
    let policy = "schema = 1\n[stage.staging]\n[stage.production]\nfrom = [\"staging\"]\nsoak = \"3d\"\n".to_owned()
        + BASE.trim_start_matches("schema = 1\n");
    let project = Project::new().file("presscheck.toml", &policy).file("runs/churn/1/metrics.json", "{\"auc\": 0.85}");
    let gate = |stage: &str, at: &str, record: bool| {
        let mut arguments = vec!["gate", "churn", "--stage", stage, "--as-of", at];
        if record {
            arguments.push("--record");
        }
        project.run(&arguments)
    };
    gate("production", "2026-06-01T00:00:00Z", false).code(1).stdout_has("not passed stage 'staging'");
    gate("staging", "2026-06-01T00:00:00Z", true).code(0);
    gate("production", "2026-06-02T00:00:00Z", false).code(4).stdout_has("less than 3d ago");
    gate("production", "2026-06-04T00:00:00Z", true).code(0);
    let ledger = project.read("promotions.jsonl");
    assert_eq!(ledger.lines().count(), 2);
    let forged = project.file("promotions.jsonl", ledger.replacen("\"pass\"", "\"blocked\"", 1));
    forged.run(&["gate", "churn", "--stage", "staging"]).code(3).stdout_has("the ledger of decisions is broken");
    let cut = forged.file("promotions.jsonl", ledger.lines().nth(1).unwrap().to_owned() + "\n");
    cut.run(&["gate", "churn", "--stage", "staging"]).code(3);
}

#[test]
fn a_baseline_may_be_a_file_of_the_project_or_of_a_ref() {
    let policy = |select: &str| {
        format!(
            "schema = 1\n[baseline.b]\nselect = \"{select}\"\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = {{ abs = 0.01 }}\n"
        )
    };
    let project = Project::new()
        .file("presscheck.toml", policy("file:approved/metrics.json"))
        .file("approved/metrics.json", "{\"auc\": 0.86}")
        .file("runs/churn/1/metrics.json", "{\"auc\": 0.855}");
    project.run(&["gate", "churn"]).code(0).stdout_has("passes");
    git(&project, &["init", "-q", "-b", "main"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "-q", "-m", "all"]);
    let project = project
        .file("presscheck.toml", policy("git:main:approved/metrics.json"))
        .file("approved/metrics.json", "{\"auc\": 0.1}");
    project.run(&["gate", "churn", "--out", "json"]).code(0).stdout_has("0.86");
    let gone = project.file("presscheck.toml", policy("git:main:approved/other.json"));
    gone.run(&["gate", "churn"]).code(1).stdout_has("there is no file");
    let outside = gone.file("presscheck.toml", policy("file:../secret.json"));
    outside.run(&["gate", "churn"]).code(2).stderr_has("not inside the project");
}

#[test]
fn levels_are_written_and_hold() {
    let policy = "schema = 1\n[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.5\n[[rule]]\nid = \"level\"\ncheck = \"ratchet\"\nmetric = \"auc\"\nwindow = 3\nslack = { abs = 0.01 }\n";
    let mut project = Project::new().file("presscheck.toml", policy);
    for (version, auc) in [("1", 0.80), ("2", 0.90), ("3", 0.85), ("4", 0.86), ("5", 0.4)] {
        project = project.file(&format!("runs/churn/{version}/metrics.json"), format!("{{\"auc\": {auc}}}"));
    }
    project.run(&["gate", "churn@4"]).code(1).stdout_has("no sustained level yet");
    project.run(&["ratchet", "update", "--dry-run"]).code(0).stderr_has("0.86, the first level");
    assert!(!project.path().join("presscheck.ratchet.toml").exists());
    project.run(&["ratchet", "update"]).code(0);
    // The best median of three in a row of those that pass: 0.85 of 1-3, 0.86 of 2-4.
    assert!(project.read("presscheck.ratchet.toml").contains("value = 0.86"));
    project.run(&["gate", "churn@4"]).code(0);
    project.run(&["gate", "churn@1"]).code(1).stdout_has("0.8 < 0.85");
    let worse = project.file("runs/churn/2/metrics.json", "{\"auc\": 0.6}");
    worse.run(&["ratchet", "update"]).code(0).stderr_has("stays at 0.86");
    worse.run(&["ratchet", "update", "--reset"]).code(0);
    assert!(
        worse.read("presscheck.ratchet.toml").contains("value = 0.85"),
        "{}",
        worse.read("presscheck.ratchet.toml")
    );
    let broken = worse.file("presscheck.ratchet.toml", "schema = 1\n[[level]]\nrule = \"level\"\n");
    broken.run(&["gate", "churn"]).code(2).stderr_has("not a file of levels");
}

/// Predictions of `right` of 100 examples.
fn predictions(right: usize) -> String {
    (0..100)
        .map(|i| format!("{{\"id\": \"e{i}\", \"y\": \"a\", \"p\": \"{}\"}}\n", if i < right { "a" } else { "b" }))
        .collect()
}

#[test]
fn per_example_records_are_read_from_the_runs_folder() {
    let policy = "schema = 1\n[metrics.accuracy]\nexamples = { file = \"predictions.jsonl\", id = \"id\", label = \"y\", prediction = \"p\" }\n[baseline.b]\nselect = \"version:1\"\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"accuracy\"\nbaseline = \"b\"\nmax_regression = { abs = 0.05 }\nevidence = \"noninferior\"\n";
    let project = Project::new()
        .file("presscheck.toml", policy)
        .file("runs/churn/1/metrics.json", "{\"accuracy\": 0.9}")
        .file("runs/churn/1/predictions.jsonl", predictions(90))
        .file("runs/churn/2/metrics.json", "{\"accuracy\": 0.9, \"f1\": 0.9}")
        .file("runs/churn/2/predictions.jsonl", predictions(90));
    let verdict = project.run(&["gate", "churn@2", "--out", "json"]).code(0).json();
    assert_eq!(verdict["rules"][0]["interval"]["method"], "tango");
    let read: Vec<&str> = verdict["evidence"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert!(
        read.contains(&"runs/churn/1/predictions.jsonl") && read.contains(&"runs/churn/2/predictions.jsonl"),
        "{read:?}"
    );
    let worse = project
        .file("runs/churn/2/metrics.json", "{\"accuracy\": 0.7}")
        .file("runs/churn/2/predictions.jsonl", predictions(70));
    worse.run(&["gate", "churn@2"]).code(1).stdout_has("the opposite is shown");
    let forged = worse.file("runs/churn/2/metrics.json", "{\"accuracy\": 0.95}");
    forged.run(&["gate", "churn@2"]).code(1).stdout_has("the per-example records give 0.7, the reported value is 0.95");
    let fewer = forged
        .file("runs/churn/2/metrics.json", "{\"accuracy\": 0.7}")
        .file("runs/churn/2/predictions.jsonl", predictions(70).replacen("e99", "x99", 1));
    fewer.run(&["gate", "churn@2"]).code(1).stdout_has("did not judge the same examples");
}
