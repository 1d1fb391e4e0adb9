//! The page that sets a version beside its champion and the version before it.

use crate::project::Project;

#[test]
fn a_version_is_set_beside_its_champion_and_the_one_before_it() {
    let project = Project::example();
    project.run(&["build", "--output", "site"]).code(0);
    let page = project.read("site/models/digit-reader/0.2.0-compare.html");
    for part in ["id=\"champion\"", "id=\"previous\"", "Results that differ", "not tested", "Holm"] {
        assert!(page.contains(part), "{part}");
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    let version = project.read("site/models/digit-reader/0.2.0.html");
    assert!(version.contains("0.2.0-compare.html"), "the version leads there");
    // The champion is compared with the version before it only, the first of all versions with the champion.
    let champion = project.read("site/models/breast-cancer-screen/1.3.0-compare.html");
    assert!(champion.contains("id=\"previous\"") && !champion.contains("id=\"champion\""));
}

#[test]
fn a_lone_version_has_no_such_page_and_one_of_that_name_takes_none_away() {
    let lone = Project::new().file("runs/m/1.0/metrics.json", r#"{"auc": 0.91}"#);
    lone.run(&["build"]).code(0);
    assert!(!lone.files("public").keys().any(|f| f.ends_with("-compare.html")));
    let project = Project::new()
        .file("runs/m/1.0/metrics.json", r#"{"auc": 0.91}"#)
        .file("runs/m/1.1/metrics.json", r#"{"auc": 0.92}"#)
        .file("runs/m/1.1-compare/metrics.json", r#"{"auc": 0.93}"#);
    project.run(&["build"]).code(0);
    let pages = project.files("public");
    assert!(project.read("public/models/m/1.1-compare.html").contains("What changed in m 1.1<"), "{:?}", pages.keys());
    assert_eq!(pages.keys().filter(|f| f.starts_with("models/m/1-1-compare-")).count(), 2, "{:?}", pages.keys());
}

#[test]
fn hostile_words_of_a_card_are_text() {
    let card = |text: &str| format!("# M\n\n## Use\n\nFor {text} and nothing else at all, as said before.\n");
    let project = Project::new()
        .file("runs/m/1/metrics.json", r#"{"auc": 0.91}"#)
        .file("runs/m/2/metrics.json", r#"{"auc": 0.92}"#)
        .file("runs/m/1/card.md", card("scoring"))
        .file("runs/m/2/card.md", card("<script>alert(1)</script> \u{202e}x"));
    project.run(&["build"]).code(0);
    let page = project.read("public/models/m/2-compare.html");
    assert!(
        page.contains("<del>scoring</del>") && !page.contains("<script>alert") && !page.contains('\u{202e}'),
        "{page}"
    );
}
