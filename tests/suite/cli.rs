//! The command line: help pages, diagnostics of the configuration, exit codes, init.

use crate::project::Project;

const POLICY: &str = "schema = 1\n[metrics.auc]\ndirection = \"higher\"\n[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.9\n";

/// Compares with `tests/snapshots/cli_NAME.snap`.
fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("cli_{name}"), text);
    });
}

#[test]
fn help_pages() {
    let project = Project::new();
    let commands = ["", "init", "build", "serve", "gate", "check", "inspect", "explain", "completions", "man"];
    let pages: Vec<String> = commands
        .iter()
        .map(|command| {
            let arguments: Vec<&str> = [*command, "--help"].into_iter().filter(|a| !a.is_empty()).collect();
            format!("$ presscheck {}\n{}", arguments.join(" "), project.run(&arguments).code(0).stdout)
        })
        .collect();
    snapshot("help", &pages.join("\n"));
}

/// What is wrong with a configuration is said with its line, and nothing is built.
#[test]
fn configuration_diagnostics() {
    let cases = [
        ("unknown key", "schema = 1\n[site]\ntitel = \"x\"\n"),
        ("missing schema", "[site]\ntitle = \"x\"\n"),
        ("newer schema", "schema = 2\n"),
        ("missing key", "schema = 1\n[[leaderboard]]\nid = \"a\"\n"),
        ("wrong type", "schema = 1\n[site]\ntitle = 3\n"),
        ("syntax", "schema = 1\n[site\ntitle = \"x\"\n"),
        ("key twice", "schema = 1\n[site]\ntitle = \"a\"\ntitle = \"b\"\n"),
        ("unknown kind", "schema = 1\n[[source]]\npath = \"runs\"\nkind = \"mlfow\"\n"),
        ("source outside", "schema = 1\n[[source]]\npath = \"../elsewhere\"\n"),
        ("direction", "schema = 1\n[metrics.auc]\ndirection = \"up\"\n"),
        ("range", "schema = 1\n[metrics.auc]\nrange = [1.0, 0.0]\n"),
        ("base url", "schema = 1\n[site]\nbase_url = \"example.com/x\"\n"),
        ("output is the project", "schema = 1\n[site]\noutput = \".\"\n"),
        ("unknown rule key", &POLICY.replace("min = 0.9", "minimum = 0.9")),
        ("rule without bound", &POLICY.replace("min = 0.9\n", "")),
        ("bound is nan", &POLICY.replace("0.9", "nan")),
        ("unsupported", &format!("{POLICY}[[waiver]]\nid = \"W-1\"\n")),
    ];
    let pages: Vec<String> = cases
        .iter()
        .map(|(name, text)| {
            let project = Project::new().file("presscheck.toml", text).file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
            let ran = project.run(&["build"]).code(2);
            assert!(!project.path().join("public").exists(), "{name}: something was written");
            format!("## {name}\n{}", ran.stderr)
        })
        .collect();
    snapshot("configuration", &pages.join("\n"));
}

#[test]
fn exit_codes_of_the_gate() {
    let project = Project::new()
        .file("presscheck.toml", POLICY)
        .file("runs/m/1/metrics.json", r#"{"auc": 0.95}"#)
        .file("runs/m/2/metrics.json", r#"{"auc": 0.85}"#);
    project.run(&["gate", "m@1"]).code(0);
    project.run(&["gate", "m@2"]).code(1).stdout_has("0.85");
    project.run(&["gate", "m"]).code(1);
    project.run(&["gate"]).code(1);
    project.run(&["gate", "m@3"]).code(3).stderr_has("no version");
    project.run(&["gate", "x"]).code(3).stderr_has("no model");
    project.run(&["gate", "m@1", "--stage", "prod"]).code(2);
    project.run(&["gate", "m@1", "--out", "html"]).code(2).stderr_has("junit");
    project.run(&["gate", "m@1", "--as-of", "yesterday"]).code(2);
    project.run(&["gate", "m@1", "--nonsense"]).code(2);
    project.run(&["gate", "m@1", "--config", "nowhere.toml"]).code(2).stderr_has("nowhere.toml");
    Project::new().file("runs/m/1/metrics.json", "{}").run(&["gate", "m"]).code(5);
    // Without evidence nothing passes.
    Project::new().file("presscheck.toml", POLICY).run(&["gate", "m"]).code(3);
}

#[test]
fn a_gate_writes_its_reports_and_renders_no_page() {
    let project = Project::new().file("presscheck.toml", POLICY).file("runs/m/1/metrics.json", r#"{"auc": 0.85}"#);
    let summary = project.path().join("summary.md");
    let outputs = project.path().join("outputs");
    let project =
        project.env("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()).env("GITHUB_OUTPUT", outputs.to_str().unwrap());
    project
        .run(&[
            "gate",
            "m@1",
            "--out",
            "github",
            "--out",
            "junit=out/gate.xml",
            "--out",
            "json=out/verdict.json",
            "--out",
            "markdown=out/gate.md",
        ])
        .code(1)
        .stdout_has("::error");
    assert!(project.read("summary.md").contains("blocked"));
    assert!(project.read("outputs").contains("verdict=blocked"));
    assert!(project.read("out/gate.xml").contains("<failure"));
    let verdict: serde_json::Value = serde_json::from_str(&project.read("out/verdict.json")).unwrap();
    assert_eq!(
        (&verdict["schema"], &verdict["verdict"], &verdict["exit_code"]),
        (&"presscheck.verdict/1".into(), &"blocked".into(), &1.into())
    );
    assert!(!project.path().join("public").exists());
}

#[test]
fn annotations_name_the_policy_as_the_repository_does() {
    let project =
        Project::new().file("ml/presscheck.toml", POLICY).file("ml/runs/m/1/metrics.json", r#"{"auc": 0.85}"#);
    project.run(&["gate", "-C", "ml", "m", "--out", "github"]).code(1).stdout_has("file=ml/presscheck.toml,line=4");
}

#[test]
fn a_report_that_cannot_be_written_is_no_pass() {
    let project = Project::new()
        .file("presscheck.toml", POLICY)
        .file("runs/m/1/metrics.json", r#"{"auc": 0.95}"#)
        .file("file", "");
    project.run(&["gate", "m@1", "--out", "json=file/verdict.json"]).code(3).stderr_has("error");
}

#[test]
fn the_same_inputs_at_the_same_moment_give_the_same_verdict() {
    let project = Project::example();
    let judge = || {
        project
            .run(&[
                "gate",
                "breast-cancer-screen",
                "--stage",
                "production",
                "--out",
                "json",
                "--as-of",
                "2026-11-20T12:00:00Z",
            ])
            .code(1)
            .stdout
    };
    assert_eq!(judge(), judge());
}

#[test]
fn init_writes_a_project_that_builds_and_passes_and_changes_nothing_later() {
    let project = Project::new();
    project.run(&["init"]).code(0).stderr_has("created");
    project.run(&["check"]).code(0).stderr_has("0 errors, 0 warnings");
    project.run(&["build"]).code(0).stderr_lacks("warning");
    project.run(&["gate", "example", "--stage", "production"]).code(0);
    let before = project.files(".");
    project.run(&["init"]).code(0).stderr_has("kept").stderr_has("nothing to do");
    assert_eq!(before, project.files("."));
    assert!(before.contains_key(".github/workflows/presscheck.yml"));
}

#[test]
fn codes_are_explained() {
    let project = Project::new();
    project.run(&["explain", "metric-conflict"]).code(0).stdout_has("different values");
    project.run(&["explain", "metric-conflit"]).code(2).stderr_has("metric-conflict");
    project.run(&["explain"]).code(0).stdout_has("json-syntax");
}

#[test]
fn completions_and_manual_page() {
    let project = Project::new();
    project.run(&["completions", "bash"]).code(0).stdout_has("_presscheck");
    project.run(&["man"]).code(0).stdout_has(".TH");
}

#[test]
fn colours_follow_the_terminal_and_the_flag() {
    let project = Project::new().file("presscheck.toml", "schema = 2\n");
    assert!(!project.run(&["build"]).code(2).stderr.contains('\u{1b}'));
    assert!(project.run(&["build", "--color", "always"]).code(2).stderr.contains('\u{1b}'));
    let plain = Project::new().file("presscheck.toml", "schema = 2\n").env("NO_COLOR", "1").env("CLICOLOR_FORCE", "0");
    assert!(!plain.run(&["build"]).code(2).stderr.contains('\u{1b}'));
}

#[test]
fn names_cannot_speak_to_the_terminal() {
    let project = Project::new()
        .file("presscheck.toml", POLICY)
        .file("runs/m/1/metrics.json", "{\"auc\": 0.5, \"\\u001b[31mred\\u202e\": NaN}");
    for arguments in [&["gate", "m"][..], &["inspect"], &["check"]] {
        let ran = project.run(arguments);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{}{}", ran.stdout, ran.stderr);
        assert!(!ran.stdout.contains('\u{202e}') && !ran.stderr.contains('\u{202e}'));
    }
}
