//! Every shape against the values that scikit-learn computed before it wrote them, and every hostile
//! file without a panic. The corpus lies beside the checkout; without it those tests say so and pass.

use std::path::PathBuf;

use super::Sklearn;
use crate::diag::Code;
use crate::import::{Content, DocumentImporter};
use crate::model::{CurveKind, Document, Measured, MetricResult};
use crate::source::{FileData, Limits, Source};

fn corpus(below: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    ["../shared/corpus", "../../shared/corpus"].iter().map(|c| root.join(c).join(below)).find(|p| p.exists())
}

#[expect(clippy::disallowed_methods, reason = "tests read their inputs")]
fn bytes(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(root) = corpus(folder) else { return Vec::new() };
    let source = Source::discover(&root, "", &[], Limits::default()).unwrap();
    source.files("").iter().map(|e| (e.path.clone(), source.read(e).unwrap().bytes.clone())).collect()
}

fn import(path: &str, text: impl Into<Vec<u8>>) -> Option<Document> {
    let file = FileData::from_bytes(path, text);
    let content = Content::new(&file);
    let claimed = Sklearn.sniff(&content);
    let document = Sklearn.read(&content);
    assert_eq!(claimed, document != Document::default(), "{path}: what is claimed says something");
    claimed.then_some(document)
}

fn find<'a>(document: &'a Document, metric: &str, class: Option<&str>) -> &'a MetricResult {
    document
        .run
        .results
        .iter()
        .find(|r| r.metric == metric && r.class.as_deref() == class)
        .unwrap_or_else(|| panic!("no {metric} of {class:?}"))
}

fn number(value: &serde_json::Value) -> Measured {
    value.as_f64().map_or_else(|| Measured::parse(value.as_str().unwrap()).unwrap(), Measured::new)
}

#[test]
fn everything_that_scikit_learn_wrote_is_read_as_it_was_computed() {
    let files = files("cards/sklearn-artifacts");
    if files.is_empty() {
        return;
    }
    let text = |path: &str| files.iter().find(|(p, _)| p == path).map(|(_, b)| b.clone());
    let expected: serde_json::Value = serde_json::from_slice(&text("expected.json").unwrap()).unwrap();
    let mut compared = 0;
    for (folder, expected) in expected.as_object().unwrap() {
        let read = |name: &str| {
            let path = format!("{folder}/{name}");
            text(&path).map(|b| import(&path, b).unwrap_or_else(|| panic!("{path} is not recognised")))
        };
        if let Some(supports) = expected.get("report_support") {
            let report = read("classification_report.json").unwrap();
            assert_eq!(report.problems, []);
            for (label, support) in supports.as_object().unwrap() {
                let (metric, class) = match label.strip_suffix(" avg") {
                    Some(average) => (format!("f1_{average}"), None),
                    None => ("f1".to_owned(), Some(label.as_str())),
                };
                let result = find(&report, &metric, class);
                assert_eq!(result.n.map(|n| n as f64), support.as_f64(), "{folder} {label}");
                compared += 1;
            }
            let metrics = &expected["metrics"];
            for metric in ["accuracy", "f1_macro", "f1_weighted"] {
                assert_eq!(find(&report, metric, None).value, number(&metrics[metric]), "{folder} {metric}");
                compared += 1;
            }
            assert_eq!(find(&report, "accuracy", None).n.unwrap(), metrics["n_test"].as_u64().unwrap());
        }
        if let Some(sum) = expected.get("confusion_sum") {
            let labels: Vec<&str> =
                expected["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
            for name in ["confusion_matrix.json", "confusion_matrix.csv"] {
                let document = read(name).unwrap();
                let [matrix] = &document.run.matrices[..] else { panic!("{folder}/{name}: one matrix") };
                assert_eq!(matrix.labels, labels, "{folder}/{name}");
                let total: f64 = matrix.rows.iter().flatten().map(|c| c.as_f64()).sum();
                let trace: f64 = (0..labels.len()).map(|i| matrix.rows[i][i].as_f64()).sum();
                assert_eq!((total, trace), (sum.as_f64().unwrap(), expected["confusion_trace"].as_f64().unwrap()));
                compared += 3;
            }
        }
        if let Some(slices) = expected.get("slices") {
            let document = read("slices.csv").unwrap();
            for (slice, values) in slices.as_object().unwrap() {
                let result =
                    document.run.results.iter().find(|r| r.metric == "mae" && r.slice.to_string() == *slice).unwrap();
                assert_eq!(result.value, number(&values["mae"]));
                assert_eq!(result.n, values["n"].as_u64());
                compared += 2;
            }
            assert_eq!(document.run.results.len(), 2 * slices.as_object().unwrap().len(), "mae and bias");
        }
        if let Some(mean) = expected.get("mean_accuracy") {
            let document = read("scores.json").unwrap();
            let result = find(&document, "test_accuracy", None);
            assert_eq!(result.value, number(mean));
            assert_eq!(result.n, Some(5));
            // The standard error is the deviation with divisor k − 1, over √k.
            let deviation = expected["std_accuracy_ddof0"].as_f64().unwrap();
            assert!((result.stderr.unwrap().get() - deviation / 4.0_f64.sqrt()).abs() < 1e-15);
            compared += 2;
        }
    }
    assert_eq!(compared, 115);
}

#[test]
fn each_file_of_the_corpus_is_recognised_or_left_alone_on_purpose() {
    let files = files("cards/sklearn-artifacts");
    if files.is_empty() {
        return;
    }
    let left_alone = |path: &str| {
        path.ends_with("predictions.csv")
            || path.ends_with("values_head.csv")
            || path.ends_with("metrics.json")
            || path.ends_with(".txt")
            || path.ends_with(".md")
            || path.ends_with(".tsv")
            || path == "expected.json"
    };
    let mut problems = Vec::new();
    let mut recognised = 0;
    for (path, bytes) in files {
        let document = import(&path, bytes);
        assert_eq!(document.is_none(), left_alone(&path), "{path}");
        recognised += usize::from(document.is_some());
        problems.extend(document.into_iter().flat_map(|d| d.problems));
    }
    assert_eq!(problems, []);
    assert_eq!(recognised, 93);
}

#[test]
fn curves_of_the_corpus_have_all_their_points() {
    let Some(root) = corpus("cards/sklearn-artifacts") else { return };
    let read = |name: &str| import(name, bytes(&root.join(name))).unwrap();
    let roc = read("breast-cancer-forest/roc_curve.csv");
    assert_eq!(roc.run.curves[0].kind, CurveKind::Roc);
    assert_eq!(roc.run.curves[0].points.len(), 30);
    assert_eq!(roc.run.curves[0].points[0].threshold, Some(Measured::new(f64::INFINITY)));
    let pr = read("breast-cancer-forest/pr_curve.csv");
    assert_eq!(pr.run.curves[0].kind, CurveKind::PrecisionRecall);
    assert_eq!(pr.run.curves[0].points.last().unwrap().threshold, None);
    let calibration = read("breast-cancer-forest/calibration.csv");
    assert_eq!((calibration.run.curves[0].kind, calibration.run.curves[0].points.len()), (CurveKind::Calibration, 10));
    let det = read("breast-cancer-forest/det_curve.json");
    assert_eq!((det.run.curves[0].kind, det.run.curves[0].points.len()), (CurveKind::Det, 24));
    let all = read("digits-knn/curves.json");
    assert_eq!(all.run.curves.len(), 20);
    assert_eq!((all.run.curves[2].name.as_str(), all.run.curves[2].kind), ("1", CurveKind::Roc));
    assert_eq!(all.run.curves[2].area, Some(Measured::new(0.999_737_278_761_062)));
    assert_eq!((all.run.curves[2].points.len(), all.run.curves[3].points.len()), (7, 7));
    assert_eq!(all.run.curves[3].source.pointer, "/1/pr");
    let learning = read("diabetes-gbr/learning_curve.json");
    let names: Vec<_> = learning.run.curves.iter().map(|c| (c.name.as_str(), c.points.len())).collect();
    assert_eq!(names, [("train", 4), ("test", 4)]);
    let importance = read("breast-cancer-forest/permutation_importance.json");
    assert_eq!(
        (importance.run.importances[0].name.as_str(), importance.run.importances[0].items.len()),
        ("permutation", 30)
    );
    let shap = read("shap/summary.json");
    assert_eq!(shap.run.importances[0].items[0].mean, Measured::new(0.089_396_132_771_277_99));
    let multilabel = read("multilabel/confusion.json");
    assert_eq!(multilabel.run.matrices.len(), 4);
    assert_eq!(multilabel.run.matrices[0].labels, ["not news", "news"]);
}

#[test]
fn groups_read_alike_from_every_layout() {
    let Some(root) = corpus("cards/sklearn-artifacts") else { return };
    let read = |name: &str| {
        let path = format!("breast-cancer-forest/fairness/{name}");
        let mut results = import(&path, bytes(&root.join(&path))).unwrap().run.results;
        results.sort_by(|a, b| (&a.metric, &a.slice).cmp(&(&b.metric, &b.slice)));
        results
    };
    let csv = read("by_group.csv");
    assert_eq!(csv.len(), 30, "6 groups, 5 metrics");
    assert_eq!(csv[0].slice.to_string(), "region=north & size band=high");
    assert_eq!((csv[0].metric.as_str(), csv[0].n), ("accuracy", Some(14)));
    for name in ["by_group.index.json", "by_group.columns.json", "by_group.split.json", "by_group.table.json"] {
        let other = read(name);
        assert_eq!(other.len(), csv.len(), "{name}");
        for ours in &other {
            // Layouts that lost the columns' names name a group after its values.
            let values: Vec<&String> = ours.slice.0.iter().map(|(k, v)| if v.is_empty() { k } else { v }).collect();
            let same = csv.iter().find(|r| {
                let mut theirs: Vec<&String> = r.slice.0.values().collect();
                theirs.sort();
                let mut values = values.clone();
                values.sort();
                r.metric == ours.metric && values == theirs
            });
            let same = same.unwrap_or_else(|| panic!("{name}: {} {}", ours.metric, ours.slice));
            assert_eq!(same.n, ours.n);
            assert!((same.value.as_f64() - ours.value.as_f64()).abs() < 1e-9, "{name} {}", ours.metric);
        }
    }
    assert_eq!(read("overall.json")[0].n, Some(200));
    let summary = read("summary.json");
    assert_eq!(
        (summary[0].metric.as_str(), summary[0].value),
        ("accuracy_difference", Measured::new(0.079_999_999_999_999_96))
    );
}

#[test]
fn the_best_candidate_of_a_search_is_kept_with_its_params() {
    let Some(root) = corpus("cards/sklearn-artifacts/grid-search") else { return };
    for name in ["best.json", "cv_results.json", "cv_results.csv"] {
        let document = import(name, bytes(&root.join(name))).unwrap();
        let result = document.run.results.iter().find(|r| matches!(r.metric.as_str(), "best_score" | "mean_test_acc"));
        assert_eq!(result.unwrap().value, Measured::new(0.963_083_635_013_459_6), "{name}");
        assert!(document.run.params.iter().any(|(k, v)| k == "criterion" || v.display().contains("entropy")), "{name}");
    }
    let all = import("cv_results.json", bytes(&root.join("cv_results.json"))).unwrap();
    let accuracy = find(&all, "mean_test_acc", None);
    assert_eq!(accuracy.n, Some(3));
    assert!((accuracy.stderr.unwrap().get() - 0.007_496_290_573_454_243 / 2.0_f64.sqrt()).abs() < 1e-15);
    assert_eq!(accuracy.source.pointer, "/mean_test_acc/7");
}

#[test]
fn hostile_files_never_panic() {
    for folder in ["hostile/metrics", "hostile/bytes"] {
        for (path, bytes) in files(folder) {
            let claimed = import(&format!("m/{path}"), bytes.clone());
            // Names that hint at a shape open more doors.
            for hint in ["confusion", "by_group", "importances", "overall"] {
                let ending = path.rsplit('.').next().unwrap();
                import(&format!("fairness/{hint}.{ending}"), bytes.clone());
            }
            let expected = path.contains("curve") || path.contains("matrix") || path == "negative-counts.json";
            assert_eq!(claimed.is_some(), expected && folder.ends_with("metrics"), "{path}");
        }
    }
}

fn invalid(document: &Document) -> Vec<&str> {
    document.problems.iter().filter(|p| p.code == Code::CurveInvalid).map(|p| p.message.as_str()).collect()
}

#[test]
fn broken_curves_keep_what_is_sound_and_say_so() {
    let read = |text: &str| import("roc.json", text).unwrap();
    let ragged = read(r#"{"fpr": [0, 0.5, 1], "tpr": [0, 1]}"#);
    assert_eq!(ragged.run.curves[0].points.len(), 2);
    assert_eq!(invalid(&ragged), ["roc curve 'roc': its columns have 3 and 2 values, only the first 2 are used"]);
    let nan = read(r#"{"fpr": [0, NaN, 1], "tpr": [0, 0.5, 1.5], "thresholds": [Infinity, 0.5, 0]}"#);
    assert_eq!(nan.run.curves[0].points.len(), 1);
    assert_eq!(
        invalid(&nan),
        ["roc curve 'roc': 1 of 3 points left out: not finite; 1 of 3 points left out: outside 0 to 1"]
    );
    let unsorted = read(r#"{"fpr": [1, 0, 0.5], "tpr": [1, 0, 0.2]}"#);
    let xs: Vec<f64> = unsorted.run.curves[0].points.iter().map(|p| p.x.as_f64()).collect();
    assert_eq!(xs, [0.0, 0.5, 1.0]);
    assert_eq!(invalid(&unsorted).len(), 1);
    let empty = read(r#"{"fpr": [], "tpr": [], "thresholds": []}"#);
    assert!(empty.run.curves.is_empty());
    assert_eq!(invalid(&empty), ["roc curve 'roc': no point is left to draw"]);
    let matrix = read(r#"{"labels": ["a", "b"], "matrix": [[1, 2], [3]]}"#);
    assert!(matrix.run.matrices.is_empty());
    assert_eq!(invalid(&matrix).len(), 1);
}

#[test]
fn objects_of_numbers_are_left_to_others() {
    for text in [
        r#"{"accuracy": 0.9, "f1": 0.8}"#,
        r#"{"train": {"accuracy": 0.9}, "test": {"accuracy": 0.8}}"#,
        r#"{"precision": 0.9, "recall": 0.8}"#,
        r#"{"precision": [0.9, 0.7], "recall": [0.8, 0.6], "f1": [0.8, 0.7]}"#,
        r#"{"precision": [0.9, 0.7], "recall": [0.8, 0.6]}"#,
        r#"{"losses": [0.3, 0.2, 0.1]}"#,
        r#"[{"metric": "a", "value": 1}]"#,
        r#"[[1, 0], [0, 1]]"#,
        r#"{"columns": ["a"], "index": [0], "data": [[1]]}"#,
        r#"{"labels": ["a", "b"], "values": [1, 2]}"#,
    ] {
        assert_eq!(import("result.json", text), None, "{text}");
    }
    for text in [
        "model,accuracy,n\nforest,0.9,100\nridge,0.8,100\n",
        "epoch,loss,accuracy\n0,0.5,0.7\n1,0.4,0.8\n",
        "age,income,label\n30,1000,0\n40,2000,1\n",
        "row,y_true,y_pred\n0,1.5,1.4\n",
        ",a,b\na,1.0,0.3\nb,0.3,1.0\n",
        "name,value,note\nx,1,y\n",
        "",
    ] {
        assert_eq!(import("table.csv", text), None, "{text}");
    }
}

#[test]
fn data_frames_of_reports_and_curves_by_class_are_read() {
    let report = import(
        "report.csv",
        ",precision,recall,f1-score,support\n0,1.0,0.5,0.66,2.0\naccuracy,0.75,0.75,0.75,0.75\nmacro avg,0.8,0.7,0.6,4.0\nweighted avg,0.8,0.7,0.6,4.0\n",
    )
    .unwrap();
    assert_eq!(find(&report, "precision", Some("0")).n, Some(2));
    assert_eq!(
        (find(&report, "accuracy", None).value, find(&report, "accuracy", None).n),
        (Measured::new(0.75), Some(4))
    );
    assert_eq!(find(&report, "f1_macro", None).source.pointer, "line 4");
    assert_eq!(report.run.results.iter().filter(|r| r.metric == "accuracy").count(), 1);
    let curves = import("roc.csv", "class,fpr,tpr\na,0,0\na,1,1\nb,0,0\nb,0.5,1\nb,1,1\n").unwrap();
    let names: Vec<_> = curves.run.curves.iter().map(|c| (c.name.as_str(), c.points.len())).collect();
    assert_eq!(names, [("a", 2), ("b", 3)]);
    let weighted = import("r.json", r#"{"a": {"precision": "x", "recall": NaN, "f1-score": 1, "support": 1.5}, "macro avg": {"precision": 1, "recall": 1, "f1-score": 1, "support": 1.5}}"#).unwrap();
    assert_eq!(find(&weighted, "support", Some("a")).value, Measured::new(1.5));
    assert_eq!(weighted.run.rejected[0].metric, "precision");
    assert_eq!(find(&weighted, "recall", Some("a")).value, Measured::new(f64::NAN));
}
