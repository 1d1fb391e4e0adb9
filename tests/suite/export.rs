//! `presscheck export --single-file`.

use crate::project::Project;

#[test]
fn a_version_is_one_file_that_asks_for_nothing() {
    let project = Project::example();
    project.run(&["export", "breast-cancer-screen@1.4.0", "--single-file", "-o", "card.html"]).code(0);
    let html = project.read("card.html");
    for part in
        ["Model card", "Verdict", "What changed", "Drift, page 2", "<style>", "id=\"p0-results\"", "href=\"#p3-"]
    {
        assert!(html.contains(part), "{part}");
    }
    for never in ["<script", "<link", "src=\"http", "@import", "href=\"../", "href=\"data/"] {
        assert!(!html.contains(never), "{never}");
    }
    let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    for link in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&link), "#{link} leads nowhere");
    }
    let printed = project.run(&["export", "breast-cancer-screen@1.4.0", "--single-file"]).code(0);
    assert_eq!(printed.stdout, html, "the same on standard output");
}

#[test]
fn links_out_of_the_file_lead_to_the_published_site() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[site]\nbase_url = \"https://example.org/m\"\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
    let html = project.run(&["export", "m", "--single-file"]).code(0).stdout;
    assert!(html.contains("href=\"https://example.org/m/data/models/m.json\""), "{html}");
    project.run(&["export", "m@9", "--single-file"]).code(3).stderr_has("no version '9'");
    project.run(&["export", "m"]).code(2);
}
