//! The search index and the index from A to Z.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::project::Project;

/// What a file of the index hands to the script.
fn data(text: &str) -> Value {
    let literal = text.split_once(',').and_then(|(_, rest)| rest.split_once(',')).unwrap().1;
    let inner: String = serde_json::from_str(literal.trim_end().strip_suffix(')').unwrap()).unwrap();
    serde_json::from_str(&inner).unwrap()
}

/// Titles of the pages that a word leads to, by reading every shard.
fn find(project: &Project, site: &str, word: &str) -> BTreeSet<String> {
    let files = project.files(&format!("{site}/data/search"));
    let read = |name: &str| data(std::str::from_utf8(&files[name]).unwrap());
    let chunk = usize::try_from(read("i0.js")["chunk"].as_u64().unwrap()).unwrap();
    let shards = files.keys().filter(|n| n.starts_with('t'));
    shards
        .filter_map(|name| read(name).get(word).cloned())
        .flat_map(|postings| postings.as_array().unwrap().iter().step_by(2).cloned().collect::<Vec<_>>())
        .map(|doc| {
            let doc = usize::try_from(doc.as_u64().unwrap()).unwrap();
            let row = read(&format!("d{}.js", doc / chunk))[doc % chunk].clone();
            let page = row[1].as_str().unwrap().split('#').next().unwrap().to_owned();
            assert!(project.path().join(site).join(&page).is_file(), "{page}");
            row[0].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn everything_with_a_page_is_found_by_its_words() {
    let project = Project::example();
    project.run(&["build", "--output", "site"]).code(0);
    let find = |word: &str| find(&project, "site", word);
    assert!(find("triage").contains("Breast cancer screening triage"), "the title of a model");
    assert!(find("champion").contains("breast-cancer-screen@1.3.0"), "an alias");
    assert!(find("sgdclassifier").contains("breast-cancer-screen@1.3.0"), "a parameter");
    assert!(find("scanner").iter().any(|t| t.starts_with("Limitations, breast-cancer-screen@1.4.0")), "a card");
    assert!(find("scanner").contains("Drift of breast-cancer-screen@1.4.0"), "a feature of a drift report");
    assert!(find("sensitivity").contains("Breast cancer screening triage"), "a metric");
    assert!(find("nothing-of-this-name").is_empty());
}

#[test]
fn names_of_any_script_and_hostile_ones_are_indexed_as_text() {
    let project = Project::new()
        .file("runs/a/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/a/model.toml", "title = \"نِسبة </script><script>alert(1)</script>\"\nowners = [\"Zoë\"]\n")
        .file("runs/b/1/metrics.json", r#"{"auc": 0.9}"#)
        .file("runs/b/model.toml", "title = \"constructor __proto__\"\n");
    project.run(&["build"]).code(0);
    assert_eq!(find(&project, "public", "zoe").len(), 1, "marks do not matter");
    assert_eq!(find(&project, "public", "نسبة").len(), 2, "the model and its version");
    assert!(find(&project, "public", "constructor").contains("constructor __proto__"));
    for (name, bytes) in project.files("public/data/search") {
        assert!(!String::from_utf8(bytes).unwrap().contains("</"), "{name}");
    }
    let page = project.read("public/search.html");
    assert!(page.contains("<h3 id=\"az-C\">C</h3>") && !page.contains("<script>alert"), "{page}");
}

#[test]
fn many_models_take_pages_and_shards_that_stay_small() {
    let mut project = Project::new();
    for i in 0..1_500 {
        project = project.file(&format!("runs/model-{i:04}/1/metrics.json"), r#"{"auc": 0.9}"#);
    }
    project.run(&["build"]).code(0);
    let found = find(&project, "public", "0777");
    assert!(found.contains("model-0777") && found.contains("model-0777@1"), "{found:?}");
    let files = project.files("public/data/search");
    let largest = files.iter().map(|f| f.1.len()).max().unwrap();
    assert!(files.len() > 4 && largest < 150_000, "{} files, the largest of {largest} bytes", files.len());
    assert!(project.read("public/search-p8.html").contains("model-1499"));
    assert!(project.read("public/search.html").contains("search-p2.html"));
}
