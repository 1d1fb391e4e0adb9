//! Bad input: each a diagnostic with place, cause and cure; everything sound still builds.

use std::os::unix::ffi::OsStrExt;

use crate::project::Project;

fn sound() -> Project {
    Project::new().file("runs/good/1/metrics.json", r#"{"auc": 0.9}"#)
}

/// The site is written, the sound model is in it, the problem is on the problems page.
#[track_caller]
fn builds_with(project: &Project, code: &str, place: &str) {
    let ran = project.run(&["build"]).code(3).stderr_has(code).stderr_has(place);
    assert!(ran.stderr.contains("help"), "no cure:\n{}", ran.stderr);
    assert!(project.read("public/models/good/1.html").contains("0.9"));
    assert!(project.read("public/problems.html").contains(code));
    project.run(&["build", "--keep-going"]).code(0);
    project.run(&["gate", "good"]).code(5);
}

#[test]
fn broken_documents_are_named_and_the_rest_builds() {
    builds_with(
        &sound().file("runs/bad/1/metrics.json", "{\n  \"auc\": 0.9,\n}"),
        "json-syntax",
        "runs/bad/1/metrics.json:3",
    );
    builds_with(
        &sound().file("runs/bad/1/metrics.toml", "auc = 0.9\nauc = 0.8\n"),
        "toml-syntax",
        "runs/bad/1/metrics.toml:2",
    );
    builds_with(&sound().file("runs/bad/1/run.toml", "created = [\n"), "toml-syntax", "runs/bad/1/run.toml");
    builds_with(
        &sound()
            .file("mlruns/1/meta.yaml", "artifact_location: x\nexperiment_id: '1'\nlifecycle_stage: active\nname: a\n")
            .file("mlruns/1/r/meta.yaml", "run_id: [\n"),
        "yaml-syntax",
        "mlruns/1/r/meta.yaml",
    );
    builds_with(
        &sound().file("runs/bad/1/checks/t.xml", "<testsuite><testcase"),
        "xml-syntax",
        "runs/bad/1/checks/t.xml",
    );
}

#[test]
fn two_folders_for_one_version_are_refused_by_the_gate_and_shown_by_the_site() {
    let project = sound()
        .file("presscheck.toml", "schema = 1\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.5\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/again/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/again/run.toml", "version = '1'\n");
    project.run(&["gate", "m@1"]).code(3).stdout_has("ambiguous");
    project.run(&["gate", "good"]).code(0);
    project.run(&["build"]).code(3).stderr_has("version-duplicate");
}

#[test]
fn a_metric_that_is_nan_is_shown_and_never_passes() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"loss\"\nmax = 0.5\n")
        .file("runs/m/1/metrics.json", r#"{"loss": NaN}"#);
    project.run(&["gate", "m"]).code(1).stdout_has("NaN");
    project.run(&["build"]).code(0).stderr_has("metric-nonfinite");
    assert!(project.read("public/models/m/1.html").contains("NaN"));
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let project = sound().file("runs/good/model.toml", "title = 'Good'\n").file("runs/good/notes/todo.txt", "x");
    project.run(&["build"]).code(0).stderr_has("run-empty").stderr_has("runs/good/notes");
}

#[test]
fn names_that_are_not_utf8_are_read_and_said() {
    let project = sound();
    let name = std::ffi::OsStr::from_bytes(b"ver\xff1");
    let folder = project.path().join("runs/good").join(name);
    #[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
    {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("metrics.json"), r#"{"auc": 0.7}"#).unwrap();
    }
    project.run(&["build"]).code(0).stderr_has("name-not-utf8");
    assert_eq!(
        project
            .files("public/models/good")
            .keys()
            .filter(|p| p.ends_with(".html") && !p.contains("index") && !p.contains("-compare"))
            .count(),
        2
    );
}

#[test]
fn a_file_that_cannot_be_read_blocks_its_version_only() {
    // Permissions do not stop a privileged user, so a link that leads out stands for the unreadable.
    let project = sound()
        .file("presscheck.toml", "schema = 1\n[[source]]\npath = \"runs\"\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.5\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("elsewhere.json", "{}");
    std::os::unix::fs::symlink("../../../elsewhere.json", project.path().join("runs/m/1/more.json")).unwrap();
    project.run(&["gate", "m"]).code(1).stdout_has("evidence");
    project.run(&["gate", "good"]).code(0);
    project.run(&["build"]).code(3).stderr_has("symlink-outside");
}

#[test]
fn somebody_elses_output_folder_is_left_alone() {
    let project = sound().file("public/index.html", "mine").file("public/deep/notes.txt", "mine too");
    let before = project.files("public");
    project.run(&["build"]).code(2).stderr_has("--adopt");
    assert_eq!(project.files("public"), before);
    // Adopting keeps what is there, and does not write over it either.
    project.run(&["build", "--adopt"]).code(2).stderr_has("index.html");
    assert_eq!(project.files("public"), before);
    let other = sound().file("public/notes.txt", "mine");
    other.run(&["build", "--adopt"]).code(0);
    assert_eq!(other.read("public/notes.txt"), "mine");
    other.run(&["build"]).code(0);
    assert_eq!(other.read("public/notes.txt"), "mine");
}

#[test]
fn what_is_no_longer_built_is_deleted_and_a_failed_build_changes_nothing() {
    let project = sound().file("runs/old/1/metrics.json", r#"{"auc": 0.7}"#);
    project.run(&["build"]).code(0);
    assert!(project.files("public").contains_key("models/old/1.html"));
    #[expect(clippy::disallowed_methods, reason = "a run is taken away")]
    std::fs::remove_dir_all(project.path().join("runs/old")).unwrap();
    project.run(&["build"]).code(0);
    assert!(!project.files("public").contains_key("models/old/1.html"));
    let before = project.files("public");
    let project = project
        .file("presscheck.toml", "schema = 1\n[site]\ntheme = 'theme'\n")
        .file("theme/base.html", "{{ nothing }}");
    project.run(&["build"]).code(2).stderr_has("template-error");
    assert_eq!(project.files("public"), before);
}

#[test]
fn a_source_that_is_not_there_is_named_with_the_cure() {
    let project =
        sound().file("presscheck.toml", "schema = 1\n[[source]]\npath = \"runs\"\n[[source]]\npath = \"mlruns\"\n");
    builds_with(&project, "source-missing", "mlruns");
}

#[test]
fn what_a_template_left_to_be_filled_in_is_a_placeholder_for_page_and_gate() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[[rule]]\nid = \"c\"\ncheck = \"card\"\nsections = [\"Intended use\"]\nplaceholders = \"forbid\"\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/m/1/card.md", "# M\n\n## Intended use\n\nFor <insert the users>, who trust that the accuracy is xx.xx on the cases we know.\n");
    project.run(&["gate", "m"]).code(1).stdout_has("<insert the users>");
    project.run(&["build"]).code(0);
    assert!(project.read("public/index.html").contains("0/6"));
}
