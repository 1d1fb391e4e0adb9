//! The gate: policy × evidence × expected verdict, the normative corner cases, and properties.
//!
//! Registries are built from records in code, so each case shows all that matters. Corner cases are
//! named after their row in docs/gate/corner-cases.md.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use presscheck::diag::{Code, Diagnostic, Severity};
use presscheck::digest::Sha256;
use presscheck::gate::policy::{
    Policy, RawApproval, RawApprovals, RawBaseline, RawDefaults, RawPolicy, RawRole, RawRule, RawStage, RawWaiver,
    explain, validate,
};
use presscheck::gate::verdict::{Clock, Outcome, RuleRecord, Status, Verdict};
use presscheck::gate::{Inputs, evaluate};
use presscheck::model::{
    Card, Catalogue, Check, CheckStatus, Dataset, Datum, Direction, DriftReport, Evidence, FeatureDrift, Finite,
    Instant, Measured, Method, MetricDefinition, MetricResult, ModelRecord, Pointer, Records, Registry, Rejected, Run,
    RunStatus, Section, Slice, VersionRecord, Window, assemble, slug_id,
};
use proptest::prelude::*;
use serde::Deserialize;
use toml::Spanned;

/// The policy keys of a configuration, as `config` embeds them.
#[derive(Debug, Default, Deserialize)]
struct File {
    name: Option<String>,
    defaults: Option<Spanned<RawDefaults>>,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    #[serde(default)]
    baseline: BTreeMap<Spanned<String>, Spanned<RawBaseline>>,
    #[serde(default)]
    stage: BTreeMap<Spanned<String>, Spanned<RawStage>>,
    #[serde(default)]
    waiver: Vec<Spanned<RawWaiver>>,
    approvals: Option<Spanned<RawApprovals>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<RawRole>>,
    #[serde(default)]
    approval: Vec<Spanned<RawApproval>>,
    include: Option<Spanned<toml::Value>>,
    requires_presscheck: Option<Spanned<String>>,
}

fn raw(text: &str) -> Result<RawPolicy, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let unsupported: Vec<(String, Range<usize>)> =
        file.include.iter().map(|a| ("include".to_owned(), a.span())).collect();
    Ok(RawPolicy {
        name: file.name,
        defaults: file.defaults,
        rules: file.rule,
        baselines: file.baseline,
        stages: file.stage,
        waivers: file.waiver,
        approvals: file.approvals,
        roles: file.roles,
        approval: file.approval,
        requires: file.requires_presscheck,
        unsupported,
    })
}

pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let mut add = |name: &str, direction, target: Option<f64>, unit: Option<&str>| {
        catalogue.insert(MetricDefinition {
            direction,
            target: target.and_then(Finite::new),
            unit: unit.map(str::to_owned),
            ..MetricDefinition::named(name)
        });
    };
    add("score", Some(Direction::Higher), None, None);
    add("cost", Some(Direction::Lower), None, Some("ms"));
    add("slope", Some(Direction::Target), Some(1.0), None);
    add("seats", Some(Direction::None), None, None);
    catalogue
}

pub(crate) fn try_policy(text: &str) -> Result<Policy, Vec<Diagnostic>> {
    validate(raw(text).unwrap(), "presscheck.toml", &Arc::from(text), &catalogue())
}

#[track_caller]
pub(crate) fn policy(text: &str) -> Policy {
    match try_policy(text) {
        Ok(policy) => policy,
        Err(found) => panic!("{}", presscheck::diag::render_all(&found, false)),
    }
}

/// Evidence of a model with versions, built up value by value.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) records: Records,
}

pub(crate) fn at(version: &str, file: &str) -> Pointer {
    Pointer::new(format!("runs/churn/{version}/{file}"), "")
}

impl Store {
    pub(crate) fn new(versions: &[&str]) -> Self {
        let mut out = Self::default();
        for version in versions {
            out.records.runs.push(Run {
                id: format!("runs/churn/{version}"),
                folder: format!("runs/churn/{version}"),
                name: (*version).to_owned(),
                model: Some("churn".to_owned()),
                version: Some((*version).to_owned()),
                status: RunStatus::Finished,
                ..Run::default()
            });
            out = out.file(version, "run.toml");
        }
        out
    }

    pub(crate) fn run(&mut self, version: &str) -> &mut Run {
        self.records.runs.iter_mut().find(|r| r.version.as_deref() == Some(version)).unwrap()
    }

    pub(crate) fn file(mut self, version: &str, file: &str) -> Self {
        let path = at(version, file).path;
        self.records.evidence.push(Evidence { sha256: Sha256::of(path.as_bytes()), path, bytes: 1 });
        self
    }

    pub(crate) fn result(mut self, version: &str, result: MetricResult) -> Self {
        self.run(version).results.push(result);
        self
    }

    pub(crate) fn metric(self, version: &str, metric: &str, value: f64) -> Self {
        self.result(version, MetricResult::new(metric, value, at(version, "metrics.json")))
    }

    pub(crate) fn slice(self, version: &str, metric: &str, slice: &str, value: f64, n: u64) -> Self {
        let mut result = MetricResult::new(metric, value, at(version, "metrics.json"));
        result.slice = Slice::parse(slice);
        result.n = Some(n);
        self.result(version, result)
    }

    pub(crate) fn rejected(mut self, version: &str, metric: &str, found: &str) -> Self {
        self.run(version).rejected.push(Rejected {
            metric: metric.to_owned(),
            dataset: None,
            slice: Slice::default(),
            class: None,
            found: found.to_owned(),
            source: at(version, "metrics.json"),
        });
        self
    }

    pub(crate) fn alias(mut self, alias: &str, version: &str) -> Self {
        self.records.models.push(ModelRecord {
            name: "churn".to_owned(),
            aliases: BTreeMap::from([(alias.to_owned(), version.to_owned())]),
            ..ModelRecord::default()
        });
        self
    }

    pub(crate) fn drift(mut self, version: &str, file: &str, features: &[(&str, f64)]) -> Self {
        let source = at(version, file);
        self.records.drift.push(DriftReport {
            id: source.path.clone(),
            run: Some(format!("runs/churn/{version}")),
            tool: "test".to_owned(),
            reference: String::new(),
            current: String::new(),
            window: Window::default(),
            drifted: None,
            share_drifted: None,
            share_threshold: None,
            features: features
                .iter()
                .map(|(name, score)| FeatureDrift {
                    feature: (*name).to_owned(),
                    kind: String::new(),
                    method: Some(Method::Psi),
                    method_label: "psi".to_owned(),
                    score: Some(Measured::new(*score)),
                    threshold: None,
                    p_value: None,
                    drifted: Some(*score > 0.2),
                    distribution: None,
                    column: presscheck::model::Column::default(),
                })
                .collect(),
            source,
            beside: None,
        });
        self.file(version, file)
    }

    pub(crate) fn features(mut self, change: impl Fn(&mut FeatureDrift)) -> Self {
        self.records.drift.iter_mut().flat_map(|r| &mut r.features).for_each(change);
        self
    }

    pub(crate) fn checks(mut self, version: &str, file: &str, statuses: &[CheckStatus]) -> Self {
        for (i, status) in statuses.iter().enumerate() {
            self.records.checks.push(Check {
                id: format!("{version}/{file}/{i}"),
                run: Some(format!("runs/churn/{version}")),
                suite: "pytest".to_owned(),
                name: format!("test_{i}"),
                status: *status,
                message: String::new(),
                source: at(version, file),
            });
        }
        self.file(version, file)
    }

    /// A card with sections of so many words each.
    pub(crate) fn card(mut self, version: &str, sections: &[(&str, &str)], keys: &[(&str, &str)]) -> Self {
        self.records.cards.push(Card {
            path: at(version, "card.md").path,
            model: Some("churn".to_owned()),
            version: Some(version.to_owned()),
            metadata: Datum::Map(keys.iter().map(|(k, v)| ((*k).to_owned(), Datum::from(*v))).collect()),
            sections: sections
                .iter()
                .map(|(title, text)| Section {
                    id: slug_id(title),
                    title: (*title).to_owned(),
                    level: 2,
                    markdown: (*text).to_owned(),
                    words: text.split_whitespace().count(),
                })
                .collect(),
            results: Vec::new(),
        });
        self.file(version, "card.md")
    }

    pub(crate) fn problem(mut self, problem: Diagnostic) -> Self {
        self.records.problems.push(problem);
        self
    }

    pub(crate) fn change(mut self, version: &str, change: impl FnOnce(&mut Run)) -> Self {
        change(self.run(version));
        self
    }

    pub(crate) fn registry(&self) -> Registry {
        assemble(self.records.clone(), catalogue(), &[])
    }
}

pub(crate) fn clock() -> (Instant, Clock) {
    (Instant::parse("2026-11-20T12:00:00Z").unwrap(), Clock::AsOf)
}

/// The verdict on `churn@2` at the first stage.
#[track_caller]
pub(crate) fn judge(policy: &Policy, store: &Store) -> Verdict {
    judge_at(policy, store, policy.stages().next().unwrap(), "2")
}

#[track_caller]
fn judge_at(policy: &Policy, store: &Store, stage: &str, version: &str) -> Verdict {
    let registry = store.registry();
    let version = registry.model("churn").unwrap().version(version).unwrap();
    let verdict = evaluate(policy, &Inputs::new(&registry, clock().0, clock().1), version, stage);
    assert_eq!(
        verdict,
        evaluate(policy, &Inputs::new(&registry, clock().0, clock().1), version, stage),
        "same inputs, same verdict"
    );
    consistent(&verdict);
    verdict
}

/// What must hold of every verdict.
#[track_caller]
pub(crate) fn consistent(verdict: &Verdict) {
    let code = match verdict.verdict {
        Outcome::Pass | Outcome::PassWithWarnings | Outcome::PassWithWaivers => vec![0],
        Outcome::Blocked => vec![1],
        Outcome::Pending => vec![4],
        Outcome::Error => vec![2, 3, 5],
    };
    assert!(code.contains(&verdict.exit_code), "{verdict:?}");
    let blocks = verdict.rules.iter().filter(|r| r.blocks()).count();
    assert!(!(verdict.verdict.promotes() && blocks > 0), "{verdict:?}");
    let first_holding = verdict.rules.iter().position(|r| !r.blocks()).unwrap_or(verdict.rules.len());
    assert_eq!(first_holding, blocks, "blockers first");
    let mut names: Vec<String> = verdict.rules.iter().map(RuleRecord::name).collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "names are unique");
    assert!(verdict.sentence.ends_with('.') && !verdict.sentence.contains('\n'), "{}", verdict.sentence);
}

/// `outcome reason`, the reason being that of the first record that does not pass.
pub(crate) fn summary(verdict: &Verdict) -> String {
    let reason = verdict.rules.iter().find(|r| r.status != Status::Pass).map_or("", |r| r.reason.as_str());
    format!("{} {reason}", verdict.verdict.as_str()).trim_end().to_owned()
}

const FLOOR: &str = r#"
[[rule]]
id = "auc-floor"
check = "metric"
metric = "auc"
min = 0.88
"#;

const CHAMPION: &str = r#"
[baseline.champion]
select = "alias:champion"
[[rule]]
id = "score-vs-champion"
check = "metric"
metric = "score"
baseline = "champion"
max_regression = { abs = 0.01, rel = 0.02 }
"#;

const SLICES: &str = r#"
[[rule]]
id = "auc-by-region"
check = "metric"
metric = "auc"
slices = ["region=*"]
require = ["region=eu"]
expect_at_least = 2
min = 0.8
min_n = 100
"#;

const DRIFT: &str = r#"
[[rule]]
id = "drift"
check = "drift"
report = "drift/*.json"
method = "psi"
max_score = 0.2
max_drifted_share = 0.4
critical = ["income"]
min_columns = 3
"#;

const TESTS: &str = r#"
[[rule]]
id = "suites"
check = "tests"
report = "checks/*.xml"
min_tests = 2
require = ["checks/unit.xml"]
"#;

const CARD: &str = r#"
[[rule]]
id = "card"
check = "card"
sections = ["Intended use", "Limitations"]
min_words = 3
placeholders = "forbid"
front_matter = ["license"]
"#;

pub(crate) fn two() -> Store {
    Store::new(&["1", "2"]).alias("champion", "1")
}

fn regions(eu: f64, us: f64, n: u64) -> Store {
    two().slice("2", "auc", "region=eu", eu, 500).slice("2", "auc", "region=us", us, n)
}

fn good_card() -> Store {
    two().card("2", &[("Intended use", "one two three"), ("Known limitations", "one two three")], &[("license", "mit")])
}

/// Policy × evidence × verdict: for every kind one case that blocks, passes, is inconclusive (where
/// the kind can be) and lacks its evidence.
#[test]
fn every_kind_blocks_passes_and_misses() {
    use CheckStatus::{Error, Fail, Pass, Skipped, Warn};
    let cases: Vec<(&str, &str, Store, &str)> = vec![
        ("metric blocks", FLOOR, two().metric("2", "auc", 0.879), "blocked below-bound"),
        ("metric passes", FLOOR, two().metric("2", "auc", 0.881), "pass"),
        ("metric missing", FLOOR, two().metric("2", "f1", 0.9), "blocked missing"),
        (
            "relative blocks",
            CHAMPION,
            two().metric("1", "score", 10.0).metric("2", "score", 9.79),
            "blocked regression",
        ),
        ("relative passes", CHAMPION, two().metric("1", "score", 10.0).metric("2", "score", 9.81), "pass"),
        ("relative missing", CHAMPION, two().metric("2", "score", 9.81), "blocked missing-baseline"),
        ("slices block", SLICES, regions(0.9, 0.79, 500), "blocked below-bound"),
        ("slices pass", SLICES, regions(0.9, 0.85, 500), "pass"),
        ("slices inconclusive", SLICES, regions(0.9, 0.85, 99), "blocked small-n"),
        ("slices missing", SLICES, two().metric("2", "auc", 0.9), "blocked empty-match"),
        (
            "drift blocks",
            DRIFT,
            two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.3), ("c", 0.3)]),
            "blocked drifted-share",
        ),
        (
            "drift critical",
            DRIFT,
            two().drift("2", "drift/a.json", &[("income", 0.3), ("b", 0.1), ("c", 0.1)]),
            "blocked critical-drift",
        ),
        ("drift passes", DRIFT, two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.3), ("c", 0.1)]), "pass"),
        ("drift missing", DRIFT, two(), "blocked empty-match"),
        (
            "drift unclear",
            DRIFT,
            two().drift("2", "drift/a.json", &[("income", 0.1), ("b", f64::NAN), ("c", 0.1)]),
            "blocked not-judgeable",
        ),
        ("tests block", TESTS, two().checks("2", "checks/unit.xml", &[Pass, Fail]), "blocked tests-failed"),
        ("tests error", TESTS, two().checks("2", "checks/unit.xml", &[Pass, Pass, Error]), "blocked tests-failed"),
        ("tests skip", TESTS, two().checks("2", "checks/unit.xml", &[Pass, Pass, Skipped]), "blocked tests-failed"),
        ("tests warn", TESTS, two().checks("2", "checks/unit.xml", &[Pass, Pass, Warn]), "blocked tests-failed"),
        ("tests pass", TESTS, two().checks("2", "checks/unit.xml", &[Pass, Pass]), "pass"),
        ("tests few", TESTS, two().checks("2", "checks/unit.xml", &[Pass]), "blocked too-few-tests"),
        ("tests missing", TESTS, two(), "blocked empty-match"),
        ("tests required", TESTS, two().checks("2", "checks/other.xml", &[Pass, Pass]), "blocked missing-report"),
        ("card passes", CARD, good_card(), "pass"),
        ("card missing", CARD, two(), "blocked missing-card"),
        (
            "card section",
            CARD,
            two().card("2", &[("Intended use", "a b c")], &[("license", "mit")]),
            "blocked missing-section",
        ),
        (
            "card short",
            CARD,
            two().card("2", &[("Intended use", "a b"), ("Limitations", "a b c")], &[("license", "mit")]),
            "blocked too-short",
        ),
        (
            "card todo",
            CARD,
            two().card("2", &[("Intended use", "a b TODO"), ("Limitations", "a b c")], &[("license", "mit")]),
            "blocked placeholder",
        ),
        (
            "card key",
            CARD,
            two().card("2", &[("Intended use", "a b c"), ("Limitations", "a b c")], &[("license", " ")]),
            "blocked empty-key",
        ),
    ];
    for (name, text, store, expected) in cases {
        assert_eq!(summary(&judge(&policy(text), &store)), expected, "{name}");
    }
}

/// One metric rule on `slope`, `cost`, `score` with the given keys.
fn demand(metric: &str, keys: &str) -> Policy {
    policy(&format!(
        "[baseline.b]\nselect = \"version:1\"\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"{metric}\"\n{keys}\n"
    ))
}

#[test]
fn every_bound_holds_on_one_side_and_fails_on_the_other() {
    let cases = [
        ("score", "min = 2", 2.0, 1.9999999999999998),
        ("score", "max = 2", 2.0, 2.0000000000000004),
        ("score", "above = 2", 2.0000000000000004, 2.0),
        ("score", "below = 2", 1.9999999999999998, 2.0),
        ("score", "equals = 2", 2.0, 2.0000000000000004),
        ("score", "equals = 2\ntolerance = 0.5", 2.5, 2.6),
        ("score", "within = [1, 2]", 1.0, 0.9),
        ("score", "within = [1, 2]", 2.0, 2.1),
        ("slope", "max_deviation = 0.5", 1.5, 1.6),
        ("slope", "max_deviation = 0.5", 0.5, 0.4),
        ("seats", "min = 2", 2.0, 1.0),
        ("nobody-knows-it", "min = 2", 2.0, 1.0),
        ("score", "min = 0", -0.0, -1e-300),
        // Relative to 2.0.
        ("score", "baseline = \"b\"\nmax_regression = { abs = 0.5 }", 1.5, 1.4),
        ("score", "baseline = \"b\"\nmax_regression = { rel = 0.25 }", 1.5, 1.4),
        ("score", "baseline = \"b\"\nmax_regression = { abs = 0.1, rel = 0.25 }", 1.5, 1.4),
        ("score", "baseline = \"b\"\nmin_improvement = { abs = 0.5 }", 2.5, 2.4),
        ("score", "baseline = \"b\"\nmax_improvement = { abs = 0.5 }", 2.5, 2.6),
        ("cost", "baseline = \"b\"\nmax_regression = { abs = 0.5 }", 2.5, 2.6),
        ("cost", "baseline = \"b\"\nmin_improvement = { abs = 0.5 }", 1.5, 1.6),
        ("cost", "baseline = \"b\"\nmax_improvement = { abs = 0.5 }", 1.5, 1.4),
        // The baseline is 1.0 away from the target 1.
        ("slope", "baseline = \"b\"\nmax_regression = { abs = 0.5 }", -0.5, -0.6),
        ("slope", "baseline = \"b\"\nmax_regression = { rel = 0.5 }", 2.5, 2.6),
        ("slope", "baseline = \"b\"\nmin_improvement = { abs = 0.5 }", 0.5, 0.4),
        ("slope", "baseline = \"b\"\nmax_improvement = { abs = 0.5 }", 0.5, 0.6),
    ];
    for (metric, keys, holds, fails) in cases {
        let store = |value: f64| two().metric("1", metric, 2.0).metric("2", metric, value);
        let (good, bad) = (judge(&demand(metric, keys), &store(holds)), judge(&demand(metric, keys), &store(fails)));
        assert_eq!(good.verdict, Outcome::Pass, "{metric} {keys} {holds}: {}", good.sentence);
        assert_eq!(bad.verdict, Outcome::Blocked, "{metric} {keys} {fails}: {}", bad.sentence);
        for verdict in [&good, &bad] {
            let margin = verdict.rules[0].margin.unwrap().as_f64();
            assert_eq!(
                margin < 0.0 || (margin == 0.0 && keys.contains("above")) || (margin == 0.0 && keys.contains("below")),
                verdict.verdict == Outcome::Blocked,
                "{keys} {margin}"
            );
        }
    }
}

mod corner {
    //! Rows of gates.md §5.1 that the rule kinds touch.
    use super::*;

    fn floor(store: &Store) -> String {
        summary(&judge(&policy(FLOOR), store))
    }

    #[test]
    fn metric_missing() {
        assert_eq!(floor(&two()), "blocked missing");
        let verdict = judge(&policy(FLOOR), &two().metric("2", "auk", 0.9));
        assert!(verdict.sentence.contains("the run has 'auk'"), "{}", verdict.sentence);
    }

    #[test]
    fn string_bool_or_object_is_not_coerced() {
        assert_eq!(floor(&two().rejected("2", "auc", "text \"0.9\"")), "blocked not-a-number");
        // Also beside a number: nobody knows which of the two is meant.
        assert_eq!(
            floor(&two().metric("2", "auc", 0.9).rejected("2", "roc_auc", "text \"0.9\"")),
            "blocked not-a-number"
        );
    }

    #[test]
    fn nan_and_infinity_on_either_side() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(floor(&two().metric("2", "auc", bad)), "blocked nonfinite");
            let store = two().metric("1", "score", bad).metric("2", "score", 1.0);
            assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked invalid-baseline");
            let store = two().metric("1", "score", 1.0).metric("2", "score", bad);
            assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked nonfinite");
        }
    }

    #[test]
    fn outside_the_declared_range() {
        assert_eq!(floor(&two().metric("2", "auc", 89.0)), "blocked out-of-range");
        assert_eq!(floor(&two().metric("2", "auc", 1.0)), "pass");
        let text = CHAMPION.replace("score", "auc");
        let store = two().metric("1", "auc", 89.0).metric("2", "auc", 0.9);
        assert_eq!(summary(&judge(&policy(&text), &store)), "blocked invalid-baseline");
    }

    #[test]
    fn two_values_for_one_metric() {
        let on = |dataset: &str, value: f64| {
            let mut result = MetricResult::new("auc", value, at("2", "metrics.json"));
            result.dataset = Some(dataset.to_owned());
            result
        };
        assert_eq!(floor(&two().metric("2", "auc", 0.9).metric("2", "auc", 0.95)), "blocked ambiguous");
        assert_eq!(floor(&two().metric("2", "auc", 0.9).metric("2", "roc_auc", 0.95)), "blocked ambiguous");
        assert_eq!(floor(&two().metric("2", "auc", 0.9).metric("2", "roc_auc", 0.9)), "pass");
        assert_eq!(floor(&two().metric("2", "auc", 0.9).metric("2", "auc", f64::NAN)), "blocked nonfinite");
        let both = two().result("2", on("test", 0.9)).result("2", on("train", 0.99));
        let verdict = judge(&policy(FLOOR), &both);
        assert_eq!(summary(&verdict), "blocked ambiguous");
        assert!(verdict.sentence.contains("set dataset ="), "{}", verdict.sentence);
        let chosen = policy(&format!("{FLOOR}dataset = \"test\"\n"));
        assert_eq!(judge(&chosen, &both).verdict, Outcome::Pass);
        let other = policy(&format!("{FLOOR}dataset = \"holdout\"\n"));
        assert_eq!(summary(&judge(&other, &both)), "blocked missing");
    }

    #[test]
    fn class_and_split_select() {
        let mut result = MetricResult::new("auc", 0.5, at("2", "metrics.json"));
        (result.class, result.split) = (Some("malignant".to_owned()), Some("b".to_owned()));
        let store = two().metric("2", "auc", 0.9).result("2", result);
        assert_eq!(floor(&store), "pass");
        let class = policy(&format!("{FLOOR}class = \"malignant\"\n"));
        assert_eq!(summary(&judge(&class, &store)), "blocked below-bound");
        let split = policy(&format!("{FLOOR}class = \"malignant\"\nsplit = \"a\"\n"));
        assert_eq!(summary(&judge(&split, &store)), "blocked missing");
    }

    #[test]
    fn no_direction_in_a_relative_rule() {
        for metric in ["seats", "nobody-knows-it"] {
            let found = try_policy(&CHAMPION.replace("\"score\"", &format!("\"{metric}\""))).unwrap_err();
            assert_eq!((found[0].code, found[0].line), (Code::PolicyUnknownMetric, Some(7)), "{found:?}");
        }
        assert!(try_policy(&FLOOR.replace("auc\"", "seats\"")).is_ok());
    }

    #[test]
    fn no_baseline() {
        let store = Store::new(&["1", "2"]).metric("2", "score", 1.0);
        assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked no-baseline");
        let store = two().alias("champion", "9").metric("2", "score", 1.0);
        assert_ne!(judge(&policy(CHAMPION), &store).verdict, Outcome::Pass);
    }

    #[test]
    fn bootstrap_for_the_first_version_only() {
        let text = format!("{}{FLOOR}", CHAMPION.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]"));
        let only = Store::new(&["2"]).metric("2", "score", 1.0).metric("2", "auc", 0.9);
        let verdict = judge(&policy(&text), &only);
        assert_eq!(summary(&verdict), "pass_with_warnings bootstrap");
        assert!(verdict.baselines[0].why.as_deref().unwrap().contains("bootstrap"));
        let later = Store::new(&["1", "2"]).metric("2", "score", 1.0).metric("2", "auc", 0.9);
        assert_eq!(summary(&judge(&policy(&text), &later)), "blocked no-baseline");
        // Nothing but rules that are skipped is nothing evaluated.
        let alone = policy(&CHAMPION.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]"));
        assert_eq!(judge(&alone, &only).exit_code, 5);
    }

    #[test]
    fn a_name_that_sorts_first_buys_no_bootstrap() {
        let text = format!("{}{FLOOR}", CHAMPION.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]"));
        let store = Store::new(&["2", "3"]).metric("2", "score", 1.0).metric("2", "auc", 0.9);
        assert_eq!(summary(&judge(&policy(&text), &store)), "blocked no-baseline");
    }

    #[test]
    fn baseline_not_comparable() {
        let text = CHAMPION.replace("[[rule]]", "same = [\"dataset_digest\"]\n[[rule]]");
        let data = |digest: Option<&str>| Dataset {
            name: "holdout".to_owned(),
            role: Some("test".to_owned()),
            digest: digest.map(str::to_owned),
            ..Dataset::default()
        };
        let store = |ours: Option<&str>, theirs: Option<&str>| {
            two()
                .metric("1", "score", 1.0)
                .metric("2", "score", 1.0)
                .change("1", |r| r.datasets.push(data(theirs)))
                .change("2", |r| r.datasets.push(data(ours)))
        };
        assert_eq!(summary(&judge(&policy(&text), &store(Some("a"), Some("a")))), "pass");
        for (ours, theirs) in [(Some("a"), Some("b")), (None, Some("a")), (Some("a"), None), (None, None)] {
            let verdict = judge(&policy(&text), &store(ours, theirs));
            assert_eq!(summary(&verdict), "blocked not-comparable");
            assert!(!verdict.baselines[0].comparable);
        }
        let nothing = two().metric("1", "score", 1.0).metric("2", "score", 1.0);
        assert_eq!(summary(&judge(&policy(&text), &nothing)), "blocked not-comparable");
    }

    #[test]
    fn baseline_on_another_dataset() {
        let on = |version: &str, dataset: &str| {
            let mut result = MetricResult::new("score", 1.0, at(version, "metrics.json"));
            result.dataset = Some(dataset.to_owned());
            result
        };
        let store = two().result("1", on("1", "train")).result("2", on("2", "test"));
        assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked not-comparable");
        let store = store.result("1", on("1", "test"));
        assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "pass");
    }

    #[test]
    fn baseline_unreadable() {
        let store = two()
            .metric("1", "score", 1.0)
            .metric("2", "score", 1.0)
            .problem(Diagnostic::new(Code::JsonSyntax, "not well formed").at("runs/churn/1/other.json"));
        assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked invalid-baseline");
    }

    #[test]
    fn two_folders_claim_one_version() {
        let mut store = two().metric("2", "auc", 0.9);
        let mut copy = store.run("2").clone();
        (copy.id, copy.folder) = ("copy".to_owned(), "runs/copy".to_owned());
        store.records.runs.push(copy);
        let verdict = judge(&policy(FLOOR), &store);
        assert_eq!((verdict.verdict, verdict.exit_code), (Outcome::Error, 3));
    }

    #[test]
    fn two_folders_claim_one_run_id() {
        // A tracker's version points at a run id that two stores hold.
        let mut store = two().metric("2", "auc", 0.9).metric("1", "score", 1.0).metric("2", "score", 1.0);
        let mut copy = store.run("2").clone();
        (copy.folder, copy.model, copy.version) = ("runs/copy".to_owned(), None, None);
        store.records.runs.push(copy);
        assert_eq!(judge(&policy(FLOOR), &store).exit_code, 3);
        let mut store = two().metric("1", "score", 1.0).metric("2", "score", 1.0);
        let mut copy = store.run("1").clone();
        (copy.folder, copy.model, copy.version) = ("runs/copy".to_owned(), None, None);
        store.records.runs.push(copy);
        assert_eq!(judge(&policy(CHAMPION), &store).exit_code, 3);
    }

    #[test]
    fn baseline_is_the_candidate_itself() {
        let store = two().alias("champion", "2").metric("2", "score", 1.0);
        let own = CHAMPION.replace("alias:champion", "version:2");
        assert_eq!(summary(&judge(&policy(&own), &store)), "blocked self-baseline");
        let own = CHAMPION.replace("alias:champion", "run:runs/churn/2");
        assert_eq!(summary(&judge(&policy(&own), &store)), "blocked self-baseline");
    }

    #[test]
    fn baseline_is_a_copy_of_the_candidate() {
        let mut store = two().metric("1", "score", 1.0).metric("2", "score", 1.0);
        for evidence in &mut store.records.evidence {
            evidence.sha256 = Sha256::of(b"the same");
        }
        assert_eq!(summary(&judge(&policy(CHAMPION), &store)), "blocked self-baseline");
    }

    #[test]
    fn baseline_zero_with_only_rel() {
        let text = CHAMPION.replace("abs = 0.01, ", "");
        let store = |value: f64| two().metric("1", "score", 0.0).metric("2", "score", value);
        assert_eq!(summary(&judge(&policy(&text), &store(0.0))), "pass");
        let verdict = judge(&policy(&text), &store(-0.001));
        assert_eq!(summary(&verdict), "blocked regression");
        assert!(verdict.sentence.contains("add abs"), "{}", verdict.sentence);
    }

    #[test]
    fn negative_baseline_uses_its_absolute_value() {
        let text = CHAMPION.replace("abs = 0.01, rel = 0.02", "rel = 0.1");
        let store = |value: f64| two().metric("1", "score", -10.0).metric("2", "score", value);
        assert_eq!(summary(&judge(&policy(&text), &store(-11.0))), "pass");
        assert_eq!(summary(&judge(&policy(&text), &store(-11.1))), "blocked regression");
    }

    #[test]
    fn value_equal_to_the_bound() {
        assert_eq!(floor(&two().metric("2", "auc", 0.88)), "pass");
        let below = f64::from_bits(0.88_f64.to_bits() - 1);
        assert_eq!(floor(&two().metric("2", "auc", below)), "blocked below-bound");
        // 0.1 + 0.2 is 0.30000000000000004: raw doubles are compared, and shown.
        let max = policy(&FLOOR.replace("min = 0.88", "max = 0.3"));
        let verdict = judge(&max, &two().metric("2", "auc", 0.1 + 0.2));
        assert!(verdict.sentence.contains("0.30000000000000004 > max 0.3"), "{}", verdict.sentence);
    }

    #[test]
    fn shown_inequalities_are_true() {
        let verdict = judge(&policy(FLOOR), &two().metric("2", "auc", 0.87996));
        assert!(verdict.sentence.contains("auc 0.87996 < min 0.88"), "{}", verdict.sentence);
        let verdict = judge(&demand("cost", "max = 10"), &two().metric("2", "cost", 10.00001));
        assert!(verdict.sentence.contains("cost 10.00001 ms > max 10 ms"), "{}", verdict.sentence);
    }

    #[test]
    fn a_pattern_that_matches_nothing() {
        let store = regions(0.9, 0.9, 500);
        let text = SLICES.replace("\"region=*\"", "\"region=*\", \"age=*\"");
        assert_eq!(summary(&judge(&policy(&text), &store)), "blocked empty-match");
        let warned = format!("{text}on_empty = \"warn\"\n");
        assert_eq!(summary(&judge(&policy(&warned), &store)), "pass_with_warnings empty-match");
    }

    #[test]
    fn required_slice_absent_or_small() {
        let store = two().slice("2", "auc", "region=us", 0.9, 500).slice("2", "auc", "region=uk", 0.9, 500);
        assert_eq!(summary(&judge(&policy(SLICES), &store)), "blocked missing-slice");
        let store = two().slice("2", "auc", "region=eu", 0.9, 5).slice("2", "auc", "region=us", 0.9, 500);
        let text = format!("{SLICES}on_small_n = \"skip\"\non_missing = \"skip\"\n");
        let verdict = judge(&policy(&text), &store);
        assert_eq!((summary(&verdict).as_str(), verdict.rules[0].status), ("blocked small-n", Status::Fail));
    }

    #[test]
    fn wildcard_slice_under_min_n() {
        let store = regions(0.9, 0.1, 99);
        let verdict = judge(&policy(SLICES), &store);
        assert_eq!((summary(&verdict).as_str(), verdict.counts.inconclusive), ("blocked small-n", 1));
        let warned = policy(&format!("{SLICES}on_small_n = \"warn\"\n"));
        assert_eq!(summary(&judge(&warned, &store)), "pass_with_warnings small-n");
        let lax = policy(&format!("{SLICES}[stage.s]\nblock_on = [\"fail\", \"invalid\"]\n"));
        assert_eq!(summary(&judge(&lax, &store)), "pass_with_warnings small-n");
        let strict = policy(&format!("{SLICES}on_small_n = \"fail\"\n[stage.s]\nblock_on = [\"fail\", \"invalid\"]\n"));
        assert_eq!(summary(&judge(&strict, &store)), "blocked small-n");
    }

    #[test]
    fn unknown_n_is_too_small() {
        let text = format!("{FLOOR}min_n = 10\n");
        let verdict = judge(&policy(&text), &two().metric("2", "auc", 0.9));
        assert_eq!((summary(&verdict).as_str(), verdict.rules[0].status), ("blocked small-n", Status::Inconclusive));
    }

    #[test]
    fn a_slice_without_the_metric_is_missing() {
        let store = regions(0.9, 0.9, 500).slice("2", "f1", "region=asia", 0.9, 500);
        assert_eq!(summary(&judge(&policy(SLICES), &store)), "blocked missing");
    }

    #[test]
    fn too_few_slices() {
        let store = two().slice("2", "auc", "region=eu", 0.9, 500);
        assert_eq!(summary(&judge(&policy(SLICES), &store)), "blocked too-few-slices");
    }

    #[test]
    fn a_slice_that_vanished() {
        let text = CHAMPION.replace(
            "metric = \"score\"",
            "metric = \"score\"\nslices = [\"region=*\"]\nexclude = [\"region=unknown\"]",
        );
        let store = two()
            .slice("1", "score", "region=eu", 1.0, 9)
            .slice("1", "score", "region=us", 1.0, 9)
            .slice("1", "score", "region=unknown", 1.0, 9)
            .slice("2", "score", "region=eu", 1.0, 9);
        assert_eq!(summary(&judge(&policy(&text), &store)), "blocked vanished");
        let warned = policy(&format!("{text}vanished = \"warn\"\n"));
        assert_eq!(summary(&judge(&warned, &store)), "pass_with_warnings vanished");
    }

    #[test]
    fn slices_of_several_features() {
        let text = SLICES
            .replace("region=*", "region=* & device=mobile")
            .replace("require = [\"region=eu\"]\n", "")
            .replace("expect_at_least = 2", "expect_at_least = 1");
        let store =
            two().slice("2", "auc", "device=mobile & region=eu", 0.7, 500).slice("2", "auc", "region=eu", 0.9, 500);
        let verdict = judge(&policy(&text), &store);
        assert_eq!(verdict.rules.len(), 1);
        assert_eq!(verdict.rules[0].target, "device=mobile & region=eu");
        assert_eq!(summary(&verdict), "blocked below-bound");
    }

    #[test]
    fn a_slice_left_out_of_a_file() {
        let problem = Diagnostic::new(Code::FieldInvalid, "slice is a list").at("runs/churn/2/metrics.json");
        let store = regions(0.9, 0.9, 500).problem(problem);
        assert_eq!(summary(&judge(&policy(SLICES), &store)), "blocked half-read");
    }

    #[test]
    fn nothing_blocks_or_applies() {
        let store = two().metric("2", "auc", 0.9);
        for text in [
            "name = \"empty\"\n".to_owned(),
            format!("{FLOOR}severity = \"warn\"\n"),
            format!("{FLOOR}models = [\"other-*\"]\n"),
            format!("{FLOOR}severity = {{ s = \"info\" }}\n[stage.s]\n"),
        ] {
            let verdict = judge(&policy(&text), &store);
            assert_eq!((verdict.verdict, verdict.exit_code), (Outcome::Error, 5), "{text}");
        }
        let skipped = policy(&format!("{FLOOR}on_missing = \"skip\"\n"));
        assert_eq!(judge(&skipped, &two()).exit_code, 5, "all rules skipped");
        let warned = policy(&format!("{FLOOR}on_missing = \"warn\"\n"));
        assert_eq!(judge(&warned, &two()).exit_code, 5, "nothing but treated evidence");
        assert_eq!(judge_at(&policy(FLOOR), &store, "nowhere", "2").exit_code, 5);
    }

    #[test]
    fn no_run() {
        let mut store = two();
        store.records.models.push(ModelRecord {
            name: "churn".to_owned(),
            versions: vec![VersionRecord { version: "3".to_owned(), ..VersionRecord::default() }],
            ..ModelRecord::default()
        });
        assert_eq!(judge_at(&policy(FLOOR), &store, "default", "3").exit_code, 3);
    }

    #[test]
    fn unreadable_evidence_blocks() {
        for code in
            [Code::JsonSyntax, Code::JsonDuplicateKey, Code::FileUnreadable, Code::SymlinkOutside, Code::FileChanged]
        {
            let store = two().metric("2", "auc", 0.9).problem(Diagnostic::new(code, "x").at("runs/churn/2/extra.json"));
            let verdict = judge(&policy(FLOOR), &store);
            assert_eq!(
                (summary(&verdict).as_str(), verdict.rules[0].id.as_str()),
                ("blocked unreadable-evidence", "evidence")
            );
        }
        let elsewhere =
            two().metric("2", "auc", 0.9).problem(Diagnostic::new(Code::JsonSyntax, "x").at("runs/churn/20/a.json"));
        assert_eq!(summary(&judge(&policy(FLOOR), &elsewhere)), "pass");
        let partial =
            two().metric("2", "auc", 0.9).problem(Diagnostic::new(Code::FieldInvalid, "x").at("runs/churn/2/a.json"));
        assert_eq!(summary(&judge(&policy(FLOOR), &partial)), "pass_with_warnings evidence-left-out");
    }

    #[test]
    fn a_run_that_failed_is_no_evidence() {
        let store = |status| two().metric("2", "auc", 0.9).change("2", |r| r.status = status);
        for (status, expected) in [
            (RunStatus::Finished, "pass"),
            (RunStatus::Unknown, "pass"),
            (RunStatus::Running, "blocked run-unfinished"),
            (RunStatus::Failed, "blocked run-failed"),
            (RunStatus::Killed, "blocked run-failed"),
        ] {
            assert_eq!(floor(&store(status)), expected);
        }
    }

    #[test]
    fn a_deleted_run_is_no_evidence() {
        let mut store = two().metric("2", "auc", 0.9).change("2", |r| r.deleted = true);
        store.records.models.push(ModelRecord {
            name: "churn".to_owned(),
            versions: vec![VersionRecord {
                version: "2".to_owned(),
                run: Some("runs/churn/2".to_owned()),
                ..VersionRecord::default()
            }],
            ..ModelRecord::default()
        });
        assert_eq!(floor(&store), "blocked run-deleted");
    }

    #[test]
    fn a_part_left_out_of_a_report() {
        let problem = |file: &str| Diagnostic::new(Code::FieldInvalid, "x").at(at("2", file).path);
        let drift = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.1), ("c", 0.1)]);
        assert_eq!(summary(&judge(&policy(DRIFT), &drift.problem(problem("drift/a.json")))), "blocked half-read");
        let tests = two().checks("2", "checks/unit.xml", &[CheckStatus::Pass; 2]);
        let noted = tests.clone().problem(problem("checks/unit.xml").severity(Severity::Note));
        assert_eq!(summary(&judge(&policy(TESTS), &noted)), "pass");
        assert_eq!(summary(&judge(&policy(TESTS), &tests.problem(problem("checks/unit.xml")))), "blocked half-read");
    }

    #[test]
    fn files_that_match_and_are_no_reports() {
        let store = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.1), ("c", 0.1)]);
        assert_eq!(summary(&judge(&policy(DRIFT), &store)), "pass");
        let store = store.file("2", "drift/broken.json");
        assert_eq!(summary(&judge(&policy(DRIFT), &store)), "blocked not-a-report");
        let tests = two().checks("2", "checks/unit.xml", &[CheckStatus::Pass; 2]).file("2", "checks/empty.xml");
        assert_eq!(summary(&judge(&policy(TESTS), &tests)), "blocked not-a-report");
    }

    #[test]
    fn drift_reports_of_another_method() {
        let store = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.1), ("c", 0.1)]);
        for method in [Some(Method::Ks), None] {
            let store = store.clone().features(|f| f.method = method);
            assert_eq!(summary(&judge(&policy(DRIFT), &store)), "blocked not-judgeable");
        }
    }

    #[test]
    fn p_values_are_no_distances() {
        let any = policy(&DRIFT.replace("method = \"psi\"\n", ""));
        let base = two().drift("2", "drift/a.json", &[("income", 0.01), ("b", 0.01), ("c", 0.01)]);
        let ks = |f: &mut FeatureDrift| f.method = Some(Method::Ks);
        let same = base.clone().features(|f| {
            ks(f);
            f.p_value = f.score;
        });
        let labelled = base.clone().features(|f| {
            ks(f);
            f.method_label = "K-S p_value".to_owned();
        });
        let unclear = base.clone().features(|f| {
            ks(f);
            f.drifted = None;
        });
        for store in [&same, &labelled, &unclear] {
            assert_eq!(summary(&judge(&any, store)), "blocked not-judgeable");
        }
        let statistic = base.clone().features(|f| {
            ks(f);
            f.p_value = Some(Measured::new(0.5));
        });
        assert_eq!(summary(&judge(&any, &statistic)), "pass");
        let negative = base.clone().features(|f| {
            f.score = Some(Measured::new(-9.0));
        });
        assert_eq!(summary(&judge(&any, &negative)), "blocked not-judgeable");

        let min_p = policy(&DRIFT.replace("method = \"psi\"\nmax_score = 0.2", "min_p = 0.05"));
        assert_eq!(summary(&judge(&min_p, &same)), "blocked critical-drift");
        let well = same.clone().features(|f| f.p_value = Some(Measured::new(0.05)));
        assert_eq!(summary(&judge(&min_p, &well)), "pass");
        let outside = same.features(|f| f.p_value = Some(Measured::new(1.5)));
        assert_eq!(summary(&judge(&min_p, &outside)), "blocked not-judgeable");
        assert_eq!(summary(&judge(&min_p, &base)), "blocked not-judgeable", "a distance has no p-value");
    }

    #[test]
    fn the_reports_own_flags_count_without_a_bound() {
        let own = policy(&DRIFT.replace("max_score = 0.2\n", ""));
        let store = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.3), ("c", 0.1)]);
        assert_eq!(summary(&judge(&own, &store)), "pass");
        let drifted = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.3), ("c", 0.3)]);
        assert_eq!(summary(&judge(&own, &drifted)), "blocked drifted-share");
        let unknown = store.features(|f| f.drifted = None);
        assert_eq!(summary(&judge(&own, &unknown)), "blocked not-judgeable");
    }

    #[test]
    fn every_drift_report_is_judged() {
        let fine: &[(&str, f64)] = &[("income", 0.1), ("b", 0.1), ("c", 0.1)];
        let store = two().drift("2", "drift/a.json", fine).drift(
            "2",
            "drift/b.json",
            &[("income", 0.1), ("b", 0.9), ("c", 0.9)],
        );
        let verdict = judge(&policy(DRIFT), &store);
        assert_eq!(
            (summary(&verdict).as_str(), verdict.rules[0].target.as_str()),
            ("blocked drifted-share", "drift/b.json")
        );
        let absent = two().drift("2", "drift/a.json", &[("a", 0.1), ("b", 0.1), ("c", 0.1)]);
        assert_eq!(summary(&judge(&policy(DRIFT), &absent)), "blocked critical-absent");
        let few = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.1)]);
        assert_eq!(summary(&judge(&policy(DRIFT), &few)), "blocked too-few-columns");
        let excluded = policy(&DRIFT.replace("min_columns = 3", "exclude = [\"id_*\"]"));
        let store = two().drift("2", "drift/a.json", &[("income", 0.1), ("b", 0.1), ("id_x", f64::NAN)]);
        assert_eq!(summary(&judge(&excluded, &store)), "pass");
        let other = two().drift("1", "drift/a.json", fine);
        assert_eq!(summary(&judge(&policy(DRIFT), &other)), "blocked empty-match", "another version's report");
    }

    #[test]
    fn only_max_score_lets_no_feature_drift() {
        let text = DRIFT.replace("max_drifted_share = 0.4\ncritical = [\"income\"]\n", "");
        let verdict =
            judge(&policy(&text), &two().drift("2", "drift/a.json", &[("a", 0.1), ("b", 0.20001), ("c", 0.1)]));
        assert_eq!(summary(&verdict), "blocked feature-drift");
        assert!(verdict.sentence.contains("b 0.20001"), "{}", verdict.sentence);
        assert_eq!(
            summary(&judge(&policy(&text), &two().drift("2", "drift/a.json", &[("a", 0.1), ("b", 0.2), ("c", 0.1)]))),
            "pass"
        );
    }

    #[test]
    fn tests_are_treated_as_the_policy_says() {
        use CheckStatus::{Error, Fail, Pass, Skipped, Warn};
        let store = two().checks("2", "checks/unit.xml", &[Pass, Pass, Error, Skipped, Warn]);
        let treated = |t: &str| policy(&format!("{TESTS}treat = {t}\n"));
        let all =
            |word: &str| treated(&format!("{{ error = \"{word}\", skipped = \"{word}\", warning = \"{word}\" }}"));
        assert_eq!(judge(&all("skip"), &store).verdict, Outcome::Pass);
        assert_eq!(judge(&all("warn"), &store).verdict, Outcome::PassWithWarnings);
        assert_eq!(judge(&all("fail"), &store).verdict, Outcome::Blocked);
        let nothing_ran = two().checks("2", "checks/unit.xml", &[Skipped, Skipped]);
        assert_eq!(summary(&judge(&all("skip"), &nothing_ran)), "blocked no-tests");
        let failed = two().checks("2", "checks/unit.xml", &[Pass, Pass, Fail]);
        assert_eq!(summary(&judge(&all("skip"), &failed)), "blocked tests-failed");
    }

    #[test]
    fn an_empty_card_is_not_free_of_placeholders() {
        let text = "[[rule]]\nid = \"c\"\ncheck = \"card\"\nplaceholders = \"forbid\"\n";
        assert_eq!(summary(&judge(&policy(text), &two().card("2", &[], &[]))), "blocked empty-card");
        assert_eq!(summary(&judge(&policy(text), &two().card("2", &[("A", "b c")], &[]))), "pass");
    }

    #[test]
    fn severity_per_stage() {
        let text = format!(
            "{FLOOR}severity = {{ staging = \"warn\" }}\n[stage.staging]\n[stage.production]\n[[rule]]\nid = \"f1\"\ncheck = \"metric\"\nmetric = \"f1\"\nmin = 0.5\n"
        );
        let policy = policy(&text);
        assert_eq!(policy.stages().collect::<Vec<_>>(), ["staging", "production"]);
        let store = two().metric("2", "auc", 0.5).metric("2", "f1", 0.5);
        assert_eq!(summary(&judge_at(&policy, &store, "staging", "2")), "pass_with_warnings below-bound");
        assert_eq!(summary(&judge_at(&policy, &store, "production", "2")), "blocked below-bound");
    }

    #[test]
    fn stage_baselines() {
        let text = CHAMPION.replace("alias:champion", "stage:production");
        let staged = |versions: &[&str]| {
            let mut store = Store::new(&["0", "1", "2"])
                .metric("0", "score", 1.0)
                .metric("1", "score", 1.0)
                .metric("2", "score", 1.0);
            store.records.models.push(ModelRecord {
                name: "churn".to_owned(),
                versions: versions
                    .iter()
                    .map(|v| VersionRecord {
                        version: (*v).to_owned(),
                        run: Some(format!("runs/churn/{v}")),
                        stage: Some("Production".to_owned()),
                        ..VersionRecord::default()
                    })
                    .collect(),
                ..ModelRecord::default()
            });
            store
        };
        assert_eq!(summary(&judge(&policy(&text), &staged(&["1"]))), "pass");
        assert_eq!(summary(&judge(&policy(&text), &staged(&[]))), "blocked no-baseline");
        assert_eq!(summary(&judge(&policy(&text), &staged(&["2"]))), "blocked self-baseline");
        assert_eq!(summary(&judge(&policy(&text), &staged(&["0", "1"]))), "blocked invalid-baseline");
        let previous = CHAMPION.replace("alias:champion", "previous");
        let verdict = judge(&policy(&previous), &staged(&[]));
        assert_eq!((summary(&verdict).as_str(), verdict.baselines[0].version.as_deref()), ("pass", Some("1")));
        assert_eq!(summary(&judge_at(&policy(&previous), &staged(&[]), "default", "0")), "blocked no-baseline");
    }

    #[test]
    fn numbers_too_large_to_compare() {
        let text = CHAMPION.replace("abs = 0.01, rel = 0.02", "rel = 1.0");
        let store = two().metric("1", "score", -1e308).metric("2", "score", -1.7e308);
        assert_eq!(summary(&judge(&policy(&text), &store)), "blocked overflow");
    }
}

/// Codes and lines of what is refused.
#[track_caller]
fn refused(text: &str) -> Vec<(Code, u32)> {
    let found = try_policy(text).unwrap_err();
    found
        .iter()
        .map(|d| {
            assert_eq!(d.severity, Severity::Error, "{d:?}");
            assert!(d.snippet.is_some() && d.path.as_deref() == Some("presscheck.toml"), "{d:?}");
            presscheck::diag::render_one(d, false);
            (d.code, d.line.unwrap())
        })
        .collect()
}

#[test]
fn policies_that_would_not_be_evaluated_in_full_are_refused() {
    assert_eq!(refused(&format!("{FLOOR}stages = [\"s\"]\n")), [(Code::PolicyUnsupported, 7)]);
    assert_eq!(refused(&format!("{FLOOR}override = true\n")), [(Code::PolicyUnknownReference, 2)]);
    assert_eq!(refused("include = [\"other.toml\"]\n"), [(Code::PolicyUnsupported, 1)]);
}

#[test]
fn mistakes_are_refused_at_their_line() {
    let rule = |line: &str| refused(&format!("{FLOOR}{line}\n"));
    let replaced = |line: &str| refused(&FLOOR.replace("min = 0.88", line));
    assert_eq!(rule("metrik = 1"), [(Code::ConfigUnknownKey, 7)]);
    assert_eq!(rule("on_missing = \"ignore\""), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("severity = \"blok\""), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("severity = { prod = \"block\" }"), [(Code::PolicyUnknownReference, 7)]);
    assert_eq!(rule("severity = 3"), [(Code::ConfigType, 7)]);
    assert_eq!(rule("models = []"), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("models = [\"\"]"), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("min_n = 0"), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("min_n = 1.5"), [(Code::ConfigType, 7)]);
    assert_eq!(rule("max = 0.5"), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(rule("tolerance = 0.5"), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(rule("exclude = [\"a=b\"]"), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(rule("slices = [\"a=\"]"), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("slices = [\"a=1 & a=2\"]"), [(Code::ConfigValue, 7)]);
    assert_eq!(rule("slices = [\"a=*\"]\nrequire = [\"a=*\"]"), [(Code::ConfigValue, 8)]);
    assert_eq!(rule("slices = [\"a=*\"]\nrequire = [\"a=1\"]\nexclude = [\"a=1\"]"), [(Code::ConfigValue, 8)]);
    assert_eq!(rule("slices = [\"a=*\"]\nvanished = \"fail\""), [(Code::PolicyRuleIncomplete, 8)]);
    assert_eq!(rule("baseline = \"x\""), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(rule("max_regression = { abs = 1 }"), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(rule("baseline = \"x\"\nmax_regression = { abs = 1 }"), [(Code::PolicyUnknownReference, 7)]);
    assert_eq!(rule("why = 2026-01-01"), [(Code::ConfigType, 7)]);
    for line in ["min = nan", "min = inf", "max = -inf", "min = \"0.88\"", "min = true", "min = 9007199254740993"] {
        assert_eq!(replaced(line).len(), 1, "{line}");
    }
    assert_eq!(replaced("within = [0.9, 0.8]"), [(Code::PolicyRuleIncomplete, 6)]);
    assert_eq!(replaced("above = 0.5\nbelow = 0.5"), [(Code::PolicyRuleIncomplete, 7)]);
    assert_eq!(replaced("min = 88"), [(Code::ConfigValue, 6)], "outside the range: nothing could pass");
    assert_eq!(replaced("max = 88"), [(Code::ConfigValue, 6)], "outside the range: nothing could fail");
    assert_eq!(replaced("max_deviation = 0.1"), [(Code::PolicyUnknownMetric, 5)]);
    assert_eq!(replaced("why = \"no bound\""), [(Code::PolicyRuleIncomplete, 2)]);
    assert_eq!(refused(&format!("{FLOOR}{FLOOR}")), [(Code::PolicyDuplicateId, 9)]);
    assert_eq!(refused(&FLOOR.replace("auc-floor", "evidence")), [(Code::ConfigValue, 3)]);
    assert_eq!(refused(&FLOOR.replace("auc-floor", "a\\nb")), [(Code::ConfigValue, 3)]);
    assert_eq!(refused("[[rule]]\nid = \"x\"\n"), [(Code::ConfigMissingKey, 1)]);
    assert_eq!(refused("[[rule]]\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.1\n"), [(Code::ConfigMissingKey, 1)]);
    let amount = |text: &str| refused(&CHAMPION.replace("{ abs = 0.01, rel = 0.02 }", text));
    assert_eq!(amount("{ abs = -0.01 }"), [(Code::ConfigValue, 9)]);
    assert_eq!(amount("{ rel = 5 }"), [(Code::ConfigValue, 9)]);
    assert_eq!(amount("{ rel = nan }"), [(Code::ConfigValue, 9)]);
    assert_eq!(amount("{ }"), [(Code::PolicyRuleIncomplete, 9)]);
    assert_eq!(amount("{ absolute = 1 }").len(), 2);
    assert_eq!(amount("0.5"), [(Code::ConfigType, 9)]);
    assert_eq!(refused("[baseline.b]\nselect = \"alias:\"\n"), [(Code::ConfigValue, 2)]);
    assert_eq!(refused("[baseline.b]\n"), [(Code::ConfigMissingKey, 1)]);
    assert_eq!(refused("[stage.s]\nblock_on = [\"fail\"]\n"), [(Code::ConfigValue, 2)]);
    assert_eq!(refused("[stage.s]\nblock_on = []\n").len(), 1);
    let drift = |from: &str, to: &str| refused(&DRIFT.replace(from, to));
    assert_eq!(drift("drift/*.json", "../x.json"), [(Code::ConfigValue, 5)]);
    assert_eq!(drift("drift/*.json", "[x"), [(Code::ConfigValue, 5)]);
    assert_eq!(drift("\"psi\"", "\"psy\""), [(Code::ConfigValue, 6)]);
    assert_eq!(drift("min_columns = 3", "min_p = 0.05"), [(Code::PolicyRuleIncomplete, 10)]);
    assert_eq!(drift("min_columns = 3", "exclude = [\"in*\"]"), [(Code::PolicyRuleIncomplete, 9)]);
    assert_eq!(refused(&TESTS.replace("checks/unit.xml", "other/unit.xml")), [(Code::ConfigValue, 7)]);
    assert_eq!(refused(&format!("{TESTS}treat = {{ failed = \"warn\" }}\n")), [(Code::ConfigUnknownKey, 8)]);
    assert_eq!(refused("[[rule]]\nid = \"c\"\ncheck = \"card\"\n"), [(Code::PolicyRuleIncomplete, 1)]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let found = refused(&format!(
        "{}severity = \"x\"\nfoo = 1\n[[rule]]\nid = \"auc-floor\"\ncheck = \"gip\"\n",
        FLOOR.replace("min", "mim")
    ));
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn unknown_keys_get_a_suggestion() {
    let found = try_policy(&FLOOR.replace("min =", "mim =")).unwrap_err();
    let key = found.iter().find(|d| d.code == Code::ConfigUnknownKey).unwrap();
    assert_eq!(key.help.as_deref(), Some("did you mean 'min'?"));
}

#[test]
fn a_policys_digest_covers_its_meaning_only() {
    let one = policy(FLOOR);
    let same = policy(&format!("# a comment\n\n{}", FLOOR.replace("0.88", "0.880")));
    assert_eq!(one.digest, same.digest);
    assert_ne!(one.files, same.files);
    for other in [
        FLOOR.replace("0.88", "0.881"),
        FLOOR.replace("auc\"", "f1\""),
        format!("{FLOOR}[stage.s]\n"),
        format!("{FLOOR}on_missing = \"warn\"\n"),
    ] {
        assert_ne!(one.digest, policy(&other).digest, "{other}");
    }
    let catalogue = {
        let mut c = catalogue();
        c.insert(MetricDefinition { direction: Some(Direction::Lower), ..MetricDefinition::named("auc") });
        c
    };
    let other = validate(raw(FLOOR).unwrap(), "presscheck.toml", &Arc::from(FLOOR), &catalogue).unwrap();
    assert_ne!(one.digest, other.digest, "what a metric means is part of the policy");
}

#[test]
fn warnings_name_what_is_probably_not_meant() {
    let codes = |text: &str| policy(text).warnings.iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(codes(FLOOR), []);
    assert_eq!(codes(&format!("{FLOOR}severity = \"warn\"\n")), [Code::PolicyNothingBlocks]);
    assert_eq!(codes(&format!("{FLOOR}[baseline.b]\nselect = \"previous\"\n")), [Code::PolicyUnknownReference]);
    let typo = policy(&format!("{FLOOR}models = [\"chrun\"]\n"));
    assert_eq!(typo.unmatched_models(&two().registry()).len(), 1);
}

#[test]
fn rules_explain_themselves() {
    let text = format!("{CHAMPION}severity = {{ s = \"warn\" }}\n{SLICES}{DRIFT}{TESTS}{CARD}[stage.s]\n[stage.p]\n");
    let policy = policy(&text);
    let sentences: Vec<String> = policy.rules.iter().map(|r| explain(&policy, r)).collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("gate_explain", sentences.join("\n"));
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "reads the example's policy")]
fn the_examples_policy_is_valid() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("site-example/presscheck.toml");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut catalogue = catalogue();
    for (name, direction) in
        [("sensitivity", Direction::Higher), ("balanced_accuracy", Direction::Higher), ("mae", Direction::Lower)]
    {
        catalogue.insert(MetricDefinition { direction: Some(direction), ..MetricDefinition::named(name) });
    }
    let policy = validate(raw(&text).unwrap(), "presscheck.toml", &Arc::from(text.as_str()), &catalogue).unwrap();
    assert_eq!(policy.warnings, []);
    assert_eq!((policy.rules.len(), policy.stages().count()), (17, 2));
}

// ---------------------------------------------------------------- properties

/// A policy of point rules over everything the store below holds.
const ALL: &str = r#"
[baseline.champion]
select = "alias:champion"
[[rule]]
id = "score"
check = "metric"
metric = "score"
min = 0.5
[[rule]]
id = "cost"
check = "metric"
metric = "cost"
max = 0.5
[[rule]]
id = "slope"
check = "metric"
metric = "slope"
max_deviation = 0.5
[[rule]]
id = "score-champion"
check = "metric"
metric = "score"
baseline = "champion"
max_regression = { abs = 0.1, rel = 0.1 }
[[rule]]
id = "cost-champion"
check = "metric"
metric = "cost"
baseline = "champion"
max_regression = { rel = 0.1 }
[[rule]]
id = "slices"
check = "metric"
metric = "score"
slices = ["region=*"]
require = ["region=eu", "region=us"]
baseline = "champion"
max_regression = { abs = 0.2 }
min = 0.4
min_n = 50
[[rule]]
id = "drift"
check = "drift"
report = "drift/*.json"
max_score = 0.2
max_drifted_share = 0.5
critical = ["a"]
min_columns = 3
require = ["drift/1.json"]
[[rule]]
id = "tests"
check = "tests"
report = "checks/*.xml"
min_tests = 2
require = ["checks/unit.xml"]
[[rule]]
id = "card"
check = "card"
sections = ["Intended use", "Limitations"]
min_words = 2
placeholders = "forbid"
front_matter = ["license"]
"#;

static ALL_POLICY: LazyLock<Policy> = LazyLock::new(|| policy(ALL));

/// One piece of evidence that a property may worsen or remove.
#[derive(Clone, Debug)]
struct Numbers {
    score: f64,
    cost: f64,
    slope: f64,
    eu: f64,
    us: f64,
    n: u64,
    champion: [f64; 4],
    drift: [f64; 3],
    tests: [usize; 2],
    words: [usize; 2],
}

const STATUSES: [CheckStatus; 5] =
    [CheckStatus::Pass, CheckStatus::Warn, CheckStatus::Skipped, CheckStatus::Error, CheckStatus::Fail];

impl Numbers {
    fn store(&self) -> Store {
        let words = |n: usize| vec!["word"; n].join(" ");
        let [score, cost, eu, us] = self.champion;
        Store::new(&["1", "2"])
            .alias("champion", "1")
            .metric("1", "score", score)
            .metric("1", "cost", cost)
            .slice("1", "score", "region=eu", eu, 100)
            .slice("1", "score", "region=us", us, 100)
            .metric("2", "score", self.score)
            .metric("2", "cost", self.cost)
            .metric("2", "slope", self.slope)
            .slice("2", "score", "region=eu", self.eu, self.n)
            .slice("2", "score", "region=us", self.us, 100)
            .drift("2", "drift/1.json", &[("a", self.drift[0]), ("b", self.drift[1]), ("c", self.drift[2])])
            .checks("2", "checks/unit.xml", &[CheckStatus::Pass, STATUSES[self.tests[0]], STATUSES[self.tests[1]]])
            .card(
                "2",
                &[("Intended use", &words(self.words[0])), ("Limitations", &words(self.words[1]))],
                &[("license", "mit")],
            )
    }
}

/// Numbers near the bounds, so that both sides occur.
fn numbers() -> impl Strategy<Value = Numbers> {
    let near = |bound: f64| prop_oneof![4 => Just(bound + 0.05), 1 => bound - 0.1..bound + 0.1, 1 => Just(bound)];
    let low = |bound: f64| prop_oneof![4 => Just(bound - 0.05), 1 => bound - 0.1..bound + 0.1, 1 => Just(bound)];
    (
        (near(0.55), low(0.45), near(1.0), near(0.5), near(0.5), prop_oneof![4 => Just(100_u64), 1 => 40..60_u64]),
        (low(0.6), near(0.45), low(0.6), low(0.6), low(0.2), low(0.2), low(0.3)),
        (
            prop_oneof![4 => Just(0_usize), 1 => 0..5_usize],
            prop_oneof![4 => Just(0_usize), 1 => 0..5_usize],
            1..5_usize,
            1..5_usize,
        ),
    )
        .prop_map(|((score, cost, slope, eu, us, n), (c0, c1, c2, c3, d0, d1, d2), (t0, t1, w0, w1))| Numbers {
            score,
            cost,
            slope,
            eu,
            us,
            n,
            champion: [c0, c1, c2, c3],
            drift: [d0, d1, d2],
            tests: [t0, t1],
            words: [w0, w1],
        })
}

fn promotes(policy: &Policy, store: &Store) -> bool {
    judge(policy, store).verdict.promotes()
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

/// The generated evidence is on both sides of the line; else the properties below say nothing.
#[test]
fn properties_see_both_sides() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let policy = &*ALL_POLICY;
    let passing =
        (0..500).filter(|_| promotes(policy, &numbers().new_tree(&mut runner).unwrap().current().store())).count();
    assert!((10..490).contains(&passing), "{passing} of 500 pass");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn worse_evidence_never_passes_instead(numbers in numbers(), what in 0..14_usize, by in prop_oneof![Just(0.0), 0.0..0.3_f64, 0.0..1e6_f64, Just(f64::MAX)]) {
        let policy = &*ALL_POLICY;
        let mut worse = numbers.clone();
        match what {
            0 => worse.score -= by,
            1 => worse.cost += by,
            2 => worse.slope = if worse.slope >= 1.0 { worse.slope + by } else { worse.slope - by },
            3 => worse.eu -= by,
            4 => worse.us -= by,
            5 => worse.n = worse.n.saturating_sub(1 + (by.min(100.0) as u64)),
            6..=8 => worse.drift[what - 6] += by,
            9 | 10 => worse.tests[what - 9] = 4.min(worse.tests[what - 9] + 1 + (by.min(3.0) as usize)),
            11 => worse.champion[0] += by,
            12 => worse.champion[1] -= by.min(worse.champion[1]),
            _ => worse.words[what - 13] = 0,
        }
        // A test that warns is no worse than one that errs: both fail by default, so the order of
        // statuses is one of "not better".
        prop_assert!(promotes(policy, &numbers.store()) || !promotes(policy, &worse.store()));
    }

    #[test]
    fn another_rule_never_helps(numbers in numbers(), keep in proptest::collection::vec(any::<bool>(), 9), extra in 0..9_usize) {
        let rules: Vec<&str> = ALL.split("[[rule]]").collect();
        let build = |with_extra: bool| {
            let mut text = rules[0].to_owned();
            for (i, rule) in rules[1..].iter().enumerate() {
                if keep[i] && i != extra || i == extra && with_extra {
                    text.push_str("[[rule]]");
                    text.push_str(rule);
                }
            }
            policy(&text)
        };
        let store = numbers.store();
        let (without, with) = (judge(&build(false), &store), judge(&build(true), &store));
        // The one exception: a policy in which nothing was evaluated before.
        prop_assert!(without.verdict.promotes() || without.exit_code == 5 || !with.verdict.promotes());
    }

    #[test]
    fn missing_evidence_never_helps(numbers in numbers(), what in 0..7_usize, index in 0..16_usize) {
        let policy = &*ALL_POLICY;
        let store = numbers.store();
        let mut less = store.clone();
        match what {
            0 => { let results = &mut less.run("2").results; let i = index % results.len(); results.remove(i); }
            1 => { let results = &mut less.run("1").results; let i = index % results.len(); results.remove(i); }
            2 => less.records.drift.clear(),
            3 => less.records.checks.clear(),
            4 => less.records.cards.clear(),
            5 => { let card = &mut less.records.cards[0]; let i = index % card.sections.len(); card.sections.remove(i); }
            _ => { let features = &mut less.records.drift[0].features; let i = index % features.len(); features.remove(i); }
        }
        prop_assert!(promotes(policy, &store) || !promotes(policy, &less));
        if what < 5 {
            // All of it was needed.
            prop_assert!(!promotes(policy, &less));
        }
    }

    #[test]
    fn nan_anywhere_never_passes(numbers in numbers(), what in 0..13_usize, bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]) {
        let mut numbers = numbers;
        match what {
            0 => numbers.score = bad,
            1 => numbers.cost = bad,
            2 => numbers.slope = bad,
            3 => numbers.eu = bad,
            4 => numbers.us = bad,
            5..9 => numbers.champion[what - 5] = bad,
            9..12 => numbers.drift[what - 9] = bad,
            _ => numbers.score = -bad,
        }
        prop_assert!(!promotes(&ALL_POLICY, &numbers.store()));
    }

    #[test]
    fn the_messages_numbers_are_in_order(value in -1e3..1e3_f64, offset in prop_oneof![Just(0.0), -1e-12..1e-12_f64, -1.0..1.0_f64]) {
        let bound = value + offset;
        let policy = demand("score", &format!("min = {bound:?}"));
        let verdict = judge(&policy, &two().metric("2", "score", value));
        let message = &verdict.rules[0].message;
        let words: Vec<&str> = message.split(' ').collect();
        let (shown, relation, shown_bound): (f64, &str, f64) = (words[1].parse().unwrap(), words[2], words[4].parse().unwrap());
        let holds = match relation { ">=" => shown >= shown_bound, "<" => shown < shown_bound, _ => false };
        prop_assert!(holds, "{}", message);
        prop_assert_eq!(relation == ">=", verdict.verdict.promotes());
    }

    #[test]
    fn any_policy_text_is_judged_or_refused(at in 0..2_000_usize, cut in 0..12_usize, paste in "[ -~\\n]{0,8}|nan|-inf|\\u{feff}|é|'''|\\[\\[rule\\]\\]|[0-9]{1,30}") {
        let mut text = format!("{ALL}{FLOOR}{DRIFT}").replacen("id = \"drift\"", "id = \"drift-2\"", 1);
        let chars: Vec<(usize, char)> = text.char_indices().collect();
        let start = chars[at % chars.len()].0;
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &paste);
        if let Ok(raw) = raw(&text) {
            match validate(raw, "p.toml", &Arc::from(text.as_str()), &catalogue()) {
                Ok(policy) => { judge(&policy, &two()); }
                Err(found) => {
                    prop_assert!(!found.is_empty());
                    presscheck::diag::render_all(&found, true);
                }
            }
        }
    }
}
