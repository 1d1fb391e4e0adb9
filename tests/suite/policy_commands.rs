//! `presscheck policy lint`, `show` and `prove`, through the real binary.

use serde_json::Value;

use crate::project::{Project, Ran};

/// Two versions of a model, the first the champion, by their metrics.
fn project(policy: &str, one: &str, two: &str) -> Project {
    Project::new()
        .file("presscheck.toml", format!("schema = 1\n{policy}"))
        .file("runs/churn/model.toml", "[aliases]\nchampion = \"1\"\n")
        .file("runs/churn/1/metrics.json", one)
        .file("runs/churn/2/metrics.json", two)
}

const ONE: &str = r#"{"auc": 0.90}"#;
const TWO: &str = r#"{"auc": 0.91}"#;

fn rule(keys: &str) -> String {
    format!(
        "[metrics.auc]\ndirection = \"higher\"\nrange = [0.0, 1.0]\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"auc\"\n{keys}\n"
    )
}

/// The codes and severities that a lint finds, with its exit code.
fn lint(project: &Project) -> (i32, Vec<(String, String)>) {
    let ran = project.run(&["policy", "lint", "--format", "json"]);
    let found: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let text = |v: &Value, key: &str| v[key].as_str().unwrap().to_owned();
    (ran.code, found.iter().map(|v| (text(v, "code"), text(v, "severity"))).collect())
}

fn finds(policy: &str, one: &str, two: &str, code: &str) {
    let (exit, found) = lint(&project(policy, one, two));
    assert!(found.iter().any(|(c, s)| c == code && s == "warning"), "{policy}: {found:?}");
    assert_eq!(exit, 1, "{policy}");
}

#[test]
fn a_sound_policy_has_no_lint() {
    let (exit, found) = lint(&project(&rule("min = 0.8"), ONE, TWO));
    assert_eq!((exit, found.as_slice()), (0, [].as_slice()));
}

#[test]
fn rules_that_nothing_can_break_are_found() {
    for keys in [
        "min = 0.0",
        "max = 1.0",
        "baseline = \"champion\"\nmax_regression = { abs = 1.0 }",
        "baseline = \"champion\"\nmax_regression = { rel = 1.0 }",
    ] {
        let baseline = "[baseline.champion]\nselect = \"alias:champion\"\n";
        finds(&format!("{}{baseline}", rule(keys)), ONE, TWO, "lint-never-fails");
    }
    for keys in ["min = 0.001", "above = 0.0", "within = [0.0, 0.99]"] {
        let (exit, found) = lint(&project(&rule(keys), ONE, TWO));
        assert_eq!((exit, found.len()), (0, 0), "{keys}: {found:?}");
    }
}

#[test]
fn rules_that_no_evidence_of_this_size_can_pass_are_found() {
    let proof = "min = 0.9\nevidence = \"noninferior\"\n";
    let proportion = rule(proof).replace("range =", "proportion = true\nrange =");
    let results = |n: u32| {
        format!(r#"{{"schema": "presscheck.metrics/1", "results": [{{"metric": "auc", "value": 1.0, "n": {n}}}]}}"#)
    };
    // A perfect score on n examples proves 0.9 with 95 % confidence from n = 29 on: 0.9^29 < 0.05.
    finds(&proportion, &results(20), &results(28), "lint-never-passes");
    project(&proportion, &results(20), &results(29)).run(&["policy", "lint"]).code(0);
    finds(&rule("min = 0.8\nmin_n = 1000"), &results(20), &results(24), "lint-never-passes");
    finds(&rule("min = 0.8\ndataset = \"nowhere\""), ONE, TWO, "lint-never-passes");
}

#[test]
fn rules_that_can_be_starved_are_found() {
    let slices = r#"{"schema": "presscheck.metrics/1", "results": [
        {"metric": "auc", "value": 0.9}, {"metric": "auc", "value": 0.9, "slice": {"age": "old"}}]}"#;
    finds(&rule("min = 0.8\nslices = [\"age=*\"]"), slices, slices, "lint-glob-only");
    for keys in ["require = [\"age=old\"]", "expect_at_least = 1"] {
        let (exit, _) = lint(&project(&rule(&format!("min = 0.8\nslices = [\"age=*\"]\n{keys}")), slices, slices));
        assert_eq!(exit, 0, "{keys}");
    }
    for key in ["on_missing", "on_invalid"] {
        finds(&rule(&format!("min = 0.8\n{key} = \"skip\"")), ONE, TWO, "lint-loosened");
    }
}

#[test]
fn what_matches_nothing_is_found() {
    finds(&format!("{}[metrics.f7]\ndirection = \"higher\"\n", rule("min = 0.8")), ONE, TWO, "lint-unused");
    let waiver = "[[waiver]]\nid = \"w\"\nrule = \"r\"\nreason = \"it is known and being mended\"\nowner = \"a@b.c\"\ncreated = 2026-01-01\nexpires = 2026-01-20\n";
    let with_waiver = project(&format!("{}{waiver}", rule("min = 0.8")), ONE, TWO);
    let ran = with_waiver.run(&["policy", "lint", "--as-of", "2026-01-10T00:00:00Z"]).code(1);
    ran.stderr_has("lint-unused").stderr_has("covers nothing of the newest versions");
    with_waiver
        .run(&["policy", "lint", "--as-of", "2026-02-10T00:00:00Z"])
        .code(1)
        .stderr_has("lint-waiver")
        .stderr_has("ended");
    let relative =
        "baseline = \"champion\"\nmax_regression = { rel = 0.1 }\n[baseline.champion]\nselect = \"alias:champion\"";
    finds(&rule(relative), r#"{"auc": 0.0}"#, TWO, "lint-zero-baseline");
}

#[test]
fn the_policy_is_shown_with_where_each_value_comes_from() {
    let policy = "[defaults]\non_missing = \"warn\"\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"accuracy\"\nmin = 0.8\nseverity = \"warn\"\n";
    let project = project(policy, ONE, TWO);
    let ran = project.run(&["policy", "show", "--resolved"]).code(0);
    let line = |key: &str| {
        let found = ran.stdout.lines().find(|l| l.trim_start().starts_with(&format!("{key} ")));
        found.unwrap_or_else(|| panic!("{key}: {}", ran.stdout)).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("on_missing"), "on_missing = \"warn\" presscheck.toml:3 [defaults]");
    assert_eq!(line("on_invalid"), "on_invalid = \"fail\" built in");
    assert_eq!(line("min"), "min = [{\"min\":0.8}] presscheck.toml:8");
    assert_eq!(line("metric"), "metric = \"accuracy\" presscheck.toml:7");
    assert_eq!(line("direction"), "direction = \"higher\" [metrics.accuracy]");
    ran.stdout_has("accuracy must be at least 0.8");
    project.run(&["policy", "show", "--rule", "rr"]).code(2).stderr_has("did you mean 'r'?");
    let json = project.run(&["policy", "show", "--format", "json"]).code(0);
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(shown["rules"][0]["id"], "r");
    assert_eq!(shown["rules"][0]["place"], "presscheck.toml:4");
}

#[test]
fn values_of_inherited_rules_come_from_their_own_file() {
    let base = "schema = 1\n[defaults]\non_invalid = \"warn\"\n[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"accuracy\"\nmin = 0.8\n";
    let pin = presscheck::digest::Sha256::of(base.as_bytes()).hex();
    let ran = Project::new()
        .file("org/base.toml", base)
        .file(
            "presscheck.toml",
            format!("schema = 1\nextends = [{{ path = \"org/base.toml\", sha256 = \"{pin}\" }}]\n"),
        )
        .run(&["policy", "show", "--resolved"])
        .code(0);
    let normal = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(normal.contains("min = [{\"min\":0.8}] org/base.toml:8"), "{normal}");
    assert!(normal.contains("on_invalid = \"warn\" org/base.toml:3 [defaults]"), "{normal}");
}

fn prove(project: &Project) -> Ran {
    project.run(&["policy", "prove", "--verbose", "--as-of", "2026-06-15T12:00:00Z"])
}

#[test]
fn the_blocking_rules_of_the_example_block() {
    let ran = Project::example().run(&["policy", "prove", "--format", "json"]).code(0);
    let shown: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let rules: std::collections::BTreeSet<&str> = shown.iter().map(|s| s["rule"].as_str().unwrap()).collect();
    assert!(
        rules.contains("screen-drift") && rules.contains("card-complete") && rules.contains("evidence"),
        "{rules:?}"
    );
    let tried: u64 = shown.iter().map(|s| s["tried"].as_u64().unwrap()).sum();
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn a_point_rule_is_proven_to_block() {
    let ran = prove(&project(&rule("min = 0.8"), ONE, TWO)).code(0);
    ran.stdout_has("proven r").stdout_has("churn@2").stdout_has("Every blocking rule blocks");
}

/// Each of these policies lets something pass that it should not, and says which rule and how.
#[test]
fn a_rule_that_can_be_fooled_is_named() {
    let slices = r#"{"schema": "presscheck.metrics/1", "results": [
        {"metric": "auc", "value": 0.9}, {"metric": "auc", "value": 0.9, "slice": {"age": "old"}},
        {"metric": "auc", "value": 0.9, "slice": {"age": "young"}}]}"#;
    for (keys, evidence, passes_when) in [
        ("min = 0.8\non_missing = \"warn\"", TWO, "auc is missing"),
        ("min = 0.8\non_missing = \"skip\"", TWO, "auc is missing"),
        ("min = 0.8\non_invalid = \"warn\"", TWO, "auc is NaN"),
        ("min = 0.8\non_invalid = \"skip\"", TWO, "auc is text"),
        ("min = 0.8\non_invalid = \"skip\"", TWO, "auc is given twice"),
        ("min = 0.0", TWO, "auc is 0 instead of 0.91"),
        ("min = 0.8\nslices = [\"age=*\"]", slices, "slice age=old is gone"),
        (
            "min = 0.8\nslices = [\"age=*\"]\nexpect_at_least = 1\non_empty = \"skip\"\non_missing = \"skip\"",
            slices,
            "is called auc_renamed",
        ),
    ] {
        let ran = prove(&project(&rule(keys), evidence, evidence)).code(1);
        assert!(ran.stdout.contains("OPEN") && ran.stdout.contains(passes_when), "{keys}: {}", ran.stdout);
        assert!(
            ran.stdout.contains("1 of 2 rules can be passed with evidence that should not pass: r."),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_waiver_does_not_hide_that_a_rule_blocks() {
    let waiver = "[[waiver]]\nid = \"w\"\nrule = \"r\"\nreason = \"it is known and being mended\"\nowner = \"a@b.c\"\ncreated = 2026-06-01\nexpires = 2026-06-30\n";
    prove(&project(&format!("{}{waiver}", rule("min = 0.8")), ONE, TWO)).code(0).stdout_has("proven r");
}

#[test]
fn every_kind_of_rule_is_proven() {
    let policy = r#"
[metrics.auc]
direction = "higher"
range = [0.0, 1.0]
[baseline.champion]
select = "alias:champion"
same = ["dataset_digest", "split", "harness"]
[[rule]]
id = "relative"
check = "metric"
metric = "auc"
slices = ["age=*"]
expect_at_least = 2
baseline = "champion"
max_regression = { abs = 0.01 }
[[rule]]
id = "gap"
check = "gap"
metric = "auc"
slices = ["age=*"]
require = ["age=old", "age=young"]
max_gap = 0.2
[[rule]]
id = "drift"
check = "drift"
report = "drift/*.json"
min_reports = 1
method = "psi"
max_score = 0.2
min_columns = 2
[[rule]]
id = "tests"
check = "tests"
report = "tests.xml"
[[rule]]
id = "fresh"
check = "fresh"
of = ["evaluation"]
max_age = "30d"
[[rule]]
id = "digest"
check = "digest"
of = ["model", "dataset", "card"]
[[rule]]
id = "card"
check = "card"
sections = ["Intended use"]
min_words = 3
placeholders = "forbid"
numbers = { match_run = true, tolerance = 0.001 }
"#;
    let metrics = r#"{"schema": "presscheck.metrics/1", "results": [
        {"metric": "auc", "value": 0.91, "split": "test", "harness": "own 1"},
        {"metric": "auc", "value": 0.9, "split": "test", "harness": "own 1", "slice": {"age": "old"}},
        {"metric": "auc", "value": 0.92, "split": "test", "harness": "own 1", "slice": {"age": "young"}}]}"#;
    let run = format!(
        "created = 2026-06-10T00:00:00Z\nended = 2026-06-10T01:00:00Z\n[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\nsha256 = \"{}\"\n[[dataset]]\nname = \"test\"\nrole = \"test\"\nuri = \"test.csv\"\ndigest = \"{}\"\n",
        presscheck::digest::Sha256::of(b"model").hex(),
        presscheck::digest::Sha256::of(b"a,b").hex()
    );
    let drift = r#"{"schema": "presscheck.drift/1", "tool": "own", "reference": "a", "current": "b", "features": [
        {"feature": "x", "kind": "numeric", "method": "psi", "score": 0.01},
        {"feature": "y", "kind": "numeric", "method": "psi", "score": 0.02}]}"#;
    let mut all = project(policy, metrics, metrics);
    for version in ["1", "2"] {
        let at = |name: &str| format!("runs/churn/{version}/{name}");
        all = all
            .file(&at("run.toml"), format!("{run}# {version}\n"))
            .file(&at("model.bin"), "model")
            .file(&at("test.csv"), "a,b")
            .file(&at("drift/w1.json"), drift)
            .file(&at("tests.xml"), r#"<testsuite name="s"><testcase classname="c" name="t"/></testsuite>"#)
            .file(&at("card.md"), "# Churn\n\n## Intended use\n\nFor the retention team, with auc 0.91.\n");
    }
    let ran = prove(&all);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    for id in ["relative", "gap", "drift", "tests", "fresh", "digest", "card", "evidence"] {
        assert!(ran.stdout.contains(&format!("proven {id}")), "{id}: {}", ran.stdout);
    }
    ran.code(0);
}

#[test]
fn a_rule_that_nothing_was_read_for_is_not_proven() {
    let policy = rule("min = 0.8\nmodels = [\"other\"]");
    prove(&project(&policy, ONE, TWO)).code(1).stdout_has("no model that it holds for was read");
    let only_warns = rule("min = 0.8\nseverity = \"warn\"");
    prove(&project(&only_warns, ONE, TWO)).code(5).stderr_has("nothing to prove");
    Project::new().run(&["policy", "prove"]).code(5).stderr_has("there is no policy");
}

#[test]
fn a_rule_that_blocks_every_version_blocks() {
    prove(&project(&rule("min = 0.99"), ONE, TWO)).code(0).stdout_has("blocks every version as it is");
}
