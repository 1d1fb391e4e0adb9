//! `presscheck diff`: what changed between two versions.

use serde_json::Value;

use crate::project::Project;

fn result<'a>(json: &'a Value, metric: &str, slice: Option<(&str, &str)>) -> &'a Value {
    let results = json["results"].as_array().unwrap();
    let fits = |r: &&Value| {
        r["metric"] == metric
            && r["class"].is_null()
            && slice.map_or(r["slice"].is_null(), |(key, value)| r["slice"][key] == value)
    };
    results.iter().find(fits).unwrap_or_else(|| panic!("{metric} {slice:?}"))
}

/// The p-values are those of scipy 1.16 and statsmodels 0.14: normal differences from the intervals' widths,
/// `confint_proportions_2indep(method="newcomb")` inverted, `multipletests(method="holm")` over all twelve.
#[test]
fn a_difference_is_tested_where_both_sides_say_how_sure_they_are() {
    let project = Project::example();
    let json = project.run(&["diff", "breast-cancer-screen@1.3.0", "@1.4.0", "--format", "json"]).code(0).json();
    assert_eq!(json["schema"], "presscheck.diff/1");
    assert_eq!((json["before"]["version"].as_str(), json["after"]["version"].as_str()), (Some("1.3.0"), Some("1.4.0")));
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < 5e-7, "{value} is not {expected}");
    };
    for (metric, slice, p, moved) in [
        ("auc", None, 0.075_729, "unclear"),
        ("sensitivity", None, 0.296_651, "unclear"),
        ("brier", None, 0.014_083, "worse"),
        ("accuracy", None, 0.107_574, "unclear"),
        ("auc", Some(("radius_band", "12_to_15")), 0.124_274, "unclear"),
        ("auc", Some(("texture_band", "coarse")), 0.477_656, "unclear"),
    ] {
        let found = result(&json, metric, slice);
        near(&found["test"]["p"], p);
        assert_eq!(found["moved"], moved, "{metric}");
    }
    let accuracy = result(&json, "accuracy", None);
    near(&accuracy["test"]["interval"][0], -0.110_954_6);
    near(&accuracy["test"]["interval"][1], -0.014_342_8);
    let untested = result(&json, "log_loss", None);
    assert_eq!((untested["moved"].as_str(), untested.get("test")), (Some("worse"), None));
    let names: Vec<&str> = json["params"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    assert!(names.contains(&"estimator") && names.contains(&"max_depth"), "{names:?}");
    assert_eq!(json["drift"].as_array().unwrap().len(), 6);
}

#[test]
fn people_read_what_changed_first() {
    let project = Project::example();
    let text = project.run(&["diff", "breast-cancer-screen@1.3.0", "@1.4.0"]).code(0).stdout;
    assert!(text.starts_with("breast-cancer-screen@1.3.0 → breast-cancer-screen@1.4.0\nResults: "), "{text}");
    assert!(text.contains("brier ↓ on test") && text.contains("not tested") && !text.contains('\u{1b}'), "{text}");
    let markdown =
        project.run(&["diff", "breast-cancer-screen@1.3.0", "@1.4.0", "--format", "markdown"]).code(0).stdout;
    let tables = markdown.lines().filter(|l| l.starts_with("| ")).count();
    assert!(tables > 40 && markdown.contains("#### Parameters"), "{markdown}");
}

#[test]
fn one_selector_is_compared_with_the_version_before_it() {
    let project = Project::new()
        .file("runs/m/1.0/metrics.json", r#"{"auc": 0.91}"#)
        .file("runs/m/1.1/metrics.json", r#"{"auc": 0.92}"#)
        .file("runs/other/7/metrics.json", r#"{"auc": 0.5}"#);
    let json = project.run(&["diff", "m", "--format", "json"]).code(0).json();
    assert_eq!((json["before"]["version"].as_str(), json["after"]["version"].as_str()), (Some("1.0"), Some("1.1")));
    assert_eq!(result(&json, "auc", None)["moved"], "better");
    project.run(&["diff", "m@1.1", "other@7"]).code(0).stdout_has("m@1.1 → other@7");
    project.run(&["diff", "m@1.1", "@1.1"]).code(0).stdout_has("Nothing differs.");
    project.run(&["diff", "m@1.0"]).code(3).stderr_has("no version before it");
    project.run(&["diff", "m", "@2"]).code(3).stderr_has("no version '2'");
}

#[test]
fn what_cannot_be_compared_is_never_subtracted() {
    let run = |version: &str, digest: &str, auc: &str| {
        (
            [format!("runs/m/{version}/run.toml"), format!("runs/m/{version}/metrics.json")],
            [
                format!("[[dataset]]\nname = \"test\"\nrole = \"test\"\ndigest = \"{digest}\"\n"),
                format!("{{\"test\": {{\"auc\": {auc}}}}}"),
            ],
        )
    };
    let mut project = Project::new();
    for (names, texts) in [run("1", "sha256:aa", "0.9"), run("2", "sha256:bb", "0.95"), run("3", "sha256:bb", "NaN")] {
        for (name, text) in names.iter().zip(&texts) {
            project = project.file(name, text);
        }
    }
    let json = project.run(&["diff", "m@1", "m@2", "--format", "json"]).code(0).json();
    let auc = result(&json, "auc", None);
    assert_eq!(auc["moved"], "not comparable");
    assert!(auc["difference"].is_null() && auc["why"].as_str().unwrap().contains("the data differs"), "{auc}");
    let json = project.run(&["diff", "m@2", "m@3", "--format", "json"]).json();
    let auc = result(&json, "auc", None);
    assert_eq!((auc["moved"].as_str(), auc["after"].as_str()), (Some("not comparable"), Some("NaN")));
}

#[test]
fn hostile_text_is_text() {
    let hostile = "<img src=x onerror=alert(1)> | @team \u{1b}[31m [x](http://e.vil) \u{202e}abc";
    let params = |value: &str| format!("[params]\n{} = {value:?}\n", serde_json::json!(hostile));
    let card = |text: &str| format!("# M\n\n## Use\n\n{hostile} {text} one two three four five six seven eight\n");
    let project = Project::new()
        .file("runs/m/1/metrics.json", r#"{"auc": 0.91}"#)
        .file("runs/m/2/metrics.json", r#"{"auc": 0.92}"#)
        .file("runs/m/1/run.toml", params("a"))
        .file("runs/m/2/run.toml", params("b"))
        .file("runs/m/1/card.md", card("old"))
        .file("runs/m/2/card.md", card(hostile));
    let text = project.run(&["diff", "m"]).code(0).stdout;
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.contains("\\u{1b}"), "{text}");
    let markdown = project.run(&["diff", "m", "--format", "markdown"]).code(0).stdout;
    for wrong in ["<img", "| @team", "](http", "\u{1b}", "\u{202e}"] {
        assert!(!markdown.contains(wrong), "{wrong}: {markdown}");
    }
    for line in markdown.lines().filter(|l| l.starts_with("| ")) {
        assert!(line.ends_with(" |"), "{line}");
    }
}
