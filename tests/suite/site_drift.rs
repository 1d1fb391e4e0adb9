//! The drift pages: what they say, how large they get, and that nothing is lost or made to look calm on them.
//! Through the real binary.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::corpus;
use crate::project::{Project, copy};

const CONFIG: &str = "schema = 1\n[site]\ntitle = \"Models\"\n[[source]]\npath = \"runs\"\n";

/// A project with one version and nothing else.
fn version() -> Project {
    Project::new().file("presscheck.toml", CONFIG).file("runs/churn/1.4.0/metrics.json", "{\"auc\": 0.9}")
}

/// The start of a week, counted from 2025-01-06.
fn week(k: usize) -> String {
    let day = jiff::civil::date(2025, 1, 6).checked_add(jiff::Span::new().weeks(i64::try_from(k).unwrap())).unwrap();
    day.to_string()
}

fn report(k: usize, features: &[Value]) -> String {
    json!({
        "schema": "presscheck.drift/1", "tool": "presscheck drift 0.1.0", "reference": "train 2024",
        "current": format!("week {}", week(k)), "share_threshold": 0.5,
        "window": {"start": format!("{}T00:00:00Z", week(k)), "end": format!("{}T00:00:00Z", week(k + 1))},
        "features": features,
    })
    .to_string()
}

/// A number in [0, 1) that is the same every time.
fn noise(seed: usize) -> f64 {
    let x = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 11) as f64 / (1u64 << 53) as f64
}

/// Both methods of one feature in one week: some drift from the middle on, some are not computed now and then,
/// a few alarms are chance.
fn feature(name: &str, i: usize, k: usize, weeks: usize) -> Vec<Value> {
    let moved = if i.is_multiple_of(7) { 0.04 * k.saturating_sub(weeks / 2) as f64 } else { 0.0 };
    let base = json!({"feature": name, "kind": if i % 5 == 3 { "categorical" } else { "numeric" }});
    let with = |more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    if i % 11 == 5 && k % 9 == 4 {
        let why = json!({"not_computed": "constant in both"});
        return ["psi", "ks"].map(|m| with(json!({"method": m, "threshold": 0.2, "column": why}))).into();
    }
    let psi = 0.02 + 0.12 * noise(i * 1000 + k) + moved;
    let p = (-70.0 * psi).exp();
    let heights = |mu: f64| -> Vec<f64> {
        (0..12).map(|b| (1000.0 * (-((f64::from(b) - mu) / 3.0).powi(2)).exp()).round()).collect()
    };
    let quantiles = |m: f64| {
        json!([[0, 18], [0.05, m - 18.0], [0.25, m - 8.0], [0.5, m], [0.75, m + 8.0], [0.95, m + 18.0], [1, 88]])
    };
    let column = json!({
        "importance": 1.0 / (1.0 + i as f64),
        "effect": {"name": "difference of means in standard deviations", "value": moved / 2.0},
        "reference": {"rows": 77_000, "missing": 300, "distinct": 71, "mean": 41.9, "std": 11.2, "quantiles": quantiles(41.0)},
        "current": {"rows": 77_000, "missing": 310, "distinct": 71, "mean": 41.9 + moved, "std": 11.2, "quantiles": quantiles(41.0 + 6.0 * moved)},
    });
    let distribution = json!({
        "edges": (0..13).map(|e| 18 + 6 * e).collect::<Vec<_>>(), "reference": heights(4.0), "current": heights(4.0 + moved),
    });
    vec![
        with(
            json!({"method": "psi", "score": psi, "threshold": 0.2, "drifted": psi > 0.2, "column": column, "distribution": distribution}),
        ),
        with(
            json!({"method": "ks", "score": psi / 2.0, "p_value": p, "threshold": 1e-4, "drifted": p < 1e-4, "column": column}),
        ),
    ]
}

/// A project with so many features and weeks.
fn generated(features: usize, weeks: usize) -> Project {
    let mut project = version();
    for k in 0..weeks {
        let all: Vec<Value> =
            (0..features).flat_map(|i| feature(&format!("feature_{i:03}_of_a_customer"), i, k, weeks)).collect();
        project = project.file(&format!("runs/churn/1.4.0/drift/{}.json", week(k)), report(k, &all));
    }
    project
}

/// The pages on drift, with what a reader sees of them.
fn pages(project: &Project) -> Vec<(String, String)> {
    let files = project.files("public");
    let html = files.into_iter().filter(|(path, _)| path.contains("drift") && path.ends_with(".html"));
    html.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn page(project: &Project) -> String {
    project.read("public/models/churn/1.4.0-drift.html")
}

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
    let out = out
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// No page of drift is heavier, in bytes.
const LIMIT: usize = 150_000;

#[test]
fn pages_stay_light_and_lose_nothing() {
    for (features, weeks) in [(5, 12), (200, 52), (500, 12)] {
        let project = generated(features, weeks);
        project.run(&["build"]).code(0);
        let pages = pages(&project);
        let mut seen = String::new();
        for (path, html) in &pages {
            assert!(html.len() < LIMIT, "{features} × {weeks}, {path}: {} bytes", html.len());
            for table in html.split("<table class=\"t many\">").skip(1) {
                let _ = write!(seen, "{}", text(table.split("</table>").next().unwrap()));
            }
        }
        for i in 0..features {
            let name = format!("feature_{i:03}_of_a_customer");
            assert_eq!(seen.matches(&name).count(), 1, "{features} × {weeks}: {name} stands in one table");
        }
        let csv = project.read("public/data/drift/churn/1.4.0.csv");
        assert_eq!(csv.lines().count(), 1 + features * weeks * 2, "a line for each feature, window and method");
        assert_eq!(csv.contains(",constant in both,"), features > 5, "{features} × {weeks}");
    }
}

#[test]
fn the_bytes_are_the_same_on_any_number_of_threads() {
    let (a, b) = (generated(60, 8), generated(60, 8));
    a.run(&["build"]).code(0);
    b.run(&["build", "--threads", "1"]).code(0);
    assert_eq!(a.files("public"), b.files("public"));
}

fn psi(name: &str, score: f64, column: &Value) -> Value {
    json!({"feature": name, "kind": "numeric", "method": "psi", "score": score, "threshold": 0.2, "drifted": score > 0.2, "column": column})
}

fn moved(from: f64, to: f64) -> Value {
    let side = |m: f64| json!({"rows": 770, "missing": 0, "quantiles": [[0.25, m - 8.0], [0.5, m], [0.75, m + 8.0]]});
    json!({"reference": side(from), "current": side(to)})
}

#[test]
fn a_feature_is_told_as_a_person_would() {
    let project = version()
        .file("runs/churn/1.4.0/drift/a.json", report(0, &[psi("age", 0.1, &moved(41.0, 41.0))]))
        .file("runs/churn/1.4.0/drift/b.json", report(1, &[psi("age", 0.28, &moved(41.0, 46.0))]))
        .file("runs/churn/1.4.0/drift/c.json", report(2, &[psi("age", 0.31, &moved(41.0, 47.0))]));
    project.run(&["build"]).code(0);
    let page = text(&page(&project));
    assert!(page.contains("age moved up: median 41 → 47; PSI 0.31 > 0.2 since 2025-01-13."), "{page}");
    assert!(page.contains("median 41 47"), "both sides stand in a table: {page}");
    assert!(page.contains("2025-01-13 2 of 3"), "the first alarm and how many there were: {page}");
}

#[test]
fn what_was_not_computed_is_not_called_stable() {
    let why = json!({"feature": "age", "method": "psi", "column": {"not_computed": "all rows are null"}});
    let project = version()
        .file("runs/churn/1.4.0/drift/a.json", report(0, &[psi("age", 0.1, &json!({})), psi("zip", 0.1, &json!({}))]))
        .file("runs/churn/1.4.0/drift/b.json", report(1, &[why, psi("zip", 0.1, &json!({}))]));
    project.run(&["build"]).code(0);
    let html = page(&project);
    let said = text(&html);
    assert!(said.contains("age was not computed: all rows are null."), "{said}");
    assert!(said.contains("1 could not be computed: that is not the same as stable."), "{said}");
    assert!(said.contains("all rows are null (1 window: 2025-01-13)"), "{said}");
    assert!(
        said.contains("Drift of churn 1.4.0 ? not judged"),
        "data of which a column is unknown is not stable: {said}"
    );
    assert!(html.contains("class=\"miss fail\"") && html.contains(">not computed</text>"), "the heat map marks it");
}

#[test]
fn a_verdict_against_its_own_numbers_stands_beside_them() {
    let mut odd = psi("age", 0.05, &json!({}));
    odd["drifted"] = true.into();
    let project = version().file("runs/churn/1.4.0/drift/a.json", report(0, &[odd, psi("zip", 0.3, &json!({}))]));
    project.run(&["build"]).code(0);
    let said = text(&page(&project));
    assert!(said.contains("The report and its numbers disagree"), "{said}");
    assert!(said.contains("age PSI 0.05 < 0.2 ▲ drifted ✓ stable"), "{said}");
    assert_eq!(said.matches("its own numbers do not").count(), 1, "{said}");
}

#[test]
fn all_versions_of_a_model_have_a_page_together() {
    let project = version()
        .file("runs/churn/1.3.0/metrics.json", "{\"auc\": 0.9}")
        .file("runs/churn/1.3.0/drift/a.json", report(0, &[psi("age", 0.1, &json!({}))]))
        .file("runs/churn/1.4.0/drift/b.json", report(1, &[psi("age", 0.3, &json!({}))]));
    project.run(&["build"]).code(0);
    let model = project.read("public/models/churn/index.html");
    assert!(model.contains("<a href=\"drift.html\">"), "{model}");
    assert!(text(&model).contains("Share of features that drifted, by version"), "{model}");
    let drift = text(&project.read("public/models/churn/drift.html"));
    assert!(drift.contains("1.4.0 ▲ drifted 1 of 1 2025-01-13 1 2025-01-13"), "{drift}");
    assert!(drift.contains("1.3.0 ✓ stable 0 of 1 2025-01-06 1"), "{drift}");
    assert!(drift.contains("Each version is compared with its own reference."), "{drift}");
    // One version alone has no page of its model; the link leads to its own.
    let alone = version().file("runs/churn/1.4.0/drift/b.json", report(1, &[psi("age", 0.3, &json!({}))]));
    alone.run(&["build"]).code(0);
    assert!(!alone.files("public").contains_key("models/churn/drift.html"));
    assert!(alone.read("public/models/churn/index.html").contains("<a href=\"1.4.0-drift.html\">"));
}

#[test]
fn a_version_that_is_called_drift_takes_no_page_away() {
    let one = report(0, &[psi("age", 0.3, &json!({}))]);
    let project = version()
        .file("runs/churn/1.4.0/drift/a.json", &one)
        .file("runs/churn/drift/metrics.json", "{\"auc\": 0.9}")
        .file("runs/churn/drift/drift/a.json", &one);
    project.run(&["build"]).code(0);
    assert!(project.read("public/models/churn/drift.html").contains("<h1>Drift of churn</h1>"));
}

#[test]
fn monitoring_series_carry_the_dates_of_promotion_and_first_alarm() {
    let rule = "[stage.production]\n[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.8\n";
    let mut series = "step,time,latency\n".to_owned();
    for k in 0..10 {
        let _ = writeln!(series, "{k},{}T00:00:00Z,{}", week(k), 10 + k);
    }
    let project = version()
        .file("presscheck.toml", format!("{CONFIG}{rule}"))
        .file("runs/churn/1.4.0/series.csv", series)
        .file("runs/churn/1.4.0/drift/a.json", report(4, &[psi("age", 0.3, &json!({}))]));
    project.run(&["gate", "churn@1.4.0", "--stage", "production", "--as-of", "2025-01-20", "--record"]).code(0);
    project.run(&["build"]).code(0);
    let html = page(&project);
    assert!(html.contains("<title>2025-01-20: 1.4.0 passed for production</title>"), "{html}");
    assert!(html.contains("<title>2025-02-03: first drift alarm, age</title>"), "{html}");
}

#[test]
fn names_of_any_length_and_script_are_text_in_their_place() {
    let names = [
        "x".repeat(200),
        "عمر العميل عند التسجيل".to_owned(),
        "<script>alert(1)</script>".to_owned(),
        "名前".repeat(60),
        "a\u{202e}b".to_owned(),
        "=cmd|' /C calc'!A0".to_owned(),
    ];
    let project = (0..3).fold(version(), |project, k| {
        let all: Vec<Value> = names.iter().enumerate().flat_map(|(i, name)| feature(name, i, k, 3)).collect();
        project.file(&format!("runs/churn/1.4.0/drift/{k}.json"), report(k, &all))
    });
    project.run(&["build"]).code(0);
    for (path, html) in pages(&project) {
        for never in ["<script", " style=", "onerror=\"", "\u{202e}"] {
            assert!(!html.contains(never), "{path} holds {never}");
        }
    }
    let html = page(&project);
    assert!(
        html.contains("<bdi>عمر العميل عند التسجيل</bdi>") && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;")
    );
    assert!(project.read("public/data/drift/churn/1.4.0.csv").contains(",'=cmd|' /C calc'!A0,"));
}

#[test]
fn reports_of_every_tool_are_drawn_alike() {
    let tools = [
        "alibi-detect-0.13.0",
        "cloud-samples",
        "deepchecks-0.19.1",
        "evidently-0.4.40",
        "evidently-0.7.23",
        "frouros-0.9.0",
        "nannyml-0.13.1",
        "tfdv-1.16.1",
        "whylogs-1.6.4",
    ];
    for tool in tools {
        let Some(folder) = corpus::folder(&format!("drift/{tool}")) else { return };
        let project = version();
        copy(&folder, &project.path().join("runs/churn/1.4.0"));
        project.run(&["build", "--keep-going"]).code(0);
        let pages = pages(&project);
        assert!(!pages.is_empty(), "{tool}");
        for (path, html) in &pages {
            assert!(html.len() < LIMIT, "{tool}, {path}: {} bytes", html.len());
            assert!(!html.contains("NaN</text>") && !html.contains("the chart is incomplete"), "{tool}, {path}");
        }
        let all: String = pages.iter().map(|p| text(&p.1)).collect();
        assert!(all.contains(" drifted") && all.contains("All features"), "{tool}");
        // What these tools say of their own numbers is right: nothing is told apart that is not.
        assert!(!all.contains("its own numbers do not"), "{tool}");
    }
}
