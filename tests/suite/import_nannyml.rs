//! NannyML results: every value, threshold and alert of the corpus, in the layouts pandas writes.

use std::path::{Path, PathBuf};

use presscheck::model::{CheckStatus, Registry};
use serde_json::Value;

use crate::corpus;
use crate::project::Project;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/nannyml")
}

/// A number of `expected.json`: null and `"NaN"` are what pandas writes as nothing.
fn number(value: &Value) -> f64 {
    match value {
        Value::Number(n) => n.as_f64().unwrap(),
        Value::Null => f64::NAN,
        Value::String(text) => text.to_ascii_lowercase().parse().unwrap(),
        other => panic!("{other}"),
    }
}

fn same(ours: f64, theirs: f64) -> bool {
    ours == theirs || (ours.is_nan() && theirs.is_nan())
}

/// The bounds of a check's message.
fn bounds(upper: f64, lower: f64) -> String {
    match (lower.is_nan(), upper.is_nan()) {
        (true, true) => "no thresholds".to_owned(),
        (false, true) => format!("threshold at least {lower}"),
        (true, false) => format!("threshold at most {upper}"),
        (false, false) => format!("thresholds {lower} to {upper}"),
    }
}

fn compare_drift(place: &str, registry: &Registry, path: &[&str], series: &Value) -> usize {
    let (feature, method) = (path[0], path.get(1).copied().unwrap_or(path[0]));
    let values = series["value"].as_array().unwrap();
    for (index, value) in values.iter().enumerate() {
        let at = format!("{place} {feature} {method} {index}");
        let id = format!("{place}#{method}/{index:05}");
        let report = registry.drift.iter().find(|d| d.id == id).unwrap_or_else(|| panic!("no report {id}"));
        let ours = report.features.iter().find(|f| f.feature == feature).unwrap_or_else(|| panic!("{at} is absent"));
        let (value, upper, lower) =
            (number(value), number(&series["upper_threshold"][index]), number(&series["lower_threshold"][index]));
        assert!(same(ours.score.unwrap().as_f64(), value), "{at}");
        let threshold = if value < lower || upper.is_nan() { lower } else { upper };
        assert!(same(ours.threshold.map_or(f64::NAN, |t| t.get()), threshold), "{at}");
        assert_eq!(ours.drifted, series["alert"][index].as_bool(), "{at}");
        assert_eq!(ours.method_label, method, "{at}");
        assert!(report.window.start.is_some() && report.window.end.is_some(), "{at}");
        assert!(report.reference.starts_with("reference period 20"), "{at}: {}", report.reference);
        assert!(report.reference.ends_with(" chunks"), "{at}: {}", report.reference);
    }
    values.len()
}

fn compare_values(place: &str, kind: &str, registry: &Registry, name: &str, series: &Value) -> usize {
    let run = registry.runs.iter().find(|r| r.id == place).unwrap_or_else(|| panic!("no run {place}"));
    let stem = place.rsplit('/').next().unwrap().trim_end_matches(".csv").trim_end_matches(".flat");
    let by_column = !matches!(kind, "performance_estimation" | "realized_performance");
    let metric = if by_column { stem } else { name };
    let values = series["value"].as_array().unwrap();
    let split = (kind == "performance_estimation").then_some("estimated");
    let ours: Vec<_> = run
        .results
        .iter()
        .filter(|r| r.metric == metric && r.split.as_deref() == split)
        .filter(|r| !by_column || r.slice.0.get("column").map(String::as_str) == Some(name))
        .collect();
    assert_eq!(ours.len(), values.len(), "{place} {name}");
    let series_name = match kind {
        "performance_estimation" => format!("{name} (estimated)"),
        _ if by_column => format!("{stem}: {name}"),
        _ => name.to_owned(),
    };
    let points = &run.series.iter().find(|s| s.metric == series_name).unwrap().points;
    for (index, (ours, theirs)) in ours.iter().zip(values).enumerate() {
        let at = format!("{place} {name} {index}");
        assert!(same(ours.value.as_f64(), number(theirs)), "{at}");
        assert!(same(points[index].value.as_f64(), number(theirs)), "{at}");
        assert!(ours.n.is_some(), "{at}");
        let id = format!("{place}#{name}/{index:05}");
        let check = registry.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("no check {id}"));
        let (upper, lower) = (number(&series["upper_threshold"][index]), number(&series["lower_threshold"][index]));
        let wanted = match (number(theirs).is_nan(), series["alert"][index].as_bool().unwrap()) {
            (true, _) => CheckStatus::Error,
            (false, true) => CheckStatus::Fail,
            (false, false) if upper.is_nan() && lower.is_nan() => CheckStatus::Skipped,
            (false, false) => CheckStatus::Pass,
        };
        assert_eq!(check.status, wanted, "{at}: {}", check.message);
        assert!(check.message.ends_with(&bounds(upper, lower)), "{at}: {}", check.message);
    }
    values.len()
}

#[test]
#[expect(clippy::disallowed_macros, reason = "a corpus test says what it ran on")]
fn every_value_of_the_corpus_agrees() {
    let Some(folder) = corpus::folder("drift/nannyml-0.13.1") else { return };
    println!("{}", folder.display());
    let registry = corpus::read(&folder);
    let expected = corpus::json(&folder.join("expected.json"));
    let mut compared = 0;
    for case in expected["cases"].as_array().unwrap() {
        let kind = case["kind"].as_str().unwrap();
        for file in ["file", "flat_file"] {
            let Some(place) = case[file].as_str() else { continue };
            for series in case["analysis"].as_array().unwrap() {
                let path: Vec<&str> = series["path"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
                compared += if kind.ends_with("_drift") {
                    compare_drift(place, &registry, &path, series)
                } else {
                    compare_values(place, kind, &registry, path[0], series)
                };
            }
        }
    }
    assert!(compared > 4000, "{compared}");
    let errors: Vec<_> = registry
        .problems
        .iter()
        .filter(|p| {
            p.path.as_deref().is_some_and(|p| p.ends_with(".csv")) && p.code != presscheck::diag::Code::MetricNonFinite
        })
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(registry.unrecognised, ["expected.json"]);
}

/// The same result in six layouts: multilevel and flat, with and without index, CSV and Parquet.
#[test]
fn layouts_of_one_result_agree() {
    let registry = corpus::read(&fixtures());
    for (name, parts) in [("univ", 2), ("domain", 1)] {
        let of = |file: String| -> Vec<String> {
            registry
                .drift
                .iter()
                .filter(|d| d.source.path == file)
                .map(|d| format!("{} {:?} {:?} {:?}", d.current, d.window, d.drifted, d.features))
                .collect()
        };
        let first = of(format!("{name}.csv"));
        assert!(first.len() >= parts, "{name}");
        for ending in [".index.csv", ".flat.csv", ".flat.index.csv", ".parquet", ".flat.parquet"] {
            let other = of(format!("{name}{ending}"));
            assert_eq!(first.len(), other.len(), "{name}{ending}");
            for (a, b) in first.iter().zip(&other) {
                assert_eq!(a, b, "{name}{ending}");
            }
        }
    }
    assert!(
        registry.unrecognised.iter().all(|p| p == "README.md" || p.ends_with(".md")),
        "{:?}",
        registry.unrecognised
    );
}

/// A value that is absent never passes, although the tool writes `False` for its alert.
#[test]
fn absent_values_never_pass() {
    let head = "chunk_key,chunk_index,chunk_start_index,chunk_end_index,chunk_start_date,chunk_end_date,chunk_period,";
    let mut project = Some(Project::new());
    let mut write = |name: &str, text: String| project = project.take().map(|p| p.file(name, text));
    write(
        "perf.csv",
        format!(
            "{head}chunk_targets_missing_rate,f1_sampling_error,f1_value,f1_upper_threshold,f1_lower_threshold,f1_alert\n0,0,0,9,,,analysis,1.0,0.1,,0.9,0.5,False\n1,1,0,9,,,analysis,0,0.1,0.7,,,False\n2,2,0,9,,,analysis,0,0.1,0.7,1,0.5,\n3,3,0,9,,,analysis,0,0.1,high,1,0.5,False\n4,4,0,9,,,analysis,0,0.1,inf,1,0.5,False\n"
        ),
    );
    write(
        "drift.csv",
        format!(
            "{head}x_jensen_shannon_value,x_jensen_shannon_upper_threshold,x_jensen_shannon_lower_threshold,x_jensen_shannon_alert\n0,0,0,9,,,analysis,,0.9,,False\n1,1,0,9,,,analysis,0.3,,,False\n2,2,0,9,,,analysis,x,0.1,,False\n"
        ),
    );
    let registry = corpus::read(project.unwrap().path());
    assert!(registry.checks.iter().all(|c| c.status != CheckStatus::Pass), "{:#?}", registry.checks);
    assert_eq!(registry.checks.len(), 5);
    let features: Vec<_> = registry.drift.iter().flat_map(|d| &d.features).collect();
    assert_eq!(features.len(), 3);
    // No feature may both have a flag of no drift and a score that can be used.
    assert!(
        features.iter().all(|f| f.drifted.is_none() || f.score.is_none_or(|s| s.finite().is_none())),
        "{features:#?}"
    );
    assert_eq!(registry.runs[0].rejected.len(), 1);
}

/// Cut at every place, a file gives what stands before the cut or a finding.
#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their evidence")]
fn cut_files_never_panic() {
    for name in ["univ.csv", "domain.flat.csv", "univ.parquet"] {
        let bytes = std::fs::read(fixtures().join(name)).unwrap();
        let mut project = Some(Project::new());
        for cut in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            project = project.take().map(|p| p.file(&format!("{cut}-{name}"), &bytes[..cut]));
        }
        corpus::read(project.unwrap().path());
    }
}
