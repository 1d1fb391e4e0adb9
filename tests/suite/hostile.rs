//! Hostile names, values and files, through the whole tool.

use std::collections::BTreeSet;

use crate::corpus;
use crate::project::{Project, without_our_script};

/// Model names, each in a run directory of its own.
fn named(names: &[String]) -> Project {
    names.iter().enumerate().fold(Project::new(), |project, (i, name)| {
        let manifest = format!("model = {}\nversion = \"1\"\n", toml::Value::String(name.clone()));
        project
            .file(&format!("inner/project/runs/m{i:03}/1/run.toml"), manifest)
            .file(&format!("inner/project/runs/m{i:03}/1/metrics.json"), r#"{"auc": 0.9}"#)
    })
}

/// Every model has a page, no file leaves the output folder, and no two differ only by case.
fn builds(names: &[String]) {
    let project = named(names);
    let before: BTreeSet<String> = project.files(".").into_keys().filter(|p| !p.contains("public/")).collect();
    let ran = project.run(&["build", "--quiet", "-C", "inner/project"]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let files = project.files("inner/project/public");
    let lower: BTreeSet<String> = files.keys().map(|p| p.to_lowercase()).collect();
    assert_eq!(lower.len(), files.len(), "names that differ only by case");
    let pages = files.keys().filter(|p| p.starts_with("models/") && p.ends_with("/index.html")).count();
    let distinct: BTreeSet<&String> = names.iter().filter(|n| !n.is_empty()).collect();
    assert!(pages >= distinct.len(), "{pages} pages of {} models", distinct.len());
    for path in files.keys().filter(|p| *p != ".nojekyll") {
        assert!(path.bytes().all(|b| b.is_ascii_graphic()) && !path.contains(['\\', ':', '%', '"', '<']), "{path}");
        assert!(!path.split('/').any(|part| part.starts_with(['.', '_']) || part.len() > 130), "{path}");
    }
    let after: BTreeSet<String> = project.files(".").into_keys().filter(|p| !p.contains("public/")).collect();
    let new: Vec<&String> = after.difference(&before).filter(|p| !p.ends_with(".lock")).collect();
    assert!(new.is_empty(), "written outside the output folder: {new:?}");
}

#[test]
fn every_hostile_name_gets_a_page_inside_the_output() {
    let Some(folder) = corpus::folder("hostile/names") else { return };
    let names: Vec<String> = corpus::json(&folder.join("names.json"))
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["name"].as_str().unwrap().to_owned())
        // TOML cannot hold NUL.
        .filter(|n| !n.contains('\0'))
        .collect();
    builds(&names);
    for group in corpus::json(&folder.join("collisions.json")).as_array().unwrap() {
        builds(&group.as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect::<Vec<_>>());
    }
}

#[test]
fn markup_in_names_values_and_keys_is_text_on_every_page() {
    const MARK: &str = "<img src=x onerror=alert(1)>\" onload=\"x' {{ 7*7 }} </script><script>alert(2)</script>";
    let quoted = serde_json::to_string(MARK).unwrap();
    let project = Project::new()
        .file("runs/m/model.toml", format!("title = {quoted}\ndescription = {quoted}\nowners = [{quoted}]\n[[link]]\ntitle = {quoted}\nurl = 'javascript:alert(1)'\n"))
        .file("runs/m/1/run.toml", format!("created = 2026-01-01T00:00:00Z\nname = {quoted}\ndescription = {quoted}\n[params]\n{quoted} = {quoted}\n[tags]\n{quoted} = {quoted}\n[git]\nremote = 'javascript:alert(1)'\n[[dataset]]\nname = {quoted}\nuri = {quoted}\n[[artifact]]\npath = {quoted}\n"))
        .file("runs/m/1/metrics.json", format!("{{{quoted}: {{{quoted}: 0.5, \"slices\": {{{quoted}: {{\"auc\": 0.1}}}}, \"classes\": {{{quoted}: {{\"auc\": 0.2}}}}}}}}"))
        .file("runs/m/1/confusion_matrix.json", format!("{{\"labels\": [{quoted}, \"b\"], \"matrix\": [[1, 2], [3, 4]]}}"))
        .file("runs/m/1/series.csv", format!("step,\"{}\"\n0,1\n1,2\n", MARK.replace('"', "\"\"")))
        .file("runs/m/1/drift/w.json", format!("{{\"schema\": \"presscheck.drift/1\", \"tool\": {quoted}, \"reference\": {quoted}, \"current\": {quoted}, \"features\": [{{\"feature\": {quoted}, \"kind\": \"categorical\", \"method\": \"psi\", \"score\": 0.3, \"threshold\": 0.2, \"drifted\": true, \"distribution\": {{\"categories\": [{quoted}], \"reference\": [1], \"current\": [2]}}}}]}}"))
        .file("runs/m/1/card.md", format!("---\nlicense: {quoted}\n{quoted}: {quoted}\n---\n# {MARK}\n\n## Intended use\n\n{MARK}\n\n[a](javascript:alert(1)) still here\n"));
    let _ = project.run(&["build", "--quiet"]);
    let files = project.files("public");
    assert!(files.keys().filter(|p| p.ends_with(".html")).count() > 5);
    for (path, bytes) in files.iter().filter(|(p, _)| p.ends_with(".html")) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let lower = without_our_script(&text).to_lowercase();
        assert!(!lower.contains("<img") && !lower.contains("<script"), "{path}");
        assert!(!lower.contains("href=\"javascript"), "{path}");
        assert!(!text.contains("49") || !text.contains("onerror=alert(1)> 49"), "{path}");
        for tag in text.split('<').skip(1).filter_map(|t| t.split('>').next()) {
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(!outside.contains(" on"), "{path}: <{tag}>");
            assert!(!outside.contains("style="), "{path}: <{tag}>");
        }
    }
}

#[test]
fn no_file_of_the_hostile_corpus_stops_the_tool() {
    let Some(folder) = corpus::folder("hostile") else { return };
    for part in ["bytes", "cards", "metrics", "runs", "slow", "yaml"] {
        let project = Project::new();
        let path = folder.join(part);
        let ran = project.run(&[
            "build",
            "--quiet",
            "-C",
            path.to_str().unwrap(),
            "--output",
            project.path().join("out").to_str().unwrap(),
        ]);
        assert!(ran.code == 0 || ran.code == 3, "{part}: {} {}", ran.code, ran.stderr);
        assert!(project.path().join("out/index.html").exists(), "{part}");
    }
}

#[test]
fn a_card_that_speaks_of_markup_breaks_no_build() {
    let card = "---\nlicense: mit\n---\n# M\n\nWrite `<a href=\"x.html\">` or `src=\"y.png\"`.\n\n```html\n<img src=\"z.png\" id=\"q\">\n```\n\n[t](<a href=) <a href='r\n<div class='>u</a> [v](w.md#z) <a href=\"#nowhere\">n</a>\n";
    let project = Project::new().file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#).file("runs/m/1/card.md", card);
    project.run(&["build"]).code(0).stderr_lacks("link-broken");
}
