//! Evidently and JUnit files: every drift number, flag, test and distribution of the corpus, and
//! fixtures that need no corpus. Values of metrics are compared in `src/import/evidently/tests.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use presscheck::diag::{Diagnostic, Severity};
use presscheck::model::{Check, DistributionSide, DriftReport, FeatureDrift, Registry, SideUnit};
use serde_json::Value;

use crate::corpus;

/// Evidently's method ids and display names, and our canonical names.
const METHODS: &[(&str, &str, Option<&str>)] = &[
    ("ks", "K-S p_value", Some("ks")),
    ("z", "Z-test p_value", Some("z_test")),
    ("chisquare", "chi-square p_value", Some("chi_square")),
    ("jensenshannon", "Jensen-Shannon distance", Some("jensen_shannon")),
    ("wasserstein", "Wasserstein distance (normed)", Some("wasserstein_normed")),
    ("kl_div", "Kullback-Leibler divergence", Some("kl_divergence")),
    ("psi", "PSI", Some("psi")),
    ("hellinger", "Hellinger distance", Some("hellinger")),
    ("ed", "Energy-distance", Some("energy")),
    ("anderson", "Anderson-Darling", Some("anderson_darling")),
    ("cramer_von_mises", "Cramer-von Mises", Some("cramer_von_mises")),
    ("es", "Epps-Singleton", None),
    ("mannw", "Mann-Whitney U-rank test", Some("mann_whitney")),
    ("t_test", "t_test", Some("t_test")),
    ("TVD", "Total-Variation-Distance", Some("total_variation")),
    ("abs_text_content_drift", "Absolute text content drift", Some("domain_classifier")),
];

fn canonical(display: &str) -> Option<&'static str> {
    METHODS.iter().find(|m| m.1 == display).unwrap_or_else(|| panic!("{display} is not in the table")).2
}

fn report<'r>(registry: &'r Registry, id: &str) -> &'r DriftReport {
    registry.drift.iter().find(|d| d.id == id).unwrap_or_else(|| panic!("no drift report {id}"))
}

fn checks<'r>(registry: &'r Registry, path: &str) -> Vec<&'r Check> {
    let prefix = format!("{path}#tests/");
    let mut found: Vec<(usize, &Check)> = registry
        .checks
        .iter()
        .filter_map(|c| c.id.strip_prefix(&prefix).map(|index| (index.parse().unwrap(), c)))
        .collect();
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, check)| check).collect()
}

/// Whether a number of `expected.json` (non-finite ones are text there) is the same.
fn same(ours: f64, theirs: &Value) -> bool {
    match theirs {
        Value::Number(n) => n.as_f64() == Some(ours),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "nan" => ours.is_nan(),
            "inf" | "infinity" => ours == f64::INFINITY,
            _ => false,
        },
        Value::Null => ours.is_nan(),
        _ => false,
    }
}

fn compare_feature(place: &str, ours: &FeatureDrift, theirs: &Value) {
    let at = format!("{place}: {}", ours.feature);
    assert_eq!(ours.feature, theirs["column"].as_str().unwrap(), "{at}");
    let score = ours.score.unwrap_or_else(|| panic!("{at} has no score")).as_f64();
    assert!(same(score, &theirs["score"]), "{at}: {score} is not {}", theirs["score"]);
    assert_eq!(ours.threshold.map(|t| t.get()), theirs["threshold"].as_f64(), "{at}");
    assert_eq!(ours.drifted, theirs["drifted"].as_bool(), "{at}");
    let display = theirs["method_display"].as_str().unwrap();
    assert_eq!(ours.method.map(|m| m.as_str()), canonical(display), "{at}");
    let label = theirs["method_in_json"].as_str().unwrap_or(display);
    let id = METHODS.iter().find(|m| m.1 == display).unwrap().0;
    assert!(ours.method_label == label || ours.method_label == id, "{at}: {}", ours.method_label);
    let p_value = matches!(theirs["score_kind"].as_str(), Some("p_value"));
    if theirs.get("score_kind").is_some() {
        assert_eq!(ours.p_value.is_some(), p_value, "{at}");
    }
    let kind = match theirs["type"].as_str() {
        Some("num") => "numeric",
        Some("cat") => "categorical",
        other => other.unwrap_or_default(),
    };
    assert!(ours.kind.is_empty() || kind.is_empty() || ours.kind == kind, "{at}: {} is not {kind}", ours.kind);
}

fn compare_dataset(place: &str, ours: &DriftReport, theirs: &Value) {
    if theirs.is_null() {
        assert_eq!(ours.drifted, None, "{place}");
        return;
    }
    assert_eq!(ours.drifted, theirs["dataset_drift"].as_bool(), "{place}");
    assert_eq!(ours.share_drifted.map(|s| s.get()), theirs["drifted_share"].as_f64(), "{place}");
    assert_eq!(ours.share_threshold.map(|s| s.get()), theirs["drift_share_threshold"].as_f64(), "{place}");
}

fn compare_columns(place: &str, ours: &DriftReport, theirs: &Value) {
    // A column that two presets measured alike is one feature.
    let mut theirs = theirs.as_array().unwrap().clone();
    let mut seen = Vec::new();
    theirs.retain(|column| {
        !seen.contains(column) && {
            seen.push(column.clone());
            true
        }
    });
    assert_eq!(ours.features.len(), theirs.len(), "{place}");
    for (ours, theirs) in ours.features.iter().zip(&theirs) {
        compare_feature(place, ours, theirs);
    }
}

fn status(theirs: &str) -> &'static str {
    match theirs {
        "SUCCESS" => "pass",
        "FAIL" => "fail",
        "WARNING" => "warn",
        "ERROR" => "error",
        "SKIPPED" => "skipped",
        other => panic!("{other}"),
    }
}

fn compare_checks(place: &str, ours: &[&Check], tests: &Value, counts: &Value) {
    let tests = tests.as_array().unwrap();
    assert_eq!(ours.len(), tests.len(), "{place}");
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (ours, theirs) in ours.iter().zip(tests) {
        assert_eq!(ours.name, theirs["name"].as_str().unwrap(), "{place}");
        assert_eq!(ours.status.as_str(), status(theirs["status"].as_str().unwrap()), "{place}: {}", ours.name);
        assert_eq!(ours.message, theirs["description"].as_str().unwrap().replace("**", ""), "{place}");
        assert!(ours.suite.starts_with("evidently: "), "{place}");
        *counted.entry(ours.status.as_str()).or_default() += 1;
    }
    let counts: BTreeMap<&str, u64> =
        counts.as_object().unwrap().iter().map(|(k, v)| (status(k), v.as_u64().unwrap())).filter(|c| c.1 > 0).collect();
    assert_eq!(counted, counts, "{place}");
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn texts(values: &Value) -> Vec<String> {
    values.as_array().unwrap().iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect()
}

fn compare_side(place: &str, ours: &DistributionSide, theirs: &Value) {
    match ours {
        DistributionSide::Numeric { edges, heights } => {
            assert_eq!(edges.iter().map(|e| e.get()).collect::<Vec<_>>(), numbers(&theirs["x"]), "{place}");
            assert_eq!(heights.iter().map(|e| e.get()).collect::<Vec<_>>(), numbers(&theirs["y"]), "{place}");
        }
        DistributionSide::Categorical { categories, heights } => {
            assert_eq!(*categories, texts(&theirs["x"]), "{place}");
            assert_eq!(heights.iter().map(|e| e.get()).collect::<Vec<_>>(), numbers(&theirs["y"]), "{place}");
        }
    }
}

/// Findings about files of these formats that are worse than a note. Values of metrics are judged
/// where runs are put together, which has its own tests.
fn problems(registry: &Registry) -> Vec<&Diagnostic> {
    let ours = |path: &str| path.ends_with(".json") || path.ends_with(".xml");
    let problems = registry.problems.iter().filter(|p| p.severity != Severity::Note);
    problems.filter(|p| p.path.as_deref().is_some_and(ours) && !p.code.as_str().starts_with("metric-")).collect()
}

fn cases(folder: &Path) -> Vec<Value> {
    corpus::json(&folder.join("expected.json"))["cases"].as_array().unwrap().clone()
}

#[test]
fn v0_7_reads_every_column_flag_and_test() {
    let Some(folder) = corpus::folder("drift/evidently-0.7.23") else { return };
    let registry = corpus::read(&folder);
    let (mut columns, mut tests, mut files, mut sides) = (0, 0, 0, 0);
    for case in cases(&folder) {
        let Some(file) = case["file"].as_str() else { continue };
        files += 1;
        let ours = checks(&registry, file);
        compare_checks(file, &ours, &case["tests"], &case["tests_summary"]);
        tests += ours.len();
        let snapshot = case["snapshot_file"].as_str();
        if let Some(snapshot) = snapshot {
            compare_checks(snapshot, &checks(&registry, snapshot), &case["tests"], &case["tests_summary"]);
        }
        if case.get("columns").is_none_or(Value::is_null) {
            assert!(!registry.drift.iter().any(|d| d.id.starts_with(file)), "{file}: no drift was asked for");
            continue;
        }
        for file in [Some(file), snapshot].into_iter().flatten() {
            let ours = report(&registry, file);
            compare_columns(file, ours, &case["columns"]);
            compare_dataset(file, ours, &case["dataset_level"]);
            assert_eq!(ours.tool, "evidently 0.7", "{file}");
            columns += ours.features.len();
        }
        let Some(distributions) = case["distributions"].as_object().filter(|d| !d.is_empty()) else { continue };
        let ours = report(&registry, snapshot.unwrap());
        assert_eq!(ours.features.len(), distributions.len(), "{file}");
        for feature in &ours.features {
            let theirs = &distributions[&feature.feature];
            let found = feature.distribution.as_ref().unwrap_or_else(|| panic!("{file}: {}", feature.feature));
            assert_eq!(found.unit, SideUnit::Count);
            compare_side(&feature.feature, &found.reference, &theirs["reference"]);
            compare_side(&feature.feature, &found.current, &theirs["current"]);
            let kind = if theirs["type"] == "num" { "numeric" } else { "categorical" };
            assert_eq!(feature.kind, kind, "{file}: {}", feature.feature);
            sides += 2;
        }
    }
    assert_eq!((files, columns, tests, sides), (108, 795, 1590, 20));
    assert!(problems(&registry).is_empty(), "{:#?}", problems(&registry));
}

#[test]
fn v0_7_reads_a_workspace() {
    let Some(folder) = corpus::folder("drift/evidently-0.7.23") else { return };
    let workspace = corpus::json(&folder.join("expected.json"))["workspace"].clone();
    let root = folder.join(workspace["path"].as_str().unwrap());
    let registry = corpus::read(&root);
    let project = workspace["project"].as_str().unwrap();
    let runs = workspace["runs"].as_array().unwrap();
    assert_eq!(registry.drift.len(), runs.len());
    for run in runs {
        let path = format!("{project}/snapshots/{}.json", run["id"].as_str().unwrap());
        let ours = report(&registry, &path);
        compare_columns(&path, ours, &run["columns"]);
        assert_eq!(ours.current, run["name"].as_str().unwrap());
        let time = presscheck::model::Instant::parse(run["timestamp"].as_str().unwrap());
        assert_eq!((ours.window.start, ours.window.end), (time, None));
        let found: Vec<_> = checks(&registry, &path).iter().map(|c| (c.name.clone(), c.status.as_str())).collect();
        let theirs: Vec<_> = run["tests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| (t[0].as_str().unwrap().to_owned(), status(t[1].as_str().unwrap())))
            .collect();
        assert_eq!(found, theirs, "{path}");
    }
    assert!(!registry.unrecognised.iter().any(|p| p.ends_with("metadata.json")), "{:?}", registry.unrecognised);
    assert!(problems(&registry).is_empty(), "{:#?}", problems(&registry));
}

fn legacy(version: &str, files: usize) {
    let Some(folder) = corpus::folder(&format!("drift/evidently-{version}")) else { return };
    let registry = corpus::read(&folder);
    let mut seen = 0;
    for case in cases(&folder) {
        let Some(file) = case["file"].as_str() else { continue };
        seen += 1;
        match case["kind"].as_str().unwrap() {
            "drift" => legacy_drift(version, &registry, file, &case),
            "tests" => {
                compare_checks(file, &checks(&registry, file), &case["tests"], &case["summary"]["by_status"]);
                if let Some(snapshot) = case["snapshot_file"].as_str() {
                    let counts = &case["summary"]["by_status"];
                    compare_checks(snapshot, &checks(&registry, snapshot), &case["tests"], counts);
                }
                assert!(!registry.drift.iter().any(|d| d.id.starts_with(file)), "{file}: scores of suites are rounded");
            }
            "model" | "quality" => {
                let columns = case["columns"].as_array().unwrap();
                match registry.drift.iter().find(|d| d.id == file) {
                    Some(ours) => compare_columns(file, ours, &case["columns"]),
                    None => assert!(columns.is_empty(), "{file}"),
                }
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(seen, files);
    // The cut variant lacks what it was cut from, and says so.
    let worse: Vec<_> = problems(&registry).into_iter().filter(|p| !p.place().contains(".include.json")).collect();
    assert!(worse.is_empty(), "{worse:#?}");
}

fn legacy_drift(version: &str, registry: &Registry, file: &str, case: &Value) {
    let ours = report(registry, file);
    compare_columns(file, ours, &case["columns"]);
    compare_dataset(file, ours, &case["dataset_level"]);
    assert_eq!(ours.tool, format!("evidently {version}"));
    assert!(ours.window.start.is_some(), "{file}");
    if let Some(cut) = case["include_file"].as_str() {
        let ours = report(registry, cut);
        compare_dataset(cut, ours, &case["dataset_level"]);
        assert!(ours.features.is_empty());
        assert_eq!(ours.tool, "evidently");
        assert_eq!(ours.window.start, None);
    }
    for (key, exact) in [("render_file", true), ("snapshot_file", true), ("file", false)] {
        let Some(path) = case[key].as_str() else { continue };
        let Some(distributions) = case["distributions"].as_object() else { continue };
        let ours = report(registry, path);
        compare_columns(path, ours, &case["columns"]);
        compare_dataset(path, ours, &case["dataset_level"]);
        for feature in &ours.features {
            let theirs = &distributions[&feature.feature];
            let found = feature.distribution.as_ref().unwrap();
            let small = if exact { "" } else { "_small" };
            compare_side(path, &found.reference, &theirs[format!("reference{small}")]);
            compare_side(path, &found.current, &theirs[format!("current{small}")]);
            let numeric = matches!(found.current, DistributionSide::Numeric { .. });
            assert_eq!(found.unit, if exact || !numeric { SideUnit::Count } else { SideUnit::Density });
        }
    }
}

#[test]
fn v0_4_reads_every_column_and_test() {
    legacy("0.4.40", 107);
}

#[test]
fn v0_6_reads_every_column_and_test() {
    legacy("0.6.7", 10);
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import")
}

fn flags(report: &DriftReport) -> Vec<(&str, &str, Option<bool>)> {
    report.features.iter().map(|f| (f.feature.as_str(), f.method_label.as_str(), f.drifted)).collect()
}

#[test]
fn a_report_of_0_7_with_and_without_tests() {
    let registry = corpus::read(&fixtures().join("evidently"));
    let single = report(&registry, "v0.7/flights-w06-single-metrics.json");
    assert_eq!(flags(single), [("dep_delay", "ks", Some(true)), ("航空会社", "Jensen-Shannon distance", Some(false))]);
    assert_eq!((single.drifted, single.share_threshold.map(|s| s.get())), (Some(false), Some(0.5)));
    assert_eq!(single.features[0].p_value, single.features[0].score);
    assert_eq!(single.features[1].p_value, None);
    assert_eq!(single.features[0].kind, "numeric");
    let names: Vec<_> = checks(&registry, "v0.7/flights-w06-single-metrics.json")
        .iter()
        .map(|c| (c.status.as_str(), c.name.as_str(), c.suite.as_str()))
        .collect();
    let suite = "evidently: flights-w06-single-metrics";
    assert_eq!(
        names,
        [
            ("fail", "Value Drift for column dep_delay", suite),
            ("pass", "Value Drift for column 航空会社", suite),
            ("pass", "Count of Drifted Columns: Less 2.000", suite),
            ("pass", "Share of Drifted Columns: Less or Equal 0.400", suite),
        ]
    );
    // Without tests the flags follow from score, threshold and the method's rule.
    let derived = report(&registry, "v0.7/breast_cancer-w05-notests.json");
    assert_eq!(derived.features.len(), 13);
    assert!(derived.features.iter().all(|f| f.drifted.is_some()));
    assert_eq!(derived.features.iter().filter(|f| f.drifted == Some(true)).count(), 10);
    assert!(checks(&registry, "v0.7/breast_cancer-w05-notests.json").is_empty());
}

#[test]
fn the_three_writings_of_one_legacy_report_agree() {
    let registry = corpus::read(&fixtures().join("evidently"));
    let plain = report(&registry, "v0.4/breast_cancer-w05-full.json");
    let render = report(&registry, "v0.4/breast_cancer-w05-full.render.json");
    let cut = report(&registry, "v0.4/breast_cancer-w05-full.include.json");
    assert_eq!(flags(plain), flags(render));
    for other in [render, cut] {
        assert_eq!(other.drifted, plain.drifted);
        assert_eq!(other.share_drifted, plain.share_drifted);
        assert_eq!(other.share_threshold, plain.share_threshold);
    }
    assert_eq!(plain.tool, "evidently 0.4.40");
    assert_eq!(cut.tool, "evidently");
    let unit = |r: &DriftReport| r.features[0].distribution.as_ref().unwrap().unit;
    assert_eq!((unit(plain), unit(render)), (SideUnit::Density, SideUnit::Count));
}

#[test]
fn a_legacy_suite_is_recounted_and_its_snapshot_reads_alike() {
    let registry = corpus::read(&fixtures().join("evidently"));
    let found = checks(&registry, "v0.4/penguins-model.json");
    let errors: Vec<_> = found.iter().filter(|c| c.status.as_str() == "error").map(|c| c.message.as_str()).collect();
    assert_eq!(errors, ["Test failed with exceptions: 'Chinstrap'"; 2]);
    assert!(!registry.problems.iter().any(|p| p.message.contains("the summary says")), "{:?}", registry.problems);
}

#[test]
fn junit_of_five_writers() {
    let registry = corpus::read(&fixtures().join("junit"));
    let of = |path: &str| -> Vec<(String, String, &'static str, String)> {
        checks(&registry, path)
            .iter()
            .map(|c| (c.suite.clone(), c.name.clone(), c.status.as_str(), c.message.clone()))
            .collect()
    };
    let row = |suite: &str, name: &str, status: &'static str, message: &str| {
        (suite.to_owned(), name.to_owned(), status, message.to_owned())
    };
    let pytest = of("pytest.xml");
    assert_eq!(pytest.len(), 6);
    assert_eq!(pytest[0], row("pytest", "test_data.test_passes[train]", "pass", ""));
    assert_eq!(
        pytest[1],
        row("pytest", "test_data.test_fails", "fail", "AssertionError: 3 is < not 4 & \"so\"\nassert 3 == 4")
    );
    assert_eq!(
        pytest[2],
        row("pytest", "test_data.test_errors", "error", "failed on setup with \"RuntimeError: no data\"")
    );
    assert_eq!(pytest[3], row("pytest", "test_data.test_skipped", "skipped", "not today"));
    assert_eq!(pytest[4].2, "skipped", "an expected failure");
    assert_eq!(pytest[5].2, "pass");
    let surefire = of("surefire.xml");
    assert_eq!(surefire[1].0, "com.example.ScoresTest");
    assert_eq!(surefire[1].1, "com.example.ScoresTest.lowScore");
    assert_eq!(surefire[1].2, "fail");
    assert_eq!(surefire[2].2, "pass", "passed after a retry");
    assert_eq!(
        of("jest.xml")[1],
        row("scores", "scores keeps order.scores keeps order", "fail", "Error: expect(received).toBe(expected)")
    );
    assert_eq!(of("gotestsum.xml")[1].2, "skipped");
    assert_eq!(of("nextest.xml")[1].3, "thread 'tests::low' panicked at src/lib.rs:9:5");
    assert!(problems(&registry).is_empty(), "{:#?}", problems(&registry));
}

#[test]
fn files_of_other_tools_are_left_to_them() {
    for below in ["drift", "cards", "trackers", "hostile"] {
        let Some(folder) = corpus::folder(below) else { return };
        let registry = corpus::read(&folder);
        let foreign: Vec<_> = (registry.drift.iter().map(|d| (&d.id, d.tool.as_str())))
            .chain(registry.checks.iter().map(|c| (&c.id, c.suite.as_str())))
            .filter(|(id, tool)| tool.starts_with("evidently") && !id.contains("evidently"))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}
