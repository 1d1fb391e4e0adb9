//! `presscheck theme`: eject and diff.

use crate::project::Project;

fn project() -> Project {
    Project::new()
        .file("presscheck.toml", "schema = 1\n[site]\ntheme = \"look\"\n")
        .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#)
}

#[test]
fn what_is_ejected_replaces_the_built_in_one_and_is_never_overwritten() {
    let project = project();
    let list = project.run(&["theme", "eject"]).code(0).stdout;
    assert!(list.contains("pages/version.html\n") && list.contains("assets/site.css\n"), "{list}");
    project.run(&["theme", "eject", "pages/about.html"]).code(0).stderr_has("created  look/pages/about.html");
    project.run(&["build"]).code(0);
    let own = project.read("look/pages/about.html").replace("<h1>", "<h1>Ours: ");
    let project = project.file("look/pages/about.html", &own);
    project.run(&["theme", "eject", "pages/about.html"]).code(0).stderr_has("kept     look/pages/about.html");
    assert_eq!(project.read("look/pages/about.html"), own);
    project.run(&["build"]).code(0);
    assert!(project.read("public/about.html").contains("<h1>Ours: "));
    assert!(!project.files("public").keys().any(|f| f.contains("base")), "copies are not published");
    project.run(&["theme", "eject", "../x"]).code(2).stderr_has("no template or asset");
    Project::new().run(&["theme", "eject", "--all"]).code(0).stderr_has("theme = \"theme\"");
}

#[test]
fn changes_of_both_sides_are_told() {
    let project = project();
    project.run(&["theme", "eject", "pages/about.html", "assets/site.css", "pages/run.html"]).code(0);
    project.run(&["theme", "diff"]).code(0).stdout_has("pages/run.html: the same as the built-in one");
    let about = project.read("look/pages/about.html");
    // As a newer presscheck finds it: what was copied then is not what is built in now.
    let project = project
        .file("look/pages/about.html", format!("{about}<p>\u{1b}[31mours</p>\n"))
        .file("look/.base/assets/site.css", "body{}\n")
        .file("look/assets/site.css", "body{}\n")
        .file("look/pages/own.html", "x");
    let text = project.run(&["theme", "diff"]).code(0).stdout;
    assert!(
        text.contains("pages/about.html: changed by you (+1 −0)") && text.contains("+<p>\\u{1b}[31mours</p>"),
        "{text}"
    );
    assert!(text.contains("assets/site.css: as you copied it; the built-in one has changed"), "{text}");
    assert!(text.contains("pages/own.html: your own") && !text.contains('\u{1b}'), "{text}");
    project.run(&["theme", "diff", "--check"]).code(1).stderr_has("1 built-in file changed since");
    project.run(&["theme", "diff", "--check", "pages/about.html"]).code(0);
    project.run(&["theme", "diff", "nothing.html"]).code(2).stderr_has("there is no 'nothing.html'");
}
