//! What a document holds before anybody gathers it into a run: values of metrics against the corpus,
//! and files that lie, break off or are far too long.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::{Content, DocumentImporter};
use super::Evidently;
use crate::diag::Code;
use crate::model::{CheckStatus, Document, Measured, MetricResult, Slice};
use crate::source::FileData;

fn read_bytes(path: &str, bytes: impl Into<Vec<u8>>) -> Option<Document> {
    let data = FileData::from_bytes(path, bytes);
    let content = Content::new(&data);
    Evidently.sniff(&content).then(|| Evidently.read(&content))
}

fn read_value(value: &Value) -> Option<Document> {
    read_bytes("in/report.json", serde_json::to_vec(value).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn read_file(path: &Path) -> Document {
    read_bytes(&path.display().to_string(), bytes(path)).unwrap_or_else(|| panic!("{} is not ours", path.display()))
}

fn corpus(version: &str) -> Option<(PathBuf, Vec<Value>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["../shared/corpus", "../../shared/corpus"];
    let mut folders = folders.iter().map(|f| here.join(f).join("drift").join(format!("evidently-{version}")));
    let folder = folders.find(|f| f.exists())?;
    let expected: Value = serde_json::from_slice(&bytes(&folder.join("expected.json"))).unwrap();
    Some((folder, expected["cases"].as_array().unwrap().clone()))
}

fn fixture(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/evidently").join(below)
}

/// Whether a value is a number of `expected.json`, where non-finite ones are text.
fn same(ours: Measured, theirs: &Value) -> bool {
    match theirs {
        Value::Number(n) => n.as_f64() == Some(ours.as_f64()),
        Value::String(text) => Measured::parse(text) == Some(ours),
        Value::Null => ours.as_f64().is_nan(),
        _ => false,
    }
}

fn column(slice: &Slice) -> Option<&str> {
    slice.0.get("column").map(String::as_str)
}

/// The values that `expected.json` says a metric has: part, label, value.
fn expected_values(metric: &Value) -> Vec<(Option<String>, Option<String>, Value)> {
    let class = metric["metric"].as_str().unwrap();
    let Some(value) = metric["value"].as_object() else { return vec![(None, None, metric["value"].clone())] };
    let mut out = Vec::new();
    for (key, inner) in value {
        match inner.as_object() {
            Some(labels) => {
                out.extend(labels.iter().map(|(label, v)| (Some(key.clone()), Some(label.clone()), v.clone())));
            }
            None if class.ends_with("ByLabel") => out.push((None, Some(key.clone()), inner.clone())),
            None => out.push((Some(key.clone()), None, inner.clone())),
        }
    }
    out
}

/// Finds the result of a metric by everything that its parameters say.
fn find<'r>(
    results: &'r [MetricResult],
    metric: &Value,
    part: Option<&str>,
    label: Option<&str>,
) -> Vec<&'r MetricResult> {
    let mut class = metric["metric"].as_str().unwrap();
    let mut params = &metric["params"];
    let mut group = None;
    if class == "GroupByMetric" {
        group = Some((params["column_name"].as_str().unwrap(), params["label"].as_str().unwrap()));
        params = &params["metric"];
        class = params["type"].as_str().unwrap().rsplit(':').next().unwrap();
    }
    // The expectations were made with Python's keys, the file has JSON's.
    let label = match label {
        Some("True") => Some("true"),
        Some("False") => Some("false"),
        other => other,
    };
    let name = part.map_or_else(|| class.to_owned(), |p| format!("{class}.{p}"));
    let matches = |r: &&MetricResult| {
        r.metric == name
            && r.class.as_deref() == label
            && r.dataset.as_deref() == Some("current")
            && column(&r.slice) == params["column"].as_str()
            && group.is_none_or(|(key, value)| r.slice.0.get(key).is_some_and(|v| v == value))
            && ["quantile", "left", "right"].iter().all(|key| match params[*key].as_f64() {
                Some(number) => r.slice.0.get(*key).and_then(|v| v.parse().ok()) == Some(number),
                None => !r.slice.0.contains_key(*key),
            })
            && r.slice.0.contains_key("column_type") != params["column_type"].is_null()
    };
    results.iter().filter(matches).collect()
}

#[test]
fn v0_7_reads_every_value_of_the_corpus_in_reports_and_snapshots() {
    let Some((folder, cases)) = corpus("0.7.23") else { return };
    let mut values = 0;
    for case in cases {
        let (Some(file), Some(metrics)) = (case["file"].as_str(), case["metrics"].as_array()) else { continue };
        let snapshot = case["snapshot_file"].as_str();
        for file in [Some(file), snapshot].into_iter().flatten() {
            let document = read_file(&folder.join(file));
            assert!(document.speaks_of_a_run(), "{file}");
            assert!(document.run.rejected.is_empty(), "{file}: {:?}", document.run.rejected);
            // Two results with one key would contradict each other in a run.
            let mut keys: Vec<_> = document.run.results.iter().map(MetricResult::key).collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "{file}");
            let mut needed = 0;
            for metric in metrics {
                for (part, label, value) in expected_values(metric) {
                    let found = find(&document.run.results, metric, part.as_deref(), label.as_deref());
                    assert!(
                        found.iter().any(|r| same(r.value, &value)),
                        "{file}: {} {part:?} {label:?} = {value} is not in {found:?}",
                        metric["metric"]
                    );
                    needed += 1;
                }
            }
            assert!(document.run.results.len() <= needed, "{file}: nothing is made up");
            values += needed;
            let text = String::from_utf8(bytes(&folder.join(file))).unwrap();
            check_pointers(&text, &document.run.results);
        }
    }
    assert_eq!(values, 1_504);
}

/// Every result points at the place where its value stands.
fn check_pointers(text: &str, results: &[MetricResult]) {
    let data = FileData::from_bytes("x.json", text);
    let root = super::super::json::parse(&data).unwrap().value;
    for result in results {
        let mut at = &root;
        for token in result.source.pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            at = match at.items() {
                Some(items) => &items[token.parse::<usize>().unwrap()],
                None => at.get(&token).unwrap_or_else(|| panic!("{}", result.source)),
            };
        }
        assert_eq!(at.as_number(), Some(result.value), "{}", result.source);
    }
}

#[test]
fn legacy_quality_is_read_for_current_and_reference() {
    for version in ["0.4.40", "0.6.7"] {
        let Some((folder, cases)) = corpus(version) else { return };
        for case in cases.iter().filter(|c| c["kind"] == "model" || c["kind"] == "quality") {
            let file = case["file"].as_str().unwrap();
            let document = read_file(&folder.join(file));
            check_pointers(&String::from_utf8(bytes(&folder.join(file))).unwrap(), &document.run.results);
            let mut keys: Vec<_> = document.run.results.iter().map(MetricResult::key).collect();
            keys.sort();
            let all = keys.len();
            keys.dedup();
            assert_eq!(keys.len(), all, "{file}");
            for kind in ["regression", "classification"] {
                for dataset in ["current", "reference"] {
                    for (metric, value) in case[kind][dataset].as_object().into_iter().flatten() {
                        let found: Vec<_> = document
                            .run
                            .results
                            .iter()
                            .filter(|r| r.metric == *metric && r.dataset.as_deref() == Some(dataset) && r.is_overall())
                            .collect();
                        match value {
                            Value::Null => assert!(found.is_empty(), "{file}: {metric}"),
                            value => assert!(found.len() == 1 && same(found[0].value, value), "{file}: {metric}"),
                        }
                    }
                }
            }
            assert!(!document.run.results.is_empty(), "{file}");
        }
    }
}

#[test]
fn a_pure_drift_report_does_not_speak_of_a_run() {
    for (file, runs) in [
        ("v0.7/flights-w06-single-metrics.json", false),
        ("v0.7/breast_cancer-w05-notests.json", false),
        ("v0.7/penguins-w02.json", true),
        ("v0.4/breast_cancer-w05-full.json", false),
        ("v0.4/breast_cancer-w05-full.render.json", false),
        ("v0.4/penguins-model.json", false),
        ("v0.4/penguins-w02.json", true),
    ] {
        assert_eq!(read_file(&fixture(file)).speaks_of_a_run(), runs, "{file}");
    }
}

#[test]
fn classes_and_matrices_of_the_fixtures() {
    let new = read_file(&fixture("v0.7/penguins-w02.json"));
    let of = |d: &Document, metric: &str, class: Option<&str>| {
        let found = d
            .run
            .results
            .iter()
            .find(|r| r.metric == metric && r.class.as_deref() == class && r.dataset.as_deref() == Some("current"));
        found.map(|r| r.value.as_f64())
    };
    assert_eq!(of(&new, "Accuracy", None), Some(0.925));
    assert_eq!(of(&new, "F1ByLabel", Some("Gentoo")), Some(0.9347826086956522));
    let old = read_file(&fixture("v0.4/penguins-w02.json"));
    assert_eq!(of(&old, "accuracy", None), Some(0.925));
    assert_eq!(of(&old, "f1", Some("Gentoo")), Some(0.9347826086956522));
    assert_eq!(old.run.matrices.len(), 2);
    assert_eq!(old.run.matrices[0].labels, ["Adelie", "Chinstrap", "Gentoo"]);
    assert_eq!(old.run.matrices[0].rows[2][2].as_f64(), 43.0);
}

fn drift_metric(id: &str, column: &str, method: &str, threshold: f64, score: f64) -> Value {
    let config =
        json!({"type": "evidently:metric_v2:ValueDrift", "column": column, "method": method, "threshold": threshold});
    json!({"id": id, "metric_name": "ValueDrift()", "config": config, "value": score})
}

fn drift_test(id: &str, status: &str) -> Value {
    json!({"id": "drift", "name": "Value Drift", "description": "Drift score is **1**.",
        "metric_config": {"metric_id": id, "params": {"type": "evidently:metric_v2:ValueDrift"}}, "status": status})
}

#[test]
fn unknown_methods_are_shown_and_never_judged() {
    let value = json!({"metrics": [
        drift_metric("a", "x", "custom function 'mine'", 0.1, 9.0),
        drift_metric("b", "y", "custom function 'mine'", 0.1, 9.0),
        drift_metric("c", "z", "perc_text_content_drift", 0.95, 0.99),
    ], "tests": [drift_test("b", "FAIL")]});
    let document = read_value(&value).unwrap();
    let features = &document.drift[0].features;
    assert_eq!(features.iter().map(|f| f.drifted).collect::<Vec<_>>(), [None, Some(true), None]);
    assert_eq!(features[0].method, None);
    assert_eq!(features[0].method_label, "custom function 'mine'");
    assert_eq!(features[2].threshold, None, "a percentile is no bound for the score");
    let notes: Vec<_> = document.problems.iter().map(|p| (p.code, p.pointer.as_deref())).collect();
    assert_eq!(notes, [(Code::ReportUnknownMethod, Some("/metrics/0/config/method"))]);
}

#[test]
fn flags_are_the_tools_and_contradictions_are_told() {
    let value = json!({"metrics": [
        drift_metric("a", "x", "ks", 0.05, 0.9),
        drift_metric("b", "y", "psi", 0.1, 0.05),
        drift_metric("c", "z", "psi", 0.1, 0.5),
    ], "tests": [drift_test("a", "FAIL"), drift_test("b", "WARNING"), drift_test("c", "ERROR")]});
    let document = read_value(&value).unwrap();
    let flags: Vec<_> = document.drift[0].features.iter().map(|f| f.drifted).collect();
    assert_eq!(flags, [Some(true), Some(true), Some(true)], "failed, failed with a warning, derived");
    assert_eq!(document.problems.iter().filter(|p| p.code == Code::FieldInvalid).count(), 2);
    let statuses: Vec<_> = document.checks.iter().map(|c| c.status).collect();
    assert_eq!(statuses, [CheckStatus::Fail, CheckStatus::Warn, CheckStatus::Error]);
    assert_eq!(document.checks[0].message, "Drift score is 1.");
    assert_eq!(document.checks[1].id, "in/report.json#tests/1");
}

#[test]
fn releases_without_parameters_beside_the_metric_are_read_from_their_tests() {
    let config = json!({"type": "evidently:metric_v2:ValueDrift", "column": "x"});
    let mut test = drift_test("a", "SUCCESS");
    test["metric_config"]["params"] = config;
    test["description"] =
        json!("Drift score is 0.05. The drift detection method is K-S p_value. The drift threshold is 0.05.");
    let value = json!({"metrics": [
        {"id": "a", "metric_id": "ValueDrift(column=x)", "value": 0.0512},
        {"id": "b", "metric_id": "RowCount()", "value": 12},
    ], "tests": [test]});
    let document = read_value(&value).unwrap();
    let feature = &document.drift[0].features[0];
    assert_eq!((feature.feature.as_str(), feature.method_label.as_str()), ("x", "K-S p_value"));
    assert_eq!((feature.threshold.map(|t| t.get()), feature.drifted), (Some(0.05), Some(false)));
    assert_eq!(document.run.results[0].metric, "RowCount");
    assert!(document.problems.iter().any(|p| p.code == Code::FieldMissing));
}

#[test]
fn several_datasets_in_one_file_are_several_reports() {
    let count = |id: &str, share: f64| {
        json!({"id": id, "config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5},
            "value": {"count": 1, "share": share}})
    };
    let value = json!({"metrics": [
        count("p", 0.0), drift_metric("a", "x", "ks", 0.05, 0.9),
        count("q", 0.5), drift_metric("b", "x", "psi", 0.1, 0.9),
    ], "tests": []});
    let drift = read_value(&value).unwrap().drift;
    let seen: Vec<_> = drift.iter().map(|d| (d.id.as_str(), d.drifted, d.features.len())).collect();
    assert_eq!(seen, [("in/report.json", Some(false), 1), ("in/report.json#metrics/2", Some(true), 1)]);
}

#[test]
fn the_summary_of_a_suite_is_not_trusted() {
    let mut value: Value = serde_json::from_slice(&bytes(&fixture("v0.4/penguins-model.json"))).unwrap();
    let honest = read_value(&value).unwrap();
    assert!(honest.problems.is_empty(), "{:?}", honest.problems);
    value["summary"] = json!({"all_passed": true, "total_tests": 9, "by_status": {"SUCCESS": 9, "ERROR": 0}});
    let edited = read_value(&value).unwrap();
    assert_eq!(edited.checks, honest.checks);
    assert!(edited.problems.iter().all(|p| p.code == Code::FieldInvalid) && edited.problems.len() == 2);
}

#[test]
fn a_legacy_report_that_lacks_fields_gives_the_rest() {
    let mut value: Value = serde_json::from_slice(&bytes(&fixture("v0.4/breast_cancer-w05-full.json"))).unwrap();
    let whole = read_value(&value).unwrap();
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    let column = &mut value["metrics"][1]["result"]["drift_by_columns"]["mean area"];
    for key in ["column_name", "column_type", "stattest_threshold", "drift_detected", "current"] {
        column.as_object_mut().unwrap().remove(key);
    }
    value["metrics"][0]["result"].as_object_mut().unwrap().remove("dataset_drift");
    value["timestamp"] = json!("yesterday");
    let cut = read_value(&value).unwrap();
    let (ours, theirs) = (&cut.drift[0].features[0], &whole.drift[0].features[0]);
    assert_eq!(ours.feature, "mean area");
    assert_eq!((ours.drifted, ours.threshold, ours.kind.as_str()), (Some(true), theirs.threshold, "numeric"));
    assert_eq!(ours.distribution, None);
    assert_eq!(cut.drift[0].features[1..], whole.drift[0].features[1..]);
    assert_eq!(cut.drift[0].drifted, Some(true));
    let mut found: Vec<_> = cut.problems.iter().map(|p| (p.code.as_str(), p.pointer.as_deref().unwrap())).collect();
    found.sort_unstable();
    let at = "/metrics/1/result/drift_by_columns/mean area";
    assert_eq!(
        found,
        [
            ("field-invalid", "/timestamp"),
            ("field-missing", "/metrics/0/result"),
            ("field-missing", at),
            ("field-missing", at),
        ]
    );
    // A dataset flag that its own numbers contradict.
    value["metrics"][0]["result"]["dataset_drift"] = json!(false);
    let edited = read_value(&value).unwrap();
    assert_eq!(edited.drift[0].drifted, Some(false), "the tool's word stays");
    assert!(edited.problems.iter().any(|p| p.message.contains("the file says no drift")));
}

#[test]
fn cut_files_are_not_ours_and_never_panic() {
    for file in ["v0.7/flights-w06-single-metrics.json", "v0.4/breast_cancer-w05-full.render.json"] {
        let whole = bytes(&fixture(file));
        for length in (0..whole.len()).step_by(97) {
            assert_eq!(read_bytes("r.json", &whole[..length]), None, "{file} cut at {length}");
        }
    }
}

/// Replaces every value of a document by every kind of value.
fn mutations(value: &Value, each: &mut impl FnMut(&str, &Value)) {
    let mut pointers = vec![String::new()];
    let mut next = 0;
    while next < pointers.len() {
        let pointer = pointers[next].clone();
        next += 1;
        match value.pointer(&pointer).unwrap() {
            Value::Object(map) => {
                pointers.extend(map.keys().map(|k| format!("{pointer}/{}", k.replace('~', "~0").replace('/', "~1"))))
            }
            // Of plot data the ends are enough.
            Value::Array(items) if items.len() > 40 => {
                pointers.extend([0, items.len() - 1].map(|i| format!("{pointer}/{i}")));
            }
            Value::Array(items) => pointers.extend((0..items.len()).map(|i| format!("{pointer}/{i}"))),
            _ => {}
        }
    }
    for pointer in pointers {
        for other in [json!(null), json!(true), json!(7), json!("x"), json!([1, "y"]), json!({"k": {"k": 1}})] {
            let mut changed = value.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            each(&pointer, &changed);
        }
    }
}

#[test]
fn a_wrong_type_in_any_field_neither_panics_nor_makes_a_bad_report_good() {
    for file in
        ["v0.7/flights-w06-single-metrics.json", "v0.4/penguins-model.json", "v0.4/breast_cancer-w05-full.render.json"]
    {
        let value: Value = serde_json::from_slice(&bytes(&fixture(file))).unwrap();
        let bad = |d: &Document| d.checks.iter().filter(|c| c.status != CheckStatus::Pass).count();
        let before = read_value(&value).unwrap();
        let mut changes = 0;
        mutations(&value, &mut |pointer, changed| {
            changes += 1;
            let Some(after) = read_value(changed) else { return };
            let deleted = changed.pointer(pointer) == Some(&Value::Null) && pointer == "/tests";
            assert!(deleted || bad(&after) >= bad(&before).min(1), "{file}{pointer}");
            assert!(after.checks.iter().all(|c| !c.name.is_empty()), "{file}{pointer}");
        });
        assert!(changes > 500, "{file}: {changes}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let names = ["</script><script>alert(1)</script>", "\u{202e}\u{7}x", "../../etc/passwd", "a/b~c", "", "=cmd()"];
    let metrics: Vec<Value> = names
        .iter()
        .flat_map(|name| {
            let config = json!({"type": "evidently:metric_v2:UniqueValueCount", "column": name});
            let value = json!({"counts": {*name: 1}, "shares": {*name: 1.0}});
            [drift_metric(name, name, name, 0.1, 0.2), json!({"id": "u", "config": config, "value": value})]
        })
        .collect();
    let document = read_value(&json!({"metrics": metrics, "tests": []})).unwrap();
    let features: Vec<_> = document.drift[0].features.iter().map(|f| f.feature.as_str()).collect();
    assert_eq!(features, names);
    let labels: Vec<_> = document.run.results.iter().filter_map(|r| r.class.as_deref()).collect();
    assert_eq!(labels.len(), 2 * names.len());
    assert!(names.iter().all(|n| labels.contains(n)));
    let escaped = document.run.results.iter().any(|r| r.source.pointer.ends_with("/value/counts/a~1b~0c"));
    assert!(escaped);
    assert!(document.problems.iter().all(|p| !p.message.contains('\u{202e}')));
}

#[test]
fn twenty_thousand_metrics_take_no_time_and_few_findings() {
    let metrics: Vec<Value> = (0..20_000)
        .map(|i| match i % 3 {
            0 => drift_metric(&format!("m{i}"), &format!("c{i}"), "ks", 0.05, 0.5),
            1 => json!({"id": format!("m{i}"), "config": {"type": "evidently:metric_v2:MeanValue", "column": format!("c{i}")}, "value": i}),
            _ => json!({"id": format!("m{i}"), "config": {"type": "evidently:metric_v2:ValueDrift"}}),
        })
        .collect();
    let tests: Vec<Value> = (0..20_000).map(|i| drift_test(&format!("m{i}"), "SUCCESS")).collect();
    let value = json!({"metrics": metrics, "tests": tests});
    let bytes = serde_json::to_vec(&value).unwrap();
    let before = std::time::Instant::now();
    let document = read_bytes("r.json", bytes).unwrap();
    assert!(before.elapsed().as_secs() < 10, "{:?} in a debug build", before.elapsed());
    assert_eq!((document.drift[0].features.len(), document.run.results.len()), (13_333, 13_334));
    assert_eq!(document.checks.len(), 20_000);
    let by_code = document.problems.iter().fold(BTreeMap::new(), |mut by, p| {
        *by.entry(p.code).or_insert(0) += 1;
        by
    });
    assert!(by_code.values().all(|n| *n <= 101), "{by_code:?}");
}

#[test]
fn a_workspace_description_is_known_and_says_nothing() {
    let text = r#"{"id": "01a2", "name": "weekly", "description": null, "org_id": null, "version": "2"}"#;
    assert_eq!(read_bytes("w/01a2/metadata.json", text), Some(Document::default()));
    assert_eq!(read_bytes("w/other/metadata.json", text), None);
    assert_eq!(read_bytes("w/01a2/run.json", text), None);
    assert_eq!(read_bytes("x.json", r#"{"metrics": {"auc": 0.9}, "tests": []}"#), None);
    assert_eq!(read_bytes("x.json", r#"{"metrics": [{"metric": "auc", "value": 0.9}]}"#), None);
}
