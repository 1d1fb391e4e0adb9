//! The normative corner cases of the gate, row by row: docs/gate/corner-cases.md tells them to users.
//!
//! A row is named as in the table that the gate was designed by; what stands behind it is what the gate says:
//! exit code, verdict, and status and reason of the first record that is no pass. Where our word for a reason is
//! another than that table's, the row says both.

use presscheck::gate::approvals::{Decision, Statement};
use presscheck::model::Instant;

use crate::gate_case::{Case, case, two};
use crate::project::Project;
use crate::signing::{NAMESPACE, Round};

/// One case of the table.
struct Row {
    name: &'static str,
    /// What the table demands.
    wants: &'static str,
    cases: Vec<(&'static str, Case, &'static str)>,
}

const FLOOR: &str = "[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.88\n";
const VERSUS: &str = "[baseline.b]\nselect = \"alias:champion\"\n[[rule]]\nid = \"versus\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = { abs = 0.01 }\n";
const SLICES: &str =
    "[[rule]]\nid = \"regions\"\ncheck = \"metric\"\nmetric = \"auc\"\nslices = [\"region=*\"]\nmin = 0.8\n";
const WAIVER: &str = "[[waiver]]\nid = \"W-1\"\nrule = \"floor\"\nreason = \"new market\"\nowner = \"bob\"\ncreated = 2026-06-01\nexpires = 2026-06-30\n";
const FINE: &str = r#"{"auc": 0.9}"#;
const LOW: &str = r#"{"auc": 0.85}"#;

/// The version's `metrics.json` under the floor rule.
fn floor(metrics: &str) -> Case {
    two(FLOOR, FINE, metrics)
}

fn versus(one: &str, two_: &str) -> Case {
    two(VERSUS, one, two_)
}

fn waived(waiver: &str, metrics: &str) -> Case {
    two(&format!("{FLOOR}{waiver}"), FINE, metrics)
}

fn regions(rule: &str, slices: &str) -> Case {
    two(&format!("{SLICES}{rule}"), FINE, &format!(r#"{{"test": {{"auc": 0.9, "slices": {{{slices}}}}}}}"#))
}

fn relative(metric: &str, direction: &str, allowance: &str, one: f64, two_: f64) -> Case {
    let policy = format!(
        "[metrics.{metric}]\ndirection = \"{direction}\"\n{}",
        VERSUS.replace("\"auc\"", &format!("\"{metric}\"")).replace("{ abs = 0.01 }", allowance)
    );
    two(&policy, &format!("{{\"{metric}\": {one:?}}}"), &format!("{{\"{metric}\": {two_:?}}}"))
}

fn evidence(keys: &str, metrics: &str) -> Case {
    let metric = if keys.contains("max =") { "latency" } else { "auc" };
    let policy = format!(
        "[metrics.latency]\ndirection = \"lower\"\n[metrics.share]\ndirection = \"higher\"\nproportion = true\n\
         [[rule]]\nid = \"r\"\ncheck = \"metric\"\nmetric = \"{metric}\"\n{keys}\n"
    );
    two(&policy, FINE, metrics)
}

fn fresh(run: &str) -> Case {
    two("[[rule]]\nid = \"fresh\"\ncheck = \"fresh\"\nof = [\"evaluation\"]\nmax_age = \"14d\"\n", FINE, FINE)
        .file("churn/2/run.toml", run)
}

fn rows() -> Vec<Row> {
    let row = |name, wants, cases| Row { name, wants, cases };
    vec![
        row(
            "metric missing, null, section absent",
            "fail(missing)",
            vec![
                ("missing", floor(r#"{"f1": 0.9}"#), "1 blocked fail(missing)"),
                ("null", floor(r#"{"auc": null}"#), "1 blocked fail(missing)"),
                ("section absent", floor("{}"), "1 blocked fail(missing)"),
            ],
        ),
        row(
            "string (\"0.9\",\"N/A\"), bool, array, object",
            "invalid; ours: not-a-number",
            vec![
                ("text", floor(r#"{"auc": "0.9"}"#), "1 blocked invalid(not-a-number)"),
                ("N/A", floor(r#"{"auc": "N/A"}"#), "1 blocked invalid(not-a-number)"),
                ("bool", floor(r#"{"auc": true}"#), "1 blocked invalid(not-a-number)"),
                ("array", floor(r#"{"auc": [0.9]}"#), "1 blocked invalid(not-a-number)"),
                ("object", floor(r#"{"test": {"auc": {"value": {}}}}"#), "1 blocked invalid(not-a-number)"),
            ],
        ),
        row(
            "NaN, ±Inf (bare token or string), either side",
            "invalid; ours: nonfinite, invalid-baseline; as text not-a-number",
            vec![
                ("NaN", floor(r#"{"auc": NaN}"#), "1 blocked invalid(nonfinite)"),
                ("Infinity", floor(r#"{"auc": Infinity}"#), "1 blocked invalid(nonfinite)"),
                ("-Infinity", floor(r#"{"auc": -Infinity}"#), "1 blocked invalid(nonfinite)"),
                ("too large", floor(r#"{"auc": 1e999}"#), "1 blocked invalid(nonfinite)"),
                ("text", floor(r#"{"auc": "NaN"}"#), "1 blocked invalid(not-a-number)"),
                ("baseline", versus(r#"{"auc": NaN}"#, FINE), "1 blocked invalid(invalid-baseline)"),
            ],
        ),
        row(
            "outside declared `range`",
            "invalid; ours: out-of-range, invalid-baseline",
            vec![
                ("percentage", floor(r#"{"auc": 89.0}"#), "1 blocked invalid(out-of-range)"),
                ("negative", floor(r#"{"auc": -0.1}"#), "1 blocked invalid(out-of-range)"),
                ("edge", floor(r#"{"auc": 1.0}"#), "0 pass"),
                ("baseline", versus(r#"{"auc": 89.0}"#, FINE), "1 blocked invalid(invalid-baseline)"),
            ],
        ),
        row(
            "duplicate key in one JSON/TOML object; same metric from two files or via two aliases with different values",
            "invalid; ours: ambiguous; a file with a duplicate key is unreadable-evidence; equal values pass with a note",
            vec![
                ("duplicate key", floor(r#"{"auc": 0.9, "auc": 0.95}"#), "1 blocked invalid(not-a-number)"),
                (
                    "duplicate key in TOML",
                    floor(FINE).file("churn/2/run.toml", "name = \"a\"\nname = \"b\"\n"),
                    "1 blocked invalid(unreadable-evidence)",
                ),
                ("two aliases", floor(r#"{"auc": 0.9, "roc_auc": 0.95}"#), "1 blocked invalid(ambiguous)"),
                ("two files", floor(FINE).file("churn/2/metrics.toml", "auc = 0.95\n"), "1 blocked invalid(ambiguous)"),
                ("equal values", floor(r#"{"auc": 0.9, "roc_auc": 0.9}"#), "0 pass"),
            ],
        ),
        row(
            "direction unknown or run metadata contradicts policy, in a relative/ratchet rule",
            "exit 2; evidence has no direction here: the catalogue alone says it",
            vec![
                ("relative", two(&VERSUS.replace("auc", "vigour"), FINE, FINE), "2 policy-unknown-metric"),
                (
                    "ratchet",
                    two("[[rule]]\nid = \"r\"\ncheck = \"ratchet\"\nmetric = \"vigour\"\n", FINE, FINE),
                    "2 policy-unknown-metric",
                ),
                ("absolute", two(&FLOOR.replace("auc", "vigour"), FINE, r#"{"vigour": 0.9}"#), "0 pass"),
            ],
        ),
        row(
            "no baseline found",
            "fail(no-baseline); bootstrap: skipped, flagged, only for a first version",
            vec![
                (
                    "none",
                    case(VERSUS, &[("churn/1/metrics.json", FINE), ("churn/2/metrics.json", FINE)]),
                    "1 blocked fail(no-baseline)",
                ),
                (
                    "bootstrap",
                    case(
                        &format!("{}{FLOOR}", VERSUS.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]")),
                        &[("churn/2/metrics.json", FINE)],
                    ),
                    "0 pass_with_warnings skipped(bootstrap)",
                ),
                (
                    "bootstrap of a later version",
                    case(
                        &format!("{}{FLOOR}", VERSUS.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]")),
                        &[("churn/1/metrics.json", FINE), ("churn/2/metrics.json", FINE)],
                    ),
                    "1 blocked fail(no-baseline)",
                ),
                (
                    "bootstrap alone",
                    case(
                        &VERSUS.replace("[[rule]]", "on_missing = \"bootstrap\"\n[[rule]]"),
                        &[("churn/2/metrics.json", FINE)],
                    ),
                    "5 error skipped(bootstrap)",
                ),
            ],
        ),
        row(
            "baseline lacks the metric / not comparable / unreadable",
            "fail(missing-baseline / not-comparable / invalid); ours for the last: invalid-baseline",
            vec![
                ("lacks it", versus(r#"{"f1": 0.9}"#, FINE), "1 blocked fail(missing-baseline)"),
                (
                    "not comparable",
                    versus(r#"{"train": {"auc": 0.9}}"#, r#"{"test": {"auc": 0.9}}"#),
                    "1 blocked fail(not-comparable)",
                ),
                (
                    "without digests",
                    two(&VERSUS.replace("[[rule]]", "same = [\"dataset_digest\"]\n[[rule]]"), FINE, FINE)
                        .file("churn/2/run.toml", "name = \"two\"\n"),
                    "1 blocked fail(not-comparable)",
                ),
                ("unreadable", versus(r#"{"auc": 0.9"#, FINE), "1 blocked invalid(invalid-baseline)"),
            ],
        ),
        row(
            "stage `from` has no passing verdict for this subject digest",
            "fail(not-staged); soak not elapsed: pending",
            vec![
                ("no verdict", staged("", "", 0), "1 blocked fail(not-staged)"),
                ("passed", staged("", "2026-06-15T11:00:00Z", 0), "0 pass"),
                ("soaking", staged("soak = \"3d\"\n", "2026-06-15T11:00:00Z", 0), "4 pending inconclusive(soak)"),
                ("soaked", staged("soak = \"3d\"\n", "2026-06-12T11:00:00Z", 0), "0 pass"),
                ("another artifact", staged("", "2026-06-15T11:00:00Z", 1), "1 blocked fail(not-staged)"),
            ],
        ),
        row(
            "two run directories claim one run id with different digests",
            "exit 3",
            vec![
                (
                    "candidate",
                    floor(FINE)
                        .file("other/9/metrics.json", LOW)
                        .file("other/9/run.toml", "model = \"churn\"\nversion = \"2\"\n"),
                    "3 error",
                ),
                (
                    "baseline",
                    versus(FINE, FINE)
                        .file("churn/2/run.toml", "name = \"two\"\n")
                        .file("other/9/metrics.json", LOW)
                        .file("other/9/run.toml", "model = \"churn\"\nversion = \"1\"\n"),
                    "3 error",
                ),
            ],
        ),
        row(
            "baseline is the candidate itself (same digest)",
            "fail(self-baseline); ours: invalid",
            vec![
                ("itself", versus(FINE, FINE).version("1"), "1 blocked invalid(self-baseline)"),
                ("a copy", versus(FINE, FINE), "1 blocked invalid(self-baseline)"),
                (
                    "its own file",
                    two(&VERSUS.replace("alias:champion", "file:golden.json"), LOW, FINE).external("b", FINE),
                    "1 blocked invalid(self-baseline)",
                ),
                (
                    "another file",
                    two(&VERSUS.replace("alias:champion", "file:golden.json"), LOW, FINE)
                        .external("b", r#"{"auc": 0.905}"#),
                    "0 pass",
                ),
            ],
        ),
        row(
            "baseline 0 with only `rel`",
            "allowance 0",
            vec![
                (
                    "equal",
                    relative("gain", "higher", "{ rel = 0.5 }", 0.0, 0.0).file("churn/2/run.toml", "name = \"two\"\n"),
                    "0 pass",
                ),
                ("below", relative("gain", "higher", "{ rel = 0.5 }", 0.0, -1e-9), "1 blocked fail(regression)"),
            ],
        ),
        row(
            "negative baseline",
            "rel uses the absolute value",
            vec![
                ("within", relative("loglik", "higher", "{ rel = 0.1 }", -10.0, -11.0), "0 pass"),
                ("beyond", relative("loglik", "higher", "{ rel = 0.1 }", -10.0, -11.5), "1 blocked fail(regression)"),
            ],
        ),
        row(
            "value equal to bound",
            "inclusive passes; raw f64 compared",
            vec![
                ("min", floor(r#"{"auc": 0.88}"#), "0 pass"),
                ("a hair below", floor(r#"{"auc": 0.8799999999999999}"#), "1 blocked fail(below-bound)"),
                ("above", two(&FLOOR.replace("min", "above"), FINE, r#"{"auc": 0.88}"#), "1 blocked fail(below-bound)"),
                (
                    "0.1 + 0.2",
                    two(&FLOOR.replace("min = 0.88", "max = 0.3"), FINE, r#"{"auc": 0.30000000000000004}"#),
                    "1 blocked fail(above-bound)",
                ),
            ],
        ),
        row(
            "glob/selector/slice pattern matches nothing",
            "fail(empty-match)",
            vec![
                ("slices", regions("", ""), "1 blocked fail(empty-match)"),
                (
                    "reports",
                    two(
                        "[[rule]]\nid = \"d\"\ncheck = \"drift\"\nreport = \"drift/*.json\"\nmax_score = 0.2\n",
                        FINE,
                        FINE,
                    ),
                    "1 blocked fail(empty-match)",
                ),
                (
                    "tests",
                    two("[[rule]]\nid = \"t\"\ncheck = \"tests\"\nreport = \"checks/*.xml\"\n", FINE, FINE),
                    "1 blocked fail(empty-match)",
                ),
            ],
        ),
        row(
            "`require`d slice absent or under min_n",
            "fail; ours: missing-slice, small-n",
            vec![
                (
                    "absent",
                    regions("require = [\"region=eu\"]\n", r#""region=us": {"auc": 0.9, "n": 500}"#),
                    "1 blocked fail(missing-slice)",
                ),
                (
                    "under min_n",
                    regions(
                        "require = [\"region=us\"]\nmin_n = 1000\non_small_n = \"skip\"\n",
                        r#""region=us": {"auc": 0.9, "n": 500}"#,
                    ),
                    "1 blocked fail(small-n)",
                ),
            ],
        ),
        row(
            "wildcard slice under min_n",
            "inconclusive(small-n), then on_small_n",
            vec![
                (
                    "inconclusive",
                    regions("min_n = 1000\n", r#""region=us": {"auc": 0.9, "n": 500}"#),
                    "1 blocked inconclusive(small-n)",
                ),
                (
                    "warn",
                    regions(
                        "min_n = 100\non_small_n = \"warn\"\n",
                        r#""region=us": {"auc": 0.9, "n": 50}, "region=eu": {"auc": 0.9, "n": 500}"#,
                    ),
                    "0 pass_with_warnings warn(small-n)",
                ),
            ],
        ),
        row(
            "interval impossible (scalar only, n<2, zero variance) with evidence≠point",
            "inconclusive; zero variance uses exact method; ours: no-evidence",
            vec![
                (
                    "scalar",
                    evidence("min = 0.88\nevidence = \"noninferior\"", FINE),
                    "1 blocked inconclusive(no-evidence)",
                ),
                (
                    "n<2",
                    evidence("min = 0.5\nevidence = \"noninferior\"", r#"[{"metric": "auc", "value": 0.9, "n": 1}]"#),
                    "1 blocked inconclusive(no-evidence)",
                ),
                (
                    "stderr 0",
                    evidence(
                        "max = 100\nevidence = \"noninferior\"",
                        r#"[{"metric": "latency", "value": 90, "stderr": 0}]"#,
                    ),
                    "1 blocked inconclusive(no-evidence)",
                ),
                (
                    "all right, few",
                    share(0.9, r#"[{"metric": "share", "value": 1.0, "n": 10}]"#),
                    "1 blocked inconclusive(not-shown)",
                ),
                ("all right, many", share(0.9, r#"[{"metric": "share", "value": 1.0, "n": 100}]"#), "0 pass"),
            ],
        ),
        row(
            "unknown key, bad type, unknown metric id, dangling reference, duplicate rule/waiver/role id",
            "exit 2",
            vec![
                ("unknown key", two(&format!("{FLOOR}mim = 0.9\n"), FINE, FINE), "2 config-unknown-key"),
                ("bad type", two(&FLOOR.replace("0.88", "\"0.88\""), FINE, FINE), "2 config-type"),
                ("unknown metric id", two(&VERSUS.replace("auc", "auk"), FINE, FINE), "2 policy-unknown-metric"),
                (
                    "dangling reference",
                    two(&VERSUS.replace("baseline = \"b\"", "baseline = \"c\""), FINE, FINE),
                    "2 policy-unknown-reference",
                ),
                ("duplicate rule", two(&format!("{FLOOR}{FLOOR}"), FINE, FINE), "2 policy-duplicate-id"),
                ("duplicate waiver", waived(&format!("{WAIVER}{WAIVER}"), FINE), "2 policy-duplicate-id"),
                (
                    "role",
                    two(&format!("{FLOOR}[[approval]]\nid = \"a\"\nneed = [{{ role = \"risk\" }}]\n"), FINE, FINE),
                    "2 policy-unknown-reference",
                ),
            ],
        ),
        row(
            "rule applies to zero stages / stage has zero blocking rules",
            "exit 5",
            vec![
                ("nothing blocks", two(&format!("{FLOOR}severity = \"warn\"\n"), FINE, FINE), "5 error"),
                ("for no model", two(&format!("{FLOOR}models = [\"other\"]\n"), FINE, FINE), "5 error"),
            ],
        ),
        row(
            "waiver expired, not yet created, over `max_days`, missing reason/owner/expires, or on `waivable=false`",
            "first two: ignored and said, the rule's own result stands; the rest exit 2",
            vec![
                ("holds", waived(WAIVER, LOW), "0 pass_with_waivers waived(below-bound)"),
                ("expired", waived(WAIVER, LOW).at("2026-07-01T00:00:00Z"), "1 blocked fail(below-bound)"),
                (
                    "last moment",
                    waived(WAIVER, LOW).at("2026-06-30T23:59:59Z"),
                    "0 pass_with_waivers waived(below-bound)",
                ),
                ("not yet created", waived(WAIVER, LOW).at("2026-05-31T23:59:59Z"), "1 blocked fail(below-bound)"),
                ("over max_days", waived(&WAIVER.replace("06-30", "12-30"), LOW), "2 policy-waiver"),
                ("no reason", waived(&WAIVER.replace("reason = \"new market\"\n", ""), LOW), "2 config-missing-key"),
                ("empty reason", waived(&WAIVER.replace("new market", " "), LOW), "2 config-value"),
                ("no owner", waived(&WAIVER.replace("owner = \"bob\"\n", ""), LOW), "2 config-missing-key"),
                ("no end", waived(&WAIVER.replace("expires = 2026-06-30\n", ""), LOW), "2 config-missing-key"),
                ("not waivable", two(&format!("{FLOOR}waivable = false\n{WAIVER}"), FINE, LOW), "2 policy-waiver"),
            ],
        ),
        row(
            "waiver matches nothing / rule already passes",
            "warn `unused-waiver`",
            vec![
                ("passes", waived(WAIVER, FINE), "0 pass_with_warnings warn(unused-waiver)"),
                (
                    "matches nothing",
                    waived(&format!("{WAIVER}match = {{ slice = \"region=eu\" }}\n"), LOW),
                    "1 blocked fail(below-bound)",
                ),
            ],
        ),
        row(
            "two waivers match",
            "lowest id applies, the second is reported redundant",
            vec![(
                "two",
                waived(&format!("{}{WAIVER}", WAIVER.replace("W-1", "W-2")), LOW),
                "0 pass_with_waivers warn(redundant-waiver)",
            )],
        ),
        row(
            "used waivers > stage `max_waivers` / active > `max_active`",
            "blocked / exit 2",
            vec![
                (
                    "max_waivers",
                    waived(&format!("{WAIVER}[stage.s]\nmax_waivers = 0\n"), LOW),
                    "1 blocked fail(too-many-waivers)",
                ),
                (
                    "max_active",
                    two(
                        &format!(
                            "[defaults]\nwaiver = {{ max_active = 1 }}\n{FLOOR}{WAIVER}{}",
                            WAIVER.replace("W-1", "W-2")
                        ),
                        FINE,
                        LOW,
                    ),
                    "2 error",
                ),
            ],
        ),
        row(
            "waived value below `floor`, or evidence missing/invalid",
            "fail: waivers cover bad numbers, never absent evidence",
            vec![
                (
                    "above the floor",
                    waived(&format!("{WAIVER}floor = 0.85\n"), LOW),
                    "0 pass_with_waivers waived(below-bound)",
                ),
                ("below the floor", waived(&format!("{WAIVER}floor = 0.86\n"), LOW), "1 blocked fail(below-bound)"),
                ("missing", waived(WAIVER, r#"{"f1": 0.9}"#), "1 blocked fail(missing)"),
                ("invalid", waived(WAIVER, r#"{"auc": NaN}"#), "1 blocked invalid(nonfinite)"),
            ],
        ),
        row(
            "evidence timestamp >5 min in the future; missing timestamp under a `fresh` rule",
            "invalid; ours: future, no-time",
            vec![
                ("fine", fresh("created = 2026-06-15T11:00:00Z\n"), "0 pass"),
                ("a clock that is ahead", fresh("created = 2026-06-15T12:05:00Z\n"), "0 pass"),
                ("future", fresh("created = 2026-06-15T12:05:01Z\n"), "1 blocked invalid(future)"),
                ("missing", fresh("name = \"two\"\n"), "1 blocked invalid(no-time)"),
                ("old", fresh("created = 2026-06-01T11:00:00Z\n"), "1 blocked fail(stale)"),
            ],
        ),
    ]
}

fn share(min: f64, metrics: &str) -> Case {
    let policy = format!(
        "[metrics.share]\ndirection = \"higher\"\nproportion = true\n[[rule]]\nid = \"r\"\ncheck = \"metric\"\n\
         metric = \"share\"\nmin = {min}\nevidence = \"noninferior\"\n"
    );
    two(&policy, FINE, metrics)
}

/// A version at `production`, which comes from `staging`; passed there at a moment, perhaps with another model.
fn staged(keys: &str, passed: &'static str, other: usize) -> Case {
    let policy = format!("{FLOOR}[stage.staging]\n[stage.production]\nfrom = [\"staging\"]\n{keys}");
    let production = two(&policy, LOW, FINE).stage("production");
    if passed.is_empty() {
        return production;
    }
    let metrics = [FINE, r#"{"auc": 0.91}"#][other];
    let ledger = two(&policy, LOW, metrics).stage("staging").at(passed).recorded();
    production.ledger(ledger)
}

/// A version that two leads must approve, of whom some have signed.
fn approved(by: &[&str]) -> Round {
    let policy = format!(
        "{FLOOR}[roles.ml-lead]\nmembers = [\"alice@example.com\", \"bob@example.com\"]\n[[approval]]\nid = \"a\"\n\
         need = [{{ role = \"ml-lead\", count = 2 }}]\n"
    );
    by.iter().fold(Round::new(two(&policy, LOW, FINE)), |round, who| round.approved(who))
}

/// As [`approved`] by both, but the last statement is signed otherwise.
fn signed_by(key: &str, namespace: &str) -> Case {
    let mut round = approved(&["alice"]);
    let statement = round.says("bob").to_json();
    let signature = round.desk.sign(key, namespace, &statement);
    round.put(&statement, &signature);
    round.done()
}

/// Both approve, then bob rejects; perhaps he approves once more.
fn rejected(again: bool) -> Case {
    let round = approved(&["alice", "bob"]);
    let later = |seconds: i64| Instant::from_seconds(round.says("bob").issued_at.seconds() + seconds).unwrap();
    let no = Statement { decision: Decision::Rejected, issued_at: later(60), ..round.says("bob") };
    let yes = Statement { decision: Decision::Approved, issued_at: later(120), ..no.clone() };
    let round = round.signed("bob", &no);
    if again { round.signed("bob", &yes).done() } else { round.done() }
}

fn approval_rows() -> Vec<Row> {
    const WAITS: &str = "4 pending inconclusive(not-approved)";
    let row = |name, wants, cases| Row { name, wants, cases };
    let altered = || approved(&["alice", "bob"]).done().file("churn/2/metrics.json", r#"{"auc": 0.91}"#);
    let second_key = || {
        let mut round = approved(&["alice"]);
        round.signers.push_str(&format!("alice@example.com {}\n", round.desk.key("second")));
        let statement = round.says("alice");
        round.signed("second", &statement).done()
    };
    vec![
        row(
            "approval: bad signature, unknown key, wrong namespace",
            "not counted; ours: not-approved",
            vec![
                ("fine", approved(&["alice", "bob"]).done(), "0 pass"),
                ("nobody", approved(&[]).done(), WAITS),
                ("another's key", signed_by("alice", NAMESPACE), WAITS),
                ("unknown key", signed_by("mallory", NAMESPACE), WAITS),
                ("wrong namespace", signed_by("bob", "git"), WAITS),
            ],
        ),
        row("approval digest differs", "stale: not counted", vec![("a byte of a metric", altered(), WAITS)]),
        row(
            "signed `rejected` by a role member, bound to current digests",
            "blocks until that member approves later",
            vec![
                ("rejected", rejected(false), "1 blocked fail(rejected)"),
                ("then approved", rejected(true), "0 pass"),
            ],
        ),
        row(
            "same principal, several keys/files",
            "one seat",
            vec![("several files", approved(&["alice", "alice"]).done(), WAITS), ("several keys", second_key(), WAITS)],
        ),
    ]
}

/// Rows whose cases need a disk or a clock, each with the test that holds them.
const ELSEWHERE: [(&str, &str); 3] = [
    ("clock", "the_clock_is_that_of_the_wall_unless_said_otherwise"),
    ("path escapes root, symlink out, file changes during run", "paths_that_leave_the_sources_block"),
    // Nothing is known that makes the gate panic; `cli::run` turns a panic into 70 and src/cli/exit.rs names it.
    ("panic or internal error", "cli: exit 70"),
];

#[test]
fn every_row_of_the_table() {
    let mut wrong = Vec::new();
    let rows: Vec<Row> = rows().into_iter().chain(approval_rows()).collect();
    for Row { name, wants, cases } in &rows {
        for (case, evidence, expected) in cases {
            let says = evidence.says();
            if says != *expected {
                wrong.push(format!("{name} [{wants}] / {case}: expected '{expected}', the gate says '{says}'"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // 33 rows in the table of the design.
    assert_eq!(rows.len() + ELSEWHERE.len(), 33);
}

#[test]
fn the_clock_is_that_of_the_wall_unless_said_otherwise() {
    let project = Project::new()
        .file("presscheck.toml", format!("schema = 1\n{FLOOR}{WAIVER}"))
        .file("runs/churn/1/metrics.json", LOW)
        // A date that CI sets for reproducible archives must not bring back a waiver that has ended.
        .env("SOURCE_DATE_EPOCH", "1781524800");
    project.run(&["gate", "churn", "--out", "json"]).code(1).stdout_has("\"clock\": \"wall\"");
    let during = project.run(&["gate", "churn", "--as-of", "2026-06-15T12:00:00Z", "--out", "json"]).code(0);
    during.stdout_has("\"clock\": \"as-of\"").stdout_has("2026-06-15T12:00:00Z");
    project.run(&["gate", "churn", "--as-of", "2026-06-15T12:00:00Z", "--enforce"]).code(2).stderr_has("24 hours");
}

#[test]
#[cfg(unix)]
fn paths_that_leave_the_sources_block() {
    let policy = format!("schema = 1\n{FLOOR}");
    let project = Project::new().file("presscheck.toml", &policy).file("runs/churn/1/metrics.json", FINE);
    std::os::unix::fs::symlink("/etc/hostname", project.path().join("runs/churn/1/extra.json")).unwrap();
    project.run(&["gate", "churn"]).code(1).stdout_has("evidence");
    for path in ["../golden.json", "/etc/golden.json", "a/../../b.json"] {
        let policy = VERSUS.replace("alias:champion", &format!("file:{path}"));
        Project::new()
            .file("presscheck.toml", format!("schema = 1\n{policy}"))
            .file("runs/churn/1/metrics.json", FINE)
            .run(&["gate", "churn"])
            .code(2);
    }
}
