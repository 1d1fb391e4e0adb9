//! promptfoo's results: every row and total of the corpus, all exports alike, and totals that lie.

use std::collections::BTreeMap;
use std::path::PathBuf;

use presscheck::model::{CheckStatus, Registry, Run};
use serde_json::Value;

use crate::corpus::{folder, from_memory, json, read};

fn fixture(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below)
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(below: &str) -> Vec<u8> {
    std::fs::read(fixture(below)).unwrap()
}

fn run<'r>(registry: &'r Registry, file: &str) -> &'r Run {
    registry.runs.iter().find(|r| r.id.ends_with(file)).unwrap_or_else(|| panic!("no run of {file}"))
}

fn overall(run: &Run, metric: &str) -> f64 {
    run.results.iter().find(|r| r.metric == metric && r.slice.is_overall()).unwrap().value.as_f64()
}

fn statuses(registry: &Registry, file: &str) -> BTreeMap<String, CheckStatus> {
    let id = &run(registry, file).id;
    let ours = registry.checks.iter().filter(|c| c.run.as_ref() == Some(id));
    ours.map(|c| (c.name.clone(), c.status)).collect()
}

#[test]
fn rows_and_totals_of_the_corpus_agree() {
    let Some(path) = folder("cards/eval-tools-run/promptfoo-run") else { return };
    let registry = read(&path);
    let expected = &json(&path.join("expected.json"))["results.json"];
    for file in ["results.json", "results.yaml", "results.jsonl"] {
        let run = run(&registry, file);
        for (key, count) in expected["stats"].as_object().unwrap() {
            assert_eq!(Some(overall(run, key)), count.as_f64(), "{file} {key}");
        }
        let rows = expected["rows"].as_array().unwrap();
        let mut checks: Vec<_> = registry.checks.iter().filter(|c| c.run.as_ref() == Some(&run.id)).collect();
        checks.sort_by_key(|c| c.id.rsplit('/').next().unwrap().parse::<usize>().unwrap());
        assert_eq!(checks.len(), rows.len(), "{file}");
        for (check, row) in checks.iter().zip(rows) {
            let status = if row["success"] == true { CheckStatus::Pass } else { CheckStatus::Fail };
            assert_eq!(check.status, status, "{file} {}", check.name);
            assert!(check.name.ends_with(&format!("[{}]", row["provider"].as_str().unwrap())), "{}", check.name);
            assert!(
                check.name.starts_with(&format!("name={}", row["vars"]["name"].as_str().unwrap())),
                "{}",
                check.name
            );
            assert_eq!(check.message, row["error"].as_str().unwrap_or_default(), "{file}");
        }
    }
    // What the tool says of each prompt and provider.
    let prompts = json(&path.join("results.json"))["results"]["prompts"].clone();
    let run = run(&registry, "results.json");
    for prompt in prompts.as_array().unwrap() {
        let of = |metric: &str| {
            let here = |r: &&presscheck::model::MetricResult| {
                r.metric == metric
                    && r.slice.0.get("provider").map(String::as_str) == prompt["provider"].as_str()
                    && r.slice.0.get("prompt").map(String::as_str) == prompt["label"].as_str()
            };
            run.results.iter().find(here).unwrap_or_else(|| panic!("no {metric}")).value.as_f64()
        };
        for key in ["score", "testPassCount", "testFailCount", "assertPassCount", "totalLatencyMs", "cost"] {
            assert_eq!(Some(of(key)), prompt["metrics"][key].as_f64(), "{key}");
        }
        assert_eq!(Some(of("namedScores.length")), prompt["metrics"]["namedScores"]["length"].as_f64());
    }
}

#[test]
fn errors_are_errors_and_all_exports_say_the_same() {
    let registry = read(&fixture("promptfoo"));
    let first = statuses(&registry, "results.json");
    assert_eq!(first.len(), 16);
    assert_eq!(first, statuses(&registry, "results.yaml"));
    assert_eq!(first, statuses(&registry, "results.jsonl"));
    assert_eq!(first["one · A {{q}} [bad]"], CheckStatus::Error);
    assert_eq!(first["one · A {{q}} [echo] (2)"], CheckStatus::Pass);
    assert_eq!(first["q=y · B {{q}} [echo]"], CheckStatus::Fail);
    for file in ["results.json", "results.yaml", "results.jsonl"] {
        let run = run(&registry, file);
        let all = ["successes", "failures", "errors", "pass_rate"].map(|m| overall(run, m));
        assert_eq!(all, [4.0, 4.0, 8.0, 0.25], "{file}");
    }
    assert!(registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn older_versions_keep_their_prompts_in_the_table() {
    let mut value: Value = serde_json::from_slice(&bytes("promptfoo/results.json")).unwrap();
    let prompts = value["results"]["prompts"].take();
    value["results"]["version"] = 2.into();
    value["results"]["table"] = serde_json::json!({"head": {"prompts": prompts, "vars": ["q"]}, "body": []});
    let registry = from_memory(&[("r.json", value.to_string().as_bytes())]);
    let new = read(&fixture("promptfoo"));
    assert_eq!(registry.runs[0].results.len(), run(&new, "results.json").results.len());
}

#[test]
fn totals_that_the_rows_contradict_are_an_error() {
    let whole: Value = serde_json::from_slice(&bytes("promptfoo/results.json")).unwrap();
    let bad = |change: &dyn Fn(&mut Value)| {
        let mut value = whole.clone();
        change(&mut value["results"]);
        let registry = from_memory(&[("r.json", value.to_string().as_bytes())]);
        let error =
            registry.checks.iter().any(|c| c.name == "the results themselves" && c.status == CheckStatus::Error);
        (error, registry.runs[0].rejected.iter().any(|r| r.metric == "pass_rate"))
    };
    assert_eq!(bad(&|_| {}), (false, false));
    assert_eq!(bad(&|r| r["stats"]["successes"] = 16.into()), (true, true));
    assert_eq!(bad(&|r| r["results"].as_array_mut().unwrap().truncate(3)), (true, true));
    assert!(bad(&|r| r["results"] = Value::Null).0);
    // A row that does not say how it came out.
    let mut odd = whole.clone();
    odd["results"]["results"][0]["success"] = "true".into();
    let registry = from_memory(&[("r.json", odd.to_string().as_bytes())]);
    assert!(registry.checks.iter().any(|c| c.name.starts_with("one ·") && c.status == CheckStatus::Error));
}

#[test]
fn lines_that_break_off_are_an_error() {
    let whole = bytes("promptfoo/results.jsonl");
    let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in (first + 5..whole.len() - 2).step_by(1_013) {
        if whole[cut - 1] == b'\n' || whole[cut] == b'\n' {
            continue;
        }
        let registry = from_memory(&[("r.jsonl", &whole[..cut])]);
        let error =
            registry.checks.iter().any(|c| c.name == "the results themselves" && c.status == CheckStatus::Error);
        assert!(error && !registry.problems.is_empty(), "cut at {cut}");
    }
}
