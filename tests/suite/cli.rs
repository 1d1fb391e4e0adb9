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
    let commands = [
        "",
        "init",
        "build",
        "serve",
        "gate",
        "check",
        "inspect",
        "diff",
        "export",
        "theme",
        "explain",
        "completions",
        "man",
    ];
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
    project.run(&["gate", "-C", "ml", "m", "--out", "sarif"]).code(1).stdout_has("\"uri\": \"ml/presscheck.toml\"");
    project
        .run(&["gate", "-C", "ml", "m", "--out", "codequality"])
        .code(1)
        .stdout_has("\"path\": \"ml/presscheck.toml\"");
}

#[test]
fn a_report_that_cannot_be_written_is_said_and_strictly_no_pass() {
    let project = |auc: &str| {
        Project::new()
            .file("presscheck.toml", POLICY)
            .file("runs/m/1/metrics.json", format!("{{\"auc\": {auc}}}"))
            .file("file", "")
    };
    let out = ["gate", "m@1", "--out", "json=file/verdict.json"];
    let strict = [&out[..], &["--strict-outputs"]].concat();
    project("0.95").run(&out).code(0).stderr_has("error");
    project("0.95").run(&strict).code(3).stderr_has("error");
    // A block stays a block, and what was written stays a pass.
    project("0.85").run(&strict).code(1).stderr_has("error");
    project("0.95").run(&["gate", "m@1", "--out", "json=verdict.json", "--strict-outputs"]).code(0);
}

#[test]
fn every_format_goes_to_its_file_and_nothing_else_is_written() {
    let project = Project::new().file("presscheck.toml", POLICY).file("runs/m/1/metrics.json", r#"{"auc": 0.95}"#);
    let formats: Vec<String> =
        presscheck::gate::out::FORMATS.iter().map(|f| format!("{0}=out/{0}", f.name())).collect();
    let mut arguments = vec!["gate", "m@1", "--strict-outputs", "--as-of", "2026-11-20T12:00:00Z"];
    arguments.extend(formats.iter().flat_map(|f| ["--out", f]));
    let before = project.files(".");
    project.run(&arguments).code(0);
    let first = project.files("out");
    assert_eq!(first.len(), formats.len());
    assert!(first.iter().all(|(name, bytes)| !bytes.is_empty() && !name.starts_with('.')));
    assert_eq!(project.files(".").len(), before.len() + formats.len());
    project.run(&arguments).code(0);
    assert_eq!(project.files("out"), first);
    // The help says every one of them.
    let help = project.run(&["gate", "--help"]).code(0).stdout;
    for format in presscheck::gate::out::FORMATS {
        assert!(help.contains(&format!("  {:<15} {}", format.name(), format.about())), "{}", format.name());
    }
    project.run(&["gate", "m@1", "--out", "tap=-"]).code(0).stdout_has("TAP version 14");
    project
        .run(&["gate", "m@1", "--out", "sarf=x"])
        .code(2)
        .stderr_has("did you mean sarif?")
        .stderr_has("gitlab-metrics");
    project.run(&["gate", "m@1", "--out", "json=x", "--out", "tap=x"]).code(2).stderr_has("two reports");
    project.run(&["gate", "m@1", "--out", "json="]).code(2);
}

#[test]
fn no_attestation_of_a_pass_outlives_it() {
    let project = |auc: &str, project: Project| {
        project.file("presscheck.toml", POLICY).file("runs/m/1/metrics.json", format!("{{\"auc\": {auc}}}"))
    };
    let out = ["gate", "m@1", "--out", "svr=svr.json", "--out", "vsa=vsa.json", "--strict-outputs"];
    let passed = project("0.95", Project::new());
    passed.run(&out).code(0);
    assert!(passed.read("svr.json").contains("PRESSCHECK_STAGE_DEFAULT"));
    let blocked = project("0.85", passed);
    blocked.run(&out).code(1).stderr_has("no svr was written: the verdict is blocked").stderr_has("was removed");
    assert!(!blocked.path().join("svr.json").exists());
    assert!(blocked.read("vsa.json").contains("\"FAILED\""));
    // A file that is not there, or a link, is left.
    blocked.run(&out).code(1).stderr_lacks("was removed");
    blocked.run(&["gate", "m@1", "--out", "svr"]).code(1).stdout_lacks("in-toto");
}

#[test]
fn our_reports_are_read_by_our_importers() {
    let project = Project::new().file("presscheck.toml", POLICY).file("runs/m/1/metrics.json", r#"{"auc": 0.85}"#);
    for format in ["junit=checks/gate.xml", "ctrf=checks/gate.json", "kfp=mlpipeline-metrics.json"] {
        project.run(&["gate", "m@1", "--out", format]).code(1);
    }
    let checks = project.run(&["inspect", "checks", "--format", "json"]).json();
    let text = checks.to_string();
    assert!(text.contains("floor") && !text.contains("json-shape"), "{checks:#}");
    let kfp = project.run(&["inspect", "mlpipeline-metrics.json", "--format", "json"]).json();
    assert!(kfp.to_string().contains("gate-pass"), "{kfp:#}");
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
