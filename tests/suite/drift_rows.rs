//! What `presscheck drift` says of rows as a whole, against what pandas, scikit-learn and scipy say of the same files.

use presscheck::drift::summary::Rows;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::project::{Project, Ran};

const REFERENCE: &str = include_str!("../fixtures/drift/labels/reference.csv");
const CURRENT: &str = include_str!("../fixtures/drift/labels/current.csv");

fn truth() -> Value {
    serde_json::from_str(include_str!("../fixtures/drift/labels/truth.json")).unwrap()
}

fn project() -> Project {
    Project::new().file("ref.csv", REFERENCE).file("cur.csv", CURRENT)
}

fn drift(project: &Project, more: &[&str]) -> Ran {
    project.run(&[&["drift", "--reference", "ref.csv", "--current"], more].concat())
}

fn reports(project: &Project, more: &[&str]) -> Vec<Value> {
    let ran = drift(project, &[more, &["--format", "json"]].concat()).code(0);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// As many as `DataFrame.duplicated` counts, however the rows are split and whatever the format.
#[test]
fn rows_that_repeat_another_are_counted() {
    let truth = truth();
    let (head, lines) = CURRENT.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let part = |lines: &[&str]| format!("{head}\n{}\n", lines.join("\n"));
    let objects: String = csv::Reader::from_reader(CURRENT.as_bytes())
        .deserialize::<std::collections::BTreeMap<String, String>>()
        .map(|row| {
            let row = row.unwrap().into_iter().filter(|(_, cell)| !cell.is_empty());
            let cell = |c: String| c.parse::<f64>().map_or_else(|_| json!(c), |n| json!(n));
            Value::Object(row.map(|(k, c)| (k, cell(c))).collect()).to_string() + "\n"
        })
        .collect();
    let project = project()
        .file("parts/1.csv", part(&lines[..200]))
        .file("parts/2.csv", part(&lines[200..]))
        .file("cur.jsonl", objects);
    for current in ["cur.csv", "parts", "cur.jsonl"] {
        let report = reports(&project, &[current, "--duplicates"]).remove(0);
        let side = |side: &str| {
            let of = &report["duplicates"][side];
            (of["rows"].clone(), of["duplicates"].clone(), of["error"].clone())
        };
        let wanted = |side: &str| (truth[side]["rows"].clone(), truth[side]["duplicates"].clone(), Value::Null);
        assert_eq!(side("reference"), wanted("reference"), "{current}");
        assert_eq!(side("current"), wanted("current"), "{current}");
    }
    assert_eq!(reports(&project, &["cur.csv"])[0].get("duplicates"), None);
    drift(&project, &["cur.csv", "--duplicates"])
        .code(0)
        .stdout_has("rows that repeat another: 5.51 % in the reference, 10.71 % now");
}

/// What was counted is in the report that is written, on the page, and in what is read back; what was not says why.
#[test]
fn repeated_rows_are_shown_and_read_back() {
    let project = project()
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("bad.jsonl", "{\"age\": 1, \"odd\": {\"a\": 1}}\n{\"age\": 2, \"odd\": {\"a\": 2}}\n");
    drift(&project, &["cur.csv", "--duplicates", "-o", "runs/m/1/drift"]).code(0);
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    assert_eq!(view["drift"][0]["duplicates"]["current"], json!({"rows": 560, "duplicates": 60}));
    project.run(&["build"]).code(0);
    let said = b"Rows that repeat another: 5.51 % in the reference, 10.71 % now.";
    assert!(project.files("public").values().any(|page| page.windows(said.len()).any(|at| at == said)));
    let report = reports(&project, &["bad.jsonl", "--duplicates"]).remove(0);
    let why = report["duplicates"]["not_computed"].as_str().unwrap();
    assert!(why.starts_with("the current data: column 'odd' is of type"), "{why}");
    assert_eq!(report["duplicates"].get("current"), None);
    let file = project.files("runs/m/1/drift").into_keys().next().unwrap();
    let text = project.read(&format!("runs/m/1/drift/{file}"));
    let project =
        project.file(&format!("runs/m/1/drift/{file}"), text.replace("\"duplicates\":60", "\"duplicates\":600"));
    project.run(&["check"]).stderr_has("what is said beside the features has the wrong shape");
}

/// Months of the calendar, against pandas; a month without rows is told, and so is a length that there is not.
#[test]
fn windows_of_months_are_those_of_the_calendar() {
    let truth = truth();
    let months = truth["months"].as_object().unwrap();
    let project = project();
    let found = reports(&project, &["cur.csv", "--time", "at", "--every", "1mo", "--duplicates"]);
    assert_eq!(found.len(), months.len());
    for (report, (month, facts)) in found.iter().zip(months) {
        assert_eq!(report["window"]["start"], format!("{month}-01T00:00:00Z"));
        let current = &report["duplicates"]["current"];
        assert_eq!((&current["rows"], &current["duplicates"]), (&facts["rows"], &facts["duplicates"]), "{month}");
    }
    assert_eq!(found[1]["window"]["end"], "2026-03-01T00:00:00Z");
    let quarter = reports(&project, &["cur.csv", "--time", "at", "--every", "3mo"]);
    assert_eq!(quarter.len(), 1);
    assert_eq!(quarter[0]["window"], json!({"start": "2026-01-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}));
    let (head, lines) = CURRENT.split_once('\n').unwrap();
    let kept: Vec<&str> = lines.lines().filter(|line| !line.starts_with("2026-02")).collect();
    let project = project.file("gap.csv", format!("{head}\n{}\n", kept.join("\n")));
    drift(&project, &["gap.csv", "--time", "at", "--every", "1mo"])
        .code(0)
        .stderr_has("'gap.csv' has no rows in windows from 2026-02-01 00:00 UTC on");
    drift(&project, &["cur.csv", "gap.csv", "--time", "at"]).code(0).stderr_has("overlap in time");
    drift(&project, &["cur.csv", "--time", "at", "--every", "1y"]).code(2).stderr_has("m, h, d, w or mo");
    drift(&project, &["cur.csv", "--time", "at", "--every", "0mo"]).code(2);
}

/// Without importances those of the run stand, and the report says which file they are from; given ones stay.
#[test]
fn importances_are_those_of_the_run() {
    let config = "schema = 1\n[[source]]\npath = \"runs\"\n[[drift.report]]\nrun = \"runs/m/1\"\n\
                  reference = \"ref.csv\"\ncurrent = \"cur.csv\"\n";
    let project = project()
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("runs/m/1/importance.csv", "feature,importance\nage,0.4\nprice,-0.1\nother,1\n");
    drift(&project, &["cur.csv", "-o", "runs/m/1/drift"])
        .code(0)
        .stdout_has("importances from runs/m/1/importance.csv");
    let importances = |report: &Value| -> Vec<(String, Value)> {
        let entries = report["features"].as_array().unwrap().iter();
        let known = entries.filter(|f| f["column"]["importance"].is_number());
        known.map(|f| (f["feature"].as_str().unwrap().to_owned(), f["column"]["importance"].clone())).collect()
    };
    let wanted = [("age".to_owned(), json!(0.4)), ("price".to_owned(), json!(0.1))];
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    assert_eq!(importances(&view["drift"][0]), wanted);
    assert!(view["drift"][0]["importances_from"].as_str().unwrap().starts_with("runs/m/1/importance.csv"));
    let given = reports(&project, &["cur.csv", "-o", "runs/m/1/drift", "--importance", "age=2"]).remove(0);
    assert_eq!(importances(&given), [("age".to_owned(), json!(2.0))]);
    assert_eq!(given.get("importances_from"), None);
    // Nothing is taken from a folder that is no run's.
    assert!(importances(&reports(&project, &["cur.csv", "-o", "drift"])[0]).is_empty());
    let project = Project::new()
        .file("presscheck.toml", config)
        .file("ref.csv", REFERENCE)
        .file("cur.csv", CURRENT)
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("runs/m/1/importance.csv", "feature,importance\nage,0.4\nprice,-0.1\n");
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    assert_eq!(importances(&view["drift"][0]), wanted);
}

/// Metrics by window against scikit-learn and scipy; rows whose label has not come yet are counted.
#[test]
fn performance_by_window_with_intervals() {
    let truth = truth();
    let project = project();
    let near = |what: &str, ours: &Value, theirs: &Value| {
        let (a, b) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {a} is not {b}");
    };
    let check = |side: &Value, facts: &Value, metrics: &[&str], what: &str| {
        assert_eq!(side["labelled"], facts["labelled"], "{what}");
        assert_eq!(
            side["unlabelled"].as_u64().unwrap() + side["labelled"].as_u64().unwrap(),
            facts["rows"].as_u64().unwrap()
        );
        let found = side["metrics"].as_array().unwrap();
        assert_eq!(found.len(), metrics.len(), "{what}: {side}");
        for (found, metric) in found.iter().zip(metrics) {
            assert_eq!(found["metric"], *metric);
            let wanted = &facts[*metric];
            // The interval of the AUC is the gate's, which has tests of its own.
            match wanted.as_array() {
                Some(list) => {
                    for (key, wanted) in ["value", "low", "high"].iter().zip(list) {
                        near(&format!("{what} {metric} {key}"), &found[*key], wanted);
                    }
                }
                None => {
                    near(&format!("{what} {metric}"), &found["value"], wanted);
                    assert!(found["low"].as_f64() < found["value"].as_f64(), "{found}");
                }
            }
        }
    };
    for (prediction, target, task, metrics) in [
        ("score", "label", "score", &["auc", "brier"][..]),
        ("answer", "truth", "class", &["accuracy"]),
        ("price", "paid", "value", &["mae", "mse", "bias"]),
    ] {
        let sides = ["cur.csv", "--prediction", prediction, "--target", target];
        let whole = reports(&project, &sides).remove(0);
        assert_eq!(whole["performance"]["task"], task);
        assert_eq!(
            (&whole["features"][0]["feature"], &whole["features"][1]["feature"]),
            (&json!(prediction), &json!(target))
        );
        check(&whole["performance"]["reference"], &truth["reference"], metrics, task);
        check(&whole["performance"]["current"], &truth["current"], metrics, task);
        let months = reports(&project, &[&sides[..], &["--time", "at", "--every", "1mo"]].concat());
        for (report, (month, facts)) in months.iter().zip(truth["months"].as_object().unwrap()) {
            check(&report["performance"]["current"], facts, metrics, month);
        }
    }
    drift(&project, &["cur.csv", "--prediction", "score", "--target", "label"])
        .code(0)
        .stdout_has("(439 with a label, 121 without one yet, 0 without a prediction)");
    // What is written is read back, and what cannot be computed says why.
    let project = project
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("late.csv", "score,label\n0.5,\n0.7,\n")
        .file("none.csv", "label\n1\n0\n");
    drift(&project, &["cur.csv", "--prediction", "score", "--target", "label", "-o", "runs/m/1/drift"]).code(0);
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    assert_eq!(view["drift"][0]["performance"]["current"]["unlabelled"], 121);
    project.run(&["build"]).code(0);
    let page = project.read("public/models/m/1-drift.html");
    for part in [
        "Performance where labels are known",
        "auc by window",
        "brier by window",
        "439 rows with a label, 121 rows without one yet",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let odd = reports(&project, &["late.csv", "none.csv", "--prediction", "score", "--target", "label"]);
    let late = &odd[0]["performance"]["current"];
    assert_eq!((&late["labelled"], &late["unlabelled"]), (&json!(0), &json!(2)));
    assert_eq!(late["not_computed"][0], "no row has both a prediction and a label");
    assert_eq!(odd[1]["performance"]["not_computed"], "the current data: 'none.csv' lacks the column 'score'");
    drift(&project, &["cur.csv", "--prediction", "scor", "--target", "label"])
        .code(2)
        .stderr_has("did you mean the column 'score'?");
}

proptest! {
    /// In any order and any split the same is said; without a limit it is exact, with one it is near.
    #[test]
    fn counts_of_rows_depend_on_no_order(rows in prop::collection::vec(0_u64..3_000, 1..4_000), cut in 0_usize..4_000, most in 64_usize..600) {
        // Digests are spread evenly.
        let digest = |n: &u64| u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n >> 3) << 17 | u128::from(n.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 20);
        let count = |parts: &[&[u64]], most: usize| {
            let mut all = Rows::with_limit(most);
            for part in parts {
                let mut rows = Rows::with_limit(most);
                part.iter().for_each(|row| rows.add(digest(row)));
                all.merge(rows);
            }
            all.finish()
        };
        let cut = cut.min(rows.len());
        let different = rows.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        prop_assert_eq!(count(&[&rows], usize::MAX), (rows.len() as u64, rows.len() as u64 - different, None));
        let whole = count(&[&rows], most);
        prop_assert_eq!(whole, count(&[&rows[cut..], &rows[..cut]], most));
        prop_assert_eq!(whole.2.is_some(), different as usize > most);
        if let Some(error) = whole.2 {
            let off = (whole.1 as f64 - (rows.len() as u64 - different) as f64).abs() / rows.len() as f64;
            prop_assert!(off <= 6.0 * error, "{} {}", off, error);
        }
    }
}
