//! The way to a stage: the ledger, `from`, `soak`, and baselines that the ledger names.

use presscheck::gate::ledger::{Entry, Ledger};
use presscheck::gate::verdict::Outcome;
use proptest::prelude::*;

use crate::gate_case::{Case, case, two};
use crate::project::Project;

const POLICY: &str = "[metrics.gain]\ndirection = \"higher\"\n\
[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"gain\"\nmin = 0.5\n[stage.staging]\n[stage.production]\nfrom = [\"staging\"]\n";
const MODEL: &str = "[[artifact]]\npath = \"m.bin\"\nkind = \"model\"\nsha256 = \"8a3f5dc2a7d1b1ee7eea2d3d1a7ed8e1dd9d5d4ef2f6ee1d4c1d2f3c6d7e8f90\"\n";

fn at(stage: &'static str, metrics: &str, when: &'static str) -> Case {
    case(POLICY, &[("churn/2/metrics.json", metrics), ("churn/2/run.toml", MODEL)]).stage(stage).at(when)
}

const FINE: &str = r#"{"gain": 0.9}"#;
const BAD: &str = r#"{"gain": 0.1}"#;
const DAY: &str = "2026-06-10T12:00:00Z";

#[test]
fn a_stage_comes_after_another_of_the_same_model_files() {
    let production = |ledger: Vec<u8>, keys: &str| {
        let case = at("production", FINE, "2026-06-15T12:00:00Z").ledger(ledger);
        Case { policy: format!("{}{keys}", case.policy), ..case }
    };
    assert_eq!(production(Vec::new(), "").says(), "1 blocked fail(not-staged)");
    let staged = at("staging", FINE, DAY).recorded();
    assert_eq!(production(staged.clone(), "").says(), "0 pass");
    // A block at staging is no way to production; one after a pass takes the pass back.
    assert_eq!(production(at("staging", BAD, DAY).recorded(), "").says(), "1 blocked fail(not-staged)");
    let revoked = at("staging", BAD, "2026-06-11T12:00:00Z").ledger(staged.clone()).recorded();
    assert_eq!(production(revoked.clone(), "").says(), "1 blocked fail(not-staged)");
    // The evidence may have changed since, the model files not.
    let more = production(staged.clone(), "").file("churn/2/metrics.json", r#"{"gain": 0.95}"#);
    assert_eq!(more.says(), "0 pass");
    let other = production(staged.clone(), "").file("churn/2/run.toml", &MODEL.replace("8a3f", "0000"));
    assert_eq!(other.says(), "1 blocked fail(not-staged)");
    // Other models' passes are nobody else's.
    let renamed = case(POLICY, &[("other/2/metrics.json", FINE), ("other/2/run.toml", MODEL)]);
    let foreign = String::from_utf8(staged.clone()).unwrap().replace("\"model\":\"churn\"", "\"model\":\"other\"");
    drop(renamed);
    assert_eq!(production(foreign.into_bytes(), "").says(), "1 blocked fail(not-staged)");

    let soak = "soak = \"5d\"\n";
    assert_eq!(production(staged.clone(), soak).says(), "0 pass");
    let waiting = Case { at: "2026-06-15T11:59:59Z", ..production(staged.clone(), soak) };
    let verdict = waiting.judge();
    assert_eq!((verdict.verdict, verdict.exit_code), (Outcome::Pending, 4));
    assert!(verdict.sentence.starts_with("churn@2 waits for production: every rule holds;"), "{}", verdict.sentence);
    // What is blocked does not wait.
    assert_eq!(waiting.file("churn/2/metrics.json", BAD).judge().exit_code, 1);
    // Passing again does not start the time anew; passing after a block does.
    let again = at("staging", FINE, "2026-06-14T12:00:00Z").ledger(staged).recorded();
    assert_eq!(production(again, soak).says(), "0 pass");
    let anew = at("staging", FINE, "2026-06-14T12:00:00Z").ledger(revoked).recorded();
    assert_eq!(production(anew, soak).says(), "4 pending inconclusive(soak)");
}

#[test]
fn stages_that_cannot_be_entered_are_refused() {
    let with = |keys: &str| two(&format!("{}{keys}", POLICY.replace("from = [\"staging\"]\n", "")), FINE, FINE).says();
    assert_eq!(with("from = [\"stagin\"]\n"), "2 policy-unknown-reference");
    assert_eq!(with("from = [\"production\"]\n"), "2 policy-unknown-reference");
    assert_eq!(with("soak = \"3d\"\n"), "2 policy-rule-incomplete");
    assert_eq!(with("from = [\"staging\"]\nsoak = \"later\"\n"), "2 config-value");
    assert_eq!(with("max_waivers = 1.5\n"), "2 config-value");
}

#[test]
fn a_ledger_that_was_changed_judges_nothing() {
    let one = at("staging", FINE, DAY).recorded();
    let two = at("staging", FINE, "2026-06-11T12:00:00Z").ledger(one.clone()).recorded();
    let three = at("staging", BAD, "2026-06-12T12:00:00Z").ledger(two.clone()).recorded();
    let lines: Vec<&str> = std::str::from_utf8(&three).unwrap().lines().collect();
    let broken = [
        format!("{}\n{}\n", lines[0], lines[2]),
        format!("{}\n{}\n", lines[1], lines[2]),
        format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]),
        format!("{}\n{}\n{}\n", lines[0].replace("staging", "stating"), lines[1], lines[2]),
        format!("{}\n{}\n{}", lines[0], lines[1], lines[2]),
        format!("{}\n\n{}\n", lines[0], lines[1]),
        format!("{}\n{}\n", lines[0], lines[1].replace("presscheck.promotion/1", "presscheck.promotion/2")),
        format!("{}\n{{}}\n", lines[0]),
        "\n".to_owned(),
    ];
    for text in broken {
        let verdict = at("production", FINE, "2026-06-15T12:00:00Z").ledger(&text).judge();
        assert_eq!((verdict.verdict, verdict.exit_code), (Outcome::Error, 3), "{text}");
        assert!(Ledger::parse(text.as_bytes()).line(&verdict).is_err(), "nothing follows a broken line");
    }
    let whole = Ledger::parse(&three);
    assert_eq!((whole.broken, whole.entries.len()), (None, 3));
}

/// Baselines that rest on what the gate said before.
#[test]
fn baselines_by_ledger() {
    let versions = |select: &str, keys: &str| {
        let policy = format!(
            "{POLICY}[baseline.b]\nselect = \"{select}\"\n{keys}[[rule]]\nid = \"versus\"\ncheck = \"metric\"\nmetric = \"gain\"\nbaseline = \"b\"\nmax_regression = {{ abs = 0.01 }}\n"
        );
        case(
            &policy,
            &[
                ("churn/1/metrics.json", r#"{"gain": 0.6}"#),
                ("churn/2/metrics.json", r#"{"gain": 0.8}"#),
                ("churn/3/metrics.json", r#"{"gain": 0.4}"#),
                ("churn/4/metrics.json", r#"{"gain": 0.7}"#),
                ("churn/4/run.toml", "name = \"four\"\n"),
            ],
        )
        .version("4")
        .stage("staging")
    };
    // Versions 1 to 3 under the floor alone: 3 is blocked.
    let judged = |version: &'static str, ledger: Vec<u8>| {
        let case = versions("previous", "").version(version).stage("staging").ledger(ledger);
        Case { policy: POLICY.to_owned(), ..case }.recorded()
    };
    let ledger = judged("3", judged("1", judged("2", Vec::new())));
    let with = |select: &str, keys: &str| versions(select, keys).ledger(ledger.clone()).judge();
    let of = |select: &str, keys: &str| {
        let verdict = with(select, keys);
        (verdict.exit_code, verdict.baselines[0].version.clone().unwrap_or_default())
    };
    let passing = "only = \"passing\"\n";
    assert_eq!(of("previous", ""), (0, "3".to_owned()));
    assert_eq!(of("previous", passing), (1, "2".to_owned()), "3 did not pass");
    assert_eq!(of("best:gain", ""), (1, "2".to_owned()));
    assert_eq!(of("best:gain", passing), (1, "2".to_owned()));
    assert_eq!(of("version:3", ""), (0, "3".to_owned()));
    assert_eq!(of("version:3", passing).0, 1);
    assert_eq!(of("version:1", passing), (0, "1".to_owned()));
    // The last one that was let in, by the ledger: 1, after 2.
    assert_eq!(of("stage:staging", ""), (0, "1".to_owned()));
    assert_eq!(of("stage:production", "").0, 1);
    // Where registry and ledger contradict each other nobody knows what is there.
    let contradicts =
        versions("stage:staging", "").ledger(ledger.clone()).file("churn/model.toml", "[stages]\nstaging = \"2\"\n");
    assert_eq!(contradicts.says(), "1 blocked invalid(invalid-baseline)");
    // A file passed nothing.
    assert_eq!(versions("file:a.json", passing).says(), "2 policy-rule-incomplete");
    // Evidence that changed since has not passed.
    let changed = versions("version:1", passing).ledger(ledger).file("churn/1/metrics.json", r#"{"gain": 0.1}"#);
    assert_eq!(changed.says(), "1 blocked fail(no-baseline)");
}

#[test]
fn the_best_version_cannot_be_hidden() {
    let best = |keys: &str| {
        two(
            &format!("{POLICY}[baseline.b]\nselect = \"best:gain\"\n{keys}[[rule]]\nid = \"versus\"\ncheck = \"metric\"\nmetric = \"gain\"\nbaseline = \"b\"\nmax_regression = {{ abs = 0.01 }}\n"),
            r#"{"gain": 0.9}"#,
            r#"{"gain": 0.7}"#,
        )
        .file("churn/0/metrics.json", r#"{"gain": 0.6}"#)
    };
    assert_eq!(best("").says(), "1 blocked fail(regression)");
    for metrics in [r#"{"gain": NaN}"#, r#"{"gain": "0.9"}"#, r#"{"gain": 0.9, "gain": 0.1}"#, r#"{"gain": 0.9"#] {
        assert_eq!(
            best("").file("churn/1/metrics.json", metrics).says(),
            "1 blocked invalid(invalid-baseline)",
            "{metrics}"
        );
    }
    assert_eq!(best("").file("churn/1/metrics.json", r#"{"f1": 0.9}"#).says(), "0 pass", "it was never measured");
}

#[test]
fn baselines_by_tag_and_same() {
    let tagged = |select: &str, one: &str, two_: &str| {
        two(
            &format!("{POLICY}[baseline.b]\nselect = \"{select}\"\nsame = [\"eval_code_digest\", \"harness\"]\n[[rule]]\nid = \"versus\"\ncheck = \"metric\"\nmetric = \"gain\"\nbaseline = \"b\"\nmax_regression = {{ abs = 0.01 }}\n"),
            FINE,
            FINE,
        )
        .file("churn/1/run.toml", one)
        .file("churn/2/run.toml", two_)
    };
    let code = |digest: &str, tag: &str| format!("[params]\neval_code_digest = \"{digest}\"\n[tags]\n{tag}\n");
    assert_eq!(tagged("tag:golden", &code("a", "golden = \"yes\""), &code("a", "")).says(), "0 pass");
    assert_eq!(tagged("tag:golden=yes", &code("a", "golden = \"yes\""), &code("a", "")).says(), "0 pass");
    assert_eq!(
        tagged("tag:golden=no", &code("a", "golden = \"yes\""), &code("a", "")).says(),
        "1 blocked fail(no-baseline)"
    );
    assert_eq!(
        tagged("tag:golden", &code("a", "golden = \"yes\""), &code("b", "")).says(),
        "1 blocked fail(not-comparable)"
    );
    assert_eq!(
        tagged("tag:golden", &code("a", "golden = \"yes\""), "name = \"x\"\n").says(),
        "1 blocked fail(not-comparable)"
    );
    let several = tagged("tag:golden", &code("a", "golden = \"yes\""), &code("a", ""))
        .file("churn/0/metrics.json", FINE)
        .file("churn/0/run.toml", &code("a", "golden = \"yes\""));
    assert_eq!(several.says(), "1 blocked invalid(invalid-baseline)");
    let harness = |name: &str| format!(r#"[{{"metric": "gain", "value": 0.9, "harness": "{name}"}}]"#);
    let by = |one: &str, two_: &str| {
        tagged("tag:golden", &code("a", "golden = \"yes\""), &code("a", ""))
            .file("churn/1/metrics.json", &harness(one))
            .file("churn/2/metrics.json", &harness(two_))
            .says()
    };
    assert_eq!(by("eval 1", "eval 1"), "0 pass");
    assert_eq!(by("eval 1", "eval 2"), "1 blocked fail(not-comparable)");
}

#[test]
fn a_policy_may_demand_a_version_of_the_tool() {
    let with =
        |range: &str| two(&format!("requires_presscheck = \"{range}\"\n{POLICY}"), FINE, FINE).stage("staging").says();
    assert_eq!(with(">=0.1, <2"), "0 pass");
    assert_eq!(with(">=99"), "2 config-value");
    assert_eq!(with("newest"), "2 config-value");
}

#[test]
fn recording_adds_a_line_that_the_next_stage_rests_on() {
    let project = Project::new()
        .file("presscheck.toml", format!("schema = 1\n{POLICY}soak = \"3d\"\n"))
        .file("runs/churn/2/metrics.json", FINE);
    let gate = |stage: &str, at: &str| project.run(&["gate", "churn", "--stage", stage, "--as-of", at, "--record"]);
    gate("production", "2026-06-10T12:00:00Z").code(1);
    gate("staging", "2026-06-10T13:00:00Z").code(0);
    gate("production", "2026-06-10T14:00:00Z").code(4);
    gate("production", "2026-06-13T13:00:00Z").code(0);
    let ledger = Ledger::parse(&project.bytes("promotions.jsonl"));
    let said: Vec<(&str, Outcome)> = ledger.entries.iter().map(|e: &Entry| (e.stage.as_str(), e.verdict)).collect();
    assert_eq!(
        said,
        [
            ("production", Outcome::Blocked),
            ("staging", Outcome::Pass),
            ("production", Outcome::Pending),
            ("production", Outcome::Pass)
        ]
    );
    let broken = project.read("promotions.jsonl").replacen("blocked", "pass", 1);
    let project = project.file("promotions.jsonl", broken);
    project.run(&["gate", "churn", "--stage", "staging", "--as-of", "2026-06-14T12:00:00Z"]).code(3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A byte of any line but the last that is changed breaks the chain; in the last line nothing but the entry's own
    /// content can differ.
    #[test]
    fn no_line_but_the_last_can_be_changed(place in 0..10_000_usize, byte in any::<u8>()) {
        use std::sync::LazyLock;
        static LEDGER: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let one = at("staging", FINE, DAY).recorded();
            let two = at("staging", FINE, "2026-06-11T12:00:00Z").ledger(one).recorded();
            at("staging", FINE, "2026-06-12T12:00:00Z").ledger(two).recorded()
        });
        let end = LEDGER[..LEDGER.len() - 1].iter().rposition(|b| *b == b'\n').unwrap();
        let mut changed = LEDGER.clone();
        let at = place % end;
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        prop_assert!(Ledger::parse(&changed).broken.is_some());
    }
}
