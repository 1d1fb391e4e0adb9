//! The gate history and the verdict page in a site: what the ledger and earlier verdict files tell, and what they
//! must never be able to do. Through the real binary.

use presscheck::digest::Sha256;

use crate::project::{Project, without_our_script};

const POLICY: &str = r#"schema = 1
name = "retention"
[[source]]
path = "runs"
[defaults]
waiver = { warn_before = "14d" }
[stage.staging]
[stage.production]
[[rule]]
id = "auc-floor"
check = "metric"
metric = "auc"
min = 0.85
"#;

fn project() -> Project {
    Project::new()
        .file("presscheck.toml", POLICY)
        .file("runs/churn/1.0.0/metrics.json", "{\"auc\": 0.9}")
        .file("runs/churn/1.1.0/metrics.json", "{\"auc\": 0.8}")
}

fn gate(project: &Project, version: &str, stage: &str, at: &str, more: &[&str]) -> i32 {
    let mut arguments = vec!["gate", version, "--stage", stage, "--as-of", at];
    arguments.extend(more);
    project.run(&arguments).code
}

/// Builds the site and reads a page of it.
fn page(project: &Project, path: &str) -> String {
    project.run(&["build", "--as-of", "2026-06-20"]);
    project.read(&format!("public/{path}"))
}

/// What a reader of a page sees of a piece of it.
fn text(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    let out = out.replace("&lt;", "<").replace("&#39;", "'").replace("&quot;", "\"");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn decisions(html: &str) -> Vec<&str> {
    html.split("<p class=\"when\">").skip(1).map(|d| d.split("</div></li>").next().unwrap()).collect()
}

#[test]
fn a_model_page_tells_every_decision() {
    let project = project();
    assert_eq!(gate(&project, "churn@1.0.0", "staging", "2026-06-01", &["--record"]), 0);
    let json = ["--record", "--out", "json=verdicts/2026/a.json"];
    assert_eq!(gate(&project, "churn@1.0.0", "production", "2026-06-02", &json), 0);
    assert_eq!(gate(&project, "churn@1.1.0", "production", "2026-06-03", &["--out", "json=verdicts/b.json"]), 1);
    let html = page(&project, "models/churn/index.html");
    let found = decisions(&html);
    assert_eq!(found.len(), 3, "a line and a file of one decision are one: {html}");
    let [newest, second, oldest] = found[..] else { unreachable!() };
    let newest = text(newest);
    assert!(newest.contains("blocked 1.1.0 for production"), "{newest}");
    assert!(newest.contains("churn@1.1.0 is blocked at production by auc-floor: auc 0.8 < min 0.85"), "{newest}");
    assert!(newest.contains("exit code 1 · 1 fail · as of a given time · not in the ledger"), "{newest}");
    assert!(newest.contains("verdicts/b.json"), "{newest}");
    let second = text(second);
    assert!(second.contains("line 2 of the ledger") && second.contains("verdicts/2026/a.json"), "{second}");
    assert!(second.contains("policy retention"), "{second}");
    let oldest = text(oldest);
    assert!(oldest.contains("exit code 0 · line 1 of the ledger"), "{oldest}");
    assert!(!html.contains("evidence has changed since") && !html.contains("another policy"));
    assert!(!project.files("public").contains_key("models/churn/history.html"), "all of them fit on the model's page");
    // The version's page and its verdict's lead there and back.
    assert!(found[1].contains("href=\"1.0.0-verdict.html#stage-2\""));
    let verdict = project.read("public/models/churn/1.0.0-verdict.html");
    assert!(verdict.contains("href=\"index.html#history\"") && decisions(&verdict).len() == 2);
    assert!(project.read("public/models/churn/1.0.0.html").contains("recorded: pass on 2026-06-02"));
    let data: serde_json::Value = serde_json::from_str(&project.read("public/data/history/churn.json")).unwrap();
    assert_eq!(data["decisions"][0]["exit_code"], 1);
    assert_eq!((&data["decisions"][1]["ledger_line"], &data["decisions"][0]["ledger_line"]), (&2.into(), &().into()));
}

#[test]
fn a_decision_on_other_evidence_or_by_another_policy_is_marked() {
    let project = project();
    gate(&project, "churn@1.0.0", "staging", "2026-06-01", &["--record"]);
    let project = project.file("runs/churn/1.0.0/metrics.json", "{\"auc\": 0.91}");
    gate(&project, "churn@1.0.0", "staging", "2026-06-02", &["--record"]);
    let html = page(&project, "models/churn/index.html");
    let found = decisions(&html);
    assert!(!found[0].contains("evidence has changed since") && found[1].contains("evidence has changed since"));
    let project = project.file("presscheck.toml", POLICY.replace("0.85", "0.86"));
    let html = page(&project, "models/churn/index.html");
    assert!(decisions(&html).iter().all(|d| d.contains("another policy")), "{html}");
    let gone = project.file("promotions.jsonl", "").file("runs/churn/1.0.0/metrics.json", "{\"auc\": 0.91}");
    assert!(!page(&gone, "models/churn/index.html").contains("Gate history"));
}

#[test]
fn a_broken_chain_is_said_loudly_and_the_rest_is_built() {
    let project = project();
    for day in ["01", "02", "03"] {
        gate(&project, "churn@1.0.0", "staging", &format!("2026-06-{day}"), &["--record"]);
    }
    let ledger = project.read("promotions.jsonl");
    let lines: Vec<&str> = ledger.lines().collect();
    let project = project.file("promotions.jsonl", format!("{}\n{}\n", lines[0], lines[2]));
    project
        .run(&["build", "--as-of", "2026-06-20"])
        .code(3)
        .stderr_has("ledger-broken")
        .stderr_has("line 2 does not follow the line before it");
    for page in ["models/churn/index.html", "models/churn/1.0.0-verdict.html"] {
        let html = project.read(&format!("public/{page}"));
        assert!(html.contains("The ledger of decisions is broken:</b> line 2 does not follow"), "{page}");
    }
    let html = project.read("public/models/churn/index.html");
    assert!(decisions(&html).len() == 1 && html.contains("may have been changed"), "{html}");
    assert!(project.read("public/problems.html").contains("ledger-broken"));
}

#[test]
fn odd_files_among_verdicts_are_reported_and_are_no_evidence() {
    let project = project();
    gate(&project, "churn@1.0.0", "staging", "2026-06-01", &["--out", "json=verdicts/good.json"]);
    let good = project.read("verdicts/good.json");
    let newer = good.replace("presscheck.verdict/1", "presscheck.verdict/2");
    let project = project
        .file("verdicts/newer.json", newer)
        .file("verdicts/cut.json", &good[..good.len() / 2])
        .file("verdicts/empty.json", "")
        .file("verdicts/metrics.json", "{\"auc\": 1.0}")
        .file("verdicts/binary.json", b"\x00\xff\xfe\x00")
        .file("verdicts/deep.json", "[".repeat(1_000_000))
        .file("verdicts/lying.json", good.replace("\"exit_code\": 0", "\"exit_code\": 1"))
        .file("verdicts/other-model.json", good.replace("churn", "gone"))
        .file("verdicts/notes.txt", "not looked at");
    let ran = project.run(&["build", "--as-of", "2026-06-20"]).code(0);
    for (file, why) in [
        ("newer.json", "it has the schema 'presscheck.verdict/2'"),
        ("cut.json", "it is no verdict: EOF"),
        ("empty.json", "it is no verdict"),
        ("metrics.json", "it names no schema"),
        ("binary.json", "it is no verdict"),
        ("deep.json", "it is no verdict"),
        ("lying.json", "it says 'pass' and exit code 1"),
    ] {
        assert!(ran.stderr.contains(&format!("'verdicts/{file}' is not shown in the gate history: ")), "{file}");
        assert!(ran.stderr.contains(why), "{file}: {}", ran.stderr);
    }
    let problems = project.read("public/problems.html");
    assert!(problems.contains("1 decision about the model &#39;gone&#39;") && !problems.contains("notes.txt"));
    assert!(problems.contains("a newer schema needs a newer presscheck"));
    assert_eq!(decisions(&project.read("public/models/churn/index.html")).len(), 1);
}

#[test]
fn verdict_files_change_no_evidence_wherever_they_lie() {
    let inside = |name: &str| format!("json=runs/churn/1.0.0/{name}");
    let project = project();
    let digest = |project: &Project| {
        project.run(&["gate", "churn@1.0.0", "--stage", "staging", "--out", "json"]).json()["subject"]["digest"].clone()
    };
    let before = digest(&project);
    gate(&project, "churn@1.0.0", "staging", "2026-06-01", &["--out", &inside("verdict.json")]);
    assert_eq!(digest(&project), before, "a version is not changed by being judged");
    // A file of the native layout is one whatever it says of itself.
    let forged = project.file("runs/churn/1.0.0/metrics.json", "{\"schema\": \"presscheck.verdict/1\", \"auc\": 0.1}");
    assert_ne!(digest(&forged), before);
    forged.run(&["gate", "churn@1.0.0", "--stage", "staging"]).code(1);
    // Without a configuration everything below the folder is read: decisions are no runs and not unrecognised.
    let plain = Project::new()
        .file("churn/1/metrics.json", "{\"auc\": 0.9}")
        .file("verdicts/a.json", forged.read("runs/churn/1.0.0/verdict.json"));
    plain.run(&["build"]).code(0);
    assert!(!plain.read("public/problems.html").contains("verdicts/a.json"));
    let named = forged.file("presscheck.toml", format!("{POLICY}[site]\nverdicts = [\"runs/*/*/verdict.json\"]\n"));
    assert_eq!(decisions(&page(&named, "models/churn/index.html")).len(), 1);
    let nowhere = named.file("presscheck.toml", format!("{POLICY}[site]\nverdicts = [\"gone/*.json\"]\n"));
    nowhere.run(&["build"]).code(0).stderr_has("no verdict file matches 'gone/*.json'");
    let outside = nowhere.file("presscheck.toml", format!("{POLICY}[site]\nverdicts = [\"../*.json\"]\n"));
    outside.run(&["build"]).code(2).stderr_has("presscheck.toml:15");
}

/// A chain as `--record` makes it, of as many entries as asked.
fn ledger(entries: impl Iterator<Item = serde_json::Value>) -> String {
    let mut previous = serde_json::Value::Null;
    let mut out = String::new();
    for mut entry in entries {
        entry["previous"] = previous;
        let line = entry.to_string();
        previous = Sha256::of(line.as_bytes()).hex().into();
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn entry(project: &Project) -> serde_json::Value {
    gate(project, "churn@1.0.0", "staging", "2026-06-01", &["--record"]);
    serde_json::from_str(project.read("promotions.jsonl").lines().next().unwrap()).unwrap()
}

#[test]
fn ten_thousand_decisions_take_pages_that_stay_small() {
    let project = project();
    let first = entry(&project);
    let at = |i: usize| format!("2026-05-{:02}T{:02}:{:02}:00Z", 1 + i / 1_440, i / 60 % 24, i % 60);
    let all = (0..10_000).map(|i| {
        let mut entry = first.clone();
        entry["at"] = at(i).into();
        entry
    });
    let project = project.file("promotions.jsonl", ledger(all));
    project.run(&["build", "--as-of", "2026-06-20"]).code(0);
    let files = project.files("public");
    let pages: Vec<&String> = files.keys().filter(|p| p.starts_with("models/churn/history")).collect();
    assert_eq!(pages.len(), 50);
    assert!(files.values().all(|bytes| bytes.len() < 6_000_000));
    for (path, bytes) in files.iter().filter(|f| f.0.ends_with(".html")) {
        assert!(bytes.len() < 250_000, "{path}: {} bytes", bytes.len());
    }
    let model = project.read("public/models/churn/index.html");
    assert_eq!(decisions(&model).len(), 6);
    assert!(model.contains("href=\"history.html\">All 10000 decisions</a>"));
    let first = project.read("public/models/churn/history.html");
    assert_eq!(decisions(&first).len(), 200);
    assert!(first.contains("line 10000 of the ledger") && first.contains("href=\"history-p2.html\" rel=\"next\""));
    assert!(project.read("public/models/churn/history-p50.html").contains("line 1 of the ledger"));
    let verdict = project.read("public/models/churn/1.0.0-verdict.html");
    assert!(decisions(&verdict).len() == 4 && verdict.contains("10000 decisions on this version for staging"));
    assert!(verdict.len() < 60_000);
}

#[test]
fn a_site_with_a_history_is_the_same_on_any_number_of_threads() {
    let (a, b) = (Project::example(), Project::example());
    a.run(&["build"]).code(0);
    b.run(&["build", "--threads", "1"]).code(0);
    let (a, b) = (a.files("public"), b.files("public"));
    assert!(a.keys().any(|p| p == "data/history/digit-reader.json"));
    assert_eq!(a, b);
}

const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\\\" onmouseover=\\\"alert(1)",
    "{{ site.title }}{% raw %}",
    "\\u001b[31m\\u202e\\u0000",
    "]]><img src=x onerror=alert(1)>",
];

#[test]
fn hostile_text_in_decisions_and_waivers_is_text() {
    for hostile in HOSTILE {
        let waiver = format!(
            "[[waiver]]\nid = \"W\"\nrule = \"auc-floor\"\nreason = \"{0}\"\nowner = \"{0}\"\nticket = \"javascript:{0}\"\ncreated = 2026-06-01\nexpires = 2026-06-30\n",
            hostile.replace("\\u0000", "")
        );
        let project = project().file("presscheck.toml", format!("{POLICY}{waiver}"));
        let json = ["--record", "--out", "json=verdicts/a.json"];
        assert_eq!(gate(&project, "churn@1.1.0", "production", "2026-06-10", &json), 0);
        let verdict = project.read("verdicts/a.json");
        let mut value: serde_json::Value = serde_json::from_str(&verdict).unwrap();
        let text: serde_json::Value = serde_json::from_str(&format!("\"{hostile}\"")).unwrap();
        for pointer in ["/sentence", "/stage", "/policy/name", "/policy/trusted_ref", "/tool/version", "/waivers/0/id"]
        {
            *value.pointer_mut(pointer).unwrap() = text.clone();
        }
        value["provenance"] = serde_json::json!({ "system": text, "repository": text, "commit": text, "ref": text,
            "run_url": format!("javascript:{text}"), "actor": text, "workflow": text });
        value["proposed"] = serde_json::json!({ "policy": null, "changes": [text, text], "verdict": "error",
            "sentence": text, "blocking": [text] });
        let mut other = value.clone();
        other["subject"]["version"] = text.clone();
        let mut entry: serde_json::Value = serde_json::from_str(project.read("promotions.jsonl").trim()).unwrap();
        for key in ["version", "stage", "sentence"] {
            entry[key] = text.clone();
        }
        let project = project
            .file("promotions.jsonl", ledger([entry].into_iter()))
            .file("verdicts/<img src=x>.json", value.to_string())
            .file("verdicts/c.json", other.to_string());
        project.run(&["build", "--as-of", "2026-06-20"]).code(0);
        let model = project.read("public/models/churn/index.html");
        assert_eq!(decisions(&model).len(), 3, "a line and a file of it are one: {model}");
        assert!(model.contains("Another policy was proposed"));
        let verdict = project.read("public/models/churn/1.1.0-verdict.html");
        assert!(verdict.contains("ends soon") && verdict.contains("2026-06-01 to 2026-06-30, 11 days left"));
        for (path, bytes) in project.files("public").iter().filter(|f| f.0.ends_with(".html")) {
            let html = &without_our_script(std::str::from_utf8(bytes).unwrap());
            for bad in ["<script", "<img", "href=\"javascript", "\" onmouseover", "\u{1b}", "\u{202e}", "\0", "{% "] {
                if bad == "{% " && hostile.contains(bad) {
                    continue;
                }
                assert!(!html.contains(bad), "{path} holds {bad:?} for {hostile}");
            }
        }
    }
}

#[test]
fn a_verdict_page_shows_all_that_a_verdict_holds() {
    let rules = r#"[baseline.champion]
select = "tag:champion"
[metrics.accuracy]
direction = "higher"
proportion = true
[[rule]]
id = "accuracy-proof"
check = "metric"
metric = "accuracy"
slices = ["region=*"]
evidence = "not_inferior"
baseline = "champion"
max_regression = { abs = 0.02 }
mde = 0.05
[[waiver]]
id = "W-1"
rule = "auc-floor"
floor = 0.7
reason = "New market"
owner = "bob@example.com"
ticket = "https://example.org/ML-402"
created = 2026-06-01
expires = 2026-06-30
[[waiver]]
id = "W-2"
rule = "accuracy-proof"
reason = "Not needed"
owner = "ann@example.com"
created = 2026-06-01
expires = 2026-07-30
[[waiver]]
id = "W-3"
rule = "auc-floor"
stages = ["staging"]
reason = "Elsewhere"
owner = "ann@example.com"
created = 2026-06-01
expires = 2026-07-30
"#;
    let policy = POLICY.replace("[stage.production]", "[stage.production]\nfrom = [\"staging\"]");
    let records = |auc: f64, accuracy: f64| {
        let value = |region: &str, v: f64| serde_json::json!({"metric": "accuracy", "value": v, "n": 4000, "slice": {"region": region}});
        serde_json::json!([{"metric": "auc", "value": auc}, value("latam", accuracy), value("emea", accuracy)])
            .to_string()
    };
    let project = Project::new()
        .file("presscheck.toml", format!("{policy}{rules}"))
        .file("runs/churn/1/metrics.json", records(0.9, 0.9))
        .file("runs/churn/1/run.toml", "[tags]\nchampion = \"yes\"\n")
        .file("runs/churn/2/metrics.json", records(0.8, 0.91))
        .file("runs/churn/2/run.toml", "[[artifact]]\npath = \"m.bin\"\nkind = \"model\"\nsha256 = \"4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945\"\n");
    let html = page(&project, "models/churn/2-verdict.html");
    let seen = text(&html);
    let terminal = project.run(&["gate", "churn@2", "--stage", "production", "--as-of", "2026-06-20"]).code(1).stdout;
    // The words are the terminal's.
    for words in [
        "waived by W-1: auc 0.8 < min 0.85",
        "these model files have not passed stage 'staging' by the ledger",
        "waiver W-2 covers nothing: rule 'accuracy-proof' has no record that needs it",
        "the gate's own record of the way to the stage",
        "as of a given time",
    ] {
        assert!(seen.contains(words), "the page lacks {words}");
        assert!(terminal.contains(words), "the terminal lacks {words}: {terminal}");
    }
    let counts = terminal.lines().rev().nth(1).unwrap().trim().to_owned();
    assert!(seen.contains(&counts), "{counts}");
    for words in [
        "used W-1 rule auc-floor ▲ ends soon",
        "bob@example.com · 2026-06-01 to 2026-06-30, 11 days left · covers 1 record · floor 0.7 · https://example.org/ML-402",
        "unused W-2",
        "1 waiver of the policy is for another model, stage or evidence.",
        "each end at 95% of the difference to the baseline by newcombe",
        "one of 2 comparisons of family accuracy-proof: p = ",
        "after holm",
        "baseline champion 1: 0.9",
        "champion 1 runs/churn/1 Comparable",
        "model files",
    ] {
        assert!(seen.contains(words), "the page lacks {words}: {seen}");
    }
    assert!(html.contains("href=\"https://example.org/ML-402\" rel=\"noopener noreferrer nofollow\""));
}

#[test]
fn feeds_tell_the_newest_decisions() {
    let project = Project::example();
    let config = project
        .read("presscheck.toml")
        .replace("output = \"public\"", "output = \"public\"\nbase_url = \"https://example.org/m/\"");
    let project = project.file("presscheck.toml", config);
    project.run(&["build", "--output", "site"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&project.read("site/feed.json")).unwrap();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    let items = json["items"].as_array().unwrap();
    let mut times: Vec<&str> = items.iter().filter_map(|i| i["date_published"].as_str()).collect();
    assert!(items.len() > 4 && times.len() == items.len(), "{}", items.len());
    times.reverse();
    assert!(times.is_sorted(), "newest first");
    for item in items {
        let (id, url) = (item["id"].as_str().unwrap(), item["url"].as_str().unwrap());
        assert!(id.starts_with("urn:uuid:") && id.len() == 45 && id.as_bytes()[23] == b'8', "{id}");
        let path = url.strip_prefix("https://example.org/m/").unwrap();
        assert!(project.path().join("site").join(path).is_file(), "{url}");
    }
    let mut reader = quick_xml::Reader::from_str(Box::leak(project.read("site/feed.xml").into_boxed_str()));
    let mut entries = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(e) if e.name().as_ref() == b"entry" => entries += 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(entries, items.len());
    assert!(project.read("site/index.html").contains("application/atom+xml"));
    assert!(project.read("site/models/digit-reader/0.4.0.html").contains("href=\"../../feed.xml\""));
    assert!(project.read("site/robots.txt").contains("Sitemap: https://example.org/m/sitemap.xml"));
}
