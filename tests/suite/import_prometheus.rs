//! Prometheus: every series of the corpus (points, gaps, times, values), and fixtures of both text
//! formats against what `prometheus_client.parser` reads.

use std::path::Path;

use presscheck::diag::Severity;
use presscheck::model::{Registry, Run, Series};
use serde_json::Value;

use crate::corpus;

fn run<'r>(registry: &'r Registry, file: &str) -> Option<&'r Run> {
    registry.runs.iter().find(|r| r.id == file)
}

fn stem(file: &str) -> &str {
    file.rsplit('/').next().unwrap().rsplit_once('.').unwrap().0
}

/// The series of some labels, and its result.
fn find<'r>(run: &'r Run, labels: &Value, stem: &str) -> (&'r Series, f64) {
    let labels = labels.as_object().unwrap();
    let name = labels.get("__name__").map_or(stem, |n| n.as_str().unwrap());
    let at = run
        .results
        .iter()
        .position(|r| {
            r.metric == name
                && r.slice.0.len() == labels.keys().filter(|k| *k != "__name__").count()
                && r.slice.0.iter().all(|(k, v)| labels.get(k).and_then(Value::as_str) == Some(v))
        })
        .unwrap_or_else(|| panic!("{}: {labels:?}", run.id));
    (&run.series[at], run.results[at].value.as_f64())
}

fn number(text: &Value) -> f64 {
    match text.as_str().unwrap() {
        "NaN" => f64::NAN,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

fn compare(file: &str, run: &Run, theirs: &Value) {
    let (series, last) = find(run, &theirs["labels"], stem(file));
    let place = format!("{file}: {}", series.metric);
    let times: Vec<f64> = series.points.iter().map(|p| p.time.unwrap().millis() as f64 / 1000.0).collect();
    assert_eq!(times.len() as u64, theirs["points"].as_u64().unwrap(), "{place}");
    assert_eq!(times.first().copied(), theirs["first_time"].as_f64(), "{place}");
    assert_eq!(times.last().copied(), theirs["last_time"].as_f64(), "{place}");
    let expected = number(&theirs["last_value"]);
    assert!(last == expected || (last.is_nan() && expected.is_nan()), "{place}: {last}");
    let steps: Vec<f64> = times.windows(2).map(|t| ((t[1] - t[0]) * 1000.0).round() / 1000.0).collect();
    let least = steps.iter().copied().reduce(f64::min);
    assert_eq!(least, theirs["min_step"].as_f64(), "{place}");
    let gaps = steps.iter().filter(|s| **s > 1.5 * least.unwrap()).count() as u64;
    assert_eq!(gaps, theirs["gaps"].as_u64().unwrap(), "{place}");
    let finite: Vec<f64> = series.points.iter().filter_map(|p| p.value.finite()).map(|v| v.get()).collect();
    assert_eq!((series.points.len() - finite.len()) as u64, theirs["not_finite"].as_u64().unwrap(), "{place}");
    assert_eq!(finite.iter().copied().reduce(f64::min), theirs["min"].as_f64(), "{place}");
    assert_eq!(finite.iter().copied().reduce(f64::max), theirs["max"].as_f64(), "{place}");
}

#[test]
fn corpus_prometheus() {
    let Some(folder) = corpus::folder("drift/prometheus-2.42.0") else { return };
    let registry = corpus::read(&folder);
    let mut compared = 0;
    for case in corpus::json(&folder.join("expected.json"))["files"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let all = case["series"].as_array().map_or(0, Vec::len);
        if case["status"] == "error" {
            let problem = registry.problems.iter().find(|p| p.path.as_deref() == Some(file)).unwrap();
            assert_eq!(problem.severity, Severity::Error, "{file}");
            assert!(problem.message.contains(case["error"].as_str().unwrap()), "{}", problem.message);
            continue;
        }
        if let Some(samples) = case["samples"].as_u64() {
            let run = run(&registry, file).unwrap();
            let points: usize = run.series.iter().map(|s| s.points.len()).sum();
            assert_eq!(points as u64, case["with_timestamp"].as_u64().unwrap(), "{file}");
            let untimed = run.results.len() - run.series.len();
            assert_eq!((points + untimed) as u64, samples, "{file}");
            let families = run.extra[0].1.entries().unwrap();
            let expected = case["families"].as_object().unwrap();
            assert_eq!(families.len(), expected.len(), "{file}");
            for (name, said) in families {
                assert_eq!(said.get("type").unwrap().as_str(), expected[name].as_str(), "{file}: {name}");
            }
            continue;
        }
        match case["result_type"].as_str() {
            Some("scalar") => {
                let run = run(&registry, file).unwrap();
                assert_eq!(run.results[0].value.as_f64(), number(&case["value"][1]), "{file}");
            }
            Some("string") => {
                let run = run(&registry, file).unwrap();
                assert_eq!(run.rejected[0].found, "text \"drift\"", "{file}");
            }
            _ => {}
        }
        for theirs in case["series"].as_array().into_iter().flatten() {
            compare(file, run(&registry, file).unwrap(), theirs);
            compared += 1;
        }
        if all > 0 {
            assert_eq!(run(&registry, file).unwrap().series.len(), all, "{file}");
        }
    }
    assert!(compared > 100, "{compared}");
    let alerts = registry.checks.iter().filter(|c| c.source.path == "live/alerts.json").count();
    assert_eq!(alerts, 3);
    // A bare list of label values is no more Prometheus' than anybody's.
    assert_eq!(registry.unrecognised, ["expected.json", "live/label_values.json"]);
    assert!(
        registry.problems.iter().all(|p| p.code != presscheck::diag::Code::MetricConflict),
        "{:#?}",
        registry.problems
    );
}

#[test]
fn text_agrees_with_the_python_client() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/prometheus");
    let registry = corpus::read(&folder);
    for file in ["client.prom", "client.om"] {
        let run = run(&registry, file).unwrap();
        let expected = corpus::json(&folder.join(format!("{file}.expected.json")));
        let expected = expected.as_array().unwrap();
        assert_eq!(run.results.len(), expected.len(), "{file}");
        for sample in expected {
            let labels = sample["labels"].as_object().unwrap();
            let found = run
                .results
                .iter()
                .find(|r| {
                    r.metric == sample["name"]
                        && r.slice.0.len() == labels.len()
                        && r.slice.0.iter().all(|(k, v)| labels.get(k).and_then(Value::as_str) == Some(v))
                })
                .unwrap_or_else(|| panic!("{file}: {sample}"));
            let (ours, theirs) = (found.value.as_f64(), number(&sample["value"]));
            assert!(ours == theirs || (ours.is_nan() && theirs.is_nan()), "{file}: {sample}: {ours}");
            if let Some(time) = sample["timestamp"].as_f64() {
                let at = run.series.iter().find(|s| s.source == found.source).unwrap().points.last().unwrap().time;
                assert_eq!(at.unwrap().millis() as f64 / 1000.0, time, "{file}: {sample}");
            }
        }
    }
    assert!(registry.problems.iter().all(|p| p.severity != Severity::Error), "{:#?}", registry.problems);
}
