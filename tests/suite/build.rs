//! `presscheck build` on the example: which files there are, what they weigh, and what they never hold.

use crate::project::{Project, without_our_script};

#[test]
fn the_example_builds_a_complete_site() {
    let project = Project::example();
    project.run(&["build"]).code(0);
    let site = project.files("public");
    for page in [
        "index.html",
        "404.html",
        "about.html",
        "problems.html",
        "experiments/index.html",
        "leaderboards/index.html",
        "leaderboards/screening.html",
        "models/breast-cancer-screen/index.html",
        "models/breast-cancer-screen/1.4.0.html",
        "models/breast-cancer-screen/1.4.0-drift.html",
        "models/breast-cancer-screen/1.4.0-verdict.html",
        "data/index.json",
        "data/models/digit-reader.json",
        "data/verdicts/digit-reader/0.4.0/production.json",
        ".nojekyll",
    ] {
        assert!(site.contains_key(page), "{page} is missing from {:#?}", site.keys());
    }
    for (path, bytes) in site.iter().filter(|f| f.0.ends_with(".html")) {
        let html = &without_our_script(std::str::from_utf8(bytes).unwrap());
        assert!(bytes.len() <= 90_000, "{path}: {} bytes", bytes.len());
        for never in ["<script", "<style", " style=\"", "src=\"http", "NaN</text>", "{{", "undefined"] {
            assert!(!html.contains(never), "{path} holds {never}");
        }
        assert!(html.contains("<meta http-equiv=\"Content-Security-Policy\""), "{path}");
    }
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let (a, b) = (Project::example(), Project::example());
    a.run(&["build"]).code(0);
    b.run(&["build", "--threads", "1"]).code(0);
    assert_eq!(a.files("public"), b.files("public"));
}
