//! Evaluation harnesses: every value of the corpus, small fixtures, and hostile files.

#![expect(clippy::disallowed_macros, reason = "a comparison says how much it compared")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use presscheck::model::{Catalogue, Direction, MetricResult, Registry, Run, assemble};
use presscheck::source::Source;
use serde_json::Value;

use crate::corpus::{folder, json, read, same_number, view};

/// Results of the view by the file and place that they were read from, with their run.
type Places<'v> = BTreeMap<(&'v str, &'v str), Vec<(&'v Value, &'v Value)>>;

fn places(view: &Value) -> Places<'_> {
    let mut out: Places<'_> = BTreeMap::new();
    for run in view["runs"].as_array().unwrap() {
        for result in run["results"].as_array().unwrap() {
            let place = (result["source"]["path"].as_str().unwrap(), result["source"]["pointer"].as_str().unwrap());
            out.entry(place).or_default().push((result, run));
        }
    }
    out
}

fn pointer(parts: &[&str]) -> String {
    parts.iter().map(|p| format!("/{}", p.replace('~', "~0").replace('/', "~1"))).collect()
}

fn one<'v>(places: &Places<'v>, file: &str, pointer: &str) -> (&'v Value, &'v Value) {
    let found = places.iter().find(|((f, p), _)| *f == file && *p == pointer);
    let found = found.unwrap_or_else(|| panic!("{file}#{pointer} was not read")).1;
    assert_eq!(found.len(), 1, "{file}#{pointer}");
    found[0]
}

fn lm_eval(below: &str) {
    let Some(path) = folder(below) else { return };
    let registry = read(&path);
    let view = view(&registry);
    let mut by_file: BTreeMap<&str, Vec<(&Value, &Value)>> = BTreeMap::new();
    for ((file, _), found) in places(&view) {
        by_file.entry(file).or_default().extend(found);
    }
    let mut rows = 0;
    for (file, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        let loader = json(&path.join(file))["config"]["model"].clone();
        let empty = Vec::new();
        let found = by_file.get(file.as_str()).unwrap_or(&empty);
        assert_eq!(Some(found.len() as u64), expected["n_rows"].as_u64(), "{file}");
        for row in expected["rows"].as_array().unwrap() {
            let (task, metric) = (row["task"].as_str().unwrap(), row["metric"].as_str().unwrap());
            let filter = row["filter"].as_str().filter(|f| *f != "none");
            let matching: Vec<_> = found
                .iter()
                .filter(|(r, _)| {
                    r["dataset"] == task && r["metric"] == metric && r["slice"]["filter"].as_str() == filter
                })
                .collect();
            assert_eq!(matching.len(), 1, "{file}: {task} {metric} {filter:?}");
            let (result, run) = matching[0];
            assert!(same_number(&result["value"], &row["value"]), "{file}: {task} {metric}: {}", result["value"]);
            assert!(same_number(&result["stderr"], &row["stderr"]), "{file}: {task} {metric}: {}", result["stderr"]);
            if let Some(shots) = expected["n_shot"][task].as_i64() {
                let split = result["split"].as_str().unwrap();
                assert_eq!(split.split(',').next(), Some(format!("{shots}-shot").as_str()), "{file}: {task}");
            }
            // Where no model is named, the loader stands in its place in the truth.
            if let Some(model) = expected["model"].as_str().filter(|m| loader != *m && !m.is_empty()) {
                assert_eq!(run["model"], model, "{file}");
            }
            if let Some(args) = expected["model_args"].as_str()
                && let Some(named) = args.split(',').find_map(|a| a.strip_prefix("pretrained="))
                && loader == expected["model"]
            {
                assert_eq!(run["model"], named, "{file}");
            }
            rows += 1;
        }
        for group in expected["groups"].as_array().unwrap() {
            let harness = registry
                .runs
                .iter()
                .flat_map(|r| &r.results)
                .find(|r| r.source.path == *file && r.dataset.as_deref() == group.as_str())
                .and_then(|r| r.harness.clone());
            assert!(harness.as_ref().is_none_or(|h| h.contains("group")), "{file}: {group} {harness:?}");
        }
    }
    assert!(rows > 10, "{rows}");
    println!("{below}: {rows} rows agree");
}

#[test]
fn every_row_of_lm_eval_agrees() {
    lm_eval("cards/lm-eval");
}

#[test]
fn every_row_of_real_offline_runs_of_lm_eval_agrees() {
    lm_eval("cards/eval-tools-run/lm-eval-run");
}

#[test]
fn every_counter_of_helm_agrees() {
    let Some(path) = folder("cards/helm") else { return };
    let registry = read(&path);
    let view = view(&registry);
    let places = places(&view);
    let mut compared = 0;
    for (file, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        if file.ends_with("run_spec.json") {
            let run = registry.runs.iter().find(|r| r.relative(file).is_some()).unwrap_or_else(|| panic!("{file}"));
            assert_eq!(run.model.as_deref(), expected["model"].as_str(), "{file}");
            continue;
        }
        let stats = expected["stats"].as_array().unwrap();
        assert_eq!(Some(stats.len() as u64), expected["n"].as_u64());
        for (i, stat) in stats.iter().enumerate() {
            let at = pointer(&[&i.to_string(), "mean"]);
            if stat["count"] == 0 {
                assert!(!places.contains_key(&(file.as_str(), at.as_str())), "{file}#{at} counted nothing");
                continue;
            }
            let (result, _) = one(&places, file, &at);
            assert_eq!(result["metric"], stat["name"], "{file}#{at}");
            assert!(same_number(&result["value"], &stat["mean"]), "{file}#{at}");
            assert_eq!(result["split"], stat["split"], "{file}#{at}");
            assert_eq!(result["slice"]["perturbation"], stat["perturbation"], "{file}#{at}");
            assert_eq!(result["slice"]["sub_split"], stat["sub_split"], "{file}#{at}");
            compared += 1;
        }
    }
    println!("cards/helm: {compared} counters agree");
    assert!(compared > 1000, "{compared}");
    assert!(registry.problems.is_empty(), "{:#?}", registry.problems);
}

#[test]
fn every_score_of_mteb_agrees() {
    let Some(path) = folder("cards/mteb") else { return };
    let registry = read(&path);
    let view = view(&registry);
    let (mut compared, mut metas) = (0, 0);
    let results: Vec<(&Run, &MetricResult)> =
        registry.runs.iter().flat_map(|r| r.results.iter().map(move |x| (r, x))).collect();
    for (file, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        match expected["format"].as_str().unwrap() {
            "new" => {
                for score in expected["scores"].as_array().unwrap() {
                    let subset = score["subset"].as_str().filter(|s| *s != "default");
                    let found: Vec<_> = results
                        .iter()
                        .filter(|(_, r)| r.source.path == *file && r.metric == "main_score")
                        .filter(|(_, r)| r.split.as_deref() == score["split"].as_str())
                        .filter(|(_, r)| r.slice.0.get("subset").map(String::as_str) == subset)
                        .collect();
                    assert_eq!(found.len(), 1, "{file} {score}");
                    let (_, result) = found[0];
                    assert_eq!(result.dataset.as_deref(), expected["task"].as_str(), "{file}");
                    assert_eq!(Some(result.value.as_f64()), score["main_score"].as_f64(), "{file}");
                    let version = format!("mteb {}", expected["version"].as_str().unwrap());
                    assert_eq!(result.harness, Some(version), "{file}");
                    compared += 1;
                }
            }
            "old" => {
                for split in expected["splits"].as_array().unwrap() {
                    let here = results.iter().filter(|(_, r)| r.source.path == *file);
                    let found = here.filter(|(_, r)| r.split.as_deref() == split.as_str()).count();
                    assert!(found > 1, "{file} {split}: {found}");
                }
                compared += 1;
            }
            "model_meta" => {
                let run = registry.runs.iter().find(|r| r.relative(file).is_some()).unwrap_or_else(|| panic!("{file}"));
                assert_eq!(run.model.as_deref(), expected["name"].as_str(), "{file}");
                let revision = run.version.as_deref().unwrap().split(',').next();
                assert_eq!(revision, expected["revision"].as_str(), "{file}");
                metas += 1;
            }
            _ => assert!(registry.runs.iter().any(|r| r.relative(file).is_some()), "{file}"),
        }
    }
    println!("cards/mteb: {compared} scores, {metas} descriptions agree");
    assert!(compared > 90 && metas == 36);
    // One run for each model and revision, and nothing contradicts itself.
    let versions: BTreeSet<_> = registry.runs.iter().map(|r| (&r.model, &r.version)).collect();
    assert_eq!(versions.len(), registry.runs.len());
    assert!(view["problems"].as_array().unwrap().iter().all(|p| p["code"] == "metric-nonfinite"));
}

#[test]
fn every_result_of_every_eval_ever_agrees() {
    let Some(path) = folder("cards/leaderboard-eee") else { return };
    let registry = read(&path);
    let view = view(&registry);
    let places = places(&view);
    let (mut compared, mut files) = (0, 0);
    for (file, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        files += 1;
        for (i, pair) in expected["results"].as_array().unwrap().iter().enumerate() {
            let at = pointer(&["evaluation_results", &i.to_string(), "score_details", "score"]);
            let (result, run) = one(&places, file, &at);
            assert!(same_number(&result["value"], &pair[1]), "{file}#{at}");
            assert!(result["metric"] == pair[0] || result["dataset"] == pair[0], "{file}#{at}: {result}");
            assert_eq!(run["model"], expected["model"], "{file}");
            compared += 1;
        }
    }
    println!("cards/leaderboard-eee: {compared} results of {files} files agree");
    assert!(files > 300);
    assert!(!registry.problems.iter().any(|p| p.code.as_str().starts_with("metric")), "no contradictions");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn every_cell_of_alpaca_eval_agrees() {
    let Some(path) = folder("cards/alpaca-eval") else { return };
    let registry = read(&path);
    let results: BTreeMap<(&str, &str), &MetricResult> = registry
        .runs
        .iter()
        .flat_map(|r| &r.results)
        .map(|r| ((r.source.path.as_str(), r.source.pointer.as_str()), r))
        .collect();
    let (mut compared, mut expected_files) = (0, 0);
    for (file, expected) in json(&path.join("expected.json")).as_object().unwrap() {
        expected_files += 1;
        let text = std::fs::read_to_string(path.join(file)).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let columns: Vec<&str> = expected["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        assert_eq!(header, columns, "{file}");
        let rows: Vec<&str> = lines.collect();
        assert_eq!(Some(rows.len() as u64), expected["rows"].as_u64(), "{file}");
        for (i, row) in rows.iter().enumerate() {
            let cells: Vec<&str> = row.split(',').collect();
            for (c, (column, cell)) in columns.iter().zip(&cells).enumerate().skip(1) {
                if cell.is_empty() || column.contains("standard_error") || *column == "mode" {
                    continue;
                }
                let at = format!("row {}, column {}", i + 2, c + 1);
                let result = results.get(&(file.as_str(), at.as_str())).unwrap_or_else(|| panic!("{file} {at}"));
                assert_eq!((result.metric.as_str(), result.value.as_f64()), (*column, cell.parse().unwrap()), "{file}");
                if *column == "win_rate" {
                    let error = columns.iter().position(|c| *c == "standard_error").unwrap();
                    assert_eq!(result.stderr.map(|e| e.get()), cells[error].parse().ok(), "{file} {at}");
                }
                compared += 1;
            }
        }
    }
    println!("cards/alpaca-eval: {compared} cells of {expected_files} files agree");
    assert!(compared > 2000);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their expectations")]
fn every_value_of_helms_efficiency_tables_is_read() {
    fn numbers(value: &Value) -> usize {
        match value {
            Value::Number(_) => 1,
            Value::Object(map) => map.values().map(numbers).sum(),
            Value::Array(list) => list.iter().map(numbers).sum(),
            _ => 0,
        }
    }
    let Some(path) = folder("cards/helm-efficiency") else { return };
    let registry = read(&path);
    for file in ["inference_denoised_runtimes.json", "inference_idealized_runtimes.json", "training_efficiency.json"] {
        let expected = numbers(&serde_json::from_slice(&std::fs::read(path.join(file)).unwrap()).unwrap());
        let found = registry.runs.iter().flat_map(|r| &r.results).filter(|r| r.source.path == file).count();
        assert_eq!(found, expected, "{file}");
    }
}

fn fixtures(below: &str) -> Registry {
    read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(below))
}

fn run<'r>(registry: &'r Registry, model: &str, version: &str) -> &'r Run {
    let is = |r: &&Run| r.model.as_deref() == Some(model) && r.version.as_deref() == Some(version);
    registry.runs.iter().find(is).unwrap_or_else(|| panic!("no {model}@{version}"))
}

/// A result as `metric dataset split slice = value`.
fn shown(result: &MetricResult) -> String {
    let part = |t: &Option<String>| t.clone().unwrap_or_default();
    format!(
        "{} | {} | {} | {} = {}",
        result.metric,
        part(&result.dataset),
        part(&result.split),
        result.slice,
        result.value
    )
}

fn all(run: &Run) -> Vec<String> {
    run.results.iter().map(shown).collect()
}

#[test]
fn lm_eval_old_and_new() {
    let registry = fixtures("lm-eval");
    let old = run(&registry, "bigscience/bloom-3b", "main");
    assert_eq!(all(old), ["acc | gsm8k | 8-shot |  = 0.012130401819560273"]);
    assert_eq!(old.results[0].stderr.unwrap().get(), 0.0030152942428909486);
    assert_eq!(old.results[0].harness.as_deref(), Some("lm-eval, task version 0"));
    assert_eq!(old.params["batch_size"].display(), "auto");
    assert_eq!(old.params["model_args.use_accelerate"].display(), "true");
    let new = run(&registry, "2cwrw4i0", "main");
    assert_eq!(new.results.len(), 7);
    let first = &new.results[0];
    assert_eq!(first.harness.as_deref(), Some("lm-eval 0.4.13, task version 1"));
    assert_eq!((first.dataset.as_deref(), first.split.as_deref()), (Some("addition_easy"), Some("0-shot, limit 7")));
    assert_eq!(first.n, Some(7));
    assert_eq!(new.directions["acc"], Direction::Higher);
    assert!(new.datasets.iter().any(|d| d.name == "addition_easy" && d.rows == Some(36)));
    assert!(new.started_at.is_some());
    assert!(registry.unrecognised.is_empty() && registry.problems.is_empty(), "{:?}", registry.problems);
}

#[test]
fn helm_runs_of_one_suite_and_model_are_one_version() {
    let registry = fixtures("helm");
    assert_eq!(registry.runs.len(), 2);
    let run = run(&registry, "openai/gpt2", "v1");
    assert_eq!(
        all(run),
        [
            "num_instances | mmlu:subject=anatomy | test |  = 40",
            "exact_match | mmlu:subject=anatomy | test |  = 0.5",
            "exact_match | mmlu:subject=anatomy | test | computed_on=worst & perturbation=robustness = 0.25",
            "exact_match | mmlu:subject=anatomy | test | sub_split=hard = 0.4",
            "num_instances | narrative_qa | test |  = 40",
            "exact_match | narrative_qa | test |  = 0.5",
            "exact_match | narrative_qa | test | computed_on=worst & perturbation=robustness = 0.25",
            "exact_match | narrative_qa | test | sub_split=hard = 0.4",
        ]
    );
    let exact = &run.results[1];
    assert_eq!(exact.n, Some(40));
    assert!((exact.stderr.unwrap().get() - 0.06 / 2.0_f64.sqrt()).abs() < 1e-12, "three trials");
    assert_eq!((run.results[2].n, run.results[2].stderr), (None, None), "one trial");
    assert_eq!(registry.catalogue.direction("exact_match"), Some(Direction::Higher));
    let version = registry.models[1].versions.first().unwrap();
    let evidence: Vec<&str> = registry.evidence_of(version).map(|e| e.path.as_str()).collect();
    assert_eq!(evidence.len(), 4, "the files of its own runs and no others: {evidence:?}");
}

#[test]
fn mteb_files_of_one_revision_are_one_version() {
    let registry = fixtures("mteb");
    assert_eq!(registry.runs.len(), 2);
    let new = run(&registry, "acme/tiny", "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a");
    assert_eq!(
        all(new),
        [
            "main_score | Banking | test |  = 0.75",
            "accuracy | Banking | test |  = 0.75",
            "main_score | Banking | test | subset=de = 0.5",
            "accuracy | Banking | test | subset=de = 0.5",
            "evaluation_time | Banking |  |  = 3.5",
        ]
    );
    assert_eq!(new.params["n_parameters"].display(), "1000");
    assert_eq!(new.lineage.base_model.as_deref(), Some("acme/base"));
    assert_eq!(new.datasets[0].digest.as_deref(), Some("abc123"));
    let old = run(&registry, "acme/old", "no_revision_available");
    assert_eq!(
        all(old),
        [
            "evaluation_time | STS17 | test |  = 2",
            "cos_sim.pearson | STS17 | test | subset=ko-ko = 0.5",
            "cos_sim.spearman | STS17 | test | subset=ko-ko = 0.6",
            "cos_sim.pearson | STS17 | test | subset=en-de = 0.3",
            "cos_sim.spearman | STS17 | test | subset=en-de = 0.4",
        ]
    );
}

#[test]
fn leaderboards_that_differ_do_not_contradict_each_other() {
    let registry = fixtures("eee");
    assert_eq!(registry.runs.len(), 1);
    let run = run(&registry, "acme/tiny", "main");
    assert_eq!(
        all(run),
        [
            "accuracy | gsm8k | board-a |  = 0.5",
            "rate | toxicity | board-a |  = 0.1",
            "accuracy | gsm8k | board-b |  = 0.6",
        ]
    );
    let first = &run.results[0];
    assert_eq!((first.n, first.stderr.map(|e| e.get())), (Some(600), Some(0.02)));
    assert_eq!(first.ci.map(|c| (c.lower.get(), c.upper.get(), c.level.get())), Some((0.46, 0.54, 0.95)));
    assert_eq!(first.harness.as_deref(), Some("inspect_ai 0.3.1"));
    assert!(run.results[1].ci.is_none(), "distances from the score are no interval");
    assert_eq!(run.directions["rate"], Direction::Lower);
    assert_eq!(run.tags["developer"], "acme");
    let rejected: Vec<(&str, &str)> = run.rejected.iter().map(|r| (r.metric.as_str(), r.found.as_str())).collect();
    assert_eq!(rejected, [("level", "an unknown level (-1)"), ("accuracy", "text \"0.9\"")]);
    assert_eq!(run.folders().collect::<Vec<_>>(), ["one.json", "two.json"]);
}

#[test]
fn each_row_of_a_leaderboard_is_a_model() {
    let registry = fixtures("alpaca-eval");
    let run = run(&registry, "acme-7b", "main");
    let win = run.results.iter().find(|r| r.metric == "win_rate").unwrap();
    assert_eq!((win.value.as_f64(), win.stderr.map(|e| e.get()), win.n), (35.5, Some(1.68), Some(805)));
    assert_eq!(win.split.as_deref(), Some("weighted_alpaca_eval_gpt4_turbo"));
    let controlled = run.results.iter().find(|r| r.metric == "length_controlled_winrate").unwrap();
    assert_eq!(controlled.stderr.map(|e| e.get()), Some(0.5));
    let hostile = registry.runs.iter().find(|r| r.model.as_deref() == Some("../../evil")).unwrap();
    assert_eq!(hostile.rejected[0].found, "text \"not yet\"");
    assert!(hostile.results.iter().all(|r| r.metric != "avg_length"), "an empty cell is no value");
}

fn memory(files: &[(&str, &[u8])]) -> Registry {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    let source = Source::from_memory("", "evals", files);
    assemble(presscheck::import::import(&source, None), Catalogue::built_in(), &[])
}

#[test]
fn settings_that_change_a_model_make_another_version_and_shots_another_split() {
    let file = |args: &str, shots: u32, value: &str| {
        format!(
            r#"{{"results":{{"t":{{"acc,none":{value},"acc_stderr,none":"N/A","alias":" - t"}}}},"versions":{{"t":1}},
            "n-shot":{{"t":{shots}}},"configs":{{}},"config":{{"model":"hf","model_args":{args},"limit":null}}}}"#
        )
    };
    let registry = memory(&[
        ("a.json", file(r#""pretrained=m,device=cuda:0""#, 0, "0.1").as_bytes()),
        ("b.json", file(r#"{"pretrained":"m","trust_remote_code":true}"#, 5, "0.2").as_bytes()),
        ("c.json", file(r#""pretrained=m,load_in_4bit=True""#, 5, "0.3").as_bytes()),
        ("d.json", file(r#"{"pretrained":"m","load_in_4bit":true}"#, 0, "NaN").as_bytes()),
        ("e.json", file(r#""pretrained=m,api_key=sk-proj-abcdefghijklmnop,revision=v2""#, 0, "\"0.4\"").as_bytes()),
    ]);
    let versions: Vec<&str> = registry.models[0].versions.iter().map(|v| v.version.as_str()).collect();
    assert_eq!(versions, ["main", "main, load_in_4bit=true", "v2"]);
    assert_eq!(all(run(&registry, "m", "main")), ["acc | t | 0-shot |  = 0.1", "acc | t | 5-shot |  = 0.2"]);
    assert_eq!(
        all(run(&registry, "m", "main, load_in_4bit=true")),
        ["acc | t | 5-shot |  = 0.3", "acc | t | 0-shot |  = NaN"]
    );
    let last = run(&registry, "m", "v2");
    assert_eq!((last.results.len(), last.rejected.len()), (0, 1), "text is no number");
    assert!(!serde_json::to_string(&view(&registry)).unwrap().contains("sk-proj"), "the key is shown");
}

#[test]
fn a_repeated_evaluation_that_differs_is_a_contradiction_that_stays_visible() {
    let file = |value: &str| {
        format!(
            r#"{{"results":{{"t":{{"acc":{value}}}}},"versions":{{"t":0}},"config":{{"model_args":"pretrained=m"}}}}"#
        )
    };
    let registry = memory(&[("a.json", file("0.1").as_bytes()), ("b.json", file("0.2").as_bytes())]);
    assert_eq!(run(&registry, "m", "main").results.len(), 2);
    assert!(registry.problems.iter().any(|p| p.code.as_str() == "metric-conflict"), "{:?}", registry.problems);
}

#[test]
fn a_broken_file_of_a_merged_version_belongs_to_its_evidence() {
    let good = r#"{"results":{"t":{"acc":0.5}},"versions":{"t":0},"config":{"model_args":"pretrained=m"}}"#;
    let registry = memory(&[("x/a.json", good.as_bytes()), ("y/b.json", good.as_bytes())]);
    let version = &registry.models[0].versions[0];
    let evidence: Vec<&str> = registry.evidence_of(version).map(|e| e.path.as_str()).collect();
    assert_eq!(evidence, ["x/a.json", "y/b.json"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn truncated_and_odd_files_never_panic() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
    let helm = "helm/v1/mmlu_subject=anatomy,model=openai_gpt2";
    for file in [
        "lm-eval/run2/results_2026-11-23T11-43-56.306314.json".to_owned(),
        "lm-eval/run2/samples_carry_2026-11-23T11-43-56.306314.jsonl".to_owned(),
        format!("{helm}/stats.json"),
        format!("{helm}/run_spec.json"),
        "mteb/results/acme__old/STS17.json".to_owned(),
        "eee/one.json".to_owned(),
        "alpaca-eval/weighted_alpaca_eval_gpt4_turbo_leaderboard.csv".to_owned(),
    ] {
        let bytes = std::fs::read(root.join(&file)).unwrap();
        let spec = std::fs::read(root.join(helm).join("run_spec.json")).unwrap();
        for cut in (0..bytes.len()).step_by((bytes.len() / 40).max(1)) {
            let registry = memory(&[(&file, &bytes[..cut]), (&format!("{helm}/run_spec.json"), &spec)]);
            let broken = file.ends_with("stats.json") && cut > 0;
            assert!(!broken || registry.problems.iter().any(|p| p.code.as_str() == "json-syntax"), "{file} at {cut}");
        }
    }
    for text in [
        r#"{"results":{"t":{"acc,none":[1],"acc_stderr,none":{},"":1,",":2}},"versions":{},"config":{"model_args":7}}"#,
        r#"{"results":{"t":{"acc,none":1e999,"acc_stderr,none":-1}},"versions":{},"configs":{"t":null},"n-shot":[]}"#,
        r#"{"results":[{"task_name":4},{"task_name":"t","x":null}],"config":{"model_args":null}}"#,
        r#"{"schema_version":1,"evaluation_id":"///","model_info":{},"evaluation_results":[1,{},{"evaluation_name":"x"}]}"#,
        r#"{"mteb_version":1,"task_name":"t","scores":{"test":{},"dev":[1,{"main_score":"1"},{"main_score":null}]}}"#,
        r#"{"energy":{"m":{"value":"x","description":1}}}"#,
        r#"{"m":{"runtime_per_output_token":{},"runtime_for_prompt_tokens":[]}}"#,
    ] {
        let registry = memory(&[("f.json", text.as_bytes())]);
        assert!(registry.unrecognised.is_empty(), "{text}");
        assert!(registry.runs.iter().flat_map(|r| &r.results).all(|r| r.value.finite().is_none()), "{text}");
    }
}

#[test]
fn files_of_other_tools_are_left_to_them() {
    let kinds = ["lm-eval", "helm", "mteb", "every-eval-ever", "alpaca-eval"];
    let Some(cards) = folder("cards") else { return };
    let registry = read(&cards);
    for run in registry.runs.iter().filter(|r| kinds.contains(&r.source.as_str())) {
        let ours = ["lm-eval", "helm", "mteb", "leaderboard-eee", "alpaca-eval", "eval-tools-run/lm-eval-run"];
        let other = run.folders().find(|file| !ours.iter().any(|f| file.starts_with(f)));
        assert!(other.is_none(), "{} took {other:?}", run.source);
    }
    for below in ["drift", "trackers"] {
        let Some(path) = folder(below) else { return };
        let taken: Vec<String> =
            read(&path).runs.iter().filter(|r| kinds.contains(&r.source.as_str())).map(|r| r.id.clone()).collect();
        assert!(taken.is_empty(), "{below}: {taken:?}");
    }
}
