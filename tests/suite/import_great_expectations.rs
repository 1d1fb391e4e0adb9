//! Great Expectations: every outcome and observed value of the corpus, old and new layout, and
//! fixtures that need no corpus.

use std::path::{Path, PathBuf};

use presscheck::model::{Check, CheckStatus, Registry};
use serde_json::Value;

use crate::corpus;

fn checks<'r>(registry: &'r Registry, file: &str) -> Vec<&'r Check> {
    let mut found: Vec<(usize, &Check)> = registry
        .checks
        .iter()
        .filter(|c| c.source.path == file)
        .map(|c| (c.id.rsplit('/').next().unwrap().parse().unwrap(), c))
        .collect();
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, check)| check).collect()
}

/// `results` of `expected.json` against the checks of a file.
fn compare(file: &str, ours: &[&Check], results: &Value, has_exceptions: bool) {
    let results = results.as_array().unwrap();
    assert_eq!(ours.len(), results.len(), "{file}");
    for (ours, theirs) in ours.iter().zip(results) {
        let name = match theirs["column"].as_str() {
            Some(column) => format!("{}({column})", theirs["type"].as_str().unwrap()),
            None => theirs["type"].as_str().unwrap().to_owned(),
        };
        assert!(
            ours.name == name || ours.name.starts_with(&format!("{name} #")),
            "{file}: {} is not {name}",
            ours.name
        );
        let status = match (theirs["success"].as_bool().unwrap(), theirs["raised"].as_bool()) {
            (_, Some(true)) if has_exceptions => CheckStatus::Error,
            (true, _) => CheckStatus::Pass,
            (false, _) => CheckStatus::Fail,
        };
        assert_eq!(ours.status, status, "{file}: {name}: {}", ours.message);
        if let Some(observed) = theirs["observed_value"].as_f64() {
            let told = ours.message.strip_prefix("observed ").unwrap().split(';').next().unwrap();
            assert_eq!(told.parse::<f64>().unwrap(), observed, "{file}: {name}");
        }
        if let Some(percent) = theirs["unexpected_percent"].as_f64() {
            let (_, told) = ours.message.split_once("unexpected (").unwrap();
            assert_eq!(told.split(' ').next().unwrap().parse::<f64>().unwrap(), percent, "{file}: {name}");
        }
    }
}

#[test]
fn corpus_great_expectations_0_18() {
    let Some(folder) = corpus::folder("drift/great-expectations-0.18.22") else { return };
    let registry = corpus::read(&folder);
    for case in corpus::json(&folder.join("expected.json"))["cases"].as_array().unwrap() {
        for key in ["file", "checkpoint_file"] {
            let file = case[key].as_str().unwrap();
            let ours = checks(&registry, file);
            compare(file, &ours, &case["results"], true);
            let passed = ours.iter().all(|c| c.status == CheckStatus::Pass);
            assert_eq!(passed, case["success"].as_bool().unwrap(), "{file}");
            assert!(ours.iter().all(|c| c.suite == "great_expectations: breast_cancer"), "{file}");
        }
    }
    finish(&registry);
}

#[test]
fn corpus_great_expectations_1() {
    let Some(folder) = corpus::folder("drift/great-expectations-1.24.1") else { return };
    let registry = corpus::read(&folder);
    for case in corpus::json(&folder.join("expected.json"))["cases"].as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let ours = checks(&registry, file);
        assert!(!ours.is_empty(), "{file}");
        let passed = ours.iter().all(|c| c.status == CheckStatus::Pass);
        assert_eq!(passed, case["success"].as_bool().unwrap(), "{file}");
        if let Some(validations) = case["validations"].as_array() {
            let [validation] = validations.as_slice() else { panic!("{file}") };
            // `describe()` leaves exceptions out: there such an expectation only failed.
            compare(file, &ours, &validation["results"], false);
            let full = case["validation_file"].as_str().unwrap();
            compare(full, &checks(&registry, full), &validation["results"], true);
        }
        if let Some(statistics) = case["statistics"].as_object() {
            let failed = ours.iter().filter(|c| c.status != CheckStatus::Pass).count();
            assert_eq!(failed as u64, statistics["unsuccessful_expectations"].as_u64().unwrap(), "{file}");
            assert_eq!(ours.len() as u64, statistics["evaluated_expectations"].as_u64().unwrap(), "{file}");
        }
        if case["kind"] == "single expectation" {
            let name = format!("expect_column_quantile_values_to_be_between({})", case["column"].as_str().unwrap());
            assert_eq!(ours[0].name, name, "{file}");
        }
    }
    let mut suites: Vec<&str> =
        registry.checks.iter().filter(|c| c.source.path.starts_with("store/")).map(|c| c.suite.as_str()).collect();
    suites.sort_unstable();
    suites.dedup();
    assert_eq!(suites, ["great_expectations: breast_cancer drift", "great_expectations: flights drift"]);
    finish(&registry);
}

/// Nothing is unread, ids are unique, and no name speaks of a batch or a time.
fn finish(registry: &Registry) {
    let problems: Vec<_> =
        registry.problems.iter().filter(|p| p.severity != presscheck::diag::Severity::Note).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(registry.unrecognised, ["expected.json"]);
    let mut ids: Vec<&str> = registry.checks.iter().map(|c| c.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), registry.checks.len());
    assert!(registry.checks.iter().all(|c| !c.name.contains("2026")), "names are the same in every run");
}

fn fixture(name: &str) -> Registry {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/great_expectations");
    corpus::read(&root.join(name))
}

#[test]
fn fixtures_of_three_versions() {
    for version in ["0.15.50", "0.17.23"] {
        let registry = fixture(version);
        let found: Vec<_> = checks(&registry, "validation.json").iter().map(|c| (c.name.as_str(), c.status)).collect();
        assert_eq!(
            found,
            [
                ("expect_column_mean_to_be_between(a)", CheckStatus::Fail),
                ("expect_column_values_to_not_be_null(a)", CheckStatus::Fail),
                ("expect_column_values_to_be_in_set(b)", CheckStatus::Fail),
                ("expect_column_kl_divergence_to_be_less_than(b)", CheckStatus::Fail),
                ("expect_table_row_count_to_equal", CheckStatus::Pass),
                ("expect_column_pair_values_A_to_be_greater_than_B(c, a)", CheckStatus::Fail),
                ("expect_column_to_exist(zz)", CheckStatus::Fail),
                ("expect_column_max_to_be_between(zz)", CheckStatus::Error),
            ],
            "{version}"
        );
        // Only the failures were asked for: the statistics count more, and that is no contradiction.
        let failures = checks(&registry, "failures.json");
        assert_eq!(failures.len(), 7, "{version}");
        assert!(failures.iter().all(|c| c.name != "the validation itself"), "{version}");
        assert!(checks(&registry, "suite.json").is_empty());
    }
    let registry = fixture("1.24.1");
    let found = checks(&registry, "warnings.json");
    let count = |status| found.iter().filter(|c| c.status == status).count();
    assert_eq!(
        (count(CheckStatus::Pass), count(CheckStatus::Warn), count(CheckStatus::Fail), count(CheckStatus::Error)),
        (4, 6, 1, 1)
    );
    assert!(found.iter().any(|c| c.name == "expect_column_values_to_be_between(a) where b==\"x\""));
    assert!(found.iter().any(|c| c.name == "expect_column_max_to_be_between(a) #2"));
    assert_eq!(checks(&registry, "described.json").len(), found.len());
}

#[test]
fn a_result_that_is_cut_is_an_error_or_a_problem() {
    #[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/great_expectations/0.15.50/validation.json"),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    for step in 1..40 {
        let end = text.len() * step / 40;
        let Some(cut) = text.get(..end) else { continue };
        #[expect(clippy::disallowed_methods, reason = "tests write their inputs")]
        std::fs::write(folder.path().join("validation.json"), cut).unwrap();
        let registry = corpus::read(folder.path());
        assert!(registry.checks.is_empty(), "cut at {end}");
        assert!(!registry.problems.is_empty() || !registry.unrecognised.is_empty(), "cut at {end}");
    }
}
