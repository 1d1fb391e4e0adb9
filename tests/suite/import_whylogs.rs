//! whylogs files: every drift score, constraint and summary of the corpus, and hostile ones.

use presscheck::model::{CheckStatus, Measured};
use serde_json::Value;

use crate::corpus;
use crate::project::Project;

fn same(ours: Option<Measured>, theirs: &Value) -> bool {
    match (ours.map(Measured::as_f64), theirs) {
        (None, Value::Null) => true,
        (Some(ours), Value::Number(n)) => n.as_f64() == Some(ours),
        (Some(ours), Value::String(text)) => {
            let theirs: f64 = text.to_ascii_lowercase().parse().unwrap();
            ours == theirs || (ours.is_nan() && theirs.is_nan())
        }
        _ => false,
    }
}

/// JSON with bare `NaN`, which becomes text; metrics are compared, and no name in them holds it.
#[expect(clippy::disallowed_methods, reason = "tests read their evidence")]
fn python_json(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap().replace(": NaN", ": \"NaN\"");
    serde_json::from_str(&text).unwrap()
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a corpus test says what it ran on")]
fn every_value_of_the_corpus_agrees() {
    let Some(folder) = corpus::folder("drift/whylogs-1.6.4") else { return };
    println!("{}", folder.display());
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    let (mut columns, mut constraints, mut numbers) = (0, 0, 0);
    for case in expected["cases"].as_array().unwrap() {
        let file = case["drift_file"].as_str().unwrap();
        let report = registry.drift.iter().find(|d| d.id == file).unwrap_or_else(|| panic!("no report {file}"));
        for theirs in case["columns"].as_array().unwrap() {
            let name = theirs["column"].as_str().unwrap();
            let ours = report.features.iter().find(|f| f.feature == name).unwrap();
            let at = format!("{file} {name}");
            if theirs["method"].is_null() {
                assert_eq!(ours.drifted, None, "{at}");
                continue;
            }
            assert_eq!(ours.method_label, theirs["method"].as_str().unwrap(), "{at}");
            assert!(same(ours.p_value, &theirs["p_value"]), "{at}");
            assert!(same(ours.score, &theirs["statistic"]), "{at}");
            assert_eq!(ours.drifted, theirs["drifted"].as_bool(), "{at}");
            assert_eq!(ours.threshold.unwrap().get(), 0.05, "{at}");
            columns += 1;
        }
        let file = case["hellinger_file"].as_str().unwrap();
        let ours = &registry.drift.iter().find(|d| d.id == file).unwrap().features[0];
        assert!(same(ours.score, &case["hellinger"]["statistic"]), "{file}");
        assert_eq!(ours.p_value, None, "{file}");
        assert_eq!(
            ours.threshold.unwrap().get(),
            case["hellinger"]["thresholds"]["DRIFT"][0].as_f64().unwrap(),
            "{file}"
        );
        assert_eq!(ours.drifted, Some(case["hellinger"]["drift_category"] == "DRIFT"), "{file}");
        let file = case["constraints_file"].as_str().unwrap();
        for (index, theirs) in case["constraints"].as_array().unwrap().iter().enumerate() {
            let check = registry.checks.iter().find(|c| c.id == format!("{file}#{index}")).unwrap();
            assert_eq!(check.name, theirs["name"].as_str().unwrap(), "{file}");
            let passed = theirs["failed"].as_u64() == Some(0);
            assert_eq!(check.status, if passed { CheckStatus::Pass } else { CheckStatus::Fail }, "{file} {index}");
            constraints += 1;
        }
        for file in case["profile_files"].as_array().into_iter().flatten().map(|f| f.as_str().unwrap()) {
            if !file.ends_with(".summary.json") {
                continue;
            }
            let truth = python_json(&folder.join(file));
            for id in [file.to_owned(), file.replace(".json", ".csv")] {
                let run = registry.runs.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no run {id}"));
                for (column, values) in truth.as_object().unwrap() {
                    for (metric, value) in
                        values.as_object().unwrap().iter().filter(|(_, v)| v.is_number() || *v == "NaN")
                    {
                        let ours = run.results.iter().find(|r| {
                            r.metric == *metric && r.slice.0.get("column").map(String::as_str) == Some(column)
                        });
                        // CSV has nothing where JSON has NaN, and where the type of a column has no such metric.
                        if ours.is_none() && value == "NaN" && id.ends_with(".csv") {
                            continue;
                        }
                        let ours = ours.unwrap_or_else(|| panic!("{id} lacks {metric} of {column}"));
                        assert!(same(Some(ours.value), value), "{id} {metric} {column}");
                        numbers += 1;
                    }
                }
            }
        }
    }
    assert!(columns > 150 && constraints > 80 && numbers > 500, "{columns} {constraints} {numbers}");
    assert_eq!(registry.unrecognised, ["expected.json"]);
    assert!(registry.problems.iter().any(|p| p.message.contains("binary whylogs profile")));
}

#[test]
fn odd_files_never_pass() {
    let mut project = Some(Project::new());
    let mut write = |name: &str, text: &str| project = project.take().map(|p| p.file(name, text));
    write(
        "a.drift.json",
        r#"{"x": {"algorithm": "ks", "pvalue": "0.9", "statistic": NaN, "drift_category": "FINE"}, "y": null, "z": {"algorithm": "magic", "drift_category": 3}}"#,
    );
    write("b.constraints.json", r#"[["x ok", 0, 0, null], ["y ok", -1, 0, null], ["z ok", 1, 1, null]]"#);
    write("c.constraints.json", r#"[["x ok", 1, 0]]"#);
    write("d.bin", "WHY1");
    let registry = corpus::read(project.unwrap().path());
    let flags: Vec<_> = registry.drift[0].features.iter().map(|f| f.drifted).collect();
    assert_eq!(flags, [None, None, None]);
    let passed = registry.checks.iter().filter(|c| c.status == CheckStatus::Pass).count();
    assert_eq!((registry.checks.len(), passed), (4, 1));
}
